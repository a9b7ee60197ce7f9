"""Where the body's mass is: a figure made by hand whose centre is known by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from changing import placed
from posedetector.kinematics.masses import CENTRES, find_masses, segment_centre, segment_shares
from posedetector.pose import Array, MetricPose, Source
from posedetector.skeletons import BLAZEPOSE_33, COCO_17, COCO_WHOLEBODY_133, H36M_17, Skeleton, extend
from posedetector.subject import Subject

LIFTED = extend(
    H36M_17,
    "h36m_17_with_feet",
    {f"{side}_{part}": f"{side}_ankle" for side in ("left", "right") for part in ("heel", "foot_index")},
)
MAN, WOMAN, SOMEBODY = (Subject(height=1.75, sex=sex) for sex in ("male", "female", None))
# forward, up, to the right; metres. The left side is this one's mirror image; all that is not named is at the ear's place.
RIGHT = {
    "ear": (0.0, 1.60, 0.07),
    "eye": (0.09, 1.62, 0.03),
    "shoulder": (0.0, 1.44, 0.20),
    "elbow": (0.0, 1.14, 0.22),
    "wrist": (0.0, 0.86, 0.24),
    "index": (0.02, 0.78, 0.25),
    "pinky": (-0.02, 0.78, 0.25),
    "middle_finger1": (0.0, 0.78, 0.25),
    "hip": (0.0, 0.92, 0.09),
    "knee": (0.0, 0.50, 0.09),
    "ankle": (0.0, 0.08, 0.09),
    "heel": (-0.05, 0.02, 0.09),
    "foot_index": (0.20, 0.02, 0.09),
    "big_toe": (0.20, 0.02, 0.09),
}
MIDDLE = {"pelvis": "hip", "thorax": "shoulder", "head": "eye", "nose": "eye", "neck": "eye", "spine": "hip"}


def standing(skeleton: Skeleton, frames: int = 1) -> MetricPose:
    """A man who stands upright and looks along X, the middle of his hips above the origin."""
    rows = []
    for point in skeleton.points:
        side, _, name = point.partition("_")
        if side in {"left", "right"}:
            rows.append(np.array(RIGHT.get(name, RIGHT["ear"])) * (1, 1, 1 if side == "right" else -1))
        else:
            rows.append(np.array(RIGHT[MIDDLE.get(point, "ear")]) * (1, 1, 0))
    root = np.array([0.0, RIGHT["hip"][1], 0.0])
    return pose_of(skeleton, np.repeat([np.array(rows) - root], frames, axis=0), np.repeat([root], frames, axis=0))


def pose_of(skeleton: Skeleton, xyz: Array, root: Array) -> MetricPose:
    shape = xyz.shape[:2]
    pose = MetricPose(
        skeleton, np.arange(shape[0]) / 100, np.zeros(xyz.shape), np.ones(shape), np.full(shape, Source.MEASURED), root
    )
    return placed(pose, xyz)


def anyhow(skeleton: Skeleton, seed: int = 0) -> MetricPose:
    """Some posture that nobody can take: properties have to hold for it all the same."""
    rng = np.random.default_rng(seed)
    return pose_of(skeleton, rng.normal(0, 0.5, (4, len(skeleton), 3)), rng.normal(0, 1, (4, 3)))


def without(pose: MetricPose, *points: str, frame: int = 0) -> MetricPose:
    xyz = pose.xyz.copy()
    xyz[frame, pose.skeleton.indices(*points)] = np.nan
    return pose_of(pose.skeleton, xyz, pose.root)


skeletons = pytest.mark.parametrize(
    "skeleton", [BLAZEPOSE_33, H36M_17, COCO_17, COCO_WHOLEBODY_133, LIFTED], ids=lambda one: one.name
)


@pytest.mark.parametrize("sex", ["male", "female", None])
def test_the_shares_sum_to_one(sex) -> None:
    assert sum(segment_shares(sex).values()) == pytest.approx(1, abs=1e-12)


def test_the_tables_own_per_cents_sum_to_what_de_leva_printed() -> None:
    assert sum(row.mass.male for row in CENTRES.values()) == pytest.approx(100.00)
    assert sum(row.mass.female for row in CENTRES.values()) == pytest.approx(99.99)


def test_men_and_women_have_columns_of_their_own() -> None:
    assert segment_shares("male")["left_thigh"] == pytest.approx(0.1416)
    assert segment_shares("female")["left_thigh"] == pytest.approx(0.1478 / 0.9999)


def test_without_a_sex_each_share_is_the_mean_of_both() -> None:
    assert segment_shares(None)["trunk"] == pytest.approx((0.4257 + 0.4346) / 2 / 0.99995)


def test_the_ways_of_one_segment_lead_to_one_place_on_the_tables_own_body() -> None:
    """De Leva's other row for hands, from the wrist to the third fingertip: 36.24 % of 187.9 mm, 34.27 % of 170.1 mm."""
    hand = CENTRES["left_hand"].ways
    assert (hand[-1].centre.female - 1) * 264.3 == pytest.approx(0.3427 * 170.1, abs=0.1)
    by_knuckle, by_forearm = hand[0].centre.male * 86.2, (hand[-1].centre.male - 1) * 268.9

    assert by_knuckle == pytest.approx(0.3624 * 187.9, abs=0.1)
    assert by_forearm == pytest.approx(0.3624 * 187.9, abs=0.1)


