"""The lens: OpenCV's two models, in both directions.

Rays are points at distance 1 in front of the camera, (x, y) = (X / Z, Y / Z). `radial` is OpenCV's usual model (Brown 1966 with
rational and thin-prism terms; 4 to 14 coefficients), `fisheye` that of Kannala & Brandt (2006; 4 coefficients).

OpenCV counts pixels from the middle of the first one, this project from its corner: half a pixel lies between the two.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from posedetector.pose import Array, Keypoints, moved_to

RADIAL: Literal["radial"] = "radial"
FISHEYE: Literal["fisheye"] = "fisheye"
_WIDEST = np.radians(85)  # from the optical axis; a pinhole has no picture of what lies at 90° or beyond
_STEPS = 2000
_DIRECTIONS = 16
_ROUNDS = 30
_CLOSE = 1e-9  # of a ray
_HALF = 0.5  # pixels


@dataclass(frozen=True)
class Lens:
    """A camera's intrinsic parameters, as a file gives them (OpenCV's pixels).

    Attributes
    ----------
    camera : its name in the file.
    model : radial or fisheye.
    size : width, height in pixels of the pictures that were calibrated with; None if the file does not say.
    focal : (fx, fy) pixels.
    principal_point : (cx, cy) pixels, from the middle of the first pixel.
    distortion : the model's coefficients in OpenCV's order.
    file, sha256 : where it was read.
    scaled, calibrated_size : by what it was scaled to the size of the clip's picture, and from which; see `for_size`.
    """

    camera: str
    model: Literal["radial", "fisheye"]
    size: tuple[int, int] | None
    focal: tuple[float, float]
    principal_point: tuple[float, float]
    distortion: tuple[float, ...]
    file: str = ""
    sha256: str = ""
    scaled: float = 1.0
    calibrated_size: tuple[int, int] | None = None

    @property
    def focal_length(self) -> float:
        """Pixels, of the pinhole camera into whose picture points are mapped."""
        return sum(self.focal) / 2

    def for_size(self, size: tuple[int, int]) -> "Lens":
        """Return the lens for pictures of the same shape and another size."""
        if self.size in (None, size):
            return replace(self, size=size, calibrated_size=self.size)
        across, down = (new / old for new, old in zip(size, self.size or size, strict=True))
        return replace(
            self,
            size=size,
            calibrated_size=self.size,
            focal=(self.focal[0] * across, self.focal[1] * down),
            principal_point=(
                (self.principal_point[0] + _HALF) * across - _HALF,
                (self.principal_point[1] + _HALF) * down - _HALF,
            ),
            scaled=self.scaled * (across + down) / 2,
        )

    def to_ideal(self, pixels: Array) -> Array:
        """Return where points (…, 2) of the picture lie in the pinhole camera's; NaN where the lens has no such ray."""
        rays = self._undistort((pixels - _HALF - np.array(self.principal_point)) / np.array(self.focal))
        return np.asarray(rays * self.focal_length + self._middle)

    def to_picture(self, pixels: Array, rows: slice | None = None) -> Array:
        """Return where points (…, 2) of the pinhole camera's picture lie in the real one; NaN where it does not show them."""
        del rows  # the same in every frame
        rays = (pixels - self._middle) / self.focal_length
        with np.errstate(invalid="ignore"):
            rays = np.where((np.linalg.norm(rays, axis=-1) < self._limit)[..., None], rays, np.nan)
        return np.asarray(self._distort(rays) * np.array(self.focal) + np.array(self.principal_point) + _HALF)

    def straightened(self, keypoints: Keypoints) -> Keypoints:
        """Return the keypoints as the pinhole camera would see them; those that it could not see are missing."""
        return moved_to(keypoints, self.to_ideal(keypoints.xy), keypoints.xyz)

    @property
    def _middle(self) -> Array:
        return np.array(self.size, np.float64) / 2  # NaN before `for_size` said which

    def _distort(self, rays: Array) -> Array:
        """Return rays (…, 2) as the lens bends them."""
        import cv2

        flat = np.asarray(rays, np.float64).reshape(-1, 2)
        there = np.isfinite(flat).all(axis=1)
        bent = np.full_like(flat, np.nan)
        if there.any():
            seen = np.column_stack([flat[there], np.ones(there.sum())])[:, None]
            one, nothing, coefficients = np.eye(3), np.zeros(3), np.array(self.distortion or (0.0,) * 4)
            if self.model == FISHEYE:
                bent[there] = cv2.fisheye.projectPoints(seen, nothing, nothing, one, coefficients)[0].reshape(-1, 2)
            else:
                bent[there] = cv2.projectPoints(seen, nothing, nothing, one, coefficients)[0].reshape(-1, 2)
        return bent.reshape(rays.shape)

    def _undistort(self, bent: Array) -> Array:
        """Return the rays (…, 2) that the lens bends into these, by Newton's method from the radial table.

        OpenCV's own inverse stops after five steps, off by up to 4 px at the edge of 110°.
        """
        flat = np.asarray(bent, np.float64).reshape(-1, 2)
        radius = np.linalg.norm(flat, axis=1)
        known, made = self._table
        with np.errstate(invalid="ignore", divide="ignore"):
            straight = np.interp(radius, made, known, right=np.nan) / np.where(radius > 0, radius, 1.0)
            rays = flat * np.where(radius > 0, straight, 1.0)[:, None]
            for _ in range(_ROUNDS):
                off = self._distort(rays) - flat
                if not np.nanmax(np.abs(off), initial=0.0) > _CLOSE:
                    break
                step = 1e-6
                along, down = ((self._distort(rays + step * unit) - self._distort(rays)) / step for unit in np.eye(2))
                determinant = along[:, 0] * down[:, 1] - along[:, 1] * down[:, 0]
                move = np.stack([down[:, 1] * off[:, 0] - down[:, 0] * off[:, 1],
                                 along[:, 0] * off[:, 1] - along[:, 1] * off[:, 0]], axis=1)  # fmt: skip
                rays = rays - move / determinant[:, None]
            missed = np.abs(self._distort(rays) - flat).max(axis=1)
            rays[~(missed < 1e-5) | (np.linalg.norm(rays, axis=1) > self._limit)] = np.nan
        return rays.reshape(bent.shape)

    @cached_property
    def _table(self) -> tuple[Array, Array]:
        """Radii of rays, and of what the lens makes of them (mean over directions), as far as the latter grow."""
        known = np.tan(np.linspace(0, _WIDEST, _STEPS))
        turn = np.linspace(0, 2 * np.pi, _DIRECTIONS, endpoint=False)
        way = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        with np.errstate(all="ignore"):
            made = (self._distort(known[:, None, None] * way) * way).sum(axis=-1)
            grows = (np.diff(made, axis=0) > 0).all(axis=1)
        end = len(known) if grows.all() else int(grows.argmin()) + 1
        return known[:end], made[:end].mean(axis=1)

    @property
    def _limit(self) -> float:
        """The radius of rays from which on the model folds back upon itself."""
        return float(self._table[0][-1])
