"""OpenMMLab's models as an estimator: what goes in, what comes out, and what is said when something is wrong."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from openmmlab_models import DETECTOR, POSE, model_of, options, save
from posedetector.errors import InputError, WeightsError
from posedetector.estimators import EstimatorContext, OpenMMLabSettings, make_estimator
from posedetector.pose import Array, ByteArray, Frame
from posedetector.skeletons import COCO_17, COCO_WHOLEBODY_133, H36M_17, Skeleton

needs_extra = pytest.mark.extra("openmmlab")


def picture(seed: int = 0, size: tuple[int, int] = (320, 240)) -> ByteArray:
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)


def frames(count: int) -> Iterator[Frame]:
    return (Frame(index, index / 30, picture(index)) for index in range(count))


BOX = np.array([[60.0, 20.0, 160.0, 220.0]])


# Without the extra


def test_without_the_extra_the_error_says_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mmpose", None)
    monkeypatch.setattr(sys, "version_info", (3, 12, 0))

    with pytest.raises(
        InputError,
        match=r"openmmlab` needs its extra: `uv run --extra openmmlab …` in place of `uv run …` installs it \(.*cannot be found",
    ):
        make_estimator("openmmlab")


def test_on_a_python_that_is_too_new_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mmpose", None)
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))

    with pytest.raises(InputError, match=r"needs Python 3\.11 or 3\.12.*uv sync --python 3\.12 --extra openmmlab"):
        make_estimator("openmmlab")


# Non-maximum suppression


def plain_nms(boxes: Array, scores: Array, threshold: float, offset: int) -> list[int]:
    """Box by box, as the definition says."""
    kept: list[int] = []
    for row in sorted(range(len(scores)), key=lambda row: -scores[row]):
        left, top, right, bottom = boxes[row]
        for other in boxes[kept]:
            wide = max(0.0, min(right, other[2]) - max(left, other[0]) + offset)
            high = max(0.0, min(bottom, other[3]) - max(top, other[1]) + offset)
            areas = (right - left + offset) * (bottom - top + offset)
            areas += (other[2] - other[0] + offset) * (other[3] - other[1] + offset)
            if wide * high / (areas - wide * high) > threshold:
                break
        else:
            kept.append(row)
    return kept


@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("seed", range(5))
def test_overlapping_boxes_are_suppressed_as_the_definition_says(seed: int, threshold: float, offset: int) -> None:
    from posedetector.estimators.openmmlab.shim import nms

    random = np.random.default_rng(seed)
    corners = random.uniform(0, 60, (200, 2))
    boxes = np.hstack([corners, corners + random.uniform(5, 40, (200, 2))])
    scores = random.permutation(200) / 200

    kept = nms(torch.from_numpy(boxes), torch.from_numpy(scores), threshold, offset)

    assert kept.tolist() == plain_nms(boxes, scores, threshold, offset)


def test_of_no_boxes_none_are_kept() -> None:
    from posedetector.estimators.openmmlab.shim import nms

    kept = nms(torch.empty(0, 4), torch.empty(0), 0.5)

    assert kept.dtype == torch.long
    assert len(kept) == 0


# The stand-ins


@needs_extra
def test_an_operator_that_nothing_stands_in_for_is_named() -> None:
    from posedetector.estimators.openmmlab.shim import bring_in

    bring_in()
    from mmcv.ops import roi_align

    with pytest.raises(InputError, match="needs mmcv's compiled operator roi_align_forward"):
        roi_align(torch.ones(1, 1, 8, 8), torch.tensor([[0.0, 0, 0, 4, 4]]), 2)


@needs_extra
@pytest.mark.filterwarnings("ignore:'pkgutil.find_loader' is deprecated:DeprecationWarning")  # mmengine's, on 3.12
def test_mmengine_is_not_told_that_mmcv_is_the_full_one() -> None:
    from posedetector.estimators.openmmlab.shim import bring_in

    bring_in()
    from mmengine.utils.dl_utils import mmcv_full_available

    assert not mmcv_full_available()


@needs_extra
def test_nobody_else_takes_what_stands_in_for_the_real_thing() -> None:
    from posedetector.estimators.openmmlab.shim import bring_in

    bring_in()

    assert {"mmcv._ext", "torchvision", "xtcocotools", "xtcocotools.mask"} & set(sys.modules) == set()


@needs_extra
def test_what_is_really_installed_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from posedetector.estimators.openmmlab import shim

    shim.bring_in()
    for name in ("torchvision", "xtcocotools"):
        monkeypatch.delitem(sys.modules, name, raising=False)
        (tmp_path / f"{name}.py").write_text("REAL = True")
    monkeypatch.syspath_prepend(tmp_path)

    with shim.stand_ins(drawing=True):
        modules = [import_module(name) for name in ("torchvision", "xtcocotools")]

    monkeypatch.delitem(sys.modules, "torchvision")
    assert all(module.REAL for module in modules)


# Names, aliases, configurations


@needs_extra
@pytest.mark.parametrize(
    "alias", ["human", "rtmpose-m", "rtmpose-l", "body26", "wholebody", "vitpose-s", "rtmw-x", POSE]
)
def test_an_alias_leads_to_a_configuration_and_an_address(alias: str) -> None:
    from posedetector.estimators.openmmlab.catalogue import choose_alias

    choice = choose_alias(alias)

    assert choice.config.is_file()
    assert choice.published is not None
    assert choice.published.url.startswith("https://download.openmmlab.com/mmpose/")


@needs_extra
def test_every_short_name_of_ours_is_one_of_mmposes_models() -> None:
    from posedetector.estimators.openmmlab import catalogue

    assert {catalogue.choose_alias(short).name for short in catalogue._SHORT} == set(catalogue._SHORT.values())


@needs_extra
def test_an_unknown_alias_is_refused_with_those_that_are_like_it() -> None:
    with pytest.raises(
        InputError, match=r"openmmlab has no model 'rtmpose-q'; like it are rtmpose-.*aliases are .*human"
    ):
        make_estimator(OpenMMLabSettings(model="rtmpose-q"))


@needs_extra
@pytest.mark.parametrize(
    "given",
    [
        DETECTOR,
        f"{DETECTOR}.py",
        f"rtmdet/{DETECTOR}.py",
        f"configs/rtmdet/{DETECTOR}.py",
        f"mmdet::rtmdet/{DETECTOR}.py",
        "rtmdet-t",
    ],
)
def test_a_configuration_that_ships_can_be_named_in_several_ways(given: str) -> None:
    from posedetector.estimators.openmmlab.catalogue import choose_config

    choice = choose_config("detector", given)

    assert choice.config.name == f"{DETECTOR}.py"
    assert choice.published is not None
    assert choice.published.url.endswith("78e30dcc.pth")


@needs_extra
def test_mmposes_own_detectors_are_found_and_build_on_mmdets() -> None:
    from posedetector.estimators.openmmlab.catalogue import choose_config, default_detector

    given = "demo/mmdetection_cfg/rtmdet_m_640-8xb32_coco-person.py"
    choice = choose_config("detector", given)

    assert choice == default_detector()
    assert choice.published is not None
    assert choice.published.url.endswith("rtmdet_m_8xb32-100e_coco-obj365-person-235e8209.pth")
    assert model_of("detector", given).bbox_head.num_classes == 1  # type: ignore[union-attr]


@needs_extra
@pytest.mark.parametrize("field", ["pose_config", "detector_config"])
def test_a_configuration_that_is_nowhere_is_refused(field: str) -> None:
    with pytest.raises(InputError, match=rf"there is no configuration nothing\.py, neither here.*`{field}`"):
        make_estimator(OpenMMLabSettings(**{field: "nothing.py"}))


@needs_extra
def test_a_name_that_several_configurations_have_is_refused() -> None:
    from posedetector.estimators.openmmlab.catalogue import choose_config

    with pytest.raises(InputError, match=r"coco_instance names \d+ configurations, such as .*; say which by its path"):
        choose_config("detector", "coco_instance")


@needs_extra
def test_a_configuration_that_does_not_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("model = 1 / 0")
    choice = options(tmp_path).model_copy(update={"pose_config": str(tmp_path / "broken.py")})

    with pytest.raises(InputError, match=r"broken\.py cannot be read as a configuration: ZeroDivisionError"):
        make_estimator(choice)


@needs_extra
def test_a_model_and_a_configuration_at_once_are_refused() -> None:
    with pytest.raises(InputError, match="`model` and `pose_config` both say which model"):
        OpenMMLabSettings(model="human", pose_config=POSE)


# Checkpoints


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ConnectionError("there is no network here")

    monkeypatch.setattr("posedetector.weights.download", refuse)


@needs_extra
@pytest.mark.usefixtures("unreachable")
def test_a_checkpoint_that_cannot_be_had_is_named_with_its_address_and_place(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(WeightsError) as caught:
        make_estimator(options(tmp_path).model_copy(update={"checkpoint": None}))

    file = "rtmpose-tiny_simcc-coco_pt-aic-coco_420e-256x192-e613ba3f_20230127.pth"
    assert f"get https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/{file} elsewhere" in str(caught.value)
    assert f"put it into {cache_folder} as {file}; or name a file that is here with `checkpoint`" in str(caught.value)
    assert "(there is no network here)" in str(caught.value)


def offered(monkeypatch: pytest.MonkeyPatch, checkpoint: Path, digits: str) -> str:
    """Let mmpose's table have this file for the pose model, under a name with these digits."""
    from posedetector.estimators.openmmlab import catalogue

    file = f"{POSE}-{digits}_20230127.pth"
    row = replace(catalogue.choose_config("pose", POSE).published, url=f"https://example.org/{file}")
    real = catalogue._table

    def table(package: str) -> tuple[catalogue.Published, ...]:
        return (row, *real(package)) if package == "mmpose" else real(package)

    def deliver(url: str, part: Path, *_: object) -> None:
        assert url == row.url
        part.write_bytes(checkpoint.read_bytes())

    monkeypatch.setattr(catalogue, "_table", table)
    monkeypatch.setattr("posedetector.weights.download", deliver)
    return file


