"""Online, no frame's points rest on later frames: what comes later is exchanged, and nothing before it may change."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backends import made_by
from changing import edited, without
from checkpoints import echoing_network, random_network, save, smooth_network
from posedetector.calibration import find_root
from posedetector.cleaning import clean
from posedetector.errors import InputError
from posedetector.estimators import ESTIMATORS, RTMW3DSettings
from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
from posedetector.lifters import Lifter, LifterContext, VideoPose3DSettings
from posedetector.lifters.native import Native
from posedetector.lifters.videopose3d import VideoPose3D, to_screen
from posedetector.models.videopose3d import TemporalModel
from posedetector.pipeline import analyze
from posedetector.pose import Array, Frame, Keypoints, PersonPose, Source
from posedetector.settings import Settings
from posedetector.skeletons import H36M_17
from posedetector.subject import Subject
from posedetector.tracking import Tracking, track
from posedetector.trial import Trial

CAMERA = PinholeCamera(focal_length=900.0)
EARLIER = 70  # frames
HERE, THERE = Walker(start=(-1.5, 0.0)), Walker(start=(0.5, -0.5), speed=0.3, stature=1.6)
UNEVEN = np.cumsum(np.random.default_rng(0).uniform(0.01, 0.05, 120))
TIMES = {
    "25": np.arange(120) / 25,
    "30": np.arange(120) / 30,
    "50": np.arange(120) / 50,
    "59.94": np.arange(120) / 59.94,
    "uneven": UNEVEN,
    "one right behind another": np.insert(np.arange(119) / 30, 60, 59 / 30 + 1e-3),
}


@pytest.fixture(params=TIMES.values(), ids=TIMES.keys())
def time(request: pytest.FixtureRequest) -> Array:
    return request.param


def found(time: Array, *, later: Walker = HERE, away: slice = slice(0)) -> Keypoints:
    """What a poor detector finds of somebody who, after the first 70 frames, is `later`; nobody is there in `away`."""
    estimator = Synthetic((HERE,), CAMERA, noise=3.0, dropout=0.15)
    pictures = [replace(frame, time=float(time[row])) for row, frame in enumerate(estimator.frames(len(time)))]
    poses = list(estimator.estimate(pictures[:EARLIER]))
    poses += list(replace(estimator, walkers=(later,), seed=int(later is THERE)).estimate(pictures[EARLIER:]))
    tracks = track(
        zip(time, poses, strict=True),
        skeleton=estimator.skeleton,
        image_size=CAMERA.size,
        tracking=Tracking(least=0.0),  # whoever comes is taken for the same
    )
    points = tracks.keypoints()
    # some sides exchanged and some points far off, up to the very last of the earlier frames
    left, right = estimator.skeleton.indices("left_knee", "right_knee")
    rows = np.array([[20], [21], [EARLIER - 1]])
    exchanged = (np.s_[rows, [left, right]], np.s_[rows, [right, left]])
    points = edited(
        points,
        **{name: (exchanged[0], getattr(points, name)[exchanged[1]]) for name in ("xy", "score", "source", "xyz")},
    )
    points = edited(points, xy=(np.s_[EARLIER - 2, left], points.xy[EARLIER - 2, left] + 80))
    return without(points, away)


@pytest.fixture
def causal(tmp_path: Path) -> Callable[..., VideoPose3D]:
    def make(network: TemporalModel | None = None) -> VideoPose3D:
        path = save(network or random_network(causal=True), tmp_path / "network", "fair-cpn-causal")
        return VideoPose3D(VideoPose3DSettings(model=str(path), device="cpu"), LifterContext(online=True))

    return make


def earlier(lifter: Lifter, keypoints: Keypoints) -> tuple[Array, Array, Array]:
    """2D, relative pose and path in the camera's frame of the earlier frames; without the carried feet and hands."""
    cleaned = clean(keypoints, online=True).keypoints
    body = lifter.lift(cleaned).xyz
    path = find_root(cleaned.xyz, cleaned, CAMERA.focal_length, steady=False)
    return cleaned.xy[:EARLIER], body[:EARLIER, : 33 if isinstance(lifter, Native) else 17], path[:EARLIER]


