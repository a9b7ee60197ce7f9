"""Whether a clip holds gait, and what can be said of it.

Gait is a chain of initial contacts (`events`) that
- alternate between the sides, one step in 0.2–1.5 s (40–300 a minute), none three times as long as the one before or after;
- each with its foot before the other one along the direction of progression;
- with a toe-off between them, each foot going to and fro relative to the hips by at least `events.REVERSAL` of a leg;
- with a whole stride, or, in a clip too short for one, a path that leads forwards and the other toe-off in between, feet
  off and contacts taking turns.

Squats, rising from a seat and jumps move both feet alike; on one leg, one foot alone moves; marching in place moves none
to and fro. None of these is gait. A foot that is only ever brought up beside the other (step-to gait) is not found either.
Whoever walks on a treadmill stays where they are while standing feet slide back at one speed, the belt's: speed, lengths and
widths are those on the belt (`steps.find_belt`). Gait in one place without that has none. Running is not told from walking but by
its double support, which is 0.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from posedetector.kinematics.cycles import cut_cycles
from posedetector.kinematics.events import AGREE, Feet, find_events
from posedetector.kinematics.nouns import ASYMMETRY, FLOOR, Event, Gait, Ground, JointAngles, Treadmill
from posedetector.kinematics.signals import facing, leg_length, point, progression, runs_of, without_gaps
from posedetector.kinematics.steps import DRIFT, Footing, Stride, find_belt, quantities_of, strides_of
from posedetector.kinematics.uncertainty import UNKNOWN, Scale, with_errors
from posedetector.pose import Array, MetricPose, finite
from posedetector.skeletons import OTHER_SIDE, SIDES, Side

_STEP = (0.2, 1.5)  # seconds; a judgement: slower than patients' slowest, faster than sprinters
_RHYTHM = 3.0  # of a step and the next; a judgement: lets a marked limp pass, and not a hop beside a long stand
_AHEAD = 0.05  # of a leg; a judgement: beyond what depth errors make of feet side by side
_SHORTEST = 12  # frames of a run, for derivatives and their extrema
_MOSTLY = 0.75  # of the frames; a judgement: a chain that turns back has about half, one that turns round nearly all
_UNLIKE = 0.2  # of the belt's speed as given: more than feet in stance err by; a judgement
_OFFLESS = 0.1  # of the strides; a judgement: a mean over nine tenths of them is still theirs

Chain = list[Event]


def find_gait(pose: MetricPose, angles: JointAngles, ground: Ground = FLOOR, scale: Scale = UNKNOWN) -> Gait:
    """Return events, quantities and cycles of a person's gait; quality `none` with the reason where there is none.

    Parameters
    ----------
    pose : its path (`root`) may be NaN. Feet need heels and toes; where there are none, ankles make do.
    angles : of the same frames; all of them are cut into cycles.
    ground : what the person walks on; a treadmill's speed, where it is given, is taken for the belt's.
    scale : how well lengths are known; without it, lengths and speeds have no errors.
    """
    leg = leg_length(pose)
    if not np.isfinite(leg):
        return Gait("none", "no whole leg was seen")
    heel, toe = _points(pose)
    heels, toes = feet = tuple({side: point(pose, f"{side}_{name}") for side in SIDES} for name in (heel, toe))
    arrows = [toes[side] - heels[side] for side in SIDES] if heel != toe else []
    ahead, travels = progression(pose, arrows)
    seen = np.stack([*heels.values(), *toes.values(), ahead], axis=1)
    runs = [
        part
        for run in runs_of(np.asarray(np.isfinite(seen).all(axis=(1, 2))), _SHORTEST)
        for part in without_gaps(pose.time, run, _SHORTEST)
    ]
    if not runs:
        return Gait("none", "feet and hips were not seen for long enough together")
    parts = {run.start: _feet(pose, run, feet, ahead, leg) for run in runs}
    chains = _best([chain for start, part in parts.items() for chain in _chains(part, start)])
    strides = [stride for chain in chains for stride in strides_of(chain)]
    forward = [_forward(pose, chain, ahead, travels, facing(pose, arrows)) for chain in chains]
    if not chains or not (strides or (forward == [True] and not _tangled(chains[0]))):
        return Gait("none", "no steps were found (feet alternating 40 to 300 times a minute)")
    footing = Footing(pose.time, pose.root, {side: heels[side] + pose.root for side in SIDES})
    faced = facing(pose, arrows)
    belt = find_belt(footing, strides, faced, ground)
    footing = footing if belt is None else footing.on(belt)
    doubts = _doubts(chains, strides, footing, belt, made_do=heel == toe, backwards=False in forward)
    cycles, left_out = cut_cycles(angles, strides)
    quantities = quantities_of(chains, strides, footing, belt)
    if doubts:  # a missed or a wrong event makes one side's steps longer than the other's
        quantities = [one for one in quantities if not one.name.endswith(ASYMMETRY)]
    places = _places(pose, heel)
    return Gait(
        "doubtful" if doubts else "good",
        "; ".join(doubts),
        tuple(event for chain in chains for event in chain),
        (*with_errors(quantities, chains, strides, footing, scale, places), *left_out),
        cycles,
        belt,
    )


def _points(pose: MetricPose) -> tuple[str, str]:
    """Return what stands for heel and toe: ankles where a foot's own points were never seen."""
    own = [point(pose, f"{side}_{name}") for side in SIDES for name in ("heel", "foot_index")]
    return ("heel", "foot_index") if all(finite(one).any() for one in own) else ("ankle", "ankle")


