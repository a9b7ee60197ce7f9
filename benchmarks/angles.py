"""Joint angles against motion capture: our table against OpenSim's own coordinates, and where the errors come from.

    uv run --extra opensim python benchmarks/angles.py --clips FOLDER --models heavy full
    uv run --extra opensim python benchmarks/angles.py --clips FOLDER --models heavy --sources
    uv run --extra opensim python benchmarks/angles.py --clips FOLDER --models heavy --masses

--clips: a folder with walk_video.mp4, squat_video.mp4 and *_sample_{mocap,mono,wham}.json of the opencap-visualizer. True angles
are read off the rotations of the OpenSim bodies (pelvis, femur, tibia, calcn; Z-X-Y of Grood & Suntay), not off joint centres, and
so are the peers'. MAE, r and error of the range of motion are means of both sides; "level" is the MAE once each side's
mean difference is taken away: what is left when a constant difference of definition does not count. The lag is
sought within ±0.12 s, one for all angles.

"augmented" are joint centres and pelvis of `--augment-markers`; masses are not given with the clips, and guessed (60 and 70 kg).
--masses: how much that matters: augmented angles with 15 kg more and less.

--sources: the same angles from (definition) motion capture's own joint centres, by our table; (2D) our keypoints at the true
depth; (depth) true keypoints, lifted by us. The camera that is needed for the last two is the one that shows motion
capture's joints where our keypoints are, least squares over the clip; so a constant error of all keypoints is not seen.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from posedetector import Settings, Subject
from posedetector.augmenting import augment
from posedetector.calibration import calibrate
from posedetector.estimators import MediaPipeSettings
from posedetector.kinematics import study
from posedetector.lifters import make_lifter
from posedetector.pipeline import analyze
from posedetector.pose import Array, Keypoints, MetricPose, Source
from posedetector.refinement import other_opinions, refine
from posedetector.skeletons import Skeleton
from posedetector.smoothing import smooth
from posedetector.trial import Trial

STATURES = {"walk": 1.60, "squat": 1.69}
MASSES = {"walk": 60.0, "squat": 70.0}
PEERS = {"OpenCap Monocular": "mono", "WHAM": "wham"}
SHOWN = ("hip_flexion", "knee_flexion", "ankle_dorsiflexion")
MAX_LAG = 0.12
# OpenSim's bodies, whose origins are these points
ORIGINS = {
    "femur": "hip",
    "tibia": "knee",
    "talus": "ankle",
    "calcn": "heel",
    "toes": "foot_index",
    "humerus": "shoulder",
    "ulna": "elbow",
    "hand": "wrist",
}

Angles = dict[str, Array]


class Bodies(NamedTuple):
    """Motion capture: times from 0, places (T, 3) in metres and rotations (T, 3, 3) of the bodies."""

    time: Array
    places: dict[str, Array]
    turns: dict[str, Array]


def read(path: Path) -> Bodies:
    data = json.loads(path.read_text(encoding="utf-8"))
    time = np.array(data["time"])
    places = {name: np.array(body["translation"]) for name, body in data["bodies"].items()}
    turns = {name: Rotation.from_euler("XYZ", body["rotation"]).as_matrix() for name, body in data["bodies"].items()}
    return Bodies(time - time[0], places, turns)


def coordinates(bodies: Bodies) -> Angles:
    """Return OpenSim's coordinates in degrees, with our names and signs."""
    found: Angles = {"pelvis_tilt": -_euler(bodies.turns["pelvis"], "YXZ")[:, 2]}
    for letter, side in (("l", "left"), ("r", "right")):
        pelvis, femur, tibia, calcn = (
            bodies.turns[name] for name in ("pelvis", f"femur_{letter}", f"tibia_{letter}", f"calcn_{letter}")
        )
        hip = _euler(_between(pelvis, femur), "ZXY")
        found[f"{side}_hip_flexion"] = hip[:, 0]
        found[f"{side}_hip_adduction"] = hip[:, 1] * (1 if side == "right" else -1)
        found[f"{side}_knee_flexion"] = -_euler(_between(femur, tibia), "ZXY")[:, 0]
        found[f"{side}_ankle_dorsiflexion"] = _euler(_between(tibia, calcn), "ZXY")[:, 0]
    return found


