"""`posedetector evaluate`: predictions against a reference, or lifters against a dataset; tables and a figure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from posedetector.cli.console import download_progress, progress
from posedetector.errors import InputError

if TYPE_CHECKING:
    from posedetector.evaluation.comparison import Evaluation
    from posedetector.evaluation.protocols import Protocol
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
        typer.Option(
            help="CSV with the columns system, trial, prediction, reference: several trials, with intervals; over "
            "people, if a column subject says whose they are."
        ),
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
    max_lag: Annotated[
        float | None, typer.Option(help="How far --lag auto searches, seconds; at most 60. [default: 0.12]")
    ] = None,
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

    from posedetector.evaluation.clocks import MAX_LAG
    from posedetector.evaluation.comparison import evaluate as compare
    from posedetector.evaluation.inputs import about, given, listed
    from posedetector.evaluation.protocols import choose
    from posedetector.readers.names import read_map
    from posedetector.readers.recording import ReadOptions
    from posedetector.writers import Folder

    seconds, search = _lag(lag)
    _check_numbers(prediction_rate, reference_rate, person, max_lag, seconds)

    def choose_or(usual: str) -> "Protocol":
        return choose(protocol or usual, joints=joints, root=root, alignment=align, lag=search)

    chosen = choose_or("clip")
    with Folder(output_dir) if output_dir else nullcontext() as output:
        if lifter:
            others = {
                "--trials": trials,
                "--lag": lag,
                "--map": name_map,
                "--points": points,
                "--max-lag": max_lag,
                "--person": None if person == 1 else person,
                "--reference-rate": reference_rate,
                "--prediction-unit": prediction_unit,
                "--reference-unit": reference_unit,
            }
            _refuse(others, "does not go with --lifter, which takes whole datasets")
            how = (not no_flip, device)
            found = _lifters(paths or [], lifter, choose_or, (cameras, subjects, prediction_rate), how)
        else:
            flags = {"--no-flip": no_flip or None, "--device": None if device == "auto" else device}
            _refuse({"--cameras": cameras, "--subjects": subjects, **flags}, "goes with --lifter")
            if trials and paths:
                raise InputError(f"--trials names all files; leave out {', '.join(paths)}")
            point_map = read_map(name_map) if name_map else {}
            ours = ReadOptions(prediction_rate, prediction_unit, points, point_map, person, "--prediction")
            theirs = ReadOptions(reference_rate, reference_unit, points, point_map, 1, "--reference")
            read = listed(trials, ours, theirs) if trials else given(paths or [], ours, theirs)
            reach = MAX_LAG if max_lag is None else max_lag
            found = compare(read.pairs, chosen, lag=seconds, max_lag=reach, clusters=read.clusters)
            found = replace(found, about=about(read.files))
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
    if not abs(seconds) < 1e9:
        raise InputError(f"--lag is auto or seconds, got {text!r}")
    return seconds, "0"


def _check_numbers(
    prediction_rate: float | None, reference_rate: float | None, person: int, max_lag: float | None, lag: float | None
) -> None:
    from posedetector.evaluation.clocks import LONGEST_LAG

    if max_lag is not None and not 0 <= max_lag <= LONGEST_LAG:
        raise InputError(f"--max-lag is in seconds and must lie in 0–{LONGEST_LAG:g}, got {max_lag:g}")
    if max_lag is not None and lag is not None:
        raise InputError("--max-lag goes with --lag auto; a lag that is given is not searched")
    for option, rate in (("--prediction-rate", prediction_rate), ("--reference-rate", reference_rate)):
        if rate is not None and not 0 < rate < float("inf"):
            raise InputError(f"{option} is in Hz and must be greater than 0, got {rate:g}")
    if person < 1:
        raise InputError(f"--person counts from 1, got {person}")


def _lifters(
    paths: Sequence[str],
    names: list[str],
    choose_or: Callable[[str], "Protocol"],
    clips: tuple[Path | None, str | None, float | None],
    how: tuple[bool, str],
) -> "Evaluation":
    from posedetector.evaluation.datasets import PROTOCOL_OF, evaluate_lifters, sequences
    from posedetector.evaluation.inputs import about, apart
    from posedetector.lifters import LifterContext, VideoPose3DSettings, make_lifter

    if not 1 <= len(paths) <= 2:
        raise InputError("--lifter wants two paths: the 2D keypoints and the 3D reference")
    cameras, subjects, rate = clips
    wanted = [one.strip() for one in subjects.split(",") if one.strip()] if subjects else None
    found = sequences(Path(paths[0]), Path(paths[-1]), cameras=cameras, subjects=wanted, rate=rate)
    files = apart(names)
    with download_progress() as told:
        lifters = {
            name: make_lifter(
                VideoPose3DSettings(model=str(file), flip=how[0], device=how[1]), LifterContext(download_progress=told)
            )
            for name, file in files.items()
        }
    protocol = choose_or(PROTOCOL_OF[found[0].reference.skeleton.name] if found else "clip")
    evaluation = evaluate_lifters(lifters, progress("lifting", found, len(found)), protocol)
    networks = [(name, one.path) for name, lifter in lifters.items() for one in lifter.weights]
    given = [("2D", Path(paths[0])), ("3D", Path(paths[-1])), *([("cameras", cameras)] if cameras else [])]
    return replace(evaluation, about=about([*given, *networks]))


def _write(evaluation: "Evaluation", output: "Folder") -> None:
    from posedetector.evaluation.figure import draw
    from posedetector.evaluation.tables import report, write_csv

    table, text, picture = FILES
    output.put(
        {
            table: partial(write_csv, evaluation),
            text: lambda path: path.write_text(report(evaluation), encoding="utf-8", newline="\n"),
            picture: partial(draw, evaluation),
        }
    )


def _show(evaluation: "Evaluation", written: list[Path]) -> None:
    """Print the notes, the summary with a column a system, and groups of trials."""
    from rich.console import Console

    from posedetector.evaluation.tables import per_group, summary

    console = Console()
    width = console.width if console.is_terminal else None

    def say(lines: Iterable[str], style: str | None = None) -> None:
        for line in lines:
            console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)

    # first, since one may say that the errors below mean nothing
    say([f"note: {note}" for note in evaluation.notes[:_MOST_NOTES]], "yellow")
    say(_more(len(evaluation.notes) - _MOST_NOTES), "yellow")
    rows = summary(evaluation)
    say(_columns([list(rows[0]), *([*row.values()] for row in rows)], width))
    group = "action" if any(one.action for one in evaluation.scores) else "trial"
    groups = per_group(evaluation, lambda one: getattr(one, group))
    if len(groups) > 1:
        shown = [list(groups[0]), *([*row.values()] for row in groups[:_MOST_GROUPS])]
        say(_columns([list(column) for column in zip(*shown, strict=True)], width))
        say(_more(len(groups) - _MOST_GROUPS))
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
