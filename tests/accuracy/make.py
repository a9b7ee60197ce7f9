"""Make the fixture again: the clips that the table of accuracy is about.

    uv run python tests/accuracy/make.py [--cameras FOLDER]

Movements by formula (movements.py) are filmed by known cameras; their keypoints and depth err as the training of the lifter says
that a detector errs (posedetector.training.noise), by fixed seeds. --cameras: cam01.mp4 … cam04.mp4 and Calib.qca.txt of
Pose2Sim's demo; MediaPipe's detections in two of them, and a reference from all four. Without it, theirs are kept as they are.

A new fixture wants a new table (measure.py --write).
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from fixture import FIXTURE, TRUE_POINTS, Clip, angles_between, read_clips, write_clips
from movements import Course, body, dance, jump, reach, sit_and_stand, squat, walk

from posedetector.estimators.synthetic import PinholeCamera
from posedetector.lifters.inputs import apparent_size
from posedetector.pose import Array
from posedetector.skeletons import BLAZEPOSE_33, H36M_17
from posedetector.training.bodies import BODY_14, to_h36m
from posedetector.training.cameras import Filmed
from posedetector.training.noise import detect

HALF_A_TURN = np.pi
# An estimator's own depth, as MediaPipe's is taken to err: of stature, of the bone, of stature; seconds that it lasts; its size
DEPTH, DEPTH_OF_BONE, ACROSS, LASTING, SIZE = 0.06, 0.35, 0.012, 0.3, 0.9
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
STATURE_OF_THE_MAN = 1.64  # metres, from the height of his ears over his heels in the reference


class Scene(NamedTuple):
    """A movement and who films it; metres, seconds, pixels. `seed` is of the detector's errors."""

    name: str
    seed: int
    rate: int
    course: Course
    time: Array
    stature: float
    legs: float
    camera: PinholeCamera
    stride: float = 0.0


ACROSS_PICTURE, UPRIGHT = (640, 360), (360, 640)


def camera(
    size: tuple[int, int], share: float, distance: float, height: float, down: float, roll: float
) -> PinholeCamera:
    """Return a camera of this focal length (share of the longer side) and tilt (degrees)."""
    pitch, turn = np.radians([down, roll])
    return PinholeCamera(share * max(size), size, (0.0, height, distance), float(pitch), float(turn))


def scenes() -> Iterator[Scene]:
    """Yield what is filmed: who, how, from where."""

    def times(seconds: float, rate: int) -> Array:
        return np.arange(int(seconds * rate)) / rate

    time = times(2.8, 30)
    course = walk(time, 1.75, speed=1.05, heading=0.0, start=(-1.5, 0.0), stride=0.98)
    yield Scene("walk_side", 2, 30, course, time, 1.75, 0.98, camera(ACROSS_PICTURE, 0.75, 5.2, 1.3, 3, 0.5), 0.98)
    time = times(2.8, 30)
    course = walk(time, 1.62, speed=0.85, heading=HALF_A_TURN - 0.8, start=(1.2, -1.2), stride=1.08)
    yield Scene("walk_oblique", 2, 30, course, time, 1.62, 1.02, camera(ACROSS_PICTURE, 0.70, 4.6, 1.5, 6, -1), 1.08)
    time = times(2.8, 30)
    course = walk(time, 1.81, speed=0.95, heading=HALF_A_TURN / 2, start=(0.1, -2.0), stride=1.12)
    yield Scene("walk_towards", 5, 30, course, time, 1.81, 1.0, camera(UPRIGHT, 0.72, 3.4, 1.4, 5, 0), 1.12)
    time = times(2.2, 30)
    course = squat(time, 1.70, 0.97, heading=HALF_A_TURN / 2 - 0.6, period=2.0, deepest=0.20)
    yield Scene("squat", 1, 30, course, time, 1.70, 0.97, camera(UPRIGHT, 0.78, 3.3, 1.1, 4, 1))
    time = times(2.8, 25)
    course = sit_and_stand(time, 1.66, 1.01, heading=0.3, period=2.8)
    yield Scene("sit_to_stand", 2, 25, course, time, 1.66, 1.01, camera(ACROSS_PICTURE, 0.75, 4.2, 1.2, 2, 0))
    time = times(2.2, 30)
    course = reach(time, 1.78, 0.99, heading=HALF_A_TURN / 2 + 0.15)
    yield Scene("reach", 2, 30, course, time, 1.78, 0.99, camera(ACROSS_PICTURE, 0.80, 4.6, 1.4, 3, 0))
    time = times(1.8, 60)
    course = jump(time, 1.73, 1.0, heading=0.9, period=2.0)
    yield Scene("jump", 2, 60, course, time, 1.73, 1.0, camera(UPRIGHT, 0.75, 4.4, 1.2, 1, 0))
    time = times(2.4, 30)
    course = dance(time, 1.68, 1.03, start=0.6)
    yield Scene("dance", 0, 30, course, time, 1.68, 1.03, camera(ACROSS_PICTURE, 0.74, 4.3, 1.6, 6, -0.5))


