"""What a lens does to angles and paths, and what its calibration file mends: a known walker before a known lens.

    uv run python benchmarks/lens.py

The walker passes at 2.2 m from the camera, from one side of the picture to the other, with 1 px of noise. The same points are
seen by a pinhole camera of the same focal length; how far the others are from what is made of that is what the lens costs.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from posedetector import Settings, Subject, Trial
from posedetector.boxes import box_of
from posedetector.estimators import ESTIMATORS, EstimatorContext, EstimatorSettings
from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
from posedetector.lenses import FISHEYE, RADIAL, Lens
from posedetector.pipeline import analyze
from posedetector.pose import Array, Frame, PersonPose, finite

SIZE = (1920, 1080)
FRAMES, RATE = 90, 30
DISTANCE = 2.2  # metres
MIDDLE = (959.5, 539.5)
LENSES = {
    "80°, k1 −0.25": Lens("action", RADIAL, SIZE, (1290.0, 1290.0), MIDDLE, (-0.25, 0.08, 0.0, 0.0)),
    "110°, k1 −0.25": Lens("wide", RADIAL, SIZE, (963.0, 963.0), MIDDLE, (-0.25, 0.05, 0.0, 0.0)),
    "110°, k1 −0.25, off centre": Lens("odd", RADIAL, SIZE, (963.0, 970.0), (1010.0, 500.0), (-0.25, 0.05, 0.001, -0.002)),
    "130° fisheye": Lens("fish", FISHEYE, SIZE, (870.0, 870.0), MIDDLE, (-0.02, 0.003, -0.001, 0.0)),
}  # fmt: skip
ANGLES = ("hip_flexion", "knee_flexion", "ankle_dorsiflexion", "hip_adduction", "trunk_side_bend")


class Filmed(Synthetic):
    """The walker as a lens shows him; or, without one, the same points as a pinhole camera would."""

    def __init__(self, lens: Lens, *, bent: bool, noise: float = 1.0) -> None:
        camera = PinholeCamera(lens.focal_length, SIZE, (0.0, 1.1, DISTANCE))
        walker = Walker(start=(-1.35, 0.0))
        super().__init__(walkers=(walker,), camera=camera, noise=noise)
        object.__setattr__(self, "_lens", lens)
        object.__setattr__(self, "_bent", bent)

    def estimate(self, frames: Iterable[Frame]) -> Iterator[list[PersonPose]]:  # type: ignore[override]
        """Yield the walker, as far as the real picture has him."""
        lens: Lens = self._lens  # type: ignore[attr-defined]
        random = np.random.default_rng(0)
        for frame in frames:
            person = self.walkers[0].positions(np.array([frame.time]))[0]
            straight = self.camera.project(person)
            noise = self.noise * random.standard_normal(straight.shape)
            real = lens.to_picture(straight) + noise
            seen = finite(real) & (real >= 0).all(axis=1) & (real < SIZE).all(axis=1)
            xy = real if self._bent else straight + noise  # type: ignore[attr-defined]
            view = self.camera.view(person)
            hips = self.skeleton.indices("left_hip", "right_hip")
            xyz = self.model_scale * (view - view[hips].mean(axis=0))
            if seen.mean() < 0.5:
                yield []
                continue
            yield [
                PersonPose(
                    bbox=box_of(np.where(seen[:, None], xy, np.nan)),
                    xy=np.where(seen[:, None], xy, np.nan),
                    score=seen.astype(float),
                    xyz=np.where(seen[:, None], xyz, np.nan),
                )
            ]


def write_clip(path: Path, frames: int = FRAMES, size: tuple[int, int] = SIZE) -> Path:
    """Write grey pictures: nobody looks at them."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), 127, np.uint8), format="rgb24")
        for number in range(frames):
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def write_calibration(path: Path, lens: Lens) -> Path:
    """Write the lens as Pose2Sim does."""
    (fx, fy), (cx, cy) = lens.focal, lens.principal_point
    path.write_text(
        f"[cam]\nname = '{lens.camera}'\nsize = [{SIZE[0]}.0, {SIZE[1]}.0]\n"
        f"matrix = [[{fx}, 0.0, {cx}], [0.0, {fy}, {cy}], [0.0, 0.0, 1.0]]\n"
        f"distortions = {list(lens.distortion)}\nrotation = [0.0, 0.0, 0.0]\ntranslation = [0.0, 0.0, 0.0]\n"
        f"fisheye = {str(lens.model == FISHEYE).lower()}\n"
    )
    return path


def fov_of(lens: Lens) -> float:
    """Return the degrees that the picture spans from left to right, as a data sheet says."""
    ends = lens.to_ideal(np.array([[0.0, SIZE[1] / 2], [float(SIZE[0]), SIZE[1] / 2]]))[:, 0] - SIZE[0] / 2
    return float(np.degrees(np.abs(np.arctan(ends / lens.focal_length)).sum()))


def off(trial: Trial, right: Trial) -> dict[str, float]:
    """Return mean absolute differences of angles in degrees, and of speed and path in per cent."""
    columns = [
        [
            row
            for row, name in enumerate(trial.kinematics.angles.names)
            if name.removeprefix("left_").removeprefix("right_") == one
        ]
        for one in ANGLES
    ]
    apart = np.degrees(np.abs(trial.kinematics.angles.values - right.kinematics.angles.values))
    result = {name: float(np.nanmean(apart[:, rows])) for name, rows in zip(ANGLES, columns, strict=True)}
    return result | {
        "largest knee": float(np.nanmax(apart[:, columns[1]])),
        "path %": 100 * (length(trial) / length(right) - 1),
    }


def length(trial: Trial) -> float:
    """Return how far the hips came, metres."""
    path: Array = trial.pose.root[finite(trial.pose.root)]
    return float(np.linalg.norm(path[-1] - path[0]))


def filming(make: Callable[[], Filmed]) -> type[EstimatorSettings]:
    """Return settings of an estimator that is made so."""

    class Made(EstimatorSettings):
        name: str = "filmed"

        def make(self, context: EstimatorContext) -> Filmed:
            del context
            return make()

    return Made


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--noise", type=float, default=1.0, help="px")
    noise = parser.parse_args().noise
    print("| lens | depth from | camera | " + " | ".join(ANGLES) + " | largest knee | path % |")
    print("|---" * (len(ANGLES) + 5) + "|")
    with TemporaryDirectory() as folder:
        clip = write_clip(Path(folder) / "clip.mp4")
        for name, lens in LENSES.items():
            file = write_calibration(Path(folder) / f"{lens.camera}.toml", lens)
            for bent, called in ((True, "bent"), (False, "straight")):
                ESTIMATORS[called] = filming(lambda lens=lens, bent=bent: Filmed(lens, bent=bent, noise=noise))
            for lifter in ("native", "videopose3d"):
                usual = Settings(
                    video=str(clip), subject=Subject(height=1.75), estimator="straight", lifter=lifter,
                    focal_length=lens.focal_length,
                )  # fmt: skip
                right = analyze(usual)
                ways = {
                    "the file": {"focal_length": None, "calibration": file},
                    f"--fov {fov_of(lens):.0f}": {"focal_length": None, "fov": fov_of(lens)},
                    "nothing": {"focal_length": None},
                }
                for way, values in ways.items():
                    trial = analyze(usual.model_copy(update={"estimator": "bent"} | values))
                    figures = off(trial, right)
                    print(
                        f"| {name} | {lifter} | {way} | " + " | ".join(f"{one:.2f}" for one in figures.values()) + " |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
