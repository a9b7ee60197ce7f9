"""What a lifter's network is given for a person's 2D points: one function and a few numbers a row.

`screen` is the published networks': the points in screen coordinates, so that where the person stands in the picture
carries the perspective. `body` is our own: the points about the middle of the hips in units of the person's apparent
size, their scores, and where and how large the person is in the picture. It is told of no place that it has not been trained on: a person farther
from the picture's middle counts as at that distance. A person who is filmed from twice as far, or in
a picture of twice as many pixels, gives the same numbers but for the last two of these.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from posedetector.skeletons import SIDES, Skeleton, parts_of

Floats = NDArray[Any]

# what a person's apparent size is made of: segments that keep their length, both sides averaged
_SIZE = (
    (1.0, "thorax", "pelvis"),
    *(
        (0.5, f"{side}_{start}", f"{side}_{end}")
        for start, end in (("hip", "knee"), ("knee", "ankle"))
        for side in SIDES
    ),
)

# Apparent sizes from the picture's middle. In training, 95 % of people were within 0.7, 99 % within 1.2; at 2.2, where people walk through a
# wide picture, the network leant trunks and legs by 25° towards and away from the camera (benchmarks/off_centre.py).
FARTHEST = 1.0


class Inputs(NamedTuple):
    """How the points become channels.

    `make(points, size, aspect, skeleton)` takes points (…, T, J, 3) of x, y in screen coordinates and score, the person's
    apparent size (…, 1) in the same unit, and the picture's height over its width; it returns (…, T, channels).

    Attributes
    ----------
    coordinates : channels a point.
    context : channels of the person as a whole, behind those of the points.
    carries : whether the network adds its own x and y, times a learned factor, to what it gives.
    """

    make: Callable[[Floats, Floats, float | Floats, Skeleton], Floats]
    coordinates: int
    context: int = 0
    carries: bool = False


def apparent_size(points: Floats, skeleton: Skeleton) -> Floats:
    """Return the length (…) of trunk, thigh and shank of points (…, J, k) in a picture or in space, in the points' unit."""
    total: Floats = np.zeros(points.shape[:-2], points.dtype)
    for share, *ends in _SIZE:
        start, end = (points[..., parts_of(point, skeleton), :].mean(axis=-2) for point in ends)
        total = total + share * np.linalg.norm(end - start, axis=-1)
    return total


def _screen(points: Floats, size: Floats, aspect: float | Floats, skeleton: Skeleton) -> Floats:
    del size, aspect, skeleton
    return points[..., :2].reshape(*points.shape[:-2], -1)


def _body(points: Floats, size: Floats, aspect: float | Floats, skeleton: Skeleton) -> Floats:
    root = points[..., skeleton.indices("left_hip", "right_hip"), :2].mean(axis=-2)
    unit = np.maximum(size, 1e-6)
    channels = points.copy()
    channels[..., :2] = (points[..., :2] - root[..., None, :]) / unit[..., None, None]
    # the picture is 2 wide and 2 · aspect high
    share = np.log(unit / (2 * np.maximum(1, aspect)))
    person = [np.clip(root / unit[..., None], -FARTHEST, FARTHEST), np.broadcast_to(share, root.shape[:-1])[..., None]]
    return np.concatenate([channels.reshape(*points.shape[:-2], -1), *person], axis=-1)


INPUTS: dict[str, Inputs] = {"screen": Inputs(_screen, 2), "body": Inputs(_body, 3, context=3, carries=True)}
