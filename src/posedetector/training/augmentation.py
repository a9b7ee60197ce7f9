"""Other bodies and other postures out of those that were recorded; what the mocap lacks, this has to make up.

Arrays hold many clips at once: points (B, T, 14, 3) in metres, Y up (`bodies.BODY_14`). Every range is of its own clip
unless it wanders over time. What is not from a table of anthropometry is a judgement of what people do before cameras;
none of it was fitted to a clip that accuracy is measured on.
"""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from posedetector.anthropometry import (
    ADULT_STATURE,
    TRAINED_EYES,
    TRAINED_HEAD_AHEAD,
    TRAINED_NECK,
    TRAINED_NOSE,
    TRAINED_SHARES,
)
from posedetector.training.bodies import (
    ARMS,
    FACE,
    HIPS,
    LEGS,
    MIRROR,
    MOST_BENT,
    SHOULDERS,
    UP,
    UPPER,
    Floats,
    bend_for,
    bent,
    dot,
    halfway,
    place,
    rotate,
    side_of_bend,
    trunk_axes,
    unit,
)
from posedetector.training.mocap import Take

# how far shares of stature are spread
_SPREADS = {"thigh": 0.05, "shank": 0.05, "upper_arm": 0.07, "forearm": 0.07, "trunk": 0.07}


def draw(takes: Sequence[Take], count: int, frames: int, rng: Generator) -> Floats:
    """Return (count, frames, 14, 3) from recordings, each at 0.7–1.5 times its speed.

    What is too short goes on backwards; one in ten is played backwards throughout.
    """
    result = np.empty((count, frames, 14, 3), np.float32)
    for row, number in enumerate(rng.choice(len(takes), size=count, p=shares(takes, 3 * frames))):
        take, speed = takes[number].points, rng.uniform(0.7, 1.5)
        spare = max(len(take) - 1 - frames * speed, 0)
        moment = rng.uniform(0, spare + 1e-6) + speed * np.arange(frames)
        period = 2 * (len(take) - 1)
        moment = np.abs((moment + period / 2) % period - period / 2)
        before = np.minimum(moment.astype(int), len(take) - 2)
        weight = (moment - before).astype(np.float32)[:, None, None]
        result[row] = take[before] * (1 - weight) + take[before + 1] * weight
    backwards = rng.random(count) < 0.1
    result[backwards] = result[backwards, ::-1]
    return result


def shares(takes: Sequence[Take], most: int) -> NDArray[np.float64]:
    """Return how often each recording is drawn; sums to 1.

    Files are drawn by the root of their duration, so that a large one does not drown the others; within a file, long
    recordings are drawn more often, but not in proportion, and none for more than `most` frames.
    """
    lengths = np.array([len(take.points) for take in takes], float)
    _, files = np.unique([take.file for take in takes], return_inverse=True)
    share = np.minimum(lengths, most) ** 0.7
    scale = np.sqrt(np.bincount(files, lengths)) / np.bincount(files, share)
    share *= scale[files]
    return np.asarray(share / share.sum())


def augment(points: Floats, rng: Generator) -> Floats:
    """Return other bodies in other postures, as many as came in."""
    points = mix(points, rng)
    mirror = rng.random(len(points)) < 0.5
    points[mirror] = points[mirror][:, :, MIRROR] * np.array([-1, 1, 1], np.float32)
    stay = rng.random(len(points)) < 0.15  # as on a treadmill
    root = points[:, :, HIPS].mean(axis=2, keepdims=True) * np.array([1, 0, 1], np.float32)
    points[stay] += (root[:, :1] - root)[stay]
    points = rebuild(points, rng)
    points = step_aside(points, rng)
    return turn_head(lower(points, rng), rng)


def mix(points: Floats, rng: Generator) -> Floats:
    """Return bodies of which three in ten have the next one's trunk and arms on their own legs, turned the same way."""
    chosen = np.flatnonzero(rng.random(len(points)) < 0.3)
    lower_half, upper_half = points[chosen], points[(chosen + 1) % len(points)]
    turn = _heading(lower_half) - _heading(upper_half)
    middle = upper_half[:, :, HIPS].mean(axis=2, keepdims=True)
    turned = rotate(upper_half - middle, np.broadcast_to(UP, upper_half.shape), np.repeat(turn[..., None], 14, axis=-1))
    mixed = lower_half.copy()
    mixed[:, :, UPPER] = (turned + lower_half[:, :, HIPS].mean(axis=2, keepdims=True))[:, :, UPPER]
    result = points.copy()
    result[chosen] = mixed
    return result


