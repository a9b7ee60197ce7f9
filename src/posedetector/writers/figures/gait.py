"""The page of gait: each side's cycles, 0–100 % from a foot's contact to its next, and the parameters that have a reference.

Bold is the mean of a side's cycles, the band one standard deviation over them, thin lines are single cycles; dashed is the mean
toe-off, where stance ends. Angles that have no side are drawn for the cycles of each side.
"""

from typing import TYPE_CHECKING

import numpy as np

from posedetector.colours import SIDES
from posedetector.kinematics.nouns import Cycles, Gait
from posedetector.pose import Array
from posedetector.subject import Subject
from posedetector.writers.figures.angles import name_panel
from posedetector.writers.figures.bundles import draw_bundle
from posedetector.writers.figures.canvas import LANDSCAPE, explain, page, panels_of, side_handles, with_zero
from posedetector.writers.figures.parameters import compared, draw_parameters

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure, SubFigure

# Flexion of the legs first, as in clinical reports of gait; beside it what lists and leans. A judgement.
SHOWN = ("hip_flexion", "pelvis_obliquity", "knee_flexion", "hip_adduction", "ankle_dorsiflexion", "trunk_flexion")
_BESIDE = 4.3  # inches, of the parameters
_PANEL = (LANDSCAPE - _BESIDE) / 2
_NARROWEST = 6.0  # inches that the legend and a heading need


def has_curves(gait: Gait) -> bool:
    """Tell whether any of the angles that are drawn is known in a cycle."""
    return bool(_shown(gait))


def figure_of_gait(gait: Gait, subject: Subject, name: str) -> "Figure":
    """Return the page with curves on the left and parameters on the right, as far as there are any."""
    joints, beside = _shown(gait), compared(gait.quantities)
    wide = min(len(joints), 2)
    tall = -(-len(joints) // 2)
    widths = [_PANEL * wide] * bool(joints) + [_BESIDE] * bool(beside)
    picture = page(max(sum(widths), _NARROWEST), max(1.5 + 1.9 * tall, 2.2 + 1.0 * len(beside)), name, about(gait))
    parts = picture.subfigures(1, len(widths), width_ratios=widths, squeeze=False)[0]
    if joints:
        _draw_curves(parts[0], gait, joints, wide)
    if beside:
        draw_parameters(parts[-1], gait.quantities, subject)
    sided = {*(one.side for own in beside.values() for one in own), *(one.side for one in gait.cycles)}
    explain(picture, [*side_handles(colour for side, colour in SIDES.items() if side in sided), *_legend(gait)])
    return picture


def _legend(gait: Gait) -> "list[Artist]":
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Artist] = []
    if any(len(one.values) > 1 for one in gait.cycles):
        handles.append(Patch(color="0.5", alpha=0.3, lw=0, label="mean ± SD over cycles"))
    if has_curves(gait) and any(one.name == "stance_share" for one in gait.quantities):
        handles.append(Line2D([], [], color="0.3", ls="--", label="mean toe-off"))
    return handles


def about(gait: Gait) -> str:
    """Return how many cycles there are, and what is doubtful."""
    counts = {one.side: len(one.values) for one in gait.cycles}
    said = f"gait cycles: {', '.join(f'{counts.get(side, 0)} {side}' for side in SIDES)}" if counts else "gait"
    return said if gait.quality == "good" else f"{said}\ndoubtful: {gait.reason}"


def _shown(gait: Gait) -> list[str]:
    return [joint for joint in SHOWN if any(len(_curves(one, joint)) for one in gait.cycles)]


def _curves(cycles: Cycles, joint: str) -> Array:
    """Return (N, 101) degrees of a joint of this side, or of none; no row where it is never known."""
    for column, name in enumerate(cycles.names):
        if name in (joint, f"{cycles.side}_{joint}"):
            curves = np.degrees(cycles.values[:, :, column])
            return curves[np.isfinite(curves).any(axis=1)]
    return np.empty((0, 101))


def _draw_curves(part: "SubFigure", gait: Gait, joints: list[str], wide: int) -> None:
    for axes, joint in zip(panels_of(part, len(joints), wide, "Gait cycle (%)"), joints, strict=True):
        for one in gait.cycles:
            curves = _curves(one, joint)
            if len(curves):
                draw_bundle(axes, curves, SIDES[one.side])
        with_zero(axes)
        for quantity in gait.quantities:
            if quantity.name == "stance_share" and quantity.side in {one.side for one in gait.cycles}:
                axes.axvline(100 * quantity.value, color=SIDES[quantity.side], ls="--", lw=1)
        name_panel(axes, joint)
