"""What the overlay video costs, beside decoding and encoding the same clip without drawing anything.

    uv run python benchmarks/overlay.py CLIP --height 1.69                      ratio, and the overlay's share of `analyze`
    uv run python benchmarks/overlay.py CLIP --height 1.69 --looped 20          the same of the clip 20 times over, and peak memory

The clip is analysed once (not timed). Then, in turn, each in a process of its own: decoding and encoding the clip with the overlay's
encoder settings, without and with the way through RGB that any drawing takes, and the overlay. What is timed begins when all is
imported and ends when the file is written. A looped clip repeats the clip, and its analysis too.
Linux only (`/proc`).
"""

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from posedetector import Settings, Subject
from posedetector.kinematics import study
from posedetector.overlay import OverlayOptions, draw_overlay
from posedetector.overlay.encoding import BETWEEN_KEYFRAMES, encode
from posedetector.pipeline import analyze, analyze_to
from posedetector.pose import MetricPose
from posedetector.tracking import Track, Tracks
from posedetector.trial import Trial
from posedetector.video import open_video


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--height", type=float, required=True, help="the person's, metres")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--looped", type=int, default=0, help="also the clip so many times over")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(*options.one, options.clip)
        return
    settings = Settings(video=str(options.clip), subject=Subject(height=options.height))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trial = analyze(settings)
        print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; medians of {options.runs}\n")
        print(
            "| clip | frames | | s | ms per frame | of decoding and encoding | peak, MB |\n|---|---|---|---|---|---|---|"
        )
        measure(options.clip, trial, folder, options.runs)
        if options.looped:
            long = folder / "looped.mp4"
            repeat(options.clip, long, options.looped)
            measure(long, repeated(trial, options.looped, long), folder, options.runs)
        share(settings, folder, options.runs)


def measure(clip: Path, trial: Trial, folder: Path, runs: int) -> None:
    """Print seconds and memory of all three, taken in turn."""
    (folder / "trial.pkl").write_bytes(pickle.dumps(trial))
    took: dict[str, list[tuple[float, float]]] = {"bare": [], "plain": [], "overlay": []}
    for _ in range(runs):
        for what, its in took.items():
            command = [sys.executable, __file__, str(clip), "--height", "1", "--one", what, str(folder), "x"]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            its.append(tuple(json.loads(said)))
    names = {
        "bare": "decode and encode, without RGB",
        "plain": "decode and encode, through RGB",
        "overlay": "**overlay**",
    }
    for what, its in took.items():
        seconds = statistics.median(one for one, _ in its)
        ratios = " / ".join(
            f"{statistics.median(one / other for (one, _), (other, _) in zip(its, took[base], strict=True)):.2f}"
            for base in ("bare", "plain")
        )
        frames = len(trial.pose.time)
        print(
            f"| {clip.name} | {frames} | {names[what]} | {seconds:.2f} | {1000 * seconds / frames:.1f} | {ratios} "
            f"| {max(peak for _, peak in its):.0f} |",
            flush=True,
        )


def one(what: str, folder: str, _: str, clip: Path) -> None:
    """Do one of them, and print its seconds and the process's peak memory in MB."""
    import cv2  # noqa: F401 -- imports are not timed
    import matplotlib as mpl  # noqa: F401
    from PIL import ImageFont  # noqa: F401

    trial: Trial = pickle.loads(Path(folder, "trial.pkl").read_bytes())
    target, rate = Path(folder, f"{what}.mp4"), trial.provenance.video.fps
    start = time.perf_counter()
    if what == "bare":
        transcode(clip, target, rate)
    elif what == "plain":
        encode(target, ((frame.time, frame.image) for frame in open_video(str(clip)).frames()), rate=rate)
    else:
        draw_overlay(trial, open_video(str(clip)), target, OverlayOptions())
    seconds = time.perf_counter() - start
    # not getrusage: its peak is inherited from the process that started this one
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(json.dumps([seconds, int(status["VmHWM"].split()[0]) / 1024]))


def transcode(clip: Path, target: Path, rate: float) -> None:
    """Encode what is decoded, with the overlay's settings, as fast as PyAV can."""
    from fractions import Fraction

    import av

    from posedetector.overlay.encoding import X264

    with av.open(str(clip)) as source, av.open(str(target), "w", options={"movflags": "+faststart"}) as output:
        source.streams.video[0].thread_type = "AUTO"
        stream = None
        for frame in source.decode(video=0):
            if stream is None:
                stream = output.add_stream("libx264", rate=Fraction(rate).limit_denominator(1000), options=dict(X264))
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
                stream.codec_context.max_b_frames = 0
                stream.codec_context.gop_size = int(BETWEEN_KEYFRAMES * rate)
            frame.pict_type = av.video.frame.PictureType.NONE
            output.mux(stream.encode(frame.reformat(format="yuv420p")))
        output.mux(stream.encode())


def repeat(clip: Path, target: Path, times: int) -> None:
    """Write the clip over and over, at its own size."""
    import av

    with av.open(str(target), "w") as output:
        stream, count = None, 0
        for _ in range(times):
            for frame in open_video(str(clip)).frames():
                if stream is None:
                    stream = output.add_stream("libx264", rate=60, options={"preset": "superfast", "crf": "23"})
                    stream.width, stream.height, stream.pix_fmt = *frame.size, "yuv420p"
                picture = av.VideoFrame.from_ndarray(frame.image, format="rgb24")
                picture.pts, picture.time_base, count = count, 1 / stream.average_rate, count + 1
                output.mux(stream.encode(picture))
        output.mux(stream.encode())


def repeated(trial: Trial, times: int, clip: Path) -> Trial:
    """Return the trial with its poses over and over, at the looped clip's times."""
    moments = np.array([frame.time for frame in open_video(str(clip)).frames()])
    pose, points, tracks = trial.pose, trial.keypoints, trial.tracks

    def again(array: np.ndarray) -> np.ndarray:
        return np.concatenate([array] * times)

    longer = MetricPose(
        pose.skeleton, moments, again(pose.xyz), again(pose.score), again(pose.source), again(pose.root)
    )
    keypoints = replace(
        points, time=moments, xy=again(points.xy), score=again(points.score), source=again(points.source), xyz=None
    )
    count = len(pose.time)
    others = [
        Track([row + count * turn for turn in range(times) for row in track.rows], track.poses * times)
        for track in tracks.tracks
    ]
    return replace(
        trial,
        pose=longer,
        keypoints=keypoints,
        tracks=Tracks(moments, others, tracks.image_size, tracks.skeleton),
        kinematics=study(longer, trial.subject),
    )


def share(settings: Settings, folder: Path, runs: int) -> None:
    """Print what `analyze` takes with and without the overlay, in turn, in this process."""
    formats = ["csv", "trc", "mot", "c3d", "png"]
    took: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(runs):
        for drawn, its in took.items():
            start = time.perf_counter()
            analyze_to(settings, folder / "results", formats, overlay=OverlayOptions() if drawn else None)
            its.append(time.perf_counter() - start)
    without, whole = (statistics.median(took[drawn]) for drawn in (False, True))
    print(
        f"\nanalyze and write: {without:.2f} s without the overlay, {whole:.2f} s with it: {1 - without / whole:.0%} of the whole"
    )


if __name__ == "__main__":
    main()
