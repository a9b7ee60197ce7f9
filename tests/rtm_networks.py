"""RTMW3D of a quarter of its width; checkpoints of it and of RTMDet that see nobody and nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch import nn

from posedetector.estimators import RTMW3DSettings
from posedetector.models.rtmdet import RTMDet
from posedetector.models.rtmw3d import RTMW3D
from posedetector.models.simcc import SIZES


def blind(network: nn.Module) -> nn.Module:
    with torch.no_grad():
        for value in network.parameters():
            value.zero_()
        for name, value in network.named_parameters():
            if "rtm_cls" in name and name.endswith("bias"):
                value.fill_(-10)
    return network


@contextmanager
def narrow() -> Iterator[None]:
    """Let size l have fewer blocks and channels than any that was published, where the claim is of every width."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES, "l", (0.33, 0.25))
        yield


def options(folder: Path) -> RTMW3DSettings:
    made = {"checkpoint": RTMW3D("l"), "detector_checkpoint": RTMDet("nano")}
    for name, network in made.items():
        torch.save({"state_dict": blind(network).state_dict()}, folder / f"{name}.pth")
    return RTMW3DSettings(**{name: folder / f"{name}.pth" for name in made})
