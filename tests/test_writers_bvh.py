"""BVH: read back by the reader here, by its text, and by the JSON beside it; figures whose every angle is known."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from changing import edited, without
from figures import figure, pose_of
from posedetector.estimators.synthetic import Walker
from posedetector.pose import Array, MetricPose, Source
from posedetector.readers import read_motions
from posedetector.readers.bvh import read_bvh
from posedetector.readers.recording import ReadOptions
from posedetector.skeletons import BLAZEPOSE_33, COCO_17, H36M_17, Skeleton
from posedetector.trial import Trial
from posedetector.writers.bvh import write_bvh, write_bvh_account
from posedetector.writers.turns import angles_in_order
from studied import posed

SIDES = ("left", "right")
# joints of the file and the landmarks in whose middle they are
PLACES = {
    "Hips": ("left_hip", "right_hip"),
    "Spine": ("left_hip", "right_hip"),
    "Neck": ("left_shoulder", "right_shoulder"),
    "Head": ("left_ear", "right_ear"),
    **{
        f"{side.capitalize()}{joint}": (f"{side}_{landmark}",)
        for side in SIDES
        for joint, landmark in {
            "Arm": "shoulder",
            "ForeArm": "elbow",
            "Hand": "wrist",
            "UpLeg": "hip",
            "Leg": "knee",
            "Foot": "ankle",
            "ToeBase": "foot_index",
        }.items()
    },
}


class Written(NamedTuple):
    """What the files say: `places` by joint (T, 3), channels by `joint.Xrotation` (T,), and the JSON."""

    places: dict[str, Array]
    channels: dict[str, Array]
    step: float
    account: dict[str, Any]


@pytest.fixture
def written(trial: Trial, tmp_path: Path) -> Callable[[MetricPose], Written]:
    def write(pose: MetricPose) -> Written:
        path = tmp_path / "clip.bvh"
        clip = posed(trial, pose)
        write_bvh(clip, path)
        write_bvh_account(clip, tmp_path / "clip_bvh.json")
        (recording,) = read_bvh(path, ReadOptions()).values()
        places = dict(zip(recording.names, recording.xyz.swapaxes(0, 1), strict=True))
        lines = path.read_text(encoding="utf-8").splitlines()
        names: list[str] = []
        for words in map(str.split, lines):
            if words[0] in ("ROOT", "JOINT"):
                joint = words[1]
            elif words[0] == "CHANNELS":
                names += [f"{joint}.{channel}" for channel in words[2:]]
        motion = lines.index("MOTION")
        values = np.loadtxt(lines[motion + 3 :], ndmin=2).T
        step = float(lines[motion + 2].split()[-1])
        account = json.loads((tmp_path / "clip_bvh.json").read_text(encoding="utf-8"))
        return Written(places, dict(zip(names, values, strict=True)), step, account)

    return write


def moving(
    count: int = 50, rate: float = 50.0, skeleton: Skeleton = BLAZEPOSE_33, /, **degrees: ArrayLike
) -> MetricPose:
    """A figure with these angles over time, each (T,) or constant."""
    curves = {name: np.broadcast_to(np.asarray(values, float), count) for name, values in degrees.items()}
    frames = [figure({name: curve[row] for name, curve in curves.items()}, BLAZEPOSE_33) for row in range(count)]
    xyz = np.array(frames)
    if skeleton is not BLAZEPOSE_33:
        xyz = xyz[:, [BLAZEPOSE_33.index(point) for point in skeleton.points]]
    return pose_of(xyz, skeleton, rate)


def still(**degrees: float) -> MetricPose:
    return moving(3, **degrees)


def busy(count: int = 60) -> MetricPose:
    """Everything moves, twists and bends at once; the lengths do not change."""
    turn = np.linspace(0, 2 * np.pi, count)
    bent = 40 + 20 * np.sin(turn)
    both: dict[str, ArrayLike] = {}
    for side, phase in (("left", 0.0), ("right", 1.0)):
        both |= {
            f"{side}_hip_flexion": 30 * np.sin(turn + phase),
            f"{side}_hip_adduction": 10 * np.cos(turn),
            f"{side}_knee_flexion": bent,
            f"{side}_ankle_dorsiflexion": 15 * np.sin(turn + phase),
            f"{side}_shoulder_flexion": 60 * np.sin(turn + phase),
            f"{side}_shoulder_abduction": 30.0,
            f"{side}_elbow_flexion": bent + phase,
            f"{side}_wrist_flexion": 20 * np.cos(turn),
        }
    return moving(
        count,
        pelvis_rotation=90 * np.sin(turn),
        pelvis_obliquity=8 * np.cos(turn),
        pelvis_tilt=20 * np.sin(turn),
        trunk_rotation=15 * np.cos(turn),
        bend_on_pelvis=10 * np.sin(turn),
        neck_rotation=30 * np.sin(turn),
        neck_flexion=10.0,
        **both,
    )


def landmarks(pose: MetricPose, joint: str) -> Array:
    """Where a joint's landmarks are, in the file's axes: X, Y, Z are -Z, Y, X of the laboratory."""
    x, y, z = pose.positions[:, pose.skeleton.indices(*PLACES[joint])].mean(axis=1).T
    return np.stack([-z, y, x], axis=-1)


def blender(places: Array) -> Array:
    """What Blender's importer makes of places when nothing is set: forward -Z, up Y become its Y and Z."""
    x, y, z = places.T
    return np.stack([x, -z, y], axis=-1)


