"""The contract of every lifter in the table; what VideoPose3D's network is given and what is made of what it gives."""

import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from changing import edited
from changing import without as missing
from checkpoints import echoing_network, random_network, save, smooth_network
from posedetector import filters
from posedetector.errors import InputError, WeightsError
from posedetector.estimators.synthetic import PinholeCamera, Walker
from posedetector.filters import interpolate
from posedetector.lifters import LIFTERS, Lifter, VideoPose3DSettings, make_lifter, videopose3d
from posedetector.lifters.carrying import carry
from posedetector.lifters.native import Native
from posedetector.lifters.streaming import LiftStream
from posedetector.lifters.videopose3d import VideoPose3D, mirrored, to_layout, to_screen
from posedetector.models.videopose3d import TemporalModel
from posedetector.pose import Array, Keypoints, RelativePose, Source, finite
from posedetector.skeletons import BLAZEPOSE_33, COCO_17, H36M_17, Skeleton, extend, parts_of
from posedetector.weights import ASSETS, WEIGHTS

pytestmark = pytest.mark.usefixtures("one_thread")

CAMERA = PinholeCamera(focal_length=900.0)
OBLIQUE = Walker(heading=np.pi / 4, start=(-1.3, -2.0))  # wholly in the picture for four seconds, seen from the front
CAUSAL = {"fair-cpn": False, "fair-cpn-causal": True}
GONE = slice(60, 130)  # 1.4 s at 50 Hz
STEP = 1 / 50

# rows of BlazePose's points, from Google's list, in the order of COCO's and of Human3.6M's
IN_COCO = [[row] for row in (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)]
IN_H36M = [
    *([23, 24], [24], [26], [28], [23], [25], [27]),
    *([11, 12, 23, 24], [11, 12], [0], [2, 5]),
    *([11], [13], [15], [12], [14], [16]),
]
IN_BLAZEPOSE = [[row] for row in range(33)]
ROWS = {"blazepose_33": IN_BLAZEPOSE, "coco_17": IN_COCO, "h36m_17": IN_H36M}


def walking(time: Array, skeleton: Skeleton = BLAZEPOSE_33, walker: Walker = OBLIQUE) -> Keypoints:
    """What `CAMERA` sees of the walker; the estimator's depth is too small by 0.83."""
    world, rows = walker.positions(time), ROWS[skeleton.name]
    xy, view = CAMERA.project(world), CAMERA.view(world)
    xyz = 0.83 * (view - view[:, [23, 24]].mean(axis=1, keepdims=True))
    return Keypoints(
        skeleton=skeleton,
        time=time,
        xy=np.stack([xy[:, parts].mean(axis=1) for parts in rows], axis=1),
        score=np.full((len(time), len(rows)), 0.9),
        source=np.full((len(time), len(rows)), Source.MEASURED, np.uint8),
        xyz=np.stack([xyz[:, parts].mean(axis=1) for parts in rows], axis=1),
        image_size=CAMERA.size,
    )


def even(rate: float, seconds: float = 4.0) -> Array:
    return np.arange(int(seconds * rate) + 1) / rate


UNEVEN = np.cumsum(np.random.default_rng(0).uniform(0.01, 0.05, 130))
TIMES = {"25": even(25), "30": even(30), "50": even(50), "59.94": even(59.94), "120": even(120), "uneven": UNEVEN}


@pytest.fixture
def at_50_hz() -> Keypoints:
    return walking(even(50))


def without(keypoints: Keypoints, frames: slice, *points: str) -> Keypoints:
    """Take these points, or all, out of these frames."""
    return missing(keypoints, np.s_[frames, keypoints.skeleton.indices(*(points or keypoints.skeleton.points))])


def some_frames(keypoints: Keypoints, frames: slice) -> Keypoints:
    return replace(
        keypoints, **{name: getattr(keypoints, name)[frames] for name in ("time", "xy", "xyz", "score", "source")}
    )


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., VideoPose3D]:
    """A lifter on the CPU, where numbers are exact, with this network under that name."""

    def lifter(network: TemporalModel | None = None, name: str = "fair-cpn", **options: object) -> VideoPose3D:
        network = network or random_network(causal=CAUSAL.get(name, False), inputs=WEIGHTS[name].lifter.inputs)
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        path = save(network, folder, name)
        if WEIGHTS[name].sha256:  # under its own name it would have to be the very file
            path, options["like"] = path.rename(folder / "mine.pt"), name
        return VideoPose3D(VideoPose3DSettings(model=str(path), device="cpu", **options))

    return lifter


def h36m(pose: RelativePose) -> Array:
    """(T, 17, 3): without the carried feet and hands."""
    return pose.xyz[:, :17]


def apart(one: Array, other: Array) -> float:
    """The greatest distance between points, metres; both must lack the same ones."""
    assert np.array_equal(np.isnan(one), np.isnan(other))
    return float(np.nanmax(np.linalg.norm(one - other, axis=-1)))


# --- the contract -----------------------------------------------------------------------------------------------------


@pytest.fixture(params=sorted(LIFTERS))
def lifter(request: pytest.FixtureRequest) -> Lifter:
    return make_lifter(request.param)


