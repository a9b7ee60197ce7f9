"""Which points of feet stand on what, and which cannot be lower than the floor. T frames, P points; heights and depths in statures."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from posedetector.arrays import runs, split_at_gaps
from posedetector.filters import START_UP, low_pass, sampling_rate
from posedetector.pose import Array
from posedetector.refinement.body import FEET
from posedetector.refinement.problem import LONGEST_HOLE, Flags, Problem
from posedetector.skeletons import SIDES

_STILL_IN_DEPTH = 0.47  # statures a second: feet stand that are slower away from the camera (0.8 m/s)
_LONG, _BLINK = 1.0, 0.15  # seconds: longer than a foot is flat in slow walking, and a flicker of flags
_LOW = 0.06  # of stature above the frame's lowest foot
# Who sinks by so much of a stature below the floor, and at such a speed (statures a second; 0.85 m/s), has left it for something lower;
# a path that is wrong sinks more slowly. Judgements: a stair's step is 0.1, and people fall at 2 m/s from a box 0.2 high.
_LOWER, _FALLING = 0.05, 0.5
_CUTOFF = 3.0  # Hz, of heights that are judged by that


def find_contacts(problem: Problem, points: Array) -> Problem:
    """Return the problem with its flags `standing`, `planted`, `low` and `above`, as points (T, P, 3) show them before any fit."""
    names, height = problem.body.points, points @ problem.up
    standing = problem.still & _slow_in_depth(points[..., 2], problem.time, problem.belt[2])
    low = standing & _lowest(names, height)
    above = _never_below(names, height, float(np.median(height[low])) if low.any() else None, problem.time)
    low &= above
    flat = _flat(names, low)
    return replace(problem, standing=standing | flat, planted=_for_long(flat, problem.time), low=low, above=above)


def hold_above(problem: Problem, points: Array, floor: float) -> Problem:
    """Return the problem with its flags `above` and `low` as a first fit shows them: points (T, P, 3), and the floor's height.

    Before anything was fitted, a lifter's path may sink by 0.4 statures at a clip's ends. What stands stays as it was found then: found
    anew, it made knees on one of two clips with motion capture 0.5 degrees worse.
    """
    above = _never_below(problem.body.points, points @ problem.up, floor, problem.time)
    return replace(problem, above=above, low=problem.low & above)


def _slow_in_depth(depth: Array, time: Array, ground: float) -> Flags:
    """Tell which points (T, P) keep their distance from the camera, statures, or move as the ground does, a second."""
    if len(time) < 3:
        return np.zeros(depth.shape, bool)
    return np.asarray(np.abs(np.gradient(depth, time, axis=0) - ground) < _STILL_IN_DEPTH)


def _lowest(names: Sequence[str], height: Array) -> Flags:
    """Tell which points (T, P) are no higher than a frame's lowest foot, or little."""
    feet = [number for number, name in enumerate(names) if name in FEET]
    if not feet:
        return np.zeros(height.shape, bool)
    return np.asarray(height < height[:, feet].min(axis=1, keepdims=True) + _LOW)


def _flat(names: Sequence[str], low: Flags) -> Flags:
    """Tell which points (T, P), ankles too, belong to a foot that stands on the floor with heel and toes."""
    flat = np.zeros_like(low)
    for side in SIDES:
        foot = [f"{side}_{name}" for name in ("heel", "foot_index", "ankle")]
        if set(foot) <= set(names):
            heel, toe, ankle = (names.index(name) for name in foot)
            flat[:, [heel, toe, ankle]] = (low[:, heel] & low[:, toe])[:, None]
    return flat


def _never_below(names: Sequence[str], height: Array, floor: float | None, time: Array) -> Flags:
    """Tell which points (T, P) are of feet that have no lower place to go to than the floor.

    Who jumps off a box or goes down a stair is below it from the time that a foot passes it until both are back.
    """
    feet = np.array([name in FEET for name in names])
    if floor is None or not feet.any():
        return np.zeros(height.shape, bool)
    lowest, held = height[:, feet].min(axis=1) - floor, np.ones(len(height), bool)
    if len(time) > START_UP:
        lowest = low_pass(lowest, time, min(_CUTOFF, 0.45 * sampling_rate(time)))
        speed = np.abs(np.gradient(lowest, time))
        for run in runs(lowest < 0):
            held[run] = lowest[run].min() > -_LOWER or speed[max(run.start - 1, 0) : run.stop + 1].max() < _FALLING
    return np.asarray(held[:, None] & feet)


def _for_long(flags: Flags, time: Array) -> Flags:
    """Return flags (T, P) of which only runs of at least _LONG are left; gaps of up to _BLINK are closed first.

    A run ends where nobody was seen for more than LONGEST_HOLE.
    """
    parts = split_at_gaps(np.arange(len(time)), time, LONGEST_HOLE)
    return np.concatenate([flags[:0], *(_lasting(flags[part], time[part]) for part in parts)])


def _lasting(flags: Flags, time: Array) -> Flags:
    """Return what `_for_long` does of flags (T, P) without an absence between them."""
    result = flags.copy()
    for column in np.flatnonzero(flags.any(axis=0)):
        for value, least in ((False, _BLINK), (True, _LONG)):
            for run in runs(result[:, column] == value):
                if time[run.stop - 1] - time[run.start] < least:
                    result[run, column] = not value
    return result
