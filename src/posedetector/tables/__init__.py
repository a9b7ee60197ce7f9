"""A trial as named tables, each defined once and written alike as CSV, as Parquet and into a workbook.

A column's name ends in its unit; where values are coordinates or angles, a column `frame` says in which frame. A table
comes in pieces of whole frames, at least one, so that a long clip's never exists all at once. What is missing is NaN or
None. A table of something that the clip does not hold is not written: `holds` says so.

To add a table: write a function from Trial to its pieces, and a line in TABLES.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from posedetector.kinematics.grading import in_words
from posedetector.pose import Array, Source
from posedetector.records import FRAME_OF_REFERENCE, FRAMES_AT_ONCE, deviations, landmark_tables
from posedetector.tables.findings import (
    ANGLES_FRAME,
    angle_definitions,
    cycle_means,
    cycles,
    gait_events,
    gait_parameters,
    has_cycles,
    repetitions,
    segment_masses,
    shown_angles,
    summary,
)
from posedetector.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

Pieces = Iterator["pd.DataFrame"]


@dataclass(frozen=True, slots=True)
class Table:
    """How a table is made.

    Attributes
    ----------
    about : what it holds, in one line.
    there : whether a trial has anything for it.
    in_workbook : whether people read it in a spreadsheet; it is too long for that otherwise.
    """

    pieces: Callable[[Trial], Pieces]
    about: str
    there: Callable[[Trial], bool] = lambda _: True
    in_workbook: bool = True


def holds(trial: Trial, name: str) -> bool:
    """Tell whether a trial has anything for the table of this name; True for what is no table."""
    return name not in TABLES or TABLES[name].there(trial)


def table_of(trial: Trial, name: str) -> "pd.DataFrame":
    """Return a table in one piece."""
    import pandas as pd

    return pd.concat(list(TABLES[name].pieces(trial)), ignore_index=True)


def _long_landmarks(trial: Trial) -> Pieces:
    for table in landmark_tables(trial):
        yield table.assign(source=table["source"].where(table["source"] != ""))


def _wide_landmarks(trial: Trial) -> Pieces:
    pose = trial.pose
    columns = [f"{point}_{axis}" for point in pose.skeleton.points for axis in "xyz"]
    doubts = deviations(pose)
    for rows in _some_frames(len(pose.time)):
        table = _moments(trial, rows)
        table |= _columns(columns, "m", (pose.xyz[rows] + pose.root[rows, None]).reshape(-1, len(columns)))
        if pose.spread is not None:
            table |= _columns(columns, "sd_m", doubts[rows].reshape(-1, len(columns)))
        yield _framed(table, FRAME_OF_REFERENCE)


def _keypoints(trial: Trial) -> Pieces:
    import pandas as pd

    keypoints, labels = trial.keypoints, np.array([source.label or None for source in Source], dtype=object)
    names = np.array(keypoints.skeleton.points)
    for rows in _some_frames(len(keypoints.time)):
        frames = trial.frame_numbers[rows]
        table = {
            "timestamp_s": np.repeat(keypoints.time[rows], len(names)),
            "frame_index": np.repeat(frames, len(names)),
            "keypoint": np.tile(names, len(frames)),
            "x_px": keypoints.xy[rows, :, 0].reshape(-1),
            "y_px": keypoints.xy[rows, :, 1].reshape(-1),
            "score": keypoints.score[rows].reshape(-1),
            "frame": "image",
            "source": labels[keypoints.source[rows].reshape(-1)],
        }
        yield pd.DataFrame(table)


def _joint_angles(trial: Trial) -> Pieces:
    """Blocks of one kind after each other, so that the angles themselves stand side by side."""
    angles = trial.kinematics.angles
    names = shown_angles(trial)
    columns = [angles.names.index(name) for name in names]
    for rows in _some_frames(len(angles.time)):
        table = _moments(trial, rows)
        values = angles.values  # noqa: PD011  not a DataFrame
        table |= _columns(names, "deg", np.degrees(values[rows][:, columns]))
        table |= _columns(names, "sd_deg", np.degrees(angles.sd[rows][:, columns]))
        table |= _columns(names, "deg_per_s", np.degrees(angles.velocity[rows][:, columns]))
        table |= _columns(names, "deg_per_s2", np.degrees(angles.acceleration[rows][:, columns]))
        table |= _columns(names, "seen_share", angles.seen[rows][:, columns])
        yield _framed(table, ANGLES_FRAME)


def _centre_of_mass(trial: Trial) -> Pieces:
    masses = trial.kinematics.masses
    found = len(trial.pose.time) if masses.shares else 0
    for rows in _some_frames(found):
        table = _moments(trial, rows)
        table |= _columns(tuple("xyz"), "m", masses.centre[:found][rows])
        yield _framed(table, FRAME_OF_REFERENCE)


def _has_masses(trial: Trial) -> bool:
    return bool(trial.kinematics.masses.shares)


def _some_frames(count: int) -> Iterator[slice]:
    """Yield slices of so many frames; one, of nothing, where there are none."""
    for start in range(0, max(count, 1), FRAMES_AT_ONCE):
        yield slice(start, min(start + FRAMES_AT_ONCE, count))


def _moments(trial: Trial, rows: slice) -> dict[str, Any]:
    return {"frame_index": trial.frame_numbers[rows], "timestamp_s": trial.pose.time[rows]}


def _columns(names: tuple[str, ...] | list[str], unit: str, values: Array) -> dict[str, Array]:
    return {f"{name}_{unit}": values[:, column] for column, name in enumerate(names)}


def _framed(table: dict[str, Array], frame: str) -> "pd.DataFrame":
    import pandas as pd

    result = pd.DataFrame(table)
    return result.assign(frame=np.full(len(result), frame, dtype=object))


def _whole(make: Callable[[Trial], "pd.DataFrame"]) -> Callable[[Trial], Pieces]:
    """Return a small table's function as one that yields it in one piece."""
    return lambda trial: iter((make(trial),))


