"""What belongs to what, which figure comes of known errors, and what the tables say about it.

The errors are made by hand, on six points whose middle is 0 along every axis or on a known walk.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

from changing import edited
from posedetector.errors import InputError
from posedetector.estimators.synthetic import Walker
from posedetector.evaluation.clocks import resample
from posedetector.evaluation.comparison import Evaluation, evaluate
from posedetector.evaluation.figure import draw
from posedetector.evaluation.matching import Matched, match
from posedetector.evaluation.protocols import ALIGNMENTS, JOINT_SETS, PROTOCOLS, Protocol, choose
from posedetector.evaluation.scores import FIGURES, Scores, score, total, totals
from posedetector.evaluation.tables import (
    figures,
    joint_error,
    markdown,
    per_group,
    per_joint,
    report,
    summary,
    write_csv,
)
from posedetector.filters import low_pass
from posedetector.motion import Motion
from posedetector.pose import Array
from posedetector.skeletons import BLAZEPOSE_33, COCO_WHOLEBODY_133, H36M_17, SKELETONS, Skeleton

CLIP = PROTOCOLS["clip"]
AS_IS = choose("clip", alignment="none", lag="0")
FROM_HIPS = choose("clip", alignment="root-relative", lag="0")
LEGS = ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle")
STAR = np.array([[0, 0, 0.1], [0, 0, -0.1], [0.5, 0, 0], [-0.5, 0, 0], [0, 1, 0], [0, -1, 0]])  # hips, knees, ankles
OF_LEGS = ",".join(LEGS)


def skeleton(*points: str) -> Skeleton:
    return Skeleton("points", points, (-1,) * len(points))


def motion(points: Sequence[str], xyz: Array, rate: float = 50.0, **fields: object) -> Motion:
    return Motion(skeleton(*points), np.arange(len(xyz)) / rate, np.asarray(xyz, float), **fields)


def star(frames: int = 20, **fields: object) -> Motion:
    """The legs stretched along the axes, without moving: hips along z, knees along x, ankles along y."""
    return motion(LEGS, np.repeat(STAR[None], frames, axis=0), **fields)


def still(frames: int = 10, *points: str, rate: float = 50.0) -> Motion:
    """The points (or hips and knees) beside each other along x, 10 cm apart, without moving."""
    points = points or LEGS[:4]
    places = np.stack([np.arange(len(points)) / 10, *np.zeros((2, len(points)))], axis=1)
    return motion(points, np.repeat(places[None], frames, axis=0), rate)


def walking(time: Array, walker: Walker | None = None) -> Motion:
    return Motion(BLAZEPOSE_33, time, (walker or Walker()).positions(time))


def even(rate: float = 50.0, seconds: float = 2.0, start: float = 0.0) -> Array:
    return start + np.arange(round(seconds * rate) + 1) / rate


def moved(one: Motion, by: Sequence[float], *points: str) -> Motion:
    """Move these points, or all, by so many metres."""
    xyz = one.xyz.copy()
    xyz[:, one.skeleton.indices(*(points or one.skeleton.points))] += by
    return replace(one, xyz=xyz)


def without(one: Motion, frames: slice, *points: str) -> Motion:
    """Take the values of these points, or of all, out of these frames."""
    xyz = one.xyz.copy()
    xyz[frames, one.skeleton.indices(*(points or one.skeleton.points))] = np.nan
    return replace(one, xyz=xyz)


def only(one: Motion, *points: str) -> Motion:
    return Motion(skeleton(*points), one.time, one.xyz[:, one.skeleton.indices(*points)])


def rows(one: Motion, keep: Array | slice) -> Motion:
    return replace(one, time=one.time[keep], xyz=one.xyz[keep])


def later(one: Motion, seconds: float) -> Motion:
    return replace(one, time=one.time + seconds)


def turned(one: Motion, degrees: float, axis: int = 1) -> Motion:
    """Turn everything about an axis of the room."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.roll([[1, 0, 0], [0, c, -s], [0, s, c]], axis, axis=(0, 1))
    return replace(one, xyz=one.xyz @ turn.T)


def scored(prediction: Motion, reference: Motion, protocol: Protocol = AS_IS, trial: str = "", **how: float) -> Scores:
    matched = match(prediction, reference, protocol, **how)
    return score("system", trial, matched, protocol, action=protocol.action_of(trial))


def figure(prediction: Motion, reference: Motion, name: str, protocol: Protocol = AS_IS) -> float:
    return scored(prediction, reference, protocol).figures[name]


def error(matched: Matched) -> float:
    """The greatest distance of two points, metres."""
    return float(np.linalg.norm(matched.predicted - matched.measured, axis=-1).max())


# --- which joint is which ---------------------------------------------------------------------------------------------


def test_joints_of_the_same_name_belong_together_whatever_their_order() -> None:
    backwards = only(star(), *reversed(LEGS))

    assert error(match(backwards, star(), AS_IS)) == 0


def test_the_joints_are_in_the_protocols_order() -> None:
    protocol = choose("clip", joints="right_knee,left_hip", alignment="none", lag="0")

    assert match(star(), star(), protocol).joints == ("right_knee", "left_hip")


def test_joints_that_one_of_the_two_lacks_are_named() -> None:
    matched = match(only(star(), *LEGS[:4]), star(), AS_IS)

    assert matched.joints == LEGS[:4]
    assert set(matched.absent) == set(JOINT_SETS["limbs_12"]) - set(LEGS[:4])


@pytest.mark.parametrize("lacking", ["prediction", "reference"])
def test_a_pelvis_that_one_lacks_is_the_middle_of_the_hips_in_both(lacking: str) -> None:
    bare = still(5, "left_hip", "right_hip", "left_knee")
    other = still(5, "left_hip", "right_hip", "left_knee", "pelvis")  # whose pelvis is 20 cm beside its hips' middle
    prediction, reference = (bare, other) if lacking == "prediction" else (other, bare)

    matched = match(prediction, reference, choose("h36m1", joints="pelvis,left_knee", root="left_hip"))

    assert matched.joints == ("pelvis", "left_knee")
    assert error(matched) == 0
    assert matched.predicted[0, 0] == pytest.approx([0.05, 0, 0])


def test_a_pelvis_that_both_have_is_that() -> None:
    one = still(5, "left_hip", "right_hip", "pelvis")

    matched = match(one, one, choose("h36m1", joints="pelvis", root="left_hip"))

    assert matched.predicted[0, 0] == pytest.approx([0.2, 0, 0])


def test_a_pelvis_without_hips_is_compared_with_the_middle_of_hips() -> None:
    matched = match(still(5, "pelvis", "left_knee"), still(5, "left_hip", "right_hip", "left_knee"), FROM_HIPS)

    assert matched.joints == ("left_knee",)
    assert matched.predicted[0, 0] == pytest.approx([0.1, 0, 0])  # from the pelvis at 0 to the knee at 0.1
    assert matched.measured[0, 0] == pytest.approx([0.15, 0, 0])  # from between the hips at 0.05 to the knee at 0.2


def test_the_middle_of_the_hips_is_used_even_where_both_have_a_pelvis() -> None:
    one = still(5, "left_hip", "right_hip", "pelvis")

    matched = match(one, one, choose("clip", joints="left_hip", alignment="root-relative", lag="0"))

    assert matched.predicted[0, 0] == pytest.approx([-0.05, 0, 0])


def test_a_joint_made_of_others_is_noted_with_the_side_that_lacks_it() -> None:
    reference = still(5, *H36M_17.points)
    prediction = only(reference, *(point for point in H36M_17.points if point != "thorax"))

    notes = match(prediction, reference, choose("h36m1", joints="thorax", alignment="none")).notes

    assert notes == ("thorax is the middle of left_shoulder, right_shoulder in the prediction",)


def test_no_common_joints_is_an_error_that_lists_what_both_have() -> None:
    with pytest.raises(
        InputError, match=r"no common joints: the prediction has LKNE, RKNE; .*LTOE.*`point_map`"
    ) as caught:
        match(still(5, "LKNE", "RKNE"), still(5, "LTOE", "RTOE"), AS_IS)

    assert "the reference has LTOE, RTOE" in str(caught.value)


