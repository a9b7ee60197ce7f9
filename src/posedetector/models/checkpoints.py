"""PyTorch files read without trust: tensors come out, nothing in them is run."""

import pickle
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import torch
from torch import Tensor, nn

from posedetector.errors import WeightsError

Network = TypeVar("Network", bound=nn.Module)


class _Skipped:
    """Stands for what training left in a checkpoint and nobody needs: made of anything, it remembers nothing."""

    def __new__(cls, *_: object) -> Self:
        return super().__new__(cls)

    def __setstate__(self, _: object) -> None:
        pass


# Names under which checkpoints carry the random generator and the figures of their training (NumPy 1 and 2, MMEngine).
# Each stands for `_Skipped`, getattr too, so that none of them does anything.
_HARMLESS = (
    "numpy.random.__RandomState_ctor",
    "numpy.random._pickle.__randomstate_ctor",
    "numpy.random._pickle.__bit_generator_ctor",
    "numpy.random._mt19937.MT19937",
    "numpy.random.mtrand.RandomState",
    "numpy.random.bit_generator.SeedSequence",
    "numpy.random.bit_generator.__pyx_unpickle_SeedSequence",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.ndarray",
    "numpy.dtype",
    "_codecs.encode",
    "mmengine.logging.history_buffer.HistoryBuffer",
    "builtins.getattr",
)


def read_state(path: Path, *members: str) -> dict[str, Tensor]:
    """Return the state dict of a checkpoint: itself, or the first of these members that it has.

    Raises
    ------
    WeightsError
        If the file is damaged, wants code to be run, or holds no state dict; the text says what was found.
    """
    try:
        with torch.serialization.safe_globals([(_Skipped, name) for name in _HARMLESS]):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f"it wants to run {found[1]}, which no checkpoint needs" if found else "its pickle is no checkpoint's"
        raise WeightsError(f"{path} is refused: {what}; nothing in it was run") from error
    except Exception as error:  # whatever a damaged file makes of torch's readers
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise WeightsError(f"{path} is no PyTorch checkpoint, or a damaged one: {reason}") from error
    return _state_in(content, path, members)


def _state_in(content: Any, path: Path, members: tuple[str, ...]) -> dict[str, Tensor]:
    if not isinstance(content, dict):
        raise WeightsError(f"{path} holds no state dict but a {type(content).__name__}")
    state = next((content[member] for member in members if member in content), content)
    if not isinstance(state, dict) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(
            f"{path} holds no state dict: {' or '.join(members) or 'tensors'} expected, found {some(content)}"
        )
    return {str(key).removeprefix("module."): value for key, value in state.items()}  # DataParallel's prefix


def check_keys(state: dict[str, Tensor], expected: dict[str, Tensor], what: str) -> None:
    """Raise WeightsError, with what was expected and what was found, unless keys and shapes agree and all is finite."""
    missing, foreign = expected.keys() - state.keys(), state.keys() - expected.keys()
    if missing or foreign:
        raise WeightsError(
            f"{what}: {len(expected)} tensors expected, found {len(state)}; "
            f"missing: {some(sorted(missing))}; foreign: {some(sorted(foreign))}"
        )
    for key, value in state.items():
        if value.layout != torch.strided or value.device.type != "cpu" or not _stored(value):
            raise WeightsError(f"{what}: {key} is no plain tensor with all its values in the file")
        if value.shape != expected[key].shape:
            raise WeightsError(f"{what}: {key} should be {tuple(expected[key].shape)}, and is {tuple(value.shape)}")
        if value.is_floating_point() != expected[key].is_floating_point():
            raise WeightsError(f"{what}: {key} should be of {expected[key].dtype}, and is of {value.dtype}")
        if not bool(torch.isfinite(value.float()).all()) or (key.endswith("running_var") and bool((value < 0).any())):
            raise WeightsError(f"{what}: {key} holds values that are not finite, or negative variances")


def _stored(value: Tensor) -> bool:
    """Tell a tensor that has its values from one that repeats a few of them, and would fill the memory when it is used."""
    return value.untyped_storage().nbytes() >= value.numel() * value.element_size()


def some(names: Any) -> str:
    """Return the first four of these names, and how many more there are."""
    names = [ascii(name).strip("'\"") for name in names]  # whatever a hostile file calls its members
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "") or "none"


def read_network(path: Path, sizes: Mapping[str, Callable[[], Network]], what: str) -> tuple[str, Network]:
    """Read a checkpoint of OpenMMLab's into the network that it is of several sizes; return the size's name too.

    Raises
    ------
    WeightsError
        If the file is damaged, unsafe, or none of these.
    """
    state = read_state(path, "state_dict")
    made = {}
    for name, build in sizes.items():
        with torch.device("meta"):
            made[name] = build()
    alike = {name: _alike(state, model.state_dict()) for name, model in made.items()}
    name = max(alike, key=lambda one: alike[one])
    model = made[name]
    check_keys(state, model.state_dict(), f"{path} is not {what}")
    model.load_state_dict(state, strict=True, assign=True)
    return name, model.float().eval().requires_grad_(False)


def _alike(state: dict[str, Tensor], expected: dict[str, Tensor]) -> int:
    return sum(key in state and state[key].shape == value.shape for key, value in expected.items())
