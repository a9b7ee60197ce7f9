"""The landmark table: one row per landmark and frame, with unit, frame of reference and source in the row itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np

from posedetector.options import Options
from posedetector.pose import Array, MetricPose, Source, finite
from posedetector.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

FRAME_OF_REFERENCE: Literal["laboratory"] = "laboratory"
FRAMES_AT_ONCE = 2000  # keeps the table of a long clip from existing all at once


class LandmarkRecord(Options):
    """One landmark in one frame; its fields are the header of landmarks.csv, in this order.

    Attributes
    ----------
    timestamp_s : seconds from the first picture.
    x_m, y_m, z_m : metres in the laboratory frame (X towards the camera, Y up, Z right of a person who faces the
        camera; origin on the floor below the first middle of the hips); None where there is no value.
    x_sd_m, y_sd_m, z_sd_m : metres, the standard deviation of the place relative to the middle of the hips; None where
        none is known.
    visibility : in [0, 1].
    frame : the frame of reference of the coordinates.
    source : how the coordinates came about; None where there are none.
    """

    timestamp_s: float
    landmark: str
    x_m: float | None
    y_m: float | None
    z_m: float | None
    x_sd_m: float | None = None
    y_sd_m: float | None = None
    z_sd_m: float | None = None
    visibility: float
    frame: Literal["laboratory"] = FRAME_OF_REFERENCE
    source: Literal["measured", "lifted", "carried", "augmented", "interpolated", "mirrored"] | None


COLUMNS = tuple(LandmarkRecord.model_fields)


def deviations(pose: MetricPose) -> Array:
    """Return the standard deviations (T, J, 3) of the places relative to the middle of the hips, metres.

    NaN where none is known, where there is no place, and of mirrored places, which are not those that were fitted.
    """
    if pose.spread is None:
        return np.broadcast_to(np.nan, pose.xyz.shape)
    known = finite(pose.positions) & (pose.source != Source.MIRRORED)
    return np.where(known[..., None], pose.spread.points, np.nan)


def landmark_tables(trial: Trial) -> Iterator["pd.DataFrame"]:
    """Yield the table in pieces of whole frames, frame by frame, landmarks in the skeleton's order."""
    import pandas as pd

    pose = trial.pose
    spread = deviations(pose)
    labels = np.array([source.label for source in Source])
    for start in range(0, len(pose.time), FRAMES_AT_ONCE):
        rows = slice(start, start + FRAMES_AT_ONCE)
        places = pose.positions[rows].reshape(-1, 3)
        doubts = spread[rows].reshape(-1, 3)
        known = finite(places)
        places = np.where(known[:, None], places, np.nan)
        frames, points = len(pose.time[rows]), len(pose.skeleton)
        yield pd.DataFrame(
            {
                "timestamp_s": np.repeat(pose.time[rows], points),
                "landmark": np.tile(np.array(pose.skeleton.points), frames),
                "x_m": places[:, 0],
                "y_m": places[:, 1],
                "z_m": places[:, 2],
                "x_sd_m": doubts[:, 0],
                "y_sd_m": doubts[:, 1],
                "z_sd_m": doubts[:, 2],
                "visibility": pose.score[rows].reshape(-1),
                "frame": FRAME_OF_REFERENCE,
                "source": np.where(known, labels[pose.source[rows].reshape(-1)], ""),
            },
            columns=list(COLUMNS),
        )


def landmark_records(trial: Trial) -> Iterator[LandmarkRecord]:
    """Yield the same rows as objects."""
    for table in landmark_tables(trial):
        rows = table.astype(object).where(table.notna() & (table != ""), None)
        for values in rows.itertuples(index=False, name=None):
            yield LandmarkRecord(**dict(zip(COLUMNS, values, strict=True)))
