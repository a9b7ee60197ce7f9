"""The pose as a tree of joints with constant offsets and rotations, as animation programs want it.

Axes here are those of a BVH file: X left, Y up, Z forward of a person who faces the camera; right-handed, metres. Rotations of 0
everywhere are a T-pose: upright, legs down, soles level, arms out to the sides, palms down, looking forward.

A joint turns so that it points to the landmark at its far end, seen from where the joints above have put it: lengths that are not
quite constant in the pose do not add up along a limb. How it is turned about that direction, its segment's axes say
(kinematics/frames.py). A straight elbow does not show that of its arm: it is interpolated between frames that do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from posedetector.arrays import MISSING, rotation_between, runs, unit
from posedetector.filters import interpolate, sampling_rate
from posedetector.kinematics.frames import KNEE_AXIS_HIDDEN, KNEE_AXIS_SEEN, Landmarks, bend
from posedetector.pose import Array, ByteArray, MetricPose, Source, finite, weakest, weakest_of
from posedetector.writers.turns import Flags, twist, twist_angle, with_gaps_filled

# rows: a BVH file's X left, Y up, Z forward in the laboratory's X towards the camera, Y up, Z right of a person who faces it
FROM_LABORATORY = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
LEFT, UP, FORWARD = np.eye(3)
_UNEVEN = 0.05  # of a step: frames that lie farther than this from even times are brought to those
_TURN_SMOOTHED = 0.05  # seconds, standard deviation of the window: a turn's part above 3 Hz is left out
_SURE = 0.5  # of a turn's part about its own direction: below, it is interpolated


class Joint(NamedTuple):
    """One row of the tree; `{head}` among landmarks is the ears, or the point `head`.

    Attributes
    ----------
    at : landmarks in whose middle the joint is.
    toward : landmarks at whose middle it points; none for a joint that does not turn by itself.
    rest : where it points in the T-pose; a foot's is found from its sole.
    axes : segment and number of the axis (0, 1, 2 for X, Y, Z) that says how the joint is turned about its direction.
    rest_axis : where that axis points in the T-pose.
    order : of its rotations, about moving axes; in the middle the one that least often comes near 90°.
    rests_on : landmarks that the axis rests on.
    end : metres; where a joint without children is drawn to, if not to `toward`.
    bent : three landmarks that have to be out of line for the axis to be seen; empty for most.
    farthest : radians from where it points in the T-pose; what is farther is an error of hidden hands, and filled.
    """

    name: str
    parent: str
    at: tuple[str, ...]
    toward: tuple[str, ...]
    rest: Array
    axes: tuple[str, int]
    rest_axis: Array
    order: str
    rests_on: tuple[str, ...]
    end: Array
    bent: tuple[str, ...] = ()
    farthest: float = np.pi


_HIPS, _SHOULDERS, _HEAD = ("left_hip", "right_hip"), ("left_shoulder", "right_shoulder"), ("{head}",)
_TRUNK = (*_HIPS, *_SHOULDERS)


def _arm(side: str, out: Array) -> tuple[Joint, ...]:
    """Return the rows of an arm; `out` points away from the body."""
    shoulder, elbow, wrist = arm = tuple(f"{side}_{name}" for name in ("shoulder", "elbow", "wrist"))
    hand = (wrist, f"{side}_index", f"{side}_pinky")
    # what is on the right of a hanging arm is below it when it is lifted to the left, above it when to the right; of a hand, palm
    # down, it is behind on the left side and ahead on the right
    across, palm = np.cross(out, FORWARD), np.cross(UP, out)
    upper, fore, palms = ((f"{side}_{name}", 2) for name in ("arm", "forearm", "hand"))
    s = side.capitalize()
    return (
        Joint(f"{s}Shoulder", "Spine", _SHOULDERS, (shoulder,), out, ("trunk", 1), UP, "YZX", _TRUNK, 0.1 * out),
        Joint(f"{s}Arm", f"{s}Shoulder", (shoulder,), (elbow,), out, upper, across, "XYZ", arm, 0.1 * out, arm),
        Joint(f"{s}ForeArm", f"{s}Arm", (elbow,), (wrist,), out, fore, across, "YZX", arm, 0.1 * out, arm),
        Joint(
            *(f"{s}Hand", f"{s}ForeArm", (wrist,), hand[1:], out, palms, palm, "YZX", hand, 0.08 * out),
            farthest=np.pi / 2,
        ),
    )


def _leg(side: str) -> tuple[Joint, ...]:
    hip, knee, ankle = leg = tuple(f"{side}_{name}" for name in ("hip", "knee", "ankle"))
    toes = f"{side}_foot_index"
    foot = (knee, ankle, f"{side}_heel", toes)
    thigh, shank, sole = ((f"{side}_{name}", 2) for name in ("thigh", "shank", "foot"))
    s = side.capitalize()
    return (
        Joint(f"{s}UpLeg", "Hips", (hip,), (knee,), -UP, thigh, -LEFT, "XZY", leg, -0.1 * UP),
        Joint(f"{s}Leg", f"{s}UpLeg", (knee,), (ankle,), -UP, shank, -LEFT, "XZY", leg, -0.1 * UP),
        Joint(f"{s}Foot", f"{s}Leg", (ankle,), (toes,), FORWARD, sole, -LEFT, "XZY", foot, 0.1 * FORWARD),
        Joint(f"{s}ToeBase", f"{s}Foot", (toes,), (), FORWARD, sole, -LEFT, "XZY", (), 0.03 * FORWARD),
    )


# depth first, as a BVH lists them
JOINTS: tuple[Joint, ...] = (
    Joint("Hips", "", _HIPS, _HIPS[1:], -LEFT, ("pelvis", 0), FORWARD, "YZX", _TRUNK, 0.1 * UP),
    Joint("Spine", "Hips", _HIPS, _SHOULDERS, UP, ("trunk", 2), -LEFT, "XZY", _TRUNK, 0.1 * UP),
    Joint("Neck", "Spine", _SHOULDERS, _HEAD, UP, ("neck", 2), -LEFT, "XZY", (*_SHOULDERS, *_HEAD), 0.1 * UP),
    Joint("Head", "Neck", _HEAD, ("nose",), FORWARD, ("neck", 2), -LEFT, "XZY", ("nose", *_HEAD), 0.15 * UP),
    *_arm("left", LEFT),
    *_arm("right", -LEFT),
    *_leg("left"),
    *_leg("right"),
)

# How a rotation came about: what this module does where landmarks are missing, then the words of landmarks' sources
FIXED, HELD, FILLED = range(3)
WORDS = ("fixed", "held", "filled", *(source.label for source in Source if source is not Source.NONE))


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """What one joint does over T frames.

    Attributes
    ----------
    offset : (3,) metres from the parent in the T-pose; of the first joint 0.
    end : (3,) metres from the joint to where it is drawn to, if nothing hangs on it.
    turn : (T, 3, 3) rotation against the parent, of the first joint against the file's axes.
    words : (T,) places in `WORDS`, of that rotation.
    twist_words : (T,) places in `WORDS`, of its part about the direction in which the joint points.
    place : (T, 3) metres, where all that puts the joint.
    error : (T,) metres from there to its landmarks; NaN where these are missing, or a rotation above is held or filled.
    """

    joint: Joint
    offset: Array
    end: Array
    turn: Array
    words: ByteArray
    twist_words: ByteArray
    place: Array
    error: Array


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A pose as a tree of joints, each behind its parent; T is 0 where no frame has both hips and both shoulders.

    Attributes
    ----------
    time : (T,) seconds of the clip, `step` apart.
    placed : (T,) whether the first joint's place was known, and not interpolated.
    first, frames : from which of the clip's frames on, and how many of them.
    resampled : whether these were uneven in time, so that the tree's frames lie between them.
    """

    time: Array
    step: float
    motions: tuple[Motion, ...]
    placed: Flags
    first: int
    frames: int
    resampled: bool


