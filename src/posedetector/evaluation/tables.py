"""The tables of an evaluation: one row a system to read, one row a figure to compute with.

Every row names protocol, joints, root, alignment, rate and frame count, so that no figure can be taken for another.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posedetector.evaluation.comparison import Evaluation
from posedetector.evaluation.protocols import Protocol
from posedetector.evaluation.scores import FIGURES, Scores, angle_agreements, total, totals
from posedetector.metrics import Estimate

Row = dict[str, Any]

# column of the summary → figure
_SUMMARY = {
    "MPJPE mm": "mpjpe",
    "P-MPJPE mm": "p_mpjpe",
    "N-MPJPE mm": "n_mpjpe",
    "MPJVE mm/s": "mpjve",
    "MPJVE mm/frame": "mpjve_per_frame",
    "acceleration error m/s²": "acceleration_error",
    "PCK@150 mm %": "pck_150mm",
    "AUC 0–150 mm %": "auc_0_150mm",
    "z-RMSE mm": "z_rmse",
    "bone length CV %": "bone_length_cv",
}
_MOST_NAMED = 5
_OWN_ALIGNMENT = {
    "p_mpjpe": "similarity per frame",
    "n_mpjpe": "scale per frame",
    "bone_length_cv": "none needed",
    "reference_bone_length_cv": "none needed",
}
_DIGITS = {"MPJVE mm/frame": 2, "acceleration error m/s²": 2}


def summary(evaluation: Evaluation) -> list[Row]:
    """Return one row a system: the protocol's words, then the figures as text, with 95 % intervals over trials."""
    rows = []
    for system in evaluation.systems:
        scores = evaluation.of(system)
        found = totals(scores)
        row = {"system": system, **_context(evaluation, scores)}
        row |= {title: _text(found[name], _DIGITS.get(title, 1)) for title, name in _SUMMARY.items()}
        row |= {f"{name} mm": _text(value, 1) for name, value in found.items() if name not in FIGURES}
        for name, agreed in angle_agreements(scores):
            if name in ("knee_flexion", "elbow_flexion"):
                row[f"{name.replace('_', ' ')} MAE °"] = _text(agreed.mae, 1)
        rows.append(row)
    used = {column for row in rows for column, value in row.items() if value != ""}
    columns = [column for column in dict.fromkeys(key for row in rows for key in row) if column in used]
    return [{column: str(row.get(column, "")) for column in columns} for row in rows]


def agreements(evaluation: Evaluation) -> list[Row]:
    """Return one row a system and angle: bias, errors, limits of agreement and correlations, as text."""
    return [
        {
            "system": system,
            "angle": name,
            "pairs": agreed.n,
            "clusters": agreed.trials,
            "bias °": _text(agreed.bias, 1),
            "MAE °": _text(agreed.mae, 1),
            "RMSE °": _text(agreed.rmse, 1),
            "lower limit °": _text(agreed.lower_limit, 1),
            "upper limit °": _text(agreed.upper_limit, 1),
            "ICC(2,1)": _text(agreed.icc, 3),
            "r": _text(agreed.r, 3),
        }
        for system in evaluation.systems
        for name, agreed in angle_agreements(evaluation.of(system))
    ]


def per_group(evaluation: Evaluation, group: Callable[[Scores], str]) -> list[Row]:
    """Return one row a group of trials, one column a system: the protocol's headline figure as text."""
    headline = evaluation.protocol.headline
    name = {"pck": "pck_150mm"}.get(headline, headline)
    rows = []
    for one in dict.fromkeys(group(score) for score in evaluation.scores):
        row = {"": one}
        for system in evaluation.systems:
            of_group = [score for score in evaluation.of(system) if group(score) == one]
            row[f"{system}: {headline.upper().replace('_', '-')} {FIGURES[name][0]}"] = (
                _text(totals(of_group)[name], 1) if of_group else ""
            )
        rows.append(row)
    return rows


def per_joint(evaluation: Evaluation) -> list[Row]:
    """Return one row a joint, one column a system: mean error in millimetres as text."""
    joints = dict.fromkeys(joint for one in evaluation.scores for joint in one.joints)
    return [
        {"joint": joint}
        | {f"{system} mm": _text(joint_error(evaluation.of(system), joint), 1) for system in evaluation.systems}
        for joint in joints
    ]


