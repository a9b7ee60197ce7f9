"""Do the grades of angles mean what they say? Errors against motion capture by grade, and the same walk seen three ways.

    uv run python benchmarks/grades.py --clips FOLDER/opencap
    uv run python benchmarks/grades.py --mocap FOLDER/cmu.npz FOLDER/cmu_actions.npz
    uv run python benchmarks/grades.py --same WALK.mp4 --whole DEMO.mp4

--clips: walk and squat of OpenCap (benchmarks/angles.py). Truth is our own table of angles on motion capture's joint centres, ankles
OpenSim's own coordinate; what is left is the error of measurement and not one of definition.
--mocap: recordings filmed by synthetic cameras (benchmarks/refinement.py), from all sides; by grade, and by deviation over range.
--same: a walk cropped, whole, and mirrored pixel by pixel: grades and ranges that differ; both of 1.65 m.

Errors are the means of absolute differences, over the range between the 2nd and 98th percentile of the true angle. r is Pearson's.
Errors of ranges over the fit's deviation say what `_RANGE_ERROR` of kinematics/summary.py has to be.
"""

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from angles import STATURES, at, coordinates, degrees, find_lag, joints, ours, read
from posedetector import Settings, Subject
from posedetector.calibration import Camera, calibrate
from posedetector.kinematics import View, study
from posedetector.kinematics.angles import ANGLES, angles_of, points_of
from posedetector.kinematics.frames import Landmarks
from posedetector.kinematics.nouns import Kinematics
from posedetector.lifters import make_lifter
from posedetector.pipeline import analyze
from posedetector.pose import Array
from posedetector.refinement import refine
from posedetector.skeletons import Skeleton
from posedetector.smoothing import smooth
from posedetector.trial import Trial
from refinement import JOINTS, NOMINAL, filmed

LIFTERS = ("native", "videopose3d")


class Row(NamedTuple):
    """An angle of a clip against the truth; degrees."""

    clip: str
    angle: str
    quality: str
    sd: float
    error: float
    range: float
    range_error: float
    r: float
    edge_on: bool


def compared(clip: str, found: Kinematics, time: Array, truth: dict[str, Array]) -> Iterator[Row]:
    """Yield an angle's row; `truth` are degrees at these times, a heading unlike ours does not count."""
    for column, name in enumerate(found.angles.names):
        if name not in truth or name not in found.grades or name == "pelvis_rotation":
            continue
        made = at(found.angles.time, np.degrees(found.angles.values[:, column]), time)
        known = np.isfinite(made) & np.isfinite(truth[name])
        if known.sum() < 20:
            continue
        made, true = made[known], truth[name][known]
        spans = [float(np.ptp(np.quantile(one, [0.02, 0.98]))) for one in (made, true)]
        grade = found.grades[name]
        off = (made - true + 180) % 360 - 180
        r = float(np.corrcoef(made, true)[0, 1])
        yield Row(
            clip,
            name,
            grade.quality,
            float(np.degrees(grade.sd_rad)),
            float(np.abs(off).mean()),
            spans[1],
            abs(spans[0] - spans[1]),
            r,
            grade.reason.startswith("seen"),
        )


def of_clips(folder: Path) -> Iterator[Row]:
    for clip in STATURES:
        bodies = read(folder / f"{clip}_sample_mocap.json")
        whole = degrees(joints(bodies))
        truth = {name: one for name, one in whole.items() if "wrist" not in name}
        truth |= {name: one for name, one in coordinates(bodies).items() if "dorsiflexion" in name}
        for lifter in LIFTERS:
            trial = ours(clip, folder, "full", lifter)
            own = dict(zip(trial.kinematics.angles.names, np.degrees(trial.kinematics.angles.values).T, strict=True))
            lag = find_lag(trial.pose.time, own, bodies.time, truth)
            there = {name: at(bodies.time, one, trial.pose.time + lag) for name, one in truth.items()}
            yield from compared(f"{clip}, {lifter}", trial.kinematics, trial.pose.time, there)


def of_films(recordings: list[Path], count: int, seeds: list[int]) -> Iterator[Row]:
    lifter, twelve = make_lifter("videopose3d"), Skeleton("twelve", JOINTS, (-1,) * len(JOINTS))
    for seed in seeds:
        for number, case in enumerate(filmed(recordings, count, seed)):
            subject = Subject(height=case.stature)
            metric, calibration = calibrate(case.lifted, case.keypoints, subject, Camera(focal_length=case.focal))
            fitted, calibration, _ = refine(metric, case.keypoints, calibration, subject, lifter.errors)
            pose, _ = smooth(fitted, 6.0)
            found = study(pose, subject, view=View.of(pose, calibration.camera_position))
            true = np.degrees(angles_of(Landmarks(twelve, case.truth @ calibration.rotation.T)))
            shown = [name for name in ANGLES if twelve.has(*points_of(name, twelve))]
            truth = {name: np.unwrap(true[:, list(ANGLES).index(name)], period=360) for name in shown}
            yield from compared(f"film {seed}.{number}", found, pose.time, truth)


