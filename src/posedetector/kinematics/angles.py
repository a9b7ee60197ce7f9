"""Joint angles over a clip: a table of them, and their values with what is known of their error.

Radians. An angle here is π less the included angle of two segments: 0 when they are in line, and never negative, so that
it does not tell to which side a joint bends. No segment has a frame of its own here, as the ISB's angles want (Wu et al.,
J Biomech 35, 2002). At the hip it lies between trunk (shoulder to hip) and thigh: it is not ISB flexion; abduction and a
bent back are in it, and a thigh behind the trunk counts like one before it.
"""

import numpy as np

from posedetector.kinematics.nouns import JointAngles
from posedetector.metrics import included_angle
from posedetector.pose import MetricPose, Source

_SEGMENTS = {"knee": ("hip", "ankle"), "hip": ("shoulder", "knee"), "elbow": ("shoulder", "wrist")}
# angle → proximal point, joint, distal point
ANGLES = {
    f"{side}_{joint}_flexion": (f"{side}_{proximal}", f"{side}_{joint}", f"{side}_{distal}")
    for joint, (proximal, distal) in _SEGMENTS.items()
    for side in ("left", "right")
}


def joint_angles(pose: MetricPose) -> JointAngles:
    """Return every angle of the table; those of points that the skeleton lacks are NaN throughout.

    The standard deviations are those of `pose.spread`. Where one of an angle's points was mirrored there is none: the
    angle is not that of the body which was fitted.
    """
    values = np.full((len(pose.time), len(ANGLES)), np.nan)
    sd = values.copy()
    fitted = {} if pose.spread is None else pose.spread.angles
    for column, (name, points) in enumerate(ANGLES.items()):
        if not pose.skeleton.has(*points):
            continue
        rows = pose.skeleton.indices(*points)
        values[:, column] = np.pi - included_angle(*(pose.xyz[:, row] for row in rows))
        if name in fitted:
            own = np.isfinite(values[:, column]) & (pose.source[:, rows] != Source.MIRRORED).all(axis=1)
            sd[own, column] = fitted[name][own]
    nothing = np.full_like(values, np.nan)
    return JointAngles(pose.time, tuple(ANGLES), values, sd, nothing, nothing, nothing)
