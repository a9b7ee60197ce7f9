"""What a file says, before anything is made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from posedetector.errors import InputError
from posedetector.pose import Array
from posedetector.skeletons import SKELETONS, Skeleton


@dataclass(frozen=True)
class ReadOptions:
    """What a person can say about a file that does not say it itself.

    Attributes
    ----------
    rate : frames per second, for files without times.
    unit : m, cm, mm or in; overrules the file's own word.
    points : the skeleton of the table whose points the file has, for files without names.
    point_map : our name → the file's names whose middle it is.
    person : whose, in files of several people; from 1.
    side : how the options are called, for messages: --prediction or --reference.
    """

    rate: float | None = None
    unit: str | None = None
    points: str | None = None
    point_map: Mapping[str, Sequence[str]] = field(default_factory=dict)
    person: int = 1
    side: str = "-"

    def said(self, name: str) -> str:
        """Return what errors call a field: that of the prediction or of the reference, where there are two."""
        return f"{self.side.strip('-')}_{name}".lstrip("_")


class Recording(NamedTuple):
    """Positions (T, J, 3) as the file has them, in its unit, with its names; times (T,) in seconds, if it has any.

    `declared` tells whether the unit is the file's own word; `usual_rate` is that of all files of this kind.
    """

    names: Sequence[str]
    xyz: Array
    time: Array | None
    unit: str = "m"
    declared: bool = True
    depth_axis: int | None = None
    usual_rate: float | None = None
    notes: tuple[str, ...] = ()


def check_skeleton(name: str | None) -> Skeleton | None:
    """Return the skeleton of the table; raises InputError for one that it lacks."""
    if name is not None and name not in SKELETONS:
        raise InputError(f"there is no skeleton {name!r}; there are {', '.join(SKELETONS)}")
    return SKELETONS[name] if name is not None else None