def apart(one: Array, other: Array) -> float:
    assert np.array_equal(np.isnan(one), np.isnan(other))
    return float(np.nanmax(np.abs(one - other)))


def test_what_comes_later_changes_no_point_body_or_path(time: Array) -> None:
    one, other = (earlier(Native(), found(time, later=later)) for later in (HERE, THERE))

    assert [apart(*pair) for pair in zip(one, other, strict=True)] == [0, 0, 0]


@pytest.mark.parametrize("away", [slice(0), slice(40, 48), slice(10, 62)], ids=["always there", "briefly", "for long"])
def test_what_comes_later_changes_no_lifted_pose(causal: Callable, time: Array, away: slice) -> None:
    lifter = causal()
    (_, one, _), (_, other, _) = (earlier(lifter, found(time, later=later, away=away)) for later in (HERE, THERE))

    assert np.isfinite(one).any(axis=(1, 2)).sum() > 10
    assert apart(one, other) < 1e-5  # sums of single precision, in another order


def test_the_last_frame_is_as_if_the_clip_ended_there(causal: Callable, time: Array) -> None:
    lifter, whole = causal(), clean(found(time), online=True).keypoints
    cut = replace(whole, **{name: getattr(whole, name)[:EARLIER] for name in ("time", "xy", "xyz", "score", "source")})

    assert apart(lifter.lift(cut).xyz[:, :17], lifter.lift(whole).xyz[:EARLIER, :17]) < 1e-5


def moving(time: Array, *, hidden: slice = slice(0)) -> Keypoints:
    """Human3.6M's points, each at a constant velocity of its own."""
    rows = np.linspace(-1, 1, 34).reshape(17, 2)
    seen = np.full((len(time), 17), True)
    seen[hidden, H36M_17.index("left_wrist")] = False
    xy = 600 + 100 * rows + 30 * time[:, None, None] * rows[::-1]
    source = np.where(seen, Source.MEASURED, Source.NONE).astype(np.uint8)
    return Keypoints(H36M_17, time, np.where(seen[..., None], xy, np.nan), seen * 1.0, source, None, CAMERA.size)


def screen(keypoints: Keypoints) -> Array:
    points = to_screen(keypoints.xy, CAMERA.size)
    return points - points[:, [1, 4]].mean(axis=1, keepdims=True)


