"""From results to OpenSim: tables, setups, and the tools themselves where the package is installed."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from commands import Done
from posedetector.cli import main
from posedetector.errors import InputError, PosedetectorError
from posedetector.opensim import export
from posedetector.opensim.model import read_model
from posedetector.opensim.places import AUGMENTED, LANDMARKS, TABLES, MarkerTable
from posedetector.opensim.recording import Markers, find_markers, find_stretch
from posedetector.opensim.running import run_tool
from posedetector.opensim.setups import marker_set
from posedetector.pose import Array
from posedetector.writers.trc import write_markers

RATE = 30.0
needs_opensim = pytest.mark.extra("opensim")
# a standing person, metres: X forward, Y up, Z right; the right side and what is in the middle
STANDING = {
    "hip": (0, 0.87, 0.08),
    "knee": (0, 0.47, 0.08),
    "ankle": (0, 0.08, 0.08),
    "heel": (-0.05, 0.01, 0.08),
    "foot_index": (0.15, 0.0, 0.08),
    "shoulder": (0, 1.37, 0.17),
    "elbow": (0, 1.10, 0.17),
    "wrist": (0, 0.86, 0.17),
}


def save(made: Markers, path: Path) -> None:
    write_markers(path, path.name, made.points, made.time, made.xyz)


def standing() -> tuple[tuple[str, ...], Array]:
    """Names (16,) and places (16, 3)."""
    both = {
        f"{side}_{name}": (x, y, z * way)
        for side, way in (("right", 1), ("left", -1))
        for name, (x, y, z) in STANDING.items()
    }
    return tuple(both), np.array(list(both.values()), float)


def markers(xyz: Array, points: tuple[str, ...]) -> Markers:
    return Markers("clip", points, np.arange(len(xyz)) / RATE, xyz, 0)


def results(folder: Path, xyz: Array, points: tuple[str, ...], **subject: float) -> Path:
    """A folder as `analyze` leaves it, as far as an export reads it."""
    folder.mkdir(exist_ok=True)
    save(markers(xyz, points), folder / "clip.trc")
    (folder / "provenance.json").write_text(json.dumps({"subject": {"height": 1.7, "mass": None} | subject}))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    points, still = standing()
    return results(tmp_path / "out", np.repeat(still[None], 30, axis=0), points)


def root_of(path: Path) -> ET.Element:
    return ET.parse(path).getroot()


def motion(path: Path) -> dict[str, Array]:
    """Columns of a .mot by name."""
    lines = path.read_text().splitlines()
    start = lines.index("endheader") + 1
    table = np.array([[float(cell) for cell in line.split()] for line in lines[start + 1 :] if line.strip()])
    return dict(zip(lines[start].split(), table.T, strict=True))


OLD = '<OpenSimDocument Version="30000"><Model><BodySet><objects><Body name="a"/></objects></BodySet></Model></OpenSimDocument>'

# ---- tables and the shipped model


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_place_is_on_a_body_of_the_shipped_model(table: MarkerTable) -> None:
    assert {place.body for place in read_model(None).place(table).values()} <= read_model(None).bodies


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_left_side_is_the_mirror_image_of_the_right(table: MarkerTable) -> None:
    twins = {"right_": "left_", "r_": "L_", "r.": "L.", "RHJC": "LHJC"}
    sides = [
        (place, table.places[name.replace(right, left, 1)])
        for name, place in table.places.items()
        for right, left in twins.items()
        if name.startswith(right)
    ]

    assert len(sides) > 10
    assert all(left.at == (right.at[0], right.at[1], -right.at[2]) for right, left in sides)
    assert all(left.weight == right.weight for right, left in sides)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_marker_that_scales_has_a_place(table: MarkerTable) -> None:
    assert {point for one in table.measures for pair in one.pairs for point in pair} <= set(table.places)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_body_with_a_length_is_scaled(table: MarkerTable) -> None:
    scaled = {body for one in table.measures for body in one.bodies}

    assert read_model(None).bodies - scaled == {"sacrum"}  # welded to the pelvis, without markers and mass


def test_the_augmenters_43_markers_have_places() -> None:
    assert len(AUGMENTED.places) == 43


def test_the_shipped_model_weighs_what_its_bodies_weigh() -> None:
    assert read_model(None).mass == pytest.approx(75.1645, abs=1e-4)  # Rajagopal et al. 2016: 75.3 kg with patellae


def test_the_shipped_model_names_no_mesh_and_has_its_licence_beside_it() -> None:
    from posedetector.weights import ASSETS

    assert b"Mesh" not in read_model(None).text
    assert "BSD 3-Clause License" in (ASSETS / "opensim" / "LICENSE-full_body.txt").read_text()


def other_model(tmp_path: Path, without: str) -> Path:
    """The shipped model without one of its bodies."""
    root = ET.fromstring(read_model(None).text)
    bodies = root.find("./Model/BodySet/objects")
    bodies.remove(next(body for body in bodies if body.get("name") == without))
    ET.ElementTree(root).write(tmp_path / "other.osim")
    return tmp_path / "other.osim"


def test_a_model_without_a_head_has_the_nose_on_its_torso(tmp_path: Path) -> None:
    place = read_model(other_model(tmp_path, "head")).place(LANDMARKS)["nose"]

    assert place.body == "torso"
    assert place.at[1] == pytest.approx(0.541458 - 0.03 + 0.01261, abs=1e-6)  # its neck, less the head's own offset


def test_a_model_without_a_femur_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no body 'femur_r'.*Rajagopal"):
        read_model(other_model(tmp_path, "femur_r")).place(LANDMARKS)


@pytest.mark.parametrize("text", ["", "<html/>", OLD])
def test_what_is_no_model_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "no.osim"
    path.write_text(text)

    with pytest.raises(InputError, match=r"no.osim is no"):
        read_model(path)


def test_a_model_that_is_not_there_is_refused_with_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read.*simtk\.org"):
        read_model(tmp_path / "none.osim")


# ---- markers


def test_frames_with_less_than_half_of_the_markers_are_left_out(tmp_path: Path) -> None:
    points, still = standing()
    xyz = np.repeat(still[None], 10, axis=0)
    xyz[3], xyz[5, 1], xyz[7, :9] = np.nan, np.nan, np.nan

    found = find_markers(results(tmp_path / "out", xyz, points), LANDMARKS)

    assert found.left_out == 2
    assert np.allclose(found.time * RATE, [0, 1, 2, 4, 5, 6, 8, 9], atol=1e-4)


def test_markers_come_back_in_the_file_as_they_are(tmp_path: Path) -> None:
    points, still = standing()
    xyz = still + np.linspace(0, 1, 5)[:, None, None]
    xyz[2, 4] = np.nan

    found = find_markers(results(tmp_path / "out", xyz, points), LANDMARKS)

    wanted = xyz[:, [points.index(point) for point in found.points]]
    assert np.allclose(found.xyz, wanted, atol=1e-6, equal_nan=True)


def test_the_file_that_has_a_tables_markers_is_the_one_that_is_read(folder: Path) -> None:
    names = tuple(AUGMENTED.places)
    save(Markers("second", names, np.arange(3) / RATE, np.ones((3, 43, 3)), 0), folder / "second.trc")

    assert find_markers(folder, AUGMENTED).name == "second"
    assert find_markers(folder, LANDMARKS).name == "clip"


def test_a_file_in_millimetres_is_brought_to_metres(folder: Path) -> None:
    lines = (folder / "clip.trc").read_text().splitlines()
    rows = [line.split("\t") for line in lines[6:]]
    millimetres = ["\t".join([*row[:2], *(f"{1000 * float(cell):.3f}" for cell in row[2:])]) for row in rows]
    (folder / "clip.trc").write_text(
        "\n".join([*lines[:2], lines[2].replace("\tm\t", "\tmm\t"), *lines[3:6], *millimetres])
    )

    found = find_markers(folder, LANDMARKS)

    assert found.xyz[0, found.points.index("right_hip"), 1] == pytest.approx(0.87)


def test_the_size_is_taken_where_the_person_stands_upright() -> None:
    points, still = standing()
    bent = still.copy()
    bent[[points.index(f"{side}_knee") for side in ("left", "right")], 0] += 0.4  # thighs and shanks at 45°
    xyz = np.concatenate([np.repeat(bent[None], 40, axis=0), np.repeat(still[None], 20, axis=0)])

    stretch = find_stretch(markers(xyz, points), LANDMARKS)

    assert stretch.upright
    assert (stretch.start, stretch.end) == pytest.approx((40 / RATE, 59 / RATE))


def test_without_standing_the_size_is_that_of_the_longest_whole_stretch() -> None:
    points, still = standing()
    lying = np.repeat(still[:, [1, 0, 2]][None], 30, axis=0)
    lying[10, 0] = np.nan

    stretch = find_stretch(markers(lying, points), LANDMARKS)

    assert not stretch.upright
    assert (stretch.start, stretch.end) == pytest.approx((11 / RATE, 29 / RATE))


def test_a_marker_that_is_mostly_missing_scales_nothing(folder: Path) -> None:
    points, still = standing()
    xyz = np.repeat(still[None], 30, axis=0)
    xyz[:, points.index("left_wrist")] = np.nan

    export(results(folder, xyz, points), folder / "opensim")

    pairs = [pair.text for pair in root_of(folder / "opensim" / "clip_scaling.xml").iter("markers")]
    assert "right_elbow right_wrist" in pairs
    assert not any("left_wrist" in pair for pair in pairs)


def test_a_folder_without_markers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no \.trc with landmarks"):
        find_markers(tmp_path, LANDMARKS)


# ---- setups


def test_the_marker_set_has_metres_on_bodies() -> None:
    markers_of = ET.fromstring(marker_set({"right_heel": LANDMARKS.places["right_heel"]})).find(
        "./MarkerSet/objects/Marker"
    )

    assert markers_of.get("name") == "right_heel"
    assert markers_of.findtext("socket_parent_frame") == "/bodyset/calcn_r"
    assert tuple(map(float, markers_of.findtext("location").split())) == LANDMARKS.places["right_heel"].at


def test_every_marker_of_the_setups_is_in_the_marker_set_and_in_the_file(folder: Path) -> None:
    export(folder, folder / "opensim")
    made = folder / "opensim"
    placed = {one.get("name") for one in root_of(made / "clip_marker_set.xml").iter("Marker")}
    tracked = {one.get("name") for one in root_of(made / "clip_ik.xml").iter("IKMarkerTask")}
    measured = {name for one in root_of(made / "clip_scaling.xml").iter("markers") for name in one.text.split()}

    assert placed == tracked == set(standing()[0])
    assert measured <= placed


def test_files_named_in_the_setups_are_beside_them_or_made_by_them(folder: Path) -> None:
    export(folder, folder / "opensim")
    made = folder / "opensim"
    scaling, kinematics = root_of(made / "clip_scaling.xml"), root_of(made / "clip_ik.xml")

    for root, tags in ((scaling, ("model_file", "marker_set_file", "marker_file")), (kinematics, ("marker_file",))):
        assert all((made / root.find(f".//{tag}").text).exists() for tag in tags)
    assert scaling.find(".//output_model_file").text == kinematics.find(".//model_file").text


def test_inverse_kinematics_covers_the_clip(folder: Path) -> None:
    export(folder, folder / "opensim")

    times = root_of(folder / "opensim" / "clip_ik.xml").findtext(".//time_range")
    assert tuple(map(float, times.split())) == pytest.approx((0, 29 / RATE))


def test_only_coordinates_that_the_model_has_are_held(folder: Path) -> None:
    export(folder, folder / "opensim")

    held = {one.get("name") for one in root_of(folder / "opensim" / "clip_ik.xml").iter("IKCoordinateTask")}
    assert held <= read_model(None).coordinates
    assert "L5_S1_Flex_Ext" in held


@pytest.mark.parametrize(("given", "known", "wanted"), [(None, None, 75.1645), (None, 60.0, 60.0), (80.0, 60.0, 80.0)])
def test_the_mass_is_the_one_given_else_the_subjects_else_the_models(
    tmp_path: Path, given: float | None, known: float | None, wanted: float
) -> None:
    points, still = standing()
    source = results(tmp_path / "out", np.repeat(still[None], 30, axis=0), points, mass=known)

    made = export(source, tmp_path / "to", mass=given)

    assert float(root_of(tmp_path / "to" / "clip_scaling.xml").findtext(".//mass")) == pytest.approx(wanted, abs=1e-3)
    assert any("mass" in note for note in made.notes) == (given is None and known is None)


@pytest.mark.parametrize("mass", [0.0, 1000.0, float("nan")])
def test_a_mass_that_nobody_has_is_refused(folder: Path, mass: float) -> None:
    with pytest.raises(InputError, match="kilograms"):
        export(folder, folder / "opensim", mass=mass)


def test_markers_of_no_table_are_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="landmarks, augmented"):
        export(folder, folder / "opensim", markers="others")


def test_a_folder_without_an_account_is_refused(folder: Path) -> None:
    (folder / "provenance.json").unlink()

    with pytest.raises(InputError, match="posedetector analyze"):
        export(folder, folder / "opensim")


def test_the_command_says_how_to_run_what_it_wrote(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["export-opensim", "--input", str(folder)])

    said = capsys.readouterr()
    assert "opensim-cmd run-tool clip_scaling.xml" in said.err
    assert all(Path(line).exists() for line in said.out.splitlines())


@pytest.mark.skipif(find_spec("opensim") is not None, reason="opensim is installed")
def test_running_without_the_package_is_refused_and_writes_nothing(folder: Path) -> None:
    with pytest.raises(InputError, match="uv run --extra opensim"):
        export(folder, folder / "opensim", run=True)

    assert not (folder / "opensim").exists()


# ---- OpenSim itself

# Moves a model (shipped, or scaled by a factor) and writes where the markers are.
_GENERATE = """
import json, sys, opensim
opensim.Logger.setLevelString("error")
job = json.loads(sys.stdin.read())
model = opensim.Model(job["model"])
state = model.initSystem()
if job["factor"] != 1:
    scales = opensim.ScaleSet()
    for body in model.getBodySet():
        one = opensim.Scale(); one.setSegmentName(body.getName()); one.setScaleFactors(opensim.Vec3(job["factor"])); one.setApply(True)
        scales.cloneAndAppend(one)
    model.scale(state, scales, True)
    state = model.initSystem()
