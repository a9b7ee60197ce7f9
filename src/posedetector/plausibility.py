"""Whether a result agrees with what bodies do: how they walk, how they fall, how they are built. What does not is named with its likeliest cause.

Clock and size come from outside, by a file's time stamps and by --height, and nothing in the analysis itself contradicts a wrong one.
Each check compares two ways to the same quantity:

- `walking`: step length against cadence. Their ratio hardly changes with speed (the walk ratio, 0.0065 m per step/min: Sekiya, Nagasaki,
  Ito & Furuna 1996, J Hum Mov Stud 30:241–257); between sizes it goes by stature to the power of 1.5 (dynamic similarity, Hof 1996, Gait
  Posture 4:222–223). A clock that is slow by c makes it c times as large. Steps that are too slow for gait to be found are sought at
  other clocks.
- `falling`: the body's acceleration while it is in the air, against 9.81 m/s². Hips and both ankles have to fall alike, along a
  parabola, with a push before or a landing behind. A wrong height makes it wrong by its factor, a clock by its square.
- `stature`: the height given, against what the movement says of it (ESTIMATES), all of which compare a time with the size of a body
  under gravity: an estimate and its standard deviation each, combined by inverse variance.
- `shape`: the same segments, level and upright in the picture, and the shoulders against the trunk: a picture with wrong pixels is too
  wide or too narrow.

Limits without a source are judgements, checked on the developers' clips and on motion capture (`benchmarks/plausibility.py`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from posedetector.account import Entry, Note
from posedetector.anthropometry import LEG, SEGMENT_ENDS
from posedetector.kinematics.gait import find_gait
from posedetector.kinematics.nouns import REACH_90, Event, Kinematics
from posedetector.kinematics.signals import at_time, leg_length, point
from posedetector.pose import Array, Keypoints, MetricPose
from posedetector.skeletons import SIDES
from posedetector.subject import Subject

GRAVITY = 9.81
SERIOUS = 1.7  # a factor of two, which these checks tell to within about 15 %

WALK_RATIO, OF_STATURE = 0.0065, 1.68  # m per step/min (Sekiya et al. 1996), of adults of this stature (m; a judgement)
_USUAL_CADENCE = 110.0  # steps/min; healthy adults' normal range is 91–138 (Whittle 2007, Gait Analysis, appendix 1)
_SLOW, _FAST = 70.0, 165.0  # steps/min, beyond which a clock is doubted if the walk ratio is off as well
# of the expected walk ratio; healthy adults vary by 10 %, and patients' is smaller, not larger. Judgements
_TOO_LARGE, _TOO_SMALL = 1.6, 0.75
_HASTY = 220.0  # steps/min that only sprinters reach, with steps of more than `_SPRINT`
_SPRINT = 0.8  # of stature
_CLOCKS = (1.0, 2.0, 4.0, 8.0, 16.0, 0.5, 0.25)  # at which steps are sought, in this order
_FOUND = (75.0, 190.0)  # steps/min at the clock at which they were found
_STEP = (0.3, 1.4)  # of stature
_LEAST_STEPS, _LEAST_ON_THE_SPOT = 2, 10  # with a path, and without
_TROUGH = 0.22  # of a step after a contact, until which walkers' hips are lowest; runners' are at 0.25–0.55

_WINDOWS = (9, 13, 17, 25, 33, 49, 65, 97, 129)  # frames in the air
_DROP = 0.05  # of stature: sagitta of the parabola
_MISFIT = 0.06  # of the sagitta, root mean square
_ALIKE = 0.4  # of the acceleration: by so much ankles may differ in it, since legs stretch and bend
_PUSH = 1.25  # of the acceleration: upwards, before or behind
_FALLS = (0.75, 1.28)  # of 9.81 m/s²; filmed and captured jumps came out at 0.95–1.17
_HEIGHTS = (1.2, 2.1)  # metres: statures that are likelier than a wrong clock

# Surely in the air: both feet above where they stand, by a share of stature; misfit as a share of the sagitta. Dancers and climbers, whom
# a floor or hands carry, stay below one or above the other (CMU's subjects 01, 05 and 14). Judgements
_CLEAR, _SMOOTH_FALL = 0.02, 0.03
# Of ten captured drop jumps of true size: 1.04 of gravity (the hips, and the steepest part), standard deviation 0.04; of CMU's 1.06–1.17, on
# a skeleton that is not the jumper's. With 4 % for the share of the leg in a stature: the logarithm's standard deviation. Judgements
_FALLS_FASTER, _FALL_SD = 1.05, 0.07
# Standard deviation of the walk ratio's logarithm: 0.10 between people (Rota et al. 2011, Int J Rehabil Res 34:265–269: 6.38 ± 0.66; 0.09 in
# Fukuchi et al. 2018, PeerJ 6:e4640, at 1.0–1.5 m/s), 0.13 between laboratories (0.0057 in the latter), 0.12 of this analysis' speeds. A
# stature goes by its square.
_RATIO_SD = 0.2
_STEADY_RATIO = 98.0  # steps/min, below which people's walk ratio rises (Murakami & Otaka 2017, J Phys Ther Sci 29)

_WIDE_SHOULDERS, _USUAL_SHOULDERS = 0.8, 0.65  # of the trunk, in the picture; seen up to 0.71
# length of a level segment over that of an upright one; seen 0.7–1.09, and 1.02–1.09 of legs in side view
_WIDE, _NARROW = 1.2, 0.88
_SIDE_VIEW = 0.9  # cosine between path and picture

USUAL_RATES = (24, 25, 30, 50, 60, 100, 120, 240, 480, 960)
Cause = Literal["clock", "height", "aspect"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that bodies do not do: its likeliest cause, by what factor that is off (1 or more), and a note's text.

    `sure` : whether it is beyond doubt, however small the factor.
    """

    cause: Cause
    factor: float
    text: str
    sure: bool = False

    @property
    def severity(self) -> Literal["serious", "caution"]:
        """A note's severity: serious from about a factor of two, or if it is sure."""
        return "serious" if self.sure or self.factor >= SERIOUS else "caution"


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """What the checks look at.

    Attributes
    ----------
    stature : metres; what gave the pose its size, or what the bones that did so imply.
    rate : frames per second at which the video was captured, as far as known; before --every.
    told : whether an option or the file said so.
    """

    pose: MetricPose
    kinematics: Kinematics
    keypoints: Keypoints
    stature: float
    rate: float
    told: bool = False


