"""Who and what a video shows: everybody in it, what its camera did, and who makes depth of it."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from importlib import import_module
from threading import Thread
from typing import Protocol, TypeVar

import numpy as np

from posedetector.account import Entry, serious
from posedetector.augmenting import Network, enhancers
from posedetector.calibration import Camera
from posedetector.camera_motion import NOT_WATCHED, Background, CameraMotion
from posedetector.downloads import Told
from posedetector.errors import InputError
from posedetector.estimators import KeypointEstimator, make_estimator
from posedetector.lenses import Lens, read_lens
from posedetector.lifters import Lifter, make_lifter
from posedetector.lifters.native import without_depth
from posedetector.persons import entry_of as entry_of_persons
from posedetector.persons import in_order, join
from posedetector.pose import Frame, PersonPose
from posedetector.settings import Settings
from posedetector.snapshots import Snapshots
from posedetector.tracking import AS_USUAL, MAX_GAP, Tracking, Tracks, track
from posedetector.video import Video, open_video
from posedetector.video.accounting import entry_of as entry_of_video
from posedetector.weights.accounting import entry_of as entry_of_networks

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


def import_meanwhile(modules: Iterable[str]) -> Thread:
    """Import modules in a thread, which ends with the process: whoever stops waits for no import."""
    thread = Thread(target=lambda: [import_module(name) for name in modules], name="imports", daemon=True)
    thread.start()
    return thread


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


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Who and what a video shows, and who makes depth of it: what the rest of the road starts from.

    Attributes
    ----------
    enhancers : the networks of --augment-markers; none without.
    lens : that of a calibration file, with what a reader should know about it.
    entries : what the stages so far say of themselves.
    """

    video: Video
    tracks: Tracks
    lifter: Lifter
    camera: Camera
    motion: CameraMotion = NOT_WATCHED
    lens: tuple[Lens, list[str]] | None = None
    enhancers: tuple[Network, ...] = ()
    entries: tuple[Entry, ...] = ()

    @property
    def maps(self) -> tuple[Lens, ...]:
        """Between the real picture and that of the camera for which all is computed."""
        return () if self.lens is None else self.lens[:1]


def look(settings: Settings, video: Video, progress: Progress, told: Told | None) -> Scene:
    """Find everybody, and what the camera did."""
    # first what may be refused, or has to be downloaded
    networks = enhancers() if settings.augment_markers else ()
    lifter = make_lifter(settings.lifter, settings.for_lifter(told))
    lens, camera = optics(settings, video)
    ideal = None if lens is None else lens[0]
    focal_length = camera.pixels(video.size)
    estimator = make_estimator(settings.estimator, settings.for_estimator(focal_length, told, ideal))
    import_meanwhile(_LOADED_BEHIND_THE_FIRST_FRAMES)
    # the camera of an estimator that simulates is not the one that filmed these pictures
    background = None if estimator.is_simulated else Background(video.size, ideal.to_ideal if ideal else None)
    tracking = Tracking(settings.use_oks_tracking, settings.tracking_thr)
    tracks = follow(video, estimator, progress, tracking, needs_depth=lifter.needs_depth, background=background)
    tracks = join(tracks, settings.person, settings.joined)
    motion = NOT_WATCHED
    if background is not None:
        motion = _as_allowed(background.motion(focal_length, known=not camera.assumed), settings)
    if motion.turned and motion.shows_focal:  # with the focal length that it was taken out with
        camera = replace(camera, focal_length=motion.focal_length, fov=None)
    entries = (
        entry_of_video(video, settings.video, tracks.time, settings.capture_fps),
        _entry_of_estimator(settings.estimator.name, estimator),
        entry_of_persons(tracks, settings.person, tracking),
    )
    return Scene(video, tracks, lifter, camera, motion, lens, networks, entries)


def _entry_of_estimator(name: str, estimator: KeypointEstimator) -> Entry:
    ran = entry_of_networks(estimator.weights)
    made_up = "the synthetic estimator does not look at the video: these are a made-up person's data"
    notes = (serious(made_up),) if estimator.is_simulated else ()
    return Entry({"estimator": name, "estimating": estimator.method}, ran.networks, (*notes, *ran.notes))


def find_persons(settings: Settings, *, progress: Progress = silently, download_progress: Told | None = None) -> Tracks:
    """Return who is in a video, numbered as `analyze` numbers them, and nothing else; raises as that does.

    Of the settings, what concerns the body is left alone: the subject may be `Anybody`.
    """
    video = open_selected(settings)
    lens, camera = optics(settings, video)
    options = settings.for_estimator(camera.pixels(video.size), download_progress, lens and lens[0])
    tracking = Tracking(settings.use_oks_tracking, settings.tracking_thr)
    tracks = follow(video, make_estimator(settings.estimator, options), progress, tracking)
    return join(tracks, settings.person, settings.joined)


def optics(settings: Settings, video: Video) -> tuple[tuple[Lens, list[str]] | None, Camera]:
    """Return the lens of a calibration file with what a reader should know about it, and the camera; raises InputError."""
    if settings.calibration is None:
        return None, settings.camera
    lens, warnings = read_lens(settings.calibration, settings.calibration_camera, video.name, video.size)
    return (lens, warnings), replace(settings.camera, focal_length=lens.focal_length)


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
    background: Background | None = None,
) -> Tracks:
    """Find everybody in every frame, join what belongs together, and number people: 1 is the usual subject.

    `needs_depth` stops at the first person without. `background` is shown each frame, and where its people are: later, since
    estimators look at several frames at once.
    """
    times: list[float] = []
    numbers: list[int] = []
    snapshots = Snapshots()

    def timed(frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
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
