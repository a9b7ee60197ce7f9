"""A camera that stood still, turned, or was carried along, filming a wall whose pattern is known."""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from changing import edited
from posedetector.calibration import Camera, Floor, calibrate, hold_in_place
from posedetector.camera_motion import NOT_WATCHED, Background, CameraMotion
from posedetector.errors import InputError
from posedetector.estimators import MediaPipeSettings
from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
from posedetector.lifters.native import Native
from posedetector.overlay.artist import Artist
from posedetector.overlay.options import OverlayOptions
from posedetector.pipeline import analyze
from posedetector.pose import Array, ByteArray, Frame, Keypoints, PersonPose
from posedetector.settings import Settings
from posedetector.subject import Subject
from posedetector.trial import Trial

SIZE, FOCAL, RATE = (320, 240), 280.0, 30.0
INSIDE = np.array([[FOCAL, 0, 160], [0, FOCAL, 120], [0, 0, 1]])
WALL = 3  # the wall is so many pictures wide and high


@pytest.fixture(scope="module")
def wall() -> ByteArray:
    """A pattern of blots, grey, three times as wide and high as a picture."""
    noise = np.random.default_rng(1).random((240 * WALL, 320 * WALL)).astype(np.float32)
    blots = cv2.GaussianBlur(noise, (0, 0), 3)
    return np.asarray(cv2.normalize(blots, None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8))


def filmed(wall: ByteArray, homographies: Iterable[Array], rate: float = RATE, noise: float = 2.0) -> list[Frame]:
    """Return frames of the wall; a homography is of the still picture's pixels, in whose middle is the wall's, to a frame's."""
    random = np.random.default_rng(0)
    centred = np.array([[1, 0, -320.0 * (WALL - 1) / 2], [0, 1, -240.0 * (WALL - 1) / 2], [0, 0, 1]])
    frames = []
    for index, homography in enumerate(homographies):
        picture = cv2.warpPerspective(wall, homography @ centred, SIZE, flags=cv2.INTER_LINEAR)
        dirty = np.clip(picture + noise * random.standard_normal(picture.shape), 0, 255).astype(np.uint8)
        frames.append(Frame(index, index / rate, np.repeat(dirty[..., None], 3, axis=2)))
    return frames


def turn(pan: float, tilt: float = 0.0, roll: float = 0.0) -> Array:
    """(3, 3) the still camera's axes into those of one turned by so many degrees to the right, up, and around."""
    a, b, c = np.radians([pan, tilt, roll])
    about_y = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), np.sin(c), 0], [-np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)


def seen_by(rotations: Iterable[Array]) -> list[Array]:
    """Return the homographies; the pixels' middles are at whole numbers for OpenCV."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    return [np.linalg.inv(half) @ INSIDE @ one @ np.linalg.inv(INSIDE) @ half for one in rotations]


def watch(
    frames: Sequence[Frame],
    boxes: Callable[[int], list[Array]] = lambda _: [],
    ahead: int = 0,
    to_ideal: Callable[[Array], Array] | None = None,
) -> Background:
    background = Background(SIZE, to_ideal)
    for row, frame in enumerate(frames):
        background.see(frame)
        if row >= ahead:
            background.judge(boxes(row - ahead))
    for row in range(max(len(frames) - ahead, 0), len(frames)):
        background.judge(boxes(row))
    return background


def degrees_off(motion: CameraMotion, rotations: Sequence[Array]) -> float:
    """Return the greatest angle between found and true rotations since the first frame."""
    assert motion.rotation is not None
    off = [
        found @ motion.rotation[0].T @ (true @ rotations[0].T).T
        for found, true in zip(motion.rotation, rotations, strict=True)
    ]
    return float(np.degrees(max(np.arccos(np.clip((np.trace(one) - 1) / 2, -1, 1)) for one in off)))


SHAKE = [turn(3 * np.sin(0.6 * row), 3 * np.sin(0.4 * row + 1), 2 * np.sin(0.5 * row)) for row in range(30)]
PAN = [turn(24 * row / 29, 1.0 * np.sin(0.3 * row)) for row in range(30)]


@pytest.mark.parametrize("rotations", [SHAKE, PAN], ids=["shaken", "panned"])
def test_a_rotation_is_found_to_a_tenth_of_a_degree(wall: ByteArray, rotations: list[Array]) -> None:
    motion = watch(filmed(wall, seen_by(rotations))).motion(FOCAL, known=True)

    assert motion.verdict == "turned"
    assert degrees_off(motion, rotations) < 0.1


def test_a_pan_shows_the_focal_length_that_nobody_gave(wall: ByteArray) -> None:
    motion = watch(filmed(wall, seen_by(PAN))).motion(1.3 * FOCAL, known=False)

    assert motion.focal_length == pytest.approx(FOCAL, rel=0.03)
    assert np.degrees(motion.ranges[0]) == pytest.approx(24.0, abs=0.8)


BENT = np.array([0.3, 0.0, 0.0, 0.0])  # k1, k2: its picture lies within that of the pinhole camera
SHIFTED = np.array([[FOCAL, 0, 174.0], [0, FOCAL, 110.0], [0, 0, 1]])  # a principal point that is not in the middle


def as_pinhole(pixels: Array) -> Array:
    """Return where pixels (N, 2) of a camera with that lens lie in a pinhole camera's picture."""
    to_whole = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])  # OpenCV's pixels have their middle there
    flat = np.asarray(pixels, np.float64).reshape(-1, 1, 2) - 0.5
    return cv2.undistortPoints(flat, to_whole @ SHIFTED, BENT, P=to_whole @ INSIDE).reshape(-1, 2) + 0.5


