"""Which network a lifter's file holds, and what runs it: NumPy wherever it can, else PyTorch.

A file that ends in .npz holds arrays, and any other is a PyTorch checkpoint.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posedetector.errors import OutputError, WeightsError
from posedetector.lifters.inputs import INPUTS
from posedetector.models.devices import is_on_cpu
from posedetector.models.temporal import ENDING, Network, NumpyNetwork, TemporalWeights, read_weights
from posedetector.models.torch_extra import need_torch
from posedetector.skeletons import SKELETONS
from posedetector.weights import LifterLayout

if TYPE_CHECKING:
    from posedetector.models.videopose3d import TemporalModel

TOLERANCE = 1e-4  # metres, by which arrays may differ from the checkpoint that they were made of


def holds_arrays(path: Path) -> bool:
    """Tell a file of arrays from a checkpoint, by its name."""
    return path.suffix == ENDING


def choose_runner(file: Path, device: str) -> Callable[[Path, LifterLayout], Network]:
    """Return what makes a network out of a file of this name, to run on this device.

    Raises
    ------
    InputError
        For a device that there is not, or PyTorch that is needed and not installed.
    """
    if holds_arrays(file) and is_on_cpu(device):
        # With PyTorch too, and with a GPU: importing it takes longer than NumPy takes to lift several minutes.
        return lambda path, layout: NumpyNetwork(_read_arrays(path, layout))
    if holds_arrays(file):
        need_torch(f'`device="{device}"`', '`device="auto"` and `device="cpu"` do without')
    else:
        need_torch(f"{file.name}, a checkpoint,", "the bundled lifter does without")
    from posedetector.models.torch_running import device_of
    from posedetector.models.videopose3d import TorchNetwork

    target = device_of(device)
    return lambda path, layout: TorchNetwork(read_model(path, layout), target)


def check_file(path: Path, layout: LifterLayout) -> None:
    """Raise WeightsError for a file that is damaged, unsafe, or of another layout."""
    if holds_arrays(path):
        _read_arrays(path, layout)
    else:
        _read_checkpoint(path, layout)


def read_model(path: Path, layout: LifterLayout) -> "TemporalModel":
    """Return the fused PyTorch model of arrays or of a checkpoint; raises WeightsError for anything else."""
    from posedetector.models.videopose3d import model_of

    return model_of(_read_arrays(path, layout)) if holds_arrays(path) else _read_checkpoint(path, layout).fused()


def export_arrays(checkpoint: Path, layout: LifterLayout, path: Path) -> float:
    """Write a checkpoint as arrays, which need no PyTorch; return by how many metres the poses of the two differ at most.

    Raises
    ------
    WeightsError
        If the checkpoint is damaged or of another layout, or the arrays give other poses.
    OutputError
        If the file cannot be written.
    """
    from posedetector.models.torch_running import device_of
    from posedetector.models.videopose3d import TorchNetwork, weights_of

    model = _read_checkpoint(checkpoint, layout)
    weights = weights_of(model)
    network = NumpyNetwork(weights)
    frames, channels = network.look_back + network.look_ahead + 50, weights.convolutions[0].weight.shape[1]
    given = np.random.default_rng(0).normal(0, 0.5, (1, frames, channels)).astype(np.float32)
    apart = float(np.abs(network.run(given) - TorchNetwork(model.fused(), device_of("cpu")).run(given)).max())
    if not apart <= TOLERANCE:  # NaN is not
        raise WeightsError(f"the arrays of {checkpoint} give poses that differ by {apart:.2g} m, and are not kept")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        weights.write(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
    return apart


def _read_arrays(path: Path, layout: LifterLayout) -> TemporalWeights:
    return read_weights(path, **_wanted(layout))


def _read_checkpoint(path: Path, layout: LifterLayout) -> "TemporalModel":
    from posedetector.models import videopose3d

    return videopose3d.read_model(path, **_wanted(layout))


def _wanted(layout: LifterLayout) -> dict[str, Any]:
    inputs = INPUTS[layout.inputs]
    return {
        "joints_in": len(SKELETONS[layout.takes]),
        "joints_out": len(SKELETONS[layout.gives]),
        "causal": layout.causal,
        "coordinates": inputs.coordinates,
        "context": inputs.context,
        "carries": inputs.carries,
    }
