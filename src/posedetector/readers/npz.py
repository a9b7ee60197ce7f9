"""npz in VideoPose3D's layout: `positions_3d`, subject → action → (T, J, 3), pickled; or plain arrays of that shape.

Or motion capture with all that it takes to read it: `positions_mm` (or `_m`) of all clips one after another, with
`lengths`, `clips`, `joints` and `fps`.

Pickled dictionaries are read by an unpickler that builds arrays, numbers and containers and nothing else, so that a file
from anywhere cannot run anything.
"""

import pickle
import re
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from posedetector.errors import InputError
from posedetector.pose import Array
from posedetector.readers.recording import ReadOptions, Recording, check_skeleton
from posedetector.skeletons import COCO_WHOLEBODY_133, H36M_17, HUMANEVA_15, SKELETONS, Skeleton

KEYS = ("positions_3d", "predictions", "keypoints_3d", "arr_0")
H36M_32_TO_17 = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
_BY_COUNT: dict[int, tuple[Skeleton, float | None]] = {
    15: (HUMANEVA_15, 60.0),
    17: (H36M_17, 50.0),
    32: (H36M_17, 50.0),
    133: (COCO_WHOLEBODY_133, None),
}
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, pickle.UnpicklingError, NotImplementedError, RuntimeError, ValueError, EOFError,
    AttributeError, TypeError, LookupError, OverflowError, MemoryError, SyntaxError, tokenize.TokenError,
)  # fmt: skip
_KIND = re.compile(r"[?bBhHiIlLqQefdO]|[biuf]\d+|[OSU]\d+")


class _Type:
    """A type of numbers as a pickle describes it; numpy's own would believe whatever it is told about pointers."""

    def __init__(self, kind: str, *_: Any) -> None:
        if not isinstance(kind, str) or not _KIND.fullmatch(kind):
            raise pickle.UnpicklingError(f"it wants an array of {kind!r}")
        self.dtype = np.dtype(kind)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in {"<", ">"}:
            self.dtype = self.dtype.newbyteorder(state[1])


class _Array(np.ndarray):
    def __setstate__(self, state: tuple[Any, ...]) -> None:
        version, shape, kind, fortran, data = state
        if min(shape, default=0) < 0:
            raise pickle.UnpicklingError(f"an array cannot be {shape}")
        super().__setstate__((version, shape, kind.dtype, fortran, data))


def _empty(*_: Any) -> Any:
    return _Array((0,), "b")


def _from_bytes(data: bytes, kind: _Type, shape: tuple[int, ...], order: Any) -> Any:
    return np.frombuffer(data, kind.dtype).reshape(shape, order=order)


def _number(kind: _Type, data: bytes | str) -> Any:
    return np.frombuffer(data.encode("latin1") if isinstance(data, str) else data, kind.dtype)[0]


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it wants to encode as {encoding}")
    return text.encode("latin1")


# what stands for each name that an array's pickle uses
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "dtype"): _Type,
    ("numpy", "ndarray"): None,  # only ever named, never called
    ("_codecs", "encode"): _encode,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _empty for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _number for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _from_bytes for core in ("core", "_core")},
}


def read_npz(path: Path, options: ReadOptions) -> dict[str, Recording]:
    """Read the positions; trials are called `subject/action`, or nothing in a file of one plain array."""
    content = load(path)
    if unit := next((unit for unit in ("mm", "m") if f"positions_{unit}" in content), None):
        return _clips(content, unit, path)
    key = next((key for key in KEYS if key in content), None)
    if key is None:
        raise InputError(f"{path} has none of {', '.join(KEYS)}; it has {', '.join(content) or 'nothing'}")
    result = {}
    try:
        arrays = list(_arrays(content[key]))
    except RecursionError:
        raise InputError(f"{path}: {key} is nested too deeply") from None
    for trial, array in arrays:
        try:
            xyz = np.asarray(array, float) if not np.iscomplexobj(array) else np.empty(0)
        except (OverflowError, TypeError, ValueError) as error:
            raise InputError(f"{path}: {trial or key} holds no positions: {error}") from error
        if xyz.ndim != 3 or xyz.shape[-1] != 3 or not len(xyz):
            raise InputError(f"{path}: {trial or key} must be (T, J, 3), got {xyz.shape}")
        result[trial] = _recording(xyz, path, options)
    if not result:
        raise InputError(f"{path}: {key} is empty")
    return result


