"""Small videos for tests, made on the spot, so that every picture and every time in them is known."""

import struct
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

SIZE = (320, 240)
CORNER = 48  # pixels; the coloured corner of `corner_image`
RED = (255, 0, 0)
# rows (a, b), (c, d) of the display matrix, x' = ax + cy, y' = bx + dy with y down: ISO 14496-12, 8.3.2
TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def plain_image(value: int = 90, size: tuple[int, int] = SIZE) -> Image:
    return np.full((size[1], size[0], 3), value, np.uint8)


def corner_image(size: tuple[int, int] = SIZE) -> Image:
    """Black with a red top left corner."""
    image = plain_image(0, size)
    image[:CORNER, :CORNER] = RED
    return image


def noise_images(count: int, size: tuple[int, int] = SIZE) -> list[Image]:
    """Pictures that do not compress, so that the bytes of a clip are spread evenly over its frames."""
    random = np.random.default_rng(0)
    return [random.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8) for _ in range(count)]


def write_clip(
    path: Path,
    images: Sequence[Image | av.VideoFrame],
    *,
    pts: Iterable[int] | None = None,
    rate: int = 30,
    codec: str = "mpeg4",
    pixels: str = "yuv420p",
    faststart: bool = False,
    between_keyframes: int | None = None,
    options: dict[str, str] | None = None,
    configure: Callable[[av.VideoStream], object] = lambda _: None,
) -> Path:
    """Write the images at pts / rate seconds, one after the other unless told; `options` are the codec's.

    `configure` is given the stream before the first image.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options={"movflags": "faststart"} if faststart else {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options)
        if between_keyframes is not None:
            stream.codec_context.gop_size = between_keyframes
        first = images[0]
        size = (first.width, first.height) if isinstance(first, av.VideoFrame) else first.shape[1::-1]
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        configure(stream)
        for moment, image in zip(range(len(images)) if pts is None else pts, images, strict=True):
            frame = image if isinstance(image, av.VideoFrame) else av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = moment, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    """Write a tenth of a second of silence without any picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        for index in range(4):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44100, 1024 * index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def set_rotation(path: Path, degrees: int) -> Path:
    """Say in the file's track header that the picture is to be shown turned clockwise."""
    data = bytearray(path.read_bytes())
    box = data.index(b"tkhd") - 4
    matrix = box + (60 if data[box + 8] == 1 else 48)
    one = 1 << 16
    assert struct.unpack_from(">9i", data, matrix) == (one, 0, 0, 0, one, 0, 0, 0, 1 << 30)
    a, b, c, d = (one * value for value in TURNS[degrees])
    struct.pack_into(">9i", data, matrix, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def packet_ends(path: Path) -> list[int]:
    """Return for each packet the byte of the file at which it ends."""
    with av.open(str(path)) as container:
        return [packet.pos + packet.size for packet in container.demux(video=0) if packet.size and packet.pos]
