"""A prediction beside its reference: the same joints, at the same moments, in the same frame of reference."""

from dataclasses import dataclass

import numpy as np

from posedetector.errors import InputError
from posedetector.evaluation.clocks import MAX_LAG, Clocks
from posedetector.evaluation.joints import common_joints
from posedetector.evaluation.protocols import Protocol
from posedetector.filters import sampling_rate
from posedetector.metrics import rotation_between
from posedetector.motion import Motion
from posedetector.pose import Array, Noun, finite, settle

_ALIKE = 2.2  # times; the nearest units, inches and centimetres, differ by 2.54

# Correlation of joints' movements about their means, and metres that they move by (RMS): below the first, two files show different
# movements. Judgements: ten systems' results of one movement have 0.86-0.99, 70 pairs of unrelated clips at most 0.23; below the
# second, noise is all there is.
_TOGETHER, _MOVES = 0.5, 0.03


@dataclass(frozen=True, eq=False)
class Matched(Noun):
    """One trial of one system beside its reference, frame by frame and joint by joint, aligned.

    Attributes
    ----------
    joints : the J names that both have.
    absent : the protocol's joints that one of them lacks.
    time : (T,) seconds on the reference's clock.
    predicted, measured : (T, J, 3) metres from the root, in the reference's frame of reference.
    own_predicted, own_measured : (T, J, 3) metres as the files have them, for what needs no root.
    rootless : in how many frames the prediction lacks the root, and with it every joint.
    rotation : (3, 3), for which predicted = (the file's own, from the root) @ rotation.
    lag, lag_from : seconds that were added to the prediction's clock, and how they came about.
    interpolated : prediction, reference or none: which was brought to the other's moments.
    covered : share of the reference's duration between the first and the last compared moment.
    depth_axis : the prediction's axis along which its camera looks, if known.
    """

    joints: tuple[str, ...]
    absent: tuple[str, ...]
    time: Array
    predicted: Array
    measured: Array
    own_predicted: Array
    own_measured: Array
    rootless: int
    rotation: Array
    lag: float
    lag_from: str
    interpolated: str
    covered: float
    depth_axis: int | None
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        settle(self, time=(-1,), rotation=(3, 3))
        shape = len(self.time), len(self.joints), 3
        settle(self, predicted=shape, measured=shape, own_predicted=shape, own_measured=shape)

    @property
    def rate(self) -> float:
        """Compared moments per second, by the median step; NaN for a single one."""
        return _rate(self.time)


def match(
    prediction: Motion, reference: Motion, protocol: Protocol, *, lag: float | None = None, max_lag: float = MAX_LAG
) -> Matched:
    """Bring a prediction beside its reference.

    Parameters
    ----------
    lag : seconds to add to the prediction's clock; None searches, if the protocol says so.
    max_lag : how far the search goes either way.

    Raises InputError where they have no joint or no time in common, or clocks in different units.
    """
    common = common_joints(prediction, reference, protocol)
    rooted = common.predicted_root is not None and common.measured_root is not None
    ours = [common.predicted, *([common.predicted_root] if rooted else [])]
    theirs = [common.measured, *([common.measured_root] if rooted else [])]
    clocks = Clocks(prediction.time, np.concatenate(ours, axis=1), reference.time, np.concatenate(theirs, axis=1))  # type: ignore[arg-type]
    lag_from, said = "given" if lag is not None else "clocks as they are", ""
    if lag is None and protocol.lag == "auto":
        lag, said = clocks.best_lag(max_lag, lambda one, other: align(one, other, protocol)[:2])
        lag_from = f"searched within ±{max_lag:g} s"
    lag = lag or 0.0
    moments, predicted, measured, interpolated = clocks.with_missing_frames(lag).at(lag)
    if not len(moments):
        raise InputError(_apart(prediction, reference, lag))
    axis = prediction.depth_axis
    if axis is None and protocol.alignment != "rotation-once":
        axis = reference.depth_axis
    joints = slice(None, -1) if rooted else slice(None)
    aligned, target, rotation = align(predicted, measured, protocol)
    return Matched(
        joints=common.joints,
        absent=common.absent,
        time=moments,
        predicted=aligned,
        measured=target,
        own_predicted=predicted[:, joints],
        own_measured=measured[:, joints],
        rootless=int((~finite(predicted[:, -1]) & finite(measured[:, -1])).sum()) if rooted else 0,
        rotation=rotation,
        lag=lag,
        lag_from=lag_from,
        interpolated=interpolated,
        covered=float(np.ptp(moments) / np.ptp(reference.time)) if len(reference.time) > 1 else 1.0,
        depth_axis=axis,
        notes=tuple(note for note in (*common.notes, said, *_doubts(aligned, target, moments, protocol)) if note),
    )


