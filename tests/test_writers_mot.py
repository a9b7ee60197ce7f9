"""MOT: OpenSim's names, signs and units; read back by hand, and by OpenSim where it is installed."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from figures import WITH_SPINES, figure, pose_of, turn
from posedetector.pose import Array, Source
from posedetector.skeletons import BLAZEPOSE_33, Skeleton
from posedetector.trial import Trial
from posedetector.writers.mot import largest_stretch, notes_on_motion, write_mot
from posedetector.writers.trc import write_trc
from studied import over, posed, with_angles

PATH = ["pelvis_tx", "pelvis_ty", "pelvis_tz"]


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
    ("angle", "coordinate"),
    [
        ("left_hip_flexion", "hip_flexion_l"),
        ("right_hip_adduction", "hip_adduction_r"),
        ("left_hip_rotation", "hip_rotation_l"),
        ("right_knee_flexion", "knee_angle_r"),
        ("left_ankle_dorsiflexion", "ankle_angle_l"),
        ("left_elbow_flexion", "elbow_flex_l"),
    ],
)
def test_a_joints_angle_has_opensims_name(angle: str, coordinate: str, clip: Trial, tmp_path: Path) -> None:
    columns = written(with_angles(clip, **{angle: 25.0}), tmp_path)

    assert set(columns) == {"time", *PATH, coordinate}
    assert columns[coordinate] == pytest.approx([25.0] * 4)


# Signs of the figure's turns in OpenSim's words, about Z, X and Y of the body before: what is positive is said beside them.
TURNS = [
    ({"pelvis_tilt": 12.0}, {"pelvis_tilt": -12.0, "lumbar_extension": 0.0}),  # forwards; backwards
    ({"pelvis_obliquity": 12.0}, {"pelvis_list": 12.0}),  # both: left side up
    ({"pelvis_rotation": 12.0}, {"pelvis_rotation": 12.0}),  # both: to the left
    ({"bend_on_pelvis": 12.0}, {"lumbar_bending": 12.0, "pelvis_list": 0.0}),  # both: to the right
    ({"trunk_rotation": 12.0}, {"lumbar_rotation": 12.0, "pelvis_rotation": 0.0}),  # both: to the left
    ({"left_shoulder_flexion": 40.0}, {"arm_flex_l": 40.0, "arm_flex_r": 0.0}),  # both: forwards
    ({"left_shoulder_abduction": 40.0}, {"arm_add_l": -40.0, "arm_add_r": 0.0}),  # outwards; inwards
    ({"right_shoulder_abduction": 40.0}, {"arm_add_r": -40.0, "arm_add_l": 0.0}),
    ({"right_hip_adduction": 20.0}, {"hip_adduction_r": 20.0, "hip_adduction_l": 0.0}),  # both: inwards
    ({"left_hip_adduction": 20.0}, {"hip_adduction_l": 20.0, "hip_adduction_r": 0.0}),
    ({"left_hip_rotation": 15.0}, {"hip_rotation_l": 15.0, "hip_rotation_r": 0.0}),  # both: inwards
    ({"right_knee_flexion": 80.0}, {"knee_angle_r": 80.0, "knee_angle_l": 40.0}),
    ({"left_ankle_dorsiflexion": 10.0}, {"ankle_angle_l": 10.0, "ankle_angle_r": 0.0}),
    ({"right_elbow_flexion": 80.0}, {"elbow_flex_r": 80.0, "elbow_flex_l": 40.0}),
]
# so that nothing is hidden: bent knees and elbows show how thighs and arms are turned
BENT = {f"{side}_{joint}_flexion": 40.0 for side in ("left", "right") for joint in ("knee", "elbow")}


def figured(trial: Trial, *postures: dict[str, float], skeleton: Skeleton = WITH_SPINES) -> Trial:
    """Return the trial with a figure that takes these postures one after the other."""
    return posed(trial, pose_of(np.stack([figure(one, skeleton) for one in postures]), skeleton))


@pytest.mark.parametrize(("angles", "expected"), TURNS)
def test_a_turn_of_the_body_has_opensims_name_and_sign(
    angles: dict[str, float], expected: dict[str, float], trial: Trial, tmp_path: Path
) -> None:
    columns = written(figured(trial, {**BENT, **angles}), tmp_path)

    assert {name: columns[name][0] for name in expected} == pytest.approx(expected, abs=1e-4)


BELOW = ("hip", "knee", "ankle", "heel", "foot_index", "asis", "psis")


def leaning_back(body: Array, degrees: float) -> Array:
    """Return a figure's points (J, 3) with all above the hips turned backwards about them."""
    above = [WITH_SPINES.index(name) for name in WITH_SPINES.points if not name.endswith(BELOW)]
    hips = body[WITH_SPINES.indices("left_hip", "right_hip")].mean(axis=0)
    turned = body.copy()
    turned[above] = hips + (body[above] - hips) @ turn("Z", degrees).T
    return turned


