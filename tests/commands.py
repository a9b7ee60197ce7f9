"""What the tests of the commands share."""

from typing import NamedTuple


class Done(NamedTuple):
    """How a command ended, and what it said."""

    status: int
    out: str
    errors: str
