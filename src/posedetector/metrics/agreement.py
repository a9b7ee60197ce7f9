"""Agreement of two methods that measure the same quantity: angles, gait parameters, or anything with one number.

`predicted` and `measured` are (N,) in the same unit; pairs of which one is not finite are left out. `trial` (N,) says
which trial each pair comes from. Samples within a trial resemble each other, so intervals treat the trial, not the
sample, as what was drawn; with one trial there are none (NaN).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from posedetector.errors import InputError
from posedetector.pose import Array

Trials = NDArray[Any]

_ROUNDING = 1e-12  # of its terms; a smaller sum is 0


class Estimate(NamedTuple):
    """A figure with the interval that holds the true one with the level asked for; NaN where it is not known."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Agreement:
    """How two methods agree: unit of the quantity but for `icc` and `r`; n pairs from so many trials."""

    n: int
    trials: int
    bias: Estimate
    mae: Estimate
    rmse: Estimate
    lower_limit: Estimate
    upper_limit: Estimate
    icc: Estimate
    r: Estimate


def agreement(predicted: Array, measured: Array, trial: Trials | None = None, *, level: float = 0.95) -> Agreement:
    """Return every figure of this room for paired values, with intervals clustered by trial.

    All of them follow from nine sums a trial, so that leaving out one after the other costs nothing.
    """
    predicted, measured, trial = _pairs(predicted, measured, trial)
    names, group = np.unique(trial, return_inverse=True)
    sums = _sums(predicted, measured, group, len(names))
    whole = _figures(sums)
    without = [_figures(np.delete(sums, row, axis=0)) for row in range(len(names))]

    def estimate(figure: str) -> Estimate:
        others = [one[figure] for one in without]
        bounds = (0.0 if figure in {"mae", "rmse"} else -np.inf, np.inf)
        return _estimate(whole[figure], others, level=level, correlation=figure in {"icc", "r"}, bounds=bounds)

    return Agreement(n=len(predicted), trials=len(names), **{figure: estimate(figure) for figure in whole})


def _sums(predicted: Array, measured: Array, group: NDArray[np.intp], trials: int) -> Array:
    """Return (trials, 9): n, Σd, Σ|d|, Σd², Σx, Σy, Σx², Σy², Σxy of d = x − y, x and y from their common middle."""
    middle = float(np.concatenate([predicted, measured]).mean()) if len(predicted) else 0.0
    x, y = predicted - middle, measured - middle
    d = x - y
    columns = (np.ones_like(d), d, np.abs(d), d**2, x, y, x**2, y**2, x * y)
    return np.stack([np.bincount(group, column, minlength=trials) for column in columns], axis=1)


def _figures(sums: Array) -> dict[str, float]:
    nan = float("nan")
    n, d, away, squares, x, y, xx, yy, xy = (float(total) for total in sums.sum(axis=0))
    if not n:
        return dict.fromkeys(("bias", "mae", "rmse", "lower_limit", "upper_limit", "icc", "r"), nan)
    sizes, means = sums[:, 0], sums[:, 1] / np.maximum(sums[:, 0], 1)
    within = float((sums[:, 3] - sizes * means**2).clip(min=0).sum())
    spread = float(np.sqrt(_variance(sizes, means, within))) if n > 1 else nan
    in_x, in_y, both = xx - x * x / n, yy - y * y / n, xy - x * y / n
    noise_x, noise_y = _ROUNDING * xx, _ROUNDING * yy
    varies = n > 1 and in_x > noise_x and in_y > noise_y
    return {
        "bias": d / n,
        "mae": away / n,
        "rmse": float(np.sqrt(squares / n)),
        "lower_limit": d / n - 1.96 * spread,
        "upper_limit": d / n + 1.96 * spread,
        "icc": _icc_of_two(n, d, in_x, in_y, both)
        if n > 1 and (varies or in_x + in_y + squares > noise_x + noise_y)
        else nan,
        "r": both / float(np.sqrt(in_x * in_y)) if varies else nan,
    }


def _icc_of_two(n: float, d: float, in_x: float, in_y: float, both: float) -> float:
    """Return ICC(2,1) of two methods from their sums of squares and products about their own means."""
    of_targets = (in_x + in_y + 2 * both) / 2 / (n - 1)
    of_error = (in_x + in_y - 2 * both) / 2 / (n - 1)
    of_methods = d * d / (2 * n)
    return _icc(of_targets, of_methods, of_error, (n, 2))


