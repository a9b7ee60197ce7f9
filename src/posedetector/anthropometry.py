"""Proportions of the human body: every number of them once, with its source and what it is a share of.

Lengths are shares of stature unless something else is said. Bodies that differ have tables of their own, whose names say why:

- `STATURE_SHARES`: people's, between joint centres. They give the size, the height of the hips, and the synthetic walker.
- `DETECTED_SHARES`: between joints where detectors mark them. The fitted body is expected to have them.
- `TRAINED_SHARES`: means of the bodies that lifters are trained on, which have to do for more than one detector. Each body that is drawn
  differs from them by 5–7 %. The bundled lifter was trained with them (its forearm was 0.156): other ones want another training.

Detectors make the trunk and the forearm longer than anatomists do (`benchmarks/proportions.py`): from shoulders to hips MediaPipe has
0.33, Drillis & Contini 0.288, de Leva (1996) 0.29; from elbow to wrist 0.17, 0.146 and 0.154.
"""

from typing import NamedTuple

# the limbs' segments: joints at their ends
SEGMENT_ENDS: dict[str, tuple[str, str]] = {
    "thigh": ("hip", "knee"),
    "shank": ("knee", "ankle"),
    "upper_arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
}
# limbs of two segments by the joint between them: where they begin, bend and end
LIMB_JOINTS: dict[str, tuple[str, str, str]] = {
    "knee": ("hip", "knee", "ankle"),
    "elbow": ("shoulder", "elbow", "wrist"),
}
STATURE_RANGE = (0.5, 2.5)  # metres; from a small child to the tallest people
ADULT_AGE = 18.0  # years; below it, tables and reference values of adults are not the person's. A judgement
ADULT_STATURE = 1.7  # metres, of the grown person to whom sizes, speeds and accelerations refer: a judgement

STATURE_SHARES: dict[str, float] = {
    # Drillis & Contini (1966), as in Winter (2009, fig. 4.1); the trunk from the middle of the hips to that of the shoulders
    "thigh": 0.245,
    "shank": 0.246,
    "upper_arm": 0.186,
    "forearm": 0.146,
    "trunk": 0.288,
    "ankle_height": 0.039,
    # between joint centres, which lie inside the breadths that callipers measure (0.191 and 0.259, Winter 2009): hips by Harrington
    # et al. (2007), shoulders by the biacromial breadth (0.237 of men's stature, 0.224 of women's; ANSUR II, Gordon et al. 2014)
    "hips": 0.104,
    "shoulders": 0.23,
}
# the segments that together give the size, the better ones first: forearms point at the camera more often than legs
SIZE_CHAINS = (("thigh", "shank"), ("upper_arm", "forearm"))
LEG = STATURE_SHARES["thigh"] + STATURE_SHARES["shank"]
HIP_HEIGHT = LEG + STATURE_SHARES["ankle_height"]  # of a standing person
SHOULDER_TO_ANKLE = STATURE_SHARES["trunk"] + LEG  # of a standing person
EYES_ABOVE_SHOULDERS = 0.118  # Drillis & Contini (1966): 0.936 and 0.818 above the floor

DETECTED_SHARES: dict[str, float] = {
    "thigh": STATURE_SHARES["thigh"],
    "shank": STATURE_SHARES["shank"],
    "upper_arm": 0.172,  # between de Leva's (1996) 0.162 and Drillis & Contini's
    "forearm": 0.157,  # between people's and MediaPipe's
    "hips": 0.115,  # between joint centres and where they are marked
    "shoulders": 0.225,  # a little inside the biacromial breadth
    "trunk": 0.325,  # one hip to the shoulder of its side; between people's and MediaPipe's, nearer to the latter
    "across_trunk": 0.362,  # one hip to the other side's shoulder, as hips, shoulders and trunk leave it
    # MediaPipe's on the sample walk
    "foot": 0.115,  # ankle to tip
    "rearfoot": 0.050,  # ankle to heel
    "sole": 0.128,  # heel to tip
    "ears": 0.085,
    "face": 0.068,  # ear to nose
}
TRAINED_SHARES: dict[str, float] = {
    "thigh": STATURE_SHARES["thigh"],
    "shank": STATURE_SHARES["shank"],
    "upper_arm": STATURE_SHARES["upper_arm"],
    "forearm": DETECTED_SHARES["forearm"],
    "hips": DETECTED_SHARES["hips"],
    "shoulders": 0.215,  # joint centres inside the acromia
    "trunk": 0.31,  # the middle of the hips to that of the shoulders, halfway between people's and MediaPipe's
}
# Of faces in training, about the middle of the shoulders: up, forward (depth of the head: Winter 2009); and by how much farther ahead
# heads are held on average, a judgement between published bodies and the 0.04 of the sample walk
TRAINED_NOSE, TRAINED_EYES = (0.090, 0.065), (EYES_ABOVE_SHOULDERS, 0.050)
TRAINED_HEAD_AHEAD = 0.02
TRAINED_NECK = 0.03  # about this height above the shoulders' middle, heads turn

