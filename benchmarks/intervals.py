"""How often gait's stated 90 % intervals hold the truth, and how far walking speed is off, on walks filmed by synthetic cameras.

    uv run python benchmarks/intervals.py --mocap FOLDER [--clips 60] [--half 0|1] [--cache FOLDER]
    uv run python benchmarks/intervals.py --mocap FOLDER --bias
    uv run python benchmarks/intervals.py --opencap FOLDER

--mocap: recordings of people who walk straight on, none of which the bundled lifter was trained on: Bandai Namco's and, with
heels of its own, joint_centres/. Each is filmed by a camera of its own, from all around, at 30 or 60 frames a second; its
keypoints err as in the lifter's training; the estimator's depth errs as MediaPipe's is taken to; the stature given errs as
people's legs vary. All that follows is the pipeline's. Truth is the same events and quantities on the true joints, at 60 Hz.
--half: every other recording, so that constants can be chosen on one half and tried on the other.
--bias: walking speed with the focal length, the size, or both as they truly are: what each of them costs.
--opencap: the walk filmed by a phone, detected by MediaPipe's heavy and full model, against motion capture.
"""

import argparse
import pickle
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gait import captured, gait_of
from posedetector import Settings, Subject
from posedetector.anthropometry import LEG
from posedetector.calibration import Camera, calibrate
from posedetector.cleaning import clean
from posedetector.estimators import MediaPipeSettings
from posedetector.filters import interpolate
from posedetector.kinematics import FLOOR, Ground, Scale, find_treadmill, study
from posedetector.kinematics.nouns import REACH_90, UNITS, Gait, Quantity
from posedetector.kinematics.steps import UNIT
from posedetector.lifters import make_lifter
from posedetector.lifters.inputs import apparent_size
from posedetector.pipeline import analyze
from posedetector.pose import Array, Keypoints, MetricPose, RelativePose, Source
from posedetector.refinement import other_opinions, refine, scale_of
from posedetector.refinement.body import SEGMENTS
from posedetector.skeletons import H36M_17, Skeleton
from posedetector.smoothing import smooth
from posedetector.training.bodies import BODY_14, to_h36m
from posedetector.training.cameras import Filmed
from posedetector.training.mocap import with_face
from posedetector.training.noise import detect

FEET = ("left_heel", "right_heel", "left_foot_index", "right_foot_index")
SKELETON = Skeleton(
    "filmed",
    (*BODY_14.points, *FEET),
    (*BODY_14.parents, *(BODY_14.index(f"{side}_ankle") for side in ("left", "right", "left", "right"))),
)
JOINTS = BODY_14.points[:12]
TRUTH_RATE = 60.0
LONGEST = 5.0  # seconds of a clip
CUTOFF = 6.0  # Hz, the pipeline's
SPEED = ("walking_speed", "")
BANDAI = {
    f"{side}_{ours}": f"{theirs}_{side[0].upper()}"
    for side in ("left", "right")
    for ours, theirs in {
        "shoulder": "UpperArm", "elbow": "LowerArm", "wrist": "Hand", "hip": "UpperLeg", "knee": "LowerLeg",
        "ankle": "Foot", "foot_index": "Toes",
    }.items()
}  # fmt: skip
# What people film with, a judgement: phones' main cameras of 24–28 mm (of 36), cropped by up to a fifth for stabilisation;
# one in five anything from a wide webcam to a long lens. Focal length over the picture's longer side.
PHONES, CROPPED, OTHERS, PHONE_SHARE = (24 / 36, 28 / 36), (1.0, 1.25), (0.55, 1.3), 0.8
OFF = 0.03  # of the stature: how far a leg's share of it is from the table's
DEPTH, DEPTH_OF_BONE, ACROSS, LASTING = (
    0.06,
    0.35,
    0.012,
    0.3,
)  # of stature, of the bone, of stature, seconds: an estimator's own
COMPARED = ("walking_speed", "stride_length", "step_length", "step_width", "stride_time", "step_time", "cadence",
            "stance_share", "double_support_share", "step_time_asymmetry", "stance_share_asymmetry", "step_length_asymmetry")  # fmt: skip


class Walk(NamedTuple):
    """A recording: its name, joints (T, 18, 3) in metres, Y up, and its rate."""

    name: str
    points: Array
    rate: float

    def at(self, time: Array) -> Array:
        """Return the joints at these moments, seconds."""
        return interpolate(np.arange(len(self.points)) / self.rate, self.points, time)


class Case(NamedTuple):
    """A filmed walk: keypoints, the pose that was lifted from them, what was true."""

    name: str
    keypoints: Keypoints
    lifted: RelativePose
    truth: MetricPose
    stature: float
    focal: float
    along: float  # of the path, along the line of sight


