"""How far points move when the sample is stored with other pixels: pixels from where they are on the plain clip.

    uv run python benchmarks/stored_otherwise.py

Clips are written without loss from the sample's frames. The first row is the measure for all others: every value one grey level
brighter, which nobody sees.
"""

import math
import sys
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from posedetector.pipeline import analyze
from posedetector.settings import Settings
from posedetector.subject import Subject
from posedetector.trial import Trial

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "samples" / "walk_side.mp4"
CASES = ROOT.parent / "shared" / "cases"


def hdr(trc: int) -> Callable[[av.VideoFrame], av.VideoFrame]:
    converter = VideoReformatter()

    def convert(picture: av.VideoFrame) -> av.VideoFrame:
        source = picture.reformat(format="rgb24")
        source.color_trc = source.color_primaries = 1
        target = {"dst_color_trc": trc, "dst_color_primaries": 9, "dst_colorspace": "BT2020", "dst_color_range": 1}
        frame = converter.reformat(source, format="yuv420p10le", **target)
        frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries = 9, 1, trc, 9
        return frame

    return convert


def brighter(picture: av.VideoFrame) -> av.VideoFrame:
    image = picture.to_ndarray(format="rgb24")
    return av.VideoFrame.from_ndarray(np.minimum(image, 254) + np.uint8(1), format="rgb24")


def full_range(picture: av.VideoFrame) -> av.VideoFrame:
    frame = picture.reformat(format="rgb24").reformat(format="yuv444p12le", dst_colorspace="ITU709", dst_color_range=2)
    frame.colorspace, frame.color_range = 1, 2
    return frame


VARIANTS: dict[str, tuple[Callable[[av.VideoFrame], av.VideoFrame], str]] = {
    "one grey level brighter": (brighter, "bgr0"),
    "12 bits, full range, BT.709": (full_range, "yuv444p12le"),
    "HLG, 10 bits": (hdr(18), "yuv420p10le"),
    "PQ, 10 bits": (hdr(16), "yuv420p10le"),
}


def write(path: Path, convert: Callable[[av.VideoFrame], av.VideoFrame], pixels: str) -> Path:
    with av.open(str(SAMPLE)) as source, av.open(str(path), "w") as target:
        stream: Any = None
        for number, picture in enumerate(source.decode(video=0)):
            frame = convert(picture)
            if stream is None:
                stream = target.add_stream("ffv1", rate=30)
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, pixels
                for tag in ("colorspace", "color_range", "color_trc", "color_primaries"):
                    setattr(stream.codec_context, tag, getattr(frame, tag))
            frame.pts, frame.time_base = number, Fraction(1, 30)
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    return path


def analyzed(clip: Path) -> Trial:
    return analyze(Settings(video=str(clip), subject=Subject(height=1.65)))


def knees(trial: Trial) -> np.ndarray:
    angles = trial.kinematics.angles
    return np.degrees(angles.values[:, [angles.names.index(f"{side}_knee_flexion") for side in ("left", "right")]])


def speed(trial: Trial) -> float:
    return next((one.value for one in trial.kinematics.gait.quantities if one.name == "walking_speed"), math.nan)


def main() -> None:
    """Print a table."""
    plain = analyzed(SAMPLE)
    print(f"{'':28}{'median px':>10}{'p95 px':>8}{'knees °, median':>17}{'ranges °':>12}{'m/s':>7}")
    print(f"{'plain':28}{0:10.1f}{0:8.1f}{0:17.1f}{ranges(plain):>12}{speed(plain):7.2f}")
    with tempfile.TemporaryDirectory() as folder:
        clips = {name: (Path(folder) / "clip.mkv", made) for name, made in VARIANTS.items()}
        for case in ("anamorphic_sar_4_3.mp4", "size_changes_midway.mkv"):
            if (CASES / case).exists():
                clips[case] = (CASES / case, None)
        for name, (path, made) in clips.items():
            other = analyzed(write(path, *made) if made else path)
            away = np.linalg.norm(other.keypoints.xy - plain.keypoints.xy, axis=2)
            angle = np.nanmedian(np.abs(knees(other) - knees(plain)))
            print(
                f"{name:28}{np.nanmedian(away):10.1f}{np.nanpercentile(away, 95):8.1f}{angle:17.1f}{ranges(other):>12}{speed(other):7.2f}"
            )
            sys.stdout.flush()


def ranges(trial: Trial) -> str:
    return "/".join(f"{np.ptp(side[np.isfinite(side)]):.0f}" for side in knees(trial).T)


if __name__ == "__main__":
    main()
