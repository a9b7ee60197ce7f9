"""RTMDet and RTMW3D: the numbers that MMDetection and MMPose made, which checkpoints are read, and how they are run."""

import sys
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from parity.published import DETECTOR, POSE, fixture, shapes_of
from posedetector.errors import InputError, ResourceError, WeightsError
from posedetector.models import letterbox, rtmdet, rtmw3d, simcc
from posedetector.models.cspnext import ConvNorm, fuse
from posedetector.models.running import Batches, Input
from posedetector.models.torch_running import TorchRunner, device_of
from rtm_networks import narrow

both_sizes = pytest.mark.parametrize("size", list(simcc.SIZES))


@pytest.fixture(scope="module")
def pose_network(published: Callable[[str], Path]) -> Callable[[str], rtmw3d.RTMW3D]:
    made: dict[str, rtmw3d.RTMW3D] = {}

    def network(size: str) -> rtmw3d.RTMW3D:
        if size not in made:
            made[size] = rtmw3d.read_pose_network(published(POSE[size]), size)
        return made[size]

    return network


@pytest.fixture(scope="module")
def detector(published: Callable[[str], Path]) -> rtmdet.RTMDet:
    return rtmdet.read_detector(published(DETECTOR))


@pytest.mark.parametrize(
    ("build", "name"),
    [
        *((partial(rtmw3d.RTMW3D, size), name) for size, name in POSE.items()),
        (partial(rtmdet.RTMDet, "m"), DETECTOR),
    ],
    ids=[*POSE.values(), DETECTOR],
)
def test_a_networks_keys_and_shapes_are_the_published_ones(build: Callable[[], nn.Module], name: str) -> None:
    with torch.device("meta"):
        made = build().state_dict()

    assert {key: value.shape for key, value in made.items()} == shapes_of(name)


# What rounding makes of these random weights on another processor: MMPose's own modules miss their own fixtures by
# 0.002 (l) and 0.013 (x) on the machine where ours equal them to the bit (tests/test_models_oracle.py).
@pytest.mark.parametrize(("size", "rounding"), [("l", 0.01), ("x", 0.05)])
def test_the_pose_networks_logits_are_mmposes(
    pose_network: Callable[[str], rtmw3d.RTMW3D], size: str, rounding: float
) -> None:
    expected = fixture(POSE[size])

    with torch.inference_mode():
        logits = pose_network(size)(torch.from_numpy(expected["inp"]))

    for axis, made in zip("xyz", logits, strict=True):
        np.testing.assert_allclose(made, expected[f"simcc_{axis}"], rtol=0, atol=rounding)


@both_sizes
def test_logits_are_decoded_as_mmpose_decodes_them(size: str) -> None:
    expected = fixture(POSE[size])
    where, peak = simcc.peaks([expected[f"simcc_{axis}"] for axis in "xyz"])
    whole = np.array([[simcc.WIDTH, simcc.HEIGHT]], float)

    xy, depth, _ = simcc.decode(where, peak, whole / 2, whole)

    np.testing.assert_allclose(xy, expected["keypoints"][..., :2], atol=1e-4)
    np.testing.assert_allclose(depth, expected["keypoints"][..., 2], atol=1e-6)
    np.testing.assert_array_equal(peak.astype(np.float32), expected["scores"])


def test_peaks_of_tensors_and_of_arrays_are_the_same() -> None:
    logits = [torch.randn(2, 133, bins, generator=torch.Generator().manual_seed(0)) for bins in (576, 768, 576)]

    ours, theirs = simcc.peaks(logits), simcc.peaks([axis.numpy() for axis in logits])

    np.testing.assert_array_equal(ours[0], theirs[0])
    np.testing.assert_array_equal(ours[1], theirs[1])


@both_sizes
def test_a_box_in_a_picture_gives_mmposes_points(pose_network: Callable[[str], rtmw3d.RTMW3D], size: str) -> None:
    expected = fixture(POSE[size])
    image = np.ascontiguousarray(expected["api_image_bgr"][..., ::-1])
    middle, extent = simcc.frame_of(expected["api_bbox_xyxy"][0])

    logits = run(pose_network(size), simcc.INPUT, simcc.crop(image, middle, extent))
    xy, depth, _ = simcc.decode(*simcc.peaks(logits), middle[None], extent[None])

    np.testing.assert_array_equal(middle, expected["api_input_center"])
    np.testing.assert_array_equal(extent, expected["api_input_scale"])
    same = np.abs(xy - expected["api_transformed_keypoints"]).max(axis=-1) < 1e-3
    assert same.mean() > 0.98  # where two bins are as likely, rounding decides
    assert (np.abs(depth + 5.14388 - expected["api_keypoints"][..., 2]) < 1e-5).mean() > 0.98


