"""What several tests need: a known walk seen by a known camera, a trial made by hand, a clip without people in it."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from commands import Done, status_of, undone
from parity.published import state_of
from posedetector.account import (
    CalibrationRecord,
    CleaningRecord,
    KinematicsRecord,
    LandmarkShares,
    Provenance,
    RefinementRecord,
    VideoRecord,
)
from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
from posedetector.kinematics import study
from posedetector.pose import Array, Keypoints, MetricPose, PersonPose, Source, Spread
from posedetector.skeletons import Skeleton
from posedetector.subject import Subject
from posedetector.tracking import Track, Tracks, track
from posedetector.trial import Trial
from remembering import Remembering

# What tests of an extra, or of the group of oracles, import. The group `dev` brings none of it: they are skipped there, and
# CI runs them alone (`-m extra`) where all of it is.
EXTRAS = {
    "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "openmmlab": ("mmcv", "mmdet", "mmengine", "mmpose"),
    "opensim": ("onnxruntime", "opensim"),
    "oracles": ("pingouin", "skimage", "statsmodels"),
    "browser": ("playwright",),
}
SYNC = "uv sync --all-extras --all-groups"


def missing_of(extra: str) -> list[str]:
    missing = [name for name in EXTRAS[extra] if find_spec(name) is None]
    if extra == "browser" and chromium() is None:
        missing.append("chromium (of the distribution: apt install chromium)")
    return missing


def chromium() -> str | None:
    """Return where the distribution's browser is; Playwright's own is not used."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two processes for all tests; none where files are named, which would wait for them longer than they save."""
    return 2 if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


def pytest_configure(config: pytest.Config) -> None:
    if (
        config.option.numprocesses
    ):  # their threads would wait for each other; read by each when its libraries are loaded
        os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if config.option.markexpr == "extra" and (missing := [name for extra in EXTRAS for name in missing_of(extra)]):
        raise pytest.UsageError(f"{', '.join(missing)} missing: {SYNC}, on Python < 3.13")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("extra"):
        if missing := missing_of(mark.args[0]):
            pytest.skip(f"NOT TESTED: {', '.join(missing)} missing; {SYNC}")


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or fills the cache of whoever runs it."""
    folder = tmp_path / "posedetector-home"
    monkeypatch.setenv("POSEDETECTOR_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def checkpoints_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nor what lies in `checkpoints/` of this checkout."""
    folder = tmp_path / "posedetector-checkpoints"
    monkeypatch.setattr("posedetector.weights.CHECKPOINTS", folder)
    return folder


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Several threads would wait for each other longer than such small networks take."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Done]]:
    """Run `posedetector …` in this process; what the command does to it is undone."""
    with undone():
        yield lambda *arguments: Done(status_of(*arguments), *capfd.readouterr())


@pytest.fixture(scope="module")
def each_clip_once() -> Iterator[None]:
    """Analyses of a clip share what MediaPipe found in it, within the session; all that follows is done each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("posedetector.estimators.mediapipe.MediaPipe", Remembering)
        yield


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Checkpoints of networks as large as the published ones, by name; each is filled and written once."""
    folder = tmp_path_factory.mktemp("published")

    def written(name: str) -> Path:
        path = folder / f"{name}.pth"
        if not path.exists():
            meta = {"dataset_meta": {"sigmas": np.ones(3)}, "epoch": 270}
            torch.save({"meta": meta, "state_dict": state_of(name)}, path)
        return path

    return written


@dataclass(frozen=True)
class Walk:
    """What the camera reports and what is true: world frame as in `Walker`, laboratory frame as in `MetricPose`."""

    keypoints: Keypoints
    walker: Walker
    camera: PinholeCamera

    @property
    def world(self) -> Array:
        return self.walker.positions(self.keypoints.time)

    @property
    def lab(self) -> Array:
        """X towards the camera, Y up, Z to the viewer's left; origin below the first middle of the hips."""
        world = self.world
        hips = world[0, self.keypoints.skeleton.indices("left_hip", "right_hip")].mean(axis=0)
        x, y, z = np.moveaxis(world - hips * [1.0, 0.0, 1.0], -1, 0)
        return np.stack([z, y, -x], axis=-1)


@pytest.fixture(scope="session")
def walk() -> Callable[..., Walk]:
    def make(
        walker: Walker | None = None,
        camera: PinholeCamera | None = None,
        *,
        frames: int = 120,
        rate: float = 60.0,
        noise: float = 0.0,
        dropout: float = 0.0,
    ) -> Walk:
        walker, camera = walker or Walker(), camera or PinholeCamera()
        estimator = Synthetic((walker,), camera, noise=noise, dropout=dropout)
        pictures = list(estimator.frames(frames, rate))
        seen = zip((one.time for one in pictures), estimator.estimate(pictures), strict=True)
        tracks = track(seen, skeleton=estimator.skeleton, image_size=camera.size)
        return Walk(tracks.keypoints(), walker, camera)

    return make


