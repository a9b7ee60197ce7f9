"""What a lifter is, what a person can choose about it, and what a run adds."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from posedetector.options import Options

if TYPE_CHECKING:
    from posedetector.downloads import Told
    from posedetector.pose import Keypoints, RelativePose
    from posedetector.weights import LoadedWeights


@dataclass(frozen=True)
class DepthErrors:
    """How far off a lifter's depth usually is: standard deviations.

    Attributes
    ----------
    bone : of the depth of a bone's far end from its near end, in shares of the person's stature.
    knee, elbow : of how much these are bent, radians; None where the bend says no more than the bones' depths do.
    """

    bone: float
    knee: float | None = None
    elbow: float | None = None


class Lifter(Protocol):
    """Gives the points of a whole clip their depth."""

    @property
    def errors(self) -> DepthErrors:
        """How far off its depth usually is."""

    @property
    def needs_depth(self) -> bool:
        """Whether it hands on the estimator's own depth, and so cannot do without."""

    @property
    def secondary_depth(self) -> bool:
        """Whether the estimator's own depth is a second opinion beside its own."""

    @property
    def weights(self) -> "tuple[LoadedWeights, ...]":
        """The networks it runs, for the provenance."""

    @property
    def method(self) -> str:
        """What it does, in one line for the provenance."""

    def lift(self, keypoints: "Keypoints") -> "RelativePose":
        """Return the pose in the camera frame, middle of the hips at 0, of any size."""


@dataclass(frozen=True)
class LifterContext:
    """What a run adds to a lifter's settings.

    Attributes
    ----------
    online : no frame's pose may rest on later frames; a network that does is refused.
    download_progress : told bytes had and bytes in all.
    """

    online: bool = False
    download_progress: "Told | None" = None


ALONE = LifterContext()


class LifterSettings(Options):
    """What can be chosen about a lifter; a subclass each, which is known by its name."""

    kind: ClassVar[str] = "lifter"
    title: ClassVar[str] = ""  # in the headings of the help
    summary: ClassVar[str] = ""  # help of the flag that chooses it

    name: str

    @abstractmethod
    def make(self, context: LifterContext) -> Lifter:
        """Return the lifter; raises InputError or WeightsError where it cannot be had."""
