"""Which version this is: of the installed package, or of the source tree that is run without installation."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@cache
def own_version() -> str:
    """Return the version as pyproject.toml has it; "unknown" where neither package nor source tree says."""
    try:
        return version("posedetector")
    except PackageNotFoundError:
        import tomllib

    try:
        project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    except (OSError, ValueError, LookupError):
        return "unknown"
    return str(project["version"]) if project.get("name") == "posedetector" else "unknown"
