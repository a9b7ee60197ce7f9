"""The lifter's network as arrays: NumPy gives PyTorch's poses, whole and frame by frame, and a file that is no network is refused."""

import io
import pickle
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from checkpoints import random_network, save
from commands import Done
from posedetector.errors import WeightsError
from posedetector.lifters import LifterContext, VideoPose3DSettings
from posedetector.lifters.networks import check_file, read_model
from posedetector.lifters.videopose3d import VideoPose3D
from posedetector.models.temporal import NumpyNetwork, TemporalWeights, read_weights
from posedetector.models.videopose3d import TemporalModel, TorchNetwork, model_of, weights_of
from posedetector.weights import ASSETS, WEIGHTS

pytestmark = pytest.mark.usefixtures("one_thread")

BUNDLED = WEIGHTS["bundled"]
CPU = torch.device("cpu")


def stirred(model: TemporalModel) -> TemporalModel:
    """Give the normalisations something to do."""
    random = torch.Generator().manual_seed(1)
    for norm in model.modules():
        if isinstance(norm, torch.nn.BatchNorm1d):
            for value, low, high in (
                (norm.running_mean, -0.5, 0.5),
                (norm.running_var, 0.5, 1.5),
                (norm.weight.data, 0.5, 1.5),
                (norm.bias.data, -0.5, 0.5),
            ):
                value.uniform_(low, high, generator=random)
    return model.eval().requires_grad_(requires_grad=False)


def drawn(**options: object) -> TemporalModel:
    torch.manual_seed(0)
    return stirred(TemporalModel(channels=32, **options))


CARRYING = {"coordinates": 3, "context": 3, "carries": True}
MODELS: dict[str, Callable[[], TemporalModel]] = {
    "as published": lambda: stirred(random_network()),
    "causal": lambda: stirred(random_network(causal=True)),
    "as bundled": lambda: stirred(random_network(inputs="body")),
    "wide first": lambda: drawn(widths=(9, 3, 3), **CARRYING),
    "causal, any widths": lambda: drawn(widths=(5, 1, 3, 7), causal=True),
    "many channels in": lambda: drawn(widths=(3, 3), joints_in=80, joints_out=80),
    "bundled": lambda: read_model(ASSETS / BUNDLED.file, BUNDLED.lifter),
}
each_model = pytest.mark.parametrize("made", MODELS.values(), ids=MODELS.keys())


def points(weights: TemporalWeights, frames: int) -> np.ndarray:
    channels = weights.convolutions[0].weight.shape[1]
    return np.random.default_rng(0).normal(0, 0.5, (2, frames, channels)).astype(np.float32)


def padded(network: NumpyNetwork, given: np.ndarray) -> np.ndarray:
    return np.pad(given, ((0, 0), (network.look_back, network.look_ahead), (0, 0)), mode="edge")


@each_model
def test_a_whole_clip_comes_out_as_of_pytorch(made: Callable[[], TemporalModel]) -> None:
    model = made()
    network = NumpyNetwork(weights_of(model))
    given = padded(network, points(network.weights, 70))
    expected = model(torch.from_numpy(given)).detach().numpy()

    assert network.run(given).shape == (2, 70, model.joints_out, 3)
    np.testing.assert_allclose(network.run(given), expected, rtol=0, atol=1e-5)


@each_model
@pytest.mark.parametrize("frames", [1, 150])
def test_frame_by_frame_comes_out_as_of_pytorch(made: Callable[[], TemporalModel], frames: int) -> None:
    model = made()
    network = NumpyNetwork(weights_of(model))
    given, stream = points(network.weights, frames), network.stream()
    pushed = [stream.push(frame) for frame in given.swapaxes(0, 1)]
    poses = [pose for pose in pushed if pose is not None]
    expected = model(torch.from_numpy(padded(network, given))).detach().numpy()

    assert len(poses) == max(frames - network.look_ahead, 0)
    np.testing.assert_allclose(np.stack([*poses, *stream.finish()], axis=1), expected, rtol=0, atol=1e-5)


