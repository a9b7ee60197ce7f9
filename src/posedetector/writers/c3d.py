"""C3D, the motion laboratories' file, by ezc3d: landmarks in millimetres, angles in degrees, gait events.

Angles are points of the group POINT:ANGLES, as Vicon writes them and BTK (Mokka) and Visual3D read them: one point an
angle, under our own name, its value along X, 0 along Y and Z. A point that is missing has residual −1; all others have
0, the format's word for what no set of cameras measured. Names in the file are ASCII.

The format has one rate. Pictures at even times are written as they are; uneven ones are brought to the median rate on
straight lines between neighbours, and where pictures are farther apart than 1.5 periods there is nothing between them.

Frame 1 is at time 0, the clip's first picture (c3d.org), so a part of a clip starts with a later frame, and events count from
time 0. Where the part's last frame is beyond the 65,535 of the header, the file counts frames and time from its own first
picture; POSEDETECTOR:START says in either case when that is in the clip, in seconds.

From 65,536 frames on, POINT:FRAMES is full; POINT:LONG_FRAMES and TRIAL:ACTUAL_END_FIELD then tell the true number
(c3d.org). Readers that know neither see the first 65,535 frames.
"""

import unicodedata
from pathlib import Path
from shutil import move
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from posedetector.arrays import MISSING
from posedetector.errors import OutputError
from posedetector.filters import sampling_rate
from posedetector.kinematics.nouns import Event
from posedetector.pose import Array, finite
from posedetector.tables import about
from posedetector.tables.findings import ANGLES_FRAME
from posedetector.trial import Trial

_UNEVEN = 0.05  # of a period, a judgement: 1.7 ms at 30 per second, in which a foot in swing moves by 1 cm at most
MOST = 255  # entries of a parameter, whose sizes are bytes; of points, events and letters
MOST_FRAMES = 65_535
_POINT_BYTES = 16  # x, y, z and residual, single precision
_CENTRE = "centre_of_mass"
# Names and icons by which Vicon, Mokka and Visual3D know them
_EVENTS = {"initial_contact": ("Foot Strike", 1), "foot_off": ("Foot Off", 2)}


def write_c3d(trial: Trial, path: Path) -> None:
    """Write landmarks, centre of mass, angles and events.

    Raises OutputError for more points than the format names, and where the file cannot be written.
    """
    import ezc3d

    time, rate = trial.pose.time, sampling_rate(trial.pose.time)
    rate = rate if np.isfinite(rate) else 1.0
    names, places = _landmarks(trial)
    angles = trial.kinematics.angles
    values = np.concatenate([1000 * places, _along_x(np.degrees(angles.values))], axis=1)
    values, rate = at_one_rate(time, values, rate)
    labels = [ascii_of(name) for name in (*names, *angles.names)]
    if len(labels) > MOST:
        raise OutputError(f"a C3D file names {MOST} points, here are {len(labels)}; leave c3d out of `formats`")
    start = float(time[0]) if len(time) else 0.0
    before = round(start * rate)
    before = before if before + len(values) <= MOST_FRAMES else 0
    file = ezc3d.c3d()
    file["header"]["points"]["first_frame"] = before  # counted from 0 there
    _put_points(file, values, labels)
    _describe_points(file, [*names], [*angles.names], rate, len(values))
    _put_events(file, trial, start - before / rate)
    _sign(file, trial, start)
    _write(file, path, values.shape[0] * values.shape[1] * _POINT_BYTES)


def at_one_rate(time: Array, values: Array, rate: float) -> tuple[Array, float]:
    """Return values (T, P, 3) at even times from the first on, and their rate; NaN where none are near.

    Even times come back as they are, with the mean rate, by which the last one is where it was.
    """
    if len(time) < 2:
        return values, rate
    mean = (len(time) - 1) / (time[-1] - time[0])
    if np.abs((time - time[0]) * mean - np.arange(len(time))).max() < _UNEVEN:
        return values, float(mean)
    grid = time[0] + np.arange(round((time[-1] - time[0]) * rate) + 1) / rate
    left = np.clip(np.searchsorted(time, grid, side="right") - 1, 0, len(time) - 2)
    gap = time[left + 1] - time[left]
    share = np.clip((grid - time[left]) / gap, 0.0, 1.0)
    result = values[left] + share[:, None, None] * (values[left + 1] - values[left])
    result[gap * rate > MISSING] = np.nan
    for row, near in ((left, share * gap * rate < _UNEVEN), (left + 1, (1 - share) * gap * rate < _UNEVEN)):
        result[near] = values[row[near]]  # there is a picture, whatever there is on its other side
    return result, rate


def _write(file: Any, path: Path, least: int) -> None:
    """Write the file, which has at least so many bytes; ezc3d adds .c3d to other names and says nothing when it fails."""
    with TemporaryDirectory() as folder:
        own = path if path.suffix == ".c3d" else path.with_name(f"{path.name}.c3d")
        if not str(path).isascii():  # ezc3d opens no other paths on Windows
            own = Path(folder) / "points.c3d"
        file.write(str(own))
        if not own.exists() or own.stat().st_size < least:
            raise OutputError(f"{path.name} could not be written whole; is the disk full?")
        move(own, path)


