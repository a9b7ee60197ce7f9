"""What has to stand in for three packages before OpenMMLab's can be imported.

mmpose and mmdet import mmcv's compiled operators, torchvision and xtcocotools, of which finding people and their points
needs one function: non-maximum suppression. Where the real ones are installed they are left alone.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from io import StringIO
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any

from posedetector.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

_PACKAGES = ("torch", "mmengine", "mmcv", "mmdet", "mmpose")
_OPERATORS = "mmcv._ext"
_COCO = ("", ".coco", ".cocoeval", ".mask")
_importing = RLock()  # what stands in is in `sys.modules` for one thread at a time
_ROOMS = {"mmdet": ("models", "datasets"), "mmpose": ("codecs", "models", "datasets", "visualization", "apis")}


def bring_in(*, debug: bool = False) -> None:
    """Import OpenMMLab's packages, so that what their configurations name can be built.

    Raises
    ------
    InputError
        If they are not installed.
    """
    if missing := [name for name in _PACKAGES if find_spec(name) is None]:
        raise InputError(_how_to_have(missing), field="estimator")
    with quietly(debug=debug), stand_ins(drawing=True):
        for package, rooms in _ROOMS.items():
            for room in rooms:
                import_module(f"{package}.{room}")


def _how_to_have(missing: list[str]) -> str:
    if sys.version_info >= (3, 13):
        return (
            "the estimator openmmlab needs Python 3.11 or 3.12, since OpenMMLab's packages do not run on later ones: "
            "uv sync --python 3.12 --extra openmmlab"
        )
    return (
        "`estimator=openmmlab` needs its extra: `uv run --extra openmmlab …` in place of `uv run …` installs it "
        f"({' and '.join(missing) if len(missing) < len(_PACKAGES) else 'its packages'} cannot be found)"
    )


@contextmanager
def quietly(*, printing: bool = False, debug: bool = False) -> Iterator[None]:
    """Keep OpenMMLab's warnings off the terminal, and what it prints unless `printing`; with `debug`, all is shown."""
    if debug:
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if printing:
            yield
            return
        with redirect_stdout(StringIO()):
            yield


@contextmanager
def stand_ins(*, drawing: bool = False) -> Iterator[None]:
    """Let OpenMMLab's packages import what is not installed, while they are imported; `sys.modules` is as before afterwards.

    Their own modules keep what they imported. `drawing` adds torchvision, for one function of mmpose's that is imported and not used.
    """
    with _importing:
        placed: dict[str, ModuleType] = {}
        if find_spec(_OPERATORS) is None:
            placed[_OPERATORS] = _Operators(_OPERATORS)
        if find_spec("xtcocotools") is None:  # an extended copy of pycocotools, for evaluating on data sets
            placed |= {f"xtcocotools{part}": import_module(f"pycocotools{part}") for part in _COCO}
        if drawing and find_spec("torchvision") is None:
            placed |= _torchvision()
        sys.modules.update(placed)
        try:
            yield
        finally:
            for name in placed:
                sys.modules.pop(name, None)


class _Operators(ModuleType):
    """mmcv's compiled operators, of which there is one."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        # without a loader mmengine goes on saying that mmcv is not the full one
        self.__spec__ = ModuleSpec(name, None)
        self.nms = nms

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def refuse(*_: object, **__: object) -> None:
            raise InputError(
                f"this model needs mmcv's compiled operator {name}, which is not installed: take a model that does "
                "without (RTMDet, YOLOX, RTMPose, HRNet, ViTPose, …), or install the full mmcv 2.1.0"
            )

        return refuse


def nms(boxes: "Tensor", scores: "Tensor", iou_threshold: float, offset: int = 0) -> "Tensor":
    """Return the rows of the boxes (N, 4) that no better box overlaps by more than the threshold, best first.

    `offset` is what lies between the last pixel of a box and its right edge: 0, or 1 for edges that name pixels.
    """
    import torch

    order = scores.detach().argsort(descending=True, stable=True).cpu()
    left, top, right, bottom = boxes.detach().cpu().float()[order].unbind(dim=1)
    area = (right - left + offset) * (bottom - top + offset)
    alive, kept = torch.arange(len(order)), []
    while len(alive):
        best, rest = alive[0], alive[1:]
        kept.append(best)
        wide = torch.minimum(right[best], right[rest]) - torch.maximum(left[best], left[rest]) + offset
        high = torch.minimum(bottom[best], bottom[rest]) - torch.maximum(top[best], top[rest]) + offset
        shared = wide.clamp(min=0) * high.clamp(min=0)
        # two boxes without area overlap by 0 / 0, and stay
        alive = rest[~(shared / (area[best] + area[rest] - shared) > iou_threshold)]
    return order[torch.tensor(kept, dtype=torch.long)].to(boxes.device)


def _torchvision() -> dict[str, ModuleType]:
    modules = {name: ModuleType(name) for name in ("torchvision", "torchvision.transforms")}
    for name, module in modules.items():
        module.__spec__ = ModuleSpec(name, None)
    modules["torchvision.transforms"].__dict__["ToPILImage"] = None
    return modules
