"""Which joint of one file is which of the other, at which moment, in which frame of reference."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posedetector.errors import InputError
from posedetector.evaluation.protocols import Protocol
from posedetector.metrics import mpjpe, rotation_between
from posedetector.motion import Motion
from posedetector.pose import Array
from posedetector.skeletons import parts_of

MAX_LAG = 0.12  # seconds
_STEPS = (0.01, 0.002)  # seconds between the lags that are tried, coarse and fine
_SAME_RATE = 1.001
_HOLE = (1.5, 0.1)  # steps longer than both, in median steps and in seconds, are not interpolated across
_FEWEST = 3
_ROUNDING = 1e-9  # metres, and of the error


@dataclass(frozen=True)
class Matched:
    """One trial of one system beside its reference, frame by frame and joint by joint, aligned.

    Attributes
    ----------
    joints : the J names that both have.
    absent : the protocol's joints that one of them lacks.
    time : (T,) seconds on the reference's clock.
    predicted, measured : (T, J, 3) metres from the root, in the reference's frame of reference.
    rotation : (3, 3), for which predicted = (the file's own) @ rotation.
    lag : seconds that were added to the prediction's clock.
    depth_axis : the prediction's axis along which its camera looks, if known.
    """

    joints: tuple[str, ...]
    absent: tuple[str, ...]
    time: Array
    predicted: Array
    measured: Array
    rotation: Array
    lag: float
    depth_axis: int | None
    notes: tuple[str, ...]


def match(
    prediction: Motion, reference: Motion, protocol: Protocol, *, lag: float | None = None, max_lag: float = MAX_LAG
) -> Matched:
    """Bring a prediction beside its reference.

    Parameters
    ----------
    lag : seconds to add to the prediction's clock; None searches, if the protocol says so.
    max_lag : how far the search goes either way.

    Raises InputError where they have no joint or no time in common.
    """
    joints, absent, rows, notes = common_joints(prediction, reference, protocol)
    roots = [_root(protocol.root, prediction, reference)] if protocol.alignment != "none" else []
    ours = [_gather(prediction, [row[0] for row in rows]), *(_gather(prediction, [root[0]]) for root in roots)]
    theirs = [_gather(reference, [row[1] for row in rows]), *(_gather(reference, [root[1]]) for root in roots)]
    pair = _Pair(
        prediction.time, np.concatenate(ours, axis=1), reference.time, np.concatenate(theirs, axis=1), protocol
    )
    if lag is None:
        lag = pair.best_lag(max_lag) if protocol.lag == "auto" else 0.0
        if protocol.lag == "auto" and 0 < max_lag - _STEPS[1] < abs(lag):
            notes = (*notes, f"the lag found, {lag:+.3f} s, is as far as the search went (--max-lag)")
    time, predicted, measured = pair.at(lag)
    if not len(time):
        raise InputError(_apart(prediction, reference, lag))
    predicted, measured, rotation = pair.align(predicted, measured)
    rate = 1 / float(np.median(np.diff(time))) if len(time) > 1 else float("nan")
    if protocol.rate and np.isfinite(rate) and abs(rate / protocol.rate - 1) > 0.01:
        notes = (*notes, f"{protocol.name} is defined at {protocol.rate:g} Hz; this is at {rate:.4g} Hz")
    axis = prediction.depth_axis
    if axis is None and protocol.alignment != "rotation-once":
        axis = reference.depth_axis
    return Matched(joints, absent, time, predicted, measured, rotation, lag, axis, notes)


def common_joints(
    prediction: Motion, reference: Motion, protocol: Protocol
) -> tuple[tuple[str, ...], tuple[str, ...], list[tuple[list[int], list[int]]], tuple[str, ...]]:
    """Return the names that both have, those that one lacks, their rows in both, and notes on joints made of others."""
    joints, absent, rows, made = [], [], [], []
    for joint in protocol.joints:
        try:
            parts = _points_of(joint, prediction, reference)
        except InputError:
            absent.append(joint)
            continue
        joints.append(joint)
        rows.append(parts)
        found = [
            [motion.skeleton.points[row] for row in part]
            for motion, part in zip((prediction, reference), parts, strict=True)
        ]
        made += _made_of(joint, *found)
    if not joints:
        raise InputError(
            f"there are no common joints: the prediction has {_some(prediction)}; the reference has "
            f"{_some(reference)}; --map says which name means which joint"
        )
    return tuple(joints), tuple(absent), rows, tuple(made)


def _root(point: str, prediction: Motion, reference: Motion) -> tuple[list[int], list[int]]:
    try:
        return _points_of(point, prediction, reference)
    except InputError as error:
        raise InputError(
            f"{error}: it is to be the root; --root names another point, --align none does without, --map says what is "
            "called otherwise"
        ) from error


def _made_of(joint: str, ours: list[str], theirs: list[str]) -> list[str]:
    """Return a note for each side on which a joint is another point, or the middle of others."""
    if ours == theirs:
        return [] if ours == [joint] else [f"{joint} is the middle of {', '.join(ours)} in both"]
    sides = ((ours, "prediction"), (theirs, "reference"))
    return [
        f"{joint} is {'the middle of ' * (len(parts) > 1)}{', '.join(parts)} in the {side}"
        for parts, side in sides
        if parts != [joint]
    ]


def _points_of(point: str, prediction: Motion, reference: Motion) -> tuple[list[int], list[int]]:
    """Return the rows whose middle is a point, in both; made of the same points in both where that is possible."""
    one, other = prediction.skeleton, reference.skeleton
    hips = ("left_hip", "right_hip")
    wanted = point == "mid_hips" or (point == "pelvis" and not (one.has(point) and other.has(point)))
    if wanted and one.has(*hips) and other.has(*hips):
        return one.indices(*hips), other.indices(*hips)
    point = "pelvis" if wanted else point
    return parts_of(point, one), parts_of(point, other)


def _gather(motion: Motion, rows: list[list[int]]) -> Array:
    return np.stack([motion.xyz[:, part].mean(axis=1) for part in rows], axis=1)


def _some(motion: Motion) -> str:
    points = motion.skeleton.points
    return ", ".join(points[:8]) + (f" and {len(points) - 8} more" if len(points) > 8 else "")


def _apart(prediction: Motion, reference: Motion, lag: float) -> str:
    spans = [f"{motion.time[0]:.2f}–{motion.time[-1]:.2f} s" for motion in (prediction, reference)]
    return (
        f"there is no common time: the prediction lasts {spans[0]}{f', shifted by {lag:+g} s' if lag else ''}, the "
        f"reference {spans[1]}; --lag says how many seconds to add to the prediction's clock"
    )


@dataclass(frozen=True)
class _Pair:
    """Two motions (T, J, 3) with the same joints; the root, if one is used, is the last of them."""

    time: Array
    xyz: Array
    reference_time: Array
    reference_xyz: Array
    protocol: Protocol

    def at(self, lag: float) -> tuple[Array, Array, Array]:
        """Return the common moments on the reference's clock, and both there; the finer one is interpolated."""
        time = self.time + lag
        if _rate(time) <= _rate(self.reference_time) * _SAME_RATE:
            rows = _inside(time, self.reference_time)
            return time[rows], self.xyz[rows], resample(self.reference_time, self.reference_xyz, time[rows])
        rows = _inside(self.reference_time, time)
        moments = self.reference_time[rows]
        return moments, resample(time, self.xyz, moments), self.reference_xyz[rows]

    def align(self, predicted: Array, measured: Array) -> tuple[Array, Array, Array]:
        """Return both without the root, aligned, and the rotation."""
        if self.protocol.alignment == "none":
            return predicted, measured, np.eye(3)
        predicted, measured = ((xyz - xyz[:, -1:])[:, :-1] for xyz in (predicted, measured))
        if self.protocol.alignment == "root-relative":
            return predicted, measured, np.eye(3)
        turn = rotation_between(predicted, measured)
        return predicted @ turn, measured, turn

    def best_lag(self, reach: float) -> float:
        """Return the lag with the smallest MPJPE over those moments that every lag of the search leaves in common."""
        best = 0.0
        for step, width in ((_STEPS[0], reach), (_STEPS[1], _STEPS[0])):
            lags = best + np.arange(-round(width / step), round(width / step) + 1) * step
            lags = lags[np.abs(lags) <= reach + 1e-9]
            errors = np.array([self._error(float(lag), reach) for lag in lags])
            if not np.isfinite(errors).any():
                return 0.0
            as_good = lags[errors <= np.nanmin(errors) * (1 + _ROUNDING) + _ROUNDING]
            best = float(as_good[np.abs(as_good).argmin()])  # who does not move has no lag
        return round(best, 6)

    def _error(self, lag: float, reach: float) -> float:
        time, predicted, measured = self.at(lag)
        first = max(self.time[0] + reach, self.reference_time[0])
        last = min(self.time[-1] - reach, self.reference_time[-1])
        rows = (time >= first) & (time <= last)
        if rows.sum() < max(_FEWEST, len(time) / 2):
            rows = np.ones(len(time), bool)
        if rows.sum() < _FEWEST:
            return float("nan")
        predicted, measured, _ = self.align(predicted[rows], measured[rows])
        return mpjpe(predicted, measured)


def _rate(time: Array) -> float:
    return 1 / float(np.median(np.diff(time))) if len(time) > 1 else 0.0


def _inside(moments: Array, time: Array) -> NDArray[np.bool_]:
    slack = 1e-6  # seconds: files round
    return np.asarray((moments >= time[0] - slack) & (moments <= time[-1] + slack))


def resample(time: Array, xyz: Array, moments: Array) -> Array:
    """Return positions (T, J, 3) at other moments, on straight lines between neighbours; NaN next to a hole."""
    if len(time) == 1:
        return np.repeat(xyz, len(moments), axis=0)
    after = np.clip(np.searchsorted(time, moments - 1e-6), 1, len(time) - 1)
    step = time[after] - time[after - 1]
    share = np.clip((moments - time[after - 1]) / step, 0, 1)
    share = np.where(share < 1e-4, 0, np.where(share > 1 - 1e-4, 1, share))[:, None, None]
    before, behind = xyz[after - 1], xyz[after]
    between = np.where(share == 0, before, np.where(share == 1, behind, before + share * (behind - before)))
    usual = float(np.median(np.diff(time)))
    hole = (step > max(_HOLE[0] * usual, _HOLE[1]))[:, None, None] & (share > 0) & (share < 1)
    return np.where(hole, np.nan, between)