def align(predicted: Array, measured: Array, protocol: Protocol) -> tuple[Array, Array, Array]:
    """Return both (T, J, 3) from the root, which comes as their last point and goes, and the rotation (3, 3)."""
    if protocol.alignment == "none":
        return predicted, measured, np.eye(3)
    predicted, measured = ((xyz - xyz[:, -1:])[:, :-1] for xyz in (predicted, measured))
    if protocol.alignment == "root-relative":
        return predicted, measured, np.eye(3)
    turn = rotation_between(predicted, measured)
    return predicted @ turn, measured, turn


def _doubts(predicted: Array, measured: Array, time: Array, protocol: Protocol) -> list[str]:
    notes: list[str] = []
    rate = _rate(time)
    if protocol.rate and np.isfinite(rate) and abs(rate / protocol.rate - 1) > 0.01:
        notes.append(f"{protocol.name} is defined at {protocol.rate:g} Hz; this is at {rate:.4g} Hz")
    if rate < 1:
        notes.append(f"this is at {rate:.2g} Hz: are the times in seconds?")
    both = finite(predicted) & finite(measured)
    sizes = [float(np.median(np.linalg.norm(xyz[both], axis=-1))) for xyz in (predicted, measured) if both.any()]
    if protocol.alignment != "none" and len(sizes) == 2 and min(sizes) > 0:
        ratio = sizes[0] / sizes[1]
        if not 1 / _ALIKE < ratio < _ALIKE:
            notes.append(
                f"the prediction is {ratio:.2g} times as large as the reference: are both in the units that they are "
                "taken to be in (--prediction-unit, --reference-unit)?"
            )
        together = _correlation(predicted, measured)
        if together < _TOGETHER:
            notes.append(
                f"these two may not show the same movement: their joints move together with a correlation of {together:.2f} (above "
                "0.8 where they do), so the errors mean nothing; if they do, their clocks are apart: --lag, or a longer --max-lag"
            )
    return notes


def _correlation(predicted: Array, measured: Array) -> float:
    """Return the correlation of (T, J, 3) metres about each joint's mean; NaN where neither moves much."""
    both = finite(predicted) & finite(measured)
    moves = []
    for xyz in (predicted, measured):
        known = np.where(both[..., None], xyz, 0.0)
        mean = known.sum(axis=0) / np.maximum(both.sum(axis=0), 1)[:, None]
        moves.append(np.where(both[..., None], xyz - mean, 0.0))
    sizes = [float(np.sqrt((move**2).sum() / max(both.sum(), 1))) for move in moves]
    if max(sizes) < _MOVES:
        return float("nan")
    return float((moves[0] * moves[1]).sum() / max(both.sum(), 1) / max(sizes[0] * sizes[1], 1e-12))


def _rate(time: Array) -> float:
    return sampling_rate(time) if len(time) > 1 else float("nan")


def _apart(prediction: Motion, reference: Motion, lag: float) -> str:
    spans = [f"{motion.time[0]:.2f}–{motion.time[-1]:.2f} s" for motion in (prediction, reference)]
    return (
        f"there is no common time: the prediction lasts {spans[0]}{f', shifted by {lag:+g} s' if lag else ''}, the "
        f"reference {spans[1]}; `lag` says how many seconds to add to the prediction's clock"
    )
