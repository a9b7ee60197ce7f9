"""Whether 2D points can be a person's at all, before depth is made of them. Doubts are told, nothing is changed.

Points in the wrong order, upside down or mirrored are the usual reason why a lifter gives random points.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from posedetector.anthropometry import LIMB_JOINTS, SEGMENT_ENDS, STATURE_SHARES
from posedetector.pose import Array, Keypoints, finite
from posedetector.skeletons import SIDES

BoolArray = NDArray[np.bool_]

# Lengths over the trunk's (shoulders to hips)
_TRUNKS_LONG = {segment: STATURE_SHARES[segment] / STATURE_SHARES["trunk"] for segment in SEGMENT_ENDS}
# A limb at its longest in the picture over what the others make likely; less where it points at the camera throughout.
_PROPORTIONS = (0.25, 2.2)
_UNLIKE = 2.5  # one side over the other
_WRONG_LIMBS = 3  # of twelve: eight proportions, four pairs
_WIDE_HIPS = (0.4, 1.5)  # of the trunk, and of the shoulders: no pelvis is
_MOST = 0.7  # share of the frames that tell
_ENOUGH = 0.1  # share of all frames
_FRONTAL = 0.2  # of the trunk's length: sideways distance of left and right at which front and back can be told
_ELBOWS_APART = 0.4  # the same, of shoulders whose elbows have to be in their order: arms swing past each other
_CLEAR = 0.1  # of the trunk's length, or of that from ears to nose
_FOLDED = 0.5  # share of the frames; who walks bends each knee for less
_BELOW = 0.5  # of the trunk's length: lower shoulders are nobody's who bends or lies down
_OUTSIDE = 0.2  # of the picture's size
_SLOWEST = 2.0  # seconds from frame to frame


def find_doubts(keypoints: Keypoints) -> list[str]:
    """Return the reasons to think that the points are no person's, or not an upright one's; a sentence each.

    A mirrored person is told by his face: nearer than the ears by the estimator's depth, or seen clearly by a detector of
    2D, on somebody whose left is where it would be if he looked away. Seen from the side, without such a face, or in a
    video that was mirrored before the points were found, nothing tells.
    """
    if not keypoints.skeleton.has(*(f"{side}_{end}" for side in SIDES for end in ("hip", "shoulder"))):
        return []
    # the later ones mean nothing where the first are true
    checks = (_wrong_units, _wrong_order, _upside_down, _exchanged_sides)
    return next(filter(None, (list(check(keypoints)) for check in checks)), [])


def _wrong_units(keypoints: Keypoints) -> Iterator[str]:
    step = np.median(np.diff(keypoints.time)) if len(keypoints.time) > 1 else 0.0
    if step > _SLOWEST:
        yield f"the frames are {step:.3g} s apart: times are in seconds"
    xy = keypoints.xy[finite(keypoints.xy)]
    if not len(xy):
        return
    if np.abs(xy).max() < 2:
        yield "all points lie within two pixels of the picture's corner: positions are in pixels, not in shares of it"
        return
    size = np.array(keypoints.image_size)
    outside = float(((xy < -_OUTSIDE * size) | (xy > (1 + _OUTSIDE) * size)).any(axis=1).mean())
    if outside > 1 - _MOST:
        yield (
            f"{100 * outside:.0f} % of the points lie outside the picture of {size[0]}×{size[1]} pixels: is its size "
            "width, height, and that of the picture in which they were found?"
        )


def _wrong_order(keypoints: Keypoints) -> Iterator[str]:
    trunk = _trunk(keypoints)
    if trunk == 0:
        yield "shoulders and hips are in the same place: these are no person's points"
        return
    hips, shoulders = (_longest(_sides(keypoints, name)) / trunk for name in ("hip", "shoulder"))
    if hips > max(_WIDE_HIPS[0], _WIDE_HIPS[1] * shoulders):
        wrong, enough = [f"hips {hips:.1f} and shoulders {shoulders:.1f} trunks wide"], True
    else:
        wrong, enough = _odd_lengths(keypoints, trunk)
    wrong += (folded := list(_beyond(keypoints)))
    if enough or folded:
        yield (
            f"the 2D points have no person's proportions ({', '.join(wrong[:3])}): are they in the order of "
            f"{keypoints.skeleton.name}?"
        )


def _odd_lengths(keypoints: Keypoints, trunk: float) -> tuple[list[str], bool]:
    """Return the limbs of no person's length, and whether they are too many, or long on both sides."""
    lengths: dict[str, dict[str, float]] = {}
    for segment, ends in SEGMENT_ENDS.items():
        if keypoints.skeleton.has(*(f"{side}_{end}" for side in SIDES for end in ends)):
            rows = {side: keypoints.skeleton.indices(*(f"{side}_{end}" for end in ends)) for side in SIDES}
            lengths[segment] = {
                side: _longest(keypoints.xy[:, a] - keypoints.xy[:, b]) for side, (a, b) in rows.items()
            }
    likely = [length / _TRUNKS_LONG[segment] for segment, sides in lengths.items() for length in sides.values()]
    seen = [value for value in (trunk, *likely) if np.isfinite(value)]
    usual = float(np.median(seen)) if seen else np.nan  # and not the trunk, which may be foreshortened
    wrong, long = [], False
    for segment, sides in lengths.items():
        name = segment.replace("_", " ")
        ratios = {side: length / (_TRUNKS_LONG[segment] * (usual or np.nan)) for side, length in sides.items()}
        odd = {side: ratio for side, ratio in ratios.items() if ratio < _PROPORTIONS[0] or ratio > _PROPORTIONS[1]}
        wrong += [f"{side} {name} {ratio:.1f} times its usual length" for side, ratio in odd.items()]
        long |= min(ratios.values()) > _PROPORTIONS[1]
        if max(ratios.values()) > _UNLIKE * min(ratios.values()):
            wrong.append(f"{name}s of {ratios['left']:.1f} and {ratios['right']:.1f} times their usual length")
    return wrong, long or len(wrong) >= _WRONG_LIMBS


