"""What the fitted body has to agree with: a table of terms, each a residual over its standard deviation.

A term is linearised about a state: values (T, R), the few coordinates that each depends on, its slopes along them, and
along the numbers that all frames share. Robust ones follow Student's t (Lange, Little & Taylor, JASA 84, 1989): what
lies far off counts less. Weights come from filmed motion capture (benchmarks/refinement.py --mocap … --errors), from
published tables, or are judgements and say so. None was fitted to the clips that accuracy is measured on, but forms of
terms and round numbers were compared on these too, beside filmed motion capture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from posedetector.anthropometry import ADULT_STATURE
from posedetector.arrays import unit
from posedetector.pose import Array
from posedetector.refinement.body import HIPS, POINTS, SHOULDERS
from posedetector.refinement.problem import LACKING, LASTS, Body, Problem, Rows, State

FREEDOM = 4.0  # degrees of freedom of Student's t
FREEDOM_OF_LENGTHS = 30.0
BLUR = 0.010  # of stature: how far a knee's keypoint lies from the knee
TWIST = 0.12
HINGE, OPENING = 0.008, 0.5
FLOOR = 0.005
SUNK = 0.005  # of stature: points that lie lower than this below the floor are pulled up
LOWER = 0.04  # of stature: from there on it is ever more likely that a foot is on something lower than the floor
STILL, PLANTED = 0.02 / ADULT_STATURE, 0.002 / ADULT_STATURE
BELT = 0.05  # of a treadmill's speed: how well it is known before anything was fitted
DEPTH_ACCELERATION = 4.0
CHAIN = 1e-4
FOCAL = 0.15
APPROACH = 0.1  # standard deviation of the distance, as a share of it, which shows the lens best; a judgement
JUDGED_AT = 60.0  # frames a second, up to which each counts as one where accelerations are compared
FLOOR_ANYWHERE = 10.0  # of stature


class Linear(NamedTuple):
    """A term at a state.

    Attributes
    ----------
    values : (T, R) residuals in standard deviations.
    columns : (R, K) the coordinates (of a frame's 3J) that each depends on.
    slopes : (T, R, K) its derivatives along them.
    shared : (T, R, G) along the shared numbers, or None where it does not depend on them.
    weight : (T, R) how much each counts.
    energy : the negative logarithm of the likelihood.
    """

    values: Array
    columns: Rows
    slopes: Array
    shared: Array | None
    weight: Array
    energy: float


class Steps(NamedTuple):
    """A penalty on what changes over time: weights (T − n, D) of the squares of sums over n + 1 samples, and its energy.

    `stencil` (T − n, n + 1) is what each sample is multiplied by; `expected` is how many squares of one standard
    deviation there could be; `usual` (D,) is taken off the sums.
    """

    stencil: Array
    weight: Array
    energy: float
    expected: float
    usual: Array | float = 0.0

    def sums(self, points: Array) -> Array:
        """(T − n, D) of points (T, J, 3)."""
        flat, length = points.reshape(len(points), -1), len(self.stencil)
        return np.asarray(
            sum(self.stencil[:, [at]] * flat[at : at + length] for at in range(self.stencil.shape[1])) - self.usual
            if length
            else np.empty((0, flat.shape[1]))
        )


class Common(NamedTuple):
    """A term of the shared numbers alone: values (R,), slopes (R, G), weights (R,), energy."""

    values: Array
    slopes: Array
    weight: Array
    energy: float


@dataclass(frozen=True)
class Term:
    """A row of the table: what is compared, its standard deviation, and whence that is."""

    evaluate: Callable[[Problem, State], Linear | None]
    spread: str
    source: str


def _student(values: Array, share: Array | float, group: int = 1, freedom: float = FREEDOM) -> tuple[Array, float]:
    """Return weights (T, R) and energy of residuals that come in groups, which count 0 where `share` is."""
    square = (values.reshape(*values.shape[:-1], values.shape[-1] // group, group) ** 2).sum(axis=-1)
    share = np.broadcast_to(share, square.shape)
    weight = share * (freedom + group) / (freedom + square)
    return np.repeat(weight, group, axis=-1), float((share * (freedom + group) / 2 * np.log1p(square / freedom)).sum())


def _coordinates(rows: list[int] | Rows) -> Rows:
    """(…, 3) columns of points."""
    return np.asarray(rows)[..., None] * 3 + np.arange(3)


def focal_length(problem: Problem, state: State) -> float:
    """Return the focal length in pixels."""
    return problem.focal * float(np.exp(state.shared[problem.body.focal]))


def segment_lengths(body: Body, state: State) -> Array:
    """(S,) lengths in statures."""
    return np.array([body.shares[name] for name in body.segments]) * np.exp(state.shared[: len(body.segments)])


def reprojection(problem: Problem, state: State) -> Linear:
    """Compare where the points appear with their keypoints; a pinhole camera without distortion."""
    body, focal = problem.body, focal_length(problem, state)
    depth = state.points[..., 2:]
    seen = focal * state.points[..., :2] / depth
    blur = problem.size[:, None] * BLUR * np.array([POINTS[name].blur for name in body.points])
    there = problem.weight > 0
    values = np.where(there[..., None], (seen - problem.image) / blur[..., None], 0.0)
    slopes = np.zeros((*seen.shape, 3))
    slopes[..., 0, 0] = slopes[..., 1, 1] = focal / depth[..., 0]
    slopes[..., 2] = -seen / depth
    slopes /= blur[..., None, None]
    frames, points = blur.shape
    shared = np.zeros((frames, 2 * points, body.unknowns))
    shared[..., body.focal] = (seen / blur[..., None]).reshape(frames, -1)
    flat = values.reshape(frames, -1)
    weight, energy = _student(flat, problem.weight * problem.share(LASTS), group=2)
    columns = np.repeat(_coordinates(np.arange(points)), 2, axis=0)
    return Linear(flat, columns, slopes.reshape(frames, -1, 3), shared, weight, energy)


def lengths(problem: Problem, state: State) -> Linear:
    """Compare how far apart the ends of the segments are with the segments' lengths."""
    near, far, segment, give = problem.body.sticks
    along, apart = _from_to(state.points, near, far)
    target = segment_lengths(problem.body, state)[segment]
    values, direction = (apart - target) / give, along / give[:, None]
    shared = np.zeros((*values.shape, problem.body.unknowns))
    shared[:, np.arange(len(segment)), segment] = -target / give
    weight = np.full(values.shape, problem.share(0.05))
    columns = np.concatenate([_coordinates(near), _coordinates(far)], axis=1)
    slopes = np.concatenate([-direction, direction], axis=-1)
    return Linear(values, columns, slopes, shared, weight, float((weight * values**2).sum() / 2))


def depth(problem: Problem, state: State) -> Linear:
    """Compare the bones' depths with those that the lifter says."""
    parts, _ = problem.body.bones
    said, spread = problem.bone_depths
    values = (np.einsum("rj,tj->tr", parts, state.points[..., 2]) - said) / spread
    columns = np.broadcast_to(np.arange(parts.shape[1]) * 3 + 2, parts.shape)
    weight, energy = _student(values, np.where(np.isfinite(spread), problem.share(LASTS), 0.0))
    return Linear(values, columns, parts / spread[..., None], None, weight, energy)


def bend(problem: Problem, state: State) -> Linear | None:
    """Compare the share of its stretched length that a limb reaches with what the lifter says: how much it is bent."""
    limbs = problem.body.limbs
    if not limbs or not problem.bends:
        return None
    share, spread = problem.reaches
    ends = np.array([(rows[0], rows[2]) for _, _, rows in limbs])
    along, apart = _from_to(state.points, ends[:, 0], ends[:, 1])
    made = segment_lengths(problem.body, state)
    whole = np.array([made[list(segments)].sum() for _, segments, _ in limbs])
    scale = spread * np.array(
        [sum(problem.body.shares[problem.body.segments[one]] for one in two) for _, two, _ in limbs]
    )
    values = (apart - share * whole) / scale
    shared = np.zeros((*values.shape, problem.body.unknowns))
    for number, (_, segments, _) in enumerate(limbs):
        for segment in segments:
            shared[:, number, segment] = -share[:, number] * made[segment] / scale[:, number]
    direction = along / scale[..., None]
    columns = np.concatenate([_coordinates(ends[:, 0]), _coordinates(ends[:, 1])], axis=1)
    weight, energy = _student(values, np.where(np.isfinite(spread), problem.share(LASTS), 0.0))
    return Linear(values, columns, np.concatenate([-direction, direction], axis=-1), shared, weight, energy)


def twist(problem: Problem, state: State) -> Linear | None:
    """Compare the line of the hips with that of the shoulders, each over its length: a trunk twists and tilts only so far."""
    body = problem.body
    if not body.has(*HIPS, *SHOULDERS):
        return None
    rows = body.rows(*HIPS, *SHOULDERS)
    segments = [body.segments.index(name) for name in ("hips", "shoulders")]
    hips, shoulders = segment_lengths(body, state)[segments]
    points = state.points[:, rows]
    first, second = (points[:, 0] - points[:, 1]) / hips, (points[:, 2] - points[:, 3]) / shoulders
    values = (first - second) / TWIST
    shared = np.zeros((*values.shape, body.unknowns))
    shared[..., segments[0]], shared[..., segments[1]] = -first / TWIST, second / TWIST
    slopes = np.array([1 / hips, -1 / hips, -1 / shoulders, 1 / shoulders]) / TWIST
    weight, energy = _student(values, problem.share(LASTS), group=3)
    return Linear(values, _coordinates(rows).T, np.broadcast_to(slopes, (*values.shape, 4)), shared, weight, energy)


def hinge(problem: Problem, state: State) -> Linear | None:
    """Ask where the knees are beside the lines from hips to ankles, and behind them: knees are hinges that open forwards.

    Two residuals a leg: sideways, over a standard deviation that grows as the knee moves ahead of the line (a thigh may
    turn out), and backwards, which counts only where it is. The axes are held while the term is linearised.
    """
    body = problem.body
    legs = [rows for kind, _, rows in body.limbs if kind == "knee"]
    if not legs or not body.has(*SHOULDERS):
        return None
    to_left = _to_left(body, state.points)
    values, slopes, columns = [], [], []
    for hip, knee, ankle in legs:
        beside = state.points[:, knee] - (state.points[:, hip] + state.points[:, ankle]) / 2
        line = np.nan_to_num(unit(state.points[:, hip] - state.points[:, ankle]))
        left = to_left - (to_left * line).sum(axis=1, keepdims=True) * line
        left /= np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 0.3)  # across the leg's own line nobody knows
        ahead = np.cross(left, line)
        forward = (beside * ahead).sum(axis=1)
        wide = np.hypot(HINGE, OPENING * np.clip(forward, 0, None))
        behind = np.where(forward < 0, 1 / HINGE, 0.0)
        for axis, scale in ((left, 1 / wide), (ahead, behind)):
            values.append((beside * axis).sum(axis=1) * scale)
            slope = axis * scale[:, None]
            slopes.append(np.concatenate([slope, -slope / 2, -slope / 2], axis=1))
            columns.append(_coordinates([knee, hip, ankle]).reshape(-1))
    found = np.stack(values, axis=1)
    weight = np.full(found.shape, problem.share(LASTS))
    energy = float((weight * found**2).sum() / 2)
    return Linear(found, np.array(columns), np.stack(slopes, axis=1), None, weight, energy)


