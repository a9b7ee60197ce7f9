"""The table of networks: what each file is called, whence it comes, how it is known, what its licence allows.

`locate` looks in `checkpoints/`, in the cache folder (POSEDETECTOR_HOME, or the platform's), and in the package;
`fetch` downloads into the cache. A file is recognised by its SHA-256; one that the table does not know has at least
to be built as it should be, and the provenance says that it was not known.
"""

import hashlib
import http.client
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from posedetector.errors import WeightsError

ASSETS = Path(__file__).parent / "assets"
_TIMEOUT = 30.0  # seconds without a byte
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Weights:
    """One row of the table.

    Attributes
    ----------
    sha256 : of the file this version was tested with.
    size : bytes, about.
    members : the files that a zip archive must hold to be this network.
    """

    name: str
    file: str
    url: str
    sha256: str
    size: int
    licence: str
    citation: str
    members: tuple[str, ...] = ()


def _pose_landmarker(variant: str, sha256: str, size: int) -> Weights:
    file = f"pose_landmarker_{variant}.task"
    base = "https://storage.googleapis.com/mediapipe-models/pose_landmarker"
    return Weights(
        name=f"mediapipe-{variant}",
        file=file,
        url=f"{base}/pose_landmarker_{variant}/float16/1/{file}",
        sha256=sha256,
        size=size,
        licence="Apache-2.0",
        citation="Bazarevsky et al., BlazePose, CVPR Workshop 2020; Grishchenko et al., BlazePose GHUM Holistic, 2022",
        members=("pose_detector.tflite", "pose_landmarks_detector.tflite"),
    )


WEIGHTS: dict[str, Weights] = {
    row.name: row
    for row in (
        _pose_landmarker("lite", "3dc99b4cc304f679ff03303508482e8eaa832d450039698f8c6955606a52d4af", 5_777_138),
        _pose_landmarker("full", "4923c2684ec663cfcc1ff5709b16d96e93910ce1af110db9b80e6eea7852fe1e", 9_397_622),
        _pose_landmarker("heavy", "8bc54a44e2cf4f04e3deabfa8477a4b1778d1be51808092ef86821ededc2bbad", 30_663_666),
    )
}


@dataclass(frozen=True)
class LoadedWeights:
    """A file that was found and recognised, as the provenance records it."""

    name: str
    path: Path
    sha256: str
    known: bool
    licence: str
    citation: str


def cache_folder() -> Path:
    """Return where downloads go: POSEDETECTOR_HOME, or the platform's cache folder."""
    if home := os.environ.get("POSEDETECTOR_HOME"):
        return Path(home).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "posedetector"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "posedetector"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "posedetector"


def locate(name: str, given: Path | None = None) -> Path | None:
    """Return the file of a network, or None when it is nowhere: `given`, checkpoints/, the cache, the package."""
    if given is not None:
        if not given.is_file():
            raise WeightsError(f"there is no file {given} for {name}")
        return given
    file = WEIGHTS[name].file
    places = (Path("checkpoints"), cache_folder(), ASSETS)
    return next((place / file for place in places if (place / file).is_file()), None)


def load(name: str, given: Path | None = None, *, progress: Callable[[int, int], None] | None = None) -> LoadedWeights:
    """Find a network's file, download it if it is nowhere, and make sure that it is what it says.

    Raises
    ------
    WeightsError
        If the file cannot be had, or is another one.
    """
    row = WEIGHTS[name]
    path = locate(name, given) or fetch(name, progress=progress)
    digest = verify(row, path)
    return LoadedWeights(name, path, digest, digest == row.sha256, row.licence, row.citation)


def verify(row: Weights, path: Path) -> str:
    """Return the SHA-256 of a file that can be this network; raises WeightsError when it cannot."""
    try:
        if row.members:
            with zipfile.ZipFile(path) as archive:
                missing = set(row.members) - set(archive.namelist())
                if missing:
                    raise WeightsError(f"{path} is not {row.name}: it holds no {' and no '.join(sorted(missing))}")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{path} is not {row.name}: {error}") from error


def fetch(name: str, *, progress: Callable[[int, int], None] | None = None) -> Path:
    """Download a network into the cache folder; `progress` is told bytes had and bytes in all."""
    row = WEIGHTS[name]
    target = cache_folder() / row.file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeightsError(f"{name} cannot be kept in {target.parent}: {error.strerror}") from error
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        part = Path(folder) / row.file
        try:
            with urllib.request.urlopen(row.url, timeout=_TIMEOUT) as answer, part.open("wb") as file:  # noqa: S310 -- https only, from the table
                total = int(answer.headers.get("Content-Length") or row.size)
                while block := answer.read(_CHUNK):
                    file.write(block)
                    if progress is not None:
                        progress(file.tell(), total)
                if answer.headers.get("Content-Length") and file.tell() < total:
                    raise ConnectionError(f"cut off after {file.tell()} of {total} bytes")
            verify(row, part)
        except (http.client.HTTPException, OSError, WeightsError) as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()  # it holds the connection
            reason = f"what came is not {name}" if isinstance(error, WeightsError) else getattr(error, "reason", error)
            raise WeightsError(
                f"{name} is not on this machine and cannot be downloaded ({reason}): get {row.url} elsewhere and put it "
                f"into {target.parent} as {row.file}; --model full works without a download"
            ) from error
        shutil.move(part, target)
    return target
