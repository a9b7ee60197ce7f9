"""The overlay video: the fitted body, drawn on the frames that it was fitted to.

The video is read a second time, frame by frame, since frames are not kept. What is drawn is the final pose, projected through
the fitted camera, with the detector's points as dots upon it: so a fit that is wrong is seen.

`projection` (laboratory → pixels), `figure` (what of a skeleton is drawn), `contacts`, `labels`, `drawing` (shapes on images), `artist`
(all of that on a frame), `encoding` (frames → H.264), `window` (`--show`), `options`.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from posedetector.errors import VideoError
from posedetector.overlay.options import OverlayOptions, parse_angles
from posedetector.pose import ByteArray, Frame
from posedetector.trial import Trial
from posedetector.video import Video

__all__ = ["OverlayOptions", "draw_overlay", "drawn_frames", "overlay_name", "parse_angles"]

STAGE = "drawing the overlay"
_SAME_MOMENT = 1e-6  # seconds


def overlay_name(video: Video) -> str:
    """Return the file's name: a single picture stays one."""
    return "overlay.png" if video.rate == 0 and video.expected == 1 else "overlay.mp4"


def draw_overlay(
    trial: Trial,
    video: Video,
    path: Path,
    options: OverlayOptions,
    progress: Callable[[str, Iterable[Any], int | None], Iterator[Any]] = lambda _, items, __: iter(items),
) -> None:
    """Draw a trial on its video, opened anew, and write that: H.264 in MP4, or PNG where the path says so.

    Raises
    ------
    VideoError
        If the video cannot be read again, or has other frames than those that were analysed.
    ResourceError
        If there is no encoder for H.264.
    OSError
        If the file cannot be written.
    """
    from posedetector.overlay.encoding import check_encoder, encode

    still = path.suffix == ".png"
    if not still:
        check_encoder()
    pictures = progress(STAGE, drawn_frames(trial, video, options), len(trial.pose.time))
    if still:
        for _, image in pictures:
            _write_png(path, image)
    else:
        encode(path, pictures, rate=trial.provenance.video.fps, declared=video.colours_declared)


def drawn_frames(trial: Trial, video: Video, options: OverlayOptions) -> Iterator[tuple[float, ByteArray]]:
    """Yield the time in seconds and the drawn picture (H, W, 3) of each frame; raises VideoError for other frames."""
    import numpy as np

    from posedetector.overlay.artist import Artist
    from posedetector.overlay.window import Window

    artist = Artist(trial, options)
    window = Window(trial.name, options.show_interval) if options.show else None
    try:
        with closing(video.frames()) as frames:
            for row, frame in enumerate(_checked(frames, trial)):
                image = _sized(frame, trial.keypoints.image_size)
                image = np.require(image, requirements=["C", "W"])
                artist.draw(row, image)
                if window is not None:
                    window.show(image)
                yield frame.time, image
    finally:
        if window is not None:
            window.close()


def _checked(frames: Iterable[Frame], trial: Trial) -> Iterator[Frame]:
    """Yield the frames as long as they are those that were analysed."""
    numbers, times = trial.frame_numbers, trial.pose.time
    row = -1
    for row, frame in enumerate(frames):
        if row >= len(times):
            raise VideoError(
                f"read a second time, {trial.name} has more than the {len(times)} frames that were analysed"
            )
        if frame.index != numbers[row] or abs(frame.time - times[row]) > _SAME_MOMENT:
            raise VideoError(
                f"read a second time, {trial.name} has frame {frame.index} at {frame.time:.3f} s where frame "
                f"{numbers[row]} at {times[row]:.3f} s was analysed"
            )
        yield frame
    if row + 1 < len(times):
        raise VideoError(f"read a second time, {trial.name} has {row + 1} frames; {len(times)} were analysed")


def _sized(frame: Frame, size: tuple[int, int]) -> ByteArray:
    """Return the frame's image at the size at which it was analysed; a video has one size, whatever its frames have."""
    if frame.size == size:
        return frame.image
    import cv2

    return cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)  # type: ignore[no-any-return]


def _write_png(path: Path, image: ByteArray) -> None:
    import cv2

    _, data = cv2.imencode(".png", image[..., ::-1])
    path.write_bytes(data.tobytes())
