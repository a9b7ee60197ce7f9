"""What the figure of gait cycles and repetitions shows, asked of Matplotlib, and of the file."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from posedetector.kinematics.angles import ANGLES
from posedetector.kinematics.nouns import REACH_90, Cycles, Gait, Grade, Quantity, Repetition, Side
from posedetector.kinematics.reference import references
from posedetector.pose import Array
from posedetector.subject import Subject
from posedetector.trial import Trial
from posedetector.writers.figures.angles import figure_of_angles
from posedetector.writers.figures.gait import figure_of_gait
from posedetector.writers.figures.parameters import COMPARED
from posedetector.writers.figures.repetitions import figure_of_repetitions
from posedetector.writers.png import draw_movement, figure_of_movement
from studied import EVENTS, angles_at, with_kinematics

BLUE, VERMILION = "#0072B2", "#D55E00"  # left, right
NAN = float("nan")
ADULT = Subject(height=1.67)  # as tall, and below as fast, as the reference
WOMAN = Subject(height=1.7, age=30, sex="female")
CHILD = Subject(height=1.2, age=8)


def cycles(side: Side = "left", /, **degrees: Sequence[Any]) -> Cycles:
    """Cycles by the names of angles: of each a number, or 101 of them."""
    columns = [np.stack([np.broadcast_to(np.asarray(one, float), 101) for one in each]) for each in degrees.values()]
    curves = np.radians(np.stack(columns, axis=-1))
    starts = np.arange(float(len(curves)))
    return Cycles(side, tuple(degrees), curves, starts, starts + 1)


def quantity(name: str, value: float, unit: str, side: Any = "", sd: float = NAN, error: float = NAN) -> Quantity:
    return Quantity(name, side, value, sd, 3, unit, "", error)


WALK = (
    quantity("walking_speed", 1.24, "m/s", sd=0.1),
    quantity("cadence", 114.0, "steps/min", sd=1.2),
    quantity("step_length", 0.61, "m", "left", 0.02, 0.06 / REACH_90),
    quantity("step_length", 0.63, "m", "right", 0.02, 0.06 / REACH_90),
    quantity("stance_share", 62.0, "%", "left", 2.0),
    quantity("stance_share", 58.0, "%", "right", 2.0),
    quantity("double_support_share", 20.0, "%", "left", 2.0),
    quantity("double_support_share", 21.0, "%", "right", 2.0),
    quantity("step_width", 0.1, "m", "left", 0.02),
)


def gait(*of: Cycles, quantities: tuple[Quantity, ...] = (), doubt: str = "") -> Gait:
    return Gait("doubtful" if doubt else "good", doubt, (), quantities, of)


def panel(figure: Figure, name: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_title().lower().startswith(f"{name} ("))


def names(figure: Figure) -> list[str]:
    return [axes.get_title().partition(" (")[0].lower() for axes in figure.axes if axes.get_title()]


def mean(axes: Axes, colour: str = BLUE) -> Array:
    """The bold curve of a colour."""
    return np.array(next(one for one in axes.lines if one.get_color() == colour and one.get_lw() > 2).get_ydata())


def single(axes: Axes) -> list[Array]:
    return [
        np.asarray(part)[:, 1]
        for one in axes.collections
        if isinstance(one, LineCollection)
        for part in one.get_segments()
    ]


def bands(axes: Axes) -> list[Array]:
    """Outlines of what is filled and drawn at all."""
    paths = [path for one in axes.collections if isinstance(one, PolyCollection) for path in one.get_paths()]
    return [np.asarray(path.vertices) for path in paths if np.isfinite(path.vertices).any() and len(path.vertices) > 3]


def dashed(axes: Axes, style: str = "--") -> dict[Any, float]:
    return {
        one.get_color(): float(np.asarray(one.get_xdata())[0]) for one in axes.lines if one.get_linestyle() == style
    }


def reference(axes: Axes) -> tuple[list[float], list[tuple[float, float]]]:
    """Places of the lines of reference means, and ends of reference bands."""
    lines = [float(np.asarray(one.get_xdata())[0]) for one in axes.lines if one.get_color() == "0.45"]
    return lines, [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]


def marks(axes: Axes) -> dict[str, float]:
    """Own values by colour."""
    return {str(one[0].get_color()): float(np.asarray(one[0].get_xdata())[0]) for one in axes.containers}


def said(figure: Figure) -> str:
    """All that stands on the page apart from the panels, in one line."""
    parts = [*figure.texts, *(text for part in figure.subfigs for text in part.texts)]
    return " ".join(" ".join(text.get_text() for text in parts).split())


def boxes(figure: Figure) -> Iterator[tuple[str, Bbox]]:
    """Where there is text: headings, numbers along the axes, lists and small print, the legend."""
    figure.draw_without_rendering()
    texts = [*figure.texts, *(text for part in figure.subfigs for text in part.texts)]
    for axes in figure.axes:
        texts += [axes.title, *axes.texts]
        if axes.axison:
            for axis in (axes.xaxis, axes.yaxis):
                if (box := axis.get_tightbbox()) is not None:
                    yield f"axis of {axes.get_title()}", box
    for text in texts:
        if text.get_text():
            yield text.get_text(), text.get_window_extent()
    for legend in figure.legends:
        yield "legend", legend.get_window_extent()


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    return [
        (one, other)
        for (one, box), (other, place) in combinations(boxes(figure), 2)
        if min(box.x1, place.x1) - max(box.x0, place.x0) > 1 and min(box.y1, place.y1) - max(box.y0, place.y0) > 1
    ]


def outside(figure: Figure) -> list[str]:
    page = figure.bbox
    return [
        one for one, box in boxes(figure) if box.x0 < -1 or box.y0 < -1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1
    ]


# cycles of gait


def test_the_bold_curve_is_the_mean_of_a_sides_cycles_in_degrees() -> None:
    both = gait(cycles("left", left_knee_flexion=[10, 30]), cycles("right", right_knee_flexion=[40, 50, 60]))
    axes = panel(figure_of_gait(both, ADULT, "walk"), "knee flexion")

    assert mean(axes, BLUE) == pytest.approx(np.full(101, 20))
    assert mean(axes, VERMILION) == pytest.approx(np.full(101, 50))


def test_the_band_is_one_sample_standard_deviation() -> None:
    axes = panel(figure_of_gait(gait(cycles(left_knee_flexion=[10, 20, 30])), ADULT, "walk"), "knee flexion")
    (band,) = bands(axes)

    assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((10, 30))


def test_with_a_fit_a_paler_band_is_the_90_percent_interval_with_its_error() -> None:
    """Cycles of 10, 20 and 30°, left open by 10° each: the darker band ± 10°, the paler one ± 1.645 · 10 · √2."""
    own = cycles(left_knee_flexion=[10, 20, 30])
    figure = figure_of_gait(gait(replace(own, sd=np.full_like(own.values, np.radians(10)))), ADULT, "walk")
    pale, dark = bands(panel(figure, "knee flexion"))

    assert (pale[:, 1].min(), pale[:, 1].max()) == pytest.approx((20 - REACH_90 * 200**0.5, 20 + REACH_90 * 200**0.5))
    assert (dark[:, 1].min(), dark[:, 1].max()) == pytest.approx((10, 30))
    assert "90 % interval with the fit's error" in [text.get_text() for text in figure.legends[0].get_texts()]


def graded(quality: Any) -> list[Figure]:
    """A figure of each kind of a left knee, and of a hip that is good, whose knee has this grade."""
    grades = {"left_knee_flexion": Grade(quality, "seen badly"), "left_hip_flexion": Grade("good")}
    angles = angles_at(TIME, left_knee_flexion=TIME, left_hip_flexion=TIME)
    return [
        figure_of_gait(gait(cycles(left_knee_flexion=[10], left_hip_flexion=[5])), ADULT, "walk", grades),
        figure_of_repetitions((squat(5.0),), angles, "squat", grades),
        figure_of_angles(angles, "walk", grades=grades),
    ]


def test_a_poor_angle_is_left_out_of_every_figure_with_a_line_that_says_why() -> None:
    for figure in graded("poor"):
        assert names(figure) == ["hip flexion"]
        assert figure.legends[0].get_title().get_text() == "Not shown: left knee flexion (seen badly)."


def test_a_weak_angle_is_called_so_and_dashed_in_every_figure() -> None:
    for figure in graded("weak"):
        knee, hip = panel(figure, "knee flexion"), panel(figure, "hip flexion")

        assert (knee.get_title(), hip.get_title()) == ("Knee flexion (°) (weak)", "Hip flexion (°)")
        assert [any(one.is_dashed() and one.get_color() == BLUE for one in axes.lines) for axes in (knee, hip)] == [
            True,
            False,
        ]
        assert "weak: only large differences count" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_where_all_is_poor_the_figure_only_says_so() -> None:
    angles = angles_at(TIME, left_knee_flexion=TIME)
    figure = figure_of_angles(angles, "walk", grades={"left_knee_flexion": Grade("poor", "seen badly")})

    assert figure.axes == []
    assert "Not shown: left knee flexion (seen badly)." in said(figure)


def test_single_cycles_stand_behind_the_mean() -> None:
    axes = panel(figure_of_gait(gait(cycles(left_knee_flexion=[10, 30])), ADULT, "walk"), "knee flexion")

    assert [curve[0] for curve in single(axes)] == pytest.approx([10, 30])


def test_one_cycle_is_drawn_without_a_band_and_none_is_named() -> None:
    figure = figure_of_gait(gait(cycles(left_knee_flexion=[30])), ADULT, "walk")

    assert mean(panel(figure, "knee flexion")) == pytest.approx(np.full(101, 30))
    assert bands(panel(figure, "knee flexion")) == []
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["left"]


def test_a_hole_of_one_cycle_leaves_the_mean_to_the_others() -> None:
    holed = np.where(np.arange(101) < 50, 30.0, NAN)
    axes = panel(figure_of_gait(gait(cycles(left_hip_flexion=[10, holed])), ADULT, "walk"), "hip flexion")

    assert mean(axes) == pytest.approx(np.where(np.arange(101) < 50, 20, 10))


def test_no_more_cycles_are_drawn_than_can_be_told_apart() -> None:
    many = cycles(left_knee_flexion=list(np.linspace(0, 60, 5000)))

    assert len(single(panel(figure_of_gait(gait(many), ADULT, "walk"), "knee flexion"))) <= 200


def test_an_angle_that_no_cycle_knows_has_no_panel() -> None:
    known = gait(cycles(left_knee_flexion=[10, 20], left_ankle_dorsiflexion=[NAN, NAN]))

    assert names(figure_of_gait(known, ADULT, "walk")) == ["knee flexion"]


def test_an_angle_of_the_other_side_is_not_drawn() -> None:
    left = gait(cycles("left", right_knee_flexion=[10], left_hip_flexion=[10]))

    assert names(figure_of_gait(left, ADULT, "walk")) == ["hip flexion"]


def test_an_angle_without_a_side_is_drawn_for_the_cycles_of_each() -> None:
    both = gait(cycles("left", pelvis_obliquity=[5, 5]), cycles("right", pelvis_obliquity=[-5, -5]))
    axes = panel(figure_of_gait(both, ADULT, "walk"), "pelvis obliquity")

    assert (mean(axes, BLUE)[0], mean(axes, VERMILION)[0]) == pytest.approx((5, -5))


def test_stance_ends_at_the_mean_foot_off_of_each_side() -> None:
    both = gait(cycles("left", left_knee_flexion=[1]), cycles("right", right_knee_flexion=[1]), quantities=WALK)

    assert dashed(panel(figure_of_gait(both, ADULT, "walk"), "knee flexion")) == pytest.approx(
        {BLUE: 62, VERMILION: 58}
    )


def test_of_a_side_without_cycles_no_foot_off_is_drawn() -> None:
    left = gait(cycles("left", left_knee_flexion=[1]), quantities=WALK)

    assert dashed(panel(figure_of_gait(left, ADULT, "walk"), "knee flexion")) == pytest.approx({BLUE: 62})


def test_the_number_of_cycles_and_the_doubt_stand_above() -> None:
    doubtful = gait(cycles(left_knee_flexion=[1, 2]), doubt="not one whole stride of each foot")

    assert "gait cycles: 2 left, 0 right doubtful: not one whole stride" in said(
        figure_of_gait(doubtful, ADULT, "walk")
    )


# parameters of gait


def test_parameters_that_are_compared_are_those_with_a_reference() -> None:
    assert set(COMPARED) == set(references(WOMAN))


def test_only_parameters_that_are_compared_have_panels() -> None:
    assert names(figure_of_gait(gait(quantities=WALK), ADULT, "walk")) == [
        *("walking speed", "cadence", "step length", "stance phase", "double support")
    ]


def test_own_values_are_in_the_units_of_files() -> None:
    figure = figure_of_gait(gait(quantities=WALK), ADULT, "walk")

    assert marks(panel(figure, "cadence")) == pytest.approx({"#000000": 114})
    assert marks(panel(figure, "stance phase")) == pytest.approx({BLUE: 62, VERMILION: 58})
    assert panel(figure, "cadence").get_title().startswith("Cadence (steps/min)\nthis clip 114.0 · reference 114.7")


def test_the_reference_is_a_line_at_the_mean_and_a_band_of_two_deviations() -> None:
    lines, ends = reference(panel(figure_of_gait(gait(quantities=WALK), ADULT, "walk"), "cadence"))

    assert lines == pytest.approx([114.7])
    assert ends[0] == pytest.approx((114.7 - 2 * 5.6, 114.7 + 2 * 5.6))


def test_a_reference_without_a_deviation_is_a_line_alone() -> None:
    lines, ends = reference(panel(figure_of_gait(gait(quantities=WALK), WOMAN, "walk"), "walking speed"))

    assert (lines, ends) == ([1.34], [])


def test_without_age_and_sex_speed_has_no_reference_and_says_so() -> None:
    figure = figure_of_gait(gait(quantities=WALK), ADULT, "walk")

    assert reference(panel(figure, "walking speed")) == ([], [])
    assert "Walking speed: no reference; it needs sex and age" in said(figure)


def test_without_age_the_reference_says_that_it_is_of_adults() -> None:
    figure = figure_of_gait(gait(quantities=WALK), ADULT, "walk")

    assert "age not given: adults" in said(figure)
    assert "stance phase, double support: healthy adults of 21-84 years" in said(figure)


def test_of_a_grown_woman_both_populations_are_named() -> None:
    text = said(figure_of_gait(gait(quantities=WALK), WOMAN, "walk"))

    assert "Walking speed: healthy women of 30-39 years" in text
    assert "Fukuchi" in text
    assert "age not given" not in text


@pytest.mark.parametrize(("subject", "support", "why"), [(CHILD, 20.0, "a child"), (WOMAN, 0.0, "running")])
def test_a_child_and_a_runner_are_not_compared(subject: Subject, support: float, why: str) -> None:
    own = (*WALK[:6], quantity("double_support_share", support, "%", "left"))
    figure = figure_of_gait(gait(quantities=own), subject, "walk")

    assert [reference(axes) for axes in figure.axes] == [([], [])] * 5
    assert "no reference" in said(figure)
    assert why in said(figure)


def test_a_single_value_has_no_bar() -> None:
    one = replace(quantity("cadence", 114.0, "steps/min"), count=1)
    figure = figure_of_gait(gait(quantities=(one,)), ADULT, "walk")
    (mark,) = panel(figure, "cadence").containers

    assert not mark.has_xerr
    assert "marks: of one step or stride each grey" in said(figure)
    assert "± SD over" not in said(figure)


def test_a_bar_is_the_interval_of_the_value_where_its_error_is_known() -> None:
    own = replace(quantity("cadence", 114.0, "steps/min", sd=30.0), error=6.0)
    figure = figure_of_gait(gait(quantities=(own,)), ADULT, "walk")
    (mark,) = panel(figure, "cadence").containers

    ends = mark[2][0].get_segments()[0][:, 0]
    assert ends == pytest.approx(list(own.interval))
    assert "bars: 90 % interval of the value" in said(figure)


def test_a_value_far_from_the_reference_is_an_arrow_with_its_number() -> None:
    figure = figure_of_gait(gait(quantities=(quantity("step_length", 1.2, "m", "left"),)), ADULT, "walk")
    axes = panel(figure, "step length")

    assert axes.containers == []
    assert [text.get_text() for text in axes.texts] == ["1.20"]
    assert axes.get_xlim()[1] == pytest.approx(0.65 + 5 * 0.05)


def test_a_value_outside_the_range_beyond_its_error_is_called_so() -> None:
    surely, perhaps = (
        replace(quantity("stance_share", 65.0, "%", side), error=error)
        for side, error in (("left", 0.5), ("right", 3.0))
    )
    title = panel(figure_of_gait(gait(quantities=(surely, perhaps)), ADULT, "walk"), "stance phase").get_title()

    assert "left 65.0 (above) · right 65.0 · reference" in title


def test_a_subject_slower_than_the_reference_is_told_what_that_means() -> None:
    slow = (quantity("walking_speed", 0.6, "m/s"), quantity("cadence", 78.0, "steps/min"))

    assert "walked at 0.94 m/s and the subject at 0.60: times and lengths differ" in said(
        figure_of_gait(gait(quantities=slow), ADULT, "walk")
    )


# repetitions


def squat(start: float, movement: Any = "squat", turn: float = 1.0, knee: float = 100.0) -> Repetition:
    return Repetition(movement, start, start + turn, start + 2.5, 0.4, np.radians(knee))


TIME = np.linspace(0, 30, 301)


def test_a_repetition_is_drawn_from_its_start_to_its_end() -> None:
    angles = angles_at(TIME, left_knee_flexion=TIME)
    axes = panel(figure_of_repetitions((squat(5.0),), angles, "squat"), "knee flexion")

    assert mean(axes) == pytest.approx(np.linspace(5, 7.5, 101))


def test_repetitions_are_laid_upon_each_other_below_their_mean() -> None:
    angles = angles_at(TIME, left_knee_flexion=np.where(TIME < 10, 40.0, 60.0))
    axes = panel(figure_of_repetitions((squat(5.0), squat(15.0)), angles, "squat"), "knee flexion")

    assert [curve[0] for curve in single(axes)] == pytest.approx([40, 60])
    assert mean(axes) == pytest.approx(np.full(101, 50))


def test_the_mean_lowest_point_is_marked() -> None:
    angles = angles_at(TIME, left_knee_flexion=TIME)
    axes = panel(figure_of_repetitions((squat(5.0), squat(9.0, turn=1.5)), angles, "squat"), "knee flexion")

    assert list(dashed(axes, ":").values()) == pytest.approx([50])


def test_only_repetitions_that_are_alike_are_laid_upon_each_other() -> None:
    angles = angles_at(TIME, left_knee_flexion=TIME)
    # the last one does not sit down again
    several = (
        squat(1.0),
        squat(5.0),
        squat(10.0, "sit_to_stand"),
        Repetition("sit_to_stand", 15.0, 16.0, 16.0, 0.4, 1.7),
    )
    figure = figure_of_repetitions(several, angles, "squat")

    assert [curve[0] for curve in single(panel(figure, "knee flexion"))] == pytest.approx([1, 5])
    assert "2 × squat of 4 repetitions" in said(figure)


def rows(*repetitions: Repetition) -> list[list[str]]:
    """The list's lines in words."""
    figure = figure_of_repetitions(repetitions, angles_at(TIME, left_knee_flexion=TIME), "squat")
    (text,) = [text.get_text() for axes in figure.axes for text in axes.texts]
    return [line.split() for line in text.splitlines()]


