"""`posedetector analyze`: one video to a folder of results, and a summary of them."""

import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from posedetector.cli.console import Stopped, complain, download_progress, progress, show_page
from posedetector.cli.summary import summarize
from posedetector.errors import InputError, PosedetectorError
from posedetector.quantities import parse_body_mass, parse_bone_lengths, parse_height

if TYPE_CHECKING:
    from posedetector.overlay import OverlayOptions
    from posedetector.settings import Settings
    from posedetector.video import Selection


def analyze(
    videos: Annotated[
        list[str] | None, typer.Argument(metavar="VIDEO", help="The same as --video.", show_default=False)
    ] = None,
    video: Annotated[str, typer.Option(help="File, http(s) URL, image, folder of images, or number of a camera.")] = "",
    height: Annotated[
        float | None,
        typer.Option(
            parser=parse_height,
            metavar="LENGTH",
            help="The person's height, which gives the scale: 1.78 (metres), 178cm, 5ft11in.",
        ),
    ] = None,
    bone_length: Annotated[
        list[str] | None,
        typer.Option(
            help="Measured segment length, such as left_thigh=0.43 (metres) or left_thigh=43cm. Repeatable; overrides --height."
        ),
    ] = None,
    mass: Annotated[
        float | None,
        typer.Option(
            parser=parse_body_mass, metavar="MASS", help="75 (kg), 75kg or 165lb; gives the segments' masses."
        ),
    ] = None,
    age: Annotated[float | None, typer.Option(help="Years; picks what the figures compare with.")] = None,
    sex: Annotated[
        str | None, typer.Option(help="male or female, m or f; picks tables of the body and what figures compare with.")
    ] = None,
    person: Annotated[
        str,
        typer.Option(
            metavar="NUMBER",
            help="Which person to analyse when several are visible: a number of --list-persons, or 2+3 for one who was found as "
            "two. 1 is the most prominent, or a person nearly as prominent who walks.",
        ),
    ] = "1",
    list_persons: Annotated[
        bool,
        typer.Option(
            "--list-persons",
            help="Analyse nothing: list who is in the video, and show them in persons.png. No --height is needed.",
        ),
    ] = False,
    max_persons: Annotated[
        int,
        typer.Option(
            "--max-persons", "--num-instances", help="How many people to follow at once; all of them below 0."
        ),
    ] = 4,
    use_oks_tracking: Annotated[
        bool,
        typer.Option(
            "--use-oks-tracking",
            help="Tell who is who by COCO's keypoint similarity alone, without the boxes' overlap.",
        ),
    ] = False,
    tracking_thr: Annotated[
        float | None,
        typer.Option(help="Least similarity of the same person's poses. [default: 0.15; 0.3 with --use-oks-tracking]"),
    ] = None,
    online: Annotated[
        bool,
        typer.Option(
            "--online",
            help="Use no later frame: no refinement, smoothing, outliers, swaps or filled holes, a causal VideoPose3D, one "
            "frame at a time. --refine, --cutoff, --max-gap and --batch-size are refused beside it. Size, vertical, floor "
            "and whose data it is are the whole clip's all the same.",
        ),
    ] = False,
    estimator: Annotated[
        str, typer.Option(help="mediapipe, rtmw3d, openmmlab, or synthetic (a made-up walker, for tests).")
    ] = "mediapipe",
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "--pose-model",
            help="mediapipe: lite, full (default, ships with the package) or heavy; rtmw3d: l (default) or x; "
            "openmmlab: an alias such as rtmpose-m.",
        ),
    ] = None,
    pose_checkpoint: Annotated[Path | None, typer.Option(help="The model's file, if it lies elsewhere.")] = None,
    detector_checkpoint: Annotated[
        Path | None,
        typer.Option(
            "--detector-checkpoint", "--det-checkpoint", help="The person detector's file, if it lies elsewhere."
        ),
    ] = None,
    pose_config: Annotated[str | None, typer.Option(help="openmmlab: the pose model's configuration file.")] = None,
    det_config: Annotated[str | None, typer.Option(help="openmmlab: the detector's configuration file.")] = None,
    bbox_thr: Annotated[float, typer.Option(help="People found less surely than this do not count.")] = 0.3,
    detect_every: Annotated[
        int, typer.Option(help="Frames from one search for people to the next; they are followed in between.")
    ] = 5,
    batch_size: Annotated[str, typer.Option(help="People a run of the network: auto, or a number.")] = "auto",
    runtime: Annotated[
        str,
        typer.Option(help="What runs rtmw3d: torch, compile (a minute of compiling first), or onnx (extra `onnx`)."),
    ] = "torch",
    use_videopose3d: Annotated[
        bool, typer.Option("--use-videopose3d", help="Lift the 2D joints with a 243-frame VideoPose3D network.")
    ] = False,
    videopose3d_model: Annotated[
        str | None, typer.Option(help="A name of `posedetector weights list`, or a file. [default: bundled]")
    ] = None,
    videopose3d_like: Annotated[
        str | None, typer.Option(help="The name whose layout the file has: its points, rate and direction.")
    ] = None,
    no_flip: Annotated[
        bool, typer.Option("--no-flip", help="Lift once, without averaging over the mirrored input.")
    ] = False,
    device: Annotated[str, typer.Option(help="Where networks run: auto, cpu, cuda or mps.")] = "auto",
    refine: Annotated[
        bool | None,
        typer.Option(
            "--refine/--no-refine", help="Fit one body of constant lengths to the whole clip. [default: refine]"
        ),
    ] = None,
    estimate_missing: Annotated[
        bool, typer.Option("--estimate-missing", help="Mirror unseen limbs from the other side; marked as mirrored.")
    ] = False,
    augment_markers: Annotated[
        bool,
        typer.Option(
            "--augment-markers",
            help="Add OpenCap's 43 anatomical markers, and take hips, knees, ankles and the pelvis from them. Wants --mass, "
            "feet in view, and the extra `opensim`.",
        ),
    ] = False,
    focal_length: Annotated[
        float | None, typer.Option(help="Pixels; assumed when neither this nor --fov is given.")
    ] = None,
    fov: Annotated[float | None, typer.Option(help="Field of view along the picture's longer side, degrees.")] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            help="Lens calibration: TOML, YAML, XML or JSON of Pose2Sim, anipose, OpenCV or ROS, or Qualisys' XML. Undoes the "
            "lens's distortion; replaces --focal-length and --fov."
        ),
    ] = None,
    calibration_camera: Annotated[
        str | None,
        typer.Option(help="Camera in that file. [default: the only one, or the one that the clip is called after]"),
    ] = None,
    camera_level: Annotated[
        bool, typer.Option("--camera-level", help="The camera is level; else the upright body shows the vertical.")
    ] = False,
    treadmill_speed: Annotated[
        float | None,
        typer.Option(
            help="Belt speed in m/s of a subject on a treadmill. [default: from the stance feet, where a treadmill is recognized]"
        ),
    ] = None,
    movement: Annotated[
        str,
        typer.Option(
            help="What the subject does: auto (whatever is found), squat, sit-to-stand, gait or none. Only that is sought, and it has that name."
        ),
    ] = "auto",
    cutoff: Annotated[float | None, typer.Option(help="Low-pass in Hz; 0 switches it off. [default: 6]")] = None,
    min_score: Annotated[
        float, typer.Option("--min-score", "--kpt-thr", help="Points seen less surely than this count as not seen.")
    ] = 0.2,
    max_gap: Annotated[
        float | None, typer.Option(help="Longest hole in seconds that is interpolated. [default: 0.25]")
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(help="Numbers per second of a folder of images: image 12 is at 12 / fps seconds. [default: 30]"),
    ] = None,
    capture_fps: Annotated[
        float | None,
        typer.Option(
            help="Frame rate at which the video was captured, where it is stored at another (slow motion, time lapse). Times in "
            "the results are those of the capture. [default: what the file says]"
        ),
    ] = None,
    start: Annotated[
        list[float] | None,
        typer.Option(
            help="Start of the part to analyse, in seconds from the first frame as a player shows them. Repeat --start and --end for several parts, "
            "each with its own results."
        ),
    ] = None,
    end: Annotated[
        list[float] | None,
        typer.Option(
            help="End of the part to analyse, in seconds from the first frame. [default: the end of the video]"
        ),
    ] = None,
    duration: Annotated[
        float | None, typer.Option(help="Seconds to analyse from --start on; everything, or 10 from a camera.")
    ] = None,
    every: Annotated[int, typer.Option(help="Analyse every Nth frame only; times stay those of the video.")] = 1,
    mirrored: Annotated[
        bool,
        typer.Option(
            "--mirrored", help="The images are mirrored (front camera): mirror them back, so that left is left."
        ),
    ] = False,
    formats: Annotated[
        str,
        typer.Option(
            help="Comma-separated: csv, trc, mot, c3d, png, html, parquet, xlsx, npy, bvh, predictions, trial; or all."
        ),
    ] = "csv,xlsx,trc,mot,c3d,png,html",
    save_predictions: Annotated[
        bool,
        typer.Option("--save-predictions", help="Everybody's poses in the format of MMPose's demo: adds predictions."),
    ] = False,
    overlay: Annotated[
        bool,
        typer.Option(
            "--overlay/--no-overlay",
            help="Write overlay.mp4, the fitted body drawn on the video, which is read a second time for it.",
        ),
    ] = True,
    overlay_angles: Annotated[
        str,
        typer.Option(
            help="Angles drawn beside their joints, comma-separated: knee, hip, ankle, trunk …, full names such as "
            "hip_adduction, or none."
        ),
    ] = "knee",
    thickness: Annotated[
        int | None, typer.Option(help="Thickness of the overlay's links in pixels. [default: scales with the picture]")
    ] = None,
    radius: Annotated[
        int | None, typer.Option(help="Radius of the overlay's points in pixels. [default: scales with the picture]")
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Show the overlay in a window while it is drawn, where there is a display.")
    ] = False,
    show_interval: Annotated[float, typer.Option(help="Seconds for which --show holds each frame.")] = 0.0,
    output_dir: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the results; for several parts, the folder of their folders. [default: data/output/<clip>/, or "
            "data/output/<clip>_10-20s/ for a part]"
        ),
    ] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the report page in the browser at the end.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no summary.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks, and the networks' own messages.")] = False,
) -> None:
    """Analyse one video: metric 3D landmarks and joint angles of one person, as CSV, TRC and PNG, with their provenance."""
    video = _only_video(videos or [], video)
    if not video:
        raise InputError("which video? give --video with a file, URL, image, folder of images or camera number")
    from posedetector.settings import Settings, parse_persons
    from posedetector.subject import Anybody, Subject
    from posedetector.writers import REPORT, check_formats

    if not use_videopose3d and (videopose3d_model or videopose3d_like or no_flip):
        raise InputError("--videopose3d-model, --videopose3d-like and --no-flip go with --use-videopose3d")
    drawing = _overlay(overlay, overlay_angles, thickness, radius, show, show_interval)
    asked = {"refine": refine, "cutoff": cutoff, "max_gap": max_gap, "batch_size": _batch(batch_size)}
    whose = Anybody if list_persons else Subject
    subject = whose(
        height=height, mass=mass, age=age, sex=_sex(sex), bone_lengths=parse_bone_lengths(bone_length or [])
    )
    number, *joined = parse_persons(person)
    options: dict[str, Any] = dict(
        video=video,
        subject=subject,
        estimator=estimator,
        model=model,
        pose_checkpoint=pose_checkpoint,
        detector_checkpoint=detector_checkpoint,
        pose_config=pose_config,
        detector_config=det_config,
        runtime=runtime,
        detect_every=detect_every,
        bbox_thr=bbox_thr,
        max_persons=max_persons,
        person=number,
        joined=tuple(joined),
        use_oks_tracking=use_oks_tracking,
        tracking_thr=tracking_thr,
        online=online,
        lifter="videopose3d" if use_videopose3d else "native",
        lifter_model=videopose3d_model,
        lifter_like=videopose3d_like,
        flip=not no_flip,
        device=device,
        estimate_missing=estimate_missing,
        augment_markers=augment_markers,
        min_score=min_score,
        focal_length=focal_length,
        fov=fov,
        calibration=calibration,
        calibration_camera=calibration_camera,
        camera_level=camera_level,
        treadmill_speed=treadmill_speed,
        movement=movement.strip().lower().replace("_", "-"),
        fps=fps,
        capture_fps=capture_fps,
        duration=duration,
        every=every,
        mirrored=mirrored,
        debug=debug,
        **{
            name: None if (name, value) == ("cutoff", 0) else value
            for name, value in asked.items()
            if value is not None
        },
    )
    listed = [part.strip() for part in formats.split(",") if part.strip()]
    wanted = check_formats([*listed, "predictions"] if save_predictions else listed)
    if open_page and "html" not in wanted:
        raise InputError("--open shows the report page, which --formats leaves out: add html")
    parts = [Settings(**options, **part) for part in _parts(start or [], end or [], duration)]
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