def _clips(content: dict[str, Any], unit: str, path: Path) -> dict[str, Recording]:
    if lacking := [key for key in ("lengths", "clips", "joints", "fps") if key not in content]:
        raise InputError(f"{path} has positions_{unit} without {', '.join(lacking)}")
    try:
        xyz, lengths = np.asarray(content[f"positions_{unit}"], float), np.asarray(content["lengths"], int)
        names, clips = ([str(name) for name in content[key].tolist()] for key in ("joints", "clips"))
        rate = float(content["fps"])
    except (AttributeError, OverflowError, TypeError, ValueError) as error:
        raise InputError(f"{path} is no motion capture: {error}") from error
    frames = int(lengths.sum())
    if xyz.shape != (frames, len(names), 3) or lengths.shape != (len(clips),) or not clips or lengths.min() < 1:
        raise InputError(
            f"{path}: positions_{unit} must be (T, J, 3) with T = {frames} frames of {len(clips)} clips and "
            f"J = {len(names)} joints, got {xyz.shape}"
        )
    if not 0 < rate < np.inf:
        raise InputError(f"{path}: fps must be greater than 0, got {rate:g}")
    result: dict[str, Recording] = {}
    for clip, part in zip(clips, np.split(xyz, np.cumsum(lengths)[:-1]), strict=True):
        key, number = clip, 1
        while key in result:
            number += 1
            key = f"{clip} ({number})"
        result[key] = Recording(names, part, np.arange(len(part)) / rate, unit=unit)
    return result


def load(path: Path) -> dict[str, Any]:
    """Return an npz file's arrays and pickled objects by name; raises InputError for damaged and for unsafe ones."""
    result: dict[str, Any] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as file:
                    result[name.removesuffix(".npy")] = _read_array(file)
    except _DAMAGE as error:
        raise InputError(f"{path} cannot be read as npz: {error}") from error
    return result


def _read_array(file: Any) -> Any:
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*created on Python 2")
        shape, fortran, dtype = read_header(file)
    if dtype.hasobject:
        array = _Unpickler(file, encoding="latin1").load()
        return array.item() if array.shape == () else array
    count = int(np.prod(shape, dtype=np.int64))
    flat = np.frombuffer(file.read(count * dtype.itemsize), dtype, count)
    return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it wants to use {module}.{name}, which no array needs")
        return _ALLOWED[module, name]


def _arrays(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _arrays(part, (*path, str(key)))
    elif isinstance(value, list) and any(isinstance(part, np.ndarray) and part.ndim == 3 for part in value):
        for number, part in enumerate(value):
            yield from _arrays(part, (*path, f"camera {number}"))
    else:
        yield "/".join(path), value


def _recording(xyz: Array, path: Path, options: ReadOptions) -> Recording:
    count = xyz.shape[1]
    skeleton, rate = _BY_COUNT.get(count, (None, None))
    if (given := check_skeleton(options.points)) is not None:
        skeleton, rate = given, None
    elif count == 32:
        xyz = xyz[:, H36M_32_TO_17]
    if skeleton is None or len(skeleton) != xyz.shape[1]:
        raise InputError(
            f"{path} has {count} points without names; `points` says which: "
            f"{', '.join(f'{one.name} ({len(one)})' for one in SKELETONS.values())}",
            field="points",
        )
    note = (f"{path.name} names no points; taken in the order of {skeleton.name}",) if options.points is None else ()
    return Recording(skeleton.points, xyz, None, declared=False, usual_rate=rate, notes=note)
