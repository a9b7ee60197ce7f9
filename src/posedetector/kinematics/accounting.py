"""What the account says of the angles, the gait and the masses."""

from collections.abc import Iterator

import numpy as np

from posedetector.account import Entry, GradeRecord, KinematicsRecord, Note, caution, info
from posedetector.camera_motion import NOT_WATCHED, CameraMotion
from posedetector.kinematics.frames import SPINES
from posedetector.kinematics.nouns import Gait, Kinematics
from posedetector.skeletons import Skeleton

_PELVIS = (
    "the line of the hips and that from hips to shoulders: how the pelvis tilts against the trunk is not seen, so hip flexion "
    "has the bending of the back in it, and pelvis_tilt has no value; --augment-markers adds the iliac spines"
)


def entry_of(found: Kinematics, skeleton: Skeleton, motion: CameraMotion = NOT_WATCHED) -> Entry:
    """Return what was found in a pose of these points, filmed by a camera that moved so."""
    gait = found.gait
    record = KinematicsRecord(
        pelvis="the iliac spines" if skeleton.has(*SPINES) else _PELVIS,
        gait=f"{gait.quality}: {gait.reason}" if gait.reason else gait.quality,
        gait_quality=gait.quality,
        repetitions=len(found.repetitions),
        masses=found.masses.table,
        grades={
            name: GradeRecord(
                quality=one.quality,
                reason=one.reason,
                sd_deg=_degrees(one.sd_rad),
                judged_against_deg=_degrees(one.moves_rad),
            )
            for name, one in found.grades.items()
        },
    )
    return Entry({"kinematics": record}, notes=tuple(notes_on_gait(gait, motion)))


def _degrees(angle: float) -> float | None:
    return round(float(np.degrees(angle)), 2) if np.isfinite(angle) else None


def notes_on_gait(gait: Gait, motion: CameraMotion) -> Iterator[Note]:
    """Yield that speed and lengths are relative to a belt, and why gait is doubtful."""
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
