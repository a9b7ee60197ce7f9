"""2D points that can be no person's are doubted, with the right reason; those of a person who walks are not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from changing import edited
from posedetector.estimators.synthetic import PinholeCamera, Walker
from posedetector.lifters.videopose3d import to_layout
from posedetector.pose import Array, Keypoints, Source
from posedetector.sanity import find_doubts
from posedetector.skeletons import BLAZEPOSE_33, COCO_17, H36M_17, Skeleton

WIDTH, HEIGHT = PinholeCamera().size
FRONT, SIDE, AWAY = 90, 0, 270  # degrees of heading
SKELETONS = pytest.mark.parametrize("skeleton", [BLAZEPOSE_33, COCO_17, H36M_17], ids=lambda one: one.name)
LEG, HEAD = ("hip", "knee", "ankle", "heel", "foot_index"), ("eye_inner", "eye", "eye_outer", "ear", "mouth")


@pytest.fixture(scope="session")
def walking(walk: Callable) -> Callable[..., Keypoints]:
    """Two seconds through the middle of the picture, as an estimator with those points sees them."""

    def see(skeleton: Skeleton, heading: int = FRONT, height: float = 1.1, **flaws: float) -> Keypoints:
        ahead = np.radians(heading)
        walker = Walker(heading=ahead, start=(-0.9 * np.cos(ahead), -0.9 * np.sin(ahead) - 0.5))
        pitch = np.arctan((height - 0.9) / 5)
        camera = PinholeCamera(focal_length=700.0, position=(0.0, height, 4.5), pitch=pitch)
        keypoints = walk(walker, camera, frames=40, rate=20.0, **flaws).keypoints
        if skeleton is BLAZEPOSE_33:
            return keypoints
        # a detector of 2D gives no depth, and is not sure of a face that looks elsewhere
        xy, score, source = to_layout(keypoints, skeleton)
        if skeleton is COCO_17 and heading not in range(FRONT - 60, FRONT + 61):
            score[:, :3] *= 0.3
        return replace(keypoints, skeleton=skeleton, xy=xy, score=score, source=source, xyz=None)

    return see


def upside_down(keypoints: Keypoints) -> Keypoints:
    return replace(keypoints, xy=keypoints.xy * [1, -1] + [0, HEIGHT])


def mirrored(keypoints: Keypoints) -> Keypoints:
    """The picture's x from the other edge, without exchanging left and right."""
    xyz = None if keypoints.xyz is None else keypoints.xyz * [-1, 1, 1]
    return replace(keypoints, xy=keypoints.xy * [-1, 1] + [WIDTH, 0], xyz=xyz)


def rearranged(keypoints: Keypoints, order: Array, skeleton: Skeleton | None = None) -> Keypoints:
    """All that belongs to a point goes with it, but its name."""
    whole = {name: getattr(keypoints, name)[:, order] for name in ("xy", "score", "source")}
    xyz = None if keypoints.xyz is None else keypoints.xyz[:, order]
    return replace(keypoints, skeleton=skeleton or keypoints.skeleton, xyz=xyz, **whole)


def exchanged(keypoints: Keypoints, parts: tuple[str, ...]) -> Keypoints:
    order = np.arange(len(keypoints.skeleton))
    for left, right in keypoints.skeleton.pairs:
        if keypoints.skeleton.points[left].removeprefix("left_") in parts:
            order[[left, right]] = right, left
    return rearranged(keypoints, order)


def flat(skeleton: Skeleton, xy: Array) -> Keypoints:
    there = np.isfinite(xy).all(axis=-1)
    source = np.where(there, Source.MEASURED, Source.NONE).astype(np.uint8)
    return Keypoints(skeleton, np.arange(len(xy)) / 30, xy, there * 0.9, source, None, (WIDTH, HEIGHT))


@SKELETONS
@pytest.mark.parametrize("height", [0.4, 1.1, 2.0])
@pytest.mark.parametrize("heading", range(0, 360, 45))
def test_a_person_who_walks_is_not_doubted(walking: Callable, skeleton: Skeleton, heading: int, height: float) -> None:
    assert find_doubts(walking(skeleton, heading, height)) == []


