"""Lengths, ranges and asymmetries of bodies and curves that are known by hand."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from changing import edited, without
from posedetector.kinematics.asymmetry import WITHIN_ERROR, asymmetry_index
from posedetector.kinematics.nouns import UNITS, Grade, JointAngles, Quantity
from posedetector.kinematics.stretches import Stretches, extremes
from posedetector.kinematics.summary import summarize
from posedetector.pose import Array, MetricPose, Source, Spread
from posedetector.skeletons import BLAZEPOSE_33, COCO_17, COCO_WHOLEBODY_133, Skeleton, extend, twin_of

NOTHING = JointAngles(np.zeros(0), (), *[np.zeros((0, 0))] * 5)
NOBODY = Skeleton("nobody", ("nose",), (-1,))
LEFT_THIGH, RIGHT_THIGH = 0.44, 0.40


def body(skeleton: Skeleton = BLAZEPOSE_33, frames: int = 5) -> MetricPose:
    """Thighs of 0.44 and 0.40 m, shanks of 0.41, trunk 0.50, hips 0.20, shoulders 0.36, feet 0.25 m; the rest at the nose."""
    places = {
        "left_hip": (0, 0, 0.1),
        "right_hip": (0, 0, -0.1),
        "left_knee": (0, -LEFT_THIGH, 0.1),
        "right_knee": (0, -RIGHT_THIGH, -0.1),
        "left_ankle": (0, -LEFT_THIGH - 0.41, 0.1),
        "right_ankle": (0, -RIGHT_THIGH - 0.41, -0.1),
        "left_shoulder": (0, 0.5, 0.18),
        "right_shoulder": (0, 0.5, -0.18),
        **{f"{side}_foot_index": (0.2, 0, 0) for side in ("left", "right")},
        **{f"{side}_big_toe": (0.2, 0, 0) for side in ("left", "right")},
        **{f"{side}_heel": (-0.05, 0, 0) for side in ("left", "right")},
    }
    one = np.array([places.get(point, (0, 0.7, 0)) for point in skeleton.points], float)
    xyz = np.repeat(one[None], frames, axis=0)
    source = np.full(xyz.shape[:2], Source.MEASURED, np.uint8)
    return MetricPose(skeleton, np.arange(frames) / 50, xyz, np.ones(xyz.shape[:2]), source, np.zeros((frames, 3)))


def curves(rate: float = 100.0, seen: Array | None = None, **values: Array) -> JointAngles:
    stacked = np.stack(list(values.values()), axis=1)
    time = np.arange(len(stacked)) / rate
    velocity = np.gradient(stacked, time, axis=0)
    nan = np.full_like(stacked, np.nan)
    return JointAngles(time, tuple(values), stacked, nan, velocity, nan, nan if seen is None else seen)


def of_pose(pose: MetricPose) -> dict[tuple[str, str], Quantity]:
    return by_name(summarize(pose, replace(NOTHING, time=pose.time, **empty(len(pose.time))), whole, {}))


def empty(frames: int) -> dict[str, Array]:
    return {name: np.zeros((frames, 0)) for name in ("values", "sd", "velocity", "acceleration", "seen")}


def whole(_side: str) -> Stretches:
    return Stretches("clip", ((0.0, np.inf),))


def repeated(_side: str) -> Stretches:
    """One repetition, as long as the clip."""
    return Stretches("repetition", ((0.0, np.inf),))


def in_cycles(_side: str) -> Stretches:
    """Three cycles: the first, fourth and seventh second."""
    return Stretches("gait cycle", ((0.0, 0.99), (3.0, 3.99), (6.0, 6.99)))


def of_curves(
    angles: JointAngles, stretches: Callable[[str], Stretches] = whole, **grades: Grade
) -> dict[tuple[str, str], Quantity]:
    return by_name(summarize(body(NOBODY, len(angles.time)), angles, stretches, grades))


def by_name(rows: tuple[Quantity, ...]) -> dict[tuple[str, str], Quantity]:
    found = {(row.name, row.side): row for row in rows}
    assert len(found) == len(rows), "two rows of one name and side"
    return found


def wave(degrees: float, seconds: float = 10.0, rate: float = 100.0) -> Array:
    """A whole number of cycles of one second, from 0 to so many degrees."""
    return np.radians(degrees) / 2 * (1 - np.cos(2 * np.pi * np.arange(int(seconds * rate)) / rate))


@pytest.mark.parametrize(
    ("name", "side", "metres"),
    [
        ("thigh_length", "left", 0.44),
        ("thigh_length", "right", 0.40),
        ("shank_length", "left", 0.41),
        ("foot_length", "right", 0.25),
        ("trunk_length", "", 0.50),
        ("hips_width", "", 0.20),
        ("shoulders_width", "", 0.36),
    ],
)
def test_a_length_is_that_of_the_body(name: str, side: str, metres: float) -> None:
    row = of_pose(body())[name, side]

    assert row.value == pytest.approx(metres)
    assert (row.unit, row.count, row.sd) == ("m", 5, pytest.approx(0))


def test_a_length_is_the_median_and_its_spread_is_robust() -> None:
    """Thighs of 0.42, 0.43, 0.44, 0.45 and, in a frame that went wrong, 0.94 m: the median is 0.44, the median deviation 0.01."""
    thighs = [-0.42, -0.43, -0.44, -0.45, -0.94]
    pose = edited(body(), xyz=(np.s_[:, body().skeleton.index("left_knee"), 1], thighs))
    row = of_pose(pose)["thigh_length", "left"]

    assert row.value == pytest.approx(0.44)
    assert row.sd == pytest.approx(1.4826 * 0.01)


@pytest.mark.parametrize("source", [Source.NONE, Source.MIRRORED, Source.INTERPOLATED, Source.CARRIED])
def test_frames_in_which_an_end_was_not_seen_do_not_count(source: Source) -> None:
    pose = body()
    knee = pose.skeleton.index("left_knee")
    pose = (
        edited(pose, xyz=(np.s_[:2, knee, 1], -0.9), source=(np.s_[:2, knee], source))
        if source
        else without(pose, np.s_[:2, knee])
    )
    row = of_pose(pose)["thigh_length", "left"]

    assert row.value == pytest.approx(0.44)
    assert row.count == 3


def test_a_lifted_length_counts() -> None:
    pose = body()

    assert of_pose(replace(pose, source=np.full_like(pose.source, Source.LIFTED)))["thigh_length", "left"].count == 5


def test_an_augmented_length_and_its_asymmetry_count_and_say_so() -> None:
    pose = body()
    source = pose.source.copy()
    source[:, pose.skeleton.indices("left_knee", "left_ankle")] = Source.AUGMENTED
    rows = of_pose(replace(pose, source=source))
    told = "from points that a network made out of others"

    assert rows["thigh_length", "left"].value == pytest.approx(LEFT_THIGH)
    assert told in rows["thigh_length", "left"].about
    assert told in rows["thigh_length_asymmetry", ""].about
    assert told not in rows["thigh_length", "right"].about
    assert told not in rows["foot_length_asymmetry", ""].about


def test_a_segment_that_was_never_seen_whole_is_not_there() -> None:
    rows = of_pose(edited(body(), source=(np.s_[:, body().skeleton.index("left_knee")], Source.INTERPOLATED)))

    assert ("thigh_length", "left") not in rows
    assert ("thigh_length", "right") in rows
    assert ("thigh_length_asymmetry", "") not in rows


def test_one_frame_has_lengths_and_no_spread() -> None:
    assert np.isnan(of_pose(body(frames=1))["thigh_length", "left"].sd)


def test_a_skeleton_without_feet_has_no_feets_lengths() -> None:
    assert not [name for name, _ in of_pose(body(COCO_17)) if name.startswith("foot")]


@pytest.mark.parametrize(
    "skeleton",
    [COCO_WHOLEBODY_133, extend(COCO_17, "lifted", {"left_heel": "left_ankle", "left_foot_index": "left_ankle"})],
)
def test_whatever_the_tip_of_the_foot_is_called_it_ends_there(skeleton: Skeleton) -> None:
    assert of_pose(body(skeleton))["foot_length", "left"].value == pytest.approx(0.25)


def test_sides_that_differ_are_as_asymmetric_as_by_hand() -> None:
    rows = of_pose(body())

    assert rows["thigh_length_asymmetry", ""].value == pytest.approx(0.04 / 0.42)
    assert rows["shank_length_asymmetry", ""].value == pytest.approx(0, abs=1e-12)
    assert rows["thigh_length_asymmetry", ""].unit == "share"


def test_sides_that_are_alike_by_assumption_are_not_compared() -> None:
    pose = body()
    fitted = replace(pose, spread=Spread(np.zeros_like(pose.xyz), {}))
    rows = of_pose(fitted)

    assert not [name for name, _ in rows if name.endswith("asymmetry")]
    assert "one fitted body" in rows["thigh_length", "left"].about


@pytest.mark.parametrize(
    ("left", "right", "index"), [(1, 1, 0), (2, 1, 2 / 3), (1, 2, -2 / 3), (1, 0, 2), (0, 1, -2), (0, 0, np.nan)]
)
def test_the_asymmetry_is_robinsons_index_with_its_sign(left: float, right: float, index: float) -> None:
    assert asymmetry_index(left, right) == pytest.approx(index, nan_ok=True)


def test_a_waves_extremes_range_and_velocity_are_its_own() -> None:
    """60° up and down in a second: from 0 to 60°, at most 60°·π a second. What is trimmed is less than 0.1 % of a cosine's range."""
    rows = of_curves(curves(left_knee_flexion=wave(60)))

    assert rows["knee_flexion_minimum", "left"].value == pytest.approx(0, abs=np.radians(0.06))
    assert rows["knee_flexion_maximum", "left"].value == pytest.approx(np.radians(60), abs=np.radians(0.06))
    assert rows["knee_flexion_range", "left"].value == pytest.approx(np.radians(60), abs=np.radians(0.12))
    assert rows["knee_flexion_velocity_maximum", "left"].value == pytest.approx(np.pi * np.radians(60), rel=2e-3)
    assert rows["knee_flexion_velocity_maximum", "left"].unit == "rad/s"


