"""Gait of a walker whose contacts, strides and widths are known, and of people who do not walk."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from changing import edited, without
from posedetector.calibration import Camera, calibrate
from posedetector.cleaning import clean
from posedetector.estimators.synthetic import PinholeCamera, Walker
from posedetector.filters import low_pass
from posedetector.kinematics import gait
from posedetector.kinematics.angles import joint_angles
from posedetector.kinematics.events import AGREE
from posedetector.kinematics.gait import find_gait
from posedetector.kinematics.nouns import UNITS, Event, EventKind, Gait, JointAngles, Quantity, Side
from posedetector.kinematics.signals import summit, turning_points
from posedetector.kinematics.steps import Footing, quantities_of, strides_of
from posedetector.lifters.native import Native
from posedetector.pose import Array, MetricPose, Source
from posedetector.skeletons import BLAZEPOSE_33, COCO_17, Skeleton
from posedetector.smoothing import smooth
from posedetector.subject import Subject
from rolling import Roller

HIPS = BLAZEPOSE_33.indices("left_hip", "right_hip")
SLOW, USUAL, BRISK = Walker(speed=0.5, stride_time=1.3), Walker(), Walker(speed=1.0, stride_time=1.0)
SIDES: tuple[Side, Side] = ("left", "right")


def pose_of(positions: Array, time: Array, skeleton: Skeleton = BLAZEPOSE_33) -> MetricPose:
    """Positions in the laboratory, (T, J, 3)."""
    root = positions[:, skeleton.indices("left_hip", "right_hip")].mean(axis=1)
    source = np.where(np.isfinite(positions[..., 0]), Source.MEASURED, Source.NONE).astype(np.uint8)
    return MetricPose(skeleton, time, positions - root[:, None], (source > 0).astype(float), source, root)


def to_lab(world: Array) -> Array:
    """From the walker's world (Z towards the viewer) to the laboratory (X towards the camera)."""
    x, y, z = np.moveaxis(world, -1, 0)
    return np.stack([z, y, -x], axis=-1)


def walking(
    walker: Walker = USUAL, seconds: float = 5.0, rate: float = 60.0, noise: float = 0.0, seed: int = 0
) -> MetricPose:
    time = np.arange(round(seconds * rate)) / rate
    positions = to_lab(walker.positions(time))
    if noise:
        positions = positions + noise * np.random.default_rng(seed).standard_normal(positions.shape)
    pose = pose_of(positions, time)
    return smooth(pose, 6.0)[0] if noise else pose


def still(pose: MetricPose) -> MetricPose:
    """The same on a treadmill: the hips stay where they are, seen from above."""
    return replace(pose, root=pose.root * [0.0, 1.0, 0.0])


def gait_of(pose: MetricPose) -> Gait:
    return find_gait(pose, joint_angles(pose))


def truth(walker: Walker, seconds: float) -> list[tuple[EventKind, Side, float]]:
    """All true events that have half a second of the clip on both sides."""
    found: list[tuple[EventKind, Side, float]] = []
    for stride in range(-1, 20):
        for side, offset in (("left", 0.0), ("right", 0.5)):
            contact = (stride - offset) * walker.stride_time
            off = contact + walker.stance_share * walker.stride_time
            found += [("initial_contact", side, contact), ("foot_off", side, off)]
    return sorted((one for one in found if 0.5 < one[2] < seconds - 0.5), key=lambda one: one[2])


def errors(gait: Gait, walker: Walker, seconds: float, only: str = "") -> Array:
    """Return by how many seconds the events (of one kind only) are off; every true one must be there."""
    off = []
    for kind, side, when in truth(walker, seconds):
        if only not in {"", kind}:
            continue
        own = [event.time - when for event in gait.events if (event.kind, event.side) == (kind, side)]
        assert own, f"no {kind} of the {side} foot"
        off.append(min(own, key=abs))
    return np.array(off)


def row(gait: Gait, name: str, side: str = "") -> Quantity:
    (found,) = [one for one in gait.quantities if (one.name, one.side) == (name, side)]
    return found


def names(gait: Gait) -> set[str]:
    return {one.name for one in gait.quantities}


