"""`posedetector report`: the page about a results folder again, or one that compares several folders."""

import os
from pathlib import Path
from typing import Annotated

import typer

from posedetector.errors import InputError, PosedetectorError


def report(
    folders: Annotated[
        list[str],
        typer.Argument(
            metavar="DIR…",
            help="Results folder that `posedetector analyze` wrote. Several are compared; NAME=DIR names one, such as "
            "before=data/output/clip1 after=data/output/clip2.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            help="The page to write. [default: report.html in the folder; comparison.html beside the folders if several]"
        ),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks.")] = False,
) -> None:
    """Write the report page of a results folder again, or compare several folders on one page."""
    del debug  # `main` looks for it
    from posedetector.cli.console import show_page
    from posedetector.report.comparison import render_comparison
    from posedetector.report.page import render
    from posedetector.report.results import read_results
    from posedetector.writers import REPORT, Folder

    named = _named(folders)
    for path in named.values():
        if not path.is_dir():
            raise InputError(f"{path} is not a folder; give one that `posedetector analyze` wrote")
    target = output or _target(list(named.values()), REPORT)
    if target.is_dir():
        raise InputError(f"--output {target} is a folder; give a file, such as {target / REPORT}")
    with Folder(target.parent) as place:
        try:
            clips = {name: read_results(path) for name, path in named.items()}
            if len(clips) == 1:
                (results,) = clips.values()
                (folder,) = named.values()
                text = render(results, beside=_way(folder, target.parent))
            else:
                text = render_comparison(clips)
        except PosedetectorError:
            raise
        except Exception as error:  # tables that were edited or damaged can be wrong in any way
            raise InputError(
                f"the results in {', '.join(map(str, named.values()))} are damaged or of another version "
                f"({type(error).__name__}: {str(error)[:120]}): analyze the clip again"
            ) from error
        place.put({target.name: lambda path: path.write_text(text, encoding="utf-8", newline="\n")})
    typer.echo(str(target))
    if open_page:
        show_page(target)


def _way(folder: Path, start: Path) -> str:
    try:
        return os.path.relpath(folder, start)
    except ValueError:  # drives of Windows
        raise InputError(f"--output has to be on the drive of {folder}, whose video the page shows") from None


def _target(folders: list[Path], report: str) -> Path:
    if len(folders) == 1:
        return folders[0] / report
    try:
        return Path(os.path.commonpath([folder.resolve().parent for folder in folders])) / "comparison.html"
    except ValueError:  # drives of Windows
        raise InputError("the folders are on different drives: say with --output where the page goes") from None


def _named(given: list[str]) -> dict[str, Path]:
    """Return the folders by their labels; raises InputError for two of one label."""
    named: dict[str, Path] = {}
    for one in given:
        label, equals, path = one.partition("=")
        if not equals or Path(one).is_dir():
            label, path = Path(one).resolve().name, one
        if not label or not path:
            raise InputError(f"a folder is given as DIR or NAME=DIR, got {one!r}")
        if label in named:
            raise InputError(
                f"two folders have the name {label!r}: name them, as in before={named[label]} after={path}"
            )
        named[label] = Path(path)
    return named
