"""Initial contacts and toe-offs, by three methods.

- `coordinate`: Zeni, Richards & Higginson (Gait & Posture 27, 2008): contact where the heel is farthest before the hips, off
  where the toe is farthest behind them, along the direction of progression. It finds the events; the others confirm them.
- `foot speed`: a foot that stands does not move over the floor. From its greatest speed in the swing on, contact is when
  the heel, and back from it, off is when the toe, falls below a share of that. Thresholds on the speed of heel and toe are
  Ghoussayni's (Ghoussayni, Stevens, Durham & Ewins, Gait & Posture 20, 2004); that it is a share of the swing's, and which
  (`_SHARE`), is ours. The floor's speed is the foot's own in mid-stance, so that a treadmill's belt or a drifting path is
  no motion of the foot. It is its part along the way of the swing, over a tenth of a second: the other parts and what is
  shorter are noise.
- `foot velocity`: O'Connor, Thorpe, O'Malley & Vaughan (Gait & Posture 25, 2007): the middle of heel and toe sinks fastest
  at contact and rises fastest at toe-off.

An event is one that at least two of them find, the others within AGREE of the first. Whose time it is depends on how a foot
is put down and taken up, by the median over a side's events in a run (`_STRIKE`, `_ROLL`).

- A foot that is put down and lifted flat is on the floor exactly while it is at rest: the foot speed's time.
- A heel that lands first still moves over the floor when it does, but more slowly than the hips, whose speed it has at the
  coordinate's time: that is early. The time is when its speed over the floor has fallen to half of the hips' (`half speed`,
  a finer reading of the coordinate's path and no fourth method). Half is a judgement, the middle of what there is between
  landed (0) and the coordinate's time (1).
- A foot that leaves over its toes has the coordinate's time. The same reasoning would take it back, but does not hold: in
  pictures of two people six toe-offs came 0.02 s after it on average. It is 0.03 s late only where toes stand still to the last
  (`tests/rolling.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from posedetector.arrays import derivative
from posedetector.kinematics.nouns import Event, EventKind
from posedetector.kinematics.signals import between, first_below, summit, turning_points, velocity_over
from posedetector.pose import Array, Noun, settle, settle_each
from posedetector.skeletons import SIDES, Side

# Seconds. A judgement: a tenth of a usual stride; methods that differ by more have not seen the same thing.
AGREE = 0.12
# Of a leg: what a foot has to come back relative to the hips. A judgement: a third of what it does at a slow 0.5 m/s, and
# beyond what the depth of a standing foot wavers in one camera.
REVERSAL = 0.15
# Of the swing's greatest speed. A judgement, from the synthetic walker, who puts his feet down flat: higher shares are early
# at contact and late at toe-off, and lower ones drown in noise.
_SHARE = 0.05
# Seconds to either side. A judgement: paths are low-passed at 6 Hz, so that a tenth of a second holds no more than a bend.
_HALF_WINDOW = 0.05
# Toes above the heel, from how the foot stands: a rearfoot strike is one above 8° (Altman & Davis, Gait & Posture 35, 2012).
_STRIKE = np.radians(8.0)
# Heel above the toes, likewise. A judgement: people who roll off over their toes have 36–69° on our clips.
_ROLL = np.radians(32.0)
_MID_STANCE = (0.25, 0.6)  # of the stance; before, the foot is still being put down, later the heel rises
_SWING, _STANCE = 0.45, 0.7  # seconds that are looked through where there is no event on the other side


@dataclass(frozen=True, slots=True, eq=False)
class Feet(Noun):
    """One run of frames without holes.

    Attributes
    ----------
    time : (T,) seconds.
    heels, toes : by side, (T, 3) metres, in the laboratory where the path is known, else from the middle of the hips.
    before : by side, (T, 2) metres, heel and toe before the middle of the hips along the direction of progression.
    leg : metres.
    """

    time: Array
    heels: Mapping[Side, Array]
    toes: Mapping[Side, Array]
    before: Mapping[Side, Array]
    leg: float

    def __post_init__(self) -> None:
        settle(self, time=(-1,))
        frames = len(self.time)
        settle_each(self, heels=(frames, 3), toes=(frames, 3), before=(frames, 2))


class _Candidate(NamedTuple):
    """What the coordinate method finds: a row of the run; its stance and swing, seconds, which may lie beyond the run."""

    row: int
    kind: EventKind
    side: Side
    stance: tuple[float, float]
    swing: tuple[float, float]

    @property
    def is_contact(self) -> bool:
        return self.kind == "initial_contact"


class _Motion(NamedTuple):
    """Velocities of one side's foot over the run, metres per second, worked out once: a run may hold hundreds of events.

    heel, toe: (T, 3), as in Feet, over twice _HALF_WINDOW; before: (T, 2), relative to the hips; height: (T,), of the middle
    of heel and toe.
    """

    heel: Array
    toe: Array
    before: Array
    height: Array


def find_events(feet: Feet, first_frame: int) -> list[Event]:
    """Return the events of one run that two methods agree on, by time; `first_frame` is the run's first in the clip."""
    events = []
    for side in SIDES:
        candidates = _candidates(feet, side)
        motion = _motion(feet, side)
        for kind in ("initial_contact", "foot_off"):
            alike = [one for one in candidates if one.kind == kind]
            rolls = _rolls(feet, alike)
            found = (_confirmed(feet, motion, one, first_frame, rolls=rolls) for one in alike)
            events += [event for event in found if event is not None]
    return sorted(events, key=lambda event: event.time)