def floor(problem: Problem, state: State) -> Linear | None:
    """Compare the heights of points of feet that stand on the floor with the floor's, which is level."""
    body = problem.body
    rows = np.flatnonzero(problem.low.any(axis=0))
    if not len(rows):
        return None
    values = (state.points[:, rows] @ problem.up - state.shared[body.floor]) / FLOOR
    shared = np.zeros((*values.shape, body.unknowns))
    shared[..., body.floor] = -1 / FLOOR
    weight, energy = _student(values, np.asarray(problem.low[:, rows] * problem.share(LASTS)))
    slopes = np.broadcast_to(problem.up / FLOOR, (*values.shape, 3))
    return Linear(values, _coordinates(rows), slopes, shared, weight, energy)


def above(problem: Problem, state: State) -> Linear | None:
    """Ask how far points of feet are below the floor, into which no foot goes; 0 for those that are not.

    The farther below, the less it counts (Geman & McClure, Bull. Int. Stat. Inst. 52, 1987): it may be that the foot is on something lower.
    """
    body = problem.body
    rows = np.flatnonzero(problem.above.any(axis=0))
    if not len(rows):
        return None
    under = state.points[:, rows] @ problem.up - state.shared[body.floor] + SUNK
    scale = np.where(problem.above[:, rows] & (under < 0), 1 / FLOOR, 0.0)
    values = under * scale
    shared = np.zeros((*values.shape, body.unknowns))
    shared[..., body.floor] = -scale
    beyond = 1 + (values * FLOOR / LOWER) ** 2
    weight, energy = problem.share(LASTS) / beyond**2, problem.share(LASTS) * float((values**2 / beyond).sum()) / 2
    return Linear(values, _coordinates(rows), scale[..., None] * problem.up, shared, weight, energy)


