"""The figure of an evaluation: the error of each joint, and the knee's Bland–Altman plot."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from posedetector.evaluation.comparison import Evaluation
from posedetector.evaluation.scores import angle_pairs
from posedetector.evaluation.tables import joint_error
from posedetector.metrics import bias, limits_of_agreement
from posedetector.pose import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe & Ito (2008): told apart by colour-blind readers too
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MOST_JOINTS = 33  # beyond this the names cannot be read
_MOST_POINTS = 2000  # of the scatter, per system


def draw(evaluation: Evaluation, path: Path, *, angle: str = "knee_flexion") -> None:
    """Draw both panels; the second only where there are pairs of the angle."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    pairs = {system: angle_pairs(evaluation.of(system), angle) for system in evaluation.systems}
    with_angle = any(len(predicted) for predicted, _, _ in pairs.values())
    picture = Figure(figsize=(13 if with_angle else 8, 5.5), layout="constrained")
    FigureCanvasAgg(picture)
    axes = picture.subplots(1, 2 if with_angle else 1, squeeze=False)[0]
    _draw_joints(evaluation, axes[0])
    if with_angle:
        _draw_agreement(pairs, axes[1], angle)
    protocol = evaluation.protocol
    frames = " / ".join(str(sum(one.frames for one in evaluation.of(system))) for system in evaluation.systems)
    title = (
        f"{protocol.name}: joints of {protocol.joint_set}, root {protocol.root}, alignment {protocol.alignment}; "
        f"{frames} frames"
    )
    picture.suptitle(_plain(title), fontsize=10)
    handles, labels = axes[0].get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 4), fontsize=9, frameon=False)
    picture.savefig(path, dpi=200, metadata={"Software": None})


def _plain(text: str) -> str:
    """Return text in which Matplotlib sees no formulas."""
    return text.replace("$", "\\$")


def _draw_joints(evaluation: Evaluation, axes: "Axes") -> None:
    joints = list(dict.fromkeys(joint for one in evaluation.scores for joint in one.joints))[:_MOST_JOINTS]
    places, systems = np.arange(len(joints)), evaluation.systems
    height = 0.8 / len(systems)
    for number, system in enumerate(systems):
        errors = [joint_error(evaluation.of(system), joint) for joint in joints]
        values = [error.value for error in errors]
        reach = np.array([[error.value - error.low, error.high - error.value] for error in errors]).T
        axes.barh(
            places + (number - (len(systems) - 1) / 2) * height,
            values,
            height,
            xerr=reach if np.isfinite(reach).all() else None,
            label=_plain(system),
            color=_COLOURS[number % len(_COLOURS)],
        )
    axes.set_yticks(places, [joint.replace("_", " ") for joint in joints], fontsize=9)
    axes.invert_yaxis()
    several = any(len({one.cluster for one in evaluation.of(system)}) > 1 for system in systems)
    bars = "; bars: 95 % over trials" if several else ""
    axes.set_xlabel(f"mean position error, mm{bars}")
    axes.spines[["top", "right"]].set_visible(False)


def _draw_agreement(pairs: dict[str, tuple[Array, Array, NDArray[np.str_]]], axes: "Axes", angle: str) -> None:
    for number, (predicted, measured, trial) in enumerate(pairs.values()):
        if not len(predicted):
            continue
        colour = _COLOURS[number % len(_COLOURS)]
        middle, (low, high) = bias(predicted, measured), limits_of_agreement(predicted, measured, trial)
        shown = slice(None, None, -(-len(predicted) // _MOST_POINTS))
        axes.plot(
            (predicted[shown] + measured[shown]) / 2, (predicted - measured)[shown], ".", ms=3, alpha=0.4, color=colour
        )
        axes.axhline(middle, color=colour, lw=1.5)
        for limit in (low, high):
            axes.axhline(limit, color=colour, lw=1, ls="--")
    axes.axhline(0, color="0.6", lw=0.5)
    name = angle.replace("_", " ")
    axes.set_xlabel(f"{name}, mean of prediction and reference, °")
    axes.set_ylabel("prediction − reference, °")
    axes.set_title("Bland–Altman: bias (line), 95 % limits of agreement (dashed)", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
