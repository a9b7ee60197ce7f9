"""What can be chosen about VideoPose3D; apart from what runs it, which is heavy to import."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from posedetector.lifters.base import Lifter, LifterContext, LifterSettings
from posedetector.options import Device, Flag


class VideoPose3DSettings(LifterSettings):
    """A network that makes depth of the 2D points of 243 frames."""

    title: ClassVar[str] = "VideoPose3D"
    summary: ClassVar[str] = "Lift the 2D joints with a 243-frame VideoPose3D network."

    name: Literal["videopose3d"] = "videopose3d"
    model: Annotated[str, Flag(names=("--videopose3d-model",))] = Field(
        "bundled", description="A name of `posedetector weights list`, or a file."
    )
    like: Annotated[str | None, Flag(names=("--videopose3d-like",))] = Field(
        None, description="The name whose layout the file has: its points, rate and direction."
    )
    flip: Annotated[bool, Flag(names=("--no-flip",))] = Field(
        True, description="Lift once, without averaging over the mirrored input."
    )
    device: Device = "auto"

    def make(self, context: LifterContext) -> Lifter:
        """Load the network; see `VideoPose3D`."""
        from posedetector.lifters.videopose3d import VideoPose3D

        return VideoPose3D(self, context)
