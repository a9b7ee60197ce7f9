"""The road: one video and one person in, a trial out.

`scene` finds who and what a video shows; from there on, `measure` makes a trial of it. Each stage returns its value and its own
entry for the account.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from posedetector.account import Entry, collect, info, serious
from posedetector.augmenting import augment
from posedetector.calibration import calibrate, hold_in_place
from posedetector.cleaning import clean
from posedetector.contact_sheet import draw_contact_sheet
from posedetector.downloads import Told
from posedetector.errors import ResourceError, VideoError
from posedetector.kinematics import Ground, View, find_treadmill, study
from posedetector.kinematics.accounting import entry_of as entry_of_kinematics
from posedetector.lenses.accounting import entry_of as entry_of_lens
from posedetector.lifters import Lifter
from posedetector.mirroring import mirror_missing
from posedetector.overlay import OverlayOptions, draw_overlay, overlay_name
from posedetector.persons import SHEET
from posedetector.plausibility import entry_of as entry_of_plausibility
from posedetector.pose import Keypoints, PictureMap, moved_to
from posedetector.provenance import entry_of_pose, entry_of_run
from posedetector.refinement import NOT_REFINED, NOT_REFINED_ONLINE, other_opinions, refine, scale_of
from posedetector.sanity import find_doubts
from posedetector.scene import Progress, Scene, find_persons, look, open_selected, silently
from posedetector.settings import Settings
from posedetector.smoothing import smooth
from posedetector.tracking import Tracks
from posedetector.trial import Trial
from posedetector.video import is_camera, source_name
from posedetector.weights.accounting import entry_of as entry_of_networks
from posedetector.writers import Folder, check_formats, fill, with_notes


def analyze(
    settings: Settings,
    *,
    progress: Progress = silently,
    download_progress: Told | None = None,
    command: Sequence[str] = (),
) -> Trial:
    """Take one video all the way; raises InputError, VideoError, NoPersonError or WeightsError.

    `command` is what somebody typed, for the account.
    """
    video = open_selected(settings)
    return measure(settings, look(settings, video, progress, download_progress), progress, command)


def measure(settings: Settings, scene: Scene, progress: Progress = silently, command: Sequence[str] = ()) -> Trial:
    """Make a trial of the person chosen in a scene; raises InputError, NoPersonError or WeightsError."""
    subject, lifter, motion = settings.subject, scene.lifter, scene.motion
    seen = straight = scene.tracks.keypoints(settings.person)
    for one in scene.maps:
        straight = one.straightened(straight)
    steady = motion.steadied(straight)
    cleaned = clean(steady, min_score=settings.min_score, max_gap=settings.max_gap, online=settings.online)
    filmed = motion.as_filmed(cleaned.keypoints)
    relative = motion.steadied_pose(lifter.lift(filmed))
    metric, calibration = calibrate(
        relative, cleaned.keypoints, subject, scene.camera, online=settings.online, grounded=motion.grounded
    )
    ground = Ground(motion.grounded, settings.treadmill_speed)
    refinement = NOT_REFINED_ONLINE if settings.online else NOT_REFINED
    if settings.refine:
        others = other_opinions(lifter, cleaned.keypoints)
        # feet that stand on a belt move: not knowing that, the fit would hold them still
        walks = settings.movement in ("auto", "gait")
        treadmill = find_treadmill(smooth(metric, settings.cutoff)[0], ground) if walks else None
        belt = None if treadmill is None else treadmill.velocity
        ground = replace(ground, treadmill=treadmill)
        metric, calibration, refinement = refine(
            metric, cleaned.keypoints, calibration, subject, lifter.errors, others, progress, belt
        )
    pose, smoothing = smooth(metric, settings.cutoff)
    view = View.of(pose, calibration.camera_position)
    pose, away = (pose, None) if motion.grounded else hold_in_place(pose)
    if settings.estimate_missing:
        pose = mirror_missing(pose)
    if settings.augment_markers:
        pose = augment(pose, subject, scene.enhancers)
    scale = scale_of(calibration, refinement, motion.focal_sd if motion.shows_focal else 0.0)
    kinematics = study(pose, subject, ground, scale=scale, view=view, movement=settings.movement)

    video = scene.video
    rate, told = video.rate * video.selection.every, video.captured is not None
    account = collect(
        (
            entry_of_run(settings, command),
            *scene.entries,
            *(entry_of_lens(*one, seen, straight) for one in (scene.lens,) if one is not None),
            motion.entry(),
            cleaned.entry(),
            Entry(notes=tuple(map(serious, find_doubts(filmed)))),
            _entry_of_lifter(settings.lifter.name, lifter),
            entry_of_networks((*lifter.weights, *(one.weights for one in scene.enhancers))),
            calibration.entry(subject.height),
            refinement.entry(),
            smoothing.entry(),
            entry_of_pose(pose),
            entry_of_kinematics(kinematics, pose.skeleton, motion),
            entry_of_plausibility(pose, kinematics, cleaned.keypoints, subject, rate=rate, told=told),
        )
    )
    return Trial(
        *(video.name, _pictured(filmed, scene.maps), pose, account, scene.tracks, kinematics),
        maps=scene.maps,
        camera=motion,
        away=away,
    )


def _entry_of_lifter(name: str, lifter: Lifter) -> Entry:
    sized = {"scaled": "detector" if lifter.needs_depth else "lifter"}
    return Entry({"lifter": name, "lifting": lifter.method, "calibration": sized})


def _pictured(keypoints: Keypoints, maps: Sequence[PictureMap]) -> Keypoints:
    """Return keypoints for which all was computed where they lie in the real picture."""
    for one in reversed(maps):
        keypoints = moved_to(keypoints, one.to_picture(keypoints.xy), keypoints.xyz)
    return keypoints


def analyze_to(
    settings: Settings,
    folder: Path,
    formats: Iterable[str],
    *,
    overlay: OverlayOptions | None = None,
    progress: Progress = silently,
    download_progress: Told | None = None,
    command: Sequence[str] = (),
) -> Trial:
    """Analyse and write, all files or none; raises OutputError before the work when the folder cannot be written.

    With `overlay`, the video is read a second time and drawn on. Where that cannot be, a note says why, and all else is written.
    """
    formats = check_formats(formats)
    with Folder(folder) as output:
        trial = analyze(settings, progress=progress, download_progress=download_progress, command=command)
        if overlay is not None and (why_not := _add_overlay(settings, trial, output, overlay, progress)):
            trial = with_notes(trial, info(f"no overlay was drawn: {why_not}"))
        return fill(output, trial, formats, progress)


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
