"""When each foot stands on the floor, and when it has just touched or left it, by row of the clip."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posedetector.kinematics.events import stances
from posedetector.kinematics.nouns import Event, Gait
from posedetector.pose import Array, Noun, settle_each, settle_mappings
from posedetector.skeletons import SIDES, Side

FLASH = 0.15  # seconds for which an event is marked


@dataclass(frozen=True, eq=False)
class Contacts(Noun):
    """Stance of each side (T,), and events by row, each with the share of `FLASH` that has passed."""

    stance: Mapping[Side, NDArray[np.bool_]]
    events: Mapping[int, list[tuple[Event, float]]]

    def __post_init__(self) -> None:
        settle_each(self, np.bool_, stance=(-1,))
        settle_mappings(self, "events")


def contacts_of(gait: Gait, time: Array) -> Contacts:
    """Return what is to be marked of a gait at these times (T,), seconds."""
    stance: dict[Side, NDArray[np.bool_]] = {}
    for side in SIDES:
        own = [(one.time, one.kind) for one in gait.events if one.side == side]
        stance[side] = np.zeros(len(time), bool)
        for start, end in stances(own, float(time[-1])):
            stance[side][_rows(time, start, end)] = True
    events: dict[int, list[tuple[Event, float]]] = {}
    for one in gait.events:
        rows = _rows(time, one.time, one.time + FLASH)
        for row in rows if len(rows) else [one.frame]:
            passed = min(max((time[row] - one.time) / FLASH, 0.0), 1.0)
            events.setdefault(int(row), []).append((one, float(passed)))
    return Contacts(stance, events)


def _rows(time: Array, start: float, end: float) -> NDArray[np.int64]:
    return np.arange(*np.searchsorted(time, [start, end]))
