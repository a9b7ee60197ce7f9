"""How far each angle can be trusted in a clip: by what the fit leaves open, and by where the camera stood.

`good`: the value may be read, within its interval; `weak`: uncertain, so only large differences mean something; `poor`: not to be
reported. What decides is the fit's standard deviation against how far the angle moves, and whether the camera sees that movement: one about an axis that points at the camera is seen
whole (90°), one about an axis across the line of sight is seen edge-on (0°) and hardly changes the image.

The thresholds come from 904 angles of 48 clips of filmed motion capture (benchmarks/grades.py has the table): where the deviation is
less than a quarter of the range, the mean error is a tenth of it and curves run alike (r 0.93 in the median); up to half, a quarter
and 0.65; beyond 0.7, half of the range and 0.3. Seen edge-on, hips and knees err by 11° in place of 7°.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posedetector.arrays import median, unit
from posedetector.kinematics.angles import ANGLES, axis_of
from posedetector.kinematics.frames import Landmarks
from posedetector.kinematics.nouns import Grade, JointAngles, Quality
from posedetector.kinematics.stretches import Stretches, extremes_in
from posedetector.pose import Array, MetricPose, Noun, settle
from posedetector.skeletons import split_side

# Of the fit's deviation over how far the angle moves
READABLE, REPORTABLE, REPORTABLE_EDGE_ON = 0.25, 0.7, 0.5
EDGE_ON = np.radians(25)
_FROM = np.radians(60)  # more than this towards an axis of the pelvis is "from the side" and so on; a judgement
# How far angles move in walking, degrees (legs after Kadaba, Ramakrishnan & Wootten 1990; trunk and arms a judgement), and no less
# than what people's posture differs by. It is this that a deviation is held against, or somebody who stands still would have only poor angles.
_MOVES = {
    "hip_flexion": 45.0,
    "hip_adduction": 15.0,
    "knee_flexion": 60.0,
    "ankle_dorsiflexion": 30.0,
    "shoulder_flexion": 30.0,
    "shoulder_elevation": 20.0,
    "elbow_flexion": 40.0,
    "wrist_flexion": 30.0,
    "wrist_deviation": 30.0,
}
_ELSE = 10.0
# Degrees that no joint passes: some 20° beyond usual ranges of motion (Norkin & White 2016), since fits err. An angle that does so in
# more frames than `_STRAYS` (a judgement) is that of a misread body.
_REACHES = {
    "hip_flexion": (-50.0, 160.0),
    "knee_flexion": (-30.0, 175.0),
    "ankle_dorsiflexion": (-75.0, 55.0),
    "elbow_flexion": (-30.0, 175.0),
    "trunk_flexion": (-60.0, 160.0),
}
_STRAYS = 0.02
_TRUE = 0.5  # of a measured range that counts as movement, since errors widen it; a judgement
# how such a reason begins; the numbers follow
_PLANES = {
    ("ZXY", 0): "sagittal",
    ("ZXY", 1): "frontal",
    ("YXZ", 1): "frontal",
    ("YXZ", 2): "sagittal",
    ("swing", 0): "sagittal",
    ("swing", 1): "frontal",
}
_OTHER = {"ZXY": "a turn about a long axis", "YXZ": "a turn about the vertical", "swing": "lifting the arm"}
# What is read first: named where words are few
READ = (
    *("hip_flexion", "knee_flexion", "ankle_dorsiflexion", "hip_adduction", "pelvis_obliquity", "pelvis_tilt"),
    *("trunk_flexion", "trunk_side_bend", "shoulder_elevation", "elbow_flexion"),
)


@dataclass(frozen=True, slots=True, eq=False)
class View(Noun):
    """From where the camera sees the body.

    Attributes
    ----------
    sight : (T, 3) unit vectors from the camera to the middle of the hips, laboratory; NaN where these are unknown.
    """

    sight: Array

    def __post_init__(self) -> None:
        settle(self, sight=(-1, 3))

    @classmethod
    def of(cls, pose: MetricPose, camera: Array) -> "View":
        """Return the view from a camera at this place (3,), metres, laboratory."""
        return cls(unit(pose.root - camera))


def grade(
    pose: MetricPose, angles: JointAngles, stretches: Callable[[str], Stretches], view: View | None = None
) -> dict[str, Grade]:
    """Return the grade of each angle that has a value; of none where neither a deviation nor the view is known.

    `stretches` says by side which moments count. Without a fit, or of an angle that was not fitted, no error is known: it is
    graded by the view alone, and never good.
    """
    points = Landmarks(pose.skeleton, pose.xyz)
    found = {}
    for column, name in enumerate(angles.names):
        own = stretches(split_side(name)[0])
        known = np.isfinite(angles.values[:, column])
        if not known.any():
            continue
        inside = known & own.rows(angles.time)
        counted: NDArray[np.bool_] = inside if inside.any() else known
        sd = median(angles.sd[counted, column])
        facing = np.nan if view is None else _facing(axis_of(points, name), view.sight, counted)
        if np.isnan(sd) and np.isnan(facing):
            continue
        ends = extremes_in(angles, column, own)
        moves = max(np.radians(_MOVES.get(split_side(name)[1], _ELSE)), _TRUE * _mean(ends.high - ends.low))
        where = "" if view is None else _where(points, view.sight, counted)
        if beyond := _beyond(name, angles.values[known, column]):
            found[name] = Grade("poor", beyond, sd)
            continue
        found[name] = _graded(name, sd, float(moves), facing, where)
    return found


def _beyond(name: str, values: Array) -> str:
    """Return why an angle cannot be a body's; nothing where it can."""
    low, high = _REACHES.get(split_side(name)[1], (-np.inf, np.inf))
    degrees = np.degrees(values)
    if ((degrees < low) | (degrees > high)).mean() <= _STRAYS:
        return ""
    return f"it goes from {degrees.min():.0f} to {degrees.max():.0f}°, which no joint does: the body was misread"


