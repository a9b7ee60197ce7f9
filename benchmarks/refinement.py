"""What refinement does on synthetic truth: errors before and after, coverage of its intervals, seams, speed.

    uv run python benchmarks/refinement.py --mocap FOLDER/cmu.npz FOLDER/cmu_actions.npz
    uv run python benchmarks/refinement.py --walker
    uv run python benchmarks/refinement.py --speed

--mocap: recordings that the bundled lifter was not trained on, filmed and blurred as in its training, lifted by it.
--errors: with these, how far off the lifter's bones and bends are, where refinement's weights come from.
--walker: the synthetic estimator's walker, 2 px of noise in the picture and 10 cm in depth.
--speed: frames per second on one thread, seams between windows against the whole, memory (Linux).
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from posedetector import Subject
from posedetector.anthropometry import LEG, SEGMENT_ENDS
from posedetector.calibration import Camera, calibrate
from posedetector.cleaning import clean
from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
from posedetector.kinematics.included import INCLUDED
from posedetector.lifters import make_lifter
from posedetector.lifters.inputs import apparent_size
from posedetector.lifters.native import Native
from posedetector.metrics import included_angle, p_mpjpe
from posedetector.pose import Array, Keypoints, MetricPose, RelativePose, Source
from posedetector.readers.recording import ReadOptions
from posedetector.refinement import refine, windows
from posedetector.skeletons import H36M_17
from posedetector.smoothing import smooth
from posedetector.tracking import track
from posedetector.training.augmentation import augment, draw
from posedetector.training.bodies import BODY_14, to_h36m
from posedetector.training.cameras import Cameras, film
from posedetector.training.mocap import read_takes
from posedetector.training.noise import detect
from posedetector.training.samples import FRAMES, as_h36m

JOINTS = tuple(
    f"{side}_{name}" for name in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist") for side in ("left", "right")
)
BONES = {
    "hips": [("right_hip", "left_hip")],
    "shoulders": [("right_shoulder", "left_shoulder")],
    **{
        name: [(f"{side}_{near}", f"{side}_{far}") for side in ("left", "right")]
        for name, (near, far) in SEGMENT_ENDS.items()
    },
}
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
    lifter = make_lifter("videopose3d")
    takes = [take for take in read_takes(recordings, ReadOptions(side="-"), ("cmu/03_",)) if take.held_out]
    rng = np.random.default_rng(seed)
    films = film(augment(draw(takes, count, FRAMES, rng), rng), rng, Cameras())
    whole = to_h36m(films.screen(films.camera))
    size = np.median(apparent_size(whole, H36M_17), axis=1, keepdims=True)
    seen = as_h36m(detect(films, size, rng)).astype(float)
    rows = BODY_14.indices(*JOINTS)
    cases = []
    for points, aspect, focal, camera in zip(seen, films.aspect, films.focal, films.camera.astype(float), strict=True):
        when = np.arange(len(points)) / 50
        image = (WIDTH, round(WIDTH * float(aspect)))
        score = points[..., 2].clip(0, 1)
        there = score > 0
        xy = np.where(there[..., None], points[..., :2] * WIDTH / 2 + np.array(image) / 2, np.nan)
        keypoints = Keypoints(H36M_17, when, xy, score, np.where(there, Source.MEASURED, Source.NONE), None, image)
        legs = sum(
            np.linalg.norm(
                camera[:, BODY_14.index(f"{side}_{far}")] - camera[:, BODY_14.index(f"{side}_{near}")], axis=1
            )
            for side in ("left", "right")
            for near, far in (("hip", "knee"), ("knee", "ankle"))
        )
        stature = float(np.median(legs)) / 2 / LEG
        cases.append(Case(keypoints, lifter.lift(keypoints), stature, float(focal) * WIDTH / 2, camera[:, rows]))
    return cases


def outcome(case: Case) -> Outcome:
    lifter_errors = make_lifter("videopose3d").errors
    subject = Subject(height=case.stature)
    metric, calibration = calibrate(case.lifted, case.keypoints, subject, Camera(focal_length=case.focal))
    fitted, found, _ = refine(metric, case.keypoints, calibration, subject, lifter_errors)
    return compare(case.truth, metric, calibration.rotation, fitted, found.rotation)


def lifter_errors(cases: list[Case]) -> None:
    """Print how far off the lifter's bones and bends are: where refinement's weights come from."""
    print(
        "| | error | still there after 0.1 s | after 0.6 s | error where a bone lacks 0–0.25, 0.25–0.5, more of its length |"
    )
    print("|---|---|---|---|---|")
    poses = [_scaled(case) for case in cases]
    for name, pairs in BONES.items():
        rows = [(JOINTS.index(near), JOINTS.index(far)) for near, far in pairs]
        made, true = (
            np.array([one[:, far] - one[:, near] for both in poses for one in (both[side],) for near, far in rows])
            for side in (0, 1)
        )
        length = np.median(np.linalg.norm(true, axis=-1), axis=1)[:, None]
        lacks = np.sqrt(np.clip(1 - (np.linalg.norm(made, axis=-1) / length) ** 2, 0, None))
        error = (made - true)[..., 2]
        parts = [
            f"{np.sqrt((error[(lacks >= low) & (lacks < high)] ** 2).mean()):.3f}"
            for low, high in ((0, 0.25), (0.25, 0.5), (0.5, 1.01))
        ]
        print(
            f"| {name}, depth in statures | {np.sqrt((error**2).mean()):.3f} | {_lasting(error)} | {', '.join(parts)} |"
        )
    for kind, joints in (("knee", ("hip", "knee", "ankle")), ("elbow", ("shoulder", "elbow", "wrist"))):
        bends = [
            [included_angle(*(one[:, JOINTS.index(f"{side}_{joint}")] for joint in joints)) for one in both]
            for both in poses
            for side in ("left", "right")
        ]
        error = np.degrees(np.array([made - true for made, true in bends]))
        robust = 1.4826 * np.median(np.abs(error))
        print(
            f"| {kind}, bend in degrees | {np.sqrt((error**2).mean()):.1f} (robust {robust:.1f}) | {_lasting(error)} | |"
        )
    widths = [
        [
            _unit(one[:, JOINTS.index(f"left_{end}")] - one[:, JOINTS.index(f"right_{end}")])
            for end in ("hip", "shoulder")
        ]
        for _, one in poses
    ]
    print(
        f"| true hips against shoulders, unit vectors | {np.sqrt(np.mean([(a - b) ** 2 for a, b in widths])):.3f} | | | |"
    )


def _scaled(case: Case) -> tuple[Array, Array]:
    """Return the lifted pose, its legs as long as the true ones, and the truth, (T, 12, 3) in statures from the hips."""
    metric, calibration = calibrate(
        case.lifted, case.keypoints, Subject(height=case.stature), Camera(focal_length=case.focal)
    )
    made = metric.xyz[:, metric.skeleton.indices(*JOINTS)] @ calibration.rotation
    return made / case.stature, (case.truth - case.truth[:, :2].mean(axis=1, keepdims=True)) / case.stature


def _lasting(error: Array) -> str:
    return " | ".join(f"{(error[:, late:] * error[:, :-late]).mean() / (error**2).mean():.2f}" for late in (5, 30))


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


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
    for name, joints in INCLUDED.items():
        if not set(joints) <= set(JOINTS) or "hip" in name:  # knees and elbows are the same angles in both tables
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


def walked(heading: float, frames: int, depth: float, speed: float = 0.9) -> tuple[Keypoints, Walker, PinholeCamera]:
    """Return what the synthetic estimator sees of a walker, with white noise in depth added."""
    start = (-1.2, 0.0) if heading == 0 else (0.0, -1.5)
    person, camera = Walker(heading=heading, speed=speed, start=start if speed else (0.0, 0.0)), PinholeCamera()
    estimator = Synthetic((person,), camera, noise=2.0)
    pictures = list(estimator.frames(frames))
    seen = zip([one.time for one in pictures], estimator.estimate(pictures), strict=True)
    keypoints = clean(track(seen, skeleton=estimator.skeleton, image_size=camera.size).keypoints()).keypoints
    assert keypoints.xyz is not None
    xyz = keypoints.xyz.copy()
    xyz[..., 2] += depth * estimator.model_scale * np.random.default_rng(0).standard_normal(xyz.shape[:2])
    return replace(keypoints, xyz=xyz), person, camera


def fitted_walk(keypoints: Keypoints, person: Walker, camera: PinholeCamera) -> tuple[Outcome, Outcome]:
    """Return what refinement makes of it beside the pose as it was, and beside the smoothed one."""
    subject = Subject(height=person.stature)
    metric, calibration = calibrate(
        Native().lift(keypoints), keypoints, subject, Camera(focal_length=camera.focal_length)
    )
    fitted, found, _ = refine(metric, keypoints, calibration, subject, Native.errors)
    truth = camera.view(person.positions(keypoints.time))[:, keypoints.skeleton.indices(*JOINTS)]
    smoothed = smooth(metric, 6.0)[0]
    return (
        compare(truth, metric, calibration.rotation, fitted, found.rotation),
        compare(truth, smoothed, calibration.rotation, fitted, found.rotation),
    )


def mocap(recordings: list[Path], count: int, seeds: list[int]) -> None:
    print("| clips | | MPJPE mm | P-MPJPE mm | knee ° | worse clips | 90 % of coordinates | 90 % of angles |")
    print("|---|---|---|---|---|---|---|---|")
    for seed in seeds:
        found = [outcome(case) for case in filmed(recordings, count, seed)]
        before, after = (1000 * np.mean([one[side].mean() for one in found]) for side in (0, 1))
        aligned = 1000 * np.mean([one.aligned for one in found], axis=0)
        knees = np.mean([one.knees for one in found], axis=0)
        worse = sum(one.after.mean() > one.before.mean() for one in found)
        held = [
            100 * np.mean(np.concatenate([np.abs(part).ravel() for part in parts]) < NOMINAL)
            for parts in ([one.coordinates for one in found], [one.angles for one in found])
        ]
        print(f"| {len(found)}, seed {seed} | lifted | {before:.1f} | {aligned[0]:.1f} | {knees[0]:.1f} | | | |")
        print(
            f"| | refined | {after:.1f} | {aligned[1]:.1f} | {knees[1]:.1f} | {worse} | {held[0]:.0f} | {held[1]:.0f} |",
            flush=True,
        )


def walker() -> None:
    print("| synthetic walk, 4 s | | MPJPE mm | P-MPJPE mm | knee ° |")
    print("|---|---|---|---|---|")
    for name, heading in (("across", 0.0), ("towards", np.pi / 2), ("oblique", np.pi / 4)):
        raw, smoothed = fitted_walk(*walked(heading, 240, 0.10))
        for label, error, aligned, knee in (
            ("unrefined", raw.before, raw.aligned[0], raw.knees[0]),
            ("6 Hz", smoothed.before, smoothed.aligned[0], smoothed.knees[0]),
            ("refined", raw.after, raw.aligned[1], raw.knees[1]),
        ):
            print(f"| {name} | {label} | {1000 * error.mean():.1f} | {1000 * aligned:.1f} | {knee:.1f} |", flush=True)


def speed(frames: int) -> None:
    import resource  # Linux: peak memory in KiB

    keypoints, person, _ = walked(0.0, frames, 0.03, speed=0.0)
    subject = Subject(height=person.stature)
    metric, calibration = calibrate(Native().lift(keypoints), keypoints, subject, Camera())
    poses = {}
    for name, at_once in (("windows", windows.WHOLE), ("at once", frames)):
        windows.WHOLE, usual = at_once, windows.WHOLE
        start = time.perf_counter()
        poses[name] = refine(metric, keypoints, calibration, subject, Native.errors)[0].xyz
        took = time.perf_counter() - start
        windows.WHOLE = usual
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{name}: {frames} frames in {took:.1f} s, {frames / took:.0f} frames/s, peak {peak:.0f} MiB", flush=True)
    apart = 1000 * np.linalg.norm(poses["windows"] - poses["at once"], axis=-1)
    print(
        f"apart: median {np.nanmedian(apart):.3f}, 99 % {np.nanpercentile(apart, 99):.3f}, at most {np.nanmax(apart):.3f} mm"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mocap", type=Path, nargs="+")
    parser.add_argument("--clips", type=int, default=32)
    parser.add_argument("--seeds", type=int, nargs="+", default=[5, 7])
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--walker", action="store_true")
    parser.add_argument("--speed", type=int, nargs="?", const=3600, metavar="FRAMES")
    options = parser.parse_args()
    if options.mocap and options.errors:
        lifter_errors(filmed(options.mocap, options.clips, options.seeds[0]))
    elif options.mocap:
        mocap(options.mocap, options.clips, options.seeds)
    if options.walker:
        walker()
    if options.speed:
        speed(options.speed)


if __name__ == "__main__":
    main()
