"""What many rooms do to arrays, against values known by hand."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from posedetector.arrays import (
    derivative,
    euler_angle,
    mean,
    mean_and_sd,
    median,
    robust_sd,
    rotation_between,
    runs,
    sd,
    split_at_gaps,
    unit,
)

NAN = float("nan")
NOTHING = np.array([NAN, NAN])


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ([], []),
        ([0, 0], []),
        ([1, 1], [(0, 2)]),
        ([1, 0, 0, 1, 1, 0, 1], [(0, 1), (3, 5), (6, 7)]),
    ],
)
def test_runs_are_the_stretches_that_are_set(flags: list[int], found: list[tuple[int, int]]) -> None:
    assert [(run.start, run.stop) for run in runs(np.array(flags, bool))] == found


@pytest.mark.parametrize(
    ("rows", "parts"),
    [([], []), ([0, 1, 3], [[0, 1, 3]]), ([0, 1, 5, 6], [[0, 1], [5, 6]])],
    ids=["no rows", "a gap as long as may be", "a longer one"],
)
def test_rows_are_parted_where_too_much_time_is_missing(rows: list[int], parts: list[list[int]]) -> None:
    assert [part.tolist() for part in split_at_gaps(np.array(rows, int), np.arange(8) / 2, 1.0)] == parts


def test_a_direction_is_one_long_and_that_of_nothing_is_missing() -> None:
    found = unit(np.array([[0.0, 3.0, 4.0], [0.0, 0.0, 0.0]]))

    assert found == pytest.approx(np.array([[0, 0.6, 0.8], [NAN, NAN, NAN]]), nan_ok=True)


def test_the_smallest_rotation_takes_one_direction_to_others() -> None:
    start, ends = unit(np.array([1.0, 2.0, 3.0])), unit(np.array([[0.0, 1.0, 0.0], [1.0, 2.0, 3.0], [3.0, -1.0, 2.0]]))
    turns = rotation_between(start, ends)

    assert turns @ start == pytest.approx(ends)
    assert Rotation.from_matrix(turns).magnitude() == pytest.approx(np.arccos(np.clip(ends @ start, -1, 1)), abs=1e-7)


@pytest.mark.parametrize("order", ["XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"])
def test_angles_are_those_that_the_rotation_was_made_of(order: str) -> None:
    angles = np.array([[0.3, -0.5, 1.2], [-2.0, 1.1, 0.4]])
    turns = Rotation.from_euler(order, angles).as_matrix()

    assert np.stack([euler_angle(turns, order, part) for part in range(3)], axis=-1) == pytest.approx(angles)


def test_steady_acceleration_has_exact_rates_up_to_both_ends_and_holes_have_none() -> None:
    time = np.array([0.0, 0.1, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9])
    values = np.stack([time**2, 3 * time], axis=1)
    values[4, 0] = NAN
    expected = np.stack([2 * time, np.full(8, 3.0)], axis=1)
    expected[4, 0] = NAN

    assert derivative(values, time) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("figure", "found", "of_one"),
    [(mean, 3.0, 7.0), (median, 2.0, 7.0), (sd, 7**0.5, NAN), (robust_sd, 1.4826, NAN)],
)
def test_figures_are_of_what_is_not_missing(figure: object, found: float, of_one: float) -> None:
    assert callable(figure)
    assert figure(np.array([1.0, NAN, 2.0, 6.0])) == pytest.approx(found)
    assert figure(np.array([NAN, 7.0])) == pytest.approx(of_one, nan_ok=True)
    assert np.isnan(figure(NOTHING))


def test_mean_and_deviation_of_curves_leave_out_what_is_missing_at_each_point() -> None:
    middle, spread = mean_and_sd(np.array([[1.0, 2.0, NAN], [3.0, NAN, NAN]]))

    assert middle == pytest.approx([2, 2, NAN], nan_ok=True)
    assert spread == pytest.approx([2**0.5, NAN, NAN], nan_ok=True)