def test_an_error_about_many_names_counts_those_that_it_does_not_list() -> None:
    with pytest.raises(InputError, match="M0, M1, M2, M3, M4, M5, M6, M7 and 12 more"):
        match(still(5, *(f"M{number}" for number in range(20))), star(), AS_IS)


def test_a_root_that_a_file_lacks_is_an_error_that_names_it() -> None:
    with pytest.raises(InputError, match="has no pelvis and no hips, which is to be the root"):
        match(star(), only(star(), "left_knee", "right_knee"), FROM_HIPS)


# --- when -------------------------------------------------------------------------------------------------------------


def test_a_coarser_prediction_is_compared_at_its_own_moments() -> None:
    prediction, reference = walking(even(25)), walking(even(100))

    matched = match(prediction, reference, AS_IS)

    assert matched.time == pytest.approx(prediction.time)
    assert error(matched) == 0


def test_a_finer_prediction_is_compared_at_the_references_moments() -> None:
    prediction, reference = walking(even(100)), walking(even(25))

    matched = match(prediction, reference, AS_IS)

    assert matched.time == pytest.approx(reference.time)
    assert error(matched) == 0


def test_between_samples_the_finer_one_lies_on_straight_lines() -> None:
    path = np.array([0.0, 1.0, 4.0])[:, None, None] * [1.0, 0, 0]

    between, _ = resample(np.array([0.0, 0.02, 0.04]), path, np.array([0.005, 0.03]))

    assert between[:, 0, 0] == pytest.approx([0.25, 2.5])


def test_only_the_common_time_is_compared() -> None:
    matched = match(walking(even(50, 2.0)), walking(even(50, 2.0, start=0.5)), AS_IS)

    assert (matched.time[0], matched.time[-1]) == pytest.approx((0.5, 2.0))


def test_both_ends_of_a_clip_are_compared_although_files_round() -> None:
    prediction = walking(even(30, 1.0))
    rounded = replace(prediction, time=prediction.time * (1 - 5e-7))

    assert len(match(prediction, rounded, AS_IS).time) == 31


def test_a_reference_with_missing_frames_is_not_bridged_over_long_holes() -> None:
    time = even(100, 2.0)
    reference = rows(walking(time), (time <= 0.501) | (time >= 0.799))

    matched = match(walking(even(25, 2.0)), reference, AS_IS)

    hole = (matched.time > 0.5 + 1e-6) & (matched.time < 0.8 - 1e-6)
    assert hole.sum() == 7  # 0.52, 0.56, … 0.76
    assert np.isnan(matched.measured[hole]).all()
    assert np.isfinite(matched.measured[~hole]).all()


def test_a_single_missing_frame_of_the_reference_is_bridged() -> None:
    reference = rows(walking(even(100, 1.0)), np.arange(101) != 50)

    assert np.isfinite(match(walking(even(50, 1.0)), reference, AS_IS).measured).all()


def test_a_point_that_the_reference_lost_is_missing_between_its_neighbours() -> None:
    reference = without(walking(even(100, 1.0)), slice(50, 51), "left_knee")

    matched = match(walking(even(50, 1.0, start=0.005)), reference, AS_IS)  # at 0.005, 0.025, … 0.485, 0.505, …

    lost = np.isnan(matched.measured[..., 0])
    assert matched.time[lost.any(axis=1)] == pytest.approx([0.505])
    assert lost.sum() == 1


def test_a_prediction_that_skips_frames_is_missing_there() -> None:
    time = even(100, 2.0)
    prediction = rows(walking(time), (time <= 0.501) | (time >= 0.799))

    found = scored(prediction, walking(even(50, 2.0)))

    assert found.missing == dict.fromkeys(found.joints, 14)  # 0.52, 0.54, … 0.78


def test_no_common_time_is_an_error_with_both_spans_and_the_option() -> None:
    spans = r"prediction lasts 0\.00–2\.00 s, the reference 10\.00–12\.00 s; `lag`"

    with pytest.raises(InputError, match=spans):
        match(walking(even()), walking(even(start=10)), CLIP)


def test_no_common_time_after_a_given_lag_names_the_lag() -> None:
    with pytest.raises(InputError, match=r"shifted by \+7\.5 s"):
        match(walking(even()), walking(even()), CLIP, lag=7.5)


# --- by how much the clocks differ ------------------------------------------------------------------------------------


@pytest.mark.parametrize("lag", [-0.1, -0.034, -0.006, 0.0, 0.021, 0.05, 0.1])
@pytest.mark.parametrize("rates", [(50, 100), (100, 50), (30, 30)])
def test_a_lag_is_found_to_two_milliseconds(lag: float, rates: tuple[float, float]) -> None:
    prediction = later(walking(even(rates[0], 3.0)), -lag)  # a clock that is `lag` behind, so as much has to be added

    assert match(prediction, walking(even(rates[1], 3.0)), CLIP).lag == pytest.approx(lag, abs=0.002)


def test_a_lag_is_found_in_another_frame_of_reference() -> None:
    prediction = moved(turned(later(walking(even()), -0.04), 70), [3.0, 1.0, -2.0])

    assert match(prediction, walking(even()), CLIP).lag == pytest.approx(0.04, abs=0.002)


def test_a_lag_is_found_in_noise() -> None:
    prediction = later(walking(even(50, 4.0)), -0.06)
    noise = 0.02 * np.random.default_rng(0).normal(size=prediction.xyz.shape)

    found = match(replace(prediction, xyz=prediction.xyz + noise), walking(even(100, 4.0)), CLIP).lag

    assert found == pytest.approx(0.06, abs=0.01)


def test_the_times_are_the_references() -> None:
    matched = match(later(walking(even()), -0.1), walking(even()), CLIP)

    assert matched.time[0] == pytest.approx(0.0, abs=0.002)


def test_a_lag_beyond_the_search_is_noted_with_the_option() -> None:
    note, unlike = match(later(walking(even()), -0.3), walking(even()), CLIP).notes

    assert "+0.120 s" in note
    assert "--max-lag" in note
    assert "--max-lag" in unlike


@pytest.mark.parametrize(("moving", "noise", "warned"), [(1.0, 0.0, True), (0.0, 0.05, False), (0.03, 0.0, False)])
def test_different_movements_are_told_from_bad_results_of_one(moving: float, noise: float, warned: bool) -> None:
    reference = walking(even(50, 4.0))
    random = np.random.default_rng(0)
    other = low_pass(random.standard_normal(reference.xyz.shape), reference.time, 2.0)
    movement = reference.xyz - reference.xyz.mean(axis=0)
    size = movement.std() / other.std()
    mixed = (1 - moving) * movement + moving * size * other + noise * random.standard_normal(other.shape)
    notes = match(replace(reference, xyz=reference.xyz.mean(axis=0) + mixed), reference, CLIP).notes

    assert any("may not show the same movement" in note for note in notes) == warned


def test_who_stands_still_is_not_taken_for_somebody_else() -> None:
    reference = walking(even(50, 4.0))
    still = [
        replace(
            reference,
            xyz=reference.xyz[:1] + 0.005 * np.random.default_rng(seed).standard_normal(reference.xyz.shape),
        )
        for seed in (0, 1)
    ]

    assert not any("same movement" in note for note in match(*still, CLIP).notes)


def test_a_longer_search_finds_a_longer_lag_without_a_note() -> None:
    matched = match(later(walking(even(50, 3.0)), -0.3), walking(even(50, 3.0)), CLIP, max_lag=0.5)

    assert matched.lag == pytest.approx(0.3, abs=0.002)
    assert matched.notes == ()


def test_a_search_of_no_width_finds_no_lag() -> None:
    assert match(later(walking(even()), -0.05), walking(even()), CLIP, max_lag=0).lag == 0


def test_a_given_lag_is_taken() -> None:
    matched = match(later(walking(even()), -0.06), walking(even()), CLIP, lag=0.04)

    assert matched.lag == 0.04
    assert matched.time[0] == pytest.approx(-0.02 + 0.02)


def test_a_given_lag_of_nought_is_taken() -> None:
    assert match(later(walking(even()), -0.06), walking(even()), CLIP, lag=0.0).lag == 0


def test_a_protocol_that_trusts_the_clocks_does_not_search() -> None:
    assert match(later(walking(even()), -0.06), walking(even()), choose("clip", lag="0")).lag == 0


