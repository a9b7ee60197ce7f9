"""BVH: the pose as a skeleton of constant lengths that turns at its joints; and `<clip>_bvh.json`, which says what a BVH cannot.

Metres, Y up; whoever faces the camera looks along Z, so that Blender's importer, as it is set, has him upright, in his size, looking at
who opens the front view. Degrees. A BVH has no gaps: what is missing is filled or held, and the JSON says where. A clip in which hips
and shoulders are never seen together has the first joint and no frames.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posedetector.arrays import runs
from posedetector.pose import Array, ByteArray
from posedetector.trial import Trial
from posedetector.writers.hierarchy import WORDS, Motion, Tree, tree_of
from posedetector.writers.turns import angles_in_order

_AXES = (
    "Y up, Z forward and X to the left of a person who faces the camera: X, Y, Z here are -Z, Y, X of the laboratory, with the "
    "same origin, on the floor. Right-handed. Blender's importer, as it is set (forward -Z, up Y, scale 1), makes them X, -Z, Y"
)
_REST = "T-pose: all rotations 0; upright, legs down, soles level, arms out to the sides, palms down, looking along Z"
_WORDS_ARE = {
    "measured … mirrored": "as in the column source of landmarks.csv: of the landmarks it rests on, the least firsthand",
    "filled": "a landmark is missing: interpolated between the frames around (rotations by slerp)",
    "held": "a landmark is missing up to the first or from the last frame that has it: that frame's",
    "fixed": "no landmark shows it: 0 throughout",
}


def write_bvh(trial: Trial, path: Path) -> None:
    """Hierarchy and motion, from the first to the last frame with a trunk, at a constant frame rate."""
    tree = tree_of(trial.pose)
    columns = [tree.motions[0].place] + [_degrees(one) for one in tree.motions]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("HIERARCHY\n" + "\n".join(_hierarchy(tree.motions)) + "\n")
        file.write(f"MOTION\nFrames: {len(tree.time)}\nFrame Time: {tree.step:.9f}\n")
        for row in np.concatenate(columns, axis=1):
            file.write(" ".join(f"{value:z.6f}" for value in row) + "\n")


def write_bvh_account(trial: Trial, path: Path) -> None:
    """Units, axes, times, and of each joint what it rests on, and how its rotation came about in which frames."""
    tree = tree_of(trial.pose)
    account: dict[str, Any] = {
        "file": path.name.removesuffix("_bvh.json") + ".bvh",
        "units": "metres, degrees, seconds",
        "axes": _AXES,
        "laboratory": trial.provenance.frame_of_reference,
        "rest_pose": _REST,
        "lengths": f"constant; medians over the clip. Refinement: {trial.provenance.refinement.done}",
        **_timing(tree, trial),
        "frames_are": "numbered from 0 in the BVH file; [first, last] of each stretch, both included",
        "words": _WORDS_ARE,
        "smoothing": "that of the landmarks, and of turns about the direction in which a joint points: Gaussian, 0.05 s",
        "joint_error_mm": _error(np.concatenate([one.error for one in tree.motions])),
        "joint_error_is": "from a joint of the file to its landmarks, over frames in which nothing up to it is filled or held",
        "hips_place_filled": _stretches(~tree.placed),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in account.items()]
    joints = ",\n".join(f"  {json.dumps(one.joint.name)}: {json.dumps(_joint(one))}" for one in tree.motions)
    text = ",\n".join([*lines, f'"joints": {{\n{joints}\n}}'])
    path.write_text(f"{{\n{text}\n}}\n", encoding="utf-8", newline="\n")


def _degrees(motion: Motion) -> Array:
    return np.degrees(angles_in_order(motion.turn, motion.joint.order))


def _hierarchy(motions: Sequence[Motion]) -> Iterator[str]:
    """Yield the lines; depth first, as the values of a frame are."""
    open_joints: list[str] = []
    parents = {one.joint.parent for one in motions}
    for one in motions:
        joint = one.joint
        while open_joints and open_joints[-1] != joint.parent:
            open_joints.pop()
            yield f"{'  ' * len(open_joints)}}}"
        deep = "  " * len(open_joints)
        channels = [f"{axis}rotation" for axis in joint.order]
        if not joint.parent:
            channels = ["Xposition", "Yposition", "Zposition", *channels]
        yield f"{deep}{'JOINT' if joint.parent else 'ROOT'} {joint.name}"
        yield f"{deep}{{"
        yield f"{deep}  OFFSET {_numbers(one.offset)}"
        yield f"{deep}  CHANNELS {len(channels)} {' '.join(channels)}"
        open_joints.append(joint.name)
        if joint.name not in parents:
            yield f"{deep}  End Site"
            yield f"{deep}  {{"
            yield f"{deep}    OFFSET {_numbers(one.end)}"
            yield f"{deep}  }}"
    while open_joints:
        open_joints.pop()
        yield f"{'  ' * len(open_joints)}}}"


def _numbers(values: Array) -> str:
    return " ".join(f"{value:z.6f}" for value in values)


def _timing(tree: Tree, trial: Trial) -> dict[str, Any]:
    """Return which of the clip's frames and times the file has."""
    count, clip = len(tree.time), len(trial.pose.time)
    covered = range(tree.first, tree.first + tree.frames)
    said: dict[str, Any] = {
        "frames": count,
        "frame_time_s": round(tree.step, 9),
        "first_frame_s": round(float(tree.time[0]), 6) if count else None,
        "first_frame_index": int(trial.frame_numbers[covered[0]]) if count else None,
        "resampled": tree.resampled,
        "left_out": f"{covered.start} frames before the first and {clip - covered.stop} after the last with hips and shoulders",
    }
    if tree.resampled:
        said["resampling"] = (
            "the clip's frames are not evenly apart: landmarks are interpolated to a constant rate by a cubic"
        )
    if not count:
        said["left_out"] = "all frames: none of them has both hips and both shoulders, without which there is no BVH"
    return said


def _joint(motion: Motion) -> dict[str, Any]:
    joint = motion.joint
    said: dict[str, Any] = {
        "at": list(joint.at),
        "points_at": list(joint.toward),
        "turn_about_that_from": list(joint.rests_on) if joint.toward else [],
        "error_mm": _error(motion.error),
        "rotation": _by_word(motion.words),
    }
    if (motion.twist_words != motion.words).any():
        said["turn_about_that"] = _by_word(motion.twist_words)
    return said


def _error(metres: Array) -> dict[str, float] | None:
    known = 1000 * metres[np.isfinite(metres)]
    return {"mean": round(float(known.mean()), 2), "largest": round(float(known.max()), 2)} if len(known) else None


def _by_word(words: ByteArray) -> dict[str, list[list[int]]]:
    return {WORDS[word]: _stretches(words == word) for word in np.unique(words)[::-1]}


def _stretches(flags: Any) -> list[list[int]]:
    return [[one.start, one.stop - 1] for one in runs(flags)]
