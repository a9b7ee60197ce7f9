"""Any moving picture as a stream of frames: file, URL, image, folder of images or camera number.

Images are RGB with the recording's rotation applied. Times are the stream's own presentation times in seconds, from
the first picture, so that a variable frame rate stays one. Memory does not grow with the length of the clip.

A `Selection` is a part of a video. Frames keep their own times and numbers, those of the whole video. What lies before
the part is not decoded where the file can be entered in the middle (`_find_entry`); what is read is the same either way.
"""

import math
import queue
import re
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import dropwhile, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

import numpy as np

from posedetector.errors import InputError, VideoError
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
_CLOCK = 1e-6  # seconds; times that differ by less are one, whatever the rounding

# Where every packet has its own presentation time and files can be entered at a keyframe; others are read from the beginning.
_ENTERED = {"mov", "matroska", "webm", "mpegts"}
_HIDING = {"vp8"}  # codecs with packets that show no picture of their own: counting packets would not count frames


@dataclass(frozen=True)
class Selection:
    """The part of a video that is analysed.

    Attributes
    ----------
    start, end : seconds from the video's first frame; the frame at `end` is not in it. None is the end of the video.
    every : 2 for every second frame from the first selected one on, and so on.

    Raises
    ------
    InputError
        If there can be no such part.
    """

    start: float = 0.0
    end: float | None = None
    every: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.start < math.inf:
            raise InputError(f"--start is in seconds from the first frame and must not be negative, got {self.start:g}")
        if self.end is not None and not self.start < self.end < math.inf:
            raise InputError(f"--end must be greater than --start: got {self.end:g} s and {self.start:g} s")
        if self.every < 1:
            raise InputError(f"--every counts from 1 (1 is every frame), got {self.every}")

    def lasting(self, duration: float | None) -> "Selection":
        """Return it with its end so many seconds behind its start; None changes nothing."""
        return self if duration is None else Selection(self.start, self.start + duration, self.every)

    def begun(self, time: float) -> bool:
        """Tell whether a time is not before the start."""
        return time >= self.start - _CLOCK

    def over(self, time: float) -> bool:
        """Tell whether a time is at the end or behind it."""
        return self.end is not None and time >= self.end - _CLOCK

    def expected(self, seconds: float | None, rate: float) -> int | None:
        """Return how many frames are selected of a video of so many seconds at this rate; None where nobody knows."""
        ends = [one for one in (self.end, seconds) if one is not None]
        if not ends or not rate:
            return None
        first, behind = (math.ceil((moment - _CLOCK) * rate) for moment in (self.start, min(ends)))
        return max(0, math.ceil((behind - first) / self.every))


WHOLE = Selection()


@dataclass
class Video:
    """A source that was opened and can be read once.

    Attributes
    ----------
    name : what the results are called after.
    size : width, height in pixels, rotation applied.
    rate : nominal frames per second of those selected; 0 for a single image.
    expected : how many frames there should be; None when nobody knows (some streams).
    selection : which part is read; with its end if a duration was given.
    notes : what the reader of the results should know, complete when the frames have been read.
    """

    name: str
    size: tuple[int, int]
    rate: float
    expected: int | None
    _read: Callable[["Video"], Iterator[Frame]]
    selection: Selection = WHOLE
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


def open_video(
    source: str, *, rate: float | None = None, duration: float | None = None, selection: Selection = WHOLE
) -> Video:
    """Open a video wherever it is.

    Parameters
    ----------
    source : path, http(s) URL, image, folder of images, or the number of a camera.
    rate : frames per second of a folder of images, which carries none; 30 unless told.
    duration : seconds to read, from the selection's start; everything unless told, 10 from a camera.
    selection : which part to read.

    Raises
    ------
    VideoError
        If there is nothing there, nothing that can be read, or nothing in the part that was selected.
    """
    if re.fullmatch(r"\d+", source):
        if selection.start > 0 or selection.end is not None:
            raise VideoError("--start and --end select a part of a recording; for a camera use --duration")
        return _open_camera(int(source), selection.lasting(CAMERA_SECONDS if duration is None else duration))
    selection = selection.lasting(duration)
    name = source_name(source)
    if _URL.match(source):
        return _open_stream(source, name, selection)
    path = Path(source).expanduser()
    if path.is_dir():
        return _open_images(_images_in(path), name, rate, selection)
    if not path.exists():
        raise VideoError(f"there is no file {source}")
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return _open_images([path], name, None, selection)
    return _open_stream(str(path), name, selection)


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


