"""Angles over time: without jumps of a whole turn, and their rates of change. Holes stay holes."""

import numpy as np

from posedetector.filters import runs
from posedetector.pose import Array

TURN = 2 * np.pi


def unwrapped(values: Array, low: float) -> Array:
    """Return angles (T,) in radians that never jump by a whole turn, the first one in [low, low + 2π).

    After a hole an angle goes on in the turn nearest to where it was before.
    """
    known = np.isfinite(values)
    result = values.copy()
    if known.any():
        path = np.unwrap(values[known])
        result[known] = path - TURN * np.floor((path[0] - low) / TURN)
    return result


def derivative(values: Array, time: Array) -> Array:
    """Return the rate of change (T,) per second; NaN where a value or, next to a hole, a neighbour is missing.

    The slope of the parabola through three neighbours, of the times as they are (exact for steady acceleration); at both ends of
    a stretch of values the slope there of the parabola through its last three. A stretch of less than three has none.
    """
    result = np.full_like(values, np.nan)
    for run in runs(np.isfinite(values)):
        if run.stop - run.start >= 3:
            result[run] = np.gradient(values[run], time[run], edge_order=2)
    return result