@pytest.mark.parametrize(
    ("name", "height"),
    [
        ("head", 1.60),
        ("trunk", 1.44 - 0.4310 * 0.52),
        ("left_upper_arm", 1.44 - 0.5772 * 0.30),
        ("right_forearm", 1.14 - 0.4574 * 0.28),
        ("left_hand", 0.86 - 0.7900 * 0.08),
        ("right_thigh", 0.92 - 0.4095 * 0.42),
        ("left_shank", 0.50 - 0.4395 * 0.42),
        ("right_foot", 0.02),
    ],
)
def test_a_mans_segment_has_its_centre_where_the_table_puts_it(name: str, height: float) -> None:
    centre, said = segment_centre(standing(BLAZEPOSE_33), name, "male")

    assert centre[0, 1] == pytest.approx(height)
    assert said == []


def test_a_foots_centre_is_ahead_of_its_heel_by_the_tables_share() -> None:
    assert segment_centre(standing(BLAZEPOSE_33), "left_foot", "male")[0][0, 0] == pytest.approx(-0.05 + 0.4415 * 0.25)


def test_a_standing_mans_centre_is_as_high_as_by_hand() -> None:
    """0.0694 · 1.600 + 0.4346 · 1.21588 + 2 · (0.0271 · 1.26684 + 0.0162 · 1.011928 + 0.0061 · 0.7968
    + 0.1416 · 0.74801 + 0.0433 · 0.31541 + 0.0137 · 0.02) = 0.99033 m: 57 % of a stature of 1.75."""
    centre = find_masses(standing(BLAZEPOSE_33), MAN).centre

    assert centre[0, 1] == pytest.approx(0.99033, abs=1e-5)


@skeletons
def test_a_symmetric_figures_centre_lies_in_its_middle_plane(skeleton: Skeleton) -> None:
    assert find_masses(standing(skeleton), SOMEBODY).centre[:, 2] == pytest.approx([0], abs=1e-12)


@skeletons
def test_every_skeleton_puts_the_same_man_at_the_same_height_within_three_millimetres(skeleton: Skeleton) -> None:
    assert find_masses(standing(skeleton), MAN).centre[0, 1] == pytest.approx(0.99033, abs=0.003)


def test_a_womans_centre_is_not_a_mans() -> None:
    """Her trunk's centre is nearer to the shoulders, but her thighs are heavier."""
    woman, man = (find_masses(standing(BLAZEPOSE_33), one).centre[0, 1] for one in (WOMAN, MAN))

    assert abs(woman - man) > 0.001


@skeletons
def test_the_centre_turns_and_moves_with_the_body(skeleton: Skeleton) -> None:
    pose = anyhow(skeleton)
    turn, shift = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0], np.array([1.0, -2.0, 3.0])
    moved = pose_of(skeleton, pose.xyz @ turn.T, pose.root @ turn.T + shift)

    expected = find_masses(pose, MAN).centre @ turn.T + shift
    assert find_masses(moved, MAN).centre == pytest.approx(expected)


@skeletons
def test_the_centre_grows_with_the_body(skeleton: Skeleton) -> None:
    pose = anyhow(skeleton)
    bigger = pose_of(skeleton, 1.7 * pose.xyz, 1.7 * pose.root)

    assert find_masses(bigger, WOMAN).centre == pytest.approx(1.7 * find_masses(pose, WOMAN).centre)


@skeletons
def test_a_mirrored_body_has_the_mirrored_centre(skeleton: Skeleton) -> None:
    pose = anyhow(skeleton)
    order = np.arange(len(skeleton))
    for left, right in skeleton.pairs:
        order[[left, right]] = right, left
    flip = np.array([1.0, 1.0, -1.0])
    mirrored = pose_of(skeleton, pose.xyz[:, order] * flip, pose.root * flip)

    assert find_masses(mirrored, MAN).centre == pytest.approx(find_masses(pose, MAN).centre * flip)


def test_one_raised_arm_moves_the_centre_to_its_side_by_its_share() -> None:
    """A hand that moves by d moves the body by 0.0061 · 0.79 · d where the knuckles alone move."""
    pose = standing(BLAZEPOSE_33)
    xyz = pose.xyz.copy()
    xyz[:, pose.skeleton.index("right_index"), 2] += 0.05
    xyz[:, pose.skeleton.index("right_pinky"), 2] += 0.15
    moved = find_masses(pose_of(pose.skeleton, xyz, pose.root), MAN).centre - find_masses(pose, MAN).centre

    assert moved == pytest.approx(np.array([[0, 0, 0.0061 * 0.79 * 0.10]]), abs=1e-12)