@pytest.fixture
def holed() -> Keypoints:
    """Some points missing here and there, the left hip for a while, everything for longer."""
    keypoints = walking(even(30))
    for row in np.random.default_rng(0).permutation(33)[:8]:
        keypoints = without(keypoints, slice(10 + row, 15 + row), BLAZEPOSE_33.points[row])
    return without(without(keypoints, slice(50, 55), "left_hip"), slice(70, 110))


def test_as_many_frames_come_out_as_went_in_at_the_same_times(lifter: Lifter, holed: Keypoints) -> None:
    pose = lifter.lift(holed)

    assert np.array_equal(pose.time, holed.time)
    assert len(pose.xyz) == len(holed.time)


def test_the_middle_of_the_hips_is_the_origin(lifter: Lifter, holed: Keypoints) -> None:
    pose = lifter.lift(holed)
    hips = pose.xyz[:, pose.skeleton.indices("left_hip", "right_hip")].mean(axis=1)

    assert np.isfinite(hips).all(axis=1).sum() > 60
    assert np.nanmax(np.abs(hips)) < 1e-12


def test_what_is_missing_is_nan_with_score_0_and_without_source(lifter: Lifter, holed: Keypoints) -> None:
    pose = lifter.lift(holed)
    there = finite(pose.xyz)

    assert np.array_equal(there, pose.source > Source.NONE)
    assert np.array_equal(there, pose.score > 0)
    assert there[:70].mean() > 0.9
    assert not there[70:110].any()


def test_the_keypoints_are_left_alone(lifter: Lifter, holed: Keypoints) -> None:
    before = {field.name: np.copy(getattr(holed, field.name)) for field in fields(holed) if field.name != "skeleton"}
    lifter.lift(holed)

    assert all(np.array_equal(getattr(holed, name), value, equal_nan=True) for name, value in before.items())


def test_a_lifter_tells_its_networks_and_its_method(lifter: Lifter) -> None:
    assert all(network.name in WEIGHTS for network in lifter.weights)
    assert lifter.method


def test_an_unknown_lifter_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(InputError, match="there is no lifter 'videopose'; there are native, videopose3d"):
        make_lifter("videopose")


def test_without_depth_there_is_nothing_to_hand_on(at_50_hz: Keypoints) -> None:
    with pytest.raises(InputError, match="gives no depth: a lifter is needed"):
        Native().lift(replace(at_50_hz, xyz=None))


# --- what the network is given ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "pixel", "screen"),
    [
        ((1280, 720), (640, 360), (0, 0)),
        ((1280, 720), (0, 0), (-1, -0.5625)),
        ((1280, 720), (1280, 540), (1, 0.28125)),
        ((720, 1280), (360, 640), (0, 0)),
        ((720, 1280), (720, 1280), (1, 16 / 9)),
        ((720, 1280), (180, 1000), (-0.5, 1)),
    ],
)
def test_both_axes_are_divided_by_the_width(
    size: tuple[int, int], pixel: tuple[int, int], screen: tuple[float, float]
) -> None:
    assert to_screen(np.array(pixel), size) == pytest.approx(screen)


def input_of(lifter: VideoPose3D, keypoints: Keypoints) -> Array:
    """The points that are lifted at the network's own frame rate, (N, 17, 2)."""
    given = []

    def run(screen: Array, _: float) -> Array:
        given.append(screen[..., :2])
        return np.zeros((len(screen), 17, 3))

    lifter.run = run
    lifter.lift(keypoints)
    return np.concatenate(given)


@pytest.mark.parametrize("skeleton", [BLAZEPOSE_33, COCO_17, H36M_17], ids=lambda skeleton: skeleton.name)
@pytest.mark.parametrize("name", ["fair-detectron-coco", "fair-cpn"])
def test_the_network_gets_the_points_in_its_own_order_whatever_theirs(
    make: Callable, name: str, skeleton: Skeleton
) -> None:
    lifter = make(name=name)
    given = input_of(lifter, walking(even(50, 1), skeleton))
    truth = walking(even(50, 1), {"fair-detectron-coco": COCO_17, "fair-cpn": H36M_17}[name]).xy
    guessed = [1, 2, 3, 4] if lifter.takes is COCO_17 and skeleton is H36M_17 else []  # eyes and ears

    assert np.delete(given, guessed, 1) == pytest.approx(np.delete(to_screen(truth, CAMERA.size), guessed, 1), abs=1e-9)


def test_eyes_and_ears_that_the_keypoints_lack_are_where_the_head_is() -> None:
    keypoints = walking(even(50, 1), H36M_17)
    xy, _, _ = to_layout(keypoints, COCO_17)

    assert np.array_equal(xy[:, 1:5], np.repeat(keypoints.xy[:, [H36M_17.index("head")]], 4, axis=1))


def test_a_middle_is_missing_where_one_of_its_parts_is(at_50_hz: Keypoints) -> None:
    _, _, source = to_layout(without(at_50_hz, slice(3, 5), "left_shoulder"), H36M_17)
    missing = {point for point, there in zip(H36M_17.points, source[3], strict=True) if not there}

    assert missing == {"left_shoulder", "thorax", "spine"}


