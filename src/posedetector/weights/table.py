"""The table of networks: what each file is called, whence it comes, how it is known, what its licence allows."""

import re
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class LifterLayout:
    """What a lifter's checkpoint takes and gives: skeletons by name, frames per second, which way it looks.

    `inputs` is what is made of the points for it, a name of `lifters.inputs.INPUTS`.
    """

    takes: str
    gives: str
    rate: float
    causal: bool = False
    inputs: str = "screen"


@dataclass(frozen=True)
class Weights:
    """One row of the table.

    Attributes
    ----------
    url : empty for what ships with the package.
    sha256 : of the file, or as many of its first digits as are published; empty where nobody published it.
    size : bytes, about.
    without : what works without this network.
    terms : what the licence forbids, in a few words.
    members : the files that a zip archive must hold to be this network; none for a PyTorch checkpoint.
    repacked : the same network is about in other archives too, so another digest is no damage.
    onnx : a file for onnxruntime, of the network of that name, which PyTorch runs too; empty for all others.
    """

    name: str
    file: str
    url: str
    sha256: str
    size: int
    licence: str
    citation: str
    without: str
    terms: str = ""
    members: tuple[str, ...] = ()
    repacked: bool = False
    onnx: str = ""
    lifter: LifterLayout | None = None

    @property
    def is_onnx(self) -> bool:
        """Whether its file is one for onnxruntime."""
        return self.file.endswith(".onnx")


def _pose_landmarker(variant: str, sha256: str, size: int) -> Weights:
    file = f"pose_landmarker_{variant}.task"
    base = "https://storage.googleapis.com/mediapipe-models/pose_landmarker"
    return Weights(
        name=f"mediapipe-{variant}",
        file=file,
        url=f"{base}/pose_landmarker_{variant}/float16/1/{file}",
        sha256=sha256,
        size=size,
        licence="Apache-2.0",
        citation="Bazarevsky et al., BlazePose, CVPR Workshop 2020; Grishchenko et al., BlazePose GHUM Holistic, 2022",
        without='`model="full"` works without a download',
        members=("pose_detector.tflite", "pose_landmarks_detector.tflite"),
        repacked=True,
    )


_H36M_TERMS = "trained on Human3.6M, whose own licence is for academic use"


def _temporal(name: str, url: str, licence: str, layout: LifterLayout, sha256: str = "") -> Weights:
    return Weights(
        name=name,
        file=url.rpartition("/")[2],
        url=url,
        sha256=sha256,
        size=67_900_000,
        licence=licence,
        terms=("not for commercial use; " if "NC" in licence else "") + _H36M_TERMS,
        citation="Pavllo, Feichtenhofer, Grangier & Auli, 3D human pose estimation in video with temporal convolutions "
        "and semi-supervised training, CVPR 2019",
        without='without `lifter="videopose3d"` the estimator\'s own depth is used',
        lifter=layout,
    )


_BUNDLED = Weights(
    name="bundled",
    file="lifter_243.npz",  # arrays: needs no PyTorch
    url="",
    sha256="dd2c12878cb52969d4c9093b214af7374f236ee0b37890db74cc95d81904f0ad",
    size=6_876_876,
    licence="Apache-2.0",
    citation="posedetector's own, trained on motion capture of mocap.cs.cmu.edu (NSF EIA-0196217) by `posedetector train`; "
    "the network is Pavllo et al.'s, CVPR 2019",
    without='without `lifter="videopose3d"` the estimator\'s own depth is used',
    lifter=LifterLayout("h36m_17", "h36m_17", 50.0, inputs="body"),
)

_RTMW = (
    "Jiang et al., RTMPose, 2023, arXiv:2303.07399; Jiang, Xie & Li, RTMW, 2024, arXiv:2407.08634; "
    "trained on 14 data sets, Human3.6M among them"
)
_RTM = "https://download.openmmlab.com/mmpose/v1"


def _openmmlab(name: str, url: str, size: int, citation: str) -> Weights:
    file = url.rpartition("/")[2]
    head = re.search(r"-([0-9a-f]{8})[._]", file)
    return Weights(
        name=name,
        file=file,
        url=url,
        sha256=head[1] if head else "",  # OpenMMLab's files carry the first digits of theirs in their names
        size=size,
        licence="Apache-2.0",
        terms="trained on Human3.6M among others, whose own licence is for academic use" if "3d" in name else "",
        citation=citation,
        without='`estimator="mediapipe"` works without a download',
    )


