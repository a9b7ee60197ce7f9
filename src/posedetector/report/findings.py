"""What a page says in rows and words: the headline, gait, ranges of motion, repetitions, quality, sources.

All numbers are those of the tables, rounded for reading, or means and extremes over the cycles that a table holds.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from posedetector.account import describe_size
from posedetector.kinematics.asymmetry import larger_side
from posedetector.kinematics.cycles import mean_curve
from posedetector.kinematics.events import stances
from posedetector.kinematics.grading import READ, withheld
from posedetector.kinematics.nouns import Grade
from posedetector.kinematics.reference import DEVIATIONS, Reference, compare_speeds, is_running, references
from posedetector.pose import Array, ByteArray, Source, is_made_up, is_missing, is_observed
from posedetector.report.results import Results
from posedetector.skeletons import SIDES

if TYPE_CHECKING:
    import pandas as pd

JOINTS = READ
_SPATIAL = ("walking_speed", "cadence", "stride_time", "step_time", "stride_length", "step_length", "step_width")
_PHASES = ("stance_share", "swing_share", "double_support_share")
_BINS = 240  # stretches of a quality strip; more cannot be told apart on a screen
_STRIPS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "foot_index")


class Row(NamedTuple):
    """A row of a table on the page; numbers are text by now."""

    name: str
    unit: str
    left: str
    right: str
    both: str
    reference: str
    about: str


def rows_of(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """Return a table's rows as dicts."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.to_numpy(object).tolist()]


def plain(name: str) -> str:
    """Return a table's name for something as words: `stance_share` → "Stance phase"."""
    words = _NAMES.get(name, name.replace("_", " "))
    return words[:1].upper() + words[1:]


_NAMES = {
    "stance_share": "stance phase",
    "swing_share": "swing phase",
    "double_support_share": "double support",
    "foot_off": "toe-off",
    "sit_to_stand": "sit-to-stand",
    "squat_set_time": "all squats",
    "sit_to_stand_set_time": "all sit-to-stands",
    "sit_to_stand_rise_time": "standing up",
    "sit_to_stand_sit_down_time": "sitting down",
    "five_times_sit_to_stand_time": "five times sit-to-stand",
    "five_times_sit_to_stand_time_to_standing": "five times sit-to-stand, to the fifth stand",
    "chair_stands_in_30_s": "30 s chair stand",
}
_TESTS = ("Five times sit-to-stand", "30 s chair stand")


def number(value: float, unit: str, sd: float = float("nan"), *, finer: bool = False) -> str:
    """Return a value for reading, with its standard deviation where there is one; a dash where it is missing.

    `finer` is for differences: one digit more.
    """
    if not np.isfinite(value):
        return "–"
    digits = (2 if unit in {"m", "s", "m/s"} else 0 if unit in {"deg", "steps/min", "%"} else 1) + finer
    return _rounded(value, digits) + (f" ± {_rounded(sd, digits)}" if np.isfinite(sd) else "")


def interval(low: float, high: float, unit: str) -> str:
    """Return a 90 % interval behind its value; nothing where it is not known."""
    return f" ({number(low, unit)}–{number(high, unit)})" if np.isfinite(low) and np.isfinite(high) else ""


def _rounded(value: float, digits: int) -> str:
    """Return a number without a minus before zero, and with a true minus sign."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def shown_unit(unit: str) -> str:
    """Return a unit's sign on the page."""
    return {"deg": "°", "deg/s": "°/s", "count": ""}.get(unit, unit)


def gait_rows(results: Results) -> list[Row]:
    """Return the gait parameters, both sides in one row, beside what is usual for adults."""
    table = results.tables["gait_parameters"]
    usual = {} if runs(table) else references(results.account.subject, *_speed(table))
    rows = [_row(name, table, usual.get(name)) for name in (*_SPATIAL, *_PHASES)]
    return [row for row in rows if row is not None]


def runs(table: "pd.DataFrame") -> bool:
    """Tell running from walking by the table of gait parameters."""
    return is_running(table.loc[table["quantity"] == "double_support_share", "value"])


