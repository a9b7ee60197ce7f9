"""`posedetector evaluate`, as a person meets it: what may be compared, what is written, what is refused."""

import csv
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import ezc3d
import numpy as np
import pytest
import torch

from checkpoints import random_network, save
from commands import Done
from posedetector.pose import Array
from posedetector.skeletons import H36M_17
from posedetector.trial import Trial
from posedetector.writers.csv import write_landmarks
from recordings import write_trc

FILES = {"evaluation.csv", "evaluation.md", "evaluation.png"}
POINTS = H36M_17.points
RATE = 50.0


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "work"


@pytest.fixture
def run(command: Callable[..., Done]) -> Callable[..., Done]:
    torch.set_num_threads(1)  # several would wait for each other longer than a small network takes
    return partial(command, "evaluate")


def assert_refused(done: Done, *says: str) -> None:
    """Check that a command ended with 2 and one line on stderr, and that all of this is in it."""
    assert done.status == 2, done.out
    assert len(done.errors.splitlines()) == 1, done.errors
    assert done.errors.startswith("posedetector: ")
    assert [word for word in says if word not in done.errors] == [], done.errors
    assert done.out == ""


def told(done: Done, row: str) -> list[str]:
    """The words in a row of the printed table, one a system."""
    assert (done.status, done.errors) == (0, "")
    (line,) = (line for line in done.out.splitlines() if line.startswith(f"{row}  "))
    return re.split(r"\s{2,}", line.removeprefix(row).strip())


# What is compared: a person of 17 points who bends, sways and bows


def moving(frames: int = 40, rate: float = RATE, *, off: float = 0.0, start: float = 0.0) -> Array:
    """(T, 17, 3) metres, Y up, every point so far off along X."""
    time = start + np.arange(frames) / rate
    places = np.random.default_rng(0).uniform([-0.8, 0.2, -0.8], [0.8, 1.8, 0.8], (len(POINTS), 3))
    swing = np.random.default_rng(1).uniform(0.5, 1.0, (len(POINTS), 3))
    sway = 0.1 * np.sin(7 * swing * time[:, None, None] + 9 * places)
    return places + sway + [off, 0, 0]


def trc(path: Path, xyz: Array, names: Sequence[str] = POINTS, **other: Any) -> Path:
    return write_trc(path, xyz, names, rate=RATE, **other)


def long_table(path: Path, xyz: Array) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["timestamp_s,landmark,x_m,y_m,z_m,visibility,frame,source"]
    for number, frame in enumerate(xyz):
        for name, (x, y, z) in zip(POINTS, frame, strict=True):
            lines.append(f"{number / RATE},{name},{x},{y},{z},1,laboratory,measured")
    path.write_text("\n".join(lines) + "\n")
    return path