@SKELETONS
def test_noise_and_dropouts_are_no_reason_to_doubt(walking: Callable, skeleton: Skeleton) -> None:
    assert find_doubts(walking(skeleton, noise=3.0, dropout=0.2)) == []


@SKELETONS
@pytest.mark.parametrize("heading", [FRONT, SIDE])
def test_a_person_upside_down_is_doubted(walking: Callable, skeleton: Skeleton, heading: int) -> None:
    (doubt,) = find_doubts(upside_down(walking(skeleton, heading)))

    assert "the shoulders are below the hips in 100 % of the frames: is the video upside down, does y point up" in doubt


@pytest.mark.parametrize(
    ("skeleton", "heading"), [(BLAZEPOSE_33, FRONT), (BLAZEPOSE_33, AWAY), (BLAZEPOSE_33, 45), (COCO_17, FRONT)]
)
def test_a_mirrored_person_is_doubted(walking: Callable, skeleton: Skeleton, heading: int) -> None:
    (doubt,) = find_doubts(mirrored(walking(skeleton, heading)))

    assert "as the face tells in 100 % of the frames: are the points mirrored, or their sides exchanged?" in doubt


@SKELETONS
def test_a_mirrored_person_whose_sides_are_exchanged_is_one_like_any_other(
    walking: Callable, skeleton: Skeleton
) -> None:
    points = walking(skeleton)

    assert find_doubts(exchanged(mirrored(points), tuple(name.partition("_")[2] for name in skeleton.points))) == []


@SKELETONS
def test_exchanged_legs_are_doubted(walking: Callable, skeleton: Skeleton) -> None:
    (doubt,) = find_doubts(exchanged(walking(skeleton), LEG))

    assert "hips and shoulders disagree about left and right in 100 % of the frames" in doubt


@pytest.mark.parametrize("skeleton", [BLAZEPOSE_33, COCO_17], ids=lambda one: one.name)
def test_an_exchanged_head_is_doubted(walking: Callable, skeleton: Skeleton) -> None:
    (doubt,) = find_doubts(exchanged(walking(skeleton), HEAD))

    assert "ears and shoulders disagree about left and right in 100 % of the frames" in doubt


def test_legs_exchanged_in_some_frames_are_for_the_cleaning_to_see(walking: Callable) -> None:
    points = walking(BLAZEPOSE_33)
    wrong = exchanged(points, LEG)

    assert find_doubts(edited(points, xy=(np.s_[:20], wrong.xy[:20]))) == []


@pytest.mark.parametrize("heading", [FRONT, 30, AWAY])
@pytest.mark.parametrize(("given", "taken"), [(COCO_17, H36M_17), (H36M_17, COCO_17), (BLAZEPOSE_33, COCO_17)])
def test_points_in_the_order_of_another_skeleton_are_doubted(
    walking: Callable, given: Skeleton, taken: Skeleton, heading: int
) -> None:
    (doubt,) = find_doubts(rearranged(walking(given, heading), np.arange(17), taken))

    assert f"in the order of {taken.name}?" in doubt or f"in another order than {taken.name}'s?" in doubt


@SKELETONS
def test_shuffled_points_are_doubted_nine_times_of_ten(walking: Callable, skeleton: Skeleton) -> None:
    points = walking(skeleton)
    orders = [np.random.default_rng(seed).permutation(len(skeleton)) for seed in range(20)]

    assert sum(bool(find_doubts(rearranged(points, order))) for order in orders) >= 18


def foreshortened(keypoints: Keypoints, **limbs: str) -> Keypoints:
    """The far end of each limb covers the near one in the picture, on both sides."""
    xy = keypoints.xy.copy()
    for side in ("left", "right"):
        for near, far in limbs.items():
            rows = keypoints.skeleton.indices(f"{side}_{far}", f"{side}_{near}")
            xy[:, rows[0]] = xy[:, rows[1]]
    return replace(keypoints, xy=xy)


