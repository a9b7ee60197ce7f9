"""Video files and URLs as frames, at their own presentation times."""

import math
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from posedetector.errors import VideoError
from posedetector.opening import shown
from posedetector.pose import Frame
from posedetector.video.capture import find_pace
from posedetector.video.clock import Clock
from posedetector.video.geometry import LEAD_FRAMES, Declared, Display, check_shape
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


_UNDECLARED = 2  # ISO 23091-2: the matrix is not stated


def open_stream(
    source: str, name: str, selection: Selection, captured: float | None = None, *, mirrored: bool = False
) -> Video:
    """Open what FFmpeg can read; `captured` is the rate of the capture, if somebody says so. Raises VideoError."""
    with open_container(source) as container:
        if not container.streams.video:
            raise VideoError(f"{source} holds no video stream")
        declared = Declared.by(container, source)
        first = next(_decode(container, [], "SLICE"), None)
        if first is None:
            raise VideoError(f"no frame of {shown(source)} can be decoded; {nothing_of(source)}")
        stream = container.streams.video[0]
        display = Display.of(declared, first, mirrored=mirrored)
        check_shape(display.size, source)
        rate = float(stream.average_rate or stream.base_rate or 0) * display.images_per_frame
        seconds = _seconds(stream, container)
        pace = find_pace(source, container, rate, captured)
    known = Stream(source, seconds, rate, first.time, first.pts)
    # some formats' length ends with the last frame's beginning
    if seconds is not None and selection.start > 0 and selection.start >= seconds + 1 / (rate or FOLDER_RATE):
        raise VideoError(
            f"`start={selection.start:g}` lies beyond the end of {source}, which is {seconds:.2f} s long", field="start"
        )
    return Video(
        name=name,
        size=display.size,
        rate=rate * pace.slowdown / selection.every,
        expected=selection.expected(seconds, rate),
        _read=lambda video: _read_stream(known, video, display),
        selection=selection,
        notes=list(pace.notes),
        slowdown=pace.slowdown,
        captured=pace.captured,
        colours_declared=int(first.colorspace) != _UNDECLARED,
    )


def _seconds(stream: Any, container: "av.container.InputContainer") -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    # Matroska's duration is the time at which it ends, whenever it starts
    return None if container.duration is None else (container.duration - max(0, container.start_time or 0)) / 1_000_000


def _read_stream(known: Stream, video: Video, display: Display) -> Iterator[Frame]:
    selection = video.selection
    entry = _find_entry(known, selection.start, display)
    count, last = (0, -1.0) if entry is None else (entry.number * display.images_per_frame, -1.0)
    clock = Clock(1 / (known.rate or FOLDER_RATE), None if entry is None else known.time)
    selected = 0
    ended = True
    damage: list[float | None] = []
    since = (known.time or 0.0) + selection.start if selection.start > 0 else -math.inf
    for image, last in clock.times(display.fields(_pictures(known, entry, since, damage))):
        if selection.over(last):
            ended = False
            break
        if selection.begun(last):
            if selected % selection.every == 0:
                yield Frame(count, last / video.slowdown, display.upright(image, last))
            selected += 1
        else:
            clock.forget()  # what was wrong before the part is none of its business
        count += 1
    if not selected:
        raise _nothing_selected(known, selection, last)
    video.notes.extend(display.notes)
    video.notes.extend(clock.notes(_nominal_rate(known), known=video.captured is not None))
    broken = sum(time is None or not selection.over(time - (clock.origin or 0.0)) for time in damage)
    if broken:
        video.notes.append(f"{broken} packets of the video are damaged; frames are missing there")
    if ended:
        video.notes.extend(_notes_on_the_end(known, selection, count, last))


def _find_entry(known: Stream, start: float, display: Display) -> Entry | None:
    if display.interlaced:
        start -= LEAD_FRAMES * display.images_per_frame / (known.rate or FOLDER_RATE)
    return find_entry(known, start, interlaced=display.interlaced) if start > 0 else None


def _nominal_rate(known: Stream) -> str:
    rate = f"{known.rate or FOLDER_RATE:.4g} frames per second"
    return (
        f"{rate}, the file's nominal rate (or the reader's own where the file states none)"
        if known.rate
        else f"{rate}, assumed"
    )


def _nothing_selected(known: Stream, selection: Selection, last: float) -> VideoError:
    if selection.over(last):
        return VideoError(f"{known.source} has no frame in {selection.start:g}–{selection.end:g} s")
    cut_off = known.seconds is not None and selection.start < known.seconds
    said = f", though it says that it is {known.seconds:.2f} s long" if cut_off else ""
    return VideoError(
        f"`start={selection.start:g}` lies beyond the end of {known.source}: its last frame that decodes is at {last:.2f} s{said}"
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
    begun = entry is None
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
                # later ones may be earlier again, where recordings were joined
                begun = begun or (entry is not None and picture.pts is not None and picture.pts >= entry.pts)
                if begun:
                    picture.opaque = stream.codec_context.sample_aspect_ratio  # PyAV does not show the frame's own
                    yield picture
        except av.FFmpegError:
            damaged = True
        if damaged:
            damage.append(None if packet.dts is None else float(packet.dts * packet.time_base))
