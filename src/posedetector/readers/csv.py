"""Our own landmarks.csv: long, metres, laboratory frame (X towards the camera)."""

from pathlib import Path

import numpy as np

from posedetector.errors import InputError
from posedetector.readers.recording import ReadOptions, Recording
from posedetector.records import COLUMNS, FRAME_OF_REFERENCE

_TOWARDS_CAMERA = 0
_FRAME = "frame"  # the frame of reference; a column that may be absent
_MISSING = {column: ["", "nan", "NaN", "NA"] for column in (COLUMNS[0], *COLUMNS[2:5])}


def read_csv(path: Path, _: ReadOptions) -> dict[str, Recording]:
    """Read a table with the columns of LandmarkRecord; those after `z_m` may be absent."""
    import pandas as pd

    needed = list(COLUMNS[:5])
    try:
        header = pd.read_csv(path, nrows=0, index_col=False)
        if missing := [column for column in needed if column not in header.columns]:
            raise InputError(f"{path} is no table of landmarks; it lacks the columns {', '.join(missing)}")
        read = [*needed, *([_FRAME] if _FRAME in header.columns else [])]
        table = pd.read_csv(
            path,
            usecols=read,
            index_col=False,
            dtype={"landmark": str, _FRAME: str},
            keep_default_na=False,
            na_values=_MISSING,
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no table of landmarks: {error}") from error
    try:
        table = table.astype(dict.fromkeys(["timestamp_s", *needed[2:]], float))
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path} holds something that is no number: {error}") from error
    if table.empty:
        raise InputError(f"{path} holds no rows")
    if not table["landmark"].map(bool).all():
        raise InputError(f"{path} has a row that names no landmark")
    if table.duplicated(["timestamp_s", "landmark"]).any():
        raise InputError(f"{path} has the same landmark twice at one time; is it the table of several people?")
    names = [str(name) for name in table["landmark"].unique()]
    time, row = np.unique(table["timestamp_s"].to_numpy(), return_inverse=True)
    xyz = np.full((len(time), len(names), 3), np.nan)
    column = pd.Categorical(table["landmark"], categories=table["landmark"].unique()).codes
    xyz[row, column] = table[needed[2:]].to_numpy()
    laboratory = _FRAME not in table.columns or set(table[_FRAME]) == {FRAME_OF_REFERENCE}
    return {"": Recording(names, xyz, time, depth_axis=_TOWARDS_CAMERA if laboratory else None)}