def test_two_streams_of_one_network_do_not_meet() -> None:
    network = NumpyNetwork(weights_of(MODELS["causal"]()))
    alone, one, other = (network.stream() for _ in range(3))
    given = points(network.weights, 30).swapaxes(0, 1)
    for frame in given:
        expected, found, _ = alone.push(frame), one.push(frame), other.push(2 * frame)

    assert np.array_equal(found, expected)


def test_a_stream_that_was_given_nothing_owes_nothing() -> None:
    assert list(NumpyNetwork(weights_of(MODELS["as published"]())).stream().finish()) == []


@each_model
def test_arrays_run_on_pytorch_too(made: Callable[[], TemporalModel]) -> None:
    weights = weights_of(made())
    own, theirs = NumpyNetwork(weights), TorchNetwork(model_of(weights), CPU)
    given = padded(own, points(weights, 5))

    np.testing.assert_allclose(theirs.run(given), own.run(given), rtol=0, atol=1e-5)


def test_the_middle_of_a_window_is_the_same_of_arrays_as_in_training() -> None:
    model = MODELS["as bundled"]()
    windows = torch.from_numpy(points(weights_of(model), model.receptive_field))

    assert torch.allclose(model_of(weights_of(model)).centre(windows), model.centre(windows), atol=1e-5)


# Files


@pytest.fixture
def model() -> TemporalModel:
    return MODELS["as bundled"]()


def written(model: TemporalModel, path: Path) -> Path:
    weights_of(model).write(path)
    return path


def test_the_same_network_gives_the_same_bytes(model: TemporalModel, tmp_path: Path) -> None:
    assert written(model, tmp_path / "one.npz").read_bytes() == written(model, tmp_path / "other.npz").read_bytes()


@pytest.mark.parametrize("half", [True, False])
def test_half_precision_is_kept_where_nothing_is_lost_by_it(model: TemporalModel, tmp_path: Path, half: bool) -> None:
    if half:
        model.load_state_dict({key: value.half() for key, value in model.state_dict().items()})
    wanted = {"joints_in": 17, "joints_out": 17, "causal": False, **CARRYING}
    read = read_weights(written(model, tmp_path / "mine.npz"), **wanted)

    assert {conv.weight.dtype.name for conv in read.convolutions} == {"float16" if half else "float32"}
    for one, other in zip(read.convolutions, weights_of(model).convolutions, strict=True):
        assert np.array_equal(one.fused(), other.fused())


def arrays_of(model: TemporalModel, path: Path) -> dict[str, np.ndarray]:
    with np.load(written(model, path)) as content:
        return dict(content)


CHANGES = {
    "missing": (lambda arrays: arrays.pop("shrink.bias"), "shrink.bias is missing or foreign"),
    "foreign": (lambda arrays: arrays.update(more=np.zeros(3)), "more is missing or foreign"),
    "no carrying": (lambda arrays: arrays.pop("carried"), "carried is missing or foreign"),
    "shape": (lambda arrays: arrays.update({"wide_1.weight": np.zeros((32, 32, 2))}), r"wide_1 .* is \(32, 32, 2\)"),
    "inputs": (lambda arrays: arrays.update({"expand.weight": np.zeros((32, 34, 3))}), r"\(32, 54, …\) was expected"),
    "NaN": (lambda arrays: arrays["expand.scale"].fill(np.nan), "expand.scale holds values that are not finite"),
    "text": (lambda arrays: arrays.update(carried=np.array("one")), "carried holds values that are not finite numbers"),
    "carried": (lambda arrays: arrays.update(carried=np.ones(2)), "carried should be one number"),
}


@pytest.mark.parametrize(("change", "says"), CHANGES.values(), ids=CHANGES.keys())
def test_another_network_is_refused_with_what_was_expected(
    model: TemporalModel, tmp_path: Path, change: Callable[[dict], object], says: str
) -> None:
    arrays = arrays_of(model, tmp_path / "mine.npz")
    change(arrays)
    np.savez(tmp_path / "mine.npz", **arrays)

    with pytest.raises(WeightsError, match=f"mine.npz is no VideoPose3D network from 17 points to 17: .*{says}"):
        check_file(tmp_path / "mine.npz", BUNDLED.lifter)


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("expand.weight.npy", content)
    return file.getvalue()


