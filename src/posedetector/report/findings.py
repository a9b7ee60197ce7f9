"""What a page says in rows and words: the headline, gait, ranges of motion, repetitions, quality, sources.

All numbers are those of the tables, rounded for reading, or means and extremes over the cycles that a table holds.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from posedetector.kinematics.cycles import mean_and_sd
from posedetector.kinematics.events import stances
from posedetector.kinematics.nouns import UNITS
from posedetector.kinematics.reference import RUNNING, Reference, references
from posedetector.kinematics.summary import LEAST_RANGE, symmetry_index
from posedetector.pose import Array, ByteArray, Source
from posedetector.report.results import Results

if TYPE_CHECKING:
    import pandas as pd

# What clinicians look at first: the lower body, from the hip down, then pelvis, trunk and arms. A judgement.
JOINTS = (
    *("hip_flexion", "knee_flexion", "ankle_dorsiflexion", "hip_adduction", "pelvis_obliquity", "pelvis_tilt"),
    *("trunk_flexion", "trunk_side_bend", "shoulder_elevation", "elbow_flexion"),
)
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
    "trunk_side_bend": "trunk lateral flexion",
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


def _rounded(value: float, digits: int) -> str:
    """Return a number without a minus before zero, and with a true minus sign."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def shown_unit(unit: str) -> str:
    """Return a unit's sign on the page."""
    return {"deg": "°", "deg/s": "°/s", "count": ""}.get(unit, unit)


def gait_rows(results: Results) -> list[Row]:
    """Return the gait parameters, both sides in one row, beside what is usual for adults."""
    table = results.tables["gait_parameters"]
    usual = {} if runs(table) else references(results.account.subject)
    rows = [_row(name, table, usual.get(name)) for name in (*_SPATIAL, *_PHASES)]
    return [row for row in rows if row is not None]


def runs(table: "pd.DataFrame") -> bool:
    """Tell running from walking by the gait parameters: hardly ever are both feet on the floor."""
    shares = table.loc[table["quantity"] == "double_support_share", "value"]
    return bool(len(shares)) and bool(shares.max() < 100 * RUNNING)


def sources_of_reference(results: Results) -> list[str]:
    """Return whom the reference values are of, and whose figures they are."""
    shown = {row.name for row in gait_rows(results) if row.reference}
    found = references(results.account.subject).items()
    texts = (f"{one.population}; {one.source} ({one.licence})" for name, one in found if plain(name) in shown)
    return list(dict.fromkeys(texts))


