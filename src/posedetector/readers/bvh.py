"""BVH, Biovision's hierarchy: offsets and angles of joints, from which positions come by forward kinematics.

A joint's rotations are intrinsic, in the order of its channels, in degrees; position channels stand in the place of the
offset's. A file says no unit of length, so the one in which the positions make a person is taken, and noted. Several
roots are read side by side. An End Site is called after its joint, `<joint>_end`, the second one `<joint>_end_2`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from posedetector.errors import InputError
from posedetector.motion import unit_that_fits
from posedetector.pose import Array
from posedetector.readers.recording import ReadOptions, Recording

LARGEST = 1e9  # no angle, length or coordinate of a motion is as large; it also keeps infinities out of the sums
_CHANNEL = re.compile(r"[xyz](position|rotation)")
_STEPS = (1e-6, 1e3)  # seconds


@dataclass
class _Joint:
    """A joint or end site; `depth` counts the joints above it, `row` is the last of those (-1 for none)."""

    name: str
    row: int
    depth: int
    offset: list[float] | None = None
    channels: list[str] = field(default_factory=list)


def read_bvh(path: Path, options: ReadOptions) -> dict[str, Recording]:
    """Read a BVH file: joints and end sites in the file's order, times from Frame Time.

    Raises
    ------
    InputError
        If the hierarchy or the motion is cut off or damaged; it names the line.

    References
    ----------
    Meredith & Maddock, Motion capture file formats explained, University of Sheffield CS-01-11, 2001, section 2.
    """
    lines = path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
    start = next((row for row, line in enumerate(lines) if line.strip().lower() == "motion"), None)
    if start is None:
        raise InputError(f"{path} has no line MOTION; a BVH file is a HIERARCHY and then a MOTION")
    joints = _hierarchy(lines[:start], path)
    values, step = _motion(lines, start + 1, sum(len(joint.channels) for joint in joints), path)
    xyz = _positions(joints, values)
    unit = unit_that_fits(xyz)
    note = f"{path.name} says no unit of length; taken to be in {unit} ({options.side}-unit says otherwise)"
    notes = (note,) if unit and options.unit is None else ()
    names = [joint.name for joint in joints]
    return {
        "": Recording(
            names, xyz, step * np.arange(len(xyz), dtype=np.float64), unit or "m", declared=False, notes=notes
        )
    }


def turned(rotation: Array, axis: int, angle: Array) -> Array:
    """Return R · R_axis(angle): rotations (…, 3, 3) turned further about an axis (0, 1, 2) of their own; radians (…,)."""
    one, two = (axis + 1) % 3, (axis + 2) % 3
    cosine, sine = np.cos(angle)[..., None], np.sin(angle)[..., None]
    result = rotation.copy()
    result[..., one] = cosine * rotation[..., one] + sine * rotation[..., two]
    result[..., two] = cosine * rotation[..., two] - sine * rotation[..., one]
    return result


def table(rows: Sequence[tuple[int, str]], count: int, path: Path) -> Array:
    """Return the numbers (rows, count) in numbered lines of text; raises InputError for the first line that lacks them."""
    if count and len(rows[0][1].split()) == count:
        try:
            values = np.loadtxt([text for _, text in rows], ndmin=2, comments=None)
        except ValueError:
            values = np.empty((0, 0))
        if values.shape == (len(rows), count) and (np.abs(values) < LARGEST).all():
            return values
    return np.array([numbers(text.split(), count, f"{path}, line {number}") for number, text in rows], float)


def numbers(words: Sequence[str], count: int, where: str) -> list[float]:
    """Return so many words as numbers; raises InputError when they are more, fewer or no finite numbers."""
    if len(words) != count:
        raise InputError(f"{where}: {count} numbers are wanted, got {len(words)}")
    values = []
    for word in words:
        try:
            values.append(float(word))
        except ValueError:
            raise InputError(f"{where}: a number is wanted, got {word!r}") from None
        if not abs(values[-1]) < LARGEST:
            raise InputError(f"{where}: a finite number below {LARGEST:g} is wanted, got {word}")
    return values


def _statements(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the line and the words of each statement; a brace is a statement of its own."""
    for number, line in enumerate(lines, 1):
        for part in re.split(r"([{}])", line):
            if words := part.split():
                yield number, words