def _speed(table: "pd.DataFrame") -> tuple[float, float]:
    """Return the walking speed and its error's standard deviation, m/s; NaN where they are not known."""
    own = table.loc[table["quantity"] == "walking_speed", ["value", "error_sd"]].to_numpy(float)
    return (float(own[0, 0]), float(own[0, 1])) if len(own) else (float("nan"), float("nan"))


def sources_of_reference(results: Results) -> list[str]:
    """Return whom the reference values are of, and whose figures they are."""
    shown = {row.name for row in gait_rows(results) if row.reference}
    found = references(results.account.subject, *_speed(results.tables["gait_parameters"])).items()
    texts = (f"{one.population}; {one.source} ({one.licence})" for name, one in found if plain(name) in shown)
    return list(dict.fromkeys(texts))


def speed_of_reference(results: Results) -> str:
    """Return how the subject's speed limits the comparison with the reference; empty where it does not, or where there is none."""
    has_reference = any(row.reference for row in gait_rows(results))
    return compare_speeds(results.account.subject, _speed(results.tables["gait_parameters"])[0]) * has_reference


def _row(name: str, table: "pd.DataFrame", usual: Reference | None) -> Row | None:
    own = table[table["quantity"] == name]
    if not len(own):
        return None
    unit = str(own["unit"].iloc[0])
    said = {
        side: _own(unit, usual, *numbers)
        for side, *numbers in own[["side", *_OWN]].fillna({"side": ""}).to_numpy(object)
    }
    return Row(
        name=plain(name),
        unit=shown_unit(unit),
        left=said.get("left", ""),
        right=said.get("right", ""),
        both=said.get("", ""),
        reference="" if usual is None else _usual(usual, unit),
        about=str(own["definition"].iloc[0]),
    )


_OWN = ("value", "sd", "low_90", "high_90")


def _own(unit: str, usual: Reference | None, value: float, sd: float, low: float, high: float) -> str:
    """Return a value with its 90 % interval, or its SD where its error is not known; an arrow where all of the interval is unusual."""
    known = np.isfinite(low)
    said = f"{number(value, unit)} ({number(low, unit)}–{number(high, unit)})" if known else number(value, unit, sd)
    where = "" if usual is None else usual.outside(low, high)
    return said + {"above": " ↑", "below": " ↓", "": ""}[where]


def _usual(usual: Reference, unit: str) -> str:
    band = usual.band(DEVIATIONS)
    ends = "" if band is None else f" ({number(band[0], unit)}–{number(band[1], unit)})"
    return f"{number(usual.mean, unit)}{ends}"


class Measured(NamedTuple):
    """A row of the table summary, as text or numbers in the units of files; NaN where something is not known."""

    value: float
    sd: float
    repeats: int
    low: float
    high: float
    about: str


def measured(results: Results) -> dict[tuple[str, str], Measured]:
    """Return the rows of the table summary by quantity and side ("" for none); those of poor angles are not there."""
    table = results.tables["summary"]
    table = table[table["quality"] != "poor"]
    columns = ("quantity", "side", "value", "sd", "n", "low_90", "high_90", "definition")
    return {
        (name, side): Measured(value, sd, int(count), low, high, str(about))
        for name, side, value, sd, count, low, high, about in zip(
            *(table[column].fillna("") if column == "side" else table[column] for column in columns), strict=True
        )
    }


def stretch(results: Results) -> str:
    """Return what extremes and ranges of angles are of."""
    if len(results.tables["gait_cycles"]):
        return "gait cycle"
    return "repetition" if len(results.tables["repetitions"]) else "clip"


