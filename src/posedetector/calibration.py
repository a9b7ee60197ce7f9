"""Metric size, the vertical, and the path through the room: from a relative pose and a person to metres.

The crown of the head carries no keypoint, so stature is never measured directly: it is compared with limbs whose share
of stature is known (Drillis & Contini 1966, as in Winter 2009, fig. 4.1) and which keep their length in every posture.
One uniform scale for the whole clip, so that proportions and angles stay as they were seen.

Laboratory frame (ISB, Wu & Cavanagh 1995): X forward, towards the camera; Y up; Z to the right of a person who faces
the camera. Its origin is on the floor below the middle of the hips when first seen; the floor is where the feet are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal, NamedTuple

import numpy as np

from posedetector.account import CalibrationRecord, Entry, Note, caution, info
from posedetector.anthropometry import (
    HIP_HEIGHT,
    SEGMENT_ENDS,
    SIZE_CHAINS,
    SIZE_SD_BY_ARMS,
    SIZE_SD_BY_BONES,
    SIZE_SD_BY_LEGS,
    STATURE_SHARES,
)
from posedetector.arrays import mean_and_sd, median, robust_sd, rotation_between, unit
from posedetector.errors import InputError
from posedetector.filters import low_pass, sampling_rate
from posedetector.pose import (
    Array,
    Keypoints,
    MetricPose,
    Noun,
    RelativePose,
    finite,
    has_bone_length,
    in_order_of,
    settle,
)
from posedetector.skeletons import SIDES, Skeleton, split_side
from posedetector.subject import Subject

CAMERA_TO_LAB = np.array([[0.0, 0.0, -1.0], [0.0, -1.0, 0.0], [-1.0, 0.0, 0.0]])
DEPTH_CUTOFF = 1.0  # Hz, of the path's distance from the camera
ASSUMED_FOV = 60.0  # degrees along the longer side: phones' main cameras have 55–70
_UPRIGHT = np.radians(25)  # greatest angle between trunk and legs of a person who stands
_BONES_APART = 0.1
_LEVEL = np.radians(5)  # the body shows the vertical no better than this, so less tilt is none
_WIDE_SPREAD = 0.08  # of the scale over the frames
_DISAGREEMENT = 0.05  # of the stature that bone lengths imply with the one given


@dataclass(frozen=True)
class Camera:
    """What is known of the camera: focal length in pixels or field of view in degrees, and whether it is level."""

    focal_length: float | None = None
    fov: float | None = None
    level: bool = False

    def pixels(self, image_size: tuple[int, int]) -> float:
        """Return the focal length in pixels; `fov` spans the picture's longer side."""
        if self.focal_length is not None:
            return self.focal_length
        fov = ASSUMED_FOV if self.fov is None else self.fov
        return max(image_size) / 2 / float(np.tan(np.radians(fov) / 2))

    @property
    def assumed(self) -> bool:
        """Whether nobody told us the focal length."""
        return self.focal_length is None and self.fov is None


class Vertical(Enum):
    """What showed the vertical, in words for the account."""

    GIVEN = "the camera, said to be level"
    NEVER_UPRIGHT = "the camera, taken to be level: the person never stands upright"
    NO_TILT = "the camera, taken to be level: the upright body shows no tilt"
    EVEN_FEET = "the camera, taken to be level: the feet stay more even so than by the body's lean"
    BODY = "the upright body"


class Floor(Enum):
    """What showed the height of the floor, in words for the account."""

    FEET = "the lowest foot, median over the clip"
    LEG = "assumed, no foot was seen: a standing leg's share of stature below the hips when first seen"
    HIPS = "unknown, no foot was seen: height 0 is that of the hips when first seen"
    MOVED = "none: the camera moved; height 0 is that of the lowest foot, median over the clip, under hips held in one place"


@dataclass(frozen=True)
class Size:
    """What gave the body its size.

    Attributes
    ----------
    kind : the subject's stature, or bone lengths that were measured.
    of : the segments whose share of the stature is known; or the bones.
    apart : by how much the bones given disagree, as a share; 0 where they agree well enough.
    """

    kind: Literal["stature", "bone lengths"]
    of: tuple[str, ...]
    apart: float = 0.0

    @property
    def sd(self) -> float:
        """Standard deviation of the size, as a share of it."""
        if self.kind == "bone lengths":
            return SIZE_SD_BY_BONES
        return SIZE_SD_BY_LEGS if "thigh" in self.of else SIZE_SD_BY_ARMS

    @property
    def given(self) -> str:
        """What a person said that the size rests on, in words."""
        return "bone lengths" if self.kind == "bone lengths" else "height"

    def __str__(self) -> str:
        if self.kind == "stature":
            return f"stature: {' + '.join(self.of)}"
        disagreeing = f" (which disagree by {100 * self.apart:.0f} %: check them)" if self.apart else ""
        return f"bone lengths: {', '.join(self.of)}{disagreeing}"


