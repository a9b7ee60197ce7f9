"""A walker who lands on his heel and leaves over his toes at times that are known, for tests of gait."""

from dataclasses import dataclass

import numpy as np

from posedetector.estimators.synthetic import Walker
from posedetector.pose import Array

HEEL, TOE, SOLE = 0.035, 0.117, 0.039  # behind, before and below the ankle, in shares of stature, as the walker's


@dataclass(frozen=True)
class Roller(Walker):
    """Contact is when the heel reaches the floor, toes up; off is when the toes leave it, heel up.

    A heel that has landed stands still while the foot comes down about it; toes stand still while the heel rises about
    them. In between the foot lies flat. Both jump from one motion to the other: the heel still moves forwards when it
    lands, and the toes leave with an acceleration.

    Attributes
    ----------
    strike, push : radians, by how much the foot is pitched at contact (toes up) and at foot off (toes down).
    flat : share of the stride at which the whole foot is down.
    rise : share of the stance at which the heel begins to rise.
    landing : of the heel at contact, shares of the speed of walking: forwards, and down.
    """

    strike: float = np.radians(20.0)
    push: float = np.radians(60.0)
    flat: float = 0.10
    rise: float = 0.6
    landing: tuple[float, float] = (0.5, 0.15)

    def _root(self, time: Array) -> Array:
        return super()._root(time) - [0.0, 0.04, 0.0]  # long strides need bent knees

    def _ankle(self, time: Array, phase: Array, sign: float) -> tuple[Array, Array]:
        forward, _ = self._axes()
        size, stride = self.stature, self.speed * self.stride_time
        contact = self.speed * (time - phase * self.stride_time) + 0.27 * stride  # where the heel lands
        pitch, ahead, height = self._standing(np.minimum(phase, self.stance_share))
        swing = np.clip((phase - self.stance_share) / (1 - self.stance_share), 0, 1)
        swings = swing > 0
        ends = self._ends()
        lifted = [_cubic(swing, *ends[0, :, part], *ends[1, :, part]) for part in range(3)]
        lifted[2] += 0.02 * size * np.sin(np.pi * swing) ** 2  # toes clear the floor
        pitch, ahead, height = (
            np.where(swings, air, down) for air, down in zip(lifted, (pitch, ahead, height), strict=True)
        )
        start = np.array([self.start[0], 0.0, self.start[1]])
        path = start + (contact + ahead)[:, None] * forward + height[:, None] * np.array([0.0, 1.0, 0.0])
        return path + self._out(sign * 0.06 * size), pitch

    def _standing(self, phase: Array) -> tuple[Array, Array, Array]:
        """Return pitch (toes down positive), and the ankle before the heel's place of contact and above the floor."""
        size = self.stature
        down = np.clip(phase / self.flat, 0, 1)
        begin = self.rise * self.stance_share
        late = np.clip((phase - begin) / (self.stance_share - begin), 0, None)
        pitch = -self.strike * (1 - down**2 * (3 - 2 * down)) + self.push * late**2
        arm = np.where(pitch > 0, -TOE, HEEL) * size  # of the ankle ahead of the point that stands
        base = np.where(pitch > 0, HEEL + TOE, 0.0) * size
        ahead = base + arm * np.cos(pitch) + SOLE * size * np.sin(pitch)
        return pitch, ahead, SOLE * size * np.cos(pitch) - arm * np.sin(pitch)

    def _ends(self) -> Array:
        """Return (2, 2, 3): value and rate by share of the swing, at foot off and at contact, of pitch, ahead, height."""
        swing, stride = 1 - self.stance_share, self.speed * self.stride_time
        tiny = 1e-6
        last, before = (
            np.array([part[0] for part in self._standing(np.array([at]))])
            for at in (self.stance_share, self.stance_share - tiny)
        )
        first = np.array([part[0] for part in self._standing(np.zeros(1))])
        landing = np.array([0.0, self.landing[0], -self.landing[1]]) * stride * swing
        values = np.array([last, first + np.array([0.0, stride, 0.0])])
        return np.stack([values, np.array([(last - before) / tiny * swing, landing])])


def _cubic(at: Array, start: float, end: float, leaving: float, arriving: float) -> Array:
    """Return the cubic from 0 to 1 between two values with these rates."""
    return np.asarray(
        (1 + 2 * at) * (1 - at) ** 2 * start
        + at**2 * (3 - 2 * at) * end
        + at * (1 - at) ** 2 * leaving
        + at**2 * (at - 1) * arriving
    )