def test_a_middle_is_trusted_as_its_worst_part() -> None:
    keypoints = walking(even(50, 1))
    left_hip = np.s_[:, 23]
    keypoints = edited(keypoints, score=(left_hip, 0.4), source=(left_hip, Source.INTERPOLATED))
    _, score, source = to_layout(keypoints, H36M_17)

    assert score[0, [0, 1, 4]] == pytest.approx([0.4, 0.9, 0.4])
    assert source[0, [0, 1, 4]].tolist() == [Source.INTERPOLATED, Source.MEASURED, Source.INTERPOLATED]


def test_a_point_that_can_be_made_of_nothing_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="coco_17 has no left_heel, and nothing that it could be made of"):
        parts_of("left_heel", COCO_17)


def test_an_extended_skeleton_keeps_its_rows_and_hangs_the_new_points_where_told() -> None:
    longer = extend(H36M_17, "with_a_heel", {"left_heel": "left_ankle"})

    assert longer.points == (*H36M_17.points, "left_heel")
    assert longer.parents == (*H36M_17.parents, H36M_17.index("left_ankle"))
    assert longer.name == "with_a_heel"


def test_a_short_hole_is_filled_with_a_straight_line(make: Callable, at_50_hz: Keypoints) -> None:
    given = input_of(make(), without(at_50_hz, slice(20, 30), "left_wrist"))[:, H36M_17.index("left_wrist")]
    ends = to_screen(at_50_hz.xy[[19, 30], BLAZEPOSE_33.index("left_wrist")], CAMERA.size)

    assert given[19:31] == pytest.approx(np.linspace(*ends, 12))


def test_a_point_never_seen_is_given_where_it_hangs_from(make: Callable, at_50_hz: Keypoints) -> None:
    given = input_of(make(), without(at_50_hz, slice(None), "left_ankle", "right_knee", "right_ankle"))
    knee, ankle = H36M_17.indices("left_knee", "left_ankle")

    assert np.array_equal(given[:, ankle], given[:, knee])
    assert np.array_equal(given[:, H36M_17.index("right_ankle")], given[:, H36M_17.index("right_hip")])


def test_a_root_never_seen_is_given_in_the_middle_of_what_is_seen(make: Callable) -> None:
    given = input_of(make(name="fair-detectron-coco"), without(walking(even(50, 1)), slice(None), "nose"))

    assert given[:, 0] == pytest.approx(given[:, 1:].mean(axis=1))


# --- windows, chunks, rates -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CAUSAL)
def test_each_frame_sees_its_own_window_padded_with_the_edges(make: Callable, name: str) -> None:
    lifter = make(name=name, flip=False)
    screen = np.random.default_rng(0).uniform(-1, 1, (300, 17, 2))
    first = -242 if CAUSAL[name] else -121
    made = lifter.run(screen)
    for frame in (0, 100, 150, 299):
        window = screen[np.clip(frame + first + np.arange(243), 0, 299)]
        alone = lifter.network.run(window[None].reshape(1, 243, 34).astype(np.float32))

        assert apart(made[frame], alone[0, 0]) < 1e-5


@pytest.mark.parametrize("chunk", [1, 100, 243])
@pytest.mark.parametrize("name", CAUSAL)
def test_in_chunks_is_as_good_as_whole(make: Callable, monkeypatch: pytest.MonkeyPatch, name: str, chunk: int) -> None:
    lifter = make(name=name)
    screen = np.random.default_rng(0).uniform(-1, 1, (300, 17, 2))
    whole = lifter.run(screen)
    monkeypatch.setattr(videopose3d, "_CHUNK", chunk)

    assert apart(lifter.run(screen), whole) < 1e-5


@pytest.mark.parametrize("frames", [1, 2, 5])
@pytest.mark.parametrize("name", CAUSAL)
def test_a_clip_of_a_few_frames_is_lifted(make: Callable, name: str, frames: int) -> None:
    pose = make(name=name).lift(walking(np.arange(frames) / 30))

    assert pose.xyz.shape == (frames, 27, 3)
    assert np.isfinite(pose.xyz).all()


def test_who_stands_still_is_lifted_as_one_who_does(make: Callable) -> None:
    still = walking(even(30, 2), walker=replace(OBLIQUE, stride_time=1e9, speed=0.0))
    xyz = make().lift(still).xyz

    assert apart(xyz, np.repeat(xyz[:1], len(xyz), axis=0)) < 1e-5


@pytest.mark.parametrize("time", TIMES.values(), ids=TIMES.keys())
@pytest.mark.parametrize("name", CAUSAL)
def test_the_frame_rate_does_not_matter(make: Callable, name: str, time: Array) -> None:
    lifter = make(smooth_network(causal=CAUSAL[name]), name)
    at_its_own_rate = np.append(np.arange(time[0], time[-1] - 1e-6, STEP), time[-1])
    truth = h36m(lifter.lift(walking(at_its_own_rate)))

    assert apart(h36m(lifter.lift(walking(time))), interpolate(at_its_own_rate, truth, time)) < 0.0005


@pytest.mark.parametrize("time", TIMES.values(), ids=TIMES.keys())
@pytest.mark.parametrize("name", CAUSAL)
def test_steady_motion_comes_back_at_its_own_times(make: Callable, name: str, time: Array) -> None:
    keypoints = walking(np.zeros(1), H36M_17)
    moving = keypoints.xy + 10 * time[:, None, None] * np.linspace(-1, 1, 34).reshape(17, 2)
    full = {name: np.repeat(getattr(keypoints, name), len(time), axis=0) for name in ("score", "source")}
    pose = make(echoing_network(causal=CAUSAL[name]), name).lift(
        replace(keypoints, time=time, xy=moving, xyz=None, **full)
    )
    screen = to_screen(moving, CAMERA.size)
    truth = screen - screen[:, [1, 4]].mean(axis=1, keepdims=True)

    assert pose.xyz[:, :, :2] == pytest.approx(truth, abs=1e-6)


