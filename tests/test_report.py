"""The report page without a browser: what it is made of, what it says, and that it lets nothing foreign run."""

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from commands import Done
from posedetector.account import LandmarkShares, Note, caution, info, serious
from posedetector.errors import InputError
from posedetector.kinematics.nouns import REACH_90, Grade, Quantity, Repetition
from posedetector.pose import Array, Source
from posedetector.report.comparison import (
    GROUP,
    Measure,
    compare,
    measures,
    overlaid,
    pooled,
    render_comparison,
    unlike,
)
from posedetector.report.findings import (
    exercise_rows,
    gait_rows,
    headline,
    marks,
    number,
    range_rows,
    runs,
    speed_of_reference,
    strips,
)
from posedetector.report.motion import lines_of, pack
from posedetector.report.page import page_data, render
from posedetector.report.results import Results, read_results, results_of
from posedetector.report.verdict import ERRORS, judge, limits
from posedetector.skeletons import BLAZEPOSE_33, H36M_17
from posedetector.trial import Trial
from posedetector.writers import Folder
from studied import EVENTS, GAIT, all_found, nothing_found, over, with_angles, with_kinematics

NAN = np.nan
HOSTILE = "<img src=x onerror=alert(1)>"


def unpacked(packed: dict[str, Any]) -> Array:
    """What the page's script makes of an array, in Python."""
    kind = np.dtype(f"<i{packed['bits'] // 8}")
    rows, columns = packed["shape"]
    whole = np.frombuffer(gzip.decompress(base64.b64decode(packed["data"])), kind).reshape(columns, rows)
    summed = whole.astype(np.int64).cumsum(axis=1).astype(kind).T
    return np.where(summed == np.iinfo(kind).min, NAN, summed * packed["scale"])


@pytest.mark.parametrize(
    ("values", "scale", "bits"),
    [
        ([[1.234, NAN], [NAN, -3.0], [32.0, 0.0]], 0.001, 16),
        ([[1.234, NAN], [NAN, -3.0], [33.0, 0.0]], 0.001, 32),
        ([[-32.766], [32.766], [NAN], [-32.766]], 0.001, 16),
        (np.empty((0, 3)), 0.001, 16),
        (np.empty((4, 0)), 0.01, 16),
    ],
    ids=["small", "large", "wraps around", "no frames", "no columns"],
)
def test_what_is_packed_is_unpacked_to_its_scale(values: Any, scale: float, bits: int) -> None:
    packed = pack(np.array(values), scale)

    assert packed["bits"] == bits
    assert unpacked(packed) == pytest.approx(np.array(values), abs=scale / 2, nan_ok=True)


def test_values_too_large_for_their_scale_get_a_coarser_one() -> None:
    day = np.array([[0.0], [86_400.0]])

    assert unpacked(pack(day, 1e-6)) == pytest.approx(day, abs=1e-3)


@pytest.mark.parametrize(
    ("points", "there", "absent"),
    [
        (BLAZEPOSE_33.points, ("left_shoulder", "left_hip"), ("spine", "thorax")),
        (H36M_17.points, ("spine", "thorax"), ("left_shoulder", "left_hip")),
    ],
    ids=["corners", "spine"],
)
def test_the_trunk_is_drawn_by_its_spine_or_else_by_its_flanks(
    points: tuple[str, ...], there: tuple[str, str], absent: tuple[str, str]
) -> None:
    drawn = {(line.start, line.end) for line in lines_of(points)}

    assert there in drawn
    assert absent not in drawn


def test_a_line_needs_both_its_ends() -> None:
    assert [(line.start, line.end, line.side) for line in lines_of(("left_hip", "left_knee", "right_knee"))] == [
        ("left_hip", "left_knee", "left")
    ]


# The same page from a folder


@pytest.fixture
def folder(trial: Trial, tmp_path: Path) -> Path:
    path = tmp_path / "out"
    with Folder(path) as output:
        output.write(all_found(trial), ["csv", "trc"], lambda _, items, __: iter(items))
    return path


