"""Seam 2: from 2D points to a 3D pose of unknown size.

A lifter remaps and resamples for itself, because only it knows the layout and the frame rate of its checkpoint. To add
one, write a file beside this one with a class that fulfils `Lifter` and a subclass of `LifterSettings` (as `estimators` says), and
name the settings in LIFTERS: `Settings(lifter="that-name")` takes it from then on, and with a `summary`, the help of its flag, so does `--use-that-name`.
"""

from posedetector.lifters.base import ALONE, DepthErrors, Lifter, LifterContext, LifterSettings
from posedetector.lifters.native import NativeSettings
from posedetector.lifters.videopose3d_settings import VideoPose3DSettings
from posedetector.options import chosen

__all__ = [
    "ALONE",
    "LIFTERS",
    "DepthErrors",
    "Lifter",
    "LifterContext",
    "LifterSettings",
    "NativeSettings",
    "VideoPose3DSettings",
    "lifter_settings",
    "make_lifter",
]

LIFTERS: dict[str, type[LifterSettings]] = {"native": NativeSettings, "videopose3d": VideoPose3DSettings}


def lifter_settings(given: object) -> LifterSettings:
    """Return the settings that a name, a dict with a name, or settings stand for; raises InputError."""
    settings: LifterSettings = chosen(given, LIFTERS, LifterSettings)
    return settings


def make_lifter(settings: LifterSettings | str, context: LifterContext = ALONE) -> Lifter:
    """Build the lifter of these settings, or of this name as it usually is; raises InputError or WeightsError."""
    return lifter_settings(settings).make(context)
