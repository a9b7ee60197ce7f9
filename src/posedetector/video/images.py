"""Images, one or a folder of them, and cameras as frames."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from posedetector.errors import VideoError
from posedetector.pose import ByteArray, Frame
from posedetector.video.nouns import FOLDER_RATE, Selection, Video, ends_early

IMAGE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
CAMERA_SECONDS = 10.0


def images_in(folder: Path) -> list[Path]:
    """Return the images of a folder in the order of the numbers in their names; raises VideoError for none."""

    def natural(path: Path) -> list[tuple[int, str]]:
        return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.name.lower())]

    # hidden files are no pictures: macOS leaves ._img1.jpg beside img1.jpg
    files = (path for path in folder.iterdir() if not path.name.startswith("."))
    images = sorted((path for path in files if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()), key=natural)
    if not images:
        raise VideoError(f"the folder {folder} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))})")
    return images


def open_images(paths: list[Path], name: str, rate: float | None, selection: Selection) -> Video:
    """Open images as a video of so many frames per second; raises VideoError."""
    height, width = _load_image(paths[0]).shape[:2]
    fps = FOLDER_RATE if rate is None else rate
    times = [index / fps for index in range(len(paths))]
    chosen = [index for index, time in enumerate(times) if selection.begun(time) and not selection.over(time)]
    if not chosen and not selection.begun(times[-1]):
        what = (
            "an image, at 0 s"
            if len(paths) == 1
            else f"a folder of {len(paths)} images, the last one at {times[-1]:.2f} s"
        )
        raise VideoError(f"--start {selection.start:g} leaves nothing of {name}, which is {what}")
    if not chosen:
        raise VideoError(f"there is no image in {selection.start:g}–{selection.end:g} s, at {fps:g} a second")

    def read(video: Video) -> Iterator[Frame]:
        if len(paths) > 1 and rate is None:
            video.notes.append(f"images carry no times: {fps:g} frames per second assumed; --fps says otherwise")
        if len(paths) > 1 and selection.end is not None and selection.end - times[-1] > 1.5 / fps:
            video.notes.append(ends_early(selection, times[-1]))
        for index in chosen[:: selection.every]:
            image = _load_image(paths[index])
            if image.shape[:2] != (height, width):
                raise VideoError(
                    f"{paths[index]} is {image.shape[1]}×{image.shape[0]} but the first image is {width}×{height}; "
                    "one folder is one camera"
                )
            yield Frame(index, times[index], image)

    frames = len(chosen[:: selection.every])
    return Video(name, (width, height), fps / selection.every if len(paths) > 1 else 0.0, frames, read, selection)


def _load_image(path: Path) -> ByteArray:
    import cv2

    try:
        data = np.fromfile(path, np.uint8)  # not cv2.imread: it fails on non-ASCII paths on Windows
    except OSError as error:
        raise VideoError(f"{path} cannot be read: {error.strerror}") from error
    # IMREAD_COLOR applies the EXIF orientation and turns grey and RGBA pictures into three channels
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise VideoError(f"{path} is not an image that can be read")
    return np.ascontiguousarray(image[..., ::-1], dtype=np.uint8)


def open_camera(number: int, name: str, selection: Selection) -> Video:
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
    rate = float(camera.get(cv2.CAP_PROP_FPS)) or FOLDER_RATE

    def read(video: Video) -> Iterator[Frame]:
        video.notes.append(f"{duration:g} s were recorded from camera {number}, timed by this computer's clock")
        start, index = time.monotonic(), 0
        try:
            while True:
                seen, image = camera.read()
                moment = time.monotonic() - start
                if not seen or moment >= duration:
                    return
                if index % selection.every == 0:
                    yield Frame(index, moment, np.ascontiguousarray(image[..., ::-1], dtype=np.uint8))
                index += 1
        finally:
            camera.release()

    expected = round(rate * duration / selection.every)
    return Video(name, (width, height), rate / selection.every, expected, read, selection)
