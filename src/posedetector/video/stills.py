"""Image files as upright RGB of square pixels: EXIF orientation, resolution, depth, palette and alpha, pages.

Pillow reads them all: its messages are exceptions, where OpenCV's libraries print theirs. It gives the same pixels.
"""

import math
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from posedetector.errors import VideoError
from posedetector.pose import ByteArray, Frame
from posedetector.video.geometry import check_shape, flipped, mirror_note
from posedetector.video.nouns import FOLDER_RATE, Selection, Video, ends_early

if TYPE_CHECKING:
    from PIL import Image

_MEGAPIXELS = 178  # Pillow's limit
_SINGLE = {"JPEG", "MPO"}  # what else such a file holds is previews, depth and the other eye's view
_WHOLE_NUMBERS = {"I", "I;16", "I;16B", "I;16L"}
_ORIENTATION = 0x0112  # EXIF's tag
_MIRRORING = {2, 4, 5, 7}  # its values that do not only turn
_SAME_RESOLUTION = 0.01  # relative difference; they are rounded to whole dots per metre or inch
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    struct.error,
)  # as Pillow's readers raise it


@contextmanager
def _opened(path: Path) -> Iterator["Image.Image"]:
    """Open an image file; raises VideoError for one that is none, is damaged, or too large."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path)
        with image:
            check_shape(image.size, str(path))
            yield image
    except Image.DecompressionBombError as error:
        raise VideoError(f"{path} is too large: images may have up to {_MEGAPIXELS} megapixels") from error
    except UnidentifiedImageError as error:
        raise VideoError(
            f"{path} is not an image that can be read; JPEG and PNG, and TIFF of 8 or 16 bits always can"
        ) from error
    except OSError as error:
        if error.strerror:
            raise VideoError(f"{path} cannot be read: {error.strerror}") from error
        raise VideoError(f"{path} is damaged or incomplete: {error}") from error
    except _DAMAGE as error:
        raise VideoError(f"{path} is damaged or incomplete: {error}") from error


def load_still(path: Path, *, mirrored: bool = False) -> ByteArray:
    """Return the (first) image of a file as it is to be displayed, (H, W, 3) RGB; raises VideoError."""
    with _opened(path) as image:
        return _displayed(path, image, mirrored=mirrored)


def notes_on(path: Path, *, mirrored: bool) -> list[str]:
    """Return what to say of how a file's images are displayed; raises VideoError."""
    with _opened(path) as image:
        if mirrored:
            notes = [mirror_note(undone=True)]
        else:
            notes = [mirror_note(undone=False)] if image.getexif().get(_ORIENTATION) in _MIRRORING else []
        across, down = image.info.get("dpi") or (1, 1)
        if across > 0 and down > 0 and abs(math.log(across / down)) > _SAME_RESOLUTION:
            notes.append(
                f"the images declare {across:.0f}×{down:.0f} dots per inch; like image viewers, their pixels were taken to be "
                "square: if they are not, correct the images first"
            )
        return notes


def pages_of(path: Path) -> list[float | None]:
    """Return for each page of an image file how many seconds it is shown; None where it does not say. Raises VideoError."""
    with _opened(path) as image:
        if image.format in _SINGLE or getattr(image, "n_frames", 1) == 1:
            return [None]
        shown: list[float | None] = []
        for page in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(page)
            if image.format == "WEBP":
                image.load()  # its durations stand beside the pixels
            shown.append(image.info["duration"] / 1000 if image.info.get("duration") else None)
        return shown


def open_pages(
    path: Path, name: str, shown: list[float | None], rate: float | None, selection: Selection, *, mirrored: bool
) -> Video:
    """Open an image file of several pages (TIFF stack, animated WebP or PNG) as a video; raises VideoError.

    Parameters
    ----------
    shown : seconds for which each page is shown (`pages_of`). Unless all are known, or a rate is given, they are FOLDER_RATE's.
    """
    with _opened(path) as image:
        size = _displayed(path, image, mirrored=False).shape[1::-1]
    seconds = [one for one in shown if one is not None]
    assumed = rate is None and len(seconds) < len(shown)
    if rate is not None or assumed:
        seconds = [1 / (rate or FOLDER_RATE)] * len(shown)
    times = [0.0, *accumulate(seconds[:-1])]
    chosen = [page for page, time in enumerate(times) if selection.begun(time) and not selection.over(time)]
    chosen = chosen[:: selection.every]
    if not chosen:
        raise VideoError(
            f"no page of {path} lies in the part that was selected: it has {len(times)}, the last one at {times[-1]:.2f} s"
        )

    def read(video: Video) -> Iterator[Frame]:
        video.notes.extend(notes_on(path, mirrored=mirrored))
        if assumed:
            video.notes.append(
                f"the pages of an image file carry no times: {FOLDER_RATE:g} frames per second assumed; --fps says otherwise"
            )
        if selection.end is not None and selection.end - times[-1] > 1.5 * seconds[-1]:
            video.notes.append(ends_early(selection, times[-1]))
        others = 0
        with _opened(path) as image:
            for page in chosen:
                image.seek(page)
                pixels = _displayed(path, image, mirrored=mirrored)
                if pixels.shape[1::-1] == size:
                    yield Frame(page, times[page], pixels)
                else:
                    others += 1
        if others:
            video.notes.append(f"{others} pages have another size than the first and were left out")

    pace = 1 / float(np.median(seconds)) / selection.every
    return Video(name, size, pace, len(chosen), read, selection)


def _displayed(path: Path, image: "Image.Image", *, mirrored: bool) -> ByteArray:
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    pixels = _rgb(path, image)
    return flipped(pixels) if mirrored else pixels


def _rgb(path: Path, image: "Image.Image") -> ByteArray:
    """Return the pixels; transparency is left out, of 16 bits the upper 8 are taken."""
    if image.mode == "F":
        raise VideoError(
            f"{path} has 32-bit floating-point pixels, whose range is not defined: convert it to 8 or 16 bits"
        )
    if image.mode not in _WHOLE_NUMBERS:
        return np.array(image.convert("RGB"))
    grey = np.asarray(image)
    if grey.min() < 0 or grey.max() > 0xFFFF:
        raise VideoError(f"{path} has 32-bit pixels beyond 0–65,535: convert it to 8 or 16 bits")
    return np.repeat((grey >> 8).astype(np.uint8)[..., None], 3, axis=2)
