"""What runs RTMDet and RTMW3D: PyTorch, or onnxruntime with files that were exported, for which none of PyTorch is imported."""

from typing import TYPE_CHECKING

from posedetector.estimators import EstimatorOptions
from posedetector.models import letterbox, onnx, simcc
from posedetector.models.devices import Device
from posedetector.models.running import Input, Runner
from posedetector.models.torch_extra import need_torch
from posedetector.weights import LoadedWeights, load, onnx_of, remember

if TYPE_CHECKING:
    from torch import nn


def device_of(options: EstimatorOptions) -> Device:
    """Return the device that was asked for; raises InputError where it, or what should run there, is not here."""
    if options.runtime == "onnx":
        onnx.check_installed()
        return onnx.device_of(options.device)
    need_torch("rtmw3d", "--runtime onnx does without")
    from posedetector.models import torch_running

    found = torch_running.device_of(options.device)
    return Device(found.type, found.index)


def detector(options: EstimatorOptions, device: Device, batch: int) -> tuple[LoadedWeights, Runner, int]:
    """Return the detector's file, what runs it, and the side of its pictures; raises WeightsError without such a file."""
    told = options.download_progress
    if options.runtime == "onnx":
        loaded = onnx_of("rtmdet-m", options.detector_checkpoint, progress=told)
        runner = onnx.OnnxRunner(loaded.path, onnx.KINDS["rtmdet-m"], device, batch)
        remember(loaded)
        return loaded, runner, runner.size[0]
    loaded = load("rtmdet-m", options.detector_checkpoint, progress=told)
    from posedetector.models.rtmdet import read_detector

    network = read_detector(loaded.path)
    return loaded, _in_torch(network, letterbox.INPUT, options, device, batch), network.side


def points(options: EstimatorOptions, size: str, device: Device, batch: int) -> tuple[LoadedWeights, Runner]:
    """Return the pose network's file and what runs it; raises WeightsError without such a file."""
    name, told = f"rtmw3d-{size}", options.download_progress
    if options.runtime == "onnx":
        loaded = onnx_of(name, options.checkpoint, progress=told)
        runner = onnx.OnnxRunner(loaded.path, onnx.KINDS[name], device, batch)
        remember(loaded)
        return loaded, runner
    loaded = load(name, options.checkpoint, progress=told)
    from posedetector.models.rtmw3d import read_pose_network

    network = read_pose_network(loaded.path, size)
    return loaded, _in_torch(network, simcc.INPUT, options, device, batch)


def _in_torch(network: "nn.Module", made_for: Input, options: EstimatorOptions, device: Device, batch: int) -> Runner:
    import torch

    from posedetector.models.torch_running import TorchRunner

    return TorchRunner(network, made_for, torch.device(str(device)), batch, compiled=options.runtime == "compile")