def tree_of(pose: MetricPose) -> Tree:
    """Return the tree from the first to the last frame with a trunk; it has the joints whose landmarks are ever known there."""
    xyz = pose.positions @ FROM_LABORATORY.T
    rows = pose.skeleton.indices(*_TRUNK) if pose.skeleton.has(*_TRUNK) else []
    trunk = np.flatnonzero(finite(xyz[:, rows]).all(axis=1)) if rows else np.empty(0, int)
    covered = slice(int(trunk[0]), int(trunk[-1]) + 1) if len(trunk) else slice(0, 0)
    time, xyz, source = pose.time[covered], xyz[covered], pose.source[covered]
    even, step = even_times(time)
    uneven = len(even) != len(time) or bool((np.abs(even - time) > _UNEVEN * step).any())
    if uneven:
        xyz, source = _at_even_times(time, xyz, source, even, step)
    points = Landmarks(pose.skeleton, xyz)
    motions = tuple(_motions(points, source, step))
    placed = finite(points.at(*_HIPS))
    return Tree(even if uneven else time, step, motions, placed, covered.start, len(time), uneven)


def even_times(time: Array) -> tuple[Array, float]:
    """Return the times (T,) that frames would have were they even, and the seconds between two; skipped frames do not count."""
    steps = np.diff(time)
    if not len(steps):
        return time, 1.0
    step = float(steps[steps < MISSING / sampling_rate(time)].mean())
    return time[0] + step * np.arange(int((time[-1] - time[0]) / step + _UNEVEN) + 1), step


