"""The landmark table row by row, from a trial made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from posedetector.errors import InputError
from posedetector.records import COLUMNS, LandmarkRecord, landmark_records, landmark_tables
from posedetector.trial import Trial


def test_the_columns_are_those_of_the_design() -> None:
    assert COLUMNS[:5] == ("timestamp_s", "landmark", "x_m", "y_m", "z_m")
    assert COLUMNS[5:] == ("x_sd_m", "y_sd_m", "z_sd_m", "visibility", "frame", "source")


def test_there_is_one_record_per_landmark_and_frame(trial: Trial) -> None:
    rows = [(record.timestamp_s, record.landmark) for record in landmark_records(trial)]

    assert rows == [(time, point) for time in (0.0, 0.5, 1.25) for point in ("left_knee", "right_knee")]


def test_coordinates_are_those_in_the_laboratory(trial: Trial) -> None:
    record = next(landmark_records(trial))

    assert (record.x_m, record.y_m, record.z_m) == pytest.approx((1.1, 2.2, 3.3))
    assert record.frame == "laboratory"


def test_a_record_says_how_it_came_about(trial: Trial) -> None:
    sources = [record.source for record in landmark_records(trial)]

    assert sources == ["measured", "mirrored", "interpolated", None, "measured", None]


def test_a_missing_landmark_has_no_coordinates_no_source_and_no_visibility(trial: Trial) -> None:
    missing = list(landmark_records(trial))[3]

    assert (missing.x_m, missing.y_m, missing.z_m, missing.source) == (None, None, None, None)
    assert missing.visibility == 0


def deviations_of(trial: Trial) -> list[tuple[float | None, float | None, float | None]]:
    return [(record.x_sd_m, record.y_sd_m, record.z_sd_m) for record in landmark_records(trial)]


def test_a_pose_without_spread_has_no_deviations(trial: Trial) -> None:
    assert set(deviations_of(trial)) == {(None, None, None)}


def test_the_deviations_are_the_spreads_axis_by_axis(fitted: Trial) -> None:
    assert deviations_of(fitted)[0] == (0.01, 0.02, 0.03)
    assert deviations_of(fitted)[4] == (0.04, 0.05, 0.06)


def test_a_mirrored_place_has_no_deviation(fitted: Trial) -> None:
    assert deviations_of(fitted)[1] == (None, None, None)


def test_a_landmark_without_a_place_has_no_deviation(fitted: Trial) -> None:
    assert deviations_of(fitted)[5] == (None, None, None)


def test_a_deviation_that_the_fit_does_not_know_is_none(fitted: Trial) -> None:
    assert deviations_of(fitted)[2] == (None, None, None)


def test_a_frame_without_a_place_in_the_room_has_no_coordinates(trial: Trial) -> None:
    root = trial.pose.root.copy()
    root[1] = np.nan
    lost = list(landmark_records(replace(trial, pose=replace(trial.pose, root=root))))[2]

    assert (lost.x_m, lost.source) == (None, None)


def test_a_long_clip_comes_in_pieces_that_join_without_seam(trial: Trial) -> None:
    frames = 4500
    pose = trial.pose
    long = replace(
        pose,
        time=np.arange(frames) / 60,
        xyz=np.zeros((frames, 2, 3)),
        score=np.ones((frames, 2)),
        source=np.full((frames, 2), 4, np.uint8),
        root=np.zeros((frames, 3)),
    )
    tables = list(landmark_tables(replace(trial, pose=long)))
    times = np.concatenate([table["timestamp_s"] for table in tables])

    assert len(tables) > 1
    assert np.array_equal(times, np.repeat(np.arange(frames) / 60, 2))


def test_a_record_of_unknown_source_is_refused() -> None:
    with pytest.raises(InputError, match="`source` is measured"):
        LandmarkRecord(timestamp_s=0, landmark="nose", x_m=0, y_m=0, z_m=0, visibility=1, source="guessed")


def test_a_record_that_cannot_be_is_an_error_of_ours() -> None:
    with pytest.raises(InputError, match="LandmarkRecord wants `timestamp_s`"):
        LandmarkRecord()