def test_the_back_is_extended_backwards_where_the_pelvis_shows(trial: Trial, tmp_path: Path) -> None:
    columns = written(posed(trial, pose_of(leaning_back(figure({}, WITH_SPINES), 15.0), WITH_SPINES)), tmp_path)

    assert (columns["lumbar_extension"][0], columns["pelvis_tilt"][0]) == pytest.approx((15, 0), abs=1e-4)


def test_without_iliac_spines_the_pelvis_leans_with_the_trunk(trial: Trial, tmp_path: Path) -> None:
    body = leaning_back(figure({}, WITH_SPINES), 15.0)[: len(BLAZEPOSE_33)]
    columns = written(posed(trial, pose_of(body)), tmp_path)

    assert (columns["lumbar_extension"][0], columns["pelvis_tilt"][0]) == pytest.approx((0, 15), abs=1e-4)


@pytest.mark.parametrize(
    ("skeleton", "told"), [(BLAZEPOSE_33, True), (WITH_SPINES, False)], ids=lambda one: str(one)[:9]
)
def test_a_bend_of_the_back_that_is_not_seen_is_said_to_be_set(
    skeleton: Skeleton, told: bool, trial: Trial, tmp_path: Path
) -> None:
    write_mot(figured(trial, {}, skeleton=skeleton), tmp_path / "a.mot")
    header, _ = read(tmp_path / "a.mot")

    assert any("lumbar_extension is set to 0" in line for line in header) == told


def test_nought_has_no_minus(trial: Trial, tmp_path: Path) -> None:
    write_mot(figured(trial, {"pelvis_rotation": 30.0}), tmp_path / "a.mot")

    assert "-0.000000" not in (tmp_path / "a.mot").read_text(encoding="utf-8")


@pytest.mark.parametrize("heading", [0.0, 80.0, -170.0])
def test_a_pelvis_that_is_turned_thrice_is_split_in_opensims_order(
    heading: float, trial: Trial, tmp_path: Path
) -> None:
    posture = {"pelvis_rotation": heading, "pelvis_obliquity": -4.0, "pelvis_tilt": 11.0}
    columns = written(figured(trial, posture), tmp_path)
    theirs = [columns[name][0] for name in ("pelvis_tilt", "pelvis_list", "pelvis_rotation")]

    expected = Rotation.from_euler("YXZ", [heading, -4, -11], degrees=True)
    assert (Rotation.from_euler("ZXY", theirs, degrees=True) * expected.inv()).magnitude() < 1e-5


@pytest.mark.parametrize("side", ["left", "right"])
def test_an_arm_that_is_lifted_aslant_is_split_in_opensims_order(side: str, trial: Trial, tmp_path: Path) -> None:
    posture = {f"{side}_shoulder_flexion": 50.0, f"{side}_shoulder_abduction": 35.0, f"{side}_elbow_flexion": 60.0}
    columns = written(figured(trial, posture, skeleton=BLAZEPOSE_33), tmp_path)
    sign, short = (1, "r") if side == "right" else (-1, "l")
    theirs = np.array([columns[f"arm_{name}_{short}"][0] for name in ("flex", "add", "rot")]) * [1, sign, sign]

    # towards the front by 50°, outwards by 35°: one turn about the axis across both
    expected = Rotation.from_rotvec(np.radians([-sign * 35.0, 0.0, 50.0]))
    assert (Rotation.from_euler("ZXY", theirs, degrees=True) * expected.inv()).magnitude() < 1e-5


