"""Speed and memory of the VideoPose3D lifter, beside the ways in which it is usually run.

    uv run python benchmarks/lifting.py              3,000 frames: ours, one dense pass, one window a frame
    uv run python benchmarks/lifting.py --memory     peak memory of lifting 100,000 frames (Linux)
    uv run python benchmarks/lifting.py --stream     cost of a frame after 500 and after 50,000
    uv run python benchmarks/lifting.py --rates      one synthetic walk of 3 s at several frame rates
    uv run python benchmarks/lifting.py --numpy      the bundled lifter on NumPy and on PyTorch, in turn; importing PyTorch
    uv run python benchmarks/lifting.py --installed .venv/lib/python3.11/site-packages    what takes how much room there

The network has its published size (1,024 channels, 243 frames) and random weights, which take as long as trained ones.
Flip averaging is on everywhere. The dense pass is the published operations in their order, convolution, normalisation,
ReLU, over the whole padded sequence at once; one window a frame runs the same network on 243 frames for each pose.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
from posedetector.filters import interpolate
from posedetector.lifters import VideoPose3DSettings
from posedetector.lifters.networks import read_model
from posedetector.lifters.streaming import LiftStream
from posedetector.lifters.videopose3d import VideoPose3D, mirrored
from posedetector.models.videopose3d import TemporalModel, TorchNetwork
from posedetector.pose import Keypoints, Source
from posedetector.skeletons import BLAZEPOSE_33
from posedetector.tracking import track
from posedetector.weights import WEIGHTS, locate

THREADS = 2
RUNS = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--rates", action="store_true")
    parser.add_argument("--numpy", action="store_true")
    parser.add_argument("--installed", type=Path, metavar="SITE_PACKAGES")
    parser.add_argument("--frames", type=int, help="3,000 for speed, 100,000 for memory, 50,000 for the stream")
    parser.add_argument("--lift", type=Path, help=argparse.SUPPRESS)  # the process whose memory is measured
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    if options.lift:
        lift(options.lift, options.frames)
        return
    if options.installed:
        installed(options.installed)
        return
    print(
        f"{platform.system()} {platform.machine()}, {THREADS} of {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, PyTorch {torch.__version__}"
    )
    with tempfile.TemporaryDirectory() as folder:
        if options.memory:
            memory(Path(folder), options.frames or 100_000)
        elif options.rates:
            rates(Path(folder))
        elif options.numpy:
            numpy_and_torch()
        elif options.stream:
            stream(Path(folder), options.frames or 50_000)
        else:
            speed(Path(folder), options.frames or 3_000)


def checkpoint(folder: Path, file: str) -> Path:
    torch.manual_seed(0)
    path = folder / file
    torch.save({"model_pos": TemporalModel().state_dict()}, path)
    return path


def speed(folder: Path, frames: int) -> None:
    path = checkpoint(folder, "pretrained_h36m_detectron_coco.bin")
    lifter = VideoPose3D(VideoPose3DSettings(model=str(path), device="cpu"))
    plain = TemporalModel()
    plain.load_state_dict(torch.load(path, weights_only=True)["model_pos"])
    plain.eval()
    screen = np.random.default_rng(0).normal(0, 0.3, (frames, 17, 2))
    padded = np.pad(screen.astype(np.float32), ((121, 121), (0, 0), (0, 0)), mode="edge")
    both = torch.from_numpy(np.stack([padded, mirrored(padded, lifter.takes)]))
    windows = 30
    ways: dict[str, tuple[int, Callable[[], object]]] = {
        "ours": (frames, lambda: lifter.run(screen)),
        "one dense pass": (frames, lambda: plain(both)),
        "one window a frame": (windows, lambda: [plain(both[:, row : row + 243]) for row in range(windows)]),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    with torch.inference_mode():
        for _, way in ways.values():
            way()
        for _ in range(RUNS):  # in turn, so that the machine's moods hit all alike
            for name, (count, way) in ways.items():
                start = time.perf_counter()
                way()
                rates[name].append(count / (time.perf_counter() - start))
    print("| 3,000 frames, flip averaged | frames per second (median) | ours is faster by (median, min-max) |")
    print("|---|---|---|")
    for name, seen in rates.items():
        ratios = [one / other for one, other in zip(rates["ours"], seen, strict=True)]
        print(
            f"| {name} | {statistics.median(seen):.0f} | {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f}-{max(ratios):.2f}) |"
        )


def numpy_and_torch() -> None:
    """Run the bundled lifter both ways within one process, the order turned each time, and import PyTorch in others."""
    layout, path = WEIGHTS["bundled"].lifter, locate("bundled")
    lifters = {name: VideoPose3D(VideoPose3DSettings(device="cpu")) for name in ("NumPy", "PyTorch")}
    lifters["PyTorch"].network = TorchNetwork(read_model(path, layout), torch.device("cpu"))
    print(
        "| frames, flip averaged | NumPy s (median) | PyTorch s (median) | NumPy / PyTorch (median, min-max) | apart, m |"
    )
    print("|---|---|---|---|---|")
    with threadpool_limits(THREADS):
        for frames in (300, 2_000, 20_000):
            screen = np.random.default_rng(0).normal(0, 0.3, (frames, 17, 3))
            made = {name: lifter.run(screen) for name, lifter in lifters.items()}
            seen: dict[str, list[float]] = {name: [] for name in lifters}
            for turn in range(RUNS):
                for name in [*lifters][:: 1 if turn % 2 else -1]:
                    start = time.perf_counter()
                    lifters[name].run(screen)
                    seen[name].append(time.perf_counter() - start)
            ratios = [one / other for one, other in zip(seen["NumPy"], seen["PyTorch"], strict=True)]
            apart = np.abs(made["NumPy"] - made["PyTorch"]).max()
            print(
                f"| {frames} | {statistics.median(seen['NumPy']):.3f} | {statistics.median(seen['PyTorch']):.3f} | "
                f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}) | {apart:.1e} |"
            )
    code = "import time, numpy; start = time.perf_counter(); import torch; print(time.perf_counter() - start)"
    command = [sys.executable, "-c", code]
    costs = [float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(RUNS)]
    print(f"import torch, after NumPy: {statistics.median(costs):.2f} s (median; {min(costs):.2f}-{max(costs):.2f})")


def installed(folder: Path) -> None:
    """Print the room that each distribution takes, the largest first."""
    sizes: dict[str, int] = {}
    for one in distributions(path=[str(folder)]):
        paths = [Path(one.locate_file(file)) for file in one.files or ()]
        sizes[one.name] = sum(path.stat().st_size for path in paths if path.is_file())
    print(f"| package | MB |\n|---|---|\n| all {len(sizes)} | {sum(sizes.values()) / 1e6:.0f} |")
    for name in sorted(sizes, key=lambda name: -sizes[name])[:20]:
        print(f"| {name} | {sizes[name] / 1e6:.0f} |")


def walk(frames: int, rate: float) -> Keypoints:
    """Return 33 points that wander about a picture, all of them always seen."""
    generator = np.random.default_rng(0)
    phase = generator.uniform(0, 6, (1, 33, 2))
    time_s = np.arange(frames) / rate
    xy = generator.uniform(300, 700, (1, 33, 2)) + 50 * np.sin(time_s[:, None, None] + phase)
    shape = (frames, 33)
    return Keypoints(
        skeleton=BLAZEPOSE_33,
        time=time_s,
        xy=xy,
        score=np.ones(shape),
        source=np.full(shape, Source.MEASURED, np.uint8),
        xyz=np.repeat(generator.normal(0, 0.3, (1, 33, 3)), frames, axis=0),
        image_size=(1280, 720),
    )


def memory(folder: Path, frames: int) -> None:
    path = checkpoint(folder, "pretrained_h36m_detectron_coco.bin")
    print("| frames at 50 Hz | peak memory of the process, MB |")
    print("|---|---|")
    for count in (1000, frames):
        command = [sys.executable, __file__, "--lift", str(path), "--frames", str(count)]
        print(f"| {count} | {subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()} |")


def lift(path: Path, frames: int) -> None:
    import resource  # Linux: peak memory in KiB
    import warnings

    warnings.simplefilter("ignore")  # the points are no person's
    VideoPose3D(VideoPose3DSettings(model=str(path), device="cpu")).lift(walk(frames, 50.0))
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


def stream(folder: Path, frames: int) -> None:
    """Compare frames of an old stream with those of one that began 500 frames ago, taken in turn."""
    lifter = VideoPose3D(VideoPose3DSettings(model=str(checkpoint(folder, "cpn-ft-243-dbb-causal.bin")), device="cpu"))
    keypoints = walk(frames, 50.0)
    old, young = (LiftStream(lifter, keypoints.skeleton, keypoints.image_size) for _ in range(2))
    for row in range(frames - 500):
        push(old, keypoints, row)
    for row in range(500):
        push(young, keypoints, row)
    costs = [(push(old, keypoints, frames - 500 + row), push(young, keypoints, 500 + row)) for row in range(500)]
    print("| frames | cost of a frame, ms (median) |")
    print("|---|---|")
    for name, seen in zip((f"{frames - 500}-{frames}", "500-1000"), zip(*costs, strict=True), strict=True):
        print(f"| {name} | {1000 * statistics.median(seen):.2f} |")
    print(f"ratio of each pair, median: {statistics.median(one / other for one, other in costs):.3f}")


def rates(folder: Path) -> None:
    """Compare the poses of one walk; the network averages over its whole window, so that its output is smooth.

    Its output is scaled so that its joints move, root-relative, as much as the walker's.
    """
    torch.manual_seed(0)
    model = TemporalModel(channels=64)
    for conv in (model.expand_conv, *model.layers_conv):
        conv.weight.data[:] = conv.weight.data.mean(dim=2, keepdim=True)
    path = folder / "pretrained_h36m_cpn.bin"
    torch.save({"model_pos": model.state_dict()}, path)
    lifter = VideoPose3D(VideoPose3DSettings(model=str(path), device="cpu"))
    moments = np.arange(0, 2.9, 0.01)
    print("| clip | other clip | difference, mm, mean | max |")
    print("|---|---|---|---|")
    for (rate, count), (other_rate, other_count) in (
        ((30, 91), (50, 151)),
        ((60, 181), (50, 151)),
        ((59.94, 180), (50, 150)),
        ((59.94, 180), (50, 151)),
    ):
        clips = [synthetic_walk(rate, count), synthetic_walk(other_rate, other_count)]
        one, other = (interpolate(clip.time, lifter.lift(clip).xyz[:, :17], moments) for clip in clips)
        moved = clips[1].xyz - clips[1].xyz.mean(axis=0)  # random weights give no metres: as far as the walker's joints
        apart = 1000 * moved.std() / other.std(axis=0).mean() * np.linalg.norm(one - other, axis=-1)
        names = [f"{1 / np.diff(clip.time)[0]:.4g} fps, ends at {clip.time[-1]:.3f} s" for clip in clips]
        print(f"| {names[0]} | {names[1]} | {apart.mean():.2f} | {apart.max():.2f} |")


def synthetic_walk(rate: float, frames: int) -> Keypoints:
    camera = PinholeCamera(focal_length=900)
    estimator = Synthetic((Walker(),), camera)
    pictures = list(estimator.frames(frames, rate))
    seen = zip((one.time for one in pictures), estimator.estimate(pictures), strict=True)
    return track(seen, skeleton=estimator.skeleton, image_size=camera.size).keypoints()


def push(lifts: LiftStream, keypoints: Keypoints, row: int) -> float:
    start = time.perf_counter()
    lifts.push(float(keypoints.time[row]), keypoints.xy[row])
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