def turned(found: Written, joint: str) -> Array:
    """How far each joint turns from frame to frame, degrees (T - 1,)."""
    names = [name for name in found.channels if name.startswith(f"{joint}.") and name.endswith("rotation")]
    order = "".join(name.split(".")[1][0] for name in names)
    values = np.stack([found.channels[name] for name in names], axis=-1)
    rotation = Rotation.from_euler(order, values, degrees=True)
    return np.degrees((rotation[:-1].inv() * rotation[1:]).magnitude())


def missing(pose: MetricPose, frames: Any, *names: str) -> MetricPose:
    for name in names:
        pose = without(pose, np.s_[frames, pose.skeleton.index(name)])
    return pose


# places


def test_a_body_of_constant_lengths_is_read_back_within_a_tenth_of_a_millimetre(
    written: Callable[[MetricPose], Written],
) -> None:
    pose = busy()
    places = written(pose).places

    for joint in PLACES:
        assert places[joint] == pytest.approx(landmarks(pose, joint), abs=1e-4), joint


@pytest.mark.parametrize("heading", [0.0, 1.6, 4.0])
def test_a_walk_in_any_direction_is_read_back_within_a_millimetre(
    written: Callable[[MetricPose], Written], walk: Callable[..., Any], heading: float
) -> None:
    pose = pose_of(walk(Walker(heading=heading, start=(0.0, -3.0)), frames=70).lab)
    places = written(pose).places

    assert max(np.abs(places[joint] - landmarks(pose, joint)).max() for joint in PLACES) < 1e-3


def test_lengths_that_change_put_only_the_next_joint_off(written: Callable[[MetricPose], Written]) -> None:
    pose = moving(9, left_knee_flexion=20, left_shoulder_flexion=30)
    knee = pose.skeleton.index("left_knee")
    pose = edited(
        pose, xyz=(np.s_[4, knee], pose.xyz[4, knee] + [0.0, -0.02, 0.0])
    )  # a thigh that is 2 cm longer in one frame
    places = written(pose).places
    off = {joint: float(np.linalg.norm(places[joint] - landmarks(pose, joint), axis=1)[4]) for joint in PLACES}

    assert off["LeftLeg"] == pytest.approx(0.02, abs=0.002)
    assert off["LeftFoot"] < 0.005


def test_the_error_of_each_joint_is_in_the_account(written: Callable[[MetricPose], Written]) -> None:
    pose = moving(10)
    at = np.s_[5, pose.skeleton.index("left_knee")]
    pose = edited(pose, xyz=(at, pose.xyz[at] + [0.0, -0.02, 0.0]))
    account = written(pose).account

    assert account["joints"]["LeftLeg"]["error_mm"] == {
        "mean": pytest.approx(2, abs=0.1),
        "largest": pytest.approx(20, abs=1),
    }
    assert account["joint_error_mm"]["largest"] == pytest.approx(20, abs=1)


def test_who_faces_the_camera_faces_the_front_view_of_blender_upright_and_not_mirrored(
    written: Callable[[MetricPose], Written],
) -> None:
    places = {joint: blender(place)[0] for joint, place in written(still()).places.items()}

    assert places["LeftToeBase"][1] < places["LeftFoot"][1] - 0.1  # Blender's front view looks along Y
    assert places["LeftArm"][0] > places["RightArm"][0] + 0.3  # whom one faces has his left on one's right
    assert places["Head"][2] - places["Hips"][2] == pytest.approx(0.75, abs=1e-4)  # metres, up
    assert places["Hips"] == pytest.approx([0, 0, 1], abs=1e-4)  # as high above the floor as in the laboratory


