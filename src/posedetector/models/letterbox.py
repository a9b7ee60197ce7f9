"""RTMDet's two ends, without PyTorch: pictures into a square, and boxes out of what the network says.

Pictures are letterboxed: scaled to fit a square, at its upper left, the rest grey. The network was trained on BGR.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posedetector.models.running import Input
from posedetector.pose import Array, ByteArray

INPUT = Input(blue_first=True)
STRIDES = (8, 16, 32)
_GREY = 114
_CANDIDATES = 1000  # of each stride that are looked at
_LEAST_SCORE = 0.05
_LOWEST_LOGIT = 50.0  # below the negative of this, a score is 0 for every purpose, and its exponential soon infinite
_OVERLAP = 0.6  # boxes that share more than this are one person
_MOST = 100


def letterbox(image: ByteArray, side: int) -> tuple[ByteArray, Array]:
    """Return the picture (H, W, 3) in a square (side, side, 3), and (2,) square pixels a pixel, along x and y."""
    import cv2

    height, width = image.shape[:2]
    scale = min(side / max(height, width), side / min(height, width))
    size = max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5))
    square = np.full((side, side, 3), _GREY, np.uint8)
    square[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    return square, np.array(size) / (width, height)


def decode(scores: Sequence[Any], distances: Sequence[Any], scales: Array) -> list[tuple[Array, Array]]:
    """Return the boxes (N, 4) left, top, right, bottom in pixels of each picture, and their scores (N,), the surest first.

    `scores`, `distances` as `rtmdet.RTMDet.forward` returns them, arrays or PyTorch's tensors; `scales` (B, 2) as
    `letterbox` returns them.
    """
    levels = [tuple(map(_array, level)) for level in zip(scores, distances, strict=True)]
    side = levels[0][0].shape[-1] * STRIDES[0]
    found = []
    for picture, scale in enumerate(scales):
        boxes, sure = [], []
        for stride, (logits, far) in zip(STRIDES, levels, strict=True):
            score = 1 / (1 + np.exp(-logits[picture].ravel().clip(-_LOWEST_LOGIT)))
            rows = np.flatnonzero(score > _LEAST_SCORE)
            rows = rows[np.argsort(-score[rows], kind="stable")[:_CANDIDATES]]
            place = np.stack((rows % logits.shape[-1], rows // logits.shape[-1]), axis=1).astype(np.float32) * stride
            reach = far[picture].reshape(4, -1)[:, rows].T
            boxes.append(np.concatenate((place - reach[:, :2], place + reach[:, 2:]), axis=1).clip(0, side))
            sure.append(score[rows])
        all_boxes = np.concatenate(boxes).astype(np.float64) / np.tile(scale, 2)
        all_scores = np.concatenate(sure).astype(np.float64)
        kept = suppress(all_boxes, all_scores, _OVERLAP)[:_MOST]
        found.append((all_boxes[kept], all_scores[kept]))
    return found


def _array(values: Any) -> NDArray[Any]:
    """Return an array in single precision of an array, or of a tensor on any device."""
    return values if isinstance(values, np.ndarray) else np.asarray(values.float().cpu())


def suppress(boxes: Array, scores: Array, overlap: float) -> Any:
    """Return the rows of boxes (N, 4) that share at most `overlap` (intersection over union) with any surer one kept."""
    order = np.argsort(-scores, kind="stable")
    sides = boxes[:, 2:] - boxes[:, :2]
    order = order[(sides[order] > 0).all(axis=1)]
    areas = sides.prod(axis=1)
    kept = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        shared = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(boxes[best, :2], boxes[rest, :2])
        area = shared.clip(0).prod(axis=1)
        order = rest[area <= overlap * (areas[best] + areas[rest] - area)]
    return np.array(kept, dtype=np.intp)
