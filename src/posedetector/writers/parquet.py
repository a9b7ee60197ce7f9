"""Parquet: the same tables in columns with types, double precision, null where there is no value.

The file's metadata say what the table is, its frame of reference, and how it came about; the unit is in a column's name
and, as `unit`, in its metadata.
"""

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posedetector.tables import TABLES, about
from posedetector.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

# endings of columns' names, the longest first; what ends in none of them has no unit
_UNITS = {
    "_deg_per_s2": "deg/s^2",
    "_deg_per_s": "deg/s",
    "_percent": "%",
    "_deg": "deg",
    "_px": "px",
    "_kg": "kg",
    "_m": "m",
    "_s": "s",
}


def write_parquet(table: str, trial: Trial, path: Path) -> None:
    """Write the table of this name in TABLES, a group of rows for each of its pieces."""
    import pyarrow as pa
    from pyarrow import parquet

    pieces = TABLES[table].pieces(trial)
    first = next(pieces)
    said = {"table": f"{table}: {TABLES[table].about}", **_joined(about(trial))}
    schema = _schema(first, said)
    with parquet.ParquetWriter(path, schema) as writer:
        for piece in chain((first,), pieces):
            writer.write_table(pa.Table.from_pandas(piece, schema=schema, preserve_index=False))


def unit_of(column: str) -> str:
    """Return the unit that a column's name ends in; empty where it has none."""
    return next((unit for ending, unit in _UNITS.items() if f"_{column}".endswith(ending)), "")


def _joined(lines: list[tuple[str, str]]) -> dict[str, str]:
    """Return lines as a dictionary; those that share a key, one below the other."""
    keys = dict.fromkeys(key for key, _ in lines)
    return {key: "\n".join(value for other, value in lines if other == key) for key in keys}


def _schema(piece: "pd.DataFrame", said: dict[str, str]) -> Any:
    """Types by the columns of one piece, since a later one may have nothing in a column to tell them by."""
    import pandas as pd
    import pyarrow as pa

    fields = []
    for name, dtype in piece.dtypes.items():
        number = pa.float64() if pd.api.types.is_float_dtype(dtype) else pa.int64()
        kind = number if pd.api.types.is_numeric_dtype(dtype) else pa.string()
        unit = unit_of(str(name))
        fields.append(pa.field(name, kind, metadata={"unit": unit} if unit else None))
    return pa.schema(fields, metadata=said)