def test_who_walks_towards_the_camera_walks_along_z(written: Callable[[MetricPose], Written]) -> None:
    pose = still()
    walked = replace(pose, root=pose.root + np.array([[0.0], [0.1], [0.2]]) * np.array([1.0, 0, 0]))

    assert written(walked).places["Hips"][:, 2] == pytest.approx([0, 0.1, 0.2], abs=1e-5)


# rotations


def test_a_t_pose_with_palms_down_has_no_rotation_anywhere(written: Callable[[MetricPose], Written]) -> None:
    pose = still(left_shoulder_abduction=90, right_shoulder_abduction=90)
    for side, index in (("left", 0.03), ("right", 0.03)):  # the figure's palms look forward: its hands are turned down
        knuckles = pose.xyz[:, pose.skeleton.indices(f"{side}_index", f"{side}_pinky")].mean(axis=1)
        for name, ahead in (("index", index), ("pinky", -index)):
            pose = edited(
                pose, xyz=(np.s_[:, pose.skeleton.index(f"{side}_{name}")], knuckles + np.array([ahead, 0, 0]))
            )
    channels = written(pose).channels

    assert {name for name, values in channels.items() if "rotation" in name and np.abs(values).max() > 1e-3} == set()


@pytest.mark.parametrize(
    ("angles", "channel", "degrees"),
    [
        ({"left_knee_flexion": 70.0}, "LeftLeg.Xrotation", 70.0),
        ({"left_hip_flexion": 40.0, "left_knee_flexion": 70.0}, "LeftUpLeg.Xrotation", -40.0),
        ({"right_ankle_dorsiflexion": 10.0, "right_knee_flexion": 40.0}, "RightFoot.Xrotation", -10.0),
        ({"left_elbow_flexion": 80.0}, "LeftForeArm.Yrotation", -80.0),
        ({"right_elbow_flexion": 80.0}, "RightForeArm.Yrotation", 80.0),
        ({"pelvis_rotation": 50.0}, "Hips.Yrotation", 50.0),
        ({"neck_rotation": 30.0}, "Neck.Yrotation", 30.0),
    ],
)
def test_a_joint_turns_about_one_axis_by_its_angle(
    written: Callable[[MetricPose], Written], angles: Mapping[str, float], channel: str, degrees: float
) -> None:
    channels = written(still(**angles)).channels
    own = [name for name in channels if name.split(".")[0] == channel.split(".", maxsplit=1)[0] and "rotation" in name]

    assert {name: channels[name][0] for name in own} == pytest.approx(
        {name: degrees if name == channel else 0.0 for name in own}, abs=1e-3
    )


def test_an_elbow_that_is_straight_for_a_while_does_not_spin_the_arm(written: Callable[[MetricPose], Written]) -> None:
    angles = np.concatenate([np.linspace(60, 2, 20), np.full(20, 2.0), np.linspace(2, 60, 20)])
    pose = moving(60, left_elbow_flexion=angles)
    noise = np.random.default_rng(0).normal(0, 0.01, (20, 3))
    at = np.s_[20:40, pose.skeleton.index("left_wrist")]
    found = written(edited(pose, xyz=(at, pose.xyz[at] + noise)))

    assert turned(found, "LeftArm").max() < 3
    assert found.account["joints"]["LeftArm"]["turn_about_that"]["filled"] == [
        [pytest.approx(12, abs=2), pytest.approx(47, abs=2)]
    ]


def test_a_leg_that_straightens_hands_over_to_its_foot_without_a_leap(written: Callable[[MetricPose], Written]) -> None:
    # the knee's own axis says 0°, a foot that is turned out by 50° says 50°; between them lies one frame
    pose = moving(40, left_knee_flexion=np.where(np.arange(40) < 20, 60.0, 5.0))
    at = np.s_[:, pose.skeleton.index("left_foot_index")]
    pose = edited(pose, xyz=(at, pose.xyz[at] + [-0.08, 0.0, -0.17]))

    assert turned(written(pose), "LeftUpLeg").max() < 15


def test_somebody_who_turns_round_and_round_has_no_leap_in_any_channel(
    written: Callable[[MetricPose], Written],
) -> None:
    found = written(moving(120, pelvis_rotation=np.linspace(0, 1080, 120)))

    assert found.channels["Hips.Yrotation"][[0, -1]] == pytest.approx([0, 1080], abs=1e-3)
    assert np.abs(np.diff(found.channels["Hips.Yrotation"])).max() < 10


