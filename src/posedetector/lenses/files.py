"""Calibration files: every camera that one describes, whichever of the usual formats it has.

TOML of Pose2Sim, anipose, FreeMoCap and Caliscope; YAML, XML and JSON of OpenCV's FileStorage; ROS's camera_info; plain YAML and
JSON of the same keys; Qualisys' XML. Units are pixels; extrinsic parameters are not read.
"""

import hashlib
import json
import re
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from posedetector.errors import InputError
from posedetector.lenses.lens import FISHEYE, RADIAL, Lens
from posedetector.opening import read_bytes

_MOST = 10_000_000  # bytes; calibrations of a hundred cameras take a hundredth of that
_DEEPEST = 3  # levels below which no camera is looked for
_MATRIX = ("matrix", "k", "cameramatrix", "intrinsicmatrix", "mtx", "intrinsics")
_DISTORTION = ("distortions", "distortion", "distortioncoefficients", "distcoeffs", "distcoeff", "dist", "d")
_SIZE = ("size", "imagesize", "resolution", "imageresolution")
_WIDTH, _HEIGHT = ("imagewidth", "width", "w"), ("imageheight", "height", "h")
_MODEL = ("distortionmodel", "cameramodel", "projectionmodel", "model")
_COEFFICIENTS = {RADIAL: (0, 4, 5, 8, 12, 14), FISHEYE: (0, 4)}
_SUBPIXELS = 64.0  # Qualisys counts sixty-fourths of a pixel


class _Unusable(Exception):  # noqa: N818 -- never leaves this file
    """What is wrong with a camera's entry."""


def read_cameras(path: Path) -> dict[str, Lens]:
    """Return the cameras of a calibration file by name; raises InputError."""
    data = read_bytes(path, "the calibration file", most=_MOST)
    digest = hashlib.sha256(data).hexdigest()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(path, "it is not a text file") from error
    try:
        content = _parse(path, text)
        cameras = _cameras(content)
    except _Unusable as error:
        raise _refused(path, str(error)) from error
    except (ValueError, TypeError, KeyError, RecursionError, ET.ParseError) as error:
        raise _refused(path, f"it cannot be read ({' '.join(str(error).split())[:120]})") from error
    if not cameras:
        raise _refused(
            path,
            "it holds no camera: wanted are `matrix` and `distortions` (Pose2Sim, anipose), or `camera_matrix` and "
            "`distortion_coefficients` (OpenCV)",
        )
    return {name: Lens(**described, camera=name, file=path.name, sha256=digest) for name, described in cameras.items()}


def _refused(path: Path, why: str) -> InputError:
    return InputError(f"`calibration` {path} cannot be used: {why}", field="calibration")


def _parse(path: Path, text: str) -> Any:
    """Return what a file says, as dictionaries and lists; a format is told by the first characters, else by the name."""
    start = text.lstrip()
    if not start:
        raise _Unusable("it is empty")
    if start.startswith("<"):
        return _from_xml(text)
    if start.startswith("%YAML"):
        return _from_yaml(text)
    by_name: dict[str, Callable[[str], Any]] = {
        ".toml": tomllib.loads,
        ".json": json.loads,
        ".yaml": _from_yaml,
        ".yml": _from_yaml,
    }
    if parse := by_name.get(path.suffix.lower()):
        return parse(text)
    for parse in (json.loads, tomllib.loads, _from_yaml):
        try:
            return parse(text)
        except ValueError:
            continue
    raise _Unusable("it is neither TOML, YAML, JSON nor XML")


def _from_yaml(text: str) -> Any:
    """Return what YAML says, OpenCV's dialect too; nothing in it is run."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # no stubs here
        """Takes OpenCV's tags for what they are on."""

    def untagged(loader: Any, suffix: str, node: Any) -> Any:
        del suffix
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node)

    Loader.add_multi_constructor("tag:yaml.org,2002:opencv", untagged)
    text = re.sub(r"\A\s*%YAML:[\d.]+", "", text)  # "%YAML:1.0" is no directive that YAML knows
    try:
        return yaml.load(text, Loader)  # noqa: S506 -- a SafeLoader
    except yaml.YAMLError as error:
        raise _Unusable(f"it is not YAML ({' '.join(str(error).split())[:120]})") from error


