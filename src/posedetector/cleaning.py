"""What a detector got wrong in 2D, before anyone builds on it.

In this order: limbs that leave the image and doubtful points are dropped, left/right swaps undone, jumps dropped, short gaps filled on the true
time axis. What is filled is marked; what is too long a hole to fill stays one all the way to the files. All but the first
needs frames that come later; with `online` there is only that.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posedetector.account import CleaningRecord, Entry, info
from posedetector.arrays import MAD_TO_SD, runs
from posedetector.pose import Array, Keypoints, Source, finite
from posedetector.skeletons import Skeleton, split_side

BoolArray = NDArray[np.bool_]
RowArray = NDArray[np.intp]

_HAMPEL_SECONDS = 0.15  # half window
_HAMPEL_SIGMAS = 4.0
_HAMPEL_FLOOR = 0.02  # of the body's size: what is nearer to the median than this is no outlier
_HAMPEL_LEAP = 2.0  # times the fastest step beside it
# Of the body's size, what it takes to enter or leave a swap. On synthetic walks with 1–3 px noise, 0.06 undoes every
# swap of legs that are apart and invents none; 0.25 leaves three quarters of them.
_SWAP_COST = 0.06
_LONGEST_SWAP = 0.5  # seconds; what lasts longer is how the person stands
# Of the image's longer side: a point nearer to its border may be cut off, and one that was last seen nearer than `_NEAR` left there
_BORDER, _NEAR = 0.005, 0.05
_LEAVING = 1.0  # seconds, that a person takes to enter or leave the image; a judgement
_USUALLY = 0.1  # of the other frames: a limb that is cut off in more is framed so, and does not leave
_LIMBS = (
    ("hip", "knee", "ankle", "heel", "foot_index"),
    ("shoulder", "elbow", "wrist", "pinky", "index", "thumb"),
)


@dataclass(frozen=True, eq=False)
class Cleaned:
    """The cleaned points, and how much had to be done: points dropped, frames in which a limb pair was swapped back.

    `leaving` counts points of limbs that enter or leave the image; `min_score` and `max_gap` are as given.
    """

    keypoints: Keypoints
    min_score: float
    max_gap: float
    doubtful: int
    outliers: int = 0
    swapped_frames: int = 0
    leaving: int = 0

    def entry(self) -> Entry:
        """Return what the account says of it."""
        record = CleaningRecord(
            min_score=self.min_score,
            max_gap_s=self.max_gap,
            doubtful_points_dropped=self.doubtful,
            outliers_dropped=self.outliers,
            frames_with_swapped_sides=self.swapped_frames,
            points_leaving_image_dropped=self.leaving,
        )
        said = (
            f"{self.leaving} points of arms and legs are missing at the start or the end, where the subject enters or leaves the "
            "image: where a limb is cut off, the detector guesses; no angle of it is reported there"
        )
        return Entry({"cleaning": record}, notes=(info(said),) if self.leaving else ())


def clean(keypoints: Keypoints, *, min_score: float = 0.2, max_gap: float = 0.25, online: bool = False) -> Cleaned:
    """Return the points as far as they can be trusted.

    Parameters
    ----------
    min_score : below it a point counts as not seen.
    max_gap : seconds; holes up to this length are interpolated (monotone cubic, Fritsch & Carlson, 1980).
    online : only what needs no later frame: doubtful points are dropped, and nothing else is done.
    """
    # one name for all steps, so that the points of a long clip exist twice at most
    leaving = np.zeros(keypoints.score.shape, bool) if online else find_leaving(keypoints)
    keypoints = _drop(keypoints, leaving)
    seen = int(finite(keypoints.xy).sum())
    keypoints = _drop(keypoints, (keypoints.score < min_score) & finite(keypoints.xy))
    doubtful = seen - int(finite(keypoints.xy).sum())
    if online:
        return Cleaned(keypoints, min_score, max_gap, doubtful)
    keypoints, swapped = undo_swaps(keypoints)
    outliers = find_outliers(keypoints)
    keypoints = _drop(keypoints, outliers)
    filled = fill_gaps(keypoints, max_gap)
    return Cleaned(filled, min_score, max_gap, doubtful, int(outliers.sum()), swapped, int(leaving.sum()))


def find_leaving(keypoints: Keypoints) -> BoolArray:
    """Tell which points (T, J) are of a leg or an arm that enters or leaves the image with its person.

    From the time that one of a limb's points reaches the border, within the last second of the person's presence, a detector squeezes
    the limb into the image, and is sure of it; likewise until then in the first second.
    """
    found = np.zeros(keypoints.score.shape, bool)
    there = np.flatnonzero(finite(keypoints.xy).any(axis=1))
    if not len(there):
        return found
    seen, place = finite(keypoints.xy), _carried_over_holes(keypoints.xy)
    size, side = np.array(keypoints.image_size), max(keypoints.image_size)
    inside = np.minimum(place, size - place).min(axis=-1) / side
    cut = np.where(seen, inside < _BORDER, inside < _NEAR)
    last = keypoints.time > keypoints.time[there[-1]] - _LEAVING
    first = keypoints.time < keypoints.time[there[0]] + _LEAVING
    for limb in _LIMBS:
        for number in (0, 1):
            rows = [pair[number] for pair in keypoints.skeleton.pairs if _belongs(keypoints.skeleton, pair, limb[1:])]
            touches = cut[:, rows].any(axis=1) & finite(keypoints.xy).any(axis=1)
            others = touches[there[0] : there[-1] + 1][~(first | last)[there[0] : there[-1] + 1]]
            if not len(others) or others.mean() > _USUALLY:
                continue
            gone = np.flatnonzero(touches & last)
            came = np.flatnonzero(touches & first)
            for part in (slice(gone[0], None) if len(gone) else None, slice(0, came[-1] + 1) if len(came) else None):
                if part is not None:
                    found[part, rows] = True
    return found & seen


def find_outliers(keypoints: Keypoints) -> BoolArray:
    """Tell which points (T, J) jump out of their own path (Hampel, JASA 69, 1974).

    The turning point of a fast true motion is far from the median too, but it is reached and left as fast as the point
    moves anyhow; an outlier comes and goes in steps that are out of all proportion.
    """
    from scipy.ndimage import median_filter

    window = 2 * round(_HAMPEL_SECONDS / _step(keypoints.time)) + 1
    if len(keypoints.time) < window or window < 3:
        return np.zeros(keypoints.score.shape, bool)
    path = _carried_over_holes(keypoints.xy)
    middle = median_filter(path, size=(window, 1, 1), mode="nearest")
    away = np.linalg.norm(path - middle, axis=-1)
    spread = MAD_TO_SD * median_filter(away, size=(window, 1), mode="nearest")
    limit = np.maximum(_HAMPEL_SIGMAS * spread, _HAMPEL_FLOOR * _body_size(keypoints))
    return _leapt(path, (away > limit) & finite(keypoints.xy), _HAMPEL_FLOOR * _body_size(keypoints))


def _leapt(path: Array, suspects: BoolArray, floor: float) -> BoolArray:
    """Keep of the suspects (T, J) the runs that are entered and left by a step that those beside it do not explain."""
    step = np.linalg.norm(np.diff(path, axis=0), axis=-1)  # row t: from t to t + 1
    leapt = np.zeros_like(suspects)
    for point in np.flatnonzero(suspects.any(axis=0)):
        for run in runs(suspects[:, point]):
            ends = [row for row in (run.start - 1, run.stop - 1) if 0 <= row < len(step)]
            beside = [row for row in range(max(run.start - 3, 0), min(run.stop + 2, len(step))) if row not in ends]
            usual = step[beside, point].max(initial=0.0)
            leapt[run, point] = (step[ends, point] > _HAMPEL_LEAP * usual + floor).all()
    return leapt


def undo_swaps(keypoints: Keypoints) -> tuple[Keypoints, int]:
    """Exchange left and right of a limb pair where that makes its path smooth; return the frames concerned.

    The two labellings of every frame are states of a chain, and the cheapest chain wins (Viterbi, 1967): a state costs
    the acceleration of its points, since legs that cross keep their speed and legs that are swapped do not.
    """
    frames = np.zeros(len(keypoints.time), bool)
    for limb in _LIMBS:
        pairs = [pair for pair in keypoints.skeleton.pairs if _belongs(keypoints.skeleton, pair, limb)]
        if len(pairs) < 2 or len(frames) < 4:
            continue
        left, right = (np.array(side) for side in zip(*pairs, strict=True))
        swapped = _short_runs(_cheapest_labels(keypoints, left, right), keypoints.time)
        left, right = _with_all_below(keypoints.skeleton, pairs)
        keypoints = _exchange(keypoints, swapped, left, right)
        frames |= swapped
    return keypoints, int(frames.sum())


def _with_all_below(skeleton: Skeleton, pairs: list[tuple[int, int]]) -> tuple[RowArray, RowArray]:
    """Return the rows left and right of a limb and of what hangs on it: toes, fingers."""
    limb = {left for left, _ in pairs}
    below = [pair for pair in skeleton.pairs if limb & {pair[0], *skeleton.ancestors(pair[0])}]
    left, right = zip(*below, strict=True)
    return np.array(left), np.array(right)


def fill_gaps(keypoints: Keypoints, max_gap: float) -> Keypoints:
    """Interpolate holes between two seen points that are no further apart than `max_gap` seconds."""
    from scipy.interpolate import PchipInterpolator

    xy, score, source = keypoints.xy.copy(), keypoints.score.copy(), keypoints.source.copy()
    xyz = None if keypoints.xyz is None else keypoints.xyz.copy()
    seen = finite(xy) if xyz is None else finite(xy) & finite(xyz)
    for point in np.flatnonzero(seen.any(axis=0) & ~seen.all(axis=0)):
        known = np.flatnonzero(seen[:, point])
        for before, after in pairwise(known):
            if after == before + 1 or keypoints.time[after] - keypoints.time[before] > max_gap:
                continue
            near = known[(known >= before - 2) & (known <= after + 2)]
            hole = slice(before + 1, after)
            for values in (xy,) if xyz is None else (xy, xyz):
                path = PchipInterpolator(keypoints.time[near], values[near, point])
                values[hole, point] = path(keypoints.time[hole])
            score[hole, point] = min(score[before, point], score[after, point])
            source[hole, point] = Source.INTERPOLATED
    return replace(keypoints, xy=xy, xyz=xyz, score=score, source=source)


def _drop(keypoints: Keypoints, points: BoolArray) -> Keypoints:
    return replace(
        keypoints,
        xy=np.where(points[..., None], np.nan, keypoints.xy),
        xyz=None if keypoints.xyz is None else np.where(points[..., None], np.nan, keypoints.xyz),
        score=np.where(points, 0.0, keypoints.score),
        source=np.where(points, np.uint8(Source.NONE), keypoints.source),
    )


def _step(time: Array) -> float:
    return float(np.median(np.diff(time))) if len(time) > 1 else np.inf


def _body_size(keypoints: Keypoints) -> float:
    """Pixels: the median over frames of the longer side of the box around the points."""
    seen = keypoints.xy[finite(keypoints.xy).any(axis=1)]
    if not len(seen):
        return 1.0
    return float(np.median((np.nanmax(seen, axis=1) - np.nanmin(seen, axis=1)).max(axis=-1)))


def _carried_over_holes(xy: Array) -> Array:
    """Hold the last seen value through holes (and the first one before it), so that a median can run over them."""
    rows = np.where(finite(xy), np.arange(len(xy))[:, None], -1)
    rows = np.maximum.accumulate(rows, axis=0)
    first = finite(xy).argmax(axis=0)
    rows = np.where(rows < 0, first[None], rows)
    return np.nan_to_num(np.take_along_axis(xy, rows[..., None], axis=0))


def _belongs(skeleton: Skeleton, pair: tuple[int, int], limb: tuple[str, ...]) -> bool:
    return split_side(skeleton.points[pair[0]])[1] in limb


def _cheapest_labels(keypoints: Keypoints, left: NDArray[np.intp], right: NDArray[np.intp]) -> BoolArray:
    path = _carried_over_holes(keypoints.xy) / _body_size(keypoints)
    straight = path[:, np.concatenate([left, right])]
    crossed = path[:, np.concatenate([right, left])]
    labelled = np.stack([straight, crossed])  # state, T, points, 2

    def bend(one: int, two: int, three: int) -> Array:
        jump = labelled[three, 2:] - 2 * labelled[two, 1:-1] + labelled[one, :-2]
        return np.asarray(np.linalg.norm(jump, axis=-1).mean(axis=-1))

    cost = {(i, j, k): bend(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)}
    frames = len(path)
    best = {(0, 0): 0.0, (0, 1): _SWAP_COST, (1, 0): _SWAP_COST, (1, 1): 0.0}
    origin = np.zeros((frames, 2, 2), int)
    for row in range(2, frames):
        step = {}
        for j, k in best:
            options = [best[i, j] + cost[i, j, k][row - 2] + _SWAP_COST * (j != k) for i in (0, 1)]
            origin[row, j, k] = int(np.argmin(options))
            step[j, k] = min(options)
        best = step
    states = np.zeros(frames, bool)
    j, k = min(best, key=lambda pair: best[pair])
    for row in range(frames - 1, 1, -1):
        states[row], states[row - 1] = bool(k), bool(j)
        j, k = int(origin[row, j, k]), j
    states[0] = bool(j)
    return states if states.mean() <= 0.5 else ~states


def _short_runs(states: BoolArray, time: Array) -> BoolArray:
    kept = np.zeros_like(states)
    for run in runs(states):
        kept[run] = time[run.stop - 1] - time[run.start] <= _LONGEST_SWAP
    return kept


def _exchange(keypoints: Keypoints, rows: BoolArray, left: NDArray[np.intp], right: NDArray[np.intp]) -> Keypoints:
    order = np.arange(len(keypoints.skeleton))
    order[left], order[right] = right, left

    def turned(values: NDArray[Any]) -> NDArray[Any]:
        result = values.copy()
        result[rows] = values[rows][:, order]
        return result

    return replace(
        keypoints,
        xy=turned(keypoints.xy),
        xyz=None if keypoints.xyz is None else turned(keypoints.xyz),
        score=turned(keypoints.score),
        source=turned(keypoints.source),
    )
