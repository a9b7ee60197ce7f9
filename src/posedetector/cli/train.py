"""`posedetector train`: a lifter of one's own from motion capture; stopped by Ctrl-C, continued by the same command."""

import math
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posedetector.cli.console import Stopped
from posedetector.errors import InputError

if TYPE_CHECKING:
    import torch

    from posedetector.training.fit import Plan, Row
    from posedetector.training.mocap import Take


def train(
    mocap: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MOCAP...",
            help="Files or folders of .npz, .bvh, .amc (with its .asf), .c3d or .trc with the twelve joints from "
            "shoulders and hips to wrists and ankles.",
        ),
    ] = None,
    output_dir: Annotated[
        Path, typer.Option(help="Where the training lives; the same command goes on where it was stopped.")
    ] = Path("data/training"),
    steps: Annotated[int, typer.Option(help="Updates of the weights; 10000 take 45 minutes on two cores.")] = 10_000,
    channels: Annotated[int, typer.Option(help="Width of the network: 512 make 7 MB, 880 make 20 MB.")] = 512,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(
            help="A word in the names of recordings that are for validation only; repeatable. One clip in ten is."
        ),
    ] = None,
    elevation: Annotated[
        tuple[float, float], typer.Option(help="Your cameras: how far they look down, degrees, mean and spread.")
    ] = (5.0, 11.0),
    fov: Annotated[
        tuple[float, float], typer.Option(help="Their fields of view along the longer side, degrees, from and to.")
    ] = (28.0, 75.0),
    name_map: Annotated[
        Path | None, typer.Option("--map", help='JSON, {"right_knee": ["RKNE", "RKNM"]}: our names to the files\'.')
    ] = None,
    unit: Annotated[str | None, typer.Option(help="m, cm, mm or in, if the files are wrong or silent.")] = None,
    rate: Annotated[float | None, typer.Option(help="Frames per second, for files without times.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    threads: Annotated[int | None, typer.Option(help="All cores by default.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks.")] = False,
) -> None:
    """Train a 243-frame lifter on motion capture, seen by synthetic cameras; VideoPose3D's network, inputs of ours."""
    del debug  # `main` looks for it
    if not mocap:
        raise InputError("which motion capture? give files or folders")
    for name, value in (("--steps", steps), ("--channels", channels), ("--threads", threads)):
        if value is not None and value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")
    if not 1 <= fov[0] < fov[1] <= 150:
        raise InputError(f"--fov is two angles in degrees, from 1 to 150, the smaller first; got {fov[0]:g} {fov[1]:g}")
    if not (abs(elevation[0]) <= 80 and 0 <= elevation[1] <= 45):
        raise InputError(
            f"--elevation is a mean within ±80° and a spread of 0–45°; got {elevation[0]:g} {elevation[1]:g}"
        )
    if seed < 0:
        raise InputError(f"--seed must not be negative, got {seed}")
    if rate is not None and not 0 < rate < math.inf:
        raise InputError(f"--rate is in frames per second and must be greater than 0, got {rate:g}")
    from posedetector.models.torch_extra import need_torch

    need_torch("posedetector train")
    from posedetector.models.torch_running import device_of
    from posedetector.readers.names import read_map
    from posedetector.readers.recording import ReadOptions
    from posedetector.training.mocap import RATE, digest, read_takes

    options = ReadOptions(rate=rate, unit=unit, point_map=read_map(name_map) if name_map else {}, side="-")
    target = device_of(device)  # before the reading, which takes its time
    takes = read_takes([Path(path) for path in mocap], options, hold_out or (), lambda line: typer.echo(line, err=True))
    for word in hold_out or ():
        if not word or not any(word in take.name for take in takes):
            raise InputError(
                f"--hold-out {word!r}: no recording has it in its name; they are called "
                f"{', '.join(take.name for take in takes[:3])}, …"
            )
    seen, unseen = ([take for take in takes if take.held_out is held_out] for held_out in (False, True))
    minutes = [sum(len(take.points) for take in some) / RATE / 60 for some in (seen, unseen)]
    typer.echo(
        f"{len(seen)} recordings, {minutes[0]:.1f} minutes; held out: {len(unseen)}, {minutes[1]:.1f} minutes; clips are made "
        "of them first, for a minute or so",
        err=True,
    )
    from posedetector.training.cameras import Cameras
    from posedetector.training.fit import Plan

    cameras = Cameras(elevation=elevation, fov=fov)
    plan = Plan(steps=steps, channels=channels, seed=seed, data=digest(takes), cameras=cameras)
    _run(plan, takes, output_dir, target, threads)


def _run(plan: "Plan", takes: list["Take"], folder: Path, device: "torch.device", threads: int | None) -> None:
    from posedetector.training.fit import steps_done
    from posedetector.training.fit import train as fit

    with _stop_on_signals() as stopped:
        made = fit(
            takes,
            plan,
            folder,
            device=device,
            threads=threads or os.cpu_count() or 1,
            told=_teller(steps_done(folder)),
            stop=stopped,
        )
    if made is None:
        raise Stopped(f"stopped; the same command goes on from what is in {folder}")
    typer.echo(f"{made}: --use-videopose3d --videopose3d-model {made} --videopose3d-like bundled")
    kept = [name for name in ("curve.csv", "curve.png", "angles.csv") if (folder / name).exists()]
    typer.echo(f"beside it: {', '.join(kept)}")


def _teller(first: int = 0) -> "Callable[[int, int, Row], None]":
    """Give what says where a training stands that begins, or goes on, after so many steps."""
    start = time.perf_counter()

    def tell(step: int, steps: int, row: "Row") -> None:
        left = (time.perf_counter() - start) / max(step - first, 1) * (steps - step) / 60
        errors = f"{1000 * row['position']:.0f} mm"
        if "held_out_mpjpe_mm" in row:
            errors += f", held out {row['held_out_mpjpe_mm']:.1f} mm (aligned {row['held_out_p_mpjpe_mm']:.1f})"
        typer.echo(f"step {step} of {steps}: {errors}; about {left:.0f} min left", err=True)

    return tell


@contextmanager
def _stop_on_signals() -> Iterator[Callable[[], bool]]:
    """Give what tells whether Ctrl-C or SIGTERM came; a second one interrupts at once."""
    came: list[int] = []

    def note(number: int, _: object) -> None:
        came.append(number)
        if len(came) > 1:
            raise KeyboardInterrupt
        typer.echo("stopping; what was learned is kept (once more: at once)", err=True)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
