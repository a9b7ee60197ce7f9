"""Angles of figures that were bent as told, and what is known of their error."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from changing import placed
from conftest import with_pose
from figures import SIDES, WITH_SPINES, figure, pose_of, turn
from posedetector.arrays import derivative
from posedetector.errors import InputError
from posedetector.kinematics.angles import ANGLES, joint_angles, points_of
from posedetector.kinematics.derivatives import unwrapped
from posedetector.kinematics.included import INCLUDED
from posedetector.kinematics.nouns import JointAngles
from posedetector.pose import Array, Source
from posedetector.skeletons import BLAZEPOSE_33, COCO_17, COCO_WHOLEBODY_133, H36M_17, Skeleton
from posedetector.trial import Trial

EXACT = 0.1  # degrees; what is asked
LABORATORY = [name for name, row in ANGLES.items() if row.against == "laboratory"]
# what a figure can be told, and between which angles in degrees a draw lies
TOLD = {
    "pelvis_rotation": (-150, 150),
    "pelvis_obliquity": (-20, 20),
    "trunk_rotation": (-40, 40),
    "neck_flexion": (-30, 50),
    "neck_side_bend": (-30, 30),
    "neck_rotation": (-60, 60),
    "hip_flexion": (-30, 120),
    "hip_adduction": (-40, 30),
    "hip_rotation": (-40, 40),
    "knee_flexion": (31, 140),
    "ankle_dorsiflexion": (-50, 35),
    "shoulder_flexion": (-60, 110),
    "shoulder_abduction": (-20, 110),
    "elbow_flexion": (1, 145),
    "wrist_flexion": (-60, 70),
    "wrist_deviation": (-20, 30),
}


def draw(seed: int) -> dict[str, float]:
    """A posture at random."""
    random = np.random.default_rng(seed)
    posture = {}
    for name, (low, high) in TOLD.items():
        for one in [name] if name in ANGLES else [f"{side}_{name}" for side in SIDES]:
            posture[one] = float(random.uniform(low, high))
    return posture


def found(xyz: Array, skeleton: Skeleton = BLAZEPOSE_33) -> dict[str, float]:
    """Angles in degrees of the first frame."""
    angles = joint_angles(pose_of(xyz, skeleton))
    return dict(zip(angles.names, np.degrees(angles.values[0]), strict=True))


def without(xyz: Array, *points: str, skeleton: Skeleton = BLAZEPOSE_33) -> Array:
    left = xyz.copy()
    left[..., skeleton.indices(*points), :] = np.nan
    return left


# --- forward kinematics


@pytest.mark.parametrize("seed", range(30))
def test_a_figure_has_the_angles_it_was_told(seed: int) -> None:
    posture = draw(seed)

    angles = found(figure(posture))

    assert {name: angles[name] for name in posture} == pytest.approx(posture, abs=EXACT)


@pytest.mark.parametrize("name", [name for name in ANGLES if "elevation" not in name and "trunk" not in name])
def test_one_angle_alone_leaves_the_others_at_nought(name: str) -> None:
    angles = found(figure({name: 25.0}, WITH_SPINES), WITH_SPINES)

    follow = {name.replace(end, "elevation") for end in ("flexion", "abduction") if "shoulder" in name}
    leaning = {"pelvis_tilt": {"trunk_flexion": 25.0}, "pelvis_obliquity": {"trunk_side_bend": 25.0}}.get(name, {})
    expected = {one: 0.0 for one in ANGLES if "hip_rotation" not in one} | {name: 25.0} | leaning
    expected |= dict.fromkeys(follow & set(ANGLES), 25.0)
    if name.endswith("hip_rotation"):  # of a straight leg it cannot be seen
        del expected[name]
    assert {one: angles[one] for one in expected} == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("seed", range(5))
def test_the_trunk_against_the_room_is_what_scipy_says(seed: int) -> None:
    random = np.random.default_rng(seed)
    posture = {
        "pelvis_rotation": random.uniform(-150, 150),
        "pelvis_tilt": random.uniform(-20, 60),
        "bend_on_pelvis": 12.0,
    }
    trunk = turn("YXZ", posture["pelvis_rotation"], 0, -posture["pelvis_tilt"]) @ turn("X", 12.0)
    _, side, back = Rotation.from_matrix(trunk).as_euler("YXZ", degrees=True)

    angles = found(figure(posture))

    assert angles["trunk_flexion"] == pytest.approx(-back, abs=EXACT)
    assert angles["trunk_side_bend"] == pytest.approx(side, abs=EXACT)


def test_with_iliac_spines_the_pelvis_tilts_under_the_trunk() -> None:
    straight = figure({"pelvis_tilt": 20.0}, WITH_SPINES)
    shoulders = [row for row, point in enumerate(WITH_SPINES.points) if "shoulder" in point]
    straight[shoulders] += np.array([0.0, 1.5, 0.0]) - straight[shoulders].mean(axis=0)

    angles = found(straight, WITH_SPINES)

    assert angles["pelvis_tilt"] == pytest.approx(20, abs=EXACT)
    assert angles["trunk_flexion"] == pytest.approx(0, abs=EXACT)
    assert angles["left_hip_flexion"] == pytest.approx(0, abs=EXACT)


@pytest.mark.parametrize("lift", [10, 80, 90, 100, 170])
def test_an_arm_lifted_sidewards_is_abducted_and_nothing_else(lift: float) -> None:
    angles = found(figure({"left_shoulder_abduction": lift}))

    assert angles["left_shoulder_abduction"] == pytest.approx(lift, abs=EXACT)
    assert angles["left_shoulder_flexion"] == pytest.approx(0, abs=EXACT)
    assert angles["left_shoulder_elevation"] == pytest.approx(lift, abs=EXACT)


@pytest.mark.parametrize("flexion", [-8, -2, 0, 3, 20])
def test_a_nearly_straight_knee_bends_in_the_plane_of_its_foot(flexion: float) -> None:
    angles = found(figure({"right_knee_flexion": flexion, "right_hip_rotation": 25.0}))

    assert angles["right_knee_flexion"] == pytest.approx(flexion, abs=EXACT)


def test_a_knock_knee_is_not_taken_for_a_bent_one() -> None:
    xyz = figure({})
    xyz[BLAZEPOSE_33.index("right_knee"), 2] -= 0.04

    angles = found(xyz)

    assert abs(angles["right_knee_flexion"]) < EXACT


def test_without_a_foot_the_hips_show_where_a_knee_bends_to() -> None:
    xyz = without(figure({"left_knee_flexion": -5.0}), "left_heel", "left_foot_index")

    assert found(xyz)["left_knee_flexion"] == pytest.approx(-5, abs=EXACT)


def toed_out(knee: float, by: float = 25.0) -> Array:
    """A figure whose right knee is bent by so many degrees, its foot turned outwards about the shank."""
    xyz = figure({"right_knee_flexion": knee, "right_ankle_dorsiflexion": 0.0})
    ankle, above = xyz[BLAZEPOSE_33.indices("right_ankle", "right_knee")]
    turned = Rotation.from_rotvec(-np.radians(by) * (above - ankle) / np.linalg.norm(above - ankle)).as_matrix()
    foot = BLAZEPOSE_33.indices("right_heel", "right_foot_index")
    xyz[foot] = ankle + (xyz[foot] - ankle) @ turned.T
    return xyz


def knees(bends: Array) -> Array:
    """The angles in degrees that the right knees of figures with their toes out have."""
    angles = joint_angles(pose_of(np.stack([toed_out(bend) for bend in bends])))
    return np.degrees(angles.values[:, angles.names.index("right_knee_flexion")])


def test_a_knee_with_its_toes_out_is_told_in_the_plane_of_its_foot_until_15_degrees() -> None:
    bend = np.radians(14.9)  # a unit vector along the shank, seen from the foot's side
    aside = np.arctan(np.tan(np.radians(25)) * np.cos(bend))
    expected = np.degrees(np.arctan(np.tan(bend) * np.cos(aside)))

    assert expected < 14  # a degree less than in its own plane
    assert knees(np.array([14.9])) == pytest.approx([expected], abs=1e-6)


def test_a_knee_that_is_bent_by_30_degrees_is_told_in_its_own_plane_whatever_its_foot_does() -> None:
    assert knees(np.array([30.0, 60.0])) == pytest.approx([30, 60], abs=1e-6)


def test_a_knee_with_its_toes_out_bends_without_a_jump_or_a_kink() -> None:
    step = 0.1

    slope = np.diff(knees(np.arange(0.0, 45.0, step))) / step

    assert slope.min() > 0.8
    assert slope.max() < 1.4
    assert np.abs(np.diff(slope)).max() < 0.01


# --- layouts that name or lack points


def told_in(skeleton: Skeleton, posture: dict[str, float], **also: str) -> Array:
    """(J, 3) a figure in another layout; `also` names points of it, and of BlazePose's where each is."""
    blaze, xyz = figure(posture), np.full((len(skeleton), 3), np.nan)
    for point in BLAZEPOSE_33.points:
        if point in skeleton.points:  # by its own name
            xyz[skeleton.index(point)] = blaze[BLAZEPOSE_33.index(point)]
    for point, twin in also.items():
        xyz[skeleton.points.index(point)] = blaze[BLAZEPOSE_33.index(twin)]
    return xyz


