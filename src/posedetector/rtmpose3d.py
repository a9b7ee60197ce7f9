"""The API of the RTMPose3D package: a BGR picture in, a dict of 133 points of each person in it out.

Whoever used that package changes the import. The networks are `estimators.rtmw3d`'s; here are names, axes and defaults.
"""

import json
import sys
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from posedetector import weights
from posedetector.anthropometry import ADULT_STATURE
from posedetector.downloads import Told
from posedetector.errors import InputError, OutputError
from posedetector.estimators import RTMW3DSettings
from posedetector.models.torch_extra import need_torch
from posedetector.pose import Array, ByteArray, as_picture
from posedetector.skeletons import COCO_WHOLEBODY_133
from posedetector.subject import Subject

if TYPE_CHECKING:
    from posedetector.estimators.rtmw3d import RTMW3D

_SIZES = ("l", "x")
_POINTS = len(COCO_WHOLEBODY_133)
_NAMES = {
    "rtmpose3d": "l",
    "rtmpose3d-l": "l",
    "rtmpose3d-large": "l",
    "rtmpose3d-x": "x",
    "rtmpose3d-xlarge": "x",
}
_OWNER = "rbarac/"  # of the model's page, which is named so
_MODEL_TYPE = "rtmpose3d"
_CONFIG = "config.json"