def range_rows(results: Results) -> list[dict[str, str]]:
    """Return for each joint of JOINTS, by side, its least and greatest angle and its range, how unlike the sides are, and its grade.

    All of it is the table summary's, rounded; a range has its 90 % interval. Poor angles are left out: `not_shown` names them.
    """
    found, grades = measured(results), results.grades
    rows = []
    for joint in JOINTS:
        row, qualities = {"name": plain(joint)}, {}
        for side in ("left", "right", ""):
            low, high, span = (found.get((f"{joint}_{what}", side)) for what in ("minimum", "maximum", "range"))
            if low is None or high is None or span is None:
                continue
            row |= {
                side or "both": f"{_rounded(low.value, 0)} to {_rounded(high.value, 0)}",
                f"{side or 'both'}_range": f"{span.value:.0f}{interval(span.low, span.high, 'deg')}",
            }
            if (grade := grades.get(f"{side}_{joint}" if side else joint)) is not None:
                qualities[side] = grade
        if len(row) == 1:
            continue
        if (asymmetry := found.get((f"{joint}_range_asymmetry", ""))) is not None and {"left", "right"} <= set(row):
            row |= _unlike(asymmetry, *(found[f"{joint}_range", side].value for side in SIDES))
        if any(one.quality == "weak" for one in qualities.values()):
            row["doubt"] = "weak"
        row["quality"] = ", ".join(
            dict.fromkeys(
                f"{side} {one.quality}".strip()
                if len({grade.quality for grade in qualities.values()}) > 1
                else one.quality
                for side, one in qualities.items()
            )
        )
        row["reason"] = "; ".join(dict.fromkeys(one.reason for one in qualities.values() if one.reason))
        rows.append(row)
    return rows


def not_shown(results: Results) -> list[str]:
    """Return a line for each reason why angles of JOINTS are left out of curves and tables."""
    return withheld(results.grades, JOINTS)


def repetition_rows(results: Results) -> list[dict[str, str]]:
    """Return a row for each repetition."""
    return [
        {
            "number": str(one["repetition"]),
            "movement": plain(str(one["movement"])),
            "start": number(one["start_s"], "s"),
            "down": number(one["down_s"], "s"),
            "up": number(one["up_s"], "s"),
            "depth": number(one["depth_m"], "m"),
            "knee": number(one["knee_flexion_deg"], "deg"),
        }
        for one in rows_of(results.tables["repetitions"])
    ]


_EXERCISE = ("squat_", "sit_to_stand_", "five_times_", "chair_stands_")


def exercise_rows(results: Results) -> list[dict[str, str]]:
    """Return counts and times of sets: label, value with its unit and 90 % interval, and definition."""
    names = ("squat_count", "sit_to_stand_count")
    rows = rows_of(results.tables["summary"])
    return [
        {
            "label": plain(one["quantity"]),
            "value": _with_unit(one),
            "detail": one["definition"],
        }
        for one in rows
        if one["quantity"].startswith(_EXERCISE) and one["quantity"] not in names
    ]


def _with_unit(row: Mapping[str, Any]) -> str:
    """Return a count, or a value with its unit and, where it is known, its 90 % interval."""
    unit = row["unit"]
    if unit == "count":
        return f"{row['value']:.0f}"
    low, high = (number(row[end], unit) for end in ("low_90", "high_90"))
    known = np.isfinite([row["low_90"], row["high_90"]]).all()
    return f"{number(row['value'], unit)} {unit}" + (f" (90 % interval {low} to {high} {unit})" if known else "")


def headline(results: Results) -> list[dict[str, str]]:
    """Return the few numbers that are read first, each with a label and a detail."""
    return [*_movement(results), *_knees(results)]


def _sure(low: float, high: float, unit: str) -> str:
    said = interval(low, high, unit).strip(" ()")
    return f"90 % interval: {said}" if said else ""


def _unlike(asymmetry: Measured, left: float, right: float) -> dict[str, str]:
    """Return how unlike both sides' ranges are: per cent and which is larger, and the latter in words, if it is known.

    The larger side is read off the ranges: results of up to 0.1.0 had asymmetries without a sign.
    """
    size = f"{abs(asymmetry.value):.0f}"
    if np.isnan(asymmetry.low):
        return {"asymmetry": f"{size}, error not known"}
    if asymmetry.low <= 0 <= asymmetry.high:
        return {"asymmetry": f"{size}, within error", "sides": "the sides differ within error"}
    side = larger_side(left - right)
    return {"asymmetry": f"{size}, {side} larger", "sides": f"{side} range larger by {size} %"}


