"""Errors on the developers' clips, which do not ship, may not grow beyond the figures that are committed."""

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
SYSTEM = "posedetector, MediaPipe full, native"
MARGIN = 1.03

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="NOT TESTED: the developers' clips are not beside this repo"
)


def committed() -> dict[str, dict[str, str]]:
    with (ROOT / "benchmarks" / "accuracy.csv").open(encoding="utf-8") as file:
        return {row["clip"]: row for row in csv.DictReader(file) if row["system"] == SYSTEM}


@pytest.fixture(scope="module")
def accuracy() -> ModuleType:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import accuracy
    finally:
        sys.path.pop(0)
    return accuracy


@pytest.fixture(scope="module")
def measured(accuracy: ModuleType) -> Callable[[str], dict[str, str]]:
    """Our result on a clip, as the benchmark makes it; the reference of the four cameras is made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POSEDETECTOR_HOME", str(SHARED / "models"))  # the reference takes the heavy model
        clips = {
            clip.name: clip
            for clip in (
                *accuracy.opencap(SHARED / "clips" / "opencap"),
                *accuracy.four_cameras(SHARED / "clips" / "pose2sim_single"),
            )
        }
    return lambda name: accuracy.compare(clips[name], SYSTEM, accuracy.ours(clips[name], "full", "native"))._asdict()


def test_every_clip_has_committed_figures() -> None:
    assert list(committed()) == ["walk", "squat", "cam01", "cam02", "cam03", "cam04"]


@pytest.mark.parametrize("clip", ["walk", "squat", "cam01", "cam02", "cam03", "cam04"])
def test_errors_do_not_grow(clip: str, measured: Callable[[str], dict[str, str]]) -> None:
    now, then = measured(clip), committed()[clip]

    grown = {
        figure: f"{then[figure]} to {now[figure]}"
        for figure in ("mpjpe", "p_mpjpe", "knee")
        if float(now[figure]) > MARGIN * float(then[figure])
    }
    assert grown == {}
    assert float(now["compared"]) >= float(then["compared"]) / MARGIN
