"""Lifters on datasets, from small files in the published layouts: people and cameras in them are made up.

The lifters know the truth: what one of them gives is what was in front of the camera, as worked out here, plus known errors.
"""

import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from checkpoints import random_network, save
from posedetector.errors import InputError
from posedetector.evaluation.cameras import read_cameras
from posedetector.evaluation.comparison import Evaluation
from posedetector.evaluation.datasets import Sequence, evaluate_lifters, sequences
from posedetector.evaluation.protocols import PROTOCOLS, Protocol, choose
from posedetector.evaluation.scores import totals
from posedetector.lifters import VideoPose3DSettings
from posedetector.lifters.videopose3d import VideoPose3D
from posedetector.pose import Array, Keypoints, RelativePose, Source
from posedetector.skeletons import COCO_17, H36M_17, HUMANEVA_15, MPI_INF_3DHP_17, Skeleton

H36M1 = PROTOCOLS["h36m1"]
# which of the 32 recorded points are the 17, in the order in which VideoPose3D keeps them
KEPT = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]
FOCAL = 1000.0  # pixels
HALF = 0.5**0.5
# Both are level, Z up: one looks along the room's Y, one along its −X. Quaternions w, x, y, z; millimetres.
AHEAD = {"orientation": [HALF, -HALF, 0, 0], "translation": [0.0, -5000.0, 1000.0]}
ASIDE = {"orientation": [0.5, -0.5, -0.5, 0.5], "translation": [6000.0, 200.0, 1500.0]}
SIZES = ((1200, 900), (800, 1000))


def seen_ahead(world: Array) -> Array:
    """Right is X, down is −Z, away is Y; from (0, −5, 1)."""
    x, y, z = np.moveaxis(world, -1, 0)
    return np.stack([x, 1 - z, y + 5], axis=-1)


def seen_aside(world: Array) -> Array:
    """Right is Y, down is −Z, away is −X; from (6, 0.2, 1.5)."""
    x, y, z = np.moveaxis(world, -1, 0)
    return np.stack([y - 0.2, 1.5 - z, 6 - x], axis=-1)


VIEWS = (seen_ahead, seen_aside)


def pixels(seen: Array, size: tuple[int, int]) -> Array:
    return FOCAL * seen[..., :2] / seen[..., 2:] + np.array(size) / 2


def person(frames: int, skeleton: Skeleton = H36M_17, seed: int = 0) -> Array:
    """(T, J, 3) metres in the room: points about (0, 0, 1) that wander."""
    random = np.random.default_rng(seed)
    places = random.uniform(-0.8, 0.8, (1, len(skeleton), 3))
    path = np.cumsum(random.normal(0, 0.01, (frames, 1, 3)), axis=0)
    return places + path + [0, 0, 1]


def as_32(world: Array) -> Array:
    whole = np.full((len(world), 32, 3), 99.0)
    whole[:, KEPT] = world
    return whole


H36M = {
    "S9": {"Walking 1": person(8, seed=1), "Sitting": person(24, seed=2)},
    "S11": {"Walking": person(12, seed=3)},
    "S1": {"Walking": person(5, seed=4)},
}
Clips = dict[str, dict[str, Array]]


def flat(clips: Clips, *, cameras: int = 2, extra: int = 0) -> dict[str, dict[str, list[Array]]]:
    """What the cameras saw; the videos go on for some frames after the last 3D."""
    return {
        subject: {
            action: [
                np.concatenate([pixels(view(world), size), np.full((extra, *world.shape[1:2], 2), 7.0)])
                for view, size in list(zip(VIEWS, SIZES, strict=True))[:cameras]
            ]
            for action, world in actions.items()
        }
        for subject, actions in clips.items()
    }


def metadata(layout: str = "h36m", joints: int = 17) -> dict[str, Any]:
    return {"layout_name": layout, "num_joints": joints, "keypoints_symmetry": [[4, 5], [1, 2]]}


INTRINSIC = [{"id": str(number), "res_w": width, "res_h": height} for number, (width, height) in enumerate(SIZES)]


def cameras_py(path: Path, extrinsic: Mapping[str, Any] | None = None, intrinsic: list[Any] | None = None) -> Path:
    """A file like VideoPose3D's; whoever runs it leaves a trace."""
    extrinsic = extrinsic or {subject: [AHEAD, ASIDE] for subject in H36M} | {"S2": [{}, {}]}
    path.write_text(
        f"""import no_such_package
from common.mocap_dataset import MocapDataset

pytestmark = pytest.mark.usefixtures("one_thread")

open({str(path.with_name("trace"))!r}, "w").close()
h36m_cameras_intrinsic_params = {intrinsic or INTRINSIC!r}

h36m_cameras_extrinsic_params = {extrinsic!r}


class Human36mDataset(MocapDataset):
    pass
""",
        encoding="utf-8",
    )
    return path