def test_how_an_arm_bent_by_less_than_30_degrees_is_turned_about_its_length_is_not_told(
    trial: Trial, tmp_path: Path
) -> None:
    columns = written(figured(trial, {"left_elbow_flexion": 29.5, "right_elbow_flexion": 30.5}), tmp_path)

    assert "arm_rot_r" in columns
    assert "arm_rot_l" not in columns


def test_somebody_who_turns_round_turns_on_without_a_jump(trial: Trial, tmp_path: Path) -> None:
    headings = np.linspace(0, 400, 41)
    columns = written(figured(trial, *({"pelvis_rotation": one} for one in headings)), tmp_path)

    assert columns["pelvis_rotation"] == pytest.approx(headings, abs=1e-4)


def test_an_angle_that_is_missing_throughout_is_left_out(clip: Trial, tmp_path: Path) -> None:
    columns = written(with_angles(clip, left_knee_flexion=np.nan, right_knee_flexion=1.0), tmp_path)

    assert list(columns) == ["time", *PATH, "knee_angle_r"]


def thirty(trial: Trial, rows: int, /, **degrees: ArrayLike) -> Trial:
    """A clip at 30 Hz; left knee and elbow run from 0 in steps of 1°, unless they are given."""
    ramp = np.arange(rows, dtype=float)
    return with_angles(over(trial, ramp / 30), **{"left_knee_flexion": ramp, "left_elbow_flexion": ramp} | degrees)


def lacking(rows: int, *missing: int) -> Array:
    """0, 1, 2, … without these."""
    values = np.arange(rows, dtype=float)
    values[list(missing)] = np.nan
    return values


def said(trial: Trial) -> list[str]:
    """Return the notes, but for that on what the file has not: the trial is of two knees."""
    return [f"{note.severity}: {note.text}" for note in notes_on_motion(trial) if "has no" not in note.text]


def test_an_arm_that_is_not_seen_costs_no_row_and_is_filled_in(trial: Trial, tmp_path: Path) -> None:
    clip = thirty(trial, 12, left_elbow_flexion=10 * lacking(12, 0, 4, 5, 6, 7, 11))
    write_mot(clip, tmp_path / "a.mot")
    header, columns = read(tmp_path / "a.mot")

    assert columns["time"] == pytest.approx(np.arange(12) / 30, abs=1e-6)
    assert columns["knee_angle_l"] == pytest.approx(range(12))
    assert columns["elbow_flex_l"] == pytest.approx([10, *range(10, 110, 10), 100])
    assert any(line.endswith("not seen but filled in: elbow_flex_l at 0.00, 0.13–0.23, 0.37 s.") for line in header)


def test_values_that_stand_in_are_noted_as_such(trial: Trial) -> None:
    (told,) = said(thirty(trial, 12, left_elbow_flexion=lacking(12, 4, 5, 6, 7)))

    assert told.startswith(
        "info: knees.mot: not seen but filled in: elbow_flex_l at 0.13–0.23 s. These values stand in"
    )


def test_coordinates_that_are_missing_at_the_same_times_are_named_together(trial: Trial) -> None:
    values = lacking(12, 4)
    (told,) = said(thirty(trial, 12, left_elbow_flexion=values, right_elbow_flexion=values))

    assert "elbow_flex_r, elbow_flex_l at 0.13 s." in told


@pytest.mark.parametrize(("missing", "there"), [(6, True), (7, False)])
def test_an_arm_that_is_missing_in_more_than_half_of_the_frames_has_no_column(
    missing: int, there: bool, trial: Trial, tmp_path: Path
) -> None:
    clip = thirty(trial, 12, left_elbow_flexion=lacking(12, *range(missing)))
    write_mot(clip, tmp_path / "a.mot")
    header, columns = read(tmp_path / "a.mot")
    lost = any("missing too often:" in line and "elbow_flex_l" in line for line in header)
    noted = any("knees.mot has no" in note.text and "elbow_flex_l" in note.text for note in notes_on_motion(clip))

    assert ("elbow_flex_l" in columns, lost, noted) == (there, not there, not there)
    assert len(columns["time"]) == 12


