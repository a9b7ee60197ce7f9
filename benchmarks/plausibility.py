"""What is called implausible, and what should be: clips as they are, and with their clock, height or pixels made wrong.

    uv run python benchmarks/plausibility.py ../shared/clips [--mocap ../shared/mocap] [--keep FOLDER]

Every clip below the folder, and the sample, is looked at once by MediaPipe; all that follows is done for each row. A wrong clock is
that of the frames (as a retimed file has it), wrong pixels are 2D points that are too wide or too narrow. --keep keeps what MediaPipe
found, for the next time. --mocap: motion capture, whose people walk, run, jump and play at right clocks, by their hips; and at which error of
the height a note appears, for it and for the clips. There, size is one factor of a finished pose, as it is in the analysis.
"""

import argparse
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np

from posedetector import pipeline
from posedetector.anthropometry import LEG
from posedetector.cleaning import clean
from posedetector.errors import PosedetectorError
from posedetector.estimators import MediaPipeSettings, mediapipe
from posedetector.estimators.mediapipe import MediaPipe
from posedetector.kinematics import study
from posedetector.kinematics.signals import leg_length
from posedetector.plausibility import Doubt, find_implausible
from posedetector.pose import Frame, Keypoints, MetricPose, PersonPose, Source
from posedetector.settings import Settings
from posedetector.skeletons import Skeleton
from posedetector.smoothing import smooth
from posedetector.subject import Subject
from posedetector.trial import Trial
from posedetector.video import Video, open_video

SAMPLE = Path(__file__).parents[1] / "data" / "samples" / "walk_side.mp4"
STATURES = {
    "walk_side": 1.65,
    "demo": 1.65,
    "walk_video": 1.60,
    "squat_video": 1.69,
    **{f"cam0{number}": 1.64 for number in (1, 2, 3, 4)},
}  # metres; guesses for pose2sim_multi, whose cameras have the same names, and for the man of demo
CLOCKS = (4.0, 2.0, 0.5, 0.25)  # stored seconds in a real one: slow motion above 1
HEIGHTS = (1.30, 2.10)  # metres
NOBODY = "nobody is followed"
WIDTHS = (0.75, 4 / 3)


@dataclass(frozen=True)
class Seen:
    """A clip as MediaPipe sees it: size in pixels, numbers and times of frames, who is in each."""

    name: str
    size: tuple[int, int]
    frames: list[tuple[int, float]]
    people: list[list[PersonPose]]


class Told(MediaPipe):
    """MediaPipe that has looked before."""

    seen: Seen

    def estimate(self, frames: Iterable[Frame]) -> Iterator[list[PersonPose]]:  # type: ignore[override]
        """Yield who was seen in each frame."""
        for _, people in zip(frames, self.seen.people, strict=True):
            yield people


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--mocap", type=Path)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    clips = [SAMPLE, *sorted(options.clips.rglob("*.mp4"))]
    print("| clip | as it is | " + " | ".join(_HEADS) + " |")
    print("|---" * (2 + len(_HEADS)) + "|")
    for clip in clips:
        seen = look(clip, options.keep)
        for person in (1, 2):
            row = list(cells(seen, person))
            if row[0] == NOBODY:
                continue
            print(f"| {clip.parent.name}/{clip.stem}, person {person} | " + " | ".join(row) + " |", flush=True)
    if options.mocap:
        captured(options.mocap)
        heights(options.mocap, clips, options.keep)


_HEADS = (
    *(f"clock ×{clock:g}" for clock in CLOCKS),
    *(f"height {height:.2f} m" for height in HEIGHTS),
    *(f"width ×{width:.2f}" for width in WIDTHS),
)


def look(clip: Path, keep: Path | None) -> Seen:
    kept = None if keep is None else keep / f"{clip.parent.name}_{clip.stem}.pickle"
    if kept is not None and kept.exists():
        return pickle.loads(kept.read_bytes())  # type: ignore[no-any-return]
    video = open_video(str(clip))
    frames: list[tuple[int, float]] = []

    def noted() -> Iterator[Frame]:
        for frame in video.frames():
            frames.append((frame.index, frame.time))
            yield frame

    people = list(MediaPipe(MediaPipeSettings()).estimate(noted()))
    seen = Seen(clip.stem, video.size, frames, people)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(seen))
    return seen


