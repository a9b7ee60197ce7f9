"""Where on a model of the Rajagopal family each of our points lies: tables, with the weight of each in inverse kinematics.

Places are metres in a body's frame (X forward, Y up, Z right) of the unscaled model; those of the right side are given, the
left is its mirror image. Joint centres are origins of bodies: the hip that of the femur, the ankle that of the talus, and so on,
so that they hold for each model of the family; the knee turns about a point 13 mm from the tibia's origin. The other places are read from Pose2Sim's marker files (Pagnon 2021, BSD-3).
"""

from collections.abc import Mapping
from dataclasses import dataclass

Point = tuple[float, float, float]
_CENTRE = "joint centre: the body's origin"
_AXIS = "centre of the knee's rotation: the joint's own frame in tibia (Rajagopal 2016); the thigh's length is constant from there"
_POSE2SIM = "Pose2Sim 0.10.49, Markers_BlazePose.xml"
_FOOT = "BlazePose's own foot below the ankle, sole level when it stands; see places.py"
_LSTM = "Pose2Sim 0.10.49, Markers_LSTM.xml"
# bodies that some models lack → the one that has them on it, and where the missing one's origin is there (Pose2Sim_Simple)
STAND_INS: dict[str, tuple[str, Point]] = {"head": ("torso", (0.0, 0.511458, 0.0))}


@dataclass(frozen=True, slots=True)
class Place:
    """A marker on a model.

    Attributes
    ----------
    body : in BodySet.
    at : metres in the body's frame, unscaled model.
    weight : in inverse kinematics, relative to the other markers of its table.
    source : whence the place is.
    """

    body: str
    at: Point
    weight: float
    source: str


@dataclass(frozen=True, slots=True)
class Measure:
    """What says how large bodies are: distances between markers, as the mean over pairs; `axes` of the bodies to be scaled."""

    name: str
    pairs: tuple[tuple[str, str], ...]
    bodies: tuple[str, ...]
    axes: str = "X Y Z"


@dataclass(frozen=True, slots=True)
class MarkerTable:
    """The markers of one kind of file.

    Attributes
    ----------
    places : marker → where.
    measures : what scales the model.
    priors : coordinate → weight with which it is held to the model's own default value; coordinates that a model lacks are
        left out. In m²/rad² where a marker of weight 1 is in m².
    """

    name: str
    places: Mapping[str, Place]
    measures: tuple[Measure, ...]
    priors: Mapping[str, float]


def _both(rows: Mapping[str, Place], right: str = "right_", left: str = "left_") -> dict[str, Place]:
    found = {right + name: row for name, row in rows.items()}
    for name, row in rows.items():
        x, y, z = row.at
        body = row.body.removesuffix("_r") + "_l" if row.body.endswith("_r") else row.body
        found[left + name] = Place(body, (x, y, -z), row.weight, row.source)
    return found


