"""Whether the camera stood still, and its rotation where it did not, from what the background does.

A small grey copy of each frame is enough. Corners outside the people's boxes are followed from a key frame on (pyramidal
Lucas & Kanade; Bouguet 2001); once too few of them are left in view, the frame becomes the next key frame. A camera that
only turns moves every point by x' = K R K⁻¹ x, whatever its distance (Hartley & Zisserman 2004, ch. 8.4), so the rotation
can be taken out exactly: as if a camera at rest had filmed, with a larger picture. What no rotation explains (a camera
that is carried along, a zoom) cannot be taken out, since how far away the background is nobody knows.

Rotations turn the axes of a reference camera, which looks in the mean direction, into those of a frame's camera (x right, y
down, z away). Pixels are those of the whole picture unless they are called small.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from posedetector.account import AXES, ORIGIN, CameraMotionRecord, Entry, Note, caution, info
from posedetector.arrays import unit
from posedetector.filters import interpolate
from posedetector.pose import Array, Frame, Keypoints, Noun, RelativePose, moved_to, settle
from posedetector.reprs import brief

Floats = NDArray[np.float32]
Verdict = Literal["still", "turned", "moved", "unknown"]

_SMALL = 320  # pixels of the small picture's longer side
_APART = 1 / 35  # seconds; of quicker cameras, the frames between are interpolated
_CORNERS, _QUALITY, _DISTANCE = 100, 0.01, 8
_WINDOW, _LEVELS = (13, 13), 3
_LK_ERROR = 20.0  # mean difference of grey values in the window; a judgement
_BORDER = 3  # small pixels: what is nearer to the edge is half out of the picture
_WIDER = 0.12  # of a person's box, by which it is widened: loose clothes, shadows
_FEWEST = 15  # corners that show a rotation
_KEPT = 0.55  # share of a key frame's corners below which the next one is due
_FARTHEST = 0.2  # of the small picture's width: shift at which the next one is due
_RESTING = 0.4  # small pixels, by which corners of a still picture move: noise, compression
_EXPLAINED = 1.0  # small pixels between a corner and where the rotation puts it
_DISTORTION = 0.02  # of its way, added to that: lenses are no pinholes, focal lengths are guessed
_MOSTLY = 0.6  # share of the corners that a rotation has to explain
_LOST = 0.1  # share of the frames without a rotation that may be filled in
_LONGEST_LOSS = 0.4  # seconds
# Of the mean direction. The clips of `benchmarks/camera_motion.py` whose cameras stood on tripods stay below 0.05°.
_STILL = np.radians(0.12)
_SHARES = (0.45, 4.0)  # of the longer side: focal lengths of cameras, as far as a pan can tell
_WIDE, _LONG = 0.5, 2.2  # a fit beyond these says that no rotation did it
_FARTHEST_OUT = np.radians(50)  # of the mean direction: a flat picture has no room for what is farther out
_UNLIKE = 1.3  # times the focal length given: another one
_SURE = 0.04  # relative standard deviation at which a focal length found by panning is taken
_NOISE = 0.3  # small pixels
_PAIRS = 50  # of pictures, that show the focal length
_ROUNDS = 5  # of reweighting


@dataclass(frozen=True, eq=False)
class CameraMotion(Noun):
    """What the camera did.

    Attributes
    ----------
    verdict : `still`; `turned`, and the rotation is known; `moved` in a way that cannot be taken out; `unknown`.
    reason : in a few words, why it is `moved` or `unknown`.
    rotation : (T, 3, 3), of the reference camera's axes into each frame's; None unless it turned.
    ranges : radians between the extremes of pan (about the picture's vertical), tilt and roll; 0 unless it turned.
    focal_length : pixels, with which the rotation was found.
    focal_sd : relative standard deviation of that, where the pan itself showed it; NaN where it was given or assumed.
    """

    __repr__ = brief

    verdict: Verdict
    reason: str = ""
    rotation: Array | None = None
    ranges: tuple[float, float, float] = (0.0, 0.0, 0.0)
    focal_length: float = float("nan")
    focal_sd: float = float("nan")

    def __post_init__(self) -> None:
        if self.rotation is not None:
            settle(self, rotation=(-1, 3, 3))

    @property
    def turned(self) -> bool:
        """Whether there is a rotation to be taken out."""
        return self.rotation is not None

    @property
    def grounded(self) -> bool:
        """Whether, once that is done, what stands still in the room does so for the camera."""
        return self.verdict != "moved"

    @property
    def shows_focal(self) -> bool:
        """Whether the focal length was found by how the background moved."""
        return bool(np.isfinite(self.focal_sd))

    def steadied(self, keypoints: Keypoints) -> Keypoints:
        """Return the points as the reference camera sees them; they may lie outside its picture."""
        return keypoints if self.rotation is None else self._turned(keypoints, np.swapaxes(self.rotation, 1, 2))

    def as_filmed(self, keypoints: Keypoints) -> Keypoints:
        """Return steadied points as each frame's own camera saw them."""
        return keypoints if self.rotation is None else self._turned(keypoints, self.rotation)

    def steadied_pose(self, pose: RelativePose) -> RelativePose:
        """Return a pose in the frames' own cameras' axes in those of the reference camera."""
        return pose if self.rotation is None else replace(pose, xyz=pose.xyz @ self.rotation)

    def in_frame(self, row: int | slice, pixels: Array, image_size: tuple[int, int]) -> Array:
        """Return pixels (…, 2) of the reference camera in a row's own picture; NaN where that is behind its camera."""
        if self.rotation is None:
            return pixels
        return _turn_pixels(pixels, self.rotation[row], self.focal_length, image_size)

    def entry(self) -> Entry:
        """Return what the account says of it: what the camera did, and so what the laboratory's origin is."""
        pan, tilt, roll = (round(float(np.degrees(angle)), 2) for angle in self.ranges)
        record = CameraMotionRecord(
            verdict=self.verdict,
            reason=self.reason,
            pan_deg=pan,
            tilt_deg=tilt,
            roll_deg=roll,
            focal_length_sd_share=round(self.focal_sd, 4) if self.shows_focal else None,
        )
        origin = (
            ORIGIN
            if self.grounded
            else "the camera moved: the hips are held above the origin, and the lowest foot is at height 0 in the median"
        )
        return Entry({"camera_motion": record, "frame_of_reference": f"{AXES}; {origin}"}, notes=tuple(self._notes()))

    def _notes(self) -> Iterator[Note]:
        if self.turned:
            pan, tilt, roll = (float(np.degrees(angle)) for angle in self.ranges)
            focal = ""
            if self.shows_focal:
                focal = f"; the rotation also shows the focal length ({self.focal_length:.0f} px ± {100 * self.focal_sd:.0f} %)"
            elif np.isinf(self.focal_sd):
                focal = "; these angles scale with the focal length, which was not given"
            yield info(
                f"The camera turned (pan {pan:.1f}°, tilt {tilt:.1f}°, roll {roll:.1f}° from end to end). Its rotation was measured "
                f"from the background and removed, so path, speed and floor are as for a camera at rest{focal}."
            )
        if self.verdict == "moved":
            yield caution(
                f"The camera moved, and this could not be removed: {self.reason}. Path, walking speed, step length, step width and "
                "floor are not reported, and the hips are held in one place; joint angles and times do not depend on it. Film "
                "from a tripod, or turn the camera without walking along."
            )
        if self.verdict == "unknown" and self is not NOT_WATCHED:
            yield caution(
                f"Whether the camera stood still could not be checked: {self.reason}. Path, walking speed and step length assume "
                "that it did."
            )

    def _turned(self, keypoints: Keypoints, rotation: Array) -> Keypoints:
        xyz = None if keypoints.xyz is None else keypoints.xyz @ np.swapaxes(rotation, 1, 2)
        xy = _turn_pixels(keypoints.xy, rotation, self.focal_length, keypoints.image_size)
        return moved_to(keypoints, xy, xyz)


NOT_WATCHED = CameraMotion("unknown", "nobody looked")
_TOO_PLAIN = CameraMotion("unknown", "too little of the background has a pattern that could be followed")


def _turn_pixels(pixels: Array, rotation: Array, focal: float, size: tuple[int, int]) -> Array:
    """Return pixels (…, J, 2) as seen after a rotation (…, 3, 3) of the camera's axes."""
    middle = np.array(size) / 2
    rays = np.concatenate([(pixels - middle) / focal, np.ones((*pixels.shape[:-1], 1))], axis=-1)
    turned = rays @ np.swapaxes(rotation, -1, -2)
    ahead = turned[..., 2:]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(ahead > 0.05, focal * turned[..., :2] / ahead + middle, np.nan)


class _Match(NamedTuple):
    """A looked-at frame: its key frame's row, and corners (N, 2) there and here, small pixels from the middle; none at rest."""

    key: int
    there: Floats
    here: Floats


@dataclass(eq=False)
class Background:
    """Watches the background: `see` each frame, in order, and `judge` it once its people's boxes are known."""

    size: tuple[int, int]
    to_ideal: Callable[[Array], Array] | None = (
        None  # pixels (…, 2) → those of a camera without distortion, where there is a lens
    )
    _waiting: deque[tuple[float, Any]] = field(default_factory=deque)
    _times: list[float] = field(default_factory=list)
    _matches: dict[int, _Match | None] = field(default_factory=dict)
    _key: "_Key | None" = None
    _last: "tuple[int, Any, list[Array]] | None" = None

    @property
    def shrink(self) -> float:
        """Small pixels per pixel: one over a whole number, since means of whole blocks cost a fifth of others."""
        return 1 / max(1, round(max(self.size) / _SMALL))

    @property
    def small(self) -> tuple[int, int]:
        """Width and height of the small picture."""
        width, height = (max(16, int(side * self.shrink)) for side in self.size)
        return width, height

    def see(self, frame: Frame) -> None:
        """Keep a small copy of a frame for when its people are known."""
        import cv2

        looked = [time for time, grey in self._waiting if grey is not None] or [
            self._times[row] for row in list(self._matches)[-1:]
        ]
        if looked and frame.time - looked[-1] < _APART:
            self._waiting.append((frame.time, None))
            return
        grey = cv2.cvtColor(frame.image, cv2.COLOR_RGB2GRAY)
        if frame.size == self.size:
            width, height = (round(side / self.shrink) for side in self.small)
            grey = grey[:height, :width]
        self._waiting.append((frame.time, cv2.resize(grey, self.small, interpolation=cv2.INTER_AREA)))

    def judge(self, boxes: Sequence[Array]) -> None:
        """Compare the next frame that was seen with its key frame; `boxes` (4,) of everybody in it, pixels."""
        time, grey = self._waiting.popleft()
        row = len(self._times)
        self._times.append(time)
        if grey is None:
            return
        boxes = [_widened(box) * self.shrink for box in boxes]
        match = None
        if self._key is not None:
            match = self._key.match(grey, boxes)
            if match is None and self._last is not None and self._last[0] != self._key.row:
                self._key = _Key(*self._last)  # it still was in view a frame ago
                match = self._key.match(grey, boxes)
            self._matches[row] = self._straight(match)
        elif not self._matches:
            self._matches[row] = _Match(row, *np.zeros((2, 0, 2), np.float32))
        if match is not None or self._key is None:
            self._last = row, grey, boxes
            if self._key is None or self._key.worn:
                self._key = _Key(row, grey, boxes)

    def _straight(self, match: _Match | None) -> _Match | None:
        """Return a match as a camera without distortion sees it, whose principal point is in the middle."""
        if self.to_ideal is None or match is None or not len(match.here):
            return match
        small, middle = np.array(self.small), np.array(self.size) / 2
        there, here = (
            ((self.to_ideal((points + small / 2) / self.shrink) - middle) * self.shrink).astype(np.float32)
            for points in (match.there, match.here)
        )
        known = np.isfinite(there).all(axis=1) & np.isfinite(here).all(axis=1)
        return _Match(match.key, there[known], here[known]) if known.sum() >= _FEWEST else None

    def motion(self, focal_length: float, *, known: bool) -> CameraMotion:
        """Return what the camera did; `focal_length` pixels, `known` where it was given."""
        looked = list(self._matches)
        if len(looked) < 2:
            return NOT_WATCHED  # a single picture: nothing moves
        seen = [row for row in looked if self._matches[row] is not None]
        pairs = [match for row in seen if (match := self._matches[row]) is not None]
        enough = len(seen) > 1 and len(seen) >= (1 - _LOST) * len(looked)
        if not any(len(match.here) for match in pairs):
            return CameraMotion("still") if enough else _TOO_PLAIN
        focal, sd, longer = focal_length * self.shrink, float("nan"), max(self.size) * self.shrink
        shown, shown_sd = _focal_length(self._widest(), focal, longer)
        if not known:
            focal, sd = shown, shown_sd
        rotations, explained = self._rotations(seen, focal)
        at = np.array([self._times[row] for row in seen])
        away = _rotation_vectors(rotations @ _nearest_rotation(rotations.sum(axis=0)).T)
        size = np.linalg.norm(away, axis=1)
        if np.quantile(size, 0.98) < _STILL and np.mean(explained) > _MOSTLY:
            return CameraMotion("still") if enough else _TOO_PLAIN
        longest = float(np.diff([self._times[0], *at, self._times[-1]]).max())
        said = {
            "the background shifts as it does past a camera that is carried along, or that zooms": not (
                _WIDE <= shown / longer <= _LONG or (known and abs(np.log(shown / focal)) < np.log(_UNLIKE))
            ),
            "no rotation explains how the background moves: the camera was carried along, or it zooms": np.quantile(
                explained, 0.1
            )
            < _MOSTLY,
            f"for {longest:.1f} s too little of the background could be followed": not enough
            or longest > max(_LONGEST_LOSS, 2.5 * _APART),
            f"it turned by more than {2 * np.degrees(_FARTHEST_OUT):.0f}°": size.max() > _FARTHEST_OUT,
        }
        if reasons := [reason for reason, so in said.items() if so]:
            return CameraMotion("moved", reasons[0])
        time = np.array(self._times)
        everywhere = _as_rotations(interpolate(at, away, np.clip(time, at[0] - _APART, at[-1] + _APART)))
        return CameraMotion(
            "turned",
            rotation=everywhere,
            ranges=_ranges(everywhere),
            focal_length=focal / self.shrink,
            focal_sd=sd,
        )

    def _widest(self) -> list[_Match]:
        """Return the last match of each key frame: those with the widest turns."""
        last = {match.key: match for match in self._matches.values() if match is not None and len(match.here)}
        every = max(1, len(last) // _PAIRS)
        return list(last.values())[::every]

    def _rotations(self, rows: Sequence[int], focal: float) -> tuple[Array, Array]:
        """Return (N, 3, 3) rotations since the first frame, and what share (N,) of the corners each explains."""
        known: dict[int, Array] = {}
        explained = []
        for row in rows:
            match = self._matches[row]
            if match is None:
                continue
            before = known.get(match.key, np.eye(3))
            if len(match.here):
                turn, share = _turn_between(match, focal)
                explained.append(share)
            else:
                turn, share = np.eye(3), 1.0
            known[row] = turn @ before
        return np.array([known[row] for row in rows]), np.array(explained)


class _Key:
    """A frame whose corners are followed."""

    def __init__(self, row: int, grey: Any, boxes: Sequence[Array]) -> None:
        import cv2

        self.row, self._grey = row, grey
        mask = np.full(grey.shape, 255, np.uint8)
        for left, top, right, bottom in np.round(boxes).astype(int).reshape(-1, 4).clip(0):
            mask[top : bottom + 1, left : right + 1] = 0
        found = cv2.goodFeaturesToTrack(grey, _CORNERS, _QUALITY, _DISTANCE, mask=mask)
        self._corners = np.zeros((0, 2), np.float32) if found is None else found.reshape(-1, 2)
        self._guess: Array = np.eye(2, 3)
        self.worn = len(self._corners) < _FEWEST  # whether the frame that was compared last should follow it
        # OpenCV's pixels have their middle at whole numbers
        self._middle = (np.array(grey.shape[::-1]) / 2 - 0.5).astype(np.float32)

    def match(self, grey: Any, boxes: Sequence[Array]) -> _Match | None:
        """Return where the corners are in another frame; None where too few of them are found."""
        import cv2

        if len(self._corners) < _FEWEST:
            return None
        guess = (self._corners @ self._guess[:, :2].T + self._guess[:, 2]).astype(np.float32)
        found, status, error = cv2.calcOpticalFlowPyrLK(
            self._grey,
            grey,
            self._corners,
            guess.copy(),
            winSize=_WINDOW,
            maxLevel=_LEVELS,
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
            criteria=(cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 20, 0.01),
        )
        height, width = grey.shape
        good = (status[:, 0] == 1) & (error[:, 0] < _LK_ERROR)
        good &= ((found >= _BORDER) & (found < (width - _BORDER, height - _BORDER))).all(axis=1)
        for box in boxes:
            good &= ~((found >= box[:2]) & (found <= box[2:])).all(axis=1)
        there, here = self._corners[good], found[good]
        if len(here) < _FEWEST:
            return None
        way = np.linalg.norm(here - there, axis=1)
        if (way < _RESTING).mean() > 0.5:
            self._guess, self.worn = np.eye(2, 3), len(here) < _KEPT * len(self._corners)
            return _Match(self.row, *np.zeros((2, 0, 2), np.float32))
        guess, inliers = cv2.estimateAffinePartial2D(there, here, ransacReprojThreshold=2.0, maxIters=200)
        if guess is None or inliers.sum() < _FEWEST:
            return None
        self._guess = guess
        shift = float(np.median(way[inliers[:, 0] == 1]))
        self.worn = len(here) < _KEPT * len(self._corners) or shift > _FARTHEST * max(width, height)
        return _Match(self.row, there - self._middle, here - self._middle)


def _widened(box: Array) -> Array:
    left, top, right, bottom = box
    x, y = _WIDER * (right - left), _WIDER * (bottom - top)
    return np.array([left - x, top - y, right + x, bottom + y])


def _rays(points: Floats, focal: Array) -> Array:
    """Return unit vectors (F, N, 3) to small pixels (N, 2) from their middle, for focal lengths (F,)."""
    rays = np.concatenate([points / focal[:, None, None], np.ones((len(focal), len(points), 1))], axis=-1)
    return unit(rays)


def _turn_between(match: _Match, focal: float) -> tuple[Array, float]:
    """Return the rotation (3, 3) that carries a key frame's corners to where they are, and what share it explains."""
    turn, missed = _fitted_turns(match, np.array([focal]))
    limit = _EXPLAINED + _DISTORTION * np.linalg.norm(match.here - match.there, axis=1)
    return turn[0], float((missed[0] < limit).mean())


def _fitted_turns(match: _Match, focal: Array) -> tuple[Array, Array]:
    """Return for each focal length (F,) the rotation (F, 3, 3), and how far (F, N) each corner is from where it puts it, small pixels.

    Weighted least squares (Kabsch 1976) with Cauchy's weights, whose width falls from what half of the corners need.
    """
    there, here = _rays(match.there, focal), _rays(match.here, focal)
    way = match.here - match.there
    missed = np.linalg.norm(way - np.median(way, axis=0), axis=1)[None]
    turns = np.empty((0, 3, 3))
    for _ in range(_ROUNDS):
        width = np.maximum(_NOISE, np.median(missed, axis=-1, keepdims=True))
        weight = 1 / (1 + (missed / width) ** 2)
        turns = _nearest_rotation(np.swapaxes(weight[..., None] * here, -1, -2) @ there)
        seen = there @ np.swapaxes(turns, -1, -2)
        pixels = focal[:, None, None] * seen[..., :2] / np.maximum(seen[..., 2:], 0.05)
        missed = np.linalg.norm(pixels - match.here, axis=-1)
    return turns, missed


def _focal_length(pairs: Sequence[_Match], assumed: float, longer: float) -> tuple[float, float]:
    """Return the focal length, small pixels, that the turns show, and its relative SD; else the one assumed, and NaN.

    Where a camera turns, what is at the side of the picture moves faster than what is in its middle, by a share that grows as
    one over the focal length squared.
    """
    focals = longer * np.geomspace(*_SHARES, 25)
    costs = np.zeros(len(focals))
    for match in pairs:
        missed = _fitted_turns(match, focals)[1]
        # errors of neighbouring corners have much in common: a quarter of them counts
        costs += 0.25 * np.log1p((missed / _NOISE) ** 2).sum(axis=-1) / 2
    best = int(np.argmin(costs))
    near = slice(max(best - 2, 0), best + 3)
    curve = np.polyfit(np.log(focals[near]), costs[near], 2) if best not in {0, len(focals) - 1} else None
    if curve is None or curve[0] <= 0:
        sharp = bool(pairs) and costs[np.argmin(np.abs(focals - assumed))] - costs[best] > 8
        return (float(focals[best]), 0.0) if sharp else (assumed, float("nan"))
    sd = float(1 / np.sqrt(2 * curve[0]))
    return (float(np.exp(-curve[1] / (2 * curve[0]))), sd) if sd < _SURE else (assumed, float("nan"))


def _nearest_rotation(matrix: Array) -> Array:
    """Return the rotations nearest to matrices (…, 3, 3)."""
    u, _, v = np.linalg.svd(matrix)
    u[..., -1] *= np.sign(np.linalg.det(u @ v))[..., None]
    return np.asarray(u @ v)


def _rotation_vectors(rotations: Array) -> Array:
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_matrix(rotations).as_rotvec())


def _as_rotations(vectors: Array) -> Array:
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_rotvec(vectors).as_matrix())


def _ranges(rotations: Array) -> tuple[float, float, float]:
    """Return by how much pan, tilt and roll change over the clip, radians."""
    from scipy.spatial.transform import Rotation

    pan, tilt, roll = np.ptp(Rotation.from_matrix(rotations).as_euler("YXZ"), axis=0)
    return float(pan), float(tilt), float(roll)
