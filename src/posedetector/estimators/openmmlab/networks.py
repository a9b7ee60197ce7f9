"""OpenMMLab's networks, built from a configuration and filled from a checkpoint without running what is in that."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posedetector.errors import InputError, PosedetectorError, WeightsError
from posedetector.estimators.openmmlab.shim import quietly, stand_ins
from posedetector.models.running import is_out_of_memory

if TYPE_CHECKING:
    import torch


class Network:
    """A model and the steps that lead a picture into it.

    Attributes
    ----------
    config : mmengine's.
    model : in evaluation mode, on its device.
    """

    def __init__(
        self, package: str, config: Path, checkpoint: Path, device: "torch.device", *, debug: bool = False
    ) -> None:
        self._package, self._debug = package, debug
        with self._at_home(printing=False), stand_ins():
            self.config = _read(config)
            self.model = _build(package, self.config, config)
            _fill(self.model, checkpoint, config.stem)
            self.model.to(device).eval().requires_grad_(requires_grad=False)

    def prepare(self, steps: Sequence[dict[str, Any]]) -> Any:
        """Return the function that these steps of a configuration make up."""
        from mmengine.dataset import Compose

        with self._at_home():
            return Compose(steps)

    def run(self, steps: Any, inputs: Sequence[dict[str, Any]]) -> list[Any]:
        """Return the instances that the model finds for each input, all of them in one run."""
        import torch
        from mmengine.dataset import pseudo_collate

        try:
            with self._at_home(), torch.inference_mode():
                results = self.model.test_step(pseudo_collate([steps(one) for one in inputs]))
        except (PosedetectorError, torch.OutOfMemoryError):
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            size = "×".join(str(side) for side in inputs[0]["img"].shape[1::-1])
            raise InputError(
                f"{self._package} cannot look at this picture of {size} pixels: {_reason(error)}"
            ) from error
        return [result.pred_instances for result in results]

    @contextmanager
    def _at_home(self, *, printing: bool = True) -> Iterator[None]:
        """Let bare names in a configuration mean this package's; leave no trace of that to other users of mmengine."""
        from mmengine.registry import DefaultScope

        with quietly(printing=printing, debug=self._debug), DefaultScope.overwrite_default_scope(self._package):
            yield


def steps_of(config: Any, file: str) -> tuple[Any, list[dict[str, Any]]]:
    """Return the data set that a configuration tests on, and the steps that lead its pictures into the model."""
    try:
        part = config.test_dataloader.dataset
        while "pipeline" not in part:  # a wrapper around one data set, or around several
            part = part.dataset if "dataset" in part else part.datasets[0]
        return part, [dict(step) for step in part.pipeline]
    except (AttributeError, KeyError, IndexError, TypeError) as error:
        raise InputError(f"{file} has no test_dataloader with a pipeline: {_reason(error)}") from error


def meta_of(config: Any, file: str, *, debug: bool = False) -> dict[str, Any]:
    """Return mmpose's description of the points that a model was trained to find."""
    from mmpose.apis.inference import dataset_meta_from_config

    try:
        with quietly(debug=debug), stand_ins():
            found = (dataset_meta_from_config(config, mode) for mode in ("train", "val", "test"))
            meta = next((one for one in found if one is not None), None)
    except Exception as error:
        raise InputError(f"{file} names a data set that cannot be had: {_reason(error)}") from error
    if meta is None:
        raise InputError(f"{file} names no data set, which would say what the model's points are")
    return dict(meta)


def array_of(values: Any) -> Any:
    """Return float64 numpy of what is numpy or a tensor anywhere."""
    return np.asarray(values.cpu() if hasattr(values, "cpu") else values, np.float64)


def _read(file: Path) -> Any:
    from mmengine.config import Config

    try:
        config = Config.fromfile(str(file))
    except ImportError as error:
        raise InputError(
            f"{file} wants modules that cannot be imported; set PYTHONPATH to their folder: {_reason(error)}"
        ) from error
    except (Exception, SystemExit) as error:  # it is a program, and can end in any way
        raise InputError(f"{file} cannot be read as a configuration: {_reason(error)}") from error
    if "model" not in config:
        raise InputError(f"{file} describes no model")
    return config


def _build(package: str, config: Any, file: Path) -> Any:
    from importlib import import_module

    from mmengine.model.utils import revert_sync_batchnorm

    config.model.train_cfg = None
    if str(config.model.get("type")).endswith("3D") and config.model.get("test_cfg", {}).get("mode") == "vis":
        config.model.test_cfg.mode = "3d"  # else RTMW3D gives bins, for drawing, in place of metres
    try:
        model = import_module(f"{package}.registry").MODELS.build(config.model)
        return revert_sync_batchnorm(model)
    except PosedetectorError:
        raise
    except Exception as error:
        raise InputError(f"{package} cannot build the model of {file}: {_reason(error)}") from error


def _fill(model: Any, checkpoint: Path, name: str) -> None:
    import torch

    from posedetector.models.checkpoints import read_state, some

    state = read_state(checkpoint, "state_dict")
    try:
        # the model's own hooks first bring old names up to date
        result = model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise WeightsError(f"{checkpoint} is not a checkpoint of {name}: {_reason(error)}") from error
    missing, foreign = result.missing_keys, result.unexpected_keys
    if missing or foreign:
        raise WeightsError(
            f"{checkpoint} is not a checkpoint of {name}: {len(model.state_dict())} tensors expected, found "
            f"{len(state)}; missing: {some(missing)}; foreign: {some(foreign)}"
        )
    for key, value in model.state_dict().items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise WeightsError(f"{checkpoint}: {key} holds values that are not finite")


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
