"""Where the cameras of a dataset stand, read from the files that its users have."""

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posedetector.errors import InputError
from posedetector.pose import Array, Noun, settle

_MILLIMETRES = 0.001


@dataclass(frozen=True, eq=False)
class View(Noun):
    """Where a camera stands: camera = rotation @ (world − position), metres; and its picture, pixels."""

    rotation: Array
    position: Array
    size: tuple[int, int]

    def __post_init__(self) -> None:
        settle(self, rotation=(3, 3), position=(3,))


def read_cameras(path: Path) -> dict[str, list[View | None]]:
    """Read where each subject's cameras stand; None for a camera that is not known.

    The file is Python with assignments `…_cameras_extrinsic_params` and `…_cameras_intrinsic_params` of plain values,
    which is read and not run, or JSON `{"S9": [{"orientation": [w, x, y, z], "translation": [mm, mm, mm], "res_w": 1000,
    "res_h": 1002}, …]}`.
    """
    try:
        text = path.read_text(encoding="utf-8")
        subjects = json.loads(text) if path.suffix == ".json" else _assignments(text)
        return {
            subject: [_view(one) if "orientation" in one else None for one in views]
            for subject, views in subjects.items()
        }
    except (OSError, SyntaxError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as poses of cameras: {error!r}") from error


def _view(values: dict[str, Any]) -> View:
    from scipy.spatial.transform import Rotation

    position, size = np.asarray(values["translation"], float), (int(values["res_w"]), int(values["res_h"]))
    if position.shape != (3,) or not np.isfinite(position).all() or min(size) < 1:
        raise ValueError(f"a camera at {position} with a picture of {size}")
    rotation = Rotation.from_quat(np.roll(values["orientation"], -1)).inv().as_matrix()
    return View(rotation, position * _MILLIMETRES, size)


def _assignments(text: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, Any] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            for kind in ("extrinsic", "intrinsic"):
                if node.targets[0].id.endswith(f"_cameras_{kind}_params"):
                    found[kind] = ast.literal_eval(node.value)
    return {
        subject: [view | found["intrinsic"][number] if view else {} for number, view in enumerate(views)]
        for subject, views in found["extrinsic"].items()
    }
