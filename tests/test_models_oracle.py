"""RTMDet and RTMW3D beside OpenMMLab's own modules, in one process, with the same random weights.

MMPose's wheel has RTMW3D's backbone, its neck, and the head of RTMW, from which RTMW3D's differs by one more layer; that
layer is put on here.
"""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from posedetector.models import letterbox, rtmdet, rtmw3d, simcc
from posedetector.models.torch_running import TorchRunner

pytestmark = [
    pytest.mark.extra("openmmlab"),
    pytest.mark.filterwarnings("ignore:`torch.cuda.amp.autocast:FutureWarning"),
]
# mmdet's configuration and, for nano, mmpose's
DETECTORS = {
    "nano": "demo/mmdetection_cfg/rtmdet_nano_320-8xb32_coco-person.py",
    **{size: f"rtmdet/rtmdet_{size}_8xb32-300e_coco.py" for size in ("tiny", "s", "l", "x")},
    "m": "demo/mmdetection_cfg/rtmdet_m_640-8xb32_coco-person.py",
}


@pytest.fixture(scope="module", autouse=True)
def _libraries() -> None:
    from posedetector.estimators.openmmlab.shim import bring_in

    bring_in()


def seeded(network: nn.Module, seed: int) -> nn.Module:
    """Random weights, and statistics that keep what goes through at a scale of one."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in network.parameters():
            if value.ndim > 1:
                value.normal_(0, (2 / value[0].numel()) ** 0.5, generator=random)
            else:
                value.uniform_(0.5, 1.0, generator=random)
        for part in network.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_mean.normal_(0, 0.1, generator=random)
                part.running_var.uniform_(0.8, 1.2, generator=random)
    return network.eval()


def mmpose_network(size: str) -> nn.Module:
    from mmengine.registry import DefaultScope
    from mmpose.models.heads import RTMWHead
    from mmpose.registry import MODELS

    class RTMW3DHead(RTMWHead):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.cls_z = nn.Linear(256, 576, bias=False)

        def forward(self, features: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            kept = []
            hook = self.gau.register_forward_hook(lambda _, __, points: kept.append(points))
            x, y = super().forward(features)
            hook.remove()
            return x, y, self.cls_z(kept[0])

    deepen, widen = simcc.SIZES[size]
    channels = [int(width * widen) for width in (256, 512, 1024)]
    norm, act = {"type": "BN"}, {"type": "SiLU"}
    with DefaultScope.overwrite_default_scope("mmpose"):
        backbone = MODELS.build(
            {
                "_scope_": "mmdet",
                "type": "CSPNeXt",
                "deepen_factor": deepen,
                "widen_factor": widen,
                "norm_cfg": norm,
                "act_cfg": act,
            }
        )
        neck = MODELS.build(
            {
                "type": "CSPNeXtPAFPN",
                "in_channels": channels,
                "out_channels": None,
                "out_indices": (1, 2),
                "num_csp_blocks": 2,
                "expand_ratio": 0.5,
                "norm_cfg": norm,
                "act_cfg": act,
            }
        )
        attention = {"hidden_dims": 256, "s": 128, "expansion_factor": 2, "dropout_rate": 0.1, "drop_path": 0.0}
        head = RTMW3DHead(
            in_channels=channels[-1],
            out_channels=133,
            input_size=(288, 384),
            in_featuremap_size=(9, 12),
            final_layer_kernel_size=7,
            gau_cfg={**attention, "act_fn": "SiLU", "use_rel_bias": False, "pos_enc": False},
        )
    made = nn.Sequential()
    for name, part in (("backbone", backbone), ("neck", neck), ("head", head)):
        made.add_module(name, part)
    return made


def mmdet_network(size: str) -> nn.Module:
    from mmdet.registry import MODELS
    from mmengine.config import Config
    from mmengine.model.utils import revert_sync_batchnorm
    from mmengine.registry import DefaultScope

    from posedetector.estimators.openmmlab.catalogue import choose_config
    from posedetector.estimators.openmmlab.shim import quietly

    with quietly():
        config = Config.fromfile(str(choose_config("detector", DETECTORS[size]).config))
    config.model.bbox_head.num_classes = 1
    config.model.backbone.init_cfg = None
    with DefaultScope.overwrite_default_scope("mmdet"):
        return revert_sync_batchnorm(MODELS.build(config.model))


@pytest.mark.parametrize(("size", "seed", "batch"), [("l", 0, 2), ("x", 1, 1)])
def test_the_pose_networks_logits_are_mmposes_to_1e_4(size: str, seed: int, batch: int) -> None:
    theirs = seeded(mmpose_network(size), seed)
    ours = rtmw3d.RTMW3D(size).eval()
    ours.load_state_dict(theirs.state_dict())
    crops = torch.randn(batch, 3, 384, 288, generator=torch.Generator().manual_seed(seed))

    with torch.inference_mode():
        expected, made = theirs(crops), ours(crops)

    for axis, other in zip(made, expected, strict=True):
        assert other.abs().max() > 0.1
        torch.testing.assert_close(axis, other, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("size", "seed", "side"), [*zip(rtmdet.SIZES, (0, 1) * 3, (320, 416) * 3, strict=True)])
def test_the_detectors_outputs_are_mmdetections_to_1e_4(size: str, seed: int, side: int) -> None:
    theirs = seeded(mmdet_network(size), seed)
    with torch.no_grad():
        for layer in theirs.bbox_head.rtm_reg:  # distances go through exp()
            layer.weight.mul_(0.05)
    ours = rtmdet.RTMDet(size).eval()
    ours.load_state_dict(theirs.state_dict())
    picture = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(seed))

    with torch.inference_mode():
        expected, made = theirs(picture, mode="tensor"), ours(picture)

    for kind, other in zip(made, expected, strict=True):
        for level, theirs_level in zip(kind, other, strict=True):
            torch.testing.assert_close(level, theirs_level, rtol=1e-5, atol=1e-4)


@pytest.fixture(scope="module")
def detectors(_libraries: None) -> tuple[nn.Module, rtmdet.RTMDet]:
    """MMDetection's and ours, with the same weights."""
    theirs = seeded(mmdet_network("m"), 3)
    with torch.no_grad():
        for layer in (*theirs.bbox_head.rtm_reg, *theirs.bbox_head.rtm_cls):
            layer.weight.mul_(0.05)
    ours = rtmdet.RTMDet("m").eval()
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