def ascii_of(text: str) -> str:
    """Return a text without accents, other letters as ?, no longer than a parameter may be."""
    plain = unicodedata.normalize("NFKD", text.replace("±", "+/-"))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    printable = "".join(letter if letter.isprintable() else " " for letter in letters)
    return printable.encode("ascii", "replace").decode()[:MOST]


def _landmarks(trial: Trial) -> tuple[tuple[str, ...], Array]:
    """Return names and places (T, P, 3), metres; with the centre of mass where it was looked for."""
    pose, masses = trial.pose, trial.kinematics.masses
    if not masses.shares:
        return pose.skeleton.points, pose.positions
    return (*pose.skeleton.points, _CENTRE), np.concatenate([pose.positions, masses.centre[:, None]], axis=1)


def _along_x(values: Array) -> Array:
    """Return (T, A) as points (T, A, 3); a missing one is missing along all axes."""
    return np.stack([values, 0 * values, 0 * values], axis=-1)


def _put_points(file: Any, values: Array, labels: list[str]) -> None:
    known = finite(values)
    points = np.ones((4, len(labels), len(values)))
    points[:3] = np.where(known[..., None], values, np.nan).transpose(2, 1, 0)
    file["parameters"]["POINT"]["LABELS"]["value"] = labels
    file["data"]["points"] = points
    file["data"]["meta_points"]["residuals"] = np.where(known, 0.0, -1.0).T[None]


def _describe_points(file: Any, names: list[str], angles: list[str], rate: float, frames: int) -> None:
    point = file["parameters"]["POINT"]
    point["RATE"]["value"] = [rate]
    point["UNITS"]["value"] = ["mm"]
    point["DESCRIPTIONS"]["value"] = ["laboratory"] * len(names) + ["along X"] * len(angles)
    file.add_parameter("POINT", "X_SCREEN", ["+X"])
    file.add_parameter("POINT", "Y_SCREEN", ["+Y"])
    file.add_parameter("POINT", "TYPE_GROUPS", ["ANGLES"])
    file.add_parameter("POINT", "ANGLES", [ascii_of(name) for name in angles] or [""])
    file.add_parameter("POINT", "ANGLE_UNITS", ["deg"])
    if frames > MOST_FRAMES:
        file.add_parameter("POINT", "LONG_FRAMES", [float(frames)])
        _put_whole(file, "TRIAL", "ACTUAL_START_FIELD", [1, 0])
        _put_whole(file, "TRIAL", "ACTUAL_END_FIELD", [frames % 65_536, frames // 65_536])


def _put_events(file: Any, trial: Trial, zero: float) -> None:
    """Add the first 255 events, more it cannot hold, in minutes and seconds from the file's time 0, which is at `zero` in the clip."""
    events = sorted(trial.kinematics.gait.events, key=lambda event: event.time)[:MOST]
    _put_whole(file, "EVENT", "USED", [len(events)])
    if not events:
        return
    texts = {
        "CONTEXTS": [event.side.capitalize() for event in events],
        "LABELS": [_EVENTS[event.kind][0] for event in events],
        "DESCRIPTIONS": [_how(event) for event in events],
        "SUBJECTS": ["Subject"] * len(events),
    }
    for name, values in texts.items():
        file.add_parameter("EVENT", name, values)
    times = np.array([event.time - zero for event in events])
    file.add_parameter("EVENT", "TIMES", np.stack([times // 60, times % 60]))
    _put_whole(file, "EVENT", "ICON_IDS", [_EVENTS[event.kind][1] for event in events])
    _put_whole(file, "EVENT", "GENERIC_FLAGS", [0] * len(events))
    contexts = ["Left", "Right", "General"]
    _put_whole(file, "EVENT_CONTEXT", "USED", [len(contexts)])
    file.add_parameter("EVENT_CONTEXT", "LABELS", contexts)
    file.add_parameter("EVENT_CONTEXT", "DESCRIPTIONS", [f"{context} side" for context in contexts[:2]] + ["Neither"])
    _put_whole(file, "EVENT_CONTEXT", "ICON_IDS", [0, 0, 0])


def _how(event: Event) -> str:
    return ascii_of(f"{event.method}, {event.methods} method{'s' * (event.methods != 1)}")


def _sign(file: Any, trial: Trial, start: float) -> None:
    """Put down who made the file, of what, and in which frame."""
    version = ascii_of(trial.provenance.posedetector)
    for name, value in (("COMPANY", "posedetector"), ("SOFTWARE", "posedetector"), ("VERSION_LABEL", version)):
        file.add_parameter("MANUFACTURER", name, [value])
    _put_whole(file, "SUBJECTS", "USED", [1])
    file.add_parameter("SUBJECTS", "NAMES", ["Subject"])
    _put_whole(file, "SUBJECTS", "IS_STATIC", [0])
    group = "POSEDETECTOR"
    file.add_parameter(group, "FRAME", [ascii_of(trial.provenance.frame_of_reference)])
    file.add_parameter(group, "ANGLES_FRAME", [ascii_of(ANGLES_FRAME)])
    file.add_parameter(group, "START", [start])  # seconds, of the first frame in the clip
    lines = [ascii_of(f"{key}: {value}") for key, value in about(trial)]
    file.add_parameter(group, "ABOUT", lines[:MOST])


def _put_whole(file: Any, group: str, name: str, values: list[int]) -> None:
    """Add a parameter of whole numbers, which ezc3d would make real ones."""
    file.add_parameter(group, name, values)
    file["parameters"][group][name]["type"] = 2
