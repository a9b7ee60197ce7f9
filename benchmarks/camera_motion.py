"""A camera that moves, and a treadmill: what comes out of a clip whose camera was made to move in a known way.

The sample walk is filmed again by a virtual camera: each of its frames is warped by K R K⁻¹, which is what a camera that
turns by R sees, and encoded anew. `--make FOLDER` writes these clips; `--run FOLDER` analyses them, with the code that is
checked out, and prints a table; `--still CLIPS` tells of clips whose camera stood still what is said about it; `--cost FOLDER` tells which
share of an analysis that takes; `--treadmill` walks on belts of known speed.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from posedetector.trial import Trial

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "samples" / "walk_side.mp4"
FOCAL = 1385.6  # pixels of the sample's 1600, as assumed for it: a field of view of 60°
HEIGHT = 1.65
WIDE, NARROW = (1600, 560), (720, 560)


def rotation(pan: float, tilt: float, roll: float) -> np.ndarray:
    """(3, 3) of the still camera's axes into those of one that is turned, degrees; positive pans to the right."""
    from scipy.spatial.transform import Rotation

    return Rotation.from_euler("YXZ", [pan, tilt, roll], degrees=True).as_matrix().T


def tremor(seconds: float, seed: float) -> float:
    """Return a value in −1–1 of a shake of 1, 1.9 and 3 Hz."""
    return float(
        np.mean(
            [np.sin(2 * np.pi * hertz * seconds + seed * (1 + number)) for number, hertz in enumerate((1.0, 1.9, 3.0))]
        )
    )


def shaken(seconds: float, _: float) -> np.ndarray:
    """±3° in pan and tilt, ±1.5° in roll."""
    return rotation(4.2 * tremor(seconds, 0.3), 4.2 * tremor(seconds, 1.7), 2.1 * tremor(seconds, 2.9))


def panned(_: float, along: float) -> np.ndarray:
    """Follow the subject, who is `along` pixels beside the middle."""
    return rotation(np.degrees(np.arctan(along / FOCAL)), 0.0, 0.0)


def handheld(seconds: float, along: float) -> np.ndarray:
    """Follow the subject with a tremor of ±1°."""
    return rotation(1.4 * tremor(seconds, 0.3), 1.4 * tremor(seconds, 1.7), 0.7 * tremor(seconds, 2.9)) @ panned(
        0, along
    )


def turn(turning: Callable[[float, float], np.ndarray], size: tuple[int, int]) -> Callable[[float, float], np.ndarray]:
    """Return the homography (3, 3) of the sample's pixels into those of a camera that turns."""
    inside = np.array([[FOCAL, 0, 800], [0, FOCAL, 280], [0, 0, 1]])
    outside = np.array([[FOCAL, 0, size[0] / 2], [0, FOCAL, size[1] / 2], [0, 0, 1]])
    return lambda seconds, along: outside @ turning(seconds, along) @ np.linalg.inv(inside)


def shifted(_: float, along: float) -> np.ndarray:
    """Return the homography of a camera that is carried along past a wall: no rotation does that."""
    return np.array([[1.0, 0, 360 - 800 - along], [0, 1, 0], [0, 0, 1]])


def zoomed(seconds: float, _: float) -> np.ndarray:
    """Return the homography of a zoom by 1.3 in 4 s."""
    scale = 1 + 0.3 * seconds / 4
    return np.array([[scale, 0, 800 * (1 - scale)], [0, scale, 280 * (1 - scale)], [0, 0, 1]])


class Clip(NamedTuple):
    """A homography by time and place, the picture's size, whether the focal length is given, and the true rotation."""

    homography: Callable[[float, float], np.ndarray]
    size: tuple[int, int] = WIDE
    given: bool = False
    turning: Callable[[float, float], np.ndarray] | None = None


CLIPS: dict[str, Clip] = {
    "still": Clip(lambda _, __: np.eye(3)),
    "shaken": Clip(turn(shaken, WIDE), turning=shaken),
    "panned": Clip(turn(panned, NARROW), NARROW, given=True, turning=panned),
    "panned, focal length not given": Clip(turn(panned, NARROW), NARROW, turning=panned),
    "panned by hand": Clip(turn(handheld, NARROW), NARROW, given=True, turning=handheld),
    "carried along": Clip(shifted, NARROW, given=True),
    "zoomed": Clip(zoomed),
}


