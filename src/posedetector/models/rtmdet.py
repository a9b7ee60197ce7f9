"""RTMDet, which finds people in pictures (Lyu et al., 2022, arXiv:2212.07784): the network, in PyTorch.

What goes in and what comes out: `letterbox`.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from torch import Tensor, nn

from posedetector.models.checkpoints import read_network
from posedetector.models.cspnext import ConvNorm, CSPNeXt, CSPNeXtPAFPN, conv_of
from posedetector.models.letterbox import STRIDES

if TYPE_CHECKING:
    from collections.abc import Sequence


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

        `images` (B, 3, side, side) as `letterbox.INPUT` says; sides are divisible by 32.
        """
        out: tuple[list[Tensor], list[Tensor]] = self.bbox_head(self.neck(self.backbone(images)))
        return out


def read_detector(path: Path) -> RTMDet:
    """Read a checkpoint of any size of the detector; raises WeightsError for anything else."""
    sizes = {name: partial(RTMDet, name) for name in SIZES}
    return read_network(path, sizes, "a detector of people (RTMDet)")[1]
