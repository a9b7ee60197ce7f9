"""Boxes and square crops of a picture; pixels, origin in the upper left corner."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posedetector.errors import InputError
from posedetector.pose import Array, ByteArray

_FINE_TILE = 0.6  # side of the small tiles over the picture's shorter side
_OVERLAP = 0.5


@dataclass(frozen=True)
class Square:
    """A square crop; it may reach beyond the picture, where it is black."""

    left: int
    top: int
    side: int

    @classmethod
    def around(cls, x: float, y: float, side: float) -> "Square":
        """Return the square of whole pixels nearest to this middle and side."""
        return cls(round(x - side / 2), round(y - side / 2), max(1, round(side)))

    @property
    def middle(self) -> tuple[float, float]:
        """x, y of the middle."""
        return self.left + self.side / 2, self.top + self.side / 2


def cut_square(image: ByteArray, square: Square) -> ByteArray:
    """Return the (side, side, 3) crop, contiguous."""
    height, width = image.shape[:2]
    left, top = max(square.left, 0), max(square.top, 0)
    right, bottom = min(square.left + square.side, width), min(square.top + square.side, height)
    crop = np.zeros((square.side, square.side, 3), np.uint8)
    if right > left and bottom > top:
        rows = slice(top - square.top, bottom - square.top)
        crop[rows, left - square.left : right - square.left] = image[top:bottom, left:right]
    return crop


def tiles(size: tuple[int, int]) -> list[Square]:
    """Return the whole picture as one square, then overlapping squares at two scales."""
    width, height = size
    squares = [Square.around(width / 2, height / 2, max(size))]
    for side in (min(size), _FINE_TILE * min(size)):
        squares += [Square.around(x, y, side) for y in _middles(height, side) for x in _middles(width, side)]
    return list(dict.fromkeys(squares))


def _middles(length: float, side: float) -> Array:
    steps = math.ceil((length - side) / (side * (1 - _OVERLAP))) + 1
    return np.linspace(side / 2, length - side / 2, max(1, steps))


def box_of(xy: Array) -> Array:
    """Return left, top, right, bottom of the points (J, 2) that are finite."""
    return np.concatenate([np.nanmin(xy, axis=0), np.nanmax(xy, axis=0)])


def middle_of(box: Array) -> tuple[float, float]:
    """Return x, y of the middle of a box."""
    return float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2


def box_overlap(one: Array, other: Array) -> float:
    """Return intersection over union of two boxes."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(np.prod(np.clip(sides, 0, None)))
    union = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2])) - shared
    return shared / union if union > 0 else 0.0


def in_view(boxes: Array, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell which boxes (N, 4) have an area and show some of a picture of this width and height."""
    left, top, right, bottom = boxes.T
    return np.asarray((left < right) & (top < bottom) & (left < size[0]) & (top < size[1]) & (right > 0) & (bottom > 0))


def check_box(box: Array, image: ByteArray) -> Array:
    """Return the box (4,) if it shows some of the picture; raises InputError if not."""
    height, width = image.shape[:2]
    left, top, right, bottom = box
    if not (left < right and top < bottom):  # False for NaN too
        raise InputError(
            f"a box is left, top, right, bottom in pixels and has an area; got {np.round(box, 1).tolist()}"
        )
    if not in_view(np.asarray(box, float)[None], (width, height))[0]:
        raise InputError(
            f"the box {np.round(box, 1).tolist()} lies outside of its picture, which is {width}×{height} pixels"
        )
    return box
