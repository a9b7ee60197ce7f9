"""Who is who over time; walkers before a known camera, so that the answer is known."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from changing import without
from posedetector.errors import NoPersonError
from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
from posedetector.persons import describe
from posedetector.pose import Array, PersonPose, Source
from posedetector.skeletons import BLAZEPOSE_33, Skeleton
from posedetector.tracking import Tracking, Tracks, track

CAMERA = PinholeCamera()
NEAR = Walker(start=(-1.2, 0.6))
FAR = Walker(stature=1.6, speed=0.8, start=(1.2, -0.6), heading=np.pi)
RATE = 60.0
Frames = list[tuple[float, list[PersonPose]]]


def seen(*walkers: Walker, frames: int = 150) -> Frames:
    estimator = Synthetic(walkers, CAMERA)
    pictures = list(estimator.frames(frames, RATE))
    return [(one.time, poses) for one, poses in zip(pictures, estimator.estimate(pictures), strict=True)]


def follow(frames: Iterable[tuple[float, list[PersonPose]]], tracking: Tracking | None = None) -> Tracks:
    return track(frames, skeleton=BLAZEPOSE_33, image_size=CAMERA.size, tracking=tracking or Tracking())


def truth(walker: Walker, tracks: Tracks) -> Array:
    return CAMERA.project(walker.positions(tracks.time))


@pytest.mark.parametrize("tracking", [Tracking(), Tracking(oks=True)], ids=["boxes too", "points alone"])
def test_two_who_cross_are_kept_apart(tracking: Tracking) -> None:
    # the order in which the detector names them says nothing
    frames = [(time, poses[:: (-1) ** row]) for row, (time, poses) in enumerate(seen(NEAR, FAR))]
    tracks = follow(frames, tracking)

    assert len(tracks.tracks) == 2
    assert tracks.keypoints(1).xy == pytest.approx(truth(NEAR, tracks))
    assert tracks.keypoints(2).xy == pytest.approx(truth(FAR, tracks))


def test_a_gap_of_half_a_second_is_survived() -> None:
    frames = [(time, [] if 60 <= row < 90 else poses) for row, (time, poses) in enumerate(seen(NEAR))]
    tracks = follow(frames)

    assert [person.frames for person in describe(tracks)] == [120]


def test_a_gap_is_nan_without_score_and_source() -> None:
    frames = [(time, [] if 60 <= row < 90 else poses) for row, (time, poses) in enumerate(seen(NEAR))]
    points = follow(frames).keypoints()

    assert np.isnan(points.xy[60:90]).all()
    assert np.isnan(points.xyz[60:90]).all()
    assert not points.score[60:90].any()
    assert (points.source[60:90] == Source.NONE).all()


def test_what_was_seen_is_measured() -> None:
    points = follow(seen(NEAR)).keypoints()

    assert (points.source == Source.MEASURED).all()


def test_the_one_who_stays_keeps_his_track_while_another_is_hidden() -> None:
    frames = [(time, poses[:1] if 65 <= row < 80 else poses) for row, (time, poses) in enumerate(seen(NEAR, FAR))]
    tracks = follow(frames)

    assert [person.frames for person in describe(tracks)] == [150, 135]


def test_a_flicker_of_the_detector_is_no_person() -> None:
    ghosts = seen(FAR)
    frames = [
        (time, poses + (ghosts[row][1] if 70 <= row < 75 else [])) for row, (time, poses) in enumerate(seen(NEAR))
    ]

    assert len(follow(frames).tracks) == 1


def test_a_body_elsewhere_at_once_is_another_person() -> None:
    away = Walker(start=(1.5, 0.0), speed=0.0)
    there = Walker(start=(-1.5, 0.0), speed=0.0)
    frames = seen(there, frames=60) + [(time + 1.0, poses) for time, poses in seen(away, frames=60)]

    assert len(follow(frames).tracks) == 2


def test_the_most_prominent_comes_first() -> None:
    tracks = follow(seen(FAR, NEAR))

    assert tracks.keypoints(1).xy == pytest.approx(truth(NEAR, tracks))


def test_one_who_is_there_longer_comes_before_one_who_is_a_little_nearer() -> None:
    frames = [(time, poses if row < 40 else poses[1:]) for row, (time, poses) in enumerate(seen(NEAR, FAR))]

    assert [person.frames for person in describe(follow(frames))] == [150, 40]


def test_the_table_of_persons_tells_when_and_how_much_each_was_seen() -> None:
    frames = [(time, poses if 30 <= row < 90 else poses[:1]) for row, (time, poses) in enumerate(seen(NEAR, FAR))]
    second = describe(follow(frames))[1]

    assert (second.number, second.frames) == (2, 60)
    assert (second.share, second.start_s, second.end_s) == pytest.approx((0.4, 0.5, 89 / 60))


@pytest.mark.parametrize("person", [0, 3])
def test_a_person_who_was_not_found_is_refused(person: int) -> None:
    with pytest.raises(NoPersonError, match=f"there is no person {person}; 2 were found, numbered from 1"):
        follow(seen(NEAR, FAR)).keypoints(person)


def test_an_empty_clip_has_nobody() -> None:
    with pytest.raises(NoPersonError, match="nobody was found in the 30 frames"):
        follow((row / RATE, []) for row in range(30)).keypoints()


def test_one_frame_is_enough_for_a_track() -> None:
    assert follow(seen(NEAR, frames=1)).keypoints().xy.shape == (1, 33, 2)


def test_every_frame_counts_even_those_without_people() -> None:
    frames = [(row / RATE, []) for row in range(30)] + [(time + 0.5, poses) for time, poses in seen(NEAR, frames=30)]

    assert len(follow(frames).keypoints().time) == 60


# --- by points alone --------------------------------------------------------------------------------------------------


def one_point(name: str, moved: float, tracking: Tracking) -> int:
    """How many people are in a clip in which the one point of a person of 100 × 100 pixels moves once, that far."""
    frames = []
    for row in range(8):  # four before and four after: whoever is somebody else lasts for long enough to count
        x = 200.0 + (moved if row >= 4 else 0.0)
        pose = PersonPose(np.array([x, 200.0, x + 100, 300.0]), np.array([[x + 50, 250.0]]), np.ones(1))
        frames.append((0.1 * row, [pose]))
    return len(track(frames, skeleton=Skeleton("one", (name,), (-1,)), image_size=(640, 480), tracking=tracking).tracks)


@pytest.mark.parametrize(
    ("name", "sigma"), [("left_hip", 0.107), ("nose", 0.026), ("left_heel", 0.066), ("spine", 0.072)]
)
def test_similarity_of_points_alone_is_cocos(name: str, sigma: float) -> None:
    # a distance of two sigmas of the root of the area: exp(-1/2)
    same, others = (
        one_point(name, 2 * sigma * 100, Tracking(oks=True, least=np.exp(-0.5) + more)) for more in (-0.001, 0.001)
    )

    assert (same, others) == (1, 2)


@pytest.mark.parametrize("oks", [False, True])
def test_the_least_similarity_can_be_chosen(oks: bool) -> None:
    assert [one_point("left_hip", 10.0, Tracking(oks, least)) for least in (0.3, 0.99)] == [1, 2]


def test_by_points_alone_the_least_similarity_is_mmposes() -> None:
    at = [2 * 0.107 * 100 * np.sqrt(-2 * np.log(similarity)) for similarity in (0.31, 0.29)]

    assert [one_point("left_hip", moved, Tracking(oks=True)) for moved in at] == [1, 2]


def test_by_points_alone_boxes_say_nothing() -> None:
    # the points stay; the box is elsewhere every other frame
    elsewhere = [
        (time, [replace(pose, bbox=pose.bbox + (400 if row % 2 else 0)) for pose in poses])
        for row, (time, poses) in enumerate(seen(Walker(speed=0.0, start=(0.0, 0.0)), frames=3))
    ]
    still = [(0.2 * row, poses) for row, (_, poses) in enumerate(elsewhere[:2])]

    assert len(follow(still, Tracking(oks=True, least=0.9)).tracks[0].rows) == 2
    assert not follow(still, Tracking(least=0.9)).tracks


def test_a_pose_without_a_point_is_nobody_known() -> None:
    frames = [(time, [without(pose, np.s_[:]) for pose in poses]) for time, poses in seen(NEAR, frames=20)]

    assert not follow(frames, Tracking(oks=True)).tracks
