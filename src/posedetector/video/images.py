"""Images, one or a folder of them, and cameras as frames."""

import re
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np

from posedetector.errors import VideoError
from posedetector.pose import Frame
from posedetector.video.geometry import check_shape, mirror_note
from posedetector.video.nouns import FOLDER_RATE, Selection, Video, ends_early
from posedetector.video.numbering import find_times
from posedetector.video.stills import load_still, notes_on, pages_of

IMAGE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
CAMERA_SECONDS = 10.0


_VIDEO_SUFFIXES = {
    ".mp4",
    ".mov",
    ".avi",
    ".mkv",
    ".m4v",
    ".webm",
    ".mts",
    ".m2ts",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".3gp",
    ".ts",
}


def images_in(folder: Path) -> list[Path]:
    """Return the images of a folder in the order of the numbers in their names; raises VideoError for none."""

    def natural(path: Path) -> list[tuple[int, str]]:
        return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.name.lower())]

    # hidden files are no pictures: macOS leaves ._img1.jpg beside img1.jpg
    files = [path for path in folder.iterdir() if not path.name.startswith(".")]
    images = sorted((path for path in files if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()), key=natural)
    if not images:
        videos = sorted(path.name for path in files if path.suffix.lower() in _VIDEO_SUFFIXES)
        if videos:
            what = f"{len(videos)} videos and no images: run it once per video," if len(videos) > 1 else "a video:"
            raise VideoError(f"the folder {folder} holds {what} `video` {folder / videos[0]}", field="video")
        inside = " itself; give one of the folders in it, or a video" if any(path.is_dir() for path in files) else ""
        raise VideoError(f"the folder {folder} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))}){inside}")
    return images


def open_images(
    paths: list[Path], name: str, rate: float | None, selection: Selection, *, mirrored: bool = False
) -> Video:
    """Open images as a video, `rate` numbers a second (else when `numbering` says); raises VideoError."""
    height, width = load_still(paths[0]).shape[:2]
    taken = find_times(paths, rate)
    times = taken.times
    step = median(later - one for one, later in pairwise(times)) if len(times) > 1 else 0.0
    chosen = [index for index, time in enumerate(times) if selection.begun(time) and not selection.over(time)]
    if not chosen and not selection.begun(times[-1]):
        what = (
            "an image, at 0 s"
            if len(paths) == 1
            else f"a folder of {len(paths)} images, the last one at {times[-1]:.2f} s"
        )
        raise VideoError(f"`start={selection.start:g}` leaves nothing of {name}, which is {what}")
    if not chosen:
        raise VideoError(
            f"there is no image in {selection.start:g}–{selection.end:g} s of {name}, whose {len(paths)} images span "
            f"{times[-1]:.2f} s"
        )

    def read(video: Video) -> Iterator[Frame]:
        video.notes.extend(notes_on(paths[0], mirrored=mirrored))
        if len(paths) > 1 and (pages := len(pages_of(paths[0]))) > 1:
            video.notes.append(f"{paths[0].name} holds {pages} images: of each file only the first one was read")
        video.notes.extend(taken.notes)
        if len(paths) > 1 and selection.end is not None and selection.end - times[-1] > 1.5 * step:
            video.notes.append(ends_early(selection, times[-1]))
        for index in chosen[:: selection.every]:
            image = load_still(paths[index], mirrored=mirrored)
            if image.shape[:2] != (height, width):
                raise VideoError(
                    f"{paths[index]} is {image.shape[1]}×{image.shape[0]} but the first image is {width}×{height}; "
                    "one folder is one camera"
                )
            yield Frame(index, times[index], image)

    frames = len(chosen[:: selection.every])
    return Video(name, (width, height), round(1 / step, 6) / selection.every if step else 0.0, frames, read, selection)


def open_camera(number: int, name: str, selection: Selection, *, mirrored: bool = False) -> Video:
    """Open a camera by its number; raises VideoError."""
    import cv2

    duration = selection.end or CAMERA_SECONDS

    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # what goes wrong is said below
    try:
        camera = cv2.VideoCapture(number)
        seen, image = camera.read() if camera.isOpened() else (False, None)
    finally:
        cv2.utils.logging.setLogLevel(level)
    if not seen or image is None:
        camera.release()
        raise VideoError(f"camera {number} cannot be opened; is it connected, and free?")
    height, width = image.shape[:2]
    check_shape((width, height), f"camera {number}'s image")
    rate = float(camera.get(cv2.CAP_PROP_FPS)) or FOLDER_RATE

    def read(video: Video) -> Iterator[Frame]:
        video.notes.append(f"{duration:g} s were recorded from camera {number}, timed by this computer's clock")
        if mirrored:
            video.notes.append(mirror_note(undone=True))
        start, index = time.monotonic(), 0
        try:
            while True:
                seen, image = camera.read()
                moment = time.monotonic() - start
                if not seen or moment >= duration:
                    return
                if index % selection.every == 0:
                    image = image[:, ::-1] if mirrored else image
                    yield Frame(index, moment, np.ascontiguousarray(image[..., ::-1], dtype=np.uint8))
                index += 1
        finally:
            camera.release()

    expected = round(rate * duration / selection.every)
    return Video(name, (width, height), rate / selection.every, expected, read, selection)
