"""The two ways in from Python: a video, or one's own keypoints; out comes a trial."""

from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from posedetector.account import Entry
from posedetector.augmenting import enhancers
from posedetector.errors import InputError
from posedetector.lifters import make_lifter
from posedetector.persons import entry_of as entry_of_persons
from posedetector.pipeline import analyze as analyze_with
from posedetector.pipeline import measure
from posedetector.pose import Array, PersonPose, finite
from posedetector.scene import Progress, Scene, optics, silently
from posedetector.settings import Settings
from posedetector.skeletons import SKELETONS, Skeleton
from posedetector.subject import Subject
from posedetector.tracking import MAX_GAP, Track, Tracking, Tracks
from posedetector.trial import Trial
from posedetector.video import Video
from posedetector.video.accounting import entry_of as entry_of_video

_MOST_FPS = 1e5
# Fields of Settings that choose what happens before there are keypoints
_BEFORE_KEYPOINTS = frozenset(
    {
        *("video", "start", "end", "every", "duration", "capture_fps", "mirrored"),
        *("estimator", "max_persons", "person", "joined", "use_oks_tracking", "tracking_thr"),
    }
)


def analyze(
    video: str | PathLike[str] | int,
    *,
    height: float | None = None,
    progress: Progress = silently,
    **settings: Any,
) -> Trial:
    """Analyse one video.

    Parameters
    ----------
    video : a file, an http(s) URL, an image, a folder of images, or the number of a camera.
    height : of the subject, metres; may be left out where `bone_lengths` says how long a bone is.
    progress : is told what is going on, see `posedetector.scene.Progress`.
    settings : fields of `Settings` (`lifter="videopose3d"`, `cutoff=None`, `start=10.0` …) and of `Subject` (`mass`, `age`,
        `sex`, `bone_lengths`).

    Raises
    ------
    PosedetectorError
        InputError for a setting that cannot be used, VideoError, NoPersonError, WeightsError, ResourceError.
    """
    return analyze_with(_settings(video, height, settings), progress=progress)


def from_keypoints(
    xy: ArrayLike,
    score: ArrayLike | None = None,
    xyz: ArrayLike | None = None,
    *,
    points: str | Skeleton,
    image_size: tuple[int, int],
    fps: float | None = None,
    time: ArrayLike | None = None,
    height: float | None = None,
    name: str = "keypoints",
    progress: Progress = silently,
    **settings: Any,
) -> Trial:
    """Analyse one person's keypoints, whoever found them.

    Parameters
    ----------
    xy : (T, J, 2) pixels from the upper left corner of the image; NaN, or 0, 0, where a point is missing.
    score : (T, J) in 0–1, 0 where a point is missing; 1 where nothing is given.
    xyz : (T, J, 3) the detector's own depth, if it gives any: metres of any scale, camera frame (x right, y down, z away).
    points : the points' layout: a name of `posedetector.skeletons.SKELETONS` ("coco_17", "blazepose_33" …) or a `Skeleton`.
    image_size : width, height of the image in pixels.
    fps, time : the frame rate, or (T,) seconds, strictly increasing; one of both.
    height : of the subject, metres; may be left out where `bone_lengths` says how long a bone is.
    name : what the trial is called.
    settings : as for `analyze`, without what is about videos and detectors. `lifter` is "videopose3d" unless `xyz` is given.

    Raises
    ------
    PosedetectorError
        InputError for arrays that do not fit together and settings that cannot be used; NoPersonError, WeightsError.
    """
    if not isinstance(name, str):
        raise InputError(f"`name` is text, got {name!r}", field="name")
    if unfit := _BEFORE_KEYPOINTS & settings.keys():
        named = ", ".join(f"`{one}`" for one in sorted(unfit))
        raise InputError(f"keypoints come from no video here: leave out {named}", field=min(unfit))
    skeleton = _skeleton(points)
    places, scores, depth = _arrays(xy, score, xyz, len(skeleton))
    moments = _moments(time, fps, len(places))
    chosen = _settings(name, height, {"lifter": "native" if xyz is not None else "videopose3d"} | settings)
    seen = finite(places).any(axis=1)
    track = Track(
        tuple(np.flatnonzero(seen).tolist()),
        tuple(
            PersonPose(_box(places[row]), places[row], scores[row], None if depth is None else depth[row])
            for row in np.flatnonzero(seen)
        ),
    )
    tracks = Tracks(moments, (track,) if seen.any() else (), _size(image_size), skeleton)
    tracks.of(1)  # nobody at all is an error of its own
    steps = np.diff(moments)
    video = Video(name, tracks.image_size, float(1 / np.median(steps)) if len(steps) else 0.0, None, lambda _: iter(()))
    lens, camera = optics(chosen, video)
    entries = (
        entry_of_video(video, name, moments),
        Entry({"estimator": "keypoints", "estimating": f"given as {skeleton.name}; no image was looked at"}),
        entry_of_persons(tracks, 1, Tracking()),
    )
    scene = Scene(
        *(video, tracks, make_lifter(chosen.lifter, chosen.for_lifter()), camera),
        lens=lens,
        enhancers=enhancers() if chosen.augment_markers else (),
        entries=entries,
    )
    return measure(chosen, scene, progress)


