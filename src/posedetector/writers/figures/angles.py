"""The page of joint angles over the clip, one panel a joint, left and right in one colour each.

Degrees and seconds. Holes stay holes. The band is the nominal 90 % interval, value ± 1.645 standard deviations, where
these are known. Gait events are marks along the lower edge, repetitions are shaded stretches.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from posedetector.colours import SIDE_COLOURS
from posedetector.kinematics.grading import withheld
from posedetector.kinematics.nouns import REACH_90, Event, Grade, JointAngles, Repetition
from posedetector.pose import Array
from posedetector.skeletons import Side
from posedetector.writers.figures.canvas import (
    NO_GRADES,
    NO_SIDE,
    PORTRAIT,
    SMALL,
    WEAK_LINE,
    explain,
    is_poor,
    is_weak,
    message,
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

# In rows, lower body first: hips, knees and ankles below each other on the left; pelvis, and then the trunk, beside them; arms last.
# A judgement; every angle is in the tables.
SHOWN = (
    *("hip_flexion", "pelvis_obliquity"),
    *("knee_flexion", "hip_adduction"),
    *("ankle_dorsiflexion", "trunk_flexion"),
    *("shoulder_elevation", "elbow_flexion"),
)
# What falling and growing values are called along the vertical axis; an arm cannot be less than hanging
_DIRECTIONS = {
    "hip_flexion": ("extension", "flexion"),
    "pelvis_obliquity": ("left down", "left up"),
    "knee_flexion": ("extension", "flexion"),
    "hip_adduction": ("abduction", "adduction"),
    "ankle_dorsiflexion": ("plantar", "dorsi"),
    "trunk_flexion": ("backward", "forward"),
    "shoulder_elevation": ("", "up"),
    "elbow_flexion": ("extension", "flexion"),
}
_NEVER_NEGATIVE = ("shoulder_elevation",)  # to wherever an arm is lifted
_SHADE = "#FCF9D2"  # a pale yellow: bands are grey, blue and red
_STRETCHES = 2000  # more cannot be told apart across the picture
_ROWS: dict[Side, float] = {"left": 0.09, "right": 0.035}  # where the marks are, in shares of a panel's height
_MARKS = {"initial_contact": ("v", "full", "initial contact"), "foot_off": ("^", "none", "toe-off")}
_MARK, _MARKS_IN_A_ROW = 4.5, 40  # points; so many marks of that size fit beside each other
_ALONE = 6.0  # inches of a page with one column


def figure_of_angles(
    angles: JointAngles,
    name: str,
    events: Sequence[Event] = (),
    repetitions: Sequence[Repetition] = (),
    grades: Mapping[str, Grade] = NO_GRADES,
) -> "Figure":
    """Return the figure, with the clip's name above it; it only says so where no angle of `SHOWN` has a value.

    Weak angles are dashed and called so, poor ones are left out with a line that names them.
    """
    joints = [joint for joint in SHOWN if _columns(angles, joint, grades)]
    why_not = withheld(grades, SHOWN)
    if not joints:
        nothing = "None of the usual joint angles could be measured: too many of the body's landmarks are missing."
        return message(name, "; ".join(why_not) or nothing)
    wide = min(len(joints), 2)
    tall = -(-len(joints) // wide)
    picture = page(PORTRAIT if wide > 1 else _ALONE, 1.2 + 2.2 * tall, name)
    for axes, joint in zip(panels_of(picture, len(joints), wide, "Time (s)"), joints, strict=True):
        _draw_repetitions(axes, repetitions)
        columns = _columns(angles, joint, grades)
        weak = [column for column in columns if is_weak(grades, angles.names[column])]
        for column, colour in columns.items():
            value, sd = np.degrees(angles.values[:, column]), np.degrees(angles.sd[:, column])
            least = 0.0 if joint in _NEVER_NEGATIVE else -np.inf
            _draw(axes, angles.time, value, sd, colour, least, weak=column in weak)
        with_zero(axes)
        _draw_events(axes, events)
        name_panel(axes, joint, weak=bool(weak))
    explain(picture, _legend(angles, joints, events, repetitions, grades), why_not)
    return picture


def name_panel(axes: "Axes", joint: str, *, weak: bool = False) -> None:
    """Put an angle's name and unit above a panel, and along its vertical axis to where it grows and falls."""
    axes.set_title(f"{joint.replace('_', ' ').capitalize()} (°){' (weak)' * weak}", fontsize=SMALL + 1)
    low, high = _DIRECTIONS[joint]
    axes.set_ylabel(f"← {low}   {high} →" if low else f"{high} →", fontsize=SMALL, color="0.35")


def _columns(angles: JointAngles, joint: str, grades: Mapping[str, Grade]) -> dict[int, str]:
    """Return the columns of a joint that have a value and are not poor, each with its colour."""
    named = {joint: NO_SIDE, **{f"{side}_{joint}": colour for side, colour in SIDE_COLOURS.items()}}
    return {
        column: named[name]
        for column, name in enumerate(angles.names)
        if name in named and not is_poor(grades, name) and np.isfinite(angles.values[:, column]).any()
    }


def _legend(
    angles: JointAngles,
    joints: list[str],
    events: Sequence[Event],
    repetitions: Sequence[Repetition],
    grades: Mapping[str, Grade],
) -> "list[Artist]":
    """Return what the figure holds, and nothing else."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    columns = {column: colour for joint in joints for column, colour in _columns(angles, joint, grades).items()}
    handles = side_handles(columns.values())
    if any(is_weak(grades, angles.names[column]) for column in columns):
        handles.append(weak_handle())
    if np.isfinite(angles.sd[:, list(columns)]).any():
        handles.append(Patch(color="0.5", alpha=0.3, lw=0, label="90 % interval"))
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
    for side, colour in SIDE_COLOURS.items():
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


def _draw(
    axes: "Axes", time: Array, value: Array, sd: Array, colour: str, least_possible: float, *, weak: bool
) -> None:
    """Draw one angle in degrees (T,); of a long clip the least and the greatest value of each stretch."""
    size = -(-len(time) // _STRETCHES)
    time = time[::size]
    least, greatest = _extremes(value, size)
    (low, _), (_, high) = (
        _extremes(np.maximum(value + off * sd, least_possible), size) for off in (-REACH_90, REACH_90)
    )
    opacity = 1 if size == 1 else 0.6  # the curves of a long clip are areas, one upon the other
    style = WEAK_LINE if weak else "-"
    lines = np.repeat(time, 2), np.stack([least, greatest], axis=1).ravel()
    axes.plot(*lines, color=colour, lw=1.4, ls=style, alpha=opacity)
    axes.fill_between(time, low, high, color=colour, alpha=0.12 if weak else 0.22, lw=0)
    known = np.pad(np.isfinite(least), 1)
    alone = known[1:-1] & ~known[:-2] & ~known[2:]  # lines and bands begin with two frames
    middle = (least + greatest)[alone] / 2
    reach = (middle - low[alone], high[alone] - middle)
    axes.errorbar(time[alone], middle, reach, fmt=".", color=colour, alpha=0.6)


def _extremes(values: Array, size: int) -> tuple[Array, Array]:
    """Return the least and the greatest of each stretch of so many values, NaN where all are."""
    stretches = np.pad(values, (0, -len(values) % size), constant_values=np.nan).reshape(-1, size)
    return np.fmin.reduce(stretches, axis=1), np.fmax.reduce(stretches, axis=1)
