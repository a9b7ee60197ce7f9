"""What is read first, in the terminal and on the first sheet of the workbook."""

from dataclasses import replace
from pathlib import Path

import pytest

from posedetector.account import Note, PersonRecord
from posedetector.cli.summary import summarize
from posedetector.report.overview import overview
from posedetector.report.results import Results, results_of
from posedetector.trial import Trial
from report_pages import walked
from studied import REPETITIONS, nothing_found, with_kinematics


def noted(results: Results, *notes: Note) -> Results:
    return replace(results, account=results.account.model_copy(update={"notes": list(notes)}))


def test_a_walk_opens_with_its_gait_and_the_angles_of_the_legs(trial: Trial) -> None:
    walk = walked(trial)
    gait = walk.account.kinematics.model_copy(update={"gait": "good", "gait_quality": "good"})
    found = dict(overview(replace(walk, account=walk.account.model_copy(update={"kinematics": gait}))).measured)

    assert list(found) == [
        *("walking speed", "cadence", "stance phase"),
        *("hip flexion", "knee flexion", "ankle dorsiflexion"),
    ]
    assert found["stance phase"].startswith("left ")
    assert "°, right " in found["knee flexion"]


def test_a_clip_without_movement_says_why(trial: Trial) -> None:
    still = results_of(nothing_found(trial))
    record = still.account.kinematics.model_copy(update={"gait": "none: no whole leg was seen"})
    said = overview(replace(still, account=still.account.model_copy(update={"kinematics": record}))).measured

    assert said == (("movement", said[0][1]),)
    assert said[0][1].endswith("(neither gait nor repetitions were found: no whole leg was seen)")


def test_a_side_that_was_not_seen_is_not_told(trial: Trial) -> None:
    walk = walked(trial)
    table = walk.tables["summary"]
    unseen = table["quantity"].str.startswith("knee_flexion") & (table["side"] == "left")
    found = dict(overview(replace(walk, tables={**walk.tables, "summary": table[~unseen]})).measured)

    assert unseen.any()
    assert found["knee flexion"].startswith("right ")


def test_sides_that_differ_within_error_are_said_to_do_so(trial: Trial) -> None:
    walk = walked(trial)
    table = walk.tables["summary"].copy()
    row = table["quantity"] == "knee_flexion_range_asymmetry"
    table.loc[row, ["low_90", "high_90"]] = -5.0, 40.0
    said = [
        dict(overview(replace(walk, tables={**walk.tables, "summary": one})).measured)
        for one in (walk.tables["summary"], table)
    ]

    assert row.sum() == 1
    assert [one["knee flexion"].endswith("(the sides differ within error)") for one in said] == [False, True]


def test_what_the_verdict_says_is_not_said_again_as_a_note(trial: Trial) -> None:
    notes = Note(severity="caution", text="two clocks disagree"), Note(severity="info", text="not smoothed")
    found = overview(noted(results_of(trial), *notes))

    assert "two clocks disagree" in found.verdict.points
    assert found.notes == ("not smoothed",)


def test_the_terminal_reads_measured_verdict_assumed_files(trial: Trial, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["report.html", "knees.xlsx", "provenance.json"]
    somebody = PersonRecord(number=1, frames=3, share=1.0, start_s=0.0, end_s=1.25, height_px=300.0)
    account = trial.provenance.model_copy(update={"files": files, "persons": [somebody]})
    squats = with_kinematics(replace(nothing_found(trial), provenance=account), repetitions=REPETITIONS)
    summarize(squats, Path("out"), 12.3)
    lines = capsys.readouterr().out.splitlines()
    heads = [line.split("  ")[0].strip() for line in lines if line[:1] not in {" ", ""}]

    assert heads == ["measured", "good enough?", "assumed", lines[-1]]
    assert lines[-1] == "report: out/report.html (3 files in out/, knees.xlsx for spreadsheets; 12 s)"
