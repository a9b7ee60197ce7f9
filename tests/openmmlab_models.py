"""Models of OpenMMLab's with made-up weights, from the configurations that its packages ship, saved as those are."""

from pathlib import Path

import numpy as np
import torch

from posedetector.estimators import OpenMMLabSettings

DETECTOR = "rtmdet_tiny_8xb32-300e_coco"
POSE = "rtmpose-t_8xb256-420e_coco-256x192"
HOME = {"detector": "mmdet", "pose": "mmpose"}


def model_of(kind: str, config: str, *, seed: int = 0) -> torch.nn.Module:
    """Build a model with weights from a seed, by OpenMMLab's own functions and none of ours but the stand-ins."""
    from mmengine.config import Config
    from mmengine.registry import DefaultScope

    from posedetector.estimators.openmmlab import catalogue, shim

    shim.bring_in()
    registry = __import__(f"{HOME[kind]}.registry", fromlist=["MODELS"])
    torch.manual_seed(seed)
    with shim.quietly(), DefaultScope.overwrite_default_scope(HOME[kind]):
        return registry.MODELS.build(Config.fromfile(str(catalogue.choose_config(kind, config).config)).model)


def save(kind: str, config: str, path: Path, *, surety: float | None = None, seed: int = 0) -> Path:
    """Write a checkpoint with what mmengine puts beside the weights.

    `surety` is what a detector answers everywhere, before the sigmoid: 10 for a person, -10 for nobody.
    """
    from mmengine.logging import HistoryBuffer

    state = model_of(kind, config, seed=seed).state_dict()
    if surety is not None:
        for key, value in state.items():
            if "rtm_cls" in key and key.endswith("bias"):
                value.fill_(-10)
                value[0] = surety
    extra = {"message_hub": {"log_scalars": {"loss": HistoryBuffer([1.0], [1])}}, "optimizer": {"lr": np.float64(1)}}
    meta = {"epoch": 3, "dataset_meta": {"sigmas": np.ones(17, np.float32)}}
    torch.save({"meta": meta, "state_dict": state, **extra}, path)
    return path


def options(folder: Path, *, pose: str = POSE, surety: float = -10) -> OpenMMLabSettings:
    """Return options for a detector and a pose model, on the processor."""
    return OpenMMLabSettings(
        pose_config=pose,
        checkpoint=save("pose", pose, folder / "pose.pth"),
        detector_config=DETECTOR,
        detector_checkpoint=save("detector", DETECTOR, folder / "detector.pth", surety=surety),
        device="cpu",
    )
