"""Which room may know which."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

import pytest

import posedetector

ROOT = Path(posedetector.__file__).parent
# a room knows only rooms above it
ROOMS = (
    "errors",
    "version",
    "reprs",
    "anthropometry",
    "opening",
    "options",
    "quantities",
    "skeletons",
    "pose",
    "arrays",
    "subject",
    "account",
    "lenses",
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
    "storage",
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
    "scene",
    "pipeline",
    "api",
    "rtmpose3d",
    "cli",
)
HEAVY = ("torch", "numpy", "pandas", "scipy", "mediapipe", "cv2", "av", "pydantic")
# a trial's methods lead, when they are called, to what is made of it further down
LEADS_DOWN = {"trial": {"tables", "writers"}}
FILES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or not path.stem.startswith("__"))


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


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


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_room_imports_no_room_further_down(path: Path) -> None:
    allowed = {*ROOMS[: ROOMS.index(room_of(path)) + 1], *LEADS_DOWN.get(room_of(path), ())}

    assert set(imported_rooms(path)) <= allowed


@pytest.mark.parametrize("room", LEADS_DOWN)
def test_what_leads_down_is_imported_when_it_is_called(room: str) -> None:
    code = f"import sys, posedetector.{room}; print([name for name in {LEADS_DOWN[room]} if f'posedetector.{{name}}' in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"


def imported_packages(path: Path) -> Iterator[str]:
    """Every package imported anywhere in a file, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module.partition(".")[0]


def test_what_is_imported_is_declared_and_not_only_brought_by_another_package() -> None:
    declared = {re.split(r"[^\w.-]", one)[0].lower().replace("_", "-") for one in requires("posedetector") or ()}
    named = {"PIL": "pillow", "cv2": "opencv-python-headless", "mmcv": "mmcv-lite", "yaml": "pyyaml"}
    named["markupsafe"] = "jinja2"  # of the same makers, for its templates
    foreign = {name for path in FILES for name in imported_packages(path)} - sys.stdlib_module_names - {"posedetector"}

    assert {named.get(name, name) for name in foreign} - declared == set()


def test_importing_the_package_and_its_command_line_loads_nothing_heavy() -> None:
    code = f"import sys, posedetector, posedetector.cli; print([name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"


def test_the_help_of_analyze_loads_no_network_and_no_video() -> None:
    heavy = [name for name in HEAVY if name not in ("numpy", "pydantic")]
    code = (
        "import sys, posedetector.cli as cli\n"
        "try: cli.main(['analyze', '--help'])\n"
        f"except SystemExit: print([name for name in {heavy} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", posedetector.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(posedetector, name).__name__ == name


def test_the_public_names_and_the_version_are_listed() -> None:
    assert {*posedetector.__all__, "__version__"} <= set(dir(posedetector))


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert posedetector.__version__ == project["version"]


def test_the_version_is_known_without_an_installation(tmp_path: Path) -> None:
    """A copy of the package in a source tree, and a Python that sees no other packages."""
    (tmp_path / "src" / "posedetector").mkdir(parents=True)
    for name in ("__init__.py", "version.py"):
        shutil.copy(ROOT / name, tmp_path / "src" / "posedetector")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "posedetector"\nversion = "7.8.9"\n', encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'src')!r}); import posedetector; print(posedetector.__version__)"
    result = subprocess.run([sys.executable, "-S", "-I", "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "7.8.9"


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = posedetector.nothing


def holds_sources(node: ast.AST) -> bool:
    """Tell an expression that is one source or an array of them, by its names."""
    match node:
        case ast.Name(id="Source" | "source" | "sources") | ast.Attribute(attr="source" | "sources"):
            return True
        case ast.Attribute(value=ast.Name(id="Source") as part) | ast.Subscript(value=part) | ast.Starred(value=part):
            return holds_sources(part)
        case (
            ast.ListComp(elt=part)
            | ast.GeneratorExp(elt=part)
            | ast.Call(func=ast.Attribute(attr="uint8"), args=[part])
        ):
            return holds_sources(part)
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return any(map(holds_sources, parts))
    return False


def ranked(node: ast.AST) -> list[ast.expr]:
    """Return what an expression compares by order, or takes the least, the greatest or the order of."""
    ranking = {"min", "max", "minimum", "maximum", "amin", "amax", "fmin", "fmax", "sort", "sorted", "argsort", "clip"}
    match node:
        case ast.Compare(left=left, ops=ops, comparators=others):
            ordered = any(isinstance(one, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for one in ops)
            return [left, *others] if ordered else []
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=args) if name in ranking:
            return [value, *args]
        case ast.Call(func=ast.Name(id=name), args=args) if name in ranking:
            return args
    return []


def sources_compared_by_order(code: str) -> list[str]:
    return [ast.unparse(node) for node in ast.walk(ast.parse(code)) if any(map(holds_sources, ranked(node)))]


@pytest.mark.parametrize(
    "code",
    [
        "pose.source[:, ends] >= Source.LIFTED",
        "source > 2",
        "low < source[row, 3]",
        "known = level >= Source.LIFTED",
        "np.minimum(pose.source[:, anchor], np.uint8(Source.AUGMENTED))",
        "np.minimum(least, Source.CARRIED)",
        "source[:, rows].min(axis=1)",
        "np.min([keypoints.source[:, row] for row in rows], axis=0)",
        "max(sources)",
    ],
)
def test_a_comparison_of_sources_by_order_is_recognised(code: str) -> None:
    assert sources_compared_by_order(code)


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path) != "pose"], ids=name_of)
def test_nothing_but_pose_knows_which_source_is_weaker(path: Path) -> None:
    assert sources_compared_by_order(path.read_text(encoding="utf-8")) == []