@dataclass(frozen=True)
class _Stream:
    """What opening a stream shows: its length and rate, and of its first picture the time, in seconds and as a time stamp."""

    source: str
    seconds: float | None
    rate: float
    time: float | None
    pts: int | None

    @property
    def frames(self) -> int | None:
        """How many there should be. Not the stream's own number: an edit list hides some of those."""
        return round(self.seconds * self.rate) if self.seconds and self.rate else None


def _open_stream(source: str, name: str, selection: Selection) -> Video:
    with _open_container(source) as container:
        if not container.streams.video:
            raise VideoError(f"{source} holds no video stream")
        first = next(_decode(container, [], "SLICE"), None)
        if first is None:
            raise VideoError(f"no frame of {source} can be decoded; the file is empty or damaged")
        stream = container.streams.video[0]
        rate = float(stream.average_rate or stream.base_rate or 0)
        seconds = _seconds(stream, container)
        turned = first.rotation % 180 != 0
    known = _Stream(source, seconds, rate, first.time, first.pts)
    # some formats' length ends with the last frame's beginning
    if seconds is not None and selection.start > 0 and selection.start >= seconds + 1 / (rate or FOLDER_RATE):
        raise VideoError(f"--start {selection.start:g} lies beyond the end of {source}, which is {seconds:.2f} s long")
    return Video(
        name=name,
        size=(first.height, first.width) if turned else (first.width, first.height),
        rate=rate / selection.every,
        expected=selection.expected(seconds, rate),
        _read=lambda video: _read_stream(known, video),
        selection=selection,
    )


def _seconds(stream: Any, container: "av.container.InputContainer") -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    # Matroska's duration is the time at which it ends, whenever it starts
    return None if container.duration is None else (container.duration - max(0, container.start_time or 0)) / 1_000_000


def _read_stream(known: _Stream, video: Video) -> Iterator[Frame]:
    selection = video.selection
    entry = _find_entry(known, selection.start) if selection.start > 0 else None
    count, last = (0, -1.0) if entry is None else (entry.number, -1.0)
    origin = None if entry is None else known.time
    selected = untimed = 0
    ended = True
    damage: list[float | None] = []
    since = (known.time or 0.0) + selection.start if selection.start > 0 else -math.inf
    for image in _pictures(known, entry, since, damage):
        # a stream without timestamps has only its nominal rate to go by
        moment = image.time if image.time is not None else count / (known.rate or FOLDER_RATE)
        origin = moment if origin is None else origin
        if moment - origin <= last:
            untimed += selection.begun(last)
            continue
        last = moment - origin
        if selection.over(last):
            ended = False
            break
        if selection.begun(last):
            if selected % selection.every == 0:
                yield Frame(count, last, _upright(image))
            selected += 1
        count += 1
    if not selected:
        raise _nothing_selected(known, selection, last)
    if untimed:
        video.notes.append(f"{untimed} frames have no time of their own and were left out")
    broken = sum(time is None or not selection.over(time - (origin or 0.0)) for time in damage)
    if broken:
        video.notes.append(f"{broken} packets of the video are damaged; frames are missing there")
    if ended:
        video.notes.extend(_notes_on_the_end(known, selection, count, last))


def _nothing_selected(known: _Stream, selection: Selection, last: float) -> VideoError:
    if selection.over(last):
        return VideoError(f"{known.source} has no frame in {selection.start:g}–{selection.end:g} s")
    cut_off = known.seconds is not None and selection.start < known.seconds
    said = f", though it says that it is {known.seconds:.2f} s long" if cut_off else ""
    return VideoError(
        f"--start {selection.start:g} lies beyond the end of {known.source}: its last frame that decodes is at {last:.2f} s{said}"
    )