def joint_error(scores: Sequence[Scores], joint: str) -> Estimate:
    """Return a joint's mean error over trials in millimetres."""
    found = total(scores, lambda one: _of_joint(one, joint), lambda one: _points_of_joint(one, joint))
    return Estimate(*(1000 * value for value in found))


def figures(evaluation: Evaluation) -> Iterator[Row]:
    """Yield one row a figure, numbers in full: over all trials, then trial by trial."""
    for system in evaluation.systems:
        scores = evaluation.of(system)
        yield from _figures(evaluation, system, scores, trial="all")
        actions = list(dict.fromkeys(one.action for one in scores))
        for action in actions if len(actions) > 1 else []:
            yield from _figures(evaluation, system, [one for one in scores if one.action == action], trial="all")
        if len(scores) > 1:
            for one in scores:
                yield from _figures(evaluation, system, [one], trial=one.trial)


def _figures(evaluation: Evaluation, system: str, scores: list[Scores], trial: str) -> Iterator[Row]:
    actions = {one.action for one in scores}
    context = {
        "system": system,
        "trial": trial,
        "action": actions.pop() if len(actions) == 1 else "mean of actions",
        **_context(evaluation, scores),
        "points compared": sum(one.points for one in scores),
        "points missing in prediction": sum(one.expected - one.points for one in scores),
        "points missing in reference": sum(one.unmeasured for one in scores),
    }
    alignment = context.pop("alignment")

    def row(figure: str, point: str, value: Estimate, count: float, unit: str, how: str = alignment) -> Row:
        return {
            "figure": figure,
            "of": point,
            **value._asdict(),
            "unit": unit,
            "n": int(count),
            "alignment": how,
            **context,
        }

    for name, value in totals(scores).items():
        count: float = sum(one.counts[name] for one in scores)
        if name in FIGURES:
            yield row(name, "", value, count, FIGURES[name][0], _OWN_ALIGNMENT.get(name, alignment))
        else:
            yield row("mpjpe", name, value, count, "mm")
    for joint in dict.fromkeys(joint for one in scores for joint in one.joints):
        count = sum(_points_of_joint(one, joint) for one in scores)
        yield row("mpjpe", joint, joint_error(scores, joint), count, "mm")
        for axis, letter in enumerate("xyz"):
            error = total(
                scores,
                lambda one, joint=joint, axis=axis: _of_joint(one, joint, axis),  # type: ignore[misc]
                lambda one, joint=joint: _points_of_joint(one, joint),  # type: ignore[misc]
            )
            millimetres = Estimate(*(1000 * value for value in error))
            yield row(f"mean_absolute_error_{letter}", joint, millimetres, count, "mm")
    for name, agreed in angle_agreements(scores):
        for figure in ("bias", "mae", "rmse", "lower_limit", "upper_limit"):
            yield row(figure, name, getattr(agreed, figure), agreed.n, "deg", "none needed")
        for figure in ("icc", "r"):
            yield row(figure, name, getattr(agreed, figure), agreed.n, "1", "none needed")


def _context(evaluation: Evaluation, scores: Sequence[Scores]) -> Row:
    protocol = evaluation.protocol
    several = len({one.action for one in scores}) > 1
    expected = sum(one.expected for one in scores)
    lags = [one.lag for one in scores]
    return {
        "protocol": protocol.name,
        "joints": _joints(protocol, scores),
        "root": protocol.root if protocol.alignment != "none" else "none",
        "alignment": protocol.alignment,
        "rate Hz": _number(float(np.median([one.rate for one in scores])), 2),
        "averaged over": f"{len({one.action for one in scores})} actions" if several else "points",
        "trials": len(scores),
        "intervals over": _clusters(scores),
        "frames": sum(one.frames for one in scores),
        "compared %": f"{100 * sum(one.points for one in scores) / expected:.1f}" if expected else "",
        "reference covered %": f"{100 * float(np.mean([one.covered for one in scores])):.1f}",
        "lag s": f"{lags[0]:+.3f}" if len(set(lags)) == 1 else f"{min(lags):+.3f} to {max(lags):+.3f}",
        "lag from": ", ".join(dict.fromkeys(one.lag_from for one in scores)),
        "interpolated": ", ".join(dict.fromkeys(one.interpolated for one in scores)),
    }


