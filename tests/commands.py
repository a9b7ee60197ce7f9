"""What the tests of the commands share."""

from typing import NamedTuple

_TABLES = (
    *("landmarks", "landmarks_wide", "keypoints_2d", "joint_angles", "angle_definitions"),
    *("gait_events", "gait_parameters", "gait_cycles", "gait_cycle_means", "repetitions"),
    *("centre_of_mass", "segment_masses", "summary"),
)


def files_of(clip: str) -> set[str]:
    """Return what `analyze` leaves in its folder when no formats are named."""
    tables = {f"{table}.csv" for table in _TABLES}
    motions = {f"{clip}.{ending}" for ending in ("trc", "mot", "c3d")}
    return tables | motions | {"joint_angles.png", "movement.png", "provenance.json"}


FILES_OF_THE_SAMPLE = files_of("walk_side")


class Done(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: str
    errors: str