def per_angle(rows: list[Row]) -> None:
    print("| clip | angle | grade | deviation ° | mean error ° | true range ° | error / range | r |")
    print("|---|---|---|---|---|---|---|---|")
    for one in rows:
        print(
            f"| {one.clip} | {one.angle.replace('_', ' ')} | {one.quality} | {one.sd:.1f} | {one.error:.1f} | {one.range:.1f} | "
            f"{one.error / one.range:.2f} | {one.r:.2f} |"
        )


def by(what: str, groups: dict[str, list[Row]]) -> None:
    print(
        f"| {what} | angles | mean error ° | error / range | r, median (10 % below) | error of the range / deviation, 90 % below |"
    )
    print("|---|---|---|---|---|---|")
    for name, own in groups.items():
        if own:
            r = np.array([one.r for one in own])
            off = np.array([one.range_error / one.sd for one in own if np.isfinite(one.sd)])
            print(
                f"| {name} | {len(own)} | {np.mean([one.error for one in own]):.1f} | "
                f"{np.median([one.error / one.range for one in own]):.2f} | {np.median(r):.2f} ({np.quantile(r, 0.1):.2f}) | "
                f"{np.quantile(off, 0.9):.2f} = {np.quantile(off, 0.9) / NOMINAL:.2f} × {NOMINAL} |"
            )


def report(rows: list[Row]) -> None:
    by("grade", {grade: [one for one in rows if one.quality == grade] for grade in ("good", "weak", "poor")})
    flexion = [one for one in rows if one.angle.endswith(("hip_flexion", "knee_flexion"))]
    by(
        "hip and knee flexion",
        {
            word: [one for one in flexion if one.edge_on == edge_on]
            for word, edge_on in (("not edge-on", False), ("edge-on", True))
        },
    )
    edges = (0.0, 0.15, 0.25, 0.5, 0.75, 1.0, 9.0)
    by(
        "deviation / true range",
        {
            f"{low}–{high}": [one for one in rows if low <= one.sd / one.range < high]
            for low, high in itertools.pairwise(edges)
        },
    )


def exchanged(name: str) -> str:
    """Return a name with its side exchanged."""
    side, _, rest = name.partition("_")
    return f"{ {'left': 'right', 'right': 'left'}[side] }_{rest}" if side in ("left", "right") else name


def same(walk: Path, whole: Path) -> None:
    trials = {
        "cropped": analyzed(walk, 1),
        "whole": analyzed(whole),
        "mirrored": analyzed(walk, 1, mirrored=True),
    }
    ranges = {
        label: {
            f"{row.side}_{row.name}".strip("_"): (row.value, row.error)
            for row in trial.kinematics.summary
            if row.name.endswith("_range")
        }
        for label, trial in trials.items()
    }
    print("| angle | grade cropped, whole, mirrored | range ° cropped, whole, mirrored (sides exchanged) |")
    print("|---|---|---|")
    for name in trials["cropped"].kinematics.grades:
        names = {"cropped": name, "whole": name, "mirrored": exchanged(name)}
        qualities = [trials[label].kinematics.grades[own].quality for label, own in names.items()]
        spans = [ranges[label].get(f"{own}_range", (np.nan, np.nan)) for label, own in names.items()]
        said = ", ".join(f"{value:.0f} ± {error:.0f}" for value, error in spans)
        print(
            f"| {name.replace('_', ' ')} | {qualities[0] if len(set(qualities)) == 1 else '**' + ', '.join(qualities) + '**'} | {said} |"
        )


def analyzed(video: Path, *, mirrored: bool = False) -> Trial:
    return analyze(Settings(video=str(video), subject=Subject(height=1.65), mirrored=mirrored))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--mocap", type=Path, nargs="+")
    parser.add_argument("--films", type=int, default=24)
    parser.add_argument("--seeds", type=int, nargs="+", default=[5, 21])
    parser.add_argument("--same", type=Path)
    parser.add_argument("--whole", type=Path)
    options = parser.parse_args()
    if options.clips:
        rows = list(of_clips(options.clips))
        per_angle([one for one in rows if "shoulder" not in one.angle])
        report(rows)
    if options.mocap:
        report(list(of_films(options.mocap, options.films, options.seeds)))
    if options.same and options.whole:
        same(options.same, options.whole)


if __name__ == "__main__":
    main()
