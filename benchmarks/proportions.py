"""How long a detector's segments are beside each other, in a clip whose person walks in the picture's plane.

    uv run python benchmarks/proportions.py data/samples/walk_side.mp4 --models full heavy

A segment's length is the one that a fifth of the frames exceeds, since it is only ever foreshortened; both sides averaged.
In shares of a leg, thigh + shank. The trunk goes from the middle of the hips to the middle of the shoulders; the nose is
as far before the trunk's line as in half of the frames. What the training makes is beside it.
"""

import argparse

import numpy as np

from posedetector.anthropometry import SEGMENT_ENDS, TRAINED_HEAD_AHEAD, TRAINED_NOSE, TRAINED_SHARES
from posedetector.cleaning import clean
from posedetector.estimators import MediaPipeSettings, make_estimator
from posedetector.pose import Array, Keypoints
from posedetector.scene import follow, silently
from posedetector.video import open_video

TRAINED = {
    **{segment: TRAINED_SHARES[segment] for segment in (*SEGMENT_ENDS, "trunk")},
    "nose ahead": TRAINED_NOSE[1] + TRAINED_HEAD_AHEAD,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip")
    parser.add_argument("--models", nargs="+", default=["full"])
    options = parser.parse_args()
    print("| points | " + " | ".join(TRAINED) + " |\n|" + "---|" * (len(TRAINED) + 1))
    for model in options.models:
        estimator = make_estimator(MediaPipeSettings(model=model))
        tracks = follow(open_video(options.clip), estimator, silently)
        show(f"MediaPipe {model}", lengths(clean(tracks.keypoints(1)).keypoints))
    show("in training, mean", TRAINED)


def lengths(keypoints: Keypoints) -> dict[str, float]:
    def middle(*points: str) -> Array:
        return np.asarray(keypoints.xy[:, keypoints.skeleton.indices(*points)].mean(axis=1))

    def longest(one: Array, other: Array) -> float:
        return float(np.nanquantile(np.linalg.norm(one - other, axis=1), 0.8))

    found = {
        segment: float(np.mean([longest(*(middle(f"{side}_{end}") for end in ends)) for side in ("left", "right")]))
        for segment, ends in SEGMENT_ENDS.items()
    }
    hips, shoulders, nose = middle("left_hip", "right_hip"), middle("left_shoulder", "right_shoulder"), middle("nose")
    up = (shoulders - hips) / np.linalg.norm(shoulders - hips, axis=1, keepdims=True)
    ahead = (nose - shoulders)[:, 0] * up[:, 1] - (nose - shoulders)[:, 1] * up[:, 0]
    return found | {"trunk": longest(hips, shoulders), "nose ahead": float(abs(np.nanmedian(ahead)))}


def show(name: str, found: dict[str, float]) -> None:
    leg = found["thigh"] + found["shank"]
    print(f"| {name} | " + " | ".join(f"{found[segment] / leg:.3f}" for segment in TRAINED) + " |")


if __name__ == "__main__":
    main()
