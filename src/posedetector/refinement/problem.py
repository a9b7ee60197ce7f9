"""What is known of a stretch of a clip, and what is sought: a body in the camera's frame, in statures.

T frames, J points, D = 3J coordinates a frame. x right, y down, z away from the camera; lengths are shares of the
person's stature, so that one table of weights fits everybody.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from posedetector.anthropometry import SIZE_CHAINS
from posedetector.arrays import MAD_TO_SD
from posedetector.filters import interpolate
from posedetector.pose import Array
from posedetector.refinement.body import BONES, HIPS, LIMBS, SEGMENTS, SHOULDERS

Rows = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Body:
    """The points that there are, and what joins them.

    Attributes
    ----------
    points : names, J.
    shares : by segment, its length's share of stature as expected.
    given : segments whose length somebody measured.
    """

    points: tuple[str, ...]
    shares: Mapping[str, float]
    given: frozenset[str] = frozenset()

    def rows(self, *names: str) -> list[int]:
        """Return the rows of points."""
        return [self.points.index(name) for name in names]

    def has(self, *names: str) -> bool:
        """Tell whether all of these points are there."""
        return set(names) <= set(self.points)

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The segments both of whose ends are there."""
        return tuple(name for name, one in SEGMENTS.items() if any(self.has(*pair) for pair in one.ends))

    @cached_property
    def spreads(self) -> Array:
        """(S,) standard deviations of the logarithms of the segments' lengths."""
        return np.array([MEASURED if name in self.given else SEGMENTS[name].spread for name in self.segments])

    @cached_property
    def sticks(self) -> tuple[Rows, Rows, Rows, Array]:
        """Of each pair of points at constant distance: near end, far end, segment, and how much it gives; (S,) each."""
        found = [
            (*self.rows(*pair), number, SEGMENTS[name].give)
            for number, name in enumerate(self.segments)
            for pair in SEGMENTS[name].ends
            if self.has(*pair)
        ]
        near, far, segment, give = zip(*found, strict=True)
        return np.array(near), np.array(far), np.array(segment), np.array(give)

    @cached_property
    def bones(self) -> tuple[Array, Array]:
        """(R, J) what of each point makes up each bone, and (R,) the bones' expected lengths (NaN: unknown)."""
        middles = {"hips": HIPS, "shoulders": SHOULDERS}
        rows, lengths = [], []
        lookup = {frozenset(pair): name for name in self.segments for pair in SEGMENTS[name].ends}
        lookup[frozenset(("hips", "shoulders"))] = "trunk"
        for near, far in BONES:
            ends = [middles.get(end, (end,)) for end in (near, far)]
            if not self.has(*ends[0], *ends[1]):
                continue
            row = np.zeros(len(self.points))
            for names, sign in zip(ends, (-1.0, 1.0), strict=True):
                np.add.at(row, self.rows(*names), sign / len(names))
            rows.append(row)
            lengths.append(self.shares.get(lookup.get(frozenset((near, far)), ""), np.nan))
        return np.array(rows), np.array(lengths)

    @cached_property
    def limbs(self) -> list[tuple[str, tuple[int, int], list[int]]]:
        """Of each limb of two segments: its middle joint's kind, the numbers of its segments, its three rows."""
        return [
            (kind, (self.segments.index(first), self.segments.index(second)), self.rows(*joints))
            for kind, (first, second), joints in LIMBS
            if self.has(*joints)
        ]

    @cached_property
    def chain(self) -> list[int]:
        """The numbers of the segments whose sum gives the size; empty where no limb is whole."""
        found = (chain for chain in SIZE_CHAINS if all(name in self.segments for name in chain))
        return [self.segments.index(name) for name in next(found, ())]

    @property
    def unknowns(self) -> int:
        """How many numbers all frames share: log lengths, log focal length, the height of the floor."""
        return len(self.segments) + 2

    @property
    def focal(self) -> int:
        """The row of the focal length among them."""
        return len(self.segments)

    @property
    def floor(self) -> int:
        """The row of the floor's height among them."""
        return len(self.segments) + 1


