"""What of a skeleton is drawn, and how large."""

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from posedetector.skeletons import SIDES, AnySide, Skeleton, links_of, split_side

Kind = Literal["main", "fine", "marker"]

_LEFT_OUT = re.compile(r"_eye_(inner|outer)$|_mouth$|^face_\d+$")  # a face of nose, eyes and ears is enough
_FINE = re.compile(r"nose|_eye$|_ear$|_hand_root$|thumb|finger|_pinky|(?<!foot)_index$")
_MARKER = re.compile(r"_study$|_[ap]sis$")  # the marker enhancer's: on the skin, not at joints
_FOOT = ("heel", "foot_index")
_THICK = 1 / 240  # of the image's shorter side: thickness of a link
_THICK_BODY = 1 / 110  # of the person's height in the image
_LEAST_WITH_FACE = 130.0  # pixels of the person's height
_FINE_SHARE = 0.5  # of a link's thickness


@dataclass(frozen=True, eq=False)
class Layout:
    """A skeleton's points and lines as they are drawn; rows are the skeleton's.

    Attributes
    ----------
    kinds : of each point, None for those that are left out.
    sides : of each point: left, right, or nothing.
    links : (L, 2) rows that a line joins.
    """

    kinds: tuple[Kind | None, ...]
    sides: tuple[AnySide, ...]
    links: NDArray[np.int64]

    def side_of(self, link: NDArray[np.int64]) -> AnySide:
        """Return the side of a link, which is both its ends'."""
        first, last = (self.sides[row] for row in link)
        return first if first == last else ""


def layout_of(skeleton: Skeleton) -> Layout:
    """Return what is drawn of a skeleton: its links, over points that are left out, and soles."""
    kinds = tuple(_kind(point) for point in skeleton.points)
    links: list[tuple[int, int]] = []
    for first, last in links_of(skeleton):
        start: int = first
        while start >= 0 and kinds[start] is None:
            start = skeleton.parents[start]
        if start >= 0 and kinds[last] is not None and "marker" not in (kinds[start], kinds[last]):
            links.append((start, last))
    for side in SIDES:
        sole = [f"{side}_{end}" for end in _FOOT]
        if skeleton.has(*sole):
            heel, toe = skeleton.indices(*sole)
            links.append((heel, toe))
    sides = tuple(split_side(point)[0] for point in skeleton.points)
    return Layout(kinds, sides, np.array(links, int).reshape(-1, 2))


def _kind(point: str) -> Kind | None:
    if _LEFT_OUT.search(point):
        return None
    if _MARKER.search(point):
        return "marker"
    return "fine" if _FINE.search(point) else "main"


@dataclass(frozen=True)
class Sizes:
    """Pixels: thickness of links and of fine ones, of dark edges; radius of joints; height of text.

    `faces` tells whether a face and hands are large enough to be drawn.
    """

    thickness: int
    fine: int
    edge: int
    radius: float
    text: int
    faces: bool


def sizes_for(image: tuple[int, int], person: float, thickness: int | None, radius: int | None) -> Sizes:
    """Return sizes for an image of (width, height) and a person of this height in it, pixels; NaN if that is unknown.

    A thickness or radius that was given is kept.
    """
    limit = min(image) * _THICK
    usual = max(1, round(limit if np.isnan(person) else min(limit, person * _THICK_BODY)))
    link = usual if thickness is None else thickness
    return Sizes(
        thickness=link,
        fine=max(1, round(link * _FINE_SHARE)),
        edge=0 if link == 1 else max(1, round(link / 3)),  # a line of one pixel would vanish between its edges
        radius=1.4 * link + 0.6 if radius is None else float(radius),
        text=max(10, round(6.5 * usual)),
        faces=not person < _LEAST_WITH_FACE,
    )
