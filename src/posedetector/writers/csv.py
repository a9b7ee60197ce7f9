"""CSV: UTF-8, decimal points, one header line with the unit in each column's name, empty cells where there is no value."""

from pathlib import Path

from posedetector.tables import TABLES
from posedetector.trial import Trial

_MICRO = "%.6f"  # micrometres and microseconds: finer than anything a video can tell


def write_csv(table: str, trial: Trial, path: Path) -> None:
    """Write the table of this name in TABLES."""
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, piece in enumerate(TABLES[table].pieces(trial)):
            piece.to_csv(file, index=False, header=number == 0, float_format=_MICRO, lineterminator="\n")


def write_landmarks(trial: Trial, path: Path) -> None:
    """Write the table that our own reader takes back."""
    write_csv("landmarks", trial, path)