@dataclass(frozen=True, eq=False)
class Problem:
    """What is known of T frames.

    Attributes
    ----------
    time : (T,) seconds.
    rate : frames per second, usually.
    joined : (T − 1,) whether a frame follows on the one before it.
    image : (T, J, 2) keypoints, pixels from the picture's middle; anything where `weight` is 0.
    weight : (T, J) in [0, 1], 0 where nothing was seen.
    size : (T,) pixels that a stature measures at the person's distance.
    focal : pixels, as expected.
    focal_known : whether it was given.
    pose : (T, J, 3) what lifters say, from the middle of the hips.
    said : (T, J) where they say something.
    bone_error : standard deviation of their bones' depth.
    bends : by kind of joint, standard deviation of their bends, radians; without one they do not count.
    still : (T, J) whether a point of a foot stands still in the picture, or moves as the ground does there.
    standing : (T, J) whether it stands still on something, as far as is known by now.
    planted : (T, J) whether it is of a foot that stands flat for long, ankles too.
    low : (T, J) and whether that is the floor.
    above : (T, J) whether a point of a foot cannot be below the floor: it is the lowest ground that there is.
    up : (3,) unit vector, as calibration found it.
    stands_for : how many frames of the video each of these stands for.
    belt : (3,) statures a second, by which what stands on the ground moves: 0 but on a treadmill.
    """

    body: Body
    time: Array
    rate: float
    joined: Flags
    image: Array
    weight: Array
    size: Array
    focal: float
    focal_known: bool
    pose: Array
    said: Flags
    bone_error: float
    bends: Mapping[str, float]
    still: Flags
    standing: Flags
    planted: Flags
    low: Flags
    above: Flags
    up: Array
    stands_for: float = 1.0
    belt: Array = field(default_factory=lambda: np.zeros(3))

    def cut(self, rows: Rows) -> Self:
        """Return some frames' problem."""
        parts = {
            name: getattr(self, name)[rows]
            for name in (
                "time",
                "image",
                "weight",
                "size",
                "pose",
                "said",
                "still",
                "standing",
                "planted",
                "low",
                "above",
            )
        }
        follows = np.append(False, self.joined)[rows][1:] & (np.diff(rows) == 1)
        return replace(self, joined=follows, **parts)

    def thin(self, every: int) -> tuple[Self, Rows]:
        """Return the problem of every so many frames of each stretch and of its last, and which these are.

        Where frames come less often than usual, more of them are taken: what counts is the time between.
        """
        if every == 1:
            return self, np.arange(len(self.time))
        stretch = np.append(0, np.cumsum(~self.joined))
        since = self.time - self.time[np.searchsorted(stretch, stretch)]
        slot = np.floor((since * self.rate + 0.5) / every)  # half a frame, since clocks waver
        rows = np.flatnonzero(np.append(True, (np.diff(slot) != 0) | ~self.joined) | np.append(~self.joined, True))
        joined, rate = np.diff(stretch[rows]) == 0, self.rate / every
        return replace(self.cut(rows), joined=joined, rate=rate, stands_for=self.stands_for * every), rows

    def share(self, lasting: float) -> float:
        """Return what a frame counts where errors last that many seconds: so many frames together are one."""
        return min(1.0, 1.0 / (self.rate * lasting))

    @cached_property
    def bone_depths(self) -> tuple[Array, Array]:
        """(T, R) bones' depths as the lifter says, and their standard deviations; infinite where it says nothing.

        A network that cannot tell whether a bone points to or from the camera gives the mean of both, which is too
        short: what its length lacks is what the network did not know.
        """
        parts, lengths = self.body.bones
        bones = np.einsum("rj,tjk->trk", parts, np.where(self.said[..., None], self.pose, 0.0))
        said = ~np.einsum("rj,tj->tr", np.abs(parts) > 0, ~self.said).astype(bool)
        lacking = np.clip(np.nan_to_num(lengths) ** 2 - (bones**2).sum(axis=-1), 0, None)
        lasting = self._lasting_error(bones[..., 2], said)
        spread = np.sqrt(lasting + (LACKING * np.where(np.isfinite(lengths), 1, 0)) ** 2 * lacking)
        return bones[..., 2], np.where(said, spread, np.inf)

    def _lasting_error(self, depths: Array, said: Flags) -> Array:
        """(R,) variance of the bones' depths (T, R) over the time for which errors last.

        What changes from frame to frame shows in second differences, whose variance is six times its own; it averages
        out over that time, and only the rest of the usual error lasts.
        """
        joined = self.joined[1:] & self.joined[:-1]
        flat = said[2:] & said[1:-1] & said[:-2] & joined[:, None]
        jumps = np.where(flat, np.abs(np.diff(depths, 2, axis=0)), np.nan)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a bone that was never seen in three frames running
            jitter = np.nan_to_num((MAD_TO_SD * np.nanmedian(jumps, axis=0)) ** 2 / 6) if len(jumps) else np.zeros(1)
        usual = self.bone_error**2
        return np.asarray(np.maximum(usual - jitter, LEAST_LASTING**2 * usual) + jitter * self.share(LASTS))

    @cached_property
    def reaches(self) -> tuple[Array, Array]:
        """(T, L) what share of its stretched length each limb reaches, as the lifter says, and its standard deviation."""
        reach, spread = [], []
        for kind, _, (first, middle, last) in self.body.limbs:
            error = self.bends.get(kind)
            said = self.said[:, [first, middle, last]].all(axis=1) & (error is not None)
            span, near, far = (
                np.linalg.norm(self.pose[:, one] - self.pose[:, other], axis=1)
                for one, other in ((first, last), (first, middle), (middle, last))
            )
            share = np.clip(np.where(said, span / np.maximum(near + far, 1e-6), 1.0), 0.05, 1.0)
            sine = np.sqrt(1 - share**2)  # of half the bend, with equal segments
            reach.append(share)
            spread.append(np.where(said, (error or 1.0) * (0.5 * sine + 0.25 * (error or 1.0)), np.inf))
        return np.stack(reach, axis=1), np.stack(spread, axis=1)  # a body without limbs is not asked


LASTS = 0.1  # seconds
LONGEST_HOLE = 0.25  # seconds, through which a path goes on; after longer ones the body begins anew
MEASURED = 0.003  # of a length that was measured on the person
LEAST_LASTING = 0.3  # of a lifter's usual error, however much it jitters
LACKING = 0.35  # of what a bone's length lacks: on filmed motion capture, error² = (1/30)² + (0.35 · lacking)²


def between_nodes(points: Array, nodes: Rows, joined: Flags, time: Array) -> Array:
    """Return the nodes' points (N, P, 3) at all frames (F, P, 3): in each stretch of joined nodes a cubic through them.

    `nodes` (N,) are frames, the first and last of each stretch among them; `time` (F,) seconds.
    """
    found = np.empty((len(time), *points.shape[1:]))
    for part in np.split(np.arange(len(nodes)), np.flatnonzero(~joined) + 1):
        frames = slice(nodes[part[0]], nodes[part[-1]] + 1)
        found[frames] = interpolate(time[nodes[part]], points[part], time[frames])
    return found


@dataclass(frozen=True, eq=False)
class State:
    """What is sought: points (T, J, 3) in statures, camera frame, and the numbers (G,) that all frames share."""

    points: Array
    shared: Array
