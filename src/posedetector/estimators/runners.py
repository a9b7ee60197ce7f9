"""What runs RTMDet and RTMW3D: PyTorch, or onnxruntime with files that were exported, for which none of PyTorch is imported."""

from typing import TYPE_CHECKING

from posedetector.downloads import Told
from posedetector.estimators.rtmw3d import RTMW3DSettings
from posedetector.models import letterbox, onnx, simcc
from posedetector.models.devices import Device
from posedetector.models.running import Input, Runner
from posedetector.models.torch_extra import need_torch
from posedetector.weights import LoadedWeights, load, onnx_of, remember

if TYPE_CHECKING:
    from torch import nn


def device_of(settings: RTMW3DSettings) -> Device:
    """Return the device that was asked for; raises InputError where it, or what should run there, is not here."""
    if settings.runtime == "onnx":
        onnx.check_installed()
        return onnx.device_of(settings.device)
    need_torch("rtmw3d", '`runtime="onnx"` does without, with a file that was exported once')
    from posedetector.models import torch_running

    found = torch_running.device_of(settings.device)
    return Device(found.type, found.index)


def detector(
    settings: RTMW3DSettings, device: Device, batch: int, told: Told | None
) -> tuple[LoadedWeights, Runner, int]:
    """Return the detector's file, what runs it, and the side of its pictures; raises WeightsError without such a file."""
    if settings.runtime == "onnx":
        loaded = onnx_of("rtmdet-m", settings.detector_checkpoint, progress=told)
        runner = onnx.OnnxRunner(loaded.path, onnx.KINDS["rtmdet-m"], device, batch)
        remember(loaded)
        return loaded, runner, runner.size[0]
    loaded = load("rtmdet-m", settings.detector_checkpoint, progress=told)
    from posedetector.models.rtmdet import read_detector

    network = read_detector(loaded.path)
    return loaded, _in_torch(network, letterbox.INPUT, settings, device, batch), network.side


def points(settings: RTMW3DSettings, device: Device, batch: int, told: Told | None) -> tuple[LoadedWeights, Runner]:
    """Return the pose network's file and what runs it; raises WeightsError without such a file."""
    name = f"rtmw3d-{settings.model}"
    if settings.runtime == "onnx":
        loaded = onnx_of(name, settings.checkpoint, progress=told)
        runner = onnx.OnnxRunner(loaded.path, onnx.KINDS[name], device, batch)
        remember(loaded)
        return loaded, runner
    loaded = load(name, settings.checkpoint, progress=told)
    from posedetector.models.rtmw3d import read_pose_network

    network = read_pose_network(loaded.path, settings.model)
    return loaded, _in_torch(network, simcc.INPUT, settings, device, batch)


def _in_torch(network: "nn.Module", made_for: Input, settings: RTMW3DSettings, device: Device, batch: int) -> Runner:
    import torch

    from posedetector.models.torch_running import TorchRunner

    return TorchRunner(network, made_for, torch.device(str(device)), batch, compiled=settings.runtime == "compile")
