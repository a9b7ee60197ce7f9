"""Wall time and peak memory of `posedetector analyze`, beside a bare MediaPipe loop over the same clip.

    uv run python benchmarks/speed.py CLIP --height 1.69                          stages, and the whole beside the bare loop
    uv run python benchmarks/speed.py CLIP --height 1.69 --before FOLDER          the same for another checkout, in one run
    uv run python benchmarks/speed.py CLIP --height 1.69 --looped 30:4 60:300     the clip over and over: frame rate:seconds
    uv run python benchmarks/speed.py CLIP --height 1.69 --beside                 what one would pick instead

Whole processes are timed, imports and model loading included on both sides, taken in turn; figures are medians. The bare
loop: same decoder settings, same model, nothing else. Stages are timed within the process that is timed as a whole; what is
loaded beside a stage is in that stage. Linux only (`os.wait4`, process groups). --looped clips are half as large as the original and give peak memory too.

With --beside, rtmlib and Sports2D run beside us, each installed by uv into an environment that is thrown away. They
fetch their networks when first run, which is not timed; what cannot be run says why. rtmlib makes 2D points and nothing
else: its balanced models for body and feet, on the CPU, people searched in every tenth frame as in its own example.
Sports2D goes on to metres in one plane: its defaults, but for what shows, draws or asks something.
"""

import argparse
import inspect
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import distributions, version
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "src/posedetector/assets/pose_landmarker_full.task"


def bare_loop(clip: str, model: str) -> Iterator[object]:
    """Yield MediaPipe's result for each frame."""
    import av
    import mediapipe
    import numpy as np
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.PoseLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=model), running_mode=vision.RunningMode.VIDEO
    )
    with vision.PoseLandmarker.create_from_options(options) as landmarker, av.open(clip) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            image = np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
            picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=image)
            yield landmarker.detect_for_video(picture, round(frame.time * 1000))


# a process of its own that imports nothing else, not even this file
BARE = f"""from __future__ import annotations
import sys
{inspect.getsource(bare_loop)}
for _ in bare_loop(*sys.argv[1:]):
    pass
"""
# `analyze` in a process that says how long each of its stages took
TIMED = """
import json, sys, time
from posedetector import pipeline, scene, writers
from posedetector.cli import main

took = {}

def timed(stage, work):
    def run(*given, **named):
        start = time.perf_counter()
        try:
            return work(*given, **named)
        finally:
            took[stage] = took.get(stage, 0) + time.perf_counter() - start
    return run

def with_timed_lift(make):
    def run(*given, **named):
        lifter = make(*given, **named)
        lifter.lift = timed("lift", lifter.lift)
        return lifter
    return run

scene.follow = timed("find people", scene.follow)
for name, stage in {"clean": "clean", "find_doubts": "sanity", "calibrate": "calibrate",
                    "refine": "refine", "smooth": "smooth", "study": "kinematics", "collect": "account"}.items():
    setattr(pipeline, name, timed(stage, getattr(pipeline, name)))
scene.make_lifter = with_timed_lift(scene.make_lifter)
for form, files in writers.FORMATS.items():
    writers.FORMATS[form] = {name: timed(f"write {form}", write) for name, write in files.items()}
try:
    main(["analyze", *sys.argv[1:]])
except SystemExit as end:
    print(json.dumps(took))
    raise
"""
STAGES = ("find people", "clean", "sanity", "lift", "calibrate", "refine", "smooth", "kinematics", "account")
LIFTERS = {"native depth": (), "bundled lifter": ("--use-videopose3d",)}
RTMLIB = """
import sys
import cv2
from rtmlib import BodyWithFeet, PoseTracker
tracker = PoseTracker(BodyWithFeet, det_frequency=10, mode="balanced", backend="onnxruntime", device="cpu")
capture, found = cv2.VideoCapture(sys.argv[1]), 0
while True:
    seen, frame = capture.read()
    if not seen:
        break
    points, _ = tracker(frame)
    found += len(points) > 0
if not found:  # its tracker passes over errors of its detector
    sys.exit("it found nobody")
"""
SPORTS2D = """
--show_realtime_results False --show_graphs False --save_graphs False --save_vid False --save_img False
--person_ordering_method largest_size
"""

