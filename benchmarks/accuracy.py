"""Our joints against marker-based motion capture and against a synthetic truth.

    uv run python benchmarks/accuracy.py --clips FOLDER     with walk_video.mp4, squat_video.mp4, *_sample_mocap.json
    uv run python benchmarks/accuracy.py --synthetic

Clips: root-relative over 12 joints (hips, knees, ankles, shoulders, elbows, wrists), metric as delivered, one rotation
for the whole clip, lag searched within ±0.12 s; P-MPJPE with a similarity per frame; knee = mean absolute error of the
included angle hip-knee-ankle, both legs. Peers are taken through the same code.
"""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from posedetector import Settings, Subject, analyze
from posedetector.calibration import CAMERA_TO_LAB, Camera, calibrate
from posedetector.cleaning import clean
from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
from posedetector.lifters.native import Native
from posedetector.metrics import included_angle, mpjpe, p_mpjpe, rotation_between
from posedetector.pose import Array
from posedetector.smoothing import smooth
from posedetector.tracking import track

BODIES = {"hip": "femur", "knee": "tibia", "ankle": "talus", "shoulder": "humerus", "elbow": "ulna", "wrist": "hand"}
JOINTS = [(side, name) for name in BODIES for side in ("left", "right")]
STATURES = {"walk": 1.60, "squat": 1.69}  # metres, from the persons' segments; not given with the data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--synthetic", action="store_true")
    parser.add_argument("--models", nargs="+", default=["full"])
    options = parser.parse_args()
    if options.synthetic:
        synthetic()
    if options.clips:
        clips(options.clips, options.models)


def clips(folder: Path, models: list[str]) -> None:
    print("| clip | system | frames | lag s | MPJPE mm | P-MPJPE mm | knee ° |")
    print("|---|---|---|---|---|---|---|")
    for clip, stature in STATURES.items():
        measured = read_bodies(folder / f"{clip}_sample_mocap.json")
        for model in models:
            subject = Subject(height=stature)
            pose = analyze(Settings(video=str(folder / f"{clip}_video.mp4"), subject=subject, model=model)).pose
            rows = pose.skeleton.indices(*(f"{side}_{name}" for side, name in JOINTS))
            report(clip, f"posedetector, MediaPipe {model}, native depth", (pose.time, pose.xyz[:, rows]), measured)
        for name, peer in (("OpenCap Monocular", "mono"), ("WHAM", "wham")):
            report(clip, name, read_bodies(folder / f"{clip}_sample_{peer}.json"), measured)


def read_bodies(path: Path) -> tuple[Array, Array]:
    """Return seconds (T,) and the joint centres (T, 12, 3), metres, of an OpenSim visualisation."""
    data = json.loads(path.read_text())
    points = [data["bodies"][f"{BODIES[name]}_{side[0]}"]["translation"] for side, name in JOINTS]
    return np.array(data["time"], float), np.array(points, float).transpose(1, 0, 2)


class Errors(NamedTuple):
    """Metres, degrees, seconds, and how many frames were compared."""

    mpjpe: float
    p_mpjpe: float
    knee_deg: float
    lag: float
    frames: int


def compare(predicted: tuple[Array, Array], measured: tuple[Array, Array]) -> Errors:
    """Return the errors at the lag with the smallest MPJPE; metres, degrees, seconds."""
    time, points = predicted
    results = []
    for lag in np.arange(-0.12, 0.121, 0.01):
        moment = time + lag
        rows = (moment >= measured[0][0]) & (moment <= measured[0][-1]) & np.isfinite(points).all(axis=(1, 2))
        flat = measured[1].reshape(len(measured[0]), -1)
        truth = np.stack([np.interp(moment[rows], measured[0], column) for column in flat.T], axis=1)
        ours, truth = from_hips(points[rows]), from_hips(truth.reshape(-1, len(JOINTS), 3))
        error = mpjpe(ours @ rotation_between(ours, truth), truth)
        knees = float(np.degrees(np.abs(knee_angles(ours) - knee_angles(truth))).mean())
        results.append(Errors(error, p_mpjpe(ours, truth), knees, float(lag), int(rows.sum())))
    return min(results)


def report(clip: str, system: str, predicted: tuple[Array, Array], measured: tuple[Array, Array]) -> None:
    found = compare(predicted, measured)
    print(
        f"| {clip} | {system} | {found.frames} | {found.lag:+.2f} | {1000 * found.mpjpe:.1f} "
        f"| {1000 * found.p_mpjpe:.1f} | {found.knee_deg:.1f} |",
        flush=True,
    )


def from_hips(points: Array) -> Array:
    return points - points[:, :2].mean(axis=1, keepdims=True)


def knee_angles(points: Array) -> Array:
    return np.stack([included_angle(*(points[:, row + side] for row in (0, 2, 4))) for side in (0, 1)])


def synthetic() -> None:
    print("| synthetic walk, 4 s at 60 fps | root-relative mm | stature % | root path % of its length |")
    print("|---|---|---|---|")
    for name, noise, dropout in (("no noise", 0.0, 0.0), ("2 px noise, 10 % dropouts", 2.0, 0.1)):
        walker, camera = Walker(), PinholeCamera()
        estimator = Synthetic((walker,), camera, noise=noise, dropout=dropout)
        frames = list(estimator.frames(240))
        poses = zip([frame.time for frame in frames], estimator.estimate(frames), strict=True)
        tracks = track(poses, skeleton=estimator.skeleton, image_size=camera.size)
        keypoints = clean(tracks.keypoints()).keypoints
        lifted = Native().lift(keypoints)
        metric, found = calibrate(
            lifted, keypoints, Subject(height=walker.stature), Camera(focal_length=camera.focal_length)
        )
        pose = smooth(metric, 6.0 if noise else None)[0]
        truth = camera.view(walker.positions(keypoints.time)) @ CAMERA_TO_LAB.T
        hips = truth[:, pose.skeleton.indices("left_hip", "right_hip")].mean(axis=1)
        seen = np.isfinite(pose.xyz)
        away = np.linalg.norm(np.where(seen, pose.xyz - (truth - hips[:, None]), np.nan), axis=-1)
        known = np.isfinite(pose.root).all(axis=1)
        path, true_path = pose.root[known] - pose.root[known][0], hips[known] - hips[known][0]
        off = np.linalg.norm(path - true_path, axis=1).max() / np.linalg.norm(np.diff(hips, axis=0), axis=1).sum()
        stature = abs(found.scale * estimator.model_scale - 1)
        print(f"| {name} | {1000 * np.nanmean(away):.2f} | {100 * stature:.2f} | {100 * off:.2f} |")


if __name__ == "__main__":
    main()
