"""The training itself: seeded, stopped and continued without loss, its curve in a table and a figure.

A folder holds a training: `plan.json` (what was asked for), `state.pt` (to go on from), `curve.csv` and `curve.png`,
`angles.csv` (errors by angle on held-out motion), and at its end `lifter.pt` in half precision, which
`--videopose3d-model` takes.
"""

import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from posedetector.errors import InputError, OutputError
from posedetector.lifters.inputs import INPUTS
from posedetector.models.checkpoints import read_state
from posedetector.models.videopose3d import TemporalModel
from posedetector.skeletons import H36M_17
from posedetector.training.bodies import LEG_AND_TRUNK
from posedetector.training.cameras import Cameras
from posedetector.training.losses import loss
from posedetector.training.mocap import Take
from posedetector.training.optimisers import Optimisers
from posedetector.training.samples import INPUT, Pool, StoppedWhileMaking, make_pool, makers
from posedetector.training.validation import Validation, held_out_pool, runner, validate

# 243 frames, nine of them joined at once: a third of the time of 3 · 3 · 3 · 3 · 3, most of which goes into the first layers
_WIDTHS = (9, 3, 3, 3)
_WARM_UP = 200  # steps
_LONGEST_STEP = 5  # frames between the two windows of a pair
_CLIP = 1.0
_FEW = 1000


@dataclass(frozen=True)
class Plan:
    """What a training is: the same plan and the same recordings give the same network on the same machine.

    Attributes
    ----------
    steps : updates of the weights.
    windows : that a step sees; `pairs` of them are a few frames after others, so that velocities can be compared.
    clips : made at a time; each such pool serves `serves` steps.
    channels : width of the network; 512 make 7 MB in half precision, 880 make 20 MB.
    learning_rate : Muon's, at its highest.
    seed : of the first weights, the clips, and what is dealt.
    data : digest of the recordings.
    """

    steps: int = 10_000
    windows: int = 512
    pairs: int = 80
    clips: int = 10_000
    serves: int = 500
    channels: int = 512
    learning_rate: float = 5e-3
    seed: int = 0
    data: str = ""
    cameras: Cameras = field(default_factory=Cameras)

    def rate(self, step: int) -> float:
        """Return the learning rate of a step: warmed up, then down to 0 along a cosine."""
        warm = min(1.0, (step + 1) / _WARM_UP)
        return self.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / self.steps))


Row = dict[str, float]  # of the curve: step, the losses, and now and then the errors on held-out motion
Told = Callable[[int, int, Row], None]


@dataclass
class Progress:
    """Where a training stands: steps done, the curve's rows so far, and the losses since the last row."""

    step: int = 0
    rows: list[Row] = field(default_factory=list)
    recent: list[Row] = field(default_factory=list)


@dataclass
class Training:
    """A network, what updates it, and where both stand; kept in a folder."""

    plan: Plan
    folder: Path
    device: torch.device
    model: TemporalModel
    optimisers: Optimisers
    progress: Progress