def find_implausible(
    pose: MetricPose,
    kinematics: Kinematics,
    keypoints: Keypoints,
    subject: Subject,
    *,
    rate: float,
    told: bool = False,
) -> list[Doubt]:
    """Return what is not plausible, the worst first, one of each cause.

    Parameters
    ----------
    pose, kinematics, keypoints : of the same frames; keypoints in pixels.
    rate, told : see `Clip`.
    """
    clip = _clip(pose, kinematics, keypoints, subject, rate, told=told)
    if clip is None:
        return []
    found = sorted((doubt for check in CHECKS.values() for doubt in check(clip)), key=lambda one: -one.factor)
    return [doubt for place, doubt in enumerate(found) if doubt.cause not in {one.cause for one in found[:place]}]


def entry_of(
    pose: MetricPose, kinematics: Kinematics, keypoints: Keypoints, subject: Subject, *, rate: float, told: bool
) -> Entry:
    """Return what the movement says of the stature, and a note on each thing that is not plausible; as `find_implausible`."""
    doubts = find_implausible(pose, kinematics, keypoints, subject, rate=rate, told=told)
    checked = _check_stature(estimate_stature(pose, kinematics, keypoints, subject))
    notes = tuple(Note(severity=one.severity, text=one.text) for one in doubts)
    return Entry({"calibration": {"stature_check": checked}}, notes=notes)


def _check_stature(estimates: list["Estimate"]) -> str:
    if not estimates or combine(estimates).rough:
        return "nothing in this clip can check the height given: a jump or a fall would, several strides of a walk only roughly"
    together = f"; together {combine(estimates).words}" if len(estimates) > 1 else ""
    return combine(estimates).shown_by + together


def _clip(
    pose: MetricPose, kinematics: Kinematics, keypoints: Keypoints, subject: Subject, rate: float, *, told: bool
) -> Clip | None:
    by_bones = bool(subject.bone_lengths) or subject.height is None
    stature = leg_length(pose) / LEG if by_bones else float(subject.height or np.nan)
    usable = len(pose.time) > 1 and np.isfinite(stature)
    return Clip(pose, kinematics, keypoints, stature, rate, told) if usable else None


# Walking

