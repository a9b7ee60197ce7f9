"""What comes of a part of a video: its files keep the video's clock and frame numbers; several parts, several folders."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trc import TRCData

from clips import plain_image, write_clip
from commands import Done
from conftest import Walk
from posedetector import scene
from posedetector.calibration import Camera, calibrate
from posedetector.cleaning import clean
from posedetector.cli import main
from posedetector.errors import InputError
from posedetector.estimators import SyntheticSettings
from posedetector.estimators.synthetic import Synthetic
from posedetector.kinematics import study
from posedetector.kinematics.nouns import Gait, Kinematics
from posedetector.lifters.native import Native
from posedetector.pipeline import analyze
from posedetector.pose import Keypoints, MetricPose
from posedetector.scene import open_selected
from posedetector.settings import Settings
from posedetector.smoothing import smooth
from posedetector.subject import Subject
from posedetector.tables import TABLES
from posedetector.trial import Trial
from posedetector.video import WHOLE, Selection, Video
from posedetector.video.accounting import notes_on_rate
from posedetector.writers.mot import write_mot
from posedetector.writers.predictions import write_predictions
from posedetector.writers.trc import write_trc
from studied import EVENTS, all_found, over, with_angles, with_kinematics

PERSON = Subject(height=1.75)
LATE = 1200.0  # seconds: twenty minutes into a video
NUMBERS = [300, 302, 304]


def settings(video: object, **values: object) -> Settings:
    return Settings(video=str(video), subject=PERSON, estimator="synthetic", focal_length=550.0, refine=False, **values)


# Tables


@pytest.fixture
def later(trial: Trial) -> Trial:
    """Every second frame from 10 s on, with one of everything that kinematics finds."""
    clip = over(trial, np.array(NUMBERS) / 30)
    return replace(all_found(clip), tracks=replace(trial.tracks, time=clip.pose.time, numbers=np.array(NUMBERS)))


@pytest.mark.parametrize("table", ["landmarks_wide", "keypoints_2d", "joint_angles", "centre_of_mass"])
def test_frames_have_their_numbers_in_the_video(later: Trial, table: str) -> None:
    rows = next(TABLES[table].pieces(later))

    assert rows["frame_index"].unique().tolist() == NUMBERS
    assert rows["timestamp_s"].unique() == pytest.approx(later.pose.time)


def test_an_events_frame_has_its_number_in_the_video(later: Trial) -> None:
    event = replace(EVENTS[1], time=float(later.pose.time[1]), frame=1)
    rows = next(TABLES["gait_events"].pieces(with_kinematics(later, gait=Gait("good", "", (event,)))))

    assert rows["frame_index"].tolist() == [302]


def test_predictions_have_the_frames_numbers_in_the_video_counted_from_1(later: Trial, tmp_path: Path) -> None:
    write_predictions(later, tmp_path / "predictions.json")

    frames = json.loads((tmp_path / "predictions.json").read_text(encoding="utf-8"))["instance_info"]
    assert [frame["frame_id"] for frame in frames] == [301, 303, 305]


def test_a_trc_keeps_the_videos_times(later: Trial, tmp_path: Path) -> None:
    write_trc(later, tmp_path / "later.trc")
    data = TRCData()
    data.load(str(tmp_path / "later.trc"))

    assert data["Time"] == pytest.approx([10.0, 302 / 30, 304 / 30], abs=1e-6)
    assert float(data["DataRate"]) == pytest.approx(15.0)


def test_a_mot_keeps_the_videos_times(later: Trial, tmp_path: Path) -> None:
    write_mot(with_angles(later, left_knee_flexion=[10.0, 20.0, 30.0]), tmp_path / "later.mot")
    rows = (tmp_path / "later.mot").read_text().split("endheader\n")[1].splitlines()[1:]

    assert [float(row.split("\t")[0]) for row in rows] == pytest.approx([10.0, 302 / 30, 304 / 30], abs=1e-6)


# The whole pipeline


def studied(keypoints: Keypoints) -> tuple[MetricPose, Kinematics]:
    cleaned = clean(keypoints, min_score=0.2, max_gap=0.25).keypoints
    metric, _ = calibrate(Native().lift(cleaned), cleaned, PERSON, Camera(1100.0))
    pose, _ = smooth(metric, 6.0)
    return pose, study(pose, PERSON)


def test_nothing_depends_on_when_in_the_video_a_walk_begins(walk: Callable[..., Walk]) -> None:
    keypoints = walk(frames=90, rate=30.0, noise=1.0, dropout=0.02).keypoints

    pose, found = studied(keypoints)
    moved, later = studied(replace(keypoints, time=keypoints.time + LATE))

    assert np.allclose(pose.positions, moved.positions, atol=1e-9, equal_nan=True)
    assert np.allclose(found.angles.velocity, later.angles.velocity, atol=1e-6, equal_nan=True)
    assert found.gait.events
    assert [(one.kind, one.frame) for one in found.gait.events] == [(one.kind, one.frame) for one in later.gait.events]
    assert [one.time + LATE for one in found.gait.events] == pytest.approx([one.time for one in later.gait.events])
    assert [one.value for one in found.gait.quantities] == pytest.approx([one.value for one in later.gait.quantities])


def test_a_part_is_analysed_at_its_own_times(blank_clip: Path) -> None:
    trial = analyze(settings(blank_clip, start=0.5, end=1.2, every=2))

    assert trial.frame_numbers.tolist() == list(range(15, 36, 2))
    assert trial.pose.time == pytest.approx(trial.frame_numbers / 30, abs=1e-6)
    account = trial.provenance.video
    assert (account.start_s, account.end_s, account.every) == (0.5, 1.2, 2)
    assert (account.frames, account.frames_expected, account.fps) == (11, 11, 15.0)


def test_the_account_of_a_duration_says_when_it_ended(blank_clip: Path) -> None:
    account = analyze(settings(blank_clip, start=0.25, duration=0.5)).provenance.video

    assert (account.start_s, account.end_s) == (0.25, 0.75)


# Settings


def test_settings_of_earlier_versions_select_everything() -> None:
    assert settings("clip.mp4").selection == WHOLE


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"start": -1.0}, "`start` .* not negative"),
        ({"start": 5.0, "end": 4.0}, "`end` must be greater than `start`"),
        ({"every": 0}, "`every` counts from 1"),
        ({"end": 5.0, "duration": 5.0}, "`end` and `duration` both say"),
    ],
)
def test_settings_without_sense_are_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        settings("clip.mp4", **values)


def test_so_few_frames_that_nobody_can_be_followed_are_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [plain_image()] * 90, rate=15)

    assert open_selected(settings(clip, every=15)).rate == 1
    with pytest.raises(InputError, match=r"`every=16` leaves one frame every 1\.07 s.* at most `every=15` for this"):
        open_selected(settings(clip, every=16))


@pytest.mark.parametrize(
    ("rate", "every", "says"),
    [
        (100, 4, None),
        (20, 1, None),
        (0, 5, None),  # of a camera or an image nobody knows
        (100, 10, r"leaves 10 frames per second: .* ±50 ms .*; --every 4 keeps 25 or more"),
        (30, 2, r"leaves 15 frames per second: .*; leave --every out"),
    ],
)
def test_few_frames_per_second_are_a_note_if_every_is_why(rate: float, every: int, says: str | None) -> None:
    notes = list(notes_on_rate(Video("clip", (64, 48), rate / every, None, lambda _: iter(()), Selection(every=every))))

    assert len(notes) == (says is not None)
    assert says is None or re.search(says, notes[0].text)


# The command


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], blank_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Done]]:
    """Run `analyze` on 1.5 s of video in an empty folder; tables of landmarks are enough."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(scene, "_LOADED_BEHIND_THE_FIRST_FRAMES", ())

    def call(*arguments: object) -> Done:
        options = (
            "--video",
            blank_clip,
            "--height",
            1.75,
            "--estimator",
            "synthetic",
            "--no-refine",
            "--formats",
            "trc",
            "--no-overlay",
        )
        with pytest.raises(SystemExit) as ended:
            main(["analyze", *map(str, (*options, *arguments))])
        return Done(int(ended.value.code or 0), *capsys.readouterr())

    return call


