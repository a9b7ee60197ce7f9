"""C3D read back by ezc3d and by py-c3d, which have no code in common."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import c3d
import ezc3d
import numpy as np
import pytest

from posedetector.errors import OutputError
from posedetector.kinematics.nouns import Event, Gait
from posedetector.pose import Array
from posedetector.readers.c3d import read_c3d
from posedetector.readers.recording import ReadOptions
from posedetector.skeletons import Skeleton
from posedetector.trial import Trial
from posedetector.writers.c3d import MOST, MOST_FRAMES, ascii_of, at_one_rate, write_c3d
from studied import EVENTS, all_found, masses_at, over, with_angles, with_kinematics, without

# py-c3d says so of every file without analog channels, and of every file whose points do not end with a block
pytestmark = [
    pytest.mark.filterwarnings("ignore:No analog data found in file:UserWarning"),
    pytest.mark.filterwarnings("ignore:incomplete reading of data blocks:UserWarning"),
]
MICRON = 1e-3  # in millimetres


@dataclass
class Read:
    """What a library finds in a file; points (T, P, 3) in the file's unit, NaN where missing."""

    labels: list[str]
    points: Array
    rate: float
    parameters: dict[str, Any]
    first: int


def by_ezc3d(path: Path) -> Read:
    content = ezc3d.c3d(str(path))
    groups = content["parameters"]
    parameters = {
        f"{group}:{name}": list(one["value"].T if isinstance(one["value"], np.ndarray) else one["value"])
        for group in groups
        for name, one in groups[group].items()
        if name != "__METADATA__"
    }
    labels = [name.strip() for name in parameters["POINT:LABELS"]]
    first = content["header"]["points"]["first_frame"] + 1
    return Read(
        labels, content["data"]["points"][:3].transpose(2, 1, 0), parameters["POINT:RATE"][0], parameters, first
    )


def by_py_c3d(path: Path) -> Read:
    with path.open("rb") as file:
        reader = c3d.Reader(file)
        points = np.array([points[:, :4] for _, points, _ in reader.read_frames()], float)
        points[points[..., 3] < 0] = np.nan
        parameters: dict[str, Any] = {}
        for group in ("POINT", "EVENT", "POSEDETECTOR", "TRIAL"):
            for name, one in reader.get(group).param_items() if reader.get(group) else ():
                if one.bytes_per_element == -1:
                    value = [text.strip() for text in np.ravel(one.string_array)]
                elif one.bytes_per_element == 4:
                    value = list(one.float_array) if one.dimensions else [one.float_value]
                else:
                    value = list(one.uint16_array) if one.dimensions else [one.uint16_value]
                parameters[f"{group}:{name}"] = value
        labels = [name.strip() for name in reader.point_labels]
        return Read(labels, points[..., :3], reader.point_rate, parameters, reader.first_frame)


both = pytest.mark.parametrize("read", [by_ezc3d, by_py_c3d])


def even(trial: Trial, frames: int = 60, rate: float = 30.0, skeleton: Skeleton | None = None) -> Trial:
    return over(trial, np.arange(frames) / rate, skeleton)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a file with späces.out"


@both
def test_landmarks_are_millimetres_in_the_laboratory(read: Any, trial: Trial, path: Path) -> None:
    write_c3d(even(trial), path)
    found = read(path)

    assert found.parameters["POINT:UNITS"][0].strip() == "mm"
    assert found.labels[:2] == ["left_knee", "right_knee"]
    expected = np.stack([1000.0 * np.arange(60), np.full(60, 2000.0), np.full(60, 3000.0)], axis=-1)
    assert np.abs(found.points[:, 0] - expected).max() < MICRON
    assert np.abs(found.points[:, 1] - expected - [1000.0, 0, 0]).max() < MICRON


@both
def test_the_rate_is_the_clips(read: Any, trial: Trial, path: Path) -> None:
    write_c3d(even(trial, rate=30000 / 1001), path)

    assert read(path).rate == pytest.approx(29.97003, abs=1e-4)


@both
def test_a_missing_landmark_is_missing_and_no_other(read: Any, trial: Trial, path: Path) -> None:
    write_c3d(without(even(trial), slice(10, 20), 1), path)
    missing = np.isnan(read(path).points).any(axis=-1)

    assert missing[10:20, 1].all()
    assert missing.sum() == 10


@both
def test_a_landmark_that_was_never_seen_is_missing_throughout(read: Any, trial: Trial, path: Path) -> None:
    write_c3d(without(even(trial), slice(None), 0), path)
    found = read(path)

    assert np.isnan(found.points[:, 0]).all()
    assert np.isfinite(found.points[:, 1]).all()


