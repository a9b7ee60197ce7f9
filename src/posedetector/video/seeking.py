"""Containers, and entering them in the middle so that all is as if they had been read from the beginning."""

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import dropwhile
from typing import TYPE_CHECKING, Any

from posedetector.errors import VideoError
from posedetector.opening import shown
from posedetector.video.addresses import why_not

if TYPE_CHECKING:
    import av.container

_URL_TIMEOUT = (10.0, 30.0)  # to open, to read; seconds
GAVE_UP = 1414092869  # FFmpeg's AVERROR_EXIT: here, that a timeout passed

# Where every packet has its own presentation time and files can be entered at a keyframe; others are read from the beginning.
_ENTERED = {"mov", "matroska", "webm", "mpegts"}
_HIDING = {"vp8"}  # codecs with packets that show no picture of their own: counting packets would not count frames


@dataclass(frozen=True)
class Stream:
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


@dataclass(frozen=True)
class Entry:
    """Where a stream is entered: the time stamp to seek, and of the first picture that comes out the time stamp and number."""

    target: int
    pts: int
    number: int


def open_container(source: str) -> "av.container.InputContainer":
    """Open a file or URL; raises VideoError."""
    import av

    try:
        return av.open(source, timeout=_URL_TIMEOUT)
    except (av.FFmpegError, OSError) as error:
        raise VideoError(f"{shown(source)} cannot be read as a video: {reason_of(source, error)}") from error
    except (ValueError, OverflowError) as error:  # not of FFmpeg's making: an address or a name that it cannot take
        raise VideoError(f"{shown(source)} cannot be read as a video: {error}") from error


def nothing_of(source: str) -> str:
    """Return why nothing of a file or URL that was opened can be decoded."""
    return (_is_url(source) and why_not(source)) or "the file is empty or damaged"


def _is_url(source: str) -> bool:
    return source.lower().startswith(("http://", "https://"))


def reason_of(source: str, error: Exception) -> str:
    """Return why a file or URL cannot be read; of a URL, what the server says to that."""
    if _is_url(source):
        if getattr(error, "errno", None) == GAVE_UP:
            return "the server does not answer in time; download it, and give the file"
        if found := why_not(source):
            return found
    text = getattr(error, "strerror", None) or str(error)
    if "Invalid data" in text:
        return "it is not a video, or its index (moov) is missing because the recording was cut off"
    return text


def find_entry(known: Stream, start: float, *, interlaced: bool = False) -> Entry | None:
    """Return where to enter a stream so that all is as if it had been read from the beginning; None if nowhere.

    In MPEG-TS the two fields of an `interlaced` frame may be packets of their own: counting those does not number frames.

    Seeking ends where the format's index says, which may be behind the wanted frame (by decoding times, or by bytes in
    MPEG-TS), and some pictures after a keyframe need those before it. So where it ends is looked at, and sought farther
    back until the first picture is a keyframe's own and not later than the start.
    """
    import av

    back = 0.0
    while known.pts is not None and back < start:
        with open_container(known.source) as container:
            stream = container.streams.video[0]
            formats = _ENTERED - {"mpegts"} if interlaced else _ENTERED
            if not formats & set(container.format.name.split(",")) or stream.codec_context.name in _HIDING:
                return None
            per_second = float(1 / (stream.time_base or 1))
            wanted, target = (known.pts + math.floor(time * per_second) for time in (start, start - back))
            with suppress(av.FFmpegError):  # it cannot be sought, or is damaged there
                if packets := _packets_around(container, target, wanted):
                    pts = packets[0].pts
                    number = _number_by_index(stream, packets, known)
                    number = _number_by_counting(known, pts, packets[0].pos) if number is None else number
                    return None if number is None else Entry(target, pts, number)
        back = 2 * back + 1.0
    return None


def _packets_around(container: "av.container.InputContainer", target: int, wanted: int) -> list[Any]:
    """Return the keyframe's packet to which seeking `target` leads, and those that are stored up to when it is shown.

    Nothing if it is later than `wanted`, or if the first picture that comes out is not its own: one that is refreshed bit
    by bit, or damaged.
    """
    packets = packets_from(container, target)
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


def packets_from(container: "av.container.InputContainer", target: int) -> Iterator[Any]:
    """Yield the packets from the keyframe on to which seeking leads."""
    stream = container.streams.video[0]
    container.seek(target, stream=stream)
    return dropwhile(lambda packet: not packet.is_keyframe or packet.pts is None, container.demux(stream))


def _number_by_index(stream: Any, packets: list[Any], known: Stream) -> int | None:
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


def _number_by_counting(known: Stream, pts: int, position: int | None) -> int | None:
    """Return the number of a frame by counting packets; the file is read up to there, but not decoded.

    None if that fails, or its clock runs backwards on the way, or has come so far before the packet's position (in bytes).
    """
    import av

    shown: set[int] = set()
    last, reached = -math.inf, position is None
    with open_container(known.source) as container:
        try:
            for packet in container.demux(container.streams.video[0]):
                reached = reached or packet.pos == position
                if packet.dts is not None:  # Matroska does not know those of the first B-frames
                    if packet.dts < last:
                        return None
                    if packet.dts >= pts:
                        if not reached:
                            return None
                        break
                    last = packet.dts
                if packet.pts is not None and (known.pts or 0) <= packet.pts < pts and not packet.is_discard:
                    shown.add(packet.pts)
        except av.FFmpegError:
            return None
    return len(shown)