def c3d(path: Path, xyz: Array) -> Path:
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [RATE]
    file["parameters"]["POINT"]["LABELS"]["value"] = POINTS
    file["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    file["data"]["points"] = np.concatenate([1000 * xyz.transpose(2, 1, 0), np.ones((1, len(POINTS), len(xyz)))])
    file.write(str(path))
    return path


def bodies(path: Path, xyz: Array) -> Path:
    """The bodies of an OpenSim visualisation: a joint at the origin of each."""
    names = {f"{side}_{joint}": f"{body}_{side[0]}" for side in ("left", "right") for joint, body in _BODIES}
    data = {
        "time": (np.arange(len(xyz)) / RATE).tolist(),
        "bodies": {body: {"translation": xyz[:, POINTS.index(joint)].tolist()} for joint, body in names.items()},
    }
    path.write_text(json.dumps(data))
    return path


_BODIES = (
    ("hip", "femur"),
    ("knee", "tibia"),
    ("ankle", "talus"),
    ("shoulder", "humerus"),
    ("elbow", "ulna"),
    ("wrist", "hand"),
)


def mmpose(path: Path, xyz: Array) -> Path:
    frames = [{"frame_id": number, "instances": [{"keypoints": one.tolist()}]} for number, one in enumerate(xyz)]
    path.write_text(json.dumps({"meta_info": {}, "instance_info": frames}))
    return path


def npz(path: Path, xyz: Array) -> Path:
    np.savez(path, positions_3d=xyz)
    return path


@pytest.fixture
def reference(folder: Path) -> Path:
    return trc(folder / "mocap.trc", moving())


@pytest.fixture
def prediction(folder: Path) -> Path:
    """Every point 10 mm off, which the middle of the hips is too."""
    return trc(folder / "walk.trc", moving(off=0.01))


# --- what may be compared ---------------------------------------------------------------------------------------------

WRITERS = {
    "folder": lambda folder, xyz: long_table(folder / "out" / "landmarks.csv", xyz).parent,
    "csv": lambda folder, xyz: long_table(folder / "landmarks.csv", xyz),
    "trc": lambda folder, xyz: trc(folder / "walk.trc", xyz),
    "trc in mm": lambda folder, xyz: trc(folder / "walk.trc", 1000 * xyz, unit="mm"),
    "c3d": lambda folder, xyz: c3d(folder / "walk.c3d", xyz),
    "npz": lambda folder, xyz: npz(folder / "walk.npz", xyz),
    "json of bodies": lambda folder, xyz: bodies(folder / "walk.json", xyz),
    "json of MMPose": lambda folder, xyz: mmpose(folder / "walk.json", xyz),
}


KINDS = list(WRITERS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_can_be_the_prediction(
    run: Callable[..., Done], folder: Path, reference: Path, kind: str
) -> None:
    path = WRITERS[kind](folder, moving(off=0.01))

    done = run(path, reference, "--align", "none", "--prediction-rate", RATE)

    assert told(done, "MPJPE mm") == ["10.0"]
    assert told(done, "frames") == ["40"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_can_be_the_reference(
    run: Callable[..., Done], folder: Path, prediction: Path, kind: str
) -> None:
    (folder / "theirs").mkdir()
    path = WRITERS[kind](folder / "theirs", moving())

    done = run(prediction, path, "--align", "none", "--reference-rate", RATE)

    assert told(done, "MPJPE mm") == ["10.0"]


def test_what_we_wrote_ourselves_can_be_evaluated(run: Callable[..., Done], folder: Path, trial: Trial) -> None:
    (folder / "knees").mkdir()
    write_landmarks(trial, folder / "knees" / "landmarks.csv")
    xyz = trial.pose.positions[:, :1] + [0, 0.006, 0.008]
    rows = [f"{time},left_knee,{x},{y},{z}" for time, (x, y, z) in zip(trial.pose.time, xyz[:, 0], strict=True)]
    (folder / "reference.csv").write_text("\n".join(["timestamp_s,landmark,x_m,y_m,z_m", *rows]) + "\n")
    other = [f"{time},left_hip,0.9,3.2,3.3" for time in trial.pose.time]  # without it, one knee makes no person
    with (folder / "reference.csv").open("a") as file:
        file.write("\n".join(other) + "\n")

    done = run("knees", "reference.csv", "--align", "none", "--joints", "left_knee", "--lag", 0)

    assert told(done, "system") == ["knees"]
    assert told(done, "MPJPE mm") == ["10.0"]
    assert told(done, "frames") == ["3"]


def test_the_middle_of_the_hips_is_taken_off_by_default(
    run: Callable[..., Done], prediction: Path, reference: Path
) -> None:
    done = run(prediction, reference)

    assert told(done, "MPJPE mm") == ["0.0"]
    assert told(done, "root") == ["mid_hips"]


def test_several_predictions_are_beside_each_other(run: Callable[..., Done], folder: Path, reference: Path) -> None:
    trc(folder / "one.trc", moving(off=0.01))
    trc(folder / "other.trc", moving(off=0.02))

    done = run("one.trc", "better one=other.trc", reference, "--align", "none")

    assert told(done, "system") == ["one", "better one"]
    assert told(done, "MPJPE mm") == ["10.0", "20.0"]


def test_predictions_of_the_same_name_are_called_by_their_paths(
    run: Callable[..., Done], folder: Path, reference: Path
) -> None:
    trc(folder / "a" / "walk.trc", moving(off=0.01))
    trc(folder / "b" / "walk.trc", moving(off=0.02))

    done = run("a/walk.trc", "b/walk.trc", reference, "--align", "none")

    assert told(done, "system") == ["a/walk.trc", "b/walk.trc"]
    assert told(done, "MPJPE mm") == ["10.0", "20.0"]


def test_the_same_prediction_twice_is_not_two_trials(
    run: Callable[..., Done], prediction: Path, reference: Path
) -> None:
    done = run(prediction, prediction, reference)

    assert done.status == 2 or told(done, "trials") in (["1"], ["1", "1"])


def test_a_path_with_an_equals_sign_is_a_path(run: Callable[..., Done], folder: Path, reference: Path) -> None:
    trc(folder / "speed=2.trc", moving())

    assert told(run("speed=2.trc", reference), "system") == ["speed=2"]


@pytest.mark.parametrize(
    "name",
    [
        "größe & gång 歩く",
        "walk [1]",
        pytest.param("walk [bold]"),
        pytest.param("[/b]"),
    ],
)
def test_a_system_is_called_what_it_is_called(
    run: Callable[..., Done], prediction: Path, reference: Path, name: str
) -> None:
    assert told(run(f"{name}={prediction}", reference), "system") == [name]


def test_nothing_is_printed_on_stderr(run: Callable[..., Done], prediction: Path, reference: Path) -> None:
    assert run(prediction, reference).errors == ""


def test_nothing_is_written_without_a_folder(
    run: Callable[..., Done], folder: Path, prediction: Path, reference: Path
) -> None:
    run(prediction, reference)

    assert {path.name for path in folder.iterdir()} == {"walk.trc", "mocap.trc"}


# --- how --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "row", "expected"),
    [
        ((), "protocol", "clip"),
        (("--protocol", "h36m1"), "protocol", "h36m1"),
        (("--protocol", "h36m1"), "joints", "h36m_17"),
        (("--protocol", "h36m1"), "alignment", "root-relative"),
        (("--joints", "h36m_14"), "joints", "h36m_14"),
        (("--joints", "left_knee,right_knee"), "joints", "left_knee,right_knee"),
        (("--joints", "h36m_14"), "protocol", "clip, other joints"),
        (("--root", "thorax"), "root", "thorax"),
        (("--align", "root-relative"), "alignment", "root-relative"),
        (("--align", "none"), "root", "none"),
    ],
)
def test_an_option_is_followed_and_told(
    run: Callable[..., Done], prediction: Path, reference: Path, options: tuple[str, ...], row: str, expected: str
) -> None:
    assert told(run(prediction, reference, *options), row) == [expected]


def test_a_lag_is_found(run: Callable[..., Done], folder: Path, reference: Path) -> None:
    trc(folder / "late.trc", moving(), start=0.06)  # a clock that is 0.06 s ahead

    assert told(run("late.trc", reference), "lag s") == ["-0.060"]


@pytest.mark.parametrize(("given", "expected"), [("0", "+0.000"), ("-0.04", "-0.040"), ("0.02", "+0.020")])
def test_a_lag_may_be_given(run: Callable[..., Done], folder: Path, reference: Path, given: str, expected: str) -> None:
    trc(folder / "late.trc", moving(), start=0.06)

    assert told(run("late.trc", reference, "--lag", given), "lag s") == [expected]


def test_a_protocol_that_trusts_the_clocks_may_be_told_to_search(
    run: Callable[..., Done], folder: Path, reference: Path
) -> None:
    trc(folder / "late.trc", moving(), start=0.06)

    assert told(run("late.trc", reference, "--protocol", "h36m1"), "lag s") == ["+0.000"]
    assert told(run("late.trc", reference, "--protocol", "h36m1", "--lag", "auto"), "lag s") == ["-0.060"]


def test_a_longer_search_finds_more(run: Callable[..., Done], folder: Path, reference: Path) -> None:
    trc(folder / "late.trc", moving(), start=0.2)

    done = run("late.trc", reference)

    assert told(done, "lag s") == ["-0.120"]
    assert "--max-lag" in done.out
    assert told(run("late.trc", reference, "--max-lag", 0.3), "lag s") == ["-0.200"]


def test_a_map_says_which_name_means_which_joint(run: Callable[..., Done], folder: Path, prediction: Path) -> None:
    xyz = moving()
    hips = xyz[:, [POINTS.index("left_hip"), POINTS.index("right_hip")]]
    sides = xyz[:, [POINTS.index("left_knee")] * 2] + [[0, 0, 0.05], [0, 0, -0.05]]
    trc(folder / "markers.trc", np.concatenate([hips, sides], axis=1), ("LHJC", "RHJC", "LKNE", "LKNM"))
    (folder / "map.json").write_text('{"left_knee": ["LKNE", "LKNM"]}')

    done = run(prediction, "markers.trc", "--map", "map.json", "--align", "none", "--joints", "left_hip,left_knee")

    assert told(done, "joints") == ["left_hip,left_knee"]
    assert told(done, "MPJPE mm") == ["10.0"]
    assert "LKNE + LKNM for left_knee" in done.out


def test_joints_that_one_lacks_are_told(run: Callable[..., Done], folder: Path, reference: Path) -> None:
    trc(folder / "legs.trc", moving()[:, :7], POINTS[:7])

    done = run("legs.trc", reference)

    assert told(done, "joints") == ["6 of limbs_12"]
    assert "legs: without left_shoulder, right_shoulder, left_elbow" in done.out


def test_a_wrong_unit_may_be_overruled(run: Callable[..., Done], folder: Path, reference: Path) -> None:
    trc(folder / "walk.trc", 1000 * moving(off=0.01), unit="m")

    done = run("walk.trc", reference, "--prediction-unit", "mm", "--align", "none")

    assert told(done, "MPJPE mm") == ["10.0"]


def test_points_of_files_without_names_may_be_named(run: Callable[..., Done], folder: Path, reference: Path) -> None:
    npz(folder / "walk.npz", moving(off=0.01))

    done = run("walk.npz", reference, "--points", "h36m_17", "--prediction-rate", RATE, "--align", "none")

    assert told(done, "MPJPE mm") == ["10.0"]
    assert "note:" not in done.out


@pytest.mark.parametrize(("person", "expected"), [(1, "10.0"), (2, "20.0")])
def test_the_person_may_be_chosen(
    run: Callable[..., Done], folder: Path, reference: Path, person: int, expected: str
) -> None:
    both = zip(moving(off=0.01).tolist(), moving(off=0.02).tolist(), strict=True)
    frames = [
        {"frame_id": number, "instances": [{"keypoints": one} for one in pair]} for number, pair in enumerate(both)
    ]
    (folder / "walk.json").write_text(json.dumps({"instance_info": frames}))

    done = run("walk.json", reference, "--person", person, "--align", "none", "--prediction-rate", RATE)

    assert told(done, "MPJPE mm") == [expected]


# --- several trials ---------------------------------------------------------------------------------------------------


def listing(path: Path, *rows: tuple[str, ...], header: str = "system,trial,prediction,reference") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n")
    return path


@pytest.fixture
def study(folder: Path) -> Path:
    """Two trials of two systems; the files lie beside the list, not in the working folder."""
    there = folder / "study"
    for name, off in (("a1", 0.01), ("a2", 0.03), ("b1", 0.02), ("b2", 0.02), ("r1", 0.0), ("r2", 0.0)):
        trc(there / "files" / f"{name}.trc", moving(20, off=off))
    return listing(
        there / "trials.csv",
        *((system, f"t{n}", f"files/{system}{n}.trc", f"files/r{n}.trc") for system in "ab" for n in (1, 2)),
    )


def test_a_list_of_trials_gives_intervals(run: Callable[..., Done], study: Path) -> None:
    done = run("--trials", study, "--align", "none", "--lag", 0)

    assert told(done, "system") == ["a", "b"]
    assert told(done, "trials") == ["2", "2"]
    assert told(done, "MPJPE mm") == ["20.0 (0.0 to 147.1)", "20.0 (20.0 to 20.0)"]


def test_a_list_of_trials_is_shown_trial_by_trial(run: Callable[..., Done], study: Path) -> None:
    done = run("--trials", study, "--align", "none", "--lag", 0)

    assert re.search(r"^t1 +10\.0 +20\.0 *$", done.out, re.MULTILINE)
    assert re.search(r"^t2 +30\.0 +20\.0 *$", done.out, re.MULTILINE)


def test_a_list_of_trials_may_name_paths_in_full(run: Callable[..., Done], study: Path, tmp_path: Path) -> None:
    files = study.parent / "files"
    elsewhere = listing(tmp_path / "else" / "list.csv", ("a", "t", str(files / "a1.trc"), str(files / "r1.trc")))

    assert told(run("--trials", elsewhere, "--align", "none", "--lag", 0), "MPJPE mm") == ["10.0"]


def test_a_list_that_a_spreadsheet_wrote_is_read(run: Callable[..., Done], study: Path) -> None:
    study.write_bytes(b"\xef\xbb\xbf" + study.read_bytes().replace(b"\n", b"\r\n"))

    assert told(run("--trials", study), "trials") == ["2", "2"]


def test_further_columns_of_a_list_are_not_read(run: Callable[..., Done], study: Path) -> None:
    row = ("mine", "a", "t1", "files/a1.trc", "files/r1.trc")
    listing(study, row, header="note,system,trial,prediction,reference")

    assert told(run("--trials", study), "system") == ["a"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("system,trial,prediction\na,t1,files/a1.trc\n", "columns system, trial, prediction, reference"),
        ("system,trial,prediction,reference\na,t1,files/a1.trc\n", "none of them empty"),
        ("system,trial,prediction,reference\na,,files/a1.trc,files/r1.trc\n", "none of them empty"),
        ("system,trial,prediction,reference\n", "must be CSV with the columns"),
        ("", "must be CSV with the columns"),
        (
            "system,trial,prediction,reference\na,t1,files/a1.trc,files/r1.trc\na,t1,files/a2.trc,files/r2.trc\n",
            "the same trial of the same system twice",
        ),
        ("system,trial,prediction,reference\na,t1,files/none.trc,files/r1.trc\n", "there is no file or folder"),
        ("system,trial,prediction,reference\na,t1,files/a1.trc,files/none.trc\n", "none.trc"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(run: Callable[..., Done], study: Path, text: str, says: str) -> None:
    study.write_text(text)

    assert_refused(run("--trials", study), says)


def test_a_list_that_is_not_there_is_refused(run: Callable[..., Done]) -> None:
    assert_refused(run("--trials", "none.csv"), "none.csv cannot be read")


def test_a_list_that_is_no_text_is_refused(run: Callable[..., Done], folder: Path) -> None:
    (folder / "list.csv").write_bytes(b"\xff\xfe\x00\x80" * 20)

    assert_refused(run("--trials", "list.csv"), "list.csv")


def test_a_file_of_several_trials_in_a_list_is_refused(run: Callable[..., Done], study: Path) -> None:
    np.savez(study.parent / "all.npz", positions_3d={"S9": {"Walking": moving(), "Sitting": moving()}})
    listing(study, ("a", "t1", "all.npz", "files/r1.trc"))

    assert_refused(run("--trials", study), "a, t1: a file of 2 trials")


def test_a_list_of_trials_and_paths_are_refused(run: Callable[..., Done], study: Path) -> None:
    assert_refused(run("--trials", study, "some.trc", "other.trc"), "--trials")


# --- where the results go ---------------------------------------------------------------------------------------------


def test_three_files_are_written_and_told(
    run: Callable[..., Done], folder: Path, prediction: Path, reference: Path
) -> None:
    done = run(prediction, reference, "--output-dir", "results/walk")

    assert done.status == 0
    assert {path.name for path in (folder / "results" / "walk").iterdir()} == FILES
    assert [line for line in done.out.splitlines() if line.startswith("results")] == [
        str(Path("results") / "walk" / name) for name in sorted(FILES)
    ]


def test_the_csv_holds_what_is_printed(
    run: Callable[..., Done], folder: Path, prediction: Path, reference: Path
) -> None:
    run(prediction, reference, "--align", "none", "--output-dir", "out")

    with (folder / "out" / "evaluation.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    (found,) = (row for row in rows if row["figure"] == "mpjpe" and not row["of"])
    assert float(found["value"]) == pytest.approx(10)
    assert (found["system"], found["unit"], found["alignment"]) == ("walk", "mm", "none")


def test_the_report_holds_what_is_printed(
    run: Callable[..., Done], folder: Path, prediction: Path, reference: Path
) -> None:
    run(prediction, reference, "--align", "none", "--output-dir", "out")

    text = (folder / "out" / "evaluation.md").read_text(encoding="utf-8")
    header, _, row = [line for line in text.splitlines() if line.startswith("|")][:3]
    cells = dict(zip(header.split(" | "), row.split(" | "), strict=True))
    assert cells["MPJPE mm"] == "10.0"


def test_other_files_in_the_folder_are_left_alone(
    run: Callable[..., Done], folder: Path, prediction: Path, reference: Path
) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "notes.txt").write_text("mine\n")

    run(prediction, reference, "--output-dir", "out")

    assert {path.name for path in (folder / "out").iterdir()} == FILES | {"notes.txt"}


def test_a_new_evaluation_replaces_the_old_one(
    run: Callable[..., Done], folder: Path, prediction: Path, reference: Path
) -> None:
    run(prediction, reference, "--output-dir", "out")
    run(prediction, reference, "--output-dir", "out", "--align", "none")

    assert "clip, other alignment" in (folder / "out" / "evaluation.md").read_text()
    assert {path.name for path in (folder / "out").iterdir()} == FILES


def test_a_folder_below_a_file_is_refused(run: Callable[..., Done], prediction: Path, reference: Path) -> None:
    done = run(prediction, reference, "--output-dir", prediction / "out")  # root may write anywhere but there

    assert_refused(done, "cannot write into", "walk.trc")


def test_a_folder_in_the_way_of_one_file_leaves_all_as_it_was(
    run: Callable[..., Done], folder: Path, prediction: Path, reference: Path
) -> None:
    (folder / "out" / "evaluation.png").mkdir(parents=True)

    assert_refused(run(prediction, reference, "--output-dir", "out"), "cannot write evaluation.png into out")
    assert [path.name for path in (folder / "out").iterdir()] == ["evaluation.png"]


def test_a_disk_that_fills_up_leaves_nothing(
    run: Callable[..., Done], folder: Path, prediction: Path, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("posedetector.evaluation.figure.draw", full)

    assert_refused(
        run(prediction, reference, "--output-dir", "out"),
        "writing into out failed, nothing there was changed: No space left on device",
    )
    assert not (folder / "out").exists() or not any((folder / "out").iterdir())


def test_a_refused_evaluation_makes_no_folder(run: Callable[..., Done], folder: Path, prediction: Path) -> None:
    assert_refused(run(prediction, "none.trc", "--output-dir", "out"), "none.trc")
    assert not (folder / "out").exists()


def test_a_long_path_is_told_in_one_line(
    run: Callable[..., Done], folder: Path, prediction: Path, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = folder / ("long" * 20)

    assert str(out / "evaluation.csv") in run(prediction, reference, "--output-dir", out).out.splitlines()


def test_no_number_is_cut_off_in_a_narrow_window(
    run: Callable[..., Done], folder: Path, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for number in range(9):
        trc(folder / f"system{number}.trc", moving(off=0.01 * (number + 1)))

    done = run(*(f"system{number}.trc" for number in range(9)), reference, "--align", "none")

    assert "…" not in done.out


# --- lifters on a dataset ---------------------------------------------------------------------------------------------


@pytest.fixture
def dataset(folder: Path) -> tuple[str, ...]:
    """The command for a small network on two clips, in the layout of VideoPose3D's files."""
    solid = {subject: {"Walking 1": moving(12) + np.array([0, 0, 5])} for subject in ("S9", "S11")}
    flat = {
        subject: {action: [500 + 1000 * xyz[..., :2] / xyz[..., 2:]] for action, xyz in actions.items()}
        for subject, actions in solid.items()
    }
    view = {"orientation": [1, 0, 0, 0], "translation": [0, 0, 0], "res_w": 1000, "res_h": 1000}
    np.savez(folder / "2d.npz", positions_2d=flat, metadata={"layout_name": "h36m", "num_joints": 17})
    np.savez(folder / "3d.npz", positions_3d=solid)
    (folder / "cameras.json").write_text(json.dumps({"S9": [view], "S11": [view]}))
    network = save(random_network(channels=8), folder, "fair-cpn").name
    return "2d.npz", "3d.npz", "--cameras", "cameras.json", "--lifter", network, "--device", "cpu"


def test_a_lifter_is_evaluated_on_a_dataset(run: Callable[..., Done], folder: Path, dataset: tuple[str, ...]) -> None:
    done = run(*dataset, "--protocol", "h36m1", "--output-dir", "out")

    assert told(done, "trials") == ["2"]
    assert told(done, "frames") == ["24"]
    assert told(done, "compared %") == ["100.0"]
    assert {path.name for path in (folder / "out").iterdir()} == FILES


def test_a_dataset_has_a_protocol_of_its_own(run: Callable[..., Done], dataset: tuple[str, ...]) -> None:
    assert told(run(*dataset), "protocol") == ["h36m1"]
    assert told(run(*dataset, "--protocol", "h36m2"), "protocol") == ["h36m2"]


def test_subjects_of_a_dataset_may_be_chosen(run: Callable[..., Done], dataset: tuple[str, ...]) -> None:
    assert told(run(*dataset, "--protocol", "h36m1", "--subjects", "S11"), "trials") == ["1"]


def test_a_lifter_may_lift_without_the_mirrored_input(run: Callable[..., Done], dataset: tuple[str, ...]) -> None:
    one, other = (run(*dataset, "--protocol", "h36m1", *more) for more in ((), ("--no-flip",)))

    assert " averaged with the mirrored input" in one.out
    assert "not averaged with the mirrored input" in " ".join(other.out.split())
    assert told(one, "MPJPE mm") != told(other, "MPJPE mm")


def test_several_lifters_are_beside_each_other(
    run: Callable[..., Done], folder: Path, dataset: tuple[str, ...]
) -> None:
    other = save(random_network(seed=1, channels=8, causal=True), folder, "fair-cpn-causal").name

    done = run(*dataset, "--lifter", other, "--protocol", "h36m1")

    assert told(done, "system") == [Path(dataset[5]).stem, Path(other).stem]


def test_lifters_in_files_of_the_same_name_are_told_apart(
    run: Callable[..., Done], folder: Path, dataset: tuple[str, ...]
) -> None:
    other = save(random_network(seed=1, channels=8), folder / "other", "fair-cpn")

    done = run(*dataset, "--lifter", other, "--protocol", "h36m1")

    assert len(told(done, "system")) == 2


def test_a_dataset_in_the_rooms_frame_without_cameras_is_refused(
    run: Callable[..., Done], dataset: tuple[str, ...]
) -> None:
    assert_refused(run(*dataset[:2], *dataset[4:]), "3d.npz", "--cameras")


@pytest.mark.parametrize("count", [0, 3])
def test_a_lifter_with_another_number_of_paths_is_refused(run: Callable[..., Done], count: int) -> None:
    assert_refused(run(*["a.npz"] * count, "--lifter", "fair-cpn"), "--lifter wants two paths", "2D", "3D")


def test_a_lifter_with_a_list_of_trials_is_refused(run: Callable[..., Done], study: Path) -> None:
    assert_refused(run("--trials", study, "--lifter", "fair-cpn"), "--trials does not go with --lifter")


def test_an_unknown_lifter_is_refused_with_those_that_there_are(
    run: Callable[..., Done], dataset: tuple[str, ...]
) -> None:
    assert_refused(run(*dataset[:4], "--lifter", "huge"), "'huge'", "fair-cpn")


def test_a_dataset_that_is_not_there_is_refused(run: Callable[..., Done], dataset: tuple[str, ...]) -> None:
    assert_refused(run("none.npz", *dataset[1:]), "there is no file or folder none.npz")


@pytest.mark.parametrize(
    "option",
    [("--cameras", "cameras.json"), ("--subjects", "S9"), ("--no-flip",), ("--device", "cpu")],
    ids=lambda option: option[0],
)
def test_an_option_of_lifters_without_one_is_refused(
    run: Callable[..., Done], prediction: Path, reference: Path, option: tuple[str, ...]
) -> None:
    assert_refused(run(prediction, reference, *option), option[0], "--lifter")


@pytest.mark.parametrize(
    "option",
    [("--lag", "0.05"), ("--map", "none.json"), ("--points", "h36m_17"), ("--reference-unit", "mm")],
    ids=lambda option: option[0],
)
def test_an_option_of_files_with_a_lifter_is_refused(
    run: Callable[..., Done], dataset: tuple[str, ...], option: tuple[str, ...]
) -> None:
    assert_refused(run(*dataset, *option), option[0])


# --- what cannot be used ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("paths", [(), ("walk.trc",)])
def test_less_than_two_paths_are_refused(run: Callable[..., Done], prediction: Path, paths: tuple[str, ...]) -> None:
    assert prediction.exists()

    assert_refused(run(*paths), "what against what?", "one or more predictions and, last, the reference")


@pytest.mark.parametrize("paths", [("none.trc", "mocap.trc"), ("mocap.trc", "none.trc"), ("x=none.trc", "mocap.trc")])
def test_a_missing_file_is_refused(run: Callable[..., Done], reference: Path, paths: tuple[str, str]) -> None:
    assert reference.exists()

    assert_refused(run(*paths), "there is no file or folder none.trc")


def test_a_folder_that_is_not_ours_is_refused(run: Callable[..., Done], folder: Path, reference: Path) -> None:
    (folder / "photos").mkdir()

    assert_refused(run("photos", reference), "photos holds no landmarks.csv", "posedetector analyze")


def test_a_file_of_a_strange_kind_is_refused_with_those_that_are_read(
    run: Callable[..., Done], folder: Path, reference: Path
) -> None:
    (folder / "walk.mp4").write_text("?")

    assert_refused(run("walk.mp4", reference), "walk.mp4", ".csv, .trc, .c3d, .npz, .json")


@pytest.mark.parametrize("name", [pytest.param("walk.csv"), "walk.trc", "walk.c3d", "walk.npz", "walk.json"])
@pytest.mark.parametrize("content", [b"", b"left knee\n" * 100, b"\x00\xff\xfe" * 300], ids=["empty", "text", "noise"])
def test_a_damaged_file_is_refused(
    run: Callable[..., Done], folder: Path, reference: Path, name: str, content: bytes
) -> None:
    (folder / name).write_bytes(content)

    assert_refused(run(name, reference), name)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--protocol", "human36m"), ("'human36m'", "clip, h36m1, h36m2, humaneva, 3dhp, h3wb")),
        (("--joints", "left_kneee"), ("'left_kneee'", "limbs_12", "left_knee")),
        (("--root", "tail"), ("'tail'", "mid_hips")),
        (("--align", "best"), ("'best'", "rotation-once, root-relative, none")),
        (("--lag", "soon"), ("--lag is auto or seconds", "'soon'")),
        (("--lag", "nan"), ("--lag is auto or seconds", "'nan'")),
        (("--lag", "inf"), ("--lag is auto or seconds", "'inf'")),
        (("--max-lag", "-1"), ("--max-lag", "must lie in 0–60", "got -1")),
        (("--max-lag", "nan"), ("--max-lag", "got nan")),
        (("--max-lag", "inf"), ("--max-lag", "got inf")),
        (("--prediction-rate", "-50"), ("--prediction-rate is in Hz", "got -50")),
        (("--prediction-rate", "0"), ("--prediction-rate is in Hz", "greater than 0", "got 0")),
        (("--reference-rate", "nan"), ("--reference-rate is in Hz", "got nan")),
        (("--reference-rate", "-1"), ("--reference-rate is in Hz", "got -1")),
        (("--person", "0"), ("--person counts from 1", "got 0")),
        (("--prediction-unit", "feet"), ("walk.trc", "'feet'", "m, cm, mm, in")),
        (("--map", "none.json"), ("none.json", "map of names")),
        (("--protcol", "clip"), ("No such option: --protcol",)),
    ],
    ids=" ".join,
)
def test_an_option_that_cannot_be_used_is_refused(
    run: Callable[..., Done], prediction: Path, reference: Path, options: tuple[str, str], says: tuple[str, ...]
) -> None:
    assert_refused(run(prediction, reference, *options), *says)


@pytest.mark.parametrize("side", ["prediction", "reference"])
def test_millimetres_called_metres_are_refused(
    run: Callable[..., Done], folder: Path, prediction: Path, reference: Path, side: str
) -> None:
    wrong = trc(folder / "wrong.trc", 1000 * moving(), unit="m")
    paths = (wrong, reference) if side == "prediction" else (prediction, wrong)

    assert_refused(run(*paths), "wrong.trc", "taken as m", "look like mm", f"--{side}-unit")


def test_files_without_a_common_time_are_refused(run: Callable[..., Done], folder: Path, reference: Path) -> None:
    trc(folder / "late.trc", moving(), start=100)

    assert_refused(run("late.trc", reference), "no common time", "100.00–100.78 s", "0.00–0.78 s", "--lag")


def test_files_without_common_joints_are_refused(run: Callable[..., Done], folder: Path, reference: Path) -> None:
    trc(folder / "markers.trc", moving()[:, :3], ("LTOE", "RTOE", "SACR"))

    assert_refused(run("markers.trc", reference), "no common joints", "LTOE, RTOE, SACR", "right_hip", "--map")


def test_a_file_without_the_root_is_refused_with_what_to_do(
    run: Callable[..., Done], folder: Path, reference: Path
) -> None:
    trc(folder / "knees.trc", moving()[:, [2, 5]], ("right_knee", "left_knee"))

    assert_refused(run("knees.trc", reference), "knees.trc", "pelvis", "--root", "--align none", "--map")


@pytest.mark.parametrize("side", ["prediction", "reference"])
def test_files_without_one_common_value_are_refused(
    run: Callable[..., Done], folder: Path, prediction: Path, reference: Path, side: str
) -> None:
    empty = trc(folder / "empty.trc", np.full((40, 17, 3), np.nan))
    paths = (empty, reference) if side == "prediction" else (prediction, empty)

    assert_refused(run(*paths), "in 40 common frames there is not one joint")


def test_a_file_without_times_needs_a_rate(run: Callable[..., Done], folder: Path, reference: Path) -> None:
    mmpose(folder / "walk.json", moving())

    assert_refused(run("walk.json", reference), "walk.json has no times", "--prediction-rate")


def test_points_without_names_need_a_skeleton(run: Callable[..., Done], folder: Path, reference: Path) -> None:
    npz(folder / "walk.npz", moving()[:, :6])

    assert_refused(run("walk.npz", reference), "6 points without names", "--points", "h36m_17 (17)")


# --- help -------------------------------------------------------------------------------------------------------------


def test_help_lists_the_options(run: Callable[..., Done]) -> None:
    done = run("--help")

    assert (done.status, done.errors) == (0, "")
    options = (
        "--trials",
        "--protocol",
        "--joints",
        "--align",
        "--lag",
        "--map",
        "--lifter",
        "--cameras",
        "--output-dir",
    )
    assert [option for option in options if option not in done.out] == []


def test_help_loads_nothing_heavy() -> None:
    code = """
import sys
from posedetector.cli import main
try:
    main(["evaluate", "--help"])
except SystemExit:
    pass
print(sorted({"torch", "scipy", "pandas", "matplotlib", "mediapipe", "cv2", "av", "ezc3d"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=60, check=False)

    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_report_says_who_made_it_of_what(
    run: Callable[..., Done], folder: Path, prediction: Path, reference: Path
) -> None:
    run(prediction, reference, "--output-dir", "out")

    text = (folder / "out" / "evaluation.md").read_text()
    assert hashlib.sha256(reference.read_bytes()).hexdigest() in text
    assert "posedetector 0." in text


def test_a_search_for_a_lag_that_is_given_is_refused(
    run: Callable[..., Done], prediction: Path, reference: Path
) -> None:
    assert_refused(run(prediction, reference, "--lag", "0", "--max-lag", "1"), "--max-lag goes with --lag auto")


def test_trials_may_be_of_people(run: Callable[..., Done], folder: Path, prediction: Path, reference: Path) -> None:
    rows = [f"one,{trial},{prediction},{reference},{who}" for trial, who in (("a", "Ann"), ("b", "Ann"), ("c", "Bob"))]
    (folder / "people.csv").write_text("\n".join(["system,trial,prediction,reference,subject", *rows]))

    assert told(run("--trials", folder / "people.csv"), "intervals over") == ["2 clusters of trials"]
