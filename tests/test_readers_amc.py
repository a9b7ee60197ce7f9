"""AMC and ASF files that are written here, with positions that are known by hand, or by scipy's rotations."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from posedetector.errors import InputError
from posedetector.motion import Motion
from posedetector.readers import read_motions
from posedetector.readers.amc import read_amc
from posedetector.readers.recording import ReadOptions, Recording

# a leg that hangs down: thigh 4, shin 3, and a stiff foot of 1 forwards; the shin's own x axis is the world's y
ASF = """# skeleton of a leg
:version 1.10
:name leg
:units
  mass 1.0
  length 1.0
  angle deg
:documentation
  length 7: this is no unit
:root
  order TX TY TZ RX RY RZ
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
    id 1
    name thigh
    direction 0 -1 0
    length 4
    axis 0 0 0 XYZ
    dof rx ry rz
    limits (-160.0 20.0)
           (-70.0 70.0)
           (-60.0 70.0)
  end
  begin
    id 2
    name shin
    direction 0 -1 0
    length 3
    axis 0 0 90 XYZ
    dof rx ry
    limits (-10.0 170.0)
           (-inf inf)
  end
  begin
    id 3
    name foot
    direction 0 0 1
    length 1
    axis 0 0 0 XYZ
  end
:hierarchy
  begin
    root thigh
    thigh shin
    shin foot
  end