frames = []
for frame in job["frames"]:
    for name, value in frame.items():
        model.getCoordinateSet().get(name).setValue(state, value, False)
    model.realizePosition(state)
    frames.append([])
    for body, at in job["places"]:
        place = opensim.Vec3(*(job["factor"] * one for one in at))
        found = model.getBodySet().get(body).findStationLocationInGround(state, place)
        frames[-1].append([found.get(axis) for axis in range(3)])
print("FOUND" + json.dumps(frames))
"""


def moved(
    table: MarkerTable, frames: list[dict[str, float]], factor: float, tmp_path: Path
) -> tuple[tuple[str, ...], Array]:
    """Where a table's markers are on the shipped model in these postures (radians, metres): names (M,), metres (T, M, 3)."""
    model = read_model(None)
    (tmp_path / "model.osim").write_bytes(model.text)
    places = {name: place for name, place in model.place(table).items() if "big_toe" not in name}
    job = {
        "model": str(tmp_path / "model.osim"),
        "factor": factor,
        "frames": frames,
        "places": [(place.body, place.at) for place in places.values()],
    }
    ran = subprocess.run(
        [sys.executable, "-c", _GENERATE],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    found = next(line for line in ran.stdout.splitlines() if line.startswith("FOUND"))
    return tuple(places), np.array(json.loads(found.removeprefix("FOUND")))


STILL = 10
MOVED = (
    "hip_flexion",
    "hip_adduction",
    "hip_rotation",
    "knee_angle",
    "ankle_angle",
    "arm_flex",
    "arm_add",
    "elbow_flex",
)


def walking(count: int) -> list[dict[str, float]]:
    """A third of a second of standing, then postures that markers show: what they hardly show stays at its default."""
    phase = np.linspace(0, 2 * np.pi, count)
    still = ("pelvis_tilt", "pelvis_list", "pelvis_rotation", "L5_S1_Lat_Bending", "L5_S1_axial_rotation")
    still += tuple(f"{name}_{side}" for name in MOVED for side in "rl")
    frames = [dict.fromkeys(still, 0.0) | {"pelvis_tx": 0.0, "pelvis_ty": 0.93} for _ in range(STILL)]
    for one in phase:
        frame = {"pelvis_tx": 0.2 * one, "pelvis_ty": 0.93, "pelvis_rotation": 0.5, "pelvis_list": 0.05 * np.sin(one)}
        frame |= {
            "pelvis_tilt": -0.1,
            "L5_S1_Lat_Bending": 0.05 * np.cos(one),
            "L5_S1_axial_rotation": 0.1 * np.sin(one),
        }
        for side, shift in (("r", 0.0), ("l", np.pi)):
            frame |= {
                f"hip_flexion_{side}": 0.2 + 0.5 * np.sin(one + shift),
                f"hip_adduction_{side}": 0.05 * np.cos(one + shift),
                f"hip_rotation_{side}": 0.1,
                f"knee_angle_{side}": 0.5 + 0.4 * np.cos(one + shift),
                f"ankle_angle_{side}": 0.2 * np.sin(one + shift),
                f"arm_flex_{side}": 0.4 * np.sin(one - shift),
                f"arm_add_{side}": -0.3,
                f"elbow_flex_{side}": 0.8 + 0.3 * np.sin(one),
            }
        frames.append(frames[0] | {name: float(value) for name, value in frame.items()})
    return frames


# the augmented markers do not weigh enough on the arms for OpenSim's solver to go on: it stops up to 2° short there
SHOWN = (
    "pelvis_tilt",
    "pelvis_list",
    "pelvis_rotation",
    "hip_flexion_r",
    "hip_adduction_l",
    "knee_angle_r",
    "knee_angle_l",
)
SHOWN += ("ankle_angle_r", "ankle_angle_l", "hip_rotation_r")


@needs_opensim
@pytest.mark.parametrize("factor", [1.0, 0.9])
@pytest.mark.parametrize("name", TABLES)
def test_a_known_movement_comes_back_within_half_a_degree(tmp_path: Path, name: str, factor: float) -> None:
    frames = walking(12)
    names, xyz = moved(TABLES[name], frames, factor, tmp_path)
    source = results(tmp_path / "out", xyz, names)

    made = export(source, tmp_path / "to", markers=name, run=True)

    found = motion(tmp_path / "to" / "clip_ik.mot")
    for coordinate in (*SHOWN, *(["elbow_flex_r"] if name == "landmarks" else [])):
        known = np.degrees([frame[coordinate] for frame in frames])
        assert np.abs(found[coordinate] - known).max() < 0.5, coordinate
    assert made.marker_error < 0.005


@needs_opensim
def test_missing_markers_and_frames_leave_the_rest_as_it_is(tmp_path: Path) -> None:
    frames = walking(12)
    names, xyz = moved(LANDMARKS, frames, 1.0, tmp_path)
    xyz[15] = np.nan
    xyz[14:, names.index("left_wrist")] = np.nan
    xyz[14:, names.index("right_heel")] = np.nan

    export(results(tmp_path / "out", xyz, names), tmp_path / "to", run=True)

    found = motion(tmp_path / "to" / "clip_ik.mot")
    kept = [row for row in range(len(frames)) if row != 15]
    known = np.degrees([frames[row]["knee_angle_l"] for row in kept])
    assert np.allclose(found["time"] * RATE, kept, atol=1e-3)
    assert np.abs(found["knee_angle_l"] - known).max() < 0.5


@needs_opensim
def test_the_scaled_model_has_the_persons_size_and_mass(tmp_path: Path) -> None:
    names, xyz = moved(LANDMARKS, walking(12), 0.9, tmp_path)

    export(results(tmp_path / "out", xyz, names, mass=55.0), tmp_path / "to", run=True)

    scaled, generic = read_model(tmp_path / "to" / "clip_scaled.osim"), ET.fromstring(read_model(None).text)
    assert scaled.mass == pytest.approx(55, abs=1e-3)
    for joint in ("ankle_r", "walker_knee_l", "elbow_r", "back"):
        path = f".//JointSet/objects/*[@name='{joint}']/frames/PhysicalOffsetFrame/translation"
        size, own = (
            np.linalg.norm(np.array(root.find(path).text.split(), float))
            for root in (ET.fromstring(scaled.text), generic)
        )
        assert size / own == pytest.approx(0.9, abs=0.01), joint


@needs_opensim
def test_what_opensim_cannot_run_is_said_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_text("<OpenSimDocument Version='40000'><ScaleTool name='x'/></OpenSimDocument>")

    with pytest.raises(PosedetectorError, match=r"ScaleTool wrote no none\.osim"):
        run_tool("ScaleTool", tmp_path / "bad.xml", tmp_path / "none.osim")


@needs_opensim
def test_the_sample_clip_becomes_a_motion(command: Callable[..., Done], tmp_path: Path) -> None:
    sample = (
        "--video",
        Path(__file__).parents[1] / "data" / "samples" / "walk_side.mp4",
        "--height",
        1.65,
        "--mass",
        60,
    )
    done = command("analyze", *sample, "--formats", "trc", "--no-overlay", "--output-dir", tmp_path / "out")
    assert done.status == 0, done.errors

    made = export(tmp_path / "out", tmp_path / "to", run=True)

    found = motion(tmp_path / "to" / "walk_side_ik.mot")
    assert all(np.isfinite(column).all() for column in found.values())
    assert np.ptp(found["time"]) > 4
    for side in "rl":  # walking: 60° or so of knee in swing, 40° of hip (Winter 1991)
        assert 40 < np.ptp(found[f"knee_angle_{side}"]) < 90
        assert 25 < np.ptp(found[f"hip_flexion_{side}"]) < 80
    assert made.marker_error < 0.05
    assert not any("mass" in note for note in made.notes)
