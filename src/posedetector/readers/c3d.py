"""C3D, the motion laboratories' file, by ezc3d: points with unit and rate; a residual below zero marks a hole."""

from pathlib import Path

import numpy as np

from posedetector.errors import InputError
from posedetector.readers.recording import ReadOptions, Recording


def read_c3d(path: Path, _: ReadOptions) -> dict[str, Recording]:
    """Read the points of a C3D file; time begins with the file's first frame."""
    import ezc3d

    if path.stat().st_size < 512:
        raise InputError(f"{path} is no C3D file: it is shorter than its header")
    try:
        content = ezc3d.c3d(str(path))
        points, parameters = content["data"]["points"], content["parameters"]["POINT"]
        labels = [name.strip() for name in parameters["LABELS"]["value"]]
        unit, rate = parameters["UNITS"]["value"][0], float(parameters["RATE"]["value"][0])
    except (OSError, RuntimeError, KeyError, IndexError, ValueError) as error:
        raise InputError(f"{path} cannot be read as C3D: {error}") from error
    xyz = np.moveaxis(np.asarray(points[:3], float), 0, -1).transpose(1, 0, 2)
    residuals = np.asarray(content["data"]["meta_points"]["residuals"], float).reshape(-1, *xyz.shape[1::-1])[0].T
    xyz = np.where(residuals[..., None] < 0, np.nan, xyz)
    if not xyz.size or len(labels) < xyz.shape[1] or rate <= 0:
        raise InputError(f"{path} holds no points, or points without names or rate")
    return {"": Recording(labels[: xyz.shape[1]], xyz, np.arange(len(xyz)) / rate, unit)}
