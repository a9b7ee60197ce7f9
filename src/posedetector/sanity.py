"""Whether 2D points can be a person's at all, before depth is made of them. Doubts are told, nothing is changed.

Points in the wrong order, upside down or mirrored are the usual reason why a lifter gives random points.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from posedetector.pose import Array, Keypoints

BoolArray = NDArray[np.bool_]

_LIMBS = {
    "thigh": ("hip", "knee"),
    "shank": ("knee", "ankle"),
    "upper arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
}
# A limb at its longest in the picture, over the trunk at its longest; about 0.5 to 0.9 on bodies (Drillis & Contini
# 1966), less where it points at the camera throughout.
_PROPORTIONS = (0.2, 2.0)
_UNLIKE = 2.0  # left over right
_WRONG_LIMBS = 3  # of twelve: eight proportions, four pairs
_WIDE_HIPS = (0.4, 1.5)  # of the trunk, and of the shoulders: no pelvis is
_MOST = 0.7  # share of the frames that tell
_ENOUGH = 0.1  # share of all frames
_FRONTAL = 0.2  # of the trunk's length: sideways distance of left and right at which front and back can be told
_CLEAR = 0.1  # of the trunk's length, or of that from ears to nose


def find_doubts(keypoints: Keypoints) -> list[str]:
    """Return the reasons to think that the points are no person's, or not an upright one's; a sentence each.

    A mirrored person is told by his face: nearer than the ears by the estimator's depth, or seen clearly by a detector of
    2D, on somebody whose left is where it would be if he looked away. Seen from the side, without such a face, or in a
    video that was mirrored before the points were found, nothing tells.
    """
    if not keypoints.skeleton.has(*(f"{side}_{end}" for side in ("left", "right") for end in ("hip", "shoulder"))):
        return []
    checks = (_wrong_order, _upside_down, _exchanged_sides)  # the later ones mean nothing where the first are true
    return next(filter(None, (list(check(keypoints)) for check in checks)), [])


def _wrong_order(keypoints: Keypoints) -> Iterator[str]:
    trunk = _trunk(keypoints)
    if trunk == 0:
        yield "shoulders and hips are in the same place: these are no person's points"
        return
    wrong = [sentence for limb, ends in _LIMBS.items() for sentence in _odd_lengths(keypoints, limb, ends, trunk)]
    hips, shoulders = (_longest(_sides(keypoints, name)) / trunk for name in ("hip", "shoulder"))
    wide = hips > max(_WIDE_HIPS[0], _WIDE_HIPS[1] * shoulders)
    if wide:
        wrong = [f"hips {hips:.1f} and shoulders {shoulders:.1f} trunks wide", *wrong]
    if wide or len(wrong) >= _WRONG_LIMBS:
        yield (
            f"the 2D points have no person's proportions ({', '.join(wrong[:3])}): are they in the order of "
            f"{keypoints.skeleton.name}?"
        )


def _odd_lengths(keypoints: Keypoints, limb: str, ends: tuple[str, str], trunk: float) -> Iterator[str]:
    if not keypoints.skeleton.has(*(f"{side}_{end}" for side in ("left", "right") for end in ends)):
        return
    lengths = {}
    for side in ("left", "right"):
        start, end = keypoints.skeleton.indices(*(f"{side}_{name}" for name in ends))
        lengths[side] = _longest(keypoints.xy[:, start] - keypoints.xy[:, end]) / trunk
    for side, length in lengths.items():
        if length < _PROPORTIONS[0] or length > _PROPORTIONS[1]:
            yield f"{side} {limb} {length:.1f} trunks long"
    left, right = lengths["left"], lengths["right"]
    if left > _UNLIKE * right or right > _UNLIKE * left:
        yield f"{limb} {left:.1f} trunks long on the left and {right:.1f} on the right"


def _upside_down(keypoints: Keypoints) -> Iterator[str]:
    trunk = _middle(keypoints, "shoulder")[:, 1] - _middle(keypoints, "hip")[:, 1]
    share = _share(trunk > 0, np.isfinite(trunk))
    if share > _MOST:
        yield (
            f"the shoulders are below the hips in {100 * share:.0f} % of the frames: is the video upside down, does y "
            f"point up, or are the points in another order than {keypoints.skeleton.name}'s?"
        )


def _exchanged_sides(keypoints: Keypoints) -> Iterator[str]:
    shoulders, hips = (_across(keypoints, name) for name in ("shoulder", "hip"))
    for name, widths in (("hips", hips), ("ears", _across(keypoints, "ear"))):
        share = _share(np.sign(shoulders) != np.sign(widths), _clear(shoulders, widths))
        if share > _MOST:
            yield (
                f"{name} and shoulders disagree about left and right in {100 * share:.0f} % of the frames: are the "
                "sides of some points exchanged?"
            )
            return
    width = (shoulders + hips) / 2
    for front in (_face_nearer(keypoints), _face_shown(keypoints)):
        share = _share(np.sign(width) != np.sign(front), _clear(width, front))
        if share > _MOST:
            yield (
                "left and right are where they would be if the person were seen from the other side, as the face tells "
                f"in {100 * share:.0f} % of the frames: are the points mirrored, or their sides exchanged?"
            )
            return


def _face_nearer(keypoints: Keypoints) -> Array:
    """(T,) how far the nose is nearer than the ears by the estimator's depth, as a share of their distance; or NaN."""
    names = ("nose", "left_ear", "right_ear")
    if keypoints.xyz is None or not keypoints.skeleton.has(*names):
        return np.full(len(keypoints.time), np.nan)
    head = keypoints.xyz[:, keypoints.skeleton.indices(*names)]
    ahead = head[:, 0] - head[:, 1:].mean(axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(-ahead[:, 2] / np.linalg.norm(ahead, axis=1))


def _face_shown(keypoints: Keypoints) -> Array:
    """(T,) 1 where nose and eyes are seen as well as the shoulders, NaN elsewhere.

    Only for detectors of 2D: BlazePose is as sure of a face that looks away.
    """
    skeleton, face = keypoints.skeleton, ("nose", "left_eye", "right_eye")
    if keypoints.xyz is not None or skeleton.has("left_heel") or not skeleton.has(*face):
        return np.full(len(keypoints.time), np.nan)
    shoulders = keypoints.score[:, skeleton.indices("left_shoulder", "right_shoulder")].min(axis=1)
    seen = keypoints.score[:, skeleton.indices(*face)].min(axis=1)
    return np.where((seen > 0) & (seen >= 0.8 * shoulders), 1.0, np.nan)


def _across(keypoints: Keypoints, name: str) -> Array:
    """(T,) how far left is to the viewer's right of right, in trunks; NaN where there are no such points."""
    if not keypoints.skeleton.has(f"left_{name}", f"right_{name}"):
        return np.full(len(keypoints.time), np.nan)
    return np.asarray(_sides(keypoints, name)[:, 0] / _trunk(keypoints))


def _sides(keypoints: Keypoints, name: str) -> Array:
    """(T, 2) pixels from the right point of that name to the left one."""
    left, right = keypoints.skeleton.indices(f"left_{name}", f"right_{name}")
    return np.asarray(keypoints.xy[:, left] - keypoints.xy[:, right])


def _clear(width: Array, signs: Array) -> BoolArray:
    """(T,) where front and back, and what tells them, can be told apart."""
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(width) > _FRONTAL) & (np.abs(signs) > _CLEAR))


def _share(true: BoolArray, of: BoolArray) -> float:
    """Return in which share of these frames it is so; 0 if they are too few to tell."""
    return float(true[of].mean()) if of.sum() > _ENOUGH * len(of) else 0.0


def _trunk(keypoints: Keypoints) -> float:
    return _longest(_middle(keypoints, "shoulder") - _middle(keypoints, "hip"))


def _middle(keypoints: Keypoints, name: str) -> Array:
    return np.asarray(keypoints.xy[:, keypoints.skeleton.indices(f"left_{name}", f"right_{name}")].mean(axis=1))


def _longest(vectors: Array) -> float:
    """Return the length that one frame in ten exceeds; NaN where there is none."""
    lengths = np.linalg.norm(vectors, axis=-1)
    lengths = lengths[np.isfinite(lengths)]
    return float(np.quantile(lengths, 0.9)) if len(lengths) else np.nan
