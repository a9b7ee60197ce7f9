"""The format of MMPose's --save-predictions, read as its readers do, from trials whose numbers are known."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends import made_by
from changing import without
from posedetector.calibration import CAMERA_TO_LAB
from posedetector.estimators import ESTIMATORS
from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
from posedetector.pipeline import analyze
from posedetector.pose import MetricPose, PersonPose, Source
from posedetector.readers.json import read_json
from posedetector.readers.recording import ReadOptions
from posedetector.settings import Settings
from posedetector.skeletons import BLAZEPOSE_33, COCO_17, COCO_WHOLEBODY_133, H36M_17, SKELETONS, Skeleton
from posedetector.subject import Subject
from posedetector.tracking import Track
from posedetector.trial import Trial
from posedetector.writers.predictions import meta_info, write_predictions

LEGS = Skeleton("legs", ("left_hip", "right_hip", "left_knee"), (-1, -1, 0))
KNEE = [0.1, 0.2, 0.3]  # of the trial's left knee from the middle of the hips, in the laboratory
IN_MMPOSES_AXES = [0.3, -0.1, 0.2]  # Z to the picture's left, X towards the camera, Y up


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Trial], dict[str, Any]]:
    def written(trial: Trial) -> dict[str, Any]:
        write_predictions(trial, tmp_path / "predictions.json")

        def refuse(name: str) -> None:
            raise AssertionError(f"{name} is not JSON")

        return json.loads((tmp_path / "predictions.json").read_text(encoding="utf-8"), parse_constant=refuse)

    return written


@pytest.fixture
def crowd(trial: Trial) -> Trial:
    """The two knees are person 2's; person 1 is seen in frames 1 and 2, with depth, hips and left knee.

    His hips are at x = ±0.1 about (0.5, 0, 0), his knee is 0.4 below them and 0.2 farther away.
    """
    xyz = np.array([[0.6, 0.0, 0.0], [0.4, 0.0, 0.0], [0.5, 0.4, 0.2]])
    xy = np.array([[110.0, 50.0], [90.0, 50.0], [100.0, 90.0]])
    passer = PersonPose(np.array([80.0, 40.0, 120.0, 100.0]), xy, np.array([0.9, 0.8, 0.4]), xyz)
    own = [
        PersonPose(pose.bbox, np.full((3, 2), 1.0), np.full(3, 0.5), np.zeros((3, 3)))
        for pose in trial.tracks.tracks[0].poses
    ]
    tracks = replace(trial.tracks, skeleton=LEGS, tracks=[Track([1, 2], [passer] * 2), Track([0, 2], own)])
    return replace(trial, tracks=tracks, provenance=trial.provenance.model_copy(update={"person": 2}))


def people(data: dict[str, Any], frame: int) -> list[dict[str, Any]]:
    return data["instance_info"][frame]["instances"]


# --- as MMPose writes it ----------------------------------------------------------------------------------------------


def test_frames_are_counted_from_one(read: Callable, trial: Trial) -> None:
    data = read(trial)

    assert list(data) == ["meta_info", "instance_info"]
    assert [list(frame) for frame in data["instance_info"]] == [["frame_id", "instances"]] * 3
    assert [frame["frame_id"] for frame in data["instance_info"]] == [1, 2, 3]


def test_a_person_has_mmposes_fields_first(read: Callable, trial: Trial) -> None:
    one = people(read(trial), 0)[0]

    assert list(one)[:4] == ["keypoints", "keypoint_scores", "bbox", "bbox_score"]
    assert np.shape(one["keypoints"]) == (2, 3)
    assert one["keypoint_scores"] == [0.9, 0.45]


def test_a_box_is_one_in_a_list(read: Callable, trial: Trial) -> None:
    assert people(read(trial), 0)[0]["bbox"] == [[5.0, 10.0, 15.0, 30.0]]


def test_a_single_picture_is_the_list_of_its_people(read: Callable, trial: Trial) -> None:
    def first(noun: Any) -> Any:
        names = [name for name in ("time", "xyz", "xy", "score", "source", "root") if hasattr(noun, name)]
        return replace(noun, **{name: getattr(noun, name)[:1] for name in names if getattr(noun, name) is not None})

    track = Track([0], trial.tracks.tracks[0].poses[:1])
    tracks = replace(trial.tracks, time=trial.tracks.time[:1], tracks=[track])
    data = read(replace(trial, pose=first(trial.pose), keypoints=first(trial.keypoints), tracks=tracks))

    assert [one["track_id"] for one in data["instance_info"]] == [1]


def test_the_points_are_named_both_ways() -> None:
    meta = meta_info(H36M_17)

    assert meta["num_keypoints"] == 17
    assert meta["keypoint_id2name"]["2"] == "right_knee"
    assert meta["keypoint_name2id"]["right_knee"] == 2


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS.keys())
def test_every_table_of_the_points_has_a_row_for_each(skeleton: Skeleton) -> None:
    meta = meta_info(skeleton)
    tables = ("keypoint_id2name", "keypoint_name2id", "flip_indices", "keypoint_colors", "sigmas")

    assert {len(meta[name]) for name in tables} == {len(skeleton)}
    assert sorted(meta["upper_body_ids"] + meta["lower_body_ids"]) == list(range(len(skeleton)))
    assert len(meta["skeleton_links"]) == len(meta["skeleton_link_colors"]) == meta["num_skeleton_links"]


@pytest.mark.parametrize("skeleton", [BLAZEPOSE_33, COCO_17, H36M_17], ids=lambda skeleton: skeleton.name)
def test_the_links_hold_trunk_and_limbs_together(skeleton: Skeleton) -> None:
    meta, reached = meta_info(skeleton), {skeleton.index("left_ankle")}
    for _ in range(len(skeleton)):
        reached |= {end for link in meta["skeleton_links"] if reached & set(link) for end in link}

    assert set(skeleton.indices("right_wrist", "left_wrist", "right_ankle")) <= reached


def test_left_and_right_are_each_others_flip() -> None:
    meta = meta_info(H36M_17)

    assert [meta["flip_indices"][row] for row in (0, 1, 4)] == [0, 4, 1]
    assert [4, 1] in meta["flip_pairs"]


def test_the_sigmas_are_cocos() -> None:
    # https://cocodataset.org/#keypoints-eval
    body = [26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]

    assert meta_info(COCO_17)["sigmas"] == pytest.approx([sigma / 1000 for sigma in body])
    assert meta_info(COCO_WHOLEBODY_133)["sigmas"][:17] == meta_info(COCO_17)["sigmas"]


def test_legs_are_the_lower_body() -> None:
    lower = [COCO_WHOLEBODY_133.points[row] for row in meta_info(COCO_WHOLEBODY_133)["lower_body_ids"]]

    assert lower == [
        *(f"{side}_{joint}" for joint in ("hip", "knee", "ankle") for side in ("left", "right")),
        *(f"{side}_{part}" for side in ("left", "right") for part in ("big_toe", "small_toe", "heel")),
    ]


# --- where the points are ---------------------------------------------------------------------------------------------


def test_the_subjects_points_are_the_final_pose_in_the_axes_of_mmposes_demo(read: Callable, trial: Trial) -> None:
    one = people(read(trial), 0)[0]

    assert trial.pose.xyz[0, 0] == pytest.approx(KNEE)
    assert one["keypoints"][0] == pytest.approx(IN_MMPOSES_AXES)
    assert one["keypoints_from"] == "analysis"


def test_the_axes_are_those_of_mmposes_demo() -> None:
    # demo/body3d_pose_lifter_demo.py: keypoints[..., [0, 2, 1]], then the first and the last negated
    camera = np.array([0.1, 0.2, 0.3])
    demo = camera[[0, 2, 1]] * [-1, 1, -1]
    x, y, z = CAMERA_TO_LAB @ camera

    assert demo == pytest.approx([z, -x, y])


def test_the_subjects_place_in_the_room_stands_beside_his_points(read: Callable, trial: Trial) -> None:
    # (1, 2, 3) in the laboratory
    assert people(read(trial), 0)[0]["root"] == pytest.approx([3.0, -1.0, 2.0])


def test_a_point_that_was_not_seen_is_null_with_score_0(read: Callable, trial: Trial) -> None:
    one = people(read(trial), 2)[0]

    assert one["keypoints"][1] == [None, None, None]
    assert one["keypoint_scores"][1] == 0
    assert one["transformed_keypoints"][1] == [None, None]


def test_made_up_values_say_so(read: Callable, trial: Trial) -> None:
    data = read(trial)

    assert [people(data, frame)[0]["keypoint_sources"] for frame in range(3)] == [
        ["measured", "mirrored"],
        ["interpolated", ""],
        ["measured", ""],
    ]


def test_a_frame_in_which_the_subject_was_interpolated_has_the_box_of_his_points(read: Callable, trial: Trial) -> None:
    one = people(read(trial), 1)[0]

    assert one["bbox"] == [[11.0, 21.5, 11.0, 21.5]]
    assert one["transformed_keypoints"][0] == [11.0, 21.5]


def test_a_frame_without_anybody_has_no_instances(read: Callable, trial: Trial) -> None:
    assert people(read(replace(trial, pose=without(trial.pose, 1))), 1) == []


# --- the others -------------------------------------------------------------------------------------------------------


@pytest.fixture
def posed(crowd: Trial) -> Trial:
    """The crowd, with the subject's pose in the skeleton of legs."""
    source = np.full((3, 3), Source.MEASURED, np.uint8)
    pose = MetricPose(LEGS, crowd.pose.time, np.zeros((3, 3, 3)), np.ones((3, 3)), source, crowd.pose.root)
    return replace(crowd, pose=pose)


