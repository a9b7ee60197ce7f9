"""What networks run on, by name; nothing here needs PyTorch."""

import os
import re
from dataclasses import dataclass

from posedetector.errors import InputError

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Device:
    """A kind of device and its number, of which one is meant where there are several."""

    type: str
    index: int | None = None

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"


def parse_device(name: str) -> Device:
    """Return the device of this name, or Device("auto"), whether or not it is here; raises InputError for other words."""
    kind, _, number = name.partition(":")
    if kind not in DEVICES or not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name):
        raise InputError(f"there is no device {name!r}; there are {', '.join(DEVICES)}, and cuda:1 for a second one")
    return Device(kind, int(number) if number else None)


def is_on_cpu(name: str) -> bool:
    """Tell whether what NumPy does is what this name of a device asks for; raises InputError for other words."""
    return parse_device(name).type in {"auto", "cpu"}


def usable_cores() -> int:
    """Return how many threads to compute with: OMP_NUM_THREADS, or the cores that this process may use."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity else os.cpu_count() or 1
