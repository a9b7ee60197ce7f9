"""Tables of what kinematics found: events, quantities, cycles, repetitions, masses. One piece each; none is long.

A column `unit`, or the column's name, says in which unit values are.
"""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from posedetector.kinematics.angles import ANGLES, Angle, points_of
from posedetector.kinematics.cycles import MeanCurve, mean_curve
from posedetector.kinematics.nouns import Cycles, Grade, Quantity
from posedetector.kinematics.series import shown
from posedetector.pose import Array
from posedetector.skeletons import Skeleton
from posedetector.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

ANGLES_FRAME = "segments; pelvis, trunk flexion and side bend: laboratory"
_PARTS = {
    "ZXY": ("about Z of `against`", "about X, floating", "about Y of `segment`"),
    "YXZ": ("about Y", "about X", "about Z"),
    "swing": ("forwards", "outwards", "elevation"),
}
_QUALITY = {"quality": object, "reason": object}
_DEFINITION = {
    "angle": object,
    "segment": object,
    "against": object,
    "sequence": object,
    "part": object,
    "positive": object,
    "zero": object,
    "first_value_from_deg": float,
    "first_value_below_deg": float,
    "source": object,
    "points": object,
    "only_where": object,
    "frames_with_value_percent": float,
    "points_seen_percent": float,
    "typical_sd_deg": float,
    "judged_against_deg": float,
    **_QUALITY,
}
_QUANTITY = {
    "quantity": object,
    "side": object,
    "value": float,
    "sd": float,
    "n": int,
    "error_sd": float,
    "low_90": float,
    "high_90": float,
    "unit": object,
    "definition": object,
}
_EVENT = {
    "event": object,
    "side": object,
    "timestamp_s": float,
    "frame_index": int,
    "method": object,
    "methods_agreeing": int,
    "spread_s": float,
    **_QUALITY,
}
_REPETITION = {
    "repetition": int,
    "movement": object,
    "start_s": float,
    "turn_s": float,
    "end_s": float,
    "down_s": float,
    "up_s": float,
    "duration_s": float,
    "depth_m": float,
    "knee_flexion_deg": float,
}
_MASS = {"segment": object, "share_percent": float, "mass_kg": float, "source": object}
_CYCLE = {"side": object, "cycle": int, "start_s": float, "end_s": float, "percent": float}
_CYCLE_MEAN = {"side": object, "cycles": int, "percent": float}


def angle_definitions(trial: Trial) -> "pd.DataFrame":
    """One row per angle: what it rests on in this clip's points, its signs and zero, whose it is, and how far it can be trusted.

    `typical_sd_deg` is the median of the fit's deviations over the moments that count, `judged_against_deg` how far the angle moves, by
    which its grade judges them; see kinematics/grading.py.
    """
    rows = (
        (
            *(name, row.segment, row.against, row.sequence, _PARTS[row.sequence][row.part]),
            *(row.positive, row.neutral, row.low, row.low + 360.0, row.source),
            " ".join(points_of(name, trial.pose.skeleton)),
            _where(name, row, trial.pose.skeleton),
            100.0 * float(np.isfinite(angles).mean()) if len(angles) else math.nan,
            100.0 * float(seen[np.isfinite(angles)].mean()) if np.isfinite(angles).any() else math.nan,
            *_graded(trial.kinematics.grades.get(name)),
        )
        for name, angles, seen in zip(
            trial.kinematics.angles.names, _columns_of(trial), trial.kinematics.angles.seen.T, strict=True
        )
        if (row := ANGLES.get(name)) is not None
    )
    return _table(_DEFINITION, rows)


def _graded(grade: Grade | None) -> tuple[object, ...]:
    return (
        (math.nan, math.nan, None, None)
        if grade is None
        else (math.degrees(grade.sd_rad), math.degrees(grade.moves_rad), grade.quality, grade.reason or None)
    )


def _where(name: str, row: Angle, skeleton: Skeleton) -> str | None:
    """Return in which frames alone the angle has a value; None where that is all that show its points."""
    if lacking := [point for point in points_of(name, skeleton) if not skeleton.has(point)]:
        return f"nowhere: there is no {', '.join(lacking)} among the landmarks"
    return f"{row.bent[1]} bent by 30 degrees or more" if row.bent else None


def _columns_of(trial: Trial) -> Array:
    return trial.kinematics.angles.values.T  # noqa: PD011  not a DataFrame


def shown_angles(trial: Trial) -> tuple[str, ...]:
    """Return the angles that this clip's landmarks can show; the others have no columns."""
    return shown(trial.kinematics.angles, trial.pose.skeleton)


def has_cycles(trial: Trial) -> bool:
    """Tell whether there is a whole gait cycle."""
    return any(len(one.values) for one in trial.kinematics.gait.cycles)


def gait_events(trial: Trial) -> "pd.DataFrame":
    """Return initial contacts and toe-offs in order of time; `quality` and its reason are the whole gait's."""
    gait = trial.kinematics.gait
    events = sorted(gait.events, key=lambda event: event.time)
    numbers = trial.tracks.numbers
    rows = (
        (
            *(
                event.kind,
                event.side,
                event.time,
                event.frame if numbers is None else numbers[event.frame],
                event.method,
                event.methods,
                event.spread,
            ),
            *(gait.quality, gait.reason or None),
        )
        for event in events
    )
    return _table(_EVENT, rows)


