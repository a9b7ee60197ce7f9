"""MediaPipe's BlazePose through its Tasks API, for several and for small people.

Its own person detector squeezes the whole frame into 224×224 pixels. So we look at one tile of the frame at a
time, the one where most has changed since it was looked at, and follow everyone found with square crops: a crop that
moves along with the person leaves them where the network's tracking expects them.
"""

import math
import os
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from posedetector.boxes import Square, box_of, box_overlap, cut_square, middle_of, tiles
from posedetector.estimators.base import ALONE, EstimatorContext, EstimatorSettings, KeypointEstimator
from posedetector.options import CHECKPOINT, MODEL
from posedetector.pose import Array, ByteArray, Frame, PersonPose
from posedetector.skeletons import BLAZEPOSE_33, Skeleton
from posedetector.weights import LoadedWeights, load, remember

_SEARCH_SECONDS = 0.25  # between two looks at a tile, each of which takes about as long as a frame
_CROP_TO_BODY = 1.7  # side of the crop over the longer side of the body's box
_CROP_GROWTH = 0.02  # a frame; the network finds a body again whose scale changes no faster than this
_CROP_PULL = 0.5  # share of the way to the body's middle that the crop moves in a frame
_SEEN_PRESENCE = 0.6  # in a tile, where a body may be small or cut
_BORN_PRESENCE = 0.85  # mean presence of the points; real bodies have > 0.95, trees and halves of bodies less
_ALIVE_PRESENCE = 0.5
_INSIDE = 0.4  # share of the points that must lie inside the picture
_JUMP = 0.6  # of the body's size in one frame: nobody moves that fast
_SMALLEST = 48  # pixels
_FIRST_LOOK = 1e9  # tiles that nobody has looked at come first, the large before the small
_COARSE = 16  # pixels: step of the grid on which change is seen
_CHANGE = 20  # of 255
_GREY = 127
# The Tasks smooth over time with a causal filter that lags. Frames that lie this far apart, in milliseconds, as far as
# the filter knows, are left as they are; the road has a zero-lag filter of its own.
_TICK = 1_000_000
# A network runs on one core. Frames that are looked at side by side, each by a network of its own, keep two of them busy;
# every network then follows the person at half of the frame rate. Where frames are farther apart than this, in seconds,
# that would be too slow: legs that cross are exchanged more often.
_TOGETHER, _CLOSE = 2, 1 / 45

_Body = tuple[Array, Array]  # (33, 5) x, y, z in shares of the image, visibility, presence; (33, 3) world metres


class MediaPipeSettings(EstimatorSettings):
    """BlazePose in three sizes."""

    title: ClassVar[str] = "MediaPipe"

    name: Literal["mediapipe"] = "mediapipe"
    model: Annotated[Literal["lite", "full", "heavy"], MODEL] = Field(
        "full", description="lite, full (ships with the package) or heavy."
    )
    checkpoint: Annotated[Path | None, CHECKPOINT] = Field(None, description="The model's file, if it lies elsewhere.")

    def make(self, context: EstimatorContext) -> KeypointEstimator:
        """Load the model; raises WeightsError."""
        return MediaPipe(self, context)


