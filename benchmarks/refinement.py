"""What refinement does on synthetic truth: errors before and after, coverage of its intervals, seams, speed.

    uv run python benchmarks/refinement.py --mocap FOLDER/cmu.npz FOLDER/cmu_actions.npz
    uv run python benchmarks/refinement.py --walker
    uv run python benchmarks/refinement.py --speed

--mocap: recordings that the bundled lifter was not trained on, filmed and blurred as in its training, lifted by it.
--walker: the synthetic estimator's walker, 2 px of noise in the picture and 10 cm in depth.
--speed: frames per second on one thread, seams between windows against the whole, memory.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from posedetector import Subject
from posedetector.calibration import STATURE_SHARES, Camera, calibrate
from posedetector.kinematics import ANGLES
from posedetector.lifters import make_lifter
from posedetector.metrics import included_angle, p_mpjpe
from posedetector.pose import Array, Keypoints, MetricPose, RelativePose, Source
from posedetector.refinement import refine
from posedetector.skeletons import H36M_17

JOINTS = tuple(
    f"{side}_{name}" for name in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist") for side in ("left", "right")
)
WIDTH = 1000  # pixels of the filmed pictures
NOMINAL = 1.645  # standard deviations of a 90 % interval


class Case(NamedTuple):
    """A clip with its truth (T, 12, 3), metres, camera frame."""

    keypoints: Keypoints
    lifted: RelativePose
    stature: float
    focal: float
    truth: Array


class Outcome(NamedTuple):
    """Of one clip: errors (T, 12) before and after, errors over deviations of coordinates and of knees' angles."""

    before: Array
    after: Array
    aligned: tuple[float, float]
    knees: tuple[float, float]
    coordinates: Array
    angles: Array


def filmed(recordings: list[Path], count: int, seed: int) -> list[Case]:
    from posedetector.readers.recording import ReadOptions
    from posedetector.training.augmentation import augment, draw
    from posedetector.training.bodies import BODY_14, to_h36m
    from posedetector.training.cameras import Cameras, film
    from posedetector.training.mocap import read_takes
    from posedetector.training.noise import detect
    from posedetector.training.samples import FRAMES, as_h36m

    lifter = make_lifter("videopose3d")
    takes = [take for take in read_takes(recordings, ReadOptions(side="-"), ("cmu/03_",)) if take.held_out]
    rng = np.random.default_rng(seed)
    films = film(augment(draw(takes, count, FRAMES, rng), rng), rng, Cameras())
    size = np.median(
        np.linalg.norm(np.diff(to_h36m(films.screen(films.camera))[:, :, [0, 3]], axis=2)[..., 0, :], axis=-1)
    )
    del size
    from posedetector.training.samples import _size

    seen = as_h36m(detect(films, _size(to_h36m(films.screen(films.camera))), rng)).astype(float)
    rows = BODY_14.indices(*JOINTS)
    cases = []
    for points, aspect, focal, camera in zip(seen, films.aspect, films.focal, films.camera.astype(float), strict=True):
        when = np.arange(len(points)) / 50
        image = (WIDTH, round(WIDTH * float(aspect)))
        xy = points[..., :2] * WIDTH / 2 + np.array(image) / 2
        shape = points.shape[:2]
        keypoints = Keypoints(
            H36M_17, when, xy, points[..., 2].clip(0, 1), np.full(shape, Source.MEASURED, np.uint8), None, image
        )
        legs = sum(
            np.linalg.norm(
                camera[:, BODY_14.index(f"{side}_{far}")] - camera[:, BODY_14.index(f"{side}_{near}")], axis=1
            )
            for side in ("left", "right")
            for near, far in (("hip", "knee"), ("knee", "ankle"))
        )
        stature = float(np.median(legs)) / 2 / (STATURE_SHARES["thigh"] + STATURE_SHARES["shank"])
        cases.append(Case(keypoints, lifter.lift(keypoints), stature, float(focal) * WIDTH / 2, camera[:, rows]))
    return cases


def outcome(case: Case) -> Outcome:
    lifter_errors = make_lifter("videopose3d").errors
    subject = Subject(height=case.stature)
    metric, calibration = calibrate(case.lifted, case.keypoints, subject, Camera(focal_length=case.focal))
    fitted, found, _ = refine(metric, case.keypoints, calibration, subject, lifter_errors)
    return compare(case.truth, metric, calibration.rotation, fitted, found.rotation)


def compare(truth: Array, metric: MetricPose, turn: Array, fitted: MetricPose, turned: Array) -> Outcome:
    rows = metric.skeleton.indices(*JOINTS)
    before, after = metric.xyz[:, rows] @ turn, fitted.xyz[:, rows] @ turned
    true = truth - truth[:, :2].mean(axis=1, keepdims=True)
    there = np.isfinite(before).all(axis=(1, 2)) & np.isfinite(after).all(axis=(1, 2))
    before, after, true = before[there], after[there], true[there]
    assert fitted.spread is not None
    away = (fitted.xyz[there][:, rows] - true @ turned.T) / fitted.spread.points[there][:, rows]
    angles = []
    knees: list[list[float]] = [[], []]
    for name, joints in ANGLES.items():
        if not set(joints) <= set(JOINTS):
            continue
        made, right, first = (
            included_angle(*(one[:, JOINTS.index(joint)] for joint in joints)) for one in (after, true, before)
        )
        angles.append((made - right) / fitted.spread.angles[name][there])
        if "knee" in name:
            knees[0].append(float(np.degrees(np.abs(first - right)).mean()))
            knees[1].append(float(np.degrees(np.abs(made - right)).mean()))
    return Outcome(
        np.linalg.norm(before - true, axis=-1),
        np.linalg.norm(after - true, axis=-1),
        (p_mpjpe(before, true), p_mpjpe(after, true)),
        (float(np.mean(knees[0])), float(np.mean(knees[1]))),
        away[:, 2:],
        np.stack(angles, axis=1),
    )