def _only_video(words: list[str], option: str) -> str:
    """Return the one video that is given, as a word or by --video; raises InputError for more."""
    if len(words) + bool(option) <= 1:
        return option or "".join(words)
    whole = " ".join(words)
    if not option and os.path.exists(whole):  # noqa: PTH110 -- says False for what cannot be a path
        raise InputError(f'a path with spaces wants quotes: "{whole}"')
    given = ", ".join(([f"--video {option}"] if option else []) + words)
    raise InputError(f"{given}: one video at a time, so run it once per video; everything else is given by options")


def _sex(text: str | None) -> Literal["male", "female"] | None:
    if text is None:
        return None
    found = {"m": "male", "male": "male", "f": "female", "female": "female"}.get(text.strip().lower())
    if found is None:
        raise InputError(f"--sex is male or female (m or f), got {text!r}; it can be left out")
    return "male" if found == "male" else "female"


def _overlay(
    wanted: bool, angles: str, thickness: int | None, radius: int | None, show: bool, show_interval: float
) -> "OverlayOptions | None":
    """Return how the overlay is drawn, None without one; raises InputError. Without a display, one line says so."""
    from posedetector.overlay import OverlayOptions, parse_angles

    options = OverlayOptions(parse_angles(angles), thickness, radius, show, show_interval)
    if not wanted and show:
        raise InputError("--show shows the overlay while it is drawn: leave out --no-overlay")
    if not wanted and (thickness is not None or radius is not None or angles != "knee"):
        raise InputError("--thickness, --radius and --overlay-angles are the overlay's: leave out --no-overlay")
    if show:
        from posedetector.overlay.window import why_no_window

        if why_not := why_no_window():
            complain(f"--show is left out: {why_not}; the overlay is written all the same")
            options = replace(options, show=False, show_interval=0.0)
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
            failed.setdefault(str(error).replace(str(folder), str(folder.parent)), []).append(folder.name)
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


def _batch(option: str) -> int | None:
    if option == "auto":
        return None
    try:
        return int(option)
    except ValueError:
        raise InputError(f"--batch-size is auto, or a number; got {option!r}") from None
