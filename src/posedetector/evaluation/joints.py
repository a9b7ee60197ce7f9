"""Which point of one file is which of the other."""

from dataclasses import dataclass

import numpy as np

from posedetector.errors import InputError
from posedetector.evaluation.protocols import Protocol
from posedetector.motion import Motion
from posedetector.pose import Array, Noun, settle
from posedetector.skeletons import parts_of

_HIPS = ("left_hip", "right_hip")
Rows = tuple[list[int], list[int]]  # of the points whose middle a joint is, in the prediction and in the reference


@dataclass(frozen=True, eq=False)
class Common(Noun):
    """The protocol's joints that both have, those that one of them lacks, and the root, if the protocol has one."""

    joints: tuple[str, ...]
    absent: tuple[str, ...]
    predicted: Array
    measured: Array
    predicted_root: Array | None
    measured_root: Array | None
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        positions = (-1, len(self.joints), 3)
        settle(self, predicted=positions, measured=positions)
        if self.predicted_root is not None and self.measured_root is not None:
            settle(self, predicted_root=(-1, 1, 3), measured_root=(-1, 1, 3))


def common_joints(prediction: Motion, reference: Motion, protocol: Protocol) -> Common:
    """Gather positions (T, J, 3) and roots (T, 1, 3) of both, in the protocol's order of joints.

    Raises InputError where they have no joint in common, or one of them has no root.
    """
    rows = {joint: found for joint in protocol.joints if (found := _rows(joint, prediction, reference)) is not None}
    if not rows:
        raise InputError(
            f"there are no common joints: the prediction has {_some(prediction)}; the reference has "
            f"{_some(reference)}; `point_map` says which name means which joint"
        )
    root = _root(protocol.root, prediction, reference) if protocol.alignment != "none" else None
    made = [note for joint, found in rows.items() for note in _made_of(joint, found, prediction, reference)]
    if root is not None:
        names = [_names(part, motion) for part, motion in zip(root, (prediction, reference), strict=True)]
        usual = protocol.root == "mid_hips" and names == [list(_HIPS)] * 2
        made += [] if usual else [f"the root: {note}" for note in _made_of(protocol.root, root, prediction, reference)]
    return Common(
        joints=tuple(rows),
        absent=tuple(joint for joint in protocol.joints if joint not in rows),
        predicted=_gather(prediction, [ours for ours, _ in rows.values()]),
        measured=_gather(reference, [theirs for _, theirs in rows.values()]),
        predicted_root=None if root is None else _gather(prediction, [root[0]]),
        measured_root=None if root is None else _gather(reference, [root[1]]),
        notes=tuple(made),
    )


def _rows(point: str, prediction: Motion, reference: Motion) -> Rows | None:
    """Return where a point is in both, made of the same points if possible; None where one of them lacks it."""
    one, other = prediction.skeleton, reference.skeleton
    if point == "pelvis" and not (one.has(point) and other.has(point)) and one.has(*_HIPS) and other.has(*_HIPS):
        return one.indices(*_HIPS), other.indices(*_HIPS)
    try:
        return parts_of(point, one), parts_of(point, other)
    except InputError:
        return None


def _root(point: str, prediction: Motion, reference: Motion) -> Rows:
    one, other = prediction.skeleton, reference.skeleton
    if point == "mid_hips" and one.has(*_HIPS) and other.has(*_HIPS):
        return one.indices(*_HIPS), other.indices(*_HIPS)
    found = _rows("pelvis" if point == "mid_hips" else point, prediction, reference)
    if found is None:
        raise InputError(
            f"{prediction.skeleton.name} or {reference.skeleton.name} has no {point.replace('mid_hips', 'pelvis and no hips')}, which is to be the root, and "
            "nothing that it could be made of; `root` names another point, `alignment=none` does without, `point_map` says what "
            "is called otherwise"
        )
    return found


def _made_of(joint: str, rows: Rows, prediction: Motion, reference: Motion) -> list[str]:
    """Return a note for each side on which a joint is another point, or the middle of others."""
    ours, theirs = _names(rows[0], prediction), _names(rows[1], reference)
    if ours == theirs:
        return [] if ours == [joint] else [f"{joint} is {_middle(ours)} in both"]
    sides = ((ours, "prediction"), (theirs, "reference"))
    return [f"{joint} is {_middle(parts)} in the {side}" for parts, side in sides if parts != [joint]]


def _middle(names: list[str]) -> str:
    return f"the middle of {', '.join(names)}" if len(names) > 1 else names[0]


def _names(rows: list[int], motion: Motion) -> list[str]:
    return [motion.skeleton.points[row] for row in rows]


def _gather(motion: Motion, rows: list[list[int]]) -> Array:
    return np.stack([motion.xyz[:, part].mean(axis=1) for part in rows], axis=1)


def _some(motion: Motion) -> str:
    points = motion.skeleton.points
    return ", ".join(points[:8]) + (f" and {len(points) - 8} more" if len(points) > 8 else "")