@pytest.mark.parametrize("rate", [30.0, 60.0])
@pytest.mark.parametrize("walker", [SLOW, USUAL, BRISK], ids=["slow", "usual", "brisk"])
def test_events_are_within_a_frame(walker: Walker, rate: float) -> None:
    assert np.abs(errors(gait_of(walking(walker, rate=rate)), walker, 5.0)).max() < 1 / rate


@pytest.mark.parametrize("heading", [0.0, np.pi / 2, 2.5, -np.pi / 2], ids=["right", "towards", "oblique", "away"])
def test_events_do_not_depend_on_where_a_person_walks(heading: float) -> None:
    one, other = (gait_of(walking(replace(USUAL, heading=angle))).events for angle in (0.0, heading))

    assert [event.time for event in other] == pytest.approx([event.time for event in one], abs=1e-6)


@pytest.mark.parametrize("rate", [30.0, 60.0])
@pytest.mark.parametrize("walker", [USUAL, BRISK], ids=["usual", "brisk"])
def test_events_are_within_a_frame_after_noise_and_a_filter(walker: Walker, rate: float) -> None:
    off = errors(gait_of(walking(walker, 10.0, rate, noise=0.005)), walker, 10.0)

    assert np.sqrt((off**2).mean()) < 1 / rate


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rate", [30.0, 60.0])
def test_noise_neither_hides_an_event_of_a_slow_walk_nor_throws_it_far_off(rate: float, seed: int) -> None:
    off = errors(gait_of(walking(SLOW, 10.0, rate, noise=0.005, seed=seed)), SLOW, 10.0)

    assert np.sqrt((off**2).mean()) < 1 / 60
    assert np.abs(off).max() < 2 / rate


@pytest.mark.parametrize("walker", [SLOW, USUAL, BRISK], ids=["slow", "usual", "brisk"])
def test_events_on_a_treadmill_are_those_on_the_floor(walker: Walker) -> None:
    pose = walking(walker)

    assert np.abs(errors(gait_of(still(pose)), walker, 5.0)).max() < 1 / 60


def behind_the_road(walk: Callable, walker: Walker) -> Gait:
    """Seen by a camera with 1 px of noise, cleaned, calibrated and smoothed."""
    seen = walk(walker, PinholeCamera(), frames=210, noise=1.0)
    keypoints = clean(seen.keypoints).keypoints
    person, camera = Subject(height=walker.stature), Camera(focal_length=seen.camera.focal_length)
    metric, _ = calibrate(Native().lift(keypoints), keypoints, person, camera)
    return gait_of(smooth(metric, 6.0)[0])


ways = pytest.mark.parametrize(
    ("heading", "start"), [(0.0, (-1.6, 0.0)), (np.pi / 2, (0.0, -2.5))], ids=["across", "towards"]
)


@ways
def test_events_are_within_a_frame_behind_the_whole_road(walk: Callable, heading: float, start: tuple) -> None:
    walker = Walker(heading=heading, start=start)

    assert np.abs(errors(behind_the_road(walk, walker), walker, 3.5)).max() < 1 / 60


@ways
def test_heel_strikes_are_within_a_frame_behind_the_whole_road(walk: Callable, heading: float, start: tuple) -> None:
    walker = Roller(speed=1.0, stride_time=1.12, heading=heading, start=start)

    assert np.abs(errors(behind_the_road(walk, walker), walker, 3.5, "initial_contact")).max() < 1 / 60


def test_an_event_says_which_methods_time_it_is_and_how_far_they_are_apart() -> None:
    events = [event for event in gait_of(walking()).events if 0.5 < event.time < 4.5]

    assert {event.method for event in events} == {"foot speed"}  # this walker puts his feet down flat
    assert all(event.methods in {2, 3} and 0 <= event.spread <= 2 * AGREE for event in events)
    assert all(abs(event.frame / 60 - event.time) <= 0.5 / 60 + 1e-9 for event in events)


ROLLERS = [
    Roller(speed=0.7, stride_time=1.25),
    Roller(speed=1.0, stride_time=1.12),
    Roller(speed=1.4, stride_time=1.03),
]
rolling = pytest.mark.parametrize("walker", ROLLERS, ids=["0.7 m/s", "1.0 m/s", "1.4 m/s"])


