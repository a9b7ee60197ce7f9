"""The account of an analysis: what went in, what was done to it, and how much of the result was measured."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from posedetector.account import (
    SEVERITIES,
    CalibrationRecord,
    CameraMotionRecord,
    CleaningRecord,
    GradeRecord,
    KinematicsRecord,
    LandmarkShares,
    LensRecord,
    NetworkRecord,
    Note,
    PersonRecord,
    Provenance,
    RefinementRecord,
    TermRecord,
    VideoRecord,
)
from posedetector.augmenting import enhancers
from posedetector.calibration import Calibration, segment_lengths
from posedetector.camera_motion import NOT_WATCHED, CameraMotion
from posedetector.cleaning import Cleaned
from posedetector.estimators import KeypointEstimator
from posedetector.filters import runs, sampling_rate
from posedetector.kinematics.frames import SPINES
from posedetector.kinematics.nouns import Gait, Kinematics
from posedetector.lenses import Lens
from posedetector.lifters import Lifter
from posedetector.opening import legible
from posedetector.persons import SHEET, Person, describe, why_first
from posedetector.plausibility import combine, estimate_stature, find_implausible
from posedetector.pose import Array, Keypoints, MetricPose, Source, finite
from posedetector.refinement import Refinement, describe_terms
from posedetector.settings import Settings
from posedetector.subject import Subject
from posedetector.tracking import Tracking, Tracks
from posedetector.video import Video
from posedetector.weights import LoadedWeights

_LIBRARIES = ("av", "mediapipe", "numpy", "opencv-python-headless", "pandas", "scipy", "torch")
_WIDE_SPREAD = 0.08
_DISAGREEMENT = 0.05
_POOR_PICTURE = 0.02  # of body height
_ASYMMETRY = 0.08
_MANY = 0.1  # of the frames; a judgement
_OUTSIDE_LENS = 0.002  # of the keypoints
# Frames per second. On the sample clip, knees' greatest velocity falls by 20 % at 15, and no gait is found below 10.
_ENOUGH = 25
_ONLINE = (
    "--online: no frame's points rest on later frames, so no sides were swapped back, no outliers dropped, no holes filled, "
    "nothing fitted or smoothed, the distance from the camera neither; size (that of feet and hands hung on a lifted pose "
    "too), vertical, floor and whose data these are still come from the whole clip"
)
_PELVIS = (
    "the line of the hips and that from hips to shoulders: how the pelvis tilts against the trunk is not seen, so hip flexion "
    "has the bending of the back in it, and pelvis_tilt has no value; --augment-markers adds the iliac spines"
)
_SPREAD = (
    "standard deviations of places relative to the middle of the hips and of angles, from the curvature of the fit, "
    "widened so that nominal 90 % intervals hold 90 % on filmed motion capture; before smoothing"
)


def serious(text: str) -> Note:
    """Return a note that has to be settled before the numbers are used."""
    return Note(severity="serious", text=text)


def caution(text: str) -> Note:
    """Return a note about numbers that are less certain than they look."""
    return Note(severity="caution", text=text)


def info(text: str) -> Note:
    """Return a note for the record."""
    return Note(severity="info", text=text)


def time_spans(time: Array, flags: NDArray[np.bool_]) -> str:
    """Return the stretches in which flags (T,) are set, as "0.07–0.37, 1.00 s"."""
    ends = ((time[run.start], time[run.stop - 1]) for run in runs(flags))
    return ", ".join(f"{first:.2f}" if first == last else f"{first:.2f}–{last:.2f}" for first, last in ends) + " s"


def by_severity(*notes: Note) -> list[Note]:
    """Return the notes, the most severe first, else in their order."""
    return sorted(notes, key=lambda note: SEVERITIES.index(note.severity))


def account_for(
    settings: Settings,
    video: Video,
    estimator: KeypointEstimator,
    tracks: Tracks,
    motion: CameraMotion,
    cleaned: Cleaned,
    doubts: list[str],
    lifter: Lifter,
    calibration: Calibration,
    refinement: Refinement,
    smoothing: str,
    pose: MetricPose,
    kinematics: Kinematics,
) -> Provenance:
    """Put together what a reviewer asks for."""
    time = tracks.time
    persons = describe(tracks)
    rate = sampling_rate(time)
    lengths = segment_lengths(pose)
    networks = estimator.weights + lifter.weights + (enhancers() if settings.augment_markers else ())
    return Provenance(
        posedetector=version("posedetector"),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=[legible(word) for word in sys.argv],
        versions={"python": sys.version.split()[0]} | {name: version(name) for name in _LIBRARIES},
        video=VideoRecord(
            source=legible(settings.video),
            width_px=video.size[0],
            height_px=video.size[1],
            frames=len(time),
            frames_expected=video.expected,
            fps=round(rate, 6) if np.isfinite(rate) else 0.0,
            duration_s=float(time[-1] - time[0]),
            start_s=video.selection.start,
            end_s=video.selection.end,
            every=video.selection.every,
            slowdown=video.slowdown,
            capture_fps=video.captured,
        ),
        estimator=settings.estimator.name,
        estimating=estimator.method,
        lifter=settings.lifter.name,
        lifting=lifter.method,
        networks=[
            NetworkRecord(
                name=one.label,
                file=legible(one.path.name),
                sha256=one.sha256,
                known=one.known,
                trust=one.trust,
                licence=one.licence,
                citation=one.citation,
            )
            for one in networks
        ],
        subject=settings.subject,
        tracking=Tracking(settings.use_oks_tracking, settings.tracking_thr).method,
        persons=[PersonRecord(**asdict(person)) for person in persons],
        person=settings.person,
        online=settings.online,
        cleaning=CleaningRecord(
            min_score=settings.min_score,
            max_gap_s=settings.max_gap,
            doubtful_points_dropped=cleaned.doubtful,
            outliers_dropped=cleaned.outliers,
            frames_with_swapped_sides=cleaned.swapped_frames,
            points_leaving_image_dropped=cleaned.leaving,
        ),
        calibration=CalibrationRecord(
            scale=calibration.scale,
            scale_spread=None if np.isnan(calibration.scale_spread) else calibration.scale_spread,
            scale_from=calibration.scale_from,
            implied_height_m=calibration.implied_height,
            tilt_deg=float(np.degrees(calibration.tilt)),
            vertical_from=calibration.vertical_from,
            floor_from=calibration.floor_from,
            focal_length_px=calibration.focal_length,
            focal_length_assumed=calibration.focal_length_assumed,
            camera_position_m=(
                float(calibration.camera_position[0]),
                float(calibration.camera_position[1]),
                float(calibration.camera_position[2]),
            ),
            camera_to_laboratory=tuple((float(x), float(y), float(z)) for x, y, z in calibration.rotation),
            stature_check=_check_stature(pose, kinematics, cleaned.keypoints, settings.subject),
        ),
        camera_motion=_watched(motion),
        frame_of_reference=_frame_of_reference(motion),
        refinement=RefinementRecord(
            done=refinement.done,
            frames=refinement.frames,
            terms={
                name: TermRecord(weight=weight, source=source, residual=round(refinement.residuals[name], 4))
                for name, (weight, source) in (describe_terms(refinement.errors) if refinement.errors else {}).items()
                if name in refinement.residuals
            },
            reprojection_share=round(refinement.reprojection, 5) if refinement.frames else None,
            focal_length_start_px=round(refinement.focal_start, 1) if refinement.frames else None,
            focal_length_sd_share=round(refinement.focal_spread, 4) if refinement.frames else None,
            segment_lengths_m={name: round(length, 4) for name, length in refinement.lengths.items()},
            spread=_SPREAD if refinement.frames else "none: nothing was fitted",
        ),
        smoothing=smoothing,
        kinematics=_studied(pose, kinematics),
        bone_lengths_m={bone: round(length, 4) for bone, length in lengths.items()},
        landmarks=_shares(pose),
        notes=by_severity(
            *map(caution, video.notes),
            *_notes_on_clock(settings, video),
            *notes_on_rate(video),
            *map(serious, doubts),
            *notes_on_the_camera(motion),
            *_notes_on_networks(networks),
            *_notes(settings, calibration, smoothing),
            *_notes_on_persons(settings, tracks, persons),
            *notes_on_the_fit(refinement),
            *notes_on_leaving(cleaned),
            *_unplaced(pose),
            *_unlike_sides(pose, lengths),
            *_notes_on_gait(kinematics.gait, motion),
            *_implausible(settings, video, cleaned, pose, kinematics),
        ),
    )


def notes_on_leaving(cleaned: Cleaned) -> Iterator[Note]:
    """Say that limbs were cut off by the image's border at an end of the clip."""
    if cleaned.leaving:
        yield info(
            f"{cleaned.leaving} points of arms and legs are missing at the start or the end, where the subject enters or leaves the image: "
            "where a limb is cut off, the detector guesses; no angle of it is reported there"
        )


