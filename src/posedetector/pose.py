"""The nouns that travel down the road.

T frames, J points, float64, time along axis 0, metres and seconds. A missing point is NaN in every coordinate, with score 0
and source NONE, and no other point is; there is no other sentinel. Types, shapes and missing points are checked once, here;
further down nobody asks again. Arrays are read-only from then on: `dataclasses.replace` makes a noun with other ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from functools import reduce
from types import MappingProxyType
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


# What may be given for an array of each type: kinds of numpy's dtypes, and how they are called.
_GIVEN = {
    np.float64: ("fiu", "real numbers"),
    np.int64: ("iu", "whole numbers"),
    np.uint8: ("iu", "whole numbers in 0–255"),
    np.bool_: ("b", "True and False"),
}


class Noun:
    """A dataclass of arrays. Declare it with `eq=False`: nouns are equal if they are the same object, so they can be hashed.

    A copy, or one that comes out of a pickle, is checked and read-only like any other.
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        values = (getattr(self, field.name) for field in fields(self))  # type: ignore[arg-type]
        return type(self), tuple(dict(one) if isinstance(one, MappingProxyType) else one for one in values)


def settle(noun: Noun, dtype: type[Any] = np.float64, **shapes: tuple[int, ...]) -> None:
    """Make these fields of a noun read-only arrays of this type; a length of -1 may be any.

    An array of the right type is not copied, and stays writable for whoever made it. Lists and other types of numbers are converted.

    Raises
    ------
    InputError
        For another shape, and for what is no such number: complex ones, text, objects.
    """
    for name, shape in shapes.items():
        object.__setattr__(noun, name, _settled(f"{type(noun).__name__}.{name}", getattr(noun, name), dtype, shape))


def settle_each(noun: Noun, dtype: type[Any] = np.float64, **shapes: tuple[int, ...]) -> None:
    """Do as `settle` with fields that are mappings to arrays; the mappings become read-only too."""
    for name, shape in shapes.items():
        given = getattr(noun, name).items()
        arrays = {key: _settled(f"{type(noun).__name__}.{name}[{key!r}]", one, dtype, shape) for key, one in given}
        object.__setattr__(noun, name, MappingProxyType(arrays))


