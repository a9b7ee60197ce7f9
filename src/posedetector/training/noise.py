"""What a detector makes of the points that it is shown: near them, and differently wrong for each body, joint and moment.

The sizes are shares of the person's apparent size (trunk and leg). Frame-to-frame noise of 0.3–0.4 % was measured on
MediaPipe's heavy model (third differences of its tracks of a woman who walks by, a clip of Sports2D's that no accuracy is
measured on); what lasts longer than that is judgement.
"""

from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from posedetector.training.bodies import ARMS, HIPS, LEGS, MIRROR, SHOULDERS, Floats, halfway, trunk_axes
from posedetector.training.cameras import Filmed
from posedetector.training.mocap import RATE

_HARDER = np.array([0.8, 0.8, 1.1, 1.1, 1.4, 1.4, 1.0, 1.0, 1.0, 1.0, 1.2, 1.2, 0.6, 0.5])  # joint by joint
_FRAME = 0.0035  # of the apparent size, from one frame to the next; with the shortest of what lasts, 0.0042
_LASTING = 0.009  # for 0.08 to 0.8 s
# metres, of the point that is looked for from the joint's centre, for a whole clip; hips are looked for on the skin
_OFFSET = np.array([0.017] * 2 + [0.012] * 4 + [0.021] * 2 + [0.012] * 4 + [0.007] * 2, np.float32)


class Detected(NamedTuple):
    """Points in the picture (B, T, 14, 2), and how sure the detector is of them (B, T, 14)."""

    screen: Floats
    score: Floats


def misplaced(points: Floats, rng: Generator) -> Floats:
    """Return bodies (B, T, 14, 3) whose points are off their joints' centres by a constant vector that turns with them."""
    left, up, forward = trunk_axes(points)
    # half of it is the detector's habit, the same on both sides
    own, habit = rng.normal(size=(2, 3, len(points), 14)).astype(np.float32)
    other = habit[..., MIRROR] * np.array([-1, 1, 1], np.float32)[:, None, None]
    habit = np.where(np.arange(14) < MIRROR, habit, other)
    offset = (0.5 * own + 0.87 * habit) * _OFFSET
    axes = (left, up, forward)
    shifts = [part[:, None, :, None] * axis[:, :, None] for part, axis in zip(offset, axes, strict=True)]
    return points + np.sum(shifts, axis=0, dtype=np.float32)


def detect(filmed: Filmed, size: Floats, rng: Generator) -> Detected:
    """Return what a detector would give for persons of this apparent size (B, 1)."""
    sought = filmed.screen(misplaced(filmed.camera, rng))
    count = len(sought)
    hidden = behind(filmed.camera)
    level = np.exp(rng.normal(0, 0.45, (count, 1, 1))) * _HARDER * np.exp(rng.normal(0, 0.3, (count, 1, 14)))
    level = level * (1 + 2.5 * hidden) * size[..., None]
    noise = _FRAME * rng.normal(size=sought.shape) + _LASTING * _lasting(rng, sought.shape)
    score = 1 - 0.45 * hidden * rng.random((count, 1, 14)) - 0.03 * np.abs(rng.normal(size=hidden.shape))
    detected = Detected((sought + level[..., None] * noise).astype(np.float32), score.astype(np.float32))
    return _lose(_swap(detected, rng), size, rng)


def behind(camera: Floats) -> Floats:
    """Return how much each point (B, T, 14, 3) is hidden by the trunk or its twin, 0–1 (B, T, 14): behind it, and close."""
    hips, shoulders = halfway(camera[:, :, HIPS]), halfway(camera[:, :, SHOULDERS])
    along = shoulders - hips
    share = np.einsum("btjk,btk->btj", camera[..., :2] - hips[:, :, None, :2], along[..., :2])
    share = np.clip(share / np.maximum((along[..., :2] ** 2).sum(axis=-1), 1e-3)[..., None], 0, 1)
    nearest = hips[:, :, None] + share[..., None] * along[:, :, None]
    trunk = _covered(camera - nearest, 0.17)
    other = _covered(camera - camera[:, :, MIRROR], 0.12)
    hidden = np.maximum(trunk, other)
    hidden[..., 12:] = 0
    return np.asarray(hidden)


def _covered(offset: Floats, width: float) -> Floats:
    near = 1 - np.linalg.norm(offset[..., :2], axis=-1) / width
    deep = offset[..., 2] / 0.12
    return np.asarray(np.clip(near * 2, 0, 1) * np.clip(deep, 0, 1))


def _lasting(rng: Generator, shape: tuple[int, ...]) -> Floats:
    """Return noise of unit variance that lasts: for each point of each clip, 0.08 to 0.8 s (first-order autoregressive)."""
    from scipy.signal import lfilter

    keep = np.exp(-1 / (RATE * np.exp(rng.uniform(np.log(0.08), np.log(0.8), shape[0]))))
    drive = rng.normal(size=shape).astype(np.float32)
    drive[:, 1:] *= np.sqrt(1 - keep**2)[:, None, None, None]
    return np.stack([lfilter([1.0], [1.0, -one], part, axis=0) for one, part in zip(keep, drive, strict=True)])


def _swap(detected: Detected, rng: Generator) -> Detected:
    """Exchange the legs or the arms of one clip in twelve for up to a third of a second."""
    screen, score = detected
    frames = screen.shape[1]
    for row in np.flatnonzero(rng.random(len(screen)) < 1 / 12):
        left, right = (LEGS, ARMS)[int(rng.random() < 0.3)]
        start = rng.integers(frames)
        when = slice(start, start + rng.integers(2, 17))
        for values in (screen[row, when], score[row, when]):
            values[:, [*left, *right]] = values[:, [*right, *left]]
    return detected


def _lose(detected: Detected, size: Floats, rng: Generator) -> Detected:
    """Lose points for up to 1.2 s: they are guessed with a low score, or gone and bridged, with the score 0."""
    screen, score = detected
    count, frames = screen.shape[:2]
    for row, losses in enumerate(np.asarray(rng.poisson(1.3, count))):
        for _ in range(losses):
            points = _lost_together(rng)
            start = max(int(rng.integers(-20, frames)), 0)
            stop = min(start + int(rng.integers(4, 60)), frames)
            if rng.random() < 0.5:
                score[row][start:stop, points] = rng.uniform(0.2, 0.7)
                drift = np.sin(np.linspace(0, np.pi, stop - start))[:, None, None]
                screen[row][start:stop, points] += drift * rng.normal(0, 0.05, (1, len(points), 2)) * size[row]
            else:
                score[row][start:stop, points] = 0
                _bridge(screen[row], points, start, stop)
    return detected


def _lost_together(rng: Generator) -> NDArray[np.intp]:
    if rng.random() < 0.6:
        return np.array([rng.integers(14)])
    limb = (*LEGS, *ARMS)[rng.integers(4)]
    return np.array(limb[int(rng.integers(1, 3)) :])


def _bridge(path: Floats, points: NDArray[np.intp], start: int, stop: int) -> None:
    """Put straight lines into paths (T, 14, 2) from the frame before `start` to `stop`; at the clip's ends they stand still."""
    before, after = start - 1, stop
    if before < 0:
        before = after
    if after >= len(path):
        after = before
    if not 0 <= before < len(path):
        return
    weight = (np.arange(start, stop) - before) / max(after - before, 1)
    weight = np.clip(weight, 0, 1)[:, None, None]
    path[start:stop, points] = path[before, points] * (1 - weight) + path[after, points] * weight
