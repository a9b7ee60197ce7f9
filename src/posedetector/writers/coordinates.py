"""Our angles as the coordinates of OpenSim's full-body models.

These are Rajagopal et al., IEEE TBME 63, 2016, and those derived from it (Lai, Arnold & Wakeling 2017; Uhlrich et al. 2022).

In these models X is forward, Y up, Z right, as in our laboratory frame; each joint turns about Z, then X, then Y of the
body that it hangs on, right-handed on the right side and mirrored on the left. So hip flexion, hip adduction, dorsiflexion
and flexion of arm, elbow and knee are positive as ours are, while the pelvis and the back are positive backwards.

Pelvis and trunk are given in the laboratory by other sequences than OpenSim's; they are put together to a rotation and
taken apart again, since away from small angles (somebody who walks across the picture is turned by 90°) the numbers of two
sequences have little in common.
"""

from dataclasses import dataclass

import numpy as np

from posedetector.kinematics.nouns import JointAngles
from posedetector.pose import Array
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
    Coordinate("arm_flex", "shoulder_flexion", 1.0, "first turn of the arm in the trunk: forward"),
    Coordinate("arm_add", "shoulder_abduction", -1.0, "second turn: OpenSim counts towards the body, we away from it"),
    Coordinate("arm_rot", "shoulder_rotation", 1.0, "third turn: inward"),
    Coordinate("elbow_flex", "elbow_flexion", 1.0, "0 when straight"),
)
# Segments in the laboratory: our angles as right-handed turns about Y, then X, then Z of the segment (the order rotation,
# obliquity, tilt: Baker, Gait & Posture 13, 2001), each with its factor. Ours are positive towards the left, with the
# right side up (of the trunk: bent to the right), and forward; about Y, X and Z that is +, − (+), −.
TURNS = {
    "pelvis": (("pelvis_rotation", 1.0), ("pelvis_obliquity", -1.0), ("pelvis_tilt", -1.0)),
    "trunk": (("trunk_rotation", 1.0), ("trunk_side_bend", 1.0), ("trunk_flexion", -1.0)),
}
PELVIS = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")  # about Z, X, Y
LUMBAR = ("lumbar_extension", "lumbar_bending", "lumbar_rotation")
PATH = ("pelvis_tx", "pelvis_ty", "pelvis_tz")


def coordinates(trial: Trial) -> dict[str, Array]:
    """Return by OpenSim's name each coordinate that is known anywhere, (T,): degrees, and metres of the path."""
    angles = trial.angles
    found = dict(zip(PATH, trial.pose.root.T, strict=True))
    pelvis, trunk = (_orientation(angles, *TURNS[segment]) for segment in ("pelvis", "trunk"))
    found |= _apart(PELVIS, pelvis)
    for short, side in SIDES.items():
        for one in DIRECT:
            found[f"{one.name}_{short}"] = one.factor * np.degrees(_values(angles, f"{side}_{one.angle}"))
    found |= _apart(LUMBAR, np.einsum("tji,tjk->tik", pelvis, trunk))
    return {name: values for name, values in found.items() if np.isfinite(values).any()}


def _values(angles: JointAngles, name: str) -> Array:
    if name not in angles.names:
        return np.full(len(angles.time), np.nan)
    return angles.values[:, angles.names.index(name)]


def _orientation(angles: JointAngles, *turns: tuple[str, float]) -> Array:
    """Return rotations (T, 3, 3) of turns about Y, X and Z; NaN where one is not known."""
    y, x, z = (factor * _values(angles, name) for name, factor in turns)
    return _turn(y, 1) @ _turn(x, 0) @ _turn(z, 2)


def _turn(angle: Array, axis: int) -> Array:
    result = np.broadcast_to(np.eye(3), (len(angle), 3, 3)).copy()
    first, second = (axis + 1) % 3, (axis + 2) % 3
    result[:, first, first] = result[:, second, second] = np.cos(angle)
    result[:, second, first] = np.sin(angle)
    result[:, first, second] = -np.sin(angle)
    return result


def _apart(names: tuple[str, str, str], rotation: Array) -> dict[str, Array]:
    """Return rotations (T, 3, 3) as turns about Z, X and Y, in degrees, without jumps by whole turns."""
    about_z = np.arctan2(-rotation[:, 0, 1], rotation[:, 1, 1])
    about_x = np.arcsin(np.clip(rotation[:, 2, 1], -1.0, 1.0))
    about_y = np.arctan2(-rotation[:, 2, 0], rotation[:, 2, 2])
    return {name: np.degrees(_unwrapped(turn)) for name, turn in zip(names, (about_z, about_x, about_y), strict=True)}


def _unwrapped(angle: Array) -> Array:
    known = np.isfinite(angle)
    result = angle.copy()
    result[known] = np.unwrap(angle[known])
    return result