def train(
    takes: Sequence[Take],
    plan: Plan,
    folder: Path,
    *,
    device: torch.device,
    threads: int,
    told: Told = lambda *_: None,
    stop: Callable[[], bool] = lambda: False,
    every: int = 50,
    validate_every: int = 1000,
    save_every: int = 200,
) -> Path | None:
    """Train, or go on training, in a folder; return the checkpoint, or None when `stop` said so before the end.

    Recordings that are held out are only validated on.

    Raises
    ------
    InputError
        If the folder holds a training of another plan or other data.
    OutputError
        If the folder cannot be written to, or a process that makes clips was ended; what was learned is kept.
    """
    seen, held_out = ([take for take in takes if take.held_out is one] for one in (False, True))
    if not seen:
        raise InputError("nothing is left to train on: every recording is too short, or held out")
    with _on_threads(threads):
        training = begin(plan, folder, device)
        progress = training.progress
        unseen = held_out_pool(held_out, plan.cameras) if held_out and progress.step < plan.steps else None
        # a pool of a few clips is made sooner than a process is started
        with makers(seen, threads if plan.clips > _FEW else 1) as workers:
            pool: Pool | None = None
            number = -1
            while progress.step < plan.steps:
                if number != progress.step // plan.serves:
                    number, pool = progress.step // plan.serves, None  # only one at a time is in memory
                try:
                    pool = pool or _pool(seen, plan, number, workers, stop)
                except (StoppedWhileMaking, BrokenProcessPool) as error:
                    save(training)
                    if stop():
                        return None
                    raise OutputError(
                        "a process that makes clips was ended from outside, for want of memory perhaps; what was learned "
                        "is kept, and the same command goes on"
                    ) from error
                advance(training, pool)
                last = progress.step == plan.steps
                if last or progress.step % every == 0:
                    progress.rows.append(_row(progress))
                    if unseen is not None and (last or progress.step % validate_every == 0):
                        progress.rows[-1] |= check(training, unseen)
                    told(progress.step, plan.steps, progress.rows[-1])
                stopped = stop() and not last
                if last or stopped or progress.step % save_every == 0:
                    save(training)
                if stopped:
                    return None
        return write_checkpoint(training.model, folder / "lifter.pt")


@contextmanager
def _on_threads(count: int) -> Iterator[None]:
    """Let PyTorch work on so many threads; whoever called has as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _pool(takes: Sequence[Take], plan: Plan, number: int, workers: Executor | None, stop: Callable[[], bool]) -> Pool:
    seed = (plan.seed + 1000, number)
    return make_pool(takes, plan.clips, seed, cameras=plan.cameras, workers=workers, stop=stop)


def steps_done(folder: Path) -> int:
    """Return how far a folder's training has come, 0 where there is none."""
    try:
        return int(torch.load(folder / "state.pt", weights_only=True, map_location="cpu")["step"])
    except Exception:  # noqa: BLE001 -- `begin` says what is wrong with it
        return 0


def begin(plan: Plan, folder: Path, device: torch.device) -> Training:
    """Return the training that a folder holds, or a new one; raises InputError if it holds another."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _same_plan(plan, folder)
    except OSError as error:
        raise InputError(f"{folder} cannot hold a training: {error.strerror or error}") from error
    torch.manual_seed(plan.seed)
    model = new_model(plan.channels).to(device).train()
    optimisers = Optimisers(model)
    file, progress = folder / "state.pt", Progress()
    if file.exists():
        try:
            state = torch.load(file, weights_only=True, map_location="cpu")
            same = state["plan"] == _plain(plan)
            model.load_state_dict(state["model"])
            optimisers.load_state_dict(state["optimisers"])
            progress = Progress(state["step"], state["rows"], state["recent"])
        except Exception as error:  # whatever a damaged file makes of torch's readers
            raise InputError(f"{file} is damaged, and the training in {folder} cannot go on: {error}") from error
        if not same:
            raise InputError(
                f"{file} is of a training of another plan than {folder / 'plan.json'}; take another folder"
            )
    return Training(plan, folder, device, model, optimisers, progress)


def advance(training: Training, pool: Pool) -> None:
    """Take one step."""
    plan, step = training.plan, training.progress.step
    rng = np.random.default_rng((plan.seed, step))
    dealt = pool.draw(plan.windows, plan.pairs, int(rng.integers(1, _LONGEST_STEP + 1)), rng)
    inputs, targets = (torch.from_numpy(part).to(training.device) for part in dealt)
    with torch.autocast(training.device.type, dtype=torch.bfloat16):
        made = training.model.centre(inputs)
    found = loss(made.float(), targets, plan.pairs)
    training.model.zero_grad()
    found.total.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(training.model.parameters(), _CLIP)
    training.optimisers.step(plan.rate(step))
    training.progress.step += 1
    training.progress.recent.append({"loss": found.total.item(), **found.parts})


def check(training: Training, unseen: Pool) -> Row:
    """Return the errors on held-out motion, and write them by angle."""
    found = validate(runner(training.model, training.device), unseen)
    write_angles(found, training.folder / "angles.csv")
    return {"held_out_mpjpe_mm": found.mpjpe, "held_out_p_mpjpe_mm": found.p_mpjpe}


def new_model(channels: int) -> TemporalModel:
    """Return an untrained network of 243 frames; nothing is dropped out, since no window comes twice alike."""
    inputs = INPUTS[INPUT]
    model = TemporalModel(
        len(H36M_17),
        len(H36M_17),
        channels=channels,
        widths=_WIDTHS,
        coordinates=inputs.coordinates,
        context=inputs.context,
        carries=inputs.carries,
        dropout=0.0,
    )
    if model.carried is not None:
        nn.init.constant_(model.carried, LEG_AND_TRUNK)  # the 2D is in units of that length
    return model


def _row(progress: Progress) -> Row:
    """Return the means of what was lost since the last row."""
    row = {name: float(np.mean([one[name] for one in progress.recent])) for name in progress.recent[0]}
    progress.recent.clear()
    return {"step": progress.step, **row}


def _same_plan(plan: Plan, folder: Path) -> None:
    file, asked = folder / "plan.json", _plain(plan)
    if not file.exists():
        file.write_text(json.dumps(asked, indent=1) + "\n", encoding="utf-8", newline="\n")
        return
    try:
        before = dict(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError(f"{file} is no plan of a training: {error}; take another folder") from error
    if other := [name for name in asked if before.get(name) != asked[name]]:
        held, wanted = (
            ", ".join(f"{name} {before.get(name)}" for name in other),
            ", ".join(str(asked[name]) for name in other),
        )
        raise InputError(f"{folder} holds a training of another plan: {held}, and not {wanted}; take another folder")


def _plain(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON gives it back."""
    return dict(json.loads(json.dumps(asdict(plan))))


