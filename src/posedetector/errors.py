"""What can go wrong, and whose fault it is.

PosedetectorError
├── InputError          what was given cannot be used
│   ├── VideoError      … because it is not a readable video
│   ├── UnknownNameError  … because nothing has that name; a KeyError too
│   └── NoPersonError   … because nobody, or not the person asked for, is in it
├── WeightsError        a network's file is missing, damaged or foreign
├── ResourceError       the device has not enough memory
└── OutputError         the results cannot be written

Messages name a field as Python does, in backticks: `fov`, `lifter.model`, `refine=False`. The command line makes flags of
these (`--fov`), prints the message in one line and exits with 2. None of them is a ValueError, so that pydantic hands them on
as they are. All can be pickled.
"""

from collections.abc import Iterable


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


class UnknownNameError(InputError, KeyError):
    """Nothing has that name; the text says what comes near. A KeyError too, as mappings raise one."""

    __str__ = Exception.__str__  # a KeyError's shows its text in quotation marks


def unknown(what: str, name: object, known: Iterable[str], listed_in: str) -> UnknownNameError:
    """Return the error for a name that is not among those known, with the nearest of them, or where they are listed."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(str(name), names, n=3) or [one for one in names if str(name) in one][:3]
    hint = f"did you mean {' or '.join(near)}?" if near else f"{listed_in} lists them"
    return UnknownNameError(f"there is no {what} {name!r}; {hint}")


class WeightsError(PosedetectorError):
    """A network's file is missing, damaged or not the one that was asked for."""


class ResourceError(PosedetectorError):
    """The device has not enough memory for what was asked of it."""


class OutputError(PosedetectorError):
    """The results cannot be written where they should go; nothing was left half-written."""