def through_lens(frames: Iterable[Frame]) -> list[Frame]:
    """Return the frames of a pinhole camera as one with that lens films them."""
    places = np.stack(np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1])), axis=-1) + 0.5
    maps = (as_pinhole(places.reshape(-1, 2)) - 0.5).reshape(*places.shape).astype(np.float32)
    return [replace(one, image=cv2.remap(one.image, maps, None, cv2.INTER_LINEAR)) for one in frames]


def test_a_rotation_is_found_through_a_lens_that_is_known(wall: ByteArray) -> None:
    frames = through_lens(filmed(wall, seen_by(PAN)))
    motion = watch(frames, to_ideal=as_pinhole).motion(FOCAL, known=True)

    assert motion.verdict == "turned"
    assert degrees_off(motion, PAN) < 0.3


def test_a_single_picture_has_no_motion_to_speak_of(wall: ByteArray) -> None:
    assert watch(filmed(wall, [np.eye(3)])).motion(FOCAL, known=False) is NOT_WATCHED


def test_noise_is_no_motion(wall: ByteArray) -> None:
    assert watch(filmed(wall, [np.eye(3)] * 20, noise=6.0)).motion(FOCAL, known=False).verdict == "still"


def test_somebody_who_fills_half_of_the_picture_is_not_the_background(wall: ByteArray) -> None:
    frames = filmed(wall, [np.eye(3)] * 20)
    box = [np.array([0.0, 0.0, 170.0, 240.0])]
    passed = [
        edited(frame, image=(np.s_[:, :170], np.roll(wall[:240, :170, None], 4 * row, axis=1)))
        for row, frame in enumerate(frames)
    ]

    assert watch(passed, lambda _: box).motion(FOCAL, known=False).verdict == "still"


def zoom(row: int) -> Array:
    scale = 1 + 0.012 * row
    return np.array([[scale, 0, 160 * (1 - scale)], [0, scale, 120 * (1 - scale)], [0, 0, 1]])