"""
AMC = """#!OML:ASF leg.asf
:FULLY-SPECIFIED
:DEGREES
1
root 0 0 0 0 0 0
thigh 0 0 0
shin 0 0
2
root 1 2 3 0 0 0
thigh 0 0 0
shin 0 0
"""
DOWN = [[0, 0, 0], [0, -4, 0], [0, -7, 0], [0, -7, 1]]  # root, knee, ankle, toe


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode())
    return path


def recording(folder: Path, asf: str = ASF, amc: str = AMC, **options: Any) -> Recording:
    write(folder / "leg.asf", asf)
    (result,) = read_amc(write(folder / "leg.amc", amc), ReadOptions(**options)).values()
    return result


def motion(folder: Path, asf: str = ASF, amc: str = AMC, **options: Any) -> Motion:
    write(folder / "leg.asf", asf)
    (result,) = read_motions(write(folder / "leg.amc", amc), ReadOptions(**options)).values()
    return result


def moved(root: str = "0 0 0 0 0 0", thigh: str = "0 0 0", shin: str = "0 0") -> str:
    """Return a motion of one frame."""
    return f":FULLY-SPECIFIED\n:DEGREES\n1\nroot {root}\nthigh {thigh}\nshin {shin}\n"


def axis_of(bone: str, axis: str) -> str:
    """Return the skeleton with another axis of a bone."""
    before, name, after = ASF.partition(f"name {bone}")
    here, _, rest = after.partition("axis ")
    return f"{before}{name}{here}axis {axis}\n{rest.partition(chr(10))[2]}"


# --- kinematics


def test_the_points_are_the_root_and_the_ends_of_the_bones(tmp_path: Path) -> None:
    read = recording(tmp_path)

    assert read.names == ["root", "thigh", "shin", "foot"]
    assert read.xyz[0] == pytest.approx(np.array(DOWN))


def test_the_position_of_the_root_moves_every_bone(tmp_path: Path) -> None:
    assert recording(tmp_path).xyz[1] == pytest.approx(np.array(DOWN) + np.array([1, 2, 3]))


def test_translations_are_taken_in_the_order_of_the_root(tmp_path: Path) -> None:
    other = ASF.replace("order TX TY TZ RX RY RZ", "order RX RY RZ TZ TY TX")

    assert recording(tmp_path, other, moved("0 0 0 3 2 1")).xyz[0, 0] == pytest.approx(np.array([1, 2, 3]))


def test_a_bone_turns_itself_and_what_hangs_on_it(tmp_path: Path) -> None:
    read = recording(tmp_path, amc=moved(thigh="0 0 90"))  # about z: down becomes +x

    assert read.xyz[0] == pytest.approx(np.array([[0, 0, 0], [4, 0, 0], [7, 0, 0], [7, 0, 1]]))


def test_a_turn_of_the_root_turns_the_whole_body(tmp_path: Path) -> None:
    read = recording(tmp_path, amc=moved(root="0 0 0 0 90 0"))  # about y: forwards (z) becomes x

    assert read.xyz[0] == pytest.approx(np.array([[0, 0, 0], [0, -4, 0], [0, -7, 0], [1, -7, 0]]))


def test_a_bone_turns_about_its_own_axes(tmp_path: Path) -> None:
    # the shin's y axis is −x of the world: by 90° about that, down becomes forwards and the foot's forwards up
    read = recording(tmp_path, amc=moved(shin="0 90"))

    assert read.xyz[0] == pytest.approx(np.array([[0, 0, 0], [0, -4, 0], [0, -4, 3], [0, -3, 3]]))


def test_a_turn_about_an_axis_along_the_bone_leaves_its_end(tmp_path: Path) -> None:
    # the shin's x axis is y of the world: the shin stays, the foot turns to +x
    read = recording(tmp_path, amc=moved(shin="90 0"))

    assert read.xyz[0] == pytest.approx(np.array([[0, 0, 0], [0, -4, 0], [0, -7, 0], [1, -7, 0]]))


@pytest.mark.parametrize(
    ("axis", "ankle"),
    [
        ("90 0 90 XYZ", [0, -7, 0]),  # Rz · Rx: the shin's x axis is y of the world, along the bone
        ("90 0 90 ZYX", [3, -4, 0]),  # Rx · Rz: it is z of the world
    ],
)
def test_the_order_of_an_axis_is_about_fixed_axes(axis: str, ankle: list[float], tmp_path: Path) -> None:
    read = recording(tmp_path, axis_of("shin", axis), moved(shin="90 0"))

    assert read.xyz[0, 2] == pytest.approx(np.array(ankle))


@pytest.mark.parametrize(
    ("dof", "values", "knee"),
    [
        ("rx ry rz", "90 0 90", [0, 0, -4]),  # Rz · Rx: down becomes backwards, which stays
        ("rz ry rx", "90 0 90", [4, 0, 0]),  # Rx · Rz: down becomes +x, which stays
        ("RX RZ", "90 90", [0, 0, -4]),
    ],
)
def test_the_order_of_a_bones_turns_is_that_of_its_dof(
    dof: str, values: str, knee: list[float], tmp_path: Path
) -> None:
    read = recording(tmp_path, ASF.replace("dof rx ry rz", f"dof {dof}"), moved(thigh=values))

    assert read.xyz[0, 1] == pytest.approx(np.array(knee))


def test_the_order_of_the_roots_turns_is_its_own(tmp_path: Path) -> None:
    other = ASF.replace("RX RY RZ", "RZ RY RX")

    assert recording(tmp_path, other, moved("0 0 0 90 0 90")).xyz[0, 1] == pytest.approx(np.array([4, 0, 0]))


def test_position_and_orientation_of_the_root_move_the_whole_motion(tmp_path: Path) -> None:
    other = ASF.replace("position 0 0 0", "position 10 0 0").replace("orientation 0 0 0", "orientation 0 90 0")
    read = recording(tmp_path, other, moved("0 0 5 0 0 0"))  # about y: z becomes x

    assert read.xyz[0] == pytest.approx(np.array([[15, 0, 0], [15, -4, 0], [15, -7, 0], [16, -7, 0]]))


def test_radians_of_the_motion_leave_the_skeletons_degrees(tmp_path: Path) -> None:
    read = recording(tmp_path, amc=moved(shin=f"0 {np.pi / 2}").replace(":DEGREES", ":RADIANS"))

    assert read.xyz[0, 2] == pytest.approx(np.array([0, -4, 3]))


def test_radians_of_the_skeleton_are_the_motions_where_that_says_nothing(tmp_path: Path) -> None:
    other = axis_of("shin", f"0 0 {np.pi / 2} XYZ").replace("angle deg", "angle rad")
    read = recording(tmp_path, other, moved(shin=f"0 {np.pi / 2}").replace(":DEGREES\n", ""))

    assert read.xyz[0, 2] == pytest.approx(np.array([0, -4, 3]))


def random_chain(bones: int, frames: int) -> tuple[str, str, np.ndarray]:
    """Return a skeleton of bones in a row with random axes, a motion of it, and its points by scipy's rotations."""
    random = np.random.default_rng(5)
    asf = [":units", "length 1", "angle deg", ":root", "order TX TY TZ RX RY RZ", ":bonedata"]
    root = random.uniform(-90, 90, size=(frames, 6))
    columns, points = {"root": root}, [root[:, :3]]
    turn = Rotation.from_euler("xyz", root[:, 3:], degrees=True)  # lower case: about fixed axes
    for bone in range(bones):
        direction, axis, angles = (
            random.normal(size=3),
            random.uniform(-180, 180, 3),
            random.uniform(-90, 90, (frames, 3)),
        )
        asf += ["begin", f"name b{bone}", "direction " + " ".join(map(repr, direction.tolist())), "length 2"]
        asf += ["axis " + " ".join(map(repr, axis.tolist())) + " XYZ", "dof rx ry rz", "end"]
        own = Rotation.from_euler("xyz", axis, degrees=True)
        turn = turn * own * Rotation.from_euler("xyz", angles, degrees=True) * own.inv()
        points.append(points[-1] + turn.apply(direction * 2))
        columns[f"b{bone}"] = angles
    names = ["root", *(f"b{bone}" for bone in range(bones))]
    asf += [":hierarchy", "begin", *(f"{one} {two}" for one, two in pairwise(names)), "end"]
    amc = []
    for frame in range(frames):
        amc += [str(frame + 1), *(f"{name} {' '.join(map(repr, columns[name][frame].tolist()))}" for name in names)]
    return "\n".join(asf), "\n".join(amc), np.stack(points, axis=1)


