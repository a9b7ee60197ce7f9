"""Refinement: one body of constant lengths, fitted to all that is known about the whole clip.

After calibration each frame stands alone: bones breathe, feet slide, depth wobbles. Here the places of all points in all
frames, the lengths of the segments, the focal length (where nobody gave it) and the floor are sought together, so that
they agree best with a table of terms (`terms.TERMS`): what the camera saw, what the lifter says, and what a body can do.
The size that calibration found stays, exactly: it is that of the limb that gave it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from posedetector.account import Entry, Note, RefinementRecord, TermRecord, caution, serious
from posedetector.calibration import Calibration, find_scale, place_in_room
from posedetector.errors import InputError
from posedetector.kinematics import Scale
from posedetector.lifters import DepthErrors, Lifter
from posedetector.lifters.native import Native
from posedetector.pose import Array, Keypoints, MetricPose, Noun, RelativePose, finite, settle_mappings
from posedetector.refinement.body import HIPS
from posedetector.refinement.problem import Rows
from posedetector.refinement.spread import measure_for, spread_of
from posedetector.refinement.stating import Stated, state_problem
from posedetector.refinement.terms import EXPECTED, FOCAL, OVER_TIME, TERMS
from posedetector.refinement.windows import Fit, Progress, fit
from posedetector.skeletons import Skeleton
from posedetector.subject import Subject

_POOR_LENGTH = 0.10
_TELLING = ("thigh", "shank", "upper_arm", "forearm", "hips", "shoulders", "trunk")  # small ones are too uncertain
_POOR_PICTURE = 0.02  # of body height
_SPREAD = (
    "standard deviations of places relative to the middle of the hips and of angles, from the curvature of the fit, "
    "widened so that nominal 90 % intervals hold 90 % on filmed motion capture; before smoothing"
)
_FAR = 2.0  # standard deviations of the focal length's prior


@dataclass(frozen=True, eq=False)
class Refinement(Noun):
    """How the fit came out.

    Attributes
    ----------
    done : what was done, in one line.
    frames : how many were fitted.
    residuals : by term, its root mean square in the term's standard deviations.
    reprojection : median distance of keypoints from where the fitted points appear, in shares of stature.
    lengths : metres, by segment.
    odd : segments whose length is far from what is usual, by what share.
    errors : of the lifter whose depth was fitted.
    focal_length, focal_spread : pixels, as fitted, and its standard deviation as a share of it; 0 where it was given.
    focal_start : pixels, as given or assumed.
    focal_off : whether it went far from that.
    """

    done: str
    frames: int = 0
    residuals: Mapping[str, float] = field(default_factory=dict)
    reprojection: float = 0.0
    lengths: Mapping[str, float] = field(default_factory=dict)
    odd: Mapping[str, float] = field(default_factory=dict)
    errors: DepthErrors | None = None
    focal_length: float = float("nan")
    focal_spread: float = 0.0
    focal_start: float = float("nan")
    focal_off: bool = False

    def __post_init__(self) -> None:
        settle_mappings(self, "residuals", "lengths", "odd")

    def entry(self) -> Entry:
        """Return what the account says of it."""
        terms = describe_terms(self.errors) if self.errors else {}
        record = RefinementRecord(
            done=self.done,
            frames=self.frames,
            terms={
                name: TermRecord(weight=weight, source=source, residual=round(self.residuals[name], 4))
                for name, (weight, source) in terms.items()
                if name in self.residuals
            },
            reprojection_share=round(self.reprojection, 5) if self.frames else None,
            focal_length_start_px=round(self.focal_start, 1) if self.frames else None,
            focal_length_sd_share=round(self.focal_spread, 4) if self.frames else None,
            segment_lengths_m={name: round(length, 4) for name, length in self.lengths.items()},
            spread=_SPREAD if self.frames else "none: nothing was fitted",
        )
        return Entry({"refinement": record}, notes=tuple(self._notes()))

    def _notes(self) -> Iterator[Note]:
        if self.reprojection > _POOR_PICTURE:
            yield serious(
                f"the fitted body lies {100 * self.reprojection:.1f} % of its height from its picture (median): "
                "the keypoints, the focal length or the depth are wrong; --no-refine leaves the fit out"
            )
        if self.odd:
            lengths = ", ".join(
                f"{name.replace('_', ' ')} {100 * abs(off):.0f} % {'longer' if off > 0 else 'shorter'}"
                for name, off in self.odd.items()
            )
            yield caution(
                f"beside the limb that gives the size, the fit makes them unusual: {lengths}; so built, or the depth is wrong"
            )
        if self.focal_off:
            yield caution("the fit draws the focal length far from what was assumed: a real one would help")


NOT_REFINED = Refinement("off: --no-refine")
NOT_REFINED_ONLINE = Refinement("off: --online")
Opinion = tuple[RelativePose, DepthErrors]


def other_opinions(lifter: Lifter, keypoints: Keypoints) -> list[Opinion]:
    """Return what somebody else than the lifter says about the pose's depth: the estimator, where it gives any.

    Errors of a network that sees the picture and of one that sees 2D points over time have little in common, so the
    worse of both still makes the better one better.
    """
    if not lifter.secondary_depth or keypoints.xyz is None:
        return []
    return [(Native().lift(keypoints), Native.errors)]


def refine(
    pose: MetricPose,
    keypoints: Keypoints,
    calibration: Calibration,
    subject: Subject,
    errors: DepthErrors,
    others: Sequence[Opinion] = (),
    progress: Progress = lambda _, items, __: iter(items),
    belt: Array | None = None,
) -> tuple[MetricPose, Calibration, Refinement]:
    """Return the fitted pose with its spread, the calibration as the fit has it, and how well it fits.

    `errors` says how far off the pose's depth is; `others` are further opinions on it, of any size; `belt` (3,) is a treadmill's
    velocity in the laboratory, metres per second. Points that were
    missing stay missing. Where nothing can be fitted, all stays as it was, and `done` says why.
    """
    from threadpoolctl import threadpool_limits

    if calibration.stature is None:
        return pose, calibration, Refinement("off: the person's stature is not known")
    stated = state_problem(pose, keypoints, calibration, subject, errors, list(_scaled(others, subject)), belt)
    if stated is None:
        return pose, calibration, Refinement("off: the hips were never seen, or too few points with them")
    with threadpool_limits(limits=1):  # the blocks are small: two threads take twice as long
        found = fit(stated.problem, stated.start, measure_for(stated.problem.body, calibration.rotation), progress)
    if not found.moved:
        return pose, calibration, Refinement("off: no step led to a better fit (is the focal length right?)")
    body, root = _moved(pose, calibration, stated, found)
    room = place_in_room(pose.skeleton, body, root, stated.problem.up, calibration.stature)
    spread = spread_of(stated, found.deviations, pose)
    calibration = replace(
        calibration,
        floor=room.floor if calibration.grounded else calibration.floor,
        focal_length=found.focal_length,
        camera_position=room.camera_position,
        rotation=room.rotation,
    )
    return (
        replace(pose, xyz=room.xyz, root=room.root, spread=spread),
        calibration,
        _account(pose, stated, found, errors),
    )


def scale_of(calibration: Calibration, refinement: Refinement, focal_sd: float = 0.0) -> Scale:
    """Return how well lengths are known; `focal_sd` is of a focal length that was given or found, as a share of it."""
    if calibration.focal_length_assumed:
        focal_sd = refinement.focal_spread if refinement.frames else FOCAL
    return Scale(calibration.size.sd, focal_sd, calibration.rotation[:, 2], calibration.size.given)


def describe_terms(errors: DepthErrors) -> dict[str, tuple[str, str]]:
    """Return by term its weight, as a standard deviation with its unit, and whence that is."""
    found = {name: (term.spread, term.source) for name, term in TERMS.items()} | OVER_TIME | EXPECTED
    own = {"depth": f"{errors.bone:.3f} of stature"}
    if errors.knee is not None and errors.elbow is not None:
        own["bend"] = f"{np.degrees(errors.knee):.0f}° at the knee, {np.degrees(errors.elbow):.0f}° at the elbow"
    return found | {name: (f"{own[name]}: {found[name][0]}", found[name][1]) for name in own}


def _scaled(others: Sequence[Opinion], subject: Subject) -> Iterator[Opinion]:
    for pose, errors in others:
        try:
            scale, *_ = find_scale(pose, subject)
        except InputError:
            continue  # no limb of it was seen whole: there is nothing to learn from it
        yield replace(pose, xyz=pose.xyz * scale), errors


def _moved(pose: MetricPose, calibration: Calibration, stated: Stated, found: Fit) -> tuple[Array, Array]:
    """Return all points (T, J, 3) and the path (T, 3) in the camera's frame, metres; what is not fitted goes along."""
    turn = calibration.rotation
    before, root = pose.xyz @ turn, (pose.root - calibration.camera_position) @ turn
    points = stated.at_frames(found.points) * stated.stature
    hips = points[:, stated.problem.body.rows(*HIPS)].mean(axis=1)
    shift = points - hips[:, None] - before[np.ix_(stated.rows, stated.columns)]
    after = before.copy()
    moves = _followers(pose.skeleton, stated.columns)
    after[stated.rows] += np.einsum("js,tsd->tjd", moves, np.nan_to_num(shift))
    there = finite(root)[stated.rows]
    root[stated.rows[there]] = hips[there]
    return after, root


