"""Results to make report pages of: a walker whose places are known, for as many frames as wanted."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from posedetector.estimators.synthetic import Walker
from posedetector.kinematics import study
from posedetector.pose import Array, Keypoints, MetricPose, Source
from posedetector.report.results import Results, results_of
from posedetector.skeletons import BLAZEPOSE_33
from posedetector.trial import Trial

RATE = 60.0


def walked(trial: Trial, frames: int = 240, *, walker: Walker | None = None) -> Results:
    """Return the results of a walk at 60 frames a second that goes on to the viewer's right; deviations of 2–4°."""
    time = np.arange(frames) / RATE
    x, y, z = np.moveaxis((walker or Walker()).positions(time), -1, 0)
    places = np.stack([z, y, -x], axis=-1)
    hips = places[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean(axis=1)
    score, source = np.ones(places.shape[:2]), np.full(places.shape[:2], Source.MEASURED, np.uint8)
    pose = MetricPose(BLAZEPOSE_33, time, places - hips[:, None], score, source, hips)
    keypoints = Keypoints(BLAZEPOSE_33, time, np.zeros((*score.shape, 2)), score, source, None, (640, 360))
    walk = replace(trial, pose=pose, keypoints=keypoints, kinematics=study(pose, trial.subject))
    results = results_of(walk)
    doubts = {name: 3.0 + np.sin(time) for name in results.angles}
    return replace(results, angles_sd=doubts)


def repeated(results: Results, frames: int) -> Results:
    """Return the results with their frames over and over, to a length; what happened stays where it was."""
    rows = np.arange(frames) % len(results.time)

    def over(angles: Mapping[str, Array]) -> dict[str, Array]:
        return {name: values[rows] for name, values in angles.items()}

    return replace(
        results,
        time=np.arange(frames) / RATE,
        frames=np.arange(frames),
        positions=results.positions[rows],
        source=results.source[rows],
        angles=over(results.angles),
        angles_sd=over(results.angles_sd),
    )