def _at_even_times(time: Array, xyz: Array, source: ByteArray, even: Array, step: float) -> tuple[Array, ByteArray]:
    """Return points and sources at other times; missing where one of the two frames around is, interpolated over skipped ones."""
    near = _UNEVEN * step
    before = np.searchsorted(time, even + near, side="right") - 1
    after = np.minimum(np.searchsorted(time, even - near), len(time) - 1)
    found = np.full((len(even), *xyz.shape[1:]), np.nan)
    for point in range(xyz.shape[1]):
        for run in runs(finite(xyz[:, point])):
            inside = (before >= run.start) & (after < run.stop)
            if inside.any():
                found[inside, point] = interpolate(time[run], xyz[run, point], even[inside])
    sources = weakest(source[before], source[after])
    skipped = time[after] - time[before] > MISSING * step
    sources[skipped] = weakest(sources[skipped], Source.INTERPOLATED)
    return found, sources


def _motions(points: Landmarks, source: ByteArray, step: float) -> Iterator[Motion]:
    """Yield the joints that these points have, from the first down; nothing hangs on one that they lack."""
    known: dict[
        str, tuple[Motion, Array, Flags]
    ] = {}  # with rotations against the file's axes, and where all up to it is known
    for row in JOINTS:
        joint = _as_far_as_known(row, points)
        at = points.at(*joint.at)
        if not row.parent:
            offset, turned, place, sound = np.zeros(3), np.tile(np.eye(3), (len(at), 1, 1)), _filled(at), finite(at)
        elif row.parent in known:
            above, turned, sound = known[row.parent]
            length = np.linalg.norm(at - points.at(*above.joint.at), axis=-1)
            if not np.isfinite(length).any():
                continue
            ahead = above.joint.rest if joint.at == above.joint.toward else -above.joint.rest
            offset = np.zeros(3) if joint.at == above.joint.at else float(np.nanmedian(length)) * ahead
            place = above.place + turned @ offset
        else:
            continue
        turn, words, twist_words = _turn(joint, points, source, step, place, turned, sound)
        end = joint.end
        if joint.toward and joint.end @ joint.rest:
            end = float(np.nanmedian(np.linalg.norm(points.at(*joint.toward) - at, axis=-1))) * joint.rest
        error = np.where(sound, np.linalg.norm(place - at, axis=-1), np.nan)
        motion = Motion(joint, offset, end, turn, words, twist_words, place, error)
        known[row.name] = motion, turned @ turn, sound & ~np.isin(words, (HELD, FILLED))
        yield motion


def _as_far_as_known(row: Joint, points: Landmarks) -> Joint:
    """Return a row with landmarks by name; it does not turn where those it points at are never known, and a foot has its own rest."""
    ears = ("left_ear", "right_ear")
    head = ears if points.skeleton.has(*ears) else ("head",)
    at, toward, rests_on = (
        tuple(point for name in names for point in (head if name == "{head}" else (name,)))
        for names in (row.at, row.toward, row.rests_on)
    )
    if toward and not finite(points.at(*toward) - points.at(*at)).any():
        toward = ()
    rest = row.rest
    if row.axes[0].endswith("foot") and toward:
        lines = np.swapaxes(points.frame(row.axes[0]), -1, -2) @ unit(points.at(*toward) - points.at(*at))[..., None]
        lines = lines[np.isfinite(lines[:, 0, 0]), :2, 0]
        if len(lines):
            ahead, up = np.median(lines, axis=0)
            rest = unit(ahead * FORWARD + up * UP)
    return row._replace(at=at, toward=toward, rests_on=rests_on, rest=rest)


