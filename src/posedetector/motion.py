"""What an evaluation compares: positions of named points over time, wherever they came from."""

from dataclasses import dataclass

import numpy as np

from posedetector.filters import sampling_rate
from posedetector.pose import Array, Noun, finite, settle, settle_time
from posedetector.skeletons import Skeleton

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254}
_PERSON = (0.1, 10.0)  # metres; a foot alone, a person with outstretched arms and a bad frame


@dataclass(frozen=True, slots=True, eq=False)
class Motion(Noun):
    """One trial as one system has it.

    Attributes
    ----------
    skeleton : the names of the J points.
    time : (T,) seconds, strictly increasing.
    xyz : (T, J, 3) metres, in whatever frame of reference the file uses; NaN where there is no value.
    depth_axis : which of the axes the camera looks along; None where the file does not tell.
    notes : what a reader of the results has to know about how the file was understood.
    """

    skeleton: Skeleton
    time: Array
    xyz: Array
    depth_axis: int | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        settle(self, xyz=(settle_time(self), len(self.skeleton), 3))

    @property
    def rate(self) -> float:
        """Samples per second, by the median step."""
        return sampling_rate(self.time)

    @property
    def missing(self) -> int:
        """How many points of how many frames have no value."""
        return int((~finite(self.xyz)).sum())


def unit_that_fits(xyz: Array) -> str | None:
    """Return the unit in which positions (T, J, 3) make a person, `m` first; None where none does.

    The size is the median, over frames, of the longest side of the box around the points.
    """
    seen = finite(xyz)
    rows = seen.sum(axis=1) >= 2
    if not rows.any():
        return "m"
    there = seen[rows][..., None]
    points = xyz[rows]
    box = np.where(there, points, -np.inf).max(axis=1) - np.where(there, points, np.inf).min(axis=1)
    size = float(np.median(box.max(axis=1)))
    fitting = [unit for unit in ("m", "mm", "cm") if _PERSON[0] <= size * UNITS[unit] <= _PERSON[1]]
    if "m" in fitting:
        return "m"
    return min(fitting, key=lambda unit: abs(np.log(size * UNITS[unit])), default=None)