@contextmanager
def _writing(folder: Path, what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:  # torch's writer has its own
        raise OutputError(f"{folder} cannot keep {what}: {error}") from error


def save(training: Training) -> None:
    """Write all that it takes to go on, and the curve so far."""
    part = training.folder / "state.pt.part"
    state = {
        "plan": _plain(training.plan),
        "model": training.model.state_dict(),
        "optimisers": training.optimisers.state_dict(),
    }
    with _writing(training.folder, "state.pt and the curve"):
        torch.save(state | asdict(training.progress), part)
        part.replace(training.folder / "state.pt")
        write_curve(training.progress.rows, training.folder)


def write_checkpoint(model: TemporalModel, path: Path) -> Path:
    """Write the weights in half precision, statistics of the normalisations in single, and read them again."""
    state = {
        key: value.detach().cpu().half() if value.ndim > 1 else value.detach().cpu()
        for key, value in model.state_dict().items()
    }
    part = path.with_name(f"{path.name}.part")
    with _writing(path.parent, path.name):
        torch.save({"model_pos": state}, part)
        read_state(part, "model_pos")
        part.replace(path)
    return path


def write_angles(found: Validation, path: Path) -> None:
    """Write errors by angle, degrees."""
    with _writing(path.parent, path.name), path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["joint", "from_deg", "to_deg", "samples", "bias_deg", "mae_deg"])
        writer.writerows([*one[:4], f"{one.bias:.2f}", f"{one.mae:.2f}"] for one in found.angles)


def write_curve(rows: Sequence[Row], folder: Path) -> None:
    """Write the curve as a table and a figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not rows:
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / "curve.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in rows)
    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot([row["step"] for row in rows], [1000 * row["position"] for row in rows], label="in training, noisy")
    for name, label in (("held_out_mpjpe_mm", "held out"), ("held_out_p_mpjpe_mm", "held out, aligned (P-MPJPE)")):
        points = [(row["step"], row[name]) for row in rows if name in row]
        if points:
            axes.plot(*zip(*points, strict=True), "o-", label=label)
    axes.set(xlabel="step", ylabel="MPJPE, mm", yscale="log")
    axes.legend()
    axes.grid(visible=True, which="both", alpha=0.3)
    figure.savefig(folder / "curve.png", dpi=120)