@dataclass(frozen=True, eq=False)
class Calibration(Noun):
    """How the size, the vertical and the path came about.

    Attributes
    ----------
    scale : metres per unit of the relative pose.
    scale_spread : robust standard deviation of the scale over the frames, as a share of it.
    size : which measure and which segments gave it.
    implied_height : metres; the stature that the bone lengths given imply, or None.
    stature : metres; as given, or implied, or None.
    tilt : radians between the camera's vertical and the one found.
    vertical : what showed it.
    upright : share of the frames in which the body stands upright.
    floor : what showed its height.
    focal_length : pixels.
    camera_position : (3,) metres in the laboratory frame.
    rotation : (3, 3) from the camera's frame to the laboratory's.
    grounded : whether what stands still in the room does so for the camera; else there is no path and no floor.
    """

    scale: float
    scale_spread: float
    size: Size
    implied_height: float | None
    stature: float | None
    tilt: float
    vertical: Vertical
    upright: float
    floor: Floor
    focal_length: float
    focal_length_assumed: bool
    camera_position: Array
    rotation: Array
    grounded: bool = True

    def __post_init__(self) -> None:
        settle(self, camera_position=(3,), rotation=(3, 3))

    def entry(self, height: float | None) -> Entry:
        """Return what the account says of it; `height` in metres is the one given."""
        upright = f" in {100 * self.upright:.0f} % of the frames" if self.vertical is Vertical.BODY else ""
        record = CalibrationRecord(
            scale=self.scale,
            scale_spread=None if np.isnan(self.scale_spread) else self.scale_spread,
            scale_from=str(self.size),
            scale_of=" + ".join(self.size.of) if self.size.kind == "stature" else "",
            implied_height_m=self.implied_height,
            tilt_deg=float(np.degrees(self.tilt)),
            vertical_from=self.vertical.value + upright,
            floor_from=self.floor.value,
            focal_length_px=self.focal_length,
            focal_length_assumed=self.focal_length_assumed,
            camera_position_m=tuple(self.camera_position.tolist()),
            camera_to_laboratory=tuple(map(tuple, self.rotation.tolist())),
        )
        return Entry({"calibration": record.model_dump(exclude_unset=True)}, notes=tuple(self._notes(height)))

    def _notes(self, height: float | None) -> Iterator[Note]:
        if self.floor in (Floor.LEG, Floor.HIPS):
            yield caution(f"the floor is {self.floor.value}")
        if self.scale_spread > _WIDE_SPREAD:
            yield caution(
                f"the factor that brings the body to its size varies by ±{100 * self.scale_spread:.0f} % over the frames, so all "
                "lengths and speeds may be off by as much: check that the legs are seen whole, and --focal-length if it is known"
            )
        if self.size.apart:
            yield caution(f"the body's size is the median of what these give: {self.size}")
        implied = self.implied_height
        if height is None and implied is not None:
            yield info(f"the bone lengths set the body's size; they imply a height of {implied:.2f} m")
        if height is not None and implied is not None:
            off = implied / height - 1
            far = abs(off) > _DISAGREEMENT
            yield (caution if far else info)(
                f"the bone lengths set the body's size; they imply a height of {implied:.2f} m, {100 * off:+.0f} % from the "
                f"{height:.2f} m given: they {'disagree: check both' if far else 'agree'}"
            )


