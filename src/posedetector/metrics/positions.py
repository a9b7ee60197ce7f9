"""Errors of 3D joint positions.

`predicted` and `measured` are (T, J, 3) metres throughout. A point of which one side is not finite is left out; whoever
reports a figure reports beside it how many were. Where nothing is left, the figure is NaN. Shapes that differ raise
InputError.
"""

import numpy as np
from numpy.typing import NDArray

from posedetector.arrays import MISSING, mean, mean_and_sd
from posedetector.errors import InputError
from posedetector.pose import Array

PCK_THRESHOLD = 0.150  # metres
AUC_THRESHOLDS = np.arange(0, 151, 5) / 1000  # metres
FEWEST_POINTS = 4  # a similarity has seven unknowns; three points would nearly always fit


def joint_errors(predicted: Array, measured: Array) -> Array:
    """Return the distance (T, J) in metres between each point and its measurement; NaN where one of them is missing."""
    return np.asarray(np.linalg.norm(_differences(predicted, measured), axis=-1))


def mpjpe(predicted: Array, measured: Array) -> float:
    """Mean per-joint position error, metres (Ionescu et al., IEEE TPAMI 36(7), 2014).

    Both have to be in the same frame of reference.
    """
    return mean(joint_errors(predicted, measured))


def p_mpjpe(predicted: Array, measured: Array) -> float:
    """Mean per-joint position error, metres, after the best similarity transform of each frame.

    Reflections are not allowed: a mirrored person scores badly. Frames with fewer than four common points are left out.

    References
    ----------
    Umeyama, IEEE TPAMI 13(4), 1991.
    """
    return mpjpe(similar_to(predicted, measured), measured)


def n_mpjpe(predicted: Array, measured: Array) -> float:
    """Mean per-joint position error, metres, after the best scaling of each frame (Rhodin et al., CVPR 2018).

    Both have to be relative to their root.
    """
    return mpjpe(scaled_to(predicted, measured), measured)


def similar_to(predicted: Array, measured: Array) -> Array:
    """Return the prediction (T, J, 3) moved, turned and scaled frame by frame to be nearest to the measurement.

    Umeyama (1991), without reflections. NaN in frames with fewer than four common points.
    """
    _check(predicted, measured)
    common = _common(predicted, measured)
    common &= common.sum(axis=1, keepdims=True) >= FEWEST_POINTS
    body, target = _centred(predicted, common), _centred(measured, common)
    left, stretch, right = np.linalg.svd(np.einsum("tji,tjk->tik", body, target))
    signs = np.ones_like(stretch)
    signs[:, -1] = np.where(np.linalg.det(left @ right) < 0, -1, 1)
    turn = (left * signs[:, None]) @ right
    size = (body**2).sum(axis=(1, 2))
    scale = np.divide((stretch * signs).sum(axis=1), size, out=np.zeros_like(size), where=size > 0)
    moved = scale[:, None, None] * (body @ turn) + _middle(measured, common)
    return np.where(common[..., None], moved, np.nan)


def scaled_to(predicted: Array, measured: Array) -> Array:
    """Return the prediction (T, J, 3) multiplied frame by frame by the factor that brings it nearest to the measurement."""
    _check(predicted, measured)
    common = _common(predicted, measured)[..., None]
    body, target = np.where(common, predicted, 0), np.where(common, measured, 0)
    size = (body**2).sum(axis=(1, 2))
    scale = np.divide((body * target).sum(axis=(1, 2)), size, out=np.full_like(size, np.nan), where=size > 0)
    return np.asarray(predicted * scale[:, None, None])


def rotation_between(predicted: Array, measured: Array) -> Array:
    """Return the one rotation (3, 3) for which `predicted @ rotation` is nearest to `measured`.

    Both have to be relative to their root. Reflections are not allowed (Kabsch, Acta Cryst. A32, 1976). NaN where no
    point is common.
    """
    _check(predicted, measured)
    common = _common(predicted, measured)[..., None]
    if not common.any():
        return np.full((3, 3), np.nan)
    body, target = np.where(common, predicted, 0), np.where(common, measured, 0)
    left, _, right = np.linalg.svd(np.einsum("tji,tjk->ik", body, target))
    return np.asarray(left @ np.diag([1.0, 1.0, -1.0 if np.linalg.det(left @ right) < 0 else 1.0]) @ right)


def mpjve(predicted: Array, measured: Array, time: Array) -> float:
    """Mean per-joint velocity error, metres per second (Pavllo et al., CVPR 2019, section 5).

    Velocities are first differences of neighbouring samples. It depends on the sampling rate, which belongs beside it;
    Pavllo's figures are millimetres per frame at 50 Hz, that is, this divided by 50.

    Parameters
    ----------
    time : (T,) seconds. Across holes longer than one and a half steps there is no velocity.
    """
    _check(predicted, measured, time)
    return mpjpe(velocities(predicted, time), velocities(measured, time))


