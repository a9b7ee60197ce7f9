"""Parquet read back by pyarrow and by pandas."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from posedetector.account import info
from posedetector.tables import TABLES
from posedetector.trial import Trial
from posedetector.writers.csv import write_csv
from posedetector.writers.parquet import unit_of, write_parquet
from studied import all_found, over


def as_text(column: pd.Series) -> list[str]:
    """Return a column of words; one of nothing else but gaps is read as numbers by some."""
    return column.astype(object).where(column.notna(), "").tolist()


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_the_same_as_in_csv(table: str, trial: Trial, tmp_path: Path) -> None:
    found = all_found(trial)
    write_parquet(table, found, tmp_path / "a.parquet")
    write_csv(table, found, tmp_path / "a.csv")
    ours, theirs = pd.read_parquet(tmp_path / "a.parquet"), pd.read_csv(tmp_path / "a.csv")

    assert len(ours) > 0
    assert list(ours.columns) == list(theirs.columns)
    for name in ours.columns:
        if ours[name].dtype.kind in "if":
            assert np.allclose(
                ours[name].astype(float), theirs[name].astype(float), rtol=0, atol=5.1e-7, equal_nan=True
            )
        else:
            assert as_text(ours[name]) == as_text(theirs[name])


@pytest.mark.parametrize("table", TABLES)
def test_a_table_without_rows_has_the_types_of_one_with_rows(table: str, trial: Trial, tmp_path: Path) -> None:
    for name, one in (("empty", trial), ("full", all_found(trial))):
        write_parquet(table, one, tmp_path / name)
    empty, full = (parquet.read_schema(tmp_path / name) for name in ("empty", "full"))
    shared = set(empty.names) & set(full.names)

    assert shared
    assert {name: empty.field(name).type for name in shared} == {name: full.field(name).type for name in shared}


def test_a_value_that_is_missing_is_null(trial: Trial, tmp_path: Path) -> None:
    write_parquet("landmarks", trial, tmp_path / "a.parquet")
    last = parquet.read_table(tmp_path / "a.parquet").to_pylist()[-1]

    assert (last["landmark"], last["x_m"], last["source"]) == ("right_knee", None, None)


def test_values_keep_double_precision(trial: Trial, tmp_path: Path) -> None:
    write_parquet("landmarks_wide", trial, tmp_path / "a.parquet")
    table = parquet.read_table(tmp_path / "a.parquet")

    assert table["left_knee_x_m"].to_pylist() == trial.pose.positions[:, 0, 0].tolist()


def test_what_is_counted_is_a_whole_number(trial: Trial, tmp_path: Path) -> None:
    write_parquet("landmarks_wide", trial, tmp_path / "a.parquet")

    assert parquet.read_schema(tmp_path / "a.parquet").field("frame_index").type == pa.int64()


def test_the_schema_says_unit_frame_and_table(trial: Trial, tmp_path: Path) -> None:
    write_parquet("joint_angles", all_found(trial), tmp_path / "a.parquet")
    schema = parquet.read_schema(tmp_path / "a.parquet")

    assert schema.field("left_knee_flexion_deg_per_s").metadata == {b"unit": b"deg/s"}
    assert schema.metadata[b"frame of reference"].startswith(b"laboratory: X forward")
    assert (
        schema.metadata[b"frames of angles"]
        == b"segments; pelvis, trunk flexion and side bend: laboratory; angle_definitions says of each which"
    )
    assert schema.metadata[b"table"].startswith(b"joint_angles: angles")


def test_several_notes_stand_below_each_other_in_the_metadata(trial: Trial, tmp_path: Path) -> None:
    provenance = trial.provenance.model_copy(update={"notes": [info("one"), info("two")]})
    write_parquet("landmarks", replace(trial, provenance=provenance), tmp_path / "a.parquet")

    assert parquet.read_schema(tmp_path / "a.parquet").metadata[b"note"] == b"one\ntwo"


def test_a_long_table_is_written_in_groups_of_rows(trial: Trial, tmp_path: Path) -> None:
    write_parquet("landmarks_wide", over(trial, np.arange(4500) / 30), tmp_path / "a.parquet")
    file = parquet.ParquetFile(tmp_path / "a.parquet")

    assert file.num_row_groups == 3
    assert file.read()["left_knee_x_m"].to_pylist() == list(range(4500))


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        ("x_m", "m"),
        ("timestamp_s", "s"),
        ("hip_deg", "deg"),
        ("hip_deg_per_s2", "deg/s^2"),
        ("mass_kg", "kg"),
        ("x_px", "px"),
        ("share_percent", "%"),
        ("percent", "%"),
        ("side", ""),
        ("score", ""),
        ("hip_seen_share", ""),
    ],
)
def test_the_unit_is_the_end_of_a_columns_name(column: str, unit: str) -> None:
    assert unit_of(column) == unit
