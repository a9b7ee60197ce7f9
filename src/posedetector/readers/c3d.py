"""C3D, the motion laboratories' file, by ezc3d: points with unit and rate; holes have no coordinates.

A damaged file can bring the C++ library down or keep it busy for ever, so it runs in a process of its own.

The header counts frames in 16 bits, and ezc3d goes by it. Longer files say their number in POINT:LONG_FRAMES or
TRIAL:ACTUAL_START_FIELD and ACTUAL_END_FIELD (c3d.org); of these the points are read here, where they are real numbers of an
Intel machine, as all writers today have them. What is shorter than it says is refused.
"""

import io
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from posedetector.errors import InputError
from posedetector.pose import Array
from posedetector.readers.recording import ReadOptions, Recording

_HEADER = 512  # bytes
_INTEL = 84
_LONGEST = 300  # seconds; an hour of sixty markers takes a few


def read_c3d(path: Path, _: ReadOptions) -> dict[str, Recording]:
    """Read the points of a C3D file; time begins with the file's first frame, in ours where that is in the clip."""
    _check_extent(path)
    command = [sys.executable, "-c", "from posedetector.readers.c3d import hand_over; hand_over()", str(path)]
    try:
        child = subprocess.run(command, capture_output=True, timeout=_LONGEST, check=False)  # noqa: S603  our own code
    except subprocess.TimeoutExpired:
        raise InputError(f"{path} cannot be read as C3D: not within {_LONGEST} s; it is damaged") from None
    if child.returncode:
        last = child.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise InputError(f"{path} cannot be read as C3D: {last[0] if last else 'it brings the reader down'}")
    with np.load(io.BytesIO(child.stdout), allow_pickle=False) as content:
        xyz, labels, unit = (content[name] for name in ("xyz", "labels", "unit"))
        rate, told, start = (float(content[name]) for name in ("rate", "told", "start"))
    if not xyz.size or len(labels) < xyz.shape[1] or not rate > 0:
        raise InputError(f"{path} holds no points, or points without names or rate")
    if told > len(xyz):
        raise InputError(f"{path} cannot be read as C3D: it says that it has {told:.0f} frames, {len(xyz)} can be read")
    names = [str(label) for label in labels[: xyz.shape[1]]]
    time = start + np.arange(len(xyz)) / rate
    return {"": Recording(names, xyz, time, str(unit) or "m", declared=bool(str(unit)))}


def hand_over() -> None:
    """Read the file that the command line names and write what is needed of it to stdout, as npz."""
    import ezc3d

    path = Path(sys.argv[-1])
    with TemporaryDirectory() as folder:
        # ezc3d opens no other paths on Windows
        own = path if str(path).isascii() else copyfile(path, Path(folder) / "points.c3d")
        content = ezc3d.c3d(str(own))
    parameters = content["parameters"]["POINT"]
    xyz = np.asarray(content["data"]["points"][:3], float).transpose(2, 1, 0)  # ezc3d's holes are NaN
    told = told_frames(content["parameters"])
    further = sorted((key for key in parameters if key.startswith("LABELS")), key=lambda key: int(key[6:] or 1))
    np.savez(
        sys.stdout.buffer,
        xyz=xyz if told <= len(xyz) else _beyond_the_header(path, xyz, told),
        labels=np.array([name.strip() for key in further for name in parameters[key]["value"]], str),
        unit=np.array([*parameters.get("UNITS", {}).get("value", []), ""][0].strip()),
        rate=np.array(parameters["RATE"]["value"][0], float),
        told=np.array(told),
        start=np.array(content["parameters"].get("POSEDETECTOR", {}).get("START", {}).get("value", [0.0])[0], float),
    )


def told_frames(groups: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> int:
    """Return how many frames a file says that it has, beside its header; 0 if it does not say."""
    point, trial = groups.get("POINT", {}), groups.get("TRIAL", {})
    long = [float(value) for value in point.get("LONG_FRAMES", {}).get("value", [])][:1]
    ends = [list(trial.get(f"ACTUAL_{end}_FIELD", {}).get("value", [])) for end in ("START", "END")]
    counts = [int(value) for value in long if np.isfinite(value)]
    if all(ends):
        first, last = (sum((int(word) & 0xFFFF) << 16 * place for place, word in enumerate(end[:2])) for end in ends)
        counts.append(last - first + 1)
    return max(counts, default=0)


def _beyond_the_header(path: Path, xyz: Array, told: int) -> Array:
    """Return the places (T, J, 3) of so many frames, or of as many as there are; those given, if the numbers are of another kind."""
    with path.open("rb") as file:
        header = file.read(_HEADER)
        file.seek(_HEADER * (header[0] - 1))
        processor = file.read(4)[3]
    words = np.frombuffer(header[:20], "<u2").astype(int)
    if processor != _INTEL or not np.frombuffer(header[12:16], "<f4")[0] < 0:
        return xyz
    points, start = 4 * words[1], _HEADER * (words[8] - 1)
    width = points + words[2]  # a frame's numbers: x, y, z and residual of each point, then what is analog
    frames = min(told, (path.stat().st_size - start) // (4 * width))
    numbers = np.fromfile(path, "<f4", frames * width, offset=start).reshape(frames, width)[:, :points]
    numbers = numbers.reshape(frames, -1, 4).astype(float)
    return np.where(numbers[..., 3:] < 0, np.nan, numbers[..., :3])


def _check_extent(path: Path) -> None:
    """Raise InputError for a file that ends before its points; ezc3d takes very long, and much memory, to find out."""
    with path.open("rb") as file:
        header = file.read(_HEADER)
        if len(header) < _HEADER or header[0] < 2 or header[1] != 0x50:
            raise InputError(f"{path} is no C3D file: it has no C3D header")
        file.seek(_HEADER * (header[0] - 1))
        section = file.read(4)
    order = ">u2" if section[3:] == b"\x56" else "<u2"  # 86: a MIPS machine's
    words = np.frombuffer(header[:20], order).astype(int)
    size = words[1] * max(words[4] - words[3] + 1, 0) * 8  # at least two bytes for each of four numbers
    if len(section) < 4 or path.stat().st_size < _HEADER * (words[8] - 1) + size:
        raise InputError(f"{path} cannot be read as C3D: it ends before its points")
