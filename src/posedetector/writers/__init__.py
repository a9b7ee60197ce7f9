"""Seam 3: one file per format, chosen by name; and the folder that takes all of them or none.

To add a format: write a function `(Trial, Path) -> None` in a file beside this one, and a line in FORMATS. What is a table
is made in `tables`, once for all formats that hold tables.
"""

import json
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from posedetector.account import PROVENANCE, Note, by_severity
from posedetector.contact_sheet import draw_contact_sheet
from posedetector.errors import InputError, OutputError
from posedetector.persons import SHEET
from posedetector.report import write_report
from posedetector.tables import TABLES, holds
from posedetector.trial import ENDING, Trial
from posedetector.writers.bvh import write_bvh, write_bvh_account
from posedetector.writers.c3d import write_c3d
from posedetector.writers.csv import write_csv
from posedetector.writers.mot import notes_on_motion, write_mot
from posedetector.writers.npy import write_joints, write_joints_account
from posedetector.writers.parquet import write_parquet
from posedetector.writers.png import draw_joint_angles, draw_movement
from posedetector.writers.predictions import write_predictions
from posedetector.writers.trc import write_trc
from posedetector.writers.trial import write_trial
from posedetector.writers.xlsx import write_xlsx

Writer = Callable[[Trial, Path], None]
Progress = Callable[[str, Iterable[Any], int | None], Iterator[Any]]

REPORT = "report.html"
# format → file name (with the clip's name for {}) → writer
FORMATS: dict[str, dict[str, Writer]] = {
    "csv": {f"{table}.csv": partial(write_csv, table) for table in TABLES},
    "trc": {"{}.trc": write_trc},
    "mot": {"{}.mot": write_mot},
    "c3d": {"{}.c3d": write_c3d},
    "parquet": {f"{table}.parquet": partial(write_parquet, table) for table in TABLES},
    "xlsx": {"{}.xlsx": write_xlsx},
    "npy": {"joints.npy": write_joints, "joints.json": write_joints_account},
    "png": {"joint_angles.png": draw_joint_angles, "movement.png": draw_movement},
    "predictions": {"predictions.json": write_predictions},
    "bvh": {"{}.bvh": write_bvh, "{}_bvh.json": write_bvh_account},
    "html": {REPORT: write_report},
    "trial": {f"{{}}{ENDING}": write_trial},
}
# what there is to say of a format's files, beside what is said of the trial
NOTES: dict[str, Callable[[Trial], Iterable[Note]]] = {"mot": notes_on_motion}
ALL = "all"


def _silently(stage: str, items: Iterable[Any], total: int | None) -> Iterator[Any]:
    del stage, total
    return iter(items)


def check_formats(formats: Iterable[str]) -> list[str]:
    """Return the formats, each once; `all` is every one. Raises InputError for one that does not exist."""
    formats = [formats] if isinstance(formats, str) else formats
    if not isinstance(formats, Iterable):
        raise InputError(f"`formats` are names such as csv, got {formats!r}", field="formats")
    wanted = list(dict.fromkeys(one for name in formats for one in (FORMATS if name == ALL else (name,))))
    if not wanted:
        raise InputError(f"which format? there are {', '.join(FORMATS)}, and {ALL}", field="formats")
    for name in wanted:
        if name not in FORMATS:
            raise InputError(f"there is no format {name!r}; there are {', '.join(FORMATS)}, and {ALL}", field="formats")
    return wanted


def notes_on_files(trial: Trial, formats: Iterable[str]) -> list[Note]:
    """Return what the files in these formats lack or have made up; raises InputError for a format that does not exist."""
    return [note for form in check_formats(formats) if form in NOTES for note in NOTES[form](trial)]


def with_notes(trial: Trial, *notes: Note) -> Trial:
    """Return a trial with these notes too, each once, the most severe first."""
    own = trial.provenance.notes
    said = by_severity(*own, *(note for note in notes if note not in own))
    return replace(trial, provenance=trial.provenance.model_copy(update={"notes": said}))


def write_results(trial: Trial, folder: Path, formats: Iterable[str]) -> list[str]:
    """Write a trial into a folder, all files or none; return their names. Raises InputError, OutputError."""
    formats = check_formats(formats)
    with Folder(folder) as output:
        return fill(output, trial, formats).provenance.files


def fill(output: "Folder", trial: Trial, formats: Iterable[str], progress: Progress = _silently) -> Trial:
    """Write a trial into an open folder; return it with an account that names the files, and notes on what they lack."""
    trial = with_notes(trial, *notes_on_files(trial, formats))
    if len(trial.provenance.persons) > 1:
        sheet = partial(draw_contact_sheet, trial.tracks, title=trial.name, subject=trial.provenance.person)
        output.write_ahead(SHEET, sheet)
    files = output.write(trial, formats, progress)
    return replace(trial, provenance=trial.provenance.model_copy(update={"files": files}))


