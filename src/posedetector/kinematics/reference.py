"""What is usual: published figures of healthy people's walking, for bands in plots and beside a table. None is ever required.

A figure is here only if it was found alike in two independent places, and as a small table of numbers with its source; so
there is no cadence by age, and no curve over the gait cycle, of which no mean with its deviation was found under a clear licence.
They are of laboratories, barefoot or with shoes; of joint centres from markers, where times come from force plates. Someone outside a
band is not ill.

Steps change with speed and size. So figures of three speeds are interpolated to the one that was walked, and brought to the person's
stature as if people were of one shape (dynamic similarity, Hof 1996, Gait & Posture 4:222-223): lengths go by a leg's length, times by
its square root, speeds too; a leg is taken for the same share of everybody's stature.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from posedetector.anthropometry import ADULT_AGE
from posedetector.subject import Subject

RUNNING = 1.0  # % of the stride; double support below it is running, in which it is 0 but for errors of the events; a judgement
_DECADES = (20, 30, 40, 50, 60, 70, 80)  # from which year on; the last goes to 99
# Mean comfortable speed, metres per second: a meta-analysis of 41 studies of 23,111 people
_SPEED = {
    "male": (1.36, 1.43, 1.43, 1.43, 1.34, 1.26, 0.97),
    "female": (1.34, 1.34, 1.39, 1.31, 1.24, 1.13, 0.94),
}
_BOHANNON = "Bohannon & Williams Andrews 2011, Physiotherapy 97:182-189"
_FUKUCHI = "Fukuchi, Fukuchi & Duarte 2018, PeerJ 6:e4640 (doi 10.6084/m9.figshare.5722711)"
_OVERGROUND = "healthy adults of 21-84 years, both sexes, overground"
_STATURE = 1.67  # metres, the mean of that data set's 24 young (1.71) and 18 older (1.62) people
# Of that data set's walks, as the project openacl worked them out (its norm bands, version 1; Apache-2.0), slow, comfortable and fast, parted
# by Froude number at 0.130 and 0.231: means of 34, 32 and 19 people's means, with standard deviations between people. The data set's authors
# have 116 and 121 steps a minute and 0.64 and 0.61 m for its young and old at 1.23 m/s on a treadmill (their h2a_age_spt); stance and double
# support of 60 and 20 % are also Perry & Burnfield's (2010).
SPEEDS = (0.94, 1.24, 1.50)  # m/s
COMFORTABLE = SPEEDS[1]
_ADULTS = {
    "cadence": ((97.9, 114.7, 132.3), (6.5, 5.6, 8.3), "steps/min"),
    "step_length": ((0.57, 0.65, 0.68), (0.04, 0.05, 0.05), "m"),
    "stance_share": ((61.8, 60.3, 59.1), (0.9, 1.1, 1.2), "%"),
    "double_support_share": ((23.7, 20.4, 17.9), (1.8, 1.9, 1.9), "%"),
}
_BY_SIZE = {"m": 1.0, "steps/min": -0.5, "%": 0.0}  # powers of a length that units go by (Hof 1996)
DEVIATIONS = 2.0  # to either side hold 95 % of a normal distribution: the range that is drawn and written
_NEAR = 0.02  # m/s that speeds may differ by and are still called the same; a judgement


@dataclass(frozen=True, slots=True)
class Reference:
    """What is usual for one quantity.

    Attributes
    ----------
    name : the quantity's.
    mean : in `unit`, that of the files.
    sd : standard deviation between people; None where only means were published, and then there is no band.
    population : who they are.
    source : author, year, where.
    licence : under which the figures may be passed on.
    """

    name: str
    mean: float
    sd: float | None
    unit: str
    population: str
    source: str
    licence: str

    def band(self, deviations: float = 1.0) -> tuple[float, float] | None:
        """Return the mean less and plus so many standard deviations; None where there are none."""
        return None if self.sd is None else (self.mean - deviations * self.sd, self.mean + deviations * self.sd)

    def outside(self, low: float, high: float) -> Literal["above", "below", ""]:
        """Tell on which side of the range all of an interval lies; empty where it reaches into it, or where there is no range."""
        band = self.band(DEVIATIONS)
        if band is None or not np.isfinite(low + high):
            return ""
        return "above" if low > band[1] else "below" if high < band[0] else ""


def is_running(double_support: Iterable[float]) -> bool:
    """Tell running from walking by the sides' double support, per cent of the stride: hardly ever are both feet on the floor."""
    shares = tuple(double_support)
    return bool(shares) and max(shares) < RUNNING


