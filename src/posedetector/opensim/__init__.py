"""From a folder of results to OpenSim: a model, our points on it, scaling, inverse kinematics. Plain XML; `opensim` only runs it.

Our laboratory frame is OpenSim's own: X forward, Y up, Z right, metres.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from posedetector.account import PROVENANCE
from posedetector.errors import InputError
from posedetector.opensim.judging import Fit, judge, write_fit
from posedetector.opensim.model import Model, read_model
from posedetector.opensim.places import TABLES
from posedetector.opensim.recording import Markers, find_markers, find_stretch
from posedetector.opensim.running import check_opensim, marker_error, run_tool
from posedetector.opensim.setups import inverse_kinematics, marker_set, scaling
from posedetector.writers import Folder
from posedetector.writers.trc import write_markers


@dataclass(frozen=True, slots=True, eq=False)
class Export:
    """What was written, and what a user has to know.

    Attributes
    ----------
    files : names in the folder.
    notes : what was assumed.
    marker_error : metres, root mean square over frames of inverse kinematics; None where it was not run.
    fit : errors of the markers, and coordinates at limits; None where it was not run.
    """

    files: tuple[str, ...]
    notes: tuple[str, ...]
    marker_error: float | None
    fit: Fit | None


def export(
    folder: Path,
    output: Path,
    *,
    markers: str = "landmarks",
    model: Path | None = None,
    mass: float | None = None,
    run: bool = False,
) -> Export:
    """Write model, marker set, markers and setups into a folder; with `run` the scaled model, the motion and how well it fits too.

    Parameters
    ----------
    folder : what `posedetector analyze` wrote.
    markers : a key of TABLES.
    model : .osim of the Rajagopal family; the shipped one by default.
    mass : kilograms; by default the subject's, else the model's.

    Raises
    ------
    InputError
        Where the folder, the markers or the model do not serve.
    PosedetectorError
        Where OpenSim fails.
    """
    if markers not in TABLES:
        raise InputError(f"`markers` is one of {', '.join(TABLES)}, got {markers!r}", field="markers")
    if mass is not None and not 2 <= mass <= 400:
        raise InputError(f"`mass` is in kilograms and must lie in 2–400, got {mass:g}", field="mass")
    if run:
        check_opensim()
    table, generic = TABLES[markers], read_model(model)
    found = find_markers(folder, table)
    stretch = find_stretch(found, table)
    known_mass, height = _subject(folder)
    kilograms = mass or known_mass or generic.mass
    names = _file_names(found, generic.name)
    places = {point: place for point, place in generic.place(table).items() if point in found.points}
    times = float(found.time[0]), float(found.time[-1])
    jobs: dict[str, Callable[[Path], object]] = {
        names["model"]: partial(_write_bytes, generic.text),
        names["markers"]: lambda path: write_markers(path, path.name, found.points, found.time, found.xyz),
        names["marker_set"]: partial(_write, marker_set(places)),
        names["scaling"]: partial(
            _write, scaling(table, stretch, generic.bodies, names, mass=kilograms, height=height)
        ),
        names["ik"]: partial(_write, inverse_kinematics(table, places, generic.coordinates, times, names)),
    }
    notes = [
        ""
        if mass or known_mass
        else f"the mass is not known: the model's own {generic.mass:.1f} kg are taken (--mass)",
        ""
        if stretch.upright
        else "trunk, thighs and shanks are at no time upright together for long enough: the size is of the longest whole stretch",
        f"{found.left_out} frames with less than half of the markers are left out; OpenSim passes over such gaps without a word"
        if found.left_out
        else "",
    ]
    error, fit = _put(output, jobs, names, found, generic, run=run)
    return Export(tuple(jobs), tuple(note for note in notes if note), error, fit)


def _put(
    output: Path,
    jobs: dict[str, Callable[[Path], object]],
    names: dict[str, str],
    markers: Markers,
    model: Model,
    *,
    run: bool,
) -> tuple[float | None, Fit | None]:
    """Write the files, all or none; OpenSim works in a folder of its own, and what it makes is added to the jobs."""
    error, fit = None, None
    with Folder(output) as target, tempfile.TemporaryDirectory() as working:
        if run:
            for name, write in jobs.items():
                write(Path(working) / name)
            for tool, setup, made in (("ScaleTool", "scaling", "scaled"), ("InverseKinematicsTool", "ik", "motion")):
                run_tool(tool, Path(working) / names[setup], Path(working) / names[made])
            jobs |= {names[made]: partial(shutil.copy, Path(working) / names[made]) for made in ("scaled", "motion")}
            error = marker_error(next(Path(working).glob("*_ik_marker_errors.sto")))
            locations = next(Path(working).glob("*_model_marker_locations.sto"))
            fit = judge(markers, locations, Path(working) / names["motion"], model)
            jobs[names["errors"]] = partial(write_fit, fit)
        target.put(jobs)
    return error, fit


def _file_names(markers: Markers, model: str) -> dict[str, str]:
    clip = markers.name
    return {
        "model": f"{model}.osim",
        "markers": f"{clip}_markers.trc",
        "marker_set": f"{clip}_marker_set.xml",
        "scaling": f"{clip}_scaling.xml",
        "ik": f"{clip}_ik.xml",
        "scaled": f"{clip}_scaled.osim",
        "motion": f"{clip}_ik.mot",
        "errors": f"{clip}_ik_errors.csv",
    }


def _subject(folder: Path) -> tuple[float | None, float | None]:
    """Return mass (kg) and height (m) from the account of the results, None where it does not say."""
    try:
        subject = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))["subject"]
        return subject.get("mass"), subject.get("height")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{folder / PROVENANCE} does not say whose results these are: wanted is the output of `posedetector analyze`"
        ) from error


def _write(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _write_bytes(content: bytes, path: Path) -> None:
    path.write_bytes(content)