def _movement(results: Results) -> Iterator[dict[str, str]]:
    gait, repetitions = results.tables["gait_parameters"], results.tables["repetitions"]
    quality = results.account.kinematics.gait_quality
    if quality != "none" and len(gait):
        columns = (gait["side"].fillna(""), *(gait[name] for name in ("value", "low_90", "high_90")))
        own = {
            (name, side): (value, low, high)
            for name, side, value, low, high in zip(gait["quantity"], *columns, strict=True)
        }
        what = "running" if runs(gait) else "walking"
        doubt = "doubtful: see below" if quality == "doubtful" else ""
        if (speed := own.get(("walking_speed", ""))) is not None:
            yield {
                "label": f"{what} speed",
                "value": f"{speed[0]:.2f} m/s",
                "detail": "; ".join(filter(None, (_sure(*speed[1:], "m/s") or "error not known", doubt))),
            }
        if (cadence := own.get(("cadence", ""))) is not None:
            yield {
                "label": "cadence",
                "value": f"{cadence[0]:.0f} steps/min",
                "detail": "; ".join(filter(None, (_sure(*cadence[1:], "steps/min"), doubt or _count_events(results)))),
            }
        both = [own[key] for side in SIDES if (key := ("stance_share", side)) in own]
        if len(both) > 1:
            yield {
                "label": "stance phase",
                "value": "\n".join(
                    f"{side} {value:.0f}{interval(low, high, '%')} %"
                    for side, (value, low, high) in zip("LR", both, strict=True)
                ),
                "detail": doubt or "of the gait cycle, 90 % interval in brackets",
            }
    elif len(repetitions):
        kinds = repetitions["movement"].value_counts()
        many = ", ".join(f"{count} {plain(str(kind)).lower()}{'s' * (count > 1)}" for kind, count in kinds.items())
        yield {"label": "repetitions", "value": str(len(repetitions)), "detail": many}
        tests = [one for one in exercise_rows(results) if one["label"] in _TESTS]
        for one in tests:
            yield one | {"value": one["value"].partition(" (")[0]}
        if not tests:
            yield {
                "label": "depth" if set(kinds.index) == {"squat"} else "depth or rise",
                "value": f"{100 * repetitions['depth_m'].mean():.0f} cm",
                "detail": _depth(results),
            }
        yield {
            "label": "duration",
            "value": f"{repetitions['duration_s'].mean():.1f} s",
            "detail": "mean of a repetition",
        }
    elif len(results.time) == 1:
        yield {"label": "picture", "value": "1 frame", "detail": "no movement, so neither gait nor repetitions"}
    else:
        yield {
            "label": "movement",
            "value": f"{results.account.video.duration_s:.1f} s",
            "detail": f"neither gait nor repetitions were found{results.account.kinematics.gait.removeprefix(quality)}",
        }


def _depth(results: Results) -> str:
    found = measured(results)
    one = next((found[key] for name in ("squat_depth", "sit_to_stand_rise") if (key := (name, "")) in found), None)
    sure = (
        ""
        if one is None or not np.isfinite(one.low)
        else f", 90 % interval {100 * one.low:.0f}–{100 * one.high:.0f} cm"
    )
    return f"mean, middle of the hips{sure}"


def _count_events(results: Results) -> str:
    steps = int((results.tables["gait_events"]["event"] == "initial_contact").sum())
    return f"{steps} initial contacts in {results.account.video.duration_s:.1f} s"


def _knees(results: Results) -> Iterator[dict[str, str]]:
    for row in range_rows(results):
        if row["name"] in ("Knee flexion", "Hip flexion") and {"left", "right"} & set(row):
            yield {
                "label": row["name"].lower(),
                "value": "\n".join(f"{side[0].upper()} {row[side]}°" for side in SIDES if side in row),
                "detail": {"clip": "over the clip"}.get(over := stretch(results), f"in {over}s")
                + ", weak" * ("weak" in row["quality"])
                + (f", {row['sides']}" if "sides" in row else ""),
            }


def strips(results: Results) -> list[dict[str, Any]]:
    """Return for each landmark of the limbs its stretches over the clip: seen, made up (interpolated, mirrored) or missing.

    A stretch is [start, width, kind] in shares of the clip, kind one of "seen", "made-up", "missing": what most of its frames are.
    """
    rows = []
    for name in results.points:
        if not name.endswith(_STRIPS):
            continue
        source = results.source[:, results.points.index(name)]
        edges = np.unique(np.linspace(0, len(source), min(_BINS, len(source)) + 1).astype(int))
        kinds = [_kind(source[first:last]) for first, last in itertools.pairwise(edges)]
        changes = [0, *(row for row in range(1, len(kinds)) if kinds[row] != kinds[row - 1]), len(kinds)]
        stretches = [
            {"x": edges[first] / len(source), "width": (edges[last] - edges[first]) / len(source), "kind": kinds[first]}
            for first, last in itertools.pairwise(changes)
            if kinds[first] != "missing"
        ]
        shares = [
            is_observed(source),
            source == Source.INTERPOLATED,
            source == Source.MIRRORED,
            is_missing(source),
        ]
        seen, interpolated, mirrored, missing = (f"{100 * float(share.mean()):.0f}" for share in shares)
        rows.append(
            {
                "name": plain(name),
                "stretches": stretches,
                "share": seen,
                "interpolated": interpolated,
                "mirrored": mirrored,
                "missing": missing,
            }
        )
    return rows