def folders(root: Path) -> set[str]:
    """Return which folders have results."""
    return {str(path.parent.relative_to(root)) for path in root.rglob("provenance.json")}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ((), {"data/output/blank"}),
        (("--duration", 0.5), {"data/output/blank"}),
        (("--start", 0.5, "--end", 1), {"data/output/blank_0.5-1s"}),
        (("--start", 0.5, "--duration", 0.25), {"data/output/blank_0.5-0.75s"}),
        (("--start", 0.5), {"data/output/blank_0.5-end"}),
        (("--end", 1), {"data/output/blank_0-1s"}),
        (("--start", 0.5, "--output-dir", "here"), {"here"}),
        (
            ("--start", 0, "--end", 1, "--start", 0.5, "--output-dir", "here"),
            {"here/blank_0-1s", "here/blank_0.5-end"},
        ),
        (("--start", 0, "--start", 0.5, "--duration", 0.5), {"data/output/blank_0-0.5s", "data/output/blank_0.5-1s"}),
    ],
)
def test_each_part_has_its_own_folder(
    run: Callable[..., Done], tmp_path: Path, options: tuple, found: set[str]
) -> None:
    assert run(*options, "--quiet").status == 0
    assert folders(tmp_path) == found


def test_files_of_a_part_are_named_after_the_clip(run: Callable[..., Done], tmp_path: Path) -> None:
    run("--start", 0.5, "--end", 1, "--output-dir", "here", "--quiet")

    assert {path.name for path in (tmp_path / "here").iterdir()} == {"blank.trc", "provenance.json"}


