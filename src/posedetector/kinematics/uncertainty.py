"""How far off lengths, speeds and times may be: the error of a value itself, beside its spread over steps.

A place is where a ray of the camera reaches the depth at which a body of the size given looks as large as it does. So a length
across the picture scales with that size, and one along the optical axis with size times focal length. Both errors last all clip:
no number of steps makes them smaller. What the fit does not know about places, and what events are off by at random, does
average out; by how much a method finds events of a kind early or late does not, but for times between events of one kind.

Errors are combined as independent ones, by the root of the sum of squares (JCGM 100:2008, GUM, eq. 10).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from posedetector.anthropometry import PROPORTION_SD
from posedetector.arrays import unit
from posedetector.kinematics.asymmetry import with_error
from posedetector.kinematics.nouns import ASYMMETRY, Event, Quantity
from posedetector.kinematics.steps import Footing, Stride
from posedetector.pose import Array, finite
from posedetector.skeletons import AnySide

# Metres, of a foot's place where no body was fitted: what the fit says of the sample's. A judgement
_PLACE = 0.06
# Metres of the hips' place at a contact, from one step to the next; a judgement
_HIPS = 0.02
# Share by which a length is off beside the size: a segment's proportion; ways up and down (a filmed set of squats is 14 % too deep)
_BESIDE_SIZE = {
    **{f"{part}_{'width' if part in ('hips', 'shoulders') else 'length'}": sd for part, sd in PROPORTION_SD.items()},
    **dict.fromkeys(("squat_depth", "sit_to_stand_rise"), 0.08),
}
# Events found by two or three methods: by what the range between the earliest and the latest is divided for a standard deviation
# (Tippett 1925; d2 of control charts).
_RANGE = {2: 1.128, 3: 1.693}
# Of what methods disagree by, as a variance: the share that is alike in all events of a kind. A judgement, from walks filmed by
# synthetic cameras (benchmarks/intervals.py, half of them).
_ALIKE = 0.7
# Seconds that all methods are off by alike, which their disagreement does not show: on filmed walks contacts come 0.017–0.026 s late and
# toe-offs 0.011–0.047 s early.
_COMMON = 0.03
# Likewise: of what lasts of a contact's error, the share by which one side's differs from the other's; and of a foot's place, as a
# variance, the share that is alike in all steps (of one side, so it is none in strides).
_SIDES_DIFFER, _PLACE_LASTS = 0.5, 0.3
# What sides differ by that lasts all clip: on filmed walks asymmetries are off by 1.4 to 1.7 times what both sides' own errors say
_UNLIKE = 1.65
# Share by which lengths along the optical axis are off beside size and focal length: a body's depth, which lasts as long as a walk. A
# judgement, from walks filmed by synthetic cameras, with other ones to confirm it.
_DEPTH = 0.08
_SCALING = ("m", "m/s")
_BY_LENS = 1.1  # times the error of the size: from here on the focal length is worth a word; a judgement


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """How well lengths in the laboratory are known.

    Attributes
    ----------
    size : standard deviation of the body's size, as a share of it; NaN where nobody knows.
    focal : of the focal length, as a share of it; 0 where it was given.
    axis : (3,) unit vector in the laboratory along the camera's optical axis.
    given : what the size rests on, such as `height`.
    """

    size: float = float("nan")
    focal: float = 0.0
    axis: Array = field(default_factory=lambda: np.array([1.0, 0.0, 0.0]))
    given: str = ""

    def of_length(self, ways: Array) -> float:
        """Return the standard deviation, as a share, of the mean of lengths in these directions (N, 2), seen from above."""
        if not len(ways):
            return float("nan")
        along = float(((np.nan_to_num(unit(ways)) @ self.axis[[0, 2]]) ** 2).mean())
        return float(np.hypot(self.size, along * np.hypot(self.focal, _DEPTH)))


UNKNOWN = Scale()


class Error(NamedTuple):
    """Standard deviations of a value's error: what lasts all clip, and what is this value's own."""

    lasting: float
    own: float

    @property
    def whole(self) -> float:
        """Of both."""
        return float(np.hypot(self.lasting, self.own))


class Timing(NamedTuple):
    """Standard deviations of an event's time, seconds: alike in all events of its kind, and each event's own."""

    alike: float
    own: float


def timing_of(events: Iterable[Event], step: float) -> Timing:
    """Return how far off events of one kind are, by what their methods disagree and by a frame's length `step`, seconds.

    Methods interpolate between frames; all the same, what happens within one is not seen, and 1/√12 of it is the standard deviation
    of a uniform error as long.
    """
    apart = [event.spread / _RANGE[min(event.methods, 3)] for event in events if event.methods > 1]
    variance = float(np.mean(np.square(apart))) if apart else float("nan")
    return Timing(
        float(np.sqrt(_ALIKE * variance + _COMMON**2)), float(np.sqrt((1 - _ALIKE) * variance + step**2 / 12))
    )


def with_errors(
    quantities: Sequence[Quantity],
    chains: Sequence[Sequence[Event]],
    strides: Sequence[Stride],
    footing: Footing,
    scale: Scale,
    feet: Array | None = None,
) -> list[Quantity]:
    """Return gait's quantities with the errors of their values.

    Parameters
    ----------
    footing : where hips and feet are, as the quantities were made of it.
    feet : (2,) metres, standard deviations of a foot's place along the laboratory's X and Z, from the fit.
    """
    step = float(np.median(np.diff(footing.time)))
    contact, off = (
        timing_of([event for chain in chains for event in chain if event.kind == kind], step)
        for kind in ("initial_contact", "foot_off")
    )
    steps = [
        (one.time, other.time)
        for chain in chains
        for one, other in pairwise(event for event in chain if event.kind == "initial_contact")
    ]
    ways = np.array([footing.hips(end) - footing.hips(start) for start, end in steps]).reshape(-1, 2)
    ways = ways[finite(ways)]
    walked = float(sum(end - start for start, end in steps))
    stride = float(np.mean([one.time for one in strides])) if strides else 2 * walked / max(len(steps), 1)
    places = np.full(2, _PLACE) if feet is None else feet
    errors = {
        (one.name, one.side): _of_length(one, ways, walked, scale, places)
        if one.unit in _SCALING
        else _of_time(one, contact, off, stride, walked)
        for one in quantities
    }
    by_lens = scale.focal > 0 and scale.of_length(ways) > _BY_LENS * scale.size
    return [_with_its_own(one, errors, quantities, _scaling(scale, by_lens=by_lens)) for one in quantities]


def _of_time(one: Quantity, contact: Timing, off: Timing, stride: float, walked: float) -> Error:
    """Return the error of a duration, a rate or a share of the stride; `stride` and all that was `walked`, seconds."""
    apart, unlike = float(np.sqrt(2) * contact.own), float(np.hypot(contact.alike, off.alike)) / stride
    own = float(np.hypot(contact.own, off.own)) / stride / np.sqrt(one.count)
    lasting, single = {
        # steps add up: only the first contact and the last count
        "cadence": (_SIDES_DIFFER * contact.alike / walked * one.value, apart / walked * one.value),
        "stride_time": (0.0, apart / one.count),
        "step_time": (_SIDES_DIFFER * contact.alike, apart / np.sqrt(one.count)),
        "stance_share": (unlike, own),
        "swing_share": (unlike, own),
        "double_support_share": (2 * unlike, np.sqrt(2) * own),  # twice in a stride
    }.get(one.name, (float("nan"), float("nan")))
    # steps that vary by more than their events are off by show that these are not all
    scatter = one.sd / np.sqrt(one.count) if np.isfinite(one.sd) else 0.0
    return Error(lasting, max(float(single), float(scatter)))


def _of_length(one: Quantity, ways: Array, walked: float, scale: Scale, places: Array) -> Error:
    """Return the error of a length or a speed, of steps that led along `ways` (N, 2) in `walked` seconds."""
    along, across = ways, ways[:, ::-1] * [-1, 1]
    way = across if one.name == "step_width" else along
    place, lasts = np.sqrt(2) * _place(places, way), 0.0 if one.name == "stride_length" else _PLACE_LASTS
    if one.name == "walking_speed":
        place, lasts = np.sqrt(2) * _HIPS / walked * np.sqrt(one.count), 0.0
    lasting = float(np.hypot(one.value * scale.of_length(way), np.sqrt(lasts) * place))
    return Error(lasting, float(np.sqrt((1 - lasts) / one.count) * place))


def with_size_errors(quantities: Iterable[Quantity], scale: Scale) -> tuple[Quantity, ...]:
    """Return quantities of which those in metres, of the body itself, have the error of its size and of its proportions."""
    return tuple(
        replace(
            one,
            error=one.value * float(np.hypot(scale.size, _BESIDE_SIZE.get(one.name, 0.0))),
            about=one.about + _scaling(scale),
        )
        if one.unit == "m"
        else one
        for one in quantities
    )


def _place(places: Array, ways: Array) -> float:
    """Return a place's standard deviation along ways (N, 2), root mean square, from those along X and Z (2,), metres."""
    return float(np.sqrt((np.nan_to_num(unit(ways)) ** 2 @ places**2).mean())) if len(ways) else float("nan")


def _with_its_own(
    one: Quantity, errors: dict[tuple[str, AnySide], Error], quantities: Sequence[Quantity], scaling: str
) -> Quantity:
    if not one.name.endswith(ASYMMETRY):
        about = one.about + scaling if one.unit in _SCALING else one.about
        return replace(one, error=errors[one.name, one.side].whole, about=about)
    # the size is the same on both sides
    sides = [other for other in quantities if other.side and other.name == one.name.removesuffix(ASYMMETRY)]
    own = float(np.linalg.norm([errors[other.name, other.side].own for other in sides]))
    return with_error(one, _UNLIKE * own / abs(float(np.mean([other.value for other in sides]))))


def _scaling(scale: Scale, *, by_lens: bool = False) -> str:
    lens = " and with the focal length, which was not given" if by_lens else ""
    return f"; scales with the {scale.given} given{lens}" if scale.given else ""
