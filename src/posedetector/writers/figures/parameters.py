"""The panels of gait parameters: one's own values as marks upon published ones, mean ± 2 standard deviations, as a band.

Published ones are those at the subject's speed and stature (`kinematics.reference`). Where only a mean was published it is a line; where
nothing fits (a child, running, or speed without age and sex) there are only the marks. A bar is a value's 90 % interval; where its error
is not known, the standard deviation over the steps. A value far from the reference is an arrow at the edge, with its number.
"""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from posedetector.colours import SIDE_COLOURS
from posedetector.kinematics.nouns import REACH_90, Quantity
from posedetector.kinematics.reference import DEVIATIONS, Reference, compare_speeds, is_running, references
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
_FARTHEST = (
    5.0  # standard deviations of the reference that a panel shows to either side, or a share of a mean that has none
)
_FARTHEST_SHARE = 0.5
# by side: colour, marker, height in the panel; the markers differ too, for those who see no colours
_OWN = {"left": (SIDE_COLOURS["left"], "o", 0.68), "right": (SIDE_COLOURS["right"], "D", 0.32), "": (NO_SIDE, "s", 0.5)}
_LETTERS = 66  # of small print in a line
_BAND, _MEAN = "0.85", "0.45"


def compared(quantities: Sequence[Quantity]) -> dict[str, list[Quantity]]:
    """Return the quantities that have a panel, by name, each of both sides or of neither."""
    found = {name: [one for one in quantities if one.name == name and np.isfinite(one.value)] for name in COMPARED}
    return {name: own for name, own in found.items() if own}


def draw_parameters(part: "SubFigure", quantities: Sequence[Quantity], subject: Subject) -> None:
    """Draw a panel for each quantity that is compared, and say below whom the reference is of."""
    found, usual = compared(quantities), usual_for(quantities, subject)
    panels = part.subplots(len(found), 1, squeeze=False)[:, 0]
    for axes, (name, own) in zip(panels, found.items(), strict=True):
        _draw(axes, name, own, usual.get(name))
    said = small_print(found, usual, subject, running=runs(quantities))
    part.supxlabel(said, x=0.02, ha="left", fontsize=SMALL, color="0.3")


def usual_for(quantities: Sequence[Quantity], subject: Subject) -> dict[str, Reference]:
    """Return what is usual for the subject at the speed that was walked; empty for runners."""
    speed = _speed(quantities)
    return {} if runs(quantities) else references(subject, *((speed.value, speed.error) if speed else ()))


def _speed(quantities: Sequence[Quantity]) -> Quantity | None:
    return next((one for one in quantities if one.name == "walking_speed"), None)


def runs(quantities: Sequence[Quantity]) -> bool:
    """Tell running from walking by the quantities of gait."""
    return is_running(one.value for one in quantities if one.name == "double_support_share")


def small_print(
    found: Mapping[str, Sequence[Quantity]], usual: Mapping[str, Reference], subject: Subject, *, running: bool
) -> str:
    """Return what the marks, bars and bands of the quantities are, and of whom."""
    names, own = list(found), [one for parts in found.values() for one in parts]
    lines = ["marks: " + "; ".join(_of_marks(own))]
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
        speed = _speed(own)
        lines.append(compare_speeds(subject, speed.value if speed else None) * bool(of))
    return "\n".join(fill(line, _LETTERS) for line in lines if line)


def _of_marks(own: Sequence[Quantity]) -> Iterator[str]:
    yield "means over the steps of this clip" if any(one.count > 1 for one in own) else "of one step or stride each"
    if any(np.isfinite(one.error) for one in own):
        yield "bars: 90 % interval of the value"
    if any(np.isfinite(one.sd) and not np.isfinite(one.error) for one in own):
        yield "thin bars: ± SD over the steps, where the value's error is not known"


def _draw(axes: "Axes", name: str, own: Sequence[Quantity], usual: Reference | None) -> None:
    if usual is not None:
        axes.axvline(usual.mean, color=_MEAN, lw=1.2, zorder=1)
        if (band := usual.band(DEVIATIONS)) is not None:
            axes.axvspan(*band, color=_BAND, lw=0, zorder=0)
    least, most = _shown(usual)
    for one in own:
        colour, marker, height = _OWN[one.side]
        if not least <= one.value <= most:
            edge = least if one.value < least else most
            _point_out(axes, edge, _number(one.value, one.unit), one.side, high=one.value > most)
            continue
        known = np.isfinite(one.error)
        reach = REACH_90 * one.error if known else one.sd
        axes.errorbar(
            one.value,
            height,
            xerr=reach if np.isfinite(reach) else None,
            fmt=marker,
            color=colour,
            ms=6,
            elinewidth=2.2 if known else 0.9,
        )
    axes.margins(x=0.12)
    low, high = axes.get_xlim()
    # bars are drawn whole; a value that lies beyond is an arrow at the edge
    axes.set_xlim(
        least if any(one.value < least for one in own) else low,
        most if any(one.value > most for one in own) else high,
    )
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.tick_params(labelsize=SMALL)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title(_heading(name, own, usual), fontsize=SMALL)


def _shown(usual: Reference | None) -> tuple[float, float]:
    """Return from where to where a panel may reach, in the quantities' own unit."""
    if usual is None:
        return -np.inf, np.inf
    far = usual.band(_FARTHEST)
    return (usual.mean * (1 - _FARTHEST_SHARE), usual.mean * (1 + _FARTHEST_SHARE)) if far is None else far


def _point_out(axes: "Axes", edge: float, number: str, side: str, *, high: bool) -> None:
    """Draw an arrow at the edge for a value that lies beyond it, with its number."""
    colour, _, height = _OWN[side]
    axes.plot([edge], [height], ls="none", marker=">" if high else "<", color=colour, ms=7, clip_on=False)
    axes.annotate(
        number,
        (edge, height),
        xytext=(-7 if high else 7, 0),
        textcoords="offset points",
        ha="right" if high else "left",
        va="center",
        fontsize=SMALL,
        color=colour,
    )


def _heading(name: str, own: Sequence[Quantity], usual: Reference | None) -> str:
    unit = own[0].unit
    said = [_said(one, usual) for one in own]
    if usual is not None:
        band = usual.band(DEVIATIONS)
        ends = "" if band is None else f" ({'–'.join(_number(end, unit) for end in band)})"
        said.append(f"reference {_number(usual.mean, unit)}{ends}")
    of = " of gait cycle" if unit == "%" else ""
    return f"{COMPARED[name]} ({unit}{of})\n{' · '.join(said)}"


def _said(one: Quantity, usual: Reference | None) -> str:
    """Return a value in words, and on which side of the reference's range it lies, if its error is known and smaller.

    Where there is no reference, its interval, if it has a line for itself.
    """
    low, high = (_number(end, one.unit) for end in one.interval)
    if usual is None:
        where = f"90 % interval {low}–{high}" if np.isfinite(one.error) and not one.side else ""
    else:
        where = usual.outside(*one.interval)
    return f"{one.side or 'this clip'} {_number(one.value, one.unit)}{f' ({where})' * bool(where)}"


def _number(value: float, unit: str) -> str:
    return f"{value:.{2 if unit.startswith('m') else 1}f}"
