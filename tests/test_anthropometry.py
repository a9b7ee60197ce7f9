"""The body's proportions stand in one place and fit together."""

import ast
from pathlib import Path

import pytest

import posedetector
from posedetector.anthropometry import DETECTED_SHARES, HIP_HEIGHT, MASSES, SEGMENT_ENDS, STATURE_SHARES, TRAINED_SHARES

ROOT = Path(posedetector.__file__).parent


def numbers_of(path: Path) -> set[float]:
    return {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    }


def test_hips_stand_as_high_as_winter_has_them() -> None:
    assert pytest.approx(0.530) == HIP_HEIGHT  # Winter 2009, fig. 4.1


@pytest.mark.parametrize("table", [STATURE_SHARES, DETECTED_SHARES, TRAINED_SHARES])
def test_every_body_has_the_limbs_segments(table: dict[str, float]) -> None:
    assert set(SEGMENT_ENDS) <= set(table)


def test_detectors_points_have_their_trunks_diagonal_where_its_widths_and_sides_leave_it() -> None:
    shares = DETECTED_SHARES
    inwards, across = ((shares["shoulders"] + sign * shares["hips"]) / 2 for sign in (-1, 1))

    assert (shares["trunk"] ** 2 - inwards**2 + across**2) ** 0.5 == pytest.approx(shares["across_trunk"], abs=1e-3)


def test_no_other_room_writes_a_segments_share_or_mass_again() -> None:
    known = {STATURE_SHARES[name] for name in SEGMENT_ENDS} | {part for both in MASSES.values() for part in both}
    others = [path for path in ROOT.rglob("*.py") if path.name != "anthropometry.py" and path.parent.name != "vendor"]

    assert {path.name: found for path in others if (found := numbers_of(path) & known)} == {}
