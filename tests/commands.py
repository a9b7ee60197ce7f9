"""What the tests of the commands share."""

import logging
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
import torch

from posedetector.cli import main

_TABLES = {
    "landmarks",
    "landmarks_wide",
    "keypoints_2d",
    "joint_angles",
    "angle_definitions",
    "centre_of_mass",
    "segment_masses",
    "summary",
}
_OF_GAIT = {"gait_events", "gait_parameters", "gait_cycles", "gait_cycle_means"}


def files_of(clip: str, tables: Iterable[str] = ()) -> set[str]:
    """Return what `analyze` leaves in its folder when no formats are named, with these tables besides those of every clip."""
    named = {f"{table}.csv" for table in (*_TABLES, *tables)}
    named |= {f"{clip}.{ending}" for ending in ("xlsx", "trc", "mot", "c3d")}
    return named | {"overlay.mp4", "joint_angles.png", "movement.png", "provenance.json", "report.html"}


FILES_OF_THE_SAMPLE = files_of("walk_side", _OF_GAIT)


class Done(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: str
    errors: str


def status_of(*arguments: object) -> int:
    """Run `posedetector …` in this process, which is loaded already, and return how it ended."""
    with pytest.raises(SystemExit) as caught:
        main([*map(str, arguments)])
    return int(caught.value.code or 0)


@contextmanager
def undone() -> Iterator[None]:
    """Undo what commands do to the process that they think is theirs."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        logging.captureWarnings(capture=False)
        for number, handler in handlers.items():
            signal.signal(number, handler)
