"""Runs networks on pictures: on which device, how precisely, and as many at once as its memory takes."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from posedetector.errors import InputError, ResourceError
from posedetector.models.cspnext import fuse
from posedetector.pose import ByteArray

Thing = TypeVar("Thing")
Made = TypeVar("Made")

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Input:
    """How a network wants its pictures.

    Attributes
    ----------
    mean, std : of red, green and blue, of 255.
    blue_first : the network was trained on BGR.
    """

    mean: tuple[float, float, float] = (123.675, 116.28, 103.53)  # ImageNet's
    std: tuple[float, float, float] = (58.395, 57.12, 57.375)
    blue_first: bool = False


class Runner(Protocol):
    """Runs one network."""

    @property
    def described(self) -> str:
        """On what it runs, and how precisely, for the provenance."""

    def run(self, pictures: Sequence[ByteArray]) -> Iterator[tuple[Any, ...]]:
        """Yield the network's outputs for pictures (H, W, 3) of one size, batch after batch, all in order."""


class Batches:
    """Runs so many things at once, and half as many from then on where a device has no room for them."""

    def __init__(self, size: int, device: str) -> None:
        self.size, self._device = size, device

    def run(self, things: Sequence[Thing], once: Callable[[Sequence[Thing]], Made]) -> Iterator[Made]:
        """Yield what `once` makes of each batch, in order; raises ResourceError when not even one thing fits."""
        start = 0
        while start < len(things):
            part = things[start : start + self.size]
            try:
                made = once(part)
            except (RuntimeError, ResourceError) as error:
                if not is_out_of_memory(error):
                    raise
                if len(part) == 1:
                    raise no_room(self._device) from error
                self.size = len(part) // 2
                continue
            start += len(part)
            yield made


def is_out_of_memory(error: Exception) -> bool:
    """Tell whether a device had no room; its libraries have no exception of their own for it."""
    said = str(error)
    return isinstance(error, torch.OutOfMemoryError | ResourceError) or any(
        word in said for word in ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")
    )


def no_room(device: str) -> ResourceError:
    """Return the error for a device on which nothing fits."""
    return ResourceError(f'{device} has not enough memory for one picture; `device="cpu"` needs none of it')


class TorchRunner:
    """PyTorch: normalisations fused, channels last; half precision where the device is a GPU.

    Parameters
    ----------
    batch : pictures at once; where a GPU has no room for them, half as many from then on.
    compiled : by PyTorch's compiler, at the first run; the other sizes of batches are compiled as they come.
    """

    def __init__(
        self, network: nn.Module, made_for: Input, device: torch.device, batch: int, *, compiled: bool = False
    ) -> None:
        self._half = device.type == "cuda"
        self._kind = torch.float16 if self._half else torch.float32
        self._device = device
        fuse(network)
        try:
            self._network = network.to(device, self._kind).to(memory_format=torch.channels_last)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise no_room(str(device)) from error
            raise
        self._compiled = compiled
        if compiled:
            self._network = cast("nn.Module", torch.compile(self._network))
        self._mean = torch.tensor(made_for.mean, device=device)
        self._std = torch.tensor(made_for.std, device=device)
        self._blue_first = made_for.blue_first
        self._batches = Batches(batch, str(device))

    @property
    def described(self) -> str:
        """The device and the precision."""
        kind = "PyTorch, compiled" if self._compiled else "PyTorch"
        return f"{kind}, {'half' if self._half else 'single'} precision on {self._device}"

    @property
    def batch(self) -> int:
        """Pictures at once."""
        return self._batches.size

    def run(self, pictures: Sequence[ByteArray]) -> Iterator[tuple[Any, ...]]:
        """Yield the network's outputs, batch after batch; raises ResourceError when not even one picture fits."""
        return self._batches.run(pictures, self._run)

    @torch.inference_mode()
    def _run(self, pictures: Sequence[ByteArray]) -> tuple[Any, ...]:
        try:
            made: tuple[Any, ...] = self._network(self.prepared(pictures))
        except RuntimeError as error:
            if not self._compiled or is_out_of_memory(error):
                raise
            reason = " ".join(str(error).split())[:200]
            raise InputError(
                f'PyTorch cannot compile this network here ({reason}); `runtime="torch"` does without'
            ) from error
        return made

    def prepared(self, pictures: Sequence[ByteArray]) -> Tensor:
        """Return (B, 3, H, W) as the network wants it, in memory channels last."""
        stacked = torch.from_numpy(np.stack(pictures)).to(self._device)
        scaled = (stacked.float() - self._mean) / self._std
        return (scaled.flip(-1) if self._blue_first else scaled).permute(0, 3, 1, 2).to(self._kind)


def device_of(name: str) -> torch.device:
    """Return the device of this name, or for auto the best there is; raises InputError for one that is not here."""
    kind, _, number = name.partition(":")
    if kind not in DEVICES or not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name):
        raise InputError(f"there is no device {name!r}; there are {', '.join(DEVICES)}, and cuda:1 for a second one")
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    have = {"cpu": True, "cuda": cards > int(number or 0), "mps": torch.backends.mps.is_available()}
    if kind == "auto":
        kind = name = next(one for one in ("cuda", "mps", "cpu") if have[one])
    if not have[kind]:
        raise InputError(
            f'this machine, or its PyTorch, has no {name}; `device="auto"` takes what there is', field="device"
        )
    return torch.device(name)
