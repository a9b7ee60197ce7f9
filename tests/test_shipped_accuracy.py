"""Errors on the clips that ship with the tests (accuracy/README.md) may not grow beyond the committed table."""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from posedetector.kinematics.nouns import REACH_90
from posedetector.trial import Trial

FOLDER = Path(__file__).with_name("accuracy")
sys.path.insert(0, str(FOLDER))
try:
    import fixture
    import measure
finally:
    sys.path.remove(str(FOLDER))

CLIPS = {clip.name: clip for clip in fixture.read_clips()}
TABLE = measure.read_table()
FILMED = [case for case in measure.cases() if CLIPS[case[0]].filmed]


@cache
def trial_of(clip: str, lifter: str) -> Trial:
    """One analysis, for all tests that look at it."""
    return measure.analyzed(CLIPS[clip], lifter)


def test_every_case_has_its_row() -> None:
    assert list(TABLE) == measure.cases()


@pytest.mark.parametrize(("clip", "lifter"), measure.cases())
def test_no_error_grows(clip: str, lifter: str) -> None:
    now = measure.figures(CLIPS[clip], trial_of(clip, lifter))

    assert measure.grown(now, TABLE[clip, lifter]) == {}


def z_scores(clip: str, lifter: str, what: str) -> np.ndarray:
    """Errors over the standard deviations that are stated for them, in absolute terms."""
    trial, true = trial_of(clip, lifter), CLIPS[clip]
    if what == "coordinates":
        rows = trial.pose.skeleton.indices(*fixture.TRUE_POINTS)
        away = (trial.pose.xyz[:, rows] - true.true[trial.frame_numbers]) / trial.pose.spread.points[:, rows]
    else:
        columns = [trial.kinematics.angles.names.index(name) for name in fixture.TRUE_ANGLES]
        off = trial.kinematics.angles.values[:, columns] - np.radians(true.angles[trial.frame_numbers])
        away = off / trial.kinematics.angles.sd[:, columns]
    return np.abs(away[np.isfinite(away)])


# Of movements by formula, which are smoother than people's: 87 % of the coordinates, 96 % of the angles.
@pytest.mark.parametrize(("what", "most"), [("coordinates", 0.95), ("angles", 0.98)])
def test_nominal_90_percent_intervals_hold_about_as_many(what: str, most: float) -> None:
    away = np.concatenate([z_scores(*case, what) for case in FILMED])

    assert 0.85 <= (away < REACH_90).mean() <= most


@pytest.mark.parametrize(("clip", "lifter"), [case for case in FILMED if CLIPS[case[0]].stride])
def test_walking_speed_is_off_by_no_more_than_its_interval_says(clip: str, lifter: str) -> None:
    (speed,) = (one for one in trial_of(clip, lifter).kinematics.gait.quantities if one.name == "walking_speed")
    low, high = speed.interval

    assert low <= measure.walking_speed(CLIPS[clip]) <= high


@cache
def unrefined(clip: str, lifter: str) -> dict[str, float]:
    found: dict[str, float] = measure.figures(CLIPS[clip], measure.analyzed(CLIPS[clip], lifter, refine=False))
    return found


def without_refinement(lifter: str, figure: str) -> float:
    return float(np.mean([unrefined(clip, lifter)[figure] for clip in measure.BOTH]))


@pytest.mark.parametrize("figure", ["p_mpjpe_mm", "knee_deg"])
@pytest.mark.parametrize("lifter", measure.LIFTERS)
def test_refinement_brings_joints_and_knees_nearer_to_the_truth(lifter: str, figure: str) -> None:
    after = [measure.figures(CLIPS[clip], trial_of(clip, lifter))[figure] for clip in measure.BOTH]

    assert np.mean(after) < 0.95 * without_refinement(lifter, figure)


@pytest.mark.parametrize("figure", ["p_mpjpe_mm", "knee_deg"])
def test_the_bundled_lifter_is_better_than_the_estimators_own_depth(figure: str) -> None:
    assert without_refinement("bundled", figure) < without_refinement("native", figure)
