"""Runs OpenMMLab's detectors, and models of mmpose's that find the points of one person in a crop."""

from collections.abc import Generator, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from posedetector.boxes import check_box, in_view
from posedetector.errors import InputError
from posedetector.estimators.base import ALONE, EstimatorContext
from posedetector.estimators.depth import in_metres, perspective
from posedetector.estimators.openmmlab import OpenMMLabSettings, catalogue
from posedetector.estimators.openmmlab.layouts import skeleton_of
from posedetector.estimators.openmmlab.networks import Network, array_of, meta_of, steps_of
from posedetector.estimators.openmmlab.shim import bring_in
from posedetector.estimators.topdown import batch_of, describe, follow
from posedetector.models.running import Batches
from posedetector.pose import Array, ByteArray, Frame, PersonPose
from posedetector.skeletons import Skeleton
from posedetector.weights import LoadedWeights, remember

if TYPE_CHECKING:
    import torch

DEFAULT_MODEL = "human"  # mmpose's own alias: RTMPose-m, 17 points


class OpenMMLab:
    """A detector of mmdet's and a pose model of mmpose's; their own configurations say how pictures go in."""

    is_simulated = False

    def __init__(self, settings: OpenMMLabSettings, context: EstimatorContext = ALONE) -> None:
        """Find, read and build both models.

        Raises
        ------
        InputError
            For what is not installed, not known, or finds no points that posedetector can use.
        WeightsError
            If a checkpoint cannot be had, or belongs to another model.
        """
        bring_in(debug=context.debug)
        from posedetector.models.torch_running import device_of

        device = device_of(settings.device)
        pose = (
            catalogue.choose_config("pose", settings.pose_config)
            if settings.pose_config
            else catalogue.choose_alias(settings.model or DEFAULT_MODEL)
        )
        detector = (
            catalogue.choose_config("detector", settings.detector_config)
            if settings.detector_config
            else catalogue.default_detector()
        )
        told = context.download_progress
        self.weights: tuple[LoadedWeights, ...] = (
            catalogue.find_checkpoint("detector", detector, settings.detector_checkpoint, told),
            catalogue.find_checkpoint("pose", pose, settings.checkpoint, told),
        )
        batch = batch_of(settings, context, device.type)
        self._detector = _Detector(detector, self.weights[0], device, settings.bbox_thr, batch, debug=context.debug)
        self._pose = _Pose(pose, self.weights[1], device, batch, context)
        for loaded in self.weights:
            remember(loaded)
        self.skeleton: Skeleton = self._pose.skeleton
        self._settings, self._context = settings, context
        self._batch, self._device = batch, device

    def detect(self, images: Sequence[ByteArray]) -> list[tuple[Array, Array]]:
        """Return the boxes (N, 4) of the people in each picture, pixels, and their scores (N,), best first."""
        return self._detector.run(images)

    def poses(self, images: Sequence[ByteArray], boxes: Sequence[Array]) -> list[list[PersonPose]]:
        """Return the people in each picture, one a box (N, 4), in the order of the boxes."""
        return self._pose.run(images, boxes)

    @property
    def method(self) -> str:
        """How it looks, and what its scores are."""
        return (
            f"{describe(self._settings.detect_every, self._settings.bbox_thr)}; as the models' configurations say, on {self._device}; "
            f"scores are the model's own, cut to 0–1; depths, where it gives them, {perspective(self._context.focal_length)}"
        )

    def estimate(self, frames: Iterable[Frame]) -> Generator[list[PersonPose], None, None]:
        """Yield the people of each frame; score is the model's own, cut to [0, 1]."""
        return follow(
            frames,
            self,
            every=self._settings.detect_every,
            together=self._batch,
            max_persons=self._context.max_persons,
        )


class _Detector:
    def __init__(
        self,
        choice: catalogue.Choice,
        loaded: LoadedWeights,
        device: "torch.device",
        least: float,
        batch: int,
        *,
        debug: bool = False,
    ) -> None:
        self._network = Network("mmdet", choice.config, loaded.path, device, debug=debug)
        dataset, steps = steps_of(self._network.config, choice.name)
        steps[0] = {"type": "mmdet.LoadImageFromNDArray"}
        self._steps = self._network.prepare(steps)
        self._label = _person_in(_classes(dataset), choice.name)
        self._least, self._batches = least, Batches(batch, str(device))

    def run(self, images: Sequence[ByteArray]) -> list[tuple[Array, Array]]:
        inputs = [{"img": _blue_first(image), "img_id": 0} for image in images]
        found = chain.from_iterable(self._batches.run(inputs, partial(self._network.run, self._steps)))
        return [
            self._people_of(one, (image.shape[1], image.shape[0])) for one, image in zip(found, images, strict=True)
        ]

    def _people_of(self, found: Any, size: tuple[int, int]) -> tuple[Array, Array]:
        boxes, scores, labels = (array_of(found[name]) for name in ("bboxes", "scores", "labels"))
        order = np.argsort(-scores, kind="stable")
        kept = (labels == self._label) & (scores > self._least) & in_view(boxes, size)
        order = order[kept[order]]
        return boxes[order], scores[order]


