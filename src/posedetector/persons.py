"""Who was found, in words: where in the picture, when, doing what; which of them is analysed, and who may be one and the same.

All is read off the picture: left is the picture's left, sizes are pixels. Numbers count from 1, and 1 is the person who is
analysed unless another is chosen.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from itertools import permutations

import numpy as np

from posedetector.account import Entry, PersonRecord, caution
from posedetector.anthropometry import SHOULDER_TO_ANKLE
from posedetector.errors import NoPersonError
from posedetector.pose import Array
from posedetector.skeletons import SIDES, Skeleton
from posedetector.tracking import Track, Tracking, Tracks

SHEET = "persons.png"  # the picture that shows them
# All of these are judgements.
_SIDES = (0.4, 0.6)  # of the picture's width: what lies between is its middle
_LEVELS = (0.4, 0.6)  # of the picture's height: a middle of the body above is high, one below low
_LARGE, _SMALL = 0.75, 0.6  # large: of the picture's height; small: of the largest person's
_ENDS = 0.2  # seconds at either end, over which a place is averaged
_FAR, _NEAR = 1.0, 0.5  # body heights across the picture, from which on somebody goes somewhere; by steps
_NEARER = 1.2  # times the size from the first quarter to the last: somebody comes towards the camera
_STRIDE = 0.08  # body heights by which one ankle passes the other in a step
_STEPS, _HASTE = 2, 4.0  # a walk has at least so many steps, and no more than so many a second
_STEP = 0.15  # body heights that a step across the picture takes somebody at least
_UPRIGHT = 1.0  # trunks' lengths from hips to ankles, downwards, of somebody who stands
_ACROSS = 0.6  # of the picture's width: a walk across it
_AS_PROMINENT = 0.5  # a walker's prominence over that of the most prominent, above which the walker is taken
_AWAY, _AROUND = (
    3.0,
    10.0,
)  # seconds between two tracks of one person; of one who leaves the picture and comes back there
_EDGE = 0.05  # of the picture's width, from a side at which people leave
_REACH, _SPEED, _FARTHEST = 0.5, 2.0, 2.0  # body heights between the two: at once, more per second, at most
_JOINTS = ("shoulder", "hip", "knee", "ankle")
_STRETCHED = 75  # percentile of the body's length over the frames: that of the stretched body
_ALIKE = 0.5  # the smaller one's size over the larger one's


@dataclass(frozen=True)
class Person:
    """Somebody who was found, as a reader of the results sees it.

    Attributes
    ----------
    share : of the clip's frames.
    height_px : median height of the box.
    where, motion : in the picture, in words.
    joined : the numbers of those who were joined to this person, by choice.
    maybe : the numbers of those who may be the same person, seen at other times.
    """

    number: int
    start_s: float
    end_s: float
    frames: int
    share: float
    height_px: float
    where: str
    motion: str
    joined: tuple[int, ...] = ()
    maybe: tuple[int, ...] = ()

    @property
    def seconds(self) -> str:
        """The first and the last sight."""
        return f"{self.start_s:.1f}–{self.end_s:.1f}"

    @property
    def when(self) -> str:
        """The seconds between the first and the last sight, and the share of frames."""
        return f"{self.seconds} s, {100 * self.share:.0f} % of frames"

    @property
    def what(self) -> str:
        """Motion and place, such as "stands on the left, high up"."""
        comma = "" if self.where.startswith(("on ", "in ")) or not self.where else ","
        return f"{self.motion}{comma} {self.where}".strip()

    @property
    def remark(self) -> str:
        """What was joined, and who may be the same; empty if nothing is to be said."""
        parts = [f"joined with {_listed(self.joined)}"] if self.joined else []
        parts += [f"may be the same as {_listed(self.maybe)}"] if self.maybe else []
        return "; ".join(parts)

    def line(self) -> str:
        """Return all of that in one line."""
        remark = f"; {self.remark}" if self.remark else ""
        return f"{self.what}; {self.when}{remark}"


@dataclass(frozen=True, eq=False)
class _Path:
    """A track in numbers: places in shares of the picture, `range_x`, `net_x` and `way_x` in body heights, `height` in pixels."""

    first: Array
    last: Array
    middle: Array
    range_x: float
    net_x: float
    way_x: float
    growth: float
    steps: int
    seconds: float
    upright: bool
    height: float

    @property
    def nears(self) -> bool:
        return not 1 / _NEARER < self.growth < _NEARER

    @property
    def goes(self) -> bool:
        return self.range_x >= _FAR or self.nears or self.walks

    @property
    def walks(self) -> bool:
        goes = self.range_x >= _NEAR and self.way_x >= _STEP * self.steps
        return (goes or self.nears) and _STEPS <= self.steps <= _HASTE * self.seconds

    @property
    def walks_through(self) -> bool:
        return self.walks and (self.range_x >= _FAR or self.nears)

    @property
    def crosses(self) -> bool:
        return abs(self.net_x) >= (_NEAR if self.walks else _FAR)


def describe(tracks: Tracks) -> list[Person]:
    """Return the table of the people found, without those who were joined to another."""
    paths = {number: _path(track, tracks) for number, track in _numbered(tracks)}
    pairs = likely_same(tracks)
    largest = max((path.height for path in paths.values()), default=0.0)
    return [
        Person(
            number=number,
            start_s=float(tracks.time[track.rows[0]]),
            end_s=float(tracks.time[track.rows[-1]]),
            frames=len(track.rows),
            share=len(track.rows) / len(tracks.time),
            height_px=paths[number].height,
            where=_where(paths[number], tracks.image_size[1], largest if len(paths) > 1 else None),
            motion=_motion(paths[number]),
            joined=track.joined,
            maybe=tuple(sorted({*(b for a, b in pairs if a == number), *(a for a, b in pairs if b == number)})),
        )
        for number, track in _numbered(tracks)
    ]


def entry_of(tracks: Tracks, number: int, tracking: Tracking) -> Entry:
    """Return who was found and how, and who of several people this is, why, and how to take another."""
    persons = describe(tracks)
    parts = {
        "tracking": tracking.method,
        "persons": [PersonRecord(**asdict(person)) for person in persons],
        "person": number,
    }
    return Entry(parts, notes=(caution(_which(tracks, persons, number)),) if len(persons) > 1 else ())


def _which(tracks: Tracks, persons: list[Person], number: int) -> str:
    subject = next(one for one in persons if one.number == number)
    said = [f"{len(persons)} people were found; these are person {number}'s data: {subject.what}; {subject.when}"]
    if number == 1:
        said.append(f"Person 1 is {why_first(tracks)}")
    if subject.joined:
        said.append(f"It is {subject.remark}; between these parts values are missing")
    if pairs := sorted({(one.number, other) for one in persons for other in one.maybe if one.number < other}):
        named = ", ".join(f"{one} and {other}" for one, other in pairs)
        said.append(
            f"{named} may be the same person: if {SHEET} shows so, --person {pairs[0][0]}+{pairs[0][1]} joins them"
        )
    other = next(one.number for one in persons if one is not subject)
    return ". ".join([*said, f"{SHEET} shows who is who; --person {other} analyses another."])


def in_order(tracks: Tracks) -> Tracks:
    """Return the tracks with that of the usual subject first, the others by prominence.

    That is the most prominent person who walks through the picture (by a body height, or towards the camera or away), if at
    least half as prominent as the most prominent of all; else the latter.
    """
    ordered = sorted(tracks.tracks, key=lambda one: -one.prominence)
    walkers = [
        one
        for one in ordered
        if one.prominence >= _AS_PROMINENT * ordered[0].prominence and _path(one, tracks).walks_through
    ]
    if walkers:
        ordered = [walkers[0], *(one for one in ordered if one is not walkers[0])]
    return replace(tracks, tracks=tuple(ordered))


def why_first(tracks: Tracks) -> str:
    """Return why number 1 is number 1, in words."""
    if len(tracks.tracks) > 1 and tracks.tracks[0].prominence < max(one.prominence for one in tracks.tracks):
        return "the most prominent who walks; somebody else is larger or longer in view, but does not walk through the picture"
    return "the most prominent, by size and time in view"


def join(tracks: Tracks, person: int, others: Iterable[int]) -> Tracks:
    """Return the tracks with the others' sights made the person's; nobody else's number changes.

    Raises NoPersonError for a number that nobody has, and for people who are seen in the same frame.
    """
    whole = tracks.of(person)
    poses = dict(zip(whole.rows, whole.poses, strict=True))
    others = tuple(sorted(others))
    for number in others:
        other = tracks.of(number)
        if both := sorted(poses.keys() & set(other.rows)):
            first, last = tracks.time[both[0]], tracks.time[both[-1]]
            raise NoPersonError(
                f"persons {_listed((person, number))} are not one: both are seen in {len(both)} frames "
                f"({first:.1f}–{last:.1f} s); `find_persons` shows who is who"
            )
        poses |= dict(zip(other.rows, other.poses, strict=True))
    rows = sorted(poses)
    joined = Track(tuple(rows), tuple(poses[row] for row in rows), others)
    return replace(
        tracks,
        tracks=tuple(
            joined if number == person else Track() if number in others else track
            for number, track in enumerate(tracks.tracks, start=1)
        ),
    )


def likely_same(tracks: Tracks) -> list[tuple[int, int]]:
    """Return pairs of numbers, the earlier first, that may be one person whom the detector lost in between.

    The second is first seen within 3 s of the last sight of the first (10 s, where both are at the same side of the picture, as of
    somebody who turns round outside), where a person can be by then, and at most twice as large or small.
    """
    found: list[tuple[float, int, int]] = []
    for (a, earlier), (b, later) in permutations(_numbered(tracks), 2):
        gap = float(tracks.time[later.rows[0]] - tracks.time[earlier.rows[-1]])
        if 0 < gap <= _AROUND and _can_follow(earlier, later, gap, tracks):
            found.append((gap, a, b))
    pairs: list[tuple[int, int]] = []
    for _, a, b in sorted(found):
        if all(a != one and b != other for one, other in pairs):
            pairs.append((a, b))
    return sorted(pairs)


def _can_follow(earlier: Track, later: Track, gap: float, tracks: Tracks) -> bool:
    ends = _boxes(earlier)[-1], _boxes(later)[0]
    sizes = [_greatest(track) for track in (earlier, later)]
    away = float(np.hypot(*(_middles(ends[1]) - _middles(ends[0])))) / max(sizes)
    if min(sizes) < _ALIKE * max(sizes) or away > min(_REACH + _SPEED * gap, _FARTHEST):
        return False
    width = tracks.image_size[0]
    left = all(box[0] <= _EDGE * width for box in ends)
    right = all(box[2] >= (1 - _EDGE) * width for box in ends)
    return gap <= (_AROUND if left or right else _AWAY)


def _numbered(tracks: Tracks) -> list[tuple[int, Track]]:
    return [(number, track) for number, track in enumerate(tracks.tracks, start=1) if track.rows]


def _listed(numbers: tuple[int, ...]) -> str:
    return " and ".join(map(str, numbers))


def _boxes(track: Track) -> Array:
    return np.array([pose.bbox for pose in track.poses])


def _middles(boxes: Array) -> Array:
    return np.asarray((boxes[..., :2] + boxes[..., 2:]) / 2)


def _greatest(track: Track) -> float:
    """Return the body's size in pixels when it is least bent or hidden."""
    boxes = _boxes(track)
    return float(np.percentile((boxes[:, 2:] - boxes[:, :2]).max(axis=1), 90))


