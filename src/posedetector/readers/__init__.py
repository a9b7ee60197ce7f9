"""Seam 4: positions from files, our own and those of others; one file a format.

To add a format: write a function `(Path, ReadOptions) -> dict[str, Recording]` in a file beside this one, and a line in
READERS; what a suffix does not tell, the reader finds out (see `json`).
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from posedetector.errors import InputError, PosedetectorError
from posedetector.motion import UNITS, Motion, unit_that_fits
from posedetector.opening import check_file, kind_of, resolve, shown
from posedetector.readers.names import rename
from posedetector.readers.recording import ReadOptions, Recording

Reader = Callable[[Path, ReadOptions], dict[str, Recording]]

# how a file's name ends → room and function
READERS = {
    ".csv": ("csv", "read_csv"),
    ".trc": ("trc", "read_trc"),
    ".c3d": ("c3d", "read_c3d"),
    ".npz": ("npz", "read_npz"),
    ".json": ("json", "read_json"),
    ".bvh": ("bvh", "read_bvh"),
    ".amc": ("amc", "read_amc"),
}


def read_motions(path: Path, options: ReadOptions | None = None) -> dict[str, Motion]:
    """Return the trials in a file or in an output folder of ours, by name; a file of one trial gives one.

    Raises InputError for what cannot be read, has no times, or is in another unit than it seems.
    """
    options = options or ReadOptions()
    try:
        file, reader = _reader(path)
        recordings = reader(file, options)
    except OSError as error:
        raise InputError(f"{shown(path)} cannot be read: {error.strerror or error}") from error
    except PosedetectorError:
        raise
    except Exception as error:  # damaged files make libraries raise anything
        raise InputError(
            f"{shown(path)} cannot be read, it is damaged: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        ) from error
    return {trial: _motion(recording, path, options) for trial, recording in recordings.items()}


def _reader(path: Path) -> tuple[Path, Reader]:
    kind = kind_of(path)
    if not kind:
        raise InputError(f"there is no file or folder {shown(path)}")
    file = resolve(path) / ("landmarks.csv" if kind == "folder" else "")
    if kind == "folder" and not kind_of(file):
        raise InputError(f"{path} holds no landmarks.csv: it is no output folder of `posedetector analyze`")
    if file.suffix.lower() not in READERS:
        raise InputError(f"{path} cannot be read; there are readers for folders of ours, {', '.join(READERS)}")
    check_file(file)
    room, name = READERS[file.suffix.lower()]
    reader: Any = getattr(import_module(f"posedetector.readers.{room}"), name)
    return file, reader


def _motion(recording: Recording, path: Path, options: ReadOptions) -> Motion:
    time, notes = recording.time, list(recording.notes)
    if time is None:
        if (rate := options.rate or recording.usual_rate) is None:
            raise InputError(f"{path} has no times; say how many frames a second it has (`{options.said('rate')}`)")
        if options.rate is None:
            notes.append(f"{path.name} has no times; taken to be {rate:g} Hz ({options.side}-rate says otherwise)")
        time = np.arange(len(recording.xyz)) / rate
    elif options.rate is not None:
        notes.append(f"{path.name} has times of its own; {options.side}-rate is not used for it")
    skeleton, xyz, renamed = rename(list(recording.names), recording.xyz, options.point_map, path.name)
    unit = options.unit or recording.unit
    fitting = unit_that_fits(xyz)
    xyz = xyz * _factor(unit, path)
    if unit_that_fits(xyz) != "m":
        wrong = f"as {unit}" if options.unit or recording.declared else "as metres, which it does not say it has,"
        hint = f"they look like {fitting}" if fitting else "they are in no unit of length that is known here"
        raise InputError(
            f"{path}: taken {wrong} the positions make no person; {hint}: `{options.said('unit')}` says which it is"
        )
    try:
        return Motion(skeleton, time, xyz, recording.depth_axis, (*notes, *renamed))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _factor(unit: str, path: Path) -> float:
    known = {"meters": "m", "metres": "m", "meter": "m", "millimeters": "mm", "centimeters": "cm", "inches": "in"}
    unit = known.get(unit.strip().lower(), unit.strip().lower())
    if unit not in UNITS:
        raise InputError(f"{path} is in {unit!r}; known are {', '.join(UNITS)}")
    return UNITS[unit]
