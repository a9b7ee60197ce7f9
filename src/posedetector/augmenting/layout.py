"""What goes to the marker enhancer and what comes back, in our names."""

from collections.abc import Sequence

import numpy as np

from posedetector.augmenting.networks import ENHANCERS
from posedetector.pose import Array, MetricPose
from posedetector.skeletons import Skeleton

# Where the tip of the fifth toe is, in shares of the line from the heel to the big toe: along it, and outwards. From where
# Pose2Sim's BODY_25 has OpenPose's three points on the foot of OpenCap's OpenSim model (calcn: heel 0.0136, 0.0233, −0.0019;
# toes, 0.1788, −0.002, 0.0011 further on: big toe 0.0647, 0.0099, −0.0146, small toe 0.0271, 0.0096, 0.0288 m).
SMALL_TOE = (0.83, 0.18)
_MADE = {"neck": ("shoulder",), "small_toe": ("heel", "foot_index", "ankle")}  # of which points of ours
_LETTERS = {"left": "L", "right": "r"}


def missing_points(skeleton: Skeleton) -> list[str]:
    """Return the points that the networks need and a skeleton has not, nor anything to make them of."""
    wanted = dict.fromkeys(point for enhancer in ENHANCERS for point in enhancer.takes)
    return [
        point for point in wanted if not (skeleton.has(point) and point != "neck") and not skeleton.has(*_parts(point))
    ]


def _parts(point: str) -> list[str]:
    if point == "neck":
        return ["left_shoulder", "right_shoulder"]
    side, _, own = point.partition("_")
    return [f"{side}_{part}" for part in _MADE.get(own, (own,))]


def points_for(pose: MetricPose, takes: Sequence[str]) -> Array:
    """Return the points (T, P, 3) that a network takes, metres from the middle of the hips.

    The neck is the middle of the shoulders: in the enhancer's own data the three are at the same height (its `mean.npy`),
    while Human3.6M's neck is at the nose. The tip of the fifth toe, where the skeleton has none, is put beside the big toe
    (SMALL_TOE), in the plane across that of heel, big toe and ankle.
    """
    return np.stack([_point(pose, point) for point in takes], axis=1)


def _point(pose: MetricPose, point: str) -> Array:
    skeleton, xyz = pose.skeleton, pose.xyz
    if point == "neck":
        return np.asarray(xyz[:, skeleton.indices(*_parts(point))].mean(axis=1))
    if skeleton.has(point):
        return xyz[:, skeleton.index(point)]
    heel, toe, ankle = (xyz[:, row] for row in skeleton.indices(*_parts(point)))
    along = toe - heel
    across = np.cross(along, ankle - heel)  # to the right: the ankle is above the line
    with np.errstate(invalid="ignore", divide="ignore"):
        across *= np.linalg.norm(along, axis=1, keepdims=True) / np.linalg.norm(across, axis=1, keepdims=True)
    outwards = 1.0 if point.startswith("right") else -1.0
    return np.asarray(heel + SMALL_TOE[0] * along + outwards * SMALL_TOE[1] * across)


def _between() -> dict[str, tuple[str, ...]]:
    named: dict[str, tuple[str, ...]] = {}
    for side, letter in _LETTERS.items():
        named[f"{side}_hip"] = (f"{letter.upper()}HJC_study",)
        for joint in ("knee", "ankle"):
            named[f"{side}_{joint}"] = (f"{letter}_{joint}_study", f"{letter}_m{joint}_study")
        for joint in ("elbow", "wrist"):
            named[f"{side}_{joint}"] = (f"{letter}_l{joint}_study", f"{letter}_m{joint}_study")
        named[f"{side}_heel"], named[f"{side}_foot_index"] = (f"{letter}_calc_study",), (f"{letter}_toe_study",)
        for bone in ("asis", "psis"):
            named[f"{side}_{bone}"] = (f"{letter}.{bone.upper()}_study",)
    return named


# points of ours and the markers in whose middle they are
BETWEEN = _between()


def _anchors() -> dict[str, str]:
    on = {"C7_study": "left_shoulder"}
    words = ("HJC", "ASIS", "PSIS", "mknee", "mankle", "lelbow", "melbow", "lwrist", "mwrist")
    joints = ("hip", "hip", "hip", "knee", "ankle", "elbow", "elbow", "wrist", "wrist")
    parts = dict(zip(words, joints, strict=True)) | {
        "knee": "knee",
        "ankle": "ankle",
        "toe": "foot_index",
        "5meta": "foot_index",
        "calc": "heel",
        "shoulder": "shoulder",
        "thigh1": "hip",
        "thigh2": "hip",
        "thigh3": "hip",
        "sh1": "knee",
        "sh2": "knee",
        "sh3": "knee",
    }
    for enhancer in ENHANCERS:
        for marker in enhancer.gives:
            if marker in on:
                continue
            side = "right" if marker[0] in "rR" else "left"
            on[marker] = f"{side}_{parts[marker.removesuffix('_study')[1:].strip('._')]}"
    return (
        on
        | {f"{side}_{bone}": f"{side}_hip" for side in _LETTERS for bone in ("asis", "psis")}
        | {point: point for point in BETWEEN if not point.endswith("sis")}
    )


# point of what is given → that point of the estimator's on which it hangs
HANGS_ON = _anchors()
