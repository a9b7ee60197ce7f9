"""Two stages of `posedetector analyze` beside what they replace, in one process; speed.py runs this.

Lifters run on the CPU; the network has its published size and random weights, which take as long as trained ones.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import torch

from posedetector import Settings, Subject
from posedetector.cleaning import clean
from posedetector.estimators import EstimatorContext, make_estimator
from posedetector.lifters import VideoPose3DSettings
from posedetector.lifters.videopose3d import VideoPose3D, to_layout, to_screen
from posedetector.models.videopose3d import TemporalModel
from posedetector.pose import Keypoints
from posedetector.scene import follow, silently
from posedetector.video import open_video

T = TypeVar("T")

WINDOWS = 30  # one window a frame is slow, and every window takes as long: not all frames of the clip need one


class Network(NamedTuple):
    """One network, as we run it and as it was published."""

    lifter: VideoPose3D
    published: TemporalModel


class Pair(NamedTuple):
    """Ours beside another, milliseconds per frame of the clip, run by run; or why the other could not be run."""

    ours: str
    other: str
    our_ms: list[float]
    other_ms: list[float]
    why_not: str = ""


def in_process(
    clip: Path, height: float, runs: int, folder: Path, bare: Callable[[], Iterator[object]]
) -> tuple[int, list[Pair]]:
    """Return the clip's frames, and the pairs that are compared within this process."""
    network = random_network(folder)
    settings = Settings(video=str(clip), subject=Subject(height=height))
    estimator = make_estimator(settings.estimator, EstimatorContext(max_persons=settings.max_persons))
    tracks = follow(open_video(settings.video), estimator, silently)
    keypoints = clean(tracks.keypoints()).keypoints
    estimating = compare(
        ("decode and estimate, after the first frame", "bare MediaPipe loop, after the first frame"),
        lambda: steady(estimator.estimate(open_video(settings.video).frames())),
        lambda: steady(bare()),
        runs,
    )
    return len(tracks.time), [estimating, lifting(keypoints, network, runs)]


def random_network(folder: Path) -> Network:
    """Make a checkpoint of the published size, which the lifter knows by its name."""
    torch.manual_seed(0)
    published = TemporalModel().eval()
    path = folder / "pretrained_h36m_detectron_coco.bin"
    torch.save({"model_pos": published.state_dict()}, path)
    return Network(VideoPose3D(VideoPose3DSettings(model=str(path), device="cpu")), published)


def lifting(keypoints: Keypoints, network: Network, runs: int) -> Pair:
    """Compare all that our lifter does with the network alone, run as MMPose runs it: a window for each frame.

    The windows are cut from the clip's points, edge frames repeated, and averaged with their mirror image, as ours are.
    """
    xy, _, _ = to_layout(keypoints, network.lifter.takes)
    screen = to_screen(np.nan_to_num(xy), keypoints.image_size)
    half = network.published.receptive_field // 2
    both = torch.from_numpy(network.lifter.batch(np.pad(screen, ((half, half), (0, 0), (0, 0)), mode="edge"), 1.0, 1.0))
    rows = np.linspace(0, len(keypoints.time) - 1, WINDOWS).astype(int)

    @torch.inference_mode()
    def windows() -> None:
        for row in rows:
            network.published(both[:, row : row + 2 * half + 1])

    windows()
    return compare(
        ("lift with VideoPose3D, whole clip", "the same network, one window of 243 frames a frame, as MMPose"),
        lambda: seconds(lambda: network.lifter.lift(keypoints)) / len(keypoints.time),
        lambda: seconds(windows) / WINDOWS,
        runs,
    )


def compare(names: tuple[str, str], ours: Callable[[], float], other: Callable[[], float], runs: int) -> Pair:
    """Take the two in turn; each returns seconds per frame."""
    times = [(1000 * ours(), 1000 * other()) for _ in range(runs)]
    return Pair(*names, [one for one, _ in times], [one for _, one in times])


def print_pairs(pairs: list[Pair]) -> None:
    print("| ours | beside | ours, ms per frame | the other, ms per frame | ours / the other (median) | (min-max) |")
    print("|---|---|---|---|---|---|")
    for pair in pairs:
        ours = f"| {pair.ours} | {pair.other} | {statistics.median(pair.our_ms):.2f} |"
        if pair.why_not:
            print(f"{ours} not measured: {pair.why_not} | | |")
            continue
        ratios = [one / other for one, other in zip(pair.our_ms, pair.other_ms, strict=True)]
        print(
            f"{ours} {statistics.median(pair.other_ms):.2f} | {statistics.median(ratios):.3g} "
            f"| {min(ratios):.3g}-{max(ratios):.3g} |"
        )


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def steady(results: Iterator[object]) -> float:
    """Return seconds per frame from the first result on: models are loaded and sessions open by then."""
    next(results)
    start = time.perf_counter()
    count = sum(1 for _ in results)
    return (time.perf_counter() - start) / count
