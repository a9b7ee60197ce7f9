"""Persons over time.

Every frame's persons are given to the tracks all at once, by the assignment of the greatest total similarity; a track
waits for its person through gaps. Whose data is wanted, and what to call them, is settled in `persons`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from posedetector.boxes import box_overlap
from posedetector.errors import NoPersonError
from posedetector.pose import Array, Keypoints, Noun, PersonPose, Source, settle, settle_time
from posedetector.reprs import brief
from posedetector.skeletons import Skeleton, sigmas_of
from posedetector.snapshots import Snapshots

MAX_GAP = 1.0  # seconds that a track waits for its person
_SHORTEST = 0.2  # seconds; what is shorter is a flicker of the detector
_LEAST_SIMILARITY = 0.15
_LEAST_OKS = 0.3
_TOLERANCE = 0.1  # of the body's size: distance at which a point's similarity has fallen to exp(−½)
_DRIFT = 1.0  # body sizes per second by which that tolerance grows while the person is out of sight


@dataclass(frozen=True)
class Tracking:
    """How poses of one frame and the next are found to be the same person's.

    Attributes
    ----------
    oks : by the similarity of their points alone, as COCO measures it; else by that of points (with one tolerance for all)
        and the overlap of boxes, half each.
    least : the least similarity in 0–1; None for 0.3 by points alone, else 0.15.
    """

    oks: bool = False
    least: float | None = None

    @property
    def least_similarity(self) -> float:
        """Below it, a pose is somebody else's."""
        if self.least is not None:
            return self.least
        return _LEAST_OKS if self.oks else _LEAST_SIMILARITY

    @property
    def method(self) -> str:
        """What is compared, and from when on it counts as the same, in one line for the provenance."""
        how = "object keypoint similarity (COCO)" if self.oks else "similarity of points and overlap of boxes"
        return f"{how}, at least {self.least_similarity:g}"


AS_USUAL = Tracking()


@dataclass(frozen=True, eq=False)
class Track:
    """One person's poses and the rows of the frames that show them.

    Attributes
    ----------
    joined : the numbers of the tracks that somebody said to be this person's too.
    """

    __repr__ = brief

    rows: tuple[int, ...] = ()
    poses: tuple[PersonPose, ...] = ()
    joined: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(self.rows))
        object.__setattr__(self, "poses", tuple(self.poses))

    @property
    def prominence(self) -> float:
        """Sum over frames of the body's size in pixels, weighted by how surely it was seen."""
        return sum(_size(pose) * float(pose.score.mean()) for pose in self.poses)


@dataclass(frozen=True, eq=False)
class Tracks(Noun):
    """Everyone in the clip.

    Attributes
    ----------
    time : (T,) seconds of all frames, with and without people.
    tracks : person 1's first; empty for a number that was joined to another.
    numbers : (T,) of those frames in the video, from 0; None where they are its first ones, one after the other.
    snapshots : small pictures of some frames; None where nobody kept any.
    """

    __repr__ = brief

    time: Array
    tracks: tuple[Track, ...]
    image_size: tuple[int, int]
    skeleton: Skeleton
    numbers: NDArray[np.int64] | None = None
    snapshots: Snapshots | None = None

    def __post_init__(self) -> None:
        frames = settle_time(self)
        if self.numbers is not None:
            settle(self, np.int64, numbers=(frames,))
        object.__setattr__(self, "tracks", tuple(self.tracks))

    def of(self, person: int) -> Track:
        """Return one person's track; raises NoPersonError when nobody, or no person of that number, was found."""
        if not self.tracks:
            part = f" ({self.time[0]:.2f}–{self.time[-1]:.2f} s)" if len(self.time) > 1 else ""
            raise NoPersonError(f"nobody was found in the {len(self.time)} frames of this video{part}")
        if not 1 <= person <= len(self.tracks):
            raise NoPersonError(
                f"there is no person {person}; {len(self.tracks)} were found, numbered from 1: `find_persons` shows them"
            )
        return self.tracks[person - 1]

    def keypoints(self, person: int = 1) -> Keypoints:
        """Return one person's points over the whole clip, NaN where the person was not seen.

        Raises NoPersonError when nobody, or no person of that number, was found.
        """
        track = self.of(person)
        shape = (len(self.time), len(self.skeleton))
        xy, xyz = np.full((*shape, 2), np.nan), np.full((*shape, 3), np.nan)
        score, source = np.zeros(shape), np.zeros(shape, np.uint8)
        for row, pose in zip(track.rows, track.poses, strict=True):
            xy[row], score[row] = pose.xy, pose.score
            if pose.xyz is not None:
                xyz[row] = pose.xyz
        source[np.isfinite(xy).all(axis=-1)] = Source.MEASURED
        has_depth = any(pose.xyz is not None for pose in track.poses)
        return Keypoints(self.skeleton, self.time, xy, score, source, xyz if has_depth else None, self.image_size)


