"""A camera's lens from a calibration file: where a point of its picture would lie in a pinhole camera's.

All that comes later takes the camera for a pinhole with the principal point in the middle of the picture. So 2D points are
mapped into the picture of such a camera once, after cleaning (`Lens.straightened`), and what is drawn is mapped back
(`Lens.to_picture`). Keypoints in the files stay those of the real picture.
"""

from posedetector.lenses.choosing import read_lens
from posedetector.lenses.lens import FISHEYE, RADIAL, Lens

__all__ = ["FISHEYE", "RADIAL", "Lens", "read_lens"]
