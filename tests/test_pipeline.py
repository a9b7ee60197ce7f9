"""The road from end to end on a person who is known, and on a clip that is really decoded."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backends import made_by
from changing import without
from posedetector.errors import InputError, NoPersonError
from posedetector.estimators import ESTIMATORS, SyntheticSettings
from posedetector.estimators.synthetic import Synthetic, Walker
from posedetector.kinematics import joint_angles
from posedetector.lifters import Lifter, VideoPose3DSettings
from posedetector.pipeline import analyze, analyze_to
from posedetector.pose import Array, Frame, PersonPose, Source
from posedetector.scene import import_meanwhile
from posedetector.settings import Settings
from posedetector.skeletons import BLAZEPOSE_33
from posedetector.subject import Subject
from posedetector.trial import Trial

FRAMES, RATE, FOCAL = 45, 30.0, 550.0  # the synthetic camera's 1100 px at half its size
TIME = np.arange(FRAMES) / RATE
WRIST = BLAZEPOSE_33.index("left_wrist")


class Crowd(Synthetic):
    """An estimator for tests: `Synthetic` in which some see less, or nobody."""

    hidden = ()
    nobody = False

    def estimate(self, frames: Iterable[Frame]) -> Iterator[list[PersonPose]]:
        for poses in super().estimate(frames):
            yield [] if self.nobody else [self.hide(pose) for pose in poses]

    def hide(self, pose: PersonPose) -> PersonPose:
        return without(pose, list(self.hidden))


class WithoutLeftHand(Crowd):
    hidden = tuple(BLAZEPOSE_33.indices("left_wrist", "left_pinky", "left_index", "left_thumb"))


class Nobody(Crowd):
    nobody = True


class Flat(Crowd):
    """Finds points in 2D alone, and counts the frames that it was asked for."""

    looked_at = 0

    def hide(self, pose: PersonPose) -> PersonPose:
        Flat.looked_at += 1
        return replace(pose, xyz=None)


@pytest.fixture
def settings(blank_clip: Path) -> Settings:
    subject = Subject(height=1.75)
    return Settings(video=str(blank_clip), subject=subject, estimator="synthetic", focal_length=FOCAL, cutoff=None)


def changed(settings: Settings, **values: object) -> Settings:
    return Settings(**{name: getattr(settings, name) for name in Settings.model_fields} | values)


def truth() -> Array:
    """In the laboratory: X towards the camera, Y up, Z to the viewer's left, from below the first hips at (−1.2, 0)."""
    x, y, z = np.moveaxis(Walker().positions(TIME), -1, 0)
    return np.stack([z, y, -(x + 1.2)], axis=-1)


def test_the_road_ends_within_a_millimetre_and_one_percent_of_the_truth(settings: Settings) -> None:
    pose = analyze(changed(settings, refine=False)).pose
    hips = truth()[:, 23:25].mean(axis=1)

    assert pose.time == pytest.approx(TIME)
    assert np.linalg.norm(pose.xyz - (truth() - hips[:, None]), axis=-1).max() <= 0.001
    assert np.linalg.norm(pose.root - hips, axis=-1).max() <= 0.01 * 0.9 * TIME[-1]


def test_refinement_leaves_an_exact_pose_within_centimetres(settings: Settings) -> None:
    # proportions, clean pictures and exact depth are weighted as if they were a person's and a detector's
    pose = analyze(settings).pose
    rows = [
        row
        for row, name in enumerate(BLAZEPOSE_33.points)
        if name.endswith(("hip", "knee", "ankle", "shoulder", "elbow"))
    ]
    hips = truth()[:, 23:25].mean(axis=1)

    away = np.linalg.norm(pose.xyz - (truth() - hips[:, None]), axis=-1)[:, rows]

    assert 0.001 < away.mean() < 0.012
    assert away.max() < 0.04


