"""How sure the fit is: standard deviations of points and of angles, from the curvature at the solution."""

from collections.abc import Callable

import numpy as np

from posedetector.kinematics.angles import ANGLES, angles_of, points_of
from posedetector.kinematics.frames import Landmarks
from posedetector.pose import Array, MetricPose, Spread, finite
from posedetector.refinement.body import HIPS
from posedetector.refinement.problem import Body
from posedetector.refinement.stating import Stated
from posedetector.skeletons import Skeleton

# What is wrong alike in many frames shows in the curvature too little: on filmed motion capture (benchmarks/refinement.py,
# seed 5) nominal 90 % intervals hold 90 % with these.
POINTS_WIDER = 1.8
ANGLES_WIDER = 1.85
_STEP = 1e-4  # statures

Deviations = tuple[Array, Array]  # (F, P, 3) of points along the laboratory's axes, statures; (F, A) of angles, radians
Measure = Callable[[Array, Array], Deviations]


def measure_for(body: Body, rotation: Array) -> Measure:
    """Return what makes deviations of fitted points (F, P, 3) and their covariances (F, 3P, 3P) in the camera's frame.

    A covariance is too large to be kept for every frame of a long clip.
    """
    size = len(body.points)
    relative = np.eye(size) - np.isin(np.arange(size), body.rows(*HIPS)) / len(HIPS)
    turned, along = np.kron(relative, rotation), np.kron(np.eye(size), rotation)
    skeleton = Skeleton("fitted", body.points, (-1,) * size)

    def measure(points: Array, covariance: Array) -> Deviations:
        variance = np.einsum("ij,fjk,ik->fi", turned, covariance, turned, optimize=True)
        deviation = np.sqrt(np.clip(variance, 0, None)).reshape(len(points), size, 3)
        own = np.asarray(along @ covariance @ along.T)
        return deviation, angle_spread(skeleton, points @ rotation.T, own)

    return measure


def spread_of(stated: Stated, found: Deviations, pose: MetricPose) -> Spread:
    """Return the spread of the pose's points (T, J, 3), and of its angles; NaN for what was not fitted."""
    points = np.full(pose.xyz.shape, np.nan)
    near = stated.nearest
    points[np.ix_(stated.rows, stated.columns)] = POINTS_WIDER * stated.stature * found[0][near]
    angles = {}
    for number, name in enumerate(ANGLES):
        angles[name] = np.full(len(pose.time), np.nan)
        angles[name][stated.rows] = ANGLES_WIDER * found[1][near, number]
    return Spread(np.where(finite(pose.xyz)[..., None], points, np.nan), angles)


def angle_spread(skeleton: Skeleton, points: Array, covariance: Array) -> Array:
    """Return the deviations (F, A) in radians of the table's angles; NaN for those that these points do not show.

    An angle's gradient has its share of the points' covariance; it is taken by differences, of those ahead and back the greater,
    since the bend of a limb in line grows to all sides.

    Parameters
    ----------
    points : (F, P, 3) in the laboratory, statures.
    covariance : (F, 3P, 3P) of them.
    """
    names = list(ANGLES)
    rests_on = {name: points_of(name, skeleton) for name in names if skeleton.has(*points_of(name, skeleton))}
    here = angles_of(Landmarks(skeleton, points))
    gradient = np.zeros((points.shape[1], 3, *here.shape))
    for row, point in enumerate(skeleton.points):
        if not (moving := [name for name, ends in rests_on.items() if point in ends]):
            continue
        columns = [names.index(name) for name in moving]
        for axis in range(3):
            moved = np.stack([points, points])
            moved[:, :, row, axis] += np.array([[_STEP], [-_STEP]])
            ahead, back = angles_of(Landmarks(skeleton, moved), moving) - here[:, columns]
            ahead, back = _least_turn(ahead) / _STEP, -_least_turn(back) / _STEP
            # one of them is missing where a step leads to what cannot be seen
            gradient[row, axis][:, columns] = np.where((np.abs(ahead) >= np.abs(back)) | np.isnan(back), ahead, back)
    slope = gradient.reshape(-1, *gradient.shape[2:])
    variance = np.einsum("ifa,fij,jfa->fa", slope, covariance, slope, optimize=True)
    shown = [name in rests_on for name in names]
    return np.asarray(np.where(shown, np.sqrt(np.maximum(variance, 0)), np.nan))


def _least_turn(angles: Array) -> Array:
    return np.asarray(np.mod(angles + np.pi, 2 * np.pi) - np.pi)
