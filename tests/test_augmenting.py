"""OpenCap's marker enhancer on poses whose joints are known."""

import csv
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import changing
from posedetector.augmenting import augment, enhancers, layout, networks
from posedetector.augmenting.networks import ARM, BODY, ENHANCERS, Network
from posedetector.errors import InputError
from posedetector.estimators.synthetic import Walker
from posedetector.kinematics import joint_angles, study
from posedetector.pipeline import analyze
from posedetector.pose import MetricPose, Source, Spread
from posedetector.settings import Settings
from posedetector.skeletons import BLAZEPOSE_33, COCO_17, COCO_WHOLEBODY_133, Skeleton
from posedetector.subject import Subject
from posedetector.trial import Trial
from posedetector.weights import ASSETS

onnxruntime = pytest.importorskip(
    "onnxruntime", reason="the extra `opensim` is not installed: uv run --extra opensim pytest tests/test_augmenting.py"
)

pytestmark = pytest.mark.extra("opensim")

PERSON = Subject(height=1.75, mass=70)
MARKERS = [marker for enhancer in ENHANCERS for marker in enhancer.gives]


def walk(*, frames: int = 60, rate: float = 60.0, **walker: float) -> MetricPose:
    """A walker in the laboratory; without further words he walks along X."""
    time = np.arange(frames) / rate
    places = Walker(**walker).positions(time)
    root = places[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean(axis=1)
    return posed(BLAZEPOSE_33, time, places - root[:, None], root)


def posed(skeleton: Skeleton, time: np.ndarray, xyz: np.ndarray, root: np.ndarray) -> MetricPose:
    shape = xyz.shape[:2]
    return MetricPose(skeleton, time, xyz, np.full(shape, 0.8), np.full(shape, Source.LIFTED, np.uint8), root)


def without(pose: MetricPose, point: str, frames: slice) -> MetricPose:
    return changing.without(pose, np.s_[frames, pose.skeleton.index(point)])


def at(pose: MetricPose, point: str) -> np.ndarray:
    return pose.positions[:, pose.skeleton.index(point)]


def places(pose: MetricPose) -> np.ndarray:
    """The enhancer's 43 markers (T, 43, 3) in the laboratory."""
    return pose.positions[:, pose.skeleton.indices(*MARKERS)]


@pytest.fixture(scope="module")
def walker() -> MetricPose:
    return walk()


@pytest.fixture(scope="module")
def augmented(walker: MetricPose) -> MetricPose:
    return augment(walker, PERSON)


# The networks


def test_the_networks_give_what_their_authors_own_did() -> None:
    # the first two frames of stanfordnmbl/marker-enhancer (Apache-2.0), test_data/enhanced/lstm/reference/
    # drop_vertical_jump_enhanced.trc, by TensorFlow; its keypoints have five decimals, which shows at 0.1 mm
    with (Path(__file__).parent / "parity" / "marker_enhancer.csv").open() as file:
        rows = list(csv.DictReader(file))
    place = {
        (row["kind"], row["point"]): np.array([[float(row[f"{axis}{frame}_m"]) for axis in "xyz"] for frame in (0, 1)])
        for row in rows
    }
    theirs = [points for (kind, _), points in place.items() if kind == "marker"]
    words = {"foot_index": "BigToe", "small_toe": "SmallToe"}
    made = []
    for enhancer in ENHANCERS:
        names = [name.partition("_")[::2] for name in enhancer.takes]
        points = [
            place["keypoint", "Neck" if not own else side[0].upper() + words.get(own, own.title())]
            for side, own in names
        ]
        inputs = np.stack(points, axis=1) - place["keypoint", "midHip"][:, None]
        made.append(Network(enhancer).run(inputs[None], height=1.96, mass=78.2)[0])
    markers = np.concatenate(made, axis=1) + place["keypoint", "midHip"][:, None]

    assert np.abs(markers - np.stack(theirs, axis=1)).max() < 2e-4


def test_augmenting_is_the_mean_of_six_directions_as_worked_out_step_by_step(augmented, walker) -> None:
    own, middle = layout.points_for(walker, 1.75)
    mean, std = (np.load(ASSETS / f"marker_enhancer_body_{name}.npy") for name in ("mean", "std"))
    session = onnxruntime.InferenceSession(str(ASSETS / "marker_enhancer_body.onnx"))
    total = np.zeros((60, 35, 3))
    for degrees in range(0, 360, 60):  # he walks along X, as he is turned to
        turn = np.array(
            [
                [np.cos(np.radians(degrees)), 0, np.sin(np.radians(degrees))],
                [0, 1, 0],
                [-np.sin(np.radians(degrees)), 0, np.cos(np.radians(degrees))],
            ]
        )
        flat = np.hstack([own[name] @ turn.T / 1.75 for name in BODY.takes])
        rows = (np.hstack([flat, np.full((60, 1), 1.75), np.full((60, 1), 70.0)]) - mean) / std
        (answer,) = session.run(None, {"inputs": rows[None].astype(np.float32)})
        total += 1.75 * answer[0].reshape(60, 35, 3) @ turn / 6
    expected = total + (middle + walker.root)[:, None]

    assert np.abs(places(augmented)[:, :35] - expected).max() < 1e-4


@pytest.mark.parametrize(
    ("file", "digest"),
    [
        ("body_mean", "e8783601a37f827c728bb1f2bbb143d66f59c92a3268306697cfc2932e99888f"),
        ("body_std", "e7bcbe84f460666696fb500663a281c418ed20205aab9d8e1b18fd8568c77436"),
        ("arm_mean", "d919b25a44f3a9438a69f0627ee3067d914796e4c42d3c48d0b3680ff2bbd7af"),
        ("arm_std", "7da7519963969616fb06b06b507f4615d72602cb078b20ca23f5e8c8bfbcd57e"),
    ],
)
def test_what_ships_beside_the_networks_is_their_authors(file: str, digest: str) -> None:
    assert hashlib.sha256((ASSETS / f"marker_enhancer_{file}.npy").read_bytes()).hexdigest() == digest


# Properties


def test_markers_move_along_with_the_person(augmented, walker) -> None:
    moved = augment(replace(walker, root=walker.root + np.array([3.0, 0.5, -2.0])), PERSON)

    assert np.abs(places(moved) - places(augmented) - [3.0, 0.5, -2.0]).max() < 1e-9


@pytest.mark.parametrize("degrees", [17, 90, 200])
def test_markers_turn_along_with_the_person(augmented, walker, degrees: float) -> None:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    turned = augment(replace(walker, xyz=walker.xyz @ turn.T, root=walker.root @ turn.T), PERSON)

    assert np.abs(places(turned) - places(augmented) @ turn.T).max() < 1e-4


def test_a_taller_person_in_the_same_posture_has_larger_distances_between_markers() -> None:
    small, tall = (augment(walk(speed=0, stature=stature), Subject(height=stature, mass=70)) for stature in (1.6, 1.84))
    thighs = [np.linalg.norm(at(pose, "right_hip") - at(pose, "right_knee"), axis=1).mean() for pose in (small, tall)]

    assert thighs[1] / thighs[0] == pytest.approx(1.15, abs=0.02)


def test_times_of_another_rate_give_the_same_markers() -> None:
    slow, fast = augment(walk(frames=30, rate=30.0), PERSON), augment(walk(frames=60), PERSON)

    # between its samples a cubic knows the path of the feet to millimetres
    assert np.linalg.norm(places(slow) - places(fast)[::2], axis=-1).mean() < 0.002


def test_a_single_frame_has_markers() -> None:
    assert np.isfinite(places(augment(walk(frames=1), PERSON))).all()


# Where markers are


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_hip_joint_is_within_3_cm_of_the_true_one(augmented, walker, side: str) -> None:
    away = np.linalg.norm(at(augmented, f"{side}_hip") - at(walker, f"{side}_hip"), axis=1)

    assert away.max() < 0.03


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("joint", ["knee", "ankle"])
def test_knees_and_ankles_are_within_4_cm_of_the_true_ones(augmented, walker, side: str, joint: str) -> None:
    assert np.linalg.norm(at(augmented, f"{side}_{joint}") - at(walker, f"{side}_{joint}"), axis=1).max() < 0.04


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        *((f"{letter}_{joint}_study", f"{letter}_m{joint}_study") for letter in "rL" for joint in ("knee", "ankle")),
        ("r_5meta_study", "r_toe_study"),
        ("L_5meta_study", "L_toe_study"),
        ("r.ASIS_study", "r.PSIS_study"),
        ("L.ASIS_study", "L.PSIS_study"),
        ("r_shoulder_study", "C7_study"),
        ("L_shoulder_study", "C7_study"),
    ],
)
def test_outer_markers_are_outside_of_inner_ones(augmented, outer: str, inner: str) -> None:
    sign = 1 if outer[0] == "r" else -1  # he walks along X, his right is Z

    assert (sign * (at(augmented, outer) - at(augmented, inner))[:, 2]).min() > 0


