"""What can go wrong, and whose fault it is.

PosedetectorError
├── InputError          what was given cannot be used
│   ├── VideoError      … because it is not a readable video
│   └── NoPersonError   … because nobody, or not the person asked for, is in it
├── WeightsError        a network's file is missing, damaged or foreign
├── ResourceError       the device has not enough memory
└── OutputError         the results cannot be written

Messages name a field as Python does, in backticks: `fov`, `lifter.model`, `refine=False`. The command line makes flags of
these (`--fov`), prints the message in one line and exits with 2. None of them is a ValueError, so that pydantic hands them on
as they are. All can be pickled.
"""


class PosedetectorError(Exception):
    """Any error this library raises on purpose; its text says what was given, what was wanted and what to do."""


class InputError(PosedetectorError):
    """What was given cannot be used.

    Attributes
    ----------
    field : the one field or argument that is at fault, such as fov, subject.height or estimator.model; None where it is none, or several.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


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
