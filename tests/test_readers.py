"""Positions read from files that are written here, byte by byte where the bytes matter."""

import builtins
import io
import json
import os
import pickle
import struct
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import c3d
import ezc3d
import numpy as np
import pytest

from posedetector.errors import InputError
from posedetector.motion import Motion
from posedetector.readers import read_motions
from posedetector.readers.names import our_name, read_map
from posedetector.readers.recording import ReadOptions
from posedetector.skeletons import COCO_17, COCO_WHOLEBODY_133, H36M_17, HUMANEVA_15
from posedetector.trial import Trial
from posedetector.writers.csv import write_landmarks
from posedetector.writers.trc import write_trc

NAN = [np.nan] * 3
# two frames of two points that are a metre apart
LOW, HIGH = [0.1, 0.0, 0.2], [0.1, 1.0, 0.2]
LATER = [0.1, 1.0, 0.3]


def read(path: Path, **options: Any) -> Motion:
    """Return the only trial of a file."""
    (motion,) = read_motions(path, ReadOptions(**options)).values()
    return motion


def text(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def grid(frames: int, points: int) -> np.ndarray:
    """Point j of frame t at (t, 0.02 j, 0): a person in metres for 6 to 500 points."""
    xyz = np.zeros((frames, points, 3))
    xyz[..., 0] = np.arange(frames)[:, None]
    xyz[..., 1] = 0.02 * np.arange(points)
    return xyz


def assert_read_or_refused(path: Path) -> None:
    try:
        read_motions(path)
    except InputError:
        return


# --- our own files


def test_our_landmarks_read_back(trial: Trial, tmp_path: Path) -> None:
    write_landmarks(trial, tmp_path / "landmarks.csv")
    motion = read(tmp_path / "landmarks.csv")

    assert motion.skeleton.points == ("left_knee", "right_knee")
    assert motion.time.tolist() == [0.0, 0.5, 1.25]
    assert motion.xyz[:, 0] == pytest.approx(np.array([[1.1, 2.2, 3.3], [1.2, 2.2, 3.3], [1.3, 2.2, 3.3]]), abs=1e-6)
    assert motion.xyz[0, 1] == pytest.approx([0.5, 2.0, 3.25], abs=1e-6)


def test_a_landmark_that_was_not_seen_reads_back_as_nan(trial: Trial, tmp_path: Path) -> None:
    write_landmarks(trial, tmp_path / "landmarks.csv")
    motion = read(tmp_path / "landmarks.csv")

    assert np.isnan(motion.xyz).all(axis=-1).tolist() == [[False, False], [False, True], [False, True]]


def test_the_camera_looks_along_the_first_axis_of_our_table(trial: Trial, tmp_path: Path) -> None:
    write_landmarks(trial, tmp_path / "landmarks.csv")

    assert read(tmp_path / "landmarks.csv").depth_axis == 0


def test_a_folder_of_ours_is_its_landmarks(trial: Trial, tmp_path: Path) -> None:
    write_landmarks(trial, tmp_path / "landmarks.csv")

    assert np.array_equal(read(tmp_path).xyz, read(tmp_path / "landmarks.csv").xyz, equal_nan=True)


def test_our_trc_reads_back(trial: Trial, tmp_path: Path) -> None:
    write_trc(trial, tmp_path / "knees.trc")
    motion = read(tmp_path / "knees.trc")

    assert motion.skeleton.points == ("left_knee", "right_knee")
    assert motion.time.tolist() == [0.0, 0.5, 1.25]
    assert motion.xyz[:, 0] == pytest.approx(np.array([[1.1, 2.2, 3.3], [1.2, 2.2, 3.3], [1.3, 2.2, 3.3]]), abs=1e-6)
    assert motion.xyz[0, 1] == pytest.approx([0.5, 2.0, 3.25], abs=1e-6)
    assert np.isnan(motion.xyz[1:, 1]).all()


def test_a_trc_does_not_say_where_its_camera_was(trial: Trial, tmp_path: Path) -> None:
    write_trc(trial, tmp_path / "knees.trc")

    assert read(tmp_path / "knees.trc").depth_axis is None


def test_our_own_names_are_not_noted_as_renamed(trial: Trial, tmp_path: Path) -> None:
    write_landmarks(trial, tmp_path / "landmarks.csv")

    assert read(tmp_path / "landmarks.csv").notes == ()


# --- which file


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file or folder .*nowhere\.csv"):
        read(tmp_path / "nowhere.csv")


def test_a_name_too_long_for_the_system_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read(tmp_path / f"{'x' * 300}.csv")


def test_a_folder_without_landmarks_is_no_folder_of_ours(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no landmarks\.csv"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["walk.mat", "walk", "walk.csv.gz"])
def test_an_unknown_kind_of_file_is_refused_and_the_known_ones_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"readers for folders of ours, \.csv, \.trc, \.c3d, \.npz, \.json"):
        read(text(tmp_path / name, "x"))


@pytest.mark.parametrize("suffix", [".csv", ".trc", ".c3d", ".npz", ".json"])
def test_a_file_that_may_not_be_read_is_an_error_in_one_line(suffix: str, tmp_path: Path) -> None:
    path = text(tmp_path / f"locked{suffix}", "x" * 600)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("NOT TESTED: permissions do not bind this user")

    with pytest.raises(InputError, match="cannot be read"):
        read(path)


@pytest.mark.parametrize("suffix", [".csv", ".trc", ".c3d", ".npz", ".json"])
@pytest.mark.parametrize("content", [b"", b"\x00" * 600, b"\xff\xfe" * 300, b"some words\n" * 60])
def test_what_is_no_file_of_its_kind_is_refused_by_name(suffix: str, content: bytes, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"walk{suffix}"):
        read(text(tmp_path / f"walk{suffix}", content))


def test_the_end_of_a_files_name_may_be_in_capitals(tmp_path: Path) -> None:
    assert read(trc(tmp_path / "WALK.TRC")).xyz.shape == (2, 2, 3)


# --- CSV

HEADER = "timestamp_s,landmark,x_m,y_m,z_m"
ROWS = ("0,left_knee,0.1,0,0.2", "0,nose,0.1,1,0.2", "0.5,left_knee,0.1,0,0.2", "0.5,nose,0.1,1,0.3")


def table(path: Path, *rows: str, header: str = HEADER) -> Path:
    return text(path, "\n".join([header, *rows]) + "\n")


def assert_the_two_frames(motion: Motion) -> None:
    assert motion.time.tolist() == [0.0, 0.5]
    assert motion.xyz[:, motion.skeleton.index("left_knee")].tolist() == [LOW, LOW]
    assert motion.xyz[:, motion.skeleton.index("nose")].tolist() == [HIGH, LATER]


def test_the_five_columns_of_places_are_enough(tmp_path: Path) -> None:
    assert_the_two_frames(read(table(tmp_path / "a.csv", *ROWS)))


def test_rows_may_come_in_any_order(tmp_path: Path) -> None:
    assert_the_two_frames(read(table(tmp_path / "a.csv", *(ROWS[row] for row in (3, 0, 2, 1)))))


def test_columns_may_come_in_any_order_and_be_more(tmp_path: Path) -> None:
    rows = [",".join(["remark", *reversed(row.split(","))]) for row in ROWS]

    assert_the_two_frames(read(table(tmp_path / "a.csv", *rows, header="note,z_m,y_m,x_m,landmark,timestamp_s")))


def test_windows_lines_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    content = "\ufeff" + "\r\n".join([HEADER, *ROWS]) + "\r\n"

    assert_the_two_frames(read(text(tmp_path / "a.csv", content)))


def test_decimals_are_read_to_the_last_bit(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", "0,nose,0.30000000000000004,1,0.1234567890123456789", "0,left_knee,0,0,0")

    assert read(path).xyz[0, 0].tolist() == [0.30000000000000004, 1.0, 0.1234567890123456789]


def test_a_landmark_without_a_row_at_a_time_is_missing_there(tmp_path: Path) -> None:
    motion = read(table(tmp_path / "a.csv", *ROWS[:3]))

    assert np.isnan(motion.xyz[1, motion.skeleton.index("nose")]).all()
    assert motion.missing == 1


@pytest.mark.parametrize("column", HEADER.split(","))
def test_a_column_that_is_missing_is_named(column: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"lacks the columns {column}$"):
        read(table(tmp_path / "a.csv", *ROWS, header=HEADER.replace(column, "other")))


@pytest.mark.parametrize("row", ["soon,nose,0,0,0", "0,nose,left,0,0", "0,nose,0,0,1.0.0", "0,nose,0,0,1+2j"])
def test_a_cell_that_is_no_number_is_an_error_that_names_the_file(row: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.csv"):
        read(table(tmp_path / "a.csv", ROWS[0], row))


@pytest.mark.parametrize("number", ["9" * 400, "1e999"])
def test_a_number_larger_than_any_is_read_or_refused(number: str, tmp_path: Path) -> None:
    assert_read_or_refused(table(tmp_path / "a.csv", *ROWS, f"1,nose,{number},0,0"))


def test_two_rows_for_one_landmark_at_one_time_look_like_two_people(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="several people"):
        read(table(tmp_path / "a.csv", *ROWS, ROWS[0]))


def test_a_table_of_its_header_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no rows"):
        read(table(tmp_path / "a.csv"))


@pytest.mark.parametrize("time", ["", "nan", "inf"])
def test_a_row_without_a_time_is_refused_by_the_files_name(time: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.csv"):
        read(table(tmp_path / "a.csv", *ROWS, f"{time},nose,0,0,0"))


def test_a_row_without_a_landmark_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.csv"):
        read(table(tmp_path / "a.csv", *ROWS, "1,,0,0,0"))


def test_a_landmark_may_be_called_like_a_missing_value(tmp_path: Path) -> None:
    assert read(table(tmp_path / "a.csv", "0,NA,0,0,0", "0,nose,0,1,0")).skeleton.points == ("NA", "nose")


def test_cells_beyond_the_header_do_not_shift_the_columns(tmp_path: Path) -> None:
    try:
        motion = read(table(tmp_path / "a.csv", *(f"{row},7" for row in ROWS)))
    except InputError:
        return
    assert_the_two_frames(motion)


def test_a_long_table_whose_sources_begin_late_is_read_without_a_warning(tmp_path: Path) -> None:
    rows = [f"{row},nose,0,0,0," for row in range(140_000)] + [f"{row},nose,0,0,0,lifted" for row in (140_000, 140_001)]

    assert len(read(table(tmp_path / "a.csv", *rows, header=f"{HEADER},source")).time) == 140_002


def test_a_table_in_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no table of landmarks"):
        read(text(tmp_path / "a.csv", f"{HEADER}\n0,fußspitze,0,0,0\n".encode("latin1")))


# --- TRC

CELLS = ("1\t0\t0.1\t0\t0.2\t0.1\t1\t0.2", "2\t0.5\t0.1\t0\t0.2\t0.1\t1\t0.3")


def trc(
    path: Path,
    *rows: str,
    unit: str = "m",
    names: str = "left_knee\t\t\tnose\t\t",
    after: str = "",
    ending: str = "\n",
    blank: bool = True,
) -> Path:
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\twalk.trc{after}",
        f"DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames{after}",
        f"2\t2\t2\t2\t{unit}\t2\t1\t2{after}",
        f"Frame#\tTime\t{names}{after}",
        f"\t\tX1\tY1\tZ1\tX2\tY2\tZ2{after}",
        *([after] if blank else []),
        *(f"{row}{after}" for row in rows or CELLS),
    ]
    return text(path, ending.join(lines) + ending)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("blank", [True, False])
@pytest.mark.parametrize("after", ["", "\t", "\t\t\t ", "  "])
def test_trc_files_read_alike_whoever_wrote_their_lines(ending: str, blank: bool, after: str, tmp_path: Path) -> None:
    assert_the_two_frames(read(trc(tmp_path / "a.trc", ending=ending, blank=blank, after=after)))


def test_a_trc_in_millimetres_is_read_in_metres(tmp_path: Path) -> None:
    motion = read(trc(tmp_path / "a.trc", "1\t0\t100\t0\t200\t100\t1000\t250", unit="mm"))

    assert motion.xyz[0] == pytest.approx(np.array([[0.1, 0.0, 0.2], [0.1, 1.0, 0.25]]))


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("m", 1.0), ("MM", 0.001), ("cm", 0.01), ("meters", 1.0), ("Millimeters", 0.001), ("in", 0.0254)],
)
def test_the_word_for_the_unit_may_be_long_or_in_capitals(unit: str, factor: float, tmp_path: Path) -> None:
    height = 1.0 / factor

    assert read(trc(tmp_path / "a.trc", f"1\t0\t0\t0\t0\t0\t{height}\t0", unit=unit)).xyz[0, 1, 1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    "row", ["2\t0.5\t\t\t\t0.1\t1\t0.3", "2\t0.5\tnan\tNaN\tNAN\t0.1\t1\t0.3", "2\t0.5\t \t \t \t0.1\t1\t0.3"]
)
def test_empty_cells_and_nan_are_holes_that_shift_nothing(row: str, tmp_path: Path) -> None:
    motion = read(trc(tmp_path / "a.trc", CELLS[0], row))

    assert np.isnan(motion.xyz[1, 0]).all()
    assert motion.xyz[1, 1].tolist() == LATER


def test_a_row_that_ends_early_has_no_value_for_the_rest(tmp_path: Path) -> None:
    motion = read(trc(tmp_path / "a.trc", CELLS[0], "2\t0.5\t0.1\t0\t0.2"))

    assert motion.xyz[1, 0].tolist() == LOW
    assert np.isnan(motion.xyz[1, 1]).all()


def test_the_times_of_a_trc_are_its_rows_not_its_rates(tmp_path: Path) -> None:
    assert read(trc(tmp_path / "a.trc", CELLS[0], CELLS[1].replace("0.5", "0.125", 1))).time.tolist() == [0.0, 0.125]


def test_a_row_with_more_cells_than_markers_is_refused_by_its_frame(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.trc: frame 2 has 9 cells, the markers need 8"):
        read(trc(tmp_path / "a.trc", CELLS[0], f"{CELLS[1]}\t0.7"))


@pytest.mark.parametrize("cell", ["left", "1,5", "1.0.0", "--"])
def test_text_in_a_cell_is_refused_by_its_frame(cell: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"a\.trc: frame 2: .*{cell}"):
        read(trc(tmp_path / "a.trc", CELLS[0], f"2\t0.5\t{cell}\t0\t0"))


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ((CELLS[0], CELLS[0]), r"a\.trc.*increasing"),
        ((CELLS[1], CELLS[0]), r"a\.trc.*increasing"),
        (("1\t",), r"a\.trc"),
    ],
)
def test_times_that_do_not_increase_are_refused_by_the_files_name(
    rows: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=says):
        read(trc(tmp_path / "a.trc", *rows))


