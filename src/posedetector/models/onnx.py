"""Networks as ONNX files: PyTorch's are exported, and onnxruntime runs them and those that others exported.

A file takes pictures that were normalised before, float32 (B, 3, H, W), as OpenMMLab's exporter leaves it too; with a batch
that is free, or of one. Nothing in a file tells whether it was trained on what its name says: only shapes are checked.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from posedetector.errors import InputError, OutputError, WeightsError
from posedetector.models import rtmdet, rtmw3d, running
from posedetector.models.cspnext import fuse
from posedetector.models.running import Batches, Input, no_room
from posedetector.pose import ByteArray

TOLERANCE = 1e-2  # of the outputs' range, by which an export may differ from what it was made of
_NETWORK = "posedetector.network"  # in the files that we write, of which network and size they are


@dataclass(frozen=True)
class Kind:
    """What is exported under one name, and what its file has to take and give.

    Attributes
    ----------
    made_for : how pictures are normalised before they go in.
    read : a checkpoint to the network.
    size : height and width of the pictures; None where the file says it.
    outputs : for pictures (H, W), the shapes of the outputs without their batch.
    grouped : how many outputs make one element of what a run yields; 1 is the outputs themselves.
    """

    name: str
    made_for: Input
    read: Callable[[Path], nn.Module]
    size: tuple[int, int] | None
    outputs: Callable[[int, int], list[tuple[int, ...]]]
    grouped: int = 1

    def size_of(self, network: Any) -> tuple[int, int]:
        """Return height and width of the pictures that this network takes."""
        return self.size or (network.side, network.side)


def _of_detector(height: int, width: int) -> list[tuple[int, ...]]:
    return [(channels, height // stride, width // stride) for channels in (1, 4) for stride in rtmdet.STRIDES]


def _of_points(height: int, width: int) -> list[tuple[int, ...]]:
    return [(rtmw3d.POINTS, 2 * side) for side in (width, height, width)]


def _points(size: str) -> Kind:
    read = partial(rtmw3d.read_pose_network, size=size)
    return Kind(f"rtmw3d-{size}", rtmw3d.INPUT, read, (rtmw3d.HEIGHT, rtmw3d.WIDTH), _of_points)


_KINDS = (
    Kind("rtmdet-m", rtmdet.INPUT, rtmdet.read_detector, None, _of_detector, grouped=len(rtmdet.STRIDES)),
    *(_points(size) for size in rtmw3d.SIZES),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}


def check_installed(*modules: str) -> None:
    """Raise InputError, with what to do, unless the extra `onnx` is there; onnxruntime alone is all that running takes."""
    missing = [name for name in modules or ("onnxruntime",) if find_spec(name) is None]
    if missing:
        raise InputError(
            f'`runtime="onnx"` and weights export want {" and ".join(missing)}: uv sync --extra onnx brings it; '
            '`runtime="torch"` does without'
        )


def device_of(name: str) -> torch.device:
    """Return the device that onnxruntime takes for this name, for auto the best that it has.

    Raises
    ------
    InputError
        For a device that this machine has not, or that onnxruntime here does not run on.
    """
    import onnxruntime

    have = {"cpu"} | ({"cuda"} if "CUDAExecutionProvider" in onnxruntime.get_available_providers() else set())
    device = running.device_of(name)
    if device.type in have:
        return device
    if name == "auto":
        return torch.device("cpu")
    raise InputError(
        f"onnxruntime here runs on {' and '.join(sorted(have))}, and not on {name}"
        + ("; the package onnxruntime-gpu, in place of onnxruntime, does" if device.type == "cuda" else "")
    )


class OnnxRunner:
    """onnxruntime, with as many threads as PyTorch would take.

    Parameters
    ----------
    batch : pictures at once; a file that takes one at a time is given one at a time.

    Raises
    ------
    WeightsError
        If the file is damaged, or takes or gives something else than this network.
    """

    def __init__(self, path: Path, kind: Kind, device: torch.device, batch: int) -> None:
        self._path, self._kind, self._device = path, kind, device
        self._session = _session(path, device)
        self._input = self._session.get_inputs()[0].name
        free, self.size = self._checked()
        self._batches = Batches(batch if free else 1, str(device))

    @property
    def batch(self) -> int:
        """Pictures at once."""
        return self._batches.size

    @property
    def described(self) -> str:
        """The device and the precision."""
        return f"onnxruntime, single precision on {self._device}"

    def run(self, pictures: Sequence[ByteArray]) -> Iterator[tuple[Any, ...]]:
        """Yield the network's outputs, arrays as `Kind` says, batch after batch."""
        return self._batches.run(pictures, lambda part: self._run(self.prepared(part)))

    def prepared(self, pictures: Sequence[ByteArray]) -> NDArray[np.float32]:
        """Return (B, 3, H, W) as the network wants it."""
        scaled = np.stack(pictures).astype(np.float32)
        scaled -= np.array(self._kind.made_for.mean, np.float32)
        scaled /= np.array(self._kind.made_for.std, np.float32)
        ordered = scaled[..., ::-1] if self._kind.made_for.blue_first else scaled
        return np.ascontiguousarray(ordered.transpose(0, 3, 1, 2))

    def _run(self, given: NDArray[np.float32]) -> tuple[Any, ...]:
        try:
            made = self._session.run(None, {self._input: given})
        except Exception as error:  # onnxruntime's have no other parent
            reason = _first_line(error)
            if "alloc" in reason:
                raise no_room(str(self._device)) from error
            raise WeightsError(f"{self._path} does not run: {reason}") from error
        expected = [(len(given), *shape) for shape in self._kind.outputs(*given.shape[2:])]
        found = [np.shape(one) for one in made]
        if found != expected:
            raise self._foreign(f"{_shapes(expected)} out of it expected, found {_shapes(found)}")
        count = self._kind.grouped
        return tuple(made) if count == 1 else tuple(made[at : at + count] for at in range(0, len(made), count))

    def _checked(self) -> tuple[bool, tuple[int, int]]:
        """Tell whether the batch is free, and for which height and width the file is; run it once, on nothing."""
        inputs = self._session.get_inputs()
        wanted = f"one float32 input (B, 3, {', '.join(map(str, self._kind.size or ('H', 'W')))}) expected"
        found = "; ".join(f"{one.type} {tuple(one.shape)}" for one in inputs)
        batch, channels, *size = inputs[0].shape if len(inputs) == 1 and len(inputs[0].shape) == 4 else (0, 0)
        if self._kind.size and size:  # a file may leave them open
            size = [given if isinstance(given, int) else own for given, own in zip(size, self._kind.size, strict=True)]
        fits = channels == 3 and all(isinstance(side, int) and side % 32 == 0 for side in size)
        fits = fits and self._kind.size in {None, tuple(size)} and not (isinstance(batch, int) and batch != 1)
        if not fits or inputs[0].type != "tensor(float)":
            raise self._foreign(f"{wanted}, found {found or 'none'}")
        named = self._session.get_modelmeta().custom_metadata_map.get(_NETWORK, self._kind.name)
        if named != self._kind.name:
            raise WeightsError(f"{self._path} was made of {named}, and {self._kind.name} is wanted")
        self._run(np.zeros((1, 3, *size), np.float32))
        return not isinstance(batch, int), (size[0], size[1])

    def _foreign(self, what: str) -> WeightsError:
        return WeightsError(f"{self._path} is not an ONNX file of {self._kind.name}: {what}")