class Files:
    """Human3.6M's files, which a test may change before it asks for the sequences."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.solid: dict[str, Any] = {s: {a: as_32(w) for a, w in actions.items()} for s, actions in H36M.items()}
        self.flat: dict[str, Any] = flat(H36M, extra=3)
        self.metadata = metadata()
        self.cameras = cameras_py(folder / "h36m_dataset.py")

    def write(self) -> tuple[Path, Path]:
        np.savez(self.folder / "data_2d_h36m_gt.npz", positions_2d=self.flat, metadata=self.metadata)
        np.savez_compressed(self.folder / "data_3d_h36m.npz", positions_3d=self.solid)
        return self.folder / "data_2d_h36m_gt.npz", self.folder / "data_3d_h36m.npz"

    def sequences(self, **how: Any) -> list[Sequence]:
        return sequences(*self.write(), cameras=self.cameras, **how)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> list[Sequence]:
    return Files(tmp_path_factory.mktemp("h36m")).sequences()


class Knowing:
    """A lifter that recognises the 2D, and gives the truth plus an error that depends on the clip."""

    weights = ()
    method = "looks it up"

    def __init__(self, truths: list[tuple[Array, Array]], error: Callable[[Array], Array] | None = None) -> None:
        self.truths = truths  # pixels and what is in front of the camera
        self.error = error or np.zeros_like
        self.given: list[Keypoints] = []

    def lift(self, keypoints: Keypoints) -> RelativePose:
        self.given.append(keypoints)
        (seen,) = (seen for xy, seen in self.truths if xy.shape == keypoints.xy.shape and np.allclose(xy, keypoints.xy))
        xyz = seen - seen[:, :1] + self.error(seen)
        there = np.isfinite(xyz).all(axis=-1)
        return RelativePose(
            skeleton={17: H36M_17, 15: HUMANEVA_15}[xyz.shape[1]],
            time=keypoints.time,
            xyz=xyz,
            score=there.astype(float),
            source=np.where(there, Source.LIFTED, Source.NONE),
        )


def knowing(error: Callable[[Array], Array] | None = None, clips: Clips | None = None) -> Knowing:
    truths = [
        (pixels(view(world), size), view(world))
        for actions in (clips or H36M).values()
        for world in actions.values()
        for view, size in zip(VIEWS, SIZES, strict=True)
    ]
    return Knowing(truths, error)


def off(**metres: float) -> Callable[[Array], Array]:
    """Move these joints so far along the camera's axis."""

    def error(seen: Array) -> Array:
        moved = np.zeros_like(seen)
        for joint, distance in metres.items():
            moved[:, H36M_17.index(joint), 2] = distance
        return moved

    return error


def mpjpe(evaluation: Evaluation) -> float:
    return totals(evaluation.scores)["mpjpe"].value


# --- Human3.6M --------------------------------------------------------------------------------------------------------


def test_the_3d_is_what_the_camera_had_in_front_of_it(read: list[Sequence]) -> None:
    (one,) = (one for one in read if one.parts[0][0] == "S9/Sitting/camera 1")

    assert one.reference.xyz == pytest.approx(seen_aside(H36M["S9"]["Sitting"]))


def test_a_point_of_the_room_is_brought_before_the_camera_by_hand(files: Files) -> None:
    world = np.zeros((1, 17, 3))
    world[0, 0] = [0.5, 0.0, 1.5]
    files.solid["S9"]["Walking 1"] = as_32(world)

    found = files.sequences(subjects=["S9"])[0].reference.xyz

    assert found[0, 0] == pytest.approx([0.5, -0.5, 5.0])


def test_the_17_of_32_points_are_kept(read: list[Sequence]) -> None:
    assert {one.reference.skeleton for one in read} == {H36M_17}
    assert all(np.abs(one.reference.xyz).max() < 20 for one in read)


def test_files_of_the_17_points_are_read_too(files: Files) -> None:
    files.solid = H36M

    assert files.sequences()[0].reference.xyz == pytest.approx(seen_ahead(H36M["S9"]["Walking 1"]))


