"""From a picture and a depth for each point to a body in metres.

A network that gives depths in metres beside pixels does not say how many metres a pixel is. The body itself does: its
limbs have the lengths that such depths and a grown person's proportions leave for the picture. What comes out is as
large as that grown person; the subject's own size comes in calibration, by one factor for all.
"""

from collections.abc import Callable

import numpy as np

from posedetector.anthropometry import ADULT_STATURE, SEGMENT_ENDS, STATURE_SHARES
from posedetector.pose import Array
from posedetector.skeletons import SIDES, Skeleton

_LEAST_SHARE = 0.25  # of the limbs' squared lengths that lies in the picture; if depths leave less, they are wrong
_ROUNDS = 3
SEEN = 0.3  # points seen less surely say nothing of where a person is, or how large


def in_metres(
    xy: Array,
    depth: Array,
    score: Array,
    skeleton: Skeleton,
    *,
    image_size: Array | tuple[int, int],
    focal_length: float | None = None,
    to_ideal: Callable[[Array], Array] | None = None,
) -> Array:
    """Return the points (N, J, 3) in metres from the middle of the hips: x right, y down, z away from the camera.

    Parameters
    ----------
    xy : (N, J, 2) pixels, NaN where not seen.
    depth : (N, J) metres behind the middle of the hips.
    score : (N, J) in [0, 1]; limbs that are surely seen, and in the picture, say how many metres a pixel is.
    image_size : width and height of the picture, or (N, 2) of each one's.
    focal_length : pixels; None looks from far away, which takes no perspective out.
    to_ideal : maps pixels (…, 2) into the picture of a camera without distortion; None where there is none.

    All is NaN where a hip or every limb was not seen. Each limb (Drillis & Contini 1966) says how large a pixel is; their
    median, weighted by how much of them lies in the picture's plane, holds.
    """
    sizes = np.broadcast_to(np.asarray(image_size, np.float64), (len(xy), 2))[:, None]
    middle = sizes / 2
    hips = skeleton.indices("left_hip", "right_hip")
    ends = np.array([skeleton.indices(f"{side}_{near}", f"{side}_{far}") for side, near, far, _ in _limbs()])
    squared = np.array([length**2 for *_, length in _limbs()])
    inside = ((xy >= 0) & (xy < sizes)).all(axis=-1)
    xy = xy if to_ideal is None else to_ideal(xy)
    sure = ((score >= SEEN) & inside)[:, ends].all(axis=-1)
    left = np.where(sure, squared - (depth[:, ends[:, 0]] - depth[:, ends[:, 1]]) ** 2, 0.0)
    wrong = left.clip(0).sum(axis=1) < _LEAST_SHARE * np.where(sure, squared, 0.0).sum(axis=1)
    left = np.where(wrong[:, None], np.where(sure, _LEAST_SHARE * squared, 0.0), left.clip(0))
    scale, plane = np.full(len(xy), np.nan), xy
    for _ in range(1 if focal_length is None else _ROUNDS):
        seen = ((plane[:, ends[:, 0]] - plane[:, ends[:, 1]]) ** 2).sum(axis=-1)
        scale = np.sqrt(_weighted_median(left / np.where(seen > 0, seen, np.nan), left))
        if focal_length is not None:  # what is farther away than the hips looks smaller
            plane = (xy - middle) * (1 + depth / (focal_length * scale[:, None]))[..., None]
    body = np.concatenate((plane * scale[:, None, None], depth[..., None]), axis=-1)
    body[~np.isfinite(body).all(axis=-1)] = np.nan
    return np.asarray(body - body[:, hips].mean(axis=1, keepdims=True))


def perspective(focal_length: float | None) -> str:
    """Say what was taken out of the picture, for the provenance."""
    if focal_length is None:
        return "metres as seen from far away"
    return f"metres with the perspective of a focal length of {focal_length:.0f} px taken out"


def _weighted_median(values: Array, weights: Array) -> Array:
    """Return (N,) of values and weights (N, K); NaN values do not count, and NaN where none does."""
    weights = np.where(np.isfinite(values), weights, 0.0)
    order = np.argsort(np.where(np.isfinite(values), values, np.inf), axis=1)
    ranked, along = np.take_along_axis(values, order, axis=1), np.take_along_axis(weights, order, axis=1).cumsum(axis=1)
    half = (along >= 0.5 * along[:, -1:]).argmax(axis=1)
    return np.where(along[:, -1] > 0, ranked[np.arange(len(values)), half], np.nan)


def _limbs() -> list[tuple[str, str, str, float]]:
    return [
        (side, near, far, STATURE_SHARES[segment] * ADULT_STATURE)
        for segment, (near, far) in SEGMENT_ENDS.items()
        for side in SIDES
    ]
