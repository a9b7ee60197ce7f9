"""What is usual: published figures of healthy people's walking, for bands in plots and beside a table. None is ever required.

A figure is here only if it was found alike in two independent places, and as a small table of numbers with its source; so
there is no cadence by age, and no curve over the gait cycle, of which no mean with its deviation was found under a clear licence.
They are of laboratories, barefoot or with shoes, at one's own pace; of joint centres from markers, where times come from
force plates. Someone outside a band is not ill.
"""

from dataclasses import dataclass

from posedetector.subject import Subject

ADULT = 18.0  # years; children walk otherwise, and nothing here is of them
RUNNING = 0.01  # of the stride; double support below it is running, in which it is 0 but for errors of the events; a judgement
_DECADES = (20, 30, 40, 50, 60, 70, 80)  # from which year on; the last goes to 99
# Mean comfortable speed, metres per second: a meta-analysis of 41 studies of 23,111 people
_SPEED = {
    "male": (1.36, 1.43, 1.43, 1.43, 1.34, 1.26, 0.97),
    "female": (1.34, 1.34, 1.39, 1.31, 1.24, 1.13, 0.94),
}
_BOHANNON = "Bohannon & Williams Andrews 2011, Physiotherapy 97:182-189"
_FUKUCHI = "Fukuchi, Fukuchi & Duarte 2018, PeerJ 6:e4640 (doi 10.6084/m9.figshare.5722711)"
_OVERGROUND = "healthy adults of 21-84 years, both sexes, overground at 1.24 m/s (sd 0.10)"
# Of that data set's comfortable walks, as the project openacl worked them out (its norm bands, version 1; Apache-2.0): means of
# 32 people's means, with standard deviations between people. The data set's authors have 116 and 121 steps a minute and 0.64 and 0.61 m
# for its young and old at 1.23 m/s on a treadmill (their h2a_age_spt); stance and double support of 60 and 20 % are also Perry & Burnfield's (2010).
_ADULTS = {
    "cadence": (114.7 / 60, 5.6 / 60, "steps/s"),
    "step_length": (0.65, 0.05, "m"),
    "stance_share": (0.603, 0.011, "share"),
    "double_support_share": (0.204, 0.019, "share"),
}


@dataclass(frozen=True, slots=True)
class Reference:
    """What is usual for one quantity.

    Attributes
    ----------
    name : the quantity's.
    mean : in `unit`, a key of `nouns.UNITS`.
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


def references(subject: Subject) -> dict[str, Reference]:
    """Return what is usual for this person, by quantity; empty for a child.

    Speed needs the age and the sex; the others are of adults and are taken for anybody not known to be a child, since
    their population says whom they are of.
    """
    if subject.age is not None and subject.age < ADULT:
        return {}
    rows = {
        name: Reference(name, mean, sd, unit, _OVERGROUND, _FUKUCHI, "CC BY 4.0")
        for name, (mean, sd, unit) in _ADULTS.items()
    }
    speed = speed_reference(subject.age, subject.sex)
    return rows if speed is None else {speed.name: speed, **rows}


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
