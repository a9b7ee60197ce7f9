"""The markers of a clip, as OpenSim wants them: from a folder's .trc, metres, no frame without a person.

OpenSim 4.6 leaves a marker that is nan in a frame out of that frame's inverse kinematics; a frame in which all are nan stops the
whole tool ("AssemblySolver::track() attempt failed"), and nan in the stretch that scales makes no size. Hence both are
cut here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posedetector.arrays import runs
from posedetector.errors import InputError
from posedetector.motion import UNITS
from posedetector.opensim.places import MarkerTable
from posedetector.pose import Array, Noun, finite, settle, settle_time
from posedetector.readers.recording import ReadOptions
from posedetector.readers.trc import read_trc

FEWEST = 0.5  # share of the markers that a frame must have; judgement: with less the other half of the body is made up
_UPRIGHT = 0.95  # mean cosine between segments and the vertical, 18°; judgement
_LONG_ENOUGH = 0.3  # seconds of standing or walking upright; judgement: ten frames at 30 Hz
_UPRIGHT_SEGMENTS = {
    "landmarks": (("hip", "shoulder"), ("knee", "hip"), ("ankle", "knee")),
    "augmented": (("HJC_study", "shoulder_study"), ("knee_study", "HJC_study"), ("ankle_study", "knee_study")),
}


@dataclass(frozen=True, slots=True, eq=False)
class Markers(Noun):
    """Positions of markers over time.

    Attributes
    ----------
    name : of the clip.
    points : (M,) names, of one table.
    time : (T,) seconds.
    xyz : (T, M, 3) metres, Y up; NaN where a marker is missing.
    left_out : frames of the file that have too few markers.
    """

    name: str
    points: tuple[str, ...]
    time: Array
    xyz: Array
    left_out: int

    def __post_init__(self) -> None:
        settle(self, xyz=(settle_time(self), len(self.points), 3))


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when to when (seconds) the markers say how large the person is, by which of them, and what he does there."""

    start: float
    end: float
    points: tuple[str, ...]
    upright: bool


def find_markers(folder: Path, table: MarkerTable) -> Markers:
    """Return the markers of a table from that .trc of a folder which has most of them.

    Raises InputError where there is none with the points that scale a model.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; wanted is the output of `posedetector analyze`")
    found = [(len(_names(path) & set(table.places)), path) for path in sorted(folder.glob("*.trc"))]
    most, path = max(found, key=lambda one: one[0], default=(0, folder))
    if not most:
        raise InputError(
            f"{folder} has no .trc with {table.name} in it: run `posedetector analyze` with the format trc"
            + (" and `augment_markers`" if table.name == "augmented" else "")
        )
    recording = next(iter(read_trc(path, ReadOptions()).values()))
    if recording.time is None or recording.unit not in UNITS:
        raise InputError(f"{path} has no times, or is in {recording.unit!r}")
    points = [point for point in table.places if point in recording.names]
    xyz = recording.xyz[:, [list(recording.names).index(point) for point in points]] * UNITS[recording.unit]
    kept = finite(xyz).mean(axis=1) >= FEWEST
    if not kept.any():
        raise InputError(f"{path} has no frame with half of the {len(points)} markers")
    return Markers(path.stem, tuple(points), recording.time[kept], xyz[kept], int((~kept).sum()))


def _names(path: Path) -> set[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            lines = [file.readline() for _ in range(4)]
    except OSError:
        return set()
    return {name.strip() for name in lines[3].split("\t")}


def find_stretch(markers: Markers, table: MarkerTable) -> Stretch:
    """Return the longest stretch, upright if there is such a one, in which all markers are there that scale the model.

    Upright is better because segments then lie in the picture, and depth says little of how long they are; and because hips
    and shoulders are nearer to each other in who bends his back. A marker that is missing in more than half of the frames
    scales nothing.
    """
    there = finite(markers.xyz)
    wanted = {point for measure in table.measures for pair in measure.pairs for point in pair}
    rows = [row for row, point in enumerate(markers.points) if point in wanted and there[:, row].mean() >= 1 - FEWEST]
    points = tuple(markers.points[row] for row in rows)
    if not any(set(pair) <= set(points) for measure in table.measures for pair in measure.pairs):
        raise InputError(f"{markers.name}: no two markers that scale a model are there in half of the frames")
    whole = np.asarray(there[:, rows].all(axis=1))
    upright = np.asarray(whole & (_uprightness(markers, table) >= _UPRIGHT))
    for good, is_upright in ((upright, True), (whole, False)):
        first, last = _longest(good)
        start, end = float(markers.time[first]), float(markers.time[last])
        if good.any() and (not is_upright or end - start >= _LONG_ENOUGH):
            return Stretch(start, end, points, is_upright)
    raise InputError(f"{markers.name}: no frame has all of {', '.join(points)}, which would scale the model")


def _uprightness(markers: Markers, table: MarkerTable) -> Array:
    """Return (T,) the mean cosine between trunk, thighs, shanks and the vertical (Y); 0 where none can be said."""
    cosines = []
    for lower, upper in _UPRIGHT_SEGMENTS[table.name]:
        for below, above in _of_both_sides(markers.points, lower, upper):
            along = markers.xyz[:, above] - markers.xyz[:, below]
            cosines.append(along[:, 1] / np.linalg.norm(along, axis=1))
    if not cosines:
        return np.zeros(len(markers.time))
    return np.asarray(np.nan_to_num(np.mean(cosines, axis=0)), np.float64)


def _of_both_sides(points: tuple[str, ...], lower: str, upper: str) -> Iterable[tuple[int, int]]:
    def row(name: str, sides: tuple[str, ...]) -> int | None:
        return next((points.index(side + name) for side in sides if side + name in points), None)

    for sides in (("right_", "r_", "R"), ("left_", "L_", "L")):
        below, above = row(lower, sides), row(upper, sides)
        if below is not None and above is not None:
            yield below, above


def _longest(good: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the first and last row of the longest run; (0, 0) where there is none."""
    longest = max(runs(good), key=lambda run: run.stop - run.start, default=slice(0, 1))
    return longest.start, longest.stop - 1
