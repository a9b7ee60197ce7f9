"""A fit of any length in fixed memory: the shared numbers from a coarse sample of the clip, then window after window.

What all frames share shows as well in some of them: in every fourth, and of a long clip in evenly spread pieces. With that
held, what a frame says is forgotten within a second, so windows that overlap by more than that on both sides give what
the whole would have given.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from posedetector.pose import Array
from posedetector.refinement.contacts import hold_above
from posedetector.refinement.problem import Flags, Problem, Rows, State, between_nodes
from posedetector.refinement.solver import Linearised, covariances, solve
from posedetector.refinement.spread import Deviations, Measure
from posedetector.refinement.terms import FOCAL, focal_length, focal_prior_counts

Progress = Callable[[str, Iterable[Any], int | None], Iterator[Any]]

WHOLE = 1500  # frames that are fitted at once
WINDOW = 900
MARGIN = 1.5  # seconds on either side of a window
PIECES = 6  # of the sample
# what is wrong alike in many frames shows in the curvature too little: on filmed walks (benchmarks/intervals.py, half 0)
FOCAL_WIDER = 1.4
COARSEST, LEAST = 4, 100  # the sample takes one frame in so many, as long as so many are left


@dataclass(frozen=True, eq=False)
class Fit:
    """What was found for F frames, in statures.

    Attributes
    ----------
    points : (F, P, 3) camera frame.
    shared : (G,) the numbers that all frames share.
    deviations : of points and angles.
    residuals : by term, root mean square in standard deviations.
    reprojection : median distance in the picture, shares of stature.
    focal_length, focal_spread : pixels, and its standard deviation as a share of it (0: given).
    moved : whether any step led to a better fit.
    """

    points: Array
    shared: Array
    deviations: Deviations
    residuals: dict[str, float]
    reprojection: float
    focal_length: float
    focal_spread: float
    windows: int
    moved: bool


def fit(problem: Problem, start: State, measure: Measure, progress: Progress) -> Fit:
    """Return the best fit; where no step helps, it is where it started."""
    count = len(start.points)
    sample, taken, whole = _sample(problem)
    free = _free(sample)
    windows = _windows(count)
    points, begin = np.empty_like(start.points), start.points
    squares, away, deviations = _Squares(), [], []
    for number, rows in enumerate(progress("refining", windows, len(windows))):
        if number == 0:
            first = solve(sample, State(begin[taken], start.shared), free)
            shared, (_, common) = first.state.shared, covariances(first, free)
            if len(taken) == count:
                begin = first.state.points
            elif whole:
                begin = between_nodes(first.state.points, taken, sample.joined, problem.time)
            if whole and sample.low.any():
                problem = hold_above(problem, begin, float(shared[problem.body.floor]))
        near = _with_margins(rows, count, round(MARGIN * problem.rate))
        at = solve(problem.cut(near), State(begin[near], shared), np.zeros_like(free))
        own, _ = covariances(at, free, common)
        inside = slice(rows[0] - near[0], rows[-1] + 1 - near[0])
        points[rows] = at.state.points[inside]
        deviations.append(measure(points[rows], own[inside]))
        squares.add(at, inside)
        away.append(_away(problem.cut(rows), State(points[rows], shared)))
    spread = np.zeros(len(free))
    spread[free] = np.sqrt(np.diag(common))
    return Fit(
        points=points,
        shared=shared,
        deviations=(np.concatenate([one for one, _ in deviations]), np.concatenate([one for _, one in deviations])),
        residuals=squares.roots() | _of_all(first),
        reprojection=float(np.nanmedian(np.concatenate(away))),
        focal_length=focal_length(problem, State(points, shared)),
        # an expectation that counts several times makes nothing surer
        focal_spread=float(min(FOCAL, FOCAL_WIDER * spread[problem.body.focal] * np.sqrt(focal_prior_counts(sample)))),
        windows=len(windows),
        moved=not np.array_equal(points, start.points),
    )


def _free(problem: Problem) -> Flags:
    """Tell which of the shared numbers the clip can say something about."""
    free = np.ones(problem.body.unknowns, bool)
    free[problem.body.focal] = not problem.focal_known
    free[problem.body.floor] = problem.low.any()
    return free


def _windows(count: int) -> list[Rows]:
    if count <= WHOLE:
        return [np.arange(count)]
    return np.array_split(np.arange(count), -(-count // WINDOW))


def _with_margins(rows: Rows, count: int, margin: int) -> Rows:
    return np.arange(max(rows[0] - margin, 0), min(rows[-1] + 1 + margin, count))


def _sample(problem: Problem) -> tuple[Problem, Rows, bool]:
    """Return the problem of those frames that show what all share, which these are, and whether they are of the whole clip."""
    every = min(COARSEST, max(1, len(problem.time) // LEAST))
    coarse, taken = problem.thin(every)
    if len(taken) <= WHOLE:
        return coarse, taken, True
    length = WHOLE // PIECES
    starts = np.linspace(0, len(taken) - length, PIECES).astype(int)
    rows = np.concatenate([np.arange(start, start + length) for start in starts])
    return coarse.cut(rows), taken[rows], False


class _Squares:
    """Weighted squares of the terms' residuals, summed over windows."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, float]] = {}

    def add(self, at: Linearised, rows: slice) -> None:
        for name, term in at.terms.items():
            weight, values = term.weight[rows], term.values[rows]
            self._add(name, float((weight * values**2).sum()), float(weight.sum()))
        for name, path in at.steps.items():
            self._add(name, 2 * path.energy, path.expected)

    def _add(self, name: str, square: float, count: float) -> None:
        before = self._sums.get(name, (0.0, 0.0))
        self._sums[name] = before[0] + square, before[1] + count

    def roots(self) -> dict[str, float]:
        return {name: float(np.sqrt(square / total)) if total else 0.0 for name, (square, total) in self._sums.items()}


def _of_all(at: Linearised) -> dict[str, float]:
    """Return the residuals of what is expected of the shared numbers."""
    return {
        name: float(np.sqrt((one.weight * one.values**2).sum() / one.weight.sum())) for name, one in at.common.items()
    }


def _away(problem: Problem, state: State) -> Array:
    """(F·P,) how far keypoints are from where the points appear, shares of stature; NaN where there is none."""
    seen = focal_length(problem, state) * state.points[..., :2] / state.points[..., 2:]
    away = np.linalg.norm(seen - problem.image, axis=-1) / problem.size[:, None]
    return np.where(problem.weight > 0, away, np.nan).ravel()