class RTMPose3DInference:
    """RTMDet-m finds people in a picture, RTMW3D-l or -x 133 points of each.

    Calls, keys, shapes and kinds of numbers are the RTMPose3D package's. What differs, on purpose:

    =============  ==================================  ================================================================
    what           there                               here
    =============  ==================================  ================================================================
    axes           the README's, X and Y negated       the README's: X left to right of the picture, Y away, Z up
    origin         a camera, the hips 5.14388 m away   the middle of the hips: one picture does not tell how far he is
    unit           1145 px of focal length, principal  metres of a grown person of 1.70 m, or with `height` of this
                   point (height/2, width/2)           one; no focal length and no principal point are assumed, so that
                                                       perspective stays in it: up to 0.1 m near the picture's edge
    scores         as the network has them, above 1    cut to [0, 1]
    unseen points  somewhere                           NaN, score 0 (all of keypoints_3d, if a hip was not seen)
    nobody         four arrays of shape (0,)           (0, 133, 3), (0, 133, 2), (0, 133), (0, 4); a warning as there
    device         cuda:0, or it fails                 the best there is; one that was named and is not there is an error
    bad pictures   whatever comes of them              grey is taken as such, transparency left out, InputError for others
    configurations mmdet's and mmpose's                not read, with a warning: a checkpoint says what it is
    =============  ==================================  ================================================================

    Parameters
    ----------
    model_size : l or x.
    detector_config, pose_config : not read.
    detector_checkpoint, pose_checkpoint : a file, or its address (http, https); None downloads OpenMMLab's, once.
    device : cpu, cuda, cuda:0, mps; None or "auto" for the first CUDA device, or what there is.
    cache_dir : where downloads go and are looked for, in place of posedetector's cache folder.
    download_progress : told bytes had and bytes in all.

    Raises
    ------
    InputError
        For a size or a device that there is not, or without PyTorch (the extra `torch`).
    WeightsError
        When a file cannot be had, is damaged, or is another network or size.
    """

    def __init__(
        self,
        model_size: str = "l",
        detector_config: str | None = None,
        detector_checkpoint: str | Path | None = None,
        pose_config: str | None = None,
        pose_checkpoint: str | Path | None = None,
        device: str | None = None,
        cache_dir: str | Path | None = None,
        *,
        download_progress: Told | None = None,
    ) -> None:
        for name, given in (("detector_config", detector_config), ("pose_config", pose_config)):
            if given is not None:
                warnings.warn(f"{name} is not read: a checkpoint itself says what it is", stacklevel=_caller())
        self.model_size = _size(model_size)
        self._device = _device(device)
        cache = None if cache_dir is None else Path(cache_dir).expanduser()
        detector = _file("rtmdet-m", detector_checkpoint, cache, download_progress)
        points = _file(f"rtmw3d-{self.model_size}", pose_checkpoint, cache, download_progress)
        # every box there is: each call has its own threshold
        self._settings = RTMW3DSettings(
            model=self.model_size, checkpoint=points, detector_checkpoint=detector, bbox_thr=0.0
        )
        self._networks = self._on(self._device)

    @property
    def device(self) -> str:
        """Where the networks are: cpu, cuda:0, mps."""
        return self._device

    def to(self, device: str | None) -> Self:
        """Bring the networks to another device; they are read from their files again."""
        wanted = _device(device)
        if wanted != self._device:
            self._networks = self._on(wanted)
            self._device = wanted
        return self

    def __call__(
        self, image: ByteArray, bbox_thr: float = 0.3, single_person: bool = False, *, height: float | None = None
    ) -> dict[str, NDArray[Any]]:
        """Return the N people in a picture, the surest first.

        Parameters
        ----------
        image : (H, W, 3) uint8, BGR as OpenCV reads it; (H, W) and (H, W, 1) are grey, of (H, W, 4) the last is left out.
        bbox_thr : people found less surely do not count; in [0, 1], and nobody is ever found below 0.05.
        single_person : only the largest and surest: whose area times score is greatest.
        height : metres, of the person; of each of them, if there are several. None makes everybody 1.70 m tall.

        Returns
        -------
        dict
            keypoints_3d : (N, 133, 3) float64 metres from the middle of the hips: X to the right of the picture, Y away
            from the camera, Z up; NaN where not seen.
            keypoints_2d : (N, 133, 2) float64 pixels; NaN where not seen.
            scores : (N, 133) float32 in [0, 1].
            bboxes : (N, 4) float32 left, top, right, bottom, pixels.

        Raises
        ------
        InputError
            For a picture, a threshold or a height that cannot be used.
        """
        picture = as_picture(image)
        least = _threshold(bbox_thr)
        factor = 1.0 if height is None else (Subject(height=height).height or ADULT_STATURE) / ADULT_STATURE
        rgb = np.ascontiguousarray(picture[..., ::-1])
        boxes, sure = self._networks.detect([rgb])[0]
        kept = sure > least
        boxes, sure = boxes[kept], sure[kept]
        if single_person:
            areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
            boxes = boxes[np.argsort(-areas * sure, kind="stable")[:1]]
        if not len(boxes):
            warnings.warn(
                f"nobody was found more surely than {least:g} (boxes less sure: {len(kept)})", stacklevel=_caller()
            )
        people = self._networks.poses([rgb], [boxes])[0]
        xyz = [_z_up(person.xyz) * factor for person in people if person.xyz is not None]
        return {
            "keypoints_3d": np.array(xyz, np.float64).reshape(-1, _POINTS, 3),
            "keypoints_2d": np.array([person.xy for person in people], np.float64).reshape(-1, _POINTS, 2),
            "scores": np.array([person.score for person in people], np.float32).reshape(-1, _POINTS),
            "bboxes": boxes.astype(np.float32).reshape(-1, 4),
        }

    def _on(self, device: str) -> "RTMW3D":
        from posedetector.estimators.rtmw3d import RTMW3D

        return RTMW3D(self._settings.model_copy(update={"device": device}))


