"""Limbs estimated from the other side."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import changing
from posedetector.mirroring import mirror_missing
from posedetector.pose import Array, MetricPose, Source
from posedetector.skeletons import BLAZEPOSE_33

FRAMES = 4
LEFT_LEG = BLAZEPOSE_33.indices("left_knee", "left_ankle", "left_heel", "left_foot_index")
RIGHT_LEG = BLAZEPOSE_33.indices("right_knee", "right_ankle", "right_heel", "right_foot_index")
LEFT_ARM = BLAZEPOSE_33.indices("left_shoulder", "left_elbow", "left_wrist", "left_thumb")
HIPS = BLAZEPOSE_33.indices("left_hip", "right_hip")


def pose(xyz: Array) -> MetricPose:
    shape = xyz.shape[:2]
    return MetricPose(
        skeleton=BLAZEPOSE_33,
        time=np.arange(shape[0]) / 60,
        xyz=xyz,
        score=np.full(shape, 0.8),
        source=np.full(shape, Source.MEASURED, np.uint8),
        root=np.zeros((shape[0], 3)),
    )


@pytest.fixture
def symmetric() -> MetricPose:
    """Any pose that is its own mirror image in the plane between the hips, turned differently in every frame."""
    random = np.random.default_rng(3)
    xyz = random.standard_normal((FRAMES, 33, 3))
    for left, right in BLAZEPOSE_33.pairs:
        xyz[:, right] = xyz[:, left] * [1, 1, -1]
    xyz[:, HIPS[0]], xyz[:, HIPS[1]] = [0, 0, -0.1], [0, 0, 0.1]
    xyz[:, BLAZEPOSE_33.index("nose"), 2] = 0
    turns = Rotation.random(FRAMES, rng=random).as_matrix()
    return pose(np.einsum("tik,tjk->tji", turns, xyz))


@pytest.fixture
def lopsided() -> MetricPose:
    return pose(np.random.default_rng(4).standard_normal((FRAMES, 33, 3)))


def without(one: MetricPose, points: list[int]) -> MetricPose:
    return changing.without(one, np.s_[:, points])


@pytest.mark.parametrize("limb", [LEFT_LEG, RIGHT_LEG, LEFT_ARM], ids=["left leg", "right leg", "left arm"])
def test_the_missing_limb_of_a_symmetric_pose_is_restored_exactly(symmetric: MetricPose, limb: list[int]) -> None:
    assert mirror_missing(without(symmetric, limb)).xyz == pytest.approx(symmetric.xyz, abs=1e-9)


def test_what_was_mirrored_is_marked(symmetric: MetricPose) -> None:
    source = mirror_missing(without(symmetric, LEFT_LEG)).source

    assert (source[:, LEFT_LEG] == Source.MIRRORED).all()


def test_what_was_mirrored_has_a_fifth_of_the_visibility_of_the_other_side(symmetric: MetricPose) -> None:
    score = mirror_missing(without(symmetric, LEFT_LEG)).score

    assert score[:, LEFT_LEG] == pytest.approx(np.full((FRAMES, 4), 0.16))


def test_measured_points_are_not_touched(lopsided: MetricPose) -> None:
    kept = [row for row in range(33) if row not in LEFT_LEG]
    filled = mirror_missing(without(lopsided, LEFT_LEG))

    assert np.array_equal(filled.xyz[:, kept], lopsided.xyz[:, kept])
    assert np.array_equal(filled.score[:, kept], lopsided.score[:, kept])
    assert (filled.source[:, kept] == Source.MEASURED).all()


def test_a_whole_pose_stays_as_it_is(lopsided: MetricPose) -> None:
    assert np.array_equal(mirror_missing(lopsided).xyz, lopsided.xyz)


@pytest.mark.parametrize(
    ("missing", "given", "parent", "twin", "other"),
    [
        (LEFT_LEG[1:], "left_ankle", "left_knee", "right_ankle", "right_knee"),
        (RIGHT_LEG[1:], "right_ankle", "right_knee", "left_ankle", "left_knee"),
        (LEFT_LEG, "left_knee", "left_hip", "right_knee", "right_hip"),
        (LEFT_ARM[2:], "left_wrist", "left_elbow", "right_wrist", "right_elbow"),
    ],
)
def test_a_mirrored_bone_hangs_at_its_parent_as_long_as_its_twin(
    lopsided: MetricPose, missing: list[int], given: str, parent: str, twin: str, other: str
) -> None:
    xyz = mirror_missing(without(lopsided, missing)).xyz
    rows = BLAZEPOSE_33.indices(given, parent, twin, other)
    bone, copied = xyz[:, rows[0]] - xyz[:, rows[1]], xyz[:, rows[2]] - xyz[:, rows[3]]

    assert np.linalg.norm(bone, axis=1) == pytest.approx(np.linalg.norm(copied, axis=1))


def test_the_callers_pose_is_left_alone(symmetric: MetricPose) -> None:
    holed = without(symmetric, LEFT_LEG)
    mirror_missing(holed)

    assert np.isnan(holed.xyz[:, LEFT_LEG]).all()


def test_what_neither_side_shows_stays_missing(symmetric: MetricPose) -> None:
    filled = mirror_missing(without(symmetric, LEFT_LEG + RIGHT_LEG))

    assert np.isnan(filled.xyz[:, LEFT_LEG + RIGHT_LEG]).all()
    assert (filled.source[:, LEFT_LEG + RIGHT_LEG] == Source.NONE).all()


def test_without_both_hips_nothing_is_mirrored(symmetric: MetricPose) -> None:
    filled = mirror_missing(without(symmetric, [HIPS[0], *LEFT_LEG]))

    assert np.isnan(filled.xyz[:, LEFT_LEG]).all()


def test_a_point_without_a_twin_stays_missing(symmetric: MetricPose) -> None:
    nose = BLAZEPOSE_33.index("nose")

    assert np.isnan(mirror_missing(without(symmetric, [nose])).xyz[:, nose]).all()


def test_only_the_frames_with_a_hole_are_filled(symmetric: MetricPose) -> None:
    knee = LEFT_LEG[0]
    filled = mirror_missing(changing.without(symmetric, (1, knee)))

    assert (filled.source[:, knee] == Source.MIRRORED).tolist() == [False, True, False, False]