def _shapes(shapes: Sequence[Sequence[int]]) -> str:
    return ", ".join(str(tuple(shape)) for shape in shapes[:6]) + (" …" if len(shapes) > 6 else "") or "nothing"


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _session(path: Path, device: torch.device) -> Any:
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # what Microsoft's builds for Windows would tell
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    # threads that spin within a run make it a tenth faster, and after it take the cores from who decodes the video
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.log_severity_level = 4  # it raises what it would say
    providers: list[Any] = ["CPUExecutionProvider"]
    if device.type == "cuda":
        onnxruntime.preload_dlls()  # PyTorch's CUDA libraries
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": device.index or 0}))
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime's have no other parent
        raise WeightsError(f"{path} is no ONNX file, or a damaged one: {_first_line(error)}") from error
    if device.type == "cuda" and session.get_providers()[0] != "CUDAExecutionProvider":
        raise InputError(f'onnxruntime has CUDA, and cannot use it on {device}; `device="cpu"` works', field="device")
    return session


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
        If the extra `onnx` is not installed.
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
    program.model.metadata_props[_NETWORK] = kind.name
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
    (here,) = running.TorchRunner(network, kind.made_for, cpu, 1).run([picture])
    (there,) = OnnxRunner(path, kind, cpu, 1).run([picture])
    return max(_apart(own.numpy(), other) for own, other in zip(_flat(here), _flat(there), strict=True))


def _flat(outputs: Sequence[Any]) -> list[Any]:
    return [one for part in outputs for one in (part if isinstance(part, (list, tuple)) else (part,))]


def _apart(own: NDArray[Any], other: NDArray[Any]) -> float:
    furthest = np.abs(own - other).max()
    return float(furthest / (np.ptp(own) or 1.0))
