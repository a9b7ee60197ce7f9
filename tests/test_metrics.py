"""The metrics, on cases worked out by hand and by their properties. Metres and seconds, frames (T, J, 3)."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from scipy.stats import t

from posedetector.errors import InputError
from posedetector.metrics import (
    acceleration_error,
    agreement,
    auc,
    axis_errors,
    bias,
    bone_length_cv,
    cmc,
    cycle_rmse,
    icc_2_1,
    included_angle,
    interval,
    joint_errors,
    limits_of_agreement,
    mae,
    mpjpe,
    mpjve,
    n_mpjpe,
    p_mpjpe,
    pck,
    pearson_r,
    rmse,
    rotation_between,
    scaled_to,
    similar_to,
    z_rmse,
)
from posedetector.pose import Array

NAN = np.nan
SHIFT = np.array([0.03, 0.0, 0.04])  # 0.05 long
MIRROR = np.array([1.0, 1.0, -1.0])

# Every second corner of a box. With the corners' signs, the covariance of any two such boxes is diagonal.
CORNERS = np.array([[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]])
BOX = CORNERS * [3.0, 2.0, 1.0]  # no symmetry turns it into its mirror image

RATINGS = np.array(  # Shrout & Fleiss 1979, table 2: six targets, four judges
    [
        [9.0, 2.0, 5.0, 8.0],
        [6.0, 1.0, 3.0, 2.0],
        [8.0, 4.0, 6.0, 8.0],
        [7.0, 1.0, 2.0, 6.0],
        [10.0, 5.0, 6.0, 9.0],
        [6.0, 2.0, 4.0, 7.0],
    ]
)

Figure = Callable[[Array, Array], object]


def five_steps(metric: Callable[[Array, Array, Array], float]) -> Figure:
    return lambda predicted, measured: metric(predicted, measured, np.arange(len(predicted)) / 50)


POSITION_FIGURES: dict[str, Figure] = {
    "mpjpe": mpjpe,
    "p_mpjpe": p_mpjpe,
    "n_mpjpe": n_mpjpe,
    "mpjve": five_steps(mpjve),
    "acceleration_error": five_steps(acceleration_error),
    "pck": pck,
    "auc": auc,
    "z_rmse": z_rmse,
}
POSITION_ARRAYS: dict[str, Figure] = {
    "joint_errors": joint_errors,
    "axis_errors": axis_errors,
    "similar_to": similar_to,
    "scaled_to": scaled_to,
}
PAIR_FIGURES: dict[str, Figure] = {
    "bias": bias,
    "mae": mae,
    "rmse": rmse,
    "limits_of_agreement": limits_of_agreement,
    "pearson_r": pearson_r,
}


def table(figures: dict[str, Figure]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("figure", figures.values(), ids=figures.keys())


@pytest.fixture
def measured() -> Array:
    return 0.4 * np.random.default_rng(0).standard_normal((6, 17, 3))


@pytest.fixture
def predicted(measured: Array) -> Array:
    return measured + 0.08 * np.random.default_rng(1).standard_normal(measured.shape)


def turns(frames: int) -> Array:
    return Rotation.random(frames, rng=np.random.default_rng(2)).as_matrix()


def line(velocity: Array, time: Array) -> Array:
    """Two points (T, 2, 3) in uniform motion."""
    return np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]) + (time[:, None] * velocity)[:, None]


def parabola(acceleration: Array, time: Array) -> Array:
    """Two points (T, 2, 3) that start at rest."""
    return np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]) + (time[:, None] ** 2 / 2 * acceleration)[:, None]


def at(error: float, points: int = 4) -> tuple[Array, Array]:
    """A prediction (1, points, 3) and a measurement that far apart everywhere."""
    return np.tile([error, 0.0, 0.0], (1, points, 1)), np.zeros((1, points, 3))


# What all metrics of positions promise


@table(POSITION_FIGURES | POSITION_ARRAYS | {"rotation_between": rotation_between})
@pytest.mark.parametrize(
    ("one", "other"), [((5, 4, 3), (5, 6, 3)), ((5, 4, 2), (5, 4, 2)), ((4, 3), (4, 3)), ((5, 4, 3), (4, 3))]
)
def test_shapes_that_do_not_fit_are_refused_by_name(figure: Figure, one: tuple[int], other: tuple[int]) -> None:
    with pytest.raises(InputError) as refusal:
        figure(np.zeros(one), np.zeros(other))

    assert f"got {one} and {other}" in str(refusal.value)


@table(POSITION_FIGURES)
def test_a_figure_of_nothing_but_missing_points_is_nan(figure: Figure, measured: Array) -> None:
    assert np.isnan(figure(np.full_like(measured, NAN), measured))


@table(POSITION_ARRAYS)
def test_an_array_of_nothing_but_missing_points_is_nan(figure: Figure, measured: Array) -> None:
    assert np.isnan(figure(np.full_like(measured, NAN), measured)).all()


@table(POSITION_FIGURES)
def test_a_figure_of_no_frames_is_nan(figure: Figure) -> None:
    assert np.isnan(figure(np.zeros((0, 17, 3)), np.zeros((0, 17, 3))))


@table(POSITION_FIGURES)
@pytest.mark.parametrize("absent", ["predicted", "measured"])
def test_a_point_missing_on_one_side_is_left_out(
    figure: Figure, absent: str, predicted: Array, measured: Array
) -> None:
    without = np.delete(predicted, 5, axis=1), np.delete(measured, 5, axis=1)
    {"predicted": predicted, "measured": measured}[absent][:, 5] = NAN

    assert figure(predicted, measured) == pytest.approx(figure(*without))


@table({name: figure for name, figure in POSITION_FIGURES.items() if name not in {"pck", "auc"}})
def test_an_error_of_nothing_is_zero(figure: Figure, measured: Array) -> None:
    assert figure(measured, measured) == pytest.approx(0, abs=1e-12)


# MPJPE


def test_mpjpe_of_a_shift_is_its_length(measured: Array) -> None:
    assert mpjpe(measured + SHIFT, measured) == pytest.approx(0.05)


def test_mpjpe_weighs_every_point_alike_and_not_every_frame() -> None:
    """Errors of 1 in one point and 4 in two: (1 + 4 + 4) / 3."""
    predicted = np.array([[[1.0, 0, 0], [NAN, 0, 0]], [[0, 4.0, 0], [0, 0, 4.0]]])

    assert mpjpe(predicted, np.zeros((2, 2, 3))) == pytest.approx(3)


@pytest.mark.parametrize("change", [lambda x: 2 * x, lambda x: x + SHIFT, lambda x: x @ turns(1)[0]])
def test_mpjpe_forgives_nothing(change: Callable[[Array], Array], measured: Array) -> None:
    assert mpjpe(change(measured), measured) > 0.04


def test_joint_errors_are_distances() -> None:
    """√(2² + 3² + 6²) = 7 and 5."""
    predicted = np.array([[[2.0, 3.0, 6.0], [0.0, 3.0, 4.0]]])

    assert joint_errors(predicted, np.zeros((1, 2, 3))) == pytest.approx(np.array([[7, 5]]))


def test_a_joint_without_a_depth_has_no_error() -> None:
    assert np.isnan(joint_errors(np.array([[[1.0, 1.0, NAN]]]), np.zeros((1, 1, 3)))).all()


# P-MPJPE


def test_p_mpjpe_forgives_each_frame_its_own_turn_size_and_place(measured: Array) -> None:
    random = np.random.default_rng(3)
    frames = len(measured)
    moved = random.uniform(0.2, 5, (frames, 1, 1)) * (measured @ turns(frames)) + random.normal(size=(frames, 1, 3))

    assert p_mpjpe(moved, measured) == pytest.approx(0, abs=1e-12)


def test_p_mpjpe_does_not_change_when_the_prediction_is_moved(predicted: Array, measured: Array) -> None:
    moved = 3 * (predicted @ turns(len(predicted))) + SHIFT

    assert p_mpjpe(moved, measured) == pytest.approx(p_mpjpe(predicted, measured))


def test_p_mpjpe_is_in_the_measurements_metres(predicted: Array, measured: Array) -> None:
    assert p_mpjpe(predicted, 2 * measured) == pytest.approx(2 * p_mpjpe(predicted, measured))


def test_p_mpjpe_of_a_differently_stretched_box_is_the_one_by_hand() -> None:
    """Covariance 4·(3, 4, 3): no turn, scale 10/14. Left at each corner (15 − 7, 10 − 14, 5 − 21) / 7."""
    assert p_mpjpe(BOX[None], (CORNERS * [1.0, 2.0, 3.0])[None]) == pytest.approx(np.sqrt(8**2 + 4**2 + 16**2) / 7)


def test_p_mpjpe_does_not_forgive_a_mirror_image() -> None:
    """Covariance 4·(9, 4, −1): no turn, scale 12/14. Left at each corner (3/7, 2/7, 13/7)."""
    assert p_mpjpe((BOX * MIRROR)[None], BOX[None]) == pytest.approx(np.sqrt(3**2 + 2**2 + 13**2) / 7)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mirror_image_is_not_forgiven_however_it_is_turned(axis: int, measured: Array) -> None:
    mirrored = measured * np.where(np.arange(3) == axis, -1, 1) @ turns(1)[0]

    assert p_mpjpe(mirrored, measured) > 0.2


def test_a_flat_body_is_its_own_mirror_image(measured: Array) -> None:
    flat = measured * [1.0, 1.0, 0.0]

    assert p_mpjpe(flat * [-1.0, 1.0, 1.0] @ turns(1)[0], flat @ turns(2)[1]) == pytest.approx(0, abs=1e-12)


def test_a_body_on_a_line_is_aligned(measured: Array) -> None:
    straight = measured * [1.0, 0.0, 0.0]

    assert p_mpjpe(2 * straight @ turns(1)[0] + SHIFT, straight) == pytest.approx(0, abs=1e-12)


def test_a_prediction_in_one_point_is_put_into_the_middle_of_the_measurement() -> None:
    """Every corner of the box is √(3² + 2² + 1²) from its middle."""
    assert p_mpjpe(np.full((1, 4, 3), 0.1), BOX[None] + SHIFT) == pytest.approx(np.sqrt(14))


def test_a_measurement_in_one_point_is_met() -> None:
    assert similar_to(BOX[None], np.full((1, 4, 3), 0.5)) == pytest.approx(np.full((1, 4, 3), 0.5))


def test_three_points_are_too_few_to_be_aligned(measured: Array) -> None:
    assert np.isnan(p_mpjpe(measured[:, :3], measured[:, 3:6]))


def test_a_frame_with_three_common_points_does_not_count() -> None:
    one, other = np.stack([BOX, BOX]), np.stack([BOX, 9 * BOX**2])
    one[1, 0], other[0] = NAN, CORNERS * [1.0, 2.0, 3.0]

    assert p_mpjpe(one, other) == pytest.approx(np.sqrt(336) / 7)


def test_what_was_moved_is_the_whole_frame_but_its_missing_points(predicted: Array, measured: Array) -> None:
    predicted[1, 4] = NAN
    measured[2, 7] = NAN

    assert np.argwhere(np.isnan(similar_to(predicted, measured)).all(axis=-1)).tolist() == [[1, 4], [2, 7]]


def test_the_arguments_are_left_as_they_are(predicted: Array, measured: Array) -> None:
    before = predicted.copy(), measured.copy()
    similar_to(predicted, measured)
    scaled_to(predicted, measured)

    assert np.array_equal([predicted, measured], before)


# N-MPJPE


def test_n_mpjpe_forgives_each_frame_its_own_size(measured: Array) -> None:
    sizes = np.random.default_rng(3).uniform(0.2, 5, (len(measured), 1, 1))

    assert n_mpjpe(sizes * measured, measured) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("change", [lambda x: x + SHIFT, lambda x: x @ turns(1)[0], lambda x: x * MIRROR])
def test_n_mpjpe_forgives_nothing_else(change: Callable[[Array], Array], measured: Array) -> None:
    assert n_mpjpe(change(measured), measured) > 0.04


def test_the_best_scale_is_that_of_least_squares() -> None:
    """(1·1 + 1·3) / (1 + 1) = 2, which is 1 off at both points."""
    predicted, measured = np.eye(3)[None, :2], np.eye(3)[None, :2] * [[1.0], [3.0]]

    assert n_mpjpe(predicted, measured) == pytest.approx(1)


def test_scaled_to_multiplies_every_frame_by_its_own_scale(measured: Array) -> None:
    assert scaled_to(measured / np.arange(1, 7)[:, None, None], measured) == pytest.approx(measured)


def test_a_point_without_a_partner_does_not_bear_upon_the_scale() -> None:
    predicted, measured = np.eye(3)[None] * [[1.0], [1.0], [100.0]], 2 * np.eye(3)[None]
    measured[0, 2] = NAN

    assert scaled_to(predicted, measured)[0, :2] == pytest.approx(measured[0, :2])


def test_a_body_in_the_origin_has_no_scale(measured: Array) -> None:
    assert np.isnan(n_mpjpe(np.zeros_like(measured), measured))


# One rotation for all frames


def test_rotation_between_undoes_a_rotation(measured: Array) -> None:
    turn = turns(1)[0]

    assert rotation_between(measured @ turn.T, measured) == pytest.approx(turn)


def test_rotation_between_is_one_for_all_frames() -> None:
    """A quarter turn in three frames and none in one: the nearest is 71.57° = arctan(3), the sum of the unit vectors."""
    still = np.tile([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], (4, 1, 1))
    turned = still.copy()
    turned[:3] = still[:3] @ Rotation.from_rotvec([0, 0, np.pi / 2]).as_matrix()

    assert Rotation.from_matrix(rotation_between(still, turned)).magnitude() == pytest.approx(np.arctan(3))


@pytest.mark.parametrize("mirror", [MIRROR, -np.ones(3), np.array([1.0, 1.0, 0.0])])
def test_rotation_between_is_no_reflection(mirror: Array, measured: Array) -> None:
    assert np.linalg.det(rotation_between(measured * mirror, measured)) == pytest.approx(1)


def test_rotation_between_does_not_look_at_points_missing_on_one_side(measured: Array) -> None:
    turn = turns(1)[0]
    turned = measured @ turn
    turned[0, 0], measured[0, 0] = [NAN, 1e3, 1e3], 1e3
    measured[1, 1], turned[1, 1] = [1e3, 1e3, NAN], 1e3

    assert rotation_between(measured, turned) == pytest.approx(turn)


# Velocity and acceleration

EVEN = np.arange(20) / 50
UNEVEN = np.cumsum(np.tile([0.018, 0.022, 0.020, 0.024], 5))  # no step longer than one and a half usual ones


@pytest.mark.parametrize("time", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_mpjve_of_a_constant_offset_is_zero(time: Array) -> None:
    measured = np.random.default_rng(0).standard_normal((20, 5, 3))

    assert mpjve(measured + SHIFT, measured, time) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("time", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_mpjve_of_two_uniform_motions_is_the_difference_of_their_velocities(time: Array) -> None:
    """(1, 2, 2) − (1, 5, 6): 5 m/s."""
    one, other = line(np.array([1.0, 2.0, 2.0]), time), line(np.array([1.0, 5.0, 6.0]), time)

    assert mpjve(one, other, time) == pytest.approx(5)


@pytest.mark.parametrize("time", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_acceleration_error_of_a_parabola_against_rest_is_its_acceleration(time: Array) -> None:
    """√(2² + 3² + 6²) = 7 m/s²."""
    assert acceleration_error(parabola(np.array([2.0, 3.0, 6.0]), time), line(np.zeros(3), time), time) == (
        pytest.approx(7)
    )


@pytest.mark.parametrize("time", [EVEN, UNEVEN], ids=["even", "uneven"])
def test_acceleration_error_of_uniform_motion_is_zero(time: Array) -> None:
    one, other = line(np.array([1.0, 2.0, 2.0]), time), line(np.zeros(3), time)

    assert acceleration_error(one, other, time) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize(
    ("step", "expected"), [(0.029, (2 + 1 / 0.029) / 3), (0.031, 1.0)], ids=["1.45 steps", "1.55 steps"]
)
def test_across_more_than_one_and_a_half_steps_there_is_no_velocity(step: float, expected: float) -> None:
    """1 m/s in the steps of 20 ms; a jump of 1 m in the other."""
    time = np.array([0.0, 0.02, 0.02 + step, 0.04 + step])
    predicted = np.array([0.0, 0.02, 1.02, 1.04])[:, None, None] * [1.0, 0.0, 0.0]

    assert mpjve(predicted, np.zeros((4, 1, 3)), time) == pytest.approx(expected)


def test_across_a_hole_in_time_there_is_no_acceleration() -> None:
    time = np.concatenate([EVEN, 1 + EVEN])
    once = parabola(np.array([0.0, 0.0, 3.0]), EVEN)
    predicted = np.concatenate([once, once + 9])

    assert acceleration_error(predicted, np.zeros_like(predicted), time) == pytest.approx(3)


@pytest.mark.parametrize(("metric", "motion"), [(mpjve, line), (acceleration_error, parabola)])
def test_a_missing_point_takes_along_only_its_neighbours(
    metric: Callable[[Array, Array, Array], float], motion: Callable[[Array, Array], Array]
) -> None:
    predicted = motion(np.array([0.0, 3.0, 4.0]), EVEN)
    predicted[7, 0] = NAN

    assert metric(predicted, np.zeros_like(predicted), EVEN) == pytest.approx(
        metric(np.where(np.isnan(predicted), 0, predicted)[:, 1:], np.zeros((20, 1, 3)), EVEN)
    )


@pytest.mark.parametrize(("metric", "frames"), [(mpjve, 1), (acceleration_error, 1), (acceleration_error, 2)])
def test_too_few_frames_have_no_change(metric: Callable[[Array, Array, Array], float], frames: int) -> None:
    assert np.isnan(metric(np.ones((frames, 4, 3)), np.zeros((frames, 4, 3)), np.arange(frames) / 50))


# PCK and its area


@pytest.mark.parametrize(("error", "share"), [(0.149, 1.0), (0.150, 0.0), (0.151, 0.0)])
def test_pck_counts_what_is_strictly_below_150_mm(error: float, share: float) -> None:
    assert pck(*at(error)) == share


@pytest.mark.parametrize(("threshold", "share"), [(0.1, 0.0), (0.15, 0.25), (0.25, 0.5), (1.0, 1.0)])
def test_pck_is_the_share_of_points_below_the_threshold(threshold: float, share: float) -> None:
    predicted = np.zeros((2, 2, 3))
    predicted[..., 1] = [[0.1, 0.2], [0.3, 0.4]]

    assert pck(predicted, np.zeros((2, 2, 3)), threshold) == share


def test_a_missing_point_is_neither_right_nor_wrong() -> None:
    """Of three points there, two are near."""
    predicted = np.zeros((1, 4, 3))
    predicted[0, :2, 2] = [1.0, NAN]

    assert pck(predicted, np.zeros((1, 4, 3))) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("error", "thresholds_above"), [(0.0, 30), (0.0025, 30), (0.0725, 16), (0.075, 15), (0.1475, 1), (0.15, 0), (9, 0)]
)
def test_auc_of_a_constant_error_is_the_share_of_the_31_thresholds_above_it(
    error: float, thresholds_above: int
) -> None:
    assert auc(*at(error)) == pytest.approx(thresholds_above / 31)


# By axis, by bone, by angle


def test_axis_errors_are_the_mean_absolute_error_of_each_joint_and_axis() -> None:
    """First joint (|1| + |−3|) / 2, 0, (|2| + |4|) / 2; second joint seen once."""
    predicted = np.array([[[1.0, 0, 2], [5, -6, 7]], [[-3, 0, 4], [NAN, NAN, NAN]]])

    assert axis_errors(predicted, np.zeros((2, 2, 3))) == pytest.approx(np.array([[2, 0, 3], [5, 6, 7]]))


@pytest.mark.parametrize(("axis", "expected"), [(0, np.sqrt((1 + 9) / 2)), (1, 0.0), (2, 5.0)])
def test_z_rmse_looks_at_one_axis_alone(axis: int, expected: float) -> None:
    """(7² + 1²) / 2 = 25 along z."""
    predicted = np.array([[[1.0, 0.0, 7.0]], [[-3.0, 0.0, -1.0]]])

    assert z_rmse(predicted, np.zeros((2, 1, 3)), axis) == pytest.approx(expected)


def test_z_rmse_is_along_the_third_axis_unless_told() -> None:
    assert z_rmse(np.array([[[8.0, 9.0, 2.0]]]), np.zeros((1, 1, 3))) == 2


def bones(*lengths: float) -> Array:
    """Two points (T, 2, 3) that far apart, at a different place and turned differently in each frame."""
    places = np.random.default_rng(0).standard_normal((len(lengths), 1, 3))
    return places + np.array([[0, 0, 0], [1.0, 0, 0]]) * np.array(lengths)[:, None, None] @ turns(len(lengths))


def test_bone_length_cv_of_a_bone_that_alternates_is_half_the_difference_over_the_mean() -> None:
    """0.4 and 0.6 m: 0.1 / 0.5."""
    assert bone_length_cv(bones(*[0.4, 0.6] * 5), [(0, 1)]) == pytest.approx(0.2)


def test_bone_length_cv_of_a_stiff_bone_is_zero() -> None:
    assert bone_length_cv(bones(*[0.45] * 8), [(0, 1)]) == pytest.approx(0, abs=1e-12)


def test_bone_length_cv_leaves_out_frames_without_the_bone() -> None:
    points = bones(0.4, 9.0, 0.6)
    points[1, 0] = NAN

    assert bone_length_cv(points, [(0, 1)]) == pytest.approx(0.2)


def test_bone_length_cv_is_one_number_a_bone_in_the_order_given() -> None:
    """The third point is 1 m above the first, stiffly, and is never seen from the fourth."""
    points = np.concatenate([bones(0.4, 0.6), bones(0.4, 0.6)[:, :1] + [0, 1.0, 0], np.full((2, 1, 3), NAN)], axis=1)

    assert bone_length_cv(points, [(2, 0), (1, 0), (2, 3)]) == pytest.approx([0, 0.2, NAN], abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("degrees", [0, 30, 90, 135, 180])
def test_included_angle_is_the_angle_between_the_segments(degrees: float) -> None:
    """Segments of 0.4 and 0.3 m, wherever the joint is and however the leg is turned."""
    angle = np.radians(degrees)
    leg = np.array([[0.4, 0, 0], [0, 0, 0], [0.3 * np.cos(angle), 0.3 * np.sin(angle), 0]])
    proximal, joint, distal = np.moveaxis(leg @ turns(5) + SHIFT, 1, 0)

    assert included_angle(proximal, joint, distal) == pytest.approx(np.full(5, angle), abs=1e-7)


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_included_angle_of_parallel_segments_survives_rounding(direction: float) -> None:
    segment = np.random.default_rng(0).standard_normal((1000, 3))
    angles = included_angle(segment, np.zeros((1000, 3)), direction * segment / 3)

    assert angles == pytest.approx(np.full(1000, 0.0 if direction > 0 else np.pi), abs=1e-7)


@pytest.mark.parametrize("absent", ["proximal", "joint", "distal"])
def test_included_angle_at_a_missing_point_is_nan(absent: str) -> None:
    leg = {
        "proximal": np.array([[0.0, 0.4, 0.0]] * 2),
        "joint": np.zeros((2, 3)),
        "distal": np.array([[0.3, 0, 0]] * 2),
    }
    leg[absent][1] = NAN

    assert included_angle(**leg) == pytest.approx([np.pi / 2, NAN], nan_ok=True)


# Pairs of one quantity

THREE = np.array([2.0, 1.0, 9.0]), np.array([1.0, 2.0, 3.0])  # differences 1, −1, 6


@pytest.mark.parametrize(
    ("figure", "expected"), [(bias, 2.0), (mae, 8 / 3), (rmse, np.sqrt(38 / 3)), (pearson_r, 7 / np.sqrt(38 * 2))]
)
def test_figures_of_three_pairs_are_those_by_hand(figure: Figure, expected: float) -> None:
    """Differences 1, −1, 6. For r: predicted − 4 is −2, −3, 5 and measured − 2 is −1, 0, 1."""
    assert figure(*THREE) == pytest.approx(expected)


@table(PAIR_FIGURES)
def test_a_pair_with_a_missing_side_is_left_out(figure: Figure) -> None:
    predicted, measured = np.insert(THREE[0], [0, 2], [NAN, 5.0]), np.insert(THREE[1], [0, 2], [7.0, NAN])

    assert figure(predicted, measured) == pytest.approx(figure(*THREE))


@table(PAIR_FIGURES)
def test_a_figure_of_no_pairs_is_nan(figure: Figure) -> None:
    assert np.isnan(figure(np.full(4, NAN), np.arange(4.0))).all()


@table({"limits_of_agreement": limits_of_agreement, "pearson_r": pearson_r})
def test_one_pair_does_not_spread(figure: Figure) -> None:
    assert np.isnan(figure(np.ones(1), np.zeros(1))).all()


@table(PAIR_FIGURES | {"agreement": agreement})
@pytest.mark.parametrize(("one", "other"), [((3,), (4,)), ((3, 1), (3, 1))])
def test_pairs_that_do_not_fit_are_refused_by_name(figure: Figure, one: tuple[int], other: tuple[int]) -> None:
    with pytest.raises(InputError) as refusal:
        figure(np.zeros(one), np.zeros(other))

    assert f"got {one}, {other}" in str(refusal.value)


@pytest.mark.parametrize("figure", [limits_of_agreement, agreement])
def test_trials_that_do_not_fit_are_refused_by_name(figure: Callable[..., object]) -> None:
    with pytest.raises(InputError, match=r"\(3,\), \(3,\) and \(2,\)"):
        figure(*THREE, np.zeros(2))


def test_the_sign_of_the_bias_is_that_of_what_is_predicted_too_high() -> None:
    assert bias(np.array([3.0]), np.array([1.0])) == 2


@pytest.mark.parametrize(("slope", "expected"), [(2.0, 1.0), (-0.5, -1.0)])
def test_pearson_r_of_a_straight_line_is_its_direction(slope: float, expected: float) -> None:
    values = np.array([1.0, 4.0, 2.0, 8.0])

    assert pearson_r(slope * values + 3, values) == pytest.approx(expected)


def test_pearson_r_of_one_that_does_not_vary_is_nan() -> None:
    assert np.isnan(pearson_r(np.ones(4), np.arange(4.0)))


# Limits of agreement


def limits(differences: list[float], trial: list[int] | None = None) -> tuple[float, float]:
    measured = np.random.default_rng(0).standard_normal(len(differences))
    return limits_of_agreement(measured + differences, measured, None if trial is None else np.array(trial))


@pytest.mark.parametrize("trial", [None, [7] * 4, [1, 2, 3, 4]], ids=["untold", "one trial", "each its own trial"])
def test_limits_of_unclustered_pairs_are_the_bias_and_1_96_standard_deviations(trial: list[int] | None) -> None:
    """Mean 2.5, variance (2.25 + 0.25 + 0.25 + 2.25) / 3."""
    reach = 1.96 * np.sqrt(5 / 3)

    assert limits([1, 2, 3, 4], trial) == pytest.approx((2.5 - reach, 2.5 + reach))


def test_limits_of_two_trials_add_the_variances_between_and_within() -> None:
    """Means 2 and 6; within 4 / 2 = 2, between 16 / 1, two a trial: 2 + (16 − 2) / 2 = 9."""
    assert limits([1, 5, 3, 7], [1, 2, 1, 2]) == pytest.approx((4 - 1.96 * 3, 4 + 1.96 * 3))


def test_limits_of_unequal_trials_weigh_their_sizes() -> None:
    """Means 2 of two and 8 of four, of all 6; within 6 / 4, between 2·16 + 4·4 = 48; size (36 − 20) / 6 = 8 / 3."""
    reach = 1.96 * np.sqrt(1.5 + (48 - 1.5) * 3 / 8)

    assert limits([1, 3, 7, 9, 7, 9], [1, 1, 2, 2, 2, 2]) == pytest.approx((6 - reach, 6 + reach))


def test_a_variance_between_trials_is_not_negative() -> None:
    """Both means are 2: between 0, within (4 + 4 + 1 + 1) / 2 = 5."""
    reach = 1.96 * np.sqrt(5)

    assert limits([0, 4, 1, 3], [1, 1, 2, 2]) == pytest.approx((2 - reach, 2 + reach))


def test_limits_do_not_care_what_trials_are_called() -> None:
    names = np.array(["walk", "run", "walk", "run"])

    assert limits_of_agreement(np.array([1.0, 5, 3, 7]), np.zeros(4), names) == pytest.approx((-1.88, 9.88))


# Intraclass correlation


def test_icc_of_shrout_and_fleiss_is_the_one_they_print() -> None:
    assert icc_2_1(RATINGS) == pytest.approx(0.29, abs=0.005)


def test_icc_falls_with_a_constant_offset() -> None:
    """Targets 0 and 2, the second method 2 higher: mean squares 4, 4, 0, so 4 / (4 + 2·4 / 2) = 0.5."""
    assert icc_2_1(np.array([[0.0, 2.0], [2.0, 4.0]])) == pytest.approx(0.5)


def test_icc_of_methods_that_agree_is_one() -> None:
    assert icc_2_1(np.tile([[1.0], [5.0], [3.0]], (1, 4))) == pytest.approx(1)


def test_icc_of_opposite_methods_is_negative() -> None:
    """Mean squares 0, 0 and 4 / 2 = 2, so −2 / (0 + 2 − 2·2 / 3)."""
    assert icc_2_1(np.array([[1.0, -1.0], [-1.0, 1.0], [0.0, 0.0]])) == pytest.approx(-3)


def test_icc_does_not_depend_on_unit_or_zero() -> None:
    assert icc_2_1(1000 * RATINGS + 273) == pytest.approx(icc_2_1(RATINGS))


def test_icc_leaves_out_targets_that_one_method_missed() -> None:
    holed = np.insert(RATINGS, 2, [1.0, NAN, 90.0, 4.0], axis=0)

    assert icc_2_1(holed) == pytest.approx(icc_2_1(RATINGS))


@pytest.mark.parametrize("ratings", [RATINGS[:1], np.full((5, 2), NAN), np.zeros((0, 2))])
def test_icc_of_less_than_two_targets_is_nan(ratings: Array) -> None:
    assert np.isnan(icc_2_1(ratings))


@pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 2, 2)])
def test_icc_needs_targets_by_methods(shape: tuple[int]) -> None:
    with pytest.raises(InputError) as refusal:
        icc_2_1(np.zeros(shape))

    assert f"got {shape}" in str(refusal.value)


# Waveforms


def test_cmc_of_equal_curves_is_one() -> None:
    curve = np.sin(np.linspace(0, 2 * np.pi, 101))

    assert cmc(np.tile(curve, (4, 3, 1))) == pytest.approx(1)


def test_cmc_of_two_short_curves_is_the_one_by_hand() -> None:
    """(0, 2) and (1, 3): apart 4·0.25 / 2 = 0.5, whole 5 / 3, so √(1 − 0.3)."""
    assert cmc(np.array([[[0.0, 2.0], [1.0, 3.0]]])) == pytest.approx(np.sqrt(0.7))


def test_cmc_of_three_methods_is_the_one_by_hand() -> None:
    """(0, 3), (0, 3), (3, 6): means 1, 4, apart 12 / (2·2) = 3, whole (6.25·2 + 0.25·3 + 12.25) / 5 = 5.1."""
    assert cmc(np.array([[[0.0, 3.0], [0.0, 3.0], [3.0, 6.0]]])) == pytest.approx(np.sqrt(1 - 3 / 5.1))


def test_cmc_of_two_cycles_pools_their_squares() -> None:
    """The curves above and equal ones (0, 4), (0, 4): apart 1 / 4, whole (5 + 16) / 6."""
    assert cmc(np.array([[[0.0, 2.0], [1.0, 3.0]], [[0.0, 4.0], [0.0, 4.0]]])) == pytest.approx(np.sqrt(1 - 1 / 14))


def test_cmc_does_not_look_at_differences_between_cycles() -> None:
    once = np.array([[[0.0, 2.0], [1.0, 3.0]]])
    apart, twice = np.concatenate([once, once + 10]), np.concatenate([once, once])

    assert cmc(apart) == pytest.approx(cmc(twice))


def test_cmc_is_nan_where_it_is_imaginary() -> None:
    """(0, 0) and (2, 2): apart 4 / 2 = 2, whole 4 / 3."""
    assert np.isnan(cmc(np.array([[[0.0, 0.0], [2.0, 2.0]]])))


def test_cmc_of_curves_as_far_apart_as_they_vary_is_zero() -> None:
    """(0, 0) and (0, 4): means 0, 2; apart 8 / 2 = 4, whole (1 + 1 + 1 + 9) / 3 = 4."""
    assert cmc(np.array([[[0.0, 0.0], [0.0, 4.0]]])) == 0


def test_cmc_leaves_out_cycles_with_a_missing_point() -> None:
    cycles = np.array([[[0.0, 2.0], [1.0, 3.0]], [[0.0, NAN], [1.0, 3.0]]])

    assert cmc(cycles) == pytest.approx(np.sqrt(0.7))


@pytest.mark.parametrize("waveforms", [np.full((3, 2, 5), NAN), np.zeros((0, 2, 5)), np.zeros((3, 2, 5))])
def test_cmc_of_nothing_that_varies_is_nan(waveforms: Array) -> None:
    assert np.isnan(cmc(waveforms))


@pytest.mark.parametrize("shape", [(2, 101), (3, 1, 101)])
def test_cmc_needs_cycles_by_methods_by_points(shape: tuple[int]) -> None:
    with pytest.raises(InputError) as refusal:
        cmc(np.zeros(shape))

    assert f"got {shape}" in str(refusal.value)


def test_cycle_rmse_is_one_number_a_cycle() -> None:
    """√((1 + 49) / 2) = 5; one point left of 3; nothing left."""
    predicted = np.array([[1.0, -7.0], [3.0, NAN], [NAN, NAN]])

    assert cycle_rmse(predicted, np.zeros((3, 2))) == pytest.approx([5, 3, NAN], nan_ok=True)


@pytest.mark.parametrize(("one", "other"), [((3, 5), (3, 6)), ((5,), (5,))])
def test_cycles_that_do_not_fit_are_refused_by_name(one: tuple[int], other: tuple[int]) -> None:
    with pytest.raises(InputError) as refusal:
        cycle_rmse(np.zeros(one), np.zeros(other))

    assert f"got {one} and {other}" in str(refusal.value)


# Intervals


def mean_of(values: Array) -> Callable[[Array], float]:
    return lambda rows: float(values[rows].mean())


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_the_interval_of_a_mean_over_equal_trials_is_students_of_the_trial_means(level: float) -> None:
    values = np.random.default_rng(0).standard_normal((6, 10))
    means = values.mean(axis=1)
    reach = t.ppf((1 + level) / 2, 5) * means.std(ddof=1) / np.sqrt(6)
    estimate = interval(mean_of(values.ravel()), np.repeat(np.arange(6), 10), level=level)

    assert estimate == pytest.approx((means.mean(), means.mean() - reach, means.mean() + reach))


def test_the_interval_over_unequal_trials_is_about_the_whole_estimate() -> None:
    """(0, 0) and (3): mean 1, without one 3 or 0, so √(½ (2² + 1²)); Student's t of one degree is tan(0.475 π)."""
    reach = np.tan(0.475 * np.pi) * np.sqrt(2.5)

    assert interval(mean_of(np.array([0.0, 0.0, 3.0])), np.array([1, 1, 2])) == pytest.approx((1, 1 - reach, 1 + reach))


