"""PNG: the joint angles over the clip, one panel a joint, left and right in one colour each.

Degrees and seconds. Holes stay holes. The band is the nominal 90 % interval, value ± 1.645 standard deviations, where
these are known, and ends where such an angle ends.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from posedetector.kinematics.nouns import JointAngles
from posedetector.pose import Array
from posedetector.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIDES = {"left": "#0072B2", "right": "#D55E00"}  # Okabe & Ito (2008): told apart by colour-blind readers too
_REACH = 1.645  # standard deviations to either side hold 90 % of a normal distribution
_STRETCHES = 2000  # more cannot be told apart across the picture
_LONGEST_NAME = 80  # letters that fit above the panels


def draw_joint_angles(trial: Trial, path: Path) -> None:
    """Draw the trial's angles, each of which has a left and a right."""
    picture = figure_of(trial.angles, trial.name)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)  # a clip may be named in any script
        picture.savefig(path, format="png", dpi=150, metadata={"Software": None})


def figure_of(angles: JointAngles, name: str) -> "Figure":
    """Return the figure, with the clip's name above it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    joints = list(dict.fromkeys(angle.partition("_")[2] for angle in angles.names))
    picture = Figure(figsize=(10, 1 + 2.4 * len(joints)), layout="constrained")
    FigureCanvasAgg(picture)
    panels = picture.subplots(len(joints), 1, sharex=True, squeeze=False)[:, 0]
    for axes, joint in zip(panels, joints, strict=True):
        columns = [angles.names.index(f"{side}_{joint}") for side in _SIDES]
        values, sd = np.degrees(angles.values[:, columns]), np.degrees(angles.sd[:, columns])
        for value, spread, colour in zip(values.T, sd.T, _SIDES.values(), strict=True):
            _draw(axes, angles.time, value, spread, colour)
        axes.set_ylabel(f"{joint.replace('_', ' ')}, °")
        axes.spines[["top", "right"]].set_visible(False)
        if np.isfinite(values).any():
            axes.axhline(0, color="0.6", lw=0.5)  # straight; so that two degrees never fill a panel
        else:
            axes.text(0.5, 0.5, "never seen", transform=axes.transAxes, ha="center", color="0.4")
            axes.set_yticks([])
    panels[0].set_title("180° less the angle between the two segments; at the hip, trunk and thigh", fontsize=9)
    panels[-1].set_xlabel("time, s")
    picture.align_ylabels()
    picture.suptitle(name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…", fontsize=11, parse_math=False)
    handles: list[Line2D | Patch] = [Line2D([], [], color=colour, label=side) for side, colour in _SIDES.items()]
    if np.isfinite(angles.sd).any():
        handles.append(Patch(color="0.5", alpha=0.3, lw=0, label="90 % interval of the fit"))
    picture.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=9, frameon=False)
    return picture


def _draw(axes: "Axes", time: Array, value: Array, sd: Array, colour: str) -> None:
    """Draw one angle in degrees (T,); of a long clip the least and the greatest value of each stretch."""
    size = -(-len(time) // _STRETCHES)
    time = time[::size]
    least, greatest = _extremes(value, size)
    (low, _), (_, high) = (_extremes(np.clip(value + off * sd, 0, 180), size) for off in (-_REACH, _REACH))
    opacity = 1 if size == 1 else 0.6  # the curves of a long clip are areas, one upon the other
    axes.plot(np.repeat(time, 2), np.stack([least, greatest], axis=1).ravel(), color=colour, lw=1.3, alpha=opacity)
    axes.fill_between(time, low, high, color=colour, alpha=0.25, lw=0)
    known = np.pad(np.isfinite(least), 1)
    alone = known[1:-1] & ~known[:-2] & ~known[2:]  # lines and bands begin with two frames
    middle = (least + greatest)[alone] / 2
    reach = (middle - low[alone], high[alone] - middle)
    axes.errorbar(time[alone], middle, reach, fmt=".", color=colour, alpha=0.6)


def _extremes(values: Array, size: int) -> tuple[Array, Array]:
    """Return the least and the greatest of each stretch of so many values, NaN where all are."""
    stretches = np.pad(values, (0, -len(values) % size), constant_values=np.nan).reshape(-1, size)
    return np.fmin.reduce(stretches, axis=1), np.fmax.reduce(stretches, axis=1)