class MediaPipe:
    """BlazePose GHUM; 33 points with world coordinates."""

    is_simulated = False

    skeleton: Skeleton = BLAZEPOSE_33
    method = (
        f"a search tile every {_SEARCH_SECONDS:g} s and a moving square crop of each person, from {1 / _CLOSE:g} frames a second on "
        "two of them in turn; single precision on cpu; "
        "scores are MediaPipe's visibility"
    )

    def __init__(self, settings: MediaPipeSettings, context: EstimatorContext = ALONE) -> None:
        loaded = load(f"mediapipe-{settings.model}", settings.checkpoint, progress=context.download_progress)
        self.weights: tuple[LoadedWeights, ...] = (loaded,)
        remember(loaded)  # its archive holds what it should
        self._file = loaded.path
        self._max_persons = context.max_persons
        self._together = 1 if context.online else _TOGETHER
        self._debug = context.debug

    def estimate(self, frames: Iterable[Frame]) -> Generator[list[PersonPose], None, None]:
        """Yield the people of each frame; xyz is MediaPipe's world landmarks, score its visibility."""
        with ExitStack() as stack:
            crowd = _Crowd(self._file, stack, self._max_persons, debug=self._debug)
            source = iter(frames)
            first = list(islice(source, self._together))
            close = len(first) > 1 and first[1].time - first[0].time < _CLOSE
            source = chain(first, source)
            while together := list(islice(source, self._together if close else 1)):
                yield from crowd.step(together)


class _Crowd:
    """Everyone who is followed, and the search for those who are not."""

    def __init__(self, file: Path, stack: ExitStack, max_persons: int, *, debug: bool = False) -> None:
        self._new_network: Callable[[], _Network] = lambda: _Network(file, stack, video=True, debug=debug)
        self._max_persons = max_persons
        self._pool = stack.enter_context(ThreadPoolExecutor(max_workers=2))  # a network runs on one core
        self._search = _Search(_Network(file, stack, video=False, debug=debug))
        self._followers: list[_Follower] = []
        self._poses: list[PersonPose] = []
        self._idle: list[_Network] = []

    def step(self, frames: Sequence[Frame]) -> Iterator[list[PersonPose]]:
        """Yield the people of each frame; frames are looked at side by side, then judged one after another."""
        for follower in self._followers:
            follower.have_networks(len(frames), self._network)
        known = [pose.bbox for pose in self._poses]
        search = self._search
        looking = self._pool.submit(search.look, frames[0], known) if known and search.is_due(frames[0]) else None
        looks = [
            [(follower, self._pool.submit(follower.look, frame, turn)) for follower in self._followers]
            for turn, frame in enumerate(frames)
        ]
        # all of them, before any network is freed for somebody else
        ahead = [{follower: look.result() for follower, look in row} for row in looks]
        bodies = looking.result() if looking else []
        for turn, frame in enumerate(frames):
            before = self._followers
            self._followers, self._poses = [], []
            for follower in before:
                self._follow(follower, frame, turn, ahead[turn].get(follower))
            for square in bodies if turn == 0 else ():
                self._try(square, frame, turn)
            if not self._followers and (before or search.is_due(frame)):
                for _ in tiles(frame.size):
                    for square in search.look(frame, [pose.bbox for pose in self._poses]):
                        self._try(square, frame, turn)
            yield self._poses

    def _network(self) -> "_Network":
        return self._idle.pop() if self._idle else self._new_network()

    def _try(self, square: Square, frame: Frame, turn: int) -> None:
        if len(self._followers) < self._max_persons:
            self._follow(_Follower(square), frame, turn, presence=_BORN_PRESENCE)

    def _follow(
        self,
        follower: "_Follower",
        frame: Frame,
        turn: int,
        found: "list[_Body] | None" = None,
        presence: float = _ALIVE_PRESENCE,
    ) -> None:
        """Keep the person or free the networks; whoever was found a frame ago has not been looked at ahead."""
        if found is None:
            follower.have_networks(turn + 1, self._network)
            found = follower.look(frame, turn)
        pose = follower.judge(found, frame, turn, presence)
        if pose is None or any(_same_body(pose, other) for other in self._poses):
            self._idle.extend(crop.network for crop in follower.crops)
        else:
            self._followers.append(follower)
            self._poses.append(pose)