def _joints(protocol: Protocol, scores: Sequence[Scores]) -> str:
    """Return the joint set's name, and what of it is missing."""
    everywhere = [joint for joint in protocol.joints if all(joint in one.joints for one in scores)]
    absent = [joint for joint in protocol.joints if joint not in everywhere]
    if not absent:
        return protocol.joint_set
    if len(absent) > _MOST_NAMED:
        return f"{len(everywhere)} of {protocol.joint_set}"
    return f"{protocol.joint_set} without {' '.join(absent)}"


def _clusters(scores: Sequence[Scores]) -> str:
    clusters = {one.cluster for one in scores}
    if len(clusters) < 2:
        return "none"
    return f"{len(clusters)} trials" if len(clusters) == len(scores) else f"{len(clusters)} clusters of trials"


def _of_joint(one: Scores, joint: str, axis: int | None = None) -> float:
    if joint not in one.joints:
        return float("nan")
    row = one.joints.index(joint)
    return float(one.joint_errors[row] if axis is None else one.axis_errors[row, axis])


def _points_of_joint(one: Scores, joint: str) -> float:
    return float(one.joint_points[one.joints.index(joint)]) if joint in one.joints else 0.0


def _text(value: Estimate, digits: int) -> str:
    if not np.isfinite(value.value):
        return ""
    if not np.isfinite(value.low):
        return f"{value.value:.{digits}f}"
    return f"{value.value:.{digits}f} ({value.low:.{digits}f} to {value.high:.{digits}f})"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if np.isfinite(value) else ""


def markdown(rows: Sequence[Row]) -> str:
    """Return rows of text as a Markdown table."""
    if not rows:
        return ""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    return (
        "\n".join(
            "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
        )
        + "\n"
    )


def report(evaluation: Evaluation) -> str:
    """Return the whole evaluation as Markdown."""
    parts = [
        "# Evaluation\n",
        f"Protocol {evaluation.protocol.name}: {evaluation.protocol.source}.\n",
        (
            "In brackets: 95 % intervals (jackknife over trials, or over what several trials share), ending where the "
            "figure ends; none with one. PCK and AUC, like the rest, are of the points that both have. Velocities and "
            "accelerations of the interpolated side are smoother than its own.\n"
        ),
        markdown(summary(evaluation)),
    ]
    if any(one.action for one in evaluation.scores):
        parts += ["## By action\n", markdown(per_group(evaluation, lambda one: one.action))]
    elif len({one.trial for one in evaluation.scores}) > 1:
        parts += ["## By trial\n", markdown(per_group(evaluation, lambda one: one.trial))]
    parts += ["## Error of each joint\n", markdown(per_joint(evaluation))]
    if angles := agreements(evaluation):
        parts += [
            "## Angles\n",
            (
                "Flexion is 180° less the angle between the two segments, from joint centres. Limits of agreement: Bland & "
                "Altman (2007), the variance within and between trials added. ICC and r are over frames, which follow one "
                "another and grow with the range of motion: no measure of reliability between people.\n"
            ),
            markdown(angles),
        ]
    if evaluation.notes:
        parts += ["## Notes\n", "\n".join(f"- {note}" for note in evaluation.notes) + "\n"]
    if evaluation.about:
        parts += ["## How this was made\n", "\n".join(f"- {line}" for line in evaluation.about) + "\n"]
    return "\n".join(parts)


def write_csv(evaluation: Evaluation, path: Path) -> None:
    """Write one row a figure, with everything that it depends on in the row."""
    import pandas as pd

    table = pd.DataFrame(list(figures(evaluation)))
    names = {"low": "low_95", "high": "high_95"}
    table = table.rename(columns=lambda name: names.get(name, name.replace(" ", "_").replace("%", "percent").lower()))
    table["made_by"] = evaluation.about[0] if evaluation.about else ""
    table.to_csv(path, index=False, lineterminator="\n")