def test_everybody_is_there_the_subject_first(read: Callable, posed: Trial) -> None:
    data = read(posed)

    assert [[one["track_id"] for one in people(data, frame)] for frame in range(3)] == [[2], [2, 1], [2, 1]]


def test_others_points_are_the_estimators_from_their_own_hips_in_the_same_axes(read: Callable, posed: Trial) -> None:
    other = people(read(posed), 1)[1]

    # hips 0.1 to the picture's right and left; the knee 0.2 farther away and 0.4 lower
    assert np.array(other["keypoints"]) == pytest.approx(np.array([[-0.1, 0, 0], [0.1, 0, 0], [0, 0.2, -0.4]]))
    assert (other["keypoints_from"], other["root"]) == ("estimator", None)
    assert other["keypoint_scores"] == [0.9, 0.8, 0.4]
    assert other["transformed_keypoints"][2] == [100.0, 90.0]


def test_others_are_levelled_as_the_subject_is(read: Callable, posed: Trial) -> None:
    tilted = CAMERA_TO_LAB @ np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # lying on its side
    calibration = posed.provenance.calibration.model_copy(update={"camera_to_laboratory": tuple(map(tuple, tilted))})
    account = posed.provenance.model_copy(update={"calibration": calibration})
    other = people(read(replace(posed, provenance=account)), 1)[1]

    # what is below for the camera is to the picture's right of who stands upright
    assert other["keypoints"][2] == pytest.approx([0.4, 0.2, 0.0])


