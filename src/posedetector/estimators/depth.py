"""From a picture and a depth for each point to a body in metres.

A network that gives depths in metres beside pixels does not say how many metres a pixel is. The body itself does: its
limbs have the lengths that such depths and a grown person's proportions leave for the picture. What comes out is as
large as that grown person; the subject's own size comes in calibration, by one factor for all.
"""

import numpy as np

from posedetector.pose import Array
from posedetector.skeletons import Skeleton
from posedetector.subject import SEGMENTS, STATURE_SHARES

STATURE = 1.7  # metres, of the people whose depths such networks have learned: a judgement
_LEAST_SHARE = 0.25  # of the limbs' squared lengths that lies in the picture; if depths leave less, they are wrong
_ROUNDS = 3


def in_metres(
    xy: Array, depth: Array, skeleton: Skeleton, *, image_size: tuple[int, int], focal_length: float | None = None
) -> Array:
    """Return the points (N, J, 3) in metres from the middle of the hips: x right, y down, z away from the camera.

    Parameters
    ----------
    xy : (N, J, 2) pixels, NaN where not seen.
    depth : (N, J) metres behind the middle of the hips.
    focal_length : pixels; None looks from far away, which takes no perspective out.

    All is NaN where a hip or every limb was not seen. The squared lengths of all limbs seen whole (Drillis & Contini
    1966) are those that depth and picture give, together.
    """
    middle = np.array(image_size) / 2
    hips = skeleton.indices("left_hip", "right_hip")
    ends = np.array([skeleton.indices(f"{side}_{near}", f"{side}_{far}") for side, near, far, _ in _limbs()])
    squared = np.array([length**2 for *_, length in _limbs()])
    across = depth[:, ends[:, 0]] - depth[:, ends[:, 1]]
    scale, plane = np.full(len(xy), np.nan), xy
    for _ in range(1 if focal_length is None else _ROUNDS):
        limbs = ((plane[:, ends[:, 0]] - plane[:, ends[:, 1]]) ** 2).sum(axis=-1)
        whole = np.isfinite(limbs) & np.isfinite(across)
        of_all = np.where(whole, squared, 0.0).sum(axis=1)
        left = np.maximum(of_all - np.where(whole, across**2, 0.0).sum(axis=1), _LEAST_SHARE * of_all)
        seen = np.where(whole, limbs, 0.0).sum(axis=1)
        scale = np.sqrt(np.divide(left, seen, out=np.full(len(xy), np.nan), where=seen > 0))
        if focal_length is not None:  # what is farther away than the hips looks smaller
            plane = (xy - middle) * (1 + depth / (focal_length * scale[:, None]))[..., None]
    body = np.concatenate((plane * scale[:, None, None], depth[..., None]), axis=-1)
    body[~np.isfinite(body).all(axis=-1)] = np.nan
    return np.asarray(body - body[:, hips].mean(axis=1, keepdims=True))


def _limbs() -> list[tuple[str, str, str, float]]:
    return [
        (side, near, far, STATURE_SHARES[segment] * STATURE)
        for segment, (near, far) in SEGMENTS.items()
        for side in ("left", "right")
    ]
