"""Files as people have them, whose pixels are not what they seem: the results are those of the plain clip."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from posedetector.pipeline import analyze
from posedetector.settings import Settings
from posedetector.subject import Subject
from posedetector.trial import Trial
from posedetector.video import open_video

ROOT = Path(__file__).parents[2]
CASES = ROOT.parent / "shared" / "cases"
SAMPLE = ROOT / "data" / "samples" / "walk_side.mp4"
CAM01 = ROOT.parent / "shared" / "clips" / "pose2sim_single" / "cam01.mp4"

pytestmark = [
    pytest.mark.skipif(not CASES.is_dir(), reason="NOT TESTED: the developers' cases are not beside this repo"),
    pytest.mark.usefixtures("each_clip_once"),
]


@pytest.fixture(scope="module")
def analyzed() -> Callable[..., Trial]:
    """Analyse a clip, each one once; the sample's subject unless told."""

    def analyzed(path: Path, height: float = 1.65, duration: float | None = None) -> Trial:
        return analyze(Settings(video=str(path), subject=Subject(height=height), duration=duration))

    return cache(analyzed)


def notes(trial: Trial) -> str:
    return "\n".join(note.text for note in trial.provenance.notes)


def speed(trial: Trial) -> float:
    (value,) = [one.value for one in trial.kinematics.gait.quantities if one.name == "walking_speed"]
    return value


def knees(trial: Trial) -> np.ndarray:
    """Return both knees' flexion in degrees, (T, 2)."""
    angles = trial.kinematics.angles
    return np.degrees(angles.values[:, [angles.names.index(f"{side}_knee_flexion") for side in ("left", "right")]])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("anamorphic_sar_4_3.mp4", "sample aspect ratio 4:3"),
        ("size_changes_midway.mkv", "from 1600×560 to 800×280 at 2.20 s"),
    ],
)
def test_the_sample_stored_otherwise_gives_the_samples_results(
    name: str, said: str, analyzed: Callable[..., Trial]
) -> None:
    plain, other = analyzed(SAMPLE), analyzed(CASES / name)

    assert other.keypoints.image_size == (1600, 560)
    assert len(other.provenance.persons) == 1
    assert np.nanmedian(np.linalg.norm(other.keypoints.xy - plain.keypoints.xy, axis=2)) < 3
    # not the ranges: one grey level more moves that of the hidden leg by 11°
    assert (np.nanmedian(np.abs(knees(other) - knees(plain)), axis=0) < 3).all()
    assert speed(other) == pytest.approx(speed(plain), rel=0.03)
    assert said in notes(other)


def test_a_mirroring_display_matrix_mirrors_the_sample_and_mirrored_undoes_it() -> None:
    case = str(CASES / "mirrored_display_matrix.mp4")
    shown, undone = open_video(case, duration=0.2), open_video(case, duration=0.2, mirrored=True)

    for plain, one, other in zip(
        open_video(str(SAMPLE), duration=0.2).frames(), shown.frames(), undone.frames(), strict=True
    ):
        assert np.array_equal(one.image, plain.image[:, ::-1])
        assert np.array_equal(other.image, plain.image)
    assert ["--mirrored corrects" in note for note in shown.notes] == [True]


def test_an_interlaced_clip_gives_the_results_of_the_progressive_one(analyzed: Callable[..., Trial]) -> None:
    plain, woven = (analyzed(clip, 1.8, 0.7) for clip in (CAM01, CASES / "interlaced_30i.mp4"))

    assert open_video(str(CASES / "interlaced_30i.mp4")).expected == 100
    assert np.allclose(woven.pose.time, plain.pose.time, atol=1e-3)
    assert len(woven.pose.time) == 42
    assert len(woven.provenance.persons) == len(plain.provenance.persons)  # the man, and the woman behind him
    assert woven.provenance.persons[0].share == 1
    assert np.nanmedian(np.linalg.norm(woven.keypoints.xy - plain.keypoints.xy, axis=2)) < 5  # of 745 of height
    assert "interlaced" in notes(woven)


@pytest.mark.parametrize(
    ("name", "said"),
    [("bomb.png", "too large: images may have up to"), ("1x4000.png", "is 1×4000 pixels: images must be at least")],
)
def test_an_image_of_an_impossible_size_is_one_line(name: str, said: str, command: Callable) -> None:
    done = command("analyze", "--video", CASES / "damaged" / name, "--height", "1.7")

    assert done.status == 2
    assert len(done.errors.strip().splitlines()) == 1
    assert said in done.errors


def test_every_frame_of_an_animated_webp_is_read() -> None:
    frames = list(open_video(str(CASES / "14-tiff-stack" / "anim.webp")).frames())

    assert [frame.index for frame in frames] == list(range(40))
    assert [frame.time for frame in frames] == pytest.approx([0.033 * index for index in range(40)])
