"""Which files are compared with which, and an account of them for the tables."""

import csv
import hashlib
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from posedetector.errors import InputError
from posedetector.evaluation.comparison import Trials
from posedetector.motion import Motion
from posedetector.opening import legible
from posedetector.readers import read_motions
from posedetector.readers.recording import ReadOptions
from posedetector.version import own_version

_COLUMNS = ("system", "trial", "prediction", "reference")


@dataclass(frozen=True, eq=False)
class Inputs:
    """Systems with their trials and references, read one after the other; whose trials are; roles and files."""

    pairs: Iterable[tuple[str, Trials, Trials]]
    files: Sequence[tuple[str, Path]]
    clusters: Mapping[str, str] = field(default_factory=dict)


def given(paths: Sequence[str], ours: ReadOptions, theirs: ReadOptions) -> Inputs:
    """Take predictions, as paths or NAME=PATH, and last the reference; raises InputError for less than two."""
    if len(paths) < 2:
        raise InputError("what against what? give one or more predictions and, last, the reference")
    *predictions, reference = paths
    named = apart(predictions)

    def pairs() -> Iterator[tuple[str, Trials, Trials]]:
        motions = read_motions(Path(reference), theirs)
        for name, path in named.items():
            yield name, read_motions(path, ours), motions

    return Inputs(pairs(), [("reference", Path(reference)), *named.items()])


def listed(file: Path, ours: ReadOptions, theirs: ReadOptions) -> Inputs:
    """Take a CSV with the columns system, trial, prediction, reference, and perhaps subject; paths from its folder on.

    Raises InputError for a table without these, with the same trial twice, or with one subject in two words.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = [{(key or "").strip().lower(): cell for key, cell in row.items()} for row in csv.DictReader(stream)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file} cannot be read: {error}") from error
    if not rows or not all(row.get(column) for row in rows for column in _COLUMNS):
        raise InputError(f"{file} must be CSV with the columns {', '.join(_COLUMNS)}, none of them empty")
    if len({(row["system"], row["trial"]) for row in rows}) < len(rows):
        raise InputError(f"{file} has the same trial of the same system twice")
    whose = {(row["trial"], f"subject {row['subject']}") for row in rows if row.get("subject")}
    if len(dict(whose)) < len(whose):
        raise InputError(f"{file} has a trial of two subjects")
    folder, systems = file.parent, list(dict.fromkeys(row["system"] for row in rows))

    def read(row: dict[str, str], side: str, options: ReadOptions) -> Motion:
        motions = read_motions(folder / row[side], options)
        if len(motions) > 1:
            raise InputError(
                f"{row['system']}, {row['trial']}: a file of {len(motions)} trials cannot be one of a list"
            )
        return next(iter(motions.values()))

    def pairs() -> Iterator[tuple[str, Trials, Trials]]:
        for system in systems:
            mine = [row for row in rows if row["system"] == system]
            yield (
                system,
                {row["trial"]: read(row, "prediction", ours) for row in mine},
                {row["trial"]: read(row, "reference", theirs) for row in mine},
            )

    files = [(f"{row['system']}, {row['trial']}", folder / row["prediction"]) for row in rows]
    files += [(f"reference, {row['trial']}", folder / row["reference"]) for row in rows]
    return Inputs(pairs(), [("trials", file), *files], dict(whose))


def apart(texts: Sequence[str]) -> dict[str, Path]:
    """Return paths by name; those that would be called alike by their whole path. Raises InputError for one twice."""
    named = [_named(text) for text in texts]
    names = [name for name, _ in named]
    result = {name if names.count(name) == 1 else str(path): path for name, path in named}
    if len(result) < len(named):
        raise InputError(f"the same is there twice: {', '.join(texts)}; NAME=PATH gives each a name of its own")
    return result


def _named(text: str) -> tuple[str, Path]:
    """Return the name and the path of NAME=PATH, or of a path alone."""
    name, equals, rest = text.partition("=")
    if equals and name and not Path(text).exists():
        return name, Path(rest)
    path = Path(text)
    return (path.resolve().name if path.is_dir() else path.stem), path


def about(files: Iterable[tuple[str, Path]]) -> tuple[str, ...]:
    """Return who made it, when, by which command, and of which files with which digests."""
    return (
        f"posedetector {own_version()}",
        datetime.now(UTC).isoformat(timespec="seconds"),
        f"posedetector {legible(shlex.join(sys.argv[1:]))}",
        *(f"{role}: {legible(str(path))}, SHA-256 {_digest(path)}" for role, path in dict.fromkeys(files)),
    )


def _digest(path: Path) -> str:
    file = path / "landmarks.csv" if path.is_dir() else path
    if not file.is_file():
        return "not taken of a folder"
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
