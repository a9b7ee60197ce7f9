"""What runs RTMDet and RTMW3D: PyTorch, or onnxruntime with files that were exported."""

import torch
from torch import nn

from posedetector.downloads import Told
from posedetector.estimators.rtmw3d import RTMW3DSettings
from posedetector.models import onnx, rtmdet, rtmw3d, running
from posedetector.models.running import Input, Runner, TorchRunner
from posedetector.weights import LoadedWeights, load, onnx_of, remember


def device_of(settings: RTMW3DSettings) -> torch.device:
    """Return the device that was asked for; raises InputError where it, or what should run there, is not here."""
    if settings.runtime == "onnx":
        onnx.check_installed()
        return onnx.device_of(settings.device)
    return running.device_of(settings.device)


def detector(
    settings: RTMW3DSettings, device: torch.device, batch: int, told: Told | None
) -> tuple[LoadedWeights, Runner, int]:
    """Return the detector's file, what runs it, and the side of its pictures; raises WeightsError without such a file."""
    if settings.runtime == "onnx":
        loaded = onnx_of("rtmdet-m", settings.detector_checkpoint, progress=told)
        runner = onnx.OnnxRunner(loaded.path, onnx.KINDS["rtmdet-m"], device, batch)
        remember(loaded)
        return loaded, runner, runner.size[0]
    loaded = load("rtmdet-m", settings.detector_checkpoint, progress=told)
    network = rtmdet.read_detector(loaded.path)
    return loaded, _in_torch(network, rtmdet.INPUT, settings, device, batch), network.side


def points(
    settings: RTMW3DSettings, device: torch.device, batch: int, told: Told | None
) -> tuple[LoadedWeights, Runner]:
    """Return the pose network's file and what runs it; raises WeightsError without such a file."""
    name = f"rtmw3d-{settings.model}"
    if settings.runtime == "onnx":
        loaded = onnx_of(name, settings.checkpoint, progress=told)
        runner = onnx.OnnxRunner(loaded.path, onnx.KINDS[name], device, batch)
        remember(loaded)
        return loaded, runner
    loaded = load(name, settings.checkpoint, progress=told)
    network = rtmw3d.read_pose_network(loaded.path, settings.model)
    return loaded, _in_torch(network, rtmw3d.INPUT, settings, device, batch)


def _in_torch(
    network: nn.Module, made_for: Input, settings: RTMW3DSettings, device: torch.device, batch: int
) -> TorchRunner:
    return TorchRunner(network, made_for, device, batch, compiled=settings.runtime == "compile")