@pytest.mark.parametrize(
    ("front", "behind"),
    [("ASIS", "PSIS"), ("thigh1", "thigh3"), ("sh2", "sh3"), ("toe", "calc")],
)
@pytest.mark.parametrize("letter", ["r", "L"])
def test_front_markers_are_ahead_of_those_behind(augmented, letter: str, front: str, behind: str) -> None:
    ahead, back = (f"{letter}{'.' if 'SIS' in name else '_'}{name}_study" for name in (front, behind))

    assert (at(augmented, ahead) - at(augmented, back))[:, 0].min() > 0


# What the pose becomes


def test_joint_centres_are_the_middles_of_their_markers(augmented) -> None:
    middle = 0.5 * (at(augmented, "L_knee_study") + at(augmented, "L_mknee_study"))

    assert np.abs(at(augmented, "left_knee") - middle).max() < 1e-9


def test_the_pelvis_has_names_of_ours_and_its_posterior_spines_are_levelled(augmented) -> None:
    ours = {name: at(augmented, name) for name in layout.BETWEEN}
    ours |= {f"{side}_psis": at(augmented, f"{letter}.PSIS_study") for side, letter in (("left", "L"), ("right", "r"))}
    levelled = layout.level(ours)

    assert np.array_equal(at(augmented, "left_asis"), at(augmented, "L.ASIS_study"))
    assert at(augmented, "right_psis") == pytest.approx(levelled["right_psis"], abs=1e-9)
    assert np.linalg.norm(at(augmented, "right_psis") - at(augmented, "r.PSIS_study"), axis=1) == pytest.approx(
        np.full(60, 0.013), abs=0.008
    )


