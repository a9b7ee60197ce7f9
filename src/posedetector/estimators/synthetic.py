"""A known person walks before a known camera: the whole road can be tested without weights, network or picture.

The walker's feet stand still on the floor during stance (two-link inverse kinematics puts the knees in between), so
that contacts, events and speed are known exactly. World frame: X right, Y up, Z towards the viewer, metres, floor at
Y = 0; the camera looks along −Z. The walker has the proportions of `anthropometry.STATURE_SHARES`.
"""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np

from posedetector.anthropometry import (
    LEG,
    STATURE_SHARES,
    WALKER_BALL,
    WALKER_FACE,
    WALKER_FINGERS,
    WALKER_HEAD,
    WALKER_HEEL,
)
from posedetector.boxes import box_of
from posedetector.errors import InputError
from posedetector.estimators.base import EstimatorContext, EstimatorSettings, KeypointEstimator
from posedetector.pose import Array, Frame, PersonPose
from posedetector.skeletons import BLAZEPOSE_33, SIDES, Skeleton
from posedetector.weights import LoadedWeights

_UP = np.array([0.0, 1.0, 0.0])
_SOLE = STATURE_SHARES["ankle_height"]
_CROUCHED = 0.945  # of the leg's length: so high above the ankles a walker's hips are


@dataclass(frozen=True)
class Walker:
    """A person who walks straight on at constant speed.

    Attributes
    ----------
    stature : metres.
    speed : metres per second; 0 is a person who marches in place.
    heading : radians; 0 walks to the viewer's right, π/2 towards him.
    start : x, z of the middle of the hips at time 0, metres.
    stride_time : seconds from one contact of a foot to its next.
    """

    stature: float = 1.75
    speed: float = 0.9
    heading: float = 0.0
    start: tuple[float, float] = (-1.2, 0.0)
    stride_time: float = 1.15
    stance_share: float = 0.62

    def positions(self, time: Array) -> Array:
        """Return (T, 33, 3) metres in the world frame, in BlazePose order."""
        time = np.asarray(time, float)
        body = {f"{side}_{name}": path for side in SIDES for name, path in self._side(time, side)}
        forward, _ = self._axes()
        high, before = WALKER_HEAD
        head = self._root(time) + high * self.stature * _UP + before * self.stature * forward
        for name, (ahead, up, out) in WALKER_FACE.items():
            for side, sign in (("left", 1.0), ("right", -1.0)) if out else (("", 0.0),):
                point = head + self.stature * (ahead * forward + up * _UP) + self._out(sign * out * self.stature)
                body[f"{side}_{name}".strip("_")] = point
        return np.stack([body[name] for name in BLAZEPOSE_33.points], axis=1)

    def _axes(self) -> tuple[Array, Array]:
        forward = np.array([np.cos(self.heading), 0.0, np.sin(self.heading)])
        return forward, np.cross(_UP, forward)

    def _out(self, metres: float) -> Array:
        """Towards the walker's left."""
        return metres * self._axes()[1]

    def _phase(self, time: Array, side: str) -> Array:
        """Share of the gait cycle since this foot's last contact."""
        return np.mod(time / self.stride_time + (0.0 if side == "left" else 0.5), 1.0)

    def _root(self, time: Array) -> Array:
        forward, _ = self._axes()
        height = self.stature * (LEG * _CROUCHED + _SOLE) - 0.012 * np.cos(4 * np.pi * time / self.stride_time)
        start = np.array([self.start[0], 0.0, self.start[1]])
        return np.asarray(start + self.speed * time[:, None] * forward + height[:, None] * _UP)

    def _side(self, time: Array, side: str) -> Iterator[tuple[str, Array]]:
        sign = 1.0 if side == "left" else -1.0
        forward, _ = self._axes()
        size, root, phase = self.stature, self._root(time), self._phase(time, side)
        hip = root + self._out(sign * STATURE_SHARES["hips"] / 2 * size)
        ankle, pitch = self._ankle(time, phase, sign)
        knee = _two_link(hip, ankle, STATURE_SHARES["thigh"] * size, STATURE_SHARES["shank"] * size, forward)
        yield from (("hip", hip), ("knee", knee), ("ankle", ankle))
        toe_direction = np.cos(pitch)[:, None] * forward - np.sin(pitch)[:, None] * _UP
        sole_normal = np.sin(pitch)[:, None] * forward + np.cos(pitch)[:, None] * _UP
        sole = ankle - _SOLE * size * sole_normal
        yield "heel", sole - WALKER_HEEL * size * toe_direction
        yield "foot_index", sole + WALKER_BALL * size * toe_direction
        swing = 0.42 * np.cos(2 * np.pi * (phase - 0.5))  # the arm goes with the other leg
        shoulder = (
            root + STATURE_SHARES["trunk"] * size * _UP + self._out(sign * STATURE_SHARES["shoulders"] / 2 * size)
        )
        elbow = shoulder + STATURE_SHARES["upper_arm"] * size * _hanging(swing, forward)
        wrist = elbow + STATURE_SHARES["forearm"] * size * _hanging(swing + 0.35, forward)
        yield from (("shoulder", shoulder), ("elbow", elbow), ("wrist", wrist))
        for finger, spread in (("pinky", 0.02), ("index", -0.02), ("thumb", -0.03)):
            yield finger, wrist + WALKER_FINGERS[finger] * size * _hanging(swing + 0.35 - spread * 10, forward)

    def _ankle(self, time: Array, phase: Array, sign: float) -> tuple[Array, Array]:
        """Return the ankle's path and the foot's pitch (toes down positive, radians)."""
        forward, _ = self._axes()
        size, stride = self.stature, self.speed * self.stride_time
        stance = self.stance_share
        contact = time - phase * self.stride_time
        planted = self.speed * contact + 0.5 * stance * stride - 0.02 * size
        swing = np.clip((phase - stance) / (1 - stance), 0, 1)
        smooth = swing**3 * (10 - 15 * swing + 6 * swing**2)  # minimum jerk (Flash & Hogan, 1985)
        along = planted + stride * smooth
        lift = 0.07 * size * np.sin(np.pi * swing) ** 2
        late = np.clip((phase - 0.6 * stance) / (0.4 * stance), 0, 1)
        pitch = 0.5 * np.sin(0.5 * np.pi * late) ** 2 * np.cos(0.5 * np.pi * swing) ** 2
        # the heel rises about the ball of the foot, which stands still
        ball = np.array([WALKER_BALL * size, _SOLE * size])
        rise = ball[0] * np.sin(pitch) + ball[1] * (np.cos(pitch) - 1)
        push = ball[0] * (1 - np.cos(pitch)) + ball[1] * np.sin(pitch)
        start = np.array([self.start[0], 0.0, self.start[1]])
        path = start + (along + push)[:, None] * forward + (_SOLE * size + lift + rise)[:, None] * _UP
        return path + self._out(sign * 0.06 * size), pitch