_GAP = 3.0  # frames' usual distance in time; a judgement


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps that were found: per minute at the clip's own clock, metres (NaN on the spot), how many, and how surely they are a walker's."""

    cadence: float
    length: float
    count: int
    walks: bool


def find_steps(clip: Clip, clock: float) -> Steps | None:
    """Return the steps that are found if the clip's clock is slow by a factor."""
    pose, angles = clip.pose, clip.kinematics.angles
    if clock == 1:
        gait = clip.kinematics.gait
    else:
        time = pose.time / clock
        gait = find_gait(replace(pose, time=time), replace(angles, time=time))
    contacts = [event for event in gait.events if event.kind == "initial_contact"]
    if len(contacts) < 2:
        return None
    moments = np.array([event.time * clock for event in contacts])
    whole = _without_gaps(moments, pose.time)
    if not whole.any():
        return None
    count = int(whole.sum())
    cadence = 60 / float(np.median(np.diff(moments)[whole]))
    hips = np.array([at_time(pose.time, pose.root, when)[[0, 2]] for when in moments])
    length = float(np.linalg.norm(np.diff(hips, axis=0)[whole].sum(axis=0))) / count
    return Steps(
        cadence,
        length if length > _STEP[0] / 2 * clip.stature else np.nan,
        count,
        _hips_are_low_at_contacts(pose, contacts, clock),
    )


def _without_gaps(moments: Array, time: Array) -> NDArray[np.bool_]:
    """Tell for each step, from one of the moments (N,) to the next, whether the frames have no gap in it: there, steps are missing."""
    apart = np.diff(time)
    after = np.flatnonzero(apart > _GAP * np.median(apart))
    gaps = [(time[row], time[row + 1]) for row in after]
    return np.array(
        [not any(one < end and start < later for start, end in gaps) for one, later in pairwise(moments)], bool
    )


def _hips_are_low_at_contacts(pose: MetricPose, contacts: list[Event], clock: float) -> bool:
    """Tell walking from running: a walker's hips are lowest soon after a contact, a runner's in the middle of stance."""
    share = np.linspace(0, 1, 20, endpoint=False)
    wave = 0j
    for one, later in pairwise(contacts):
        height = np.interp((one.time + share * (later.time - one.time)) * clock, pose.time, pose.root[:, 1])
        wave += np.sum((height - height.mean()) * np.exp(-2j * np.pi * share))
    if not np.isfinite(wave):
        return False
    trough = float(np.angle(-wave) / (-2 * np.pi)) % 1
    return trough < _TROUGH or trough > 1 - _TROUGH


def expected_ratio(stature: float) -> float:
    """Return the walk ratio that goes with a stature in metres, in metres per step/min."""
    return WALK_RATIO * float((stature / OF_STATURE) ** 1.5)


def _walking(clip: Clip) -> Iterator[Doubt]:
    for clock in _CLOCKS:
        steps = find_steps(clip, clock)
        if steps is None:
            continue
        ratio = steps.length / steps.cadence / expected_ratio(clip.stature)
        if clock == 1 and (_SLOW <= steps.cadence <= _FAST or _TOO_SMALL <= ratio <= _TOO_LARGE):
            return
        if not _are_steps(steps, clip.stature, clock):
            continue
        slow = steps.cadence < _SLOW and not ratio <= _TOO_LARGE
        hasty = steps.cadence > _HASTY and steps.length < _SPRINT * clip.stature
        if slow or (ratio < _TOO_SMALL and (hasty or (steps.cadence > _FAST and steps.walks))):
            by_cadence = _USUAL_CADENCE / steps.cadence
            yield _clock(
                clip, float(np.sqrt(by_cadence * ratio)) if np.isfinite(ratio) else by_cadence, _of_steps(steps, clip)
            )
            return


def _are_steps(steps: Steps, stature: float, clock: float) -> bool:
    there = _FOUND[0] <= steps.cadence * clock <= _FOUND[1] or clock == 1
    if np.isnan(steps.length):
        return there and steps.count >= _LEAST_ON_THE_SPOT and clock >= 1 and steps.cadence < _SLOW
    least = 1 if clock <= 1 else _LEAST_STEPS
    return there and steps.count >= least and _STEP[0] <= steps.length / stature <= _STEP[1]


def _of_steps(steps: Steps, clip: Clip) -> str:
    if np.isnan(steps.length):
        return f"there are {steps.cadence:.0f} steps per minute, and walking people take about {_USUAL_CADENCE:.0f}"
    usual = steps.length / expected_ratio(clip.stature)
    return (
        f"there are {steps.cadence:.0f} steps per minute of {steps.length:.2f} m each, and steps of that length go with about "
        f"{usual:.0f} per minute"
    )