def test_a_folder_makes_the_page_that_the_trial_made(trial: Trial, folder: Path) -> None:
    own = results_of(all_found(trial))

    assert page_data(read_results(folder)) == page_data(own)


def test_a_folder_of_parquet_files_does_too(trial: Trial, tmp_path: Path) -> None:
    with Folder(tmp_path) as output:
        output.write(all_found(trial), ["parquet", "trc"], lambda _, items, __: iter(items))

    assert page_data(read_results(tmp_path)) == page_data(results_of(all_found(trial)))


def spoil(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda folder: (folder / "provenance.json").unlink(), "holds no provenance.json"),
        (spoil("provenance.json", "{"), "provenance.json is damaged or of another version"),
        (spoil("provenance.json", '{"posedetector": "9.9"}'), r"of another version \(posedetector 9.9\)"),
        (lambda folder: (folder / "landmarks.csv").unlink(), "neither landmarks.csv nor landmarks.parquet"),
        (spoil("landmarks.csv", "a,b\n1,2\n"), "has no column landmark, source, timestamp_s, x_m"),
        (spoil("landmarks.csv", ""), "landmarks.csv cannot be read"),
        (spoil("joint_angles.csv", "frame_index,timestamp_s\n0,0.0\n"), "do not belong together: 6 rows of landmarks"),
        (spoil("summary.csv", '"a\n'), "summary.csv cannot be read"),
        (spoil("summary.csv", "a,b\n1,2\n"), "summary.csv has no column quantity, side, definition"),
        (spoil("joint_angles.csv", "frame_index,timestamp_s\n"), "has no frames"),
        (
            spoil("joint_angles.csv", "frame_index,timestamp_s\n0,soon\n"),
            "words where numbers belong, in column timestamp_s",
        ),
    ],
    ids=[
        "none",
        "damaged",
        "newer",
        "no table",
        "other table",
        "empty",
        "other clip",
        "broken",
        "no columns",
        "no frames",
        "words",
    ],
)
def test_a_folder_that_is_not_whole_is_one_clear_error(folder: Path, harm: Callable[[Path], object], says: str) -> None:
    harm(folder)

    with pytest.raises(InputError, match=says):
        read_results(folder)


# What it says


def results_with(trial: Trial, **account: Any) -> Results:
    found = results_of(all_found(trial))
    return replace(found, account=found.account.model_copy(update=account))


SEEN = LandmarkShares(measured=1, lifted=0, carried=0, augmented=0, interpolated=0, mirrored=0)
HALF = SEEN.model_copy(update={"measured": 0.5})


@pytest.mark.parametrize(
    ("notes", "landmarks", "level"),
    [
        ([], {"left_knee": SEEN}, "good"),
        ([info("a"), caution("b")], {"left_knee": SEEN}, "caution"),
        ([serious("a"), caution("b")], {"left_knee": SEEN}, "serious"),
        ([], {"left_knee": HALF}, "caution"),
        ([], {"left_wrist": HALF}, "good"),
    ],
    ids=["nothing", "caution", "serious", "a knee unseen", "a wrist unseen"],
)
def test_the_verdict_follows_from_the_worst_of_notes_and_of_what_was_seen(
    trial: Trial, notes: list[Note], landmarks: dict[str, LandmarkShares], level: str
) -> None:
    assert judge(results_with(trial, notes=notes, landmarks=landmarks)).level == level


def test_the_verdict_says_how_sure_the_angles_are(trial: Trial) -> None:
    (said,) = judge(results_with(trial, notes=[], landmarks={})).points

    assert said.endswith("knee ± 3°")  # 1.645 times 2°


def test_angles_that_the_fit_is_not_sure_of_call_for_care(trial: Trial) -> None:
    found = results_with(trial, notes=[], landmarks={})
    unsure = replace(found, angles_sd={"left_knee_flexion": np.full(3, 10.0)})
    verdict = judge(unsure)

    assert verdict.level == "caution"
    assert verdict.points[0].startswith("uncertain: knee flexion by ± 16° (90 %)")


