"""A model file of OpenSim, as far as an export has to know it: bodies, coordinates, mass. Read as XML; `opensim` is not needed."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from posedetector.errors import InputError
from posedetector.opensim.places import STAND_INS, MarkerTable, Place

WHERE = "https://simtk.org/projects/full_body (Rajagopal 2016) has one"
_SHIPPED = "full_body.osim"


@dataclass(frozen=True, slots=True)
class Model:
    """A model of OpenSim 4.

    Attributes
    ----------
    text : the whole file.
    name : of the file, without its suffix.
    bodies, coordinates : their names.
    mass : kilograms, of all bodies.
    ranges : of the coordinates that are kept in one, least and greatest, radians (metres of those that slide).
    """

    text: bytes
    name: str
    bodies: frozenset[str]
    coordinates: frozenset[str]
    mass: float
    ranges: dict[str, tuple[float, float]]

    def place(self, table: MarkerTable) -> dict[str, Place]:
        """Return a table's places on this model's bodies; a head that it lacks is part of the torso.

        Raises InputError where it lacks another body.
        """
        found = {}
        for name, row in table.places.items():
            place = row
            if row.body not in self.bodies and row.body in STAND_INS:
                body, origin = STAND_INS[row.body]
                x, y, z = (one + other for one, other in zip(row.at, origin, strict=True))
                place = replace(row, body=body, at=(x, y, z))
            if place.body not in self.bodies:
                raise InputError(
                    f"the model {self.name} has no body {place.body!r}, which {name} would be on: wanted is a full-body model "
                    f"of the Rajagopal family; {WHERE}"
                )
            found[name] = place
        return found


def read_model(path: Path | None) -> Model:
    """Return a model file's content, that of the shipped one without a path; raises InputError for what is no such file."""
    source = files("posedetector") / "assets" / "opensim" / _SHIPPED if path is None else path
    try:
        text = source.read_bytes()
        root = ET.fromstring(text)  # noqa: S314 -- no entities are resolved from elsewhere; the file is the user's own
    except OSError as error:
        raise InputError(f"the model {path} cannot be read: {error.strerror or error}; {WHERE}") from error
    except ET.ParseError as error:
        raise InputError(f"{path} is no OpenSim model: {error}") from error
    bodies = root.findall("./Model/BodySet/objects/Body")
    version = root.get("Version", "")
    if root.tag != "OpenSimDocument" or not bodies or not version.isdecimal() or int(version[:9]) < 40000:
        raise InputError(f"{path} is no model of OpenSim 4; older ones become one by opening and saving them there")
    coordinates = root.findall("./Model/JointSet/objects/*/coordinates/Coordinate")
    return Model(
        text,
        Path(_SHIPPED if path is None else path).stem,
        frozenset(body.get("name", "") for body in bodies),
        frozenset(one.get("name", "") for one in coordinates),
        sum(float(body.findtext("mass", "0")) for body in bodies),
        dict(_ranges(coordinates)),
    )


def _ranges(coordinates: Iterable[ET.Element]) -> Iterator[tuple[str, tuple[float, float]]]:
    for one in coordinates:
        ends = one.findtext("range", "").split()
        if one.findtext("clamped") == "true" and one.findtext("locked") != "true" and len(ends) == 2:
            yield one.get("name", ""), (float(ends[0]), float(ends[1]))
