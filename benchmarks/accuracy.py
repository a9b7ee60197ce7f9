"""Our joints and knees against motion capture, against a reference from four cameras, and against a synthetic truth.

    uv run python benchmarks/accuracy.py --clips FOLDER --cameras FOLDER --models full heavy --write
    uv run python benchmarks/accuracy.py --synthetic
    uv run python benchmarks/accuracy.py --clips FOLDER --models heavy --angles
    uv run python benchmarks/accuracy.py --clips FOLDER --lifters bundled data/training/lifter.pt

--angles: bias and mean absolute error of knees, hips and elbows by their true angle, of each system, over all clips.

--clips: a folder with walk_video.mp4, squat_video.mp4 and *_sample_{mocap,mono,wham}.json of the opencap-visualizer.
--cameras: a folder with cam01.mp4 … cam04.mp4 and Calib.qca.txt of Pose2Sim's demo; the reference is triangulated from
all four with MediaPipe's heavy model (benchmarks/triangulation.py). It is NOT INDEPENDENT of ours: detector errors that
all cameras share are in both.

Every system goes through `posedetector evaluate`'s protocol `clip`. --write puts the figures into benchmarks/accuracy.csv,
which tests/end_to_end/test_accuracy.py holds us to.
"""

import argparse
import csv
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from posedetector import Settings, Subject
from posedetector.calibration import CAMERA_TO_LAB, Camera, calibrate
from posedetector.cleaning import clean
from posedetector.estimators import MediaPipeSettings
from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
from posedetector.evaluation.comparison import evaluate
from posedetector.evaluation.matching import match
from posedetector.evaluation.protocols import PROTOCOLS
from posedetector.evaluation.scores import angle_pairs, totals
from posedetector.lifters import VideoPose3DSettings
from posedetector.lifters.native import Native
from posedetector.metrics import mae
from posedetector.motion import Motion
from posedetector.pipeline import analyze
from posedetector.readers import read_motions
from posedetector.skeletons import Skeleton
from posedetector.smoothing import smooth
from posedetector.tracking import track
from posedetector.training.validation import angle_bins
from posedetector.weights import WEIGHTS, locate
from triangulation import reference as triangulated

FIGURES = Path(__file__).with_name("accuracy.csv")
# metres; not given with the data. Walk and squat: from the persons' segments. Four cameras: from the height of his ears
# over his heels in the reference; his legs, as MediaPipe sees them, would make it 1.55.
STATURES = {"walk": 1.60, "squat": 1.69, "cam": 1.64}
PEERS = {"OpenCap Monocular": "mono", "WHAM": "wham"}


class Clip(NamedTuple):
    """A video, how tall its person is, what is true, and what others made of it."""

    name: str
    video: Path
    stature: float
    reference: Motion
    peers: dict[str, Motion]


class Result(NamedTuple):
    """One row; millimetres, degrees, seconds, per cent."""

    clip: str
    system: str
    frames: int
    compared: str
    lag: str
    mpjpe: str
    p_mpjpe: str
    knee: str
    elbow: str