def test_the_list_has_durations_depth_and_knee_of_each() -> None:
    assert rows(squat(5.0))[:3] == [
        ["no.", "movement", "start", "down", "up", "depth", "knee"],
        ["s", "s", "s", "m", "°"],
        ["1", "squat", "5.0", "1.00", "1.50", "0.40", "100"],
    ]


def test_the_list_ends_with_mean_and_deviation() -> None:
    assert rows(squat(5.0, knee=90), squat(9.0, turn=1.2))[-2:] == [
        ["mean", "1.10", "1.40", "0.40", "95"],
        ["SD", "0.14", "0.14", "0.00", "7"],
    ]


def test_an_unknown_knee_is_a_dash() -> None:
    assert rows(squat(5.0, knee=NAN))[2][-1] == "–"


def test_a_long_list_says_how_many_more_there_are() -> None:
    assert ["and", "5", "more"] in rows(*(squat(float(start)) for start in range(25)))


# which figure, and how it looks


def moved(trial: Trial, name: str = "walk", **parts: Any) -> Figure:
    return figure_of_movement(replace(with_kinematics(trial, **parts), name=name))


WALKING = gait(cycles("left", left_knee_flexion=[1, 2]), quantities=WALK)
NO_GAIT = Gait("none", "no whole leg was seen")


