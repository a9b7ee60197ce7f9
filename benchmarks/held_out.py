"""Lifters on motion capture that they were never trained on: augmented, filmed by synthetic cameras, noisy.

    uv run python benchmarks/held_out.py --mocap FILE... --hold-out WORD --checkpoints lifter.pt ... [--angles]

The recordings that `posedetector train` holds out with the same words, 2,048 clips of them, each file by itself. Errors are
of a body whose trunk and leg measure 1.36 m (stature 1.70 m), root-relative, over all 17 joints; angles are 0 when straight.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch

from posedetector.lifters.networks import read_model
from posedetector.readers.recording import ReadOptions
from posedetector.training.cameras import Cameras
from posedetector.training.mocap import Take, read_takes
from posedetector.training.validation import Bin, held_out_pool, runner, validate
from posedetector.weights import WEIGHTS, locate

THREADS = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mocap", type=Path, nargs="+", required=True)
    parser.add_argument("--hold-out", nargs="*", default=[])
    parser.add_argument("--checkpoints", type=Path, nargs="*", default=[])
    parser.add_argument("--angles", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    layout = WEIGHTS["bundled"].lifter
    checkpoints = options.checkpoints or [path for path in [locate("bundled")] if path]
    models = {f"{path.parent.name}/{path.name}": read_model(path, layout) for path in checkpoints}
    print("| recordings | lifter | MPJPE mm | P-MPJPE mm | knee ° | hip ° | elbow ° |\n|---|---|---|---|---|---|---|")
    tables = []
    for name, takes in held_out(options.mocap, options.hold_out):
        pool = held_out_pool(takes, Cameras())
        for path, model in models.items():
            found = validate(runner(model, torch.device("cpu")), pool)
            angles = " | ".join(f"{found.of(joint):.1f}" for joint in ("knee", "hip", "elbow"))
            print(f"| {name} | {path} | {found.mpjpe:.1f} | {found.p_mpjpe:.1f} | {angles} |", flush=True)
            tables += [f"| {name} | {path} | {row(one)} |" for one in found.angles]
    if options.angles:
        print(
            "\n| recordings | lifter | joint | true angle ° | samples | bias ° | MAE ° |\n|---|---|---|---|---|---|---|"
        )
        print("\n".join(tables))


def row(one: Bin) -> str:
    return f"{one.joint} | {one.low}–{one.high} | {one.samples} | {one.bias:+.1f} | {one.mae:.1f}"


def held_out(files: list[Path], words: list[str]) -> Iterator[tuple[str, list[Take]]]:
    for file in files:
        takes = [take for take in read_takes([file], ReadOptions(side="-"), words) if take.held_out]
        if takes:
            yield f"{file.stem}, {len(takes)} held out", takes


if __name__ == "__main__":
    main()