def test_the_test_set_is_subjects_9_and_11_from_every_camera(read: list[Sequence]) -> None:
    assert [one.parts[0][0] for one in read] == [
        "S9/Walking 1/camera 0",
        "S9/Walking 1/camera 1",
        "S9/Sitting/camera 0",
        "S9/Sitting/camera 1",
        "S11/Walking/camera 0",
        "S11/Walking/camera 1",
    ]


def test_the_action_is_its_name_without_the_number(read: list[Sequence]) -> None:
    assert [one.parts[0][1] for one in read] == ["Walking"] * 2 + ["Sitting"] * 2 + ["Walking"] * 2


def test_other_subjects_may_be_named(files: Files) -> None:
    assert [one.parts[0][0] for one in files.sequences(subjects=["S1"])] == [
        "S1/Walking/camera 0",
        "S1/Walking/camera 1",
    ]


def test_the_rate_is_50_hz(read: list[Sequence]) -> None:
    assert read[0].keypoints.time == pytest.approx(np.arange(8) / 50)


def test_another_rate_may_be_named(files: Files) -> None:
    assert files.sequences(rate=25.0)[0].keypoints.time == pytest.approx(np.arange(8) / 25)


def test_the_cameras_picture_has_its_own_size(read: list[Sequence]) -> None:
    assert [one.keypoints.image_size for one in read[:2]] == [(1200, 900), (800, 1000)]


def test_2d_after_the_last_3d_is_cut(read: list[Sequence]) -> None:
    assert read[0].keypoints.xy == pytest.approx(pixels(seen_ahead(H36M["S9"]["Walking 1"]), SIZES[0]))


def test_a_third_column_of_the_2d_is_not_a_coordinate(files: Files) -> None:
    files.flat["S9"]["Sitting"] = [np.pad(xy, ((0, 0), (0, 0), (0, 1))) for xy in files.flat["S9"]["Sitting"]]

    assert files.sequences()[2].keypoints.xy.shape == (24, 17, 2)


def test_too_little_2d_is_an_error_that_says_where(files: Files) -> None:
    files.flat["S9"]["Sitting"][1] = files.flat["S9"]["Sitting"][1][:20]

    with pytest.raises(InputError, match=r"S9/Sitting, camera 1: .* 3D has 24 frames; got \(20, 17, 2\)"):
        files.sequences()


def test_coco_keypoints_are_called_by_their_own_names(files: Files) -> None:
    files.metadata = metadata("coco")

    assert {one.keypoints.skeleton for one in files.sequences()} == {COCO_17}


def test_missing_2d_is_no_measurement(files: Files) -> None:
    files.flat["S9"]["Walking 1"][0][3, 5] = np.nan

    keypoints = files.sequences()[0].keypoints

    assert np.argwhere(keypoints.source != Source.MEASURED).tolist() == [[3, 5]]
    assert keypoints.score[3, 5] == 0


def test_an_unknown_layout_of_2d_is_an_error_that_lists_the_known(files: Files) -> None:
    files.metadata = metadata("openpose", 25)

    with pytest.raises(InputError, match="'openpose'; known are coco, h36m, humaneva15"):
        files.sequences()


def test_2d_of_another_number_of_points_than_its_layout_is_an_error(files: Files) -> None:
    files.flat["S9"]["Sitting"] = [xy[:, :15] for xy in files.flat["S9"]["Sitting"]]

    with pytest.raises(InputError, match=r"2D must be \(24, 17, 2\).*got \(24, 15, 2\)"):
        files.sequences()


@pytest.mark.parametrize("which", ["solid", "flat"])
def test_a_subject_that_one_file_lacks_is_an_error(files: Files, which: str) -> None:
    del getattr(files, which)["S11"]

    with pytest.raises(InputError, match="S11 is not in both files"):
        files.sequences()


def test_a_subject_that_there_is_not_is_an_error_that_lists_who_there_is(files: Files) -> None:
    with pytest.raises(InputError, match="S8 is not in both files; the 3D one has S9, S11, S1"):
        files.sequences(subjects=["S8"])


def test_an_action_without_3d_is_an_error_that_names_it(files: Files) -> None:
    del files.solid["S9"]["Sitting"]

    with pytest.raises(InputError, match=r"data_3d_h36m\.npz has no S9/Sitting"):
        files.sequences()


def test_3d_of_a_strange_shape_is_an_error_that_gives_it(files: Files) -> None:
    files.solid["S9"]["Sitting"] = np.zeros((24, 20, 3))

    with pytest.raises(InputError, match=r"S9/Sitting: 3D must be .*got \(24, 20, 3\)"):
        files.sequences()


