"""Excel workbook: first a sheet `overview` with what is read first, then one sheet a table, and a sheet `about`.

A table's header row is frozen, the unit is in each column's name. Cells hold numbers, not text, so a spreadsheet shows them with the
decimal sign of its own language; they are rounded as in CSV and shown with the digits that a video can tell. Text is text: nothing that
begins with = becomes a formula, nothing becomes a link, and what is longer than a cell holds (32,767 letters) is cut. A table of more
rows than a sheet holds goes on in a second sheet of its name, with the header again. The longest tables, one row per landmark
and frame, are in CSV and Parquet alone.
"""

import math
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from posedetector.errors import OutputError
from posedetector.report.overview import overview
from posedetector.report.results import results_of
from posedetector.tables import TABLES, about, holds
from posedetector.trial import Trial

# https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3: Excel's specifications and limits
MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
MOST_LETTERS = 31  # of a sheet's name
_DIGITS = 6
_NAMES = ("what", "item", "quantity", "angle")
_SENTENCES = ("result", "text", "definition", "reason")
_OPTIONS = {"constant_memory": True}
# endings of columns' names, the longest first → how their numbers are shown; all digits stay in the cell
_SHOWN = {
    "_deg_per_s2": "0",
    "_deg_per_s": "0",
    "_px": "0.0",
    "_deg": "0.0",
    "_percent": "0",
    "_share": "0.00",
    "_kg": "0.00",
    "_m": "0.000",
    "_s": "0.000",
}
# and of a table with a column `unit`, by that
_SHOWN_BY_UNIT = {
    "m": "0.000",
    "m/s": "0.00",
    "s": "0.00",
    "deg": "0.0",
    "deg/s": "0",
    "%": "0.0",
    "steps/min": "0.0",
    "count": "0",
}
_WITH_UNIT = ("value", "sd", "error_sd", "low_90", "high_90")


def write_xlsx(trial: Trial, path: Path) -> None:
    """Write the overview, the tables of TABLES that the trial has and people read in a spreadsheet, and the account.

    Raises OutputError for a table of more columns than a sheet holds.
    """
    import xlsxwriter

    names = [name for name, table in TABLES.items() if table.in_workbook and holds(trial, name)]
    with xlsxwriter.Workbook(str(path), _OPTIONS) as book:
        bold = book.add_format({"bold": True})
        digits = {**_SHOWN, **_SHOWN_BY_UNIT}
        shown = {key: book.add_format({"num_format": pattern}) for key, pattern in digits.items()}
        _write_sheet(book, "overview", ["what", "result"], iter(_overview(trial)), bold, {})
        for name in names:
            _write_table(book, name, trial, bold, shown)
        rows = [*about(trial), *((f"sheet {name}", TABLES[name].about) for name in names)]
        _write_sheet(book, "about", ["item", "text"], iter(rows), bold, {})


def _overview(trial: Trial) -> list[tuple[str, str]]:
    found = overview(results_of(trial))
    return [
        ("MEASURED", ""),
        *found.measured,
        ("GOOD ENOUGH TO USE?", f"{found.verdict.title}."),
        *(("", point) for point in found.verdict.points),
        ("ASSUMED", ""),
        *found.assumed,
        *(("note", note) for note in found.notes),
    ]


def _write_table(book: Any, name: str, trial: Trial, bold: Any, shown: dict[str, Any]) -> None:
    pieces = TABLES[name].pieces(trial)
    first = next(pieces)
    header = [str(column) for column in first.columns]
    if len(header) > MOST_COLUMNS:
        raise OutputError(
            f"a sheet holds {MOST_COLUMNS} columns, {name} has {len(header)}; leave xlsx out of `formats`"
        )

    def rows() -> Iterator[tuple[Any, ...]]:
        yield from first.itertuples(index=False, name=None)
        for piece in pieces:
            yield from piece.itertuples(index=False, name=None)

    left, number = rows(), 1
    following: tuple[tuple[Any, ...], ...] | None = ()
    while following is not None:
        part = islice(chain(following, left), MOST_ROWS - 1)
        _write_sheet(book, sheet_name(name, number), header, part, bold, shown)
        number, after = number + 1, next(left, None)
        following = None if after is None else (after,)


def _write_sheet(
    book: Any, name: str, header: list[str], rows: Iterator[tuple[Any, ...]], bold: Any, shown: dict[str, Any]
) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    formats = [next((shown.get(ending) for ending in _SHOWN if title.endswith(ending)), None) for title in header]
    unit = header.index("unit") if "unit" in header else None
    by_unit = [unit is not None and title in _WITH_UNIT for title in header]
    for column, title in enumerate(header):
        sheet.set_column(column, column, _width(title))
        sheet.write_string(0, column, title, bold)
    for row, values in enumerate(rows, start=1):
        for column, value in enumerate(values):
            if isinstance(value, str):  # `write` would make formulas and links of some
                sheet.write_string(row, column, value)
            elif value is not None and math.isfinite(value):
                how = shown.get(values[unit]) if unit is not None and by_unit[column] else formats[column]
                sheet.write_number(row, column, round(value, _DIGITS), how)


def _width(title: str) -> int:
    """Return a column's width, in letters; columns of sentences and of names are wide."""
    return 100 if title in _SENTENCES else 34 if title in _NAMES else min(max(len(title), 8) + 2, 40)


def sheet_name(table: str, number: int) -> str:
    """Return the name of a table's first, second, … sheet, no longer than Excel allows."""
    ending = "" if number == 1 else f" ({number})"
    return table[: MOST_LETTERS - len(ending)] + ending