def with_lens(
    account: Provenance, lens: Lens, seen: Keypoints, straight: Keypoints, warnings: Iterable[str]
) -> Provenance:
    """Return the account with the lens in it, and what a reader should know of that.

    `seen` are the keypoints of the real picture, `straight` the same as a camera without distortion would see them.
    """
    there = finite(seen.xy)
    outside = float((there & ~finite(straight.xy)).sum() / max(1, there.sum()))
    record = LensRecord(
        file=legible(lens.file),
        sha256=lens.sha256,
        camera=lens.camera,
        model=lens.model,
        calibrated_size_px=lens.calibrated_size,
        focal_length_px=lens.focal,
        principal_point_px=lens.principal_point,
        distortion=lens.distortion,
        scaled_by=lens.scaled,
        keypoints_outside=round(outside, 5),
    )
    said = [caution(text) for text in warnings]
    if outside > _OUTSIDE_LENS:
        said.append(
            (serious if outside > _MANY else caution)(
                f"{100 * outside:.0f} % of the keypoints lie where the calibration in {lens.file} describes no picture; they "
                "count as missing: was this file made with this camera, at this zoom and resolution?"
            )
        )
    said.append(
        info(
            f"the lens ({lens.model}, focal length {lens.focal_length:.0f} px) is that of {lens.camera} in {lens.file}"
        )
    )
    calibration = account.calibration.model_copy(update={"lens": record})
    return account.model_copy(update={"calibration": calibration, "notes": by_severity(*account.notes, *said)})


