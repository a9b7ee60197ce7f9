"""The table of networks: what each file is called, whence it comes, how it is known, what its licence allows.

`locate` looks in `checkpoints/`, in the cache folder (POSEDETECTOR_HOME, or the platform's), and in the package;
`fetch` downloads into the cache and goes on where it was cut off. A file is recognised by its SHA-256. Where the table
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

ASSETS = Path(__file__).parent / "assets"
_ZIP = b"PK\x03\x04"
_TORCH_FILES = (_ZIP, b"\x80\x02")  # PyTorch's zip, and the bare pickles of before 1.6
_ONNX_FILES = (b"\x08",)  # a protobuf whose first field is the version of the format

Trust = Literal["table", "first use", "as at first use", "own file"]
Check = Callable[[Path], object]


@dataclass(frozen=True)
class LifterLayout:
    """What a lifter's checkpoint takes and gives: skeletons by name, frames per second, which way it looks.

    `inputs` is what is made of the points for it, a name of `lifters.inputs.INPUTS`.
    """

    takes: str
    gives: str
    rate: float
    causal: bool = False
    inputs: str = "screen"


@dataclass(frozen=True)
class Weights:
    """One row of the table.

    Attributes
    ----------
    url : empty for what ships with the package.
    sha256 : of the file, or as many of its first digits as are published; empty where nobody published it.
    size : bytes, about.
    without : what works without this network.
    terms : what the licence forbids, in a few words.
    members : the files that a zip archive must hold to be this network; none for a PyTorch checkpoint.
    repacked : the same network is about in other archives too, so another digest is no damage.
    onnx : a file for onnxruntime, of the network of that name; empty for what PyTorch or MediaPipe runs.
    """

    name: str
    file: str
    url: str
    sha256: str
    size: int
    licence: str
    citation: str
    without: str
    terms: str = ""
    members: tuple[str, ...] = ()
    repacked: bool = False
    onnx: str = ""
    lifter: LifterLayout | None = None


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
        without="--model full works without a download",
        members=("pose_detector.tflite", "pose_landmarks_detector.tflite"),
        repacked=True,
    )


_H36M_TERMS = "trained on Human3.6M, whose own licence is for academic use"


def _temporal(name: str, url: str, licence: str, layout: LifterLayout, sha256: str = "") -> Weights:
    return Weights(
        name=name,
        file=url.rpartition("/")[2],
        url=url,
        sha256=sha256,
        size=67_900_000,
        licence=licence,
        terms=("not for commercial use; " if "NC" in licence else "") + _H36M_TERMS,
        citation="Pavllo, Feichtenhofer, Grangier & Auli, 3D human pose estimation in video with temporal convolutions "
        "and semi-supervised training, CVPR 2019",
        without="without --use-videopose3d the estimator's own depth is used",
        lifter=layout,
    )


_BUNDLED = Weights(
    name="bundled",
    file="lifter_243.pt",
    url="",
    sha256="753352950636e41970e9117051c269925ac089b187cc1d1c5ecc529b51fbd4ba",
    size=6_910_313,
    licence="Apache-2.0",
    citation="posedetector's own, trained on motion capture of mocap.cs.cmu.edu (NSF EIA-0196217) by `posedetector train`; "
    "the network is Pavllo et al.'s, CVPR 2019",
    without="without --use-videopose3d the estimator's own depth is used",
    lifter=LifterLayout("h36m_17", "h36m_17", 50.0, inputs="body"),
)

_RTMW = (
    "Jiang et al., RTMPose, 2023, arXiv:2303.07399; Jiang, Xie & Li, RTMW, 2024, arXiv:2407.08634; "
    "trained on 14 data sets, Human3.6M among them"
)
_RTM = "https://download.openmmlab.com/mmpose/v1"


def _openmmlab(name: str, url: str, size: int, citation: str) -> Weights:
    file = url.rpartition("/")[2]
    head = re.search(r"-([0-9a-f]{8})[._]", file)
    return Weights(
        name=name,
        file=file,
        url=url,
        sha256=head[1] if head else "",  # OpenMMLab's files carry the first digits of theirs in their names
        size=size,
        licence="Apache-2.0",
        terms="trained on Human3.6M among others, whose own licence is for academic use" if "3d" in name else "",
        citation=citation,
        without="--estimator mediapipe works without a download",
    )


def _onnx(network: Weights, name: str, file: str, *, url: str = "") -> Weights:
    """Return the row of a network's ONNX file; without an address, that of our own export."""
    return replace(network, name=name, file=file, url=url, sha256="", onnx=network.name)


_FAIR = "https://dl.fbaipublicfiles.com/video-pose-3d"
_MMPOSE = "https://download.openmmlab.com/mmpose/body3d/videopose"
_NC = "CC BY-NC 4.0"

