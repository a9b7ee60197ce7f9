"""Our angles as the coordinates of OpenSim's full-body models.

These are Rajagopal et al., IEEE TBME 63, 2016, and those derived from it (Lai, Arnold & Wakeling 2017; Uhlrich et al. 2022).

In these models X is forward, Y up, Z right, as in our laboratory frame; each joint turns about Z, then X, then Y of the
body that it hangs on, right-handed on the right side and mirrored on the left. So hip flexion, hip adduction, dorsiflexion
and flexion of arm, elbow and knee are positive as ours are, while the pelvis and the back are positive backwards.

Pelvis, trunk and arms are read off the segments' frames anew, by OpenSim's sequence: our table has other ones for them.
Without iliac spines the pelvis stands square to the trunk, and the back is bent and straightened at the hips.
"""

from dataclasses import dataclass

import numpy as np

from posedetector.arrays import euler_angle
from posedetector.kinematics.frames import SPINES, Landmarks, bend
from posedetector.kinematics.nouns import JointAngles
from posedetector.pose import Array
from posedetector.skeletons import Skeleton
from posedetector.trial import Trial


@dataclass(frozen=True, slots=True)
class Coordinate:
    """A coordinate that is one of our angles: OpenSim's name and ours, without the side, a factor, and why it is that."""

    name: str
    angle: str
    factor: float
    why: str


SIDES = {"r": "right", "l": "left"}
DIRECT = (
    Coordinate("hip_flexion", "hip_flexion", 1.0, "first turn of the thigh in the pelvis: forward"),
    Coordinate("hip_adduction", "hip_adduction", 1.0, "second turn: towards the other leg"),
    Coordinate("hip_rotation", "hip_rotation", 1.0, "third turn: toes inward"),
    Coordinate("knee_angle", "knee_flexion", 1.0, "0 when straight, bent is positive; negative in older models"),
    Coordinate("ankle_angle", "ankle_dorsiflexion", 1.0, "toes up; 0 with the foot square to the shank"),
    Coordinate("elbow_flex", "elbow_flexion", 1.0, "0 when straight"),
)
PELVIS = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")  # about Z, X, Y
LUMBAR = ("lumbar_extension", "lumbar_bending", "lumbar_rotation")
ARM = ("arm_flex", "arm_add", "arm_rot")
PATH = ("pelvis_tx", "pelvis_ty", "pelvis_tz")
LEG = ("hip_flexion", "hip_adduction", "knee_angle", "ankle_angle")
TURNS = ("hip_rotation", "arm_rot")  # about a limb's own length, which a straight limb never shows
_ELBOW_SEEN = np.radians(30.0)  # below, a forearm does not show how the arm is turned about its length


def coordinates(trial: Trial) -> dict[str, Array]:
    """Return by OpenSim's name each coordinate (T,): degrees, and metres of the path; NaN where it is not known."""
    pose, angles = trial.pose, trial.kinematics.angles
    points = Landmarks(pose.skeleton, pose.positions)
    found = dict(zip(PATH, pose.root.T, strict=True))
    found |= _apart(PELVIS, points.frame("pelvis"))
    found |= _apart(LUMBAR, _between(points, "pelvis", "trunk"))
    for short, side in SIDES.items():
        for one in DIRECT:
            found[f"{one.name}_{short}"] = one.factor * np.degrees(_values(angles, f"{side}_{one.angle}"))
        found |= _arm(points, short, side)
    return found


def carries_the_body(name: str) -> bool:
    """Tell whether a coordinate places the pelvis or moves a leg, for which no value can stand in for long."""
    return name in PATH or name in PELVIS or name.rpartition("_")[0] in LEG


def spines_shown(skeleton: Skeleton) -> bool:
    """Tell whether the points show how the pelvis tilts against the trunk."""
    return skeleton.has(*SPINES)


def _values(angles: JointAngles, name: str) -> Array:
    if name not in angles.names:
        return np.full(len(angles.time), np.nan)
    return angles.values[:, angles.names.index(name)]


def _between(points: Landmarks, near: str, far: str) -> Array:
    return np.asarray(np.swapaxes(points.frame(near), -1, -2) @ points.frame(far))


def _arm(points: Landmarks, short: str, side: str) -> dict[str, Array]:
    """Return the arm in the trunk; turned inwards only where the elbow is bent enough to show it."""
    sign = 1.0 if side == "right" else -1.0
    flex, add, rot = _apart(ARM, _between(points, "trunk", f"{side}_arm")).values()
    bent = bend(points, f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist") >= _ELBOW_SEEN
    turns = (flex, sign * add, np.where(bent, sign * rot, np.nan))
    return {f"{name}_{short}": turn for name, turn in zip(ARM, turns, strict=True)}


def _apart(names: tuple[str, str, str], rotation: Array) -> dict[str, Array]:
    """Return rotations (T, 3, 3) as turns about Z, X and Y, in degrees, without jumps by whole turns."""
    return {name: np.degrees(_unwrapped(euler_angle(rotation, "ZXY", part))) for part, name in enumerate(names)}


def _unwrapped(angle: Array) -> Array:
    known = np.isfinite(angle)
    result = angle.copy()
    result[known] = np.unwrap(angle[known])
    return result
