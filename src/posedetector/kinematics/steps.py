"""From a chain of gait events to strides, and to how long, how far and how wide they are.

Lengths and widths lie along and across the line of progression of each stride, from a foot's place at one contact to its
place at the next (Huxham, Gong, Baker, Morris & Iansek, Gait & Posture 23, 2006). A foot's place is its heel's (or its
ankle's) median from 0.05 to 0.20 s after contact, when it lies flat, level; where the clip ends sooner, that at contact.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from posedetector.arrays import sd
from posedetector.kinematics.asymmetry import compare_sides
from posedetector.kinematics.nouns import Event, Ground, Quantity, Treadmill
from posedetector.kinematics.signals import at_time, between
from posedetector.pose import Array, Noun, finite, settle, settle_each
from posedetector.skeletons import OTHER_SIDE, SIDES, AnySide, Side

_FLAT = (0.05, 0.20)  # seconds after contact; a judgement
# Of the hips' own way while a foot stands. A judgement: on a treadmill it is 1, on a good path 0.
_SLIP = 0.3
_APART = 0.25  # of the hips' own way in a stride, which is the foot's too but for turns; a judgement
# Where in a stance phase the foot lies flat on the belt, and which slide is one: metres per second, and of that speed the spread
# over stances and the hips' own speed; the angle (cosine) between the slide and the way from where the person faces. Judgements.
_SLIDES = (0.15, 0.6)
_STANCE = 0.62  # of a stride, where the toe-off was not found
_BELT, _UNEVEN, _STAYS, _BACKWARDS = 0.1, 0.35, 0.25, 0.7
_TRAVELS = 0.1  # metres a stride; below, there is no path to speak of

OF: tuple[AnySide, ...] = ("", *SIDES)

ABOUT = {
    "cadence": "one over the mean time between contacts of either foot",
    "stride_time": "from a foot's initial contact to its next",
    "step_time": "from the other foot's initial contact to this one's",
    "stance_share": "of the stride, from initial contact to toe-off (Perry & Burnfield 2010)",
    "swing_share": "of the stride, from toe-off to the next initial contact (Perry & Burnfield 2010)",
    "double_support_share": "of the stride, both feet on the floor; 0 in running (Perry & Burnfield 2010)",
    "walking_speed": "of the middle of the hips over the floor, from contact to contact",
    "stride_length": "between a foot's places at two contacts (Huxham et al. 2006); of strides in which the hips go as far within a quarter",
    "step_length": "from the other foot's place to this one's along the stride's line of progression (Huxham et al. 2006)",
    "step_width": "of the other foot's place from the stride's line of progression (Huxham et al. 2006)",
}
UNIT = {
    "cadence": "steps/s",
    "stride_time": "s",
    "step_time": "s",
    "stance_share": "share",
    "swing_share": "share",
    "double_support_share": "share",
    "walking_speed": "m/s",
    "stride_length": "m",
    "step_length": "m",
    "step_width": "m",
}
DRIFT = 0.25  # of the belt's speed: whoever moves faster than that through the room is no longer on it; a judgement
_ON_BELT = ("stride_length", "step_length", "step_width")
_COMPARED = ("step_time", "stance_share", "swing_share", "step_length")


@dataclass(frozen=True, slots=True)
class Stride:
    """From a foot's initial contact to its next; seconds, NaN for a toe-off that was not found."""

    side: Side
    start: float
    other_off: float
    other_contact: float
    off: float
    end: float

    @property
    def time(self) -> float:
        """Duration."""
        return self.end - self.start

    @property
    def stance(self) -> float:
        """Share of the stride."""
        return (self.off - self.start) / self.time

    @property
    def double_support(self) -> float:
        """Share of the stride: after this foot's contact and after the other's."""
        after = max(self.other_off - self.start, 0.0) + max(self.off - self.other_contact, 0.0)
        return after / self.time if np.isfinite(self.other_off + self.off) else np.nan


def strides_of(chain: list[Event]) -> list[Stride]:
    """Return the strides of a chain of events, by time."""
    contacts = [event for event in chain if event.kind == "initial_contact"]
    offs = [event for event in chain if event.kind == "foot_off"]
    return [
        Stride(
            side=first.side,
            start=first.time,
            # in walking the other foot leaves after this contact, in running before: up to half a step
            other_off=_only(offs, other.side, first.time - (other.time - first.time) / 2, other.time),
            other_contact=other.time,
            off=_only(offs, first.side, first.time, second.time),
            end=second.time,
        )
        for first, other, second in zip(contacts, contacts[1:], contacts[2:], strict=False)
    ]


