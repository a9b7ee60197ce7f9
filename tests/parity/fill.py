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
    if leaf in {"running_var", "g"}:
        return (1 + (0.2 if leaf == "running_var" else 0.1) * generator.random(shape)).astype(np.float32)
    drawn = generator.standard_normal(shape)
    if leaf in {"running_mean", "bias", "gamma", "beta"}:
        return (0.1 * drawn).astype(np.float32)
    if len(shape) == 1:  # the weight of a normalisation, or a scale
        return (1 + 0.1 * drawn).astype(np.float32)
    gain = 0.1 if ".rtm_reg." in key or ".rtm_cls." in key else 1.0  # RTMDet's last layers: distances go through exp()
    return (gain * drawn / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
