"""A camera that moves, and a treadmill: what comes out of a clip whose camera was made to move in a known way.

The sample walk is filmed again by a virtual camera: each of its frames is warped by K R K⁻¹, which is what a camera that
turns by R sees, and encoded anew. `--make FOLDER` writes these clips; `--run FOLDER` analyses them, with the code that is
checked out, and prints a table; `--still CLIPS` tells of clips whose camera stood still what is said about it, and what that costs.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "samples" / "walk_side.mp4"
FOCAL = 1385.6  # pixels of the sample's 1600, as assumed for it: a field of view of 60°
HEIGHT = "1.65"


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


# name → homography, size of the picture, options
CLIPS: dict[str, tuple[Callable[[float, float], np.ndarray], tuple[int, int], list[str]]] = {
    "still": (lambda _, __: np.eye(3), (1600, 560), []),
    "shaken": (turn(shaken, (1600, 560)), (1600, 560), []),
    "panned": (turn(panned, (720, 560)), (720, 560), ["--focal-length", str(FOCAL)]),
    "panned, focal length not given": (turn(panned, (720, 560)), (720, 560), []),
    "panned by hand": (turn(handheld, (720, 560)), (720, 560), ["--focal-length", str(FOCAL)]),
    "carried along": (shifted, (720, 560), ["--focal-length", str(FOCAL)]),
    "zoomed": (zoomed, (1600, 560), []),
}


def hips() -> dict[int, float]:
    """Return by frame how far the subject of the sample is beside the middle, pixels, as found once."""
    import pandas as pd

    with __import__("tempfile").TemporaryDirectory() as folder:
        analyze(SAMPLE, Path(folder), [])
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
    for name, (homography, size, _) in CLIPS.items():
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


def analyze(video: Path, folder: Path, options: list[str]) -> dict[str, object]:
    """Analyse a clip by the command line and return its provenance; {} where that failed."""
    command = [
        sys.executable,
        str(ROOT / "main.py"),
        "--video",
        str(video),
        "--height",
        HEIGHT,
        "--output-dir",
        str(folder),
    ]
    done = subprocess.run(
        [*command, "--formats", "csv", "--no-overlay", "--quiet", *options], check=False, capture_output=True, text=True
    )
    if done.returncode:
        print(done.stderr.strip())
        return {}
    return json.loads((folder / "provenance.json").read_text())


def figures(folder: Path) -> dict[str, float]:
    """Return speed, step length, cadence and ranges of the knees."""
    import pandas as pd

    gait = pd.read_csv(folder / "gait_parameters.csv")
    summary = pd.read_csv(folder / "summary.csv")

    def one(table: pd.DataFrame, name: str, side: str | None) -> float:
        rows = table[(table["quantity"] == name) & (table["side"].isna() if side is None else table["side"] == side)]
        return float(rows["value"].iloc[0]) if len(rows) else float("nan")

    steps = [one(gait, "step_length", side) for side in ("left", "right")]
    return {
        "speed": one(gait, "walking_speed", None),
        "step": float(np.nanmean(steps)) if np.isfinite(steps).any() else float("nan"),
        "cadence": one(gait, "cadence", None),
        "left knee": one(summary, "knee_flexion_range", "left"),
        "right knee": one(summary, "knee_flexion_range", "right"),
    }


def run(clips: Path, only: str) -> None:
    """Print what comes out of the clips, a row each."""
    print(
        "| clip | camera | speed m/s | step m | steps/min | knee left ° | knee right ° | knee curves apart ° |\n|---|---|---|---|---|---|---|---|"
    )
    still = None
    for name, (_, _, options) in CLIPS.items():
        if only and only not in name and name != "still":
            continue
        folder = clips / f"results {name}"
        account = analyze(clips / f"{name.partition(',')[0]}.mp4", folder, options)
        if not account:
            continue
        found = figures(folder)
        curves = knees(folder)
        still = curves if still is None else still
        apart = np.sqrt(np.nanmean((curves - still) ** 2)) if curves.shape == still.shape else float("nan")
        camera = account.get("camera_motion", {}) or {}
        print(
            f"| {name} | {camera.get('verdict', '')} | "
            + " | ".join(f"{value:.3g}" for value in found.values())
            + f" | {apart:.1f} |",
            flush=True,
        )


def knees(folder: Path) -> np.ndarray:
    """(T, 2) flexion of the knees, degrees."""
    import pandas as pd

    table = pd.read_csv(folder / "joint_angles.csv")
    return table[["left_knee_flexion_deg", "right_knee_flexion_deg"]].to_numpy()


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--make", type=Path)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--still", type=Path)
    given = parser.parse_args()
    if given.make:
        make(given.make)
    if given.run:
        run(given.run, given.only)
    if given.still:
        still_clips(given.still)