def _beyond(keypoints: Keypoints) -> Iterator[str]:
    """Yield the limbs whose end lies halfway to their middle joint, on both sides and mostly."""
    for chain in LIMB_JOINTS.values():
        names = [[f"{side}_{point}" for point in chain] for side in SIDES]
        if not all(keypoints.skeleton.has(*side) for side in names):
            continue
        share = min(_share(*_folded(keypoints, side)) for side in names)
        if share > _FOLDED:
            yield f"{chain[2]}s between {chain[0]}s and {chain[1]}s in {100 * share:.0f} % of the frames"


def _folded(keypoints: Keypoints, names: list[str]) -> tuple[BoolArray, BoolArray]:
    """(T,) twice: where the last of three points lies between the others, and where all are seen."""
    first, middle, last = (keypoints.xy[:, row] for row in keypoints.skeleton.indices(*names))
    whole, there, back = (np.linalg.norm(a - b, axis=1) for a, b in ((first, middle), (first, last), (last, middle)))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = there / whole
        between = (there + back < 1.1 * whole) & (share > 0.3) & (share < 0.7)
    return np.asarray(between), np.isfinite(whole + there)


def _upside_down(keypoints: Keypoints) -> Iterator[str]:
    down = (_middle(keypoints, "shoulder") - _middle(keypoints, "hip"))[:, 1] / _trunk(keypoints)
    share = _share(down > _BELOW, np.isfinite(down))
    if share > _MOST:
        yield (
            f"the shoulders are below the hips in {100 * share:.0f} % of the frames: is the video upside down, does y "
            f"point up, or are the points in another order than {keypoints.skeleton.name}'s?"
        )


def _exchanged_sides(keypoints: Keypoints) -> Iterator[str]:
    shoulders, hips = (_across(keypoints, name) for name in ("shoulder", "hip"))
    # least width of the second, so that arms may swing past each other
    pairs = (
        ("hips and shoulders", hips, shoulders, 0.0),
        ("ears and shoulders", _across(keypoints, "ear"), shoulders, 0.0),
        ("knees and hips", _across(keypoints, "knee"), hips, 0.0),
        ("elbows and shoulders", _across(keypoints, "elbow"), shoulders, _ELBOWS_APART),
    )
    for names, one, other, least in pairs:
        frontal = np.abs(other) > least
        share = _share(np.sign(one) != np.sign(other), _clear(other, one) & frontal)
        if share > _MOST:
            yield (
                f"{names} disagree about left and right in {100 * share:.0f} % of the frames: are the sides of some "
                "points exchanged?"
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