def test_3d_without_positions_is_an_error_that_lists_what_there_is(files: Files) -> None:
    path_2d, path_3d = files.write()

    with pytest.raises(InputError, match=r"has no positions_3d, .*; it has positions_2d, metadata"):
        sequences(path_2d, path_2d, cameras=files.cameras)
    with pytest.raises(InputError, match=r"has no positions_2d, .*; it has positions_3d"):
        sequences(path_3d, path_3d, cameras=files.cameras)


def test_a_missing_file_is_an_error_that_names_it(files: Files) -> None:
    path_2d, _ = files.write()

    with pytest.raises(InputError, match=r"no file or folder .*nowhere\.npz"):
        sequences(path_2d, files.folder / "nowhere.npz", cameras=files.cameras)


def test_3d_without_subjects_is_an_error(files: Files) -> None:
    files.solid = person(8)

    with pytest.raises(InputError):
        files.sequences()


def test_a_folder_in_place_of_the_2d_is_an_error(files: Files) -> None:
    _, path_3d = files.write()

    with pytest.raises(InputError):
        sequences(files.folder, path_3d, cameras=files.cameras)


def test_a_damaged_compressed_file_is_an_error_that_names_it(files: Files) -> None:
    path_2d, path_3d = files.write()
    content = path_3d.read_bytes()
    path_3d.write_bytes(content[:200] + b"\xff" * 60 + content[260:])

    with pytest.raises(InputError, match=r"data_3d_h36m\.npz cannot be read"):
        sequences(path_2d, path_3d, cameras=files.cameras)


def test_a_file_that_is_not_used_is_not_ignored(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", data={"TS1": clip_of("TS1")})
    (tmp_path / "other.npz").write_text("?")

    with pytest.raises(InputError):
        sequences(tmp_path / "other.npz", tmp_path / "data.npz", rate=50.0)


# --- the cameras ------------------------------------------------------------------------------------------------------


def test_3d_of_the_room_needs_the_cameras(files: Files) -> None:
    with pytest.raises(InputError, match=r"`cameras` .*common/h36m_dataset\.py"):
        sequences(*files.write())


def test_the_cameras_file_is_read_and_not_run(files: Files) -> None:
    files.sequences()

    assert not (files.folder / "trace").exists()


def test_cameras_in_json_are_those_in_python(files: Files) -> None:
    whole = {subject: [AHEAD | INTRINSIC[0], ASIDE | INTRINSIC[1]] for subject in H36M}
    path = files.folder / "cameras.json"
    path.write_text(json.dumps(whole), encoding="utf-8")

    for one, other in zip(read_cameras(path)["S9"], read_cameras(files.cameras)["S9"], strict=True):
        assert one is not None
        assert other is not None
        assert one.rotation == pytest.approx(other.rotation)
        assert one.position == pytest.approx(other.position)
        assert one.size == other.size


def test_a_camera_stands_where_its_millimetres_say(files: Files) -> None:
    view = read_cameras(files.cameras)["S9"][1]

    assert view is not None
    assert view.position == pytest.approx([6.0, 0.2, 1.5])


def test_a_camera_without_a_pose_is_not_known(files: Files) -> None:
    assert read_cameras(files.cameras)["S2"] == [None, None]


@pytest.mark.parametrize("views", [[AHEAD], [AHEAD, {}], []], ids=["too few", "one unknown", "none"])
def test_a_camera_that_saw_somebody_from_nowhere_is_an_error(files: Files, views: list[Any]) -> None:
    files.cameras = cameras_py(files.folder / "h36m_dataset.py", {"S9": [AHEAD, ASIDE], "S11": views})

    with pytest.raises(InputError, match=r"S11/Walking: where camera . stands is not in"):
        files.sequences()


def test_a_subject_whose_cameras_are_not_in_the_file_is_an_error(files: Files) -> None:
    files.cameras = cameras_py(files.folder / "h36m_dataset.py", {"S9": [AHEAD, ASIDE]})

    with pytest.raises(InputError, match=r"S11/Walking: where camera . stands is not in"):
        files.sequences()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cameras.py", "x ="),
        ("cameras.py", "nothing = 1\n"),
        ("cameras.py", "h36m_cameras_extrinsic_params = open('x')\n"),
        ("cameras.py", f"h36m_cameras_extrinsic_params = {{'S9': [{AHEAD}]}}\n"),
        ("cameras.json", "{"),
        ("cameras.json", "[]"),
        ("cameras.json", '{"S9": [{"orientation": [1, 0, 0, 0]}]}'),
        ("cameras.json", '{"S9": [{"orientation": [1, 0, 0], "translation": [0, 0, 0], "res_w": 1, "res_h": 1}]}'),
        ("cameras.json", '{"S9": [{"orientation": [0, 0, 0, 0], "translation": [0, 0, 0], "res_w": 1, "res_h": 1}]}'),
    ],
)
def test_a_damaged_cameras_file_is_an_error_that_names_it(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=rf"{name} cannot be read as poses of cameras"):
        read_cameras(tmp_path / name)