def doubled(time: Array, later: float) -> Keypoints:
    """With one more frame right behind another, five pixels away from it."""
    keypoints = walking(np.insert(time, 101, time[100] + later))
    return edited(keypoints, xy=(101, keypoints.xy[101] + 5))


@pytest.mark.parametrize("later", [1e-3, 1e-6])
def test_a_frame_right_behind_another_does_no_harm(make: Callable, later: float) -> None:
    lifter, time = make(), even(30)
    truth = h36m(lifter.lift(walking(time)))

    assert apart(h36m(lifter.lift(doubled(time, later))), np.insert(truth, 101, truth[100], axis=0)) < 0.002


# --- the mirror -------------------------------------------------------------------------------------------------------


def seen_in_a_mirror(keypoints: Keypoints) -> Keypoints:
    order = np.arange(33)
    for left, right in BLAZEPOSE_33.pairs:
        order[[left, right]] = right, left
    xy, xyz = keypoints.xy[:, order] * [-1, 1] + [CAMERA.size[0], 0], keypoints.xyz[:, order] * [-1, 1, 1]
    return replace(keypoints, xy=xy, xyz=xyz)


@pytest.mark.parametrize("name", ["fair-detectron-coco", "fair-cpn"])
def test_the_mirrored_person_has_the_mirrored_pose(make: Callable, at_50_hz: Keypoints, name: str) -> None:
    lifter = make(name=name)
    pose = lifter.lift(at_50_hz)

    assert apart(lifter.lift(seen_in_a_mirror(at_50_hz)).xyz, mirrored(pose.xyz, pose.skeleton)) < 1e-6


def test_without_flip_he_has_another_one(make: Callable, at_50_hz: Keypoints) -> None:
    lifter = make(flip=False)
    pose = lifter.lift(at_50_hz)

    assert apart(lifter.lift(seen_in_a_mirror(at_50_hz)).xyz, mirrored(pose.xyz, pose.skeleton)) > 0.01


def test_with_flip_the_pose_is_the_mean_of_what_both_inputs_give(make: Callable, at_50_hz: Keypoints) -> None:
    both, one = make(), make(flip=False)
    other = mirrored(h36m(one.lift(seen_in_a_mirror(at_50_hz))), H36M_17)

    assert apart(h36m(both.lift(at_50_hz)), (h36m(one.lift(at_50_hz)) + other) / 2) < 1e-6


# --- what is missing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CAUSAL)
def test_before_and_after_a_long_absence_are_two_clips(make: Callable, at_50_hz: Keypoints, name: str) -> None:
    lifter = make(name=name)
    whole = h36m(lifter.lift(without(at_50_hz, GONE)))

    assert apart(whole[: GONE.start], h36m(lifter.lift(some_frames(at_50_hz, slice(GONE.start))))) < 1e-6
    assert apart(whole[GONE.stop :], h36m(lifter.lift(some_frames(at_50_hz, slice(GONE.stop, None))))) < 1e-6
    assert np.isnan(whole[GONE]).all()


def test_a_short_absence_is_lifted_across(make: Callable, at_50_hz: Keypoints) -> None:
    lifter = make()
    whole = h36m(lifter.lift(without(at_50_hz, slice(60, 100))))

    assert np.isnan(whole[60:100]).all()
    assert apart(whole[:60], h36m(lifter.lift(some_frames(at_50_hz, slice(60))))) > 0.01


def test_a_hole_in_one_point_costs_the_others_no_more_than_its_filling(make: Callable, at_50_hz: Keypoints) -> None:
    hole, row, wrist = slice(20, 30), BLAZEPOSE_33.index("left_wrist"), H36M_17.index("left_wrist")
    filled = edited(at_50_hz, xy=(np.s_[19:31, row], np.linspace(at_50_hz.xy[19, row], at_50_hz.xy[30, row], 12)))
    lifter = make()
    truth, pose = h36m(lifter.lift(filled)).copy(), lifter.lift(without(at_50_hz, hole, "left_wrist"))
    truth[hole, wrist] = np.nan

    assert apart(h36m(pose), truth) < 1e-6
    assert not pose.source[hole, wrist].any()


def test_interpolated_points_stay_so_and_measured_ones_become_lifted(make: Callable, at_50_hz: Keypoints) -> None:
    filled = edited(at_50_hz, source=(np.s_[20:30, BLAZEPOSE_33.index("left_wrist")], Source.INTERPOLATED))
    source = make().lift(filled).source[:, :17]
    wrist = source[:, H36M_17.index("left_wrist")]

    assert (wrist[20:30] == Source.INTERPOLATED).all()
    assert (source == Source.LIFTED).sum() == source.size - 10


