"""Lines, discs and labels on an image, with sub-pixel places and with opacity.

Images are (H, W, 3) uint8 RGB and changed in place. Places are pixels from the upper left corner, the centre of the first
pixel at (0.5, 0.5). Everything that is coloured has a dark edge, so that it is seen on bright and on dark pictures. Only the part
of the image around each shape is blended, so the cost grows with what is drawn, not with the image.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from posedetector.pose import Array, ByteArray

Colour = tuple[int, int, int]

EDGE: Colour = (20, 20, 20)
WHITE: Colour = (255, 255, 255)
_SHIFT = 4  # OpenCV's coordinates in sixteenths of a pixel
_OPAQUE = 0.98


def blend(
    image: ByteArray, points: Array, margin: float, opacity: float, draw: Callable[[ByteArray, Array], None]
) -> None:
    """Draw on the part of the image that holds the points (N, 2) with a margin, both in pixels, with opacity in 0–1.

    `draw` is given that part, and by how much (2,) it is moved against the image.
    """
    import cv2

    height, width = image.shape[:2]
    left, top = np.maximum(np.floor(points.min(axis=0) - margin), 0).astype(int)
    right, bottom = np.minimum(np.ceil(points.max(axis=0) + margin), (width, height)).astype(int)
    if left >= right or top >= bottom:
        return
    part = image[top:bottom, left:right]
    corner = np.array([left, top], float)
    if opacity >= _OPAQUE:
        draw(part, corner)
        return
    layer = part.copy()
    draw(layer, corner)
    cv2.addWeighted(layer, opacity, part, 1 - opacity, 0, dst=part)


def draw_lines(
    image: ByteArray, ends: Array, colour: Colour, *, thickness: int, opacity: float = 1.0, edge: int = 1
) -> None:
    """Draw lines (N, 2, 2) as one shape, `edge` pixels of its thickness being dark on either side; 0 for none."""
    import cv2

    def draw(part: ByteArray, corner: Array) -> None:
        fixed = _fixed(ends, corner)
        if edge:
            for first, last in fixed:
                cv2.line(part, first, last, EDGE, thickness + 2 * edge, cv2.LINE_AA, _SHIFT)
        for first, last in fixed:
            cv2.line(part, first, last, colour, thickness, cv2.LINE_AA, _SHIFT)

    blend(image, ends.reshape(-1, 2), thickness / 2 + edge + 2, opacity, draw)


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
    import cv2

    def draw(part: ByteArray, corner: Array) -> None:
        (centre,) = _fixed(place[None], corner)
        if edge:
            cv2.circle(part, centre, round((radius + edge) * 2**_SHIFT), EDGE, -1, cv2.LINE_AA, _SHIFT)
        cv2.circle(part, centre, round(radius * 2**_SHIFT), colour, -1, cv2.LINE_AA, _SHIFT)

    blend(image, place[None], radius + edge + 2, opacity, draw)


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
    import cv2

    def draw(part: ByteArray, corner: Array) -> None:
        (centre,) = _fixed(place[None], corner)
        fixed = round(radius * 2**_SHIFT)
        if edge:
            cv2.circle(part, centre, fixed, EDGE, thickness + 2 * edge, cv2.LINE_AA, _SHIFT)
        cv2.circle(part, centre, fixed, colour, thickness, cv2.LINE_AA, _SHIFT)

    blend(image, place[None], radius + thickness + edge + 2, opacity, draw)


def _fixed(points: Array, corner: Array) -> Any:
    """Return points as OpenCV takes them: integers, the centre of the first pixel at 0."""
    return np.round((points - corner - 0.5) * 2**_SHIFT).astype(int).tolist()


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
