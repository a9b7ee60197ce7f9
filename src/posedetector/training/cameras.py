"""Pinhole cameras that could have filmed a body: from all around it, near and far, upright and across, not quite level."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from posedetector.training.bodies import HIPS, UP, Floats, cross, halfway, unit

_NEAREST = 0.4  # metres from the lens


@dataclass(frozen=True)
class Cameras:
    """Where cameras stand that bodies are filmed by; degrees.

    Attributes
    ----------
    elevation : mean and standard deviation of how far a camera looks down; one in ten from anywhere between −25 and 45.
    roll : standard deviation.
    fov : least and greatest field of view across the picture's longer side.
    """

    elevation: tuple[float, float] = (5.0, 11.0)
    roll: float = 2.5
    fov: tuple[float, float] = (28.0, 75.0)


class Filmed(NamedTuple):
    """Points (B, T, 14, 3) in the camera's frame (metres: x right, y down, z away), and the camera.

    `focal` (B,) is in halves of the picture's width; `aspect` (B,) is the picture's height over its width.
    """

    camera: Floats
    focal: Floats
    aspect: Floats

    def screen(self, points: Floats) -> Floats:
        """Return where the camera sees points (B, T, J, 3) of its frame: 0 in the middle, x from −1 to 1 across."""
        return np.asarray(points[..., :2] / points[..., 2:].clip(_NEAREST / 2) * self.focal[:, None, None, None])


def film(points: Floats, rng: Generator, cameras: Cameras) -> Filmed:
    """Return bodies (B, T, 14, 3), metres, Y up, as cameras see them that were drawn for each.

    They stand all around; half of the pictures are upright. The person fills 0.3 to 0.9 of the picture and is off its
    middle by a tenth of it.
    """
    count = len(points)
    middle = np.median(halfway(points[:, :, HIPS]), axis=1)[:, None, None]
    turned = np.einsum("bij,btkj->btki", _turns(rng, count, cameras), points - middle)
    upright = rng.random(count) < 0.5
    aspect = np.where(upright, 16 / 9, 9 / 16) ** rng.choice([1.0, 0.6, 0.0], count, p=[0.75, 0.2, 0.05])
    longer = np.maximum(1, aspect)
    focal = longer / np.tan(np.radians(rng.uniform(*cameras.fov, count)) / 2)  # in halves of the picture's width
    extent = np.abs(turned[..., :2]).max(axis=(1, 2, 3))
    # half of the shorter side shows an extent of this many metres
    distance = rng.uniform(1.1, 3.2, count) * extent * focal / np.minimum(1, aspect)
    distance = np.maximum(distance, 1.3 * np.abs(turned[..., 2]).max(axis=(1, 2)))
    distance = np.clip(distance, 1.5, 14)
    aside = rng.normal(0, 0.11, (count, 2)) * (distance / focal * longer)[:, None]
    camera = turned + np.concatenate([aside, distance[:, None]], axis=1)[:, None, None]
    nearest = camera[..., 2].min(axis=(1, 2))
    camera[..., 2] += np.maximum(_NEAREST - nearest, 0)[:, None, None]
    return Filmed(camera.astype(np.float32), focal.astype(np.float32), aspect.astype(np.float32))


def _turns(rng: Generator, count: int, cameras: Cameras) -> Floats:
    """Return rotations (B, 3, 3) from the room to cameras' frames."""
    azimuth = rng.uniform(0, 2 * np.pi, count)
    usual = rng.random(count) < 0.9
    elevation = np.radians(np.where(usual, rng.normal(*cameras.elevation, count), rng.uniform(-25, 45, count)))
    roll = np.radians(rng.normal(0, cameras.roll, count))
    away = np.stack(
        [np.cos(elevation) * np.cos(azimuth), -np.sin(elevation), np.cos(elevation) * np.sin(azimuth)], axis=-1
    )
    right = unit(cross(away, np.broadcast_to(UP, away.shape)))
    down = cross(away, right)
    cosine, sine = np.cos(roll)[:, None], np.sin(roll)[:, None]
    return np.stack([cosine * right - sine * down, sine * right + cosine * down, away], axis=1)