def _only(offs: list[Event], side: Side, after: float, before: float) -> float:
    """Return the time of the one toe-off of a side in between; NaN for none or several."""
    inside = [event.time for event in offs if event.side == side and after < event.time < before]
    return inside[0] if len(inside) == 1 else np.nan


@dataclass(frozen=True, slots=True, eq=False)
class Footing(Noun):
    """Where hips and feet are on the floor.

    Attributes
    ----------
    time : (T,) seconds.
    root : (T, 3) metres in the laboratory, the middle of the hips; NaN where unknown.
    feet : by side, (T, 3) metres in the laboratory.
    """

    time: Array
    root: Array
    feet: Mapping[Side, Array]

    def __post_init__(self) -> None:
        settle(self, time=(-1,))
        settle(self, root=(len(self.time), 3))
        settle_each(self, feet=self.root.shape)

    def hips(self, when: float) -> Array:
        """Return (2,) where the middle of the hips is, seen from above."""
        return at_time(self.time, self.root, when)[[0, 2]]

    def foot(self, side: Side, contact: float) -> Array:
        """Return (2,) the place that a foot takes with a contact, seen from above."""
        flat = self.feet[side][between(self.time, contact + _FLAT[0], contact + _FLAT[1])][:, [0, 2]]
        flat = flat[finite(flat)]
        return np.asarray(np.median(flat, axis=0)) if len(flat) >= 2 else self._at(side, contact)

    def travels(self, strides: list[Stride]) -> bool:
        """Tell whether the path goes anywhere in a stride."""
        ways = [float(np.linalg.norm(self.hips(stride.end) - self.hips(stride.start))) for stride in strides]
        return bool(np.median(ways) > _TRAVELS)

    def stands(self, strides: list[Stride]) -> bool:
        """Tell whether feet that stand keep their place while the hips pass over them."""
        slips = []
        for stride in strides:
            middle, late = stride.start + 0.15 * stride.time, stride.start + 0.35 * stride.time
            own = self._at(stride.side, late) - self._at(stride.side, middle)
            hips = self.hips(late) - self.hips(middle)
            passed = float(np.linalg.norm(hips - own))
            slips.append(float(np.linalg.norm(own)) / passed if passed > 0 else np.inf)
        return bool(np.median(slips) < _SLIP)

    def on(self, belt: Treadmill) -> "Footing":
        """Return where hips and feet are on a belt: places on it stand still."""
        moved = np.outer(self.time - self.time[0], belt.velocity)
        return Footing(self.time, self.root - moved, {side: path - moved for side, path in self.feet.items()})

    def slide(self, stride: Stride) -> Array:
        """Return (2,) metres per second by which the foot moves while it lies flat; NaN where that is not seen."""
        stance = (stride.off if np.isfinite(stride.off) else stride.start + _STANCE * stride.time) - stride.start
        rows = between(self.time, stride.start + _SLIDES[0] * stance, stride.start + _SLIDES[1] * stance)
        path, time = self.feet[stride.side][rows][:, [0, 2]], self.time[rows]
        known = finite(path)
        if known.sum() < 3:
            return np.full(2, np.nan)
        return np.asarray(np.polyfit(time[known] - time[known].mean(), path[known], 1)[0])

    def _at(self, side: Side, when: float) -> Array:
        return at_time(self.time, self.feet[side], when)[[0, 2]]


def find_belt(footing: Footing, strides: list[Stride], faced: Array, ground: Ground) -> Treadmill | None:
    """Return the belt of a treadmill, or None: `faced` (T, 3) is where the person faces.

    On a treadmill the hips stay and feet in stance slide back, all at one speed. A camera that follows somebody along shows the
    same, so nothing is found where it moved; with a speed given, that is the belt's.
    """
    given = ground.treadmill_speed
    if not strides or (given is None and not ground.known):
        return None
    slides = np.array([footing.slide(stride) for stride in strides])
    slides = slides[finite(slides)]
    middle = np.median(slides, axis=0) if len(slides) else np.full(2, np.nan)
    before = ground.treadmill
    speed = float(np.linalg.norm(middle))
    ways = [(footing.hips(stride.end) - footing.hips(stride.start)) / stride.time for stride in strides]
    way = np.median(ways, axis=0)
    inside = between(footing.time, strides[0].start, strides[-1].end)
    mean = np.nanmean(faced[inside][:, [0, 2]], axis=0)
    ahead = mean / np.linalg.norm(mean)
    back = middle / speed if speed >= _BELT and -middle @ ahead >= _BACKWARDS * speed else -ahead
    drift = float(-way @ back)
    if given is not None:
        seen = speed if before is None else before.seen
        return Treadmill(given, np.nan, 0, seen, drift, (float(back[0]), float(back[1])))
    spread = sd(slides @ back)
    if not (
        speed >= _BELT
        and -middle @ ahead >= _BACKWARDS * speed
        and np.linalg.norm(way) <= _STAYS * speed
        and not spread > _UNEVEN * speed
    ):
        return None
    if before is not None:
        return replace(before, drift=drift)
    return Treadmill(speed, spread, len(slides), speed, drift, (float(back[0]), float(back[1])))


