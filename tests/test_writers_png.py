"""What the figure of the angles shows, asked of Matplotlib, and of the file."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from posedetector.kinematics.angles import ANGLES
from posedetector.kinematics.nouns import REACH_90, Event, EventKind, JointAngles, Repetition, Side
from posedetector.pose import Array
from posedetector.trial import Trial
from posedetector.writers.figures.angles import SHOWN, figure_of_angles
from posedetector.writers.png import draw_joint_angles

BLUE, VERMILION, BLACK = "#0072B2", "#D55E00", "#000000"  # left, right, neither


REACH = 2 * REACH_90  # of two degrees


def some(time: Array, sd: float = np.nan, /, **degrees: list[float] | Array) -> JointAngles:
    """All angles of the table, NaN but for those given in degrees."""
    values = np.full((len(time), len(ANGLES)), np.nan)
    for name, one in degrees.items():
        values[:, tuple(ANGLES).index(name)] = np.radians(one)
    deviations = np.where(np.isfinite(values), np.radians(sd), np.nan)
    unknown = np.full_like(values, np.nan)
    return JointAngles(time, tuple(ANGLES), values, deviations, unknown, unknown, unknown)


def knees(left: list[float] | Array, sd: float = np.nan) -> JointAngles:
    """The left knee's angle in degrees, ten frames a second; the right one's is 20° less, nothing else is known."""
    time = np.arange(len(left)) / 10
    return some(time, sd, left_knee_flexion=left, right_knee_flexion=np.subtract(left, 20))


def event(kind: EventKind, side: Side, time: float) -> Event:
    return Event(kind, side, time, round(10 * time), "coordinate", 0.01, 2)


def curve(axes: Axes, colour: str = BLUE) -> tuple[Array, Array]:
    """The points of the first line of a colour."""
    line = next(line for line in axes.lines if line.get_color() == colour)
    return np.array(line.get_xdata()), np.array(line.get_ydata())


def marks(axes: Axes) -> set[tuple[str, str, float]]:
    """Colour, marker and time of all marks."""
    lines = [line for line in axes.lines if line.get_marker() in {"v", "^"}]
    return {(line.get_color(), line.get_marker(), float(time)) for line in lines for time in line.get_xdata()}


def titles(figure: Figure) -> list[str]:
    return [panel.get_title().removesuffix(" (°)") for panel in figure.axes]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_every_angle_that_is_shown_is_one_of_the_table() -> None:
    assert all(name in ANGLES or f"left_{name}" in ANGLES for name in SHOWN)


def whole() -> JointAngles:
    """Every angle of the table, of a body seen whole."""
    return some(np.arange(2.0), 2, **dict.fromkeys(ANGLES, np.array([10.0, 20.0])))


def test_rows_begin_with_the_lower_body_and_hip_knee_and_ankle_stand_in_one_column() -> None:
    shown = titles(figure_of_angles(whole(), "walk"))

    assert shown[:6:2] == ["Hip flexion", "Knee flexion", "Ankle dorsiflexion"]
    assert shown[1::2] == ["Pelvis obliquity", "Hip adduction", "Trunk flexion", "Elbow flexion"]


def test_a_panel_has_name_and_unit_above_and_directions_beside() -> None:
    (panel,) = figure_of_angles(knees([30, 40]), "walk").axes

    assert panel.get_title() == "Knee flexion (°)"
    assert panel.get_ylabel() == "← extension   flexion →"
    assert panel.get_xlabel() == "Time (s)"


# the table says to where an angle grows; the panel says it in a clinician's word
GROWS = {
    "hip_flexion": ("thigh forwards", "flexion"),
    "pelvis_obliquity": ("left side up", "left up"),
    "knee_flexion": ("shank backwards", "flexion"),
    "hip_adduction": ("thigh inwards", "adduction"),
    "ankle_dorsiflexion": ("toes up", "dorsi"),
    "trunk_flexion": ("forwards", "forward"),
    "shoulder_elevation": ("arm up", "up"),
    "elbow_flexion": ("forearm forwards", "flexion"),
}


def test_the_direction_upwards_is_the_tables_positive_one() -> None:
    panels = figure_of_angles(whole(), "walk").axes
    upwards = {
        joint: panel.get_ylabel().removesuffix(" →").split("   ")[-1]
        for joint, panel in zip(SHOWN, panels, strict=True)
    }
    rows = {joint: ANGLES.get(joint) or ANGLES[f"left_{joint}"] for joint in SHOWN}

    assert {joint: (rows[joint].positive, word) for joint, word in upwards.items()} == GROWS


def test_letters_are_no_smaller_than_eight_points_on_a4() -> None:
    figure = figure_of_angles(whole(), "walk", (event("initial_contact", "left", 0.1),))
    texts = [text for text in figure.findobj(Text) if text.get_text()]

    assert figure.get_figwidth() <= 8.27 - 1  # inches, with margins of half an inch
    assert figure.get_figheight() <= 11.69 - 1
    assert min(text.get_fontsize() for text in texts) >= 8


def test_an_angle_without_any_value_has_no_panel() -> None:
    seen = some(np.arange(2.0), left_elbow_flexion=[10, 20], trunk_flexion=[1, 2])

    assert titles(figure_of_angles(seen, "walk")) == ["Trunk flexion", "Elbow flexion"]


def test_without_any_value_the_figure_says_so_and_has_no_axes() -> None:
    figure = figure_of_angles(some(np.arange(2.0)), "walk")

    assert figure.axes == []
    assert any("None of the usual joint angles" in text.get_text() for text in figure.texts)


def test_the_lowest_panel_of_each_column_names_the_time() -> None:
    three = some(np.arange(2.0), left_hip_flexion=[1, 2], left_knee_flexion=[1, 2], left_elbow_flexion=[1, 2])

    assert [panel.get_xlabel() for panel in figure_of_angles(three, "walk").axes] == ["", "Time (s)", "Time (s)"]


def test_the_clips_name_stands_above_as_it_is() -> None:
    title = figure_of_angles(knees([30, 40]), "take $a_1$ of $b$").texts[0]

    assert title.get_text() == "take $a_1$ of $b$"
    assert not title.get_parse_math()


def test_a_long_name_is_cut_to_the_page_and_says_so() -> None:
    figure = figure_of_angles(knees([30, 40]), 200 * "a")
    figure.draw_without_rendering()

    assert figure.texts[0].get_text().endswith("a…")
    assert figure.texts[0].get_window_extent().width < figure.bbox.width


def test_the_curve_of_each_side_has_its_values_in_degrees() -> None:
    panel = figure_of_angles(knees([30, 40, 50]), "walk").axes[0]

    for colour, first in ((BLUE, 30), (VERMILION, 10)):
        moments, values = curve(panel, colour)
        assert values == pytest.approx(np.interp(moments, [0, 0.1, 0.2], [first, first + 10, first + 20]))


def test_an_angle_without_a_side_is_black() -> None:
    trunk = figure_of_angles(some(np.arange(2.0), trunk_flexion=[5, 15]), "walk")

    assert curve(trunk.axes[0], BLACK)[1].tolist() == pytest.approx([5, 5, 15, 15])
    assert legend(trunk) == ["trunk, pelvis"]


def test_no_line_crosses_a_hole() -> None:
    moments, values = curve(figure_of_angles(knees([30, 40, np.nan, np.nan, 50, 60]), "walk").axes[0])

    assert set(moments[np.isnan(values)]) == {0.2, 0.3}


def test_no_line_of_a_long_clip_crosses_a_hole() -> None:
    knee = np.full(100_000, 30.0)
    knee[40_000:60_000] = np.nan
    moments, values = curve(figure_of_angles(knees(knee), "walk").axes[0])
    inside = (moments > 4010) & (moments < 5990)

    assert np.isnan(values[inside]).all()
    assert not np.isnan(values[~inside & ((moments < 3990) | (moments > 6010))]).any()


def test_the_band_reaches_1645_deviations_to_either_side() -> None:
    band = figure_of_angles(knees([30, 40], sd=2), "walk").axes[0].collections[0]
    outline = band.get_paths()[0].vertices

    assert sorted(set(np.round(outline[:, 1], 6))) == pytest.approx([30 - REACH, 30 + REACH, 40 - REACH, 40 + REACH])


@pytest.mark.parametrize(("name", "least"), [("left_shoulder_elevation", 0.0), ("left_knee_flexion", 1 - REACH)])
def test_the_band_goes_below_nought_only_where_the_angle_can(name: str, least: float) -> None:
    band = figure_of_angles(some(np.arange(2.0), 2, **{name: [1, 40]}), "walk").axes[0].collections[0]

    assert band.get_paths()[0].vertices[:, 1].min() == pytest.approx(least)


def test_the_band_is_named_where_there_is_one() -> None:
    assert legend(figure_of_angles(knees([30, 40], sd=2), "walk")) == ["left", "right", "90 % interval"]


def test_no_band_is_named_where_there_is_none() -> None:
    assert legend(figure_of_angles(knees([30, 40]), "walk")) == ["left", "right"]


def test_a_side_that_was_not_seen_is_not_named() -> None:
    assert legend(figure_of_angles(some(np.arange(2.0), left_knee_flexion=[1, 2]), "walk")) == ["left"]


def test_every_panel_reaches_nought() -> None:
    low, high = figure_of_angles(knees([130, 131]), "walk").axes[0].get_ylim()

    assert low <= 0
    assert high > 131


def test_two_degrees_do_not_fill_a_panel() -> None:
    low, high = figure_of_angles(some(np.arange(2.0), pelvis_obliquity=[-1, 1]), "walk").axes[0].get_ylim()

    assert high - low >= 20


def test_each_gait_event_is_marked_at_its_time_in_its_sides_colour() -> None:
    events = (event("initial_contact", "left", 0.1), event("foot_off", "right", 0.2))
    figure = figure_of_angles(knees([30, 40, 50]), "walk", events)

    assert marks(figure.axes[0]) == {(BLUE, "v", 0.1), (VERMILION, "^", 0.2)}
    assert legend(figure) == ["left", "right", "initial contact", "toe-off"]


def test_marks_of_events_lie_below_every_value() -> None:
    panel = figure_of_angles(knees([-30, 40, 50]), "walk", (event("initial_contact", "left", 0.1),)).axes[0]
    low, high = panel.get_ylim()
    highest = max(
        float(line.get_ydata()[0]) for line in panel.lines if len(line.get_xdata()) and line.get_marker() == "v"
    )

    assert low + (highest + 0.03) * (high - low) < -50  # the right knee's least


def test_marks_of_many_events_are_small_enough_to_be_told_apart() -> None:
    # a panel of 6 inches is 432 points wide; each side has half of the marks
    events = tuple(event("initial_contact", side, time) for time in range(100) for side in ("left", "right"))
    panel = figure_of_angles(knees(np.full(1000, 30.0)), "walk", events).axes[0]

    assert max(line.get_markersize() for line in panel.lines if line.get_marker() == "v") * 100 < 432


def test_repetitions_are_shaded_from_start_to_end() -> None:
    squats = tuple(Repetition("squat", start, start + 1, start + 2, 0.4, 1.7) for start in (1.0, 5.0))
    figure = figure_of_angles(knees(np.full(100, 30.0)), "squat", (), squats)
    spans = [path.vertices[:, 0] for path in figure.axes[0].collections[0].get_paths()]

    assert [(span.min(), span.max()) for span in spans] == [(1, 3), (5, 7)]
    assert legend(figure)[-1] == "repetition"


def test_the_spikes_of_a_long_clip_are_drawn() -> None:
    knee = np.full(100_000, 30.0)
    knee[54_321] = 90
    moments, values = curve(figure_of_angles(knees(knee), "walk").axes[0])

    assert moments[np.argmax(values)] == pytest.approx(5432.1, abs=5)
    assert values.max() == pytest.approx(90)


def test_a_long_clip_takes_no_more_points_than_the_picture_can_show() -> None:
    panel = figure_of_angles(knees(np.full(100_000, 30.0), sd=2), "walk").axes[0]

    assert len(curve(panel)[0]) <= 4000
    assert len(panel.collections[0].get_paths()[0].vertices) <= 4010


def pixels(colour: str, path: Path) -> int:
    """Count the pixels of a colour; the edges of what is drawn are blended with white."""
    picture = cv2.imread(str(path))[..., ::-1].reshape(-1, 3)
    return int((np.abs(picture - 255 * np.array(to_rgb(colour))).max(axis=1) < 8).sum())


def test_the_file_shows_the_side_that_was_seen_in_its_colour_and_not_the_other(bent: Trial, tmp_path: Path) -> None:
    draw_joint_angles(bent, tmp_path / "a.png")

    assert pixels(BLUE, tmp_path / "a.png") > 100
    assert pixels(VERMILION, tmp_path / "a.png") == 0


def test_a_clip_of_one_frame_shows_its_value_and_interval() -> None:
    panel = figure_of_angles(knees([30], sd=2), "photo").axes[0]
    (points, _, (bars,)) = panel.containers[0]

    assert (points.get_xdata().tolist(), points.get_ydata().tolist()) == ([0.0], pytest.approx([30]))
    assert bars.get_segments()[0][:, 1] == pytest.approx([30 - REACH, 30 + REACH])


def test_a_frame_alone_between_holes_is_shown() -> None:
    panel = figure_of_angles(knees([30, 40, np.nan, 50, np.nan]), "walk").axes[0]

    assert panel.containers[0][0].get_xdata() == pytest.approx([0.3])


def test_nothing_that_was_seen_is_drawn_too(trial: Trial, tmp_path: Path) -> None:
    draw_joint_angles(trial, tmp_path / "a.png")

    assert cv2.imread(str(tmp_path / "a.png")) is not None


def test_a_name_in_letters_that_the_font_lacks_warns_nobody(bent: Trial, tmp_path: Path) -> None:
    draw_joint_angles(replace(bent, name="歩く"), tmp_path / "a.png")

    assert cv2.imread(str(tmp_path / "a.png")) is not None


def test_the_same_angles_give_the_same_file(bent: Trial, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        draw_joint_angles(bent, tmp_path / name)

    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
