"""`posedetector evaluate`: predictions against a reference, or lifters against a dataset; tables and a figure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from posedetector.cli.console import download_progress, progress
from posedetector.errors import InputError

if TYPE_CHECKING:
    from posedetector.evaluation.comparison import Evaluation, Trials
    from posedetector.evaluation.protocols import Protocol
    from posedetector.motion import Motion
    from posedetector.readers.recording import ReadOptions
    from posedetector.writers import Folder

FILES = ("evaluation.csv", "evaluation.md", "evaluation.png")
_MOST_GROUPS, _MOST_NOTES = 40, 20  # lines on a terminal


def evaluate(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PREDICTION... REFERENCE",
            help="Folders of ours, landmarks.csv, .trc, .c3d, .npz (positions_3d), .json (OpenSim bodies, MMPose "
            "predictions). NAME=PATH names a prediction. With --lifter: 2D KEYPOINTS, 3D REFERENCE.",
        ),
    ] = None,
    trials: Annotated[
        Path | None,
        typer.Option(help="CSV with the columns system, trial, prediction, reference: several trials, with intervals."),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(help="clip (default; with --lifter the dataset's), h36m1, h36m2, humaneva, 3dhp or h3wb."),
    ] = None,
    joints: Annotated[str | None, typer.Option(help="A set such as h36m_14, or names joined by commas.")] = None,
    root: Annotated[str | None, typer.Option(help="mid_hips, or a joint.")] = None,
    align: Annotated[str | None, typer.Option(help="rotation-once, root-relative or none.")] = None,
    lag: Annotated[
        str | None, typer.Option(help="auto, or seconds to add to the prediction's clock; the protocol's by default.")
    ] = None,
    max_lag: Annotated[float, typer.Option(help="How far --lag auto searches, seconds.")] = 0.12,
    name_map: Annotated[
        Path | None, typer.Option("--map", help='JSON, {"right_knee": ["RKNE", "RKNM"]}: our names to the file\'s.')
    ] = None,
    points: Annotated[str | None, typer.Option(help="The skeleton of files without names, such as h36m_17.")] = None,
    person: Annotated[int, typer.Option(help="Whose predictions, in files of several people.")] = 1,
    prediction_rate: Annotated[float | None, typer.Option(help="Hz, for predictions without times.")] = None,
    reference_rate: Annotated[float | None, typer.Option(help="Hz, for a reference without times.")] = None,
    prediction_unit: Annotated[
        str | None, typer.Option(help="m, cm, mm or in, if the file is wrong or silent.")
    ] = None,
    reference_unit: Annotated[str | None, typer.Option(help="The same for the reference.")] = None,
    lifter: Annotated[
        list[str] | None,
        typer.Option(help="Lift the 2D keypoints of a dataset: a name of `posedetector weights list`; repeatable."),
    ] = None,
    cameras: Annotated[
        Path | None, typer.Option(help="VideoPose3D's h36m_dataset.py or humaneva_dataset.py, or JSON alike.")
    ] = None,
    subjects: Annotated[str | None, typer.Option(help="Comma-separated; S9,S11 for Human3.6M.")] = None,
    no_flip: Annotated[bool, typer.Option("--no-flip", help="Lift once, without the mirrored input.")] = False,
    device: Annotated[str, typer.Option(help="Where lifters run: auto, cpu, cuda or mps.")] = "auto",
    output_dir: Annotated[
        Path | None, typer.Option(help=f"Also write {', '.join(FILES)} there; nothing is written without it.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks.")] = False,
) -> None:
    """Compare predictions with a reference: MPJPE and its kin, angles, by a named protocol."""
    del debug  # `main` looks for it
    from contextlib import nullcontext

    from posedetector.evaluation.protocols import choose
    from posedetector.writers import Folder

    seconds, search = _lag(lag)
    if not 0 <= max_lag < float("inf"):
        raise InputError(f"--max-lag is in seconds and must not be negative, got {max_lag:g}")
    _check_numbers(prediction_rate, reference_rate, person)

    def choose_or(usual: str) -> "Protocol":
        return choose(protocol or usual, joints=joints, root=root, alignment=align, lag=search)

    chosen = choose_or("clip")
    with Folder(output_dir) if output_dir else nullcontext() as output:
        if lifter:
            given = {
                "--trials": trials,
                "--lag": lag,
                "--map": name_map,
                "--points": points,
                "--reference-rate": reference_rate,
                "--prediction-unit": prediction_unit,
                "--reference-unit": reference_unit,
            }
            _refuse(given, "does not go with --lifter, which takes whole datasets")
            how = (not no_flip, device)
            found = _lifters(paths or [], lifter, choose_or, (cameras, subjects, prediction_rate), how)
        else:
            flags = {"--no-flip": no_flip or None, "--device": None if device == "auto" else device}
            _refuse({"--cameras": cameras, "--subjects": subjects, **flags}, "goes with --lifter")
            found = _predictions(
                trials or paths or [],
                chosen,
                (seconds, max_lag),
                {"point_map": name_map, "points": points, "person": person},
                {"--prediction": (prediction_rate, prediction_unit), "--reference": (reference_rate, reference_unit)},
                also=paths if trials else None,
            )
        if output is not None:
            _write(found, output)
    _show(found, [output_dir / name for name in FILES] if output_dir else [])


def _refuse(options: Mapping[str, object], why: str) -> None:
    for option, value in options.items():
        if value is not None:
            raise InputError(f"{option} {why}")


def _lag(text: str | None) -> tuple[float | None, Literal["auto", "0"] | None]:
    """Return the seconds, if they were given, and whether the protocol's own way is overruled."""
    if text is None:
        return None, None
    if text == "auto":
        return None, "auto"
    try:
        seconds = float(text)
    except ValueError:
        raise InputError(f"--lag is auto or seconds, got {text!r}") from None
    if not abs(seconds) < float("inf"):
        raise InputError(f"--lag is auto or seconds, got {text!r}")
    return seconds, "0"


