"""Where the fitted feet are above the floor, at a clip's ends and in its middle, and how far ankles go there.

    POSEDETECTOR_HOME=MODELS uv run python benchmarks/feet.py --clips ../shared/clips --models full heavy

One row a clip and lifter. Lowest: of heels and toes, cm above the floor, in the first 0.3 s, in the last, and between. Planted: share of the
frames of a stance phase (or, without gait, of a foot that moves at less than 0.1 m/s) in which the foot's lower end is within 2 cm of the
floor, at the ends and between. Ankle: extremes of dorsiflexion of both sides, degrees. --online is not measured: no fit is made there.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from posedetector import Settings, Subject, analyze
from posedetector.kinematics.nouns import Kinematics
from posedetector.pose import Array, MetricPose

END = 0.3  # seconds
ALLOWED = 0.02  # metres
STILL = 0.1  # metres a second
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
    yield Clip("demo, man on the roof", folder / "sports2d" / "demo.mp4", 1.75, 1)
    yield Clip("demo, walk", folder / "sports2d" / "demo.mp4", 1.65, 2)
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
        if events:
            for frame, time in enumerate(pose.time):
                before = [one for one in events if one.time <= time]
                # a step's own before the first event and after the last, no farther than a stance lasts
                if before:
                    stands[frame, column] = before[-1].kind == "initial_contact" and time - before[-1].time < 0.7
                else:
                    stands[frame, column] = events[0].kind == "foot_off" and events[0].time - time < 0.6
        elif not kinematics.gait.events:
            foot = pose.positions[:, pose.skeleton.indices(f"{side}_heel", f"{side}_foot_index")].mean(axis=1)
            speed = np.linalg.norm(np.gradient(foot, pose.time, axis=0), axis=1)
            stands[:, column] = speed < STILL
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--models", nargs="+", default=["full"])
    parser.add_argument("--only", nargs="+", metavar="CLIP")
    options = parser.parse_args()
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
                        model=model,
                        lifter=lifter,
                    )
                )
                cells = row_of(trial.pose, trial.kinematics)
                print(f"| {clip.name} | {model}, {lifter} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
