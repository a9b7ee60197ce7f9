"""Whose points a model of OpenMMLab's finds: a skeleton of ours from the description of its training data."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from posedetector.errors import InputError
from posedetector.skeletons import COCO_17, COCO_WHOLEBODY_133, H36M_17, SIDES, Skeleton

_OWN = {skeleton.points: skeleton for skeleton in (COCO_17, COCO_WHOLEBODY_133, H36M_17)}
_LIMBS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
NEEDED = tuple(f"{side}_{joint}" for side in SIDES for joint in _LIMBS)
# Human3.6M's in mmpose's words and in ours
_H36M = {"root": "pelvis", "right_foot": "right_ankle", "left_foot": "left_ankle", "neck_base": "neck"}
# Elsewhere a neck is the point between the shoulders, which is our thorax; our neck is higher up
_ELSEWHERE = {"root": "pelvis", "hip": "pelvis", "neck": "thorax", "top_head": "head", "head_top": "head"}


def skeleton_of(meta: Mapping[str, Any], rows: Sequence[int] | None, what: str) -> Skeleton:
    """Return the skeleton of a model.

    Parameters
    ----------
    meta : mmpose's description of a data set, as it parses it.
    rows : which of its points the model gives; None for all.
    what : the model, for the error.

    Raises
    ------
    InputError
        If a limb's joint is missing: neither lifting nor calibration can do without.
    """
    known = meta["keypoint_id2name"]
    rows = range(len(known)) if rows is None else rows
    original = [str(known[row]) for row in rows]
    points = _names(original)
    if missing := [name for name in NEEDED if name not in points]:
        raise InputError(
            f"{what} has no {', '.join(missing[:4])}{' …' if len(missing) > 4 else ''}; posedetector needs the "
            f"shoulders, elbows, wrists, hips, knees and ankles. It has {', '.join(original[:8])}"
            f"{' …' if len(original) > 8 else ''}"
        )
    if points in _OWN:
        return _OWN[points]
    place = {row: position for position, row in enumerate(rows)}
    links = [(place[one], place[other]) for one, other in meta["skeleton_links"] if one in place and other in place]
    return Skeleton(str(meta["dataset_name"]), points, _parents(points, links))


def _names(original: Sequence[str]) -> tuple[str, ...]:
    plain = [_side_first(name.strip().lower().replace("-", "_").replace(" ", "_")) for name in original]
    table = _H36M if "neck_base" in plain else _ELSEWHERE
    ours = [table.get(name, name) for name in plain]
    names = ours if len(set(ours)) == len(ours) else plain
    return tuple(names)


def _side_first(name: str) -> str:
    for side in SIDES:
        if name.endswith(f"_{side}"):
            return f"{side}_{name.removesuffix(f'_{side}')}"
        if name.startswith(f"{side[0]}_"):
            return f"{side}_{name[2:]}"
    return name


def _parents(points: tuple[str, ...], links: list[tuple[int, int]]) -> tuple[int, ...]:
    """Walk along the links from the middle of the hips outwards; what no link leads to hangs from the root."""
    trunk = {"pelvis", "thorax", "spine"} & set(points)
    roots = ["pelvis"] if "pelvis" in points else ["left_hip", "right_hip"]
    if not trunk:
        roots += ["left_shoulder", "right_shoulder"]
    parents = [-1] * len(points)
    waiting = deque(points.index(name) for name in roots)
    reached = set(waiting)
    while waiting:
        row = waiting.popleft()
        for one, other in links:
            end = other if one == row else one if other == row else row
            if end not in reached:
                parents[end] = row
                reached.add(end)
                waiting.append(end)
    return tuple(parents)