def run(network: nn.Module, made_for: Input, picture: np.ndarray) -> tuple[Tensor, ...]:
    """Unfused, in the order of the library."""
    fresh = TorchRunner(nn.Identity(), made_for, torch.device("cpu"), 1)
    with torch.inference_mode():
        return network(fresh.prepared([picture]).contiguous())


def test_the_detectors_outputs_are_mmdetections(detector: rtmdet.RTMDet) -> None:
    expected = fixture(DETECTOR)

    with torch.inference_mode():
        scores, distances = detector(torch.from_numpy(expected["inp"]))

    for level, (score, distance) in enumerate(zip(scores, distances, strict=True)):
        np.testing.assert_allclose(score, expected[f"cls{level}"], rtol=0, atol=2e-3)
        np.testing.assert_allclose(distance, expected[f"reg{level}"], rtol=2e-3, atol=0.05)


def test_the_boxes_in_a_picture_are_mmdetections(detector: rtmdet.RTMDet) -> None:
    expected = fixture(DETECTOR)
    square, scale = letterbox.letterbox(np.ascontiguousarray(expected["api_image_bgr"][..., ::-1]), 640)

    boxes, scores = letterbox.decode(*run(detector, letterbox.INPUT, square), scale[None])[0]

    np.testing.assert_allclose(scores, expected["api_scores"], atol=1e-4)
    for box in expected["api_bboxes"]:  # equally likely ones come in any order
        assert np.abs(boxes - box).max(axis=1).min() < 0.05


def stirred(network: nn.Module) -> nn.Module:
    """Give the normalisations something to do."""
    for norm in (part for part in network.modules() if isinstance(part, nn.BatchNorm2d)):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 1.5)
    return network.eval()


def test_what_was_fused_gives_the_same_points() -> None:
    torch.manual_seed(0)
    with narrow():
        network = stirred(rtmw3d.RTMW3D("l")).double()
    crop = torch.randn(1, 3, simcc.HEIGHT, simcc.WIDTH).double()
    with torch.inference_mode():
        plain = network(crop)
        fuse(network)
        fused = network(crop)

    assert min(axis.abs().max() for axis in plain) > 0.01
    for ours, theirs in zip(fused, plain, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


def test_levels_that_share_convolutions_stay_different_when_fused() -> None:
    torch.manual_seed(0)
    model = stirred(rtmdet.RTMDet("tiny"))
    picture = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        plain = model(picture)
        fuse(model)
        fused = model(picture)

    for ours, theirs in zip(fused[0] + fused[1], plain[0] + plain[1], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in model.modules())
    assert {part.conv.weight.dtype for part in model.modules() if isinstance(part, ConvNorm)} == {torch.float32}


def empty(build: Callable[[], nn.Module], path: Path) -> Path:
    """Write a checkpoint of zeros."""
    with torch.device("meta"):
        state = build().half().state_dict()
    torch.save({"state_dict": {key: torch.zeros_like(value, device="cpu") for key, value in state.items()}}, path)
    return path


@pytest.mark.parametrize(("asked", "given"), [("l", "x"), ("x", "l")])
def test_a_checkpoint_of_the_other_size_is_refused_and_named(tmp_path: Path, asked: str, given: str) -> None:
    saved = empty(partial(rtmw3d.RTMW3D, given), tmp_path / "pose.pth")

    with pytest.raises(WeightsError, match=f'is RTMW3D-{given}, and RTMW3D-{asked} was wanted: `model="{given}"`'):
        rtmw3d.read_pose_network(saved, asked)


def test_a_pose_network_is_no_detector(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"is not a detector of people .*missing: .*bbox_head"):
        rtmdet.read_detector(empty(rtmw3d.RTMW3D, tmp_path / "pose.pth"))


@pytest.mark.parametrize("size", list(rtmdet.SIZES))
def test_a_detector_of_any_size_is_read_as_that_size(tmp_path: Path, size: str) -> None:
    saved = empty(partial(rtmdet.RTMDet, size), tmp_path / "detector.pth")

    read = rtmdet.read_detector(saved)

    assert read.side == (320 if size == "nano" else 640)
    assert len(read.state_dict()) == len(torch.load(saved)["state_dict"])


def test_a_checkpoint_with_the_figures_of_its_training_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mmengine", "mmengine.logging", "mmengine.logging.history_buffer"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    kind = type("HistoryBuffer", (), {"__module__": "mmengine.logging.history_buffer"})
    monkeypatch.setattr(sys.modules[kind.__module__], "HistoryBuffer", kind, raising=False)
    path, state = tmp_path / "detector.pth", rtmdet.RTMDet("nano").state_dict()
    torch.save({"state_dict": state, "message_hub": {"loss": kind()}}, path)
    monkeypatch.undo()

    assert rtmdet.read_detector(path).side == 320


def test_a_letterboxed_picture_keeps_its_shape_and_tells_its_scale() -> None:
    square, scale = letterbox.letterbox(np.full((90, 160, 3), 255, np.uint8), 320)

    assert square.shape == (320, 320, 3)
    assert (square[:180] == 255).all()
    assert (square[180:] == 114).all()
    np.testing.assert_allclose(scale, 2)


def brute_force(boxes: np.ndarray, scores: np.ndarray, overlap: float) -> list[int]:
    kept: list[int] = []
    for row in sorted(range(len(boxes)), key=lambda row: -scores[row]):
        left, top, right, bottom = boxes[row]
        for other in kept:
            a, b, c, d = boxes[other]
            shared = max(0, min(right, c) - max(left, a)) * max(0, min(bottom, d) - max(top, b))
            if shared > overlap * ((right - left) * (bottom - top) + (c - a) * (d - b) - shared):
                break
        else:
            kept.append(row)
    return kept


@pytest.mark.parametrize("seed", range(3))
def test_boxes_that_share_too_much_with_a_surer_one_go(seed: int) -> None:
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 100, (60, 2))
    boxes = np.concatenate((corner, corner + random.uniform(5, 60, (60, 2))), axis=1)
    scores = random.uniform(0, 1, 60)

    assert list(letterbox.suppress(boxes, scores, 0.5)) == brute_force(boxes, scores, 0.5)


