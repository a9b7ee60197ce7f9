"""Two motions at the same moments, and the shift between their clocks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from posedetector.arrays import MISSING
from posedetector.errors import InputError
from posedetector.filters import low_pass, sampling_rate
from posedetector.metrics import mpjpe
from posedetector.pose import Array, Noun, settle

MAX_LAG = 0.12  # seconds
LONGEST_LAG = 60.0  # seconds that a search may go; beyond, the lag is better given
_STEPS = (0.01, 0.002)  # seconds between the lags that are tried, coarse and fine
_SAME_RATE = 1.001
_HOLE = 0.1  # seconds; steps longer than that, and with samples missing, are not interpolated across
_FEWEST = 3
_MATERIAL = 0.01  # of the error; clocks that agree but for less are taken to agree
_ROUNDING = 1e-9  # metres, and of the error
_OVERLAP = 0.75  # of the shorter motion; a lag that leaves less in common is not considered
_SEARCH_CUTOFF = 6.0  # Hz
_UNLIKE = 100  # times; rates further apart are in different units
_MOST_MISSING = 10_000  # frames of one hole

Align = Callable[[Array, Array], tuple[Array, Array]]


@dataclass(frozen=True, eq=False)
class Clocks(Noun):
    """A prediction and its reference, (T, J, 3) and (S, J, 3) metres of the same points, each on its own clock."""

    time: Array
    xyz: Array
    reference_time: Array
    reference_xyz: Array

    def __post_init__(self) -> None:
        settle(self, time=(-1,), reference_time=(-1,))
        settle(self, xyz=(len(self.time), -1, 3), reference_xyz=(len(self.reference_time), -1, 3))
        rates = _rate(self.time), _rate(self.reference_time)
        if min(rates) > 0 and max(rates) > _UNLIKE * min(rates):
            raise InputError(
                f"the prediction has {rates[0]:.4g} frames a second and the reference {rates[1]:.4g}: times are in "
                "seconds; is one of them in milliseconds?"
            )

    def at(self, lag: float) -> tuple[Array, Array, Array, str]:
        """Return the common moments on the reference's clock, both there, and which of them was interpolated.

        The moments are those of the coarser one.
        """
        time = self.time + lag
        if _rate(time) <= _rate(self.reference_time) * _SAME_RATE:
            moments = time[_inside(time, self.reference_time)]
            measured, exact = resample(self.reference_time, self.reference_xyz, moments)
            return moments, self.xyz[_inside(time, self.reference_time)], measured, "none" if exact else "reference"
        rows = _inside(self.reference_time, time)
        predicted, exact = resample(time, self.xyz, self.reference_time[rows])
        return self.reference_time[rows], predicted, self.reference_xyz[rows], "none" if exact else "prediction"

    def with_missing_frames(self, lag: float) -> Self:
        """Return the prediction with empty frames where it skips some, by its median step, that the reference has."""
        time, xyz, added = _with_missing_frames(self.time, self.xyz)
        if not added.any() or len(self.reference_time) < 2:
            return self
        after = np.clip(np.searchsorted(self.reference_time, time + lag), 1, len(self.reference_time) - 1)
        near = np.minimum(
            np.abs(self.reference_time[after] - time - lag), np.abs(self.reference_time[after - 1] - time - lag)
        )
        kept = ~added | (near * _rate(self.reference_time) <= 0.5 + _ROUNDING)
        return replace(self, time=time[kept], xyz=xyz[kept])

    def best_lag(self, reach: float, align: Align) -> tuple[float, str]:
        """Return the lag with the smallest MPJPE, and what has to be said of the search, or nothing.

        Both are looked at below 6 Hz, because a lag between two samples would else be rewarded for averaging noise
        away; over those moments that every lag of the search leaves in common, where these are at least half of all.
        Clocks that agree but for 1 % of the error are taken to agree.
        """
        smooth = replace(
            self, xyz=_smooth(self.time, self.xyz), reference_xyz=_smooth(self.reference_time, self.reference_xyz)
        )
        best, fixed = 0.0, self._has_core(reach)
        for step, width in ((_STEPS[0], reach), (_STEPS[1], _STEPS[0])):
            lags = np.asarray(best + np.arange(-round(width / step), round(width / step) + 1) * step, np.float64)
            lags = lags[(np.abs(lags) <= reach + _ROUNDING) & self._overlaps(lags)]
            errors = np.array([smooth._error(float(lag), reach if fixed else None, align) for lag in lags])  # noqa: SLF001
            if not np.isfinite(errors).any():
                return 0.0, "there is too little in common for a lag to be found; the clocks are taken as they are"
            as_good = lags[errors <= np.nanmin(errors) * (1 + _ROUNDING) + _ROUNDING]
            best = float(as_good[np.abs(as_good).argmin()])  # who does not move has no lag
        least = smooth._error(best, reach if fixed else None, align)  # noqa: SLF001
        if smooth._error(0.0, reach if fixed else None, align) <= (1 + _MATERIAL) * least:  # noqa: SLF001
            best = 0.0
        if 0 < reach - _STEPS[1] < abs(best):
            return round(best, 6), f"the lag found, {best:+.3f} s, is as far as the search went (--max-lag)"
        return round(best, 6), (
            ""
            if fixed
            else f"the clips are short for a search of ±{reach:g} s: each lag was judged on moments of its own, and lags "
            f"that leave less than {100 * _OVERLAP:.0f} % of the shorter one in common were left out"
        )

    def _error(self, lag: float, reach: float | None, align: Align) -> float:
        time, predicted, measured, _ = self.at(lag)
        if reach is not None:
            first, last = self._core(reach)
            rows = (time >= first) & (time <= last)
            predicted, measured = predicted[rows], measured[rows]
        return mpjpe(*align(predicted, measured)) if len(predicted) >= _FEWEST else float("nan")

    def _core(self, reach: float) -> tuple[float, float]:
        first, last = self.time[0] + reach, self.time[-1] - reach
        return max(first, float(self.reference_time[0])), min(last, float(self.reference_time[-1]))

    def _has_core(self, reach: float) -> bool:
        first, last = self._core(reach)
        return bool(last - first >= min(np.ptp(self.time), np.ptp(self.reference_time)) / 2 > 0)

    def _overlaps(self, lags: Array) -> NDArray[np.bool_]:
        first = np.maximum(self.time[0] + lags, self.reference_time[0])
        last = np.minimum(self.time[-1] + lags, self.reference_time[-1])
        shorter = min(np.ptp(self.time), np.ptp(self.reference_time))
        return np.asarray(last - first >= _OVERLAP * shorter - _ROUNDING)


def _with_missing_frames(time: Array, xyz: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return times and positions (T, J, 3) with empty frames where, by the median step, some are missing, and which."""
    step = np.diff(time)
    usual = float(np.median(step)) if len(step) else 1.0
    missing = np.where(step > MISSING * usual, np.round(step / usual) - 1, 0).clip(max=_MOST_MISSING).astype(int)
    if not missing.any():
        return time, xyz, np.zeros(len(time), bool)
    before = np.repeat(np.arange(len(step)), missing)
    number = np.concatenate([np.arange(1, count + 1) for count in missing])
    moments = time[before] + number * (step / (missing + 1))[before]
    order = np.argsort(np.concatenate([time, moments]), kind="stable")
    empty = np.full((len(moments), *xyz.shape[1:]), np.nan)
    return np.concatenate([time, moments])[order], np.concatenate([xyz, empty])[order], order >= len(time)


