"""What the figure of the angles shows, asked of Matplotlib, and of the file."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from posedetector.kinematics.angles import ANGLES
from posedetector.kinematics.nouns import JointAngles
from posedetector.pose import Array
from posedetector.trial import Trial
from posedetector.writers.png import draw_joint_angles, figure_of

BLUE, VERMILION = "#0072B2", "#D55E00"  # left, right


def angles(knee: list[float] | Array, sd: float = np.nan) -> JointAngles:
    """The left knee's angle in degrees, ten frames a second; the right one's is 20° less, nothing else is known."""
    values = np.full((len(knee), len(ANGLES)), np.nan)
    values[:, :2] = np.radians(np.stack([knee, np.subtract(knee, 20)], axis=1))
    deviations = np.where(np.isfinite(values), np.radians(sd), np.nan)
    nothing = np.full_like(values, np.nan)
    return JointAngles(np.arange(len(knee)) / 10, tuple(ANGLES), values, deviations, nothing, nothing, nothing)


def curve(axes: Axes, colour: str = BLUE) -> tuple[Array, Array]:
    """The points of the first line of a colour."""
    line = next(line for line in axes.lines if line.get_color() == colour)
    return np.array(line.get_xdata()), np.array(line.get_ydata())


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_each_joint_has_a_panel_that_names_its_unit() -> None:
    panels = figure_of(angles([30, 40]), "walk").axes

    assert [panel.get_ylabel() for panel in panels] == ["knee flexion, °", "hip flexion, °", "elbow flexion, °"]
    assert panels[-1].get_xlabel() == "time, s"


def test_a_table_of_other_angles_has_their_panels() -> None:
    names = ("left_wrist_flexion", "right_wrist_flexion")
    wrists = JointAngles(np.arange(2.0), names, *[np.zeros((2, 2))] * 5)

    assert [panel.get_ylabel() for panel in figure_of(wrists, "walk").axes] == ["wrist flexion, °"]


def test_the_clips_name_stands_above_as_it_is() -> None:
    title = figure_of(angles([30, 40]), "take $a_1$ of $b$").texts[0]

    assert title.get_text() == "take $a_1$ of $b$"
    assert not title.get_parse_math()


def test_a_long_name_is_cut_and_says_so() -> None:
    assert figure_of(angles([30, 40]), 200 * "a").texts[0].get_text() == 80 * "a" + "…"


def test_the_curve_of_each_side_has_its_values_in_degrees() -> None:
    panel = figure_of(angles([30, 40, 50]), "walk").axes[0]

    for colour, first in ((BLUE, 30), (VERMILION, 10)):
        moments, values = curve(panel, colour)
        assert values == pytest.approx(np.interp(moments, [0, 0.1, 0.2], [first, first + 10, first + 20]))


def test_no_line_crosses_a_hole() -> None:
    moments, values = curve(figure_of(angles([30, 40, np.nan, np.nan, 50, 60]), "walk").axes[0])

    assert set(moments[np.isnan(values)]) == {0.2, 0.3}


def test_no_line_of_a_long_clip_crosses_a_hole() -> None:
    knee = np.full(100_000, 30.0)
    knee[40_000:60_000] = np.nan
    moments, values = curve(figure_of(angles(knee), "walk").axes[0])
    inside = (moments > 4010) & (moments < 5990)

    assert np.isnan(values[inside]).all()
    assert not np.isnan(values[~inside & ((moments < 3990) | (moments > 6010))]).any()


def test_the_band_reaches_1645_deviations_to_either_side() -> None:
    band = figure_of(angles([30, 40], sd=2), "walk").axes[0].collections[0]
    outline = band.get_paths()[0].vertices

    assert sorted(set(np.round(outline[:, 1], 6))) == [30 - 3.29, 30 + 3.29, 40 - 3.29, 40 + 3.29]


def test_the_band_ends_where_angles_end() -> None:
    band = figure_of(angles([2, 40], sd=2), "walk").axes[0].collections[0]

    assert band.get_paths()[0].vertices[:, 1].min() == 0


def test_the_band_is_named_where_there_is_one() -> None:
    assert legend(figure_of(angles([30, 40], sd=2), "walk")) == ["left", "right", "90 % interval of the fit"]


def test_no_band_is_named_where_there_is_none() -> None:
    assert legend(figure_of(angles([30, 40]), "walk")) == ["left", "right"]


def test_a_panel_without_values_says_so() -> None:
    said = [[text.get_text() for text in panel.texts] for panel in figure_of(angles([30, 40]), "walk").axes]

    assert said == [[], ["never seen"], ["never seen"]]


def test_every_panel_reaches_down_to_straight() -> None:
    low, high = figure_of(angles([130, 131]), "walk").axes[0].get_ylim()

    assert low <= 0
    assert high > 131


def test_the_spikes_of_a_long_clip_are_drawn() -> None:
    knee = np.full(100_000, 30.0)
    knee[54_321] = 90
    moments, values = curve(figure_of(angles(knee), "walk").axes[0])

    assert moments[np.argmax(values)] == pytest.approx(5432.1, abs=5)
    assert values.max() == pytest.approx(90)


def test_a_long_clip_takes_no_more_points_than_the_picture_can_show() -> None:
    panel = figure_of(angles(np.full(100_000, 30.0), sd=2), "walk").axes[0]

    assert len(curve(panel)[0]) <= 4000
    assert len(panel.collections[0].get_paths()[0].vertices) <= 4010


def pixels(colour: str, path: Path) -> int:
    """Count the pixels of a colour; the edges of what is drawn are blended with white."""
    picture = cv2.imread(str(path))[..., ::-1].reshape(-1, 3)
    return int((np.abs(picture - 255 * np.array(to_rgb(colour))).max(axis=1) < 8).sum())


def test_the_file_shows_the_side_that_was_seen_in_its_colour(bent: Trial, tmp_path: Path) -> None:
    draw_joint_angles(bent, tmp_path / "a.png")

    # the legend has as much of both
    assert pixels(BLUE, tmp_path / "a.png") > 2 * pixels(VERMILION, tmp_path / "a.png") > 0


def test_a_clip_of_one_frame_shows_its_value_and_interval() -> None:
    panel = figure_of(angles([30], sd=2), "photo").axes[0]
    (points, _, (bars,)) = panel.containers[0]

    assert (points.get_xdata().tolist(), points.get_ydata().tolist()) == ([0.0], pytest.approx([30]))
    assert bars.get_segments()[0][:, 1] == pytest.approx([30 - 3.29, 30 + 3.29])


def test_a_frame_alone_between_holes_is_shown() -> None:
    panel = figure_of(angles([30, 40, np.nan, 50, np.nan]), "walk").axes[0]

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