@pytest.fixture(scope="session")
def blank_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """45 grey pictures of 640×360 at 30 per second."""
    path = tmp_path_factory.mktemp("clips") / "blank.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(30))
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for _ in range(45):
            picture = av.VideoFrame.from_ndarray(np.full((360, 640, 3), 127, np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


PAIR = Skeleton("pair", ("left_knee", "right_knee"), (-1, -1))


@pytest.fixture
def trial() -> Trial:
    """Two knees in three frames.

    left_knee is at (1.1, 2.2, 3.3), (1.2, 2.2, 3.3), (1.3, 2.2, 3.3) metres, measured, then interpolated, then measured;
    right_knee at (0.5, 2, 3.25) mirrored in frame 0, and never again.
    """
    nan = np.nan
    time = np.array([0.0, 0.5, 1.25])
    m, i, r, n = Source.MEASURED, Source.INTERPOLATED, Source.MIRRORED, Source.NONE
    source = np.array([[m, r], [i, n], [m, n]], np.uint8)
    score = np.array([[0.9, 0.45], [0.8, 0.0], [0.7, 0.0]])
    pose = MetricPose(
        skeleton=PAIR,
        time=time,
        xyz=np.array(
            [[[0.1, 0.2, 0.3], [-0.5, 0.0, 0.25]], [[0.1, 0.2, 0.3], [nan] * 3], [[0.1, 0.2, 0.3], [nan] * 3]]
        ),
        score=score,
        source=source,
        root=np.array([[1.0, 2.0, 3.0], [1.1, 2.0, 3.0], [1.2, 2.0, 3.0]]),
    )
    keypoints = Keypoints(
        skeleton=PAIR,
        time=time,
        xy=np.array([[[10.0, 20.0], [nan, nan]], [[11.0, 21.5], [nan, nan]], [[12.0, 22.0], [nan, nan]]]),
        score=np.array([[0.9, 0.0], [0.8, 0.0], [0.7, 0.0]]),
        source=np.array([[m, n], [i, n], [m, n]], np.uint8),
        xyz=None,
        image_size=(640, 360),
    )
    boxes = ([5.0, 10.0, 15.0, 30.0], [7.0, 12.0, 17.0, 32.0])
    poses = [
        PersonPose(np.array(box), keypoints.xy[row], keypoints.score[row])
        for row, box in zip((0, 2), boxes, strict=True)
    ]
    tracks = Tracks(time, [Track([0, 2], poses)], (640, 360), PAIR)
    provenance = Provenance(
        posedetector="0",
        created="2024-01-01T00:00:00+00:00",
        command=["posedetector"],
        versions={},
        video=VideoRecord(
            source="knees.mp4", width_px=640, height_px=360, frames=3, frames_expected=3, fps=1.6, duration_s=1.25
        ),
        estimator="synthetic",
        lifter="native",
        estimating="none",
        lifting="none",
        networks=[],
        subject=Subject(height=1.75),
        tracking="similarity",
        persons=[],
        person=1,
        online=False,
        cleaning=CleaningRecord(
            min_score=0.2, max_gap_s=0.25, doubtful_points_dropped=0, outliers_dropped=0, frames_with_swapped_sides=0
        ),
        calibration=CalibrationRecord(
            scale=1.0,
            scale_spread=0.0,
            scale_from="stature",
            implied_height_m=None,
            tilt_deg=0.0,
            vertical_from="the camera",
            floor_from="the lowest foot",
            focal_length_px=550.0,
            focal_length_assumed=True,
            camera_position_m=(4.5, 1.1, 0.0),
            camera_to_laboratory=((0.0, 0.0, -1.0), (0.0, -1.0, 0.0), (-1.0, 0.0, 0.0)),
        ),
        refinement=RefinementRecord(
            done="off",
            frames=0,
            terms={},
            reprojection_share=None,
            focal_length_start_px=None,
            focal_length_sd_share=None,
            segment_lengths_m={},
            spread="none",
        ),
        smoothing="off",
        kinematics=KinematicsRecord(pelvis="hips", gait="none", repetitions=0, masses="none"),
        bone_lengths_m={},
        landmarks={
            "left_knee": LandmarkShares(
                measured=0.6667, lifted=0, carried=0, augmented=0, interpolated=0.3333, mirrored=0
            ),
            "right_knee": LandmarkShares(measured=0, lifted=0, carried=0, augmented=0, interpolated=0, mirrored=0.3333),
        },
        notes=[],
    )
    return Trial("knees", keypoints, pose, provenance, tracks, study(pose, provenance.subject))


def with_pose(trial: Trial, pose: MetricPose) -> Trial:
    """Return the trial with another pose, and what follows from it."""
    return replace(trial, pose=pose, kinematics=study(pose, trial.subject))


@pytest.fixture
def fitted(trial: Trial) -> Trial:
    """The two knees with a spread: (10, 20, 30) mm in frame 0, unknown in frame 1, (40, 50, 60) mm in frame 2."""
    points = np.repeat([[[0.01, 0.02, 0.03]], [[np.nan] * 3], [[0.04, 0.05, 0.06]]], 2, axis=1)
    return with_pose(trial, replace(trial.pose, spread=Spread(points, {})))


LEG = Skeleton("leg", ("left_shoulder", "left_hip", "left_knee", "left_ankle"), (1, -1, 1, 2))


@pytest.fixture
def bent(trial: Trial) -> Trial:
    """A left leg at 0, 0.5 and 1.25 s: straight, then its knee bent by 90° (sd 2°), then without its ankle.

    The fit knows every knee's deviation (2°), and no hip's.
    """
    ankles = [[0.0, -0.8, 0.0], [-0.4, -0.4, 0.0], [np.nan] * 3]
    xyz = np.array([[[0.0, 0.5, 0.0], [0.0, 0.0, 0.0], [0.0, -0.4, 0.0], ankle] for ankle in ankles])
    source = np.where(np.isfinite(xyz[..., 0]), Source.MEASURED, Source.NONE).astype(np.uint8)
    spread = Spread(np.full(xyz.shape, 0.01), {"left_knee_flexion": np.full(3, np.radians(2.0))})
    time, root = trial.pose.time, trial.pose.root
    return with_pose(trial, MetricPose(LEG, time, xyz, (source > 0).astype(float), source, root, spread))
