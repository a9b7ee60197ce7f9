"""A video that was opened, and the part of it that is read."""

import math
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from posedetector.errors import InputError
from posedetector.pose import Frame

T = TypeVar("T")

FOLDER_RATE = 30.0  # frames per second of pictures that carry no times
CLOCK = 1e-6  # seconds; times that differ by less are one, whatever the rounding
_FRAMES_AHEAD = 4  # enough to hide decoding behind the estimator; a 4K frame takes 25 MB


@dataclass(frozen=True)
class Selection:
    """The part of a video that is analysed.

    Attributes
    ----------
    start, end : seconds from the video's first frame, as the video is stored (a player shows them; slow motion is slow here); the
        frame at `end` is not in it. None is the end of the video.
    every : 2 for every second frame from the first selected one on, and so on.

    Raises
    ------
    InputError
        If there can be no such part.
    """

    start: float = 0.0
    end: float | None = None
    every: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.start < math.inf:
            raise InputError(
                f"`start` is in seconds from the first frame: a finite number, not negative; got {self.start:g}",
                field="start",
            )
        if self.end is not None and not math.isfinite(self.end):
            raise InputError(
                f"`end` is in seconds from the first frame and must be finite, got {self.end:g}", field="end"
            )
        if self.end is not None and not self.start < self.end:
            raise InputError(
                f"`end` must be greater than `start`: got {self.end:g} s and {self.start:g} s", field="end"
            )
        if self.every < 1:
            raise InputError(f"`every` counts from 1 (1 is every frame), got {self.every}", field="every")

    def lasting(self, duration: float | None) -> "Selection":
        """Return it with its end so many seconds behind its start; None changes nothing."""
        return self if duration is None else Selection(self.start, self.start + duration, self.every)

    def begun(self, time: float) -> bool:
        """Tell whether a time is not before the start."""
        return time >= self.start - CLOCK

    def over(self, time: float) -> bool:
        """Tell whether a time is at the end or behind it."""
        return self.end is not None and time >= self.end - CLOCK

    def expected(self, seconds: float | None, rate: float) -> int | None:
        """Return how many frames are selected of a video of so many seconds at this rate; None where nobody knows."""
        ends = [one for one in (self.end, seconds) if one is not None]
        if not ends or not rate:
            return None
        first, behind = (math.ceil((moment - CLOCK) * rate) for moment in (self.start, min(ends)))
        return max(0, math.ceil((behind - first) / self.every))


WHOLE = Selection()


@dataclass
class Video:
    """A source that was opened and can be read once.

    Attributes
    ----------
    name : what the results are called after.
    size : width, height in square pixels, as displayed.
    rate : nominal frames per second of those selected, as they were captured; 0 for a single image.
    expected : how many frames there should be; None when nobody knows (some streams).
    selection : which part is read; with its end if a duration was given.
    slowdown : stored seconds in one second of the frames' times: 8 for slow motion of 240 frames per second stored at 30.
    captured : frames per second at which the frames were captured, where the file or somebody says so.
    colours_declared : whether the file says how its colours are coded; images and cameras have plain RGB.
    notes : what the reader of the results should know, complete when the frames have been read.
    """

    name: str
    size: tuple[int, int]
    rate: float
    expected: int | None
    _read: Callable[["Video"], Iterator[Frame]]
    selection: Selection = WHOLE
    notes: list[str] = field(default_factory=list)
    slowdown: float = 1.0
    captured: float | None = None
    colours_declared: bool = True

    def frames(self) -> Generator[Frame, None, None]:
        """Yield the frames; decoding runs a few frames ahead in a thread of its own. Raises VideoError."""
        return read_ahead(self._read(self), _FRAMES_AHEAD)


def read_ahead(items: Iterable[T], depth: int) -> Generator[T, None, None]:
    """Yield the items while a thread fetches up to `depth` of the next; errors come out where they would have."""
    buffer: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(maxsize=depth)
    stop = threading.Event()

    def put(item: T | None, error: BaseException | None = None) -> None:
        while not stop.is_set():
            with suppress(queue.Full):
                buffer.put((item, error), timeout=0.1)
                break

    worker = threading.Thread(target=_fetch, args=(items, put, stop), name="decoder", daemon=True)
    worker.start()
    try:
        while True:
            item, error = buffer.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]
    finally:
        stop.set()
        worker.join()


def _fetch(items: Iterable[T], put: Callable[..., None], stop: threading.Event) -> None:
    try:
        for item in items:
            put(item)
            if stop.is_set():
                break
        put(None, StopIteration())
    except BaseException as error:  # noqa: BLE001 -- handed to the reader, whoever it concerns
        put(None, error)
    finally:
        if isinstance(items, Generator):
            items.close()


def ends_early(selection: Selection, last: float) -> str:
    """Return what to say of a selection that ends behind the last frame, at `last` seconds."""
    return (
        f"the last frame is at {last:.2f} s, before {selection.end:g} s: {selection.start:g}–{last:.2f} s were analysed"
    )
