"""Scaling and inverse kinematics by the package `opensim`, in a process of its own.

Its tools look for files in the working folder and write a log there, and when something goes wrong they may take the process
down with them.
"""

import subprocess
import sys
from pathlib import Path

from posedetector.errors import InputError, PosedetectorError

# what the tools return is no help: scaling that moves no markers says False when it worked
_PROGRAM = """
import sys, opensim
opensim.Logger.setLevelString("error")
getattr(opensim, sys.argv[1])(sys.argv[2]).run()
"""


def check_opensim() -> None:
    """Raise InputError where the package is not installed."""
    from importlib.util import find_spec

    if find_spec("opensim") is None:
        raise InputError(
            "`run` needs the package opensim: `uv run --extra opensim …` in place of `uv run …` installs it; or leave `run` out, and run the setups "
            "with opensim-cmd or OpenSim's window"
        )


def run_tool(tool: str, setup: Path, made: Path) -> None:
    """Run one of OpenSim's tools (`ScaleTool`, `InverseKinematicsTool`) in the folder of its setup.

    Raises PosedetectorError, with OpenSim's own words, where it does not write the file that it should.
    """
    check_opensim()
    ran = subprocess.run(  # noqa: S603 -- this Python, a constant program, our own file names
        [sys.executable, "-c", _PROGRAM, tool, setup.name],
        cwd=setup.parent,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if not made.exists():
        said = [line for line in (ran.stdout + ran.stderr).splitlines() if "rror" in line or "ailed" in line]
        raise PosedetectorError(f"OpenSim's {tool} wrote no {made.name}: {' '.join(said)[:500] or ran.returncode}")


def marker_error(path: Path) -> float:
    """Return from IK's report of marker errors the root mean square over all frames, metres."""
    import numpy as np

    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index("endheader") + 1
    column = lines[start].split("\t").index("marker_error_RMS")
    values = np.array([float(line.split("\t")[column]) for line in lines[start + 1 :] if line.strip()])
    return float(np.sqrt(np.mean(values**2)))
