"""Errors on the developers' clips, which do not ship, may not grow beyond the figures that are committed."""

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
LIFTERS = ("native", "bundled")
CLIPS = ("walk", "squat", "cam01", "cam02", "cam03", "cam04")
MARGIN = 1.03

pytestmark = [
    pytest.mark.skipif(not SHARED.is_dir(), reason="NOT TESTED: the developers' clips are not beside this repo"),
    pytest.mark.usefixtures("each_clip_once"),
    pytest.mark.timeout(400),
]


def system(lifter: str, model: str = "full") -> str:
    return f"posedetector, MediaPipe {model}, {lifter}"


def committed() -> dict[tuple[str, str], dict[str, str]]:
    with (ROOT / "benchmarks" / "accuracy.csv").open(encoding="utf-8") as file:
        return {(row["clip"], row["system"]): row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def accuracy() -> ModuleType:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import accuracy
    finally:
        sys.path.pop(0)
    return accuracy


@pytest.fixture(scope="module")
def measured(accuracy: ModuleType) -> Callable[[str, str], dict[str, str]]:
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
    return lambda name, lifter: accuracy.compare(
        clips[name], system(lifter), accuracy.ours(clips[name], "full", lifter)
    )._asdict()


@pytest.mark.parametrize("lifter", LIFTERS)
@pytest.mark.parametrize("clip", CLIPS)
def test_errors_do_not_grow(clip: str, lifter: str, measured: Callable[[str, str], dict[str, str]]) -> None:
    now, then = measured(clip, lifter), committed()[clip, system(lifter)]

    grown = {
        figure: f"{then[figure]} to {now[figure]}"
        for figure in ("mpjpe", "p_mpjpe", "knee")
        if float(now[figure]) > MARGIN * float(then[figure])
    }
    assert grown == {}
    assert float(now["compared"]) >= float(then["compared"]) / MARGIN


# Where refinement makes P-MPJPE or knees worse: the lifter's depth was better than what the fit makes of it.
WORSE = {
    ("cam01", "full", "bundled"),
    ("cam04", "full", "bundled"),
}


@pytest.mark.parametrize("model", ["full", "heavy"])
@pytest.mark.parametrize("lifter", LIFTERS)
@pytest.mark.parametrize("clip", CLIPS)
def test_refinement_makes_joints_and_knees_better_but_where_we_say_so(clip: str, lifter: str, model: str) -> None:
    before, after = (committed()[clip, system(lifter, model) + fit] for fit in (", not refined", ""))

    worse = any(float(after[figure]) > float(before[figure]) for figure in ("p_mpjpe", "knee"))

    assert worse == ((clip, model, lifter) in WORSE)


@pytest.mark.parametrize("model", ["full", "heavy"])
@pytest.mark.parametrize("clip", CLIPS)
def test_the_lifter_that_is_the_default_is_better_than_the_estimators_own_depth(clip: str, model: str) -> None:
    own, lifted = (committed()[clip, system(lifter, model) + ", not refined"] for lifter in LIFTERS)

    assert float(lifted["p_mpjpe"]) < float(own["p_mpjpe"])
    assert float(lifted["knee"]) < float(own["knee"])
