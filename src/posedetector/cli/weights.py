"""`posedetector weights`: which networks there are, which are here, and how to get and get rid of them."""

from pathlib import Path
from typing import Annotated

import typer

from posedetector import weights
from posedetector.cli.console import download_progress, help_alone
from posedetector.errors import WeightsError

app = typer.Typer(
    help="The networks: list, fetch, path, verify, clear.",
    callback=help_alone,
    invoke_without_command=True,
    rich_markup_mode=None,
)

Names = Annotated[list[str], typer.Argument(help="Names of `posedetector weights list`.")]


@app.command("list")
def show() -> None:
    """List the networks: size, licence, and where their files are."""
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "MB", "licence", "here", box=None, pad_edge=False, padding=(0, 2))
    for row in weights.WEIGHTS.values():
        found = weights.locate(row.name)
        table.add_row(row.name, f"{row.size / 1e6:.0f}", row.licence, _place(found))
    Console().print(table)
    typer.echo(f"Downloads go to {weights.cache_folder()}; files in checkpoints/ come first.")


@app.command()
def fetch(names: Names) -> None:
    """Download networks that are not here yet."""
    for row in [weights.row_of(name) for name in names]:
        with download_progress() as told:
            loaded = weights.load(row.name, progress=told, check=_reader(row))
        _reader(row)(loaded.path)
        weights.remember(loaded)
        typer.echo(f"{row.name}: {loaded.path}")
        typer.echo(f"licence: {row.licence}; {row.terms}".rstrip("; "))


@app.command()
def path(name: Annotated[str, typer.Argument(help="A name of `posedetector weights list`.")]) -> None:
    """Print where a network's file is."""
    typer.echo(_here(weights.row_of(name)))


@app.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="All that are here, if none is named.")] = None,
) -> None:
    """Read the files that are here, and compare their digests with the table or with those of their first use."""
    rows = [weights.row_of(name) for name in names or []]
    rows = rows or [row for row in weights.WEIGHTS.values() if weights.locate(row.name)]
    wrong = []
    for row in rows:
        try:
            _here(row)
            loaded = weights.load(row.name)
            _reader(row)(loaded.path)
        except WeightsError as error:
            wrong.append(str(error))
            continue
        weights.remember(loaded)
        known = "as in the table" if loaded.known else "as at its first use; it is not the table's, or that has none"
        typer.echo(f"{row.name}: {known}; SHA-256 {loaded.sha256}")
    if wrong:
        raise WeightsError("; ".join(wrong))


@app.command()
def clear(
    names: Annotated[list[str] | None, typer.Argument(help="All that were downloaded, if none is named.")] = None,
) -> None:
    """Remove downloads from the cache folder; checkpoints/ and the package stay as they are."""
    rows = [weights.row_of(name) for name in names or weights.WEIGHTS]
    freed = sum(weights.clear(row.name) for row in rows)
    typer.echo(f"{freed / 1e6:.1f} MB freed in {weights.cache_folder()}")


def _reader(row: weights.Weights) -> weights.Check:
    """Return what shows whether a file works as this network; archives of MediaPipe's have been looked into before."""
    if row.lifter is None:
        return lambda path: path
    from posedetector.lifters.videopose3d import read_lifter

    layout = row.lifter
    return lambda path: read_lifter(path, layout)


def _place(found: Path | None) -> str:
    places = {weights.ASSETS: "package", weights.cache_folder(): "cache", None: "no"}
    return places.get(found and found.parent, "checkpoints/")


def _here(row: weights.Weights) -> Path:
    found = weights.locate(row.name)
    if found is None:
        raise WeightsError(
            f"{row.name} is not on this machine; `posedetector weights fetch {row.name}` downloads {row.url} "
            f"to {weights.cache_folder()}, or put {row.file} there yourself"
        )
    return found
