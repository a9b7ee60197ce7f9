"""People found in every n-th frame and followed in between; and their depth in metres."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from posedetector.anthropometry import ADULT_STATURE
from posedetector.estimators.depth import in_metres
from posedetector.estimators.synthetic import PinholeCamera, Walker
from posedetector.estimators.topdown import follow
from posedetector.pose import Array, ByteArray, Frame, PersonPose
from posedetector.skeletons import BLAZEPOSE_33

WIDTH, HEIGHT = 400, 300
# points of a body in its own box, the lowest at its bottom; a detector's box reaches a tenth beyond them
BODY = np.array(((0.5, 0.0), (0.0, 0.4), (1.0, 0.4), (0.3, 1.0), (0.7, 1.0)))


@dataclass
class Seen:
    """A made-up world: everyone's box (left, top, right, bottom of his points) by frame; the picture holds its number."""

    people: list[Callable[[int], Array | None]]
    detections: list[int] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    looked_at: list[Array] = field(default_factory=list)
    scores: float = 0.9
    margins: tuple[float, ...] = ()
    phantoms: tuple[Array, ...] = ()

    def detect(self, images: Sequence[ByteArray]) -> list[tuple[Array, Array]]:
        found = []
        for image in images:
            frame = int(image[0, 0, 0])
            self.detections.append(frame)
            margins = self.margins or (0.1,) * len(self.people)
            seen = [(person(frame), margin) for person, margin in zip(self.people, margins, strict=True)]
            boxes = [grown(box, margin) for box, margin in seen if box is not None] + list(self.phantoms)
            found.append((np.array(boxes).reshape(-1, 4), np.full(len(boxes), 0.9)))
        return found

    def poses(self, images: Sequence[ByteArray], boxes: Sequence[Array]) -> list[list[PersonPose]]:
        self.batches.append(sum(len(some) for some in boxes))
        self.looked_at += [box for some in boxes for box in some]
        return [
            [self._look(int(image[0, 0, 0]), box) for box in some] for image, some in zip(images, boxes, strict=True)
        ]

    def _look(self, frame: int, box: Array) -> PersonPose:
        bodies = [body for person in self.people if (body := person(frame)) is not None]
        middle = (box[:2] + box[2:]) / 2
        inside = [body for body in bodies if (body[:2] <= middle).all() and (middle <= body[2:]).all()]
        if not inside:
            return PersonPose(box, np.full((5, 2), np.nan), np.zeros(5))
        body = inside[0]
        return PersonPose(box, body[:2] + BODY * (body[2:] - body[:2]), np.full(5, self.scores))


def grown(box: Array, share: float = 0.1) -> Array:
    margin = share * (box[2:] - box[:2])
    return np.concatenate((box[:2] - margin, box[2:] + margin))


def walking(start: float, speed: float = 4.0) -> Callable[[int], Array]:
    return lambda frame: np.array((start + speed * frame, 100.0, start + 40 + speed * frame, 220.0))


def frames(count: int) -> Iterator[Frame]:
    for index in range(count):
        yield Frame(index, index / 30, np.full((HEIGHT, WIDTH, 3), index, np.uint8))


def found(world: Seen, count: int = 12, *, every: int = 4, together: int = 2, most: int = 4) -> list[list[PersonPose]]:
    return list(follow(frames(count), world, every=every, together=together, max_persons=most))


@pytest.mark.parametrize("together", [1, 2])
def test_the_detector_looks_at_every_nth_frame_only(together: int) -> None:
    world = Seen([walking(20)])

    found(world, 11, every=4, together=together)

    assert world.detections == [0, 4, 8]


@pytest.mark.parametrize("together", [1, 2, 5])
@pytest.mark.parametrize("count", [1, 4, 11])
def test_there_is_one_list_a_frame_in_order_however_many_stretches_go_together(count: int, together: int) -> None:
    poses = found(Seen([walking(20)]), count, together=together)

    assert [len(people) for people in poses] == [1] * count
    for number, (person,) in enumerate(poses):
        assert person.xy[1, 0] == pytest.approx(20 + 4 * number)


