"""What bodies do not do is named with its likeliest cause; what they do is not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import Walk
from posedetector.estimators.synthetic import Walker
from posedetector.kinematics import study
from posedetector.pipeline import analyze
from posedetector.plausibility import (
    Doubt,
    Estimate,
    _without_gaps,
    combine,
    estimate_stature,
    expected_ratio,
    find_implausible,
    likely_rate,
)
from posedetector.pose import Array, Keypoints, MetricPose, Source
from posedetector.settings import Settings
from posedetector.skeletons import BLAZEPOSE_33
from posedetector.subject import Subject

CASES = Path(__file__).parents[2] / "shared" / "cases"
STATURE = 1.75
USUAL = Walker(speed=1.15, stride_time=1.1, stance_share=0.5, start=(-3.0, 0.0))  # 109 steps per minute of 0.63 m
PATIENT = Walker(speed=0.35, stride_time=2.0)  # 60 steps per minute of 0.35 m
SLOW = Walker(speed=0.55, stride_time=2.0, stance_share=0.5)  # 60 steps per minute of 0.55 m
SHUFFLING = Walker(speed=0.5, stride_time=0.8)  # 150 steps per minute of 0.2 m

Walks = Callable[..., Walk]


def posed(time: Array, positions: Array, keypoints: Keypoints) -> tuple[MetricPose, Keypoints]:
    """Return a pose of true positions (T, 33, 3) in the laboratory."""
    root = positions[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean(axis=1)
    shape = positions.shape[:2]
    source = np.full(shape, Source.MEASURED, np.uint8)
    pose = MetricPose(BLAZEPOSE_33, time, positions - root[:, None], np.ones(shape), source, root)
    return pose, replace(keypoints, time=time)


def doubts(pose: MetricPose, keypoints: Keypoints, *, height: float = STATURE, told: bool = False) -> list[Doubt]:
    subject = Subject(height=height)
    rate = 1 / float(np.median(np.diff(pose.time)))
    return find_implausible(pose, study(pose, subject), keypoints, subject, rate=rate, told=told)


def walked(
    walk: Walks, walker: Walker = USUAL, slow: float = 1.0, size: float = 1.0, told: bool = False
) -> list[Doubt]:
    """Return doubts about six seconds of a walk whose clock is slow by a factor, and whose size is wrong by another."""
    seen = walk(walker, frames=180, rate=30.0)
    pose, keypoints = posed(seen.keypoints.time * slow, seen.lab * size, seen.keypoints)
    return doubts(pose, keypoints, height=STATURE * size, told=told)


# Walking


@pytest.mark.parametrize("walker", [USUAL, PATIENT, SLOW, SHUFFLING], ids=["usual", "patient", "slow", "shuffling"])
def test_people_who_walk_as_people_do_raise_no_doubt(walk: Walks, walker: Walker) -> None:
    assert walked(walk, walker) == []


def test_a_step_with_a_gap_in_it_is_no_slow_step() -> None:
    time = np.r_[0.0:1.3:0.1, 1.9:3.0:0.1]

    assert _without_gaps(np.array([0.0, 0.6, 1.2, 2.4, 3.0]), time).tolist() == [True, True, False, True]


@pytest.mark.parametrize("slow", [2.0, 4.0, 8.0, 0.5])
def test_a_clock_that_is_off_is_named_with_its_factor_and_the_option(walk: Walks, slow: float) -> None:
    (doubt,) = walked(walk, slow=slow)

    assert (doubt.cause, doubt.severity) == ("clock", "serious")
    assert doubt.factor == pytest.approx(max(slow, 1 / slow), rel=0.2)
    assert f"likely {'slow' if slow > 1 else 'fast'}" in doubt.text
    assert "pass --capture-fps" in doubt.text
    assert "(perhaps 30)" in doubt.text


def test_who_gave_the_rate_is_told_to_check_it(walk: Walks) -> None:
    (doubt,) = walked(walk, slow=4.0, told=True)

    assert "check --capture-fps" in doubt.text


@pytest.mark.parametrize("size", [0.75, 1.3])
def test_a_wrong_height_alone_does_not_make_a_walk_implausible(walk: Walks, size: float) -> None:
    assert walked(walk, size=size) == []


def test_the_walk_ratio_of_an_adult_of_usual_stature_is_the_published_one() -> None:
    assert expected_ratio(1.68) == 0.0065
    assert expected_ratio(1.68 / 4) == pytest.approx(0.0065 / 8)  # a body of a quarter of the size: dynamic similarity


# Falling


def jump(frames: int = 90, rate: float = 30.0, flight: float = 0.55) -> tuple[Array, Array]:
    """Return times and the height of a body in metres that is pushed off, flies for so many seconds, and lands; 0 while it stands."""
    time = np.arange(frames) / rate
    speed = 9.81 * flight / 2
    take_off, push = 1.2, 0.25  # at take-off it is as high as it stood
    since = time - take_off
    crouch = -speed * push / np.pi * np.sin(np.pi * np.clip(-since / push, 0, 1))
    landing = -speed * push / np.pi * np.sin(np.pi * np.clip((since - flight) / push, 0, 1))
    air = np.where((since > 0) & (since < flight), speed * since - 9.81 / 2 * since**2, 0.0)
    return time, air + np.where(since <= 0, crouch, 0.0) + np.where(since >= flight, landing, 0.0)


def jumped(
    walk: Walks,
    slow: float = 1.0,
    size: float = 1.0,
    *,
    feet: bool = True,
    missing: slice = slice(0),
    flight: float = 0.55,
    rate: float = 30.0,
) -> list[Doubt]:
    """Return doubts about a jump; without `feet`, they stay on the floor; `missing` frames are left out."""
    time, height = jump(rate=rate, flight=flight)
    seen = walk(Walker(speed=0.0), frames=len(time), rate=30.0)
    positions = np.repeat(seen.lab[:1], len(time), axis=0)
    moving = np.ones(33, bool)
    legs = BLAZEPOSE_33.indices(
        *(f"{side}_{name}" for side in ("left", "right") for name in ("ankle", "heel", "foot_index"))
    )
    moving[legs] = False
    positions[:, moving, 1] += height[:, None]
    if feet:
        positions[:, ~moving, 1] += np.maximum(height, 0.0)[:, None]
    there = np.delete(np.arange(len(time)), missing)
    names = ("xy", "score", "source", "xyz", "time")
    kept = replace(seen.keypoints, **{name: getattr(seen.keypoints, name)[there] for name in names})
    pose, keypoints = posed(time[there] * slow, positions[there] * size, kept)
    return doubts(pose, keypoints, height=STATURE * size)


def test_a_jump_of_which_frames_are_missing_raises_none_either(walk: Walks) -> None:
    assert jumped(walk, missing=slice(42, 46)) == []


def test_a_jump_under_gravity_raises_no_doubt(walk: Walks) -> None:
    assert jumped(walk) == []


@pytest.mark.parametrize("slow", [2.0, 4.0, 8.0])
def test_a_jump_tells_how_slow_the_clock_is(walk: Walks, slow: float) -> None:
    (doubt,) = jumped(walk, slow)

    assert (doubt.cause, doubt.severity) == ("clock", "serious")
    assert doubt.factor == pytest.approx(slow, rel=0.1)
    assert "gravity is 9.81" in doubt.text


def test_a_jump_tells_how_tall_somebody_is(walk: Walks) -> None:
    (doubt,) = jumped(walk, size=1.4)

    assert (doubt.cause, doubt.severity) == ("height", "serious")
    assert doubt.factor == pytest.approx(1.4, rel=0.1)
    assert "% too large: check --height" in doubt.text


def test_a_height_beyond_nine_tenths_of_doubt_is_a_caution(walk: Walks) -> None:
    (doubt,) = jumped(walk, size=1.22)

    assert (doubt.cause, doubt.severity) == ("height", "caution")
    assert "(90 %: " in doubt.text
    assert "If the height is right, the clock is" in doubt.text


def test_feet_that_hardly_leave_the_floor_show_no_stature(walk: Walks) -> None:
    """Of 0.36 s of flight at 25 frames per second, the part that is long enough to measure begins and ends 0.03 m above the floor."""
    assert jumped(walk, size=1.22, flight=0.36, rate=25.0) == []


def test_who_only_sinks_and_rises_falls_under_no_gravity(walk: Walks) -> None:
    assert jumped(walk, 4.0, feet=False) == []


# Stature


def estimates(pose: MetricPose, keypoints: Keypoints, height: float) -> list[Estimate]:
    subject = Subject(height=height)
    return estimate_stature(pose, study(pose, subject), keypoints, subject)


def strode(walk: Walks, size: float) -> list[Estimate]:
    """Return the estimates of a walk of long steps, which the walker can only take if it is small."""
    seen = walk(USUAL, frames=180, rate=30.0)
    return estimates(*posed(seen.keypoints.time * 1.1, seen.lab * size, seen.keypoints), STATURE * size)


def test_what_a_walk_shows_of_the_stature_does_not_depend_on_the_one_given(walk: Walks) -> None:
    (one,), (same,) = strode(walk, 0.7), strode(walk, 0.8)

    assert one.stature == pytest.approx(same.stature, rel=0.002)


def test_a_walk_shows_the_stature_to_a_factor_of_two(walk: Walks) -> None:
    """People's walk ratios differ by a tenth, laboratories' and ours by more, and stature goes by the square."""
    (one,) = strode(walk, 0.8)
    low, high = one.interval()

    assert low < 0.8 * STATURE < high
    assert one.words == f"anywhere from {low:.1f} to {high:.1f} m (90 %)"
    assert 1.8 < high / one.stature < 2.1


def test_quick_and_short_steps_show_no_stature(walk: Walks) -> None:
    seen = walk(replace(USUAL, stride_time=0.9), frames=180, rate=30.0)

    assert estimates(*posed(seen.keypoints.time, seen.lab, seen.keypoints), STATURE) == []


def test_estimates_count_by_their_variance() -> None:
    both = combine([Estimate(1.6, 0.1, "a"), Estimate(1.8, 0.2, "b")])

    assert np.log(both.stature) == pytest.approx(0.8 * np.log(1.6) + 0.2 * np.log(1.8))
    assert both.sd == pytest.approx((1 / 0.01 + 1 / 0.04) ** -0.5)
    assert both.shown_by.startswith("a, which fits a stature of 1.60 m (90 %: 1.36–1.89); b, ")


# Shape


@pytest.mark.parametrize(("heading", "width", "said"), [(0.0, 1.0, False), (1.5, 1.0, False), (1.5, 1.5, True)])
def test_shoulders_that_are_too_wide_for_the_trunk_are_a_stretched_picture(
    walk: Walks, heading: float, width: float, said: bool
) -> None:
    seen = walk(replace(USUAL, heading=heading, start=(-2.0, 0.0) if heading == 0 else (0.0, -4.0)), frames=120)
    pose, keypoints = posed(seen.keypoints.time, seen.lab, seen.keypoints)
    found = doubts(pose, replace(keypoints, xy=keypoints.xy * [width, 1.0]))

    assert ["too wide" in doubt.text for doubt in found] == ([True] if said else [])


@pytest.mark.parametrize(("level", "said"), [(75.0, "too narrow"), (97.0, None), (130.0, "too wide")])
def test_legs_that_change_their_length_with_their_direction_are_a_stretched_picture(
    walk: Walks, level: float, said: str | None
) -> None:
    seen = walk(USUAL, frames=120)
    pose, keypoints = posed(seen.keypoints.time, seen.lab, seen.keypoints)
    xy = keypoints.xy.copy()
    for near, far in (("knee", "ankle"), ("shoulder", "elbow")):
        for side in ("left", "right"):
            one, other = BLAZEPOSE_33.indices(f"{side}_{near}", f"{side}_{far}")
            xy[:60, other] = xy[:60, one] + (0.0, 100.0)
            xy[60:, other] = xy[60:, one] + (level, 0.0)
    found = doubts(pose, replace(keypoints, xy=np.where(np.isfinite(keypoints.xy), xy, np.nan)))

    assert [doubt.cause for doubt in found] == (["aspect"] if said else [])
    assert said is None or said in found[0].text


# Words


@pytest.mark.parametrize(("rate", "usual"), [(33.0, 30), (228.0, 240), (7.5, None), (np.inf, None)])
def test_a_rate_that_is_roughly_known_is_given_as_the_usual_one(rate: float, usual: int | None) -> None:
    assert likely_rate(rate) == usual


def test_the_worst_comes_first(walk: Walks) -> None:
    seen = walk(replace(USUAL, heading=1.5, start=(0.0, -4.0)), frames=120, rate=30.0)
    pose, keypoints = posed(seen.keypoints.time * 4, seen.lab, seen.keypoints)
    found = doubts(pose, replace(keypoints, xy=keypoints.xy * [1.5, 1.0]))

    assert [doubt.cause for doubt in found] == ["clock", "aspect"]


# The road


@pytest.mark.skipif(not CASES.is_dir(), reason="NOT TESTED: the developers' cases are not beside this repo")
@pytest.mark.usefixtures("each_clip_once")
def test_slow_motion_is_named_and_with_the_option_is_as_plain() -> None:
    video, subject = str(CASES / "slow_motion_4x.mp4"), Subject(height=1.65)
    stored = analyze(Settings(video=video, subject=subject, refine=False))
    told = analyze(Settings(video=video, subject=subject, capture_fps=30.0))

    first = stored.provenance.notes[0]
    assert first.severity == "serious"
    assert "clock is likely slow" in first.text
    assert "--capture-fps" in first.text
    assert not any("likely" in note.text for note in told.provenance.notes)
    assert told.provenance.video.duration_s == pytest.approx(4.43, abs=0.02)
    values = {row.name: row.value for row in told.kinematics.gait.quantities if not row.side}
    assert values["cadence"] == pytest.approx(97.8, rel=0.02)
    assert values["walking_speed"] == pytest.approx(1.21, rel=0.03)
