"""What `analyze` tells of the movement when it is done."""

from collections.abc import Sequence

import numpy as np
import pytest

from posedetector.cli.analyze import _findings
from posedetector.kinematics.nouns import Gait, Quantity, Repetition, Side
from posedetector.trial import Trial
from studied import EVENTS, NAN, nothing_found, with_kinematics


def quantity(name: str, side: Side | str, value: float, unit: str) -> Quantity:
    return Quantity(name, side, value, NAN, 3, unit, "")  # type: ignore[arg-type]


def said(trial: Trial, **parts: object) -> dict[str, str]:
    return dict(_findings(with_kinematics(nothing_found(trial), **parts)))


def walk(*quantities: Quantity) -> Gait:
    return Gait("doubtful", "few strides", EVENTS, quantities)


CADENCE, SPEED = quantity("cadence", "", 1.9, "steps/s"), quantity("walking_speed", "", 1.234, "m/s")


def test_where_nothing_was_found_there_is_no_gait_and_nothing_else(trial: Trial) -> None:
    assert said(trial) == {"gait": "none"}


def test_the_legs_angles_go_from_their_least_to_their_greatest_in_degrees(trial: Trial) -> None:
    ends = {"left": (-0.1, 1.0), "right": (0.2, 1.1)}
    rows = [
        quantity(f"knee_flexion_{end}", side, value, "rad")
        for side, values in ends.items()
        for end, value in zip(("minimum", "maximum"), values, strict=True)
    ]

    assert said(trial, summary=tuple(rows))["knee flexion"] == "left -6 to 57°, right 11 to 63°"


def test_a_side_without_an_angle_is_not_told(trial: Trial) -> None:
    rows = [quantity(f"hip_flexion_{end}", "right", np.radians(10), "rad") for end in ("minimum", "maximum")]

    found = said(trial, summary=tuple(rows))

    assert found["hip flexion"] == "right 10 to 10°"
    assert set(found) == {"hip flexion", "gait"}


@pytest.mark.parametrize(
    ("quantities", "more"),
    [
        ((CADENCE, SPEED), ", 114 steps a minute, 1.23 m/s"),
        ((CADENCE,), ", 114 steps a minute"),
        ((SPEED,), ", 1.23 m/s"),
        ((quantity("cadence", "left", 0.9, "steps/s"),), ""),  # not the whole body's
    ],
)
def test_a_gait_tells_its_quality_its_events_and_how_fast_it_is(
    trial: Trial, quantities: Sequence[Quantity], more: str
) -> None:
    assert said(trial, gait=walk(*quantities)) == {"gait": f"doubtful, 2 events{more}"}


def test_repetitions_tell_how_many_of_what_and_how_deep(trial: Trial) -> None:
    movements = ("squat", 0.4), ("sit_to_stand", 0.3), ("squat", 0.5)
    repetitions = tuple(
        Repetition(movement, 1.0, 2.0, 3.0, depth, NAN)  # type: ignore[arg-type]
        for movement, depth in movements
    )

    assert said(trial, repetitions=repetitions)["repetitions"] == "3 (squat, sit to stand), 40 cm deep on average"
