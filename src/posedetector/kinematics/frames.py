"""Axes of the body's segments, from named points: X forward, Y up along the segment, Z to the right, in the anatomical position.

Those of the International Society of Biomechanics (Wu & Cavanagh 1995; Wu et al. 2002, 2005) as far as joint centres show
them. An axis that the points do not show is not made up: the frame is NaN, or the table of angles leaves out what hangs on it.

Arrays are (…, 3) for a point or direction and (…, 3, 3) for a frame, whose columns are X, Y and Z. Unit and frame of the
points do not matter, but that `laboratory` is what they are given in, with Y up.
"""

from collections.abc import Callable

import numpy as np

from posedetector.arrays import unit
from posedetector.pose import Array
from posedetector.skeletons import Skeleton

# Below the first, a knee's own axis is lost in the error of its points, and the foot shows it; from the second on it shows
# itself. At 30° of flexion, 1 cm off a shank of 40 cm turns its axis by 3°, at 15° by 6°: judgement.
KNEE_AXIS_HIDDEN, KNEE_AXIS_SEEN = np.radians(15.0), np.radians(30.0)
_NO_DIRECTION = 1e-7
SPINES = ("left_asis", "right_asis", "left_psis", "right_psis")  # of the pelvis


class Landmarks:
    """Points (…, J, 3) that go by name; one that the skeleton lacks is NaN. `right_thigh` names a segment's frame."""

    def __init__(self, skeleton: Skeleton, xyz: Array) -> None:
        self.skeleton = skeleton
        self.xyz = xyz
        self._frames: dict[str, Array] = {}

    def at(self, *names: str) -> Array:
        """Return the middle (…, 3) of these points."""
        if not self.skeleton.has(*names):
            return np.full((*self.xyz.shape[:-2], 3), np.nan)
        return np.asarray(self.xyz[..., self.skeleton.indices(*names), :].mean(axis=-2))

    def both(self, name: str) -> Array:
        """Return the middle (…, 3) of a left and a right point."""
        return self.at(f"left_{name}", f"right_{name}")

    def line(self, start: str, end: str) -> Array:
        """Return the direction (…, 3) from one point to another."""
        return unit(self.at(end) - self.at(start))

    def frame(self, segment: str) -> Array:
        """Return a segment's axes (…, 3, 3); segments in pairs go by `left_thigh` and so on."""
        if segment not in self._frames:
            side, _, name = segment.rpartition("_")
            self._frames[segment] = PAIRED[name](self, side) if side else SINGLE[name](self)
        return self._frames[segment]


def axes(y: Array, z: Array) -> Array:
    """Return the frame (…, 3, 3) whose Y is given, and whose Z is the direction nearest to the one given."""
    y = unit(y)
    x = unit(np.cross(y, z))
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def about(z: Array, x: Array) -> Array:
    """Return the frame (…, 3, 3) whose Z is given, and whose X is the direction nearest to the one given."""
    z = unit(z)
    y = unit(np.cross(z, x))
    return np.stack([np.cross(y, z), y, z], axis=-1)


def bend(points: Landmarks, near: str, joint: str, far: str) -> Array:
    """Return the angle (…) between two segments in radians, 0 when they are in line."""
    cosine = (points.line(near, joint) * points.line(joint, far)).sum(axis=-1)
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))


def _laboratory(points: Landmarks) -> Array:
    return np.broadcast_to(np.eye(3), (*points.xyz.shape[:-2], 3, 3))


def _trunk_line(points: Landmarks) -> Array:
    return unit(points.both("shoulder") - points.both("hip"))


def _trunk(points: Landmarks) -> Array:
    return axes(_trunk_line(points), points.line("left_shoulder", "right_shoulder"))


def _hips(points: Landmarks) -> Array:
    """Z along the hips, Y as near as can be to the trunk's line: tilt of the pelvis against the trunk does not show."""
    z = points.line("left_hip", "right_hip")
    return about(z, np.cross(_trunk_line(points), z))


def _pelvis(points: Landmarks) -> Array:
    """Wu et al. (2002): Z along the anterior spines, X forward in their plane with the middle of the posterior ones.

    Where these are not among the points: the hips' frame.
    """
    if not points.skeleton.has(*SPINES):
        return _hips(points)
    return about(points.line("left_asis", "right_asis"), points.both("asis") - points.both("psis"))


def _neck(points: Landmarks) -> Array:
    head = points.both("ear") if points.skeleton.has("left_ear", "right_ear") else points.at("head")
    across = (
        points.line("left_ear", "right_ear")
        if points.skeleton.has("left_ear", "right_ear")
        else points.line("left_shoulder", "right_shoulder")
    )
    return axes(head - points.both("shoulder"), across)


