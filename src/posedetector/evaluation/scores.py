"""The figures of one trial, small enough to be kept for thousands of them, and their summary over trials."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from posedetector.anthropometry import SEGMENT_ENDS
from posedetector.arrays import mean
from posedetector.evaluation.matching import Matched
from posedetector.evaluation.protocols import Part, Protocol
from posedetector.kinematics.included import INCLUDED
from posedetector.metrics import (
    Agreement,
    Estimate,
    accelerations,
    agreement,
    auc,
    axis_errors,
    bone_length_cv,
    included_angle,
    interval,
    joint_errors,
    pck,
    scaled_to,
    similar_to,
    velocities,
    z_rmse,
)
from posedetector.pose import Array, Noun, finite, settle, settle_mappings
from posedetector.skeletons import SIDES

# without the hips': between trunk and thigh they are not the flexion that a laboratory reports
_COMPARED = tuple(f"{side}_{joint}_flexion" for joint in ("knee", "elbow") for side in SIDES)

# figure → unit, factor from metres
FIGURES: dict[str, tuple[str, float]] = {
    "mpjpe": ("mm", 1000.0),
    "p_mpjpe": ("mm", 1000.0),
    "n_mpjpe": ("mm", 1000.0),
    "mpjve": ("mm/s", 1000.0),
    "mpjve_per_frame": ("mm/frame", 1000.0),
    "acceleration_error": ("m/s²", 1.0),
    "pck_150mm": ("%", 100.0),
    "auc_0_150mm": ("%", 100.0),
    "z_rmse": ("mm", 1000.0),
    "bone_length_cv": ("%", 100.0),
    "reference_bone_length_cv": ("%", 100.0),
}
_ROOTS_OF_SQUARES = ("z_rmse",)
_SHARES = ("pck_150mm", "auc_0_150mm")


@dataclass(frozen=True, eq=False)
class Scores(Noun):
    """How one system did in one trial. Lengths in metres, angles in degrees.

    Attributes
    ----------
    system, trial, action : whose; which clip; what is averaged apart (an action of Human3.6M), or nothing.
    cluster : what intervals take as drawn: the trial, or what several of them share, such as the person.
    frames : compared moments; `covered` is the share of the reference's duration that they span.
    points : joints × frames compared, of `expected` that the reference has; `unmeasured` ones the reference lacks.
    missing : joint → in how many frames the prediction itself lacks it; `rootless` of them lack the root.
    figures : keys of FIGURES and the protocol's parts.
    counts : how many values went into each of them.
    joint_errors, axis_errors, joint_points : (J,) and (J, 3) means, of how many frames each (J,).
    angles : quantity → predicted and measured (T,).
    """

    system: str
    trial: str
    action: str
    cluster: str
    frames: int
    covered: float
    points: int
    expected: int
    unmeasured: int
    missing: Mapping[str, int]
    rootless: int
    lag: float
    lag_from: str
    interpolated: str
    rate: float
    joints: tuple[str, ...]
    absent: tuple[str, ...]
    figures: Mapping[str, float]
    counts: Mapping[str, int]
    joint_errors: Array
    axis_errors: Array
    joint_points: Array
    angles: Mapping[str, tuple[Array, Array]]
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        joints = len(self.joints)
        settle(self, joint_errors=(joints,), axis_errors=(joints, 3), joint_points=(joints,))
        settle_mappings(self, "missing", "figures", "counts", "angles")


def score(
    system: str, trial: str, matched: Matched, protocol: Protocol, *, action: str = "", cluster: str | None = None
) -> Scores:
    """Return every figure of one trial."""
    predicted, measured = matched.predicted, matched.measured
    has, should = finite(predicted), finite(measured)
    own_has, own_should = finite(matched.own_predicted), finite(matched.own_measured)
    figures, counts = _figures(matched, protocol)
    lacking = (own_should & ~own_has).sum(axis=0)
    return Scores(
        system=system,
        trial=trial,
        action=action,
        cluster=trial if cluster is None else cluster,
        frames=len(matched.time),
        covered=matched.covered,
        points=int((has & should).sum()),
        expected=int(should.sum()),
        unmeasured=int((~should).sum()),
        missing={joint: int(count) for joint, count in zip(matched.joints, lacking, strict=True) if count},
        rootless=matched.rootless,
        lag=matched.lag,
        lag_from=matched.lag_from,
        interpolated=matched.interpolated,
        rate=matched.rate,
        joints=matched.joints,
        absent=matched.absent,
        figures=figures,
        counts=counts,
        joint_points=(has & should).sum(axis=0).astype(float),
        joint_errors=_column_means(joint_errors(predicted, measured)),
        axis_errors=axis_errors(predicted, measured),
        angles={
            name: (_flexion(matched.own_predicted, at), _flexion(matched.own_measured, at))
            for name, at in _angles(matched.joints)
        },
        notes=matched.notes,
    )


def _figures(matched: Matched, protocol: Protocol) -> tuple[dict[str, float], dict[str, int]]:
    predicted, measured, time = matched.predicted, matched.measured, matched.time
    bones = _bones(matched.joints)
    speeds = joint_errors(velocities(predicted, time), velocities(measured, time))
    rooted = protocol.alignment != "none"
    errors = {
        "mpjpe": joint_errors(predicted, measured),
        "p_mpjpe": joint_errors(similar_to(predicted, measured), measured),
        "n_mpjpe": joint_errors(
            scaled_to(predicted, measured) if rooted else np.full_like(predicted, np.nan), measured
        ),
        "mpjve": speeds,
        "mpjve_per_frame": speeds / matched.rate,
        "acceleration_error": joint_errors(accelerations(predicted, time), accelerations(measured, time)),
        **{part.name: _part_errors(part, matched) for part in protocol.parts},
        "bone_length_cv": bone_length_cv(matched.own_predicted, bones),
        "reference_bone_length_cv": bone_length_cv(matched.own_measured, bones),
    }
    figures = {name: mean(values) for name, values in errors.items()}
    counts = {name: int(np.isfinite(values).sum()) for name, values in errors.items()}
    depth = _depth_error(matched)
    figures |= {"pck_150mm": pck(predicted, measured), "auc_0_150mm": auc(predicted, measured), "z_rmse": depth}
    counts |= dict.fromkeys(("pck_150mm", "auc_0_150mm"), counts["mpjpe"])
    counts["z_rmse"] = counts["mpjpe"] if np.isfinite(depth) else 0
    order = [*FIGURES, *(part.name for part in protocol.parts)]
    return {name: figures[name] for name in order}, {name: counts[name] for name in order}


def total(
    scores: Sequence[Scores],
    figure: Callable[[Scores], float],
    weight: Callable[[Scores], float] = lambda one: one.points,
    *,
    squares: bool = False,
    most: float = np.inf,
) -> Estimate:
    """Return a figure over trials, each weighed by the points that went into it, with an interval over their clusters.

    The figure lies between 0 and `most`.

    Where there are actions, it is the mean of the actions' figures, each action counting once.
    """
    values = np.array([figure(one) for one in scores]) ** (2 if squares else 1)
    weights = np.array([float(weight(one)) for one in scores])
    _, action = np.unique([one.action for one in scores], return_inverse=True)
    clusters = np.array([one.cluster for one in scores])
    known = np.isfinite(values) & (weights > 0)
    values, weights, action = values[known], weights[known], action[known]
    if not known.any():
        return Estimate(float("nan"), float("nan"), float("nan"))

    def mean(rows: NDArray[np.bool_]) -> float:
        size = np.bincount(action[rows], weights[rows])
        means = np.bincount(action[rows], (weights * values)[rows])[size > 0] / size[size > 0]
        return float(np.mean(np.sqrt(means) if squares else means))

    return interval(mean, clusters[known], bounds=(0, most))


def totals(scores: Sequence[Scores]) -> dict[str, Estimate]:
    """Return every figure over trials, in the units of FIGURES; parts of the body in millimetres."""
    result = {}
    for name in scores[0].figures:
        _, factor = FIGURES.get(name, ("mm", 1000.0))
        found = total(
            scores,
            lambda one, name=name: one.figures[name],  # type: ignore[misc]
            lambda one, name=name: one.counts[name],  # type: ignore[misc]
            squares=name in _ROOTS_OF_SQUARES,
            most=1 if name in _SHARES else np.inf,
        )
        result[name] = Estimate(*(factor * value for value in found))
    return result


def angle_agreements(scores: Sequence[Scores]) -> Iterator[tuple[str, Agreement]]:
    """Yield each angle's agreement in degrees over all trials: each side, then both sides together."""
    names = list(dict.fromkeys(name for one in scores for name in one.angles))
    for name in (*names, *dict.fromkeys(name.split("_", 1)[1] for name in names)):
        predicted, measured, trial = angle_pairs(scores, name)
        yield name, agreement(predicted, measured, trial)