@pytest.mark.parametrize("lines", [0, 1, 2, 3])
def test_a_trc_cut_off_in_its_header_is_refused_in_words(lines: int, tmp_path: Path) -> None:
    content = trc(tmp_path / "a.trc").read_text().splitlines()[:lines]

    with pytest.raises(InputError, match=r"a\.trc has no TRC header(?!.*list index)"):
        read(text(tmp_path / "a.trc", "\n".join(content)))


@pytest.mark.parametrize("lines", [4, 5, 6])
def test_a_trc_without_frames_is_refused(lines: int, tmp_path: Path) -> None:
    content = trc(tmp_path / "a.trc").read_text().splitlines()[:lines]

    with pytest.raises(InputError, match="holds no frames"):
        read(text(tmp_path / "a.trc", "\n".join(content)))


def test_a_trc_without_markers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no markers"):
        read(trc(tmp_path / "a.trc", "1\t0", names=""))


def test_a_trc_whose_header_states_no_unit_is_refused_by_the_word(tmp_path: Path) -> None:
    path = trc(tmp_path / "a.trc")

    with pytest.raises(InputError, match="no TRC header: it lacks 'Units'"):
        read(text(path, path.read_text().replace("Units", "Unit")))


# --- C3D


def write_ezc3d(
    path: Path,
    xyz: np.ndarray,
    labels: list[str],
    *,
    unit: str = "mm",
    rate: float = 100.0,
    holes: tuple[tuple[int, int], ...] = (),
    first: int = 0,
) -> Path:
    frames, points = xyz.shape[:2]
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [rate]
    file["parameters"]["POINT"]["LABELS"]["value"] = labels
    file["parameters"]["POINT"]["UNITS"]["value"] = [unit]
    file["header"]["points"]["first_frame"] = first
    file["data"]["points"] = np.concatenate([xyz.transpose(2, 1, 0), np.ones((1, points, frames))])
    residuals = np.zeros((1, points, frames))
    for frame, point in holes:
        residuals[0, point, frame] = -1.0
    file["data"]["meta_points"]["residuals"] = residuals
    file["data"]["meta_points"]["camera_masks"] = np.zeros((7, points, frames), bool)
    file.write(str(path))
    return path


