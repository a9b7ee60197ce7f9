"""`--use-videopose3d` on the clip that ships, with a small network made here; and what cannot be lifted."""

import csv
import hashlib
import io
import json
import os
import pickle
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from commands import FILES_OF_THE_SAMPLE, Done, status_of, undone
from posedetector.models.videopose3d import TemporalModel
from posedetector.skeletons import BLAZEPOSE_33, H36M_17
from posedetector.weights import WEIGHTS

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("each_clip_once")

NAME = "fair-detectron-coco"
FILE = WEIGHTS[NAME].file
LIFTED = ("--use-videopose3d", "--videopose3d-model", NAME)
CARRIED = {
    f"{side}_{point}" for side in ("left", "right") for point in ("heel", "foot_index", "pinky", "index", "thumb")
}
SIDES = {"right": 1, "left": -1}
# A person who stands before the camera: metres, x right in the picture, y down, z away
MIDDLE = {"pelvis": 0.0, "spine": -0.25, "thorax": -0.5, "neck": -0.6, "head": -0.7}
RIGHT = {
    "hip": (-0.13, 0.0),
    "knee": (-0.13, 0.44),
    "ankle": (-0.13, 0.88),
    "shoulder": (-0.15, -0.48),
    "elbow": (-0.2, -0.2),
    "wrist": (-0.2, 0.04),
}


def standing() -> torch.Tensor:
    """(17 · 3) metres, in the network's order."""
    places = {name: (0.0, y) for name, y in MIDDLE.items()}
    places |= {f"{side}_{name}": (sign * x, y) for name, (x, y) in RIGHT.items() for side, sign in SIDES.items()}
    return torch.tensor([[*places[point], 0.0] for point in H36M_17.points]).flatten()


def checkpoint() -> bytes:
    """Return a small network that sees somebody standing, and a little of what it is shown."""
    torch.manual_seed(0)
    model = TemporalModel(channels=32)
    with torch.no_grad():
        model.shrink.weight *= 0.1
        model.shrink.bias.copy_(standing())
    file = io.BytesIO()
    torch.save({"model_pos": model.state_dict()}, file)
    return file.getvalue()


CHECKPOINT = checkpoint()


