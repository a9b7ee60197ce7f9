"""What kinematics found, in the tables of people who read files: units, order, empty tables."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from changing import edited
from figures import WITH_SPINES, figure, pose_of
from posedetector.kinematics.angles import ANGLES
from posedetector.kinematics.nouns import Cycles, Gait, Grade
from posedetector.pose import Source
from posedetector.skeletons import BLAZEPOSE_33, H36M_17, Skeleton
from posedetector.tables import TABLES, about
from posedetector.trial import Trial
from posedetector.writers.csv import write_csv
from studied import GAIT, SUMMARY, all_found, masses_at, nothing_found, over, posed, with_kinematics

HEADERS = {
    "gait_events": "event side timestamp_s frame_index method methods_agreeing spread_s quality reason",
    "gait_parameters": "quantity side value sd n error_sd low_90 high_90 unit definition quality reason",
    "summary": "quantity side value sd n error_sd low_90 high_90 unit definition quality reason",
    "repetitions": "repetition movement start_s turn_s end_s down_s up_s duration_s depth_m knee_flexion_deg",
    "centre_of_mass": "frame_index timestamp_s x_m y_m z_m frame",
    "segment_masses": "segment share_percent mass_kg source",
}


@pytest.fixture
def found(trial: Trial) -> Trial:
    return all_found(trial)


@pytest.fixture
def rows_of(tmp_path: Path):
    def read(table: str, trial: Trial) -> list[dict[str, str]]:
        write_csv(table, trial, tmp_path / "table.csv")
        with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return read


def header_of(table: str, trial: Trial, folder: Path) -> list[str]:
    write_csv(table, trial, folder / "header.csv")
    lines = (folder / "header.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 or table in {"landmarks", "landmarks_wide", "keypoints_2d", "joint_angles"}
    return lines[0].split(",")


@pytest.mark.parametrize("table", HEADERS)
def test_a_table_of_nothing_has_its_header_and_no_rows(table: str, trial: Trial, tmp_path: Path) -> None:
    assert header_of(table, nothing_found(trial), tmp_path) == HEADERS[table].split()


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_the_same_columns_with_and_without_rows(table: str, found: Trial) -> None:
    names = found.angles.names
    full = Cycles("left", names, np.zeros((1, 101, len(names))), np.zeros(1), np.ones(1))
    both = [with_kinematics(found, gait=Gait("good", "", cycles=cycles)) for cycles in ((), (full,))]
    columns = [list(next(TABLES[table].pieces(one)).columns) for one in both]

    assert columns[0] == columns[1]


def test_events_come_in_order_of_time_with_the_gaits_quality(found: Trial, rows_of) -> None:
    assert [list(row.values()) for row in rows_of("gait_events", found)] == [
        ["initial_contact", "left", "0.500000", "15", "zeni", "2", "0.020000", "doubtful", "few strides"],
        ["foot_off", "right", "61.250000", "1837", "zeni", "1", "", "doubtful", "few strides"],
    ]


def test_quantities_have_the_units_of_files(found: Trial, rows_of) -> None:
    rows = [
        [row[name] for name in ("quantity", "side", "value", "sd", "n", "unit")]
        for row in rows_of("gait_parameters", found)
    ]

    assert rows == [
        ["stride_time", "left", "1.200000", "0.100000", "3", "s"],
        ["cadence", "", "114.000000", "", "1", "steps/min"],
        ["stance_share", "right", "62.000000", "2.000000", "3", "%"],
    ]


def test_quantities_of_doubtful_gait_say_so_in_their_own_file(found: Trial, rows_of) -> None:
    rows = rows_of("gait_parameters", found)

    assert {(row["quality"], row["reason"]) for row in rows} == {("doubtful", "few strides")}


def test_the_summary_is_in_degrees_with_its_definition(found: Trial, rows_of) -> None:
    (row,) = rows_of("summary", found)

    assert (row["value"], row["unit"], row["definition"]) == ("60.000000", "deg", "largest less smallest")


def test_cycles_have_a_row_for_each_percent_of_each(found: Trial, rows_of) -> None:
    rows = rows_of("gait_cycles", found)

    assert [(row["cycle"], float(row["percent"])) for row in rows] == [
        (cycle, percent) for cycle in ("1", "2") for percent in range(101)
    ]


def test_a_cycle_says_its_side_its_times_its_angles_and_their_frame(found: Trial, rows_of) -> None:
    assert rows_of("gait_cycles", found)[-1] == {
        "side": "left",
        "cycle": "2",
        "start_s": "1.500000",
        "end_s": "2.500000",
        "percent": "100.000000",
        "left_knee_flexion_deg": "20.000000",
        "frame": "segments; pelvis, trunk flexion and side bend: laboratory",
    }


def test_the_mean_cycle_has_mean_and_sample_deviation(found: Trial, rows_of) -> None:
    row = rows_of("gait_cycle_means", found)[50]

    assert (row["side"], row["cycles"], float(row["percent"])) == ("left", "2", 50)
    assert float(row["left_knee_flexion_mean_deg"]) == pytest.approx(15)
    assert float(row["left_knee_flexion_sd_deg"]) == pytest.approx(10 / np.sqrt(2), abs=1e-6)


def test_the_mean_cycle_has_the_fits_deviation_and_both_together(found: Trial, rows_of) -> None:
    """Cycles of 10 and 20°, which the fit leaves open by 3 and 4°: 7.07° between them, a root mean square of 3.54°, together 7.91°."""
    (cycles,) = GAIT.cycles
    sd = np.radians(np.broadcast_to(np.array([3.0, 4.0])[:, None, None], (2, 101, 1)))
    row = rows_of("gait_cycle_means", with_kinematics(found, gait=replace(GAIT, cycles=(replace(cycles, sd=sd),))))[50]

    found_sd = [float(row[f"left_knee_flexion_{kind}_deg"]) for kind in ("sd", "fit_sd", "total_sd")]
    assert found_sd == pytest.approx([50**0.5, 12.5**0.5, 62.5**0.5], abs=1e-5)


@pytest.mark.parametrize(("sd", "total"), [(None, ""), (np.radians(np.full((1, 101, 1), 6.0)), "6.000000")])
def test_the_total_of_one_cycle_is_the_fits_if_there_is_one(found: Trial, rows_of, sd: Any, total: str) -> None:
    one = Cycles("left", ("left_knee_flexion",), np.zeros((1, 101, 1)), np.zeros(1), np.ones(1), sd)
    row = rows_of("gait_cycle_means", with_kinematics(found, gait=Gait("good", "", cycles=(one,))))[0]

    assert (row["left_knee_flexion_sd_deg"], row["left_knee_flexion_total_sd_deg"]) == ("", total)


def test_an_angles_definition_and_its_rows_of_the_summary_have_its_grade(found: Trial, rows_of) -> None:
    graded = with_kinematics(
        found,
        grades={"left_knee_flexion": Grade("weak", "seen badly", np.radians(9.0))},
        summary=(replace(SUMMARY[0], quality="weak", reason="seen badly"),),
    )
    left, right = rows_of("angle_definitions", graded)

    assert (left["typical_sd_deg"], left["quality"], left["reason"]) == ("9.000000", "weak", "seen badly")
    assert (right["typical_sd_deg"], right["quality"], right["reason"]) == ("", "", "")
    assert [rows_of("summary", graded)[0][column] for column in ("quality", "reason")] == ["weak", "seen badly"]


def test_the_mean_of_one_cycle_has_no_deviation(found: Trial, rows_of) -> None:
    values = np.radians(np.full((1, 101, 1), 30.0))
    one = Cycles("right", ("left_knee_flexion",), values, np.zeros(1), np.ones(1))
    row = rows_of("gait_cycle_means", with_kinematics(found, gait=Gait("good", "", cycles=(one,))))[0]

    assert (row["left_knee_flexion_mean_deg"], row["left_knee_flexion_sd_deg"]) == ("30.000000", "")


def test_a_hole_in_one_cycle_leaves_the_mean_of_the_others(found: Trial, rows_of) -> None:
    values = np.radians(np.broadcast_to(np.array([10.0, 20.0, 40.0])[:, None, None], (3, 101, 1))).copy()
    values[2, :50] = np.nan
    cycles = (Cycles("left", ("left_knee_flexion",), values, np.zeros(3), np.ones(3)),)
    rows = rows_of("gait_cycle_means", with_kinematics(found, gait=Gait("good", "", cycles=cycles)))

    assert rows[49]["left_knee_flexion_mean_deg"] == "15.000000"
    assert float(rows[50]["left_knee_flexion_mean_deg"]) == pytest.approx(70 / 3, abs=1e-6)


def test_sides_whose_cycles_have_other_angles_share_a_table(found: Trial, rows_of) -> None:
    right = Cycles("right", ("right_knee_flexion",), np.zeros((1, 101, 1)), np.zeros(1), np.ones(1))
    rows = rows_of("gait_cycles", with_kinematics(found, gait=Gait("good", "", cycles=(*GAIT.cycles, right))))

    assert (rows[0]["left_knee_flexion_deg"], rows[0]["right_knee_flexion_deg"]) == ("10.000000", "")
    assert (rows[-1]["left_knee_flexion_deg"], rows[-1]["right_knee_flexion_deg"]) == ("", "0.000000")


def test_a_repetition_has_its_halves_its_depth_and_its_bend(found: Trial, rows_of) -> None:
    (row,) = rows_of("repetitions", found)

    assert row["movement"] == "squat"
    assert [float(row[name]) for name in ("down_s", "up_s", "duration_s", "depth_m")] == [1.0, 1.5, 2.5, 0.4]
    assert float(row["knee_flexion_deg"]) == pytest.approx(95)


def test_the_centre_of_mass_has_a_row_per_frame_in_the_laboratory(found: Trial, rows_of) -> None:
    rows = rows_of("centre_of_mass", found)

    assert [row["timestamp_s"] for row in rows] == ["0.000000", "0.500000", "1.250000"]
    assert list(rows[2].values())[2:] == ["1.000000", "2.000000", "3.000000", "laboratory"]


def test_segments_have_share_and_mass(found: Trial, rows_of) -> None:
    assert [list(row.values()) for row in rows_of("segment_masses", found)] == [
        ["trunk", "75.000000", "52.500000", "de Leva 1996, female"],
        ["head", "25.000000", "17.500000", "de Leva 1996, female"],
    ]


def test_without_a_mass_segments_have_shares_alone(trial: Trial, rows_of) -> None:
    rows = rows_of("segment_masses", with_kinematics(trial, masses=masses_at(trial.pose.time, None)))

    assert [(row["share_percent"], row["mass_kg"]) for row in rows] == [("75.000000", ""), ("25.000000", "")]


def test_angles_have_velocity_acceleration_and_the_share_seen(found: Trial, rows_of) -> None:
    row = rows_of("joint_angles", found)[0]

    assert {name: float(row[f"right_knee_flexion_{name}"]) for name in ("deg", "sd_deg", "deg_per_s", "deg_per_s2", "seen_share")} == pytest.approx(
        {"deg": 20, "sd_deg": 2, "deg_per_s": 30, "deg_per_s2": 90, "seen_share": 0.5}
    )  # fmt: skip


def test_a_table_of_many_pieces_counts_its_frames_through(trial: Trial, rows_of) -> None:
    long = over(trial, np.arange(4500) / 30)
    rows = rows_of("landmarks_wide", long)

    assert [row["frame_index"] for row in rows] == [str(number) for number in range(4500)]
    assert float(rows[4321]["right_knee_x_m"]) == 4322


def test_the_account_says_units_frames_and_what_became_of_gait(found: Trial) -> None:
    lines = dict(about(found))

    assert lines["gait"] == "doubtful: few strides"
    assert lines["frame of reference"].startswith("laboratory: X forward")
    assert lines["subject"] == "height 1.75 (metres, kilograms, years)"


def definitions(rows_of, trial: Trial, skeleton: Skeleton) -> dict[str, dict[str, str]]:
    """Return the rows by angle; of a figure that is seen in two frames, the second without its left wrist."""
    points = np.stack([figure({"left_knee_flexion": 50.0}, skeleton)] * 2)
    points[1, skeleton.index("left_wrist")] = np.nan
    pose = edited(pose_of(points, skeleton), source=((0, skeleton.index("left_hip")), Source.INTERPOLATED))
    return {row["angle"]: row for row in rows_of("angle_definitions", posed(trial, pose))}


def test_each_angle_is_defined_once_in_the_order_of_their_columns(trial: Trial, rows_of) -> None:
    assert list(definitions(rows_of, trial, BLAZEPOSE_33)) == list(ANGLES)


def test_a_definition_says_how_an_angle_is_read_off(trial: Trial, rows_of) -> None:
    row = definitions(rows_of, trial, BLAZEPOSE_33)["left_hip_adduction"]

    assert {name: row[name] for name in ("segment", "against", "sequence", "part", "positive", "zero", "source")} == {
        "segment": "left_thigh",
        "against": "pelvis",
        "sequence": "ZXY",
        "part": "about X, floating",
        "positive": "thigh inwards",
        "zero": "anatomical position",
        "source": "Wu et al. 2002",
    }
    assert (float(row["first_value_from_deg"]), float(row["first_value_below_deg"])) == (-180, 180)


@pytest.mark.parametrize(
    ("angle", "part"),
    [
        ("pelvis_rotation", "about Y"),
        ("pelvis_obliquity", "about X"),
        ("trunk_flexion", "about Z"),
        ("left_knee_flexion", "about Z of `against`"),
        ("trunk_rotation", "about Y of `segment`"),
        ("left_shoulder_flexion", "forwards"),
        ("left_shoulder_abduction", "outwards"),
        ("left_shoulder_elevation", "elevation"),
    ],
)
def test_a_definition_names_the_axis_of_an_angle(angle: str, part: str, trial: Trial, rows_of) -> None:
    assert definitions(rows_of, trial, BLAZEPOSE_33)[angle]["part"] == part


@pytest.mark.parametrize(
    ("skeleton", "pelvis", "head"),
    [
        (BLAZEPOSE_33, "left_hip right_hip left_shoulder right_shoulder", "left_ear right_ear"),
        (WITH_SPINES, "left_asis right_asis left_psis right_psis", "left_ear right_ear"),
        (H36M_17, "left_hip right_hip left_shoulder right_shoulder", "head"),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_a_definition_names_the_points_of_this_clip(
    skeleton: Skeleton, pelvis: str, head: str, trial: Trial, rows_of
) -> None:
    rows = definitions(rows_of, trial, skeleton)

    assert rows["pelvis_obliquity"]["points"] == pelvis
    assert rows["neck_flexion"]["points"] == f"left_hip right_hip left_shoulder right_shoulder {head}"


def test_a_definition_says_in_how_many_frames_there_is_a_value(trial: Trial, rows_of) -> None:
    rows = definitions(rows_of, trial, BLAZEPOSE_33)

    shares = {name: float(rows[f"{name}_flexion"]["frames_with_value_percent"]) for name in ("left_elbow", "left_knee")}
    assert shares == {"left_elbow": 50, "left_knee": 100}


def test_a_definition_says_how_much_of_the_values_points_was_seen(trial: Trial, rows_of) -> None:
    rows = definitions(rows_of, trial, BLAZEPOSE_33)

    # of three points in two frames, the hip is interpolated in one
    assert float(rows["left_knee_flexion"]["points_seen_percent"]) == pytest.approx(100 * 5 / 6, abs=1e-6)
    assert float(rows["left_elbow_flexion"]["points_seen_percent"]) == 100


def test_an_angle_without_its_points_says_which_are_lacking(trial: Trial, rows_of) -> None:
    rows = definitions(rows_of, trial, BLAZEPOSE_33)

    lacking = "nowhere: there is no left_asis, right_asis, left_psis, right_psis among the landmarks"
    assert (rows["pelvis_tilt"]["only_where"], rows["pelvis_tilt"]["points_seen_percent"]) == (lacking, "")
    assert rows["left_hip_rotation"]["only_where"] == "left_knee bent by 30 degrees or more"
    assert rows["left_hip_flexion"]["only_where"] == ""