def _settled(name: str, given: object, dtype: type[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    array = given if type(given) is np.ndarray and given.dtype == dtype else _converted(name, given, dtype)
    if array.shape != shape and (
        array.ndim != len(shape) or any(a not in {-1, b} for a, b in zip(shape, array.shape, strict=True))
    ):
        raise InputError(f"{name} must have the shape {str(shape).replace('-1', 'any')}, got {array.shape}")
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def _converted(name: str, given: object, dtype: type[Any]) -> NDArray[Any]:
    kinds, numbers = _GIVEN[dtype]
    wanted = f"{name} must be an array of {numbers}"
    try:
        array = np.asarray(given)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{wanted}; got {type(given).__name__}: {error}") from error
    if array.size and array.dtype.kind not in kinds:
        raise InputError(f"{wanted}; got {array.dtype} of the shape {array.shape}, beginning with {array.flat[0]!r}")
    converted = array.astype(dtype)
    if "f" not in kinds and not np.array_equal(converted, array):
        raise InputError(f"{wanted}; got numbers from {array.min()} to {array.max()}")
    return converted


def settle_mappings(noun: Noun, *names: str) -> None:
    """Make these fields of a noun, which are mappings, copies that cannot be changed."""
    for name in names:
        object.__setattr__(noun, name, MappingProxyType(dict(getattr(noun, name))))


@dataclass(frozen=True, slots=True, eq=False)
class Frame(Noun):
    """One picture: its number from 0, its time in seconds from the first picture, and (H, W, 3) uint8 RGB."""

    __repr__ = brief

    index: int
    time: float
    image: ByteArray

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise InputError(f"an image must be (H, W, 3) uint8 RGB, got {self.image.shape} {self.image.dtype}")
        settle(self, np.uint8, image=self.image.shape)

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


@dataclass(frozen=True, slots=True, eq=False)
class PersonPose(Noun):
    """One person in one frame, as an estimator saw them.

    Attributes
    ----------
    bbox : (4,) left, top, right, bottom, pixels.
    xy : (J, 2) pixels, origin in the picture's upper left corner; NaN where not seen.
    score : (J,) in [0, 1]; 0 where not seen, and only there.
    xyz : (J, 3) metres of unknown scale, camera frame (x right, y down, z away), from the middle of the hips; NaN where not seen, or
        where it has no depth; or None.
    """

    __repr__ = brief

    bbox: Array
    xy: Array
    score: Array
    xyz: Array | None = None

    def __post_init__(self) -> None:
        settle(self, score=(-1,), bbox=(4,))
        points = len(self.score)
        settle(self, xy=(points, 2))
        there = _check_missing(self, self.xy)
        if self.xyz is not None:
            settle(self, xyz=(points, 3))
            _check_depth(self.xyz, there)


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints(Noun):
    """The subject's 2D points over the whole clip.

    Attributes
    ----------
    skeleton : the names of the J points.
    time : (T,) seconds, strictly increasing.
    xy : (T, J, 2) pixels.
    score : (T, J) in [0, 1]; 0 where missing, and only there.
    source : (T, J) uint8, a `Source` each; NONE where missing, and only there.
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
        shape = settle_time(self), len(self.skeleton)
        settle(self, xy=(*shape, 2), score=shape)
        settle(self, np.uint8, source=shape)
        there = _check_missing(self, self.xy)
        if self.xyz is not None:
            settle(self, xyz=(*shape, 3))
            _check_depth(self.xyz, there)


@dataclass(frozen=True, slots=True, eq=False)
class RelativePose(Noun):
    """A 3D pose of unknown size: (T, J, 3) in the camera frame (x right, y down, z away), middle of the hips at 0."""

    __repr__ = brief

    skeleton: Skeleton
    time: Array
    xyz: Array
    score: Array
    source: ByteArray

    def __post_init__(self) -> None:
        _settle_pose(self)


@dataclass(frozen=True, slots=True, eq=False)
class Spread(Noun):
    """How sure a refined pose is: standard deviations, NaN where none is known.

    Attributes
    ----------
    points : (T, J, 3) metres, of each point's place relative to the middle of the hips, along the laboratory's axes.
    angles : by name, (T,) radians.
    """

    __repr__ = brief

    points: Array
    angles: Mapping[str, Array]

    def __post_init__(self) -> None:
        settle(self, points=(-1, -1, 3))
        settle_each(self, angles=(len(self.points),))


@dataclass(frozen=True, slots=True, eq=False)
class MetricPose(Noun):
    """A 3D pose in metres in the laboratory frame (X towards the camera, Y up, Z right of a person who faces it).

    Attributes
    ----------
    xyz : (T, J, 3) metres from the middle of the hips.
    root : (T, 3) metres, the middle of the hips in the laboratory; its origin is the floor below the first of them. NaN in a frame in
        which too few points show where the person is: the points of the body are there, their `positions` are NaN.
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
        _settle_pose(self)
        settle(self, root=(len(self.time), 3))
        _check_whole("root", self.root)
        if self.spread is not None and self.spread.points.shape != self.xyz.shape:
            raise InputError(f"spread.points must have the shape {self.xyz.shape}, got {self.spread.points.shape}")

    @property
    def positions(self) -> Array:
        """(T, J, 3) metres in the laboratory."""
        return self.xyz + self.root[:, None]


def settle_time(noun: Any) -> int:
    """Settle a noun's `time` (T,), which must be finite and strictly increasing; return T."""
    settle(noun, time=(-1,))
    time: Array = noun.time
    if not np.isfinite(time).all() or not np.all(np.diff(time) > 0):
        raise InputError(f"times must be (T,), finite and strictly increasing, got {time}")
    return len(time)


def _settle_pose(pose: "RelativePose | MetricPose") -> None:
    shape = settle_time(pose), len(pose.skeleton)
    settle(pose, xyz=(*shape, 3), score=shape)
    settle(pose, np.uint8, source=shape)
    _check_missing(pose, pose.xyz)


def _check_whole(name: str, points: Array) -> Flags:
    """Return which points (…, k) are there; raises InputError for infinite ones, and for those that are partly missing."""
    there = finite(points)
    whole = there if there.all() else there | _in_all_coordinates(np.isnan(points))
    if not whole.all():
        row = tuple(map(int, np.argwhere(~whole)[0]))
        raise InputError(
            f"{name}{list(row)} is {points[row]}: coordinates are finite, or all of them NaN for a missing point"
        )
    return there


def _check_missing(noun: "PersonPose | Keypoints | RelativePose | MetricPose", points: Array) -> Flags:
    """Return which points are there; raises InputError unless points (…, J, k) are NaN where score is 0 and source NONE, and nowhere else."""
    name = f"{type(noun).__name__}: point"
    there, score = _check_whole(name, points), noun.score
    if not ((score >= 0) & (score <= 1)).all():
        raise InputError(f"{type(noun).__name__}.score must lie in 0–1, got {score.min():g} to {score.max():g}")
    agree = there == (score > 0)
    source = None if isinstance(noun, PersonPose) else noun.source
    if source is not None:
        agree &= there != is_missing(source)
        if source.max(initial=0) > max(Source):
            raise InputError(
                f"{type(noun).__name__}.source must hold a Source each, 0–{max(Source):d}, got {source.max()}"
            )
    if not agree.all():
        row = tuple(map(int, np.argwhere(~agree)[0]))
        raise InputError(
            f"{name}{list(row)} is {points[row]} with score {score[row]:g}{'' if source is None else f' and source {Source(source[row]).name}'}: "
            "a missing point is NaN, with score 0 and source NONE, and no other point is"
        )
    return there


def _check_depth(xyz: Array, there: Flags) -> None:
    """Raise InputError where a depth (…, J, 3) is one of points that are not there (…, J)."""
    nowhere = _check_whole("xyz", xyz) & ~there
    if nowhere.any():
        row = tuple(map(int, np.argwhere(nowhere)[0]))
        raise InputError(
            f"xyz{list(row)} is {xyz[row]}, and its xy is NaN: a point that is missing in 2D is missing in 3D"
        )


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
    return _in_all_coordinates(np.isfinite(points))


def _in_all_coordinates(flags: Flags) -> Flags:
    """Return of (…, J, k) where all k are True: (…, J); k is small, and numpy slow along short axes."""
    return np.asarray(reduce(np.logical_and, flags.T).T)


def moved_to(keypoints: Keypoints, xy: Array, xyz: Array | None) -> Keypoints:
    """Return the keypoints at other pixels (T, J, 2), with another depth (T, J, 3); those that have no pixels are missing."""
    there = finite(xy)
    return replace(
        keypoints,
        xy=xy,
        xyz=None if xyz is None else np.where(there[..., None], xyz, np.nan),
        score=np.where(there, keypoints.score, 0.0),
        source=np.where(there, keypoints.source, np.uint8(Source.NONE)),
    )


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
