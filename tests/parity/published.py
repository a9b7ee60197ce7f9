"""RTMDet and RTMW3D as OpenMMLab had them when the numbers beside this file were made: names, shapes, weights, outputs."""

import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from parity.fill import fill
from posedetector.models import simcc

FOLDER = Path(__file__).parent
POSE = {size: f"rtmw3d-{size}_cocktail14_384x288" for size in simcc.SIZES}
DETECTOR = "rtmdet-m_person_640"


def shapes_of(name: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the library's module."""
    rows = [line.split("\t") for line in (FOLDER / f"{name}.txt").read_text().splitlines()]
    return {key: tuple(int(size) for size in re.findall(r"\d+", shape)) for key, shape, _ in rows}


def state_of(name: str) -> dict[str, Tensor]:
    """What the library's module had: every tensor from its name, and the statistics of what went through it."""
    with np.load(FOLDER / f"{name}.npz") as fixture:
        kept = {key.removeprefix("state/"): fixture[key] for key in fixture.files if key.startswith("state/")}
    return {key: torch.from_numpy(np.asarray(value)) for key, value in (fill(shapes_of(name)) | kept).items()}


def fixture(name: str) -> dict[str, np.ndarray]:
    """What went into the library's module, and what came out."""
    with np.load(FOLDER / f"{name}.npz") as file:
        return {key: file[key] for key in file.files if not key.startswith("state/")}