def test_the_range_is_what_lies_between_the_extremes() -> None:
    rng = np.random.default_rng(3)
    rows = of_curves(curves(left_knee_flexion=rng.normal(size=500)))
    low, high, span = (rows[f"knee_flexion_{which}", "left"].value for which in ("minimum", "maximum", "range"))

    assert span == pytest.approx(high - low)


def test_an_angle_of_neither_side_keeps_its_name() -> None:
    assert ("pelvis_tilt_range", "") in of_curves(curves(pelvis_tilt=wave(10)))


def test_a_few_wild_frames_do_not_widen_the_range() -> None:
    wild = wave(60)
    wild[[100, 500, 900]] = np.radians(170)

    assert of_curves(curves(left_knee_flexion=wild))["knee_flexion_maximum", "left"].value < np.radians(60.1)


def test_noise_widens_the_range_less_than_the_plain_one() -> None:
    noise = np.random.default_rng(0).normal(0, np.radians(2), 3000)
    span = of_curves(curves(left_knee_flexion=noise))["knee_flexion_range", "left"].value

    assert span < 0.85 * np.ptp(noise)


def test_one_squat_in_a_long_clip_keeps_its_depth() -> None:
    """Two seconds of a minute: 1 % of its frames would be 0.6 s about the deepest point, which are 21° deep."""
    clip = np.zeros(6000)
    clip[3000:3200] = wave(100, seconds=2.0, rate=200.0)[:200]
    deepest = of_curves(curves(left_knee_flexion=clip))["knee_flexion_maximum", "left"].value

    assert deepest > np.radians(99)


