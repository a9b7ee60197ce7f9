"""How far an estimate is from a measurement."""

import numpy as np

from posedetector.errors import InputError
from posedetector.pose import Array


def mpjpe(predicted: Array, measured: Array) -> float:
    """Mean per-joint position error (Ionescu et al., IEEE TPAMI 36(7), 2014).

    Parameters
    ----------
    predicted, measured : (T, J, 3) metres, the same frame of reference, every joint finite.

    Returns
    -------
    float
        Metres.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    _check(predicted, measured)
    return float(np.linalg.norm(predicted - measured, axis=-1).mean())


def p_mpjpe(predicted: Array, measured: Array) -> float:
    """Mean per-joint position error after the best similarity transform of each frame.

    Parameters
    ----------
    predicted, measured : (T, J, 3) metres, every joint finite.

    Returns
    -------
    float
        Metres. Reflections are not allowed: a mirrored person scores badly.

    Raises
    ------
    InputError
        If the shapes differ.

    References
    ----------
    Umeyama, IEEE TPAMI 13(4), 1991.
    """
    _check(predicted, measured)
    target_middle = measured.mean(axis=1, keepdims=True)
    body, target = predicted - predicted.mean(axis=1, keepdims=True), measured - target_middle
    left, stretch, right = np.linalg.svd(np.einsum("tji,tjk->tik", body, target))
    signs = np.ones_like(stretch)
    signs[:, -1] = np.sign(np.linalg.det(left @ right))
    turn = (left * signs[:, None]) @ right
    scale = (stretch * signs).sum(axis=1) / (body**2).sum(axis=(1, 2))
    return mpjpe(scale[:, None, None] * (body @ turn) + target_middle, measured)


def rotation_between(predicted: Array, measured: Array) -> Array:
    """Return the one rotation (3, 3) for which `predicted @ rotation` is nearest to `measured`, both (T, J, 3).

    Reflections are not allowed (Kabsch, Acta Cryst. A32, 1976).
    """
    _check(predicted, measured)
    left, _, right = np.linalg.svd(np.einsum("tji,tjk->ik", predicted, measured))
    return np.asarray(left @ np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))]) @ right)


def included_angle(proximal: Array, joint: Array, distal: Array) -> Array:
    """Return the angle (T,) in radians between the two segments that meet at a joint, points (T, 3); π is straight."""
    one, two = proximal - joint, distal - joint
    cosine = (one * two).sum(axis=-1) / (np.linalg.norm(one, axis=-1) * np.linalg.norm(two, axis=-1))
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))


def _check(predicted: Array, measured: Array) -> None:
    if predicted.shape != measured.shape or predicted.ndim != 3 or predicted.shape[-1] != 3:
        raise InputError(f"both must be (T, J, 3) alike, got {predicted.shape} and {measured.shape}")
