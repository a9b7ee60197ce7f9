"""MOT, OpenSim's motion file: coordinates of its full-body models over time, degrees and metres, in OpenSim's ground frame.

There is no word for a missing value: OpenSim's table reader takes `nan`, but its Storage, by which motions are loaded
and tools are run, stops reading at it without an error, and where rows are missing it goes on without a word: the motion jumps (seen
with 4.6). So the file holds the longest stretch of the clip in which pelvis and legs are known. There, what is missing
of all else has values that stand in; the header says which and when, and so does a note.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posedetector.account import Note, caution, info
from posedetector.arrays import MISSING, split_at_gaps
from posedetector.kinematics.grading import in_words
from posedetector.pose import Array, Noun, Source, settle, settle_each
from posedetector.provenance import time_spans
from posedetector.trial import Trial
from posedetector.writers.coordinates import LUMBAR, PATH, TURNS, carries_the_body, coordinates, spines_shown

# Seconds without pelvis or leg over which a straight line stands in. A judgement: a swinging knee (6,000°/s²) strays from it by 7°.
BRIDGED = 0.1
OFTEN = 0.5  # share of the frames in which a coordinate has to be known; judgement
_NAMED = 3  # of a list; a judgement
_MICROSECOND = 1e-6  # times are not exact
# the full-body model that export-opensim writes beside its setups has these instead of LUMBAR, with the same signs
_ELSEWHERE = ("L5_S1_Flex_Ext", "L5_S1_Lat_Bending", "L5_S1_axial_rotation")


@dataclass(frozen=True, slots=True, eq=False)
class Motion(Noun):
    """What a motion file holds of a clip.

    Attributes
    ----------
    time : (N,) seconds.
    values : by coordinate, (N,) degrees or metres, all known.
    filled : by coordinate, (N,) where a value stands in for one that is missing; only those with such values.
    lost : coordinates that are missing too often.
    gaps : coordinates of pelvis and legs of which some are missing where the clip is not in the file.
    more : whether other frames show pelvis and legs too, beyond a gap.
    """

    time: Array
    values: Mapping[str, Array]
    filled: Mapping[str, NDArray[np.bool_]]
    lost: tuple[str, ...]
    gaps: tuple[str, ...]
    more: bool

    def __post_init__(self) -> None:
        settle(self, time=(-1,))
        settle_each(self, values=self.time.shape)
        settle_each(self, np.bool_, filled=self.time.shape)


def write_mot(trial: Trial, path: Path) -> None:
    """One row per frame at the clip's own times, of the longest stretch that has pelvis and legs (`motion_of`)."""
    motion = motion_of(trial)
    table = np.column_stack([motion.time, *motion.values.values()])
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(_header(trial, motion)) + "\n")
        file.write("\t".join(["time", *motion.values]) + "\n")
        for row in table:
            file.write("\t".join(f"{value:z.6f}" for value in row) + "\n")  # z: no minus before nought


def motion_of(trial: Trial) -> Motion:
    """Return the longest stretch without a gap in pelvis and legs, and all other coordinates there.

    A coordinate that is known in less than half of the stretch is left out, and one of the legs if the stretch would be less than half
    as long with it. Others have a value in every row: where they are missing, that of a straight line between the values
    around the gap, and before the first and after the last that one. Of pelvis and legs, this is so for at most 0.1 s.
    """
    found, time = coordinates(trial), trial.pose.time
    body = [name for name in found if carries_the_body(name)]
    kept, rows = largest_stretch(time, np.stack([np.isfinite(found[name]) for name in body], axis=1))
    lost = {name for name, keep in zip(body, kept, strict=True) if not keep}
    lost |= {name for name in found if name not in body and not _often(found[name][rows])}
    whole = np.all(
        [np.isfinite(found[name]) for name in body if name not in lost] or [np.zeros(len(time), bool)], axis=0
    )
    there = {name: np.isfinite(values[rows]) for name, values in found.items() if name not in lost}
    stretch = time[rows]
    return Motion(
        stretch,
        {name: np.interp(stretch, stretch[seen], found[name][rows][seen]) for name, seen in there.items()},
        {name: ~seen for name, seen in there.items() if not seen.all()},
        tuple(name for name in found if name in lost),
        tuple(name for name in body if name not in lost and not np.delete(np.isfinite(found[name]), rows).all()),
        bool(np.delete(whole, rows).any()),
    )


def largest_stretch(time: Array, known: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], slice]:
    """Return which columns (C,) and rows of a table (T, C) make the longest stretch without a gap of more than 0.1 s.

    Columns are given up from the emptiest on, as few as leave half of the longest stretch that any choice leaves.
    """
    order = np.argsort(-known.sum(axis=0), kind="stable")
    whole = np.logical_and.accumulate(known[:, order], axis=1)
    stretches = [_longest_stretch(time, rows) for rows in whole.T]
    lengths = np.array([one.stop - one.start for one in stretches])
    count = int((lengths >= max(lengths[0] / 2, 1)).sum())
    kept = np.zeros(known.shape[1], bool)
    kept[order[:count]] = True
    return kept, stretches[count - 1] if count else slice(0, 0)


