"""Who was found, in words; which of them is analysed, and who may be one: stick figures whose places are known."""

from collections.abc import Callable

import numpy as np
import pytest

from changing import edited
from posedetector.errors import InputError, NoPersonError
from posedetector.persons import Person, describe, in_order, join, likely_same, why_first
from posedetector.pose import PersonPose
from posedetector.settings import Settings, parse_persons
from posedetector.skeletons import Skeleton
from posedetector.subject import Subject
from posedetector.tracking import Track, Tracks

BODY = Skeleton(
    "body",
    tuple(f"{side}_{joint}" for joint in ("shoulder", "hip", "knee", "ankle") for side in ("left", "right")),
    (-1,) * 8,
)
WIDTH, HEIGHT, RATE, SECONDS = 1000, 600, 20, 8
TIME = np.arange(SECONDS * RATE) / RATE
Figure = Callable[[float], PersonPose]


def figure(x: float, feet: float, height: float = 200.0, ankles: tuple[float, float] = (-0.03, 0.03)) -> PersonPose:
    """A body above (x, feet), pixels, its ankles so many heights left and right of x."""
    levels = np.repeat([0.818, 0.53, 0.285, 0.039], 2)
    aside = np.array([-0.05, 0.05, -0.05, 0.05, -0.05, 0.05, *ankles])
    xy = np.stack([x + height * aside, feet - height * levels], axis=1)
    return PersonPose(np.array([x - height / 6, feet - height, x + height / 6, feet]), xy, np.ones(8))


def standing(x: float, feet: float = 400.0, height: float = 200.0) -> Figure:
    return lambda _: figure(x, feet, height)


def walking(start: float, speed: float, feet: float = 400.0, height: float = 200.0, growth: float = 0.0) -> Figure:
    """Two steps a second, 0.25 heights apart; a person of size `height` × exp(growth × seconds)."""

    def at(time: float) -> PersonPose:
        size, swing = height * np.exp(growth * time), 0.15 * np.sin(2 * np.pi * time)
        pose = figure(start + speed * time, feet, size, (swing, -swing) if not growth else (-0.05, 0.05))
        if growth:  # seen from the front, feet pass each other up and down
            return edited(pose, xy=(np.s_[-2:, 1], pose.xy[-2:, 1] + np.array([-1, 1]) * size * swing / 2))
        return pose

    return at


def star_jumps(start: float, speed: float = 0.0) -> Figure:
    def at(time: float) -> PersonPose:
        apart = 0.12 + 0.1 * np.sin(2 * np.pi * time)
        return figure(start + speed * time, 400.0, ankles=(-apart, apart))

    return at


def seen(*people: tuple[Figure, float, float]) -> Tracks:
    """Tracks of figures between two times each, in the order given."""
    tracks = []
    for who, start, end in people:
        rows = [row for row, time in enumerate(TIME) if start <= time < end]
        tracks.append(Track(rows, [who(TIME[row]) for row in rows]))
    return Tracks(TIME, tracks, (WIDTH, HEIGHT), BODY)


def said(who: Figure, start: float = 0.0, end: float = SECONDS) -> str:
    (person,) = describe(seen((who, start, end)))
    return person.what


# --- in words ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "feet", "what"),
    [
        (200, 400, "stands on the left"),
        (500, 400, "stands in the middle"),
        (800, 400, "stands on the right"),
    ],
)
def test_somebody_who_stands_is_said_to_stand_at_that_place_of_the_picture(x: float, feet: float, what: str) -> None:
    assert said(standing(x, feet)) == what


def test_of_several_people_it_is_said_who_is_high_up_and_who_low_down() -> None:
    found = describe(seen((standing(200, 300), 0, SECONDS), (standing(800, 590), 0, SECONDS)))

    assert {one.what for one in found} == {"stands on the left, high up", "stands on the right, low down"}


