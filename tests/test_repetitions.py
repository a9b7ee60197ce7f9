"""Squats and sitting down and rising, whose beginnings, turns, ends and depths are known; and what is neither."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from changing import placed, without
from posedetector.estimators.synthetic import Walker
from posedetector.filters import low_pass
from posedetector.kinematics.angles import joint_angles
from posedetector.kinematics.nouns import Repetition
from posedetector.kinematics.repetitions import find_repetitions
from posedetector.kinematics.sets import measure_sets
from posedetector.pose import Array, MetricPose, Source
from posedetector.skeletons import BLAZEPOSE_33

RATE = 60.0
HIPS, ANKLE, THIGH = 0.90, 0.08, 0.43  # metres, of somebody who stands; the shank is as long as the thigh
DEPTH = 0.4


def body(
    height: Array,
    *,
    drift: float = 0.0,
    straight: bool = False,
    lift: Array | float = 0.0,
    behind: float = 0.0,
    lean: float = 0.0,
    step: float = 0.0,
) -> MetricPose:
    """Somebody whose hips are at so many metres over time, knees bent forwards; `lift` raises the right ankle.

    For each metre that the hips sink they also go back by `behind`, the trunk leans forward by `lean` radians, and the right foot
    goes out by `step` metres.
    """
    time = np.arange(len(height)) / RATE
    nought = np.zeros_like(time)
    xyz = np.full((len(time), len(BLAZEPOSE_33), 3), np.nan)
    for side, out, foot in (("left", -0.1, 0.0), ("right", 0.1, lift)):
        low = ANKLE + foot - height
        half = (height - ANKLE - foot) / 2
        ahead = 0.0 if straight else np.sqrt(np.clip(THIGH**2 - half**2, 0, None))
        sunk = HIPS - height
        back, angle = behind * sunk, lean * sunk
        points = {
            "hip": (0.0, nought),
            "knee": (ahead + back / 2, low / 2),
            "ankle": (back, low),
            "shoulder": (0.5 * np.sin(angle), 0.5 * np.cos(angle)),
        }
        for name, (x, y) in points.items():
            aside = out + (step * sunk if (side, name) == ("right", "ankle") else 0.0)
            xyz[:, BLAZEPOSE_33.index(f"{side}_{name}")] = np.stack([nought + x, y, nought + aside], axis=1)
    root = np.stack([drift * time, height + drift * time, nought], axis=1)
    source = np.where(np.isfinite(xyz[..., 0]), Source.MEASURED, Source.NONE).astype(np.uint8)
    return MetricPose(BLAZEPOSE_33, time, xyz, (source > 0).astype(float), source, root)


def wave(count: int, seconds: float, depth: float = DEPTH, rest: float = 1.0) -> Array:
    """Hips that go down and up evenly, with a rest above before, between and after."""
    up = np.zeros(round(rest * RATE))
    down = (1 - np.cos(2 * np.pi * np.arange(round(seconds * RATE)) / (seconds * RATE))) / 2
    return HIPS - depth * np.concatenate([up, *([down, up] * count)])


SEAT = (
    1.0  # metres that the hips are behind the ankles for each that they sink: 0.4 m on the chair, as OpenCap's subjects
)


def course(first: float, *steps: tuple[float, float]) -> Array:
    """Hips that go to each level (0 standing, 1 on the chair) within so many seconds, and stay where it is the one they are on."""
    levels = [np.array([first])]
    for to, seconds in steps:
        share = (1 - np.cos(np.pi * np.arange(1, round(seconds * RATE) + 1) / round(seconds * RATE))) / 2
        levels.append(levels[-1][-1] + (to - levels[-1][-1]) * share)
    return HIPS - DEPTH * np.concatenate(levels)


def stands(count: int, *, way: float = 1.0, rest: float = 1.0, before: float = 2.0, ends_seated: bool = True) -> Array:
    """Standing up from the chair so often; `way` seconds up and down, `rest` seconds on the chair and as many standing."""
    steps = [(1.0, before)] * (before > 0)
    for number in range(count):
        steps += [(0.0, way), *[(0.0, rest)] * (rest > 0)]
        if number < count - 1 or ends_seated:
            steps += [(1.0, way), *[(1.0, rest)] * (rest > 0)]
    return course(1.0, *steps)


def shaken(pose: MetricPose, noise: float) -> MetricPose:
    """The same with noise of so many metres, low-passed as `smoothing` does."""
    xyz = pose.xyz + noise * np.random.default_rng(0).standard_normal(pose.xyz.shape)
    return replace(pose, xyz=low_pass(xyz, pose.time, 6.0))


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

    assert found.knee_flexion_rad == pytest.approx(np.pi - 2 * np.arcsin((HIPS - ANKLE - DEPTH) / 2 / THIGH), abs=0.01)


def test_squats_without_a_rest_between_are_told_apart() -> None:
    assert len(repetitions(body(wave(4, 2.0, rest=0.0)))) == 4


@pytest.mark.parametrize("noise", [0.01, 0.02])
def test_noise_makes_no_repetitions_and_hides_none(noise: float) -> None:
    assert len(repetitions(shaken(body(wave(5, 2.0)), noise))) == 5


def test_a_moving_path_is_no_repetition_and_hides_none() -> None:
    assert len(repetitions(body(wave(3, 2.0), drift=0.5))) == 3
    assert len(repetitions(body(wave(3, 2.0), drift=1.0))) == 3
    still = body(np.full(600, HIPS))
    assert repetitions(replace(still, root=still.root + np.sin(still.time)[:, None])) == ()


def test_no_path_is_needed() -> None:
    pose = body(wave(3, 2.0))

    assert repetitions(replace(pose, root=np.full_like(pose.root, np.nan))) == repetitions(pose)


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.02])
@pytest.mark.parametrize("ends_seated", [True, False])
@pytest.mark.parametrize(
    ("before", "way", "rest"),
    [(0, 1, 1), (0.2, 1, 0), (0.5, 1, 0.5), (2, 1, 3), (2, 0.4, 0), (0.5, 0.4, 0), (1, 3, 0), (0, 3, 2)],
)
def test_five_stands_from_a_chair_are_five(
    before: float, way: float, rest: float, ends_seated: bool, noise: float
) -> None:
    found = repetitions(
        shaken(body(stands(5, way=way, rest=rest, before=before, ends_seated=ends_seated), behind=SEAT), noise)
    )
    lost = way * np.arccos(1 - 2 * 0.05) / np.pi
    begins = before + 2 * (way + rest) * np.arange(5)
    near = 0.03 + 0.05 * way + 3 * noise * way

    assert [one.movement for one in found] == ["sit_to_stand"] * 5
    assert [one.start for one in found] == pytest.approx(begins + lost, abs=near)
    assert [one.turn for one in found] == pytest.approx(begins + way - lost, abs=near)
    assert [one.depth for one in found] == pytest.approx([DEPTH] * 5, rel=0.1)
    assert [one.up for one in found] == pytest.approx([way - 2 * lost] * 5, abs=2 * near)
    sat = found if ends_seated else found[:-1]
    assert [one.down for one in sat] == pytest.approx([way - 2 * lost] * len(sat), abs=2 * near)
    if not ends_seated:
        assert found[-1].end == found[-1].turn
        assert np.isnan(found[-1].down)


def test_a_first_sitting_down_is_no_repetition_and_the_rise_behind_it_is() -> None:
    (found,) = repetitions(body(course(0.0, (0.0, 1.0), (1.0, 1.0), (1.0, 2.0), (0.0, 1.0), (0.0, 1.0)), behind=SEAT))

    assert found.start == pytest.approx(4.0, abs=0.2)


def test_a_rise_that_the_clip_cuts_is_none() -> None:
    height = stands(3, ends_seated=False)
    whole = body(height, behind=SEAT)

    assert len(repetitions(whole)) == 3
    assert len(repetitions(body(height[: -round(1.3 * RATE)], behind=SEAT))) == 2
    assert len(repetitions(body(height[round(2.3 * RATE) :], behind=SEAT))) == 2


def test_a_set_has_the_name_of_its_majority() -> None:
    one = [(1.0, 1.0), (1.0, 2.0), (0.0, 1.0), (0.0, 1.0)]
    hasty = [(1.0, 1.0), (0.0, 1.0), (0.0, 1.0)]
    seats, squats = course(0.0, (0.0, 1.0), *one * 3, *hasty), course(0.0, (0.0, 1.0), *hasty * 3, *one)

    assert [one.movement for one in repetitions(body(seats))] == ["sit_to_stand"] * 4
    assert [one.movement for one in repetitions(body(squats))] == ["squat"] * 4


def test_what_is_far_apart_is_judged_apart() -> None:
    squats = [(1.0, 1.0), (0.0, 1.0), (0.0, 1.0)] * 3
    height = course(0.0, (0.0, 1.0), *squats, (0.0, 12.0), (1.0, 1.0), (1.0, 3.0), (0.0, 1.0), (0.0, 1.0))

    assert [one.movement for one in repetitions(body(height))] == ["squat"] * 3 + ["sit_to_stand"]


@pytest.mark.parametrize(("movement", "other"), [("squat", stands(3)), ("sit_to_stand", wave(3, 2.0))])
def test_who_says_what_it_is_is_believed(movement: Literal["squat", "sit_to_stand"], other: Array) -> None:
    pose = body(other, behind=SEAT if movement == "squat" else 0.0)
    found = find_repetitions(pose, joint_angles(pose), movement)

    assert {one.movement for one in repetitions(pose)} == {"squat", "sit_to_stand"} - {movement}
    assert {one.movement for one in found} == {movement}


@pytest.mark.parametrize(
    ("pose", "count"),
    [
        (body(wave(3, 2.0), lean=2.0), 3),  # 46°
        (body(wave(3, 2.0), lean=3.2, behind=0.6), 0),  # 73°: bending over
        (body(wave(3, 2.0), step=1.0), 0),  # jumping jacks, lunges
        (body(course(1.0, (1.0, 1.0), *[(0.5, 1.0), (1.0, 1.0)] * 3)), 0),  # never near standing
    ],
    ids=["leaning", "bending over", "stepping aside", "staying low"],
)
def test_lows_that_are_no_squats(pose: MetricPose, count: int) -> None:
    assert len(repetitions(pose)) == count


def test_hands_at_the_floor_pick_something_up() -> None:
    pose = body(wave(3, 2.0), lean=2.2)
    xyz = pose.xyz.copy()
    reaching = xyz[:, BLAZEPOSE_33.index("left_shoulder")].copy()
    reaching[:, 1] -= 0.5 * (HIPS - pose.root[:, 1])
    xyz[:, BLAZEPOSE_33.index("left_wrist")] = reaching
    assert len(repetitions(placed(pose, xyz))) == 3
    xyz[:, BLAZEPOSE_33.index("left_wrist"), 1] -= 1.5 * (HIPS - pose.root[:, 1])

    assert repetitions(placed(pose, xyz)) == ()


@pytest.mark.parametrize("name", ["standing", "swaying"])
def test_who_stands_repeats_nothing(name: str) -> None:
    time = np.arange(600) / RATE

    assert repetitions(body(HIPS - 0.02 - 0.02 * np.sin(time) * (name == "swaying"))) == ()


def test_stepping_off_a_box_is_no_squat() -> None:
    height = wave(1, 1.0)
    box = 0.4 * (1 - np.clip((np.arange(len(height)) / RATE - 2.0) / 0.25, 0, 1))

    assert repetitions(in_the_air(body(height), box)) == ()


def test_a_slow_squat_is_a_squat() -> None:
    assert [one.movement for one in repetitions(body(wave(2, 5.0)))] == ["squat"] * 2


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
    found = repetitions(without(pose, np.s_[round(4.8 * RATE) : round(5.2 * RATE)]))  # the second one's turn

    assert [one.turn for one in found] == pytest.approx([2.0, 8.0], abs=0.01)


@pytest.mark.parametrize("frames", [1, 3, 11])
def test_a_clip_of_a_few_frames_has_none(frames: int) -> None:
    assert repetitions(body(wave(1, 2.0)[:frames])) == ()


def test_without_ankles_there_are_none() -> None:
    pose = body(wave(3, 2.0))

    assert repetitions(without(pose, np.s_[:, BLAZEPOSE_33.indices("left_ankle", "right_ankle")])) == ()


def test_knees_whose_angle_is_unknown_do_not_hide_a_squat() -> None:
    pose = body(wave(1, 2.0))
    angles = joint_angles(pose)
    (found,) = find_repetitions(pose, replace(angles, values=np.full_like(angles.values, np.nan)))

    assert np.isnan(found.knee_flexion_rad)


def test_the_ankle_that_stays_down_tells_the_depth() -> None:
    down = (HIPS - wave(1, 2.0)) / DEPTH
    (found,) = repetitions(body(wave(1, 2.0), lift=0.1 * down))  # the right heel comes off the floor

    assert found.depth == pytest.approx(DEPTH, abs=1e-3)


def test_who_sways_on_the_seat_when_the_clip_begins_still_rises_from_it() -> None:
    height = stands(1)
    swaying = height + 0.01 * np.cos(np.pi * np.arange(len(height)) / RATE)  # a little higher at first
    (found,) = repetitions(body(swaying, behind=SEAT))

    assert (found.start, found.turn) == pytest.approx((2.1, 2.9), abs=0.1)


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
    assert repetitions(shaken(in_the_air(body(height), hop), noise)) == ()
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
    return placed(pose, xyz)


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


# sets


def set_of(pose: MetricPose) -> dict[str, float]:
    return {one.name: one.value for one in measure_sets(repetitions(pose), float(pose.time[-1]))}


def test_five_times_sit_to_stand_ends_on_the_seat_or_at_the_fifth_stand() -> None:
    found = set_of(body(stands(6), behind=SEAT))
    lost = np.arccos(1 - 2 * 0.05) / np.pi

    assert found["sit_to_stand_count"] == 6
    assert found["five_times_sit_to_stand_time"] == pytest.approx(4 * 4 + 3 - 2 * lost, abs=0.05)
    assert found["five_times_sit_to_stand_time_to_standing"] == pytest.approx(4 * 4 + 1 - 2 * lost, abs=0.05)
    assert found["sit_to_stand_set_time"] == pytest.approx(5 * 4 + 3 - 2 * lost, abs=0.05)


def test_whose_fifth_sitting_down_is_not_seen_has_the_time_to_the_fifth_stand_alone() -> None:
    found = set_of(body(stands(5, ends_seated=False), behind=SEAT))

    assert "five_times_sit_to_stand_time" not in found
    assert "five_times_sit_to_stand_time_to_standing" in found
    assert not {name for name in set_of(body(stands(4), behind=SEAT)) if name.startswith("five_times")}


@pytest.mark.parametrize(
    ("way", "rest", "count", "within"),
    [
        (1.0, 0.0, 17, 15),  # half up at 30.5 s after the first rise: not counted
        (0.8, 0.0, 22, 19),  # the twentieth is half up at 30.65 s
        (0.95, 0.0, 20, 16),  # the seventeenth is half up at 30.7 s
        (0.93, 0.05, 20, 16),  # the sixteenth is half up at 29.8 s, and stands at 30.2 s
    ],
)
def test_the_chair_stand_counts_who_is_more_than_half_up_at_30_seconds(
    way: float, rest: float, count: int, within: int
) -> None:
    assert set_of(body(stands(count, way=way, rest=rest), behind=SEAT))["chair_stands_in_30_s"] == within


@pytest.mark.parametrize(("count", "after"), [(7, 0.0), (5, 30.0)], ids=["28 s", "stopped long before"])
def test_what_is_no_chair_stand_test_has_no_count_in_30_seconds(count: int, after: float) -> None:
    height = np.concatenate([stands(count), np.full(round(after * RATE), HIPS - DEPTH)])

    assert "chair_stands_in_30_s" not in set_of(body(height, behind=SEAT))


def test_the_longest_set_of_squats_is_timed() -> None:
    three = [(1.0, 1.0), (0.0, 1.0), (0.0, 1.0)] * 3
    height = course(0.0, (0.0, 1.0), (1.0, 1.0), (0.0, 1.0), (0.0, 12.0), *three)
    found = measure_sets(repetitions(body(height)), len(height) / RATE)
    lost = np.arccos(1 - 2 * 0.05) / np.pi

    assert {one.name: one.value for one in found} == {
        "squat_count": 3,
        "squat_set_time": pytest.approx(8 - 2 * lost, abs=0.05),
        "squat_down_time": pytest.approx(1 - lost, abs=0.03),
        "squat_up_time": pytest.approx(1 - lost, abs=0.03),
        "squat_depth": pytest.approx(DEPTH, abs=0.01),
    }
    assert "the longest of 2 sets, from 15" in found[0].about


# what motion capture saw: the truth is how often somebody got up or squatted, as the names of the clips and their hips say

MOCAP = Path(__file__).parents[2] / "shared" / "mocap"
COUNTED = {
    "cmu_01_14.npz": {
        "13_01": ("sit_to_stand", 2),
        "13_30": ("squat", 2),  # among jumping jacks, side twists and jogging
        "14_30": ("sit_to_stand", 1),
        "14_31": ("sit_to_stand", 2),
        "14_32": ("sit_to_stand", 2),
        **dict.fromkeys(("02_01", "02_06", "02_10", "13_11", "13_31", "13_35", "08_01"), ("", 0)),
    },
    "joint_centres/opencap_lineage_do_not_train.npz": {
        **dict.fromkeys(("STS1_ik", "STSAsym1_ik", "STSweakLegs1_ik"), ("sit_to_stand", 5)),
        **dict.fromkeys(("squats1_ik", "squatsAsym1_ik"), ("squat", 5)),
        **dict.fromkeys(("DJ1_ik", "DJAsym1_ik", "walking1_ik", "static1_ik"), ("", 0)),
    },
}


@pytest.mark.parametrize("file", COUNTED)
def test_people_in_motion_capture_are_counted(file: str) -> None:
    if not (MOCAP / file).exists():
        pytest.skip(f"shared/mocap/{file} is not here")
    found = {}
    for name, pose in poses_of(MOCAP / file):
        if name in COUNTED[file]:
            kinds = [one.movement for one in repetitions(pose)]
            found[name] = (kinds[0] if kinds else "", len(kinds))

    assert found == COUNTED[file]


def poses_of(file: Path) -> Iterator[tuple[str, MetricPose]]:
    """The clips of a file of motion capture, by the last part of their name."""
    data = dict(np.load(file))
    ends = np.cumsum(data["lengths"])
    columns = [BLAZEPOSE_33.index(name) if BLAZEPOSE_33.has(name) else -1 for name in data["joints"]]
    known = [column for column in columns if column >= 0]
    for name, length, end in zip(data["clips"], data["lengths"], ends, strict=True):
        xyz = np.full((length, len(BLAZEPOSE_33), 3), np.nan)
        xyz[:, known] = data["positions_mm"][end - length : end, np.array(columns) >= 0] / 1000
        root = xyz[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean(axis=1)
        source = np.where(np.isfinite(xyz[..., 0]), Source.MEASURED, Source.NONE).astype(np.uint8)
        time = np.arange(length) / float(data["fps"])
        yield (
            str(name).rpartition("/")[2],
            MetricPose(BLAZEPOSE_33, time, xyz - root[:, None], (source > 0) * 1.0, source, root),
        )
