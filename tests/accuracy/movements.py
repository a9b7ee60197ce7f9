"""Movements by formula: a body of 33 points whose joints are known at every moment. No one was recorded.

World frame: X right, Y up, Z towards the viewer, metres, floor at Y = 0. Ankles and feet follow given paths and the hips theirs;
two-link inverse kinematics puts the knees between them. Walking feet are `posedetector.estimators.synthetic.Walker`'s.
"""

from dataclasses import dataclass, field

import numpy as np

from posedetector.estimators.synthetic import Walker
from posedetector.pose import Array
from posedetector.skeletons import BLAZEPOSE_33
from posedetector.training.bodies import (
    FOREARM,
    HIP_WIDTH,
    SHANK,
    SHOULDER_WIDTH,
    THIGH,
    TRUNK,
    UPPER_ARM,
    bend_for,
    place,
    unit,
)

UP = np.array([0.0, 1.0, 0.0])
SIDES = {"left": 1.0, "right": -1.0}
ANKLE, HEEL, TOE = (
    0.039,
    0.035,
    0.117,
)  # the ankle above the sole, the heel behind it and the toes ahead: shares of stature
STANDING = 0.985  # of a straight leg's length
# name, ahead of, above and beside the middle of the ears, in shares of stature
FACE = (
    ("nose", 0.06, -0.008, 0.0),
    ("eye_inner", 0.05, 0.012, 0.009),
    ("eye", 0.048, 0.012, 0.018),
    ("eye_outer", 0.043, 0.012, 0.027),
    ("ear", 0.0, 0.0, 0.042),
    ("mouth", 0.05, -0.03, 0.014),
)
HAND = (("pinky", 0.055, 0.022), ("index", 0.058, -0.015), ("thumb", 0.032, -0.028))


@dataclass
class Course:
    """What a body does, over T moments; what is not given is 0. Angles are radians.

    Attributes
    ----------
    hips : (T, 3) metres, the middle of the hips.
    ankles : (T, 3) metres each, by side.
    heading : where the pelvis faces; 0 is the viewer's right, π/2 the viewer.
    twist, lean, side_bend : of the trunk, against the pelvis and from upright: to the right, forwards, to the right.
    pitch, toes : of the feet, by side: toes down, and where they point on the floor; without, where the pelvis faces.
    flexion, abduction, elbow : of the arms, by side: forwards and outwards from hanging, bent.
    knees_out : of the knees, outwards from straight ahead.
    """

    hips: Array
    ankles: dict[str, Array]
    heading: Array | float = 0.0
    twist: Array | float = 0.0
    lean: Array | float = 0.0
    side_bend: Array | float = 0.0
    pitch: dict[str, Array] = field(default_factory=dict)
    toes: dict[str, Array | float] = field(default_factory=dict)
    flexion: dict[str, Array] = field(default_factory=dict)
    abduction: dict[str, Array] = field(default_factory=dict)
    elbow: dict[str, Array] = field(default_factory=dict)
    knees_out: float = 0.0


