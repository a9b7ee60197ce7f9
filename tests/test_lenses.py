"""Lenses: their two directions, the files that describe them, and a walk filmed through one."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from backends import made_by
from clips import plain_image, write_clip
from commands import Done
from posedetector.errors import InputError
from posedetector.estimators import ESTIMATORS, EstimatorSettings
from posedetector.estimators.depth import in_metres
from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
from posedetector.lenses import FISHEYE, RADIAL, Lens, read_lens
from posedetector.lenses.files import read_cameras
from posedetector.overlay import OverlayOptions
from posedetector.overlay.artist import Artist
from posedetector.pipeline import analyze
from posedetector.pose import Array, Frame, PersonPose, finite
from posedetector.settings import Settings
from posedetector.skeletons import BLAZEPOSE_33
from posedetector.subject import Subject
from posedetector.trial import Trial

SHARED = Path(__file__).parents[2] / "shared"
SIZE = (1280, 720)
WIDE = Lens("wide", RADIAL, SIZE, (620.0, 624.0), (652.0, 341.0), (-0.25, 0.05, 0.001, -0.002))
FISH = Lens("fish", FISHEYE, SIZE, (500.0, 500.0), (639.5, 359.5), (-0.02, 0.003, -0.001, 0.0))
MATRIX = [[620.0, 0.0, 652.0], [0.0, 624.0, 341.0], [0.0, 0.0, 1.0]]
TOML = f"""
[cam_01]
name = "cam_01"
size = [ 1280.0, 720.0,]
matrix = {MATRIX}
distortions = [ -0.25, 0.05, 0.001, -0.002,]
rotation = [ 0.0, 0.0, 0.0,]
translation = [ 0.0, 0.0, 0.0,]
fisheye = false

[cam_02]
name = "cam_02"
size = [ 1280.0, 720.0,]
matrix = [ [ 500.0, 0.0, 639.5,], [ 0.0, 500.0, 359.5,], [ 0.0, 0.0, 1.0,],]
distortions = [ -0.02, 0.003, -0.001, 0.0,]
fisheye = true