def write_c3d(
    path: Path,
    xyz: np.ndarray,
    labels: list[str],
    *,
    unit: str = "mm",
    rate: float = 100.0,
    holes: tuple[tuple[int, int], ...] = (),
    first: int = 1,
) -> Path:
    """Write with the package `c3d`, which knows nothing of ezc3d."""
    writer = c3d.Writer(point_rate=rate, point_units=unit)
    writer.set_point_labels(labels)
    writer.set_start_frame(first)
    for frame, places in enumerate(xyz):
        residuals = np.array([-1.0 if (frame, point) in holes else 0.0 for point in range(len(labels))])
        rows = np.column_stack([places, residuals, np.zeros(len(labels))])
        writer.add_frames([(rows, np.empty((0, 0)))])
    with warnings.catch_warnings(), path.open("wb") as file:
        warnings.filterwarnings("ignore", "No analog data")
        writer.write(file)
    return path


C3DWriter = Callable[..., Path]
both_writers = pytest.mark.parametrize("write", [write_ezc3d, write_c3d], ids=["ezc3d", "c3d"])
MARKERS = ["LASI", "RKNE", "V_Sacral"]
# frame t, marker j at (100 t, 500 j, −12.5) millimetres
MILLIMETRES = np.array([[[100.0 * t, 500.0 * j, -12.5] for j in range(3)] for t in range(4)])


@both_writers
def test_a_c3d_in_millimetres_is_read_in_metres(write: C3DWriter, tmp_path: Path) -> None:
    motion = read(write(tmp_path / "a.c3d", MILLIMETRES, MARKERS))

    assert motion.skeleton.points == ("LASI", "RKNE", "V_Sacral")
    assert motion.xyz[3, 2] == pytest.approx([0.3, 1.0, -0.0125], abs=1e-6)
    assert motion.xyz == pytest.approx(MILLIMETRES / 1000.0, abs=1e-6)


@both_writers
def test_a_c3d_in_metres_is_read_as_it_is(write: C3DWriter, tmp_path: Path) -> None:
    motion = read(write(tmp_path / "a.c3d", MILLIMETRES / 1000.0, MARKERS, unit="m"))

    assert motion.xyz == pytest.approx(MILLIMETRES / 1000.0, abs=1e-6)


@both_writers
def test_a_residual_below_zero_is_a_hole(write: C3DWriter, tmp_path: Path) -> None:
    motion = read(write(tmp_path / "a.c3d", MILLIMETRES, MARKERS, holes=((1, 0), (3, 2))))

    assert np.argwhere(np.isnan(motion.xyz).all(axis=-1)).tolist() == [[1, 0], [3, 2]]
    assert motion.missing == 2


@both_writers
@pytest.mark.parametrize("rate", [50.0, 100.0, 240.0])
def test_the_times_of_a_c3d_are_those_of_its_rate(write: C3DWriter, rate: float, tmp_path: Path) -> None:
    motion = read(write(tmp_path / "a.c3d", MILLIMETRES, MARKERS, rate=rate))

    assert motion.time == pytest.approx([0.0, 1 / rate, 2 / rate, 3 / rate])


@both_writers
def test_a_c3d_cut_out_of_a_longer_one_begins_at_zero(write: C3DWriter, tmp_path: Path) -> None:
    motion = read(write(tmp_path / "a.c3d", MILLIMETRES, MARKERS, first=118))

    assert motion.time == pytest.approx([0.0, 0.01, 0.02, 0.03])
    assert motion.xyz == pytest.approx(MILLIMETRES / 1000.0, abs=1e-6)


def test_markers_beyond_the_255th_have_their_names(tmp_path: Path) -> None:
    labels = [f"M{number}" for number in range(300)]
    xyz = np.array([[[0.0, 5.0 * point, 0.0] for point in range(300)]])
    motion = read(write_ezc3d(tmp_path / "a.c3d", xyz, labels))

    assert motion.skeleton.points == tuple(labels)
    assert motion.xyz[0, 299] == pytest.approx([0.0, 1.495, 0.0])


def test_a_c3d_without_points_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.c3d"):
        read(write_ezc3d(tmp_path / "a.c3d", np.zeros((3, 0, 3)), []))


@both_writers
def test_a_c3d_whose_header_counts_no_frames_is_refused(write: C3DWriter, tmp_path: Path) -> None:
    content = bytearray(write(tmp_path / "a.c3d", MILLIMETRES, MARKERS).read_bytes())
    content[6:10] = struct.pack("<HH", 2, 1)  # its first and last frame

    assert_read_or_refused(text(tmp_path / "a.c3d", bytes(content)))


@pytest.mark.parametrize("size", [0, 100, 511, 512, 600])
def test_a_c3d_that_ends_before_its_points_is_refused_at_once(size: int, tmp_path: Path) -> None:
    path = write_ezc3d(tmp_path / "a.c3d", MILLIMETRES, MARKERS)
    begin = time.monotonic()

    with pytest.raises(InputError, match=r"a\.c3d"):
        read(text(path, path.read_bytes()[:size]))
    assert time.monotonic() - begin < 5.0


# --- npz


def npz(path: Path, positions: Any, *, key: str = "positions_3d") -> Path:
    np.savez(path, **{key: positions})
    return path


def zipped(path: Path, content: bytes, name: str = "positions_3d.npy") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)
    return path


def pickled(thing: Any, *, protocol: int = 4) -> bytes:
    """Return an .npy file of one pickled thing, as numpy frames it."""
    return npy(pickle.dumps(thing, protocol=protocol), "|O", ())


def npy(data: bytes, descr: str, shape: tuple[int, ...], *, fortran: bool = False) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": fortran, "shape": shape})
    return file.getvalue() + data


