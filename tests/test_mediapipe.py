"""How people are followed, whatever the network: a fake one finds what is green, as surely as it is red."""

import os
import threading
from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posedetector.estimators import EstimatorContext, MediaPipeSettings, mediapipe
from posedetector.estimators.mediapipe import MediaPipe, _SilentStderr
from posedetector.pose import Array, ByteArray, Frame, PersonPose
from posedetector.settings import Settings
from posedetector.subject import Subject

SIZE = (640, 480)
BODY = 61 * 241  # pixels
Box = tuple[int, int, int, int]  # left, top, right, bottom


class GreenBodies:
    """Finds the green rectangle; like the real network, it may not be run twice at once."""

    def __init__(self, _file: object, _stack: object, video: bool, debug: bool) -> None:
        self.debug = debug
        self._video = video
        self._busy = threading.Lock()

    def run(self, image: ByteArray) -> list[tuple[Array, Array]]:
        assert self._busy.acquire(blocking=False), "this network is in use"
        try:
            rows, columns = np.nonzero(image[..., 1] > 200)
            if len(rows) < 0.5 * BODY:  # a fringe of somebody who is painted over
                return []
            across = np.linspace(columns.min(), columns.max(), 33) / image.shape[1]
            down = np.linspace(rows.min(), rows.max(), 33) / image.shape[0]
            sure = np.full(33, image[rows, columns, 0].mean() / 255)
            return [(np.stack([across, down, 0 * sure, sure, sure], axis=1), np.zeros((33, 3)))]
        finally:
            self._busy.release()


@pytest.fixture(autouse=True)
def green_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mediapipe, "_Network", GreenBodies)


def film(boxes: Iterable[Box | None], presence: Iterable[float], rate: float = 60.0) -> Iterator[Frame]:
    for number, (box, sure) in enumerate(zip(boxes, presence, strict=False)):
        image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        if box is not None:
            left, top, right, bottom = box
            image[top : bottom + 1, left : right + 1] = round(255 * sure), 255, 0
        yield Frame(number, number / rate, image)


def people(
    boxes: Iterable[Box | None], presence: Iterable[float] = repeat(1.0), **options: Any
) -> list[list[PersonPose]]:
    return list(MediaPipe(MediaPipeSettings(), EstimatorContext(**options)).estimate(film(boxes, presence)))


def walk(count: int, left: int = 100, step: int = 6) -> list[Box | None]:
    return [(left + step * number, 100, left + 60 + step * number, 340) for number in range(count)]


@pytest.mark.parametrize("count", [7, 8])
def test_everybody_is_found_where_they_are_in_frames_looked_at_side_by_side(count: int) -> None:
    boxes = walk(count)

    found = people(boxes)

    assert [len(poses) for poses in found] == [1] * count
    assert np.array([poses[0].bbox for poses in found]) == pytest.approx(np.array(boxes), abs=3)


def test_a_batch_of_one_finds_the_same() -> None:
    alone, together = (people(walk(8), online=online) for online in (True, False))

    for one, other in zip(alone, together, strict=True):
        assert one[0].xy == pytest.approx(other[0].xy, abs=3)


def test_two_frames_are_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = threading.Barrier(2)
    run = GreenBodies.run

    def wait_for_another(self: GreenBodies, image: ByteArray) -> list[tuple[Array, Array]]:
        if meets.is_set() and self._video:
            meeting.wait(timeout=10)
        return run(self, image)

    meets = threading.Event()
    monkeypatch.setattr(GreenBodies, "run", wait_for_another)
    poses = MediaPipe(MediaPipeSettings()).estimate(film(walk(8), repeat(1.0)))
    first = [next(poses) for _ in range(4)]  # one is found, in two pairs of frames
    meets.set()

    assert [len(found) for found in (*first, *poses)] == [1] * 8


@pytest.mark.parametrize(("rate", "networks"), [(30.0, 1), (60.0, 2)])
def test_two_networks_take_turns_where_each_still_follows_25_times_a_second(
    monkeypatch: pytest.MonkeyPatch, rate: float, networks: int
) -> None:
    made: list[str] = []
    make = GreenBodies.__init__

    def count(self: GreenBodies, *given: object, video: bool, debug: bool) -> None:
        made.append("follows" if video else "searches")
        make(self, *given, video=video, debug=debug)

    monkeypatch.setattr(GreenBodies, "__init__", count)

    found = list(MediaPipe(MediaPipeSettings()).estimate(film(walk(8), repeat(1.0), rate)))

    assert [len(poses) for poses in found] == [1] * 8
    assert made.count("follows") == networks


@pytest.mark.parametrize("gone", range(3, 7))
def test_who_comes_back_elsewhere_is_found_again_at_any_frame(gone: int) -> None:
    counts = [len(poses) for poses in people([*walk(gone), None, None, *walk(24, left=450, step=-6)])]

    assert counts[: gone + 2] == [1] * gone + [0, 0]
    assert counts[-2:] == [1, 1]  # a quarter of a second later they have been searched for again


def test_the_second_network_looks_twice_at_its_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    run = GreenBodies.run
    used: set[GreenBodies] = set()

    def hasty(self: GreenBodies, image: ByteArray) -> list[tuple[Array, Array]]:
        found = run(self, image)
        if found and self not in used:
            used.add(self)
            found[0][0][:, 0] += 0.1  # of the crop, to the right
        return found

    monkeypatch.setattr(GreenBodies, "run", hasty)

    found = people(walk(4))

    assert np.array([poses[0].bbox for poses in found[1:]]) == pytest.approx(np.array(walk(4)[1:]), abs=3)


@pytest.mark.parametrize(
    ("presence", "found"),
    [([0.8] * 6, 0), ([0.9] * 6, 6), ([0.9, 0.9, 0.6, 0.6, 0.6, 0.6], 6), ([0.9, 0.9, 0.4, 0.4, 0.4, 0.4], 2)],
    ids=["too doubtful to begin", "sure", "doubtful later", "gone"],
)
def test_a_body_has_to_be_surer_when_first_seen_than_later(presence: list[float], found: int) -> None:
    assert sum(len(poses) for poses in people(walk(6), presence)) == found


@pytest.mark.parametrize("debug", [False, True])
def test_debug_reaches_every_network_as_a_value(monkeypatch: pytest.MonkeyPatch, debug: bool) -> None:
    settings = Settings(video="clip.mp4", subject=Subject(height=1.75), debug=debug)
    made: list[GreenBodies] = []

    class Kept(GreenBodies):
        def __init__(self, *given: object, **named: bool) -> None:
            super().__init__(*given, **named)
            made.append(self)

    monkeypatch.setattr(mediapipe, "_Network", Kept)
    list(MediaPipe(MediaPipeSettings(), settings.for_estimator(1000.0)).estimate(film(walk(4), [1.0] * 4)))

    assert len(made) > 1
    assert {one.debug for one in made} == {debug}


def test_stderr_comes_back_when_the_last_thread_leaves(tmp_path: Path) -> None:
    # a descriptor of its own: threads that earlier tests left behind may silence the process' stderr meanwhile
    descriptor = os.open(tmp_path / "stderr", os.O_WRONLY | os.O_CREAT)
    silence = _SilentStderr(descriptor)
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with silence:
            inside.set()
            leave.wait()

    thread = threading.Thread(target=other)
    with silence:
        thread.start()
        inside.wait()
    os.write(descriptor, b"one thread is still inside")
    leave.set()
    thread.join()
    os.write(descriptor, b"seen")
    os.close(descriptor)

    assert (tmp_path / "stderr").read_bytes() == b"seen"
