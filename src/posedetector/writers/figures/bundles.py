"""Curves laid upon each other from 0 to 100 % of what is repeated."""

from typing import TYPE_CHECKING

import numpy as np

from posedetector.kinematics.cycles import mean_and_sd
from posedetector.pose import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PERCENT = np.linspace(0.0, 100.0, 101)
MOST_CURVES = 200  # more behind a mean cannot be told apart; a judgement


def draw_bundle(axes: "Axes", curves: Array, colour: str) -> None:
    """Draw curves (N, 101) in degrees over 0–100 %: thin single ones, a band of one standard deviation, the mean in bold."""
    from matplotlib.collections import LineCollection
    from matplotlib.patheffects import withStroke

    mean, sd = mean_and_sd(curves)
    if len(curves) > 1:
        single = curves[:: -(-len(curves) // MOST_CURVES)]
        opacity = max(0.1, min(0.45, 5 / len(single)))
        lines = [np.column_stack([PERCENT, curve]) for curve in single]
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=0.7, alpha=opacity))
    axes.fill_between(PERCENT, mean - sd, mean + sd, color=colour, alpha=0.2, lw=0)
    edge = [withStroke(linewidth=3.6, foreground="white")]  # or it is lost among many single curves
    axes.plot(PERCENT, mean, color=colour, lw=2.2, path_effects=edge)
    axes.set_xlim(0, 100)
