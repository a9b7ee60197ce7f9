"""The tables of an evaluation: one row a system to read, one row a figure to compute with.

Every row names protocol, joints, root, alignment, rate and frame count, so that no figure can be taken for another.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posedetector.evaluation.comparison import Evaluation
from posedetector.evaluation.scores import FIGURES, Scores, angle_agreements, total, totals
from posedetector.metrics import Estimate

Row = dict[str, Any]

# column of the summary → figure
_SUMMARY = {
    "MPJPE mm": "mpjpe",
    "P-MPJPE mm": "p_mpjpe",
    "N-MPJPE mm": "n_mpjpe",
    "MPJVE mm/s": "mpjve",
    "acceleration error m/s²": "acceleration_error",
    "PCK@150 mm %": "pck_150mm",
    "AUC 0–150 mm %": "auc_0_150mm",
    "z-RMSE mm": "z_rmse",
    "bone length CV %": "bone_length_cv",
}
_OWN_ALIGNMENT = {
    "p_mpjpe": "similarity per frame",
    "n_mpjpe": "scale per frame",
    "bone_length_cv": "none needed",
    "reference_bone_length_cv": "none needed",
}
_DIGITS = {"PCK@150 mm %": 1, "acceleration error m/s²": 2}


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
            "trials": agreed.trials,
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
    }
    alignment = context.pop("alignment")
    counts = {
        "points compared": sum(one.points for one in scores),
        "points missing in prediction": sum(one.expected - one.points for one in scores),
        "points missing in reference": sum(one.unmeasured for one in scores),
    }

    def row(figure: str, point: str, value: Estimate | float, unit: str, how: str = alignment) -> Row:
        estimate = value if isinstance(value, Estimate) else Estimate(value, float("nan"), float("nan"))
        number = estimate._asdict()
        return {"figure": figure, "of": point, **number, "unit": unit, "alignment": how, **context, **counts}

    for name, value in totals(scores).items():
        unit = FIGURES.get(name, ("mm", 1000.0))[0]
        known = name in FIGURES
        yield row(name if known else "mpjpe", "" if known else name, value, unit, _OWN_ALIGNMENT.get(name, alignment))
    for joint in dict.fromkeys(joint for one in scores for joint in one.joints):
        yield row("mpjpe", joint, joint_error(scores, joint), "mm")
        for axis, letter in enumerate("xyz"):
            error = total(
                scores,
                lambda one, joint=joint, axis=axis: _of_joint(one, joint, axis),  # type: ignore[misc]
                lambda one, joint=joint: _points_of_joint(one, joint),  # type: ignore[misc]
            )
            yield row(f"mean_absolute_error_{letter}", joint, Estimate(*(1000 * value for value in error)), "mm")
    for name, agreed in angle_agreements(scores):
        for figure in ("bias", "mae", "rmse", "lower_limit", "upper_limit"):
            yield row(figure, name, getattr(agreed, figure), "deg", "none needed")
        for figure in ("icc", "r"):
            yield row(figure, name, getattr(agreed, figure), "1", "none needed")


def _context(evaluation: Evaluation, scores: Sequence[Scores]) -> Row:
    protocol = evaluation.protocol
    present = {joint for one in scores for joint in one.joints}
    whole = len(protocol.joints) == min(len(one.joints) for one in scores)
    several = len({one.action for one in scores}) > 1
    expected = sum(one.expected for one in scores)
    rates = np.array([one.rate for one in scores])
    lags = [one.lag for one in scores]
    return {
        "protocol": protocol.name,
        "joints": protocol.joint_set if whole else f"{len(present)} of {protocol.joint_set}",
        "root": protocol.root if protocol.alignment != "none" else "none",
        "alignment": protocol.alignment,
        "rate Hz": _number(float(np.median(rates)), 2),
        "averaged over": f"{len({one.action for one in scores})} actions" if several else "points",
        "trials": len(scores),
        "frames": sum(one.frames for one in scores),
        "compared %": f"{100 * sum(one.points for one in scores) / expected:.1f}" if expected else "",
        "lag s": f"{lags[0]:+.3f}" if len(set(lags)) == 1 else f"{min(lags):+.3f} to {max(lags):+.3f}",
    }


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
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def report(evaluation: Evaluation) -> str:
    """Return the whole evaluation as Markdown."""
    parts = [
        "# Evaluation\n",
        f"Protocol {evaluation.protocol.name}: {evaluation.protocol.source}.\n",
        "In brackets: 95 % intervals over trials (jackknife); none with one trial.\n",
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
                "Altman (2007), the variance within and between trials added.\n"
            ),
            markdown(angles),
        ]
    if evaluation.notes:
        parts += ["## Notes\n", "\n".join(f"- {note}" for note in evaluation.notes) + "\n"]
    return "\n".join(parts)


def write_csv(evaluation: Evaluation, path: Path) -> None:
    """Write one row a figure, with everything that it depends on in the row."""
    import pandas as pd

    table = pd.DataFrame(list(figures(evaluation)))
    names = {"low": "low_95", "high": "high_95"}
    table = table.rename(columns=lambda name: names.get(name, name.replace(" ", "_").replace("%", "percent").lower()))
    table.to_csv(path, index=False, lineterminator="\n")
