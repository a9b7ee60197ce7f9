"""What is taken out of the 2D points, what is put right, and what must be left alone."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from posedetector.cleaning import clean, fill_gaps, find_outliers, undo_swaps
from posedetector.estimators.synthetic import Walker
from posedetector.pose import Array, Keypoints, Source
from posedetector.skeletons import BLAZEPOSE_33

RATE = 60.0
WRIST = BLAZEPOSE_33.index("left_wrist")
KNEE = BLAZEPOSE_33.index("left_knee")
LEGS = [pair for pair in BLAZEPOSE_33.pairs if pair[0] >= 23]
ARMS = [pair for pair in BLAZEPOSE_33.pairs if 11 <= pair[0] <= 22]


@pytest.fixture
def walking(walk: Callable) -> Keypoints:
    """Seen from the side, where the legs cross in the picture."""
    return walk().keypoints


@pytest.fixture
def still() -> Keypoints:
    """60 frames of somebody 400 pixels tall who does not move; a point's x tells which it is."""
    x, y = np.arange(33.0), np.linspace(0, 400, 33)
    return Keypoints(
        skeleton=BLAZEPOSE_33,
        time=np.arange(60) / RATE,
        xy=np.tile(np.stack([x, y], axis=1), (60, 1, 1)),
        score=np.full((60, 33), 0.9),
        source=np.full((60, 33), Source.MEASURED, np.uint8),
        xyz=np.zeros((60, 33, 3)),
        image_size=(640, 480),
    )


def with_xy(points: Keypoints, xy: Array) -> Keypoints:
    return replace(points, xy=xy)


def without(points: Keypoints, rows: slice, point: int) -> Keypoints:
    xy, xyz = points.xy.copy(), points.xyz.copy()
    score, source = points.score.copy(), points.source.copy()
    xy[rows, point], xyz[rows, point] = np.nan, np.nan
    score[rows, point], source[rows, point] = 0, Source.NONE
    return replace(points, xy=xy, xyz=xyz, score=score, source=source)


def swapped(points: Keypoints, rows: slice, pairs: list[tuple[int, int]]) -> Keypoints:
    order = np.arange(33)
    for left, right in pairs:
        order[left], order[right] = right, left
    xy, xyz, score = points.xy.copy(), points.xyz.copy(), points.score.copy()
    xy[rows], xyz[rows], score[rows] = xy[rows][:, order], xyz[rows][:, order], score[rows][:, order]
    return replace(points, xy=xy, xyz=xyz, score=score)


def test_a_clean_walk_is_left_alone(walking: Keypoints) -> None:
    cleaned = clean(walking)

    assert np.array_equal(cleaned.keypoints.xy, walking.xy)
    assert np.array_equal(cleaned.keypoints.xyz, walking.xyz)
    assert (cleaned.doubtful, cleaned.outliers, cleaned.swapped_frames) == (0, 0, 0)


def test_a_doubtful_point_is_dropped_whole(still: Keypoints) -> None:
    score = still.score.copy()
    score[20:50, WRIST] = 0.1
    cleaned = clean(replace(still, score=score), min_score=0.2)
    points = cleaned.keypoints

    assert np.isnan(points.xy[20:50, WRIST]).all()
    assert np.isnan(points.xyz[20:50, WRIST]).all()
    assert not points.score[20:50, WRIST].any()
    assert (points.source[20:50, WRIST] == Source.NONE).all()
    assert cleaned.doubtful == 30


def test_a_point_at_the_least_score_is_kept(still: Keypoints) -> None:
    cleaned = clean(replace(still, score=np.full((60, 33), 0.2)), min_score=0.2)

    assert cleaned.doubtful == 0


def test_a_jump_of_one_frame_is_filled_and_marked(still: Keypoints) -> None:
    xy = still.xy.copy()
    xy[30, WRIST] += 150
    cleaned = clean(with_xy(still, xy))

    assert cleaned.outliers == 1
    assert cleaned.keypoints.xy == pytest.approx(still.xy)
    assert cleaned.keypoints.source[30, WRIST] == Source.INTERPOLATED


def test_only_the_jump_is_marked(still: Keypoints) -> None:
    xy = still.xy.copy()
    xy[30, WRIST] += 150
    source = clean(with_xy(still, xy)).keypoints.source

    assert (source != Source.MEASURED).sum() == 1


