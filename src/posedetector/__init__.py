"""One video of a person in, biomechanics out: metric 3D landmarks from a single camera.

Public are the names in `__all__`, and of what they take and return the attributes and methods that its docstrings list. Everything else,
such as modules, what they hold beside, and reprs, may change without notice. Columns, keys and units of the files belong to the version
that `posedetector` in provenance.json says; a `.trial` file can be read by that version and later ones.

The public names are loaded when they are first used, so that the command line answers at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posedetector.api import analyze, from_keypoints
    from posedetector.errors import (
        InputError,
        NoPersonError,
        OutputError,
        PosedetectorError,
        ResourceError,
        UnknownNameError,
        VideoError,
        WeightsError,
    )
    from posedetector.estimators import MediaPipeSettings, OpenMMLabSettings, RTMW3DSettings, SyntheticSettings
    from posedetector.lifters import NativeSettings, VideoPose3DSettings
    from posedetector.pipeline import analyze_to
    from posedetector.records import LandmarkRecord, landmark_records
    from posedetector.rtmpose3d import RTMPose3D, RTMPose3DConfig, RTMPose3DInference, clear_cache
    from posedetector.settings import Settings
    from posedetector.skeletons import Skeleton
    from posedetector.subject import Subject
    from posedetector.trial import Trial

    __version__: str

_HOMES = {
    "InputError": "errors",
    "NoPersonError": "errors",
    "OutputError": "errors",
    "PosedetectorError": "errors",
    "ResourceError": "errors",
    "VideoError": "errors",
    "WeightsError": "errors",
    "analyze": "api",
    "from_keypoints": "api",
    "analyze_to": "pipeline",
    "LandmarkRecord": "records",
    "landmark_records": "records",
    "RTMPose3D": "rtmpose3d",
    "RTMPose3DConfig": "rtmpose3d",
    "RTMPose3DInference": "rtmpose3d",
    "clear_cache": "rtmpose3d",
    "MediaPipeSettings": "estimators",
    "OpenMMLabSettings": "estimators",
    "RTMW3DSettings": "estimators",
    "SyntheticSettings": "estimators",
    "NativeSettings": "lifters",
    "VideoPose3DSettings": "lifters",
    "UnknownNameError": "errors",
    "Skeleton": "skeletons",
    "Settings": "settings",
    "Subject": "subject",
    "Trial": "trial",
}

__all__ = [
    "InputError",
    "LandmarkRecord",
    "MediaPipeSettings",
    "NativeSettings",
    "NoPersonError",
    "OpenMMLabSettings",
    "OutputError",
    "PosedetectorError",
    "RTMPose3D",
    "RTMPose3DConfig",
    "RTMPose3DInference",
    "RTMW3DSettings",
    "ResourceError",
    "Settings",
    "Skeleton",
    "Subject",
    "SyntheticSettings",
    "Trial",
    "UnknownNameError",
    "VideoError",
    "VideoPose3DSettings",
    "WeightsError",
    "analyze",
    "analyze_to",
    "clear_cache",
    "from_keypoints",
    "landmark_records",
]


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module(f"{__name__}.version").own_version()
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