@pytest.mark.parametrize("point", ["nose", "left_shoulder", "right_elbow", "left_wrist", "right_thumb"])
def test_points_that_the_enhancer_does_not_replace_stay(augmented, walker, point: str) -> None:
    row = walker.skeleton.index(point)

    assert np.abs(at(augmented, point) - at(walker, point)).max() < 1e-9
    assert (augmented.source[:, row] == Source.LIFTED).all()


def test_the_root_is_the_middle_of_the_new_hips(augmented) -> None:
    middle = 0.5 * (at(augmented, "left_hip") + at(augmented, "right_hip"))

    assert np.abs(augmented.root - middle).max() < 1e-9


def test_what_is_made_says_so_and_is_as_visible_as_that_on_which_it_hangs(walker) -> None:
    score = walker.score.copy()
    score[:, walker.skeleton.index("left_knee")] = 0.3
    pose = augment(replace(walker, score=score), PERSON)
    row = pose.skeleton.index("L_mknee_study")

    assert (pose.source[:, row] == Source.AUGMENTED).all()
    assert (pose.score[:, row] == 0.3).all()


@pytest.mark.parametrize("source", [Source.MIRRORED, Source.INTERPOLATED])
def test_a_marker_on_a_made_up_point_is_no_more_than_that(walker, source: Source) -> None:
    sources = walker.source.copy()
    sources[7, walker.skeleton.index("right_ankle")] = source
    pose = augment(replace(walker, source=sources), PERSON)
    column = pose.source[:, pose.skeleton.index("r_ankle_study")]

    assert (column[7], column[8]) == (source, Source.AUGMENTED)


