"""Named points and how they hang together."""

import pytest

from posedetector.errors import InputError
from posedetector.skeletons import BLAZEPOSE_33, split_side, twin_of


# https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker
@pytest.mark.parametrize(
    ("row", "point"),
    [(0, "nose"), (7, "left_ear"), (11, "left_shoulder"), (16, "right_wrist"), (24, "right_hip"), (25, "left_knee")],
)
def test_blazepose_has_googles_order(row: int, point: str) -> None:
    assert BLAZEPOSE_33.index(point) == row


def test_blazepose_has_33_points() -> None:
    assert len(BLAZEPOSE_33) == 33


def test_no_two_points_share_a_name() -> None:
    assert len(set(BLAZEPOSE_33.points)) == len(BLAZEPOSE_33)


def test_every_point_but_the_nose_has_a_twin() -> None:
    paired = {row for pair in BLAZEPOSE_33.pairs for row in pair}

    assert set(range(33)) - paired == {BLAZEPOSE_33.index("nose")}


def test_twins_hang_from_twins_or_from_the_same_point() -> None:
    twins = dict(BLAZEPOSE_33.pairs)
    parents = BLAZEPOSE_33.parents

    assert all(parents[right] in (parents[left], twins.get(parents[left])) for left, right in BLAZEPOSE_33.pairs)


def test_every_point_leads_to_the_root() -> None:
    for row in range(len(BLAZEPOSE_33)):
        steps, point = 0, row
        while point >= 0 and steps <= len(BLAZEPOSE_33):
            point, steps = BLAZEPOSE_33.parents[point], steps + 1

        assert point == -1


def test_the_knee_hangs_from_the_hip_of_its_side() -> None:
    assert BLAZEPOSE_33.parents[BLAZEPOSE_33.index("left_knee")] == BLAZEPOSE_33.index("left_hip")


def test_an_unknown_point_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="blazepose_33 has no point named 'left_tail'"):
        BLAZEPOSE_33.index("left_tail")


def test_several_points_come_in_the_order_asked_for() -> None:
    assert BLAZEPOSE_33.indices("right_hip", "nose", "left_hip") == [24, 0, 23]


def test_has_wants_every_point() -> None:
    assert BLAZEPOSE_33.has("nose", "left_hip")
    assert not BLAZEPOSE_33.has("nose", "pelvis")


@pytest.mark.parametrize(
    ("name", "side", "rest", "twin"),
    [
        ("left_knee", "left", "knee", "right_knee"),
        ("right_upper_arm", "right", "upper_arm", "left_upper_arm"),
        ("trunk_side_bend", "", "trunk_side_bend", "trunk_side_bend"),
        ("leftover_knee", "", "leftover_knee", "leftover_knee"),
        ("left", "", "left", "left"),
    ],
)
def test_a_name_is_split_into_its_side_and_the_rest(name: str, side: str, rest: str, twin: str) -> None:
    assert split_side(name) == (side, rest)
    assert twin_of(name) == twin
