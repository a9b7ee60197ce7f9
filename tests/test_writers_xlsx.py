"""The workbook read back by openpyxl."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from posedetector.errors import OutputError
from posedetector.provenance import info
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


def test_there_is_one_sheet_a_table_after_the_account(book: openpyxl.Workbook) -> None:
    assert book.sheetnames == ["about", *TABLES]


def test_the_header_row_is_frozen_and_names_units(book: openpyxl.Workbook) -> None:
    assert {sheet.freeze_panes for sheet in book} == {"A2"}
    assert rows(book, "joint_angles")[0][:3] == ("frame_index", "timestamp_s", "left_knee_flexion_deg")


def test_numbers_are_numbers_and_what_is_missing_is_empty(book: openpyxl.Workbook) -> None:
    first, last = rows(book, "landmarks")[1], rows(book, "landmarks")[-1]

    assert first[:5] == (0, "left_knee", 1.1, 2.2, 3.3)
    assert last[:5] == (1.25, "right_knee", None, None, None)


def test_text_that_begins_like_a_formula_stays_text(book: openpyxl.Workbook) -> None:
    cell = book["gait_parameters"]["G3"]

    assert (cell.value, cell.data_type) == ("=steps over time", "s")


def test_the_account_has_the_clip_the_units_and_the_frames(book: openpyxl.Workbook) -> None:
    lines = dict(rows(book, "about"))

    assert lines["clip"] == "knees"
    assert lines["frame of reference"].startswith("laboratory: X forward")
    assert lines["sheet gait_events"] == "initial contacts and foot offs, in order of time"


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
    monkeypatch.setattr(xlsx, "MOST_ROWS", 5)
    write_xlsx(trial, tmp_path / "a.xlsx")  # six landmarks; four rows fit below a header
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    first, second = rows(book, "landmarks"), rows(book, "landmarks (2)")

    assert (len(first), len(second)) == (5, 3)
    assert first[0] == second[0]
    assert [row[:2] for row in second[1:]] == [(1.25, "left_knee"), (1.25, "right_knee")]


def test_a_table_of_many_pieces_is_whole(trial: Trial, tmp_path: Path) -> None:
    write_xlsx(over(trial, np.arange(4500) / 30), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx", read_only=True)

    assert [row[0] for row in rows(book, "landmarks_wide")] == ["frame_index", *range(4500)]


def test_a_table_that_just_fits_has_one_sheet(trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 7)  # a header and six landmarks, the most rows of all tables here
    write_xlsx(nothing_found(trial), tmp_path / "a.xlsx")

    assert openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames == ["about", *TABLES]


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
