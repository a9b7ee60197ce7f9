"""Lengths and masses as people type them."""

import pytest

from posedetector.errors import InputError
from posedetector.quantities import parse_body_mass, parse_bone_lengths, parse_height


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        *((one, 1.78) for one in ("1.78", "1,78", "178cm", "178 cm", "178CM", "1.78m", "1,78 m", "1m78", "1780mm", " 1.78 ")),
        *((one, 1.8034) for one in ("5ft11in", "5 ft 11 in", "5'11\"", "5'11", "5’11”", "5 feet 11 inches", "5ft 11", "71in")),
        ("5ft11,5in", 1.8161),
        ("5.5ft", 1.6764),
    ],
)  # fmt: skip
def test_a_height_means_what_it_says(text: str, metres: float) -> None:
    assert parse_height(text) == pytest.approx(metres)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("178", r"got 178; did you mean 178cm\?$"),
        ("1780", r"got 1780; did you mean 1780mm\?$"),
        ("71", r"did you mean 71cm or 71in\?$"),
        ("5.9", r"got 5\.9; did you mean 5ft9in \(1\.75 m\) or 5\.9ft \(1\.80 m\)\?$"),
        ("5,5", r"did you mean 5ft5in \(1\.65 m\) or 5\.5ft \(1\.68 m\)\?$"),
        ("5.11", r"did you mean 5ft11in \(1\.80 m\) or"),
        ("6", r"did you mean 6ft \(1\.83 m\)\?$"),
        ("0", r"must lie in 0\.5–2\.5, got 0$"),
        ("nan", "is not a length"),
        ("5ft14in", "is not a length"),
        ("5.5ft3in", "is not a length"),
        ("1,780.5", "is not a length"),
        ("178kg", "is not a length"),
        ("", "is not a length"),
    ],
)
def test_a_height_that_could_mean_something_else_is_refused_with_a_hint(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        parse_height(text)


@pytest.mark.parametrize(
    ("text", "kilograms"),
    [
        *((one, 75.0) for one in ("75", "75kg", "75,0 kg")),
        *((one, 74.8427) for one in ("165lb", "165 lbs", "165 pounds")),
        *((one, 73.4820) for one in ("11st 8lb", "11st8", "162lb")),
    ],
)
def test_a_mass_means_what_it_says(text: str, kilograms: float) -> None:
    assert parse_body_mass(text) == pytest.approx(kilograms, abs=1e-4)


def test_bone_lengths_take_units_and_commas() -> None:
    assert parse_bone_lengths(["left_thigh=43cm", "right_thigh=0,43"]) == {"left_thigh": 0.43, "right_thigh": 0.43}


def test_a_bone_that_is_named_twice_is_refused() -> None:
    with pytest.raises(InputError, match="left_thigh twice"):
        parse_bone_lengths(["left_thigh=43cm", "left_thigh=44cm"])


def test_a_comma_without_digits_behind_it_is_no_number() -> None:
    with pytest.raises(InputError, match="'1,' is not a length"):
        parse_height("1,")