def rebuild(points: Floats, rng: Generator) -> Floats:
    """Return bodies of drawn proportions, bent and turned a little otherwise at every joint.

    Segments of the legs vary by 5 % about their share of stature, about as much as in the populations that the shares are
    from, those of the arms and the trunk by 7 %, since detectors differ in where they see shoulders; joints are moved by
    angles that wander, knees and elbows bend more or less than they did, and never backwards.
    """
    count, frames = points.shape[:2]
    thigh, shank, upper_arm, forearm, trunk = (
        TRAINED_SHARES[segment] * rng.normal(1, spread, (count, 1)).astype(np.float32) * ADULT_STATURE
        for segment, spread in _SPREADS.items()
    )
    hip_width = _uniform(rng, 0.75, 1.3, count) * TRAINED_SHARES["hips"] * ADULT_STATURE
    shoulder_width = _uniform(rng, 0.8, 1.2, count) * TRAINED_SHARES["shoulders"] * ADULT_STATURE
    hips, shoulders = points[:, :, HIPS], points[:, :, SHOULDERS]
    root = halfway(hips) * ((thigh + shank) / _leg_length(points).clip(0.1))[..., None]
    left, up, forward = trunk_axes(points)
    legs, arms = (
        [side_of_bend(points, limb, usual) for limb in both] for both, usual in ((LEGS, forward), (ARMS, -forward))
    )

    # what hangs from the trunk is turned with it
    upper = np.stack([up, unit(shoulders[:, :, 0] - shoulders[:, :, 1]), *arms[0], *arms[1]], axis=2)
    for axis, degrees in ((left, 7), (forward, 4), (up, 5)):
        upper = rotate(upper, axis[:, :, None], wander(rng, count, frames, degrees)[..., None])
    raised = _raise_arms(rng, count, frames)
    upper[:, :, 2:] = rotate(upper[:, :, 2:], left[:, :, None], -raised[..., None])

    result = np.zeros_like(points)
    result[:, :, HIPS] = _apart(root, unit(hips[:, :, 0] - hips[:, :, 1]), hip_width)
    result[:, :, SHOULDERS] = _apart(root + trunk[..., None] * upper[:, :, 0], upper[:, :, 1], shoulder_width)
    for leg, (direction, side) in zip(LEGS, legs, strict=True):
        bend = bent(points, leg)
        _hang(result, leg, _turned(direction, side, (4, 5), rng), (thigh, shank), _bend_otherwise(bend, rng, _KNEE))
    for number, arm in enumerate(ARMS):
        direction, side = upper[:, :, 2 * number + 2], upper[:, :, 2 * number + 3]
        turned = _turned(direction, side, (8, 10), rng)
        _hang(result, arm, turned, (upper_arm, forearm), _bend_otherwise(bent(points, arm), rng, _ELBOW))
    return _face(result)


def step_aside(points: Floats, rng: Generator) -> Floats:
    """Return bodies of which some stand wider, narrower, or with one foot before the other; the pelvis stays."""
    count = len(points)
    left, _, forward = trunk_axes(points)
    left, forward = _level(left), _level(forward)
    wider = np.where(rng.random(count) < 0.3, rng.uniform(-0.05, 0.18, count), 0)
    before = np.where(rng.random(count) < 0.2, rng.normal(0, 0.18, count), 0)
    result = points.copy()
    for leg, sign in zip(LEGS, (1, -1), strict=True):
        shift = sign * (wider[:, None, None] * left + before[:, None, None] * forward)
        _reach(result, points, leg, result[:, :, leg[0]], points[:, :, leg[2]] + shift.astype(np.float32), forward)
    return result


