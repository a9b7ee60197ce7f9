"""joints.npy and what joints.json says of it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from changing import edited
from posedetector.pose import Array, Source
from posedetector.skeletons import BLAZEPOSE_33, COCO_WHOLEBODY_133, H36M_17, Skeleton
from posedetector.trial import Trial
from posedetector.writers.npy import write_joints, write_joints_account
from studied import over, without

TIMES = [0.0, 0.04, 0.08]


def array_of(trial: Trial, folder: Path) -> Array:
    write_joints(trial, folder / "joints.npy")
    return np.load(folder / "joints.npy", allow_pickle=False)


def account_of(trial: Trial, folder: Path) -> dict[str, Any]:
    write_joints_account(trial, folder / "joints.json")
    return json.loads((folder / "joints.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("skeleton", [BLAZEPOSE_33, COCO_WHOLEBODY_133, H36M_17], ids=lambda one: one.name)
def test_the_array_is_seventeen_joints_in_double_precision(skeleton: Skeleton, trial: Trial, tmp_path: Path) -> None:
    joints = array_of(over(trial, TIMES, skeleton), tmp_path)

    assert (joints.shape, joints.dtype) == ((3, 17, 3), np.float64)
    assert np.isfinite(joints).all()


def test_a_joint_that_the_skeleton_has_is_its_landmark(trial: Trial, tmp_path: Path) -> None:
    joints = array_of(over(trial, TIMES, BLAZEPOSE_33), tmp_path)

    row = BLAZEPOSE_33.index("left_knee")
    assert joints[2, H36M_17.index("left_knee")] == pytest.approx([2 + row, 2, 3])


def test_the_pelvis_is_the_middle_of_the_hips(trial: Trial, tmp_path: Path) -> None:
    joints = array_of(over(trial, TIMES, BLAZEPOSE_33), tmp_path)

    left, right = BLAZEPOSE_33.indices("left_hip", "right_hip")
    assert joints[0, 0] == pytest.approx([(left + right) / 2, 2, 3])


def test_a_missing_point_is_nan_in_all_that_is_made_of_it(trial: Trial, tmp_path: Path) -> None:
    clip = without(over(trial, TIMES, BLAZEPOSE_33), 1, BLAZEPOSE_33.index("left_hip"))
    missing = np.isnan(array_of(clip, tmp_path)).all(axis=-1)

    assert not missing[[0, 2]].any()
    assert {H36M_17.points[joint] for joint in np.flatnonzero(missing[1])} == {"pelvis", "left_hip", "spine"}


def test_joints_that_a_skeleton_lacks_are_nan_and_made_of_nothing(trial: Trial, tmp_path: Path) -> None:
    joints, account = array_of(trial, tmp_path), account_of(trial, tmp_path)

    assert np.isnan(joints[:, H36M_17.index("left_ankle")]).all()
    assert account["made_of"]["left_ankle"] == []
    assert joints[2, H36M_17.index("left_knee")] == pytest.approx([1.3, 2.2, 3.3])


def test_the_account_names_joints_unit_frame_and_times(trial: Trial, tmp_path: Path) -> None:
    account = account_of(trial, tmp_path)

    assert account["joints"] == list(H36M_17.points)
    assert account["shape"] == [3, 17, 3]
    assert account["unit"] == "metres"
    assert account["frame"].startswith("laboratory: X forward")
    assert account["timestamps_s"] == [0.0, 0.5, 1.25]


def test_the_account_says_from_what_each_joint_hangs(trial: Trial, tmp_path: Path) -> None:
    account = account_of(trial, tmp_path)
    above = dict(zip(account["joints"], account["parents"], strict=True))

    assert above["pelvis"] == -1
    assert account["joints"][above["left_knee"]] == "left_hip"


def test_where_the_path_is_not_known_nothing_came_about(trial: Trial, tmp_path: Path) -> None:
    clip = over(trial, TIMES, BLAZEPOSE_33)
    clip = replace(clip, pose=edited(clip.pose, root=(1, np.nan)))
    joints, account = array_of(clip, tmp_path), account_of(clip, tmp_path)

    assert np.isnan(joints[1]).all()
    assert {account["source_words"][word] for word in account["sources"][1]} == {""}
    assert account["source_words"][account["sources"][0][0]] == "measured"


def test_the_account_tells_how_each_value_came_about(trial: Trial, tmp_path: Path) -> None:
    account = account_of(trial, tmp_path)
    words = [account["source_words"][frame[H36M_17.index("left_knee")]] for frame in account["sources"]]

    assert words == ["measured", "interpolated", "measured"]


def test_a_middle_is_as_certain_as_the_least_of_its_points(trial: Trial, tmp_path: Path) -> None:
    clip = over(trial, TIMES, BLAZEPOSE_33)
    pose = edited(clip.pose, source=((0, BLAZEPOSE_33.index("left_hip")), Source.INTERPOLATED))
    account = account_of(replace(clip, pose=pose), tmp_path)

    assert account["source_words"][account["sources"][0][0]] == "interpolated"