def _check_numbers(prediction_rate: float | None, reference_rate: float | None, person: int) -> None:
    for option, rate in (("--prediction-rate", prediction_rate), ("--reference-rate", reference_rate)):
        if rate is not None and not 0 < rate < float("inf"):
            raise InputError(f"{option} is in Hz and must be greater than 0, got {rate:g}")
    if person < 1:
        raise InputError(f"--person counts from 1, got {person}")


def _named(text: str) -> tuple[str, Path]:
    """Return the name and the path of NAME=PATH, or of a path alone."""
    name, equals, rest = text.partition("=")
    if equals and name and not Path(text).exists():
        return name, Path(rest)
    path = Path(text)
    return (path.resolve().name if path.is_dir() else path.stem), path


def _apart(texts: Sequence[str]) -> dict[str, Path]:
    """Return paths by name; those that would be called alike by their whole path, or not at all."""
    named = [_named(text) for text in texts]
    names = [name for name, _ in named]
    result = {name if names.count(name) == 1 else str(path): path for name, path in named}
    if len(result) < len(named):
        raise InputError(f"the same is there twice: {', '.join(texts)}; NAME=PATH gives each a name of its own")
    return result


def _predictions(
    what: Path | Sequence[str],
    protocol: "Protocol",
    lag: tuple[float | None, float],
    common: dict[str, Any],
    sides: dict[str, tuple[float | None, str | None]],
    also: Sequence[str] | None,
) -> "Evaluation":
    from posedetector.evaluation.comparison import evaluate as compare
    from posedetector.readers.names import read_map
    from posedetector.readers.recording import ReadOptions

    if also:
        raise InputError(f"--trials names all files; leave out {', '.join(also)}")
    common["point_map"] = read_map(common["point_map"]) if common["point_map"] else {}
    ours, theirs = (ReadOptions(rate=rate, unit=unit, side=side, **common) for side, (rate, unit) in sides.items())
    theirs = replace(theirs, person=1)
    pairs = _listed(what, ours, theirs) if isinstance(what, Path) else _given(what, ours, theirs)
    return compare(pairs, protocol, lag=lag[0], max_lag=lag[1])


def _given(
    paths: Sequence[str], ours: "ReadOptions", theirs: "ReadOptions"
) -> Iterator[tuple[str, "Trials", "Trials"]]:
    from posedetector.readers import read_motions

    if len(paths) < 2:
        raise InputError("what against what? give one or more predictions and, last, the reference")
    *predictions, reference = paths
    named = _apart(predictions)
    motions = read_motions(Path(reference), theirs)
    for name, path in named.items():
        yield name, read_motions(path, ours), motions


