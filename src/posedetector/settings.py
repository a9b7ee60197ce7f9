"""What a person can choose about an analysis, declared and checked once; the command line is derived from it."""

import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializeAsAny,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from posedetector.errors import InputError
from posedetector.estimators import (
    ESTIMATORS,
    EstimatorContext,
    EstimatorSettings,
    MediaPipeSettings,
    estimator_settings,
)
from posedetector.lifters import LifterContext, LifterSettings, NativeSettings, lifter_settings
from posedetector.options import COUNT, SHARE, Flag, Options, listed, within
from posedetector.subject import Movement, Subject

if TYPE_CHECKING:
    from posedetector.calibration import Camera
    from posedetector.downloads import Told
    from posedetector.lenses import Lens
    from posedetector.video import Selection

# What looks ahead, and its value where it is switched off
_LOOKING_AHEAD: dict[str, Any] = {"refine": False, "cutoff": None, "max_gap": 0.0, "augment_markers": False}
_FPS = within(1e-3, 1e5, "frames per second")


def parse_persons(text: str) -> tuple[int, ...]:
    """Return the numbers in `2` or `2+3`, the least first; raises InputError."""
    try:
        return tuple(sorted(int(number) for number in text.split("+")))
    except ValueError:
        raise InputError(
            f"`person` is a number, or the numbers of one person who was found as several, such as 2+3; got {text!r}",
            field="person",
        ) from None


def _source(given: Any) -> Any:
    """Return a path or the number of a camera as text."""
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    return os.fspath(given) if isinstance(given, os.PathLike) else given


def _again(subject: Subject) -> Subject:
    """Return the subject checked anew: the lengths of bones are in a dict, which somebody may have changed since."""
    return type(subject)(**{name: getattr(subject, name) for name in subject.model_fields_set})


def _some(count: int) -> int:
    if count == 0:
        raise ValueError("must not be 0; below 0, everybody is followed")
    return count


def _low_pass(frequency: float | None) -> float | None:
    if frequency == 0:
        raise ValueError("is in Hz, and None where there is to be no low-pass; got 0")
    return frequency


def _is_true(given: Any) -> bool:
    """Tell whether something given for a bool is taken for True: 1 and "yes" are."""
    try:
        return TypeAdapter(bool).validate_python(given)
    except ValidationError:
        return False  # which the field itself refuses


INPUT, PEOPLE, CAMERA, PROCESSING = Flag("Input"), Flag("People"), Flag("Camera"), Flag("Processing")