@SKELETONS
def test_thighs_that_point_at_the_camera_are_no_reason_to_doubt(walking: Callable, skeleton: Skeleton) -> None:
    assert find_doubts(foreshortened(walking(skeleton), hip="knee")) == []


@SKELETONS
def test_arms_and_legs_without_length_are_doubted(walking: Callable, skeleton: Skeleton) -> None:
    (doubt,) = find_doubts(foreshortened(walking(skeleton), hip="knee", shoulder="elbow"))

    assert "left thigh 0.0 times its usual length, right thigh 0.0 times its usual length" in doubt


@SKELETONS
def test_where_nobody_was_seen_there_is_nothing_to_doubt(skeleton: Skeleton) -> None:
    assert find_doubts(flat(skeleton, np.full((5, len(skeleton), 2), np.nan))) == []


def test_a_skeleton_without_a_trunk_is_not_judged() -> None:
    hand = Skeleton("hand", ("left_wrist", "left_thumb"), (-1, 0))

    assert find_doubts(flat(hand, np.zeros((5, 2, 2)))) == []


@SKELETONS
def test_points_that_are_all_in_one_place_are_doubted(skeleton: Skeleton) -> None:
    assert find_doubts(flat(skeleton, np.zeros((5, len(skeleton), 2))))


@pytest.mark.parametrize("heading", [FRONT, AWAY])
@pytest.mark.parametrize("parts", [LEG[1:], ("elbow", "wrist", "pinky", "index", "thumb")], ids=["legs", "arms"])
def test_sides_exchanged_below_hip_or_shoulder_are_doubted(walking: Callable, heading: int, parts: tuple) -> None:
    (doubt,) = find_doubts(exchanged(walking(BLAZEPOSE_33, heading), parts))

    assert "disagree about left and right" in doubt


@pytest.mark.parametrize("pair", [("knee", "ankle"), ("elbow", "wrist"), ("wrist", "ankle")], ids="-".join)
@pytest.mark.parametrize("heading", [FRONT, AWAY, SIDE])
def test_joints_of_a_limb_in_the_wrong_order_are_doubted(walking: Callable, heading: int, pair: tuple) -> None:
    order = np.arange(33)
    for side in ("left", "right"):
        one, other = BLAZEPOSE_33.indices(*(f"{side}_{name}" for name in pair))
        order[[one, other]] = other, one
    (doubt,) = find_doubts(rearranged(walking(BLAZEPOSE_33, heading), order))

    assert "no person's proportions" in doubt


def test_shares_of_the_picture_are_not_taken_for_pixels(walking: Callable) -> None:
    keypoints = walking(BLAZEPOSE_33)
    (doubt,) = find_doubts(replace(keypoints, xy=keypoints.xy / [WIDTH, HEIGHT]))

    assert "in pixels" in doubt


def test_points_far_outside_the_picture_are_doubted(walking: Callable) -> None:
    keypoints = walking(BLAZEPOSE_33)
    (doubt,) = find_doubts(replace(keypoints, xy=10 * keypoints.xy))

    assert "outside the picture" in doubt


def test_milliseconds_are_not_taken_for_seconds(walking: Callable) -> None:
    keypoints = walking(BLAZEPOSE_33)
    (doubt,) = find_doubts(replace(keypoints, time=1000 * keypoints.time))

    assert "times are in seconds" in doubt


@pytest.mark.parametrize("quarter", [1, 3])
def test_a_person_who_lies_is_not_doubted(walking: Callable, quarter: int) -> None:
    """The picture turned by 90 degrees."""
    keypoints = walking(BLAZEPOSE_33)
    x, y = np.moveaxis(keypoints.xy, -1, 0)
    xy = np.stack([HEIGHT - y, x] if quarter == 1 else [y, WIDTH - x], axis=-1)

    assert find_doubts(replace(keypoints, xy=xy, xyz=None, image_size=(HEIGHT, WIDTH))) == []
