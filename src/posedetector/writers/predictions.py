"""Predictions: everybody in every frame, as MMPose's demos write them with --save-predictions.

`meta_info` describes the points, `instance_info` is a list of frames with the people in each; `frame_id` is the frame's
number in the video, counted from 1. Of a single picture it is the list of its people. What MMPose has no word for stands
beside it under names of our own.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from posedetector.boxes import box_of
from posedetector.errors import InputError
from posedetector.pose import Array, PersonPose, Source, finite
from posedetector.skeletons import Skeleton, links_of, parts_of, sigmas_of, split_side
from posedetector.trial import Trial

# The demo of MMPose's lifters turns camera axes (x, y, z) into (−x, z, −y); of the laboratory's axes, these are they.
_AXES = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
_LOWER = ("pelvis", "hip", "knee", "ankle", "heel", "foot_index", "toe")
_GREEN, _ORANGE, _BLUE = [0, 255, 0], [255, 128, 0], [51, 153, 255]  # left, right, neither, as MMPose paints them
_MICRO, _MILLI = 6, 3  # digits of metres and scores, and of pixels
_SAID = {
    "units": {
        "keypoints": "metres where keypoints_from is analysis; where it is estimator, its own metres, not to scale",
        "root": "metres",
        "transformed_keypoints": "pixels, origin in the picture's upper left corner",
        "bbox": "left, top, right, bottom; pixels",
    },
    "frame": "levelled: X to the picture's left, Y away from the camera, Z up; left-handed, as the output of MMPose's lifter "
    "demo is: negate X for a right-handed frame",
    "handedness": "left",
    "keypoints_are": "places relative to the middle of the person's own hips (the demo also lifts each frame to put the lowest "
    "point at height 0: subtract the least Z), null where not known; for everybody in the same frame",
    "keypoints_from": "analysis: the subject's final pose, of known size; estimator: another person's points as the "
    "estimator gave them, neither cleaned nor lifted nor scaled; none: the estimator gives no depth",
    "root": "the middle of the subject's hips along the same axes, from the floor below it when first seen; null for others",
    "keypoint_scores": "of the points in 2D, 0 where not seen",
    "keypoint_sources": "how each of the subject's values came about: measured, lifted, carried, augmented, interpolated or "
    "mirrored; empty where there is none",
    "transformed_keypoints": "the points in 2D, the subject's after cleaning; points that the estimator lacks are the middle "
    "of others",
    "bbox_score": "the mean score of the estimator's points; no detector's",
    "track_id": "the person's number in provenance.json; the subject comes first",
}


def write_predictions(trial: Trial, path: Path) -> None:
    """One line a frame; null where there is no value, which JSON has no NaN for."""
    frames, numbers = _frames(trial), (trial.frame_numbers + 1).tolist()
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{{"meta_info": {_json(meta_info(trial.pose.skeleton))},\n"instance_info": [')
        if len(trial.pose.time) == 1:
            lines = (_json(person) for person in next(frames))
        else:
            lines = (
                _json({"frame_id": number, "instances": people}) for number, people in zip(numbers, frames, strict=True)
            )
        for number, line in enumerate(lines):
            file.write(f"{',' if number else ''}\n{line}")
        file.write("\n]}\n")


def meta_info(skeleton: Skeleton) -> dict[str, Any]:
    """Return what MMPose says of a data set, of this skeleton, and what our own fields mean."""
    points, count = skeleton.points, len(skeleton)
    flipped = list(range(count))
    for left, right in skeleton.pairs:
        flipped[left], flipped[right] = right, left
    lower = [row for row, point in enumerate(points) if point.endswith(_LOWER)]
    links = [list(rows) for rows in links_of(skeleton)]
    colours = [_colour(point) for point in points]
    return {
        "dataset_name": skeleton.name,
        "num_keypoints": count,
        "keypoint_id2name": {str(row): point for row, point in enumerate(points)},
        "keypoint_name2id": {point: row for row, point in enumerate(points)},
        "upper_body_ids": [row for row in range(count) if row not in lower],
        "lower_body_ids": lower,
        "flip_indices": flipped,
        "flip_pairs": [list(pair) for pair in skeleton.pairs],
        "keypoint_colors": colours,
        "num_skeleton_links": len(links),
        "skeleton_links": links,
        "skeleton_link_colors": [
            colours[end] if colours[start] in (colours[end], _BLUE) else _BLUE for start, end in links
        ],
        "dataset_keypoint_weights": [1.0] * count,
        "sigmas": sigmas_of(skeleton),
        **_SAID,
    }


def _colour(point: str) -> list[int]:
    return {"left": _GREEN, "right": _ORANGE, "": _BLUE}[split_side(point)[0]]


def _frames(trial: Trial) -> Iterator[list[dict[str, Any]]]:
    """Yield the people of each frame, the subject first."""
    subject = trial.provenance.person
    seen: dict[int, dict[int, PersonPose]] = defaultdict(dict)
    for number, track in enumerate(trial.tracks.tracks, start=1):
        for row, pose in zip(track.rows, track.poses, strict=True):
            seen[row][number] = pose
    own, other = _subject(trial, subject), _other(trial)
    for row in range(len(trial.pose.time)):
        there = seen.get(row, {})
        people = [other(number, pose) for number, pose in there.items() if number != subject]
        yield [*own(row, there.get(subject)), *people]


def _subject(trial: Trial, number: int) -> Callable[[int, PersonPose | None], list[dict[str, Any]]]:
    pose, keypoints = trial.pose, trial.keypoints
    taken = _layout(keypoints.skeleton, pose.skeleton)
    labels = [source.label for source in Source]

    def instance(row: int, found: PersonPose | None) -> list[dict[str, Any]]:
        known = finite(pose.xyz[row])
        if found is None and not known.any():
            return []
        if found is None:  # between frames in which he was seen, or a limb that was mirrored
            found = PersonPose(_box(keypoints.xy[row]), keypoints.xy[row], keypoints.score[row])
        return [
            _instance(pose.xyz[row] @ _AXES.T, np.where(known, pose.score[row], 0.0), found)
            | {
                "track_id": number,
                "transformed_keypoints": _plain(taken(keypoints.xy[row]), _MILLI),
                "keypoints_from": "analysis",
                "keypoint_sources": [labels[source] for source in pose.source[row]],
                "root": _plain(_AXES @ pose.root[row], _MICRO),
            }
        ]

    return instance


def _other(trial: Trial) -> Callable[[int, PersonPose], dict[str, Any]]:
    skeleton = trial.tracks.skeleton
    taken = _layout(skeleton, trial.pose.skeleton)
    hips = skeleton.indices("left_hip", "right_hip") if skeleton.has("left_hip", "right_hip") else []
    turn = _AXES @ np.array(trial.provenance.calibration.camera_to_laboratory)

    def instance(number: int, pose: PersonPose) -> dict[str, Any]:
        xyz = np.full((len(pose.score), 3), np.nan) if pose.xyz is None else pose.xyz
        if hips and finite(xyz[hips]).all():
            xyz = xyz - xyz[hips].mean(axis=0)
        xy = taken(pose.xy)
        score = np.where(finite(xy), taken(pose.score[:, None])[:, 0], 0.0)
        return _instance(taken(xyz) @ turn.T, score, pose) | {
            "track_id": number,
            "transformed_keypoints": _plain(xy, _MILLI),
            "keypoints_from": "none" if pose.xyz is None else "estimator",
            "root": None,
        }

    return instance


def _instance(xyz: Array, score: Array, found: PersonPose) -> dict[str, Any]:
    return {
        "keypoints": _plain(xyz, _MICRO),
        "keypoint_scores": _plain(score, _MICRO),
        "bbox": [_plain(found.bbox, _MILLI)],
        "bbox_score": round(float(found.score.mean()), _MICRO),
    }


def _layout(given: Skeleton, wanted: Skeleton) -> Callable[[Array], Array]:
    """Return what brings values (J, k) of one skeleton into another's order, NaN for points that nothing gives."""

    def parts(point: str) -> list[int]:
        try:
            return parts_of(point, given)
        except InputError:
            return []

    rows = [parts(point) for point in wanted.points]

    def take(values: Array) -> Array:
        if given == wanted:
            return values
        nothing = np.full(values.shape[1:], np.nan)
        return np.stack([values[some].mean(axis=0) if some else nothing for some in rows])

    return take


def _box(xy: Array) -> Array:
    return box_of(xy) if finite(xy).any() else np.full(4, np.nan)


def _plain(values: Array, digits: int) -> Any:
    plain = np.round(values, digits).astype(object)
    plain[~np.isfinite(values)] = None
    return plain.tolist()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
