"""A noun and all that hangs on it in one file, and back, bit for bit.

The file is a zip archive: `content.json` has every field by its name, and one member a dtype (`float64`, `uint8`, …) the values of all
arrays, little-endian, one array after the other, sorted by bytes (all first bytes, then all second ones: that packs better). In
`content.json` an array is its dtype, where it begins, and its shape. What a field may hold is what its type hint says, in both
directions: nothing is pickled, and nothing is run.
"""

import json
import secrets
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields
from enum import Enum
from functools import cache
from math import prod
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from posedetector.errors import InputError, OutputError
from posedetector.lenses import Lens
from posedetector.opening import check_file, shown
from posedetector.pose import PictureMap

T = TypeVar("T")

VERSION = 1  # of the layout; a file of a later one is refused
_CONTENT = "content.json"
_PACKING = 1  # of zlib's levels: the others take longer for little
_MOST_PACKED = 1032  # times, the most that deflate can: what claims to hold more is no file of ours
_CONCRETE: dict[Any, Any] = {PictureMap: Lens}  # what stands for a protocol
_PLAIN = (str, bool, int, float, Literal)
# what reading a file may raise that is not what `save` wrote
_DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ArithmeticError, LookupError, AttributeError,
           TypeError, ValueError, RuntimeError, MemoryError, InputError)  # fmt: skip


class _Pools:
    """Arrays' values by dtype: written one array after the other, read by where one begins."""

    def __init__(self, whole: Mapping[str, NDArray[Any]] | None = None) -> None:
        self.parts: dict[str, list[NDArray[Any]]] = {name: [values] for name, values in (whole or {}).items()}
        self._ends = dict.fromkeys(self.parts, 0)

    def add(self, array: NDArray[Any]) -> list[Any]:
        name, start = array.dtype.name, self._ends.get(array.dtype.name, 0)
        self.parts.setdefault(name, []).append(array.ravel())
        self._ends[name] = start + array.size
        return [name, start, list(array.shape)]

    def take(self, name: str, start: int, shape: list[int]) -> NDArray[Any]:
        (values,), end = self.parts[name], start + prod(shape)
        if min(start, *shape, 0) < 0 or end > len(values):
            raise InputError("an array lies beyond its end")
        return values[start:end].reshape(shape)


def save(noun: Any, path: Path) -> None:
    """Write a dataclass; an existing file is replaced once all is written. Raises OutputError where that cannot be."""
    pools = _Pools()
    content = {"version": VERSION, "kind": type(noun).__name__, "fields": _packed(type(noun), noun, pools)}
    partial = path.with_name(f".{secrets.token_hex(8)}.partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=_PACKING) as archive:
            archive.writestr(_CONTENT, json.dumps(content, separators=(",", ":")))
            for name, parts in pools.parts.items():
                values = np.concatenate(parts).astype(np.dtype(name).newbyteorder("<"), copy=False)
                archive.writestr(name, values.view(np.uint8).reshape(len(values), -1).T.tobytes())
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"{shown(path)} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def load(kind: type[T], path: Path) -> T:
    """Return what `save` wrote; raises InputError for a file that is missing, damaged, of something else, or of a later version."""
    place = check_file(path)
    try:
        with zipfile.ZipFile(place) as archive:
            if sum(one.file_size for one in archive.infolist()) > _MOST_PACKED * place.stat().st_size:
                raise InputError("it claims to hold more than fits")
            content = json.loads(archive.read(_CONTENT))
            version = int(content["version"])
            if version <= VERSION and content["kind"] == kind.__name__:
                arrays = {name: _unsorted(name, archive.read(name)) for name in archive.namelist() if name != _CONTENT}
                found: T = _unpacked(kind, content["fields"], _Pools(arrays))
                return found
    except _DAMAGE as error:
        why = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise InputError(f"{shown(path)} is damaged, or was not written by {kind.__name__}.save ({why})") from error
    if version > VERSION:
        raise InputError(f"{shown(path)} was written by a later posedetector (layout {version}, not {VERSION}): update")
    raise InputError(f"{shown(path)} does not hold a {kind.__name__}")


def _unsorted(name: str, data: bytes) -> NDArray[Any]:
    dtype = np.dtype(name)
    if dtype.kind not in "biuf":
        raise InputError(f"there are no arrays of {name}")
    values = np.frombuffer(data, np.uint8).reshape(dtype.itemsize, -1).T.tobytes()
    return np.frombuffer(values, dtype.newbyteorder("<")).astype(dtype, copy=False)


def _resolved(hint: Any) -> tuple[Any, Any]:
    """Return what a value that is not None is of, and which kind of thing that is."""
    arms = [one for one in get_args(hint) if one is not NoneType] if get_origin(hint) in {Union, UnionType} else [hint]
    one = Literal[tuple(value for arm in arms for value in get_args(arm))] if len(arms) > 1 else arms[0]
    one = _CONCRETE.get(one, one)
    kinds = (kind for kind in (Enum, BaseModel) if isinstance(one, type) and issubclass(one, kind))
    return one, get_origin(one) or next(kinds, one)


def _packed(hint: Any, value: Any, pools: _Pools) -> Any:
    """Return a value as what JSON can say; its arrays go into the pools."""
    hint, kind = _resolved(hint)
    if value is None or kind in _PLAIN:
        found = value.item() if isinstance(value, np.generic) else value
    elif kind in {dict, Mapping}:
        found = _packed(_pairs(hint), list(value.items()), pools)
    elif kind in {list, tuple}:
        found = [_packed(part, one, pools) for part, one in zip(_parts(hint, value), value, strict=True)]
    elif kind is np.ndarray:
        found = pools.add(value)
    elif kind is Enum:
        found = value.name
    elif kind is BaseModel:
        found = value.model_dump(mode="json")
    elif isinstance(value, hint):
        found = {name: _packed(part, getattr(value, name), pools) for name, part in _hints(hint).items()}
    else:
        raise InputError(f"a {type(value).__name__} cannot be saved as {hint}")
    return found


def _unpacked(hint: Any, node: Any, pools: _Pools) -> Any:
    """Return the value again; raises one of _DAMAGE for what the hint does not allow."""
    if node is None and NoneType in get_args(hint):
        return None
    hint, kind = _resolved(hint)
    if kind in {dict, Mapping}:
        found: Any = dict(_unpacked(_pairs(hint), node, pools))
    elif kind in {list, tuple}:
        found = kind(_unpacked(part, one, pools) for part, one in zip(_parts(hint, node), node, strict=True))
    elif kind is np.ndarray:
        found = pools.take(*node)
    elif kind is Enum:
        found = hint[node]
    elif kind is BaseModel:
        found = hint.model_validate(node)
    elif kind not in _PLAIN:
        found = hint(**{name: _unpacked(_hints(hint)[name], part, pools) for name, part in node.items()})
    elif node in get_args(hint) or type(node) is hint or (type(node), hint) == (int, float):
        found = node
    else:
        raise InputError(f"{str(node)[:40]!r} is not of {hint}")
    return found


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """Return by name what the fields of a dataclass hold."""
    hints = get_type_hints(kind)
    return {one.name: hints[one.name] for one in fields(kind)}


def _parts(hint: Any, items: Any) -> Any:
    """Return of each item of a list or tuple what it holds."""
    inner = get_args(hint)
    return inner if get_origin(hint) is tuple and Ellipsis not in inner else inner[:1] * len(items)


def _pairs(hint: Any) -> Any:
    """Return what a mapping's items are."""
    key, value = get_args(hint)
    return list[tuple[key, value]]  # type: ignore[valid-type]
