"""What runs networks on pictures: how these go in, and as many at once as a device's memory takes; no PyTorch in here."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from posedetector.errors import ResourceError
from posedetector.pose import ByteArray

Thing = TypeVar("Thing")
Made = TypeVar("Made")


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
    return (
        isinstance(error, ResourceError)
        or type(error).__name__ == "OutOfMemoryError"  # PyTorch's
        or any(word in said for word in ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED"))
    )


def no_room(device: str) -> ResourceError:
    """Return the error for a device on which nothing fits."""
    return ResourceError(f'{device} has not enough memory for one picture; `device="cpu"` needs none of it')
