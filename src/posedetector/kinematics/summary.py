"""What a clip comes to in a few numbers: lengths of segments, ranges of motion, greatest velocities, and how alike both sides are.

Only what was observed counts: a length in frames that have both its ends (`has_bone_length`, as in `calibration`), an angle in
frames in which all of its points were observed. What rests on augmented points says so. What never was is not there.

Extremes of angles are those of whole gait cycles, of repetitions, or of the clip without its ends (`stretches`): of several, the mean.
Their error is the fit's deviation where they are, which does not shrink with the number of cycles, since errors are alike from one to
the next. Greatest less least value has a constant error no more, and errors of two moments: together 1.25 times the fit's
deviation of one, so that 90 % intervals hold 90 % of ranges on filmed motion capture.

Asymmetries are those of `asymmetry`. Their error takes both sides' for independent.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from posedetector.anthropometry import SEGMENT_ENDS
from posedetector.arrays import mean, robust_sd, sd
from posedetector.kinematics.asymmetry import compare_sides, with_error
from posedetector.kinematics.nouns import Grade, JointAngles, Quantity
from posedetector.kinematics.stretches import ENDS, Stretches, extremes_in
from posedetector.pose import Array, MetricPose, Source, has_bone_length
from posedetector.skeletons import SIDES, AnySide, split_side

# Below this mean range (radians) asymmetry would be a ratio of two noises: angles from one video err by 4–5° against motion capture.
LEAST_RANGE = np.radians(5)
_PAIRED = {**SEGMENT_ENDS, "foot": ("heel", "foot_index")}
# name → the points whose middles are its ends
_UNPAIRED = {
    "trunk_length": (("left_hip", "right_hip"), ("left_shoulder", "right_shoulder")),
    "hips_width": (("left_hip",), ("right_hip",)),
    "shoulders_width": (("left_shoulder",), ("right_shoulder",)),
}
_SEEN = "median of the frames that show both ends, sd from their median absolute deviation"
_FITTED = "; of one fitted body, so the same on both sides"
_AUGMENTED = "; from points that a network made out of others"
_EXTREMES = "without the outermost 1 % of frames, at most 0.05 s"
_RANGE_ERROR = 1.25  # of the fit's deviations: benchmarks/grades.py
_ORDER = ("good", "weak", "poor")


def summarize(
    pose: MetricPose,
    angles: JointAngles,
    stretches: Callable[[str], Stretches],
    grades: Mapping[str, Grade],
) -> tuple[Quantity, ...]:
    """Return lengths (m), extremes and ranges of angles (rad), greatest angular velocities (rad/s) and asymmetries (share).

    `stretches` says by side which moments count for angles; `count` is of gait cycles or repetitions, else of frames. The
    asymmetry of lengths is left out where one body was fitted to the clip, since its sides are alike by assumption; that of
    ranges, where their mean is below 5°.
    """
    lengths = tuple(_lengths(pose))
    # one fitted body is the same on both sides
    apart = [one.quantity for one in lengths if not one.fitted]
    made = {one.quantity.name for one in lengths if one.augmented}
    motion = tuple(_motion(angles, stretches, grades))
    # of a clip in which nothing is repeated, each side's range is that of another movement
    repeated = stretches("").kind != "clip"
    ranges = (row for row in motion if row.name.endswith("_range") and repeated)
    return (
        *(one.quantity for one in lengths),
        *_asymmetries(apart, least=0.0, augmented=made),
        *motion,
        *_asymmetries(ranges, least=LEAST_RANGE),
    )


class _Length(NamedTuple):
    """A segment's length; whether it is of the one body that was fitted, and whether it rests on augmented points."""

    quantity: Quantity
    fitted: bool
    augmented: bool


