"""Where the fitted feet are above the floor, at a clip's ends and in its middle, and how far ankles go there.

    POSEDETECTOR_HOME=MODELS uv run python benchmarks/feet.py --clips ../shared/clips --models full heavy
    uv run python benchmarks/feet.py --mocap ../shared/mocap/joint_centres/opencap_lineage_do_not_train.npz

--clips: one row a clip and lifter. Lowest: of heels and toes, cm above the floor, in the first 0.3 s, in the last, and between. Planted: share of the
frames of a stance phase (or, without gait, of a foot that moves at less than 0.1 m/s) in which the foot's lower end is within 2 cm of the
floor, at the ends and between; 0.05 s beside each event are left out, by which events are wrong. Ankle: extremes of dorsiflexion of both sides, degrees.

--mocap: joint centres with feet, cut at arbitrary places to at most 3 s and filmed by a virtual camera from the side, the front or between.
Keypoints are off by 1 % of stature, four fifths of it for 0.15 s at a time, depth by 4 %. Errors against the truth, likewise by part of the clip.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from posedetector import Settings, Subject
from posedetector.anthropometry import LEG
from posedetector.calibration import CAMERA_TO_LAB, Camera, calibrate
from posedetector.estimators import MediaPipeSettings
from posedetector.estimators.synthetic import PinholeCamera
from posedetector.kinematics.angles import joint_angles
from posedetector.kinematics.nouns import REACH_90, Kinematics
from posedetector.lifters.native import Native
from posedetector.pipeline import analyze
from posedetector.pose import Array, Keypoints, MetricPose, Source
from posedetector.refinement import refine
from posedetector.skeletons import BLAZEPOSE_33
from posedetector.smoothing import smooth

END = 0.3  # seconds
ALLOWED = 0.02  # metres
EVENT = 0.05  # seconds: how far events are off
STILL = 0.1  # metres a second
LONGEST = 3.0  # seconds
SIDES = ("left", "right")
PARTS = ("first", "between", "last")


class Clip(NamedTuple):
    """A video, its person and how tall that is."""

    name: str
    video: Path
    stature: float
    person: int = 1


def clips(folder: Path) -> Iterator[Clip]:
    yield Clip("sample", Path(__file__).parents[1] / "data" / "samples" / "walk_side.mp4", 1.65)
    yield Clip("demo, man on the roof", folder / "sports2d" / "demo.mp4", 1.75, 2)
    yield Clip("demo, walk", folder / "sports2d" / "demo.mp4", 1.65, 1)
    yield Clip("walk", folder / "opencap" / "walk_video.mp4", 1.60)
    yield Clip("squat", folder / "opencap" / "squat_video.mp4", 1.69)
    for number in range(1, 5):
        yield Clip(f"cam{number:02}", folder / "pose2sim_single" / f"cam{number:02}.mp4", 1.64)


def parts_of(pose: MetricPose) -> tuple[Array, ...]:
    """Return (T,) whether a frame is of the first 0.3 s of those that show the person, between, or of the last."""
    when = pose.time[np.isfinite(pose.root).all(axis=1)]
    first, last = pose.time < when[0] + END, pose.time > when[-1] - END
    return first, ~first & ~last, last


def heights(pose: MetricPose) -> Array:
    """(T, 2, 2) metres above the floor: left and right, heel and toes; NaN where there is none."""
    rows = [pose.skeleton.indices(f"{side}_heel", f"{side}_foot_index") for side in SIDES]
    return np.asarray(pose.positions[:, rows, 1])


def planted(pose: MetricPose, kinematics: Kinematics) -> Array:
    """(T, 2) whether left and right stand, by the events; where there is no gait, because they do not move."""
    stands = np.zeros((len(pose.time), 2), bool)
    for column, side in enumerate(SIDES):
        events = [one for one in kinematics.gait.events if one.side == side]
        # before the first event and after the last, no farther than a stance lasts
        for frame, time in enumerate(pose.time):
            before = [one for one in events if one.time <= time]
            after = [one for one in events if one.time > time]
            began = before[-1].time if before and before[-1].kind == "initial_contact" else -np.inf
            ends = after[0].time if after and after[0].kind == "foot_off" else np.inf
            known = (
                (began > time - 0.7 and before[-1].kind != "foot_off") if before else bool(after) and ends < time + 0.6
            )
            stands[frame, column] = known and time - began >= EVENT and ends - time >= EVENT
    if not kinematics.gait.events:
        feet = pose.positions[:, [pose.skeleton.indices(f"{side}_heel", f"{side}_foot_index") for side in SIDES]]
        speed = np.linalg.norm(np.gradient(feet.mean(axis=2), pose.time, axis=0), axis=-1)
        lower = feet[..., 1].min(axis=2)
        stands = (speed < STILL) & (lower <= lower.min(axis=1, keepdims=True) + ALLOWED)
    return stands


def row_of(pose: MetricPose, kinematics: Kinematics) -> list[str]:
    """Return the cells: lowest points, planted shares, ankles' extremes, each by part of the clip."""
    height, stands = heights(pose), planted(pose, kinematics)
    ankles = [kinematics.angles.names.index(f"{side}_ankle_dorsiflexion") for side in SIDES]
    degrees = np.degrees(kinematics.angles.values[:, ankles])
    lowest, near, ankle = [], [], []
    lower = height.min(axis=2)
    for frames in parts_of(pose):
        lowest.append(f"{100 * np.nanmin(height[frames]):+.1f}" if np.isfinite(height[frames]).any() else "–")
        own = lower[frames][stands[frames]]
        own = own[np.isfinite(own)]
        near.append(f"{100 * (np.abs(own) <= ALLOWED).mean():.0f}" if len(own) else "–")
        there = degrees[frames]
        ankle.append(f"{np.nanmin(there):.0f}…{np.nanmax(there):.0f}" if np.isfinite(there).any() else "–")
    below = 100 * (height[np.isfinite(height)] < -ALLOWED).mean()
    return [*lowest, f"{below:.1f}", *near, *ankle]


