"""What the stated error of a length, a speed or a time of gait holds."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from conftest import Walk
from posedetector.calibration import Camera, calibrate
from posedetector.estimators.synthetic import Walker
from posedetector.kinematics import Scale, study
from posedetector.kinematics.angles import joint_angles
from posedetector.kinematics.gait import find_gait
from posedetector.kinematics.nouns import REACH_90, Event, Gait, Quantity
from posedetector.kinematics.uncertainty import _DEPTH, timing_of
from posedetector.lifters.native import Native
from posedetector.pose import Spread
from posedetector.refinement import NOT_REFINED, scale_of
from posedetector.refinement.terms import FOCAL
from posedetector.subject import Subject
from test_gait import USUAL, walking

TOWARDS, ACROSS = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
KNOWN = Scale(size=0.04, focal=0.1, axis=ACROSS, given="height")
LENGTHS = ("walking_speed", "stride_length", "step_length", "step_width")
TIMES = ("cadence", "stride_time", "step_time", "stance_share", "swing_share", "double_support_share")


def gait_of(scale: Scale = KNOWN, walker: Walker = USUAL, seconds: float = 5.0, rate: float = 60.0) -> Gait:
    pose = walking(walker, seconds, rate)
    return find_gait(pose, joint_angles(pose), scale=scale)


def row(gait: Gait, name: str, side: str = "") -> Quantity:
    (found,) = [one for one in gait.quantities if (one.name, one.side) == (name, side)]
    return found


def event(spread: float, methods: int = 2) -> Event:
    return Event("initial_contact", "left", 1.0, 30, "coordinate", spread, methods)


def test_every_length_speed_and_time_of_gait_has_an_error() -> None:
    assert all(one.error > 0 for one in gait_of().quantities if one.value)


# the walker walks along the laboratory's Z
@pytest.mark.parametrize(("axis", "focal"), [(ACROSS, np.hypot(0.1, _DEPTH)), (TOWARDS, 0.0)])
def test_the_focal_length_counts_as_far_as_the_path_leads_along_the_optical_axis(
    axis: np.ndarray, focal: float
) -> None:
    speed = row(gait_of(replace(KNOWN, axis=axis)), "walking_speed")

    assert speed.error / speed.value == pytest.approx(np.hypot(0.04, focal), rel=0.02)


def test_step_width_lies_across_the_path() -> None:
    along, across = (row(gait_of(Scale(0.0, 0.5, axis)), "step_width", "left") for axis in (ACROSS, TOWARDS))

    assert across.error**2 - along.error**2 == pytest.approx((0.5**2 + _DEPTH**2) * across.value**2)


def test_no_number_of_steps_makes_the_size_better_known() -> None:
    few, many = (row(gait_of(seconds=seconds), "walking_speed") for seconds in (4, 16))

    assert many.error == pytest.approx(few.error, rel=0.03)


def test_many_strides_make_the_stride_time_better_known_but_not_double_support() -> None:
    few, many = (gait_of(seconds=seconds) for seconds in (4, 16))

    assert row(many, "stride_time", "left").error < row(few, "stride_time", "left").error / 3
    assert row(many, "double_support_share", "left").error > row(few, "double_support_share", "left").error / 1.5


def test_events_are_known_to_a_share_of_a_frame_where_the_methods_agree() -> None:
    assert timing_of([event(0.0)], 0.033).own == pytest.approx(0.033 / np.sqrt(12))
    assert timing_of([event(0.0)], 0.033).alike < 0.033


def test_what_the_methods_disagree_by_is_all_in_an_events_error() -> None:
    (alike, own), (least, _) = (timing_of([event(spread), event(spread)], 0.0) for spread in (0.04, 0.0))

    # the mean range of two is 1.128 standard deviations
    assert alike**2 + own**2 - least**2 == pytest.approx((0.04 / 1.128) ** 2)


def test_three_methods_of_one_range_are_closer_than_two() -> None:
    assert timing_of([event(0.04, 3)], 0.0).own < timing_of([event(0.04, 2)], 0.0).own


def test_a_slow_camera_knows_times_less_well() -> None:
    slow, quick = (timing_of([event(0.02)], 1 / rate).own for rate in (30, 120))

    assert slow**2 - quick**2 == pytest.approx((1 / 30**2 - 1 / 120**2) / 12)


def test_without_a_scale_lengths_have_no_error_and_times_have() -> None:
    gait = gait_of(Scale())

    assert all(np.isnan(one.error) for one in gait.quantities if one.name in LENGTHS)
    assert all(one.error > 0 for one in gait.quantities if one.name in TIMES)


def test_an_asymmetry_has_no_error_of_size() -> None:
    well, badly = (row(gait_of(Scale(size)), "step_length_asymmetry") for size in (0.0, 0.5))

    assert badly.error == pytest.approx(well.error)


@pytest.mark.parametrize(("name", "side"), [("walking_speed", ""), ("step_length", "left")])
def test_lengths_say_what_they_scale_with(name: str, side: str) -> None:
    gait = gait_of(replace(KNOWN, axis=TOWARDS))

    assert row(gait, name, side).about.endswith("; scales with the height given")


def test_a_path_along_the_optical_axis_scales_with_the_focal_length_too() -> None:
    assert row(gait_of(), "walking_speed").about.endswith("given and with the focal length, which was not given")


def test_no_interval_of_a_length_or_a_share_is_negative() -> None:
    width = Quantity("step_width", "left", 0.05, float("nan"), 1, "m", "", error=0.1)

    assert width.interval[0] == 0
    assert replace(width, name="step_length_asymmetry", unit="share").interval[0] < 0


def test_times_scale_with_nothing() -> None:
    assert "scales" not in row(gait_of(), "cadence").about


def test_lengths_of_segments_have_the_error_of_the_size() -> None:
    summary = study(walking(), Subject(height=1.75), scale=KNOWN).summary
    (thigh,) = [one for one in summary if (one.name, one.side) == ("thigh_length", "left")]

    assert thigh.error == pytest.approx(np.hypot(0.04, 0.03) * thigh.value)
    assert all(np.isnan(one.error) for one in summary if one.unit == "deg")


def test_a_focal_length_that_was_not_given_is_known_as_well_as_cameras_are_alike(walk: Callable[..., Walk]) -> None:
    points = walk().keypoints
    scales = {}
    for camera in (Camera(), Camera(focal_length=1100.0)):
        _, calibration = calibrate(Native().lift(points), points, Subject(height=1.75), camera)
        scales[camera.assumed] = scale_of(calibration, NOT_REFINED)

    assert (scales[True].focal, scales[False].focal) == (FOCAL, 0.0)
    assert scales[True].size > 0.03  # people of one height have legs that differ by as much


def test_given_bones_are_a_better_size_than_a_stature(walk: Callable[..., Walk]) -> None:
    points = walk().keypoints
    by_stature, by_bones = (
        scale_of(calibrate(Native().lift(points), points, subject, Camera())[1], NOT_REFINED)
        for subject in (Subject(height=1.75), Subject(height=1.75, bone_lengths={"left_thigh": 0.43}))
    )

    assert by_bones.size < by_stature.size
    assert (by_stature.given, by_bones.given) == ("height", "bone lengths")


@pytest.mark.parametrize(
    ("name", "unit", "value", "error", "interval"),
    [
        ("hip_adduction_range_asymmetry", "share", 0.5, 2.0, (-2.0, 2.0)),  # signed
        ("step_time_asymmetry", "share", 0.5, 2.0, (-2.0, 2.0)),
        ("stance_share", "share", 0.6, 1.0, (0.0, 1.0)),
        ("pelvis_obliquity_range", "rad", 0.1, 1.0, (0.0, 0.1 + REACH_90)),
        ("knee_flexion_minimum", "rad", 0.1, 1.0, (0.1 - REACH_90, 0.1 + REACH_90)),
        ("step_width", "m", 0.1, 1.0, (0.0, 0.1 + REACH_90)),
        ("hip_adduction_range_asymmetry", "%", 50.0, 200.0, (-200.0, 200.0)),
        ("step_time_asymmetry", "%", 50.0, 200.0, (-200.0, 200.0)),
        ("stance_share", "%", 60.0, 100.0, (0.0, 100.0)),
        ("pelvis_obliquity_range", "deg", 1.0, 1.0, (0.0, 1 + REACH_90)),
        ("knee_flexion_minimum", "deg", 1.0, 1.0, (1 - REACH_90, 1 + REACH_90)),
    ],
)
def test_an_interval_ends_where_such_a_value_must(
    name: str, unit: str, value: float, error: float, interval: tuple[float, float]
) -> None:
    one = Quantity(name, "", value, float("nan"), 1, unit, "", error=error)

    assert one.interval == pytest.approx(interval)


def test_widths_are_known_less_well_than_legs() -> None:
    share = {
        one.name: one.error / one.value
        for one in study(walking(), Subject(height=1.75), scale=KNOWN).summary
        if one.unit == "m"
    }

    assert share["thigh_length"] < share["upper_arm_length"] < share["hips_width"]


def test_a_foots_place_is_known_less_well_where_no_body_was_fitted() -> None:
    pose = walking(USUAL, 5.0, 60.0)
    fitted = replace(pose, spread=Spread(np.full(pose.xyz.shape, 0.03), {}))
    sure, unsure = (
        row(find_gait(one, joint_angles(pose), scale=KNOWN), "step_width", "left").error for one in (fitted, pose)
    )

    assert unsure > sure
