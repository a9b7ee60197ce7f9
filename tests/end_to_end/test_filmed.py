"""Refinement on motion capture that was filmed by synthetic cameras: the truth is known, and so is how sure one may be."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
MOCAP = ROOT.parent / "shared" / "mocap"

pytestmark = [
    pytest.mark.skipif(not MOCAP.is_dir(), reason="NOT TESTED: the developers' motion capture is not beside this repo"),
    pytest.mark.timeout(400),
    pytest.mark.filterwarnings("ignore:the 2D points"),  # some of what is filmed is no upright person
]


@pytest.fixture(scope="module")
def outcomes() -> list[Any]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import refinement
    finally:
        sys.path.pop(0)
    benchmark: ModuleType = refinement
    cases = benchmark.filmed([MOCAP / "cmu.npz", MOCAP / "cmu_actions.npz"], 16, 21)
    return [benchmark.outcome(case) for case in cases]


def test_joints_come_nearer_to_the_truth(outcomes: list[Any]) -> None:
    before, after = (np.mean([one[side].mean() for one in outcomes]) for side in (0, 1))

    assert after < before


def test_knees_come_nearer_to_the_truth(outcomes: list[Any]) -> None:
    before, after = np.mean([one.knees for one in outcomes], axis=0)

    assert after < before


@pytest.mark.parametrize("what", ["coordinates", "angles"])
def test_nominal_90_percent_intervals_hold_85_to_95(what: str, outcomes: list[Any]) -> None:
    away = np.concatenate([np.abs(getattr(one, what)).ravel() for one in outcomes])

    assert 0.85 <= (away < 1.645).mean() <= 0.95
