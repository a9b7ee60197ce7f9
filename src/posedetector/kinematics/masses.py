"""Where the body's mass is: shares of segments and the centre of mass, by one table of adults.

The table is de Leva's (1996; `anthropometry.MASSES`, `MASS_CENTRES`), of college-aged women and men. The rows are those whose ends are joint centres, since that is what detectors mark: trunk from the middle of the
shoulders to the middle of the hips, shank to the ankle's centre. What the table's ends have and detectors have not:

- Vertex and neck. The table puts the head's centre 0.12 m below the crown, where the ears are about: their middle stands for
  it (a judgement; a centimetre there is 0.7 mm of the body's centre). A skeleton without ears has the eyes in their place
  (`skeletons.parts_of`): 5–7 cm off on two clips, 3–5 mm of the body's centre. The trunk's line prolonged was 12–18 cm off.
- The third knuckle. It is between BlazePose's points of index and little finger, which are knuckles. Without them the hand
  prolongs the forearm, at the table's own distance.
- Heel and tip of the toes: `heel` and `foot_index` (which is also `big_toe`). Without them a foot's mass is at its ankle.

A hand is 0.6 % of the body and a foot 1.3 %, so that a frame in which they go over to their stand-ins jumps by millimetres.
"""

from typing import Literal, NamedTuple

import numpy as np

from posedetector.anthropometry import ADULT_AGE, FOREARM_LENGTH, HAND_LENGTH, MASS_CENTRES, MASSES, BySex
from posedetector.errors import InputError
from posedetector.kinematics.nouns import Masses
from posedetector.pose import Array, MetricPose
from posedetector.skeletons import SIDES, Skeleton, parts_of
from posedetector.subject import Subject

Sex = Literal["male", "female"]
_COLUMNS: dict[Sex | None, tuple[float, float]] = {"female": (1.0, 0.0), "male": (0.0, 1.0), None: (0.5, 0.5)}
_WHOM: dict[Sex | None, str] = {"female": "women", "male": "men", None: "mean of women and men, as no sex was given"}


class Way(NamedTuple):
    """How a segment's centre is found: between the middles of two sets of points.

    Attributes
    ----------
    start, end : points; `{}` is the side.
    centre : where it is, in shares of the way from start to end; above 1 beyond the end.
    said : what the account says when this way was taken; empty for the table's own.
    """

    start: tuple[str, ...]
    end: tuple[str, ...]
    centre: BySex
    said: str = ""


class Segment(NamedTuple):
    """Per cent of the body's mass, and the ways to the segment's centre, the best first: each frame takes the first it can."""

    mass: BySex
    ways: tuple[Way, ...]


_EARS, _SHOULDERS, _HIPS = (("left_" + name, "right_" + name) for name in ("ear", "shoulder", "hip"))
_KNUCKLES = (("{}_middle_finger1",), ("{}_index", "{}_pinky"))
_BEYOND = BySex(
    *(
        1 + share * hand / arm
        for share, hand, arm in zip(MASS_CENTRES["hand"], HAND_LENGTH, FOREARM_LENGTH, strict=True)
    )
)
_AT_THE_START = BySex(0.0, 0.0)


def _segment(name: str, *ways: Way) -> Segment:
    return Segment(MASSES[name], ways)


def _own(name: str, start: tuple[str, ...], end: tuple[str, ...]) -> Way:
    """Return the table's own way."""
    return Way(start, end, MASS_CENTRES[name])


_UNPAIRED = {
    "head": _segment("head", Way(_EARS, _EARS, _AT_THE_START)),
    "trunk": _segment("trunk", _own("trunk", _SHOULDERS, _HIPS)),
}
_PAIRED = {
    "upper_arm": _segment("upper_arm", _own("upper_arm", ("{}_shoulder",), ("{}_elbow",))),
    "forearm": _segment("forearm", _own("forearm", ("{}_elbow",), ("{}_wrist",))),
    "hand": _segment(
        "hand",
        *(_own("hand", ("{}_wrist",), knuckle) for knuckle in _KNUCKLES),
        Way(("{}_elbow",), ("{}_wrist",), _BEYOND, "hands in line with the forearms"),
    ),
    "thigh": _segment("thigh", _own("thigh", ("{}_hip",), ("{}_knee",))),
    "shank": _segment("shank", _own("shank", ("{}_knee",), ("{}_ankle",))),
    "foot": _segment(
        "foot",
        _own("foot", ("{}_heel",), ("{}_foot_index",)),
        Way(("{}_ankle",), ("{}_ankle",), _AT_THE_START, "feet at the ankles"),
    ),
}


