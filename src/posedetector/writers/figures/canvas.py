"""What all figures share: colours, the page with the clip's name, and how a page becomes a file.

The sides' colours are those of `colours`; what has no side is black.
"""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from posedetector.colours import SIDES

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

NO_SIDE = "#000000"
LEAST_SPAN = 20.0  # degrees; a judgement: two degrees never fill a panel
SMALL = 9.0  # points; read at half the size too
_LONGEST_NAME = 80  # letters
_LETTERS = 9.0  # an inch, of the title's size


def page(width: float, height: float, name: str, about: str = "") -> "Figure":
    """Return an empty page, inches, with the clip's name above it and a line about what is drawn."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    picture = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(picture)
    letters = int(_LETTERS * width)
    longest = min(_LONGEST_NAME, letters)
    lines = [name if len(name) <= longest else f"{name[:longest]}…"]
    lines += [fill(line, letters) for line in about.splitlines()]
    picture.suptitle("\n".join(lines), fontsize=12, parse_math=False)
    return picture


def save(picture: "Figure", path: Path) -> None:
    """Write the page; the same page makes the same file."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)  # a clip may be named in any script
        picture.savefig(path, format="png", dpi=150, metadata={"Software": None})


def message(name: str, text: str) -> "Figure":
    """Return a small page that only says something; no empty axes."""
    picture = page(8, 2.5, name)
    picture.text(0.5, 0.4, fill(text, 90), ha="center", va="center", fontsize=11, color="0.25", parse_math=False)
    return picture


def panels_of(part: "FigureBase", count: int, wide: int, along: str) -> "list[Axes]":
    """Return so many panels in rows of `wide`, with one horizontal axis; the lowest of each column names it."""
    panels = list(part.subplots(-(-count // wide), wide, sharex=True, squeeze=False).ravel())
    for axes in panels[count:]:
        axes.remove()
    for axes in panels[:count][-wide:]:
        axes.set_xlabel(along)
        axes.tick_params(labelbottom=True)
    return panels[:count]


def explain(picture: "Figure", handles: "Sequence[Artist]") -> None:
    """Put a legend of what the page holds below its panels."""
    if handles:
        picture.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=SMALL, frameon=False)


def side_handles(colours: Iterable[str]) -> "list[Artist]":
    """Return for a legend the sides whose colours are on the page."""
    from matplotlib.lines import Line2D

    named = {colour: side for side, colour in SIDES.items()} | {NO_SIDE: "trunk, pelvis"}
    shown = set(colours)
    return [Line2D([], [], color=colour, label=name) for colour, name in named.items() if colour in shown]


def with_zero(axes: "Axes") -> None:
    """Show where an angle in degrees is nought, in a panel that spans at least `LEAST_SPAN`."""
    axes.axhline(0, color="0.6", lw=0.7, zorder=0)
    low, high = axes.get_ylim()
    missing = max(LEAST_SPAN - (high - low), 0) / 2
    axes.set_ylim(low - missing, high + missing)
    axes.spines[["top", "right"]].set_visible(False)