class _Growing(NamedTuple):
    """A track while its person is followed."""

    rows: list[int]
    poses: list[PersonPose]


def track(
    frames: Iterable[tuple[float, list[PersonPose]]],
    *,
    skeleton: Skeleton,
    image_size: tuple[int, int],
    tracking: Tracking = AS_USUAL,
) -> Tracks:
    """Follow everybody through the frames, given as (seconds, persons)."""
    alike = partial(_oks, sigmas=np.array(sigmas_of(skeleton))) if tracking.oks else _similarity
    time: list[float] = []
    tracks: list[_Growing] = []
    for row, (moment, poses) in enumerate(frames):
        time.append(moment)
        waiting = [known for known in tracks if moment - time[known.rows[-1]] <= MAX_GAP]
        for known, pose in _assign(waiting, poses, time, moment, alike, tracking.least_similarity):
            whose = known or _Growing([], [])
            if known is None:
                tracks.append(whose)
            whose.rows.append(row)
            whose.poses.append(pose)
    times = np.array(time)
    # a clip may be shorter than the shortest track
    shortest = min(_SHORTEST, 0.5 * float(times[-1] - times[0])) if time else 0.0
    lasting = [
        Track(tuple(one.rows), tuple(one.poses))
        for one in tracks
        if times[one.rows[-1]] - times[one.rows[0]] >= shortest
    ]
    return Tracks(times, tuple(sorted(lasting, key=lambda one: -one.prominence)), image_size, skeleton)


def _assign(
    tracks: list[_Growing],
    poses: list[PersonPose],
    time: list[float],
    moment: float,
    alike: Callable[[_Growing, PersonPose, list[float], float], float],
    least: float,
) -> list[tuple[_Growing | None, PersonPose]]:
    from scipy.optimize import linear_sum_assignment

    if not tracks or not poses:
        return [(None, pose) for pose in poses]
    similarity = np.array([[alike(known, pose, time, moment) for pose in poses] for known in tracks])
    pairs = {
        int(column): tracks[row]
        for row, column in zip(*linear_sum_assignment(-similarity), strict=True)
        if similarity[row, column] >= least
    }
    return [(pairs.get(column), pose) for column, pose in enumerate(poses)]


def _similarity(known: _Growing, pose: PersonPose, time: list[float], moment: float) -> float:
    """Mean of object keypoint similarity (Lin et al., COCO, 2014, with one tolerance) and box overlap."""
    last, gap = known.poses[-1], moment - time[known.rows[-1]]
    shift = _velocity(known, time) * min(gap, 0.2)
    size = max(_size(last), _size(pose), 1.0)
    squared = ((last.xy + shift - pose.xy) ** 2).sum(axis=1)
    if not np.isfinite(squared).any():
        return 0.0
    tolerance = size * (_TOLERANCE + _DRIFT * gap)
    points = float(np.nanmean(np.exp(-squared / (2 * tolerance**2))))
    ratio = min(_size(last), _size(pose)) / size
    return ratio * (points + box_overlap(last.bbox + np.tile(shift, 2), pose.bbox)) / 2


def _oks(known: _Growing, pose: PersonPose, time: list[float], moment: float, sigmas: Array) -> float:
    """Object keypoint similarity (Lin et al., COCO, 2014) of the track's last pose, moved on, and this one.

    Over the points seen in both; the person's area is the mean of both boxes'.
    """
    last = known.poses[-1]
    shift = _velocity(known, time) * min(moment - time[known.rows[-1]], 0.2)
    squared = ((last.xy + shift - pose.xy) ** 2).sum(axis=1)
    if not np.isfinite(squared).any():
        return 0.0
    area = max((_area(last) + _area(pose)) / 2, 1.0)
    return float(np.nanmean(np.exp(-squared / (2 * area * (2 * sigmas) ** 2))))


def _velocity(known: _Growing, time: list[float]) -> Array:
    """Pixels per second of the box's middle over the last few frames."""
    if len(known.rows) < 2:
        return np.zeros(2)
    back = min(len(known.rows), 5)
    moved = (known.poses[-1].bbox - known.poses[-back].bbox).reshape(2, 2).mean(axis=0)
    return np.asarray(moved / (time[known.rows[-1]] - time[known.rows[-back]]))


def _size(pose: PersonPose) -> float:
    return float(max(pose.bbox[2:] - pose.bbox[:2]))


def _area(pose: PersonPose) -> float:
    return float(np.prod(pose.bbox[2:] - pose.bbox[:2]))