def test_a_head_without_ears_shows_how_the_neck_bends_and_not_how_it_turns() -> None:
    posture = {"neck_flexion": 30.0, "neck_side_bend": -15.0, "trunk_rotation": 20.0, "pelvis_rotation": 50.0}
    xyz = told_in(H36M_17, posture)
    xyz[H36M_17.index("head")] = figure(posture)[BLAZEPOSE_33.indices("left_ear", "right_ear")].mean(axis=0)

    angles = found(xyz, H36M_17)

    assert angles["neck_flexion"] == pytest.approx(30, abs=EXACT)
    assert angles["neck_side_bend"] == pytest.approx(-15, abs=EXACT)
    assert np.isnan(angles["neck_rotation"])


@pytest.mark.parametrize("side", SIDES)
def test_knuckles_of_whole_bodies_show_the_wrist(side: str) -> None:
    posture = {f"{side}_wrist_flexion": 40.0, f"{side}_wrist_deviation": -12.0, f"{side}_elbow_flexion": 70.0}
    own = {f"{side}_forefinger1": f"{side}_index", f"{side}_pinky_finger1": f"{side}_pinky"}

    angles = found(told_in(COCO_WHOLEBODY_133, posture, **own), COCO_WHOLEBODY_133)

    assert {name: angles[name] for name in posture} == pytest.approx(posture, abs=EXACT)