@needs_extra
def test_a_published_checkpoint_is_downloaded_known_by_its_digits_and_kept(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chosen = options(tmp_path)
    digest = hashlib.sha256(chosen.checkpoint.read_bytes()).hexdigest()
    file = offered(monkeypatch, chosen.checkpoint, digest[:8])

    loaded = make_estimator(chosen.model_copy(update={"checkpoint": None})).weights[1]

    assert (loaded.name, loaded.path, loaded.trust) == (POSE, cache_folder / file, "table")
    assert (loaded.sha256, loaded.licence) == (digest, "Apache-2.0")
    assert "RTMPose" in loaded.citation
    assert [path.name for path in cache_folder.iterdir()] == [file]


@needs_extra
def test_a_download_with_other_digits_is_refused_and_not_kept(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chosen = options(tmp_path)
    offered(monkeypatch, chosen.checkpoint, "00000000")

    with pytest.raises(WeightsError, match=r"what came is not .* its SHA-256 should begin with 00000000"):
        make_estimator(chosen.model_copy(update={"checkpoint": None}))
    assert [path.suffix for path in cache_folder.iterdir() if path.suffix != ".lock"] == []


@needs_extra
@pytest.mark.parametrize("folder", ["checkpoints", "cache"])
def test_a_checkpoint_that_was_put_where_networks_are_is_found(
    folder: str, cache_folder: Path, checkpoints_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chosen = options(tmp_path)
    digits = hashlib.sha256(chosen.checkpoint.read_bytes()).hexdigest()[:8]
    file = offered(monkeypatch, tmp_path / "not to be downloaded", digits)
    place = cache_folder if folder == "cache" else checkpoints_folder
    place.mkdir()
    chosen.checkpoint.rename(place / file)

    loaded = make_estimator(chosen.model_copy(update={"checkpoint": None})).weights[1]

    assert loaded.path.samefile(place / file)
    assert loaded.trust == "table"


@needs_extra
def test_a_file_of_ones_own_is_called_that(tmp_path: Path) -> None:
    detector, pose = make_estimator(options(tmp_path)).weights

    assert [(one.trust, one.licence) for one in (detector, pose)] == [("own file", "licence not known")] * 2
    assert detector.label == f"detector.pth, built like {DETECTOR}"
    assert pose.label == f"pose.pth, built like {POSE}"


@needs_extra
def test_a_configuration_of_ones_own_needs_a_checkpoint(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(f"_base_ = 'mmpose::body_2d_keypoint/rtmpose/coco/{POSE}.py'")
    chosen = options(tmp_path).model_copy(update={"pose_config": str(own)})

    with pytest.raises(InputError, match=r"no checkpoint was published for .*own\.py: give one with `checkpoint`"):
        make_estimator(chosen.model_copy(update={"checkpoint": None}))
    assert make_estimator(chosen).weights[1].name == "own"


@needs_extra
def test_a_checkpoint_of_another_model_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    chosen = options(tmp_path)

    with pytest.raises(WeightsError, match=r"detector\.pth is not a checkpoint of rtmpose-t.*missing: .*foreign: "):
        make_estimator(chosen.model_copy(update={"checkpoint": chosen.detector_checkpoint}))


@needs_extra
def test_a_checkpoint_of_another_size_is_refused(tmp_path: Path) -> None:
    chosen = options(tmp_path)
    state = torch.load(chosen.checkpoint, weights_only=False)
    state["state_dict"]["head.cls_x.weight"] = torch.ones(3, 3)
    torch.save(state, chosen.checkpoint)

    with pytest.raises(
        WeightsError, match=r"pose\.pth is not a checkpoint of rtmpose-t.*size mismatch for head\.cls_x"
    ):
        make_estimator(chosen)


@needs_extra
def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    chosen = options(tmp_path)
    state = torch.load(chosen.checkpoint, weights_only=False)
    state["state_dict"]["head.cls_x.weight"][0, 0] = torch.nan
    torch.save(state, chosen.checkpoint)

    with pytest.raises(WeightsError, match=r"head\.cls_x\.weight holds values that are not finite"):
        make_estimator(chosen)


class Hostile:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return (Path.touch, (Path("was_run"),))


@needs_extra
def test_a_checkpoint_that_wants_to_run_something_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    chosen = options(tmp_path)
    torch.save({"state_dict": {"a": torch.ones(1)}, "meta": Hostile()}, chosen.checkpoint)

    with pytest.raises(WeightsError, match="nothing in it was run"):
        make_estimator(chosen)
    assert not (tmp_path / "was_run").exists()


# What can be used


@needs_extra
def test_a_model_without_a_whole_body_is_refused(tmp_path: Path) -> None:
    hand = "rtmpose-m_8xb256-210e_hand5-256x256"
    chosen = options(tmp_path).model_copy(
        update={"pose_config": hand, "checkpoint": save("pose", hand, tmp_path / "hand.pth")}
    )

    with pytest.raises(InputError, match=r"hand5-256x256 has no left_shoulder, .*posedetector needs the shoulders"):
        make_estimator(chosen)


@needs_extra
def test_a_model_that_takes_the_whole_picture_is_refused(tmp_path: Path) -> None:
    rtmo = "rtmo-t_8xb32-600e_body7-416x416"
    chosen = options(tmp_path).model_copy(
        update={"pose_config": rtmo, "checkpoint": save("pose", rtmo, tmp_path / "rtmo.pth")}
    )

    with pytest.raises(InputError, match=r"is a BottomupPoseEstimator: only models that .* mmpose calls top-down"):
        make_estimator(chosen)


@needs_extra
def test_a_detector_of_other_things_is_refused() -> None:
    from posedetector.estimators.openmmlab.estimator import _person_in

    with pytest.raises(InputError, match="it is no detector of people: it finds apple, pear"):
        _person_in(("apple", "pear"), "it")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
@needs_extra
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_device_that_is_not_here_is_refused(device: str) -> None:
    with pytest.raises(InputError, match=f'this machine, or its PyTorch, has no {device}; `device="auto"` takes'):
        make_estimator(OpenMMLabSettings(device=device))


@needs_extra
@pytest.mark.parametrize("device", ["tpu", "cuda:", "cuda:one", "cpu:"])
def test_a_device_that_there_is_nowhere_is_refused(device: str) -> None:
    with pytest.raises(InputError, match=f"`device` is auto, cpu, .* got '{device}'"):
        make_estimator(OpenMMLabSettings(device=device))


# Skeletons


def skeleton_of(dataset: str) -> Skeleton:
    from posedetector.estimators.openmmlab import layouts, shim

    shim.bring_in()
    from mmpose.datasets.datasets.utils import parse_pose_metainfo

    with shim.quietly():
        meta = parse_pose_metainfo({"from_file": f"configs/_base_/datasets/{dataset}.py"})
    return layouts.skeleton_of(meta, None, dataset)


@needs_extra
@pytest.mark.parametrize(
    ("dataset", "expected"), [("coco", COCO_17), ("coco_wholebody", COCO_WHOLEBODY_133), ("h36m", H36M_17)]
)
def test_points_that_are_ours_get_our_skeleton(dataset: str, expected: Skeleton) -> None:
    assert skeleton_of(dataset) is expected


@needs_extra
def test_halpes_points_hang_together_from_the_middle_of_the_hips() -> None:
    skeleton = skeleton_of("halpe26")
    parents = {
        point: skeleton.points[parent] if parent >= 0 else None
        for point, parent in zip(skeleton.points, skeleton.parents, strict=True)
    }

    assert len(skeleton) == 26
    assert parents["pelvis"] is None
    assert parents["left_hip"] == parents["thorax"] == "pelvis"  # its hip and its neck
    assert parents["left_knee"] == "left_hip"
    assert parents["right_heel"] == "right_ankle"
    assert parents["head"] == parents["left_shoulder"] == "thorax"
    assert parents["left_wrist"] == "left_elbow"


@needs_extra
@pytest.mark.parametrize("dataset", ["aic", "crowdpose", "halpe", "jhmdb", "mpii", "posetrack18", "ubody3d", "h3wb"])
def test_every_data_set_of_bodies_gives_a_skeleton_without_circles(dataset: str) -> None:
    skeleton = skeleton_of(dataset)

    for row in range(len(skeleton)):
        steps = 0
        while row >= 0:
            row, steps = skeleton.parents[row], steps + 1  # noqa: PLW2901
            assert steps <= len(skeleton)


# Results


@needs_extra
@pytest.mark.parametrize(
    ("config", "skeleton"),
    [
        (POSE, COCO_17),
        ("td-hm_res50_8xb64-210e_coco-256x192", COCO_17),
        ("rtmpose-m_8xb64-270e_coco-wholebody-256x192", COCO_WHOLEBODY_133),
    ],
)
def test_poses_have_the_models_points_and_honest_scores(config: str, skeleton: Skeleton, tmp_path: Path) -> None:
    estimator = make_estimator(options(tmp_path, pose=config))

    (person,) = estimator.poses([picture()], [BOX])[0]

    assert estimator.skeleton is skeleton
    assert person.xy.shape == (len(skeleton), 2)
    assert ((person.score >= 0) & (person.score <= 1)).all()
    assert np.array_equal(np.isnan(person.xy).any(axis=1), person.score == 0)
    assert person.xyz is None


@needs_extra
@pytest.mark.parametrize("config", [POSE, "td-hm_res50_8xb64-210e_coco-256x192"])
def test_poses_are_those_that_mmpose_itself_finds(config: str, tmp_path: Path) -> None:
    chosen = options(tmp_path, pose=config)
    estimator = make_estimator(chosen)
    from mmpose.apis import inference_topdown, init_model

    from posedetector.estimators.openmmlab.catalogue import choose_config
    from posedetector.estimators.openmmlab.shim import quietly

    with quietly():
        model = init_model(str(choose_config("pose", config).config), None, "cpu")
        model.load_state_dict(torch.load(chosen.checkpoint, weights_only=False)["state_dict"])
        theirs = inference_topdown(model, np.ascontiguousarray(picture()[..., ::-1]), BOX)[0].pred_instances

    (ours,) = estimator.poses([picture()], [BOX])[0]

    seen = ours.score > 0
    assert seen.sum() > 5
    assert np.abs(ours.xy - theirs.keypoints[0])[seen].max() < 1e-3
    assert np.abs(ours.score - theirs.keypoint_scores[0].clip(0, 1))[seen].max() < 1e-5


TINY_3D = """
import numpy as np
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS


@MODELS.register_module(force=True)
class TopdownTiny3D(TopdownPoseEstimator):
    # what RTMW3D's estimator in mmpose's projects gives: x and y of an assumed camera, and the picture's beside them
    def add_pred_to_datasample(self, instances, fields, samples):
        samples = super().add_pred_to_datasample(instances, fields, samples)
        for found in (sample.pred_instances for sample in samples):
            found.transformed_keypoints = found.keypoints
            depth = 5.14 + 0.01 * np.arange(17)[None, :, None]
            found.keypoints = np.concatenate([(found.keypoints - 512) / 1145 * depth, depth], axis=-1)
        return samples
"""


@pytest.fixture
def of_ones_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A configuration with a class of the user's own, which lies beside it."""
    monkeypatch.delitem(sys.modules, "tiny3d", raising=False)
    (tmp_path / "tiny3d.py").write_text(TINY_3D)
    config = tmp_path / "own3d.py"
    config.write_text(
        f"_base_ = 'mmpose::body_2d_keypoint/rtmpose/coco/{POSE}.py'\n"
        "custom_imports = dict(imports=['tiny3d'], allow_failed_imports=False)\n"
        "model = dict(type='TopdownTiny3D')\n"
    )
    return config


@needs_extra
def test_a_3d_models_points_in_the_picture_are_taken_and_not_those_of_its_assumed_camera(
    of_ones_own: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    flat = options(tmp_path)
    solid = flat.model_copy(update={"pose_config": str(of_ones_own)})

    one, other = (make_estimator(chosen).poses([picture()], [BOX])[0][0] for chosen in (flat, solid))

    assert other.xy == pytest.approx(one.xy, abs=1e-9, nan_ok=True)
    assert np.array_equal(one.score, other.score)
    assert one.xyz is None
    assert np.ptp(other.xyz[[0, 16], 2]) == pytest.approx(0.16)  # its own depth, a centimetre a point


@needs_extra
def test_modules_that_cannot_be_imported_are_named_with_what_to_do(of_ones_own: Path, tmp_path: Path) -> None:
    chosen = options(tmp_path).model_copy(update={"pose_config": str(of_ones_own)})

    with pytest.raises(InputError, match=r"own3d\.py wants modules that cannot be imported; set PYTHONPATH.*tiny3d"):
        make_estimator(chosen)


def test_depth_is_counted_from_the_middle_of_the_hips() -> None:
    from posedetector.estimators.openmmlab.estimator import depth_from

    points = np.zeros((17, 3))
    points[:, 2] = 5.14
    points[COCO_17.indices("left_hip", "right_hip"), 2] += [0.1, 0.3]
    points[0, 2] += 0.5

    depth = depth_from(points, COCO_17)

    assert depth[[0, 1, 11, 12]] == pytest.approx([0.3, -0.2, -0.1, 0.1])


@needs_extra
def test_boxes_are_those_that_mmdet_itself_finds(tmp_path: Path) -> None:
    chosen = options(tmp_path, surety=0.0)
    estimator = make_estimator(chosen.model_copy(update={"bbox_thr": 0.4}))
    from mmdet.apis import inference_detector
    from mmengine.config import Config
    from mmengine.registry import DefaultScope

    from posedetector.estimators.openmmlab.catalogue import choose_config
    from posedetector.estimators.openmmlab.shim import quietly

    model = model_of("detector", DETECTOR).eval()
    model.load_state_dict(torch.load(chosen.detector_checkpoint, weights_only=False)["state_dict"])
    model.cfg = Config.fromfile(str(choose_config("detector", DETECTOR).config))
    with quietly(), DefaultScope.overwrite_default_scope("mmdet"):
        theirs = inference_detector(model, np.ascontiguousarray(picture()[..., ::-1])).pred_instances
    theirs = theirs[(theirs.labels == 0) & (theirs.scores >= 0.4)]

    boxes, scores = estimator.detect([picture()])[0]

    assert len(boxes) == len(theirs) > 3
    assert np.abs(boxes - theirs.bboxes.numpy()).max() < 1e-2
    assert (np.diff(scores) <= 0).all()


@needs_extra
def test_several_pictures_at_once_give_what_each_alone_gives(tmp_path: Path) -> None:
    estimator = make_estimator(options(tmp_path, surety=0.0).model_copy(update={"bbox_thr": 0.4, "batch_size": 2}))
    pictures = [picture(seed) for seed in range(3)]
    boxes = [np.vstack([BOX, BOX + 20]), np.empty((0, 4)), BOX]

    together, apart = estimator.detect(pictures), [estimator.detect([one])[0] for one in pictures]
    people = estimator.poses(pictures, boxes)

    for (one, _), (other, _) in zip(together, apart, strict=True):
        assert one == pytest.approx(other, abs=1e-2)
    assert [len(each) for each in people] == [2, 0, 1]
    alone = estimator.poses([pictures[2]], [BOX])[0][0]
    assert people[2][0].xy == pytest.approx(alone.xy, abs=1e-3, nan_ok=True)


@needs_extra
def test_people_are_searched_for_in_every_nth_frame_and_followed_in_between(tmp_path: Path) -> None:
    chosen = options(tmp_path, surety=10.0).model_copy(update={"detect_every": 3})
    estimator = make_estimator(chosen, EstimatorContext(max_persons=2))
    searched = []
    detect = estimator.detect
    estimator.detect = lambda images: searched.extend(images) or detect(images)

    people = list(estimator.estimate(frames(7)))

    assert [len(people[row]) for row in (0, 3, 6)] == [2] * 3
    assert len(people) == 7
    assert len(searched) == 3


@needs_extra
def test_nothing_reaches_the_terminal(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    estimator = make_estimator(options(tmp_path, surety=10.0))
    list(estimator.estimate(frames(2)))

    assert capfd.readouterr() == ("", "")


@needs_extra
def test_other_users_of_mmengine_see_no_change_of_its_default_scope(tmp_path: Path) -> None:
    from mmengine.registry import DefaultScope

    before = getattr(DefaultScope.get_current_instance(), "scope_name", None)
    estimator = make_estimator(options(tmp_path))
    estimator.detect([picture()])

    assert getattr(DefaultScope.get_current_instance(), "scope_name", None) == before


@needs_extra
def test_a_picture_that_the_library_cannot_take_is_named(tmp_path: Path) -> None:
    estimator = make_estimator(options(tmp_path))

    with pytest.raises(InputError, match="mmdet cannot look at this picture of 2000×1 pixels"):
        estimator.detect([np.zeros((1, 2000, 3), np.uint8)])


@needs_extra
def test_boxes_that_show_nothing_of_the_picture_are_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estimator = make_estimator(options(tmp_path))
    boxes = np.array([[400.0, 10.0, 500.0, 60.0], [10.0, 10.0, 60.0, 100.0]])
    found = {"bboxes": boxes, "scores": np.array([0.9, 0.8]), "labels": np.zeros(2)}
    monkeypatch.setattr(estimator._detector._network, "run", lambda *_: [found])

    ((kept, _),) = estimator.detect([picture()])

    np.testing.assert_array_equal(kept, boxes[1:])


@needs_extra
def test_a_configuration_that_ends_the_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text("raise SystemExit(3)\n")

    with pytest.raises(InputError, match=r"ends\.py cannot be read as a configuration"):
        make_estimator(options(tmp_path).model_copy(update={"pose_config": str(tmp_path / "ends.py")}))