def _between(near: Array, far: Array) -> Array:
    return np.swapaxes(near, 1, 2) @ far


def _euler(turns: Array, sequence: str) -> Array:
    return Rotation.from_matrix(turns).as_euler(sequence, degrees=True)


def joints(bodies: Bodies) -> MetricPose:
    """Return the bodies' origins as a pose in their own laboratory."""
    names = [
        (f"{side}_{point}", bodies.places[f"{body}_{side[0]}"])
        for body, point in ORIGINS.items()
        for side in ("left", "right")
    ]
    xyz = np.stack([place for _, place in names], axis=1)
    skeleton = Skeleton("opensim", tuple(name for name, _ in names), (-1,) * len(names))
    root = xyz[:, skeleton.indices("left_hip", "right_hip")].mean(axis=1)
    seen = np.ones(xyz.shape[:2])
    return MetricPose(
        skeleton, bodies.time, xyz - root[:, None], seen, np.full(seen.shape, Source.MEASURED, np.uint8), root
    )


def degrees(pose: MetricPose) -> Angles:
    angles = study(pose, Subject(height=1.7)).angles
    return dict(zip(angles.names, np.degrees(angles.values).T, strict=True))


def find_lag(time: Array, angles: Angles, truth_time: Array, truth: Angles) -> float:
    """Return the seconds that lie between both clocks: those at which knees and hips run most alike."""

    def unlike(lag: float) -> float:
        names = [f"{side}_{name}" for side in ("left", "right") for name in SHOWN[:2]]
        return float(np.mean([np.nanstd(angles[name] - at(truth_time, truth[name], time + lag)) for name in names]))

    return min(np.arange(-MAX_LAG, MAX_LAG + 0.001, 0.005), key=unlike)


def at(time: Array, values: Array, moments: Array) -> Array:
    return np.interp(moments, time, values, left=np.nan, right=np.nan)


def compare(time: Array, angles: Angles, truth_time: Array, truth: Angles) -> dict[str, tuple[float, ...]]:
    """Return by angle: MAE, MAE without the mean, r, and the absolute error of the range of motion; means of both sides."""
    lag = find_lag(time, angles, truth_time, truth)
    result = {}
    for name in SHOWN:
        sides = []
        for side in ("left", "right"):
            true = at(truth_time, truth[f"{side}_{name}"], time + lag)
            made = angles[f"{side}_{name}"]
            known = np.isfinite(true) & np.isfinite(made)
            off = (made - true)[known]
            r = np.corrcoef(made[known], true[known])[0, 1]
            sides.append(
                (
                    np.abs(off).mean(),
                    np.abs(off - off.mean()).mean(),
                    r,
                    abs(np.ptp(made[known]) - np.ptp(true[known])),
                    off.mean(),
                )
            )
        result[name] = tuple(np.mean(sides, axis=0))
    return result


def ours(clip: str, folder: Path, model: str, lifter: str, *, fit: bool = True) -> Trial:
    settings = Settings(
        video=str(folder / f"{clip}_video.mp4"),
        subject=Subject(height=STATURES[clip]),
        estimator=MediaPipeSettings(model=model),
        lifter=lifter,
        refine=fit,
    )
    return analyze(settings)


def augmented(pose: MetricPose, clip: str, mass: float) -> MetricPose:
    return augment(pose, Subject(height=STATURES[clip], mass=mass))


def systems(clip: str, folder: Path, models: list[str]) -> Iterator[tuple[str, Array, Angles]]:
    for model in models:
        for lifter, word in (("native", "own depth"), ("videopose3d", "bundled lifter")):
            for fit in (False, True):
                pose = ours(clip, folder, model, lifter, fit=fit).pose
                name = f"posedetector, MediaPipe {model}, {word}"
                yield name + ("" if fit else ", not refined"), pose.time, degrees(pose)
                if fit:
                    yield f"{name}, augmented", pose.time, degrees(augmented(pose, clip, MASSES[clip]))
    for name, word in PEERS.items():
        bodies = read(folder / f"{clip}_sample_{word}.json")
        yield name, bodies.time, coordinates(bodies)


