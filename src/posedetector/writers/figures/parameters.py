"""The panels of gait parameters: one's own values as marks upon what is usual, mean ± 2 standard deviations, as a band.

Where only a usual mean was published it is a line; where nothing fits the person (a child, or speed without age and sex) there
are only the marks.
"""

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from posedetector.kinematics.nouns import UNITS, Quantity
from posedetector.kinematics.reference import ADULT, Reference, references
from posedetector.subject import Subject
from posedetector.writers.figures.canvas import NO_SIDE, SIDES, SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

COMPARED = ("walking_speed", "cadence", "step_length", "stance_share", "double_support_share")  # those with a reference
_DEVIATIONS = 2.0  # to either side hold 95 % of a normal distribution
# by side: colour, marker, height in the panel; the markers differ too, for those who see no colours
_OWN = {"left": (SIDES["left"], "o", 0.68), "right": (SIDES["right"], "D", 0.32), "": (NO_SIDE, "s", 0.5)}
_LETTERS = 62  # of small print in a line
_USUAL, _USUAL_LINE = "0.85", "0.45"


def compared(quantities: Sequence[Quantity]) -> dict[str, list[Quantity]]:
    """Return the quantities that have a panel, by name, each of both sides or of neither."""
    found = {name: [one for one in quantities if one.name == name and np.isfinite(one.value)] for name in COMPARED}
    return {name: own for name, own in found.items() if own}


def draw_parameters(part: "SubFigure", quantities: Sequence[Quantity], subject: Subject) -> None:
    """Draw a panel for each quantity that is compared, and say below whom the reference is of."""
    found, usual = compared(quantities), references(subject)
    panels = part.subplots(len(found), 1, squeeze=False)[:, 0]
    for axes, (name, own) in zip(panels, found.items(), strict=True):
        _draw(axes, name, own, usual.get(name))
    part.supxlabel(small_print([usual[name] for name in found if name in usual], subject), fontsize=SMALL, color="0.3")


def small_print(usual: Sequence[Reference], subject: Subject) -> str:
    """Return what the marks and bands are, and of whom."""
    lines = ["marks: own mean ± SD over the clip"]
    if subject.age is not None and subject.age < ADULT:
        lines.append("no reference: there is none for children here")
    elif usual:
        unknown = " (age not given: adults' figures)" if subject.age is None else ""
        lines.append(f"grey: usual, band mean ± 2 SD, line mean{unknown}")
    populations: dict[tuple[str, str], list[str]] = {}
    for one in usual:
        populations.setdefault((one.population, one.source), []).append(_plain(one.name))
    lines += [f"{', '.join(names)}: {population}; {source}" for (population, source), names in populations.items()]
    return "\n".join(fill(line, _LETTERS) for line in lines)


def _draw(axes: "Axes", name: str, own: Sequence[Quantity], usual: Reference | None) -> None:
    unit, factor = UNITS[own[0].unit]
    if usual is not None:
        axes.axvline(usual.mean * factor, color=_USUAL_LINE, lw=1.2, zorder=1)
        if (band := usual.band(_DEVIATIONS)) is not None:
            axes.axvspan(band[0] * factor, band[1] * factor, color=_USUAL, lw=0, zorder=0)
    for one in own:
        colour, marker, height = _OWN[one.side]
        spread = one.sd * factor if np.isfinite(one.sd) else None
        axes.errorbar(one.value * factor, height, xerr=spread, fmt=marker, color=colour, ms=7, elinewidth=1.6)
    axes.margins(x=0.12)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title(_heading(name, own, usual, unit, factor), fontsize=SMALL + 1)


def _heading(name: str, own: Sequence[Quantity], usual: Reference | None, unit: str, factor: float) -> str:
    digits = 2 if unit.startswith("m") else 1
    said = [f"{one.side} {one.value * factor:.{digits}f}".strip() for one in own]
    if usual is not None:
        spread = "" if usual.sd is None else f" ± {_DEVIATIONS * usual.sd * factor:.{digits}f}"
        said.append(f"usual {usual.mean * factor:.{digits}f}{spread}")
    return f"{_plain(name)}, {unit}\n{' · '.join(said)}"


def _plain(name: str) -> str:
    return name.replace("_", " ")
