"""The .mot put onto the full-body model that ships: its bones point to where the body's segments do.

Trunk, thighs and upper arms hang on joints that turn as ours are read off, and agree to rounding. Further out the model's
own geometry comes in, in which no coordinate has a part: its knee turns and shifts the shank while it bends (3° of
direction, and the foot with it), its ankle bends about an oblique axis, and its elbow's is oblique, too, with a wrist
that lies 10° beside the ulna's own axis. A coordinate with a wrong sign is off by at least twice its 10° and more.
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import posedetector
from figures import WITH_SPINES, figure, pose_of
from posedetector.pose import Array
from posedetector.trial import Trial
from posedetector.writers.mot import write_mot
from studied import posed

opensim: Any = pytest.importorskip(
    "opensim", reason="OpenSim is in the extra `opensim`; its own reading is not checked"
)
pytestmark = pytest.mark.extra("opensim")
MODEL = Path(posedetector.__file__).parent / "assets" / "opensim" / "full_body.osim"
# the model that ships calls the back's coordinates otherwise than Rajagopal's; the file's header says so, too
BACK = {
    "lumbar_extension": "L5_S1_Flex_Ext",
    "lumbar_bending": "L5_S1_Lat_Bending",
    "lumbar_rotation": "L5_S1_axial_rotation",
}
SIDES = ("left", "right")
# segment → bodies at whose origins it begins and ends, our points there, and by how much they may differ, in degrees
BONES = {
    "thigh": ("femur", "tibia", "hip", "knee", 3.0),
    "shank": ("tibia", "talus", "knee", "ankle", 3.5),
    "foot": ("calcn", "toes", "heel", "foot_index", 12.0),
    "upper arm": ("humerus", "ulna", "shoulder", "elbow", 3.5),
    "forearm": ("ulna", "hand", "elbow", "wrist", 10.0),
}


def both(**angles: float) -> dict[str, float]:
    return {f"{side}_{name}": value for side in SIDES for name, value in angles.items()}


BENT = both(knee_flexion=40.0, elbow_flexion=40.0)
POSTURES: dict[str, dict[str, float]] = {
    "upright": BENT,
    "a step to the right": {
        **BENT,
        "pelvis_rotation": -80.0,
        "pelvis_obliquity": 4.0,
        "pelvis_tilt": 8.0,
        "trunk_rotation": 12.0,
        "bend_on_pelvis": 5.0,
        "left_hip_flexion": 30.0,
        "left_hip_adduction": 5.0,
        "left_hip_rotation": 8.0,
        "right_hip_flexion": -10.0,
        "right_hip_adduction": -6.0,
        "right_hip_rotation": -10.0,
        "left_ankle_dorsiflexion": 10.0,
        "right_ankle_dorsiflexion": -15.0,
        "right_knee_flexion": 45.0,
        "left_shoulder_flexion": -25.0,
        "right_shoulder_flexion": 25.0,
    },
    "a squat away from the camera": {
        **both(hip_flexion=95.0, knee_flexion=100.0, ankle_dorsiflexion=25.0, hip_adduction=-12.0, hip_rotation=-15.0),
        **both(shoulder_flexion=80.0, elbow_flexion=35.0),
        "pelvis_rotation": 170.0,
        "pelvis_tilt": 35.0,
    },
    "arms lifted aslant": {
        **BENT,
        "pelvis_rotation": 40.0,
        "bend_on_pelvis": -15.0,
        "trunk_rotation": -25.0,
        "left_shoulder_abduction": 70.0,
        "left_elbow_flexion": 90.0,
        "right_shoulder_flexion": 60.0,
        "right_shoulder_abduction": 40.0,
        "right_elbow_flexion": 60.0,
    },
}


class Body:
    """The model in the posture of a motion's first row."""

    def __init__(self, motion: Path) -> None:
        opensim.Logger.setLevelString("off")
        self._model = opensim.Model(str(MODEL))
        self._state = self._model.initSystem()
        table = opensim.TimeSeriesTable(str(motion))
        for coordinate in self._model.getCoordinateSet():
            coordinate.setValue(self._state, 0.0, False)
        for name in table.getColumnLabels():
            coordinate = self._model.getCoordinateSet().get(BACK.get(name, name))
            value = table.getDependentColumn(name).to_numpy()[0]
            along = name in ("pelvis_tx", "pelvis_ty", "pelvis_tz")
            coordinate.setValue(self._state, float(value if along else np.radians(value)), False)
        self._model.realizePosition(self._state)

    def at(self, body: str) -> Array:
        place = self._model.getBodySet().get(body).getPositionInGround(self._state)
        return np.array([place.get(axis) for axis in range(3)])

    def axes(self, body: str) -> Array:
        turn = self._model.getBodySet().get(body).getTransformInGround(self._state).R()
        return np.array([[turn.get(row, column) for column in range(3)] for row in range(3)])


