"""From what the road knows to a problem: which frames and points, in the camera's frame and in statures.

Not every frame of a quick camera is fitted: bodies move slowly enough for some 30 nodes a second, with a cubic between.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from posedetector.anthropometry import SIZE_CHAINS
from posedetector.arrays import split_at_gaps
from posedetector.calibration import Calibration, segment_lengths
from posedetector.errors import InputError
from posedetector.filters import low_pass, sampling_rate
from posedetector.lifters import DepthErrors
from posedetector.pose import Array, Keypoints, MetricPose, RelativePose, finite
from posedetector.refinement.body import FEET, HIPS, POINTS, SEGMENTS
from posedetector.refinement.contacts import find_contacts
from posedetector.refinement.problem import LONGEST_HOLE, Body, Flags, Problem, Rows, State, between_nodes
from posedetector.skeletons import SIDES, Skeleton, parts_of
from posedetector.subject import Subject

NODES = 30.0  # a second, at least: bodies move at less than 8 Hz; with 25, filmed motion capture came out 0.8 mm worse
_WAVERING = 0.02  # clocks are rounded: 59.94 and 60 frames a second are two a node
_KEPT = 0.4  # of the rate of nodes: the highest frequency that they take over from the frames
_STILL = 0.18  # statures a second: feet stand that are slower in the picture's plane (0.3 m/s)
_STILL_CUTOFF = 5.0  # Hz
_START_CUTOFF = 3.0  # Hz
_GIVEN_LENGTH = ("thigh", "shank", "upper_arm", "forearm")


@dataclass(frozen=True, eq=False)
class Stated:
    """A problem, where to start, and where it comes from.

    Attributes
    ----------
    rows : (F,) frames of the clip that are fitted; short holes among them.
    columns : (P,) points of the pose's skeleton that are fitted.
    stature : metres a stature.
    nodes : (N,) which of the F frames the problem is about: enough of them for all that a body does.
    time : (F,) seconds, of the frames.
    """

    problem: Problem
    start: State
    rows: Rows
    columns: Rows
    stature: float
    nodes: Rows
    time: Array

    def at_frames(self, points: Array) -> Array:
        """Return the nodes' points (N, P, 3) at the frames (F, P, 3)."""
        return between_nodes(points, self.nodes, self.problem.joined, self.time)

    @property
    def nearest(self) -> Rows:
        """(F,) the node nearest to each frame."""
        times = self.time[self.nodes]
        return np.searchsorted((times[1:] + times[:-1]) / 2, self.time)


def state_problem(
    pose: MetricPose,
    keypoints: Keypoints,
    calibration: Calibration,
    subject: Subject,
    errors: DepthErrors,
    others: Sequence[tuple[RelativePose, DepthErrors]],
    belt: Array | None = None,
) -> Stated | None:
    """Return the problem, or None where the hips are never there with two more points.

    `errors` are the pose's; `others` are further opinions on it, metres. `belt` (3,) is the velocity of a treadmill's belt in
    the laboratory, metres per second.
    """
    stature, turn = calibration.stature or np.nan, calibration.rotation
    metric = pose.xyz @ turn / stature
    root = (pose.root - calibration.camera_position) @ turn / stature
    hips = pose.skeleton.indices(*HIPS)
    rows = _stretches(finite(root), pose.time)
    if not len(rows) or not finite(metric[rows][:, hips]).any(axis=0).all():
        return None
    names = _fitted(pose.skeleton, metric[rows])
    columns = np.array(pose.skeleton.indices(*names))
    if len(names) <= len(HIPS) + 1:
        return None
    own = (metric[np.ix_(rows, columns)], errors)
    merged = _merged([own, *((_by_name(one, names)[rows] / stature, error) for one, error in others)])
    image, weight = _image(keypoints, names)
    image, weight = image[rows] - np.array(keypoints.image_size) / 2, weight[rows]
    path = _filled(root[rows], pose.time[rows])
    points = _smooth(_filled(merged, pose.time[rows]) + path[:, None], pose.time[rows])
    given = frozenset(name for name in _GIVEN_LENGTH if _given(subject, name))
    body = Body(names, _shares(pose, subject, stature), given)
    size = calibration.focal_length / path[:, 2]
    up = np.asarray(turn[1])  # the laboratory's Y axis in the camera's frame
    moving = np.zeros(3) if belt is None else np.asarray(belt @ turn) / stature
    still = _still(
        names, pose.time[rows], image, weight, size, moving[:2] - image / calibration.focal_length * moving[2]
    )
    nothing = np.zeros_like(still)
    rate = sampling_rate(pose.time) if len(pose.time) > 1 else 1.0
    every = max(1, int(rate / NODES + _WAVERING))
    if every > 1:  # what the frames between say goes into the nodes
        seen = np.where(weight[..., None] > 0, image, np.nan)
        image, merged = (_low_passed(one, pose.time[rows], _KEPT * rate / every) for one in (seen, merged))
    problem = Problem(
        body=body,
        time=pose.time[rows],
        rate=rate,
        joined=(np.diff(rows) == 1) & (np.diff(pose.time[rows]) <= LONGEST_HOLE),
        image=image,
        weight=weight,
        size=size,
        focal=calibration.focal_length,
        focal_known=not calibration.focal_length_assumed,
        pose=merged,
        said=finite(merged),
        bone_error=errors.bone,
        bends={kind: error for kind in ("knee", "elbow") if (error := getattr(errors, kind)) is not None},
        still=still & calibration.grounded,
        standing=nothing,
        planted=nothing,
        low=nothing,
        above=nothing,
        up=up,
        belt=moving,
    )
    problem = find_contacts(problem, points)
    shared = np.zeros(body.unknowns)
    if problem.low.any():
        shared[body.floor] = np.median((points @ up)[problem.low])
    problem, nodes = problem.thin(every)
    return Stated(problem, State(points[nodes], shared), rows, columns, float(stature), nodes, pose.time[rows])


