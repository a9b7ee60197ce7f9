"""VideoPose3D (Pavllo et al., CVPR 2019): the depth of 17 joints from the path of the 2D points over 243 frames.

The networks were trained at 50 Hz on points in screen coordinates, both divided by the picture's *width*; where the
person stands in the picture is part of the input, since it carries the perspective. So clips are resampled on their
true times, padded with their edge frames once, and resampled back. What else a network wants made of the points, the
table of weights names (`inputs`).

Online, a frame's pose rests on that frame and earlier ones: the network is a causal one, points that are not seen stay
where they were, and straight lines take the place of the cubics through later samples.
"""

import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posedetector.arrays import split_at_gaps
from posedetector.errors import InputError
from posedetector.filters import interpolate
from posedetector.lifters.base import ALONE, DepthErrors, LifterContext
from posedetector.lifters.carrying import carry
from posedetector.lifters.inputs import INPUTS, apparent_size
from posedetector.lifters.networks import check_file, choose_runner
from posedetector.lifters.videopose3d_settings import VideoPose3DSettings
from posedetector.models.temporal import Floats, Network
from posedetector.pose import Array, Keypoints, RelativePose, Source, is_missing, weakest, weakest_of
from posedetector.sanity import find_doubts
from posedetector.skeletons import SKELETONS, Skeleton, parts_of
from posedetector.weights import WEIGHTS, LifterLayout, LoadedWeights, load, remember

LONGEST_ABSENCE = 1.0  # seconds; whoever was away for longer begins anew
_CHUNK = 2000  # frames at once; 1,000 to 2,000 are the fastest on a CPU
CLOSEST = 0.125  # of the network's step: of frames closer together, the first is taken