def _thigh(points: Landmarks, side: str) -> Array:
    return axes(points.line(f"{side}_knee", f"{side}_hip"), _knee_axis(points, side))


def _shank(points: Landmarks, side: str) -> Array:
    return axes(points.line(f"{side}_ankle", f"{side}_knee"), _knee_axis(points, side))


def _knee_axis(points: Landmarks, side: str) -> Array:
    """Return the flexion axis (…, 3): of a bent knee its own; of a straight one the foot's, without a foot the hips'.

    A leg all alone does not show to where its knee bends, and is taken to bend as knees do; so is any that bends backwards by
    more than 22°.
    """
    hip, knee, ankle = (f"{side}_{name}" for name in ("hip", "knee", "ankle"))
    thigh, shank = points.line(knee, hip), points.line(ankle, knee)
    own = _first(np.cross(shank, thigh), _across(thigh))
    other = _first(_foot_axis(points, side), points.line("left_hip", "right_hip"), own)
    share = (bend(points, hip, knee, ankle) - KNEE_AXIS_HIDDEN) / (KNEE_AXIS_SEEN - KNEE_AXIS_HIDDEN)
    share = np.clip(share, 0, 1)[..., None]
    share = share**2 * (3 - 2 * share)
    return unit(share * own + (1 - share) * other)


def _first(*directions: Array) -> Array:
    """Return unit vectors (…, 3): of each frame the first that is a direction at all."""
    found = np.full_like(directions[0], np.nan)
    for one in directions:
        long = np.linalg.norm(one, axis=-1, keepdims=True) > _NO_DIRECTION
        found = np.where(np.isfinite(found) | ~long, found, unit(one))
    return found


def _across(direction: Array) -> Array:
    """Return something at right angles to a direction: of a limb in line, any axis says that it is straight."""
    least = np.eye(3)[np.argmin(np.abs(np.nan_to_num(direction)), axis=-1)]
    return np.asarray(np.cross(direction, least))


def _foot_axis(points: Landmarks, side: str) -> Array:
    """Return what is right of a foot (…, 3), at right angles to it and to its shank."""
    toes = points.line(f"{side}_heel", f"{side}_foot_index")
    return unit(np.cross(toes, points.line(f"{side}_ankle", f"{side}_knee")))


def _ankle(points: Landmarks, side: str) -> Array:
    """Return the shank with the foot's axis: the plane in which the ankle bends is that of shank and foot."""
    return axes(points.line(f"{side}_ankle", f"{side}_knee"), _foot_axis(points, side))


def _foot(points: Landmarks, side: str) -> Array:
    return about(_foot_axis(points, side), points.line(f"{side}_heel", f"{side}_foot_index"))


def _elbow_axis(points: Landmarks, side: str) -> Array:
    arm, forearm = points.line(f"{side}_elbow", f"{side}_shoulder"), points.line(f"{side}_wrist", f"{side}_elbow")
    return _first(np.cross(arm, forearm), _across(arm))


def _arm(points: Landmarks, side: str) -> Array:
    return axes(points.line(f"{side}_elbow", f"{side}_shoulder"), _elbow_axis(points, side))


def _forearm(points: Landmarks, side: str) -> Array:
    return axes(points.line(f"{side}_wrist", f"{side}_elbow"), _elbow_axis(points, side))


def _palm(points: Landmarks, side: str) -> Array:
    """Return what is right of a hand (…, 3) whose palm looks forward: from little finger to index, or back."""
    across = points.line(f"{side}_pinky", f"{side}_index")
    return across if side == "right" else -across


def _wrist(points: Landmarks, side: str) -> Array:
    """Return the forearm, turned about its length as the hand is: what is pronation does not show."""
    forearm = points.line(f"{side}_wrist", f"{side}_elbow")
    return axes(forearm, np.cross(points.frame(f"{side}_hand")[..., 0], forearm))


def _hand(points: Landmarks, side: str) -> Array:
    knuckles = points.at(f"{side}_index", f"{side}_pinky")
    return axes(points.at(f"{side}_wrist") - knuckles, _palm(points, side))


SINGLE: dict[str, Callable[[Landmarks], Array]] = {
    "laboratory": _laboratory,
    "pelvis": _pelvis,
    "trunk": _trunk,
    "neck": _neck,
}
PAIRED: dict[str, Callable[[Landmarks, str], Array]] = {
    "thigh": _thigh,
    "shank": _shank,
    "ankle": _ankle,
    "foot": _foot,
    "arm": _arm,
    "forearm": _forearm,
    "wrist": _wrist,
    "hand": _hand,
}
