"""Named point sets. Left and right are the subject's own; side first: `left_knee`.

A point's parent is the next point towards the root, the middle of the hips; points that hang from the root
itself have parent −1.
"""

from dataclasses import dataclass
from functools import cached_property

from posedetector.errors import InputError


@dataclass(frozen=True)
class Skeleton:
    """An ordered set of named points and how they hang together."""

    name: str
    points: tuple[str, ...]
    parents: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def _index(self) -> dict[str, int]:
        return {point: index for index, point in enumerate(self.points)}

    def index(self, point: str) -> int:
        """Return the row of a point; raises InputError when the skeleton lacks it."""
        if point not in self._index:
            raise InputError(f"{self.name} has no point named {point!r}; it has {', '.join(self.points)}")
        return self._index[point]

    def indices(self, *points: str) -> list[int]:
        """Return the rows of several points, in the order given."""
        return [self.index(point) for point in points]

    def has(self, *points: str) -> bool:
        """Tell whether every one of these points belongs to the skeleton."""
        return all(point in self._index for point in points)

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(left, right) rows of the points that have a twin on the other side."""
        return tuple(
            (row, self._index[twin])
            for point, row in self._index.items()
            if point.startswith("left_") and (twin := "right_" + point.removeprefix("left_")) in self._index
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
