"""A 3D reference from four synchronised cameras, and how far it can be trusted.

    uv run python benchmarks/triangulation.py FOLDER        with cam01.mp4 … cam04.mp4 and Calib.qca.txt

The 2D points are those of our own road (detector, tracking, cleaning), so **this reference is not independent**: what
the detector gets wrong in the same way in every view (where it thinks a hip is, say) is in here too. It can judge the
depth that one camera leaves open, and no more.

World frame: the calibration's, metres, Z up, its origin on the treadmill. Cameras: OpenCV's axes, x right, y down, z
away. A Qualisys file gives lengths in mm and intrinsics in 1/64 pixel, and its distortion is unscaled; a row of r11 …
r33 is one of the camera's axes in the world: right, up, and *back*, so two of them change their sign.

Two things about this recording that no file says:
- The pictures were turned upright and the file's centres of projection were only exchanged, u for v. A turn also mirrors
  one of them: across for cam01 (turned clockwise), down for the others (`MIRRORED`). Of all 256 ways to mirror them, this
  one alone brings the treadmill's points (`TREADMILL`, pointed at by hand) from 10 px to 1 px. The tangential distortion
  may want turning as well; it is below 0.5 px, and left.
- cam01 and cam02 were scaled to 1080 × 1906 and have black rows above and below (`onto_sensor`).
"""

import argparse
import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from posedetector.anthropometry import SEGMENT_ENDS, STATURE_SHARES
from posedetector.cleaning import clean
from posedetector.errors import InputError
from posedetector.estimators import MediaPipeSettings, make_estimator
from posedetector.filters import low_pass
from posedetector.pose import Array
from posedetector.scene import follow, silently
from posedetector.skeletons import Skeleton
from posedetector.video import open_video

CALIBRATION = "Calib.qca.txt"
CUTOFF = 6.0  # Hz
FARTHEST = 25.0  # pixels that a camera may be off, about 5 cm here; the detector is off by 7 px (median)
LEAST_CAMERAS = 2
JURY = 3  # cameras that must agree to overrule another one; two agree by chance
SHIFTS = range(-3, 4)  # frames
MIRRORED = {"cam01": (True, False), "cam02": (False, True), "cam03": (False, True), "cam04": (False, True)}
JOINTS = [f"{side}_{name}" for name in dict.fromkeys(sum(SEGMENT_ENDS.values(), ())) for side in ("left", "right")]
_UNDISTORT_STEPS = 30  # a fixed point; each step gains a digit or more
_REFINE_STEPS = 5

# Pixels of the pictures, one row a camera: four white tags on the treadmill's belt, two pipes' mouths.
TREADMILL = np.array(
    [
        [(107.8, 1060.6), (317.3, 1335.0), (519.4, 1063.4), (767.0, 1290.3), (666.9, 1517.8), (946.6, 1426.1)],
        [(438.7, 1040.5), (324.9, 1207.4), (788.6, 1084.2), (757.8, 1269.2), (274.2, 1316.8), (632.6, 1344.6)],
        [(873.7, 1234.1), (515.8, 1091.5), (485.3, 1431.7), (163.8, 1241.0), (259.5, 969.5), (63.0, 1059.4)],
        [(836.7, 1410.7), (889.5, 1069.7), (385.0, 1396.2), (np.nan, np.nan), (np.nan, np.nan), (np.nan, np.nan)],
    ]
)
PICTURES = ((1080, 1920), (1080, 1920), (1088, 1920), (1088, 1920))


@dataclass(frozen=True)
class Camera:
    """One calibrated camera.

    Attributes
    ----------
    size : width, height of the sensor, pixels.
    matrix : (3, 3) pixels.
    distortion : (5,) k1, k2, p1, p2, k3.
    rotation, translation : (3, 3) and (3,) metres, from the world to the camera's axes: x right, y down, z away.
    """

    name: str
    size: tuple[int, int]
    matrix: Array
    distortion: Array
    rotation: Array
    translation: Array

    @property
    def centre(self) -> Array:
        """(3,) metres in the world."""
        return -self.rotation.T @ self.translation


@dataclass(frozen=True)
class Triangulated:
    """Points in the world and what speaks for them.

    Attributes
    ----------
    xyz : (T, J, 3) metres in the world; NaN where fewer than two cameras agree.
    residual_px : (T, J) root mean square over the cameras used of the distance to what each saw, undistorted pixels.
    used : (T, J) number of cameras used.
    """

    xyz: Array
    residual_px: Array
    used: Array