def test_of_no_boxes_none_are_kept() -> None:
    assert len(letterbox.suppress(np.empty((0, 4)), np.empty(0), 0.5)) == 0


def test_a_crop_has_the_networks_shape_and_holds_the_box_with_a_margin() -> None:
    middle, size = simcc.frame_of(np.array((100.0, 200.0, 200.0, 600.0)))

    np.testing.assert_allclose(middle, (150, 400))
    np.testing.assert_allclose(size, (500 * 0.75, 500))


def test_a_wide_box_keeps_its_width_and_the_networks_shape() -> None:
    _, size = simcc.frame_of(np.array((0.0, 0.0, 400.0, 100.0)))

    np.testing.assert_allclose(size, (500, 500 / 0.75))


def test_what_of_a_crop_lies_outside_the_picture_is_black() -> None:
    image = np.full((100, 100, 3), 200, np.uint8)

    cut = simcc.crop(image, np.array((100.0, 50.0)), np.array((75.0, 100.0)))

    assert (cut[200, :140] == 200).all()
    assert (cut[200, 150:] == 0).all()


def test_a_bin_of_depth_is_seven_and_a_half_millimetres_about_the_hips() -> None:
    where = np.zeros((1, 133, 3), np.int64)
    where[..., 2] = 288
    where[0, 1, 2] = 289

    _, depth, _ = simcc.decode(where, np.ones((1, 133)), np.zeros((1, 2)), np.ones((1, 2)))

    assert depth[0, 0] == 0
    assert depth[0, 1] == pytest.approx(2.1744869 / 288)


@pytest.mark.parametrize(("peak", "score"), [(0.4, 0.4), (1.7, 1.0), (0.0, 0.0), (-2.0, 0.0), (np.nan, 0.0)])
def test_a_peak_becomes_a_score_between_0_and_1_and_none_is_a_point_not_seen(peak: float, score: float) -> None:
    xy, depth, scores = simcc.decode(
        np.zeros((1, 133, 3), np.int64), np.full((1, 133), peak), np.zeros((1, 2)), np.ones((1, 2))
    )

    assert scores[0, 0] == pytest.approx(score)
    assert np.isnan(xy[0, 0]).all() == (score == 0)
    assert np.isnan(depth[0, 0]) == (score == 0)