def test_stretches_that_go_together_share_a_batch() -> None:
    world = Seen([walking(20), walking(150)])

    found(world, 12, every=4, together=3)

    assert world.batches == [6, 6, 6, 6]


def test_a_followed_box_reaches_beyond_the_points_as_the_detectors_did() -> None:
    poses = found(Seen([walking(20)]), 4)

    for number, (person,) in enumerate(poses[1:]):
        np.testing.assert_allclose(person.bbox, grown(walking(20)(number)))  # where he was in the frame before


def test_where_few_points_are_sure_the_box_stays_and_does_not_grow() -> None:
    world = Seen([walking(20, 0)], scores=0.2)

    found(world, 2, every=2, together=1)

    np.testing.assert_allclose(world.looked_at[1], world.looked_at[0])


def test_a_person_who_goes_is_followed_no_longer() -> None:
    poses = found(Seen([lambda frame: walking(20)(frame) if frame < 2 else None]), 4)

    assert [len(people) for people in poses] == [1, 1, 0, 0]


def test_a_person_who_comes_is_found_by_the_next_search() -> None:
    poses = found(Seen([lambda frame: walking(20)(frame) if frame > 1 else None]), 8)

    assert [len(people) for people in poses] == [0, 0, 0, 0, 1, 1, 1, 1]


def test_two_boxes_that_come_to_hold_one_person_become_one() -> None:
    # the second one is gone after a frame, and the first walks into where he was
    poses = found(Seen([walking(20, 8), lambda frame: walking(45, 0)(frame) if frame == 0 else None]), 4)

    assert [len(people) for people in poses] == [2, 1, 1, 1]


def test_who_is_left_keeps_the_margins_of_his_own_box() -> None:
    first = lambda frame: walking(20)(frame) if frame < 1 else None  # noqa: E731
    world = Seen([first, walking(200)], margins=(0.3, 0.05))

    poses = found(world, 4)

    np.testing.assert_allclose(poses[3][0].bbox, grown(walking(200)(2), 0.05))


def test_a_box_in_which_nothing_is_seen_is_nobody() -> None:
    poses = found(Seen([walking(20)], phantoms=(np.array((300.0, 50.0, 340.0, 200.0)),)), 2)

    assert [len(people) for people in poses] == [1, 1]


def test_what_a_network_guesses_beyond_the_pictures_edge_is_not_seen() -> None:
    (people,) = found(Seen([walking(WIDTH - 20.0, 0)]), 1)

    outside = BODY[:, 0] * 40 >= 20
    assert np.isnan(people[0].xy[outside]).all()
    assert (people[0].score[outside] == 0).all()
    assert np.isfinite(people[0].xy[~outside]).all()


def test_a_person_of_whom_only_the_legs_are_seen_is_followed() -> None:
    class OnlyLegs(Seen):
        """133 points, of which ten are seen."""

        def _look(self, frame: int, box: Array) -> PersonPose:
            legs = super()._look(frame, box)
            xy, score = np.full((133, 2), np.nan), np.zeros(133)
            xy[:10], score[:10] = np.tile(legs.xy, (2, 1)), np.tile(legs.score, 2)
            return PersonPose(legs.bbox, xy, score)

    assert [len(people) for people in found(OnlyLegs([walking(20)]), 4)] == [1] * 4


def test_of_many_people_the_largest_are_looked_at() -> None:
    small = lambda _: np.array((300.0, 10.0, 310.0, 30.0))  # noqa: E731
    poses = found(Seen([small, walking(20), walking(150)]), 2, most=2)

    assert [sorted(person.xy[1, 0] for person in people) for people in poses] == [[20, 150], [24, 154]]


