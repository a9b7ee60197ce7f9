"""Lifters on the datasets that their papers report: Human3.6M, HumanEva-I, MPI-INF-3DHP.

No data ships. The files are those that their users have: VideoPose3D's `data_2d_*.npz` and `data_3d_*.npz`, P-STMO's
`data_test_3dhp.npz`, or the folders TS1 … TS6 of MPI-INF-3DHP with `annot_data.mat`. Where the 3D is in the room's frame
of reference, the cameras' poses are needed to bring it into the camera's; they belong to the datasets, so the person
names the file that has them: VideoPose3D's own `h36m_dataset.py`, which is read as data and not run, or JSON.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posedetector.errors import InputError
from posedetector.evaluation.cameras import View, read_cameras
from posedetector.evaluation.comparison import Evaluation, made
from posedetector.evaluation.matching import match
from posedetector.evaluation.protocols import Protocol
from posedetector.evaluation.scores import Scores, score
from posedetector.lifters import Lifter
from posedetector.motion import Motion
from posedetector.pose import Array, Keypoints, Source, finite
from posedetector.readers.npz import H36M_32_TO_17, load
from posedetector.skeletons import COCO_17, H36M_17, HUMANEVA_15, MPI_INF_3DHP_17, Skeleton

PROTOCOL_OF = {H36M_17.name: "h36m1", HUMANEVA_15.name: "humaneva", MPI_INF_3DHP_17.name: "3dhp"}
_OWN_ROOT = "predictions are taken from their own root; the published scripts take them as the network puts them"
_AWAY = 2  # the axis along which a camera looks
_PIXELS = {"TS5": (1920, 1080), "TS6": (1920, 1080)}  # MPI-INF-3DHP's outdoor pictures; the others are square
_SQUARE = (2048, 2048)
_MILLIMETRES = 0.001
_ACTIVITIES = ("Standing/Walking", "Exercising", "Sitting", "Reaching/Crouching", "On the floor", "Sports", "Misc.")


@dataclass(frozen=True, eq=False)
class Sequence:
    """One camera's view: its 2D, and the 3D in that camera's frame, moment by moment.

    Attributes
    ----------
    take : of what motion it is a view; cameras that see the same are no independent trials.
    parts : what is scored apart: the name of a trial, of its action, and its frames (T,).
    """

    take: str
    keypoints: Keypoints
    reference: Motion
    parts: tuple[tuple[str, str, NDArray[np.bool_]], ...]


def evaluate_lifters(lifters: Mapping[str, Lifter], clips: Iterable[Sequence], protocol: Protocol) -> Evaluation:
    """Lift every sequence with every lifter, and score it; figures are averaged over actions.

    The prediction is taken from its own root, like the reference; the published scripts trust the network to put it at 0.
    Intervals take the takes as drawn, all cameras of one together; few people did them all.
    """
    scores: list[Scores] = []
    notes: dict[str, int] = {}
    for clip in clips:
        for name, lifter in lifters.items():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                lifted = lifter.lift(clip.keypoints)
            for warning in caught:
                notes[str(warning.message)] = notes.get(str(warning.message), 0) + 1
            motion = Motion(lifted.skeleton, lifted.time, lifted.xyz, _AWAY)
            for trial, action, rows in clip.parts:
                matched = match(_only(motion, rows), _only(clip.reference, rows), protocol)
                done = action if protocol.by_action else ""
                scores.append(score(name, trial, matched, protocol, action=done, cluster=clip.take))
    if not scores:
        raise InputError("there is not one sequence to evaluate")
    ordered = sorted(scores, key=lambda one: list(lifters).index(one.system))
    methods = [f"{name}: {lifter.method}" for name, lifter in lifters.items()]
    doubts = [f"in {count} sequences: {note}" for note, count in notes.items()]
    facts = dict.fromkeys(f"{one.system}: {note}" for one in ordered for note in one.notes)
    return made(ordered, (*methods, _OWN_ROOT, *facts, *doubts), protocol)


def _only(motion: Motion, rows: NDArray[np.bool_]) -> Motion:
    return Motion(motion.skeleton, motion.time[rows], motion.xyz[rows], motion.depth_axis)


def sequences(
    path_2d: Path,
    path_3d: Path,
    *,
    cameras: Path | None = None,
    subjects: list[str] | None = None,
    rate: float | None = None,
) -> list[Sequence]:
    """Return the test set's sequences.

    Parameters
    ----------
    cameras : the file with the cameras' poses; MPI-INF-3DHP needs none.
    subjects : S9 and S11 for Human3.6M, `Validate/` for HumanEva, everybody for MPI-INF-3DHP, unless others are named.
    rate : frames a second; 50 for Human3.6M, 60 for HumanEva. MPI-INF-3DHP's files do not say.

    Raises
    ------
    InputError
        If a file is missing, damaged or of another layout, or 2D and 3D do not fit together.
    """
    for path in (path_2d, path_3d, *([cameras] if cameras else [])):
        if not path.exists():
            raise InputError(f"there is no file or folder {path}")
    if path_3d.is_dir() or "data" in (content := load(path_3d)):
        if path_2d != path_3d:
            raise InputError(f"{path_3d} has 2D and 3D: give it alone, without {path_2d}")
        tests = _read_mat(path_3d) if path_3d.is_dir() else content["data"]
        if not isinstance(tests, dict):
            raise InputError(f"{path_3d}: data must be a dictionary of TS1, TS2, …")
        return _mpi_inf_3dhp(tests, path_3d, subjects, rate)
    if not path_2d.is_file():
        raise InputError(f"{path_2d} is a folder; the 2D is an npz file")
    flat = load(path_2d)
    for path, key, there in ((path_3d, "positions_3d", content), (path_2d, "positions_2d", flat)):
        actions = there.get(key)
        if not isinstance(actions, dict) or not all(isinstance(one, dict) for one in actions.values()):
            raise InputError(f"{path} has no {key}, subject by subject and action by action; it has {', '.join(there)}")
    if cameras is None:
        raise InputError(
            f"{path_3d} is in the room's frame of reference: `cameras` says where the cameras stand; VideoPose3D's "
            "common/h36m_dataset.py or common/humaneva_dataset.py has it",
            field="cameras",
        )
    return _videopose3d(flat, content["positions_3d"], read_cameras(cameras), subjects, rate, (path_2d, path_3d))


def _videopose3d(
    flat: dict[str, Any],
    positions: dict[str, dict[str, Any]],
    cameras: dict[str, list[View | None]],
    subjects: list[str] | None,
    rate: float | None,
    files: tuple[Path, Path],
) -> list[Sequence]:
    layout = _layout_2d(flat, files[0])
    wanted = subjects or _test_subjects(positions)
    if absent := [subject for subject in wanted if subject not in positions or subject not in flat["positions_2d"]]:
        raise InputError(
            f"{', '.join(absent)} is not in both files; the 3D one has {', '.join(positions)} (`subjects` says whom)",
            field="subjects",
        )
    result = []
    for subject in wanted:
        views = cameras.get(subject.rsplit("/", maxsplit=1)[-1], [])
        for action, pictures in flat["positions_2d"][subject].items():
            name = f"{subject}/{action}"
            if action not in positions[subject]:
                raise InputError(f"{files[1]} has no {name}, of which {files[0]} has the 2D")
            world, skeleton, usual = _world(positions[subject][action], name)
            for number, (xy, view) in enumerate(_seen(pictures, views, layout, len(world), name)):
                solid = (skeleton, (world - view.position) @ view.rotation.T)
                parts = ((f"{name}/camera {number}", action.split(" ")[0], np.ones(len(world), bool)),)
                result.append(_sequence(name, (layout, xy, view.size), solid, rate or usual, parts))
    return result


def _seen(
    pictures: Any, views: list[View | None], layout: Skeleton, frames: int, name: str
) -> Iterator[tuple[Array, View]]:
    """Yield each camera's 2D (T, J, 2), without superfluous frames at the end, and where the camera stands."""
    for number, picture in enumerate(pictures):
        view = views[number] if number < len(views) else None
        if view is None:
            raise InputError(f"{name}: where camera {number} stands is not in the cameras' file")
        try:
            xy = np.asarray(picture, float)[:frames, :, :2]
        except (IndexError, TypeError, ValueError) as error:
            raise InputError(f"{name}, camera {number}: no 2D points: {error}") from error
        if xy.shape != (frames, len(layout), 2):
            raise InputError(
                f"{name}, camera {number}: the 2D must be ({frames}, {len(layout)}, 2), as the 3D has {frames} frames; "
                f"got {xy.shape}"
            )
        yield xy, view