def gait_parameters(trial: Trial) -> "pd.DataFrame":
    """Return the quantities of gait; `quality` and its reason are the whole gait's, for whoever opens this file alone."""
    gait = trial.kinematics.gait
    said = (gait.quality, gait.reason or None)
    return _table({**_QUANTITY, **_QUALITY}, ((*_quantity(one), *said) for one in gait.quantities))


def summary(trial: Trial) -> "pd.DataFrame":
    """Return counts and times of sets, segment lengths, ranges of motion, asymmetries; `quality` and its reason are each row's own."""
    found = (*trial.kinematics.exercise, *trial.kinematics.summary)
    rows = ((*_quantity(one), one.quality or None, one.reason or None) for one in found)
    return _table({**_QUANTITY, **_QUALITY}, rows)


def cycles(trial: Trial) -> "pd.DataFrame":
    """One row per side, cycle (from 1) and percent; one column per angle, degrees."""
    import pandas as pd

    names = _cycled(trial)
    pieces = [_of_one_side(one, names) for one in trial.kinematics.gait.cycles if len(one.values)]
    if pieces:
        return pd.concat(pieces, ignore_index=True)
    return _table({**_CYCLE, **dict.fromkeys((f"{name}_deg" for name in names), float), "frame": object}, ())


def cycle_means(trial: Trial) -> "pd.DataFrame":
    """One row per side and percent: of each angle the mean over cycles and three standard deviations, degrees.

    `sd` is over cycles (n - 1), `fit_sd` the fit's own, which does not shrink with their number, `total_sd` both together
    (kinematics/cycles.py). `cycles` counts all of the side; an angle that one of them lacks at a percentage is the mean of the others.
    """
    import pandas as pd

    names = _cycled(trial)
    pieces = []
    for one in trial.kinematics.gait.cycles:
        if not len(one.values):
            continue
        found = mean_curve(_in_order(one, names, one.values), None if one.sd is None else _in_order(one, names, one.sd))
        count = len(found.mean)
        table = {
            "side": np.full(count, one.side, dtype=object),
            "cycles": len(one.values),
            "percent": np.linspace(0, 100, count),
        }
        for kind, radians in zip(MeanCurve._fields, found, strict=True):
            table |= {f"{name}_{kind}_deg": np.degrees(radians[:, column]) for column, name in enumerate(names)}
        pieces.append(pd.DataFrame({**table, "frame": np.full(count, ANGLES_FRAME, dtype=object)}))
    if pieces:
        return pd.concat(pieces, ignore_index=True)
    columns = [f"{name}_{kind}_deg" for kind in MeanCurve._fields for name in names]
    return _table({**_CYCLE_MEAN, **dict.fromkeys(columns, float), "frame": object}, ())


def repetitions(trial: Trial) -> "pd.DataFrame":
    """One row per repetition, counted from 1; down and up are the durations of its ways, without the rest between them.

    A squat turns at its lowest point. Standing up from a seat turns at full stand; without sitting down again there is no way down.
    """
    rows = (
        (
            *(number, one.movement, one.start, one.turn, one.end),
            *(one.down, one.up, one.end - one.start),
            *(one.depth, math.degrees(one.knee_flexion_rad)),
        )
        for number, one in enumerate(trial.kinematics.repetitions, start=1)
    )
    return _table(_REPETITION, rows)


def segment_masses(trial: Trial) -> "pd.DataFrame":
    """One row per segment; no masses where the body's is not known."""
    masses = trial.kinematics.masses
    total = math.nan if masses.total is None else masses.total
    return _table(_MASS, ((name, 100 * share, total * share, masses.table) for name, share in masses.shares.items()))


def _quantity(one: Quantity) -> tuple[object, ...]:
    measured = (one.value, one.sd, one.count, one.error, *one.interval)
    return one.name, one.side or None, *measured, one.unit, one.about


def _cycled(trial: Trial) -> tuple[str, ...]:
    """Return the names of the angles that both sides' cycles have, or, without cycles, that they would have."""
    found = dict.fromkeys(name for one in trial.kinematics.gait.cycles for name in one.names)
    shown = set(shown_angles(trial))
    return tuple(
        name
        for name in found or trial.kinematics.angles.names
        if name in shown or name not in trial.kinematics.angles.names
    )


def _in_order(one: Cycles, names: tuple[str, ...], own: Array) -> Array:
    """Return values of a side's cycles (N, 101, A) by these names; NaN of those that the side lacks."""
    values = np.full((*own.shape[:2], len(names)), np.nan)
    shared = [name for name in one.names if name in names]
    values[..., [names.index(name) for name in shared]] = own[..., [one.names.index(name) for name in shared]]
    return values


def _of_one_side(one: Cycles, names: tuple[str, ...]) -> "pd.DataFrame":
    import pandas as pd

    degrees = np.degrees(_in_order(one, names, one.values))
    count, samples = degrees.shape[:2]
    degrees = degrees.reshape(-1, len(names))
    table = {
        "side": np.full(count * samples, one.side, dtype=object),
        "cycle": np.repeat(np.arange(1, count + 1), samples),
        "start_s": np.repeat(one.starts, samples),
        "end_s": np.repeat(one.ends, samples),
        "percent": np.tile(np.linspace(0, 100, samples), count),
    }
    table |= {f"{name}_deg": degrees[:, column] for column, name in enumerate(names)}
    return pd.DataFrame({**table, "frame": np.full(count * samples, ANGLES_FRAME, dtype=object)})


def _table(columns: Mapping[str, type], rows: Iterable[tuple[object, ...]]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns)).astype(dict(columns))