@dataclass
class _Network:
    """One PoseLandmarker: in video mode it remembers where its person was, in image mode it searches."""

    file: Path
    stack: ExitStack
    video: bool
    debug: bool = False  # its messages reach the terminal
    _landmarker: Any = field(init=False)
    _clock: int = field(init=False, default=0)
    _warm: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.PoseLandmarkerOptions(
            # a buffer, because the C++ side cannot open every path
            base_options=BaseOptions(model_asset_buffer=self.file.read_bytes()),
            running_mode=vision.RunningMode.VIDEO if self.video else vision.RunningMode.IMAGE,
            num_poses=1 if self.video else 3,
        )
        with nullcontext() if self.debug else _silent_stderr:
            self._landmarker = self.stack.enter_context(vision.PoseLandmarker.create_from_options(options))

    def run(self, image: ByteArray) -> list[_Body]:
        """Return the bodies that it finds."""
        import mediapipe

        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=image)
        with (
            nullcontext() if self.debug or self._warm else _silent_stderr
        ):  # its threads chatter until a body has been found
            if self.video:
                self._clock += _TICK
                result = self._landmarker.detect_for_video(picture, self._clock)
            else:
                result = self._landmarker.detect(picture)
        self._warm |= bool(result.pose_landmarks)
        return [
            (
                np.array([(point.x, point.y, point.z, point.visibility, point.presence) for point in points]),
                np.array([(point.x, point.y, point.z) for point in world]),
            )
            for points, world in zip(result.pose_landmarks, result.pose_world_landmarks, strict=True)
        ]


@dataclass
class _Crop:
    """A network that follows one person, and the square in which it expects that person in its next frame."""

    network: _Network
    square: Square
    joins: bool


@dataclass(eq=False)
class _Follower:
    """One person, followed by crops that take turns: a crop goes by what it has seen itself."""

    square: Square
    crops: list[_Crop] = field(default_factory=list)
    _box: Array | None = None

    def have_networks(self, count: int, new: Callable[[], _Network]) -> None:
        """See to it that there are so many crops, which all begin where the person was found."""
        while len(self.crops) < count:
            self.crops.append(_Crop(new(), self.square, joins=bool(self.crops)))

    def look(self, frame: Frame, turn: int) -> list[_Body]:
        """Return what the crop whose turn it is shows; it changes its network alone, so that crops can look at once."""
        crop = self.crops[turn]
        image = cut_square(frame.image, crop.square)
        # when its tracking loses the person, a second run in the same crop makes it search there
        found = crop.network.run(image) or crop.network.run(image)
        if crop.joins:  # its search finds a body less precisely than the tracking of the one that went before
            crop.joins = False
            found = crop.network.run(image) or found
        return found

    def judge(self, found: list[_Body], frame: Frame, turn: int, presence: float) -> PersonPose | None:
        """Return the person in this frame, or None if lost."""
        if not found:
            return None
        points, world = found[0]
        crop = self.crops[turn]
        xy = points[:, :2] * crop.square.side + (crop.square.left, crop.square.top)
        box = box_of(xy)
        inside = np.asarray(((xy >= 0) & (xy < frame.size)).all(axis=1))
        if points[:, 4].mean() < presence or inside.mean() < _INSIDE or not self._is_continuous(box):
            return None
        self._box = box
        crop.square = _moved(crop.square, box)
        seen = inside & (points[:, 3] > 0)
        return PersonPose(
            bbox=box,
            xy=np.where(seen[:, None], xy, np.nan),
            score=np.where(seen, np.minimum(points[:, 3], 1), 0.0),
            xyz=np.where(seen[:, None], world, np.nan),
        )

    def _is_continuous(self, box: Array) -> bool:
        size = float(max(box[2:] - box[:2]))
        if size < _SMALLEST:
            return False
        if self._box is None:
            return True
        before = float(max(self._box[2:] - self._box[:2]))
        moved = math.dist(middle_of(box), middle_of(self._box))
        return bool(moved < _JUMP * max(size, before) and 0.5 < size / before < 2)


