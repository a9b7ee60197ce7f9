"""At which rate a video's frames were captured, where that is not the rate at which it is stored: slow motion, time lapse.

Who says so, in this order: the option --capture-fps; a tag of the container or stream (Android's, which FFmpeg shows); boxes of an
MP4 on disk that FFmpeg does not show (Sony's NonRealTimeMeta, GoPro's GPMF). An iPhone's slow motion keeps true times, and none of
its tags tells: `full-frame-rate-playback-intent` is 0 in ordinary clips too.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:
    import av.container

# A factor within these is no slow motion: cameras' rates waver, and drop in the dark. A judgement.
_SAME = 1.5
# What cameras store for playback. At another rate the file was retimed since, and its tag is about other time stamps. A judgement.
_PLAYED = (23.0, 61.0)
_SLOWED_FROM = 100.0  # frames per second; at less, a camera in the dark may have fallen behind its own tag. A judgement
_EVEN = 0.02  # of a step, median deviation: slowed files have even time stamps, cameras' own waver. A judgement
_LOOKED_AT = 300  # packets
_LARGEST = 1 << 22  # bytes of a box that is read

_RATE_TAGS = {"com.android.capture.fps": "Android's tag com.android.capture.fps"}
_LAPSE_TAGS = {"com.apple.photos.captureMode": "time-lapse"}  # key → value, in lower case
_SONY = re.compile(rb'captureFps="([0-9.]+)[a-z]?"')
_CLOCKLESS = {"mjpeg"}  # raw streams to which FFmpeg gives time stamps of its own
_INSIDE = {b"moov", b"trak", b"edts", b"udta", b"mdia"}  # boxes that hold boxes


@dataclass(frozen=True)
class Pace:
    """How stored times become real ones: divided by `slowdown`, the frame rate captured over the one stored."""

    slowdown: float = 1.0
    captured: float | None = None
    notes: tuple[str, ...] = ()


def find_pace(
    source: str, container: "av.container.InputContainer", average: float, given: float | None = None
) -> Pace:
    """Return a stream's pace.

    Parameters
    ----------
    source : a file's boxes are read too, a URL's are not.
    container : at its beginning, or a few frames behind; packets are taken from it where there is something to compare.
    average : the stream's frames per second.
    given : the rate at which the frames were captured, if somebody says so.
    """
    stream = container.streams.video[0]
    tags = {**container.metadata, **stream.metadata}
    boxes = _Boxes.of(source) if "mp4" in container.format.name else _Boxes()
    declared = list(_declared(tags, boxes))
    if given is None and not declared:
        raw = (_raw(average),) if container.format.name in _CLOCKLESS else ()
        return Pace(notes=(*raw, *_not_obeyed(tags, boxes)))
    stored, even = _nominal(container, average)
    if not stored:
        return Pace(notes=tuple(_not_obeyed(tags, boxes)))
    if given is not None:
        return Pace(given / stored, given)
    captured, by = declared[0]
    ratio = captured / stored
    wavers = not even and ratio > 1 and captured < _SLOWED_FROM
    if 1 / _SAME < ratio < _SAME or wavers:
        return Pace(notes=tuple(_not_obeyed(tags, boxes)))
    if not _PLAYED[0] <= stored <= _PLAYED[1]:
        return Pace(notes=(_retimed(captured, stored, by), *_not_obeyed(tags, boxes)))
    return Pace(ratio, captured, (_by_tag(captured, stored, by),))


def _declared(tags: Mapping[str, str], boxes: "_Boxes") -> Iterator[tuple[float, str]]:
    for tag, name in _RATE_TAGS.items():
        try:
            rate = float(tags[tag])
        except (KeyError, ValueError):
            continue
        if 0 < rate < 1e5:
            yield rate, name
    yield from boxes.rates


def _nominal(container: "av.container.InputContainer", average: float) -> tuple[float, bool]:
    """Return the rate of the usual step, which pauses do not change, and whether the steps are even."""
    import av

    stream = container.streams.video[0]
    stamps: list[int] = []
    try:
        for packet in islice(container.demux(stream), _LOOKED_AT):
            stamp = packet.pts if packet.pts is not None else packet.dts
            if stamp is not None:
                stamps.append(stamp)
    except av.FFmpegError:
        pass
    steps = np.diff(np.unique(stamps)) * float(stream.time_base or 0)
    steps = steps[: len(steps) - len(steps) // 50]  # pictures shown before later packets are not among them yet
    if len(steps) < 2 or np.median(steps) <= 0:
        return average, True
    step = float(np.median(steps))
    usual = steps[
        (steps > step / 2) & (steps < 1.5 * step)
    ]  # Matroska counts in whole milliseconds: their mean is the step
    wavering = float(np.quantile(np.abs(steps - step), 0.75)) - float(stream.time_base or 0)
    return 1 / float(usual.mean()), wavering < _EVEN * step


def _raw(rate: float) -> str:
    return (
        f"the file is a raw stream without a clock: {rate:.4g} frames per second are assumed, and all times and speeds rest on "
        "that; pass --capture-fps with the rate at which the frames were captured"
    )


def _by_tag(captured: float, stored: float, by: str) -> str:
    kind = "slow motion" if captured > stored else "a time lapse"
    return (
        f"the video is {kind}: {by} says that it was captured at {captured:.4g} frames per second, and it is stored at "
        f"{stored:.4g}. All times, speeds and rates are those of the capture, {_times(captured / stored)} what a player "
        f"shows; if that is wrong, pass --capture-fps ({stored:.4g} keeps the stored times)"
    )


def _retimed(captured: float, stored: float, by: str) -> str:
    return (
        f"the clock of the video is likely {'slow' if captured > stored else 'fast'}: {by} says that it was captured at "
        f"{captured:.4g} frames per second, but it is stored at {stored:.4g}, which no camera writes, so it was retimed "
        "since and the tag does not tell by how much. Times are those of the file, and speeds, cadence and accelerations "
        "are wrong if it is slow motion: pass --capture-fps with the rate at which the frames were captured"
    )


def _not_obeyed(tags: Mapping[str, str], boxes: "_Boxes") -> Iterator[str]:
    """Yield what a file says about its clock that does not tell a rate."""
    lapses = [f"{tag} = {tags[tag]}" for tag, value in _LAPSE_TAGS.items() if tags.get(tag, "").lower() == value]
    if boxes.lapse:
        lapses.append(f"GoPro's RATE = {boxes.lapse}")
    for lapse in lapses:
        yield (
            f"the video is a time lapse ({lapse}): times are those at which it plays, so movement is faster than it was; "
            "pass --capture-fps with the rate at which the frames were captured"
        )
    for speed in boxes.speeds:
        yield (
            f"the file's edit list plays the video at {speed:.3g} times its speed; times are those of the recording, without "
            "that; pass --capture-fps if the recording itself was slowed"
        )


def _times(slowdown: float) -> str:
    return f"1/{slowdown:.3g} of" if slowdown > 1 else f"{1 / slowdown:.3g} times"


@dataclass(frozen=True)
class _Boxes:
    """What boxes of an MP4 say: capture rates and whose they are, GoPro's time lapse, speeds other than 1 of edit lists."""

    rates: tuple[tuple[float, str], ...] = ()
    lapse: str | None = None
    speeds: tuple[float, ...] = ()

    @classmethod
    def of(cls, source: str) -> "_Boxes":
        rates: list[tuple[float, str]] = []
        speeds: list[float] = []
        lapse = None
        if not Path(source).is_file():
            return cls()
        with Path(source).open("rb") as file:
            for kind, data in _walk(file, 0, Path(source).stat().st_size):
                if kind == b"meta" and (found := _SONY.search(data)):
                    rates.append((float(found[1]), "Sony's captureFps"))
                elif kind == b"GPMF":
                    settings = dict(_gpmf(data))
                    if (rate := settings.get(b"VFPS")) and len(rate) == 8:
                        over, under = struct.unpack(">2I", rate)
                        rates += [(over / under, "GoPro's VFPS")] if under and over else []
                    lapse = settings.get(b"RATE", b"").strip(b"\0 ").decode("latin-1") or None
                elif kind == b"elst":
                    speeds += [speed for speed in _edit_speeds(data) if speed not in (0.0, 1.0)]
        return cls(tuple(rates), lapse, tuple(dict.fromkeys(speeds)))