def _listed(file: Path, ours: "ReadOptions", theirs: "ReadOptions") -> Iterator[tuple[str, "Trials", "Trials"]]:
    import csv

    from posedetector.readers import read_motions

    columns = ("system", "trial", "prediction", "reference")
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file} cannot be read: {error}") from error
    if not rows or not all(row.get(column) for row in rows for column in columns):
        raise InputError(f"{file} must be CSV with the columns {', '.join(columns)}, none of them empty")
    if len({(row["system"], row["trial"]) for row in rows}) < len(rows):
        raise InputError(f"{file} has the same trial of the same system twice")
    folder = file.parent
    for system in dict.fromkeys(row["system"] for row in rows):
        mine = [row for row in rows if row["system"] == system]
        predictions = {row["trial"]: _only(read_motions(folder / row["prediction"], ours), row) for row in mine}
        references = {row["trial"]: _only(read_motions(folder / row["reference"], theirs), row) for row in mine}
        yield system, predictions, references


def _only(motions: "Trials", row: dict[str, str]) -> "Motion":
    if len(motions) > 1:
        raise InputError(f"{row['system']}, {row['trial']}: a file of {len(motions)} trials cannot be one of a list")
    return next(iter(motions.values()))


def _lifters(
    paths: Sequence[str],
    names: list[str],
    choose_or: Callable[[str], "Protocol"],
    clips: tuple[Path | None, str | None, float | None],
    how: tuple[bool, str],
) -> "Evaluation":
    from posedetector.evaluation.datasets import PROTOCOL_OF, evaluate_lifters, sequences
    from posedetector.lifters import LifterOptions, make_lifter

    if not 1 <= len(paths) <= 2:
        raise InputError("--lifter wants two paths: the 2D keypoints and the 3D reference")
    cameras, subjects, rate = clips
    wanted = [one.strip() for one in subjects.split(",") if one.strip()] if subjects else None
    found = sequences(Path(paths[0]), Path(paths[-1]), cameras=cameras, subjects=wanted, rate=rate)
    files = _apart(names)
    with download_progress() as told:
        lifters = {
            name: make_lifter("videopose3d", LifterOptions(str(file), None, how[0], how[1], told))
            for name, file in files.items()
        }
    protocol = choose_or(PROTOCOL_OF[found[0].reference.skeleton.name] if found else "clip")
    return evaluate_lifters(lifters, progress("lifting", found, len(found)), protocol)


def _write(evaluation: "Evaluation", output: "Folder") -> None:
    from posedetector.evaluation.figure import draw
    from posedetector.evaluation.tables import report, write_csv

    table, text, picture = FILES
    output.put(
        {
            table: partial(write_csv, evaluation),
            text: lambda path: path.write_text(report(evaluation), encoding="utf-8"),
            picture: partial(draw, evaluation),
        }
    )


def _show(evaluation: "Evaluation", written: list[Path]) -> None:
    """Print the summary with a column a system, groups of trials, and the notes."""
    from rich.console import Console

    from posedetector.evaluation.tables import per_group, summary

    console = Console()
    width = console.width if console.is_terminal else None

    def say(lines: Iterable[str], style: str | None = None) -> None:
        for line in lines:
            console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)

    rows = summary(evaluation)
    say(_columns([list(rows[0]), *([*row.values()] for row in rows)], width))
    group = "action" if any(one.action for one in evaluation.scores) else "trial"
    groups = per_group(evaluation, lambda one: getattr(one, group))
    if len(groups) > 1:
        shown = [list(groups[0]), *([*row.values()] for row in groups[:_MOST_GROUPS])]
        say(_columns([list(column) for column in zip(*shown, strict=True)], width))
        say(_more(len(groups) - _MOST_GROUPS))
    say([f"note: {note}" for note in evaluation.notes[:_MOST_NOTES]], "yellow")
    say(_more(len(evaluation.notes) - _MOST_NOTES), "yellow")
    say([str(path) for path in written])


def _more(count: int) -> list[str]:
    return [f"… and {count} more; --output-dir writes them all"] if count > 0 else []


def _columns(columns: list[list[str]], width: int | None) -> Iterator[str]:
    """Yield lines of a table given by columns: as many columns at a time as fit, the first one before each lot."""
    first, *others = columns
    while others:
        lot = [first, others.pop(0)]
        while others and (width is None or sum(max(map(len, one)) + 2 for one in (*lot, others[0])) <= width):
            lot.append(others.pop(0))
        sizes = [max(map(len, one)) for one in lot]
        for line in zip(*lot, strict=True):
            yield "  ".join(cell.ljust(size) for cell, size in zip(line, sizes, strict=True)).rstrip()
        yield ""
