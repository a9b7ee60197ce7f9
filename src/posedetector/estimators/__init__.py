"""Seam 1: anything that finds people's keypoints in pictures.

To add one: write a file beside this one with a class that fulfils `KeypointEstimator`, and a line in ESTIMATORS.
The contract test then runs over it.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from posedetector.downloads import Told
from posedetector.errors import InputError
from posedetector.pose import Array, Frame, PersonPose
from posedetector.skeletons import Skeleton
from posedetector.weights import LoadedWeights


class KeypointEstimator(Protocol):
    """Finds every person's keypoints in every frame."""

    @property
    def skeleton(self) -> Skeleton:
        """The points it finds."""

    @property
    def is_simulated(self) -> bool:
        """Whether it makes its people up, and does not look at the pictures."""

    @property
    def weights(self) -> tuple[LoadedWeights, ...]:
        """The networks it runs, for the provenance."""

    @property
    def method(self) -> str:
        """How it looks, and what its scores are, in words for the provenance."""

    def estimate(self, frames: Iterable[Frame]) -> Generator[list[PersonPose], None, None]:
        """Yield exactly one list per frame, empty where nobody is.

        A generator: it opens its session at the first frame and closes it with the last, or when it is closed.
        """


@dataclass(frozen=True)
class EstimatorOptions:
    """What a person can choose about an estimator; each takes what concerns it.

    Attributes
    ----------
    model : a variant of the estimator's, or the alias of one of OpenMMLab's.
    checkpoint, detector_checkpoint : files to use in place of the table's.
    pose_config, detector_config : OpenMMLab's configuration files.
    device : auto, cpu, cuda, cuda:1, mps.
    runtime : torch, compile (PyTorch's compiler first) or onnx.
    batch_size : people a run of the network; None for what suits the device.
    detect_every : frames from one search for people to the next, between which they are followed.
    bbox_thr : people found less surely than this do not count.
    focal_length : pixels; None looks from far away.
    to_ideal : maps pixels (…, 2) into the picture of a camera without distortion; None where there is none.
    debug : whether the networks' own messages reach the terminal.
    """

    model: str | None = None
    checkpoint: Path | None = None
    max_persons: int = 4
    download_progress: Told | None = None
    detector_checkpoint: Path | None = None
    pose_config: str | None = None
    detector_config: str | None = None
    device: str = "auto"
    runtime: str = "torch"
    batch_size: int | None = None
    detect_every: int = 5
    bbox_thr: float = 0.3
    focal_length: float | None = None
    to_ideal: Callable[[Array], Array] | None = None
    debug: bool = False


def _mediapipe(options: EstimatorOptions) -> KeypointEstimator:
    from posedetector.estimators.mediapipe import MediaPipe

    return MediaPipe(options)


def _rtmw3d(options: EstimatorOptions) -> KeypointEstimator:
    from posedetector.estimators.rtmw3d import RTMW3D

    return RTMW3D(options)


def _openmmlab(options: EstimatorOptions) -> KeypointEstimator:
    from posedetector.estimators.openmmlab import OpenMMLab

    return OpenMMLab(options)


def _synthetic(options: EstimatorOptions) -> KeypointEstimator:
    from posedetector.estimators.synthetic import Synthetic

    return Synthetic(max_persons=options.max_persons)


ESTIMATORS: dict[str, Callable[[EstimatorOptions], KeypointEstimator]] = {
    "mediapipe": _mediapipe,
    "openmmlab": _openmmlab,
    "rtmw3d": _rtmw3d,
    "synthetic": _synthetic,
}


def make_estimator(name: str, options: EstimatorOptions) -> KeypointEstimator:
    """Build an estimator of the table; raises InputError for a name that is not in it."""
    if name not in ESTIMATORS:
        raise InputError(f"there is no estimator {name!r}; there are {', '.join(sorted(ESTIMATORS))}")
    return ESTIMATORS[name](options)
