"""What applying a file's geometry costs: milliseconds a frame, decoded frames to upright RGB, beside plain conversion.

    uv run python benchmarks/pixels.py

Both are timed on the same decoded frames, in turns, so that the ratio holds on a busy machine. The clips are made on the spot.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from posedetector.video.geometry import Declared, Display

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from clips import write_clip

ROUNDS, FRAMES = 25, 24
QUARTER_TURN = [0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30]


def turned(stream: av.VideoStream) -> None:
    stream.set_display_matrix(QUARTER_TURN)


def anamorphic(stream: av.VideoStream) -> None:
    stream.codec_context.sample_aspect_ratio = Fraction(4, 3)


CLIPS: dict[str, dict[str, Any]] = {
    "upright, 8 bits": {},
    "upright, 10 bits": {"pixels": "yuv420p10le"},
    "turned by 90°": {"configure": turned},
    "anamorphic 4:3": {"configure": anamorphic},
    "interlaced": {"options": {"x264-params": "interlaced=1", "preset": "ultrafast"}},
}


def plain(picture: Any) -> np.ndarray:
    """Return what was done before: rotation by a view and a copy."""
    image = picture.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(image, round(picture.rotation / 90) % 4))


def decoded(clip: Path) -> tuple[Declared, list[Any]]:
    with av.open(str(clip)) as container:
        declared = Declared.by(container, str(clip))
        pictures = list(container.decode(video=0))
        for picture in pictures:
            picture.opaque = container.streams.video[0].codec_context.sample_aspect_ratio
    return declared, pictures


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Print a table."""
    noise = np.random.default_rng(0)
    images = [np.kron(noise.integers(0, 255, (90, 160, 3)), np.ones((8, 8, 1))).astype(np.uint8) for _ in range(FRAMES)]
    print(f"{'1280×720':20}{'plain':>9}{'Display':>9}{'ratio':>7}   ms a stored frame")
    with tempfile.TemporaryDirectory() as folder:
        for name, given in CLIPS.items():
            options: dict[str, Any] = {"codec": "libx264", "options": {"preset": "ultrafast"}, **given}
            declared, pictures = decoded(write_clip(Path(folder) / "clip.mp4", images, **options))
            display = Display.of(declared, pictures[0])

            def ours(display: Display = display, pictures: list[Any] = pictures) -> None:
                for picture in display.fields(pictures):
                    display.upright(picture, 0.0)

            def before(pictures: list[Any] = pictures) -> None:
                for picture in pictures:
                    plain(picture)

            times = np.array([(seconds(before), seconds(ours)) for _ in range(ROUNDS)])
            one, other = 1000 * np.median(times, axis=0) / FRAMES
            print(f"{name:20}{one:9.2f}{other:9.2f}{np.median(times[:, 1] / times[:, 0]):7.2f}")


if __name__ == "__main__":
    main()