def test_a_single_picture_calls_for_care(trial: Trial) -> None:
    picture = results_of(over(trial, [0.0]))
    verdict = judge(replace(picture, account=picture.account.model_copy(update={"landmarks": {}})))

    assert verdict.level == "caution"
    assert [one["value"] for one in headline(picture)] == ["1 frame"]


def test_without_deviations_the_verdict_says_so(trial: Trial) -> None:
    found = replace(results_with(trial, notes=[], landmarks={}), angles_sd={})

    assert judge(found).level == "caution"
    assert judge(found).points == ("no intervals: without the body fit, the uncertainty of the angles is unknown",)


@pytest.mark.parametrize(
    ("lifter", "frames", "said"),
    [
        ("native", 3, "4–8° off on average with MediaPipe's own depth and the body fit"),
        ("videopose3d", 3, "5–7° off on average with VideoPose3D and the body fit"),
        ("native", 0, "10–12° off on average with MediaPipe's own depth and without the body fit"),
    ],
)
def test_what_such_results_are_worth_is_that_of_their_kind_of_analysis(
    trial: Trial, lifter: str, frames: int, said: str
) -> None:
    refinement = trial.provenance.refinement.model_copy(update={"frames": frames})

    assert said in limits(results_with(trial, estimator="mediapipe", lifter=lifter, refinement=refinement))


@pytest.mark.parametrize(
    "account",
    [{"estimator": "rtmw3d"}, {"estimator": "mediapipe", "online": True}, {"estimator": "openmmlab"}],
    ids=str,
)
def test_what_nobody_measured_is_said_to_be_so(trial: Trial, account: dict[str, Any]) -> None:
    said = limits(results_with(trial, **account))

    assert "has not been measured" in said
    assert "°" not in said


@pytest.mark.parametrize(("kind", "errors"), ERRORS.items(), ids=str)
def test_the_errors_that_the_page_names_are_those_of_the_benchmark(
    kind: tuple[str, str, bool], errors: tuple[int, int, str]
) -> None:
    _, lifter, fitted = kind
    depth = "native" if lifter == "native" else "bundled"
    table = pd.read_csv(Path(__file__).parent.parent / "benchmarks" / "accuracy.csv")
    ours = [f"posedetector, MediaPipe {model}, {depth}{', not refined' * (not fitted)}" for model in ("full", "heavy")]
    knees = table[table["clip"].isin(["walk", "squat"]) & table["system"].isin(ours)]["knee"]

    assert len(knees) == 4
    assert errors[:2] == (round(knees.min()), round(knees.max()))


def test_walking_speed_stands_with_its_interval(trial: Trial) -> None:
    found = all_found(trial)
    speed = Quantity("walking_speed", "", 1.2, float("nan"), 1, "m/s", "", error=0.2 / REACH_90)
    gait = replace(found.kinematics.gait, quantities=(*found.kinematics.gait.quantities, speed))
    results = results_of(replace(found, kinematics=replace(found.kinematics, gait=gait)))
    account = results.account.kinematics.model_copy(update={"gait": "good", "gait_quality": "good"})
    results = replace(results, account=results.account.model_copy(update={"kinematics": account}))
    (card,) = [one for one in headline(results) if one["label"] == "walking speed"]
    (row,) = [one for one in gait_rows(results) if one.name == "Walking speed"]

    assert (card["value"], row.both) == ("1.20 m/s", "1.20 (1.00–1.40)")
    assert card["detail"].startswith("90 % interval: 1.00–1.40")