@pytest.mark.parametrize("side", SIDES)
def test_big_toes_of_whole_bodies_show_the_ankle(side: str) -> None:
    xyz = told_in(COCO_WHOLEBODY_133, {f"{side}_ankle_dorsiflexion": 17.0}, **{f"{side}_big_toe": f"{side}_foot_index"})

    assert found(xyz, COCO_WHOLEBODY_133)[f"{side}_ankle_dorsiflexion"] == pytest.approx(17, abs=EXACT)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("degrees", [-80, 70])
def test_how_the_forearm_is_turned_does_not_change_the_wrist(side: str, degrees: float) -> None:
    xyz = figure({f"{side}_wrist_flexion": 35.0, f"{side}_wrist_deviation": 10.0, f"{side}_elbow_flexion": 50.0})
    elbow, wrist = xyz[BLAZEPOSE_33.indices(f"{side}_elbow", f"{side}_wrist")]
    turned = Rotation.from_rotvec(np.radians(degrees) * (elbow - wrist) / np.linalg.norm(elbow - wrist)).as_matrix()
    hand = BLAZEPOSE_33.indices(f"{side}_index", f"{side}_pinky", f"{side}_thumb")
    xyz[hand] = wrist + (xyz[hand] - wrist) @ turned.T

    angles = found(xyz)

    assert angles[f"{side}_wrist_flexion"] == pytest.approx(35, abs=EXACT)
    assert angles[f"{side}_wrist_deviation"] == pytest.approx(10, abs=EXACT)


