"""The files of networks: where they are looked for, how they come here, and how they are known.

`locate` looks in the checkout's `checkpoints/`, in the cache folder (POSEDETECTOR_HOME, or the platform's), and in the package,
wherever the program was started; `fetch` downloads into the cache and goes on where it was cut off. A file is recognised by its SHA-256. Where the table
cannot name it, the digest of the first file is written beside it and holds from then on; the provenance says so.
"""

import hashlib
import os
import re
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from posedetector.downloads import FAILURES, Told, download, reason_of, version_of
from posedetector.errors import InputError, WeightsError
from posedetector.weights.table import WEIGHTS, LifterLayout, Weights

__all__ = ["WEIGHTS", "LifterLayout", "Weights"]

ASSETS = Path(__file__).parents[1] / "assets"


def _checkpoints_of(package: Path) -> Path | None:
    """Return `checkpoints/` beside `src/` of the checkout that holds the package; None where the package is installed."""
    project = package.parents[1]
    return project / "checkpoints" if package.parent.name == "src" and (project / "pyproject.toml").is_file() else None


CHECKPOINTS = _checkpoints_of(Path(__file__).resolve().parents[1])
_ZIP = b"PK\x03\x04"  # of arrays too
_TORCH_FILES = (_ZIP, b"\x80\x02")  # PyTorch's zip, and the bare pickles of before 1.6
_ONNX_FILES = (b"\x08",)  # a protobuf whose first field is the version of the format

Trust = Literal["table", "first use", "as at first use", "own file"]
Check = Callable[[Path], object]


@dataclass(frozen=True)
class LoadedWeights:
    """A file that was found and recognised, as the provenance records it.

    Attributes
    ----------
    trust : whence its digest is known: the table; its first use, kept beside it; or not at all, since this is that first
        use, or a file of the user's own.
    terms : what the licence asks for; of a file of the user's own, if it is the network of that name itself.
    """

    name: str
    path: Path
    sha256: str
    trust: Trust
    licence: str
    citation: str
    terms: str = ""

    @property
    def known(self) -> bool:
        """Whether it is the very file that this version was made for."""
        return self.trust == "table"

    @property
    def label(self) -> str:
        """The name in the table; of a file of the user's own, the file's, and what it is built like."""
        return f"{self.path.name}, built like {self.name}" if self.trust == "own file" else self.name


def cache_folder() -> Path:
    """Return where downloads go: POSEDETECTOR_HOME, or the platform's cache folder."""
    if home := os.environ.get("POSEDETECTOR_HOME"):
        return Path(home).expanduser().absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "posedetector"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "posedetector"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "posedetector"


def search_folders(cache: Path | None = None) -> tuple[Path, ...]:
    """Return the folders in which networks are looked for, the first one first; `cache` takes the place of the cache folder."""
    return (*([CHECKPOINTS] if CHECKPOINTS else []), cache or cache_folder(), ASSETS)


def row_of(name: str | Weights) -> Weights:
    """Return a row of the table, or the row that was given; raises InputError for a name that is not in the table."""
    if isinstance(name, Weights):
        return name
    if name not in WEIGHTS:
        raise InputError(f"there are no weights {name!r}; there are {', '.join(WEIGHTS)}")
    return WEIGHTS[name]


def locate(name: str | Weights, given: Path | None = None, *, cache: Path | None = None) -> Path | None:
    """Return the file of a network, or None when it is nowhere: `given`, or that in `search_folders`.

    `cache` is looked into in place of the cache folder.
    """
    if given is not None:
        if not given.is_file():
            raise WeightsError(f"there is no file {given} for {row_of(name).name}")
        return given
    file = row_of(name).file
    return next((place / file for place in search_folders(cache) if (place / file).is_file()), None)


