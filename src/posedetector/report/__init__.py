"""The report: one self-contained HTML page about a clip's results, and one that compares several.

`results` is what a page is made of, of a trial that was just analysed or of a folder that was written earlier; `motion` packs
what moves, `findings` and `verdict` put the rest into words and rows, `page` fills the template in `assets/`; `comparison`
lays several clips upon each other.
"""

from pathlib import Path

from posedetector.report.page import render
from posedetector.report.results import results_of
from posedetector.trial import Trial


def write_report(trial: Trial, path: Path) -> None:
    """Write the page about a trial."""
    path.write_text(render(results_of(trial)), encoding="utf-8", newline="\n")