def test_a_short_clips_extremes_are_nearly_its_own() -> None:
    assert extremes(np.array([0.0, 1.0, 2.0]), duration=0.06) == pytest.approx((0.02, 1.98))


def test_the_extremes_of_a_negative_curve_are_the_negative_ones() -> None:
    values = np.random.default_rng(1).normal(size=400)
    low, high = extremes(values, 4.0)

    assert extremes(-values, 4.0) == pytest.approx((-high, -low))


def test_an_angle_counts_only_where_all_its_points_were_seen() -> None:
    angle = wave(60)
    seen = np.ones((1000, 1))
    seen[500:] = 2 / 3
    angle[500:] = np.radians(150)
    row = of_curves(curves(seen=seen, left_knee_flexion=angle))["knee_flexion_maximum", "left"]

    assert row.value < np.radians(60.1)
    assert row.count == 500


def test_an_angle_that_is_nowhere_has_no_rows() -> None:
    assert of_curves(curves(left_knee_flexion=np.full(50, np.nan))) == {}


def test_holes_are_left_out() -> None:
    angle = wave(60)
    angle[:100] = np.nan

    assert of_curves(curves(left_knee_flexion=angle))["knee_flexion_range", "left"].count == 900


def test_a_single_picture_has_no_range() -> None:
    nothing = np.full((1, 1), np.nan)
    still = JointAngles(np.zeros(1), ("left_knee_flexion",), np.ones((1, 1)), *[nothing] * 4)

    assert of_curves(still) == {}


