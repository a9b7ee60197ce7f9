"""What a person can choose about the overlay, checked once, before the analysis begins."""

import math
from dataclasses import dataclass

from posedetector.errors import InputError
from posedetector.kinematics.angles import ANGLES

_SIDES = ("left", "right")


def _without_side(name: str) -> str:
    side, _, rest = name.partition("_")
    return rest if side in _SIDES else name


FULL_NAMES = tuple(dict.fromkeys(_without_side(name) for name in ANGLES))
# `knee` is knee_flexion, `hip` is hip_flexion: the first angle of the table at that joint
SHORT_NAMES = {name.partition("_")[0]: name for name in reversed(FULL_NAMES)}


def parse_angles(text: str) -> tuple[str, ...]:
    """Return the full names, without side, of a comma-separated list of angles; `none` is no angle.

    Raises
    ------
    InputError
        For a name that is not in the table of angles.
    """
    given = [part.strip().lower().replace("-", "_") for part in text.split(",") if part.strip()]
    if given == ["none"]:
        return ()
    names = [SHORT_NAMES.get(name, _without_side(name)) for name in given]
    unknown = [part for part, name in zip(given, names, strict=True) if name not in FULL_NAMES]
    if unknown or not names:
        raise InputError(
            f"`angles`: {f'there is no angle {unknown[0]!r}' if unknown else 'no angle is named'}; give none, or names "
            f"separated by commas: {', '.join(sorted(SHORT_NAMES))}, or in full {', '.join(FULL_NAMES)}",
            field="angles",
        )
    return tuple(dict.fromkeys(names))


@dataclass(frozen=True)
class OverlayOptions:
    """How the overlay is drawn.

    Attributes
    ----------
    angles : full names, without side, of the angles beside their joints.
    thickness : of links, pixels; None scales with the picture and the person.
    radius : of points, pixels; None follows the thickness.
    show : whether a window shows the frames as they are drawn.
    show_interval : seconds for which each frame stays in that window.

    Raises
    ------
    InputError
        If a number is out of its range, or an interval is given for a window that is not shown.
    """

    angles: tuple[str, ...] = ("knee_flexion",)
    thickness: int | None = None
    radius: int | None = None
    show: bool = False
    show_interval: float = 0.0

    def __post_init__(self) -> None:
        for field, pixels in (("thickness", self.thickness), ("radius", self.radius)):
            if pixels is not None and not 1 <= pixels <= 100:
                raise InputError(f"`{field}` is in pixels and must lie in 1–100, got {pixels}", field=field)
        if not 0 <= self.show_interval < math.inf:
            raise InputError(
                f"`show_interval` is in seconds and must not be negative, got {self.show_interval:g}",
                field="show_interval",
            )
        if self.show_interval and not self.show:
            raise InputError("`show_interval` goes with `show`", field="show_interval")
