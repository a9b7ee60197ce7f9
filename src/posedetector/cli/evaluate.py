"""`posedetector evaluate`: predictions against a reference, or lifters against a dataset; tables and a figure."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from posedetector.cli.console import download_progress, progress
from posedetector.errors import InputError, OutputError

if TYPE_CHECKING:
    from posedetector.evaluation.comparison import Evaluation, Trials
    from posedetector.evaluation.protocols import Protocol
    from posedetector.motion import Motion
    from posedetector.readers.recording import ReadOptions

FILES = ("evaluation.csv", "evaluation.md", "evaluation.png")


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
    protocol: Annotated[str, typer.Option(help="clip, h36m1, h36m2, humaneva, 3dhp or h3wb.")] = "clip",
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
    from posedetector.evaluation.protocols import choose

    seconds, search = _lag(lag)
    if not 0 <= max_lag < float("inf"):
        raise InputError(f"--max-lag is in seconds and must not be negative, got {max_lag:g}")
    chosen = choose(protocol, joints=joints, root=root, alignment=align, lag=search)
    _check_numbers(prediction_rate, reference_rate, person)
    if lifter:
        if trials is not None or not 1 <= len(paths or []) <= 2:
            raise InputError("--lifter wants two paths: the 2D keypoints and the 3D reference")
        found = _lifters(
            [Path(path) for path in paths or []],
            lifter,
            chosen,
            cameras,
            subjects,
            prediction_rate,
            (not no_flip, device),
        )
    else:
        if cameras or subjects or no_flip or device != "auto":
            raise InputError("--cameras, --subjects, --no-flip and --device go with --lifter")
        from posedetector.evaluation.comparison import evaluate as compare
        from posedetector.readers.names import read_map
        from posedetector.readers.recording import ReadOptions

        point_map = read_map(name_map) if name_map else {}
        ours = ReadOptions(prediction_rate, prediction_unit, points, point_map, person, "--prediction")
        theirs = ReadOptions(reference_rate, reference_unit, points, point_map, 1, "--reference")
        pairs = _listed(trials, ours, theirs) if trials else _given(paths or [], ours, theirs)
        found = compare(pairs, chosen, lag=seconds, max_lag=max_lag)
    written = _write(found, output_dir) if output_dir else []
    _show(found, written)


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


def _given(
    paths: Sequence[str], ours: "ReadOptions", theirs: "ReadOptions"
) -> Iterator[tuple[str, "Trials", "Trials"]]:
    from posedetector.readers import read_motions

    if len(paths) < 2:
        raise InputError("what against what? give one or more predictions and, last, the reference")
    *predictions, reference = paths
    named = [_named(path) for path in predictions]
    names = [name for name, _ in named]
    motions = read_motions(Path(reference), theirs)
    for name, path in named:
        unique = name if names.count(name) == 1 else str(path)
        yield unique, read_motions(path, ours), motions


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
    paths: list[Path],
    names: list[str],
    protocol: "Protocol",
    cameras: Path | None,
    subjects: str | None,
    rate: float | None,
    how: tuple[bool, str],
) -> "Evaluation":
    from posedetector.evaluation.datasets import evaluate_lifters, sequences
    from posedetector.lifters import LifterOptions, make_lifter

    wanted = [one.strip() for one in subjects.split(",") if one.strip()] if subjects else None
    clips = sequences(paths[0], paths[-1], cameras=cameras, subjects=wanted, rate=rate)
    with download_progress() as told:
        lifters = {
            Path(name).name: make_lifter("videopose3d", LifterOptions(name, None, how[0], how[1], told))
            for name in names
        }
    return evaluate_lifters(lifters, progress("lifting", clips, len(clips)), protocol)


def _write(evaluation: "Evaluation", folder: Path) -> list[Path]:
    """Write all three files or none."""
    import tempfile

    from posedetector.evaluation.figure import draw
    from posedetector.evaluation.tables import report, write_csv

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder) as partial:
            table, text, picture = (Path(partial) / name for name in FILES)
            write_csv(evaluation, table)
            text.write_text(report(evaluation), encoding="utf-8")
            draw(evaluation, picture)
            return [path.replace(folder / path.name) for path in (table, text, picture)]
    except OSError as error:
        raise OutputError(f"cannot write into {folder}: {error.strerror or error}") from error


def _show(evaluation: "Evaluation", written: list[Path]) -> None:
    """Print the summary with a column a system, groups of trials, and the notes."""
    from rich.console import Console
    from rich.table import Table

    from posedetector.evaluation.tables import per_group, summary

    console, rows = Console(), summary(evaluation)
    table = Table(box=None, pad_edge=False, padding=(0, 2), show_header=False)
    for column in rows[0]:
        table.add_row(column, *(row[column] for row in rows), style="bold" if column == "system" else None)
    console.print(table, highlight=False)
    group = "action" if any(one.action for one in evaluation.scores) else "trial"
    groups = per_group(evaluation, lambda one: getattr(one, group))
    if len(groups) > 1:
        by_group = Table(*groups[0], box=None, pad_edge=False, padding=(0, 2))
        for row in groups[:40]:
            by_group.add_row(*row.values())
        console.print()
        console.print(by_group, highlight=False)
        if len(groups) > 40:
            console.print(f"… and {len(groups) - 40} more; --output-dir writes them all")
    for note in evaluation.notes:
        console.print(f"note: {note}", style="yellow", highlight=False)
    for path in written:
        console.print(str(path), highlight=False)