def _from_xml(text: str) -> Any:
    root = ET.fromstring(text)  # noqa: S314 -- expat bounds the growth of entities since 2.4.1
    if root.find("cameras/camera/intrinsic") is not None:
        return {"cameras": [_of_qualisys(camera) for camera in root.iterfind("cameras/camera")]}
    return _tree(root)


def _tree(element: ET.Element) -> Any:
    if len(element):
        return {child.tag: _tree(child) for child in element}
    parts = (element.text or "").split()
    return parts[0] if len(parts) == 1 else parts


def _of_qualisys(camera: ET.Element) -> dict[str, Any]:
    """Return a camera of Qualisys' file; its pixels count from the picture's own corner, whatever part of the sensor it is."""
    values, view = camera.find("intrinsic"), camera.find("fov_video")
    if values is None or view is None:
        raise _Unusable(f"camera {camera.get('serial')} has no `intrinsic` or no `fov_video`")
    turned = float(camera.get("viewrotation", "0")) % 360
    if turned:
        raise _Unusable(f"camera {camera.get('serial')} is turned by {turned:g}° in the software (`viewrotation`)")

    def number(name: str) -> float:
        return float(values.get(name, "0"))

    left, right, top, bottom = (float(view.get(name, "0")) for name in ("left", "right", "top", "bottom"))
    return {
        "name": camera.get("serial", ""),
        "size": [right - left + 1, bottom - top + 1],
        "matrix": [
            [number("focalLengthU") / _SUBPIXELS, 0.0, number("centerPointU") / _SUBPIXELS - left],
            [0.0, number("focalLengthV") / _SUBPIXELS, number("centerPointV") / _SUBPIXELS - top],
            [0.0, 0.0, 1.0],
        ],
        "distortions": [
            number(name)
            for name in (
                "radialDistortion1",
                "radialDistortion2",
                "tangentalDistortion1",
                "tangentalDistortion2",
                "radialDistortion3",
            )
        ],
    }


