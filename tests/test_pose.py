"""Shapes are refused where they are born."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from posedetector.errors import InputError
from posedetector.pose import (
    Frame,
    Keypoints,
    MetricPose,
    PersonPose,
    RelativePose,
    Source,
    finite,
    has_bone_length,
    is_in_picture,
    is_made_up,
    is_missing,
    is_observed,
    weakest,
    weakest_of,
)
from posedetector.skeletons import Skeleton

TWO = Skeleton("two", ("left_hip", "right_hip"), (-1, -1))
TIME = np.array([0.0, 0.1, 0.2])
SCORE = np.ones((3, 2))
SOURCE = np.full((3, 2), Source.MEASURED, np.uint8)
XYZ = np.zeros((3, 2, 3))

PERSON = PersonPose(bbox=np.zeros(4), xy=np.zeros((2, 2)), score=np.ones(2), xyz=np.zeros((2, 3)))
KEYPOINTS = Keypoints(TWO, TIME, np.zeros((3, 2, 2)), SCORE, SOURCE, XYZ, (640, 360))
RELATIVE = RelativePose(TWO, TIME, XYZ, SCORE, SOURCE)
METRIC = MetricPose(TWO, TIME, XYZ, SCORE, SOURCE, np.zeros((3, 3)))


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3))])
def test_a_frame_is_refused_unless_it_is_rgb_bytes(image: np.ndarray) -> None:
    with pytest.raises(InputError, match="uint8 RGB"):
        Frame(0, 0.0, image)


def test_the_size_of_a_frame_is_width_then_height() -> None:
    assert Frame(0, 0.0, np.zeros((360, 640, 3), np.uint8)).size == (640, 360)


@pytest.mark.parametrize(
    ("noun", "field", "shape"),
    [
        (PERSON, "bbox", (2, 2)),
        (PERSON, "xy", (2, 3)),
        (PERSON, "score", (3,)),
        (PERSON, "xyz", (2, 2)),
        (KEYPOINTS, "xy", (3, 2, 3)),
        (KEYPOINTS, "score", (2, 3)),
        (KEYPOINTS, "source", (3,)),
        (KEYPOINTS, "xyz", (3, 2, 2)),
        (RELATIVE, "xyz", (3, 3, 3)),
        (RELATIVE, "score", (3, 2, 1)),
        (RELATIVE, "source", (2, 2)),
        (METRIC, "xyz", (3, 2)),
        (METRIC, "root", (3, 2)),
    ],
)
def test_an_array_of_the_wrong_shape_is_refused(noun: object, field: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="must have the shape"):
        replace(noun, **{field: np.zeros(shape)})


@pytest.mark.parametrize("noun", [KEYPOINTS, RELATIVE, METRIC])
@pytest.mark.parametrize("time", [[0.0, 0.1, 0.1], [0.2, 0.1, 0.0], [0.0, np.nan, 0.2]])
def test_times_that_do_not_increase_are_refused(noun: object, time: list[float]) -> None:
    with pytest.raises(InputError, match="strictly increasing"):
        replace(noun, time=np.array(time))


def test_an_estimator_without_depth_is_accepted() -> None:
    assert replace(PERSON, xyz=None).xyz is None


def test_positions_are_the_relative_points_moved_along_the_path() -> None:
    pose = replace(METRIC, xyz=np.full((3, 2, 3), 0.25), root=np.array([[1.0, 2.0, 3.0]] * 3))

    assert np.array_equal(pose.positions, np.tile([1.25, 2.25, 3.25], (3, 2, 1)))


def test_sources_are_ordered_from_nothing_to_firsthand() -> None:
    assert Source.NONE < Source.MIRRORED < Source.INTERPOLATED < Source.AUGMENTED < Source.LIFTED < Source.MEASURED


def test_no_source_has_no_label() -> None:
    assert [source.label for source in Source] == [
        *("", "mirrored", "interpolated", "augmented", "carried", "lifted", "measured")
    ]


def test_a_point_is_finite_only_with_all_its_coordinates() -> None:
    assert finite(np.array([[1.0, np.nan], [1.0, 2.0], [np.inf, 0.0]])).tolist() == [False, True, False]


EVERY = np.array(list(Source), np.uint8)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (is_missing, "none"),
        (is_made_up, "interpolated mirrored"),
        (is_observed, "measured lifted carried augmented"),
        (is_in_picture, "measured lifted carried"),
        (has_bone_length, "measured lifted augmented"),
    ],
)
def test_what_is_asked_of_a_source_is_true_of_these(asked: Callable[[np.ndarray], np.ndarray], names: str) -> None:
    assert {Source(one).name.lower() for one in EVERY[asked(EVERY)]} == set(names.split())
    assert [bool(asked(one)) for one in Source] == asked(EVERY).tolist()


def test_the_weakest_of_several_sources_is_the_least_firsthand_element_by_element() -> None:
    found = weakest(np.array([Source.MEASURED, Source.CARRIED, Source.NONE], np.uint8), Source.AUGMENTED)

    assert found.dtype == np.uint8
    assert found.tolist() == [Source.AUGMENTED, Source.AUGMENTED, Source.NONE]


def test_the_weakest_of_joints_is_taken_along_their_axis() -> None:
    source = np.array(
        [[Source.MEASURED, Source.MIRRORED, Source.INTERPOLATED], [Source.LIFTED, Source.CARRIED, Source.LIFTED]]
    )

    assert weakest_of(source.astype(np.uint8)).tolist() == [Source.MIRRORED, Source.CARRIED]
