"""From the laboratory back into the image: the pinhole camera that calibration and refinement found.

Pixels are the detector's: from the image's upper left corner, so the centre of the first pixel is at (0.5, 0.5).
"""

from dataclasses import dataclass

import numpy as np

from posedetector.pose import Array, Noun, settle
from posedetector.trial import Trial

_NEAREST = 0.05  # metres from the camera; what is nearer has no place in the image
_FARTHEST_OUT = 20.0  # image sizes outside the image; what is farther out is not drawn


@dataclass(frozen=True, eq=False)
class View(Noun):
    """A camera in the laboratory.

    Attributes
    ----------
    rotation : (3, 3), camera axes (x right, y down, z away) to the laboratory's.
    position : (3,) metres in the laboratory.
    focal_length : pixels.
    size : width and height of the image in pixels; the principal point is its middle.
    """

    rotation: Array
    position: Array
    focal_length: float
    size: tuple[int, int]

    def __post_init__(self) -> None:
        settle(self, rotation=(3, 3), position=(3,))

    def project(self, points: Array) -> tuple[Array, Array]:
        """Return the pixels (…, 2) and the distance along the optical axis (…) in metres of points (…, 3) of the laboratory.

        Both are NaN for a point that is missing, behind the camera, or far outside the image.
        """
        seen = (points - self.position) @ self.rotation
        depth = seen[..., 2]
        with np.errstate(invalid="ignore"):
            depth = np.where(depth > _NEAREST, depth, np.nan)
            pixels = self.focal_length * seen[..., :2] / depth[..., None] + np.array(self.size) / 2
            near = np.asarray(np.abs(pixels).max(axis=-1) <= _FARTHEST_OUT * max(self.size))
        return np.where(near[..., None], pixels, np.nan), np.where(near, depth, np.nan)


def view_of(trial: Trial) -> View:
    """Return the camera with which a trial was fitted."""
    calibration = trial.provenance.calibration
    return View(
        rotation=np.array(calibration.camera_to_laboratory),
        position=np.array(calibration.camera_position_m),
        focal_length=calibration.focal_length_px,
        size=trial.keypoints.image_size,
    )
