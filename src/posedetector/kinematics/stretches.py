"""Which moments of a clip its numbers are of, and an angle's extremes in each of them.

Whole gait cycles where there are any, else repetitions of the most frequent movement with the rest before and after, else the clip
without its ends. How a clip begins and ends is no movement: people enter and leave the picture, and the fit knows only one neighbour of
the first and last frame.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from posedetector.kinematics.nouns import Gait, JointAngles, Repetition
from posedetector.kinematics.signals import between
from posedetector.pose import Array

# Left out of a clip at either end: seconds, but no more than this share of it. Judgements: at the end of the sample walk a knee that
# leaves the picture bends by 15° too much, for a third of a second.
ENDS, MOST_OF_A_CLIP = 0.5, 0.125
# A curve's plain extremes are those of its noise, and grow with the clip. Left out on each side: this share of the frames, or
# frames of this many seconds if they are less, so that a single kick in a long clip still counts. Judgements: at the knee's peak in
# swing (some 3,000°/s²) the first costs less than 0.1° of a stride of one second, the second 1° of a single one.
TRIMMED, LONGEST_TRIM = 0.01, 0.05
_SEEN = 0.5  # of a stretch's values, or its extremes are not the movement's; a judgement


@dataclass(frozen=True, slots=True)
class Stretches:
    """Stretches of a clip, all of one kind: seconds from, to."""

    kind: Literal["gait cycle", "repetition", "clip"]
    spans: tuple[tuple[float, float], ...]

    def rows(self, time: Array) -> NDArray[np.bool_]:
        """Return (T,) which frames lie in any of them."""
        inside = np.zeros(len(time), bool)
        for first, last in self.spans:
            inside[between(time, first, last)] = True
        return inside


class Extremes(NamedTuple):
    """An angle's least and greatest value, radians, its greatest velocity, radians per second, and the fit's deviations.

    Each (N,), by stretch. `low_sd`, `high_sd` are the fit's where the extremes are, NaN where none is known; `frames` is how many were seen.
    """

    low: Array
    high: Array
    low_sd: Array
    high_sd: Array
    fastest: Array
    frames: int


def stretches_of(time: Array, gait: Gait, repetitions: tuple[Repetition, ...], side: str) -> Stretches:
    """Return those that count for an angle of this side; of no side, or of a side without cycles, those of both count."""
    cycles = [one for one in gait.cycles if one.side == side] or list(gait.cycles)
    if spans := [span for one in cycles for span in zip(one.starts.tolist(), one.ends.tolist(), strict=True)]:
        return Stretches("gait cycle", tuple(spans))
    if repetitions:
        return Stretches("repetition", tuple(_with_rests(repetitions)))
    if not len(time):
        return Stretches("clip", ())
    first, last = float(time[0]), float(time[-1])
    ends = min(ENDS, MOST_OF_A_CLIP * (last - first))
    return Stretches("clip", ((first + ends, last - ends),))


def _with_rests(repetitions: tuple[Repetition, ...]) -> Iterator[tuple[float, float]]:
    """Yield those of the most frequent movement with half of the pause to the next on either side, at most `ENDS`.

    A repetition begins when a twentieth of its depth is left, and knees are bent by 25° by then.
    """
    commonest = Counter(one.movement for one in repetitions).most_common(1)[0][0]
    before, after = [-np.inf, *(one.end for one in repetitions)], [*(one.start for one in repetitions[1:]), np.inf]
    for one, last, following in zip(repetitions, before, after, strict=False):
        if one.movement == commonest:
            yield one.start - min(ENDS, (one.start - last) / 2), one.end + min(ENDS, (following - one.end) / 2)


def extremes_in(angles: JointAngles, column: int, stretches: Stretches) -> Extremes:
    """Return an angle's extremes in each stretch that shows enough of it: only what was seen counts."""
    found, count = [], 0
    for first, last in stretches.spans:
        rows = between(angles.time, first, last)
        values, sd, speeds = (one[rows, column] for one in (angles.values, angles.sd, np.abs(angles.velocity)))
        known = np.isfinite(values)
        seen = known & ~(angles.seen[rows, column] < 1)  # NaN: not known, so it counts
        if seen.sum() < 2 or seen.sum() < _SEEN * known.sum():
            continue
        count += int(seen.sum())
        lasting = float(np.median(np.diff(angles.time[rows]))) * seen.sum()
        values, sd, speeds = values[seen], sd[seen], speeds[seen & np.isfinite(speeds)]
        speed = extremes(speeds, lasting)[1] if len(speeds) > 1 else np.nan
        found.append((*extremes(values, lasting), sd[np.argmin(values)], sd[np.argmax(values)], speed))
    low, high, low_sd, high_sd, fastest = np.array(found, float).reshape(-1, 5).T
    return Extremes(low, high, low_sd, high_sd, fastest, count)


def extremes(values: Array, duration: float) -> tuple[float, float]:
    """Return the least and the greatest of finite values (N,), without the outermost 1 % or 0.05 s of `duration`, whichever is less."""
    share = min(TRIMMED, LONGEST_TRIM / duration) if duration > 0 else TRIMMED
    low, high = np.quantile(values, [share, 1 - share])
    return float(low), float(high)
