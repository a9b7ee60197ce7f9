"""Files before anything is read of them: is one there, is it a file, does it answer, is it not too large.

What a person types may be too long for the system, hold a NUL, name a user whom nobody knows, or be a pipe into which nobody
writes. All of that ends in one clear line, and at once, or after `PATIENCE` seconds where a drive does not answer.
"""

import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TypeVar

from posedetector.errors import InputError

T = TypeVar("T")

PATIENCE = 20.0  # seconds; a sleeping disk takes ten
_PIPE = "{} is a pipe or a device, which cannot be read twice: write it to a file first"
_SILENT = "{} does not answer: for {:g} s nothing could be read (a network drive?)"


def resolve(path: str | Path, error: type[InputError] = InputError) -> Path:
    """Return a path with `~` written out; raises the error for what cannot be a path."""
    if path == "":  # which would be the working folder
        raise error("an empty text is no path")
    try:
        expanded = Path(path).expanduser()
        os.fsencode(expanded)
    except TypeError as problem:
        raise error(f"a path is text or a Path, got {type(path).__name__}") from problem
    except RuntimeError as problem:
        raise error(f"{shown(path)} cannot be a path: nobody of that name has a home folder here") from problem
    except ValueError as problem:
        raise error(f"{shown(path)} cannot be a path: it holds characters that no file name has") from problem
    if "\0" in str(expanded):
        raise error(f"{shown(path)} cannot be a path: it holds a NUL character")
    return expanded


def kind_of(path: str | Path, error: type[InputError] = InputError) -> str:
    """Return "file", "folder", or "" where nothing is; raises the error for what cannot be opened, and for pipes and devices."""
    place = resolve(path, error)
    try:
        mode = answered(lambda: os.stat(place).st_mode, place, error)  # noqa: PTH116 -- Path.stat is the same
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as problem:
        raise error(f"{shown(path)} cannot be opened: {problem.strerror}") from problem
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISREG(mode):
        return "file"
    raise error(_PIPE.format(shown(path)))


def check_file(path: str | Path, what: str = "", error: type[InputError] = InputError) -> Path:
    """Return the path of a regular file that answers when it is read; raises the error otherwise."""
    name = f"{what} {shown(path)}".strip()
    kind = kind_of(path, error)
    if not kind:
        raise error(f"there is no file {shown(path)}" if not what else f"{name} does not exist")
    if kind == "folder":
        raise error(f"{name} is a folder; a file is wanted")
    place = resolve(path, error)

    def look() -> None:
        with place.open("rb") as file:
            file.read(1)

    try:
        answered(look, place, error)
    except OSError as problem:
        raise error(f"{name} cannot be opened: {problem.strerror}") from problem
    return place


def read_bytes(path: str | Path, what: str = "", *, most: int, error: type[InputError] = InputError) -> bytes:
    """Return the content of a small file; raises the error for one that is missing, no file, too large, or silent."""
    place = check_file(path, what, error)
    try:
        if (size := place.stat().st_size) > most:
            raise error(f"{what} {shown(path)}".strip() + f" has {size / 1e6:.0f} MB: that is another kind of file")
        return answered(place.read_bytes, place, error)
    except OSError as problem:
        raise error(f"{what} {shown(path)}".strip() + f" cannot be read: {problem.strerror}") from problem


def check_words(words: Iterable[str]) -> None:
    """Look at what a person typed, before any of it is opened; raises InputError for pipes, devices and drives that do not answer.

    What is no path is none of this function's business. A shell's own pipes (`<(…)`) have somebody who writes.
    """
    paths = [part for word in words for part in (word, word.partition("=")[2]) if part]
    try:
        if any(b"\0" in os.fsencode(path) for path in paths):
            raise InputError("a NUL character is in no path and no option; leave it out")
    except UnicodeEncodeError as error:
        raise InputError("half of a character is in no path and no option; leave it out") from error
    paths = [path for path in paths if not path.startswith(("/dev/fd/", "/dev/stdin", "/proc/self/fd/"))]
    now: list[str] = []

    def look() -> str | None:
        for path in paths:
            now[:] = [path]
            with suppress(OSError, ValueError, RuntimeError):
                mode = Path(path).expanduser().stat().st_mode
                if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode):
                    return path
        return None

    try:
        pipe = answered(look, Path(), InputError)
    except InputError:
        raise InputError(_SILENT.format(shown(now[0]), PATIENCE)) from None
    if pipe is not None:
        raise InputError(_PIPE.format(shown(pipe)))


def answered(work: Callable[[], T], place: Path, error: type[InputError]) -> T:
    """Return what the work returns, and raise what it raises; the error if the drive does not answer in time.

    The thread that waits for such a drive cannot be stopped; it ends with the process.
    """
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as problem:  # noqa: BLE001 -- handed to whoever waits
            failed.append(problem)

    thread = Thread(target=run, name="opening", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if thread.is_alive():
        raise error(_SILENT.format(shown(place), PATIENCE))
    if failed:
        raise failed[0]
    return done[0]


def legible(text: str) -> str:
    """Return a text that can be written as UTF-8: bytes of a file name that are none appear by their number, in hexadecimal."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a character, which came from no file name
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def shown(path: object) -> str:
    """Return a path or other text as it can be printed anywhere, and not longer than a line or two."""
    text = legible(str(path)).replace("\0", "\\0")
    return text if len(text) <= 200 else f"{text[:120]}… ({len(text)} characters)"
