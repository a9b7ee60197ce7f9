"""What a page is made of: the clip's motion, its angles and its small tables, of a trial or of a folder of results.

Both ways lead to the same numbers: those of the tables, in the units of the files.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from posedetector.account import PROVENANCE, Provenance
from posedetector.errors import InputError
from posedetector.kinematics.nouns import Grade
from posedetector.pose import Array, ByteArray, Noun, Source, finite, settle, settle_each, settle_mappings, settle_time
from posedetector.tables import table_of
from posedetector.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

OVERLAYS = ("overlay.mp4", "overlay.png")  # of a video, of a single picture
SMALL_TABLES = (
    *("angle_definitions", "gait_events", "gait_parameters", "gait_cycles", "gait_cycle_means"),
    *("repetitions", "summary"),
)
_MAY_LACK = {*SMALL_TABLES} - {"angle_definitions", "summary"}
# columns that a page reads
_WORDS: dict[str, tuple[str, ...]] = {
    "landmarks": ("landmark", "source"),
    "joint_angles": (),
    "angle_definitions": ("angle", "quality", "reason"),
    "gait_events": ("event", "side"),
    "gait_parameters": ("quantity", "side", "unit", "definition"),
    "gait_cycles": ("side",),
    "gait_cycle_means": ("side",),
    "repetitions": ("movement",),
    "summary": ("quantity", "side", "definition", "quality", "reason"),
}
_NUMBERS: dict[str, tuple[str, ...]] = {
    "landmarks": ("timestamp_s", "x_m", "y_m", "z_m"),
    "joint_angles": ("frame_index", "timestamp_s"),
    "angle_definitions": ("typical_sd_deg",),
    "gait_events": ("timestamp_s",),
    "gait_parameters": ("value", "sd", "n", "error_sd", "low_90", "high_90"),
    "gait_cycles": ("cycle", "start_s", "end_s", "percent"),
    "gait_cycle_means": ("cycles", "percent"),
    "repetitions": ("start_s", "turn_s", "end_s", "down_s", "up_s", "duration_s", "depth_m", "knee_flexion_deg"),
    "summary": ("value", "sd", "n", "low_90", "high_90"),
}
_ENDINGS = ("_deg", "_sd_deg")  # of the angles' columns
_LABELS = {source.label: source.value for source in Source}


@dataclass(frozen=True, slots=True, eq=False)
class Results(Noun):
    """One clip's results, in the units of the files.

    Attributes
    ----------
    time : (T,) seconds from the video's first frame.
    frames : (T,) the frames' numbers in the video, from 0.
    points : (P,) names of the landmarks.
    positions : (T, P, 3) metres, laboratory frame; NaN where missing.
    source : (T, P) uint8, a `Source` each.
    angles, angles_sd : by name, (T,) degrees; NaN where missing or unknown.
    tables : the small ones, by name, as in the files.
    overlay : file name of the overlay, a video or a picture, beside the page; or None.
    """

    name: str
    account: Provenance
    time: Array
    frames: NDArray[np.int64]
    points: tuple[str, ...]
    positions: Array
    source: ByteArray
    angles: Mapping[str, Array]
    angles_sd: Mapping[str, Array]
    tables: Mapping[str, "pd.DataFrame"]
    overlay: str | None

    @property
    def grades(self) -> dict[str, Grade]:
        """By angle, how far it can be trusted."""
        return grades_of(self.tables["angle_definitions"])

    def __post_init__(self) -> None:
        shape = settle_time(self), len(self.points)
        settle(self, positions=(*shape, 3))
        settle(self, np.uint8, source=shape)
        settle(self, np.int64, frames=shape[:1])
        settle_each(self, angles=shape[:1], angles_sd=shape[:1])
        settle_mappings(self, "tables")


def grades_of(table: "pd.DataFrame") -> dict[str, Grade]:
    """Return by angle how far it can be trusted, from the table angle_definitions; those that nobody graded are not there."""
    graded = table[table["quality"].notna()]
    columns = (graded["angle"], graded["quality"], graded["reason"].fillna(""), np.radians(graded["typical_sd_deg"]))
    return {name: Grade(quality, str(reason), float(sd)) for name, quality, reason, sd in zip(*columns, strict=True)}


def results_of(trial: Trial) -> Results:
    """Return the results of a trial that was just analysed."""
    pose, angles = trial.pose, trial.kinematics.angles
    known = finite(pose.positions)
    return Results(
        name=trial.name,
        account=trial.provenance,
        time=pose.time,
        frames=trial.frame_numbers,
        points=pose.skeleton.points,
        positions=np.where(known[..., None], pose.positions, np.nan),
        source=np.where(known, pose.source, np.uint8(Source.NONE)),
        angles=dict(zip(angles.names, np.degrees(angles.values).T, strict=True)),
        angles_sd=dict(zip(angles.names, np.degrees(angles.sd).T, strict=True)),
        tables={name: table_of(trial, name) for name in SMALL_TABLES},
        overlay=next((name for name in OVERLAYS if name in trial.provenance.files), None),
    )


def read_results(folder: Path) -> Results:
    """Read a folder that `analyze` wrote, from its CSV files, or its Parquet files.

    Raises
    ------
    InputError
        Where the folder holds no results, not enough of them, or some that do not belong together.
    """
    account = _account(folder)
    landmarks = _table(folder, "landmarks")
    angles = _table(folder, "joint_angles")
    points = tuple(dict.fromkeys(landmarks["landmark"]))
    shape = (len(angles), len(points))
    if not len(angles):
        raise InputError(f"joint_angles in {folder} has no frames: analyze the clip again")
    if len(landmarks) != shape[0] * shape[1]:
        raise InputError(
            f"landmarks and joint_angles in {folder} do not belong together: {len(landmarks)} rows of landmarks for "
            f"{shape[0]} frames of {shape[1]} landmarks; analyze the clip again"
        )
    sources = landmarks["source"].fillna("").map(_LABELS)
    return Results(
        name=_clip_name(folder, account),
        account=account,
        time=angles["timestamp_s"].to_numpy(float),
        frames=angles["frame_index"].to_numpy(np.int64),
        points=points,
        positions=landmarks[["x_m", "y_m", "z_m"]].to_numpy(float).reshape(*shape, 3),
        source=np.asarray(sources.fillna(Source.NONE), np.uint8).reshape(shape),
        angles=dict(_columns(angles, "_deg")),
        angles_sd=dict(_columns(angles, "_sd_deg")),
        tables={name: _table(folder, name, account) for name in SMALL_TABLES},
        overlay=next((name for name in OVERLAYS if (folder / name).is_file()), None),
    )


def _account(folder: Path) -> Provenance:
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give one that `posedetector analyze` wrote")
    try:
        text = (folder / PROVENANCE).read_text(encoding="utf-8")
        return Provenance.model_validate_json(text)
    except FileNotFoundError:
        raise InputError(
            f"{folder} holds no {PROVENANCE}: give a folder that `posedetector analyze` wrote, such as data/output/clip"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{folder / PROVENANCE} cannot be read: {error}") from error
    except ValidationError as error:
        raise InputError(
            f"{folder / PROVENANCE} is damaged or of another version{_written_by(text)}: {error.error_count()} fields do not "
            f"fit, the first is {'.'.join(map(str, error.errors()[0]['loc'])) or 'the whole'}; analyze the clip again"
        ) from None


def _written_by(text: str) -> str:
    try:
        return f" (posedetector {json.loads(text)['posedetector']})"
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _table(folder: Path, name: str, account: Provenance | None = None) -> "pd.DataFrame":
    """Read a table; with the account, one that was not written because the clip holds nothing of it is empty."""
    import pandas as pd

    for suffix in (".csv", ".parquet"):
        path = folder / f"{name}{suffix}"
        if path.is_file():
            try:
                table = pd.read_csv(path, encoding="utf-8") if suffix == ".csv" else pd.read_parquet(path)
            except (OSError, ValueError) as error:  # pandas' and pyarrow's errors are ValueErrors
                raise InputError(f"{path} cannot be read: {error}") from error
            _check(path, name, table)
            return table
    if account is not None and name in _MAY_LACK and not {f"{name}.csv", f"{name}.parquet"} & set(account.files):
        return pd.DataFrame(columns=[*_WORDS[name], *_NUMBERS[name]])
    raise InputError(
        f"{folder} holds neither {name}.csv nor {name}.parquet, of which the report is made: analyze with `formats=csv`"
    )


def _check(path: Path, name: str, table: "pd.DataFrame") -> None:
    """Raise InputError for a table without the columns that a page reads, or with words where numbers belong."""
    if missing := [column for column in (*_WORDS[name], *_NUMBERS[name]) if column not in table]:
        raise InputError(f"{path} has no column {', '.join(missing)}: analyze the clip again")
    numbers = [column for column in table if str(column).endswith(_ENDINGS) or column in _NUMBERS[name]]
    if worded := [str(column) for column in numbers if len(table) and table[column].dtype.kind not in "iufb"]:
        raise InputError(f"{path} has words where numbers belong, in column {worded[0]}: analyze the clip again")


def _columns(table: "pd.DataFrame", ending: str) -> Iterator[tuple[str, Array]]:
    """Yield each angle's column with this ending, without the ending; `_deg` is not `_sd_deg`."""
    for column in table:
        name = str(column).removesuffix(ending)
        if name != column and not name.endswith("_sd"):
            yield name, table[column].to_numpy(float)


def _clip_name(folder: Path, account: Provenance) -> str:
    """Return the clip's name: that of the files that are called after it, else the folder's."""
    named = [
        Path(file).stem for file in account.files if Path(file).suffix in {".trc", ".mot", ".c3d", ".xlsx", ".trial"}
    ]
    return named[0] if named else folder.resolve().name
