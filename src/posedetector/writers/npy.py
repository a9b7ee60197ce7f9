"""joints.npy: the 17 joints of Human3.6M, (T, 17, 3) float64, metres, laboratory frame; and joints.json, which says so."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from posedetector.errors import InputError
from posedetector.pose import Array, ByteArray, MetricPose, Source, weakest_of
from posedetector.skeletons import H36M_17, parts_of
from posedetector.trial import Trial


def write_joints(trial: Trial, path: Path) -> None:
    """Write the array; a joint that the skeleton lacks is the middle of others, or NaN throughout."""
    with path.open("wb") as file:  # numpy would add its own ending to a name without it
        np.save(file, joints_of(trial.pose), allow_pickle=False)


def write_joints_account(trial: Trial, path: Path) -> None:
    """Names, unit, frame, times and sources of the joints: what an array has no room for."""
    pose = trial.pose
    account: dict[str, Any] = {
        "file": "joints.npy",
        "shape": [len(pose.time), len(H36M_17), 3],
        "axes": ["frame", "joint", "x, y, z"],
        "dtype": "float64",
        "unit": "metres",
        "frame": trial.provenance.frame_of_reference,
        "skeleton": H36M_17.name,
        "joints": list(H36M_17.points),
        "parents": list(H36M_17.parents),
        "made_of": {joint: [pose.skeleton.points[row] for row in rows] for joint, rows in _parts(pose).items()},
        "missing": "NaN",
        "timestamps_s": [round(time, 6) for time in pose.time.tolist()],
        "source_words": [source.label for source in Source],
        "sources_are": "(frame, joint), places in source_words; of a middle, the least certain of its points'",
        "sources": sources_of(pose).tolist(),
    }
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in account.items())
    path.write_text("{\n" + lines + "\n}\n", encoding="utf-8", newline="\n")


def joints_of(pose: MetricPose) -> Array:
    """Return the joints (T, 17, 3) in Human3.6M's order, metres in the laboratory frame; NaN where missing."""
    joints = np.full((len(pose.time), len(H36M_17), 3), np.nan)
    for column, rows in enumerate(_parts(pose).values()):
        if rows:
            joints[:, column] = pose.xyz[:, rows].mean(axis=1) + pose.root
    return joints


def sources_of(pose: MetricPose) -> ByteArray:
    """Return how each joint came about, (T, 17); of a middle, the least firsthand of its points."""
    sources = np.full((len(pose.time), len(H36M_17)), Source.NONE, np.uint8)
    for column, rows in enumerate(_parts(pose).values()):
        if rows:
            sources[:, column] = weakest_of(pose.source[:, rows])
    sources[~np.isfinite(joints_of(pose)).all(axis=-1)] = Source.NONE
    return sources


def _parts(pose: MetricPose) -> dict[str, list[int]]:
    """Return of each joint the rows of the skeleton whose middle it is; none where there are no such points."""
    parts: dict[str, list[int]] = {}
    for joint in H36M_17.points:
        try:
            parts[joint] = parts_of(joint, pose.skeleton)
        except InputError:
            parts[joint] = []
    return parts