def test_feet_never_seen_are_missing_and_all_else_is_there(make: Callable, at_50_hz: Keypoints) -> None:
    feet = [f"{side}_{point}" for side in ("left", "right") for point in ("ankle", "heel", "foot_index")]
    pose = make().lift(without(at_50_hz, slice(None), *feet))
    missing = [pose.skeleton.points[row] for row in np.flatnonzero(~finite(pose.xyz).any(axis=0))]

    assert set(missing) == set(feet)
    assert finite(pose.xyz).all(axis=0).sum() == len(pose.skeleton) - len(feet)


def test_a_clip_in_which_nobody_was_seen_is_refused(make: Callable, at_50_hz: Keypoints) -> None:
    with pytest.raises(InputError, match="not one point of the person was seen"):
        make().lift(without(at_50_hz, slice(None)))


def test_a_doubt_about_the_points_is_a_warning(make: Callable, at_50_hz: Keypoints) -> None:
    upside_down = replace(at_50_hz, xy=[0, 720] + [1, -1] * at_50_hz.xy)
    (doubt,) = videopose3d.find_doubts(upside_down)

    with pytest.warns(UserWarning, match=f"^{re.escape(doubt)}$"):
        make().lift(upside_down)


# --- a network that wants scores and the person's apparent size ----------------------------------------------------------


@pytest.fixture
def fed(make: Callable) -> Callable[[Keypoints], tuple[Array, Array]]:
    """The channels that such a network is given: of the points (N, 17, 3), and of the person (N, 3)."""

    def fed(keypoints: Keypoints) -> tuple[Array, Array]:
        lifter, given = make(name="bundled", flip=False), []
        batch = lifter.batch

        def spy(*arguments: object) -> Array:
            given.append(batch(*arguments))
            return given[-1]

        lifter.batch = spy
        lifter.lift(keypoints)
        channels = given[0][0, 121:-121]
        return channels[:, :51].reshape(-1, 17, 3), channels[:, 51:]

    return fed


def test_points_are_given_about_the_hips_in_units_of_trunk_thigh_and_shank(fed: Callable) -> None:
    keypoints = walking(even(50))
    points, _ = fed(keypoints)
    hips = points[:, H36M_17.indices("left_hip", "right_hip"), :2].mean(axis=1)
    sizes = np.zeros(len(points))
    for side in ("left", "right"):
        for ends in (("hip", "knee"), ("knee", "ankle")):
            a, b = points[:, H36M_17.indices(*(f"{side}_{end}" for end in ends)), :2].transpose(1, 0, 2)
            sizes += np.linalg.norm(a - b, axis=1) / 2
    sizes += np.linalg.norm(points[:, H36M_17.index("thorax"), :2], axis=1)

    assert np.abs(hips).max() < 1e-6
    assert np.median(sizes) == pytest.approx(1)