def _hierarchy(lines: Sequence[str], path: Path) -> list[_Joint]:
    joints: list[_Joint] = []
    inside: list[int] = []  # the joints whose braces are open
    waiting: _Joint | None = None  # for its opening brace
    ends: Counter[str] = Counter()
    for number, (word, *rest) in _statements(lines):
        key, where = word.lower(), f"{path}, line {number}"
        if (key == "{") != (waiting is not None):
            raise InputError(
                f"{where}: a brace {{ is wanted after ROOT, JOINT or End Site and nowhere else, got {word}"
            )
        if waiting is not None:
            inside.append(len(joints))
            joints.append(waiting)
            waiting = None
        elif key in {"root", "joint", "end"}:
            if (key == "root") == bool(inside):
                raise InputError(f"{where}: {word} is {'inside' if inside else 'outside'} the braces of a joint")
            row = inside[-1] if inside else -1
            waiting = _Joint(_name(key, rest, joints[row].name if inside else "", ends, where), row, len(inside))
        elif inside:
            _take(joints[inside[-1]], key, rest, where)
            del inside[len(inside) - (key == "}") :]
        elif key != "hierarchy" or joints:
            raise InputError(f"{where}: HIERARCHY and ROOT are wanted, got {word}")
    if inside or waiting is not None or not joints:
        lacking = "a closing brace" if inside else "an opening brace" if waiting else "a ROOT"
        raise InputError(f"{path}, line {len(lines) + 1}: {lacking} is wanted before MOTION; the hierarchy is cut off")
    return joints


def _take(joint: _Joint, key: str, words: list[str], where: str) -> None:
    """Take a statement within the braces of a joint."""
    if key == "offset":
        joint.offset = numbers(words, 3, where)
    elif key == "channels":
        joint.channels = _channels(words, where)
    elif key != "}":
        raise InputError(f"{where}: OFFSET, CHANNELS, JOINT, End Site or a brace }} is wanted, got {key.upper()}")
    elif joint.offset is None:
        raise InputError(f"{where}: {joint.name} needs an OFFSET before its brace closes")


def _name(key: str, words: list[str], owner: str, ends: Counter[str], where: str) -> str:
    if key == "end":
        ends[owner] += 1
        return f"{owner}_end" if ends[owner] == 1 else f"{owner}_end_{ends[owner]}"
    if not words:
        raise InputError(f"{where}: {key.upper()} wants a name")
    return " ".join(words)


def _channels(words: list[str], where: str) -> list[str]:
    channels = [word.lower() for word in words[1:]]
    if words[:1] != [str(len(channels))]:
        raise InputError(f"{where}: CHANNELS wants their number and as many names, got {' '.join(words) or 'nothing'}")
    for name, word in zip(channels, words[1:], strict=True):
        if not _CHANNEL.fullmatch(name):
            raise InputError(f"{where}: a channel is Xposition, Yrotation and so on, got {word}")
    return channels


def _motion(lines: Sequence[str], start: int, count: int, path: Path) -> tuple[Array, float]:
    """Return the values (T, count) of the channels, and the seconds from one frame to the next."""
    rows = [(number, line) for number, line in enumerate(lines[start:], start + 1) if line.strip()]
    if len(rows) < 2:
        raise InputError(f"{path} ends after line {len(lines)}, before `Frames:` and `Frame Time:`")
    (first, frames), (second, time) = rows[:2]
    given = re.fullmatch(r"\s*frames\s*:?\s*(\d{1,9})\s*", frames, re.IGNORECASE)
    if given is None or not int(given[1]):
        raise InputError(f"{path}, line {first}: `Frames:` and a number from 1 is wanted, got {frames.strip()!r}")
    step = re.fullmatch(r"\s*frame\s*time\s*:?\s*(\S+)\s*", time, re.IGNORECASE)
    seconds = numbers([step[1]], 1, f"{path}, line {second}")[0] if step else 0.0
    if not _STEPS[0] <= seconds <= _STEPS[1]:
        wanted = f"`Frame Time:` and seconds, from {_STEPS[0]:f} to {_STEPS[1]:g}, are wanted"
        raise InputError(f"{path}, line {second}: {wanted}, got {time.strip()!r}")
    if len(rows) - 2 != int(given[1]):
        raise InputError(f"{path}, line {first}: {given[1]} frames are announced, but {len(rows) - 2} lines follow")
    if not count:
        raise InputError(f"{path} holds no motion: none of its joints has CHANNELS")
    return table(rows[2:], count, path), seconds


def _positions(joints: Sequence[_Joint], values: Array) -> Array:
    xyz = np.empty((len(values), len(joints), 3))
    chain: list[Array] = []  # the rotations of the joints above, the root's first
    column = 0
    for row, joint in enumerate(joints):
        del chain[joint.depth :]
        offset = np.tile(np.array(joint.offset, float), (len(values), 1))
        rotation = above = chain[-1] if chain else np.tile(np.eye(3), (len(values), 1, 1))
        for channel in joint.channels:
            axis = "xyz".index(channel[0])
            if channel.endswith("position"):
                offset[:, axis] = values[:, column]
            else:
                rotation = turned(rotation, axis, np.deg2rad(values[:, column]))
            column += 1
        chain.append(rotation)
        xyz[:, row] = (above @ offset[..., None])[..., 0]
        if joint.row >= 0:
            xyz[:, row] += xyz[:, joint.row]
    return xyz
