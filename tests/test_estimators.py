"""The contract of every estimator in the table, and the truth of the one that is made up."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import openmmlab_models
import rtm_networks
from posedetector.errors import InputError
from posedetector.estimators import (
    ESTIMATORS,
    EstimatorContext,
    EstimatorSettings,
    KeypointEstimator,
    MediaPipeSettings,
    estimator_settings,
    make_estimator,
)
from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
from posedetector.pose import Array, Frame, PersonPose
from posedetector.skeletons import BLAZEPOSE_33

FRAMES = 6
TIME = np.arange(0, 3, 1 / 60)
DESCRIBED = {
    "": Walker(),
    "towards us": Walker(heading=np.pi / 2, start=(0.0, -1.0)),
    "small and quick": Walker(stature=1.2, speed=0.8, stride_time=0.9),
    "on the spot": Walker(speed=0.0),
}


def blank_frames(count: int = FRAMES) -> Iterator[Frame]:
    return (Frame(index, index / 30, np.zeros((256, 256, 3), np.uint8)) for index in range(count))


# Estimators whose networks do not ship, with what makes small ones for them
NETWORKS_FOR: dict[str, Callable[[Path], EstimatorSettings]] = {
    "openmmlab": openmmlab_models.options,
    "rtmw3d": rtm_networks.options,
}


def named(names: set[str]) -> list[Any]:
    extra = {"openmmlab": pytest.mark.extra("openmmlab")}
    return [pytest.param(name, marks=extra.get(name, ())) for name in sorted(names)]


@pytest.fixture(scope="module", params=named({*ESTIMATORS}))
def estimator(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> KeypointEstimator:
    networks = NETWORKS_FOR.get(request.param, lambda _: estimator_settings(request.param))
    with rtm_networks.narrow():
        # one at a time: batches wait for the frames that fill them
        return make_estimator(networks(tmp_path_factory.mktemp(request.param)), EstimatorContext(online=True))


@pytest.fixture(scope="module")
def found(estimator: KeypointEstimator) -> list[list[PersonPose]]:
    return list(estimator.estimate(blank_frames()))


def test_there_is_exactly_one_list_per_frame(found: list[list[PersonPose]]) -> None:
    assert [type(poses) for poses in found] == [list] * FRAMES


@pytest.mark.parametrize("estimator", named({*ESTIMATORS} - {"synthetic"}), indirect=True)
def test_nobody_is_found_where_nobody_is(found: list[list[PersonPose]]) -> None:
    assert found == [[]] * FRAMES


def test_poses_have_the_skeletons_points_and_honest_scores(
    found: list[list[PersonPose]], estimator: KeypointEstimator
) -> None:
    for pose in (pose for poses in found for pose in poses):
        assert pose.xy.shape == (len(estimator.skeleton), 2)
        assert ((pose.score >= 0) & (pose.score <= 1)).all()
        assert np.array_equal(np.isnan(pose.xy).any(axis=1), pose.score == 0)


def test_nothing_is_opened_before_the_first_frame(estimator: KeypointEstimator) -> None:
    poses = estimator.estimate(blank_frames())

    assert inspect.getgeneratorstate(poses) == inspect.GEN_CREATED


def test_no_frame_is_taken_before_it_is_needed(estimator: KeypointEstimator) -> None:
    taken = []
    poses = estimator.estimate(taken.append(frame.index) or frame for frame in blank_frames())
    next(poses)
    poses.close()

    assert taken == [0]


def test_closing_early_works(estimator: KeypointEstimator) -> None:
    poses = estimator.estimate(blank_frames())
    next(poses)
    poses.close()

    assert list(poses) == []


def test_no_frames_give_no_lists(estimator: KeypointEstimator) -> None:
    assert list(estimator.estimate(iter(()))) == []


def test_it_can_be_run_again(estimator: KeypointEstimator) -> None:
    counts = [len(list(estimator.estimate(blank_frames(2)))) for _ in range(2)]

    assert counts == [2, 2]


def test_an_unknown_estimator_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(
        InputError, match="there is no estimator 'magic'; there are mediapipe, openmmlab, rtmw3d, synthetic"
    ):
        make_estimator("magic")


def test_an_unknown_model_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(InputError, match="`model` is lite, full or heavy, got 'huge'"):
        MediaPipeSettings(model="huge")


@pytest.fixture(params=DESCRIBED.values(), ids=DESCRIBED.keys())
def walker(request: pytest.FixtureRequest) -> Walker:
    return request.param


def length(body: Array, one: str, other: str) -> Array:
    rows = BLAZEPOSE_33.indices(one, other)
    return np.linalg.norm(body[:, rows[0]] - body[:, rows[1]], axis=1)


# shares of stature: Drillis & Contini (1966) as in Winter (2009, fig. 4.1)
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    ("upper", "lower", "share"),
    [("hip", "knee", 0.245), ("knee", "ankle", 0.246), ("shoulder", "elbow", 0.186), ("elbow", "wrist", 0.146)],
)
def test_the_walkers_bones_keep_their_length(walker: Walker, side: str, upper: str, lower: str, share: float) -> None:
    bone = length(walker.positions(TIME), f"{side}_{upper}", f"{side}_{lower}")

    assert bone == pytest.approx(np.full(len(TIME), share * walker.stature), abs=1e-9)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_walkers_foot_is_rigid(walker: Walker, side: str) -> None:
    body = walker.positions(TIME)

    for ends in (("ankle", "heel"), ("ankle", "foot_index"), ("heel", "foot_index")):
        assert np.ptp(length(body, *(f"{side}_{end}" for end in ends))) < 1e-9


@pytest.mark.parametrize(("side", "late"), [("left", 0.0), ("right", 0.5)])
def test_the_foot_on_the_floor_stands_still(walker: Walker, side: str, late: float) -> None:
    # flat from contact until the heel rises, after 60 % of stance
    phases = np.linspace(0.001, 0.6 * walker.stance_share - 0.001, 50)
    moments = (2 + late + phases) * walker.stride_time
    feet = walker.positions(moments)[:, BLAZEPOSE_33.indices(*(f"{side}_{end}" for end in ("heel", "foot_index")))]

    assert np.ptp(feet, axis=0).max() < 1e-9
    assert feet[..., 1] == pytest.approx(np.zeros((50, 2)), abs=1e-9)


@pytest.mark.parametrize(("side", "late"), [("left", 0.0), ("right", 0.5)])
def test_the_ball_of_the_foot_stands_still_until_toe_off(walker: Walker, side: str, late: float) -> None:
    phases = np.linspace(0.001, walker.stance_share - 0.001, 50)
    moments = (2 + late + phases) * walker.stride_time
    ball = walker.positions(moments)[:, BLAZEPOSE_33.index(f"{side}_foot_index")]

    assert np.ptp(ball, axis=0).max() < 1e-9


def test_no_point_is_ever_below_the_floor(walker: Walker) -> None:
    assert walker.positions(TIME)[..., 1].min() > -1e-9


def test_the_walker_moves_smoothly(walker: Walker) -> None:
    speed = np.linalg.norm(np.diff(walker.positions(np.arange(0, 3, 1 / 600)), axis=0), axis=-1) * 600

    assert speed.max() < 8


def test_the_hips_go_at_the_walkers_speed(walker: Walker) -> None:
    hips = walker.positions(np.array([0.0, 4 * walker.stride_time]))[:, 23:25].mean(axis=1)

    assert np.linalg.norm(hips[1] - hips[0]) == pytest.approx(walker.speed * 4 * walker.stride_time)


def test_the_walkers_left_is_on_his_left() -> None:
    # he walks to the viewer's right, so his left side is away from the camera
    left, right = Walker().positions(TIME)[:, BLAZEPOSE_33.indices("left_hip", "right_hip"), 2].T

    assert (left < right).all()


def observe(estimator: Synthetic, frames: int = 20) -> list[PersonPose]:
    return [poses[0] for poses in estimator.estimate(estimator.frames(frames))]


def test_the_same_seed_gives_the_same_data() -> None:
    one, other = (observe(Synthetic(noise=2.0, dropout=0.1, seed=7)) for _ in range(2))

    assert all(np.array_equal(a.xy, b.xy, equal_nan=True) for a, b in zip(one, other, strict=True))
    assert all(np.array_equal(a.xyz, b.xyz, equal_nan=True) for a, b in zip(one, other, strict=True))


def test_another_seed_gives_other_data() -> None:
    one, other = (observe(Synthetic(noise=2.0, seed=seed)) for seed in (7, 8))

    assert not np.array_equal(one[0].xy, other[0].xy)


@pytest.mark.parametrize(
    "camera", [PinholeCamera(), PinholeCamera(position=(0.0, 1.6, 4.8), pitch=0.1, roll=-0.1)], ids=["level", "tilted"]
)
def test_the_truth_projected_is_what_was_seen(camera: PinholeCamera) -> None:
    seen = np.array([pose.xy for pose in observe(Synthetic(camera=camera))])

    assert seen == pytest.approx(camera.project(Walker().positions(np.arange(20) / 60)))


def test_a_point_on_the_cameras_axis_is_in_the_middle_of_the_picture() -> None:
    assert PinholeCamera().project(np.array([0.0, 1.1, 0.0])) == pytest.approx([640, 360])


def test_a_metre_to_the_right_and_up_is_focal_length_over_distance_pixels() -> None:
    assert PinholeCamera(focal_length=900).project(np.array([1.0, 2.1, 0.0])) == pytest.approx([840, 160])


def test_a_camera_that_looks_down_sees_the_horizon_higher_up() -> None:
    assert PinholeCamera(pitch=0.1).project(np.array([0.0, 1.1, -1e6]))[1] == pytest.approx(360 - 1100 * np.tan(0.1))


def test_depth_is_too_small_by_the_models_scale_and_starts_at_the_hips() -> None:
    pose = observe(Synthetic(model_scale=0.5))[0]

    assert pose.xyz[23:25].mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    assert np.linalg.norm(pose.xyz[23] - pose.xyz[25]) == pytest.approx(0.5 * 0.245 * 1.75)


def test_dropouts_are_as_many_as_asked_for() -> None:
    scores = np.array([pose.score for pose in observe(Synthetic(dropout=0.1), frames=120)])

    assert (scores == 0).mean() == pytest.approx(0.1, abs=0.01)


def test_noise_is_as_strong_as_asked_for() -> None:
    seen = np.array([pose.xy for pose in observe(Synthetic(noise=2.0), frames=120)])
    truth = PinholeCamera().project(Walker().positions(np.arange(120) / 60))

    assert (seen - truth).std() == pytest.approx(2.0, rel=0.03)


def test_no_more_walkers_are_reported_than_wanted() -> None:
    two = Synthetic((Walker(), Walker(start=(-1.0, -1.0))), max_persons=1)

    assert [len(poses) for poses in two.estimate(two.frames(3))] == [1, 1, 1]


def test_a_walker_outside_the_picture_is_not_reported() -> None:
    away = Synthetic((Walker(start=(50.0, 0.0)),))

    assert list(away.estimate(away.frames(2))) == [[], []]