class Film(NamedTuple):
    """A filmed piece of motion capture: what was seen of it, its truth in the laboratory of its camera, and the person."""

    name: str
    keypoints: Keypoints
    truth: MetricPose
    subject: Subject
    camera: PinholeCamera


def films(recording: Path, seed: int) -> Iterator[Film]:
    """Cut recordings at arbitrary places and film each from somewhere."""
    data, rng = np.load(recording), np.random.default_rng(seed)
    joints = [str(name).replace("toes", "foot_index") for name in data["joints"]]
    rows = [joints.index(name) if name in joints else -1 for name in BLAZEPOSE_33.points]
    stops = np.cumsum(data["lengths"])
    for name, stop, length in zip(data["clips"], stops, data["lengths"], strict=True):
        xyz = data["positions_mm"][stop - length : stop : 2].astype(float) / 1000
        frames = round(min(LONGEST * 50, 0.9 * len(xyz)))
        first = rng.integers(len(xyz) - frames + 1)
        xyz = xyz[first : first + frames]
        legs = sum(
            float(
                np.median(
                    np.linalg.norm(xyz[:, joints.index(f"{side}_{a}")] - xyz[:, joints.index(f"{side}_{b}")], axis=1)
                )
            )
            for side in SIDES
            for a, b in (("hip", "knee"), ("knee", "ankle"))
        )
        stature = legs / 2 / LEG
        xyz = xyz - xyz[:, [joints.index("pelvis")]].mean(axis=0) * np.array([1, 0, 1])
        angle = rng.choice([0.0, np.pi / 4, np.pi / 2]) + rng.normal(0, 0.1)
        turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
        points = np.where((np.array(rows) >= 0)[:, None], (xyz @ turn.T)[:, rows], np.nan)
        camera = PinholeCamera()
        view, shape, time = camera.view(points), points.shape[:2], np.arange(frames) / 50
        hips = BLAZEPOSE_33.indices("left_hip", "right_hip")
        noise = 0.01 * stature * _lasting(rng, (*shape, 5), time)
        xy = camera.project(points) + noise[..., :2] * camera.focal_length / np.nanmean(view[..., 2])
        depth = view - view[:, hips].mean(axis=1, keepdims=True) + noise[..., 2:] * np.array([1, 1, 4])
        seen = np.isfinite(xy).all(axis=-1)
        source = np.where(seen, Source.MEASURED, Source.NONE).astype(np.uint8)
        keypoints = Keypoints(BLAZEPOSE_33, time, xy, seen.astype(float), source, depth, camera.size)
        lab = view @ CAMERA_TO_LAB.T
        root = lab[:, hips].mean(axis=1)
        truth = MetricPose(BLAZEPOSE_33, time, lab - root[:, None], seen.astype(float), source, root)
        yield Film(str(name), keypoints, truth, Subject(height=stature), camera)