# Falling


def _falling(clip: Clip) -> Iterator[Doubt]:
    fall = find_fall(clip)
    if not fall:
        return
    share = fall / GRAVITY
    if _FALLS[0] <= share <= _FALLS[1]:
        return
    if not _HEIGHTS[0] <= clip.stature / share <= _HEIGHTS[1]:  # else it is `_stature`'s
        yield _clock(clip, float(share**-0.5), f"{_of_fall(fall)}, and gravity is 9.81")


def _of_fall(fall: float) -> str:
    return f"in a jump or fall the body accelerates downwards by {fall:.2g} m/s²"


def find_fall(clip: Clip, *, surely: bool = False) -> float:
    """Return the acceleration in m/s², downwards, with which the body is in the air; 0 if it never is.

    The greatest one that lasts: windows that have some of the push or the landing in them show less. `surely` asks for feet that are
    clear of the floor all the time, and for a smoother path.
    """
    pose = clip.pose
    step = float(np.median(np.diff(pose.time)))
    centre = clip.kinematics.masses.centre[:, 1]
    body = centre if np.isfinite(centre).any() else pose.root[:, 1]
    ankles = [(pose.root + point(pose, f"{side}_ankle"))[:, 1] for side in SIDES]
    low = np.minimum(*ankles)
    floor = float(np.nanquantile(low, 0.05)) + _CLEAR * clip.stature if surely and np.isfinite(low).any() else -np.inf
    found = 0.0
    gaps = np.diff(pose.time) > _GAP * step
    for frames in _WINDOWS:
        if frames > len(body):
            break
        whole = ~np.lib.stride_tricks.sliding_window_view(gaps, frames - 1).any(axis=1)
        fall, misfit = _parabolas(body, frames, step)
        alike = np.all([np.abs(_parabolas(one, frames, step)[0] / fall - 1) < _ALIKE for one in ankles], axis=0)
        drop = fall * ((frames - 1) * step) ** 2 / 8
        smooth = misfit < (_SMOOTH_FALL if surely else _MISFIT) * drop
        clear = np.lib.stride_tricks.sliding_window_view(low, frames).min(axis=1) > floor
        airborne = (
            whole & alike & (fall > max(found, 0.0)) & (drop > _DROP * clip.stature) & smooth & (clear | (not surely))
        )
        for row in np.flatnonzero(airborne):
            if fall[row] > found and _pushed(body, int(row), frames, step, float(fall[row])):
                found = float(fall[row])
    return found