@pytest.mark.parametrize("shape", [(480, 800), (1280, 720), (64, 64)])
def test_the_boxes_in_a_picture_are_mmdetections(
    shape: tuple[int, int], detectors: tuple[nn.Module, rtmdet.RTMDet]
) -> None:
    from mmdet.apis import inference_detector
    from mmengine.config import Config
    from mmengine.registry import DefaultScope

    from posedetector.estimators.openmmlab.catalogue import choose_config
    from posedetector.estimators.openmmlab.shim import quietly

    theirs, ours = detectors
    image = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    with quietly(), DefaultScope.overwrite_default_scope("mmdet"):
        theirs.cfg = Config.fromfile(str(choose_config("detector", DETECTORS["m"]).config))
        expected = inference_detector(theirs, np.ascontiguousarray(image[..., ::-1])).pred_instances

    square, scale = letterbox.letterbox(image, 640)
    prepared = TorchRunner(nn.Identity(), letterbox.INPUT, torch.device("cpu"), 1).prepared([square]).contiguous()
    with torch.inference_mode():
        boxes, scores = letterbox.decode(*ours(prepared), scale[None])[0]

    assert len(boxes) == len(expected) > 0
    np.testing.assert_allclose(scores, expected.scores.numpy(), atol=1e-5)
    for box in expected.bboxes.numpy():  # equally likely ones come in any order
        assert np.abs(boxes - box).max(axis=1).min() < 0.05
