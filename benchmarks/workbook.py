"""What the workbook and a trial's file cost beside the CSV tables: CPU seconds and size, of the sample clip and of five minutes.

`uv run python benchmarks/workbook.py` analyses the sample and repeats its frames to that length; medians of three, alternating.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from posedetector import Settings, Subject
from posedetector.pipeline import analyze
from posedetector.tables import TABLES, holds
from posedetector.tracking import Track
from posedetector.trial import Trial
from posedetector.writers.csv import write_csv
from posedetector.writers.xlsx import write_xlsx

CLIP = Path(__file__).parent.parent / "data" / "samples" / "walk_side.mp4"
FRAMES = 9000


def main() -> None:
    start = time.process_time()
    trial = analyze(Settings(video=str(CLIP), subject=Subject(height=1.65)))
    print(f"analysis of the sample: {time.process_time() - start:.1f} s of CPU")
    print(
        "| frames | CSV, s | CSV, MB | xlsx, s | xlsx, MB | .trial, s | read, s | .trial, MB |\n|---|---|---|---|---|---|---|---|"
    )
    for one in (trial, longer(trial, FRAMES)):
        found = {
            "csv": [measure(partial(tables, one)) for _ in range(3)],
            "xlsx": [measure(partial(book, one)) for _ in range(3)],
            "trial": [measure(partial(stored, one)) for _ in range(3)],
            "both": [measure(partial(stored, one, again=True)) for _ in range(3)],
        }
        (csv, csv_size), (xlsx, size), (saved, packed), (both, _) = (
            tuple(map(statistics.median, zip(*runs, strict=True))) for runs in found.values()
        )
        print(
            f"| {len(one.pose.time)} | {csv:.1f} | {csv_size:.1f} | {xlsx:.1f} | {size:.1f} "
            f"| {saved:.2f} | {both - saved:.2f} | {packed:.1f} |"
        )


def tables(trial: Trial, folder: Path) -> None:
    for name in TABLES:
        if holds(trial, name):
            write_csv(name, trial, folder / f"{name}.csv")


def book(trial: Trial, folder: Path) -> None:
    write_xlsx(trial, folder / "a.xlsx")


def stored(trial: Trial, folder: Path, *, again: bool = False) -> None:
    trial.save(folder / "a.trial")
    if again:
        Trial.load(folder / "a.trial")


def measure(write: Callable[[Path], None]) -> tuple[float, float]:
    """Return CPU seconds and megabytes."""
    with tempfile.TemporaryDirectory() as name:
        start = time.process_time()
        write(Path(name))
        return time.process_time() - start, sum(path.stat().st_size for path in Path(name).iterdir()) / 1e6


def longer(trial: Trial, frames: int) -> Trial:
    """Return the trial with its frames over and over, a little apart; what happened in it stays where it was."""
    had = len(trial.pose.time)
    rows = np.arange(frames) % had
    clock = np.arange(frames) / 30

    rng = np.random.default_rng(1)

    def apart(part: Any) -> Any:  # else they would pack too well
        return part if part.dtype != np.float64 else part * (1 + rng.normal(0, 1e-6, part.shape))

    def over(one: Any) -> Any:
        arrays = {field.name: getattr(one, field.name) for field in fields(one)}
        tiled = {
            name: apart(part[rows])
            for name, part in arrays.items()
            if isinstance(part, np.ndarray) and len(part) == had
        }
        return replace(one, **(tiled | ({"time": clock} if "time" in arrays else {})))

    spread = trial.pose.spread
    if spread is not None:
        angles = {name: apart(values[rows]) for name, values in spread.angles.items()}
        spread = replace(over(spread), angles=angles)
    pose = replace(over(replace(trial.pose, spread=None)), spread=spread)
    kinematics = replace(trial.kinematics, angles=over(trial.kinematics.angles), masses=over(trial.kinematics.masses))
    poses = trial.tracks.tracks[0].poses
    tiled = [replace(one, xy=apart(one.xy)) for one in (poses[row % len(poses)] for row in range(frames))]
    tracks = replace(trial.tracks, time=clock, numbers=np.arange(frames), tracks=[Track(list(range(frames)), tiled)])
    return replace(trial, pose=pose, keypoints=over(trial.keypoints), kinematics=kinematics, tracks=tracks)


if __name__ == "__main__":
    main()
