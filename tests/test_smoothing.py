"""The filter, by its properties."""

import numpy as np
import pytest

from posedetector.errors import InputError
from posedetector.pose import Array, MetricPose, Source
from posedetector.skeletons import Skeleton
from posedetector.smoothing import Smoothing, low_pass, sampling_rate, smooth

CUTOFF = 6.0
NOSE = Skeleton("nose", ("nose",), (-1,))


def sine(frequency: float, rate: float, seconds: float = 10.0) -> tuple[Array, Array]:
    time = np.arange(int(seconds * rate)) / rate
    return time, np.sin(2 * np.pi * frequency * time)


def amplitude(values: Array, time: Array, frequency: float) -> float:
    """Of a sine, from the middle of the clip, whose ends the filter may bend."""
    middle = slice(len(time) // 4, 3 * len(time) // 4)
    waves = np.stack([np.sin(2 * np.pi * frequency * time), np.cos(2 * np.pi * frequency * time)], axis=1)[middle]
    return float(np.linalg.norm(np.linalg.lstsq(waves, values[middle])[0]))


def pose(xyz: Array, root: Array, time: Array) -> MetricPose:
    frames = len(time)
    return MetricPose(
        NOSE,
        time,
        xyz.reshape(frames, 1, 3),
        np.ones((frames, 1)),
        np.full((frames, 1), Source.MEASURED, np.uint8),
        root,
    )


@pytest.mark.parametrize("rate", [25.0, 30.0, 60.0, 240.0])
def test_a_sine_at_the_cutoff_keeps_one_over_root_two_of_its_amplitude(rate: float) -> None:
    time, values = sine(CUTOFF, rate)

    assert amplitude(low_pass(values, time, CUTOFF), time, CUTOFF) == pytest.approx(1 / np.sqrt(2), abs=0.002)


def test_a_slow_sine_comes_through_without_lag() -> None:
    time, values = sine(0.5, 60.0)
    middle = slice(100, -100)

    assert low_pass(values, time, CUTOFF)[middle] == pytest.approx(values[middle], abs=1e-3)


def test_a_pulse_stays_where_it_is_and_symmetric() -> None:
    time = np.arange(201) / 60.0
    values = np.zeros(201)
    values[100] = 1.0
    result = low_pass(values, time, CUTOFF)

    assert result.argmax() == 100
    assert result == pytest.approx(result[::-1], abs=1e-9)


def test_a_fast_sine_is_gone() -> None:
    time, values = sine(25.0, 60.0)

    assert amplitude(low_pass(values, time, CUTOFF), time, 25.0) < 0.01


def test_a_constant_stays() -> None:
    time = np.arange(100) / 60.0

    assert low_pass(np.full(100, 1.7), time, CUTOFF) == pytest.approx(np.full(100, 1.7), abs=1e-12)


def test_a_straight_line_stays() -> None:
    time = np.arange(100) / 60.0

    assert low_pass(3 * time + 1, time, CUTOFF) == pytest.approx(3 * time + 1, abs=1e-3)


def test_the_filter_is_linear() -> None:
    random = np.random.default_rng(1)
    one, other = random.standard_normal((2, 100))
    time = np.arange(100) / 60.0

    together = low_pass(2 * one - 3 * other, time, CUTOFF)

    assert together == pytest.approx(2 * low_pass(one, time, CUTOFF) - 3 * low_pass(other, time, CUTOFF))


def test_a_hole_stays_a_hole_and_no_other_value_is_lost() -> None:
    time, values = sine(1.0, 60.0)
    values[200:230] = np.nan

    assert np.array_equal(np.isnan(low_pass(values, time, CUTOFF)), np.isnan(values))


def test_what_lies_beyond_a_hole_makes_no_difference() -> None:
    time, values = sine(1.0, 60.0)
    values[200:230] = np.nan
    other = values.copy()
    other[230:] = 100.0

    assert np.array_equal(low_pass(values, time, CUTOFF)[:200], low_pass(other, time, CUTOFF)[:200])


def test_a_run_shorter_than_the_filters_start_up_is_left_alone() -> None:
    values = np.random.default_rng(0).standard_normal(40)
    values[[9, 20]] = np.nan
    time = np.arange(40) / 60.0

    assert np.array_equal(low_pass(values, time, CUTOFF)[:9], values[:9])


def test_every_column_is_filtered_for_itself() -> None:
    time, slow = sine(1.0, 60.0)
    _, fast = sine(25.0, 60.0)
    both = low_pass(np.stack([slow, fast], axis=1), time, CUTOFF)

    assert np.array_equal(both[:, 0], low_pass(slow, time, CUTOFF))
    assert np.array_equal(both[:, 1], low_pass(fast, time, CUTOFF))


def test_uneven_times_are_filtered_on_the_true_time_axis() -> None:
    random = np.random.default_rng(0)
    time = (np.arange(600) + random.uniform(-0.3, 0.3, 600)) / 60.0
    values = np.sin(2 * np.pi * 0.5 * time)
    middle = slice(60, -60)

    assert low_pass(values, time, CUTOFF)[middle] == pytest.approx(values[middle], abs=0.01)


def test_a_dropped_frame_bends_nothing() -> None:
    time = np.delete(np.arange(300) / 60.0, 150)

    assert low_pass(2 * time, time, CUTOFF) == pytest.approx(2 * time, abs=1e-3)


@pytest.mark.parametrize("cutoff", [0.0, -1.0, 31.0, 100.0, np.nan])
def test_a_cutoff_outside_the_band_is_refused(cutoff: float) -> None:
    with pytest.raises(InputError, match="between 0 and 30 Hz"):
        low_pass(np.zeros(100), np.arange(100) / 60.0, cutoff)


def test_the_rate_of_a_clip_with_one_late_frame_is_the_usual_one() -> None:
    assert sampling_rate(np.array([0.0, 0.1, 0.2, 0.7, 0.8])) == pytest.approx(10)


def test_one_frame_has_no_rate() -> None:
    assert sampling_rate(np.array([0.0])) == np.inf


def test_without_a_cutoff_nothing_happens() -> None:
    rough = pose(np.random.default_rng(0).standard_normal((50, 3)), np.zeros((50, 3)), np.arange(50) / 60.0)

    assert smooth(rough, None) == (rough, Smoothing(None))


def test_a_cutoff_above_half_the_frame_rate_is_off_and_says_so() -> None:
    rough = pose(np.random.default_rng(0).standard_normal((50, 3)), np.zeros((50, 3)), np.arange(50) / 10.0)

    assert smooth(rough, 6.0) == (rough, Smoothing(6.0, "6 Hz is not below half of the 10 frames per second"))


def test_points_and_path_are_both_smoothed() -> None:
    time, fast = sine(25.0, 60.0)
    still, _ = smooth(pose(np.stack([fast] * 3, axis=1), np.stack([fast] * 3, axis=1), time), CUTOFF)

    assert np.abs(still.xyz[60:-60]).max() < 0.01
    assert np.abs(still.root[60:-60]).max() < 0.01


def test_the_account_names_the_filter() -> None:
    time, values = sine(1.0, 60.0)
    _, done = smooth(pose(np.stack([values] * 3, axis=1), np.zeros((len(time), 3)), time), CUTOFF)

    assert str(done) == "zero-lag Butterworth, order 4 in two passes, 6 Hz"


def test_one_frame_comes_through() -> None:
    one = pose(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros(1))
    smoothed, _ = smooth(one, CUTOFF)

    assert np.array_equal(smoothed.xyz, one.xyz)


def test_too_few_frames_for_a_filter_are_off_with_a_note_that_says_why() -> None:
    still = pose(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros(1))
    _, done = smooth(still, CUTOFF)
    (note,) = done.entry().notes

    assert str(done).startswith("off: a filter needs")
    assert note.text.startswith("not smoothed: a filter needs")
