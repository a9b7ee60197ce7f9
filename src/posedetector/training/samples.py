"""What a network in training is dealt: windows of a lifter's inputs, and the pose in their middle.

Clips are made ahead in pools, from the seed and the pool's number alone, so that a training that was stopped goes on
with the very same windows. No window should be dealt much more than once: a network learns a pool by heart within a
thousand steps. Of each clip of 306 frames, 64 windows can be drawn; those whose knees, elbows and hips are bent as they
rarely are come more often, since a network that sees straight legs a tenth of the time learns to bend them all.
"""

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from posedetector.lifters.inputs import INPUTS, apparent_size
from posedetector.skeletons import H36M_17
from posedetector.training.augmentation import augment, draw
from posedetector.training.bodies import (
    ARMS,
    HIPS,
    LEG_AND_TRUNK,
    LEGS,
    PARTS,
    SHOULDERS,
    Floats,
    bent,
    between,
    halfway,
    to_h36m,
)
from posedetector.training.cameras import Cameras, Filmed, film
from posedetector.training.mocap import Take
from posedetector.training.noise import Detected, detect

WINDOW, PLACES = 243, 64
FRAMES = WINDOW + PLACES - 1
_CHUNK = 128
_BIN = np.radians(10)
INPUT = "body"  # what is made of the points, a name of INPUTS
USUAL = Cameras()
Made = tuple[NDArray[Any], NDArray[Any], Floats]


class StoppedWhileMaking(Exception):  # noqa: N818 -- no error
    """Somebody wanted a training to stop while clips were made for it."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Clips that are ready to be drawn from.

    Attributes
    ----------
    inputs : (N, 306, channels) what the lifter would be given.
    targets : (N, 64, 17, 3) H36M-17 in the camera's frame at frames 121 to 184, middle of the hips at 0, metres of a body
        whose leg and trunk measure `LEG_AND_TRUNK`.
    share : (N · 64,) how often each window is drawn; sums to 1.
    """

    inputs: NDArray[np.float16]
    targets: NDArray[np.float16]
    share: NDArray[np.float64]

    def windows(self, rows: NDArray[np.intp], places: NDArray[np.intp]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return inputs (n, 243, channels) and targets (n, 17, 3) of these windows."""
        # one copy a window: indexing with arrays takes several times as long
        stretches = [self.inputs[row, place : place + WINDOW] for row, place in zip(rows, places, strict=True)]
        return np.stack(stretches).astype(np.float32), self.targets[rows, places].astype(np.float32)

    def draw(self, count: int, pairs: int, step: int, rng: Generator) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return inputs and targets of `count` windows by their share, the last `pairs` of them `step` frames after the first."""
        chosen = rng.choice(len(self.share), size=count - pairs, p=self.share)
        rows, places = np.divmod(chosen, PLACES)
        places = np.minimum(places, PLACES - 1 - step)
        return self.windows(np.append(rows, rows[:pairs]), np.append(places, places[:pairs] + step))


def make_pool(
    takes: Sequence[Take],
    count: int,
    seed: tuple[int, ...],
    *,
    cameras: Cameras = USUAL,
    workers: Executor | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Pool:
    """Return a pool of about `count` clips made from these recordings; the same for the same seed, whoever makes it.

    Raises StoppedWhileMaking when `stop` says so.
    """
    seeds = [(*seed, chunk) for chunk in range(max(round(count / _CHUNK), 1))]
    making: Iterable[Made]
    if workers is None:
        making = (_clips(takes, one, _CHUNK, cameras) for one in seeds)
    else:
        making = workers.map(_clips_of_mine, seeds, repeat(_CHUNK), repeat(cameras))
    made = []
    for clips in making:
        if stop():
            raise StoppedWhileMaking
        made.append(clips)
    channels, targets, angles = (np.concatenate(parts) for parts in zip(*made, strict=True))
    return Pool(channels, targets, _shares(angles))


@contextmanager
def makers(takes: Sequence[Take], processes: int) -> Iterator[Executor | None]:
    """Give processes that make clips of these recordings for `make_pool`; none where one would have to do."""
    if processes < 2:
        yield None
        return
    workers = ProcessPoolExecutor(processes, get_context("spawn"), _begin, (takes,))
    try:
        yield workers
    finally:
        workers.shutdown(cancel_futures=True)


_mine: list[Take] = []  # what a worker process makes clips of; handed over once, at its start


def _begin(takes: Sequence[Take]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # they are for the training, which then lets its workers go
        signal.signal(number, signal.SIG_IGN)
    _mine.extend(takes)


def _clips_of_mine(seed: tuple[int, ...], count: int, cameras: Cameras) -> Made:
    return _clips(_mine, seed, count, cameras)


def _clips(takes: Sequence[Take], seed: tuple[int, ...], count: int, cameras: Cameras) -> Made:
    """Return the inputs, the targets, and the angles (N, 64, 6) by which windows are balanced."""
    rng = np.random.default_rng(seed)
    filmed = film(augment(draw(takes, count, FRAMES, rng), rng), rng, cameras)
    middle = filmed.camera[:, WINDOW // 2 : WINDOW // 2 + PLACES]
    truth = to_h36m(middle)
    truth = (truth - truth[:, :, :1]) * (LEG_AND_TRUNK / apparent_size(truth[:, :1], H36M_17))[..., None, None]
    trunk = halfway(middle[:, :, HIPS]) - halfway(middle[:, :, SHOULDERS])
    bends = [bent(middle, limb) for limb in (*LEGS, *ARMS)]
    hips = [between(trunk, middle[:, :, leg[1]] - middle[:, :, leg[0]]) for leg in LEGS]
    return _channels(filmed, rng), truth.astype(np.float16), np.stack(bends + hips, axis=-1)


def _channels(filmed: Filmed, rng: Generator) -> NDArray[np.float16]:
    points = as_h36m(detect(filmed, _size(to_h36m(filmed.screen(filmed.camera))), rng))
    # a longer clip's person is now nearer, now farther than at its median
    size = _size(points[..., :2]) * np.exp(rng.normal(0, 0.06, (len(points), 1)))
    made = INPUTS[INPUT].make(points, size.astype(np.float32), filmed.aspect[:, None], H36M_17)
    return made.astype(np.float16)


def as_h36m(detected: Detected) -> Floats:
    """Return x, y and score (…, 17, 3) of H36M-17: the middle of the points it is made of, the least of their scores."""
    score = np.stack([detected.score[..., rows].min(axis=-1) for rows in PARTS], axis=-1)
    return np.concatenate([to_h36m(detected.screen), score[..., None]], axis=-1)


def _size(points: Floats) -> Floats:
    return np.median(apparent_size(points, H36M_17), axis=1, keepdims=True)


def _shares(angles: Floats) -> NDArray[np.float64]:
    """Return how often each window is drawn: by one over the root of how common each of its angles is, averaged."""
    bins = (angles / _BIN).astype(int).reshape(-1, angles.shape[-1])
    rarity = np.zeros(len(bins))
    for column in bins.T:
        common = np.bincount(column) / len(column)
        rarity += np.minimum(1 / np.sqrt(common[column]), 12)
    return np.asarray(rarity / rarity.sum())
