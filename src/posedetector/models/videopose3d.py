"""The temporal convolutional network that lifts 2D joints to 3D (Pavllo et al., CVPR 2019) in PyTorch, and its streaming form.

State dicts are interchangeable with those of the authors' code (facebookresearch/VideoPose3D) and, through
`from_mmpose`, with MMPose's TCN. Nothing of either is copied; the layers' names are what their checkpoints demand.
`temporal` is the same without PyTorch: `weights_of` and `model_of` lead there and back.
"""

import copy
import math
import re
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from posedetector.errors import InputError, WeightsError
from posedetector.models.checkpoints import check_keys, read_state, some
from posedetector.models.temporal import Convolution, Floats, TemporalWeights


class TemporalModel(nn.Module):
    """Dilated convolutions over time, in residual blocks.

    Parameters
    ----------
    joints_in, joints_out : points that go in and come out.
    widths : odd filter widths of the first layer and of each block; the receptive field is their product.
    channels : of the hidden layers.
    coordinates : values a point that go in: x and y, or with its score.
    context : values of the person as a whole, behind those of the points.
    carries : add each point's own x and y, times a learned factor, to what comes out for it; points in and out are the same.
    causal : look at the past only.
    """

    def __init__(
        self,
        joints_in: int = 17,
        joints_out: int = 17,
        *,
        widths: tuple[int, ...] = (3, 3, 3, 3, 3),
        channels: int = 1024,
        coordinates: int = 2,
        context: int = 0,
        carries: bool = False,
        causal: bool = False,
        dropout: float = 0.25,
    ) -> None:
        super().__init__()
        if not widths or any(width < 1 or width % 2 == 0 for width in widths):
            raise InputError(f"filter widths must be odd, got {widths}")
        if carries and joints_in != joints_out:
            raise InputError(f"points can be carried only where they are the same, got {joints_in} and {joints_out}")
        self.joints_in, self.joints_out, self.coordinates = joints_in, joints_out, coordinates
        self.widths, self.causal = tuple(widths), causal
        self.expand_conv = nn.Conv1d(joints_in * coordinates + context, channels, widths[0], bias=False)
        self.expand_bn: nn.Module = nn.BatchNorm1d(channels)
        self.layers_conv, self.layers_bn = nn.ModuleList(), nn.ModuleList()
        for block, width in enumerate(widths[1:], start=1):
            dilation = math.prod(widths[:block])
            self.layers_conv.append(nn.Conv1d(channels, channels, width, dilation=dilation, bias=False))
            self.layers_conv.append(nn.Conv1d(channels, channels, 1, bias=False))
            self.layers_bn.extend((nn.BatchNorm1d(channels), nn.BatchNorm1d(channels)))
        self.shrink = nn.Conv1d(channels, joints_out * 3, 1)
        self.relu, self.drop = nn.ReLU(inplace=True), nn.Dropout(dropout)
        self.carried = nn.Parameter(torch.ones(1)) if carries else None

    @property
    def receptive_field(self) -> int:
        """Frames that one output sees."""
        return math.prod(self.widths)

    @property
    def look_ahead(self) -> int:
        """Frames after its own that an output sees."""
        return 0 if self.causal else self.receptive_field // 2

    @property
    def look_back(self) -> int:
        """Frames before its own that an output sees."""
        return self.receptive_field - 1 - self.look_ahead

    def forward(self, keypoints: Tensor) -> Tensor:
        """Return (B, T − receptive_field + 1, joints_out, 3) for (B, T, joints_in, coordinates), or (B, T, all channels).

        The first output belongs to frame `look_back` of the input. Units and frame are those of the training: metres in
        the camera frame, root at about 0, for 2D in screen coordinates.
        """
        given = keypoints.flatten(2)
        hidden = given.transpose(1, 2)
        hidden = self.drop(self.relu(self.expand_bn(self.expand_conv(hidden))))
        for wide, wide_bn, narrow, narrow_bn in self._blocks():
            past = (wide.kernel_size[0] - 1) * wide.dilation[0]
            start = past if self.causal else past // 2
            kept = hidden[:, :, start : start + hidden.shape[2] - past]
            hidden = self.drop(self.relu(wide_bn(wide(hidden))))
            hidden = kept + self.drop(self.relu(narrow_bn(narrow(hidden))))
        poses: Tensor = self.shrink(hidden).transpose(1, 2)
        return self.carry(given[:, self.look_back : self.look_back + poses.shape[1]], poses)

    def carry(self, given: Tensor, made: Tensor) -> Tensor:
        """Return (…, joints_out, 3) of what was made (…, joints_out · 3), with the x and y given (…, channels) if it carries."""
        poses: Tensor = made.reshape(*made.shape[:-1], self.joints_out, 3)
        if self.carried is None:
            return poses
        own = given[..., : self.joints_in * self.coordinates].reshape(*given.shape[:-1], self.joints_in, -1)
        return torch.add(poses, nn.functional.pad(own[..., :2] * self.carried, (0, 1)))

    def centre(self, keypoints: Tensor) -> Tensor:
        """Return (B, joints_out, 3), the middle frame's pose, for windows (B, receptive_field, channels), as in training.

        Equal to `forward` on such a window, but strided: what the middle frame does not need is not computed. Each
        convolution is a matrix product over neighbouring frames, which is several times faster on a CPU.
        """
        if self.causal or keypoints.shape[1] != self.receptive_field:
            raise InputError(f"windows of {self.receptive_field} frames are needed, and a network that is not causal")
        hidden = self._joined(keypoints, self.expand_conv, self.expand_bn)
        for wide, wide_bn, narrow, narrow_bn in self._blocks():
            width = wide.kernel_size[0]
            kept = hidden[:, width // 2 :: width]
            hidden = kept + self._joined(self._joined(hidden, wide, wide_bn), narrow, narrow_bn)
        made = nn.functional.linear(hidden[:, 0], self.shrink.weight.squeeze(-1), self.shrink.bias)
        return self.carry(keypoints[:, self.look_back], made.float())

    def _joined(self, hidden: Tensor, conv: nn.Conv1d, norm: nn.Module) -> Tensor:
        """Return a convolution of a stride as long as its filter, normalised, for (B, T, channels)."""
        batch, frames, channels = hidden.shape
        windows = hidden.reshape(batch * frames // conv.kernel_size[0], conv.kernel_size[0] * channels)
        made = nn.functional.linear(windows, conv.weight.transpose(1, 2).flatten(1), conv.bias)  # a fused one's
        filtered: Tensor = self.drop(self.relu(norm(made)))
        return filtered.reshape(batch, -1, filtered.shape[1])

    def _blocks(self) -> Iterator[tuple[nn.Conv1d, nn.Module, nn.Conv1d, nn.Module]]:
        convs, norms = cast("list[nn.Conv1d]", list(self.layers_conv)), list(self.layers_bn)
        for row in range(0, len(convs), 2):
            yield convs[row], norms[row], convs[row + 1], norms[row + 1]

    def fused(self) -> "TemporalModel":
        """Return a copy for inference, its normalisations multiplied into the convolutions before them."""
        twin = copy.deepcopy(self).double().eval().requires_grad_(False)
        twin.expand_conv = fuse_conv_bn_eval(twin.expand_conv, cast("nn.BatchNorm1d", twin.expand_bn))
        twin.expand_bn = nn.Identity()
        for row, (conv, norm) in enumerate(zip(twin.layers_conv, twin.layers_bn, strict=True)):
            twin.layers_conv[row] = fuse_conv_bn_eval(cast("nn.Conv1d", conv), cast("nn.BatchNorm1d", norm))
            twin.layers_bn[row] = nn.Identity()
        return twin.float()


class TemporalStream:
    """A fused TemporalModel that takes one frame at a time.

    Every layer keeps as much of its own past as its filter reaches back, so a frame costs the same however many went
    before it. What lies before the first frame is that frame, as in a sequence padded with its edge.
    """

    def __init__(self, model: TemporalModel) -> None:
        if not isinstance(model.expand_bn, nn.Identity):
            raise InputError("a stream runs a fused model: TemporalStream(model.fused())")
        self._carry, self._given = model.carry, deque[Tensor](maxlen=model.look_ahead + 1)
        self._layers = [_Past(model.expand_conv, model.causal)]
        self._narrow = []
        for wide, _, narrow, _ in model._blocks():  # noqa: SLF001 -- the other half of one thing
            self._layers.append(_Past(wide, model.causal))
            self._narrow.append((narrow.weight.squeeze(-1), narrow.bias))
        self._shrink = (model.shrink.weight.squeeze(-1), model.shrink.bias)
        self.look_ahead = model.look_ahead
        self._unripe = self.look_ahead
        self._last: Tensor | None = None

    @torch.inference_mode()
    def push(self, keypoints: Tensor) -> Tensor | None:
        """Take (B, joints_in, coordinates) or (B, channels); return (B, joints_out, 3) for the frame `look_ahead` earlier, if any."""
        self._last = keypoints
        self._given.append(keypoints.flatten(1))
        hidden = torch.relu(self._layers[0].push(keypoints.flatten(1))[0])
        for layer, (weight, bias) in zip(self._layers[1:], self._narrow, strict=True):
            wide, kept = layer.push(hidden)
            hidden = kept + torch.relu(nn.functional.linear(torch.relu(wide), weight, bias))
        if self._unripe:
            self._unripe -= 1
            return None
        return self._carry(self._given[0], nn.functional.linear(hidden, *self._shrink))

    def finish(self) -> Iterator[Tensor]:
        """Yield what is still owed, the last frame standing for all that would follow it."""
        for _ in range(self.look_ahead):
            if self._last is not None and (pose := self.push(self._last)) is not None:
                yield pose


class _Past:
    """One convolution over time, and the inputs that it will need again."""

    def __init__(self, conv: nn.Conv1d, causal: bool) -> None:
        width, self._dilation = conv.kernel_size[0], conv.dilation[0]
        self._weight, self._bias = conv.weight.flatten(1), conv.bias
        self._taps, self._kept = range(width), width - 1 if causal else width // 2
        self._ring: Tensor | None = None
        self._next = 0

    def push(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Take (B, channels); return the convolution's output there, and the input at the filter's own frame."""
        size = (len(self._taps) - 1) * self._dilation + 1
        if self._ring is None:
            self._ring = values.repeat(size, 1, 1)
        self._ring[self._next] = values
        self._next = (self._next + 1) % size  # now the oldest
        taps = [self._ring[(self._next + tap * self._dilation) % size] for tap in self._taps]
        return nn.functional.linear(torch.stack(taps, dim=-1).flatten(1), self._weight, self._bias), taps[self._kept]


class TorchNetwork:
    """A fused model on a device, for whoever has arrays and wants arrays; half precision where it is a GPU."""

    def __init__(self, model: TemporalModel, device: torch.device) -> None:
        self._half = device.type != "cpu"
        self._device, self._kind = device, torch.float16 if self._half else torch.float32
        self._model = model.to(device, self._kind)
        self.look_ahead, self.look_back = model.look_ahead, model.look_back

    @property
    def described(self) -> str:
        """On what it runs, and how precisely."""
        return f"PyTorch, {'half' if self._half else 'single'} precision on {self._device.type}"

    @torch.inference_mode()
    def run(self, given: Floats) -> Floats:
        """Return (B, T − look_back − look_ahead, joints, 3) for (B, T, channels); the first is that of frame `look_back`."""
        return _array(self._model(self.tensor(given)))

    def stream(self) -> "_ArrayStream":
        """Return a stream, which begins anew."""
        return _ArrayStream(self, TemporalStream(self._model))

    def tensor(self, given: Floats) -> Tensor:
        """Return an array as the model wants it."""
        return torch.from_numpy(given).to(self._device, self._kind)


class _ArrayStream:
    """A `TemporalStream` that takes and gives arrays."""

    def __init__(self, network: TorchNetwork, stream: TemporalStream) -> None:
        self._network, self._stream = network, stream

    def push(self, given: Floats) -> Floats | None:
        """Take a frame (B, channels); return (B, joints, 3) for the frame `look_ahead` earlier, if any."""
        made = self._stream.push(self._network.tensor(given))
        return None if made is None else _array(made)

    def finish(self) -> Iterator[Floats]:
        """Yield what is still owed, the last frame standing for all that would follow it."""
        yield from map(_array, self._stream.finish())


def _array(values: Tensor) -> Floats:
    return np.asarray(values.float().cpu())


def weights_of(model: TemporalModel) -> TemporalWeights:
    """Return a model as arrays; in half precision where that loses nothing, as of a checkpoint that was stored in it."""
    norms = (model.expand_bn, *model.layers_bn, nn.Identity())
    convs = cast("list[nn.Conv1d]", [model.expand_conv, *model.layers_conv, model.shrink])
    return TemporalWeights(
        tuple(_convolution_of(*pair) for pair in zip(convs, norms, strict=True)),
        model.joints_in,
        model.coordinates,
        None if model.carried is None else model.carried.item(),
        model.causal,
    )


def _convolution_of(conv: nn.Conv1d, norm: nn.Module) -> Convolution:
    if isinstance(norm, nn.BatchNorm1d):
        mean, variance = cast("Tensor", norm.running_mean).double(), cast("Tensor", norm.running_var).double()
        scale = norm.weight.double() / (variance + norm.eps).sqrt()
        bias = norm.bias.double() - mean * scale
    else:
        bias = cast("Tensor", conv.bias)
        scale = torch.ones_like(bias)
    weight = conv.weight.detach().cpu().float()
    halved = weight.half()
    kept = halved if bool((halved.float() == weight).all()) else weight
    return Convolution(kept.numpy(), *(_array(one.detach()) for one in (scale, bias)))


def model_of(weights: TemporalWeights) -> TemporalModel:
    """Return the fused model of these arrays."""
    first, *_, last = weights.convolutions
    model = TemporalModel(
        weights.joints,
        len(last.weight) // 3,
        widths=weights.widths,
        channels=len(first.weight),
        coordinates=weights.coordinates,
        context=first.weight.shape[1] - weights.joints * weights.coordinates,
        carries=weights.carried is not None,
        causal=weights.causal,
    )
    convs = cast("list[nn.Conv1d]", [model.expand_conv, *model.layers_conv, model.shrink])
    for conv, own in zip(convs, weights.convolutions, strict=True):
        conv.weight, conv.bias = (nn.Parameter(torch.from_numpy(one)) for one in (own.fused(), _single(own.bias)))
    model.expand_bn = nn.Identity()
    model.layers_bn = nn.ModuleList(nn.Identity() for _ in model.layers_bn)
    if model.carried is not None and weights.carried is not None:
        nn.init.constant_(model.carried, weights.carried)
    return model.eval().requires_grad_(requires_grad=False)


def _single(values: Floats) -> Floats:
    return values.astype(np.float32)


def from_mmpose(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the state dict of MMPose's TCN under the names used here."""
    renamed = {}
    for key, value in state.items():
        name = key.replace("head.conv.", "shrink.").replace("backbone.expand_conv.", "expand_")
        if match := re.fullmatch(r"backbone\.tcn_blocks\.(\d+)\.conv([12])\.0\.(conv|bn)\.(\w+)", name):
            block, conv, kind, leaf = match.groups()
            name = f"layers_{kind}.{2 * int(block) + int(conv) - 1}.{leaf}"
        renamed[name] = value
    return renamed


def read_model(
    path: Path,
    *,
    joints_in: int,
    joints_out: int,
    causal: bool,
    coordinates: int = 2,
    context: int = 0,
    carries: bool = False,
) -> TemporalModel:
    """Read a checkpoint in the authors' layout or MMPose's; widths and channels are what its tensors say.

    Raises
    ------
    WeightsError
        If the file is damaged, unsafe, or another network.
    """
    state = read_state(path, "model_pos", "state_dict")
    if any(key.startswith("backbone.") for key in state):
        state = from_mmpose(state)
    what = f"{path} is no VideoPose3D network from {joints_in} points to {joints_out}"
    blocks = len([key for key in state if re.fullmatch(r"layers_conv\.\d+\.weight", key)]) // 2
    wide = ["expand_conv.weight", *(f"layers_conv.{2 * block}.weight" for block in range(blocks))]
    shapes = [tuple(state[key].shape) for key in wide if key in state and state[key].ndim == 3]
    if len(shapes) < len(wide) or any(shape[2] % 2 == 0 for shape in shapes):
        raise WeightsError(f"{what}: expand_conv, layers_conv and shrink expected, found {some(sorted(state))}")
    with torch.device("meta"):
        model = TemporalModel(
            joints_in,
            joints_out,
            widths=tuple(shape[2] for shape in shapes),
            channels=shapes[0][0],
            coordinates=coordinates,
            context=context,
            carries=carries,
            causal=causal,
        )
    expected = model.state_dict()
    # training's counters, which files of before PyTorch 0.4.1 lack
    counters = {key: torch.tensor(0) for key in expected if key.endswith("num_batches_tracked")}
    state = counters | state
    check_keys(state, expected, what)
    model.load_state_dict(state, strict=True, assign=True)
    return model.float().eval()