def _icc(of_targets: float, of_methods: float, of_error: float, shape: tuple[float, float]) -> float:
    """Return ICC(2,1) from the three mean squares; NaN where their sum is 0 but for rounding."""
    targets, methods = shape
    whole = of_targets + (methods - 1) * of_error + methods * (of_methods - of_error) / targets
    certain = abs(whole) > _ROUNDING * (of_targets + of_methods + of_error)
    return (of_targets - of_error) / whole if certain else float("nan")


def bias(predicted: Array, measured: Array) -> float:
    """Return the mean of predicted − measured."""
    predicted, measured, _ = _pairs(predicted, measured)
    return float((predicted - measured).mean()) if len(predicted) else float("nan")


def mae(predicted: Array, measured: Array) -> float:
    """Return the mean absolute error."""
    predicted, measured, _ = _pairs(predicted, measured)
    return float(np.abs(predicted - measured).mean()) if len(predicted) else float("nan")


def rmse(predicted: Array, measured: Array) -> float:
    """Return the root mean square error."""
    predicted, measured, _ = _pairs(predicted, measured)
    return float(np.sqrt(((predicted - measured) ** 2).mean())) if len(predicted) else float("nan")


def limits_of_agreement(predicted: Array, measured: Array, trial: Trials | None = None) -> tuple[float, float]:
    """Return the lower and upper 95 % limits of agreement: the bias ∓ 1.96 standard deviations of the differences.

    With several trials the variance is the sum of that between and that within trials, from a one-way analysis of
    variance, as is right where the quantity changes during a trial.

    References
    ----------
    Bland & Altman, Lancet 327, 1986; J. Biopharm. Stat. 17(4), 2007, section 3.
    """
    predicted, measured, trial = _pairs(predicted, measured, trial)
    differences = predicted - measured
    if len(differences) < 2:
        return float("nan"), float("nan")
    _, group, sizes = np.unique(trial, return_inverse=True, return_counts=True)
    means = np.bincount(group, differences) / sizes
    within = float(((differences - means[group]) ** 2).sum())
    middle, spread = float(differences.mean()), float(np.sqrt(_variance(sizes.astype(float), means, within)))
    return middle - 1.96 * spread, middle + 1.96 * spread


def _variance(sizes: Array, means: Array, squares: float) -> float:
    """Return the variance of differences from the sizes and means of trials and the sum of squares within them."""
    total, trials = float(sizes.sum()), len(sizes)
    between = float((sizes * (means - float((sizes * means).sum()) / total) ** 2).sum())
    if trials in {1, total}:
        return (squares + between) / (total - 1)
    within, between = squares / (total - trials), between / (trials - 1)
    usual_size = (total**2 - float((sizes**2).sum())) / ((trials - 1) * total)
    return within + max(between - within, 0) / usual_size


def icc_2_1(ratings: Array) -> float:
    """Return the intraclass correlation ICC(2,1): two-way random effects, absolute agreement, single measurement.

    Parameters
    ----------
    ratings : (N, K), N targets each measured by the same K methods; rows with a NaN are left out.

    References
    ----------
    Shrout & Fleiss, Psychol. Bull. 86(2), 1979; McGraw & Wong, Psychol. Methods 1(1), 1996, ICC(A,1).
    """
    if ratings.ndim != 2 or ratings.shape[1] < 2:
        raise InputError(f"ratings must be (N, K) of at least two methods, got {ratings.shape}")
    ratings = ratings[np.isfinite(ratings).all(axis=1)]
    targets, methods = ratings.shape
    if targets < 2 or np.ptp(ratings) == 0:
        return float("nan")
    rows = ratings.mean(axis=1, keepdims=True) - ratings.mean()
    columns = ratings.mean(axis=0, keepdims=True) - ratings.mean()
    rest = ratings - ratings.mean() - rows - columns
    of_targets = methods * float((rows**2).sum()) / (targets - 1)
    of_methods = targets * float((columns**2).sum()) / (methods - 1)
    of_error = float((rest**2).sum()) / ((targets - 1) * (methods - 1))
    return _icc(of_targets, of_methods, of_error, (targets, methods))


def pearson_r(predicted: Array, measured: Array) -> float:
    """Return Pearson's correlation coefficient; NaN where one side does not vary."""
    predicted, measured, _ = _pairs(predicted, measured)
    if len(predicted) < 2 or np.ptp(predicted) == 0 or np.ptp(measured) == 0:
        return float("nan")
    one, other = predicted - predicted.mean(), measured - measured.mean()
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / size


