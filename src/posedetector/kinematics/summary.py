"""What a clip comes to in a few numbers: lengths of segments, ranges of motion, greatest velocities, and how alike both sides are.

Only what was observed counts: a length in frames that have both its ends (`has_bone_length`, as in `calibration`), an angle in
frames in which all of its points were observed. What rests on augmented points says so. What never was is not there.

The asymmetry is Robinson's symmetry index (Robinson, Herzog & Nigg 1987, J Manipulative Physiol Ther 10:172–176) without its
sign: |left − right| over the mean of both; 0 is alike, and 2 the most there can be.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from posedetector.kinematics.nouns import JointAngles, Quantity, Side
from posedetector.pose import Array, MetricPose, Source, has_bone_length
from posedetector.subject import SEGMENTS

SIDES: tuple[Side, Side] = ("left", "right")
# A curve's plain extremes are those of its noise, and grow with the clip. Left out on each side: this share of the frames, or
# frames of this many seconds if they are less, lest a single kick in a long clip goes too. Judgements: at the knee's peak in
# swing (some 3,000°/s²) the first costs less than 0.1° of a stride of one second, the second 1° of a single one.
TRIMMED, LONGEST_TRIM = 0.01, 0.05
# Below this mean range (radians) asymmetry would be a ratio of two noises: angles from one video err by 4–5° against motion capture.
LEAST_RANGE = np.radians(5)
_PAIRED = {**SEGMENTS, "foot": ("heel", "foot_index")}
# name → the points whose middles are its ends
_UNPAIRED = {
    "trunk_length": (("left_hip", "right_hip"), ("left_shoulder", "right_shoulder")),
    "hips_width": (("left_hip",), ("right_hip",)),
    "shoulders_width": (("left_shoulder",), ("right_shoulder",)),
}
_SEEN = "median of the frames that show both ends, sd from their median absolute deviation"
_FITTED = "; of one fitted body, so the same on both sides"
_AUGMENTED = "; from points that a network made out of others"
_ALIKE = "|left - right| / mean of both (Robinson 1987)"
_EXTREMES = "without the outermost 1 % of frames, at most 0.05 s"


def summarize(pose: MetricPose, angles: JointAngles) -> tuple[Quantity, ...]:
    """Return lengths (m), extremes and ranges of angles (rad), greatest angular velocities (rad/s) and asymmetries (share).

    `count` is of frames. The asymmetry of lengths is left out where one body was fitted to the clip, since its sides are
    alike by assumption; that of ranges, where their mean is below 5°.
    """
    lengths = tuple(_lengths(pose))
    motion = tuple(_motion(angles))
    alike = () if pose.spread is not None else tuple(_asymmetries(lengths, least=0.0))
    ranges = (row for row in motion if row.name.endswith("_range"))
    return (*lengths, *alike, *motion, *_asymmetries(ranges, least=LEAST_RANGE))


def symmetry_index(left: float, right: float) -> float:
    """Return |left − right| over the mean of both (Robinson et al. 1987), from 0 to 2 for what is not negative; NaN for two noughts."""
    middle = (left + right) / 2
    return abs(left - right) / middle if middle > 0 else float("nan")


def extremes(values: Array, duration: float) -> tuple[float, float]:
    """Return the least and the greatest of finite values (N,), without the outermost 1 % or 0.05 s of `duration`, whichever is less."""
    share = min(TRIMMED, LONGEST_TRIM / duration) if duration > 0 else TRIMMED
    low, high = np.quantile(values, [share, 1 - share])
    return float(low), float(high)


def _lengths(pose: MetricPose) -> Iterator[Quantity]:
    about = f"{_SEEN}{_FITTED if pose.spread is not None else ''}"
    for segment, (near, far) in _PAIRED.items():
        for side in SIDES:
            values, made = _distance(pose, (f"{side}_{near}",), (f"{side}_{far}",))
            if len(values):
                yield _of_frames(f"{segment}_length", side, values, f"{near} to {far}: {about}{made}")
    for name, (start, end) in _UNPAIRED.items():
        values, made = _distance(pose, start, end)
        if len(values):
            ends = (
                "middle of hips to middle of shoulders"
                if len(start) > 1
                else f"{start[0]} to {end[0]}".replace("_", " ")
            )
            yield _of_frames(name, "", values, f"{ends}: {_SEEN}{made}")


def _distance(pose: MetricPose, start: tuple[str, ...], end: tuple[str, ...]) -> tuple[Array, str]:
    """Lengths between the middles of two sets of points, metres, of the frames that have all of them, and whether these were augmented."""
    if not pose.skeleton.has(*start, *end):
        return np.empty(0), ""
    rows = pose.skeleton.indices(*start), pose.skeleton.indices(*end)
    source = pose.source[:, rows[0] + rows[1]]
    first, last = (pose.xyz[:, group].mean(axis=1) for group in rows)
    lengths = np.linalg.norm(last - first, axis=1)
    counted = has_bone_length(source).all(axis=1) & np.isfinite(lengths)
    return lengths[counted], _AUGMENTED if (source[counted] == Source.AUGMENTED).any() else ""


def _of_frames(name: str, side: Side | str, values: Array, about: str) -> Quantity:
    middle = float(np.median(values))
    sd = 1.4826 * float(np.median(np.abs(values - middle))) if len(values) > 1 else float("nan")
    return _quantity(name, side, middle, "m", len(values), about, sd)


def _motion(angles: JointAngles) -> Iterator[Quantity]:
    for column, whole in enumerate(angles.names):
        side, _, rest = whole.partition("_")
        side, name = (side, rest) if side in SIDES else ("", whole)
        seen = ~(angles.seen[:, column] < 1)  # NaN: not known, so it counts
        values, speeds = (one[seen, column] for one in (angles.values, np.abs(angles.velocity)))
        values, speeds = values[np.isfinite(values)], speeds[np.isfinite(speeds)]
        step = float(np.median(np.diff(angles.time))) if len(angles.time) > 1 else 0.0
        if len(values) > 1:
            low, high = extremes(values, step * len(values))
            yield _quantity(f"{name}_minimum", side, low, "rad", len(values), _EXTREMES)
            yield _quantity(f"{name}_maximum", side, high, "rad", len(values), _EXTREMES)
            yield _quantity(f"{name}_range", side, high - low, "rad", len(values), f"maximum - minimum, {_EXTREMES}")
        if len(speeds) > 1:
            fastest = extremes(speeds, step * len(speeds))[1]
            about = f"greatest velocity either way, {_EXTREMES}"
            yield _quantity(f"{name}_velocity_maximum", side, fastest, "rad/s", len(speeds), about)


def _asymmetries(rows: Iterable[Quantity], least: float) -> Iterator[Quantity]:
    """Compare the sides of all that has both, unless their mean is below `least`."""
    sides: dict[str, dict[str, Quantity]] = {}
    for row in rows:
        sides.setdefault(row.name, {})[row.side] = row
    for name, pair in sides.items():
        if not all(side in pair for side in SIDES):
            continue
        left, right = (pair[side] for side in SIDES)
        index = symmetry_index(left.value, right.value)
        if np.isfinite(index) and (left.value + right.value) / 2 >= least:
            made = _AUGMENTED if any(side.about.endswith(_AUGMENTED) for side in (left, right)) else ""
            yield _quantity(f"{name}_asymmetry", "", index, "share", min(left.count, right.count), f"{_ALIKE}{made}")


def _quantity(
    name: str, side: Side | str, value: float, unit: str, count: int, about: str, sd: float = float("nan")
) -> Quantity:
    return Quantity(
        name, "left" if side == "left" else "right" if side == "right" else "", value, sd, count, unit, about
    )
