"""The nouns that travel down the road.

T frames, J points, float64, time along axis 0, metres and seconds. A point that was not seen is NaN with score 0
and source NONE; there is no other sentinel. Shapes are checked once, here; further down nobody asks again.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from posedetector.errors import InputError
from posedetector.reprs import brief
from posedetector.skeletons import Skeleton

Array = NDArray[np.float64]
ByteArray = NDArray[np.uint8]


class Source(IntEnum):
    """How a value came about; made-up values never pass for measured ones.

    LIFTED: a network made its depth from the 2D of the whole body. CARRIED: the estimator's own depth, hung on a joint
    that was lifted. AUGMENTED: a network made the point out of others; no picture shows it.

    The numbers are names: which sources count for what is asked of the functions below, never by comparing (tests/test_architecture.py).
    """

    NONE = 0
    MIRRORED = 1
    INTERPOLATED = 2
    AUGMENTED = 3
    CARRIED = 4
    LIFTED = 5
    MEASURED = 6

    @property
    def label(self) -> str:
        """The word in the files; empty where there is no value."""
        return "" if self is Source.NONE else self.name.lower()


Sources = ByteArray | Source | int  # one or an array of them
# The one ranking: from what is not there to what is firsthand.
_WEAKEST_FIRST = np.array(
    [
        Source.NONE,
        Source.MIRRORED,
        Source.INTERPOLATED,
        Source.AUGMENTED,
        Source.CARRIED,
        Source.LIFTED,
        Source.MEASURED,
    ],
    np.uint8,
)
_RANK = np.argsort(_WEAKEST_FIRST)
Flags = NDArray[np.bool_]


def is_missing(source: Sources) -> Flags:
    """Tell where there is no value."""
    return np.asarray(np.equal(source, Source.NONE))


def is_made_up(source: Sources) -> Flags:
    """Tell where a value stands in for one that was not seen: interpolated over time, or mirrored from the other side."""
    return np.isin(source, (Source.INTERPOLATED, Source.MIRRORED))


def is_observed(source: Sources) -> Flags:
    """Tell where a value rests on its own frame and its own side of the body: measured, lifted, carried or augmented."""
    return ~(is_missing(source) | is_made_up(source))


def is_in_picture(source: Sources) -> Flags:
    """Tell where an observed point is one that the frame shows, which an augmented one is not."""
    return np.asarray(is_observed(source) & np.not_equal(source, Source.AUGMENTED))


def has_bone_length(source: Sources) -> Flags:
    """Tell where a point may end a bone whose length is taken: measured, lifted or augmented.

    A carried point hangs on its joint at a length of its own scale.
    """
    return np.asarray(is_observed(source) & np.not_equal(source, Source.CARRIED))


def weakest(*sources: Sources) -> ByteArray:
    """Return of several sources, which are broadcast together, the one that vouches least: what a value made of all of them is."""
    return np.asarray(_WEAKEST_FIRST[np.min([_RANK[one] for one in np.broadcast_arrays(*sources)], axis=0)])


def weakest_of(source: ByteArray) -> ByteArray:
    """Return the weakest source (…) of those along the last axis of (…, J)."""
    return weakest(*np.moveaxis(source, -1, 0))


def _check(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise InputError(f"{name} must have the shape {shape}, got {array.shape}")


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: its number from 0, its time in seconds from the first picture, and (H, W, 3) uint8 RGB."""

    __repr__ = brief

    index: int
    time: float
    image: ByteArray

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise InputError(f"an image must be (H, W, 3) uint8 RGB, got {self.image.shape} {self.image.dtype}")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]


def as_picture(image: NDArray[Any]) -> ByteArray:
    """Return a picture of somebody else's making as (H, W, 3) uint8, its colours in the order they came in.

    (H, W) and (H, W, 1) are grey: the one value is taken three times. A fourth channel (transparency) is left out.

    Raises
    ------
    InputError
        For anything but such an array of uint8 with at least one pixel: what a float of 0.8 stands for is not guessed.
    """
    wanted = "a picture is a numpy array (H, W, 3) of uint8, 0–255, or one of (H, W), (H, W, 1), (H, W, 4)"
    if not isinstance(image, np.ndarray):
        raise InputError(f"{wanted}; got {type(image).__name__}")
    grey = image.ndim == 2 or image.shape[2:] == (1,)
    if not grey and image.shape[2:] not in {(3,), (4,)}:
        raise InputError(f"{wanted}; got the shape {image.shape} of {image.dtype}")
    if image.dtype != np.uint8:
        raise InputError(f"{wanted}; got {image.dtype}, of shape {image.shape}: bring it to 0–255 and to np.uint8")
    if image.size == 0:
        raise InputError(f"{wanted}; got one without a pixel: {image.shape}")
    if grey:
        return np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
    return image[..., :3]


@dataclass(frozen=True, slots=True)
class PersonPose:
    """One person in one frame, as an estimator saw him.

    Attributes
    ----------
    bbox : (4,) left, top, right, bottom, pixels.
    xy : (J, 2) pixels, origin in the picture's upper left corner; NaN where not seen.
    score : (J,) in [0, 1]; 0 where not seen.
    xyz : (J, 3) metres of unknown scale, camera frame (x right, y down, z away), from the middle of the hips; or None.
    """

    __repr__ = brief

    bbox: Array
    xy: Array
    score: Array
    xyz: Array | None = None

    def __post_init__(self) -> None:
        points = len(self.score)
        _check("bbox", self.bbox, (4,))
        _check("score", self.score, (points,))
        _check("xy", self.xy, (points, 2))
        if self.xyz is not None:
            _check("xyz", self.xyz, (points, 3))