@rolling
def test_the_walker_who_rolls_lands_on_his_heel_and_leaves_over_his_toes_when_he_says(walker: Roller) -> None:
    time = np.arange(2000) / 1000 * walker.stride_time
    heel, toe = (walker.positions(time)[:, BLAZEPOSE_33.index(f"left_{name}")] for name in ("heel", "foot_index"))
    phase = np.mod(np.arange(2000), 1000) / 1000
    early, late = (phase < 0.35), (phase > 0.15) & (phase < walker.stance_share)
    lands, leaves = (phase > 0.97), (phase > walker.stance_share + 0.001) & (phase < walker.stance_share + 0.03)

    assert np.ptp(heel[:1000][early[:1000]], axis=0) == pytest.approx([0, 0, 0], abs=1e-9)
    assert np.ptp(toe[:1000][late[:1000]], axis=0) == pytest.approx([0, 0, 0], abs=1e-9)
    assert heel[early][:, 1] == pytest.approx(0.0, abs=1e-9)
    assert toe[late][:, 1] == pytest.approx(0.0, abs=1e-9)
    assert heel[lands][:, 1].min() > 0
    assert toe[leaves][:, 1].min() > 0
    assert toe[:, 1].min() > -1e-9


@pytest.mark.parametrize("noise", [0.0, 0.005], ids=["clean", "5 mm"])
@pytest.mark.parametrize("rate", [30.0, 60.0])
@pytest.mark.parametrize("heading", [0.0, np.pi / 2], ids=["across", "towards"])
@rolling
def test_contacts_of_a_heel_that_lands_first_are_within_a_frame(
    walker: Roller, heading: float, rate: float, noise: float
) -> None:
    gait = gait_of(walking(replace(walker, heading=heading), 10.0, rate, noise))

    assert np.abs(errors(gait, walker, 10.0, "initial_contact")).max() < 1 / rate


@pytest.mark.parametrize("landing", [(0.25, 0.1), (0.75, 0.2)], ids=["slow heel", "fast heel"])
@rolling
def test_contacts_are_within_a_frame_however_fast_the_heel_lands(walker: Roller, landing: tuple[float, float]) -> None:
    gait = gait_of(walking(replace(walker, landing=landing), 10.0))

    assert np.abs(errors(gait, walker, 10.0, "initial_contact")).max() < 1 / 60


@pytest.mark.parametrize("noise", [0.0, 0.005], ids=["clean", "5 mm"])
@pytest.mark.parametrize("rate", [30.0, 60.0])
@pytest.mark.parametrize("heading", [0.0, np.pi / 2], ids=["across", "towards"])
@rolling
def test_feet_off_over_toes_that_stand_to_the_last_are_late_by_about_a_30th_of_a_second(
    walker: Roller, heading: float, rate: float, noise: float
) -> None:
    off = errors(gait_of(walking(replace(walker, heading=heading), 10.0, rate, noise)), walker, 10.0, "foot_off")

    assert 0.02 < off.mean() < 1 / 30
    assert np.abs(off).max() < 0.04


@rolling
def test_a_foot_that_lands_on_its_heel_and_leaves_over_its_toes_has_times_of_its_path(walker: Roller) -> None:
    events = [event for event in gait_of(walking(walker)).events if 0.5 < event.time < 4.5]

    assert {event.method for event in events if event.kind == "initial_contact"} == {"half speed"}
    assert {event.method for event in events if event.kind == "foot_off"} == {"coordinate"}
    assert {event.methods for event in events} <= {2, 3}


def test_a_method_that_sees_nothing_near_has_no_vote() -> None:
    events = gait_of(walking(ROLLERS[0], rate=30.0)).events

    # the foot rises fastest more than 0.1 s before, as the heel goes up
    assert {event.methods for event in events if event.kind == "foot_off" and 0.5 < event.time < 4.5} == {2}


@rolling
def test_rolling_on_a_treadmill_has_the_events_of_the_floor(walker: Roller) -> None:
    pose = walking(walker)

    assert errors(gait_of(still(pose)), walker, 5.0) == pytest.approx(errors(gait_of(pose), walker, 5.0), abs=1e-6)