TITLES = ("clip", "system", "frames", "compared %", "lag s", "MPJPE mm", "P-MPJPE mm", "knee °", "elbow °")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--cameras", type=Path)
    parser.add_argument("--models", nargs="+", default=["full"])
    parser.add_argument(
        "--lifters", nargs="+", default=["native", *(row.name for row in WEIGHTS.values() if row.lifter)]
    )
    parser.add_argument("--synthetic", action="store_true")
    parser.add_argument("--angles", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.synthetic:
        synthetic()
    clips = [
        *(opencap(options.clips) if options.clips else []),
        *(four_cameras(options.cameras) if options.cameras else []),
    ]
    if clips:
        here = [
            lifter for lifter in options.lifters if lifter == "native" or _own(lifter) or locate(lifter) is not None
        ]
        if absent := [lifter for lifter in options.lifters if lifter not in here]:
            print(f"Not measured, since their weights are not on this machine: {', '.join(absent)}.\n")
        if options.angles:
            by_angle(clips, options.models, here)
        else:
            measure(clips, options.models, here, write=options.write)


def opencap(folder: Path) -> Iterator[Clip]:
    for name in ("walk", "squat"):
        files = {word: folder / f"{name}_sample_{word}.json" for word in ("mocap", *PEERS.values())}
        motions = {word: read_motions(file)[""] for word, file in files.items()}
        peers = {system: motions[word] for system, word in PEERS.items()}
        yield Clip(name, folder / f"{name}_video.mp4", STATURES[name], motions["mocap"], peers)


def four_cameras(folder: Path) -> Iterator[Clip]:
    time, points, xyz, _ = triangulated(folder)
    truth = Motion(Skeleton("triangulated", tuple(points), (-1,) * len(points)), time, xyz)
    for number in range(1, 5):
        yield Clip(f"cam{number:02}", folder / f"cam{number:02}.mp4", STATURES["cam"], truth, {})


def measure(clips: list[Clip], models: list[str], lifters: list[str], *, write: bool) -> None:
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    print(f"Protocol clip ({PROTOCOLS['clip'].joint_set}), commit {commit.stdout.strip() or 'unknown'}\n")
    print("| " + " | ".join(TITLES) + " |")
    print("|" + "---|" * len(TITLES))
    rows = []
    for clip in clips:
        for result in results(clip, models, lifters):
            print("| " + " | ".join(map(str, result)) + " |", flush=True)
            rows.append(result)
    if write:
        with FIGURES.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([Result._fields, *rows])


def results(clip: Clip, models: list[str], lifters: list[str]) -> Iterator[Result]:
    for system, motion in systems(clip, models, lifters):
        yield compare(clip, system, motion)


def systems(clip: Clip, models: list[str], lifters: list[str]) -> Iterator[tuple[str, Motion]]:
    for model in models:
        for lifter in lifters:
            for fit in (False, True):
                name = f"posedetector, MediaPipe {model}, {lifter}{'' if fit else ', not refined'}"
                yield name, ours(clip, model, lifter, fit=fit)
    yield from clip.peers.items()


def by_angle(clips: list[Clip], models: list[str], lifters: list[str]) -> None:
    poses: dict[str, list[tuple[np.ndarray, np.ndarray, tuple[str, ...]]]] = {}
    for clip in clips:
        for system, motion in systems(clip, models, lifters):
            matched = match(motion, clip.reference, PROTOCOLS["clip"])
            poses.setdefault(system, []).append((matched.predicted, matched.measured, matched.joints))
    print("| system | joint | true angle ° | samples | bias ° | MAE ° |\n|---|---|---|---|---|---|")
    for system, parts in poses.items():
        joints = parts[0][2]
        made, true = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
        for one in angle_bins(made, true, Skeleton("compared", joints, (-1,) * len(joints))):
            print(
                f"| {system} | {one.joint} | {one.low}–{one.high} | {one.samples} | {one.bias:+.1f} | {one.mae:.1f} |"
            )


def ours(clip: Clip, model: str, lifter: str, *, fit: bool = True) -> Motion:
    settings = Settings(
        video=str(clip.video),
        subject=Subject(height=clip.stature),
        estimator=MediaPipeSettings(model=model),
        lifter=lifter
        if lifter == "native"
        else VideoPose3DSettings(model=lifter, like="bundled" if _own(lifter) else None),
        refine=fit,
    )
    pose = analyze(settings).pose
    return Motion(pose.skeleton, pose.time, pose.positions, depth_axis=0)


def _own(lifter: str) -> bool:
    """Tell whether it is a file that `posedetector train` made."""
    return Path(lifter).is_file()


def compare(clip: Clip, system: str, motion: Motion) -> Result:
    (found,) = evaluate([(system, {"": motion}, {"": clip.reference})], PROTOCOLS["clip"]).scores
    figures = totals([found])
    return Result(
        clip.name,
        system,
        found.frames,
        f"{100 * found.points / found.expected:.1f}",
        f"{found.lag:+.3f}",
        *(f"{figures[name].value:.1f}" for name in ("mpjpe", "p_mpjpe")),
        *(f"{mae(*angle_pairs([found], name)[:2]):.1f}" for name in ("knee_flexion", "elbow_flexion")),
    )


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