def test_a_place_of_two_numbers_is_an_error(files: Files) -> None:
    files.cameras = cameras_py(files.folder / "h36m_dataset.py", {"S9": [{**AHEAD, "translation": [0, 0]}] * 2})

    with pytest.raises(InputError):
        files.sequences(subjects=["S9"])


def test_more_poses_than_cameras_are_an_error(files: Files) -> None:
    files.cameras = cameras_py(files.folder / "h36m_dataset.py", intrinsic=INTRINSIC[:1])

    with pytest.raises(InputError):
        files.sequences()


# --- lifters' scores --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["h36m1", "h36m2", "clip"])
def test_a_lifter_that_knows_the_truth_is_never_off(read: list[Sequence], name: str) -> None:
    found = evaluate_lifters({"knowing": knowing()}, read, PROTOCOLS[name])

    assert mpjpe(found) == pytest.approx(0, abs=1e-9)


def test_a_joint_that_is_off_is_off_by_just_that(read: list[Sequence]) -> None:
    found = evaluate_lifters({"knowing": knowing(off(left_wrist=0.034, head=0.017))}, read, H36M1)

    assert mpjpe(found) == pytest.approx((34 + 17) / 17)
    for one in found.scores:
        assert one.joint_errors[H36M_17.index("left_wrist")] == pytest.approx(0.034)


def test_the_error_along_the_camera_is_the_depths(read: list[Sequence]) -> None:
    found = evaluate_lifters({"knowing": knowing(off(left_wrist=0.034))}, read, H36M1)

    assert totals(found.scores)["z_rmse"].value == pytest.approx(34 / np.sqrt(17))


def in_sitting(sitting: float, walking: float) -> Callable[[Array], Array]:
    """Move every joint but the pelvis, in Sitting (24 frames) and in Walking (8 and 12 frames)."""

    def error(seen: Array) -> Array:
        moved = np.zeros_like(seen)
        moved[:, 1:, 0] = sitting if len(seen) == 24 else walking
        return moved

    return error


def test_actions_count_once_however_long_they_are(read: list[Sequence]) -> None:
    found = evaluate_lifters({"knowing": knowing(in_sitting(0.017, 0.051))}, read, H36M1)

    assert mpjpe(found) == pytest.approx((16 + 48) / 2)


def test_the_frames_of_an_action_count_alike_whoever_it_was(read: list[Sequence]) -> None:
    def error(seen: Array) -> Array:
        return in_sitting(0.0, 0.017 if len(seen) == 8 else 0.034)(seen)

    walking = [one for one in read if one.parts[0][1] == "Walking"]
    found = evaluate_lifters({"knowing": knowing(error)}, walking, H36M1)

    assert mpjpe(found) == pytest.approx((8 * 16 + 12 * 32) / 20)


def test_every_lifter_lifts_every_sequence(read: list[Sequence]) -> None:
    found = evaluate_lifters({"good": knowing(), "bad": knowing(off(head=0.1))}, read, H36M1)

    assert found.systems == ("good", "bad")
    assert [one.trial for one in found.of("bad")] == [one.parts[0][0] for one in read]


def test_a_lifter_is_given_the_2d_and_nothing_else(read: list[Sequence]) -> None:
    lifter = knowing()

    evaluate_lifters({"knowing": lifter}, read, H36M1)

    assert {(one.skeleton, one.xyz is None) for one in lifter.given} == {(H36M_17, True)}


def test_the_notes_say_what_each_lifter_does(read: list[Sequence]) -> None:
    assert "knowing: looks it up" in evaluate_lifters({"knowing": knowing()}, read, H36M1).notes


def test_what_a_lifter_warns_about_is_noted_once_with_its_count(read: list[Sequence]) -> None:
    class Doubting(Knowing):
        def lift(self, keypoints: Keypoints) -> RelativePose:
            warnings.warn("is this a person?", stacklevel=1)
            return super().lift(keypoints)

    notes = evaluate_lifters({"doubting": Doubting(knowing().truths)}, read, H36M1).notes

    assert [note for note in notes if "person?" in note] == ["in 6 sequences: is this a person?"]


