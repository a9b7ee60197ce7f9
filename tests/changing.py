"""Nouns' arrays are read-only: tests that want other values make another noun."""

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from posedetector.pose import Array, MetricPose, Noun, Source, finite

T = TypeVar("T", bound=Noun)


def edited(noun: T, **edits: tuple[Any, Any]) -> T:
    """Return the noun with a part of its arrays changed: `edited(pose, xyz=(np.s_[3, knee], 0.5))`."""
    arrays = {name: np.array(getattr(noun, name)) for name in edits}
    for name, (where, value) in edits.items():
        arrays[name][where] = value
    return replace(noun, **arrays)


def without(pose: T, where: Any) -> T:
    """Return a pose, or keypoints, of which these points are missing."""
    values = {"xy": np.nan, "xyz": np.nan, "score": 0.0, "source": Source.NONE}
    return edited(pose, **{name: (where, one) for name, one in values.items() if getattr(pose, name, None) is not None})


def placed(pose: MetricPose, xyz: Array) -> MetricPose:
    """Return a pose whose points are at these places (T, J, 3): measured, and missing where these are NaN."""
    seen = finite(xyz)
    return replace(pose, xyz=xyz, score=seen.astype(float), source=np.where(seen, Source.MEASURED, Source.NONE))
