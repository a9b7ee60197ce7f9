"""The temporal convolutional network of `videopose3d` without PyTorch: its weights as arrays, and NumPy that runs them.

A file holds, for each convolution, `weight` (out, in, width), and for each of its outputs `scale` and `bias`, into which the
normalisation behind it went; so weights keep the half precision in which they were trained to be stored, and nothing
is rounded twice. Its names: `expand`, then `wide_1`, `narrow_1`, `wide_2`, …, then `shrink`; and `carried`, if it carries.
"""

import math
import zipfile
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from posedetector.errors import WeightsError

Floats = NDArray[np.float32]
ENDING = ".npz"


class Stream(Protocol):
    """A network that takes one frame at a time."""

    def push(self, given: Floats) -> Floats | None:
        """Take a frame (B, channels); return (B, joints, 3) for the frame `look_ahead` earlier, if any."""

    def finish(self) -> Iterator[Floats]:
        """Yield what is still owed, the last frame standing for all that would follow it."""


class Network(Protocol):
    """What lifts, wherever it runs: arrays in, arrays out."""

    @property
    def described(self) -> str:
        """On what it runs, and how precisely, for the provenance."""

    @property
    def look_ahead(self) -> int:
        """Frames after its own that an output sees."""

    @property
    def look_back(self) -> int:
        """Frames before its own that an output sees."""

    def run(self, given: Floats) -> Floats:
        """Return (B, T − look_back − look_ahead, joints, 3) for (B, T, channels); the first is that of frame `look_back`."""

    def stream(self) -> Stream:
        """Return a stream, which begins anew."""


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution over time, with its normalisation: `weight` (out, in, width), and of each output `scale` and `bias`."""

    weight: NDArray[np.floating[Any]]
    scale: NDArray[np.floating[Any]]
    bias: NDArray[np.floating[Any]]

    @property
    def width(self) -> int:
        """Frames that it looks at."""
        return int(self.weight.shape[2])

    def fused(self) -> Floats:
        """Return the weights (out, in, width) times the scale."""
        return (self.weight.astype(np.float64) * self.scale[:, None, None]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class TemporalWeights:
    """A network as arrays.

    Attributes
    ----------
    convolutions : expand, then for each block the wide one and the narrow one, then shrink.
    joints : points that go in.
    coordinates : values a point that go in; behind them may be values of the person as a whole.
    carried : what the x and y of a point are multiplied by that are added to what comes out for it; None if they are not.
    causal : it looks at the past only.
    """

    convolutions: tuple[Convolution, ...]
    joints: int
    coordinates: int
    carried: float | None
    causal: bool

    @property
    def widths(self) -> tuple[int, ...]:
        """Filter widths of the first layer and of each block."""
        return tuple(conv.width for conv in (self.convolutions[0], *self.convolutions[1:-1:2]))

    @property
    def look_ahead(self) -> int:
        """Frames after its own that an output sees."""
        return 0 if self.causal else math.prod(self.widths) // 2

    @property
    def look_back(self) -> int:
        """Frames before its own that an output sees."""
        return math.prod(self.widths) - 1 - self.look_ahead

    def write(self, path: Path) -> None:
        """Write a file of these arrays, whole or not at all; the same arrays give the same bytes."""
        arrays = {
            f"{name}.{part}": getattr(conv, part)
            for name, conv in zip(_names(len(self.convolutions)), self.convolutions, strict=True)
            for part in _PARTS
        }
        if self.carried is not None:
            arrays["carried"] = np.array(self.carried, np.float32)
        part = path.with_name(f"{path.name}.part")
        try:
            with part.open("wb") as file:
                np.savez(file, **arrays)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


_PARTS = ("weight", "scale", "bias")


def _names(count: int) -> list[str]:
    """Return the names of so many convolutions, in order."""
    blocks = [f"{kind}_{block}" for block in range(1, count // 2) for kind in ("wide", "narrow")]
    return ["expand", *blocks, "shrink"]


def read_weights(
    path: Path,
    *,
    joints_in: int,
    joints_out: int,
    causal: bool,
    coordinates: int = 2,
    context: int = 0,
    carries: bool = False,
) -> TemporalWeights:
    """Read a file that `TemporalWeights.write` wrote; nothing in a file is run.

    Raises
    ------
    WeightsError
        If the file is damaged, or another network.
    """
    arrays = _arrays_in(path)
    names = _names(len([name for name in arrays if name.endswith(".weight")]))
    expected = {f"{name}.{part}" for name in names for part in _PARTS} | ({"carried"} if carries else set())
    what = f"{path} is no VideoPose3D network from {joints_in} points to {joints_out}"
    if expected != arrays.keys():
        apart = sorted(expected ^ arrays.keys())
        raise WeightsError(f"{what}: {', '.join(apart[:4])} {'is' if len(apart) == 1 else 'are'} missing or foreign")
    convolutions = tuple(Convolution(*(arrays[f"{name}.{part}"] for part in _PARTS)) for name in names)
    channels = joints_in * coordinates + context
    for row, (name, conv) in enumerate(zip(names, convolutions, strict=True)):
        out = 3 * joints_out if name == "shrink" else len(convolutions[0].weight)
        shape, odd = conv.weight.shape, name == "expand" or name.startswith("wide")
        fits = len(shape) == 3 and shape[:2] == (out, channels) and (shape[2] % 2 == 1 if odd else shape[2] == 1)
        if not fits or {conv.scale.shape, conv.bias.shape} != {(out,)}:
            raise WeightsError(f"{what}: {name} (layer {row + 1}) is {shape}, and ({out}, {channels}, …) was expected")
        channels = out
    for name, values in arrays.items():
        if values.dtype.kind != "f" or not np.isfinite(values).all():
            raise WeightsError(f"{what}: {name} holds values that are not finite numbers")
    carried = arrays["carried"] if carries else None
    if carried is not None and carried.shape:
        raise WeightsError(f"{what}: carried should be one number, and is {carried.shape}")
    return TemporalWeights(convolutions, joints_in, coordinates, None if carried is None else float(carried), causal)


def _arrays_in(path: Path) -> Mapping[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            if any(one.compress_type != zipfile.ZIP_STORED for one in archive.infolist()):
                raise WeightsError(
                    f"{path} is compressed, which a network's arrays are not"
                )  # nor larger than the file
        with np.load(path, allow_pickle=False) as content:
            return dict(content)
    except (OSError, ValueError, EOFError, KeyError, MemoryError, NotImplementedError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{path} is no file of a network's arrays, or a damaged one: {error}") from error


class NumpyNetwork:
    """A network on the CPU: each convolution is a matrix product a tap of its filter."""

    described = "NumPy, single precision on cpu"

    def __init__(self, weights: TemporalWeights) -> None:
        self.weights = weights
        self.look_ahead, self.look_back = weights.look_ahead, weights.look_back
        first, *blocks, last = weights.convolutions
        self._expand, self._shrink = _Layer(first), _Layer(last)
        self._blocks: list[tuple[_Layer, _Layer]] = []
        for row in range(0, len(blocks), 2):
            dilation = math.prod(weights.widths[: row // 2 + 1])
            self._blocks.append((_Layer(blocks[row], dilation), _Layer(blocks[row + 1])))

    def run(self, given: Floats) -> Floats:
        """Return (B, T − look_back − look_ahead, joints, 3) for (B, T, channels); the first is that of frame `look_back`."""
        hidden = _rectified(self._expand.over(given))
        for wide, narrow in self._blocks:
            start = wide.span if self.weights.causal else wide.span // 2
            kept = hidden[:, start : start + hidden.shape[1] - wide.span]
            hidden = _rectified(narrow.over(_rectified(wide.over(hidden))))
            hidden += kept
        made = self._shrink.over(hidden)
        return self._carry(given[:, self.look_back : self.look_back + made.shape[1]], made)

    def stream(self) -> "NumpyStream":
        """Return a stream, which begins anew."""
        return NumpyStream(self)

    def _carry(self, given: Floats, made: Floats) -> Floats:
        """Return (…, joints, 3) of what was made (…, joints · 3), with the x and y given (…, channels) if it carries."""
        weights = self.weights
        poses = made.reshape(*made.shape[:-1], -1, 3)
        if weights.carried is not None:
            own = given[..., : weights.joints * weights.coordinates].reshape(*given.shape[:-1], weights.joints, -1)
            poses[..., :2] += np.float32(weights.carried) * own[..., :2]
        return poses


class NumpyStream:
    """A `NumpyNetwork` that takes one frame at a time.

    Every layer keeps as much of its own past as its filter reaches back, so a frame costs the same however many went
    before it. What lies before the first frame is that frame, as in a sequence padded with its edge.
    """

    def __init__(self, network: NumpyNetwork) -> None:
        self._network, self._given = network, deque[Floats](maxlen=network.look_ahead + 1)
        self._expand = _Past(network._expand, network.weights.causal)  # noqa: SLF001 -- the other half of one thing
        self._blocks = [(_Past(wide, network.weights.causal), narrow) for wide, narrow in network._blocks]  # noqa: SLF001

    def push(self, given: Floats) -> Floats | None:
        """Take a frame (B, channels); return (B, joints, 3) for the frame `look_ahead` earlier, if any."""
        self._given.append(given)
        hidden = _rectified(self._expand.push(given)[0])
        for past, narrow in self._blocks:
            wide, kept = past.push(hidden)
            hidden = kept + _rectified(narrow.at([_rectified(wide)]))
        if len(self._given) <= self._network.look_ahead:
            return None
        made = self._network._shrink.at([hidden])  # noqa: SLF001
        return self._network._carry(self._given[0], made)  # noqa: SLF001

    def finish(self) -> Iterator[Floats]:
        """Yield what is still owed, the last frame standing for all that would follow it."""
        for _ in range(self._network.look_ahead if self._given else 0):
            if (pose := self.push(self._given[-1])) is not None:
                yield pose


def _rectified(values: Floats) -> Floats:
    """Return the values, in their place, none of them below 0."""
    values.clip(min=0, out=values)
    return values


class _Layer:
    """A convolution over time as matrices: one product of all taps joined, or one a tap."""

    def __init__(self, conv: Convolution, dilation: int = 1) -> None:
        self._taps = np.ascontiguousarray(conv.fused().transpose(2, 1, 0))  # (width, in, out)
        self._joined = self._taps.reshape(-1, self._taps.shape[2])
        self._bias = conv.bias.astype(np.float32)
        self.width, self.dilation, self.span = conv.width, dilation, (conv.width - 1) * dilation

    def over(self, values: Floats) -> Floats:
        """Return (B, T − span, out) for (B, T, in)."""
        frames = values.shape[1] - self.span
        seen = [values[:, tap * self.dilation : tap * self.dilation + frames] for tap in range(self.width)]
        if values.shape[2] < _FEW_CHANNELS:
            return self.at(seen)
        made: Floats = np.matmul(seen[0], self._taps[0])
        for one, matrix in zip(seen[1:], self._taps[1:], strict=True):
            made += one @ matrix
        made += self._bias
        return made

    def at(self, seen: list[Floats]) -> Floats:
        """Return (…, out) for what each tap sees (…, in)."""
        made: Floats = np.matmul(np.concatenate(seen, axis=-1), self._joined)
        made += self._bias
        return made


_FEW_CHANNELS = 128  # below, joining the taps costs less than the smaller products


class _Past:
    """A layer of a stream, and the inputs that it will need again."""

    def __init__(self, layer: _Layer, causal: bool) -> None:
        self._layer, self._own = layer, layer.width - 1 if causal else layer.width // 2
        self._ring: Floats | None = None
        self._next = 0

    def push(self, values: Floats) -> tuple[Floats, Floats]:
        """Take (B, channels); return the convolution's output there, and the input at the filter's own frame."""
        layer, size = self._layer, self._layer.span + 1
        if self._ring is None:
            self._ring = np.repeat(values[None], size, axis=0)
        self._ring[self._next] = values
        self._next = (self._next + 1) % size  # now the oldest
        seen = [self._ring[(self._next + tap * layer.dilation) % size] for tap in range(layer.width)]
        return layer.at(seen), seen[self._own]