def _fitted(skeleton: Skeleton, seen: Array) -> tuple[str, ...]:
    """Return those points, by the names of POINTS, that a skeleton has and that were seen (T, J, 3) at all."""
    return tuple(name for name in POINTS if skeleton.has(name) and finite(seen[:, skeleton.index(name)]).any())


def _stretches(there: Flags, time: Array) -> Rows:
    """Return the frames to fit: those where the person is, and short holes between them."""
    rows = np.flatnonzero(there)
    return np.concatenate(
        [rows[:0], *(np.arange(part[0], part[-1] + 1) for part in split_at_gaps(rows, time, LONGEST_HOLE))]
    )


def _by_name(pose: RelativePose, names: Sequence[str]) -> Array:
    """Return the named points (T, P, 3), NaN for those that the pose lacks."""
    found = np.full((len(pose.time), len(names), 3), np.nan)
    for number, name in enumerate(names):
        if pose.skeleton.has(name):
            found[:, number] = pose.xyz[:, pose.skeleton.index(name)]
    return found


def _merged(opinions: Sequence[tuple[Array, DepthErrors]]) -> Array:
    """Return the mean (T, P, 3) of opinions, each weighted by one over its variance; their disagreement shortens bones."""
    poses = np.stack([pose for pose, _ in opinions])
    weights = np.array([1 / errors.bone**2 for _, errors in opinions])[:, None, None] * finite(poses)
    total = weights.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray((np.nan_to_num(poses) * weights[..., None]).sum(axis=0) / total[..., None])


def _image(keypoints: Keypoints, names: Sequence[str]) -> tuple[Array, Array]:
    """Return the points' pictures (T, P, 2) in pixels and their scores (T, P), 0 for what the keypoints lack."""
    xy, score = np.full((len(keypoints.time), len(names), 2), np.nan), np.zeros((len(keypoints.time), len(names)))
    for number, name in enumerate(names):
        try:
            rows = parts_of(name, keypoints.skeleton)
        except InputError:
            continue
        xy[:, number] = keypoints.xy[:, rows].mean(axis=1)
        score[:, number] = keypoints.score[:, rows].min(axis=1)
    return xy, np.where(finite(xy), score, 0.0)


def _filled(values: Array, time: Array) -> Array:
    """Return values (T, …) without holes, by straight lines over time: only where a fit starts."""
    flat = values.reshape(len(values), -1).copy()
    for column in range(flat.shape[1]):
        known = np.isfinite(flat[:, column])
        flat[:, column] = np.interp(time, time[known], flat[known, column])
    return flat.reshape(values.shape)


def _smooth(values: Array, time: Array) -> Array:
    """Return values (T, …) without what is faster than a start needs to know."""
    return _low_passed(values, time, _START_CUTOFF)


def _low_passed(values: Array, time: Array, cutoff: float) -> Array:
    """Return values (T, …) below the cutoff, or below what so many frames can hold where that is less."""
    return low_pass(values, time, min(cutoff, 0.45 * sampling_rate(time))) if len(time) > 1 else values


def _shares(pose: MetricPose, subject: Subject, stature: float) -> dict[str, float]:
    """Return the segments' expected shares of stature: as published, but as given where bones were measured.

    The limb that gave the size keeps the length that calibration gave it.
    """
    shares = {name: one.share for name, one in SEGMENTS.items()}
    for name in _GIVEN_LENGTH:
        if given := _given(subject, name):
            shares[name] = float(np.mean(given)) / stature
    made = segment_lengths(pose)
    for chain in SIZE_CHAINS:
        sides = [[made[bone] for side in SIDES if (bone := f"{side}_{name}") in made] for name in chain]
        if all(sides):
            whole = sum(float(np.mean(one)) for one in sides) / stature
            ratio = whole / sum(shares[name] for name in chain)
            shares |= {name: shares[name] * ratio for name in chain}
            break
    return shares


def _given(subject: Subject, name: str) -> list[float]:
    return [subject.bone_lengths[bone] for side in SIDES if (bone := f"{side}_{name}") in subject.bone_lengths]


def _still(names: Sequence[str], time: Array, image: Array, weight: Array, pixels: Array, ground: Array) -> Flags:
    """Tell where points of feet (T, P) stand still in the picture, or move as the ground does.

    `pixels` (T,) a stature measures there; `ground` (T, P, 2) statures a second, as seen in the picture.
    """
    still = np.zeros(weight.shape, bool)
    if len(time) < 3:
        return still
    cutoff = min(_STILL_CUTOFF, 0.45 * sampling_rate(time))
    for number, name in enumerate(names):
        if name in FEET:
            seen = np.where(weight[:, number, None] > 0, image[:, number], np.nan)
            speed = np.gradient(low_pass(seen, time, cutoff), time, axis=0) / pixels[:, None] - ground[:, number]
            still[:, number] = np.nan_to_num(np.linalg.norm(speed, axis=1), nan=np.inf) < _STILL
    return still