def calibrate(
    pose: RelativePose,
    keypoints: Keypoints,
    subject: Subject,
    camera: Camera,
    *,
    online: bool = False,
    grounded: bool = True,
) -> tuple[MetricPose, Calibration]:
    """Return the pose in metres in the laboratory frame.

    Parameters
    ----------
    online : the path of a frame does not rest on later frames, so its distance from the camera is not low-passed; size,
        vertical and floor are the clip's all the same.
    grounded : as in `Calibration`; without it, the path is one from a camera that moves.

    Raises
    ------
    InputError
        If no limb whose length is known was ever seen whole.
    """
    scale, spread, size, implied = find_scale(pose, subject)
    metric = pose.xyz * scale
    focal = camera.pixels(keypoints.image_size)
    root = find_root(metric, in_order_of(pose.skeleton, keypoints), focal, steady=not online)
    up, vertical, upright = (
        (_CAMERA_UP, Vertical.GIVEN, 0.0)
        if camera.level
        else find_up(pose, metric, root if grounded else np.zeros_like(root))
    )
    stature = subject.height or implied
    room = place_in_room(pose.skeleton, metric, root, up, stature)
    calibration = Calibration(
        scale=scale,
        scale_spread=spread,
        size=size,
        implied_height=implied,
        stature=stature,
        tilt=float(np.arccos(np.clip(up @ _CAMERA_UP, -1, 1))),
        vertical=vertical,
        upright=upright,
        floor=room.floor if grounded else Floor.MOVED,
        focal_length=focal,
        focal_length_assumed=camera.assumed,
        camera_position=room.camera_position,
        rotation=room.rotation,
        grounded=grounded,
    )
    return MetricPose(pose.skeleton, pose.time, room.xyz, pose.score, pose.source, room.root), calibration


def hold_in_place(pose: MetricPose) -> tuple[MetricPose, Array]:
    """Return the pose with its hips in one place, and how far (T, 3) they were from there: of a camera that moves, no path.

    That place is above the origin, as high as puts the lowest foot at 0 in the median of the clip.
    """
    known = finite(pose.root)
    lowest = _lowest_foot(pose.skeleton, pose.xyz, np.where(known[:, None], 0.0, np.nan))
    place = np.array([0.0, -float(np.median(lowest)) if len(lowest) else 0.0, 0.0])
    return replace(pose, root=np.where(known[:, None], place, np.nan)), pose.root - place


class Room(NamedTuple):
    """A body (T, J, 3) and its path (T, 3) in the laboratory, metres, and how the camera's frame lies in that.

    `rotation` (3, 3) turns the camera's axes into the laboratory's, `camera_position` (3,) is where the camera is.
    """

    xyz: Array
    root: Array
    rotation: Array
    camera_position: Array
    floor: Floor


def place_in_room(skeleton: Skeleton, body: Array, root: Array, up: Array, stature: float | None) -> Room:
    """Bring a body (T, J, 3), from the middle of its hips, and its path (T, 3) from the camera's frame into the room.

    `up` (3,) is the vertical in the camera's frame; metres.
    """
    turn = np.asarray(CAMERA_TO_LAB @ rotation_between(up, _CAMERA_UP))
    lab, path = body @ turn.T, root @ turn.T
    origin, floor = _origin(skeleton, lab, path, stature)
    return Room(lab, path - origin, turn, -origin, floor)


_CAMERA_UP = np.array([0.0, -1.0, 0.0])


def find_scale(pose: RelativePose, subject: Subject) -> tuple[float, float, Size, float | None]:
    """Return metres per unit, its robust relative spread over frames, what gave it, and the stature implied.

    Bone lengths, where given, decide: they were measured on the segment itself. The length of a segment is its median
    over the frames in which both ends were seen.
    """
    lengths = {bone: _length(pose, bone) for bone in _bones_in(pose.skeleton)}
    seen = {bone: float(np.nanmedian(values)) for bone, values in lengths.items() if np.isfinite(values).any()}
    given = {bone: length for bone, length in subject.bone_lengths.items() if bone in seen}
    if subject.bone_lengths and not given and subject.height is None:
        raise InputError(f"none of the bones given was seen whole: {', '.join(subject.bone_lengths)}")
    stature_scale = _stature_scale(lengths, seen)
    if given:
        scale = float(np.median([length / seen[bone] for bone, length in given.items()]))
        per_frame = np.nanmedian([length / lengths[bone] for bone, length in given.items()], axis=0)
        implied = scale / stature_scale[0] if stature_scale else None
        return scale, _spread(per_frame), Size("bone lengths", tuple(given), _disagreement(given, seen)), implied
    if stature_scale is None or subject.height is None:
        raise InputError("no whole leg or arm was seen in any frame, so the person's height cannot give the scale")
    per_unit, frames, chain = stature_scale
    return per_unit * subject.height, _spread(frames), Size("stature", chain), None


def _disagreement(given: dict[str, float], seen: dict[str, float]) -> float:
    scales = [length / seen[bone] for bone, length in given.items()]
    apart = max(scales) / min(scales) - 1
    return apart if apart > _BONES_APART else 0.0


