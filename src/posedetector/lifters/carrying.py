"""Feet and hands, which a lifter's skeleton ends without: the estimator's own, hung on the lifted ankles and wrists."""

from dataclasses import replace

import numpy as np

from posedetector.pose import Array, Keypoints, RelativePose, Source, finite, weakest
from posedetector.skeletons import SIDES, extend

_LIMBS = {"ankle": "knee", "wrist": "elbow"}  # what hangs on the first is carried; both ends of the limb give its size


def carry(keypoints: Keypoints, lifted: RelativePose) -> RelativePose:
    """Return the lifted pose with the estimator's feet and hands, marked CARRIED.

    Their place relative to ankle or wrist is the estimator's, times the ratio of the median lengths of the lifted shank
    or forearm and of the estimator's. Where a part of that is missing, they are.
    """
    own = keypoints.skeleton
    limbs = [(f"{side}_{end}", f"{side}_{start}") for side in SIDES for end, start in _LIMBS.items()]
    anchors = {
        point: ends
        for ends in limbs
        if own.has(*ends)
        for row, point in enumerate(own.points)
        if own.index(ends[0]) in own.ancestors(row)
    }
    tree = {point: own.points[own.parents[own.index(point)]] for point in anchors}
    if keypoints.xyz is None or not tree:
        return lifted
    skeleton = extend(lifted.skeleton, f"{lifted.skeleton.name}_with_feet_and_hands", tree)
    xyz, score, source = [lifted.xyz], [lifted.score], [lifted.source]
    ratios = {
        ends: _length(lifted.xyz, lifted.skeleton.indices(*ends)) / _length(keypoints.xyz, own.indices(*ends))
        for ends in dict.fromkeys(anchors.values())
    }
    for point, ends in anchors.items():
        row, joint = own.indices(point, ends[0])
        hold = lifted.skeleton.index(ends[0])
        place = lifted.xyz[:, hold] + ratios[ends] * (keypoints.xyz[:, row] - keypoints.xyz[:, joint])
        there = finite(place)
        least = weakest(keypoints.source[:, row], keypoints.source[:, joint], lifted.source[:, hold], Source.CARRIED)
        xyz.append(np.where(there[:, None], place, np.nan)[:, None])
        score.append(np.where(there, np.minimum(keypoints.score[:, row], lifted.score[:, hold]), 0.0)[:, None])
        source.append(np.where(there, least, Source.NONE).astype(np.uint8)[:, None])
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