def notes_on_motion(trial: Trial) -> Iterator[Note]:
    """Yield what a reader of the motion file has to know: of which times it is, and what in it was not seen."""
    motion = motion_of(trial)
    if cut := _cut(trial, motion):
        yield (caution if motion.more else info)(f"{trial.name}.mot: {cut}")
    named = {name: where for name, where in motion.filled.items() if not name.startswith(TURNS)}
    if named:
        yield info(
            f"{trial.name}.mot: {_filled(motion.time, named)}. These values stand in for what was not seen (straight lines "
            "between known values, else the nearest one); do not read them as measured."
        )
    if lost := [name for name in motion.lost if not name.startswith(TURNS)]:
        yield info(
            f"{trial.name}.mot has no {', '.join(lost)}: not seen in half of the frames. OpenSim holds them at their defaults."
        )


def _often(values: Array) -> bool:
    return len(values) > 0 and bool(np.isfinite(values).mean() >= OFTEN)


def _longest_stretch(time: Array, whole: NDArray[np.bool_]) -> slice:
    """Return the rows of the longest stretch that begins and ends with a whole row, and has none missing for long."""
    rows = np.flatnonzero(whole)
    step = float(np.median(np.diff(time))) if len(time) > 1 else 0.0
    parts = split_at_gaps(rows, time, max(MISSING * step, BRIDGED + step) + _MICROSECOND)
    longest = max(parts, key=lambda part: part[-1] - part[0], default=None)
    return slice(0, 0) if longest is None else slice(int(longest[0]), int(longest[-1]) + 1)


def _cut(trial: Trial, motion: Motion) -> str:
    """Return what of the clip is not in the file, and why; nothing where it is whole."""
    time = trial.pose.time
    left_out = ~np.isin(time, motion.time)
    if not left_out.any():
        return ""
    if not len(motion.time):
        return "no frame shows pelvis and legs, so the file has no rows"
    held = f"it holds {motion.time[0]:.2f}–{motion.time[-1]:.2f} s of {time[0]:.2f}–{time[-1]:.2f} s"
    if not motion.more:
        return f"{held}, where pelvis and legs are known"
    why = f"{_few(motion.gaps)} unknown between" if motion.gaps else "frames are missing between"
    return (
        f"{held}, the longest stretch without a gap ({why}), since OpenSim passes over gaps without a word: "
        "--start and --end analyse another stretch alone"
    )


def _few(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _NAMED else f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


def _filled(time: Array, filled: Mapping[str, NDArray[np.bool_]]) -> str:
    """Return which coordinates are filled in, and when; those of the same times together."""
    together: dict[str, list[str]] = {}
    for name, where in filled.items():
        together.setdefault(time_spans(time, where), []).append(name)
    return "not seen but filled in: " + "; ".join(f"{', '.join(names)} at {when}" for when, names in together.items())


def _header(trial: Trial, motion: Motion) -> list[str]:
    return [
        trial.name.replace("\n", " "),
        "version=1",
        f"nRows={len(motion.time)}",
        f"nColumns={len(motion.values) + 1}",
        "inDegrees=yes",
        "",
        f"Units are degrees, metres ({', '.join(PATH)}) and seconds.",
        f"Frame: OpenSim's ground, which is ours: {trial.provenance.frame_of_reference}",
        "Coordinates are those of Rajagopal et al. 2016 and models derived from it, from joint angles, not by inverse kinematics.",
        *_back(trial, motion.values),
        "The pelvis is placed by the middle of the hips; the models' pelvis has its origin some centimetres before and above it.",
        f"Written are {len(motion.time)} of {len(trial.pose.time)} frames.",
        *_what_is_not_known(trial, motion),
        *_what_was_mirrored(trial),
        *in_words(trial.kinematics.grades),
        f"Made by posedetector {trial.provenance.posedetector}.",
        "endheader",
    ]


def _what_is_not_known(trial: Trial, motion: Motion) -> Iterator[str]:
    if cut := _cut(trial, motion):
        yield f"{cut[0].upper()}{cut[1:]}."
    if motion.lost:
        yield f"Left out, since they are missing too often: {', '.join(motion.lost)}."
    if motion.filled:
        yield (
            "Straight lines between known values, and the nearest known value before the first and after the last, stand in for "
            f"what is missing; {_filled(motion.time, motion.filled)}."
        )


def _what_was_mirrored(trial: Trial) -> Iterator[str]:
    mirrored = (trial.pose.source == Source.MIRRORED).any(axis=1)
    if mirrored.any():
        yield (
            f"At {time_spans(trial.pose.time, mirrored)} some points are those of the other side, mirrored (--estimate-missing); "
            "landmarks.csv says which."
        )


def _back(trial: Trial, names: Iterable[str]) -> list[str]:
    """Return what is to be said of the back, where there is one: what it is called elsewhere, and if its bend is not seen."""
    if LUMBAR[0] not in names:
        return []
    lines = [f"In models whose back is L5_S1: {', '.join(map(' is '.join, zip(LUMBAR, _ELSEWHERE, strict=True)))}."]
    if not spines_shown(trial.pose.skeleton):
        lines.append(
            "The landmarks do not show how the pelvis tilts: it is square to the trunk, lumbar_extension is set to 0 for that, "
            "and the bending of the back is in pelvis_tilt and hip_flexion."
        )
    return lines