def objects() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([print], dtype=object), allow_pickle=True)
    return zipped(file.getvalue())


def compressed() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, zeros=np.zeros(10_000))
    return file.getvalue()


DAMAGED = {
    "nothing": b"",
    "text": b"left knee\n",
    "a pickle": pickle.dumps({"a": 1}, protocol=2),
    "pickled objects": objects(),
    "cut off": zipped(b"\x93NUMPY\x01\x00"),
    "larger than it says": compressed(),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_what_is_no_file_of_arrays_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.npz"
    path.write_bytes(content)

    with pytest.raises(WeightsError, match=r"mine\.npz is "):
        check_file(path, BUNDLED.lifter)


# Choosing


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_arrays_run_on_numpy_on_a_cpu(device: str) -> None:
    assert "NumPy, single precision on cpu" in VideoPose3D(VideoPose3DSettings(device=device)).method


def test_a_checkpoint_lifts_as_the_arrays_made_of_it(
    run: Callable[..., Done], model: TemporalModel, tmp_path: Path
) -> None:
    checkpoint = save(model, tmp_path, "bundled").rename(tmp_path / "mine.pt")
    assert run("export", "bundled", "--numpy", "--checkpoint", checkpoint).status == 0
    lifters = [
        VideoPose3D(VideoPose3DSettings(model=str(tmp_path / f"mine{end}"), like="bundled")) for end in (".pt", ".npz")
    ]
    screen = np.random.default_rng(0).uniform(-1, 1, (60, 17, 2))

    assert [("PyTorch" in one.method, "NumPy" in one.method) for one in lifters] == [(True, False), (False, True)]
    np.testing.assert_allclose(lifters[0].run(screen), lifters[1].run(screen), rtol=0, atol=1e-5)


# posedetector weights export


@pytest.fixture
def run(command: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Done]:
    """Run `posedetector weights …` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return partial(command, "weights")


def test_an_export_tells_where_it_is_and_how_it_is_used(run: Callable[..., Done], tmp_path: Path) -> None:
    checkpoint = save(MODELS["causal"](), tmp_path, "fair-cpn-causal")
    done = run("export", "fair-cpn-causal", "--numpy", "--checkpoint", checkpoint)
    made = checkpoint.with_suffix(".npz")

    assert (done.status, done.errors) == (0, "")
    assert f"--videopose3d-model {made} --videopose3d-like fair-cpn-causal" in done.out
    assert (
        VideoPose3D(
            VideoPose3DSettings(model=str(made), like="fair-cpn-causal"), LifterContext(online=True)
        ).network.look_ahead
        == 0
    )


REFUSALS = {
    ("bundled", "--numpy"): "bundled is arrays already; --checkpoint says which file to make into such",
    ("bundled",): "the format that bundled is exported in has to be said: --numpy",
    ("bundled", "--numpy", "--onnx"): "the format that bundled is exported in has to be said: --numpy",
    ("rtmdet-m", "--numpy"): "'rtmdet-m' cannot be exported; these can: bundled, fair-detectron-coco",
}


@pytest.mark.parametrize(("words", "says"), REFUSALS.items(), ids=" ".join)
def test_what_cannot_be_exported_so_is_refused(run: Callable[..., Done], words: tuple[str, ...], says: str) -> None:
    done = run("export", *words)

    assert (done.status, done.errors.count("\n")) == (2, 1)
    assert says in done.errors


def test_where_no_file_can_be_written_it_says_so(run: Callable[..., Done], tmp_path: Path) -> None:
    checkpoint = save(MODELS["causal"](), tmp_path, "fair-cpn-causal")
    (tmp_path / "file").touch()

    done = run("export", "fair-cpn-causal", "--numpy", "--checkpoint", checkpoint, "--output", "file/mine.npz")

    assert (done.status, done.errors.count("\n")) == (2, 1)
    assert "cannot be written" in done.errors