@pytest.mark.filterwarnings("ignore")  # these are no person's points
def test_steady_motion_lags_behind_at_no_frame_rate(causal: Callable, time: Array) -> None:
    keypoints = moving(time)
    lifted = causal(echoing_network(causal=True)).lift(keypoints).xyz[..., :2]
    known = time - time[0] > 1 / 50  # a velocity takes two steps of the network

    assert lifted[known] == pytest.approx(screen(keypoints)[known], abs=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_the_network_is_given_a_point_that_is_hidden_where_it_was_last_seen(causal: Callable) -> None:
    time = np.arange(50) / 50
    lifter = causal(smooth_network(causal=True))
    given: list[Array] = []
    run = lifter.run
    lifter.run = lambda points, aspect: given.append(points) or run(points, aspect)
    lifter.lift(moving(time, hidden=slice(20, 30)))
    wrist = given[0][:, H36M_17.index("left_wrist"), :2]

    assert wrist[20:30] == pytest.approx(np.repeat(wrist[19:20], 10, axis=0))
    assert np.linalg.norm(wrist[30] - wrist[19]) > 0.001


@pytest.mark.parametrize("name", ["fair-cpn", "bundled"])
def test_a_network_that_looks_ahead_is_refused_and_one_that_does_not_is_named(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} does: `lifter.model=fair-cpn-causal` does not"):
        VideoPose3D(VideoPose3DSettings(model=name), LifterContext(online=True))


class Careless(Synthetic):
    """Exchanges the legs in frame 12, and puts the nose far off in frame 20."""

    def estimate(self, frames: Iterable[Frame]) -> Iterator[list[PersonPose]]:
        legs = [self.skeleton.indices(f"{side}_knee", f"{side}_ankle", f"{side}_heel") for side in ("left", "right")]
        for row, poses in enumerate(super().estimate(frames)):
            if row == 12:
                yield [edited(pose, xy=(legs[0] + legs[1], pose.xy[legs[1] + legs[0]])) for pose in poses]
            elif row == 20:
                yield [edited(pose, xy=(0, pose.xy[0] + 60)) for pose in poses]
            else:
                yield poses


# --- the road ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(blank_clip: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    monkeypatch.setitem(ESTIMATORS, "poor", made_by(lambda _: Synthetic(noise=2.0, dropout=0.05)))

    def make(**more: object) -> Settings:
        given = {"subject": Subject(height=1.75), "focal_length": 550.0, "camera_level": True, "online": True}
        return Settings(**({"video": str(blank_clip), "estimator": "poor"} | given | more))

    return make


def in_units(trial: Trial) -> tuple[Array, Array]:
    """Body and path from the camera, in the estimator's units: size and floor are the clip's."""
    calibration = trial.provenance.calibration
    return trial.pose.xyz / calibration.scale, (trial.pose.root - calibration.camera_position_m) / calibration.scale


def test_up_to_size_and_floor_a_longer_clip_begins_like_a_shorter_one(settings: Callable) -> None:
    short, long = (in_units(analyze(settings(**more))) for more in ({"duration": 0.8}, {}))

    assert len(short[0]) == 24
    assert [apart(one, other[:24]) for one, other in zip(short, long, strict=True)] == pytest.approx([0, 0], abs=1e-9)


def test_what_was_not_seen_stays_missing(settings: Callable) -> None:
    trial = analyze(settings())

    assert not (trial.pose.source == Source.INTERPOLATED).any()
    assert np.isnan(trial.pose.xyz[trial.keypoints.source == Source.NONE]).all()


def test_no_sides_are_swapped_back_and_no_outlier_is_dropped(
    settings: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ESTIMATORS, "careless", made_by(lambda _: Careless()))
    offline, online = (
        analyze(settings(estimator="careless", online=online, refine=False)).provenance.cleaning
        for online in (False, True)
    )

    assert offline.frames_with_swapped_sides == 1
    assert offline.outliers_dropped >= 1
    assert (online.frames_with_swapped_sides, online.outliers_dropped) == (0, 0)


def test_what_looks_ahead_is_off(settings: Callable) -> None:
    made = settings()

    assert (made.refine, made.cutoff, made.max_gap) == (False, None, 0.0)
    assert made.for_estimator(500.0).online  # one frame at a time


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"refine": True}, "`refine` does"),
        ({"cutoff": 6.0}, "`cutoff=6` does"),
        ({"max_gap": 0.1}, "`max_gap=0.1` does"),
        ({"estimator": RTMW3DSettings(batch_size=8)}, "`estimator.batch_size=8` does"),
    ],
    ids=["refine", "cutoff", "gap", "batch"],
)
def test_what_looks_ahead_is_refused_where_it_was_asked_for(settings: Callable, asked: dict, says: str) -> None:
    with pytest.raises(InputError, match=f"`online` uses no later frame, and {says}: leave one of them out"):
        settings(**asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"refine": False},
        {"cutoff": None},
        {"max_gap": 0.0},
        {"estimator": RTMW3DSettings(batch_size=1)},
        {"estimator": "rtmw3d"},
    ],
)
def test_what_is_off_anyhow_may_be_said(settings: Callable, asked: dict) -> None:
    assert settings(**asked).online


def test_the_account_says_what_still_comes_from_the_whole_clip(settings: Callable) -> None:
    account = analyze(settings()).provenance

    assert account.online
    assert (account.refinement.done, account.smoothing) == ("off: --online", "off")
    assert account.cleaning.max_gap_s == 0
    assert any("size" in note.text and "still come from the whole clip" in note.text for note in account.notes)


def test_the_account_of_any_other_clip_says_that_frames_may_rest_on_later_ones(blank_clip: Path) -> None:
    plain = Settings(video=str(blank_clip), subject=Subject(height=1.75), estimator="synthetic", refine=False)
    account = analyze(plain).provenance

    assert not account.online
    assert not any("--online" in note for note in account.notes)
