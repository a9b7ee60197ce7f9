"""Weights that follow from their names, so that two implementations can be filled alike without a checkpoint."""

import zlib

import numpy as np


def fill(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Return a value for every key of a state dict: float32, drawn by a generator seeded with the key's CRC-32."""
    return {key: _value(key, shape) for key, shape in shapes.items()}


def _value(key: str, shape: tuple[int, ...]) -> np.ndarray:
    generator = np.random.default_rng(zlib.crc32(key.encode()))
    leaf = key.rpartition(".")[2]
    if leaf == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    if leaf == "running_var":
        return (1 + 0.2 * generator.random(shape)).astype(np.float32)
    drawn = generator.standard_normal(shape)
    if leaf in {"running_mean", "bias"}:
        return (0.1 * drawn).astype(np.float32)
    if len(shape) == 1:  # the weight of a normalisation
        return (1 + 0.1 * drawn).astype(np.float32)
    return (drawn / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
