"""What kinematics finds out about a clip. Arrays: seconds, metres, kilograms, radians.

A `Quantity` is one row of a table. Those of a `Kinematics` are in the units of the files (deg, %, steps/min); while they are worked out
they are in radians, shares and steps per second, and `study` turns them once, at its end. What could not be found is not there, or NaN:
never a guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from posedetector.pose import Array, Noun, settle, settle_mappings, settle_time
from posedetector.reprs import brief
from posedetector.skeletons import Side

ASYMMETRY = "_asymmetry"  # ends the name of a signed comparison of both sides (`kinematics.asymmetry`)
Quality = Literal["good", "weak", "poor"]
# standard deviations to either side that hold 90 % of a normal distribution
REACH_90 = 1.645
EventKind = Literal["initial_contact", "foot_off"]
# unit while kinematics works → unit of results and files, and by what a value is multiplied for that
UNITS: dict[str, tuple[str, float]] = {
    "s": ("s", 1.0),
    "m": ("m", 1.0),
    "m/s": ("m/s", 1.0),
    "rad": ("deg", 57.29577951308232),
    "rad/s": ("deg/s", 57.29577951308232),
    "kg": ("kg", 1.0),
    "steps/s": ("steps/min", 60.0),
    "share": ("%", 100.0),
    "count": ("count", 1.0),
}


@dataclass(frozen=True, slots=True, eq=False)
class JointAngles(Noun):
    """Angles of A names over T frames.

    Attributes
    ----------
    time : (T,) seconds.
    names : of the angles; keys of `ANGLES`.
    values : (T, A) radians; NaN where one of an angle's points is missing, or where it cannot be observed.
    sd : (T, A) radians, standard deviations; NaN where none is known.
    velocity : (T, A) radians per second.
    acceleration : (T, A) radians per second squared.
    seen : (T, A) share of an angle's points that were seen in that frame, in [0, 1]: neither interpolated nor mirrored.
    """

    __repr__ = brief

    time: Array
    names: tuple[str, ...]
    values: Array
    sd: Array
    velocity: Array
    acceleration: Array
    seen: Array

    def __post_init__(self) -> None:
        shape = settle_time(self), len(self.names)
        settle(self, values=shape, sd=shape, velocity=shape, acceleration=shape, seen=shape)


@dataclass(frozen=True, slots=True)
class Quantity:
    """One row of a table: what, of which side, how much.

    Attributes
    ----------
    name : `stride_time`, `left_thigh_length`, …
    side : `left`, `right`, or empty where it is of both or of neither.
    value : mean or only value, in `unit`.
    sd : standard deviation over `count` of them; NaN where there is but one.
    unit : of `value`, `sd` and `error`: s, m, m/s, deg, deg/s, kg, steps/min, % or count; inside kinematics a key of UNITS.
    about : in a few words how it is defined, in which frame, and whose definition it is (author, year).
    error : standard deviation of the error of `value` itself, in `unit`, from all that is known to add to it (size, focal length,
        events, the fit); NaN where that is not known.
    quality, reason : how far the value can be trusted and why; empty where nobody graded it.
    """

    name: str
    side: Side | Literal[""]
    value: float
    sd: float
    count: int
    unit: str
    about: str
    error: float = float("nan")
    quality: Quality | Literal[""] = ""
    reason: str = ""

    def __repr__(self) -> str:
        spread = f" ± {self.sd:.3g} SD" if np.isfinite(self.sd) else ""
        low, high = self.interval
        ends = f", 90 % interval {low:.4g} to {high:.4g}" if np.isfinite(self.error) else ""
        side = f" {self.side}" if self.side else ""
        return f"<{self.name}{side}: {self.value:.4g}{spread} {self.unit}, n = {self.count}{ends}>"

    @property
    def interval(self) -> tuple[float, float]:
        """The 90 % interval of the value, by its error alone; NaN where that is not known.

        It ends where such a value must: at 0 but for angles and asymmetries, at the whole for shares of a stride, and at twice
        that on either side for asymmetries. In `unit`.
        """
        least, most = self._bounds
        low, high = self.value - REACH_90 * self.error, self.value + REACH_90 * self.error
        return max(low, least), min(high, most)

    @property
    def _bounds(self) -> tuple[float, float]:
        whole = {"share": 1.0, "%": 100.0}.get(self.unit, np.inf)
        if self.name.endswith(ASYMMETRY):
            return -2.0 * whole, 2.0 * whole
        if self.unit in {"rad", "deg"} and not self.name.endswith("_range"):
            return -np.inf, np.inf
        return 0.0, whole

    def as_reported(self) -> "Quantity":
        """Return the same in the unit of results and files, from that in which kinematics works."""
        unit, factor = UNITS[self.unit]
        return replace(self, unit=unit, value=self.value * factor, sd=self.sd * factor, error=self.error * factor)


@dataclass(frozen=True, slots=True)
class Grade:
    """How far an angle can be trusted in this clip.

    Attributes
    ----------
    quality : `good`, `weak` (only large differences count) or `poor` (not to be reported).
    reason : why it is not good; empty if it is.
    sd_rad : radians, the typical standard deviation of its fitted values; NaN where nothing was fitted.
    moves_rad : radians, how far the angle moves, against which that deviation is judged; NaN where it is not.
    """

    quality: Quality
    reason: str = ""
    sd_rad: float = float("nan")
    moves_rad: float = float("nan")


@dataclass(frozen=True, slots=True)
class Event:
    """A foot touches or leaves the floor.

    Attributes
    ----------
    time : seconds; may lie between two frames.
    frame : the row of the nearest frame, from 0.
    method : by which method's time it is.
    spread : seconds between the earliest and the latest of the methods that found it; NaN if only one did.
    methods : how many of the methods found it.
    """

    kind: EventKind
    side: Side
    time: float
    frame: int
    method: str
    spread: float
    methods: int


@dataclass(frozen=True, slots=True, eq=False)
class Cycles(Noun):
    """Angles of one side's whole gait cycles, from initial contact (0 %) to the next of the same foot (100 %).

    Attributes
    ----------
    names : (A,) of the angles, as in JointAngles.
    values : (N, 101, A) radians; an angle of the other side is at this side's percentages.
    starts, ends : (N,) seconds.
    sd : (N, 101, A) radians, the fit's standard deviations of the values, NaN where there is none; None where nothing was fitted.
    """

    __repr__ = brief

    side: Side
    names: tuple[str, ...]
    values: Array
    starts: Array
    ends: Array
    sd: Array | None = None

    def __post_init__(self) -> None:
        settle(self, starts=(-1,))
        cycles = len(self.starts)
        settle(self, values=(cycles, 101, len(self.names)), ends=(cycles,))
        if self.sd is not None:
            settle(self, sd=self.values.shape)


@dataclass(frozen=True, slots=True)
class Treadmill:
    """A belt that somebody walks on.

    Attributes
    ----------
    speed : metres per second.
    sd : of that over the stance phases that showed it; NaN where it was given.
    count : of stance phases; 0 where it was given.
    seen : metres per second that feet in stance move by; NaN where that is not known.
    drift : metres per second by which the hips move forward in the room (negative: back).
    direction : X and Z of the unit vector along which the belt moves, in the laboratory.
    """

    speed: float
    sd: float
    count: int
    seen: float
    drift: float
    direction: tuple[float, float]

    @property
    def velocity(self) -> Array:
        """(3,) metres per second of what stands on the belt, laboratory."""
        return self.speed * np.array([self.direction[0], 0.0, self.direction[1]])


@dataclass(frozen=True, slots=True, eq=False)
class Gait:
    """Walking or running, if there is any.

    Attributes
    ----------
    quality : `good`, `doubtful` or `none`; with `none` there are no events, quantities and cycles.
    reason : why it is not good; empty if it is.
    treadmill : the belt, if there is one; speed and lengths are those on it.
    """

    __repr__ = brief

    quality: Literal["good", "doubtful", "none"]
    reason: str
    events: tuple[Event, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    cycles: tuple[Cycles, ...] = ()
    treadmill: Treadmill | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of what the person walks on.

    Attributes
    ----------
    known : whether the path is one over the floor; False where a camera moved in a way that could not be taken out.
    treadmill_speed : of a treadmill's belt, metres per second, as given; None where nothing was said.
    treadmill : as found before a body was fitted, which held feet in stance to it: the fitted ones show no error of it.
    """

    known: bool = True
    treadmill_speed: float | None = None
    treadmill: Treadmill | None = None