def quantities_of(
    chains: list[list[Event]], strides: list[Stride], footing: Footing, belt: Treadmill | None = None
) -> list[Quantity]:
    """Return all quantities that these events and this path give; what they do not give is not there.

    `belt`, if there is one, is that on which the footing is.
    """
    values: dict[tuple[str, AnySide], list[float]] = {}
    for name, side, value in (*_timed(chains, strides), *_spatial(chains, strides, footing, on_belt=belt is not None)):
        if np.isfinite(value):
            values.setdefault((name, side), []).append(value)
    means = {key: _quantity(*key, parts) for key, parts in values.items()}
    if belt is not None:
        means = {key: _of_belt(one, belt) for key, one in means.items()}
        if abs(belt.drift) > DRIFT * belt.speed:  # no treadmill: the way in the room would count twice
            means = {key: one for key, one in means.items() if one.name not in {"walking_speed", *_ON_BELT}}
    ordered = [means[name, side] for name in ABOUT for side in OF if (name, side) in means]
    pairs = (compare_sides(means[name, "left"], means[name, "right"]) for name in _COMPARED if _both(name, means))
    return ordered + [one for one in pairs if np.isfinite(one.value)]


def _of_belt(one: Quantity, belt: Treadmill) -> Quantity:
    """Return a quantity with what the belt says of it."""
    how = "as given" if belt.count == 0 else f"from {belt.count} stance phases: the median velocity of the flat foot"
    if one.name == "walking_speed":
        about = f"of the treadmill's belt, {how}"
        return replace(one, value=belt.speed, sd=belt.sd, count=belt.count or one.count, about=about)
    return replace(one, about=f"{one.about}; on the belt, {how}") if one.name in _ON_BELT else one


def _both(name: str, means: dict[tuple[str, AnySide], Quantity]) -> bool:
    return all((name, side) in means for side in SIDES)


def _timed(chains: list[list[Event]], strides: list[Stride]) -> Iterator[tuple[str, AnySide, float]]:
    for one, other in _steps(chains):
        yield "step_time", other.side, other.time - one.time
        yield "cadence", "", other.time - one.time
    for stride in strides:
        yield "stride_time", stride.side, stride.time
        yield "stance_share", stride.side, stride.stance
        yield "swing_share", stride.side, 1 - stride.stance
        yield "double_support_share", stride.side, stride.double_support


def _steps(chains: list[list[Event]]) -> Iterator[tuple[Event, Event]]:
    for chain in chains:
        yield from pairwise(event for event in chain if event.kind == "initial_contact")


def _spatial(
    chains: list[list[Event]], strides: list[Stride], footing: Footing, *, on_belt: bool
) -> Iterator[tuple[str, AnySide, float]]:
    if strides and not (footing.travels(strides) and (on_belt or footing.stands(strides))):
        return
    for one, other in _steps(chains):
        way = float(np.linalg.norm(footing.hips(other.time) - footing.hips(one.time)))
        yield "walking_speed", "", way / (other.time - one.time)
    for stride in strides:
        start, end = (footing.foot(stride.side, when) for when in (stride.start, stride.end))
        between = footing.foot(OTHER_SIDE[stride.side], stride.other_contact)
        length = float(np.linalg.norm(end - start))
        way = float(np.linalg.norm(footing.hips(stride.end) - footing.hips(stride.start)))
        if abs(length - way) > _APART * way:  # such as a foot that leaves the picture
            continue
        along = (end - start) / length if length > 0 else np.full(2, np.nan)
        yield "stride_length", stride.side, length
        yield "step_length", stride.side, float((end - between) @ along)
        away = between - start
        yield "step_width", stride.side, abs(float(along[0] * away[1] - along[1] * away[0]))


def _quantity(name: str, side: AnySide, values: list[float]) -> Quantity:
    rates = 1 / np.array(values) if name == "cadence" else np.array(values)
    mean = 1 / float(np.mean(values)) if name == "cadence" else float(rates.mean())
    return Quantity(name, side, mean, sd(rates), len(values), UNIT[name], ABOUT[name])
