"""How people are followed, whatever the network: a fake one finds what is white."""

import os
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest

from posedetector.estimators import EstimatorOptions, mediapipe
from posedetector.estimators.mediapipe import MediaPipe, _SilentStderr
from posedetector.pose import Array, ByteArray, Frame, PersonPose

SIZE = (640, 480)
WHITE = 61 * 241  # pixels
Box = tuple[int, int, int, int]  # left, top, right, bottom


class WhiteBodies:
    """Finds the white rectangle; like the real network, it may not be run twice at once."""

    def __init__(self, _file: object, _stack: object, video: bool) -> None:
        self._video = video
        self._busy = threading.Lock()

    def run(self, image: ByteArray) -> list[tuple[Array, Array]]:
        assert self._busy.acquire(blocking=False), "this network is in use"
        try:
            rows, columns = np.nonzero(image[..., 0] > 200)
            if len(rows) < 0.5 * WHITE:  # a fringe of somebody who is painted over
                return []
            across = np.linspace(columns.min(), columns.max(), 33) / image.shape[1]
            down = np.linspace(rows.min(), rows.max(), 33) / image.shape[0]
            rest = np.ones(33)
            return [(np.stack([across, down, 0 * rest, rest, rest], axis=1), np.zeros((33, 3)))]
        finally:
            self._busy.release()


@pytest.fixture(autouse=True)
def white_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mediapipe, "_Network", WhiteBodies)


def film(boxes: Iterable[Box | None], rate: float = 30.0) -> Iterator[Frame]:
    for number, box in enumerate(boxes):
        image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        if box is not None:
            left, top, right, bottom = box
            image[top : bottom + 1, left : right + 1] = 255
        yield Frame(number, number / rate, image)


def people(boxes: Iterable[Box | None], **options: Any) -> list[list[PersonPose]]:
    return list(MediaPipe(EstimatorOptions(**options)).estimate(film(boxes)))


def walk(count: int, left: int = 100, step: int = 6) -> list[Box | None]:
    return [(left + step * number, 100, left + 60 + step * number, 340) for number in range(count)]


@pytest.mark.parametrize("count", [7, 8])
def test_everybody_is_found_where_they_are_in_frames_looked_at_side_by_side(count: int) -> None:
    boxes = walk(count)

    found = people(boxes)

    assert [len(poses) for poses in found] == [1] * count
    assert np.array([poses[0].bbox for poses in found]) == pytest.approx(np.array(boxes), abs=3)


def test_a_batch_of_one_finds_the_same() -> None:
    alone, together = (people(walk(8), batch_size=size) for size in (1, 2))

    for one, other in zip(alone, together, strict=True):
        assert one[0].xy == pytest.approx(other[0].xy, abs=3)


def test_two_frames_are_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = threading.Barrier(2)
    run = WhiteBodies.run

    def wait_for_another(self: WhiteBodies, image: ByteArray) -> list[tuple[Array, Array]]:
        if meets.is_set() and self._video:
            meeting.wait(timeout=10)
        return run(self, image)

    meets = threading.Event()
    monkeypatch.setattr(WhiteBodies, "run", wait_for_another)
    poses = MediaPipe(EstimatorOptions()).estimate(film(walk(8)))
    first = [next(poses) for _ in range(4)]  # one is found, in two pairs of frames
    meets.set()

    assert [len(found) for found in (*first, *poses)] == [1] * 8


@pytest.mark.parametrize("gone", range(3, 7))
def test_who_comes_back_elsewhere_is_found_again_at_any_frame(gone: int) -> None:
    counts = [len(poses) for poses in people([*walk(gone), None, None, *walk(12, left=450, step=-6)])]

    assert counts[: gone + 2] == [1] * gone + [0, 0]
    assert counts[-2:] == [1, 1]  # a quarter of a second later they have been searched for again


def test_stderr_comes_back_when_the_last_thread_leaves(capfd: pytest.CaptureFixture[str]) -> None:
    silence = _SilentStderr()
    with silence:
        inside, leave = threading.Event(), threading.Event()

        def other() -> None:
            with silence:
                inside.set()
                leave.wait()

        thread = threading.Thread(target=other)
        thread.start()
        inside.wait()
    os.write(2, b"one thread is still inside")
    leave.set()
    thread.join()
    os.write(2, b"seen")

    assert capfd.readouterr().err == "seen"