[metadata]
adjusted = false
error = 0.0
"""


def grid() -> Array:
    return np.stack(np.meshgrid(np.linspace(20, 1260, 17), np.linspace(20, 700, 9)), axis=-1)


# The lens


@pytest.mark.parametrize("lens", [WIDE, FISH, replace(WIDE, distortion=())], ids=["radial", "fisheye", "none"])
def test_a_point_that_is_undistorted_and_distorted_again_is_where_it_was(lens: Lens) -> None:
    ideal = lens.to_ideal(grid())
    there = np.isfinite(ideal).all(axis=-1)

    assert there.mean() > 0.9
    assert np.abs(lens.to_picture(ideal) - grid())[there].max() < 1e-4


def test_without_distortion_the_ideal_picture_is_the_real_one_moved_to_the_middle() -> None:
    # OpenCV's principal point counts from the middle of the first pixel, ours from its corner
    lens = Lens("plain", RADIAL, SIZE, (900.0, 900.0), (649.5, 352.5), ())

    assert lens.to_ideal(grid()) == pytest.approx(grid() + np.array([-10.0, 7.0]))


@pytest.mark.parametrize("lens", [WIDE, FISH], ids=["radial", "fisheye"])
def test_a_ray_shows_where_opencv_projects_it(lens: Lens) -> None:
    ray = np.array([0.5, -0.3])
    matrix = np.array(
        [[lens.focal[0], 0, lens.principal_point[0]], [0, lens.focal[1], lens.principal_point[1]], [0, 0, 1]]
    )
    project = cv2.fisheye.projectPoints if lens.model == FISHEYE else cv2.projectPoints
    seen = project(np.array([[[*ray, 1.0]]]), np.zeros(3), np.zeros(3), matrix, np.array(lens.distortion))[0].ravel()

    assert lens.to_picture(ray * lens.focal_length + np.array(SIZE) / 2) == pytest.approx(seen + 0.5)


def test_where_the_model_folds_back_nothing_is_seen() -> None:
    # r (1 − r²/4) grows up to r = 1.155, where it is 0.770: beyond 49° this polynomial describes no lens
    lens = Lens("folding", RADIAL, SIZE, (600.0, 600.0), (639.5, 359.5), (-0.25, 0.0, 0.0, 0.0))

    inside, outside = lens.to_ideal(np.array([[640 + 600 * 0.76, 360.0], [640 + 600 * 0.78, 360.0]]))

    assert np.isfinite(inside).all()
    assert np.isnan(outside).all()
    assert np.isnan(lens.to_picture(np.array([640 + 600 * 1.2, 360.0]))).all()


def test_a_lens_of_a_picture_twice_as_large_sees_the_same() -> None:
    large = WIDE.for_size((2560, 1440))

    assert large.to_ideal(2 * grid()) == pytest.approx(2 * WIDE.to_ideal(grid()), abs=1e-4)


# Files


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def opencv_file(folder: Path, name: str) -> Path:
    path = folder / name
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for key, value in (("image_width", 1280), ("image_height", 720)):
        storage.write(key, value)
    storage.write("camera_matrix", np.array(MATRIX))
    storage.write("distortion_coefficients", np.array([[-0.25, 0.05, 0.001, -0.002, 0.0]]))
    storage.release()
    return path


ROS = f"""
image_width: 1280
image_height: 720
camera_name: front
camera_matrix: {{rows: 3, cols: 3, data: {[value for row in MATRIX for value in row]}}}
distortion_model: plumb_bob
distortion_coefficients: {{rows: 1, cols: 5, data: [-0.25, 0.05, 1e-3, -0.002, 0]}}
"""


@pytest.mark.parametrize(
    "write",
    [
        lambda folder: written(folder, "c.toml", TOML.partition("[cam_02]")[0]),
        lambda folder: opencv_file(folder, "c.yml"),
        lambda folder: opencv_file(folder, "c.xml"),
        lambda folder: opencv_file(folder, "c.json"),
        lambda folder: written(folder, "c.yaml", ROS),
        lambda folder: written(folder, "c.yaml", f"K: {MATRIX}\ndist: [-0.25, 0.05, 0.001, -0.002]\nsize: [1280, 720]\n"),
        lambda folder: written(
            folder, "c.json", json.dumps({"cameras": [{"mtx": MATRIX, "D": [[-0.25], [0.05], [0.001], [-0.002]], "w": 1280, "h": 720}]})
        ),
    ],
    ids=["pose2sim", "opencv yaml", "opencv xml", "opencv json", "ros", "yaml", "json"],
)  # fmt: skip
def test_every_format_gives_the_same_lens(write: Callable[[Path], Path], tmp_path: Path) -> None:
    lens, notes = read_lens(write(tmp_path), None, "clip", SIZE)

    assert (lens.model, lens.size, lens.focal, lens.principal_point) == (RADIAL, SIZE, WIDE.focal, WIDE.principal_point)
    assert lens.distortion[:4] == pytest.approx(WIDE.distortion)
    assert notes == []


def test_a_fisheye_says_so(tmp_path: Path) -> None:
    assert read_cameras(written(tmp_path, "c.toml", TOML))["cam_02"] == replace(
        FISH, camera="cam_02", file="c.toml", sha256=read_cameras(tmp_path / "c.toml")["cam_01"].sha256
    )


def test_qualisys_cameras_are_read() -> None:
    path = SHARED / "clips" / "pose2sim_single" / "Calib.qca.txt"
    if not path.exists():
        pytest.skip(f"NOT TESTED: {path} is missing")

    cameras = read_cameras(path)

    assert list(cameras) == ["cam01", "cam02", "cam03", "cam04"]
    assert cameras["cam01"].focal == pytest.approx((1681.24, 1681.08), abs=0.01)
    assert cameras["cam01"].principal_point == pytest.approx((532.97, 948.14), abs=0.01)
    assert read_lens(path, None, "cam01", (1080, 1920))[0].size == (1080, 1920)


@pytest.mark.parametrize(
    ("clip", "camera"),
    [("cam_02", "cam_02"), ("Cam2", "cam_02"), ("trial 3 cam2", "cam_02"), ("cam_01_walk", "cam_01")],
)
def test_the_clips_name_says_which_camera(tmp_path: Path, clip: str, camera: str) -> None:
    assert read_lens(written(tmp_path, "c.toml", TOML), None, clip, SIZE)[0].camera == camera


def changed(**values: object) -> str:
    return json.dumps({"matrix": MATRIX, "distortions": [-0.25, 0.05, 0, 0], "size": [1280, 720]} | values)


@pytest.mark.parametrize(
    ("name", "text", "camera", "size", "says"),
    [
        ("c.toml", TOML, None, SIZE, "has 2 cameras, and the clip's name, clip, does not say .* cam_01, cam_02$"),
        ("c.toml", TOML, "cam_03", SIZE, "there is no camera 'cam_03' in .*; there are cam_01, cam_02$"),
        ("c.toml", TOML, "cam_01", (720, 1280), "calibrated for pictures of 1280×720, the clip is shown at 720×1280; .* turned"),
        ("c.toml", TOML, "cam_01", (1280, 960), "shown at 1280×960; a part was cut off"),
        ("c.json", changed(matrix=[1, 2]), None, SIZE, "its matrix has 2 numbers and not 3×3"),
        ("c.json", changed(distortions=[0.1] * 7), None, SIZE, "its distortion has 7 coefficients"),
        ("c.json", changed(distortions="x"), None, SIZE, "its distortion is not a list of numbers"),
        ("c.json", changed(matrix=np.diag([-5, 5, 1]).tolist()), None, SIZE, "its focal length is -5, 5 px"),
        ("c.json", changed(camera_model="mei"), None, SIZE, "its lens model is 'mei'"),
        ("c.json", changed(size=[5000, 2812]), None, SIZE, "principal point of .* is far from the middle"),
        ("c.json", "{", None, SIZE, "c.json cannot be used: it cannot be read"),
        ("c.yaml", "a: [", None, SIZE, "it is not YAML"),
        ("c.toml", "a = 1", None, SIZE, "it holds no camera"),
        ("c.txt", "", None, SIZE, "it is empty"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_is_refused(
    tmp_path: Path, name: str, text: str, camera: str | None, size: tuple[int, int], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        read_lens(written(tmp_path, name, text), camera, "clip", size)


def test_a_lens_is_scaled_to_pictures_of_the_same_shape_and_that_is_said(tmp_path: Path) -> None:
    lens, notes = read_lens(written(tmp_path, "c.json", changed()), None, "clip", (1920, 1080))

    assert lens.focal == (930.0, 936.0)
    assert lens.scaled == 1.5
    assert "scaled to the clip's 1920×1080" in notes[0]


# The walk


class Filmed(Synthetic):
    """The walker, seen through the wide lens; or where the pinhole camera would see the same points."""

    bent = True

    def estimate(self, frames: Iterator[Frame]) -> Iterator[list[PersonPose]]:  # type: ignore[override]
        for (pose,) in super().estimate(frames):
            real = WIDE.to_picture(pose.xy)
            seen = finite(real) & (real >= 0).all(axis=1) & (real < SIZE).all(axis=1)
            xy = np.where(seen[:, None], real if self.bent else pose.xy, np.nan)
            yield [replace(pose, xy=xy, score=seen.astype(float), xyz=np.where(seen[:, None], pose.xyz, np.nan))]


class Straight(Filmed):
    bent = False


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("lens") / "clip.mp4", [plain_image(size=SIZE)] * 24)


@pytest.fixture(scope="module")
def calibration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lens") / "c.toml"
    path.write_text(TOML)
    return path


@pytest.fixture
def film(clip: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Trial]:
    """Analyse the walk with settings of one's own; it spans nearly all of the picture."""

    def make(kind: type[Filmed]) -> type[EstimatorSettings]:
        return made_by(lambda _: kind(camera=PinholeCamera(WIDE.focal_length, SIZE, (-0.7, 1.1, 1.5))))

    monkeypatch.setitem(ESTIMATORS, "bent", make(Filmed))
    monkeypatch.setitem(ESTIMATORS, "straight", make(Straight))

    def analyzed(estimator: str, **values: object) -> Trial:
        subject = Subject(height=1.75)
        return analyze(Settings(video=str(clip), subject=subject, estimator=estimator, **values))  # type: ignore[arg-type]

    return analyzed


