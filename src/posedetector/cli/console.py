"""Bars and lines that say how far things are, on stderr; plain lines, or nothing, where nobody looks."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import typer

from posedetector.downloads import Told
from posedetector.opening import legible

T = TypeVar("T")

_LONGEST_WORD = 400  # characters; paths have up to 255 a part


class Stopped(Exception):  # noqa: N818 -- no error
    """Somebody stopped a command that keeps what it did; the text says how to go on."""


def help_alone(context: typer.Context) -> None:
    """Show the help where no command was given, and call that a usage error."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


def complain(message: str) -> None:
    """Say in one line on stderr what went wrong; a word that is too long to be read is cut."""
    words = (word if len(word) <= _LONGEST_WORD else f"{word[:80]}…" for word in legible(message).split())
    sys.stderr.write(f"posedetector: {' '.join(words)}\n")


def show_page(page: Path) -> None:
    """Open a page in the browser, or say that there is none."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        complain(f"no browser was found to open {page} with; open the file yourself")


def progress(stage: str, items: Iterable[T], total: int | None) -> Iterator[T]:
    """Show a bar while the items pass."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_interactive:  # rich would leave an empty line in the log
        yield from items
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    start = time.perf_counter()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(stage, total=total, rate="")
        for count, item in enumerate(items, start=1):
            yield item
            seconds = time.perf_counter() - start
            bar.update(task, completed=count, rate=f"{count / seconds:.0f}/s" if seconds > 0 else "")


@contextmanager
def download_progress() -> Iterator[Told]:
    """Give what a download tells its bytes to: a bar, or a line every twentieth."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console, shown = Console(stderr=True), [0]
    columns = (TextColumn("downloading the model"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    bar = Progress(*columns, TimeRemainingColumn(), console=console, transient=True)

    def draw(had: int, total: int) -> None:
        if not bar.tasks:
            bar.start()
            bar.add_task("", total=total)
        bar.update(bar.task_ids[0], completed=had, total=total)

    def tell(had: int, total: int) -> None:
        if had - shown[0] > total / 20 or had >= total:
            shown[0] = had
            console.print(f"downloading the model: {had / 1e6:.0f} of {total / 1e6:.0f} MB")

    try:
        yield draw if console.is_interactive else tell
    finally:
        if bar.tasks:
            bar.stop()