def _onnx(network: Weights, name: str, file: str, *, url: str = "") -> Weights:
    """Return the row of a network's ONNX file; without an address, that of our own export."""
    return replace(network, name=name, file=file, url=url, sha256="", onnx=network.name)


def _marker_enhancer(part: str, sha256: str, size: int) -> Weights:
    return Weights(
        name=f"marker-enhancer-{part}",
        file=f"marker_enhancer_{part}.onnx",
        url="",
        sha256=sha256,
        size=size,
        licence="Apache-2.0",
        citation="Uhlrich et al., OpenCap, PLOS Comput Biol 19, 2023; Falisse, Uhlrich, Chaudhari, Hicks & Delp, Marker data "
        "enhancement for markerless motion capture, IEEE Trans Biomed Eng 72, 2025; version 0.3, as ONNX by Pose2Sim",
        without="without `augment_markers` angles are of the estimator's own points",
    )


_FAIR = "https://dl.fbaipublicfiles.com/video-pose-3d"
_MMPOSE = "https://download.openmmlab.com/mmpose/body3d/videopose"
_NC = "CC BY-NC 4.0"

_OPENMMLAB = (
    _openmmlab(
        "rtmdet-m",
        f"{_RTM}/projects/rtmpose/rtmdet_m_8xb32-100e_coco-obj365-person-235e8209.pth",
        99_000_000,
        "Lyu et al., RTMDet, 2022, arXiv:2212.07784",
    ),
    _openmmlab(
        "rtmw3d-l",
        f"{_RTM}/wholebody_3d_keypoint/rtmw3d/rtmw3d-l_8xb64_cocktail14-384x288-794dbc78_20240626.pth",
        231_000_000,
        _RTMW,
    ),
    _openmmlab(
        "rtmw3d-x",
        f"{_RTM}/wholebody_3d_keypoint/rtmw3d/rtmw3d-x_8xb64_cocktail14-384x288-b0a0eab7_20240626.pth",
        370_000_000,
        _RTMW,
    ),
)
# What `posedetector weights export` makes of these lies beside them, under their files' names with .onnx

WEIGHTS: dict[str, Weights] = {
    row.name: row
    for row in (
        _pose_landmarker("lite", "3dc99b4cc304f679ff03303508482e8eaa832d450039698f8c6955606a52d4af", 5_777_138),
        _pose_landmarker("full", "4923c2684ec663cfcc1ff5709b16d96e93910ce1af110db9b80e6eea7852fe1e", 9_397_622),
        _pose_landmarker("heavy", "8bc54a44e2cf4f04e3deabfa8477a4b1778d1be51808092ef86821ededc2bbad", 30_663_666),
        _BUNDLED,
        _marker_enhancer("body", "8dbd686784f6c6e3b42fdfe968a8808a789bdcaff284e3dd9e8c321bbca4e52c", 2_080_428),
        _marker_enhancer("arm", "c674fbf1eafbc30f82141137e4ca6bea8a5578b0c30ce954fc6384f776570b7e", 2_523_263),
        _temporal(
            "fair-detectron-coco",
            f"{_FAIR}/pretrained_h36m_detectron_coco.bin",
            _NC,
            LifterLayout("coco_17", "h36m_17", 50.0),
        ),
        _temporal("fair-cpn", f"{_FAIR}/pretrained_h36m_cpn.bin", _NC, LifterLayout("h36m_17", "h36m_17", 50.0)),
        _temporal(
            "fair-cpn-causal",
            f"{_FAIR}/cpn-ft-243-dbb-causal.bin",  # named by the authors in a thread, not in their documents
            _NC,
            LifterLayout("h36m_17", "h36m_17", 50.0, causal=True),
        ),
        _temporal(
            "mmpose-cpn",
            f"{_MMPOSE}/videopose_h36m_243frames_fullconv_supervised_cpn_ft-88f5abbb_20210527.pth",
            "Apache-2.0",
            LifterLayout("h36m_17", "h36m_17", 50.0),
            sha256="88f5abbb",
        ),
        *_OPENMMLAB,
        *(_onnx(row, f"{row.name}-exported", f"{row.file}.onnx") for row in _OPENMMLAB),
        _onnx(
            _OPENMMLAB[-1],
            "rtmw3d-x-onnx",
            f"{_OPENMMLAB[-1].file.removesuffix('.pth')}.onnx",
            url="https://huggingface.co/Soykaf/RTMW3D-x/resolve/main/onnx/rtmw3d-x_8xb64_cocktail14-384x288-b0a0eab7_20240626.onnx",
        ),
    )
}