class VideoPose3D:
    """Lifts to H36M-17; the estimator's feet and hands are carried along.

    Raises
    ------
    InputError
        For an unknown name or device, a file of unknown layout, a network that looks ahead, online, or PyTorch that
        is needed and not installed.
    WeightsError
        If the checkpoint cannot be had, is damaged, unsafe, or another network.
    """

    # the bundled network on filmed motion capture that it was not trained on (benchmarks/refinement.py --errors)
    errors = DepthErrors(bone=1 / 30, knee=np.radians(10), elbow=np.radians(15))

    needs_depth = False
    secondary_depth = True

    def __init__(self, settings: VideoPose3DSettings, context: LifterContext = ALONE) -> None:
        name, given = _choose(settings)
        layout = WEIGHTS[name].lifter
        if layout is None:
            raise InputError(f"{name} is no lifter; there are {', '.join(_names())}", field="lifter.model")
        if context.online and not layout.causal:
            causal = [row.name for row in WEIGHTS.values() if row.lifter is not None and row.lifter.causal]
            raise InputError(
                f"`online` uses no later frame, and {name} does: `lifter.model={' or '.join(causal)}` does not",
                field="lifter.model",
            )
        run = choose_runner(given or Path(WEIGHTS[name].file), settings.device)  # before a download
        self._online = context.online
        self.layout: LifterLayout = layout
        self._inputs = INPUTS[layout.inputs]
        self.flip = settings.flip
        self.takes, self.gives = SKELETONS[layout.takes], SKELETONS[layout.gives]
        loaded = load(name, given, progress=context.download_progress, check=lambda path: check_file(path, layout))
        self.weights: tuple[LoadedWeights, ...] = (loaded,)
        self.network: Network = run(loaded.path, layout)
        remember(loaded)

    @property
    def method(self) -> str:
        """Name, window, rate, layouts, and how it was run."""
        frames = self.network.look_back + 1 + self.network.look_ahead
        window = f"{frames} {'past ' if self.layout.causal else ''}frames"
        flip = "averaged with the mirrored input" if self.flip else "not averaged with the mirrored input"
        return (
            f"VideoPose3D, {self.weights[0].label}: {window} at {self.layout.rate:g} Hz, {self.takes.name} to "
            f"{self.gives.name}, {flip}, {self.network.described}; "
            "feet and hands carried from the estimator's depth, where it gives any"
        )

    def lift(self, keypoints: Keypoints) -> RelativePose:
        """Return H36M-17, and the estimator's feet and hands if it gave depth, in the camera frame.

        Points whose 2D is missing are missing in 3D. The network is given their interpolation over time, or, if they
        were never seen, the place of the point that they hang from. 2D that cannot be a person's is warned about.
        """
        for doubt in find_doubts(keypoints):
            warnings.warn(doubt, stacklevel=2)
        xy, score, source = to_layout(keypoints, self.takes)
        poses = np.full((len(xy), len(self.gives), 3), np.nan)
        for run in _runs(keypoints.time, np.asarray(source.any(axis=1))):
            seen = ~is_missing(source[run])
            if self._online:
                points = _held(xy[run], seen, self.takes)
            else:
                points = _filled(xy[run], seen, keypoints.time[run], self.takes)
            sure = np.where(source[run] == Source.MEASURED, score[run], 0.0)
            screen = np.concatenate([to_screen(points, keypoints.image_size), sure[..., None]], axis=-1)
            poses[run] = self._lift_run(keypoints.time[run], screen, keypoints.image_size)
        poses -= poses[:, self.gives.indices("left_hip", "right_hip")].mean(axis=1, keepdims=True)
        parts = [parts_of(joint, self.takes) for joint in self.gives.points]
        source = np.stack([weakest_of(source[:, rows]) for rows in parts], axis=1)
        lifted = RelativePose(
            skeleton=self.gives,
            time=keypoints.time,
            xyz=np.where(is_missing(source)[..., None], np.nan, poses),
            score=np.stack([score[:, rows].min(axis=1) for rows in parts], axis=1),
            source=weakest(source, Source.LIFTED),
        )
        return carry(keypoints, lifted)

    def _lift_run(self, time: Array, screen: Array, image_size: tuple[int, int]) -> Array:
        if self._online:
            return self._lift_causally(time, screen, image_size)
        knots = _apart(time, CLOSEST / self.layout.rate)
        time_in, screen = time[knots], screen[knots]
        steps = int((time[-1] - time[0]) * self.layout.rate + 1e-6)
        grid = time[0] + np.arange(steps + 1) / self.layout.rate
        return interpolate(grid, self.run(interpolate(time_in, screen, grid), image_size[1] / image_size[0]), time)

    def _lift_causally(self, time: Array, screen: Array, image_size: tuple[int, int]) -> Array:
        """Return poses at the frames: the network's last two steps up to each, continued straight."""
        rate = self.layout.rate
        steps = np.arange(int((time[-1] - time[0]) * rate + 1e-6) + 1)
        grid = time[0] + steps / rate
        flat = screen.reshape(len(screen), -1)
        between = np.stack([np.interp(grid, time, values) for values in flat.T], axis=1)
        poses = self.run(between.reshape(-1, *screen.shape[1:]), image_size[1] / image_size[0])
        last = np.minimum(((time - time[0]) * rate + 1e-6).astype(int), steps[-1])
        ahead = (time - time[0]) * rate - last
        return np.asarray(poses[last] + ahead[:, None, None] * (poses[last] - poses[np.maximum(last - 1, 0)]))

    def run(self, screen: Array, aspect: float = 1.0) -> Array:
        """Return the network's output (N, 17, 3), metres, for points at its rate; any N ≥ 1.

        `screen` (N, 17, 3) holds x and y in screen coordinates and scores; without scores, (N, 17, 2), all are 1.
        `aspect` is the picture's height over its width.
        """
        padding = (self.network.look_back, self.network.look_ahead)
        padded = np.pad(_scored(screen).astype(np.float32), (padding, (0, 0), (0, 0)), mode="edge")
        size = np.median(apparent_size(screen[..., :2], self.takes))
        result = np.empty((len(screen), len(self.gives), 3))
        for start in range(0, len(screen), _CHUNK):
            piece = padded[start : start + _CHUNK + sum(padding)]
            result[start : start + _CHUNK] = self.average(self.network.run(self.batch(piece, float(size), aspect)))
        return result

    def batch(self, screen: NDArray[Any], size: float, aspect: float) -> Floats:
        """Return the network's input (B, …, channels) for points (…, 17, 3) and, for averaging, for their mirror image.

        `size` is the person's apparent size in the points' unit.
        """
        images = (screen, mirrored(screen, self.takes)) if self.flip else (screen,)
        made = np.stack([self._inputs.make(one, np.asarray(size), aspect, self.takes) for one in images])
        return made.astype(np.float32, copy=False)

    def average(self, poses: Floats) -> Array:
        """Return (…, 17, 3) metres for the network's output (B, …, 17, 3)."""
        made = poses.astype(np.float64)
        return np.asarray((made[0] + mirrored(made[1], self.gives)) / 2 if self.flip else made[0])


def _names() -> list[str]:
    return [row.name for row in WEIGHTS.values() if row.lifter is not None]


def _choose(settings: VideoPose3DSettings) -> tuple[str, Path | None]:
    """Return the row of the table and, if it was given, the file."""
    like = settings.like
    if like is not None and like not in _names():
        raise InputError(
            f"there is no lifter {like!r} in the table; there are {', '.join(_names())}", field="lifter.like"
        )
    model = settings.model
    if model in WEIGHTS:
        if like not in (None, model):
            raise InputError(f"{model} is in the table itself; what it is like is for files", field="lifter.like")
        return model, None
    if not Path(model).is_file():
        raise InputError(
            f"there is no lifter and no file {model!r}; there are {', '.join(_names())}", field="lifter.model"
        )
    known = next((row.name for row in WEIGHTS.values() if row.lifter and row.file == Path(model).name), None)
    if (name := like or known) is None:
        raise InputError(
            f"which points, at which rate, does {model} take? `lifter.like` says whose layout it has: "
            f"{', '.join(f'{name} ({WEIGHTS[name].lifter.takes})' for name in _names())}",  # type: ignore[union-attr]
            field="lifter.like",
        )
    return name, Path(model)


