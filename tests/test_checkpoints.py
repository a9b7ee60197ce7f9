"""PyTorch files from anywhere: what is in them is read, nothing in them is run."""

import builtins
import contextlib
import os
import pickle
import re
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from posedetector.errors import WeightsError
from posedetector.models.checkpoints import read_state

STATE = {"conv.weight": torch.arange(12.0).reshape(3, 4), "conv.bias": torch.tensor([0.5, -0.5, 2.0])}

both_formats = pytest.mark.parametrize("as_zip", [True, False], ids=["zip", "legacy"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lifter.bin"


def save(content: object, path: Path, as_zip: bool = True) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=as_zip)
    return path


def refuse(path: Path, match: str = ".", *members: str) -> str:
    with pytest.raises(WeightsError, match=match) as caught:
        read_state(path, *members)

    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.isprintable()
    return message


def agrees(state: dict[str, Tensor]) -> bool:
    return state.keys() == STATE.keys() and all(torch.equal(state[name], value) for name, value in STATE.items())


class OldRandomState:
    """Pickles as NumPy's generator did before 1.17."""

    def __reduce__(self) -> tuple:
        maker = getattr(np.random, "__RandomState_ctor")  # as an attribute, the class would rename it
        return maker, (), np.random.RandomState(1).get_state(legacy=True)


def training(random_state: object) -> dict:
    """Return what VideoPose3D's authors keep in a checkpoint."""
    rate = np.float64(1e-5)
    moments = {"step": 7, "exp_avg": torch.ones(3), "max_exp_avg_sq": torch.ones(3)}
    group = {"lr": rate, "betas": (0.9, 0.999), "eps": 1e-8, "amsgrad": True, "params": [140001]}
    return {
        "epoch": 80,
        "lr": rate,
        "random_state": random_state,
        "optimizer": {"state": {140001: moments}, "param_groups": [group]},
        "model_pos": STATE,
        "model_traj": {"other.weight": torch.ones(1)},
        "random_state_traj": random_state,
        "losses": np.arange(3, dtype=np.float32),
    }


def as_numpy_1(path: Path) -> None:
    """Change the names in the file's pickles to those of NumPy 1."""
    old, new = b"cnumpy._core.", b"cnumpy.core."
    if not zipfile.is_zipfile(path):
        path.write_bytes(path.read_bytes().replace(old, new))
        return
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content.replace(old, new) if name.endswith(".pkl") else content)


# What is read


@both_formats
@pytest.mark.parametrize(
    "generator",
    [OldRandomState(), np.random.RandomState(1), np.random.RandomState(np.random.MT19937(1))],
    ids=["an old generator", "a generator", "a generator with a sequence of seeds"],
)
@pytest.mark.parametrize("version", ["NumPy 2", "NumPy 1"])
def test_a_state_is_read_among_what_training_left(path: Path, as_zip: bool, generator: object, version: str) -> None:
    save(training(generator), path, as_zip)
    if version == "NumPy 1":
        as_numpy_1(path)

    assert (b"numpy._core" in path.read_bytes()) == (version == "NumPy 2")
    assert agrees(read_state(path, "model_pos"))


@both_formats
def test_a_bare_state_dict_is_its_own_state(path: Path, as_zip: bool) -> None:
    assert agrees(read_state(save(STATE, path, as_zip), "model_pos", "state_dict"))


def test_the_first_of_the_members_counts(path: Path) -> None:
    save({"state_dict": {"other.weight": torch.ones(1)}, "model_pos": STATE}, path)

    assert agrees(read_state(path, "model_pos", "state_dict"))


def test_the_prefix_of_dataparallel_falls(path: Path) -> None:
    save({"model_pos": {f"module.{name}": value for name, value in STATE.items()}}, path)

    assert agrees(read_state(path, "model_pos"))


# What is refused


class Bait:
    """When unpickled by the credulous, it calls a function."""

    def __init__(self, call: Callable, *arguments: object) -> None:
        self.call = call, arguments

    def __reduce__(self) -> tuple:
        return self.call


def baits(file: Path) -> dict[str, Bait]:
    return {
        "system": Bait(os.system, f"touch {file}"),
        "eval": Bait(builtins.eval, f"open({str(file)!r}, 'w').close()"),
        "exec": Bait(builtins.exec, f"open({str(file)!r}, 'w').close()"),
        "open": Bait(open, str(file), "w"),
        "run": Bait(subprocess.run, ["touch", str(file)]),
    }


@pytest.mark.filterwarnings("ignore:unclosed file")
@pytest.mark.parametrize("function", baits(Path()))
def test_the_baits_of_the_next_test_are_not_harmless(tmp_path: Path, function: str) -> None:
    pickle.loads(pickle.dumps(baits(tmp_path / "trace")[function], protocol=2))

    assert (tmp_path / "trace").exists()


