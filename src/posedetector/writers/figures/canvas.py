"""What all figures share: colours, the page with the clip's name, and how a page becomes a file.

Pages are as wide as what A4 leaves to print on, upright or lengthways, so that sizes of letters are those on paper: 8 points or more.
The sides' colours are those of `colours`; what has no side is black.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from types import MappingProxyType
from typing import TYPE_CHECKING

from posedetector.colours import SIDE_COLOURS
from posedetector.kinematics.nouns import Grade

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

_LINE = 1.3  # from line to line, in letters' heights
NO_SIDE = "#000000"
NO_GRADES: Mapping[str, Grade] = MappingProxyType({})
WEAK_LINE = (0, (2.2, 1.2))  # dashes
LEAST_SPAN = 20.0  # degrees; a judgement: two degrees never fill a panel
SMALL = 8.5  # points, as printed
PORTRAIT, LANDSCAPE = 7.2, 10.6  # inches that A4 leaves between margins of half an inch
_DOTS = 200  # an inch
_LONGEST_NAME = 80  # letters
_LETTERS = 9.0  # an inch, of the title's size
_LETTER, _HANDLE = (
    0.55,
    4.0,
)  # of the legend: widths of a letter, and of a line or patch with its gaps, in letters' heights


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
        picture.savefig(path, format="png", dpi=_DOTS, metadata={"Software": None})


def message(name: str, text: str) -> "Figure":
    """Return a small page that only says something; no empty axes."""
    picture = page(PORTRAIT, 2.5, name)
    picture.text(0.5, 0.4, fill(text, 80), ha="center", va="center", fontsize=10, color="0.25", parse_math=False)
    return picture


def panels_of(part: "FigureBase", count: int, wide: int, along: str) -> "list[Axes]":
    """Return so many panels in rows of `wide`, with one horizontal axis; the lowest of each column names it."""
    panels = list(part.subplots(-(-count // wide), wide, sharex=True, squeeze=False).ravel())
    for axes in panels[count:]:
        axes.remove()
    for axes in panels[:count][-wide:]:
        axes.set_xlabel(along, fontsize=SMALL)
        axes.tick_params(labelbottom=True)
    for axes in panels[:count]:
        axes.tick_params(labelsize=SMALL)
    return panels[:count]


def explain(picture: "Figure", handles: "Sequence[Artist]", lines: Sequence[str] = ()) -> None:
    """Put a legend of what the page holds below its panels, in as few rows as are wide enough for it, and these lines above it.

    The page grows by the lines.
    """
    if not handles and not lines:
        return
    width = picture.get_figwidth()
    said = "\n".join(fill(line, int(width * 72 / (_LETTER * SMALL))) for line in lines)
    if said:
        picture.set_figheight(picture.get_figheight() + (said.count("\n") + 1) * _LINE * SMALL / 72)
    wide = sum(_LETTER * len(str(one.get_label())) + _HANDLE for one in handles) * SMALL / 72
    columns = -(-len(handles) // -(-wide // width)) if handles else 1
    legend = picture.legend(
        handles=handles,
        loc="outside lower center",
        ncols=int(columns),
        fontsize=SMALL,
        frameon=False,
        title=said or None,
        title_fontsize=SMALL,
    )
    legend.get_title().set(color="0.3", parse_math=False)


def side_handles(colours: Iterable[str]) -> "list[Artist]":
    """Return for a legend the sides whose colours are on the page."""
    from matplotlib.lines import Line2D

    named = {colour: side for side, colour in SIDE_COLOURS.items()} | {NO_SIDE: "trunk, pelvis"}
    shown = set(colours)
    return [Line2D([], [], color=colour, label=name) for colour, name in named.items() if colour in shown]


def is_poor(grades: Mapping[str, Grade], name: str) -> bool:
    """Tell whether an angle is not to be shown."""
    return name in grades and grades[name].quality == "poor"


def is_weak(grades: Mapping[str, Grade], name: str) -> bool:
    """Tell whether an angle is drawn as one whose values are not to be read."""
    return name in grades and grades[name].quality == "weak"


def with_zero(axes: "Axes") -> None:
    """Show where an angle in degrees is nought, in a panel that spans at least `LEAST_SPAN`."""
    axes.axhline(0, color="0.6", lw=0.7, zorder=0)
    low, high = axes.get_ylim()
    missing = max(LEAST_SPAN - (high - low), 0) / 2
    axes.set_ylim(low - missing, high + missing)
    axes.spines[["top", "right"]].set_visible(False)


def weak_handle() -> "Artist":
    """Return the legend's entry of angles that are weak."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color="0.3", ls=WEAK_LINE, label="weak: only large differences count")