def _studied(pose: MetricPose, found: Kinematics) -> KinematicsRecord:
    gait = found.gait
    return KinematicsRecord(
        pelvis="the iliac spines" if pose.skeleton.has(*SPINES) else _PELVIS,
        gait=f"{gait.quality}: {gait.reason}" if gait.reason else gait.quality,
        repetitions=len(found.repetitions),
        masses=found.masses.table,
        grades={
            name: GradeRecord(
                quality=one.quality,
                reason=one.reason,
                sd_deg=round(float(np.degrees(one.sd)), 2) if np.isfinite(one.sd) else None,
            )
            for name, one in found.grades.items()
        },
    )


def _check_stature(pose: MetricPose, kinematics: Kinematics, keypoints: Keypoints, subject: Subject) -> str:
    estimates = estimate_stature(pose, kinematics, keypoints, subject)
    if not estimates or combine(estimates).rough:
        return "nothing in this clip can check the height given: a jump or a fall would, several strides of a walk only roughly"
    together = f"; together {combine(estimates).words}" if len(estimates) > 1 else ""
    return combine(estimates).shown_by + together


def _implausible(
    settings: Settings, video: Video, cleaned: Cleaned, pose: MetricPose, kinematics: Kinematics
) -> Iterator[Note]:
    doubts = find_implausible(
        pose,
        kinematics,
        cleaned.keypoints,
        settings.subject,
        rate=video.rate * video.selection.every,
        told=video.captured is not None,
    )
    for doubt in doubts:
        yield Note(severity=doubt.severity, text=doubt.text)


def _frame_of_reference(motion: CameraMotion) -> str:
    usual = str(Provenance.model_fields["frame_of_reference"].default)
    if motion.grounded:
        return usual
    axes, _, _ = usual.partition("; origin")
    return f"{axes}; the camera moved: the hips are held above the origin, and the lowest foot is at height 0 in the median"


def _watched(motion: CameraMotion) -> CameraMotionRecord:
    pan, tilt, roll = (round(float(np.degrees(angle)), 2) for angle in motion.ranges)
    return CameraMotionRecord(
        verdict=motion.verdict,
        reason=motion.reason,
        pan_deg=pan,
        tilt_deg=tilt,
        roll_deg=roll,
        focal_length_sd_share=round(motion.focal_sd, 4) if motion.shows_focal else None,
    )


