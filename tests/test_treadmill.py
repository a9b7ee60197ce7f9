"""A walker on a belt whose speed is known."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from posedetector.calibration import Camera, calibrate
from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
from posedetector.kinematics import Ground, find_treadmill, joint_angles
from posedetector.kinematics.gait import find_gait
from posedetector.kinematics.nouns import Gait, Quantity
from posedetector.lifters.native import Native
from posedetector.pose import Array, MetricPose, Source
from posedetector.refinement import refine
from posedetector.skeletons import BLAZEPOSE_33
from posedetector.smoothing import smooth
from posedetector.subject import Subject
from posedetector.tracking import track
from rolling import Roller


@dataclass(frozen=True)
class OnBelt(Roller):
    """Walks at `speed` on a belt that carries everything back at that."""

    start: tuple[float, float] = (0.0, 0.0)

    def positions(self, time: Array) -> Array:
        forward, _ = self._axes()
        return super().positions(time) - self.speed * np.asarray(time)[:, None, None] * forward


def pose_of(walker: Walker, seconds: float = 5.0) -> MetricPose:
    time = np.arange(round(60 * seconds)) / 60
    x, y, z = np.moveaxis(walker.positions(time), -1, 0)
    lab = np.stack([z, y, -x], axis=-1)
    root = lab[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean(axis=1)
    seen = np.full(lab.shape[:2], Source.MEASURED, np.uint8)
    return MetricPose(BLAZEPOSE_33, time, lab - root[:, None], np.ones(lab.shape[:2]), seen, root)


def gait_of(walker: Walker, ground: Ground | None = None) -> Gait:
    pose = pose_of(walker)
    return find_gait(pose, joint_angles(pose), ground or Ground())


def row(gait: Gait, name: str, side: str = "") -> Quantity:
    return next(one for one in gait.quantities if (one.name, one.side) == (name, side))


@pytest.mark.parametrize(
    "walker", [OnBelt(), OnBelt(speed=1.2, stride_time=1.1), OnBelt(heading=np.pi / 2)], ids=["side", "brisk", "front"]
)
def test_speed_and_lengths_on_a_treadmill_are_those_on_its_belt(walker: OnBelt) -> None:
    gait = gait_of(walker)
    stride = walker.speed * walker.stride_time

    assert gait.quality == "good"
    assert row(gait, "walking_speed").value == pytest.approx(walker.speed, rel=0.01)
    for side in ("left", "right"):
        assert row(gait, "stride_length", side).value == pytest.approx(stride, rel=0.01)
        assert row(gait, "step_length", side).value == pytest.approx(stride / 2, rel=0.03)
        assert row(gait, "step_width", side).value == pytest.approx(2 * 0.06 * walker.stature, abs=0.01)
        assert "on the belt" in row(gait, "step_length", side).about
    assert "belt" in row(gait, "walking_speed").about


def test_a_belt_speed_that_is_given_counts() -> None:
    gait = gait_of(OnBelt(), Ground(treadmill_speed=1.0))

    assert row(gait, "walking_speed").value == 1.0
    assert row(gait, "stride_length", "left").value == pytest.approx(1.0 * OnBelt().stride_time, rel=0.01)
    assert "as given" in row(gait, "walking_speed").about


def test_a_belt_speed_that_the_feet_do_not_show_is_doubted() -> None:
    assert "feet in stance slide back at 0.90 m/s" in gait_of(OnBelt(), Ground(treadmill_speed=1.4)).reason


def test_somebody_who_walks_through_the_room_is_on_no_treadmill() -> None:
    assert gait_of(Roller()).treadmill is None
    said = gait_of(Roller(), Ground(treadmill_speed=0.9))

    assert "is this a treadmill?" in said.reason
    assert not {"walking_speed", "stride_length", "step_length"} & {one.name for one in said.quantities}


def test_where_the_camera_moved_no_belt_is_made_of_it() -> None:
    gait = gait_of(OnBelt(), Ground(known=False))

    assert gait.treadmill is None
    assert not {"walking_speed", "step_length"} & {one.name for one in gait.quantities}


def test_the_fit_leaves_feet_on_a_belt_that_goes_away_from_the_camera() -> None:
    walker, camera = OnBelt(speed=1.2, stride_time=1.1, heading=np.pi / 2), PinholeCamera()
    estimator = Synthetic((walker,), camera, noise=1.0)
    pictures = list(estimator.frames(180))
    seen = zip((one.time for one in pictures), estimator.estimate(pictures), strict=True)
    points = track(seen, skeleton=estimator.skeleton, image_size=camera.size).keypoints()
    subject = Subject(height=walker.stature)
    metric, calibration = calibrate(Native().lift(points), points, subject, Camera(focal_length=1100.0))
    belt = find_treadmill(smooth(metric, 6.0)[0], Ground())
    assert belt is not None
    fitted, *_ = refine(metric, points, calibration, subject, Native.errors, belt=belt.velocity)
    pose = smooth(fitted, 6.0)[0]
    gait = find_gait(pose, joint_angles(pose), replace(Ground(), treadmill=belt))

    assert row(gait, "walking_speed").value == pytest.approx(1.2, rel=0.03)
    assert row(gait, "stride_length", "left").value == pytest.approx(1.32, rel=0.03)
