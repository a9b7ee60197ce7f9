"""The lifter for frames that come one by one, as from a camera; a frame costs the same however many went before it."""

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from posedetector.errors import InputError
from posedetector.filters import interpolate
from posedetector.lifters.inputs import apparent_size
from posedetector.lifters.videopose3d import CLOSEST, LONGEST_ABSENCE, VideoPose3D, stand_ins, to_screen
from posedetector.models.temporal import Floats
from posedetector.pose import Array, finite
from posedetector.skeletons import Skeleton, parts_of

BoolArray = NDArray[np.bool_]
Lifted = tuple[float, Array]
_SIZE_SECONDS = 10.0


class LiftStream:
    """`VideoPose3D.lift` in pieces: equal to it for points that are always seen; others are held where they were.

    Networks that want to know the person's apparent size are told its median over the last ten seconds, and not that of
    the whole clip, so for them the two are equal once, and as far as, these medians are.

    A frame's pose is ready `look_ahead` seconds later, and a frame or two: the cubic through the frames needs the next
    one, the cubic through the network's poses two of them.
    """

    def __init__(self, lifter: VideoPose3D, skeleton: Skeleton, image_size: tuple[int, int]) -> None:
        self._lifter, self._image_size = lifter, image_size
        self._aspect = image_size[1] / image_size[0]
        self._parts = [parts_of(point, skeleton) for point in lifter.takes.points]
        self._made_of = [parts_of(joint, lifter.takes) for joint in lifter.gives.points]
        self._held = np.full((len(lifter.takes), 2), np.nan)
        self._time = self._seen_at = -np.inf
        self._run: _Run | None = None

    @property
    def look_ahead(self) -> float:
        """Seconds of the future that the network sees; 0 for a causal one."""
        return self._lifter.network.look_ahead / self._lifter.layout.rate

    def push(self, time: float, xy: Array, score: Array | None = None) -> list[Lifted]:
        """Take a frame's points (J, 2), pixels, NaN where not seen, and scores (J,); return the frames that are now ready.

        Each is its time and the joints (17, 3) in the camera frame, middle of the hips at 0, NaN where not seen in 2D.
        Nothing is returned for frames long after the person left.
        """
        if not time > self._time:
            raise InputError(f"frames must come in order: {time:g} s after {self._time:g} s")
        points = np.stack([xy[rows].mean(axis=0) for rows in self._parts])
        seen = finite(points)
        sure = np.ones(len(xy)) if score is None else score
        sure = np.where(seen, [sure[rows].min() for rows in self._parts], 0.0)
        self._time, ready = time, []
        if time - self._seen_at > LONGEST_ABSENCE:
            ready = list(self.finish())
        if seen.any():
            self._seen_at = time
            self._run = self._run or _Run(self._lifter, time, self._aspect)
        if self._run is None:
            return ready
        self._held[seen] = points[seen]
        whole = stand_ins(self._held.copy(), finite(self._held), self._lifter.takes)
        joints_seen = np.array([seen[rows].all() for rows in self._made_of])
        screen = np.concatenate([to_screen(whole, self._image_size), sure[:, None]], axis=-1)
        return ready + list(self._run.push(time, screen, joints_seen))

    def finish(self) -> Iterator[Lifted]:
        """Yield the frames that are still owed, the last one standing for all that would follow."""
        if self._run is not None:
            yield from self._run.finish()
        self._run, self._held[:] = None, np.nan


class _Run:
    """One stretch in which the person is never away for long."""

    def __init__(self, lifter: VideoPose3D, start: float, aspect: float) -> None:
        self._lifter, self._start, self._step = lifter, start, 1 / lifter.layout.rate
        self._aspect, self._sizes = aspect, deque[float](maxlen=round(_SIZE_SECONDS * lifter.layout.rate))
        self._network = lifter.network.stream()
        self._frames, self._poses = _Passing(), _Passing()
        self._given = self._made = 0
        self._last = start
        self._owed: deque[tuple[float, BoolArray]] = deque()

    def push(self, time: float, screen: Array, seen: BoolArray) -> Iterator[Lifted]:
        self._owed.append((time, seen))
        self._last = time
        if time - self._frames.last < CLOSEST * self._step:
            return
        self._frames.push(time, screen)
        while self._start + self._given * self._step <= self._frames.settled:
            yield from self._go_on()

    def finish(self) -> Iterator[Lifted]:
        while self._start + (self._given - 1e-6) * self._step <= self._last:
            yield from self._go_on()
        for pose in self._network.finish():
            yield from self._keep(pose)
        yield from self._ready(np.inf)

    def _go_on(self) -> Iterator[Lifted]:
        screen = self._frames.at(self._start + self._given * self._step)
        self._given += 1
        self._sizes.append(float(apparent_size(screen[:, :2], self._lifter.takes)))
        pose = self._network.push(self._lifter.batch(screen, float(np.median(self._sizes)), self._aspect))
        if pose is not None:
            yield from self._keep(pose)

    def _keep(self, pose: Floats) -> Iterator[Lifted]:
        self._poses.push(self._start + self._made * self._step, self._lifter.average(pose))
        self._made += 1
        yield from self._ready(self._poses.settled)

    def _ready(self, until: float) -> Iterator[Lifted]:
        hips = self._lifter.gives.indices("left_hip", "right_hip")
        while self._owed and self._owed[0][0] <= until:
            time, seen = self._owed.popleft()
            pose = self._poses.at(time)
            yield time, np.where(seen[:, None], pose - pose[hips].mean(axis=0), np.nan)


class _Passing:
    """`interpolate` for samples that come one by one: those that a piece of the cubic depends on are kept."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Array]] = deque(maxlen=4)

    @property
    def last(self) -> float:
        return self._samples[-1][0] if self._samples else -np.inf

    @property
    def settled(self) -> float:
        """Up to here, no later sample changes the cubic."""
        return self._samples[-2][0] if len(self._samples) > 2 else -np.inf

    def push(self, time: float, value: Array) -> None:
        self._samples.append((time, value))

    def at(self, moment: float) -> Array:
        times, values = zip(*self._samples, strict=True)
        return np.asarray(interpolate(np.array(times), np.stack(values), np.array([moment]))[0])
