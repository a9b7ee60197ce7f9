"""What a person can choose, checked once."""

import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from posedetector.calibration import Camera
from posedetector.downloads import Told
from posedetector.errors import InputError
from posedetector.estimators import EstimatorOptions
from posedetector.kinematics.nouns import MOVEMENTS, Movement
from posedetector.lenses import Lens
from posedetector.lifters import LifterOptions
from posedetector.subject import Subject
from posedetector.video import Selection

# option, least and greatest value, unit; wider than anything sensible, and narrow enough to compute with
_POSITIVE = {
    "focal_length": ("--focal-length", 1.0, 1e6, "pixels"),
    "fov": ("--fov", 0.01, 170.0, "degrees along the longer side"),
    "cutoff": ("--cutoff", 0.1, 1e4, "Hz"),
    "fps": ("--fps", 1e-3, 1e5, "frames per second"),
    "capture_fps": ("--capture-fps", 1e-3, 1e5, "frames per second"),
    "duration": ("--duration", 1e-6, 1e9, "seconds"),
}
_SHARES = {"min_score": "--min-score", "bbox_thr": "--bbox-thr", "tracking_thr": "--tracking-thr"}
_COUNTS = {
    "person": "--person",
    "detect_every": "--detect-every",
    "batch_size": "--batch-size",
}
_BELT = (0.1, 8.0)  # metres per second, of treadmills
RUNTIMES = ("torch", "compile", "onnx")
# What does nothing for other estimators than these is refused with them
_TOP_DOWN = ("rtmw3d", "openmmlab")
_BELONGS = {
    "runtime": ("--runtime", ("rtmw3d",)),
    "pose_config": ("--pose-config", ("openmmlab",)),
    "detector_config": ("--det-config", ("openmmlab",)),
    "detector_checkpoint": ("--detector-checkpoint", _TOP_DOWN),
    "bbox_thr": ("--bbox-thr", _TOP_DOWN),
    "detect_every": ("--detect-every", _TOP_DOWN),
    "batch_size": ("--batch-size", _TOP_DOWN),
}
# What looks ahead, and how it is switched off: the value that --online takes for it, and the option
_ONLINE: dict[str, tuple[Any, str]] = {
    "refine": (False, "--refine"),
    "cutoff": (None, "--cutoff"),
    "max_gap": (0.0, "--max-gap"),
    "batch_size": (1, "--batch-size"),
    "augment_markers": (False, "--augment-markers"),
}