def test_angles_can_be_worked_out_from_it(augmented) -> None:
    angles = joint_angles(augmented)
    knees = [column for column, name in enumerate(angles.names) if "knee" in name]

    assert np.isfinite(angles.values[:, knees]).all()


# Gaps


def test_frames_without_an_ankle_have_no_markers_of_the_body_and_those_of_the_arms(walker) -> None:
    pose = augment(without(walker, "left_ankle", slice(20, 25)), PERSON)
    known = np.isfinite(places(pose)).all(axis=-1)
    body, arms = known[:, :35], known[:, 35:]
    row = pose.skeleton.index("RHJC_study")

    assert not body[20:25].any()
    assert body[:20].all()
    assert body[25:].all()
    assert arms.all()
    assert (pose.source[20:25, row] == Source.NONE).all()
    assert (pose.score[20:25, row] == 0).all()


def test_runs_between_gaps_are_worked_through_on_their_own(walker) -> None:
    pose = augment(without(walker, "left_ankle", slice(20, 25)), PERSON)
    later = slice(25, None)
    alone = augment(posed(walker.skeleton, walker.time[later], walker.xyz[later], walker.root[later]), PERSON)

    assert np.abs(places(pose)[later, :35] - places(alone)[:, :35]).max() < 1e-6


def test_a_clip_without_any_ankle_has_no_markers_of_the_body(walker) -> None:
    pose = augment(without(walker, "left_ankle", slice(None)), PERSON)

    assert not np.isfinite(at(pose, "RHJC_study")).any()


# What goes in


def test_a_small_toe_is_put_beside_the_big_toe_on_the_outside() -> None:
    names = ("shoulder", "hip", "heel", "foot_index", "ankle")
    place = dict(zip(names, ([0, 1.4, 0], [0, 0.9, 0], [-0.05, 0, 0], [0.15, 0, 0], [0, 0.08, 0]), strict=True))
    points = {
        f"{side}_{name}": np.add(place[name], [0, 0, sign * 0.1])
        for side, sign in (("left", -1), ("right", 1))
        for name in names
    }
    skeleton = Skeleton("feet", tuple(points), (-1,) * len(points))
    pose = posed(skeleton, np.zeros(1), np.stack(list(points.values()))[None], np.zeros((1, 3)))
    made, middle = layout.points_for(pose, 1.75)

    # 0.88 and 0.27 of 0.2 m
    assert made["right_small_toe"] + middle == pytest.approx(np.array([[0.126, 0, 0.154]]))
    assert made["left_small_toe"] + middle == pytest.approx(np.array([[0.126, 0, -0.154]]))


def test_hips_are_given_where_openpose_sees_them() -> None:
    pose = walk(frames=1, speed=0, stature=2.0)
    made, middle = layout.points_for(pose, 2.0)

    # 0.021, 0.013 and 0.010 of 2 m, forwards along X, up, and outwards: his right is Z
    hip = pose.xyz[:, pose.skeleton.index("right_hip")]
    assert made["right_hip"] + middle == pytest.approx(hip + np.array([0.042, 0.026, 0.020]))
    assert middle == pytest.approx(np.array([[0.042, 0.026, 0.0]]))


