"""How sure the fit is: standard deviations of points and of angles, from the curvature at the solution."""

from collections.abc import Callable

import numpy as np

from posedetector.kinematics.angles import ANGLES
from posedetector.pose import Array, MetricPose, Spread, finite
from posedetector.refinement.body import HIPS
from posedetector.refinement.problem import Body
from posedetector.refinement.stating import Stated

# What is wrong alike in many frames shows in the curvature too little: on filmed motion capture (benchmarks/refinement.py,
# seed 5) nominal 90 % intervals hold 90 % with these.
POINTS_WIDER = 1.8
ANGLES_WIDER = 1.85

Deviations = tuple[Array, Array]  # (F, P, 3) of points along the laboratory's axes, statures; (F, A) of angles, radians
Measure = Callable[[Array, Array], Deviations]


def measure_for(body: Body, rotation: Array) -> Measure:
    """Return what makes deviations of fitted points (F, P, 3) and their covariances (F, 3P, 3P) in the camera's frame.

    A covariance is too large to be kept for every frame of a long clip.
    """
    size = len(body.points)
    relative = np.eye(size) - np.isin(np.arange(size), body.rows(*HIPS)) / len(HIPS)
    turned = np.kron(relative, rotation)
    angles = [body.rows(*ANGLES[name]) for name in angles_of(body)]

    def measure(points: Array, covariance: Array) -> Deviations:
        variance = np.einsum("ij,fjk,ik->fi", turned, covariance, turned, optimize=True)
        deviation = np.sqrt(np.clip(variance, 0, None)).reshape(len(points), size, 3)
        own = [angle_spread(points, covariance, rows) for rows in angles]
        return deviation, np.stack(own, axis=1) if own else np.empty((len(points), 0))

    return measure


def angles_of(body: Body) -> list[str]:
    """Return the angles whose points are fitted."""
    return [name for name, joints in ANGLES.items() if body.has(*joints)]


def spread_of(stated: Stated, found: Deviations, pose: MetricPose) -> Spread:
    """Return the spread of the pose's points (T, J, 3), and of its angles; NaN for what was not fitted."""
    points = np.full(pose.xyz.shape, np.nan)
    points[np.ix_(stated.rows, stated.columns)] = POINTS_WIDER * stated.stature * found[0]
    angles = {}
    for number, name in enumerate(angles_of(stated.problem.body)):
        angles[name] = np.full(len(pose.time), np.nan)
        angles[name][stated.rows] = ANGLES_WIDER * found[1][:, number]
    return Spread(np.where(finite(pose.xyz)[..., None], points, np.nan), angles)


def angle_spread(points: Array, covariance: Array, rows: list[int]) -> Array:
    """(F,) radians, of the angle at the middle one of three points: its gradient's share of their covariance."""
    near, joint, far = (points[:, row] for row in rows)
    first, second = near - joint, far - joint
    lengths = [np.linalg.norm(one, axis=1, keepdims=True) for one in (first, second)]
    first, second = first / lengths[0], second / lengths[1]
    cosine = (first * second).sum(axis=1, keepdims=True)
    ends = [-_unit(second - cosine * first) / lengths[0], -_unit(first - cosine * second) / lengths[1]]
    gradient = np.concatenate([ends[0], -ends[0] - ends[1], ends[1]], axis=1)
    columns = (np.array(rows)[:, None] * 3 + np.arange(3)).ravel()
    own = covariance[:, columns[:, None], columns]
    return np.asarray(np.sqrt(np.einsum("fi,fij,fj->f", gradient, own, gradient)))


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12))