def test_points_that_a_lifter_does_not_give_are_counted(read: list[Sequence]) -> None:
    def error(seen: Array) -> Array:
        holes = np.zeros_like(seen)
        holes[2:4, 3] = np.nan
        return holes

    found = evaluate_lifters({"knowing": knowing(error)}, read, H36M1)

    assert [one.missing for one in found.scores] == [{"right_ankle": 2}] * 6
    assert any("2 of 136 points are missing" in note for note in found.notes)


def test_no_sequence_is_an_error() -> None:
    with pytest.raises(InputError, match="not one sequence"):
        evaluate_lifters({"knowing": knowing()}, [], H36M1)


# --- HumanEva ---------------------------------------------------------------------------------------------------------

HUMANEVA = {
    "Validate/S1": {"Walking 1 chunk0": person(8, HUMANEVA_15, 5), "Jog 1 chunk1": person(6, HUMANEVA_15, 6)},
    "Train/S1": {"Walking 1 chunk0": person(4, HUMANEVA_15, 7)},
}
BELOW = {"orientation": [1.0, 0.0, 0.0, 0.0], "translation": [0.0, 0.0, -9000.0]}


def seen_above(world: Array) -> Array:
    """Right is X, down is Y, away is Z; from (0, 0, −9)."""
    return world + np.array([0, 0, 9])


@pytest.fixture
def humaneva(tmp_path: Path) -> list[Sequence]:
    """Three cameras, of which the third looks up from below the floor."""
    seen = flat(HUMANEVA)
    for subject, actions in seen.items():
        for action, pictures in actions.items():
            pictures.append(pixels(seen_above(HUMANEVA[subject][action]), (640, 480)))
    np.savez(tmp_path / "2d.npz", positions_2d=seen, metadata=metadata("humaneva15", 15))
    np.savez(tmp_path / "3d.npz", positions_3d=HUMANEVA)
    views = [AHEAD | INTRINSIC[0], ASIDE | INTRINSIC[1], BELOW | {"res_w": 640, "res_h": 480}]
    (tmp_path / "cameras.json").write_text(json.dumps({"S1": views}), encoding="utf-8")
    return sequences(tmp_path / "2d.npz", tmp_path / "3d.npz", cameras=tmp_path / "cameras.json")


def test_humanevas_test_set_is_its_validation_subjects_from_three_cameras(humaneva: list[Sequence]) -> None:
    assert [one.parts[0][0] for one in humaneva] == [
        f"Validate/S1/{action}/camera {number}"
        for action in ("Walking 1 chunk0", "Jog 1 chunk1")
        for number in range(3)
    ]


def test_humanevas_actions_are_their_names_without_number_and_chunk(humaneva: list[Sequence]) -> None:
    assert [one.parts[0][1] for one in humaneva] == ["Walking"] * 3 + ["Jog"] * 3


def test_humanevas_rate_is_60_hz(humaneva: list[Sequence]) -> None:
    assert humaneva[0].keypoints.time == pytest.approx(np.arange(8) / 60)


def test_humanevas_points_are_its_15(humaneva: list[Sequence]) -> None:
    assert {(one.keypoints.skeleton, one.reference.skeleton) for one in humaneva} == {(HUMANEVA_15, HUMANEVA_15)}


def test_humanevas_3d_is_what_the_camera_had_in_front_of_it(humaneva: list[Sequence]) -> None:
    world = HUMANEVA["Validate/S1"]["Jog 1 chunk1"]

    for one, expected in zip(humaneva[3:], (seen_ahead(world), seen_aside(world), seen_above(world)), strict=True):
        assert one.reference.xyz == pytest.approx(expected)


def test_a_lifter_that_knows_the_truth_of_humaneva_is_never_off(humaneva: list[Sequence]) -> None:
    found = evaluate_lifters({"knowing": knowing(None, HUMANEVA)}, humaneva[:2] + humaneva[3:5], PROTOCOLS["humaneva"])

    assert mpjpe(found) == pytest.approx(0, abs=1e-9)
    assert {one.action for one in found.scores} == {"Walking", "Jog"}


# --- MPI-INF-3DHP -----------------------------------------------------------------------------------------------------

FRAMES = 6
VALID = np.array([1, 1, 0, 1, 1, 0])
ACTIVITY = np.array([1, 1, 1, 3, 3, 3])
NAMES = ("TS1", "TS2", "TS5", "TS6")