def test_iliac_spines_decide_over_the_hips() -> None:
    posture = {"pelvis_obliquity": 12.0, "pelvis_rotation": 30.0}
    xyz = figure({}, WITH_SPINES)
    spines = WITH_SPINES.indices("left_asis", "right_asis", "left_psis", "right_psis")
    xyz[spines] = figure(posture, WITH_SPINES)[spines]

    with_them, without_them = found(xyz, WITH_SPINES), found(xyz[: len(BLAZEPOSE_33)])

    assert {name: with_them[name] for name in posture} == pytest.approx(posture, abs=EXACT)
    assert {name: without_them[name] for name in posture} == pytest.approx(dict.fromkeys(posture, 0.0), abs=EXACT)


def test_of_the_posterior_spines_only_the_middle_counts() -> None:
    posture = {"pelvis_tilt": 10.0, "pelvis_obliquity": 5.0, "pelvis_rotation": 30.0}
    xyz = figure(posture, WITH_SPINES)
    xyz[WITH_SPINES.indices("left_psis", "right_psis")] += np.array([[0.02, 0.03, -0.01], [-0.02, -0.03, 0.01]])

    assert {name: found(xyz, WITH_SPINES)[name] for name in posture} == pytest.approx(posture, abs=EXACT)


@pytest.mark.parametrize("flexion", [0.01, 0.3])
def test_an_elbow_that_is_hardly_bent_is_told_as_it_is(flexion: float) -> None:
    angles = found(figure({"right_elbow_flexion": flexion, "right_shoulder_abduction": 40.0}))

    assert angles["right_elbow_flexion"] == pytest.approx(flexion, abs=1e-3)


# --- invariance


