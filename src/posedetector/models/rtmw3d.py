"""RTMW3D: 133 points of a person with their depth (Jiang et al., RTMPose, 2023, arXiv:2303.07399; RTMW, 2024, arXiv:2407.08634).

The head says for each point how likely each column, each row and each depth is (Li et al., SimCC, ECCV 2022), in steps
of half a pixel; 576 steps of depth are 4.35 m around the middle of the hips.
"""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from posedetector.errors import WeightsError
from posedetector.models.checkpoints import read_network
from posedetector.models.cspnext import ConvNorm, CSPNeXt, CSPNeXtPAFPN
from posedetector.models.running import Input
from posedetector.pose import Array, ByteArray

WIDTH, HEIGHT = 288, 384
INPUT = Input()
POINTS = 133
SIZES = {"l": (1.0, 1.0), "x": (1.33, 1.25)}  # how deep, how wide

_STEPS = 2  # a pixel
_STRIDE = 32
_DEPTH = 2.1744869  # metres from the middle of the hips to the first and to the last step
_PADDING = 1.25  # of the crop over the person's box


class _ScaleNorm(nn.Module):
    """Rows of the same length (Nguyen & Salazar, 2019)."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.ones(1))
        self._scale = length**-0.5

    def forward(self, rows: Tensor) -> Tensor:
        norm = torch.linalg.vector_norm(rows, dim=-1, keepdim=True) * self._scale
        return torch.mul(rows / norm.clamp(min=1e-5), self.g)


class _Scale(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))

    def forward(self, rows: Tensor) -> Tensor:
        return rows * self.scale


class _GatedAttention(nn.Module):
    """Points look at each other (Hua et al., Transformer Quality in Linear Time, ICML 2022)."""

    def __init__(self, channels: int = 256, wide: int = 512, narrow: int = 128) -> None:
        super().__init__()
        self.uv = nn.Linear(channels, 2 * wide + narrow, bias=False)
        self.o = nn.Linear(wide, channels, bias=False)
        self.gamma = nn.Parameter(torch.ones(2, narrow))
        self.beta = nn.Parameter(torch.zeros(2, narrow))
        self.ln = _ScaleNorm(channels)
        self.res_scale = _Scale(channels)
        self._split = (wide, wide, narrow)

    def forward(self, points: Tensor) -> Tensor:
        gate, value, base = torch.split(nn.functional.silu(self.uv(self.ln(points))), list(self._split), dim=2)
        query, key = torch.unbind(base.unsqueeze(2) * self.gamma + self.beta, dim=2)
        # squares leave the range of half precision, so this is single
        likeness = torch.bmm(query.float(), key.float().transpose(1, 2)) / math.sqrt(self._split[2])
        drawn = torch.bmm(torch.square(nn.functional.relu(likeness)), value.float())
        seen = nn.functional.linear(gate.float() * drawn, self.o.weight.float()).to(points.dtype)
        return torch.add(self.res_scale(points), seen)


class _Head(nn.Module):
    """Coarse and fine features to one row a point, and that to columns, rows and depths."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        cells = (WIDTH // _STRIDE) * (HEIGHT // _STRIDE)
        conv = partial(ConvNorm, relu=True)
        self.conv_dec = conv(channels // 4, channels // 4, 7)
        self.final_layer = conv(channels, POINTS, 7)
        self.final_layer2 = conv(channels // 2 + channels // 4, POINTS, 7)
        self.mlp = nn.Sequential(_ScaleNorm(cells), nn.Linear(cells, 128, bias=False))
        self.mlp2 = nn.Sequential(_ScaleNorm(4 * cells), nn.Linear(4 * cells, 128, bias=False))
        self.gau = _GatedAttention()
        self.cls_x = nn.Linear(256, WIDTH * _STEPS, bias=False)
        self.cls_y = nn.Linear(256, HEIGHT * _STEPS, bias=False)
        self.cls_z = nn.Linear(256, WIDTH * _STEPS, bias=False)

    def forward(self, fine: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        far = self.mlp(self.final_layer(coarse).flatten(2))
        finer = self.conv_dec(nn.functional.pixel_shuffle(coarse, 2))
        near = self.mlp2(self.final_layer2(torch.cat((finer, fine), dim=1)).flatten(2))
        points = self.gau(torch.cat((far, near), dim=2))
        return self.cls_x(points), self.cls_y(points), self.cls_z(points)


class RTMW3D(nn.Module):
    """The network: size l (57.5 M parameters) or x (92.3 M)."""

    def __init__(self, size: str = "l") -> None:
        super().__init__()
        deepen, widen = SIZES[size]
        channels = [int(width * widen) for width in (256, 512, 1024)]
        self.backbone = CSPNeXt(deepen, widen)
        self.neck = CSPNeXtPAFPN(channels, 2)
        self.head = _Head(channels[-1])

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits of columns (B, 133, 576), rows (B, 133, 768) and depths (B, 133, 576).

        `crops` (B, 3, 384, 288) as INPUT says.
        """
        _, fine, coarse = self.neck(self.backbone(crops))
        out: tuple[Tensor, Tensor, Tensor] = self.head(fine, coarse)
        return out


def read_pose_network(path: Path, size: str) -> RTMW3D:
    """Read a checkpoint of this size; raises WeightsError for anything else, and says so if it is the other size."""
    sizes = {name: partial(RTMW3D, name) for name in SIZES}
    found, model = read_network(path, sizes, "RTMW3D")
    if found != size:
        raise WeightsError(f'{path} is RTMW3D-{found}, and RTMW3D-{size} was wanted: `model="{found}"` takes this file')
    return model


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


def peaks(logits: Sequence[Tensor] | Sequence[NDArray[Any]]) -> tuple[NDArray[np.int64], Array]:
    """Return where each point is likeliest (N, 133, 3): column, row, depth; and the lower peak of column and row (N, 133)."""
    where, height = [], []
    for axis in logits:
        if isinstance(axis, Tensor):
            best = axis.max(dim=2)
            where.append(best.indices.cpu().numpy())
            height.append(best.values.float().cpu().numpy())
        else:
            where.append(axis.argmax(axis=2))
            height.append(axis.max(axis=2).astype(np.float32))
    return np.stack(where, axis=-1), np.minimum(height[0], height[1]).astype(np.float64)


def decode(where: NDArray[np.int64], peak: Array, middles: Array, sizes: Array) -> tuple[Array, Array, Array]:
    """Return pixels in the picture (N, 133, 2), metres of depth from the middle of the hips (N, 133), scores (N, 133).

    `where`, `peak` as `peaks` returns them, `middles` and `sizes` (N, 2) as `frame_of` does. The score is the lower one
    of a point's peaks along x and y, cut to [0, 1]: the network was trained towards peaks of 1, and a peak of 0 or less
    is a point that it does not see (NaN, score 0).
    """
    steps = where / _STEPS
    xy = steps[..., :2] / (WIDTH, HEIGHT) * sizes[:, None] + (middles - sizes / 2)[:, None]
    depth = (steps[..., 2] / (WIDTH / 2) - 1) * _DEPTH
    unseen = ~(peak > 0)
    xy[unseen], depth[unseen] = np.nan, np.nan
    return xy, depth, np.where(unseen, 0.0, np.clip(peak, 0, 1))
