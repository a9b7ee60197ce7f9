"""OpenMMLab's detectors, and any model of mmpose's that finds the points of one person in a crop.

Needs the extra `openmmlab`. Here is what can be chosen; `estimator` is what does it.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from posedetector.errors import InputError
from posedetector.estimators.base import EstimatorContext, KeypointEstimator
from posedetector.estimators.topdown import TopDownSettings
from posedetector.options import MODEL, Flag


class OpenMMLabSettings(TopDownSettings):
    """A detector of mmdet's and a pose model of mmpose's."""

    title: ClassVar[str] = "OpenMMLab"

    name: Literal["openmmlab"] = "openmmlab"
    model: Annotated[str | None, MODEL] = Field(None, description="an alias such as rtmpose-m.")
    pose_config: str | None = Field(None, description="The pose model's configuration file.")
    detector_config: Annotated[str | None, Flag(names=("--det-config",))] = Field(
        None, description="The detector's configuration file."
    )

    @model_validator(mode="after")
    def _check_model(self) -> Self:
        if self.model and self.pose_config:
            raise InputError("`model` and `pose_config` both say which model; give one", field="estimator.pose_config")
        return self

    def make(self, context: EstimatorContext) -> KeypointEstimator:
        """Find, read and build both models; see `OpenMMLab`."""
        from posedetector.estimators.openmmlab.estimator import OpenMMLab

        return OpenMMLab(self, context)