@dataclass
class RTMPose3DConfig:
    """What `RTMPose3D` is made of, and a folder's config.json holds; see `RTMPose3DInference`."""

    model_size: str = "l"
    num_keypoints: int = _POINTS
    bbox_thr: float = 0.3
    device: str | None = None
    cache_dir: str | Path | None = None
    detector_config: str | None = None
    pose_config: str | None = None
    detector_checkpoint: str | Path | None = None
    pose_checkpoint: str | Path | None = None

    def __post_init__(self) -> None:
        self.model_size = _size(self.model_size)
        self.bbox_thr = _threshold(self.bbox_thr)
        if self.num_keypoints != _POINTS:
            raise InputError(f"num_keypoints is {_POINTS}, got {self.num_keypoints!r}")
        for name in ("device", "cache_dir", "detector_config", "pose_config", "detector_checkpoint", "pose_checkpoint"):
            if not isinstance(value := getattr(self, name), str | Path | None):
                raise InputError(f"{name} is a text or nothing, got {value!r}")

    @property
    def model_type(self) -> str:
        """The word in config.json that says whose it is."""
        return _MODEL_TYPE

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | Path, **settings: Any) -> Self:
        """Return the settings of a model by name, or of a folder's config.json, and these instead of them.

        Raises
        ------
        InputError
            For a name that is none, a folder without config.json, or one with another model's; for a setting that there
            is not.
        """
        known = {field.name for field in fields(cls)}
        if foreign := settings.keys() - known:
            raise InputError(f"there is no setting {', '.join(sorted(foreign))}; there are {', '.join(sorted(known))}")
        if not isinstance(pretrained_model_name_or_path, str | Path) or not str(pretrained_model_name_or_path).strip():
            raise InputError(f"a model is a name or a folder, got {pretrained_model_name_or_path!r}")
        read = _settings_of(pretrained_model_name_or_path)
        return cls(**{name: value for name, value in read.items() if name in known} | settings)

    def to_dict(self) -> dict[str, Any]:
        """Return what config.json holds; no device where none was chosen."""
        content = {"model_type": _MODEL_TYPE, **asdict(self)}
        if self.device is None:
            del content["device"]
        return {name: str(value) if isinstance(value, Path) else value for name, value in content.items()}

    def save_pretrained(self, save_directory: str | Path) -> None:
        """Write config.json into a folder, which is made; raises OutputError if it cannot be."""
        target = Path(save_directory) / _CONFIG
        part = target.with_name(f"{_CONFIG}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8", newline="\n")
            part.replace(target)
        except OSError as error:
            raise OutputError(f"cannot write {target}: {error.strerror or error}") from error


class RTMPose3D:
    """The same in the style of Hugging Face's transformers: made by `from_pretrained`.

    Where it differs from that package's, beside what `RTMPose3DInference` says: a name that is none is an InputError (it
    had been size l), and so are a word other than np and pt and a setting that there is not; `to` brings the networks
    to the other device (it had changed a word).
    """

    def __init__(self, config: RTMPose3DConfig, *, download_progress: Told | None = None) -> None:
        self._model = RTMPose3DInference(
            model_size=config.model_size,
            detector_config=config.detector_config,
            detector_checkpoint=config.detector_checkpoint,
            pose_config=config.pose_config,
            pose_checkpoint=config.pose_checkpoint,
            device=config.device,
            cache_dir=config.cache_dir,
            download_progress=download_progress,
        )
        self.config = replace(config)  # the device as it was chosen: another machine may have another one

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        download_progress: Told | None = None,
        **settings: Any,
    ) -> Self:
        """Make a model by its name, or from a folder that `save_pretrained` wrote; `settings` are `RTMPose3DConfig`'s.

        The names are rtmpose3d-l (also rtmpose3d-large, rtmpose3d) and rtmpose3d-x (also rtmpose3d-xlarge), with or
        without rbarac/ before them.

        Raises
        ------
        InputError
            For a name, a folder or a setting that cannot be used.
        WeightsError
            When a file cannot be had, is damaged, or is another network or size.
        """
        config = RTMPose3DConfig.from_pretrained(pretrained_model_name_or_path, **settings)
        return cls(config, download_progress=download_progress)

    def save_pretrained(self, save_directory: str | Path) -> None:
        """Write the settings into a folder, as config.json; the networks stay where they are."""
        self.config.save_pretrained(save_directory)

    def __call__(
        self,
        image: ByteArray,
        bbox_thr: float | None = None,
        single_person: bool = False,
        return_tensors: str = "np",
        *,
        height: float | None = None,
    ) -> dict[str, Any]:
        """Return what `RTMPose3DInference` returns, as numpy's arrays (np) or as PyTorch's tensors on the CPU (pt)."""
        if return_tensors not in {"np", "pt"}:
            raise InputError(f"return_tensors is 'np' or 'pt', got {return_tensors!r}")
        least = self.config.bbox_thr if bbox_thr is None else bbox_thr
        found = self._model(image, bbox_thr=least, single_person=single_person, height=height)
        if return_tensors == "np":
            return found
        import torch

        return {name: torch.from_numpy(array) for name, array in found.items()}

    def forward(self, image: ByteArray, **options: Any) -> dict[str, Any]:
        """Return what a call returns."""
        return self(image, **options)

    @property
    def device(self) -> str:
        """Where the networks are: cpu, cuda:0, mps."""
        return self._model.device

    def to(self, device: str | None) -> Self:
        """Bring the networks to another device."""
        self._model.to(device)
        self.config.device = device
        return self

    def __repr__(self) -> str:
        config = self.config
        return (
            f"RTMPose3D(model_size={config.model_size!r}, num_keypoints={config.num_keypoints}, device={self.device!r})"
        )


