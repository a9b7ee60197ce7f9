"""How well a motion of inverse kinematics fits, from tables as OpenSim writes them; and from OpenSim where it is installed."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from commands import Done
from posedetector.opensim.judging import Fit, judge, warnings_of, worst_markers, write_fit
from posedetector.opensim.model import Model, read_model
from posedetector.opensim.recording import Markers
from posedetector.pose import Array
from studied import NAN

TIME = np.arange(10) / 30
MODEL = Model(b"", "model", frozenset(), frozenset(), 70.0, {"hip": (-1.0, 0.5), "knee": (0.0, 2.0)})


def table(path: Path, **columns: Array) -> Path:
    """A table of OpenSim's."""
    rows = zip(*({"time": TIME} | columns).values(), strict=True)
    lines = ["name", "endheader", "\t".join(["time", *columns]), *("\t".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def fit(folder: Path, away: dict[str, Array | float], **degrees: Array | float) -> Fit:
    """The fit of markers that lie so many metres beside the model's, upwards, and of a motion in degrees."""
    xyz, columns = np.zeros((len(TIME), len(away), 3)), {}
    for row, (name, metres) in enumerate(away.items()):
        xyz[:, row] = [1.0, 2.0, 3.0]
        xyz[:, row, 1] += metres
        columns |= {
            f"{name}_t{axis}": np.full(len(TIME), place) for axis, place in zip("xyz", (1.0, 2.0, 3.0), strict=True)
        }
    markers = Markers("clip", tuple(away), TIME, xyz, 0)
    motion = {name: np.broadcast_to(values, len(TIME)) for name, values in degrees.items()}
    return judge(markers, table(folder / "places.sto", **columns), table(folder / "a.mot", **motion), MODEL)


def at(rows: slice, value: float, otherwise: float = 0.0) -> Array:
    values = np.full(len(TIME), otherwise)
    values[rows] = value
    return values


def test_a_marker_has_its_rms_its_largest_error_and_when(tmp_path: Path) -> None:
    (heel,) = fit(tmp_path, {"heel": at(slice(6, 7), 0.1, 0.03)}).markers

    assert heel.rms == pytest.approx(np.sqrt((9 * 0.03**2 + 0.1**2) / 10))
    assert (heel.largest, heel.when) == (pytest.approx(0.1), pytest.approx(0.2))


def test_the_worst_markers_are_named_first(tmp_path: Path) -> None:
    found = fit(tmp_path, {"a": 0.01, "b": 0.03, "c": 0.02, "d": 0.005})

    assert worst_markers(found).split("; ") == [
        f"{name} {cm} cm RMS, at most {cm} at 0.00 s" for name, cm in (("b", "3.0"), ("c", "2.0"), ("a", "1.0"))
    ]


def test_a_marker_that_is_missing_does_not_count_there(tmp_path: Path) -> None:
    found = fit(tmp_path, {"heel": at(slice(5), NAN, 0.02), "toe": at(slice(None), NAN)})

    assert [(one.name, round(one.rms, 6)) for one in found.markers] == [("heel", 0.02)]


def test_markers_beyond_what_opensim_recommends_are_a_warning_with_the_times(tmp_path: Path) -> None:
    (warning,) = warnings_of(fit(tmp_path, {"heel": at(slice(2, 4), 0.05), "toe": 0.01}))

    assert warning.startswith("1 of 2 markers lie farther from the model's than OpenSim recommends")
    assert "beyond 4 cm at 0.07–0.10 s:" in warning


def test_markers_within_that_are_none(tmp_path: Path) -> None:
    assert list(warnings_of(fit(tmp_path, {"heel": 0.019}, hip=10.0))) == []


@pytest.mark.parametrize(("degrees", "limit"), [(np.degrees(0.5) - 0.1, 0.5), (np.degrees(-1.0) + 0.1, -1.0)])
def test_a_coordinate_held_at_a_limit_is_a_warning_with_the_frames(
    degrees: float, limit: float, tmp_path: Path
) -> None:
    found = fit(tmp_path, {"heel": 0.0}, hip=at(slice(1, 6), degrees))
    (warning,) = warnings_of(found)

    assert [(one.name, one.limit) for one in found.limits] == [("hip", limit)]
    assert f"hip is held at its limit of {np.degrees(limit):.0f}° in 5 of 10 frames (0.03–0.17 s)" in warning


def test_a_limit_that_is_touched_is_in_the_table_and_no_warning(tmp_path: Path) -> None:
    found = fit(tmp_path, {"heel": 0.0}, hip=at(slice(1, 3), np.degrees(0.5)))

    assert [int(one.where.sum()) for one in found.limits] == [2]
    assert list(warnings_of(found)) == []


def test_a_straight_knee_is_no_warning(tmp_path: Path) -> None:
    found = fit(tmp_path, {"heel": 0.0}, knee=0.0)

    assert [one.name for one in found.limits] == ["knee"]
    assert list(warnings_of(found)) == []


def test_the_table_has_markers_and_limits_with_their_times(tmp_path: Path) -> None:
    found = fit(tmp_path, {"heel": at(slice(2, 4), 0.05), "toe": 0.0}, hip=at(slice(3), np.degrees(0.5)))
    write_fit(found, tmp_path / "errors.csv")
    with (tmp_path / "errors.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert [list(row.values()) for row in rows] == [
        ["marker", "heel", "2", "0.0224", "0.0500", "", "0.07–0.10"],
        ["marker", "toe", "0", "0.0000", "0.0000", "", ""],
        ["limit", "hip", "3", "", "", "28.6", "0.00–0.07"],
    ]


def test_the_shipped_models_clamped_coordinates_have_ranges() -> None:
    ranges = read_model(None).ranges

    assert ranges["hip_adduction_l"] == pytest.approx(tuple(np.radians([-60, 30])))
    assert "pelvis_tx" not in ranges


@pytest.mark.extra("opensim")
def test_opensims_own_report_is_read_and_the_command_names_what_is_wrong(
    command: Callable[..., Done], tmp_path: Path
) -> None:
    from test_opensim import LANDMARKS, moved, results, walking

    frames = walking(12)
    names, xyz = moved(LANDMARKS, [replaced(one) for one in frames], 1.0, tmp_path)
    xyz[14:17, names.index("left_knee"), 1] += 0.3
    source = results(tmp_path / "out", xyz, names)

    done = command("export-opensim", "--input", source, "--output-dir", tmp_path / "to", "--run")

    assert done.status == 0
    assert "worst: left_knee" in done.errors
    assert "warning: hip_adduction_r is held at its limit of 30° in" in done.errors
    assert (
        (tmp_path / "to" / "clip_ik_errors.csv")
        .read_text(encoding="utf-8")
        .splitlines()[1]
        .startswith("marker,left_knee,")
    )


def replaced(frame: dict[str, float]) -> dict[str, float]:
    """A posture with more adduction of the right hip than the model allows."""
    return frame | {"hip_adduction_r": 0.8}