class Folder:
    """An output folder that is changed only when every file has been written.

    Entered before the work begins, so that an unwritable folder is noticed first. Files are written into a hidden
    folder inside it and moved into place at the end; files of an earlier run of ours that the new one does not
    replace are removed, anything else in the folder is left alone.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._made: list[Path] = []
        self._partial: Path | None = None
        self._ahead: list[str] = []

    def __enter__(self) -> Self:
        try:
            self._made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
            self.path.mkdir(parents=True, exist_ok=True)
            # named before it is made: an interruption in between would leave it behind
            self._partial = self.path / f".partial-{secrets.token_hex(8)}"
            self._partial.mkdir()  # with a mode, Windows would keep its files from everybody else
        except OSError as error:
            self._partial = None
            self._remove_empty()
            raise OutputError(f"cannot write into {self.path}: {error.strerror or error}") from error
        except KeyboardInterrupt:
            self.__exit__(KeyboardInterrupt, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._partial is not None:
            shutil.rmtree(self._partial, ignore_errors=True)
        if kind is not None:
            self._remove_empty()

    def write_ahead(self, name: str, write: Callable[[Path], object]) -> None:
        """Write a file that `write` then puts into its place together with all others, or not at all.

        What the function raises is handed on, but for OSError, which becomes OutputError; then there is no such file.
        """
        if self._partial is None:
            raise OutputError(f"{self.path} was not opened")
        place = self._partial / name
        try:
            write(place)
        except OSError as error:
            raise _failed(self.path, error) from error
        except BaseException:
            with suppress(OSError):
                place.unlink(missing_ok=True)
            raise
        self._ahead.append(name)

    def write(self, trial: Trial, formats: Iterable[str], progress: Progress) -> list[str]:
        """Write the trial in these formats and the provenance; return the files' names, of those written ahead too.

        Raises OutputError when anything fails, with the folder as it was before.
        """
        writers = {
            name.format(trial.name): writer
            for form in check_formats(formats)
            for name, writer in FORMATS[form].items()
            if holds(trial, Path(name).stem)
        }
        files = [*writers, *self._ahead, PROVENANCE]
        trial = replace(trial, provenance=trial.provenance.model_copy(update={"files": files}))
        account = trial.provenance.model_dump_json(indent=2) + "\n"
        earlier = self._earlier_files()
        jobs: dict[str, Callable[[Path], object]] = {name: partial(writer, trial) for name, writer in writers.items()}
        jobs[PROVENANCE] = lambda path: path.write_text(account, encoding="utf-8", newline="\n")
        self.put(jobs, progress)
        for name in earlier - set(files):
            with suppress(OSError):  # the new results are whole; an old file that stays harms nobody
                (self.path / name).unlink(missing_ok=True)
        return files

    def put(
        self,
        files: Mapping[str, Callable[[Path], object]],
        progress: Progress = _silently,
    ) -> None:
        """Write files by name, each by a function that is told where; all of them or none.

        Raises OutputError when anything fails, with the folder as it was before.
        """
        if self._partial is None:
            raise OutputError(f"{self.path} was not opened")
        if folders := [name for name in (*files, *self._ahead) if (self.path / name).is_dir()]:
            raise OutputError(f"cannot write {', '.join(folders)} into {self.path}: there are folders of these names")
        try:
            for name, write in progress("writing", files.items(), len(files)):
                write(self._partial / name)
            names = (*self._ahead, *files)
            _check_free([self.path / name for name in names])
            for name in names:
                (self._partial / name).replace(self.path / name)
        except OSError as error:
            raise _failed(self.path, error) from error

    def _earlier_files(self) -> set[str]:
        try:
            files = json.loads((self.path / PROVENANCE).read_text(encoding="utf-8"))["files"]
            return {name for name in files if Path(name).name == name}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return set()

    def _remove_empty(self) -> None:
        for folder in self._made:
            try:
                folder.rmdir()
            except OSError:
                return


def _check_free(places: Iterable[Path]) -> None:
    """Raise OutputError for a file that another program has open: Windows would refuse to replace it, after others had been replaced."""
    for place in places:
        if place.exists():
            try:
                place.replace(place)  # changes nothing
            except OSError as error:
                raise OutputError(
                    f"{place} cannot be replaced, nothing was changed: {error.strerror}; close it if a program has it open"
                ) from error


def _failed(folder: Path, error: OSError) -> OutputError:
    return OutputError(f"writing into {folder} failed, nothing there was changed: {error.strerror}")