TABLES: dict[str, Table] = {
    "summary": Table(
        _whole(summary), "counts and times of sets of repetitions, segment lengths, ranges of motion, asymmetries"
    ),
    "gait_parameters": Table(
        _whole(gait_parameters),
        "quantities of gait, with their definitions",
        there=lambda trial: bool(trial.kinematics.gait.quantities),
    ),
    "gait_events": Table(
        _whole(gait_events),
        "initial contacts and toe-offs, in order of time",
        there=lambda trial: bool(trial.kinematics.gait.events),
    ),
    "gait_cycle_means": Table(
        _whole(cycle_means),
        "mean of the cycles' angles by side, with the spread over cycles, the fit's deviation, and both together",
        there=has_cycles,
    ),
    "gait_cycles": Table(_whole(cycles), "angles of each gait cycle, at 0-100 % of it", there=has_cycles),
    "repetitions": Table(
        _whole(repetitions),
        "squats, and standing up from a seat (turn: full stand)",
        there=lambda trial: bool(trial.kinematics.repetitions),
    ),
    "joint_angles": Table(
        _joint_angles,
        "angles, their standard deviations, velocities, accelerations, and the share of their points that was seen",
    ),
    "angle_definitions": Table(
        _whole(angle_definitions), "frames, sequence, sign, zero, range, source and quality of each angle"
    ),
    "landmarks": Table(_long_landmarks, "places in 3D, one row per landmark and frame", in_workbook=False),
    "landmarks_wide": Table(_wide_landmarks, "places in 3D, one row per frame"),
    "keypoints_2d": Table(_keypoints, "cleaned points in the picture, one row per point and frame", in_workbook=False),
    "centre_of_mass": Table(_centre_of_mass, "path of the whole body's centre of mass", there=_has_masses),
    "segment_masses": Table(
        _whole(segment_masses), "shares of the body's mass, and masses where it is known", there=_has_masses
    ),
}


def about(trial: Trial) -> list[tuple[str, str]]:
    """Return what a file that leaves its folder should still say: what it is of, how it came about, units and frames."""
    account, gait = trial.provenance, trial.kinematics.gait
    subject = ", ".join(f"{name} {value}" for name, value in account.subject if value not in (None, {}))
    return [
        ("clip", trial.name),
        ("source", account.video.source),
        ("software", f"posedetector {account.posedetector}"),
        ("created", account.created),
        ("subject", f"{subject} (metres, kilograms, years)"),
        ("estimator", account.estimator),
        ("lifter", account.lifter),
        ("refinement", account.refinement.done),
        ("smoothing", account.smoothing),
        ("frame of reference", account.frame_of_reference),
        ("frames of angles", f"{ANGLES_FRAME}; angle_definitions says of each which"),
        ("pelvis", account.kinematics.pelvis),
        ("centre of mass", account.kinematics.masses),
        ("gait", f"{gait.quality}{': ' * bool(gait.reason)}{gait.reason}"),
        *(("angles", said) for said in in_words(trial.kinematics.grades)),
        *(("network", f"{net.name}, sha256 {net.sha256}, {net.licence}; {net.citation}") for net in account.networks),
        *(("note", note.text) for note in account.notes),
    ]
