"""The two networks of the marker enhancer: keypoints of the body and of the arms in, anatomical markers out.

OpenCap's, version 0.3: LSTMs over time that look back only (Uhlrich et al., PLOS Comput Biol 19, 2023; Falisse et al., IEEE
Trans Biomed Eng 72, 2025). They were trained on seconds of 60 Hz, from the middle of the hips, in shares of stature, Y up,
turned about the vertical by multiples of 60° and twice at random, with a stature, a mass, and noise of 18 mm.
"""

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np

from posedetector.errors import InputError
from posedetector.pose import Array
from posedetector.weights import ASSETS, LoadedWeights, load

RATE = 60.0  # Hz
TURNS = 6  # directions about the vertical that it was trained in


@dataclass(frozen=True)
class Enhancer:
    """One network: its name in the table of weights, the points that it takes and the markers that it gives, in its order.

    `takes` are the estimator's points; `neck` is the middle of the shoulders, `small_toe` the tip of the fifth toe.
    """

    name: str
    takes: tuple[str, ...]
    gives: tuple[str, ...]


def _right_then_left(*points: str) -> tuple[str, ...]:
    return tuple(f"{side}_{point}" for point in points for side in ("right", "left"))


BODY = Enhancer(
    "marker-enhancer-body",
    ("neck", *_right_then_left("shoulder", "hip", "knee", "ankle", "heel", "small_toe", "foot_index")),
    (
        *("r.ASIS_study", "L.ASIS_study", "r.PSIS_study", "L.PSIS_study"),
        *("r_knee_study", "r_mknee_study", "r_ankle_study", "r_mankle_study"),
        *("r_toe_study", "r_5meta_study", "r_calc_study"),
        *("L_knee_study", "L_mknee_study", "L_ankle_study", "L_mankle_study"),
        *("L_toe_study", "L_calc_study", "L_5meta_study"),
        *("r_shoulder_study", "L_shoulder_study", "C7_study"),
        *("r_thigh1_study", "r_thigh2_study", "r_thigh3_study", "L_thigh1_study", "L_thigh2_study", "L_thigh3_study"),
        *("r_sh1_study", "r_sh2_study", "r_sh3_study", "L_sh1_study", "L_sh2_study", "L_sh3_study"),
        *("RHJC_study", "LHJC_study"),
    ),
)
ARM = Enhancer(
    "marker-enhancer-arm",
    ("neck", *_right_then_left("shoulder", "elbow", "wrist")),
    (
        *("r_lelbow_study", "r_melbow_study", "r_lwrist_study", "r_mwrist_study"),
        *("L_lelbow_study", "L_melbow_study", "L_lwrist_study", "L_mwrist_study"),
    ),
)
ENHANCERS = (BODY, ARM)


def check_installed() -> None:
    """Raise InputError, with what to do, unless onnxruntime is there."""
    if find_spec("onnxruntime") is None:
        raise InputError(
            "`augment_markers` wants onnxruntime: `uv run --extra opensim …` in place of `uv run …` installs it",
            field="augment_markers",
        )


class Network:
    """An enhancer, ready to run; raises InputError without onnxruntime and WeightsError without its files."""

    def __init__(self, enhancer: Enhancer) -> None:
        check_installed()
        self.enhancer = enhancer
        self.weights: LoadedWeights = load(enhancer.name)
        stem = self.weights.path.stem
        self._mean, self._std = (np.load(ASSETS / f"{stem}_{name}.npy", allow_pickle=False) for name in ("mean", "std"))

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # one step waits for the other: more threads only wait
        return onnxruntime.InferenceSession(str(self.weights.path), options, providers=["CPUExecutionProvider"])

    def run(self, points: Array, *, height: float, mass: float) -> Array:
        """Return the markers (B, T, M, 3) of B recordings of points (B, T, P, 3), both metres from the middle of the hips.

        Samples lie 1/60 s apart, Y is up. `height` in metres, `mass` in kilograms.
        """
        recordings, samples = points.shape[:2]
        flat = (points / height).reshape(recordings, samples, -1)
        person = np.broadcast_to([height, mass], (recordings, samples, 2))
        inputs = (np.concatenate([flat, person], axis=-1) - self._mean) / self._std
        (outputs,) = self._session.run(["output_0"], {"inputs": inputs.astype(np.float32)})
        return height * np.asarray(outputs, float).reshape(recordings, samples, -1, 3)
