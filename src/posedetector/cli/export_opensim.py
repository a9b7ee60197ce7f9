"""`posedetector export-opensim`: results → marker set, scaling and inverse kinematics for OpenSim."""

from pathlib import Path
from typing import Annotated

import typer

from posedetector.errors import InputError
from posedetector.quantities import parse_body_mass


def export_opensim(
    results: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="A folder that `posedetector analyze` wrote.")
    ] = None,
    folder: Annotated[Path | None, typer.Option("--input", help="The same, by name.")] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="A full-body .osim of the Rajagopal family (OpenSim 4). [default: the shipped one, no muscles]"
        ),
    ] = None,
    output_dir: Annotated[Path | None, typer.Option(help="[default: opensim/ in the input folder]")] = None,
    mass: Annotated[
        float | None,
        typer.Option(
            parser=parse_body_mass,
            metavar="MASS",
            help="75 (kg) or 165lb. [default: the subject's, else the model's own]",
        ),
    ] = None,
    markers: Annotated[
        str, typer.Option(help="landmarks, or augmented: OpenCap's anatomical markers, of `analyze --augment-markers`.")
    ] = "landmarks",
    run: Annotated[
        bool, typer.Option("--run", help="Also scale and solve; needs the package opensim (extra `opensim`).")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks.")] = False,
) -> None:
    """Write what OpenSim needs for joint angles by inverse kinematics."""
    del debug  # `main` looks for it
    from posedetector.opensim import export
    from posedetector.opensim.judging import warnings_of, worst_markers

    if (results is None) == (folder is None):
        raise InputError("which results? give one folder that `posedetector analyze` wrote")
    source = results or folder or Path()
    output = output_dir or source / "opensim"
    made = export(source, output, markers=markers, model=model, mass=mass, run=run)
    for note in made.notes:
        typer.echo(f"note: {note}", err=True)
    for name in made.files:
        typer.echo(str(output / name))
    if made.marker_error is not None and made.fit is not None:
        worst = worst_markers(made.fit)
        typer.echo(f"markers lie {100 * made.marker_error:.1f} cm (RMS) from the model's; worst: {worst}", err=True)
        for warning in warnings_of(made.fit):
            typer.echo(f"warning: {warning}", err=True)
        return
    scaling, kinematics = (next(one for one in made.files if one.endswith(end)) for end in ("_scaling.xml", "_ik.xml"))
    typer.echo(
        f"in that folder: opensim-cmd run-tool {scaling}, then opensim-cmd run-tool {kinematics}; or in OpenSim's window "
        "Tools > Scale Model and Inverse Kinematics, Load; or --run",
        err=True,
    )
