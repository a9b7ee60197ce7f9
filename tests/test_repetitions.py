"""Squats and sitting down and rising, whose beginnings, turns, ends and depths are known; and what is neither."""

from dataclasses import replace

import numpy as np
import pytest

from posedetector.estimators.synthetic import Walker
from posedetector.filters import low_pass
from posedetector.kinematics.angles import joint_angles
from posedetector.kinematics.nouns import Repetition
from posedetector.kinematics.repetitions import find_repetitions
from posedetector.pose import Array, MetricPose, Source
from posedetector.skeletons import BLAZEPOSE_33

RATE = 60.0
HIPS, ANKLE, THIGH = 0.90, 0.08, 0.43  # metres, of somebody who stands; the shank is as long as the thigh
DEPTH = 0.4


def body(height: Array, *, drift: float = 0.0, straight: bool = False, lift: Array | float = 0.0) -> MetricPose:
    """Somebody whose hips are at so many metres over time, knees bent forwards; `lift` raises the right ankle."""
    time = np.arange(len(height)) / RATE
    nought = np.zeros_like(time)
    xyz = np.full((len(time), len(BLAZEPOSE_33), 3), np.nan)
    for side, out, foot in (("left", -0.1, 0.0), ("right", 0.1, lift)):
        low = ANKLE + foot - height
        half = (height - ANKLE - foot) / 2
        ahead = 0.0 if straight else np.sqrt(np.clip(THIGH**2 - half**2, 0, None))
        points = {"hip": (0.0, nought), "knee": (ahead, low / 2), "ankle": (0.0, low), "shoulder": (0.0, nought + 0.5)}
        for name, (x, y) in points.items():
            xyz[:, BLAZEPOSE_33.index(f"{side}_{name}")] = np.stack([nought + x, y, nought + out], axis=1)
    root = np.stack([drift * time, height + drift * time, nought], axis=1)
    source = np.where(np.isfinite(xyz[..., 0]), Source.MEASURED, Source.NONE).astype(np.uint8)
    return MetricPose(BLAZEPOSE_33, time, xyz, (source > 0).astype(float), source, root)


def wave(count: int, seconds: float, depth: float = DEPTH, rest: float = 1.0) -> Array:
    """Hips that go down and up evenly, with a rest above before, between and after."""
    up = np.zeros(round(rest * RATE))
    down = (1 - np.cos(2 * np.pi * np.arange(round(seconds * RATE)) / (seconds * RATE))) / 2
    return HIPS - depth * np.concatenate([up, *([down, up] * count)])


def sitting(count: int, *, seated_first: bool = False, pause: float = 2.0) -> Array:
    """Hips that go down to a seat in a second, stay there for `pause`, and come up in a second."""
    down = (1 - np.cos(np.pi * np.arange(RATE) / RATE)) / 2
    seat, up = np.ones(round(pause * RATE)), np.zeros(round(RATE))
    whole = [part for _ in range(count) for part in (down, seat, down[::-1], up)]
    return HIPS - DEPTH * np.concatenate([up, *whole])[round(2 * RATE) if seated_first else 0 :]


def repetitions(pose: MetricPose) -> tuple[Repetition, ...]:
    return find_repetitions(pose, joint_angles(pose))


@pytest.mark.parametrize("count", [1, 5])
def test_every_squat_is_found_with_its_turn_and_depth(count: int) -> None:
    found = repetitions(body(wave(count, 2.0)))

    assert [one.movement for one in found] == ["squat"] * count
    assert [one.turn for one in found] == pytest.approx([2.0 + 3.0 * number for number in range(count)], abs=0.01)
    assert [one.depth for one in found] == pytest.approx([DEPTH] * count, abs=1e-3)


def test_a_squat_begins_and_ends_where_a_twentieth_of_its_depth_is_left_and_reached() -> None:
    (found,) = repetitions(body(wave(1, 2.0)))
    lost = np.arccos(1 - 2 * 0.05) / np.pi  # of half the squat, a cosine

    assert (found.start, found.end) == pytest.approx((1.0 + lost, 3.0 - lost), abs=0.01)


def test_the_knees_greatest_bend_is_that_of_the_lowest_point() -> None:
    (found,) = repetitions(body(wave(1, 2.0)))

    assert found.knee == pytest.approx(np.pi - 2 * np.arcsin((HIPS - ANKLE - DEPTH) / 2 / THIGH), abs=0.01)


def test_squats_without_a_rest_between_are_told_apart() -> None:
    assert len(repetitions(body(wave(4, 2.0, rest=0.0)))) == 4


