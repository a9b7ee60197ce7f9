"""The clip that ships, the model that ships, the command of the README; CI runs it in a process of its own."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from commands import FILES_OF_THE_SAMPLE, status_of, undone

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("each_clip_once")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("walk")
    with undone(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("POSEDETECTOR_HOME", str(folder / "home"))
        patch.chdir(ROOT)
        sample = ("--video", "data/samples/walk_side.mp4", "--height", "1.65")
        assert status_of("analyze", *sample, "--output-dir", folder / "results") == 0
    return folder / "results"


def column(results: Path, name: str) -> np.ndarray:
    with (results / "landmarks_wide.csv").open() as file:
        return np.array([float(row[name] or "nan") for row in csv.DictReader(file)])


def test_every_file_is_there_and_nothing_else(results: Path) -> None:
    assert {path.name for path in results.iterdir()} == FILES_OF_THE_SAMPLE


def test_she_is_found_in_nearly_every_frame(results: Path) -> None:
    account = json.loads((results / "provenance.json").read_text())

    assert account["video"]["frames"] == 134
    assert account["persons"][0]["share"] >= 0.95


def test_her_thigh_has_its_share_of_her_height(results: Path) -> None:
    ends = [np.stack([column(results, f"left_{end}_{axis}_m") for axis in "xyz"]) for end in ("hip", "knee")]
    length = np.nanmedian(np.linalg.norm(ends[0] - ends[1], axis=0))

    assert length == pytest.approx(0.245 * 1.65, rel=0.1)


def test_she_walks_to_her_right_hand_side_of_the_picture(results: Path) -> None:
    """Z points right for a person who faces the camera, which is to the left in the picture, where she goes."""
    hips = column(results, "left_hip_z_m")
    seen = hips[np.isfinite(hips)]

    assert 2.5 < seen[-1] - seen[0] < 8.0


def test_her_head_is_above_her_hips_and_these_above_her_feet(results: Path) -> None:
    nose, hip, heel = (np.nanmedian(column(results, f"{name}_y_m")) for name in ("nose", "left_hip", "left_heel"))

    assert nose > hip + 0.4
    assert hip > heel + 0.6
    assert abs(heel) < 0.15


@pytest.mark.parametrize(
    "part", [slice(0, 9), slice(9, -9), slice(-9, None)], ids=["first 0.3 s", "between", "last 0.3 s"]
)
def test_no_foot_is_more_than_2_cm_below_the_floor(part: slice, results: Path) -> None:
    feet = [
        column(results, f"{side}_{name}_y_m")[part] for side in ("left", "right") for name in ("heel", "foot_index")
    ]

    assert np.nanmin(feet) > -0.02


def test_the_model_is_named_with_digest_and_licence(results: Path) -> None:
    (network,) = json.loads((results / "provenance.json").read_text())["networks"]

    assert network["name"] == "mediapipe-full"
    assert network["licence"] == "Apache-2.0"
    assert len(network["sha256"]) == 64
    assert network["known"] is True
