"""The temporal network: its numbers, its window, its streaming form, and which checkpoints it is read from."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from parity.fill import fill
from posedetector.errors import InputError, WeightsError
from posedetector.models.videopose3d import TemporalModel, TemporalStream, from_mmpose, read_model

PARITY = Path(__file__).parent / "parity"
both_ways = pytest.mark.parametrize("causal", [False, True], ids=["symmetric", "causal"])


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Small networks gain nothing from a second thread, and wait for it where others use the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def network(**options) -> TemporalModel:
    """Small, and normalised by statistics that are neither 0 nor 1."""
    options = {"widths": (3, 3, 3), "channels": 32, **options}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = TemporalModel(**options).eval().requires_grad_(False)
        for norm in model.modules():
            if isinstance(norm, nn.BatchNorm1d):
                norm.running_mean.normal_()
                norm.running_var.uniform_(0.5, 1.5)
                norm.weight.uniform_(0.5, 1.5)
                norm.bias.normal_()
    return model


def assert_close(poses: Tensor, expected: Tensor | np.ndarray) -> None:
    np.testing.assert_allclose(poses, expected, rtol=0, atol=1e-5, equal_nan=False)


def points(frames: int, *, batch: int = 2, joints: int = 17, coordinates: int = 2) -> Tensor:
    return torch.randn(batch, frames, joints, coordinates, generator=torch.Generator().manual_seed(1))


def padded(model: TemporalModel, sequence: Tensor) -> Tensor:
    first, last = sequence[:, :1], sequence[:, -1:]
    return torch.cat([first.repeat(1, model.look_back, 1, 1), sequence, last.repeat(1, model.look_ahead, 1, 1)], dim=1)


def streamed(model: TemporalModel, sequence: Tensor) -> list[Tensor]:
    stream = TemporalStream(model)
    pushed = [stream.push(frame) for frame in sequence.unbind(1)]
    return [pose for pose in pushed if pose is not None] + list(stream.finish())


def mmpose_name(name: str) -> str:
    if found := re.fullmatch(r"layers_(conv|bn)\.(\d+)\.(\w+)", name):
        kind, row, leaf = found[1], int(found[2]), found[3]
        return f"backbone.tcn_blocks.{row // 2}.conv{row % 2 + 1}.0.{kind}.{leaf}"
    return name.replace("expand_", "backbone.expand_conv.").replace("shrink", "head.conv")


def as_mmpose(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {mmpose_name(name): value for name, value in state.items()}


def mmpose_file(state: dict[str, Tensor]) -> dict:
    return {"meta": {"mmpose_version": "0.14.0", "epoch": 160, "CLASSES": None}, "state_dict": as_mmpose(state)}


def fair_file(state: dict[str, Tensor]) -> dict:
    training = {"epoch": 80, "lr": np.float64(1e-5), "random_state": np.random.RandomState(1234), "optimizer": None}
    return {**training, "model_pos": state, "model_traj": None, "random_state_traj": None}


# Numbers of MMPose's own code, mmpose 1.3.2


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    lines = (PARITY / "videoposelift_tcn_243.txt").read_text().splitlines()
    rows = [line.split("\t") for line in lines]
    shapes = {key: tuple(int(size) for size in re.findall(r"\d+", shape)) for key, shape, _ in rows}
    ours = {mmpose_name(name): name for name in TemporalModel(channels=1).state_dict()}
    return {ours[key]: torch.from_numpy(np.asarray(value)) for key, value in fill(shapes).items()}


@pytest.fixture(
    scope="module",
    params=[(mmpose_file, True), (fair_file, True), (fair_file, False)],
    ids=["MMPose's pth", "the authors' bin", "the authors' bin of its day"],
)
def published(request: pytest.FixtureRequest, weights: dict[str, Tensor], tmp_path_factory) -> TemporalModel:
    make, as_zip = request.param
    path = tmp_path_factory.mktemp("parity") / "checkpoint"
    torch.save(make(weights), path, _use_new_zipfile_serialization=as_zip)
    model = read_model(path, joints_in=17, joints_out=17, causal=False)
    path.unlink()
    return model


@pytest.mark.parametrize("fused", [False, True], ids=["plain", "fused"])
@pytest.mark.parametrize(("x", "y"), [("x", "y"), ("x_seq", "y_seq")], ids=["window", "sequence"])
@torch.inference_mode()
def test_the_numbers_are_mmposes(published: TemporalModel, x: str, y: str, fused: bool) -> None:
    with np.load(PARITY / "videoposelift_tcn_243.npz") as fixture:
        given, expected = fixture[x], fixture[y]
    keypoints = torch.from_numpy(given).transpose(1, 2).unflatten(2, (17, 2))
    poses = (published.fused() if fused else published)(keypoints)

    assert_close(poses.reshape(expected.shape), expected)


# The network


@pytest.mark.parametrize(("widths", "field"), [((1,), 1), ((3,), 3), ((3, 1, 5), 15), ((3, 3, 3, 3, 3), 243)])
def test_the_receptive_field_is_the_product_of_the_widths(widths: tuple[int, ...], field: int) -> None:
    assert network(widths=widths).receptive_field == field


def test_a_symmetric_model_looks_as_far_ahead_as_back() -> None:
    model = network(widths=(3, 5))

    assert (model.look_back, model.look_ahead) == (7, 7)


def test_a_causal_model_looks_back_only() -> None:
    model = network(widths=(3, 5), causal=True)

    assert (model.look_back, model.look_ahead) == (14, 0)


@both_ways
@pytest.mark.parametrize("frames", [27, 28, 100])
def test_a_window_is_one_pose_and_each_further_frame_one_more(causal: bool, frames: int) -> None:
    assert network(causal=causal)(points(frames)).shape == (2, frames - 26, 17, 3)


@pytest.mark.parametrize(
    "options",
    [
        {"widths": (1,)},
        {"widths": (5, 3)},
        {"widths": (3, 1, 5), "causal": True},
        {"channels": 7},
        {"joints_in": 33, "joints_out": 4},
        {"coordinates": 3},
    ],
    ids=str,
)
def test_any_size_goes(options: dict) -> None:
    model = network(**options)
    given = points(20 + model.receptive_field, joints=model.joints_in, coordinates=model.coordinates)

    assert model(given).shape == (2, 21, model.joints_out, 3)
    assert_close(model.fused()(given), model(given))


@pytest.mark.parametrize("widths", [(), (3, 4), (2, 3), (3, 0), (3, -1)], ids=str)
def test_widths_that_are_not_odd_are_refused(widths: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=rf"must be odd, got {re.escape(str(widths))}"):
        TemporalModel(widths=widths)


def changed_after(frame: int, model: TemporalModel) -> Tensor:
    """Return by how much the pose of this frame moves when all later frames change."""
    sequence = points(60)
    other = sequence.clone()
    other[:, frame + 1 :] += 1
    before, after = (model(padded(model, one)) for one in (sequence, other))
    return (after - before)[:, frame].abs().max()


def test_a_causal_pose_does_not_depend_on_the_future() -> None:
    assert changed_after(30, network(causal=True)) == 0


def test_a_symmetric_pose_depends_on_the_future() -> None:
    assert changed_after(30, network()) > 0.01


@pytest.mark.parametrize(("causal", "seen"), [(False, [49, 50, 51]), (True, [48, 49, 50])], ids=["symmetric", "causal"])
def test_what_goes_round_the_blocks_belongs_to_the_same_frame(causal: bool, seen: list[int]) -> None:
    model = network(causal=causal, widths=(3, 5, 3))
    for norm in model.layers_bn:
        norm.weight.zero_()
        norm.bias.zero_()
    sequence = points(100).requires_grad_()
    model(sequence)[:, 50 - model.look_back].abs().sum().backward()

    assert sequence.grad.abs().sum(dim=(0, 2, 3)).nonzero().flatten().tolist() == seen


@both_ways
def test_a_fused_model_gives_the_same_poses(causal: bool) -> None:
    model = network(causal=causal, widths=(3, 3, 3, 3), channels=64)
    sequence = points(120)

    assert_close(model.fused()(sequence), model(sequence))


def test_a_fused_model_has_no_normalisation_left() -> None:
    assert not any(isinstance(module, nn.BatchNorm1d) for module in network().fused().modules())


def test_fusing_leaves_the_model_as_it_was() -> None:
    model = network().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.fused()

    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


# Frame by frame


@torch.inference_mode()
@both_ways
@pytest.mark.parametrize("frames", [1, 2, 60, 400])
def test_a_stream_gives_the_poses_of_the_padded_sequence(causal: bool, frames: int) -> None:
    model = network(widths=(3, 3, 3, 3, 3), causal=causal).fused()
    sequence = points(frames)

    assert_close(torch.stack(streamed(model, sequence), dim=1), model(padded(model, sequence)))


@torch.inference_mode()
@both_ways
def test_a_stream_takes_any_widths(causal: bool) -> None:
    model = network(widths=(5, 1, 3, 7), causal=causal).fused()
    sequence = points(60)

    assert_close(torch.stack(streamed(model, sequence), dim=1), model(padded(model, sequence)))


def test_nothing_comes_before_the_frames_that_a_pose_looks_ahead() -> None:
    stream = TemporalStream(network().fused())
    came = [stream.push(frame) is not None for frame in points(40).unbind(1)]

    assert came == [False] * 13 + [True] * 27


def test_a_causal_stream_answers_at_once_and_owes_nothing() -> None:
    stream = TemporalStream(network(causal=True).fused())

    assert all(stream.push(frame) is not None for frame in points(5).unbind(1))
    assert list(stream.finish()) == []


def test_a_stream_without_frames_has_no_poses() -> None:
    assert list(TemporalStream(network().fused()).finish()) == []


def test_two_streams_of_one_model_do_not_meet() -> None:
    model = network(causal=True).fused()
    one, other = TemporalStream(model), TemporalStream(model)
    for frame in points(30).unbind(1):
        other.push(frame)
        pose = one.push(torch.zeros_like(frame))

    assert_close(pose, model(torch.zeros(2, 27, 17, 2))[:, 0])


@both_ways
def test_a_streams_memory_does_not_grow(causal: bool) -> None:
    stream = TemporalStream(network(causal=causal).fused())
    held = []
    for frame in points(500).unbind(1):
        stream.push(frame)
        tensors = [value for layer in stream._layers for value in vars(layer).values() if isinstance(value, Tensor)]
        held.append(sum(tensor.untyped_storage().nbytes() for tensor in tensors))

    assert held[499] == held[49]
    assert len(stream._layers) == 3


# Checkpoints

PAIR = {"joints_in": 17, "joints_out": 17, "causal": False}
NAMES = """
    expand_conv.weight
    expand_bn.weight expand_bn.bias expand_bn.running_mean expand_bn.running_var expand_bn.num_batches_tracked
    layers_conv.0.weight layers_conv.1.weight
    layers_bn.0.weight layers_bn.0.bias layers_bn.0.running_mean layers_bn.0.running_var layers_bn.0.num_batches_tracked
    layers_bn.1.weight layers_bn.1.bias layers_bn.1.running_mean layers_bn.1.running_var layers_bn.1.num_batches_tracked
    shrink.weight shrink.bias
