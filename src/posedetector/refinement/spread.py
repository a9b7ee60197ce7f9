"""How sure the fit is: standard deviations of points and of angles, from the curvature at the solution."""

import numpy as np

from posedetector.kinematics import ANGLES
from posedetector.pose import Array, MetricPose, Spread, finite
from posedetector.refinement.body import HIPS
from posedetector.refinement.stating import Stated
from posedetector.refinement.windows import Fit

# Errors that are alike in all frames are not in the curvature: on filmed motion capture (benchmarks/refinement.py)
# nominal 90 % intervals hold 90 % with these.
POINTS_WIDER = 1.8
ANGLES_WIDER = 1.85


def spread_of(stated: Stated, found: Fit, pose: MetricPose, rotation: Array) -> Spread:
    """Return the spread of the fitted points (T, J, 3), laboratory axes, and of the angles whose points were fitted."""
    body = stated.problem.body
    frames, size = found.points.shape[:2]
    relative = np.eye(size) - np.isin(np.arange(size), body.rows(*HIPS)) / len(HIPS)
    turned = np.kron(relative, rotation)
    covariance = turned @ found.covariance @ turned.T
    deviation = np.sqrt(np.clip(np.diagonal(covariance, 0, 1, 2), 0, None)).reshape(frames, size, 3)
    points = np.full(pose.xyz.shape, np.nan)
    points[np.ix_(stated.rows, stated.columns)] = POINTS_WIDER * stated.stature * deviation
    angles = {}
    for name, joints in ANGLES.items():
        if body.has(*joints):
            values = np.full(len(pose.time), np.nan)
            values[stated.rows] = ANGLES_WIDER * angle_spread(found.points, found.covariance, body.rows(*joints))
            angles[name] = values
    return Spread(np.where(finite(pose.xyz)[..., None], points, np.nan), angles)


def angle_spread(points: Array, covariance: Array, rows: list[int]) -> Array:
    """(F,) radians, of the angle at the middle one of three points: its gradient's share of their covariance."""
    near, joint, far = (points[:, row] for row in rows)
    first, second = near - joint, far - joint
    lengths = [np.linalg.norm(one, axis=1, keepdims=True) for one in (first, second)]
    first, second = first / lengths[0], second / lengths[1]
    cosine = (first * second).sum(axis=1, keepdims=True)
    sine = np.sqrt(np.clip(1 - cosine**2, 1e-4, None))  # of a straight limb, within half a degree
    ends = [-(second - cosine * first) / sine / lengths[0], -(first - cosine * second) / sine / lengths[1]]
    gradient = np.concatenate([ends[0], -ends[0] - ends[1], ends[1]], axis=1)
    columns = (np.array(rows)[:, None] * 3 + np.arange(3)).ravel()
    own = covariance[:, columns[:, None], columns]
    return np.asarray(np.sqrt(np.einsum("fi,fij,fj->f", gradient, own, gradient)))
