"""Nouns are checked where they are born, and stay as they are."""

import copy
import importlib
import inspect
import pickle
import pkgutil
import typing
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import posedetector
from posedetector.errors import InputError
from posedetector.kinematics.nouns import Gait, JointAngles, Kinematics, Masses
from posedetector.pose import (
    Array,
    Frame,
    Keypoints,
    MetricPose,
    PersonPose,
    RelativePose,
    Source,
    Spread,
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
        replace(noun, **{field: np.zeros(shape, np.uint8)})


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


# what may be given, and what becomes of it


@pytest.mark.parametrize("kind", [np.float32, np.float16, np.int64, list])
def test_other_numbers_are_converted(kind: Any) -> None:
    given = [[0, 1], [2, 3], [4, 5]]
    xyz = np.repeat(np.array(given)[..., None], 3, axis=2)
    pose = replace(RELATIVE, xyz=xyz.tolist() if kind is list else xyz.astype(kind))

    assert pose.xyz.dtype == np.float64
    assert np.array_equal(pose.xyz, xyz)


def test_sources_in_a_list_are_converted() -> None:
    assert replace(RELATIVE, source=[[Source.LIFTED] * 2] * 3).source.dtype == np.uint8


@pytest.mark.parametrize(
    ("field", "given", "said"),
    [
        ("xyz", XYZ + 1j, "real numbers; got complex128"),
        ("xyz", XYZ.astype(str), "real numbers; got <U32"),
        ("xyz", XYZ.astype(object), "real numbers; got object"),
        ("xyz", [[1.0], [1.0, 2.0]], "real numbers; got list"),
        ("score", SCORE.astype(bool), "real numbers; got bool"),
        ("source", SOURCE.astype(float), "whole numbers in 0–255; got float64"),
        ("source", SOURCE.astype(int) + 256, "whole numbers in 0–255; got numbers from 262 to 262"),
        ("source", SOURCE + 1, "a Source each, 0–6, got 7"),
        ("score", SCORE * 1.01, "in 0–1, got 1.01"),
        ("score", SCORE * np.nan, "in 0–1, got nan"),
        ("time", [0.0, 0.1, np.inf], "finite"),
    ],
)
def test_what_is_no_such_array_is_refused_and_it_says_what_it_was(field: str, given: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        replace(RELATIVE, **{field: given})


def test_an_array_is_not_copied_and_stays_writable_for_whoever_made_it() -> None:
    xyz = XYZ.copy()
    pose = replace(RELATIVE, xyz=xyz)
    xyz[0] = 1.0

    assert np.shares_memory(pose.xyz, xyz)


NAN = float("nan")
SPREAD = Spread(XYZ, {"left_knee_flexion": np.zeros(3)})
ANGLES = JointAngles(TIME, ("left_knee_flexion",), *[np.zeros((3, 1))] * 5)
FOUND = Kinematics(ANGLES, Gait("none", ""), (), Masses(np.zeros((3, 3)), {"trunk": 1.0}, None, ""), (), {})
NOUNS = {
    type(noun).__name__: noun
    for noun in (Frame(0, 0.0, np.zeros((4, 4, 3), np.uint8)), PERSON, KEYPOINTS, RELATIVE, METRIC, SPREAD, ANGLES)
}


def arrays_of(noun: Any) -> dict[str, np.ndarray]:
    return {name: array for name in noun.__slots__ if isinstance(array := getattr(noun, name), np.ndarray)}


@pytest.mark.parametrize("noun", NOUNS.values(), ids=NOUNS)
@pytest.mark.parametrize("how", [lambda noun: noun, copy.deepcopy, lambda noun: pickle.loads(pickle.dumps(noun))])
def test_no_array_of_a_noun_nor_of_a_copy_can_be_changed(noun: Any, how: Callable) -> None:
    for array in arrays_of(how(noun)).values():
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize(("noun", "field"), [(SPREAD, "angles"), (FOUND, "grades"), (FOUND.masses, "shares")])
def test_no_mapping_of_a_noun_can_be_changed(noun: Any, field: str) -> None:
    with pytest.raises(TypeError, match="item assignment"):
        getattr(noun, field)["another"] = 0.0


def test_what_has_mappings_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(FOUND)).masses.shares == {"trunk": 1.0}


# missing points

GONE = np.array([NAN] * 3)


def spoiled(noun: Any, **values: Any) -> Any:
    """Return the noun with other values in frame 1, point 0."""
    arrays = {name: np.array(getattr(noun, name)) for name in values}
    for name, value in values.items():
        arrays[name][1, 0] = value
    return replace(noun, **arrays)


@pytest.mark.parametrize("noun", [RELATIVE, METRIC, KEYPOINTS], ids=lambda noun: type(noun).__name__)
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"place": NAN}, r"point\[1, 0\] is \[nan.*with score 1 and source MEASURED"),
        ({"place": NAN, "source": Source.NONE}, "with score 1 and source NONE"),
        ({"place": NAN, "score": 0.0}, "with score 0 and source MEASURED"),
        ({"score": 0.0, "source": Source.NONE}, r"is \[0. 0.*with score 0 and source NONE"),
        ({"score": 0.0}, "with score 0 and source MEASURED"),
        ({"source": Source.NONE}, "with score 1 and source NONE"),
        ({"place": np.inf}, "finite, or all of them NaN"),
    ],
)
def test_a_point_is_missing_in_all_or_in_nothing(noun: Any, values: dict[str, Any], said: str) -> None:
    place = "xy" if isinstance(noun, Keypoints) else "xyz"
    with pytest.raises(InputError, match=said):
        spoiled(noun, **{place if name == "place" else name: value for name, value in values.items()})


