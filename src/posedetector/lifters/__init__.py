"""Seam 2: from 2D points to a 3D pose of unknown size.

A lifter remaps and resamples for itself, because only it knows the layout and the frame rate of its checkpoint. To add
one: write a file beside this one with a class that fulfils `Lifter`, and a line in LIFTERS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from posedetector.downloads import Told
from posedetector.errors import InputError
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
        """Whether it hands on the estimator's own depth, so that there has to be one."""

    @property
    def secondary_depth(self) -> bool:
        """Whether the estimator's own depth is a second opinion beside the one that it makes."""

    @property
    def weights(self) -> tuple[LoadedWeights, ...]:
        """The networks it runs, for the provenance."""

    @property
    def method(self) -> str:
        """What it does, in one line for the provenance."""

    def lift(self, keypoints: Keypoints) -> RelativePose:
        """Return the pose in the camera frame, middle of the hips at 0, of any size."""


@dataclass(frozen=True)
class LifterOptions:
    """What a person can choose about a lifter; each takes what concerns it.

    Attributes
    ----------
    model : a name in the table of weights, or a file.
    like : the name in the table whose layout the file has.
    flip : average with the mirrored input.
    device : auto, cpu, cuda or mps.
    online : no frame's pose may rest on later frames; a network that does is refused.
    """

    model: str | None = None
    like: str | None = None
    flip: bool = True
    device: str = "auto"
    download_progress: Told | None = None
    online: bool = False


def _native(_: LifterOptions) -> Lifter:
    from posedetector.lifters.native import Native

    return Native()


def _videopose3d(options: LifterOptions) -> Lifter:
    from posedetector.lifters.videopose3d import VideoPose3D

    return VideoPose3D(options)


LIFTERS: dict[str, Callable[[LifterOptions], Lifter]] = {"native": _native, "videopose3d": _videopose3d}


def make_lifter(name: str, options: LifterOptions | None = None) -> Lifter:
    """Build a lifter of the table; raises InputError for a name that is not in it."""
    if name not in LIFTERS:
        raise InputError(f"there is no lifter {name!r}; there are {', '.join(sorted(LIFTERS))}")
    return LIFTERS[name](options or LifterOptions())