def _lasting(rng: np.random.Generator, shape: tuple[int, ...], time: Array) -> Array:
    """Return noise of variance 1 along the first axis, four fifths of which last for 0.15 s."""
    keep = np.exp(-(time[1] - time[0]) / 0.15)
    slow = rng.standard_normal(shape)
    for frame in range(1, shape[0]):
        slow[frame] = keep * slow[frame - 1] + np.sqrt(1 - keep**2) * slow[frame]
    return np.asarray(np.sqrt(0.8) * slow + np.sqrt(0.2) * rng.standard_normal(shape))


ANGLES_JUDGED = ("hip_flexion", "knee_flexion", "ankle_dorsiflexion")


def mocap(recording: Path, seeds: list[int], words: list[str]) -> None:
    """Print errors by part of the clip, of feet and of legs' angles, and what the intervals hold."""
    found: dict[str, dict[str, list[Array]]] = {part: {} for part in PARTS}
    jumps = []
    for seed in seeds:
        for one in films(recording, seed):
            if words and not any(word in one.name for word in words):
                continue
            metric, calibration = calibrate(
                Native().lift(one.keypoints), one.keypoints, one.subject, Camera(focal_length=one.camera.focal_length)
            )
            fitted, _, _ = refine(metric, one.keypoints, calibration, one.subject, Native.errors)
            pose = smooth(fitted, 6.0)[0]
            angles, true = joint_angles(pose), joint_angles(one.truth)
            height, right = heights(pose), heights(one.truth)
            right = right - np.median(right.min(axis=(1, 2)))
            jumps.append(
                (
                    one.name,
                    np.percentile(right, 98) - np.percentile(right, 2),
                    np.percentile(height, 98) - np.percentile(height, 2),
                )
            )
            for part, frames in zip(PARTS, parts_of(pose), strict=True):
                kept = found[part]
                kept.setdefault("height", []).append((height - right)[frames].ravel())
                kept.setdefault("standing", []).append((height - right)[frames][right[frames] < right.min() + 0.01])
                for name in ANGLES_JUDGED:
                    columns = [angles.names.index(f"{side}_{name}") for side in SIDES]
                    error = (angles.values - true.values)[frames][:, columns]
                    kept.setdefault(name, []).append(np.degrees(error).ravel())
                    kept.setdefault(f"{name} held", []).append(
                        (np.abs(error) < REACH_90 * angles.sd[frames][:, columns]).ravel()
                    )
    print(
        "| part | foot height MAE cm | points lower than the truth by > 2 cm, % | "
        + " | ".join(f"{name} MAE ° (90 % hold)" for name in ANGLES_JUDGED)
        + " |"
    )
    print("|---|---|---|" + "---|" * len(ANGLES_JUDGED))
    for part, kept in found.items():
        all_ = {name: np.concatenate(values) for name, values in kept.items()}
        cells = [f"{np.abs(all_[name]).mean():.2f} ({100 * all_[f'{name} held'].mean():.0f})" for name in ANGLES_JUDGED]
        print(
            f"| {part} | {100 * np.abs(all_['height']).mean():.2f} | {100 * (all_['height'] < -ALLOWED).mean():.1f} | "
            + " | ".join(cells)
            + " |"
        )
    high = [(name, true, ours) for name, true, ours in jumps if "DJ" in name]
    if high:
        print(
            "\nfeet of drop jumps, from the lowest to the highest: "
            + ", ".join(
                f"{name.split('/')[1]} {100 * true:.0f} → {100 * ours:.0f} cm" for name, true, ours in high[:12]
            )
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--mocap", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--models", nargs="+", default=["full"])
    parser.add_argument("--only", nargs="+", metavar="NAME")
    options = parser.parse_args()
    if options.mocap:
        mocap(options.mocap, options.seeds, options.only or [])
    if options.clips:
        filmed_people(options)


def filmed_people(options: argparse.Namespace) -> None:
    """Print a row a clip, model and lifter."""
    titles = [f"{what}, {part}" for what in ("lowest cm", "planted %", "ankle °") for part in PARTS]
    titles.insert(3, "points below −2 cm, %")
    print("| clip | model, lifter | " + " | ".join(titles) + " |")
    print("|" + "---|" * (len(titles) + 2))
    for clip in clips(options.clips):
        for model in options.models if not options.only or clip.name in options.only else ():
            for lifter in ("native", "videopose3d"):
                trial = analyze(
                    Settings(
                        video=str(clip.video),
                        subject=Subject(height=clip.stature),
                        person=clip.person,
                        estimator=MediaPipeSettings(model=model),
                        lifter=lifter,
                    )
                )
                cells = row_of(trial.pose, trial.kinematics)
                print(f"| {clip.name} | {model}, {lifter} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
