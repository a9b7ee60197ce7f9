"""The body that is fitted, as tables: its points, its segments' shares of stature, and how each point is seen and moves.

Lengths are shares of stature. What a detector calls a joint lies beside the joint's centre by a constant that does not
average out over frames, so proportions are held tighter than they vary between people; whoever is built quite
differently is found out all the same, because what lies far off a proportion hardly counts against it (Student's t).
"""

from typing import NamedTuple

from posedetector.anthropometry import DETECTED_SHARES, LIMB_JOINTS, SEGMENT_ENDS, SIZE_CHAINS
from posedetector.skeletons import SIDES, SIGMAS


class Segment(NamedTuple):
    """A length that does not change: between which points, its share of stature, and two standard deviations.

    Attributes
    ----------
    ends : pairs of points; all of them have this one length.
    share : of stature, for joint centres as detectors mark them.
    spread : of its logarithm, between people, once habits of detectors are in it.
    give : in shares of stature, by how much points on a body come nearer and apart while it moves.
    """

    ends: tuple[tuple[str, str], ...]
    share: float
    spread: float
    give: float


class Point(NamedTuple):
    """How a point is seen and moves.

    Attributes
    ----------
    blur : how far keypoints lie from what they mark, relative to the knee's: COCO's annotators' sigmas
        (`skeletons.SIGMAS`); feet as ankles, faces not below a half, since heads turn under their points.
    acceleration : m/s² of a person 1.7 m tall, standard deviation; three to six times that of the median recording of CMU's, lest quick
        ones are held back.
    """

    blur: float
    acceleration: float


def _both(near: str, far: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"{side}_{near}", f"{side}_{far}") for side in SIDES)


# points at the ends, spread, give
_LINKS: dict[str, tuple[tuple[tuple[str, str], ...], float, float]] = {
    "thigh": (_both(*SEGMENT_ENDS["thigh"]), 0.013, 0.006),
    "shank": (_both(*SEGMENT_ENDS["shank"]), 0.013, 0.006),
    "upper_arm": (_both(*SEGMENT_ENDS["upper_arm"]), 0.016, 0.006),
    "forearm": (_both(*SEGMENT_ENDS["forearm"]), 0.020, 0.006),
    "hips": ((("left_hip", "right_hip"),), 0.020, 0.006),
    "shoulders": ((("left_shoulder", "right_shoulder"),), 0.016, 0.010),
    "trunk": (_both("hip", "shoulder"), 0.026, 0.020),
    "across_trunk": ((("left_hip", "right_shoulder"), ("right_hip", "left_shoulder")), 0.026, 0.030),
    "foot": (_both("ankle", "foot_index"), 0.04, 0.006),
    "rearfoot": (_both("ankle", "heel"), 0.08, 0.006),
    "sole": (_both("heel", "foot_index"), 0.04, 0.006),
    "ears": ((("left_ear", "right_ear"),), 0.08, 0.010),
    "face": ((("left_ear", "nose"), ("right_ear", "nose")), 0.08, 0.010),
}
SEGMENTS = {name: Segment(ends, DETECTED_SHARES[name], spread, give) for name, (ends, spread, give) in _LINKS.items()}


def _point(labelled: str, acceleration: float) -> Point:
    """Return a point whose keypoints lie as those that COCO's annotators call `labelled`."""
    return Point(max(round(SIGMAS[labelled] / SIGMAS["left_knee"], 2), 0.5), acceleration)


# whose annotators' points theirs are like, and how they move
_PAIRED = {
    "hip": _point("left_hip", 15.0),
    "knee": _point("left_knee", 30.0),
    "ankle": _point("left_ankle", 37.0),
    "shoulder": _point("left_shoulder", 15.0),
    "elbow": _point("left_elbow", 35.0),
    "wrist": _point("left_wrist", 60.0),
    "heel": _point("left_ankle", 50.0),
    "foot_index": _point("left_ankle", 50.0),
    "ear": _point("left_ear", 20.0),
}
POINTS: dict[str, Point] = {
    **{f"{side}_{name}": point for name, point in _PAIRED.items() for side in SIDES},
    # Human3.6M's neck is about the nose, its head about the eyes
    **dict.fromkeys(("nose", "neck", "head"), _point("nose", 20.0)),
}
HIPS, SHOULDERS = ("left_hip", "right_hip"), ("left_shoulder", "right_shoulder")
FEET = tuple(f"{side}_{name}" for side in SIDES for name in ("heel", "foot_index"))
FACE = ("nose", "neck", "head", "left_ear", "right_ear")

# bones whose depth the lifter knows, as its far end less its near end; "hips" and "shoulders" are the pairs' middles
BONES: tuple[tuple[str, str], ...] = (
    ("right_hip", "left_hip"),
    ("right_shoulder", "left_shoulder"),
    ("hips", "shoulders"),
    *(
        (f"{side}_{near}", f"{side}_{far}")
        for side in SIDES
        for near, far in (*SEGMENT_ENDS.values(), ("ankle", "heel"), ("ankle", "foot_index"))
    ),
    *(("shoulders", point) for point in FACE),
)
# limbs of two segments: name, segments, joints
LIMBS: tuple[tuple[str, tuple[str, str], tuple[str, str, str]], ...] = tuple(
    (kind, segments, (f"{side}_{joints[0]}", f"{side}_{joints[1]}", f"{side}_{joints[2]}"))
    for (kind, joints), segments in zip(LIMB_JOINTS.items(), SIZE_CHAINS, strict=True)
    for side in SIDES
)
