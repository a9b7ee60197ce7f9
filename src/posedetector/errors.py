"""What can go wrong, and whose fault it is.

PosedetectorError
├── InputError          what was given cannot be used
│   ├── VideoError      … because it is not a readable video
│   └── NoPersonError   … because nobody, or not the person asked for, is in it
├── WeightsError        a network's file is missing, damaged or foreign
├── ResourceError       the device has not enough memory
└── OutputError         the results cannot be written

The command line prints the message in one line and exits with 2. None of them is a ValueError, so that
pydantic hands them on as they are.
"""


class PosedetectorError(Exception):
    """Any error this library raises on purpose; its text says what was given, what was wanted and what to do."""


class InputError(PosedetectorError):
    """What was given cannot be used."""


class VideoError(InputError):
    """The source is missing, unreadable or holds no pictures."""


class NoPersonError(InputError):
    """Nobody, or not the person asked for, was found in the video."""


class WeightsError(PosedetectorError):
    """A network's file is missing, damaged or not the one that was asked for."""


class ResourceError(PosedetectorError):
    """The device has not enough memory for what was asked of it."""


class OutputError(PosedetectorError):
    """The results cannot be written where they should go; nothing was left half-written."""
