"""TRC, the marker file of OpenSim and Motion Analysis: the header names unit and markers; holes are empty or nan."""

from pathlib import Path

import numpy as np

from posedetector.errors import InputError
from posedetector.pose import Array
from posedetector.readers.recording import ReadOptions, Recording


def read_trc(path: Path, _: ReadOptions) -> dict[str, Recording]:
    """Read a TRC file; raises InputError when header and rows do not fit together."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        keys, values, names = lines[1].split("\t"), lines[2].split("\t"), lines[3].split("\t")
        header = dict(zip((key.strip() for key in keys), (value.strip() for value in values), strict=False))
        unit = header["Units"]
    except IndexError:
        raise InputError(f"{path} has no TRC header: it ends before its fifth line") from None
    except KeyError as error:
        raise InputError(f"{path} has no TRC header: it lacks {error}") from error
    markers = [name.strip() for name in names[2:] if name.strip()]
    rows = [line.split("\t") for line in lines[5:] if line.strip()]
    numbers = np.array([_numbers(row, 2 + 3 * len(markers), path) for row in rows]).reshape(-1, 2 + 3 * len(markers))
    if not len(numbers) or not markers:
        raise InputError(f"{path} holds no {'frames' if markers else 'markers'}")
    xyz = numbers[:, 2:].reshape(len(rows), -1, 3)
    empty = (xyz == 0).all(axis=-1)
    empty &= ~empty.all(axis=0)  # a marker that is always there is the root of positions relative to it
    always = [marker for marker, zero in zip(markers, (xyz == 0).all(axis=(0, 2)), strict=True) if zero]
    rooted = f"{path.name}: {', '.join(always)} is at 0, 0, 0 in every frame, and taken to be there"
    note = f"{path.name}: {empty.sum()} points at 0, 0, 0 are taken for missing, as some programs write them"
    xyz[empty] = np.nan
    notes = (*((note,) if empty.any() else ()), *((rooted,) if always else ()))
    return {"": Recording(markers, xyz, numbers[:, 1], unit or "m", declared=bool(unit), notes=notes)}


def _numbers(row: list[str], count: int, path: Path) -> Array:
    cells = [cell.strip() for cell in row]
    while len(cells) > count and not cells[-1]:
        cells.pop()
    if len(cells) > count:
        raise InputError(f"{path}: frame {cells[0]} has {len(cells)} cells, the markers need {count}")
    try:
        return np.array([float(cell or "nan") for cell in cells] + [np.nan] * (count - len(cells)))
    except ValueError as error:
        raise InputError(f"{path}: frame {cells[0]}: {error}") from error
