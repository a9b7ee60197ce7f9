"""Motion capture made by hand: twelve joints of a person whose every bend and length is known; and pools of noise.

Metres, Y up, facing along Z, so that the left is along X. Angles in degrees, 0 when upright with straight, hanging limbs.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from posedetector.pose import Array
from posedetector.training.bodies import BODY_14
from posedetector.training.mocap import Take, with_face
from posedetector.training.samples import FRAMES, PLACES, Pool

POINTS = BODY_14.points[:12]
THIGH, SHANK, UPPER_ARM, FOREARM, TRUNK = 0.42, 0.41, 0.30, 0.25, 0.50
HIP_WIDTH, SHOULDER_WIDTH = 0.20, 0.36
RATE = 50.0

Sides = Sequence[ArrayLike]  # left, right


def person(
    *,
    hips: Sides = (0, 0),
    knees: Sides = (0, 0),
    shoulders: Sides = (0, 0),
    elbows: Sides = (0, 0),
    height: ArrayLike = 0.9,
    ahead: ArrayLike = 0,
    frames: int = 1,
) -> Array:
    """(T, 12, 3): the pelvis at (0, height, ahead), thighs and arms swung forward, knees and elbows bent, each (T,)."""
    over_time = np.broadcast_arrays(np.zeros(frames), height, ahead, *hips, *knees, *shoulders, *elbows)
    pelvis = np.stack(over_time[:3], axis=-1)
    xyz = np.empty((len(pelvis), 12, 3))
    for side, sign in enumerate((1, -1)):
        for row, up, width in ((0, TRUNK, SHOULDER_WIDTH), (6, 0, HIP_WIDTH)):
            xyz[:, row + side] = pelvis + np.array([sign * width / 2, up, 0])
        thigh, arm = np.asarray(hips[side]), np.asarray(shoulders[side])
        xyz[:, 8 + side] = xyz[:, 6 + side] + THIGH * _hanging(thigh)
        xyz[:, 10 + side] = xyz[:, 8 + side] + SHANK * _hanging(thigh - knees[side])
        xyz[:, 2 + side] = xyz[:, side] + UPPER_ARM * _hanging(arm)
        xyz[:, 4 + side] = xyz[:, 2 + side] + FOREARM * _hanging(arm + np.asarray(elbows[side]))
    return xyz


def walking(seconds: float = 8, rate: float = RATE, *, start: float = 0.0) -> Array:
    """Somebody who walks at 1.2 m/s: knees bent by 0–52°, elbows by 15–35°."""
    time = start + np.arange(round(seconds * rate) + 1) / rate
    phases = [2 * np.pi * 0.9 * time + off for off in (0, np.pi)]
    return person(
        hips=[5 + 22 * np.sin(phase) for phase in phases],
        knees=[26 - 26 * np.cos(phase + 1) for phase in phases],
        shoulders=[-20 * np.sin(phase) for phase in phases],
        elbows=[25 + 10 * np.sin(phase) for phase in phases],
        height=0.84 + 0.02 * np.cos(2 * phases[0]),
        ahead=1.2 * time,
    )


def squatting(seconds: float = 8, rate: float = RATE) -> Array:
    """Somebody whose knees bend by up to 110° over his feet, arms held out."""
    time = np.arange(round(seconds * rate) + 1) / rate
    knee = 55 * (1 - np.cos(2 * np.pi * 0.4 * time))
    both = [knee / 2] * 2
    height = 0.05 + (THIGH + SHANK) * np.cos(np.radians(knee / 2))
    return person(hips=both, knees=[knee] * 2, shoulders=both, elbows=[20, 20], height=height)


def standing(seconds: float = 8, rate: float = RATE, *, knee: float = 0, elbow: float = 0) -> Array:
    """Somebody who does not move."""
    frames = round(seconds * rate) + 1
    return person(hips=[knee / 2] * 2, knees=[knee] * 2, elbows=[elbow] * 2, frames=frames)


def recorded(*clips: Array) -> list[Take]:
    return [Take(f"mocap/{number}", with_face(xyz)) for number, xyz in enumerate(clips)]


def write_npz(
    path: Path,
    clips: Mapping[str, Array] | Sequence[tuple[str, Array]],
    /,
    **other: object,
) -> Path:
    """Write clips in millimetres and at 50 Hz; `other` overwrites members, and leaves out those that are None."""
    pairs = list(clips.items() if isinstance(clips, Mapping) else clips)
    members = {
        "positions_mm": 1000 * np.concatenate([clip for _, clip in pairs]),
        "lengths": [len(clip) for _, clip in pairs],
        "clips": [name for name, _ in pairs],
        "joints": POINTS,
        "fps": RATE,
    } | other
    np.savez(path, **{name: value for name, value in members.items() if value is not None})
    return path


def write_trc(
    path: Path, xyz: Array, names: Sequence[str] = POINTS, *, rate: float = RATE, start: float = 0.0, unit: str = "m"
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        "\t".join([str(number + 1), f"{start + number / rate:.6f}", *(f"{value:.9f}" for value in frame.ravel())])
        for number, frame in enumerate(xyz)
    ]
    keys = "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames"
    values = f"{rate}\t{rate}\t{len(xyz)}\t{len(names)}\t{unit}\t{rate}\t1\t{len(xyz)}"
    markers = "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t"
    path.write_text("\n".join([f"PathFileType\t4\t(X/Y/Z)\t{path.name}", keys, values, markers, "", *rows]) + "\n")
    return path


def noise_pool(number: int = 0, clips: int = 4, channels: int = 54) -> Pool:
    """A pool of random numbers about as large as real ones: made at once, and nothing in it can be learned."""
    random = np.random.default_rng(number)
    inputs = random.normal(0, 0.5, (clips, FRAMES, channels)).astype(np.float16)
    targets = random.normal(0, 0.5, (clips, PLACES, 17, 3)).astype(np.float16)
    return Pool(inputs, targets, np.full(clips * PLACES, 1 / (clips * PLACES)))


class Still:
    """A random generator without surprises: a detector that draws from it sees what is there, and where."""

    def normal(self, loc: float = 0, scale: float = 1, size: Any = None) -> Any:
        del scale
        return np.full(size, float(loc))

    def uniform(self, low: float, high: float, size: Any = None) -> Any:
        return np.full(size, (low + high) / 2)

    def random(self, size: Any = None) -> Any:
        return np.ones(size)

    def poisson(self, lam: float, size: Any = None) -> Any:
        del lam
        return np.zeros(size, int)


def _hanging(degrees: Array) -> Array:
    """Directions (…, 3) of what hangs down, swung forward by these angles."""
    angle = np.radians(degrees)
    return np.stack([np.zeros_like(angle), -np.cos(angle), np.sin(angle)], axis=-1)
