"""Repetitions: how many are found of those that are there, and when they start, turn and end.

`uv run python benchmarks/repetitions.py [SHARED]`, where SHARED (../shared) has the motion capture and the clip. Motion capture's
own joint centres; the same with noise and with the depths of trunk and hips shrunk, as an estimator has them; and the filmed squats.
Times are compared with those that the same rules give for the clean joint centres. RESULTS.md has what it prints.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from posedetector.filters import low_pass
from posedetector.kinematics.angles import joint_angles
from posedetector.kinematics.nouns import Repetition
from posedetector.kinematics.repetitions import find_repetitions
from posedetector.pipeline import analyze
from posedetector.pose import MetricPose, Source
from posedetector.settings import Settings
from posedetector.skeletons import BLAZEPOSE_33
from posedetector.subject import Subject

SETS = {f"Subject4/{name}_ik": "sit_to_stand" for name in ("STS1", "STSAsym1", "STSweakLegs1")} | {
    f"Subject4/{name}_ik": "squat" for name in ("squats1", "squatsAsym1")
}
SHRINK = 0.7  # of level distances: estimators that are unsure of a depth give less of it
# CMU: rises from a seat to standing, and squats, as the hips' height and the clips' descriptions show them
CMU = {"13_01": 2, "14_27": 1, "14_28": 2, "14_29": 2, "14_30": 1, "14_31": 2, "14_32": 2}
CMU_SQUATS = {"13_30": 2}


def main(shared: Path) -> None:
    capture = dict(poses_of(shared / "mocap" / "joint_centres" / "opencap_lineage_do_not_train.npz"))
    clean = {name: repetitions(capture[name]) for name in SETS}
    print("| sets of 5 | counted, all with the right name | start, turn, end: RMS s |\n|---|---|---|")
    print(f"| OpenCap's joint centres | {scored(clean, clean)}")
    for noise, before in ((0.01, 9.0), (0.02, 9.0), (0.01, 0.5), (0.01, 0.2), (0.01, 0.0)):
        found = {}
        for name in SETS:
            whole = capture[name].time >= clean[name][0].start - before
            found |= {
                f"{name} {seed}": repetitions(worse(part(capture[name], whole), noise, seed)) for seed in range(5)
            }
        begins = "" if before == 9 else f", from {before:g} s before the first start"
        print(f"| {100 * noise:.0f} cm of noise, depths × {SHRINK:g}{begins}, five times each | {scored(found, clean)}")
    filmed = analyze(
        Settings(video=str(shared / "clips" / "opencap" / "squat_video.mp4"), subject=Subject(height=1.69))
    )
    print(f"| the filmed squats | {scored({'Subject4/squats1_ik': repetitions(filmed.pose)}, clean)}")
    others = [name for name in capture if name not in SETS]
    wrong = sum(len(repetitions(capture[name])) for name in others)
    print(f"\nin {len(others)} other clips (walks, drop jumps, standing): {wrong} repetitions")
    counts = {name: repetitions(pose) for name, pose in poses_of(shared / "mocap" / "cmu_01_14.npz")}
    seats = {name: sum(one.movement == "sit_to_stand" for one in counts[name]) for name in CMU}
    squats = {name: sum(one.movement == "squat" for one in counts[name]) for name in CMU_SQUATS}
    print(f"CMU, rises from stools: {sum(seats.values())} of {sum(CMU.values())} ({seats}); squats {squats}")
    others = [name for name in counts if name not in {*CMU, *CMU_SQUATS, "14_36"}]  # 14_36 is 14_31 again
    wrong_ones = {name: len(counts[name]) for name in others if counts[name]}
    print(f"in {len(others)} other clips of CMU: {sum(wrong_ones.values())} repetitions {wrong_ones}")


def repetitions(pose: MetricPose) -> tuple[Repetition, ...]:
    return find_repetitions(pose, joint_angles(pose))


def scored(found: dict[str, tuple[Repetition, ...]], truth: dict[str, tuple[Repetition, ...]]) -> str:
    right, errors = 0, []
    for name, own in found.items():
        true = truth[name.partition(" ")[0]]
        if len(own) == 5 and {one.movement for one in own} == {SETS[name.partition(" ")[0]]}:
            right += 1
            pairs = zip(own, true, strict=True) if len(true) == 5 else ()
            errors += [(a.start - b.start, a.turn - b.turn, a.end - b.end) for a, b in pairs]
    rms = np.sqrt(np.mean(np.square(errors), axis=0)) if errors else np.full(3, np.nan)
    return f"{right} of {len(found)} | {', '.join(f'{one:.3f}' for one in rms)} |"


def part(pose: MetricPose, rows: np.ndarray) -> MetricPose:
    kept = {name: getattr(pose, name)[rows] for name in ("time", "xyz", "score", "source", "root")}
    return replace(pose, **kept)


def worse(pose: MetricPose, noise: float, seed: int) -> MetricPose:
    """Return the pose with white noise of so many metres below 6 Hz, and with level distances shrunk."""
    xyz = pose.xyz + noise * np.random.default_rng(seed).standard_normal(pose.xyz.shape)
    return replace(pose, xyz=low_pass(xyz * [SHRINK, 1, SHRINK], pose.time, 6.0))


def poses_of(file: Path) -> Iterator[tuple[str, MetricPose]]:
    data = dict(np.load(file))
    columns = [BLAZEPOSE_33.index(name) if BLAZEPOSE_33.has(name) else -1 for name in renamed(data["joints"])]
    known, end = [column for column in columns if column >= 0], 0
    for name, length in zip(data["clips"], data["lengths"], strict=True):
        end += int(length)
        xyz = np.full((length, len(BLAZEPOSE_33), 3), np.nan)
        xyz[:, known] = data["positions_mm"][end - length : end, np.array(columns) >= 0] / 1000
        root = xyz[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean(axis=1)
        source = np.where(np.isfinite(xyz[..., 0]), Source.MEASURED, Source.NONE).astype(np.uint8)
        time = np.arange(length) / float(data["fps"])
        yield str(name), MetricPose(BLAZEPOSE_33, time, xyz - root[:, None], (source > 0) * 1.0, source, root)


def renamed(names: np.ndarray) -> list[str]:
    return [str(name).replace("toes", "foot_index") for name in names]


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared"))