def cells(seen: Seen, person: int) -> Iterator[str]:
    height = STATURES.get(seen.name, 1.70)
    try:
        plain = analyzed(seen, person, height)
    except PosedetectorError:  # there is no second person
        yield NOBODY
        return
    yield said(plain)
    for clock in CLOCKS:
        yield tried(seen, person, height, clock)
    for other in HEIGHTS:
        yield tried(seen, person, other)
    for width in WIDTHS:
        points = clean(plain.tracks.keypoints(person)).keypoints
        yield words(doubts_of(plain, replace(points, xy=points.xy * [width, 1.0])))


def tried(seen: Seen, person: int, height: float, clock: float = 1.0) -> str:
    try:
        return said(analyzed(seen, person, height, clock))
    except PosedetectorError:
        return NOBODY


def analyzed(seen: Seen, person: int, height: float, clock: float = 1.0) -> Trial:
    blank = np.zeros((1, 1, 3), np.uint8)
    rate = 1 / float(np.median(np.diff([time for _, time in seen.frames]))) / clock

    def read(_: Video) -> Iterator[Frame]:
        return (Frame(number, time * clock, blank) for number, time in seen.frames)

    Told.seen = seen
    with (
        patch.object(mediapipe, "MediaPipe", Told),
        patch.object(pipeline, "open_selected", lambda _: Video(seen.name, seen.size, rate, len(seen.frames), read)),
    ):
        return pipeline.analyze(Settings(video=seen.name, subject=Subject(height=height), person=person))


def doubts_of(trial: Trial, points: Keypoints) -> list[Doubt]:
    return find_implausible(trial.pose, trial.kinematics, points, trial.subject, rate=trial.provenance.video.fps)


def said(trial: Trial) -> str:
    return words(doubts_of(trial, trial.keypoints))


def words(doubts: list[Doubt]) -> str:
    """Return causes and factors; bold what is serious."""
    said = [
        f"{one.cause} {'1/' if one.cause == 'clock' and 'likely fast' in one.text else ''}{one.factor:.2g}"
        for one in doubts
    ]
    return ", ".join(
        f"**{text}**" if one.severity == "serious" else text for one, text in zip(doubts, said, strict=True)
    )


# Motion capture

_SIDES = ("left", "right")
_POINTS = ("shoulder", "hip", "knee", "ankle", "heel", "foot_index")
_BODY = Skeleton("captured", tuple(f"{side}_{name}" for side in _SIDES for name in _POINTS), (-1,) * 12)


def takes_of(path: Path) -> Iterator[tuple[str, MetricPose]]:
    """Yield the takes of a file of motion capture, smoothed as a video's pose is."""
    file = np.load(path)
    places, joints, rate = file["positions_mm"] / 1000.0, [str(name) for name in file["joints"]], float(file["fps"])
    ends = np.cumsum(file["lengths"])
    for name, start, end in zip(file["clips"], ends - file["lengths"], ends, strict=True):
        pose, _ = smooth(pose_of(places[start:end], joints, rate), 6.0)
        yield str(name), pose


def doubts_of_take(pose: MetricPose, height: float) -> list[Doubt]:
    shape = pose.xyz.shape[:2]
    unseen = Keypoints(
        _BODY, pose.time, np.full((*shape, 2), np.nan), np.zeros(shape), np.zeros(shape, np.uint8), None, (1, 1)
    )
    subject = Subject(height=height)
    rate = 1 / float(np.median(np.diff(pose.time)))
    return find_implausible(pose, study(pose, subject), unseen, subject, rate=rate)


def captured(folder: Path) -> None:
    takes = 0
    for path in (folder / "joint_centres" / "free.npz", folder / "cmu_actions.npz"):
        for name, pose in takes_of(path):
            takes += 1
            for doubt in doubts_of_take(pose, 1.70):
                print(f"{name}: {doubt.cause} {doubt.factor:.2f}")
    print(f"{takes} takes of motion capture")


