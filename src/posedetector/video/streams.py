"""Video files and URLs as frames, at their own presentation times."""

import math
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from posedetector.errors import VideoError
from posedetector.opening import shown
from posedetector.pose import ByteArray, Frame
from posedetector.video.nouns import CLOCK, FOLDER_RATE, Selection, Video, ends_early
from posedetector.video.seeking import (
    GAVE_UP,
    Entry,
    Stream,
    find_entry,
    nothing_of,
    open_container,
    packets_from,
    reason_of,
)

if TYPE_CHECKING:
    import av.container


def open_stream(source: str, name: str, selection: Selection) -> Video:
    """Open what FFmpeg can read; raises VideoError."""
    with open_container(source) as container:
        if not container.streams.video:
            raise VideoError(f"{source} holds no video stream")
        first = next(_decode(container, [], "SLICE"), None)
        if first is None:
            raise VideoError(f"no frame of {shown(source)} can be decoded; {nothing_of(source)}")
        stream = container.streams.video[0]
        rate = float(stream.average_rate or stream.base_rate or 0)
        seconds = _seconds(stream, container)
        turned = first.rotation % 180 != 0
    known = Stream(source, seconds, rate, first.time, first.pts)
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


def _read_stream(known: Stream, video: Video) -> Iterator[Frame]:
    selection = video.selection
    entry = find_entry(known, selection.start) if selection.start > 0 else None
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


def _nothing_selected(known: Stream, selection: Selection, last: float) -> VideoError:
    if selection.over(last):
        return VideoError(f"{known.source} has no frame in {selection.start:g}–{selection.end:g} s")
    cut_off = known.seconds is not None and selection.start < known.seconds
    said = f", though it says that it is {known.seconds:.2f} s long" if cut_off else ""
    return VideoError(
        f"--start {selection.start:g} lies beyond the end of {known.source}: its last frame that decodes is at {last:.2f} s{said}"
    )


def _notes_on_the_end(known: Stream, selection: Selection, count: int, last: float) -> Iterator[str]:
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
        yield ends_early(selection, last)


def _pictures(known: Stream, entry: Entry | None, since: float, damage: list[float | None]) -> Iterator[Any]:
    """Yield the pictures that decode, from the entry on; `damage` is what concerns those from `since` seconds on.

    When several are decoded at once, a damaged packet takes good pictures beside it along; a file that turns out to be
    damaged is therefore opened again and read on one by one.
    """
    seen, sound = 0, True
    with open_container(known.source) as container:
        for picture in _decode(container, damage, "AUTO", entry):
            sound = not damage and (seen > 0 or entry is None or picture.pts == entry.pts)
            if not sound:
                break
            yield picture
            seen += 1
    if damage or not sound:
        damage.clear()
        with open_container(known.source) as container:
            yield from islice(_decode(container, damage, "SLICE", entry, since), seen, None)


def _decode(
    container: "av.container.InputContainer",
    damage: list[float | None],
    threads: str,
    entry: Entry | None = None,
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
    packets = container.demux(stream) if entry is None else packets_from(container, entry.target)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError as error:  # the file ends in the middle of a packet
            if error.errno == GAVE_UP:
                raise VideoError(f"reading {container.name} stopped: {reason_of(container.name, error)}") from error
            damage.append(None)
            return
        if packet is None:
            return
        if packet.is_keyframe and packet.pts is not None and packet.pts * packet.time_base <= since + CLOCK:
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