def _followers(skeleton: Skeleton, columns: Rows) -> Array:
    """Return (J, S) by how much each point of the skeleton goes along with each fitted one.

    A point that is not fitted goes along with the one that it hangs from; what lies in the trunk, with its corners.
    """
    moves = np.zeros((len(skeleton), len(columns)))
    fitted = {int(column): number for number, column in enumerate(columns)}
    corners = {"thorax": ("left_shoulder", "right_shoulder"), "spine": ("left_shoulder", "right_shoulder")}
    for row, name in enumerate(skeleton.points):
        if name in corners and all(skeleton.index(one) in fitted for one in corners[name]):
            held = [fitted[skeleton.index(one)] for one in corners[name]]
            moves[row, held] = 0.5 if name == "thorax" else 0.25  # the hips' middle does not move
            continue
        at = row
        while at >= 0 and at not in fitted:
            at = skeleton.parents[at]
        if at >= 0:
            moves[row, fitted[at]] = 1.0
    return moves


def _account(pose: MetricPose, stated: Stated, found: Fit, errors: DepthErrors) -> Refinement:
    body = stated.problem.body
    frames = int(finite(pose.xyz[np.ix_(stated.rows, stated.columns)]).any(axis=1).sum())
    ratios = dict(zip(body.segments, np.exp(found.shared[: len(body.segments)]), strict=True))
    return Refinement(
        done=f"one body of constant lengths fitted to {frames} frames, "
        + ("at once" if found.windows == 1 else f"in {found.windows} overlapping windows")
        + (f", {stated.problem.rate:.4g} poses a second with cubics between" if len(stated.nodes) < frames else ""),
        frames=frames,
        residuals=found.residuals,
        reprojection=found.reprojection,
        lengths={name: float(body.shares[name] * ratio * stated.stature) for name, ratio in ratios.items()},
        odd={
            name: float(ratio - 1)
            for name, ratio in ratios.items()
            if name in _TELLING and name not in body.given and abs(ratio - 1) > _POOR_LENGTH
        },
        focal_length=found.focal_length,
        errors=errors,
        focal_spread=found.focal_spread,
        focal_start=stated.problem.focal,
        focal_off=bool(abs(found.shared[body.focal]) > _FAR * FOCAL),
    )