def test_a_jump_in_a_walk_is_found_alone(walking: Keypoints) -> None:
    xy = walking.xy.copy()
    xy[60, WRIST] += 100
    found = find_outliers(with_xy(walking, xy))

    assert np.argwhere(found).tolist() == [[60, WRIST]]


@pytest.mark.parametrize("hertz", [1.0, 2.0, 3.0])
def test_a_fast_true_motion_is_no_outlier(still: Keypoints, hertz: float) -> None:
    xy = still.xy.copy()
    xy[:, WRIST, 0] += 120 * np.sin(2 * np.pi * hertz * still.time)

    assert not find_outliers(with_xy(still, xy)).any()


def test_a_kick_that_comes_and_goes_is_no_outlier(still: Keypoints) -> None:
    xy = still.xy.copy()
    xy[:, KNEE, 0] += 200 * np.exp(-(((still.time - 0.5) / 0.08) ** 2))

    assert not find_outliers(with_xy(still, xy)).any()


def test_a_tremble_of_a_pixel_is_no_outlier(still: Keypoints) -> None:
    xy = still.xy + np.random.default_rng(0).uniform(-1, 1, still.xy.shape)

    assert not find_outliers(with_xy(still, xy)).any()


# where the limbs are apart in the picture; where they cover each other nobody can tell them apart
@pytest.mark.parametrize(
    ("pairs", "start"), [(LEGS, 5), (LEGS, 35), (LEGS, 70), (LEGS, 103), (ARMS, 30), (ARMS, 65), (ARMS, 99)]
)
def test_a_swap_of_five_frames_is_undone_exactly(walking: Keypoints, pairs: list[tuple[int, int]], start: int) -> None:
    undone, frames = undo_swaps(swapped(walking, slice(start, start + 5), pairs))

    assert np.array_equal(undone.xy, walking.xy)
    assert np.array_equal(undone.xyz, walking.xyz)
    assert frames == 5


def test_legs_that_cross_are_left_alone(walking: Keypoints) -> None:
    ankles = walking.xy[:, BLAZEPOSE_33.indices("left_ankle", "right_ankle"), 0]
    undone, frames = undo_swaps(walking)

    assert len(np.flatnonzero(np.diff(np.sign(ankles[:, 0] - ankles[:, 1])))) >= 2
    assert frames == 0
    assert np.array_equal(undone.xy, walking.xy)


def test_noise_does_not_look_like_a_swap(walk: Callable) -> None:
    noisy = walk(noise=3.0).keypoints

    assert undo_swaps(noisy)[1] == 0


def test_a_person_who_turns_round_is_not_swapped(walk: Callable) -> None:
    still = Walker(start=(0.0, 0.0), speed=0.0)
    front = walk(replace(still, heading=np.pi / 2)).keypoints

    assert undo_swaps(front)[1] == 0


def test_what_stays_swapped_for_long_is_how_the_person_stands(walking: Keypoints) -> None:
    turned = swapped(walking, slice(40, 80), LEGS)

    assert undo_swaps(turned)[1] == 0


def moving(points: Keypoints) -> Keypoints:
    """The wrist goes 60 pixels a second to the right, and 1 m a second away."""
    xy, xyz = points.xy.copy(), points.xyz.copy()
    xy[:, WRIST, 0] = 100 + 60 * points.time
    xyz[:, WRIST, 2] = points.time
    return replace(points, xy=xy, xyz=xyz)


def test_a_short_gap_of_steady_motion_is_filled_with_that_motion(still: Keypoints) -> None:
    whole = moving(still)
    filled = fill_gaps(without(whole, slice(20, 30), WRIST), 0.25)

    assert filled.xy == pytest.approx(whole.xy)
    assert filled.xyz == pytest.approx(whole.xyz)


def test_a_gap_is_filled_on_the_true_time_axis(still: Keypoints) -> None:
    uneven = np.sort(np.random.default_rng(0).uniform(0, 1, 60))
    whole = moving(replace(still, time=uneven))

    assert fill_gaps(without(whole, slice(20, 26), WRIST), 1.0).xy == pytest.approx(whole.xy)


def test_what_is_filled_is_marked_and_trusted_no_more_than_its_ends(still: Keypoints) -> None:
    score = still.score.copy()
    score[19, WRIST] = 0.6
    filled = fill_gaps(without(replace(still, score=score), slice(20, 30), WRIST), 0.25)

    assert (filled.source[20:30, WRIST] == Source.INTERPOLATED).all()
    assert filled.score[20:30, WRIST] == pytest.approx(np.full(10, 0.6))