def test_the_summary_says_which_part_it_is_of(run: Callable[..., Done]) -> None:
    said = " ".join(run("--start", 0.5, "--end", 1, "--every", 2).out.split())

    assert "8 frames, 0.47 s at 15 fps, 640×360, 0.5 s to 1 s of the video, one frame of 2" in said
    assert "--every 2 leaves 15 frames per second" in said


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--start", 0, "--start", 0.5), "got 2 of --start and 0 of --end: only the last --end may be left out"),
        (("--end", 0.5, "--end", 1), "got 1 of --start and 2 of --end"),
        (("--end", 1, "--duration", 1), "--end and --duration both say"),
        (("--start", 0, "--end", 1, "--start", 0, "--end", 1), "two parts have the same folder"),
        (("--start", 0, "--end", 1, "--start", 1, "--end", 0.5), "--end must be greater than --start"),
        (("--start", 0, "--end", 1, "--start", 50, "--end", 60), r"--start 50 lies beyond the end .* 1\.50 s long"),
    ],
)
def test_parts_that_cannot_be_are_refused_before_the_first_is_analysed(
    run: Callable[..., Done], tmp_path: Path, options: tuple, says: str
) -> None:
    done = run(*options)

    assert done.status == 2
    assert re.fullmatch(rf"posedetector: .*{says}.*\n", done.errors)
    assert folders(tmp_path) == set()


class Stopping(Synthetic):
    """Ctrl-C as soon as a frame of the second part comes."""

    def estimate(self, frames: Any) -> Any:
        for frame, poses in zip(kept := list(frames), super().estimate(kept), strict=True):
            if frame.time >= 1.0:
                raise KeyboardInterrupt
            yield poses


def test_a_part_that_fails_does_not_stop_the_others(run: Callable[..., Done], tmp_path: Path) -> None:
    between = ("--start", 1.01, "--end", 1.02)  # no frame is there
    done = run("--quiet", "--start", 0, "--end", 1, *between, "--start", 0.5)

    assert done.status == 2
    assert re.fullmatch(r"posedetector: blank_1\.01-1\.02s: .* has no frame in 1\.01–1\.02 s\n", done.errors)
    assert folders(tmp_path) == {"data/output/blank_0-1s", "data/output/blank_0.5-end"}


def test_stopping_says_which_results_are_kept(
    run: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SyntheticSettings, "make", lambda *_: Stopping())
    done = run("--quiet", "--start", 0, "--end", 0.8, "--start", 0.9)

    assert (done.status, done.errors) == (130, "posedetector: interrupted; the results of blank_0-0.8s are kept\n")
    assert folders(tmp_path) == {"data/output/blank_0-0.8s"}