def _parabolas(path: Array, frames: int, step: float) -> tuple[Array, Array]:
    """Return of each window of (T,) heights the acceleration downwards and the root mean square misfit of a parabola."""
    at = (np.arange(frames) - (frames - 1) / 2) * step
    terms = np.stack([np.ones(frames), at, at**2 / 2], axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(path, frames)
    fitted = windows @ np.linalg.pinv(terms).T
    misfit = np.sqrt(np.mean((windows - fitted @ terms.T) ** 2, axis=1))
    return -fitted[:, 2], misfit


def _pushed(body: Array, row: int, frames: int, step: float, fall: float) -> bool:
    """Tell whether a push or a landing is near a window: upward acceleration, which drifting depth does not have."""
    short = max(5, frames // 4 * 2 + 1)
    near = body[max(row - frames, 0) : row + 2 * frames + short]
    if len(near) < short:
        return False
    ups = -_parabolas(near, short, step)[0]
    return bool(np.nanmax(ups, initial=0.0, where=np.isfinite(ups)) >= _PUSH * fall)


# Stature


@dataclass(frozen=True, slots=True)
class Estimate:
    """A stature that something shows: metres, the standard deviation of its logarithm, what showed it, and what else may explain it."""

    stature: float
    sd: float
    shown_by: str
    otherwise: str = ""

    def interval(self, reach: float = REACH_90) -> tuple[float, float]:
        """Return the ends in metres, so many standard deviations away; by default of the 90 % interval."""
        factor = float(np.exp(reach * self.sd))
        return self.stature / factor, self.stature * factor

    @property
    def rough(self) -> bool:
        """Whether it fits nearly anybody."""
        return self.sd > _ROUGH

    @property
    def words(self) -> str:
        """The stature with its 90 % interval, or that alone where it is wide."""
        low, high = self.interval()
        return (
            f"anywhere from {low:.1f} to {high:.1f} m (90 %)"
            if self.rough
            else f"{self.stature:.2f} m (90 %: {low:.2f}–{high:.2f})"
        )


def estimate_stature(
    pose: MetricPose, kinematics: Kinematics, keypoints: Keypoints, subject: Subject
) -> list[Estimate]:
    """Return what the movement says of the person's stature, whatever was given; empty where nothing does.

    Parameters
    ----------
    pose, kinematics, keypoints : as for `find_implausible`; in the size that `subject` gave them.
    """
    clip = _clip(pose, kinematics, keypoints, subject, np.nan, told=False)
    return [] if clip is None else list(_estimates(clip))


def combine(estimates: list[Estimate]) -> Estimate:
    """Return one estimate of several independent ones, by inverse variance of their logarithms."""
    weights = np.array([one.sd**-2 for one in estimates])
    middle = float(weights @ np.log([one.stature for one in estimates]) / weights.sum())
    best = min(estimates, key=lambda one: one.sd)
    shown_by = "; ".join(f"{one.shown_by}, which fits a stature of {one.words}" for one in estimates)
    return Estimate(float(np.exp(middle)), float(weights.sum() ** -0.5), shown_by, best.otherwise)


def _estimates(clip: Clip) -> Iterator[Estimate]:
    for show in ESTIMATES.values():
        found = show(clip)
        if found is not None:
            yield found


def _by_falling(clip: Clip) -> Estimate | None:
    fall = find_fall(clip, surely=True)
    if not fall or not _HEIGHTS[0] <= clip.stature * GRAVITY / fall <= _HEIGHTS[1]:
        return None
    share = fall / GRAVITY / _FALLS_FASTER
    otherwise = f"the clock is {_pace(share**-0.5)}: check the frame rate (--capture-fps)"
    return Estimate(clip.stature / share, _FALL_SD, f"{_of_fall(fall)}, and gravity is 9.81", otherwise)


def _by_walking(clip: Clip) -> Estimate | None:
    """Return by the walk ratio, which goes by stature to the power of 1.5 and is measured in proportion to the one given.

    Quick, short steps come with age and disease too (multiple sclerosis: 0.0054, Rota et al. 2011), so they say nothing.
    """
    steps = None if clip.kinematics.gait.quality == "none" else find_steps(clip, 1.0)
    if steps is None or not steps.walks or not _STEADY_RATIO <= steps.cadence <= _FAST or np.isnan(steps.length):
        return None
    ratio = steps.length / steps.cadence / expected_ratio(clip.stature)
    if ratio < 1:
        return None
    said = f"{steps.cadence:.0f} steps per minute of {steps.length:.2f} m"
    otherwise = "the subject takes unusually long, slow steps, or the clock is slow (--capture-fps)"
    return Estimate(clip.stature * ratio**2, 2 * _RATIO_SD, said, otherwise)


def _stature(clip: Clip) -> Iterator[Doubt]:
    """Weigh the stature given against the estimates: a caution beyond their 90 % interval, serious beyond the 99 % one."""
    estimates = list(_estimates(clip))
    if not estimates:
        return
    one = combine(estimates)
    off = clip.stature / one.stature
    if abs(np.log(off)) <= REACH_90 * one.sd:
        return
    how = f"{100 * abs(off - 1):.0f} % too {'large' if off > 1 else 'small'}"
    yield Doubt(
        "height",
        max(off, 1 / off),
        f"the height of {clip.stature:.2f} m is likely wrong: {one.shown_by}"
        + (f"; together {one.words}" if len(estimates) > 1 else "")
        + f". All lengths and speeds are then about {how}: check --height (or --bone-length). If the height is right, {one.otherwise}",
        sure=abs(np.log(off)) > _REACH_99 * one.sd,
    )


_REACH_99 = 2.576
_ROUGH = 0.25  # of an estimate, beyond which its middle only misleads; a judgement
ESTIMATES: dict[str, Callable[[Clip], Estimate | None]] = {"falling": _by_falling, "walking": _by_walking}


# Shape


def _shape(clip: Clip) -> Iterator[Doubt]:
    levels = level_over_upright(clip.keypoints)
    shoulders = _shoulders_over_trunk(clip.keypoints)
    middle = float(np.median(levels)) if len(levels) > 2 else 1.0
    if middle > _WIDE or shoulders > _WIDE_SHOULDERS:
        yield Doubt("aspect", max(middle, shoulders / _USUAL_SHOULDERS), _of_pixels("wide"))
        return
    legs = level_over_upright(clip.keypoints, ("thigh", "shank"))
    if len(legs) and _in_side_view(clip) and max(legs) < _NARROW:
        yield Doubt("aspect", 1 / max(legs), _of_pixels("narrow"))


def level_over_upright(
    keypoints: Keypoints,
    segments: Iterable[str] = SEGMENT_ENDS,
) -> list[float]:
    """Return of each segment that is seen level and upright in the picture how long it is level, over upright (90 % quantiles)."""
    found = []
    for near, far in (SEGMENT_ENDS[segment] for segment in segments):
        for side in SIDES:
            if not keypoints.skeleton.has(f"{side}_{near}", f"{side}_{far}"):
                continue
            one, other = keypoints.skeleton.indices(f"{side}_{near}", f"{side}_{far}")
            way = np.abs(keypoints.xy[:, other] - keypoints.xy[:, one])
            way = way[np.isfinite(way).all(axis=1)]
            length, angle = np.hypot(*way.T), np.degrees(np.arctan2(*way.T))
            level, upright = length[angle > 60], length[angle < 25]
            if min(len(level), len(upright)) >= 5:
                found.append(float(np.quantile(level, 0.9) / np.quantile(upright, 0.9)))
    return found


def _shoulders_over_trunk(keypoints: Keypoints) -> float:
    names = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
    if not keypoints.skeleton.has(*names):
        return 0.0
    left, right, left_hip, right_hip = (keypoints.xy[:, row] for row in keypoints.skeleton.indices(*names))
    trunk = (left + right) / 2 - (left_hip + right_hip) / 2
    upright = np.abs(trunk[:, 1]) > 2 * np.abs(trunk[:, 0])
    share = (np.abs(left - right)[:, 0] / np.linalg.norm(trunk, axis=1))[upright]
    share = share[np.isfinite(share)]
    return float(np.quantile(share, 0.9)) if len(share) >= 5 else 0.0


def _in_side_view(clip: Clip) -> bool:
    """Tell whether somebody walks along the picture: its axes are the laboratory's Z and Y."""
    places = clip.pose.root[np.isfinite(clip.pose.root).all(axis=1)][:, [0, 2]]
    if clip.kinematics.gait.quality == "none" or len(places) < 2:
        return False
    way = places[-1] - places[0]
    return bool(np.abs(way[1]) > _SIDE_VIEW * np.linalg.norm(way) and np.linalg.norm(way) > clip.stature / 2)


def _of_pixels(how: str) -> str:
    what = (
        "arms and legs are longer when they are level than when they are upright, or the shoulders are too wide for the trunk"
        if how == "wide"
        else "the legs are shorter when they are level than when they are upright, in side view"
    )
    return (
        f"the picture is likely stretched ({'too wide' if how == 'wide' else 'too narrow'}): {what}, as when pixels that are not square are "
        "taken for square ones. Angles and lengths are wrong: check how the video looks in a player (circles round?), and convert it to "
        "square pixels"
    )


# Words


def _clock(clip: Clip, factor: float, evidence: str) -> Doubt:
    rate = likely_rate(clip.rate * factor)
    advice = (
        "check --capture-fps, or what the file says of its capture"
        if clip.told
        else "if the video is slow motion or was retimed, pass --capture-fps with the rate at which its frames were captured"
    )
    like = f" (perhaps {rate})" if rate else ""
    less = "too low" if factor > 1 else "too high"
    return Doubt(
        "clock",
        max(factor, 1 / factor),
        f"the clock is likely {_pace(factor)}: {evidence}. Times are wrong, speeds and cadence come out {less} by that factor, accelerations "
        f"by its square; {advice}{like}",
    )


def _pace(factor: float) -> str:
    """Return how a clock goes that counts `factor` seconds where one passes."""
    return f"slow, about {factor:.2g} times" if factor > 1 else f"fast, about {1 / factor:.2g} times"


def likely_rate(rate: float) -> int | None:
    """Return the usual frame rate nearest to one that is known roughly; None if there is none near."""
    if not 0 < rate < np.inf:
        return None
    nearest = min(USUAL_RATES, key=lambda usual: abs(np.log(usual / rate)))
    return nearest if abs(np.log(nearest / rate)) < 0.3 else None


CHECKS: dict[str, Callable[[Clip], Iterator[Doubt]]] = {
    "walking": _walking,
    "falling": _falling,
    "stature": _stature,
    "shape": _shape,
}
