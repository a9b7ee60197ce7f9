"""Anatomical markers that no keypoint shows, made by OpenCap's marker enhancer out of a metric pose: `--augment-markers`.

`networks` has what it takes and gives. What it makes is marked AUGMENTED: the network has seen how markers lie on people who
move like this, not these markers on this person.
"""

import numpy as np

from posedetector.anthropometry import STATURE_SHARES
from posedetector.arrays import runs
from posedetector.augmenting.layout import BETWEEN, HANGS_ON, level, missing_points, points_for
from posedetector.augmenting.networks import ENHANCERS, RATE, TURNS, Network
from posedetector.errors import InputError
from posedetector.filters import interpolate
from posedetector.pose import Array, MetricPose, Source, Spread, finite, is_missing, weakest
from posedetector.skeletons import Skeleton, extend, split_side
from posedetector.subject import BONES, Subject

__all__ = ["Network", "augment", "enhancers"]


def augment(pose: MetricPose, subject: Subject, networks: tuple[Network, ...] | None = None) -> MetricPose:
    """Return the pose with the enhancer's 43 markers, and with joint centres that are taken from them.

    Hips are the enhancer's hip joint centres, knees and ankles the middles of the markers on both sides, heels and toes its
    markers there, `left_asis` … `right_psis` its pelvic markers, both levelled (`layout.level`). Shoulders stay where they were, since its
    marker lies on the acromion; so do elbows and wrists, whose angles its markers made worse (benchmarks/RESULTS.md), and
    everything that it says nothing about. `root` is the middle of the new hips.

    Every run of frames in which all points are there is worked through on its own, at 60 Hz; other frames have no
    markers, and no joint centres. Each run is given to the networks as they were trained, in six directions, starting
    from the one in which the person faces on average, and the six answers are averaged: the markers turn with the
    person, wherever he faces.

    `source` is AUGMENTED, or less, if the point on which a marker hangs is less; `score` is that point's. There is no
    `spread`: nobody knows how far off the markers are.

    `networks` are those of `enhancers`, which are loaded if they are not given.

    Raises
    ------
    InputError
        Without a mass (the networks take it), without onnxruntime, or for a skeleton without heels or toes.
    """
    height, mass = _body(subject)
    if missing := missing_points(pose.skeleton):
        raise InputError(
            f"`augment_markers` wants {', '.join(missing)}, which {pose.skeleton.name} has not: another estimator has"
        )
    markers: dict[str, Array] = {}
    own, middle = points_for(pose, height)
    for network in enhancers() if networks is None else networks:
        enhancer = network.enhancer
        points = np.stack([own[name] for name in enhancer.takes], axis=1)
        found = np.full((len(pose.time), len(enhancer.gives), 3), np.nan)
        for run in runs(finite(points).all(axis=1) & finite(pose.root)):
            found[run] = _enhance(network, pose.time[run], points[run], height, mass)
        found += (middle + pose.root)[:, None]
        markers |= {name: found[:, row] for row, name in enumerate(enhancer.gives)}
    return _with(pose, markers)


def enhancers() -> tuple[Network, ...]:
    """Return the networks; raises InputError without onnxruntime and WeightsError without their files."""
    return tuple(Network(one) for one in ENHANCERS)


def _body(subject: Subject) -> tuple[float, float]:
    """Return the height, metres, that which the bones imply if none was given, and the mass, kilograms."""
    if subject.mass is None:
        raise InputError(
            "`augment_markers` wants to know how heavy the person is: give `subject.mass` in kilograms",
            field="subject.mass",
        )
    if subject.height is not None:
        return subject.height, subject.mass
    shares = {bone: STATURE_SHARES[split_side(bone)[1]] for bone in BONES}
    return float(np.median([length / shares[bone] for bone, length in subject.bone_lengths.items()])), subject.mass


def _enhance(network: Network, time: Array, points: Array, height: float, mass: float) -> Array:
    """Return the markers (T, M, 3) of points (T, P, 3), both metres from the middle of the hips."""
    steps = int(np.ceil((time[-1] - time[0]) * RATE - 1e-3))  # clocks waver
    grid = time[0] + np.arange(steps + 1) / RATE
    even = interpolate(time, points, grid)
    takes = network.enhancer.takes
    facing = _facing(even[:, takes.index("left_shoulder")], even[:, takes.index("right_shoulder")])
    turns = np.stack([_about_vertical(facing + turn * 2 * np.pi / TURNS) for turn in range(TURNS)])
    answers = network.run(np.einsum("bij,tpj->btpi", turns, even), height=height, mass=mass)
    return interpolate(grid, np.einsum("bij,btpi->tpj", turns, answers) / TURNS, time)


def _facing(left: Array, right: Array) -> float:
    """Return the angle by which to turn the person about the vertical so that he faces X on average, his right at Z."""
    across = (right - left).mean(axis=0)
    return float(np.arctan2(-across[0], across[2]))


def _about_vertical(angle: float) -> Array:
    """Return the (3, 3) rotation about Y, which turns Z towards X."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])


def _with(pose: MetricPose, markers: dict[str, Array]) -> MetricPose:
    """Return the pose with markers (T, 3) in the laboratory and all that is taken from them."""
    places = markers | {name: np.mean([markers[part] for part in parts], axis=0) for name, parts in BETWEEN.items()}
    places |= level(places)
    old = pose.skeleton
    new = [name for name in HANGS_ON if not old.has(name)]
    skeleton = extend(old, f"{old.name}_augmented", {name: HANGS_ON[name] for name in new})
    hips = np.mean([places["left_hip"], places["right_hip"]], axis=0)
    root = np.where(finite(hips)[:, None], hips, pose.root)
    positions = np.full((len(pose.time), len(skeleton), 3), np.nan)
    score, source = np.zeros(positions.shape[:2]), np.zeros(positions.shape[:2], np.uint8)
    positions[:, : len(old)], score[:, : len(old)] = pose.positions, pose.score
    source[:, : len(old)] = pose.source
    for name, place in places.items():
        row, anchor = skeleton.index(name), old.index(HANGS_ON[name])
        there = finite(place)
        positions[:, row] = place
        score[:, row] = np.where(there, pose.score[:, anchor], 0.0)
        least = weakest(pose.source[:, anchor], Source.AUGMENTED)
        source[:, row] = np.where(there, least, np.uint8(Source.NONE))
    xyz = positions - root[:, None]
    # where the body is not known, there are no markers; what is left of it lies around the hips as it did
    kept = ~finite(root)[:, None] & ~is_missing(source[:, : len(old)])
    xyz[:, : len(old)][kept] = pose.xyz[kept]
    return MetricPose(skeleton, pose.time, xyz, score, source, root, _spread(pose, skeleton))


def _spread(pose: MetricPose, skeleton: Skeleton) -> Spread | None:
    """Return how sure the fit was: what the networks add to its errors is not known, and they have been the smaller ones."""
    if pose.spread is None:
        return None
    points = np.full((len(pose.time), len(skeleton), 3), np.nan)
    points[:, : len(pose.skeleton)] = pose.spread.points
    return Spread(points, dict(pose.spread.angles))