def _path(track: Track, tracks: Tracks) -> _Path:
    boxes, times = _boxes(track), tracks.time[list(track.rows)]
    middles, heights = _middles(boxes), boxes[:, 3] - boxes[:, 1]
    low, high = np.percentile(middles[:, 0], [5, 95])
    first, last = middles[times <= times[0] + _ENDS].mean(axis=0), middles[times >= times[-1] - _ENDS].mean(axis=0)
    picture = np.array(tracks.image_size)
    each_second = np.append(np.arange(times[0], times[-1], 1.0), times[-1])
    joints = _joints(track, tracks.skeleton)
    bodies = _bodies(joints, heights)
    body, quarter = float(np.percentile(bodies, _STRETCHED)), max(1, len(bodies) // 4)
    before, after = (float(np.percentile(some, _STRETCHED)) for some in (bodies[:quarter], bodies[-quarter:]))
    return _Path(
        first=first / picture,
        last=last / picture,
        middle=np.median(middles, axis=0) / picture,
        range_x=float(high - low) / body,
        net_x=float(last[0] - first[0]) / body,
        way_x=float(np.abs(np.diff(np.interp(each_second, times, middles[:, 0]))).sum()) / body,
        growth=after / before,
        steps=_steps(joints, body),
        seconds=float(times[-1] - times[0]),
        upright=_is_upright(joints),
        height=float(np.median(heights)),
    )


def _joints(track: Track, skeleton: Skeleton) -> Array:
    """Return (N, 4, 2, 2) shoulders, hips, knees and ankles, left and right, of the frames with all of them."""
    names = [f"{side}_{joint}" for joint in _JOINTS for side in SIDES]
    if not skeleton.has(*names):
        return np.empty((0, 4, 2, 2))
    rows = skeleton.indices(*names)
    places = np.array([pose.xy[rows] for pose in track.poses])
    return np.asarray(places[np.isfinite(places).all(axis=(1, 2))].reshape(-1, 4, 2, 2))


def _bodies(joints: Array, heights: Array) -> Array:
    """Return the body's heights in pixels, were it stretched: arms overhead and bent knees do not count."""
    if not len(joints):
        return np.maximum(heights, 1.0)
    lengths = np.linalg.norm(np.diff(joints.mean(axis=2), axis=1), axis=-1).sum(axis=1)
    return np.asarray(np.maximum(lengths / SHOULDER_TO_ANKLE, 1.0))


def _steps(joints: Array, body: float) -> int:
    """Count how often one ankle passes the other: across the picture in a side view, up and down in one from the front or behind.

    Feet that are set apart and together again pass each other neither way.
    """
    apart = (joints[:, 3, 0] - joints[:, 3, 1]) / body
    if not len(apart):
        return 0
    apart[:, 1] -= np.median(apart[:, 1])
    return max(int((np.diff(np.sign(along[np.abs(along) >= _STRIDE])) != 0).sum()) for along in apart.T)


def _is_upright(joints: Array) -> bool:
    if not len(joints):
        return False
    shoulders, hips, _, ankles = np.moveaxis(joints[..., 1].mean(axis=2), 1, 0)
    trunk, legs = hips - shoulders, ankles - hips
    return bool(np.median(trunk) > 0 and np.median(legs - _UPRIGHT * trunk) > 0)


_TOO_SHORT = 1.5  # seconds in view, in which a step and a stand look alike; a judgement


def _side(x: float) -> str:
    return "left" if x < _SIDES[0] else "right" if x > _SIDES[1] else "middle"


def _level(y: float) -> str:
    return "high up" if y < _LEVELS[0] else "low down" if y > _LEVELS[1] else ""


def _motion(path: _Path) -> str:
    if not path.goes:
        return "is seen" if path.seconds < _TOO_SHORT else "stands" if path.upright else "stays"
    words = ["walks" if path.walks else "moves"]
    if path.crosses:
        start, end = _side(float(path.first[0])), _side(float(path.last[0]))
        the = "the " if "middle" in (start, end) else ""
        words.append(
            f"from {the}{start} to {the}{end}" if start != end else f"to the {'right' if path.net_x > 0 else 'left'}"
        )
        if abs(path.last[0] - path.first[0]) >= _ACROSS:
            words.append("across the picture")
    elif path.range_x >= _FAR:
        words.append("to and fro")
    if path.walks and path.growth >= _NEARER:
        words.append("towards the camera")
    if path.walks and path.growth <= 1 / _NEARER:
        words.append("away from the camera")
    return " ".join(words)


def _where(path: _Path, picture_height: float, largest: float | None) -> str:
    """Return where in the picture somebody is; `largest` is the greatest height of several people, who are told apart by it."""
    x = float(path.middle[0])
    levels = {_level(float(place[1])) for place in (path.first, path.middle, path.last)}
    words = [] if path.crosses else ["in the middle" if _side(x) == "middle" else f"on the {_side(x)}"]
    if largest is None:
        return ", ".join(words)
    words += [level for level in levels if level and len(levels) == 1]
    words += (
        ["large"] if path.height >= _LARGE * picture_height else ["small"] if path.height < _SMALL * largest else []
    )
    return ", ".join(words)