def test_the_interval_of_a_correlation_is_made_on_fishers_z() -> None:
    """Of the hyperbolic tangent of a mean it is that of the mean's interval."""
    values, trial = np.array([0.2, 0.9, 1.1, 0.5]), np.arange(4)
    of_mean = interval(mean_of(values), trial)
    estimate = interval(lambda rows: float(np.tanh(values[rows].mean())), trial, correlation=True)

    assert estimate == pytest.approx(np.tanh(of_mean))


def test_the_interval_of_a_perfect_correlation_is_finite() -> None:
    assert interval(lambda _: 1.0, np.arange(4), correlation=True) == pytest.approx((1, 1, 1))


def test_one_trial_has_no_interval() -> None:
    assert interval(mean_of(np.array([1.0, 2.0, 6.0])), np.zeros(3)) == pytest.approx((3, NAN, NAN), nan_ok=True)


def test_trials_may_be_named() -> None:
    values = np.array([1.0, 2.0, 4.0, 8.0])
    names, numbers = np.array(["walk", "run", "walk", "run"]), np.array([5, -1, 5, -1])

    assert interval(mean_of(values), names) == interval(mean_of(values), numbers)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, -0.5, NAN])
def test_a_level_outside_zero_and_one_is_refused(level: float) -> None:
    with pytest.raises(InputError, match=f"between 0 and 1, got {level:g}"):
        interval(lambda _: 0.0, np.arange(3), level=level)


