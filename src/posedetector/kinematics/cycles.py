"""Angles over whole gait cycles, on a common axis from 0 to 100 %."""

from typing import NamedTuple

import numpy as np

from posedetector.arrays import mean_and_sd
from posedetector.kinematics.nouns import Cycles, JointAngles, Quantity
from posedetector.kinematics.signals import between
from posedetector.kinematics.steps import Stride
from posedetector.pose import Array
from posedetector.skeletons import SIDES, Side

PERCENT = np.linspace(0.0, 1.0, 101)
_NEEDED = ("hip_flexion", "knee_flexion", "ankle_dorsiflexion")


def cut_cycles(angles: JointAngles, strides: list[Stride]) -> tuple[tuple[Cycles, ...], tuple[Quantity, ...]]:
    """Return each side's cycles, on straight lines between frames, and how many were left out for holes.

    A cycle is left out if its own leg's hip, knee or ankle has a hole in it, of those that the clip knows at all. Holes of
    other angles stay holes.
    """
    made, counted = [], []
    for side in SIDES:
        own = [stride for stride in strides if stride.side == side]
        if not own:
            continue
        curves = [_cut(angles.time, angles.values, stride) for stride in own]
        needed = _columns(angles, side)
        whole = [row for row, curve in enumerate(curves) if np.isfinite(curve[:, needed]).all()]
        if whole:
            starts, ends = (np.array([getattr(own[row], end) for row in whole]) for end in ("start", "end"))
            sd = np.stack([_cut(angles.time, angles.sd, own[row]) for row in whole])
            made.append(Cycles(side, angles.names, np.stack([curves[row] for row in whole]), starts, ends, sd))
        counted.append(
            Quantity(
                "cycles_left_out",
                side,
                float(len(own) - len(whole)),
                np.nan,
                len(own),
                "count",
                "gait cycles with a hole in this leg's hip, knee or ankle",
            )
        )
    return tuple(made), tuple(counted)


def _columns(angles: JointAngles, side: Side) -> list[int]:
    wanted = {f"{side}_{name}" for name in _NEEDED}
    return [
        column
        for column, name in enumerate(angles.names)
        if name in wanted and np.isfinite(angles.values[:, column]).any()
    ]


def _cut(time: Array, values: Array, stride: Stride) -> Array:
    """Return (101, A) of values (T, A); NaN where a frame that a value lies between has none."""
    near = between(time, stride.start, stride.end)
    near = slice(max(near.start - 1, 0), near.stop + 1)
    at = stride.start + PERCENT * stride.time
    columns = [np.interp(at, time[near], column) for column in values[near].T]
    return np.stack(columns, axis=1) if columns else np.empty((len(PERCENT), 0))


class MeanCurve(NamedTuple):
    """The mean of curves that are repeated, and how uncertain it is; all of the shape of one curve, and its unit.

    Attributes
    ----------
    sd : over the repeats (n - 1); NaN of one.
    fit_sd : the fit's own deviation, root mean square over the repeats: its errors are alike from one to the next, so
        that of the mean does not shrink with their number. NaN where nothing was fitted.
    total_sd : root of the sum of both squares, as if what differs between repeats were no error of the fit, so rather too wide; of a
        single repeat the fit's alone. NaN where that is unknown.
    """

    mean: Array
    sd: Array
    fit_sd: Array
    total_sd: Array


def mean_curve(curves: Array, sd: Array | None) -> MeanCurve:
    """Return the mean of curves (N, …) and its deviations; `sd` are the fit's of each value, or None."""
    mean, spread = mean_and_sd(curves)
    fit = np.full(mean.shape, np.nan) if sd is None else np.sqrt(mean_and_sd(sd**2)[0])
    return MeanCurve(mean, spread, fit, np.hypot(np.nan_to_num(spread), fit))
