"""Named point sets. Left and right are the subject's own; side first: `left_knee`.

A point's parent is the next point towards the root, the middle of the hips; points that hang from the root
itself have parent −1.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from posedetector.errors import InputError
from posedetector.reprs import brief

Side = Literal["left", "right"]
AnySide = Side | Literal[""]  # empty: of the middle, or of both
SIDES: tuple[Side, Side] = ("left", "right")
OTHER_SIDE: dict[Side, Side] = {"left": "right", "right": "left"}
# The tip of the foot and the knuckles have names of their own in each layout; where a skeleton has one, it answers to the other.
_SAME = (("big_toe", "foot_index"), ("forefinger1", "index"), ("pinky_finger1", "pinky"))


def split_side(name: str) -> tuple[AnySide, str]:
    """Return the side with which a name begins, and the rest: `left_knee` is left and `knee`, `trunk` has none."""
    first, _, rest = name.partition("_")
    for side in SIDES:
        if first == side and rest:
            return side, rest
    return "", name


def twin_of(name: str) -> str:
    """Return what a name is on the other side; one without a side is its own twin."""
    side, rest = split_side(name)
    return f"{OTHER_SIDE[side]}_{rest}" if side else name


@dataclass(frozen=True)
class Skeleton:
    """An ordered set of named points and how they hang together."""

    __repr__ = brief

    name: str
    points: tuple[str, ...]
    parents: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def _index(self) -> dict[str, int]:
        own = {point: index for index, point in enumerate(self.points)}
        also = {point.replace(name, twin): row for point, row in own.items() for name, twin in _SAME if name in point}
        return also | own

    def index(self, point: str) -> int:
        """Return the row of a point; raises InputError when the skeleton lacks it."""
        if point not in self._index:
            raise InputError(f"{self.name} has no point named {point!r}; it has {', '.join(self.points)}")
        return self._index[point]

    def indices(self, *points: str) -> list[int]:
        """Return the rows of several points, in the order given."""
        return [self.index(point) for point in points]

    def ancestors(self, row: int) -> list[int]:
        """Return the rows that a point hangs from, the nearest first."""
        above = []
        while (row := self.parents[row]) >= 0:
            above.append(row)
        return above

    def has(self, *points: str) -> bool:
        """Tell whether every one of these points belongs to the skeleton."""
        return all(point in self._index for point in points)

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(left, right) rows of the points that have a twin on the other side."""
        return tuple(
            (row, self._index[twin])
            for row, point in enumerate(self.points)
            if split_side(point)[0] == "left" and (twin := twin_of(point)) in self._index
        )


def _skeleton(name: str, tree: dict[str, str | None]) -> Skeleton:
    points = tuple(tree)
    return Skeleton(name, points, tuple(-1 if parent is None else points.index(parent) for parent in tree.values()))


# Google's order: https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker
BLAZEPOSE_33 = _skeleton(
    "blazepose_33",
    {
        "nose": None,
        "left_eye_inner": "nose",
        "left_eye": "left_eye_inner",
        "left_eye_outer": "left_eye",
        "right_eye_inner": "nose",
        "right_eye": "right_eye_inner",
        "right_eye_outer": "right_eye",
        "left_ear": "left_eye_outer",
        "right_ear": "right_eye_outer",
        "left_mouth": "nose",
        "right_mouth": "nose",
        "left_shoulder": None,
        "right_shoulder": None,
        "left_elbow": "left_shoulder",
        "right_elbow": "right_shoulder",
        "left_wrist": "left_elbow",
        "right_wrist": "right_elbow",
        "left_pinky": "left_wrist",
        "right_pinky": "right_wrist",
        "left_index": "left_wrist",
        "right_index": "right_wrist",
        "left_thumb": "left_wrist",
        "right_thumb": "right_wrist",
        "left_hip": None,
        "right_hip": None,
        "left_knee": "left_hip",
        "right_knee": "right_hip",
        "left_ankle": "left_knee",
        "right_ankle": "right_knee",
        "left_heel": "left_ankle",
        "right_heel": "right_ankle",
        "left_foot_index": "left_ankle",
        "right_foot_index": "right_ankle",
    },
)