def test_a_leg_that_is_missing_for_a_tenth_of_a_second_is_filled_in_and_named(trial: Trial, tmp_path: Path) -> None:
    clip = thirty(trial, 12, left_knee_flexion=lacking(12, 4, 5, 6))

    assert written(clip, tmp_path)["knee_angle_l"] == pytest.approx(range(12))
    assert "knee_angle_l at 0.13–0.20 s" in said(clip)[0]


def test_a_leg_that_is_missing_for_longer_leaves_the_longest_stretch_without_a_gap(
    trial: Trial, tmp_path: Path
) -> None:
    clip = thirty(trial, 20, left_knee_flexion=lacking(20, 5, 6, 7, 8))
    write_mot(clip, tmp_path / "a.mot")
    header, columns = read(tmp_path / "a.mot")

    assert columns["time"] == pytest.approx(np.arange(9, 20) / 30, abs=1e-6)
    assert columns["knee_angle_l"] == pytest.approx(range(9, 20))
    assert "Written are 11 of 20 frames." in header
    assert any(
        line.startswith("It holds 0.30–0.63 s of 0.00–0.63 s, the longest stretch without a gap (knee_angle_l")
        for line in header
    )


def test_what_is_left_out_of_the_legs_is_a_caution_that_says_what_to_do(trial: Trial) -> None:
    (told,) = said(thirty(trial, 20, left_knee_flexion=lacking(20, 5, 6, 7, 8)))

    assert told.startswith(
        "caution: knees.mot: it holds 0.30–0.63 s of 0.00–0.63 s, the longest stretch without a gap (knee_angle_l unknown between)"
    )
    assert told.endswith("--start and --end analyse another stretch alone")


def test_a_subject_who_comes_and_leaves_costs_nothing_and_is_no_caution(trial: Trial) -> None:
    (told,) = said(thirty(trial, 20, left_knee_flexion=lacking(20, 0, 1, 2, 3, 4, 19)))

    assert told == "info: knees.mot: it holds 0.17–0.60 s of 0.00–0.63 s, where pelvis and legs are known"


def test_frames_that_the_clip_lacks_are_a_gap_too(trial: Trial, tmp_path: Path) -> None:
    time = [0.0, 0.1, 0.2, 0.9, 1.0, 1.1, 1.2]
    clip = with_angles(over(trial, time), left_knee_flexion=1.0)

    assert written(clip, tmp_path)["time"] == time[3:]
    assert "(frames are missing between)" in said(clip)[0]


def test_a_clip_that_is_known_throughout_is_not_talked_about(trial: Trial) -> None:
    assert said(thirty(trial, 12)) == []


def test_a_turn_that_a_straight_leg_hides_is_no_note(trial: Trial, tmp_path: Path) -> None:
    clip = thirty(trial, 12, left_hip_rotation=lacking(12, 4, 5, 6, 7), right_hip_rotation=lacking(12, *range(9)))

    assert "hip_rotation_l" in written(clip, tmp_path)
    assert said(clip) == []


def test_an_angle_of_the_legs_that_would_cost_half_of_the_frames_gives_way_and_is_named(
    clip: Trial, tmp_path: Path
) -> None:
    rare = with_angles(clip, left_knee_flexion=[1.0, np.nan, np.nan, np.nan], right_knee_flexion=2.0)
    write_mot(rare, tmp_path / "a.mot")
    header, columns = read(tmp_path / "a.mot")

    assert list(columns) == ["time", *PATH, "knee_angle_r"]
    assert len(columns["time"]) == 4
    assert any("missing too often:" in line and "knee_angle_l" in line for line in header)


