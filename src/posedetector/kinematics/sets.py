"""What sets of repetitions come to: how many, how long, and the two tests of standing up from a chair that clinics time.

Five times sit-to-stand is timed to the seat after the fifth stand (Whitney et al. 2005, Phys Ther 85:1034–1045; norms: Bohannon 2006,
Percept Mot Skills 103:215–222) or to the fifth stand (Guralnik et al. 1994, J Gerontol 49:M85–94); both go back to Csuka & McCarty
1985 (Am J Med 78:77–81). They differ by the last way down, so both are given. A stopwatch starts at the word "go", which no video
shows: here time runs from when the hips leave the seat, later by the reaction and by the trunk's leaning forward.

The 30 s chair stand (Jones, Rikli & Beam 1999, Res Q Exerc Sport 70:113–119) counts full stands in 30 s; who is more than half way
up at their end has one more. It is given where the clip lasts for 30 s from the first rise on and the subject goes on until then.
Whether arms helped, which voids both tests, is not judged.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from posedetector.arrays import sd
from posedetector.kinematics.nouns import Quantity, Repetition
from posedetector.kinematics.repetitions import APART

_CHAIR_STAND = 30.0  # seconds
# Seconds by which starts and ends of filmed squats differ from motion capture's (RMS; benchmarks/repetitions.py). No sit-to-stand
# of known times has been filmed.
EDGE_ERROR = 0.07


def measure_sets(repetitions: Sequence[Repetition], last: float) -> tuple[Quantity, ...]:
    """Return counts and times of the longest set of each kind, of a clip whose last frame is at `last` seconds."""
    sets = find_sets(repetitions)
    found: list[Quantity] = []
    for kind in dict.fromkeys(one.movement for one in repetitions):
        own = [one_set for one_set in sets if one_set[0].movement == kind]
        longest = max(own, key=len)
        where = f"; the longest of {len(own)} sets, from {longest[0].start:.1f} s" if len(own) > 1 else ""
        found += _of_squats(longest, where) if kind == "squat" else _of_stands(longest, last, where)
    return tuple(found)


def find_sets(repetitions: Sequence[Repetition]) -> list[list[Repetition]]:
    """Return repetitions of one kind that follow each other within APART seconds."""
    sets: list[list[Repetition]] = []
    for one in repetitions:
        last = sets[-1][-1] if sets else None
        if last is None or last.movement != one.movement or one.start - last.end > APART:
            sets.append([])
        sets[-1].append(one)
    return sets


def _of_squats(squats: Sequence[Repetition], where: str) -> Iterator[Quantity]:
    yield _count("squat_count", len(squats), f"squats, from standing to standing{where}")
    total = squats[-1].end - squats[0].start
    yield _time("squat_set_time", [total], f"start of the first squat to the end of the last{where}")
    yield _time(
        "squat_down_time",
        [one.down for one in squats],
        f"from the first 5 % of the way down to the lowest point{where}",
    )
    yield _time("squat_up_time", [one.up for one in squats], f"lowest point to the last 5 % of the way up{where}")
    yield _length("squat_depth", [one.depth for one in squats], f"by which the middle of the hips goes down{where}")


def _of_stands(stands: Sequence[Repetition], last: float, where: str) -> Iterator[Quantity]:
    first = stands[0].start
    since = "from when the hips first leave the seat (not from the word 'go')"
    yield _count("sit_to_stand_count", len(stands), f"full stands from the seat{where}")
    if len(stands) >= 5:
        fifth = stands[4]
        if np.isfinite(fifth.down):
            about = f"{since} to the seat after the fifth stand (Whitney 2005){where}"
            yield _time("five_times_sit_to_stand_time", [fifth.end - first], about)
        about = f"{since} to the fifth full stand (Guralnik 1994){where}"
        yield _time("five_times_sit_to_stand_time_to_standing", [fifth.turn - first], about)
    stop = first + _CHAIR_STAND
    if last >= stop and stands[-1].end >= stop - APART:
        # halfway in time is halfway in height, of a way up that is even
        within = sum((one.start + one.turn) / 2 <= stop for one in stands)
        about = f"full stands in 30 s, one more if more than half way up at the end, {since} (Jones, Rikli & Beam 1999){where}"
        yield _count("chair_stands_in_30_s", within, about)
    whole = stands[-1].end if np.isfinite(stands[-1].down) else stands[-1].turn
    yield _time("sit_to_stand_set_time", [whole - first], f"{since} to the last seat or stand{where}")
    yield _length("sit_to_stand_rise", [one.depth for one in stands], f"by which the middle of the hips rises{where}")
    yield _time("sit_to_stand_rise_time", [one.up for one in stands], f"hips leave the seat to full stand{where}")
    downs = [one.down for one in stands if np.isfinite(one.down)]
    if downs:
        yield _time("sit_to_stand_sit_down_time", downs, f"standing is left to the seat{where}")


def _count(name: str, value: int, about: str) -> Quantity:
    return Quantity(name, "", float(value), float("nan"), value, "count", about)


def _length(name: str, values: Sequence[float], about: str) -> Quantity:
    """Return the mean of lengths; their error is the size's (`uncertainty.with_size_errors`)."""
    return Quantity(name, "", float(np.mean(values)), sd(np.array(values)), len(values), "m", about)


def _time(name: str, values: Sequence[float], about: str) -> Quantity:
    """Return the mean of times between two edges of ways; errors of edges are taken to be alike over the set."""
    return Quantity(
        name, "", float(np.mean(values)), sd(np.array(values)), len(values), "s", about, error=2**0.5 * EDGE_ERROR
    )