NETWORK_ERRORS = ("urllib.", "http.", "socket.", "ssl.", "TimeoutError", "Connection")


class Alternative(NamedTuple):
    """What another would run: its packages, the first of which it is called after, its command, what that writes."""

    packages: tuple[str, ...]
    command: Callable[[Path, Path, float, Path], list[str]]  # programs, clip, height, folder for results
    writes: str | None = None


@dataclass
class Other:
    """An alternative with its runs; `why_not` says why there are none."""

    title: str
    command: list[str]
    why_not: str = ""
    took_s: list[float] = field(default_factory=list)


ALTERNATIVES = (
    Alternative(
        ("rtmlib", "onnxruntime"),
        lambda programs, clip, _, __: [str(programs / "python"), "-c", RTMLIB, str(clip)],
    ),
    Alternative(
        ("sports2d",),
        lambda programs, clip, height, folder: [
            *(str(programs / "sports2d"), "--video_input", str(clip), "--first_person_height", str(height)),
            *("--result_dir", str(folder), *SPORTS2D.split()),
        ],
        writes="*.trc",
    ),
)


class Run(NamedTuple):
    """How long a process took, how much memory at its peak, and its stages."""

    seconds: float
    megabytes: float
    stages: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--height", type=float, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--before", type=Path, help="another checkout, to run in turn with this one")
    parser.add_argument(
        "--looped", nargs="+", metavar="RATE:SECONDS", help="frames per second and length of looped clips"
    )
    parser.add_argument("--beside", action="store_true")
    parser.add_argument("--time-limit", type=float, default=600, help="seconds for each run of an alternative")
    options = parser.parse_args()
    print(machine(), end="\n\n")
    checkouts = {"now": ROOT} | ({"before": options.before.resolve()} if options.before else {})
    if options.beside:
        side_by_side(options.clip.resolve(), options.height, options.runs, options.time_limit)
    elif options.looped:
        looped(options.clip, options.height, options.runs, checkouts, [one.split(":") for one in options.looped])
    else:
        by_stage(options.clip, options.height, options.runs, checkouts)


def machine() -> str:
    info = Path("/proc/cpuinfo")  # only Linux has it, and on Arm it has no names
    names = re.findall(r"model name\s*: (.+)", info.read_text(encoding="utf-8")) if info.exists() else []
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {(names or [platform.processor()])[0]}, "
        f"Python {platform.python_version()}, PyTorch {version('torch')}, MediaPipe {version('mediapipe')}"
    )


def analyze(clip: Path, height: float, folder: str) -> list[str]:
    return [sys.executable, str(ROOT / "main.py"), *arguments(clip, height, folder)]


def arguments(clip: Path, height: float, folder: str) -> list[str]:
    return ["--video", str(clip), "--height", str(height), "--output-dir", folder, "--quiet"]


def by_stage(clip: Path, height: float, runs: int, checkouts: dict[str, Path]) -> None:
    """Print each stage's seconds, share of the whole, and share of the bare loop's seconds."""
    systems = [(lifter, when) for lifter in LIFTERS for when in checkouts]
    made: dict[tuple[str, str], list[Run]] = {system: [] for system in systems}
    bare = []
    with tempfile.TemporaryDirectory() as folder:
        run([sys.executable, "-c", BARE, str(clip), str(MODEL)])  # warms the file cache
        for _ in range(runs):
            bare.append(run([sys.executable, "-c", BARE, str(clip), str(MODEL)]).seconds)
            for lifter, when in systems:
                made[lifter, when].append(ours(clip, height, folder, checkouts[when], LIFTERS[lifter]))
    print(f"{clip.name}: the bare loop takes {statistics.median(bare):.1f} s (median of {runs})\n")
    for system, its in made.items():
        print_stages(" ".join(system), its, bare)