def clustered(repetitions: int) -> list[Array]:
    """Differences of 8 trials × 20 samples about a true bias of 2; trials differ twice as much as samples in one."""
    random = np.random.default_rng(5)
    return [2 + 2 * random.standard_normal((8, 1)) + random.standard_normal((8, 20)) for _ in range(repetitions)]


def test_the_interval_by_trial_holds_the_true_bias_as_often_as_it_says() -> None:
    trial = np.repeat(np.arange(8), 20)
    estimates = [interval(mean_of(one.ravel()), trial) for one in clustered(400)]

    assert 0.92 <= np.mean([one.low < 2 < one.high for one in estimates]) <= 0.98


def test_an_interval_by_sample_misses_the_true_bias_of_clustered_samples() -> None:
    """So the one above can fail: these are the same numbers, with every sample as a trial of its own."""
    estimates = [interval(mean_of(one.ravel()), np.arange(160)) for one in clustered(60)]

    assert np.mean([one.low < 2 < one.high for one in estimates]) < 0.7


# All of it together

FIGURES = ("bias", "mae", "rmse", "lower_limit", "upper_limit", "icc", "r")


@pytest.fixture
def trials() -> tuple[Array, Array, Array]:
    """Five trials of 8, 9, 10, 11, 12 pairs."""
    random = np.random.default_rng(6)
    trial = np.repeat(np.arange(5), [8, 9, 10, 11, 12])
    measured = 10 * random.standard_normal(50)
    return measured + random.standard_normal(5)[trial] + random.standard_normal(50), measured, trial


