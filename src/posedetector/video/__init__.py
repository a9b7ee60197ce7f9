"""Any moving picture as a stream of frames: file, URL, image, folder of images or camera number.

Images are upright RGB of square pixels, as the file declares them (`geometry`, `stills`), all of one size. Times are the stream's own
presentation times in seconds, from the first picture, so that a variable frame rate stays one; of slow motion, those of the capture.
Memory does not grow with the length of the clip.

A `Selection` is a part of a video. Frames keep their own times and numbers, those of the whole video. What lies before
the part is not decoded where the file can be entered in the middle (`seeking`); what is read is the same either way.
"""

import os
import re
from pathlib import PurePosixPath
from urllib.parse import SplitResult, unquote, urlsplit

from posedetector.errors import VideoError
from posedetector.opening import check_file, kind_of, resolve, shown
from posedetector.video.images import CAMERA_SECONDS, IMAGE_SUFFIXES, images_in, open_camera, open_images
from posedetector.video.nouns import WHOLE, Selection, Video, read_ahead
from posedetector.video.stills import open_pages, pages_of
from posedetector.video.streams import open_stream

__all__ = ["CAMERA_SECONDS", "WHOLE", "Selection", "Video", "is_camera", "open_video", "read_ahead", "source_name"]

_URL = re.compile(r"https?://", re.IGNORECASE)
_MOST_CAMERAS = 100  # OpenCV takes larger numbers for a choice of driver
_LONGEST_NAME = 180  # bytes of UTF-8; systems take 255, and endings are added
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)  # Windows' names of devices


def is_camera(source: str) -> bool:
    """Tell whether a source is the number of a camera, which shows nothing twice."""
    return re.fullmatch(r"[0-9]+", source) is not None


def source_name(source: str) -> str:
    """Return what the results of a source are called after: a name that every system takes; raises VideoError."""
    if is_camera(source):
        return f"camera{_camera(source)}"
    if _URL.match(source):
        return _as_name(PurePosixPath(unquote(_checked_url(source).path)).stem) or "video"
    path = resolve(source, VideoError)
    return _as_name(path.resolve().name if kind_of(path, VideoError) == "folder" else path.stem) or "video"


def _as_name(text: str) -> str:
    """Return a name without what files cannot be called, or other files cannot hold, and not too long."""
    text = re.sub(r"[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
    text = re.sub(r'[\x00-\x1f\x7f/\\<>:"|?*]', "_", text)  # the last seven are Windows'
    text = text.encode("utf-8")[:_LONGEST_NAME].decode("utf-8", "ignore").strip().rstrip(". ")
    return f"_{text}" if _DEVICE.match(text) else text


def _camera(source: str) -> int:
    if len(source.lstrip("0")) > len(str(_MOST_CAMERAS)) or int(source) >= _MOST_CAMERAS:
        raise VideoError(
            f"there is no camera {shown(source)}; cameras are numbered from 0, and the first one is mostly 0"
        )
    return int(source)


def _checked_url(source: str) -> SplitResult:
    try:
        parts = urlsplit(source)
        _ = parts.port  # which raises for what is none
    except ValueError as error:
        raise VideoError(f"{shown(source)} is not a URL that can be opened: {error}") from error
    if not parts.hostname:
        raise VideoError(f"{shown(source)} is not a URL that can be opened: it names no server")
    return parts


def open_video(
    source: str | os.PathLike[str],
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
    source = os.fspath(source)
    name = source_name(source)
    if is_camera(source):
        if selection.start > 0 or selection.end is not None:
            raise VideoError(
                "`start` and `end` select a part of a recording; for a camera use `duration`", field="start"
            )
        seconds = CAMERA_SECONDS if duration is None else duration
        if captured is not None:
            raise VideoError(
                "`capture_fps` is the rate of a recording; a camera is timed by this computer's clock",
                field="capture_fps",
            )
        return open_camera(_camera(source), name, selection.lasting(seconds), mirrored=mirrored)
    selection = selection.lasting(duration)
    if _URL.match(source):
        return open_stream(source, name, selection, captured, mirrored=mirrored)
    path = resolve(source, VideoError)
    kind = kind_of(path, VideoError)
    if kind == "folder":
        return open_images(images_in(path), name, captured if rate is None else rate, selection, mirrored=mirrored)
    if not kind:
        raise VideoError(f"there is no file {shown(source)}")
    check_file(path, error=VideoError)
    if rate is not None and path.suffix.lower() not in IMAGE_SUFFIXES:
        raise VideoError(
            "`fps` is for folders of images; for the rate at which a video was captured pass `capture_fps`", field="fps"
        )
    if path.suffix.lower() in IMAGE_SUFFIXES:
        pages = pages_of(path)
        if len(pages) > 1:
            return open_pages(path, name, pages, captured if rate is None else rate, selection, mirrored=mirrored)
        return open_images([path], name, None, selection, mirrored=mirrored)
    return open_stream(str(path), name, selection, captured, mirrored=mirrored)