class Settings(BaseModel):
    """One analysis; lengths in metres, times in seconds, `focal_length` in pixels, `fov` in degrees, `cutoff` in Hz.

    `start` and `end` count from the video's first frame, `duration` from the start, all in seconds as the video is stored, whatever
    `capture_fps` says; `every` 2 is every second frame.
    With `online`, what looks ahead is off (refine, cutoff, max_gap, batches of frames), and refused where it was asked for.
    `joined` are the numbers of those who are `person` too, whom the detector lost in between. `movement` is what the subject does, of
    MOVEMENTS: that alone is sought.
    A `max_persons` below 0 is no limit. `mirrored` images are mirrored back before they are looked at. `debug` lets the networks'
    own messages through to the terminal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    video: str
    subject: Subject
    estimator: str = "mediapipe"
    model: str | None = None
    pose_checkpoint: Path | None = None
    detector_checkpoint: Path | None = None
    pose_config: str | None = None
    detector_config: str | None = None
    runtime: str = "torch"
    batch_size: int | None = None
    detect_every: int = 5
    bbox_thr: float = 0.3
    max_persons: int = 4
    person: int = 1
    joined: tuple[int, ...] = ()
    use_oks_tracking: bool = False
    tracking_thr: float | None = None
    online: bool = False
    lifter: str = "native"
    lifter_model: str | None = None
    lifter_like: str | None = None
    flip: bool = True
    device: str = "auto"
    refine: bool = True
    estimate_missing: bool = False
    augment_markers: bool = False
    min_score: float = 0.2
    max_gap: float = 0.25
    focal_length: float | None = None
    calibration: Path | None = None
    calibration_camera: str | None = None
    fov: float | None = None
    camera_level: bool = False
    treadmill_speed: float | None = None
    movement: Movement = "auto"
    cutoff: float | None = 6.0
    fps: float | None = None
    capture_fps: float | None = None
    duration: float | None = None
    start: float = 0.0
    end: float | None = None
    every: int = 1
    mirrored: bool = False
    debug: bool = False

    @model_validator(mode="before")
    @classmethod
    def _check_movement(cls, given: dict[str, Any]) -> dict[str, Any]:
        movement = given.get("movement", "auto")
        if movement not in MOVEMENTS:
            raise InputError(f"--movement is {', '.join(MOVEMENTS[:-1])} or {MOVEMENTS[-1]}, got {movement!r}")
        if given.get("treadmill_speed") is not None and movement not in ("auto", "gait"):
            raise InputError(f"--treadmill-speed goes with gait, not with --movement {movement}")
        return given

    @model_validator(mode="before")
    @classmethod
    def _look_back_only(cls, given: dict[str, Any]) -> dict[str, Any]:
        if not given.get("online"):
            return given
        for name, (off, option) in _ONLINE.items():
            if (value := given.get(name, off)) != off and not (name == "batch_size" and value is None):
                raise InputError(
                    f"--online uses no later frame, and {option} {_said(value)}does: leave one of them out"
                )
        return given | {name: off for name, (off, _) in _ONLINE.items()}

    @model_validator(mode="after")
    def _check_ranges(self) -> "Settings":
        for name, (option, least, most, unit) in _POSITIVE.items():
            value = getattr(self, name)
            also = ", or 0 to switch it off" if name == "cutoff" else ""
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"{option} must be greater than 0{also}, got {value:g}")
            if value is not None and not least <= value <= most:
                raise InputError(f"{option} is in {unit} and must lie in {least:g}–{most:g}{also}, got {value:g}")
        for name, option in _SHARES.items():
            if (value := getattr(self, name)) is not None and not 0 <= value < 1:
                raise InputError(f"{option} must lie in 0–1, got {getattr(self, name):g}")
        for name, option in _COUNTS.items():
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{option} counts from 1, got {value}")
        speed = self.treadmill_speed
        if speed is not None and not _BELT[0] <= speed <= _BELT[1]:
            also = f"; did you mean {speed / 3.6:.3g}?" if _BELT[0] <= speed / 3.6 <= _BELT[1] else ""
            raise InputError(
                f"--treadmill-speed is in metres per second and must lie in {_BELT[0]:g}–{_BELT[1]:g}, got {speed:g}{also}"
            )
        if self.max_persons == 0:
            raise InputError("--max-persons must not be 0; below 0, everybody is followed")
        return self

    @model_validator(mode="after")
    def _check_clock(self) -> "Settings":
        if self.fps is not None and self.capture_fps is not None:
            raise InputError("--fps and --capture-fps both say how fast a folder of images was captured; give one")
        return self

    @model_validator(mode="after")
    def _check_persons(self) -> "Settings":
        if len({self.person, *self.joined}) <= len(self.joined) or min(self.joined, default=1) < 1:
            raise InputError(
                f"--person joins different numbers from 1 on, got {'+'.join(map(str, (self.person, *self.joined)))}"
            )
        return self

    @model_validator(mode="after")
    def _check_sense(self) -> "Settings":
        if self.fov is not None and self.focal_length is not None:
            raise InputError("--focal-length and --fov say the same thing; give one")
        self._check_calibration()
        if self.runtime not in RUNTIMES:
            raise InputError(f"--runtime is {', '.join(RUNTIMES[:-1])} or {RUNTIMES[-1]}, got {self.runtime!r}")
        for name, (option, estimators) in _BELONGS.items():
            usual = _ONLINE[name][0] if self.online and name in _ONLINE else type(self).model_fields[name].default
            if self.estimator not in estimators and getattr(self, name) != usual:
                raise InputError(f"{option} goes with --estimator {' or '.join(estimators)}, not with {self.estimator}")
        if self.device != "auto" and self.estimator not in _TOP_DOWN and self.lifter == "native":
            raise InputError("--device goes with --estimator rtmw3d or openmmlab, or with --use-videopose3d")
        if self.augment_markers and self.subject.mass is None:
            raise InputError("--augment-markers wants to know how heavy the person is: give --mass in kilograms")
        if self.end is not None and self.duration is not None:
            raise InputError("--end and --duration both say where reading ends; give one")
        _ = self.selection  # which checks itself
        if not self.max_gap >= 0:
            raise InputError(f"--max-gap is in seconds and must not be negative, got {self.max_gap:g}")
        return self

    def _check_calibration(self) -> None:
        if self.calibration is not None and (self.fov is not None or self.focal_length is not None):
            raise InputError("--calibration says the focal length too: leave out --focal-length and --fov")
        if self.calibration_camera is not None and self.calibration is None:
            raise InputError("--calibration-camera names a camera of a file: give that with --calibration")

    @property
    def selection(self) -> Selection:
        """The part of the video that is analysed, without what `duration` says; raises InputError."""
        return Selection(self.start, self.end, self.every)

    @property
    def camera(self) -> Camera:
        """What is known of the camera, but for what a calibration file says."""
        return Camera(self.focal_length, self.fov, self.camera_level)

    def for_estimator(
        self, focal_length: float, told: Told | None = None, lens: Lens | None = None
    ) -> EstimatorOptions:
        """Return what concerns the estimator; `focal_length` in pixels of this video."""
        return EstimatorOptions(
            model=self.model,
            checkpoint=self.pose_checkpoint,
            max_persons=sys.maxsize if self.max_persons < 0 else self.max_persons,
            download_progress=told,
            detector_checkpoint=self.detector_checkpoint,
            pose_config=self.pose_config,
            detector_config=self.detector_config,
            device=self.device,
            runtime=self.runtime,
            batch_size=self.batch_size,
            detect_every=self.detect_every,
            bbox_thr=self.bbox_thr,
            focal_length=focal_length,
            to_ideal=None if lens is None else lens.to_ideal,
            debug=self.debug,
        )

    def for_lifter(self, told: Told | None = None) -> LifterOptions:
        """Return what concerns the lifter."""
        return LifterOptions(self.lifter_model, self.lifter_like, self.flip, self.device, told, self.online)


def parse_persons(text: str) -> tuple[int, ...]:
    """Return the numbers in `2` or `2+3`, the least first; raises InputError."""
    try:
        return tuple(sorted(int(number) for number in text.split("+")))
    except ValueError:
        raise InputError(
            f"--person is a number, or the numbers of one person who was found as several, such as 2+3; got {text!r}"
        ) from None


def _said(value: Any) -> str:
    return "" if value is True else f"{value:g} "