def test_somebody_who_does_not_move_has_no_lag() -> None:
    assert match(star(60), star(60), CLIP).lag == 0


@pytest.mark.parametrize("lag", [-0.03, 0.0, 0.04])
def test_of_the_lags_that_fit_a_periodic_motion_the_smallest_is_taken(lag: float) -> None:
    time = even(100, 3.0)
    shaking = replace(star(len(time), rate=100), xyz=(1 + 0.1 * np.sin(20 * np.pi * time))[:, None, None] * STAR)

    found = match(later(shaking, -lag), shaking, CLIP).lag  # 0.1 s more or less fits just as well

    assert found == pytest.approx(lag, abs=0.002)


@pytest.mark.parametrize("frames", [3, 5, 8])
def test_a_clip_of_a_few_frames_is_found_in_a_long_reference(frames: int) -> None:
    prediction = later(walking(0.7 + np.arange(frames) / 25), -0.03)

    assert match(prediction, walking(even(100)), CLIP).lag == pytest.approx(0.03, abs=0.002)


@pytest.mark.parametrize("frames", [3, 5, 8])
def test_a_clip_of_a_few_frames_that_fits_has_no_lag(frames: int) -> None:
    one = walking(np.arange(frames) / 50)

    assert match(one, one, CLIP).lag == 0


@pytest.mark.parametrize("frames", [1, 2])
def test_one_or_two_frames_are_compared_without_a_lag(frames: int) -> None:
    prediction = walking(0.5 + np.arange(frames) / 25)

    matched = match(prediction, walking(even(100)), CLIP)

    assert matched.lag == 0
    assert len(matched.time) == frames
    assert error(matched) == pytest.approx(0, abs=1e-12)


def test_a_single_frame_of_both_is_compared() -> None:
    one = walking(np.array([0.5]))

    assert error(match(one, one, CLIP)) == pytest.approx(0, abs=1e-12)


# --- in which frame of reference --------------------------------------------------------------------------------------


def test_rotation_once_removes_a_rotation_and_a_shift() -> None:
    prediction = moved(turned(turned(walking(even()), 130), 20, axis=0), [2.0, -1.0, 5.0])

    assert error(match(prediction, walking(even()), choose("clip", lag="0"))) == pytest.approx(0, abs=1e-12)


def test_rotation_once_removes_a_shift_of_every_frame() -> None:
    prediction = walking(even())
    drifting = replace(prediction, xyz=prediction.xyz + prediction.time[:, None, None] * [0.3, 0.0, 1.0])

    assert error(match(drifting, prediction, choose("clip", lag="0"))) == pytest.approx(0, abs=1e-12)


def test_rotation_once_does_not_remove_a_rotation_of_every_frame() -> None:
    reference = star(2)
    prediction = replace(reference, xyz=np.concatenate([turned(reference, angle).xyz[:1] for angle in (-30, 30)]))
    protocol = choose("clip", joints=OF_LEGS, lag="0")

    found = scored(prediction, reference, protocol).joint_errors

    assert found[2] == pytest.approx(2 * 0.5 * np.sin(np.radians(15)))  # the knees, 0.5 m from the axis


def test_rotation_once_does_not_remove_a_size() -> None:
    large = replace(star(), xyz=1.1 * star().xyz)

    found = scored(turned(large, 40), star(), choose("clip", joints=OF_LEGS, lag="0")).joint_errors

    assert found == pytest.approx([0.01, 0.01, 0.05, 0.05, 0.1, 0.1])


def test_root_relative_removes_a_shift() -> None:
    assert error(match(moved(star(), [3, 2, 1]), star(), FROM_HIPS)) == pytest.approx(0, abs=1e-12)


def test_root_relative_does_not_remove_a_rotation() -> None:
    found = scored(turned(star(), 90, axis=1), star(), replace(FROM_HIPS, joint_set="left_knee"))

    assert found.joint_errors == pytest.approx([0.5 * np.sqrt(2)])


def test_no_alignment_removes_nothing() -> None:
    found = scored(moved(star(), [0.3, 0, 0.4]), star())

    assert found.figures["mpjpe"] == pytest.approx(0.5)


def test_predicted_is_the_files_own_turned_by_the_rotation() -> None:
    prediction = turned(star(), 50)

    matched = match(prediction, star(), choose("clip", joints=OF_LEGS, lag="0"))

    assert prediction.xyz @ matched.rotation == pytest.approx(matched.predicted)
    assert np.linalg.det(matched.rotation) == pytest.approx(1)


@pytest.mark.parametrize("name", ["mpjpe", "p_mpjpe"])
def test_a_mirror_image_is_not_forgiven(name: str) -> None:
    reference = walking(even())
    mirrored = replace(reference, xyz=reference.xyz * [1, 1, -1])

    assert figure(mirrored, reference, name, choose("clip", lag="0")) > 0.03


def test_exchanged_sides_are_not_forgiven() -> None:
    points = [point.replace("left", "?").replace("right", "left").replace("?", "right") for point in LEGS]

    assert figure(motion(points, star().xyz), star(), "mpjpe") == pytest.approx((0.2 * 2 + 1 * 2 + 2 * 2) / 6)


# --- figures of known errors ------------------------------------------------------------------------------------------


def test_mpjpe_of_one_joint_that_is_off_is_its_share() -> None:
    assert figure(moved(still(), [0.03, 0, 0.04], "left_knee"), still(), "mpjpe") == pytest.approx(0.05 / 4)


def test_the_error_is_that_joints_and_no_others() -> None:
    found = scored(moved(still(), [0.03, 0, 0.04], "left_knee"), still())

    assert dict(zip(found.joints, found.joint_errors, strict=True)) == pytest.approx(
        {"left_hip": 0, "right_hip": 0, "left_knee": 0.05, "right_knee": 0}
    )


def test_the_error_along_each_axis_is_that_of_the_joint() -> None:
    found = scored(moved(still(), [0.03, 0, -0.04], "left_knee"), still())

    assert found.axis_errors[found.joints.index("left_knee")] == pytest.approx([0.03, 0, 0.04])


def test_p_mpjpe_forgives_size_rotation_and_place_in_each_frame() -> None:
    reference = walking(even(50, 0.1))
    frames = [
        (1 + number / 10) * turned(rows(reference, slice(number, number + 1)), 30 * number).xyz[0] + [0, number, 0]
        for number in range(6)
    ]

    assert figure(replace(reference, xyz=np.stack(frames)), reference, "p_mpjpe") == pytest.approx(0, abs=1e-12)


def test_n_mpjpe_forgives_size_in_each_frame() -> None:
    prediction = replace(star(), xyz=star().xyz * np.linspace(0.5, 2, 20)[:, None, None])

    assert figure(prediction, star(), "n_mpjpe", FROM_HIPS) == pytest.approx(0, abs=1e-12)


def test_n_mpjpe_does_not_forgive_rotation() -> None:
    assert figure(turned(star(), 90), star(), "n_mpjpe", FROM_HIPS) > 0.1


def test_there_is_no_n_mpjpe_without_a_root() -> None:
    assert np.isnan(figure(star(), star(), "n_mpjpe"))


def test_mpjve_of_a_joint_that_drifts_is_its_share_of_the_speed() -> None:
    drift = np.zeros((10, 4, 3))
    drift[:, 2, 1] = 0.1 * np.arange(10) / 50

    prediction = replace(still(), xyz=still().xyz + drift)

    assert figure(prediction, still(), "mpjve") == pytest.approx(0.1 / 4)
    assert figure(prediction, still(), "mpjve_per_frame") == pytest.approx(0.1 / 4 / 50)


def test_the_acceleration_error_of_a_joint_that_falls_is_its_share_of_gravity() -> None:
    fall = np.zeros((10, 4, 3))
    fall[:, 2, 1] = -9.81 / 2 * (np.arange(10) / 50) ** 2

    prediction = replace(still(), xyz=still().xyz + fall)

    assert figure(prediction, still(), "acceleration_error") == pytest.approx(9.81 / 4)


def test_pck_is_the_share_of_points_nearer_than_150_mm() -> None:
    prediction = moved(moved(still(), [0.149, 0, 0], "left_hip"), [0.151, 0, 0], "left_knee")

    assert figure(prediction, still(), "pck_150mm") == pytest.approx(3 / 4)


