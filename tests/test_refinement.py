"""One body of constant lengths, fitted to the whole clip."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from changing import without
from figures import figure
from posedetector.calibration import Calibration, Camera, calibrate
from posedetector.estimators.synthetic import PinholeCamera, Walker
from posedetector.kinematics.angles import ANGLES, angles_of
from posedetector.kinematics.frames import Landmarks
from posedetector.lifters import DepthErrors
from posedetector.lifters.native import Native
from posedetector.metrics import included_angle
from posedetector.pose import Array, Keypoints, MetricPose, RelativePose, Source
from posedetector.refinement import NOT_REFINED, Refinement, contacts, other_opinions, refine, windows
from posedetector.refinement.body import POINTS, SEGMENTS
from posedetector.refinement.problem import Body, Problem, State
from posedetector.refinement.solver import Linearised, assemble, covariances, linearise, solve
from posedetector.refinement.spread import ANGLES_WIDER, POINTS_WIDER, angle_spread, measure_for, spread_of
from posedetector.refinement.stating import Stated, state_problem
from posedetector.refinement.terms import FOCAL, PLANTED, STILL, TERMS, Steps, segment_lengths, steps
from posedetector.skeletons import BLAZEPOSE_33, Skeleton
from posedetector.subject import Subject

WALKER = Walker(heading=0.6, start=(-0.6, -0.3))
CAMERA = PinholeCamera()
JOINTS = tuple(
    f"{side}_{name}" for name in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist") for side in ("left", "right")
)


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    """Blocks are small: two threads of BLAS wait for each other."""
    with threadpool_limits(limits=1):
        yield


def seen(frames: int = 45, pixels: float = 0.0, depth: float = 0.0, rate: float = 30.0) -> Keypoints:
    """A walk with white noise in the picture (pixels) and in depth (metres)."""
    time = np.arange(frames) / rate
    world, random = WALKER.positions(time), np.random.default_rng(1)
    view = CAMERA.view(world)
    xyz = view - view[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean(axis=1, keepdims=True)
    xyz[..., 2] += depth * random.standard_normal(xyz.shape[:2])
    xy = CAMERA.project(world) + pixels * random.standard_normal((*xyz.shape[:2], 2))
    shape = xyz.shape[:2]
    return Keypoints(
        BLAZEPOSE_33, time, xy, np.ones(shape), np.full(shape, Source.MEASURED, np.uint8), xyz, CAMERA.size
    )


def calibrated(
    keypoints: Keypoints, height: float = WALKER.stature, camera: Camera | None = None
) -> tuple[MetricPose, Calibration, Subject]:
    subject = Subject(height=height)
    camera = camera or Camera(focal_length=CAMERA.focal_length)
    return *calibrate(Native().lift(keypoints), keypoints, subject, camera), subject


def refined(keypoints: Keypoints, **known: Any) -> tuple[MetricPose, Calibration, Refinement]:
    pose, calibration, subject = calibrated(keypoints, **known)
    return refine(pose, keypoints, calibration, subject, Native.errors)


def errors(pose: MetricPose, calibration: Calibration) -> Array:
    """(T, 12) metres from the walker, from the middle of the hips."""
    truth = CAMERA.view(WALKER.positions(pose.time)) @ calibration.rotation.T
    hips = BLAZEPOSE_33.indices("left_hip", "right_hip")
    truth -= truth[:, hips].mean(axis=1, keepdims=True)
    return np.linalg.norm(pose.xyz - truth, axis=-1)[:, BLAZEPOSE_33.indices(*JOINTS)]


def stated(frames: int = 6, bends: bool = True) -> Stated:
    """A small problem that uses every term."""
    keypoints = seen(frames, pixels=1.0, depth=0.02)
    pose, calibration, subject = calibrated(keypoints, camera=Camera())
    found = DepthErrors(0.03, knee=0.2, elbow=0.3) if bends else DepthErrors(0.03)
    one = state_problem(pose, keypoints, calibration, subject, found, [])
    assert one is not None
    feet = np.array([name.endswith(("heel", "foot_index")) for name in one.problem.body.points])
    everywhere = np.broadcast_to(feet, one.problem.weight.shape)
    return replace(one, problem=replace(one.problem, standing=everywhere, low=everywhere, above=everywhere))


def shifted(state: State, number: int, step: float) -> State:
    points, shared = state.points.copy(), state.shared.copy()
    if number < points.size:
        points.reshape(-1)[number] += step
    else:
        shared[number - points.size] += step
    return State(points, shared)


def somewhere(one: Stated) -> State:
    """A state that fits badly, so that no term is at its least."""
    random = np.random.default_rng(0)
    points = one.start.points + 0.02 * random.standard_normal(one.start.points.shape)
    return State(points, one.start.shared + 0.05 * random.standard_normal(one.start.shared.shape))


@pytest.mark.parametrize("name", [name for name in TERMS if name != "hinge"])
def test_the_slopes_of_a_term_are_its_derivatives(name: str) -> None:
    one = stated(3)
    state, evaluate, step = somewhere(one), TERMS[name].evaluate, 1e-6
    term = evaluate(one.problem, state)
    assert term is not None
    frames, size = len(state.points), state.points[0].size
    for number in [*range(size), *range(state.points.size, state.points.size + len(state.shared))]:
        ahead, behind = (evaluate(one.problem, shifted(state, number, sign * step)) for sign in (1, -1))
        assert ahead is not None
        assert behind is not None
        measured = (ahead.values - behind.values) / (2 * step)
        if number < size:
            told = np.where(term.columns == number, term.slopes[0], 0).sum(axis=-1)
            assert measured[0] == pytest.approx(told, rel=1e-4, abs=1e-4)
        elif term.shared is not None:
            told = term.shared[..., number - frames * size]
            assert measured == pytest.approx(told, rel=1e-4, abs=1e-4)
        else:
            assert np.abs(measured).max() == 0


def test_the_pull_is_the_gradient_of_the_energy() -> None:
    one = stated(5)
    state = somewhere(one)
    without = [name for name in TERMS if name != "hinge"]  # whose axes are held while it is linearised

    def of(at: Linearised) -> Linearised:
        return Linearised(at.state, {name: at.terms[name] for name in without}, at.common, at.steps)

    normal = assemble(of(linearise(one.problem, state)), np.ones(len(state.shared), bool))
    told = np.concatenate([normal.pull, normal.shared_pull])
    for number in range(0, len(told), 7):
        step = 1e-6
        ahead, behind = (of(linearise(one.problem, shifted(state, number, sign * step))).energy for sign in (1, -1))
        assert (ahead - behind) / (2 * step) == pytest.approx(told[number], rel=1e-3, abs=1e-3 * np.abs(told).max())


def test_the_covariances_are_blocks_of_the_inverse_of_the_whole_matrix() -> None:
    one = stated(5)
    free = np.ones(len(one.start.shared), bool)
    at = solve(one.problem, one.start, free)
    normal = assemble(at, free)
    size, count = one.start.points[0].size, one.start.points.size
    whole = np.zeros((count + len(free), count + len(free)))
    for row in range(len(normal.band)):
        off = 2 * size - row
        values = normal.band[row, off:]
        whole[np.arange(count - off), np.arange(off, count)] = values
        whole[np.arange(off, count), np.arange(count - off)] = values
    whole[:count, count:], whole[count:, :count], whole[count:, count:] = normal.border, normal.border.T, normal.corner
    inverse = np.linalg.inv(whole + np.diag(np.append(np.full(count, 1e-9), np.zeros(len(free)))))

    blocks, shared = covariances(at, free)

    assert shared == pytest.approx(inverse[count:, count:], rel=1e-4, abs=1e-9)
    for frame, block in enumerate(blocks):
        rows = slice(frame * size, (frame + 1) * size)
        assert block == pytest.approx(inverse[rows, rows], rel=1e-3, abs=1e-8)


def test_solving_lowers_the_energy() -> None:
    one = stated(20)

    found = solve(one.problem, one.start, np.ones(len(one.start.shared), bool))

    assert found.energy < 0.5 * linearise(one.problem, one.start).energy


def test_noise_in_depth_goes() -> None:
    keypoints = seen(90, pixels=1.0, depth=0.05)
    pose, calibration, _ = calibrated(keypoints)
    fitted, found, _ = refined(keypoints)

    assert errors(fitted, found).mean() < 0.4 * errors(pose, calibration).mean()


def test_what_is_exact_stays_within_millimetres() -> None:
    fitted, found, _ = refined(seen(60))

    assert errors(fitted, found).mean() < 0.012


def test_bones_keep_their_lengths() -> None:
    keypoints = seen(60, pixels=1.0, depth=0.05)

    def variation(pose: MetricPose) -> float:
        thigh = pose.xyz[:, BLAZEPOSE_33.index("left_hip")] - pose.xyz[:, BLAZEPOSE_33.index("left_knee")]
        lengths = np.linalg.norm(thigh, axis=1)
        return float(lengths.std() / lengths.mean())

    assert variation(refined(keypoints)[0]) < 0.005 < variation(calibrated(keypoints)[0])


def test_both_sides_have_the_same_lengths() -> None:
    fitted = refined(seen(60, pixels=1.0, depth=0.05))[0]

    sides = [
        np.linalg.norm(
            fitted.xyz[:, BLAZEPOSE_33.index(f"{side}_hip")] - fitted.xyz[:, BLAZEPOSE_33.index(f"{side}_knee")], axis=1
        )
        for side in ("left", "right")
    ]

    assert np.median(sides[0]) == pytest.approx(np.median(sides[1]), rel=0.003)


def test_the_legs_keep_the_size_that_calibration_gave_them() -> None:
    keypoints = seen(60, pixels=1.0, depth=0.03)

    lengths = refined(keypoints)[2].lengths

    assert lengths["thigh"] + lengths["shank"] == pytest.approx(0.491 * WALKER.stature, rel=0.01)


def test_a_taller_person_is_the_same_person_larger() -> None:
    keypoints = seen(40, pixels=1.0, depth=0.03)
    usual, larger = (refined(keypoints, height=height)[0] for height in (1.6, 2.0))

    assert larger.xyz == pytest.approx(1.25 * usual.xyz, abs=1e-3)


def test_what_was_missing_stays_missing() -> None:
    keypoints = seen(40, depth=0.02)
    wrist = BLAZEPOSE_33.index("left_wrist")
    fitted = refined(without(keypoints, np.s_[10:20, wrist]))[0]

    assert np.isnan(fitted.xyz[10:20, wrist]).all()
    assert np.isfinite(fitted.xyz[[9, 20], wrist]).all()
    assert fitted.spread is not None
    assert np.isnan(fitted.spread.points[10:20, wrist]).all()


def test_a_person_who_is_away_for_long_is_fitted_on_both_sides_of_that() -> None:
    gone = without(seen(60, pixels=1.0, depth=0.05), np.s_[20:40])
    pose, calibration, _ = calibrated(gone)
    fitted, found, account = refined(gone)

    assert account.frames == 40
    assert np.isnan(fitted.xyz[20:40]).all()
    assert np.nanmean(errors(fitted, found)) < 0.6 * np.nanmean(errors(pose, calibration))


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_few_frames_are_enough(frames: int) -> None:
    fitted, _, account = refined(seen(frames, depth=0.02))

    assert account.frames == frames
    assert np.isfinite(fitted.xyz).all()


def test_without_a_stature_nothing_is_done() -> None:
    keypoints = seen(10)
    pose, calibration, subject = calibrated(keypoints)
    calibration = replace(calibration, stature=None)

    fitted, same, account = refine(pose, keypoints, calibration, subject, Native.errors)

    assert fitted is pose
    assert same is calibration
    assert account.done == "off: the person's stature is not known"


def test_hands_go_along_with_their_wrists() -> None:
    keypoints = seen(30, pixels=1.0, depth=0.03)
    before, calibration, _ = calibrated(keypoints)
    after, found, _ = refined(keypoints)
    wrist, thumb = BLAZEPOSE_33.indices("left_wrist", "left_thumb")
    held = [
        (pose.xyz[:, thumb] - pose.xyz[:, wrist]) @ turn.rotation
        for pose, turn in ((before, calibration), (after, found))
    ]

    assert held[1] == pytest.approx(held[0], abs=1e-9)


@pytest.fixture
def in_windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(windows, "WHOLE", 120)
    monkeypatch.setattr(windows, "WINDOW", 60)
    monkeypatch.setattr(windows, "PIECES", 3)
    return iter(())


@pytest.mark.usefixtures("in_windows")
def test_windows_leave_no_seams() -> None:
    keypoints = seen(180, pixels=1.0, depth=0.02)
    pose, calibration, subject = calibrated(keypoints)
    one = state_problem(pose, keypoints, calibration, subject, Native.errors, [])
    assert one is not None

    found = windows.fit(
        one.problem, one.start, measure_for(one.problem.body, calibration.rotation), lambda _, items, __: iter(items)
    )
    whole = solve(one.problem, State(one.start.points, found.shared), np.zeros(len(found.shared), bool))

    assert found.windows == 3
    assert WALKER.stature * np.abs(found.points - whole.state.points).max() < 0.001


@pytest.mark.usefixtures("in_windows")
def test_progress_counts_the_windows() -> None:
    keypoints = seen(180, depth=0.02)
    pose, calibration, subject = calibrated(keypoints)
    told: list[tuple[str, int | None]] = []

    def progress(stage: str, items: Any, total: int | None) -> Iterator[Any]:
        for item in items:
            told.append((stage, total))
            yield item

    refine(pose, keypoints, calibration, subject, Native.errors, progress=progress)

    assert told == [("refining", 3)] * 3


def nodes_of(keypoints: Keypoints) -> Stated:
    pose, calibration, subject = calibrated(keypoints)
    one = state_problem(pose, keypoints, calibration, subject, Native.errors, [])
    assert one is not None
    return one


@pytest.mark.parametrize(("rate", "nodes"), [(24, 48), (30, 60), (50, 100), (60, 61), (240, 61)])
def test_two_seconds_have_nodes_30_times_a_second_or_more(rate: int, nodes: int) -> None:
    one = nodes_of(seen(2 * rate, rate=rate))

    assert len(one.nodes) == nodes
    assert 1 / np.diff(one.problem.time).max() >= min(rate, 30) - 1e-9


@pytest.mark.parametrize("first", [0, 7, 1000, 99_999])
def test_when_a_clip_begins_changes_no_node(first: int) -> None:
    keypoints = seen(100, rate=60.0)

    one = nodes_of(replace(keypoints, time=(first + np.arange(100)) / 60))

    assert list(one.nodes) == [*range(0, 100, 2), 99]


@pytest.mark.parametrize("rate", [60.0, 120.0, 240.0])
def test_a_person_who_is_there_in_a_few_scattered_frames_is_fitted(rate: float) -> None:
    keypoints = seen(int(rate), rate=rate)
    there = np.isin(np.arange(int(rate)), (np.array([0.1, 0.4, 0.7]) * rate).astype(int))

    pose, *_ = refined(without(keypoints, ~there))

    assert np.isfinite(pose.xyz[there]).all()


def test_where_frames_are_rare_all_of_them_are_nodes() -> None:
    keypoints = seen(90, rate=120.0)
    time = np.append(np.arange(60) / 120, 0.5 + np.arange(30) / 20)

    one = nodes_of(replace(keypoints, time=time))

    assert set(range(60, 90)) <= set(one.nodes)
    assert len(one.nodes) == 15 + 30


@pytest.mark.parametrize(("rate", "said"), [(30, ""), (60, ", 30 poses a second with cubics between")])
def test_the_account_says_that_not_every_frame_was_fitted(rate: int, said: str) -> None:
    *_, account = refined(seen(rate, rate=rate))

    assert account.done == f"one body of constant lengths fitted to {rate} frames, at once{said}"


def test_a_quick_camera_gains_nothing_and_loses_nothing() -> None:
    slow, found, _ = refined(seen(45, pixels=1.0, depth=0.03))
    quick, found_too, _ = refined(seen(360, pixels=1.0 * 8**0.5, depth=0.03 * 8**0.5, rate=240.0))

    assert errors(quick, found_too).mean() < 1.1 * errors(slow, found).mean()


def test_what_moves_evenly_does_so_between_nodes_and_nothing_is_drawn_across_an_absence() -> None:
    keypoints = seen(120, rate=60.0)
    one = nodes_of(replace(keypoints, time=keypoints.time + np.where(np.arange(120) < 61, 0.0, 10.0)))
    points = np.broadcast_to(np.where(one.time < 5, 3 * one.time, 7.0)[:, None, None], (120, 2, 3))

    found = one.at_frames(points[one.nodes])

    assert found == pytest.approx(points, abs=1e-9)


def test_a_frame_has_the_deviation_of_the_node_nearest_to_it() -> None:
    keypoints = seen(210, rate=210.0)  # seven frames a node: none lies in the middle
    one, pose = nodes_of(keypoints), calibrated(keypoints)[0]
    number = np.arange(len(one.nodes), dtype=float)
    sizes = (number[:, None, None] * np.ones((len(one.columns), 3)), number[:, None] * np.ones(len(ANGLES)))

    found = spread_of(one, sizes, pose)

    nearest = np.abs(one.time[:, None] - one.time[one.nodes]).argmin(axis=1)
    assert found.points[:, one.columns[0], 0] / POINTS_WIDER / one.stature == pytest.approx(nearest, abs=1e-9)
    assert found.angles["left_knee_flexion"] / ANGLES_WIDER == pytest.approx(nearest, abs=1e-9)


@pytest.mark.parametrize("name", ["acceleration", "still"])
@pytest.mark.parametrize(("rate", "every"), [(60.0, 2), (240.0, 1), (240.0, 8)])
def test_a_second_counts_alike_at_high_frame_rates_and_with_fewer_nodes(name: str, rate: float, every: int) -> None:
    one = stated(6)

    def energy(rate: float, every: int) -> float:
        time = np.arange(0, 2, 1 / rate)
        rows = np.zeros(len(time), int)
        flags = {word: np.ones((len(time), *one.problem.standing.shape[1:]), bool) for word in ("standing", "planted")}
        problem = replace(one.problem.cut(rows), time=time, rate=rate, joined=np.ones(len(time) - 1, bool), **flags)
        thin, taken = problem.thin(every)
        wave = 0.05 * np.sin(2 * np.pi * time)[taken, None, None]
        return linearise(thin, State(one.start.points[rows][taken] + wave, one.start.shared)).steps[name].energy

    assert energy(rate, every) == pytest.approx(energy(60.0, 1), rel=0.15)


def test_the_expected_focal_length_counts_once_a_second_and_more_for_who_keeps_the_distance_or_comes_far() -> None:
    one = stated(6)
    apart = np.exp(np.array([-1, 1, -1, 1, -1, 1]))  # deviates by its exponent

    def weight(seconds: float, deviation: float) -> float:
        size = 300 * apart**deviation
        problem = replace(one.problem, rate=len(one.problem.time) / seconds, size=size)
        return float(linearise(problem, one.start).common["focal length"].weight[0])

    assert [weight(seconds, 0.1) for seconds in (0.5, 1.0, 10.0)] == pytest.approx([1, 1, 10])
    assert [weight(2.0, deviation) for deviation in (0.1, 0.05, 0.02)] == pytest.approx([2, 8, 50])
    assert weight(2.0, 0.3) == pytest.approx(18)


def test_an_expectation_that_counts_often_makes_the_focal_length_no_surer() -> None:
    *_, account = refined(standing_person(drift=0.0), camera=Camera())

    assert 0.03 < account.focal_spread <= FOCAL


def test_standing_feet_stop_sliding() -> None:
    keypoints = seen(60, pixels=1.0, depth=0.03)
    heel = BLAZEPOSE_33.index("left_heel")
    planted = slice(2, 14)  # early stance, before the heel rises

    def slide(pose: MetricPose) -> float:
        return float(np.linalg.norm(np.diff(pose.positions[planted, heel], axis=0), axis=1).mean())

    assert slide(refined(keypoints)[0]) < 0.3 * slide(calibrated(keypoints)[0])


def test_a_foot_that_stands_is_held_and_one_that_does_not_is_not() -> None:
    one = stated(30)
    heel = one.problem.body.rows("left_heel")[0]
    swinging = replace(one.problem, standing=np.zeros_like(one.problem.standing))

    def slide(problem: Problem) -> float:
        at = solve(problem, one.start, np.ones(len(one.start.shared), bool))
        return float(np.abs(np.diff(at.state.points[:, heel], axis=0)).mean())

    assert slide(one.problem) < 0.9 * slide(swinging)


def test_an_ankle_stands_while_heel_and_toes_are_on_the_floor() -> None:
    names = ("left_ankle", "left_heel", "left_foot_index", "right_ankle", "right_heel")
    low = np.zeros((3, 5), bool)
    low[0, [1, 2, 4]] = low[1, 1] = True

    flat = contacts._flat(names, low)

    assert flat.tolist() == [[True, True, True, False, False], [False] * 5, [False] * 5]


def test_only_what_lasts_for_a_second_is_planted_and_a_flicker_ends_nothing() -> None:
    time = np.arange(200) / 50
    flags = np.zeros((200, 2), bool)
    flags[20:90, 0] = True  # 1.4 s, with a hole of 0.1 s
    flags[50:55, 0] = False
    flags[100:145, 0] = True  # 0.9 s
    flags[20:50, 1] = flags[65:95, 1] = True  # 0.6 s twice, 0.3 s apart

    assert np.flatnonzero(contacts._for_long(flags, time).any(axis=1)).tolist() == list(range(20, 90))
    assert not contacts._for_long(flags, time)[:, 1].any()


def test_a_planted_foot_does_not_drift_though_its_keypoints_do() -> None:
    keypoints = standing_person(drift=0.03)
    standing, _, _ = refined(keypoints)
    heights = standing.positions[:, BLAZEPOSE_33.indices("left_heel", "left_ankle"), 1]

    assert np.ptp(heights, axis=0).max() < 0.005


def test_two_short_stands_before_and_after_an_absence_are_no_long_one() -> None:
    time = np.concatenate([np.arange(30), np.arange(30) + 250]) / 50  # 0.6 s each, 4.4 s apart

    assert not contacts._for_long(np.ones((60, 1), bool), time).any()


def planted_in(frames: int) -> tuple[bool, bool]:
    """Tell whether any point stands, and whether any is planted, in so many frames (60 a second) of somebody who stands."""
    whole = standing_person(drift=0.0)
    part = {name: getattr(whole, name)[:frames] for name in ("time", "xy", "score", "source", "xyz")}
    keypoints = replace(whole, **part)
    pose, calibration, subject = calibrated(keypoints)
    one = state_problem(pose, keypoints, calibration, subject, Native.errors, [])
    assert one is not None
    return bool(one.problem.standing.any()), bool(one.problem.planted.any())


def test_a_foot_is_planted_that_stands_for_more_than_a_second() -> None:
    assert planted_in(100) == (True, True)
    assert planted_in(50) == (True, False)


def test_a_planted_point_may_move_a_tenth_of_what_a_standing_one_may() -> None:
    one = stated(4)
    heel = one.problem.body.rows("left_heel")[0]
    planted = np.zeros_like(one.problem.standing)
    planted[1:3, heel] = True
    at_rest = State(np.repeat(one.start.points[:1], 4, axis=0), one.start.shared)

    held = steps(replace(one.problem, planted=planted), at_rest)["still"].weight[:, 3 * heel]

    assert pytest.approx(10) == STILL / PLANTED
    assert held / held[0] == pytest.approx([1, 100, 1])  # only between two frames that both are


def standing_person(drift: float) -> Keypoints:
    """Somebody who stands for two seconds, whose left heel and ankle rise by so many metres in the picture and sink again."""
    still = seen(1)
    frames = 120
    repeated = {name: np.repeat(getattr(still, name), frames, axis=0) for name in ("xy", "score", "source", "xyz")}
    rows = BLAZEPOSE_33.indices("left_heel", "left_ankle")
    rise = drift * CAMERA.focal_length / 4.5 * np.sin(np.linspace(0, np.pi, frames)) ** 2
    repeated["xy"][:, rows, 1] -= rise[:, None]
    return replace(still, time=np.arange(frames) / 60, **repeated)


def test_uneven_times_are_taken_as_they_are() -> None:
    keypoints = seen(90, pixels=1.0, depth=0.05)
    kept = np.sort(np.random.default_rng(0).choice(90, 60, replace=False))
    parts = {name: getattr(keypoints, name)[kept] for name in ("time", "xy", "score", "source", "xyz")}
    uneven, found, _ = refined(replace(keypoints, **parts))
    even, found_too, _ = refined(keypoints)

    assert errors(uneven, found).mean() < 1.3 * errors(even, found_too).mean()


def test_constant_velocity_is_no_acceleration_whatever_the_times() -> None:
    one = stated(6)
    time = np.array([0.0, 0.02, 0.1, 0.13, 0.2, 0.21])
    moving = one.start.points[:1] + np.array([1.0, 0.0, 0.5]) * time[:, None, None]

    found = linearise(replace(one.problem, time=time), State(moving, one.start.shared)).steps

    assert found["acceleration"].energy == pytest.approx(0, abs=1e-12)


def test_nobody_is_drawn_through_a_gap_in_time() -> None:
    keypoints = seen(60, pixels=1.0, depth=0.03)
    apart = replace(keypoints, time=keypoints.time + np.where(np.arange(60) < 30, 0.0, 10.0))
    pose, calibration, subject = calibrated(apart)
    one = state_problem(pose, apart, calibration, subject, Native.errors, [])
    assert one is not None

    assert one.problem.joined.sum() == 58
    assert not one.problem.joined[29]


def test_frames_that_show_one_hip_are_fitted_too() -> None:
    keypoints = seen(60, pixels=1.0, depth=0.03)
    hip = BLAZEPOSE_33.index("right_hip")
    fitted, _, account = refined(without(keypoints, np.s_[20:40, hip]), camera=Camera())

    steps = np.linalg.norm(np.diff(fitted.root, axis=0), axis=1)

    assert account.frames == 60
    assert steps.max() < 4 * np.median(steps)


def test_where_no_step_helps_nothing_is_claimed() -> None:
    keypoints = seen(20, pixels=1.0)
    pose, calibration, subject = calibrated(keypoints, camera=Camera(focal_length=20.0))

    fitted, same, account = refine(pose, keypoints, calibration, subject, Native.errors)

    assert account.done.startswith("off: no step led to a better fit")
    assert fitted is pose
    assert same is calibration


@pytest.mark.parametrize("degrees", [0.0, 0.01, 0.05])
def test_a_straight_limb_is_no_surer_than_a_bent_one(degrees: float) -> None:
    def spread(bend: float) -> float:
        points = np.array([[[0, 0.2, 3], [0, 0, 3], [0.2 * np.sin(bend), -0.2 * np.cos(bend), 3]]])
        arm = Skeleton("arm", ("left_shoulder", "left_elbow", "left_wrist"), (-1, 0, 1))
        return float(angle_spread(arm, points, 1e-4 * np.eye(9)[None])[0, list(ANGLES).index("left_elbow_flexion")])

    # in line a limb can bend to two sides, and its joint is as unsure along both: up to the root of 2
    assert 0.95 < spread(np.radians(degrees)) / spread(np.radians(20)) < 1.5


def test_a_knee_that_bends_backwards_is_drawn_forwards() -> None:
    one = stated(4, bends=False)
    body = one.problem.body
    hip, knee, ankle = body.rows("left_hip", "left_knee", "left_ankle")
    points = one.start.points.copy()
    middle = (points[:, hip] + points[:, ankle]) / 2
    forward = points[:, knee] - middle
    points[:, knee] = middle - forward
    state = State(points, one.start.shared)
    term, usual = (TERMS["hinge"].evaluate(one.problem, at) for at in (state, one.start))
    assert term is not None
    assert usual is not None
    pull = np.einsum("tr,trk->tk", term.weight * term.values, term.slopes)[:, :3]

    assert term.energy > 10 * usual.energy
    assert (np.sum(-pull * forward, axis=1) > 0).all()


def test_a_given_focal_length_is_kept() -> None:
    found = refined(seen(30, pixels=1.0, depth=0.02))[1]

    assert found.focal_length == CAMERA.focal_length


def test_an_assumed_focal_length_is_fitted() -> None:
    keypoints = seen(60, pixels=0.5)

    found = refined(keypoints, camera=Camera())[1]

    assert found.focal_length_assumed
    assert found.focal_length != Camera().pixels(CAMERA.size)


def test_a_person_of_odd_build_is_told() -> None:
    keypoints = seen(60, pixels=0.5)
    xyz = np.array(keypoints.xyz)
    upper = [
        row for row, name in enumerate(BLAZEPOSE_33.points) if "shoulder" in name or "elbow" in name or "wrist" in name
    ]
    tall = CAMERA.view(WALKER.positions(keypoints.time))
    tall[:, upper] += [0, -0.16, 0]  # a trunk a third longer
    focal = CAMERA.focal_length
    xy = focal * tall[..., :2] / tall[..., 2:] + np.array(CAMERA.size) / 2
    hips = BLAZEPOSE_33.indices("left_hip", "right_hip")
    xyz = tall - tall[:, hips].mean(axis=1, keepdims=True)

    odd = refined(replace(keypoints, xy=xy, xyz=xyz))[2].odd

    assert odd["trunk"] > 0.1


def test_keypoints_of_another_body_are_a_poor_fit() -> None:
    keypoints = seen(30)
    random = np.random.default_rng(0)
    shuffled = keypoints.xy + 60 * random.standard_normal(keypoints.xy.shape)

    assert refined(keypoints)[2].reprojection < 0.01
    assert refined(replace(keypoints, xy=shuffled))[2].reprojection > 0.02


def test_depth_is_less_sure_than_the_picture() -> None:
    fitted = refined(seen(60, pixels=1.0, depth=0.03))[0]
    assert fitted.spread is not None
    towards, up, across = np.nanmedian(fitted.spread.points[:, BLAZEPOSE_33.indices(*JOINTS[2:])], axis=(0, 1))

    assert towards > 1.5 * up
    assert towards > 1.5 * across


def test_points_that_are_not_fitted_have_no_spread() -> None:
    spread = refined(seen(20, depth=0.02))[0].spread
    assert spread is not None
    fitted = [row for row, name in enumerate(BLAZEPOSE_33.points) if name in POINTS]

    known = np.isfinite(spread.points).all(axis=(0, 2))

    assert np.flatnonzero(known).tolist() == fitted


def test_the_spread_of_an_angle_is_that_of_many_draws() -> None:
    one = stated(4)
    free = np.ones(len(one.start.shared), bool)
    at = solve(one.problem, one.start, free)
    blocks, _ = covariances(at, free)
    rows = one.problem.body.rows("left_shoulder", "left_elbow", "left_wrist")
    columns = (np.array(rows)[:, None] * 3 + np.arange(3)).ravel()
    small = 1e-4 * blocks[1][np.ix_(columns, columns)]
    mean = at.state.points[1, rows].ravel()
    drawn = np.random.default_rng(0).multivariate_normal(mean, small, 4000).reshape(-1, 3, 3)
    body = Skeleton("fitted", one.problem.body.points, (-1,) * len(one.problem.body.points))
    told = angle_spread(body, at.state.points, blocks)[1, list(ANGLES).index("left_elbow_flexion")]

    measured = included_angle(drawn[:, 0], drawn[:, 1], drawn[:, 2]).std()
    assert 1e-2 * told == pytest.approx(measured, rel=0.06)


POSTURE = {
    "pelvis_rotation": 180.0,  # where angles turn over
    "trunk_rotation": 20.0,
    "left_hip_flexion": 40.0,
    "left_hip_adduction": -10.0,
    "left_knee_flexion": 60.0,
    "left_ankle_dorsiflexion": 10.0,
    "left_shoulder_flexion": 30.0,
    "left_shoulder_abduction": 40.0,
    "left_elbow_flexion": 60.0,
}


@pytest.mark.parametrize(
    "name", [*POSTURE, "pelvis_obliquity", "trunk_flexion", "left_hip_rotation", "left_shoulder_elevation"]
)
def test_the_spread_of_each_angle_is_that_of_draws_of_its_points(name: str) -> None:
    here = figure(POSTURE)
    random, size = np.random.default_rng(4), here.size
    root = random.normal(0, 1e-3 / np.sqrt(size), (size, size)) + 5e-4 * np.eye(size)  # points that err together
    drawn = here + (random.normal(0, 1, (4000, size)) @ root.T).reshape(4000, *here.shape)

    told = angle_spread(BLAZEPOSE_33, here[None], (root @ root.T)[None])[0, list(ANGLES).index(name)]

    angles = np.unwrap(angles_of(Landmarks(BLAZEPOSE_33, drawn), [name])[:, 0])
    assert told == pytest.approx(angles.std(), rel=0.06)


@pytest.mark.parametrize("knee", [30.001, 30.1])
def test_an_angle_at_the_edge_of_what_can_be_seen_has_a_spread(knee: float) -> None:
    points = figure({f"{side}_knee_flexion": knee for side in ("left", "right")})[None]

    told = angle_spread(BLAZEPOSE_33, points, 1e-6 * np.eye(99)[None])[0]

    rotations = [list(ANGLES).index(f"{side}_hip_rotation") for side in ("left", "right")]
    assert np.isfinite(angles_of(Landmarks(BLAZEPOSE_33, points))[0, rotations]).all()
    assert np.isfinite(told[rotations]).all()


TWELVE = Body(JOINTS, {}, frozenset())
FROM_CAMERA = np.array([[0.0, 0, -1], [0, -1, 0], [-1, 0, 0]])  # X of the laboratory towards the camera


def test_deviations_of_points_are_along_the_axes_of_the_laboratory() -> None:
    covariance, wrist = np.zeros((36, 36)), 3 * JOINTS.index("left_wrist")
    covariance[wrist + 2, wrist + 2] = 0.03**2  # away from the camera
    points = figure(POSTURE)[BLAZEPOSE_33.indices(*JOINTS)]

    found, _ = measure_for(TWELVE, FROM_CAMERA)(points[None], covariance[None])

    expected = np.zeros((12, 3))
    expected[JOINTS.index("left_wrist"), 0] = 0.03
    assert found[0] == pytest.approx(expected, abs=1e-9)


def test_an_error_that_all_points_share_is_none_of_places_relative_to_the_hips() -> None:
    together = np.kron(np.ones((12, 12)), np.diag([1e-4, 2e-4, 9e-4]))
    points = figure(POSTURE)[BLAZEPOSE_33.indices(*JOINTS)]

    found, _ = measure_for(TWELVE, FROM_CAMERA)(points[None], together[None])

    assert found == pytest.approx(np.zeros((1, 12, 3)), abs=1e-6)


def test_how_the_camera_stands_does_not_change_the_spread_of_angles_between_segments() -> None:
    depth = np.kron(np.eye(12), np.diag([1e-6, 1e-6, 9e-6]))
    points = figure(POSTURE)[BLAZEPOSE_33.indices(*JOINTS)]
    inside = [number for number, row in enumerate(ANGLES.values()) if row.against != "laboratory"]

    (_, upright), (_, other) = (
        measure_for(TWELVE, rotation)(points[None], depth[None]) for rotation in (np.eye(3), FROM_CAMERA)
    )

    assert np.isfinite(upright[0, inside]).any()
    assert other[0, inside] == pytest.approx(upright[0, inside], rel=1e-3, nan_ok=True)


def test_the_spread_of_a_pose_is_widened_in_metres_and_only_where_it_was_fitted() -> None:
    pose = calibrated(seen(4))[0]
    columns, gone = np.array(BLAZEPOSE_33.indices("left_knee", "left_ankle")), BLAZEPOSE_33.index("left_ankle")
    rows = np.array([1, 2])
    one = replace(stated(4), rows=rows, columns=columns, stature=2.0, nodes=rows - 1, time=pose.time[rows])

    found = spread_of(one, (np.full((2, 2, 3), 0.01), np.full((2, len(ANGLES)), 0.02)), without(pose, (2, gone)))

    expected = np.full(pose.xyz.shape, np.nan)
    expected[1, columns] = expected[2, columns[0]] = POINTS_WIDER * 0.02
    assert found.points == pytest.approx(expected, nan_ok=True)
    angle = [np.nan, ANGLES_WIDER * 0.02, ANGLES_WIDER * 0.02, np.nan]
    assert found.angles["left_knee_flexion"] == pytest.approx(angle, nan_ok=True)


def test_an_angle_that_these_points_do_not_show_has_no_spread() -> None:
    told = angle_spread(BLAZEPOSE_33, figure(POSTURE)[None], 1e-6 * np.eye(99)[None])[0]

    # the right knee is straight
    assert {name for name, one in zip(ANGLES, told, strict=True) if np.isnan(one)} == {
        "pelvis_tilt",
        "right_hip_rotation",
    }


def test_the_estimator_is_a_second_opinion_on_a_lifter_and_not_on_itself() -> None:
    class Lifting:
        needs_depth, secondary_depth = False, True
        errors = DepthErrors(0.03)
        weights = ()
        method = ""

        def lift(self, keypoints: Keypoints) -> RelativePose:
            return Native().lift(keypoints)

    keypoints = seen(3)

    assert other_opinions(Native(), keypoints) == []
    assert other_opinions(Lifting(), replace(keypoints, xyz=None)) == []
    ((_, told),) = other_opinions(Lifting(), keypoints)
    assert told == Native.errors


def test_a_second_opinion_helps() -> None:
    true, noisy = seen(60), seen(60, pixels=1.0, depth=0.08)
    pose, calibration, subject = calibrated(noisy)
    others = [(Native().lift(true), DepthErrors(0.01))]

    alone, found, _ = refine(pose, noisy, calibration, subject, Native.errors)
    helped, found_too, _ = refine(pose, noisy, calibration, subject, Native.errors, others)

    assert errors(helped, found_too).mean() < 0.7 * errors(alone, found).mean()


def test_a_measured_bone_decides_over_the_table() -> None:
    keypoints = seen(20)
    pose, calibration, _ = calibrated(keypoints)
    subject = Subject(height=WALKER.stature, bone_lengths={"left_upper_arm": 0.35})
    one = state_problem(pose, keypoints, calibration, subject, Native.errors, [])
    assert one is not None

    assert one.problem.body.shares["upper_arm"] == pytest.approx(0.35 / WALKER.stature)


def test_a_measured_bone_keeps_its_length() -> None:
    keypoints = seen(40, pixels=1.0, depth=0.02)
    pose, calibration, _ = calibrated(keypoints)

    def upper_arm(**bones: float) -> float:
        subject = Subject(height=WALKER.stature, bone_lengths=bones)
        return refine(pose, keypoints, calibration, subject, Native.errors)[2].lengths["upper_arm"]

    assert upper_arm(left_upper_arm=0.35) == pytest.approx(0.35, rel=0.02)
    assert upper_arm() < 0.335


def test_a_bone_that_the_lifter_shortens_is_less_sure() -> None:
    one = stated(6)
    short = one.problem.pose.copy()
    rows = one.problem.body.rows("left_elbow", "left_wrist")
    short[:, rows[1]] = short[:, rows[0]] + 0.3 * (short[:, rows[1]] - short[:, rows[0]])
    bone = next(
        number for number, parts in enumerate(one.problem.body.bones[0]) if parts[rows[1]] == 1 and parts[rows[0]] == -1
    )

    before, after = (problem.bone_depths[1][:, bone] for problem in (one.problem, replace(one.problem, pose=short)))

    assert (after > 1.2 * before).all()


def test_jitter_counts_for_less_than_errors_that_last() -> None:
    one = stated(60)
    still = replace(one.problem, pose=np.repeat(one.problem.pose[:1], 60, axis=0))
    random = np.random.default_rng(0)
    jittering = replace(still, pose=still.pose + 0.02 * random.standard_normal(still.pose.shape) * [0, 0, 1])

    assert np.median(jittering.bone_depths[1]) < np.median(still.bone_depths[1])


def test_proportions_far_from_the_table_are_found() -> None:
    one = stated(40)
    body = one.problem.body
    trunk = body.segments.index("trunk")

    assert segment_lengths(body, one.start)[trunk] == SEGMENTS["trunk"].share
    found = solve(one.problem, one.start, np.ones(len(one.start.shared), bool))
    assert segment_lengths(body, found.state)[trunk] == pytest.approx(0.288, rel=0.06)


def test_a_step_is_joined_only_to_what_it_follows() -> None:
    one = stated(6)
    apart = replace(one.problem, joined=np.array([True, True, False, True, True]))

    found = linearise(apart, one.start).steps
    acceleration: Steps = found["acceleration"]

    assert (acceleration.weight.any(axis=1) == [True, False, False, True]).all()


def test_a_cut_knows_what_follows_on_what() -> None:
    problem: Problem = stated(8).problem

    assert problem.cut(np.array([0, 1, 4, 5, 6])).joined.tolist() == [True, False, True, True]


def test_nothing_refined_says_so() -> None:
    assert NOT_REFINED.done == "off: --no-refine"
    assert NOT_REFINED.frames == 0


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Refinement("", reprojection=0.031), "lies 3.1 % of its height from its picture"),
        (Refinement("", odd={"upper_arm": -0.14, "trunk": 0.2}), "unusual: upper arm 14 % shorter, trunk 20 % longer"),
        (Refinement("", focal_off=True), "draws the focal length far from what was assumed"),
    ],
    ids=["picture", "lengths", "focal length"],
)
def test_a_poor_fit_is_told_in_plain_words(found: Refinement, said: str) -> None:
    (note,) = found.entry().notes

    assert said in note.text


def test_a_good_fit_needs_no_words() -> None:
    assert Refinement("", reprojection=0.019).entry().notes == ()


FEET = BLAZEPOSE_33.indices(*(f"{side}_{name}" for side in ("left", "right") for name in ("heel", "foot_index")))


def moved(rise: Array, sunk: slice = slice(0), rate: float = 30.0) -> Keypoints:
    """Somebody who stands, raised by so many metres (T,); in the frames `sunk` the feet seem to be 8 cm lower."""
    world = np.repeat(WALKER.positions(np.zeros(1)), len(rise), axis=0)
    world[..., 1] += rise[:, None]
    world[sunk][:, FEET, 1] -= 0.08
    view = CAMERA.view(world)
    hips = view[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean(axis=1, keepdims=True)
    shape = view.shape[:2]
    noise = np.random.default_rng(3).standard_normal((*shape, 2))
    source = np.full(shape, Source.MEASURED, np.uint8)
    return Keypoints(
        BLAZEPOSE_33,
        np.arange(len(rise)) / rate,
        CAMERA.project(world) + noise,
        np.ones(shape),
        source,
        view - hips,
        CAMERA.size,
    )


def lowest(pose: MetricPose) -> Array:
    """(T,) metres, of the lowest point of both feet."""
    return np.asarray(pose.positions[:, FEET, 1].min(axis=1))


@pytest.mark.parametrize("sunk", [slice(0, 6), slice(30, 36), slice(54, 60)], ids=["start", "middle", "end"])
def test_no_foot_goes_through_the_floor_at_the_ends_neither(sunk: slice) -> None:
    keypoints = moved(np.zeros(60), sunk)

    assert lowest(calibrated(keypoints)[0])[sunk].max() < -0.03
    assert lowest(refined(keypoints)[0]).min() > -0.02


def test_standing_feet_are_within_2_cm_of_the_floor() -> None:
    heights = lowest(refined(moved(np.zeros(60), slice(0, 6)))[0])

    assert np.abs(heights).max() <= 0.02


def test_a_jump_keeps_its_height() -> None:
    time = np.arange(60) / 30
    flight = np.clip(1 - ((time - 1) / 0.25) ** 2, 0, None)  # 0.5 s in the air
    heights = lowest(refined(moved(0.30 * flight))[0])

    assert heights.max() == pytest.approx(0.30, abs=0.04)


def test_who_drops_off_a_box_is_not_held_to_its_top() -> None:
    """Two thirds of the clip are on the box, which is taken for the floor."""
    time = np.arange(75) / 30
    fall = np.clip(4.9 * np.clip(time - 1.67, 0, None) ** 2, 0, 0.30)
    heights = lowest(refined(moved(-fall))[0])

    assert np.median(heights[-15:]) == pytest.approx(-0.30, abs=0.04)


def test_a_point_far_below_the_floor_is_pulled_less_than_one_that_is_near() -> None:
    one = stated(3)
    point = one.problem.body.rows("left_heel")[0]

    def pull(depth: float) -> float:
        points = one.start.points.copy()
        points[:, point] += (
            one.start.shared[one.problem.body.floor] - points[:, [point]] @ one.problem.up - depth
        ) * one.problem.up
        term = TERMS["above the floor"].evaluate(one.problem, State(points, one.start.shared))
        assert term is not None
        return float(np.abs(term.weight * term.values)[1].max())

    assert pull(0.03) > 5 * pull(0.20) > 0