def test_a_walk_is_good_gait_with_events_of_both_kinds_in_turn() -> None:
    gait = gait_of(walking())
    walked = [(event.kind, event.side) for event in gait.events]
    cycle = [("initial_contact", "left"), ("foot_off", "right"), ("initial_contact", "right"), ("foot_off", "left")]
    start = cycle.index(walked[0])

    assert (gait.quality, gait.reason) == ("good", "")
    assert walked == [cycle[(start + number) % 4] for number in range(len(walked))]


@pytest.mark.parametrize("heading", [0.0, np.pi / 2, 2.5])
@pytest.mark.parametrize("walker", [SLOW, USUAL, BRISK], ids=["slow", "usual", "brisk"])
def test_lengths_widths_and_times_are_the_walkers(walker: Walker, heading: float) -> None:
    gait = gait_of(walking(replace(walker, heading=heading)))
    stride = walker.speed * walker.stride_time

    for side in SIDES:
        assert row(gait, "stride_time", side).value == pytest.approx(walker.stride_time, abs=0.002)
        assert row(gait, "stride_length", side).value == pytest.approx(stride, abs=0.002)
        assert row(gait, "step_length", side).value == pytest.approx(stride / 2, abs=0.002)
        assert row(gait, "step_width", side).value == pytest.approx(0.12 * walker.stature, abs=0.002)
        assert row(gait, "step_time", side).value == pytest.approx(walker.stride_time / 2, abs=0.002)
    assert row(gait, "walking_speed").value == pytest.approx(walker.speed, abs=0.002)
    assert row(gait, "cadence").value == pytest.approx(2 / walker.stride_time, abs=0.005)


def test_shares_of_the_stride_are_the_walkers_within_a_frame_at_each_end() -> None:
    gait = gait_of(walking())
    ends = 2 / 60 / USUAL.stride_time

    for side in SIDES:
        assert row(gait, "stance_share", side).value == pytest.approx(0.62, abs=ends)
        assert row(gait, "stance_share", side).value + row(gait, "swing_share", side).value == pytest.approx(1.0)
        assert row(gait, "double_support_share", side).value == pytest.approx(0.24, abs=2 * ends)


def test_who_walks_evenly_is_symmetric() -> None:
    gait = gait_of(walking())

    for name in ("step_time", "stance_share", "swing_share", "step_length"):
        assert row(gait, f"{name}_asymmetry").value == pytest.approx(0.0, abs=0.01)


def test_a_longer_left_step_makes_its_asymmetry_positive() -> None:
    pose = walking()
    left = [
        row for row, name in enumerate(BLAZEPOSE_33.points) if name in {"left_ankle", "left_heel", "left_foot_index"}
    ]
    ahead = pose.xyz.copy()
    ahead[:, left] += [0.0, 0.0, -0.05]  # he walks along −Z; the left foot is 5 cm further on all the time
    index = row(gait_of(replace(pose, xyz=ahead)), "step_length_asymmetry").value

    half = USUAL.speed * USUAL.stride_time / 2
    assert index == pytest.approx(0.10 / half, abs=0.01)  # (half + 5 cm) − (half − 5 cm), over half


def test_every_quantity_has_a_unit_that_files_know_a_count_and_a_definition() -> None:
    for one in gait_of(walking()).quantities:
        assert one.unit in UNITS
        assert one.about
        assert one.count >= 1
        assert np.isnan(one.sd) or one.sd >= 0


SPATIAL = {"walking_speed", "stride_length", "step_length", "step_width", "step_length_asymmetry"}


def test_without_a_path_there_are_times_and_no_lengths() -> None:
    pose = walking()
    gait = gait_of(replace(pose, root=np.full_like(pose.root, np.nan)))

    assert gait.quality == "good"
    assert row(gait, "stride_time", "left").value == pytest.approx(USUAL.stride_time, abs=0.01)
    assert names(gait) & SPATIAL == set()


def test_a_path_that_drags_standing_feet_along_is_doubted_and_gives_no_lengths() -> None:
    pose = walking()
    gait = gait_of(replace(pose, root=pose.root * [1.0, 1.0, 2.0]))

    assert "standing feet move along" in gait.reason
    assert names(gait) & SPATIAL == set()


def test_a_hole_parts_the_walk_and_makes_no_events_in_it() -> None:
    pose = walking(seconds=8.0)
    gait = gait_of(without(pose, np.s_[220:260]))
    times = np.array([event.time for event in gait.events])

    assert not ((times > 220 / 60) & (times < 260 / 60)).any()
    assert (times < 3.6).any()
    assert (times > 4.4).any()
    assert row(gait, "stride_time", "left").value == pytest.approx(USUAL.stride_time, abs=0.02)


