"""Angles of limbs whose bend is known, and what is known of their error."""

from dataclasses import replace

import numpy as np
import pytest

from posedetector.errors import InputError
from posedetector.kinematics.angles import ANGLES, joint_angles
from posedetector.kinematics.nouns import JointAngles
from posedetector.pose import Array, MetricPose, Source
from posedetector.skeletons import BLAZEPOSE_33, H36M_17
from posedetector.trial import Trial

KNEE, HIP = 0, 2  # columns of the left side's


def limb(name: str, degrees: float) -> MetricPose:
    """One frame in which an angle's three points alone are seen: segments of 0.3 and 0.4 m, bent by so much."""
    angle = np.radians(degrees)
    xyz = np.full((1, len(BLAZEPOSE_33), 3), np.nan)
    offsets = [[0, 0.3, 0], [0, 0, 0], [0.4 * np.sin(angle), -0.4 * np.cos(angle), 0]]
    xyz[0, BLAZEPOSE_33.indices(*ANGLES[name])] = np.array([0.1, 0.9, -0.2]) + offsets
    seen = np.isfinite(xyz[..., 0])
    source = np.where(seen, Source.MEASURED, Source.NONE).astype(np.uint8)
    return MetricPose(BLAZEPOSE_33, np.zeros(1), xyz, seen.astype(float), source, np.zeros((1, 3)))


def values(angles: JointAngles, name: str) -> Array:
    return angles.values[:, angles.names.index(name)]


def test_the_table_has_knees_hips_and_elbows_of_both_sides() -> None:
    assert list(ANGLES) == [
        f"{side}_{joint}_flexion" for joint in ("knee", "hip", "elbow") for side in ("left", "right")
    ]


@pytest.mark.parametrize("skeleton", [BLAZEPOSE_33, H36M_17], ids=lambda one: one.name)
def test_every_point_of_the_table_is_one_of_the_skeletons(skeleton) -> None:
    assert all(skeleton.has(*points) for points in ANGLES.values())


@pytest.mark.parametrize("degrees", [0, 30, 90, 150])
@pytest.mark.parametrize("name", ANGLES)
def test_an_angle_is_nought_in_line_and_counts_from_there(name: str, degrees: float) -> None:
    assert values(joint_angles(limb(name, degrees)), name) == pytest.approx([np.radians(degrees)], abs=1e-7)


@pytest.mark.parametrize("name", ANGLES)
def test_only_the_angle_whose_points_are_seen_has_a_value(name: str) -> None:
    known = np.isfinite(joint_angles(limb(name, 30)).values[0])

    assert [one for one, there in zip(ANGLES, known, strict=True) if there] == [name]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    ("joint", "ends"), [("knee", ("hip", "ankle")), ("hip", ("shoulder", "knee")), ("elbow", ("shoulder", "wrist"))]
)
def test_an_angle_lies_between_the_segments_that_meet_at_its_joint(
    side: str, joint: str, ends: tuple[str, str]
) -> None:
    assert ANGLES[f"{side}_{joint}_flexion"] == (f"{side}_{ends[0]}", f"{side}_{joint}", f"{side}_{ends[1]}")


def test_an_angle_is_missing_in_the_frames_that_lack_a_point(bent: Trial) -> None:
    assert joint_angles(bent.pose).values[:, KNEE] == pytest.approx([0, np.pi / 2, np.nan], abs=1e-7, nan_ok=True)


def test_a_skeleton_without_an_angles_points_has_it_nowhere(trial: Trial) -> None:
    angles = joint_angles(trial.pose)

    assert angles.names == tuple(ANGLES)
    assert np.isnan(angles.values).all()


def test_an_angle_needs_no_place_in_the_room(bent: Trial) -> None:
    nowhere = joint_angles(replace(bent.pose, root=np.full((3, 3), np.nan)))

    assert nowhere.values[1, KNEE] == pytest.approx(np.pi / 2)


def test_the_deviation_is_the_spreads_of_that_name(bent: Trial) -> None:
    sd = joint_angles(bent.pose).sd

    assert sd[:2, KNEE] == pytest.approx(np.radians([2.0, 2.0]))
    assert np.isnan(sd[:, HIP]).all()


def test_without_a_spread_no_deviation_is_known(bent: Trial) -> None:
    assert np.isnan(joint_angles(replace(bent.pose, spread=None)).sd).all()


def test_where_there_is_no_angle_there_is_no_deviation(bent: Trial) -> None:
    assert np.isnan(joint_angles(bent.pose).sd[2, KNEE])


def test_an_angle_with_a_mirrored_point_has_a_value_and_no_deviation(bent: Trial) -> None:
    source = bent.pose.source.copy()
    source[1, 3] = Source.MIRRORED
    angles = joint_angles(replace(bent.pose, source=source))

    assert angles.values[1, KNEE] == pytest.approx(np.pi / 2)
    assert np.isfinite(angles.sd[:, KNEE]).tolist() == [True, False, False]


def test_a_trials_angles_are_those_of_its_pose(bent: Trial) -> None:
    assert np.array_equal(bent.angles.values, joint_angles(bent.pose).values, equal_nan=True)
    assert np.array_equal(bent.angles.time, bent.pose.time)


def test_angles_without_a_deviation_each_are_refused() -> None:
    with pytest.raises(InputError, match=r"angles' seen must be \(2, 1\), got \(2, 0\)"):
        JointAngles(np.arange(2.0), ("left_knee_flexion",), *[np.zeros((2, 1))] * 4, np.zeros((2, 0)))