def lower(points: Floats, rng: Generator) -> Floats:
    """Return bodies of which four in ten lower their pelvis over their feet, as in squats, lunges and sitting down.

    The pelvis goes down by up to 0.55 m and back by up to 0.8 of that, and the trunk leans forward; knees bend forwards
    and somewhat outwards, so that the feet stay where they were.
    """
    count, frames = points.shape[:2]
    depth = wander(rng, count, frames, low=-0.25, high=1).clip(0) * _uniform(rng, 0.12, 0.55, count)
    depth *= rng.random((count, 1)) < 0.4
    left, _, forward = trunk_axes(points)
    left, forward = _level(left), _level(forward)
    back = depth * _uniform(rng, 0, 0.8, count)
    lean = depth * _uniform(rng, 0.1, 1.9, count)
    root = halfway(points[:, :, HIPS])
    shift = -depth[..., None] * UP - back[..., None] * forward
    result = points.copy()
    upper = points[:, :, UPPER] - root[:, :, None]
    result[:, :, UPPER] = rotate(upper, left[:, :, None], lean[..., None]) + (root + shift)[:, :, None]
    outwards = _uniform(rng, -0.1, 0.6, count)[..., None]
    for leg, sign in zip(LEGS, (1, -1), strict=True):
        knee_side = unit(forward + sign * outwards * left)
        _reach(result, points, leg, points[:, :, leg[0]] + shift, points[:, :, leg[2]], knee_side, depth / 0.15)
    return result


def turn_head(points: Floats, rng: Generator) -> Floats:
    """Return bodies whose faces look about: 30° to either side and 15° up and down, about.

    Heads are held 2 ± 2 % of stature farther ahead than `TRAINED_NOSE` says.
    """
    count, frames = points.shape[:2]
    left, up, forward = trunk_axes(points)
    neck = halfway(points[:, :, SHOULDERS]) + TRAINED_NECK * ADULT_STATURE * up
    face = points[:, :, FACE] - neck[:, :, None]
    for axis, degrees in ((left, 15), (up, 30)):
        face = rotate(face, axis[:, :, None], wander(rng, count, frames, degrees)[..., None])
    face = face * rng.normal(1, 0.1, (count, 1, 1, 1)).astype(np.float32)
    ahead = rng.normal(TRAINED_HEAD_AHEAD, 0.02, (count, 1, 1)).astype(np.float32) * ADULT_STATURE
    result = points.copy()
    result[:, :, FACE] = (neck + ahead * forward)[:, :, None] + face
    return result


def wander(
    rng: Generator, count: int, frames: int, degrees: float | None = None, *, low: float = 0, high: float = 0
) -> Floats:
    """Return (count, frames) smooth curves through random values 0.5–3 s apart.

    With `degrees`, they are angles in radians of that standard deviation, two thirds of it being constant over a clip;
    else they lie between `low` and `high`.
    """
    knots = rng.uniform(frames / 150, frames / 25, (count, 1)) * np.linspace(0, 1, frames) + rng.random((count, 1))
    before = knots.astype(int)
    size = (count, int(before.max()) + 2)
    values = rng.uniform(low, high, size) if degrees is None else np.radians(degrees) * 0.75 * rng.normal(size=size)
    if degrees is not None:
        values += np.radians(degrees) * 0.67 * rng.normal(size=(count, 1))
    weight = knots - before
    weight = weight * weight * (3 - 2 * weight)
    rows = np.arange(count)[:, None]
    curves = values[rows, before] * (1 - weight) + values[rows, before + 1] * weight
    return np.asarray(curves, np.float32)


# of knees and elbows: least and greatest gain, least and greatest shift, wandering, all but the gains in degrees
# (arms that are stretched out have elbows bent by 14° in CMU's skeletons, so these are straightened more than bent)
_KNEE, _ELBOW = (0.85, 1.2, -5, 8, 3), (0.75, 1.25, -20, 10, 5)


def _bend_otherwise(bend: Floats, rng: Generator, ranges: tuple[float, float, float, float, float]) -> Floats:
    """Return bends (B, T) stretched and shifted, never beyond straight."""
    count, frames = bend.shape
    low, high, least, most, wandering = ranges
    gain, shift = _uniform(rng, low, high, count), np.radians(_uniform(rng, least, most, count))
    other = gain * bend + shift + wander(rng, count, frames, wandering)
    same = rng.random((count, 1)) < 0.25
    return np.where(same, bend, other).clip(0, MOST_BENT).astype(np.float32)


