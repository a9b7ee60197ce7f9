"""One angle over time, with its unit in the name of whatever is read off it; and all of a trial's, by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from posedetector.errors import UnknownNameError, unknown
from posedetector.kinematics.angles import ANGLES, points_of
from posedetector.kinematics.nouns import Grade, JointAngles
from posedetector.pose import Array
from posedetector.skeletons import Skeleton

# endings of the columns of joint_angles → what to write instead, the longest first
_COLUMNS = {
    "_sd_deg": "sd_deg",
    "_deg_per_s2": "deg_per_s2",
    "_deg_per_s": "deg_per_s",
    "_seen_share": "seen",
    "_deg": "deg",
    "_rad": "rad",
}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AngleSeries:
    """An angle over the T frames of a clip. It is no array: each property says its unit.

    Attributes
    ----------
    time : (T,) seconds.
    rad, sd_rad : (T,) radians, and the standard deviations of the fit; NaN where there is none.
    rad_per_s, rad_per_s2 : (T,) radians per second, and per second squared.
    seen : (T,) share of the angle's points that were seen in that frame, in [0, 1].
    grade : how far the angle can be trusted in this clip; None where nobody graded it.
    """

    name: str
    time: Array
    rad: Array
    sd_rad: Array
    rad_per_s: Array
    rad_per_s2: Array
    seen: Array
    grade: Grade | None

    @property
    def deg(self) -> Array:
        """(T,) degrees; NaN where the angle is missing."""
        return np.degrees(self.rad)

    @property
    def sd_deg(self) -> Array:
        """(T,) degrees, the standard deviations of the fit; NaN where there is none."""
        return np.degrees(self.sd_rad)

    @property
    def deg_per_s(self) -> Array:
        """(T,) degrees per second."""
        return np.degrees(self.rad_per_s)

    @property
    def deg_per_s2(self) -> Array:
        """(T,) degrees per second squared."""
        return np.degrees(self.rad_per_s2)

    def __repr__(self) -> str:
        if not np.isfinite(self.rad).any():
            return f"{self.name}: no values"
        low, high = np.nanmin(self.deg), np.nanmax(self.deg)
        grade = "" if self.grade is None else f", {self.grade.quality}"
        return f"{self.name}: {low:.1f} to {high:.1f} deg over {self.time[-1] - self.time[0]:.1f} s{grade}"

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError(
            f"an angle is no array until its unit is said: write .deg or .rad, as in angles[{self.name!r}].deg"
        )

    # whatever would make an array of it: numpy and pandas, then loops, arithmetic and comparisons
    __array__ = __iter__ = __getitem__ = __float__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __neg__ = _refuse
    __abs__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Angles(Mapping[str, AngleSeries]):
    """A trial's angles by name: `angles["left_knee_flexion"].deg`. Those that the clip's landmarks cannot show are not there."""

    names: tuple[str, ...]
    _angles: JointAngles
    _grades: Mapping[str, Grade]

    def __getitem__(self, name: str) -> AngleSeries:
        """Return an angle; raises UnknownNameError, an InputError and KeyError, which names those that are nearest."""
        if name not in self.names:
            raise self._no(name)
        found = self._angles
        column = found.names.index(name)
        blocks = (found.values, found.sd, found.velocity, found.acceleration, found.seen)
        rad, sd, per_s, per_s2, seen = (block[:, column] for block in blocks)
        return AngleSeries(name, found.time, rad, sd, per_s, per_s2, seen, self._grades.get(name))

    def _no(self, name: str) -> UnknownNameError:
        for ending, attribute in _COLUMNS.items():
            if isinstance(name, str) and (angle := name.removesuffix(ending)) != name and angle in self.names:
                return UnknownNameError(
                    f"there is no angle {name!r}, which is a column of the files; write angles[{angle!r}].{attribute}"
                )
        if name in self._angles.names:
            return UnknownNameError(f"the landmarks of this clip do not show {name}; angles.names lists those they do")
        return unknown("angle", name, self.names, "angles.names")

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"{len(self.names)} angles: {', '.join(self.names[:6])}{', …' * (len(self.names) > 6)}"


def shown(angles: JointAngles, skeleton: Skeleton) -> tuple[str, ...]:
    """Return the names of the angles that landmarks of this skeleton can show, or that have values all the same."""
    known = np.asarray(np.isfinite(angles.values).any(axis=0))
    return tuple(
        name
        for name, has_values in zip(angles.names, known, strict=True)
        if has_values or name not in ANGLES or skeleton.has(*points_of(name, skeleton))
    )
