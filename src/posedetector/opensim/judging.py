"""How well a motion of inverse kinematics fits: each marker's errors, coordinates that stand at a limit of the model, and when.

OpenSim's own recommendation is that markers lie within 2–4 cm, and below 2 cm RMS (OpenSim documentation, "Getting Started with
Inverse Kinematics", best practices).
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posedetector.arrays import runs
from posedetector.opensim.model import Model
from posedetector.opensim.recording import Markers
from posedetector.pose import Array
from posedetector.provenance import time_spans

RMS, LARGEST = 0.02, 0.04  # metres
_AT = np.radians(0.5)  # from a limit; judgement
_LASTING = 0.1  # seconds at a limit that are worth a warning; judgement
_WORST = 3  # markers that are named
COLUMNS = ("kind", "name", "frames", "rms_m", "largest_m", "limit_deg", "times_s")


@dataclass(frozen=True, slots=True, eq=False)
class MarkerError:
    """One marker's distance from the model's, metres: RMS, the largest, when that is (s), and where it is above 4 cm, (T,)."""

    name: str
    rms: float
    largest: float
    when: float
    beyond: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class AtLimit:
    """A coordinate that the model holds at a limit (radians), and in which frames (T,)."""

    name: str
    limit: float
    where: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What is to be known of a motion.

    Attributes
    ----------
    time : (T,) seconds.
    markers : the worst first; without those that are nowhere.
    limits : coordinates that stand at a limit, the most frames first.
    """

    time: Array
    markers: tuple[MarkerError, ...]
    limits: tuple[AtLimit, ...]


def judge(markers: Markers, locations: Path, motion: Path, model: Model) -> Fit:
    """Return the fit of a motion, from OpenSim's report of where the model's markers were and from the motion itself."""
    time = markers.time
    there, at = _columns(locations), _columns(motion)
    found = []
    for row, name in enumerate(markers.points):
        if f"{name}_tx" not in there:
            continue
        place = np.stack([np.interp(time, there["time"], there[f"{name}_t{axis}"]) for axis in "xyz"], axis=1)
        away = np.linalg.norm(place - markers.xyz[:, row], axis=1)
        if np.isfinite(away).any():
            worst = int(np.nanargmax(away))
            rms = float(np.sqrt(np.nanmean(away**2)))
            found.append(MarkerError(name, rms, float(away[worst]), float(time[worst]), np.nan_to_num(away) > LARGEST))
    limits = [
        AtLimit(name, limit, where)
        for name, ends in model.ranges.items()
        if name in at
        for limit, way in zip(ends, (1, -1), strict=True)
        if (where := way * (np.radians(np.interp(time, at["time"], at[name])) - limit) < _AT).any()
    ]
    return Fit(
        time,
        tuple(sorted(found, key=lambda one: -one.rms)),
        tuple(sorted(limits, key=lambda one: -int(one.where.sum()))),
    )


def write_fit(fit: Fit, path: Path) -> None:
    """Write a row a marker, with the times at which it is more than 4 cm off, and a row a coordinate at a limit, with the times."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for one in fit.markers:
            times = _times(fit, one.beyond)
            table.writerow(["marker", one.name, one.beyond.sum(), f"{one.rms:.4f}", f"{one.largest:.4f}", "", times])
        for limit in fit.limits:
            degrees = f"{np.degrees(limit.limit):.1f}"
            table.writerow(["limit", limit.name, limit.where.sum(), "", "", degrees, _times(fit, limit.where)])


def worst_markers(fit: Fit) -> str:
    """Return the worst three markers in words."""
    return "; ".join(
        f"{one.name} {100 * one.rms:.1f} cm RMS, at most {100 * one.largest:.1f} at {one.when:.2f} s"
        for one in fit.markers[:_WORST]
    )


def warnings_of(fit: Fit) -> Iterator[str]:
    """Yield what makes a motion doubtful: markers that are farther off than OpenSim recommends, coordinates held at a limit."""
    frames = len(fit.time)
    poor = [one for one in fit.markers if one.rms > RMS or one.largest > LARGEST]
    if poor:
        away = np.any([one.beyond for one in poor], axis=0)
        said = f", beyond 4 cm at {time_spans(fit.time, away)}" if away.any() else ""
        yield (
            f"{len(poor)} of {len(fit.markers)} markers lie farther from the model's than OpenSim recommends (2 cm RMS, 4 cm at "
            f"most){said}: joint angles there are less certain than they look"
        )
    for one in fit.limits:
        if one.limit and _lasting(fit, one.where):  # 0 is a straight limb's, or the neutral position
            yield (
                f"{one.name} is held at its limit of {np.degrees(one.limit):.0f}° in {one.where.sum()} of {frames} frames "
                f"({_times(fit, one.where)} s): the markers ask for more than the joint allows; do not use it there"
            )


def _lasting(fit: Fit, where: NDArray[np.bool_]) -> bool:
    step = float(np.median(np.diff(fit.time))) if len(fit.time) > 1 else 0.0
    return any(step * (run.stop - run.start) > _LASTING for run in runs(where))


def _times(fit: Fit, where: NDArray[np.bool_]) -> str:
    return time_spans(fit.time, where).removesuffix(" s") if where.any() else ""


def _columns(path: Path) -> dict[str, Array]:
    """Read a table of OpenSim's (.mot, .sto): its columns by name."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index("endheader") + 1
    rows = np.array([[float(cell) for cell in line.split("\t")] for line in lines[start + 1 :] if line.strip()])
    return dict(zip(lines[start].split("\t"), rows.T, strict=True))