class Seen(NamedTuple):
    """The subject in all cameras: seconds (T,), xy (C, T, J, 2) pixels of the sensors, score (C, T, J)."""

    time: Array
    skeleton: Skeleton
    xy: Array
    score: Array


class Reference(NamedTuple):
    """Seconds (T,), the J points' names, (T, J, 3) metres in the world after the low-pass, (T, J) pixels."""

    time: Array
    points: tuple[str, ...]
    xyz: Array
    residual_px: Array


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="heavy")
    options = parser.parse_args()
    cameras = cameras_of(options.folder)
    print_treadmill(read_cameras(options.folder / CALIBRATION), cameras)
    seen = look(options.folder, cameras, options.model)
    found = triangulate(cameras, seen.xy, seen.score)
    xyz = low_pass(found.xyz, seen.time, CUTOFF)
    print_joints(seen, cameras, found)
    print_bones(seen.skeleton, xyz)
    print_shifts(seen, cameras)


def reference(folder: Path, model: str = "heavy") -> Reference:
    """Return the subject in 3D; not independent of our detector, see above."""
    cameras = cameras_of(folder)
    seen = look(folder, cameras, model)
    found = triangulate(cameras, seen.xy, seen.score)
    return Reference(seen.time, seen.skeleton.points, low_pass(found.xyz, seen.time, CUTOFF), found.residual_px)


def look(folder: Path, cameras: list[Camera], model: str) -> Seen:
    """Find the most prominent person of every clip, as the pipeline does."""
    clips = []
    for camera in cameras:
        video = open_video(str(folder / f"{camera.name}.mp4"))
        tracks = follow(video, make_estimator(MediaPipeSettings(model=model)), silently)
        clips.append(clean(tracks.keypoints()).keypoints)
    time = clips[0].time
    if any(not np.array_equal(clip.time, time) for clip in clips):
        raise InputError("the clips must have the same frames at the same times; cut them so that they do")
    xy = [onto_sensor(clip.xy, clip.image_size, camera) for clip, camera in zip(clips, cameras, strict=True)]
    return Seen(time, clips[0].skeleton, np.stack(xy), np.stack([clip.score for clip in clips]))


def cameras_of(folder: Path) -> list[Camera]:
    """Return this recording's cameras with their centres of projection put right."""
    return [mirror_centre(camera, *MIRRORED[camera.name]) for camera in read_cameras(folder / CALIBRATION)]


def read_cameras(path: Path) -> list[Camera]:
    """Return the cameras of a Qualisys calibration, exactly as it has them."""
    cameras = []
    for node in ET.parse(path).getroot().iter("camera"):
        fov, pose, lens = (dict(node.find(name).attrib) for name in ("fov_video", "transform", "intrinsic"))
        left, top, right, bottom = (int(fov[edge]) for edge in ("left", "top", "right", "bottom"))
        across, down, skew, u, v = (
            float(lens[name]) / 64 for name in ("focalLengthU", "focalLengthV", "skew", "centerPointU", "centerPointV")
        )
        names = ("radialDistortion1", "radialDistortion2", "tangentalDistortion1", "tangentalDistortion2")
        axes = np.array([[float(pose[f"r{row}{column}"]) for column in (1, 2, 3)] for row in (1, 2, 3)])
        rotation = np.diag([1.0, -1.0, -1.0]) @ axes  # right, up, back → right, down, away
        centre = np.array([float(pose[axis]) for axis in "xyz"]) / 1000
        cameras.append(
            Camera(
                name=node.attrib["serial"],
                size=(right - left + 1, bottom - top + 1),
                matrix=np.array([[across, skew, u - left], [0, down, v - top], [0, 0, 1]]),
                distortion=np.array([float(lens[name]) for name in (*names, "radialDistortion3")]),
                rotation=rotation,
                translation=-rotation @ centre,
            )
        )
    return cameras


def mirror_centre(camera: Camera, across: bool, down: bool) -> Camera:
    """Return the camera with its centre of projection as far from the other edges of the picture."""
    matrix = camera.matrix.copy()
    for axis, mirrored in enumerate((across, down)):
        if mirrored:
            matrix[axis, 2] = camera.size[axis] - matrix[axis, 2]
    return replace(camera, matrix=matrix)


