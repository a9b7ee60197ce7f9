"""The panels of gait parameters: one's own values as marks upon published ones, mean ± 2 standard deviations, as a band.

Where only a mean was published it is a line; where nothing fits (a child, running, or speed without age and sex) there are
only the marks.
"""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from posedetector.colours import SIDES
from posedetector.kinematics.nouns import REACH_90, UNITS, Quantity
from posedetector.kinematics.reference import RUNNING, Reference, references
from posedetector.subject import Subject
from posedetector.writers.figures.canvas import NO_SIDE, SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

# those with a reference, and what they are called
COMPARED = {
    "walking_speed": "Walking speed",
    "cadence": "Cadence",
    "step_length": "Step length",
    "stance_share": "Stance phase",
    "double_support_share": "Double support",
}
_AGES = "20 to 99 years"  # of speed's reference
_DEVIATIONS = 2.0  # to either side hold 95 % of a normal distribution
# by side: colour, marker, height in the panel; the markers differ too, for those who see no colours
_OWN = {"left": (SIDES["left"], "o", 0.68), "right": (SIDES["right"], "D", 0.32), "": (NO_SIDE, "s", 0.5)}
_LETTERS = 66  # of small print in a line
_BAND, _MEAN = "0.85", "0.45"


def compared(quantities: Sequence[Quantity]) -> dict[str, list[Quantity]]:
    """Return the quantities that have a panel, by name, each of both sides or of neither."""
    found = {name: [one for one in quantities if one.name == name and np.isfinite(one.value)] for name in COMPARED}
    return {name: own for name, own in found.items() if own}


def draw_parameters(part: "SubFigure", quantities: Sequence[Quantity], subject: Subject) -> None:
    """Draw a panel for each quantity that is compared, and say below whom the reference is of."""
    found, usual = compared(quantities), {} if runs(quantities) else references(subject)
    panels = part.subplots(len(found), 1, squeeze=False)[:, 0]
    for axes, (name, own) in zip(panels, found.items(), strict=True):
        _draw(axes, name, own, usual.get(name))
    said = small_print(list(found), usual, subject, running=runs(quantities))
    part.supxlabel(said, x=0.02, ha="left", fontsize=SMALL, color="0.3")


def runs(quantities: Sequence[Quantity]) -> bool:
    """Tell running from walking: hardly ever are both feet on the floor."""
    shares = [one.value for one in quantities if one.name == "double_support_share"]
    return bool(shares) and max(shares) < RUNNING


def small_print(names: Sequence[str], usual: Mapping[str, Reference], subject: Subject, *, running: bool) -> str:
    """Return what the marks and bands of the quantities of these names are, and of whom."""
    lines = ["marks: value and 90 % interval of its error; none where that is not known"]
    of: dict[tuple[str, str], list[str]] = {}
    for name, one in usual.items():
        if name in names:
            of.setdefault((one.population, one.source), []).append(COMPARED[name])
    if running:
        lines.append("no reference: those at hand are of walking, and this is running")
    elif not usual:
        lines.append("no reference: those at hand are of adults, and this is a child")
    else:
        unknown = "; age not given: adults" if subject.age is None else ""
        lines.append(f"grey: reference, line mean, band mean ± 2 SD{unknown}" * bool(of))
        lines += [
            f"{', '.join(alike).capitalize()}: {population}; {source}" for (population, source), alike in of.items()
        ]
        lines += [
            f"{COMPARED[name]}: no reference; it needs sex and age, {_AGES}" for name in names if name not in usual
        ]
    return "\n".join(fill(line, _LETTERS) for line in lines if line)


def _draw(axes: "Axes", name: str, own: Sequence[Quantity], usual: Reference | None) -> None:
    unit, factor = UNITS[own[0].unit]
    if usual is not None:
        axes.axvline(usual.mean * factor, color=_MEAN, lw=1.2, zorder=1)
        if (band := usual.band(_DEVIATIONS)) is not None:
            axes.axvspan(band[0] * factor, band[1] * factor, color=_BAND, lw=0, zorder=0)
    for one in own:
        colour, marker, height = _OWN[one.side]
        spread = REACH_90 * one.error * factor if np.isfinite(one.error) else None
        axes.errorbar(one.value * factor, height, xerr=spread, fmt=marker, color=colour, ms=6, elinewidth=1.6)
    axes.margins(x=0.12)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.tick_params(labelsize=SMALL)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title(_heading(name, own, usual, unit, factor), fontsize=SMALL)


def _sure(one: Quantity, factor: float, digits: int) -> str:
    """Return the interval of what has a line for itself; for two sides, bars have to do."""
    low, high = (end * factor for end in one.interval)
    return f" (90 %: {low:.{digits}f}–{high:.{digits}f})" if not one.side and np.isfinite(low) else ""


def _heading(name: str, own: Sequence[Quantity], usual: Reference | None, unit: str, factor: float) -> str:
    digits = 2 if unit.startswith("m") else 1
    said = [f"{one.side or 'this clip'} {one.value * factor:.{digits}f}{_sure(one, factor, digits)}" for one in own]
    if usual is not None:
        band = usual.band(_DEVIATIONS)
        ends = "" if band is None else f" ({'–'.join(f'{end * factor:.{digits}f}' for end in band)})"
        said.append(f"reference {usual.mean * factor:.{digits}f}{ends}")
    of = " of gait cycle" if unit == "%" else ""
    return f"{COMPARED[name]} ({unit}{of})\n{' · '.join(said)}"
