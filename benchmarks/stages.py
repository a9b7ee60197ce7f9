"""The stages of `posedetector analyze` timed apart in one process, and two of them beside what they replace.

speed.py runs this. Every stage is run once before it is timed, so that imports and first calls are in no figure; what is
opened anew for each clip, MediaPipe's sessions, is part of finding people. Lifters run on the CPU; the network has its
published size and random weights, which take as long as trained ones.
"""

import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import torch

from posedetector import Settings, Subject
from posedetector.calibration import Camera, calibrate
from posedetector.cleaning import clean
from posedetector.estimators import EstimatorOptions, KeypointEstimator, make_estimator
from posedetector.kinematics import study
from posedetector.lifters import LifterOptions, make_lifter
from posedetector.lifters.videopose3d import VideoPose3D, to_layout, to_screen
from posedetector.models.videopose3d import TemporalModel
from posedetector.pipeline import follow, silently
from posedetector.pose import Keypoints
from posedetector.provenance import account_for
from posedetector.refinement import NOT_REFINED
from posedetector.sanity import find_doubts
from posedetector.smoothing import smooth
from posedetector.trial import Trial
from posedetector.video import open_video
from posedetector.writers import Folder

T = TypeVar("T")

WINDOWS = 30  # one window a frame is slow, and every window takes as long: not all frames of the clip need one
DECODE = "decode, alone"
NATIVE, NETWORK = "lift, native", "lift, videopose3d in place of native"


class Road(NamedTuple):
    """What one clip has passed through: each stage ready to be run again on what the one before gave it."""

    frames: int
    stages: dict[str, Callable[[], object]]
    estimator: KeypointEstimator
    keypoints: Keypoints


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
    """Print the table of stages; return the clip's frames, and the pairs that are compared within this process."""
    network = random_network(folder)
    settings = Settings(video=str(clip), subject=Subject(height=height))
    road = travel(settings, network.lifter, folder)
    print_stages(road, runs)
    estimating = compare(
        ("decode and estimate, after the first frame", "bare MediaPipe loop, after the first frame"),
        lambda: steady(road.estimator.estimate(open_video(settings.video).frames())),
        lambda: steady(bare()),
        runs,
    )
    return road.frames, [estimating, lifting(road, network, runs)]


def random_network(folder: Path) -> Network:
    """Make a checkpoint of the published size, which the lifter knows by its name."""
    torch.manual_seed(0)
    published = TemporalModel().eval()
    path = folder / "pretrained_h36m_detectron_coco.bin"
    torch.save({"model_pos": published.state_dict()}, path)
    return Network(VideoPose3D(LifterOptions(model=str(path), device="cpu")), published)


def travel(settings: Settings, network: VideoPose3D, folder: Path) -> Road:
    """Take the clip all the way once, as `analyze` does, and keep every stage."""
    stages: dict[str, Callable[[], object]] = {}

    def first(name: str, stage: Callable[[], T]) -> T:
        stages[name] = stage
        return stage()

    estimator = make_estimator(settings.estimator, EstimatorOptions(settings.model, max_persons=settings.max_persons))
    native = make_lifter(settings.lifter)
    camera = Camera(settings.focal_length, settings.fov, settings.camera_level)
    video = open_video(settings.video)
    first(DECODE, lambda: deque(open_video(settings.video).frames(), maxlen=0))
    tracks = first("find people, decoding beside it", lambda: follow(open_video(settings.video), estimator, silently))
    cleaned = first(
        "clean",
        lambda: clean(tracks.keypoints(settings.person), min_score=settings.min_score, max_gap=settings.max_gap),
    )
    doubts = first("sanity", lambda: find_doubts(cleaned.keypoints))
    relative = first(NATIVE, lambda: native.lift(cleaned.keypoints))
    first(NETWORK, lambda: network.lift(cleaned.keypoints))
    metric, size = first("calibrate", lambda: calibrate(relative, cleaned.keypoints, settings.subject, camera))
    pose, smoothing = first("smooth", lambda: smooth(metric, settings.cutoff))
    kinematics = first("kinematics", lambda: study(pose, settings.subject))
    account = first(
        "account",
        lambda: account_for(
            settings, video, estimator, tracks, cleaned, doubts, native, size, NOT_REFINED, smoothing, pose, kinematics
        ),
    )
    trial = Trial(video.name, cleaned.keypoints, pose, account, tracks, kinematics)
    for form in ("csv", "trc"):
        first(f"write {form}", partial(write, trial, folder / form, form))
    return Road(len(tracks.time), stages, estimator, cleaned.keypoints)


def write(trial: Trial, folder: Path, form: str) -> None:
    with Folder(folder) as output:
        output.write(trial, [form], silently)


def print_stages(road: Road, runs: int) -> None:
    seen: dict[str, list[float]] = {name: [] for name in road.stages}
    for _ in range(runs):  # in turn, so that the machine's moods hit all alike
        for name, stage in road.stages.items():
            seen[name].append(1000 * seconds(stage) / road.frames)
    ms = {name: statistics.median(times) for name, times in seen.items()}
    with_native = sum(ms[name] for name in ms if name not in (DECODE, NETWORK))
    with_network = with_native - ms[NATIVE] + ms[NETWORK]
    print(f"| stage, {road.frames} frames | ms per frame (median) | share of total | frames per second |")
    print("|---|---|---|---|")
    for name, cost in ms.items():
        share = cost / (with_network if name == NETWORK else with_native)
        part = "beside" if name == DECODE else f"{100 * share:.1f} %"
        print(f"| {name} | {cost:.3f} | {part} | {1000 / cost:.0f} |")
    for name, cost in (("all, native", with_native), ("all, videopose3d", with_network)):
        print(f"| {name} | {cost:.3f} | 100 % | {1000 / cost:.0f} |")
    print()


def lifting(road: Road, network: Network, runs: int) -> Pair:
    """Compare all that our lifter does with the network alone, run as MMPose runs it: a window for each frame.

    The windows are cut from the clip's points, edge frames repeated, and averaged with their mirror image, as ours are.
    """
    xy, _, _ = to_layout(road.keypoints, network.lifter.takes)
    screen = to_screen(np.nan_to_num(xy), road.keypoints.image_size)
    half = network.published.receptive_field // 2
    both = network.lifter.batch(np.pad(screen, ((half, half), (0, 0), (0, 0)), mode="edge"), 1.0, 1.0)
    rows = np.linspace(0, road.frames - 1, WINDOWS).astype(int)

    @torch.inference_mode()
    def windows() -> None:
        for row in rows:
            network.published(both[:, row : row + 2 * half + 1])

    windows()
    return compare(
        ("lift with VideoPose3D, whole clip", "the same network, one window of 243 frames a frame, as MMPose"),
        lambda: seconds(road.stages[NETWORK]) / road.frames,
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