def hips() -> dict[int, float]:
    """Return by frame how far the subject of the sample is beside the middle, pixels, as found once."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        analyze(SAMPLE, Path(folder), given=False)
        points = pd.read_csv(Path(folder) / "keypoints_2d.csv")
    own = points[points["keypoint"].isin(["left_hip", "right_hip"])].groupby("frame_index")["x_px"].mean()
    return (own.interpolate().bfill().ffill().rolling(31, center=True, min_periods=1).mean() - 800).to_dict()


def make(folder: Path) -> None:
    """Write the clips."""
    import av
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    along = hips()
    with av.open(str(SAMPLE)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    (folder / "along.json").write_text(json.dumps(along))
    for name, (homography, size, *_) in CLIPS.items():
        with av.open(str(folder / f"{name.partition(',')[0]}.mp4"), "w") as target:
            stream = target.add_stream("h264", rate=Fraction(30), options={"crf": "20"})
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            for row, picture in enumerate(pictures):
                half = np.array(
                    [[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]]
                )  # OpenCV's pixels have their middle at whole numbers
                matrix = np.linalg.inv(half) @ homography(row / 30, along.get(row, 0.0)) @ half
                warped = cv2.warpPerspective(
                    picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
                )
                target.mux(stream.encode(av.VideoFrame.from_ndarray(warped, format="rgb24")))
            target.mux(stream.encode())


def analyze(video: Path, folder: Path, *, given: bool) -> "Trial":
    """Analyse a clip, write its tables, and return the trial."""
    from posedetector.pipeline import analyze_to
    from posedetector.settings import Settings
    from posedetector.subject import Subject

    focal = FOCAL if given else None
    return analyze_to(Settings(video=str(video), subject=Subject(height=HEIGHT), focal_length=focal), folder, ["csv"])


def figures(trial: "Trial") -> dict[str, float]:
    """Return speed, step length, cadence and ranges of the knees."""
    gait = {(one.name, one.side): one.value for one in trial.kinematics.gait.quantities}
    summary = {(one.name, one.side): one.value for one in trial.kinematics.summary}
    steps = [gait.get(("step_length", side), np.nan) for side in ("left", "right")]
    return {
        "speed": gait.get(("walking_speed", ""), np.nan),
        "step": float(np.nanmean(steps)) if np.isfinite(steps).any() else float("nan"),
        "cadence": gait.get(("cadence", ""), np.nan),
        "left knee": summary[("knee_flexion_range", "left")],
        "right knee": summary[("knee_flexion_range", "right")],
    }


def knees(trial: "Trial") -> np.ndarray:
    """(T, 2) flexion of the knees, degrees, without the ends, where the subject is cut by the sample's edge."""
    columns = [trial.kinematics.angles.names.index(f"{side}_knee_flexion") for side in ("left", "right")]
    return np.degrees(trial.kinematics.angles.values[12:-12, columns])  # noqa: PD011  not a DataFrame


def off(trial: "Trial", clip: Clip, along: dict[str, float]) -> float:
    """Return the root mean square angle between found and true rotations about their means, degrees."""
    rotation = getattr(getattr(trial, "camera", None), "rotation", None)
    if rotation is None or clip.turning is None:
        return float("nan")
    from scipy.spatial.transform import Rotation

    rows = [min(row, max(map(int, along))) for row in range(len(rotation))]
    true = Rotation.from_matrix([clip.turning(row / 30, along[str(at)]) for row, at in enumerate(rows)])
    apart = Rotation.from_matrix(rotation).inv() * true
    return float(np.degrees(np.sqrt(np.mean((apart * apart.mean().inv()).magnitude() ** 2))))


def run(clips: Path, only: str) -> None:
    """Print what comes out of the clips, a row each."""
    along = json.loads((clips / "along.json").read_text())
    print(
        "| clip | camera | rotation off ° | speed m/s | step m | steps/min | knee left ° | knee right ° | knees apart ° |\n"
        "|---|---|---|---|---|---|---|---|---|"
    )
    still = None
    for name, clip in {
        "still": CLIPS["still"],
        "the sample as it ships": Clip(CLIPS["still"].homography),
        **CLIPS,
    }.items():
        if only and only not in name and name != "still":
            continue
        video = SAMPLE if "sample" in name else clips / f"{name.partition(',')[0]}.mp4"
        trial = analyze(video, clips / f"results {name}", given=clip.given)
        curves = knees(trial)
        still = curves if still is None else still
        apart = float(np.sqrt(np.nanmean((curves - still) ** 2))) if curves.shape == still.shape else float("nan")
        camera = getattr(trial, "camera", None)
        values = (off(trial, clip, along), *figures(trial).values(), apart)
        said = camera.verdict if camera else "not watched"
        print(
            f"| {name} | {said} | " + " | ".join("–" if np.isnan(value) else f"{value:.3g}" for value in values) + " |",
            flush=True,
        )