def accuracy(folder: Path, models: list[str]) -> None:
    header()
    means: dict[str, list[dict[str, tuple[float, ...]]]] = {}
    for clip in STATURES:
        bodies = read(folder / f"{clip}_sample_mocap.json")
        truth = coordinates(bodies)
        for name, time, angles in systems(clip, folder, models):
            found = compare(time, angles, bodies.time, truth)
            means.setdefault(name, []).append(found)
            row(clip, name, found)
    for name, found in means.items():
        row("mean", name, {angle: tuple(np.mean([one[angle] for one in found], axis=0)) for angle in SHOWN})


def masses(folder: Path, models: list[str]) -> None:
    header()
    for clip in STATURES:
        bodies = read(folder / f"{clip}_sample_mocap.json")
        for model in models:
            pose = ours(clip, folder, model, "videopose3d").pose
            for off in (-15.0, 0.0, 15.0):
                mass = MASSES[clip] + off
                found = compare(pose.time, degrees(augmented(pose, clip, mass)), bodies.time, coordinates(bodies))
                row(clip, f"MediaPipe {model}, bundled lifter, augmented, {mass:.0f} kg", found)


def sources(folder: Path, models: list[str]) -> None:
    header()
    for clip in STATURES:
        bodies = read(folder / f"{clip}_sample_mocap.json")
        truth = coordinates(bodies)
        row(
            clip,
            "definition: true joint centres, our table",
            compare(bodies.time, degrees(joints(bodies)), bodies.time, truth),
        )
        for model in models:
            trial = ours(clip, folder, model, "videopose3d")
            whole = compare(trial.pose.time, degrees(trial.pose), bodies.time, truth)
            lag = find_lag(trial.pose.time, degrees(trial.pose), bodies.time, truth)
            view = camera(trial, bodies, lag)
            seen = replace(at_true_depth(trial.keypoints, view), time=trial.pose.time)
            row(
                clip,
                f"2D: keypoints of {model} at the true depth",
                compare(seen.time, degrees(seen), bodies.time, truth),
            )
            lifted = from_true_keypoints(trial, view)
            row(
                clip,
                f"depth: true keypoints, lifted and refined ({model}'s scores)",
                compare(lifted.time, degrees(lifted), bodies.time, truth),
            )
            row(clip, f"all: posedetector, MediaPipe {model}, bundled lifter", whole)
            marked = degrees(augmented(trial.pose, clip, MASSES[clip]))
            row(clip, "all, augmented", compare(trial.pose.time, marked, bodies.time, truth))


class View(NamedTuple):
    """Motion capture's joints in the camera's frame (T, J, 3), metres, at the video's times; NaN where it has none."""

    skeleton: Skeleton
    points: Array
    focal: float


def camera(trial: Trial, bodies: Bodies, lag: float) -> View:
    """Return motion capture as the camera sees it: where and of what focal length, least squares say."""
    keypoints, truth = trial.keypoints, joints(bodies)
    whole = np.stack(
        [
            np.stack([at(bodies.time, track, trial.pose.time + lag) for track in point.T], axis=1)
            for point in np.moveaxis(truth.positions, 1, 0)
        ],
        axis=1,
    )
    names = [f"{side}_{point}" for side in ("left", "right") for point in ("hip", "knee", "ankle", "shoulder")]
    world = whole[:, truth.skeleton.indices(*names)]
    xy = keypoints.xy[:, keypoints.skeleton.indices(*names)] - np.array(keypoints.image_size) / 2
    seen = np.isfinite(world).all(axis=-1) & np.isfinite(xy).all(axis=-1)
    start = _start(trial, world, names)

    def off(unknowns: Array) -> Array:
        moved = world[seen] @ Rotation.from_rotvec(unknowns[:3]).as_matrix().T + unknowns[3:6]
        return (np.exp(unknowns[6]) * moved[:, :2] / moved[:, 2:] - xy[seen]).ravel()

    found = least_squares(off, start, loss="soft_l1", f_scale=5.0).x
    points = whole @ Rotation.from_rotvec(found[:3]).as_matrix().T + found[3:6]
    return View(truth.skeleton, points, float(np.exp(found[6])))