def body(course: Course, stature: float, legs: float = 1.0) -> Array:
    """Return (T, 33, 3) metres of a person whose legs and arms are `legs` times as long as the stature's shares say."""
    count = len(course.hips)

    def over(angle: Array | float) -> Array:
        return np.broadcast_to(np.asarray(angle, float), count)

    heading = over(course.heading)
    facing, left = _level(heading), np.cross(UP, _level(heading))
    ahead = _level(heading + over(course.twist))
    across = np.cross(UP, ahead)
    lean, bend = over(course.lean)[:, None], over(course.side_bend)[:, None]
    spine = unit(np.cos(lean) * np.cos(bend) * UP + np.sin(lean) * ahead - np.cos(lean) * np.sin(bend) * across)
    out = unit(across - (across * spine).sum(axis=1, keepdims=True) * spine)
    front = np.cross(out, spine)
    points: dict[str, Array] = {}
    neck = course.hips + TRUNK * stature * spine
    ears = neck + 0.115 * stature * spine + 0.01 * stature * front
    for name, forth, above, aside in FACE:
        for side, sign in SIDES.items() if aside else {"": 0.0}.items():
            points[f"{side}_{name}".strip("_")] = ears + stature * (forth * front + above * spine + sign * aside * out)
    for side, sign in SIDES.items():
        hip = course.hips + sign * HIP_WIDTH / 2 * stature * left
        ankle = course.ankles[side]
        knee_to = unit(np.cos(course.knees_out) * facing + sign * np.sin(course.knees_out) * left)
        thigh, shank = legs * THIGH * stature, legs * SHANK * stature
        reach = np.linalg.norm(ankle - hip, axis=1)
        along = unit(ankle - hip)
        aside = unit(knee_to - (knee_to * along).sum(axis=1, keepdims=True) * along)
        thighs, shanks = np.full(count, thigh), np.full(count, shank)
        knee, end = place(hip, along, aside, thighs, shanks, bend_for(reach, thighs, shanks))
        if np.abs(end - ankle).max() > 1e-6:
            raise ValueError(f"the {side} leg does not reach its ankle: {reach.max():.3f} m of {thigh + shank:.3f} m")
        pitch = over(course.pitch.get(side, np.zeros(count)))[:, None]
        pointing = _level(over(course.toes.get(side, heading)))
        toes = np.cos(pitch) * pointing - np.sin(pitch) * UP
        sole = ankle - ANKLE * stature * (np.sin(pitch) * pointing + np.cos(pitch) * UP)
        points |= {f"{side}_hip": hip, f"{side}_knee": knee, f"{side}_ankle": ankle}
        points |= {f"{side}_heel": sole - HEEL * stature * toes, f"{side}_foot_index": sole + TOE * stature * toes}
        shoulder = neck + sign * SHOULDER_WIDTH / 2 * stature * out
        flexion, abduction, bent = (
            over(part.get(side, np.zeros(count)))[:, None] for part in (course.flexion, course.abduction, course.elbow)
        )
        swing = np.sin(flexion) * front - np.cos(flexion) * spine
        upper = np.cos(abduction) * swing + sign * np.sin(abduction) * out
        turned = unit(front - (front * upper).sum(axis=1, keepdims=True) * upper)
        lower = np.cos(bent) * upper + np.sin(bent) * turned
        elbow = shoulder + legs * UPPER_ARM * stature * upper
        wrist = elbow + legs * FOREARM * stature * lower
        points |= {f"{side}_shoulder": shoulder, f"{side}_elbow": elbow, f"{side}_wrist": wrist}
        edge = unit(np.cross(lower, out))
        for name, length, spread in HAND:
            points[f"{side}_{name}"] = wrist + stature * (length * lower + spread * edge)
    return np.stack([points[name] for name in BLAZEPOSE_33.points], axis=1)


def walk(
    time: Array, stature: float, *, speed: float, heading: float, start: tuple[float, float], stride: float
) -> Course:
    """Return a straight walk; pelvis and shoulders turn against each other, the trunk sways, arms swing."""
    walker = Walker(stature, speed, heading, start, stride)
    points = walker.positions(time)
    at = {name: points[:, BLAZEPOSE_33.index(name)] for name in BLAZEPOSE_33.points}
    hips = (at["left_hip"] + at["right_hip"]) / 2
    phase = 2 * np.pi * time / stride
    left = np.cross(UP, _level(heading))
    hips = hips + 0.018 * np.sin(phase)[:, None] * left - 0.012 * UP
    pitch = {}
    for side in SIDES:
        toes = at[f"{side}_foot_index"] - at[f"{side}_heel"]
        pitch[side] = -np.arcsin(unit(toes)[:, 1])
    turn = np.radians(5) * np.cos(phase)
    swing = {"left": -np.radians(22) * np.cos(phase), "right": np.radians(22) * np.cos(phase)}
    return Course(
        hips,
        {side: at[f"{side}_ankle"] for side in SIDES},
        # the left foot is ahead at phase 0, and its side of the pelvis with it
        heading=heading + turn,
        twist=-1.8 * turn,
        lean=np.radians(4) + np.radians(1.5) * np.cos(2 * phase),
        side_bend=np.radians(2) * np.sin(phase),
        pitch=pitch,
        toes=dict.fromkeys(SIDES, heading),
        flexion=swing,
        abduction=dict.fromkeys(SIDES, np.full(len(time), np.radians(7))),
        elbow={side: np.radians(22) + 0.5 * np.maximum(swing[side], 0) for side in SIDES},
    )