def resample(time: Array, xyz: Array, moments: Array) -> tuple[Array, bool]:
    """Return positions (T, J, 3) at other moments, on straight lines between neighbours, and whether none was needed.

    NaN next to a hole.
    """
    if len(time) == 1:
        return np.repeat(xyz, len(moments), axis=0), True
    after = np.clip(np.searchsorted(time, moments - 1e-6), 1, len(time) - 1)
    step = time[after] - time[after - 1]
    share = np.clip((moments - time[after - 1]) / step, 0, 1)
    share = np.where(share < 1e-4, 0, np.where(share > 1 - 1e-4, 1, share))
    exact = bool(((share == 0) | (share == 1)).all())
    share = share[:, None, None]
    before, behind = xyz[after - 1], xyz[after]
    between = np.where(share == 0, before, np.where(share == 1, behind, before + share * (behind - before)))
    usual = float(np.median(np.diff(time)))
    hole = (step > max(MISSING * usual, _HOLE))[:, None, None] & (share > 0) & (share < 1)
    return np.where(hole, np.nan, between), exact


def _smooth(time: Array, xyz: Array) -> Array:
    return low_pass(xyz, time, _SEARCH_CUTOFF) if 2 * _SEARCH_CUTOFF < sampling_rate(time) < np.inf else xyz


def _rate(time: Array) -> float:
    return 1 / float(np.median(np.diff(time))) if len(time) > 1 else 0.0


def _inside(moments: Array, time: Array) -> NDArray[np.bool_]:
    slack = 1e-6  # seconds: files round
    return np.asarray((moments >= time[0] - slack) & (moments <= time[-1] + slack))
