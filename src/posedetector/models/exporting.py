"""PyTorch's networks written in the formats that run without PyTorch: as ONNX files, and a lifter's as arrays."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from posedetector.errors import OutputError, WeightsError
from posedetector.models.cspnext import fuse
from posedetector.models.devices import Device
from posedetector.models.onnx import NETWORK, Kind, OnnxRunner, check_installed
from posedetector.models.rtmdet import read_detector
from posedetector.models.rtmw3d import read_pose_network
from posedetector.models.simcc import SIZES
from posedetector.models.torch_running import TorchRunner

TOLERANCE = 1e-2  # of the outputs' range, by which an export may differ from what it was made of

# what reads a checkpoint of each network that can be an ONNX file
READERS: dict[str, Callable[[Path], nn.Module]] = {
    "rtmdet-m": read_detector,
    **{f"rtmw3d-{size}": partial(read_pose_network, size=size) for size in SIZES},
}


def export(network: nn.Module, kind: Kind, path: Path) -> float:
    """Write a network as an ONNX file, whole or not at all, once it has shown that it does what the network does.

    Parameters
    ----------
    network : its normalisations are fused, in place.

    Returns
    -------
    float
        The greatest difference on a random picture between its outputs in PyTorch and in onnxruntime, of their range.

    Raises
    ------
    InputError
        If the extra `onnx` is not installed, or PyTorch.
    WeightsError
        If the file gives something else than the network, by more than TOLERANCE.
    OutputError
        If it cannot be written.
    """
    check_installed("onnxruntime", "onnx", "onnxscript")
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(network, kind, part)
        apart = difference(network, kind, part)
        if not apart <= TOLERANCE:  # NaN is not
            raise WeightsError(
                f"what was exported of {kind.name} differs from it by {apart:.2g} of the outputs' range, and is not kept"
            )
        part.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink()
    return apart


def _write(network: nn.Module, kind: Kind, path: Path) -> None:
    fuse(network)
    network.eval()
    example = torch.zeros(2, 3, *kind.size_of(network))  # of two: a batch of one would be taken for fixed
    path.touch()  # whether it can be written shows before the half minute that follows
    with _quiet(), torch.inference_mode():
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            verbose=False,
            input_names=["input"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
        )
    if program is None:
        raise WeightsError(f"PyTorch exported nothing of {kind.name}")
    program.model.metadata_props[NETWORK] = kind.name
    program.save(path, external_data=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter from telling that torchvision, which nothing here needs, is missing."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def difference(network: nn.Module, kind: Kind, path: Path) -> float:
    """Return how far a file's outputs are from the network's, of their range, at the worst place on a random picture."""
    cpu = torch.device("cpu")
    picture = np.random.default_rng(0).integers(0, 256, (*kind.size_of(network), 3), dtype=np.uint8)
    (here,) = TorchRunner(network, kind.made_for, cpu, 1).run([picture])
    (there,) = OnnxRunner(path, kind, Device("cpu"), 1).run([picture])
    return max(_apart(own.numpy(), other) for own, other in zip(_flat(here), _flat(there), strict=True))


def _flat(outputs: Sequence[Any]) -> list[Any]:
    return [one for part in outputs for one in (part if isinstance(part, (list, tuple)) else (part,))]


def _apart(own: NDArray[Any], other: NDArray[Any]) -> float:
    furthest = np.abs(own - other).max()
    return float(furthest / (np.ptp(own) or 1.0))