def clip_of(name: str) -> dict[str, Array]:
    """One of the test set's clips; what is not valid is nonsense."""
    seen = seen_ahead(person(FRAMES, MPI_INF_3DHP_17, seed=ord(name[-1])))
    solid = 1000 * seen
    solid[VALID == 0] = 1e6
    size = (1920, 1080) if name in {"TS5", "TS6"} else (2048, 2048)
    return {"data_2d": pixels(seen, size), "data_3d": solid, "valid": VALID}


@pytest.fixture
def pstmo(tmp_path: Path) -> Path:
    """P-STMO's file."""
    path = tmp_path / "data_test_3dhp.npz"
    np.savez(path, data={name: clip_of(name) for name in NAMES})
    return path


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """The test set's own folders."""
    for name in NAMES:
        clip = clip_of(name)
        (tmp_path / "test" / name).mkdir(parents=True)
        with h5py.File(tmp_path / "test" / name / "annot_data.mat", "w") as file:
            file["annot2"] = clip["data_2d"][:, None]
            file["univ_annot3"] = clip["data_3d"][:, None]
            file["valid_frame"] = VALID[:, None].astype(float)
            file["activity_annotation"] = ACTIVITY[:, None].astype(float)
    return tmp_path / "test"


def from_3dhp(path: Path, **how: Any) -> list[Sequence]:
    return sequences(path, path, **({"rate": 50.0} | how))


def of_3dhp(error: float = 0.0, activity: float = 0.0) -> Knowing:
    """A lifter that knows the test set, and moves the left wrist: always, and more in the second activity's frames."""
    order = [MPI_INF_3DHP_17.index(point) for point in H36M_17.points]
    truths = [(clip["data_2d"], clip["data_3d"][:, order] / 1000) for clip in map(clip_of, NAMES)]

    def wrist(seen: Array) -> Array:
        moved = np.zeros_like(seen)
        moved[:, H36M_17.index("left_wrist"), 1] = error + activity * (ACTIVITY == 3)
        return moved

    return Knowing(truths, wrist)


@pytest.mark.parametrize("source", ["pstmo", "folders"])
def test_a_lifter_that_knows_the_truth_of_3dhp_is_never_off(source: str, request: pytest.FixtureRequest) -> None:
    clips = from_3dhp(request.getfixturevalue(source))

    found = evaluate_lifters({"knowing": of_3dhp()}, clips, PROTOCOLS["3dhp"])

    assert mpjpe(found) == pytest.approx(0, abs=1e-9)


def test_3dhp_is_in_millimetres(pstmo: Path) -> None:
    found = evaluate_lifters({"knowing": of_3dhp(0.028)}, from_3dhp(pstmo), PROTOCOLS["3dhp"])

    assert mpjpe(found) == pytest.approx(28 / 14)


@pytest.mark.parametrize("source", ["pstmo", "folders"])
def test_only_valid_frames_of_3dhp_are_compared(source: str, request: pytest.FixtureRequest) -> None:
    clips = from_3dhp(request.getfixturevalue(source))

    found = evaluate_lifters({"knowing": of_3dhp()}, clips, PROTOCOLS["3dhp"])

    assert sum(one.points for one in found.scores) == len(NAMES) * VALID.sum() * 14


@pytest.mark.parametrize("source", ["pstmo", "folders"])
def test_only_valid_frames_of_3dhp_are_counted(source: str, request: pytest.FixtureRequest) -> None:
    clips = from_3dhp(request.getfixturevalue(source))

    found = evaluate_lifters({"knowing": of_3dhp()}, clips, PROTOCOLS["3dhp"])

    assert sum(one.frames for one in found.scores) == len(NAMES) * VALID.sum()


@pytest.mark.parametrize("source", ["pstmo", "folders"])
def test_the_whole_clip_is_given_to_the_lifter(source: str, request: pytest.FixtureRequest) -> None:
    assert {len(one.keypoints.time) for one in from_3dhp(request.getfixturevalue(source))} == {FRAMES}


def test_the_folders_of_3dhp_have_activities(folders: Path) -> None:
    (clip,) = from_3dhp(folders, subjects=["TS2"])

    assert [part[:2] for part in clip.parts] == [
        ("TS2/Standing/Walking", "Standing/Walking"),
        ("TS2/Sitting", "Sitting"),
    ]


