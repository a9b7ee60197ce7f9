"""The account of an analysis as a whole: what was asked for, by which software, and how much of the result was measured."""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posedetector.account import Entry, LandmarkShares, Note, caution, serious
from posedetector.arrays import runs
from posedetector.calibration import segment_lengths
from posedetector.kinematics.asymmetry import asymmetry_index
from posedetector.opening import legible
from posedetector.pose import Array, MetricPose, Source, finite
from posedetector.settings import Settings
from posedetector.skeletons import split_side, twin_of
from posedetector.version import own_version

# What computes, by the module that it is imported as; those that the process has not loaded are not named.
_LIBRARIES = {
    "av": "av",
    "cv2": "opencv-python-headless",
    "mediapipe": "mediapipe",
    "numpy": "numpy",
    "onnxruntime": "onnxruntime",
    "pandas": "pandas",
    "scipy": "scipy",
    "torch": "torch",
}
_ASYMMETRY = 0.08
_MANY = 0.1  # of the frames; a judgement
_ONLINE = (
    "--online: no frame's points rest on later frames, so no sides were swapped back, no outliers dropped, no gaps filled, "
    "nothing fitted or smoothed, the distance from the camera neither; size (that of feet and hands hung on a lifted pose "
    "too), vertical, floor and whose data these are still come from the whole clip"
)


def time_spans(time: Array, flags: NDArray[np.bool_]) -> str:
    """Return the stretches in which flags (T,) are set, as "0.07–0.37, 1.00 s"."""
    ends = ((time[run.start], time[run.stop - 1]) for run in runs(flags))
    return ", ".join(f"{first:.2f}" if first == last else f"{first:.2f}–{last:.2f}" for first, last in ends) + " s"


def entry_of_run(settings: Settings, command: Sequence[str]) -> Entry:
    """Return what was asked for: by settings, and as it was typed, if it was."""
    parts = {
        "posedetector": own_version(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": [legible(word) for word in command],
        "settings": _legible(_chosen(settings)),
        "versions": {"python": sys.version.split()[0]} | _versions(),
        "subject": settings.subject,
        "online": settings.online,
    }
    return Entry(parts, notes=(caution(_ONLINE),) if settings.online else ())


def _chosen(settings: Settings) -> dict[str, Any]:
    """Return what differs from the defaults; of a detector or a lifter also its name, so that `Settings` can be made of it again."""
    chosen = settings.model_dump(exclude_defaults=True, exclude={"subject"})
    return {
        name: {"name": getattr(settings, name).name, **value} if isinstance(value, dict) else value
        for name, value in chosen.items()
    }


def _legible(chosen: Any) -> Any:
    """Return settings as JSON has them: paths as text, and no text that UTF-8 lacks."""
    if isinstance(chosen, dict):
        return {name: _legible(value) for name, value in chosen.items()}
    if isinstance(chosen, tuple | list):
        return [_legible(value) for value in chosen]
    return legible(str(chosen)) if isinstance(chosen, str | Path) else chosen


def _versions() -> dict[str, str]:
    """Return the version of each library that was imported, and so may have been used."""
    found = {}
    for module, distribution in _LIBRARIES.items():
        if module in sys.modules:
            try:
                found[distribution] = version(distribution)
            except PackageNotFoundError:  # another build of it, such as onnxruntime-gpu or opencv-python
                found[distribution] = str(sys.modules[module].__version__)
    return found


def entry_of_pose(pose: MetricPose) -> Entry:
    """Return how each landmark of the final pose came about, the lengths of its bones, and what is odd about them."""
    lengths = segment_lengths(pose)
    parts = {
        "bone_lengths_m": {bone: round(length, 4) for bone, length in lengths.items()},
        "landmarks": _shares(pose),
    }
    return Entry(parts, notes=(*_unplaced(pose), *_unlike_sides(pose, lengths)))


def _unplaced(pose: MetricPose) -> Iterator[Note]:
    lost = finite(pose.xyz).any(axis=1) & ~finite(pose.root)
    if lost.any():
        yield (serious if lost.mean() > _MANY else caution)(
            f"in {100 * lost.mean():.0f} % of the frames the pose fits its picture nowhere in front of the camera; "
            "there are no landmarks there"
        )


def _unlike_sides(pose: MetricPose, lengths: dict[str, float]) -> Iterator[Note]:
    cause = "the marker enhancer or the depth" if (pose.source == Source.AUGMENTED).any() else "the depth"
    for left, length in lengths.items():
        side, segment = split_side(left)
        twin = lengths.get(twin_of(left))
        if side == "left" and twin is not None and abs(asymmetry_index(length, twin)) > _ASYMMETRY:
            yield caution(
                f"the {segment.replace('_', ' ')} is {length:.3f} m on the left and {twin:.3f} m on "
                f"the right: {cause} is biased there, or the person is"
            )


def _shares(pose: MetricPose) -> dict[str, LandmarkShares]:
    placed = finite(pose.positions)

    def share(point: int, source: Source) -> float:
        return round(float(((pose.source[:, point] == source) & placed[:, point]).mean()), 4)

    return {
        name: LandmarkShares(
            measured=share(point, Source.MEASURED),
            lifted=share(point, Source.LIFTED),
            carried=share(point, Source.CARRIED),
            augmented=share(point, Source.AUGMENTED),
            interpolated=share(point, Source.INTERPOLATED),
            mirrored=share(point, Source.MIRRORED),
        )
        for point, name in enumerate(pose.skeleton.points)
    }
