"""Which camera of a calibration file took the clip, and whether it fits the clip's pictures."""

import re
from dataclasses import replace
from pathlib import Path

from posedetector.errors import InputError
from posedetector.lenses.files import read_cameras
from posedetector.lenses.lens import Lens

_SAME_SHAPE = 0.005  # width over height: rounding to whole pixels, and no cropping
_BLOCK = 16  # pixels
_CENTRAL = (0.25, 0.75)  # where a principal point lies, in shares of the picture


def read_lens(path: Path, camera: str | None, clip: str, size: tuple[int, int]) -> tuple[Lens, list[str]]:
    """Return the lens with which a clip was filmed, for its picture's size, and what a reader should know about that.

    Parameters
    ----------
    path : the calibration file.
    camera : the camera's name in it; None takes the only one, or the one that the clip is called after.
    clip : the clip's name.
    size : width and height of its picture as it is shown, pixels.

    Raises
    ------
    InputError
        If the file cannot be read, if it is not clear which camera is meant, or if that is of other pictures.
    """
    lens = _chosen(path, read_cameras(path), camera, clip)
    if lens.size is None:
        _check_principal_point(path, lens, size)
        return lens.for_size(size), [
            (
                f"{path.name} does not say for pictures of which size {lens.camera} was calibrated: taken for the clip's, "
                f"{size[0]}×{size[1]}; if it was another, all positions and angles are off"
            )
        ]
    if lens.size != size and all(old in (new, _coded(new)) for old, new in zip(lens.size, size, strict=True)):
        _check_principal_point(path, lens, lens.size)
        return replace(lens, size=size, calibrated_size=lens.size), [
            (
                f"{lens.camera} was calibrated for pictures of {lens.size[0]}×{lens.size[1]}, and the clip shows {size[0]}×{size[1]}: "
                "the rest is taken for a codec's padding at the right and the lower edge"
            )
        ]
    shape, own = size[0] / size[1], lens.size[0] / lens.size[1]
    if abs(shape / own - 1) > _SAME_SHAPE:
        calibrated, shown = (f"{width}×{height}" for width, height in (lens.size, size))
        turned = abs(shape * own - 1) <= _SAME_SHAPE
        why = (
            "the picture was turned: calibrate with pictures as the clip shows them"
            if turned
            else "a part was cut off: calibrate with pictures of the clip's shape"
        )
        raise InputError(
            f"`calibration` {path}: {lens.camera} was calibrated for pictures of {calibrated}, the clip is shown at {shown}; {why}"
        )
    _check_principal_point(path, lens, lens.size)
    fitted = lens.for_size(size)
    if lens.size == size:
        return fitted, []
    return fitted, [
        (
            f"the lens of {lens.camera} was calibrated for pictures of {lens.size[0]}×{lens.size[1]} and scaled to the clip's "
            f"{size[0]}×{size[1]}; that is right if the camera scaled the whole picture, and wrong if it cut a part out of it"
        )
    ]


def _coded(side: int) -> int:
    """Return the number of pixels in whole blocks, as which codecs keep a picture's side: 1088 for 1080."""
    return -(-side // _BLOCK) * _BLOCK


def _check_principal_point(path: Path, lens: Lens, size: tuple[int, int]) -> None:
    shares = [point / side for point, side in zip(lens.principal_point, size, strict=True)]
    if not all(_CENTRAL[0] <= share <= _CENTRAL[1] for share in shares):
        raise InputError(
            f"`calibration` {path}: the principal point of {lens.camera}, {lens.principal_point[0]:.0f}, "
            f"{lens.principal_point[1]:.0f} px, is far from the middle of a picture of {size[0]}×{size[1]}: "
            "it was calibrated for other pictures"
        )


def _chosen(path: Path, cameras: dict[str, Lens], wanted: str | None, clip: str) -> Lens:
    listed = ", ".join(list(cameras)[:20]) + (", …" if len(cameras) > 20 else "")
    if wanted is not None:
        same = [lens for name, lens in cameras.items() if name == wanted] or [
            lens for name, lens in cameras.items() if name.lower() == wanted.lower()
        ]
        if len(same) != 1:
            raise InputError(f"there is no camera {wanted!r} in {path}; there are {listed}")
        return same[0]
    if len(cameras) == 1:
        return next(iter(cameras.values()))
    named = [lens for name, lens in cameras.items() if _parts(name) == _parts(clip)] or [
        lens for name, lens in cameras.items() if _within(_parts(name), _parts(clip))
    ]
    if len(named) != 1:
        raise InputError(
            f"{path} has {len(cameras)} cameras, and the clip's name, {clip}, does not say which: "
            f"`calibration_camera` picks one of {listed}"
        )
    return named[0]


def _parts(name: str) -> list[str]:
    """Return words and numbers of a name: cam_1, Cam01 and cam-001 are the same."""
    return [str(int(part)) if part.isdigit() else part for part in re.findall(r"[a-z]+|[0-9]+", name.lower())]


def _within(few: list[str], many: list[str]) -> bool:
    """Tell whether one name is a part of another, in one piece; a number alone is no name."""
    runs = (many[start : start + len(few)] for start in range(len(many) - len(few) + 1))
    return any(not part.isdigit() for part in few) and few in runs
