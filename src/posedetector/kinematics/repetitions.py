"""Repetitions of squats, and of standing up from a seat and sitting down again.

What goes up and down is the middle of the hips above the lower ankle, so neither a walk nor a path that drifts is a repetition.
Its turning points (with a hysteresis of `_DEPTH` of a leg) part the clip into ways up and ways down. A way starts where the hips
have left the level of rest before it by `_LEFT` of the depth, and ends where they are as near to the level behind it; a level is
the median of what is within `_REST` of the depth of its turning point, so sway and noise on a seat are no rise.

A low is a seat where the body is not above its feet (trunk behind the ankles: without a seat it would fall, whatever the haste),
or where the hips rest and the trunk is not clearly in front of them. Lows are no repetitions where the knees stay straight, a foot
steps or is lifted, the body ends nearer to the floor than to standing, both feet leave the floor, or somebody bends over: trunk
more than `_LEANING` from the vertical, or a hand near the feet.

Lows that follow each other within `APART` seconds are one set, and all have the name of its majority. A squat counts where both
its ways are in the clip, standing up where the way up is: a clip may begin or end seated or standing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from posedetector.arrays import mean_and_sd, median
from posedetector.kinematics.nouns import JointAngles, Repetition
from posedetector.kinematics.signals import (
    between,
    first_below,
    leg_length,
    point,
    runs_of,
    summit,
    turning_points,
    without_gaps,
)
from posedetector.pose import Array, MetricPose, finite
from posedetector.skeletons import SIDES

Kind = Literal["squat", "sit_to_stand"]

# Judgements, all of them; lengths in shares of a leg (thigh and shank)
_DEPTH = 0.15  # three times as far as the hips go up and down in a walk
_LEFT, _REST = 0.05, 0.10  # of the depth
_RESTING_TIME, _RESTING_SHARE = 0.5, 0.6  # seconds; of the time in the lower half, of which an even squat takes 0.41
_STANDING = 0.75  # least height of the hips above the lower ankle
# The trunk in front of the ankles: on a seat, even in haste; on a seat with a rest; of what may be a seat; of what is no squat
_SEATED, _BEHIND, _OVER_FEET, _OFF_BALANCE = -0.15, -0.10, 0.05, 0.25
_LEANING = np.radians(65.0)  # trunk from the vertical; squats of OpenCap's subjects reach 62°
_REACH, _REACHING = 0.2, np.radians(45.0)  # hands at the floor: a wrist above the lower ankle; the trunk's lean with it
_BEND = np.radians(35.0)  # by how much knees bend at least
_FEET, _STEP = 0.15, 0.15  # one ankle above the other; by how much the line between both changes
# By how much the lower foot is above where it was and will be `_FLIGHT` seconds away: beyond the noise of a path, and for ankles
# beyond what they rise when the heels do; feet that jump as high as 0.7 m are down again after that.
_LEAP = {"foot_index": 0.1, "ankle": 0.25}
_FLIGHT = 0.4
_DROP = 0.3  # by how much lower it is `_FLIGHT` seconds later, of somebody who steps off a box
_SEAT = 0.25  # least depth of a seat that is not certain to be one
_WAY = (0.15, 8.0)  # seconds that a way up or down takes
# Of a way's greatest speed, over so many seconds: faster at the clip's first or last frame, the way is cut.
_CUT, _CUT_TIME = 0.6, 0.1
_ALIKE = 0.6  # least share of the set's median depth
APART = 10.0  # seconds of rest, beyond which a new set begins
_SHORTEST = 12  # frames


@dataclass(frozen=True, slots=True)
class _Way:
    """A way up or down: when it starts, is half done and ends (s), both levels (m), its rows, and whether it is all there."""

    start: float
    half: float
    end: float
    low: float
    high: float
    rows: slice
    whole: bool

    @property
    def depth(self) -> float:
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class _Low:
    """A way up, with the ways down before and behind it; when (s) and how low (m) the hips are at their lowest.

    `kind` is what the lowest part looks like (None: neither squat nor seat), `certain` a seat that is rested on and not above the feet.
    """

    up: _Way
    before: _Way | None
    behind: _Way | None
    turn: float
    lowest: float
    kind: Kind | None
    certain: bool


def find_repetitions(pose: MetricPose, angles: JointAngles, movement: Kind | None = None) -> tuple[Repetition, ...]:
    """Return the repetitions of a clip, by time; none where hips and ankles are not seen.

    With `movement`, that is what every set is, whatever it looks like.
    """
    leg = leg_length(pose)
    if not np.isfinite(leg):
        return ()
    body, knees = _Body.of(pose, leg), _knees(angles)
    seen = runs_of(np.isfinite(body.height), _SHORTEST)
    runs = [part for run in seen for part in without_gaps(pose.time, run, _SHORTEST)]
    lows = [low for run in runs for low in _lows(body, run)]
    found: list[Repetition] = []
    for one_set in _sets(lows):
        kind = movement or _majority(one_set)
        if kind is not None:
            made = [one for low in one_set if (one := _repetition(low, kind, pose, knees, body)) is not None]
            found += [one for one in made if one.depth >= _ALIKE * np.median([other.depth for other in made])]
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Body:
    """What is looked at, over T frames: times (s), lengths in legs but for `height` (m), NaN where not known.

    Hips above the lower ankle; both ankles (T, 2, 3) from the middle of the hips; the trunk's middle in front of the ankles, towards
    the knees; the trunk's angle from the vertical (rad); the lower wrist above the lower ankle.
    """

    time: Array
    leg: float
    height: Array
    ankles: Array
    ahead: Array
    lean: Array
    reach: Array

    @classmethod
    def of(cls, pose: MetricPose, leg: float) -> "_Body":
        hips, knees, shoulders = (_middle(pose, name) for name in ("hip", "knee", "shoulder"))
        ankles, wrists = (
            np.stack([point(pose, f"{side}_{name}") for side in SIDES], axis=1) for name in ("ankle", "wrist")
        )
        lowest = ankles[..., 1].min(axis=1)
        forward = (knees - hips)[:, [0, 2]]
        length = np.linalg.norm(forward, axis=1)
        trunk = shoulders - hips
        offset = ((hips + shoulders) / 2 - ankles.mean(axis=1))[:, [0, 2]]
        with np.errstate(invalid="ignore", divide="ignore"):
            ahead = np.where(length > 0, (offset * forward).sum(axis=1) / length, 0.0)
            lean = np.arccos(np.clip(trunk[:, 1] / np.linalg.norm(trunk, axis=1), -1, 1))
        reach = np.fmin(*wrists[..., 1].T) - lowest
        return cls(pose.time, leg, -lowest, ankles, np.where(finite(shoulders), ahead, np.nan) / leg, lean, reach / leg)


def _middle(pose: MetricPose, name: str) -> Array:
    return np.asarray(sum(point(pose, f"{side}_{name}") for side in SIDES) / 2)


def _lows(body: _Body, run: slice) -> Iterator[_Low]:
    """Yield each way up of a run, by time."""
    ways = _ways(body.time[run], body.height[run], _DEPTH * body.leg, run.start)
    for number, (rises, up) in enumerate(ways):
        if rises and up.high >= _STANDING * body.leg:
            before = ways[number - 1][1] if number else None
            behind = ways[number + 1][1] if number + 1 < len(ways) else None
            yield _looked_at(body, up, before, behind, run)


def _looked_at(body: _Body, up: _Way, before: _Way | None, behind: _Way | None, run: slice) -> _Low:
    """Return a low with its kind."""
    first = run.start if before is None else int(np.searchsorted(body.time, before.half))
    rows = np.arange(first, int(np.searchsorted(body.time, up.half)))
    low = rows[body.height[rows] <= up.low + _REST * up.depth]
    resting = float(body.time[low[-1]] - body.time[low[0]])
    share = 0.0 if before is None else _RESTING_SHARE * (up.half - before.half)
    ahead, lean = median(body.ahead[low]), median(body.lean[low])
    reach = float(np.nanmin(body.reach[low])) if np.isfinite(body.reach[low]).any() else np.nan
    rests = resting >= max(_RESTING_TIME, share)
    kind: Kind | None
    certain = rests and ahead < _BEHIND
    likely = ahead < _SEATED or (rests and not ahead > _OVER_FEET)
    if certain or (likely and up.depth >= _SEAT * body.leg):
        kind = "sit_to_stand"
    else:
        bends = lean > _LEANING or (reach < _REACH and lean > _REACHING)
        kind = None if before is None or bends or ahead > _OFF_BALANCE else "squat"
    bottom = int(rows[body.height[rows].argmin()])
    turn, lowest = summit(body.time, -body.height, bottom), float(body.height[bottom])
    return _Low(up, before, behind, turn, lowest, kind, certain)


def _ways(time: Array, height: Array, reversal: float, offset: int) -> list[tuple[bool, _Way]]:
    """Return whether it leads up, and the way, of each between turning points; its rows are those of the clip from `offset`."""
    turns = turning_points(height, reversal, ends=True)
    if not turns:
        return []
    last, sign = turns[-1]
    rest = sign * height[last:]
    rows = [*(row for row, _ in turns), last + int(rest.argmin())]
    middles = [
        first
        + int(
            (
                np.sign(height[last] - height[first]) * (height[first : last + 1] - height[[first, last]].mean()) >= 0
            ).argmax()
        )
        for first, last in pairwise(rows)
    ]
    limits = [0, *middles, len(height)]
    sizes = np.abs(np.diff(height[rows]))
    levels = []
    for number, row in enumerate(rows):
        near = height[limits[number] : limits[number + 1]]
        within = np.abs(near - height[row]) <= _REST * sizes[max(number - 1, 0) : number + 1].min()
        levels.append(float(np.median(near[within])))
    ways = []
    for (before, level), (after, next_level), middle in zip(
        zip(rows, levels, strict=True), zip(rows[1:], levels[1:], strict=True), middles, strict=False
    ):
        sign = 1 if next_level > level else -1
        margin = _LEFT * abs(next_level - level)
        start = first_below(time, sign * height, middle, -1, sign * level + margin)
        end = first_below(time, -sign * height, middle, 1, margin - sign * next_level)
        if np.isfinite([start, end]).all():
            whole = not _is_cut(time, height, slice(before, after + 1), (start, end))
            low, high = sorted((level, next_level))
            rows_of_clip = slice(before + offset, after + offset + 1)
            ways.append((sign > 0, _Way(start, float(time[middle]), end, low, high, rows_of_clip, whole)))
    return ways


def _is_cut(time: Array, height: Array, rows: slice, ends: tuple[float, float]) -> bool:
    """Tell whether the hips are in full motion where a way begins or ends with the clip, so that not all of it is there."""
    at = np.linspace(time[rows][0], max(time[rows][0], time[rows][-1] - _CUT_TIME), 20)
    speeds = np.abs(np.interp(at + _CUT_TIME, time, height) - np.interp(at, time, height))
    first = rows.start == 0 and ends[0] - time[0] < 2 * _CUT_TIME  # else there is a rest before it
    last = rows.stop == len(time) and time[-1] - ends[1] < 2 * _CUT_TIME
    return bool(max(first * speeds[0], last * speeds[-1]) > _CUT * speeds.max())


def _sets(lows: Sequence[_Low]) -> Iterator[list[_Low]]:
    """Yield lows that follow each other within APART seconds."""
    current: list[_Low] = []
    for low in lows:
        start = low.up.start if low.before is None else low.before.start
        if current and start - current[-1].up.end > APART:
            yield current
            current = []
        current.append(low)
    if current:
        yield current


def _majority(lows: Sequence[_Low]) -> Kind | None:
    """Return the most frequent kind; of two alike, a seat before neither before a squat."""
    kinds = [low.kind for low in lows if low.kind or low.before is not None]
    order: tuple[Kind | None, ...] = ("sit_to_stand", None, "squat")
    return max(order, key=kinds.count) if kinds else None


def _repetition(low: _Low, kind: Kind, pose: MetricPose, knees: Array, body: _Body) -> Repetition | None:
    """Return a low as a repetition of this kind; None where it is not all there, or no such movement."""
    rises = kind == "sit_to_stand"
    ways = [low.up] if rises else [low.before, low.up]
    there = [way for way in ways if way is not None and way.whole]
    if len(there) < len(ways):
        return None
    rows = slice(there[0].rows.start, there[-1].rows.stop)
    knee = float(np.nanmax(knees[rows])) if np.isfinite(knees[rows]).any() else np.nan
    start, end = there[0].start, low.up.end
    depth = low.up.depth if rises else min(way.high for way in there) - low.lowest
    if knee < _BEND or not all(_WAY[0] <= way.end - way.start <= _WAY[1] for way in there):
        return None
    # feet may hang from a seat that somebody rests on, and who has half risen may walk away
    planted = (_on_both_feet(body, way.start, way.half if rises else way.end) for way in there)
    if not (rises and low.certain) and not (all(planted) and not _leaps(pose, start, end, body.leg)):
        return None
    if not rises:
        return Repetition(kind, start, low.turn, end, depth, knee)
    down = low.behind
    if down is None or not down.whole or abs(down.low - low.up.low) > (1 - _ALIKE) * depth or down.start - end > APART:
        return Repetition(kind, start, end, end, depth, knee)
    return Repetition(kind, start, end, down.end, depth, knee, leaving=down.start)


def _on_both_feet(body: _Body, start: float, end: float) -> bool:
    """Tell whether both feet stay where they are between two times, about as high as each other."""
    between_feet = np.diff(body.ankles[between(body.time, start, end)], axis=1)[:, 0] / body.leg
    steps = np.linalg.norm(between_feet - np.median(between_feet, axis=0), axis=1)
    if not len(between_feet):
        return True
    return bool(np.median(np.abs(between_feet[:, 1])) <= _FEET and np.quantile(steps, 0.9) <= _STEP)


def _leaps(pose: MetricPose, start: float, end: float, leg: float) -> bool:
    """Tell whether both feet leave the floor, or what they stand on, between two times or up to a flight before or after."""
    rows = between(pose.time, start - _FLIGHT, end + _FLIGHT)
    for name, least in _LEAP.items():
        feet = np.stack([point(pose, f"{side}_{name}")[:, 1] for side in SIDES], axis=1).min(axis=1) + pose.root[:, 1]
        known = np.isfinite(feet)
        if known[rows].any():
            times = pose.time[rows]
            before, after = (np.interp(times + far, pose.time[known], feet[known]) for far in (-_FLIGHT, _FLIGHT))
            leaps, drops = feet[rows] - np.maximum(before, after), feet[rows] - after
            return bool(np.nanmax(leaps) > least * leg or np.nanmax(drops) > _DROP * leg)
    return False


def _knees(angles: JointAngles) -> Array:
    """Return (T,) radians, the mean flexion of both knees, or of the one that is known."""
    names = [f"{side}_knee_flexion" for side in SIDES if f"{side}_knee_flexion" in angles.names]
    both = np.array([angles.values[:, angles.names.index(name)] for name in names]).reshape(-1, len(angles.time))
    return mean_and_sd(both)[0]
