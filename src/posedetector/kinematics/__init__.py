"""From a metric pose to joint angles, gait, repetitions and masses.

`nouns` is what comes out; `angles` has the table of angles.
"""

from posedetector.kinematics.angles import joint_angles
from posedetector.kinematics.nouns import Gait, Kinematics, Masses
from posedetector.pose import MetricPose
from posedetector.subject import Subject


def study(pose: MetricPose, subject: Subject) -> Kinematics:
    """Return all that is worked out from a pose of this person."""
    angles = joint_angles(pose)
    gait = Gait("none", "not looked for")
    masses = Masses(pose.root, {}, subject.mass, "none")
    return Kinematics(angles, gait, (), masses, ())