def clear_cache() -> int:
    """Remove what was downloaded of RTMDet and RTMW3D from posedetector's cache folder; return the bytes that became free.

    Other networks stay there, and so does whatever lies in a `cache_dir` or came from an address of the caller's own.
    """
    return sum(weights.clear(name) for name in weights.WEIGHTS if name.startswith(("rtmdet", "rtmw3d")))


def _size(given: str) -> str:
    size = given.lower() if isinstance(given, str) else given
    if size not in _SIZES:
        raise InputError(f"there is no model of size {given!r}; there are {', '.join(_SIZES)}")
    return size


def _threshold(given: float) -> float:
    if not isinstance(given, int | float | np.number) or not 0 <= given <= 1:  # False for NaN too
        raise InputError(f"bbox_thr is a number in [0, 1], got {given!r}")
    return float(given)


def _device(given: str | None) -> str:
    need_torch("RTMPose3D")
    from posedetector.models.torch_running import device_of

    try:
        found = str(device_of("auto" if given is None else str(given)))
    except InputError as error:
        raise InputError(f"{error} (in Python: device='auto', or device='cpu')") from error
    return "cuda:0" if found == "cuda" else found


def _file(name: str, given: str | Path | None, cache: Path | None, progress: Told | None) -> Path:
    if given is None:
        return weights.locate(name, cache=cache) or weights.fetch(name, progress=progress, cache=cache)
    if str(given).startswith(("http://", "https://")):
        return weights.fetch(name, progress=progress, cache=cache, url=str(given))
    return Path(given).expanduser()


def _z_up(xyz: Array) -> Array:
    """Return (J, 3) of a camera's frame (x right, y down, z away) as x right, y away, z up."""
    return xyz[:, [0, 2, 1]] * (1.0, 1.0, -1.0)


def _settings_of(name: str | Path) -> Mapping[str, Any]:
    file = Path(name) / _CONFIG
    if file.is_file():
        return _read(file)
    if size := _NAMES.get(str(name).lower().removeprefix(_OWNER)):
        return {"model_size": size}
    if Path(name).is_dir():
        raise InputError(f"there is no {_CONFIG} in {name}; save_pretrained writes one")
    raise InputError(f"there is no model {str(name)!r}, and no folder; there are {', '.join(_NAMES)}")


def _read(file: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{file} should hold settings by name, and holds a {type(content).__name__}")
    if content.get("model_type", _MODEL_TYPE) != _MODEL_TYPE:
        raise InputError(f"{file} is of a model of type {content['model_type']!r}, and {_MODEL_TYPE!r} was wanted")
    return content


def _caller() -> int:
    """Return the stacklevel, for a warning of the function that asks, of whoever called into this room."""
    level = 1
    while sys._getframe(level).f_globals["__name__"] == __name__:  # noqa: SLF001
        level += 1
    return level