def cost(clips: Path) -> None:
    """Print which share of an analysis watching the background takes: processor time, since others use the machine too."""
    from posedetector.camera_motion import Background

    spent = 0.0

    def timed(method: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*arguments: object, **named: object) -> object:
            nonlocal spent
            begun = time.thread_time()
            try:
                return method(*arguments, **named)
            finally:
                spent += time.thread_time() - begun

        return wrapped

    for name in ("see", "judge", "motion"):
        setattr(Background, name, timed(getattr(Background, name)))
    print("| clip | watching s | whole analysis, processor s | share % |\n|---|---|---|---|")
    for video in (SAMPLE, clips / "shaken.mp4", clips / "panned by hand.mp4"):
        with tempfile.TemporaryDirectory() as folder:
            spent, begun = 0.0, time.process_time()
            analyze(video, Path(folder), given=False)
        whole = time.process_time() - begun
        print(f"| {video.stem} | {spent:.2f} | {whole:.1f} | {100 * spent / whole:.1f} |", flush=True)


def still_clips(folder: Path) -> None:
    """Print what is said of clips whose cameras stood still, with nobody masked, and what watching costs."""
    import cv2

    from posedetector.calibration import Camera
    from posedetector.camera_motion import Background
    from posedetector.video import open_video

    cv2.setNumThreads(1)
    print("| clip | said | frames | ms a frame |\n|---|---|---|---|")
    for path in sorted([SAMPLE, *folder.rglob("*.mp4")]):
        video = open_video(str(path))
        background, spent, count = Background(video.size), 0.0, 0
        for frame in video.frames():
            begun = time.thread_time()
            background.see(frame)
            background.judge([])
            spent += time.thread_time() - begun
            count += 1
        motion = background.motion(Camera().pixels(video.size), known=False)
        print(
            f"| {path.parent.name}/{path.stem} | {motion.verdict} {motion.reason} | {count} | {1000 * spent / count:.1f} |",
            flush=True,
        )


def treadmill() -> None:
    """Print what is found of walkers on belts of known speed, seen with 2 px of noise, before and after the fit of a body."""
    from posedetector.calibration import Camera, calibrate
    from posedetector.estimators.synthetic import PinholeCamera, Synthetic, Walker
    from posedetector.kinematics import Ground, find_treadmill, study
    from posedetector.lifters.native import Native
    from posedetector.refinement import refine
    from posedetector.smoothing import smooth
    from posedetector.subject import Subject
    from posedetector.tracking import track

    class OnBelt(Walker):
        def positions(self, time: np.ndarray) -> np.ndarray:
            forward, _ = self._axes()
            return super().positions(time) - self.speed * time[:, None, None] * forward

    print(
        "| belt m/s | seen from | fit | quality | speed m/s | stride m (true) | step m (true) |\n|---|---|---|---|---|---|---|"
    )
    for speed, stride in ((0.4, 1.3), (0.9, 1.15), (1.0, 1.0)):
        for view, heading in (("side", 0.0), ("front", np.pi / 2)):
            walker, camera = OnBelt(speed=speed, stride_time=stride, heading=heading, start=(0.0, 0.0)), PinholeCamera()
            estimator = Synthetic((walker,), camera, noise=2.0)
            pictures = list(estimator.frames(300))
            seen = zip((one.time for one in pictures), estimator.estimate(pictures), strict=True)
            points = track(seen, skeleton=estimator.skeleton, image_size=camera.size).keypoints()
            subject = Subject(height=walker.stature)
            pose, calibration = calibrate(
                Native().lift(points), points, subject, Camera(focal_length=camera.focal_length)
            )
            belt = find_treadmill(smooth(pose, 6.0)[0], Ground())
            fits = {"none": (None, False), "feet held still": (None, True), "feet held to the belt": (belt, True)}
            for name, (known, fitted) in fits.items():
                velocity = None if known is None else known.velocity
                after = refine(pose, points, calibration, subject, Native.errors, belt=velocity)[0] if fitted else pose
                gait = study(smooth(after, 6.0)[0], subject, Ground(treadmill=known)).gait
                found = {one.name: one.value for one in gait.quantities if one.side in {"", "left"}}
                values = [found.get(one, np.nan) for one in ("walking_speed", "stride_length", "step_length")]
                said = ["–" if np.isnan(value) else f"{value:.3f}" for value in values]
                true = speed * stride
                print(
                    f"| {speed} | {view} | {name} | {gait.quality} | {said[0]} | {said[1]} ({true:.3f}) | {said[2]} ({true / 2:.3f}) |",
                    flush=True,
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--make", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--still", type=Path)
    parser.add_argument("--cost", type=Path)
    parser.add_argument("--treadmill", action="store_true")
    given = parser.parse_args()
    if given.make:
        make(given.make)
    if given.run:
        run(given.run, given.only)
    if given.still:
        still_clips(given.still)
    if given.cost:
        cost(given.cost)
    if given.treadmill:
        treadmill()
