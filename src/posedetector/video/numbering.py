"""When the images of a folder were taken: by --fps and the numbers in their names, else by time stamps in names or EXIF, else at 30 numbers a second.

Numbers are times: where one is missing, time goes on, and the gap stays a gap.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from posedetector.video.nouns import FOLDER_RATE

_ORIGINAL, _SUBSECONDS, _EXIF = 36867, 37521, 0x8769  # EXIF 2.3, tables 7 and 8: DateTimeOriginal, SubSecTimeOriginal
_WITH_EXIF = {".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
_WIDE = 10  # numbers from image to image, from which on they may be no frames but milliseconds; a judgement
_FASTEST = 0.0015  # seconds from image to image, below which "time stamps" are none; a judgement
_OFF = 2.0  # from this factor on a clock contradicts another

# A time stamp in a name → how it becomes seconds. Unix time has 10 digits since 2001, and a dot or more digits for parts of a second.
_DATED = re.compile(
    r"(?<!\d)((?:19|20)\d{2})[-_]?(\d{2})[-_]?(\d{2})[-_T ]?(\d{2})[-_:h]?(\d{2})[-_:m]?(\d{2})[-_.]?(\d{3}|\d{6})?(?!\d)"
)
_UNIX = re.compile(r"(?<!\d)(1\d{9})(?:\.(\d{1,9})|(\d{3}|\d{6}|\d{9}))(?!\d)")
_SECONDS = re.compile(r"(?<![\d.])(\d{1,6}\.\d{1,9})s?$")


@dataclass(frozen=True)
class Taken:
    """When images were taken: seconds from the first one, and what is to be said of it."""

    times: list[float]
    notes: tuple[str, ...] = ()


def find_times(paths: Sequence[Path], rate: float | None) -> Taken:
    """Return when the images, in the order of their names, were taken; `rate` in numbers per second, if somebody says so."""
    if len(paths) < 2:
        return Taken([0.0] * len(paths))
    if rate is None and (stamps := _increasing([_stamp_of(path.stem) for path in paths])):
        return Taken(stamps, (_by_stamps("their names", stamps),))
    dates = _exif_dates(paths) if rate is None else []
    if dates and all(exact for _, exact in dates) and (stamps := _increasing([moment for moment, _ in dates])):
        return Taken(stamps, (_by_stamps("EXIF (DateTimeOriginal, SubSecTimeOriginal)", stamps),))
    per_second = FOLDER_RATE if rate is None else rate
    numbers = frame_numbers(paths)
    places = list(range(len(paths))) if numbers is None else numbers
    times = [(place - places[0]) / per_second for place in places]
    notes = [] if rate is not None else [_assumed(per_second)]
    if numbers is None:
        notes.append(
            "the images' names do not number them: they were taken as consecutive frames, in the order of their names"
        )
    elif any(later - one != 1 for one, later in pairwise(numbers)):
        notes.append(_on_gaps(paths, numbers, per_second, times[-1]))
    if dates and (contradiction := _contradiction(dates, times[-1])):
        notes.append(contradiction)
    return Taken(times, tuple(notes))


def frame_numbers(paths: Sequence[Path]) -> list[int] | None:
    """Return the numbers in the names that tell the images apart: the first that differs, if it grows. None if there are none."""
    split = [re.split(r"(\d+)", path.stem) for path in paths]
    if len({tuple(part.lower() for part in parts[::2]) for parts in split}) > 1:
        return None
    for column in range(1, len(split[0]), 2):
        numbers = [int(parts[column]) for parts in split]
        if len(set(numbers)) > 1:
            return numbers if all(one < later for one, later in pairwise(numbers)) else None
    return None


def _stamp_of(stem: str) -> float | None:
    """Return the time in seconds that a name gives, from whatever moment; None where it gives none."""
    if found := _DATED.search(stem):
        *parts, fraction = found.groups()
        with suppress(ValueError):
            moment = datetime(*map(int, parts), tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]
            return moment + float(f"0.{fraction or 0}")
    if found := _UNIX.search(stem):
        fraction = found[2] or found[3]
        return int(found[1]) + float(f"0.{fraction}")
    if found := _SECONDS.search(stem):
        return float(found[1])
    return None


def _increasing(stamps: Sequence[float | None]) -> list[float]:
    """Return seconds from the first stamp, if there are stamps throughout and they increase; else nothing."""
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) < len(stamps) or not all(one < later for one, later in pairwise(known)):
        return []
    if known[-1] - known[0] < _FASTEST * (len(known) - 1):  # a counter behind the second of a burst
        return []
    return [round(stamp - known[0], 9) for stamp in known]


def _exif_dates(paths: Sequence[Path]) -> list[tuple[float, bool]]:
    """Return for each image when it was taken, in seconds, and whether that has parts of a second; nothing if one does not say."""
    dates: list[tuple[float, bool]] = []
    for path in paths:
        date = _exif_date(path) if path.suffix.lower() in _WITH_EXIF else None
        if date is None:
            return []
        dates.append(date)
    return dates


def _exif_date(path: Path) -> tuple[float, bool] | None:
    from PIL import Image

    try:
        with Image.open(path) as image:
            tags: dict[int, Any] = dict(image.getexif().get_ifd(_EXIF))
        moment = (
            datetime.strptime(str(tags[_ORIGINAL]).strip("\0 "), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
        )
    except Exception:  # noqa: BLE001 -- whatever is wrong with these tags, the image itself may be fine
        return None
    fraction = str(tags.get(_SUBSECONDS, "")).strip("\0 ")
    return (moment + float(f"0.{fraction}"), True) if fraction.isdecimal() else (moment, False)


def _assumed(rate: float) -> str:
    return f"images carry no times: {rate:g} frames per second assumed; --fps says otherwise"


def _by_stamps(whose: str, times: Sequence[float]) -> str:
    return f"the images were timed by {whose}: {len(times)} images in {times[-1]:.2f} s; --fps takes the numbers in their names instead"


def _on_gaps(paths: Sequence[Path], numbers: list[int], rate: float, seconds: float) -> str:
    steps = [later - one for one, later in pairwise(numbers)]
    first, last = paths[0].name, paths[-1].name
    usual = sorted(steps)[len(steps) // 2]
    if min(steps) == max(steps):
        what = f"the images are numbered in steps of {steps[0]} ({first} to {last})"
    else:
        missing = numbers[-1] - numbers[0] + 1 - len(numbers)
        what = f"{missing} of the {numbers[-1] - numbers[0] + 1} image numbers from {first} to {last} are missing"
    said = (
        f"{what}: numbers are times, so at {rate:g} a second the images span {seconds:.2f} s, and gaps stay gaps; if they are "
        "consecutive frames all the same, renumber them; --fps says how many numbers make a second"
    )
    return f"{said} (1000 if they are milliseconds)" if usual >= _WIDE else said


def _contradiction(dates: Sequence[tuple[float, bool]], seconds: float) -> str:
    """Return what to say where EXIF's whole seconds contradict the numbers by a factor of two or more; nothing if they do not."""
    span = dates[-1][0] - dates[0][0]
    if _OFF * (seconds + 1) > span > (seconds - _OFF) / _OFF - 1:
        return ""
    return (
        f"EXIF says that these images were taken within {span:.0f} s, but at the assumed rate they span {seconds:.2f} s: speeds and "
        "cadence are wrong by that factor; pass --fps with the rate at which they were taken"
    )