def references(subject: Subject, speed: float | None = None, error: float = float("nan")) -> dict[str, Reference]:
    """Return what is usual for this person, by quantity; empty for a child.

    Speed needs the age and the sex; the others are of adults and are taken for anybody not known to be a child, since
    their population says whom they are of. They are those at `speed`, the person's own in m/s, or at the nearest speed there
    is; at a comfortable one where it is None or NaN. `error`, the standard deviation of that speed's own error, makes their ranges wider
    by what it does to the means.
    """
    if subject.age is not None and subject.age < ADULT_AGE:
        return {}
    size = _size(subject)
    own = COMFORTABLE if _unknown(speed) else float(speed or 0.0) / size**0.5  # as if of the reference's size
    own = float(np.clip(own, SPEEDS[0], SPEEDS[-1]))
    unsure = error / size**0.5 if np.isfinite(error) else 0.0
    sized = "" if size == 1 else f", brought to a stature of {subject.height:.2f} m (Hof 1996)"
    population = f"{_OVERGROUND} at {own * size**0.5:.2f} m/s{sized}"
    rows = {}
    for name, (means, sds, unit) in _ADULTS.items():
        mean, sd = (float(np.interp(own, SPEEDS, values)) * size ** _BY_SIZE[unit] for values in (means, sds))
        ends = np.interp([own - unsure, own + unsure], SPEEDS, means) * size ** _BY_SIZE[unit]
        rows[name] = Reference(
            name, mean, float(np.hypot(sd, np.ptp(ends) / 2)), unit, population, _FUKUCHI, "CC BY 4.0"
        )
    usual = speed_reference(subject.age, subject.sex)
    return rows if usual is None else {usual.name: usual, **rows}


def compare_speeds(subject: Subject, speed: float | None) -> str:
    """Return in a sentence how the person's speed, m/s, limits the comparison; empty where the reference walked as fast."""
    size = _size(subject) ** 0.5
    slowest, fastest = SPEEDS[0] * size, SPEEDS[-1] * size
    if _unknown(speed):
        return f"the reference walked at {COMFORTABLE * size:.2f} m/s, and the subject's speed is not known: times and lengths differ with speed"
    if slowest - _NEAR <= float(speed or 0.0) <= fastest + _NEAR:
        return ""
    walked = slowest if float(speed or 0.0) < slowest else fastest
    return f"the reference walked at {walked:.2f} m/s and the subject at {speed:.2f}: times and lengths differ for that alone"


def _unknown(speed: float | None) -> bool:
    return speed is None or not np.isfinite(speed)


def _size(subject: Subject) -> float:
    """Return the person's stature over the mean of the reference's; 1 where it was not given."""
    return 1.0 if subject.height is None else subject.height / _STATURE


def speed_reference(age: float | None, sex: str | None) -> Reference | None:
    """Return the mean comfortable walking speed, m/s, of this sex and decade; None without either, or below 20 or from 100 years on."""
    if age is None or sex is None or not _DECADES[0] <= age < 100:
        return None
    row = sum(age >= first for first in _DECADES) - 1
    first = _DECADES[row]
    last = 99 if first == _DECADES[-1] else first + 9
    population = f"healthy {'men' if sex == 'male' else 'women'} of {first}-{last} years at their own pace"
    licence = "single figures from the paper, cited"
    return Reference("walking_speed", _SPEED[sex][row], None, "m/s", population, _BOHANNON, licence)
