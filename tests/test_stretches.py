"""Which stretches of a clip count, and an angle's extremes there."""

from typing import Any

import numpy as np
import pytest

from posedetector.kinematics.nouns import Cycles, Gait, JointAngles, Repetition, Side
from posedetector.kinematics.stretches import Stretches, extremes_in, stretches_of
from posedetector.pose import Array

NO_GAIT = Gait("none", "")
TIME = np.arange(0.0, 10.01, 0.1)


def cycles(side: Side, *starts: float) -> Cycles:
    nothing = np.zeros((len(starts), 101, 0))
    return Cycles(side, (), nothing, np.array(starts), np.array(starts) + 1)


def repetition(start: float, movement: Any = "squat") -> Repetition:
    return Repetition(movement, start, start + 0.5, start + 1, 0.4, 1.5)


def walking(*of: Cycles) -> Gait:
    return Gait("good", "", cycles=of)


BOTH = walking(cycles("left", 1.0, 2.0), cycles("right", 1.5))


@pytest.mark.parametrize(
    ("gait", "repetitions", "side", "kind", "spans"),
    [
        (BOTH, (repetition(5.0),), "left", "gait cycle", [(1, 2), (2, 3)]),
        (BOTH, (), "right", "gait cycle", [(1.5, 2.5)]),
        (BOTH, (), "", "gait cycle", [(1, 2), (2, 3), (1.5, 2.5)]),
        (walking(cycles("left", 1.0)), (), "right", "gait cycle", [(1, 2)]),
        (NO_GAIT, (repetition(3.0),), "left", "repetition", [(2.5, 4.5)]),
        (NO_GAIT, (repetition(3.0), repetition(4.4)), "", "repetition", [(2.5, 4.2), (4.2, 5.9)]),
        (
            NO_GAIT,
            (repetition(1.0), repetition(4.0, "sit_to_stand"), repetition(7.0)),
            "",
            "repetition",
            [(0.5, 2.5), (6.5, 8.5)],
        ),
        (NO_GAIT, (), "left", "clip", [(0.5, 9.5)]),
    ],
)
def test_cycles_count_then_repetitions_then_the_clip_without_its_ends(
    gait: Gait, repetitions: tuple[Repetition, ...], side: str, kind: str, spans: list[tuple[float, float]]
) -> None:
    found = stretches_of(TIME, gait, repetitions, side)

    assert found.kind == kind
    assert np.array(found.spans) == pytest.approx(np.array(spans))


def test_a_short_clip_loses_an_eighth_at_either_end() -> None:
    ((first, last),) = stretches_of(np.array([0.0, 0.4, 0.8]), NO_GAIT, (), "").spans

    assert (first, last) == pytest.approx((0.1, 0.7))


def test_a_clip_without_frames_has_no_stretches() -> None:
    assert stretches_of(np.zeros(0), NO_GAIT, (), "").spans == ()


def of_knee(values: Array, sd: Array, seen: Array) -> JointAngles:
    column = np.zeros((len(values), 1))
    return JointAngles(
        np.arange(len(values)) / 10, ("left_knee_flexion",), values[:, None], sd[:, None], column, column, seen[:, None]
    )


def test_an_extremes_deviation_is_the_fits_where_it_is() -> None:
    values = np.array([1.0, 5.0, 2.0, 0.0, 1.0])
    found = extremes_in(
        of_knee(values, np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.ones(5)), 0, Stretches("clip", ((0, 1),))
    )

    assert (found.low_sd.tolist(), found.high_sd.tolist()) == ([0.4], [0.2])


def test_a_stretch_that_shows_less_than_half_of_the_angle_does_not_count() -> None:
    seen = np.array([1.0] * 5 + [1.0, 1.0, 0.5, 0.5, 0.5])
    found = extremes_in(
        of_knee(np.arange(10.0), np.full(10, np.nan), seen), 0, Stretches("gait cycle", ((0, 0.4), (0.5, 0.9)))
    )

    assert len(found.low) == 1
    assert found.frames == 5
