"""What a person can choose about the overlay, checked once, before the analysis begins."""

from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from posedetector.errors import InputError
from posedetector.kinematics.angles import ANGLES
from posedetector.options import Options, within
from posedetector.skeletons import split_side

FULL_NAMES = tuple(dict.fromkeys(split_side(name)[1] for name in ANGLES))
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
    names = [SHORT_NAMES.get(name, split_side(name)[1]) for name in given]
    unknown = [part for part, name in zip(given, names, strict=True) if name not in FULL_NAMES]
    if unknown or not names:
        raise InputError(
            f"`angles`: {f'there is no angle {unknown[0]!r}' if unknown else 'no angle is named'}; give none, or names "
            f"separated by commas: {', '.join(sorted(SHORT_NAMES))}, or in full {', '.join(FULL_NAMES)}",
            field="angles",
        )
    return tuple(dict.fromkeys(names))


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    if unknown := [name for name in names if name not in FULL_NAMES]:
        raise ValueError(f"has no {unknown[0]!r}; there are {', '.join(FULL_NAMES)}")
    return names


_Pixels = Annotated[int | None, within(1, 100, "pixels")]


class OverlayOptions(Options):
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

    angles: Annotated[tuple[str, ...], AfterValidator(_known)] = ("knee_flexion",)
    thickness: _Pixels = None
    radius: _Pixels = None
    show: bool = False
    show_interval: Annotated[float, within(0, 1e6, "seconds")] = 0.0

    @model_validator(mode="after")
    def _check_show(self) -> Self:
        if self.show_interval and not self.show:
            raise InputError("`show_interval` goes with `show`", field="show_interval")
        return self