def segment_lengths(pose: RelativePose | MetricPose) -> dict[str, float]:
    """Return each bone's median length over the frames that show both its ends, in the pose's unit."""
    lengths = {bone: _length(pose, bone) for bone in _bones_in(pose.skeleton)}
    return {bone: float(np.nanmedian(values)) for bone, values in lengths.items() if np.isfinite(values).any()}


def _stature_scale(lengths: dict[str, Array], seen: dict[str, float]) -> tuple[float, Array, tuple[str, ...]] | None:
    """Return scale per metre of stature, the same frame by frame, and the chain's segments."""
    for chain in SIZE_CHAINS:  # the first whose joints are in view
        sides = [[bone for bone in seen if split_side(bone)[1] == segment] for segment in chain]
        if not all(sides):
            continue
        share = sum(STATURE_SHARES[segment] for segment in chain)
        whole = sum(np.mean([seen[bone] for bone in bones]) for bones in sides)
        if not whole > 0:  # all points in one place
            continue
        frames = sum(mean_and_sd(np.array([lengths[bone] for bone in bones]))[0] for bones in sides)
        return share / float(whole), share / np.asarray(frames), chain
    return None


def _bones_in(skeleton: Skeleton) -> list[str]:
    return [
        f"{side}_{segment}"
        for segment, ends in SEGMENT_ENDS.items()
        for side in SIDES
        if skeleton.has(*(f"{side}_{end}" for end in ends))
    ]


def _length(pose: RelativePose | MetricPose, bone: str) -> Array:
    """(T,) length of a bone where both ends were seen, NaN elsewhere."""
    side, segment = split_side(bone)
    ends = pose.skeleton.indices(*(f"{side}_{end}" for end in SEGMENT_ENDS[segment]))
    seen = has_bone_length(pose.source[:, ends]).all(axis=1)
    return np.where(seen, np.linalg.norm(pose.xyz[:, ends[0]] - pose.xyz[:, ends[1]], axis=-1), np.nan)


def _spread(frames: Array) -> float:
    """Median absolute deviation, made consistent with a standard deviation, over the median; NaN from one frame."""
    return robust_sd(frames) / median(frames)


def find_up(pose: RelativePose, metric: Array, root: Array) -> tuple[Array, Vertical, float]:
    """Return the unit vector (3,) that points up in the camera frame, what showed it, and how often the body is upright.

    A person who stands or walks keeps the middle of his shoulders above the middle of his ankles, on average. But the
    depth of a whole body may lean, and then a person who walks on a floor would climb: the camera's own vertical is
    kept when it leaves the lowest foot more even over the clip than the body's does.
    """
    shoulders, hips, ankles = (
        pose.xyz[:, pose.skeleton.indices(f"left_{name}", f"right_{name}")].mean(axis=1)
        for name in ("shoulder", "hip", "ankle")
    )
    trunk, legs, body = shoulders - hips, hips - ankles, shoulders - ankles
    with np.errstate(invalid="ignore"):
        bend = np.arccos(np.clip((unit(trunk) * unit(legs)).sum(axis=1), -1, 1))
        upright = bend < _UPRIGHT  # False where a point is missing
    if not upright.any():
        return _CAMERA_UP, Vertical.NEVER_UPRIGHT, 0.0
    share = float(upright.mean())
    up = unit(np.median(unit(body[upright]), axis=0))
    if np.arccos(np.clip(up @ _CAMERA_UP, -1, 1)) < _LEVEL:
        return _CAMERA_UP, Vertical.NO_TILT, share
    if _unevenness(pose.skeleton, metric, root, _CAMERA_UP) <= _unevenness(pose.skeleton, metric, root, up):
        return _CAMERA_UP, Vertical.EVEN_FEET, share
    return up, Vertical.BODY, share


def _unevenness(skeleton: Skeleton, metric: Array, root: Array, up: Array) -> float:
    """Return the standard deviation of the lowest foot's height, metres."""
    turn = CAMERA_TO_LAB @ rotation_between(up, _CAMERA_UP)
    lowest = _lowest_foot(skeleton, metric @ turn.T, root @ turn.T)
    return float(np.std(lowest)) if len(lowest) else 0.0