def test_the_account_has_every_term_of_the_fit(settings: Settings) -> None:
    account = analyze(settings).provenance.refinement

    assert account.frames == FRAMES
    assert {"reprojection", "lengths", "depth", "hinge", "floor", "acceleration", "still", "proportions"} <= set(
        account.terms
    )
    assert all(term.weight and term.source for term in account.terms.values())
    assert account.segment_lengths_m["thigh"] + account.segment_lengths_m["shank"] == pytest.approx(
        0.491 * 1.75, rel=0.01
    )


def test_without_refinement_the_account_says_so_and_nothing_is_sure(settings: Settings) -> None:
    trial = analyze(changed(settings, refine=False))

    assert trial.provenance.refinement.done == "off: --no-refine"
    assert trial.provenance.refinement.terms == {}
    assert trial.pose.spread is None


def test_everything_is_measured(settings: Settings) -> None:
    trial = analyze(settings)

    assert (trial.pose.source == Source.MEASURED).all()
    assert all(share.measured == 1 for share in trial.provenance.landmarks.values())


def test_the_account_says_what_was_found(settings: Settings) -> None:
    account = analyze(settings).provenance

    assert account.video.frames == FRAMES
    assert account.video.fps == pytest.approx(RATE)
    assert account.calibration.scale == pytest.approx(1 / 0.83, rel=0.005)
    assert [person.frames for person in account.persons] == [FRAMES]
    assert not account.calibration.focal_length_assumed


def test_the_account_warns_of_a_made_up_person(settings: Settings) -> None:
    assert any("does not look at the video" in note.text for note in analyze(settings).provenance.notes)


def test_the_angles_of_a_trial_are_those_of_its_final_pose(one_hand: Settings) -> None:
    trial = analyze(changed(one_hand, refine=False, cutoff=4.0, estimate_missing=True))

    assert np.array_equal(trial.kinematics.angles.values, joint_angles(trial.pose).values, equal_nan=True)


def test_the_account_notes_that_a_gait_is_doubtful(settings: Settings) -> None:
    trial = analyze(changed(settings, refine=False))

    assert trial.kinematics.gait.quality == "doubtful"
    assert f"the gait is doubtful: {trial.kinematics.gait.reason}" in [note.text for note in trial.provenance.notes]


def test_the_account_says_that_the_focal_length_was_assumed(settings: Settings) -> None:
    account = analyze(changed(settings, focal_length=None, refine=False)).provenance

    assert account.calibration.focal_length_assumed
    assert account.calibration.focal_length_px == pytest.approx(554.3, abs=0.1)


def test_the_account_says_from_what_the_focal_length_was_fitted(settings: Settings) -> None:
    account = analyze(changed(settings, focal_length=None)).provenance

    assert account.refinement.focal_length_start_px == pytest.approx(554.3, abs=0.1)
    assert account.refinement.focal_length_sd_share is not None


def test_bone_lengths_that_contradict_the_height_are_reported(settings: Settings) -> None:
    subject = Subject(height=1.50, bone_lengths={"left_thigh": 0.245 * 1.75})
    notes = analyze(changed(settings, subject=subject)).provenance.notes

    assert any("imply a height of 1.75 m, +17 % from the 1.50 m given: they disagree" in note.text for note in notes)


def test_smoothing_keeps_a_walk_within_a_centimetre(settings: Settings) -> None:
    smoothed = analyze(changed(settings, cutoff=6.0))
    rough = analyze(settings)
    away = np.linalg.norm(smoothed.pose.xyz - rough.pose.xyz, axis=-1)

    assert away.mean() < 0.01
    assert smoothed.provenance.smoothing.endswith("6 Hz")


