"""`persons.png`: everybody who was found, numbered, each where seen best, and all of them in one picture."""

from pathlib import Path
from typing import Any

import numpy as np

from posedetector.overlay.drawing import Colour, draw_lines, put_stamp, stamp
from posedetector.persons import Person, describe
from posedetector.pose import Array, ByteArray
from posedetector.snapshots import Snapshots
from posedetector.tracking import Track, Tracks

_SUBJECT: Colour = (0, 128, 90)
_OTHER: Colour = (80, 80, 80)
_INK, _PAPER, _NO_PICTURE = (30, 30, 30), (255, 255, 255), (225, 225, 225)
_MARGIN, _COLUMNS, _TILE = 20, (3, 4), (230, 290)  # pixels; of the tile's picture
_TALLEST = 450  # pixels of the whole picture
_LETTERS, _LINE = 15, 20  # pixels
_LARGEST = 12  # people who have a picture of their own
_AROUND = 0.15  # of the box's longer side, shown around it


def draw_contact_sheet(tracks: Tracks, path: Path, *, title: str, subject: int = 1) -> None:
    """Write the sheet as a PNG of less than a megabyte; `subject` is the number of the person who is analysed."""
    from PIL import Image, ImageDraw

    people = describe(tracks)
    shown = people[:_LARGEST]
    columns = int(np.clip(len(shown), *_COLUMNS))
    width = columns * (_TILE[0] + _MARGIN) + _MARGIN
    font = _font()
    captions = [_wrapped(_caption(person), font, _TILE[0]) for person in shown]
    rows = [captions[start : start + columns] for start in range(0, len(captions), columns)]
    heights = [_TILE[1] + 8 + _LINE * max(map(len, row)) + _MARGIN for row in rows]
    head = _wrapped(_heading(people, title, subject), font, width - 2 * _MARGIN)
    whole, moment = _whole(tracks, people, subject, (width - 2 * _MARGIN, _TALLEST))
    top = _MARGIN + _LINE * len(head) + 8
    below = top + (0 if whole is None else whole.shape[0] + 8 + _LINE + _MARGIN)
    sheet = Image.new("RGB", (width, below + sum(heights)), _PAPER)
    pen = ImageDraw.Draw(sheet)
    _write(pen, (_MARGIN, _MARGIN), head, font)
    if whole is not None:
        sheet.paste(Image.fromarray(whole), (_MARGIN, top))
        _write(
            pen,
            (_MARGIN, top + whole.shape[0] + 8),
            [f"At {moment:.1f} s" + (", when most are in view" if len(people) > 1 else "")],
            font,
        )
    for number, (person, caption) in enumerate(zip(shown, captions, strict=True)):
        left = _MARGIN + (number % columns) * (_TILE[0] + _MARGIN)
        down = below + sum(heights[: number // columns])
        tile = _tile(tracks, person.number, _colour(person.number, subject))
        sheet.paste(Image.fromarray(tile), (left, down))
        _write(pen, (left, down + _TILE[1] + 8), caption, font)
    # 256 colours: a third of the size, and hardly seen
    sheet.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)


def _heading(people: list[Person], title: str, subject: int) -> list[str]:
    if len(people) == 1:
        return [f"{title}: 1 person found."]
    more = f" The {_LARGEST} most prominent are shown." if len(people) > _LARGEST else ""
    return [f"{title}: {len(people)} people found. Person {subject} (green) is analysed; --person picks another.{more}"]


def _caption(person: Person) -> list[str]:
    return [line for line in (f"{person.number}  {person.what}", person.when, person.remark) if line]


def _colour(number: int, subject: int) -> Colour:
    return _SUBJECT if number == subject else _OTHER


def _tile(tracks: Tracks, number: int, colour: Colour) -> ByteArray:
    """Return the person at the moment of the best sight."""
    import cv2

    track = tracks.tracks[number - 1]
    tile = np.full((_TILE[1], _TILE[0], 3), _NO_PICTURE, np.uint8)
    row = _best(track, tracks)
    if row is not None and tracks.snapshots is not None:
        picture = tracks.snapshots.picture(row)
        box = track.poses[track.rows.index(row)].bbox * picture.shape[1] / tracks.image_size[0]
        middle, sides = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) + 2 * _AROUND * max(box[2:] - box[:2])
        scale = float(min(np.array(_TILE) / np.maximum(sides, 1.0)))
        shift = np.array(_TILE) / 2 - scale * middle
        turned = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        tile = np.asarray(cv2.warpAffine(picture, turned, _TILE, flags=how, borderValue=_NO_PICTURE), np.uint8)
        _draw_box(tile, scale * box + np.tile(shift, 2), colour)
    put_stamp(tile, stamp(str(number), 22, colour), 6, 6)
    return tile


