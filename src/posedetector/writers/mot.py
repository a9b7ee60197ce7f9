"""MOT, OpenSim's motion file: coordinates of its full-body models over time, degrees and metres, in OpenSim's ground frame.

There is no word for a missing value: OpenSim's table reader takes `nan`, but its Storage, by which motions are loaded
and tools are run, stops reading at it without an error (seen with 4.6). So only frames are written in which every
coordinate of the file is known, and nothing is made up to fill the others.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posedetector.trial import Trial
from posedetector.writers.coordinates import LUMBAR, PATH, coordinates, spines_shown

# the full-body model that export-opensim writes beside its setups has these instead of LUMBAR, with the same signs
_ELSEWHERE = ("L5_S1_Flex_Ext", "L5_S1_Lat_Bending", "L5_S1_axial_rotation")


def write_mot(trial: Trial, path: Path) -> None:
    """One row per frame at the clip's own times, of which rows that lack something are left out.

    Coordinates that are missing more often than they are worth the frames are left out, too; the header names them.
    """
    found = coordinates(trial)
    values = np.stack(list(found.values()), axis=1) if found else np.empty((len(trial.pose.time), 0))
    kept, rows = largest_whole_part(np.isfinite(values))
    names = [name for name, keep in zip(found, kept, strict=True) if keep]
    table = np.column_stack([trial.pose.time[rows], values[np.ix_(rows, kept)]])
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(_header(trial, names, [name for name in found if name not in names], len(table))) + "\n")
        file.write("\t".join(["time", *names]) + "\n")
        for row in table:
            file.write("\t".join(f"{value:z.6f}" for value in row) + "\n")  # z: no minus before nought


def largest_whole_part(known: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which columns (C,) and rows (T,) of a table (T, C) to keep so that all that is left is known.

    Columns are given up from the emptiest on, as many as leave the most values; the fewest of equally good ones.
    """
    order = np.argsort(-known.sum(axis=0), kind="stable")
    whole = np.logical_and.accumulate(known[:, order], axis=1)
    sizes = whole.sum(axis=0) * np.arange(1, known.shape[1] + 1)
    count = known.shape[1] - int(np.argmax(sizes[::-1])) if sizes.any() else 0
    kept = np.zeros(known.shape[1], bool)
    kept[order[:count]] = True
    rows = np.array(known[:, kept].all(axis=1)) if count else np.zeros(len(known), bool)
    return kept, rows


def _header(trial: Trial, names: list[str], lost: list[str], rows: int) -> list[str]:
    frames = len(trial.pose.time)
    told = f"; also left out, since they are missing too often: {', '.join(lost)}" if lost else ""
    return [
        trial.name.replace("\n", " "),
        "version=1",
        f"nRows={rows}",
        f"nColumns={len(names) + 1}",
        "inDegrees=yes",
        "",
        f"Units are degrees, metres ({', '.join(PATH)}) and seconds.",
        f"Frame: OpenSim's ground, which is ours: {trial.provenance.frame_of_reference}",
        "Coordinates are those of Rajagopal et al. 2016 and models derived from it, from joint angles, not by inverse kinematics.",
        *_back(trial, names),
        "The pelvis is placed by the middle of the hips; the models' pelvis has its origin some centimetres before and above it.",
        f"Written are {rows} of {frames} frames, those in which every coordinate is known{told}.",
        f"Made by posedetector {trial.provenance.posedetector}.",
        "endheader",
    ]


def _back(trial: Trial, names: list[str]) -> list[str]:
    """Return what is to be said of the back, where there is one: what it is called elsewhere, and if its bend is not seen."""
    if LUMBAR[0] not in names:
        return []
    lines = [f"In models whose back is L5_S1: {', '.join(map(' is '.join, zip(LUMBAR, _ELSEWHERE, strict=True)))}."]
    if not spines_shown(trial.pose.skeleton):
        lines.append(
            "The landmarks do not show how the pelvis tilts: it is square to the trunk, lumbar_extension is set to 0 for that, "
            "and the bending of the back is in pelvis_tilt and hip_flexion."
        )
    return lines