def test_subjects_and_actions_are_trials(tmp_path: Path) -> None:
    positions = {"S9": {"Walking 1": grid(2, 17), "Eating": grid(3, 17)}, "S11": {"Walking 1": grid(4, 17) + 1.0}}
    motions = read_motions(npz(tmp_path / "a.npz", positions))

    assert {trial: len(motion.time) for trial, motion in motions.items()} == {
        "S9/Walking 1": 2,
        "S9/Eating": 3,
        "S11/Walking 1": 4,
    }
    assert motions["S11/Walking 1"].xyz[3, 16] == pytest.approx([4.0, 1.32, 1.0])


def test_a_plain_array_is_one_trial_without_a_name(tmp_path: Path) -> None:
    motions = read_motions(npz(tmp_path / "a.npz", grid(2, 17)))

    assert list(motions) == [""]
    assert motions[""].xyz == pytest.approx(grid(2, 17))


@pytest.mark.parametrize("key", ["positions_3d", "predictions", "keypoints_3d", "arr_0"])
def test_positions_are_found_under_the_names_that_are_usual(key: str, tmp_path: Path) -> None:
    assert read(npz(tmp_path / "a.npz", grid(2, 17), key=key)).xyz == pytest.approx(grid(2, 17))


def test_an_npz_without_positions_says_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has none of positions_3d, predictions, .*; it has angles"):
        read(npz(tmp_path / "a.npz", grid(2, 17), key="angles"))


def test_an_empty_archive_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w"):
        pass
    with pytest.raises(InputError, match="it has nothing"):
        read(tmp_path / "a.npz")


@pytest.mark.parametrize("positions", [{}, {"S9": {}}])
def test_a_dictionary_without_trials_is_refused(positions: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="positions_3d is empty"):
        read(npz(tmp_path / "a.npz", positions))


def test_every_camera_of_a_list_is_a_trial(tmp_path: Path) -> None:
    motions = read_motions(npz(tmp_path / "a.npz", {"S9": {"Eating": [grid(2, 17), grid(3, 17)]}}))

    assert {trial: len(motion.time) for trial, motion in motions.items()} == {
        "S9/Eating/camera 0": 2,
        "S9/Eating/camera 1": 3,
    }


@pytest.mark.parametrize(
    ("count", "points"),
    [(17, H36M_17.points), (15, HUMANEVA_15.points), (32, H36M_17.points), (133, COCO_WHOLEBODY_133.points)],
)
def test_the_number_of_points_tells_which_they_are(count: int, points: tuple[str, ...], tmp_path: Path) -> None:
    motion = read(npz(tmp_path / "a.npz", grid(2, count)), rate=50.0)

    assert motion.skeleton.points == points
    assert any("names no points; taken in the order of" in note for note in motion.notes)


@pytest.mark.parametrize(
    ("point", "row"),
    [("pelvis", 0), ("right_ankle", 3), ("left_hip", 6), ("spine", 12), ("head", 15), ("right_wrist", 27)],
)
def test_the_17_of_human36ms_32_joints_are_picked(point: str, row: int, tmp_path: Path) -> None:
    motion = read(npz(tmp_path / "a.npz", grid(2, 32)))

    assert motion.xyz[1, motion.skeleton.index(point)] == pytest.approx([1.0, 0.02 * row, 0.0])


def test_points_that_are_said_are_not_guessed(tmp_path: Path) -> None:
    motion = read(npz(tmp_path / "a.npz", grid(2, 17)), points="coco_17", rate=30.0)

    assert motion.skeleton.points == COCO_17.points
    assert motion.notes == ()


@pytest.mark.parametrize(("count", "points"), [(16, None), (17, "humaneva_15"), (32, "h36m_17")])
def test_a_number_of_points_that_no_skeleton_has_asks_for_points(
    count: int, points: str | None, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=rf"has {count} points without names; `points` says which: .*h36m_17 \(17\)"):
        read(npz(tmp_path / "a.npz", grid(2, count)), points=points, rate=30.0)


def test_a_skeleton_that_does_not_exist_is_refused_for_npz(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no skeleton 'h36m'; there are .*h36m_17"):
        read(npz(tmp_path / "a.npz", grid(2, 17)), points="h36m")


@pytest.mark.parametrize("shape", [(2, 17, 2), (17, 3), (2, 17), (2, 17, 4), (1, 2, 17, 3)])
def test_arrays_of_another_shape_are_refused_by_their_shape(shape: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"S9/Eating must be \(T, J, 3\), got"):
        read(npz(tmp_path / "a.npz", {"S9": {"Eating": np.zeros(shape)}}))


def test_a_trial_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="S9/Eating"):
        read(npz(tmp_path / "a.npz", {"S9": {"Eating": np.zeros((0, 17, 3))}}))


@pytest.mark.parametrize(
    "thing",
    [
        "soon",
        None,
        np.full((2, 17, 3), "left", object),
        np.full((2, 17, 3), "left"),
        [[[1.0], [2.0, 3.0]]],
        [[1.0, 2.0], [3.0]],
        {"a", "b"},
        np.array([grid(2, 17), grid(3, 17)], object),
        10**400,
    ],
    ids=["text", "none", "object texts", "texts", "ragged", "ragged list", "set", "array of arrays", "huge integer"],
)
def test_what_holds_no_numbers_is_refused_by_its_trial(thing: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.npz"):
        read(npz(tmp_path / "a.npz", {"S9": {"Eating": thing}}))


def test_complex_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.npz"):
        read(npz(tmp_path / "a.npz", grid(2, 17) + 1j))


def test_a_dictionary_that_holds_itself_is_refused(tmp_path: Path) -> None:
    positions: dict[str, Any] = {}
    positions["S9"] = positions

    with pytest.raises(InputError, match=r"a\.npz"):
        read(zipped(tmp_path / "a.npz", pickled(np.array(positions, object))))


@pytest.mark.parametrize("dtype", ["<f4", ">f4", ">f8", "<f2", "<i4", ">i2"])
def test_numbers_of_any_size_and_byte_order_are_read(dtype: str, tmp_path: Path) -> None:
    centimetres = (grid(2, 17) * 100.0).astype(dtype)

    assert read(npz(tmp_path / "a.npz", centimetres), unit="cm").xyz == pytest.approx(grid(2, 17))
    assert read(npz(tmp_path / "b.npz", {"S9": centimetres}), unit="cm").xyz == pytest.approx(grid(2, 17))


def test_arrays_in_fortrans_order_are_read(tmp_path: Path) -> None:
    fortran = np.asfortranarray(grid(2, 17))

    assert read(npz(tmp_path / "a.npz", fortran)).xyz == pytest.approx(grid(2, 17))
    assert read(npz(tmp_path / "b.npz", {"S9": fortran})).xyz == pytest.approx(grid(2, 17))


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("boxed", [False, True], ids=["plain", "pickled"])
def test_every_version_of_numpys_header_is_read(version: tuple[int, int], boxed: bool, tmp_path: Path) -> None:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.array({"S9": grid(2, 17)}, object) if boxed else grid(2, 17), version)

    assert read(zipped(tmp_path / "a.npz", file.getvalue())).xyz == pytest.approx(grid(2, 17))


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_every_protocol_of_pickle_is_read(protocol: int, tmp_path: Path) -> None:
    positions = np.array({"S9": {"Eating": grid(2, 17)}}, object)

    assert read(zipped(tmp_path / "a.npz", pickled(positions, protocol=protocol))).xyz == pytest.approx(grid(2, 17))


@pytest.mark.parametrize("protocol", [2, 5])
def test_numbers_of_numpy_in_lists_are_read(protocol: int, tmp_path: Path) -> None:
    rows = [[[np.float64(0.1), np.float32(0.25), np.int64(joint % 2)] for joint in range(17)]]
    positions = np.array({"S9": {"Eating": rows}}, object)

    motion = read(zipped(tmp_path / "a.npz", pickled(positions, protocol=protocol)))

    assert motion.xyz[0, 5].tolist() == [0.1, 0.25, 1.0]


