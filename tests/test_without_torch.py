"""Where PyTorch is not installed: the usual way does not miss it, and what needs it says so in one line.

All commands run in one process, since each would take seconds to begin.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from posedetector.weights import WEIGHTS

ROOT = Path(__file__).parents[1]
SAMPLE = (
    "analyze",
    "--video",
    str(ROOT / "data" / "samples" / "walk_side.mp4"),
    "--height",
    "1.65",
    "--duration",
    "0.7",
)
SYNTHETIC = (*SAMPLE, "--estimator", "synthetic", "--no-overlay", "--no-refine", "--formats", "csv")
LIFTED = (*SYNTHETIC, "--use-videopose3d")
IMPORTS = "import posedetector.pipeline, posedetector.rtmpose3d, posedetector.models.onnx"
IMPORTS += ", posedetector.estimators.rtmw3d, posedetector.estimators.runners, posedetector.lifters.streaming"

WORKS = {
    "native": (*SAMPLE, "--output-dir", "native"),
    "bundled": (*LIFTED, "--output-dir", "bundled"),
    "bundled on the cpu": (*LIFTED, "--device", "cpu", "--output-dir", "cpu"),
    "what runs onnxruntime": ("python", IMPORTS),
    "train --help": ("train", "--help"),
    "weights list": ("weights", "list"),
    "weights verify": ("weights", "verify", "bundled"),
}
REFUSED = {
    "a published lifter": (*LIFTED, "--videopose3d-model", "fair-cpn"),
    "a checkpoint": (*LIFTED, "--videopose3d-model", "mine.pt", "--videopose3d-like", "bundled"),
    "cuda": (*LIFTED, "--device", "cuda"),
    "mps": (*LIFTED, "--device", "mps"),
    "rtmw3d": (*SAMPLE, "--estimator", "rtmw3d"),
    "rtmw3d, compiled": (*SAMPLE, "--estimator", "rtmw3d", "--runtime", "compile"),
    "train": ("train", "mine.pt"),
    "export as onnx": ("weights", "export", "rtmdet-m", "--onnx"),
    "export as arrays": ("weights", "export", "fair-cpn", "--numpy"),
    "the RTMPose3D package": ("python", "from posedetector.rtmpose3d import RTMPose3DInference as R; R()"),
}
INSTEAD = {
    "a published lifter": "the bundled lifter does without",
    "cuda": "--device auto and --device cpu do without",
    "rtmw3d": "--runtime onnx does without",
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """How each command ended."""
    folder = tmp_path_factory.mktemp("without_torch")
    (folder / "mine.pt").write_bytes(b"PK\x03\x04")
    commands = WORKS | REFUSED
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "without_torch.py"), json.dumps([*commands.values()])],
        cwd=folder,
        env=os.environ | {"POSEDETECTOR_HOME": str(folder / "home"), "https_proxy": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(zip(commands, json.loads(done.stdout), strict=True))
    found["versions"] = json.loads((folder / "bundled" / "provenance.json").read_text())["versions"]
    return found


@pytest.mark.parametrize("name", WORKS)
def test_the_usual_way_needs_no_pytorch(ended: dict[str, dict], name: str) -> None:
    assert (ended[name]["status"], ended[name]["sought"]) == (0, []), ended[name]["errors"]


@pytest.mark.parametrize("name", REFUSED)
def test_what_needs_pytorch_says_so_in_one_line_and_how_to_get_it(ended: dict[str, dict], name: str) -> None:
    errors = ended[name]["errors"]

    assert ended[name]["status"] == 2
    assert len(errors.splitlines()) == 1, errors
    said = ("needs PyTorch, which is not installed", "`uv run --extra torch …`", "`pip install torch`")
    assert [words for words in said if words not in errors] == [], errors


@pytest.mark.parametrize(("name", "instead"), INSTEAD.items())
def test_what_does_without_pytorch_is_named(ended: dict[str, dict], name: str, instead: str) -> None:
    assert instead in ended[name]["errors"]


def test_the_account_names_no_library_that_was_not_used(ended: dict[str, dict]) -> None:
    assert {"numpy", "scipy"} <= ended["versions"].keys()
    assert "torch" not in ended["versions"]


def test_what_ships_is_no_checkpoint_of_pytorchs() -> None:
    assert WEIGHTS["bundled"].file.endswith(".npz")