def print_stages(name: str, runs: list[Run], bare: list[float]) -> None:
    whole, loop = statistics.median(one.seconds for one in runs), statistics.median(bare)
    formats = sorted({stage for one in runs for stage in one.stages} - set(STAGES))
    seconds = {
        stage: statistics.median(one.stages[stage] for one in runs)
        for stage in (*STAGES, *formats)
        if stage in runs[0].stages
    }
    seconds["start, load, and what no stage has"] = whole - sum(seconds.values())
    print(f"| {name} | s | share | of the bare loop |\n|---|---|---|---|")
    for stage, took in seconds.items():
        print(f"| {stage} | {took:.2f} | {100 * took / whole:.1f} % | {took / loop:.2f} |")
    ratios = [one.seconds / other for one, other in zip(runs, bare, strict=True)]
    print(
        f"| **whole process** | {whole:.2f} | 100 % "
        f"| **{statistics.median(ratios):.2f}** ({min(ratios):.2f}–{max(ratios):.2f}) |\n"
    )


def looped(clip: Path, height: float, runs: int, checkouts: dict[str, Path], wanted: list[list[str]]) -> None:
    """Print what clips of several frame rates and lengths cost, whole and per frame."""
    print(
        "| clip | frames | | whole, s | of the bare loop | per frame, ms: all, finding people, refining, writing | peak, MB |"
    )
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for rate, seconds in wanted:
            count = round(float(rate) * float(seconds))
            long = Path(folder) / f"{rate}-{seconds}.mp4"
            repeat(clip, long, count, int(rate))
            bare = [sys.executable, "-c", BARE, str(long), str(MODEL)]
            loops, made = [], {when: [] for when in checkouts}
            for _ in range(runs):
                loops.append(run(bare).seconds)
                for when, checkout in checkouts.items():
                    made[when].append(ours(long, height, folder, checkout))
            for when, its in made.items():
                print(row(f"{seconds} s at {rate} fps | {count} | {when}", count, its, loops), flush=True)
            long.unlink()


def row(name: str, count: int, runs: list[Run], bare: list[float]) -> str:
    def per_frame(word: str) -> str:
        took = [sum(s for stage, s in one.stages.items() if stage.startswith(word)) for one in runs]
        return f"{1000 * statistics.median(took) / count:.1f}"

    whole = statistics.median(one.seconds for one in runs)
    ratio = statistics.median(one.seconds / other for one, other in zip(runs, bare, strict=True))
    parts = ", ".join([f"{1000 * whole / count:.1f}", *(per_frame(word) for word in ("find", "refine", "write"))])
    return f"| {name} | {whole:.1f} | {ratio:.2f} | {parts} | {max(one.megabytes for one in runs):.0f} |"


def ours(clip: Path, height: float, folder: str, checkout: Path, also: tuple[str, ...] = ()) -> Run:
    command = [sys.executable, "-c", TIMED, *arguments(clip, height, folder), *also]
    return run(command, {**os.environ, "PYTHONPATH": str(checkout / "src")})


def side_by_side(clip: Path, height: float, runs: int, limit: float) -> None:
    from stages import Pair, in_process, print_pairs

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frames, pairs = in_process(clip, height, runs, folder, lambda: bare_loop(str(clip), str(MODEL)))
        command = analyze(clip, height, str(folder / "ours"))
        run(command)  # warms the file cache, as the first try of each other does
        bare = Other("bare MediaPipe loop", [sys.executable, "-c", BARE, str(clip), str(MODEL)])
        others = [bare, *(prepare(one, clip, height, folder, limit) for one in ALTERNATIVES)]
        our_s = []
        for _ in range(runs):
            our_s.append(run(command).seconds)
            for other in others:
                if not other.why_not:
                    took, other.why_not = attempt(other.command, folder, limit)
                    other.took_s.append(took)
    per_frame = 1000 / frames
    our_ms = [took * per_frame for took in our_s]
    for other in others:
        other_ms = [took * per_frame for took in other.took_s]
        pairs.append(Pair("analyze, whole process", f"{other.title}, whole process", our_ms, other_ms, other.why_not))
    print_pairs(pairs)


