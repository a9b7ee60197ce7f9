"""Grades of a figure that stands where it is told, seen from where it is told, with deviations that are given."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from figures import figure, pose_of
from posedetector.kinematics import View, study
from posedetector.kinematics.angles import ANGLES
from posedetector.kinematics.grading import in_words, withheld
from posedetector.kinematics.nouns import Grade
from posedetector.pose import Array, MetricPose, Spread
from posedetector.subject import Subject

FRAMES = 100
SIDE, FRONT = (0.0, 1.0, 4.0), (4.0, 1.0, 0.0)  # of a figure that looks along X
PERSON = Subject(height=1.7)


def seen(
    camera: tuple[float, float, float] | None, /, swing: float = 0.0, **degrees: float | Array
) -> dict[str, Grade]:
    """Grades of who stands, or bends the knees by up to `swing` degrees, with these deviations; no view without a camera."""
    bent = swing / 2 * (1 - np.cos(np.linspace(0, 4 * np.pi, FRAMES)))
    pose = pose_of(np.array([figure({"left_knee_flexion": one, "right_knee_flexion": one}) for one in bent]))
    view = None if camera is None else View.of(pose, np.array(camera))
    return dict(study(fitted(pose, degrees), PERSON, view=view).grades)


def fitted(pose: MetricPose, degrees: Mapping[str, float | Array]) -> MetricPose:
    if not degrees:
        return pose
    angles = {name: np.radians(np.broadcast_to(degrees.get(name, np.nan), FRAMES)) for name in ANGLES}
    return replace(pose, spread=Spread(np.zeros_like(pose.xyz), angles))


@pytest.mark.parametrize(
    ("camera", "name", "sd", "quality"),
    [
        (SIDE, "left_knee_flexion", 10, "good"),  # of 60°
        (SIDE, "left_knee_flexion", 20, "weak"),
        (SIDE, "left_knee_flexion", 50, "poor"),
        (FRONT, "left_knee_flexion", 10, "weak"),
        (FRONT, "left_knee_flexion", 35, "poor"),
        (SIDE, "left_hip_adduction", 9, "poor"),  # of 15°
        (FRONT, "left_hip_adduction", 9, "weak"),
        (FRONT, "left_hip_adduction", 3, "good"),
        (FRONT, "pelvis_obliquity", 2, "good"),
        (SIDE, "pelvis_obliquity", 2, "weak"),
        (SIDE, "pelvis_obliquity", 7, "poor"),
        (FRONT, "pelvis_rotation", 7, "poor"),
        (SIDE, "trunk_flexion", 2, "good"),
    ],
)
def test_an_angle_is_graded_by_its_deviation_and_the_view(
    camera: tuple[float, float, float], name: str, sd: float, quality: str
) -> None:
    assert seen(camera, **{name: sd})[name].quality == quality


@pytest.mark.parametrize(
    ("camera", "name", "why"),
    [
        (SIDE, "pelvis_obliquity", "seen from the side, movement in the frontal plane hardly changes the image"),
        (
            FRONT,
            "left_knee_flexion",
            "seen from the front or back, movement in the sagittal plane hardly changes the image",
        ),
        (SIDE, "trunk_rotation", "seen from the side, a turn about a long axis hardly changes the image"),
        (SIDE, "left_ankle_dorsiflexion", "its uncertainty is large against how far it moves"),
    ],
)
def test_what_is_not_good_says_why(camera: tuple[float, float, float], name: str, why: str) -> None:
    assert seen(camera, **{name: 8.0})[name].reason == why


def test_without_a_view_the_deviation_alone_decides() -> None:
    assert seen(None, left_hip_adduction=3.0)["left_hip_adduction"].quality == "good"


def test_without_a_fit_the_view_alone_decides_and_nothing_is_good() -> None:
    grades = seen(SIDE)

    assert (grades["left_knee_flexion"].quality, grades["pelvis_obliquity"].quality) == ("weak", "poor")
    assert "judged by the view alone" in grades["left_knee_flexion"].reason
    assert np.isnan(grades["left_knee_flexion"].sd_rad)


def test_without_either_nothing_is_graded() -> None:
    assert seen(None) == {}


def test_an_angle_that_moves_far_bears_a_greater_deviation() -> None:
    """200° of movement, of which half counts, against 60°; 20° is a fifth and a third of that."""
    assert seen(SIDE, left_knee_flexion=20)["left_knee_flexion"].quality == "weak"
    assert seen(SIDE, swing=170.0, left_knee_flexion=20)["left_knee_flexion"].quality == "good"


def test_how_a_clip_begins_and_ends_does_not_grade_it() -> None:
    """10° in most of what lies between the ends, so that is the median; with the ends it would be 30°."""
    frame = np.arange(FRAMES)
    sd = np.select([(frame < 12) | (frame >= 88), frame < 52], [90.0, 10.0], 30.0)
    found = seen(SIDE, left_knee_flexion=sd)["left_knee_flexion"]

    assert (found.quality, np.degrees(found.sd_rad)) == ("good", pytest.approx(10))


def test_who_is_seen_in_a_mirror_has_mirrored_grades() -> None:
    turned = seen((2.0, 1.0, -4.0), left_knee_flexion=20, right_knee_flexion=5, right_hip_adduction=9)
    mirrored = seen((2.0, 1.0, 4.0), right_knee_flexion=20, left_knee_flexion=5, left_hip_adduction=9)

    assert turned["left_knee_flexion"] == mirrored["right_knee_flexion"]
    assert turned["right_knee_flexion"] == mirrored["left_knee_flexion"]
    assert turned["right_hip_adduction"] == mirrored["left_hip_adduction"]


def test_words_name_angles_of_one_reason_together_and_the_poor_first() -> None:
    edge_on, large = "seen from the side", "its uncertainty is large against how far it moves"
    grades = {
        "left_ankle_dorsiflexion": Grade("weak", large),
        "right_ankle_dorsiflexion": Grade("weak", large),
        "left_hip_adduction": Grade("poor", edge_on),
        "pelvis_obliquity": Grade("poor", edge_on),
        "left_knee_flexion": Grade("good"),
    }

    assert in_words(grades) == [
        "Not to be reported: left hip adduction, pelvis obliquity (seen from the side).",
        f"Weak, only large differences count: ankle dorsiflexion ({large}).",
    ]
    assert withheld(grades, ["pelvis_obliquity"]) == ["Not shown: pelvis obliquity (seen from the side)."]


def test_an_angle_that_no_joint_reaches_is_not_reported() -> None:
    """As of somebody whose pose goes on upside down after a somersault."""
    pose = pose_of(np.array([figure({"left_hip_flexion": 175.0})] * FRAMES))
    grades = study(fitted(pose, {"left_hip_flexion": 5.0}), PERSON).grades

    assert grades["left_hip_flexion"].quality == "poor"
    assert "which no joint does" in grades["left_hip_flexion"].reason