def _row(name: str, table: "pd.DataFrame", usual: Reference | None) -> Row | None:
    own = table[table["quantity"] == name]
    if not len(own):
        return None
    unit = str(own["unit"].iloc[0])
    said = {
        side: number(value, unit, sd)
        for side, value, sd in zip(own["side"].fillna(""), own["value"], own["sd"], strict=True)
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


def _usual(usual: Reference, unit: str) -> str:
    factor = UNITS[usual.unit][1]
    band = usual.band(2.0)
    ends = "" if band is None else f" ({number(band[0] * factor, unit)}–{number(band[1] * factor, unit)})"
    return f"{number(usual.mean * factor, unit)}{ends}"


class Span(NamedTuple):
    """Least and greatest value of an angle, degrees: one of each per gait cycle, or one of the whole clip."""

    low: Array
    high: Array


def spans(results: Results) -> dict[tuple[str, str], Span]:
    """Return for each joint of JOINTS and side ("" for none) its extremes: per gait cycle, or else of the whole clip.

    Where somebody walks, whole cycles count, and not how the clip begins and ends.
    """
    cycles = results.tables["gait_cycles"]
    if not len(cycles):
        return _spans_of_clip(results)
    found: dict[tuple[str, str], Span] = {}
    for joint in JOINTS:
        for side in ("left", "right", ""):
            column = f"{side}_{joint}_deg" if side else f"{joint}_deg"
            if column in cycles and cycles[column].notna().any():
                own = cycles[cycles["side"] == side] if side else cycles
                groups = own.dropna(subset=[column]).groupby(["side", "cycle"])[column]
                found[joint, side] = Span(groups.min().to_numpy(float), groups.max().to_numpy(float))
    return found


def _spans_of_clip(results: Results) -> dict[tuple[str, str], Span]:
    table = results.tables["summary"]
    values = {
        (name, side): value
        for name, side, value in zip(table["quantity"], table["side"].fillna(""), table["value"], strict=True)
    }
    return {
        (joint, side): Span(*(np.array([values[f"{joint}_{end}", side]]) for end in ("minimum", "maximum")))
        for joint in JOINTS
        for side in ("left", "right", "")
        if (f"{joint}_minimum", side) in values
    }


def range_rows(results: Results) -> list[dict[str, str]]:
    """Return for each joint of JOINTS, by side, its least and greatest angle and its range, and how unlike the sides are.

    Of several gait cycles their mean. The asymmetry is |left - right| over the mean of both ranges (Robinson et al. 1987).
    """
    found = spans(results)
    rows = []
    for joint in JOINTS:
        row, ranges = {"name": plain(joint)}, {}
        for side in ("left", "right", ""):
            if (joint, side) in found and len(found[joint, side].low):
                low, high = (float(ends.mean()) for ends in found[joint, side])
                ranges[side] = high - low
                row |= {
                    side or "both": f"{_rounded(low, 0)} to {_rounded(high, 0)}",
                    f"{side or 'both'}_range": f"{high - low:.0f}",
                }
        if {"left", "right"} <= set(ranges) and ranges["left"] + ranges["right"] >= 2 * np.degrees(LEAST_RANGE):
            row["asymmetry"] = f"{100 * symmetry_index(ranges['left'], ranges['right']):.0f}"
        if ranges:
            rows.append(row)
    return rows


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


def exercise_rows(results: Results) -> list[dict[str, str]]:
    """Return counts and times of sets: label, value with its unit and 90 % interval, and definition."""
    names = ("squat_count", "sit_to_stand_count")
    rows = rows_of(results.tables["summary"])
    return [
        {
            "label": plain(one["quantity"]),
            "value": f"{one['value']:.0f}"
            if one["unit"] == "count"
            else f"{number(one['value'], 's')} s{_interval(one)}",
            "detail": one["definition"],
        }
        for one in rows
        if one["quantity"].startswith(_EXERCISE) and one["quantity"] not in names
    ]


_EXERCISE = ("squat_", "sit_to_stand_", "five_times_", "chair_stands_")


def _interval(row: Mapping[str, Any]) -> str:
    low, high = row["low_90"], row["high_90"]
    return f" (90 % interval {number(low, 's')} to {number(high, 's')} s)" if np.isfinite([low, high]).all() else ""


def headline(results: Results) -> list[dict[str, str]]:
    """Return the few numbers that are read first, each with a label and a detail."""
    return [*_movement(results), *_knees(results)]


def _movement(results: Results) -> Iterator[dict[str, str]]:
    gait, repetitions = results.tables["gait_parameters"], results.tables["repetitions"]
    quality, _, reason = results.account.kinematics.gait.partition(": ")
    if quality != "none" and len(gait):
        own = {
            (name, side): value
            for name, side, value in zip(gait["quantity"], gait["side"].fillna(""), gait["value"], strict=True)
        }
        what = "running" if runs(gait) else "walking"
        doubt = "doubtful: see below" if quality == "doubtful" else ""
        if (speed := own.get(("walking_speed", ""))) is not None:
            yield {"label": f"{what} speed", "value": f"{speed:.2f} m/s", "detail": doubt}
        if (cadence := own.get(("cadence", ""))) is not None:
            yield {"label": "cadence", "value": f"{cadence:.0f} steps/min", "detail": doubt or _count_events(results)}
        stances = [own.get(("stance_share", side)) for side in ("left", "right")]
        if all(stance is not None for stance in stances):
            yield {
                "label": "stance phase",
                "value": f"L {stances[0]:.0f} %\nR {stances[1]:.0f} %",
                "detail": doubt or "of the gait cycle",
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
                "detail": "mean, middle of the hips",
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
            "detail": "neither gait nor repetitions were found" + (f": {reason}" if reason else ""),
        }


def _count_events(results: Results) -> str:
    steps = int((results.tables["gait_events"]["event"] == "initial_contact").sum())
    return f"{steps} initial contacts in {results.account.video.duration_s:.1f} s"


def _knees(results: Results) -> Iterator[dict[str, str]]:
    for row in range_rows(results):
        if row["name"] in ("Knee flexion", "Hip flexion") and {"left", "right"} & set(row):
            yield {
                "label": row["name"].lower(),
                "value": "\n".join(f"{side[0].upper()} {row[side]}°" for side in ("left", "right") if side in row),
                "detail": "in gait cycles" if len(results.tables["gait_cycles"]) else "over the clip",
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
            source > Source.INTERPOLATED,
            source == Source.INTERPOLATED,
            source == Source.MIRRORED,
            source == Source.NONE,
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
    seen, made_up = (source > Source.INTERPOLATED).sum(), np.isin(source, (Source.INTERPOLATED, Source.MIRRORED)).sum()
    missing = len(source) - seen - made_up
    return max((("seen", seen), ("made-up", made_up), ("missing", missing)), key=lambda one: one[1])[0]


def assumptions(results: Results) -> list[tuple[str, str]]:
    """Return what the numbers rest on: size, camera, vertical, floor, fit, smoothing, pelvis."""
    account = results.account
    calibration, refinement = account.calibration, account.refinement
    spread = (
        "" if calibration.scale_spread is None else f" ± {100 * calibration.scale_spread:.1f} % from frame to frame"
    )
    given = "assumed" if calibration.focal_length_assumed else "given"
    if lens := calibration.lens:
        given = f"from {lens.file}, camera {lens.camera}, {lens.model} distortion undone"
    if (motion := account.camera_motion) and (sd := motion.focal_length_sd_share) is not None:
        given = f"found from how the camera turned, ± {100 * sd:.0f} %"
    if calibration.focal_length_assumed and refinement.focal_length_start_px is not None:
        given = f"fitted, starting from an assumed {refinement.focal_length_start_px:.0f} px"
    stature = account.subject.height or calibration.implied_height_m
    error = refinement.reprojection_share
    in_centimetres = "" if stature is None or error is None else f", about {100 * error * stature:.1f} cm"
    return [
        ("Frame of reference", account.frame_of_reference),
        ("Size", f"from {calibration.scale_from}{spread}"),
        ("Focal length", f"{calibration.focal_length_px:.0f} px, {given}; distances and speed scale with it"),
        ("Vertical", calibration.vertical_from),
        ("Floor", calibration.floor_from),
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
    """The mean over 0–100 % of what is repeated, its standard deviation (101,), degrees, and of how many."""

    repeats: int
    mean: Array
    sd: Array


def cycle_curve(results: Results, name: str, side: str) -> Curve | None:
    """Return an angle over the gait cycles of a side; None where it has none."""
    table = results.tables["gait_cycle_means"]
    own, column = table[table["side"] == side], f"{name}_mean_deg"
    if column not in own or not own[column].notna().any():
        return None
    mean, sd = (own[f"{name}_{kind}_deg"].to_numpy(float) for kind in ("mean", "sd"))
    return Curve(int(own["cycles"].iloc[0]), mean, sd)


def repetition_curve(results: Results, name: str) -> Curve | None:
    """Return an angle over the repetitions of the most frequent kind that have it throughout; None where none has."""
    if name not in results.angles:
        return None
    table = results.tables["repetitions"]
    commonest = table[table["movement"] == table["movement"].mode().iloc[0]]
    if commonest["down_s"].notna().any():  # who does not sit down again has another course
        commonest = commonest[commonest["down_s"].notna()]
    moments = np.linspace(commonest["start_s"], commonest["end_s"], 101, axis=1)
    curves = np.array([np.interp(at, results.time, results.angles[name]) for at in moments])
    whole = curves[np.isfinite(curves).all(axis=1)]
    return Curve(len(whole), *mean_and_sd(whole)) if len(whole) else None


def _cycle_panel(joint: str, results: Results) -> dict[str, Any]:
    found = {
        side: cycle_curve(results, f"{side}_{joint}", side) or cycle_curve(results, joint, side)
        for side in ("left", "right")
    }
    return _panel(joint, found)


def _repetition_panel(joint: str, results: Results) -> dict[str, Any]:
    names = {"": joint, "left": f"left_{joint}", "right": f"right_{joint}"}
    return _panel(joint, {side: repetition_curve(results, name) for side, name in names.items()})


def _panel(joint: str, found: Mapping[str, Curve | None]) -> dict[str, Any]:
    curves = [curve(side, *one) for side, one in found.items() if one is not None]
    return {"joint": joint, "title": plain(joint), "curves": curves}


def curve(side: str, count: int, mean: Array, sd: Array) -> dict[str, Any]:
    """Return a mean curve over 0–100 % as JSON holds it; null where it is missing."""
    return {"side": side, "n": count, "mean": _nulled(mean), "sd": _nulled(sd)}


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
            for side in ("left", "right")
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
