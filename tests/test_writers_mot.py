"""MOT: OpenSim's names, signs and units; read back by hand, and by OpenSim where it is installed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from posedetector.pose import Array
from posedetector.trial import Trial
from posedetector.writers.mot import largest_whole_part, write_mot
from posedetector.writers.trc import write_trc
from studied import over, with_angles

PATH = ["pelvis_tx", "pelvis_ty", "pelvis_tz"]
NONE = {"pelvis_rotation": 0.0, "pelvis_obliquity": 0.0, "pelvis_tilt": 0.0}


def read(path: Path) -> tuple[list[str], dict[str, list[float]]]:
    """Return the header's lines and the columns."""
    lines = path.read_text(encoding="utf-8").splitlines()
    end = lines.index("endheader")
    names = lines[end + 1].split("\t")
    rows = [[float(cell) for cell in line.split("\t")] for line in lines[end + 2 :]]
    return lines[:end], {name: [row[column] for row in rows] for column, name in enumerate(names)}


def written(trial: Trial, folder: Path) -> dict[str, list[float]]:
    write_mot(trial, folder / "a.mot")
    return read(folder / "a.mot")[1]


@pytest.fixture
def clip(trial: Trial) -> Trial:
    return over(trial, np.arange(4) / 10)


def test_the_header_has_counts_units_and_frame(clip: Trial, tmp_path: Path) -> None:
    write_mot(with_angles(clip, left_knee_flexion=10.0), tmp_path / "a.mot")
    header, _ = read(tmp_path / "a.mot")

    assert header[:5] == ["knees", "version=1", "nRows=4", "nColumns=5", "inDegrees=yes"]
    assert any(line.startswith("Units are degrees, metres") for line in header)
    assert any("laboratory: X forward" in line for line in header)


def test_the_pelvis_travels_with_the_middle_of_the_hips(clip: Trial, tmp_path: Path) -> None:
    columns = written(clip, tmp_path)

    assert list(columns) == ["time", *PATH]
    assert [columns[name][2] for name in columns] == [0.2, 0.5, 1.0, 1.5]


@pytest.mark.parametrize(
    ("angle", "coordinate", "sign"),
    [
        ("left_hip_flexion", "hip_flexion_l", 1),
        ("right_hip_adduction", "hip_adduction_r", 1),
        ("right_knee_flexion", "knee_angle_r", 1),
        ("left_ankle_dorsiflexion", "ankle_angle_l", 1),
        ("right_shoulder_flexion", "arm_flex_r", 1),
        ("left_shoulder_abduction", "arm_add_l", -1),
        ("left_elbow_flexion", "elbow_flex_l", 1),
    ],
)
def test_a_joints_angle_has_opensims_name_and_sign(
    angle: str, coordinate: str, sign: int, clip: Trial, tmp_path: Path
) -> None:
    columns = written(with_angles(clip, **{angle: 25.0}), tmp_path)

    assert set(columns) == {"time", *PATH, coordinate}
    assert columns[coordinate] == pytest.approx([sign * 25.0] * 4)


@pytest.mark.parametrize(
    ("angle", "coordinate", "sign"),
    [
        ("pelvis_tilt", "pelvis_tilt", -1),  # ours forward, OpenSim's backward
        ("pelvis_obliquity", "pelvis_list", -1),  # ours right side up, OpenSim's right side down
        ("pelvis_rotation", "pelvis_rotation", 1),  # both to the left
    ],
)
def test_the_pelvis_turns_as_opensims_does(angle: str, coordinate: str, sign: int, clip: Trial, tmp_path: Path) -> None:
    columns = written(with_angles(clip, **{**NONE, angle: 12.0}), tmp_path)

    expected = {"pelvis_tilt": 0.0, "pelvis_list": 0.0, "pelvis_rotation": 0.0, coordinate: sign * 12.0}
    assert {name: columns[name][0] for name in expected} == pytest.approx(expected, abs=1e-5)


def test_the_pelvis_of_somebody_who_walks_across_the_picture_keeps_its_orientation(clip: Trial, tmp_path: Path) -> None:
    ours = with_angles(clip, pelvis_rotation=80.0, pelvis_obliquity=-4.0, pelvis_tilt=11.0)
    columns = written(ours, tmp_path)
    theirs = [columns[name][0] for name in ("pelvis_tilt", "pelvis_list", "pelvis_rotation")]

    expected = Rotation.from_euler("YXZ", [80, 4, -11], degrees=True)
    assert (Rotation.from_euler("ZXY", theirs, degrees=True) * expected.inv()).magnitude() < 1e-6


def test_somebody_who_turns_round_turns_on_without_a_jump(trial: Trial, tmp_path: Path) -> None:
    turn = np.linspace(0, 400, 41)
    columns = written(with_angles(over(trial, np.arange(41) / 10), **{**NONE, "pelvis_rotation": turn}), tmp_path)

    assert columns["pelvis_rotation"] == pytest.approx(turn, abs=1e-5)


