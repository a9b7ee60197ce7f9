"""RTMW3D: a person's points in PyTorch and onnxruntime beside MMPose's own, and on a GPU; all with random weights.

    uv run --extra openmmlab --extra onnx python benchmarks/rtmw3d.py           a frame on the CPU, three ways in turn
    uv run python benchmarks/rtmw3d.py --batches                               people at once on the CPU, and compiled
    uv run python benchmarks/rtmw3d.py --half                                  what half precision does to the points
    uv run python benchmarks/rtmw3d.py --gpu                                   frames a second and share of the bf16 ceiling

MMPose's wheel has no RTMW3D: its own here is RTMW-l, which is the same network but for one linear layer less; without its
flip test, which would take twice as long.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from posedetector.estimators import RTMW3DSettings
from posedetector.estimators.rtmw3d import RTMW3D
from posedetector.models import exporting, onnx, rtmdet, rtmw3d, simcc
from posedetector.models.cspnext import fuse
from posedetector.models.torch_running import TorchRunner

CONFIG = "rtmw-l_8xb320-270e_cocktail14-384x288"
RANDOM = np.random.default_rng(0)
PICTURE = RANDOM.integers(0, 255, (720, 1280, 3), dtype=np.uint8)
BOX = np.array((500.0, 100.0, 780.0, 680.0))
CROP = RANDOM.integers(0, 255, (simcc.HEIGHT, simcc.WIDTH, 3), dtype=np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for kind in ("gpu", "batches", "half"):
        parser.add_argument(f"--{kind}", action="store_true")
    parser.add_argument("--runs", type=int, default=12)
    chosen = parser.parse_args()
    torch.manual_seed(0)
    if chosen.gpu:
        on_gpu(chosen.runs)
    elif chosen.batches:
        batches(chosen.runs)
    elif chosen.half:
        half()
    else:
        on_cpu(chosen.runs)


def on_cpu(rounds: int) -> None:
    model = mmpose_model()
    with tempfile.TemporaryDirectory() as folder:
        torch_files, onnx_files = Path(folder) / "torch", Path(folder) / "onnx"
        ours = estimator(torch_files, "torch")
        runtime = estimator(onnx_files, "onnx", made_of=torch_files)
        blue_first, boxes = np.ascontiguousarray(PICTURE[..., ::-1]), BOX[None].astype(np.float32)
        print(f"{torch.get_num_threads()} threads, {rounds} turns")
        compare(
            "a frame: a picture of 1280×720 and a box to points",
            {
                "MMPose": lambda: inference_topdown(model, blue_first, boxes),
                "ours, PyTorch": lambda: ours.poses([PICTURE], [BOX[None]]),
                "ours, onnxruntime": lambda: runtime.poses([PICTURE], [BOX[None]]),
            },
            rounds,
        )
        prepared = torch.randn(1, 3, simcc.HEIGHT, simcc.WIDTH)
        compare(
            "the network alone (ours with normalising the crop)",
            {
                "MMPose": lambda: network(model, prepared),
                "ours, PyTorch": lambda: list(ours._points.run([CROP])),  # noqa: SLF001
                "ours, onnxruntime": lambda: list(runtime._points.run([CROP])),  # noqa: SLF001
            },
            rounds,
        )


def inference_topdown(model: Any, picture: Any, boxes: Any) -> Any:
    from mmengine.registry import DefaultScope
    from mmpose.apis import inference_topdown as theirs

    with DefaultScope.overwrite_default_scope("mmpose"):
        return theirs(model, picture, boxes)


@torch.inference_mode()
def network(model: Any, crops: torch.Tensor) -> Any:
    return model.head(model.neck(model.backbone(crops)))


def estimator(folder: Path, runtime: str, *, made_of: Path | None = None) -> RTMW3D:
    folder.mkdir()
    if made_of is None:
        for name, made in (("rtmw3d-l", rtmw3d.RTMW3D("l")), ("rtmdet-m", rtmdet.RTMDet("nano"))):
            torch.save({"state_dict": made.state_dict()}, folder / name)
    else:
        for name in ("rtmw3d-l", "rtmdet-m"):
            kind = onnx.KINDS[name]
            exporting.export(exporting.READERS[name](made_of / name), kind, folder / name)
    files = {"checkpoint": folder / "rtmw3d-l", "detector_checkpoint": folder / "rtmdet-m"}
    return RTMW3D(RTMW3DSettings(**files, device="cpu", runtime=runtime))


def batches(rounds: int) -> None:
    cpu = torch.device("cpu")
    runners = {
        f"{batch} at once": TorchRunner(rtmw3d.RTMW3D("l").eval(), simcc.INPUT, cpu, batch) for batch in (1, 2, 4, 8)
    }
    compiled = TorchRunner(rtmw3d.RTMW3D("l").eval(), simcc.INPUT, cpu, 1, compiled=True)
    start = time.perf_counter()
    list(compiled.run([CROP]))
    print(f"compiling takes {time.perf_counter() - start:.0f} s")
    runners["1, compiled"] = compiled
    compare(
        "eight people",
        {name: lambda runner=runner: list(runner.run([CROP] * 8)) for name, runner in runners.items()},
        rounds,
    )


@torch.inference_mode()
def half() -> None:
    """Half precision on the CPU, where it is slow but the same arithmetic; weights that keep values at a scale of one."""
    network = rtmw3d.RTMW3D("l").eval()
    for part in network.modules():
        if isinstance(part, torch.nn.Conv2d):
            torch.nn.init.normal_(part.weight, 0, (2 / part.weight[0].numel()) ** 0.5)
    fuse(network)
    crops = torch.randn(4, 3, simcc.HEIGHT, simcc.WIDTH)
    single = network(crops)
    halved = network.half()(crops.half())
    (where, peak), (where_half, peak_half) = simcc.peaks(single), simcc.peaks(halved)
    off = np.abs(where - where_half)
    share = 100 * (off <= 1).mean()
    print(f"half precision: {share:.1f} % of the bins within one of single precision's, median {np.median(off):.0f}")
    print(f"peaks of {np.abs(peak).max():.2f} at most differ by {np.abs(peak - peak_half).max():.4f} at most")


def compare(what: str, ways: dict[str, Callable[[], Any]], rounds: int) -> None:
    """Take turns in blocks of four, of which the first goes: the threads of one library still spin when the other begins."""
    seen: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            times = []
            for _ in range(4):
                start = time.perf_counter()
                way()
                times.append(time.perf_counter() - start)
            if turn:
                seen[name].append(statistics.median(times[1:]))
    first = next(iter(seen.values()))
    print(f"\n{what}\n{'':20} {'median ms':>10} {'ratio':>8} {'quartiles':>14}")
    for name, times in seen.items():
        low, middle, high = statistics.quantiles([one / other for one, other in zip(times, first, strict=True)], n=4)
        print(f"{name:20} {1e3 * statistics.median(times):10.0f} {middle:8.2f} {low:7.2f}–{high:.2f}")


def mmpose_model() -> Any:
    from posedetector.estimators.openmmlab.catalogue import choose_config
    from posedetector.estimators.openmmlab.shim import bring_in, quietly

    bring_in()
    from mmpose.apis import init_model

    options = {"model.test_cfg.flip_test": False, "model.backbone.init_cfg": None}
    with quietly():
        return init_model(str(choose_config("pose", CONFIG).config), device="cpu", cfg_options=options)


def on_gpu(runs: int) -> None:
    if not torch.cuda.is_available():
        print("there is no GPU here: not measured")
        return
    gpu, ceiling = torch.device("cuda"), bf16_ceiling()
    print(f"{torch.cuda.get_device_name()}, half precision; bf16 matrix products reach {ceiling / 1e12:.0f} Tflop/s")
    for size in simcc.SIZES:
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            rtmw3d.RTMW3D(size).eval()(torch.zeros(1, 3, simcc.HEIGHT, simcc.WIDTH))
        for compiled in (False, True):
            for batch in (1, 8, 64):
                runner = TorchRunner(rtmw3d.RTMW3D(size).eval(), simcc.INPUT, gpu, batch, compiled=compiled)
                taken = statistics.median(
                    seconds(lambda runner=runner, batch=batch: list(runner.run([CROP] * batch)), runs)
                )
                share = counter.get_total_flops() * batch / taken / ceiling
                kind = "compiled" if compiled else "eager"
                print(
                    f"{size} {kind:9} batch {batch:3}: {batch / taken:8.0f} people/s, {100 * share:4.1f} % of the ceiling"
                )


def seconds(way: Callable[[], Any], runs: int) -> list[float]:
    taken = []
    for run in range(runs + 3):
        torch.cuda.synchronize()
        start = time.perf_counter()
        way()
        torch.cuda.synchronize()
        if run >= 3:
            taken.append(time.perf_counter() - start)
    return taken


def bf16_ceiling(side: int = 8192) -> float:
    """Return flop/s of a large matrix product."""
    one, other = (torch.randn(side, side, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    return 2 * side**3 / statistics.median(seconds(lambda: one @ other, 20))


if __name__ == "__main__":
    main()