@pytest.mark.parametrize("noise", [0.01, 0.02])
def test_noise_makes_no_repetitions_and_hides_none(noise: float) -> None:
    pose = body(wave(5, 2.0))
    shaken = pose.xyz + noise * np.random.default_rng(0).standard_normal(pose.xyz.shape)

    assert len(repetitions(replace(pose, xyz=low_pass(shaken, pose.time, 6.0)))) == 5


def test_a_moving_path_is_no_repetition_and_hides_none() -> None:
    assert len(repetitions(body(wave(3, 2.0), drift=0.5))) == 3
    assert len(repetitions(body(wave(3, 2.0), drift=1.0))) == 3
    still = body(np.full(600, HIPS))
    assert repetitions(replace(still, root=still.root + np.sin(still.time)[:, None])) == ()


def test_no_path_is_needed() -> None:
    pose = body(wave(3, 2.0))

    assert repetitions(replace(pose, root=np.full_like(pose.root, np.nan))) == repetitions(pose)


def test_who_rests_on_a_seat_sits_down_and_rises() -> None:
    found = repetitions(body(sitting(2)))

    assert [one.movement for one in found] == ["sit_to_stand"] * 2
    assert [one.depth for one in found] == pytest.approx([DEPTH] * 2, abs=1e-3)


def test_a_slow_squat_is_a_squat() -> None:
    assert [one.movement for one in repetitions(body(wave(2, 5.0)))] == ["squat"] * 2


def test_who_sits_when_the_clip_begins_rises_from_the_turn_on() -> None:
    first, second = repetitions(body(sitting(2, seated_first=True)))
    lost = np.arccos(1 - 2 * 0.05) / np.pi

    assert (first.movement, second.movement) == ("sit_to_stand", "sit_to_stand")
    assert first.start == first.turn == pytest.approx(2.0 + lost, abs=0.03)
    assert first.end == pytest.approx(3.0 - lost, abs=0.03)


def test_a_clip_that_begins_at_the_bottom_of_a_squat_has_no_repetition_of_it() -> None:
    (found,) = repetitions(body(wave(2, 2.0)[round(2 * RATE) :]))

    assert found.turn == pytest.approx(3.0, abs=0.01)


def test_a_dip_that_is_shallow_is_none() -> None:
    assert repetitions(body(wave(3, 2.0, depth=0.1))) == ()


def test_going_down_once_without_coming_up_is_none() -> None:
    assert repetitions(body(wave(1, 2.0)[: round(2 * RATE)])) == ()


def test_hips_that_sink_while_the_knees_stay_straight_are_none() -> None:
    assert repetitions(body(wave(3, 2.0), straight=True)) == ()


def test_hips_that_sink_over_one_foot_alone_are_none() -> None:
    assert repetitions(body(wave(3, 2.0), lift=0.25)) == ()