@pytest.mark.parametrize("seed", range(5))
def test_angles_between_segments_do_not_change_when_the_room_turns(seed: int) -> None:
    xyz = figure(draw(seed))
    turned = xyz @ Rotation.random(rng=seed).as_matrix().T

    before, after = found(xyz), found(turned)

    inside = [name for name in ANGLES if name not in LABORATORY]
    assert [after[name] for name in inside] == pytest.approx([before[name] for name in inside], abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("degrees", [-100, 30, 170])
def test_about_the_vertical_only_the_heading_turns_along(degrees: float) -> None:
    xyz = figure(draw(3))

    before, after = found(xyz), found(xyz @ turn("Y", degrees).T)

    turned = after.pop("pelvis_rotation") - before.pop("pelvis_rotation")
    assert (turned - degrees + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)
    assert after == pytest.approx(before, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("seed", range(5))
def test_angles_do_not_change_with_place_and_size(seed: int) -> None:
    xyz = figure(draw(seed))

    assert found(1.7 * xyz + [3.0, -0.4, 12.0]) == pytest.approx(found(xyz), abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("seed", range(5))
def test_in_a_mirror_the_sides_change_places(seed: int) -> None:
    xyz = figure(draw(seed), WITH_SPINES)
    swapped = np.arange(len(WITH_SPINES))
    for left, right in WITH_SPINES.pairs:
        swapped[[left, right]] = right, left

    before, after = found(xyz, WITH_SPINES), found((xyz * [1, 1, -1])[swapped], WITH_SPINES)

    for name, value in before.items():
        side, _, rest = name.partition("_")
        if side in SIDES:
            expected, twin = value, f"{'right' if side == 'left' else 'left'}_{rest}"
        else:
            expected, twin = (value if name.endswith(("tilt", "flexion")) else -value), name
        assert after[twin] == pytest.approx(expected, abs=1e-6, nan_ok=True), name


# --- what cannot be observed


def test_the_thigh_of_a_leg_bent_by_less_than_30_degrees_has_no_rotation() -> None:
    bent, straight = (found(figure({"left_hip_rotation": 20, "left_knee_flexion": knee})) for knee in (30.1, 29.9))

    assert bent["left_hip_rotation"] == pytest.approx(20, abs=EXACT)
    assert np.isnan(straight["left_hip_rotation"])


def test_two_hips_do_not_show_how_the_pelvis_tilts() -> None:
    assert np.isnan(found(figure({"pelvis_tilt": 20}))["pelvis_tilt"])


@pytest.mark.parametrize("name", ANGLES)
def test_without_one_of_its_points_an_angle_has_no_value(name: str) -> None:
    xyz = figure(draw(0), WITH_SPINES)

    for point in points_of(name, WITH_SPINES):
        assert np.isnan(found(without(xyz, point, skeleton=WITH_SPINES), WITH_SPINES)[name]), point


@pytest.mark.parametrize("name", ANGLES)
def test_points_that_an_angle_does_not_name_leave_it_alone(name: str) -> None:
    xyz = figure(draw(1), WITH_SPINES)
    own = set(points_of(name, WITH_SPINES))
    if "hip" in name or name in {"pelvis_obliquity", "pelvis_rotation", "trunk_rotation"}:
        own |= {point for point in WITH_SPINES.points if "asis" in point or "psis" in point}
    if "pelvis" in name:
        own |= {"left_shoulder", "right_shoulder"}
    if "knee" in name:
        own |= {point for point in WITH_SPINES.points if point.endswith(("heel", "foot_index", "hip"))}

    alone = without(xyz, *(set(WITH_SPINES.points) - own), skeleton=WITH_SPINES)

    assert found(alone, WITH_SPINES)[name] == pytest.approx(found(xyz, WITH_SPINES)[name], abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    ("skeleton", "missing"),
    [
        (COCO_17, ("pelvis_tilt", "ankle", "wrist")),
        (H36M_17, ("pelvis_tilt", "ankle", "wrist", "neck_rotation")),
        (COCO_WHOLEBODY_133, ("pelvis_tilt",)),
    ],
    ids=lambda one: one.name if isinstance(one, Skeleton) else "",
)
def test_a_skeleton_gives_all_angles_that_its_points_show(skeleton: Skeleton, missing: tuple[str, ...]) -> None:
    have = {name for name in ANGLES if skeleton.has(*points_of(name, skeleton))}

    assert set(ANGLES) - have == {name for name in ANGLES if any(word in name for word in missing)}


# --- the table


def test_each_angle_says_its_plane_sign_zero_and_source() -> None:
    assert len(ANGLES) == 9 + 2 * 11
    for name, row in ANGLES.items():
        assert row.sequence in {"ZXY", "YXZ", "swing"}, name
        assert set(row.sign) <= {-1, 1}, name
        assert all((row.positive, row.neutral)), name
        assert row.source[-4:].isdigit(), name
        assert "{" not in "".join((name, row.segment, row.against, *row.bent))


def test_included_angles_are_those_of_knees_hips_and_elbows() -> None:
    ends = {"knee": ("hip", "ankle"), "hip": ("shoulder", "knee"), "elbow": ("shoulder", "wrist")}

    assert {
        f"{side}_{joint}_flexion": (f"{side}_{near}", f"{side}_{joint}", f"{side}_{far}")
        for joint, (near, far) in ends.items()
        for side in SIDES
    } == INCLUDED


# --- over time


def spin(degrees: Array) -> Array:
    """Points of a figure that turns on its feet."""
    return np.stack([figure({"pelvis_rotation": one}) for one in degrees])


def test_a_turning_person_has_turned_by_more_than_once() -> None:
    path = np.linspace(0, 800, 201)

    angles = joint_angles(pose_of(spin(path)))

    assert np.degrees(angles.values[:, angles.names.index("pelvis_rotation")]) == pytest.approx(path, abs=1e-6)


def test_the_first_value_lies_in_the_declared_range_and_the_rest_follows() -> None:
    values = np.radians([np.nan, 350, 355, np.nan, 4, 9])

    assert np.degrees(unwrapped(values, np.radians(-180))) == pytest.approx(
        [np.nan, -10, -5, np.nan, 4, 9], nan_ok=True
    )
    assert np.degrees(unwrapped(values, 0.0)) == pytest.approx([np.nan, 350, 355, np.nan, 364, 369], nan_ok=True)


def test_velocity_and_acceleration_are_those_of_a_parabola() -> None:
    time = np.array([0.0, 0.1, 0.25, 0.3, 0.5, 0.6])
    values = 0.3 + 2.0 * time - 4.0 * time**2

    velocity = derivative(values, time)

    assert velocity == pytest.approx(2.0 - 8.0 * time)
    assert derivative(velocity, time) == pytest.approx(np.full(6, -8.0))


def test_a_hole_stays_a_hole_in_all_derivatives() -> None:
    values = np.array([0.0, 1, 2, np.nan, 4, 5, np.nan, 7, 8, 9])

    assert derivative(values, np.arange(10.0)) == pytest.approx([1, 1, 1] + [np.nan] * 4 + [1, 1, 1], nan_ok=True)


def test_a_knee_that_bends_steadily_has_that_velocity_and_no_acceleration() -> None:
    bends = np.arange(40.0, 60.0, 2.0)  # degrees, one frame in 0.02 s

    angles = joint_angles(pose_of(np.stack([figure({"left_knee_flexion": bend}) for bend in bends])))

    knee = angles.names.index("left_knee_flexion")
    assert np.degrees(angles.velocity[:, knee]) == pytest.approx(np.full(10, 100.0), abs=1e-6)
    assert np.degrees(angles.acceleration[:, knee]) == pytest.approx(np.zeros(10), abs=1e-4)


# --- how much of it was seen, and how sure it is


def test_seen_is_the_share_of_points_that_were_neither_interpolated_nor_mirrored() -> None:
    pose = pose_of(figure(draw(2)))
    source = pose.source.copy()
    source[0, BLAZEPOSE_33.indices("left_ankle", "left_knee")] = Source.INTERPOLATED, Source.LIFTED
    source[0, BLAZEPOSE_33.index("left_elbow")] = Source.MIRRORED

    angles = joint_angles(replace(pose, source=source))

    share = dict(zip(angles.names, angles.seen[0], strict=True))
    assert share["left_knee_flexion"] == pytest.approx(2 / 3)
    assert share["left_elbow_flexion"] == pytest.approx(2 / 3)
    assert share["right_knee_flexion"] == 1
    assert share["pelvis_tilt"] == 0


KNEE = list(ANGLES).index("left_knee_flexion")


def test_a_limb_has_its_own_angles_alone(bent: Trial) -> None:
    angles = joint_angles(bent.pose)

    assert np.degrees(angles.values[:, KNEE]) == pytest.approx([0, 90, np.nan], abs=1e-5, nan_ok=True)
    assert np.isfinite(angles.values).any(axis=0).sum() == 1


def test_a_skeleton_without_an_angles_points_has_none(trial: Trial) -> None:
    assert np.isnan(joint_angles(trial.pose).values).all()


def test_angles_need_no_path() -> None:
    pose = pose_of(figure(draw(4)))

    nowhere = joint_angles(replace(pose, root=np.full((1, 3), np.nan)))

    assert np.array_equal(nowhere.values, joint_angles(pose).values, equal_nan=True)


def test_the_deviation_of_an_angle_is_that_of_the_fit(bent: Trial) -> None:
    assert np.degrees(joint_angles(bent.pose).sd[:2, KNEE]) == pytest.approx([2, 2])


def test_what_was_not_fitted_has_no_deviation(bent: Trial) -> None:
    assert np.isnan(joint_angles(replace(bent.pose, spread=None)).sd).all()


def test_an_angle_that_is_not_there_has_no_deviation(bent: Trial) -> None:
    assert np.isnan(joint_angles(bent.pose).sd[2, KNEE])


def test_an_angle_of_a_mirrored_point_has_no_deviation(bent: Trial) -> None:
    source = bent.pose.source.copy()
    source[1, 3] = Source.MIRRORED
    angles = joint_angles(replace(bent.pose, source=source))

    assert angles.values[1, KNEE] == pytest.approx(np.pi / 2)
    assert np.isfinite(angles.sd[:, KNEE]).tolist() == [True, False, False]


def test_a_trials_angles_are_those_of_its_pose(bent: Trial) -> None:
    still = with_pose(bent, placed(bent.pose, np.repeat(bent.pose.xyz[:1], 3, axis=0)))

    assert np.degrees(still.kinematics.angles.values[:, KNEE]) == pytest.approx(np.zeros(3), abs=1e-5)
    assert np.array_equal(bent.kinematics.angles.time, bent.pose.time)


def test_angles_without_a_share_each_are_refused() -> None:
    with pytest.raises(InputError, match=r"JointAngles\.seen must have the shape \(2, 1\), got \(2, 0\)"):
        JointAngles(np.arange(2.0), ("left_knee_flexion",), *[np.zeros((2, 1))] * 4, np.zeros((2, 0)))
