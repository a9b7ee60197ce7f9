"""What the account says of kinematics."""

from typing import Any

import pytest

from figures import WITH_SPINES, figure, pose_of
from posedetector.account import (
    GradeRecord,
    KinematicsRecord,
    Note,
    Provenance,
    by_severity,
    caution,
    describe_size,
    info,
    serious,
)
from posedetector.camera_motion import NOT_WATCHED
from posedetector.kinematics import study
from posedetector.kinematics.accounting import entry_of, notes_on_gait
from posedetector.kinematics.nouns import Gait, Grade, Kinematics
from posedetector.pose import MetricPose
from posedetector.skeletons import BLAZEPOSE_33, Skeleton, extend
from posedetector.subject import Subject
from posedetector.trial import Trial
from studied import all_found, nothing_found, with_kinematics

ANTERIOR_ALONE = extend(BLAZEPOSE_33, "anterior_alone", {"left_asis": "left_hip", "right_asis": "right_hip"})


def standing(skeleton: Skeleton) -> MetricPose:
    return pose_of(figure({}, skeleton), skeleton)


def studied(pose: MetricPose, found: Kinematics) -> KinematicsRecord:
    record = entry_of(found, pose.skeleton).parts["kinematics"]
    assert isinstance(record, KinematicsRecord)
    return record


def record_of(skeleton: Skeleton) -> KinematicsRecord:
    pose = standing(skeleton)
    return studied(pose, study(pose, Subject(height=1.75)))


def test_with_iliac_spines_the_pelvis_is_theirs() -> None:
    assert record_of(WITH_SPINES).pelvis == "the iliac spines"


@pytest.mark.parametrize("skeleton", [BLAZEPOSE_33, ANTERIOR_ALONE], ids=lambda one: one.name)
def test_without_all_four_spines_the_account_says_what_hip_flexion_has_in_it(skeleton: Skeleton) -> None:
    assert "hip flexion has the bending of the back in it, and pelvis_tilt has no value" in record_of(skeleton).pelvis


def test_the_account_says_how_good_the_gait_is_and_why(trial: Trial) -> None:
    found = studied(trial.pose, all_found(trial).kinematics)

    assert (found.gait, found.repetitions, found.masses) == ("doubtful: few strides", 1, "de Leva 1996, female")


def test_where_nothing_was_found_the_account_says_that(trial: Trial) -> None:
    found = studied(trial.pose, nothing_found(trial).kinematics)

    assert (found.gait, found.repetitions) == ("none: no steps", 0)


def test_a_good_gait_needs_no_reason(trial: Trial) -> None:
    found = all_found(trial).kinematics
    good = type(found)(found.angles, Gait("good", ""), found.repetitions, found.masses, found.summary)

    assert studied(trial.pose, good).gait == "good"


def test_a_doubtful_gait_is_a_note_with_its_reason() -> None:
    assert list(notes_on_gait(Gait("doubtful", "few strides"), NOT_WATCHED)) == [
        caution("the gait is doubtful: few strides")
    ]


@pytest.mark.parametrize("gait", [Gait("good", ""), Gait("none", "no steps")], ids=lambda one: one.quality)
def test_a_good_gait_and_none_need_no_note(gait: Gait) -> None:
    assert not list(notes_on_gait(gait, NOT_WATCHED))


def test_the_most_severe_note_comes_first() -> None:
    assert by_severity(info("c"), caution("b"), serious("a"), caution("d")) == [
        serious("a"),
        caution("b"),
        caution("d"),
        info("c"),
    ]


def test_a_note_of_an_earlier_version_calls_for_caution() -> None:
    assert Note.model_validate("the scale varies") == caution("the scale varies")


def test_the_account_has_each_angles_grade(trial: Trial) -> None:
    grades = {"left_knee_flexion": Grade("weak", "seen badly", 0.1), "left_wrist_flexion": Grade("poor", "not fitted")}
    found = studied(trial.pose, with_kinematics(trial, grades=grades).kinematics).grades

    assert found["left_knee_flexion"] == GradeRecord(quality="weak", reason="seen badly", sd_deg=5.73)
    assert found["left_wrist_flexion"].sd_deg is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"scale": 1.107, "scale_spread": 0.011, "scale_of": "thigh + shank"},
            "10.7 % larger than the detector's own estimate so that thigh + shank fit a stature of 1.75 m, and all lengths and speeds with it; the factor varies by 1.1 %",
        ),
        ({"scale": 0.9, "scale_from": "bone lengths: left_thigh"}, "made 10.0 % smaller than the detector's"),
        ({"scale": 0.9, "scale_from": "bone lengths: left_thigh"}, "so that it fits the bone lengths: left_thigh"),
        ({"scale": 1.0002}, "made as large as the detector's"),
        ({"scale_spread": None}, "one frame gave it"),
    ],
)
def test_the_scale_is_a_sentence(trial: Trial, changes: dict[str, Any], said: str) -> None:
    calibration = trial.provenance.calibration.model_copy(update={"scaled": "detector", **changes})

    assert said in describe_size(trial.provenance.model_copy(update={"calibration": calibration}))


def test_an_account_of_an_earlier_version_says_what_gave_the_size_and_how_good_the_gait_was(trial: Trial) -> None:
    account = trial.provenance.model_dump(mode="json")
    account["calibration"] |= {"scale_from": "stature: thigh + shank"}
    account["kinematics"] |= {"gait": "doubtful: few strides"}
    for part, name in (("calibration", "scale_of"), ("kinematics", "gait_quality")):
        del account[part][name]
    read = Provenance.model_validate(account)

    assert (read.calibration.scale_of, read.kinematics.gait_quality) == ("thigh + shank", "doubtful")


def test_after_a_lifter_it_is_the_lifter_s_estimate(trial: Trial) -> None:
    calibration = trial.provenance.calibration.model_copy(update={"scaled": "lifter"})

    assert "the lifter's own" in describe_size(trial.provenance.model_copy(update={"calibration": calibration}))