@pytest.mark.parametrize(
    ("known", "columns", "rows"),
    [
        (["11", "11"], "11", (0, 2)),
        (["10", "10", "11"], "10", (0, 3)),
        (["10", "10", "11", "11"], "11", (2, 4)),  # half of the longest is enough
        (["01", "11", "11", "00", "11"], "11", (1, 3)),
        (["00", "00"], "00", (0, 0)),
    ],
)
def test_the_longest_stretch_is_kept_with_as_many_columns_as_leave_half_of_it(
    known: list[str], columns: str, rows: tuple[int, int]
) -> None:
    table = np.array([list(row) for row in known]) == "1"
    kept, stretch = largest_stretch(np.arange(len(known)) * 1.0, table)

    assert ("".join("01"[int(keep)] for keep in kept), (stretch.start, stretch.stop)) == (columns, rows)


def test_nothing_known_leaves_a_file_without_rows(clip: Trial, tmp_path: Path) -> None:
    lost = replace(clip, pose=replace(clip.pose, root=np.full((4, 3), np.nan)))

    assert written(lost, tmp_path) == {"time": []}


@pytest.fixture
def opensim():
    module = import_module("opensim")
    module.Logger.setLevelString("off")
    return module


def holed(trial: Trial) -> Trial:
    """A knee that is missing for 0.13 s after two frames, and an elbow where the rest begins."""
    return thirty(trial, 12, left_knee_flexion=lacking(12, 2, 3, 4, 5), left_elbow_flexion=lacking(12, 6, 7))


@pytest.mark.extra("opensim")
def test_opensims_table_reads_the_motion(opensim, trial: Trial, tmp_path: Path) -> None:
    write_mot(holed(trial), tmp_path / "a.mot")
    table = opensim.TimeSeriesTable(str(tmp_path / "a.mot"))

    assert list(table.getIndependentColumn()) == pytest.approx(np.arange(6, 12) / 30, abs=1e-6)
    assert list(table.getColumnLabels()) == [*PATH, "knee_angle_l", "elbow_flex_l"]
    assert table.getDependentColumn("knee_angle_l").to_numpy() == pytest.approx(range(6, 12))
    assert table.getDependentColumn("elbow_flex_l").to_numpy() == pytest.approx([8, 8, 8, 9, 10, 11])


@pytest.mark.extra("opensim")
def test_opensims_storage_reads_the_motion_to_its_end_and_in_degrees(opensim, trial: Trial, tmp_path: Path) -> None:
    write_mot(holed(trial), tmp_path / "a.mot")
    storage, values = opensim.Storage(str(tmp_path / "a.mot")), opensim.ArrayDouble()
    storage.getDataColumn("knee_angle_l", values)

    assert storage.isInDegrees()
    assert [values.get(row) for row in range(values.getSize())] == pytest.approx(range(6, 12))


@pytest.mark.extra("opensim")
def test_opensim_reads_the_markers_with_their_holes(opensim, trial: Trial, tmp_path: Path) -> None:
    write_trc(trial, tmp_path / "a.trc")
    markers: Array = opensim.TimeSeriesTableVec3(str(tmp_path / "a.trc"))

    assert list(markers.getColumnLabels()) == ["left_knee", "right_knee"]
    assert markers.getDependentColumn("left_knee")[1].to_numpy() == pytest.approx([1.2, 2.2, 3.3])
    assert np.isnan(markers.getDependentColumn("right_knee")[1].to_numpy()).all()


def test_the_header_says_when_points_were_mirrored(trial: Trial, tmp_path: Path) -> None:
    clip = thirty(trial, 12)
    source = clip.pose.source.copy()
    source[3:7, 0] = Source.MIRRORED
    mirrored = replace(clip, pose=replace(clip.pose, source=source))
    said = {}
    for name, one in {"seen": clip, "mirrored": mirrored}.items():
        write_mot(one, tmp_path / f"{name}.mot")
        said[name] = [line for line in read(tmp_path / f"{name}.mot")[0] if "mirrored (--estimate-missing)" in line]

    assert said["seen"] == []
    assert said["mirrored"][0].startswith("At 0.10–0.20 s some points are those of the other side")
