"""The clips of the table of accuracy: what an estimator handed on, and what is true; and how the road is driven over them."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar

import numpy as np

from posedetector.boxes import box_of
from posedetector.pose import Array, Frame, PersonPose
from posedetector.skeletons import BLAZEPOSE_33, Skeleton
from posedetector.weights import LoadedWeights

FIXTURE = Path(__file__).with_name("clips.npz")
SIDES = ("left", "right")
TRUE_POINTS = tuple(
    f"{side}_{name}"
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "foot_index")
    for side in SIDES
)
TRUE_ANGLES = tuple(
    f"{side}_{name}"
    for name in ("knee_flexion", "hip_flexion", "ankle_dorsiflexion", "elbow_flexion")
    for side in SIDES
)
# what is stored is a whole number of these: 0.02 px, 1/255 of a score, 0.1 mm; the least number stands for a missing point
_STEPS = {"xy": 0.02, "score": 1 / 255, "xyz": 1e-4, "true": 1e-4}
_MISSING = -32768


@dataclass(frozen=True)
class Clip:
    """One clip of T frames.

    Attributes
    ----------
    rate : frames a second.
    size : width and height in pixels.
    stature : metres, as the user states it.
    stride : seconds of a walk's stride; 0 for what is no walk.
    xy, score, xyz : (T, 33, 2) pixels, (T, 33), (T, 33, 3) metres in the camera's axes: MediaPipe's, as in `PersonPose`.
    true : (T, 16, 3) metres from the middle of the hips, TRUE_POINTS, Y up; X towards the camera where that is known.
    root : (T, 3) metres, the middle of the hips.
    angles : (T, 8) degrees, TRUE_ANGLES, by `angles_between`.
    """

    name: str
    rate: int
    size: tuple[int, int]
    stature: float
    stride: float
    xy: Array
    score: Array
    xyz: Array
    true: Array
    root: Array
    angles: Array

    @property
    def filmed(self) -> bool:
        """Whether the movement was made by formula, so that all of the truth is known."""
        return not self.name.startswith("balance_")


def write_clips(clips: Sequence[Clip]) -> None:
    """Write the fixture; values are rounded as _STEPS says."""
    arrays: dict[str, np.ndarray] = {}
    for clip in clips:
        for one in fields(Clip)[1:]:
            value = np.asarray(getattr(clip, one.name))
            if one.name in _STEPS:
                whole = np.round(value / _STEPS[one.name])
                value = np.where(np.isfinite(whole), whole, _MISSING).astype(
                    np.uint8 if one.name == "score" else np.int16
                )
            elif one.name in ("root", "angles"):
                value = value.astype(np.float32)
            arrays[f"{clip.name}/{one.name}"] = value
    np.savez_compressed(FIXTURE, **arrays)  # type: ignore[arg-type]


def read_clips() -> list[Clip]:
    """Return the clips of the fixture."""
    with np.load(FIXTURE, allow_pickle=False) as file:
        names = dict.fromkeys(key.partition("/")[0] for key in file.files)
        return [
            Clip(name, *(_read(file[f"{name}/{one.name}"], one.name) for one in fields(Clip)[1:])) for name in names
        ]


def _read(value: np.ndarray, name: str):
    if name in _STEPS:
        return np.where(value == _MISSING, np.nan, value * _STEPS[name])
    if name == "size":
        return tuple(value.tolist())
    return value.item() if value.ndim == 0 else value.astype(float)


def angles_between(points: Array) -> Array:
    """Return TRUE_ANGLES (T, 8) in degrees of TRUE_POINTS (T, 16, 3), by nothing but vectors: no code of `kinematics`.

    Knees and elbows are what is between their segments. A hip's flexion is that of the thigh in the sagittal plane of hips and trunk. An
    ankle's is the angle between sole and shank, less a right angle.
    """
    at = {name: points[:, row] for row, name in enumerate(TRUE_POINTS)}
    hips, shoulders = ((at[f"left_{one}"] + at[f"right_{one}"]) / 2 for one in ("hip", "shoulder"))
    across = at["right_hip"] - at["left_hip"]
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    forward = np.cross(shoulders - hips, across)
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    up = np.cross(across, forward)
    found = {}
    for side in SIDES:
        hip, knee, ankle, heel, toe = (at[f"{side}_{one}"] for one in ("hip", "knee", "ankle", "heel", "foot_index"))
        shoulder, elbow, wrist = (at[f"{side}_{one}"] for one in ("shoulder", "elbow", "wrist"))
        thigh = knee - hip
        found[f"{side}_knee_flexion"] = _degrees(thigh, ankle - knee)
        found[f"{side}_hip_flexion"] = np.degrees(np.arctan2((thigh * forward).sum(axis=1), -(thigh * up).sum(axis=1)))
        found[f"{side}_ankle_dorsiflexion"] = 90 - _degrees(toe - heel, knee - ankle)
        found[f"{side}_elbow_flexion"] = _degrees(elbow - shoulder, wrist - elbow)
    return np.stack([found[name] for name in TRUE_ANGLES], axis=1)


def _degrees(first: Array, second: Array) -> Array:
    cosine = (first * second).sum(axis=1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


class Replaying:
    """Stands in for MediaPipe: it looks at no picture and hands on what is stored of the clip."""

    skeleton: ClassVar[Skeleton] = BLAZEPOSE_33
    weights: ClassVar[tuple[LoadedWeights, ...]] = ()
    method: ClassVar[str] = "replayed"
    is_simulated: ClassVar[bool] = False

    def __init__(self, clip: Clip) -> None:
        self.clip = clip

    def estimate(self, frames: Iterable[Frame]) -> Generator[list[PersonPose], None, None]:
        for frame in frames:
            xy, score, xyz = (part[frame.index] for part in (self.clip.xy, self.clip.score, self.clip.xyz))
            seen = np.isfinite(xy).all(axis=1)
            yield [PersonPose(box_of(xy), xy, score, xyz)] if seen.any() else []
