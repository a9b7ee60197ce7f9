"""Networks exported to ONNX files, and onnxruntime in PyTorch's place.

Wants the extra `onnx`: `uv run --group dev --extra onnx pytest tests/test_onnx.py`; CI runs it, `uv run --group dev pytest` skips it.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip(
    "onnxruntime", reason="the extra `onnx` is not installed: uv run --extra onnx pytest tests/test_onnx.py"
)
onnx = pytest.importorskip("onnx", reason="the extra `onnx` is not installed")
pytest.importorskip("onnxscript", reason="the extra `onnx` is not installed")

from commands import Done  # noqa: E402
from posedetector import weights  # noqa: E402
from posedetector.errors import InputError, OutputError, ResourceError, WeightsError  # noqa: E402
from posedetector.estimators import RTMW3DSettings  # noqa: E402
from posedetector.estimators.rtmw3d import RTMW3D  # noqa: E402
from posedetector.models import exporting, letterbox, rtmdet, rtmw3d, simcc  # noqa: E402
from posedetector.models import onnx as ours  # noqa: E402
from posedetector.models.onnx import KINDS, OnnxRunner  # noqa: E402
from posedetector.models.torch_running import TorchRunner  # noqa: E402
from rtm_networks import narrow  # noqa: E402

pytestmark = pytest.mark.extra("onnx")

CPU = torch.device("cpu")
POSE, DETECTOR = KINDS["rtmw3d-l"], KINDS["rtmdet-m"]
BOX = np.array([[60.0, 20.0, 260.0, 420.0]])


@pytest.fixture(scope="module", autouse=True)
def _narrow() -> Iterator[None]:
    """What is exported, and how it is run, is the same at any width."""
    with narrow():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("onnx")


def saved(network: torch.nn.Module, path: Path) -> Path:
    torch.save({"state_dict": network.state_dict()}, path)
    return path


def stirred(network: torch.nn.Module) -> torch.nn.Module:
    """Give the normalisations something to do."""
    for name, value in network.named_buffers():
        if name.endswith("running_mean"):
            value.normal_(0, 0.1)
        if name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
    return network.eval()


@pytest.fixture(scope="module")
def detector_checkpoint(folder: Path) -> Path:
    """The smallest detector, which sees people of many kinds in many places."""
    torch.manual_seed(1)
    network = stirred(rtmdet.RTMDet("nano"))
    for part in network.modules():
        if isinstance(part, torch.nn.Conv2d):  # PyTorch's own beginnings make the same of every place
            torch.nn.init.normal_(part.weight, 0, (2 / part.weight[0].numel()) ** 0.5)
    (seen,) = pictures(1, 320, 320)
    with torch.no_grad():
        scores, _ = network((torch.from_numpy(seen).permute(2, 0, 1)[None].float() - 115) / 58)
        for made, cls, reg in zip(scores, network.bbox_head.rtm_cls, network.bbox_head.rtm_reg, strict=True):
            cls.bias.copy_(-made.mean() / made.std())
            cls.weight /= made.std()
            reg.bias.fill_(4.0)
    return saved(network, folder / "nano.pth")


@pytest.fixture(scope="module")
def pose_checkpoint(folder: Path) -> Path:
    torch.manual_seed(0)
    network = stirred(rtmw3d.RTMW3D("l"))
    with torch.no_grad():  # peaks of about 1, as of the published weights
        for axis in (network.head.cls_x, network.head.cls_y, network.head.cls_z):
            axis.weight *= 2
    return saved(network, folder / "l.pth")


@pytest.fixture(scope="module")
def detector_file(folder: Path, detector_checkpoint: Path) -> Path:
    exporting.export(rtmdet.read_detector(detector_checkpoint), DETECTOR, folder / "nano.onnx")
    return folder / "nano.onnx"


@pytest.fixture(scope="module")
def pose_file(folder: Path, pose_checkpoint: Path) -> Path:
    exporting.export(rtmw3d.read_pose_network(pose_checkpoint, "l"), POSE, folder / "l.onnx")
    return folder / "l.onnx"


def pictures(count: int, height: int, width: int) -> list[np.ndarray]:
    """Smooth pictures of which no two places are alike: detections of the same score would come in either order."""
    coarse = np.random.default_rng(3).integers(0, 256, (count, 9, 7, 3), dtype=np.uint8)
    return [cv2.resize(one, (width, height), interpolation=cv2.INTER_LINEAR) for one in coarse]


def outputs(runner: TorchRunner | OnnxRunner, seen: list[np.ndarray]) -> list[np.ndarray]:
    batches = [[np.asarray(one) for one in exporting._flat(batch)] for batch in runner.run(seen)]
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def assert_alike(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert np.ptp(other) > 0
        assert np.abs(one - other).max() <= 1e-3 * np.ptp(other)


def changed(source: Path, target: Path, change: Callable[[onnx.ModelProto], object]) -> Path:
    model = onnx.load(source)
    change(model)
    onnx.save(model, target)
    return target


def fixed(model: onnx.ModelProto, batch: int = 1) -> None:
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = batch
    del model.graph.value_info[:]


def passing_on(path: Path, shape: tuple[int | str, ...], kind: int = onnx.TensorProto.FLOAT) -> Path:
    """Write a file whose output is its input."""
    ends = [onnx.helper.make_tensor_value_info(name, kind, shape) for name in ("input", "output")]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["input"], ["output"])], "g", ends[:1], ends[1:])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8), path)
    return path


def options(**chosen: object) -> RTMW3DSettings:
    return RTMW3DSettings(device="cpu", **{"runtime": "onnx", **chosen})


# What is exported does what PyTorch does


@pytest.mark.parametrize(("count", "batch"), [(1, 1), (3, 3), (5, 2)])
def test_the_exported_pose_network_gives_pytorchs_logits(
    pose_checkpoint: Path, pose_file: Path, count: int, batch: int
) -> None:
    seen = pictures(count, 384, 288)
    network = rtmw3d.read_pose_network(pose_checkpoint, "l")

    found = outputs(OnnxRunner(pose_file, POSE, CPU, batch), seen)

    assert_alike(found, outputs(TorchRunner(network, simcc.INPUT, CPU, batch), seen))


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_the_exported_detector_gives_pytorchs_scores_and_distances(
    detector_checkpoint: Path, detector_file: Path, batch: int
) -> None:
    seen = pictures(4, 320, 320)
    network = rtmdet.read_detector(detector_checkpoint)

    found = outputs(OnnxRunner(detector_file, DETECTOR, CPU, batch), seen)

    assert_alike(found, outputs(TorchRunner(network, letterbox.INPUT, CPU, batch), seen))


@pytest.fixture(scope="module")
def both(
    pose_checkpoint: Path, pose_file: Path, detector_checkpoint: Path, detector_file: Path
) -> tuple[RTMW3D, RTMW3D]:
    """The estimator by onnxruntime and by PyTorch, of the same weights."""
    plain = {"runtime": "torch", "checkpoint": pose_checkpoint, "detector_checkpoint": detector_checkpoint}
    return RTMW3D(options(checkpoint=pose_file, detector_checkpoint=detector_file)), RTMW3D(options(**plain))


def test_the_keypoints_are_pytorchs(both: tuple[RTMW3D, RTMW3D]) -> None:
    (seen,) = pictures(1, 448, 320)

    ((found,),), ((expected,),) = (one.poses([seen], [BOX]) for one in both)

    assert np.isfinite(expected.xy).any()
    np.testing.assert_array_equal(found.xy, expected.xy)
    np.testing.assert_array_equal(found.xyz, expected.xyz)
    np.testing.assert_allclose(found.score, expected.score, atol=1e-4)


def test_the_boxes_are_pytorchs(both: tuple[RTMW3D, RTMW3D]) -> None:
    seen = pictures(3, 400, 400)  # square: a grey rest would be the same everywhere

    found, expected = (one.detect(seen) for one in both)

    assert all(len(boxes) for boxes, _ in expected)
    for (boxes, sure), (other_boxes, other_sure) in zip(found, expected, strict=True):
        same = np.abs(other_boxes[:, None] - boxes).max(axis=2).argmin(axis=1)  # equally sure ones may change places
        assert len(boxes) == len(other_boxes)
        np.testing.assert_allclose(boxes[same], other_boxes, atol=0.05)
        np.testing.assert_allclose(sure[same], other_sure, atol=1e-3)


def test_the_files_that_were_used_are_named(both: tuple[RTMW3D, RTMW3D], pose_file: Path, detector_file: Path) -> None:
    assert [one.path for one in both[0].weights] == [detector_file, pose_file]
    assert both[0].weights[1].label == "l.onnx, built like rtmw3d-l-exported"


def test_a_file_of_one_picture_at_a_time_is_given_one_at_a_time(detector_file: Path, tmp_path: Path) -> None:
    seen = pictures(3, 320, 320)
    runner = OnnxRunner(changed(detector_file, tmp_path / "one.onnx", fixed), DETECTOR, CPU, 4)

    assert [len(scores[0]) for scores, _ in runner.run(seen)] == [1, 1, 1]
    assert_alike(outputs(runner, seen), outputs(OnnxRunner(detector_file, DETECTOR, CPU, 4), seen))


def test_a_file_says_which_size_its_pictures_have(detector_file: Path) -> None:
    assert OnnxRunner(detector_file, DETECTOR, CPU, 4).size == (320, 320)


def test_a_file_that_leaves_its_pictures_size_open_is_run_at_the_networks(pose_file: Path, tmp_path: Path) -> None:
    def opened(model: onnx.ModelProto) -> None:
        for dim in model.graph.input[0].type.tensor_type.shape.dim:
            dim.dim_param = "any"
        model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 3
        del model.graph.value_info[:]

    assert OnnxRunner(changed(pose_file, tmp_path / "open.onnx", opened), POSE, CPU, 4).size == (384, 288)


# What is no such file


def refusal(path: Path, kind: ours.Kind = DETECTOR) -> str:
    with pytest.raises(WeightsError) as caught:
        OnnxRunner(path, kind, CPU, 1)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\x08\x0a", b"a text file"])
def test_what_is_no_onnx_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.onnx").write_bytes(content)

    assert "no ONNX file, or a damaged one" in refusal(tmp_path / "bad.onnx")


def test_a_file_that_was_cut_off_is_refused(detector_file: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.onnx").write_bytes(detector_file.read_bytes()[:-1000])

    assert "no ONNX file, or a damaged one" in refusal(tmp_path / "cut.onnx")


def test_other_outputs_are_refused_with_both(tmp_path: Path) -> None:
    said = refusal(passing_on(tmp_path / "other.onnx", ("b", 3, 384, 288)), POSE)

    assert "(1, 133, 576), (1, 133, 768), (1, 133, 576) out of it expected, found (1, 3, 384, 288)" in said


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        (("b", 3, 256, 192), "('b', 3, 256, 192)"),
        ((1, 384, 288, 3), "(1, 384, 288, 3)"),
        ((8, 3, 384, 288), "(8, 3, 384, 288)"),
        ((3, 384, 288), "(3, 384, 288)"),
    ],
)
def test_another_input_is_refused_with_both(tmp_path: Path, shape: tuple[int | str, ...], found: str) -> None:
    said = refusal(passing_on(tmp_path / "other.onnx", shape), POSE)

    assert f"one float32 input (B, 3, 384, 288) expected, found tensor(float) {found}" in said


def test_half_precision_is_refused(tmp_path: Path) -> None:
    path = passing_on(tmp_path / "half.onnx", ("b", 3, 384, 288), onnx.TensorProto.FLOAT16)

    assert "found tensor(float16)" in refusal(path, POSE)


def test_the_detector_is_no_pose_network(detector_file: Path) -> None:
    assert "is not an ONNX file of rtmw3d-l" in refusal(detector_file, POSE)


def test_the_other_size_is_refused_where_the_file_says_it(pose_file: Path) -> None:
    assert "was made of rtmw3d-l, and rtmw3d-x is wanted" in refusal(pose_file, KINDS["rtmw3d-x"])


def test_onnxruntime_without_memory_says_so(detector_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def run(self, *_: object) -> None:
            raise RuntimeError("Failed to allocate memory for requested buffer")

    runner = OnnxRunner(detector_file, DETECTOR, CPU, 1)
    monkeypatch.setattr(runner, "_session", Full())

    with pytest.raises(ResourceError, match="cpu has not enough memory"):
        list(runner.run(pictures(1, 320, 320)))


# Which file, which runtime, which device


def test_an_onnx_file_for_pytorch_is_refused(pose_file: Path, detector_checkpoint: Path) -> None:
    with pytest.raises(WeightsError, match='is an ONNX file, which `runtime="onnx"` runs'):
        RTMW3D(options(runtime="torch", checkpoint=pose_file, detector_checkpoint=detector_checkpoint))


def test_a_checkpoint_of_pytorchs_for_onnxruntime_is_refused_with_what_to_do(pose_checkpoint: Path) -> None:
    with pytest.raises(WeightsError, match=r"weights export rtmw3d-l --onnx --checkpoint .*l\.pth"):
        RTMW3D(options(checkpoint=pose_checkpoint))


def test_without_a_file_it_says_how_to_export_one() -> None:
    with pytest.raises(
        WeightsError, match=r"export it once, .* --extra torch posedetector weights export rtmw3d-l --onnx"
    ):
        RTMW3D(options())


def test_what_was_exported_comes_before_what_can_be_downloaded(cache_folder: Path) -> None:
    cache_folder.mkdir()
    exported, other = (cache_folder / weights.row_of(f"rtmw3d-x-{kind}").file for kind in ("exported", "onnx"))
    other.write_bytes(b"\x08\x0a")
    assert weights.onnx_of("rtmw3d-x").path == other
    exported.write_bytes(b"\x08\x0b")
    assert weights.onnx_of("rtmw3d-x").path == exported


def test_anothers_file_is_kept_as_it_was_at_its_first_use(cache_folder: Path) -> None:
    cache_folder.mkdir()
    file = cache_folder / weights.row_of("rtmw3d-x-onnx").file
    file.write_bytes(b"\x08\x0a")
    weights.remember(weights.onnx_of("rtmw3d-x"))
    file.write_bytes(b"\x08\x0b")

    with pytest.raises(WeightsError, match="is not what it was at its first use"):
        weights.onnx_of("rtmw3d-x")


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "find_spec", lambda _: None)

    with pytest.raises(InputError, match="`uv run --extra onnx …`"):
        RTMW3D(options())


@pytest.mark.parametrize(
    ("providers", "cards", "device"),
    [
        (["CPUExecutionProvider"], 1, "cpu"),
        (["CUDAExecutionProvider"], 1, "cuda"),
        (["CUDAExecutionProvider"], 0, "cpu"),
    ],
)
def test_auto_takes_a_gpu_if_onnxruntime_does_and_there_is_one(
    monkeypatch: pytest.MonkeyPatch, providers: list[str], cards: int, device: str
) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: providers)
    monkeypatch.setattr(ours, "_cards", lambda: cards)

    assert ours.device_of("auto").type == device


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_onnxruntime_has_not_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"onnxruntime here runs on cpu, and not on {name}"):
        ours.device_of(name)


@pytest.mark.parametrize(("name", "here"), [("cuda:0", True), ("cuda:1", False)])
def test_a_card_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, here: bool) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(ours, "_cards", lambda: 1)

    with nullcontext() if here else pytest.raises(InputError, match="this machine has no cuda:1"):
        assert str(ours.device_of(name)) == name


def test_both_networks_run_where_pytorch_is_not_installed(detector_file: Path, pose_file: Path) -> None:
    files = f"Path({str(pose_file)!r}), detector_checkpoint=Path({str(detector_file)!r})"
    code = f"""
