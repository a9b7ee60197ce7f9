"""The page of gait: each side's cycles, 0–100 % from a foot's contact to its next, and the parameters that have a reference.

Bold is the mean of a side's cycles, thin lines are single cycles; the darker band is one standard deviation over them, the pale one a
90 % interval that has the fit's own error in it. Dashed upright is the mean toe-off, where stance ends. Angles that have no side are drawn for the cycles of each side.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from posedetector.colours import SIDE_COLOURS
from posedetector.kinematics.grading import withheld
from posedetector.kinematics.nouns import Cycles, Gait, Grade
from posedetector.pose import Array
from posedetector.subject import Subject
from posedetector.writers.figures.angles import name_panel
from posedetector.writers.figures.bundles import band_handles, draw_bundle
from posedetector.writers.figures.canvas import (
    LANDSCAPE,
    NO_GRADES,
    explain,
    is_poor,
    is_weak,
    page,
    panels_of,
    side_handles,
    weak_handle,
    with_zero,
)
from posedetector.writers.figures.parameters import compared, draw_parameters

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure, SubFigure

# Flexion of the legs first, as in clinical reports of gait; beside it what lists and leans. A judgement.
SHOWN = ("hip_flexion", "pelvis_obliquity", "knee_flexion", "hip_adduction", "ankle_dorsiflexion", "trunk_flexion")
_BESIDE = 4.3  # inches, of the parameters
_PANEL = (LANDSCAPE - _BESIDE) / 2
_NARROWEST = 6.0  # inches that the legend and a heading need


def has_curves(gait: Gait, grades: Mapping[str, Grade] = NO_GRADES) -> bool:
    """Tell whether any of the angles that are drawn is known in a cycle."""
    return bool(_shown(gait, grades))


def figure_of_gait(gait: Gait, subject: Subject, name: str, grades: Mapping[str, Grade] = NO_GRADES) -> "Figure":
    """Return the page with curves on the left and parameters on the right, as far as there are any.

    Weak angles are dashed and called so, poor ones are left out with a line that names them.
    """
    joints, beside = _shown(gait, grades), compared(gait.quantities)
    wide = min(len(joints), 2)
    tall = -(-len(joints) // 2)
    widths = [_PANEL * wide] * bool(joints) + [_BESIDE] * bool(beside)
    picture = page(max(sum(widths), _NARROWEST), max(1.5 + 1.9 * tall, 2.2 + 1.0 * len(beside)), name, about(gait))
    parts = picture.subfigures(1, len(widths), width_ratios=widths, squeeze=False)[0]
    if joints:
        _draw_curves(parts[0], gait, joints, wide, grades)
    if beside:
        draw_parameters(parts[-1], gait.quantities, subject)
    sided = {*(one.side for own in beside.values() for one in own), *(one.side for one in gait.cycles)}
    sides = side_handles(colour for side, colour in SIDE_COLOURS.items() if side in sided)
    explain(picture, [*sides, *_legend(gait, joints, grades)], withheld(grades, SHOWN) if gait.cycles else ())
    return picture


def _legend(gait: Gait, joints: list[str], grades: Mapping[str, Grade]) -> "list[Artist]":
    from matplotlib.lines import Line2D

    drawn = [found for one in gait.cycles for joint in joints if len((found := _curves(one, joint, grades)).degrees)]
    fitted = any(one.sd is not None and np.isfinite(one.sd).any() for one in drawn)
    handles = band_handles("cycles", over=any(len(one.degrees) > 1 for one in drawn), fitted=fitted)
    if any(is_weak(grades, one.name) for one in drawn):
        handles.append(weak_handle())
    if joints and any(one.name == "stance_share" for one in gait.quantities):
        handles.append(Line2D([], [], color="0.3", ls="--", lw=1, label="mean toe-off"))
    return handles


def about(gait: Gait) -> str:
    """Return how many cycles there are, and what is doubtful."""
    counts = {one.side: len(one.values) for one in gait.cycles}
    said = f"gait cycles: {', '.join(f'{counts.get(side, 0)} {side}' for side in SIDE_COLOURS)}" if counts else "gait"
    return said if gait.quality == "good" else f"{said}\ndoubtful: {gait.reason}"


def _shown(gait: Gait, grades: Mapping[str, Grade]) -> list[str]:
    return [joint for joint in SHOWN if any(len(_curves(one, joint, grades).degrees) for one in gait.cycles)]


class _Curves(NamedTuple):
    """An angle's curves (N, 101), degrees, and the fit's deviations of them, if there are any."""

    name: str
    degrees: Array
    sd: Array | None


def _curves(cycles: Cycles, joint: str, grades: Mapping[str, Grade]) -> _Curves:
    """Return the curves of a joint of this side, or of none; no row where it is never known, or poor."""
    for column, name in enumerate(cycles.names):
        if name in (joint, f"{cycles.side}_{joint}") and not is_poor(grades, name):
            curves = np.degrees(cycles.values[:, :, column])
            known = np.isfinite(curves).any(axis=1)
            return _Curves(name, curves[known], None if cycles.sd is None else np.degrees(cycles.sd[known, :, column]))
    return _Curves(joint, np.empty((0, 101)), None)


def _draw_curves(part: "SubFigure", gait: Gait, joints: list[str], wide: int, grades: Mapping[str, Grade]) -> None:
    for axes, joint in zip(panels_of(part, len(joints), wide, "Gait cycle (%)"), joints, strict=True):
        weak = False
        for one in gait.cycles:
            own = _curves(one, joint, grades)
            if len(own.degrees):
                weak |= is_weak(grades, own.name)
                draw_bundle(axes, own.degrees, SIDE_COLOURS[one.side], own.sd, weak=is_weak(grades, own.name))
        with_zero(axes)
        for quantity in gait.quantities:
            if quantity.name == "stance_share" and quantity.side in {one.side for one in gait.cycles}:
                axes.axvline(quantity.value, color=SIDE_COLOURS[quantity.side], ls="--", lw=1)
        name_panel(axes, joint, weak=weak)