def cmc(waveforms: Array) -> float:
    """Return the coefficient of multiple correlation of waveforms that several methods measured in the same cycles.

    1 where all methods give the same curve. NaN where they differ more from each other than the curves vary over the
    cycle, since the coefficient is imaginary there.

    Parameters
    ----------
    waveforms : (G, M, F), G cycles, M methods, F points of the cycle.

    References
    ----------
    Kadaba et al., J. Orthop. Res. 7(6), 1989; in the form between methods of Ferrari et al., Gait Posture 31(4), 2010,
    equation 3.
    """
    if waveforms.ndim != 3 or waveforms.shape[1] < 2:
        raise InputError(f"waveforms must be (cycles, at least two methods, points), got {waveforms.shape}")
    waveforms = waveforms[np.isfinite(waveforms).all(axis=(1, 2))]
    cycles, methods, points = waveforms.shape
    if not cycles or np.ptp(waveforms) == 0:
        return float("nan")
    curve = waveforms.mean(axis=1, keepdims=True)
    level = waveforms.mean(axis=(1, 2), keepdims=True)
    apart = float(((waveforms - curve) ** 2).sum()) / (cycles * points * (methods - 1))
    whole = float(((waveforms - level) ** 2).sum()) / (cycles * (points * methods - 1))
    return float(np.sqrt(1 - apart / whole)) if 0 < whole >= apart else float("nan")


def cycle_rmse(predicted: Array, measured: Array) -> Array:
    """Return the root mean square error (G,) of each cycle; both (G, F), G cycles of F points."""
    if predicted.shape != measured.shape or predicted.ndim != 2:
        raise InputError(f"both must be (cycles, points) alike, got {predicted.shape} and {measured.shape}")
    return np.array([rmse(one, other) for one, other in zip(predicted, measured, strict=True)])


def interval(
    statistic: Callable[[NDArray[np.bool_]], float],
    trial: Trials,
    *,
    level: float = 0.95,
    correlation: bool = False,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Estimate:
    """Return a statistic and its interval, by leaving out one trial after the other.

    A jackknife over clusters with Student's t of as many degrees of freedom as there are trials, less one. It needs no
    random numbers, and with few trials it is the most careful of the usual methods.

    Parameters
    ----------
    statistic : what is to be estimated, for those rows of the data for which the mask (N,) is true.
    trial : (N,) which trial each row comes from; with less than two trials the interval is NaN.
    correlation : the statistic lies in [−1, 1], and the interval is made on Fisher's z.
    bounds : between which the statistic can lie; what the interval has beyond them is cut off.

    References
    ----------
    Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 11; MacKinnon, Nielsen & Webb, J. Appl.
    Econometrics 38(5), 2023 (CV3).
    """
    names = np.unique(trial)
    others = [statistic(trial != name) for name in names] if len(names) > 1 else []
    value = statistic(np.ones(len(trial), bool))
    return _estimate(value, others, level=level, correlation=correlation, bounds=bounds)


def _estimate(
    value: float, others: list[float], *, level: float, correlation: bool, bounds: tuple[float, float]
) -> Estimate:
    """Return the interval from the statistic without each of the trials."""
    from scipy.stats import t

    if not 0 < level < 1:
        raise InputError(f"the level must lie between 0 and 1, got {level:g}")
    trials = len(others)
    if trials < 2:
        return Estimate(value, float("nan"), float("nan"))
    there, back = (_fisher, np.tanh) if correlation else (float, float)
    middle, apart = there(value), np.array([there(other) for other in others])
    error = float(np.sqrt((trials - 1) / trials * ((apart - middle) ** 2).sum()))
    reach = float(t.ppf((1 + level) / 2, trials - 1)) * error
    low, high = (float(np.clip(back(end), *bounds)) for end in (middle - reach, middle + reach))
    return Estimate(value, low, high)


def _fisher(value: float) -> float:
    return float(np.arctanh(np.clip(value, -1 + 1e-12, 1 - 1e-12)))


def _pairs(predicted: Array, measured: Array, trial: Trials | None = None) -> tuple[Array, Array, Trials]:
    """Return the pairs of which both are finite."""
    trial = np.zeros(len(predicted), int) if trial is None else np.asarray(trial)
    if predicted.ndim != 1 or not predicted.shape == measured.shape == trial.shape:
        raise InputError(f"all must be (N,) alike, got {predicted.shape}, {measured.shape} and {trial.shape}")
    both = np.isfinite(predicted) & np.isfinite(measured)
    return predicted[both], measured[both], trial[both]
