"""CSPNeXt, the backbone of RTMDet and RTMPose, and its neck (Lyu et al., RTMDet, 2022, arXiv:2212.07784).

State dicts are interchangeable with those of OpenMMLab's checkpoints: the layers' names are theirs, the code is not.
"""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# channels in, channels out, blocks, and whether blocks add their input; the last stage pools instead
_STAGES = ((64, 128, 3, True), (128, 256, 6, True), (256, 512, 6, True), (512, 1024, 3, False))


class ConvNorm(nn.Module):
    """Convolution, batch normalisation, activation."""

    def __init__(
        self, channels_in: int, channels_out: int, width: int, *, stride: int = 1, groups: int = 1, relu: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            channels_in, channels_out, width, stride=stride, padding=width // 2, groups=groups, bias=False
        )
        self.bn: nn.Module = nn.BatchNorm2d(channels_out)
        self.activate = nn.ReLU(inplace=True) if relu else nn.SiLU(inplace=True)

    def forward(self, image: Tensor) -> Tensor:
        """Return (B, channels_out, H / stride, W / stride)."""
        out: Tensor = self.activate(self.bn(self.conv(image)))
        return out


class SeparableConvNorm(nn.Module):
    """A convolution of each channel for itself, and one across the channels."""

    def __init__(self, channels_in: int, channels_out: int, width: int, *, stride: int = 1) -> None:
        super().__init__()
        self.depthwise_conv = ConvNorm(channels_in, channels_in, width, stride=stride, groups=channels_in)
        self.pointwise_conv = ConvNorm(channels_in, channels_out, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Return (B, channels_out, H / stride, W / stride)."""
        out: Tensor = self.pointwise_conv(self.depthwise_conv(image))
        return out


Conv = type[ConvNorm] | type[SeparableConvNorm]


def conv_of(*, depthwise: bool) -> Conv:
    """Return the convolution that a network of this kind uses where it may save."""
    return SeparableConvNorm if depthwise else ConvNorm


class _Block(nn.Module):
    """Two convolutions, the second one separable and wide."""

    def __init__(self, channels: int, *, adds: bool, depthwise: bool) -> None:
        super().__init__()
        self.conv1 = conv_of(depthwise=depthwise)(channels, channels, 3)
        self.conv2 = SeparableConvNorm(channels, channels, 5)
        self._adds = adds

    def forward(self, image: Tensor) -> Tensor:
        out: Tensor = self.conv2(self.conv1(image))
        return out + image if self._adds else out


class _ChannelAttention(nn.Module):
    """Weighs channels by what is in the whole picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Conv2d(channels, channels, 1)

    def forward(self, image: Tensor) -> Tensor:
        return image * nn.functional.hardsigmoid(self.fc(nn.functional.adaptive_avg_pool2d(image, 1)))


class CSPLayer(nn.Module):
    """Half of the channels go through blocks, half past them (Wang et al., CSPNet, 2020)."""

    def __init__(
        self, channels_in: int, channels_out: int, blocks: int, *, adds: bool, depthwise: bool, attends: bool = False
    ) -> None:
        super().__init__()
        half = channels_out // 2
        self.main_conv = ConvNorm(channels_in, half, 1)
        self.short_conv = ConvNorm(channels_in, half, 1)
        self.final_conv = ConvNorm(2 * half, channels_out, 1)
        self.blocks = nn.Sequential(*(_Block(half, adds=adds, depthwise=depthwise) for _ in range(blocks)))
        self.attention: nn.Module = _ChannelAttention(2 * half) if attends else nn.Identity()

    def forward(self, image: Tensor) -> Tensor:
        """Return (B, channels_out, H, W)."""
        short = self.short_conv(image)
        both = torch.cat((self.blocks(self.main_conv(image)), short), dim=1)
        out: Tensor = self.final_conv(self.attention(both))
        return out


class _Pooling(nn.Module):
    """The largest values within 5, 9 and 13 pixels; pooling over 5 twice is pooling over 9, thrice over 13."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ConvNorm(channels, channels // 2, 1)
        self.conv2 = ConvNorm(4 * (channels // 2), channels, 1)

    def forward(self, image: Tensor) -> Tensor:
        pooled = [self.conv1(image)]
        for _ in range(3):
            pooled.append(nn.functional.max_pool2d(pooled[-1], 5, stride=1, padding=2))
        out: Tensor = self.conv2(torch.cat(pooled, dim=1))
        return out


class CSPNeXt(nn.Module):
    """The backbone; `deepen` and `widen` scale its blocks and channels."""

    def __init__(self, deepen: float = 1.0, widen: float = 1.0, *, depthwise: bool = False) -> None:
        super().__init__()
        first = int(_STAGES[0][0] * widen)
        self.stem = nn.Sequential(
            ConvNorm(3, first // 2, 3, stride=2), ConvNorm(first // 2, first // 2, 3), ConvNorm(first // 2, first, 3)
        )
        stages = []
        for channels_in, channels_out, blocks, adds in _STAGES:
            out = int(channels_out * widen)
            layers: list[nn.Module] = [conv_of(depthwise=depthwise)(int(channels_in * widen), out, 3, stride=2)]
            if not adds:
                layers.append(_Pooling(out))
            count = max(round(blocks * deepen), 1)
            layers.append(CSPLayer(out, out, count, adds=adds, depthwise=depthwise, attends=True))
            stages.append(nn.Sequential(*layers))
        self.stage1, self.stage2, self.stage3, self.stage4 = stages

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what stages 2, 3 and 4 make of (B, 3, H, W): an 8th, a 16th and a 32nd of its size."""
        fine = self.stage2(self.stage1(self.stem(image)))
        middle = self.stage3(fine)
        coarse: Tensor = self.stage4(middle)
        return fine, middle, coarse


class CSPNeXtPAFPN(nn.Module):
    """The neck: coarse features go up to fine ones, and fine ones down again (Liu et al., PANet, 2018).

    Parameters
    ----------
    channels : of the three sizes that come in, the finest first.
    blocks : in each CSP layer.
    out : channels of all that goes out; as many as come in, if None.
    """

    def __init__(
        self, channels: Sequence[int], blocks: int, *, out: int | None = None, depthwise: bool = False
    ) -> None:
        super().__init__()
        fine, middle, coarse = channels
        conv = conv_of(depthwise=depthwise)

        def layer(channels_in: int, channels_out: int) -> CSPLayer:
            return CSPLayer(channels_in, channels_out, blocks, adds=False, depthwise=depthwise)

        self.reduce_layers = nn.ModuleList((ConvNorm(coarse, middle, 1), ConvNorm(middle, fine, 1)))
        self.top_down_blocks = nn.ModuleList((layer(2 * middle, middle), layer(2 * fine, fine)))
        self.downsamples = nn.ModuleList((conv(fine, fine, 3, stride=2), conv(middle, middle, 3, stride=2)))
        self.bottom_up_blocks = nn.ModuleList((layer(2 * fine, middle), layer(2 * middle, coarse)))
        self.out_convs = nn.ModuleList([] if out is None else [conv(size, out, 3) for size in channels])

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return three sizes of features for three, the finest first."""
        fine, middle, coarse = features
        coarse = self.reduce_layers[0](coarse)
        middle = self.top_down_blocks[0](torch.cat((_doubled(coarse), middle), dim=1))
        middle = self.reduce_layers[1](middle)
        fine = self.top_down_blocks[1](torch.cat((_doubled(middle), fine), dim=1))
        middle = self.bottom_up_blocks[0](torch.cat((self.downsamples[0](fine), middle), dim=1))
        coarse = self.bottom_up_blocks[1](torch.cat((self.downsamples[1](middle), coarse), dim=1))
        out = (fine, middle, coarse)
        if not self.out_convs:
            return out
        return tuple(conv(level) for conv, level in zip(self.out_convs, out, strict=True))


def _doubled(image: Tensor) -> Tensor:
    return nn.functional.interpolate(image, scale_factor=2, mode="nearest")


def fuse(model: nn.Module) -> None:
    """Multiply all normalisations into the convolutions before them, in place; for inference."""
    for part in model.modules():
        if isinstance(part, ConvNorm) and isinstance(part.bn, nn.BatchNorm2d):
            kind = part.conv.weight.dtype
            # copies: levels of a detector share convolutions, and each has its own normalisation
            part.conv = fuse_conv_bn_eval(copy.deepcopy(part.conv).double(), part.bn.double()).to(kind)
            part.bn = nn.Identity()
