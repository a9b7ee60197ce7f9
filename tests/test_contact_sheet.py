"""The picture of everybody who was found, and the small pictures that it is made of."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from commands import Done
from posedetector import scene
from posedetector.contact_sheet import draw_contact_sheet
from posedetector.estimators import SyntheticSettings
from posedetector.estimators.synthetic import Synthetic, Walker
from posedetector.pipeline import analyze_to
from posedetector.pose import ByteArray, Frame, PersonPose
from posedetector.settings import Settings
from posedetector.snapshots import Snapshots
from posedetector.subject import Subject
from posedetector.tracking import Tracks
from test_persons import HEIGHT, RATE, TIME, WIDTH, seen, standing, walking

RED, BLUE = (220, 30, 30), (30, 30, 220)
BEHIND = Walker(stature=1.6, speed=0.8, start=(1.0, -0.7), heading=np.pi)


def painted(tracks: Tracks, *colours: tuple[int, int, int]) -> Tracks:
    """Return the tracks with pictures in which each person's box has a colour."""
    snapshots = Snapshots()
    for row, time in enumerate(TIME):
        image = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
        for track, colour in zip(tracks.tracks, colours, strict=True):
            if row in track.rows:
                left, top, right, bottom = track.poses[track.rows.index(row)].bbox.astype(int).clip(0)
                image[top:bottom, left:right] = colour
        snapshots.see(row, Frame(row, time, image))
    return replace(tracks, snapshots=snapshots)


def sheet(tracks: Tracks, folder: Path, subject: int = 1) -> ByteArray:
    draw_contact_sheet(tracks, folder / "persons.png", title="clip", subject=subject)
    return np.array(Image.open(folder / "persons.png").convert("RGB"))


def share(picture: ByteArray, colour: tuple[int, int, int]) -> float:
    """How much of a picture has about this colour."""
    return float((np.abs(picture.astype(int) - colour).max(axis=-1) < 40).mean())


def test_each_tile_shows_the_person_of_its_number(tmp_path: Path) -> None:
    tracks = seen((standing(300), 0, 4), (walking(900, -100), 1, 7))
    picture = sheet(painted(tracks, RED, BLUE), tmp_path)

    first, second = picture[-250:-150, 20:250], picture[-250:-150, 270:500]
    assert (share(first, RED) > 0.2, share(first, BLUE)) == (True, 0)
    assert (share(second, BLUE) > 0.2, share(second, RED)) == (True, 0)


def test_the_whole_picture_is_of_a_moment_in_which_most_are_in_view(tmp_path: Path) -> None:
    tracks = seen((standing(300), 0, 4), (standing(700), 3, 8))
    whole = sheet(painted(tracks, RED, BLUE), tmp_path)[40:480]

    assert share(whole, RED) > 0.01
    assert share(whole, BLUE) > 0.01


def test_the_subject_is_green_and_nobody_else(tmp_path: Path) -> None:
    tracks = painted(seen((standing(300), 0, 8), (standing(700), 0, 8)), RED, BLUE)
    greens = [(20, 250), (270, 500)]

    for subject, other in ((1, 2), (2, 1)):
        tiles = sheet(tracks, tmp_path, subject)[-380:-60]
        shares = [share(tiles[:, left:right], (0, 128, 90)) for left, right in greens]
        assert shares[subject - 1] > 0.01 > shares[other - 1]


def test_a_person_is_shown_whole_rather_than_cut_off_by_the_edge(tmp_path: Path) -> None:
    tracks = seen((lambda time: standing(20 if time < 4 else 500, 400, 220 if time < 4 else 200)(time), 0, 8))
    tile = sheet(painted(tracks, RED), tmp_path)[-250:-150, 20:250]

    assert share(tile, (225, 225, 225)) == 0  # what lies outside of the picture


def test_the_sheet_of_a_noisy_clip_of_twenty_people_is_smaller_than_a_megabyte(tmp_path: Path) -> None:
    tracks = seen(*((standing(40 * number, 400, 200), 0, 8) for number in range(1, 21)))
    snapshots = Snapshots()
    random = np.random.default_rng(0)
    for row, time in enumerate(TIME):
        noise = cv2.resize(random.integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3), np.uint8), (WIDTH, HEIGHT))
        snapshots.see(row, Frame(row, time, noise))

    draw_contact_sheet(replace(tracks, snapshots=snapshots), tmp_path / "persons.png", title="crowd")

    assert (tmp_path / "persons.png").stat().st_size < 1e6


def test_without_pictures_there_are_words(tmp_path: Path) -> None:
    assert sheet(seen((standing(300), 0, 8)), tmp_path).shape[0] > 300


# --- pictures that are kept -------------------------------------------------------------------------------------------


def pictures(seconds: float, size: tuple[int, int] = (64, 48), rate: float = RATE) -> Snapshots:
    snapshots = Snapshots()
    image = np.full((size[1], size[0], 3), RED, np.uint8)
    for row in range(round(seconds * rate)):
        snapshots.see(row, Frame(row, row / rate, image))
    return snapshots


def test_a_picture_is_kept_every_half_second() -> None:
    assert pictures(3).rows == [0, 10, 20, 30, 40, 50]


def test_of_a_long_clip_there_are_no_more_pictures_and_they_are_evenly_apart() -> None:
    rows = np.array(pictures(1000, rate=4).rows)

    assert 120 <= len(rows) <= 240
    assert set(np.diff(rows)) == {np.diff(rows)[0]}
    assert rows[-1] >= 3900