def test_auc_is_the_mean_of_pck_over_31_thresholds() -> None:
    prediction = moved(still(), [0.102, 0, 0], "left_knee")  # nearer than 105, 110, … 150 mm: ten of the thresholds

    assert figure(prediction, still(), "auc_0_150mm") == pytest.approx((3 * 30 + 10) / (4 * 31))


@pytest.mark.parametrize("turn", [(0, 0), (90, 1), (35, 1), (120, 2), (-70, 0)], ids=str)
@pytest.mark.parametrize(("axis", "expected"), [(0, 0.1 / np.sqrt(3)), (1, 0.0), (2, 0.0)])
def test_z_rmse_is_along_the_predictions_camera_axis_whatever_the_rotation(
    turn: tuple[float, int], axis: int, expected: float
) -> None:
    far = replace(star(depth_axis=axis), xyz=STAR * [1.2, 1, 1] + np.zeros((20, 1, 1)))  # knees, two of six, 10 cm off
    reference = turned(star(), *turn)

    found = figure(far, reference, "z_rmse", choose("clip", joints=OF_LEGS, lag="0"))

    assert found == pytest.approx(expected, abs=1e-9)


def test_without_a_camera_axis_there_is_no_z_rmse() -> None:
    assert np.isnan(figure(star(), star(), "z_rmse"))


def test_the_references_camera_axis_does_where_nothing_is_turned() -> None:
    reference = star(depth_axis=2)

    assert figure(moved(star(), [0.5, 0, 0.3], *LEGS), reference, "z_rmse") == pytest.approx(0.3)


def test_the_references_camera_axis_does_not_do_for_a_turned_prediction() -> None:
    found = figure(star(), star(depth_axis=2), "z_rmse", choose("clip", joints=OF_LEGS, lag="0"))

    assert np.isnan(found)


def test_the_bones_variation_is_that_of_each_side() -> None:
    xyz = star().xyz.copy()
    xyz[::2, :2] *= 0.0
    xyz[:, 2:4] = xyz[:, :2] + [0, 0.5, 0]  # thighs of 0.5 m
    xyz[:, 4:] = xyz[:, 2:4] + [0, 0.4, 0]
    reference = motion(LEGS, xyz)
    xyz = xyz.copy()
    xyz[::2, 4:, 1] += 0.04
    xyz[1::2, 4:, 1] -= 0.04  # shanks of 0.44 and 0.36 m: ±10 %

    prediction = motion(LEGS, xyz)

    assert figure(prediction, reference, "bone_length_cv") == pytest.approx(0.05)  # half of the bones
    assert figure(prediction, reference, "reference_bone_length_cv") == pytest.approx(0, abs=1e-12)


def bent(degrees: float, frames: int = 10) -> Motion:
    """A left leg with so much flexion of its knee, and the right hip."""
    angle = np.radians(degrees)
    shank = [0.4 * np.sin(angle), -0.4 - 0.4 * np.cos(angle), 0]
    leg = np.array([[0, 0, 0], [0, 0, 0.2], [0, -0.4, 0], shank])
    return motion(("left_hip", "right_hip", "left_knee", "left_ankle"), np.repeat(leg[None], frames, axis=0))


def test_flexion_is_nought_in_a_straight_leg_and_counts_from_there() -> None:
    predicted, measured = scored(bent(40), bent(0)).angles["left_knee_flexion"]

    assert predicted == pytest.approx(40)
    assert measured == pytest.approx(0, abs=1e-4)


def test_flexion_needs_all_three_points() -> None:
    assert set(scored(bent(40), bent(0)).angles) == {"left_knee_flexion"}


def test_the_hips_angle_is_not_compared() -> None:
    trunk = motion(("left_shoulder", "left_hip", "right_hip", "left_knee"), star().xyz[:, :4])

    assert scored(trunk, trunk).angles == {}


def test_points_that_fall_together_have_no_angle() -> None:
    nowhere = replace(bent(30), xyz=np.zeros((10, 4, 3)))

    assert np.isnan(scored(nowhere, bent(30)).angles["left_knee_flexion"][0]).all()


# --- what is missing --------------------------------------------------------------------------------------------------


def test_points_missing_in_the_prediction_are_counted_by_joint() -> None:
    found = scored(without(still(10), slice(3, 7), "left_knee"), still(10))

    assert found.missing == {"left_knee": 4}
    assert (found.frames, found.points, found.expected, found.unmeasured) == (10, 36, 40, 0)


def test_points_missing_in_the_reference_are_counted_apart() -> None:
    found = scored(still(10), without(still(10), slice(3, 7), "left_knee"))

    assert found.missing == {}
    assert (found.points, found.expected, found.unmeasured) == (36, 36, 4)


def test_a_missing_root_of_the_prediction_is_not_blamed_on_the_other_joints() -> None:
    found = scored(without(still(10), slice(3, 7), "left_hip"), still(10), FROM_HIPS)

    assert found.missing == {"left_hip": 4}
    assert found.rootless == 4
    assert found.expected - found.points == 4 * len(found.joints)


def test_a_point_of_which_one_coordinate_is_missing_is_missing() -> None:
    prediction = edited(still(), xyz=((2, 1, 2), np.nan))

    assert scored(prediction, still()).missing == {"right_hip": 1}


def test_missing_points_do_not_change_the_mean_of_the_others() -> None:
    prediction = without(moved(still(10), [0.02, 0, 0]), slice(3, 7), "left_knee")

    assert figure(prediction, still(10), "mpjpe") == pytest.approx(0.02)


def test_a_joint_that_is_always_missing_has_no_error() -> None:
    found = scored(without(still(), slice(None), "left_knee"), still())

    assert np.isnan(found.joint_errors).tolist() == [joint == "left_knee" for joint in found.joints]


def test_a_comparison_tells_how_many_points_are_missing_in_the_prediction() -> None:
    notes = compare(without(still(10), slice(3, 7), "left_knee"), still(10)).notes

    assert any("4 of 40 points are missing in the prediction" in note and "left_knee in 4" in note for note in notes)


def test_a_comparison_tells_how_many_points_are_missing_in_the_reference() -> None:
    notes = compare(still(10), without(still(10), slice(3, 7), "left_knee")).notes

    assert any("4 points are missing in the reference" in note for note in notes)


def test_a_comparison_names_the_joints_that_one_lacks() -> None:
    notes = compare(only(still(), "left_knee"), still(), choose("clip", joints=OF_LEGS, alignment="none")).notes

    assert any("without left_hip, right_hip, right_knee, left_ankle, right_ankle" in note for note in notes)


def test_a_comparison_of_nothing_but_missing_points_is_an_error() -> None:
    with pytest.raises(InputError, match="system: in 10 common frames there is not one joint"):
        compare(without(still(10), slice(None)), still(10))


# --- over trials ------------------------------------------------------------------------------------------------------


def compare(prediction: Motion, reference: Motion, protocol: Protocol = AS_IS) -> Evaluation:
    return evaluate([("system", {"": prediction}, {"": reference})], protocol)


def off(metres: float, frames: int, points: Sequence[str] = LEGS[:4]) -> tuple[Motion, Motion]:
    """A prediction whose every point is so far off, and its reference."""
    return moved(still(frames, *points), [metres, 0, 0]), still(frames, *points)


def trials(protocol: Protocol = AS_IS, **given: tuple[float, int]) -> Evaluation:
    """One system whose trial is off by so many metres in so many frames; S9_Walking_1 is S9/Walking 1."""
    pairs = {name.replace("_", "/", 1).replace("_", " "): off(*how) for name, how in given.items()}
    predictions, references = ({name: pair[side] for name, pair in pairs.items()} for side in (0, 1))
    return evaluate([("system", predictions, references)], protocol)


def over(evaluation: Evaluation, name: str = "mpjpe") -> tuple[float, float, float]:
    return totals(evaluation.scores)[name]


def test_trials_weigh_as_many_points_as_they_have() -> None:
    assert over(trials(a=(0.01, 10), b=(0.03, 30)))[0] == pytest.approx(25)


def test_missing_points_do_not_weigh() -> None:
    (one, reference), (other, _) = off(0.01, 10), off(0.03, 10)
    predictions = {"a": one, "b": without(other, slice(0, 5))}

    found = evaluate([("system", predictions, {"a": reference, "b": reference})], AS_IS)

    assert over(found)[0] == pytest.approx((10 * 10 + 5 * 30) / 15)


