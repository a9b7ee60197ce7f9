"""From a metric pose to joint angles, gait, repetitions and masses.

`nouns` is what comes out. `angles` has the table of angles, read off the segments' `frames`; `gait` says whether somebody walks, by
`events`, and hands on to `steps`, `uncertainty` and `cycles`; `repetitions` and their `sets`, `masses`. `stretches` says which moments
count, `grading` how far each angle can be trusted; `summary`. `reference` is for comparison.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from posedetector.kinematics.angles import joint_angles
from posedetector.kinematics.gait import find_gait
from posedetector.kinematics.grading import View, grade
from posedetector.kinematics.masses import find_masses
from posedetector.kinematics.nouns import FLOOR, Gait, Ground, Kinematics, Quantity, Treadmill
from posedetector.kinematics.repetitions import Kind, find_repetitions
from posedetector.kinematics.sets import measure_sets
from posedetector.kinematics.stretches import stretches_of
from posedetector.kinematics.summary import summarize
from posedetector.kinematics.uncertainty import UNKNOWN, Scale, with_size_errors
from posedetector.pose import MetricPose
from posedetector.subject import Movement, Subject

__all__ = ["FLOOR", "Ground", "Scale", "View", "find_treadmill", "study"]

_KINDS: dict[Movement, Kind] = {"squat": "squat", "sit-to-stand": "sit_to_stand"}


def find_treadmill(pose: MetricPose, ground: Ground) -> Treadmill | None:
    """Return the treadmill that somebody walks on in a pose, or None."""
    return find_gait(pose, joint_angles(pose), ground).treadmill


def study(
    pose: MetricPose,
    subject: Subject,
    ground: Ground = FLOOR,
    *,
    scale: Scale = UNKNOWN,
    view: View | None = None,
    movement: Movement = "auto",
) -> Kinematics:
    """Return all that is worked out from a pose of this person on this ground.

    `scale` says how well lengths are known. Without a view, angles are graded by the fit's deviations alone; without both, they are
    not graded. Of movements, what `movement` says is sought alone. Quantities are in the units of the files.
    """
    angles = joint_angles(pose)
    gait = Gait("none", f"gait is not sought with --movement {movement}")
    if movement in ("auto", "gait"):
        gait = find_gait(pose, angles, ground, scale)
    repetitions = () if movement in ("gait", "none") else find_repetitions(pose, angles, _KINDS.get(movement))
    stretches = partial(stretches_of, angles.time, gait, repetitions)
    grades = grade(pose, angles, stretches, view)
    return Kinematics(
        angles=angles,
        gait=replace(gait, quantities=_reported(gait.quantities)),
        repetitions=repetitions,
        exercise=_reported(with_size_errors(measure_sets(repetitions, float(pose.time[-1])), scale)),
        masses=find_masses(pose, subject),
        summary=_reported(with_size_errors(summarize(pose, angles, stretches, grades), scale)),
        grades=grades,
    )


def _reported(quantities: Iterable[Quantity]) -> tuple[Quantity, ...]:
    return tuple(one.as_reported() for one in quantities)
