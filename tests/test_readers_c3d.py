"""C3D of more frames than its header can count, by our own writer and by ezc3d's."""

import struct
from pathlib import Path

import ezc3d
import numpy as np
import pytest

from posedetector.errors import InputError
from posedetector.readers.c3d import read_c3d, told_frames
from posedetector.readers.recording import ReadOptions, Recording
from posedetector.skeletons import Skeleton
from posedetector.trial import Trial
from posedetector.writers.c3d import write_c3d
from studied import over, without

FRAMES = 70_000
PAIR = Skeleton("pair", ("left_knee", "right_knee"), (-1, -1))


def read(path: Path) -> Recording:
    return read_c3d(path, ReadOptions())[""]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("long")


@pytest.fixture
def ours(trial: Trial, folder: Path) -> Path:
    """Our writer's file of 70,000 frames; the right knee is missing in frames 69,000 to 69,009. Written once."""
    path = folder / "ours.c3d"
    if not path.exists():
        write_c3d(without(over(trial, np.arange(FRAMES) / 30, PAIR), slice(69_000, 69_010), 1), path)
    return path


def test_all_frames_of_a_long_file_are_read(ours: Path) -> None:
    recording = read(ours)

    assert recording.xyz.shape == (FRAMES, 2, 3)
    assert recording.xyz[:, 0] == pytest.approx(
        1000 * np.stack([np.arange(FRAMES), *np.full((2, FRAMES), [[2], [3]])], 1)
    )
    assert recording.time[-1] == pytest.approx((FRAMES - 1) / 30)


def test_holes_behind_the_headers_last_frame_are_holes(ours: Path) -> None:
    missing = np.isnan(read(ours).xyz).any(axis=-1)

    assert np.flatnonzero(missing[:, 1]).tolist() == list(range(69_000, 69_010))
    assert not missing[:, 0].any()


def test_a_long_file_that_ends_before_its_last_frame_is_refused(ours: Path, tmp_path: Path) -> None:
    cut = tmp_path / "a.c3d"
    cut.write_bytes(ours.read_bytes()[:-200_000])

    with pytest.raises(InputError, match=r"it says that it has 70000 frames, 6[0-9]{4} can be read"):
        read(cut)


def test_long_files_of_other_machines_numbers_are_refused(ours: Path, tmp_path: Path) -> None:
    content = bytearray(ours.read_bytes())
    content[12:16] = struct.pack("<f", 0.1)  # a positive factor: whole numbers
    (tmp_path / "a.c3d").write_bytes(content)

    with pytest.raises(InputError, match=r"a\.c3d"):
        read(tmp_path / "a.c3d")


@pytest.mark.parametrize("analog", [0, 2])
@pytest.mark.parametrize("says", ["LONG_FRAMES", "ACTUAL_END_FIELD"])
def test_either_word_for_the_number_of_frames_is_enough(says: str, analog: int, tmp_path: Path) -> None:
    frames = 65_600
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["LABELS"]["value"] = ["head"]
    file["parameters"]["POINT"]["RATE"]["value"] = [100.0]
    file["parameters"]["POINT"]["UNITS"]["value"] = ["m"]
    file["data"]["points"] = np.stack([np.arange(frames), *np.ones((3, frames))])[:, None]
    if analog:
        file["parameters"]["ANALOG"]["LABELS"]["value"] = ["force"]
        file["parameters"]["ANALOG"]["RATE"]["value"] = [100.0 * analog]
        file["data"]["analogs"] = np.full((1, 1, frames * analog), 7.0)
    if says == "LONG_FRAMES":
        file.add_parameter("POINT", says, [float(frames)])
    else:
        for name, words in (("ACTUAL_START_FIELD", [1, 0]), (says, [frames - 65_536, 1])):
            file.add_parameter("TRIAL", name, words)
            file["parameters"]["TRIAL"][name]["type"] = 2
    file.write(str(tmp_path / "a.c3d"))

    assert read(tmp_path / "a.c3d").xyz[:, 0, 0] == pytest.approx(np.arange(frames))


def field(*words: int) -> dict[str, list[int]]:
    return {"value": list(words)}


@pytest.mark.parametrize(
    ("groups", "frames"),
    [
        ({}, 0),
        ({"POINT": {"LONG_FRAMES": {"value": [70_000.0]}}}, 70_000),
        ({"POINT": {"LONG_FRAMES": {"value": [float("nan")]}}}, 0),
        ({"POINT": {"LONG_FRAMES": {"value": []}}}, 0),
        ({"TRIAL": {"ACTUAL_START_FIELD": field(118, 0), "ACTUAL_END_FIELD": field(300, 0)}}, 183),
        # a machine's 16 bits read as a number with a sign
        ({"TRIAL": {"ACTUAL_START_FIELD": field(1, 0), "ACTUAL_END_FIELD": field(-25_536, 0)}}, 40_000),
        ({"TRIAL": {"ACTUAL_START_FIELD": field(1, 0), "ACTUAL_END_FIELD": field(4_464, 1)}}, 70_000),
        ({"TRIAL": {"ACTUAL_END_FIELD": field(4_464, 1)}}, 0),
    ],
)
def test_a_file_says_its_frames_in_two_ways(groups: dict, frames: int) -> None:
    assert told_frames(groups) == frames