def test_twice_the_pixels_change_nothing(fed: Callable) -> None:
    keypoints = walking(even(50, 1))
    width, height = keypoints.image_size
    larger = replace(keypoints, xy=2 * keypoints.xy, image_size=(2 * width, 2 * height))

    for one, other in zip(fed(keypoints), fed(larger), strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_a_person_of_half_the_size_differs_in_the_size_alone(fed: Callable) -> None:
    keypoints = walking(even(50, 1))
    middle = np.array(keypoints.image_size) / 2
    smaller = replace(keypoints, xy=middle + (keypoints.xy - middle) / 2)
    (points, person), (same, other) = fed(keypoints), fed(smaller)

    assert points == pytest.approx(same, abs=1e-5)
    assert person[:, :2] == pytest.approx(other[:, :2], abs=1e-5)
    assert person[:, 2] - other[:, 2] == pytest.approx(np.log(2), abs=1e-5)


def test_what_was_not_measured_has_the_score_0(fed: Callable) -> None:
    wrist = BLAZEPOSE_33.index("left_wrist")
    keypoints = edited(walking(even(50)), source=(np.s_[20:30, wrist], Source.INTERPOLATED))
    points, _ = fed(without(keypoints, slice(20, 30), "right_knee"))
    rows = H36M_17.indices("left_wrist", "right_knee")

    assert (points[20:30, rows, 2] == 0).all()
    assert points[40:, :, 2] == pytest.approx(0.9)


def test_its_own_x_and_y_come_out_times_the_learned_factor(make: Callable) -> None:
    network = random_network(inputs="body")
    with torch.no_grad():
        network.shrink.weight.zero_()
        network.carried.fill_(1.5)
    keypoints = walking(even(50))
    pose = h36m(make(network, "bundled").lift(keypoints))
    xy = to_layout(keypoints, H36M_17)[0]
    seen = xy - xy[:, [1, 4]].mean(axis=1, keepdims=True)

    assert np.abs(pose[..., 2]).max() < 1e-6
    factor = pose[..., :2] / np.where(np.abs(seen) > 20, seen, np.nan)
    assert np.nanstd(factor) < 1e-4 * np.nanmean(factor)


def test_a_stream_of_somebody_whose_size_stays_equals_the_whole_clip(make: Callable) -> None:
    standing = some_frames(walking(even(50)), slice(0, 1))
    time = even(50, 4.0)
    xy = standing.xy + np.stack([40 * np.sin(time), 10 * np.cos(2 * time)], axis=1)[:, None]
    many = {name: np.repeat(getattr(standing, name), len(time), axis=0) for name in ("score", "source")}
    keypoints = replace(standing, time=time, xy=xy, xyz=None, **many)
    lifter = make(name="bundled")
    stream = LiftStream(lifter, keypoints.skeleton, keypoints.image_size)
    out = [
        frame
        for one, points, score in zip(time, xy, keypoints.score, strict=True)
        for frame in stream.push(one, points, score)
    ]
    out += list(stream.finish())

    assert [moment for moment, _ in out] == pytest.approx(list(time))
    assert apart(np.stack([pose for _, pose in out]), lifter.lift(keypoints).xyz) < 1e-4


# --- feet and hands ---------------------------------------------------------------------------------------------------

LEG = Skeleton("leg", ("left_knee", "left_ankle"), (-1, 0))
LEG_AND_HEEL = extend(LEG, "leg_and_heel", {"left_heel": "left_ankle"})


def leg(shanks: list[float], skeleton: Skeleton = LEG) -> dict[str, object]:
    """The ankle that far below the knee, the heel 8 cm below and 4 cm behind it."""
    knee = np.zeros((len(shanks), 3))
    ankle = knee + [[0, shank, 0] for shank in shanks]
    xyz = np.stack([knee, ankle, ankle + np.array([0, 0.08, 0.04])], axis=1)[:, : len(skeleton)]
    shape = xyz.shape[:2]
    return {
        "skeleton": skeleton,
        "time": np.arange(len(shanks)) / 50,
        "xyz": xyz,
        "score": np.full(shape, 0.9),
        "source": np.full(shape, Source.LIFTED if skeleton is LEG else Source.MEASURED, np.uint8),
    }


def seen_leg(shanks: list[float]) -> Keypoints:
    return Keypoints(**leg(shanks, LEG_AND_HEEL), xy=np.zeros((len(shanks), 3, 2)), image_size=(640, 480))


def test_a_heel_hangs_on_the_lifted_ankle_in_the_size_of_the_lifted_shank() -> None:
    # medians 0.40 and 0.50: the foot is made 1.25 times as large
    carried = carry(seen_leg([0.38, 0.40, 0.44]), RelativePose(**leg([0.5, 0.6, 0.4])))

    assert carried.xyz[:, 2] == pytest.approx(np.array([[0, 0.6, 0.05], [0, 0.7, 0.05], [0, 0.5, 0.05]]))
    assert carried.skeleton.parents[2] == 1


def test_what_is_carried_says_so_and_is_trusted_as_its_worst_part() -> None:
    lifted = edited(RelativePose(**leg([0.5, 0.5])), score=((0, 1), 0.3), source=((1, 1), Source.INTERPOLATED))
    carried = carry(seen_leg([0.4, 0.4]), lifted)

    assert carried.source[:, 2].tolist() == [Source.CARRIED, Source.INTERPOLATED]
    assert carried.score[:, 2] == pytest.approx([0.3, 0.9])


def test_what_was_lifted_is_left_alone() -> None:
    lifted = RelativePose(**leg([0.5, 0.5]))
    carried = carry(seen_leg([0.4, 0.4]), lifted)

    assert all(
        np.array_equal(getattr(carried, name)[:, :2], getattr(lifted, name)) for name in ("xyz", "score", "source")
    )


@pytest.mark.parametrize("part", ["left_heel", "left_ankle"])
def test_a_heel_is_missing_where_a_part_of_it_is(part: str) -> None:
    carried = carry(without(seen_leg([0.4, 0.4]), slice(1), part), RelativePose(**leg([0.5, 0.5])))

    assert finite(carried.xyz)[:, 2].tolist() == [False, True]
    assert carried.source[:, 2].tolist() == [Source.NONE, Source.CARRIED]
    assert carried.score[:, 2].tolist() == [0, 0.9]


def test_a_heel_whose_shank_was_never_whole_has_no_size_and_is_missing() -> None:
    carried = carry(without(seen_leg([0.4, 0.4]), slice(None), "left_knee"), RelativePose(**leg([0.5, 0.5])))

    assert not carried.source[:, 2].any()
    assert np.isnan(carried.xyz[:, 2]).all()


def test_a_heel_whose_shank_has_no_length_has_no_size_and_is_missing() -> None:
    assert not carry(seen_leg([0.0, 0.0]), RelativePose(**leg([0.5, 0.5]))).source[:, 2].any()


def test_heels_toes_and_fingers_of_both_sides_are_carried(make: Callable, at_50_hz: Keypoints) -> None:
    pose = make().lift(at_50_hz)
    carried = [pose.skeleton.points[row] for row in np.flatnonzero((pose.source == Source.CARRIED).all(axis=0))]

    assert carried == [
        f"{side}_{point}" for side in ("left", "right") for point in ("heel", "foot_index", "pinky", "index", "thumb")
    ]


@pytest.mark.parametrize("keypoints", [replace(walking(even(50, 1)), xyz=None), walking(even(50, 1), COCO_17)])
def test_where_there_is_nothing_to_carry_there_are_17_joints(make: Callable, keypoints: Keypoints) -> None:
    assert make().lift(keypoints).skeleton == H36M_17


# --- choosing a network -----------------------------------------------------------------------------------------------

NAMES = "there are bundled, fair-detectron-coco, fair-cpn, fair-cpn-causal, mmpose-cpn"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (VideoPose3DSettings(model="fair"), f"there is no lifter and no file 'fair'; {NAMES}"),
        (VideoPose3DSettings(model="mediapipe-full"), f"mediapipe-full is no lifter; {NAMES}"),
        (VideoPose3DSettings(model="fair-cpn", like="fair"), f"there is no lifter 'fair' in the table; {NAMES}"),
        (
            VideoPose3DSettings(model="fair-cpn", like="mediapipe-full"),
            f"no lifter 'mediapipe-full' in the table; {NAMES}",
        ),
        (
            VideoPose3DSettings(model="fair-cpn", like="mmpose-cpn"),
            "fair-cpn is in the table itself; what it is like is for files",
        ),
        (
            VideoPose3DSettings(model=str(ASSETS / "pose_landmarker_full.task")),
            r"does .*\.task take\? .* fair-cpn \(h36m_17\)",
        ),
    ],
    ids=["name", "no lifter", "like", "like no lifter", "like for a name", "weights of mediapipe"],
)
def test_a_choice_that_cannot_be_is_refused_with_what_can(settings: VideoPose3DSettings, message: str) -> None:
    with pytest.raises(InputError, match=message):
        VideoPose3D(settings)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_is_refused_where_there_is_none() -> None:
    with pytest.raises(InputError, match='has no cuda; `device="auto"` takes what there is'):
        VideoPose3D(VideoPose3DSettings(model="fair-cpn", device="cuda"))