def test_a_joints_error_weighs_the_frames_in_which_the_joint_was_compared() -> None:
    (far, reference), (near, _) = off(0.10, 10), off(0.01, 10)
    predictions = {"a": without(far, slice(1, 10), "left_knee"), "b": near}

    found = evaluate([("system", predictions, {"a": reference, "b": reference})], AS_IS)

    assert joint_error(found.scores, "left_knee").value == pytest.approx((1 * 100 + 10 * 10) / 11)


def test_root_mean_squares_are_averaged_as_squares() -> None:
    pairs = {name: off(metres, 10) for name, metres in (("a", 0.03), ("b", 0.04))}
    predictions = {name: replace(pair[0], depth_axis=0) for name, pair in pairs.items()}

    found = evaluate([("system", predictions, {name: pair[1] for name, pair in pairs.items()})], AS_IS)

    assert over(found, "z_rmse")[0] == pytest.approx(np.sqrt((30**2 + 40**2) / 2))


H36M_AS_IS = choose("h36m1", joints=",".join(LEGS[:4]), alignment="none")


def test_each_action_counts_once() -> None:
    found = trials(H36M_AS_IS, S9_Walking_1=(0.01, 10), S9_Walking_2=(0.02, 30), S11_Sitting=(0.03, 5))

    assert over(found)[0] == pytest.approx(((10 + 3 * 20) / 4 + 30) / 2)


def test_an_action_is_the_same_whoever_does_it() -> None:
    found = trials(H36M_AS_IS, S9_Walking_1=(0.01, 10), S11_Walking=(0.03, 10), S11_Sitting=(0.05, 10))

    assert [one.action for one in found.scores] == ["Walking", "Walking", "Sitting"]


@pytest.mark.parametrize(
    ("protocol", "trial", "action"),
    [
        ("h36m1", "S9/Walking 1", "Walking"),
        ("h36m2", "S11/SittingDown 2/camera 3", "SittingDown"),
        ("humaneva", "Validate/S1/Walking 1 chunk0", "Walking"),
        ("humaneva", "Train/S2/Jog 1 chunk3", "Jog"),
        ("h36m1", "walk", ""),
        ("h36m1", "", ""),
        ("clip", "S9/Walking 1", ""),
        ("3dhp", "TS1/Sitting", ""),
    ],
)
def test_the_action_is_the_trials_name_without_subject_and_number(protocol: str, trial: str, action: str) -> None:
    assert PROTOCOLS[protocol].action_of(trial) == action


def test_one_trial_has_no_interval() -> None:
    value, low, high = over(trials(a=(0.01, 10)))

    assert value == pytest.approx(10)
    assert np.isnan([low, high]).all()


def test_two_trials_have_a_jackknife_interval() -> None:
    found = over(trials(a=(0.01, 10), b=(0.03, 10)))

    reach = 12.7062 * 10  # Student's t with 1 degree of freedom; the others' means are 30 and 10 about 20
    assert found == pytest.approx((20, 0, 20 + reach), rel=1e-5)  # no error is below 0


def test_a_figure_that_a_trial_has_not_is_averaged_over_the_others() -> None:
    found = trials(a=(0.01, 1), b=(0.03, 10))  # one frame has no speed

    assert over(found, "mpjve") == pytest.approx((0, np.nan, np.nan), nan_ok=True, abs=1e-9)


def test_a_figure_that_no_trial_has_is_nan() -> None:
    found = trials(a=(0.01, 10))

    assert np.isnan(total(found.scores, lambda _: np.nan)).all()


def test_trials_are_paired_by_name() -> None:
    (one, reference), (other, _) = off(0.01, 10), off(0.03, 10)

    found = evaluate([("s", {"a": one, "b": other}, {"b": other, "a": reference})], AS_IS)

    assert {one.trial: round(one.figures["mpjpe"], 6) for one in found.scores} == {"a": 0.01, "b": 0.0}


def test_a_single_trial_of_each_belongs_together_whatever_its_name() -> None:
    found = evaluate([("s", {"take 7": star()}, {"": star()})], AS_IS)

    assert [one.trial for one in found.scores] == ["take 7"]


def test_trials_that_the_reference_lacks_are_counted() -> None:
    one = star()

    notes = evaluate([("s", dict.fromkeys("abc", one), dict.fromkeys("ade", one))], AS_IS).notes

    assert "s: 2 of its trials are not in the reference" in notes
    assert "s: 2 of the reference's trials are not among its own" in notes


def test_no_common_trial_is_an_error_that_names_both() -> None:
    with pytest.raises(InputError, match=r"s: no trial .*\(a, b.*\(c, d"):
        evaluate([("s", dict.fromkeys("ab", star()), dict.fromkeys("cd", star()))], AS_IS)


def test_another_rate_than_the_protocols_is_noted() -> None:
    notes = compare(still(10, rate=25), still(10, rate=25), H36M_AS_IS).notes

    assert any("defined at 50 Hz; this is at 25 Hz" in note for note in notes)


def test_the_protocols_rate_is_not_noted() -> None:
    assert not any("Hz" in note for note in compare(still(10), still(10), H36M_AS_IS).notes)


def test_other_subjects_than_the_protocols_are_in_its_name() -> None:
    found = trials(H36M_AS_IS, S1_Walking_1=(0.01, 10), S9_Walking_1=(0.01, 10))

    assert found.protocol.name == "h36m1, other joints and alignment, S1 S9 instead of S9 S11"


def test_what_readers_noted_is_handed_on_with_its_side() -> None:
    found = compare(star(notes=("in feet",)), star(notes=("upside down",))).notes

    assert {"system: in feet", "reference: upside down"} <= set(found)


# --- protocols --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=lambda protocol: protocol.name)
def test_a_protocols_joints_are_points_of_one_skeleton(protocol: Protocol) -> None:
    assert [one.name for one in SKELETONS.values() if one.has(*protocol.joints)] != []


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=lambda protocol: protocol.name)
def test_a_protocols_parts_are_among_its_joints(protocol: Protocol) -> None:
    for part in protocol.parts:
        assert set(part.joints) <= set(protocol.joints)
        assert part.root == "mid_hips" or part.root in protocol.joints


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=lambda protocol: protocol.name)
def test_a_protocols_headline_is_a_figure(protocol: Protocol) -> None:
    assert protocol.headline in FIGURES or protocol.headline == "pck"


@pytest.mark.parametrize("name", JOINT_SETS)
def test_a_joint_set_names_each_joint_once(name: str) -> None:
    assert len(set(JOINT_SETS[name])) == len(JOINT_SETS[name])


@pytest.mark.parametrize(("name", "count"), [("limbs_12", 12), ("h36m_14", 14), ("mpi_inf_3dhp_14", 14)])
def test_a_joint_set_has_as_many_joints_as_it_says(name: str, count: int) -> None:
    assert len(JOINT_SETS[name]) == count


def test_a_protocol_without_changes_is_that_of_the_table() -> None:
    assert choose("h36m1") is PROTOCOLS["h36m1"]


def test_a_protocol_given_what_it_has_is_not_changed() -> None:
    assert choose("h36m1", joints="h36m_17", root="pelvis", alignment="root-relative", lag="0") == PROTOCOLS["h36m1"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"joints": "h36m_14"}, "h36m1, other joints"),
        ({"root": "thorax"}, "h36m1, other root"),
        ({"alignment": "none"}, "h36m1, other alignment"),
        (
            {"joints": "left_knee", "root": "mid_hips", "alignment": "none"},
            "h36m1, other joints and root and alignment",
        ),
        ({"lag": "auto"}, "h36m1"),
    ],
)
def test_a_changed_protocol_says_what_is_changed(changes: dict[str, str], name: str) -> None:
    assert choose("h36m1", **changes).name == name


