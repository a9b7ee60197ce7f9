"""Where labels go beside their joints: on the picture, off the limbs, off each other, and without jumping to and fro."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from posedetector.pose import Array

_OUTSIDE = 1000.0  # a label that leaves the picture, or covers another, is the last choice
_STAY = 2.0  # covered samples that a label's place may cost more than the best one before it is left
# From the joint, in halves of the label and the way to it: outwards and aside first, then above and below, then stacked
# beyond a label that is there already. Pixels' y points down.
_DIRECTIONS = np.array(
    [
        *([1, 0], [0.8, -0.8], [0.8, 0.8], [-1, 0], [0, -1], [0, 1], [-0.8, -0.8], [-0.8, 0.8]),
        *([1, 2], [1, -2], [-1, 2], [-1, -2], [1, 3.5], [1, -3.5]),
    ],
    float,
)
_PREFERENCE = np.array([0, 1, 1, 1.5, 2, 2, 2.5, 2.5, 3, 3, 4, 4, 5, 5])


class Box(NamedTuple):
    """A place for a label, pixels."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass
class Placing:
    """Places labels frame by frame; it knows where each one was in the frame before."""

    size: tuple[int, int]
    _last: dict[str, int] = field(default_factory=dict)

    def place(
        self,
        name: str,
        joint: Array,
        label: tuple[int, int],
        away: float,
        samples: Array,
        taken: Sequence[Box],
        outwards: int,
    ) -> Box:
        """Return a place for a label of (width, height) beside a joint (2,).

        Parameters
        ----------
        name : what is labelled; the same in each frame.
        away : pixels between joint and label.
        samples : (N, 2) points on what should not be covered.
        taken : places of other labels.
        outwards : 1 where the body is on the joint's left in the image, else -1.
        """
        half = np.array(label) / 2
        middles = joint + _DIRECTIONS * [outwards, 1] * (away + half)
        low, high = middles - half, middles + half
        inside = ((samples > low[:, None] - 1) & (samples < high[:, None] + 1)).all(axis=-1).sum(axis=1)
        cost = inside + _PREFERENCE + _OUTSIDE * ((low < 0) | (high > self.size)).any(axis=1)
        for box in taken:
            overlaps = (
                (low[:, 0] < box.right) & (high[:, 0] > box.left) & (low[:, 1] < box.bottom) & (high[:, 1] > box.top)
            )
            cost = cost + _OUTSIDE * overlaps
        best = int(np.argmin(cost))
        # a place is kept as seen in the picture, whichever side is outwards now
        if name in self._last:
            kept = self._last[name] if outwards > 0 else _MIRRORED[self._last[name]]
            best = kept if cost[kept] <= cost[best] + _STAY else best
        self._last[name] = best if outwards > 0 else _MIRRORED[best]
        left, top = np.clip(low[best], 0, np.maximum(np.array(self.size) - label, 0))
        return Box(left, top, left + label[0], top + label[1])


_MIRRORED = [
    next((row for row, other in enumerate(_DIRECTIONS) if np.array_equal(other, one * [-1, 1])), number)
    for number, one in enumerate(_DIRECTIONS)
]