@both
def test_a_clip_without_any_landmark_is_written(read: Any, trial: Trial, path: Path) -> None:
    write_c3d(without(even(trial), slice(None)), path)

    assert np.isnan(read(path).points).all()


def test_what_is_missing_has_residual_minus_one_and_what_is_there_zero(trial: Trial, path: Path) -> None:
    write_c3d(without(even(trial, 3), 1, 1), path)
    residuals = ezc3d.c3d(str(path))["data"]["meta_points"]["residuals"][0]

    assert residuals.T.tolist() == [[0, 0], [0, -1], [0, 0]]


@both
def test_a_clip_of_one_frame_is_written(read: Any, trial: Trial, path: Path) -> None:
    write_c3d(even(trial, 1), path)

    assert read(path).points[:, 1] == pytest.approx(np.array([[1000.0, 2000.0, 3000.0]]))


@both
def test_angles_are_points_in_degrees_along_x(read: Any, trial: Trial, path: Path) -> None:
    curve = np.linspace(-5, 60, 60)
    write_c3d(with_angles(even(trial), left_knee_flexion=curve), path)
    found = read(path)

    assert found.parameters["POINT:ANGLES"] == ["left_knee_flexion"]
    assert found.parameters["POINT:ANGLE_UNITS"] == ["deg"]
    assert found.points[:, found.labels.index("left_knee_flexion"), 0] == pytest.approx(curve, abs=1e-4)


@both
def test_an_angle_that_is_missing_is_missing(read: Any, trial: Trial, path: Path) -> None:
    curve = np.where(np.arange(60) == 7, np.nan, 1.0)
    write_c3d(with_angles(even(trial), left_knee_flexion=curve), path)

    assert np.flatnonzero(np.isnan(read(path).points[:, 2, 0])).tolist() == [7]


@both
def test_the_centre_of_mass_is_a_point_where_it_was_found(read: Any, trial: Trial, path: Path) -> None:
    clip = even(trial)
    write_c3d(with_kinematics(clip, masses=masses_at(clip.pose.time)), path)
    found = read(path)

    assert found.labels == ["left_knee", "right_knee", "centre_of_mass"]
    assert found.points[5, 2] == pytest.approx([1000, 2000, 3000])


@both
def test_events_have_the_names_that_gait_programs_know(read: Any, trial: Trial, path: Path) -> None:
    clip = even(trial)
    write_c3d(with_kinematics(clip, gait=Gait("good", "", EVENTS)), path)
    parameters = read(path).parameters

    assert parameters["EVENT:USED"] == [2]
    assert [text.strip() for text in parameters["EVENT:LABELS"]] == ["Foot Strike", "Foot Off"]
    assert [text.strip() for text in parameters["EVENT:CONTEXTS"]] == ["Left", "Right"]
    assert parameters["EVENT:ICON_IDS"] == [1, 2]


@both
def test_an_events_time_is_minutes_and_seconds(read: Any, trial: Trial, path: Path) -> None:
    write_c3d(with_kinematics(even(trial), gait=Gait("good", "", EVENTS)), path)
    times = np.array(read(path).parameters["EVENT:TIMES"])

    assert times == pytest.approx(np.array([[0, 0.5], [1, 1.25]]))


@both
def test_events_count_from_the_clips_first_frame_as_the_files_frames_do(read: Any, trial: Trial, path: Path) -> None:
    late = over(trial, 0.2 + np.arange(60) / 30)
    write_c3d(with_kinematics(late, gait=Gait("good", "", EVENTS)), path)
    found = read(path)

    assert found.first == 7  # 0.2 s are six frames, and frame 1 is at 0 s
    assert np.array(found.parameters["EVENT:TIMES"]) == pytest.approx(np.array([[0, 0.5], [1, 1.25]]))


def test_our_own_reader_finds_a_later_part_at_its_own_time(trial: Trial, path: Path) -> None:
    time = 10.01 + np.arange(60) / 30  # between two frames' times
    write_c3d(over(trial, time), path)

    assert read_c3d(path, ReadOptions())[""].time == pytest.approx(time, abs=1e-6)


@both
def test_a_part_beyond_the_headers_frames_counts_from_its_own_first(read: Any, trial: Trial, path: Path) -> None:
    start = MOST_FRAMES / 30.0  # its frames would be 65,536 and on
    moved = tuple(replace(event, time=event.time + start) for event in EVENTS)
    write_c3d(with_kinematics(over(trial, start + np.arange(60) / 30), gait=Gait("good", "", moved)), path)
    found = read(path)

    assert (found.first, len(found.points)) == (1, 60)
    assert np.array(found.parameters["EVENT:TIMES"]) == pytest.approx(np.array([[0, 0.5], [1, 1.25]]), abs=1e-3)
    assert found.parameters["POSEDETECTOR:START"] == pytest.approx([start], abs=1e-3)