_OPENMMLAB = (
    _openmmlab(
        "rtmdet-m",
        f"{_RTM}/projects/rtmpose/rtmdet_m_8xb32-100e_coco-obj365-person-235e8209.pth",
        99_000_000,
        "Lyu et al., RTMDet, 2022, arXiv:2212.07784",
    ),
    _openmmlab(
        "rtmw3d-l",
        f"{_RTM}/wholebody_3d_keypoint/rtmw3d/rtmw3d-l_8xb64_cocktail14-384x288-794dbc78_20240626.pth",
        231_000_000,
        _RTMW,
    ),
    _openmmlab(
        "rtmw3d-x",
        f"{_RTM}/wholebody_3d_keypoint/rtmw3d/rtmw3d-x_8xb64_cocktail14-384x288-b0a0eab7_20240626.pth",
        370_000_000,
        _RTMW,
    ),
)
# What `posedetector weights export` makes of these lies beside them, under their files' names with .onnx

WEIGHTS: dict[str, Weights] = {
    row.name: row
    for row in (
        _pose_landmarker("lite", "3dc99b4cc304f679ff03303508482e8eaa832d450039698f8c6955606a52d4af", 5_777_138),
        _pose_landmarker("full", "4923c2684ec663cfcc1ff5709b16d96e93910ce1af110db9b80e6eea7852fe1e", 9_397_622),
        _pose_landmarker("heavy", "8bc54a44e2cf4f04e3deabfa8477a4b1778d1be51808092ef86821ededc2bbad", 30_663_666),
        _BUNDLED,
        _temporal(
            "fair-detectron-coco",
            f"{_FAIR}/pretrained_h36m_detectron_coco.bin",
            _NC,
            LifterLayout("coco_17", "h36m_17", 50.0),
        ),
        _temporal("fair-cpn", f"{_FAIR}/pretrained_h36m_cpn.bin", _NC, LifterLayout("h36m_17", "h36m_17", 50.0)),
        _temporal(
            "fair-cpn-causal",
            f"{_FAIR}/cpn-ft-243-dbb-causal.bin",  # named by the authors in a thread, not in their documents
            _NC,
            LifterLayout("h36m_17", "h36m_17", 50.0, causal=True),
        ),
        _temporal(
            "mmpose-cpn",
            f"{_MMPOSE}/videopose_h36m_243frames_fullconv_supervised_cpn_ft-88f5abbb_20210527.pth",
            "Apache-2.0",
            LifterLayout("h36m_17", "h36m_17", 50.0),
            sha256="88f5abbb",
        ),
        *_OPENMMLAB,
        *(_onnx(row, f"{row.name}-exported", f"{row.file}.onnx") for row in _OPENMMLAB),
        _onnx(
            _OPENMMLAB[-1],
            "rtmw3d-x-onnx",
            f"{_OPENMMLAB[-1].file.removesuffix('.pth')}.onnx",
            url="https://huggingface.co/Soykaf/RTMW3D-x/resolve/main/onnx/rtmw3d-x_8xb64_cocktail14-384x288-b0a0eab7_20240626.onnx",
        ),
    )
}


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
        return Path(home).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "posedetector"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "posedetector"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "posedetector"


def row_of(name: str | Weights) -> Weights:
    """Return a row of the table, or the row that was given; raises InputError for a name that is not in the table."""
    if isinstance(name, Weights):
        return name
    if name not in WEIGHTS:
        raise InputError(f"there are no weights {name!r}; there are {', '.join(WEIGHTS)}")
    return WEIGHTS[name]


def locate(name: str | Weights, given: Path | None = None, *, cache: Path | None = None) -> Path | None:
    """Return the file of a network, or None when it is nowhere: `given`, checkpoints/, the cache, the package.

    `cache` is looked into in place of the cache folder.
    """
    if given is not None:
        if not given.is_file():
            raise WeightsError(f"there is no file {given} for {row_of(name).name}")
        return given
    file = row_of(name).file
    places = (Path("checkpoints"), cache or cache_folder(), ASSETS)
    return next((place / file for place in places if (place / file).is_file()), None)


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
    expected = record.read_text(errors="replace").partition(" ")[0]
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
        part.write_text(f"{loaded.sha256}  {loaded.path.name}\n")
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
            f"{path} is a PyTorch checkpoint, which --runtime torch runs; for onnxruntime, "
            f"`posedetector weights export {row.onnx} --onnx --checkpoint {path}` makes an ONNX file of it"
        )
    if not row.onnx and is_onnx:
        raise WeightsError(f"{path} is an ONNX file, which --runtime onnx runs, and a PyTorch checkpoint was wanted")
    if not (is_onnx if row.onnx else is_torch):
        kind = "an ONNX file" if row.onnx else "a PyTorch checkpoint"
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
            f"there is no ONNX file of {row.onnx} in checkpoints/ or {cache_folder()}; export it: "
            f"posedetector weights export {row.onnx} --onnx"
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
        lock.release()
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
