"""The reference from several cameras: calibrations read, points found again, a camera that is wrong left out."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
CLIP = ROOT.parent / "shared" / "clips" / "pose2sim_single"

with_the_clip = pytest.mark.skipif(
    not CLIP.is_dir(), reason="NOT TESTED: the developers' clips are not beside this repo"
)

# One camera 3 m from the origin on the world's X axis, 2 m up, level, looking along −X: its axes are right = Y, up = Z,
# back = X. Units are the file's: mm and 1/64 pixel.
XML = """<calibration><cameras>
<camera serial="west">
  <fov_video left="0" top="0" right="1279" bottom="719"/>
  <transform x="3000" y="0" z="2000" r11="0" r12="1" r13="0" r21="0" r22="0" r23="1" r31="1" r32="0" r33="0"/>
  <intrinsic focalLengthU="64000" focalLengthV="57600" centerPointU="40960" centerPointV="22400" skew="0"
    radialDistortion1="-0.1" radialDistortion2="0.2" radialDistortion3="0.3"
    tangentalDistortion1="0.001" tangentalDistortion2="0.002"/>
</camera>
</cameras></calibration>"""


@pytest.fixture(scope="module")
def room():
    path = ROOT / "benchmarks" / "triangulation.py"
    spec = importlib.util.spec_from_file_location("triangulation", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["triangulation"] = module  # dataclasses look their module up
    yield spec.loader.exec_module(module) or module
    del sys.modules["triangulation"]


def looking_at_origin(room: ModuleType, centre: tuple[float, float, float], *, distortion=(0.0,) * 5):
    away = -np.array(centre) / np.linalg.norm(centre)
    right = np.cross(away, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(away, right), away])
    return room.Camera(
        name=str(centre),
        size=(1080, 1920),
        matrix=np.array([[1500.0, 0.0, 530.0], [0.0, 1510.0, 970.0], [0.0, 0.0, 1.0]]),
        distortion=np.array(distortion),
        rotation=rotation,
        translation=-rotation @ np.array(centre),
    )


def project(camera, points: np.ndarray) -> np.ndarray:
    """Pinhole and Brown's distortion, written out once more."""
    x, y, z = np.moveaxis(points @ camera.rotation.T + camera.translation, -1, 0)
    x, y = x / z, y / z
    r2 = x * x + y * y
    k1, k2, p1, p2, k3 = camera.distortion
    bend = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    u = x * bend + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    v = y * bend + 2 * p2 * x * y + p1 * (r2 + 2 * y * y)
    return np.stack([1500 * u + 530, 1510 * v + 970], axis=-1)


@pytest.fixture(scope="module")
def cameras(room):
    places = ((4.0, 0.0, 1.5), (0.0, 4.0, 1.0), (-4.0, 1.0, 2.0), (0.5, -4.0, 1.5))
    return [looking_at_origin(room, place, distortion=(-0.05, 0.14, 6e-4, 7e-4, 0.01)) for place in places]


@pytest.fixture
def points() -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.8, 0.8, (5, 3, 3))


@pytest.fixture
def seen(cameras, points) -> tuple[np.ndarray, np.ndarray]:
    return np.stack([project(camera, points) for camera in cameras]), np.ones((4, 5, 3))


def test_points_come_back_from_distorted_pictures(room, cameras, points, seen) -> None:
    found = room.triangulate(cameras, *seen)

    assert np.abs(found.xyz - points).max() < 1e-6


def test_exact_pictures_leave_no_residual(room, cameras, seen) -> None:
    assert room.triangulate(cameras, *seen).residual_px.max() < 1e-4


def test_two_cameras_are_enough(room, cameras, points, seen) -> None:
    xy, score = seen
    score[1:3] = 0.0

    found = room.triangulate(cameras, xy, score)

    assert np.abs(found.xyz - points).max() < 1e-6
    assert (found.used == 2).all()


@pytest.mark.parametrize("wrong", range(4))
def test_a_camera_that_is_wrong_is_left_out(room, cameras, points, seen, wrong: int) -> None:
    xy, score = seen
    xy[wrong] += [200.0, -150.0]

    found = room.triangulate(cameras, xy, score)

    assert np.abs(found.xyz - points).max() < 1e-6
    assert (found.used == 3).all()


def test_a_camera_may_be_wrong_in_one_point_only(room, cameras, seen) -> None:
    xy, score = seen
    xy[2, 1, 0] += 300.0

    used = room.triangulate(cameras, xy, score).used

    assert used[1, 0] == 3
    assert (used == 4).sum() == used.size - 1


def test_left_and_right_taken_for_each_other_by_one_camera_do_no_harm(room, cameras, points, seen) -> None:
    xy, score = seen
    xy[3, :, [0, 1]] = xy[3, :, [1, 0]]

    assert np.abs(room.triangulate(cameras, xy, score).xyz - points).max() < 1e-6