# Heights

FACTORS = (0.75, 0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2, 1.25)
GROUPS = {  # file, what its takes' names have, what they are
    "drop jumps of true size": ("joint_centres/opencap_lineage_do_not_train.npz", "DJ"),
    "walks of true size": ("joint_centres/opencap_lineage_do_not_train.npz", "walking"),
    "sit-to-stands, squats, standing": ("joint_centres/opencap_lineage_do_not_train.npz", "STS squats static"),
    "running and sprinting": ("joint_centres/free.npz", "/"),
    "CMU, jumps": ("cmu_actions.npz", "jumping"),
    "CMU, walks": ("cmu_actions.npz", "walking"),
}


def heights(folder: Path, clips: list[Path], keep: Path | None) -> None:
    """Print how many takes and clips of each kind raise a note of height if they are given a wrong one, in all and serious ones."""
    print("| takes | n | " + " | ".join(f"{100 * (factor - 1):+.0f} %" for factor in FACTORS) + " |")
    print("|---" * (2 + len(FACTORS)) + "|")
    for kind, (file, words) in GROUPS.items():
        poses = [pose for name, pose in takes_of(folder / file) if any(word in name for word in words.split())]
        counted = [
            count([doubts_of_take(sized(pose, factor), leg_length(pose) / LEG * factor) for pose in poses])
            for factor in FACTORS
        ]
        print(f"| {kind} | {len(poses)} | " + " | ".join(counted) + " |", flush=True)
    for clip in clips:
        seen = look(clip, keep)
        for person in (1, 2):
            height = STATURES.get(seen.name, 1.70)
            try:
                trial = analyzed(seen, person, height)
            except PosedetectorError:
                continue
            row = [count([of_size(trial, factor)]) for factor in FACTORS]
            print(f"| {clip.parent.name}/{clip.stem}, person {person} | 1 | " + " | ".join(row) + " |", flush=True)


def sized(pose: MetricPose, factor: float) -> MetricPose:
    return replace(pose, xyz=pose.xyz * factor, root=pose.root * factor)


def of_size(trial: Trial, factor: float) -> list[Doubt]:
    subject = Subject(height=(trial.subject.height or np.nan) * factor)
    pose = sized(trial.pose, factor)
    return find_implausible(pose, study(pose, subject), trial.keypoints, subject, rate=trial.provenance.video.fps)


def count(found: list[list[Doubt]]) -> str:
    """Return in how many there is a note of height, and in how many a serious one."""
    notes = [next((one for one in doubts if one.cause == "height"), None) for doubts in found]
    said = sum(one is not None for one in notes)
    return f"{said} ({sum(one is not None and one.sure for one in notes)})" if said else ""


def pose_of(places: np.ndarray, joints: list[str], rate: float) -> MetricPose:
    def of(side: str, name: str) -> np.ndarray:
        names = {"foot_index": ("toes", "toe")}.get(name, (name,))
        known = [joints.index(f"{side}_{one}") for one in names if f"{side}_{one}" in joints]
        if known:
            return places[:, known[0]]
        ankle, toe = of(side, "ankle"), of(side, "foot_index")  # CMU's skeleton has no heel: below and behind the ankle
        ahead = (toe - ankle) * [1.0, 0.0, 1.0]
        return ankle - [0.0, 0.06, 0.0] - 0.05 * ahead / np.linalg.norm(ahead, axis=1, keepdims=True)

    body = np.stack([of(side, name) for side in _SIDES for name in _POINTS], axis=1)
    root = body[:, _BODY.indices("left_hip", "right_hip")].mean(axis=1)
    shape = body.shape[:2]
    time = np.arange(len(body)) / rate
    return MetricPose(
        _BODY, time, body - root[:, None], np.ones(shape), np.full(shape, Source.MEASURED, np.uint8), root
    )


if __name__ == "__main__":
    main()
