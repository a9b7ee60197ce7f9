"""AMC, Acclaim's motion: angles of bones whose directions and lengths are in a skeleton file, the .asf.

What is returned are the ends of the bones, under the bones' names, and `root`: `lfemur` is the left knee. A bone's
rotation is R = R_parent · C · M · C⁻¹, with C from `axis` and M from the file's angles; both turn about fixed axes, so
that XYZ is Rz · Ry · Rx. `position` and `orientation` of the root move the whole motion, as Vicon's description of the
format has it. There is no rate in the file; CMU's is 120 Hz.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from posedetector.anthropometry import STATURE_RANGE
from posedetector.errors import InputError
from posedetector.motion import UNITS, unit_that_fits
from posedetector.pose import Array
from posedetector.readers.bvh import numbers, table, turned
from posedetector.readers.recording import ReadOptions, Recording

_RATE = 120.0
_SPACES = str.maketrans("(),\t", "    ")


@dataclass
class _Bone:
    """A bone, or the root; `angles` are those of its axis, in the skeleton's unit of angle, `dof` rx, tx and so on."""

    name: str = ""
    direction: list[float] = field(default_factory=list)
    length: float | None = None
    angles: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    order: str = "xyz"
    dof: list[str] = field(default_factory=list)
    parent: str | None = None


@dataclass
class _Skeleton:
    """What an .asf says; bones by name in lower case, `length` None where there is no unit, `open` without its `end`."""

    path: Path
    bones: dict[str, _Bone] = field(default_factory=lambda: {"root": _Bone("root", [0.0, 0.0, 0.0], 1.0)})
    children: dict[str, list[str]] = field(default_factory=dict)
    length: float | None = None
    degrees: bool = True
    open: _Bone | None = None


def read_amc(path: Path, options: ReadOptions) -> dict[str, Recording]:
    """Read an AMC file with its skeleton: the .asf of its name, of its name up to an `_`, or the only one around.

    Positions are divided by the skeleton's unit of length and then in inches, CMU's convention; without a unit, or with
    1, they are in inches if that makes a person, else in the unit that does.

    Raises
    ------
    InputError
        If there is no skeleton, or either file is cut off or damaged; it names the line.

    References
    ----------
    Schafer, Acclaim Skeleton File Definition V1.10, 1994; for lengths and rate, the FAQ of the CMU Graphics Lab Motion
    Capture Database, mocap.cs.cmu.edu/faqs.php: metres are (1.0 / 0.45) · 2.54 / 100 of what the files say.
    """
    skeleton = _read_asf(_find_asf(path))
    values, degrees = _frames(path, skeleton)
    xyz = _positions(skeleton, values, degrees=degrees) / (skeleton.length or 1.0)
    unit, declared = "in", skeleton.length not in {None, 1.0}
    size = (
        float(np.median(np.ptp(xyz, axis=1).max(axis=1))) * UNITS["in"]
    )  # the longest side of the box around a person
    if not declared and not STATURE_RANGE[0] <= size <= STATURE_RANGE[1]:
        unit = unit_that_fits(xyz) or "m"
    notes = [f"{path.name}: the skeleton is {skeleton.path.name}"]
    if options.unit is None:
        how = f"divided by its unit of length, {skeleton.length:g}, and " if declared else ""
        notes.append(f"{path.name}: lengths are {how}taken to be in {unit} ({options.side}-unit says otherwise)")
    names = [bone.name for bone in skeleton.bones.values()]
    return {"": Recording(names, xyz, None, unit, declared, usual_rate=_RATE, notes=tuple(notes))}


def _find_asf(path: Path) -> Path:
    names = [path.stem]
    while "_" in names[-1]:
        names.append(names[-1].rpartition("_")[0])
    folders = (path.absolute().parent, path.absolute().parent.parent)
    for folder in folders:
        found = {file.stem.lower(): file for file in sorted(folder.iterdir()) if file.suffix.lower() == ".asf"}
        for name in names:
            if name.lower() in found:
                return found[name.lower()]
        if len(found) == 1:
            return next(iter(found.values()))
    sought = " or ".join(f"{name}.asf" for name in names if name)
    raise InputError(f"{path} needs its skeleton: {sought}, or a single .asf, next to it or in the folder above")


