"""Gait events and repetitions of filmed people beside those that the same methods find in motion capture of them.

    POSEDETECTOR_HOME=../shared/models uv run python benchmarks/gait.py ../shared/clips/opencap
    uv run python benchmarks/gait.py --walker

--walker: the synthetic walker instead, whose contacts are known.

There is no force plate: the reference shares our methods, so that what is measured is what video does to them. In motion
capture the heel is the origin of the calcaneus, the toe that of the toes' body, at the ball of the foot.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from posedetector import Settings, Subject
from posedetector.estimators import MediaPipeSettings
from posedetector.estimators.synthetic import Walker
from posedetector.kinematics.angles import joint_angles
from posedetector.kinematics.gait import find_gait
from posedetector.kinematics.nouns import Event, Gait, Repetition
from posedetector.kinematics.repetitions import find_repetitions
from posedetector.pipeline import analyze
from posedetector.pose import Array, MetricPose, Source
from posedetector.readers import read_motions
from posedetector.skeletons import BLAZEPOSE_33, Skeleton
from posedetector.smoothing import smooth

STATURES = {"walk": 1.60, "squat": 1.69}
BODIES = {
    f"{side}_{ours}": theirs.format(side=side, letter=side[0])
    for side in ("left", "right")
    for ours, theirs in {
        "hip": "{side}_hip",
        "knee": "{side}_knee",
        "ankle": "{side}_ankle",
        "heel": "calcn_{letter}",
        "foot_index": "toes_{letter}",
        "shoulder": "{side}_shoulder",
    }.items()
}
CUTOFF = 6.0  # Hz, as the pipeline's


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="?")
    parser.add_argument("--lifter", default="videopose3d")
    parser.add_argument("--model", default="heavy")
    parser.add_argument("--walker", action="store_true")
    options = parser.parse_args()
    if options.walker:
        walker()
    if options.clips:
        poses = {}
        for name, stature in STATURES.items():
            video = str(options.clips / f"{name}_video.mp4")
            settings = Settings(
                video=video,
                subject=Subject(height=stature),
                lifter=options.lifter,
                estimator=MediaPipeSettings(model=options.model),
            )
            poses[name] = analyze(settings).pose, captured(options.clips / f"{name}_sample_mocap.json")
        events(*(gait_of(pose) for pose in poses["walk"]))
        repetitions(*(find_repetitions(pose, joint_angles(pose)) for pose in poses["squat"]))
        for name, both in poses.items():
            counts = [len(find_repetitions(pose, joint_angles(pose))) for pose in both]
            print(
                f"\n{name}: gait {', '.join(gait_of(pose).quality for pose in both)}; repetitions {counts} (ours, mocap)"
            )


def gait_of(pose: MetricPose) -> Gait:
    found = find_gait(pose, joint_angles(pose))
    return replace(found, quantities=tuple(one.as_reported() for one in found.quantities))


def captured(file: Path) -> MetricPose:
    """Motion capture as a pose of ours, filtered likewise."""
    motion = read_motions(file)[""]
    xyz = motion.xyz[:, motion.skeleton.indices(*BODIES.values())]
    return smooth(pose_of(xyz, motion.time, Skeleton("captured", tuple(BODIES), (-1,) * len(BODIES))), CUTOFF)[0]


def pose_of(xyz: Array, time: Array, skeleton: Skeleton) -> MetricPose:
    root = xyz[:, skeleton.indices("left_hip", "right_hip")].mean(axis=1)
    source = np.full(xyz.shape[:2], Source.MEASURED, np.uint8)
    return MetricPose(skeleton, time, xyz - root[:, None], np.ones(source.shape), source, root)


def events(ours: Gait, theirs: Gait) -> None:
    print("| walk: event | motion capture s | ours s | apart ms |\n|---|---|---|---|")
    apart = []
    for event in theirs.events:
        own = nearest(ours, event)
        what = f"{event.side} {event.kind.replace('_', ' ')}"
        if own is None:
            print(f"| {what} | {event.time:.3f} | none | |")
            continue
        apart.append(1000 * (own.time - event.time))
        print(f"| {what} | {event.time:.3f} | {own.time:.3f} | {apart[-1]:+.0f} |")
    extra = sum(nearest(theirs, event) is None for event in ours.events)
    print(
        f"\n{len(apart)} of {len(theirs.events)} events found, {extra} besides; apart {np.mean(apart):+.0f} ms in the mean, "
        f"{np.mean(np.abs(apart)):.0f} ms on average, at most {np.max(np.abs(apart)):.0f} ms\n"
    )
    print("| walk: quantity | side | motion capture | ours | unit |\n|---|---|---|---|---|")
    for one in theirs.quantities:
        found = [own.value for own in ours.quantities if (own.name, own.side) == (one.name, one.side)]
        ours_too = f"{found[0]:.3f}" if found else "none"
        print(f"| {one.name} | {one.side} | {one.value:.3f} | {ours_too} | {one.unit} |")


def nearest(gait: Gait, event: Event) -> Event | None:
    alike = [
        one
        for one in gait.events
        if (one.kind, one.side) == (event.kind, event.side) and abs(one.time - event.time) < 0.25
    ]
    return min(alike, key=lambda one: abs(one.time - event.time), default=None)


def repetitions(ours: tuple[Repetition, ...], theirs: tuple[Repetition, ...]) -> None:
    print(
        "\n| squat: start, turn, end s | motion capture | ours | depth cm | ours | knees ° | ours |\n|---|---|---|---|---|---|---|"
    )
    for number in range(max(len(ours), len(theirs))):
        both = [group[number] if number < len(group) else None for group in (theirs, ours)]
        when = [f"{one.start:.2f}, {one.turn:.2f}, {one.end:.2f}" if one else "none" for one in both]
        depth = [f"{100 * one.depth:.1f}" if one else "none" for one in both]
        knees = [f"{np.degrees(one.knee_flexion_rad):.0f}" if one else "none" for one in both]
        print(f"| {number + 1} | {when[0]} | {when[1]} | {depth[0]} | {depth[1]} | {knees[0]} | {knees[1]} |")


def walker() -> None:
    print("| synthetic walk, 10 s | noise mm | frames/s | events | error ms, root mean square | largest |")
    print("|---|---|---|---|---|---|")
    for speed, stride_time in ((0.5, 1.3), (0.9, 1.15), (1.0, 1.0)):
        person = Walker(speed=speed, stride_time=stride_time)
        for rate in (30.0, 60.0):
            for noise in (0.0, 0.005):
                off = walked(person, rate, noise)
                print(
                    f"| {speed} m/s | {1000 * noise:.0f} | {rate:.0f} | {len(off)} | {np.sqrt((off**2).mean()):.0f} "
                    f"| {np.abs(off).max():.0f} |"
                )


def walked(person: Walker, rate: float, noise: float) -> Array:
    """Return by how many milliseconds each true event is missed; NaN for one that was not found."""
    time = np.arange(round(10 * rate)) / rate
    positions = person.positions(time)
    positions = positions + noise * np.random.default_rng(0).standard_normal(positions.shape)
    pose = pose_of(positions, time, BLAZEPOSE_33)
    gait = gait_of(smooth(pose, CUTOFF)[0] if noise else pose)
    off = []
    for kind, share in (("initial_contact", 0.0), ("foot_off", person.stance_share)):
        for side, lag in (("left", 0.0), ("right", 0.5)):
            times = (np.arange(20) + share - lag) * person.stride_time
            own = np.array([event.time for event in gait.events if (event.kind, event.side) == (kind, side)])
            for when in times[(times > 0.5) & (times < 9.5)]:
                near = own[np.abs(own - when) < 0.25]
                off.append(1000 * float(near[np.abs(near - when).argmin()] - when) if len(near) else np.nan)
    return np.array(off)


if __name__ == "__main__":
    main()
