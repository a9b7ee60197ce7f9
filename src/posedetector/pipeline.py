"""The road: one video and one person in, a trial out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any, Protocol, TypeVar

import numpy as np

from posedetector.account import Note
from posedetector.augmenting import augment, check_installed
from posedetector.calibration import Camera, calibrate, hold_in_place
from posedetector.camera_motion import NOT_WATCHED, Background, CameraMotion
from posedetector.cleaning import clean
from posedetector.contact_sheet import draw_contact_sheet
from posedetector.downloads import Told
from posedetector.errors import InputError, ResourceError, VideoError
from posedetector.estimators import KeypointEstimator, make_estimator
from posedetector.kinematics import Ground, View, find_treadmill, study
from posedetector.lenses import Lens, read_lens
from posedetector.lifters import Lifter, make_lifter
from posedetector.lifters.native import without_depth
from posedetector.mirroring import mirror_missing
from posedetector.overlay import OverlayOptions, draw_overlay, overlay_name
from posedetector.persons import SHEET, in_order, join
from posedetector.pose import Frame, Keypoints, PersonPose, PictureMap
from posedetector.provenance import account_for, by_severity, info, with_lens
from posedetector.refinement import NOT_REFINED, other_opinions, refine, scale_of
from posedetector.sanity import find_doubts
from posedetector.settings import Settings
from posedetector.smoothing import smooth
from posedetector.snapshots import Snapshots
from posedetector.tracking import AS_USUAL, MAX_GAP, Tracking, Tracks, track
from posedetector.trial import Trial
from posedetector.video import Video, is_camera, open_video, source_name
from posedetector.writers import Folder, check_formats, notes_on_files

T = TypeVar("T")

# What the later rooms load when they first need it takes two seconds, which fit behind the first frames.
_LOADED_BEHIND_THE_FIRST_FRAMES = (
    "scipy.optimize",
    "scipy.ndimage",
    "scipy.interpolate",
    "scipy.signal",
    "pandas",
    "matplotlib.figure",
)


class Progress(Protocol):
    """Told what is going on; passes items through."""

    def __call__(self, stage: str, items: Iterable[T], total: int | None) -> Iterator[T]:
        """Yield the items while showing how many of the total have passed."""


def silently(stage: str, items: Iterable[T], total: int | None) -> Iterator[T]:
    """Show nothing."""
    del stage, total
    return iter(items)


def beside(work: Callable[[], T]) -> Future[T]:
    """Do the work in a thread of its own, which ends with the process: whoever stops waits for no import."""
    found: Future[T] = Future()

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as error:  # noqa: BLE001 -- handed to whoever asks for the result
            found.set_exception(error)

    Thread(target=run, name="beside", daemon=True).start()
    return found


def open_selected(settings: Settings) -> Video:
    """Open the part of a video that is to be analysed; raises VideoError, and InputError where too few frames are left."""
    if not isinstance(settings, Settings):
        raise InputError(f"an analysis takes Settings, got {type(settings).__name__}", field="settings")
    video = open_video(
        settings.video,
        rate=settings.fps,
        duration=settings.duration,
        selection=settings.selection,
        mirrored=settings.mirrored,
        captured=settings.capture_fps,
    )
    if settings.every > 1 and 0 < video.rate * MAX_GAP < 1:
        most = max(1, int(video.rate * settings.every * MAX_GAP))
        raise InputError(
            f"`every={settings.every}` leaves one frame every {1 / video.rate:.3g} s, and a person is followed over "
            f"{MAX_GAP:g} s at most: give at most `every={most}` for this video",
            field="every",
        )
    return video


def analyze(
    settings: Settings,
    *,
    progress: Progress = silently,
    download_progress: Told | None = None,
) -> Trial:
    """Take one video all the way; raises InputError, VideoError, NoPersonError or WeightsError."""
    video = open_selected(settings)
    scene = _look(settings, video, progress, download_progress)
    lens, lifter, motion = scene.lens, scene.lifter, scene.motion
    seen = scene.tracks.keypoints(settings.person)
    straight = seen if lens is None else lens.straightened(seen)
    cleaned = clean(
        motion.steadied(straight),
        min_score=settings.min_score,
        max_gap=settings.max_gap,
        online=settings.online,
    )
    filmed = motion.as_filmed(cleaned.keypoints)
    doubts = find_doubts(filmed)
    relative = motion.steadied_pose(lifter.lift(filmed))
    metric, calibration = calibrate(
        relative, cleaned.keypoints, settings.subject, scene.camera, online=settings.online, grounded=motion.grounded
    )
    ground = Ground(motion.grounded, settings.treadmill_speed)
    refinement = replace(NOT_REFINED, done="off: --online") if settings.online else NOT_REFINED
    if settings.refine:
        others = other_opinions(lifter, cleaned.keypoints)
        # feet that stand on a belt move: not knowing that, the fit would hold them still
        walks = settings.movement in ("auto", "gait")
        treadmill = find_treadmill(smooth(metric, settings.cutoff)[0], ground) if walks else None
        belt = None if treadmill is None else treadmill.velocity
        ground = replace(ground, treadmill=treadmill)
        metric, calibration, refinement = refine(
            metric, cleaned.keypoints, calibration, settings.subject, lifter.errors, others, progress, belt
        )
    pose, smoothing = smooth(metric, settings.cutoff)
    view = View.of(pose, calibration.camera_position)
    pose, away = (pose, None) if motion.grounded else hold_in_place(pose)
    if settings.estimate_missing:
        pose = mirror_missing(pose)
    if settings.augment_markers:
        pose = augment(pose, settings.subject)
    scale = scale_of(calibration, refinement, motion.focal_sd if motion.shows_focal else 0.0)
    kinematics = study(pose, settings.subject, ground, scale=scale, view=view, movement=settings.movement)

    provenance = account_for(
        settings,
        video,
        scene.estimator,
        scene.tracks,
        motion,
        cleaned,
        doubts,
        lifter,
        calibration,
        refinement,
        smoothing,
        pose,
        kinematics,
    )
    if lens is not None:
        provenance = with_lens(provenance, lens, seen, straight, scene.lens_notes)
    maps = () if lens is None else (lens,)
    return Trial(
        *(video.name, _pictured(filmed, maps), pose, provenance, scene.tracks, kinematics),
        maps=maps,
        camera=motion,
        away=away,
    )


@dataclass(frozen=True, slots=True)
class _Scene:
    """Who and what a video shows, by whom it was found, and who makes depth of it."""

    lens: Lens | None
    lens_notes: list[str]
    camera: Camera
    estimator: KeypointEstimator
    tracks: Tracks
    motion: CameraMotion
    lifter: Lifter


def _look(settings: Settings, video: Video, progress: Progress, download_progress: Told | None) -> _Scene:
    """Find everybody and what the camera did, while the lifter is loaded."""
    if settings.augment_markers:
        check_installed()
    lens, notes = _lens_of(settings, video)
    camera = settings.camera if lens is None else replace(settings.camera, focal_length=lens.focal_length)
    loading = beside(lambda: make_lifter(settings.lifter, settings.for_lifter(download_progress)))
    if settings.online or settings.lifter.model_fields_set - {"name"}:
        loading.result()  # it may have to be downloaded, or refused
    focal_length = camera.pixels(video.size)
    estimator = make_estimator(settings.estimator, settings.for_estimator(focal_length, download_progress, lens))
    beside(lambda: [import_module(name) for name in _LOADED_BEHIND_THE_FIRST_FRAMES])
    tracking = Tracking(settings.use_oks_tracking, settings.tracking_thr)
    # the synthetic estimator's camera is not the one that filmed these pictures
    background = (
        None
        if settings.estimator.name == "synthetic"
        else Background(video.size, None if lens is None else lens.to_ideal)
    )
    tracks = follow(
        video,
        estimator,
        progress,
        tracking,
        needs_depth=settings.lifter.name == "native",
        meanwhile=loading,
        background=background,
    )
    tracks = join(tracks, settings.person, settings.joined)
    lifter = loading.result()
    motion = NOT_WATCHED
    if background is not None:
        motion = _as_allowed(background.motion(focal_length, known=not camera.assumed), settings)
    if motion.turned:  # with the focal length that it was taken out with
        camera = replace(camera, focal_length=motion.focal_length, fov=None) if motion.shows_focal else camera
    return _Scene(lens, notes, camera, estimator, tracks, motion, lifter)


def find_persons(settings: Settings, *, progress: Progress = silently, download_progress: Told | None = None) -> Tracks:
    """Return who is in a video, numbered as `analyze` numbers them, and nothing else; raises as that does.

    Of the settings, what concerns the body is left alone: the subject may be `Anybody`.
    """
    video = open_selected(settings)
    lens, _ = _lens_of(settings, video)
    camera = settings.camera if lens is None else replace(settings.camera, focal_length=lens.focal_length)
    options = settings.for_estimator(camera.pixels(video.size), download_progress, lens)
    tracking = Tracking(settings.use_oks_tracking, settings.tracking_thr)
    tracks = follow(video, make_estimator(settings.estimator, options), progress, tracking)
    return join(tracks, settings.person, settings.joined)


def list_persons_to(
    settings: Settings, folder: Path, *, progress: Progress = silently, download_progress: Told | None = None
) -> Tracks:
    """Find who is in a video, and write `persons.png`, which shows them."""
    with Folder(folder) as output:
        tracks = find_persons(settings, progress=progress, download_progress=download_progress)
        output.put({SHEET: partial(_draw_sheet, settings, tracks)})
    return tracks


def _draw_sheet(settings: Settings, tracks: Tracks, path: Path) -> None:
    draw_contact_sheet(tracks, path, title=source_name(settings.video), subject=settings.person)


def _pictured(keypoints: Keypoints, maps: Sequence[PictureMap]) -> Keypoints:
    """Return keypoints for which all was computed where they lie in the real picture."""
    for one in reversed(maps):
        keypoints = replace(keypoints, xy=one.to_picture(keypoints.xy))
    return keypoints


def _lens_of(settings: Settings, video: Video) -> tuple[Lens | None, list[str]]:
    """Return the lens that a calibration file describes, and what a reader should know about it; raises InputError."""
    if settings.calibration is None:
        return None, []
    return read_lens(settings.calibration, settings.calibration_camera, video.name, video.size)


def _as_allowed(motion: CameraMotion, settings: Settings) -> CameraMotion:
    """Return what may be made of a camera's motion: with --online, none is taken out, since its mean is the whole clip's."""
    if settings.online and motion.turned:
        return CameraMotion("moved", "the camera turned, which --online does not take out", ranges=motion.ranges)
    return motion


def follow(
    video: Video,
    estimator: KeypointEstimator,
    progress: Progress,
    tracking: Tracking = AS_USUAL,
    *,
    needs_depth: bool = False,
    meanwhile: Future[Any] | None = None,
    background: Background | None = None,
) -> Tracks:
    """Find everybody in every frame, join what belongs together, and number people: 1 is the usual subject.

    `needs_depth` stops at the first person without; an error of what goes on meanwhile stops at the next frame. `background`
    is shown each frame, and where its people are: later, since estimators look at several frames at once.
    """
    times: list[float] = []
    numbers: list[int] = []
    snapshots = Snapshots()

    def timed(frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            if meanwhile is not None and meanwhile.done():
                meanwhile.result()
            snapshots.see(len(times), frame)
            times.append(frame.time)
            numbers.append(frame.index)
            if background is not None:
                background.see(frame)
            yield frame

    def people() -> Iterator[tuple[float, list[PersonPose]]]:
        for row, persons in enumerate(poses):
            if needs_depth and any(person.xyz is None for person in persons):
                raise without_depth()
            if background is not None:
                background.judge([person.bbox for person in persons])
            yield times[row], persons

    with closing(video.frames()) as frames, closing(estimator.estimate(timed(frames))) as poses:
        steps = progress("finding people", people(), video.expected)
        tracks = track(steps, skeleton=estimator.skeleton, image_size=video.size, tracking=tracking)
    return replace(in_order(tracks), numbers=np.array(numbers[: len(tracks.time)]), snapshots=snapshots)


def analyze_to(
    settings: Settings,
    folder: Path,
    formats: Iterable[str],
    *,
    overlay: OverlayOptions | None = None,
    progress: Progress = silently,
    download_progress: Told | None = None,
) -> Trial:
    """Analyse and write, all files or none; raises OutputError before the work when the folder cannot be written.

    With `overlay`, the video is read a second time and drawn on. Where that cannot be, a note says why, and all else is written.
    """
    formats = check_formats(formats)
    with Folder(folder) as output:
        trial = analyze(settings, progress=progress, download_progress=download_progress)
        if overlay is not None and (why_not := _add_overlay(settings, trial, output, overlay, progress)):
            trial = _with_notes(trial, info(f"no overlay was drawn: {why_not}"))
        trial = _with_notes(trial, *notes_on_files(trial, formats))
        if len(trial.provenance.persons) > 1:
            output.write_ahead(SHEET, partial(_draw_sheet, settings, trial.tracks))
        files = output.write(trial, formats, progress)
    return replace(trial, provenance=trial.provenance.model_copy(update={"files": files}))


def _with_notes(trial: Trial, *notes: Note) -> Trial:
    said = by_severity(*trial.provenance.notes, *notes)
    return replace(trial, provenance=trial.provenance.model_copy(update={"notes": said}))


def _add_overlay(settings: Settings, trial: Trial, output: Folder, options: OverlayOptions, progress: Progress) -> str:
    """Write the overlay ahead of the other files; return why there is none, or nothing."""
    if is_camera(settings.video):
        return "a camera cannot be read a second time"
    try:
        video = open_selected(settings)
        output.write_ahead(overlay_name(video), lambda path: draw_overlay(trial, video, path, options, progress))
    except (VideoError, ResourceError) as error:
        return str(error)
    return ""