@pytest.mark.parametrize("order", ["XZY", "YZX", "XYZ"])
def test_angles_in_order_are_scipys_and_go_on_through_ninety_degrees(order: str) -> None:
    asked = np.stack([np.linspace(-50, 30, 100), np.linspace(-170, 170, 100), np.linspace(10, 300, 100)], axis=-1)
    turns = Rotation.from_euler(order, asked, degrees=True)
    found = np.degrees(angles_in_order(turns.as_matrix(), order))

    assert (Rotation.from_euler(order, found, degrees=True) * turns.inv()).magnitude().max() < 1e-6
    assert np.abs(np.diff(found, axis=0)).max() < 5


# what is missing


def test_a_gap_is_filled_by_the_shortest_turn_and_the_account_says_where(
    written: Callable[[MetricPose], Written],
) -> None:
    knee = np.linspace(20, 60, 41)
    found = written(missing(moving(41, left_knee_flexion=knee), slice(10, 15), "left_ankle"))

    assert found.channels["LeftLeg.Xrotation"] == pytest.approx(knee, abs=0.5)
    assert found.account["joints"]["LeftLeg"]["rotation"] == {"measured": [[0, 9], [15, 40]], "filled": [[10, 14]]}


def test_what_hangs_on_a_joint_that_is_filled_is_filled_too(written: Callable[[MetricPose], Written]) -> None:
    account = written(missing(moving(20, left_knee_flexion=40), slice(5, 8), "left_knee")).account

    assert account["joints"]["LeftFoot"]["rotation"]["filled"] == [[5, 7]]


def test_a_joint_not_seen_at_the_end_is_held_there(written: Callable[[MetricPose], Written]) -> None:
    found = written(missing(moving(20, left_elbow_flexion=np.linspace(40, 60, 20)), slice(15, 20), "left_wrist"))

    assert found.channels["LeftForeArm.Yrotation"][15:] == pytest.approx(found.channels["LeftForeArm.Yrotation"][14])
    assert found.account["joints"]["LeftForeArm"]["rotation"]["held"] == [[15, 19]]


def test_a_hand_folded_back_farther_than_hands_go_is_taken_for_hidden(written: Callable[[MetricPose], Written]) -> None:
    pose = moving(10, left_wrist_flexion=np.where(np.arange(10) == 4, 130.0, 20.0))

    assert written(pose).account["joints"]["LeftHand"]["rotation"]["filled"] == [[4, 4]]


def test_hips_that_are_missing_for_a_while_are_on_the_way_between(written: Callable[[MetricPose], Written]) -> None:
    pose = moving(20)
    pose = replace(pose, root=pose.root + np.arange(20)[:, None] * np.array([0.1, 0, 0]))
    found = written(missing(pose, slice(8, 12), "left_hip"))

    assert found.places["Hips"][:, 2] == pytest.approx(0.1 * np.arange(20), abs=1e-5)
    assert found.account["hips_place_filled"] == [[8, 11]]


def test_a_shoulder_that_is_missing_does_not_cost_the_legs(written: Callable[[MetricPose], Written]) -> None:
    pose = moving(20, left_knee_flexion=40)
    account = written(missing(pose, slice(8, 12), "left_shoulder")).account

    assert account["joints"]["LeftLeg"]["rotation"] == {"measured": [[0, 19]]}
    assert account["joints"]["Hips"]["turn_about_that"]["filled"] == [[8, 11]]


def test_the_least_firsthand_landmark_gives_the_word(written: Callable[[MetricPose], Written]) -> None:
    pose = moving(10)
    pose = edited(pose, source=(np.s_[3:5, pose.skeleton.index("right_wrist")], Source.MIRRORED))

    assert written(pose).account["joints"]["RightForeArm"]["rotation"] == {
        "measured": [[0, 2], [5, 9]],
        "mirrored": [[3, 4]],
    }


def test_a_joint_that_no_landmark_turns_is_fixed(written: Callable[[MetricPose], Written]) -> None:
    assert written(still()).account["joints"]["LeftToeBase"]["rotation"] == {"fixed": [[0, 2]]}


def test_frames_before_the_first_and_after_the_last_trunk_are_left_out(
    written: Callable[[MetricPose], Written],
) -> None:
    pose = missing(moving(20), [0, 1, 2], "left_hip")
    found = written(missing(pose, slice(18, 20), "right_shoulder"))

    assert len(found.channels["Hips.Xposition"]) == 15
    assert found.account["left_out"].startswith("3 frames before the first and 2 after")
    assert (found.account["first_frame_index"], found.account["first_frame_s"]) == (3, 0.06)