def test_joints_may_be_named_one_by_one() -> None:
    assert choose("clip", joints="left_knee, right_knee").joints == ("left_knee", "right_knee")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "human36m"}, "no protocol 'human36m'; there are clip, h36m1, h36m2, humaneva, 3dhp, h3wb"),
        ({"name": "clip", "joints": "left_kneee"}, "no joint or set of joints 'left_kneee'; sets are limbs_12"),
        ({"name": "clip", "joints": "left_knee,tail"}, "no joint or set of joints 'tail'"),
        ({"name": "clip", "joints": ""}, "no joint or set of joints ''"),
        ({"name": "clip", "root": "tail"}, "no point 'tail' to be the root; mid_hips"),
        ({"name": "clip", "alignment": "best"}, "no alignment 'best'; there are rotation-once, root-relative, none"),
    ],
)
def test_what_there_is_not_is_an_error_that_lists_what_there_is(given: dict[str, str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        choose(**given)


@pytest.mark.parametrize("alignment", ALIGNMENTS)
@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_scores_a_perfect_prediction_with_nought(name: str, alignment: str) -> None:
    protocol = choose(name, alignment=alignment)
    random = np.random.default_rng(0)
    points = next(one for one in SKELETONS.values() if one.has(*protocol.joints)).points
    one = motion(points, random.normal(size=(6, len(points), 3)), 50.0)

    found = scored(one, one, protocol, lag=0.0)

    assert found.figures["mpjpe"] == pytest.approx(0, abs=1e-12)
    assert found.absent == ()


# H3WB: body, face and hands, the latter two from a point of their own as well

WHOLE = motion(COCO_WHOLEBODY_133.points, np.random.default_rng(3).normal(size=(5, 133, 3)))
LEFT_HAND, RIGHT_HAND = COCO_WHOLEBODY_133.points[91:112], COCO_WHOLEBODY_133.points[112:]
FACE = tuple(f"face_{number}" for number in range(68))


def parts(prediction: Motion) -> dict[str, float]:
    found = scored(prediction, WHOLE, PROTOCOLS["h3wb"]).figures
    return {name: 1000 * value for name, value in found.items() if name not in FIGURES}


def test_a_hand_that_is_off_as_a_whole_is_right_from_its_wrist() -> None:
    found = parts(moved(WHOLE, [0.05, 0, 0], *LEFT_HAND))

    assert found["left hand from its wrist"] == pytest.approx(0, abs=1e-9)
    assert found["hands"] == pytest.approx(50 / 2)  # both hands' 42 points, from the hips


def test_a_hands_wrist_that_is_off_alone_makes_the_whole_hand_off_from_it() -> None:
    found = parts(moved(WHOLE, [0.05, 0, 0], "right_hand_root"))

    assert found["right hand from its wrist"] == pytest.approx(50 * 20 / 21)  # the wrist is its own root
    assert found["left hand from its wrist"] == pytest.approx(0, abs=1e-9)
    assert found["hands"] == pytest.approx(50 / 42)


def test_a_face_that_is_off_with_its_nose_is_right_from_the_nose() -> None:
    found = parts(moved(WHOLE, [0, 0.02, 0], "nose", *FACE))

    assert found["face from the nose"] == pytest.approx(0, abs=1e-9)
    assert found["face"] == pytest.approx(20)
    assert found["body"] == pytest.approx(20 / 23)


def test_feet_are_of_the_body() -> None:
    found = parts(moved(WHOLE, [0, 0.02, 0], "left_heel", "left_big_toe", "left_small_toe"))

    assert found["body"] == pytest.approx(20 * 3 / 23)


def test_a_part_that_is_absent_has_no_figure() -> None:
    found = parts(only(WHOLE, *COCO_WHOLEBODY_133.points[:91]))

    assert np.isnan(found["hands"])
    assert np.isnan(found["left hand from its wrist"])


def test_the_body_is_taken_from_the_hips_whatever_the_protocols_root() -> None:
    prediction = moved(WHOLE, [0, 0.02, 0])

    found = scored(prediction, WHOLE, choose("h3wb", alignment="none")).figures

    assert found["body"] == pytest.approx(0, abs=1e-9)


# --- tables -----------------------------------------------------------------------------------------------------------

WORDS = ("protocol", "joints", "root", "alignment", "rate Hz", "frames")


def two_systems() -> Evaluation:
    """Good and bad in two trials of a walk, to be read from the camera's side."""
    reference = {"slow": walking(even(50, 0.5)), "fast": walking(even(50, 0.7), Walker(speed=0.7))}
    random = np.random.default_rng(0)
    pairs = []
    for name, noise in (("good", 0.01), ("bad|worse", 0.05)):
        predictions = {
            trial: replace(one, xyz=one.xyz + noise * random.normal(size=one.xyz.shape), depth_axis=0)
            for trial, one in reference.items()
        }
        pairs.append((name, predictions, reference))
    return evaluate(pairs, choose("clip", lag="0"))


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return two_systems()


@pytest.fixture(scope="module")
def table(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """The rows of the CSV."""
    path = tmp_path_factory.mktemp("tables") / "evaluation.csv"
    write_csv(evaluation, path)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_of_the_summary_names_what_its_figures_depend_on(evaluation: Evaluation) -> None:
    for row, frames in zip(summary(evaluation), ("62", "62"), strict=True):
        assert [row[word] for word in WORDS] == ["clip", "limbs_12", "mid_hips", "rotation-once", "50", frames]


def test_every_row_of_the_csv_names_what_its_figure_depends_on(table: list[dict[str, str]]) -> None:
    words = ("protocol", "joints", "root", "alignment", "rate_hz", "frames", "system", "trial", "figure", "unit")

    assert [row for row in table if not all(row[word] for word in words)] == []
    assert {row["protocol"] for row in table} == {"clip"}


def test_the_summary_has_one_row_a_system_in_the_order_given(evaluation: Evaluation) -> None:
    assert [row["system"] for row in summary(evaluation)] == ["good", "bad|worse"]


def test_without_alignment_the_summary_names_no_root() -> None:
    (row,) = summary(compare(star(), star()))

    assert (row["root"], row["alignment"]) == ("none", "none")


def test_joints_of_which_some_are_absent_are_not_called_the_whole_set() -> None:
    (row,) = summary(compare(star(), star()))

    assert row["joints"] == "6 of limbs_12"


def test_the_summary_gives_the_lag_with_its_sign() -> None:
    (row,) = summary(compare(later(walking(even()), -0.04), walking(even()), CLIP))

    assert row["lag s"] == "+0.040"


def test_the_summary_gives_the_lags_of_several_trials_from_least_to_most() -> None:
    reference = walking(even())
    predictions = {"a": later(reference, -0.04), "b": later(reference, 0.02)}

    (row,) = summary(evaluate([("s", predictions, dict.fromkeys("ab", reference))], CLIP))

    assert row["lag s"] == "-0.020 to +0.040"


def test_the_summary_says_how_much_was_compared() -> None:
    (row,) = summary(compare(without(still(10), slice(0, 5), "left_knee"), still(10)))

    assert row["compared %"] == "87.5"


def test_the_summary_counts_the_actions() -> None:
    (row,) = summary(trials(H36M_AS_IS, S9_Walking_1=(0.01, 10), S9_Walking_2=(0.02, 30), S11_Sitting=(0.03, 5)))

    assert row["averaged over"] == "2 actions"


def test_the_summary_gives_intervals_with_several_trials() -> None:
    (row,) = summary(trials(a=(0.01, 10), b=(0.03, 10)))

    assert row["MPJPE mm"] == "20.0 (0.0 to 147.1)"


def test_the_summary_gives_no_interval_with_one_trial() -> None:
    (row,) = summary(trials(a=(0.01, 10)))

    assert row["MPJPE mm"] == "10.0"


def test_the_summary_leaves_out_what_no_system_has() -> None:
    (row,) = summary(compare(star(), star()))

    assert "z-RMSE mm" not in row
    assert "N-MPJPE mm" not in row


def test_p_mpjpe_is_called_aligned_by_similarity_in_every_frame(table: list[dict[str, str]]) -> None:
    assert {row["alignment"] for row in table if row["figure"] == "p_mpjpe"} == {"similarity per frame"}


def test_n_mpjpe_is_called_aligned_by_scale_in_every_frame(table: list[dict[str, str]]) -> None:
    assert {row["alignment"] for row in table if row["figure"] == "n_mpjpe"} == {"scale per frame"}


def test_mpjpe_is_called_by_the_protocols_alignment(table: list[dict[str, str]]) -> None:
    assert {row["alignment"] for row in table if row["figure"] == "mpjpe"} == {"rotation-once"}


def test_every_figure_is_in_the_csv_over_all_and_trial_by_trial(table: list[dict[str, str]]) -> None:
    for trial in ("all", "slow", "fast"):
        assert {row["figure"] for row in table if row["trial"] == trial} >= set(FIGURES)


def test_every_joint_is_in_the_csv(table: list[dict[str, str]]) -> None:
    assert {row["of"] for row in table if row["figure"] == "mpjpe"} == {"", *JOINT_SETS["limbs_12"]}


def test_every_value_in_the_csv_is_a_number_or_nothing(table: list[dict[str, str]]) -> None:
    known = [float(row["value"]) for row in table if row["value"]]

    assert np.isfinite(known).all()
    assert {row["figure"] for row in table if not row["value"]} <= {"icc", "r"}  # of angles that do not change


def test_intervals_in_the_csv_hold_their_value_or_are_empty(table: list[dict[str, str]]) -> None:
    for row in table:
        if row["trial"] == "all" and row["low_95"]:
            assert float(row["low_95"]) <= float(row["value"]) + 1e-6
            assert float(row["value"]) <= float(row["high_95"]) + 1e-6
        elif row["trial"] != "all":
            assert (row["low_95"], row["high_95"]) == ("", "")


def test_numbers_in_the_csv_are_those_of_the_scores(evaluation: Evaluation, table: list[dict[str, str]]) -> None:
    for row in table:
        if row["figure"] == "mpjpe" and not row["of"] and row["trial"] != "all":
            (one,) = (one for one in evaluation.of(row["system"]) if one.trial == row["trial"])
            assert float(row["value"]) == pytest.approx(1000 * one.figures["mpjpe"], rel=1e-5)


def test_numbers_in_the_csv_are_in_full(tmp_path: Path) -> None:
    third = 1 / 3
    write_csv(compare(moved(star(), [third, 0, 0]), star()), tmp_path / "out.csv")

    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        (value,) = (row["value"] for row in csv.DictReader(file) if row["figure"] == "mpjpe" and not row["of"])
    assert float(value) == pytest.approx(1000 / 3, rel=1e-12)


def test_the_csv_counts_what_was_compared_and_what_was_not() -> None:
    prediction = without(still(10), slice(0, 5), "left_knee")
    reference = without(still(10), slice(0, 2), "right_knee")

    first = next(iter(figures(compare(prediction, reference))))

    assert first["points compared"] == 40 - 5 - 2
    assert first["points missing in prediction"] == 5
    assert first["points missing in reference"] == 2


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"S9_Walking_1": (0.01, 5), "S9_Sitting": (0.01, 5)}, id="two actions"),
        pytest.param(
            {"S9_Walking_1": (0.01, 5), "S11_Walking_1": (0.01, 5)},
            id="one action",
        ),
    ],
)
def test_no_figure_is_in_the_csv_twice(given: dict[str, tuple[float, int]]) -> None:
    keys = [(row["trial"], row["action"], row["figure"], row["of"]) for row in figures(trials(H36M_AS_IS, **given))]

    assert len(set(keys)) == len(keys)