def _lengths(pose: MetricPose) -> Iterator[_Length]:
    for segment, (near, far) in _PAIRED.items():
        for side in SIDES:
            values, made = _distance(pose, (f"{side}_{near}",), (f"{side}_{far}",))
            if len(values):
                fitted = pose.spread is not None and not made
                about = f"{near} to {far}: {_SEEN}{_FITTED if fitted else _AUGMENTED * made}"
                yield _Length(_of_frames(f"{segment}_length", side, values, about), fitted, made)
    for name, (start, end) in _UNPAIRED.items():
        values, made = _distance(pose, start, end)
        if len(values):
            ends = (
                "middle of hips to middle of shoulders"
                if len(start) > 1
                else f"{start[0]} to {end[0]}".replace("_", " ")
            )
            about = f"{ends}: {_SEEN}{_AUGMENTED * made}"
            yield _Length(_of_frames(name, "", values, about), pose.spread is not None, made)


def _distance(pose: MetricPose, start: tuple[str, ...], end: tuple[str, ...]) -> tuple[Array, bool]:
    """Lengths between the middles of two sets of points, metres, of the frames that have all of them, and whether these were augmented."""
    if not pose.skeleton.has(*start, *end):
        return np.empty(0), False
    rows = pose.skeleton.indices(*start), pose.skeleton.indices(*end)
    source = pose.source[:, rows[0] + rows[1]]
    first, last = (pose.xyz[:, group].mean(axis=1) for group in rows)
    lengths = np.linalg.norm(last - first, axis=1)
    counted = has_bone_length(source).all(axis=1) & np.isfinite(lengths)
    return lengths[counted], bool((source[counted] == Source.AUGMENTED).any())


def _of_frames(name: str, side: AnySide, values: Array, about: str) -> Quantity:
    middle = float(np.median(values))
    return Quantity(name, side, middle, robust_sd(values), len(values), "m", about)


def _motion(
    angles: JointAngles, stretches: Callable[[str], Stretches], grades: Mapping[str, Grade]
) -> Iterator[Quantity]:
    for column, whole in enumerate(angles.names):
        side, name = split_side(whole)
        own = stretches(side)
        found, grade = extremes_in(angles, column, own), grades.get(whole)
        if not len(found.low):
            continue
        clip = own.kind == "clip"
        rests = f", each with up to {ENDS:g} s of rest before and after" if own.kind == "repetition" else ""
        of = f"of the clip without its ends (up to {ENDS:g} s each)" if clip else f"mean over {own.kind}s{rests}"
        errors = found.low_sd, found.high_sd, _RANGE_ERROR * np.sqrt((found.low_sd**2 + found.high_sd**2) / 2)
        for end, values, error, how in (
            ("minimum", found.low, errors[0], "least value"),
            ("maximum", found.high, errors[1], "greatest value"),
            ("range", found.high - found.low, errors[2], "maximum - minimum"),
            ("velocity_maximum", found.fastest, np.full(1, np.nan), "greatest velocity either way"),
        ):
            if not np.isfinite(values).all():
                continue
            yield Quantity(
                name=f"{name}_{end}",
                side=side,
                value=float(values.mean()),
                sd=sd(values),
                count=found.frames if clip else len(values),
                unit="rad/s" if end == "velocity_maximum" else "rad",
                about=f"{how}, {of}, {_EXTREMES}",
                error=mean(error),
                quality="" if grade is None else grade.quality,
                reason="" if grade is None else grade.reason,
            )


def _asymmetries(rows: Iterable[Quantity], least: float, augmented: Collection[str] = ()) -> Iterator[Quantity]:
    """Compare the sides of all that has both, unless their mean is below `least`; name what rests on augmented points."""
    sides: dict[str, dict[str, Quantity]] = {}
    for row in rows:
        sides.setdefault(row.name, {})[row.side] = row
    for pair in sides.values():
        if not all(side in pair for side in SIDES):
            continue
        left, right = (pair[side] for side in SIDES)
        index = compare_sides(left, right)
        if not np.isfinite(index.value) or (left.value + right.value) / 2 < least:
            continue
        error = 4 * np.hypot(right.value * left.error, left.value * right.error) / (left.value + right.value) ** 2
        worse = max(left, right, key=lambda row: _ORDER.index(row.quality or "good"))
        made = _AUGMENTED * (left.name in augmented)
        graded = replace(index, about=f"{index.about}{made}", quality=worse.quality, reason=worse.reason)
        yield with_error(graded, float(error))