def test_the_score_of_a_box_is_the_mean_of_its_points(read: Callable, posed: Trial) -> None:
    assert people(read(posed), 1)[1]["bbox_score"] == pytest.approx(0.7)


def test_others_are_given_in_the_subjects_points(read: Callable, crowd: Trial) -> None:
    # the subject's pose has two knees, the estimator's skeleton one
    other = people(read(crowd), 1)[1]

    assert other["keypoints"] == [pytest.approx([0, 0.2, -0.4]), [None] * 3]
    assert other["keypoint_scores"] == [0.4, 0.0]


def test_a_pelvis_is_the_middle_of_the_estimators_hips(read: Callable, posed: Trial) -> None:
    points = (*LEGS.points, "pelvis")
    skeleton = Skeleton("with pelvis", points, (-1, -1, 0, -1))
    pose = posed.pose
    wider = replace(
        pose,
        skeleton=skeleton,
        xyz=np.zeros((3, 4, 3)),
        score=np.ones((3, 4)),
        source=np.full((3, 4), Source.LIFTED, np.uint8),
    )
    other = people(read(replace(posed, pose=wider)), 1)[1]

    assert other["keypoints"][3] == pytest.approx([0, 0, 0])
    assert other["transformed_keypoints"][3] == pytest.approx([100.0, 50.0])