def test_agreement_holds_what_its_functions_say(trials: tuple[Array, Array, Array]) -> None:
    predicted, measured, trial = trials
    found = agreement(predicted, measured, trial)
    lower, upper = limits_of_agreement(predicted, measured, trial)

    expected = {
        "bias": bias(predicted, measured),
        "mae": mae(predicted, measured),
        "rmse": rmse(predicted, measured),
        "lower_limit": lower,
        "upper_limit": upper,
        "icc": icc_2_1(np.stack([predicted, measured], axis=1)),
        "r": pearson_r(predicted, measured),
    }
    assert {name: getattr(found, name).value for name in FIGURES} == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("name", "statistic"), [("bias", bias), ("mae", mae), ("rmse", rmse), ("r", pearson_r)])
def test_agreement_leaves_out_one_trial_after_the_other(
    name: str, statistic: Callable[[Array, Array], float], trials: tuple[Array, Array, Array]
) -> None:
    predicted, measured, trial = trials
    expected = interval(
        lambda rows: statistic(predicted[rows], measured[rows]), trial, level=0.9, correlation=name == "r"
    )

    assert getattr(agreement(*trials, level=0.9), name) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", FIGURES)
def test_every_interval_of_an_agreement_holds_its_value(name: str, trials: tuple[Array, Array, Array]) -> None:
    found = getattr(agreement(*trials), name)

    assert found.low < found.value < found.high