def _best(track: Track, tracks: Tracks) -> int | None:
    """Return the row of a picture in which the person is large, surely seen and not cut off by the picture's edge."""
    poses = dict(zip(track.rows, track.poses, strict=True))
    size = np.array(tracks.image_size)

    def worth(row: int) -> float:
        pose = poses[row]
        inside = np.clip(pose.bbox.reshape(2, 2), 0, size)
        whole = np.prod(pose.bbox[2:] - pose.bbox[:2])
        seen = np.prod(inside[1] - inside[0]) / whole if whole > 0 else 0.0
        return float(max(pose.bbox[2:] - pose.bbox[:2]) * pose.score.mean() * seen)

    there = [row for row in _rows(tracks.snapshots) if row in poses]
    return max(there, key=worth, default=None)


def _whole(tracks: Tracks, people: list[Person], subject: int, room: tuple[int, int]) -> tuple[ByteArray | None, float]:
    """Return the picture in which most people are, with their boxes and numbers, and its seconds."""
    import cv2

    boxes: dict[int, dict[int, Array]] = {row: {} for row in _rows(tracks.snapshots)}
    for person in people:
        track = tracks.tracks[person.number - 1]
        for row, pose in zip(track.rows, track.poses, strict=True):
            if row in boxes:
                boxes[row][person.number] = pose.bbox
    if tracks.snapshots is None or not any(boxes.values()):
        return None, 0.0
    row = max(boxes, key=lambda one: (len(boxes[one]), sum(max(box[2:] - box[:2]) for box in boxes[one].values())))
    picture = tracks.snapshots.picture(row)
    scale = min(room[0] / picture.shape[1], room[1] / picture.shape[0])
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    for number, box in sorted(boxes[row].items(), reverse=True):
        seen = box * size[0] / tracks.image_size[0]
        _draw_box(picture, seen, _colour(number, subject))
        mark = stamp(str(number), 18, _colour(number, subject))
        left, top = np.clip(seen[:2] - (0, mark.size[1]), 0, np.array(size) - mark.size)
        put_stamp(picture, mark, round(left), round(top))
    return picture, float(tracks.time[row])


def _rows(snapshots: Snapshots | None) -> list[int]:
    return [] if snapshots is None else snapshots.rows


def _draw_box(picture: ByteArray, box: Array, colour: Colour) -> None:
    left, top, right, bottom = box
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])
    draw_lines(picture, np.stack([corners[:-1], corners[1:]], axis=1), colour, thickness=2)


def _font() -> Any:
    import matplotlib as mpl
    from PIL import ImageFont

    return ImageFont.truetype(str(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")), _LETTERS)


def _write(pen: Any, place: tuple[int, int], lines: list[str], font: Any) -> None:
    for number, line in enumerate(lines):
        pen.text((place[0], place[1] + number * _LINE), line, font=font, fill=_INK)


def _wrapped(texts: list[str], font: Any, width: int) -> list[str]:
    lines: list[str] = []
    for text in texts:
        line = ""
        for word in text.split(" "):
            longer = f"{line} {word}" if line else word
            if line and font.getlength(longer) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines
