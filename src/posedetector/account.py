"""What an analysis says of itself: the parts of provenance.json, each filled in by the stage that it is about.

A stage returns its value and, as an `Entry`, its own part of the account; the pipeline collects the entries.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from posedetector.reprs import brief
from posedetector.subject import Subject


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def __repr__(self) -> str:
        return brief(self)


class VideoRecord(_Record):
    """The source as it was read.

    Attributes
    ----------
    frames, fps, duration_s : of the frames that were analysed, at the rate of their capture.
    start_s, end_s, every : the selection: seconds from the video's first frame (None: to its end), and of these every Nth frame.
    slowdown : seconds of the video as it is stored in one second of the results; `start_s` and `end_s` are of the former.
    capture_fps : the rate of the capture, where an option or the file says it.
    """

    source: str
    width_px: int
    height_px: int
    frames: int
    frames_expected: int | None
    fps: float
    duration_s: float
    start_s: float = 0.0
    end_s: float | None = None
    every: int = 1
    slowdown: float = 1.0
    capture_fps: float | None = None


class NetworkRecord(_Record):
    """A network that was run.

    Attributes
    ----------
    known : whether its file is the one this version was made for.
    trust : whence its digest is known: "table"; "as at first use", of a file whose digest nobody published; "first use",
        which this was; or "own file".
    """

    name: str
    file: str
    sha256: str
    known: bool
    trust: str
    licence: str
    citation: str


class PersonRecord(_Record):
    """Somebody who was found; number 1 is who is analysed unless another is chosen.

    Attributes
    ----------
    start_s, end_s : first and last sight; `share` of the clip's frames show the person.
    where, motion : in words, as seen in the picture: its left, not the person's. Empty in accounts up to 0.1.0.
    joined : numbers of those who were joined to this person by `--person`; they are in no list.
    maybe : numbers of those who may be the same person, seen at other times.
    """

    number: int
    frames: int
    share: float
    start_s: float
    end_s: float
    height_px: float
    where: str = ""
    motion: str = ""
    joined: tuple[int, ...] = ()
    maybe: tuple[int, ...] = ()


class CleaningRecord(_Record):
    """What was done to the subject's 2D points before anything was built on them."""

    min_score: float
    max_gap_s: float
    doubtful_points_dropped: int
    outliers_dropped: int
    frames_with_swapped_sides: int
    points_leaving_image_dropped: int = 0


class LensRecord(_Record):
    """The lens that a calibration file describes; 2D points were mapped into the picture of a camera without distortion.

    Attributes
    ----------
    model : "radial" (OpenCV's usual model) or "fisheye" (OpenCV's), with `distortion` in OpenCV's order.
    calibrated_size_px : of the pictures that were calibrated with; None where the file does not say.
    focal_length_px, principal_point_px : across and down; OpenCV's pixels, scaled to the clip's picture by `scaled_by`.
    keypoints_outside : share of the 2D points that such a camera could not see; they count as not seen.
    """

    file: str
    sha256: str
    camera: str
    model: str
    calibrated_size_px: tuple[int, int] | None
    focal_length_px: tuple[float, float]
    principal_point_px: tuple[float, float]
    distortion: tuple[float, ...]
    scaled_by: float
    keypoints_outside: float


class CameraMotionRecord(_Record):
    """Whether the camera stood still, and what was done about it.

    Attributes
    ----------
    verdict : `still`, `turned` (and the rotation was taken out), `moved` (no path, floor and lengths of steps are given), or
        `unknown`.
    reason : why it is `moved` or `unknown`.
    pan_deg, tilt_deg, roll_deg : between the extremes of each over the clip.
    focal_length_sd_share : standard deviation of the focal length that the rotation itself showed; None where it did not.
    """

    verdict: Literal["still", "turned", "moved", "unknown"]
    reason: str = ""
    pan_deg: float = 0.0
    tilt_deg: float = 0.0
    roll_deg: float = 0.0
    focal_length_sd_share: float | None = None
    about: str = (
        "from corners of the background, outside the people's boxes; if turned, camera_to_laboratory is of a camera at rest that "
        "looks in the mean direction, and keypoints_2d are in the frames' own pixels"
    )


class CalibrationRecord(_Record):
    """Size, vertical and camera; the spread is None where one frame had to do.

    Attributes
    ----------
    scale : metres per metre of the own size of whoever made the pose, which `scaled` names; see `describe_size`.
    scale_of : the segments whose share of the stature gave the size; empty where bones did.
    stature_check : what the movement itself says of the stature, or that it says nothing.
    lens : None where no calibration file was given; then the camera was taken to have no distortion.
    camera_to_laboratory : the rotation, row by row, of camera axes (x right, y down, z away) to the laboratory's.
    """

    scale: float
    scale_spread: float | None
    scale_from: str
    scale_of: str = ""
    implied_height_m: float | None
    tilt_deg: float
    vertical_from: str
    floor_from: str
    focal_length_px: float
    focal_length_assumed: bool
    camera_position_m: tuple[float, float, float]
    camera_to_laboratory: tuple[tuple[float, float, float], ...]
    lens: LensRecord | None = None
    scaled: Literal["detector", "lifter", ""] = ""
    stature_check: str = ""

    @model_validator(mode="before")
    @classmethod
    def _of_earlier_versions(cls, given: Any) -> Any:
        """Take the segments out of the sentence in which they stood alone up to 0.1.0."""
        if isinstance(given, dict) and "scale_of" not in given:
            kind, _, of = str(given.get("scale_from", "")).partition(": ")
            return {**given, "scale_of": of if kind == "stature" else ""}
        return given


class TermRecord(_Record):
    """A term of refinement: its weight, as a standard deviation with its unit, whence that is, and what is left.

    `residual` is the root mean square over the clip, in standard deviations.
    """

    weight: str
    source: str
    residual: float


class RefinementRecord(_Record):
    """How one body of constant lengths was fitted to the clip.

    Attributes
    ----------
    frames : how many frames with values were fitted.
    reprojection_share : median distance of the keypoints from where the fitted points appear, in shares of stature.
    spread : what the standard deviations in the tables are.
    """

    done: str
    frames: int
    terms: dict[str, TermRecord]
    reprojection_share: float | None
    focal_length_start_px: float | None
    focal_length_sd_share: float | None
    segment_lengths_m: dict[str, float]
    spread: str
    about: str = (
        "terms: weight is a standard deviation, residual the root mean square of what is left, in such; "
        "reprojection_share: median distance of keypoints from the fitted points, in statures; segment_lengths_m: the fitted "
        "body's, one for both sides (bone_lengths_m: medians of the smoothed or augmented landmarks)"
    )


class LandmarkShares(_Record):
    """Shares of the clip's frames in which a landmark came about in each way; the rest is missing.

    Attributes
    ----------
    lifted : depth made by the lifter.
    carried : the estimator's own depth, hung on a lifted joint.
    augmented : made by the marker enhancer out of other points.
    """

    measured: float
    lifted: float
    carried: float
    augmented: float
    interpolated: float
    mirrored: float


class GradeRecord(_Record):
    """How far an angle can be trusted, as in angle_definitions.

    `sd_deg` is the typical deviation of its values, if one is known, and `judged_against_deg` how far the angle moves.
    """

    quality: Literal["good", "weak", "poor"]
    reason: str
    sd_deg: float | None
    judged_against_deg: float | None = None


class KinematicsRecord(_Record):
    """What the angles, the gait and the masses rest on.

    Attributes
    ----------
    gait, gait_quality : quality, and why it is not good; the quality alone.
    repetitions : how many of a movement down and up again.
    masses : whose table.
    grades : by angle; empty where nobody graded them.
    """

    angles: str = (
        "angle_definitions says of each angle its points, frames, sequence, sign, zero and source; axial rotations only where "
        "points show them, and hip rotation only of a knee bent by 30 degrees or more; velocities and accelerations are "
        "derivatives of the angles as they are, smoothed or not"
    )
    pelvis: str
    gait: str
    gait_quality: Literal["good", "doubtful", "none"]
    repetitions: int
    masses: str
    grading: str = (
        "good: the value may be read, within its interval; weak: only large differences count; poor: not to be reported; by the fit's deviation against how far "
        "the angle moves, and by the view; where no deviation is known, by the view alone, and then never good"
    )
    grades: dict[str, GradeRecord] = {}

    @model_validator(mode="before")
    @classmethod
    def _of_earlier_versions(cls, given: Any) -> Any:
        """Take the quality out of the sentence, where it stood alone up to 0.1.0."""
        if isinstance(given, dict) and "gait_quality" not in given and isinstance(given.get("gait"), str):
            return {**given, "gait_quality": given["gait"].partition(":")[0]}
        return given


