"""All of a trial in one file, from which `Trial.load` gives it back."""

from pathlib import Path

from posedetector.trial import Trial


def write_trial(trial: Trial, path: Path) -> None:
    """Write it; see storage.py."""
    trial.save(path)
