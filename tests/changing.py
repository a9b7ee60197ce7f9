"""Nouns' arrays are read-only: tests that want other values make another noun."""

from dataclasses import replace
from typing import Any

import numpy as np

from posedetector.pose import Keypoints, MetricPose, Noun, PersonPose, RelativePose, Source

type Pose = PersonPose | Keypoints | RelativePose | MetricPose


def edited[T: Noun](noun: T, **edits: tuple[Any, Any]) -> T:
    """Return the noun with a part of its arrays changed: `edited(pose, xyz=(np.s_[3, knee], 0.5))`."""
    arrays = {name: np.array(getattr(noun, name)) for name in edits}
    for name, (where, value) in edits.items():
        arrays[name][where] = value
    return replace(noun, **arrays)


def without[T: Pose](pose: T, where: Any) -> T:
    """Return the pose without these points: missing in all of its arrays."""
    values = {"xy": np.nan, "xyz": np.nan, "score": 0.0, "source": Source.NONE}
    return edited(pose, **{name: (where, value) for name, value in values.items() if getattr(pose, name, None) is not None})
