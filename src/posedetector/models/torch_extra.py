"""The one place that says what to do where PyTorch is wanted and is not installed."""

from importlib.util import find_spec

from posedetector.errors import InputError


def has_torch() -> bool:
    """Tell whether PyTorch is installed, without importing it."""
    return find_spec("torch") is not None


def need_torch(what: str, instead: str = "") -> None:
    """Raise InputError unless PyTorch is installed; asked before any work begins.

    Parameters
    ----------
    what : needs it, as the subject of a sentence.
    instead : what works without it.
    """
    if not has_torch():
        raise InputError(
            f"{what} needs PyTorch, which is not installed: `uv run --extra torch …` in place of `uv run …` installs it "
            "(5 GB on Linux); in an environment of pip's, `pip install torch`" + (f"; {instead}" if instead else "")
        )