def load(
    name: str | Weights, given: Path | None = None, *, progress: Told | None = None, check: Check | None = None
) -> LoadedWeights:
    """Find a network's file, download it if it is nowhere, and make sure that it is what it says.

    `check` raises WeightsError for a download that does not work, so that it is not kept.

    Raises
    ------
    WeightsError
        If the file cannot be had, or is another one.
    """
    row = row_of(name)
    path = locate(name, given) or fetch(name, progress=progress, check=check)
    digest, trust = verify(row, path)
    if trust == "own file":  # what the table says is said of another file
        return LoadedWeights(row.name, path, digest, trust, "licence not known", "", row.terms)
    return LoadedWeights(row.name, path, digest, trust, row.licence, row.citation, row.terms)


def verify(row: Weights, path: Path) -> tuple[str, Trust]:
    """Return the SHA-256 of a file that can be this network, and whence it is known.

    Raises WeightsError for a file that is built wrongly, or has another digest than it should.
    """
    digest = _digest(row, path)
    if row.sha256 and digest.startswith(row.sha256):
        return digest, "table"
    if path.name != row.file:
        return digest, "own file"
    _check_digest(row, path, digest)
    record = _beside(path, "sha256")
    if not record.exists():
        return digest, "first use"
    expected = record.read_text(encoding="utf-8", errors="replace").partition(" ")[0]
    if digest != expected:
        raise WeightsError(
            f"{path} is not what it was at its first use: its SHA-256 is {digest}, and {record.name} beside it says "
            f"{expected or 'nothing'}; delete that record if you changed the file yourself, and the file if you did not"
        )
    return digest, "as at first use"


def remember(loaded: LoadedWeights) -> None:
    """Write the digest of a file beside it that nobody published; called when the file has shown that it works."""
    if loaded.trust != "first use":
        return
    record = _beside(loaded.path, "sha256")
    part = _beside(record, "part")
    with suppress(OSError):  # a folder that cannot be written: the next use is a first one again
        part.write_text(f"{loaded.sha256}  {loaded.path.name}\n", encoding="utf-8", newline="\n")
        part.replace(record)


def onnx_of(name: str, given: Path | None = None, *, progress: Told | None = None) -> LoadedWeights:
    """Find the ONNX file of a network: `given`, an export of ours, or another's, which is downloaded if it is nowhere.

    Raises
    ------
    WeightsError
        If there is none and nobody offers one, or it is no ONNX file; the text says how to make one.
    """
    own, *others = (row.name for row in WEIGHTS.values() if row.onnx == name)
    if given is not None or locate(own) or not others:
        return load(own, given)
    return load(others[0], progress=progress)


def _check_digest(row: Weights, path: Path, digest: str) -> None:
    if row.sha256 and not row.repacked and not digest.startswith(row.sha256):
        raise WeightsError(
            f"{path} is not {row.name}, or is damaged: its SHA-256 should begin with {row.sha256}, and is {digest}"
        )


def _digest(row: Weights, path: Path) -> str:
    try:
        if row.members:
            with zipfile.ZipFile(path) as archive:
                missing = set(row.members) - set(archive.namelist())
                if missing:
                    raise WeightsError(f"{path} is not {row.name}: it holds no {' and no '.join(sorted(missing))}")
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if not row.members:
                _check_kind(row, path, start)
            if start.startswith(_ZIP) and not zipfile.is_zipfile(file):
                raise WeightsError(f"{path} is not {row.name}, or is damaged: its end is missing")
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise WeightsError(f"{path} is not {row.name}: {error}") from error


def forget(path: Path) -> None:
    """Remove what `remember` wrote beside a file; called when the file was made anew on purpose."""
    with suppress(OSError):
        _beside(path, "sha256").unlink()


def _check_kind(row: Weights, path: Path, start: bytes) -> None:
    is_torch, is_onnx = start.startswith(_TORCH_FILES), start.startswith(_ONNX_FILES)
    if row.onnx and is_torch:
        raise WeightsError(
            f'{path} is a PyTorch checkpoint, which `runtime="torch"` runs; for onnxruntime, '
            f"`posedetector weights export {row.onnx} --onnx --checkpoint {path}` makes an ONNX file of it"
        )
    if not row.is_onnx and is_onnx:
        raise WeightsError(f'{path} is an ONNX file, which `runtime="onnx"` runs, and a PyTorch checkpoint was wanted')
    if not (is_onnx if row.is_onnx else is_torch):
        kind = (
            "an ONNX file" if row.is_onnx else "a file of arrays" if path.suffix == ".npz" else "a PyTorch checkpoint"
        )
        raise WeightsError(f"{path} is not {row.name}: {kind} does not begin with {start!r}")


