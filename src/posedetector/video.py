"""Any moving picture as a stream of frames: file, URL, image, folder of images or camera number.

Images are RGB with the recording's rotation applied. Times are the stream's own presentation times in seconds, from
the first picture, so that a variable frame rate stays one. Memory does not grow with the length of the clip.
"""

import math
import queue
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

import numpy as np

from posedetector.errors import VideoError
from posedetector.pose import ByteArray, Frame

if TYPE_CHECKING:
    import av.container

T = TypeVar("T")

IMAGE_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
CAMERA_SECONDS = 10.0
FOLDER_RATE = 30.0
_URL = re.compile(r"https?://")
_URL_TIMEOUT = (10.0, 30.0)  # to open, to read; seconds
_FRAMES_AHEAD = 4  # enough to hide decoding behind the estimator; a 4K frame takes 25 MB


@dataclass
class Video:
    """A source that was opened and can be read once.

    Attributes
    ----------
    name : what the results are called after.
    size : width, height in pixels, rotation applied.
    rate : nominal frames per second; 0 for a single image.
    expected : how many frames there should be; None when nobody knows (camera, some streams).
    notes : what the reader of the results should know, complete when the frames have been read.
    """

    name: str
    size: tuple[int, int]
    rate: float
    expected: int | None
    _read: Callable[["Video"], Iterator[Frame]]
    notes: list[str] = field(default_factory=list)

    def frames(self) -> Generator[Frame, None, None]:
        """Yield the frames; decoding runs a few frames ahead in a thread of its own. Raises VideoError."""
        return read_ahead(self._read(self), _FRAMES_AHEAD)


def source_name(source: str) -> str:
    """Return what the results of a source are called after."""
    if re.fullmatch(r"\d+", source):
        return f"camera{source}"
    if _URL.match(source):
        return Path(unquote(urlsplit(source).path)).stem or "video"
    path = Path(source).expanduser()
    return path.resolve().name if path.is_dir() else path.stem


def open_video(source: str, *, rate: float | None = None, duration: float | None = None) -> Video:
    """Open a video wherever it is.

    Parameters
    ----------
    source : path, http(s) URL, image, folder of images, or the number of a camera.
    rate : frames per second of a folder of images, which carries none; 30 unless told.
    duration : seconds to read; everything unless told, 10 from a camera.

    Raises
    ------
    VideoError
        If there is nothing there, or nothing that can be read.
    """
    if re.fullmatch(r"\d+", source):
        return _open_camera(int(source), CAMERA_SECONDS if duration is None else duration)
    name = source_name(source)
    if _URL.match(source):
        video = _open_stream(source, name)
    else:
        path = Path(source).expanduser()
        if path.is_dir():
            video = _open_images(_images_in(path), name, rate)
        elif not path.exists():
            raise VideoError(f"there is no file {source}")
        elif path.suffix.lower() in IMAGE_SUFFIXES:
            video = _open_images([path], name, None)
        else:
            video = _open_stream(str(path), name)
    return video if duration is None else _cut(video, duration)


def read_ahead(items: Iterable[T], depth: int) -> Generator[T, None, None]:
    """Yield the items while a thread fetches up to `depth` of the next; errors come out where they would have."""
    buffer: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(maxsize=depth)
    stop = threading.Event()

    def put(item: T | None, error: BaseException | None = None) -> None:
        while not stop.is_set():
            with suppress(queue.Full):
                buffer.put((item, error), timeout=0.1)
                break

    worker = threading.Thread(target=_fetch, args=(items, put, stop), name="decoder", daemon=True)
    worker.start()
    try:
        while True:
            item, error = buffer.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]
    finally:
        stop.set()
        worker.join()


def _fetch(items: Iterable[T], put: Callable[..., None], stop: threading.Event) -> None:
    try:
        for item in items:
            put(item)
            if stop.is_set():
                break
        put(None, StopIteration())
    except BaseException as error:  # noqa: BLE001 -- handed to the reader, whoever it concerns
        put(None, error)
    finally:
        if isinstance(items, Generator):
            items.close()


def _open_container(source: str) -> "av.container.InputContainer":
    import av

    try:
        return av.open(source, timeout=_URL_TIMEOUT)
    except (av.FFmpegError, OSError) as error:
        raise VideoError(f"{source} cannot be read as a video: {_reason(error)}") from error


def _open_stream(source: str, name: str) -> Video:
    with _open_container(source) as container:
        if not container.streams.video:
            raise VideoError(f"{source} holds no video stream")
        first = next(_decode(container, Counter(), "SLICE"), None)
        if first is None:
            raise VideoError(f"no frame of {source} can be decoded; the file is empty or damaged")
        stream = container.streams.video[0]
        rate = float(stream.average_rate or stream.base_rate or 0)
        seconds = _seconds(stream, container)
        turned = first.rotation % 180 != 0
    return Video(
        name=name,
        size=(first.height, first.width) if turned else (first.width, first.height),
        rate=rate,
        # not stream.frames: an edit list hides some of those
        expected=round(seconds * rate) if seconds and rate else None,
        _read=lambda video: _read_stream(source, video),
    )