def _settings(video: str | PathLike[str] | int, height: float | None, given: dict[str, Any]) -> Settings:
    """Return settings of fields of Settings and Subject together; raises InputError."""
    if "subject" in given:
        if height is not None:
            raise InputError("`height` is the subject's: give it there, subject=Subject(height=…)", field="height")
        return Settings(video=video, **given)
    of_subject = {name: given[name] for name in given if name in Subject.model_fields}
    rest = {name: value for name, value in given.items() if name not in of_subject}
    return Settings(video=video, subject=Subject(height=height, **of_subject), **rest)


def _skeleton(points: str | Skeleton) -> Skeleton:
    if isinstance(points, Skeleton):
        return points
    if not isinstance(points, str) or points not in SKELETONS:
        raise InputError(
            f"there is no layout {points!r} of `points`; there are {', '.join(SKELETONS)}, or give a Skeleton",
            field="points",
        )
    return SKELETONS[points]


def _arrays(
    xy: ArrayLike, score: ArrayLike | None, xyz: ArrayLike | None, points: int
) -> tuple[Array, Array, Array | None]:
    """Return xy, score and xyz with points missing in all that are missing in one; raises InputError."""
    places = _floats("xy", xy)
    if places.ndim != 3 or places.shape[1:] != (points, 2) or not len(places):
        raise InputError(f"`xy` must be (T, {points}, 2) for these points, got {places.shape}", field="xy")
    scores = np.ones(places.shape[:2]) if score is None else _floats("score", score)
    depth = None if xyz is None else _floats("xyz", xyz)
    for name, array, shape in (("score", scores, places.shape[:2]), ("xyz", depth, (*places.shape[:2], 3))):
        if array is not None and array.shape != shape:
            raise InputError(f"`{name}` must be {shape}, as `xy` has it, got {array.shape}", field=name)
    if np.nanmin(scores, initial=0) < 0 or np.nanmax(scores, initial=0) > 1:
        raise InputError(f"`score` must lie in 0–1, got {np.nanmin(scores):g} to {np.nanmax(scores):g}", field="score")
    # False where a score is missing; detectors and COCO mark what was not seen by 0, 0
    seen = finite(places) & (scores > 0) & (places != 0).any(axis=-1)
    if depth is not None:
        depth = np.where((seen & finite(depth))[..., None], depth, np.nan)
    return np.where(seen[..., None], places, np.nan), np.where(seen, scores, 0.0), depth


def _size(image_size: tuple[int, int]) -> tuple[int, int]:
    sides = _floats("image_size", image_size)
    if sides.shape != (2,) or not (sides >= 1).all() or not np.isfinite(sides).all():
        raise InputError(f"`image_size` is width and height in pixels, got {image_size!r}", field="image_size")
    return int(sides[0]), int(sides[1])


def _floats(name: str, given: ArrayLike) -> Array:
    """Return a copy of numbers; what a mask covers is NaN."""
    try:
        array = np.ma.masked_array(given) if isinstance(given, np.ma.MaskedArray) else np.asarray(given)
        if array.dtype.kind in "SUMmcV":
            raise InputError(f"`{name}` must be an array of real numbers, got {array.dtype}", field=name)
        return np.array(np.ma.filled(array.astype(np.float64), np.nan))
    except (TypeError, ValueError) as error:
        raise InputError(f"`{name}` must be an array of numbers: {error}", field=name) from error


def _moments(time: ArrayLike | None, fps: float | None, count: int) -> Array:
    if (time is None) == (fps is None):
        raise InputError("give `fps` (the frame rate) or `time` (seconds of each frame), one of both", field="fps")
    if fps is not None:
        rate = _floats("fps", fps)
        if rate.shape != () or not 1 / MAX_GAP <= rate <= _MOST_FPS:
            raise InputError(f"`fps` must lie in {1 / MAX_GAP:g}–{_MOST_FPS:g}, got {fps!r}", field="fps")
        return np.arange(count) / float(rate)
    moments = _floats("time", time if time is not None else ())
    if moments.shape != (count,) or not np.isfinite(moments).all() or not np.all(np.diff(moments) > 0):
        raise InputError(
            f"`time` must be ({count},) seconds, strictly increasing, got the shape {moments.shape}", field="time"
        )
    if count > 1 and (step := float(np.median(np.diff(moments)))) > MAX_GAP:
        raise InputError(f"`time` is in seconds: frames {step:g} s apart show no movement", field="time")
    return moments


def _box(points: Array) -> Array:
    return np.concatenate([np.nanmin(points, axis=0), np.nanmax(points, axis=0)])
