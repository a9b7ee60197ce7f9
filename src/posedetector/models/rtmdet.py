"""RTMDet, which finds people in pictures (Lyu et al., 2022, arXiv:2212.07784).

Pictures are letterboxed: scaled to fit a square, at its upper left, the rest grey. The network was trained on BGR.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from posedetector.models.checkpoints import read_network
from posedetector.models.cspnext import ConvNorm, CSPNeXt, CSPNeXtPAFPN, conv_of
from posedetector.models.running import Input
from posedetector.pose import Array, ByteArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

INPUT = Input(blue_first=True)
STRIDES = (8, 16, 32)
_GREY = 114
_CANDIDATES = 1000  # of each stride that are looked at
_LEAST_SCORE = 0.05
_OVERLAP = 0.6  # boxes that share more than this are one person
_MOST = 100


@dataclass(frozen=True)
class Size:
    """One size of RTMDet: how deep and wide, and how its head reads distances."""

    deepen: float
    widen: float
    blocks: int
    exponential: bool = True
    shared: bool = True
    depthwise: bool = False
    side: int = 640


# OpenMMLab's configurations of detectors of one class
SIZES = {
    "nano": Size(0.33, 0.25, 1, exponential=False, shared=False, depthwise=True, side=320),
    "tiny": Size(0.167, 0.375, 1, exponential=False),
    "s": Size(0.33, 0.5, 1, exponential=False),
    "m": Size(0.67, 0.75, 2),
    "l": Size(1.0, 1.0, 3),
    "x": Size(1.33, 1.25, 4),
}


class _Head(nn.Module):
    """For each place of three grids: is there a person, and how far are the sides of his box."""

    def __init__(self, channels: int, size: Size) -> None:
        super().__init__()
        self._exponential = size.exponential
        conv = conv_of(depthwise=size.depthwise)

        def two() -> nn.ModuleList:
            return nn.ModuleList(conv(channels, channels, 3) for _ in range(2))

        self.cls_convs = nn.ModuleList(two() for _ in STRIDES)
        self.reg_convs = nn.ModuleList(two() for _ in STRIDES)
        self.rtm_cls = nn.ModuleList(nn.Conv2d(channels, 1, 1) for _ in STRIDES)
        self.rtm_reg = nn.ModuleList(nn.Conv2d(channels, 4, 1) for _ in STRIDES)
        if size.shared:
            for levels in (self.cls_convs, self.reg_convs):
                first, *others = (cast("list[ConvNorm]", list(cast("nn.ModuleList", level))) for level in levels)
                for level in others:
                    for own, shared in zip(level, first, strict=True):
                        own.conv = shared.conv

    def forward(self, features: "Sequence[Tensor]") -> tuple[list[Tensor], list[Tensor]]:
        scores, distances = [], []
        for level, (stride, feature) in enumerate(zip(STRIDES, features, strict=True)):
            scores.append(self.rtm_cls[level](_through(self.cls_convs[level], feature)))
            distance = self.rtm_reg[level](_through(self.reg_convs[level], feature))
            distances.append((distance.exp() if self._exponential else distance) * stride)
        return scores, distances


def _through(convs: nn.Module, feature: Tensor) -> Tensor:
    for conv in convs.children():
        feature = conv(feature)
    return feature


class RTMDet(nn.Module):
    """The detector, for one class: people."""

    def __init__(self, size: str = "m") -> None:
        super().__init__()
        made = SIZES[size]
        self.side = made.side
        channels = [int(width * made.widen) for width in (256, 512, 1024)]
        self.backbone = CSPNeXt(made.deepen, made.widen, depthwise=made.depthwise)
        self.neck = CSPNeXtPAFPN(channels, made.blocks, out=channels[0], depthwise=made.depthwise)
        self.bbox_head = _Head(channels[0], made)

    def forward(self, images: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Return logits (B, 1, H, W) and distances to left, top, right, bottom in pixels (B, 4, H, W), three strides each.

        `images` (B, 3, side, side) as INPUT says; sides are divisible by 32.
        """
        out: tuple[list[Tensor], list[Tensor]] = self.bbox_head(self.neck(self.backbone(images)))
        return out


def read_detector(path: Path) -> RTMDet:
    """Read a checkpoint of any size of the detector; raises WeightsError for anything else."""
    sizes = {name: partial(RTMDet, name) for name in SIZES}
    return read_network(path, sizes, "a detector of people (RTMDet)")[1]


def letterbox(image: ByteArray, side: int) -> tuple[ByteArray, Array]:
    """Return the picture (H, W, 3) in a square (side, side, 3), and (2,) square pixels a pixel, along x and y."""
    import cv2

    height, width = image.shape[:2]
    scale = min(side / max(height, width), side / min(height, width))
    size = max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5))
    square = np.full((side, side, 3), _GREY, np.uint8)
    square[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    return square, np.array(size) / (width, height)


def decode(
    scores: "Sequence[Tensor | NDArray[Any]]", distances: "Sequence[Tensor | NDArray[Any]]", scales: Array
) -> list[tuple[Array, Array]]:
    """Return the boxes (N, 4) left, top, right, bottom in pixels of each picture, and their scores (N,), the surest first.

    `scores`, `distances` as `RTMDet.forward` returns them, tensors or arrays, `scales` (B, 2) as `letterbox` returns them.
    """
    levels = [tuple(map(torch.as_tensor, level)) for level in zip(scores, distances, strict=True)]
    side = levels[0][0].shape[-1] * STRIDES[0]
    found = []
    for picture, scale in enumerate(scales):
        boxes, sure = [], []
        for stride, (logits, far) in zip(STRIDES, levels, strict=True):
            score = logits[picture].flatten().float().sigmoid()
            best = score.topk(min(_CANDIDATES, len(score)))
            rows = best.indices[best.values > _LEAST_SCORE]
            place = torch.stack((rows % logits.shape[-1], rows // logits.shape[-1]), dim=1) * stride
            reach = far[picture].flatten(1).T[rows].float()
            boxes.append(torch.cat((place - reach[:, :2], place + reach[:, 2:]), dim=1).clamp(0, side))
            sure.append(score[rows])
        all_boxes = torch.cat(boxes).cpu().numpy().astype(np.float64) / np.tile(scale, 2)
        all_scores = torch.cat(sure).cpu().numpy().astype(np.float64)
        kept = suppress(all_boxes, all_scores, _OVERLAP)[:_MOST]
        found.append((all_boxes[kept], all_scores[kept]))
    return found


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