def _cameras(content: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for key, entry in _entries(content, "", _DEEPEST):
        keys = {re.sub(r"[^a-z0-9]", "", str(name).lower()): value for name, value in entry.items()}
        given = next((str(keys[name]) for name in ("name", "cameraname", "camid", "serial", "id") if name in keys), "")
        name = given if given and given not in found else key or given or "camera"
        if name in found:
            raise _Unusable(f"two cameras have the name {name!r}")
        try:
            found[name] = _described(keys)
        except _Unusable as error:
            raise _Unusable(f"camera {name!r}: {error}") from error
    return found


def _entries(content: Any, key: str, levels: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what looks like a camera, and the name under which it stands."""
    if levels < 0:
        return
    if isinstance(content, dict):
        plain = {re.sub(r"[^a-z0-9]", "", str(name).lower()) for name in content}
        if plain & {*_MATRIX} or {"fx", "cx"} <= plain:
            yield key, content
        else:
            for name, value in content.items():
                yield from _entries(value, str(name), levels - 1)
    elif isinstance(content, list) and not all(isinstance(one, int | float | str) for one in content):
        for number, value in enumerate(content):
            yield from _entries(value, str(number), levels - 1)


def _described(keys: dict[str, Any]) -> dict[str, Any]:
    """Return a camera's size, focal lengths, principal point and distortion."""
    matrix = _matrix(keys)
    (fx, skew, cx), (_, fy, cy) = matrix[0], matrix[1]
    if not (fx > 0 and fy > 0 and np.isfinite(matrix).all()):
        raise _Unusable(f"its focal length is {fx:g}, {fy:g} px; it must be greater than 0")
    if not 0.5 < fx / fy < 2:
        raise _Unusable(f"its focal lengths across and down, {fx:g} and {fy:g} px, cannot be one lens's")
    if abs(skew) > 1e-3 * fx:
        raise _Unusable(f"its matrix has a skew of {skew:g}, which is not supported; calibrate without it")
    model, distortion = _distortion(keys)
    return {
        "model": model,
        "size": _size(keys),
        "focal": (float(fx), float(fy)),
        "principal_point": (float(cx), float(cy)),
        "distortion": tuple(float(value) for value in distortion),
    }


def _first(keys: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((keys[name] for name in names if name in keys), None)


def _numbers(value: Any, what: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the numbers of a list, nested or not, or of OpenCV's matrix; raises _Unusable."""
    if isinstance(value, dict):
        value = {str(key).lower(): one for key, one in value.items()}.get("data")
    try:
        # YAML takes 1e-05 for text
        return np.array([float(one) for one in np.ravel(np.asarray(value if value is not None else [], object))])
    except (TypeError, ValueError) as error:
        raise _Unusable(f"its {what} is not a list of numbers") from error


def _matrix(keys: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    given = _first(keys, _MATRIX)
    if given is None:
        fx, fy, cx, cy = (_numbers([keys.get(name, keys["fx"])], name)[0] for name in ("fx", "fy", "cx", "cy"))
        return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
    values = _numbers(given, "matrix")
    if len(values) != 9:
        raise _Unusable(f"its matrix has {len(values)} numbers and not 3×3")
    matrix = values.reshape(3, 3)
    if not (np.allclose(matrix[2], [0, 0, 1]) and abs(matrix[1, 0]) < 1e-6):
        raise _Unusable("its matrix is not [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]")
    return matrix


def _distortion(keys: dict[str, Any]) -> tuple[str, np.ndarray[Any, np.dtype[np.float64]]]:
    values = _numbers(_first(keys, _DISTORTION), "distortion")
    said = str(_first(keys, _MODEL) or "").lower()
    fisheye = str(keys.get("fisheye", "false")).lower() in {"true", "1", "1.0"} or any(
        word in said for word in ("fisheye", "equidistant", "kannala")
    )
    known = (
        "",
        "none",
        "plumb",
        "rational",
        "brown",
        "radtan",
        "pinhole",
        "opencv",
        "perspective",
        "linear",
        "standard",
    )
    if not fisheye and said and not any(word and word in said for word in known):
        raise _Unusable(f"its lens model is {said!r}; known are OpenCV's usual one and its fisheye")
    if not np.isfinite(values).all():
        raise _Unusable("its distortion has values that are not numbers")
    model = FISHEYE if fisheye else RADIAL
    if model == FISHEYE and len(values) > 4 and not values[4:].any():  # padded with zeros
        values = values[:4]
    if model == RADIAL and len(values) < 4:  # k1, or k1 and k2
        values = np.pad(values, (0, 4 - len(values))) if 0 < len(values) < 3 else values
    if len(values) not in _COEFFICIENTS[model]:
        raise _Unusable(
            f"its distortion has {len(values)} coefficients; OpenCV's {model} model has "
            f"{', '.join(map(str, _COEFFICIENTS[model][1:]))}"
        )
    return model, values


def _size(keys: dict[str, Any]) -> tuple[int, int] | None:
    given = _first(keys, _SIZE)
    both = [_first(keys, _WIDTH), _first(keys, _HEIGHT)] if given is None else list(_numbers(given, "size"))
    if given is None and None in both:
        return None
    values = _numbers(both, "size")
    if len(values) != 2 or not ((values >= 1) & (values <= 100_000)).all():
        raise _Unusable(f"its size is {list(map(float, values))}; wanted are width and height in pixels")
    return round(float(values[0])), round(float(values[1]))