def test_the_limits_of_an_agreement_know_its_trials(trials: tuple[Array, Array, Array]) -> None:
    predicted, measured, trial = trials

    assert agreement(predicted, measured, trial).lower_limit.value != agreement(predicted, measured).lower_limit.value


@pytest.mark.parametrize("name", ["icc", "r"])
def test_intervals_of_correlations_stay_within_one(name: str, trials: tuple[Array, Array, Array]) -> None:
    """Trials that agree nearly perfectly and one that does not: on the plain scale the interval would pass 1."""
    predicted, measured, trial = trials
    predicted = np.where(trial == 0, -measured, measured)
    found = getattr(agreement(predicted, measured, trial), name)

    assert -1 <= found.low < found.high <= 1


def test_agreement_counts_the_pairs_and_trials_that_are_there(trials: tuple[Array, Array, Array]) -> None:
    """Of 50 pairs, the second trial's 9 and one more are missing."""
    predicted, measured, trial = trials
    predicted[trial == 1] = NAN
    measured[0] = NAN
    found = agreement(predicted, measured, trial)

    assert (found.n, found.trials) == (40, 4)


def test_a_missing_trial_does_not_bear_upon_the_interval(trials: tuple[Array, Array, Array]) -> None:
    predicted, measured, trial = trials
    without = agreement(*(one[trial != 1] for one in trials))
    predicted[trial == 1] = NAN

    assert agreement(predicted, measured, trial) == without