def _hanging(angle: Array, forward: Array) -> Array:
    return np.asarray(np.sin(angle)[:, None] * forward - np.cos(angle)[:, None] * _UP)


def _two_link(hip: Array, ankle: Array, thigh: float, shank: float, forward: Array) -> Array:
    """Return the knee between hip and ankle, bent forwards."""
    line = ankle - hip
    length = np.linalg.norm(line, axis=1, keepdims=True)
    if length.max() > thigh + shank:
        raise InputError("this walker's strides are longer than his legs reach: lower the speed or the stride time")
    along = (thigh**2 - shank**2 + length**2) / (2 * length)
    aside = np.sqrt(np.clip(thigh**2 - along**2, 0, None))
    unit = line / length
    ahead = forward - (unit @ forward)[:, None] * unit
    return np.asarray(hip + along * unit + aside * ahead / np.linalg.norm(ahead, axis=1, keepdims=True))


@dataclass(frozen=True)
class PinholeCamera:
    """A camera without distortion.

    Attributes
    ----------
    focal_length : pixels.
    position : metres in the world frame.
    pitch, roll : radians; positive looks down, positive turns the camera clockwise as the viewer sees it.
    """

    focal_length: float = 1100.0
    size: tuple[int, int] = (1280, 720)
    position: tuple[float, float, float] = (0.0, 1.1, 4.5)
    pitch: float = 0.0
    roll: float = 0.0

    @property
    def rotation(self) -> Array:
        """(3, 3), world to camera (x right, y down, z away)."""
        level = np.diag([1.0, -1.0, -1.0])
        c, s = np.cos(self.pitch), np.sin(self.pitch)
        nod = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
        c, s = np.cos(self.roll), np.sin(self.roll)
        turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        return np.asarray(turn @ nod @ level)

    def view(self, points: Array) -> Array:
        """Return world points (…, 3) in the camera frame, metres."""
        return np.asarray((points - np.array(self.position)) @ self.rotation.T)

    def project(self, points: Array) -> Array:
        """Return world points (…, 3) as pixels (…, 2)."""
        seen = self.view(points)
        return np.asarray(self.focal_length * seen[..., :2] / seen[..., 2:] + np.array(self.size) / 2)


