"""Metric size, vertical and path, against a walk that is known to the millimetre."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from changing import without
from posedetector.calibration import (
    CAMERA_TO_LAB,
    Calibration,
    Camera,
    Floor,
    Size,
    Vertical,
    calibrate,
    find_scale,
    segment_lengths,
)
from posedetector.cleaning import clean
from posedetector.errors import InputError
from posedetector.estimators.synthetic import PinholeCamera, Walker
from posedetector.lifters.native import Native
from posedetector.pose import Array, MetricPose, RelativePose, Source
from posedetector.skeletons import BLAZEPOSE_33
from posedetector.smoothing import smooth
from posedetector.subject import Subject

FOCAL = 1100.0
MODEL_SCALE = 0.83  # the synthetic estimator's depth is too small by this factor
WALKERS = {
    "across": Walker(),
    "towards": Walker(heading=np.pi / 2, start=(0.2, -1.5)),
    "small": Walker(stature=1.3, speed=0.7),
}


def road(seen, subject: Subject | None = None, camera: Camera | None = None) -> tuple[MetricPose, Calibration]:
    points = clean(seen.keypoints).keypoints
    subject = subject or Subject(height=seen.walker.stature)
    return calibrate(Native().lift(points), points, subject, camera or Camera(focal_length=FOCAL))


def hips(points: Array) -> Array:
    return points[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean(axis=1)


def from_hips(points: Array) -> Array:
    return points - hips(points)[:, None]


@pytest.fixture(params=WALKERS.values(), ids=WALKERS.keys())
def seen(request: pytest.FixtureRequest, walk: Callable):
    return walk(request.param)


def test_points_are_within_a_millimetre_of_the_truth(seen) -> None:
    pose, _ = road(seen)

    assert np.linalg.norm(pose.xyz - from_hips(seen.lab), axis=-1).max() <= 0.001


def test_the_path_is_within_one_percent_of_the_truth(seen) -> None:
    pose, _ = road(seen)
    truth = hips(seen.lab)
    travelled = np.linalg.norm(truth[-1] - truth[0])

    assert np.linalg.norm(pose.root - truth, axis=-1).max() <= 0.01 * travelled


def test_the_scale_undoes_the_models(seen) -> None:
    _, calibration = road(seen)

    assert calibration.scale == pytest.approx(1 / MODEL_SCALE, rel=0.005)


def test_a_rigid_person_has_no_spread_of_scale(seen) -> None:
    _, calibration = road(seen)

    assert calibration.scale_spread < 1e-6


def test_the_cameras_place_is_found(seen) -> None:
    _, calibration = road(seen)
    x, z = seen.walker.start

    assert calibration.camera_position == pytest.approx([4.5 - z, 1.1, x], abs=0.01)


def test_noise_and_dropouts_cost_less_than_fifteen_millimetres(walk: Callable) -> None:
    rough = walk(noise=2.0, dropout=0.1, frames=150)
    pose, _ = road(rough)
    smoothed, _ = smooth(pose, 6.0)
    away = np.linalg.norm(smoothed.xyz - from_hips(rough.lab), axis=-1)

    assert np.nanmean(away) <= 0.015
    assert np.isfinite(away).mean() > 0.95


def test_stature_survives_noise_and_dropouts_within_two_percent(walk: Callable) -> None:
    _, calibration = road(walk(noise=2.0, dropout=0.1, frames=150))

    assert calibration.scale == pytest.approx(1 / MODEL_SCALE, rel=0.02)


def test_twice_the_height_is_twice_the_scale(walk: Callable) -> None:
    one, two = (road(walk(), Subject(height=height))[1].scale for height in (1.2, 2.4))

    assert two == pytest.approx(2 * one)


@pytest.mark.parametrize(("pitch", "roll"), [(0.2, 0.0), (-0.15, 0.0), (0.0, 0.2), (0.15, -0.15)])
def test_a_tilted_camera_is_levelled_within_four_degrees(walk: Callable, pitch: float, roll: float) -> None:
    camera = PinholeCamera(focal_length=700.0, position=(0.0, 1.0 + 4.5 * np.tan(pitch), 4.5), pitch=pitch, roll=roll)
    tilted = walk(camera=camera)
    pose, calibration = road(tilted, camera=Camera(focal_length=700.0))
    true_up = camera.rotation @ [0.0, 1.0, 0.0]
    found, truth = (from_hips(points).reshape(-1, 3) for points in (pose.positions, tilted.lab))
    u, _, vt = np.linalg.svd(found.T @ truth)
    up = u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt @ [0.0, 1.0, 0.0]

    assert np.degrees(np.arccos(up[1])) < 4
    assert calibration.tilt == pytest.approx(np.arccos(-true_up[1]), abs=np.radians(4))


def test_a_camera_said_to_be_level_is_not_levelled(walk: Callable) -> None:
    _, calibration = road(walk(camera=PinholeCamera(pitch=0.1)), camera=Camera(FOCAL, level=True))

    assert calibration.tilt == 0
    assert calibration.vertical is Vertical.GIVEN


def test_a_level_camera_stays_level(seen) -> None:
    _, calibration = road(seen)

    assert calibration.tilt == 0


def relative(walk: Callable) -> RelativePose:
    return Native().lift(walk(frames=20).keypoints)


def test_a_bone_length_gives_the_scale(walk: Callable) -> None:
    subject = Subject(bone_lengths={"left_thigh": 0.245 * 1.75})

    assert find_scale(relative(walk), subject)[0] == pytest.approx(1 / MODEL_SCALE)


@pytest.mark.parametrize(
    ("source", "counts"), [(Source.AUGMENTED, True), (Source.CARRIED, False), (Source.MIRRORED, False)]
)
def test_augmented_points_have_lengths_and_carried_ones_do_not(walk: Callable, source: Source, counts: bool) -> None:
    pose = relative(walk)
    sources = pose.source.copy()
    sources[:, pose.skeleton.index("left_knee")] = source

    lengths = segment_lengths(replace(pose, source=sources))

    assert ("left_thigh" in lengths) is counts
    assert "right_thigh" in lengths


def test_bone_lengths_overrule_the_height_and_say_what_it_would_be(walk: Callable) -> None:
    subject = Subject(height=1.60, bone_lengths={"left_thigh": 0.245 * 1.75})
    scale, _, size, implied = find_scale(relative(walk), subject)

    assert scale == pytest.approx(1 / MODEL_SCALE)
    assert implied == pytest.approx(1.75)
    assert size == Size("bone lengths", ("left_thigh",))


def test_of_three_bone_lengths_the_middle_one_counts(walk: Callable) -> None:
    bones = {"left_thigh": 0.245 * 1.75, "right_thigh": 0.245 * 1.75 * 1.3, "left_shank": 0.246 * 1.75 * 0.99}

    assert find_scale(relative(walk), Subject(bone_lengths=bones))[0] == pytest.approx(1 / MODEL_SCALE)


def hidden(pose: RelativePose, *names: str) -> RelativePose:
    rows = [row for row, point in enumerate(BLAZEPOSE_33.points) if point.endswith(names)]
    return without(pose, np.s_[:, rows])


def test_arms_give_the_scale_where_legs_are_out_of_view(walk: Callable) -> None:
    scale, _, size, _ = find_scale(hidden(relative(walk), "knee", "ankle"), Subject(height=1.75))

    assert scale == pytest.approx(1 / MODEL_SCALE)
    assert size == Size("stature", ("upper_arm", "forearm"))


def test_one_leg_is_enough(walk: Callable) -> None:
    pose = hidden(relative(walk), "left_knee", "left_ankle")

    assert find_scale(pose, Subject(height=1.75))[0] == pytest.approx(1 / MODEL_SCALE)


def test_interpolated_frames_do_not_count_for_the_scale(walk: Callable) -> None:
    pose = relative(walk)
    xyz, source = pose.xyz.copy(), pose.source.copy()
    xyz[:12] *= 3
    source[:12] = Source.INTERPOLATED

    scale = find_scale(replace(pose, xyz=xyz, source=source), Subject(height=1.75))[0]
    assert scale == pytest.approx(1 / MODEL_SCALE)


def test_without_a_whole_limb_the_height_is_of_no_use(walk: Callable) -> None:
    with pytest.raises(InputError, match="no whole leg or arm was seen"):
        find_scale(hidden(relative(walk), "knee", "elbow"), Subject(height=1.75))


def test_a_bone_that_was_never_seen_cannot_give_the_scale(walk: Callable) -> None:
    with pytest.raises(InputError, match="none of the bones given was seen whole: left_thigh"):
        find_scale(hidden(relative(walk), "knee"), Subject(bone_lengths={"left_thigh": 0.43}))


def test_the_laboratory_frame_is_right_handed() -> None:
    assert np.linalg.det(CAMERA_TO_LAB) == pytest.approx(1)


@pytest.mark.parametrize(
    ("camera", "lab"),
    [([0, 0, -1], [1, 0, 0]), ([0, -1, 0], [0, 1, 0]), ([-1, 0, 0], [0, 0, 1])],
    ids=["towards the camera is X", "up is Y", "the viewer's left is Z"],
)
def test_the_laboratory_axes(camera: list[int], lab: list[int]) -> None:
    assert (CAMERA_TO_LAB @ camera).tolist() == lab


def test_the_head_is_above_the_feet(seen) -> None:
    y = road(seen)[0].positions[..., 1]

    assert (y[:, BLAZEPOSE_33.index("nose")] > y[:, BLAZEPOSE_33.index("left_heel")] + 0.5).all()


def test_the_origin_is_on_the_floor_below_the_first_hips(seen) -> None:
    root = road(seen)[0].root

    assert root[0, [0, 2]] == pytest.approx([0, 0], abs=1e-6)
    assert root[0, 1] == pytest.approx(hips(seen.world)[0, 1], abs=0.005)


def test_one_who_faces_the_camera_has_his_right_on_z(walk: Callable) -> None:
    pose, _ = road(walk(WALKERS["towards"]))

    assert (pose.xyz[:, 24, 2] > pose.xyz[:, 23, 2]).all()


@pytest.mark.parametrize("size", [(1000, 600), (600, 1000)])
def test_a_right_angle_of_view_is_half_the_longer_side_in_pixels(size: tuple[int, int]) -> None:
    assert Camera(fov=90).pixels(size) == pytest.approx(500)


def test_a_focal_length_that_is_known_is_used() -> None:
    camera = Camera(focal_length=1234.0)

    assert camera.pixels((640, 480)) == 1234
    assert not camera.assumed


def test_without_a_word_sixty_degrees_are_assumed_and_said_so() -> None:
    camera = Camera()

    assert camera.pixels((1000, 600)) == pytest.approx(500 * np.sqrt(3))
    assert camera.assumed


def test_twice_the_focal_length_is_twice_the_distance(walk: Callable) -> None:
    front = walk(WALKERS["towards"], frames=30)
    near, far = (road(front, camera=Camera(f, level=True))[1].camera_position[0] for f in (1100.0, 2200.0))

    assert far / near == pytest.approx(2, rel=0.1)


def test_frames_without_the_person_have_no_place(walk: Callable) -> None:
    points = without(walk(frames=40).keypoints, np.s_[10:30])
    pose, _ = calibrate(Native().lift(points), points, Subject(height=1.75), Camera(FOCAL))

    assert np.isnan(pose.root[10:30]).all()
    assert np.isfinite(pose.root[:10]).all()


def test_a_floor_that_no_foot_showed_is_said_to_be_assumed(walk: Callable) -> None:
    keypoints = walk(frames=20).keypoints
    legless = hidden(Native().lift(keypoints), "knee", "ankle", "heel", "foot_index")
    pose, calibration = calibrate(legless, keypoints, Subject(height=1.75), Camera(focal_length=1100.0, level=True))

    assert calibration.floor is Floor.LEG
    assert pose.root[0, 1] == pytest.approx((0.245 + 0.246 + 0.039) * 1.75)


def test_without_feet_and_stature_the_hips_are_the_origin(walk: Callable) -> None:
    keypoints = walk(frames=20).keypoints
    bare = hidden(Native().lift(keypoints), "knee", "ankle", "heel", "foot_index", "right_wrist", "left_wrist")
    subject = Subject(bone_lengths={"left_upper_arm": 0.186 * 1.75})
    pose, calibration = calibrate(bare, keypoints, subject, Camera(focal_length=1100.0, level=True))

    assert calibration.floor is Floor.HIPS
    assert pose.root[0, 1] == pytest.approx(0.0)