@pytest.fixture
def one_hand(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setitem(ESTIMATORS, "one-hand", made_by(lambda _: WithoutLeftHand()))
    return changed(settings, estimator="one-hand")


def wrist_share(trial: Trial) -> dict[str, float]:
    return trial.provenance.landmarks["left_wrist"].model_dump()


def test_a_hand_never_seen_stays_missing(one_hand: Settings) -> None:
    trial = analyze(one_hand)

    assert np.isnan(trial.pose.xyz[:, WRIST]).all()
    assert sum(wrist_share(trial).values()) == 0


def test_a_hand_never_seen_is_estimated_when_asked_for_and_marked(one_hand: Settings) -> None:
    trial = analyze(changed(one_hand, estimate_missing=True))

    assert (trial.pose.source[:, WRIST] == Source.MIRRORED).all()
    assert {name: share for name, share in wrist_share(trial).items() if share} == {"mirrored": 1}
    assert (trial.pose.score[:, WRIST] == 0.2).all()


def test_an_estimated_forearm_is_as_long_as_the_other(one_hand: Settings) -> None:
    xyz = analyze(changed(one_hand, estimate_missing=True)).pose.xyz
    mirrored, other = (
        np.linalg.norm(
            xyz[:, BLAZEPOSE_33.index(f"{side}_wrist")] - xyz[:, BLAZEPOSE_33.index(f"{side}_elbow")], axis=1
        )
        for side in ("left", "right")
    )

    assert mirrored == pytest.approx(other, abs=0.001)


def test_estimating_changes_no_measured_point(one_hand: Settings) -> None:
    plain, estimated = (analyze(changed(one_hand, estimate_missing=choice)).pose for choice in (False, True))
    measured = plain.source == Source.MEASURED

    assert np.array_equal(plain.xyz[measured], estimated.xyz[measured])


def test_a_clip_with_nobody_in_it_is_an_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ESTIMATORS, "nobody", made_by(lambda _: Nobody()))

    with pytest.raises(NoPersonError, match="nobody was found in the 45 frames"):
        analyze(changed(settings, estimator="nobody"))


def test_a_person_who_is_not_there_is_an_error(settings: Settings) -> None:
    with pytest.raises(NoPersonError, match="there is no person 2"):
        analyze(changed(settings, person=2))


def test_only_the_seconds_asked_for_are_read(settings: Settings) -> None:
    assert len(analyze(changed(settings, duration=0.49)).pose.time) == 15


def test_the_other_person_can_be_chosen(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    behind = Walker(stature=1.6, speed=0.8, start=(1.0, -0.7), heading=np.pi)
    monkeypatch.setitem(ESTIMATORS, "two", made_by(lambda _: Synthetic((Walker(), behind))))
    trial = analyze(changed(settings, estimator="two", person=2, subject=Subject(height=1.6)))

    # he walks the other way: the viewer's left is +Z
    assert trial.pose.root[-1, 2] == pytest.approx(0.8 * TIME[-1], rel=0.01)
    assert any("2 people were found; these are person 2's" in note.text for note in trial.provenance.notes)


@pytest.mark.parametrize(("most", "people"), [(-1, 6), (4, 4), (1, 1)])
def test_as_many_people_are_followed_as_were_asked_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, most: int, people: int
) -> None:
    row = tuple(Walker(start=(x, 0.0), speed=0.0) for x in (-1.5, -0.9, -0.3, 0.3, 0.9, 1.5))
    monkeypatch.setitem(ESTIMATORS, "row", made_by(lambda options: Synthetic(row, max_persons=options.max_persons)))
    trial = analyze(changed(settings, estimator="row", max_persons=most, refine=False))

    assert [len(track.poses) for track in trial.tracks.tracks] == [FRAMES] * people


@pytest.mark.parametrize(
    ("oks", "least", "says"),
    [
        (False, None, "similarity of points and overlap of boxes, at least 0.15"),
        (True, None, "object keypoint similarity (COCO), at least 0.3"),
        (True, 0.5, "object keypoint similarity (COCO), at least 0.5"),
    ],
)
def test_the_account_says_by_what_people_were_followed(
    settings: Settings, oks: bool, least: float | None, says: str
) -> None:
    account = analyze(changed(settings, use_oks_tracking=oks, tracking_thr=least, refine=False)).provenance

    assert account.tracking == says


