"""Positions of one trial: what they must look like, and the unit in which they make a person."""

import numpy as np
import pytest

from posedetector.errors import InputError
from posedetector.motion import Motion, unit_that_fits
from posedetector.skeletons import Skeleton

PAIR = Skeleton("pair", ("left_knee", "right_knee"), (-1, -1))


def motion(time: list[float], points: int = 2) -> Motion:
    return Motion(PAIR, np.array(time), np.zeros((len(time), points, 3)))


def tall(size: float, *, frames: int = 3, axis: int = 1) -> np.ndarray:
    """Two points, one this far from the other along one axis, both far from the origin."""
    xyz = np.full((frames, 2, 3), 7000.0)
    xyz[:, 1, axis] += size
    return xyz


def test_the_rate_is_that_of_the_median_step() -> None:
    assert motion([0.0, 0.02, 0.04, 1.0]).rate == pytest.approx(50.0)


def test_one_coordinate_without_value_makes_the_point_missing() -> None:
    xyz = np.zeros((3, 2, 3))
    xyz[0, 1, 2] = np.nan
    xyz[2] = np.nan

    assert Motion(PAIR, np.arange(3.0), xyz).missing == 3


@pytest.mark.parametrize("shape", [(3, 2, 2), (3, 3, 3), (2, 2, 3), (3, 6)])
def test_positions_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"Motion\.xyz must have the shape \(3, 2, 3\), got"):
        Motion(PAIR, np.arange(3.0), np.zeros(shape))


@pytest.mark.parametrize("time", [[0.0, 0.0, 1.0], [0.0, 2.0, 1.0], [0.0, np.nan, 1.0], [0.0, 1.0, np.inf]])
def test_times_that_do_not_increase_are_refused(time: list[float]) -> None:
    with pytest.raises(InputError, match="strictly increasing"):
        motion(time)


def test_times_in_a_column_are_refused() -> None:
    with pytest.raises(InputError):
        Motion(PAIR, np.zeros((1, 1)), np.zeros((1, 2, 3)))


@pytest.mark.parametrize(
    ("size", "unit"),
    [
        (0.25, "m"),  # a foot
        (1.75, "m"),
        (3.0, "m"),
        (1750.0, "mm"),
        (900.0, "mm"),  # a leg
        (175.0, "cm"),
        (90.0, "cm"),
        (20.0, "cm"),
        (0.001, None),
        (1e6, None),
    ],
)
def test_the_unit_is_the_one_in_which_the_points_are_as_large_as_a_person(size: float, unit: str | None) -> None:
    assert unit_that_fits(tall(size)) == unit


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_size_is_the_longest_side_whichever_axis_is_up(axis: int) -> None:
    assert unit_that_fits(tall(1750.0, axis=axis)) == "mm"


def test_one_frame_with_a_stray_point_does_not_change_the_unit() -> None:
    xyz = tall(1.75)
    xyz[1, 0] = 1e6

    assert unit_that_fits(xyz) == "m"


def test_points_without_value_do_not_count_for_the_size() -> None:
    xyz = np.concatenate([tall(1.75), np.full((3, 1, 3), np.nan)], axis=1)
    xyz[0, 0, 1] = np.nan

    assert unit_that_fits(xyz) == "m"


def test_the_path_through_the_room_does_not_count_for_the_size() -> None:
    walk = tall(1.75) + np.array([0.0, 500.0, 1000.0])[:, None, None]

    assert unit_that_fits(walk) == "m"


@pytest.mark.parametrize("xyz", [tall(5000.0)[:, :1], np.full((3, 2, 3), np.nan), np.empty((0, 2, 3))])
def test_nothing_to_measure_passes_for_metres(xyz: np.ndarray) -> None:
    assert unit_that_fits(xyz) == "m"