def test_a_person_who_turns_round_and_comes_back_has_the_same_strides_both_ways() -> None:
    pose = walking(seconds=5.0)
    away = pose.positions
    back = (away - away[-1, HIPS].mean(axis=0) * [1, 0, 1]) * [-1, 1, -1] + away[-1, HIPS].mean(axis=0) * [1, 0, 1]
    pause = np.full((12, *away.shape[1:]), np.nan)  # the turn itself is not seen
    positions = np.concatenate([away, pause, back])
    gait = gait_of(pose_of(positions, np.arange(len(positions)) / 60))

    for side in SIDES:
        assert row(gait, "stride_length", side).value == pytest.approx(USUAL.speed * USUAL.stride_time, abs=0.01)
        assert row(gait, "stride_length", side).count >= 6


def test_ankles_make_do_where_there_are_no_feet_and_it_says_so() -> None:
    rows = BLAZEPOSE_33.indices(*COCO_17.points)
    time = np.arange(300) / 60
    gait = gait_of(pose_of(to_lab(USUAL.positions(time))[:, rows], time, COCO_17))

    assert gait.quality == "doubtful"
    assert "ankles stand for them" in gait.reason
    assert row(gait, "stride_time", "left").value == pytest.approx(USUAL.stride_time, abs=0.01)


def test_on_a_treadmill_without_feet_the_pelvis_tells_forwards_from_backwards() -> None:
    rows = BLAZEPOSE_33.indices(*COCO_17.points)
    time = np.arange(300) / 60
    pose = still(pose_of(to_lab(USUAL.positions(time))[:, rows], time, COCO_17))
    off = errors(gait_of(pose), USUAL, 5.0)

    assert np.abs(off).max() < 0.1  # a contact taken for a foot off would be half a second away


def test_walking_backwards_is_doubted() -> None:
    pose = walking()
    reverse = replace(pose, xyz=pose.xyz[::-1].copy(), root=pose.root[::-1].copy())

    assert "backwards" in gait_of(reverse).reason


def test_walking_there_and_backwards_again_is_doubted() -> None:
    time = np.arange(390) / 60
    there_and_back = pose_of(to_lab(USUAL.positions(np.minimum(time, 7.0 - time))), time)

    assert "walks backwards" in gait_of(there_and_back).reason


def test_a_stride_whose_foot_goes_elsewhere_than_the_hips_has_no_length() -> None:
    time = np.arange(121) / 60
    root = np.stack([time, np.ones(121), np.zeros(121)], axis=1)
    stands = np.where(time < 0.5, 0.0, 1.0)[:, None] * [1.0, 0.0, 0.0]
    lost = np.where(time < 0.5, 0.0, 0.5)[:, None] * [1.0, 0.0, 0.0]
    chain = [Event("initial_contact", side, when, 0, "", 0.0, 3) for side, when in (("left", 0.0), ("right", 0.5))]
    chain += [Event("foot_off", "left", 0.6, 36, "", 0.0, 3), Event("initial_contact", "left", 1.0, 60, "", 0.0, 3)]

    def measured(left: Array) -> set[str]:
        footing = Footing(time, root, {"left": left, "right": np.full((121, 3), 0.5)})
        return {one.name for one in quantities_of([chain], strides_of(chain), footing)}

    assert "stride_length" in measured(stands)
    assert "stride_length" not in measured(lost)


def test_running_has_no_double_support() -> None:
    runner = replace(BRISK, speed=1.2, stride_time=0.8, stance_share=0.4)
    gait = gait_of(walking(runner))

    for side in SIDES:
        assert row(gait, "double_support_share", side).value == 0
        assert row(gait, "stance_share", side).value < 0.5


