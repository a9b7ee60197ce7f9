"""What an estimator is, what a person can choose about it, and what a run adds."""

from abc import abstractmethod
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from posedetector.options import Options

if TYPE_CHECKING:
    from posedetector.downloads import Told
    from posedetector.pose import Array, Frame, PersonPose
    from posedetector.skeletons import Skeleton
    from posedetector.weights import LoadedWeights


class KeypointEstimator(Protocol):
    """Finds every person's keypoints in every frame."""

    @property
    def skeleton(self) -> "Skeleton":
        """The points it finds."""

    @property
    def weights(self) -> "tuple[LoadedWeights, ...]":
        """The networks it runs, for the provenance."""

    @property
    def method(self) -> str:
        """How it looks, and what its scores are, in words for the provenance."""

    @property
    def is_simulated(self) -> bool:
        """Whether its people are made up: not those in the video."""

    def estimate(self, frames: "Iterable[Frame]") -> "Generator[list[PersonPose], None, None]":
        """Yield exactly one list per frame, empty where nobody is.

        A generator: it opens its session at the first frame and closes it with the last, or when it is closed.
        """


@dataclass(frozen=True)
class EstimatorContext:
    """What a run adds to an estimator's settings.

    Attributes
    ----------
    max_persons : how many people to follow.
    focal_length : pixels; None looks from far away.
    to_ideal : maps pixels (…, 2) into the image of a camera without distortion; None where there is none.
    online : each frame is looked at before the next one is read.
    debug : whether the networks' own messages reach the terminal.
    download_progress : told bytes had and bytes in all.
    """

    max_persons: int = 4
    focal_length: float | None = None
    to_ideal: "Callable[[Array], Array] | None" = None
    online: bool = False
    debug: bool = False
    download_progress: "Told | None" = None


ALONE = EstimatorContext()


class EstimatorSettings(Options):
    """What can be chosen about an estimator; a subclass each, which is known by its name."""

    kind: ClassVar[str] = "estimator"
    title: ClassVar[str] = ""  # in the headings of the help

    name: str

    @abstractmethod
    def make(self, context: EstimatorContext) -> KeypointEstimator:
        """Return the estimator; raises InputError or WeightsError where it cannot be had."""
