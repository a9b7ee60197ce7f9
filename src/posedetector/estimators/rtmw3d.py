"""RTMDet finds people, RTMW3D 133 points of each with their depth; OpenMMLab's weights, in PyTorch or onnxruntime."""

from collections.abc import Generator, Iterable, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from posedetector.boxes import check_box, in_view
from posedetector.estimators.base import ALONE, EstimatorContext, KeypointEstimator
from posedetector.estimators.depth import in_metres, perspective
from posedetector.estimators.topdown import TopDownSettings, batch_of, describe, follow
from posedetector.models import letterbox, simcc
from posedetector.options import MODEL
from posedetector.pose import Array, ByteArray, Frame, PersonPose
from posedetector.skeletons import COCO_WHOLEBODY_133, Skeleton
from posedetector.weights import LoadedWeights


class RTMW3DSettings(TopDownSettings):
    """RTMDet-m and RTMW3D-l or -x."""

    title: ClassVar[str] = "RTMW3D"

    name: Literal["rtmw3d"] = "rtmw3d"
    model: Annotated[Literal["l", "x"], MODEL] = Field("l", description="l or x.")
    runtime: Literal["torch", "compile", "onnx"] = Field(
        "torch",
        description="What runs the networks: torch, compile (a minute of compiling first), or onnx (extra `onnx`).",
    )

    def make(self, context: EstimatorContext) -> KeypointEstimator:
        """Load both networks; see `RTMW3D`."""
        return RTMW3D(self, context)


class RTMW3D:
    """RTMDet-m and RTMW3D-l or -x.

    The two halves can be used alone: `detect` and `poses`. A score is the lower one of a point's peaks along x and y,
    cut to [0, 1] (the training's target is a peak of 1; it is no probability); a point without a peak was not seen.

    Raises
    ------
    InputError
        For a device or a runtime that there is not.
    WeightsError
        When a file cannot be had, is damaged, or is another network or size.
    """

    skeleton: Skeleton = COCO_WHOLEBODY_133
    is_simulated = False

    def __init__(self, settings: RTMW3DSettings, context: EstimatorContext = ALONE) -> None:
        from posedetector.estimators.runners import detector, device_of, points

        device, told = device_of(settings), context.download_progress
        batch = batch_of(settings, context, device.type)
        pose, self._points = points(settings, device, batch, told)
        found, self._detector, self._side = detector(settings, device, batch, told)
        self.weights: tuple[LoadedWeights, ...] = (found, pose)
        self._settings, self._context = settings, context
        self._together = batch

    @property
    def method(self) -> str:
        """How it looks, and what its scores are."""
        settings = self._settings
        return (
            f"{describe(settings.detect_every, settings.bbox_thr)}; {self._points.described}, batches of {self._together}; "
            f"scores are the lower peak along x and y, cut to 0–1; {perspective(self._context.focal_length)}"
        )

    def estimate(self, frames: Iterable[Frame]) -> Generator[list[PersonPose], None, None]:
        """Yield the people of each frame; xyz is in metres of a grown person, from the middle of the hips."""
        return follow(
            frames,
            self,
            every=self._settings.detect_every,
            together=self._together,
            max_persons=self._context.max_persons,
        )

    def detect(self, images: Sequence[ByteArray]) -> list[tuple[Array, Array]]:
        """Return boxes (N, 4) left, top, right, bottom in pixels and scores (N,) of the people in each picture."""
        boxed = [letterbox.letterbox(image, self._side) for image in images]
        scales = np.array([scale for _, scale in boxed])
        found: list[tuple[Array, Array]] = []
        for scores, distances in self._detector.run([square for square, _ in boxed]):
            part = scales[len(found) : len(found) + len(scores[0])]
            for boxes, sure in letterbox.decode(scores, distances, part):
                height, width = images[len(found)].shape[:2]
                # the square's grey rest may look like somebody too
                kept = (sure > self._settings.bbox_thr) & in_view(boxes, (width, height))
                found.append((boxes[kept], sure[kept]))
        return found

    def poses(self, images: Sequence[ByteArray], boxes: Sequence[Array]) -> list[list[PersonPose]]:
        """Return the people in each picture, one a box (N, 4).

        Raises
        ------
        InputError
            For a box without area, or wholly outside its picture; what lies outside of one that is partly there is black.
        """
        looked_at = [(image, check_box(box, image)) for image, some in zip(images, boxes, strict=True) for box in some]
        if not looked_at:
            return [[] for _ in images]
        framed = [simcc.frame_of(box) for _, box in looked_at]
        crops = [simcc.crop(image, *frame) for (image, _), frame in zip(looked_at, framed, strict=True)]
        peaks = [simcc.peaks(logits) for logits in self._points.run(crops)]
        where, peak = (np.concatenate(part) for part in zip(*peaks, strict=True))
        middles, sizes = (np.array(part) for part in zip(*framed, strict=True))
        xy, depth, score = simcc.decode(where, peak, middles, sizes)
        pictures = np.array([image.shape[1::-1] for image, _ in looked_at], np.float64)
        context = self._context
        xyz = in_metres(
            xy,
            depth,
            score,
            self.skeleton,
            image_size=pictures,
            focal_length=context.focal_length,
            to_ideal=context.to_ideal,
        )
        made = iter(zip(xy, score, xyz, strict=True))
        return [[PersonPose(np.asarray(box, float), *next(made)) for box in some] for some in boxes]
