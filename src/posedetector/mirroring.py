"""Estimates for limbs that were not seen: the other side, mirrored in the pelvis. Marked, and never mistaken for data."""

from dataclasses import replace

import numpy as np

from posedetector.arrays import unit
from posedetector.pose import Array, MetricPose, Source, finite, is_missing

_TRUST = 0.2  # share of the other side's visibility that a mirrored point keeps


def mirror_missing(pose: MetricPose) -> MetricPose:
    """Return the pose with points that only one side shows filled from that side, both sides alike.

    A point is attached to its parent (the knee to the hip, the ankle to the knee, …), so that no bone is torn; the
    direction is that of the other side, mirrored in the plane through the middle of the hips at right angles to the
    line between them. Without both hips there is no such plane, and the point stays missing.
    """
    skeleton = pose.skeleton
    xyz, score, source = pose.xyz.copy(), pose.score.copy(), pose.source.copy()
    across = pose.xyz[:, skeleton.index("left_hip")] - pose.xyz[:, skeleton.index("right_hip")]
    with np.errstate(invalid="ignore"):
        normal = unit(across)
    twins = dict(skeleton.pairs) | {right: left for left, right in skeleton.pairs}
    for point in _parents_first(skeleton.parents):
        if (twin := twins.get(point)) is None:
            continue
        parent, other = (skeleton.parents[row] for row in (point, twin))
        bone = xyz[:, twin] - (xyz[:, other] if other >= 0 else 0.0)
        guess = (xyz[:, parent] if parent >= 0 else 0.0) + _mirrored(bone, normal)
        known = ~is_missing(source[:, twin]) & (source[:, twin] != Source.MIRRORED)
        rows = ~finite(xyz[:, point]) & known & finite(guess)
        xyz[rows, point] = guess[rows]
        score[rows, point] = _TRUST * score[rows, twin]
        source[rows, point] = Source.MIRRORED
    return replace(pose, xyz=xyz, score=score, source=source)


def _parents_first(parents: tuple[int, ...]) -> list[int]:
    def depth(point: int) -> int:
        return 0 if parents[point] < 0 else 1 + depth(parents[point])

    return sorted(range(len(parents)), key=depth)


def _mirrored(vectors: Array, normal: Array) -> Array:
    return np.asarray(vectors - 2 * (vectors * normal).sum(axis=1, keepdims=True) * normal)