def _motion(feet: Feet, side: Side) -> _Motion:
    paths = feet.heels[side], feet.toes[side]
    heel, toe = (velocity_over(path, feet.time, _HALF_WINDOW) for path in paths)
    height = (paths[0][:, 1] + paths[1][:, 1]) / 2
    return _Motion(heel, toe, derivative(feet.before[side], feet.time), derivative(height, feet.time))


def _candidates(feet: Feet, side: Side) -> list[_Candidate]:
    heel, toe = feet.before[side].T
    reversal = REVERSAL * feet.leg
    rows: list[tuple[int, EventKind]] = [
        *((row, "initial_contact") for row, sign in turning_points(heel, reversal) if sign > 0),
        *((row, "foot_off") for row, sign in turning_points(toe, reversal) if sign < 0),
    ]
    rows.sort()
    return [_with_phases(feet, side, rows, number) for number in range(len(rows))]


def _with_phases(feet: Feet, side: Side, rows: list[tuple[int, EventKind]], number: int) -> _Candidate:
    row, kind = rows[number]
    now = float(feet.time[row])
    contact = kind == "initial_contact"
    before, after = now - (_SWING if contact else _STANCE), now + (_STANCE if contact else _SWING)
    if number > 0 and rows[number - 1][1] != kind:
        before = float(feet.time[rows[number - 1][0]])
    if number + 1 < len(rows) and rows[number + 1][1] != kind:
        after = float(feet.time[rows[number + 1][0]])
    phases = (now, after), (before, now)
    return _Candidate(row, kind, side, *(phases if contact else phases[::-1]))


def _rolls(feet: Feet, alike: list[_Candidate]) -> bool:
    """Tell whether this side's foot lands on its heel, or leaves over its toes; a foot that is one point does neither."""
    if not alike:
        return False
    side = alike[0].side
    foot = feet.toes[side] - feet.heels[side]
    pitch = np.arctan2(foot[:, 1], np.linalg.norm(foot[:, [0, 2]], axis=1))
    flat = np.concatenate([pitch[_standing(feet, one)] for one in alike])
    tilt = float(np.median(pitch[[one.row for one in alike]]) - (np.median(flat) if len(flat) else 0.0))
    return bool(tilt > _STRIKE if alike[0].is_contact else tilt < -_ROLL)


def _standing(feet: Feet, at: _Candidate) -> slice:
    """Return which frames are of the middle of its stance."""
    early, late = (at.stance[0] + share * (at.stance[1] - at.stance[0]) for share in _MID_STANCE)
    return between(feet.time, early, late)


