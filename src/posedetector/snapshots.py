"""Small pictures of a clip, kept while it is read, so that people can be shown later without reading it again."""

from dataclasses import dataclass, field

import numpy as np

from posedetector.pose import ByteArray, Frame
from posedetector.reprs import brief

# Judgements: people are told apart by their clothes at this size; a picture takes 60–130 kB, all of them 30 MB at most.
_SIDE = 960  # pixels of the longer side
_QUALITY = 85  # of JPEG
_APART = 0.5  # seconds
_MOST = 240  # pictures; from then on every second one is let go, and they are taken half as often


@dataclass(eq=False)
class Snapshots:
    """Pictures of some frames, by row; at most 240, half a second apart in clips of up to two minutes."""

    __repr__ = brief

    _kept: dict[int, ByteArray] = field(default_factory=dict)
    _apart: float = _APART
    _next: float = -np.inf

    def see(self, row: int, frame: Frame) -> None:
        """Take a frame's picture if it is time to; `row` counts the frames that were seen."""
        if frame.time < self._next:
            return
        import cv2

        share = _SIDE / max(frame.size)
        small = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        if share < 1:
            width, height = (max(1, round(share * side)) for side in frame.size)
            small = cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA)
        self._kept[row] = np.asarray(cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))[1], np.uint8)
        if len(self._kept) > _MOST:
            self._kept = dict(list(self._kept.items())[::2])
            self._apart *= 2
        self._next = frame.time + self._apart

    @property
    def rows(self) -> list[int]:
        """The frames of which there are pictures."""
        return list(self._kept)

    @property
    def size(self) -> int:
        """Bytes that the pictures take."""
        return sum(map(len, self._kept.values()))

    def picture(self, row: int) -> ByteArray:
        """Return the picture of a frame, RGB, its longer side at most 960 pixels."""
        import cv2

        return np.asarray(cv2.cvtColor(cv2.imdecode(self._kept[row], cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)
