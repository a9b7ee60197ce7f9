"""What the tests of the commands share."""

from typing import NamedTuple

FILES_OF_THE_SAMPLE = {
    "landmarks.csv",
    "landmarks_wide.csv",
    "keypoints_2d.csv",
    "joint_angles.csv",
    "walk_side.trc",
    "joint_angles.png",
    "provenance.json",
}


class Done(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: str
    errors: str
