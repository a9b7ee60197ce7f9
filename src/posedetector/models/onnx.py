"""Networks as ONNX files, which onnxruntime runs without PyTorch: those of `exporting`, and those that others exported.

A file takes pictures that were normalised before, float32 (B, 3, H, W), as OpenMMLab's exporter leaves it too; with a batch
that is free, or of one. Nothing in a file tells whether it was trained on what its name says: only shapes are checked.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posedetector.errors import InputError, WeightsError
from posedetector.models import letterbox, simcc
from posedetector.models.devices import Device, parse_device, usable_cores
from posedetector.models.running import Batches, Input, no_room
from posedetector.pose import ByteArray

NETWORK = "posedetector.network"  # in the files that we write, of which network and size they are


@dataclass(frozen=True)
class Kind:
    """What is exported under one name, and what its file has to take and give.

    Attributes
    ----------
    made_for : how pictures are normalised before they go in.
    size : height and width of the pictures; None where the file says it.
    outputs : for pictures (H, W), the shapes of the outputs without their batch.
    grouped : how many outputs make one element of what a run yields; 1 is the outputs themselves.
    """

    name: str
    made_for: Input
    size: tuple[int, int] | None
    outputs: Callable[[int, int], list[tuple[int, ...]]]
    grouped: int = 1

    def size_of(self, network: Any) -> tuple[int, int]:
        """Return height and width of the pictures that this network takes."""
        return self.size or (network.side, network.side)


def _of_detector(height: int, width: int) -> list[tuple[int, ...]]:
    return [(channels, height // stride, width // stride) for channels in (1, 4) for stride in letterbox.STRIDES]


def _of_points(height: int, width: int) -> list[tuple[int, ...]]:
    return [(simcc.POINTS, simcc.STEPS * side) for side in (width, height, width)]


_KINDS = (
    Kind("rtmdet-m", letterbox.INPUT, None, _of_detector, grouped=len(letterbox.STRIDES)),
    *(Kind(f"rtmw3d-{size}", simcc.INPUT, (simcc.HEIGHT, simcc.WIDTH), _of_points) for size in simcc.SIZES),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}


def check_installed(*modules: str) -> None:
    """Raise InputError, with what to do, unless the extra `onnx` is there; onnxruntime alone is all that running takes."""
    if lacking := [name for name in modules or ("onnxruntime",) if find_spec(name) is None]:
        raise InputError(
            f'`runtime="onnx"` and weights export want {" and ".join(lacking)}: `uv run --extra onnx …` in place of `uv run …` '
            'installs it; `runtime="torch"` does without'
        )


def device_of(name: str) -> Device:
    """Return the device that onnxruntime takes for this name, for auto the best that it has.

    Raises
    ------
    InputError
        For a device that this machine has not, or that onnxruntime here does not run on.
    """
    import onnxruntime

    wanted = parse_device(name)
    cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    cards = _cards() if cuda and wanted.type in {"auto", "cuda"} else 0
    if wanted.type == "auto":
        return Device("cuda" if cards else "cpu")
    if wanted.type == "cpu":
        return wanted
    if wanted.type == "cuda" and cuda:
        if cards > (wanted.index or 0):
            return wanted
        raise InputError(f'this machine has no {name}; `device="auto"` takes what there is', field="device")
    raise InputError(
        f"onnxruntime here runs on {'cpu and cuda' if cuda else 'cpu'}, and not on {name}"
        + ("; the package onnxruntime-gpu, in place of onnxruntime, does" if wanted.type == "cuda" else "")
    )


def _cards() -> int:
    """Return how many cards CUDA's driver counts; onnxruntime tells only what it was built for."""
    import ctypes

    count = ctypes.c_int()
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return 0
    return count.value if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 else 0


class OnnxRunner:
    """onnxruntime, on all cores that this process may use.

    Parameters
    ----------
    batch : pictures at once; a file that takes one at a time is given one at a time.

    Raises
    ------
    WeightsError
        If the file is damaged, or takes or gives something else than this network.
    """

    def __init__(self, path: Path, kind: Kind, device: Device, batch: int) -> None:
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
        named = self._session.get_modelmeta().custom_metadata_map.get(NETWORK, self._kind.name)
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


def _session(path: Path, device: Device) -> Any:
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # what Microsoft's builds for Windows would tell
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = usable_cores()
    options.inter_op_num_threads = 1
    # threads that spin within a run make it a tenth faster, and after it take the cores from who decodes the video
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.log_severity_level = 4  # it raises what it would say
    providers: list[Any] = ["CPUExecutionProvider"]
    if device.type == "cuda":
        onnxruntime.preload_dlls()  # CUDA's libraries, of NVIDIA's packages or PyTorch's
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": device.index or 0}))
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime's have no other parent
        raise WeightsError(f"{path} is no ONNX file, or a damaged one: {_first_line(error)}") from error
    if device.type == "cuda" and session.get_providers()[0] != "CUDAExecutionProvider":
        raise InputError(f'onnxruntime has CUDA, and cannot use it on {device}; `device="cpu"` works', field="device")
    return session