def _graded(name: str, sd: float, moves: float, facing: float, where: str) -> Grade:
    edge_on = facing < EDGE_ON  # False where it is unknown
    small = _MOVES.get(split_side(name)[1], _ELSE) < _MOVES["ankle_dorsiflexion"]
    ratio = sd / moves
    if np.isnan(sd):
        poor = edge_on and small
        why = _seen_so(name, where) if edge_on else "not fitted, so its error is not known: judged by the view alone"
        return Grade("poor" if poor else "weak", why)
    poor = ratio > (REPORTABLE_EDGE_ON if edge_on else REPORTABLE)
    if not edge_on and ratio <= READABLE:
        return Grade("good", "", sd, moves)
    why = _seen_so(name, where) if edge_on else "its uncertainty is large against how far it moves"
    return Grade("poor" if poor else "weak", why, sd, moves)


def _seen_so(name: str, where: str) -> str:
    row = ANGLES[name]
    plane = _PLANES.get((row.sequence, row.part))
    what = f"movement in the {plane} plane" if plane else _OTHER[row.sequence]
    return f"seen {where}, {what} hardly changes the image"


def _where(points: Landmarks, sight: Array, rows: NDArray[np.bool_]) -> str:
    pelvis = points.frame("pelvis")
    for number, word in enumerate(("from the front or back", "from above or below", "from the side")):
        if _facing(pelvis[..., number], sight, rows) >= _FROM:
            return word
    return "from this direction"


def _facing(axis: Array, sight: Array, rows: NDArray[np.bool_]) -> float:
    """Return the typical angle between the line of sight and the plane at right angles to an axis (T, 3), radians."""
    return float(np.arcsin(np.clip(median(np.abs((axis * sight).sum(axis=-1))[rows]), 0, 1)))


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else 0.0


def in_words(grades: Mapping[str, Grade], joints: Iterable[str] = READ) -> list[str]:
    """Return a sentence for each reason why angles of these joints (names without a side) are poor or weak, the poor first."""
    joints = tuple(joints)
    return [
        *(f"Not to be reported: {one}." for one in _listed(grades, joints, "poor")),
        *(f"Weak, only large differences count: {one}." for one in _listed(grades, joints, "weak")),
    ]


def withheld(grades: Mapping[str, Grade], joints: Iterable[str]) -> list[str]:
    """Return a line for each reason why a figure does not show angles of these joints (names without a side)."""
    return [f"Not shown: {one}." for one in _listed(grades, joints, "poor")]


def _listed(grades: Mapping[str, Grade], joints: Iterable[str], quality: Quality) -> Iterator[str]:
    """Yield the angles of a quality, those of one reason together."""
    reasons: dict[str, dict[str, list[str]]] = {}
    for joint in joints:
        for side in ("left", "right", ""):
            one = grades.get(f"{side}_{joint}" if side else joint)
            if one is not None and one.quality == quality:
                reasons.setdefault(one.reason, {}).setdefault(joint, []).append(side)
    for why, named in reasons.items():
        yield f"{', '.join(_named(joint, sides) for joint, sides in named.items())} ({why})"


def _named(joint: str, sides: list[str]) -> str:
    words = joint.replace("_", " ")
    return f"{sides[0]} {words}" if sides in (["left"], ["right"]) else words