def filmed(scene: Scene) -> Clip:
    """Return what an estimator hands on of a scene, and what is true."""
    rng = np.random.default_rng([22, scene.seed])
    world = body(scene.course, scene.stature, scene.legs)
    seen = scene.camera.view(world)
    xy, score = detected(seen, scene.camera, rng)
    xyz = SIZE * (seen - _middle(seen) + depth_errors(seen - _middle(seen), scene.stature, rng))
    outside = (xy < 0) | (xy >= scene.camera.size)
    lost = (score == 0) | outside.any(axis=2)
    score[lost], xy[lost], xyz[lost] = 0, np.nan, np.nan
    # the laboratory: X level towards the camera, Y up; the camera looks along the world's −Z
    laboratory = world @ np.array([[0, 0, -1], [0, 1, 0], [1, 0, 0]])
    true = laboratory[:, BLAZEPOSE_33.indices(*TRUE_POINTS)]
    root = _middle(laboratory)[:, 0]
    return Clip(
        scene.name,
        scene.rate,
        scene.camera.size,
        scene.stature,
        scene.stride,
        xy,
        score,
        xyz,
        true - root[:, None],
        root,
        angles_between(true),
    )


def _middle(points: Array) -> Array:
    return np.asarray(points[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean(axis=1, keepdims=True))


def detected(seen: Array, camera: PinholeCamera, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return pixels (T, 33, 2) and scores (T, 33) of points in the camera's frame (T, 33, 3), metres.

    Fourteen points err as the lifter's training says. Heels and toes err as knees and ankles do, faces as the nose, hands as wrists.
    """
    width, height = camera.size
    half = width / 2
    first = np.stack([_of_body(seen, name) for name in BODY_14.points], axis=1)
    second = first.copy()
    feet = {
        f"{side}_{part}": f"{side}_{like}"
        for side in ("left", "right")
        for part, like in (("heel", "knee"), ("foot_index", "ankle"))
    }
    for name, like in feet.items():
        second[:, BODY_14.index(like)] = seen[:, BLAZEPOSE_33.index(name)]
    bodies = np.stack([first, second]).astype(np.float32)
    film = Filmed(bodies, np.full(2, camera.focal_length / half, np.float32), np.full(2, height / width, np.float32))
    true = film.screen(film.camera)
    size = np.median(apparent_size(to_h36m(true[:1]), H36M_17), axis=1, keepdims=True)
    found = detect(film, np.repeat(size, 2, axis=0), rng)
    off = (found.screen - true).astype(float) * half
    xy = camera_pixels(seen, camera)
    score = np.ones(xy.shape[:2])
    for row, name in enumerate(BLAZEPOSE_33.points):
        which, like = (1, feet[name]) if name in feet else (0, _like(name))
        xy[:, row] += off[which, :, BODY_14.index(like)]
        score[:, row] = found.score[which, :, BODY_14.index(like)].clip(0, 1)
    return xy, score


def camera_pixels(seen: Array, camera: PinholeCamera) -> Array:
    """Return where the camera has points of its frame, pixels."""
    return np.asarray(camera.focal_length * seen[..., :2] / seen[..., 2:] + np.array(camera.size) / 2)


def _of_body(seen: Array, name: str) -> Array:
    rows = BLAZEPOSE_33.indices("left_eye", "right_eye") if name == "head" else BLAZEPOSE_33.indices(name)
    return np.asarray(seen[:, rows].mean(axis=1))


def _like(name: str) -> str:
    if BODY_14.has(name):
        return name
    side, _, part = name.partition("_")
    return f"{side}_wrist" if part in ("pinky", "index", "thumb") else "nose"


def depth_errors(body: Array, stature: float, rng: np.random.Generator) -> Array:
    """Return by how much an estimator's own points (T, 33, 3) are off, metres; depth errs bone by bone."""
    keep = np.exp(-1 / 30 / LASTING)
    noise = rng.normal(size=body.shape)
    for row in range(1, len(noise)):
        noise[row] = keep * noise[row - 1] + np.sqrt(1 - keep**2) * noise[row]
    off = noise * [ACROSS * stature, ACROSS * stature, 0]
    for row in _root_first():
        parent = BLAZEPOSE_33.parents[row]
        above, drift = (body[:, parent], off[:, parent, 2]) if parent >= 0 else (0, 0)
        bone = np.median(np.linalg.norm(body[:, row] - above, axis=1))
        off[:, row, 2] = min(DEPTH * stature, DEPTH_OF_BONE * bone) * noise[:, row, 2] + drift
    return np.asarray(off)


def _root_first() -> list[int]:
    return sorted(range(len(BLAZEPOSE_33)), key=lambda row: len(BLAZEPOSE_33.ancestors(row)))


def balancing(folder: Path) -> Iterator[Clip]:
    """Yield MediaPipe's detections of a man before two of four cameras, and where all four together have him."""
    sys.path.insert(0, str(BENCHMARKS))
    from posedetector.estimators import make_estimator
    from posedetector.scene import follow, silently
    from posedetector.video import open_video
    from triangulation import reference

    time, points, world, _ = reference(folder)
    true = np.stack([world[:, points.index(name)] for name in TRUE_POINTS], axis=1)
    # Z up there; which way it faces the cameras is left to the comparison
    true = true[..., [1, 2, 0]]
    hips = [TRUE_POINTS.index("left_hip"), TRUE_POINTS.index("right_hip")]
    root = true[:, hips].mean(axis=1)
    for name in ("cam01", "cam03"):
        video = open_video(str(folder / f"{name}.mp4"))
        found = follow(video, make_estimator("mediapipe"), silently).keypoints()
        if found.xyz is None or not np.allclose(found.time, time, atol=1e-3):
            raise ValueError(f"{name} has other frames than the reference")
        width, height = video.size
        half = (width // 2, height // 2)
        yield Clip(
            f"balance_{name}",
            60,
            half,
            STATURE_OF_THE_MAN,
            0.0,
            found.xy / 2,
            found.score,
            found.xyz,
            true - root[:, None],
            root,
            angles_between(true),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=Path)
    options = parser.parse_args()
    clips = [filmed(scene) for scene in scenes()]
    if options.cameras:
        clips += balancing(options.cameras)
    elif FIXTURE.is_file():
        clips += [clip for clip in read_clips() if clip.name.startswith("balance_")]
    write_clips(clips)
    print(f"{FIXTURE}: {len(clips)} clips, {FIXTURE.stat().st_size / 1e6:.2f} MB")  # noqa: T201


if __name__ == "__main__":
    main()