class Settings(Options):
    """One analysis; lengths in metres, times in seconds, `focal_length` in pixels, `fov` in degrees, `cutoff` in Hz.

    `video` is a file, an address, an image, a folder of images, or the number of a camera. `start` and `end` count from the video's
    first frame, `duration` from the start, all in seconds as the video is stored, whatever `capture_fps` says; `every` 2 is every
    second frame.
    `estimator` and `lifter` are settings such as `RTMW3DSettings(model="x")`, a dict of these with the name, or the name alone.
    With `online`, what looks ahead is off (refine, cutoff, max_gap, batches of frames), and refused where it was asked for.
    `joined` are the numbers of those who are `person` too, whom the detector lost in between. `movement` is what the subject does: that
    alone is sought. A `cutoff` of None is no low-pass.
    A `max_persons` below 0 is no limit. `mirrored` images are mirrored back before they are looked at. `debug` lets the networks'
    own messages through to the terminal.

    Raises
    ------
    InputError
        For whatever cannot be used; `field` is the one at fault.
    """

    if TYPE_CHECKING:  # names and dicts are taken for settings, paths and numbers for sources

        def __init__(self, **given: Any) -> None: ...

    video: Annotated[str, BeforeValidator(_source), INPUT] = Field(
        description="File, http(s) URL, image, folder of images, or number of a camera."
    )
    start: Annotated[float, Flag("Input", repeated=True)] = Field(
        0.0,
        description="Start of the part to analyse, in seconds from the first frame as a player shows them. Repeat `start` and `end` for "
        "several parts, each with its own results.",
    )
    end: Annotated[float | None, Flag("Input", usual="the end of the video", repeated=True)] = Field(
        None, description="End of the part to analyse, in seconds from the first frame."
    )
    duration: Annotated[float | None, INPUT, within(1e-6, 1e9, "seconds")] = Field(
        None, description="Seconds to analyse from `start` on; everything, or 10 from a camera."
    )
    every: Annotated[int, INPUT, COUNT] = Field(
        1, description="Analyse every Nth frame only; times stay those of the video."
    )
    fps: Annotated[float | None, Flag("Input", usual="30"), _FPS] = Field(
        None, description="Numbers per second of a folder of images: image 12 is at 12 / fps seconds."
    )
    capture_fps: Annotated[float | None, Flag("Input", usual="what the file says"), _FPS] = Field(
        None,
        description="Frame rate at which the video was captured, where it is stored at another (slow motion, time lapse). Times in the "
        "results are those of the capture.",
    )
    mirrored: Annotated[bool, INPUT] = Field(
        False, description="The images are mirrored (front camera): mirror them back, so that left is left."
    )
    subject: Annotated[Subject, AfterValidator(_again)]
    person: Annotated[int, Flag("People", metavar="NUMBER", parse=parse_persons), COUNT] = Field(
        1,
        description="Which person to analyse when several are visible: a number of --list-persons, or 2+3 for one who was found as two. "
        "1 is the most prominent, or a person nearly as prominent who walks.",
    )
    joined: tuple[int, ...] = ()
    max_persons: Annotated[int, Flag("People", ("--max-persons", "--num-instances")), AfterValidator(_some)] = Field(
        4, description="How many people to follow at once; all of them below 0."
    )
    use_oks_tracking: Annotated[bool, PEOPLE] = Field(
        False, description="Tell who is who by COCO's keypoint similarity alone, without the boxes' overlap."
    )
    tracking_thr: Annotated[float | None, Flag("People", usual="0.15; 0.3 with `use_oks_tracking`"), SHARE] = Field(
        None, description="Least similarity of the same person's poses."
    )
    estimator: Annotated[SerializeAsAny[EstimatorSettings], BeforeValidator(estimator_settings)] = Field(
        MediaPipeSettings(), description=f"{listed(ESTIMATORS)}; synthetic is a made-up walker, for tests."
    )
    lifter: Annotated[SerializeAsAny[LifterSettings], BeforeValidator(lifter_settings)] = NativeSettings()
    focal_length: Annotated[float | None, CAMERA, within(1, 1e6, "pixels")] = Field(
        None, description="Pixels; assumed when neither this nor `fov` is given."
    )
    fov: Annotated[float | None, CAMERA, within(0.01, 170, "degrees along the longer side")] = Field(
        None, description="Field of view along the picture's longer side, degrees."
    )
    calibration: Annotated[Path | None, CAMERA] = Field(
        None,
        description="Lens calibration: TOML, YAML, XML or JSON of Pose2Sim, anipose, OpenCV or ROS, or Qualisys' XML. Undoes the lens's "
        "distortion; replaces `focal_length` and `fov`.",
    )
    calibration_camera: Annotated[
        str | None, Flag("Camera", usual="the only one, or the one that the clip is called after")
    ] = Field(None, description="Camera in that file.")
    camera_level: Annotated[bool, CAMERA] = Field(
        False, description="The camera is level; else the upright body shows the vertical."
    )
    movement: Annotated[Movement, Flag("Processing", parse=lambda text: text.strip().lower().replace("_", "-"))] = (
        Field(
            "auto",
            description="What the subject does: auto (whatever is found), squat, sit-to-stand, gait or none. Only that is sought, and it "
            "has that name.",
        )
    )
    treadmill_speed: Annotated[
        float | None,
        Flag("Processing", usual="from the stance feet, where a treadmill is recognized"),
        within(0.1, 8, "metres per second", 3.6),
    ] = Field(None, description="Belt speed in m/s of a subject on a treadmill.")
    refine: Annotated[bool, Flag("Processing", ("--refine/--no-refine",))] = Field(
        True, description="Fit one body of constant lengths to the whole clip."
    )
    online: Annotated[bool, PROCESSING] = Field(
        False,
        description="Use no later frame: no refinement, smoothing, outliers, swaps or filled gaps, a causal VideoPose3D, one frame at a "
        "time. `refine`, `cutoff`, `max_gap` and `batch_size` are refused beside it. Size, vertical, floor and whose data it is are the "
        "whole clip's all the same.",
    )
    estimate_missing: Annotated[bool, PROCESSING] = Field(
        False, description="Mirror unseen limbs from the other side; marked as mirrored."
    )
    augment_markers: Annotated[bool, PROCESSING] = Field(
        False,
        description="Add OpenCap's 43 anatomical markers, and take hips, knees, ankles and the pelvis from them. Wants `mass`, feet in "
        "view, and the extra `opensim`.",
    )
    min_score: Annotated[float, Flag("Processing", ("--min-score", "--kpt-thr")), SHARE] = Field(
        0.2, description="Points seen less surely than this count as not seen."
    )
    cutoff: Annotated[
        float | None, Flag("Processing", note="0 switches it off."), AfterValidator(_low_pass), within(0.1, 1e4, "Hz")
    ] = Field(6.0, description="Low-pass in Hz.")
    max_gap: Annotated[float, PROCESSING, within(0, math.inf, "seconds")] = Field(
        0.25, description="Longest gap in seconds that is interpolated."
    )
    debug: bool = False

    @model_validator(mode="before")
    @classmethod
    def _look_back_only(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not _is_true(given.get("online")):
            return given
        for name, off in _LOOKING_AHEAD.items():
            if (value := given.get(name, off)) != off:
                raise _looks_ahead(name, value)
        return given | _LOOKING_AHEAD

    @model_validator(mode="after")
    def _check_sense(self) -> Self:
        batch = getattr(self.estimator, "batch_size", None)
        if self.online and batch not in (None, 1):
            raise _looks_ahead("estimator.batch_size", batch)
        if self.treadmill_speed is not None and self.movement not in ("auto", "gait"):
            raise InputError(
                f"`treadmill_speed` goes with gait, not with `movement={self.movement}`", field="treadmill_speed"
            )
        if self.augment_markers and self.subject.mass is None:
            raise InputError(
                "`augment_markers` wants to know how heavy the person is: give `subject.mass` in kilograms",
                field="subject.mass",
            )
        if len({self.person, *self.joined}) <= len(self.joined) or min(self.joined, default=1) < 1:
            numbers = "+".join(map(str, (self.person, *self.joined)))
            raise InputError(f"`person` joins different numbers from 1 on, got {numbers}", field="joined")
        self._check_camera()
        self._check_part()
        return self

    def _check_camera(self) -> None:
        if self.fov is not None and self.focal_length is not None:
            raise InputError("`focal_length` and `fov` say the same thing; give one", field="fov")
        if self.calibration is not None and (self.fov is not None or self.focal_length is not None):
            raise InputError(
                "`calibration` says the focal length too: leave out `focal_length` and `fov`", field="calibration"
            )
        if self.calibration_camera is not None and self.calibration is None:
            raise InputError(
                "`calibration_camera` names a camera of a file: give that with `calibration`",
                field="calibration_camera",
            )

    def _check_part(self) -> None:
        if self.fps is not None and self.capture_fps is not None:
            raise InputError(
                "`fps` and `capture_fps` both say how fast a folder of images was captured; give one",
                field="capture_fps",
            )
        if self.end is not None and self.duration is not None:
            raise InputError("`end` and `duration` both say where reading ends; give one", field="duration")
        _ = self.selection  # which checks itself

    @property
    def selection(self) -> "Selection":
        """The part of the video that is analysed, without what `duration` says; raises InputError."""
        from posedetector.video import Selection

        return Selection(self.start, self.end, self.every)

    @property
    def camera(self) -> "Camera":
        """What is known of the camera, but for what a calibration file says."""
        from posedetector.calibration import Camera

        return Camera(self.focal_length, self.fov, self.camera_level)

    def for_estimator(
        self, focal_length: float, told: "Told | None" = None, lens: "Lens | None" = None
    ) -> EstimatorContext:
        """Return what a run adds to the estimator's settings; `focal_length` in pixels of this video."""
        return EstimatorContext(
            max_persons=sys.maxsize if self.max_persons < 0 else self.max_persons,
            focal_length=focal_length,
            to_ideal=None if lens is None else lens.to_ideal,
            online=self.online,
            download_progress=told,
            debug=self.debug,
        )

    def for_lifter(self, told: "Told | None" = None) -> LifterContext:
        """Return what a run adds to the lifter's settings."""
        return LifterContext(self.online, told)


def _looks_ahead(name: str, value: Any) -> InputError:
    said = name if value is True else f"{name}={value:g}" if isinstance(value, int | float) else f"{name}={value!r}"
    return InputError(f"`online` uses no later frame, and `{said}` does: leave one of them out", field=name)
