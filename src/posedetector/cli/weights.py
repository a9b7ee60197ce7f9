"""`posedetector weights`: which networks there are, which are here, and how to get and get rid of them."""

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from posedetector import weights
from posedetector.cli.console import download_progress, help_alone
from posedetector.errors import InputError, WeightsError
from posedetector.models.torch_extra import has_torch, need_torch

app = typer.Typer(
    help="The networks: list, fetch, export, path, verify, clear.",
    callback=help_alone,
    invoke_without_command=True,
    rich_markup_mode=None,
)

_EXPORTED = tuple(dict.fromkeys(row.onnx for row in weights.WEIGHTS.values() if row.onnx))
_LIFTERS = tuple(row.name for row in weights.WEIGHTS.values() if row.lifter)

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
    typer.echo(_where())


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
def export(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join((*_EXPORTED, *_LIFTERS))}.")],
    *,
    onnx: Annotated[bool, typer.Option("--onnx", help="As a file for onnxruntime (extras `onnx`, `torch`).")] = False,
    numpy: Annotated[
        bool, typer.Option("--numpy", help="A lifter as arrays, which run without PyTorch (extra `torch`).")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="The file to write; else in the cache folder, or beside a file of your own.")
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="A file of your own in place of the table's.")] = None,
) -> None:
    """Write a network in a format that runs without PyTorch, once both give the same."""
    able = (*(_EXPORTED if onnx or not numpy else ()), *(_LIFTERS if numpy or not onnx else ()))
    if name not in able:
        raise InputError(f"{name!r} cannot be exported; these can: {', '.join(able)}")
    if onnx == numpy:
        raise InputError(
            f"the format that {name} is exported in has to be said: {'--onnx' if name in _EXPORTED else '--numpy'}"
        )
    need_torch("posedetector weights export", "--onnx takes `--extra onnx` beside it" if onnx else "")
    if onnx:
        _export_onnx(name, checkpoint, output)
    else:
        _export_arrays(name, checkpoint, output)


def _export_onnx(name: str, checkpoint: Path | None, output: Path | None) -> None:
    from posedetector.models.onnx import KINDS, check_installed

    check_installed("onnxruntime", "onnx", "onnxscript")
    from posedetector.models.exporting import READERS
    from posedetector.models.exporting import export as write

    loaded = _load(name, checkpoint)
    # what is not the table's network must not be found in its place
    beside = weights.cache_folder() if loaded.known else loaded.path.parent
    target = output or beside / f"{loaded.path.name}.onnx"
    apart = write(READERS[name](loaded.path), KINDS[name], target)
    _pin(name, target)
    _tell_exported(loaded, target)
    typer.echo(f"differs from PyTorch by at most {apart:.1g} of the outputs' range on a random picture")


def _export_arrays(name: str, checkpoint: Path | None, output: Path | None) -> None:
    from posedetector.lifters.networks import export_arrays, holds_arrays

    row = weights.row_of(name)
    if row.lifter is None or holds_arrays(checkpoint or Path(row.file)):
        raise InputError(f"{name} is arrays already; --checkpoint says which file to make into such")
    loaded = _load(name, checkpoint)
    target = output or loaded.path.with_suffix(".npz")
    apart = export_arrays(loaded.path, row.lifter, target)
    _tell_exported(loaded, target)
    typer.echo(f"differs from PyTorch by at most {apart:.1g} m on random points")
    typer.echo(f"to use it: --use-videopose3d --videopose3d-model {target} --videopose3d-like {name}")


def _load(name: str, checkpoint: Path | None) -> weights.LoadedWeights:
    with download_progress() as told:
        return weights.load(name, checkpoint, progress=told)


def _tell_exported(loaded: weights.LoadedWeights, target: Path) -> None:
    typer.echo(f"{loaded.name}: {target}, {target.stat().st_size / 1e6:.0f} MB")
    typer.echo(f"licence: {loaded.licence}; {loaded.terms}".rstrip("; "))


def _pin(name: str, written: Path) -> None:
    """Remember the digest of what was exported to where it is looked for, in place of that of an older export."""
    found = weights.locate(f"{name}-exported")
    if found is not None and found.samefile(written):
        weights.forget(found)
        weights.remember(weights.load(f"{name}-exported"))


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
    """Remove downloads from the cache folder; the checkout's checkpoints/ and the package stay as they are."""
    rows = [weights.row_of(name) for name in names or weights.WEIGHTS]
    freed = sum(weights.clear(row.name) for row in rows)
    typer.echo(f"{freed / 1e6:.1f} MB freed in {weights.cache_folder()}")


def _reader(row: weights.Weights) -> weights.Check:
    """Return what shows whether a file works as this network; archives of MediaPipe's have been looked into before.

    A file can be had for another machine too, which has the extra that it takes to look into it.
    """
    if row.onnx and find_spec("onnxruntime"):
        return partial(_read_onnx, row.onnx)
    if row.lifter is None:
        return lambda path: path
    from posedetector.lifters.networks import check_file, holds_arrays

    layout = row.lifter
    if not (holds_arrays(Path(row.file)) or has_torch()):
        return lambda path: path
    return lambda path: check_file(path, layout)


def _read_onnx(network: str, path: Path) -> None:
    from posedetector.models.devices import Device
    from posedetector.models.onnx import KINDS, OnnxRunner

    OnnxRunner(path, KINDS[network], Device("cpu"), 1)


def _where() -> str:
    first = f"; files in {weights.CHECKPOINTS} come first" if weights.CHECKPOINTS else ""
    return f"Downloads go to {weights.cache_folder()}{first}."


def _place(found: Path | None) -> str:
    places = {weights.ASSETS: "package", weights.cache_folder(): "cache", None: "no"}
    return places.get(found and found.parent, "checkpoints/")


def _here(row: weights.Weights) -> Path:
    found = weights.locate(row.name)
    if found is None and row.onnx and not row.url:
        raise WeightsError(
            f"{row.name} is not on this machine: `posedetector weights export {row.onnx} --onnx` makes it"
        )
    if found is None:
        raise WeightsError(
            f"{row.name} is not on this machine; `posedetector weights fetch {row.name}` downloads {row.url} "
            f"to {weights.cache_folder()}, or put {row.file} there yourself"
        )
    return found