def test_gait_stands_with_both_sides_in_a_row_beside_what_is_usual(trial: Trial) -> None:
    rows = {row.name: row for row in gait_rows(results_of(all_found(trial)))}

    assert (rows["Cadence"].both, rows["Cadence"].unit, rows["Cadence"].reference) == (
        "114",
        "steps/min",
        "112 (101–123)",  # of 115 at 1.67 m; the subject is 1.75 m tall
    )
    assert (rows["Stride time"].left, rows["Stride time"].right) == ("1.20 ± 0.10", "")
    assert (rows["Stance phase"].right, rows["Stance phase"].reference) == ("62 ± 2", "60 (58–62)")


@pytest.mark.parametrize(
    ("value", "error", "said"), [(62.0, 1.0, "62 (60–64)"), (70.0, 2.0, "70 (67–73) ↑"), (50.0, 1.0, "50 (48–52) ↓")]
)
def test_a_value_has_its_interval_and_an_arrow_where_that_is_unusual(
    trial: Trial, value: float, error: float, said: str
) -> None:
    own = Quantity("stance_share", "right", value, 2.0, 3, "%", "", error)
    found = with_kinematics(all_found(trial), gait=replace(GAIT, quantities=(own,)))
    (row,) = gait_rows(results_of(found))

    assert row.right == said


def test_who_walks_slower_than_the_reference_is_told_on_the_page(trial: Trial) -> None:
    slow = Quantity("walking_speed", "", 0.5, NAN, 1, "m/s", "")
    found = with_kinematics(all_found(trial), gait=replace(GAIT, quantities=(*GAIT.quantities, slow)))

    assert "the subject at 0.50" in speed_of_reference(results_of(found))


def test_running_is_not_compared_with_walking() -> None:
    table = pd.DataFrame({"quantity": ["double_support_share"], "value": [0.2]})

    assert runs(table)
    assert not runs(table.assign(value=18.0))


def knee_row(quality: Any, reason: str = "", error: float = 5.0) -> tuple[Quantity, ...]:
    """The summary of a left knee of 10 to 70°, its range ± 8°, and of a right one of 5 to 50°."""
    found = [
        Quantity(
            f"knee_flexion_{what}",
            side,
            float(degrees),
            NAN,
            3,
            "deg",
            "",
            8 / 1.6449,
            quality,
            reason,
        )
        for side, ends in (("left", (10, 70, 60)), ("right", (5, 50, 45)))
        for what, degrees in zip(("minimum", "maximum", "range"), ends, strict=True)
    ]
    return (
        *found,
        Quantity("knee_flexion_range_asymmetry", "", 28.6, NAN, 3, "%", "", error, quality, reason),
    )


def knees_of(trial: Trial, quality: Any, reason: str = "", error: float = 5.0) -> Results:
    grades = {f"{side}_knee_flexion": Grade(quality, reason, np.radians(9.0)) for side in ("left", "right")}
    return results_of(with_kinematics(all_found(trial), summary=knee_row(quality, reason, error), grades=grades))


def test_how_far_off_a_new_lifter_is_was_not_measured(trial: Trial) -> None:
    account = trial.provenance.model_copy(update={"estimator": "mediapipe", "lifter": "flat"})

    assert "has not been measured" in limits(results_of(replace(trial, provenance=account)))


def test_ranges_are_those_of_the_summary(trial: Trial) -> None:
    (knee,) = range_rows(knees_of(trial, "weak", "seen badly", 20.0))

    assert (knee["left"], knee["left_range"], knee["right"]) == ("10 to 70", "60 (52–68)", "5 to 50")
    assert (knee["asymmetry"], knee["quality"], knee["reason"]) == ("29, within error", "weak", "seen badly")


def test_an_asymmetry_beyond_its_error_says_which_side_is_larger(trial: Trial) -> None:
    cells = [(row["asymmetry"], row["sides"]) for row in range_rows(knees_of(trial, "good"))]

    assert cells == [("29, left larger", "left range larger by 29 %")]


def test_what_is_poor_is_left_out_of_the_page_with_a_line_that_says_why(trial: Trial) -> None:
    found = knees_of(trial, "poor", "seen badly")

    assert range_rows(found) == []
    assert page_data(found)["panels"] == []
    assert page_data(found)["bundles"]["panels"] == []
    assert "Not shown: knee flexion (seen badly)." in render(found)