def test_a_cycle_runs_from_contact_to_contact() -> None:
    pose = walking()
    angles = joint_angles(pose)
    gait = find_gait(pose, angles)

    for cycles in gait.cycles:
        assert cycles.values.shape == (len(cycles.starts), 101, len(angles.names))
        assert cycles.ends - cycles.starts == pytest.approx(USUAL.stride_time, abs=0.01)
        knee = angles.names.index(f"{cycles.side}_knee_flexion")
        for curve, start, end in zip(cycles.values[..., knee], cycles.starts, cycles.ends, strict=True):
            expected = np.interp([start, (start + end) / 2, end], pose.time, angles.values[:, knee])
            assert curve[[0, 50, 100]] == pytest.approx(expected)


def with_hole(angles: JointAngles, name: str) -> JointAngles:
    values = angles.values.copy()
    values[120:125, angles.names.index(name)] = np.nan  # 2.0–2.1 s
    return replace(angles, values=values)


def test_a_cycle_with_a_hole_in_its_leg_is_left_out_and_counted() -> None:
    pose = walking()
    angles = joint_angles(pose)
    whole, holed = (find_gait(pose, one) for one in (angles, with_hole(angles, "left_knee_flexion")))
    left, right = holed.cycles

    assert len(left.starts) == len(whole.cycles[0].starts) - 1
    assert len(right.starts) == len(whole.cycles[1].starts)
    assert not ((left.starts < 2.05) & (left.ends > 2.05)).any()
    assert row(holed, "cycles_left_out", "left").value == 1
    assert row(holed, "cycles_left_out", "right").value == 0


def test_a_hole_in_an_elbow_stays_a_hole_and_costs_no_cycle() -> None:
    pose = walking()
    angles = joint_angles(pose)
    gait = find_gait(pose, with_hole(angles, "left_elbow_flexion"))

    assert row(gait, "cycles_left_out", "left").value == 0
    assert np.isnan(gait.cycles[0].values[..., angles.names.index("left_elbow_flexion")]).any()


def body(time: Array, hips: Array, left: Array, right: Array, *, swinging_arms: bool = False) -> MetricPose:
    """Somebody who faces the camera: paths (T, 3) of the middle of the hips and of both ankles, knees in between."""
    positions = np.full((len(time), 33, 3), np.nan)
    for side, ankle, out in (("left", left, -0.1), ("right", right, 0.1)):
        hip = hips - [0.0, 0.0, -out]
        points = {
            "hip": hip,
            "ankle": ankle,
            "heel": ankle - [0.06, 0.07, 0.0],
            "foot_index": ankle - [-0.2, 0.07, 0.0],
        }
        bent = np.sqrt(np.clip(0.43**2 - (np.linalg.norm(hip - ankle, axis=1) / 2) ** 2, 0, None))
        points["knee"] = (hip + ankle) / 2 + bent[:, None] * [1.0, 0.0, 0.0]
        points["shoulder"] = hips - [0.0, -0.5, -2 * out]
        phase = 0.5 if side == "left" else -0.5
        points["wrist"] = points["shoulder"] + (
            np.stack([phase * np.sin(6 * time), -0.5 + 0 * time, 0 * time], axis=1)
            if swinging_arms
            else [0.0, -0.5, 0.0]
        )
        for name, path in points.items():
            positions[:, BLAZEPOSE_33.index(f"{side}_{name}")] = path
    return pose_of(positions, time)


TIME = np.arange(480) / 60  # 8 s
WAVE = (1 - np.cos(2 * np.pi * TIME / 2)) / 2  # down and up in two seconds
ALTERNATING = np.sin(2 * np.pi * TIME / 1.2)


def path(x: Array | float = 0.0, y: Array | float = 0.0, z: float = 0.0) -> Array:
    return np.stack([np.broadcast_to(part, TIME.shape) for part in (x, y, z)], axis=1)


LEFT, RIGHT, STANDING = path(0.0, 0.08, -0.1), path(0.0, 0.08, 0.1), path(0.0, 0.92)


def smoothly(share: Array) -> Array:
    """From 0 to 1 by minimum jerk."""
    at = np.clip(share, 0, 1)
    return at**3 * (10 - 15 * at + 6 * at**2)


def step_to() -> MetricPose:
    """The left foot steps half a metre ahead, the right one is brought up beside it, and so on."""
    number, phase = np.divmod(TIME / 1.4, 1.0)
    swings = {"left": phase / 0.35, "right": (phase - 0.5) / 0.35}
    feet = [
        path(0.5 * (number + smoothly(swing)), 0.08 + 0.08 * np.sin(np.pi * np.clip(swing, 0, 1)) ** 2, out)
        for swing, out in zip(swings.values(), (-0.1, 0.1), strict=True)
    ]
    return body(TIME, path(0.5 * (TIME / 1.4 + 0.1), 0.88), *feet)