def standing(
    count: int,
    stature: float,
    legs: float,
    *,
    heading: Array | float = 0.0,
    apart: float = 0.2,
    at: Array | None = None,
) -> tuple[Array, dict[str, Array]]:
    """Return hips (T, 3) and ankles of a person who stands with the feet so far apart, metres."""
    left = np.cross(UP, _level(np.broadcast_to(np.asarray(heading, float), count)))
    floor = np.zeros((count, 3)) if at is None else at
    ankles = {side: floor + sign * apart / 2 * left + ANKLE * stature * UP for side, sign in SIDES.items()}
    leg = STANDING * legs * (THIGH + SHANK) * stature
    height = ANKLE * stature + np.sqrt(leg**2 - ((apart - HIP_WIDTH * stature) / 2) ** 2)
    return floor + height * UP, ankles


def squat(time: Array, stature: float, legs: float, *, heading: float, period: float, deepest: float) -> Course:
    """Return squats, one a period; the hips sink by `deepest` (share of stature) and move back, the arms come forward."""
    depth = (1 - np.cos(2 * np.pi * time / period)) / 2
    hips, ankles = standing(len(time), stature, legs, heading=heading, apart=0.34)
    hips = hips + depth[:, None] * stature * (-deepest * UP - 0.10 * _level(heading))
    arms = dict.fromkeys(SIDES, np.radians(8) + np.radians(75) * depth)
    return Course(
        hips,
        ankles,
        heading=heading,
        lean=np.radians(3) + np.radians(38) * depth,
        flexion=arms,
        abduction=dict.fromkeys(SIDES, np.full(len(time), np.radians(8))),
        elbow=dict.fromkeys(SIDES, np.radians(15) + np.radians(10) * depth),
        knees_out=np.radians(10),
    )


def sit_and_stand(time: Array, stature: float, legs: float, *, heading: float, period: float) -> Course:
    """Return sitting down and standing up, once a period, with a rest in between; arms crossed before the trunk."""
    phase = np.mod(time / period, 1.0)
    down = _smooth((phase - 0.08) / 0.32) * (1 - _smooth((phase - 0.58) / 0.32))
    hips, ankles = standing(len(time), stature, legs, heading=heading, apart=0.24)
    hips = hips + down[:, None] * stature * (-0.235 * UP - 0.225 * _level(heading))
    on_the_way = np.sin(np.pi * _smooth((phase - 0.08) / 0.32)) + np.sin(np.pi * _smooth((phase - 0.55) / 0.35))
    return Course(
        hips,
        ankles,
        heading=heading,
        lean=np.radians(3) + np.radians(32) * on_the_way + np.radians(4) * down,
        flexion=dict.fromkeys(SIDES, np.full(len(time), np.radians(30))),
        abduction=dict.fromkeys(SIDES, np.full(len(time), np.radians(10))),
        elbow=dict.fromkeys(SIDES, np.full(len(time), np.radians(95))),
    )


def reach(time: Array, stature: float, legs: float, *, heading: float) -> Course:
    """Return arms that are lifted sidewards in turn, then bent, while the trunk turns and bends a little."""
    hips, ankles = standing(len(time), stature, legs, heading=heading, apart=0.25)
    hips = hips + 0.02 * np.sin(2 * np.pi * time / 2.6)[:, None] * np.cross(UP, _level(heading)) - 0.01 * UP
    lift = {
        side: np.radians(10) + np.radians(120) * np.sin(np.pi * time / 2 + lag) ** 2
        for side, lag in (("left", 0.0), ("right", 0.6))
    }
    bent = {
        side: np.radians(15) + np.radians(70) * np.sin(np.pi * time / 1.5 + lag) ** 2
        for side, lag in (("left", 0.0), ("right", 1.1))
    }
    return Course(
        hips,
        ankles,
        heading=heading,
        twist=np.radians(12) * np.sin(2 * np.pi * time / 3.1),
        lean=np.radians(4),
        side_bend=np.radians(9) * np.sin(2 * np.pi * time / 2.6),
        abduction=lift,
        flexion={
            side: np.radians(25) * np.sin(2 * np.pi * time / 2.2 + lag) ** 2
            for side, lag in (("left", 0.3), ("right", 1.4))
        },
        elbow=bent,
    )


