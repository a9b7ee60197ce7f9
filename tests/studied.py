"""Trials with kinematics made by hand, every value of which is known."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import changing
from posedetector.kinematics.angles import joint_angles
from posedetector.kinematics.nouns import Cycles, Event, Gait, JointAngles, Kinematics, Masses, Quantity, Repetition
from posedetector.pose import Array, Keypoints, MetricPose, Source
from posedetector.skeletons import Skeleton
from posedetector.trial import Trial

NAN = float("nan")


def over(trial: Trial, time: Sequence[float] | Array, skeleton: Skeleton | None = None) -> Trial:
    """Return the trial at these times: point p in frame t is at (t + p, 2, 3) metres in the laboratory, all measured.

    Kinematics found nothing in it: no angle, no gait, no centre of mass.
    """
    clock = np.asarray(time, float)
    skeleton = skeleton or trial.pose.skeleton
    shape = (len(clock), len(skeleton))
    root = np.tile([0.5, 1.0, 1.5], (len(clock), 1))
    xyz = np.empty((*shape, 3))
    xyz[..., 0] = np.arange(len(clock))[:, None] + np.arange(len(skeleton))
    xyz[..., 1:] = (2.0, 3.0)
    score, source = np.ones(shape), np.full(shape, Source.MEASURED, np.uint8)
    pose = MetricPose(skeleton, clock, xyz - root[:, None], score, source, root)
    keypoints = Keypoints(skeleton, clock, np.zeros((*shape, 2)), score, source, None, (640, 360))
    return nothing_found(replace(trial, pose=pose, keypoints=keypoints))


def posed(trial: Trial, pose: MetricPose) -> Trial:
    """Return the trial with this pose and the angles that it has, and with nothing else of kinematics."""
    clip = over(trial, pose.time, pose.skeleton)
    return with_kinematics(replace(clip, pose=pose), angles=joint_angles(pose))


def nothing_found(trial: Trial) -> Trial:
    """Return the trial without anything in any part of its kinematics."""
    time = trial.pose.time
    masses = Masses(np.full((len(time), 3), NAN), {}, None, "")
    return replace(trial, kinematics=Kinematics(angles_at(time), Gait("none", "no steps"), (), masses, ()))


def without(trial: Trial, frames: Any, points: Any = slice(None)) -> Trial:
    """Return the trial with these points of these frames missing."""
    return replace(trial, pose=changing.without(trial.pose, np.s_[frames, points]))


def angles_at(time: Array, /, **degrees: ArrayLike) -> JointAngles:
    """Angles in degrees by name; sd 2°, velocity 30°/s, acceleration 90°/s², half of the points seen."""
    shape = (len(time), len(degrees))
    values = np.empty(shape)
    for column, one in enumerate(degrees.values()):
        values[:, column] = np.radians(one)
    others = (np.full(shape, np.radians(value)) for value in (2.0, 30.0, 90.0))
    return JointAngles(time, tuple(degrees), values, *others, np.full(shape, 0.5))


def with_kinematics(trial: Trial, **parts: Any) -> Trial:
    """Return the trial with these parts of its kinematics."""
    return replace(trial, kinematics=replace(trial.kinematics, **parts))


def with_angles(trial: Trial, /, **degrees: ArrayLike) -> Trial:
    return with_kinematics(trial, angles=angles_at(trial.pose.time, **degrees))


EVENTS = (
    Event("foot_off", "right", 61.25, 1837, "zeni", NAN, 1),
    Event("initial_contact", "left", 0.5, 15, "zeni", 0.02, 2),
)
_STRIDES = np.radians(np.broadcast_to(np.array([10.0, 20.0])[:, None, None], (2, 101, 1)))
GAIT = Gait(
    "doubtful",
    "few strides",
    EVENTS,
    (
        Quantity("stride_time", "left", 1.2, 0.1, 3, "s", "from contact to contact (Zeni 2008)"),
        Quantity("cadence", "", 114.0, NAN, 1, "steps/min", "=steps over time"),
        Quantity("stance_share", "right", 62.0, 2.0, 3, "%", "contact to foot off"),
    ),
    (Cycles("left", ("left_knee_flexion",), _STRIDES, np.array([0.5, 1.5]), np.array([1.5, 2.5])),),
)
REPETITIONS = (Repetition("squat", 1.0, 2.0, 3.5, 0.4, np.radians(95.0)),)
SUMMARY = (Quantity("knee_range", "left", 60.0, NAN, 1, "deg", "largest less smallest"),)


def masses_at(time: Array, total: float | None = 70.0) -> Masses:
    """The centre of mass at (1, 2, 3) metres; of two segments."""
    centre = np.tile([1.0, 2.0, 3.0], (len(time), 1))
    return Masses(centre, {"trunk": 0.75, "head": 0.25}, total, "de Leva 1996, female")


def all_found(trial: Trial) -> Trial:
    """Return the trial with something in every part of its kinematics."""
    return with_kinematics(
        with_angles(trial, left_knee_flexion=10.0, right_knee_flexion=20.0),
        gait=GAIT,
        repetitions=REPETITIONS,
        masses=masses_at(trial.pose.time),
        summary=SUMMARY,
    )
