"""Any moving picture as a stream of frames: file, URL, image, folder of images or camera number.

Images are upright RGB of square pixels, as the file declares them (`geometry`, `stills`), all of one size. Times are the stream's own
presentation times in seconds, from the first picture, so that a variable frame rate stays one; of slow motion, those of the capture.
Memory does not grow with the length of the clip.

A `Selection` is a part of a video. Frames keep their own times and numbers, those of the whole video. What lies before
the part is not decoded where the file can be entered in the middle (`seeking`); what is read is the same either way.
"""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from posedetector.errors import VideoError
from posedetector.video.images import CAMERA_SECONDS, IMAGE_SUFFIXES, images_in, open_camera, open_images
from posedetector.video.nouns import WHOLE, Selection, Video, read_ahead
from posedetector.video.stills import open_pages, pages_of
from posedetector.video.streams import open_stream

__all__ = ["CAMERA_SECONDS", "WHOLE", "Selection", "Video", "is_camera", "open_video", "read_ahead", "source_name"]

_URL = re.compile(r"https?://")


def is_camera(source: str) -> bool:
    """Tell whether a source is the number of a camera, which shows nothing twice."""
    return re.fullmatch(r"\d+", source) is not None


def source_name(source: str) -> str:
    """Return what the results of a source are called after."""
    if is_camera(source):
        return f"camera{source}"
    if _URL.match(source):
        return Path(unquote(urlsplit(source).path)).stem or "video"
    path = Path(source).expanduser()
    return path.resolve().name if path.is_dir() else path.stem


def open_video(
    source: str,
    *,
    rate: float | None = None,
    duration: float | None = None,
    selection: Selection = WHOLE,
    mirrored: bool = False,
    captured: float | None = None,
) -> Video:
    """Open a video wherever it is.

    Parameters
    ----------
    source : path, http(s) URL, image, folder of images, or the number of a camera.
    rate : frames per second of a folder of images, which carries none; 30 unless told.
    duration : seconds to read, from the selection's start; everything unless told, 10 from a camera.
    selection : which part to read, in seconds as the video is stored.
    captured : frames per second at which the frames were captured; times are stretched from the stored rate to it. Unless told, what
        the file says.
    mirrored : whether the images are mirrored, as front cameras record them; they are then mirrored back.

    Raises
    ------
    VideoError
        If there is nothing there, nothing that can be read, or nothing in the part that was selected.
    """
    name = source_name(source)
    if is_camera(source):
        if selection.start > 0 or selection.end is not None:
            raise VideoError("--start and --end select a part of a recording; for a camera use --duration")
        seconds = CAMERA_SECONDS if duration is None else duration
        if captured is not None:
            raise VideoError("--capture-fps is the rate of a recording; a camera is timed by this computer's clock")
        return open_camera(int(source), name, selection.lasting(seconds), mirrored=mirrored)
    selection = selection.lasting(duration)
    if _URL.match(source):
        return open_stream(source, name, selection, captured, mirrored=mirrored)
    path = Path(source).expanduser()
    if path.is_dir():
        return open_images(images_in(path), name, captured if rate is None else rate, selection, mirrored=mirrored)
    if not path.exists():
        raise VideoError(f"there is no file {source}")
    if path.suffix.lower() in IMAGE_SUFFIXES:
        shown = pages_of(path)
        if len(shown) > 1:
            return open_pages(path, name, shown, captured if rate is None else rate, selection, mirrored=mirrored)
        return open_images([path], name, None, selection, mirrored=mirrored)
    return open_stream(str(path), name, selection, captured, mirrored=mirrored)
