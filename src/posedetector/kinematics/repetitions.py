"""Repetitions of a movement down and up again: squats, and sitting down and rising.

What goes down and up is the middle of the hips above the lower ankle, so that nobody who walks, or whose path drifts,
repeats anything. It must sink and rise by `_DEPTH` of a leg (turning points with that hysteresis) while both feet stay
down and, where they are known, both knees bend.

A repetition starts and ends where `_LEFT` of its depth is left and reached again. It is `sit_to_stand` if the hips rest at
the bottom (within `_REST` of the depth of the lowest point) for at least half a second and two fifths of the repetition:
an even squat is there for a fifth of it. Who rests on
a seat when the clip begins has a repetition whose start is its turn.
Sitting down and rising without a rest on the seat counts as a squat.

A jump is neither: where the path is known, and both feet go up and come down again (`_LEAP`) around a repetition, it and its
landing are left out. Where the path is not known, a jump cannot be told from a squat.
"""

import numpy as np

from posedetector.kinematics.events import SIDES
from posedetector.kinematics.nouns import JointAngles, Repetition
from posedetector.kinematics.signals import between, first_below, leg_length, point, runs_of, summit, turning_points
from posedetector.pose import Array, MetricPose, finite

_DEPTH = 0.15  # of a leg; a judgement: three times as far as the hips go up and down in a walk
_LEFT = 0.05  # of the depth; a judgement
_REST, _RESTING_TIME, _RESTING_SHARE = 0.10, 0.5, 0.4  # of the depth; seconds; of the repetition. Judgements
_BEND = np.radians(35.0)  # by how much knees bend at least; a judgement
_FEET = 0.15  # of a leg, by how much one ankle may be above the other; a judgement
# Of a leg, by how much the lower foot is above where it was and will be `_FLIGHT` seconds away. Judgements: beyond the noise of a
# path, and for ankles beyond what they rise when the heels do; feet that jump as high as 0.7 m are down again after that.
_LEAP = {"foot_index": 0.1, "ankle": 0.25}
_FLIGHT = 0.4
_DURATION = (0.4, 20.0)  # seconds; a judgement
_SHORTEST = 12  # frames


def find_repetitions(pose: MetricPose, angles: JointAngles) -> tuple[Repetition, ...]:
    """Return the repetitions of a clip, by time; none where hips and ankles are not seen."""
    leg = leg_length(pose)
    if not np.isfinite(leg):
        return ()
    ankles = np.stack([point(pose, f"{side}_ankle")[:, 1] for side in SIDES], axis=1)
    knees = _knees(angles)
    found = []
    for run in runs_of(finite(ankles), _SHORTEST):
        height = -ankles[run].min(axis=1)
        for top, bottom, next_top in _falls(height, _DEPTH * leg):
            apart = np.abs(np.diff(ankles[run][top : next_top + 1], axis=1))
            if np.median(apart) <= _FEET * leg:
                found.append(_described(pose.time[run], height, knees[run], (top, bottom, next_top)))
    return tuple(one for one in found if one is not None and _is_one(one) and not _leaps(pose, one, leg))


def _leaps(pose: MetricPose, found: Repetition, leg: float) -> bool:
    """Tell whether both feet leave the floor in a repetition, or up to a flight before or after it."""
    rows = between(pose.time, found.start - _FLIGHT, found.end + _FLIGHT)
    for name, least in _LEAP.items():
        feet = np.stack([point(pose, f"{side}_{name}")[:, 1] for side in SIDES], axis=1).min(axis=1) + pose.root[:, 1]
        known = np.isfinite(feet)
        if known[rows].any():
            ends = (np.interp(pose.time[rows] + far, pose.time[known], feet[known]) for far in (-_FLIGHT, _FLIGHT))
            return bool(np.nanmax(feet[rows] - np.maximum(*ends)) > least * leg)
    return False


def _is_one(found: Repetition) -> bool:
    bends = found.knee >= _BEND or np.isnan(found.knee)
    return bool(bends and _DURATION[0] <= found.end - found.start <= _DURATION[1])


def _knees(angles: JointAngles) -> Array:
    """Return (T,) radians, the mean flexion of both knees, or of the one that is known."""
    names = [f"{side}_knee_flexion" for side in SIDES if f"{side}_knee_flexion" in angles.names]
    both = np.array([angles.values[:, angles.names.index(name)] for name in names]).reshape(-1, len(angles.time))
    known = np.isfinite(both)
    count = known.sum(axis=0)
    total = np.where(known, both, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(len(angles.time), np.nan), where=count > 0))


def _falls(height: Array, reversal: float) -> list[tuple[int, int, int]]:
    """Return the rows of top, bottom and next top of each way down and up; the first two are one where he began low."""
    bottoms = [row for row, sign in turning_points(height, reversal, ends=True) if sign < 0]
    limits = [0, *bottoms, len(height) - 1]
    falls = []
    for before, bottom, after in zip(limits, bottoms, limits[2:], strict=False):
        top = before + int(height[before : bottom + 1].argmax())
        next_top = bottom + int(height[bottom : after + 1].argmax())
        low = height[top] - height[bottom] <= reversal
        falls.append((bottom if low else top, bottom, next_top))
    return falls


def _described(time: Array, height: Array, knees: Array, rows: tuple[int, int, int]) -> Repetition | None:
    """Return a way down and up as a repetition; None for one that began low without a rest: its first half is not seen."""
    top, bottom, next_top = rows
    seated = top == bottom
    depth = float(height[next_top if seated else top] - height[bottom])
    resting = _resting(time, height, bottom, depth)
    end = first_below(time, -height, bottom, 1, _LEFT * depth - height[next_top])
    if seated:
        start = turn = first_below(time, height, next_top, -1, float(height[bottom]) + _LEFT * depth)
    else:
        start = first_below(time, -height, bottom, -1, _LEFT * depth - height[top])
        turn = summit(time, -height, bottom)
    rests = resting >= (_RESTING_TIME if seated else max(_RESTING_TIME, _RESTING_SHARE * (end - start)))
    if (seated and not rests) or not np.isfinite([start, turn, end]).all():
        return None
    bends = knees[top : next_top + 1]
    knee = float(np.nanmax(bends)) if np.isfinite(bends).any() else np.nan
    return Repetition("sit_to_stand" if rests else "squat", start, turn, end, depth, knee)


def _resting(time: Array, height: Array, bottom: int, depth: float) -> float:
    """Return for how many seconds without a break the hips are about as low as at the bottom."""
    level = height[bottom] + _REST * depth
    ends = (first_below(time, -height, bottom, step, -level) for step in (-1, 1))
    before, after = (end if np.isfinite(end) else edge for end, edge in zip(ends, (time[0], time[-1]), strict=True))
    return float(after - before)