class Note(_Record):
    """What a reader of the results should know: what happened, what it means for the numbers, what to do.

    Attributes
    ----------
    severity : "serious": do not use the numbers before this is settled; "caution": some numbers are less certain than they
        look; "info": for the record.
    """

    severity: Literal["serious", "caution", "info"]
    text: str

    @model_validator(mode="before")
    @classmethod
    def _of_earlier_versions(cls, given: object) -> object:
        """Take a plain text, as notes were up to 0.1.0, for one that calls for caution."""
        return {"severity": "caution", "text": given} if isinstance(given, str) else given

    def __str__(self) -> str:
        return self.text


def serious(text: str) -> Note:
    """Return a note that has to be settled before the numbers are used."""
    return Note(severity="serious", text=text)


def caution(text: str) -> Note:
    """Return a note about numbers that are less certain than they look."""
    return Note(severity="caution", text=text)


def info(text: str) -> Note:
    """Return a note for the record."""
    return Note(severity="info", text=text)


def by_severity(*notes: Note) -> list[Note]:
    """Return the notes, the most severe first, else in their order."""
    return sorted(notes, key=lambda note: SEVERITIES.index(note.severity))


@dataclass(frozen=True, slots=True)
class Entry:
    """What one stage says of itself.

    Attributes
    ----------
    parts : values of `Provenance`'s fields by name; a mapping is merged with those that other stages give for the same field.
    networks : the networks that it ran.
    notes : what a reader should know.
    """

    parts: Mapping[str, Any] = field(default_factory=dict)
    networks: tuple[NetworkRecord, ...] = ()
    notes: tuple[Note, ...] = ()


PROVENANCE = "provenance.json"  # the file that holds a Provenance
SEVERITIES = ("serious", "caution", "info")


AXES = "laboratory: X forward, towards the camera; Y up; Z to the right of a person who faces the camera; metres"
ORIGIN = "origin on the floor below the middle of the hips when first seen"


class Provenance(_Record):
    """What provenance.json says. Coordinates: metres, laboratory frame, described in `frame_of_reference`.

    Attributes
    ----------
    command : as it was typed; empty for an analysis that was called from Python.
    settings : what was chosen other than the defaults.
    tracking : by what persons were joined over time.
    online : whether no frame's points rest on later frames.
    notes : the most severe first.
    """

    posedetector: str
    created: str
    command: list[str]
    settings: dict[str, Any] = {}
    versions: dict[str, str]
    video: VideoRecord
    estimator: str
    estimating: str
    lifter: str
    lifting: str
    networks: list[NetworkRecord]
    subject: Subject
    tracking: str
    persons: list[PersonRecord]
    person: int
    online: bool
    cleaning: CleaningRecord
    calibration: CalibrationRecord
    camera_motion: CameraMotionRecord | None = None
    refinement: RefinementRecord
    smoothing: str
    kinematics: KinematicsRecord
    frame_of_reference: str = f"{AXES}; {ORIGIN}"
    bone_lengths_m: dict[str, float]
    landmarks: dict[str, LandmarkShares]
    notes: list[Note]
    files: list[str] = []
    reading_csv: str = (
        "UTF-8, separated by commas, decimal points, empty where there is no value; a spreadsheet whose language writes decimal "
        "commas misreads that: open the .xlsx there, or import with the point as decimal sign"
    )


def collect(entries: Iterable[Entry]) -> Provenance:
    """Return the account that the stages' entries make together; their notes the most severe first."""
    parts: dict[str, Any] = {}
    networks: list[NetworkRecord] = []
    notes: list[Note] = []
    for entry in entries:
        for name, value in entry.parts.items():
            parts[name] = {**parts.get(name, {}), **value} if isinstance(value, Mapping) else value
        networks += entry.networks
        notes += entry.notes
    return Provenance(**parts, networks=networks, notes=by_severity(*notes))


def describe_size(account: Provenance) -> str:
    """Return in a sentence how large the body was made, by what, and how even that is over the frames."""
    calibration, height = account.calibration, account.subject.height
    whose = f"{calibration.scaled}'s own " if calibration.scaled else ""
    share = 100 * abs(calibration.scale - 1)
    kept = (
        "as large as" if share < _HARDLY else f"{share:.1f} % {'larger' if calibration.scale > 1 else 'smaller'} than"
    )
    if calibration.scale_of and height is not None:
        aim = f"{calibration.scale_of} fit a stature of {height:.2f} m"
    else:
        aim = f"it fits the {calibration.scale_from}"
    spread = calibration.scale_spread
    even = "one frame gave it" if spread is None else f"the factor varies by {100 * spread:.1f} % over the frames"
    return f"the body was made {kept} the {whose}estimate so that {aim}, and all lengths and speeds with it; {even}"


_HARDLY = 0.05  # percent, which rounds to nothing
