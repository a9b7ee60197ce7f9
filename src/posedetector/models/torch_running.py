"""PyTorch in place of onnxruntime: on which device, and how precisely."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from posedetector.errors import InputError
from posedetector.models.cspnext import fuse
from posedetector.models.devices import parse_device
from posedetector.models.running import Batches, Input, is_out_of_memory, no_room
from posedetector.pose import ByteArray


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
    wanted = parse_device(name)
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    have = {"cpu": True, "cuda": cards > (wanted.index or 0), "mps": torch.backends.mps.is_available()}
    if wanted.type == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if have[kind]))
    if not have[wanted.type]:
        raise InputError(
            f'this machine, or its PyTorch, has no {name}; `device="auto"` takes what there is', field="device"
        )
    return torch.device(name)
