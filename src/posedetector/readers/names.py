"""Foreign names of points, brought to ours where no doubt is possible; `point_map` says the rest."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from posedetector.errors import InputError
from posedetector.pose import Array
from posedetector.skeletons import SIDES, SKELETONS, Skeleton

PointMap = Mapping[str, Sequence[str]]


def _both(names: Mapping[str, str]) -> PointMap:
    """Return the map for both sides: {l}, {L}, {Left} and {left} stand for the side."""
    result = {}
    for joint, pattern in names.items():
        for side in SIDES:
            words = {"l": side[0], "L": side[0].upper(), "left": side, "Left": side.capitalize()}
            result[f"{side}_{joint}"] = [pattern.format(**words)]
    return result


# How motion capture calls its joints, where a name alone would mislead: an Acclaim bone is called after what lies above
# its end, a BVH joint after what lies below it. A map is used for a file that has all of its names.
NAMINGS: dict[str, PointMap] = {
    "Acclaim (CMU)": _both(
        {
            "shoulder": "{l}clavicle", "elbow": "{l}humerus", "wrist": "{l}radius",
            "hip": "{l}hipjoint", "knee": "{l}femur", "ankle": "{l}tibia",
        }
    ),
    "Bandai Namco": _both(
        {
            "shoulder": "UpperArm_{L}", "elbow": "LowerArm_{L}", "wrist": "Hand_{L}",
            "hip": "UpperLeg_{L}", "knee": "LowerLeg_{L}", "ankle": "Foot_{L}",
        }
    ),
    "MotionBuilder": _both(
        {
            "shoulder": "{Left}Arm", "elbow": "{Left}ForeArm", "wrist": "{Left}Hand",
            "hip": "{Left}UpLeg", "knee": "{Left}Leg", "ankle": "{Left}Foot",
        }
    ),
}  # fmt: skip


_SIDES = {"l": "left", "left": "left", "r": "right", "right": "right"}
_JOINTS = {
    "hip": "hip",
    "hjc": "hip",
    "knee": "knee",
    "kjc": "knee",
    "ankle": "ankle",
    "ajc": "ankle",
    "shoulder": "shoulder",
    "sjc": "shoulder",
    "elbow": "elbow",
    "ejc": "elbow",
    "wrist": "wrist",
    "wjc": "wrist",
    "heel": "heel",
    "bigtoe": "big_toe",
    "smalltoe": "small_toe",
    "eye": "eye",
    "ear": "ear",
}
_KNOWN = {point for skeleton in SKELETONS.values() for point in skeleton.points}
_MIDDLE = {"midhip": "pelvis", "pelvis": "pelvis", "root": "pelvis"}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def our_name(name: str) -> str:
    """Return our name of a joint centre that is called `RHip`, `R_Knee`, `left ankle`, `hip_l` or `RHJC`; else the name."""
    label = name.rsplit(":", maxsplit=1)[-1].strip()
    words = [word.lower() for word in _WORD.findall(re.sub(r"^([LRlr])(?=[A-Z])(?!EFT|IGHT)", r"\1_", label))]
    joined = "".join(words)
    if joined in _MIDDLE:
        return _MIDDLE[joined]
    for side, rest in ((words[:1], words[1:]), (words[-1:], words[:-1])):
        joint = "".join(rest)
        if side and side[0] in _SIDES and joint in _JOINTS:
            return f"{_SIDES[side[0]]}_{_JOINTS[joint]}"
    return re.sub(r"^face-", "face_", label)


def read_map(path: Path) -> PointMap:
    """Read a JSON object from our name of a point to the file's, or to several, whose middle it is.

    `{"right_knee": ["RKNE", "RKNM"], "pelvis": "SACR"}`. Raises InputError.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as a map of names: {error}") from error
    if not isinstance(table, dict):
        raise InputError(f'{path} must be a JSON object such as {{"right_knee": ["RKNE", "RKNM"]}}')
    result = {}
    for point, given in table.items():
        names = [given] if isinstance(given, str) else given
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise InputError(f"{path}: {point} must be a name or a list of names, got {names!r}")
        if point not in _KNOWN:
            raise InputError(f"{path}: {point} is no joint of ours; they are called as in {', '.join(SKELETONS)}")
        result[point] = names
    return result


def rename(
    names: Sequence[str], xyz: Array, point_map: PointMap, source: str
) -> tuple[Skeleton, Array, tuple[str, ...]]:
    """Return the skeleton and the positions under our names, mapped points first, and a note on what was renamed.

    Raises InputError when two points end up under one name and the map does not say which is meant.
    """
    columns: dict[str, Array] = {}
    renamed = []
    known = next((naming for naming in NAMINGS.values() if all(part in names for [part] in naming.values())), {})
    point_map = {**known, **point_map}
    for point, parts in point_map.items():
        if all(part in names for part in parts):
            renamed.append(f"{' + '.join(parts)} for {point}")
            columns[point] = xyz[:, [names.index(part) for part in parts]].mean(axis=1)
    for row, name in enumerate(names):
        point = our_name(name)
        if point in point_map and point in columns:
            continue
        if point in columns:
            raise InputError(
                f"{source} has two points that could be {point}, one of them {name}; `point_map` says which"
            )
        columns[point] = xyz[:, row]
        if point != name:
            renamed.append(f"{name} for {point}")
    points = tuple(columns)
    stacked = np.stack(list(columns.values()), axis=1) if columns else np.empty((len(xyz), 0, 3))
    notes = (f"{source}: by their names, {', '.join(renamed)}",) if renamed else ()
    if point_map and not any(set(parts) <= set(names) for parts in point_map.values()):
        notes = (*notes, f"{source}: nothing of --map is in it")
    return Skeleton(source, points, (-1,) * len(points)), stacked, notes