def test_with_the_file_a_wide_lens_gives_the_pinholes_angles_and_without_it_others(
    film: Callable[..., Trial], calibration: Path
) -> None:
    right = film("straight", focal_length=WIDE.focal_length).kinematics.angles.values
    mended = film("bent", calibration=calibration, calibration_camera="cam_01")
    wrong = film("bent", focal_length=WIDE.focal_length).kinematics.angles.values

    assert np.degrees(np.nanmax(np.abs(mended.kinematics.angles.values - right))) < 0.5
    assert np.degrees(np.nanmax(np.abs(wrong - right))) > 3
    lens = mended.provenance.calibration.lens
    assert lens is not None
    assert (lens.camera, lens.focal_length_px, lens.file) == ("cam_01", WIDE.focal, "c.toml")
    assert not mended.provenance.calibration.focal_length_assumed


def test_the_body_is_drawn_where_the_real_picture_shows_it(film: Callable[..., Trial], calibration: Path) -> None:
    trial = film("bent", calibration=calibration, calibration_camera="cam_01", refine=False, cutoff=None)
    places, _ = Artist(trial, OverlayOptions())._projected(5)
    knees = trial.pose.skeleton.indices("left_knee", "right_knee", "left_ankle", "right_ankle")

    assert np.nanmax(np.abs(places[knees] - trial.keypoints.xy[5, knees])) < 3
    assert np.nanmax(np.abs(WIDE.to_ideal(places[knees]) - places[knees])) > 30  # the lens does move them


def test_an_estimator_that_makes_metres_of_pixels_is_given_the_pinholes_pixels() -> None:
    camera = PinholeCamera(WIDE.focal_length, SIZE, (-0.7, 1.1, 1.7))
    person = Walker().positions(np.array([0.4]))
    straight, depth = camera.project(person), camera.view(person)[..., 2]
    depth -= depth[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean()
    options = {"image_size": SIZE, "focal_length": WIDE.focal_length}

    made = in_metres(
        WIDE.to_picture(straight), depth, np.ones((1, 33)), BLAZEPOSE_33, **options, to_ideal=WIDE.to_ideal
    )

    assert made == pytest.approx(in_metres(straight, depth, np.ones((1, 33)), BLAZEPOSE_33, **options), abs=1e-6)


def test_a_calibration_beside_a_field_of_view_is_refused(
    command: Callable[..., Done], clip: Path, calibration: Path
) -> None:
    done = command("analyze", "--video", clip, "--height", 1.75, "--calibration", calibration, "--fov", 60)

    assert done.status == 2
    assert "--calibration says the focal length too: leave out --focal-length and --fov" in done.errors
