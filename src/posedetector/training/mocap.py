"""Recordings of motion capture, as fourteen points at 50 Hz; and which of them are never trained on."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posedetector.anthropometry import ADULT_STATURE, TRAINED_EYES, TRAINED_NOSE
from posedetector.arrays import MISSING, split_at_gaps
from posedetector.errors import InputError
from posedetector.filters import interpolate
from posedetector.motion import Motion
from posedetector.pose import Array, finite
from posedetector.readers import read_motions
from posedetector.readers.recording import ReadOptions
from posedetector.training.bodies import (
    ARMS,
    BODY_14,
    FACE,
    LEGS,
    Floats,
    bent,
    place,
    side_of_bend,
    trunk_axes,
)

RATE = 50.0
SHORTEST = 0.7  # seconds
FORMATS = (".npz", ".bvh", ".amc", ".c3d", ".trc")  # looked for in folders
_JOINTS = BODY_14.points[:12]
_HELD_OUT = 10  # one clip in so many
# of a limb's median length: what is outside is no limb, but a lost marker, a zero that stands for nothing, or a jump
_PLAUSIBLE = (0.5, 2.0)
# how far a knee is bent in a leg that carries a standing person, and the most that a skeleton is taken to be wrong by
_STANDING, _MOST_WRONG = np.radians(4), np.radians(25)


@dataclass(frozen=True, eq=False)
class Take:
    """One recording: its name, (T, 14, 3) metres with Y up at 50 Hz, whether it is kept for validation, and its file."""

    name: str
    points: Floats
    held_out: bool = False
    file: str = ""


def read_takes(
    paths: Iterable[Path],
    options: ReadOptions,
    hold_out: Iterable[str] = (),
    told: Callable[[str], None] = lambda _: None,
) -> list[Take]:
    """Return the recordings in files, and in folders of files, that have a whole body.

    One clip in ten, chosen by its name's digest, is held out, at least one of several and never all; and whatever has one
    of the words of `hold_out` in its name, which is the file's, after its folders' below the one given, and the clip's in
    the file. `told` gets a line about what is left out.

    Raises
    ------
    InputError
        If a file cannot be read, or has not all of the twelve joints from shoulders and hips to wrists and ankles.
    """
    words = tuple(hold_out)
    takes: dict[str, list[Take]] = {}
    for path, called in _files(paths):
        for trial, motion in read_motions(path, options).items():
            name = f"{called}/{trial}" if trial else called
            pieces = list(_pieces(motion, path, told))
            for number, points in enumerate(pieces):
                part = f"{name}{' ' if trial else '/'}{number}" if number else name
                takes.setdefault(name, []).append(Take(part, points, any(word in name for word in words), called))
            if not pieces:
                told(f"{name}: no {SHORTEST:g} s in which all twelve joints are there")
    drawn = _draw([name for name, parts in takes.items() if not parts[0].held_out], several=len(takes) > 1)
    return [replace(take, held_out=take.held_out or name in drawn) for name, parts in takes.items() for take in parts]


def _draw(names: list[str], *, several: bool) -> set[str]:
    """Return the one in ten that its digest holds out; of several recordings one at least, and never the last."""
    bytes_of = {name: hashlib.sha256(name.encode()).digest() for name in names}
    drawn = {name for name, digest in bytes_of.items() if digest[0] % _HELD_OUT == 0}
    if len(names) > 1 and not drawn:
        drawn = {min(names, key=bytes_of.__getitem__)}
    if not several or len(drawn) == len(names):
        drawn -= {max(names, key=bytes_of.__getitem__)} if names else set()
    return drawn


def digest(takes: Iterable[Take]) -> str:
    """Return the head of the SHA-256 of all that is in these recordings, held out or not."""
    summed = hashlib.sha256()
    for take in takes:
        summed.update(f"{take.name} {take.held_out}".encode())
        summed.update(np.ascontiguousarray(take.points).tobytes())
    return summed.hexdigest()[:16]


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield files and what they are called: without suffix, and after the folders in which they were found."""
    for path in paths:
        if not path.exists():
            raise InputError(f"there is no file or folder {path}")
        if not path.is_dir():
            yield path, path.stem
            continue
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in FORMATS)
        if not found:
            raise InputError(f"{path} holds no motion capture; what is looked for is {', '.join(FORMATS)}")
        for file in found:
            yield file, file.relative_to(path).with_suffix("").as_posix()