def test_parts_of_the_body_are_in_the_csv_by_name() -> None:
    found = list(figures(compare(moved(WHOLE, [0, 0.02, 0], "nose", *FACE), WHOLE, PROTOCOLS["h3wb"])))

    assert [row["value"] for row in found if (row["figure"], row["of"]) == ("mpjpe", "face")] == pytest.approx([20])


def test_markdown_is_a_rectangular_table(evaluation: Evaluation) -> None:
    lines = markdown(summary(evaluation)).splitlines()

    assert len(lines) == 2 + 2
    assert all(line.startswith("| ") and line.endswith(" |") for line in lines)
    assert len({len(line.replace("\\|", "").split("|")) for line in lines}) == 1
    assert set(lines[1]) == set("| -")


def test_pipes_in_markdown_are_escaped(evaluation: Evaluation) -> None:
    assert "| bad\\|worse |" in markdown(summary(evaluation))


def test_pipes_in_a_header_of_markdown_are_escaped(evaluation: Evaluation) -> None:
    assert markdown(per_joint(evaluation)).splitlines()[0] == "| joint | good mm | bad\\|worse mm |"


def test_markdown_of_no_rows_is_nothing() -> None:
    assert markdown([]) == ""


def test_the_errors_of_joints_have_a_row_a_joint_and_a_column_a_system(evaluation: Evaluation) -> None:
    found = per_joint(evaluation)

    assert [row["joint"] for row in found] == list(JOINT_SETS["limbs_12"])
    assert {tuple(row) for row in found} == {("joint", "good mm", "bad|worse mm")}


def test_a_group_of_trials_is_given_by_the_protocols_headline() -> None:
    protocol = choose("3dhp", joints=",".join(LEGS[:4]), alignment="none")
    found = per_group(trials(protocol, a=(0.01, 10), b=(0.2, 10)), lambda one: one.trial)

    assert found == [{"": "a", "system: PCK %": "100.0"}, {"": "b", "system: PCK %": "0.0"}]


def test_a_group_that_a_system_has_not_is_empty() -> None:
    one = star()

    found = evaluate([("s", {"a": one, "b": one}, {"a": one, "b": one}), ("t", {"a": one}, {"a": one})], AS_IS)

    assert per_group(found, lambda one: one.trial)[1] == {"": "b", "s: MPJPE mm": "0.0", "t: MPJPE mm": ""}


def test_the_report_names_the_protocol_its_source_and_the_notes() -> None:
    text = report(compare(without(still(10), slice(3, 7), "left_knee"), still(10)))

    assert f"Protocol clip, other alignment: {CLIP.source}." in text
    assert "\n- system: 4 of 40 points are missing" in text


def test_the_report_has_a_table_by_action_where_there_are_actions() -> None:
    text = report(trials(H36M_AS_IS, S9_Walking_1=(0.01, 10), S11_Sitting=(0.03, 5)))

    assert "## By action\n" in text
    assert "| Sitting | 30.0 |" in text


def test_the_report_has_a_table_by_trial_where_there_are_several(evaluation: Evaluation) -> None:
    assert "## By trial\n" in report(evaluation)


def test_every_table_of_the_report_is_rectangular(evaluation: Evaluation) -> None:
    for block in report(evaluation).split("\n\n"):
        widths = {len(line.replace("\\|", "").split("|")) for line in block.splitlines() if line.startswith("|")}
        assert len(widths) <= 1


# --- the figure -------------------------------------------------------------------------------------------------------


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Evaluation], Figure]:
    """Draw an evaluation into a file; return what Matplotlib wrote there."""
    kept: list[Figure] = []
    save = Figure.savefig

    def keep(figure: Figure, *arguments: Any, **options: Any) -> None:
        save(figure, *arguments, **options)
        kept.append(figure)

    def drawn(evaluation: Evaluation) -> Figure:
        monkeypatch.setattr(Figure, "savefig", keep)
        draw(evaluation, tmp_path / "out.png")
        assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        return kept[-1]

    return drawn


def systems(count: int, one: Motion, protocol: Protocol = FROM_HIPS) -> Evaluation:
    pairs = [(f"system {number}", {"": moved(one, [0.01 * number, 0, 0])}, {"": one}) for number in range(count)]
    return evaluate(pairs, protocol)


def bars(figure: Figure) -> dict[str, float]:
    """Millimetres of the first system by the joint's name on the axis."""
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    return dict(zip(names, (float(bar.get_width()) for bar in figure.axes[0].containers[0]), strict=True))


@pytest.mark.parametrize("count", [1, 9])
def test_the_figure_has_two_panels_where_knees_bend(drawn: Callable[[Evaluation], Figure], count: int) -> None:
    assert len(drawn(systems(count, walking(even(25, 0.5)))).axes) == 2


def test_the_figure_has_one_panel_without_knees(drawn: Callable[[Evaluation], Figure]) -> None:
    assert len(drawn(systems(2, still(10, "left_hip", "right_hip", "left_wrist"))).axes) == 1


def test_of_133_joints_the_figure_has_as_many_as_can_be_read(drawn: Callable[[Evaluation], Figure]) -> None:
    assert len(bars(drawn(compare(WHOLE, WHOLE, PROTOCOLS["h3wb"])))) == 33