def recorded(folder: Path) -> list[Walk]:
    """Return all recordings of straight walking."""
    found = []
    with np.load(folder / "bandai_namco.npz") as file:
        rows = [list(file["joints"]).index(name) for name in BANDAI.values()]
        names, ends = [str(name) for name in file["clips"]], np.cumsum(file["lengths"])
        positions, rate = file["positions_mm"], float(file["fps"])
        for name, end, length in zip(names, ends, file["lengths"], strict=True):
            if "_walk_" in name:
                joints = positions[end - length : end, rows] / 1000.0
                by_name = {one: joints[:, number] for number, one in enumerate(BANDAI)}
                found.append(Walk(name, _whole(by_name, name), rate))
    lineage = folder / "joint_centres" / "opencap_lineage_do_not_train.npz"
    with np.load(lineage) as file:
        joints = [str(name).replace("toes", "foot_index") for name in file["joints"]]
        names, ends, rate = [str(name) for name in file["clips"]], np.cumsum(file["lengths"]), float(file["fps"])
        for name, end, length in zip(names, ends, file["lengths"], strict=True):
            if "walking" in name:
                part = file["positions_mm"][end - length : end].astype(float) / 1000
                found.append(Walk(name, _whole({one: part[:, row] for row, one in enumerate(joints)}, name), rate))
    return [walk for walk in found if _straight(walk)]


