"""Errors on the clips that ship with the tests (accuracy/README.md) may not grow beyond the committed table."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from posedetector.kinematics.nouns import REACH_90
from posedetector.trial import Trial

FOLDER = Path(__file__).with_name("accuracy")
sys.path.insert(0, str(FOLDER))
try:
    import fixture
    import measure
finally:
    sys.path.remove(str(FOLDER))

CLIPS = {clip.name: clip for clip in fixture.read_clips()}
TABLE = measure.read_table()
FILMED = [case for case in measure.cases() if CLIPS[case[0]].filmed]


@cache
def trial_of(clip: str, lifter: str) -> Trial:
    """One analysis, for all tests that look at it."""
    return measure.analyzed(CLIPS[clip], lifter)


def test_every_case_has_its_row() -> None:
    assert list(TABLE) == measure.cases()


@pytest.mark.parametrize(("clip", "lifter"), measure.cases())
def test_no_error_grows(clip: str, lifter: str) -> None:
    now = measure.figures(CLIPS[clip], trial_of(clip, lifter))

    assert measure.grown(now, TABLE[clip, lifter]) == {}
