"""RTMW3D's two ends, without PyTorch: crops of people in, and points out of what the network says.

The head says for each point how likely each column, each row and each depth is (Li et al., SimCC, ECCV 2022), in steps
of half a pixel; 576 steps of depth are 4.35 m around the middle of the hips.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posedetector.models.running import Input
from posedetector.pose import Array, ByteArray

WIDTH, HEIGHT = 288, 384
INPUT = Input()
POINTS = 133
SIZES = {"l": (1.0, 1.0), "x": (1.33, 1.25)}  # how deep, how wide
STEPS = 2  # a pixel

_DEPTH = 2.1744869  # metres from the middle of the hips to the first and to the last step
_PADDING = 1.25  # of the crop over the person's box


def frame_of(box: Array) -> tuple[Array, Array]:
    """Return the middle (2,) and the width and height (2,) in pixels of the crop around a box (4,) left, top, right, bottom."""
    left, top, right, bottom = box
    width, height = (right - left) * _PADDING, (bottom - top) * _PADDING
    ratio = WIDTH / HEIGHT
    size = (width, width / ratio) if width > height * ratio else (height * ratio, height)
    return np.array(((left + right) / 2, (top + bottom) / 2)), np.array(size)


def crop(image: ByteArray, middle: Array, size: Array) -> ByteArray:
    """Return (384, 288, 3) of a picture (H, W, 3); black where the crop reaches beyond it."""
    import cv2

    scale = WIDTH / size[0]
    to_crop = np.array(
        ((scale, 0, WIDTH / 2 - scale * middle[0]), (0, scale, HEIGHT / 2 - scale * middle[1])), np.float64
    )
    out: ByteArray = cv2.warpAffine(image, to_crop, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    return out


def peaks(logits: Sequence[Any]) -> tuple[NDArray[np.int64], Array]:
    """Return where each point is likeliest (N, 133, 3): column, row, depth; and the lower peak of column and row (N, 133).

    `logits` as `rtmw3d.RTMW3D.forward` returns them, arrays or PyTorch's tensors, which are searched where they are.
    """
    where, height = [], []
    for axis in logits:
        if isinstance(axis, np.ndarray):
            where.append(axis.argmax(axis=2))
            height.append(axis.max(axis=2).astype(np.float32))
        else:
            best = axis.max(dim=2)
            where.append(best.indices.cpu().numpy())
            height.append(best.values.float().cpu().numpy())
    return np.stack(where, axis=-1), np.minimum(height[0], height[1]).astype(np.float64)


def decode(where: NDArray[np.int64], peak: Array, middles: Array, sizes: Array) -> tuple[Array, Array, Array]:
    """Return pixels in the picture (N, 133, 2), metres of depth from the middle of the hips (N, 133), scores (N, 133).

    `where`, `peak` as `peaks` returns them, `middles` and `sizes` (N, 2) as `frame_of` does. The score is the lower one
    of a point's peaks along x and y, cut to [0, 1]: the network was trained towards peaks of 1, and a peak of 0 or less
    is a point that it does not see (NaN, score 0).
    """
    steps = where / STEPS
    xy = steps[..., :2] / (WIDTH, HEIGHT) * sizes[:, None] + (middles - sizes / 2)[:, None]
    depth = (steps[..., 2] / (WIDTH / 2) - 1) * _DEPTH
    unseen = ~(peak > 0)
    xy[unseen], depth[unseen] = np.nan, np.nan
    return xy, depth, np.where(unseen, 0.0, np.clip(peak, 0, 1))
