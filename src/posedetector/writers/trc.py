"""TRC, OpenSim's marker file: tab separated, metres, Y up, X forward.

Missing markers are `nan`, which OpenSim 4.6 reads as missing; it refuses rows that end in empty cells. The frame of
reference stands behind the file's name in the first line, of which readers use nothing.
"""

from pathlib import Path

import numpy as np

from posedetector.filters import sampling_rate
from posedetector.trial import Trial


def write_trc(trial: Trial, path: Path) -> None:
    """One marker per landmark. The rate in the header is the median one; the times are the clip's own."""
    pose = trial.pose
    names = pose.skeleton.points
    rate = sampling_rate(pose.time)
    rate = rate if np.isfinite(rate) else 1.0
    frames = len(pose.time)
    header = [
        f"PathFileType\t4\t(X/Y/Z)\t{' '.join(trial.name.split())}.trc\t{trial.provenance.frame_of_reference}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate:.6g}\t{rate:.6g}\t{frames}\t{len(names)}\tm\t{rate:.6g}\t1\t{frames}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{number}" for number in range(1, len(names) + 1) for axis in "XYZ"),
        "",
    ]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(header) + "\n")
        for number, (time, row) in enumerate(zip(pose.time, pose.positions.reshape(frames, -1), strict=True), start=1):
            cells = "\t".join(f"{value:.6f}" for value in row)
            file.write(f"{number}\t{time:.6f}\t{cells}\n")
