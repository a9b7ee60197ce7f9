"""People first, points after: what all estimators share that look for people and then at each of them.

A search costs as much as a look at several people, so it is made in every n-th frame; in between, a person is where his
points were in the frame before. The stretches from one search to the next know nothing of each other: several of them
go side by side, a frame of each at a time, so that networks get many people at once and each is still followed.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Protocol

import numpy as np
from pydantic import Field

from posedetector.boxes import box_of, box_overlap
from posedetector.errors import InputError
from posedetector.estimators.base import EstimatorContext, EstimatorSettings
from posedetector.estimators.depth import SEEN
from posedetector.options import CHECKPOINT, COUNT, SHARE, Device, Flag
from posedetector.pose import Array, ByteArray, Frame, PersonPose

_HELD_BYTES = 400_000_000  # of pictures that wait for each other
_FEWEST = 4  # such points that a person has who is followed
_SAME = 0.85  # overlap above which two followed boxes hold one person
_OUTWARD = np.array((-1.0, -1.0, 1.0, 1.0))
_MARGINS = (-0.1, 0.3)  # of the points' extent, that a person's box may reach beyond them
_BATCHES = {"cpu": 4, "mps": 8, "cuda": 64}


def parse_batch(text: str) -> int | None:
    """Return the number of people a run of the network, None for auto; raises InputError."""
    try:
        return None if text == "auto" else int(text)
    except ValueError:
        raise InputError(f"`batch_size` is auto, or a number; got {text!r}", field="estimator.batch_size") from None


class TopDownSettings(EstimatorSettings):
    """What can be chosen about a detector of people and a network that finds the points in a person's box."""

    checkpoint: Annotated[Path | None, CHECKPOINT] = Field(None, description="The model's file, if it lies elsewhere.")
    detector_checkpoint: Annotated[Path | None, Flag(names=("--detector-checkpoint", "--det-checkpoint"))] = Field(
        None, description="The person detector's file, if it lies elsewhere."
    )
    bbox_thr: Annotated[float, SHARE] = Field(0.3, description="People found less surely than this do not count.")
    detect_every: Annotated[int, COUNT] = Field(
        5, description="Frames from one search for people to the next; they are followed in between."
    )
    batch_size: Annotated[int | None, COUNT, Flag(parse=parse_batch, usual="auto")] = Field(
        None, description="People a run of the network: auto, or a number."
    )
    device: Device = "auto"


def batch_of(settings: TopDownSettings, context: EstimatorContext, device: str) -> int:
    """Return how many people a run of the network are best on a kind of device, where nothing else was asked for."""
    return 1 if context.online else settings.batch_size or _BATCHES[device]


class PeopleFinder(Protocol):
    """The two networks; pictures are (H, W, 3) uint8 RGB."""

    def detect(self, images: Sequence[ByteArray]) -> list[tuple[Array, Array]]:
        """Return boxes (N, 4) left, top, right, bottom in pixels and scores (N,) of the people in each picture."""

    def poses(self, images: Sequence[ByteArray], boxes: Sequence[Array]) -> list[list[PersonPose]]:
        """Return the people in each picture, one a box (N, 4), in the order of the boxes."""


def describe(every: int, bbox_thr: float) -> str:
    """Say how often people are searched for and which of them count, for the provenance."""
    followed = "each frame" if every == 1 else f"one frame of {every} and followed in between"
    return f"people searched for in {followed}, counted from a score of {bbox_thr:g}"


def follow(
    frames: Iterable[Frame], finder: PeopleFinder, *, every: int, together: int, max_persons: int
) -> Generator[list[PersonPose], None, None]:
    """Yield the people of each frame.

    Parameters
    ----------
    every : frames from one search to the next.
    together : stretches of that many frames that go side by side; fewer, if their pictures would fill the memory.
    """
    source = iter(frames)
    first = next(source, None)
    if first is None:
        return
    room = _HELD_BYTES // (first.image.nbytes * every)
    source = chain([first], source)
    if min(together, room) <= 1:  # no frame is taken before those before it are done
        stretch = _Stretch()
        for number, frame in enumerate(source):
            if number % every == 0:
                stretch = _Stretch()
                _begin([stretch], [frame], finder, max_persons)
            _step([stretch], [frame], finder)
            yield stretch.found[-1]
        return
    while chunk := list(islice(source, every * min(together, room))):
        parts = [chunk[start : start + every] for start in range(0, len(chunk), every)]
        stretches = [_Stretch() for _ in parts]
        _begin(stretches, [part[0] for part in parts], finder, max_persons)
        for step in range(every):
            going = [row for row, part in enumerate(parts) if step < len(part)]
            _step([stretches[row] for row in going], [parts[row][step] for row in going], finder)
        yield from (poses for stretch in stretches for poses in stretch.found)