def test_what_is_weak_is_called_so_in_every_panel(trial: Trial) -> None:
    data = page_data(knees_of(trial, "weak", "seen badly"))

    assert [panel["title"] for panel in (*data["panels"], *data["bundles"]["panels"])] == 2 * ["Knee flexion (weak)"]


def test_a_page_of_ungraded_angles_withholds_nothing(trial: Trial) -> None:
    found = results_of(all_found(trial))

    assert [panel["title"] for panel in page_data(found)["panels"]] == ["Knee flexion"]
    assert "Not shown" not in render(found)


def test_events_become_stance_phases(trial: Trial) -> None:
    contact, off = EVENTS[1], replace(EVENTS[0], side="left", time=1.1)
    found = with_kinematics(all_found(trial), gait=replace(GAIT, events=(contact, off, *EVENTS[:1])))

    assert marks(results_of(found))["stance"] == {"left": [(0.5, 1.1)], "right": [(60.25, 61.25)]}


def test_the_headline_of_squats_is_of_repetitions(trial: Trial) -> None:
    squats = tuple(Repetition("squat", at, at + 1, at + 2, 0.4, 1.5) for at in (0.0, 2.0))
    found = results_of(with_kinematics(nothing_found(trial), repetitions=squats))

    assert [(one["label"], one["value"]) for one in headline(found)] == [
        ("repetitions", "2"),
        ("depth", "40 cm"),
        ("duration", "2.0 s"),
    ]


def test_the_headline_of_neither_says_why(trial: Trial) -> None:
    account = trial.provenance.kinematics.model_copy(update={"gait": "none: no steps"})
    found = results_of(nothing_found(trial))
    (one,) = headline(replace(found, account=found.account.model_copy(update={"kinematics": account})))

    assert one["detail"] == "neither gait nor repetitions were found: no steps"


def test_a_strip_shows_when_a_landmark_was_seen_made_up_and_missing(trial: Trial) -> None:
    source = [Source.MEASURED] * 4 + [Source.INTERPOLATED] * 2 + [Source.NONE] * 2 + [Source.LIFTED] * 2
    clip = over(trial, np.arange(10.0))
    found = replace(results_of(clip), source=np.array([source, source], np.uint8).T)
    strip = strips(found)[0]

    assert [(one["x"], one["width"], one["kind"]) for one in strip["stretches"]] == [
        (0.0, 0.4, "seen"),
        (0.4, 0.2, "made-up"),
        (0.8, 0.2, "seen"),
    ]
    assert (strip["name"], strip["share"]) == ("Left knee", "60")


@pytest.mark.parametrize(
    ("value", "unit", "sd", "text"),
    [
        (1.234, "m/s", NAN, "1.23"),
        (1.2, "s", 0.1, "1.20 ± 0.10"),
        (97.8, "steps/min", 3.2, "98 ± 3"),
        (NAN, "m", NAN, "–"),
        (-0.001, "s", NAN, "0.00"),
        (-12.4, "deg", NAN, "−12"),
    ],
)
def test_a_number_is_rounded_by_its_unit(value: float, unit: str, sd: float, text: str) -> None:
    assert number(value, unit, sd) == text