@pytest.mark.parametrize("name", FIGURES)
def test_agreement_without_trials_has_values_and_no_intervals(name: str, trials: tuple[Array, Array, Array]) -> None:
    found = getattr(agreement(*trials[:2]), name)

    assert np.isnan(found).tolist() == [False, True, True]


@pytest.mark.parametrize("name", FIGURES)
def test_agreement_of_nothing_is_nan(name: str) -> None:
    assert np.isnan(getattr(agreement(np.full(4, NAN), np.arange(4.0), np.arange(4)), name)).all()


def test_r_of_a_constant_is_nan_though_its_mean_rounds() -> None:
    assert np.isnan(pearson_r(np.full(3, 0.1), np.array([1.0, 2, 4])))


def test_r_of_two_constants_is_nan() -> None:
    assert np.isnan(pearson_r(np.full(3, 0.1), np.full(3, 0.1)))


def test_icc_of_constants_is_nan() -> None:
    assert np.isnan(icc_2_1(np.full((3, 2), 0.1)))


def test_cmc_of_constants_is_nan() -> None:
    assert np.isnan(cmc(np.full((1, 2, 3), 0.1)))


def test_pairs_of_a_column_are_refused() -> None:
    with pytest.raises(InputError, match=r"must be \("):
        bias(np.zeros(3), np.zeros((3, 1)))