def test_without_depth_others_have_points_in_2d_alone(read: Callable, posed: Trial) -> None:
    (passer, *_), tracks = posed.tracks.tracks[0].poses, posed.tracks
    flat = [Track([1, 2], [replace(passer, xyz=None)] * 2), *tracks.tracks[1:]]
    other = people(read(replace(posed, tracks=replace(tracks, tracks=flat))), 1)[1]

    assert other["keypoints"] == [[None] * 3] * 3
    assert (other["keypoints_from"], other["keypoint_scores"]) == ("none", [0.9, 0.8, 0.4])


# --- from the road ----------------------------------------------------------------------------------------------------


@pytest.fixture
def two(blank_clip: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    behind = Walker(stature=1.6, speed=0.8, start=(1.0, -0.7), heading=np.pi)
    camera = PinholeCamera()
    monkeypatch.setitem(ESTIMATORS, "two", made_by(lambda _: Synthetic((Walker(), behind), camera, model_scale=1.0)))
    return analyze(
        Settings(
            video=str(blank_clip),
            subject=Subject(height=1.75),
            estimator="two",
            focal_length=550.0,
            cutoff=None,
            refine=False,
        )
    )


def test_of_two_walkers_both_are_where_they_are(read: Callable, two: Trial) -> None:
    data, behind = read(two), Walker(stature=1.6, speed=0.8, start=(1.0, -0.7), heading=np.pi)
    for place, walker in enumerate((Walker(), behind)):
        written = np.array([people(data, frame)[place]["keypoints"] for frame in range(45)])
        x, y, z = np.moveaxis(walker.positions(two.pose.time), -1, 0)  # right, up, towards the viewer
        truth = np.stack([-x, -z, y], axis=-1)

        assert written == pytest.approx(truth - truth[:, 23:25].mean(axis=1, keepdims=True), abs=0.002)


def test_our_own_reader_finds_the_same_pose(two: Trial, tmp_path: Path) -> None:
    path = tmp_path / "predictions.json"
    write_predictions(two, path)
    recording = read_json(path, ReadOptions())[""]

    assert list(recording.names) == list(BLAZEPOSE_33.points)
    # right-handed again, as a rotation brings it to the laboratory's frame
    assert recording.xyz == pytest.approx(two.pose.xyz[..., [2, 0, 1]] * [-1, -1, 1], abs=1e-6)


def test_our_own_reader_takes_nobody_else_where_the_subject_is_away(two: Trial, tmp_path: Path) -> None:
    path = tmp_path / "predictions.json"
    write_predictions(two, path)
    data = json.loads(path.read_text(encoding="utf-8"))
    data["instance_info"][3]["instances"].pop(0)
    path.write_text(json.dumps(data), encoding="utf-8")

    recording = read_json(path, ReadOptions())[""]

    assert np.isnan(recording.xyz[3]).all()
    assert np.isfinite(recording.xyz[4]).all()