def onto_sensor(xy: Array, picture: tuple[int, int], camera: Camera) -> Array:
    """Return pixels of a picture (…, 2) as pixels of the sensor that was scaled to fit into its middle."""
    scale = min(picture[0] / camera.size[0], picture[1] / camera.size[1])
    return (xy - np.array(picture) / 2) / scale + np.array(camera.size) / 2


def triangulate(
    cameras: list[Camera],
    xy: Array,
    score: Array,
    *,
    farthest: float = FARTHEST,
    least: int = LEAST_CAMERAS,
) -> Triangulated:
    """Return the points on which the cameras agree.

    Linear triangulation (Hartley & Zisserman 2004, sect. 12.2) weighted by the score, then Gauss-Newton steps on the
    pixels. Where a camera is further off than `farthest` pixels, the point is the best one without one of the cameras,
    if three others are within the limit; otherwise it is NaN. Two cameras check each other in one direction of four, so
    they cannot tell which of three is wrong. A camera that takes left for right is left out like any other.

    Parameters
    ----------
    xy : (C, T, J, 2) pixels of the sensors; NaN where not seen.
    score : (C, T, J), 0 where not seen.
    least : cameras that a point needs.
    """
    shape = score.shape[1:]
    rays = np.stack([undistort(camera, points) for camera, points in zip(cameras, xy, strict=True)])
    rays = rays.reshape(len(cameras), -1, 2)
    weight = np.where(np.isfinite(rays).all(axis=-1), score.reshape(len(cameras), -1), 0.0)
    rays = np.where(weight[..., None] > 0, rays, 0.0)
    xyz, miss, used = _agree(cameras, rays, weight, farthest, least)
    return Triangulated(xyz.reshape(*shape, 3), miss.reshape(shape), used.reshape(shape))


def _agree(
    cameras: list[Camera], rays: Array, weight: Array, farthest: float, least: int
) -> tuple[Array, Array, Array]:
    """Take all cameras; where they disagree, the best of the sets that lack one of those that see the point."""
    count = rays.shape[1]
    xyz, miss, used = np.full((count, 3), np.nan), np.full(count, np.nan), np.zeros(count, int)
    everyone = tuple(range(len(cameras)))
    for size in (len(cameras), len(cameras) - 1):
        pending = used == 0
        for kept in combinations(everyone, size):
            chosen = np.where(np.isin(everyone, kept)[:, None], weight, 0.0)
            dropped = (weight > 0).sum(axis=0) - (chosen > 0).sum(axis=0)
            number = (chosen > 0).sum(axis=0)
            enough = least if size == len(cameras) else max(least, JURY)
            rows = np.flatnonzero(pending & (number >= enough) & (dropped == len(cameras) - size))
            if not len(rows):
                continue
            points = _solve(cameras, rays[:, rows], chosen[:, rows])
            away = _distances(cameras, rays[:, rows], points)
            seen = chosen[:, rows] > 0
            average = np.sqrt(np.where(seen, away**2, 0.0).sum(axis=0) / number[rows])
            better = (np.where(seen, away, 0.0).max(axis=0) <= farthest) & ~(average >= miss[rows])
            rows, points, average = rows[better], points[better], average[better]
            xyz[rows], miss[rows], used[rows] = points, average, number[rows]
    return xyz, miss, used


def _solve(cameras: list[Camera], rays: Array, weight: Array) -> Array:
    """Return the points (N, 3) of rays (C, N, 2), weighted (C, N)."""
    views = np.stack([np.column_stack([camera.rotation, camera.translation]) for camera in cameras])[:, None]
    rows = rays[..., None] * views[..., None, 2, :] - views[..., :2, :]  # C, N, 2, 4
    rows = np.moveaxis(rows * weight[..., None, None], 0, 1).reshape(rays.shape[1], -1, 4)
    homogeneous = np.linalg.svd(rows)[2][:, -1]
    points = homogeneous[:, :3] / homogeneous[:, 3:]
    for _ in range(_REFINE_STEPS):
        points = points - _step(cameras, rays, weight, points)
    return points