def _moved(square: Square, box: Array) -> Square:
    x, y = (old + _CROP_PULL * (new - old) for old, new in zip(square.middle, middle_of(box), strict=True))
    growth = np.clip(_CROP_TO_BODY * max(box[2:] - box[:2]) / square.side, 1 - _CROP_GROWTH, 1 + _CROP_GROWTH)
    return Square.around(x, y, square.side * growth)


class _Search:
    """Looks for people who are not followed yet, a tile at a time."""

    def __init__(self, network: _Network) -> None:
        self._network = network
        self._looked_at: dict[Square, Array] = {}
        self._waited: dict[Square, int] = {}
        self._last = -np.inf

    def is_due(self, frame: Frame) -> bool:
        return frame.time - self._last >= _SEARCH_SECONDS

    def look(self, frame: Frame, known: list[Array]) -> list[Square]:
        """Return a crop around each body in the most promising tile, outside the known boxes."""
        self._last = frame.time
        small = frame.image[::_COARSE, ::_COARSE, 1].astype(np.float64)
        _paint_over(small, known, np.nan, step=_COARSE)
        views = {tile: _coarse_view(small, tile) for tile in tiles(frame.size)}
        self._waited = {tile: self._waited.get(tile, 0) + 1 for tile in views}
        tile = max(views, key=lambda tile: self._promise(tile, views[tile]))
        self._looked_at[tile] = views[tile]
        self._waited[tile] = 0
        crop = cut_square(frame.image, tile)
        _paint_over(crop, known, _GREY, origin=tile)
        found = []
        for points, _ in self._network.run(crop):
            box = box_of(points[:, :2] * tile.side + (tile.left, tile.top))
            size = max(box[2:] - box[:2])
            if points[:, 4].mean() >= _SEEN_PRESENCE and _SMALLEST <= size <= tile.side:
                found.append(Square.around(*middle_of(box), _CROP_TO_BODY * size))
        return found

    def _promise(self, tile: Square, view: Array) -> float:
        if tile not in self._looked_at:
            return float(_FIRST_LOOK + tile.side)
        changed = np.count_nonzero(np.abs(view - self._looked_at[tile]) > _CHANGE)
        return self._waited[tile] * (1.0 + changed)


def _paint_over(
    image: NDArray[Any], boxes: list[Array], value: float, *, step: int = 1, origin: Square | None = None
) -> None:
    """Hide the people who are followed already."""
    corner = np.array((origin.left, origin.top) * 2 if origin else (0, 0, 0, 0))
    for box in boxes:
        left, top, right, bottom = ((box - corner) / step).clip(0).astype(int)
        image[top : bottom + 1, left : right + 1] = value


def _coarse_view(small: Array, tile: Square) -> Array:
    left, top = max(tile.left, 0) // _COARSE, max(tile.top, 0) // _COARSE
    return small[top : top + tile.side // _COARSE, left : left + tile.side // _COARSE]


def _same_body(one: PersonPose, other: PersonPose) -> bool:
    if box_overlap(one.bbox, other.bbox) < 0.4:
        return False
    apart = np.linalg.norm(one.xy - other.xy, axis=1)
    return bool(np.nanmedian(apart) < 0.08 * max(one.bbox[2:] - one.bbox[:2]))


class _SilentStderr:
    """Keeps MediaPipe's C++ start-up chatter off the terminal while any thread is in it; MediaPipe knows no other way."""

    def __init__(self, descriptor: int = 2) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._inside = 0
        self._kept = -1

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside > 1:
                return
            if sys.stderr is not None:
                sys.stderr.flush()
            with suppress(OSError):  # closed, or a Windows program without a console: there is nothing to silence
                self._kept = os.dup(self._descriptor)
            if self._kept >= 0:
                with Path(os.devnull).open("wb") as nowhere:
                    os.dup2(nowhere.fileno(), self._descriptor)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._kept >= 0:
                os.dup2(self._kept, self._descriptor)
                os.close(self._kept)
                self._kept = -1


_silent_stderr = _SilentStderr()