def test_random_chains_are_where_scipys_rotations_put_them(tmp_path: Path) -> None:
    asf, amc, points = random_chain(6, 8)

    assert recording(tmp_path, asf, amc).xyz == pytest.approx(points, abs=1e-9)


def test_bones_keep_their_length(tmp_path: Path) -> None:
    asf, amc, _ = random_chain(6, 8)
    lengths = np.linalg.norm(np.diff(recording(tmp_path, asf, amc).xyz, axis=1), axis=-1)

    assert lengths == pytest.approx(np.tile(lengths[0], (8, 1)))


# --- unit and rate


def person(length: str, factor: float) -> str:
    """Return the leg as high as 40 + 30 units, times a factor, with a unit of length."""
    scaled = ASF.replace("  length 1.0\n", length)
    return scaled.replace("length 4\n", f"length {40 * factor}\n").replace("length 3\n", f"length {30 * factor}\n")


def test_lengths_with_a_unit_are_divided_by_it_and_in_inches_as_cmu_has_it(tmp_path: Path) -> None:
    read = motion(tmp_path, person("length 0.45\n", 0.45))

    assert read.xyz[0, 1] == pytest.approx(np.array([0, -40 * 0.0254, 0]))
    assert read.xyz[1, 0] == pytest.approx(np.array([1, 2, 3]) / 0.45 * 0.0254)
    assert "divided by its unit of length, 0.45, and taken to be in in" in read.notes[1]


@pytest.mark.parametrize("length", ["", "length 1.0\n"])
def test_lengths_without_a_unit_are_inches_if_that_makes_a_person(length: str, tmp_path: Path) -> None:
    assert motion(tmp_path, person(length, 1)).xyz[0, 1] == pytest.approx(np.array([0, -40 * 0.0254, 0]))


@pytest.mark.parametrize("length", ["", "length 1.0\n"])
@pytest.mark.parametrize(("factor", "unit"), [(0.025, 1), (2.5, 0.01), (25, 0.001)], ids=["m", "cm", "mm"])
def test_lengths_that_are_no_inches_are_in_the_unit_that_makes_a_person(
    factor: float, unit: float, length: str, tmp_path: Path
) -> None:
    assert motion(tmp_path, person(length, factor)).xyz[0, 1] == pytest.approx(np.array([0, -40 * factor * unit, 0]))


def test_a_unit_that_is_given_is_not_noted_as_guessed(tmp_path: Path) -> None:
    assert recording(tmp_path, unit="m").notes == ("leg.amc: the skeleton is leg.asf",)


def test_without_a_rate_the_frames_are_cmus(tmp_path: Path) -> None:
    assert motion(tmp_path).time == pytest.approx([0, 1 / 120])


def test_a_rate_that_is_given_is_the_frames(tmp_path: Path) -> None:
    assert motion(tmp_path, rate=60).time == pytest.approx([0, 1 / 60])


# --- which skeleton