def test_a_clip_without_a_trunk_has_a_file_without_frames_and_the_account_says_why(
    trial: Trial, tmp_path: Path
) -> None:
    clip = posed(trial, missing(moving(5), slice(None), "left_hip"))
    write_bvh(clip, tmp_path / "a.bvh")
    write_bvh_account(clip, tmp_path / "a_bvh.json")

    assert "Frames: 0" in (tmp_path / "a.bvh").read_text(encoding="utf-8")
    assert "none of them has both hips" in json.loads((tmp_path / "a_bvh.json").read_text(encoding="utf-8"))["left_out"]


# times


def at(pose: MetricPose, time: Array) -> MetricPose:
    return replace(pose, time=time)


def test_uneven_times_are_brought_to_their_mean_rate(written: Callable[[MetricPose], Written]) -> None:
    time = np.arange(60) / 30 + np.where(np.arange(60) % 2, 0.008, 0.0)
    found = written(at(moving(60, left_knee_flexion=40 + 20 * np.sin(3 * time)), time))
    even = time[0] + np.arange(len(found.channels["LeftLeg.Xrotation"])) * found.step

    assert found.step == pytest.approx(1 / 30, abs=2e-4)
    assert found.channels["LeftLeg.Xrotation"] == pytest.approx(40 + 20 * np.sin(3 * even), abs=0.1)
    assert found.account["resampled"] is True


def test_times_in_whole_milliseconds_count_as_even(written: Callable[[MetricPose], Written]) -> None:
    found = written(at(moving(60), np.round(np.arange(60) / 30, 3)))

    assert found.step == pytest.approx(1 / 30, abs=1e-5)
    assert found.account["resampled"] is False


def test_over_frames_that_the_clip_skips_rotations_are_interpolated_and_say_so(
    written: Callable[[MetricPose], Written],
) -> None:
    time = np.delete(np.arange(40) / 30, slice(20, 25))
    found = written(at(moving(35, left_knee_flexion=30 + 30 * time), time))

    assert found.channels["LeftLeg.Xrotation"] == pytest.approx(30 + np.arange(40), abs=0.1)
    assert found.account["joints"]["LeftLeg"]["rotation"]["interpolated"] == [[20, 24]]


def test_a_single_frame_is_written(written: Callable[[MetricPose], Written]) -> None:
    assert len(written(moving(1)).channels["Hips.Xposition"]) == 1


# which joints


def test_our_own_names_of_the_twelve_joints_are_read_off_the_file(trial: Trial, tmp_path: Path) -> None:
    write_bvh(posed(trial, still()), tmp_path / "a.bvh")
    (motion,) = read_motions(tmp_path / "a.bvh", ReadOptions()).values()

    assert motion.skeleton.has(
        *(f"{side}_{name}" for side in SIDES for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"))
    )


def test_a_skeleton_without_feet_and_hands_ends_at_ankles_and_wrists(written: Callable[[MetricPose], Written]) -> None:
    found = written(moving(3, 50.0, COCO_17))

    assert "LeftToeBase" not in found.places
    assert (
        found.account["joints"]["LeftFoot"]["rotation"]
        == found.account["joints"]["LeftHand"]["rotation"]
        == {"fixed": [[0, 2]]}
    )


def test_a_skeleton_with_one_point_for_the_head_has_a_neck_that_leads_there(
    written: Callable[[MetricPose], Written],
) -> None:
    own = figure({})
    middles = {"pelvis": "hip", "thorax": "shoulder", "head": "ear"}
    xyz = np.stack(
        [
            own[BLAZEPOSE_33.indices(*(f"{side}_{middles.get(point, 'shoulder')}" for side in SIDES))].mean(axis=0)
            if not point.startswith(SIDES)
            else own[BLAZEPOSE_33.index(point)]
            for point in H36M_17.points
        ]
    )
    found = written(pose_of(np.stack([xyz] * 3), H36M_17))

    assert found.places["Head"][0] == pytest.approx([0, 1.75, 0], abs=1e-4)
    assert found.account["joints"]["Head"]["rotation"] == {"fixed": [[0, 2]]}


def test_a_limb_that_is_never_seen_is_not_in_the_file(written: Callable[[MetricPose], Written]) -> None:
    found = written(missing(still(), slice(None), "left_elbow"))

    assert "LeftArm" in found.places
    assert not {"LeftForeArm", "LeftHand"} & set(found.places)
