"""Joint angles by OpenSim's inverse kinematics on our landmarks, against marker-based motion capture.

    POSEDETECTOR_HOME=MODELS uv run --extra opensim python benchmarks/opensim_ik.py --clips CLIPS --output-dir OUT

CLIPS has `walk_video.mp4`, `squat_video.mp4` of the opencap-visualizer samples and their `*_sample_*.json`. Angles of a reference
are those of its bodies: hip = Z of pelvisᵀ·femur (Z-X-Y), knee = −Z of femurᵀ·tibia, ankle = Z of tibiaᵀ·calcn, pelvis tilt = Z of
the pelvis (Y-X-Z). Ours are the coordinates of the model. The lag is that of the protocol `clip`, from positions. "less offset":
after the mean difference of each side is taken off, which is what definitions and marker places cost.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from posedetector.evaluation.matching import match
from posedetector.evaluation.protocols import choose
from posedetector.opensim import export
from posedetector.readers import read_motions

Array = NDArray[np.float64]
CLIPS = {"walk": 1.60, "squat": 1.69}  # statures in metres, estimated from the persons' segments (see accuracy.py)
COORDINATES = {"hip": "hip_flexion", "knee": "knee_angle", "ankle": "ankle_angle"}
Angles = dict[str, Array]


def of_bodies(path: Path) -> tuple[Array, Angles]:
    """Return times and angles (T,) in degrees of a file of OpenSim bodies."""
    recording = json.loads(path.read_text(encoding="utf-8"))
    turned = {
        name: Rotation.from_euler("XYZ", np.array(body["rotation"])) for name, body in recording["bodies"].items()
    }
    angles = {"pelvis_tilt": turned["pelvis"].as_euler("YXZ", degrees=True)[:, 2]}
    for side in "rl":
        for name, (above, below, sign) in {
            "hip": ("pelvis", f"femur_{side}", 1),
            "knee": (f"femur_{side}", f"tibia_{side}", -1),
            "ankle": (f"tibia_{side}", f"calcn_{side}", 1),
        }.items():
            between = turned[above].inv() * turned[below]
            angles[f"{name}_{side}"] = sign * between.as_euler("ZXY", degrees=True)[:, 0]
    return np.array(recording["time"]), angles


def of_motion(path: Path) -> tuple[Array, Angles]:
    """Return times and angles (T,) in degrees of a .mot."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index("endheader") + 1
    names = lines[start].split()
    table = np.array([[float(cell) for cell in line.split()] for line in lines[start + 1 :] if line.strip()])
    angles = {
        f"{name}_{side}": table[:, names.index(f"{coordinate}_{side}")]
        for name, coordinate in COORDINATES.items()
        for side in "rl"
    }
    return table[:, 0], angles | {"pelvis_tilt": table[:, names.index("pelvis_tilt")]}


def compare(ours: tuple[Array, Angles], theirs: tuple[Array, Angles], lag: float) -> dict[str, tuple[float, ...]]:
    """Return for each angle MAE, MAE less offset, offset, r and error of range of motion, means of the sides."""
    time = ours[0] + lag
    inside = (time >= theirs[0][0]) & (time <= theirs[0][-1])
    found: dict[str, list[tuple[float, ...]]] = {}
    for name, values in ours[1].items():
        own, other = values[inside], np.interp(time[inside], theirs[0], theirs[1][name])
        off = own - other
        found.setdefault(name.removesuffix("_r").removesuffix("_l"), []).append(
            (
                float(np.abs(off).mean()),
                float(np.abs(off - off.mean()).mean()),
                float(off.mean()),
                float(np.corrcoef(own, other)[0, 1]),
                float(np.ptp(own) - np.ptp(other)),
            )
        )
    return {name: tuple(np.mean(rows, axis=0)) for name, rows in found.items()}


def lag_between(prediction: Path, reference: Path) -> float:
    """Return the seconds to add to the prediction's clock."""
    motions = [next(iter(read_motions(path).values())) for path in (prediction, reference)]
    return match(*motions, choose("clip")).lag


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--output-dir", type=Path, required=True)
    parser.add_argument("--model", default="heavy", help="MediaPipe's: lite, full or heavy")
    parser.add_argument("--markers", default="landmarks", help="landmarks or augmented")
    parser.add_argument("--osim", type=Path, help="another model than the shipped one")
    parser.add_argument(
        "--options", nargs="*", default=["--use-videopose3d"], help="further options of analyze, = for --"
    )
    parser.add_argument("--again", action="store_true", help="analyse even where there are results")
    given = parser.parse_args()
    print("| clip | system | lag s | angle | MAE ° | less offset ° | offset ° | r | ROM error ° |")
    print("|---|---|---|---|---|---|---|---|---|")
    for clip, height in CLIPS.items():
        folder = given.output_dir / clip
        if given.again or not (folder / "provenance.json").exists():
            command = [str(Path(sys.executable).with_name("posedetector")), "analyze"]
            options = [one.replace("=", "--", 1) if one.startswith("=") else one for one in given.options]
            command += [
                "--video",
                str(given.clips / f"{clip}_video.mp4"),
                "--height",
                str(height),
                "--model",
                given.model,
            ]
            subprocess.run([*command, *options, "--output-dir", str(folder)], check=True)
        made = export(folder, folder / given.markers, markers=given.markers, model=given.osim, run=True)
        motion = folder / given.markers / next(name for name in made.files if name.endswith("_ik.mot"))
        reference = given.clips / f"{clip}_sample_mocap.json"
        mocap = of_bodies(reference)
        systems = {f"OpenSim, {given.markers}": (of_motion(motion), folder)}
        for name, file in (("OpenCap Monocular", "mono"), ("WHAM", "wham")):
            path = given.clips / f"{clip}_sample_{file}.json"
            systems[name] = (of_bodies(path), path)
        for name, (angles, path) in systems.items():
            lag = lag_between(path, reference)
            for angle, row in compare(angles, mocap, lag).items():
                print(f"| {clip} | {name} | {lag:+.3f} | {angle} | " + " | ".join(f"{one:.2f}" for one in row) + " |")


if __name__ == "__main__":
    main()