@pytest.mark.parametrize(("missing", "is_filled"), [(14, True), (15, False), (30, False)])
def test_gaps_are_filled_up_to_the_length_stated_and_no_further(
    still: Keypoints, missing: int, is_filled: bool
) -> None:
    # between the points on either side of 14 missing frames lie 15 steps of 1/60 s: 0.25 s
    filled = fill_gaps(without(still, slice(20, 20 + missing), WRIST), 0.25 + 1e-9)

    assert np.isfinite(filled.xy[20 : 20 + missing, WRIST]).all() == is_filled


def test_a_long_gap_stays_nan_all_through(still: Keypoints) -> None:
    points = clean(without(still, slice(20, 45), WRIST)).keypoints

    assert np.isnan(points.xy[20:45, WRIST]).all()
    assert (points.source[20:45, WRIST] == Source.NONE).all()


@pytest.mark.parametrize("rows", [slice(0, 3), slice(57, 60)], ids=["start", "end"])
def test_nothing_is_extrapolated(still: Keypoints, rows: slice) -> None:
    filled = fill_gaps(without(still, rows, WRIST), 10.0)

    assert np.isnan(filled.xy[rows, WRIST]).all()


def test_a_filled_gap_never_leaves_the_range_of_its_ends(still: Keypoints) -> None:
    xy = still.xy.copy()
    xy[:, WRIST, 0] = np.where(np.arange(60) < 25, 0.0, 100.0)
    filled = fill_gaps(without(with_xy(still, xy), slice(20, 30), WRIST), 1.0).xy[:, WRIST, 0]

    assert filled.min() == pytest.approx(0)
    assert filled.max() == pytest.approx(100)


def test_max_gap_zero_fills_nothing(still: Keypoints) -> None:
    assert np.isnan(clean(without(still, slice(20, 21), WRIST), max_gap=0.0).keypoints.xy[20, WRIST]).all()


def test_points_without_depth_are_cleaned_too(still: Keypoints) -> None:
    flat = replace(without(still, slice(20, 23), WRIST), xyz=None)

    assert clean(flat).keypoints.xy == pytest.approx(still.xy)


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_a_clip_of_a_few_frames_comes_through(walk: Callable, frames: int) -> None:
    short = walk(frames=frames).keypoints

    assert np.array_equal(clean(short).keypoints.xy, short.xy)


def test_the_callers_points_are_left_alone(still: Keypoints) -> None:
    holed = without(still, slice(20, 23), WRIST)
    clean(holed)

    assert np.isnan(holed.xy[20:23, WRIST]).all()


def leaving(points: Keypoints, rows: slice) -> Keypoints:
    """The left toes reach the image's left border in these frames."""
    xy = points.xy + np.array([100.0, 0.0])
    xy[rows, BLAZEPOSE_33.index("left_foot_index"), 0] = 1.0
    return replace(points, xy=xy, time=np.arange(len(points.time)) / 20)


LEFT_LEG = [BLAZEPOSE_33.index(f"left_{name}") for name in ("knee", "ankle", "heel", "foot_index")]


def missing(points: Keypoints) -> list[tuple[int, int]]:
    return [(int(row), int(point)) for row, point in np.argwhere(~np.isfinite(points.xy).all(axis=-1))]


def test_a_leg_that_leaves_the_image_is_missing_from_then_on(still: Keypoints) -> None:
    cleaned = clean(leaving(still, slice(50, 52)))

    assert missing(cleaned.keypoints) == [(row, point) for row in range(50, 60) for point in sorted(LEFT_LEG)]
    assert cleaned.leaving == 40


def test_a_leg_that_enters_the_image_is_missing_until_it_is_whole(still: Keypoints) -> None:
    cleaned = clean(leaving(still, slice(3, 6)))

    assert missing(cleaned.keypoints) == [(row, point) for row in range(6) for point in sorted(LEFT_LEG)]


@pytest.mark.parametrize("rows", [slice(0, 60), slice(28, 31)], ids=["always", "in the middle"])
def test_a_foot_at_the_border_that_does_not_leave_is_kept(rows: slice, still: Keypoints) -> None:
    assert clean(leaving(still, rows)).leaving == 0


def test_nobody_knows_who_will_leave_when_no_later_frame_counts(still: Keypoints) -> None:
    assert clean(leaving(still, slice(50, 60)), online=True).leaving == 0
