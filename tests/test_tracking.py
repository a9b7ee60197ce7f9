"""Who is who over time; walkers before a known camera, so that the answer is known."""

from collections.abc import Iterable

import numpy as np
import pytest

from posedetector.errors import NoPersonError
from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
from posedetector.pose import Array, PersonPose, Source
from posedetector.skeletons import BLAZEPOSE_33
from posedetector.tracking import Tracks, track

CAMERA = PinholeCamera()
NEAR = Walker(start=(-1.2, 0.6))
FAR = Walker(stature=1.6, speed=0.8, start=(1.2, -0.6), heading=np.pi)
RATE = 60.0
Frames = list[tuple[float, list[PersonPose]]]


def seen(*walkers: Walker, frames: int = 150) -> Frames:
    estimator = Synthetic(walkers, CAMERA)
    pictures = list(estimator.frames(frames, RATE))
    return [(one.time, poses) for one, poses in zip(pictures, estimator.estimate(pictures), strict=True)]


def follow(frames: Iterable[tuple[float, list[PersonPose]]]) -> Tracks:
    return track(frames, skeleton=BLAZEPOSE_33, image_size=CAMERA.size)


def truth(walker: Walker, tracks: Tracks) -> Array:
    return CAMERA.project(walker.positions(tracks.time))


def test_two_who_cross_are_kept_apart() -> None:
    # the order in which the detector names them says nothing
    frames = [(time, poses[:: (-1) ** row]) for row, (time, poses) in enumerate(seen(NEAR, FAR))]
    tracks = follow(frames)

    assert len(tracks.tracks) == 2
    assert tracks.keypoints(1).xy == pytest.approx(truth(NEAR, tracks))
    assert tracks.keypoints(2).xy == pytest.approx(truth(FAR, tracks))


def test_a_gap_of_half_a_second_is_survived() -> None:
    frames = [(time, [] if 60 <= row < 90 else poses) for row, (time, poses) in enumerate(seen(NEAR))]
    tracks = follow(frames)

    assert [person.frames for person in tracks.persons()] == [120]


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

    assert [person.frames for person in tracks.persons()] == [150, 135]


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

    assert [person.frames for person in follow(frames).persons()] == [150, 40]


def test_the_table_of_persons_tells_when_and_how_much_each_was_seen() -> None:
    frames = [(time, poses if 30 <= row < 90 else poses[:1]) for row, (time, poses) in enumerate(seen(NEAR, FAR))]
    second = follow(frames).persons()[1]

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
