"""Frames and their times → H.264 in MP4, streamed: a browser plays it and can be scrubbed quickly.

The frames' own times are kept to 1/90,000 s, from 0 on, at variable frame rates too.
"""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from posedetector.errors import ResourceError
from posedetector.pose import ByteArray

CLOCK = 90_000  # ticks per second, as MPEG has them
BETWEEN_KEYFRAMES = 0.25  # seconds
_CODEC: Final = "libx264"
# no frame refers to a later one: the first is at 0, and scrubbing decodes little
X264 = {"preset": "veryfast", "crf": "20", "forced-idr": "1"}
_BT709, _LIMITED = 1, 1  # ISO 23091-2: primaries, transfer and matrix; luma 16–235


def check_encoder() -> None:
    """Raise ResourceError where FFmpeg, as PyAV has it here, cannot write H.264."""
    import av.codec

    try:
        av.codec.Codec(_CODEC, "w")
    except ValueError:
        raise ResourceError(
            f"PyAV {av.__version__} was built without an H.264 encoder ({_CODEC}); PyPI's package has one: pip install "
            "--force-reinstall av"
        ) from None


def encode(path: Path, frames: Iterable[tuple[float, ByteArray]], *, rate: float, declared: bool = True) -> int:
    """Write frames, given as (seconds, (H, W, 3) RGB), and return how many there were.

    Parameters
    ----------
    path : the file, ending in .mp4.
    frames : times increase; the first one's becomes 0. All have the first one's size, and those of an odd width or height
        are padded by one pixel, since H.264's colours have half the resolution.
    rate : nominal frames per second, which players show.
    declared : whether the source says how its colours are coded. Where it does not, neither does the file: players guess by the
        picture's size, and then guess alike for both.

    Raises
    ------
    ResourceError
        Where there is no encoder, or it cannot take frames of this size.
    OSError
        If the file cannot be written.
    """
    import av
    from av.video.frame import PictureType

    check_encoder()
    count, first, keyframe = 0, 0.0, -np.inf
    before: float | None = None
    last = np.empty((0, 0, 3), np.uint8)
    nominal = Fraction(rate).limit_denominator(100_000) if rate > 0 else Fraction(30)
    try:
        with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            stream = None
            for time, image in frames:
                last = image
                if stream is None:
                    first = time
                    stream = container.add_stream(_CODEC, rate=nominal, options=dict(X264))
                    context = stream.codec_context
                    stream.width, stream.height = (side + side % 2 for side in (image.shape[1], image.shape[0]))
                    stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, CLOCK)
                    context.time_base, context.max_b_frames = Fraction(1, CLOCK), 0
                    context.color_range = _LIMITED
                    if declared:
                        context.colorspace = context.color_primaries = context.color_trc = _BT709
                picture = av.VideoFrame.from_numpy_buffer(_even(image), format="rgb24").reformat(
                    format="yuv420p",
                    dst_colorspace="ITU709" if declared else "ITU601",  # as it was decoded
                    src_color_range="JPEG",
                    dst_color_range="MPEG",
                    interpolation="FAST_BILINEAR",
                )
                picture.pts, picture.time_base = round((time - first) * CLOCK), Fraction(1, CLOCK)
                step = 1 / float(nominal) if before is None else time - before
                picture.duration = round(step * CLOCK)
                due = time + step - keyframe > BETWEEN_KEYFRAMES
                picture.pict_type = PictureType.I if due else PictureType.NONE
                keyframe, before = time if due else keyframe, time
                container.mux(stream.encode(picture))
                count += 1
            if stream is not None:
                container.mux(stream.encode())
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror or str(error)) from error
        height, width = last.shape[:2]
        raise ResourceError(
            f"the H.264 encoder takes no frames of {width}×{height} pixels: {error.strerror or error}"
        ) from error
    return count


def _even(image: ByteArray) -> ByteArray:
    height, width = image.shape[:2]
    if height % 2 == 0 and width % 2 == 0:
        return image
    return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