def to_screen(xy: Array, image_size: tuple[int, int]) -> Array:
    """Return pixels (…, 2) as x in [−1, 1] across the picture and y in the same unit, both 0 in its middle."""
    width, height = image_size
    return np.asarray(xy / width * 2 - [1, height / width])


def _scored(screen: NDArray[Any]) -> NDArray[Any]:
    """Return points (…, 3) with their scores; all are 1 where there are none."""
    return screen if screen.shape[-1] == 3 else np.concatenate([screen, np.ones_like(screen[..., :1])], axis=-1)


def to_layout(keypoints: Keypoints, skeleton: Skeleton) -> tuple[Array, Array, NDArray[np.uint8]]:
    """Return xy (T, K, 2), score (T, K) and source (T, K) of another skeleton's points, by name.

    A point that the keypoints lack is the middle of others; it is missing where one of these is.
    """
    parts = [parts_of(point, keypoints.skeleton) for point in skeleton.points]
    xy = np.stack([keypoints.xy[:, rows].mean(axis=1) for rows in parts], axis=1)
    score = np.stack([keypoints.score[:, rows].min(axis=1) for rows in parts], axis=1)
    source = np.stack([weakest_of(keypoints.source[:, rows]) for rows in parts], axis=1)
    source[~np.isfinite(xy).all(axis=-1)] = Source.NONE
    return xy, score, source


def mirrored(points: NDArray[Any], skeleton: Skeleton) -> NDArray[Any]:
    """Return points (…, J, k) as the mirror shows them: x negated, left and right exchanged."""
    order = np.arange(len(skeleton))
    for left, right in skeleton.pairs:
        order[[left, right]] = right, left
    turned = points[..., order, :].copy()
    turned[..., 0] *= -1
    return turned


def _runs(time: Array, seen: NDArray[np.bool_]) -> Iterator[slice]:
    """Yield the stretches of the clip in which the person is never away for long."""
    rows = np.flatnonzero(seen)
    if not len(rows):
        raise InputError("not one point of the person was seen: there is nothing to lift")
    for stretch in split_at_gaps(rows, time, LONGEST_ABSENCE):
        yield slice(stretch[0], stretch[-1] + 1)


def _filled(xy: Array, seen: NDArray[np.bool_], time: Array, skeleton: Skeleton) -> Array:
    """Return points (T, J, 2) without holes: interpolated over time, held at the ends; stand-ins for the never seen."""
    filled, ever = xy.copy(), np.asarray(seen.any(axis=0))
    for point in np.flatnonzero(ever & ~seen.all(axis=0)):
        rows = np.flatnonzero(seen[:, point])
        for axis in (0, 1):
            filled[:, point, axis] = np.interp(time, time[rows], xy[rows, point, axis])
    return stand_ins(filled, ever, skeleton)


def _held(xy: Array, seen: NDArray[np.bool_], skeleton: Skeleton) -> Array:
    """Return points (T, J, 2) without holes: where they were last seen; stand-ins for those not seen so far."""
    rows = np.maximum.accumulate(np.where(seen, np.arange(len(xy))[:, None], -1), axis=0)
    held = np.take_along_axis(xy, np.maximum(rows, 0)[..., None], axis=0)
    for start, stop in pairwise(np.flatnonzero(np.r_[True, ((rows >= 0)[1:] != (rows >= 0)[:-1]).any(axis=1), True])):
        held[start:stop] = stand_ins(held[start:stop], rows[start] >= 0, skeleton)
    return held


def stand_ins(xy: Array, ever: NDArray[np.bool_], skeleton: Skeleton) -> Array:
    """Return points (…, J, 2) with those never seen put where the next point towards the root is, or in the middle."""
    middle = xy[..., ever, :].mean(axis=-2)
    for point in np.flatnonzero(~ever):
        parent = skeleton.parents[point]
        while parent >= 0 and not ever[parent]:
            parent = skeleton.parents[parent]
        xy[..., point, :] = middle if parent < 0 else xy[..., parent, :]
    return xy


def _apart(time: Array, least: float) -> NDArray[np.intp]:
    """Return rows that are at least that many seconds apart: a parabola through closer ones would be all noise."""
    if not len(time) or np.diff(time).min(initial=np.inf) >= least:
        return np.arange(len(time))
    rows = [0]
    for row in range(1, len(time)):
        if time[row] - time[rows[-1]] >= least:
            rows.append(row)
    return np.array(rows)
