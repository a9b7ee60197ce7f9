"""Everything known about one clip, and how it came to be known."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from posedetector.account import SEVERITIES, Provenance
from posedetector.camera_motion import NOT_WATCHED, CameraMotion
from posedetector.errors import InputError, unknown
from posedetector.kinematics.nouns import Kinematics
from posedetector.kinematics.series import Angles, shown
from posedetector.opening import kind_of, resolve
from posedetector.opening import shown as legible
from posedetector.pose import Array, Keypoints, MetricPose, Noun, PictureMap, finite, settle
from posedetector.storage import load, save
from posedetector.subject import Subject
from posedetector.tracking import Tracks

if TYPE_CHECKING:
    import pandas as pd

ENDING = ".trial"  # of the file that holds one


@dataclass(frozen=True, slots=True, eq=False)
class Trial(Noun):
    """One clip's results: what was seen in 2D, the metric pose, the person, and the account of it all.

    Attributes
    ----------
    keypoints : in the pixels of the real picture.
    tracks : everybody who was found, as the estimator saw them, before anything was cleaned.
    maps : between that picture and the one of the camera for which the pose was computed; see PictureMap.
    camera : what the camera did; keypoints are in the frames' own pixels, the laboratory's camera is the one at rest.
    away : (T, 3) metres from where the hips are held to where they are for the camera; None where they are not held.
    """

    name: str
    keypoints: Keypoints
    pose: MetricPose
    provenance: Provenance
    tracks: Tracks
    kinematics: Kinematics
    maps: tuple[PictureMap, ...] = ()
    camera: CameraMotion = NOT_WATCHED
    away: Array | None = None

    def __post_init__(self) -> None:
        if self.away is not None:
            settle(self, away=self.pose.root.shape)

    @property
    def time(self) -> Array:
        """(T,) seconds from the video's first frame."""
        return self.pose.time

    @property
    def frame_numbers(self) -> NDArray[np.int64]:
        """(T,) the frames' numbers in the video, from 0."""
        return np.arange(len(self.pose.time)) if self.tracks.numbers is None else self.tracks.numbers

    @property
    def subject(self) -> Subject:
        """The person."""
        return self.provenance.subject

    @property
    def angles(self) -> Angles:
        """The joint angles by name, as in `trial.angles["left_knee_flexion"].deg`; those that the files have."""
        found = self.kinematics
        return Angles(shown(found.angles, self.pose.skeleton), found.angles, found.grades)

    @property
    def landmarks(self) -> tuple[str, ...]:
        """The names that `position` knows."""
        return self.pose.skeleton.points

    def position(self, landmark: str) -> Array:
        """Return a landmark's path (T, 3), metres in the laboratory (X towards the camera, Y up); NaN where it is missing.

        Raises UnknownNameError, an InputError and KeyError.
        """
        if not self.pose.skeleton.has(landmark):
            raise unknown("landmark", landmark, self.landmarks, "trial.landmarks")
        path = self.pose.positions[:, self.pose.skeleton.index(landmark)]
        return np.where(finite(path)[:, None], path, np.nan)

    @property
    def tables(self) -> dict[str, str]:
        """What `table` knows: names, and what each table holds; of those that this clip has nothing for, that too."""
        from posedetector.tables import TABLES, holds

        return {
            name: one.about if holds(self, name) else f"{one.about} (nothing in this clip)"
            for name, one in TABLES.items()
        }

    def table(self, name: str) -> "pd.DataFrame":
        """Return a table as the files have it, each unit in its column's name; without rows where the clip has nothing for it.

        Raises UnknownNameError, an InputError and KeyError.
        """
        from posedetector.tables import TABLES, table_of

        if name not in TABLES:
            raise unknown("table", name, TABLES, "trial.tables")
        return table_of(self, name)

    def write(self, folder: str | Path, formats: Iterable[str] = ("csv",)) -> list[str]:
        """Write results into a folder, as `posedetector analyze` does; return the files' names.

        All files are written or none, and those of an earlier run that the new ones do not replace are removed. The overlay is not
        among them, since it needs the video. Raises InputError for a format that there is not, OutputError where writing fails.
        """
        from posedetector.writers import write_results

        return write_results(self, resolve(folder), (formats,) if isinstance(formats, str) else formats)

    def save(self, path: str | Path) -> None:
        """Write all of the trial into one file, from which `load` gives it back bit for bit; raises OutputError."""
        save(self, resolve(path))

    @staticmethod
    def load(path: str | Path) -> "Trial":
        """Return a trial from the file that `save` or `--formats trial` wrote, or from the folder of results that holds it.

        Raises InputError for what is damaged, foreign, or of a later version.
        """
        place = resolve(path)
        if kind_of(place) != "folder":
            return load(Trial, place)
        found = sorted(place.glob(f"*{ENDING}"))
        if len(found) != 1:
            names = f"{len(found)} files {', '.join(one.name for one in found)}" if found else f"no file *{ENDING}"
            todo = "name one of them" if found else "analyze with --formats trial, or Trial.save"
            raise InputError(f"{legible(path)} holds {names}: {todo}")
        return load(Trial, found[0])

    def __repr__(self) -> str:
        account, counted = self.provenance, Counter[str](note.severity for note in self.provenance.notes)
        height = self.subject.height
        size = f"{account.video.width_px}×{account.video.height_px}"
        notes = ", ".join(f"{counted[severity]} {severity}" for severity in SEVERITIES)
        return (
            f"<Trial {legible(self.name)}: person {account.person} of {max(len(account.persons), 1)}"
            f"{'' if height is None else f', {height:.2f} m'}, {account.estimator}, lifter {account.lifter}\n"
            f" {len(self.pose.time)} frames, {account.video.duration_s:.2f} s at {account.video.fps:.4g} fps, {size}\n"
            f" notes (trial.provenance.notes): {notes}\n"
            ' next: trial.angles["left_knee_flexion"].deg, trial.table("joint_angles"), trial.tables, trial.write(folder)>'
        )