def _lines(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Yield number, section and words of each line of an .asf that has any; a keyword's own line ends with it."""
    section = ""
    for number, line in enumerate(path.read_text(encoding="utf-8-sig", errors="replace").split("\n"), 1):
        words = line.partition("#")[0].translate(_SPACES).split()
        if words and words[0].startswith(":"):
            section, words = words[0][1:].lower(), words[1:]
        if words:
            yield number, section, words


def _read_asf(path: Path) -> _Skeleton:
    skeleton = _Skeleton(path)
    sections = {"units": _take_unit, "root": _take_root, "bonedata": _take_bone, "hierarchy": _take_children}
    for number, section, (word, *rest) in _lines(path):
        if section in sections:
            sections[section](skeleton, word.lower(), rest, f"{path}, line {number}")
    if skeleton.open is not None:
        raise InputError(f"{path} ends within the bone {skeleton.open.name}: its `end` is wanted")
    if not skeleton.bones["root"].dof:
        raise InputError(f"{path}: a :root with an order, such as TX TY TZ RX RY RZ, is wanted")
    names = ["root"]
    for name in names:  # it grows
        names.extend(skeleton.children.get(name, ()))
    lost = skeleton.bones.keys() - set(names)
    if lost or len(names) < 2:
        raise InputError(f"{path}: bones that hang on the root by way of :hierarchy are wanted; not so {sorted(lost)}")
    skeleton.bones = {name: skeleton.bones[name] for name in names}
    return skeleton


def _take_unit(skeleton: _Skeleton, key: str, words: list[str], where: str) -> None:
    if key == "length":
        (skeleton.length,) = numbers(words, 1, where)
        if not skeleton.length > 0:
            raise InputError(f"{where}: the unit of length must be more than 0, got {words[0]}")
    elif key == "angle":
        if [word.lower()[:3] for word in words] not in (["deg"], ["rad"]):
            raise InputError(f"{where}: angle must be deg or rad, got {' '.join(words) or 'nothing'}")
        skeleton.degrees = words[0].lower().startswith("deg")


def _take_root(skeleton: _Skeleton, key: str, words: list[str], where: str) -> None:
    _describe(skeleton.bones["root"], key, words, where)


def _take_bone(skeleton: _Skeleton, key: str, words: list[str], where: str) -> None:
    bone = skeleton.open
    if (key == "begin") == (bone is not None):
        raise InputError(f"{where}: each bone must stand between `begin` and `end`, got {key}")
    if bone is None:
        skeleton.open = _Bone()
    elif key != "end":
        _describe(bone, key, words, where)
    elif not bone.direction or bone.length is None or not bone.name or bone.name.lower() in skeleton.bones:
        raise InputError(f"{where}: a name of its own, a direction and a length are wanted for bone {bone.name!r}")
    else:
        skeleton.bones[bone.name.lower()] = bone
        skeleton.open = None


def _take_children(skeleton: _Skeleton, parent: str, words: list[str], where: str) -> None:
    if parent in {"begin", "end"}:
        return
    for name in (parent, *(word.lower() for word in words)):
        if name not in skeleton.bones:
            raise InputError(f"{where}: a bone of :bonedata is wanted, got {name}")
        if name == parent:
            continue
        if name == "root" or skeleton.bones[name].parent is not None:
            raise InputError(f"{where}: {name} must hang on one bone, and the root on none")
        skeleton.bones[name].parent = parent
        skeleton.children.setdefault(parent, []).append(name)


def _describe(bone: _Bone, key: str, words: list[str], where: str) -> None:
    """Take one line about a bone, or the root, whose `order` is its dof and whose `position` is its direction."""
    if key == "name":
        bone.name = " ".join(words)
    elif key in {"direction", "position"}:
        bone.direction = numbers(words, 3, where)
    elif key == "length":
        (bone.length,) = numbers(words, 1, where)
    elif key in {"dof", "order"}:
        bone.dof = [word.lower() for word in words]
        known = {"rx", "ry", "rz"} | ({"tx", "ty", "tz"} if key == "order" else set())
        if not set(bone.dof) <= known or len(set(bone.dof)) < len(bone.dof):
            raise InputError(f"{where}: {key} takes {', '.join(sorted(known))}, each once, got {' '.join(words)}")
    elif key == "orientation":
        bone.angles = numbers(words, 3, where)
    elif key == "axis":
        if words and sorted(words[-1].lower()) == ["x", "y", "z"]:
            bone.order = words.pop().lower()
        if words or bone.name != "root":
            bone.angles = numbers(words, 3, where)


def _frames(path: Path, skeleton: _Skeleton) -> tuple[dict[str, Array], bool]:
    """Return the values (T, dof) of each bone that has any, and whether angles are in degrees."""
    rows: dict[str, list[tuple[int, str]]] = {name: [] for name, bone in skeleton.bones.items() if bone.dof}
    degrees, frames, last = skeleton.degrees, 0, ""
    for number, line in enumerate(path.read_text(encoding="utf-8-sig", errors="replace").split("\n"), 1):
        words = line.split(None, 1)
        if not words or words[0][0] == "#":
            continue
        name = words[0].lower()
        if name in {":degrees", ":radians"}:
            degrees = name == ":degrees"
        elif name.isdecimal() and len(name) < 10:
            _check_complete(rows, frames, f"{path}, line {number}: frame {last}")
            if frames and int(name) != int(last) + 1:
                raise InputError(f"{path}, line {number}: frame {int(last) + 1} is wanted, got {name}")
            frames, last = frames + 1, name
        elif name[0] != ":":
            if name not in rows or len(rows[name]) != frames - 1:
                wanted = f"the number of a frame, or a bone with dof in {skeleton.path.name}, each once a frame,"
                raise InputError(f"{path}, line {number}: {wanted} is wanted, got {words[0]}")
            rows[name].append((number, words[1] if len(words) > 1 else ""))
    if not frames:
        raise InputError(f"{path} holds no frames")
    _check_complete(rows, frames, f"{path} ends: frame {last}")
    return {name: table(row, len(skeleton.bones[name].dof), path) for name, row in rows.items()}, degrees


def _check_complete(rows: Mapping[str, Sequence[object]], frames: int, where: str) -> None:
    if lacking := [name for name, row in rows.items() if len(row) != frames]:
        raise InputError(f"{where} lacks {', '.join(lacking)}; every frame must have every bone with dof")


def _positions(skeleton: _Skeleton, values: Mapping[str, Array], *, degrees: bool) -> Array:
    count = len(values["root"])
    rotations, places = {"": np.tile(np.eye(3), (count, 1, 1))}, {"": np.zeros((count, 3))}
    for name, bone in skeleton.bones.items():
        axes = np.eye(3)
        angles = np.deg2rad(bone.angles) if skeleton.degrees else np.array(bone.angles)
        for letter in reversed(bone.order):
            axes = turned(axes, "xyz".index(letter), angles["xyz".index(letter)])
        rotation = rotations[bone.parent or ""] @ axes
        moved = np.zeros((count, 3))
        for column, token in reversed(list(enumerate(bone.dof))):
            value, axis = values[name][:, column], "xyz".index(token[1])
            if token[0] == "t":
                moved[:, axis] = value
            else:
                rotation = turned(rotation, axis, np.deg2rad(value) if degrees else value)
        offset = np.array(bone.direction) * (bone.length or 0.0)
        if bone.parent is None:
            places[name] = offset + moved @ axes.T
        else:
            rotation @= axes.T
            places[name] = places[bone.parent] + rotation @ offset
        rotations[name] = rotation
    return np.stack([places[name] for name in skeleton.bones], axis=1)