@dataclass(eq=False)
class _Stretch:
    """What was found from one search on, and where to look next."""

    boxes: Array = field(default_factory=lambda: np.empty((0, 4)))
    margins: Array = field(default_factory=lambda: np.empty((0, 4)))
    found: list[list[PersonPose]] = field(default_factory=list)

    def take(self, poses: list[PersonPose], size: tuple[int, int]) -> None:
        """Keep what was found in this frame, whose width and height are these, and say where to look in the next."""
        poses = [_inside(pose, size) for pose in poses]
        if not self.found:  # a detector's box reaches beyond the points; it goes on doing so while they are followed
            poses = [pose for pose in poses if pose.score.any()]
            self.margins = np.array([_margins(pose) for pose in poses]).reshape(-1, 4)
        else:
            kept = list(_kept(poses))
            poses, self.margins = [poses[row] for row in kept], self.margins[kept]
        self.found.append(poses)
        boxes = [_box_after(pose, margins) for pose, margins in zip(poses, self.margins, strict=True)]
        self.boxes = np.array(boxes).reshape(-1, 4).clip(0, np.tile(size, 2))
        there = (self.boxes[:, 2:] - self.boxes[:, :2] >= 1).all(axis=1)
        self.boxes, self.margins = self.boxes[there], self.margins[there]


def _begin(stretches: list[_Stretch], frames: list[Frame], finder: PeopleFinder, max_persons: int) -> None:
    for stretch, seen in zip(stretches, finder.detect([frame.image for frame in frames]), strict=True):
        stretch.boxes = _most_prominent(*seen, max_persons)


def _step(stretches: list[_Stretch], frames: list[Frame], finder: PeopleFinder) -> None:
    poses = finder.poses([frame.image for frame in frames], [stretch.boxes for stretch in stretches])
    for stretch, frame, people in zip(stretches, frames, poses, strict=True):
        stretch.take(people, frame.size)


def _most_prominent(boxes: Array, scores: Array, most: int) -> Array:
    """Return the boxes of the largest and surest people."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return boxes[np.argsort(-areas * scores, kind="stable")[:most]]


def _inside(pose: PersonPose, size: tuple[int, int]) -> PersonPose:
    """Return the pose without what lies beyond the picture's edge: a network guesses there, and does not see."""
    seen = np.asarray(((pose.xy >= 0) & (pose.xy < size)).all(axis=1))
    return replace(
        pose,
        xy=np.where(seen[:, None], pose.xy, np.nan),
        score=np.where(seen, pose.score, 0.0),
        xyz=None if pose.xyz is None else np.where(seen[:, None], pose.xyz, np.nan),
    )


def _extent(pose: PersonPose) -> Array:
    """Return the box of the points that are surely seen; the box that was looked at, where they are too few."""
    seen = pose.score >= SEEN
    return box_of(pose.xy[seen]) if seen.sum() >= _FEWEST else pose.bbox


def _margins(pose: PersonPose) -> Array:
    extent = _extent(pose)
    return np.asarray(((pose.bbox - extent) * _OUTWARD / _size(extent)).clip(*_MARGINS))


def _box_after(pose: PersonPose, margins: Array) -> Array:
    extent = _extent(pose)
    return np.asarray(extent + margins * _OUTWARD * _size(extent))


def _size(box: Array) -> Array:
    return np.tile(np.maximum(box[2:] - box[:2], 1.0), 2)


def _kept(poses: list[PersonPose]) -> Iterator[int]:
    """Yield the rows of the people that are still seen, each of them once."""
    kept: list[PersonPose] = []
    for row, pose in enumerate(poses):
        if (pose.score >= SEEN).sum() < _FEWEST:
            continue
        if all(box_overlap(_extent(pose), _extent(other)) < _SAME for other in kept):
            kept.append(pose)
            yield row