def _step(cameras: list[Camera], rays: Array, weight: Array, points: Array) -> Array:
    normal, slope = np.zeros((len(points), 3, 3)), np.zeros((len(points), 3))
    for camera, ray, share in zip(cameras, rays, weight, strict=True):
        x, y, z = (points @ camera.rotation.T + camera.translation).T
        focal = np.diag(camera.matrix)[:2]
        right, down, away = camera.rotation
        bend = np.stack([right - (x / z)[:, None] * away, down - (y / z)[:, None] * away], axis=1) / z[:, None, None]
        bend, off = bend * focal[:, None], (np.column_stack([x / z, y / z]) - ray) * focal
        normal += np.einsum("n,nki,nkj->nij", share, bend, bend)
        slope += np.einsum("n,nki,nk->ni", share, bend, off)
    return np.linalg.solve(normal, slope[..., None])[..., 0]


def _distances(cameras: list[Camera], rays: Array, points: Array) -> Array:
    """Return how far (C, N) the points are from the rays, pixels; infinite behind a camera."""
    result = []
    for camera, ray in zip(cameras, rays, strict=True):
        local = points @ camera.rotation.T + camera.translation
        off = (local[:, :2] / local[:, 2:] - ray) * np.diag(camera.matrix)[:2]
        result.append(np.where(local[:, 2] > 0, np.linalg.norm(off, axis=-1), np.inf))
    return np.stack(result)


def undistort(camera: Camera, xy: Array) -> Array:
    """Return pixels (…, 2) as x/z, y/z (Brown, Photogrammetric Engineering 37(8), 1971, inverted by a fixed point).

    OpenCV's own function stops after five steps, which is not exact enough to test against.
    """
    k1, k2, p1, p2, k3 = camera.distortion
    bent_y = (xy[..., 1] - camera.matrix[1, 2]) / camera.matrix[1, 1]
    bent_x = (xy[..., 0] - camera.matrix[0, 2] - camera.matrix[0, 1] * bent_y) / camera.matrix[0, 0]
    x, y = bent_x, bent_y
    for _ in range(_UNDISTORT_STEPS):
        r2 = x**2 + y**2
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        x, y = (
            (bent_x - 2 * p1 * x * y - p2 * (r2 + 2 * x**2)) / radial,
            (bent_y - p1 * (r2 + 2 * y**2) - 2 * p2 * x * y) / radial,
        )
    return np.stack([x, y], axis=-1)


def treadmill(cameras: list[Camera]) -> Triangulated:
    """Triangulate the treadmill's points (1, 6), whatever their residual."""
    views = zip(TREADMILL, PICTURES, cameras, strict=True)
    xy = np.stack([onto_sensor(points, picture, camera) for points, picture, camera in views])[:, None]
    return triangulate(cameras, xy, np.isfinite(xy[..., 0]).astype(float), farthest=np.inf)


def by_shift(seen: Seen, cameras: list[Camera], number: int) -> list[float]:
    """Return the joints' mean residual for each of SHIFTS: one camera taken so many frames later than the others.

    Over the points on which all cameras agree as they are; a joint that a camera does not see moves as it likes.
    """
    joints = seen.skeleton.indices(*JOINTS)
    xy, score = seen.xy[:, :, joints], seen.score[:, :, joints]
    rows = np.arange(-min(SHIFTS), len(seen.time) - max(SHIFTS))
    agreed = triangulate(cameras, xy, score).used[rows] == len(cameras)
    means = []
    for shift in SHIFTS:
        moved, trust = xy[:, rows], score[:, rows]
        moved[number], trust[number] = xy[number, rows + shift], score[number, rows + shift]
        means.append(float(np.nanmean(triangulate(cameras, moved, trust, farthest=np.inf).residual_px[agreed])))
    return means


def lag(seen: Seen, cameras: list[Camera], number: int) -> float:
    """Return by how many frames a camera is ahead of the others, from motion alone.

    Where the others put a point in its picture is compared with where it sees it, each about its mean over the clip,
    since a detector sees a joint's place differently from every side; the difference is lag times velocity.
    """
    joints = seen.skeleton.indices(*JOINTS)
    score = seen.score[:, :, joints].copy()
    score[number] = 0.0
    camera = cameras[number]
    focal = np.diag(camera.matrix)[:2]
    others = low_pass(triangulate(cameras, seen.xy[:, :, joints], score).xyz, seen.time, CUTOFF)
    local = others @ camera.rotation.T + camera.translation
    expected = local[..., :2] / local[..., 2:] * focal
    away = low_pass(undistort(camera, seen.xy[number][:, joints]), seen.time, CUTOFF) * focal - expected
    away[np.linalg.norm(away, axis=-1) > 2 * FARTHEST] = np.nan  # not the same joint
    velocity = np.where(np.isfinite(away), np.gradient(expected, axis=0), np.nan)
    away, velocity = away - np.nanmean(away, axis=0), velocity - np.nanmean(velocity, axis=0)
    return float(np.nansum(away * velocity) / np.nansum(velocity**2))