def fetch(
    name: str | Weights,
    *,
    progress: Told | None = None,
    check: Check | None = None,
    cache: Path | None = None,
    url: str | None = None,
) -> Path:
    """Download a network into the cache folder, or into `cache`; `progress` is told bytes had and bytes in all.

    `url` is where another file of the same architecture is; the table's digest is not asked of it, and its name in the
    cache says from where it came. What came before a connection was cut is kept, and the next call goes on from there. Several processes take turns.
    """
    from filelock import FileLock

    row = row_of(name) if url is None else _from_elsewhere(row_of(name), url)
    if row.onnx and not row.url:
        raise WeightsError(
            f"there is no ONNX file of {row.onnx} in {' or '.join(map(str, search_folders()[:-1]))}; export it once, which PyTorch does: "
            f"`uv run --extra onnx --extra torch posedetector weights export {row.onnx} --onnx`"
        )
    if not row.url:
        raise WeightsError(f"{row.name} ships with posedetector, and {ASSETS / row.file} is missing: install it again")
    target = (cache or cache_folder()) / row.file
    lock = FileLock(_beside(target, "lock"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise _unavailable(row, target, f"it cannot be kept in {target.parent}: {error.strerror}") from error
    try:
        if not target.is_file():
            _fetch(row, target, progress, check)
    finally:
        with suppress(OSError):
            Path(lock.lock_file).unlink()  # before it is released: who waits for it sees that it is gone
        lock.release()  # on Windows, where no open file can be removed, this removes it
    return target


def _from_elsewhere(row: Weights, url: str) -> Weights:
    file = re.fullmatch(r"https?://[^/?#]+/(?:[^?#]*/)?([\w%+=@-][\w.%+=@-]*)(?:[?#].*)?", url)
    if not file:
        raise InputError(f"a checkpoint's address is http(s)://…/file.pth, got {url!r}")
    # files of two addresses are often called alike
    name = f"{hashlib.sha256(url.encode()).hexdigest()[:8]}-{file[1]}"
    return replace(row, file=name, url=url, sha256="")


def _fetch(row: Weights, target: Path, progress: Told | None, check: Check | None) -> None:
    part = _beside(target, "part")
    try:
        download(row.url, part, row.size, progress)
    except FAILURES as error:
        kept = part.stat().st_size if part.exists() else 0
        more = f"; {kept} bytes are kept, and the next try goes on from there" if kept else ""
        if not kept:
            part.unlink(missing_ok=True)
            version_of(part).unlink(missing_ok=True)
        raise _unavailable(row, target, reason_of(error) + more) from error
    try:
        _check_digest(row, part, _digest(row, part))
        if check is not None:
            check(part)
    except WeightsError as error:
        part.unlink()
        raise _unavailable(row, target, f"what came is not {row.name}: {error}") from error
    part.replace(target)


def _unavailable(row: Weights, target: Path, reason: str) -> WeightsError:
    return WeightsError(
        f"{row.name} is not on this machine and cannot be downloaded ({reason}): get {row.url} elsewhere and put it "
        f"into {target.parent} as {row.file}; {row.without}"
    )


def clear(name: str) -> int:
    """Remove what was downloaded of a network; return the bytes that became free."""
    target, freed = cache_folder() / row_of(name).file, 0
    for path in (target, *(_beside(target, kind) for kind in ("sha256", "part", "part.version", "lock"))):
        with suppress(OSError):
            size = path.stat().st_size
            path.unlink()
            freed += size
    return freed


def _beside(path: Path, kind: str) -> Path:
    return path.with_name(f"{path.name}.{kind}")