@pytest.mark.parametrize("speed", [0.0, 0.5, 0.9])
def test_a_walk_has_no_repetitions(speed: float) -> None:
    time = np.arange(300) / RATE
    positions = Walker(speed=speed).positions(time)
    root = positions[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean(axis=1)
    source = np.full(positions.shape[:2], Source.MEASURED, np.uint8)
    pose = MetricPose(BLAZEPOSE_33, time, positions - root[:, None], np.ones(source.shape), source, root)

    assert repetitions(pose) == ()


def test_a_hole_hides_the_squat_that_it_is_in_and_no_other() -> None:
    pose = body(wave(3, 2.0))
    xyz = pose.xyz.copy()
    xyz[round(4.8 * RATE) : round(5.2 * RATE)] = np.nan  # the second one's turn
    found = repetitions(replace(pose, xyz=xyz))

    assert [one.turn for one in found] == pytest.approx([2.0, 8.0], abs=0.01)


@pytest.mark.parametrize("frames", [1, 3, 11])
def test_a_clip_of_a_few_frames_has_none(frames: int) -> None:
    assert repetitions(body(wave(1, 2.0)[:frames])) == ()


def test_without_ankles_there_are_none() -> None:
    pose = body(wave(3, 2.0))
    xyz = pose.xyz.copy()
    xyz[:, BLAZEPOSE_33.indices("left_ankle", "right_ankle")] = np.nan

    assert repetitions(replace(pose, xyz=xyz)) == ()


def test_knees_whose_angle_is_unknown_do_not_hide_a_squat() -> None:
    pose = body(wave(1, 2.0))
    angles = joint_angles(pose)
    (found,) = find_repetitions(pose, replace(angles, values=np.full_like(angles.values, np.nan)))

    assert np.isnan(found.knee)


def test_the_ankle_that_stays_down_tells_the_depth() -> None:
    down = (HIPS - wave(1, 2.0)) / DEPTH
    (found,) = repetitions(body(wave(1, 2.0), lift=0.1 * down))  # the right heel comes off the floor

    assert found.depth == pytest.approx(DEPTH, abs=1e-3)


def test_who_sways_on_the_seat_when_the_clip_begins_still_rises_from_it() -> None:
    height = sitting(1, seated_first=True)[: round(6 * RATE)]
    swaying = height + 0.01 * np.cos(np.pi * np.arange(len(height)) / RATE)  # a little higher at first
    first = repetitions(body(swaying))[0]

    assert first.movement == "sit_to_stand"
    assert first.start == first.turn == pytest.approx(2.1, abs=0.1)


FLIGHT = 0.5  # seconds in the air


def jumping(*, landing: float = 0.25) -> tuple[Array, Array]:
    """Hips over ankles, and how high the feet are: a countermovement, a flight, and a landing into bent knees."""
    rest, dip, flight = round(RATE), round(0.8 * RATE), round(FLIGHT * RATE)
    down = (1 - np.cos(2 * np.pi * np.arange(dip) / dip)) / 2
    still = np.zeros(rest)
    height = HIPS - np.concatenate([still, 0.3 * down, np.zeros(flight), landing * down, still])
    time = np.arange(flight) / RATE
    ballistic = 9.81 / 2 * time * (FLIGHT - time)
    return height, np.concatenate([np.zeros(rest + dip), ballistic, np.zeros(dip + rest)])


def in_the_air(pose: MetricPose, hop: Array) -> MetricPose:
    return replace(pose, root=pose.root + hop[:, None] * [0.0, 1.0, 0.0])


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_a_jump_and_its_landing_are_no_squats(noise: float) -> None:
    height, hop = jumping()
    pose = in_the_air(body(height), hop)
    shaken = pose.xyz + noise * np.random.default_rng(0).standard_normal(pose.xyz.shape)

    assert repetitions(replace(pose, xyz=low_pass(shaken, pose.time, 6.0))) == ()
    assert len(repetitions(body(height))) == 2  # with feet that stay, the same knees squat


def test_a_squat_between_jumps_is_one() -> None:
    height, hop = jumping()
    squat = wave(1, 2.0)
    pose = in_the_air(body(np.concatenate([height, squat, height])), np.concatenate([hop, 0 * squat, hop]))
    (found,) = repetitions(pose)

    assert found.turn == pytest.approx((len(height) + 2 * RATE) / RATE, abs=0.01)


def with_toes(pose: MetricPose, height: Array | float) -> MetricPose:
    """Toes at so many metres above the floor."""
    xyz = pose.xyz.copy()
    for side in ("left", "right"):
        ankle, toe = (BLAZEPOSE_33.index(f"{side}_{name}") for name in ("ankle", "foot_index"))
        xyz[:, toe] = xyz[:, ankle] + [0.15, 0.0, 0.0]
        xyz[:, toe, 1] = height - pose.root[:, 1]
    return replace(pose, xyz=xyz)


def test_rising_on_the_toes_behind_a_squat_is_no_jump() -> None:
    squats = wave(3, 2.0)
    heels = np.zeros_like(squats)
    for number in range(3):  # for half a second at the top
        start = round((3.1 + 3 * number) * RATE)
        heels[start : start + 30] = 0.14 * np.sin(np.pi * np.arange(30) / 30)
    pose = in_the_air(body(squats), heels)

    assert len(repetitions(pose)) == 3
    assert len(repetitions(with_toes(pose, 0.02))) == 3


def test_toes_tell_a_low_jump_that_ankles_do_not() -> None:
    height, hop = jumping()
    pose = in_the_air(body(height), 0.5 * hop)  # 15 cm

    assert repetitions(with_toes(pose, 0.02 + 0.5 * hop)) == ()
    assert len(repetitions(pose)) == 2


def test_a_foot_that_is_lifted_behind_a_squat_is_no_jump() -> None:
    lift = np.zeros(round(4 * RATE))
    lift[round(2.9 * RATE) : round(3.5 * RATE)] = 0.3 * np.sin(np.pi * np.arange(round(0.6 * RATE)) / (0.6 * RATE))

    assert len(repetitions(body(wave(1, 2.0), lift=lift))) == 1
