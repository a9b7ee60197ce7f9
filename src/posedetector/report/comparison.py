"""Several clips' results laid upon each other: two of one person (before and after), or a group's mean and spread.

Differences stand beside the standard deviation of the measure itself, over the strides or repetitions within the clips: a
difference that is smaller than that is no finding.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from posedetector.arrays import mean, mean_and_sd, sd
from posedetector.errors import InputError
from posedetector.kinematics.nouns import ASYMMETRY
from posedetector.pose import Array
from posedetector.report.findings import (
    JOINTS,
    Curve,
    curve,
    cycle_curve,
    measured,
    number,
    plain,
    repetition_curve,
    rows_of,
    shown_unit,
    stretch,
)
from posedetector.report.page import asset, fill
from posedetector.report.results import Results

SIDES = ("left", "right", "")
GROUP = -1  # in place of a clip's number: the mean of all, and the standard deviation between them
OVER_TIME = "time from the clip's beginning, s"
_NOT_COMPARED = (ASYMMETRY, "cycles_left_out")
_MARKED = 2.0  # standard deviations: a difference that is marked
_SAMPLES = 201  # of a curve over time
MOST_CLIPS = 40  # a table of more columns is read by nobody; a judgement


class Measure(NamedTuple):
    """What one clip says of a measure: mean, standard deviation (NaN of a single value), number of strides or repetitions."""

    value: float
    sd: float
    repeats: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A row of the table of differences; everything is text by now.

    Attributes
    ----------
    cells : of each clip, in order.
    difference, sd, ratio : of two clips: second less first, the standard deviation within the clips, and the one in units of
        the other; of more, mean, standard deviation between the clips, and of how many clips.
    marked : whether a difference of two clips is greater than two standard deviations.
    """

    name: str
    side: str
    unit: str
    cells: tuple[str, ...]
    difference: str
    sd: str
    ratio: str
    marked: bool


def render_comparison(clips: Mapping[str, Results]) -> str:
    """Return the page that compares clips, by their labels, as HTML; raises InputError for fewer than two, or too many."""
    if not 2 <= len(clips) <= MOST_CLIPS:
        raise InputError(f"a comparison is of 2 to {MOST_CLIPS} clips, got {len(clips)}")
    labels, drawn = list(clips), overlaid(clips)
    return fill(
        "comparison.html.jinja",
        data={"labels": labels, **drawn},
        axis=drawn["axis"],
        scripts=("libraries.js", "comparison.js"),
        styles=("libraries.css", "page.css", "comparison.css"),
        labels=labels,
        clips=list(clips.items()),
        rows=compare(clips),
        unlike=unlike(clips),
        pair=len(clips) == 2,
        grouped=len(clips) > 2 and drawn["axis"] != OVER_TIME,
        library_licences=asset("libraries.LICENSES.txt"),
    )


def measures(results: Results) -> dict[tuple[str, str, str], Measure]:
    """Return by name, side and unit what the clip says: gait parameters, angles over cycles, repetitions; else clip-wide ranges."""
    found: dict[tuple[str, str, str], Measure] = {}
    for row in rows_of(results.tables["gait_parameters"]):
        if not row["quantity"].endswith(_NOT_COMPARED):
            side = row["side"] if isinstance(row["side"], str) else ""
            found[plain(row["quantity"]), side, row["unit"]] = Measure(row["value"], row["sd"], int(row["n"]))
    for column, unit in (("depth_m", "m"), ("duration_s", "s"), ("knee_flexion_deg", "deg")):
        values = results.tables["repetitions"][column].to_numpy(float)
        if np.isfinite(values).any():
            found[f"Repetition: {_REPEATED[column]}", "", unit] = _measure(values)
    rows = measured(results)
    for joint, side, what in product(JOINTS, SIDES, ("maximum", "minimum", "range")):
        if (one := rows.get((f"{joint}_{what}", side))) is not None:
            found[f"{plain(joint)}, {what} in a {stretch(results)}", side, "deg"] = Measure(
                one.value, one.sd, one.repeats
            )
    return found


_REPEATED = {"depth_m": "depth", "duration_s": "duration", "knee_flexion_deg": "peak knee flexion"}


def _measure(values: Array) -> Measure:
    known = values[np.isfinite(values)]
    return Measure(mean(known), sd(known), len(known))


def compare(clips: Mapping[str, Results]) -> list[Compared]:
    """Return the table of differences: a row for each measure that at least two of the clips have."""
    own = [measures(results) for results in clips.values()]
    keys = dict.fromkeys(key for one in own for key in one)
    nothing = Measure(float("nan"), float("nan"), 0)
    rows = [(key, [one.get(key, nothing) for one in own]) for key in keys]
    return [_row(key, found) for key, found in rows if sum(np.isfinite(one.value) for one in found) > 1]


