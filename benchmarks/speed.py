"""Wall time and peak memory of `posedetector analyze`, beside a bare MediaPipe loop over the same clip.

    uv run python benchmarks/speed.py CLIP --height 1.69             ratio of wall times, runs taken in turn
    uv run python benchmarks/speed.py CLIP --height 1.69 --memory    peak memory, 20,000 frames against 2,000

Whole processes are timed, imports and model loading included on both sides. The bare loop: same decoder settings, same
model, nothing else.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "src/posedetector/assets/pose_landmarker_full.task"
BARE = """
import sys
import av, mediapipe, numpy as np
from mediapipe.tasks.python import BaseOptions, vision
options = vision.PoseLandmarkerOptions(
    base_options=BaseOptions(model_asset_path=sys.argv[2]), running_mode=vision.RunningMode.VIDEO
)
with vision.PoseLandmarker.create_from_options(options) as landmarker, av.open(sys.argv[1]) as container:
    container.streams.video[0].thread_type = "AUTO"
    for frame in container.decode(video=0):
        image = np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=image)
        landmarker.detect_for_video(picture, round(frame.time * 1000))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--height", type=float, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--frames", type=int, nargs=2, default=(2000, 20000))
    options = parser.parse_args()
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    if options.memory:
        memory(options.clip, options.height, options.frames)
    else:
        wall_time(options.clip, options.height, options.runs)


def analyze(clip: Path, height: float, folder: str) -> list[str]:
    arguments = ["--video", str(clip), "--height", str(height), "--output-dir", folder, "--quiet"]
    return [sys.executable, str(ROOT / "main.py"), *arguments]


def wall_time(clip: Path, height: float, runs: int) -> None:
    ours, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        run([sys.executable, "-c", BARE, str(clip), str(MODEL)])  # warms the file cache
        for _ in range(runs):
            bare.append(run([sys.executable, "-c", BARE, str(clip), str(MODEL)])[0])
            ours.append(run(analyze(clip, height, folder))[0])
    ratios = [one / other for one, other in zip(ours, bare, strict=True)]
    print("| clip | analyze, s | bare loop, s | ratio (median) | ratio (min-max) |")
    print("|---|---|---|---|---|")
    print(
        f"| {clip.name} | {statistics.median(ours):.1f} | {statistics.median(bare):.1f} "
        f"| {statistics.median(ratios):.2f} | {min(ratios):.2f}-{max(ratios):.2f} |"
    )


def memory(clip: Path, height: float, frames: tuple[int, int]) -> None:
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        for count in frames:
            long = Path(folder) / f"{count}.mp4"
            repeat(clip, long, count)
            peaks.append(run(analyze(long, height, folder))[1])
    print("| clip | frames | peak memory, MB | ratio |")
    print("|---|---|---|---|")
    for count, peak in zip(frames, peaks, strict=True):
        print(f"| {clip.name} repeated | {count} | {peak:.0f} | {peak / peaks[0]:.2f} |")


def repeat(clip: Path, target: Path, count: int) -> None:
    """Write the clip over and over, at half size, until there are that many frames."""
    import av

    with av.open(str(target), "w") as output:
        stream, written = None, 0
        while written < count:
            with av.open(str(clip)) as source:
                for frame in source.decode(video=0):
                    if stream is None:
                        stream = output.add_stream("libx264", rate=60, options={"preset": "ultrafast", "crf": "28"})
                        stream.width, stream.height = frame.width // 4 * 2, frame.height // 4 * 2
                    image = frame.reformat(stream.width, stream.height, format="yuv420p")
                    image.pts, image.time_base = written, 1 / stream.average_rate
                    output.mux(stream.encode(image))
                    written += 1
                    if written == count:
                        break
        output.mux(stream.encode())


def run(command: list[str]) -> tuple[float, float]:
    """Return wall seconds and peak megabytes of a process that must succeed."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"failed with {process.returncode}: {' '.join(command)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