def test_people_are_followed_by_what_was_asked_for(settings: Settings) -> None:
    with pytest.raises(NoPersonError):  # who walks is nobody known from the frame before
        analyze(changed(settings, use_oks_tracking=True, tracking_thr=0.9999))


def test_progress_is_told_of_every_frame(settings: Settings) -> None:
    told: dict[str, int] = {}

    def progress(stage: str, items: Iterable, _: int | None) -> Iterator:
        for item in items:
            told[stage] = told.get(stage, 0) + 1
            yield item

    analyze(settings, progress=progress)

    assert told == {"finding people": FRAMES, "refining": 1}


def test_the_files_hold_what_the_trial_holds(settings: Settings, tmp_path: Path) -> None:
    trial = analyze_to(settings, tmp_path, ["csv", "trc"])
    with (tmp_path / "landmarks.csv").open(encoding="utf-8", newline="") as file:
        written = np.array([[float(row[name]) for name in ("x_m", "y_m", "z_m")] for row in csv.DictReader(file)])

    assert written.reshape(FRAMES, 33, 3) == pytest.approx(trial.pose.positions, abs=1e-6)


def test_the_shares_in_the_account_leave_out_only_what_is_missing(one_hand: Settings, tmp_path: Path) -> None:
    trial = analyze_to(one_hand, tmp_path, ["csv"])
    landmarks = json.loads((tmp_path / "provenance.json").read_text(encoding="utf-8"))["landmarks"]
    seen = np.isfinite(trial.pose.xyz).all(axis=-1).mean(axis=0)

    assert [sum(shares.values()) for shares in landmarks.values()] == pytest.approx(list(seen), abs=1e-3)


@pytest.mark.parametrize(("form", "noted"), [("mot", True), ("trc", False)])
def test_what_a_file_lacks_is_in_the_account_if_there_is_such_a_file(
    form: str, noted: bool, one_hand: Settings, tmp_path: Path
) -> None:
    trial = analyze_to(one_hand, tmp_path, [form])
    account = json.loads((tmp_path / "provenance.json").read_text(encoding="utf-8"))

    assert any("has no elbow_flex_l" in note["text"] for note in account["notes"]) is noted
    assert [note["text"] for note in account["notes"]] == [note.text for note in trial.provenance.notes]


def test_a_failed_analysis_leaves_nothing_behind(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        analyze_to(changed(settings, person=2), tmp_path / "out", ["csv"])

    assert list(tmp_path.iterdir()) == []


def test_an_estimator_without_depth_is_refused_at_the_first_person_and_not_after_the_clip(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SyntheticSettings, "make", lambda *_: Flat())
    Flat.looked_at = 0

    with pytest.raises(InputError, match='gives no depth: a lifter is needed, `lifter="videopose3d"`'):
        analyze(settings)
    assert Flat.looked_at == 1


def test_a_lifter_that_cannot_be_loaded_is_an_error_before_the_first_frame(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Lifter:
        raise InputError("this lifter cannot be loaded")

    monkeypatch.setattr(VideoPose3DSettings, "make", refuse)
    monkeypatch.setattr(SyntheticSettings, "make", lambda *_: Flat())
    Flat.looked_at = 0

    with pytest.raises(InputError, match="this lifter cannot be loaded"):
        analyze(settings.model_copy(update={"lifter": "videopose3d"}))
    assert Flat.looked_at == 0


def test_nobody_waits_for_imports_when_the_process_ends() -> None:
    assert import_meanwhile(()).daemon


def test_an_estimator_without_depth_can_be_lifted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SyntheticSettings, "make", lambda *_: Flat())

    trial = analyze(changed(settings, lifter="videopose3d", refine=False))

    assert np.isfinite(trial.pose.xyz).any()
