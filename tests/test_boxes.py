"""Boxes, crops and the tiles that a picture is searched in."""

import numpy as np
import pytest

from posedetector.boxes import Square, box_of, box_overlap, cut_square, in_view, tiles

PICTURE = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)


def box(*sides: float) -> np.ndarray:
    return np.array(sides, float)


def test_a_crop_inside_the_picture_is_that_part_of_it() -> None:
    assert np.array_equal(cut_square(PICTURE, Square(2, 1, 4)), PICTURE[1:5, 2:6])


def test_a_crop_is_black_where_it_leaves_the_picture() -> None:
    crop = cut_square(PICTURE, Square(-2, -2, 4))

    assert np.array_equal(crop[2:, 2:], PICTURE[:2, :2])
    assert crop[:2].sum() == crop[:, :2].sum() == 0


@pytest.mark.parametrize("square", [Square(100, 0, 4), Square(-9, 0, 4), Square(0, 50, 4), Square(0, -50, 4)])
def test_a_crop_outside_the_picture_is_black(square: Square) -> None:
    crop = cut_square(PICTURE, square)

    assert crop.shape == (4, 4, 3)
    assert not crop.any()


def test_a_crop_is_contiguous_bytes_of_its_own() -> None:
    crop = cut_square(PICTURE, Square(2, 1, 4))

    assert crop.flags["C_CONTIGUOUS"]
    assert not np.shares_memory(crop, PICTURE)


def test_a_square_around_a_point_has_it_in_the_middle() -> None:
    assert Square.around(50, 30, 20).middle == (50, 30)


def test_a_square_is_never_empty() -> None:
    assert Square.around(5, 5, 0.0).side == 1


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (500, 500), (1920, 240)])
def test_the_tiles_of_every_scale_cover_the_picture(size: tuple[int, int]) -> None:
    squares = tiles(size)

    for side in {square.side for square in squares}:
        covered = np.zeros(size[::-1], bool)
        for one in squares:
            if one.side == side:
                covered[
                    max(one.top, 0) : max(one.top + one.side, 0), max(one.left, 0) : max(one.left + one.side, 0)
                ] = True
        assert covered[1:-1, 1:-1].all()


def test_the_first_tile_is_the_whole_picture() -> None:
    assert tiles((1280, 720))[0] == Square(0, -280, 1280)


def test_no_tile_comes_twice() -> None:
    squares = tiles((500, 500))

    assert len(set(squares)) == len(squares)


def test_the_box_of_points_ignores_those_not_seen() -> None:
    xy = np.array([[3.0, 9.0], [np.nan, np.nan], [1.0, 10.0], [2.0, 4.0]])

    assert box_of(xy).tolist() == [1, 4, 3, 10]


def test_a_box_overlaps_itself_wholly() -> None:
    assert box_overlap(box(1, 2, 5, 9), box(1, 2, 5, 9)) == 1


def test_boxes_apart_do_not_overlap() -> None:
    assert box_overlap(box(0, 0, 2, 2), box(3, 3, 5, 5)) == 0


def test_boxes_that_touch_do_not_overlap() -> None:
    assert box_overlap(box(0, 0, 2, 2), box(2, 0, 4, 2)) == 0


def test_half_of_two_equal_boxes_shared_is_a_third_of_their_union() -> None:
    assert box_overlap(box(0, 0, 4, 2), box(2, 0, 6, 2)) == pytest.approx(1 / 3)


def test_boxes_without_area_do_not_overlap() -> None:
    assert box_overlap(box(1, 1, 1, 1), box(1, 1, 1, 1)) == 0


@pytest.mark.parametrize(
    ("box", "seen"),
    [
        ((10, 10, 50, 50), True),
        ((-10, -10, 1, 1), True),
        ((90, 40, 200, 200), True),
        ((-10, 10, 0, 20), False),
        ((10, -10, 20, 0), False),
        ((100, 10, 120, 20), False),
        ((10, 50, 20, 60), False),
        ((20, 10, 20, 40), False),
        ((20, 40, 30, 40), False),
        ((30, 10, 20, 40), False),
        ((np.nan, 10, 20, 40), False),
    ],
)
def test_a_box_is_in_view_where_it_has_an_area_and_shows_some_of_the_picture(
    box: tuple[float, ...], seen: bool
) -> None:
    assert in_view(np.array([box], float), (100, 50)).tolist() == [seen]
