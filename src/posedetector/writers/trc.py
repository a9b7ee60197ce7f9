"""TRC, OpenSim's marker file: tab separated, metres, Y up, X forward.

Missing markers are `nan`, which OpenSim 4.6 reads as missing; it refuses rows that end in empty cells. The frame of
reference stands behind the file's name in the first line, of which readers use nothing.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from posedetector.filters import sampling_rate
from posedetector.pose import Array
from posedetector.trial import Trial


def write_trc(trial: Trial, path: Path) -> None:
    """One marker per landmark."""
    pose, name = trial.pose, " ".join(trial.name.split())
    title = f"{name}.trc\t{trial.provenance.frame_of_reference}"
    write_markers(path, title, pose.skeleton.points, pose.time, pose.positions)


def write_markers(path: Path, title: str, names: Sequence[str], time: Array, places: Array) -> None:
    """Write markers (T, J, 3), metres. The rate in the header is the median one; the times (T,) are the clip's own."""
    rate, frames = sampling_rate(time), len(time)
    rate = rate if np.isfinite(rate) else 1.0
    header = [
        f"PathFileType\t4\t(X/Y/Z)\t{title}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate:.6g}\t{rate:.6g}\t{frames}\t{len(names)}\tm\t{rate:.6g}\t1\t{frames}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{number}" for number in range(1, len(names) + 1) for axis in "XYZ"),
        "",
    ]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(header) + "\n")
        for number, (moment, row) in enumerate(zip(time, places.reshape(frames, -1), strict=True), start=1):
            cells = "\t".join(f"{value:.6f}" for value in row)
            file.write(f"{number}\t{moment:.6f}\t{cells}\n")