def carried(row: int) -> Array:
    return np.array([[1.0, 0, -4.0 * row], [0, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize("homography", [zoom, carried])
@pytest.mark.parametrize("known", [True, False])
def test_what_no_rotation_does_is_not_taken_for_one(
    wall: ByteArray, homography: Callable[[int], Array], known: bool
) -> None:
    frames = filmed(wall, [homography(row) for row in range(30)])

    assert watch(frames).motion(FOCAL, known=known).verdict == "moved"


def test_things_at_two_distances_that_pass_at_two_speeds_are_no_rotation(wall: ByteArray) -> None:
    far = filmed(wall, [carried(row) for row in range(30)])
    both = [  # the nearer one twice as fast
        edited(frame, image=(np.s_[140:], wall[:100, 200 + 9 * row : 520 + 9 * row, None]))
        for row, frame in enumerate(far)
    ]

    assert watch(both).motion(FOCAL, known=True).verdict == "moved"


def test_without_a_pattern_nobody_can_tell(wall: ByteArray) -> None:
    blank = [replace(frame, image=np.full_like(frame.image, 127)) for frame in filmed(wall, [np.eye(3)] * 5)]

    assert watch(blank).motion(FOCAL, known=False).verdict == "unknown"


def test_boxes_that_come_some_frames_late_change_nothing(wall: ByteArray) -> None:
    frames = filmed(wall, seen_by(SHAKE))
    at_once, late = (watch(frames, ahead=ahead).motion(FOCAL, known=True) for ahead in (0, 7))

    assert np.array_equal(np.array(at_once.rotation), np.array(late.rotation))


def test_of_a_quick_camera_the_frames_between_are_interpolated(wall: ByteArray) -> None:
    shake = [turn(3 * np.sin(2 * np.pi * 2.0 * row / 60), 2 * np.sin(2 * np.pi * row / 60)) for row in range(60)]
    motion = watch(filmed(wall, seen_by(shake), rate=60.0)).motion(FOCAL, known=True)

    assert degrees_off(motion, shake) < 0.2


# --- what is made of it


@dataclass(frozen=True)
class TurningCamera(PinholeCamera):
    """A pinhole camera whose axes are turned further."""

    turned: Array = field(default_factory=lambda: np.eye(3))

    @property
    def rotation(self) -> Array:
        return np.asarray(self.turned @ super().rotation)


def keypoints_of(turns: Sequence[Array], walker: Walker) -> Keypoints:
    """Return the points of a walker by a camera that turns, a frame each."""
    still = Synthetic((walker,), PinholeCamera(focal_length=550.0, size=(640, 360)))
    time = np.arange(len(turns)) / RATE
    positions = walker.positions(time)
    cameras = [TurningCamera(focal_length=550.0, size=(640, 360), turned=one) for one in turns]
    xy = np.array([camera.project(person) for camera, person in zip(cameras, positions, strict=True)])
    view = np.array([camera.view(person) for camera, person in zip(cameras, positions, strict=True)])
    hips = view[:, still.skeleton.indices("left_hip", "right_hip")].mean(axis=1, keepdims=True)
    score, source = np.ones(xy.shape[:2]), np.full(xy.shape[:2], 6, np.uint8)
    return Keypoints(still.skeleton, time, xy, score, source, view - hips, (640, 360))


TURNS = [turn(pan, 2.0) for pan in np.linspace(-15, 15, 44)]


def test_steadied_points_are_those_of_a_camera_at_rest_at_any_distance() -> None:
    motion = CameraMotion("turned", rotation=np.array(TURNS), focal_length=550.0)
    points = keypoints_of(TURNS, Walker())
    at_rest = keypoints_of([np.eye(3)] * len(TURNS), Walker())
    steady = motion.steadied(points)

    assert np.allclose(steady.xy, at_rest.xy)
    assert np.allclose(np.array(steady.xyz), np.array(at_rest.xyz))
    assert np.allclose(motion.steadied_pose(Native().lift(points)).xyz, np.array(at_rest.xyz))
    assert np.allclose(motion.as_filmed(steady).xy, points.xy)


def test_hips_that_are_held_stay_above_the_origin_with_the_lowest_foot_at_0() -> None:
    points = keypoints_of([np.eye(3)] * 44, Walker())
    pose, calibration = calibrate(
        Native().lift(points), points, Subject(height=1.75), Camera(focal_length=550.0), grounded=False
    )
    held, away = hold_in_place(pose)
    lowest = held.positions[..., 1].min(axis=1)

    assert np.allclose(held.root, held.root[0])
    assert np.allclose(held.root[:, [0, 2]], 0)
    assert np.median(lowest) == pytest.approx(0.0, abs=1e-9)
    assert np.allclose(held.root + away, pose.root)
    assert calibration.floor is Floor.MOVED


def test_the_overlay_is_drawn_where_the_turned_camera_sees_the_body(trial: Trial) -> None:
    rotation = np.array([turn(4.0), turn(0.0), turn(-4.0)])
    camera = CameraMotion("turned", rotation=rotation, focal_length=trial.provenance.calibration.focal_length_px)
    usual, turned = (Artist(one, OverlayOptions()) for one in (trial, replace(trial, camera=camera)))
    row = 2
    before, after = usual._projected(row)[0], turned._projected(row)[0]

    off_axis = ((before[0, 0] - 320) / 550, (after[0, 0] - 320) / 550)
    assert np.degrees(np.arctan(off_axis[1]) - np.arctan(off_axis[0])) == pytest.approx(4.0, abs=0.1)


class Filming(Synthetic):
    """Reports walkers as the camera of these tests sees them."""

    is_simulated = False  # it stands for one that sees the pictures
    turns: Sequence[Array] = TURNS

    def estimate(self, frames: Iterable[Frame]) -> Generator[list[PersonPose], None, None]:
        points = keypoints_of(self.turns, Walker())
        for row, _ in enumerate(frames):
            xy = points.xy[row]
            box = np.concatenate([xy.min(axis=0), xy.max(axis=0)])
            yield [PersonPose(box, xy, points.score[row], np.array(points.xyz)[row])]


@pytest.fixture
def panned_clip(wall: ByteArray, tmp_path: Path) -> Path:
    """Pictures of the wall by a camera that pans by 30° with the walker."""
    folder = tmp_path / "panned"
    folder.mkdir()
    large = np.array([[550.0, 0, 320], [0, 550, 180], [0, 0, 1]])
    spread = np.array([[2.0, 0, 320.0 * (1 - WALL)], [0, 2, 180 - 240.0 * WALL], [0, 0, 1]])
    for row, one in enumerate(TURNS):
        picture = cv2.warpPerspective(wall, large @ one @ np.linalg.inv(large) @ spread, (640, 360))
        cv2.imwrite(str(folder / f"{row:03d}.png"), picture)
    return folder


def test_a_pan_changes_neither_the_path_nor_where_the_keypoints_are(
    panned_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MediaPipeSettings, "make", lambda *_: Filming())
    settings = Settings(
        video=str(panned_clip), subject=Subject(height=1.75), focal_length=550.0, cutoff=None, refine=False
    )
    trial = analyze(settings)
    way = trial.pose.root[-1] - trial.pose.root[0]
    record = trial.provenance.camera_motion

    assert record is not None
    assert (record.verdict, record.pan_deg) == ("turned", pytest.approx(30.0, abs=0.3))
    assert np.linalg.norm(way) == pytest.approx(0.9 * 43 / RATE, rel=0.02)
    assert np.allclose(trial.keypoints.xy, keypoints_of(TURNS, Walker()).xy)
    assert any("removed" in one.text for one in trial.provenance.notes)


def test_online_takes_no_pan_out_and_claims_no_path(panned_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MediaPipeSettings, "make", lambda *_: Filming())
    settings = Settings(video=str(panned_clip), subject=Subject(height=1.75), focal_length=550.0, online=True)
    trial = analyze(settings)

    assert np.ptp(trial.pose.root, axis=0) == pytest.approx(np.zeros(3))
    assert any("--online" in one.text and "not reported" in one.text for one in trial.provenance.notes)
    assert "the hips are held above the origin" in trial.provenance.frame_of_reference


@pytest.mark.parametrize(
    ("motion", "severity", "says"),
    [
        (
            CameraMotion("moved", "it zooms"),
            "caution",
            "walking speed, step length, step width and floor are not reported",
        ),
        (CameraMotion("unknown", "too dark"), "caution", "could not be checked: too dark"),
        (
            CameraMotion("turned", rotation=np.eye(3)[None], ranges=(0.5, 0.0, 0.0), focal_length=550.0),
            "info",
            "pan 28.6°",
        ),
    ],
    ids=lambda one: one.verdict if isinstance(one, CameraMotion) else "",
)
def test_what_the_camera_did_is_said(motion: CameraMotion, severity: str, says: str) -> None:
    (note,) = motion.entry().notes

    assert note.severity == severity
    assert says in note.text


@pytest.mark.parametrize("motion", [CameraMotion("still"), NOT_WATCHED], ids=["still", "not watched"])
def test_of_a_camera_that_stood_still_nothing_is_said(motion: CameraMotion) -> None:
    assert motion.entry().notes == ()


@pytest.mark.parametrize(("speed", "says"), [(0.05, "0.1–8"), (12.0, "did you mean 3.33"), (0.0, "0.1–8")])
def test_a_belt_that_no_treadmill_has_is_refused(speed: float, says: str) -> None:
    with pytest.raises(InputError, match=says):
        Settings(video="walk.mp4", subject=Subject(height=1.75), treadmill_speed=speed)
