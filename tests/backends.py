"""Estimators of any name for tests: `monkeypatch.setitem(ESTIMATORS, "two", made_by(lambda context: …))`."""

from collections.abc import Callable

from posedetector.estimators import EstimatorContext, EstimatorSettings, KeypointEstimator


def made_by(make: Callable[[EstimatorContext], KeypointEstimator]) -> type[EstimatorSettings]:
    """Return settings without options, of an estimator that this function makes."""

    class Made(EstimatorSettings):
        name: str = "made up"

        def make(self, context: EstimatorContext) -> KeypointEstimator:
            return make(context)

    return Made
