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

import av
import numpy as np

from fixture import TRUE_ANGLES, TRUE_POINTS, Clip, Replaying, read_clips
from posedetector import Settings, Subject, analyze
from posedetector.estimators import ESTIMATORS
from posedetector.metrics.positions import mpjpe, p_mpjpe, rotation_between
from posedetector.pose import Array
from posedetector.trial import Trial

TABLE = Path(__file__).with_name("figures.csv")
LIFTERS = {"native": "native", "bundled": "videopose3d"}
# Every figure is an error: the smaller the better. What it is, and by how much it may be larger elsewhere (README.md).
MARGINS = {
    "mpjpe_mm": 0.3,
    "p_mpjpe_mm": 0.3,
    "path_mm": 1.0,
    "knee_deg": 0.1,
    "hip_deg": 0.1,
    "ankle_deg": 0.1,
    "elbow_deg": 0.1,
    "speed_mm_s": 2.0,
    "cadence_steps_min": 0.3,
    "missing_percent": 0.1,
}
SHARE = 0.01
Row = dict[str, str]


@contextmanager
def replaying(clip: Clip) -> Iterator[None]:
    """Let the estimator hand on what is stored of a clip."""
    before = ESTIMATORS["mediapipe"]
    ESTIMATORS["mediapipe"] = Replaying(clip)
    try:
        yield
    finally:
        ESTIMATORS["mediapipe"] = before


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


def figures(clip: Clip, trial: Trial) -> dict[str, float]:
    """Return a clip's errors by the names of MARGINS; what a clip has not, it is not asked for."""
    pose = trial.pose
    rows = trial.frame_numbers
    made, true = pose.xyz[:, pose.skeleton.indices(*TRUE_POINTS)], clip.true[rows]
    found = {}
    if clip.filmed:
        path, true_path = pose.root - pose.root[0], clip.root[rows] - clip.root[rows[0]]
        found["path_mm"] = 1000 * _rms(np.linalg.norm(path - true_path, axis=1))
    else:  # which way the reference faces is not known
        made = made @ rotation_between(made, true)
    found["mpjpe_mm"], found["p_mpjpe_mm"] = 1000 * mpjpe(made, true), 1000 * p_mpjpe(made, true)
    angles = np.degrees([trial.angles.values[:, trial.angles.names.index(name)] for name in TRUE_ANGLES]).T
    off = angles - clip.angles[rows]
    for name in ("knee", "hip", "ankle", "elbow"):
        found[f"{name}_deg"] = _rms(off[:, [number for number, angle in enumerate(TRUE_ANGLES) if f"_{name}_" in angle]])
    known = [np.isfinite(made).all(axis=2).ravel(), np.isfinite(off).ravel()]
    complete = len(clip.true) * (len(TRUE_POINTS) + len(TRUE_ANGLES))
    found["missing_percent"] = 100 * (1 - np.concatenate(known).sum() / complete)
    if clip.name.startswith("walk_"):
        gait = {one.name: one.value for one in trial.kinematics.gait.quantities}
        found["speed_mm_s"] = 1000 * abs(gait.get("walking_speed", 0) - _speed(clip))
        found["cadence_steps_min"] = 60 * abs(gait.get("cadence", 0) - WALKS[clip.name])
    return {name: found[name] for name in MARGINS if name in found}
