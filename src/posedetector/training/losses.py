"""What a network in training is asked for: joints in place, moving as they do, and limbs of the right length and direction.

Positions alone teach a lifter to hedge: where the depth of a knee is doubtful, their mean lies between the bent and the
straight leg, its segments come out short, and the knee is always a little bent. Lengths, directions and angles are asked
for besides, and angles by their absolute error, whose best guess is the median.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from posedetector.anthropometry import SEGMENT_ENDS
from posedetector.skeletons import H36M_17, SIDES

_BONES = [
    *(H36M_17.indices(f"{side}_{start}", f"{side}_{end}")
      for start, end in SEGMENT_ENDS.values() for side in SIDES),
    H36M_17.indices("pelvis", "thorax"),
    H36M_17.indices("right_hip", "left_hip"),
    H36M_17.indices("right_shoulder", "left_shoulder"),
    H36M_17.indices("thorax", "head"),
]  # fmt: skip
_STARTS, _ENDS = (torch.tensor(rows) for rows in zip(*_BONES, strict=True))
# pairs of bones whose angle is asked for: knees, elbows, hips against the trunk
_ANGLES = torch.tensor([(0, 2), (1, 3), (4, 6), (5, 7), (0, 8), (1, 8)])
_WEIGHTS = {"position": 1.0, "velocity": 1.0, "length": 0.5, "direction": 0.15, "angle": 0.1}


class Loss(NamedTuple):
    """What is minimised, and its parts: metres, metres a step, metres, chords of directions, radians."""

    total: Tensor
    parts: dict[str, float]


def loss(made: Tensor, true: Tensor, pairs: int) -> Loss:
    """Return the loss of poses (N, 17, 3), the last `pairs` of which come a few frames after the first `pairs`."""
    error = made - true
    own, wanted = (joints[:, _ENDS] - joints[:, _STARTS] for joints in (made, true))
    lengths = [bones.norm(dim=-1).clamp_min(1e-4) for bones in (own, wanted)]
    directions = [bones / length[..., None] for bones, length in zip((own, wanted), lengths, strict=True)]
    parts = {
        "position": error.norm(dim=-1).mean(),
        "velocity": (error[-pairs:] - error[:pairs]).norm(dim=-1).mean(),
        "length": (lengths[0] - lengths[1]).abs().mean(),
        "direction": (directions[0] - directions[1]).norm(dim=-1).mean(),
        "angle": (_angles(directions[0]) - _angles(directions[1])).abs().mean(),
    }
    total = torch.stack([_WEIGHTS[name] * part for name, part in parts.items()]).sum()
    return Loss(total, {name: part.item() for name, part in parts.items()})


def _angles(directions: Tensor) -> Tensor:
    """Return angles (N, 6) in radians, by the tangent of their halves: the cosine says nothing of small ones."""
    first, second = directions[:, _ANGLES[:, 0]], directions[:, _ANGLES[:, 1]]
    apart, together = (first - second).square().sum(dim=-1), (first + second).square().sum(dim=-1)
    return 2 * torch.atan2((apart + 1e-6).sqrt(), (together + 1e-6).sqrt())