def toe_raises() -> MetricPose:
    """In turn the left and the right heel go up, stay up, and come down; the toes stay where they are."""
    pose = body(TIME, STANDING, LEFT, RIGHT)
    for side, lag in (("left", 0.0), ("right", 0.5)):
        phase = np.mod(TIME / 1.6 + lag, 1)
        up = np.radians(65) * (smoothly(phase / 0.15) - smoothly((phase - 0.5) / 0.15))
        toe = pose.xyz[:, BLAZEPOSE_33.index(f"{side}_foot_index")]
        for name, back, high in (("heel", 0.26, 0.0), ("ankle", 0.2, 0.07)):
            ahead, height = high * np.sin(up) - back * np.cos(up), back * np.sin(up) + high * np.cos(up)
            place = toe + np.stack([ahead, height, 0 * up], axis=1)
            pose = edited(pose, xyz=(np.s_[:, BLAZEPOSE_33.index(f"{side}_{name}")], place))
    return pose


NOT_GAIT = {
    "step-to": step_to(),
    "rising on the toes in turn": toe_raises(),
    "standing": body(TIME, STANDING, LEFT, RIGHT),
    "swinging arms": body(TIME, STANDING, LEFT, RIGHT, swinging_arms=True),
    "squats": body(TIME, path(-0.25 * WAVE, 0.92 - 0.4 * WAVE), LEFT, RIGHT),
    "sit to stand": body(TIME, path(-0.45 * WAVE, 0.92 - 0.4 * WAVE), LEFT, RIGHT),
    "jumping": body(
        TIME, path(0.0, 0.92 + 0.3 * WAVE), path(0.0, 0.08 + 0.3 * WAVE, -0.1), path(0.0, 0.08 + 0.3 * WAVE, 0.1)
    ),
    "balancing": body(TIME, path(0.0, 0.92), LEFT, path(0.25 * ALTERNATING, 0.3, 0.1)),
    "marching": body(
        TIME,
        STANDING,
        path(0.0, 0.08 + 0.2 * np.clip(ALTERNATING, 0, None), -0.1),
        path(0.0, 0.08 + 0.2 * np.clip(-ALTERNATING, 0, None), 0.1),
    ),
    "one foot forth and back": body(
        TIME, path(0.2 * WAVE, 0.92), path(0.4 * WAVE, 0.08 + 0.1 * WAVE * (1 - WAVE), -0.1), RIGHT
    ),
    "steps aside": body(
        TIME,
        STANDING,
        LEFT + np.outer(ALTERNATING, [0, 0, 0.15]),
        RIGHT - np.outer(ALTERNATING, [0, 0, 0.15]),
    ),
}


@pytest.mark.parametrize("noise", [0.0, 0.01], ids=["clean", "10 mm"])
@pytest.mark.parametrize("what", NOT_GAIT)
def test_nothing_is_reported_of_who_does_not_walk(what: str, noise: float) -> None:
    pose = NOT_GAIT[what]
    shaken = pose.xyz + noise * np.random.default_rng(1).standard_normal(pose.xyz.shape)
    gait = gait_of(replace(pose, xyz=low_pass(shaken, pose.time, 6.0)))

    assert gait.quality == "none"
    assert gait.reason
    assert (gait.events, gait.quantities, gait.cycles) == ((), (), ())


def test_marching_in_place_is_no_gait() -> None:
    assert gait_of(walking(replace(USUAL, speed=0.0))).quality == "none"


@pytest.mark.parametrize("frames", [1, 3, 11])
def test_a_clip_of_a_few_frames_holds_no_gait(frames: int) -> None:
    assert gait_of(walking(seconds=frames / 60)).quality == "none"


def test_feet_that_were_never_seen_make_no_gait() -> None:
    pose = walking()
    feet = [row for row, name in enumerate(BLAZEPOSE_33.points) if name.endswith(("ankle", "heel", "foot_index"))]
    gait = gait_of(without(pose, np.s_[:, feet]))

    assert (gait.quality, gait.reason) == ("none", "no whole leg was seen")