def _confirmed(feet: Feet, motion: _Motion, at: _Candidate, first_frame: int, *, rolls: bool) -> Event | None:
    times = {
        "coordinate": summit(feet.time, feet.before[at.side][:, 0 if at.is_contact else 1], at.row),
        "foot speed": _by_foot_speed(feet, motion, at),
        "foot velocity": _by_foot_velocity(feet, motion, at),
    }
    agreed = {name: when for name, when in times.items() if _near(when, times["coordinate"])}
    if len(agreed) < 2:
        return None
    method, when = "coordinate", times["coordinate"]
    if not rolls and "foot speed" in agreed:
        method, when = "foot speed", times["foot speed"]
    elif at.is_contact and _near(half := _by_half_speed(feet, motion, at), when):
        method, when = "half speed", half
    return Event(
        kind=at.kind,
        side=at.side,
        time=when,
        frame=first_frame + int(np.abs(feet.time - when).argmin()),
        method=method,
        spread=max(agreed.values()) - min(agreed.values()),
        methods=len(agreed),
    )


def _near(when: float, coordinate: float) -> bool:
    return abs(when - coordinate) <= AGREE


def _by_foot_speed(feet: Feet, motion: _Motion, at: _Candidate) -> float:
    velocity = motion.heel if at.is_contact else motion.toe
    standing, swinging = _standing(feet, at), between(feet.time, *at.swing)
    if standing.stop - standing.start < 3 or swinging.stop - swinging.start < 3:
        return np.nan
    near = slice(min(standing.start, swinging.start), max(standing.stop, swinging.stop))
    over_floor = velocity[near] - np.median(velocity[standing], axis=0)
    first = swinging.start - near.start
    fastest = first + int(np.linalg.norm(over_floor[first : swinging.stop - near.start], axis=1).argmax())
    greatest = float(np.linalg.norm(over_floor[fastest]))
    speed = over_floor @ (over_floor[fastest] / greatest) if greatest > 0 else np.zeros(len(over_floor))
    return first_below(feet.time[near], speed, fastest, 1 if at.is_contact else -1, _SHARE * greatest)


def _by_foot_velocity(feet: Feet, motion: _Motion, at: _Candidate) -> float:
    now = float(feet.time[at.row])
    near = between(feet.time, now - AGREE, now + AGREE)
    rising = motion.height[near] * (-1 if at.is_contact else 1)
    row = int(rising.argmax())
    if row in {0, len(rising) - 1}:  # no extremum, only the window's end
        return np.nan
    return summit(feet.time[near], rising, row)


def _by_half_speed(feet: Feet, motion: _Motion, at: _Candidate) -> float:
    heel, standing = motion.before[:, 0], _standing(feet, at)
    if standing.stop - standing.start < 3:
        return np.nan
    hips = float(np.median(heel[standing]))  # how fast they leave a standing heel behind: below 0
    near = slice(at.row, standing.stop)
    return first_below(feet.time[near], heel[near], 0, 1, hips / 2) if hips < 0 else np.nan


_OPEN = 1.0  # seconds that a stance which the clip cuts off is taken to last at most; a judgement


def stances(events: Iterable[tuple[float, str]], last: float) -> list[tuple[float, float]]:
    """Return start and end, seconds, of one foot's stance phases out of its events (time, kind).

    From each initial contact to the foot-off that follows. A stance that the clip's beginning or its end, at `last`, cuts off
    counts up to there, but for a second at most.
    """
    ordered = sorted(events)
    found = []
    if ordered and ordered[0][1] == "foot_off":
        found.append((ordered[0][0] - _OPEN, ordered[0][0]))
    for (start, kind), following in zip_longest(ordered, ordered[1:]):
        if kind == "initial_contact" and following is None:
            found.append((start, min(start + _OPEN, last + 1e-9)))
        elif kind == "initial_contact" and following[1] == "foot_off":
            found.append((start, following[0]))
    return found
