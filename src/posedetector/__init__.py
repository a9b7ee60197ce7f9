"""One video of a person in, biomechanics out: metric 3D landmarks from a single camera.

The public names are loaded when they are first used, so that the command line answers at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posedetector.errors import (
        InputError,
        NoPersonError,
        OutputError,
        PosedetectorError,
        ResourceError,
        VideoError,
        WeightsError,
    )
    from posedetector.pipeline import analyze, analyze_to
    from posedetector.records import LandmarkRecord, landmark_records
    from posedetector.rtmpose3d import RTMPose3D, RTMPose3DConfig, RTMPose3DInference, clear_cache
    from posedetector.settings import Settings
    from posedetector.subject import Subject
    from posedetector.trial import Trial

_HOMES = {
    "InputError": "errors",
    "NoPersonError": "errors",
    "OutputError": "errors",
    "PosedetectorError": "errors",
    "ResourceError": "errors",
    "VideoError": "errors",
    "WeightsError": "errors",
    "analyze": "pipeline",
    "analyze_to": "pipeline",
    "LandmarkRecord": "records",
    "landmark_records": "records",
    "RTMPose3D": "rtmpose3d",
    "RTMPose3DConfig": "rtmpose3d",
    "RTMPose3DInference": "rtmpose3d",
    "clear_cache": "rtmpose3d",
    "Settings": "settings",
    "Subject": "subject",
    "Trial": "trial",
}

__all__ = [
    "InputError",
    "LandmarkRecord",
    "NoPersonError",
    "OutputError",
    "PosedetectorError",
    "RTMPose3D",
    "RTMPose3DConfig",
    "RTMPose3DInference",
    "ResourceError",
    "Settings",
    "Subject",
    "Trial",
    "VideoError",
    "WeightsError",
    "analyze",
    "analyze_to",
    "clear_cache",
    "landmark_records",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