def test_gait_cycles_come_before_repetitions(trial: Trial) -> None:
    assert "knee flexion" in names(moved(trial, gait=WALKING, repetitions=(squat(0.0),)))
    assert "cadence" in names(moved(trial, gait=WALKING, repetitions=(squat(0.0),)))


def test_repetitions_come_before_parameters_without_a_cycle(trial: Trial) -> None:
    figure = moved(trial, gait=gait(quantities=WALK, doubt="few"), repetitions=(squat(0.0),))

    assert "1 × squat" in said(figure)


def test_parameters_without_a_cycle_stand_alone(trial: Trial) -> None:
    assert names(moved(trial, gait=gait(quantities=WALK, doubt="few"), repetitions=()))[0] == "walking speed"


def test_a_clip_with_neither_says_why_and_has_no_axes(trial: Trial) -> None:
    figure = moved(trial, gait=NO_GAIT, repetitions=())

    assert figure.axes == []
    assert "no whole leg was seen" in said(figure)


@pytest.mark.parametrize(("subject", "sides"), [(ADULT, 0), (WOMAN, 2), (CHILD, 1)], ids=["adult", "woman", "child"])
def test_no_text_of_gait_stands_on_another_or_off_the_page(subject: Subject, sides: int) -> None:
    of = [
        cycles(
            side, **{f"{side}_{joint}": [-100, 100] for joint in ("hip_flexion", "knee_flexion", "ankle_dorsiflexion")}
        )
        for side in ("left", "right")[:sides]
    ]
    doubt = "not one whole stride of each foot; the methods differ by 80 ms in the middle; walks backwards; " * 2
    figure = figure_of_gait(gait(*of, quantities=WALK, doubt=doubt), subject, 20 * "Гуляти ")

    assert overlaps(figure) == []
    assert outside(figure) == []


