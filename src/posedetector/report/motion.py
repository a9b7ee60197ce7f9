"""What moves on a page, packed: places, angles, and which lines are drawn between which landmarks.

A page of 20,000 frames has to stay small, so arrays travel as differences of integers, gzipped: a tenth of JSON's size. The
page's script undoes that (`unpack` in assets/page.js).
"""

import base64
import gzip
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from posedetector.pose import Array, is_made_up, is_missing
from posedetector.report.results import Results
from posedetector.skeletons import SIDES

MOST_FRAMES = 24_000  # that a page holds; of a longer clip it holds every second, third, …: drawing needs no more
_MISSING = {16: np.iinfo(np.int16).min, 32: np.iinfo(np.int32).min}
_MILLIMETRE, _MICROSECOND, _HUNDREDTH = 1e-3, 1e-6, 1e-2


def pack(values: Array, scale: float) -> dict[str, Any]:
    """Return an array (T, C) as JSON holds it: multiples of `scale`, column by column, as differences from row to row.

    Differences are modulo 2 to the power of `bits`; the least integer stands for NaN. Values too large for 32 bits get a
    coarser scale.
    """
    known = np.isfinite(values)
    greatest = float(np.abs(values[known]).max(initial=0.0))
    while greatest / scale >= np.iinfo(np.int32).max:
        scale *= 10
    steps = np.round(values / scale)
    bits = 16 if greatest / scale < np.iinfo(np.int16).max else 32
    whole = np.where(known, steps, _MISSING[bits]).astype(f"<i{bits // 8}")
    columns = np.ascontiguousarray(whole.T)
    columns[:, 1:] -= columns[:, :-1].copy()  # wraps around, and so does the page's sum
    data = base64.b64encode(gzip.compress(columns.tobytes(), compresslevel=6, mtime=0)).decode("ascii")
    return {"shape": list(values.shape), "scale": scale, "bits": bits, "data": data}


class Line(NamedTuple):
    """A line between two landmarks, and the side it is on, if any."""

    start: str
    end: str
    side: str


# Lines that are drawn; `{side}` is both sides. A line of the trunk without a point of its own (pelvis, thorax) joins corners.
_LIMBS = (
    *(("shoulder", "elbow"), ("elbow", "wrist"), ("wrist", "index"), ("wrist", "forefinger1")),
    *(("hip", "knee"), ("knee", "ankle"), ("ankle", "heel")),
    *(("heel", "foot_index"), ("ankle", "foot_index"), ("heel", "big_toe"), ("ankle", "big_toe")),
)
_MIDDLE = (
    *(("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")),
    *(("pelvis", "spine"), ("spine", "thorax"), ("thorax", "neck"), ("neck", "head")),
    ("left_ear", "right_ear"),
)
_FLANKS = ("left_shoulder", "left_hip"), ("right_shoulder", "right_hip")  # where there is no spine
_FEET = ("heel", "foot_index", "big_toe", "ankle")


def lines_of(points: Sequence[str]) -> list[Line]:
    """Return the lines that can be drawn between these landmarks, each with its side or none."""
    there = set(points)
    wanted = [Line(f"{side}_{a}", f"{side}_{b}", side) for side in SIDES for a, b in _LIMBS]
    wanted += [Line(a, b, "") for a, b in _MIDDLE]
    if "spine" not in there:
        wanted += [Line(a, b, "") for a, b in _FLANKS]
    return [line for line in wanted if {line.start, line.end} <= there]


def moving(results: Results) -> dict[str, Any]:
    """Return the parts of a page's data that have a value per frame, and what is needed to draw them."""
    step = max(1, -(-len(results.time) // MOST_FRAMES))
    lines = lines_of(results.points)
    drawn = [name for name in results.points if any(name in (line.start, line.end) for line in lines)]
    drawn = drawn or list(results.points)
    rows = [results.points.index(name) for name in drawn]
    places, source = results.positions[::step, rows], results.source[::step, rows]
    seen = np.where(is_missing(source), 0, np.where(is_made_up(source), 1, 2))
    hips = [results.points.index(f"{side}_hip") for side in SIDES if f"{side}_hip" in results.points]
    path = results.positions[::step, hips].mean(axis=1) if len(hips) == 2 else np.full((len(places), 3), np.nan)
    index = {name: row for row, name in enumerate(drawn)}
    return {
        "thinned": step,
        "time": pack(results.time[::step, None], _MICROSECOND),
        "frames": pack(results.frames[::step, None].astype(float), 1.0),
        "skeleton": {
            "points": drawn,
            "links": [[index[line.start], index[line.end], line.side] for line in lines],
            "feet": {side: [index[f"{side}_{part}"] for part in _FEET if f"{side}_{part}" in index] for side in SIDES},
        },
        "motion": pack(places.reshape(len(places), -1), _MILLIMETRE),
        "seen": pack(seen.astype(float), 1.0),
        "path": pack(path, _MILLIMETRE),
        "camera": {"position": list(results.account.calibration.camera_position_m)},
    }


def curves(results: Results, joints: Sequence[str]) -> dict[str, Any]:
    """Return the angles of these joints as far as the clip has them and they are not poor: packed degrees, which column is whose."""
    step = max(1, -(-len(results.time) // MOST_FRAMES))
    columns: list[str] = []
    panels, grades = [], results.grades
    for joint in joints:
        own = []
        for side, name in (("", joint), *((side, f"{side}_{joint}") for side in SIDES)):
            quality = grades[name].quality if name in grades else "good"
            if quality != "poor" and name in results.angles and np.isfinite(results.angles[name]).any():
                own.append({"side": side, "column": len(columns), "weak": quality == "weak"})
                columns.append(name)
        if own:
            panels.append({"joint": joint, "curves": own})
    count = len(results.time[::step])
    values = np.array([results.angles[name][::step] for name in columns]).reshape(-1, count).T
    nothing = np.full(len(results.time), np.nan)
    sd = np.array([results.angles_sd.get(name, nothing)[::step] for name in columns]).reshape(-1, count).T
    return {
        "panels": panels,
        "angles": pack(values, _HUNDREDTH),
        "sd": pack(sd, _HUNDREDTH) if np.isfinite(sd).any() else None,
    }
