"""One walk seen three ways has one verdict on every angle: cropped, whole, and in a mirror."""

from functools import cache
from pathlib import Path

import pytest

from posedetector import Settings, Subject
from posedetector.pipeline import analyze

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "samples" / "walk_side.mp4"
WHOLE = ROOT.parent / "shared" / "clips" / "sports2d" / "demo.mp4"

pytestmark = [pytest.mark.timeout(400), pytest.mark.usefixtures("each_clip_once")]


@cache
def qualities(video: Path, *, mirrored: bool = False) -> dict[str, str]:
    settings = Settings(video=str(video), subject=Subject(height=1.65), mirrored=mirrored)
    return {name: grade.quality for name, grade in analyze(settings).kinematics.grades.items()}


def exchanged(name: str) -> str:
    side, _, rest = name.partition("_")
    return f"{'right' if side == 'left' else 'left'}_{rest}" if side in ("left", "right") else name


@pytest.mark.skipif(not WHOLE.is_file(), reason="NOT TESTED: the developers' clips are not beside this repo")
def test_a_walk_has_the_same_grades_cropped_and_whole() -> None:
    assert qualities(SAMPLE) == qualities(WHOLE)


def test_a_mirrored_walk_has_mirrored_grades() -> None:
    assert {exchanged(name): quality for name, quality in qualities(SAMPLE, mirrored=True).items()} == qualities(SAMPLE)


def test_a_walk_seen_from_the_side_reports_no_movement_of_the_frontal_plane() -> None:
    found = qualities(SAMPLE)

    assert {found[name] for name in ("left_hip_adduction", "right_hip_adduction", "pelvis_obliquity")} == {"poor"}
    assert {found[f"{side}_{name}"] for side in ("left", "right") for name in ("hip_flexion", "knee_flexion")} == {
        "good"
    }