def test_a_page_of_one_panel_is_as_wide_as_its_headings() -> None:
    figure = figure_of_gait(gait(cycles(left_ankle_dorsiflexion=[-100, 100]), doubt=20 * "few "), ADULT, 80 * "a")

    assert overlaps(figure) == []
    assert outside(figure) == []


@pytest.mark.parametrize("names", [tuple(ANGLES), ("left_ankle_dorsiflexion",)], ids=["all", "one"])
def test_no_text_of_the_angles_stands_on_another_or_off_the_page(names: tuple[str, ...]) -> None:
    angles = angles_at(TIME, **dict.fromkeys(names, -10 * TIME))
    figure = figure_of_angles(angles, 20 * "Гуляти ", EVENTS, (squat(0.0),))

    assert overlaps(figure) == []
    assert outside(figure) == []


@pytest.mark.parametrize(("count", "known"), [(1, 0), (25, 1), (25, 4)])
def test_no_text_of_repetitions_stands_on_another_or_off_the_page(count: int, known: int) -> None:
    joints = ("left_knee_flexion", "left_hip_flexion", "right_ankle_dorsiflexion", "trunk_flexion")[:known]
    angles = angles_at(TIME, **dict.fromkeys(joints, -10 * TIME))
    figure = figure_of_repetitions([squat(float(start)) for start in range(count)], angles, 20 * "Гуляти ")

    assert overlaps(figure) == []
    assert outside(figure) == []


