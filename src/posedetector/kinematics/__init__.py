"""From a metric pose to joint angles, gait, repetitions and masses.

`nouns` is what comes out. `angles` has the table of angles, read off the segments' `frames`; `gait` says whether somebody walks, by
`events`, and hands on to `steps`, `uncertainty` and `cycles`; `repetitions`, `masses`, `summary`. `reference` is for comparison.
"""

from posedetector.kinematics.angles import joint_angles
from posedetector.kinematics.gait import find_gait
from posedetector.kinematics.masses import find_masses
from posedetector.kinematics.nouns import FLOOR, Ground, Kinematics, Treadmill
from posedetector.kinematics.repetitions import find_repetitions
from posedetector.kinematics.summary import summarize
from posedetector.kinematics.uncertainty import UNKNOWN, Scale, with_size_errors
from posedetector.pose import MetricPose
from posedetector.subject import Subject

__all__ = ["FLOOR", "Ground", "Scale", "find_treadmill", "study"]


def find_treadmill(pose: MetricPose, ground: Ground) -> Treadmill | None:
    """Return the treadmill that somebody walks on in a pose, or None."""
    return find_gait(pose, joint_angles(pose), ground).treadmill


def study(pose: MetricPose, subject: Subject, ground: Ground = FLOOR, scale: Scale = UNKNOWN) -> Kinematics:
    """Return all that is worked out from a pose of this person on this ground; `scale` says how well lengths are known."""
    angles = joint_angles(pose)
    return Kinematics(
        angles=angles,
        gait=find_gait(pose, angles, ground, scale),
        repetitions=find_repetitions(pose, angles),
        masses=find_masses(pose, subject),
        summary=with_size_errors(summarize(pose, angles), scale),
    )
