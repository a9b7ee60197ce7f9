"""Time stamps as files have them → times that increase.

Stamps may be missing, repeated, or run backwards. Each such fault has one answer here, and is counted for a note:

- missing: the nominal rate's next step;
- repeated or late, with room before the next good stamp: the places that are left free there, evenly;
- repeated or late, without room: the picture is left out;
- standing still, or behind the last one for good (joined recordings): time goes on from the last good one.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

_PATIENCE = 8  # pictures in a row behind the last good stamp, after which it is the clock that went back; a judgement
_ROOM = 0.6  # of a step: two pictures nearer than this have one place, not two; a judgement
_STEPS = 15  # between good stamps, whose median is the step
_GAP = 1.0  # seconds; a person is not followed across more (tracking.MAX_GAP)


@dataclass
class Clock:
    """The clock of a stream that is read once.

    Attributes
    ----------
    nominal : seconds from one picture to the next at the nominal rate.
    origin : the stamp in seconds that is time 0; the first picture's if None.
    missing, respaced, left_out : how many pictures had no stamp, got another place, or none.
    resets : (time, seconds back) where the clock went back.
    gaps : (time, seconds) of stretches without pictures.
    """

    nominal: float
    origin: float | None = None
    last: float | None = None
    missing: int = 0
    respaced: int = 0
    left_out: int = 0
    resets: list[tuple[float, float]] = field(default_factory=list)
    gaps: list[tuple[float, float]] = field(default_factory=list)
    _held: list[Any] = field(default_factory=list)
    _steps: deque[float] = field(default_factory=lambda: deque(maxlen=_STEPS))

    @property
    def step(self) -> float:
        """Seconds from one picture to the next: the median of the last steps between good stamps, else the nominal one."""
        return median(self._steps) if len(self._steps) > 2 else self.nominal

    def times(self, pictures: Iterable[Any]) -> Iterator[tuple[Any, float]]:
        """Yield pictures with their times in seconds, which increase; a picture's `time` is its stamp in seconds, or None."""
        for picture in pictures:
            yield from self._timed(picture)
        yield from self._remaining()

    def _timed(self, picture: Any) -> Iterator[tuple[Any, float]]:
        stamp = picture.time
        if stamp is None and not self._held:
            self.missing += 1
            yield picture, self._go_to(0.0 if self.last is None else self.last + self.step)
            return
        if self.origin is None and stamp is not None:  # behind pictures without stamps, one step after the last of them
            self.origin = stamp if self.last is None else stamp - self.last - self.step
        moment = None if stamp is None or self.origin is None else stamp - self.origin
        if moment is not None and (self.last is None or moment > self.last):
            yield from self._placed(moment)
            if self.last is not None and moment - self.last > max(_GAP, 1.5 * self.step):
                self.gaps.append((self.last, moment - self.last))
            if self.last is not None:
                self._steps.append(moment - self.last)
            yield picture, self._go_to(moment)
            return
        self._held.append(picture)
        if len(self._held) >= _PATIENCE:
            yield from self._reset()

    def _go_to(self, moment: float) -> float:
        self.last = moment
        return moment

    def _placed(self, until: float) -> Iterator[tuple[Any, float]]:
        """Yield the pictures that were held back, between the last one and a good one, where there is room."""
        held, self._held = self._held, []
        start = until if self.last is None else self.last
        room = (until - start) / (len(held) + 1)
        if not held or room < _ROOM * self.step or room > 1 / _ROOM * self.step:
            self.left_out += len(held)
            return
        self.respaced += len(held)
        for place, picture in enumerate(held, 1):
            yield picture, self._go_to(start + place * room)

    def _reset(self) -> Iterator[tuple[Any, float]]:
        """Go on from the last good time with the pictures that were held back: by their own steps, or else by the nominal one."""
        held, self._held = self._held, []
        stamps = [picture.time for picture in held if picture.time is not None]
        after = (self.last or 0.0) + self.step
        runs = len(stamps) == len(held) and all(one < other for one, other in pairwise(stamps))
        if runs:
            self.resets.append((after, (self.origin or 0.0) + after - stamps[0]))
            self.origin = stamps[0] - after
        else:
            self.missing += len(held)
        for place, picture in enumerate(held):
            yield picture, self._go_to(after + (stamps[place] - stamps[0] if runs else place * self.step))
        if stamps and not runs:
            self.origin = stamps[-1] - (self.last or 0.0)

    def _remaining(self) -> Iterator[tuple[Any, float]]:
        """Yield what is held back at the end where the clock went back or stands; one odd picture is left out."""
        if len(self._held) > 1:
            yield from self._reset()
        self.left_out += len(self._held)
        self._held = []

    def forget(self) -> None:
        """Begin to count anew."""
        self.missing = self.respaced = self.left_out = 0
        self.resets, self.gaps = [], []

    def notes(self, rate_by: str, *, known: bool) -> Iterator[str]:
        """Yield what to say of the stamps; `rate_by` names the nominal rate and whose it is, `known` that the capture's is given."""
        if self.missing and not known:
            yield (
                f"{_frames(self.missing)} no usable time stamp and took the next place at {rate_by}: times and speeds rest on "
                "that rate there; if it is not the camera's, pass --capture-fps with the rate at which the frames were captured"
            )
        if self.respaced:
            yield (
                f"{_frames(self.respaced)} a repeated or late time stamp and took the empty places beside it: single "
                "velocities may be off there"
            )
        if self.left_out:
            yield (
                f"{_frames(self.left_out)} no time of {'its' if self.left_out == 1 else 'their'} own and "
                f"{'was' if self.left_out == 1 else 'were'} left out (repeated or late time stamps); all other times hold"
            )
        for time, back in self.resets[:3]:
            yield (
                f"the video's clock runs backwards by {back:.2f} s at {time:.2f} s, as in recordings that were joined: what "
                "follows was put one frame later, and the true interval is unknown; analyse the parts separately "
                "(--start, --end) if it matters"
            )
        for time, length in self.gaps[:3]:
            yield (
                f"the video has no frames for {length:.2f} s from {time:.2f} s on: the recording paused or frames are "
                "missing; nothing is interpolated there, and a person may count as a new one afterwards"
            )


def _frames(count: int) -> str:
    return f"{count} frame has" if count == 1 else f"{count} frames have"