def _test_subjects(positions: dict[str, Any]) -> list[str]:
    validate = [subject for subject in positions if subject.startswith("Validate/")]
    return validate or ["S9", "S11"]


def _layout_2d(flat: dict[str, Any], path: Path) -> Skeleton:
    metadata = flat.get("metadata")
    name = metadata.get("layout_name") if isinstance(metadata, dict) else None
    layouts = {"coco": COCO_17, "h36m": H36M_17, "humaneva15": HUMANEVA_15}
    if name not in layouts:
        raise InputError(f"{path}: its metadata has the layout {name!r}; known are {', '.join(layouts)}")
    return layouts[name]


def _world(positions: Any, name: str) -> tuple[Array, Skeleton, float]:
    """Return positions, their skeleton and its dataset's rate."""
    try:
        xyz = np.asarray(positions, float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: no 3D positions: {error}") from error
    if xyz.ndim != 3 or xyz.shape[-1] != 3 or xyz.shape[1] not in (15, 17, 32):
        raise InputError(f"{name}: 3D must be (T, 15 | 17 | 32, 3), got {xyz.shape}")
    if xyz.shape[1] == 15:
        return xyz, HUMANEVA_15, 60.0
    return (xyz[:, H36M_32_TO_17] if xyz.shape[1] == 32 else xyz), H36M_17, 50.0


def _sequence(
    take: str,
    flat: tuple[Skeleton, Array, tuple[int, int]],
    solid: tuple[Skeleton, Array],
    rate: float,
    parts: tuple[tuple[str, str, NDArray[np.bool_]], ...],
) -> Sequence:
    layout, xy, size = flat
    time = np.arange(len(xy)) / rate
    seen = finite(xy)
    keypoints = Keypoints(
        skeleton=layout,
        time=time,
        xy=np.where(seen[..., None], xy, np.nan),
        score=seen.astype(float),
        source=np.where(seen, np.uint8(Source.MEASURED), np.uint8(Source.NONE)),
        xyz=None,
        image_size=size,
    )
    return Sequence(take, keypoints, Motion(solid[0], time, solid[1], _AWAY), parts)


def _mpi_inf_3dhp(
    tests: dict[str, dict[str, Any]], path: Path, subjects: list[str] | None, rate: float | None
) -> list[Sequence]:
    if rate is None:
        raise InputError(f"{path} does not say how many frames a second it has; `rate` does", field="rate")
    if absent := [subject for subject in subjects or [] if subject not in tests]:
        raise InputError(f"{path} has no {', '.join(absent)}; it has {', '.join(tests)}")
    result = []
    for test in subjects or tests:
        try:
            xy, xyz = (np.asarray(tests[test][key], float) for key in ("data_2d", "data_3d"))
            valid = np.asarray(tests[test]["valid"], bool).reshape(-1)
            activity = np.asarray(tests[test].get("activity", np.zeros(len(xy))), int).reshape(-1)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path}: {test} lacks {error}") from error
        if xy.shape != (len(valid), 17, 2) or xyz.shape != (len(valid), 17, 3) or len(activity) != len(valid):
            raise InputError(f"{path}: {test} must have (T, 17, 2) and (T, 17, 3), got {xy.shape} and {xyz.shape}")
        size = _PIXELS.get(test, _SQUARE)
        parts = []
        for number in np.unique(activity[valid]):
            action = _ACTIVITIES[number - 1] if 1 <= number <= len(_ACTIVITIES) else test
            parts.append((f"{test}/{action}" if number else test, action, valid & (activity == number)))
        if parts:
            solid = (MPI_INF_3DHP_17, xyz * _MILLIMETRES)
            result.append(_sequence(test, (MPI_INF_3DHP_17, xy, size), solid, rate, tuple(parts)))
    return result


def _read_mat(folder: Path) -> dict[str, dict[str, Any]]:
    """Read TS*/annot_data.mat, which is HDF5; the 3D is the one scaled to the same skeleton, as the test set's own."""
    try:
        import h5py
    except ImportError as error:
        raise InputError(
            "annot_data.mat is HDF5: `uv run --extra datasets …` in place of `uv run …` installs what reads it"
        ) from error
    files = sorted(folder.glob("TS*/annot_data.mat"))
    if not files:
        raise InputError(f"{folder} has no TS1/annot_data.mat")
    tests = {}
    for file in files:
        try:
            with h5py.File(file) as content:
                tests[file.parent.name] = {
                    "data_2d": np.asarray(content["annot2"]).reshape(-1, 17, 2),
                    "data_3d": np.asarray(content["univ_annot3"]).reshape(-1, 17, 3),
                    "valid": np.asarray(content["valid_frame"]).reshape(-1) > 0,
                    "activity": np.asarray(content["activity_annotation"]).reshape(-1),
                }
        except (OSError, KeyError, ValueError) as error:
            raise InputError(f"{file} cannot be read: {error}") from error
    return tests
