"""The bundled lifter on people who are not in the middle of the picture, against motion capture that synthetic cameras filmed.

    uv run python benchmarks/off_centre.py --mocap ../shared/mocap/cmu.npz ../shared/mocap/cmu_actions.npz

Each take is filmed three times, by a camera that is turned about its vertical until the middle of the hips lies so many apparent sizes
(trunk + thigh + shank) beside the picture's middle. "trunk", "legs": by how much the directions hips to shoulders and hips
to ankles are wrong, degrees; "joints": distance from the truth, per mille of stature, from the middle of the hips, at the true scale, after one
rotation for the clip. With --limit 99, the lifter is told of any place, as before.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from posedetector.anthropometry import STATURE_SHARES
from posedetector.lifters import inputs, make_lifter
from posedetector.lifters.inputs import apparent_size
from posedetector.lifters.videopose3d import VideoPose3D
from posedetector.pose import Array
from posedetector.readers.recording import ReadOptions
from posedetector.skeletons import H36M_17
from posedetector.training.augmentation import augment, draw
from posedetector.training.bodies import BODY_14, to_h36m
from posedetector.training.cameras import Cameras, Filmed, film
from posedetector.training.mocap import read_takes
from posedetector.training.noise import detect
from posedetector.training.samples import as_h36m
from refinement import JOINTS

HIPS, FRAMES = H36M_17.indices("left_hip", "right_hip"), 150
ENDS = {"trunk": ("hip", "shoulder"), "legs": ("hip", "ankle")}


def size_of(films: Filmed) -> tuple[Array, Array]:
    """Return the apparent size (B, 1) and where the hips are, (B, 2), in halves of the picture's width; medians of each clip."""
    whole = to_h36m(films.screen(films.camera))
    size = np.median(apparent_size(whole, H36M_17), axis=1, keepdims=True)
    return np.asarray(size), np.asarray(np.median(whole[:, :, HIPS].mean(axis=2), axis=1))


def turned(films: Filmed, aside: float) -> Filmed:
    """Return what cameras see that are turned until the hips lie `aside` apparent sizes from the picture's middle."""
    size, hips = size_of(films)
    angle = np.arctan(aside * size[:, 0] / films.focal) - np.arctan(hips[:, 0] / films.focal)
    turns = Rotation.from_euler("Y", angle[:, None]).as_matrix()
    return films._replace(camera=np.einsum("bij,btkj->btki", turns, films.camera))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mocap", type=Path, nargs="+", required=True)
    parser.add_argument("--takes", type=int, default=16)
    parser.add_argument("--limit", type=float, nargs="+", default=[99.0, inputs.FARTHEST])
    options = parser.parse_args()
    lifter = make_lifter("videopose3d")
    assert isinstance(lifter, VideoPose3D)
    rng = np.random.default_rng(21)
    takes = [one for one in read_takes(options.mocap, ReadOptions(side="-"), ("cmu/03_",)) if one.held_out]
    straight = film(augment(draw(takes, options.takes, FRAMES, rng), rng), rng, Cameras())
    print("| apparent sizes aside | limit | trunk ° | legs ° | joints ‰ |\n|---|---|---|---|---|")
    for aside in (0.0, 0.7, 1.5, 2.2):
        films = turned(straight, aside)
        seen = as_h36m(detect(films, size_of(films)[0], np.random.default_rng(7))).astype(float)
        for limit in options.limit:
            inputs.FARTHEST = limit
            errors = [score(lifter.run(*one[:2]), one[2]) for one in zip(seen, films.aspect, films.camera, strict=True)]
            print(
                f"| {aside:g} | {limit:g} | {' | '.join(f'{value:.1f}' for value in np.mean(errors, axis=0))} |",
                flush=True,
            )


def score(made: Array, truth: Array) -> tuple[float, float, float]:
    """Return errors of the directions of trunk and legs, degrees, and of joints, per mille of stature."""
    ours, theirs = (
        points[:, skeleton.indices(*JOINTS)].astype(float) for points, skeleton in ((made, H36M_17), (truth, BODY_14))
    )
    ours, theirs = (points - points[:, :2].mean(axis=1, keepdims=True) for points in (ours, theirs))
    legs = [np.linalg.norm(middle(one, "hip") - middle(one, "knee"), axis=1).mean() for one in (ours, theirs)]
    ours = ours * legs[1] / legs[0]
    turn, _ = Rotation.align_vectors(theirs.reshape(-1, 3), ours.reshape(-1, 3))
    away = np.linalg.norm(turn.apply(ours.reshape(-1, 3)) - theirs.reshape(-1, 3), axis=1).mean()
    stature = legs[1] / STATURE_SHARES["thigh"]
    wrong = []
    for start, end in ENDS.values():
        a, b = (middle(one, end) - middle(one, start) for one in (ours, theirs))
        cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        wrong.append(float(np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean()))
    return wrong[0], wrong[1], float(1000 * away / stature)


def middle(points: Array, name: str) -> Array:
    return np.asarray(points[:, [JOINTS.index(f"{side}_{name}") for side in ("left", "right")]].mean(axis=1))


if __name__ == "__main__":
    main()
