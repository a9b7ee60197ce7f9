"""What gait and repetitions look for in a path over time: runs without holes, extrema, crossings, whither a person walks."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from posedetector.arrays import median, runs, unit
from posedetector.pose import Array, MetricPose
from posedetector.skeletons import SIDES

UP = np.array([0.0, 1.0, 0.0])
# A path shorter than this share of a leg a second is none: who sways or turns on the spot goes nowhere. A judgement; the
# slowest people who walk at all manage 0.2 m/s.
_STILL = 0.2
_WINDOW = 1.0  # seconds, about a stride: over less, the hips sway to the side of the standing foot

_GAP, _GAP_STEPS = 0.25, 3.0  # seconds, and usual distances of frames: what is longer hides a step; judgements


def runs_of(mask: NDArray[np.bool_], least: int) -> list[slice]:
    """Return the stretches of (T,) in which it is true for at least so many frames."""
    return [run for run in runs(mask) if run.stop - run.start >= least]


def without_gaps(time: Array, run: slice, least: int) -> list[slice]:
    """Return the parts of a run of frames with no gap in their times (T,), each of at least so many frames."""
    apart = np.diff(time[run])
    starts = [0, *(np.flatnonzero(apart > max(_GAP, _GAP_STEPS * np.median(apart))) + 1), run.stop - run.start]
    parts = [slice(run.start + int(first), run.start + int(last)) for first, last in pairwise(starts)]
    return [part for part in parts if part.stop - part.start >= least]


def between(time: Array, first: float, last: float) -> slice:
    """Return the rows of (T,) increasing times from first to last, both included."""
    return slice(int(np.searchsorted(time, first)), int(np.searchsorted(time, last, side="right")))


def at_time(time: Array, path: Array, when: float) -> Array:
    """Return (k,) where a path (T, k) is, on straight lines between its rows; before and behind them it stays."""
    row = int(np.clip(np.searchsorted(time, when) - 1, 0, max(len(time) - 2, 0)))
    near = slice(row, row + 2)  # the whole path would be copied for each of the clip's steps
    return np.array([np.interp(when, time[near], column) for column in path[near].T])


def point(pose: MetricPose, name: str) -> Array:
    """Return (T, 3) metres from the middle of the hips; NaN throughout where the skeleton has no such point."""
    if not pose.skeleton.has(name):
        return np.full((len(pose.time), 3), np.nan)
    return pose.xyz[:, pose.skeleton.index(name)]


def leg_length(pose: MetricPose) -> float:
    """Return the median length of thigh and shank together over both legs, metres; NaN where no leg was seen."""
    legs = [
        np.linalg.norm(point(pose, f"{side}_hip") - point(pose, f"{side}_knee"), axis=1)
        + np.linalg.norm(point(pose, f"{side}_knee") - point(pose, f"{side}_ankle"), axis=1)
        for side in SIDES
    ]
    return median(np.concatenate(legs))


def turning_points(values: Array, reversal: float, *, ends: bool = False) -> list[tuple[int, int]]:
    """Return rows of (T,) at which it turns, with +1 for maxima and −1 for minima, which alternate.

    A value counts as turned once it is left by more than `reversal`. The first and the last row only count with
    `ends`: nobody knows how it went on there.
    """
    found: list[tuple[int, int]] = []
    low = high = 0
    direction = 0
    for row, value in enumerate(values):
        low = row if value < values[low] else low
        high = row if value > values[high] else high
        if direction >= 0 and value < values[high] - reversal:
            found.append((high, 1))
            direction, low = -1, row
        elif direction <= 0 and value > values[low] + reversal:
            found.append((low, -1))
            direction, high = 1, row
    return [(row, sign) for row, sign in found if ends or 0 < row < len(values) - 1]


def summit(time: Array, values: Array, row: int) -> float:
    """Return the time of the vertex of the parabola through a row and its neighbours; the row's own where they are level."""
    if not 0 < row < len(values) - 1:
        return float(time[row])
    before, here, after = values[row - 1 : row + 2]
    bend = before - 2 * here + after
    if bend == 0 or (before - here) * (after - here) <= 0:
        return float(time[row])
    offset = float(np.clip((before - after) / (2 * bend), -0.5, 0.5))
    return float(time[row] + offset * (time[row + 1] - time[row - 1]) / 2)


def first_below(time: Array, values: Array, start: int, step: int, level: float) -> float:
    """Return when values first are below a level, going from a row by +1 or −1; NaN if they never are."""
    rows = range(start, len(values)) if step > 0 else range(start, -1, -1)
    for near, far in pairwise(rows):
        if values[far] < level:
            share = (values[near] - level) / (values[near] - values[far])
            return float(time[near] + share * (time[far] - time[near]))
    return np.nan


def facing(pose: MetricPose, feet: list[Array]) -> Array:
    """Return (T, 3) unit vectors to where the person faces, level: the pelvis across its hips, and the feet along theirs.

    Averaged over a second, over which the pelvis' own rotation in a stride cancels; NaN without hips. `feet` are vectors
    from heel to toe; where there are none the pelvis alone has to do.
    """
    across = point(pose, "left_hip") - point(pose, "right_hip")
    votes = [unit(np.cross(across, UP))] + [unit(foot * (1 - UP)) for foot in feet]
    total = np.where(np.isfinite(votes[0]), np.nansum(votes, axis=0), np.nan)
    return unit(_averaged(total, pose.time))


def progression(pose: MetricPose, feet: list[Array]) -> tuple[Array, NDArray[np.bool_]]:
    """Return (T, 3) unit vectors along which the person walks, and (T,) whether they are those of a path.

    Where the hips' path over a second goes anywhere, its direction; elsewhere (on a treadmill, in place, path unknown)
    where the person faces.
    """
    ahead = facing(pose, feet)
    speed = velocity_over(pose.root * (1 - UP), pose.time, _WINDOW / 2)
    travels = np.linalg.norm(speed, axis=1) > _STILL * leg_length(pose)  # False for NaN
    return np.where(travels[:, None], unit(speed), ahead), travels


def velocity_over(path: Array, time: Array, half: float) -> Array:
    """Return (T, k) by how much a path (T, k) moves per second from `half` seconds before to as much behind, or to its ends."""
    before = np.clip(time - half, time[0], None)
    after = np.clip(time + half, None, time[-1])
    ends = [np.stack([np.interp(at, time, column) for column in path.T], axis=1) for at in (before, after)]
    return np.asarray((ends[1] - ends[0]) / np.maximum(after - before, np.finfo(float).tiny)[:, None])


def _averaged(values: Array, time: Array) -> Array:
    first = np.searchsorted(time, time - _WINDOW / 2)
    last = np.searchsorted(time, time + _WINDOW / 2, side="right")
    there: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=1))
    sums = np.concatenate([np.zeros((1, 3)), np.cumsum(np.where(there[:, None], values, 0.0), axis=0)])
    mean = sums[last] - sums[first]  # its length does not matter
    return np.where(there[:, None], mean, np.nan)
