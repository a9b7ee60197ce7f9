"""Nonlinear least squares over all frames at once: Levenberg–Marquardt on a banded matrix with a border.

A frame is joined to the two before and after it, so the normal matrix of all points is banded (LAPACK's pbtrf factors it
in a time that grows with the number of frames); the few numbers that all frames share make its border, which is
eliminated (Schur's complement). Robust weights are renewed at each step (IRLS).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from posedetector.pose import Array
from posedetector.refinement.problem import Flags, Problem, State
from posedetector.refinement.terms import TERMS, Common, Linear, Steps, common, steps

STEPS, TRIALS = 40, 6
ENOUGH = 2e-4  # of the energy: what is still to be gained moves joints by less than 0.1 mm in the mean
NEAREST = 0.1  # statures from the camera


@dataclass(frozen=True, eq=False)
class Normal:
    """The normal equations: banded (2D + 1, T·D) as LAPACK stores its upper part, border (T·D, F), corner (F, F).

    `pull` (T·D,) and `shared_pull` (F,) are the gradient; F are the shared numbers that are free.
    """

    band: Array
    border: Array
    corner: Array
    pull: Array
    shared_pull: Array


@dataclass(frozen=True, eq=False)
class Linearised:
    """All terms at a state."""

    state: State
    terms: Mapping[str, Linear]
    common: Mapping[str, Common]
    steps: Mapping[str, Steps]

    @property
    def energies(self) -> dict[str, float]:
        """By term, its share of what is minimised."""
        found: dict[str, Linear | Common | Steps] = {**self.terms, **self.common, **self.steps}
        return {name: one.energy for name, one in found.items()}

    @property
    def energy(self) -> float:
        """What is minimised."""
        return sum(self.energies.values())


def linearise(problem: Problem, state: State) -> Linearised:
    """Evaluate the table of terms."""
    found = {name: term.evaluate(problem, state) for name, term in TERMS.items()}
    terms = {name: one for name, one in found.items() if one is not None}
    return Linearised(state, terms, common(problem, state), steps(problem, state))


def solve(problem: Problem, start: State, free: Flags) -> Linearised:
    """Return the terms at the state that fits best, sought from `start`; of the shared numbers, those `free` (G,) move."""
    at, damping = linearise(problem, start), 1e-3
    for _ in range(STEPS):
        normal = assemble(at, free)
        for _ in range(TRIALS):
            tried = _step(problem, at.state, normal, free, damping)
            if tried is not None and tried.energy < at.energy:
                break
            damping *= 10
        else:
            return at
        gained, at, damping = at.energy - tried.energy, tried, max(damping / 10, 1e-7)
        if gained < ENOUGH * at.energy:
            return at
    return at


def assemble(at: Linearised, free: Flags) -> Normal:
    """Sum the terms' squares into the normal equations."""
    frames, points = at.state.points.shape[:2]
    size, count = 3 * points, len(free)
    blocks, pull = np.zeros((frames, size, size)), np.zeros((frames, size))
    border, corner, shared_pull = np.zeros((frames, size, count)), np.zeros((count, count)), np.zeros(count)
    for term in at.terms.values():
        slopes = _spread_out(term, size)
        weighted = np.swapaxes(slopes * term.weight[..., None], 1, 2)
        blocks += weighted @ slopes
        pull += (weighted @ term.values[..., None])[..., 0]
        if term.shared is not None:
            border += weighted @ term.shared
            flat, weight = term.shared.reshape(-1, count), term.weight.reshape(-1)
            corner += flat.T @ (weight[:, None] * flat)
            shared_pull += flat.T @ (weight * term.values.reshape(-1))
    for one in at.common.values():
        corner += one.slopes.T @ (one.weight[:, None] * one.slopes)
        shared_pull += one.slopes.T @ (one.weight * one.values)
    band = _banded(blocks)
    for path in at.steps.values():
        _add_steps(band, pull, path, at.state.points)
    return Normal(
        band,
        border.reshape(frames * size, count)[:, free],
        corner[np.ix_(free, free)],
        pull.reshape(-1),
        shared_pull[free],
    )


def _spread_out(term: Linear, size: int) -> Array:
    """Return slopes (T, R, D) along all coordinates."""
    slopes = np.zeros((*term.values.shape, size))
    rows = np.arange(term.values.shape[1])
    for column, slope in zip(term.columns.T, np.moveaxis(term.slopes, -1, 0), strict=True):
        slopes[:, rows, column] += slope
    return slopes