def acceleration_error(predicted: Array, measured: Array, time: Array) -> float:
    """Mean per-joint acceleration error, metres per second squared (Kanazawa et al., CVPR 2019, section 5).

    Accelerations are second differences of neighbouring samples; `time` as in `mpjve`.
    """
    _check(predicted, measured, time)
    return mpjpe(accelerations(predicted, time), accelerations(measured, time))


def velocities(points: Array, time: Array) -> Array:
    """Return first differences (T − 1, J, 3), metres per second, of points (T, J, 3); NaN across holes in time (T,)."""
    step = np.diff(time)
    step = np.where(step < MISSING * np.median(step), step, np.nan) if len(step) else step
    return np.asarray(np.diff(points, axis=0) / step[:, None, None])


def accelerations(points: Array, time: Array) -> Array:
    """Return second differences (T − 2, J, 3), metres per second squared; NaN across holes in time (T,)."""
    middles = (time[1:] + time[:-1]) / 2
    return np.asarray(np.diff(velocities(points, time), axis=0) / np.diff(middles)[:, None, None])


def pck(predicted: Array, measured: Array, threshold: float = PCK_THRESHOLD) -> float:
    """Return the share in [0, 1] of points that lie nearer than `threshold` metres (Mehta et al., 3DV 2017).

    Both have to be relative to their root.
    """
    errors = joint_errors(predicted, measured)
    return mean((errors < threshold)[np.isfinite(errors)])


def auc(predicted: Array, measured: Array) -> float:
    """Return the mean in [0, 1] of PCK over thresholds of 0, 5, … 150 mm (Mehta et al., 3DV 2017).

    Nothing is nearer than 0 mm, so without any error it is 30 of 31.
    """
    return float(np.mean([pck(predicted, measured, threshold) for threshold in AUC_THRESHOLDS]))


def axis_errors(predicted: Array, measured: Array) -> Array:
    """Return the mean absolute error (J, 3) in metres of each joint along each axis."""
    return mean_and_sd(np.abs(_differences(predicted, measured)))[0]


def z_rmse(predicted: Array, measured: Array, axis: int = 2) -> float:
    """Return the root mean square error in metres along one axis, the camera's viewing direction by convention.

    Both have to be relative to their root.
    """
    return float(np.sqrt(mean(_differences(predicted, measured)[..., axis] ** 2)))


def bone_length_cv(points: Array, bones: list[tuple[int, int]]) -> Array:
    """Return the coefficient of variation (B,) of the length of each bone over time: standard deviation over mean.

    Bones are pairs of rows of `points` (T, J, 3). Bones do not change in length: whatever this is, is error.
    """
    ends = np.array(bones, int).reshape(-1, 2)
    lengths = np.linalg.norm(points[:, ends[:, 0]] - points[:, ends[:, 1]], axis=-1)
    middle = mean_and_sd(lengths)[0]
    spread = np.sqrt(mean_and_sd((lengths - middle) ** 2)[0])
    return np.asarray(np.divide(spread, middle, out=np.full(len(ends), np.nan), where=middle > 0))


def included_angle(proximal: Array, joint: Array, distal: Array) -> Array:
    """Return the angle (T,) in radians between the two segments that meet at a joint, points (T, 3); π is straight.

    NaN where a segment has no length.
    """
    one, two = proximal - joint, distal - joint
    sizes = np.linalg.norm(one, axis=-1) * np.linalg.norm(two, axis=-1)
    cosine = np.divide((one * two).sum(axis=-1), sizes, out=np.full(sizes.shape, np.nan), where=sizes > 0)
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))


def _check(predicted: Array, measured: Array, time: Array | None = None) -> None:
    if predicted.shape != measured.shape or predicted.ndim != 3 or predicted.shape[-1] != 3:
        raise InputError(f"both must be (T, J, 3) alike, got {predicted.shape} and {measured.shape}")
    if time is not None and time.shape != predicted.shape[:1]:
        raise InputError(f"times must be (T,) for {len(predicted)} frames, got {time.shape}")


def _differences(predicted: Array, measured: Array) -> Array:
    """Return predicted − measured (T, J, 3); NaN in all three where either lacks one."""
    _check(predicted, measured)
    common = _common(predicted, measured)[..., None]
    return np.where(common, np.where(common, predicted, 0) - np.where(common, measured, 0), np.nan)


def _common(predicted: Array, measured: Array) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(predicted).all(axis=-1) & np.isfinite(measured).all(axis=-1))


def _middle(points: Array, common: NDArray[np.bool_]) -> Array:
    total = np.where(common[..., None], points, 0).sum(axis=1, keepdims=True)
    return np.asarray(total / np.maximum(common.sum(axis=1), 1)[:, None, None])


def _centred(points: Array, common: NDArray[np.bool_]) -> Array:
    return np.where(common[..., None], points - _middle(points, common), 0)