def _places(pose: MetricPose, heel: str) -> Array | None:
    """Return (2,) metres, how sure the fit is of a foot's place along the laboratory's X and Z; None without a fit."""
    if pose.spread is None:
        return None
    rows = pose.skeleton.indices(*(f"{side}_{heel}" for side in SIDES))
    known = pose.spread.points[:, rows][..., [0, 2]].reshape(-1, 2)
    known = known[finite(known)]
    return np.asarray(np.median(known, axis=0)) if len(known) else None


def _feet(pose: MetricPose, run: slice, points: tuple[dict[Side, Array], ...], ahead: Array, leg: float) -> Feet:
    heels, toes = points
    root = pose.root[run]
    place = root if np.isfinite(root).all() else np.zeros_like(root)
    before = {
        side: np.stack([np.sum(part[side][run] * ahead[run], axis=1) for part in points], axis=1) for side in SIDES
    }
    return Feet(
        pose.time[run],
        {side: heels[side][run] + place for side in SIDES},
        {side: toes[side][run] + place for side in SIDES},
        before,
        leg,
    )


def _chains(feet: Feet, first_frame: int) -> list[Chain]:
    """Return the chains of steps in a run, each with the toe-offs that belong to it, by time."""
    events = find_events(feet, first_frame)
    contacts = [event for event in events if event.kind == "initial_contact" and _leads(feet, event)]
    groups: list[Chain] = []
    for event in contacts:
        if groups and _follows(groups[-1], event):
            groups[-1].append(event)
        else:
            groups.append([event])
    return [chain for group in groups if len(group) > 1 and (chain := _with_offs(group, events))]


def _leads(feet: Feet, contact: Event) -> bool:
    other = OTHER_SIDE[contact.side]
    row = int(np.abs(feet.time - contact.time).argmin())
    return bool(feet.before[contact.side][row, 0] - feet.before[other][row, 0] >= _AHEAD * feet.leg)


def _follows(chain: Chain, event: Event) -> bool:
    """Tell whether a contact is the next step: of the other foot, in time, and about as long as the step before."""
    step = event.time - chain[-1].time
    before = chain[-1].time - chain[-2].time if len(chain) > 1 else step
    rhythm = max(step, before) <= _RHYTHM * min(step, before)
    return event.side != chain[-1].side and _STEP[0] <= step <= _STEP[1] and rhythm


def _with_offs(contacts: Chain, events: Chain) -> Chain:
    """Return contacts with their toe-offs, up to a step before the first and behind the last; empty without any between.

    Behind the last contact the other foot goes off first: the one that has just landed bears the body.
    """
    first, last = contacts[0].time, contacts[-1].time
    step = (last - first) / (len(contacts) - 1)
    near = [event for event in events if event.kind == "foot_off" and first - step < event.time < last + step]
    freed = min((event.time for event in near if event.time > last and event.side != contacts[-1].side), default=np.inf)
    offs = [event for event in near if event.time < last or event.side != contacts[-1].side or event.time > freed]
    between = [event for event in offs if first < event.time < last]
    return sorted([*contacts, *offs], key=_when) if between else []


def _when(event: Event) -> float:
    return event.time


def _best(chains: list[Chain]) -> list[Chain]:
    """Return the chains with a whole stride; where there are none, the longest."""
    whole = [chain for chain in chains if strides_of(chain)]
    return whole or sorted(chains, key=len)[-1:]


def _forward(pose: MetricPose, chain: Chain, ahead: Array, travels: NDArray[np.bool_], faced: Array) -> bool | None:
    """Tell whether a chain's path leads to where the person faces, but for a turn; None where there is no path."""
    during = travels & (pose.time >= chain[0].time) & (pose.time <= chain[-1].time)
    return bool((np.sum(ahead[during] * faced[during], axis=1) > 0).mean() > _MOSTLY) if during.any() else None


def _doubts(
    chains: list[Chain],
    strides: list[Stride],
    footing: Footing,
    belt: Treadmill | None,
    *,
    made_do: bool,
    backwards: bool,
) -> list[str]:
    events = [event for chain in chains for event in chain]
    spread = float(np.median([event.spread for event in events]))
    offless = sum(not np.isfinite(stride.off) for stride in strides)
    said = {
        "not one whole stride of each foot": {stride.side for stride in strides} != set(SIDES),
        "no heels and toes were seen: ankles stand for them": made_do,
        f"the methods differ by {1000 * spread:.0f} ms in the middle": spread > AGREE,
        f"{offless} of {len(strides)} strides lack a toe-off": offless > _OFFLESS * len(strides),
        "walks backwards, which the methods were not made for": backwards,
        "standing feet move along with the path: no lengths and no speed": bool(strides)
        and footing.travels(strides)
        and not footing.stands(strides)
        and belt is None,
        _unlike(belt): bool(_unlike(belt)),
        "toe-offs and contacts do not alternate": any(_tangled(chain) for chain in chains),
    }
    return [reason for reason, so in said.items() if so]


def _unlike(belt: Treadmill | None) -> str:
    """Return in what way a treadmill is not what was said about it."""
    if belt is None:
        return ""
    if abs(belt.drift) > DRIFT * belt.speed:
        return f"the subject moves through the room at {abs(belt.drift):.2f} m/s: is this a treadmill?"
    if belt.count == 0 and abs(belt.seen - belt.speed) > _UNLIKE * belt.speed:
        return f"feet in stance slide back at {belt.seen:.2f} m/s, not at the {belt.speed:.2f} m/s given: check --treadmill-speed"
    return ""


def _tangled(chain: Chain) -> bool:
    return any(
        one.kind == other.kind
        for side in SIDES
        for one, other in pairwise([event for event in chain if event.side == side])
    )