def test_less_than_a_stride_is_doubtful_and_has_steps_but_no_strides() -> None:
    gait = gait_of(walking(seconds=1.6))

    assert gait.quality == "doubtful"
    assert "whole stride" in gait.reason
    assert "step_time" in names(gait)
    assert "stride_time" not in names(gait)


def in_steps_of(*seconds: float, rate: float = 60.0) -> MetricPose:
    """The usual walk, each step of it stretched to as many seconds."""
    contacts = np.concatenate([[0.0], np.cumsum(seconds)])
    time = np.arange(round(contacts[-1] * rate)) / rate
    steps = 0.5 * USUAL.stride_time * np.arange(len(contacts))
    return pose_of(to_lab(USUAL.positions(np.interp(time, contacts, steps))), time)


def test_a_limp_has_strides() -> None:
    assert "stride_time" in names(gait_of(in_steps_of(*[0.4, 0.8] * 5)))


def test_a_hop_after_a_long_stand_is_no_step_of_a_stride() -> None:
    assert "stride_time" not in names(gait_of(in_steps_of(*[0.25, 1.3] * 4)))


def test_ends_of_a_path_are_no_turning_points_unless_they_are_asked_for() -> None:
    values = np.array([3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0])

    assert turning_points(values, 0.5) == [(2, -1), (4, 1)]
    assert turning_points(values, 0.5, ends=True) == [(0, 1), (2, -1), (4, 1)]


def test_a_turn_smaller_than_the_reversal_is_none() -> None:
    values = np.array([0.0, 2.0, 1.7, 3.0, 0.0, 0.4, 0.0, 3.0, 0.0])

    assert turning_points(values, 0.5) == [(3, 1), (4, -1), (7, 1)]  # of two as low, the first


@pytest.mark.parametrize("shift", [-0.4, 0.0, 0.3])
def test_the_summit_of_a_parabola_is_found_between_frames(shift: float) -> None:
    time = np.arange(7) / 30
    top = time[3] + shift / 30

    assert summit(time, 5 - (time - top) ** 2, 3) == pytest.approx(top, abs=1e-12)


def test_the_summit_of_what_has_none_there_is_the_frame_itself() -> None:
    time = np.arange(5) / 30

    assert summit(time, time, 2) == time[2]
    assert summit(time, time, 4) == time[4]


def test_behind_the_last_contact_the_other_foot_goes_off_first() -> None:
    def event(kind: EventKind, side: Side, when: float) -> Event:
        return Event(kind, side, when, round(60 * when), "", 0.0, 3)

    contacts = [event("initial_contact", side, when) for side, when in (("left", 0.0), ("right", 0.5), ("left", 1.0))]
    off, late = event("foot_off", "right", 1.1), event("foot_off", "left", 1.45)
    between = event("foot_off", "left", 0.6)

    assert gait._with_offs(contacts, [between, late]) == [*contacts[:2], between, contacts[2]]
    assert gait._with_offs(contacts, [between, off, late])[-2:] == [off, late]


@pytest.mark.parametrize(("backwards", "forward"), [(0.0, True), (0.2, True), (0.4, False), (1.0, False)])
def test_who_walks_backwards_for_a_good_part_does_not_walk_forwards(backwards: float, forward: bool) -> None:
    pose = walking(seconds=5.0)
    frames = len(pose.time)
    chain = [Event("initial_contact", "left", when, 0, "", 0.0, 3) for when in (0.0, float(pose.time[-1]))]
    ahead = np.tile([1.0, 0.0, 0.0], (frames, 1))
    ahead[: round(backwards * frames)] *= -1
    faced = np.tile([1.0, 0.0, 0.0], (frames, 1))

    assert gait._forward(pose, chain, ahead, np.ones(frames, bool), faced) is forward


def test_nothing_is_made_of_steps_that_were_not_filmed() -> None:
    pose = walking()
    there = np.r_[0:110, 190:300]
    fields = ("time", "xyz", "score", "source", "root")
    gait = gait_of(replace(pose, **{name: getattr(pose, name)[there] for name in fields}))

    assert gait.quality == "doubtful"
    assert row(gait, "cadence").value == pytest.approx(2 / USUAL.stride_time, rel=0.01)