def notes_on_the_camera(motion: CameraMotion) -> Iterator[Note]:
    """Yield what it means if the camera did not stand still, or if nobody can tell."""
    if motion.turned:
        pan, tilt, roll = (float(np.degrees(angle)) for angle in motion.ranges)
        focal = (
            f"; the rotation also shows the focal length ({motion.focal_length:.0f} px ± {100 * motion.focal_sd:.0f} %)"
            if motion.shows_focal
            else ""
            if np.isnan(motion.focal_sd)
            else "; these angles scale with the focal length, which was not given"
        )
        yield info(
            f"The camera turned (pan {pan:.1f}°, tilt {tilt:.1f}°, roll {roll:.1f}° from end to end). Its rotation was measured from "
            f"the background and removed, so path, speed and floor are as for a camera at rest{focal}."
        )
    if motion.verdict == "moved":
        yield caution(
            f"The camera moved, and this could not be removed: {motion.reason}. Path, walking speed, step length, step width and "
            "floor are not reported, and the hips are held in one place; joint angles and times do not depend on it. Film "
            "from a tripod, or turn the camera without walking along."
        )
    if motion.verdict == "unknown" and motion is not NOT_WATCHED:
        yield caution(
            f"Whether the camera stood still could not be checked: {motion.reason}. Path, walking speed and step length assume "
            "that it did."
        )


def _notes_on_gait(gait: Gait, motion: CameraMotion) -> Iterator[Note]:
    if (belt := gait.treadmill) and any(one.name == "walking_speed" for one in gait.quantities):
        how = (
            "as given"
            if belt.count == 0
            else f"± {belt.sd:.2f} m/s, from the feet in {belt.count} stance phases; pass --treadmill-speed if you know it"
        )
        unsure = motion is not NOT_WATCHED and motion.verdict == "unknown" and belt.count > 0
        yield (caution if unsure else info)(
            f"Treadmill: walking speed, step and stride length are relative to the belt ({belt.speed:.2f} m/s, {how})"
            + (", unless the camera was carried along beside the subject." if unsure else ".")
        )
    if gait.quality == "doubtful":
        yield caution(f"the gait is doubtful: {gait.reason}")


def _unplaced(pose: MetricPose) -> Iterator[Note]:
    lost = finite(pose.xyz).any(axis=1) & ~finite(pose.root)
    if lost.any():
        yield (serious if lost.mean() > _MANY else caution)(
            f"in {100 * lost.mean():.0f} % of the frames the pose fits its picture nowhere in front of the camera; "
            "there are no landmarks there"
        )


def _unlike_sides(pose: MetricPose, lengths: dict[str, float]) -> Iterator[Note]:
    cause = "the marker enhancer or the depth" if (pose.source == Source.AUGMENTED).any() else "the depth"
    for left, length in lengths.items():
        twin = lengths.get("right_" + left.removeprefix("left_"))
        if left.startswith("left_") and twin is not None and abs(length / twin - 1) > _ASYMMETRY:
            yield caution(
                f"the {left.removeprefix('left_').replace('_', ' ')} is {length:.3f} m on the left and {twin:.3f} m on "
                f"the right: {cause} is biased there, or the person is"
            )


def _shares(pose: MetricPose) -> dict[str, LandmarkShares]:
    placed = finite(pose.positions)

    def share(point: int, source: Source) -> float:
        return round(float(((pose.source[:, point] == source) & placed[:, point]).mean()), 4)

    return {
        name: LandmarkShares(
            measured=share(point, Source.MEASURED),
            lifted=share(point, Source.LIFTED),
            carried=share(point, Source.CARRIED),
            augmented=share(point, Source.AUGMENTED),
            interpolated=share(point, Source.INTERPOLATED),
            mirrored=share(point, Source.MIRRORED),
        )
        for point, name in enumerate(pose.skeleton.points)
    }


def _notes_on_networks(networks: tuple[LoadedWeights, ...]) -> Iterator[Note]:
    for network in networks:
        if network.trust == "own file":
            itself = f"; if it is {network.name} itself: {network.terms}" if network.terms else ""
            yield info(f"{network.path.name} is a file of your own, taken to be built like {network.name}{itself}")
        if network.trust == "first use":
            yield info(
                f"the digest of {network.name}'s file is not in the table: it was accepted as it is, and has to stay so "
                "where its digest could be written beside it"
            )
        if network.trust == "as at first use":
            yield info(f"the digest of {network.name}'s file is not in the table; it is as it was at its first use")
        if network.terms and network.trust != "own file":
            yield info(f"{network.name} ({network.licence}): {network.terms}")


