"""The depth that the estimator gave, as it is."""

from typing import ClassVar, Literal

import numpy as np

from posedetector.errors import InputError
from posedetector.lifters.base import DepthErrors, Lifter, LifterContext, LifterSettings
from posedetector.pose import Keypoints, RelativePose, Source, finite
from posedetector.weights import LoadedWeights


class NativeSettings(LifterSettings):
    """No lifter."""

    title: ClassVar[str] = "none"

    name: Literal["native"] = "native"

    def make(self, context: LifterContext) -> Lifter:
        """Return what hands on the estimator's depth."""
        del context
        return Native()


class Native:
    """Hands on the estimator's own 3D points, moved so that the middle of the hips is the origin."""

    weights: tuple[LoadedWeights, ...] = ()
    needs_depth = True
    secondary_depth = False
    method = "the detector's own depth"
    errors = DepthErrors(bone=0.06)  # 10 cm of a person: a judgement, pictures with a known truth are not at hand

    def lift(self, keypoints: Keypoints) -> RelativePose:
        """Return the estimator's depth, missing for points that have none; raises InputError when nothing has any."""
        if keypoints.xyz is None:
            raise without_depth()
        hips = keypoints.xyz[:, keypoints.skeleton.indices("left_hip", "right_hip")]
        # without both hips the estimator's own origin, which is meant to be the same point, has to do
        root = np.where(finite(hips.reshape(len(hips), -1))[:, None], hips.mean(axis=1), 0.0)
        there = finite(keypoints.xyz)  # a point that is seen may have no depth
        return RelativePose(
            skeleton=keypoints.skeleton,
            time=keypoints.time,
            xyz=keypoints.xyz - root[:, None],
            score=np.where(there, keypoints.score, 0.0),
            source=np.where(there, keypoints.source, np.uint8(Source.NONE)),
        )


def without_depth() -> InputError:
    """Return the error for an estimator that finds points in 2D alone."""
    return InputError('this estimator gives no depth: a lifter is needed, `lifter="videopose3d"`', field="lifter")