def test_weights_of_another_kind_are_refused() -> None:
    given = ASSETS / "pose_landmarker_full.task"

    with pytest.raises(WeightsError, match=r"pose_landmarker_full\.task is"):
        VideoPose3D(VideoPose3DSettings(model=str(given), like="fair-cpn"))


def test_a_file_of_unknown_name_has_to_be_like_a_known_one(tmp_path: Path) -> None:
    mine = save(random_network(), tmp_path, "fair-cpn").rename(tmp_path / "mine.bin")

    with pytest.raises(InputError, match=r"does .*mine\.bin take\? `lifter.like` says whose layout it has"):
        VideoPose3D(VideoPose3DSettings(model=str(mine)))
    assert VideoPose3D(VideoPose3DSettings(model=str(mine), like="fair-detectron-coco")).takes is COCO_17


@pytest.mark.parametrize("name", CAUSAL)
def test_a_file_of_a_published_name_has_its_layout(make: Callable, name: str) -> None:
    lifter = make(name=name)

    assert lifter.takes is H36M_17
    assert (lifter.network.look_ahead == 0) == CAUSAL[name]


def test_the_method_says_what_was_run_and_how(make: Callable) -> None:
    assert make(name="fair-cpn-causal", flip=False).method == (
        "VideoPose3D, fair-cpn-causal: 243 past frames at 50 Hz, h36m_17 to h36m_17, not averaged with the mirrored "
        "input, PyTorch, single precision on cpu; feet and hands carried from the estimator's depth, where it gives any"
    )


# --- frame by frame ---------------------------------------------------------------------------------------------------


def streamed(lifter: VideoPose3D, keypoints: Keypoints) -> tuple[Array, Array, list[float]]:
    """Return the times and poses that come out, and how late each came that did before the end."""
    stream, out, late = LiftStream(lifter, keypoints.skeleton, keypoints.image_size), [], []
    for time, xy in zip(keypoints.time, keypoints.xy, strict=True):
        ready = stream.push(time, xy)
        late += [time - one for one, _ in ready]
        out += ready
    out += stream.finish()
    return np.array([time for time, _ in out]), np.stack([pose for _, pose in out]), late


@pytest.mark.parametrize("time", TIMES.values(), ids=TIMES.keys())
@pytest.mark.parametrize("name", CAUSAL)
def test_a_stream_gives_every_frame_once_and_as_lift_does(make: Callable, name: str, time: Array) -> None:
    lifter, keypoints = make(name=name), walking(time)
    times, poses, _ = streamed(lifter, keypoints)

    assert np.array_equal(times, time)
    assert apart(poses, h36m(lifter.lift(keypoints))) < 1e-5


@pytest.mark.parametrize("later", [1e-3, 1e-6])
def test_a_frame_right_behind_another_does_a_stream_no_harm(make: Callable, later: float) -> None:
    lifter, keypoints = make(), doubled(even(30), later)
    times, poses, _ = streamed(lifter, keypoints)

    assert np.array_equal(times, keypoints.time)
    assert apart(poses, h36m(lifter.lift(keypoints))) < 1e-5


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("name", CAUSAL)
def test_a_stream_of_a_few_frames_gives_them_at_its_end(make: Callable, name: str, frames: int) -> None:
    lifter, keypoints = make(name=name), walking(np.arange(frames) / 30)
    times, poses, _ = streamed(lifter, keypoints)

    assert np.array_equal(times, keypoints.time)
    assert apart(poses, h36m(lifter.lift(keypoints))) < 1e-5


@pytest.mark.parametrize("rate", [25, 30, 50, 59.94, 120])
@pytest.mark.parametrize("name", CAUSAL)
def test_a_stream_is_late_by_what_the_network_looks_ahead_and_little_more(
    make: Callable, name: str, rate: float
) -> None:
    _, _, late = streamed(make(name=name), walking(even(rate)))

    assert max(late) <= (0 if CAUSAL[name] else 121 / 50) + 0.1 + 2 / rate
    assert len(late) > 1.3 * rate