# https://cocodataset.org/#keypoints-eval
COCO_17 = _skeleton(
    "coco_17",
    {
        "nose": None,
        "left_eye": "nose",
        "right_eye": "nose",
        "left_ear": "left_eye",
        "right_ear": "right_eye",
        "left_shoulder": None,
        "right_shoulder": None,
        "left_elbow": "left_shoulder",
        "right_elbow": "right_shoulder",
        "left_wrist": "left_elbow",
        "right_wrist": "right_elbow",
        "left_hip": None,
        "right_hip": None,
        "left_knee": "left_hip",
        "right_knee": "right_hip",
        "left_ankle": "left_knee",
        "right_ankle": "right_knee",
    },
)

# Human3.6M's joints as Martinez et al. (ICCV 2017) and Pavllo et al. (CVPR 2019) order them
H36M_17 = _skeleton(
    "h36m_17",
    {
        "pelvis": None,
        "right_hip": "pelvis",
        "right_knee": "right_hip",
        "right_ankle": "right_knee",
        "left_hip": "pelvis",
        "left_knee": "left_hip",
        "left_ankle": "left_knee",
        "spine": "pelvis",
        "thorax": "spine",
        "neck": "thorax",
        "head": "neck",
        "left_shoulder": "thorax",
        "left_elbow": "left_shoulder",
        "left_wrist": "left_elbow",
        "right_shoulder": "thorax",
        "right_elbow": "right_shoulder",
        "right_wrist": "right_elbow",
    },
)

# Sigal et al., IJCV 87, 2010, as VideoPose3D's data_3d_humaneva15.npz orders them
HUMANEVA_15 = _skeleton(
    "humaneva_15",
    {
        "pelvis": None,
        "thorax": "pelvis",
        "left_shoulder": "thorax",
        "left_elbow": "left_shoulder",
        "left_wrist": "left_elbow",
        "right_shoulder": "thorax",
        "right_elbow": "right_shoulder",
        "right_wrist": "right_elbow",
        "left_hip": "pelvis",
        "left_knee": "left_hip",
        "left_ankle": "left_knee",
        "right_hip": "pelvis",
        "right_knee": "right_hip",
        "right_ankle": "right_knee",
        "head": "thorax",
    },
)

# The test set's order (Mehta et al., 3DV 2017), in Human3.6M's words: its crown is our head, its head our neck, its neck
# our thorax.
MPI_INF_3DHP_17 = _skeleton(
    "mpi_inf_3dhp_17",
    {
        "head": "neck",
        "thorax": "spine",
        "right_shoulder": "thorax",
        "right_elbow": "right_shoulder",
        "right_wrist": "right_elbow",
        "left_shoulder": "thorax",
        "left_elbow": "left_shoulder",
        "left_wrist": "left_elbow",
        "right_hip": "pelvis",
        "right_knee": "right_hip",
        "right_ankle": "right_knee",
        "left_hip": "pelvis",
        "left_knee": "left_hip",
        "left_ankle": "left_knee",
        "pelvis": None,
        "spine": "pelvis",
        "neck": "thorax",
    },
)


def _whole_body() -> dict[str, str | None]:
    tree: dict[str, str | None] = {
        point: None if parent < 0 else COCO_17.points[parent]
        for point, parent in zip(COCO_17.points, COCO_17.parents, strict=True)
    }
    for side in SIDES:
        tree |= {f"{side}_{part}": f"{side}_ankle" for part in ("big_toe", "small_toe", "heel")}
    tree |= {f"face_{number}": "nose" for number in range(68)}
    for side in SIDES:
        tree[f"{side}_hand_root"] = f"{side}_wrist"
        for finger in ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger"):
            chain = [f"{side}_hand_root", *(f"{side}_{finger}{number}" for number in range(1, 5))]
            tree |= dict(zip(chain[1:], chain, strict=False))
    return tree


# Jin et al., ECCV 2020; Zhu et al., ICCV 2023 (H3WB)
COCO_WHOLEBODY_133 = _skeleton("coco_wholebody_133", _whole_body())

SKELETONS = {
    skeleton.name: skeleton
    for skeleton in (BLAZEPOSE_33, COCO_17, H36M_17, HUMANEVA_15, MPI_INF_3DHP_17, COCO_WHOLEBODY_133)
}