def _banded(blocks: Array) -> Array:
    """Return (2D + 1, T·D): the frames' own blocks (T, D, D), as LAPACK stores the upper part of a banded matrix."""
    frames, size, _ = blocks.shape
    band = np.zeros((2 * size + 1, frames, size))
    for off in range(size):
        band[2 * size - off, :, off:] = np.diagonal(blocks, off, 1, 2)
    return band.reshape(2 * size + 1, -1)


def _add_steps(band: Array, pull: Array, path: Steps, points: Array) -> None:
    """Add a penalty on what changes over time, in place."""
    length, samples = path.stencil.shape
    size = pull.shape[1]
    rows = band.reshape(2 * size + 1, len(points), size)
    weighted = path.weight * path.sums(points)
    for late in range(samples):
        first = path.stencil[:, [late]]
        pull[late : late + length] += first * weighted
        for early in range(late + 1):
            square = first * path.stencil[:, [early]] * path.weight
            rows[2 * size - size * (late - early), late : late + length] += square


def _step(problem: Problem, state: State, normal: Normal, free: Flags, damping: float) -> Linearised | None:
    """Return where a damped step leads; None where that is behind the camera or nowhere."""
    from scipy.linalg import LinAlgError, cho_solve_banded, cholesky_banded

    band = normal.band.copy()
    band[-1] = band[-1] * (1 + damping) + 1e-9
    try:
        factor = cholesky_banded(band, overwrite_ab=True, check_finite=False)
        right = np.column_stack([normal.pull, normal.border])
        solved = cho_solve_banded((factor, False), right, overwrite_b=True, check_finite=False)
        corner = normal.corner + damping * np.diag(np.diag(normal.corner)) - normal.border.T @ solved[:, 1:]
        shift = -np.linalg.solve(corner, normal.shared_pull - normal.border.T @ solved[:, 0])
    except LinAlgError:
        return None
    points = state.points - (solved[:, 0] + solved[:, 1:] @ shift).reshape(state.points.shape)
    if not (points[..., 2] > NEAREST).all():
        return None
    shared = state.shared.copy()
    shared[free] += shift
    return linearise(problem, State(points, shared))


def covariances(at: Linearised, free: Flags, shared: Array | None = None) -> tuple[Array, Array]:
    """Return (T, D, D) covariances of each frame's coordinates and (F, F) of the shared numbers, from the curvature.

    `shared` is that of the shared numbers, where it is known from elsewhere.

    The blocks of the inverse of a banded matrix follow from its factor, last to first (Takahashi, Fagan & Chen, 1973);
    here two frames are a block.
    """
    from scipy.linalg import cho_solve_banded, cholesky_banded

    normal = assemble(at, free)
    band = normal.band
    band[-1] += 1e-9
    factor = cholesky_banded(band, check_finite=False)
    own = _inverse_blocks(factor, len(at.state.points))
    across = cho_solve_banded((factor, False), normal.border, check_finite=False)
    common = np.linalg.inv(normal.corner - normal.border.T @ across) if shared is None else shared
    sides = across.reshape(*own.shape[:2], -1)
    return np.asarray(own + sides @ common @ np.swapaxes(sides, 1, 2)), np.asarray(common)


def _inverse_blocks(factor: Array, frames: int) -> Array:
    """Return the diagonal blocks (T, D, D) of the inverse of UᵀU, whose U is banded (2D + 1, T·D)."""
    from scipy.linalg import solve_triangular

    size = factor.shape[1] // frames
    found = np.empty((frames, size, size))
    later: Array | None = None
    for start in range((frames - 1) // 2 * 2, -1, -2):
        stop = min(start + 2, frames)
        own = _upper(factor, start * size, stop * size, stop * size)
        inverse = solve_triangular(own, np.eye(len(own)), check_finite=False)
        block = inverse @ inverse.T
        if later is not None:
            wide = inverse @ _upper(factor, start * size, stop * size, stop * size + len(later))[:, len(own) :]
            block += wide @ later @ wide.T
        for frame in range(start, stop):
            rows = slice((frame - start) * size, (frame - start + 1) * size)
            found[frame] = block[rows, rows]
        later = block
    return found


def _upper(factor: Array, start: int, stop: int, end: int) -> Array:
    """Return rows `start` to `stop`, columns `start` to `end` of an upper triangular matrix stored by diagonals."""
    width = len(factor) - 1
    rows, columns = np.arange(start, stop)[:, None], np.arange(start, end)[None]
    off = columns - rows
    inside = (off >= 0) & (off <= width)
    return np.where(inside, factor[np.clip(width - off, 0, width), columns], 0.0)