def _sided(names: tuple[str, ...], side: str) -> tuple[str, ...]:
    return tuple(name.format(side) for name in names)


CENTRES: dict[str, Segment] = _UNPAIRED | {
    f"{side}_{name}": row._replace(
        ways=tuple(way._replace(start=_sided(way.start, side), end=_sided(way.end, side)) for way in row.ways)
    )
    for name, row in _PAIRED.items()
    for side in SIDES
}


def find_masses(pose: MetricPose, subject: Subject) -> Masses:
    """Return the shares of the segments and the path of the body's centre of mass (T, 3), metres in the laboratory frame.

    The mass is not needed for the centre. The sex chooses the column; without one it is the mean of both. Where a segment
    cannot be placed, or the path is not known, the centre is NaN; hands and feet have stand-ins (see this module's head),
    which `table` names if any frame took them.
    """
    total = np.zeros((len(pose.time), 3))
    said: list[str] = []
    shares = segment_shares(subject.sex)
    for name, share in shares.items():
        centre, stand_ins = segment_centre(pose, name, subject.sex)
        total += share * centre
        said += [one for one in stand_ins if one not in said]
    return Masses(total, shares, subject.mass, _account(pose.skeleton, subject, said))


def segment_shares(sex: Sex | None) -> dict[str, float]:
    """Return each segment's share of the body's mass; they sum to 1, as the table's rounded ones for women do not (0.9999)."""
    shares = {name: _mean(sex, row.mass) for name, row in CENTRES.items()}
    whole = sum(shares.values())
    return {name: share / whole for name, share in shares.items()}


def segment_centre(pose: MetricPose, name: str, sex: Sex | None) -> tuple[Array, list[str]]:
    """Return a segment's centre of mass (T, 3), metres in the laboratory frame, and what stood in for its points.

    NaN where none of its ways has its points.
    """
    centre = np.full((len(pose.time), 3), np.nan)
    said = []
    for way in CENTRES[name].ways:
        missing = ~np.isfinite(centre).all(axis=1)
        found = np.where(missing[:, None], _along(pose, way, _mean(sex, way.centre)), centre)
        if way.said and np.isfinite(found[missing]).any():
            said.append(way.said)
        centre = found
    return centre, said


def _mean(sex: Sex | None, both: BySex) -> float:
    women, men = _COLUMNS[sex]
    return women * both.female + men * both.male


def _along(pose: MetricPose, way: Way, share: float) -> Array:
    """(T, 3) from the way's start to its end, by this share; NaN throughout for a skeleton without its points."""
    try:
        start, end = (np.mean([_middle(pose, point) for point in points], axis=0) for points in (way.start, way.end))
    except InputError:
        return np.full((len(pose.time), 3), np.nan)
    return np.asarray(start + share * (end - start))


def _middle(pose: MetricPose, point: str) -> Array:
    """(T, 3) of a point, or of the middle of what stands in for it."""
    return np.asarray(pose.xyz[:, parts_of(point, pose.skeleton)].mean(axis=1) + pose.root)


def _account(skeleton: Skeleton, subject: Subject, said: list[str]) -> str:
    words = [f"de Leva 1996, table 4: young adults, {_WHOM[subject.sex]}"]
    if subject.age is not None and subject.age < ADULT_AGE:
        words.append(f"used for a person of {subject.age:g} years for want of a child's")
    if not skeleton.has(*_EARS):
        words.append("head at the middle of the eyes")
    return "; ".join(words + said)