def _whole(joints: dict[str, Array], name: str) -> Array:
    """Return all points (T, 18, 3): the recorded legs' motion on a body of drawn proportions, as detectors see bodies.

    Recordings are of few skeletons, some odd (Bandai Namco's shoulders are 0.13 of stature apart). Legs keep their segments
    and feet their place on the floor. A heel that was not recorded is rigid with ankle and toes and stands when they stand;
    the toes' tip is ahead of their joint and does not point into the floor, as toes do not in push-off.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    share = {
        one: SEGMENTS[one].share * rng.normal(1, 0.04) for one in ("hips", "shoulders", "trunk", "upper_arm", "forearm")
    }
    sides = ("left", "right")
    if "left_heel" not in joints:
        joints |= {f"{side}_heel": _heel(joints, side) for side in sides}
    legs = [
        np.median(np.linalg.norm(joints[f"{side}_{near}"] - joints[f"{side}_{far}"], axis=1))
        for side in sides
        for near, far in (("hip", "knee"), ("knee", "ankle"))
    ]
    stature = float(np.sum(legs)) / 2 / LEG
    old = {one: (joints[f"left_{one}"] + joints[f"right_{one}"]) / 2 for one in ("hip", "shoulder")}
    new = dict(joints)
    up, width = (
        _unit(old["shoulder"] - old["hip"]),
        {one: _unit(joints[f"left_{one}"] - joints[f"right_{one}"]) for one in old},
    )
    shoulders = old["hip"] + np.sqrt(share["trunk"] ** 2 - 0.055**2) * stature * up
    for sign, side in ((0.5, "left"), (-0.5, "right")):
        shift = old["hip"] + sign * share["hips"] * stature * width["hip"] - joints[f"{side}_hip"]
        for one in ("hip", "knee", "ankle", "heel", "foot_index"):
            new[f"{side}_{one}"] = joints[f"{side}_{one}"] + shift
        sole = _unit(new[f"{side}_foot_index"] - new[f"{side}_heel"])
        sole[:, 1] = np.maximum(sole[:, 1], 0)
        lacks = SEGMENTS["sole"].share * stature - np.median(
            np.linalg.norm(new[f"{side}_foot_index"] - new[f"{side}_heel"], axis=1)
        )
        new[f"{side}_foot_index"] = new[f"{side}_foot_index"] + max(lacks, 0) * _unit(sole)
        new[f"{side}_shoulder"] = shoulders + sign * share["shoulders"] * stature * width["shoulder"]
        for near, far, segment in (("shoulder", "elbow", "upper_arm"), ("elbow", "wrist", "forearm")):
            along = _unit(joints[f"{side}_{far}"] - joints[f"{side}_{near}"])
            new[f"{side}_{far}"] = new[f"{side}_{near}"] + share[segment] * stature * along
    body = with_face(np.stack([new[one] for one in JOINTS], axis=1)).astype(float)
    return np.concatenate([body, np.stack([new[one] for one in FEET], axis=1)], axis=1)


def _heel(joints: dict[str, Array], side: str) -> Array:
    ankle, toe = joints[f"{side}_ankle"], joints[f"{side}_foot_index"]
    length = float(np.median(np.linalg.norm(toe - ankle, axis=1)))
    along, left = _unit(toe - ankle), joints["left_hip"] - joints["right_hip"]
    down = _unit(np.cross(along, left))
    down *= np.sign(-np.median(down[:, 1]))
    high = ankle[:, 1] + toe[:, 1]
    drop = float(np.median((ankle - toe)[high <= np.percentile(high, 25), 1]))
    ahead = float(np.sqrt(length**2 - drop**2))
    # standing, the heel is a third as far behind the ankle as the toes are ahead, at their height
    return np.asarray(ankle + ((drop**2 - ahead**2 / 3) * along + 4 / 3 * drop * ahead * down) / length)


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def _straight(walk: Walk) -> bool:
    hips = walk.points[:, BODY_14.indices("left_hip", "right_hip")].mean(axis=1)[:, [0, 2]]
    way, path = np.linalg.norm(hips[-1] - hips[0]), np.linalg.norm(np.diff(hips, axis=0), axis=1).sum()
    return bool(way > 0.95 * path and way / len(hips) * walk.rate > 0.5)


def filmed(walk: Walk, seed: int) -> Case | None:
    """Return the walk before a camera of its own, or None where less than 1.2 s of it is in the picture."""
    rng = np.random.default_rng([seed, zlib.crc32(walk.name.encode())])
    rate = float(rng.choice([30.0, 60.0]))
    seconds = min((len(walk.points) - 1) / walk.rate, LONGEST)
    time = np.arange(int(seconds * rate) + 1) / rate
    points = walk.at(time)
    hips = points[:, BODY_14.indices("left_hip", "right_hip")].mean(axis=1)
    way = (hips[-1] - hips[0]) * [1, 0, 1]
    ahead = way / np.linalg.norm(way)
    # at random from across to straight at or away from the camera
    angle = rng.uniform(0, np.pi / 2) * rng.choice([-1, 1]) + rng.choice([0, np.pi])
    upright = rng.random() < np.sin(angle) ** 2
    width, height = (720, 1280) if upright else (1280, 720)
    share = rng.uniform(*PHONES) * rng.uniform(*CROPPED) if rng.random() < PHONE_SHARE else rng.uniform(*OTHERS)
    focal = share * max(width, height)
    side = np.cross([0.0, 1.0, 0.0], ahead)
    away = np.cos(angle) * side + np.sin(angle) * ahead
    tilt = np.radians(rng.normal(4, 4))
    right = np.cross(away, [0.0, 1.0, 0.0])
    away = np.cos(tilt) * away - np.sin(tilt) * np.array([0.0, 1.0, 0.0])
    turn = np.stack([right, np.cross(away, right), away])
    roll = np.radians(rng.normal(0, 1))
    turn = np.array([[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]]) @ turn
    seen = (points - hips.mean(axis=0)) @ turn.T
    size = float(np.ptp(points[..., 1], axis=1).max())
    nearest = focal * size / (rng.uniform(0.6, 0.9) * height) - seen[..., 2].min()
    across = focal * np.abs(seen[..., 0]).max() / (rng.uniform(0.7, 1.2) * width / 2)
    seen[..., 2] += max(nearest, across, 1.2 - seen[..., 2].min())
    picture = focal * seen[..., :2] / seen[..., 2:] + np.array([width, height]) / 2
    inside = ((picture > 0) & (picture < [width, height])).all(axis=(1, 2))
    rows = max(
        np.split(np.arange(len(time)), np.flatnonzero(np.diff(inside.astype(int))) + 1),
        key=lambda one: len(one) * inside[one[0]],
    )
    if not inside[rows[0]] or len(rows) < 1.2 * rate:
        return None
    time, seen = time[rows] - time[rows[0]], seen[rows]
    keypoints = _detected(seen, time, focal, (width, height), rng)
    legs = [
        np.linalg.norm(seen[:, SKELETON.index(f"{side}_{near}")] - seen[:, SKELETON.index(f"{side}_{far}")], axis=1)
        for side in ("left", "right")
        for near, far in (("hip", "knee"), ("knee", "ankle"))
    ]
    fine = rows[0] / rate + np.arange(int(time[-1] * TRUTH_RATE) + 1) / TRUTH_RATE
    path = hips[rows[-1]] - hips[rows[0]]
    return Case(
        walk.name,
        keypoints,
        make_lifter("videopose3d").lift(clean(keypoints).keypoints),
        pose_of(walk.at(fine), fine - fine[0]),
        float(np.median(legs, axis=1).sum()) / 2 / LEG,
        focal,
        float(abs(path @ turn[2]) / np.linalg.norm(path)),
    )


def _detected(seen: Array, time: Array, focal: float, image: tuple[int, int], rng: np.random.Generator) -> Keypoints:
    """Return keypoints of points (T, 18, 3) in the camera's frame, metres."""
    half = image[0] / 2
    bodies = np.stack([seen[:, :14], seen[:, :14]])
    # the feet err as knees and ankles do
    rows = [BODY_14.index(f"{side}_{name}") for name in ("knee", "ankle") for side in ("left", "right")]
    bodies[1][:, rows] = seen[:, 14:]
    films = Filmed(
        bodies.astype(np.float32), np.full(2, focal / half, np.float32), np.full(2, image[1] / image[0], np.float32)
    )
    size = np.median(apparent_size(to_h36m(films.screen(films.camera)), H36M_17), axis=1, keepdims=True)
    found = detect(films, np.repeat(size[:1], 2, axis=0), rng)
    screen = np.concatenate([found.screen[0], found.screen[1][:, rows]], axis=1).astype(float)
    score = np.concatenate([found.score[0], found.score[1][:, rows]], axis=1).astype(float).clip(0, 1)
    xyz = seen - seen[:, BODY_14.indices("left_hip", "right_hip")].mean(axis=1, keepdims=True)
    stature = 1.75
    keep = np.exp(-np.median(np.diff(time)) / LASTING)
    noise = rng.normal(size=xyz.shape)
    for row in range(1, len(noise)):
        noise[row] = keep * noise[row - 1] + np.sqrt(1 - keep**2) * noise[row]
    off = noise * [ACROSS * stature, ACROSS * stature, 0]
    for row, parent in enumerate(SKELETON.parents):
        bone = np.median(np.linalg.norm(xyz[:, row] - (xyz[:, parent] if parent >= 0 else 0), axis=1))
        off[:, row, 2] = min(DEPTH * stature, DEPTH_OF_BONE * bone) * noise[:, row, 2] + (
            off[:, parent, 2] if parent >= 0 else 0
        )
    there = score > 0
    xy, deep = (
        np.where(there[..., None], one, np.nan) for one in (screen * half + np.array(image) / 2, 0.9 * (xyz + off))
    )
    return Keypoints(SKELETON, time, xy, score, np.where(there, Source.MEASURED, Source.NONE), deep, image)


