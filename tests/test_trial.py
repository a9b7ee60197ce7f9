"""What somebody holds after an analysis in Python: angles and tables by name, short reprs, results written."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

from posedetector import Settings, Subject, Trial, analyze_to
from posedetector.account import Note, PersonRecord
from posedetector.errors import InputError, OutputError
from posedetector.kinematics.nouns import Grade
from posedetector.kinematics.series import AngleSeries
from posedetector.tables import TABLES
from studied import REPETITIONS, all_found, nothing_found, with_angles, with_kinematics

SAMPLE = Path(__file__).parent.parent / "data" / "samples" / "walk_side.mp4"


FORMATS = ("csv", "trc", "mot", "npy", "trial")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def sample(folder: Path, request: pytest.FixtureRequest) -> Trial:
    """The sample, analysed and written into the folder as the command does."""
    request.getfixturevalue("each_clip_once")
    return analyze_to(Settings(video=str(SAMPLE), subject=Subject(height=1.65)), folder, FORMATS)


@pytest.fixture
def knee(bent: Trial) -> AngleSeries:
    """0, then 90° (± 2°), then missing."""
    grades = {"left_knee_flexion": Grade("weak", "seen badly", np.radians(2.0))}
    return with_kinematics(bent, grades=grades).angles["left_knee_flexion"]


# angles


def test_an_angle_has_its_values_in_both_units(knee: AngleSeries) -> None:
    assert knee.deg == pytest.approx([0, 90, np.nan], nan_ok=True, abs=1e-9)
    assert knee.rad == pytest.approx([0, np.pi / 2, np.nan], nan_ok=True)
    assert knee.time == pytest.approx([0, 0.5, 1.25])


def test_an_angle_has_the_deviations_of_the_fit_in_both_units(knee: AngleSeries) -> None:
    assert knee.sd_deg[:2] == pytest.approx([2, 2])
    assert knee.sd_rad[:2] == pytest.approx(np.radians([2, 2]))


def test_an_angle_has_its_derivatives_in_both_units(trial: Trial) -> None:
    """Those of `angles_at`: 30°/s and 90°/s²."""
    own = with_angles(trial, left_knee_flexion=10.0).angles["left_knee_flexion"]

    assert own.deg_per_s == pytest.approx([30] * 3)
    assert own.deg_per_s2 == pytest.approx([90] * 3)
    assert own.rad_per_s == pytest.approx([np.pi / 6] * 3)
    assert own.rad_per_s2 == pytest.approx([np.pi / 2] * 3)


def test_an_angle_has_its_grade_or_none(knee: AngleSeries, bent: Trial) -> None:
    assert knee.grade == Grade("weak", "seen badly", np.radians(2.0))
    assert with_kinematics(bent, grades={}).angles["left_knee_flexion"].grade is None


def test_an_angle_says_its_range_and_grade(knee: AngleSeries) -> None:
    assert repr(knee) == "left_knee_flexion: 0.0 to 90.0 deg over 1.2 s, weak"
    assert repr(replace(knee, rad=knee.rad * np.nan)) == "left_knee_flexion: no values"


@pytest.mark.parametrize(
    "use",
    [
        np.asarray,
        np.degrees,
        np.mean,
        list,
        float,
        pd.Series,
        lambda one: one * 2,
        lambda one: np.arange(3) - one,
        lambda one: one[0],
        lambda one: one > 30,
    ],
)
def test_an_angle_is_no_array_until_its_unit_is_said(use: Any, knee: AngleSeries) -> None:
    with pytest.raises(TypeError, match=r"write \.deg or \.rad, as in angles\['left_knee_flexion'\]\.deg"):
        use(knee)


def test_angles_are_a_mapping_by_the_names_of_the_files(bent: Trial) -> None:
    angles = bent.angles
    columns = [name.removesuffix("_deg") for name in bent.table("joint_angles") if str(name).endswith("_flexion_deg")]

    assert isinstance(angles, Mapping)
    assert list(angles) == list(angles.names) == list(angles.keys())
    assert [name for name in angles if name.endswith("_flexion")] == columns
    assert len(angles) == len(angles.names)
    assert "left_knee_flexion" in angles
    assert "left_knee_flexon" not in angles
    assert angles.get("left_knee_flexon") is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("left_knee_flexon", "did you mean left_knee_flexion"),
        ("knee", "did you mean left_knee_flexion"),
        ("nothing of the kind", r"angles\.names lists them"),
        ("left_knee_flexion_deg", r"a column of the files; write angles\['left_knee_flexion'\]\.deg$"),
        ("left_knee_flexion_sd_deg", r"\.sd_deg$"),
        ("left_knee_flexion_deg_per_s2", r"\.deg_per_s2$"),
        ("left_knee_flexion_seen_share", r"\.seen$"),
        ("right_elbow_flexion", "the landmarks of this clip do not show right_elbow_flexion"),
        (0, "there is no angle 0"),
    ],
)
@pytest.mark.parametrize("error", [InputError, KeyError])
def test_an_unknown_angle_is_told_what_to_write(name: Any, said: str, error: type[Exception], bent: Trial) -> None:
    with pytest.raises(error, match=said) as caught:
        bent.angles[name]
    assert not str(caught.value).startswith(('"', "'"))


# tables and landmarks


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_the_one_in_the_files(name: str, trial: Trial, tmp_path: Path) -> None:
    found = all_found(trial)
    found.write(tmp_path, ["csv"])
    written, own = pd.read_csv(tmp_path / f"{name}.csv"), found.table(name)

    assert list(own.columns) == list(written.columns)
    assert len(own) == len(written)
    for column in own.select_dtypes(float):
        assert own[column].to_numpy() == pytest.approx(written[column].to_numpy(float), abs=1e-6, nan_ok=True)


def test_the_tables_say_what_they_hold_and_whether_there_is_anything(trial: Trial) -> None:
    nothing = nothing_found(trial).tables

    assert list(nothing) == list(TABLES)
    assert nothing["repetitions"].endswith("(nothing in this clip)")
    assert all_found(trial).tables["repetitions"] == TABLES["repetitions"].about


@pytest.mark.parametrize("error", [InputError, KeyError])
def test_an_unknown_table_is_told_the_nearest(error: type[Exception], trial: Trial) -> None:
    with pytest.raises(error, match="there is no table 'joint_angle'; did you mean joint_angles"):
        trial.table("joint_angle")


def test_a_position_is_in_the_laboratory_and_nan_where_missing(trial: Trial) -> None:
    assert trial.position("left_knee") == pytest.approx(np.array([[1.1, 2.2, 3.3], [1.2, 2.2, 3.3], [1.3, 2.2, 3.3]]))
    assert np.isfinite(trial.position("right_knee")).all(axis=1).tolist() == [True, False, False]


def test_a_position_of_a_body_whose_place_in_the_room_is_not_known_is_missing(trial: Trial) -> None:
    root = trial.pose.root.copy()
    root[1] = np.nan

    path = replace(trial, pose=replace(trial.pose, root=root)).position("left_knee")
    assert np.isnan(path).tolist() == [[False] * 3, [True] * 3, [False] * 3]


def test_an_unknown_landmark_is_told_the_nearest(trial: Trial) -> None:
    with pytest.raises(InputError, match="did you mean left_knee"):
        trial.position("left_kne")


# reprs


def hanging_on(one: Any) -> list[Any]:
    """Return all that hangs on something, itself included, but what collections hold from the fourth item on."""
    parts: list[Any] = []
    if is_dataclass(one):
        parts = [getattr(one, part.name) for part in fields(one)]
    elif isinstance(one, BaseModel):
        parts = [getattr(one, name) for name in type(one).model_fields]
    elif isinstance(one, Mapping):
        parts = list(one.values())[:3]
    elif isinstance(one, list | tuple):
        parts = list(one[:3])
    own = [one] if is_dataclass(one) or isinstance(one, BaseModel) else []
    return own + [found for part in parts for found in hanging_on(part)]


def test_every_noun_on_a_trial_is_shown_in_a_few_lines(sample: Trial) -> None:
    nouns = [*hanging_on(sample), sample.angles, sample.angles["left_knee_flexion"]]

    assert {type(one).__name__ for one in nouns} > {"Keypoints", "MetricPose", "PersonPose", "Provenance", "Event"}
    assert {type(one).__name__: len(repr(one)) for one in nouns if len(repr(one)) > 500} == {}
    assert {type(one).__name__ for one in nouns if "\n" in repr(one)} == {"Trial"}


def test_a_trial_says_what_it_is_of_how_it_went_and_what_to_call(trial: Trial) -> None:
    notes = [Note(severity="serious", text="x"), *[Note(severity="caution", text="x")] * 2]
    said = repr(replace(trial, provenance=trial.provenance.model_copy(update={"notes": notes})))

    assert said.splitlines()[0] == "<Trial knees: person 1 of 1, 1.75 m, synthetic, lifter native"
    assert "3 frames, 1.25 s at 1.6 fps, 640×360" in said
    assert "1 serious, 2 caution, 0 info" in said
    assert 'trial.angles["left_knee_flexion"].deg' in said
    assert len(said.splitlines()) == 4


def test_a_noun_of_arrays_shows_their_shapes(trial: Trial) -> None:
    assert "xyz=<3 × 2 × 3 float64>" in repr(trial.pose)
    assert "repetitions=<5 × Repetition>" in repr(with_kinematics(trial, repetitions=5 * REPETITIONS).kinematics)


# quantities


def test_quantities_are_in_the_units_of_the_files(sample: Trial) -> None:
    found = sample.kinematics
    rows = [*found.gait.quantities, *found.exercise, *found.summary]
    values = {one.name: one.value for one in rows if not one.side}

    assert {one.unit for one in rows} == {"s", "m", "m/s", "deg", "deg/s", "steps/min", "%", "count"}
    assert values["cadence"] == pytest.approx(100, abs=25)
    assert list(sample.table("gait_parameters")["value"]) == [one.value for one in found.gait.quantities]


# results


def test_a_written_trial_is_what_the_command_writes(sample: Trial, folder: Path, tmp_path: Path) -> None:
    files = sample.write(tmp_path, FORMATS)

    assert files == sample.provenance.files
    for name in set(files) - {"walk_side.trial"}:  # a zip archive knows when it was packed
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert repr(Trial.load(tmp_path)) == repr(sample)


def test_where_several_are_in_view_their_picture_is_written(trial: Trial, tmp_path: Path) -> None:
    one = PersonRecord(number=1, frames=3, share=1.0, start_s=0.0, end_s=1.25, height_px=20.0)
    persons = [one, one.model_copy(update={"number": 2})]
    found = replace(trial, provenance=trial.provenance.model_copy(update={"persons": persons}))

    assert "persons.png" in found.write(tmp_path, ["npy"])
    assert (tmp_path / "persons.png").stat().st_size


def test_notes_on_files_are_said_once_however_often_they_are_written(sample: Trial, tmp_path: Path) -> None:
    def notes() -> list[Note]:
        return Trial.load(tmp_path).provenance.notes

    sample.write(tmp_path, ["mot", "trial"])
    first = notes()
    Trial.load(tmp_path).write(tmp_path, ["mot", "trial"])

    assert notes() == first


def test_a_loaded_trial_writes_the_same_report(sample: Trial, tmp_path: Path) -> None:
    sample.save(tmp_path / "a.trial")
    sample.write(tmp_path / "first", "html")
    Trial.load(tmp_path / "a.trial").write(tmp_path / "second", "html")

    first, second = ((tmp_path / name / "report.html").read_bytes() for name in ("first", "second"))
    assert first == second


def test_a_format_that_there_is_not_leaves_no_folder(trial: Trial, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no format 'doc'"):
        trial.write(tmp_path / "results", ["csv", "doc"])
    assert not (tmp_path / "results").exists()


def test_a_folder_that_cannot_be_written_is_an_output_error(trial: Trial, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file")

    with pytest.raises(OutputError, match="cannot write into"):
        trial.write(tmp_path / "results")