def _notes_on_the_end(known: _Stream, selection: Selection, count: int, last: float) -> Iterator[str]:
    """Yield what to say of a video that was read to its end: `count` frames from its beginning, the last one's time."""
    whole = selection.start == 0
    # the nominal rate of a stream whose rate varies may promise more frames than there are
    short = known.seconds is not None and last < 0.98 * known.seconds - 1 / (known.rate or FOLDER_RATE)
    if short and known.frames and count < 0.98 * known.frames - 1:
        share = 100 * count / known.frames
        yield (
            f"the video is incomplete: {count} of about {known.frames} frames decode ({share:.0f} %); "
            f"{'those' if whole else 'of those, the selected ones'} were used"
        )
    if selection.end is not None and selection.end - last > 1.5 / (known.rate or FOLDER_RATE):
        yield _ends_early(selection, last)


def _ends_early(selection: Selection, last: float) -> str:
    return (
        f"the last frame is at {last:.2f} s, before {selection.end:g} s: {selection.start:g}–{last:.2f} s were analysed"
    )


@dataclass(frozen=True)
class _Entry:
    """Where a stream is entered: the time stamp to seek, and of the first picture that comes out the time stamp and number."""

    target: int
    pts: int
    number: int


def _find_entry(known: _Stream, start: float) -> _Entry | None:
    """Return where to enter a stream so that all is as if it had been read from the beginning; None if nowhere.

    Seeking ends where the format's index says, which may be behind the wanted frame (by decoding times, or by bytes in
    MPEG-TS), and some pictures after a keyframe need those before it. So where it ends is looked at, and sought farther
    back until the first picture is a keyframe's own and not later than the start.
    """
    import av

    back = 0.0
    while known.pts is not None and back < start:
        with _open_container(known.source) as container:
            stream = container.streams.video[0]
            if not _ENTERED & set(container.format.name.split(",")) or stream.codec_context.name in _HIDING:
                return None
            per_second = float(1 / (stream.time_base or 1))
            wanted, target = (known.pts + math.floor(time * per_second) for time in (start, start - back))
            with suppress(av.FFmpegError):  # it cannot be sought, or is damaged there
                if packets := _packets_around(container, target, wanted):
                    pts = packets[0].pts
                    number = _number_by_index(stream, packets, known)
                    number = _number_by_counting(known, pts) if number is None else number
                    return None if number is None else _Entry(target, pts, number)
        back = 2 * back + 1.0
    return None


def _packets_around(container: "av.container.InputContainer", target: int, wanted: int) -> list[Any]:
    """Return the keyframe's packet to which seeking `target` leads, and those that are stored up to when it is shown.

    Nothing if it is later than `wanted`, or if the first picture that comes out is not its own: one that is refreshed bit
    by bit, or damaged.
    """
    packets = _packets_from(container, target)
    seen: list[Any] = []
    first = None
    for packet in packets:
        seen.append(packet)
        if packet.is_corrupt or seen[0].pts > wanted:
            return []
        first = next((one for one in packet.decode() if one.pts is not None and one.pts >= seen[0].pts), None)
        if first is not None:
            break
    if first is None or first.pts != seen[0].pts or first.is_corrupt:
        return []
    for packet in packets:
        if packet.dts is None or packet.dts >= first.pts:  # nothing is shown before it is decoded
            break
        seen.append(packet)
    return seen


def _packets_from(container: "av.container.InputContainer", target: int) -> Iterator[Any]:
    """Yield the packets from the keyframe on to which seeking leads."""
    stream = container.streams.video[0]
    container.seek(target, stream=stream)
    return dropwhile(lambda packet: not packet.is_keyframe or packet.pts is None, container.demux(stream))


def _number_by_index(stream: Any, packets: list[Any], known: _Stream) -> int | None:
    """Return the number of the first packet's frame, by an index of every frame, which MP4 has; None where there is none.

    Frames that are stored behind it but shown before it are among the packets.
    """
    index = getattr(stream, "index_entries", ())  # since PyAV 17
    if not stream.frames or len(index) != stream.frames or stream.start_time != known.pts:
        return None
    before = [entry for entry in index if entry.timestamp < packets[0].dts]
    if any(entry.is_discard for entry in before):
        return None
    return len(before) + len([one for one in packets if one.pts is not None and one.pts < packets[0].pts])


