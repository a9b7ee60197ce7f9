"""RTMW3D behind the estimators' seam: a person who is known, seen through networks that are made up."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from commands import Done
from posedetector.errors import InputError, WeightsError
from posedetector.estimators import (
    EstimatorContext,
    EstimatorSettings,
    MediaPipeSettings,
    OpenMMLabSettings,
    RTMW3DSettings,
    SyntheticSettings,
    make_estimator,
)
from posedetector.estimators.base import ALONE
from posedetector.estimators.rtmw3d import RTMW3D
from posedetector.estimators.synthetic import PinholeCamera, Walker
from posedetector.models import simcc
from posedetector.models.letterbox import STRIDES, letterbox
from posedetector.pipeline import analyze
from posedetector.pose import Array, ByteArray, Frame
from posedetector.settings import Settings
from posedetector.skeletons import BLAZEPOSE_33, COCO_WHOLEBODY_133
from posedetector.subject import Subject
from posedetector.trial import Trial

FRAMES, RATE = 30, 15.0
CAMERA = PinholeCamera(focal_length=550.0, size=(640, 360))
WALKER = Walker()
BODY = [point for point in COCO_WHOLEBODY_133.points if BLAZEPOSE_33.has(point)] + ["left_big_toe", "right_big_toe"]
STEP = 7  # of brightness from one frame to the next, by which the made-up networks know it


def bodies() -> tuple[Array, Array]:
    """Pixels (T, 133, 2) and metres in the camera frame (T, 133, 3); what BlazePose has not is at the nose."""
    world = WALKER.positions(np.arange(FRAMES) / RATE)
    rows = [BLAZEPOSE_33.index(name.replace("big_toe", "foot_index") if name in BODY else "nose") for name in NAMES]
    return CAMERA.project(world)[:, rows], CAMERA.view(world)[:, rows]


NAMES = COCO_WHOLEBODY_133.points
PIXELS, METRES = bodies()


def box_of_frame(frame: int) -> Array:
    return np.concatenate((PIXELS[frame].min(axis=0) - 8, PIXELS[frame].max(axis=0) + 8))


def frame_shown(picture: ByteArray) -> int:
    return round((int(picture[picture.shape[0] // 2, picture.shape[1] // 2, 0]) - 20) / STEP)


class SeesBoxes:
    """A detector with one answer: the walker's box, at the place of the finest grid that his middle falls on."""

    described = "made up"

    def run(self, pictures: Sequence[ByteArray]) -> Iterator[tuple]:
        import torch

        for picture in pictures:
            frame = round((int(picture[5, 5, 0]) - 20) / STEP)
            _, scale = letterbox(np.zeros((360, 640, 3), np.uint8), 640)
            box = box_of_frame(frame) * np.tile(scale, 2)
            scores, distances = [], []
            for stride in STRIDES:
                scores.append(torch.full((1, 1, 640 // stride, 640 // stride), -20.0))
                distances.append(torch.ones(1, 4, 640 // stride, 640 // stride))
            column, row = ((box[:2] + box[2:]) / 2 // 8).astype(int)
            scores[0][0, 0, row, column] = 3.0
            place = np.array((column, row, column, row)) * 8
            distances[0][0, :, row, column] = torch.from_numpy((box - place) * (-1, -1, 1, 1)).float()
            yield scores, distances


class SeesPoints:
    """Peaks where the walker's points are in the crop of his box, and at their depths."""

    described = "made up"

    def run(self, pictures: Sequence[ByteArray]) -> Iterator[tuple]:
        for picture in pictures:
            frame = frame_shown(picture)
            middle, size = simcc.frame_of(box_of_frame(frame))
            xy = (PIXELS[frame] - middle + size / 2) / size * (simcc.WIDTH, simcc.HEIGHT)
            hips = METRES[frame, COCO_WHOLEBODY_133.indices("left_hip", "right_hip"), 2].mean()
            depth = (METRES[frame, :, 2] - hips) * 1.7 / WALKER.stature
            bins = np.rint(np.column_stack((xy, (depth / 2.1744869 + 1) * 144)) * 2).astype(int)
            logits = [np.zeros((1, 133, length), np.float32) for length in (576, 768, 576)]
            for axis in range(3):
                logits[axis][0, np.arange(133), bins[:, axis]] = 0.9
            yield tuple(logits)


class MadeUp(RTMW3D):
    """The estimator with its own seeing, cutting and decoding, and networks that know the answer."""

    def __init__(self, settings: RTMW3DSettings, context: EstimatorContext = ALONE) -> None:
        self._settings, self._context, self._together, self._side = settings, context, 2, 640
        self._detector, self._points = SeesBoxes(), SeesPoints()
        self.weights = ()


def frames() -> Iterator[Frame]:
    for index in range(FRAMES):
        yield Frame(index, index / RATE, picture(index))


def picture(index: int) -> ByteArray:
    return np.full((360, 640, 3), 20 + STEP * index, np.uint8)


@pytest.fixture(scope="module")
def seen() -> list:
    made = MadeUp(RTMW3DSettings(detect_every=1), EstimatorContext(focal_length=CAMERA.focal_length))
    return [people[0] for people in made.estimate(frames())]


def test_points_come_back_to_the_pixels_that_they_came_from(seen: list) -> None:
    for frame, person in enumerate(seen):
        assert np.abs(person.xy - PIXELS[frame]).max() < 0.5  # half a bin of the crop


def test_the_box_is_the_detectors(seen: list) -> None:
    for frame, person in enumerate(seen):
        np.testing.assert_allclose(person.bbox, box_of_frame(frame), atol=0.01)


def test_points_are_in_metres_of_a_grown_person_about_the_hips(seen: list) -> None:
    hips = COCO_WHOLEBODY_133.indices("left_hip", "right_hip")
    for frame, person in enumerate(seen):
        truth = (METRES[frame] - METRES[frame, hips].mean(axis=0)) * 1.7 / WALKER.stature
        assert np.linalg.norm(person.xyz - truth, axis=-1).max() < 0.04


def test_people_found_less_surely_than_the_threshold_do_not_count() -> None:
    found = list(MadeUp(RTMW3DSettings(detect_every=1, bbox_thr=0.96)).estimate(frames()))  # sigmoid(3) is 0.953

    assert found == [[]] * FRAMES


@pytest.fixture(scope="module")
def analyzed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Trial]:
    clip = tmp_path_factory.mktemp("walker")
    for index in range(FRAMES):
        cv2.imwrite(str(clip / f"{index:03}.png"), picture(index))
    chosen = {"estimator": RTMW3DSettings(detect_every=1), "focal_length": CAMERA.focal_length, "fps": RATE}
    subject = Subject(height=WALKER.stature)

    def analyzed(**options: object) -> Trial:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("posedetector.estimators.rtmw3d.RTMW3D", MadeUp)
            return analyze(Settings(video=str(clip), subject=subject, **chosen, **options))

    return analyzed


@pytest.fixture(scope="module")
def trial(analyzed: Callable[..., Trial]) -> Trial:
    return analyzed(refine=False, cutoff=None)


def test_hands_feet_and_face_go_all_the_way(trial: Trial) -> None:
    assert trial.pose.skeleton == COCO_WHOLEBODY_133
    assert np.isfinite(trial.pose.xyz).all()


def test_the_provenance_says_how_people_were_looked_for(trial: Trial) -> None:
    said = trial.provenance.estimating

    assert "people searched for in each frame, counted from a score of 0.3" in said
    assert "batches of 2" in said
    assert "cut to 0–1" in said


def test_the_height_gives_the_metres_whatever_size_the_networks_people_have(trial: Trial) -> None:
    off = errors_of(trial)

    assert off.mean() < 0.02
    assert off.max() < 0.05


def errors_of(trial: Trial) -> Array:
    """(T, P) metres by which the body's points are off, from the middle of the hips."""
    points = trial.pose.skeleton.points
    wanted = [row for row, name in enumerate(points) if name in BODY]
    hips = COCO_WHOLEBODY_133.indices("left_hip", "right_hip")
    truth = (METRES - METRES[:, hips].mean(axis=1, keepdims=True))[:, [NAMES.index(points[row]) for row in wanted]]
    lab = np.stack((-truth[..., 2], -truth[..., 1], -truth[..., 0]), axis=-1)
    return np.linalg.norm(trial.pose.xyz[:, wanted] - lab, axis=-1)


def test_whole_bodies_are_fitted_feet_and_all(analyzed: Callable[..., Trial]) -> None:
    trial = analyzed(cutoff=None)

    assert trial.provenance.refinement.done.startswith("one body of constant lengths fitted")
    assert np.isfinite(trial.pose.spread.points[:, trial.pose.skeleton.index("left_big_toe")]).all()
    assert errors_of(trial).mean() < 0.02


def test_a_lifter_carries_toes_and_fingers(analyzed: Callable[..., Trial]) -> None:
    trial = analyzed(lifter="videopose3d", cutoff=None)

    points = trial.pose.skeleton.points
    assert [name for name in points if name.startswith("left_") and "toe" in name] == ["left_big_toe", "left_small_toe"]
    assert len([name for name in points if "finger" in name or "thumb" in name]) == 2 * 20
    assert np.isfinite(trial.pose.xyz).all()
    assert errors_of(trial).mean() < 0.04


def test_a_box_that_lies_outside_of_the_picture_is_refused() -> None:
    estimator = MadeUp(RTMW3DSettings())

    with pytest.raises(InputError, match=r"the box .* lies outside of its picture, which is 640×360 pixels"):
        estimator.poses([picture(0)], [np.array([[700.0, 10.0, 800.0, 200.0]])])


@pytest.mark.parametrize("box", [(10, 10, 10, 50), (50, 10, 10, 50), (np.nan, 0, 10, 10)])
def test_a_box_without_an_area_is_refused(box: tuple[float, ...]) -> None:
    estimator = MadeUp(RTMW3DSettings())

    with pytest.raises(InputError, match="has an area"):
        estimator.poses([picture(0)], [np.array([box], float)])


def test_a_picture_without_boxes_has_no_people() -> None:
    assert MadeUp(RTMW3DSettings()).poses([picture(0)], [np.empty((0, 4))]) == [[]]


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(InputError, match="`model` is l or x, got 'm'"):
        RTMW3DSettings(model="m")


def test_a_checkpoint_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"there is no file .*gone\.pth for rtmw3d-x"):
        make_estimator(RTMW3DSettings(model="x", checkpoint=tmp_path / "gone.pth"))


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--runtime", "onnx", "--runtime goes with --estimator rtmw3d, not with mediapipe"),
        ("--pose-config", "my.py", "--pose-config goes with --estimator openmmlab, not with mediapipe"),
        ("--det-config", "my.py", "--det-config goes with --estimator openmmlab"),
        ("--det-checkpoint", "my.pth", "--detector-checkpoint goes with --estimator rtmw3d or openmmlab"),
        ("--bbox-thr", 0.5, "--bbox-thr goes with"),
        ("--detect-every", 1, "--detect-every goes with"),
        ("--batch-size", 4, "--batch-size goes with"),
        ("--device", "cuda", "--device goes with --estimator rtmw3d or openmmlab, or with --use-videopose3d"),
    ],
)
def test_options_that_would_do_nothing_are_refused(
    command: Callable[..., Done], option: str, value: object, said: str
) -> None:
    done = command("analyze", "--video", "clip.mp4", "--height", 1.7, option, value)

    assert done.status == 2
    assert said in done.errors


@pytest.mark.parametrize("estimator", [MediaPipeSettings, SyntheticSettings])
@pytest.mark.parametrize("option", sorted({*OpenMMLabSettings.model_fields, *RTMW3DSettings.model_fields} - {"name"}))
def test_an_estimator_has_no_options_of_others(estimator: type[EstimatorSettings], option: str) -> None:
    if option not in estimator.model_fields:
        with pytest.raises(InputError, match=f"has no field `{option}`"):
            estimator(**{option: 1})


@pytest.mark.parametrize(
    ("option", "value"), [("batch_size", 0), ("detect_every", 0), ("bbox_thr", 1.0), ("runtime", "jax")]
)
def test_options_out_of_their_range_are_refused(option: str, value: object) -> None:
    with pytest.raises(InputError, match=f"`{option}`") as caught:
        RTMW3DSettings(**{option: value})
    assert caught.value.field == f"estimator.{option}"


def test_somebody_in_the_grey_beside_the_picture_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = np.array([[10.0, 400.0, 50.0, 500.0], [700.0, 10.0, 720.0, 50.0], [600.0, 300.0, 700.0, 400.0]])
    monkeypatch.setattr("posedetector.models.letterbox.decode", lambda *_: [(boxes, np.full(3, 0.9))])

    ((found, _),) = MadeUp(RTMW3DSettings()).detect([picture(0)])

    np.testing.assert_array_equal(found, boxes[2:])
