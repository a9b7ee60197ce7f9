"""The two ways in from Python."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import posedetector
from posedetector.errors import InputError, NoPersonError, PosedetectorError
from posedetector.pose import Keypoints
from posedetector.settings import Settings
from posedetector.skeletons import COCO_17
from posedetector.trial import Trial


@pytest.fixture(scope="module")
def filmed(blank_clip: Path) -> Trial:
    return posedetector.analyze(blank_clip, height=1.75, estimator="synthetic", focal_length=550.0, mass=70.0)


@pytest.fixture(scope="module")
def points(filmed: Trial) -> Keypoints:
    return filmed.tracks.keypoints(1)


def given(seen: Keypoints, /, **changes: Any) -> dict[str, Any]:
    own = {
        "xy": seen.xy,
        "score": seen.score,
        "xyz": seen.xyz,
        "points": seen.skeleton.name,
        "image_size": seen.image_size,
        "time": seen.time,
        "height": 1.75,
        "focal_length": 550.0,
    }
    return own | changes


def test_a_path_and_a_height_are_enough(filmed: Trial, blank_clip: Path) -> None:
    assert (filmed.name, filmed.subject.height, filmed.subject.mass) == (blank_clip.stem, 1.75, 70.0)


def test_a_call_from_python_records_its_settings_and_no_command(filmed: Trial) -> None:
    account = filmed.provenance

    assert account.command == []
    assert account.settings["focal_length"] == 550.0
    assert "cutoff" not in account.settings


def test_the_settings_in_the_account_make_settings_again(filmed: Trial) -> None:
    recorded = filmed.provenance.settings
    again = Settings(**recorded, subject=filmed.subject)

    assert recorded["estimator"] == {"name": "synthetic"}
    assert (again.estimator.name, again.focal_length) == ("synthetic", 550.0)


def test_keypoints_of_ones_own_go_the_same_road(filmed: Trial, points: Keypoints) -> None:
    trial = posedetector.from_keypoints(**given(points))

    assert np.array_equal(trial.pose.positions, filmed.pose.positions, equal_nan=True)
    assert np.array_equal(trial.kinematics.angles.values, filmed.kinematics.angles.values, equal_nan=True)


def test_the_account_says_that_the_keypoints_were_given(points: Keypoints) -> None:
    account = posedetector.from_keypoints(**given(points, name="mine", refine=False)).provenance

    assert (account.estimator, account.video.source, account.networks) == ("keypoints", "mine", [])


def test_points_without_depth_are_lifted(points: Keypoints) -> None:
    rows = points.skeleton.indices(*COCO_17.points)
    trial = posedetector.from_keypoints(
        points.xy[:, rows].tolist(), points="coco_17", image_size=points.image_size, fps=30, height=1.75, refine=False
    )

    assert trial.provenance.lifter == "videopose3d"
    assert np.isfinite(trial.angles["left_knee_flexion"].deg).all()


def test_masked_points_and_points_at_0_0_are_missing(points: Keypoints) -> None:
    left, right = points.skeleton.indices("left_wrist", "right_wrist")
    xy = np.ma.masked_array(points.xy.copy(), mask=False)
    xy[:, left] = np.ma.masked
    xy[:, right] = 0.0
    trial = posedetector.from_keypoints(**given(points, xy=xy, refine=False))

    assert np.isnan(trial.keypoints.xy[:, [left, right]]).all()


def test_a_trial_shares_no_memory_with_the_arrays_given(points: Keypoints) -> None:
    time = points.time.copy()
    trial = posedetector.from_keypoints(**given(points, time=time, refine=False))
    time += 100

    assert np.array_equal(trial.time, points.time)


def test_a_point_that_lacks_its_score_is_missing(points: Keypoints) -> None:
    score = points.score.copy()
    score[:, points.skeleton.index("left_wrist")] = np.nan
    trial = posedetector.from_keypoints(**given(points, score=score, refine=False))

    assert np.isnan(trial.pose.xyz[:, trial.pose.skeleton.index("left_wrist")]).all()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"points": "coco"}, "there is no layout 'coco' of `points`"),
        ({"points": "coco_17"}, r"`xy` must be \(T, 17, 2\) for these points"),
        ({"xy": "left"}, "`xy` must be an array of real numbers"),
        ({"score": np.ones((2, 33))}, r"`score` must be \(\d+, 33\), as `xy` has it, got \(2, 33\)"),
        ({"score": 2.0 * np.ones((45, 33))}, "`score` must lie in 0–1"),
        ({"fps": 30.0}, "one of both"),
        ({"time": None}, "one of both"),
        ({"time": None, "fps": "30"}, "`fps` must be an array of real numbers"),
        ({"time": np.arange(45).astype("timedelta64[s]")}, "`time` must be an array of real numbers"),
        ({"points": ["nose"]}, "there is no layout"),
        ({"name": 3}, "`name` is text"),
        ({"time": None, "fps": -1.0}, "`fps` must lie in 1–100000"),
        ({"time": np.zeros(45)}, "strictly increasing"),
        ({"time": np.arange(45) * 33.3}, "`time` is in seconds: frames 33.3 s apart"),
        ({"start": 1.0, "person": 2}, "leave out `person`, `start`"),
        ({"image_size": 640}, "`image_size` is width and height"),
        ({"heigth": 1.75}, "heigth"),
        ({"height": None}, "how tall"),
    ],
    ids=lambda one: next(iter(one)) if isinstance(one, dict) else "",
)
def test_what_does_not_fit_together_is_one_clear_error(points: Keypoints, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        posedetector.from_keypoints(**given(points, **changes))


def test_nobody_is_an_error_of_its_own(points: Keypoints) -> None:
    with pytest.raises(NoPersonError, match="nobody"):
        posedetector.from_keypoints(**given(points, xy=np.full(points.xy.shape, np.nan)))


@pytest.mark.parametrize("video", ["nowhere.mp4", Path("nowhere.mp4"), 1000, None, 1.5])
def test_a_video_that_is_not_there_is_an_error_of_ours(video: Any) -> None:
    with pytest.raises(PosedetectorError):
        posedetector.analyze(video, height=1.75, estimator="synthetic")