def pose_of(points: Array, time: Array) -> MetricPose:
    """Return joints (T, 18, 3) as a pose, low-passed as the pipeline's are."""
    root = points[:, SKELETON.indices("left_hip", "right_hip")].mean(axis=1)
    source = np.full(points.shape[:2], Source.MEASURED, np.uint8)
    return smooth(MetricPose(SKELETON, time, points - root[:, None], np.ones(source.shape), source, root), CUTOFF)[0]


class Fitted(NamedTuple):
    """What the pipeline makes of a case: the pose, as smoothed, and what its kinematics are told."""

    pose: MetricPose
    subject: Subject
    ground: Ground
    scale: Scale
    focal: float

    @property
    def gait(self) -> Gait:
        """What is found in it."""
        return study(self.pose, self.subject, self.ground, scale=self.scale).gait


def fitted(case: Case, off: float = 0.0, *, focal: bool = False) -> Fitted:
    """Return what the pipeline makes of a case with a stature that is off by this share; `focal`: the true focal length is given."""
    subject = Subject(height=case.stature * (1 + off))
    cleaned = clean(case.keypoints).keypoints
    lifter = make_lifter("videopose3d")
    metric, calibration = calibrate(case.lifted, cleaned, subject, Camera(focal_length=case.focal if focal else None))
    treadmill = find_treadmill(smooth(metric, CUTOFF)[0], FLOOR)
    belt = None if treadmill is None else treadmill.velocity
    others = other_opinions(lifter, cleaned)
    pose, calibration, refinement = refine(metric, cleaned, calibration, subject, lifter.errors, others, belt=belt)
    scale = scale_of(calibration, refinement)
    return Fitted(
        smooth(pose, CUTOFF)[0], subject, replace(FLOOR, treadmill=treadmill), scale, calibration.focal_length
    )


def filmed_walks(mocap: Path, clips: int, half: int, seed: int, cache: Path | None = None) -> list[Case]:
    """Return the cases of one half of the recordings: every other of a shuffled list."""
    kept = cache and cache / f"filmed_{clips}_{half}_{seed}.pkl"
    if kept and kept.exists():
        found: list[Case] = pickle.loads(kept.read_bytes())
        return found
    walks, found = recorded(mocap), []
    for number in np.random.default_rng(seed).permutation(len(walks))[half::2]:
        case = filmed(walks[number], seed)
        if case is not None and true_gait(case).quality != "none":
            found.append(case)
        if len(found) == clips:
            break
    if kept:
        kept.write_bytes(pickle.dumps(found))
    return found


