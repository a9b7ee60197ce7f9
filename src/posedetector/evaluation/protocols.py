"""The protocols: which joints, relative to what, aligned how. Data; every number carries its protocol's words with it."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from posedetector.errors import InputError
from posedetector.skeletons import COCO_WHOLEBODY_133, H36M_17, HUMANEVA_15, SIDES, SKELETONS

Alignment = Literal["rotation-once", "root-relative", "none"]
ALIGNMENTS: tuple[Alignment, ...] = get_args(Alignment)

_LIMBS = tuple(f"{side}_{joint}" for joint in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist") for side in SIDES)
JOINT_SETS: dict[str, tuple[str, ...]] = {
    "limbs_12": _LIMBS,
    "h36m_14": (*_LIMBS, "thorax", "head"),  # Human3.6M's without pelvis, spine and neck; as Kanazawa et al., CVPR 2018
    "h36m_17": H36M_17.points,
    "humaneva_15": HUMANEVA_15.points,
    "mpi_inf_3dhp_14": (*_LIMBS, "thorax", "head"),  # head is the crown, thorax the neck: see MPI_INF_3DHP_17
    "coco_wholebody_133": COCO_WHOLEBODY_133.points,
    **{name: skeleton.points for name, skeleton in SKELETONS.items()},
}


@dataclass(frozen=True)
class Part:
    """Some of the joints, relative to a point of their own: the hands from their wrists."""

    name: str
    joints: tuple[str, ...]
    root: str


@dataclass(frozen=True)
class Protocol:
    """How an evaluation is done.

    Attributes
    ----------
    name : stands beside every figure.
    joint_set : name of a row of JOINT_SETS, or joints' names joined by commas.
    root : the point at 0; `mid_hips` is the middle of both hips in whatever skeleton.
    alignment : what is done before MPJPE. P-MPJPE and N-MPJPE align every frame, as always.
    headline : the figure that goes by the protocol's name.
    lag : search for the time shift, or take the clocks as they are.
    rate : what the protocol says in Hz; a comparison at another rate is noted.
    parts : parts of the body with a root of their own.
    subjects : of whom the protocol is defined; others are noted.
    by_action : figures are averaged over actions, `Walking` being that of the trial `S9/Walking 1`.
    source : where the protocol is written down.
    """

    name: str
    joint_set: str
    root: str
    alignment: Alignment
    headline: str
    lag: Literal["auto", "0"]
    rate: float | None
    source: str
    parts: tuple[Part, ...] = ()
    subjects: tuple[str, ...] = ()
    by_action: bool = False

    def action_of(self, trial: str) -> str:
        """Return what the trial `subject/action number/…` is averaged with; nothing if all count alike."""
        parts = trial.split("/")
        at = 2 if parts[0] in {"Train", "Validate"} else 1
        return parts[at].split(" ")[0] if self.by_action and len(parts) > at else ""

    @property
    def joints(self) -> tuple[str, ...]:
        """The joints' names."""
        return JOINT_SETS.get(self.joint_set) or tuple(
            dict.fromkeys(name.strip() for name in self.joint_set.split(","))
        )


_WB = COCO_WHOLEBODY_133.points
_H36M = Protocol(
    name="h36m1",
    joint_set="h36m_17",
    root="pelvis",
    alignment="root-relative",
    headline="mpjpe",
    lag="0",
    rate=50.0,
    subjects=("S9", "S11"),
    by_action=True,
    source="Ionescu et al., IEEE TPAMI 36(7), 2014; subjects 9 and 11 as Pavllo et al., CVPR 2019",
)

PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            name="clip",
            joint_set="limbs_12",
            root="mid_hips",
            alignment="rotation-once",
            headline="mpjpe",
            lag="auto",
            rate=None,
            source="posedetector: a clip against motion capture in a room of its own",
        ),
        _H36M,
        replace(
            _H36M,
            name="h36m2",
            headline="p_mpjpe",
            source="Martinez et al., ICCV 2017; Pavllo et al., CVPR 2019, protocol 2",
        ),
        replace(
            _H36M,
            name="humaneva",
            subjects=(),
            joint_set="humaneva_15",
            rate=60.0,
            headline="p_mpjpe",
            source="Sigal et al., IJCV 87, 2010; Pavllo et al., CVPR 2019, section 5",
        ),
        replace(
            _H36M,
            name="3dhp",
            subjects=(),
            by_action=False,
            joint_set="mpi_inf_3dhp_14",
            headline="pck",
            rate=None,
            source="Mehta et al., 3DV 2017; the test set's own evaluation: 14 joints, from the pelvis",
        ),
        replace(
            _H36M,
            name="h3wb",
            subjects=(),
            by_action=False,
            joint_set="coco_wholebody_133",
            root="mid_hips",
            rate=None,
            parts=(
                Part("body", _WB[:23], "mid_hips"),
                Part("face", _WB[23:91], "mid_hips"),
                Part("hands", _WB[91:], "mid_hips"),
                Part("face from the nose", _WB[23:91], "nose"),
                Part("left hand from its wrist", _WB[91:112], "left_hand_root"),
                Part("right hand from its wrist", _WB[112:], "right_hand_root"),
            ),
            source="Zhu et al., ICCV 2023, benchmark.md: relative to the pelvis; face to keypoint 1, hands to 92 and 113",
        ),
    )
}


def choose(
    name: str,
    *,
    joints: str | None = None,
    root: str | None = None,
    alignment: str | None = None,
    lag: Literal["auto", "0"] | None = None,
) -> Protocol:
    """Return a protocol of the table, with other pieces where they are given; its name then says that it is changed.

    Without alignment no lag is searched, unless it is asked for. Raises InputError for a name, a joint set or an alignment that there is not.
    """
    if name not in PROTOCOLS:
        raise InputError(f"there is no protocol {name!r}; there are {', '.join(PROTOCOLS)}")
    known = {point for points in JOINT_SETS.values() for point in points}
    if joints is not None and joints not in JOINT_SETS:
        wrong = [one.strip() for one in joints.split(",") if one.strip() not in known]
        if wrong:
            raise InputError(
                f"there is no joint or set of joints {', '.join(map(repr, wrong))}; sets are {', '.join(JOINT_SETS)}, "
                "joints are called as in them, such as left_knee"
            )
    if alignment is not None and alignment not in ALIGNMENTS:
        raise InputError(f"there is no alignment {alignment!r}; there are {', '.join(ALIGNMENTS)}")
    if root is not None and root != "mid_hips" and root not in known:
        raise InputError(f"there is no point {root!r} to be the root; mid_hips, or a joint such as pelvis")
    protocol = PROTOCOLS[name]
    if alignment == "none" and lag is None:
        lag = "0"  # without alignment, a shift in space would pass for one in time
    given = {"joint_set": joints, "root": root, "alignment": alignment, "lag": lag}
    changes = {key: value for key, value in given.items() if value not in (None, getattr(protocol, key))}
    if not changes:
        return protocol
    changed = replace(protocol, **changes)  # type: ignore[arg-type]
    named = {"joint_set": "joints"}
    visible = [named.get(key, key) for key in changes if key != "lag"]
    return replace(changed, name=f"{name}, other {' and '.join(visible)}") if visible else changed
