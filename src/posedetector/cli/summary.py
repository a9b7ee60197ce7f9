"""What `analyze` says when it is done: what was measured and whether it can be used, what was assumed, and where the files are."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from posedetector.account import VideoRecord
    from posedetector.trial import Trial

# in the files and on the page; the terminal is for what changes how the numbers are read
_LEFT_OUT = {"frame of reference", "reprojection error", "segment masses"}
_COLOURS = {"good": "green", "caution": "yellow", "serious": "red"}


def summarize(trial: "Trial", folder: Path, seconds: float) -> None:
    """Print the summary of a trial whose files were written into a folder."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from posedetector.report.overview import overview
    from posedetector.report.results import results_of

    found = overview(results_of(trial))
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()

    def add(heading: str, lines: list[tuple[str, str]]) -> None:
        table.add_row(Text(heading, style="bold"), "")
        for label, said in lines:
            table.add_row(f"  {label}", Text(said))

    add("measured", list(found.measured))
    verdict = Text(f"{found.verdict.title}.", style=_COLOURS[found.verdict.level])
    table.add_row(Text("good enough?", style="bold"), verdict)
    for point in found.verdict.points:
        table.add_row("", Text(f"– {point}"))
    part = _selected(trial.provenance.video)
    assumed = [(label, said + part * (label == "video")) for label, said in found.assumed if label not in _LEFT_OUT]
    add("assumed", [assumed[0], *_persons(trial), *assumed[1:]])
    for number, note in enumerate(found.notes):
        table.add_row(Text("notes", style="bold") if number == 0 else "", Text(note))
    Console(highlight=False).print(table)
    _name_files(trial, folder, seconds)


def _name_files(trial: "Trial", folder: Path, seconds: float) -> None:
    from posedetector.writers import REPORT

    names = trial.provenance.files
    books = [name for name in names if name.endswith(".xlsx")]
    files = (
        f"{len(names)} files in {folder}{os.sep}{f', {books[0]} for spreadsheets' if books else ''}; {seconds:.0f} s"
    )
    # not wrapped: people copy it
    typer.echo(f"report: {folder / REPORT} ({files})" if REPORT in names else f"results: {files}")


def _persons(trial: "Trial") -> list[tuple[str, str]]:
    from posedetector.persons import describe

    persons = describe(trial.tracks)
    if len(persons) == 1:
        return [("subject", persons[0].line())]
    subject = trial.provenance.person
    return [
        *(("subject", f"person {one.number}: {one.line()}") for one in persons if one.number == subject),
        *(("", f"not analysed, person {one.number}: {one.line()}") for one in persons if one.number != subject),
    ]


def _selected(video: "VideoRecord") -> str:
    """Return which part of the video that is; nothing for all of it."""
    end = "the end" if video.end_s is None else f"{video.end_s:g} s"
    part = f", {video.start_s:g} s to {end} of the video" if video.start_s or video.end_s is not None else ""
    if video.slowdown != 1:
        part += (
            f" as stored, slowed {video.slowdown:.3g} times"
            if video.slowdown > 1
            else f" as stored, {1 / video.slowdown:.3g} times as fast"
        )
    return part + (f", one frame of {video.every}" if video.every > 1 else "")