@both_formats
@pytest.mark.parametrize("member", ["model_pos", "optimizer"])
@pytest.mark.parametrize("function", baits(Path()))
def test_a_file_that_wants_to_run_something_is_refused_and_it_is_not_run(
    tmp_path: Path, path: Path, function: str, member: str, as_zip: bool
) -> None:
    save({"model_pos": STATE, member: baits(tmp_path / "trace")[function]}, path, as_zip)

    refuse(path, rf"is refused: it wants to run (\w+\.)*{function}\b.*nothing in it was run", "model_pos")
    assert not (tmp_path / "trace").exists()


@both_formats
def test_a_whole_module_is_refused(path: Path, as_zip: bool) -> None:
    refuse(save(nn.Linear(2, 2), path, as_zip), r"wants to run torch\.nn\.modules\.linear\.Linear")


@both_formats
@pytest.mark.parametrize("share", [0.001, 0.02, 0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_off_is_refused(path: Path, as_zip: bool, share: float) -> None:
    whole = save(training(np.random.RandomState(1)), path, as_zip).read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])

    refuse(path, ".", "model_pos")


@both_formats
@pytest.mark.parametrize("missing", [1, 2, 8, 20])
def test_a_file_without_its_last_bytes_is_refused(path: Path, as_zip: bool, missing: int) -> None:
    path.write_bytes(save({"model_pos": STATE}, path, as_zip).read_bytes()[:-missing])

    refuse(path, ".", "model_pos")


def image(kind: str) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    return cv2.imencode(kind, noise)[1].tobytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"a text file\nof two lines\n",
        b"<!DOCTYPE html>\n<html><body>404</body></html>\n",
        b'{"state_dict": {}}\n',
        bytes(4096),
        pickle.dumps({"state_dict": {}}, protocol=2),
        image(".png"),
        image(".jpg"),
    ],
    ids=["empty", "an empty line", "text", "a web page", "JSON", "zeros", "another pickle", "PNG", "JPEG"],
)
def test_something_else_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    refuse(path)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"readme.txt": "made for a test\n\n"},
        {"folder/readme.txt": "made for a test\n\n"},
        {"archive/data.pkl": "no pickle\n\n", "archive/version": "3\n"},
        {"archive/data.pkl": b"\x80\x02}.", "archive/version": "no number\n"},
        {"archive/data.pkl": b"\x80\x02}.", "archive/version": "3\n", "archive/constants.pkl": b"\x80\x02)."},
    ],
    ids=["nothing", "a text", "a text in a folder", "no pickle", "no version", "TorchScript"],
)
def test_an_archive_of_something_else_is_refused(path: Path, members: dict[str, str | bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)

    refuse(path)


def test_a_file_that_is_not_there_is_said_so(path: Path) -> None:
    refuse(path, "No such file")


@pytest.mark.parametrize(
    ("content", "found"),
    [([STATE], "list"), (STATE["conv.bias"], "Tensor"), ("a text", "str"), (None, "NoneType")],
    ids=["list", "tensor", "text", "nothing"],
)
def test_what_is_no_dictionary_is_called_what_it_is(path: Path, content: object, found: str) -> None:
    refuse(save(content, path), f"holds no state dict but a {found}$", "model_pos")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({}, "none"),
        ({"epoch": 3, "lr": 0.1}, "epoch, lr"),
        ({"model_pos": {}, "epoch": 3}, "model_pos, epoch"),
        ({"model_pos": None}, "model_pos"),
        ({"model_pos": [STATE]}, "model_pos"),
        ({"model_pos": {**STATE, "epoch": 3}}, "model_pos"),
        ({"generator": STATE, "discriminator": STATE}, "generator, discriminator"),
        (dict.fromkeys("abcdefg", 0), "a, b, c, d and 3 more"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_without_a_state_dict_what_was_expected_and_found_is_told(path: Path, content: dict, found: str) -> None:
    refuse(
        save(content, path),
        f"holds no state dict: model_pos or state_dict expected, found {re.escape(found)}",
        "model_pos",
        "state_dict",
    )


def test_names_that_hold_line_breaks_and_colours_are_refused_in_one_plain_line(path: Path) -> None:
    refuse(save({"epoch\n\x1b[31mnot an error": 3}, path), "found epoch")


# What remains


@pytest.mark.parametrize("content", [STATE, nn.Linear(2, 2), [STATE]], ids=["read", "unsafe", "no state dict"])
def test_torchs_list_of_safe_names_is_as_before(path: Path, content: object) -> None:
    with torch.serialization.safe_globals([]):  # puts back what is changed here
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals([OldRandomState])
        with contextlib.suppress(WeightsError):
            read_state(save(content, path))

        assert torch.serialization.get_safe_globals() == [OldRandomState]


def test_numpys_names_are_not_believed_afterwards(path: Path) -> None:
    save(training(np.random.RandomState(1)), path)
    read_state(path, "model_pos")

    with pytest.raises(pickle.UnpicklingError, match=r"numpy"):
        torch.load(path, weights_only=True)
