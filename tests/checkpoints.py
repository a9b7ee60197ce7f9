"""Small networks for tests, with the published ones' window of 243 frames, saved as those are."""

from pathlib import Path

import torch

from posedetector.lifters.inputs import INPUTS
from posedetector.models.videopose3d import TemporalModel
from posedetector.weights import WEIGHTS

_INPUTS = 2 * 17


def random_network(*, seed: int = 0, channels: int = 32, causal: bool = False, inputs: str = "screen") -> TemporalModel:
    """Every frame of the window counts, and left and right differ; the poses are about as large as a person."""
    random = torch.Generator().manual_seed(seed)
    made = INPUTS[inputs]
    model = TemporalModel(
        channels=channels, causal=causal, coordinates=made.coordinates, context=made.context, carries=made.carries
    )
    with torch.no_grad():
        for conv in (model.expand_conv, *model.layers_conv, model.shrink):
            conv.weight.normal_(0, (2 / conv.weight[0].numel()) ** 0.5, generator=random)
        model.shrink.weight *= 0.15
        model.shrink.bias.zero_()
    return model


def smooth_network(*, causal: bool = False) -> TemporalModel:
    """A random network whose filters only average over time, so that noise does not grow in it."""
    model = random_network(causal=causal)
    with torch.no_grad():
        for conv in (model.expand_conv, *model.layers_conv):
            conv.weight.copy_(conv.weight.mean(dim=2, keepdim=True).expand_as(conv.weight))
    return model


def echoing_network(*, causal: bool = False) -> TemporalModel:
    """Give every joint the x and y of the input's point of the same row, in the same frame, and depth 0."""
    model = TemporalModel(channels=2 * _INPUTS, causal=causal)
    same, now = torch.eye(_INPUTS), 2 if causal else 1
    xy = [3 * joint + axis for joint in range(17) for axis in range(2)]
    with torch.no_grad():
        for value in model.parameters():
            value.zero_()
        for norm in (model.expand_bn, *model.layers_bn):
            norm.weight.fill_((1 + norm.eps) ** 0.5)
        # positive values pass the rectifier in one half of the channels, negative ones in the other
        model.expand_conv.weight[:, :, now] = torch.cat([same, -same])
        model.shrink.weight[xy, :, 0] = torch.cat([same, -same], dim=1)
    return model


def save(model: TemporalModel, folder: Path, name: str) -> Path:
    """Write the network into a folder, under the file name that the table of weights has for `name`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / WEIGHTS[name].file
    torch.save({"epoch": 80, "model_pos": model.state_dict()}, path)
    return path