def _row(key: tuple[str, str, str], found: Sequence[Measure]) -> Compared:
    name, side, unit = key
    values = np.array([one.value for one in found])
    texts = tuple(number(one.value, unit, one.sd) for one in found)
    head = name, side, shown_unit(unit), texts
    if len(found) > 2:
        group = _measure(values)
        mean, sd_between = (number(value, unit, finer=True) for value in group[:2])
        return Compared(*head, mean, sd_between, str(group.repeats), marked=False)
    difference, sd = float(values[1] - values[0]), pooled(found)
    ratio = abs(difference) / sd if sd > 0 else float("nan")
    text = number(difference, unit, finer=True)
    signed = f"+{text}" if difference > 0 and text.strip("0.") else text
    return Compared(*head, signed, number(sd, unit, finer=True), number(ratio, ""), marked=bool(ratio > _MARKED))


def pooled(found: Sequence[Measure]) -> float:
    """Return the pooled standard deviation within the clips, by their degrees of freedom (n - 1); NaN where none has one."""
    known = [(one.sd, one.repeats - 1) for one in found if np.isfinite(one.sd) and one.repeats > 1]
    if not known:
        return float("nan")
    deviations, freedom = np.array(known).T
    return float(np.sqrt((freedom * deviations**2).sum() / freedom.sum()))


def overlaid(clips: Mapping[str, Results]) -> dict[str, Any]:
    """Return the curves that are drawn upon each other, a panel for each joint and side.

    Over the gait cycle if all clips have cycles, over the repetition if all have repetitions, else over seconds from each
    clip's beginning.
    """
    find: Callable[[Results, str, str, Array], Curve | None]
    if all(len(one.tables["gait_cycle_means"]) for one in clips.values()):
        axis, x, find = "gait cycle, %", np.linspace(0, 100, 101), _of_cycles
    elif all(len(one.tables["repetitions"]) for one in clips.values()):
        axis, x, find = "repetition, %", np.linspace(0, 100, 101), _of_repetitions
    else:
        longest = max(float(one.time[-1] - one.time[0]) for one in clips.values())
        axis, x, find = OVER_TIME, np.linspace(0, longest, _SAMPLES), _of_time
    panels = []
    for joint in JOINTS:
        for side in SIDES:
            found = {
                row: one
                for row, own in enumerate(clips.values())
                if not _is_poor(own, _angle(joint, side)) and (one := find(own, joint, side, x)) is not None
            }
            curves = [{**curve(side, *one), "clip": row} for row, one in found.items()]
            if len(curves) > 2 and find is not _of_time:
                mean, sd = mean_and_sd(np.array([one.mean for one in found.values()]))
                curves.append({**curve(side, len(found), mean, sd, np.full_like(sd, np.nan)), "clip": GROUP})
            if curves:
                title = f"{plain(joint)}{f', {side}' if side else ''}"
                panels.append({"joint": joint, "side": side, "title": title, "curves": curves})
    return {"axis": axis, "x": [round(float(value), 4) for value in x], "panels": panels}


def _is_poor(results: Results, name: str) -> bool:
    return name in results.grades and results.grades[name].quality == "poor"


def _of_cycles(results: Results, joint: str, side: str, _: Array) -> Curve | None:
    # of an angle without a side each side's cycles have their own curve: too many in a panel
    return cycle_curve(results, f"{side}_{joint}", side) if side else None


def _of_repetitions(results: Results, joint: str, side: str, _: Array) -> Curve | None:
    return repetition_curve(results, _angle(joint, side))


def _angle(joint: str, side: str) -> str:
    return f"{side}_{joint}" if side else joint


def _of_time(results: Results, joint: str, side: str, seconds: Array) -> Curve | None:
    name = _angle(joint, side)
    if name not in results.angles or not np.isfinite(results.angles[name]).any():
        return None
    sd = results.angles_sd.get(name, np.full(len(results.time), np.nan))
    moments = results.time - results.time[0]
    value, spread = (np.interp(seconds, moments, one, right=np.nan) for one in (results.angles[name], sd))
    return Curve(1, value, spread, spread)


def unlike(clips: Mapping[str, Results]) -> list[str]:
    """Return in what the clips were not analysed alike, so that differences may come from that."""
    facts = {label: _facts(results) for label, results in clips.items()}
    said = []
    for name in next(iter(facts.values())):
        values = {label: own[name] for label, own in facts.items()}
        if len(set(values.values())) > 1:
            said.append(f"{name}: " + ", ".join(f"{label} {value}" for label, value in values.items()))
    return said


def _facts(results: Results) -> dict[str, str]:
    account = results.account
    networks = ", ".join(one.name for one in account.networks) or "none"
    size = f"{account.video.width_px}×{account.video.height_px}"
    subject = account.subject
    given = f"{subject.height:.2f} m" if subject.height else "by bone lengths"
    gait = account.kinematics.gait_quality
    moves = (
        "gait"
        if gait != "none"
        else "repetitions"
        if account.kinematics.repetitions
        else "neither gait nor repetitions"
    )
    return {
        "movement": moves,
        "frame rate": f"{account.video.fps:.4g} fps",
        "picture": size,
        "networks": networks,
        "lifter": account.lifter,
        "fit of one body": "off" if account.refinement.frames == 0 else "on",
        "smoothing": account.smoothing,
        "height of the subject": given,
        "version": account.posedetector,
    }