def test_a_person_at_the_edge_has_a_box_inside_the_picture() -> None:
    poses = found(Seen([walking(WIDTH - 60.0, 3)]), 8, every=8)

    for people in poses[1:]:
        for person in people:
            assert (person.bbox >= 0).all()
            assert (person.bbox[2:] <= (WIDTH, HEIGHT)).all()


def test_no_frames_are_no_lists() -> None:
    assert found(Seen([walking(20)]), 0) == []


def test_one_stretch_at_a_time_takes_no_frame_ahead() -> None:
    taken: list[int] = []

    def counted() -> Iterator[Frame]:
        for frame in frames(12):
            taken.append(frame.index)
            yield frame

    people = follow(counted(), Seen([walking(20)]), every=4, together=1, max_persons=1)
    next(people)
    next(people)

    assert taken == [0, 1]
    people.close()


def test_large_pictures_do_not_wait_for_more_of_them_than_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posedetector.estimators.topdown._HELD_BYTES", 4 * HEIGHT * WIDTH * 3)
    taken: list[int] = []

    def counted() -> Iterator[Frame]:
        for frame in frames(12):
            taken.append(frame.index)
            yield frame

    people = follow(counted(), Seen([walking(20)]), every=2, together=64, max_persons=1)
    next(people)

    assert taken == [0, 1, 2, 3]  # two stretches of two


def test_pictures_of_which_not_even_one_stretch_fits_are_taken_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posedetector.estimators.topdown._HELD_BYTES", 3 * HEIGHT * WIDTH * 3)
    taken: list[int] = []

    def counted() -> Iterator[Frame]:
        for frame in frames(12):
            taken.append(frame.index)
            yield frame

    people = follow(counted(), Seen([walking(20)]), every=2000, together=64, max_persons=1)
    next(people)

    assert taken == [0]
    people.close()


TIMES = np.arange(0, 1.2, 0.1)
WALKS = {"across": 0.0, "towards us": np.pi / 2, "oblique": 0.7}


def filmed(heading: float, *, stature: float = ADULT_STATURE) -> tuple[Array, Array, Array, PinholeCamera]:
    """Pixels, depth behind the hips in metres of a grown person, and the truth from the middle of the hips in metres."""
    camera = PinholeCamera()
    body = Walker(stature=stature, heading=heading, speed=0.6, stride_time=1.0).positions(TIMES)
    seen = camera.view(body)
    seen = seen - seen[:, BLAZEPOSE_33.indices("left_hip", "right_hip")].mean(axis=1, keepdims=True)
    return camera.project(body), seen[..., 2] * ADULT_STATURE / stature, seen, camera


def metres(xy: Array, depth: Array, camera: PinholeCamera, focal_length: float | None) -> Array:
    return in_metres(xy, depth, np.ones(depth.shape), BLAZEPOSE_33, image_size=camera.size, focal_length=focal_length)


@pytest.mark.parametrize("walk", WALKS)
def test_a_grown_persons_pixels_and_depths_become_his_metres(walk: str) -> None:
    xy, depth, truth, camera = filmed(WALKS[walk])

    made = metres(xy, depth, camera, camera.focal_length)

    assert np.abs(made - truth).max() < 0.04  # the walker's bones are not quite the table's
    assert np.linalg.norm(made - truth, axis=-1).mean() < 0.012


def test_a_child_comes_out_as_large_as_a_grown_person_of_its_proportions() -> None:
    xy, depth, truth, camera = filmed(0.0, stature=1.2)

    made = metres(xy, depth, camera, camera.focal_length)

    assert np.abs(made - truth * ADULT_STATURE / 1.2).max() < 0.04


def test_a_known_focal_length_takes_the_perspective_out() -> None:
    xy, depth, truth, camera = filmed(np.pi / 2)

    def off(focal_length: float | None) -> float:
        return float(np.linalg.norm(metres(xy, depth, camera, focal_length) - truth, axis=-1).mean())

    assert off(camera.focal_length) < 0.5 * off(None)


