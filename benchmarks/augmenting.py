"""Joint angles from our landmarks and from the marker enhancer's, against motion capture.

    uv run --extra opensim python benchmarks/augmenting.py --clips FOLDER [--model heavy] [--cache FOLDER]

FOLDER holds walk_video.mp4, squat_video.mp4 and *_sample_mocap.json of the opencap-visualizer. True angles are those between
the bodies of the OpenSim model that motion capture was solved with (Z-X-Y, as its joints): hip pelvis–femur, knee femur–tibia,
ankle tibia–calcaneus. Ours are plain:

- knee: π less the included angle hip–knee–ankle; `frames`: flexion of the shank in the plane across the line of the
  epicondyles, which has a sign;
- hip: of the thigh, in the plane across the line of the hips, against the line from the hips to the shoulders (`trunk`) or
  against a pelvis of both ASIS and the middle of the PSIS (`pelvis`);
- ankle: heel–toe against the shank, less 90°;
- elbow: π less the included angle shoulder–elbow–wrist, against that of humerus–ulna.

Where the enhancer's markers sit on the bones of OpenCap's model is known (Pose2Sim, Markers_LSTM.xml): their pelvis leans 4.7°
forwards of the model's, their line from calcaneus to toe points 6.3° down of the calcaneus's. `pelvis` and `foot` of augmented
poses have these taken off.

MAE, MAE when the mean difference is taken away (which leaves what is not a definition's constant), r, and the error of the
range of motion, degrees, left and right together, at the lag (within 0.12 s) that suits the knees of our own landmarks best.
`straight` is the mean difference where the true angle is below 20°.
"""

import argparse
import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from posedetector import Settings, Subject, analyze
from posedetector.augmenting import augment, layout
from posedetector.pose import MetricPose

STATURES = {"walk": 1.60, "squat": 1.69}  # benchmarks/accuracy.py
MASSES = {"walk": 60.0, "squat": 70.0}  # kilograms; not given with the data, and guessed
PELVIS, FOOT = 4.7, 6.3  # degrees, see above
LAGS = np.arange(-0.12, 0.1201, 0.005)
Curves = dict[str, np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--model", default="heavy")
    parser.add_argument("--cache", type=Path, help="a folder for poses that were worked out before")
    options = parser.parse_args()
    print("| clip | system | angle | MAE ° | MAE, mean removed ° | r | ROM error ° | straight ° |")
    print("|---|---|---|---|---|---|---|---|")
    for clip in STATURES:
        time, truth = captured(options.clips / f"{clip}_sample_mocap.json")
        lag = None
        for system, pose in systems(clip, options):
            curves = angles(pose)
            lag = best_lag(pose.time, curves, time, truth) if lag is None else lag
            for name, values in scores(pose.time, curves, time, truth, lag).items():
                print(f"| {clip} | {system} | {name} | " + " | ".join(f"{value:.2f}" for value in values) + " |")
        print(f"lag on {clip}: {lag:+.3f} s")


def systems(clip: str, options: argparse.Namespace) -> Iterator[tuple[str, MetricPose]]:
    subject = Subject(height=STATURES[clip], mass=MASSES[clip])
    for fit, words in ((True, ""), (False, ", not refined")):
        pose = ours(clip, options, subject, fit=fit)
        yield f"landmarks{words}", pose
        yield f"augmented{words}", augment(pose, subject)
        if fit:
            layout.HIPS, own = (0.0, 0.0, 0.0), layout.HIPS
            yield "augmented, hips given as they are", augment(pose, subject)
            layout.HIPS = own
            for more in (-15.0, 15.0):
                mass = MASSES[clip] + more
                yield f"augmented, {mass:.0f} kg", augment(pose, Subject(height=STATURES[clip], mass=mass))


def ours(clip: str, options: argparse.Namespace, subject: Subject, *, fit: bool) -> MetricPose:
    kept = options.cache and options.cache / f"{clip}_{options.model}_{'fit' if fit else 'raw'}.pkl"
    if kept and kept.exists():
        return pickle.loads(kept.read_bytes())[1]
    video = str(options.clips / f"{clip}_video.mp4")
    trial = analyze(Settings(video=video, subject=subject, model=options.model, lifter="videopose3d", refine=fit))
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps((trial.keypoints, trial.pose)))
    return trial.pose