@pytest.mark.parametrize(
    ("who", "what"),
    [
        (walking(900, -100), "walks from right to left across the picture"),
        (walking(100, 100), "walks from left to right across the picture"),
        (walking(100, 55, height=150), "walks from the left to the middle"),
        (walking(620, 45, height=120), "walks to the right"),
        (walking(500, 0, growth=0.1), "walks towards the camera in the middle"),
        (walking(500, 0, height=400, growth=-0.1), "walks away from the camera in the middle"),
    ],
)
def test_a_walk_is_said_to_lead_where_it_leads(who: Figure, what: str) -> None:
    assert said(who) == what


def test_a_walk_there_and_back_is_to_and_fro() -> None:
    there = walking(340, 80)

    assert said(lambda time: there(min(time, 8 - time))) == "walks to and fro in the middle"


def test_steps_on_the_spot_are_no_walk() -> None:
    assert said(walking(500, 0)) == "stands in the middle"


def test_feet_that_go_apart_and_together_make_no_steps() -> None:
    assert said(star_jumps(200, 80)) == "moves from left to right across the picture"


def test_somebody_whose_hips_are_as_low_as_a_seat_is_not_said_to_stand() -> None:
    def sitting(_: float) -> PersonPose:
        pose = figure(500, 400)
        return edited(pose, xy=(np.s_[:4, 1], pose.xy[:4, 1] + 0.25 * 200))

    assert said(sitting) == "stays in the middle"


def test_sizes_are_compared_with_the_picture_and_with_the_largest_person() -> None:
    large, small = describe(seen((standing(300, 550, 500), 0, 8), (standing(700, 400, 200), 0, 8)))

    assert (large.where, small.where) == ("on the left, large", "on the right, small")


def test_a_layout_without_legs_is_not_said_to_stand_or_walk() -> None:
    tracks = seen((walking(900, -100), 0, 8))
    head = Skeleton("head", tuple(f"point{number}" for number in range(8)), (-1,) * 8)

    (person,) = describe(Tracks(tracks.time, tracks.tracks, tracks.image_size, head))

    assert person.what == "moves from right to left across the picture"


def test_the_line_says_what_when_and_who_may_be_the_same() -> None:
    person = Person(2, 0.0, 5.6, 169, 0.7348, 357.0, "on the left, high up", "stands", (), (3,))

    assert person.line() == "stands on the left, high up; 0.0–5.6 s, 73 % of frames; may be the same as 3"


# --- who is analysed --------------------------------------------------------------------------------------------------


def test_who_walks_comes_before_a_somewhat_more_prominent_person_who_stands() -> None:
    tracks = in_order(seen((standing(200), 0, 8), (standing(400), 0, 7), (walking(900, -100), 1, 7.5)))

    assert [person.motion.split()[0] for person in describe(tracks)] == ["walks", "stands", "stands"]
    assert [len(track.rows) for track in tracks.tracks[1:]] == [160, 140]
    assert why_first(tracks).startswith("the most prominent who walks")


def test_somebody_who_walks_by_far_away_does_not_come_before_the_one_in_front() -> None:
    tracks = in_order(seen((walking(900, -100, height=90), 0, 8), (standing(300), 0, 8)))

    assert [person.motion.split()[0] for person in describe(tracks)] == ["stands", "walks"]
    assert why_first(tracks) == "the most prominent, by size and time in view"


def test_of_two_who_walk_the_more_prominent_comes_first() -> None:
    tracks = in_order(seen((walking(900, -100), 0, 8), (walking(100, 100, height=250), 0, 8)))

    assert describe(tracks)[0].motion.startswith("walks from left")


def test_nobody_is_put_in_order_too() -> None:
    assert in_order(seen()).tracks == ()


# --- who may be one ---------------------------------------------------------------------------------------------------


def test_somebody_who_is_lost_and_found_again_nearby_may_be_the_same() -> None:
    tracks = seen((walking(900, -100), 2, 6), (standing(300, 300), 0, 3), (standing(400, 450), 3.5, 8))

    assert likely_same(tracks) == [(2, 3)]
    assert [person.maybe for person in describe(tracks)] == [(), (3,), (2,)]


