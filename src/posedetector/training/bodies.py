"""The body that training works on: fourteen points in a room, metres, Y up; and how a limb of two segments is bent.

The points are where an estimator's keypoints are, so that training and use agree: `nose` and `head` (the middle of the
eyes) are on the face, and what Human3.6M's other joints are made of at inference (`parts_of`), they are made of here.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from posedetector.anthropometry import ADULT_STATURE, TRAINED_SHARES
from posedetector.skeletons import H36M_17, SIDES, Skeleton, parts_of

Floats = NDArray[np.floating[Any]]

BODY_14 = Skeleton(
    "body_14",
    (
        "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
        "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "nose", "head",
    ),
    (-1, -1, 0, 1, 2, 3, -1, -1, 6, 7, 8, 9, -1, 12),
)  # fmt: skip
SHOULDERS, HIPS, FACE = slice(0, 2), slice(6, 8), slice(12, 14)
UPPER = (*range(6), 12, 13)
LEGS = tuple(BODY_14.indices(f"{side}_hip", f"{side}_knee", f"{side}_ankle") for side in SIDES)
ARMS = tuple(BODY_14.indices(f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist") for side in SIDES)
MIRROR = np.array([1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 12, 13])
UP = np.array([0, 1, 0], np.float32)

MOST_BENT = np.radians(150)
# leg and trunk of an adult: the length that every body is given before it becomes a target
LEG_AND_TRUNK = ADULT_STATURE * (TRAINED_SHARES["thigh"] + TRAINED_SHARES["shank"] + TRAINED_SHARES["trunk"])

PARTS = [parts_of(joint, BODY_14) for joint in H36M_17.points]


def halfway(pair: Floats) -> Floats:
    """Return the middles (…, k) of pairs (…, 2, k); numpy's mean takes several times as long over so short an axis."""
    return np.asarray((pair[..., 0, :] + pair[..., 1, :]) / 2)


def to_h36m(points: Floats) -> Floats:
    """Return H36M-17 (…, 17, k) of the body's points (…, 14, k), each as an estimator's keypoints give it."""
    return np.asarray(np.stack([points[..., rows, :].mean(axis=-2) for rows in PARTS], axis=-2))


def unit(vectors: Floats) -> Floats:
    """Return the directions of vectors (…, 3)."""
    return np.asarray(vectors / np.maximum(np.sqrt(dot(vectors, vectors)), 1e-6))


def dot(first: Floats, second: Floats) -> Floats:
    """Return the products of vectors (…, 3), as (…, 1)."""
    return np.asarray(np.einsum("...i,...i->...", first, second))[..., None]


def cross(first: Floats, second: Floats) -> Floats:
    """Return the cross products of vectors (…, 3); numpy's own is several times slower."""
    x1, y1, z1 = np.moveaxis(first, -1, 0)
    x2, y2, z2 = np.moveaxis(second, -1, 0)
    return np.stack([y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2], axis=-1)


def rotate(vectors: Floats, axes: Floats, angles: Floats) -> Floats:
    """Return vectors (…, 3) turned about unit axes (…, 3) by angles (…) in radians (Rodrigues, 1840)."""
    cosine, sine = np.cos(angles)[..., None], np.sin(angles)[..., None]
    return np.asarray(vectors * cosine + cross(axes, vectors) * sine + axes * dot(axes, vectors) * (1 - cosine))


def trunk_axes(points: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the directions to the person's left, up the trunk, and forward, each (…, 3), at right angles."""
    hips, shoulders = points[..., HIPS, :], points[..., SHOULDERS, :]
    up = unit(halfway(shoulders) - halfway(hips))
    across = hips[..., 0, :] - hips[..., 1, :] + shoulders[..., 0, :] - shoulders[..., 1, :]
    left = unit(across - dot(across, up) * up)
    return left, up, cross(left, up)


def bent(points: Floats, limb: list[int]) -> Floats:
    """Return by how much a limb is bent at its middle joint, radians (…): 0 when straight."""
    return between(points[..., limb[1], :] - points[..., limb[0], :], points[..., limb[2], :] - points[..., limb[1], :])


def between(first: Floats, second: Floats) -> Floats:
    """Return the angles between vectors (…, 3), radians (…)."""
    return np.asarray(np.arccos(np.clip(dot(unit(first), unit(second))[..., 0], -1, 1)))


def side_of_bend(points: Floats, limb: list[int], usual: Floats) -> tuple[Floats, Floats]:
    """Return a limb's direction from end to end and the side to which its middle joint points, unit vectors (…, 3).

    `usual` (…, 3) decides for a limb that is straight.
    """
    start, middle, end = (points[..., row, :] for row in limb)
    direction = unit(end - start)
    offset = middle - start
    side = (offset - dot(offset, direction) * direction) / np.linalg.norm(offset, axis=-1, keepdims=True).clip(1e-6)
    side = side + 0.06 * (usual - dot(usual, direction) * direction)
    return direction, unit(side)


def place(
    start: Floats, direction: Floats, side: Floats, first: Floats, second: Floats, bend: Floats
) -> tuple[Floats, Floats]:
    """Return a limb's middle joint and its end (…, 3), given where it starts, points to, bends to, and by how much.

    Segments `first` and `second` are metres (…), `bend` radians (…); law of cosines.
    """
    reach = np.sqrt(first**2 + second**2 + 2 * first * second * np.cos(bend))
    along = (first**2 + reach**2 - second**2) / (2 * reach).clip(1e-6)
    aside = np.sqrt(np.maximum(first**2 - along**2, 0))
    return start + along[..., None] * direction + aside[..., None] * side, start + reach[..., None] * direction


def bend_for(reach: Floats, first: Floats, second: Floats) -> Floats:
    """Return by how much (radians) a limb has to bend for its ends to be `reach` apart, from straight to `MOST_BENT`."""
    return np.arccos(np.clip((reach**2 - first**2 - second**2) / (2 * first * second), np.cos(MOST_BENT), 1))