def _start(trial: Trial, world: Array, names: list[str]) -> Array:
    """Return a rotation vector, a translation and a logarithm of the focal length, from our own pose in the camera's frame."""
    calibration = trial.provenance.calibration
    own = trial.pose.positions[:, trial.pose.skeleton.indices(*names)] - np.array(calibration.camera_position_m)
    own = own @ np.array(calibration.camera_to_laboratory)
    known = np.isfinite(own).all(axis=-1) & np.isfinite(world).all(axis=-1)
    turn, _ = Rotation.align_vectors(own[known] - own[known].mean(axis=0), world[known] - world[known].mean(axis=0))
    shift = own[known].mean(axis=0) - turn.apply(world[known].mean(axis=0))
    return np.concatenate([turn.as_rotvec(), shift, [np.log(calibration.focal_length_px)]])


def at_true_depth(keypoints: Keypoints, view: View) -> MetricPose:
    """Return our keypoints on their rays, as far away as motion capture says."""
    rows = keypoints.skeleton.indices(*view.skeleton.points)
    ray = (keypoints.xy[:, rows] - np.array(keypoints.image_size) / 2) / view.focal
    depth = view.points[..., 2:]
    xyz = np.concatenate([ray * depth, depth], axis=-1) * [1, -1, -1]  # Y up
    seen = np.isfinite(xyz).all(axis=-1)
    pose = MetricPose(
        view.skeleton,
        keypoints.time,
        xyz,
        seen.astype(float),
        np.where(seen, Source.MEASURED, Source.NONE).astype(np.uint8),
        np.zeros((len(xyz), 3)),
    )
    return smooth(pose, 6.0)[0]


def from_true_keypoints(trial: Trial, view: View) -> MetricPose:
    """Return what our road makes of motion capture's joints as the camera would show them; the other points stay ours."""
    keypoints = trial.keypoints
    pixels = view.focal * view.points[..., :2] / view.points[..., 2:] + np.array(keypoints.image_size) / 2
    xy = keypoints.xy.copy()
    rows = keypoints.skeleton.indices(*view.skeleton.points)
    known = np.isfinite(pixels).all(axis=-1) & np.isfinite(xy[:, rows]).all(axis=-1)
    xy[:, rows] = np.where(known[..., None], pixels, xy[:, rows])
    true = replace(keypoints, xy=xy)
    settings = Settings(video="", subject=trial.subject, lifter="videopose3d", focal_length=view.focal)
    lifter = make_lifter(settings.lifter, settings.for_lifter())
    metric, found = calibrate(lifter.lift(true), true, settings.subject, settings.camera)
    metric, *_ = refine(metric, true, found, settings.subject, lifter.errors, other_opinions(lifter, true))
    return smooth(metric, 6.0)[0]


def header() -> None:
    print(
        "| clip | what | "
        + " | ".join(f"{name.replace('_', ' ')}: MAE °, level °, r, ROM error °" for name in SHOWN)
        + " |"
    )
    print("|" + "---|" * (2 + len(SHOWN)))


def row(clip: str, name: str, found: dict[str, tuple[float, ...]]) -> None:
    cells = [
        f"{mae:.1f} ({bias:+.1f}), {level:.1f}, {r:.3f}, {rom:.1f}"
        for mae, level, r, rom, bias in (found[name] for name in SHOWN)
    ]
    print(f"| {clip} | {name} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--models", nargs="+", default=["full"])
    parser.add_argument("--sources", action="store_true")
    parser.add_argument("--masses", action="store_true")
    options = parser.parse_args()
    work = sources if options.sources else masses if options.masses else accuracy
    work(options.clips, options.models)


if __name__ == "__main__":
    main()
