"""The page of repetitions: flexion of each, from its start (0 %) to its end (100 %), their mean in bold, and a list of all.

Only what is alike is laid upon each other: the most frequent of squats, standing up from a seat and sitting down again, and standing
up alone. A dotted line is the mean lowest point of squats, or the mean full stand.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from posedetector.colours import SIDE_COLOURS
from posedetector.kinematics.grading import withheld
from posedetector.kinematics.nouns import Grade, JointAngles, Repetition
from posedetector.pose import Array
from posedetector.writers.figures.angles import name_panel
from posedetector.writers.figures.bundles import PERCENT, band_handles, draw_bundle
from posedetector.writers.figures.canvas import (
    LANDSCAPE,
    NO_GRADES,
    NO_SIDE,
    SMALL,
    explain,
    is_poor,
    is_weak,
    page,
    panels_of,
    side_handles,
    weak_handle,
    with_zero,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = ("knee_flexion", "hip_flexion", "ankle_dorsiflexion", "trunk_flexion")
_MOST_LISTED = 20  # lines that the page holds
_COLUMNS = (("start", "s"), ("down", "s"), ("up", "s"), ("depth", "m"), ("knee", "°"))
_LISTED = 4.3  # inches, of the list
_PANEL = (LANDSCAPE - _LISTED) / 2


def figure_of_repetitions(
    repetitions: Sequence[Repetition], angles: JointAngles, name: str, grades: Mapping[str, Grade] = NO_GRADES
) -> "Figure":
    """Return the page: panels on the left, the list on the right. Weak angles are dashed and called so, poor ones left out."""
    drawn = _alike(repetitions)
    kind = _plain(drawn[0])
    bundles = {joint: _bundles(angles, joint, drawn, grades) for joint in SHOWN}
    joints = [joint for joint in SHOWN if bundles[joint]]
    wide = min(len(joints), 2)
    tall = -(-len(joints) // 2)
    widths = [_PANEL * wide] * bool(joints) + [_LISTED]
    counted = f"{len(drawn)} × {kind}" + (f" of {len(repetitions)} repetitions" * (len(drawn) < len(repetitions)))
    picture = page(sum(widths), max(1.6 + 2.4 * tall, 1.8 + 0.2 * min(len(repetitions), _MOST_LISTED)), name, counted)
    parts = picture.subfigures(1, len(widths), width_ratios=widths, squeeze=False)[0]
    if joints:
        for axes, joint in zip(panels_of(parts[0], len(joints), wide, "Repetition (%)"), joints, strict=True):
            _draw(axes, joint, bundles[joint], drawn, grades)
    beside = parts[-1].subplots()
    beside.set_axis_off()
    beside.text(0, 1, listed(repetitions), family="monospace", fontsize=SMALL, va="top", linespacing=1.4)
    explain(
        picture, _legend([one for joint in joints for one in bundles[joint]], drawn, grades), withheld(grades, SHOWN)
    )
    return picture


def _legend(bundles: "Sequence[_Bundle]", drawn: Sequence[Repetition], grades: Mapping[str, Grade]) -> "list[Artist]":
    from matplotlib.lines import Line2D

    handles = side_handles(one.colour for one in bundles)
    fitted = any(np.isfinite(one.sd).any() for one in bundles)
    handles += band_handles("repetitions", over=bool(bundles) and len(drawn) > 1, fitted=fitted)
    if any(is_weak(grades, one.name) for one in bundles):
        handles.append(weak_handle())
    if bundles and _turn(drawn) < 1:
        turn = "mean lowest point" if drawn[0].movement == "squat" else "mean full stand"
        handles.append(Line2D([], [], color="0.3", ls=":", label=turn))
    return handles


def listed(repetitions: Sequence[Repetition]) -> str:
    """Return a line for each repetition, as far as the page holds them, and mean ± SD of the kind that is drawn."""
    lines = [" no.  movement     " + "".join(f"{name:>7}" for name, _ in _COLUMNS)]
    lines.append(" " * 19 + "".join(f"{unit:>7}" for _, unit in _COLUMNS))
    for number, one in enumerate(repetitions[:_MOST_LISTED], start=1):
        lines.append(f"{number:4}  {_plain(one):13}{one.start:7.1f}{_numbers(_row(one))}")
    if (more := len(repetitions) - _MOST_LISTED) > 0:
        lines.append(f"      and {more} more")
    drawn = np.array([_row(one) for one in _alike(repetitions)])
    if len(drawn) > 1:
        lines += ["", f"      mean                {_numbers(drawn.mean(axis=0))}"]
        lines.append(f"      SD                  {_numbers(drawn.std(axis=0, ddof=1))}")
    return "\n".join(lines)


def _row(one: Repetition) -> tuple[float, float, float, float]:
    """Return seconds down and up, metres deep, and degrees of the knee."""
    return one.down, one.up, one.depth, float(np.degrees(one.knee_flexion_rad))


def _numbers(row: Sequence[float] | Array) -> str:
    forms = ("7.2f", "7.2f", "7.2f", "7.0f")
    return "".join(
        f"{value:{form}}" if np.isfinite(value) else f"{'–':>7}" for value, form in zip(row, forms, strict=True)
    )


def _plain(one: Repetition) -> str:
    return one.movement.replace("_", " ")


def _alike(repetitions: Sequence[Repetition]) -> list[Repetition]:
    """Return the most frequent kind; who does not sit down again has no way down."""
    kinds = [(one.movement, np.isfinite(one.down)) for one in repetitions]
    commonest = Counter(kinds).most_common(1)[0][0]
    return [one for one, kind in zip(repetitions, kinds, strict=True) if kind == commonest]


def _turn(repetitions: Sequence[Repetition]) -> float:
    """Return at what share of their duration they turn, in the mean; 1 where they end there."""
    return float(np.mean([(one.turn - one.start) / (one.end - one.start) for one in repetitions]))


class _Bundle(NamedTuple):
    """An angle's curves (N, 101), degrees, and the fit's deviations of them."""

    name: str
    colour: str
    degrees: Array
    sd: Array


def _bundles(
    angles: JointAngles, joint: str, repetitions: Sequence[Repetition], grades: Mapping[str, Grade]
) -> list[_Bundle]:
    """Return each angle of a joint that is known and not poor, on straight lines between frames."""
    named = {joint: NO_SIDE, **{f"{side}_{joint}": colour for side, colour in SIDE_COLOURS.items()}}
    moments = [one.start + PERCENT / 100 * (one.end - one.start) for one in repetitions]
    bundles = []
    for column, name in enumerate(angles.names):
        if name in named and not is_poor(grades, name):
            curves, sd = (
                np.array([np.interp(at, angles.time, np.degrees(one[:, column])) for at in moments])
                for one in (angles.values, angles.sd)
            )
            if (known := np.isfinite(curves).any(axis=1)).any():
                bundles.append(_Bundle(name, named[name], curves[known], sd[known]))
    return bundles


def _draw(
    axes: "Axes",
    joint: str,
    bundles: Sequence[_Bundle],
    repetitions: Sequence[Repetition],
    grades: Mapping[str, Grade],
) -> None:
    for one in bundles:
        draw_bundle(axes, one.degrees, one.colour, one.sd, weak=is_weak(grades, one.name))
    with_zero(axes)
    if (turn := _turn(repetitions)) < 1:
        axes.axvline(100 * turn, color="0.3", ls=":", lw=1.2)
    name_panel(axes, joint, weak=any(is_weak(grades, one.name) for one in bundles))