def test_an_activity_is_compared_in_its_own_frames(folders: Path) -> None:
    found = evaluate_lifters({"knowing": of_3dhp(0.0, 0.014)}, from_3dhp(folders), PROTOCOLS["3dhp"])

    by_activity = {one.trial.split("/", 1)[1]: 1000 * one.figures["mpjpe"] for one in found.scores}
    assert by_activity == pytest.approx({"Standing/Walking": 0, "Sitting": 1}, abs=1e-9)


@pytest.mark.parametrize("source", ["pstmo", "folders"])
def test_a_protocol_without_actions_averages_over_points(source: str, request: pytest.FixtureRequest) -> None:
    clips = from_3dhp(request.getfixturevalue(source))

    found = evaluate_lifters({"knowing": of_3dhp()}, clips, PROTOCOLS["3dhp"])

    assert {one.action for one in found.scores} == {""}


def test_the_clips_of_3dhp_are_its_subjects(pstmo: Path) -> None:
    assert [one.parts[0][0] for one in from_3dhp(pstmo)] == list(NAMES)


def test_clips_of_3dhp_may_be_chosen(pstmo: Path) -> None:
    assert [one.parts[0][0] for one in from_3dhp(pstmo, subjects=["TS6", "TS1"])] == ["TS6", "TS1"]


@pytest.mark.parametrize("source", ["pstmo", "folders"])
def test_the_outdoor_pictures_of_3dhp_are_wide_and_the_others_square(
    source: str, request: pytest.FixtureRequest
) -> None:
    found = {one.parts[0][0][:3]: one.keypoints.image_size for one in from_3dhp(request.getfixturevalue(source))}

    assert found == {"TS1": (2048, 2048), "TS2": (2048, 2048), "TS5": (1920, 1080), "TS6": (1920, 1080)}


def test_the_rate_of_3dhp_has_to_be_named(pstmo: Path) -> None:
    with pytest.raises(InputError, match=r"how many frames a second.*`rate`"):
        from_3dhp(pstmo, rate=None)


def test_the_rate_of_3dhp_is_used(pstmo: Path) -> None:
    assert from_3dhp(pstmo, rate=25.0)[0].keypoints.time == pytest.approx(np.arange(FRAMES) / 25)


def test_a_clip_that_3dhp_has_not_is_an_error_that_lists_those_that_there_are(pstmo: Path) -> None:
    with pytest.raises(InputError, match="has no TS9; it has TS1, TS2, TS5, TS6"):
        from_3dhp(pstmo, subjects=["TS9"])


@pytest.mark.parametrize("key", ["data_2d", "data_3d", "valid"])
def test_a_clip_of_3dhp_that_lacks_something_is_an_error_that_names_it(tmp_path: Path, key: str) -> None:
    clip = clip_of("TS1")
    del clip[key]
    np.savez(tmp_path / "data.npz", data={"TS1": clip})

    with pytest.raises(InputError, match=f"TS1 lacks '{key}'"):
        from_3dhp(tmp_path / "data.npz")


def test_a_clip_of_3dhp_whose_lengths_differ_is_an_error_that_gives_them(tmp_path: Path) -> None:
    clip = clip_of("TS1")
    clip["data_2d"] = clip["data_2d"][1:]
    np.savez(tmp_path / "data.npz", data={"TS1": clip})

    with pytest.raises(InputError, match=r"TS1 must have .*got \(5, 17, 2\) and \(6, 17, 3\)"):
        from_3dhp(tmp_path / "data.npz")


def test_a_folder_without_the_test_set_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no TS1/annot_data\.mat"):
        from_3dhp(tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "without 3D"])
def test_a_damaged_annotation_is_an_error_that_names_it(folders: Path, damage: str) -> None:
    path = folders / "TS2" / "annot_data.mat"
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:500])
    else:
        with h5py.File(path, "a") as file:
            del file["univ_annot3"]

    with pytest.raises(InputError, match=r"TS2/annot_data\.mat cannot be read"):
        from_3dhp(folders)


# --- the real lifter --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [H36M1, choose("clip")], ids=lambda protocol: protocol.name)
def test_a_network_is_evaluated_in_every_joint_and_frame(
    read: list[Sequence], tmp_path: Path, protocol: Protocol
) -> None:
    network = save(random_network(channels=8), tmp_path, "fair-cpn")
    lifter = VideoPose3D(VideoPose3DSettings(model=str(network), device="cpu"))

    found = evaluate_lifters({"network": lifter}, read, protocol)

    assert mpjpe(found) > 100  # it was not trained
    assert [one.missing for one in found.scores] == [{}] * 6
    assert found.notes[0].startswith("network: VideoPose3D, fair-cpn: 243 frames at 50 Hz")