def _seconds(stream: Any, container: "av.container.InputContainer") -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    # Matroska's duration is the time at which it ends, whenever it starts
    return None if container.duration is None else (container.duration - max(0, container.start_time or 0)) / 1_000_000


def _read_stream(source: str, video: Video) -> Iterator[Frame]:
    count, last = 0, -1.0
    start: float | None = None
    damage: Counter[str] = Counter()
    for image in _pictures(source, damage):
        # a stream without timestamps has only its nominal rate to go by
        moment = image.time if image.time is not None else count / (video.rate or FOLDER_RATE)
        start = moment if start is None else start
        if moment - start <= last:
            damage["frames"] += 1
            continue
        last = moment - start
        yield Frame(count, last, _upright(image))
        count += 1
    if damage["frames"]:
        video.notes.append(f"{damage['frames']} frames have no time of their own and were left out")
    if damage["packets"]:
        video.notes.append(f"{damage['packets']} packets of the video are damaged; frames are missing there")
    if video.expected and count < 0.98 * video.expected - 1:
        share = 100 * count / video.expected
        video.notes.append(
            f"the video is incomplete: {count} of about {video.expected} frames decode ({share:.0f} %); those were used"
        )


def _pictures(source: str, damage: Counter[str]) -> Iterator[Any]:
    """Yield the pictures that decode.

    When several are decoded at once, a damaged packet takes good pictures beside it along; a file that turns out to be
    damaged is therefore opened again and read on one by one.
    """
    seen = 0
    with _open_container(source) as container:
        for picture in _decode(container, damage, "AUTO"):
            if damage:
                break
            yield picture
            seen += 1
    if damage:
        damage.clear()
        with _open_container(source) as container:
            yield from islice(_decode(container, damage, "SLICE"), seen, None)


def _decode(container: "av.container.InputContainer", damage: Counter[str], threads: str) -> Iterator[Any]:
    """Yield the pictures that decode; a damaged packet is counted, and what follows is read on."""
    import av

    stream = container.streams.video[0]
    stream.thread_type = threads
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:  # the file ends in the middle of a packet
            damage["packets"] += 1
            return
        if packet is None:
            return
        damaged = packet.is_corrupt
        try:
            yield from packet.decode()
        except av.FFmpegError:
            damaged = True
        if damaged:
            damage["packets"] += 1


def _upright(picture: Any) -> ByteArray:
    turns = round(picture.rotation / 90) % 4
    image = picture.to_ndarray(format="rgb24")
    # always contiguous: MediaPipe reads a strided array as garbage without a word
    return np.ascontiguousarray(np.rot90(image, turns))


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    if "Invalid data" in text:
        return "it is not a video, or its index (moov) is missing because the recording was cut off"
    return text


def _images_in(folder: Path) -> list[Path]:
    def natural(path: Path) -> list[tuple[int, str]]:
        return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.name.lower())]

    # hidden files are no pictures: macOS leaves ._img1.jpg beside img1.jpg
    files = (path for path in folder.iterdir() if not path.name.startswith("."))
    images = sorted((path for path in files if path.suffix.lower() in IMAGE_SUFFIXES), key=natural)
    if not images:
        raise VideoError(f"the folder {folder} holds no images ({', '.join(sorted(IMAGE_SUFFIXES))})")
    return images


def _open_images(paths: list[Path], name: str, rate: float | None) -> Video:
    height, width = _load_image(paths[0]).shape[:2]
    fps = FOLDER_RATE if rate is None else rate

    def read(video: Video) -> Iterator[Frame]:
        if len(paths) > 1 and rate is None:
            video.notes.append(f"images carry no times: {fps:g} frames per second assumed; --fps says otherwise")
        for index, path in enumerate(paths):
            image = _load_image(path)
            if image.shape[:2] != (height, width):
                raise VideoError(
                    f"{path} is {image.shape[1]}×{image.shape[0]} but the first image is {width}×{height}; "
                    "one folder is one camera"
                )
            yield Frame(index, index / fps, image)

    return Video(name, (width, height), fps if len(paths) > 1 else 0.0, len(paths), read)


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


def _open_camera(number: int, duration: float) -> Video:
    import cv2

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
                yield Frame(index, moment, np.ascontiguousarray(image[..., ::-1], dtype=np.uint8))
                index += 1
        finally:
            camera.release()

    return Video(source_name(str(number)), (width, height), rate, round(rate * duration), read)


def _cut(video: Video, duration: float) -> Video:
    def read(cut: Video) -> Iterator[Frame]:
        with closing(video._read(video)) as frames:  # type: ignore[type-var]  # noqa: SLF001
            for frame in frames:
                if frame.time >= duration:
                    break
                yield frame
            cut.notes.extend(video.notes)

    expected = None if video.expected is None else min(video.expected, math.ceil(duration * video.rate))
    return Video(video.name, video.size, video.rate, expected, read)
