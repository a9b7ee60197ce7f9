"""JSON: the bodies of an OpenSim visualisation, or MMPose's predictions."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from posedetector.errors import InputError
from posedetector.readers.recording import ReadOptions, Recording, check_skeleton
from posedetector.skeletons import COCO_WHOLEBODY_133, H36M_17, SIDES, SKELETONS

# The origin of each body is the centre of the joint at its upper end; the pelvis' own is none.
_BODIES = {
    f"{body}_{side[0]}": f"{side}_{joint}"
    for side in SIDES
    for body, joint in {
        "femur": "hip",
        "tibia": "knee",
        "talus": "ankle",
        "humerus": "shoulder",
        "ulna": "elbow",
        "hand": "wrist",
    }.items()
} | {"pelvis": "pelvis_body"}
# MMPose's words for Human3.6M's points
_MMPOSE = {"root": "pelvis", "right_foot": "right_ankle", "left_foot": "left_ankle", "neck_base": "neck"}
_FRAMES_PER_FRAME = 10_000  # a gap longer than this is a damaged number


def read_json(path: Path, options: ReadOptions) -> dict[str, Recording]:
    """Read either kind; which one, its content tells."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON: {error}") from error
    if isinstance(data, dict) and {"time", "bodies"} <= set(data):
        return {"": _bodies(data, path)}
    frames = data.get("instance_info") if isinstance(data, dict) else data
    if isinstance(frames, list) and frames and all(isinstance(frame, dict) for frame in frames):
        meta = data.get("meta_info", {}) if isinstance(data, dict) else {}
        try:
            return {"": _mmpose(frames, meta, path, options)}
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise InputError(f"{path} is not built as MMPose's predictions are: {error!r}") from error
    raise InputError(f"{path} holds neither the bodies of an OpenSim visualisation nor MMPose's predictions")


def _bodies(data: dict[str, Any], path: Path) -> Recording:
    try:
        time = np.asarray(data["time"], float)
        places = {name: np.asarray(body["translation"], float) for name, body in data["bodies"].items()}
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise InputError(f"{path}: every body needs its translation as numbers: {error}") from error
    if time.ndim != 1 or not places or any(place.shape != (len(time), 3) for place in places.values()):
        raise InputError(f"{path}: every body needs one translation (3) for each of the {time.size} times")
    names = [_BODIES.get(name, name) for name in places]
    return Recording(names, np.stack(list(places.values()), axis=1), time)


def _mmpose(frames: list[dict[str, Any]], meta: dict[str, Any], path: Path, options: ReadOptions) -> Recording:
    if "instances" not in frames[0]:  # one picture: the people themselves
        frames = [{"frame_id": 0, "instances": frames}]
    tracked = any("track_id" in person for frame in frames for person in frame.get("instances") or ())
    chosen = [_chosen(frame.get("instances") or [], options.person, tracked=tracked) for frame in frames]
    one = next((person for person in chosen if person is not None), None)
    if one is None:
        raise InputError(f"{path}: no frame has a person {options.person}")
    shape = np.shape(one["keypoints"])
    if len(shape) != 2 or shape[1] != 3:
        raise InputError(f"{path}: keypoints must be (J, 3), got {shape}; 2D predictions cannot be evaluated in 3D")
    names, taken = _names(meta, shape[0], path, options)
    numbers = np.array([int(frame.get("frame_id", row)) for row, frame in enumerate(frames)], np.int64)
    xyz = np.full((len(frames), *shape), np.nan)
    for row, person in enumerate(chosen):
        if person is not None:
            keypoints = np.asarray(person["keypoints"], float)
            if keypoints.shape != shape:
                raise InputError(f"{path}: keypoints must be {shape} in every frame, got {keypoints.shape}")
            xyz[row] = keypoints
    if meta.get("handedness") == "left":
        xyz[..., 0] *= -1
    if (
        len(set(numbers.tolist())) < len(numbers)
        or np.ptp(numbers) > _FRAMES_PER_FRAME * len(numbers) + _FRAMES_PER_FRAME
    ):
        raise InputError(f"{path}: frame_id must tell the frames apart and count them")
    several = not tracked and max(len(frame.get("instances") or ()) for frame in frames) > 1
    notes = (f"{path.name} has several people; person {options.person} is the one at that place of each frame",)
    place = np.full((int(np.ptp(numbers)) + 1, *shape), np.nan)
    place[numbers - numbers.min()] = xyz
    return Recording(names, place, None, declared=False, notes=(*(notes if several else ()), *taken))


def _chosen(people: list[dict[str, Any]], number: int, *, tracked: bool) -> dict[str, Any] | None:
    """Return the person of this number, where persons have numbers; else the one at that place."""
    if tracked:
        return next((person for person in people if person.get("track_id") == number), None)
    return people[number - 1] if len(people) >= number else None


def _names(meta: dict[str, Any], count: int, path: Path, options: ReadOptions) -> tuple[list[str], tuple[str, ...]]:
    given = check_skeleton(options.points)
    if given is None and (names := meta.get("keypoint_id2name")):
        ordered = [str(name) for _, name in sorted(names.items(), key=lambda pair: int(pair[0]))]
        if len(ordered) != count:
            raise InputError(f"{path} names {len(ordered)} points and has {count}")
        return [_MMPOSE.get(name, name) for name in ordered], ()
    by_count = {17: H36M_17, 133: COCO_WHOLEBODY_133}
    skeleton = given or by_count.get(count)
    if skeleton is None or len(skeleton) != count:
        raise InputError(
            f"{path} names none of its {count} points; `points` says which skeleton of {list(SKELETONS)}",
            field="points",
        )
    note = f"{path.name} names no points; taken in the order of {skeleton.name}"
    return list(skeleton.points), () if given else (note,)
