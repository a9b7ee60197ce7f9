"""Rotations over time: from directions, with gaps filled, and as three angles without jumps.

Rotations are (T, 3, 3), directions (T, 3), radians; NaN where unknown.
"""

import numpy as np
from numpy.typing import NDArray

from posedetector.arrays import cross_matrices, euler_angle
from posedetector.pose import Array

Flags = NDArray[np.bool_]


def twist(axis: Array, angle: Array) -> Array:
    """Return rotations (T, 3, 3) about unit vectors (T, 3) by angles (T,) (Rodrigues' formula)."""
    cross = cross_matrices(axis)
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.asarray(np.eye(3) + sine * cross + (1 - cosine) * cross @ cross)


def twist_angle(direction: Array, start: Array, end: Array) -> Array:
    """Return the angle (T,) about a unit direction (T, 3) from one axis (T, 3) to another."""
    sine = (np.cross(start, end) * direction).sum(axis=-1)
    return np.asarray(np.arctan2(sine, (start * end).sum(axis=-1)))


def with_gaps_filled(turns: Array, known: Flags) -> Array:
    """Return rotations (T, 3, 3): unknown ones between known ones by the shortest way at constant speed (slerp), the others held.

    All are the identity where none is known.
    """
    rows = np.flatnonzero(known)
    if len(rows) == len(turns):
        return turns
    if not len(rows):
        return np.tile(np.eye(3), (len(turns), 1, 1))
    from scipy.spatial.transform import Rotation, Slerp

    filled = turns.copy()
    filled[: rows[0]], filled[rows[-1] :] = turns[rows[0]], turns[rows[-1]]
    inside = np.flatnonzero(~known[: rows[-1]])
    inside = inside[inside > rows[0]]
    if len(inside):
        filled[inside] = Slerp(rows, Rotation.from_matrix(turns[rows]))(inside).as_matrix()
    return filled


def angles_in_order(turns: Array, order: str) -> Array:
    """Return (T, 3) angles about the three axes of `order`, moving ones, without jumps from frame to frame.

    `XZY` is R = Rx(first) Rz(second) Ry(third). Each rotation has two such triples, and each angle may go on by whole turns: taken
    are those nearest to the frame before; the first triple is the one whose second angle lies within ±90°.
    """
    first, second, third = (euler_angle(turns, order, part) for part in range(3))
    triple = np.stack([first, second, third], axis=-1)
    other = np.stack([first + np.pi, np.pi - second, third + np.pi], axis=-1)
    stays, changes = (np.abs(_wrapped(triple[1:] - before[:-1])).max(axis=-1) for before in (triple, other))
    changed = np.logical_xor.accumulate(np.concatenate([[False], changes < stays]))
    return np.asarray(np.unwrap(np.where(changed[:, None], other, triple), axis=0))


def _wrapped(angle: Array) -> Array:
    return np.asarray(np.mod(angle + np.pi, 2 * np.pi) - np.pi)