def apart(one: Array, other: Array) -> float:
    """Degrees between two directions."""
    return float(np.degrees(np.arccos(np.clip(one @ other / np.linalg.norm(one) / np.linalg.norm(other), -1, 1))))


@pytest.fixture(params=POSTURES)
def figure_and_model(request: pytest.FixtureRequest, trial: Trial, tmp_path: Path) -> tuple[dict[str, Array], Body]:
    points = figure(POSTURES[request.param], WITH_SPINES)
    write_mot(posed(trial, pose_of(points, WITH_SPINES)), tmp_path / "a.mot")
    return dict(zip(WITH_SPINES.points, points, strict=True)), Body(tmp_path / "a.mot")


def test_bones_point_to_where_segments_do(figure_and_model: tuple[dict[str, Array], Body]) -> None:
    points, body = figure_and_model
    off = {
        (segment, side): apart(
            body.at(f"{end}_{side[0]}") - body.at(f"{start}_{side[0]}"),
            points[f"{side}_{far}"] - points[f"{side}_{near}"],
        )
        for segment, (start, end, near, far, _) in BONES.items()
        for side in SIDES
    }

    assert {place: value for place, value in off.items() if value > BONES[place[0]][-1]} == {}


def test_trunk_thighs_and_upper_arms_agree_to_rounding(figure_and_model: tuple[dict[str, Array], Body]) -> None:
    points, body = figure_and_model
    shoulders, hips = ([points[f"{side}_{name}"] for side in SIDES] for name in ("shoulder", "hip"))
    torso = body.axes("torso")
    off = [
        apart(torso[:, 1], sum(shoulders) - sum(hips)),
        apart(torso[:, 2], shoulders[1] - shoulders[0]),
        apart(body.axes("pelvis")[:, 2], hips[1] - hips[0]),
    ]
    for bone, near, far in (("femur", "hip", "knee"), ("humerus", "shoulder", "elbow")):
        off += [
            apart(-body.axes(f"{bone}_{side[0]}")[:, 1], points[f"{side}_{far}"] - points[f"{side}_{near}"])
            for side in SIDES
        ]

    assert max(off) < 0.01


def test_thighs_are_turned_about_their_length_as_the_bent_knees_show(
    figure_and_model: tuple[dict[str, Array], Body],
) -> None:
    points, body = figure_and_model
    for side in SIDES:
        hip, knee, ankle = (points[f"{side}_{name}"] for name in ("hip", "knee", "ankle"))

        assert apart(body.axes(f"femur_{side[0]}")[:, 2], np.cross(hip - knee, knee - ankle) * -1) < 0.01


def test_upper_arms_are_turned_about_their_length_as_the_bent_elbows_show(
    figure_and_model: tuple[dict[str, Array], Body],
) -> None:
    points, body = figure_and_model
    for side in SIDES:
        shoulder, elbow, wrist = (points[f"{side}_{name}"] for name in ("shoulder", "elbow", "wrist"))

        assert apart(body.axes(f"humerus_{side[0]}")[:, 2], np.cross(shoulder - elbow, elbow - wrist)) < 0.01


def test_the_pelvis_is_where_the_hips_are_but_for_its_origin(
    figure_and_model: tuple[dict[str, Array], Body],
) -> None:
    points, body = figure_and_model
    middle = (points["left_hip"] + points["right_hip"]) / 2

    assert body.at("pelvis") == pytest.approx(middle, abs=1e-6)
    # 7 cm before and 7 cm above the hips' centres in the model
    theirs = body.axes("pelvis").T @ ((body.at("femur_l") + body.at("femur_r")) / 2 - body.at("pelvis"))
    assert theirs == pytest.approx([-0.0707, -0.0661, 0], abs=1e-6)


@pytest.mark.parametrize("side", SIDES)
def test_ankles_bend_by_their_angle(side: str, trial: Trial, tmp_path: Path) -> None:
    """Between shank and foot of the model; the obliquity of its axis takes a part of it."""
    angles = []
    for number, bend in enumerate((-20.0, 0.0, 20.0)):
        pose = pose_of(figure({**BENT, f"{side}_ankle_dorsiflexion": bend}, WITH_SPINES), WITH_SPINES)
        write_mot(posed(trial, pose), tmp_path / f"{number}.mot")
        body = Body(tmp_path / f"{number}.mot")
        angles.append(apart(body.axes(f"tibia_{side[0]}")[:, 1], body.axes(f"calcn_{side[0]}")[:, 0]))

    assert [before - after for before, after in pairwise(angles)] == pytest.approx([20, 20], abs=1.0)