def _number_by_counting(known: _Stream, pts: int) -> int | None:
    """Return the number of a frame by counting packets; the file is read up to there, but not decoded.

    None if that fails, or its clock runs backwards on the way.
    """
    import av

    shown: set[int] = set()
    last = -math.inf
    with _open_container(known.source) as container:
        try:
            for packet in container.demux(container.streams.video[0]):
                if packet.dts is not None:  # Matroska does not know those of the first B-frames
                    if packet.dts < last:
                        return None
                    if packet.dts >= pts:
                        break
                    last = packet.dts
                if packet.pts is not None and (known.pts or 0) <= packet.pts < pts and not packet.is_discard:
                    shown.add(packet.pts)
        except av.FFmpegError:
            return None
    return len(shown)


def _pictures(known: _Stream, entry: _Entry | None, since: float, damage: list[float | None]) -> Iterator[Any]:
    """Yield the pictures that decode, from the entry on; `damage` is what concerns those from `since` seconds on.

    When several are decoded at once, a damaged packet takes good pictures beside it along; a file that turns out to be
    damaged is therefore opened again and read on one by one.
    """
    seen, sound = 0, True
    with _open_container(known.source) as container:
        for picture in _decode(container, damage, "AUTO", entry):
            sound = not damage and (seen > 0 or entry is None or picture.pts == entry.pts)
            if not sound:
                break
            yield picture
            seen += 1
    if damage or not sound:
        damage.clear()
        with _open_container(known.source) as container:
            yield from islice(_decode(container, damage, "SLICE", entry, since), seen, None)


def _decode(
    container: "av.container.InputContainer",
    damage: list[float | None],
    threads: str,
    entry: _Entry | None = None,
    since: float = -math.inf,
) -> Iterator[Any]:
    """Yield the pictures that decode, from the entry on; a damaged packet is noted, and what follows is read on.

    Parameters
    ----------
    damage : takes the time in seconds at which each damaged packet is decoded; None where it has none.
    since : what was damaged before the last keyframe up to here is forgotten: no later picture needs it.
    """
    import av

    stream = container.streams.video[0]
    stream.thread_type = threads
    packets = container.demux(stream) if entry is None else _packets_from(container, entry.target)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:  # the file ends in the middle of a packet
            damage.append(None)
            return
        if packet is None:
            return
        if packet.is_keyframe and packet.pts is not None and packet.pts * packet.time_base <= since + _CLOCK:
            damage.clear()
        damaged = packet.is_corrupt
        try:
            for picture in packet.decode():
                if entry is None or (picture.pts is not None and picture.pts >= entry.pts):
                    yield picture
        except av.FFmpegError:
            damaged = True
        if damaged:
            damage.append(None if packet.dts is None else float(packet.dts * packet.time_base))


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


def _open_images(paths: list[Path], name: str, rate: float | None, selection: Selection) -> Video:
    height, width = _load_image(paths[0]).shape[:2]
    fps = FOLDER_RATE if rate is None else rate
    times = [index / fps for index in range(len(paths))]
    chosen = [index for index, time in enumerate(times) if selection.begun(time) and not selection.over(time)]
    if not chosen and not selection.begun(times[-1]):
        what = "an image, at 0 s" if len(paths) == 1 else f"{len(paths)} images, the last one at {times[-1]:.2f} s"
        raise VideoError(f"--start {selection.start:g} leaves nothing of {paths[0].parent.name}: there is {what}")
    if not chosen:
        raise VideoError(f"there is no image in {selection.start:g}–{selection.end:g} s, at {fps:g} a second")

    def read(video: Video) -> Iterator[Frame]:
        if len(paths) > 1 and rate is None:
            video.notes.append(f"images carry no times: {fps:g} frames per second assumed; --fps says otherwise")
        if len(paths) > 1 and selection.end is not None and selection.end - times[-1] > 1.5 / fps:
            video.notes.append(_ends_early(selection, times[-1]))
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


def _open_camera(number: int, selection: Selection) -> Video:
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
    return Video(source_name(str(number)), (width, height), rate / selection.every, expected, read, selection)
