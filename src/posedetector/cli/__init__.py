"""The commands. The only room that prints: progress and errors to stderr, results to stdout."""

import logging
import os
import signal
import sys
import traceback
from contextlib import suppress
from threading import Event, Thread, Timer
from types import FrameType

import typer
from typer.exceptions import TyperException

from posedetector.cli.analyze import Analyze, analyze
from posedetector.cli.console import Stopped, complain, help_alone
from posedetector.cli.evaluate import evaluate
from posedetector.cli.export_opensim import export_opensim
from posedetector.cli.parsing import Command
from posedetector.cli.report import report
from posedetector.cli.train import train
from posedetector.cli.weights import app as weights
from posedetector.errors import PosedetectorError
from posedetector.opening import check_words, shown
from posedetector.version import own_version

app = typer.Typer(
    help="One video of a person in, biomechanics out.",
    callback=help_alone,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(cls=Analyze)(analyze)
app.command(cls=Command)(report)
app.command(cls=Command)(evaluate)
app.command(cls=Command)(train)
app.command(cls=Command)(export_opensim)
app.add_typer(weights, name="weights")
NAMES = ("analyze", "report", "evaluate", "train", "export-opensim", "weights")


def main(args: list[str] | None = None) -> None:
    """Run a command and leave.

    0 when it worked, 1 after an error that nobody foresaw (a fault of this program), 2 when what was given cannot be used, 130
    after Ctrl-C. Whatever went wrong is one line on stderr; `--debug` adds the traceback.
    """
    arguments = sys.argv[1:] if args is None else args
    logging.captureWarnings(capture="--debug" not in arguments)
    _heard.clear()
    if hasattr(sys.stdout, "reconfigure"):  # a path that the terminal's encoding lacks is no reason to fail at the end
        sys.stdout.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        _answer_version(arguments)
        check_words(arguments)
        status = app(arguments, standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        _heard.set()
        status = 130
    except Stopped as stopped:
        _heard.set()
        complain(str(stopped))
        sys.exit(130)
    except TyperException as error:  # a usage error
        complain(error.format_message() if hasattr(error, "format_message") else str(error))
        sys.exit(2)
    except PosedetectorError as error:
        if "--debug" in arguments:
            traceback.print_exc()
        complain(_said(error))
        sys.exit(2)
    except Exception as error:  # noqa: BLE001 -- the last handler: nothing that a person types ends in a traceback
        sys.exit(_unforeseen(error, debug="--debug" in arguments))
    if status == 130:  # what Typer makes of Ctrl-C
        complain("interrupted; no results were written")
    sys.exit(status or 0)


def _said(error: PosedetectorError) -> str:
    """Return the message; what a command has no flag for may be an analysis's."""
    if "`" not in str(error):
        return str(error)
    from posedetector.cli.declared import typed

    return typed(error)


def _answer_version(arguments: list[str]) -> None:
    if "--version" in arguments:
        sys.stdout.write(f"posedetector {own_version()}\n")
        sys.exit(0)


def _unforeseen(error: Exception, *, debug: bool) -> int:
    """Say in one line what nobody expected, and return the exit status: 2 if the system refused a file, else 1."""
    if debug:
        traceback.print_exc()
    if isinstance(error, BrokenPipeError):  # whoever read our output has seen enough
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if isinstance(error, MemoryError):
        complain("there is not enough memory for this; close other programs, or take a shorter or smaller video")
        return 2
    if isinstance(error, OSError) and error.filename is not None:
        complain(
            f"{shown(os.fsdecode(error.filename) if isinstance(error.filename, bytes) else error.filename)}: {error.strerror}"
        )
        return 2
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    hint = "please report it" if debug else "run it again with --debug for the traceback, and please report it"
    complain(f"unexpected error: {what[:300]}; this is a fault of posedetector; {hint}")
    return 1


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, but a moment later within import machinery: its locks would stay held (CPython 3.11)."""
    if frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        Timer(0.01, signal.raise_signal, [number]).start()
        return
    _again(number)
    raise KeyboardInterrupt


_LOST = 2.5  # seconds; longer than a command takes to clean up
_heard = Event()  # the interrupt reached `main`


def _again(number: int) -> None:
    """Raise the signal once more if it gets lost: a bare `except` in somebody's module, or a destructor, may swallow it."""

    def check() -> None:
        if not _heard.wait(_LOST):
            signal.raise_signal(number)

    Thread(target=check, name="interrupt", daemon=True).start()