# The synthetic walker's hands, feet and head are drawn, not measured
WALKER_HEEL, WALKER_BALL = 0.035, 0.117  # behind and ahead of the ankle, on the sole
WALKER_HEAD = (0.401, 0.02)  # middle of the head about that of the hips: up, forward
WALKER_FINGERS = {"pinky": 0.055, "index": 0.058, "thumb": 0.03}  # from the wrist
# ahead of, above and beside the middle of the head; beside 0 is a point without a twin
WALKER_FACE = {
    "nose": (0.055, 0.0, 0.0),
    "eye_inner": (0.045, 0.02, 0.009),
    "eye": (0.043, 0.02, 0.018),
    "eye_outer": (0.038, 0.02, 0.027),
    "ear": (-0.01, 0.008, 0.042),
    "mouth": (0.045, -0.022, 0.014),
}

# How far the size is off, as a share of it (standard deviation), by what gave it. People of one stature differ: men's stature varies
# by 2.85 inches and their sitting height by 1.48 (National Center for Health Statistics, Series 11, No. 8, 1965), which, correlated by
# about 0.75 (a judgement), leaves 1.05 inches, 3 % of a leg; arms are taken to vary more for their length. Beside that, a clip long,
# what a detector calls a joint lies 1–2 cm beside it. The sums are judgements.
SIZE_SD_BY_BONES, SIZE_SD_BY_LEGS, SIZE_SD_BY_ARMS = 0.025, 0.045, 0.06
# Share by which a part of the body differs from its usual proportion to the size, between people and by where a detector marks joints
# beside their centres, as standard deviations. Judgements, that hold the widths of OpenCap's two people (0.89–1.12 of the truth).
PROPORTION_SD: dict[str, float] = {
    **dict.fromkeys(("thigh", "shank"), 0.03),
    **dict.fromkeys(("upper_arm", "forearm", "trunk", "foot", "shoulders"), 0.07),
    "hips": 0.1,
}


class BySex(NamedTuple):
    """A number of women and of men."""

    female: float
    male: float


# de Leva (1996), "Adjustments to Zatsiorsky-Seluyanov's segment inertia parameters", J Biomech 29:1223–1230, table 4, of college-aged
# women and men: masses in per cent of the body's, where on their length from the proximal end segments have their centre of mass,
# and lengths in millimetres
MASSES: dict[str, BySex] = {
    "head": BySex(6.68, 6.94),
    "trunk": BySex(42.57, 43.46),
    "upper_arm": BySex(2.55, 2.71),
    "forearm": BySex(1.38, 1.62),
    "hand": BySex(0.56, 0.61),
    "thigh": BySex(14.78, 14.16),
    "shank": BySex(4.81, 4.33),
    "foot": BySex(1.29, 1.37),
}
MASS_CENTRES: dict[str, BySex] = {
    "trunk": BySex(0.3782, 0.4310),  # from the middle of the shoulders to that of the hips
    "upper_arm": BySex(0.5754, 0.5772),
    "forearm": BySex(0.4559, 0.4574),
    "hand": BySex(0.7474, 0.7900),  # from the wrist to the third knuckle
    "thigh": BySex(0.3612, 0.4095),
    "shank": BySex(0.4352, 0.4395),
    "foot": BySex(0.4014, 0.4415),  # from the heel to the tip of the toes
}
HAND_LENGTH, FOREARM_LENGTH = BySex(78.0, 86.2), BySex(264.3, 268.9)