def test_pictures_are_small_and_keep_their_colours() -> None:
    picture = pictures(0.1, (1920, 1080)).picture(0)

    assert picture.shape == (540, 960, 3)
    assert share(picture, RED) == 1


def test_a_small_picture_is_not_enlarged() -> None:
    assert pictures(0.1).picture(0).shape == (48, 64, 3)


# --- on the road ------------------------------------------------------------------------------------------------------


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """The synthetic estimator sees two people, the second one behind and walking the other way."""
    monkeypatch.setattr(SyntheticSettings, "make", lambda *_: Synthetic((Walker(), BEHIND)))


class Leaping(Synthetic):
    """Sees one person at a time: the second from the middle of the clip on, too far away to be the first."""

    def estimate(self, frames: Iterable[Frame]) -> Iterator[list[PersonPose]]:
        for row, poses in enumerate(super().estimate(frames)):
            yield poses[:1] if row < 23 else poses[1:]


@pytest.fixture
def leaping(monkeypatch: pytest.MonkeyPatch) -> None:
    there = (Walker(start=(x, 0.0), speed=0.0) for x in (-1.5, 1.5))
    monkeypatch.setattr(SyntheticSettings, "make", lambda *_, both=tuple(there): Leaping(both))


def analysed(clip: Path, folder: Path, **values: object) -> set[str]:
    settings = Settings(
        video=str(clip), subject=Subject(height=1.75), estimator="synthetic", cutoff=None, refine=False, **values
    )
    files = analyze_to(settings, folder, ["trc"]).provenance.files
    assert {path.name for path in folder.iterdir()} == set(files)
    return set(files)


@pytest.mark.usefixtures("two")
def test_an_analysis_that_found_several_people_shows_them(blank_clip: Path, tmp_path: Path) -> None:
    assert "persons.png" in analysed(blank_clip, tmp_path / "out")


def test_an_analysis_that_found_one_person_shows_nobody(blank_clip: Path, tmp_path: Path) -> None:
    assert "persons.png" not in analysed(blank_clip, tmp_path / "out")


@pytest.mark.usefixtures("two")
def test_the_account_describes_everybody(blank_clip: Path, tmp_path: Path) -> None:
    settings = Settings(video=str(blank_clip), subject=Subject(height=1.75), estimator="synthetic", refine=False)
    account = analyze_to(settings, tmp_path / "out", ["trc"]).provenance

    assert [one.motion.split()[0] for one in account.persons] == ["walks", "walks"]
    (note,) = (note.text for note in account.notes if "people were found" in note.text)
    assert note.startswith("2 people were found; these are person 1's data: walks from ")
    assert note.endswith("persons.png shows who is who; --person 2 analyses another.")


@pytest.mark.usefixtures("leaping")
def test_who_was_joined_is_analysed_as_one(blank_clip: Path, tmp_path: Path) -> None:
    settings = Settings(
        video=str(blank_clip), subject=Subject(height=1.75), estimator="synthetic", refine=False, joined=(2,)
    )
    trial = analyze_to(settings, tmp_path / "out", ["trc"])

    assert np.isfinite(trial.keypoints.xy).all()
    assert [(one.number, one.frames, one.joined) for one in trial.provenance.persons] == [(1, 45, (2,))]


@pytest.mark.usefixtures("leaping")
def test_numbers_with_a_plus_are_joined(command: Callable[..., Done], blank_clip: Path, tmp_path: Path) -> None:
    done = command(
        *("analyze", "--video", blank_clip, "--estimator", "synthetic", "--output-dir", tmp_path / "out"),
        *("--list-persons", "--person", "2+1"),
    )

    assert done.status == 0
    (line,) = (line for line in done.out.splitlines() if line.startswith("1 "))
    assert "joined with 2" in line


@pytest.mark.usefixtures("two")
def test_people_are_listed_without_a_height_and_nothing_is_analysed(
    command: Callable[..., Done], blank_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(scene, "make_lifter")
    arguments = ("analyze", "--video", blank_clip, "--estimator", "synthetic", "--output-dir", tmp_path / "out")
    done = command(*arguments, "--list-persons")

    assert done.status == 0
    lines = [line.split() for line in done.out.splitlines()]
    assert [line[:4] for line in lines[1:3]] == [["1", "0.0–1.5", "100", "%"], ["2", "0.0–1.5", "100", "%"]]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["persons.png"]
    assert str(tmp_path / "out" / "persons.png") in done.out


@pytest.mark.usefixtures("two")
def test_the_people_of_each_part_are_listed(command: Callable[..., Done], blank_clip: Path, tmp_path: Path) -> None:
    parts = ("--start", 0, "--end", 0.5, "--start", 1)
    done = command(
        *("analyze", "--video", blank_clip, "--estimator", "synthetic", "--output-dir", tmp_path, "--list-persons"),
        *parts,
    )

    assert done.status == 0
    folders = {path.parent.name for path in tmp_path.rglob("persons.png")}
    assert folders == {"blank_0-0.5s", "blank_1-end"}


def test_a_list_of_nobody_is_an_error_and_leaves_nothing_behind(
    command: Callable[..., Done], blank_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SyntheticSettings, "make", lambda *_: Synthetic((), max_persons=0))
    done = command(
        *("analyze", "--video", blank_clip, "--estimator", "synthetic", "--list-persons"),
        *("--output-dir", tmp_path / "out"),
    )

    assert (done.status, "nobody was found in the 45 frames" in done.errors) == (2, True)
    assert not (tmp_path / "out").exists()
