"""The workbook read back by openpyxl."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from posedetector.account import info
from posedetector.errors import OutputError
from posedetector.tables import TABLES
from posedetector.trial import Trial
from posedetector.writers import xlsx
from posedetector.writers.xlsx import MOST_LETTERS, sheet_name, write_xlsx
from studied import all_found, nothing_found, over, with_angles


@pytest.fixture
def book(trial: Trial, tmp_path: Path) -> openpyxl.Workbook:
    write_xlsx(all_found(trial), tmp_path / "clip with späces.out")
    with (tmp_path / "clip with späces.out").open("rb") as file:
        return openpyxl.load_workbook(file)


def rows(book: openpyxl.Workbook, sheet: str) -> list[tuple[object, ...]]:
    return list(book[sheet].iter_rows(values_only=True))


LONG = ("landmarks", "keypoints_2d")


def test_the_overview_comes_first_then_the_tables_that_people_read(book: openpyxl.Workbook) -> None:
    assert book.sheetnames == ["overview", *(name for name in TABLES if name not in LONG), "about"]


def test_the_overview_says_what_was_measured_and_whether_it_can_be_used(book: openpyxl.Workbook) -> None:
    lines = dict(rows(book, "overview"))

    assert lines["repetitions"] == "1 (1 squat)"
    assert lines["GOOD ENOUGH TO USE?"] == "Yes, with care: some numbers are less certain than they look."


def test_a_table_of_what_was_not_found_has_no_sheet(trial: Trial, tmp_path: Path) -> None:
    write_xlsx(nothing_found(trial), tmp_path / "a.xlsx")
    sheets = openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames

    assert {"gait_events", "repetitions", "centre_of_mass"}.isdisjoint(sheets)


def test_angles_are_shown_to_a_tenth_of_a_degree_and_kept_in_full(book: openpyxl.Workbook) -> None:
    cell = book["joint_angles"]["C2"]

    assert (cell.value, cell.number_format) == (10.0, "0.0")


def test_the_header_row_is_frozen_and_names_units(book: openpyxl.Workbook) -> None:
    assert {sheet.freeze_panes for sheet in book} == {"A2"}
    assert rows(book, "joint_angles")[0][:3] == ("frame_index", "timestamp_s", "left_knee_flexion_deg")


def test_numbers_are_numbers_and_what_is_missing_is_empty(book: openpyxl.Workbook) -> None:
    first, last = rows(book, "landmarks_wide")[1], rows(book, "landmarks_wide")[-1]

    assert first[1:5] == (0, 1.1, 2.2, 3.3)
    assert last[1:8] == (1.25, 1.3, 2.2, 3.3, None, None, None)


def test_text_that_begins_like_a_formula_stays_text(book: openpyxl.Workbook) -> None:
    cell = book["gait_parameters"]["J3"]

    assert (cell.value, cell.data_type) == ("=steps over time", "s")


def test_the_account_has_the_clip_the_units_and_the_frames(book: openpyxl.Workbook) -> None:
    lines = dict(rows(book, "about"))

    assert lines["clip"] == "knees"
    assert lines["frame of reference"].startswith("laboratory: X forward")
    assert lines["sheet gait_events"] == "initial contacts and toe-offs, in order of time"


def test_no_name_of_a_source_becomes_a_link(trial: Trial, tmp_path: Path) -> None:
    video = trial.provenance.video.model_copy(update={"source": "https://example.org/a.mp4"})
    provenance = trial.provenance.model_copy(update={"video": video})
    write_xlsx(replace(trial, provenance=provenance), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")

    assert dict(rows(book, "about"))["source"] == "https://example.org/a.mp4"
    assert all(cell.hyperlink is None for row in book["about"] for cell in row)


def test_text_that_is_longer_than_a_cell_holds_is_cut(trial: Trial, tmp_path: Path) -> None:
    provenance = trial.provenance.model_copy(update={"notes": [info("ä" * 40_000)]})
    write_xlsx(replace(trial, provenance=provenance), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")

    assert dict(rows(book, "about"))["note"] == "ä" * 32_767


def test_rows_beyond_a_sheet_go_on_in_the_next_under_the_header(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
    write_xlsx(trial, tmp_path / "a.xlsx")  # three frames; two rows fit below a header
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    first, second = rows(book, "landmarks_wide"), rows(book, "landmarks_wide (2)")

    assert (len(first), len(second)) == (3, 2)
    assert first[0] == second[0]
    assert [row[1] for row in second[1:]] == [1.25]


def test_a_table_of_many_pieces_is_whole(trial: Trial, tmp_path: Path) -> None:
    write_xlsx(over(trial, np.arange(4500) / 30), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx", read_only=True)

    assert [row[0] for row in rows(book, "landmarks_wide")] == ["frame_index", *range(4500)]


def test_a_table_that_just_fits_has_one_sheet(trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 4)  # a header and three frames
    write_xlsx(trial, tmp_path / "a.xlsx")

    assert "landmarks_wide (2)" not in openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames


def test_more_columns_than_a_sheet_holds_are_refused(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "MOST_COLUMNS", 20)
    many = with_angles(trial, **{f"angle_{number}": 1.0 for number in range(10)})

    with pytest.raises(OutputError, match="a sheet holds 20 columns, joint_angles has 53; leave xlsx out"):
        write_xlsx(many, tmp_path / "a.xlsx")


@pytest.mark.parametrize("number", [1, 2, 12])
def test_a_sheets_name_is_as_short_as_excel_wants_it(number: int) -> None:
    name = sheet_name("a" * 40, number)

    assert len(name) == MOST_LETTERS
    assert name.endswith("a" if number == 1 else f"({number})")