class Counting(nn.Module):
    """Gives each picture's mean; has room for so many at once."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room, self.batches = room, []

    def forward(self, pictures: Tensor) -> tuple[Tensor]:
        if len(pictures) > self.room:
            raise torch.OutOfMemoryError
        self.batches.append(len(pictures))
        return (pictures.mean(dim=(1, 2, 3)),)


def pictures(count: int) -> list[np.ndarray]:
    return [np.full((8, 8, 3), number, np.uint8) for number in range(count)]


PLAIN = Input((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def test_where_memory_is_short_half_as_many_pictures_go_at_once_and_none_is_lost() -> None:
    network = Counting(room=3)
    runner = TorchRunner(network, PLAIN, torch.device("cpu"), 8)

    made = torch.cat([part for (part,) in runner.run(pictures(10))])

    assert made.tolist() == list(range(10))
    assert network.batches == [2, 2, 2, 2, 2]
    assert runner.batch == 2


def test_a_device_without_room_for_one_picture_is_said_to_have_none() -> None:
    runner = TorchRunner(Counting(room=0), PLAIN, torch.device("cpu"), 4)

    with pytest.raises(ResourceError, match="not enough memory for one picture"):
        list(runner.run(pictures(2)))


@pytest.mark.parametrize("said", ["CUDA out of memory", "CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"])
def test_libraries_that_find_no_room_are_understood(said: str) -> None:
    def once(part: list[int]) -> list[int]:
        if len(part) > 1:
            raise RuntimeError(said)
        return part

    assert list(Batches(4, "cuda").run([1, 2, 3], once)) == [[1], [2], [3]]


def test_other_errors_are_not_taken_for_a_lack_of_room() -> None:
    def once(_: list[int]) -> None:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes do not fit"):
        list(Batches(4, "cuda").run([1, 2, 3], once))


def test_a_device_without_room_for_the_network_is_said_to_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(Counting, "to", full)

    with pytest.raises(ResourceError, match="not enough memory"):
        TorchRunner(Counting(room=1), PLAIN, torch.device("cpu"), 1)


def test_attention_stays_finite_in_half_precision() -> None:
    attention = rtmw3d.RTMW3D("l").head.gau.half()
    with torch.no_grad():
        attention.uv.weight.fill_(0.02)  # likenesses of 300, whose squares are more than half precision holds
        attention.o.weight.copy_(1e-3 * torch.tensor([1.0, -1.0]).repeat(256))

    assert torch.isfinite(attention(torch.ones(1, 133, 256).half())).all()


def test_no_pictures_are_no_batches() -> None:
    assert list(TorchRunner(Counting(room=1), PLAIN, torch.device("cpu"), 4).run([])) == []


def test_a_network_of_blue_first_is_given_blue_first() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[..., 2] = 9

    runner = TorchRunner(
        nn.Identity(), Input((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), blue_first=True), torch.device("cpu"), 1
    )

    assert runner.prepared([picture])[0, :, 0, 0].tolist() == [9, 0, 0]


@pytest.mark.parametrize("name", ["tpu", "cuda:x", "cpu:1", ""])
def test_an_unknown_device_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="there is no device"):
        device_of(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize("name", ["cuda", "cuda:0"])
def test_a_gpu_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f'no {name}; `device="auto"`'):
        device_of(name)


def test_a_network_is_compiled_where_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda network: compiled.append(network) or network)
    network = Counting(room=9)

    runner = TorchRunner(network, PLAIN, torch.device("cpu"), 4, compiled=True)

    assert compiled == [network]
    assert "compiled" in runner.described
    assert torch.cat([part for (part,) in runner.run(pictures(5))]).tolist() == list(range(5))


def test_a_machine_that_cannot_compile_is_told_what_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(network: nn.Module) -> nn.Module:
        def forward(_: Tensor) -> None:
            raise RuntimeError("no C++ compiler")

        network.forward = forward
        return network

    monkeypatch.setattr(torch, "compile", fails)
    runner = TorchRunner(Counting(room=9), PLAIN, torch.device("cpu"), 4, compiled=True)

    with pytest.raises(
        InputError, match=r"cannot compile this network here \(no C\+\+ compiler\); `runtime=\"torch\"`"
    ):
        list(runner.run(pictures(1)))
