"""Curves laid upon each other from 0 to 100 % of what is repeated."""

from typing import TYPE_CHECKING

import numpy as np

from posedetector.kinematics.cycles import mean_curve
from posedetector.kinematics.nouns import REACH_90
from posedetector.pose import Array
from posedetector.writers.figures.canvas import WEAK_LINE

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

PERCENT = np.linspace(0.0, 100.0, 101)
PALE, DARK = 0.13, 0.28  # opacity of the bands
MOST_CURVES = 200  # more behind a mean cannot be told apart; a judgement


def draw_bundle(axes: "Axes", curves: Array, colour: str, sd: Array | None = None, *, weak: bool = False) -> None:
    """Draw curves (N, 101) in degrees over 0–100 %: thin single ones, the mean in bold, and two bands.

    The darker one is one standard deviation over the curves; the pale one a 90 % interval that has the fit's own deviations `sd`
    (N, 101) in it too, where these are known. A weak angle's mean is dashed.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.patheffects import withStroke

    mean, over, _, total = mean_curve(curves, sd)
    if len(curves) > 1:
        single = curves[:: -(-len(curves) // MOST_CURVES)]
        opacity = max(0.1, min(0.45, 5 / len(single)))
        lines = [np.column_stack([PERCENT, curve]) for curve in single]
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=0.7, alpha=opacity))
    for reach, opacity in ((REACH_90 * total, PALE), (over, DARK)):
        if np.isfinite(reach).any():
            axes.fill_between(PERCENT, mean - reach, mean + reach, color=colour, alpha=opacity, lw=0)
    edge = [withStroke(linewidth=3.6, foreground="white")]  # or it is lost among many single curves
    axes.plot(PERCENT, mean, color=colour, lw=2.2, ls=WEAK_LINE if weak else "-", path_effects=edge)
    axes.set_xlim(0, 100)


def band_handles(what: str, *, over: bool, fitted: bool) -> "list[Artist]":
    """Return for a legend what the bands are: over the `what`, and with the fit's deviations."""
    from matplotlib.patches import Patch

    handles: list[Artist] = []
    if over:
        handles.append(Patch(color="0.5", alpha=DARK + PALE, lw=0, label=f"mean ± SD over {what}"))
    if fitted:
        handles.append(
            Patch(color="0.5", alpha=PALE, lw=0, label=f"90 % interval {'with' if over else 'of'} the fit's error")
        )
    return handles