def test_a_little_noise_costs_no_camera(room, cameras, seen) -> None:
    xy, score = seen
    xy += np.random.default_rng(1).normal(0, 1.0, xy.shape)

    assert (room.triangulate(cameras, xy, score).used == 4).all()


def test_the_less_sure_camera_counts_less(room, cameras, points, seen) -> None:
    xy, score = seen
    xy[0] += 10.0
    even = room.triangulate(cameras, xy, score).xyz
    score[0] = 0.1

    weighted = room.triangulate(cameras, xy, score).xyz

    assert np.linalg.norm(weighted - points, axis=-1).max() < np.linalg.norm(even - points, axis=-1).min()


@pytest.mark.parametrize("cameras_that_see", [0, 1])
def test_what_fewer_than_two_cameras_see_is_nan(room, cameras, seen, cameras_that_see: int) -> None:
    xy, score = seen
    xy[cameras_that_see:] = np.nan

    found = room.triangulate(cameras, xy, score)

    assert np.isnan(found.xyz).all()
    assert np.isnan(found.residual_px).all()
    assert (found.used == 0).all()


def test_where_three_cameras_disagree_nobody_knows_which_is_wrong(room, cameras, seen) -> None:
    xy, score = seen
    score[3] = 0.0
    xy[0] += [300.0, 200.0]

    assert np.isnan(room.triangulate(cameras, xy, score).xyz).all()


def test_least_cameras_are_asked_for(room, cameras, seen) -> None:
    xy, score = seen
    score[2:] = 0.0

    assert np.isnan(room.triangulate(cameras, xy, score, least=3).xyz).all()


@pytest.fixture
def west(room, tmp_path):
    path = tmp_path / "calibration.txt"
    path.write_text(XML)
    (camera,) = room.read_cameras(path)
    return camera


def test_a_calibration_is_read_in_pixels_and_metres(west) -> None:
    assert west.name == "west"
    assert west.size == (1280, 720)
    np.testing.assert_allclose(west.matrix, [[1000, 0, 640], [0, 900, 350], [0, 0, 1]])
    np.testing.assert_allclose(west.distortion, [-0.1, 0.2, 0.001, 0.002, 0.3])
    np.testing.assert_allclose(west.centre, [3, 0, 2])


def test_a_camera_looks_along_its_third_axis_with_the_second_one_down(west) -> None:
    # 3 m in front of it, 1 m to its right, 0.5 m below it
    np.testing.assert_allclose(west.rotation @ [0, 1, 1.5] + west.translation, [1, 0.5, 3], atol=1e-12)


def test_a_centre_is_mirrored_within_the_picture(room, west) -> None:
    mirrored = room.mirror_centre(west, across=False, down=True)

    np.testing.assert_allclose(mirrored.matrix, [[1000, 0, 640], [0, 900, 370], [0, 0, 1]])


def test_a_picture_with_black_rows_is_put_onto_the_sensor(room, west) -> None:
    # 1280 × 720 halved to 640 × 360, with 60 black rows above and below
    xy = np.array([[0.0, 60.0], [640.0, 420.0], [320.0, 240.0]])

    np.testing.assert_allclose(room.onto_sensor(xy, (640, 480), west), [[0, 0], [1280, 720], [640, 360]])


@with_the_clip
def test_the_clips_cameras_stand_around_the_treadmill_above_a_mans_head(room) -> None:
    centres = np.stack([camera.centre for camera in room.cameras_of(CLIP)])

    assert ((centres[:, 2] > 1.6) & (centres[:, 2] < 2.2)).all()
    assert {(x > -1, y > 0) for x, y, _ in centres} == {(True, False), (True, True), (False, True), (False, False)}


@with_the_clip
def test_the_clips_cameras_look_down_at_the_man(room) -> None:
    man = np.array([-1.0, 0.0, 0.9])
    for camera in room.cameras_of(CLIP):
        x, y, z = camera.rotation @ man + camera.translation
        assert z > 0
        assert np.hypot(x, y) < 0.25 * z
        assert camera.rotation[2, 2] < 0


@with_the_clip
def test_the_treadmills_tags_are_on_its_belt(room) -> None:
    tags = room.treadmill(room.cameras_of(CLIP)).xyz[0, :4]

    assert np.abs(tags[:, 2]).max() < 0.006


@with_the_clip
def test_the_treadmill_is_seen_by_all_cameras_in_the_same_place_once_centres_are_mirrored(room) -> None:
    as_read = room.treadmill(room.read_cameras(CLIP / "Calib.qca.txt")).residual_px
    mirrored = room.treadmill(room.cameras_of(CLIP)).residual_px

    assert np.median(mirrored) < 1.5
    assert np.median(as_read) > 8