def _turn(
    joint: Joint, points: Landmarks, source: ByteArray, step: float, place: Array, above: Array, sound: Flags
) -> tuple[Array, ByteArray, ByteArray]:
    """Return a joint's rotations against its parent's, which are `above`, with the words of both parts.

    It is known only where all up to it is `sound`: seen from a place that is made up, landmarks lie anywhere.
    """
    count = len(place)
    if not joint.toward:
        return np.tile(np.eye(3), (count, 1, 1)), *np.full((2, count), FIXED, np.uint8)
    inwards = np.swapaxes(above, -1, -2)
    aim = (inwards @ unit(points.at(*joint.toward) - place)[..., None])[..., 0]
    known = sound & finite(points.at(*joint.at)) & finite(aim) & ~(aim @ joint.rest < np.cos(joint.farthest))
    aim[~known] = joint.rest
    segment, column = joint.axes
    axis = (inwards @ points.frame(segment)[..., column, None])[..., 0]
    shown = known & finite(axis)
    if not joint.parent:
        axis = unit(
            _filled(axis)
        )  # it may turn all the way round, so that angles about its direction have no way between them
    swung = rotation_between(joint.rest, aim)
    found = twist_angle(aim, swung @ joint.rest_axis, axis)
    share = np.where(shown & np.isfinite(found), _share_shown(joint, points), 0.0)
    angle = _steady(found, share, step) if joint.parent else np.nan_to_num(found)
    aimed, twisted = (_least(source, points, names) for names in ((*joint.at, *joint.toward), joint.rests_on))
    words = _words(known, aimed)
    twist_words = np.minimum(words, _words(share >= _SURE, twisted))  # fixed, held and filled rank as they are numbered
    twist_words = np.where(twist_words <= FILLED, twist_words, _word_of(weakest(aimed, twisted)))
    return with_gaps_filled(twist(aim, angle) @ swung, known), words, twist_words


def _share_shown(joint: Joint, points: Landmarks) -> Array:
    """Return how far (T,) a joint's own axis counts, from 0 to 1: all of it, but for joints that have to be bent for that."""
    if not joint.bent:
        return np.ones(len(points.xyz))
    share = np.clip((bend(points, *joint.bent) - KNEE_AXIS_HIDDEN) / (KNEE_AXIS_SEEN - KNEE_AXIS_HIDDEN), 0, 1)
    return np.asarray(np.nan_to_num(share**2 * (3 - 2 * share)))


def _steady(angle: Array, share: Array, step: float) -> Array:
    """Return angles (T,) as found where they count, on straight lines between where they do not, and all of them smoothed.

    0 if they never count. What turns by leaps is the axis that is looked at (a knee that straightens hands over to its foot), so a
    turn is smoothed; the places of joints do not depend on it. It goes the way round that stays near the clip's mean.
    """
    from scipy.ndimage import gaussian_filter1d

    sure = share >= _SURE
    if not sure.any():
        return np.zeros(len(angle))
    middle = float(np.angle(np.exp(1j * angle[sure]).sum()))
    near = middle + _wrapped(angle - middle)
    rows = np.arange(len(angle))
    steady = np.interp(rows, rows[sure], near[sure])
    mixed = np.where(share > 0, steady + share * _wrapped(near - steady), steady)
    return np.asarray(gaussian_filter1d(mixed, _TURN_SMOOTHED / step, mode="nearest"))


def _wrapped(angle: Array) -> Array:
    return np.asarray(np.mod(angle + np.pi, 2 * np.pi) - np.pi)


def _words(known: Flags, source: ByteArray) -> ByteArray:
    """Return words (T,): of a known frame its source's, between known ones filled, else held; fixed if none is known."""
    words = np.where(known, _word_of(source), FILLED).astype(np.uint8)
    if not known.any():
        return np.full_like(words, FIXED)
    words[: np.argmax(known)] = HELD
    words[len(known) - np.argmax(known[::-1]) :] = HELD
    return words


def _least(source: ByteArray, points: Landmarks, names: tuple[str, ...]) -> ByteArray:
    """Return the source (T,) of the least firsthand of some landmarks."""
    rows = points.skeleton.indices(*(name for name in names if points.skeleton.has(name)))
    return weakest_of(source[:, rows])


def _word_of(source: ByteArray) -> ByteArray:
    """Return the places in `WORDS` of sources, none of which is NONE."""
    return np.asarray(source + FILLED, np.uint8)


def _filled(places: Array) -> Array:
    """Return places (T, 3), on straight lines where they are missing."""
    known = finite(places)
    rows = np.arange(len(places))
    if not known.any():
        return np.zeros_like(places)
    return np.stack([np.interp(rows, rows[known], axis[known]) for axis in places.T], axis=-1)
