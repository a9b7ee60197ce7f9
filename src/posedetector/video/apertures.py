"""The part of the stored pixels that a container says is the image: MP4's clean aperture, Matroska's crop.

FFmpeg reads both and PyAV hands neither on, so the few boxes that lead to them are read here. A crop is (left, top, right,
bottom): pixels that are left out. Whatever cannot be read, or is no part of the frame, crops nothing.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

Crop = tuple[int, int, int, int]

NO_CROP: Crop = (0, 0, 0, 0)
_VISUAL_ENTRY = 86  # bytes of a sample entry before its boxes: ISO 14496-12, 12.1.3
_MATROSKA = b"\x1a\x45\xdf\xa3"
# RFC 9559: element identifiers, with their length marker
_SEGMENT, _TRACKS, _ENTRY, _TYPE, _VIDEO, _CLUSTER = 0x18538067, 0x1654AE6B, 0xAE, 0x83, 0xE0, 0x1F43B675
_CROPS = {0x54CC: 0, 0x54BB: 1, 0x54DD: 2, 0x54AA: 3}  # left, top, right, bottom


def declared_crop(path: Path, size: tuple[int, int]) -> Crop:
    """Return how the first video track's frames of a file are to be cropped, of this width and height in pixels."""
    if not path.is_file():
        return NO_CROP
    with suppress(OSError, struct.error), path.open("rb") as file:
        crop = _crop_of_matroska(file) if file.read(4) == _MATROSKA else _crop_of_mp4(file, size)
        if crop is not None and min(crop) >= 0 and crop[0] + crop[2] < size[0] and crop[1] + crop[3] < size[1]:
            return crop
    return NO_CROP


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of the contents of each box between two bytes of the file."""
    while start + 8 <= end:
        file.seek(start)
        size, name = struct.unpack(">I4s", file.read(8))
        header = 8
        if size == 1:
            (size,), header = struct.unpack(">Q", file.read(8)), 16
        if size == 0:  # up to the end
            size = end - start
        if size < header:
            return
        yield name, start + header, min(start + size, end)
        start += size


def _inside(file: BinaryIO, start: int, end: int, *names: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of the contents of all boxes that lie in boxes of these names."""
    for name, begin, stop in _boxes(file, start, end):
        if name == names[0]:
            if len(names) == 1:
                yield begin, stop
            else:
                yield from _inside(file, begin, stop, *names[1:])


def _crop_of_mp4(file: BinaryIO, size: tuple[int, int]) -> Crop | None:
    for start, end in _inside(file, 0, file.seek(0, os.SEEK_END), b"moov", b"trak", b"mdia"):
        handler = next(_inside(file, start, end, b"hdlr"), None)
        table = next(_inside(file, start, end, b"minf", b"stbl", b"stsd"), None)
        if handler is None or table is None:
            continue
        file.seek(handler[0] + 8)
        if file.read(4) != b"vide":
            continue
        entry = next(_boxes(file, table[0] + 8, table[1]), None)
        clean = entry and next(_inside(file, entry[1] + _VISUAL_ENTRY - 8, entry[2], b"clap"), None)
        if not clean:
            return None
        file.seek(clean[0])
        width, height, right, down = (a / b if b else 0.0 for a, b in struct.iter_unpack(">iI", file.read(32)))
        if not width > 0 or not height > 0:
            return None
        return _around(size, (width, height), (right, down))
    return None


def _around(size: tuple[int, int], clean: tuple[float, float], offset: tuple[float, float]) -> Crop:
    """Return the crop that leaves an aperture whose middle lies off the frame's by so much."""
    before = [round((whole - part) / 2 + away) for whole, part, away in zip(size, clean, offset, strict=True)]
    behind = [round(whole - part) - skipped for whole, part, skipped in zip(size, clean, before, strict=True)]
    return before[0], before[1], behind[0], behind[1]


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield identifier, start and end of the contents of each EBML element between two bytes of the file."""
    while start < end:
        file.seek(start)
        first = file.read(1)
        if not first or not first[0]:
            return
        length = 9 - first[0].bit_length()
        identifier = int.from_bytes(first + file.read(length - 1))
        first = file.read(1)
        if not first or not first[0]:
            return
        length_size = 9 - first[0].bit_length()
        mask = (1 << 7 * length_size) - 1
        size = int.from_bytes(first + file.read(length_size - 1)) & mask
        begin = start + length + length_size
        stop = end if size == mask else min(begin + size, end)  # all ones: unknown
        yield identifier, begin, stop
        start = stop


def _crop_of_matroska(file: BinaryIO) -> Crop | None:
    for segment, begin, end in _elements(file, 0, file.seek(0, os.SEEK_END)):
        for found, start, stop in _elements(file, begin, end) if segment == _SEGMENT else ():
            if found == _CLUSTER:
                return None
            for _, *entry in (one for one in _elements(file, start, stop) if found == _TRACKS and one[0] == _ENTRY):
                parts = {name: (first, last) for name, first, last in _elements(file, *entry)}
                if _TYPE in parts and _number(file, *parts[_TYPE]) == 1 and _VIDEO in parts:
                    crop = [0, 0, 0, 0]
                    for name, first, last in _elements(file, *parts[_VIDEO]):
                        if name in _CROPS:
                            crop[_CROPS[name]] = _number(file, first, last)
                    return crop[0], crop[1], crop[2], crop[3]
    return None


def _number(file: BinaryIO, start: int, end: int) -> int:
    file.seek(start)
    return int.from_bytes(file.read(end - start))
