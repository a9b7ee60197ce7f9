"""The table of accuracy: how far the road's results on the stored clips are from what is true.

uv run python tests/accuracy/measure.py            print it, and what changed
uv run python tests/accuracy/measure.py --write    make it the table that tests/test_accuracy.py holds us to
"""

import argparse
import csv
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from unittest.mock import patch

import av
import numpy as np
from fixture import TRUE_ANGLES, TRUE_POINTS, Clip, Replaying, read_clips

from posedetector import Settings, Subject
from posedetector.estimators import MediaPipeSettings
from posedetector.metrics.positions import mpjpe, p_mpjpe, rotation_between
from posedetector.pipeline import analyze
from posedetector.pose import Array
from posedetector.trial import Trial

TABLE = Path(__file__).with_name("figures.csv")
LIFTERS = {"native": "native", "bundled": "videopose3d"}  # the estimator's own depth, or the lifter that ships
# Both lifters where they are used most, one where a clip is there for its movement: every analysis takes a second or two.
BOTH = ("walk_side", "squat")
ONE = {
    "walk_oblique": "bundled",
    "jump": "bundled",
    "walk_towards": "bundled",
    "sit_to_stand": "bundled",
    "reach": "native",
    "dance": "native",
    "balance_cam01": "native",
    "balance_cam03": "bundled",
}
# Every figure is an error: the smaller, the better. By how much it may be larger on another machine: README.md.
MARGINS = {
    "mpjpe_mm": 0.1,
    "p_mpjpe_mm": 0.1,
    "path_mm": 0.5,
    "knee_deg": 0.05,
    "hip_deg": 0.05,
    "ankle_deg": 0.05,
    "elbow_deg": 0.05,
    "speed_mm_s": 1.0,
    "cadence_steps_min": 0.1,
    "missing_percent": 0.1,
}
Key = tuple[str, str]  # clip, lifter
Figures = dict[str, float]


@contextmanager
def replaying(clip: Clip) -> Iterator[None]:
    """Let the estimator hand on what is stored of a clip."""
    with patch.object(MediaPipeSettings, "make", lambda *_: Replaying(clip)):
        yield


def still_video(clip: Clip, folder: Path) -> Path:
    """Write a video of a wall that stands still, as many frames as the clip has."""
    path = folder / f"{clip.name}.mp4"
    width, height = clip.size
    wall = np.kron(np.random.default_rng(0).integers(60, 200, (height // 20, width // 20)), np.ones((20, 20)))
    picture = av.VideoFrame.from_ndarray(np.repeat(wall[..., None], 3, axis=2).astype(np.uint8), format="rgb24")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=clip.rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(len(clip.xy)):
            frame = picture.reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, clip.rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def analyzed(clip: Clip, lifter: str, *, refine: bool = True) -> Trial:
    """Return what `posedetector analyze` makes of a clip, from the estimator on."""
    with tempfile.TemporaryDirectory() as folder, replaying(clip):
        video = still_video(clip, Path(folder))
        subject = Subject(height=clip.stature)
        return analyze(Settings(video=str(video), subject=subject, lifter=LIFTERS[lifter], refine=refine))


def figures(clip: Clip, trial: Trial) -> Figures:
    """Return a clip's errors by the names of MARGINS; what cannot be known of a clip is left out."""
    pose, rows = trial.pose, trial.frame_numbers
    made, true = pose.xyz[:, pose.skeleton.indices(*TRUE_POINTS)], clip.true[rows]
    found = {}
    if clip.filmed:
        path, true_path = pose.root - pose.root[0], clip.root[rows] - clip.root[rows[0]]
        found["path_mm"] = 1000 * _rms(np.linalg.norm(path - true_path, axis=1))
    else:  # which way the reference faces is not known
        made = made @ rotation_between(made, true)
    found["mpjpe_mm"], found["p_mpjpe_mm"] = 1000 * mpjpe(made, true), 1000 * p_mpjpe(made, true)
    angles = np.array([trial.angles[name].deg for name in TRUE_ANGLES]).T
    off = angles - clip.angles[rows]
    for name in ("knee", "hip", "ankle", "elbow"):
        found[f"{name}_deg"] = _rms(off[:, [number for number, one in enumerate(TRUE_ANGLES) if f"_{name}_" in one]])
    asked = np.isfinite(clip.true).all(axis=2).sum() + np.isfinite(clip.angles).sum()
    answered = np.isfinite(made - true).all(axis=2).sum() + np.isfinite(off).sum()
    found["missing_percent"] = 100 * (1 - answered / asked)
    if clip.stride:
        gait = {one.name: one.value for one in trial.kinematics.gait.quantities}
        found["speed_mm_s"] = 1000 * abs(gait.get("walking_speed", 0.0) - walking_speed(clip))
        found["cadence_steps_min"] = abs(gait.get("cadence", 0.0) - 120 / clip.stride)
    return {name: float(found[name]) for name in MARGINS if name in found}


def walking_speed(clip: Clip) -> float:
    """Return how fast the hips go from the first frame to the last, metres per second."""
    return float(np.linalg.norm(clip.root[-1] - clip.root[0]) * clip.rate / (len(clip.root) - 1))


def _rms(errors: Array) -> float:
    return float(np.sqrt(np.nanmean(errors**2)))


def cases() -> list[Key]:
    """Return what is measured: which clip, by which lifter."""
    return [*((clip, lifter) for clip in BOTH for lifter in LIFTERS), *ONE.items()]


def read_table() -> dict[Key, Figures]:
    """Return the committed table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {
            (row["clip"], row["lifter"]): {name: float(row[name]) for name in MARGINS if row[name]}
            for row in csv.DictReader(file)
        }


def write_table(table: Mapping[Key, Figures]) -> None:
    """Commit these figures."""
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["clip", "lifter", *MARGINS])
        rows.writerows(
            [*key, *(f"{found[name]:.3f}" if name in found else "" for name in MARGINS)] for key, found in table.items()
        )


def grown(now: Figures, then: Figures) -> dict[str, str]:
    """Return the figures that grew by more than another machine explains, or that went missing."""
    limits = {name: value + MARGINS[name] for name, value in then.items()}
    # a figure that is NaN is not below its limit
    return {
        name: f"{then[name]:.3f} to {now.get(name, float('nan')):.3f}"
        for name, limit in limits.items()
        if not now.get(name, float("nan")) <= limit
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    clips = {clip.name: clip for clip in read_clips()}
    before = read_table() if TABLE.is_file() else {}
    table = {}
    for name, lifter in cases():
        table[name, lifter] = now = figures(clips[name], analyzed(clips[name], lifter))
        then = before.get((name, lifter), {})
        said = (f"{one} {value:.2f} ({value - then.get(one, value):+.2f})" for one, value in now.items())
        print(f"{name}, {lifter}: {', '.join(said)}", flush=True)  # noqa: T201
    worse = {key: more for key, now in table.items() if (more := grown(now, before.get(key, {})))}
    print(f"Worse: {worse or 'nothing'}")  # noqa: T201
    if options.write:
        write_table(table)


if __name__ == "__main__":
    main()