def _pieces(motion: Motion, path: Path, told: Callable[[str], None]) -> Iterator[Floats]:
    """Yield the stretches of a recording in which every joint is there and no frames are left out, at 50 Hz."""
    if not motion.skeleton.has(*_JOINTS):
        lacking = [joint for joint in _JOINTS if not motion.skeleton.has(joint)]
        raise InputError(
            f"{path} has no {', '.join(lacking)}; it has {', '.join(motion.skeleton.points)}: `point_map` says which are which"
        )
    xyz = motion.xyz[:, motion.skeleton.indices(*_JOINTS)]
    whole = finite(xyz.reshape(len(xyz), -1))
    usual = _plausible(xyz)
    if odd := int((whole & ~usual).sum()):
        told(
            f"{path}: {odd} of {len(xyz)} frames are left out: a limb is less than half or more than twice its usual length"
        )
    rows = np.flatnonzero(whole & usual)
    if len(rows) < 2:
        return
    for stretch in split_at_gaps(rows, motion.time, MISSING * float(np.median(np.diff(motion.time)))):
        time = motion.time[stretch]
        if len(stretch) < 4 or time[-1] - time[0] < SHORTEST:
            continue
        grid = time[0] + np.arange(int((time[-1] - time[0]) * RATE) + 1) / RATE
        yield straightened(with_face(_y_up(interpolate(time, xyz[stretch], grid))))


def _plausible(joints: Array) -> NDArray[np.bool_]:
    """Tell in which frames (T,) of twelve joints (T, 12, 3) every limb is about as long as it usually is."""
    ends = [(limb[row], limb[row + 1]) for limb in (*LEGS, *ARMS) for row in (0, 1)]
    lengths = np.stack([np.linalg.norm(joints[:, one] - joints[:, other], axis=-1) for one, other in ends], axis=1)
    lengths[~(lengths > 0)] = np.nan
    if not np.isfinite(lengths).any(axis=0).all():
        return np.zeros(len(joints), bool)
    shares = lengths / np.nanmedian(lengths, axis=0)
    return np.asarray(((shares > _PLAUSIBLE[0]) & (shares < _PLAUSIBLE[1])).all(axis=1))


def _y_up(joints: Array) -> Array:
    """Return joints (T, 12, 3) turned so that Y is up: the axis along which the shoulders are above the ankles."""
    above = (joints[:, :2].mean(axis=1) - joints[:, 10:12].mean(axis=1)).mean(axis=0)
    axis = int(np.argmax(np.abs(above)))
    # a cyclic exchange of axes and a half turn are rotations: left stays left
    turned = np.roll(joints, 1 - axis, axis=-1)
    return turned if above[axis] > 0 else turned * [-1, -1, 1]


def straightened(points: Floats) -> Floats:
    """Return bodies (T, 14, 3) whose knees are straight when they are straightest: bent by 4° a tenth of the time.

    The skeletons that motion capture is solved on put hips, knees and ankles where it suits them: people who stand still
    and direct the traffic have knees bent by 27° in CMU's, and by 20° in Bandai Namco's. A network that learns from those
    bends every straight leg. The bend in excess, 25° at most, is taken off all frames; hips stay, ankles go out along the leg.
    """
    _, _, forward = trunk_axes(points)
    result = points.copy()
    for leg in LEGS:
        bend = bent(points, leg)
        excess = np.clip(np.percentile(bend, 10) - _STANDING, 0, _MOST_WRONG)
        direction, side = side_of_bend(points, leg, forward)
        first, second = (
            np.linalg.norm(points[:, end] - points[:, start], axis=-1)
            for start, end in ((leg[0], leg[1]), (leg[1], leg[2]))
        )
        placed = place(points[:, leg[0]], direction, side, first, second, (bend - excess).clip(0))
        result[:, leg[1]], result[:, leg[2]] = placed
    return result


def with_face(joints: Array) -> Floats:
    """Return the fourteen points for twelve joints (…, 12, 3), the face straight ahead of the trunk."""
    points = np.concatenate([joints, np.zeros((*joints.shape[:-2], 2, 3))], axis=-2)
    _, up, forward = trunk_axes(points)
    middle = joints[..., :2, :].mean(axis=-2)
    for row, (high, ahead) in zip(range(FACE.start, FACE.stop), (TRAINED_NOSE, TRAINED_EYES), strict=True):
        points[..., row, :] = middle + ADULT_STATURE * (high * up + ahead * forward)
    return points.astype(np.float32)