def angle_pairs(scores: Sequence[Scores], name: str) -> tuple[Array, Array, NDArray[np.str_]]:
    """Return predicted and measured (N,) in degrees and the cluster of each; `knee_flexion` is both sides'."""
    found = [
        (one.cluster, pair)
        for one in scores
        for quantity, pair in one.angles.items()
        if name in (quantity, quantity.split("_", 1)[1])
    ]
    if not found:
        return np.empty(0), np.empty(0), np.empty(0, str)
    predicted, measured = (np.concatenate([pair[side] for _, pair in found]) for side in (0, 1))
    return predicted, measured, np.repeat([cluster for cluster, _ in found], [len(pair[0]) for _, pair in found])


def _angles(joints: tuple[str, ...]) -> Iterator[tuple[str, list[int]]]:
    for name in _COMPARED:
        if all(point in joints for point in INCLUDED[name]):
            yield name, [joints.index(point) for point in INCLUDED[name]]


def _flexion(points: Array, rows: list[int]) -> Array:
    return 180 - np.degrees(included_angle(*(points[:, row] for row in rows)))


def _bones(joints: tuple[str, ...]) -> list[tuple[int, int]]:
    ends = [(f"{side}_{one}", f"{side}_{other}") for one, other in SEGMENT_ENDS.values() for side in SIDES]
    return [(joints.index(one), joints.index(other)) for one, other in ends if {one, other} <= set(joints)]


def _part_errors(part: Part, matched: Matched) -> Array:
    """Return the part's errors (T, J) from its own root; nothing where one of both lacks the root."""
    rows = [matched.joints.index(joint) for joint in part.joints if joint in matched.joints]
    roots = ("left_hip", "right_hip") if part.root == "mid_hips" else (part.root,)
    if not rows or not set(roots) <= set(matched.joints):
        return np.empty((0, 0))
    at = [matched.joints.index(root) for root in roots]
    predicted, measured = (
        xyz[:, rows] - xyz[:, at].mean(axis=1, keepdims=True) for xyz in (matched.predicted, matched.measured)
    )
    return joint_errors(predicted, measured)


def _depth_error(matched: Matched) -> float:
    if matched.depth_axis is None:
        return float("nan")
    predicted, measured = (xyz @ matched.rotation.T for xyz in (matched.predicted, matched.measured))
    return z_rmse(predicted, measured, matched.depth_axis)


def _column_means(values: Array) -> Array:
    return np.array([mean(column) for column in values.T])