FLOOR = Ground()


@dataclass(frozen=True, slots=True)
class Repetition:
    """One squat, from standing to standing; or one standing up from a seat, with the sitting down behind it.

    Attributes
    ----------
    movement : `squat` or `sit_to_stand`.
    start : seconds; when the hips leave standing height (squat), or the seat.
    turn : seconds; of the lowest point (squat), or when standing is reached.
    end : seconds; when standing is reached again (squat), or the seat. The same as `turn` where the person does not sit down again.
    depth : metres that the middle of the hips goes down (squat), or up from the seat.
    knee_flexion_rad : radians, the greatest flexion of the knees (mean of both sides); NaN where unknown.
    leaving : seconds; when standing is left to sit down. NaN for a squat, and where the person does not sit down again.
    """

    movement: Literal["squat", "sit_to_stand"]
    start: float
    turn: float
    end: float
    depth: float
    knee_flexion_rad: float
    leaving: float = float("nan")

    @property
    def down(self) -> float:
        """Seconds on the way down; NaN where there is none."""
        return self.end - self.leaving if self.movement == "sit_to_stand" else self.turn - self.start

    @property
    def up(self) -> float:
        """Seconds on the way up."""
        return self.turn - self.start if self.movement == "sit_to_stand" else self.end - self.turn


@dataclass(frozen=True, slots=True, eq=False)
class Masses(Noun):
    """Where the body's mass is.

    Attributes
    ----------
    centre : (T, 3) metres in the laboratory frame, the centre of mass of all segments; NaN where one is missing.
    shares : segment → share of the body's mass; sums to 1.
    total : kilograms; None if it was not given, and then no segment has a mass either.
    table : whose shares they are, and for whom.
    """

    __repr__ = brief

    centre: Array
    shares: Mapping[str, float]
    total: float | None
    table: str

    def __post_init__(self) -> None:
        settle(self, centre=(-1, 3))
        settle_mappings(self, "shares")


@dataclass(frozen=True, slots=True, eq=False)
class Kinematics(Noun):
    """All that is worked out from a metric pose.

    Attributes
    ----------
    summary : segment lengths and ranges of motion, and the asymmetries of both.
    exercise : counts and times of sets of repetitions.
    grades : by angle, how far it can be trusted; empty where nobody graded them.
    """

    __repr__ = brief

    angles: JointAngles
    gait: Gait
    repetitions: tuple[Repetition, ...]
    masses: Masses
    summary: tuple[Quantity, ...]
    grades: Mapping[str, Grade] = field(default_factory=dict)
    exercise: tuple[Quantity, ...] = ()

    def __post_init__(self) -> None:
        settle_mappings(self, "grades")