TERMS: dict[str, Term] = {
    "reprojection": Term(
        reprojection,
        f"{BLUR:g} of stature at the knee, other points by COCO's sigmas",
        "judgement, somewhat less than the synthetic detector's 1.8–2.9 cm; COCO's annotators",
    ),
    "lengths": Term(
        lengths, "0.006 of stature; trunk, shoulders and head 0.010–0.030", "judgement: soft parts give 1 cm"
    ),
    "depth": Term(
        depth,
        f"of a bone, the lifter's usual error (shares of stature), and {LACKING:g} of what its length lacks",
        "the lifter on filmed motion capture; 0.06 for an estimator's own depth is a judgement",
    ),
    "bend": Term(bend, "the lifter's usual error (knee, elbow)", "the lifter on filmed motion capture"),
    "twist": Term(twist, f"{TWIST:g} of each width", "motion capture: shoulders against hips, along each axis"),
    "hinge": Term(
        hinge,
        f"{HINGE:g} of stature and {OPENING:g} of what the knee is ahead",
        "motion capture: knees beside legs' lines",
    ),
    "floor": Term(floor, f"{FLOOR:g} of stature", "judgement: points of feet are not on the sole"),
    "above the floor": Term(
        above,
        f"{FLOOR:g} of stature, of what feet are more than {SUNK:g} below it",
        "judgement: no foot goes into a floor",
    ),
}
# the weights of what is said below, for whoever asks
OVER_TIME = {
    "acceleration": (
        f"15–60 m/s² of a person 1.7 m tall, by joint; hips away from the camera {DEPTH_ACCELERATION:g}",
        "judgement: three to six times the median recording's of motion capture, so that quick ones are not held back",
    ),
    "still": (
        (
            f"{STILL * ADULT_STATURE:g} m/s of a person 1.7 m tall, of standing feet; {PLANTED * ADULT_STATURE:g} if flat for more than a second; on a "
            f"treadmill about its belt's velocity, and {100 * BELT:g} % of that more"
        ),
        "judgement",
    ),
}
EXPECTED = {
    "proportions": ("1.3–8 % of each length's share of stature", "published bodies; MediaPipe's own on a sample walk"),
    "size": (f"{CHAIN:g} of stature: the limb that gives the size keeps its length", "calibration"),
    "focal length": (
        f"{100 * FOCAL:g} %, where it was not given; counted once a second, more where the distance changes hardly or much",
        "cameras that people film with, about what is assumed: phones' of 24–28 mm, cropped by up to a fifth, webcams and zooms; a judgement",
    ),
    "level": ("the floor is level, at any height", "calibration's vertical"),
}