class SyntheticSettings(EstimatorSettings):
    """A walker who is made up, for tests."""

    title: ClassVar[str] = "Synthetic"

    name: Literal["synthetic"] = "synthetic"

    def make(self, context: EstimatorContext) -> KeypointEstimator:
        """Return the walker."""
        return Synthetic(max_persons=context.max_persons)


@dataclass(frozen=True)
class Synthetic:
    """An estimator that ignores the picture and reports walkers; its truth is `walkers[i].positions(time)`.

    Attributes
    ----------
    walkers : who is there; at most `max_persons` are reported, the first one first.
    noise : standard deviation in pixels, in 2D and, at the person's distance, in depth.
    dropout : share of the points that are not seen.
    model_scale : the factor by which the reported depth is too small, as real estimators' is.
    """

    walkers: tuple[Walker, ...] = (Walker(),)
    camera: PinholeCamera = field(default_factory=PinholeCamera)
    noise: float = 0.0
    dropout: float = 0.0
    model_scale: float = 0.83
    seed: int = 0
    max_persons: int = 4
    skeleton: Skeleton = BLAZEPOSE_33
    weights: tuple[LoadedWeights, ...] = ()
    method: str = "made up: no picture was looked at"
    is_simulated: ClassVar[bool] = True

    def frames(self, count: int, rate: float = 60.0) -> Iterator[Frame]:
        """Yield blank pictures at constant rate, as the camera's video."""
        width, height = self.camera.size
        blank = np.zeros((height, width, 3), np.uint8)
        return (Frame(index, index / rate, blank) for index in range(count))

    def estimate(self, frames: Iterable[Frame]) -> Generator[list[PersonPose], None, None]:
        """Yield the walkers as this camera sees them; pictures of another size get a camera of theirs."""
        random = np.random.default_rng(self.seed)
        for frame in frames:
            camera = self.camera
            if frame.size != camera.size:
                focal = camera.focal_length * max(frame.size) / max(camera.size)
                camera = replace(camera, size=frame.size, focal_length=focal)
            people = (walker.positions(np.array([frame.time]))[0] for walker in self.walkers[: self.max_persons])
            yield [pose for person in people if (pose := self._see(person, camera, random)) is not None]

    def _see(self, person: Array, camera: PinholeCamera, random: np.random.Generator) -> PersonPose | None:
        view = camera.view(person)
        xy = camera.project(person) + self.noise * random.standard_normal((len(person), 2))
        inside = ((xy >= 0) & (xy < camera.size)).all(axis=1) & (view[:, 2] > 0.1)
        seen = inside & (random.random(len(person)) >= self.dropout)
        if inside.mean() < 0.5:
            return None
        hips = self.skeleton.indices("left_hip", "right_hip")
        metres = self.noise * view[:, 2].mean() / camera.focal_length
        xyz = view - view[hips].mean(axis=0) + metres * random.standard_normal(view.shape)
        return PersonPose(
            bbox=box_of(xy),
            xy=np.where(seen[:, None], xy, np.nan),
            score=np.where(seen, 1.0, 0.0),
            xyz=np.where(seen[:, None], xyz * self.model_scale, np.nan),
        )
