"""The body that is fitted, as tables: its points, its segments' shares of stature, and how each point is seen and moves.

Lengths are shares of stature. What a detector calls a joint lies beside the joint's centre by a constant that does not
average out over frames, so proportions are held tighter than they vary between people; whoever is built quite
differently is found out all the same, because what lies far off a proportion hardly counts against it (Student's t).
"""

from typing import NamedTuple

from posedetector.anthropometry import DETECTED_SHARES, SEGMENT_ENDS
from posedetector.skeletons import SIDES


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
        (cocodataset.org/#keypoints-eval: hip 0.107, shoulder 0.079, elbow 0.072, wrist 0.062, knee 0.087, ankle 0.089,
        ear 0.035, nose 0.026); feet as ankles, faces not below a half, since heads turn under their points.
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
# the segments that together give the size: their lengths' sum stays what calibration made it
CHAINS = (("thigh", "shank"), ("upper_arm", "forearm"))

_PAIRED = {
    "hip": Point(1.23, 15.0),
    "knee": Point(1.00, 30.0),
    "ankle": Point(1.02, 37.0),
    "shoulder": Point(0.91, 15.0),
    "elbow": Point(0.83, 35.0),
    "wrist": Point(0.71, 60.0),
    "heel": Point(1.02, 50.0),
    "foot_index": Point(1.02, 50.0),
    "ear": Point(0.50, 20.0),
}
POINTS: dict[str, Point] = {
    **{f"{side}_{name}": point for name, point in _PAIRED.items() for side in SIDES},
    "nose": Point(0.50, 20.0),
    "neck": Point(0.50, 20.0),  # Human3.6M's: about the nose
    "head": Point(0.50, 20.0),
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
    for kind, segments, joints in (
        ("knee", ("thigh", "shank"), ("hip", "knee", "ankle")),
        ("elbow", ("upper_arm", "forearm"), ("shoulder", "elbow", "wrist")),
    )
    for side in SIDES
)