@pytest.mark.parametrize(
    "other",
    [
        (standing(350), 2.9, 8),  # both are in view for a moment
        (standing(900), 3.5, 8),  # nobody is there so soon
        (standing(310, 400, 80), 3.5, 8),  # less than half as large
        (standing(300), 6.5, 8),  # too late
    ],
    ids=["at once", "far away", "another size", "late"],
)
def test_who_cannot_be_the_same_is_not_said_to_be(other: tuple[Figure, float, float]) -> None:
    assert likely_same(seen((standing(300), 0, 3), other)) == []


def test_somebody_who_leaves_the_picture_may_come_back_there_after_a_while() -> None:
    leaves, comes = walking(250, -100), walking(-750, 100)  # at the left edge at 2.2 s and from 7.8 s on

    assert likely_same(seen((leaves, 0, 2.2), (comes, 7.8, 8))) == [(1, 2)]


def test_each_end_goes_with_one_beginning() -> None:
    tracks = seen((standing(300), 0, 3), (standing(320), 3.5, 8), (standing(340), 4, 8))

    assert likely_same(tracks) == [(1, 2)]


# --- joining ----------------------------------------------------------------------------------------------------------


def test_joined_parts_are_one_person_and_what_lies_between_is_missing() -> None:
    tracks = join(seen((standing(300), 0, 3), (walking(900, -100), 1, 5), (standing(400), 4, 8)), 1, (3,))
    points = tracks.keypoints(1)

    there = (TIME < 3) | (TIME >= 4)
    assert np.isfinite(points.xy).all(axis=(1, 2)).tolist() == there.tolist()
    assert (points.xy[0].mean(), points.xy[-1].mean()) == (figure(300, 400).xy.mean(), figure(400, 400).xy.mean())


def test_joining_leaves_the_others_their_numbers() -> None:
    people = describe(join(seen((standing(300), 0, 3), (standing(400), 4, 8), (standing(700), 0, 8)), 1, (2,)))

    assert [(one.number, one.joined) for one in people] == [(1, (2,)), (3, ())]
    assert people[0].remark == "joined with 2"


def test_two_who_are_seen_at_once_cannot_be_joined() -> None:
    tracks = seen((standing(300), 0, 3), (standing(700), 2, 8))

    with pytest.raises(NoPersonError, match=r"persons 1 and 2 are not one: both are seen in 20 frames \(2.0–3.0 s\)"):
        join(tracks, 1, (2,))


@pytest.mark.parametrize(("person", "others"), [(3, ()), (1, (3,))])
def test_who_was_not_found_cannot_be_joined(person: int, others: tuple[int, ...]) -> None:
    with pytest.raises(NoPersonError, match="there is no person 3; 2 were found, numbered from 1"):
        join(seen((standing(300), 0, 3), (standing(700), 2, 8)), person, others)


def test_numbers_are_read_the_least_first() -> None:
    assert [parse_persons(text) for text in ("2", "3+2", "1 + 3 + 4")] == [(2,), (2, 3), (1, 3, 4)]


@pytest.mark.parametrize("text", ["", "x", "2+", "2-3", "1.5", "1,3"])
def test_what_is_no_number_of_a_person_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"`person` is a number, or the numbers of one person.*such as 2\+3; got "):
        parse_persons(text)


@pytest.mark.parametrize(("person", "joined"), [(2, (2,)), (1, (2, 2)), (1, (0,))])
def test_a_person_is_joined_with_others_only(person: int, joined: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="`person` joins different numbers from 1 on, got"):
        Settings(video="clip.mp4", subject=Subject(height=1.7), person=person, joined=joined)


def test_nobody_adds_to_a_track_that_was_found() -> None:
    given = [0, 1]
    track = Track(given, [])  # type: ignore[arg-type]
    given.append(2)

    assert track.rows == (0, 1)
