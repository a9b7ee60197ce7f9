"""When each foot stands on the floor, and when it has just touched or left it, by row of the clip."""

from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from posedetector.kinematics.nouns import Event, Gait, Side
from posedetector.pose import Array

FLASH = 0.15  # seconds for which an event is marked
_OPEN = 1.0  # seconds for which a stance that the clip cuts off is shown at most


@dataclass(frozen=True)
class Contacts:
    """Stance of each side (T,), and events by row, each with the share of `FLASH` that has passed."""

    stance: dict[Side, NDArray[np.bool_]]
    events: dict[int, list[tuple[Event, float]]]


def contacts_of(gait: Gait, time: Array) -> Contacts:
    """Return what is to be marked of a gait at these times (T,), seconds."""
    stance: dict[Side, NDArray[np.bool_]] = {}
    for side in ("left", "right"):
        own = sorted((one for one in gait.events if one.side == side), key=lambda one: one.time)
        stance[side] = np.zeros(len(time), bool)
        for start, end in _stances(own, time):
            stance[side][_rows(time, start, end)] = True
    events: dict[int, list[tuple[Event, float]]] = {}
    for one in gait.events:
        rows = _rows(time, one.time, one.time + FLASH)
        for row in rows if len(rows) else [one.frame]:
            passed = min(max((time[row] - one.time) / FLASH, 0.0), 1.0)
            events.setdefault(int(row), []).append((one, float(passed)))
    return Contacts(stance, events)


def _stances(events: list[Event], time: Array) -> list[tuple[float, float]]:
    """Return start and end of stances: from each initial contact to the foot-off that follows, or to the clip's ends."""
    found = []
    if events and events[0].kind == "foot_off":
        found.append((events[0].time - _OPEN, events[0].time))
    for one, following in zip_longest(events, events[1:]):
        if one.kind == "initial_contact" and following is None:
            found.append((one.time, min(one.time + _OPEN, time[-1] + 1e-9)))
        elif one.kind == "initial_contact" and following is not None and following.kind == "foot_off":
            found.append((one.time, following.time))
    return found


def _rows(time: Array, start: float, end: float) -> NDArray[np.int64]:
    return np.arange(*np.searchsorted(time, [start, end]))