def test_the_figure_has_the_intervals_over_trials_and_says_so(
    drawn: Callable[[Evaluation], Figure], evaluation: Evaluation
) -> None:
    joints = drawn(evaluation).axes[0]

    assert joints.get_xlabel() == "mean position error, mm; bars: 95 % over trials"
    assert all(bar.errorbar is not None for bar in joints.containers if isinstance(bar, BarContainer))


def test_the_figure_of_a_single_frame_has_its_two_knees_and_no_intervals(
    drawn: Callable[[Evaluation], Figure],
) -> None:
    joints, knees = drawn(systems(1, walking(np.array([0.5])))).axes

    assert knees.lines[0].get_ydata() == pytest.approx([0, 0])
    assert joints.get_xlabel() == "mean position error, mm"


def test_a_joint_that_is_never_there_has_its_name_in_the_figure_and_no_bar(
    drawn: Callable[[Evaluation], Figure],
) -> None:
    one = walking(even(25, 0.5))
    found = bars(drawn(compare(without(one, slice(None), "left_knee"), one)))

    assert [name for name, value in found.items() if np.isnan(value)] == ["left knee"]


def test_a_system_of_any_name_stands_in_the_figure_as_it_is(drawn: Callable[[Evaluation], Figure]) -> None:
    one = walking(even(25, 0.5))
    (name,) = drawn(evaluate([("a$\\b$", {"": one}, {"": one})], AS_IS)).legends[0].get_texts()

    assert name.get_text().replace("\\$", "$") == "a$\\b$"


def test_the_same_figure_is_the_same_file(tmp_path: Path) -> None:
    one = systems(2, still(10))
    draw(one, tmp_path / "one.png")
    draw(one, tmp_path / "other.png")

    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "other.png").read_bytes()


# What a reviewer asked


def sway(count: int = 120, rate: float = 60.0, seed: int = 0, noise: float = 0.0) -> Motion:
    """Knees that swing at 1 Hz, with white noise."""
    one = still(count, rate=rate)
    swing = 0.2 * np.sin(2 * np.pi * one.time)[:, None, None] * (np.arange(one.xyz.shape[1]) % 3)[:, None]
    return replace(one, xyz=one.xyz + swing + noise * np.random.default_rng(seed).standard_normal(one.xyz.shape))


def keep(one: Motion, rows: np.ndarray) -> Motion:
    return replace(one, time=one.time[rows], xyz=one.xyz[rows])


def test_frames_that_a_prediction_leaves_out_are_missing() -> None:
    found = scored(keep(sway(), np.arange(120) % 40 < 30), sway())

    # 30 of every 40 frames; those behind the last one are not between two of its own, and lower `covered` instead
    assert found.frames == 110
    assert (found.points, found.expected) == (90 * len(found.joints), 110 * len(found.joints))


def test_a_short_prediction_says_how_much_of_the_reference_it_covers() -> None:
    assert scored(keep(sway(), np.arange(120) < 12), sway()).covered == pytest.approx(11 / 119)


@pytest.mark.parametrize(("rate", "other"), [(60.0, 60.0), (200.0, 100.0), (30.0, 100.0)])
def test_noise_does_not_make_a_lag_between_two_samples(rate: float, other: float) -> None:
    prediction, reference = sway(int(3 * rate), rate, 1, 0.02), sway(int(3 * other), other, 2, 0.002)

    assert abs(match(prediction, reference, PROTOCOLS["clip"]).lag) <= 0.002


def test_a_lag_that_leaves_little_in_common_is_not_considered() -> None:
    found = match(sway(120), sway(60), PROTOCOLS["clip"], max_lag=13)

    assert len(found.time) >= 0.75 * 60 - 1


def test_milliseconds_taken_for_seconds_are_recognised() -> None:
    with pytest.raises(InputError, match="milliseconds"):
        match(replace(sway(), time=1000 * sway().time), sway(), AS_IS)


def test_a_prediction_of_another_size_is_doubted() -> None:
    found = match(replace(sway(), xyz=sway().xyz / 2.54), sway(), FROM_HIPS)

    assert any("0.39 times as large as the reference" in note for note in found.notes)


def test_a_prediction_of_about_the_same_size_is_not() -> None:
    assert not any("as large" in note for note in match(sway(), sway(), FROM_HIPS).notes)


def test_cameras_that_saw_the_same_take_are_one_cluster() -> None:
    motions = {f"S9/Walking/camera {number}": still(10) for number in range(4)}

    (scores,) = [evaluate([("one", motions, motions)], PROTOCOLS["h36m1"]).scores]

    assert {one.cluster for one in scores} == {"S9/Walking"}


def test_trials_of_one_person_are_one_cluster() -> None:
    motions = {"first": still(10), "second": still(10)}

    scores = evaluate([("one", motions, motions)], AS_IS, clusters={"first": "Ann", "second": "Ann"}).scores

    assert {one.cluster for one in scores} == {"Ann"}


def test_how_the_lag_came_about_is_told() -> None:
    how = [
        match(sway(), sway(), PROTOCOLS["clip"]).lag_from,
        match(sway(), sway(), PROTOCOLS["clip"], lag=0.1).lag_from,
        match(sway(), sway(), AS_IS).lag_from,
    ]

    assert how == ["searched within ±0.12 s", "given", "clocks as they are"]


@pytest.mark.parametrize(
    ("rate", "other", "which"), [(60.0, 100.0, "reference"), (100.0, 60.0, "prediction"), (60.0, 60.0, "none")]
)
def test_which_of_both_was_interpolated_is_told(rate: float, other: float, which: str) -> None:
    assert match(sway(100, rate), sway(100, other), AS_IS).interpolated == which


def test_every_figure_of_the_csv_has_its_own_number_of_values(tmp_path: Path) -> None:
    prediction = without(sway(20), slice(0, 5), "left_knee")
    found = evaluate([("one", {"": prediction}, {"": sway(20)})], AS_IS)

    write_csv(found, tmp_path / "evaluation.csv")

    with (tmp_path / "evaluation.csv").open() as file:
        rows = {(row["figure"], row["of"]): int(row["n"]) for row in csv.DictReader(file)}
    joints = len(found.scores[0].joints)
    assert rows["mpjpe", ""] == 20 * joints - 5
    assert rows["mpjpe", "left_knee"] == 15
    assert rows["mpjve", ""] == 19 * joints - 5
    assert rows["acceleration_error", ""] == 18 * joints - 5


def test_systems_with_other_trials_than_the_others_are_noted() -> None:
    two, one = {"a": still(10), "b": still(10)}, {"a": still(10)}

    notes = evaluate([("whole", two, two), ("half", one, two)], AS_IS).notes

    assert any(note.startswith("half has 1 of the 2 trials") for note in notes)


def test_the_joints_that_one_lacks_are_named_beside_the_figures() -> None:
    lacking = only(still(10), *(point for point in still().skeleton.points if point != "left_knee"))

    protocol = choose("clip", joints=",".join(still().skeleton.points), alignment="none")

    (row,) = summary(evaluate([("one", {"": lacking}, {"": still(10)})], protocol))

    assert row["joints"].endswith("without left_knee")


def test_a_root_made_of_other_points_on_one_side_is_noted() -> None:
    hips = still(10).skeleton.indices("left_hip", "right_hip")
    middle = still(10).xyz[:, hips].mean(axis=1, keepdims=True)
    knees = only(still(10), "left_knee", "right_knee")
    other = Motion(
        Skeleton("other", (*knees.skeleton.points, "pelvis"), (-1,) * 3),
        knees.time,
        np.concatenate([knees.xyz, middle], 1),
    )

    notes = match(other, still(10), FROM_HIPS).notes

    assert any(note == "the root: mid_hips is pelvis in the prediction" for note in notes)


def test_clocks_that_agree_but_for_noise_are_taken_to_agree() -> None:
    lags = [match(sway(600, 200, seed, 0.02), sway(300, 100, 9), PROTOCOLS["clip"]).lag for seed in range(5)]

    assert lags == [0.0] * 5


def test_both_in_milliseconds_are_doubted() -> None:
    slow = replace(sway(), time=1000 * sway().time)

    assert any("are the times in seconds?" in note for note in match(slow, slow, AS_IS).notes)
