"""CSV: UTF-8, decimal points, one header line with the unit in each column's name, empty cells where there is no value."""

from pathlib import Path

import numpy as np

from posedetector.pose import Source
from posedetector.records import FRAMES_AT_ONCE, deviations, landmark_tables
from posedetector.trial import Trial

_MICRO = "%.6f"  # micrometres and microseconds: finer than anything a video can tell


def write_landmarks(trial: Trial, path: Path) -> None:
    """Long: one row per landmark and frame, the fields of LandmarkRecord."""
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, table in enumerate(landmark_tables(trial)):
            table.to_csv(file, index=False, header=number == 0, float_format=_MICRO, lineterminator="\n")


def write_landmarks_wide(trial: Trial, path: Path) -> None:
    """Wide, for spreadsheets: one row per frame; metres in the laboratory frame.

    A pose that knows its spread has the standard deviations of LandmarkRecord in columns after all coordinates.
    """
    import pandas as pd

    pose = trial.pose
    columns = [f"{point}_{axis}_m" for point in pose.skeleton.points for axis in "xyz"]
    table = pd.DataFrame(pose.positions.reshape(len(pose.time), -1), columns=columns)
    table.insert(0, "frame_index", np.arange(len(pose.time)))
    table.insert(1, "timestamp_s", pose.time)
    if pose.spread is not None:
        names = [name.removesuffix("_m") + "_sd_m" for name in columns]
        table = table.join(pd.DataFrame(deviations(pose).reshape(len(pose.time), -1), columns=names))
    table.to_csv(path, index=False, float_format=_MICRO, lineterminator="\n")


def write_joint_angles(trial: Trial, path: Path) -> None:
    """Wide: one row per frame; degrees, 0 when straight, each angle with its standard deviation beside it."""
    import pandas as pd

    angles = trial.angles
    table = {"frame_index": np.arange(len(angles.time)), "timestamp_s": angles.time}
    for column, name in enumerate(angles.names):
        table[f"{name}_deg"] = np.degrees(angles.values[:, column])  # noqa: PD011 (not a DataFrame)
        table[f"{name}_sd_deg"] = np.degrees(angles.sd[:, column])
    pd.DataFrame(table).to_csv(path, index=False, float_format=_MICRO, lineterminator="\n")


def write_keypoints(trial: Trial, path: Path) -> None:
    """Long: the cleaned 2D points in pixels, origin in the picture's upper left corner."""
    import pandas as pd

    keypoints, labels = trial.keypoints, np.array([source.label for source in Source])
    names = np.array(keypoints.skeleton.points)
    with path.open("w", encoding="utf-8", newline="") as file:
        for start in range(0, len(keypoints.time), FRAMES_AT_ONCE):
            rows = slice(start, start + FRAMES_AT_ONCE)
            frames = np.arange(len(keypoints.time))[rows]
            table = {
                "timestamp_s": np.repeat(keypoints.time[rows], len(names)),
                "frame_index": np.repeat(frames, len(names)),
                "keypoint": np.tile(names, len(frames)),
                "x_px": keypoints.xy[rows, :, 0].reshape(-1),
                "y_px": keypoints.xy[rows, :, 1].reshape(-1),
                "score": keypoints.score[rows].reshape(-1),
                "source": labels[keypoints.source[rows].reshape(-1)],
            }
            pd.DataFrame(table).to_csv(file, index=False, header=start == 0, float_format=_MICRO, lineterminator="\n")