def test_no_frames_and_no_angles_are_no_rows() -> None:
    assert summarize(body(NOBODY, 0), NOTHING, whole, {}) == ()


def test_ranges_of_60_and_40_degrees_are_asymmetric_by_two_fifths() -> None:
    angles = curves(left_knee_flexion=wave(60), right_knee_flexion=wave(40))
    row = of_curves(angles, repeated)["knee_flexion_range_asymmetry", ""]

    assert row.value == pytest.approx(0.4, abs=1e-3)
    assert np.isnan(row.sd)


def test_ranges_too_small_to_compare_are_not_compared() -> None:
    rows = of_curves(curves(left_knee_flexion=wave(6), right_knee_flexion=wave(3)), repeated)

    assert ("knee_flexion_range", "left") in rows
    assert ("knee_flexion_range_asymmetry", "") not in rows


def test_an_angle_of_one_side_only_is_not_compared() -> None:
    assert ("knee_flexion_range_asymmetry", "") not in of_curves(curves(left_knee_flexion=wave(60)), repeated)


def test_ranges_of_a_clip_that_repeats_nothing_are_not_compared() -> None:
    rows = of_curves(curves(left_knee_flexion=wave(60), right_knee_flexion=wave(40)))

    assert ("knee_flexion_range", "left") in rows
    assert ("knee_flexion_range_asymmetry", "") not in rows


def test_exchanged_sides_exchange_their_rows_and_the_sign_of_asymmetries() -> None:
    left, right = wave(60), wave(40)
    one = of_curves(curves(left_knee_flexion=left, right_knee_flexion=right), repeated)
    other = of_curves(curves(left_knee_flexion=right, right_knee_flexion=left), repeated)

    assert one["knee_flexion_range", "left"].value == other["knee_flexion_range", "right"].value
    assert one["knee_flexion_maximum", "right"].value == other["knee_flexion_maximum", "left"].value
    assert one["knee_flexion_range_asymmetry", ""].value == -other["knee_flexion_range_asymmetry", ""].value


def test_every_row_has_a_unit_that_writers_know_and_says_how_it_came_about() -> None:
    rows = summarize(body(frames=1000), curves(left_knee_flexion=wave(60), right_knee_flexion=wave(40)), whole, {})

    assert all(row.unit in UNITS and row.about for row in rows)