"""


@pytest.fixture
def file(tmp_path: Path) -> Callable[[object], Path]:
    def save(content: object) -> Path:
        torch.save(content, tmp_path / "lifter.bin")
        return tmp_path / "lifter.bin"

    return save


def refuse(path: Path, match: str, **pair) -> None:
    with pytest.raises(WeightsError, match=match) as caught:
        read_model(path, **{**PAIR, **pair})

    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_tensors_have_the_authors_names() -> None:
    assert set(network(widths=(3, 3)).state_dict()) == set(NAMES.split())


def test_mmposes_names_become_the_authors() -> None:
    state = network().state_dict()
    renamed = from_mmpose(as_mmpose(state))

    assert renamed.keys() == state.keys()
    assert all(renamed[name] is value for name, value in state.items())


@pytest.mark.parametrize(
    "layout",
    [
        dict,
        fair_file,
        mmpose_file,
        lambda state: {"state_dict": state},
        lambda state: {"model_pos": {f"module.{name}": value for name, value in state.items()}},
        lambda state: {"state_dict": {f"module.{name}": value for name, value in as_mmpose(state).items()}},
    ],
    ids=["bare", "the authors'", "MMPose's", "another member", "DataParallel's", "MMPose's DataParallel's"],
)
def test_a_checkpoint_gives_the_model_that_was_saved(file: Callable, layout: Callable) -> None:
    model = network()
    sequence = points(30)
    read = read_model(file(layout(model.state_dict())), **PAIR)

    assert torch.equal(read(sequence), model(sequence))


@pytest.mark.parametrize(("widths", "channels"), [((3,), 8), ((3, 1, 5), 16), ((3, 3, 3, 3, 3), 64)])
def test_widths_and_channels_are_found_in_the_tensors(file: Callable, widths: tuple[int, ...], channels: int) -> None:
    read = read_model(file(network(widths=widths, channels=channels).state_dict()), **PAIR)

    assert (read.widths, read.expand_conv.out_channels) == (widths, channels)


def test_whether_it_is_causal_is_what_the_caller_says(file: Callable) -> None:
    model = network(causal=True)
    read = read_model(file(model.state_dict()), **{**PAIR, "causal": True})

    assert torch.equal(read(points(30)), model(points(30)))


def test_a_model_is_read_for_inference_in_single_precision(file: Callable) -> None:
    read = read_model(file(network().half().state_dict()), **PAIR)

    assert not read.training
    assert read.shrink.weight.dtype == torch.float32


@pytest.mark.parametrize("name", ["expand_conv.weight", "expand_bn.running_var", "layers_conv.1.weight", "shrink.bias"])
def test_a_missing_tensor_is_refused(file: Callable, name: str) -> None:
    state = network().state_dict()
    del state[name]

    refuse(file(state), "expected, found")


def test_a_missing_tensor_is_named(file: Callable) -> None:
    state = network(widths=(3, 3)).state_dict()
    del state["layers_bn.1.bias"]

    refuse(file(state), r"20 tensors expected, found 19; missing: layers_bn\.1\.bias; foreign: none")


def test_a_foreign_tensor_is_named(file: Callable) -> None:
    refuse(file({**network().state_dict(), "head.scale": torch.ones(1)}), r"missing: none; foreign: head\.scale")


@pytest.mark.parametrize(
    ("name", "shape"),
    [("shrink.weight", (51, 32, 3)), ("layers_conv.1.weight", (32, 16, 1)), ("expand_bn.bias", (31,))],
)
def test_a_wrong_shape_is_refused_with_both_shapes(file: Callable, name: str, shape: tuple[int, ...]) -> None:
    state = network().state_dict()
    expected = tuple(state[name].shape)

    refuse(file({**state, name: torch.zeros(shape)}), re.escape(f"{name} should be {expected}, and is {shape}"))


@pytest.mark.parametrize("shape", [(32, 32), (32, 32, 2), (32, 32, 0)], ids=str)
def test_a_filter_that_is_none_is_refused(file: Callable, shape: tuple[int, ...]) -> None:
    refuse(file({**network().state_dict(), "layers_conv.0.weight": torch.zeros(shape)}), "expected, found")


@pytest.mark.parametrize("name", ["layers_conv.2.weight", "layers_bn.3.running_var", "shrink.bias"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(file: Callable, name: str, value: float) -> None:
    state = network().state_dict()
    state[name].view(-1)[-1] = value

    refuse(file(state), re.escape(f"{name} holds values that are not finite"))


@pytest.mark.parametrize("kind", [torch.int64, torch.complex64], ids=str)
def test_weights_that_are_no_real_numbers_are_refused(file: Callable, kind: torch.dtype) -> None:
    state = network().state_dict()

    refuse(file({**state, "shrink.bias": state["shrink.bias"].to(kind)}), "shrink.bias")


def test_another_number_of_points_in_is_refused(file: Callable) -> None:
    refuse(
        file(network(joints_in=16).state_dict()),
        r"no VideoPose3D network from 17 points to 17: expand_conv.weight should be \(32, 34, 3\), and is \(32, 32, 3\)",
    )


def test_another_number_of_points_out_is_refused(file: Callable) -> None:
    refuse(
        file(network(joints_out=19).state_dict()),
        r"no VideoPose3D network from 17 points to 17: shrink.weight should be \(51, 32, 1\), and is \(57, 32, 1\)",
    )


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("weight", (3, 2)),
        ("conv.weight", (32, 34, 3)),
        ("backbone.stem.conv1.weight", (32, 3, 3, 3)),
        ("backbone.tcn_blocks.0.weight", (32, 32, 3)),
        ("backbone.tcn_blocks.a.conv1.0.conv.weight", (32, 32, 3)),
    ],
)
def test_another_network_is_refused_and_what_it_holds_named(file: Callable, name: str, shape: tuple[int, ...]) -> None:
    refuse(file({"state_dict": {name: torch.ones(shape)}}), f"expected, found .*{re.escape(name)}")


def test_a_linear_layer_is_no_lifter(file: Callable) -> None:
    refuse(file(nn.Linear(3, 2).state_dict()), "expand_conv, layers_conv and shrink expected, found bias, weight")