def _turned(direction: Floats, side: Floats, degrees: tuple[float, float], rng: Generator) -> tuple[Floats, Floats]:
    """Return a limb's directions turned by the first of these about any axis, and by the second about the limb itself."""
    count, frames = direction.shape[:2]
    axis = np.broadcast_to(unit(rng.normal(size=(count, 1, 3)).astype(np.float32)), direction.shape)
    angle = wander(rng, count, frames, degrees[0])
    direction, side = rotate(direction, axis, angle), rotate(side, axis, angle)
    return direction, rotate(side, direction, wander(rng, count, frames, degrees[1]))


def _hang(
    result: Floats, limb: list[int], directions: tuple[Floats, Floats], segments: tuple[Floats, Floats], bend: Floats
) -> None:
    """Put a limb where it hangs from its first joint."""
    first, second, bend = np.broadcast_arrays(*segments, bend)
    result[:, :, limb[1]], result[:, :, limb[2]] = place(result[:, :, limb[0]], *directions, first, second, bend)


def _raise_arms(rng: Generator, count: int, frames: int) -> Floats:
    """Return by how much both arms are swung forward, radians (B, T): for a quarter of the clips, up to 110°."""
    raised = wander(rng, count, frames, low=-0.3, high=1).clip(0) * np.radians(_uniform(rng, 20, 110, count))
    return raised * (rng.random((count, 1)) < 0.25)


def _reach(
    result: Floats,
    points: Floats,
    leg: list[int],
    hip: Floats,
    ankle: Floats,
    knee_side: Floats,
    share: Floats | float = 0.0,
) -> None:
    """Put a leg of unchanged segments between a hip and an ankle (B, T, 3); the ankle follows where it cannot reach.

    The knee points where it did, and, by `share` (0–1) of it, to `knee_side`.
    """
    thigh, shank = _length(points, leg[0], leg[1]), _length(points, leg[1], leg[2])
    direction = unit(ankle - hip)
    _, side = side_of_bend(points, leg, knee_side)
    share = np.clip(np.broadcast_to(share, side.shape[:-1]), 0, 1)[..., None]
    side = side * (1 - share) + knee_side * share
    side = unit(side - dot(side, direction) * direction)
    bend = bend_for(np.linalg.norm(ankle - hip, axis=-1), thigh, shank)
    result[:, :, leg[0]] = hip
    result[:, :, leg[1]], result[:, :, leg[2]] = place(hip, direction, side, thigh, shank, bend)


def _face(points: Floats) -> Floats:
    _, up, forward = trunk_axes(points)
    middle = halfway(points[:, :, SHOULDERS])
    for row, (high, ahead) in zip(range(FACE.start, FACE.stop), (TRAINED_NOSE, TRAINED_EYES), strict=True):
        points[:, :, row] = middle + ADULT_STATURE * (high * up + ahead * forward)
    return points


def _apart(middle: Floats, across: Floats, width: Floats) -> Floats:
    half = across * (width / 2)[..., None]
    return np.stack([middle + half, middle - half], axis=2)


def _level(vectors: Floats) -> Floats:
    return unit(vectors * np.array([1, 0, 1], np.float32))


def _heading(points: Floats) -> Floats:
    across = points[:, :, HIPS.start] - points[:, :, HIPS.start + 1]
    return np.arctan2(-across[..., 2], across[..., 0])


def _leg_length(points: Floats) -> Floats:
    """Return the median (B, 1) of the legs' lengths, metres."""
    lengths = [_length(points, start, end) for hip, knee, ankle in LEGS for start, end in ((hip, knee), (knee, ankle))]
    return np.asarray(np.median(np.sum(lengths, axis=0) / 2, axis=1, keepdims=True))


def _length(points: Floats, start: int, end: int) -> Floats:
    return np.asarray(np.linalg.norm(points[:, :, end] - points[:, :, start], axis=-1))


def _uniform(rng: Generator, low: float, high: float, count: int) -> NDArray[np.float32]:
    return rng.uniform(low, high, (count, 1)).astype(np.float32)
