"""The colours of left and right in everything that is drawn: figures, the overlay video, the report.

They are of Okabe & Ito (2008), told apart by colour-blind readers too.
"""

from posedetector.skeletons import Side

SIDE_COLOURS: dict[Side, str] = {"left": "#0072B2", "right": "#D55E00"}


def rgb(colour: str) -> tuple[int, int, int]:
    """Return the red, green and blue of `#RRGGBB`, 0-255."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
