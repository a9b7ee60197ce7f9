"""Seam 1: anything that finds people's keypoints in images.

To add one, write a file beside this one, and name its settings in ESTIMATORS. The file holds a class that fulfils
`KeypointEstimator`, and a subclass of `EstimatorSettings`: its `name`, its options as fields, each with its help, and `make`,
which imports what is heavy and returns the estimator. `Settings(estimator="that-name")` and the command line know it and its
options from then on, and the contract test runs over it. A flag is called like its field (`--least-area`; one that is True by default has `--no-…` too), unless
a `Flag` among its annotations says otherwise:

    class BlobSettings(EstimatorSettings):
        title = "Blob"
        name: Literal["blob"] = "blob"
        least_area: Annotated[int, COUNT] = Field(20, description="Pixels of the smallest blob.")  # --least-area

        def make(self, context: EstimatorContext) -> KeypointEstimator:
            return Blobs(self.least_area, context.max_persons)
"""

from posedetector.estimators.base import ALONE, EstimatorContext, EstimatorSettings, KeypointEstimator
from posedetector.estimators.mediapipe import MediaPipeSettings
from posedetector.estimators.openmmlab import OpenMMLabSettings
from posedetector.estimators.rtmw3d import RTMW3DSettings
from posedetector.estimators.synthetic import SyntheticSettings
from posedetector.options import chosen

__all__ = [
    "ALONE",
    "ESTIMATORS",
    "EstimatorContext",
    "EstimatorSettings",
    "KeypointEstimator",
    "MediaPipeSettings",
    "OpenMMLabSettings",
    "RTMW3DSettings",
    "SyntheticSettings",
    "estimator_settings",
    "make_estimator",
]

ESTIMATORS: dict[str, type[EstimatorSettings]] = {
    "mediapipe": MediaPipeSettings,
    "rtmw3d": RTMW3DSettings,
    "openmmlab": OpenMMLabSettings,
    "synthetic": SyntheticSettings,
}


def estimator_settings(given: object) -> EstimatorSettings:
    """Return the settings that a name, a dict with a name, or settings stand for; raises InputError."""
    settings: EstimatorSettings = chosen(given, ESTIMATORS, EstimatorSettings)
    return settings


def make_estimator(settings: EstimatorSettings | str, context: EstimatorContext = ALONE) -> KeypointEstimator:
    """Build the estimator of these settings, or of this name as it usually is; raises InputError or WeightsError."""
    return estimator_settings(settings).make(context)