def _kind(source: ByteArray) -> str:
    seen, made_up = is_observed(source).sum(), is_made_up(source).sum()
    missing = len(source) - seen - made_up
    return max((("seen", seen), ("made-up", made_up), ("missing", missing)), key=lambda one: one[1])[0]


def assumptions(results: Results) -> list[tuple[str, str]]:
    """Return what the numbers rest on: size, camera, vertical, floor, fit, smoothing, pelvis."""
    account = results.account
    calibration, refinement = account.calibration, account.refinement
    given = "assumed" if calibration.focal_length_assumed else "given"
    if lens := calibration.lens:
        given = f"from {lens.file}, camera {lens.camera}, {lens.model} distortion undone"
    if (motion := account.camera_motion) and (sd := motion.focal_length_sd_share) is not None:
        given = f"found from how the camera turned, ± {100 * sd:.0f} %"
    if calibration.focal_length_assumed and refinement.focal_length_start_px is not None:
        given = (
            f"fitted, ± {100 * (refinement.focal_length_sd_share or 0):.0f} %, starting from an assumed "
            f"{refinement.focal_length_start_px:.0f} px"
        )
    if calibration.focal_length_assumed:
        given += " (--focal-length or --fov says what it is)"
    stature = account.subject.height or calibration.implied_height_m
    error = refinement.reprojection_share
    in_centimetres = "" if stature is None or error is None else f", about {100 * error * stature:.1f} cm"
    return [
        ("Frame of reference", account.frame_of_reference),
        ("Size", describe_size(account)),
        *([("Check of the stature", calibration.stature_check)] if calibration.stature_check else []),
        (
            "Focal length",
            f"{calibration.focal_length_px:.0f} px, {given}; distance from the camera, and speed along the line of sight, scale with it",
        ),
        ("Vertical", calibration.vertical_from),
        ("Floor", calibration.floor_from),
        ("Depth", account.lifting),
        ("Fit of one body", refinement.done),
        (
            "Reprojection error",
            "not measured" if error is None else f"{100 * error:.1f} % of stature{in_centimetres} (median)",
        ),
        ("Smoothing", account.smoothing),
        ("Pelvis", account.kinematics.pelvis),
        ("Segment masses", account.kinematics.masses),
    ]


def citations(results: Results) -> list[tuple[str, str, str]]:
    """Return name, licence and citation of the software and of each network that was run."""
    account = results.account
    own = (f"posedetector {account.posedetector}", "Apache-2.0", "cite the version, and the works below that it ran")
    return [own, *((net.name, net.licence, net.citation) for net in account.networks)]


def bundles(results: Results) -> dict[str, Any] | None:
    """Return the normalised curves, mean and standard deviation by side: of gait cycles, else of repetitions, else None."""
    if len(results.tables["gait_cycle_means"]):
        panels = [_cycle_panel(joint, results) for joint in JOINTS]
        return {"axis": "gait cycle, %", "panels": [panel for panel in panels if panel["curves"]]}
    if len(results.tables["repetitions"]):
        panels = [_repetition_panel(joint, results) for joint in JOINTS]
        return {"axis": "repetition, %", "panels": [panel for panel in panels if panel["curves"]]}
    return None


class Curve(NamedTuple):
    """The mean over 0–100 % of what is repeated (101,), degrees, and of how many.

    `sd` is the standard deviation over them, `total` that with the fit's own in it (kinematics/cycles.py); NaN where unknown.
    """

    repeats: int
    mean: Array
    sd: Array
    total: Array