def test_a_long_clip_is_thinned_for_drawing_and_says_so(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posedetector.report.motion.MOST_FRAMES", 4)
    data = page_data(results_of(with_angles(over(trial, np.arange(9.0)), left_knee_flexion=np.arange(9.0))))

    assert data["thinned"] == 3
    assert unpacked(data["time"]).ravel() == pytest.approx([0, 3, 6])
    assert unpacked(data["angles"]).ravel() == pytest.approx([0, 3, 6])


def test_what_was_interpolated_is_told_from_what_was_seen(trial: Trial) -> None:
    seen = unpacked(page_data(results_of(trial))["seen"])

    assert seen.tolist() == [[2, 1], [1, 0], [2, 0]]


# The page


def test_names_and_notes_are_text(trial: Trial) -> None:
    found = results_with(trial, notes=[caution(f"</script>{HOSTILE}")])
    page = render(replace(found, name=HOSTILE))

    assert HOSTILE not in page
    assert page.count(html.escape(HOSTILE)) >= 2
    assert json.loads(data_of(page))["name"] == HOSTILE


def data_of(page: str) -> str:
    found = re.search(r'<script type="application/json" id="\w+">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("kind", ["page", "comparison"])
def test_the_policy_allows_exactly_the_scripts_and_styles_of_the_page(trial: Trial, kind: str) -> None:
    found = results_of(all_found(trial))
    page = render(found) if kind == "page" else render_comparison({"a": found, "b": found})
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    blocks = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", page, re.DOTALL)
    digests = {base64.b64encode(hashlib.sha256(block.encode()).digest()).decode() for block in blocks}

    assert set(re.findall(r"sha256-([\w+/=]+)", html.unescape(policy))) == digests
    assert policy.startswith(("default-src &#39;none&#39;", "default-src 'none'"))
    assert not re.search(r"<[^>]*\s(?:style|on\w+)\s*=", re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL))


# Several clips


def two(trial: Trial) -> dict[str, Results]:
    quantities = GAIT.quantities
    faster = replace(GAIT, quantities=(replace(quantities[0], value=1.0, sd=0.05), *quantities[1:]))
    return {
        "before": results_of(all_found(trial)),
        "after": results_of(with_kinematics(all_found(trial), gait=faster)),
    }


def test_a_difference_stands_beside_the_deviation_within_the_clips(trial: Trial) -> None:
    rows = {(row.name, row.side): row for row in compare(two(trial))}
    stride = rows["Stride time", "left"]

    assert (stride.cells, stride.difference) == (("1.20 ± 0.10", "1.00 ± 0.05"), "−0.200")
    assert stride.sd == "0.079"  # √((0.1² + 0.05²) / 2)
    assert stride.ratio == "2.5"
    assert stride.marked
    assert not rows["Stance phase", "right"].marked


def test_a_group_has_its_mean_and_the_deviation_between_clips(trial: Trial) -> None:
    three = {**two(trial), "third": two(trial)["before"]}
    stride = next(row for row in compare(three) if row.name == "Stride time")

    assert (stride.difference, stride.sd) == ("1.133", "0.115")  # of 1.2, 1.0 and 1.2


def test_curves_of_a_group_lie_upon_each_other_with_their_mean(trial: Trial) -> None:
    one = two(trial)["before"]
    (panel,) = overlaid({"a": one, "b": one, "c": one})["panels"]

    assert [curve["clip"] for curve in panel["curves"]] == [0, 1, 2, GROUP]
    assert panel["curves"][-1]["mean"] == [15.0] * 101
    assert panel["curves"][-1]["sd"] == [0.0] * 101


@pytest.mark.parametrize(
    ("parts", "axis"),
    [({}, "gait cycle, %"), ({"gait": replace(GAIT, cycles=())}, "repetition, %")],
    ids=["gait", "repetitions"],
)
def test_curves_are_over_what_all_clips_repeat(trial: Trial, parts: dict[str, Any], axis: str) -> None:
    found = results_of(with_kinematics(all_found(trial), **parts))

    assert overlaid({"a": found, "b": found})["axis"] == axis


def test_curves_of_clips_that_repeat_nothing_are_over_time(trial: Trial) -> None:
    clip = with_angles(over(trial, np.arange(5.0) + 10), left_knee_flexion=np.arange(5.0))
    short = with_angles(over(trial, np.arange(3.0)), left_knee_flexion=np.arange(3.0))
    data = overlaid({"a": results_of(clip), "b": results_of(short)})
    (panel,) = data["panels"]

    assert GROUP not in [
        curve["clip"] for curve in overlaid({name: results_of(clip) for name in "abc"})["panels"][0]["curves"]
    ]
    assert (data["axis"], data["x"][-1]) == ("time from the clip's beginning, s", 4.0)
    assert panel["curves"][0]["mean"][100] == pytest.approx(2.0)
    assert panel["curves"][1]["mean"][-1] is None  # it had ended


def test_repetitions_are_measures_too(trial: Trial) -> None:
    found = measures(results_of(all_found(trial)))

    assert found["Repetition: depth", "", "m"].value == pytest.approx(0.4)
    assert np.isnan(found["Repetition: depth", "", "m"].sd)


def test_clips_that_were_not_analysed_alike_are_named(trial: Trial) -> None:
    one = results_of(trial)
    other = replace(one, account=one.account.model_copy(update={"lifter": "videopose3d"}))

    assert unlike({"a": one, "b": other}) == ["lifter: a native, b videopose3d"]


@pytest.mark.parametrize(
    ("found", "together"),
    [
        ([Measure(0, 3.0, 2), Measure(0, 4.0, 2)], 3.5355),
        ([Measure(0, 3.0, 4), Measure(0, 4.0, 2)], 3.2787),  # √((3·9 + 1·16) / 4)
        ([Measure(0, NAN, 1), Measure(0, 2.0, 5)], 2.0),
        ([Measure(0, NAN, 1), Measure(0, NAN, 1)], NAN),
    ],
)
def test_deviations_are_pooled_by_their_degrees_of_freedom(found: list[Measure], together: float) -> None:
    assert pooled(found) == pytest.approx(together, abs=1e-4, nan_ok=True)


# The command


def test_report_writes_the_page_of_a_folder_again(command: Callable[..., Done], folder: Path) -> None:
    done = command("report", folder)

    assert done == (0, f"{folder / 'report.html'}\n", "")
    assert "<title>" in (folder / "report.html").read_text(encoding="utf-8")


def test_report_of_several_folders_compares_them(command: Callable[..., Done], folder: Path) -> None:
    done = command("report", f"before={folder}", f"after={folder}")

    assert done.out == f"{folder.parent / 'comparison.html'}\n"
    page = (folder.parent / "comparison.html").read_text(encoding="utf-8")
    assert json.loads(data_of(page))["labels"] == ["before", "after"]


def test_a_page_elsewhere_finds_the_video_in_the_folder(
    command: Callable[..., Done], folder: Path, tmp_path: Path
) -> None:
    (folder / "overlay.mp4").write_bytes(b"")

    assert command("report", folder, "--output", tmp_path / "pages" / "one.html").status == 0
    page = (tmp_path / "pages" / "one.html").read_text(encoding="utf-8")
    assert json.loads(data_of(page))["video"]["src"] == "../out/overlay.mp4"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("nowhere",), "nowhere is not a folder"),
        (("out", "out"), "two folders have the name 'out': name them, as in before=out after=out"),
        (("out", "--output", "."), "--output . is a folder; give a file"),
    ],
    ids=["no folder", "one name twice", "output"],
)
def test_report_says_in_one_line_what_is_wrong(
    command: Callable[..., Done], folder: Path, monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(folder.parent)
    done = command("report", *given)

    assert done.status == 2
    assert says in done.errors
    assert done.errors.count("\n") == 1


def test_totals_of_sets_have_the_units_of_what_they_are(trial: Trial) -> None:
    totals = (
        Quantity("squat_depth", "", 0.31, NAN, 5, "m", "", error=0.02),
        Quantity("squat_set_time", "", 12.38, NAN, 1, "s", ""),
        Quantity("chair_stands_in_30_s", "", 14.0, NAN, 14, "count", ""),
    )
    found = exercise_rows(results_of(with_kinematics(nothing_found(trial), exercise=totals)))

    assert [one["value"] for one in found] == ["0.31 m (90 % interval 0.28 to 0.34 m)", "12.38 s", "14"]