def test_compressed_archives_are_read(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", positions_3d={"S9": {"Eating": grid(2, 17)}})

    assert read(tmp_path / "a.npz").xyz == pytest.approx(grid(2, 17))


def python_2(thing: Any) -> bytes:
    """Return what Python 2's cPickle and numpy 1 make of nested dictionaries of arrays, protocol 2, without its head."""
    if isinstance(thing, bytes):
        return b"T" + struct.pack("<i", len(thing)) + thing
    if isinstance(thing, int):
        return b"J" + struct.pack("<i", thing)
    if isinstance(thing, dict):
        pairs = (python_2(key) + python_2(value) + b"s" for key, value in thing.items())
        return b"}" + b"".join(pairs)
    if isinstance(thing, tuple):
        return b"(" + b"".join(python_2(part) for part in thing) + b"t"
    boxed = thing.dtype.hasobject
    kind, order, flags = (b"O8", b"|", 63) if boxed else (b"f8", b"<", 0)
    dtype = b"cnumpy\ndtype\n" + python_2((kind, 0, 1)) + b"R"
    dtype += b"(" + python_2(3) + python_2(order) + b"NNN" + python_2(-1) + python_2(-1) + python_2(flags) + b"tb"
    data = b"]" + python_2(thing.item()) + b"a" if boxed else python_2(thing.tobytes())
    state = b"(" + python_2(1) + python_2(thing.shape) + dtype + b"\x89" + data + b"tb"
    return b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n" + python_2((0,)) + python_2(b"b") + b"tR" + state


def test_a_file_of_python_2_is_read_without_a_warning(tmp_path: Path) -> None:
    positions = np.array({b"S9": {b"Eating": grid(2, 17) - 0.5}}, object)
    content = npy(b"\x80\x02" + python_2(positions) + b".", "|O", ())
    motions = read_motions(zipped(tmp_path / "a.npz", content))

    assert list(motions) == ["S9/Eating"]
    assert motions["S9/Eating"].xyz == pytest.approx(grid(2, 17) - 0.5)


def test_a_plain_array_of_python_2_is_read_without_a_warning(tmp_path: Path) -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2L, 17L, 3L), }".ljust(117) + b"\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + grid(2, 17).tobytes()

    assert read(zipped(tmp_path / "a.npz", content)).xyz == pytest.approx(grid(2, 17))


