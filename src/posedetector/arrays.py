"""What many rooms do to arrays: stretches of flags, directions and rotations, rates of change, and figures of what is not missing.

NaN is missing: it never makes a warning, and where nothing is left the figure is NaN.
"""

import numpy as np
from numpy.typing import NDArray

from posedetector.pose import Array

_OPPOSITE = 1e-9
MISSING = 1.5  # usual steps in time between two frames: at least one is missing between those that are farther apart
MAD_TO_SD = 1.4826  # a normal distribution's standard deviation over its median absolute deviation


def runs(flags: NDArray[np.bool_]) -> list[slice]:
    """Return the stretches of flags (T,) that are set, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [slice(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def split_at_gaps(rows: NDArray[np.intp], time: Array, longest: float) -> list[NDArray[np.intp]]:
    """Return the parts of ascending rows (N,) between which more than `longest` seconds of the clip's time (T,) are missing."""
    return np.split(rows, np.flatnonzero(np.diff(time[rows]) > longest) + 1) if len(rows) else []


def unit(vectors: Array) -> Array:
    """Return vectors (…, k) of length 1; NaN where there is no direction."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def cross_matrices(vectors: Array) -> Array:
    """Return the matrices (…, 3, 3) that take cross products with vectors (…, 3)."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*vectors.shape[:-1], 3, 3)


def rotation_between(start: Array, end: Array) -> Array:
    """Return the smallest rotations (…, 3, 3) that turn a unit vector (3,) to unit vectors (…, 3); NaN stays (Rodrigues, 1840)."""
    cross = cross_matrices(np.cross(start, end))
    cosine = np.asarray(end @ start)[..., None, None]
    return np.asarray(np.eye(3) + cross + cross @ cross / np.maximum(1 + cosine, _OPPOSITE))


def euler_angle(turns: Array, order: str, part: int) -> Array:
    """Return one of the three angles (…) of rotations (…, 3, 3) about moving axes, radians; the middle one lies within ±π/2.

    `ZXY` is R = Rz(part 0) Rx(part 1) Ry(part 2); the three axes are different ones. NaN stays, of which SciPy's rotations know nothing.
    """
    one, two, three = ("XYZ".index(axis) for axis in order)
    sign = 1.0 if (two - one) % 3 == 1 else -1.0
    if part == 0:
        return np.asarray(np.arctan2(-sign * turns[..., two, three], turns[..., three, three]))
    if part == 1:
        return np.asarray(np.arcsin(np.clip(sign * turns[..., one, three], -1, 1)))
    return np.asarray(np.arctan2(-sign * turns[..., one, two], turns[..., one, one]))


def derivative(values: Array, time: Array) -> Array:
    """Return the rate of change of (T, …) per second; NaN where a value or, beside a gap, a neighbour is missing.

    The slope of the parabola through three neighbours, of the times as they are (exact for steady acceleration); at both ends of
    a stretch of values the slope there of the parabola through its last three. A stretch of less than three has none.
    """
    flat = values.reshape(len(values), -1)
    result = np.full_like(flat, np.nan)
    for column, path in enumerate(flat.T):
        for run in runs(np.isfinite(path)):
            if run.stop - run.start >= 3:
                result[run, column] = np.gradient(path[run], time[run], edge_order=2)
    return result.reshape(values.shape)


def mean(values: NDArray[np.float64] | NDArray[np.bool_]) -> float:
    """Return the mean of all values."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def median(values: Array) -> float:
    """Return the median of all values."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def sd(values: Array) -> float:
    """Return the sample standard deviation of all values; NaN of one."""
    known = values[np.isfinite(values)]
    return float(known.std(ddof=1)) if known.size > 1 else float("nan")


def robust_sd(values: Array) -> float:
    """Return what the median absolute deviation of all values says of their standard deviation; NaN of one."""
    known = values[np.isfinite(values)]
    return MAD_TO_SD * float(np.median(np.abs(known - np.median(known)))) if known.size > 1 else float("nan")


def mean_and_sd(curves: Array) -> tuple[Array, Array]:
    """Return mean and sample standard deviation over the first axis; NaN of none, or of one."""
    known = np.isfinite(curves)
    count = known.sum(axis=0)
    middle = np.divide(
        np.where(known, curves, 0.0).sum(axis=0), count, out=np.full(count.shape, np.nan), where=count > 0
    )
    squares = np.where(known, (curves - middle) ** 2, 0.0).sum(axis=0)
    variance = np.divide(squares, count - 1, out=np.full(count.shape, np.nan), where=count > 1)
    return middle, np.sqrt(variance)