import numpy as np
from pathlib import Path
from posedetector.estimators import RTMW3DSettings
from posedetector.estimators.rtmw3d import RTMW3D
estimator = RTMW3D(RTMW3DSettings(runtime="onnx", bbox_thr=0.0, checkpoint={files}))
picture = np.random.default_rng(0).integers(0, 256, (480, 320, 3), dtype=np.uint8)
print(len(estimator.detect([picture])), len(estimator.poses([picture], [np.array({BOX.tolist()})])[0]))
"""
    words = json.dumps([["python", code]])
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("without_torch.py"), words],
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout) == [{"status": 0, "out": "1 1\n", "errors": "", "sought": []}]


# posedetector weights export


@pytest.fixture
def run(command: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Done]:
    """Run `posedetector weights …` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return partial(command, "weights")


@pytest.fixture
def exported_before(detector_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the exporter, which takes half a minute, hand out what it made of this detector before."""
    monkeypatch.setattr(exporting, "_write", lambda _, __, path: path.write_bytes(detector_file.read_bytes()))


@pytest.fixture
def published(cache_folder: Path, detector_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small detector in the cache, as if it were the table's."""
    cache_folder.mkdir()
    content = detector_checkpoint.read_bytes()
    row = weights.row_of("rtmdet-m")
    (cache_folder / row.file).write_bytes(content)
    digest = weights.hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(weights.WEIGHTS, "rtmdet-m", replace(row, sha256=digest))
    return cache_folder / row.file


@pytest.mark.usefixtures("published")
def test_what_was_exported_is_found_known_again_and_cleared(run: Callable, cache_folder: Path) -> None:
    done = run("export", "rtmdet-m", "--onnx")

    file = cache_folder / weights.row_of("rtmdet-m-exported").file
    assert (done.status, done.errors) == (0, "")
    assert f"rtmdet-m: {file}, 5 MB" in done.out
    assert "differs from PyTorch by at most" in done.out
    assert "licence: Apache-2.0" in done.out
    assert weights.onnx_of("rtmdet-m").path == file
    assert weights.onnx_of("rtmdet-m").trust == "as at first use"
    assert run("verify", "rtmdet-m-exported").status == 0
    run("clear", "rtmdet-m-exported")
    assert {path.name for path in cache_folder.iterdir()} == {weights.row_of("rtmdet-m").file}


@pytest.mark.usefixtures("exported_before")
def test_a_file_of_ones_own_is_exported_beside_it(run: Callable, detector_checkpoint: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.pth"
    mine.write_bytes(detector_checkpoint.read_bytes())

    assert run("export", "rtmdet-m", "--onnx", "--checkpoint", mine).status == 0
    assert OnnxRunner(tmp_path / "mine.pth.onnx", DETECTOR, CPU, 1).size == (320, 320)


@pytest.mark.usefixtures("exported_before")
def test_an_export_that_differs_is_not_kept(
    run: Callable, detector_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "difference", lambda *_: 0.011)
    there = tmp_path / "there.onnx"
    there.write_bytes(b"an older one")

    done = run("export", "rtmdet-m", "--onnx", "--checkpoint", detector_checkpoint, "--output", there)

    assert done.status == 2
    assert "differs from it by 0.011 of the outputs' range, and is not kept" in done.errors
    assert there.read_bytes() == b"an older one"
    assert [path.name for path in tmp_path.iterdir()] == ["there.onnx"]


@pytest.mark.usefixtures("exported_before")
def test_an_export_of_what_is_no_number_is_not_kept(detector_checkpoint: Path, tmp_path: Path) -> None:
    network = rtmdet.read_detector(detector_checkpoint)
    torch.nn.init.constant_(network.bbox_head.rtm_cls[0].bias, torch.nan)

    with pytest.raises(WeightsError, match="differs from it by nan"):
        exporting.export(network, DETECTOR, tmp_path / "nan.onnx")


def test_where_nothing_can_be_written_it_says_so(detector_checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match="cannot be written"):
        exporting.export(rtmdet.read_detector(detector_checkpoint), DETECTOR, tmp_path / "file" / "out.onnx")


def test_export_of_what_cannot_be_exported_says_what_can(run: Callable) -> None:
    done = run("export", "bundled", "--onnx")

    assert (done.status, done.errors.count("\n")) == (2, 1)
    assert "'bundled' cannot be exported; these can: rtmdet-m, rtmw3d-l, rtmw3d-x" in done.errors


def test_export_wants_to_be_told_the_format(run: Callable) -> None:
    assert "--onnx" in run("export", "rtmdet-m").errors


def test_export_without_the_extra_names_it(run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "find_spec", lambda name: None if name == "onnxscript" else object())

    assert "want onnxscript: `uv run --extra onnx …`" in run("export", "rtmdet-m", "--onnx").errors