def test_the_back_is_the_trunk_in_the_pelvis(clip: Trial, tmp_path: Path) -> None:
    trunk = {"trunk_rotation": 50.0, "trunk_side_bend": 0.0, "trunk_flexion": 30.0}
    columns = written(
        with_angles(clip, pelvis_rotation=50.0, pelvis_obliquity=0.0, pelvis_tilt=10.0, **trunk), tmp_path
    )

    back = {name: columns[f"lumbar_{name}"][0] for name in ("extension", "bending", "rotation")}
    assert back == pytest.approx({"extension": -20, "bending": 0, "rotation": 0}, abs=1e-5)


def test_an_angle_that_is_missing_throughout_is_left_out(clip: Trial, tmp_path: Path) -> None:
    columns = written(with_angles(clip, left_knee_flexion=np.nan, right_knee_flexion=1.0), tmp_path)

    assert list(columns) == ["time", *PATH, "knee_angle_r"]


def test_a_frame_that_lacks_an_angle_is_left_out(clip: Trial, tmp_path: Path) -> None:
    columns = written(with_angles(clip, left_knee_flexion=[1.0, np.nan, 3.0, 4.0]), tmp_path)

    assert columns["time"] == [0.0, 0.2, 0.3]
    assert columns["knee_angle_l"] == pytest.approx([1, 3, 4])


def test_an_angle_that_is_mostly_missing_gives_way_to_the_frames_and_is_named(clip: Trial, tmp_path: Path) -> None:
    rare = with_angles(clip, left_knee_flexion=[1.0, np.nan, np.nan, np.nan], right_knee_flexion=2.0)
    write_mot(rare, tmp_path / "a.mot")
    header, columns = read(tmp_path / "a.mot")

    assert list(columns) == ["time", *PATH, "knee_angle_r"]
    assert len(columns["time"]) == 4
    assert any(line.endswith("missing too often: knee_angle_l.") for line in header)


@pytest.mark.parametrize(
    ("known", "columns", "rows"),
    [
        ([[1, 1], [1, 1]], [1, 1], [1, 1]),
        ([[1, 0], [1, 0], [1, 1]], [1, 0], [1, 1, 1]),
        ([[0, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]], [1, 1, 1], [0, 1, 1, 1]),
        ([[0, 0], [0, 0]], [0, 0], [0, 0]),
    ],
)
def test_the_largest_whole_part_is_kept(known: list[list[int]], columns: list[int], rows: list[int]) -> None:
    kept = largest_whole_part(np.array(known, bool))

    assert [one.astype(int).tolist() for one in kept] == [columns, rows]


def test_nothing_known_leaves_a_file_without_rows(clip: Trial, tmp_path: Path) -> None:
    lost = replace(clip, pose=replace(clip.pose, root=np.full((4, 3), np.nan)))

    assert written(lost, tmp_path) == {"time": []}


@pytest.fixture
def opensim():
    module = pytest.importorskip("opensim", reason="OpenSim is in the extra `opensim`; its own reading is not checked")
    module.Logger.setLevelString("off")
    return module


def holed(trial: Trial) -> Trial:
    return with_angles(over(trial, [0.0, 0.1, 0.25, 0.3]), left_knee_flexion=[10.0, np.nan, 30.0, 40.0])


def test_opensims_table_reads_the_motion(opensim, trial: Trial, tmp_path: Path) -> None:
    write_mot(holed(trial), tmp_path / "a.mot")
    table = opensim.TimeSeriesTable(str(tmp_path / "a.mot"))

    assert list(table.getIndependentColumn()) == [0.0, 0.25, 0.3]
    assert list(table.getColumnLabels()) == [*PATH, "knee_angle_l"]
    assert table.getDependentColumn("knee_angle_l").to_numpy() == pytest.approx([10, 30, 40])


def test_opensims_storage_reads_the_motion_to_its_end_and_in_degrees(opensim, trial: Trial, tmp_path: Path) -> None:
    write_mot(holed(trial), tmp_path / "a.mot")
    storage, values = opensim.Storage(str(tmp_path / "a.mot")), opensim.ArrayDouble()
    storage.getDataColumn("knee_angle_l", values)

    assert storage.isInDegrees()
    assert [values.get(row) for row in range(values.getSize())] == pytest.approx([10, 30, 40])


def test_opensim_reads_the_markers_with_their_holes(opensim, trial: Trial, tmp_path: Path) -> None:
    write_trc(trial, tmp_path / "a.trc")
    markers: Array = opensim.TimeSeriesTableVec3(str(tmp_path / "a.trc"))

    assert list(markers.getColumnLabels()) == ["left_knee", "right_knee"]
    assert markers.getDependentColumn("left_knee")[1].to_numpy() == pytest.approx([1.2, 2.2, 3.3])
    assert np.isnan(markers.getDependentColumn("right_knee")[1].to_numpy()).all()
