"""Lines, discs and labels on an image, with sub-pixel places and with opacity.

Images are (H, W, 3) uint8 RGB and changed in place. Places are pixels from the upper left corner, the centre of the first
pixel at (0.5, 0.5). Everything that is coloured has a dark edge, so that it is seen on bright and on dark pictures. Only the part
of the image around each shape is blended, so the cost grows with what is drawn, not with the image.
"""

from collections.abc import Callable
from functools import lru_cache
from math import ceil, floor
from typing import Any, NamedTuple

import numpy as np

from posedetector.pose import Array, ByteArray

Colour = tuple[int, int, int]

EDGE: Colour = (20, 20, 20)
WHITE: Colour = (255, 255, 255)
_SHIFT = 4  # OpenCV's coordinates in sixteenths of a pixel
_OPAQUE = 0.98


def blend(
    image: ByteArray,
    around: tuple[float, float, float, float],
    opacity: float,
    draw: Callable[[ByteArray, int, int], None],
) -> None:
    """Draw on the part of the image `around` a shape (left, top, right, bottom, pixels), with opacity in 0–1.

    `draw` is given that part, and where its left and upper edges are in the image.
    """
    import cv2

    height, width = image.shape[:2]
    left, top = max(floor(around[0]), 0), max(floor(around[1]), 0)
    right, bottom = min(ceil(around[2]), width), min(ceil(around[3]), height)
    if left >= right or top >= bottom:
        return
    part = image[top:bottom, left:right]
    if opacity >= _OPAQUE:
        draw(part, left, top)
        return
    layer = part.copy()
    draw(layer, left, top)
    cv2.addWeighted(layer, opacity, part, 1 - opacity, 0, dst=part)


def draw_lines(
    image: ByteArray, ends: Array, colour: Colour, *, thickness: int, opacity: float = 1.0, edge: int = 1
) -> None:
    """Draw lines (N, 2, 2) as one shape, `edge` pixels of its thickness being dark on either side; 0 for none."""
    import cv2

    lines = ends.tolist()
    margin = thickness / 2 + edge + 2
    xs, ys = ([place[axis] for line in lines for place in line] for axis in (0, 1))

    def draw(part: ByteArray, left: int, top: int) -> None:
        fixed = [[_fixed(x - left, y - top) for x, y in line] for line in lines]
        if edge:
            for first, last in fixed:
                cv2.line(part, first, last, EDGE, thickness + 2 * edge, cv2.LINE_AA, _SHIFT)
        for first, last in fixed:
            cv2.line(part, first, last, colour, thickness, cv2.LINE_AA, _SHIFT)

    blend(image, (min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin), opacity, draw)


def dashes(first: Array, last: Array, length: float) -> Array:
    """Return a line between two places (2,) as dashes (N, 2, 2) of that length, pixels, with gaps as long."""
    whole = float(np.hypot(*(last - first)))
    count = max(1, round((whole / length + 1) / 2))
    cuts = np.linspace(0, 1, 2 * count)[:, None] if count > 1 else np.array([[0.0], [1.0]])
    return np.asarray((first + cuts * (last - first)).reshape(-1, 2, 2))


def draw_disc(
    image: ByteArray, place: Array, radius: float, colour: Colour, *, opacity: float = 1.0, edge: int = 1
) -> None:
    """Draw a filled disc around a place (2,)."""
    _draw_circle(image, place, radius, colour, -1, opacity, edge)


def draw_ring(
    image: ByteArray,
    place: Array,
    radius: float,
    colour: Colour,
    *,
    thickness: int,
    opacity: float = 1.0,
    edge: int = 1,
) -> None:
    """Draw a circle around a place (2,), through which the image is seen."""
    _draw_circle(image, place, radius, colour, thickness, opacity, edge)


def _draw_circle(
    image: ByteArray, place: Array, radius: float, colour: Colour, thickness: int, opacity: float, edge: int
) -> None:
    """Draw a circle of this thickness, filled if that is negative."""
    import cv2

    x, y = place.tolist()
    reach = radius + max(thickness, 0) + edge + 2

    def draw(part: ByteArray, left: int, top: int) -> None:
        centre = _fixed(x - left, y - top)
        if edge:
            wider = (radius + edge, -1) if thickness < 0 else (radius, thickness + 2 * edge)
            cv2.circle(part, centre, round(wider[0] * 2**_SHIFT), EDGE, wider[1], cv2.LINE_AA, _SHIFT)
        cv2.circle(part, centre, round(radius * 2**_SHIFT), colour, thickness, cv2.LINE_AA, _SHIFT)

    blend(image, (x - reach, y - reach, x + reach, y + reach), opacity, draw)


def _fixed(x: float, y: float) -> tuple[int, int]:
    """Return a place as OpenCV takes it: integers, the centre of the first pixel at 0."""
    return round((x - 0.5) * 2**_SHIFT), round((y - 0.5) * 2**_SHIFT)


class Stamp(NamedTuple):
    """A text as a picture (H, W, 3) uint8 and how much it covers (H, W, 1), 0–1."""

    image: Array
    cover: Array

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]


@lru_cache(maxsize=2048)
def stamp(text: str, size: int, colour: Colour) -> Stamp:
    """Return white text of this size, pixels, on a plate of this colour with a dark edge."""
    from PIL import Image, ImageDraw

    font = _font(size)
    left, _, right, _ = font.getbbox(text)
    aside, edge = round(0.3 * size), max(1, round(size / 16))
    top, bottom = font.getbbox("0")[1], font.getbbox("0")[3]
    above = round(0.22 * size)
    width, height = round(right - left) + 2 * (aside + edge), round(bottom - top) + 2 * (above + edge)
    larger = 4  # drawn larger and made smaller: Pillow's rounded corners are not smooth
    plate = Image.new("L", (larger * width, larger * height), 0)
    box = (0, 0, larger * width - 1, larger * height - 1)
    ImageDraw.Draw(plate).rounded_rectangle(box, radius=larger * 0.3 * size, fill=255)
    inner = Image.new("L", plate.size, 0)
    box = (larger * edge, larger * edge, larger * (width - edge) - 1, larger * (height - edge) - 1)
    ImageDraw.Draw(inner).rounded_rectangle(box, radius=larger * (0.3 * size - edge), fill=255)
    cover, coloured = (_shares(one.resize((width, height), Image.Resampling.BOX)) for one in (plate, inner))
    words = Image.new("L", (width, height), 0)
    ImageDraw.Draw(words).text((aside + edge - left, above + edge - top), text, font=font, fill=255)
    ground = np.array(EDGE) + coloured * (np.array(colour) - np.array(EDGE))
    written = ground + _shares(words) * (np.array(WHITE) - ground)
    return Stamp(written, cover)


def put_stamp(image: ByteArray, mark: Stamp, left: int, top: int) -> None:
    """Put a stamp into the image; what lies outside is cut off."""
    width, height = mark.size
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + width, image.shape[1]), min(top + height, image.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    part, of = image[y0:y1, x0:x1], (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    part[:] = np.round(part + mark.cover[of] * (mark.image[of] - part)).astype(np.uint8)


def _shares(picture: Any) -> Array:
    return np.asarray(picture, float)[..., None] / 255


@lru_cache(maxsize=8)
def _font(size: int) -> Any:
    from pathlib import Path

    import matplotlib as mpl
    from PIL import ImageFont

    return ImageFont.truetype(str(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans-Bold.ttf")), size)
