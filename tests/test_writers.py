"""Every file read back by a reader that is not ours, from a trial made by hand."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
from trc import TRCData

from changing import edited
from posedetector.cli.analyze import analyze
from posedetector.errors import InputError, OutputError
from posedetector.pose import Source
from posedetector.readers.csv import read_csv
from posedetector.readers.recording import ReadOptions
from posedetector.records import LandmarkRecord
from posedetector.scene import silently
from posedetector.tables import TABLES
from posedetector.trial import Trial
from posedetector.writers import FORMATS, PROVENANCE, Folder, check_formats
from posedetector.writers.csv import write_csv
from posedetector.writers.trc import write_trc
from studied import all_found, nothing_found


def rows_of(table: str, trial: Trial, path: Path) -> list[dict[str, str]]:
    write_csv(table, trial, path)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "a file with späces.out"


@pytest.fixture
def whole(trial: Trial) -> Trial:
    """The same with nothing missing: right_knee stays at (0.5, 2, 3.25)."""
    pose = edited(
        trial.pose,
        xyz=(np.s_[:, 1], np.array([0.5, 2.0, 3.25]) - trial.pose.root),
        score=(np.s_[1:, 1], 0.45),
        source=(np.s_[:], Source.MEASURED),
    )
    return replace(trial, pose=pose)


def test_the_header_of_landmarks_is_the_fields_of_a_record_in_order(trial: Trial, target: Path) -> None:
    header = list(rows_of("landmarks", trial, target)[0])

    assert header == list(LandmarkRecord.model_fields)
    assert header[:5] == ["timestamp_s", "landmark", "x_m", "y_m", "z_m"]
    assert header[5:] == ["x_sd_m", "y_sd_m", "z_sd_m", "visibility", "frame", "source"]


def test_landmarks_are_read_back_to_the_micrometre(trial: Trial, target: Path) -> None:
    first = rows_of("landmarks", trial, target)[0]

    assert first == {
        "timestamp_s": "0.000000",
        "landmark": "left_knee",
        "x_m": "1.100000",
        "y_m": "2.200000",
        "z_m": "3.300000",
        "x_sd_m": "",
        "y_sd_m": "",
        "z_sd_m": "",
        "visibility": "0.900000",
        "frame": "laboratory",
        "source": "measured",
    }


def test_landmarks_have_one_row_per_landmark_and_frame(trial: Trial, target: Path) -> None:
    rows = rows_of("landmarks", trial, target)

    assert [(float(row["timestamp_s"]), row["landmark"]) for row in rows] == [
        (time, point) for time in (0.0, 0.5, 1.25) for point in ("left_knee", "right_knee")
    ]


def test_a_missing_landmark_is_empty(trial: Trial, target: Path) -> None:
    missing = rows_of("landmarks", trial, target)[3]

    assert [missing[name] for name in ("x_m", "y_m", "z_m", "source")] == ["", "", "", ""]


def test_landmarks_have_their_deviations_to_the_micrometre(fitted: Trial, target: Path) -> None:
    last = rows_of("landmarks", fitted, target)[4]

    assert [last[f"{axis}_sd_m"] for axis in "xyz"] == ["0.040000", "0.050000", "0.060000"]


def test_every_landmark_row_is_a_record(trial: Trial, target: Path) -> None:
    for row in rows_of("landmarks", trial, target):
        LandmarkRecord(**{name: value or None for name, value in row.items()})


def test_the_wide_table_has_one_row_per_frame(trial: Trial, target: Path) -> None:
    rows = rows_of("landmarks_wide", trial, target)

    assert [(row["frame_index"], float(row["timestamp_s"])) for row in rows] == [("0", 0.0), ("1", 0.5), ("2", 1.25)]


def test_the_wide_table_names_point_axis_and_unit(trial: Trial, target: Path) -> None:
    last = rows_of("landmarks_wide", trial, target)[2]

    assert [float(last[f"left_knee_{axis}_m"]) for axis in "xyz"] == pytest.approx([1.3, 2.2, 3.3])
    assert [last[f"right_knee_{axis}_m"] for axis in "xyz"] == ["", "", ""]


def test_the_wide_table_of_a_pose_without_spread_has_coordinates_alone(trial: Trial, target: Path) -> None:
    header = list(rows_of("landmarks_wide", trial, target)[0])

    assert header[2:-1] == [f"{side}_knee_{axis}_m" for side in ("left", "right") for axis in "xyz"]


def test_the_wide_table_has_its_deviations_after_all_coordinates(fitted: Trial, target: Path) -> None:
    first = rows_of("landmarks_wide", fitted, target)[0]

    assert list(first)[8:-1] == [f"{side}_knee_{axis}_sd_m" for side in ("left", "right") for axis in "xyz"]
    assert [first[f"left_knee_{axis}_sd_m"] for axis in "xyz"] == ["0.010000", "0.020000", "0.030000"]


def test_our_own_reader_finds_the_same_places_beside_deviations(trial: Trial, fitted: Trial, tmp_path: Path) -> None:
    for name, one in (("plain.csv", trial), ("fitted.csv", fitted)):
        write_csv("landmarks", one, tmp_path / name)
    (plain,), (beside,) = (read_csv(tmp_path / name, ReadOptions()).values() for name in ("plain.csv", "fitted.csv"))

    assert np.array_equal(plain.xyz, beside.xyz, equal_nan=True)
    assert beside.xyz[0, 0] == pytest.approx([1.1, 2.2, 3.3])


def test_angles_and_their_deviations_are_degrees(bent: Trial, target: Path) -> None:
    row = rows_of("joint_angles", bent, target)[1]

    assert (row["frame_index"], row["timestamp_s"]) == ("1", "0.500000")
    assert (row["left_knee_flexion_deg"], row["left_knee_flexion_sd_deg"]) == ("90.000000", "2.000000")


def test_an_angle_that_is_missing_is_empty_and_so_is_its_deviation(bent: Trial, target: Path) -> None:
    last = rows_of("joint_angles", bent, target)[2]

    assert (last["left_knee_flexion_deg"], last["left_knee_flexion_sd_deg"]) == ("", "")


def test_joint_angles_come_in_blocks_of_one_kind(bent: Trial, target: Path) -> None:
    first = rows_of("joint_angles", bent, target)[0]

    kinds = ("deg", "sd_deg", "deg_per_s", "deg_per_s2", "seen_share")
    shown = [
        name
        for name, values in zip(bent.kinematics.angles.names, bent.kinematics.angles.values.T, strict=True)
        if np.isfinite(values).any()
    ]
    assert shown
    assert list(first)[2:-1] == [f"{name}_{kind}" for kind in kinds for name in shown]
    assert first["frame"] == "segments; pelvis, trunk flexion and side bend: laboratory"


def test_keypoints_are_pixels_with_score_and_source(trial: Trial, target: Path) -> None:
    rows = rows_of("keypoints_2d", trial, target)

    assert rows[2] == {
        "timestamp_s": "0.500000",
        "frame_index": "1",
        "keypoint": "left_knee",
        "x_px": "11.000000",
        "y_px": "21.500000",
        "score": "0.800000",
        "frame": "image",
        "source": "interpolated",
    }


def test_a_keypoint_not_seen_is_empty(trial: Trial, target: Path) -> None:
    missing = rows_of("keypoints_2d", trial, target)[1]

    assert (missing["x_px"], missing["y_px"], missing["source"]) == ("", "", "")


@pytest.mark.parametrize("table", TABLES)
def test_tables_end_their_lines_alike_on_every_system(table: str, trial: Trial, target: Path) -> None:
    write_csv(table, trial, target)

    assert b"\r" not in target.read_bytes()


@pytest.fixture
def trc(whole: Trial, target: Path) -> TRCData:
    write_trc(whole, target)
    data = TRCData()
    data.load(target)
    return data


def test_the_trc_names_its_markers_and_metres(trc: TRCData) -> None:
    assert trc["Markers"] == ["left_knee", "right_knee"]
    assert trc["Units"] == "m"


def test_the_trc_counts_frames_from_one_at_the_clips_own_times(trc: TRCData) -> None:
    assert trc["Frame#"] == [1, 2, 3]
    assert trc["Time"] == [0.0, 0.5, 1.25]
    assert trc["NumFrames"] == 3


def test_the_trc_states_the_median_rate(trc: TRCData) -> None:
    assert trc["DataRate"] == pytest.approx(1.6)


def test_the_trc_holds_the_places_in_the_laboratory(trc: TRCData) -> None:
    assert np.array(trc["left_knee"]) == pytest.approx(np.array([[1.1, 2.2, 3.3], [1.2, 2.2, 3.3], [1.3, 2.2, 3.3]]))
    assert np.array(trc["right_knee"]) == pytest.approx(np.array([[0.5, 2.0, 3.25]] * 3))


def test_the_trc_names_its_frame_in_the_first_line(whole: Trial, target: Path) -> None:
    write_trc(whole, target)
    first = target.read_text(encoding="utf-8").splitlines()[0]

    assert first.startswith("PathFileType\t4\t(X/Y/Z)\tknees.trc\tlaboratory: X forward")


def test_a_missing_marker_of_the_trc_is_nan_and_shifts_no_other(trial: Trial, target: Path) -> None:
    write_trc(trial, target)
    data = TRCData()
    data.load(str(target))

    assert data["left_knee"][1] == pytest.approx([1.2, 2.2, 3.3])
    assert np.isnan(data["right_knee"][1]).all()


def test_a_trc_of_one_frame_is_read_back(whole: Trial, target: Path) -> None:
    pose = whole.pose
    one = replace(
        pose, time=pose.time[:1], xyz=pose.xyz[:1], score=pose.score[:1], source=pose.source[:1], root=pose.root[:1]
    )
    write_trc(replace(whole, pose=one), target)
    data = TRCData()
    data.load(target)

    assert data["Frame#"] == [1]


def write_all(trial: Trial, folder: Path, formats: tuple[str, ...] = tuple(FORMATS)) -> list[str]:
    with Folder(folder) as output:
        return output.write(trial, formats, silently)


def test_an_angle_that_the_landmarks_cannot_show_has_no_column(trial: Trial, target: Path) -> None:
    assert list(rows_of("joint_angles", trial, target)[0]) == ["frame_index", "timestamp_s", "frame"]


def test_a_table_of_what_was_not_found_is_not_written(trial: Trial, tmp_path: Path) -> None:
    files = write_all(nothing_found(trial), tmp_path, ("csv",))

    always = {"summary", "joint_angles", "angle_definitions", "landmarks", "landmarks_wide", "keypoints_2d"}
    assert {Path(name).stem for name in files} == {*always, "provenance"}


def test_all_formats_give_these_files(trial: Trial, tmp_path: Path) -> None:
    files = write_all(all_found(trial), tmp_path / "out")

    tables = [f"{name}.{ending}" for ending in ("csv", "parquet") for name in TABLES]
    others = ["knees.trc", "knees.mot", "knees.c3d", "knees.xlsx", "joints.npy", "joints.json"]
    others += ["knees.bvh", "knees_bvh.json", "knees.trial"]
    pictures = ["joint_angles.png", "movement.png"]
    assert sorted(files) == sorted([*tables, *others, *pictures, "predictions.json", "provenance.json", "report.html"])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(files)


def test_the_provenance_is_json_that_lists_the_files(trial: Trial, tmp_path: Path) -> None:
    files = write_all(trial, tmp_path)
    account = json.loads((tmp_path / PROVENANCE).read_text(encoding="utf-8"))

    assert account["files"] == files
    assert account["subject"]["height"] == 1.75


def test_files_of_an_earlier_run_go_and_other_peoples_stay(trial: Trial, tmp_path: Path) -> None:
    write_all(trial, tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    write_all(trial, tmp_path, ("trc",))

    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "knees.trc",
        "notes.txt",
        "provenance.json",
    ]


def test_a_failure_leaves_the_earlier_results_as_they_were(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Trial, path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    write_all(trial, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    monkeypatch.setitem(FORMATS, "csv", {"landmarks.csv": full})

    with pytest.raises(OutputError, match="No space left on device"):
        write_all(trial, tmp_path, ("csv",))

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_failure_leaves_no_new_folder_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Folder(tmp_path / "a" / "b"):
        raise KeyboardInterrupt

    assert list(tmp_path.glob("a*")) == []


def test_an_interruption_while_the_hidden_folder_is_made_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = os.mkdir

    def made_and_interrupted(path: object, *arguments: int) -> None:
        make(path, *arguments)
        if ".partial-" in str(path):
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "mkdir", made_and_interrupted)
    with pytest.raises(KeyboardInterrupt):
        Folder(tmp_path).__enter__()

    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(InputError, match=r"there is no format 'fbx'; there are csv, trc, mot, c3d.* and all$"):
        check_formats(["csv", "fbx"])


def test_a_format_asked_for_twice_is_written_once() -> None:
    assert check_formats(["trc", "csv", "trc"]) == ["trc", "csv"]


def test_all_is_every_format_once() -> None:
    assert sorted(check_formats(["trc", "all"])) == sorted(FORMATS)


def test_help_names_every_format_and_all() -> None:
    hint = get_type_hints(analyze, include_extras=True)["formats"]
    listed = hint.__metadata__[0].help.removeprefix("Comma-separated: ").removesuffix("; or all.").split(", ")

    assert sorted(listed) == sorted(FORMATS)