@dataclass(frozen=True, slots=True)
class Keypoints:
    """The subject's 2D points over the whole clip.

    Attributes
    ----------
    skeleton : the names of the J points.
    time : (T,) seconds, strictly increasing.
    xy : (T, J, 2) pixels.
    score : (T, J) in [0, 1].
    source : (T, J) uint8, a `Source` each.
    xyz : (T, J, 3) the estimator's own depth, as in PersonPose; or None.
    image_size : width, height in pixels.
    """

    __repr__ = brief

    skeleton: Skeleton
    time: Array
    xy: Array
    score: Array
    source: ByteArray
    xyz: Array | None
    image_size: tuple[int, int]

    def __post_init__(self) -> None:
        shape = (len(self.time), len(self.skeleton))
        _check_time(self.time)
        _check("xy", self.xy, (*shape, 2))
        _check("score", self.score, shape)
        _check("source", self.source, shape)
        if self.xyz is not None:
            _check("xyz", self.xyz, (*shape, 3))


@dataclass(frozen=True, slots=True)
class RelativePose:
    """A 3D pose of unknown size: (T, J, 3) in the camera frame (x right, y down, z away), middle of the hips at 0."""

    __repr__ = brief

    skeleton: Skeleton
    time: Array
    xyz: Array
    score: Array
    source: ByteArray

    def __post_init__(self) -> None:
        _check_pose(self.skeleton, self.time, self.xyz, self.score, self.source)


@dataclass(frozen=True, slots=True)
class Spread:
    """How sure a refined pose is: standard deviations, NaN where none is known.

    Attributes
    ----------
    points : (T, J, 3) metres, of each point's place relative to the middle of the hips, along the laboratory's axes.
    angles : by name, (T,) radians.
    """

    __repr__ = brief

    points: Array
    angles: dict[str, Array]


@dataclass(frozen=True, slots=True)
class MetricPose:
    """A 3D pose in metres in the laboratory frame (X towards the camera, Y up, Z right of a person who faces it).

    Attributes
    ----------
    xyz : (T, J, 3) metres from the middle of the hips.
    root : (T, 3) metres, the middle of the hips in the laboratory; its origin is the floor below the first of them.
    source : (T, J) uint8, a `Source` each.
    spread : how sure it is, once a body was fitted to it.
    """

    __repr__ = brief

    skeleton: Skeleton
    time: Array
    xyz: Array
    score: Array
    source: ByteArray
    root: Array
    spread: Spread | None = None

    def __post_init__(self) -> None:
        _check_pose(self.skeleton, self.time, self.xyz, self.score, self.source)
        _check("root", self.root, (len(self.time), 3))
        if self.spread is not None:
            _check("spread.points", self.spread.points, self.xyz.shape)

    @property
    def positions(self) -> Array:
        """(T, J, 3) metres in the laboratory."""
        return self.xyz + self.root[:, None]


def _check_time(time: Array) -> None:
    if time.ndim != 1 or not np.all(np.diff(time) > 0):
        raise InputError(f"times must be (T,) and strictly increasing, got {time.shape}")


def _check_pose(skeleton: Skeleton, time: Array, xyz: Array, score: Array, source: ByteArray) -> None:
    shape = (len(time), len(skeleton))
    _check_time(time)
    _check("xyz", xyz, (*shape, 3))
    _check("score", score, shape)
    _check("source", source, shape)


class PictureMap(Protocol):
    """Leads from the picture of a camera as it is into that of the camera for which all is computed, and back.

    A lens's distortion is one. Keypoints go through a trial's maps in their order; what is drawn comes back in the reverse one.
    """

    def straightened(self, keypoints: Keypoints) -> Keypoints:
        """Return the keypoints as that camera would see them; those that it would not see are missing."""

    def to_picture(self, pixels: Array, rows: slice | None = None) -> Array:
        """Return where points (F, J, 2) of that camera's picture lie in the real one; F frames, the clip's `rows`."""


def finite(points: Array) -> NDArray[np.bool_]:
    """Tell for each point of (…, J, k) whether all its coordinates are there: (…, J)."""
    return np.asarray(np.isfinite(points).all(axis=-1))


def in_order_of(skeleton: Skeleton, keypoints: Keypoints) -> Keypoints:
    """Return the keypoints that a skeleton names, in its order; those that there are not are missing."""
    if skeleton == keypoints.skeleton:
        return keypoints
    rows = [keypoints.skeleton.index(point) if keypoints.skeleton.has(point) else -1 for point in skeleton.points]
    known = np.array(rows) >= 0
    return Keypoints(
        skeleton=skeleton,
        time=keypoints.time,
        xy=np.where(known[:, None], keypoints.xy[:, rows], np.nan),
        score=np.where(known, keypoints.score[:, rows], 0.0),
        source=np.where(known, keypoints.source[:, rows], np.uint8(Source.NONE)),
        xyz=None if keypoints.xyz is None else np.where(known[:, None], keypoints.xyz[:, rows], np.nan),
        image_size=keypoints.image_size,
    )