def steps(problem: Problem, state: State) -> dict[str, Steps]:
    """Return what changes little over time: velocities (accelerations are small) and standing feet's places."""
    body, joined = problem.body, problem.joined
    step = np.maximum(np.diff(problem.time), 1e-3)
    acceleration = np.repeat([POINTS[name].acceleration for name in body.points], 3)
    acceleration[np.array(body.rows(*HIPS)) * 3 + 2] = DEPTH_ACCELERATION
    often = problem.stands_for * min(1.0, JUDGED_AT / (problem.stands_for * problem.rate))
    smooth = (joined[1:] & joined[:-1])[:, None] / (acceleration / ADULT_STATURE) ** 2 * often
    curving = Steps(_second(step), smooth, 0.0, float((smooth > 0).sum() * often))
    still = problem.standing[1:] & problem.standing[:-1] & joined[:, None]
    belt = np.tile(problem.belt, len(body.points))
    moving = Steps(_first(step), np.empty(0), 0.0, float(3 * still.sum() * problem.share(LASTS)), belt)
    on_belt = BELT * float(np.linalg.norm(problem.belt))
    spread = np.where(problem.planted[1:] & problem.planted[:-1], PLANTED, STILL)
    spread = np.repeat(np.hypot(spread, on_belt), 3, axis=1)
    weight, energy = _student(moving.sums(state.points) / spread, np.asarray(still * problem.share(LASTS)), group=3)
    return {
        "acceleration": curving._replace(energy=float((smooth * curving.sums(state.points) ** 2).sum() / 2)),
        "still": moving._replace(weight=weight / spread**2, energy=energy),
    }