# How far people who label a point are apart, in shares of the root of the person's area (standard deviations): of the body
# in COCO (Lin et al., ECCV 2014), of feet, face and hands in COCO-WholeBody (Jin et al., ECCV 2020).
_HAND_SIGMAS = (
    *(0.029, 0.022, 0.035, 0.037, 0.047, 0.026, 0.025, 0.024, 0.035, 0.018, 0.024),
    *(0.022, 0.026, 0.017, 0.021, 0.021, 0.032, 0.02, 0.019, 0.022, 0.031),
)
SIGMAS: dict[str, float] = dict(
    zip(
        COCO_WHOLEBODY_133.points,
        (
            *(0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072),
            *(0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089),
            *(0.068, 0.066, 0.066, 0.092, 0.094, 0.094),
            *(0.042, 0.043, 0.044, 0.043, 0.040, 0.035, 0.031, 0.025, 0.020),  # the jaw
            *(0.023, 0.029, 0.032, 0.037, 0.038, 0.043, 0.041, 0.045),
            *(0.013, 0.012, 0.011, 0.011, 0.012, 0.012, 0.011, 0.011, 0.013, 0.015),  # the brows
            *(0.009, 0.007, 0.007, 0.007, 0.012, 0.009, 0.008, 0.016, 0.010),  # the nose
            *(0.017, 0.011, 0.009, 0.011, 0.009, 0.007, 0.013, 0.008, 0.011, 0.012, 0.010, 0.034),  # the eyes
            *(0.008, 0.008, 0.009, 0.008, 0.008, 0.007, 0.010, 0.008, 0.009, 0.009),  # the mouth
            *(0.009, 0.007, 0.007, 0.008, 0.011, 0.008, 0.008, 0.008, 0.01, 0.008),
            *_HAND_SIGMAS,
            *_HAND_SIGMAS,
        ),
        strict=True,
    )
)
OTHER_SIGMA = 0.072  # of points that neither has: an elbow's, the median of COCO's 17

# Where a skeleton lacks a point, these of its points have it in their middle. The head is MMPose's: Human3.6M's neck is
# about where the nose is, its head about where the eyes are.
_MIDDLE_OF: dict[str, tuple[str, ...]] = {
    "pelvis": ("left_hip", "right_hip"),
    "thorax": ("left_shoulder", "right_shoulder"),
    "spine": ("left_hip", "right_hip", "left_shoulder", "right_shoulder"),
    "neck": ("nose",),
    "head": ("left_eye", "right_eye"),
    "nose": ("neck",),
    "left_eye": ("head",),
    "right_eye": ("head",),
    "left_ear": ("head",),
    "right_ear": ("head",),
}


def sigmas_of(skeleton: Skeleton) -> list[float]:
    """Return for each point how far those who label it are apart, in shares of the root of the person's area."""
    return [SIGMAS.get(point, OTHER_SIGMA) for point in skeleton.points]


def parts_of(point: str, skeleton: Skeleton) -> list[int]:
    """Return the rows of a skeleton whose middle is this point; raises InputError where it has no such points."""
    for names in ((point,), _MIDDLE_OF.get(point, ())):
        if names and skeleton.has(*names):
            return skeleton.indices(*names)
    raise InputError(f"{skeleton.name} has no {point}, and nothing that it could be made of")


# Links across the trunk of layouts whose shoulders and hips hang from the root itself
_ACROSS = (
    ("left_shoulder", "right_shoulder"),
    ("left_hip", "right_hip"),
    ("left_shoulder", "left_hip"),
    ("right_shoulder", "right_hip"),
)


def links_of(skeleton: Skeleton) -> list[tuple[int, int]]:
    """Return the rows that a line of a drawing joins: every bone, and across the trunk what hangs from the root itself."""
    bones = [(parent, row) for row, parent in enumerate(skeleton.parents) if parent >= 0]
    across = [tuple(skeleton.indices(*ends)) for ends in _ACROSS if skeleton.has(*ends)]
    return bones + [(first, last) for first, last in across if skeleton.parents[first] < 0 > skeleton.parents[last]]


def extend(skeleton: Skeleton, name: str, tree: dict[str, str]) -> Skeleton:
    """Return a skeleton with further points behind its own, each with the point that it hangs from."""
    known: dict[str, str | None] = {
        point: None if parent < 0 else skeleton.points[parent]
        for point, parent in zip(skeleton.points, skeleton.parents, strict=True)
    }
    return _skeleton(name, {**known, **tree})
