"""RTMW3D: 133 points of a person with their depth (Jiang et al., RTMPose, 2023, arXiv:2303.07399; RTMW, 2024, arXiv:2407.08634).

The network, in PyTorch. What goes in and what comes out: `simcc`.
"""

import math
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from posedetector.errors import WeightsError
from posedetector.models.checkpoints import read_network
from posedetector.models.cspnext import ConvNorm, CSPNeXt, CSPNeXtPAFPN
from posedetector.models.simcc import HEIGHT, POINTS, SIZES, STEPS, WIDTH

_STRIDE = 32


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
        self.cls_x = nn.Linear(256, WIDTH * STEPS, bias=False)
        self.cls_y = nn.Linear(256, HEIGHT * STEPS, bias=False)
        self.cls_z = nn.Linear(256, WIDTH * STEPS, bias=False)

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

        `crops` (B, 3, 384, 288) as `simcc.INPUT` says.
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
