"""The developers' clips, which do not ship: people kept apart."""

from pathlib import Path

import numpy as np
import pytest

from posedetector.estimators import make_estimator
from posedetector.scene import follow, silently
from posedetector.tracking import Track, Tracks
from posedetector.video import open_video

CLIPS = Path(__file__).parents[3] / "shared" / "clips"

pytestmark = pytest.mark.skipif(not CLIPS.is_dir(), reason="NOT TESTED: the developers' clips are not beside this repo")


@pytest.fixture(scope="module")
def tracks() -> Tracks:
    video = open_video(str(CLIPS / "sports2d" / "demo.mp4"))
    return follow(video, make_estimator("mediapipe"), silently)


def middles(track: Track) -> dict[int, np.ndarray]:
    return {row: (pose.bbox[:2] + pose.bbox[2:]) / 2 for row, pose in zip(track.rows, track.poses, strict=True)}


def on_the_roof(middle: np.ndarray) -> bool:
    return middle[1] < 450


def test_the_man_on_the_roof_is_found_while_he_stands_there(tracks: Tracks) -> None:
    found = middles(tracks.tracks[1])

    assert sum(row in found and on_the_roof(found[row]) for row in range(160)) >= 0.95 * 160


def test_the_woman_is_found_while_she_is_whole_in_the_picture(tracks: Tracks) -> None:
    """She has left the tree behind at frame 52 and reaches the picture's edge at 192."""
    found = middles(tracks.tracks[0])

    assert sum(row in found and not on_the_roof(found[row]) for row in range(52, 192)) >= 0.95 * 140


def test_nobody_becomes_somebody_else(tracks: Tracks) -> None:
    woman, man = (middles(track) for track in tracks.tracks[:2])

    assert all(on_the_roof(middle) for middle in man.values())
    assert not any(on_the_roof(middle) for middle in woman.values())


def test_no_body_is_found_in_the_trees_after_the_jump(tracks: Tracks) -> None:
    after = [row for track in tracks.tracks for row, middle in middles(track).items() if row > 190 and middle[1] < 600]

    assert after == []