def _sided(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{name}_{side}" for name in names for side in "rl")


def _pairs(first: str, second: str, right: str = "right_", left: str = "left_") -> tuple[tuple[str, str], ...]:
    return (right + first, right + second), (left + first, left + second)


# What a coordinate is held with is (what markers are off by / what the coordinate is off by from its default)², both standard
# deviations: 0.02 m; and 0.2 rad for what markers hardly show, 2 rad for what they show in most postures and not in all (a
# judgement: the first is about the error of our landmarks, the second the subtalar joint's and the lumbar spine's range).
TIGHT, LOOSE = (0.02 / 0.2) ** 2, (0.02 / 2) ** 2
_SEEN_MOSTLY = (
    *("lumbar_bending", "lumbar_rotation", "L5_S1_Lat_Bending", "L5_S1_axial_rotation"),
    *("neck_flexion", "neck_bending", "neck_rotation"),
    *_sided(("arm_rot", "pro_sup", "wrist_flex", "wrist_dev")),
)
_HARDLY_SEEN = _sided(("subtalar_angle", "mtp_angle"))
_LUMBAR_FLEXION = ("lumbar_extension", "L5_S1_Flex_Ext")

# Weights are Pose2Sim's for BlazePose (IK_Setup_Pose2Sim_Blazepose.xml). The tip of the foot is on calcn and not on toes:
# one point cannot tell the toes' joint from the ankle. Ears have no place: none is published for this family.
#
# Heel and tip are where BlazePose has them about its own ankle, not where Pose2Sim puts them (0.02 m below the ankle: the ankle
# angle came out 9° too low): on three clips of ours (shod walk, squat, walk) the ankle is 0.071–0.074 m above the line from heel to
# tip, 0.031–0.044 m along it, and the line is 0.198–0.205 m long; it slopes down by 2.5–3.9° in who stands on both feet (the
# squat), where calcn's X is level. No motion capture was used for that. Taken: 0.073, 0.038, 0.2015 m, 3.2°, from the
# ankle's origin at (0.04877, 0.04195) of calcn.
LANDMARKS = MarkerTable(
    "landmarks",
    {
        **_both(
            {
                "hip": Place("femur_r", (0, 0, 0), 2, _CENTRE),
                "knee": Place("tibia_r", (-0.008090, -0.010535, -0.001485), 1, _AXIS),
                "ankle": Place("talus_r", (0, 0, 0), 1, _CENTRE),
                "heel": Place("calcn_r", (0.007, -0.029, 0), 1, _FOOT),
                "foot_index": Place("calcn_r", (0.208, -0.040, 0), 1, _FOOT),
                "big_toe": Place("calcn_r", (0.208, -0.040, 0), 1, _FOOT),
                "shoulder": Place("humerus_r", (0, 0, 0), 2, _CENTRE),
                "elbow": Place("ulna_r", (0, 0, 0), 1, _CENTRE),
                "wrist": Place("hand_r", (0, 0, 0), 1, _CENTRE),
                "index": Place("hand_r", (0.001516, -0.062746, 0.017903), 0.05, _POSE2SIM),
                "pinky": Place("hand_r", (0.004545, -0.061300, -0.014990), 0.05, _POSE2SIM),
                "eye": Place("head", (0.078150, 0.046761, 0.031107), 0.05, _POSE2SIM),
            }
        ),
        "nose": Place("head", (0.116266, 0.012610, 0), 0.1, _POSE2SIM),
    },
    (
        # pelvis and torso share what lies between shoulders and hips: which of both is long cannot be seen
        Measure("trunk", _pairs("shoulder", "hip"), ("pelvis", "torso", "head"), "X Y"),
        Measure("hips", (("right_hip", "left_hip"),), ("pelvis",), "Z"),
        Measure("shoulders", (("right_shoulder", "left_shoulder"),), ("torso", "head"), "Z"),
        Measure("thigh", _pairs("hip", "knee"), _sided(("femur", "patella"))),
        Measure("shank", _pairs("knee", "ankle"), _sided(("tibia",))),
        Measure(
            "foot", (*_pairs("heel", "foot_index"), *_pairs("heel", "big_toe")), _sided(("talus", "calcn", "toes"))
        ),
        Measure("upper_arm", _pairs("shoulder", "elbow"), _sided(("humerus",))),
        Measure("forearm", _pairs("elbow", "wrist"), _sided(("ulna", "radius", "hand"))),
    ),
    # hips and shoulders do not tell how much of the trunk's lean is the pelvis's
    dict.fromkeys(_SEEN_MOSTLY, LOOSE) | dict.fromkeys((*_HARDLY_SEEN, *_LUMBAR_FLEXION), TIGHT),
)

_R, _L = "r_", "L_"
_FULL = 30  # Pose2Sim's weight of a knee; ours is 1
# Weights: IK_Setup_Pose2Sim_withoutHands_LSTM.xml. Names: Uhlrich et al. 2023 (OpenCap's marker enhancer).
AUGMENTED = MarkerTable(
    "augmented",
    {
        **_both(
            {
                "knee_study": Place("femur_r", (0.008, -0.404, 0.055), 30 / _FULL, _LSTM),
                "mknee_study": Place("femur_r", (0.011, -0.401, -0.055), 30 / _FULL, _LSTM),
                "ankle_study": Place("tibia_r", (-0.02, -0.385, 0.053), 30 / _FULL, _LSTM),
                "mankle_study": Place("tibia_r", (0.006, -0.38, -0.038), 30 / _FULL, _LSTM),
                "toe_study": Place("calcn_r", (0.186844, 0.008367, 0.005266), 30 / _FULL, _LSTM),
                "5meta_study": Place("calcn_r", (0.14, 0.005, 0.065), 30 / _FULL, _LSTM),
                "calc_study": Place("calcn_r", (-0.032162, 0.032569, -0.011170), 60 / _FULL, _LSTM),
                "shoulder_study": Place("torso", (0, 0.418, 0.142), 5 / _FULL, _LSTM),
                "lelbow_study": Place("humerus_r", (0.015, -0.28, 0.04), 5 / _FULL, _LSTM),
                "melbow_study": Place("humerus_r", (0.00225, -0.286, -0.05), 5 / _FULL, _LSTM),
                "lwrist_study": Place("radius_r", (0.0005, -0.225, 0.05), 5 / _FULL, _LSTM),
                "mwrist_study": Place("radius_r", (-0.022, -0.225, -0.022), 5 / _FULL, _LSTM),
                "thigh1_study": Place("femur_r", (0.09, -0.15, 0.07), 4 / _FULL, _LSTM),
                "thigh2_study": Place("femur_r", (0.055, -0.25, 0.085), 4 / _FULL, _LSTM),
                "thigh3_study": Place("femur_r", (-0.02, -0.14, 0.1), 4 / _FULL, _LSTM),
                "sh1_study": Place("tibia_r", (0, -0.115, 0.07), 4 / _FULL, _LSTM),
                "sh2_study": Place("tibia_r", (0.026, -0.23, 0.08), 4 / _FULL, _LSTM),
                "sh3_study": Place("tibia_r", (-0.05, -0.22, 0.08), 4 / _FULL, _LSTM),
            },
            _R,
            _L,
        ),
        **_both({"ASIS_study": Place("pelvis", (0.028, 0.01, 0.128), 25 / _FULL, _LSTM)}, "r.", "L."),
        **_both({"PSIS_study": Place("pelvis", (-0.154, 0.025, 0.05), 25 / _FULL, _LSTM)}, "r.", "L."),
        **_both({"HJC_study": Place("femur_r", (0, 0, 0), 25 / _FULL, _CENTRE)}, "R", "L"),
        "C7_study": Place("torso", (-0.08, 0.42, 0.003), 5 / _FULL, _LSTM),
    },
    (
        Measure("pelvis_depth", _pairs("ASIS_study", "PSIS_study", "r.", "L."), ("pelvis",), "X Y"),
        Measure("hips", (("RHJC_study", "LHJC_study"),), ("pelvis",), "Z"),
        Measure("trunk", (("C7_study", "r.PSIS_study"), ("C7_study", "L.PSIS_study")), ("torso", "head"), "X Y"),
        Measure("shoulders", (("r_shoulder_study", "L_shoulder_study"),), ("torso", "head"), "Z"),
        Measure(
            "thigh", (("RHJC_study", "r_knee_study"), ("LHJC_study", "L_knee_study")), _sided(("femur", "patella"))
        ),
        Measure(
            "shank",
            (*_pairs("knee_study", "ankle_study", _R, _L), *_pairs("mknee_study", "mankle_study", _R, _L)),
            _sided(("tibia",)),
        ),
        Measure(
            "foot",
            (*_pairs("calc_study", "toe_study", _R, _L), *_pairs("calc_study", "5meta_study", _R, _L)),
            _sided(("talus", "calcn", "toes")),
        ),
        # the whole arm: the shoulder's marker is on the torso, so how far it is from the elbow depends on posture
        Measure(
            "arm",
            (*_pairs("lelbow_study", "lwrist_study", _R, _L), *_pairs("melbow_study", "mwrist_study", _R, _L)),
            _sided(("humerus", "ulna", "radius", "hand")),
        ),
    ),
    # the pelvis has markers of its own
    dict.fromkeys((*_SEEN_MOSTLY, *_LUMBAR_FLEXION), LOOSE) | dict.fromkeys(_HARDLY_SEEN, TIGHT),
)

TABLES = {table.name: table for table in (LANDMARKS, AUGMENTED)}