LEGS = {f"left_{joint}": [10, 20] for joint in ("hip_flexion", "knee_flexion", "ankle_dorsiflexion", "hip_adduction")}


@pytest.mark.parametrize(
    "figure",
    [
        figure_of_gait(
            gait(cycles(pelvis_obliquity=[1, 2], trunk_flexion=[1, 2], **LEGS), quantities=WALK), ADULT, "walk"
        ),
        figure_of_repetitions(
            [squat(float(start)) for start in range(25)],
            angles_at(TIME, trunk_flexion=5.0, **dict.fromkeys(LEGS, 10.0)),
            "squat",
        ),
    ],
    ids=["gait", "repetitions"],
)
def test_letters_are_no_smaller_than_eight_points_on_a4_lengthways(figure: Figure) -> None:
    assert figure.get_figwidth() <= 11.69 - 1  # inches, with margins of half an inch
    assert figure.get_figheight() <= 8.27 - 1
    assert min(text.get_fontsize() for text in figure.findobj(Text) if text.get_text()) >= 8


def test_panels_of_cycles_and_of_repetitions_are_called_as_those_over_time() -> None:
    cycle = panel(figure_of_gait(gait(cycles(left_knee_flexion=[1])), ADULT, "walk"), "knee flexion")
    repetition = panel(
        figure_of_repetitions((squat(5.0),), angles_at(TIME, left_knee_flexion=TIME), "squat"), "knee flexion"
    )

    assert (cycle.get_title(), cycle.get_xlabel()) == ("Knee flexion (°)", "Gait cycle (%)")
    assert (repetition.get_title(), repetition.get_xlabel()) == ("Knee flexion (°)", "Repetition (%)")
    assert cycle.get_ylabel() == repetition.get_ylabel() == "← extension   flexion →"


@pytest.mark.parametrize(
    "parts",
    [
        {"gait": WALKING},
        {"gait": gait(cycles(left_knee_flexion=[1]))},
        {"gait": NO_GAIT, "repetitions": (squat(0.0),)},
        {"gait": NO_GAIT, "repetitions": ()},
    ],
    ids=["gait", "one cycle", "repetition", "neither"],
)
def test_each_figure_is_a_picture_the_same_each_time_whatever_the_clip_is_called(
    trial: Trial, tmp_path: Path, parts: dict[str, Any]
) -> None:
    named = replace(with_kinematics(trial, **parts), name="歩く $a_1$")
    for name in ("a.png", "b.png"):
        draw_movement(named, tmp_path / name)

    assert cv2.imread(str(tmp_path / "a.png")) is not None
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
