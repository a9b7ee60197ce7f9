"""Seam 2: from 2D points to a 3D pose of unknown size.

A lifter remaps and resamples for itself, because only it knows the layout and the frame rate of its checkpoint. To add
one: write a file beside this one, and a line in LIFTERS.
"""

from collections.abc import Callable
from typing import Protocol

from posedetector.errors import InputError
from posedetector.pose import Keypoints, RelativePose


class Lifter(Protocol):
    """Gives the points of a whole clip their depth."""

    def lift(self, keypoints: Keypoints) -> RelativePose:
        """Return the pose in the camera frame, middle of the hips at 0, of any size."""


def _native() -> Lifter:
    from posedetector.lifters.native import Native

    return Native()


LIFTERS: dict[str, Callable[[], Lifter]] = {"native": _native}


def make_lifter(name: str) -> Lifter:
    """Build a lifter of the table; raises InputError for a name that is not in it."""
    if name not in LIFTERS:
        raise InputError(f"there is no lifter {name!r}; there are {', '.join(sorted(LIFTERS))}")
    return LIFTERS[name]()
