"""What runs RTMDet and RTMW3D: PyTorch, or onnxruntime with files that were exported."""

import torch
from torch import nn

from posedetector.estimators import EstimatorOptions
from posedetector.models import onnx, rtmdet, rtmw3d, running
from posedetector.models.running import Input, Runner, TorchRunner
from posedetector.weights import LoadedWeights, load, onnx_of, remember


def device_of(options: EstimatorOptions) -> torch.device:
    """Return the device that was asked for; raises InputError where it, or what should run there, is not here."""
    if options.runtime == "onnx":
        onnx.check_installed()
        return onnx.device_of(options.device)
    return running.device_of(options.device)


def detector(options: EstimatorOptions, device: torch.device, batch: int) -> tuple[LoadedWeights, Runner, int]:
    """Return the detector's file, what runs it, and the side of its pictures; raises WeightsError without such a file."""
    told = options.download_progress
    if options.runtime == "onnx":
        loaded = onnx_of("rtmdet-m", options.detector_checkpoint, progress=told)
        runner = onnx.OnnxRunner(loaded.path, onnx.KINDS["rtmdet-m"], device, batch)
        remember(loaded)
        return loaded, runner, runner.size[0]
    loaded = load("rtmdet-m", options.detector_checkpoint, progress=told)
    network = rtmdet.read_detector(loaded.path)
    return loaded, _in_torch(network, rtmdet.INPUT, options, device, batch), network.side


def points(options: EstimatorOptions, size: str, device: torch.device, batch: int) -> tuple[LoadedWeights, Runner]:
    """Return the pose network's file and what runs it; raises WeightsError without such a file."""
    name, told = f"rtmw3d-{size}", options.download_progress
    if options.runtime == "onnx":
        loaded = onnx_of(name, options.checkpoint, progress=told)
        runner = onnx.OnnxRunner(loaded.path, onnx.KINDS[name], device, batch)
        remember(loaded)
        return loaded, runner
    loaded = load(name, options.checkpoint, progress=told)
    network = rtmw3d.read_pose_network(loaded.path, size)
    return loaded, _in_torch(network, rtmw3d.INPUT, options, device, batch)


def _in_torch(
    network: nn.Module, made_for: Input, options: EstimatorOptions, device: torch.device, batch: int
) -> TorchRunner:
    return TorchRunner(network, made_for, device, batch, compiled=options.runtime == "compile")
