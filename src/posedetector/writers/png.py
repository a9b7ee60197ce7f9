"""PNG: a page of the joint angles over the clip, and one of what is repeated in it: gait cycles, squats, rising from a seat."""

from pathlib import Path
from typing import TYPE_CHECKING

from posedetector.trial import Trial
from posedetector.writers.figures.angles import figure_of_angles
from posedetector.writers.figures.canvas import message, save
from posedetector.writers.figures.gait import figure_of_gait, has_curves
from posedetector.writers.figures.parameters import compared
from posedetector.writers.figures.repetitions import figure_of_repetitions

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_joint_angles(trial: Trial, path: Path) -> None:
    """Draw the trial's angles, gait events and repetitions over time."""
    found = trial.kinematics
    save(figure_of_angles(found.angles, trial.name, found.gait.events, found.repetitions, found.grades), path)


def draw_movement(trial: Trial, path: Path) -> None:
    """Draw what is repeated in the trial."""
    save(figure_of_movement(trial), path)


def figure_of_movement(trial: Trial) -> "Figure":
    """Return a page of gait cycles where there are any, else of repetitions, else of gait's parameters, else of words."""
    found = trial.kinematics
    if has_curves(found.gait, found.grades) or (compared(found.gait.quantities) and not found.repetitions):
        return figure_of_gait(found.gait, trial.subject, trial.name, found.grades)
    if found.repetitions:
        return figure_of_repetitions(found.repetitions, found.angles, trial.name, found.grades)
    reason = f" Gait: {found.gait.reason}." if found.gait.reason else ""
    return message(trial.name, f"Neither gait nor repetitions of squats or of rising from a seat were found.{reason}")
