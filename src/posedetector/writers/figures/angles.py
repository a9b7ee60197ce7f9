"""The page of joint angles over the clip, one panel a joint, left and right in one colour each.

Degrees and seconds. Holes stay holes. The band is the nominal 90 % interval, value ± 1.645 standard deviations, where
these are known. Gait events are marks along the lower edge, repetitions are shaded stretches.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from posedetector.colours import SIDES
from posedetector.kinematics.angles import ANGLES
from posedetector.kinematics.nouns import Event, JointAngles, Repetition, Side
from posedetector.pose import Array
from posedetector.writers.figures.canvas import (
    NO_SIDE,
    SMALL,
    explain,
    message,
    page,
    panels_of,
    side_handles,
    with_zero,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What is looked at first, legs on the left and the rest on the right, as far as the clip shows them. A judgement; every angle is
# in the tables.
SHOWN = (
    *("hip_flexion", "trunk_flexion"),
    *("knee_flexion", "pelvis_obliquity"),
    *("ankle_dorsiflexion", "shoulder_elevation"),
    *("hip_adduction", "elbow_flexion"),
)
_REACH = 1.645  # standard deviations to either side hold 90 % of a normal distribution
_NEVER_NEGATIVE = ("shoulder_elevation",)  # to wherever an arm is lifted
_SHADE = "#FCF9D2"  # a pale yellow: bands are grey, blue and red
_STRETCHES = 2000  # more cannot be told apart across the picture
_ROWS: dict[Side, float] = {"left": 0.09, "right": 0.035}  # where the marks are, in shares of a panel's height
_MARKS = {"initial_contact": ("v", "full", "foot contact"), "foot_off": ("^", "none", "foot off")}
_MARK, _MARKS_IN_A_ROW = 5.0, 60  # points; so many marks of that size fit beside each other


def figure_of_angles(
    angles: JointAngles, name: str, events: Sequence[Event] = (), repetitions: Sequence[Repetition] = ()
) -> "Figure":
    """Return the figure, with the clip's name above it; it only says so where no angle of `SHOWN` has a value."""
    joints = [joint for joint in SHOWN if _columns(angles, joint)]
    if not joints:
        return message(
            name, "None of the usual joint angles could be measured: too few of the body's points were seen."
        )
    wide = min(len(joints), 2)
    tall = -(-len(joints) // wide)
    picture = page(6.5 * wide, 1.2 + 2.3 * tall, name)
    for axes, joint in zip(panels_of(picture, len(joints), wide, "time, s"), joints, strict=True):
        _draw_repetitions(axes, repetitions)
        for column, colour in _columns(angles, joint).items():
            value, sd = np.degrees(angles.values[:, column]), np.degrees(angles.sd[:, column])
            _draw(axes, angles.time, value, sd, colour, 0.0 if joint in _NEVER_NEGATIVE else -np.inf)
        with_zero(axes)
        _draw_events(axes, events)
        axes.set_title(title_of(joint), fontsize=SMALL + 1)
    explain(picture, _legend(angles, joints, events, repetitions))
    return picture


def title_of(joint: str) -> str:
    """Return an angle's name, to where it grows and where it is nought; as in the table."""
    row = ANGLES[joint] if joint in ANGLES else ANGLES[f"left_{joint}"]
    return f"{joint.replace('_', ' ')}, °  (+ {row.positive}; 0 {row.neutral})"


def _columns(angles: JointAngles, joint: str) -> dict[int, str]:
    """Return the columns of a joint that have a value, each with its colour."""
    named = {joint: NO_SIDE, **{f"{side}_{joint}": colour for side, colour in SIDES.items()}}
    return {
        column: named[name]
        for column, name in enumerate(angles.names)
        if name in named and np.isfinite(angles.values[:, column]).any()
    }


def _legend(
    angles: JointAngles, joints: list[str], events: Sequence[Event], repetitions: Sequence[Repetition]
) -> "list[Artist]":
    """Return what the figure holds, and nothing else."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    columns = {column: colour for joint in joints for column, colour in _columns(angles, joint).items()}
    handles = side_handles(columns.values())
    if np.isfinite(angles.sd[:, list(columns)]).any():
        handles.append(Patch(color="0.5", alpha=0.3, lw=0, label="90 % interval of the fit"))
    for kind, (marker, fill, label) in _MARKS.items():
        if any(event.kind == kind for event in events):
            handles.append(Line2D([], [], color="0.3", marker=marker, fillstyle=fill, ls="", label=label))  # type: ignore[arg-type]
    if repetitions:
        handles.append(Patch(color=_SHADE, lw=0, label="repetition"))
    return handles


def _draw_repetitions(axes: "Axes", repetitions: Sequence[Repetition]) -> None:
    if repetitions:
        spans = [(one.start, one.end - one.start) for one in repetitions]
        axes.broken_barh(spans, (0, 1), transform=axes.get_xaxis_transform(), color=_SHADE, lw=0, zorder=-1)


def _draw_events(axes: "Axes", events: Sequence[Event]) -> None:
    """Mark events in a free strip along the lower edge, a row a side; smaller ones where there are many."""
    if not events:
        return
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.16 * (high - low), high)
    size = max(1.0, _MARK * min(1.0, _MARKS_IN_A_ROW / len(events)))
    for side, colour in SIDES.items():
        for kind, (marker, fill, _) in _MARKS.items():
            times = [event.time for event in events if event.side == side and event.kind == kind]
            axes.plot(
                times,
                np.full(len(times), _ROWS[side]),
                marker,
                color=colour,
                ms=size,
                fillstyle=fill,
                transform=axes.get_xaxis_transform(),
            )


def _draw(axes: "Axes", time: Array, value: Array, sd: Array, colour: str, least_possible: float) -> None:
    """Draw one angle in degrees (T,); of a long clip the least and the greatest value of each stretch."""
    size = -(-len(time) // _STRETCHES)
    time = time[::size]
    least, greatest = _extremes(value, size)
    (low, _), (_, high) = (_extremes(np.maximum(value + off * sd, least_possible), size) for off in (-_REACH, _REACH))
    opacity = 1 if size == 1 else 0.6  # the curves of a long clip are areas, one upon the other
    axes.plot(np.repeat(time, 2), np.stack([least, greatest], axis=1).ravel(), color=colour, lw=1.4, alpha=opacity)
    axes.fill_between(time, low, high, color=colour, alpha=0.22, lw=0)
    known = np.pad(np.isfinite(least), 1)
    alone = known[1:-1] & ~known[:-2] & ~known[2:]  # lines and bands begin with two frames
    middle = (least + greatest)[alone] / 2
    reach = (middle - low[alone], high[alone] - middle)
    axes.errorbar(time[alone], middle, reach, fmt=".", color=colour, alpha=0.6)


def _extremes(values: Array, size: int) -> tuple[Array, Array]:
    """Return the least and the greatest of each stretch of so many values, NaN where all are."""
    stretches = np.pad(values, (0, -len(values) % size), constant_values=np.nan).reshape(-1, size)
    return np.fmin.reduce(stretches, axis=1), np.fmax.reduce(stretches, axis=1)
