"""What is usual: chosen by age and sex, never required, and never without saying whose it is."""

import numpy as np
import pytest

from posedetector.kinematics.nouns import UNITS
from posedetector.kinematics.reference import SPEEDS, Reference, compare_speeds, references, speed_reference
from posedetector.subject import Subject

NOBODY = Subject(height=1.67)  # as tall as the reference's people


@pytest.mark.parametrize(
    ("age", "sex", "speed"),
    [
        (20, "male", 1.36),
        (29.9, "male", 1.36),
        (30, "male", 1.43),
        (45, "male", 1.43),
        (45, "female", 1.39),
        (69, "female", 1.24),
        (70, "female", 1.13),
        (80, "male", 0.97),
        (99, "female", 0.94),
    ],
)
def test_speed_is_that_of_the_decade_and_sex(age: float, sex: str, speed: float) -> None:
    found = speed_reference(age, sex)

    assert found is not None
    assert found.mean == speed
    assert found.unit == "m/s"


def test_the_papers_abstract_has_the_table_s_ends() -> None:
    """143.4 cm/s for men of 40-49 and 94.3 for women of 80-99 are the greatest and least of its means."""
    every = [speed_reference(age, sex) for age in range(20, 100) for sex in ("male", "female")]
    means = [one.mean for one in every if one is not None]

    assert (max(means), min(means)) == (1.43, 0.94)


@pytest.mark.parametrize(("age", "sex"), [(None, "male"), (40, None), (19.9, "male"), (100, "female"), (7, "male")])
def test_without_age_or_sex_or_beyond_the_table_there_is_no_speed(age: float | None, sex: str | None) -> None:
    assert speed_reference(age, sex) is None


def test_a_speed_has_no_band_since_only_means_were_published() -> None:
    found = speed_reference(40, "male")

    assert found is not None
    assert found.sd is None
    assert found.band() is None


def test_a_band_is_the_mean_and_so_many_deviations() -> None:
    one = Reference("step_length", 0.65, 0.05, "m", "", "", "")

    assert one.band() == pytest.approx((0.60, 0.70))
    assert one.band(2) == pytest.approx((0.55, 0.75))


def test_cadence_is_in_steps_a_minute() -> None:
    cadence = references(NOBODY)["cadence"]

    assert (cadence.mean, cadence.unit) == (pytest.approx(114.7), "steps/min")


def test_double_support_is_what_two_stances_have_too_much() -> None:
    """Of both feet's stance, all beyond a whole cycle is double: 2 · 60.3 % − 100 % = 20.6 %, near the 20.4 % of the table."""
    found = references(NOBODY)

    assert 2 * found["stance_share"].mean - 100 == pytest.approx(found["double_support_share"].mean, abs=0.5)


@pytest.mark.parametrize("height", [1.4, 1.67, 2.0])
@pytest.mark.parametrize("speed", [1.0, 1.24, 1.4])
def test_step_length_times_cadence_is_about_the_speed_that_was_walked(speed: float, height: float) -> None:
    found = references(Subject(height=height), speed)

    assert found["step_length"].mean * found["cadence"].mean / 60 == pytest.approx(speed, rel=0.02)


def test_who_walks_slowly_is_compared_with_slow_walks() -> None:
    assert references(NOBODY, 0.94)["double_support_share"].mean == pytest.approx(23.7)
    assert references(NOBODY, 1.09)["stance_share"].mean == pytest.approx((61.8 + 60.3) / 2)


def test_lengths_go_by_stature_times_by_its_root_and_shares_not_at_all() -> None:
    """Dynamic similarity (Hof 1996): a person of 1.21 times the stature walks as alike at 1.1 times the speed."""
    own, taller = references(NOBODY, 1.24), references(Subject(height=1.21 * 1.67), 1.1 * 1.24)

    assert taller["step_length"].mean == pytest.approx(1.21 * own["step_length"].mean)
    assert taller["cadence"].mean == pytest.approx(own["cadence"].mean / 1.1)
    assert taller["stance_share"].mean == pytest.approx(own["stance_share"].mean)


def test_an_error_of_the_speed_widens_the_range() -> None:
    """0.15 m/s are half of the way from 1.24 to 0.94, so double support is ± (23.7 − 17.9 %) / 2 · about a half uncertain."""
    sure, unsure = references(NOBODY, 1.24), references(NOBODY, 1.24, 0.15)
    added = (23.7 - 20.4) / 4 + (20.4 - 17.9) * 0.15 / 0.26 / 2

    assert unsure["double_support_share"].sd == pytest.approx(np.hypot(1.9, added))
    assert sure["double_support_share"].sd == pytest.approx(1.9)


@pytest.mark.parametrize(
    ("speed", "said"),
    [(1.1, ""), (0.6, "walked at 0.94 m/s and the subject at 0.60"), (1.8, "walked at 1.50"), (None, "not known")],
)
def test_a_speed_at_which_nobody_of_the_reference_walked_is_named(speed: float | None, said: str) -> None:
    assert said in compare_speeds(NOBODY, speed)
    assert bool(compare_speeds(NOBODY, speed)) == bool(said)


def test_beyond_the_speeds_of_the_reference_nothing_is_extrapolated() -> None:
    assert references(NOBODY, 0.3) == references(NOBODY, SPEEDS[0])


@pytest.mark.parametrize(("ends", "where"), [((0.76, 0.80), "above"), ((0.74, 0.80), ""), ((0.4, 0.5), "below")])
def test_outside_is_what_lies_there_with_all_of_its_interval(ends: tuple[float, float], where: str) -> None:
    assert Reference("step_length", 0.65, 0.05, "m", "", "", "").outside(*ends) == where


def test_nothing_is_required() -> None:
    assert "walking_speed" not in references(NOBODY)
    assert set(references(NOBODY)) == {"cadence", "step_length", "stance_share", "double_support_share"}


def test_who_is_known_has_a_speed_too() -> None:
    assert references(Subject(height=1.7, age=33, sex="female"))["walking_speed"].mean == 1.34


def test_a_child_is_not_held_to_adults() -> None:
    assert references(Subject(height=1.2, age=7, sex="male")) == {}


@pytest.mark.parametrize("subject", [NOBODY, Subject(height=1.7, age=65, sex="male")], ids=["nobody", "somebody"])
def test_each_says_whose_it_is_and_has_a_unit_that_writers_know(subject: Subject) -> None:
    for name, one in references(subject).items():
        assert one.name == name
        assert one.unit in {unit for unit, _ in UNITS.values()}
        assert one.population
        assert one.source
        assert one.licence
