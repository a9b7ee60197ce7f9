"""What a lifter is trained on: bodies, other postures made of them, cameras that film them, and what a detector sees."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from posedetector.anthropometry import ADULT_STATURE, TRAINED_SHARES
from posedetector.pose import Array
from posedetector.skeletons import H36M_17
from posedetector.training.augmentation import augment, draw, lower, mix, rebuild, shares, step_aside, turn_head, wander
from posedetector.training.bodies import (
    ARMS,
    BODY_14,
    FACE,
    HIPS,
    LEGS,
    MIRROR,
    SHOULDERS,
    Floats,
    bend_for,
    bent,
    cross,
    dot,
    place,
    rotate,
    side_of_bend,
    to_h36m,
    trunk_axes,
    unit,
)
from posedetector.training.cameras import Cameras, Filmed, _turns, film
from posedetector.training.mocap import Take, with_face
from posedetector.training.noise import Detected, _bridge, behind, detect, misplaced
from recordings import person, recorded, squatting, standing, walking

MM = 0.001
USUAL = Cameras()


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def of(joint: str) -> int:
    return H36M_17.index(joint)


def angles(points: Floats, limb: list[int]) -> Array:
    return np.degrees(bent(points, limb))


def lengths(points: Floats, start: int, end: int) -> Floats:
    return np.linalg.norm(points[..., end, :] - points[..., start, :], axis=-1)


# Bodies


@pytest.fixture(scope="module")
def upright() -> Floats:
    """(1, 14, 3) one who faces Z and stands straight."""
    return with_face(person())


@pytest.mark.parametrize(
    ("joint", "parts"),
    [
        ("pelvis", ["left_hip", "right_hip"]),
        ("thorax", ["left_shoulder", "right_shoulder"]),
        ("spine", ["left_hip", "right_hip", "left_shoulder", "right_shoulder"]),
        ("neck", ["nose"]),
        ("head", ["head"]),
        ("left_knee", ["left_knee"]),
        ("right_wrist", ["right_wrist"]),
    ],
)
def test_a_joint_is_in_the_middle_of_what_it_is_made_of(joint: str, parts: list[str]) -> None:
    points = random().normal(size=(14, 3))
    middle = points[BODY_14.indices(*parts)].mean(axis=0)

    assert to_h36m(points)[of(joint)] == pytest.approx(middle)


@pytest.mark.parametrize("bend", [0.0, 1.0, 20.0, 90.0, 150.0])
def test_a_limb_is_placed_with_the_lengths_and_the_bend_asked_for(bend: float) -> None:
    start, (direction, side) = random(1).normal(size=(5, 3)), _at_right_angles(5)
    first, second = np.full(5, 0.42), np.full(5, 0.4)
    middle, end = place(start, direction, side, first, second, np.full(5, np.radians(bend)))
    limb = np.stack([start, middle, end], axis=1)

    assert lengths(limb, 0, 1) == pytest.approx(first)
    assert lengths(limb, 1, 2) == pytest.approx(second)
    assert angles(limb, [0, 1, 2]) == pytest.approx(np.full(5, bend), abs=1e-4)


def test_a_limb_is_placed_where_it_should_point_and_bend_to() -> None:
    start, (direction, side) = np.zeros((5, 3)), _at_right_angles(5)
    middle, end = place(start, direction, side, np.full(5, 0.42), np.full(5, 0.4), np.full(5, 1.0))

    assert unit(end) == pytest.approx(direction)
    assert (dot(middle, side) > 0.1).all()
    assert dot(middle, cross(direction, side)) == pytest.approx(np.zeros((5, 1)), abs=1e-12)


def _at_right_angles(count: int) -> tuple[Array, Array]:
    turned = Rotation.random(count, rng=random(2)).as_matrix()
    return turned[:, 0], turned[:, 1]


@pytest.mark.parametrize("bend", [5.0, 40.0, 90.0, 150.0])
def test_the_bend_for_a_reach_is_the_bend_that_reaches_so_far(bend: float) -> None:
    reach = np.sqrt(0.4**2 + 0.3**2 + 2 * 0.4 * 0.3 * np.cos(np.radians(bend)))

    assert np.degrees(bend_for(np.array(reach), np.array(0.4), np.array(0.3))) == pytest.approx(bend)


def test_a_limb_that_cannot_reach_is_straight() -> None:
    assert bend_for(np.array([0.7001, 5.0]), np.array(0.4), np.array(0.3)) == pytest.approx([0, 0])


def test_a_bent_limb_bends_to_where_its_middle_joint_is() -> None:
    usual = np.array([[1.0, 0, 0]])  # sideways: only a straight limb is bent there
    direction, side = side_of_bend(with_face(person(hips=(40, 40), knees=(80, 80))), LEGS[0], usual)

    assert direction == pytest.approx(np.array([[0, -1, 0]]), abs=0.02)
    assert side == pytest.approx(np.array([[0, 0, 1]]), abs=0.12)


def test_a_straight_limb_bends_to_its_usual_side(upright: Floats) -> None:
    direction, side = side_of_bend(upright, LEGS[0], np.array([[0, 0.5, 1.0]]))

    assert direction == pytest.approx(np.array([[0, -1, 0]]), abs=1e-6)
    assert side == pytest.approx(np.array([[0, 0, 1]]), abs=1e-5)


def test_turning_agrees_with_scipy() -> None:
    vectors, axes, turns = random().normal(size=(20, 3)), unit(random(1).normal(size=(20, 3))), np.linspace(-4, 4, 20)
    expected = Rotation.from_rotvec(axes * turns[:, None]).apply(vectors)

    assert rotate(vectors, axes, turns) == pytest.approx(expected)


def test_who_faces_z_has_the_left_along_x(upright: Floats) -> None:
    left, up, forward = (axis[0] for axis in trunk_axes(upright))

    assert left == pytest.approx([1, 0, 0])
    assert up == pytest.approx([0, 1, 0])
    assert forward == pytest.approx([0, 0, 1])


def test_the_trunks_axes_turn_with_the_body(upright: Floats) -> None:
    turn = Rotation.from_euler("xyz", [20, 70, -10], degrees=True)
    turned = turn.apply(upright[0])

    assert np.array(trunk_axes(turned)) == pytest.approx(turn.apply(np.array(trunk_axes(upright[0]))), abs=1e-6)


def test_the_axes_of_a_twisted_trunk_are_at_right_angles() -> None:
    axes = np.array(trunk_axes(random().normal(size=(14, 3))))

    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-6)


def test_a_bend_is_the_angle_at_the_middle_joint() -> None:
    bends = with_face(person(hips=(30, 0), knees=(75, 10), elbows=(120, 0)))

    assert [angles(bends, limb)[0] for limb in (*LEGS, *ARMS)] == pytest.approx([75, 10, 120, 0], abs=0.1)


def test_the_face_is_before_and_above_the_shoulders(upright: Floats) -> None:
    nose, eyes = upright[0, 12:] - upright[0, SHOULDERS].mean(axis=0)

    assert nose == pytest.approx([0, 0.090 * ADULT_STATURE, 0.065 * ADULT_STATURE], abs=1e-6)
    assert eyes == pytest.approx([0, 0.118 * ADULT_STATURE, 0.050 * ADULT_STATURE], abs=1e-6)


# Other bodies, other postures


@pytest.fixture(scope="module")
def takes() -> list[Take]:
    return recorded(walking(), squatting(), standing(knee=5, elbow=10))


@pytest.fixture(scope="module")
def drawn(takes: list[Take]) -> Floats:
    """(160, 60, 14, 3): enough bodies for shares of them."""
    return draw(takes, 160, 60, random())


@pytest.fixture(scope="module")
def augmented(drawn: Floats) -> Floats:
    return augment(drawn.copy(), random(1))


def test_clips_drawn_are_the_same_for_the_same_seed(takes: list[Take]) -> None:
    one, same, other = (draw(takes, 8, 50, random(seed)) for seed in (3, 3, 4))

    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_clips_are_drawn_at_other_speeds() -> None:
    straight = recorded(person(ahead=np.arange(1000) / 50, frames=1000))  # 1 m/s
    speeds = 50 * np.abs(np.diff(draw(straight, 200, 50, random())[:, :, 0, 2], axis=1)).mean(axis=1)

    assert speeds.min() == pytest.approx(0.7, abs=0.05)
    assert speeds.max() == pytest.approx(1.5, abs=0.05)


def test_one_clip_in_ten_is_played_backwards() -> None:
    straight = recorded(person(ahead=np.arange(1000) / 50, frames=1000))
    backwards = np.diff(draw(straight, 600, 50, random())[:, :, 0, 2], axis=1).mean(axis=1) < 0

    assert backwards.mean() == pytest.approx(0.1, abs=0.04)


def test_large_files_and_long_recordings_are_drawn_more_often_but_not_in_proportion() -> None:
    clips = [
        Take(name, np.zeros((frames, 14, 3)), file=name[0])
        for name, frames in (("a/1", 100), ("a/2", 300), ("b/1", 100))
    ]
    first, longer, other = shares(clips, 1000)

    assert first + longer + other == pytest.approx(1)
    assert (first + longer) / other == pytest.approx(2)  # the root of four times as long
    assert longer / first == pytest.approx(3**0.7)


def test_beyond_a_length_recordings_are_drawn_no_more_often() -> None:
    clips = [Take(f"a/{frames}", np.zeros((frames, 14, 3))) for frames in (500, 900, 2000)]

    assert shares(clips, 500) == pytest.approx(np.full(3, 1 / 3))


def test_a_recording_that_is_too_short_goes_on_backwards_without_a_jump() -> None:
    clips, short = draw(recorded(walking(0.8)), 8, 300, random()), with_face(walking(0.8))

    assert np.abs(np.diff(clips, axis=1)).max() <= 1.5 * np.abs(np.diff(short, axis=0)).max() + 1e-5
    assert clips.min(axis=(0, 1)) == pytest.approx(short.min(axis=0), abs=0.03)
    assert clips.max(axis=(0, 1)) == pytest.approx(short.max(axis=0), abs=0.03)


def test_augmented_bodies_are_finite_and_of_single_precision(drawn: Floats, augmented: Floats) -> None:
    assert augmented.dtype == np.float32
    assert augmented.shape == drawn.shape
    assert np.isfinite(augmented).all()


def test_augmentation_leaves_what_it_was_given(drawn: Floats) -> None:
    given = drawn[:8].copy()
    augment(given, random(1))

    assert np.array_equal(given, drawn[:8])


def test_augmentation_is_the_same_for_the_same_seed(drawn: Floats) -> None:
    one, same, other = (augment(drawn[:8].copy(), random(seed)) for seed in (3, 3, 4))

    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


SEGMENTS = [
    (limb[row], limb[row + 1], share, spread)
    for limbs, shares, spread in (
        (LEGS, (TRAINED_SHARES["thigh"], TRAINED_SHARES["shank"]), 0.05),
        (ARMS, (TRAINED_SHARES["upper_arm"], TRAINED_SHARES["forearm"]), 0.07),
    )
    for limb in limbs
    for row, share in enumerate(shares)
]


@pytest.mark.parametrize(
    ("start", "end", "share", "spread"), SEGMENTS, ids=[BODY_14.points[end] for _, end, *_ in SEGMENTS]
)
def test_a_segment_keeps_its_length_which_is_near_its_share_of_stature(
    augmented: Floats, start: int, end: int, share: float, spread: float
) -> None:
    found = lengths(augmented, start, end)

    assert np.ptp(found, axis=1).max() < 0.02 * MM
    assert np.abs(found / (share * ADULT_STATURE) - 1).max() < 5 * spread
    assert np.std(found[:, 0] / (share * ADULT_STATURE)) == pytest.approx(spread, rel=0.25)


def test_the_trunk_keeps_its_length(augmented: Floats) -> None:
    found = np.linalg.norm(augmented[:, :, SHOULDERS].mean(axis=2) - augmented[:, :, HIPS].mean(axis=2), axis=-1)

    assert np.ptp(found, axis=1).max() < 0.02 * MM
    assert np.abs(found / (TRAINED_SHARES["trunk"] * ADULT_STATURE) - 1).max() < 5 * 0.07
    assert np.std(found[:, 0] / (TRAINED_SHARES["trunk"] * ADULT_STATURE)) == pytest.approx(0.07, rel=0.25)


def test_left_and_right_are_equally_long(augmented: Floats) -> None:
    for start, end, *_ in SEGMENTS:
        difference = lengths(augmented, start, end) - lengths(augmented, MIRROR[start], MIRROR[end])
        assert np.abs(difference).max() < 0.02 * MM


def test_knees_never_bend_backwards(augmented: Floats) -> None:
    across = augmented[:, :, 6] - augmented[:, :, 7]
    ahead = cross(unit(across * [1, 0, 1]), np.broadcast_to([0, 1, 0], across.shape))
    for leg in LEGS:
        knee = augmented[:, :, leg[1]] - augmented[:, :, leg[0]]
        along = unit(augmented[:, :, leg[2]] - augmented[:, :, leg[0]])
        assert dot(knee - dot(knee, along) * along, ahead).min() > -1 * MM


@pytest.mark.parametrize("make", [rebuild, augment])
def test_knees_bend_by_150_degrees_at_most(drawn: Floats, make: Callable) -> None:
    made = make(drawn, random(1))

    assert max(angles(made, leg).max() for leg in LEGS) <= 150.1


def test_half_of_the_bodies_are_mirrored() -> None:
    one_armed = recorded(person(elbows=(90, 20), frames=60))
    made = augment(draw(one_armed, 200, 20, random()), random())
    left, right = (angles(made, arm).mean(axis=1) for arm in ARMS)

    assert (left > right).mean() == pytest.approx(0.5, abs=0.12)


def test_mixed_bodies_keep_their_legs_and_have_the_next_ones_arms() -> None:
    bodies = np.stack([_turned_away(with_face(person(elbows=(10 * row, 5), frames=3)), 40 * row) for row in range(9)])
    mixed = mix(bodies.copy(), random())
    elbows = np.rint(angles(mixed, ARMS[0])[:, 0] / 10).astype(int)
    changed = elbows != np.arange(9)

    assert np.array_equal(mixed[:, :, 6:12], bodies[:, :, 6:12])
    assert 0 < changed.sum() < 9
    assert np.array_equal(elbows[changed], (np.arange(9)[changed] + 1) % 9)


def test_mixed_bodies_are_turned_the_same_way_above_and_below() -> None:
    bodies = np.stack([_turned_away(with_face(person(elbows=(10 * row, 5), frames=3)), 40 * row) for row in range(9)])
    mixed = mix(bodies.copy(), random())

    assert unit(mixed[:, :, 0] - mixed[:, :, 1]) == pytest.approx(unit(mixed[:, :, 6] - mixed[:, :, 7]), abs=1e-5)
    assert mixed[:, :, SHOULDERS].mean(axis=2) == pytest.approx(bodies[:, :, SHOULDERS].mean(axis=2), abs=1e-5)


def _turned_away(points: Floats, degrees: float) -> Floats:
    turned = Rotation.from_euler("y", degrees, degrees=True).apply(points.reshape(-1, 3)).reshape(points.shape)
    return turned.astype(np.float32)


def test_who_steps_aside_keeps_pelvis_and_trunk(drawn: Floats) -> None:
    moved = step_aside(drawn, random())

    assert np.array_equal(moved[:, :, :8], drawn[:, :, :8])
    assert np.abs(moved[:, :, 10:12] - drawn[:, :, 10:12]).max() > 0.1


def test_who_squats_keeps_the_feet_where_they_were() -> None:
    upright = draw(recorded(walking()), 160, 60, random())  # a deep squat cannot be made deeper
    moved = np.abs(lower(upright, random()) - upright)

    assert moved[:, :, 10:12].max() < 0.1 * MM
    assert moved[:, :, 8:10].max() > 0.1


def test_who_squats_lowers_the_pelvis_by_no_more_than_55_cm(drawn: Floats) -> None:
    lowered = lower(drawn, random())
    down = (drawn - lowered)[:, :, HIPS, 1].mean(axis=2)

    assert down.min() >= -0.01 * MM
    assert 0.3 < down.max() <= 0.55
    assert (down.max(axis=1) > 1 * MM).mean() == pytest.approx(0.4, abs=0.12)


def test_who_squats_keeps_every_length(drawn: Floats) -> None:
    lowered = lower(drawn, random())

    for start, end, *_ in SEGMENTS:
        assert lengths(lowered, start, end) == pytest.approx(lengths(drawn, start, end), abs=0.01 * MM)


def test_a_head_that_turns_stays_on_the_neck(drawn: Floats) -> None:
    turned = turn_head(drawn, random())
    distances = np.linalg.norm(turned[:, :, FACE] - turned[:, :, SHOULDERS].mean(axis=2, keepdims=True), axis=-1)

    assert np.array_equal(turned[:, :, :12], drawn[:, :, :12])
    assert distances.max() < 0.35
    assert np.abs(turned - drawn)[:, :, FACE].max() > 0.05


def test_heads_are_held_before_the_trunks_line(drawn: Floats) -> None:
    def ahead(points: Floats) -> float:
        face = points[:, :, FACE].mean(axis=2) - points[:, :, SHOULDERS].mean(axis=2)
        return float((face * trunk_axes(points)[2]).sum(axis=-1).mean())

    # who looks about has his nose less far ahead, unless he holds it there
    assert ahead(turn_head(drawn, random())) > ahead(drawn) + 0.005


def test_angles_wander_by_the_standard_deviation_asked_for() -> None:
    curves = np.degrees(wander(random(), 4000, 100, 20))

    assert curves.std() == pytest.approx(20, rel=0.1)
    assert curves.mean() == pytest.approx(0, abs=1)
    # two thirds stay for the whole clip; the slow part of the rest adds to it
    assert 0.6 * 20 < curves.mean(axis=1).std() < 0.9 * 20


def test_curves_between_limits_stay_between_them_and_use_them() -> None:
    curves = wander(random(), 1000, 100, low=-0.3, high=1)

    assert -0.3 <= curves.min() < -0.28
    assert 0.98 < curves.max() <= 1


def test_curves_wander_smoothly() -> None:
    # from one end to the other in half a second, 25 frames, eased: 1.5 / 25 a frame at the steepest
    assert np.abs(np.diff(wander(random(), 1000, 200, low=0, high=1), axis=1)).max() < 1.55 / 25


# Cameras


def test_a_camera_projects_by_the_pinhole() -> None:
    points = np.array([[[[0.5, -0.25, 2.0], [0, 0, 7.0]]]])
    filmed = Filmed(points, np.array([1.5]), np.array([0.5625]))

    assert filmed.screen(points)[0, 0] == pytest.approx(np.array([[0.375, -0.1875], [0, 0]]))


@pytest.fixture(scope="module")
def filmed(augmented: Floats) -> Filmed:
    return film(augmented, random(2), USUAL)


def test_nobody_is_behind_the_lens_or_nearer_than_40_cm(filmed: Filmed) -> None:
    huge = with_face(person(ahead=[0, 60]))[None].repeat(50, axis=0)  # farther than any camera stands off

    assert filmed.camera[..., 2].min() >= 0.399
    assert film(huge, random(), USUAL).camera[..., 2].min() >= 0.399


def test_a_filmed_body_is_the_same_body(augmented: Floats, filmed: Filmed) -> None:
    before, after = (points.reshape(len(points), -1, 3)[:, ::97] for points in (augmented, filmed.camera))
    distances = [np.linalg.norm(one[:, :, None] - one[:, None], axis=-1) for one in (before, after)]
    handed = [np.linalg.det(one[:, 1:4] - one[:, :1]) for one in (before, after)]

    assert distances[1] == pytest.approx(distances[0], abs=0.05 * MM)
    assert handed[1] == pytest.approx(handed[0], abs=1e-3)


def test_cameras_are_turned_and_never_mirrored() -> None:
    turns = _turns(random(), 500, USUAL)

    assert turns @ turns.transpose(0, 2, 1) == pytest.approx(np.broadcast_to(np.eye(3), (500, 3, 3)), abs=1e-6)
    assert np.linalg.det(turns) == pytest.approx(np.ones(500))


def test_cameras_look_from_all_around() -> None:
    away = _turns(random(), 2000, USUAL)[:, 2]
    quadrants = np.bincount((np.arctan2(away[:, 2], away[:, 0]) // (np.pi / 2)).astype(int) + 2)

    assert quadrants / 2000 == pytest.approx(np.full(4, 0.25), abs=0.05)


def test_cameras_look_about_level_and_slightly_down() -> None:
    turns = _turns(random(), 4000, USUAL)
    elevation = np.degrees(np.arcsin(-turns[:, 2, 1]))

    assert np.median(elevation) == pytest.approx(5, abs=1)
    assert np.percentile(elevation, 16) == pytest.approx(5 - 11, abs=2.5)
    assert np.percentile(elevation, 84) == pytest.approx(5 + 11, abs=2.5)
    assert (np.abs(elevation - 10) <= 60).all()


def test_cameras_look_down_as_they_are_asked_to() -> None:
    turns = _turns(random(), 2000, Cameras(elevation=(40, 0), roll=0))
    elevation = np.degrees(np.arcsin(-turns[:, 2, 1]))

    assert (np.abs(elevation - 40) < 0.01).mean() == pytest.approx(0.9, abs=0.02)
    assert -25 <= elevation.min() < -20  # one in ten as ever
    assert np.abs(turns[:, 0, 1]).max() < 1e-6  # level


def test_lenses_are_those_asked_for() -> None:
    seen = film(with_face(person())[None].repeat(200, axis=0), random(), Cameras(fov=(60, 62)))
    view = 2 * np.degrees(np.arctan(np.maximum(1, seen.aspect) / seen.focal))

    assert 60 <= view.min() < 60.2
    assert 61.8 < view.max() <= 62


def test_up_is_up_in_the_picture() -> None:
    assert (_turns(random(), 2000, USUAL)[:, 1, 1] < -0.4).all()  # down in the picture is down in the room


def test_pictures_are_upright_or_across_and_no_longer_than_a_phones(filmed: Filmed) -> None:
    assert filmed.aspect.min() == pytest.approx(9 / 16)
    assert filmed.aspect.max() == pytest.approx(16 / 9)
    assert (filmed.aspect > 1).mean() == pytest.approx(0.475, abs=0.13)


def test_fields_of_view_are_those_of_lenses(filmed: Filmed) -> None:
    view = 2 * np.degrees(np.arctan(np.maximum(1, filmed.aspect) / filmed.focal))

    assert 28 - 1e-3 <= view.min() < 35
    assert 68 < view.max() <= 75 + 1e-3


def test_nobody_fills_more_than_nine_tenths_of_the_picture() -> None:
    tall = with_face(person(frames=1))[None].repeat(200, axis=0)
    seen = film(tall, random(), USUAL)
    root = seen.camera[:, 0, HIPS].mean(axis=1)
    extent = np.abs(seen.camera[:, 0] - root[:, None])[..., :2].max(axis=(1, 2))
    share = extent / root[:, 2] * seen.focal / np.minimum(1, seen.aspect)

    assert 0.25 < share.min() < 0.4
    assert 0.8 < share.max() < 0.92


# What a detector makes of it


@pytest.fixture(scope="module")
def posed() -> Filmed:
    """128 times the same one, 2 s, who faces a camera 4 m away and does not move."""
    points = with_face(standing(2, knee=5))
    camera = points * [-1, -1, -1] + [0, 0.9, 4]
    return _seen(np.repeat(camera[None], 128, axis=0))


def _seen(camera: Floats) -> Filmed:
    count = len(camera)
    return Filmed(camera.astype(np.float32), np.full(count, 2, np.float32), np.full(count, 0.5625, np.float32))


SIZE = np.full((128, 1), 0.665)  # of a leg and trunk of 1.33 m, 4 m away, seen with a focal length of 2 halves


@pytest.fixture(scope="module")
def detected(posed: Filmed) -> Detected:
    return detect(posed, SIZE, random())


def test_scores_are_between_0_and_1(detected: Detected) -> None:
    assert detected.score.min() == 0
    assert detected.score.max() <= 1


def test_detected_points_are_finite_and_of_single_precision(detected: Detected) -> None:
    assert np.isfinite(detected.screen).all()
    assert (detected.screen.dtype, detected.score.dtype) == (np.float32, np.float32)


def test_detections_are_the_same_for_the_same_seed(posed: Filmed) -> None:
    few = Filmed(*(part[:8] for part in posed))
    one, same, other = (detect(few, SIZE[:8], random(seed)) for seed in (3, 3, 4))

    assert np.array_equal(one.screen, same.screen)
    assert np.array_equal(one.score, same.score)
    assert not np.array_equal(one.screen, other.screen)


def test_points_jitter_by_a_third_to_half_of_a_percent_of_the_persons_size(detected: Detected) -> None:
    knees = np.diff(detected.screen[:, :, [8, 9]], n=3, axis=1).std(axis=1) / np.sqrt(20) / SIZE[:, :, None]

    assert 0.003 < np.median(knees) < 0.005


def test_a_person_twice_as_large_jitters_twice_as_much(posed: Filmed) -> None:
    few = Filmed(*(part[:8] for part in posed))
    true = few.screen(misplaced(few.camera, random()))
    once, twice = (detect(few, size * SIZE[:8], random()).screen - true for size in (1, 2))
    share = np.median(np.abs(twice) / np.abs(once))

    assert share == pytest.approx(2, rel=0.01)


def test_points_are_off_their_joints_by_the_same_vector_throughout(augmented: Floats) -> None:
    off = misplaced(augmented, random()) - augmented
    in_trunk = np.stack([dot(off, axis[:, :, None])[..., 0] for axis in trunk_axes(augmented)])

    assert np.ptp(in_trunk, axis=2).max() < 0.05 * MM


def test_hips_are_off_by_two_centimetres_and_eyes_by_less_than_one(posed: Filmed) -> None:
    off = (misplaced(posed.camera, random()) - posed.camera)[:, 0]

    assert off[:, HIPS].std() == pytest.approx(0.021, rel=0.15)
    assert off[:, FACE].std() == pytest.approx(0.007, rel=0.15)


def test_half_of_what_points_are_off_by_is_the_same_on_both_sides(posed: Filmed) -> None:
    off = (misplaced(posed.camera, random()) - posed.camera)[:, 0]
    mirrored = off[:, MIRROR] * [-1, 1, 1]

    assert np.corrcoef(off[:, :6].ravel(), mirrored[:, :6].ravel())[0, 1] == pytest.approx(0.87**2, abs=0.08)


def test_the_far_side_is_hidden_in_a_side_view() -> None:
    points = with_face(standing(1, knee=5))[None]
    beside = np.stack([-points[..., 2], 0.9 - points[..., 1], 4 - points[..., 0]], axis=-1)  # the left is nearer
    hidden = behind(beside)[0, 0]

    assert (hidden[[1, 3, 5, 7, 9, 11]] > 0.3).all()
    assert not hidden[[0, 2, 4, 6, 8, 10]].any()


def test_nothing_is_hidden_of_who_faces_the_camera(posed: Filmed) -> None:
    assert not behind(posed.camera[:1]).any()


def test_hidden_points_have_lower_scores() -> None:
    points = with_face(standing(2, knee=5))[None].repeat(128, axis=0)
    beside = np.stack([-points[..., 2], 0.9 - points[..., 1], 4 - points[..., 0]], axis=-1)
    score = detect(_seen(beside), SIZE, random()).score
    near, far = (np.median(score[:, :, rows]) for rows in ([2, 4, 8, 10], [3, 5, 9, 11]))

    assert near > far + 0.05


def test_some_points_are_lost(detected: Detected) -> None:
    lost = detected.score == 0

    assert 0.005 < lost.mean() < 0.1
    assert lost.any(axis=(0, 1)).all()


@pytest.mark.parametrize(
    ("start", "stop", "x"),
    [(3, 6, [0, 1, 2, 3, 4, 5, 6, 7]), (0, 3, [3, 3, 3, 3, 4, 5, 6, 7]), (5, 8, [0, 1, 2, 3, 4, 4, 4, 4])],
    ids=["between", "at the beginning", "at the end"],
)
def test_a_lost_point_is_bridged_by_a_straight_line_or_stands_still(start: int, stop: int, x: list[float]) -> None:
    path = np.zeros((8, 14, 2))
    path[:, :, 0] = np.arange(8)[:, None]
    true = path.copy()
    path[start:stop, 4] = 99
    _bridge(path, np.array([4]), start, stop)

    assert path[:, 4, 0] == pytest.approx(x)
    assert np.array_equal(np.delete(path, 4, axis=1), np.delete(true, 4, axis=1))


def test_a_point_that_is_lost_throughout_is_left_where_it_was() -> None:
    path = np.ones((8, 14, 2))
    _bridge(path, np.array([4]), 0, 8)

    assert np.array_equal(path, np.ones((8, 14, 2)))