@pytest.mark.parametrize("noun", [RELATIVE, METRIC, KEYPOINTS], ids=lambda noun: type(noun).__name__)
def test_a_missing_point_is_accepted(noun: Any) -> None:
    places = {name: NAN for name in ("xy", "xyz") if hasattr(noun, name)}

    assert spoiled(noun, score=0.0, source=Source.NONE, **places).score[1, 0] == 0


def test_a_point_of_which_one_coordinate_is_missing_is_refused() -> None:
    with pytest.raises(InputError, match="all of them NaN"):
        spoiled(RELATIVE, xyz=[0.0, NAN, 0.0])


def test_a_person_of_whom_a_point_is_missing_in_2d_alone_is_refused() -> None:
    with pytest.raises(InputError, match="missing in 2D"):
        replace(PERSON, xy=[[NAN, NAN], [0, 0]], score=[0, 1])


def test_a_point_that_is_seen_may_have_no_depth() -> None:
    assert np.isnan(spoiled(KEYPOINTS, xyz=NAN).xyz[1, 0]).all()


def test_a_body_may_be_known_where_its_place_is_not() -> None:
    assert np.isnan(replace(METRIC, root=np.full((3, 3), NAN)).positions).all()


# equality


def parts_of_hint(hint: Any) -> Iterator[Any]:
    yield hint
    if typing.get_origin(hint) is not typing.get_origin(Callable[[], None]):  # what a function takes, nobody holds
        for part in typing.get_args(hint):
            yield from parts_of_hint(part)


def holds_arrays(cls: type, above: tuple[type, ...] = ()) -> bool:
    """Whether a dataclass has an array in a field, or in a field of a dataclass in one."""
    hints = typing.get_type_hints(cls, localns={"pd": pd, "Array": Array, "Told": object}).values()
    return any(
        np.ndarray in {part, typing.get_origin(part)}
        or (inspect.isclass(part) and is_dataclass(part) and part not in above and holds_arrays(part, (*above, cls)))
        for hint in hints
        for part in parts_of_hint(hint)
    )


def test_what_holds_arrays_is_equal_by_identity() -> None:
    """The comparison that dataclasses generate would ask an array whether it is true."""
    names = [one.name for one in pkgutil.walk_packages(posedetector.__path__, "posedetector.")]
    modules = [importlib.import_module(name) for name in names if not name.endswith("__main__")]
    found = {one for module in modules for one in vars(module).values() if inspect.isclass(one) and is_dataclass(one)}
    holders = {one for one in found if one.__module__.startswith("posedetector") and holds_arrays(one)}

    assert {MetricPose, Kinematics} <= holders
    assert sorted(one.__qualname__ for one in holders if one.__dataclass_params__.eq) == []  # type: ignore[attr-defined]


def test_nouns_can_be_compared_and_hashed() -> None:
    assert len({METRIC, METRIC, replace(METRIC)}) == 2
