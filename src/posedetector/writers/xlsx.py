"""Excel workbook: one sheet a table, its header row frozen, the unit in each column's name; first a sheet `about`.

Numbers are rounded as in CSV. Text is text: nothing that begins with = becomes a formula, nothing becomes a link, and what
is longer than a cell holds (32,767 letters) is cut. A table of more rows than a sheet holds goes on in a second sheet of its
name, with the header again.
"""

import math
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from posedetector.errors import OutputError
from posedetector.tables import TABLES, about
from posedetector.trial import Trial

# https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3: Excel's specifications and limits
MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
MOST_LETTERS = 31  # of a sheet's name
_DIGITS = 6
_OPTIONS = {"constant_memory": True}


def write_xlsx(trial: Trial, path: Path) -> None:
    """Write all tables of TABLES.

    Raises OutputError for a table of more columns than a sheet holds.
    """
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), _OPTIONS) as book:
        bold = book.add_format({"bold": True})
        rows = [*about(trial), *((f"sheet {name}", table.about) for name, table in TABLES.items())]
        _write_sheet(book, "about", bold, ["item", "value"], iter(rows))
        for name in TABLES:
            _write_table(book, name, bold, trial)


def _write_table(book: Any, name: str, bold: Any, trial: Trial) -> None:
    pieces = TABLES[name].pieces(trial)
    first = next(pieces)
    header = [str(column) for column in first.columns]
    if len(header) > MOST_COLUMNS:
        raise OutputError(
            f"a sheet holds {MOST_COLUMNS} columns, {name} has {len(header)}; leave xlsx out of --formats"
        )

    def rows() -> Iterator[tuple[Any, ...]]:
        yield from first.itertuples(index=False, name=None)
        for piece in pieces:
            yield from piece.itertuples(index=False, name=None)

    left, number = rows(), 1
    following: tuple[tuple[Any, ...], ...] | None = ()
    while following is not None:
        part = islice(chain(following, left), MOST_ROWS - 1)
        _write_sheet(book, sheet_name(name, number), bold, header, part)
        number, after = number + 1, next(left, None)
        following = None if after is None else (after,)


def _write_sheet(book: Any, name: str, bold: Any, header: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(header):
        sheet.set_column(column, column, min(max(len(title), 8) + 2, 40))
        sheet.write_string(0, column, title, bold)
    for row, values in enumerate(rows, start=1):
        for column, value in enumerate(values):
            if isinstance(value, str):  # `write` would make formulas and links of some
                sheet.write_string(row, column, value)
            elif value is not None and math.isfinite(value):
                sheet.write_number(row, column, round(value, _DIGITS))


def sheet_name(table: str, number: int) -> str:
    """Return the name of a table's first, second, … sheet, no longer than Excel allows."""
    ending = "" if number == 1 else f" ({number})"
    return table[: MOST_LETTERS - len(ending)] + ending