def test_a_thrown_and_spinning_body_falls_at_g() -> None:
    time = np.arange(60) / 100
    figure = standing(BLAZEPOSE_33, frames=60)
    still = figure.positions - find_masses(figure, MAN).centre[:, None]
    angle = 4 * time
    zero, one = np.zeros(60), np.ones(60)
    turn = np.array([[np.cos(angle), -np.sin(angle), zero], [np.sin(angle), np.cos(angle), zero], [zero, zero, one]])
    flight = np.stack([2 * time, 3 * time - 9.81 / 2 * time**2, 0 * time], axis=-1)
    thrown = np.einsum("ijt,tpj->tpi", turn, still) + flight[:, None]
    hips = thrown[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean(axis=1)

    path = find_masses(pose_of(BLAZEPOSE_33, thrown - hips[:, None], hips), MAN).centre
    acceleration = np.diff(path, 2, axis=0) * 100**2

    assert acceleration == pytest.approx(np.tile([0, -9.81, 0], (58, 1)), abs=1e-6)


@pytest.mark.parametrize("point", ["left_shoulder", "right_elbow", "left_wrist", "right_hip", "left_knee", "left_ear"])
def test_where_a_segment_cannot_be_placed_there_is_no_centre(point: str) -> None:
    centre = find_masses(without(standing(BLAZEPOSE_33, frames=2), point), MAN).centre

    assert np.isnan(centre[0]).all()
    assert np.isfinite(centre[1]).all()


def test_a_skeleton_without_limbs_has_no_centre() -> None:
    knees = Skeleton("pair", ("left_knee", "right_knee"), (-1, -1))

    assert np.isnan(find_masses(anyhow(knees), MAN).centre).all()


def test_without_a_path_there_is_no_centre_in_the_room() -> None:
    pose = standing(BLAZEPOSE_33)

    assert np.isnan(find_masses(pose_of(pose.skeleton, pose.xyz, pose.root * np.nan), MAN).centre).all()


def test_a_hand_that_is_not_seen_prolongs_the_forearm() -> None:
    centre, said = segment_centre(without(standing(BLAZEPOSE_33), "right_index"), "right_hand", "male")

    assert centre[0] == pytest.approx([0, 0.86 - 0.28 * 0.25325, 0.24 + 0.02 * 0.25325], abs=1e-5)
    assert said == ["hands in line with the forearms"]


def test_a_foot_that_is_not_seen_is_at_its_ankle() -> None:
    centre, said = segment_centre(without(standing(BLAZEPOSE_33), "left_heel"), "left_foot", "male")

    assert centre[0] == pytest.approx([0, 0.08, -0.09])
    assert said == ["feet at the ankles"]


def test_a_whole_bodys_hand_ends_at_the_middle_fingers_knuckle() -> None:
    centre, said = segment_centre(standing(COCO_WHOLEBODY_133), "right_hand", "male")

    assert centre[0] == pytest.approx([0, 0.86 - 0.79 * 0.08, 0.24 + 0.79 * 0.01])
    assert said == []


@pytest.mark.parametrize(
    ("skeleton", "said"),
    [
        (BLAZEPOSE_33, ""),
        (COCO_WHOLEBODY_133, ""),
        (COCO_17, "; hands in line with the forearms; feet at the ankles"),
        (H36M_17, "; head at the middle of the eyes; hands in line with the forearms; feet at the ankles"),
        (LIFTED, "; head at the middle of the eyes; hands in line with the forearms"),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_the_account_names_the_table_and_what_stood_in(skeleton: Skeleton, said: str) -> None:
    assert find_masses(standing(skeleton), MAN).table == f"de Leva 1996, table 4: young adults, men{said}"


def test_the_account_says_when_nobody_told_the_sex() -> None:
    assert "mean of women and men, as no sex was given" in find_masses(standing(BLAZEPOSE_33), SOMEBODY).table


@pytest.mark.parametrize(("age", "said"), [(7, True), (17.5, True), (18, False), (70, False)])
def test_the_account_says_when_a_child_is_measured_by_adults(age: float, *, said: bool) -> None:
    table = find_masses(standing(BLAZEPOSE_33), Subject(height=1.2, age=age)).table

    assert (f"used for a person of {age:g} years for want of a child's" in table) is said


@pytest.mark.parametrize("mass", [None, 71.5])
def test_the_mass_is_handed_on_and_does_not_move_the_centre(mass: float | None) -> None:
    masses = find_masses(standing(BLAZEPOSE_33), Subject(height=1.75, sex="male", mass=mass))

    assert masses.total == mass
    assert masses.centre[0, 1] == pytest.approx(0.99033, abs=1e-5)


def test_a_walkers_centre_goes_at_his_speed_a_little_above_his_hips(walk: Callable) -> None:
    seen = walk(frames=138)  # two strides
    lab = seen.lab
    hips = lab[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean(axis=1)
    path = find_masses(pose_of(BLAZEPOSE_33, lab - hips[:, None], hips), SOMEBODY).centre

    speed = np.linalg.norm(path[-1] - path[0]) / (137 / 60)
    assert speed == pytest.approx(seen.walker.speed, rel=0.02)
    assert (path - hips)[:, 1] == pytest.approx(np.full(138, 0.06), abs=0.05)