@pytest.mark.parametrize(
    "places",
    [
        ["01_01.asf", "01.asf", "02.asf"],
        ["01.asf", "02.asf"],
        ["01.ASF", "02.asf"],
        ["other.asf"],
        ["../01.asf", "../02.asf"],
        ["../other.asf"],
    ],
)
def test_the_skeleton_is_the_first_of_these(places: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "walks"
    path = write(folder / "01_01.amc", AMC)
    for place in places:
        write(folder / place, ASF if place == places[0] else "wrong")

    assert read_amc(path, ReadOptions())[""].notes[0] == f"01_01.amc: the skeleton is {Path(places[0]).name}"


@pytest.mark.parametrize("others", [[], ["02.asf", "03.asf"]])
def test_without_a_skeleton_the_names_that_were_sought_are_said(others: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "walks"
    path = write(folder / "01_01.amc", AMC)
    for name in others:
        write(folder / name, ASF)

    with pytest.raises(InputError, match=r"01_01\.amc needs its skeleton: 01_01\.asf or 01\.asf, or a single \.asf"):
        read_amc(path, ReadOptions())


# --- how it may be written


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace(" ", "\t"),
        str.lower,
        str.upper,
        lambda text: text.replace("\n", "\n\n"),
        lambda text: "\ufeff" + text,
        str.rstrip,
    ],
    ids=["crlf", "tabs", "lower", "upper", "blank", "bom", "no newline"],
)
def test_ways_of_writing_do_not_matter(change: Any, tmp_path: Path) -> None:
    read = recording(tmp_path, change(ASF), change(AMC))

    assert [name.lower() for name in read.names] == ["root", "thigh", "shin", "foot"]
    assert read.xyz[0] == pytest.approx(np.array(DOWN))


def test_comments_commas_and_brackets_of_a_skeleton_are_blanks(tmp_path: Path) -> None:
    other = ASF.replace("direction 0 -1 0\n", "direction (0,-1,0) # down\n").replace(
        "root thigh", "# root shin\n root thigh"
    )

    assert recording(tmp_path, other).xyz[0] == pytest.approx(np.array(DOWN))


def test_bones_may_come_in_any_order(tmp_path: Path) -> None:
    thigh, shin, foot = (f"  begin{bone}" for bone in ASF[: ASF.index(":hierarchy")].split("  begin")[1:])
    asf = ASF.replace(thigh + shin + foot, foot + shin + thigh)
    asf = asf.replace(
        "    root thigh\n    thigh shin\n    shin foot\n", "    shin foot\n    thigh shin\n    root thigh\n"
    )
    amc = AMC.replace("thigh 0 0 0\nshin 0 0\n", "shin 0 0\nthigh 0 0 0\n", 1)

    assert asf.index("name foot") < asf.index("name thigh")
    assert recording(tmp_path, asf, amc).xyz[0] == pytest.approx(np.array(DOWN))


def test_frames_may_begin_with_any_number(tmp_path: Path) -> None:
    assert len(recording(tmp_path, amc=AMC.replace("\n1\n", "\n41\n").replace("\n2\n", "\n42\n")).xyz) == 2


def test_depth_of_the_hierarchy_is_no_limit(tmp_path: Path) -> None:
    asf, amc, points = random_chain(1500, 1)

    assert recording(tmp_path, asf, amc).xyz == pytest.approx(points, abs=1e-6)


