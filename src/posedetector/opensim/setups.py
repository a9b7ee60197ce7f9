"""OpenSim's XML: marker set, scaling, inverse kinematics.

Metres, seconds, kilograms. Files name each other without folders: they are run in the folder where they lie.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping

from posedetector.opensim.places import MarkerTable, Place
from posedetector.opensim.recording import Stretch

_VERSION = "40000"  # OpenSim 4.0's, which later ones read
_ACCURACY = "1e-7"  # of the solver; beyond, nothing changes


def _document(child: ET.Element) -> str:
    root = ET.Element("OpenSimDocument", Version=_VERSION)
    root.append(child)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8" ?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _element(tag: str, *children: ET.Element, name: str = "", text: str | None = None, **texts: str) -> ET.Element:
    element = ET.Element(tag, {"name": name} if name else {})
    element.text = text
    for key, value in texts.items():
        ET.SubElement(element, key).text = value
    element.extend(children)
    return element


def _set(tag: str, objects: Iterable[ET.Element], name: str = "") -> ET.Element:
    return _element(tag, _element("objects", *objects), _element("groups"), name=name)


def marker_set(places: Mapping[str, Place]) -> str:
    """Return a MarkerSet: metres, in the frames of the unscaled model's bodies."""
    markers = [
        _element(
            "Marker",
            name=name,
            socket_parent_frame=f"/bodyset/{place.body}",
            location=" ".join(f"{value:.6f}" for value in place.at),
            fixed="true",
        )
        for name, place in places.items()
    ]
    return _document(_set("MarkerSet", markers, "markers"))


def _measurement(name: str, pairs: Iterable[tuple[str, str]], bodies: Iterable[str], axes: str) -> ET.Element:
    return _element(
        "Measurement",
        _set("MarkerPairSet", (_element("MarkerPair", markers=" ".join(pair)) for pair in pairs)),
        _set("BodyScaleSet", (_element("BodyScale", name=body, axes=axes) for body in bodies)),
        name=name,
        apply="true",
    )


def scaling(
    table: MarkerTable,
    stretch: Stretch,
    bodies: frozenset[str],
    files: Mapping[str, str],
    *,
    mass: float,
    height: float | None,
) -> str:
    """Return a ScaleTool.

    Bodies grow with mean distances of markers, both sides alike: what differs between the sides of a video is mostly error.
    Markers are not moved to where the video has them: one stretch's error would be built into the model.

    Parameters
    ----------
    bodies : of the model; those that it lacks are left out.
    files : `model`, `marker_set`, `markers`, `scaled` → name.
    mass : kilograms, shared out as in the generic model.
    height : metres; for the record only, as in OpenSim.
    """
    usable = [(one, [pair for pair in one.pairs if set(pair) <= set(stretch.points)]) for one in table.measures]
    measurements = (
        _measurement(one.name, pairs, [body for body in one.bodies if body in bodies], one.axes)
        for one, pairs in usable
        if pairs
    )
    scaler = _element(
        "ModelScaler",
        _set("MeasurementSet", measurements),
        apply="true",
        scaling_order="measurements",
        marker_file=files["markers"],
        time_range=f"{stretch.start:.6f} {stretch.end:.6f}",
        preserve_mass_distribution="true",
        output_model_file=files["scaled"],
    )
    maker = _element("GenericModelMaker", model_file=files["model"], marker_set_file=files["marker_set"])
    placer = _element("MarkerPlacer", apply="false")
    tall = -1.0 if height is None else height * 1000  # OpenSim wants millimetres here
    return _document(
        _element("ScaleTool", maker, scaler, placer, name="scaled", mass=f"{mass:.3f}", height=f"{tall:g}", age="-1")
    )


def inverse_kinematics(
    table: MarkerTable,
    points: Iterable[str],
    coordinates: frozenset[str],
    times: tuple[float, float],
    files: Mapping[str, str],
) -> str:
    """Return an InverseKinematicsTool: markers by the table's weights, hardly seen coordinates held to their defaults.

    `files`: `scaled`, `markers`, `motion` → name. The motion is in degrees and metres, as OpenSim's files are.
    """
    points = tuple(points)
    total = sum(
        table.places[point].weight for point in points
    )  # OpenSim divides the markers' sum by it, and not the rest (seen: 10,000 times the weights change nothing)
    tasks = [
        _element("IKMarkerTask", name=point, apply="true", weight=f"{table.places[point].weight:.6g}")
        for point in points
    ]
    tasks += [
        _element(
            "IKCoordinateTask", name=name, apply="true", weight=f"{weight / total:.6g}", value_type="default_value"
        )
        for name, weight in table.priors.items()
        if name in coordinates
    ]
    return _document(
        _element(
            "InverseKinematicsTool",
            _set("IKTaskSet", tasks),
            name="ik",
            results_directory="./",
            model_file=files["scaled"],
            constraint_weight="Inf",
            accuracy=_ACCURACY,
            marker_file=files["markers"],
            time_range=f"{times[0]:.6f} {times[1]:.6f}",
            report_errors="true",
            output_motion_file=files["motion"],
            report_marker_locations="true",
        )
    )
