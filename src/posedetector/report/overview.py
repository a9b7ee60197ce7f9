"""What is read first, in lines: what was measured, whether it can be used, and what was assumed. For the terminal and the workbook."""

from dataclasses import dataclass

from posedetector.report.findings import assumptions, headline, range_rows
from posedetector.report.results import Results
from posedetector.report.verdict import Verdict, judge
from posedetector.skeletons import SIDES

Line = tuple[str, str]
_SHOWN = ("Hip flexion", "Knee flexion", "Ankle dorsiflexion")
_SIDES = {"L ": "left ", "R ": "right "}


@dataclass(frozen=True, slots=True)
class Overview:
    """Lines of a label and what is to be said of it.

    Attributes
    ----------
    notes : what a reader may want to know beside the verdict's points.
    """

    measured: tuple[Line, ...]
    verdict: Verdict
    assumed: tuple[Line, ...]
    notes: tuple[str, ...]


def overview(results: Results) -> Overview:
    """Return the overview of a clip's results."""
    account = results.account
    movement = [
        (one["label"], _joined(one["value"], one["detail"]))
        for one in headline(results)
        if one["label"].capitalize() not in _SHOWN
    ]
    angles = [(row["name"].lower(), _of_angle(row)) for row in range_rows(results) if row["name"] in _SHOWN]
    verdict = judge(results)
    video = account.video
    size = f"{video.width_px}×{video.height_px}"
    seen = (
        f"{video.frames} frames, {video.duration_s:.2f} s at {video.fps:.4g} fps, {size}"
        if video.frames > 1
        else f"one image, {size}"
    )
    networks = ", ".join(f"{one.name} ({one.licence})" for one in account.networks) or "none"
    return Overview(
        measured=(*movement, *angles),
        verdict=verdict,
        assumed=(
            ("video", seen),
            *((label.lower(), said) for label, said in assumptions(results)),
            ("networks", networks),
        ),
        notes=tuple(note.text for note in account.notes if note.text not in verdict.points),
    )


def _of_angle(row: dict[str, str]) -> str:
    """Return an angle's least and greatest by side, and what keeps them from being compared."""
    ends = ", ".join(f"{side} {row[side]}°" for side in SIDES if side in row)
    doubts = [row[name] for name in ("doubt", "sides") if name in row]
    return ends + (f" ({'; '.join(doubts)})" if doubts else "")


def _joined(value: str, detail: str) -> str:
    """Return a card's lines in one; the page has room for a side's letter only."""
    lines = [_SIDES.get(side, side) + rest for side, rest in ((line[:2], line[2:]) for line in value.splitlines())]
    return ", ".join(lines) + (f" ({detail})" if detail else "")