def _notes_on_persons(settings: Settings, tracks: Tracks, persons: list[Person]) -> Iterator[Note]:
    """Yield who of several people this is, why, and how to take another."""
    if len(persons) < 2:
        return
    subject = next(one for one in persons if one.number == settings.person)
    said = [
        f"{len(persons)} people were found; these are person {subject.number}'s data: {subject.what}; {subject.when}"
    ]
    if subject.number == 1:
        said.append(f"Person 1 is {why_first(tracks)}")
    if subject.joined:
        said.append(f"It is {subject.remark}; between these parts values are missing")
    if pairs := sorted({(one.number, other) for one in persons for other in one.maybe if one.number < other}):
        named = ", ".join(f"{one} and {other}" for one, other in pairs)
        said.append(
            f"{named} may be the same person: if {SHEET} shows so, --person {pairs[0][0]}+{pairs[0][1]} joins them"
        )
    other = next(one.number for one in persons if one is not subject)
    yield caution(". ".join([*said, f"{SHEET} shows who is who; --person {other} analyses another."]))


def _notes(settings: Settings, calibration: Calibration, smoothing: str) -> Iterator[Note]:
    if settings.estimator.name == "synthetic":
        yield serious("the synthetic estimator does not look at the video: these are a made-up person's data")
    if settings.online:
        yield caution(_ONLINE)
    if "no foot was seen" in calibration.floor_from:
        yield caution(f"the floor is {calibration.floor_from}")
    if calibration.scale_spread > _WIDE_SPREAD:
        yield caution(
            f"the factor that brings the body to its size varies by ±{100 * calibration.scale_spread:.0f} % over the frames, so all lengths "
            "and speeds may be off by as much: check that the legs are seen whole, and --focal-length if it is known"
        )
    yield from _notes_on_size(settings.subject, calibration)
    if smoothing.startswith("off:"):
        yield info(f"not smoothed: {smoothing.removeprefix('off: ')}")


def _notes_on_clock(settings: Settings, video: Video) -> Iterator[Note]:
    if settings.capture_fps is None or video.slowdown == 1:
        return
    rate, slowdown = settings.capture_fps, video.slowdown
    times = f"1/{slowdown:.3g} of" if slowdown > 1 else f"{1 / slowdown:.3g} times"
    yield info(
        f"--capture-fps {rate:g}: the video is stored at {rate / slowdown:.4g} frames per second, so all times, speeds and rates are "
        f"those of the capture, {times} what a player shows; --start, --end and --duration are in the player's seconds"
    )


def notes_on_rate(video: Video) -> Iterator[Note]:
    """Yield what it means if --every leaves few frames per second."""
    every, rate = video.selection.every, video.rate
    if every == 1 or not 0 < rate < _ENOUGH:
        return
    sparser = int(rate * every / _ENOUGH)
    advice = f"--every {sparser} keeps {_ENOUGH} or more" if sparser > 1 else "leave --every out for these"
    yield caution(
        f"--every {every} leaves {rate:.3g} frames per second: peak angles and velocities of fast movements come out too low, "
        f"and gait events are uncertain by ±{500 / rate:.0f} ms or are not found; {advice}"
    )


def notes_on_the_fit(refinement: Refinement) -> Iterator[Note]:
    """Yield what a reader should know of a fit that is not good."""
    if refinement.reprojection > _POOR_PICTURE:
        yield serious(
            f"the fitted body lies {100 * refinement.reprojection:.1f} % of its height from its picture (median): "
            "the keypoints, the focal length or the depth are wrong; --no-refine leaves the fit out"
        )
    if refinement.odd:
        lengths = ", ".join(
            f"{name.replace('_', ' ')} {100 * abs(off):.0f} % {'longer' if off > 0 else 'shorter'}"
            for name, off in refinement.odd.items()
        )
        yield caution(
            f"beside the limb that gives the size, the fit makes them unusual: {lengths}; so built, or the depth is wrong"
        )
    if refinement.focal_off:
        yield caution("the fit draws the focal length far from what was assumed: a real one would help")


def _notes_on_size(subject: Subject, calibration: Calibration) -> Iterator[Note]:
    if "disagree" in calibration.scale_from:
        yield caution(f"the body's size is the median of what these give: {calibration.scale_from}")
    height, implied = subject.height, calibration.implied_height
    if height is None and implied is not None:
        yield info(f"the bone lengths set the body's size; they imply a height of {implied:.2f} m")
    if height is not None and implied is not None:
        off = implied / height - 1
        verdict = "disagree: check both" if abs(off) > _DISAGREEMENT else "agree"
        yield (caution if abs(off) > _DISAGREEMENT else info)(
            f"the bone lengths set the body's size; they imply a height of {implied:.2f} m, "
            f"{100 * off:+.0f} % from the {height:.2f} m given: they {verdict}"
        )