def captured(path: Path) -> tuple[np.ndarray, Curves]:
    """Return times and the true angles, degrees."""
    data = json.loads(path.read_text())
    turned = {name: Rotation.from_euler("XYZ", np.array(body["rotation"])) for name, body in data["bodies"].items()}

    def between(proximal: str, distal: str) -> np.ndarray:
        return (turned[proximal].inv() * turned[distal]).as_euler("ZXY", degrees=True)[:, 0]

    curves = {}
    for side, letter in (("left", "l"), ("right", "r")):
        curves[f"{side} hip"] = between("pelvis", f"femur_{letter}")
        curves[f"{side} knee"] = -between(f"femur_{letter}", f"tibia_{letter}")
        curves[f"{side} ankle"] = between(f"tibia_{letter}", f"calcn_{letter}")
        curves[f"{side} elbow"] = between(f"humerus_{letter}", f"ulna_{letter}")
    return np.array(data["time"]), curves


def angles(pose: MetricPose) -> Curves:
    """Return the angles of a pose, degrees, as `side joint definition`."""
    at = {name: pose.positions[:, row] for row, name in enumerate(pose.skeleton.points)}
    hips, shoulders = (0.5 * (at[f"left_{part}"] + at[f"right_{part}"]) for part in ("hip", "shoulder"))
    frames = {"trunk": _frame(shoulders - hips, at["right_hip"] - at["left_hip"])}
    if "left_asis" in at:
        asis, psis = (0.5 * (at[f"left_{part}"] + at[f"right_{part}"]) for part in ("asis", "psis"))
        right = _unit(at["right_asis"] - at["left_asis"])
        frames["pelvis"] = _frame(np.cross(right, asis - psis), right)
    curves = {}
    for side, letter in (("left", "L"), ("right", "r")):
        hip, knee, ankle, heel, toe = (at[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "heel", "foot_index"))
        thigh, shank = _unit(hip - knee), _unit(knee - ankle)
        curves[f"{side} knee included"] = np.degrees(np.arccos(np.clip((thigh * shank).sum(1), -1, 1)))
        if "left_asis" in at:
            out = at[f"{letter}_knee_study"] - at[f"{letter}_mknee_study"]
            femur = _frame(thigh, out if side == "right" else -out)
            inside = np.einsum("tji,tj->ti", femur, shank)
            curves[f"{side} knee frames"] = np.degrees(np.arctan2(inside[:, 0], inside[:, 1]))
        for name, frame in frames.items():
            inside = np.einsum("tji,tj->ti", frame, thigh)
            leaning = PELVIS if name == "pelvis" else 0.0
            curves[f"{side} hip {name}"] = np.degrees(np.arctan2(-inside[:, 0], inside[:, 1])) - leaning
        upper, fore = (
            _unit(at[f"{side}_{start}"] - at[f"{side}_{end}"])
            for start, end in (("shoulder", "elbow"), ("elbow", "wrist"))
        )
        curves[f"{side} elbow included"] = np.degrees(np.arccos(np.clip((upper * fore).sum(1), -1, 1)))
        foot = _unit(toe - heel)
        down = FOOT if "left_asis" in at else 0.0
        curves[f"{side} ankle foot"] = 90 - np.degrees(np.arccos((foot * shank).sum(1))) + down
    return curves


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _frame(up: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return (T, 3, 3), the columns forward, up and right; `up` is kept."""
    y = _unit(up)
    x = _unit(np.cross(y, right))
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def best_lag(time: np.ndarray, curves: Curves, moments: np.ndarray, truth: Curves) -> float:
    def off(lag: float) -> float:
        return float(
            np.mean(
                [
                    np.nanstd(_apart(time, curves[f"{side} knee included"], moments, truth[f"{side} knee"], lag))
                    for side in ("left", "right")
                ]
            )
        )

    return float(min(LAGS, key=off))


def _apart(time: np.ndarray, made: np.ndarray, moments: np.ndarray, true: np.ndarray, lag: float) -> np.ndarray:
    at = moments + lag
    inside = (at >= time[0]) & (at <= time[-1])
    known = np.isfinite(made)
    return np.interp(at[inside], time[known], made[known]) - true[inside]


def scores(time: np.ndarray, curves: Curves, moments: np.ndarray, truth: Curves, lag: float) -> dict[str, list[float]]:
    found = {}
    for name in dict.fromkeys(name.split(" ", 1)[1] for name in curves):
        parts = []
        for side in ("left", "right"):
            true = truth[f"{side} {name.split()[0]}"]
            inside = (moments + lag >= time[0]) & (moments + lag <= time[-1])
            apart, true = _apart(time, curves[f"{side} {name}"], moments, true, lag), true[inside]
            made = apart + true
            low = true < 20
            parts.append(
                [
                    abs(apart).mean(),
                    abs(apart - apart.mean()).mean(),
                    np.corrcoef(made, true)[0, 1],
                    np.ptp(made) - np.ptp(true),
                    apart[low].mean() if low.any() else np.nan,
                ]
            )
        found[name] = [float(value) for value in np.mean(parts, axis=0)]
    return found


if __name__ == "__main__":
    main()