class _Pose:
    def __init__(
        self,
        choice: catalogue.Choice,
        loaded: LoadedWeights,
        device: "torch.device",
        batch: int,
        context: EstimatorContext,
    ) -> None:
        self._network = Network("mmpose", choice.config, loaded.path, device, debug=context.debug)
        config, self._context = self._network.config, context
        self._batches = Batches(batch, str(device))
        dataset, steps = steps_of(config, choice.name)
        if dataset.get("data_mode", "topdown") != "topdown" or "Topdown" not in str(config.model.type):
            raise InputError(
                f"{choice.name} is a {config.model.type}: only models that find one person's points in a box can be "
                "used, which mmpose calls top-down (RTMPose, RTMW, HRNet, ViTPose, …)"
            )
        self._steps = self._network.prepare(steps)
        self._meta = meta_of(config, choice.name, debug=context.debug)
        self.skeleton = skeleton_of(
            self._meta, self._network.model.test_cfg.get("output_keypoint_indices"), choice.name
        )

    def run(self, images: Sequence[ByteArray], boxes: Sequence[Array]) -> list[list[PersonPose]]:
        inputs = []
        for image, own in zip(images, boxes, strict=True):
            picture = _blue_first(image) if len(own) else image
            inputs += [self._input(picture, check_box(box, image)) for box in own]
        found = chain.from_iterable(self._batches.run(inputs, partial(self._network.run, self._steps)))
        return [
            [self._person_of(next(found), box, (image.shape[1], image.shape[0])) for box in own]
            for image, own in zip(images, boxes, strict=True)
        ]

    def _input(self, picture: ByteArray, box: Array) -> dict[str, Any]:
        return {
            **self._meta,
            "img": picture,
            "bbox": np.asarray(box, np.float32)[None],
            "bbox_score": np.ones(1, np.float32),
        }

    def _person_of(self, instances: Any, box: Array, size: tuple[int, int]) -> PersonPose:
        points, score = array_of(instances.keypoints)[0], array_of(instances.keypoint_scores)[0]
        if len(score) != len(self.skeleton):
            raise InputError(f"the model gives {len(score)} points, and its configuration names {len(self.skeleton)}")
        deep = points.shape[1] == 3
        xy = array_of(instances.transformed_keypoints)[0] if deep else points
        seen = np.isfinite(xy).all(axis=1) & (score > 0)
        xy = np.where(seen[:, None], xy, np.nan)
        xyz = None
        if deep:
            depth = np.where(seen, depth_from(points, self.skeleton), np.nan)
            sure = score.clip(0, 1)[None]
            xyz = in_metres(
                xy[None],
                depth[None],
                sure,
                self.skeleton,
                image_size=size,
                focal_length=self._context.focal_length,
                to_ideal=self._context.to_ideal,
            )[0]
        return PersonPose(np.asarray(box, float), xy, np.where(seen, np.clip(score, 0, 1), 0.0), xyz)


def depth_from(points: Array, skeleton: Skeleton) -> Array:
    """Return the depth (J,) of a 3D model's points (J, 3) from the middle of the hips, metres, positive away.

    Of what such a model of mmpose's gives only this is measured: its x and y are the picture's, drawn apart by a focal
    length and a distance that were assumed.
    """
    return np.asarray(points[:, 2] - points[skeleton.indices("left_hip", "right_hip"), 2].mean())


def _blue_first(image: ByteArray) -> ByteArray:
    """Return a picture as OpenCV reads it, which all of OpenMMLab's models begin with."""
    return np.ascontiguousarray(image[..., ::-1])


def _classes(dataset: Any) -> tuple[str, ...]:
    """Return what a detector's data set tells apart."""
    from mmdet.registry import DATASETS

    named = dict(dataset.get("metainfo") or {})
    kind = DATASETS.get(str(dataset.type))
    classes = named.get("classes") or (kind.METAINFO.get("classes") if kind else None) or ()
    return (classes,) if isinstance(classes, str) else tuple(classes)


def _person_in(classes: tuple[str, ...], name: str) -> int:
    for word in ("person", "human", "pedestrian"):
        if word in classes:
            return classes.index(word)
    if len(classes) == 1:
        return 0
    found = ", ".join(classes[:6]) + (" …" if len(classes) > 6 else "") or "nothing that it names"
    raise InputError(f"{name} is no detector of people: it finds {found}")