@pytest.mark.parametrize("name", CAUSAL)
def test_a_stream_begins_anew_after_a_long_absence(make: Callable, at_50_hz: Keypoints, name: str) -> None:
    lifter, keypoints = make(name=name), without(at_50_hz, GONE)
    times, poses, _ = streamed(lifter, keypoints)
    rows = np.searchsorted(keypoints.time, times)

    assert (np.diff(rows) > 0).all()
    assert set(np.flatnonzero(keypoints.source.any(axis=1))) <= set(rows)
    assert apart(poses, h36m(lifter.lift(keypoints))[rows]) < 1e-5


def test_a_stream_holds_what_it_does_not_see_where_it_was(make: Callable, at_50_hz: Keypoints) -> None:
    hole, row = slice(20, 30), BLAZEPOSE_33.index("left_wrist")
    held = edited(at_50_hz, xy=(np.s_[hole, row], at_50_hz.xy[19, row]))
    lifter = make()
    truth = h36m(lifter.lift(held)).copy()
    truth[hole, H36M_17.index("left_wrist")] = np.nan

    assert apart(streamed(lifter, without(at_50_hz, hole, "left_wrist"))[1], truth) < 1e-5


def test_a_stream_without_a_person_gives_nothing(make: Callable, at_50_hz: Keypoints) -> None:
    stream = LiftStream(make(), BLAZEPOSE_33, CAMERA.size)

    assert [stream.push(time, np.full((33, 2), np.nan)) for time in at_50_hz.time] == [[]] * 201
    assert list(stream.finish()) == []


@pytest.mark.parametrize("time", [1.0, 0.5, np.nan])
def test_a_time_that_does_not_go_on_is_refused(make: Callable, at_50_hz: Keypoints, time: float) -> None:
    stream = LiftStream(make(), BLAZEPOSE_33, CAMERA.size)
    stream.push(1.0, at_50_hz.xy[0])

    with pytest.raises(InputError, match="frames must come in order"):
        stream.push(time, at_50_hz.xy[1])


def test_a_stream_says_how_far_it_looks_ahead(make: Callable) -> None:
    ahead = [LiftStream(make(name=name), BLAZEPOSE_33, CAMERA.size).look_ahead for name in CAUSAL]

    assert ahead == [pytest.approx(2.42), 0]


# --- interpolation ----------------------------------------------------------------------------------------------------

KNOTS = np.array([0.0, 0.1, 0.15, 0.4, 0.5, 0.9])


def test_the_cubic_goes_through_the_samples() -> None:
    values = np.random.default_rng(0).normal(size=(6, 4, 2))

    assert interpolate(KNOTS, values, KNOTS) == pytest.approx(values)


def test_the_cubic_is_exact_for_parabolas_but_in_the_first_and_the_last_piece() -> None:
    at = np.linspace(0.1, 0.5, 50)

    assert interpolate(KNOTS, 3 * KNOTS**2 - KNOTS + 2, at) == pytest.approx(3 * at**2 - at + 2)


def test_straight_motion_stays_straight_up_to_the_ends() -> None:
    at = np.linspace(0, 0.9, 50)

    assert interpolate(KNOTS, 2 * KNOTS, at) == pytest.approx(2 * at)


def test_beyond_its_ends_the_cubic_goes_straight_on() -> None:
    assert interpolate(KNOTS, 2 * KNOTS, np.array([-5.0, 7.0])) == pytest.approx([-10.0, 14.0])


def test_a_piece_of_the_cubic_depends_on_two_samples_either_side() -> None:
    changed, at = KNOTS**2, np.linspace(0.15, 0.4, 20)
    changed[[0, 5]] += 1

    assert np.array_equal(interpolate(KNOTS, changed, at), interpolate(KNOTS, KNOTS**2, at))


@pytest.mark.parametrize("block", [1, 3, 7])
def test_the_cubic_is_the_same_in_blocks(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    values, at = np.random.default_rng(0).normal(size=(6, 4, 2)), np.random.default_rng(1).uniform(-0.1, 1, 40)
    whole = interpolate(KNOTS, values, at)
    monkeypatch.setattr(filters, "_BLOCK", block)

    assert interpolate(KNOTS, values, at) == pytest.approx(whole)


def test_one_sample_is_held() -> None:
    assert interpolate(np.array([1.0]), np.array([[3.0]]), np.array([0.0, 1.0, 2.0])).tolist() == [[3.0]] * 3


def test_two_samples_are_joined_by_a_line() -> None:
    at = np.array([0.0, 1.0, 1.5, 2.0, 3.0])

    assert interpolate(np.array([1.0, 2.0]), np.array([10.0, 20.0]), at) == pytest.approx([0, 10, 15, 20, 30])


def test_the_bundled_lifter_is_told_of_no_place_that_it_was_not_trained_on() -> None:
    lifter, keypoints = make_lifter("videopose3d"), walking(even(50))
    assert isinstance(lifter, VideoPose3D)
    screen = to_screen(to_layout(keypoints, H36M_17)[0], keypoints.image_size)

    middle, far, farther = (lifter.run(screen + np.array([aside, 0.0])) for aside in (0.0, 3.0, 4.0))

    assert far == pytest.approx(farther, abs=1e-4)
    assert np.abs(middle - far).max() > 0.02