def test_more_events_than_the_format_holds_are_cut_off_behind(trial: Trial, path: Path) -> None:
    events = tuple(Event("foot_off", "left", float(number), number, "zeni", 0.0, 2) for number in range(300))
    write_c3d(with_kinematics(even(trial), gait=Gait("good", "", events)), path)
    parameters = by_ezc3d(path).parameters

    assert parameters["EVENT:USED"] == [MOST]
    assert parameters["EVENT:TIMES"][-1] == pytest.approx([4, 14])


@both
def test_the_file_says_its_frame_and_who_made_it(read: Any, trial: Trial, path: Path) -> None:
    write_c3d(all_found(even(trial)), path)
    parameters = read(path).parameters

    assert parameters["POSEDETECTOR:FRAME"][0].startswith("laboratory: X forward")
    assert [parameters[f"POINT:{axis}_SCREEN"][0].strip() for axis in "XY"] == ["+X", "+Y"]
    assert any(line.startswith("smoothing: ") for line in parameters["POSEDETECTOR:ABOUT"])


def test_a_clips_name_is_written_in_ascii(trial: Trial, path: Path) -> None:
    write_c3d(replace(even(trial), name="Gänge\n步 2"), path)

    assert by_ezc3d(path).parameters["POSEDETECTOR:ABOUT"][0].strip() == "clip: Gange ? 2"


@pytest.mark.parametrize(
    ("text", "plain"), [("späces", "spaces"), ("a\tb", "a b"), ("走", "?"), ("x" * 300, "x" * 255)]
)
def test_text_becomes_ascii_of_bounded_length(text: str, plain: str) -> None:
    assert ascii_of(text) == plain


@both
def test_long_names_of_points_stay_whole_and_apart(read: Any, trial: Trial, path: Path) -> None:
    names = tuple("a_point_whose_name_is_longer_than_thirty_letters_" + end for end in ("1", "2"))
    write_c3d(even(trial, skeleton=Skeleton("long", names, (-1, -1))), path)

    assert read(path).labels == list(names)


def test_more_points_than_the_format_names_are_refused(trial: Trial, path: Path) -> None:
    many = with_angles(even(trial, 2), **{f"angle_{number}": 1.0 for number in range(254)})

    with pytest.raises(OutputError, match="names 255 points, here are 256; leave c3d out of `formats`"):
        write_c3d(many, path)


def test_more_frames_than_sixteen_bits_count_are_all_there(trial: Trial, path: Path) -> None:
    write_c3d(even(trial, 70_000, skeleton=Skeleton("one", ("head",), (-1,))), path)
    found = by_py_c3d(path)

    assert found.points[:, 0, 0] == pytest.approx(1000.0 * np.arange(70_000), rel=1e-7)
    assert found.parameters["POINT:LONG_FRAMES"] == [70_000]
    assert found.parameters["TRIAL:ACTUAL_END_FIELD"] == [70_000 - 65_536, 1]


def test_a_file_that_cannot_be_written_is_an_error(trial: Trial, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"a\.c3d could not be written whole"):
        write_c3d(even(trial), tmp_path / "nowhere" / "a.c3d")


def line(times: Sequence[float] | Array, speed: float = 90.0) -> tuple[Array, Array]:
    """One point that moves evenly along X."""
    clock = np.asarray(times, float)
    values = np.zeros((len(clock), 1, 3))
    values[:, 0, 0] = speed * clock
    return clock, values


def test_even_times_keep_their_values() -> None:
    time, values = line(np.arange(100) / 30 + 0.0005 * (-1.0) ** np.arange(100))
    result, rate = at_one_rate(time, values, 30.0)

    assert np.array_equal(result, values)
    assert rate == pytest.approx(30, rel=1e-3)


def test_uneven_times_come_to_the_median_rate_on_straight_lines() -> None:
    time, values = line([0, 0.1, 0.2, 0.33, 0.4, 0.5])
    result, rate = at_one_rate(time, values, 10.0)

    assert rate == 10
    assert result[:, 0, 0] == pytest.approx(90 * np.arange(6) / 10)


def test_where_pictures_are_missing_there_is_nothing() -> None:
    time, values = line([0, 0.1, 0.2, 0.6, 0.7])
    result, _ = at_one_rate(time, values, 10.0)

    assert np.flatnonzero(np.isnan(result[:, 0, 0])).tolist() == [3, 4, 5]


def test_beside_a_hole_the_values_of_pictures_stay() -> None:
    time, values = line([0, 0.1, 0.2, 0.3, 0.46, 0.5])
    values[2] = np.nan
    result, _ = at_one_rate(time, values, 10.0)

    assert np.isnan(result[:, 0, 0]).tolist() == [False, False, True, False, True, False]