class Hostile:
    """Calls a function when a careless reader unpickles it."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call


def hostile(kind: str, marker: Path) -> Hostile:
    return {
        "system": Hostile(os.system, f"touch {marker}"),
        "eval": Hostile(builtins.eval, f"open({str(marker)!r}, 'w')"),
        "getattr": Hostile(getattr, Path(marker), "touch"),
        "memmap": Hostile(np.memmap, str(marker), "u1", "w+", 0, (1,)),
        "fromfile": Hostile(np.fromfile, __file__),
    }[kind]


def around(thing: Any, where: str) -> Any:
    return {
        "alone": thing,
        "in an array": np.array([thing], object),
        "nested": np.array({"S9": {"Eating": [grid(1, 17), thing]}}, object),
        "as a key": np.array({"S9": (thing,)}, object),
    }[where]


@pytest.mark.parametrize("where", ["alone", "in an array", "nested", "as a key"])
@pytest.mark.parametrize("kind", ["system", "eval", "getattr", "memmap", "fromfile"])
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_pickle_that_calls_something_is_refused_by_its_name_and_calls_nothing(
    where: str, kind: str, protocol: int, tmp_path: Path
) -> None:
    marker = tmp_path / "it ran"
    path = zipped(tmp_path / "a.npz", pickled(around(hostile(kind, marker), where), protocol=protocol))

    with pytest.raises(InputError, match=rf"a\.npz cannot be read as npz: it wants to use \w+(\.\w+)*\.{kind}"):
        read(path)
    assert not marker.exists()


def test_the_files_of_these_tests_would_run_if_they_were_let(tmp_path: Path) -> None:
    marker = tmp_path / "it_ran"
    path = zipped(tmp_path / "a.npz", pickled(around(hostile("system", marker), "nested")))
    with np.load(path, allow_pickle=True) as archive:
        archive["positions_3d"]

    assert marker.exists()


def test_a_hostile_pickle_beside_good_positions_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "it_ran"
    path = npz(tmp_path / "a.npz", grid(2, 17))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("metadata.npy", pickled(hostile("system", marker)))

    assert_read_or_refused(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    "name", [b"numpy\nndarray.tofile", b"numpy.lib._npyio_impl\nos", b"builtins\ngetattr", b"__builtin__\neval"]
)
def test_names_with_dots_and_names_of_python_2_are_no_way_round(name: bytes, tmp_path: Path) -> None:
    module, _, function = name.partition(b"\n")
    stacked = b"\x80\x04\x8c" + bytes([len(module)]) + module + b"\x8c" + bytes([len(function)]) + function + b"\x93."

    for content in (b"\x80\x02c" + name + b"\n.", stacked):
        with pytest.raises(InputError, match=f"it wants to use .*{function.decode()}"):
            read(zipped(tmp_path / "a.npz", npy(content, "|O", ())))


@pytest.mark.parametrize(
    "arguments",
    [
        ((1, 1, 3), "O", bytes(24)),  # null pointers here; any other address would be followed
        ((1, 1, 3), [("x", "O")], bytes(24)),
        ((10**13,), "f8"),
    ],
    ids=["pointers", "pointers in fields", "a hundred terabytes"],
)
def test_a_pickle_cannot_make_an_array_of_memory_that_is_not_its_own(
    arguments: tuple[Any, ...], tmp_path: Path
) -> None:
    path = zipped(tmp_path / "a.npz", pickled(np.array({"S9": Hostile(np.ndarray, *arguments)}, object)))

    with pytest.raises(InputError, match="cannot be read as npz"):
        read(path)


def test_a_pickle_cannot_make_a_type_that_hides_its_pointers(tmp_path: Path) -> None:
    class Disguised(Hostile):
        def __reduce__(self) -> tuple[Any, ...]:
            fields = {"x": (np.dtype("O"), 0)}
            return np.dtype, ("V8", False, True), (3, "|", None, ("x",), fields, 8, 1, 0)

    class Array(Hostile):
        def __reduce__(self) -> tuple[Any, ...]:
            reconstruct, arguments, _ = np.zeros(1).__reduce__()
            return reconstruct, arguments, (1, (1,), Disguised(id), False, bytes(8))

    with pytest.raises(InputError, match="cannot be read as npz"):
        read(zipped(tmp_path / "a.npz", pickled(np.array({"S9": Array(id)}, object))))


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("compressed", [False, True])
def test_an_archive_that_ends_early_is_refused(keep: float, compressed: bool, tmp_path: Path) -> None:
    save = np.savez_compressed if compressed else np.savez
    save(tmp_path / "a.npz", positions_3d={"S9": grid(2, 17)})
    content = (tmp_path / "a.npz").read_bytes()

    with pytest.raises(InputError, match=r"a\.npz cannot be read as npz"):
        read(text(tmp_path / "a.npz", content[: int(keep * len(content))]))


@pytest.mark.parametrize("keep", [5, 20, 128, 150, 500])
def test_an_array_that_ends_early_is_refused(keep: int, tmp_path: Path) -> None:
    for content in (npy(grid(2, 17).tobytes(), "<f8", (2, 17, 3)), pickled(np.array({"S9": grid(2, 17)}, object))):
        with pytest.raises(InputError, match=r"a\.npz cannot be read as npz"):
            read(zipped(tmp_path / "a.npz", content[:keep]))


def test_a_damaged_compressed_stream_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", positions_3d=grid(20, 17))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    start = 30 + len("positions_3d.npy") + int.from_bytes(content[28:30], "little")
    content[start : start + 40] = b"\xff" * 40

    with pytest.raises(InputError, match=r"a\.npz cannot be read as npz"):
        read(text(tmp_path / "a.npz", bytes(content)))


@pytest.mark.parametrize(
    ("offset", "value"), [(8, 1), (10, 99), (6, 255)], ids=["encrypted", "unknown compression", "unknown version"]
)
def test_an_archive_that_needs_what_python_lacks_is_refused(offset: int, value: int, tmp_path: Path) -> None:
    content = bytearray(npz(tmp_path / "a.npz", grid(2, 17)).read_bytes())
    content[content.index(b"PK\x01\x02") + offset] = value

    with pytest.raises(InputError, match=r"a\.npz cannot be read as npz"):
        read(text(tmp_path / "a.npz", bytes(content)))


# --- JSON


def written(path: Path, data: Any) -> Path:
    return text(path, json.dumps(data))


BODIES = {
    "time": [0.0, 0.5],
    "bodies": {"femur_r": {"translation": [LOW, LOW]}, "torso": {"translation": [HIGH, LATER]}},
}


def test_the_bodies_of_an_opensim_visualisation_are_the_joints_above_them(tmp_path: Path) -> None:
    motion = read(written(tmp_path / "a.json", BODIES))

    assert motion.skeleton.points == ("right_hip", "torso")
    assert motion.time.tolist() == [0.0, 0.5]
    assert motion.xyz.tolist() == [[LOW, HIGH], [LOW, LATER]]


@pytest.mark.parametrize(
    ("body", "point"),
    [
        ("femur_l", "left_hip"),
        ("tibia_r", "right_knee"),
        ("talus_l", "left_ankle"),
        ("humerus_r", "right_shoulder"),
        ("ulna_l", "left_elbow"),
        ("hand_r", "right_wrist"),
        ("pelvis", "pelvis_body"),
        ("calcn_r", "calcn_r"),
    ],
)
def test_a_body_begins_at_this_joint(body: str, point: str, tmp_path: Path) -> None:
    data = {"time": [0], "bodies": {body: {"translation": [LOW]}, "torso": {"translation": [HIGH]}}}

    assert read(written(tmp_path / "a.json", data)).skeleton.points == (point, "torso")


@pytest.mark.parametrize(
    "data",
    [
        {**BODIES, "time": [0.0]},
        {**BODIES, "time": 0.0},
        {**BODIES, "time": "0"},
        {**BODIES, "time": [[0.0], [0.5]]},
        {**BODIES, "time": ["soon", "later"]},
        {**BODIES, "time": [0.5, 0.0]},
        {**BODIES, "time": [0.5, 0.5]},
        {**BODIES, "time": [0.0, None]},
        {**BODIES, "time": [0, 10**400]},
        {**BODIES, "time": {}},
        {"time": [], "bodies": {"femur_r": {"translation": []}}},
        {**BODIES, "bodies": {}},
        {**BODIES, "bodies": []},
        {**BODIES, "bodies": {"femur_r": [LOW, LOW]}},
        {**BODIES, "bodies": {"femur_r": {}}},
        {**BODIES, "bodies": {"femur_r": {"translation": [LOW]}}},
        {**BODIES, "bodies": {"femur_r": {"translation": [LOW, [1.0]]}}},
        {**BODIES, "bodies": {"femur_r": {"translation": [LOW, ["a", "b", "c"]]}}},
        {**BODIES, "bodies": {"femur_r": {"translation": [LOW, [0, 10**400, 0]]}}},
        {**BODIES, "bodies": {"femur_r": {"translation": None}}},
    ],
)
def test_bodies_that_do_not_fit_their_times_are_refused(data: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.json"):
        read(written(tmp_path / "a.json", data))


META = {"keypoint_id2name": {"0": "root", "1": "neck_base"}}
PERSON = {"keypoints": [LOW, HIGH], "keypoint_scores": [0.9, 0.8]}
OTHER = {"keypoints": [HIGH, LOW], "keypoint_scores": [0.9, 0.8]}


def demo(*frames: dict[str, Any], meta: Any = META) -> dict[str, Any]:
    return {"meta_info": meta, "instance_info": list(frames)}


def frame(number: Any, *people: Any) -> dict[str, Any]:
    return {"frame_id": number, "instances": list(people)}


def standing(count: int) -> dict[str, Any]:
    return {"keypoints": grid(1, count)[0].tolist(), "keypoint_scores": [1.0] * count}


def test_the_demos_predictions_are_read_by_their_names(tmp_path: Path) -> None:
    motion = read(written(tmp_path / "a.json", demo(frame(0, PERSON), frame(1, PERSON))), rate=2.0)

    assert motion.skeleton.points == ("pelvis", "neck")
    assert motion.time.tolist() == [0.0, 0.5]
    assert motion.xyz.tolist() == [[LOW, HIGH], [LOW, HIGH]]
    assert not any("several" in note for note in motion.notes)


def test_names_of_points_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = {str(number): f"point_{number}" for number in (10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)}
    motion = read(
        written(tmp_path / "a.json", demo(frame(0, standing(11)), meta={"keypoint_id2name": names})), rate=1.0
    )

    assert motion.skeleton.points == tuple(f"point_{number}" for number in range(11))


@pytest.mark.parametrize(("count", "points"), [(17, H36M_17.points), (133, COCO_WHOLEBODY_133.points)])
def test_the_inferencers_list_is_read_by_its_number_of_points_and_says_so(
    count: int, points: tuple[str, ...], tmp_path: Path
) -> None:
    motion = read(written(tmp_path / "a.json", [frame(0, standing(count)), frame(1, standing(count))]), rate=30.0)

    assert motion.skeleton.points == points
    assert motion.xyz[1, 2] == pytest.approx([0.0, 0.04, 0.0])
    assert any("taken in the order of" in note for note in motion.notes)


def test_a_single_picture_is_a_list_of_people(tmp_path: Path) -> None:
    motion = read(written(tmp_path / "a.json", [standing(17)]), rate=30.0)

    assert motion.time.tolist() == [0.0]
    assert motion.xyz[0] == pytest.approx(grid(1, 17)[0])


def test_points_that_are_said_name_those_of_predictions(tmp_path: Path) -> None:
    motion = read(written(tmp_path / "a.json", [standing(17)]), rate=30.0, points="coco_17")

    assert motion.skeleton.points == COCO_17.points


@pytest.mark.parametrize("points", [None, "coco_wholebody_133"])
def test_predictions_without_names_ask_for_points(points: str | None, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names none of its 16 points; `points` says which"):
        read(written(tmp_path / "a.json", [standing(16)]), rate=30.0, points=points)


def test_a_skeleton_that_does_not_exist_is_refused_for_json(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no skeleton 'h36m'"):
        read(written(tmp_path / "a.json", [standing(17)]), rate=30.0, points="h36m")


def test_of_several_people_the_one_asked_for_is_read_and_noted(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", demo(frame(0, PERSON, OTHER), frame(1, PERSON, OTHER)))
    first, second = read(path, rate=1.0), read(path, rate=1.0, person=2)

    assert first.xyz.tolist() == [[LOW, HIGH], [LOW, HIGH]]
    assert second.xyz.tolist() == [[HIGH, LOW], [HIGH, LOW]]
    assert any("several people; person 1" in note for note in first.notes)
    assert any("several people; person 2" in note for note in second.notes)


def test_a_person_whom_no_frame_has_is_refused_by_number(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no frame has a person 2"):
        read(written(tmp_path / "a.json", demo(frame(0, PERSON), frame(1, PERSON))), rate=1.0, person=2)


def test_a_frame_without_the_person_is_missing(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", demo(frame(0), frame(1, PERSON, OTHER), frame(2, PERSON)))

    assert np.isnan(read(path, rate=1.0).xyz).any(axis=(1, 2)).tolist() == [True, False, False]
    assert np.isnan(read(path, rate=1.0, person=2).xyz).any(axis=(1, 2)).tolist() == [True, False, True]


def test_numbers_that_frames_skip_are_frames_without_values(tmp_path: Path) -> None:
    motion = read(written(tmp_path / "a.json", demo(frame(7, PERSON), frame(10, OTHER))), rate=2.0)

    assert motion.time.tolist() == [0.0, 0.5, 1.0, 1.5]
    assert np.isnan(motion.xyz).all(axis=(1, 2)).tolist() == [False, True, True, False]
    assert motion.xyz[3].tolist() == [HIGH, LOW]


def test_frames_may_come_in_any_order(tmp_path: Path) -> None:
    motion = read(written(tmp_path / "a.json", demo(frame(2, OTHER), frame(1, PERSON))), rate=1.0)

    assert motion.xyz.tolist() == [[LOW, HIGH], [HIGH, LOW]]


def test_two_frames_of_one_number_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.json"):
        read(written(tmp_path / "a.json", demo(frame(0, PERSON), frame(0, OTHER))), rate=1.0)


@pytest.mark.parametrize("count", [16, 17])
def test_predictions_in_two_dimensions_are_refused(count: int, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"got \({count}, 2\); 2D predictions cannot be evaluated in 3D"):
        read(written(tmp_path / "a.json", [{"keypoints": [[1.0, 2.0]] * count}]), rate=30.0)


@pytest.mark.parametrize(
    "data",
    [
        demo(frame(0, {"keypoints": [LOW, [1.0]]})),
        demo(frame(0, {"keypoints": [LOW, ["a", "b", "c"]]})),
        demo(frame(0, {"keypoints": [LOW, [0, 10**400, 0]]})),
        demo(frame(0, {"keypoints": 3})),
        demo(frame(0, {})),
        demo(frame(0, 5)),
        demo(frame(0, PERSON), frame(1, {"keypoints": [LOW, HIGH, LOW]})),
        demo(frame(0, PERSON), frame(1, {"keypoints": [LOW]})),  # must not be taken for every point
        demo(frame(0, PERSON), frame(1, {"keypoints": 3})),
        demo({"frame_id": 0, "instances": 5}),
        demo({"frame_id": 0, "instances": {"a": PERSON}}),
        demo(frame("soon", PERSON)),
        demo(frame(None, PERSON)),
        demo(frame(0, PERSON), frame(10**13, PERSON)),
        demo(frame(0, PERSON), frame(10**30, PERSON)),
        demo(frame(0, PERSON), frame(float("inf"), PERSON)),
        demo(frame(0, PERSON), 5),
        demo(),
        demo(frame(0, PERSON), meta=[]),
        demo(frame(0, PERSON), meta=None),
        demo(frame(0, PERSON), meta={"keypoint_id2name": ["root", "neck_base"]}),
        demo(frame(0, PERSON), meta={"keypoint_id2name": {"a": "root", "b": "neck_base"}}),
        demo(frame(0, PERSON), meta={"keypoint_id2name": {"0": "root"}}),
        demo(frame(0, PERSON), meta={"keypoint_id2name": {"0": "root", "1": "neck_base", "2": "nose"}}),
        {"instance_info": 5},
    ],
)
def test_predictions_built_otherwise_are_refused(data: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.json"):
        read(written(tmp_path / "a.json", data), rate=1.0)


@pytest.mark.parametrize("data", [None, 5, "text", [], {}, [1, 2], {"joints": []}, {"time": [0]}, [[LOW, HIGH]]])
def test_json_of_another_kind_is_refused(data: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither the bodies of an OpenSim visualisation nor MMPose's predictions"):
        read(written(tmp_path / "a.json", data), rate=1.0)


@pytest.mark.parametrize("content", [b'{"time": [0', b"\xff\xfe{}", b'{"a": "\xe9"}', b"[" * 100_000])
def test_what_is_no_json_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.json is no JSON"):
        read(text(tmp_path / "a.json", content))


# --- units


@pytest.mark.parametrize("side", ["--prediction", "--reference"])
def test_millimetres_that_pass_for_metres_are_refused_with_unit_and_option(side: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"as m .*look like mm: `{side[2:]}_unit`"):
        read(trc(tmp_path / "a.trc", "1\t0\t0\t0\t0\t0\t1700\t0"), side=side)


@pytest.mark.parametrize("side", ["--prediction", "--reference"])
def test_millimetres_in_a_file_without_a_unit_are_refused_with_unit_and_option(side: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"metres, which it does not say .*look like mm: `{side[2:]}_unit`"):
        read(npz(tmp_path / "a.npz", grid(2, 17) * 5000.0), side=side)


@pytest.mark.parametrize("size", [1.7, 1.0, 0.5])
def test_centimetres_are_recognised(size: float, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="look like cm"):
        read(trc(tmp_path / "a.trc", f"1\t0\t0\t0\t0\t0\t{100 * size}\t0"))


@pytest.mark.parametrize(("unit", "height"), [("m", 1.7), ("cm", 170.0), ("mm", 1700.0), ("in", 67.0)])
def test_the_unit_that_is_said_overrules_the_files_own(unit: str, height: float, tmp_path: Path) -> None:
    motion = read(trc(tmp_path / "a.trc", f"1\t0\t0\t0\t0\t0\t{height}\t0", unit="furlongs"), unit=unit)

    assert motion.xyz[0, 1, 1] == pytest.approx(1.7, abs=0.002)


def test_the_unit_that_is_said_is_checked_as_well(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="taken as mm the positions make no person"):
        read(npz(tmp_path / "a.npz", grid(2, 17)), unit="mm")


def test_an_unknown_unit_of_a_file_is_refused_and_the_known_ones_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.trc is in 'furlongs'; known are m, cm, mm, in"):
        read(trc(tmp_path / "a.trc", unit="furlongs"))


@pytest.mark.parametrize("factor", [1e-4, 1e7])
def test_a_size_in_no_known_unit_is_refused(factor: float, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no unit of length that is known here"):
        read(npz(tmp_path / "a.npz", grid(2, 17) * factor))


# --- times


@pytest.mark.parametrize("side", ["--prediction", "--reference"])
def test_a_file_without_times_asks_for_a_rate(side: str, tmp_path: Path) -> None:
    for path in (npz(tmp_path / "a.npz", grid(2, 133)), written(tmp_path / "a.json", demo(frame(0, PERSON)))):
        with pytest.raises(InputError, match=rf"{path.name} has no times.*\(`{side[2:]}_rate`\)"):
            read(path, side=side)


@pytest.mark.parametrize(("count", "rate"), [(17, 50.0), (32, 50.0), (15, 60.0)])
def test_the_usual_rate_of_a_dataset_is_taken_and_noted(count: int, rate: float, tmp_path: Path) -> None:
    motion = read(npz(tmp_path / "a.npz", grid(3, count)), side="--prediction")

    assert motion.time == pytest.approx([0.0, 1 / rate, 2 / rate])
    assert any(f"taken to be {rate:g} Hz (--prediction-rate" in note for note in motion.notes)


def test_a_rate_that_is_said_is_taken_without_a_note(tmp_path: Path) -> None:
    motion = read(npz(tmp_path / "a.npz", grid(3, 17)), rate=200.0)

    assert motion.time == pytest.approx([0.0, 0.005, 0.01])
    assert not any("Hz" in note for note in motion.notes)


# --- names


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("RHip", "right_hip"),
        ("R_Knee", "right_knee"),
        ("left ankle", "left_ankle"),
        ("hip_l", "left_hip"),
        ("RHJC", "right_hip"),
        ("LKJC", "left_knee"),
        ("RAJC", "right_ankle"),
        ("LSJC", "left_shoulder"),
        ("LBigToe", "left_big_toe"),
        ("RSmallToe", "right_small_toe"),
        ("LHeel", "left_heel"),
        ("REye", "right_eye"),
        ("Subject:RWrist", "right_wrist"),
        ("Lab:Anna:LElbow", "left_elbow"),
        ("right-shoulder", "right_shoulder"),
        ("RightElbow", "right_elbow"),
        ("KneeLeft", "left_knee"),
        ("LEFT_WRIST", "left_wrist"),
        ("lKnee", "left_knee"),
        (" right_ear ", "right_ear"),
        ("face-0", "face_0"),
        ("face-67", "face_67"),
        ("pelvis", "pelvis"),
        ("Pelvis", "pelvis"),
        ("Root", "pelvis"),
        ("MidHip", "pelvis"),
        ("mid_hip", "pelvis"),
    ],
)
def test_a_joint_centre_by_another_name_gets_ours(name: str, ours: str) -> None:
    assert our_name(name) == ours


@pytest.mark.parametrize(
    "name",
    [
        *("RKNE", "LASI", "RPSI", "LANK", "RTOE", "Neck", "Nose", "nose", "V_Sacral", "C7", "Hip", "Left", "L", ""),
        *("left_foot_index", "left_eye_inner", "left_hand_root", "right_thumb1", "RKneeAngles", "RHipMoment"),
        *("R_Knee_medial", "RKneeMed", "*110", "Lear", "Rear", "face_3"),
    ],
)
def test_what_may_be_something_else_keeps_its_name(name: str) -> None:
    assert our_name(name) == name


@pytest.mark.parametrize("point", [*H36M_17.points, *HUMANEVA_15.points, *COCO_WHOLEBODY_133.points])
def test_our_own_names_stay(point: str) -> None:
    assert our_name(point) == point


def test_what_was_renamed_is_noted(tmp_path: Path) -> None:
    motion = read(trc(tmp_path / "a.trc", names="RKnee\t\t\tLASI\t\t"))

    assert motion.skeleton.points == ("right_knee", "LASI")
    assert motion.notes == ("a.trc: by their names, RKnee for right_knee",)


THREE = "1\t0\t0\t0\t0\t0.2\t0\t0\t0\t1\t0"


def three(path: Path, *names: str) -> Path:
    """Write points at (0, 0, 0), (0.2, 0, 0) and (0, 1, 0)."""
    return trc(path, THREE, names="\t\t\t".join(names))


def test_a_point_of_the_map_is_taken_by_its_foreign_name(tmp_path: Path) -> None:
    motion = read(three(tmp_path / "a.trc", "RKNE", "RKNM", "C7"), point_map={"thorax": ["C7"]})

    assert motion.xyz[0, motion.skeleton.index("thorax")].tolist() == [0.0, 1.0, 0.0]
    assert "a.trc: by their names, C7 for thorax" in motion.notes


def test_several_points_of_the_map_are_one_in_their_middle(tmp_path: Path) -> None:
    motion = read(three(tmp_path / "a.trc", "RKNE", "RKNM", "C7"), point_map={"right_knee": ["RKNE", "RKNM"]})

    assert motion.xyz[0, motion.skeleton.index("right_knee")] == pytest.approx([0.1, 0.0, 0.0])
    assert "a.trc: by their names, RKNE + RKNM for right_knee" in motion.notes


def test_the_middle_of_a_hole_is_a_hole(tmp_path: Path) -> None:
    path = trc(tmp_path / "a.trc", "1\t0\t0\t0\t0\t\t\t\t0\t1\t0", names="RKNE\t\t\tRKNM\t\t\tC7")
    motion = read(path, point_map={"right_knee": ["RKNE", "RKNM"]})

    assert np.isnan(motion.xyz[0, motion.skeleton.index("right_knee")]).all()


def test_the_map_wins_over_what_a_name_says_by_itself(tmp_path: Path) -> None:
    motion = read(three(tmp_path / "a.trc", "RKnee", "RKNM", "C7"), point_map={"right_knee": ["RKNM"]})

    assert motion.xyz[0, motion.skeleton.index("right_knee")].tolist() == [0.2, 0.0, 0.0]
    assert motion.skeleton.points.count("right_knee") == 1


def test_a_map_for_another_files_names_changes_nothing(tmp_path: Path) -> None:
    path = three(tmp_path / "a.trc", "RKnee", "RKNM", "C7")

    assert read(path, point_map={"right_knee": ["RKNE", "RKNM"]}).skeleton.points == ("right_knee", "RKNM", "C7")


@pytest.mark.parametrize("names", [("RKnee", "R_Knee"), ("RKJC", "right_knee"), ("A:RKnee", "B:RKnee"), ("C7", "C7")])
def test_two_names_for_one_point_are_refused_and_the_map_is_mentioned(names: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.trc has two points that could be .*`point_map` says which"):
        read(three(tmp_path / "a.trc", *names, "nose"))


def test_the_map_settles_which_of_two_is_meant(tmp_path: Path) -> None:
    motion = read(three(tmp_path / "a.trc", "RKnee", "R_Knee", "nose"), point_map={"right_knee": ["R_Knee"]})

    assert motion.xyz[0, motion.skeleton.index("right_knee")].tolist() == [0.2, 0.0, 0.0]


def test_a_map_is_read_with_one_name_or_several(tmp_path: Path) -> None:
    path = text(tmp_path / "map.json", '{"right_knee": ["RKNE", "RKNM"], "pelvis": "SACR"}')

    assert read_map(path) == {"right_knee": ["RKNE", "RKNM"], "pelvis": ["SACR"]}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"5", b'{"a": 1}', b'{"a": []}', b'{"a": [1]}', b'{"a": {}}', b'{"a": "\xff"}', b"[" * 100_000],
)
def test_a_broken_map_is_refused_by_its_name(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"map\.json"):
        read_map(text(tmp_path / "map.json", content))


def test_a_map_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"map\.json cannot be read as a map of names"):
        read_map(tmp_path / "map.json")


def test_a_table_in_another_frame_of_reference_has_no_axis_towards_the_camera(tmp_path: Path) -> None:
    rows = ["timestamp_s,landmark,x_m,y_m,z_m,frame", "0,left_knee,0,0,0,camera", "0,left_hip,0,1,0,camera"]
    (tmp_path / "a.csv").write_text("\n".join(rows))

    assert read_motions(tmp_path / "a.csv")[""].depth_axis is None


def test_a_map_to_no_joint_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text('{"rigth_knee": "RKNE"}')

    with pytest.raises(InputError, match="rigth_knee is no joint of ours"):
        read_map(tmp_path / "map.json")


def test_a_marker_that_is_at_the_origin_in_every_frame_is_named(tmp_path: Path) -> None:
    motion = read(three(tmp_path / "a.trc", "RKNE", "RKNM", "C7"))

    assert "a.trc: RKNE is at 0, 0, 0 in every frame, and taken to be there" in motion.notes


def test_a_map_of_which_a_file_has_nothing_is_noted_although_its_own_names_say_the_joint(tmp_path: Path) -> None:
    motion = read(three(tmp_path / "a.trc", "RKnee", "RKNM", "C7"), point_map={"right_knee": ["TYPO"]})

    assert "a.trc: nothing of --map is in it" in motion.notes
