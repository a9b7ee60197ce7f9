"""From a metric pose to joint angles, gait, repetitions and masses.

`nouns` is what comes out. `angles` has the table of angles, read off the segments' `frames`; `gait` says whether somebody walks, by
`events`, and hands on to `steps` and `cycles`; `repetitions` and their `sets`, `masses`, `summary`. `reference` is for comparison.
"""

from posedetector.kinematics.angles import joint_angles
from posedetector.kinematics.gait import find_gait
from posedetector.kinematics.masses import find_masses
from posedetector.kinematics.nouns import FLOOR, Gait, Ground, Kinematics, Movement, Treadmill
from posedetector.kinematics.repetitions import Kind, find_repetitions
from posedetector.kinematics.sets import measure_sets
from posedetector.kinematics.summary import summarize
from posedetector.pose import MetricPose
from posedetector.subject import Subject

_KINDS: dict[Movement, Kind] = {"squat": "squat", "sit-to-stand": "sit_to_stand"}

__all__ = ["FLOOR", "Ground", "find_treadmill", "study"]


def find_treadmill(pose: MetricPose, ground: Ground) -> Treadmill | None:
    """Return the treadmill that somebody walks on in a pose, or None."""
    return find_gait(pose, joint_angles(pose), ground).treadmill


def study(pose: MetricPose, subject: Subject, ground: Ground = FLOOR, movement: Movement = "auto") -> Kinematics:
    """Return all that is worked out from a pose of this person on this ground; of movements, what `movement` says alone."""
    angles = joint_angles(pose)
    gait = movement in ("auto", "gait")
    repetitions = () if movement in ("gait", "none") else find_repetitions(pose, angles, _KINDS.get(movement))
    return Kinematics(
        angles=angles,
        gait=find_gait(pose, angles, ground) if gait else Gait("none", f"not sought: --movement {movement}"),
        repetitions=repetitions,
        exercise=measure_sets(repetitions, float(pose.time[-1])),
        masses=find_masses(pose, subject),
        summary=summarize(pose, angles),
    )
