"""Filters over time for arrays with holes: every run of finite values is filtered on its own."""

import numpy as np

from posedetector.arrays import runs
from posedetector.errors import InputError
from posedetector.pose import Array

ORDER = 2
START_UP = 10  # samples
_BLOCK = 10_000  # moments interpolated at once
_UNEVEN = 0.01  # of the median step: clocks that waver more than this are put on an even grid


def low_pass(values: Array, time: Array, cutoff: float) -> Array:
    """Return values (T, …) after a Butterworth filter run forwards and backwards.

    Each of the two passes is given the cutoff divided by (√2 − 1)^(1/2n), on the warped axis tan(πf/rate) of a digital
    filter, so that together they have their −3 dB point at `cutoff` Hz (Robertson & Dowling, 2003). NaN separates runs
    and stays; a run shorter than the filter's own start-up (10 samples) is left as it was. Uneven times are filtered on
    an even grid.

    Raises InputError if the cutoff is not between 0 and half the sampling rate.
    """
    from scipy.signal import butter

    rate = sampling_rate(time)
    if not 0 < cutoff < rate / 2:
        raise InputError(f"the cutoff must lie between 0 and {rate / 2:g} Hz, half the frame rate; got {cutoff:g}")
    if len(time) < START_UP:
        return values.copy()
    warped = np.tan(np.pi * cutoff / rate) / (np.sqrt(2) - 1) ** (1 / (2 * ORDER))
    sections = butter(ORDER, rate / np.pi * np.arctan(warped), fs=rate, output="sos")
    pad = int(np.ceil(2 * rate / cutoff))  # two periods, in which the filter's start-up dies away
    flat = values.reshape(len(values), -1)
    result = flat.copy()
    for column in range(flat.shape[1]):
        for run in runs(np.isfinite(flat[:, column])):
            result[run, column] = _filter_run(flat[run, column], time[run], rate, sections, pad)
    return result.reshape(values.shape)


def sampling_rate(time: Array) -> float:
    """Return the median number of samples per second; infinite for less than two."""
    return float(1 / np.median(np.diff(time))) if len(time) > 1 else np.inf


def _filter_run(values: Array, time: Array, rate: float, sections: Array, pad: int) -> Array:
    from scipy.signal import sosfiltfilt

    if len(values) < START_UP:
        return values
    steps = np.diff(time)
    if np.abs(steps * rate - 1).max() < _UNEVEN:
        return np.asarray(sosfiltfilt(sections, values, padlen=min(pad, len(values) - 1)))
    grid = time[0] + np.arange(int((time[-1] - time[0]) * rate) + 1) / rate
    if len(grid) < START_UP:
        return values
    even = sosfiltfilt(sections, np.interp(grid, time, values), padlen=min(pad, len(grid) - 1))
    return np.interp(time, grid, even)


def interpolate(time: Array, values: Array, at: Array) -> Array:
    """Return values (T, …) at other times: a piecewise cubic through all of them, continued straight beyond its ends.

    Each piece depends on two samples either side and no others, so a stream can have it too: a Hermite cubic whose
    slopes are those of the parabola through three samples (Bessel's tangents; de Boor, A Practical Guide to Splines,
    1978, ch. IV).
    """
    from scipy.interpolate import CubicHermiteSpline

    if len(time) == 1:
        return np.repeat(values, len(at), axis=0)
    inside = np.clip(at, time[0], time[-1])
    result = np.empty((len(at), *values.shape[1:]))
    for start in range(0, len(at), _BLOCK):  # all pieces' coefficients at once would be four times the values
        wanted = inside[start : start + _BLOCK]
        first = np.searchsorted(time, wanted.min(), side="right") - 2
        near = slice(max(int(first), 0), int(np.searchsorted(time, wanted.max())) + 2)
        path = CubicHermiteSpline(time[near], values[near], np.gradient(values[near], time[near], axis=0))
        result[start : start + _BLOCK] = path(wanted)
    for end, rows in ((slice(0, 2), at < time[0]), (slice(-2, None), at > time[-1])):
        slope = np.diff(values[end], axis=0)[0] / np.ptp(time[end])
        result[rows] += np.multiply.outer((at - inside)[rows], slope)
    return result
