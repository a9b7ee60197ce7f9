"""Everything known about one clip, and how it came to be known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posedetector.account import Provenance
from posedetector.camera_motion import NOT_WATCHED, CameraMotion
from posedetector.kinematics.nouns import JointAngles, Kinematics
from posedetector.pose import Array, Keypoints, MetricPose, Noun, PictureMap, settle
from posedetector.subject import Subject
from posedetector.tracking import Tracks


@dataclass(frozen=True, slots=True, eq=False)
class Trial(Noun):
    """One clip's results: what was seen in 2D, the metric pose, the person, and the account of it all.

    Attributes
    ----------
    keypoints : in the pixels of the real picture.
    tracks : everybody who was found, as the estimator saw them, before anything was cleaned.
    maps : between that picture and the one of the camera for which the pose was computed; see PictureMap.
    camera : what the camera did; keypoints are in the frames' own pixels, the laboratory's camera is the one at rest.
    away : (T, 3) metres from where the hips are held to where they are for the camera; None where they are not held.
    """

    name: str
    keypoints: Keypoints
    pose: MetricPose
    provenance: Provenance
    tracks: Tracks
    kinematics: Kinematics
    maps: tuple[PictureMap, ...] = ()
    camera: CameraMotion = NOT_WATCHED
    away: Array | None = None

    def __post_init__(self) -> None:
        if self.away is not None:
            settle(self, away=self.pose.root.shape)

    @property
    def frame_numbers(self) -> NDArray[np.int64]:
        """(T,) the frames' numbers in the video, from 0."""
        return np.arange(len(self.pose.time)) if self.tracks.numbers is None else self.tracks.numbers

    @property
    def angles(self) -> JointAngles:
        """The joint angles of the pose."""
        return self.kinematics.angles

    @property
    def subject(self) -> Subject:
        """The person."""
        return self.provenance.subject