def cycle_curve(results: Results, name: str, side: str) -> Curve | None:
    """Return an angle over the gait cycles of a side; None where it has none."""
    table = results.tables["gait_cycle_means"]
    own, column = table[table["side"] == side], f"{name}_mean_deg"
    if column not in own or not own[column].notna().any():
        return None
    mean, sd, total = (own[f"{name}_{kind}_deg"].to_numpy(float) for kind in ("mean", "sd", "total_sd"))
    return Curve(int(own["cycles"].iloc[0]), mean, sd, total)


def repetition_curve(results: Results, name: str) -> Curve | None:
    """Return an angle over the repetitions of the most frequent kind that have it throughout; None where none has."""
    if name not in results.angles:
        return None
    table = results.tables["repetitions"]
    commonest = table[table["movement"] == table["movement"].mode().iloc[0]]
    if commonest["down_s"].notna().any():  # who does not sit down again has another course
        commonest = commonest[commonest["down_s"].notna()]
    moments = np.linspace(commonest["start_s"], commonest["end_s"], 101, axis=1)
    unknown = np.full(len(results.time), np.nan)
    curves, sd = (
        np.array([np.interp(at, results.time, one) for at in moments])
        for one in (results.angles[name], results.angles_sd.get(name, unknown))
    )
    whole = np.isfinite(curves).all(axis=1)
    if not whole.any():
        return None
    found = mean_curve(curves[whole], sd[whole])
    return Curve(int(whole.sum()), found.mean, found.sd, found.total_sd)


def _cycle_panel(joint: str, results: Results) -> dict[str, Any]:
    found: dict[tuple[str, str], Curve] = {
        (name, side): one
        for side in SIDES
        for name in (f"{side}_{joint}", joint)
        if (one := cycle_curve(results, name, side)) is not None
    }
    return _panel(joint, found, results.grades)


def _repetition_panel(joint: str, results: Results) -> dict[str, Any]:
    names = {"": joint, "left": f"left_{joint}", "right": f"right_{joint}"}
    curves = {(name, side): repetition_curve(results, name) for side, name in names.items()}
    return _panel(joint, {key: one for key, one in curves.items() if one is not None}, results.grades)


def _panel(joint: str, found: Mapping[tuple[str, str], Curve], grades: Mapping[str, Grade]) -> dict[str, Any]:
    """Return the curves of the angles and sides that are not poor."""
    nothing = Grade("good")
    quality = {key: grades.get(key[0], nothing).quality for key in found}
    curves = [
        {**curve(key[1], *one), "weak": quality[key] == "weak"} for key, one in found.items() if quality[key] != "poor"
    ]
    weak = " (weak)" * any(one["weak"] for one in curves)
    return {"joint": joint, "title": f"{plain(joint)}{weak}", "curves": curves}


def curve(side: str, count: int, mean: Array, sd: Array, total: Array) -> dict[str, Any]:
    """Return a mean curve over 0–100 % as JSON holds it; null where it is missing."""
    return {"side": side, "n": count, "mean": _nulled(mean), "sd": _nulled(sd), "total": _nulled(total)}


def _nulled(values: Array) -> list[float | None]:
    return [round(float(value), 2) if np.isfinite(value) else None for value in values]


def marks(results: Results) -> dict[str, Any]:
    """Return events, stance phases, cycles and repetitions, seconds."""
    table = results.tables["gait_events"]
    events = [{"kind": one["event"], "side": one["side"], "time": float(one["timestamp_s"])} for one in rows_of(table)]
    cycles = results.tables["gait_cycles"]
    spans = cycles[["side", "start_s", "end_s"]].drop_duplicates() if len(cycles) else cycles
    return {
        "events": events,
        "stance": {
            side: stances(
                [(one["time"], one["kind"]) for one in events if one["side"] == side], float(results.time[-1])
            )
            for side in SIDES
        },
        "cycles": [
            {"side": one["side"], "start": float(one["start_s"]), "end": float(one["end_s"])} for one in rows_of(spans)
        ],
        "repetitions": [
            {
                "movement": plain(str(one["movement"])),
                "start": one["start_s"],
                "turn": one["turn_s"],
                "end": one["end_s"],
            }
            for one in rows_of(results.tables["repetitions"])
        ],
    }
