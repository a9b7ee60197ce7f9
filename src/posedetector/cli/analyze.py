"""`posedetector analyze`: one video to a folder of results, and a summary of them."""

import os
import sys
import time
import traceback
from collections.abc import Callable
from functools import cached_property, partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from posedetector.cli.console import Stopped, complain, download_progress, progress, show_page
from posedetector.cli.parsing import Command
from posedetector.cli.summary import summarize
from posedetector.errors import InputError, PosedetectorError

if TYPE_CHECKING:
    from posedetector.cli.declared import Derived
    from posedetector.overlay import OverlayOptions
    from posedetector.settings import Settings
    from posedetector.video import Selection


def analyze(
    videos: Annotated[
        list[str] | None, typer.Argument(metavar="VIDEO", help="The same as --video.", show_default=False)
    ] = None,
    *,
    output_dir: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the results; for several parts, the folder of their folders. [default: data/output/<clip>/, or "
            "data/output/<clip>_10-20s/ for a part]",
            rich_help_panel="Output",
        ),
    ] = None,
    formats: Annotated[
        str,
        typer.Option(
            help="Comma-separated: csv, trc, mot, c3d, png, html, parquet, xlsx, npy, bvh, predictions, trial; or all.",
            rich_help_panel="Output",
        ),
    ] = "csv,xlsx,trc,mot,c3d,png,html",
    save_predictions: Annotated[
        bool,
        typer.Option(
            "--save-predictions",
            help="Everybody's poses in the format of MMPose's demo: adds predictions.",
            rich_help_panel="Output",
        ),
    ] = False,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the report page in the browser at the end.", rich_help_panel="Output")
    ] = False,
    overlay: Annotated[
        bool,
        typer.Option(
            "--overlay/--no-overlay",
            help="Write overlay.mp4, the fitted body drawn on the video, which is read a second time for it.",
            rich_help_panel="Overlay",
        ),
    ] = True,
    overlay_angles: Annotated[
        str,
        typer.Option(
            help="Angles drawn beside their joints, comma-separated: knee, hip, ankle, trunk …, full names such as "
            "hip_adduction, or none.",
            rich_help_panel="Overlay",
        ),
    ] = "knee",
    thickness: Annotated[
        int | None,
        typer.Option(
            help="Thickness of the overlay's links in pixels. [default: scales with the picture]",
            rich_help_panel="Overlay",
        ),
    ] = None,
    radius: Annotated[
        int | None,
        typer.Option(
            help="Radius of the overlay's points in pixels. [default: scales with the picture]",
            rich_help_panel="Overlay",
        ),
    ] = None,
    show: Annotated[
        bool,
        typer.Option(
            "--show",
            help="Show the overlay in a window while it is drawn, where there is a display.",
            rich_help_panel="Overlay",
        ),
    ] = False,
    show_interval: Annotated[
        float, typer.Option(help="Seconds for which --show holds each frame.", rich_help_panel="Overlay")
    ] = 0.0,
    list_persons: Annotated[
        bool,
        typer.Option(
            "--list-persons",
            help="Analyse nothing: list who is in the video, and show them in persons.png. No --height is needed.",
            rich_help_panel="People",
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks, and the networks' own messages.")] = False,
    **chosen: Any,
) -> None:
    """Analyse one video: metric 3D landmarks and joint angles of one person, as CSV, TRC and PNG, with their provenance."""
    chosen["video"] = _only_video(videos or [], chosen["video"] or "")
    if not chosen["video"]:
        raise InputError("which video? give --video with a file, URL, image, folder of images or camera number")
    from posedetector.cli.declared import settings_from
    from posedetector.settings import Settings
    from posedetector.subject import Anybody, Subject
    from posedetector.writers import REPORT, check_formats

    drawing = _overlay(overlay, overlay_angles, thickness, radius, show, show_interval)
    ranges = _parts(chosen.pop("start") or [], chosen.pop("end") or [], chosen["duration"])
    options = settings_from(chosen, Anybody if list_persons else Subject)
    if "person" in options:
        options["person"], *options["joined"] = options["person"]
    options["debug"] = debug
    if options.get("cutoff") == 0:
        options["cutoff"] = None
    listed = [part.strip() for part in formats.split(",") if part.strip()]
    wanted = check_formats([*listed, "predictions"] if save_predictions else listed)
    if open_page and "html" not in wanted:
        raise InputError("--open shows the report page, which --formats leaves out: add html")
    parts = [Settings(**options, **part) for part in ranges]
    folders = _folders(parts, output_dir)
    if list_persons:
        _analyze_parts(folders, partial(_list_one, quiet=quiet), quiet=quiet, debug=debug)
        return
    _analyze_parts(
        folders, partial(_analyze_one, formats=wanted, overlay=drawing, quiet=quiet), quiet=quiet, debug=debug
    )
    if open_page:
        for folder in folders:
            show_page(folder / REPORT)


class Analyze(Command):
    """`analyze`, whose options are derived from the settings when they are first wanted: other commands do not load these."""

    @cached_property
    def _whole(self) -> "Derived":
        from posedetector.cli.declared import Derived, with_flags

        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(self.name, cls=Derived)(with_flags(analyze))
        return cast("Derived", typer.main.get_command(app))

    @property
    def params(self) -> list[Any]:
        """The arguments and options."""
        return self._whole.params

    @params.setter
    def params(self, own: object) -> None:
        """Take no notice of those that the function itself has."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse the arguments for the command with all its options."""
        return self._whole.make_context(info_name, args, parent, **extra)


def _only_video(words: list[str], option: str) -> str:
    """Return the one video that is given, as a word or by --video; raises InputError for more."""
    if len(words) + bool(option) <= 1:
        return option or "".join(words)
    whole = " ".join(words)
    if not option and os.path.exists(whole):  # noqa: PTH110 -- says False for what cannot be a path
        raise InputError(f'a path with spaces wants quotes: "{whole}"')
    given = ", ".join(([f"--video {option}"] if option else []) + words)
    raise InputError(f"{given}: one video at a time, so run it once per video; everything else is given by options")


def _overlay(
    wanted: bool, angles: str, thickness: int | None, radius: int | None, show: bool, show_interval: float
) -> "OverlayOptions | None":
    """Return how the overlay is drawn, None without one; raises InputError. Without a display, one line says so."""
    from posedetector.overlay import OverlayOptions, parse_angles

    options = OverlayOptions(
        angles=parse_angles(angles), thickness=thickness, radius=radius, show=show, show_interval=show_interval
    )
    if not wanted and show:
        raise InputError("--show shows the overlay while it is drawn: leave out --no-overlay")
    if not wanted and (thickness is not None or radius is not None or angles != "knee"):
        raise InputError("--thickness, --radius and --overlay-angles are the overlay's: leave out --no-overlay")
    if show:
        from posedetector.overlay.window import why_no_window

        if why_not := why_no_window():
            complain(f"--show is left out: {why_not}; the overlay is written all the same")
            options = options.model_copy(update={"show": False, "show_interval": 0.0})
    return options if wanted else None


def _parts(starts: list[float], ends: list[float], duration: float | None) -> list[dict[str, float | None]]:
    """Return start and end of each part, paired in order; raises InputError where they do not pair up."""
    if ends and duration is not None:
        raise InputError("--end and --duration both say where reading ends; give one")
    starts = starts or [0.0]
    if duration is None and len(starts) - len(ends) not in {0, 1}:
        raise InputError(
            f"--start and --end go together in order; got {len(starts)} of --start and {len(ends)} of --end: only the last "
            "--end may be left out, for the end of the video"
        )
    return [{"start": one, "end": other} for one, other in zip_longest(starts, ends)]


def _folders(parts: list["Settings"], given: Path | None) -> dict[Path, "Settings"]:
    """Return where the results of each part go; raises InputError for parts that would have the same folder."""
    base = Path("data") / "output" if given is None else given
    if len(parts) == 1 and given is not None:
        return {given: parts[0]}
    folders: dict[Path, Settings] = {}
    for part in parts:
        named = len(parts) > 1 or part.start > 0 or part.end is not None
        folder = base / (
            _clip_name(part.video) + (f"_{_range(part.selection.lasting(part.duration))}" if named else "")
        )
        if folder in folders:
            raise InputError(f"two parts have the same folder, {folder}: give each part once")
        folders[folder] = part
    return folders


def _range(selection: "Selection") -> str:
    return f"{selection.start:.10g}-" + ("end" if selection.end is None else f"{selection.end:.10g}s")


def _analyze_parts(
    parts: dict[Path, "Settings"], work: Callable[["Settings", Path], None], *, quiet: bool, debug: bool
) -> None:
    """Analyse the parts one after the other, each from the beginning, networks included: seconds beside minutes.

    All are opened before the first is analysed, so that a typing error costs nothing. Of several parts, one that fails does
    not stop the others; what went wrong is said at the end, and the exit status is 2.
    """
    from posedetector.cli.declared import typed
    from posedetector.scene import open_selected

    if len(parts) == 1:
        ((folder, settings),) = parts.items()
        work(settings, folder)
        return
    for settings in parts.values():
        open_selected(settings)
    done: list[str] = []
    failed: dict[str, list[str]] = {}  # what several parts fail from is said once
    for folder, settings in parts.items():
        if not quiet:
            typer.echo(f"{folder.name}:", err=True)
        try:
            work(settings, folder)
            done.append(folder.name)
        except PosedetectorError as error:
            if debug:
                traceback.print_exc()
            failed.setdefault(typed(error).replace(str(folder), str(folder.parent)), []).append(folder.name)
        except KeyboardInterrupt:
            kept = f"the results of {', '.join(done)} are kept" if done else "no results were written"
            raise Stopped(f"interrupted; {kept}") from None
    for message, names in failed.items():
        complain(f"{', '.join(names)}: {message}")
    if failed:
        raise typer.Exit(2)


def _list_one(settings: "Settings", folder: Path, *, quiet: bool) -> None:
    """Print who is in the video, and write what they look like."""
    from rich.console import Console
    from rich.table import Table

    from posedetector.persons import SHEET, describe
    from posedetector.pipeline import list_persons_to

    if quiet:
        tracks = list_persons_to(settings, folder)
    else:
        with download_progress() as told:
            tracks = list_persons_to(settings, folder, progress=progress, download_progress=told)
    table = Table("person", "seconds", "frames", "what", "remark", box=None, pad_edge=False)
    for one in describe(tracks):
        table.add_row(str(one.number), one.seconds, f"{100 * one.share:.0f} %", one.what, one.remark)
    Console().print(table)
    typer.echo(f"pictures of them: {folder / SHEET}")


def _analyze_one(
    settings: "Settings", folder: Path, formats: list[str], overlay: "OverlayOptions | None", *, quiet: bool
) -> None:
    from posedetector.pipeline import analyze_to

    start = time.perf_counter()
    if quiet:
        analyze_to(settings, folder, formats, overlay=overlay, command=sys.argv)
        return
    with download_progress() as told:
        trial = analyze_to(
            settings, folder, formats, overlay=overlay, progress=progress, download_progress=told, command=sys.argv
        )
    summarize(trial, folder, time.perf_counter() - start)


def _clip_name(video: str) -> str:
    from posedetector.video import source_name

    return source_name(video)