def put(folder: Path, content: bytes = CHECKPOINT, file: str = FILE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(content)
    return folder / file


def account_of(folder: Path) -> dict:
    return json.loads((folder / "provenance.json").read_text())


# The walk that ships

SAMPLE = ("analyze", "--no-overlay", "--video", ROOT / "data" / "samples" / "walk_side.mp4", "--height", "1.65")


def offline(patch: pytest.MonkeyPatch) -> None:
    """Let no network be reached."""
    for name in ("https_proxy", "http_proxy"):
        patch.setenv(name, "http://127.0.0.1:9")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lifted")
    put(folder / "home")
    with undone(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("POSEDETECTOR_HOME", str(folder / "home"))
        offline(patch)
        assert status_of(*SAMPLE, *LIFTED, "--output-dir", folder / "results") == 0
    return folder / "results"


@pytest.fixture(scope="module")
def account(results: Path) -> dict:
    return account_of(results)


@pytest.fixture(scope="module")
def sources(results: Path) -> dict[str, set[str]]:
    """How the places of each landmark came about, where it has one."""
    found = defaultdict(set)
    with (results / "landmarks.csv").open() as file:
        for row in csv.DictReader(file):
            found[row["landmark"]] |= {row["source"]} if row["x_m"] else set()
    return found


def column(results: Path, name: str) -> np.ndarray:
    with (results / "landmarks_wide.csv").open() as file:
        return np.array([float(row[name] or "nan") for row in csv.DictReader(file)])


def length(results: Path, *ends: str) -> float:
    """Return the median distance of two landmarks, metres."""
    start, end = (np.stack([column(results, f"{point}_{axis}_m") for axis in "xyz"]) for point in ends)
    return float(np.nanmedian(np.linalg.norm(end - start, axis=0)))


def test_every_file_is_there_and_nothing_else(results: Path) -> None:
    assert {path.name for path in results.iterdir()} == FILES_OF_THE_SAMPLE - {"overlay.mp4"}


@pytest.mark.parametrize("landmark", H36M_17.points)
def test_what_the_network_knows_is_lifted(sources: dict[str, set[str]], landmark: str) -> None:
    assert sources[landmark] <= {"lifted", "interpolated"}
    assert "lifted" in sources[landmark]


@pytest.mark.parametrize("landmark", sorted(CARRIED))
def test_what_the_network_does_not_know_is_carried(sources: dict[str, set[str]], landmark: str) -> None:
    assert sources[landmark] <= {"carried", "interpolated"}
    assert "carried" in sources[landmark]


def test_the_landmarks_are_the_lifted_and_the_carried(sources: dict[str, set[str]]) -> None:
    assert sources.keys() == {*H36M_17.points, *CARRIED}


def test_the_points_in_the_picture_stay_the_estimators(results: Path) -> None:
    with (results / "keypoints_2d.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert [row["keypoint"] for row in rows[:33]] == list(BLAZEPOSE_33.points)
    assert {row["source"] for row in rows} <= {"measured", "interpolated", ""}


def test_opensim_gets_a_marker_for_each_landmark(results: Path) -> None:
    lines = (results / "walk_side.trc").read_text().splitlines()

    assert lines[2].split("\t")[3] == "27"
    assert set(lines[3].split("\t")[2:]) - {""} == {*H36M_17.points, *CARRIED}


def test_thigh_and_shank_have_their_share_of_her_height(results: Path) -> None:
    legs = [
        length(results, f"{side}_{start}", f"{side}_{end}")
        for side in ("left", "right")
        for start, end in (("hip", "knee"), ("knee", "ankle"))
    ]

    assert sum(legs) / 2 == pytest.approx(0.491 * 1.65, rel=0.02)


def test_her_heels_hang_on_her_ankles(results: Path) -> None:
    """Winter 2009, fig. 4.1: a foot is 0.152 of the height long, an ankle 0.039 high."""
    assert 0.02 * 1.65 < length(results, "left_ankle", "left_heel") < 0.08 * 1.65


def test_the_account_says_how_it_was_lifted(account: dict) -> None:
    assert account["lifter"] == "videopose3d"
    said = ("243 frames", "50 Hz", "coco_17", "h36m_17", "averaged with the mirrored input")
    assert [word for word in said if word not in account["lifting"]] == []


def test_both_networks_are_named_with_their_licences(account: dict) -> None:
    named = {one["name"]: one["licence"] for one in account["networks"]}

    assert named == {"mediapipe-full": "Apache-2.0", NAME: "CC BY-NC 4.0"}


def test_both_networks_are_named_with_their_digests_and_whence_these_are_known(account: dict) -> None:
    estimator, lifter = account["networks"]

    assert (estimator["sha256"], estimator["trust"]) == (WEIGHTS["mediapipe-full"].sha256, "table")
    assert (lifter["sha256"], lifter["trust"], lifter["known"]) == (
        hashlib.sha256(CHECKPOINT).hexdigest(),
        "first use",
        False,
    )


@pytest.mark.parametrize("said", ["accepted as it is", "not for commercial use", "Human3.6M"])
def test_the_notes_say_what_to_know_about_the_network(account: dict, said: str) -> None:
    assert any(NAME in note["text"] and said in note["text"] for note in account["notes"])


# Without a network


@pytest.mark.parametrize("home", ["empty", "with another network"])
def test_without_a_name_the_network_that_ships_is_used_wherever_the_command_runs(
    run: Callable[..., tuple[int, str]], cache_folder: Path, home: str
) -> None:
    if home == "with another network":
        put(cache_folder)

    assert run("--use-videopose3d") == (0, "")
    account = account_of(Path("out"))
    assert [one["name"] for one in account["networks"]] == ["bundled"]
    assert account["networks"][0]["trust"] == "table"
    assert "VideoPose3D, bundled: 243 frames at 50 Hz" in account["lifting"]


def test_a_checkpoint_that_cannot_be_had_is_an_error_that_says_what_to_do(
    command: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_folder: Path
) -> None:
    offline(monkeypatch)
    done = command(*SAMPLE, *LIFTED, "--output-dir", tmp_path / "out")

    assert done.status == 2
    assert len(done.errors.splitlines()) == 1, done.errors
    said = ("cannot be downloaded", WEIGHTS[NAME].url, FILE, str(cache_folder), "without --use-videopose3d")
    assert [word for word in said if word not in done.errors] == []
    assert not (tmp_path / "out").exists()


# What cannot be lifted


@pytest.fixture
def run(
    command: Callable[..., Done], tmp_path: Path, blank_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str]]:
    """Analyse a blank clip into out/ by the made-up walker; return the exit status and stderr."""
    monkeypatch.chdir(tmp_path)
    given = (
        "--height",
        1.75,
        "--estimator",
        "synthetic",
        "--output-dir",
        "out",
        "--formats",
        "csv",
        "--no-refine",
        "--no-overlay",
    )

    def run(*arguments: object, video: Path = blank_clip) -> tuple[int, str]:
        done = command("analyze", "--video", video, *given, *arguments)
        return done.status, done.errors

    return run


def assert_refused(done: tuple[int, str], says: str) -> None:
    """Check that a run ended with 2 and one line that says this, and left no folder."""
    status, errors = done
    assert status == 2, errors
    assert len(errors.splitlines()) == 1, errors
    assert re.search(says, errors), errors
    assert not Path("out").exists()


class Hostile:
    """Touches a file when it is unpickled."""

    def __init__(self, touched: Path) -> None:
        self.touched = touched

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.touched}",)


def in_a_zip(content: object) -> bytes:
    file = io.BytesIO()
    torch.save({"model_pos": content}, file)
    return file.getvalue()


def in_a_pickle(content: object) -> bytes:
    return pickle.dumps({"model_pos": content}, protocol=2)


def test_a_name_that_is_neither_networks_nor_files_is_refused(run: Callable[..., tuple[int, str]]) -> None:
    assert_refused(
        run("--use-videopose3d", "--videopose3d-model", "nonsense"), f"no file 'nonsense'; there are bundled, {NAME}"
    )


def test_a_text_file_is_refused(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    given = put(tmp_path, b"left knee\n")

    assert_refused(run("--use-videopose3d", "--videopose3d-model", given), "a PyTorch checkpoint does not begin with")


def test_a_truncated_file_is_refused(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    given = put(tmp_path, CHECKPOINT[: len(CHECKPOINT) // 2])

    assert_refused(run("--use-videopose3d", "--videopose3d-model", given), "or is damaged: its end is missing")


def test_a_checkpoint_of_another_network_is_refused(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    given = put(tmp_path, in_a_zip({"conv1.weight": torch.zeros(3, 3)}))

    assert_refused(run("--use-videopose3d", "--videopose3d-model", given), r"expected, found conv1\.weight")


@pytest.mark.parametrize("pack", [in_a_zip, in_a_pickle])
def test_a_file_that_wants_to_run_something_is_refused_and_runs_nothing(
    run: Callable[..., tuple[int, str]], tmp_path: Path, pack: Callable[[object], bytes]
) -> None:
    touched = tmp_path / "touched"
    given = put(tmp_path, pack(Hostile(touched)))

    assert_refused(
        run("--use-videopose3d", "--videopose3d-model", given), r"wants to run \w+\.system, .*; nothing in it was run$"
    )
    assert not touched.exists()


def test_a_hostile_file_would_have_run_something(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    pickle.loads(in_a_pickle(Hostile(touched)))

    assert touched.exists()


def test_a_file_of_unknown_layout_is_refused_with_the_layouts_that_are_known(
    run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    given = put(tmp_path, file="mine.bin")

    done = run("--use-videopose3d", "--videopose3d-model", given)

    assert_refused(done, rf"--videopose3d-like says .*{NAME} \(coco_17\), fair-cpn \(h36m_17\)")


@pytest.mark.parametrize("option", [("--videopose3d-like", NAME), ("--videopose3d-model", NAME)])
def test_an_option_of_the_lifter_without_it_is_refused(
    run: Callable[..., tuple[int, str]], option: tuple[str, str]
) -> None:
    assert_refused(run(*option), "goes with --use-videopose3d")


def test_a_layout_that_is_not_in_the_table_is_refused(run: Callable[..., tuple[int, str]]) -> None:
    done = run("--use-videopose3d", "--videopose3d-model", put(Path(), file="mine.bin"), "--videopose3d-like", "mine")

    assert_refused(done, f"no lifter 'mine' in the table; there are bundled, {NAME}")


def test_a_device_that_is_not_here_is_refused(
    run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, cache_folder: Path
) -> None:
    put(cache_folder)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    assert_refused(run(*LIFTED, "--device", "cuda"), "has no cuda; --device auto")


def test_a_device_that_does_not_exist_is_refused(run: Callable[..., tuple[int, str]]) -> None:
    assert_refused(run("--use-videopose3d", "--device", "abacus"), "--device is auto, cpu, .* or mps, got 'abacus'")


# What can be chosen


def test_a_file_of_ones_own_works_with_the_layout_it_is_said_to_have(
    run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    given = put(tmp_path, file="mine.bin")

    done = run("--use-videopose3d", "--videopose3d-model", given, "--videopose3d-like", "fair-cpn")

    assert done == (0, "")
    account = account_of(Path("out"))
    network = account["networks"][0]
    assert network["trust"] == "own file"
    assert (network["name"], network["licence"], network["citation"]) == (
        "mine.bin, built like fair-cpn",
        "licence not known",
        "",
    )
    assert account["lifting"].startswith("VideoPose3D, mine.bin, built like fair-cpn: ")
    (note,) = (note for note in account["notes"] if "mine.bin is a file of your own" in note["text"])
    assert "if it is fair-cpn itself: not for commercial use" in note["text"]


def test_no_flip_is_recorded(run: Callable[..., tuple[int, str]], cache_folder: Path) -> None:
    put(cache_folder)

    assert run(*LIFTED, "--no-flip") == (0, "")
    assert "not averaged with the mirrored input" in account_of(Path("out"))["lifting"]


def test_a_still_image_is_lifted(run: Callable[..., tuple[int, str]], cache_folder: Path, tmp_path: Path) -> None:
    put(cache_folder)
    cv2.imwrite(str(tmp_path / "still.png"), np.full((360, 640, 3), 127, np.uint8))

    assert run(*LIFTED, video=tmp_path / "still.png") == (0, "")
    with Path("out", "landmarks.csv").open() as file:
        assert {row["landmark"] for row in csv.DictReader(file) if row["source"] == "lifted"} == {*H36M_17.points}


def test_a_file_that_was_damaged_can_be_put_right(run: Callable[..., tuple[int, str]], cache_folder: Path) -> None:
    put(cache_folder, CHECKPOINT[: len(CHECKPOINT) // 2])
    assert_refused(run(*LIFTED), "damaged")
    put(cache_folder)

    assert run(*LIFTED) == (0, "")