def jump(time: Array, stature: float, legs: float, *, heading: float, period: float) -> Course:
    """Return countermovement jumps, one a period: down, off the floor for 0.4 s, a soft landing."""
    phase = np.mod(time, period)
    flight, launch = 0.40, 0.75
    air = np.clip(phase - launch, 0, flight)
    rise = 9.81 / 2 * air * (flight - air)
    crouch = _smooth(phase / 0.5) * (1 - _smooth((phase - 0.5) / 0.25))
    crouch = crouch + _smooth((phase - launch - flight) / 0.18) * (1 - _smooth((phase - launch - flight - 0.18) / 0.5))
    hips, ankles = standing(len(time), stature, legs, heading=heading, apart=0.26)
    pointed = np.radians(40) * np.sin(np.pi * air / flight) ** 0.5
    # toes hang down in flight; the ankle comes up with them
    hips = hips + rise[:, None] * UP + crouch[:, None] * stature * (-0.16 * UP - 0.05 * _level(heading))
    hips = hips + (0.06 * np.sin(np.pi * air / flight))[:, None] * UP * stature * 0.5
    lift = (rise + 0.06 * np.sin(np.pi * air / flight) * stature * 0.5)[:, None] * UP
    return Course(
        hips,
        {side: path + lift for side, path in ankles.items()},
        heading=heading,
        lean=np.radians(4) + np.radians(30) * crouch,
        pitch=dict.fromkeys(SIDES, pointed),
        flexion=dict.fromkeys(
            SIDES, np.radians(5) - np.radians(35) * crouch + np.radians(110) * np.sin(np.pi * air / flight)
        ),
        abduction=dict.fromkeys(SIDES, np.full(len(time), np.radians(10))),
        elbow=dict.fromkeys(SIDES, np.full(len(time), np.radians(25))),
    )


def dance(time: Array, stature: float, legs: float, *, start: float) -> Course:
    """Return steps on the spot by someone who turns around in 8 s; a foot turns while it is lifted, the arms go along."""
    period, a_step = 1.3, 2 * np.pi * 1.3 / 8
    heading = start + a_step * (time / period - 0.5)
    whole, phase = np.divmod(time / period, 1.0)
    beat = 2 * np.pi * phase
    lifted = {"left": np.maximum(np.sin(beat), 0) ** 2, "right": np.maximum(-np.sin(beat), 0) ** 2}
    turned = {"left": _smooth(2 * phase), "right": _smooth(2 * phase - 1)}
    toes = {side: start + a_step * (whole + part - 0.5) for side, part in turned.items()}
    hips, _ = standing(len(time), stature, legs, heading=heading)
    ankles = {}
    for side in SIDES:
        planted = standing(len(time), stature, legs, heading=toes[side])[1][side]
        ankles[side] = planted + lifted[side][:, None] * (0.2 * UP + 0.12 * _level(toes[side]))
    return Course(
        hips - (0.012 + 0.01 * np.cos(2 * beat))[:, None] * UP,
        ankles,
        heading=heading,
        twist=np.radians(10) * np.sin(beat),
        lean=np.radians(5),
        side_bend=np.radians(6) * np.sin(beat),
        pitch={side: np.radians(25) * lifted[side] for side in SIDES},
        toes=toes,
        flexion={side: np.radians(20) + np.radians(30) * sign * np.sin(beat) for side, sign in SIDES.items()},
        abduction=dict.fromkeys(SIDES, np.radians(35) + np.radians(25) * np.sin(beat)),
        elbow=dict.fromkeys(SIDES, np.radians(50) + np.radians(30) * np.cos(beat)),
    )


def _level(heading: Array | float) -> Array:
    heading = np.asarray(heading, float)
    return np.stack([np.cos(heading), np.zeros_like(heading), np.sin(heading)], axis=-1)


def _smooth(share: Array) -> Array:
    """Return a rise from 0 to 1 of minimum jerk (Flash & Hogan, 1985)."""
    share = np.clip(share, 0, 1)
    return np.asarray(share**3 * (10 - 15 * share + 6 * share**2))