def test_times_of_another_length_are_refused() -> None:
    with pytest.raises(InputError, match=r"must be \("):
        mpjve(np.zeros((5, 2, 3)), np.zeros((5, 2, 3)), np.arange(4.0))


def test_two_times_for_five_frames_are_refused() -> None:
    with pytest.raises(InputError, match=r"must be \("):
        mpjve(np.zeros((5, 2, 3)), np.zeros((5, 2, 3)), np.arange(2.0))


def test_infinite_points_are_left_out() -> None:
    assert np.isnan(mpjpe(np.full((1, 4, 3), np.inf), np.full((1, 4, 3), np.inf)))


def test_joint_errors_of_an_infinite_point_is_nan() -> None:
    assert np.isnan(joint_errors(np.full((1, 4, 3), np.inf), np.zeros((1, 4, 3)))).all()


def test_cv_of_a_bone_without_length_is_nan() -> None:
    assert np.isnan(bone_length_cv(np.zeros((3, 2, 3)), [(0, 1)])).all()


def test_angle_of_a_segment_without_length_is_nan() -> None:
    assert np.isnan(included_angle(np.zeros((1, 3)), np.zeros((1, 3)), np.ones((1, 3)))).all()


def test_rotation_of_nothing_is_nan() -> None:
    assert np.isnan(rotation_between(np.full((1, 4, 3), np.nan), np.zeros((1, 4, 3)))).all()


def test_axis_errors_leave_out_a_point_without_depth() -> None:
    assert np.isnan(axis_errors(np.array([[[1, 1, np.nan]]]), np.zeros((1, 1, 3)))).all()


def test_z_rmse_leaves_out_a_point_without_x() -> None:
    assert np.isnan(z_rmse(np.array([[[np.nan, 1, 1]]]), np.zeros((1, 1, 3))))


def test_an_interval_ends_at_the_bounds_of_its_figure() -> None:
    values = np.array([0.1, 0.9])

    found = interval(lambda rows: float(values[rows].mean()), np.array([0, 1]), bounds=(0, 1))

    assert found == (0.5, 0.0, 1.0)


@pytest.mark.parametrize("figure", ["mae", "rmse"])
def test_no_interval_of_an_error_reaches_below_0(figure: str) -> None:
    found = agreement(np.array([1.0, 9.0]), np.zeros(2), np.array([0, 1]))

    assert getattr(found, figure).low == 0
