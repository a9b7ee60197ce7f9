"""Joint angles: a table of them, and how they are read off the frames of two segments.

Radians inside. An angle is one of the three that bring a segment's frame onto another's, in a stated sequence of axes:

ZXY     about Z of the proximal segment, the floating X, then Y of the distal one (Grood & Suntay 1983): flexion, adduction, rotation
YXZ     heading, then side, then forward: for segments against the laboratory (Baker 2001)
swing   of a segment's long axis from hanging down: its elevation, split into forwards and sidewards; steady up to 180°, where
        three angles in sequence turn over when an arm is lifted sidewards (tilt of Crawford, Yamaguchi & Dickman 1999)

Joint centres do not show how a segment is turned about its own length, so such an angle is only in the table where
other points show it: the thigh's by the shank of a knee bent by 30° or more, else it is NaN.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from posedetector.arrays import derivative, euler_angle, unit
from posedetector.kinematics.derivatives import unwrapped
from posedetector.kinematics.frames import KNEE_AXIS_SEEN, SPINES, Landmarks, bend
from posedetector.kinematics.nouns import JointAngles
from posedetector.pose import Array, MetricPose, Source, is_observed
from posedetector.skeletons import SIDES, Skeleton

LABORATORY = "laboratory"


class Angle(NamedTuple):
    """One row of the table; `{side}` in it is left or right.

    Attributes
    ----------
    points : what it rests on: NaN where one of them is missing. `{head}` is the ears, or the point `head`; `{pelvis}` the iliac
        spines, or hips and shoulders.
    segment, against : names of frames (kinematics/frames.py): which one moves, and against which.
    sequence, part : how the angle is read off, and which of the three it is.
    sign : of the right side; a second one, of the left, where axes point to or from the middle of the body.
    low : degrees; the first value of a clip lies in [low, low + 360), the others follow without jumps.
    positive, neutral : to where it grows, and where it is nought.
    source : whose definition it is.
    bent : a joint between three points that has to be bent by 30° or more, or the angle is NaN; empty for most.
    """

    points: tuple[str, ...]
    segment: str
    against: str
    sequence: str
    part: int
    sign: tuple[int, ...]
    low: float
    positive: str
    neutral: str
    source: str
    bent: tuple[str, ...] = ()


_HIPS, _SHOULDERS, _EARS = (tuple(f"{side}_{name}" for side in SIDES) for name in ("hip", "shoulder", "ear"))
_LEG = ("{side}_hip", "{side}_knee", "{side}_ankle")
_FOOT = ("{side}_knee", "{side}_ankle", "{side}_heel", "{side}_foot_index")
_ARM = ("{side}_shoulder", "{side}_elbow", "{side}_wrist")
_HAND = ("{side}_elbow", "{side}_wrist", "{side}_index", "{side}_pinky")
_TRUNK = (*_HIPS, *_SHOULDERS)
_WU2002, _WU2005 = "Wu et al. 2002", "Wu et al. 2005"
_GROOD = "Grood & Suntay 1983"
_BAKER = "Baker 2001"
_ANATOMICAL = "anatomical position"

_TABLE: dict[str, Angle] = {
    "pelvis_tilt": Angle(
        SPINES, "pelvis", LABORATORY, "YXZ", 2, (-1,), -180, "forwards", "iliac spines level", f"{_WU2002}; {_BAKER}"
    ),
    "pelvis_obliquity": Angle(
        ("{pelvis}",), "pelvis", LABORATORY, "YXZ", 1, (1,), -180, "left side up", "hips level", _BAKER
    ),
    "pelvis_rotation": Angle(
        ("{pelvis}",), "pelvis", LABORATORY, "YXZ", 0, (1,), -180, "to the left", "facing the camera", _BAKER
    ),
    "trunk_flexion": Angle(
        _TRUNK, "trunk", LABORATORY, "YXZ", 2, (-1,), -180, "forwards", "upright", f"sequence of {_BAKER}"
    ),
    "trunk_side_bend": Angle(
        _TRUNK, "trunk", LABORATORY, "YXZ", 1, (1,), -180, "to the right", "upright", f"sequence of {_BAKER}"
    ),
    "trunk_rotation": Angle(
        (*_TRUNK, "{pelvis}"),
        "trunk",
        "pelvis",
        "ZXY",
        2,
        (1,),
        -180,
        "to the left",
        "shoulders parallel to hips",
        _WU2002,
    ),
    "neck_flexion": Angle(
        (*_TRUNK, "{head}"),
        "neck",
        "trunk",
        "ZXY",
        0,
        (-1,),
        -180,
        "forwards",
        "ears (eyes) in line with trunk",
        _WU2002,
    ),
    "neck_side_bend": Angle(
        (*_TRUNK, "{head}"), "neck", "trunk", "ZXY", 1, (1,), -180, "to the right", "in line with trunk", _WU2002
    ),
    "neck_rotation": Angle(
        (*_TRUNK, *_EARS), "neck", "trunk", "ZXY", 2, (1,), -180, "to the left", "ears parallel to shoulders", _WU2002
    ),
    "{side}_hip_flexion": Angle(
        ("{pelvis}", *_LEG[:2]), "{side}_thigh", "pelvis", "ZXY", 0, (1,), -180, "thigh forwards", _ANATOMICAL, _WU2002
    ),
    "{side}_hip_adduction": Angle(
        ("{pelvis}", *_LEG[:2]),
        "{side}_thigh",
        "pelvis",
        "ZXY",
        1,
        (1, -1),
        -180,
        "thigh inwards",
        _ANATOMICAL,
        _WU2002,
    ),
    "{side}_hip_rotation": Angle(
        ("{pelvis}", *_LEG), "{side}_thigh", "pelvis", "ZXY", 2, (1, -1), -180, "inwards", _ANATOMICAL, _WU2002, _LEG
    ),
    "{side}_knee_flexion": Angle(
        _LEG, "{side}_shank", "{side}_thigh", "ZXY", 0, (-1,), -90, "shank backwards", "joint centres in line", _GROOD
    ),
    "{side}_ankle_dorsiflexion": Angle(
        _FOOT, "{side}_foot", "{side}_ankle", "ZXY", 0, (1,), -180, "toes up", "sole at right angles to shank", _WU2002
    ),
    "{side}_shoulder_flexion": Angle(
        (*_TRUNK, *_ARM[:2]),
        "{side}_arm",
        "trunk",
        "swing",
        0,
        (1,),
        -180,
        "arm forwards",
        "arm along trunk",
        "Crawford et al. 1999",
    ),
    "{side}_shoulder_abduction": Angle(
        (*_TRUNK, *_ARM[:2]),
        "{side}_arm",
        "trunk",
        "swing",
        1,
        (1, -1),
        -180,
        "arm outwards",
        "arm along trunk",
        "Crawford et al. 1999",
    ),
    "{side}_shoulder_elevation": Angle(
        (*_TRUNK, *_ARM[:2]), "{side}_arm", "trunk", "swing", 2, (1,), 0, "arm up", "arm along trunk", _WU2005
    ),
    "{side}_elbow_flexion": Angle(
        _ARM, "{side}_forearm", "{side}_arm", "ZXY", 0, (1,), -90, "forearm forwards", "joint centres in line", _WU2005
    ),
    "{side}_wrist_flexion": Angle(
        _HAND, "{side}_hand", "{side}_wrist", "ZXY", 0, (1,), -180, "palm to forearm", "in line with forearm", _WU2005
    ),
    "{side}_wrist_deviation": Angle(
        _HAND,
        "{side}_hand",
        "{side}_wrist",
        "ZXY",
        1,
        (1, -1),
        -180,
        "to the little finger",
        "in line with forearm",
        _WU2005,
    ),
}


def _expanded(table: dict[str, Angle]) -> dict[str, Angle]:
    """Return the table with a row for each side."""
    rows: dict[str, Angle] = {}
    for name, row in table.items():
        for number, side in enumerate(SIDES) if "{side}" in name else ((1, ""),):
            rows[name.format(side=side)] = row._replace(
                points=tuple(point.replace("{side}", side) for point in row.points),
                bent=tuple(point.replace("{side}", side) for point in row.bent),
                segment=row.segment.format(side=side),
                against=row.against.format(side=side),
                sign=(row.sign[0] if number else row.sign[-1],),
            )
    return rows


ANGLES: dict[str, Angle] = _expanded(_TABLE)


def points_of(name: str, skeleton: Skeleton) -> tuple[str, ...]:
    """Return the points that an angle rests on in this skeleton, which may lack some."""
    stand_ins = {
        "{head}": _EARS if skeleton.has(*_EARS) else ("head",),
        "{pelvis}": SPINES if skeleton.has(*SPINES) else _TRUNK,
    }
    return tuple(dict.fromkeys(point for one in ANGLES[name].points for point in stand_ins.get(one, (one,))))


def angles_of(points: Landmarks, names: Iterable[str] = tuple(ANGLES)) -> Array:
    """Return angles (…, A) in radians, as they are read off: neither unwrapped nor in their ranges."""
    return np.stack([_angle(points, name, ANGLES[name]) for name in names], axis=-1)


def axis_of(points: Landmarks, name: str) -> Array:
    """Return the axis (…, 3) that an angle turns about, a unit vector; NaN where it is not shown."""
    row = ANGLES[name]
    near, far = points.frame(row.against), points.frame(row.segment)
    if row.sequence == "swing":
        return np.asarray((near[..., 2], near[..., 0], unit(np.cross(near[..., 1], far[..., 1])))[row.part])
    first, last = (2, 1) if row.sequence == "ZXY" else (1, 2)
    floating = unit(
        np.cross(far[..., 1], near[..., 2]) if row.sequence == "ZXY" else np.cross(near[..., 1], far[..., 2])
    )
    return np.asarray((near[..., first], floating, far[..., last])[row.part])


def joint_angles(pose: MetricPose) -> JointAngles:
    """Return every angle of the table; those of points that the skeleton lacks are NaN throughout.

    The standard deviations are those of `pose.spread`. Where one of an angle's points was mirrored there is none: the
    angle is not that of the body which was fitted.
    """
    found = angles_of(Landmarks(pose.skeleton, pose.xyz))
    shape = found.shape
    values, sd, velocity, acceleration, seen = (np.full(shape, np.nan) for _ in range(5))
    fitted = {} if pose.spread is None else pose.spread.angles
    for column, (name, row) in enumerate(ANGLES.items()):
        values[:, column] = unwrapped(found[:, column], np.radians(row.low))
        velocity[:, column] = derivative(values[:, column], pose.time)
        acceleration[:, column] = derivative(velocity[:, column], pose.time)
        points = points_of(name, pose.skeleton)
        if not pose.skeleton.has(*points):
            seen[:, column] = 0.0
            continue
        source = pose.source[:, pose.skeleton.indices(*points)]
        seen[:, column] = is_observed(source).mean(axis=1)
        if name in fitted:
            own = np.isfinite(values[:, column]) & (source != Source.MIRRORED).all(axis=1)
            sd[own, column] = fitted[name][own]
    return JointAngles(pose.time, tuple(ANGLES), values, sd, velocity, acceleration, seen)


def _angle(points: Landmarks, name: str, row: Angle) -> Array:
    rests_on = points_of(name, points.skeleton)
    if not points.skeleton.has(*rests_on):
        return np.full(points.xyz.shape[:-2], np.nan)
    turn = np.swapaxes(points.frame(row.against), -1, -2) @ points.frame(row.segment)
    angle = _swing(turn, row.part) if row.sequence == "swing" else euler_angle(turn, row.sequence, row.part)
    value = row.sign[0] * angle
    there = np.isfinite(points.xyz[..., points.skeleton.indices(*rests_on), :]).all(axis=(-1, -2))
    if row.bent:
        there &= bend(points, *row.bent) >= KNEE_AXIS_SEEN
    return np.where(there, value, np.nan)


def _swing(turn: Array, part: int) -> Array:
    forward, up, right = (-turn[..., 0, 1], turn[..., 1, 1], -turn[..., 2, 1])
    aside = np.hypot(forward, right)
    elevation = np.arctan2(aside, up)
    if part == 2:
        return np.asarray(elevation)
    return np.asarray(elevation * (forward, right)[part] / np.maximum(aside, 1e-12))