def test_a_skeleton_with_small_toes_keeps_them() -> None:
    xyz = np.random.default_rng(0).normal(size=(1, len(COCO_WHOLEBODY_133), 3))
    pose = posed(COCO_WHOLEBODY_133, np.zeros(1), xyz, np.zeros((1, 3)))
    made, middle = layout.points_for(pose, 1.75)

    assert made["left_small_toe"] + middle == pytest.approx(xyz[:, COCO_WHOLEBODY_133.index("left_small_toe")])
    assert made["left_foot_index"] + middle == pytest.approx(xyz[:, COCO_WHOLEBODY_133.index("left_big_toe")])


def test_a_height_is_taken_from_bones_if_none_is_given(augmented, walker) -> None:
    bones = {"left_thigh": 0.245 * 1.75, "right_forearm": 0.146 * 1.75}

    assert np.abs(places(augment(walker, Subject(bone_lengths=bones, mass=70))) - places(augmented)).max() < 1e-6


# What is refused


def test_a_person_without_a_mass_is_refused_with_what_to_do(walker) -> None:
    with pytest.raises(InputError, match=r"`subject\.mass`"):
        augment(walker, Subject(height=1.75))


def test_a_skeleton_without_feet_is_refused_with_what_is_missing() -> None:
    pose = posed(COCO_17, np.zeros(1), np.zeros((1, 17, 3)), np.zeros((1, 3)))

    with pytest.raises(InputError, match=r"wants right_heel, left_heel, right_foot_index, left_foot_index.*coco_17"):
        augment(pose, PERSON)


def test_without_onnxruntime_the_extra_is_named(walker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "find_spec", lambda _: None)

    with pytest.raises(InputError, match="`augment_markers` wants onnxruntime: `uv run --extra opensim"):
        augment(walker, PERSON)


def test_every_marker_of_the_arms_hangs_on_an_arm() -> None:
    assert {layout.HANGS_ON[marker].partition("_")[2] for marker in ARM.gives} == {"elbow", "wrist"}


# On the road


@pytest.fixture
def trial(blank_clip: Path) -> Trial:
    return analyze(
        Settings(video=str(blank_clip), subject=PERSON, estimator="synthetic", augment_markers=True, refine=False)
    )


def test_the_pose_of_a_trial_has_the_markers(trial: Trial) -> None:
    assert trial.pose.skeleton.has(*MARKERS, "left_asis")


def test_the_angles_of_a_trial_are_those_with_iliac_spines(trial: Trial) -> None:
    assert np.isfinite(trial.kinematics.angles.values[:, trial.kinematics.angles.names.index("pelvis_tilt")]).all()
    assert trial.provenance.kinematics.pelvis == "the iliac spines"


def test_the_account_names_both_networks_with_their_licence(trial: Trial) -> None:
    account = [(one.name, one.licence) for one in trial.provenance.networks]

    assert account == [(one.weights.label, one.weights.licence) for one in enhancers()]
    assert len(account) == len(ENHANCERS) == 2


def test_what_the_fit_said_of_angles_is_kept() -> None:
    pose = walk()
    spread = Spread(np.full(pose.xyz.shape, 0.01), {"left_knee_flexion": np.full(len(pose.time), 0.1)})
    augmented = augment(replace(pose, spread=spread), PERSON)

    assert augmented.spread is not None
    assert augmented.spread.angles["left_knee_flexion"] == pytest.approx(np.full(len(pose.time), 0.1))
    assert np.isnan(augmented.spread.points[:, len(pose.skeleton) :]).all()


def test_arms_that_were_fitted_are_alike_and_legs_that_were_augmented_are_compared() -> None:
    pose = walk()
    fitted = replace(pose, spread=Spread(np.full(pose.xyz.shape, 0.01), {}))
    rows = {one.name for one in study(augment(fitted, PERSON), PERSON).summary}

    assert "thigh_length_asymmetry" in rows
    assert "upper_arm_length_asymmetry" not in rows
