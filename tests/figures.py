"""A figure that is bent as told: forward kinematics by SciPy's rotations, so that every angle is known beforehand."""

from collections.abc import Mapping

import numpy as np
from scipy.spatial.transform import Rotation

from posedetector.pose import Array, MetricPose, Source
from posedetector.skeletons import BLAZEPOSE_33, Skeleton, extend

SIDES = {"left": -1.0, "right": 1.0}
SPINES = {"left_asis": "left_hip", "right_asis": "right_hip", "left_psis": "left_hip", "right_psis": "right_hip"}
WITH_SPINES = extend(BLAZEPOSE_33, "with_spines", SPINES)


def turn(sequence: str, *degrees: float) -> Array:
    """(3, 3), about moving axes."""
    return Rotation.from_euler(sequence, degrees, degrees=True).as_matrix()


def figure(angles: Mapping[str, float], skeleton: Skeleton = BLAZEPOSE_33) -> Array:
    """(J, 3) metres, Y up: the figure with these angles in degrees, by the names of the table; 0 where none is given.

    Hips 0.2 m apart at the height of 1 m, looking along X. Without spines the trunk stands on the pelvis without tilt.
    """

    def told(name: str) -> float:
        return angles.get(name, 0.0)

    pelvis = turn("YXZ", told("pelvis_rotation"), told("pelvis_obliquity"), -told("pelvis_tilt"))
    trunk = pelvis @ turn("ZXY", 0, told("bend_on_pelvis"), told("trunk_rotation"))
    body: dict[str, Array] = {}
    middle = np.array([0.0, 1.0, 0.0])
    neck = middle + 0.5 * trunk[:, 1]
    head = trunk @ turn("ZXY", -told("neck_flexion"), told("neck_side_bend"), told("neck_rotation"))
    ears = neck + 0.25 * head[:, 1]
    body["nose"] = ears + 0.1 * head[:, 0]
    for side, sign in SIDES.items():
        body[f"{side}_hip"] = middle + 0.1 * sign * pelvis[:, 2]
        body[f"{side}_asis"] = body[f"{side}_hip"] + pelvis @ [0.05, 0.08, 0.02 * sign]
        body[f"{side}_psis"] = body[f"{side}_hip"] + pelvis @ [-0.12, 0.08, -0.05 * sign]
        body[f"{side}_shoulder"] = neck + 0.18 * sign * trunk[:, 2]
        body[f"{side}_ear"] = ears + 0.07 * sign * head[:, 2]
        body |= _leg(body[f"{side}_hip"], pelvis, side, sign, told)
        body |= _arm(body[f"{side}_shoulder"], trunk, side, sign, told)
    return np.stack([body.get(point, body["nose"]) for point in skeleton.points])


def _leg(hip: Array, pelvis: Array, side: str, sign: float, told) -> dict[str, Array]:
    thigh = pelvis @ turn(
        "ZXY", told(f"{side}_hip_flexion"), sign * told(f"{side}_hip_adduction"), sign * told(f"{side}_hip_rotation")
    )
    shank = thigh @ turn("Z", -told(f"{side}_knee_flexion"))
    foot = shank @ turn("Z", told(f"{side}_ankle_dorsiflexion"))
    knee = hip - 0.42 * thigh[:, 1]
    ankle = knee - 0.41 * shank[:, 1]
    heel = ankle + foot @ [-0.05, -0.06, 0]
    return {
        f"{side}_knee": knee,
        f"{side}_ankle": ankle,
        f"{side}_heel": heel,
        f"{side}_foot_index": heel + 0.22 * foot[:, 0],
    }


def _arm(shoulder: Array, trunk: Array, side: str, sign: float, told) -> dict[str, Array]:
    forwards, outwards = np.radians([told(f"{side}_shoulder_flexion"), told(f"{side}_shoulder_abduction")])
    lift = np.hypot(forwards, outwards)
    # about the axis at right angles to where the arm goes; flexion turns about Z
    arm = trunk @ Rotation.from_rotvec(np.array([-sign * outwards, 0, forwards]) if lift else np.zeros(3)).as_matrix()
    forearm = arm @ turn("Z", told(f"{side}_elbow_flexion"))
    hand = forearm @ turn("ZX", told(f"{side}_wrist_flexion"), sign * told(f"{side}_wrist_deviation"))
    elbow = shoulder - 0.3 * arm[:, 1]
    wrist = elbow - 0.26 * forearm[:, 1]
    knuckles = wrist - 0.08 * hand[:, 1]
    return {
        f"{side}_elbow": elbow,
        f"{side}_wrist": wrist,
        # palms look forwards: the index finger is outside
        f"{side}_index": knuckles + 0.03 * sign * hand[:, 2],
        f"{side}_pinky": knuckles - 0.03 * sign * hand[:, 2],
        f"{side}_thumb": wrist + 0.03 * sign * hand[:, 2],
    }


def pose_of(xyz: Array, skeleton: Skeleton = BLAZEPOSE_33, rate: float = 50.0) -> MetricPose:
    """Return a pose from points (T, J, 3) in the laboratory, all of them measured; NaN where they are NaN."""
    xyz = xyz if xyz.ndim == 3 else xyz[None]
    root = np.nan_to_num(xyz[:, skeleton.indices("left_hip", "right_hip")].mean(axis=1))
    seen = np.isfinite(xyz).all(axis=-1)
    source = np.where(seen, Source.MEASURED, Source.NONE).astype(np.uint8)
    return MetricPose(skeleton, np.arange(len(xyz)) / rate, xyz - root[:, None], seen.astype(float), source, root)
