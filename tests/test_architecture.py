"""Which room may know which."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import posedetector

ROOT = Path(posedetector.__file__).parent
# a room knows only rooms above it
ROOMS = (
    "errors",
    "opening",
    "quantities",
    "skeletons",
    "pose",
    "lenses",
    "subject",
    "metrics",
    "filters",
    "camera_motion",
    "kinematics",
    "plausibility",
    "colours",
    "boxes",
    "snapshots",
    "video",
    "downloads",
    "weights",
    "models",
    "estimators",
    "tracking",
    "persons",
    "cleaning",
    "sanity",
    "lifters",
    "calibration",
    "refinement",
    "mirroring",
    "smoothing",
    "augmenting",
    "settings",
    "trial",
    "provenance",
    "records",
    "tables",
    "overlay",
    "contact_sheet",
    "report",
    "writers",
    "motion",
    "readers",
    "opensim",
    "evaluation",
    "training",
    "pipeline",
    "rtmpose3d",
    "cli",
)
HEAVY = ("torch", "numpy", "pandas", "scipy", "mediapipe", "cv2", "av", "pydantic")
FILES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or not path.stem.startswith("__"))


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imported_rooms(path: Path) -> Iterator[str]:
    """Every room imported anywhere in a file, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "posedetector" and rest:
                yield rest.split(".")[0]


def test_every_file_belongs_to_a_room_of_the_list() -> None:
    assert {room_of(path) for path in FILES} == set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_no_room_further_down(path: Path) -> None:
    allowed = ROOMS[: ROOMS.index(room_of(path)) + 1]

    assert set(imported_rooms(path)) <= set(allowed)


def test_importing_the_package_and_its_command_line_loads_nothing_heavy() -> None:
    code = f"import sys, posedetector, posedetector.cli; print([name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("name", posedetector.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(posedetector, name).__name__ == name


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = posedetector.nothing
