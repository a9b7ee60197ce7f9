"""Angles over time, without jumps of a whole turn. What is missing stays missing."""

import numpy as np

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