# --- what cannot be read


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  length 1.0", "  length 0", r"line 6: the unit of length must be more than 0, got 0"),
        ("  length 1.0", "  length", r"line 6: 1 numbers are wanted, got 0"),
        ("angle deg", "angle gon", r"line 7: angle must be deg or rad, got gon"),
        ("order TX", "order QX", r"line 11: order takes .* got QX"),
        ("  order TX TY TZ RX RY RZ\n", "", r": a :root with an order, such as TX TY TZ RX RY RZ, is wanted"),
        ("position 0 0 0", "position 0 0 nan", r"line 13: a finite number"),
        ("  begin\n    id 1", "    id 1", r"line 16: each bone must stand between `begin` and `end`, got id"),
        ("  end\n  begin\n    id 2", "  begin\n    id 2", r"line 26: each bone must stand between .* got begin"),
        ("name shin", "name thigh", r"line 36: a name of its own, .* wanted for bone 'thigh'"),
        ("    direction 0 -1 0\n", "", r"line 25: .* a direction and a length are wanted for bone 'thigh'"),
        ("direction 0 -1 0", "direction 0 down 0", r"line 19: a number is wanted, got 'down'"),
        ("    length 4\n", "", r"line 25: .* a length are wanted for bone 'thigh'"),
        ("axis 0 0 0 XYZ", "axis 0 0 0 XYY", r"line 21: 3 numbers are wanted, got 4"),
        ("dof rx ry rz", "dof rx ry tz", r"line 22: dof takes rx, ry, rz, each once, got rx ry tz"),
        ("dof rx ry rz", "dof rx rx rz", r"line 22: dof takes rx, ry, rz, each once, got rx rx rz"),
        ("shin foot", "shin hand", r"line 48: a bone of :bonedata is wanted, got hand"),
        ("shin foot", "shin foot thigh", r"line 48: thigh must hang on one bone"),
        ("shin foot", "shin foot root", r"line 48: root must hang on one bone, and the root on none"),
        ("    shin foot\n", "", r"hang on the root by way of :hierarchy are wanted; not so \['foot'\]"),
        ("root thigh", "foot thigh", r"not so \['foot', 'shin', 'thigh'\]"),
        (":bonedata", ":bones", r"line \d+: a bone of :bonedata is wanted, got thigh"),
        (ASF[ASF.index("    axis 0 0 90") :], "", r"ends within the bone shin: its `end` is wanted"),
        (ASF, "", r"a :root with an order"),
    ],
)
def test_a_damaged_skeleton_is_named_with_its_line(old: str, new: str, says: str, tmp_path: Path) -> None:
    assert old in ASF

    with pytest.raises(InputError, match=r"leg\.asf") as caught:
        recording(tmp_path, ASF.replace(old, new, 1))

    caught.match(says)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (AMC, "", r"leg\.amc holds no frames"),
        ("\n2\n", "\n3\n", r"line 8: frame 2 is wanted, got 3"),
        ("\n2\n", "\n1\n", r"line 8: frame 2 is wanted, got 1"),
        ("\n2\n", "\n", r"line 8: the number of a frame, or a bone .* got root"),
        ("1\nroot", "root", r"line 4: the number of a frame, or a bone with dof in leg\.asf, .* got root"),
        ("\n2\n", "\n" + "2" * 5000 + "\n", r"line 8: the number of a frame"),
        ("shin 0 0", "hand 0 0", r"line 7: .* a bone with dof in leg\.asf, .* got hand"),
        ("shin 0 0", "foot 0 0", r"line 7: .* a bone with dof in leg\.asf, .* got foot"),
        ("shin 0 0", "thigh 0 0", r"line 7: .* each once a frame, is wanted, got thigh"),
        ("shin 0 0\n", "", r"line 7: frame 1 lacks shin"),
        ("thigh 0 0 0\nshin 0 0\n2\n", "2\n", r"line 6: frame 1 lacks thigh, shin"),
        ("root 1 2 3 0 0 0\nthigh 0 0 0\nshin 0 0\n", "root 1 2 3 0 0 0\n", r"ends: frame 2 lacks thigh, shin"),
        ("shin 0 0", "shin 0", r"line 7: 2 numbers are wanted, got 1"),
        ("shin 0 0", "shin", r"line 7: 2 numbers are wanted, got 0"),
        ("1 2 3", "1 2 3 4", r"line 9: 6 numbers are wanted, got 7"),
        ("1 2 3", "1 x 3", r"line 9: a number is wanted, got 'x'"),
        ("1 2 3", "1 inf 3", r"line 9: a finite number .* got inf"),
    ],
)
def test_a_damaged_motion_is_named_with_its_line(old: str, new: str, says: str, tmp_path: Path) -> None:
    assert old in AMC

    with pytest.raises(InputError, match=r"leg\.amc") as caught:
        recording(tmp_path, amc=AMC.replace(old, new, 1))

    caught.match(says)
    assert "\n" not in str(caught.value)


def test_files_that_are_cut_off_anywhere_are_read_or_refused(tmp_path: Path) -> None:
    for text, cut in ((ASF, "asf"), (AMC, "amc")):
        for end in range(len(text)):
            try:
                motion(tmp_path, **{cut: text[:end]})
            except InputError:
                continue


def test_random_damage_is_read_or_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(6)
    for turn in range(400):
        files = {"leg.asf": bytearray(ASF.encode()), "leg.amc": bytearray(AMC.encode())}
        damaged = files["leg.asf" if turn % 2 else "leg.amc"]
        for place in random.integers(len(damaged), size=3):
            damaged[place] = random.integers(256)
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        try:
            read_motions(tmp_path / "leg.amc")
        except InputError:
            continue