def test_a_fast_way_down_counts_as_fast() -> None:
    """Up at 10°/s, down at 100°/s."""
    saw = np.radians(np.concatenate([np.linspace(0, 50, 500), np.linspace(50, 0, 50)]))
    fastest = of_curves(curves(left_knee_flexion=saw))["knee_flexion_velocity_maximum", "left"].value

    assert fastest == pytest.approx(np.radians(100), rel=0.03)


def test_an_asymmetry_rests_on_the_frames_of_the_side_seen_less() -> None:
    pose = edited(body(), source=(np.s_[:2, body().skeleton.index("left_knee")], Source.INTERPOLATED))

    assert of_pose(pose)["thigh_length_asymmetry", ""].count == 3


def with_sd(degrees: float, **values: Array) -> JointAngles:
    angles = curves(**values)
    return replace(angles, sd=np.full_like(angles.sd, np.radians(degrees)))


def test_of_several_cycles_extremes_are_means_and_what_lies_between_them_does_not_count() -> None:
    """Cycles of 40, 50 and 60°; in the seconds that are none, 170°."""
    clip = np.full(1000, np.radians(170))
    for second, degrees in ((0, 40), (3, 50), (6, 60)):
        clip[100 * second : 100 * (second + 1)] = wave(degrees, seconds=1.0)
    row = of_curves(curves(left_knee_flexion=clip), in_cycles)["knee_flexion_maximum", "left"]

    assert row.value == pytest.approx(np.radians(50), abs=np.radians(0.2))
    assert row.sd == pytest.approx(np.radians(10), abs=np.radians(0.2))
    assert row.count == 3
    assert "gait cycle" in row.about


@pytest.mark.parametrize(("row", "degrees"), [("minimum", 4.0), ("maximum", 4.0), ("range", 1.25 * 4.0)])
def test_the_error_of_extremes_is_the_fits_and_does_not_shrink_with_cycles(row: str, degrees: float) -> None:
    angles = with_sd(4.0, left_knee_flexion=wave(60))

    for stretches in (whole, in_cycles):
        assert of_curves(angles, stretches)[f"knee_flexion_{row}", "left"].error == pytest.approx(np.radians(degrees))


def test_without_a_fit_no_error_is_made_up() -> None:
    assert np.isnan(of_curves(curves(left_knee_flexion=wave(60)))["knee_flexion_range", "left"].error)


@pytest.mark.parametrize("larger", ["left", "right"])
@pytest.mark.parametrize(("sd", "within"), [(12.0, True), (2.0, False), (np.nan, False)])
def test_an_asymmetry_that_may_be_none_says_so(sd: float, within: bool, larger: str) -> None:
    """Ranges of 60 and 40° differ by 0.4; of 15° of error each, that is 0.43 off, of 2.5° 0.07."""
    both = {"left_knee_flexion": wave(60), "right_knee_flexion": wave(40)}
    angles = with_sd(sd, **(both if larger == "left" else {twin_of(name): values for name, values in both.items()}))
    row = of_curves(angles, repeated)["knee_flexion_range_asymmetry", ""]

    expected = 4 * np.hypot(40, 60) * 1.25 * sd / 100**2
    assert row.error == pytest.approx(expected, rel=1e-2, nan_ok=True)
    assert (WITHIN_ERROR in row.about, WITHIN_ERROR in row.reason) == (within, within)


def test_rows_of_an_angle_have_its_grade_and_an_asymmetry_the_worse_sides() -> None:
    angles = curves(left_knee_flexion=wave(60), right_knee_flexion=wave(40))
    rows = of_curves(angles, repeated, left_knee_flexion=Grade("good"), right_knee_flexion=Grade("weak", "seen badly"))

    assert (rows["knee_flexion_range", "left"].quality, rows["knee_flexion_range", "left"].reason) == ("good", "")
    assert rows["knee_flexion_range_asymmetry", ""].quality == "weak"
    assert rows["knee_flexion_range_asymmetry", ""].reason == "seen badly"