def prepare(alternative: Alternative, clip: Path, height: float, folder: Path, limit: float) -> Other:
    """Install it, run it once, and see whether that made something."""
    name = alternative.packages[0]
    environment, results = folder / name, folder / f"{name}-results"
    other = Other(name, alternative.command(environment / "bin", clip, height, results))
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        other.why_not = "there is no uv to install it with"
        return other
    for step in (["venv", "--python", sys.executable], ["pip", "install", *alternative.packages, "--python"]):
        _, why_not = attempt([uv, *step, str(environment)], folder, limit)
        if why_not:
            other.why_not = f"it could not be installed ({why_not})"
            return other
    found = distributions(name=name, path=[str(path) for path in environment.glob("lib/*/site-packages")])
    other.title = f"{name} {next(iter(found)).version}"
    _, other.why_not = attempt(other.command, folder, limit)
    if not other.why_not and alternative.writes and not any(results.rglob(alternative.writes)):
        other.why_not = f"it wrote no {alternative.writes}"
    return other


def attempt(command: list[str], folder: Path, limit: float) -> tuple[float, str]:
    """Return wall seconds of a process that may fail, and why it did."""
    start = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,  # out of reach of this project's settings for uv
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # so that what it started ends with it
    ) as process:
        try:
            said, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            return limit, f"not done after {limit:g} s"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return time.perf_counter() - start, reason(said) if process.returncode else ""


def reason(said: str) -> str:
    """Return, without addresses and paths, what a failed process said; a failed download hides behind later errors."""
    errors = re.findall(r"^(\w[\w.]*(?:Error|Exception|Disconnected|timeout)): (.+)$", said, re.MULTILINE)
    network = [text for kind, text in errors if kind.startswith(NETWORK_ERRORS)]
    lines = [text for _, text in errors] or said.split("\n")
    text = network[-1] if network else next((line for line in reversed(lines) if line.strip()), "it did not say why")
    text = re.sub(r"<urlopen error (.+?)>", r"\1", text)
    text = re.sub(r"\[Errno -?\d+\] ?|`?(\w+:/)?/\S+", "", text).replace("|", " ").strip()
    return f"its models could not be downloaded ({text})" if network else text


def repeat(clip: Path, target: Path, count: int, rate: int) -> None:
    """Write the clip over and over, at half size, until there are that many frames."""
    import av

    with av.open(str(target), "w") as output:
        stream, written = None, 0
        while written < count:
            with av.open(str(clip)) as source:
                for frame in source.decode(video=0):
                    if stream is None:
                        stream = output.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "28"})
                        stream.width, stream.height = frame.width // 4 * 2, frame.height // 4 * 2
                    image = frame.reformat(stream.width, stream.height, format="yuv420p")
                    image.pts, image.time_base = written, 1 / stream.average_rate
                    output.mux(stream.encode(image))
                    written += 1
                    if written == count:
                        break
        output.mux(stream.encode())


def run(command: list[str], environment: dict[str, str] | None = None) -> Run:
    """Run a process that must succeed; the last line that it prints may be its stages."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as process:
        said = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - start
    if process.returncode != 0:
        sys.exit(f"failed with {process.returncode}: {' '.join(command)}")
    return Run(took, usage.ru_maxrss / 1024, json.loads(said.splitlines()[-1]) if said.strip() else {})


if __name__ == "__main__":
    main()
