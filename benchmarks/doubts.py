"""How often spoiled 2D points of real people are doubted, and right ones are.

    uv run python benchmarks/doubts.py CLIP...

Everybody who is followed in the clips (the first two people of each) is spoiled in each way; a row says in how many of
these tracks something was doubted.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from posedetector.cleaning import clean
from posedetector.estimators import make_estimator
from posedetector.lifters.videopose3d import to_layout
from posedetector.pose import Array, Keypoints, finite
from posedetector.sanity import find_doubts
from posedetector.scene import follow, silently
from posedetector.skeletons import COCO_17, H36M_17, Skeleton
from posedetector.video import open_video

LEG, ARM = ("knee", "ankle", "heel", "foot_index"), ("elbow", "wrist", "pinky", "index", "thumb")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+")
    tracks = [track for clip in parser.parse_args().clips for track in people(clip)]
    print("| 2D points | tracks doubted |")
    print("|---|---|")
    for name, spoil in WAYS.items():
        print(f"| {name} | {sum(bool(find_doubts(spoil(track))) for track in tracks)} of {len(tracks)} |")


def people(clip: Path) -> Iterator[Keypoints]:
    tracks = follow(open_video(str(clip)), make_estimator("mediapipe"), silently)
    for number in range(1, min(len(tracks.tracks), 2) + 1):
        yield clean(tracks.keypoints(number)).keypoints


def of_2d(keypoints: Keypoints, skeleton: Skeleton, name: Skeleton | None = None) -> Keypoints:
    """Return another skeleton's points without depth, under that skeleton's or a false name."""
    xy, score, source = to_layout(keypoints, skeleton)
    return replace(keypoints, skeleton=name or skeleton, xy=xy, score=score, source=source, xyz=None)


def moved(keypoints: Keypoints, factor: tuple[float, float], offset: tuple[float, float] = (0, 0)) -> Keypoints:
    return replace(keypoints, xy=keypoints.xy * factor + np.array(offset) * keypoints.image_size)


def swapped(keypoints: Keypoints, *pairs: tuple[str, str]) -> Keypoints:
    order = np.arange(len(keypoints.skeleton))
    for one, other in pairs:
        rows = keypoints.skeleton.indices(one, other)
        order[rows] = order[rows[::-1]]
    whole = {name: getattr(keypoints, name)[:, order] for name in ("xy", "score", "source")}
    xyz = None if keypoints.xyz is None else np.where(finite(whole["xy"])[..., None], keypoints.xyz, np.nan)
    return replace(keypoints, xyz=xyz, **whole)


def sides(*names: str) -> Callable[[Keypoints], Keypoints]:
    return lambda keypoints: swapped(keypoints, *((f"left_{name}", f"right_{name}") for name in names))


def joints(one: str, other: str) -> Callable[[Keypoints], Keypoints]:
    return lambda keypoints: swapped(keypoints, *((f"{side}_{one}", f"{side}_{other}") for side in ("left", "right")))


def first_17(keypoints: Keypoints) -> Keypoints:
    def cut(values: Array) -> Array:
        return values[:, :17]

    xy, score, source = cut(keypoints.xy), cut(keypoints.score), keypoints.source[:, :17]
    return replace(keypoints, skeleton=COCO_17, xy=xy, score=score, source=source, xyz=None)


WAYS: dict[str, Callable[[Keypoints], Keypoints]] = {
    "right": lambda keypoints: keypoints,
    "right, cut down to COCO-17 without depth": lambda keypoints: of_2d(keypoints, COCO_17),
    "right, cut down to H36M-17 without depth": lambda keypoints: of_2d(keypoints, H36M_17),
    "upside down": lambda keypoints: moved(keypoints, (1, -1), (0, 1)),
    "turned by 180°": lambda keypoints: moved(keypoints, (-1, -1), (1, 1)),
    "mirrored": lambda keypoints: moved(keypoints, (-1, 1), (1, 0)),
    "COCO-17 taken for H36M-17": lambda keypoints: of_2d(keypoints, COCO_17, H36M_17),
    "H36M-17 taken for COCO-17": lambda keypoints: of_2d(keypoints, H36M_17, COCO_17),
    "BlazePose's first 17 taken for COCO-17": first_17,
    "sides of hips and legs exchanged": sides("hip", *LEG),
    "sides of the legs below the hip exchanged": sides(*LEG),
    "sides of the arms below the shoulder exchanged": sides(*ARM),
    "knees for ankles": joints("knee", "ankle"),
    "elbows for wrists": joints("elbow", "wrist"),
    "wrists for ankles": joints("wrist", "ankle"),
    "shares of the picture for pixels": lambda keypoints: replace(keypoints, xy=keypoints.xy / keypoints.image_size),
    "milliseconds for seconds": lambda keypoints: replace(keypoints, time=keypoints.time * 1000),
    "height and width of the picture exchanged": lambda keypoints: replace(
        keypoints, image_size=keypoints.image_size[::-1]
    ),
}


if __name__ == "__main__":
    main()