def true_gait(case: Case) -> Gait:
    return gait_of(case.truth)


def by_name(gait: Gait) -> dict[tuple[str, str], Quantity]:
    return {(one.name, one.side): one for one in gait.quantities}


def coverage(pairs: Sequence[tuple[Gait, Gait]]) -> dict[str, Array]:
    """Return by quantity (N, 2) of gaits (measured, true): error and standard deviation said, in the quantity's unit."""
    found: dict[str, list[tuple[float, float]]] = {}
    for measured, true in pairs:
        truth = by_name(true)
        for key, one in by_name(measured).items():
            if key in truth and np.isfinite(one.error):
                found.setdefault(one.name, []).append((one.value - truth[key].value, one.error))
    return {name: np.array(found[name]) for name in COMPARED if name in found}


def print_coverage(pairs: Sequence[tuple[Gait, Gait]]) -> None:
    print(
        "| quantity | values | bias | RMS error | SD said, median | truth in the 90 % interval |\n|---|---|---|---|---|---|"
    )
    for name, both in coverage(pairs).items():
        unit = UNITS[UNIT.get(name, "share")][0]
        error, said = both.T
        held = 100 * float((np.abs(error) < REACH_90 * said).mean())
        size = f"{error.mean():+.3f} | {np.sqrt((error**2).mean()):.3f} | {np.median(said):.3f}"
        print(f"| {name}, {unit} | {len(error)} | {size} | {held:.0f} % |", flush=True)


def print_bias(cases: Sequence[Case], fits: Sequence[Fitted]) -> None:
    """Compare walking speed with the focal length fitted and with the true one, at the true size."""
    print(
        "| path along the optical axis | clips | focal length, fitted / true | speed, all fitted | true focal length given |"
    )
    print("|---|---|---|---|---|")
    rows = []
    for case, fit in zip(cases, fits, strict=True):
        true = by_name(true_gait(case)).get(SPEED)
        own = [by_name(one.gait).get(SPEED) for one in (fit, fitted(case, focal=True))]
        if true is not None and all(own):
            size = fit.subject.height / case.stature
            off = [one.value / true.value for one in own if one is not None]
            rows.append((case.along, fit.focal / case.focal, off[0] / size, off[1]))
    table = 100 * (np.array(rows) - [0, 1, 1, 1])
    for low, high in ((0, 60), (60, 101)):
        part = table[(table[:, 0] >= low) & (table[:, 0] < high)]
        said = " | ".join(f"{one.mean():+.1f} ± {one.std(ddof=1):.1f} %" for one in part[:, 1:].T)
        print(f"| {low}–{min(high, 100)} % | {len(part)} | {said} |", flush=True)


def opencap(folder: Path) -> None:
    """Compare the phone's walk with motion capture; the subject's stature is 1.60 m, judged by the captured segments."""
    true = gait_of(captured(folder / "walk_sample_mocap.json"))
    print("| model | quantity | motion capture | ours | interval holds it |\n|---|---|---|---|---|")
    for model in ("heavy", "full"):
        settings = Settings(
            video=str(folder / "walk_video.mp4"), subject=Subject(height=1.60), estimator=MediaPipeSettings(model=model)
        )
        truth = by_name(true)
        for key, one in by_name(analyze(settings).kinematics.gait).items():
            if key in truth and one.name in COMPARED:
                low, high = one.interval
                held = "yes" if low <= truth[key].value <= high else "no"
                print(
                    f"| {model} | {one.name} {one.side} | {truth[key].value:.3f} | {one.value:.3f} (90 %: {low:.3f}–{high:.3f}) | {held} |",
                    flush=True,
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mocap", type=Path)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--half", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--bias", action="store_true")
    parser.add_argument("--opencap", type=Path)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", "hips and shoulders disagree")
    if options.mocap:
        cases = filmed_walks(options.mocap, options.clips, options.half, options.seed, options.cache)
        offs = np.random.default_rng(options.seed).normal(0, OFF, len(cases))
        fits = [fitted(case, float(off)) for case, off in zip(cases, offs, strict=True)]
        if options.bias:
            print_bias(cases, fits)
        print_coverage([(fit.gait, true_gait(case)) for fit, case in zip(fits, cases, strict=True)])
    if options.opencap:
        opencap(options.opencap)


if __name__ == "__main__":
    main()
