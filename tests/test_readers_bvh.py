"""BVH files that are written here, with positions that are known by hand, or by scipy's rotations."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from posedetector.errors import InputError
from posedetector.motion import Motion
from posedetector.readers import read_motions
from posedetector.readers.bvh import read_bvh
from posedetector.readers.recording import ReadOptions, Recording

# the hip at its position, the knee one metre above it, an end another metre above that
LEG = """HIERARCHY
ROOT hip
{
  OFFSET 5 5 5
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT knee
  {
    OFFSET 0 1 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 1 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.25
0 0 0 0 0 0 0 0 0
1 2 3 0 0 0 0 0 0
"""
STILL = "0 0 0 0 0 0 0 0 0"


def write(path: Path, content: str) -> Path:
    path.write_bytes(content.encode())
    return path


def recording(folder: Path, content: str, **options: Any) -> Recording:
    (result,) = read_bvh(write(folder / "leg.bvh", content), ReadOptions(**options)).values()
    return result


def motion(folder: Path, content: str, **options: Any) -> Motion:
    (result,) = read_motions(write(folder / "leg.bvh", content), ReadOptions(**options)).values()
    return result


def leg(first: str) -> str:
    """Return the leg with other values in its first frame."""
    return LEG.replace(STILL, first)


def chain(channels: list[str], offsets: np.ndarray, values: np.ndarray) -> str:
    """Return a file of joints that hang on each other, with their channels and offsets (J, 3) and values (T, C)."""
    lines = ["HIERARCHY"]
    for row, (names, offset) in enumerate(zip(channels, offsets, strict=True)):
        lines += [f"{'JOINT' if row else 'ROOT'} joint{row}", "{", "OFFSET " + " ".join(map(repr, offset.tolist()))]
        lines += [f"CHANNELS {len(names.split())} {names}"]
    lines += ["}"] * len(channels)
    frames = [" ".join(map(repr, row.tolist())) for row in values]
    return "\n".join([*lines, "MOTION", f"Frames: {len(values)}", "Frame Time: 0.01", *frames])


# --- kinematics


def test_without_angles_offsets_add_up(tmp_path: Path) -> None:
    assert recording(tmp_path, LEG).xyz[0].tolist() == [[0, 0, 0], [0, 1, 0], [0, 2, 0]]


def test_the_position_of_the_root_moves_every_joint_and_stands_for_its_offset(tmp_path: Path) -> None:
    assert recording(tmp_path, LEG).xyz[1].tolist() == [[1, 2, 3], [1, 3, 3], [1, 4, 3]]


def test_a_root_without_position_channels_stands_at_its_offset(tmp_path: Path) -> None:
    fixed = (
        leg("0 0 0 0 0 0").replace("6 Xposition Yposition Zposition", "3").replace("1 2 3 0 0 0 0 0 0", "0 0 0 0 0 0")
    )

    assert recording(tmp_path, fixed).xyz[0].tolist() == [[5, 5, 5], [5, 6, 5], [5, 7, 5]]


def test_a_joint_turns_what_hangs_on_it_and_not_itself(tmp_path: Path) -> None:
    turned = leg("0 0 0 0 0 0 90 0 0")

    assert recording(tmp_path, turned).xyz[0] == pytest.approx(np.array([[0, 0, 0], [0, 1, 0], [-1, 1, 0]]))


def test_a_turn_of_the_root_turns_the_whole_chain(tmp_path: Path) -> None:
    turned = leg("0 0 0 90 0 0 0 0 0")

    assert recording(tmp_path, turned).xyz[0] == pytest.approx(np.array([[0, 0, 0], [-1, 0, 0], [-2, 0, 0]]))


@pytest.mark.parametrize(
    ("order", "values", "knee"),
    [
        ("Zrotation Xrotation Yrotation", "90 90 0", [0, 0, 1]),  # Rz · Rx: first about x, y becomes z; z stays
        ("Xrotation Yrotation Zrotation", "90 0 90", [-1, 0, 0]),  # Rx · Rz: first about z, y becomes −x; −x stays
    ],
)
def test_the_order_of_the_channels_is_the_order_of_the_turns(
    order: str, values: str, knee: list[float], tmp_path: Path
) -> None:
    turned = leg(f"0 0 0 {values} 0 0 0").replace("Zrotation Xrotation Yrotation", order, 1)

    assert recording(tmp_path, turned).xyz[0, 1] == pytest.approx(np.array(knee))


def test_position_channels_of_a_joint_stand_for_its_offset_and_turn_with_its_parent(tmp_path: Path) -> None:
    moved = leg("0 0 0 90 0 0 0 3 0").replace("3 Zrotation Xrotation Yrotation", "3 Xposition Yposition Zposition", 1)

    assert recording(tmp_path, moved).xyz[0, 1] == pytest.approx(np.array([-3, 0, 0]))


def test_a_coordinate_without_a_channel_is_the_offsets(tmp_path: Path) -> None:
    moved = leg("0 0 0 0 0 0 7").replace("CHANNELS 3 Zrotation Xrotation Yrotation", "CHANNELS 1 Zposition")
    moved = moved.replace("1 2 3 0 0 0 0 0 0", "1 2 3 0 0 0 0")

    assert recording(tmp_path, moved).xyz[0, 1].tolist() == [0, 1, 7]


def test_random_chains_are_where_scipys_rotations_put_them(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    orders = ["ZXY", "XYZ", "YZX", "ZYX", "XZY", "ZXZ", "Y", "XZ"]
    offsets = random.normal(size=(len(orders), 3))
    angles = [random.uniform(-180, 180, size=(7, len(order))) for order in orders]
    channels = [" ".join(f"{axis}rotation" for axis in order) for order in orders]
    wanted, turn = [np.tile(offsets[0], (7, 1))], Rotation.identity(7)
    for order, angle, offset in zip(orders, angles, offsets[1:], strict=False):
        turn *= Rotation.from_euler(order, angle, degrees=True)
        wanted.append(wanted[-1] + turn.apply(offset))

    read = recording(tmp_path, chain(channels, offsets, np.hstack(angles)))

    assert read.xyz == pytest.approx(np.stack(wanted, axis=1), abs=1e-9)


def test_bones_keep_their_length(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    offsets = random.normal(size=(9, 3))
    channels = ["Xposition Yposition Zposition Zrotation Xrotation Yrotation", *["Yrotation Xrotation Zrotation"] * 8]
    xyz = recording(tmp_path, chain(channels, offsets, random.uniform(-180, 180, size=(20, 30)))).xyz

    lengths = np.linalg.norm(np.diff(xyz, axis=1), axis=-1)

    assert lengths == pytest.approx(np.tile(np.linalg.norm(offsets[1:], axis=1), (20, 1)))


# --- names, times, unit


def test_an_end_site_is_called_after_its_joint(tmp_path: Path) -> None:
    assert recording(tmp_path, LEG).names == ["hip", "knee", "knee_end"]


def test_a_second_end_site_of_a_joint_has_a_name_of_its_own(tmp_path: Path) -> None:
    site = "    End Site\n    {\n      OFFSET 0 1 0\n    }\n"

    assert recording(tmp_path, LEG.replace(site, site * 2)).names == ["hip", "knee", "knee_end", "knee_end_2"]


def test_a_joint_after_a_closed_brace_hangs_on_the_one_around_it(tmp_path: Path) -> None:
    both = leg("0 0 0 0 0 0 0 90 0 0").replace("1 2 3 0 0 0 0 0 0", "1 2 3 0 0 0 0 0 0 0")
    both = both.replace("  }\n}\nMOTION", "  }\n  JOINT tail\n{ OFFSET 0 0 3\nCHANNELS 1 Xrotation }\n}\nMOTION")
    read = recording(tmp_path, both)

    assert read.names == ["hip", "knee", "knee_end", "tail"]
    assert read.xyz[0, 3].tolist() == [0, 0, 3]


def test_two_roots_are_read_side_by_side(tmp_path: Path) -> None:
    other = "ROOT other\n{\nOFFSET 0 0 0\nCHANNELS 3 Xposition Yposition Zposition\n}\nMOTION"
    both = leg(f"{STILL} 0 0 4").replace("1 2 3 0 0 0 0 0 0", f"{STILL} 0 0 5").replace("MOTION", other)

    assert recording(tmp_path, both).xyz[:, 3].tolist() == [[0, 0, 4], [0, 0, 5]]


def test_times_come_from_the_frame_time(tmp_path: Path) -> None:
    assert motion(tmp_path, LEG).time.tolist() == [0, 0.25]


@pytest.mark.parametrize(("factor", "unit"), [(1, "m"), (100, "cm"), (1000, "mm")])
def test_the_unit_is_the_one_that_makes_a_person_and_is_noted(factor: int, unit: str, tmp_path: Path) -> None:
    scaled = LEG.replace("OFFSET 0 1 0", f"OFFSET 0 {factor} 0")
    read = motion(tmp_path, scaled)

    assert read.xyz[0, 2] == pytest.approx(np.array([0, 2, 0]))
    assert read.notes[0] == f"leg.bvh says no unit of length; taken to be in {unit} (--unit says otherwise)"


def test_a_unit_that_is_given_is_not_noted_as_guessed(tmp_path: Path) -> None:
    assert recording(tmp_path, LEG, unit="m").notes == ()


def test_a_file_in_no_known_unit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"leg\.bvh: .*which it does not say.* make no person; they are in no unit"):
        motion(tmp_path, LEG.replace("OFFSET 0 1 0", "OFFSET 0 1e8 0"))


# --- how it may be written


@pytest.mark.parametrize(
    "content",
    [
        LEG.replace("\n", "\r\n"),
        LEG.replace("  ", "\t")
        .replace(" ", "\t")
        .replace("End\tSite", "End Site")
        .replace("Frame\tTime", "Frame Time"),
        LEG.lower(),
        LEG.upper(),
        LEG.replace("\n\n", "\n").replace("\n", "\n\n"),
        "\ufeff" + LEG,
        LEG.replace("knee\n  {", "knee {").replace("Frames: ", "Frames:"),
        LEG.rstrip("\n"),
    ],
    ids=["crlf", "tabs", "lower", "upper", "blank", "bom", "brace", "no newline"],
)
def test_ways_of_writing_do_not_matter(content: str, tmp_path: Path) -> None:
    read = recording(tmp_path, content)

    assert [name.lower() for name in read.names] == ["hip", "knee", "knee_end"]
    assert read.xyz[1].tolist() == [[1, 2, 3], [1, 3, 3], [1, 4, 3]]


def test_a_name_may_have_blanks(tmp_path: Path) -> None:
    assert recording(tmp_path, LEG.replace("JOINT knee", "JOINT left knee")).names[1] == "left knee"


def test_depth_of_nesting_is_no_limit(tmp_path: Path) -> None:
    count = 3000
    deep = chain(["Xrotation"] * count, np.tile([0.0, 0.001, 0.0], (count, 1)), np.zeros((1, count)))

    assert recording(tmp_path, deep).xyz[0, -1] == pytest.approx(np.array([0, 3.0, 0]))


# --- what cannot be read


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("MOTION", "", r"leg\.bvh has no line MOTION"),
        ("    }\n  }\n}\n", "    }\n", r"line 14: a closing brace is wanted before MOTION"),
        ("HIERARCHY", "FBX 7", r"line 1: HIERARCHY and ROOT are wanted, got FBX"),
        ("}\nMOTION", "}\n}\nMOTION", r"line 16: HIERARCHY and ROOT are wanted, got }"),
        ("ROOT hip\n{", "ROOT hip", r"line 3: a brace { is wanted after ROOT.*got OFFSET"),
        ("ROOT hip", "ROOT", r"line 2: ROOT wants a name"),
        ("ROOT", "JOINT", r"line 2: JOINT is outside the braces"),
        ("JOINT", "ROOT", r"line 6: ROOT is inside the braces"),
        ("OFFSET 0 1 0", "OFFSET 0 1", r"line 8: 3 numbers are wanted, got 2"),
        ("OFFSET 0 1 0", "OFFSET 0 one 0", r"line 8: a number is wanted, got 'one'"),
        ("OFFSET 0 1 0", "OFFSET 0 nan 0", r"line 8: a finite number .* got nan"),
        ("    OFFSET 0 1 0\n    CH", "    CH", r"line 13: knee needs an OFFSET"),
        ("OFFSET 0 1 0", "SCALE 1", r"line 8: OFFSET, CHANNELS, .* wanted, got SCALE"),
        ("CHANNELS 3", "CHANNELS 4", r"line 9: CHANNELS wants their number and as many names, got 4 Zrotation"),
        ("CHANNELS 3 Z", "CHANNELS 3 W", r"line 9: a channel is .* got Wrotation"),
        ("Frames: 2", "Frames: 0", r"line 17: `Frames:` and a number from 1 is wanted, got 'Frames: 0'"),
        ("Frames: 2", "Frames: many", r"line 17: .* got 'Frames: many'"),
        ("Frames: 2", "Frames: 3", r"line 17: 3 frames are announced, but 2 lines follow"),
        ("Frames: 2", "Frames: " + "9" * 5000, r"line 17: `Frames:` and a number"),
        ("Frame Time: 0.25", "", r"line 19: `Frame Time:` and seconds, .* got '0 0 0"),
        ("Time: 0.25", "Time: 0", r"line 18: `Frame Time:` and seconds, .* got 'Frame Time: 0'"),
        ("Time: 0.25", "Time: -1", r"line 18: `Frame Time:` and seconds"),
        ("Time: 0.25", "Time: inf", r"line 18: a finite number"),
        ("Time: 0.25", "Time: 0,25", r"line 18: a number is wanted, got '0,25'"),
        (STILL, STILL + " 0", r"line 19: 9 numbers are wanted, got 10"),
        ("1 2 3 0", "1 2 3", r"line 20: 9 numbers are wanted, got 8"),
        ("1 2 3 0", "1 2 x 0", r"line 20: a number is wanted, got 'x'"),
        ("1 2 3 0", "1 2 nan 0", r"line 20: a finite number .* got nan"),
        ("1 2 3 0", "1 2 1e300 0", r"line 20: a finite number .* got 1e300"),
    ],
)
def test_what_is_damaged_is_named_with_its_line(old: str, new: str, says: str, tmp_path: Path) -> None:
    assert old in LEG

    with pytest.raises(InputError, match=r"leg\.bvh.*") as caught:
        recording(tmp_path, LEG.replace(old, new, 1))

    caught.match(says)
    assert "\n" not in str(caught.value)


def test_joints_without_channels_are_no_motion(tmp_path: Path) -> None:
    still = "HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\n}\nMOTION\nFrames: 1\nFrame Time: 0.1\n0\n"

    with pytest.raises(InputError, match=r"leg\.bvh holds no motion"):
        recording(tmp_path, still)


def test_a_file_that_is_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    for end in range(len(LEG.rstrip()) - 1):
        with pytest.raises(InputError):
            recording(tmp_path, LEG[:end])


def test_random_damage_is_read_or_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    for _ in range(400):
        damaged = bytearray(LEG.encode())
        for place in random.integers(len(damaged), size=3):
            damaged[place] = random.integers(256)
        (tmp_path / "leg.bvh").write_bytes(damaged)
        try:
            read_motions(tmp_path / "leg.bvh")
        except InputError:
            continue
