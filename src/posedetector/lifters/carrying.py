"""Feet and hands, which a lifter's skeleton ends without: the estimator's own, hung on the lifted ankles and wrists."""

from dataclasses import replace

import numpy as np

from posedetector.pose import Array, Keypoints, RelativePose, Source, finite
from posedetector.skeletons import extend

# what is carried: the joint it hangs on, and the other end of the limb that gives its size
_CARRIED = {
    "heel": ("ankle", "knee"),
    "foot_index": ("ankle", "knee"),
    "pinky": ("wrist", "elbow"),
    "index": ("wrist", "elbow"),
    "thumb": ("wrist", "elbow"),
}


def carry(keypoints: Keypoints, lifted: RelativePose) -> RelativePose:
    """Return the lifted pose with the estimator's feet and hands, marked CARRIED.

    Their place relative to ankle or wrist is the estimator's, times the ratio of the median lengths of the lifted shank
    or forearm and of the estimator's. Where a part of that is missing, they are.
    """
    tree = {
        f"{side}_{point}": f"{side}_{anchor}"
        for side in ("left", "right")
        for point, (anchor, other) in _CARRIED.items()
        if keypoints.skeleton.has(*(f"{side}_{name}" for name in (point, anchor, other)))
    }
    if keypoints.xyz is None or not tree:
        return lifted
    skeleton = extend(lifted.skeleton, f"{lifted.skeleton.name}_with_feet_and_hands", tree)
    xyz, score, source = [lifted.xyz], [lifted.score], [lifted.source]
    for point, anchor in tree.items():
        side, _, name = point.partition("_")
        ends = (anchor, f"{side}_{_CARRIED[name][1]}")
        row, own = keypoints.skeleton.indices(point, anchor)
        hold = lifted.skeleton.index(anchor)
        ratio = _length(lifted.xyz, lifted.skeleton.indices(*ends)) / _length(
            keypoints.xyz, keypoints.skeleton.indices(*ends)
        )
        place = lifted.xyz[:, hold] + ratio * (keypoints.xyz[:, row] - keypoints.xyz[:, own])
        there = finite(place)
        least = np.minimum(keypoints.source[:, row], np.minimum(keypoints.source[:, own], lifted.source[:, hold]))
        xyz.append(np.where(there[:, None], place, np.nan)[:, None])
        score.append(np.where(there, np.minimum(keypoints.score[:, row], lifted.score[:, hold]), 0.0)[:, None])
        source.append(np.where(there, np.minimum(least, Source.CARRIED), Source.NONE).astype(np.uint8)[:, None])
    return replace(
        lifted,
        skeleton=skeleton,
        xyz=np.concatenate(xyz, axis=1),
        score=np.concatenate(score, axis=1),
        source=np.concatenate(source, axis=1),
    )


def _length(xyz: Array, ends: list[int]) -> float:
    """Return the median length; NaN for a limb that was never whole, or has none."""
    lengths = np.linalg.norm(xyz[:, ends[0]] - xyz[:, ends[1]], axis=-1)
    lengths = lengths[np.isfinite(lengths) & (lengths > 0)]
    return float(np.median(lengths)) if len(lengths) else np.nan
