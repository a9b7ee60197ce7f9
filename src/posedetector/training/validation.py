"""How far off a network is on motion that it never saw, and at which angles in which direction."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from posedetector.anthropometry import LIMB_JOINTS
from posedetector.metrics import included_angle, mpjpe, p_mpjpe
from posedetector.models.videopose3d import TemporalModel
from posedetector.pose import Array
from posedetector.skeletons import H36M_17, SIDES, Skeleton
from posedetector.training.cameras import Cameras
from posedetector.training.mocap import Take
from posedetector.training.samples import PLACES, Pool, make_pool

_EDGES = np.array([0, 10, 25, 50, 80, 110, 180])
_SEED = 20
# joint → the points whose included angle is 180° when it is straight
_JOINTS = {
    "knee": LIMB_JOINTS["knee"],
    "hip": ("shoulder", "hip", "knee"),
    "elbow": LIMB_JOINTS["elbow"],
}
_BATCH = 512


class Bin(NamedTuple):
    """The error of a joint's angle where the true one lies in [low, high), degrees; `samples` of both sides."""

    joint: str
    low: int
    high: int
    samples: int
    bias: float
    mae: float


class Validation(NamedTuple):
    """Errors in millimetres for a body whose leg and trunk measure 1.36 m (stature 1.70 m), and angles by bins."""

    mpjpe: float
    p_mpjpe: float
    angles: tuple[Bin, ...]

    def of(self, joint: str) -> float:
        """Return a joint's mean absolute error over all its bins, degrees."""
        bins = [one for one in self.angles if one.joint == joint]
        return sum(one.mae * one.samples for one in bins) / max(sum(one.samples for one in bins), 1)


def held_out_pool(takes: Sequence[Take], cameras: Cameras, count: int = 2048) -> Pool:
    """Return clips of recordings that are never trained on: augmented, filmed and noisy as in training, always the same."""
    return make_pool(takes, count, (_SEED, 0), cameras=cameras)


def validate(run: Callable[[NDArray[Any]], NDArray[Any]], pool: Pool, every: int = 8) -> Validation:
    """Return the errors of `run`, windows (n, 243, channels) to poses (n, 17, 3), over each clip's every eighth window."""
    made, true = (np.concatenate(parts) for parts in zip(*_poses(run, pool, every), strict=True))
    made, true = (joints - joints[:, :1] for joints in (made.astype(float), true.astype(float)))
    return Validation(1000 * mpjpe(made, true), 1000 * p_mpjpe(made, true), tuple(angle_bins(made, true, H36M_17)))


def runner(model: TemporalModel, device: torch.device) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return what runs a network on windows, in evaluation's form and single precision."""

    @torch.inference_mode()
    def run(windows: NDArray[Any]) -> NDArray[Any]:
        training = model.training
        model.eval()
        made: NDArray[Any] = model.centre(torch.from_numpy(windows).to(device)).float().cpu().numpy()
        model.train(training)
        return made

    return run


def _poses(
    run: Callable[[NDArray[Any]], NDArray[Any]], pool: Pool, every: int
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    rows, places = (part.ravel() for part in np.mgrid[: len(pool.inputs), 0:PLACES:every])
    for start in range(0, len(rows), _BATCH):
        inputs, targets = pool.windows(rows[start : start + _BATCH], places[start : start + _BATCH])
        yield run(inputs), targets


def angle_bins(made: Array, true: Array, skeleton: Skeleton) -> Iterator[Bin]:
    """Yield the errors of knees, hips and elbows, both sides, by their true angle; poses (N, J, 3), NaN left out.

    An angle is that between a joint's two segments, 0 when straight; the hip's is between shoulder–hip and hip–knee.
    """
    for joint in _JOINTS:
        own, wanted = (180 - np.degrees(_included(joints, joint, skeleton)) for joints in (made, true))
        there = np.isfinite(own) & np.isfinite(wanted)
        which = np.digitize(wanted, _EDGES[1:-1])
        for row in range(len(_EDGES) - 1):
            error = (own - wanted)[there & (which == row)]
            if len(error):
                low, high = int(_EDGES[row]), int(_EDGES[row + 1])
                yield Bin(joint, low, high, len(error), float(error.mean()), float(np.abs(error).mean()))


def _included(poses: Array, joint: str, skeleton: Skeleton) -> Array:
    rows = [skeleton.indices(*(f"{side}_{point}" for point in _JOINTS[joint])) for side in SIDES]
    return np.concatenate([included_angle(*(poses[:, row] for row in side)) for side in rows])
