"""What goes to the marker enhancer and what comes back, in our names."""

import numpy as np

from posedetector.arrays import unit
from posedetector.augmenting.networks import ENHANCERS
from posedetector.pose import Array, MetricPose
from posedetector.skeletons import SIDES, Skeleton

# Where the tip of the fifth toe is, in shares of the line from the heel to the big toe: along it, and outwards. OpenCap's
# own (opencap-core, utilsOpenSim.py, addOpenPoseMarkersTool) on its generic foot: calcaneus, heel 0.0182, 0.01, −0.0202; toes,
# 0.1788, −0.002, 0.0011 further on, big toe 0.0488, 0.002, −0.0163, small toe 0.0215, 0.002, 0.0394 m.
SMALL_TOE = (0.88, 0.27)
# Where the enhancer expects OpenPose's hips, from the hip joints' centres: forwards, upwards and outwards, in shares of
# stature. It is what it takes off them in its authors' own example (marker-enhancer's jump, its first frame, a person of
# 1.96 m who stands; mean of both sides). The same place of opencap-core has 36 mm forwards and 17.5 mm outwards on its
# generic model, about 0.021 and 0.010 too, and all other joints at their centres.
HIPS = (0.021, 0.013, 0.010)
# Where the markers sit on the bones of OpenCap's model (Markers_LSTM.xml of Pose2Sim): in the anatomical position the plane of
# the four iliac markers dips forwards, and the line from the heel's to the big toe's downwards, by so much (radians).
SPINES_DIP, TOE_DIP = np.radians(4.7), np.radians(6.3)
_PARTS = {"small_toe": ("heel", "foot_index", "ankle")}  # of which points of ours it is made


def missing_points(skeleton: Skeleton) -> list[str]:
    """Return the points that the networks need and a skeleton has not, nor anything to make them of."""
    needed = []
    for point in dict.fromkeys(point for enhancer in ENHANCERS for point in enhancer.takes):
        side, _, own = point.partition("_")
        parts = (point,) if skeleton.has(point) else tuple(f"{side}_{part}" for part in _PARTS.get(own, (own,)))
        needed += [part for part in parts if point != "neck" and not skeleton.has(part)]
    return list(dict.fromkeys(needed))


def points_for(pose: MetricPose, height: float) -> tuple[dict[str, Array], Array]:
    """Return the points (T, 3) that the networks take, by name, and from where they are counted (T, 3).

    All in metres, in the pose's own axes; the points from the middle of the hips as the enhancer is given them, that from
    the pose's.

    - The hips of a pose are joint centres, and the enhancer's input has them where OpenPose sees them (HIPS): given as they
      are, their centres come out 3 cm too far back. Up is from the hips to the shoulders, outwards along the line of the hips.
    - The neck is the middle of the shoulders: in the enhancer's own data the three are at the same height (`mean.npy`),
      while Human3.6M's neck is at the nose.
    - The tip of the fifth toe, where the skeleton has none, is put beside the big toe (SMALL_TOE), across the plane of heel,
      big toe and ankle.
    """
    own = dict(zip(pose.skeleton.points, np.moveaxis(pose.xyz, 1, 0), strict=True))
    toes = [f"{side}_foot_index" for side in SIDES]  # which answers to `big_toe` too
    own |= {toe: pose.xyz[:, row] for toe, row in zip(toes, pose.skeleton.indices(*toes), strict=True)}
    own["neck"] = 0.5 * (own["left_shoulder"] + own["right_shoulder"])
    right = own["right_hip"] - own["left_hip"]
    up = unit(own["neck"] - 0.5 * (own["left_hip"] + own["right_hip"]))
    forwards = unit(np.cross(up, right))
    outwards = np.cross(forwards, up)
    for side, sign in zip(SIDES, (-1.0, 1.0), strict=True):
        ahead, above, beside = (height * share for share in HIPS)
        own[f"{side}_hip"] = own[f"{side}_hip"] + ahead * forwards + above * up + sign * beside * outwards
        if f"{side}_small_toe" not in own:
            heel, toe, ankle = (own[f"{side}_{part}"] for part in _PARTS["small_toe"])
            along = toe - heel
            across = unit(np.cross(along, ankle - heel)) * np.linalg.norm(along, axis=1, keepdims=True)
            own[f"{side}_small_toe"] = heel + SMALL_TOE[0] * along + sign * SMALL_TOE[1] * across
    middle = 0.5 * (own["left_hip"] + own["right_hip"])
    return {name: place - middle for name, place in own.items()}, middle


def _between() -> dict[str, tuple[str, ...]]:
    named: dict[str, tuple[str, ...]] = {}
    for side, letter in zip(SIDES, "Lr", strict=True):
        named[f"{side}_hip"] = (f"{letter.upper()}HJC_study",)
        for joint in ("knee", "ankle"):
            named[f"{side}_{joint}"] = (f"{letter}_{joint}_study", f"{letter}_m{joint}_study")
        named[f"{side}_heel"] = (f"{letter}_calc_study",)
        named[f"{side}_foot_index"] = (f"{letter}_toe_study",)
        for bone in ("asis", "psis"):
            named[f"{side}_{bone}"] = (f"{letter}.{bone.upper()}_study",)
    return named


# points of ours, and the markers in whose middle they are
BETWEEN = _between()
# what is in a marker's name, and the point of ours on which it hangs
_JOINTS = {
    **dict.fromkeys(("HJC", "ASIS", "PSIS", "thigh"), "hip"),
    **dict.fromkeys(("knee", "sh1", "sh2", "sh3"), "knee"),
    **dict.fromkeys(("toe", "5meta"), "foot_index"),
    **{word: word for word in ("ankle", "shoulder", "elbow", "wrist")},
    "calc": "heel",
    "C7": "shoulder",
}


def _anchors() -> dict[str, str]:
    on = {}
    for marker in (marker for enhancer in ENHANCERS for marker in enhancer.gives):
        joint = next(joint for word, joint in _JOINTS.items() if word in marker)
        on[marker] = f"{'right' if marker[0] in 'rR' else 'left'}_{joint}"
    return on | {point: on[parts[0]] for point, parts in BETWEEN.items()}


# what the enhancer gives, in its names and in ours → the point of the estimator's on which it hangs
HANGS_ON = _anchors()


def level(places: dict[str, Array]) -> dict[str, Array]:
    """Return posterior iliac spines and tips of feet (T, 3) as they would be if all were level in the anatomical position.

    Markers lie where skin is over bone, and angles count from the anatomical position: the posterior spines are lowered by
    SPINES_DIP about the anterior ones, the tips raised by TOE_DIP about the heels. The markers themselves stay.
    """
    left, right = places["left_asis"], places["right_asis"]
    ahead = 0.5 * (left + right - places["left_psis"] - places["right_psis"])
    down = -unit(np.cross(right - left, ahead))
    off = np.tan(SPINES_DIP) * np.linalg.norm(ahead, axis=1, keepdims=True) * down
    moved = {f"{side}_psis": places[f"{side}_psis"] + off for side in SIDES}
    for side in SIDES:
        heel, toe, ankle = (places[f"{side}_{point}"] for point in ("heel", "foot_index", "ankle"))
        along = toe - heel
        up = unit(np.cross(np.cross(along, ankle - heel), along))
        moved[f"{side}_foot_index"] = toe + np.tan(TOE_DIP) * np.linalg.norm(along, axis=1, keepdims=True) * up
    return moved