def _first(step: Array) -> Array:
    """(T − 1, 2) what makes a velocity of two samples, `step` (T − 1,) seconds apart."""
    return np.stack([-1 / step, 1 / step], axis=1)


def _second(step: Array) -> Array:
    """(T − 2, 3) what makes an acceleration of three samples (divided differences)."""
    early, late = step[:-1], step[1:]
    return np.stack([2 / (early * (early + late)), -2 / (early * late), 2 / (late * (early + late))], axis=1)


def common(problem: Problem, state: State) -> dict[str, Common]:
    """Return what is expected of the shared numbers: proportions, size, focal length, a floor at some height."""
    body, shared = problem.body, state.shared
    count, unknowns = len(body.segments), body.unknowns
    values = shared[:count] / body.spreads
    slopes = np.zeros((count, unknowns))
    slopes[:, :count] = np.diag(1 / body.spreads)
    weight, energy = _student(values[None].T, 1.0, freedom=FREEDOM_OF_LENGTHS)
    found = {"proportions": Common(values, slopes, weight[:, 0], energy)}
    if body.chain:
        made = segment_lengths(body, state)[body.chain]
        whole = sum(body.shares[body.segments[number]] for number in body.chain)
        row = np.zeros((1, unknowns))
        row[0, body.chain] = made / CHAIN
        found["size"] = _plain((made.sum() - whole) / CHAIN, row)
    row = np.zeros((1, unknowns))
    row[0, body.focal] = 1 / FOCAL
    found["focal length"] = _plain(shared[body.focal] / FOCAL, row, focal_prior_counts(problem))
    row = np.zeros((1, unknowns))
    row[0, body.floor] = 1 / FLOOR_ANYWHERE
    found["level"] = _plain(row @ shared, row)
    return found


def focal_prior_counts(problem: Problem) -> float:
    """Return how often the focal length's prior counts: once for each second, and more for very little or much of an approach.

    Who keeps the distance shows the lens by the perspective within the body alone; who comes nearer or goes away, by how the size
    of the picture changes while feet stand, and the more so, the longer the way. In both, errors of keypoints and depth that last all
    clip weigh as much as what is seen, however often it is: on walks filmed by synthetic cameras (benchmarks/intervals.py),
    long ways towards the camera had lenses up to a third off whose curvature said 2 %.
    """
    seconds = len(problem.time) / problem.rate
    approach = max(float(np.log(problem.size).std()), 1e-3) / APPROACH
    return max(1.0, seconds) * max(approach, 1 / approach) ** 2


def _plain(values: Array | float, slopes: Array, weight: float = 1.0) -> Common:
    values = np.atleast_1d(values)
    return Common(values, slopes, np.full(len(values), weight), float(weight * (values**2).sum() / 2))


def _from_to(points: Array, near: Rows, far: Rows) -> tuple[Array, Array]:
    """Return directions (T, S, 3) and distances (T, S) from one point to another."""
    apart = points[:, far] - points[:, near]
    distance = np.linalg.norm(apart, axis=-1)
    return apart / np.maximum(distance, 1e-6)[..., None], distance


def _to_left(body: Body, points: Array) -> Array:
    """(T, 3) the person's left, at right angles to the trunk."""
    hips, shoulders = points[:, body.rows(*HIPS)], points[:, body.rows(*SHOULDERS)]
    up = np.nan_to_num(unit(shoulders.mean(axis=1) - hips.mean(axis=1)))
    across = hips[:, 0] - hips[:, 1] + shoulders[:, 0] - shoulders[:, 1]
    return np.nan_to_num(unit(across - (across * up).sum(axis=1, keepdims=True) * up))