def print_treadmill(as_read: list[Camera], cameras: list[Camera]) -> None:
    print("| treadmill, six points by hand | median residual px | greatest px |")
    print("|---|---|---|")
    for name, these in (("centres as the file has them", as_read), ("centres mirrored", cameras)):
        miss = treadmill(these).residual_px
        print(f"| {name} | {np.median(miss):.1f} | {miss.max():.1f} |")


def print_joints(seen: Seen, cameras: list[Camera], found: Triangulated) -> None:
    print(f"\n| joint | median residual px | frames triangulated % | by all {len(cameras)} cameras % |")
    print("|---|---|---|---|")
    rows = seen.skeleton.indices(*JOINTS)
    for name, row in (*zip(JOINTS, rows, strict=True), ("all of these", rows)):
        share, everyone = (found.used[:, row] > 0).mean(), (found.used[:, row] == len(cameras)).mean()
        middle = np.nanmedian(found.residual_px[:, row])
        print(f"| {name} | {middle:.1f} | {100 * share:.0f} | {100 * everyone:.0f} |")


def print_bones(skeleton: Skeleton, xyz: Array) -> None:
    print("\n| bone | left mm (CV %) | right mm (CV %) | implied stature m |")
    print("|---|---|---|---|")
    for segment, ends in SEGMENT_ENDS.items():
        lengths = [_length(skeleton, xyz, f"{side}_{ends[0]}", f"{side}_{ends[1]}") for side in ("left", "right")]
        means = [np.nanmean(length) for length in lengths]
        cells = [
            f"{1000 * mean:.0f} ({100 * np.nanstd(length) / mean:.1f})"
            for mean, length in zip(means, lengths, strict=True)
        ]
        print(f"| {segment} | {cells[0]} | {cells[1]} | {np.mean(means) / STATURE_SHARES[segment]:.2f} |")
    print(f"| thigh + shank | | | {implied_stature(skeleton, xyz):.2f} |")
    print(f"| ears above the lower heel, at most; stature is more | | | {ears_above_heel(skeleton, xyz):.2f} |")


def implied_stature(skeleton: Skeleton, xyz: Array) -> float:
    """Return metres: thigh and shank of both sides by their share of stature, as `calibrate` takes them."""
    segments = ("thigh", "shank")
    bones = [
        (f"{side}_{SEGMENT_ENDS[one][0]}", f"{side}_{SEGMENT_ENDS[one][1]}")
        for one in segments
        for side in ("left", "right")
    ]
    legs = sum(np.nanmedian(_length(skeleton, xyz, *bone)) for bone in bones) / 2
    return float(legs / sum(STATURE_SHARES[one] for one in segments))


def ears_above_heel(skeleton: Skeleton, xyz: Array) -> float:
    """Return metres: a bound of stature from below that asks no table."""
    ears, heels = (xyz[:, skeleton.indices(f"left_{name}", f"right_{name}"), 2] for name in ("ear", "heel"))
    return float(np.nanmax(ears.mean(axis=1) - heels.min(axis=1)))


def _length(skeleton: Skeleton, xyz: Array, one: str, other: str) -> Array:
    start, end = skeleton.indices(one, other)
    return np.linalg.norm(xyz[:, start] - xyz[:, end], axis=-1)


def print_shifts(seen: Seen, cameras: list[Camera]) -> None:
    shifts = " | ".join(f"{shift:+d}" for shift in SHIFTS)
    print(f"\n| mean residual px with one camera shifted by frames | {shifts} | ahead by motion, frames |")
    print("|---" * (len(SHIFTS) + 2) + "|")
    for number, camera in enumerate(cameras):
        cells = " | ".join(f"{mean:.1f}" for mean in by_shift(seen, cameras, number))
        print(f"| {camera.name} | {cells} | {lag(seen, cameras, number):+.2f} |")


if __name__ == "__main__":
    main()