def find_root(metric: Array, keypoints: Keypoints, focal_length: float, *, steady: bool = True) -> Array:
    """Return the path (T, 3) of the middle of the hips in the camera frame, metres.

    The translation that puts the pose (T, J, 3) behind its picture is linear in the pinhole equations, so each frame is
    a weighted least-squares problem of three unknowns, solved in closed form; points that fit badly then count less.
    Unless `steady` is off, the distance from the camera is then low-passed over the clip.
    """
    middle = np.array(keypoints.image_size) / 2
    ray = (keypoints.xy - middle) / focal_length
    seen = finite(ray) & finite(metric)
    weight = np.where(seen, keypoints.score, 0.0)
    ray, body = np.nan_to_num(ray), np.where(seen[..., None], metric, 0.0)
    root, trusted = _solve_root(body, ray, weight), weight
    for _ in range(3):
        moved = body + root[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            miss = np.linalg.norm(moved[..., :2] / moved[..., 2:] - ray, axis=-1)
        miss = np.where(seen, miss, np.nan)
        with np.errstate(all="ignore"):
            typical = np.array([np.nanmedian(row) if np.isfinite(row).any() else 1.0 for row in miss])[:, None]
            trusted = np.nan_to_num(weight / (1 + (miss / (2 * typical + 1e-9)) ** 2))
        root = _solve_root(body, ray, trusted)
    return root if not steady else _steady_depth(root, keypoints.time, body, ray, trusted)


def _steady_depth(root: Array, time: Array, body: Array, ray: Array, weight: Array) -> Array:
    """Low-pass the distance from the camera, then put the body across and down anew where its picture is.

    The size of the picture alone tells the distance, and a pixel of it is centimetres of that: what changes faster than
    a person can move to and fro is noise.
    """
    if sampling_rate(time) / 2 <= DEPTH_CUTOFF:
        return root
    depth = low_pass(root[:, 2], time, DEPTH_CUTOFF)
    with np.errstate(invalid="ignore"):
        off = ray * (body[..., 2] + depth[:, None])[..., None] - body[..., :2]
        across = (weight[..., None] * off).sum(axis=1) / weight.sum(axis=1)[:, None]
    return np.column_stack([across, depth])


def _solve_root(body: Array, ray: Array, weight: Array) -> Array:
    """Solve X + t_x = x (Z + t_z), Y + t_y = y (Z + t_z) of all points for t, frame by frame (normal equations)."""
    x, y = ray[..., 0], ray[..., 1]
    across, down = x * body[..., 2] - body[..., 0], y * body[..., 2] - body[..., 1]

    def total(values: Array | float) -> Array:
        return np.asarray((weight * values).sum(axis=1))

    one, zero, sum_x, sum_y = total(1.0), np.zeros(len(weight)), total(x), total(y)
    normal = np.stack([one, zero, -sum_x, zero, one, -sum_y, -sum_x, -sum_y, total(x**2 + y**2)], axis=1)
    normal = normal.reshape(-1, 3, 3)
    right = np.stack([total(across), total(down), -total(x * across + y * down)], axis=1)
    solvable = (weight > 0).sum(axis=1) >= 3
    root = np.full((len(weight), 3), np.nan)
    root[solvable] = np.linalg.solve(normal[solvable] + 1e-12 * np.eye(3), right[solvable][..., None])[..., 0]
    root[root[:, 2] <= 0] = np.nan  # behind the camera: no solution
    return root


def _origin(skeleton: Skeleton, lab: Array, path: Array, stature: float | None) -> tuple[Array, Floor]:
    """Return the point (3,) on the floor below the hips when first seen, and what showed the floor."""
    known = finite(path)
    if not known.any():
        raise InputError("too few points were seen in every frame to say where the person is")
    first = path[known][0]
    lowest = _lowest_foot(skeleton, lab, path)
    if len(lowest):
        # the lowest foot of a frame stands most of the time; a jump or a false point must not move the floor
        height, floor = float(np.median(lowest)), Floor.FEET
    elif stature is not None:
        height, floor = first[1] - HIP_HEIGHT * stature, Floor.LEG
    else:
        height, floor = first[1], Floor.HIPS
    return np.array([first[0], height, first[2]]), floor


def _lowest_foot(skeleton: Skeleton, lab: Array, path: Array) -> Array:
    """Return the height of the lowest point of the feet in each frame that shows one, metres."""
    feet = [row for row, point in enumerate(skeleton.points) if point.endswith(("heel", "foot_index", "big_toe"))]
    heights = (lab[:, feet] + path[:, None])[..., 1]
    return np.array([np.nanmin(row) for row in heights if np.isfinite(row).any()])