def _walk(file: BinaryIO, start: int, end: int, depth: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kinds and contents of the boxes (ISO 14496-12, 4.2) that may say something; damage ends it."""
    while start + 8 <= end:
        file.seek(start)
        header = file.read(16)
        if len(header) < 8:
            return
        size, kind = struct.unpack_from(">I4s", header)
        body = start + 8
        if size == 1 and len(header) == 16:
            (size,) = struct.unpack_from(">Q", header, 8)
            body = start + 16
        size = size or end - start
        if size < body - start or start + size > end:
            return
        if kind in _INSIDE and depth < 4:
            yield from _walk(file, body, start + size, depth + 1)
        elif (kind in {b"GPMF", b"elst"} or (kind == b"meta" and depth == 0)) and size <= _LARGEST:
            file.seek(body)
            yield kind, file.read(start + size - body)
        start += size


def _gpmf(data: bytes, depth: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values of GoPro's settings (github.com/gopro/gpmf-parser: key, type, size, repeat; padded to 4)."""
    place = 0
    while place + 8 <= len(data):
        key, kind, size, repeat = struct.unpack_from(">4sBBH", data, place)
        value = data[place + 8 : place + 8 + size * repeat]
        if kind == 0 and depth < 4:
            yield from _gpmf(value, depth + 1)
        else:
            yield key, value
        place += 8 + -(-size * repeat // 4) * 4


def _edit_speeds(data: bytes) -> Iterator[float]:
    """Yield the speeds of an edit list (ISO 14496-12, 8.6.6), of edits that show something."""
    if len(data) < 8:
        return
    version, count = data[0], struct.unpack_from(">I", data, 4)[0]
    form = struct.Struct(">QqHH" if version == 1 else ">IiHH")
    for place in range(8, min(len(data) - form.size + 1, 8 + count * form.size), form.size):
        values: tuple[Any, ...] = form.unpack_from(data, place)
        if values[1] >= 0:
            yield values[2] + values[3] / 65536