def test_points_not_seen_stay_so_and_change_nothing_else() -> None:
    xy, depth, _, camera = filmed(0.0)
    whole = metres(xy, depth, camera, None)
    gone = BLAZEPOSE_33.index("nose")
    xy[:, gone], depth[:, gone] = np.nan, np.nan

    made = metres(xy, depth, camera, None)

    assert np.isnan(made[:, gone]).all()
    np.testing.assert_array_equal(np.delete(made, gone, axis=1), np.delete(whole, gone, axis=1))


def test_with_one_limb_left_there_are_still_metres() -> None:
    xy, depth, truth, camera = filmed(0.0)
    kept = BLAZEPOSE_33.indices("left_hip", "right_hip", "left_knee", "left_ankle")
    gone = np.setdiff1d(np.arange(33), kept)
    xy[:, gone] = np.nan

    made = metres(xy, depth, camera, camera.focal_length)

    assert np.abs(made - truth)[:, kept].max() < 0.08


@pytest.mark.parametrize("gone", ["left_hip", "right_hip"])
def test_without_a_hip_there_are_no_metres(gone: str) -> None:
    xy, depth, _, camera = filmed(0.0)
    xy[:, BLAZEPOSE_33.index(gone)] = np.nan

    assert np.isnan(metres(xy, depth, camera, None)).all()


def spoiled(points: tuple[str, ...], score: float, *, by: tuple[float, float] = (0, 0), onto: str = "") -> float:
    """Metres by which the other points are off at most where these are somewhere else, or on top of another one."""
    xy, depth, _, camera = filmed(0.0)
    rows, surety = BLAZEPOSE_33.indices(*points), np.ones(depth.shape)
    whole = metres(xy, depth, camera, camera.focal_length)
    xy[:, rows] = xy[:, BLAZEPOSE_33.indices(onto)] if onto else xy[:, rows] + by
    surety[:, rows] = score
    made = in_metres(xy, depth, surety, BLAZEPOSE_33, image_size=camera.size, focal_length=camera.focal_length)
    return float(np.abs(np.delete(made - whole, rows, axis=1)).max())


KNEES = ("left_knee", "right_knee")  # of which both thighs and shanks hang


@pytest.mark.parametrize("where", [{"by": (150.0, 0.0)}, {"by": (0.0, 400.0)}, {"onto": "left_elbow"}])
def test_one_point_far_off_hardly_changes_the_size_of_the_others(where: dict) -> None:
    assert spoiled(("left_wrist",), 0.9, **where) < 0.05


@pytest.mark.parametrize("score", [0.05, 0.25])
def test_points_not_surely_seen_do_not_change_the_size_of_the_others(score: float) -> None:
    assert spoiled(KNEES, score, by=(150.0, 0.0)) < 0.03
    assert spoiled(KNEES, 0.9, by=(150.0, 0.0)) > 0.1


def test_points_guessed_beyond_the_picture_do_not_change_the_size_of_the_others() -> None:
    assert spoiled(KNEES, 1.0, by=(0.0, 2000.0)) < 0.03


def test_without_a_whole_limb_there_are_no_metres() -> None:
    xy, depth, _, camera = filmed(0.0)
    gone = np.setdiff1d(np.arange(33), BLAZEPOSE_33.indices("left_hip", "right_hip"))
    xy[:, gone] = np.nan

    assert np.isnan(metres(xy, depth, camera, camera.focal_length)).all()


def test_depths_that_leave_nothing_for_the_picture_still_give_a_body_of_a_size() -> None:
    xy, depth, _, camera = filmed(0.0)

    made = metres(xy, depth + np.random.default_rng(0).normal(0, 1.0, depth.shape), camera, None)

    height = np.ptp(made[..., 1], axis=1)
    assert ((height > 0.5) & (height < 2.5)).all()
