"""The metrics against implementations that know nothing of them.

scipy is always there. pingouin, scikit-image and statsmodels are in the group `oracles`. What MMPose says was computed
once and stands here as numbers, since MMPose itself does not install beside what we need.
"""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from posedetector.metrics import (
    acceleration_error,
    auc,
    cmc,
    icc_2_1,
    included_angle,
    interval,
    joint_errors,
    limits_of_agreement,
    mpjpe,
    mpjve,
    n_mpjpe,
    p_mpjpe,
    pck,
    pearson_r,
    rotation_between,
    similar_to,
)
from posedetector.pose import Array

CASES = ("near", "mirrored", "unrelated")
SEEDS = range(5)


def bodies(case: str, seed: int = 1979) -> tuple[Array, Array]:
    """A prediction and a measurement (8, 17, 3): noisy, noisy and mirrored, or of nothing in common."""
    random = np.random.default_rng(seed)
    measured = 0.4 * random.standard_normal((8, 17, 3))
    noise = random.standard_normal((8, 17, 3))
    near = measured + 0.08 * noise
    return {"near": near, "mirrored": near * [1, 1, -1], "unrelated": 0.4 * noise}[case], measured


def holed(points: Array) -> Array:
    points = points.copy()
    points[2, 5:9] = np.nan
    points[:, 3] = np.nan
    return points


# MMPose. Its functions were loaded from the wheels' files with numpy alone (their imports of heat map codecs, which
# these functions do not use, replaced by nothing), and run on `bodies(case)` in float64.


class FromMMPose(NamedTuple):
    """`keypoint_mpjpe(predicted, measured, mask, alignment)` of MMPose 1.3.2, mmpose/evaluation/functional/keypoint_eval.py.

    `pck` is the mean of its `keypoint_pck_accuracy` at 0.15 with a norm of one in all three axes. `auc` is that of MMPose
    0.29.0, `keypoint_3d_auc` of mmpose/core/evaluation/pose3d_eval.py, in per cent: version 1 has none any more.
    """

    none: float
    scale: float
    procrustes: float
    pck: float
    auc: float


MMPOSE = {
    "near": FromMMPose(
        0.1254608194682891, 0.12233012267116804, 0.11353494939504905, 0.6911764705882353, 24.59677410041613
    ),
    "mirrored": FromMMPose(
        0.6743131805508175, 0.5981414845764977, 0.45288994574779246, 0.16176470588235295, 4.696394826075243
    ),
    "unrelated": FromMMPose(0.9117237187774564, 0.6428043400457697, 0.5911016440507382, 0.0, 0.0),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("metric", "alignment"), [(mpjpe, "none"), (n_mpjpe, "scale"), (p_mpjpe, "procrustes")])
def test_errors_are_those_of_mmpose(case: str, metric: Callable[[Array, Array], float], alignment: str) -> None:
    assert metric(*bodies(case)) == pytest.approx(getattr(MMPOSE[case], alignment), rel=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_pck_is_that_of_mmpose(case: str) -> None:
    assert pck(*bodies(case)) == pytest.approx(MMPOSE[case].pck, rel=1e-12)


@pytest.mark.parametrize(
    ("threshold", "expected"), [(0.05, 0.058823529411764705), (0.1, 0.36764705882352944), (0.2, 0.9117647058823529)]
)
def test_pck_at_another_threshold_is_that_of_mmpose(threshold: float, expected: float) -> None:
    assert pck(*bodies("near"), threshold) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_auc_is_that_of_mmpose(case: str) -> None:
    """To 1e-7, since MMPose counts in float32."""
    assert auc(*bodies(case)) == pytest.approx(MMPOSE[case].auc / 100, rel=1e-7)


@pytest.mark.parametrize(
    ("metric", "expected"), [(mpjpe, 0.12429481016634192), (pck, 0.69354836), (auc, 0.24583766897839883)]
)
@pytest.mark.parametrize("absent", [0, 1], ids=["prediction", "measurement"])
def test_points_left_out_are_those_that_mmpose_masks(
    metric: Callable[[Array, Array], float], expected: float, absent: int
) -> None:
    """MMPose's mask was false where `holed` makes holes."""
    sides = list(bodies("near"))
    sides[absent] = holed(sides[absent])

    assert metric(*sides) == pytest.approx(expected, rel=1e-7)


# Similarity transforms


@pytest.mark.extra("oracles")
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", CASES)
def test_the_best_similarity_is_that_of_scikit_image(case: str, seed: int) -> None:
    transform = import_module("skimage.transform").SimilarityTransform
    predicted, measured = bodies(case, seed)
    expected = np.stack(
        [transform.from_estimate(one, other)(one) for one, other in zip(predicted, measured, strict=True)]
    )

    assert similar_to(predicted, measured) == pytest.approx(expected)


@pytest.mark.extra("oracles")
@pytest.mark.parametrize("case", CASES)
def test_the_best_similarity_of_a_flat_body_is_that_of_scikit_image(case: str) -> None:
    transform = import_module("skimage.transform").SimilarityTransform
    predicted, measured = bodies(case)
    predicted[..., 1] = 0
    expected = np.stack(
        [transform.from_estimate(one, other)(one) for one, other in zip(predicted, measured, strict=True)]
    )

    assert similar_to(predicted, measured) == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", CASES)
def test_the_best_similarity_is_scipys_rotation_about_the_middles(case: str, seed: int) -> None:
    """With the scale of least squares after the turn, and of the points alone that both sides have."""
    predicted, measured = bodies(case, seed)
    predicted = holed(predicted)
    expected = np.full_like(measured, np.nan)
    for frame, (one, other) in enumerate(zip(predicted, measured, strict=True)):
        there = np.isfinite(one).all(axis=1)
        body, target = one[there] - one[there].mean(axis=0), other[there] - other[there].mean(axis=0)
        turned = Rotation.align_vectors(target, body)[0].apply(body)
        expected[frame, there] = turned * np.vdot(turned, target) / np.vdot(body, body) + other[there].mean(axis=0)

    assert similar_to(predicted, measured) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", CASES)
def test_the_rotation_between_is_that_of_scipy(case: str, seed: int) -> None:
    """Ours stands to the right of rows, scipy's to the left of columns."""
    predicted, measured = bodies(case, seed)
    expected, _ = Rotation.align_vectors(measured.reshape(-1, 3), predicted.reshape(-1, 3))

    assert rotation_between(predicted, measured) == pytest.approx(expected.as_matrix().T)


@pytest.mark.parametrize("seed", SEEDS)
def test_included_angle_is_the_size_of_scipys_shortest_rotation(seed: int) -> None:
    one, joint, other = np.random.default_rng(seed).standard_normal((3, 50, 3))
    expected = [
        Rotation.align_vectors(target, source)[0].magnitude()
        for source, target in zip(one - joint, other - joint, strict=True)
    ]

    assert included_angle(one, joint, other) == pytest.approx(np.array(expected))


# Over time, at an even rate, as the papers' code puts it


def test_mpjve_is_pavllos_formula_times_the_rate() -> None:
    """Mean length of the difference of the differences, in metres per frame (Pavllo et al. 2019)."""
    predicted, measured = bodies("near")
    one, other = predicted[1:] - predicted[:-1], measured[1:] - measured[:-1]
    expected = np.mean(np.sqrt(((one - other) ** 2).sum(axis=2))) * 50

    assert mpjve(predicted, measured, np.arange(8) / 50) == pytest.approx(expected)


def test_acceleration_error_is_kanazawas_formula_times_the_rate_squared() -> None:
    """Mean length of the difference of x₋₁ − 2 x₀ + x₁, in metres per frame² (Kanazawa et al. 2019)."""
    predicted, measured = bodies("near")
    one, other = (x[:-2] - 2 * x[1:-1] + x[2:] for x in (predicted, measured))
    expected = np.mean(np.sqrt(((one - other) ** 2).sum(axis=2))) * 50**2

    assert acceleration_error(predicted, measured, np.arange(8) / 50) == pytest.approx(expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_auc_is_the_area_below_the_curve_of_ranks(seed: int) -> None:
    """A threshold counts for a point where it is above its error: 30 − floor(error / 5 mm) of 31, at least none."""
    predicted, measured = bodies("near", seed)
    millimetres = 1000 * joint_errors(predicted, measured)

    assert auc(predicted, measured) == pytest.approx(np.maximum(30 - np.floor(millimetres / 5), 0).mean() / 31)


# Agreement


def ratings(seed: int, methods: int) -> Array:
    """Twelve targets (12, methods), the methods of different bias."""
    random = np.random.default_rng(seed)
    of_target, of_method = random.standard_normal((12, 1)), random.standard_normal(methods)
    return 20 + 3 * of_target + of_method + random.standard_normal((12, methods))


@pytest.mark.extra("oracles")
@pytest.mark.filterwarnings("ignore:The inplace keyword in:DeprecationWarning")  # pingouin's own use of pandas
@pytest.mark.parametrize(("seed", "methods", "missing"), [(0, 2, 0), (1, 4, 0), (2, 3, 2)])
def test_icc_is_that_of_pingouin(seed: int, methods: int, missing: int) -> None:
    """ICC(A,1) in McGraw & Wong's words, ICC2 in older versions of pingouin."""
    pingouin = import_module("pingouin")
    table = ratings(seed, methods)
    table[:missing, 1] = np.nan
    target, method = np.indices(table.shape)
    long = pd.DataFrame({"target": target.ravel(), "method": method.ravel(), "value": table.ravel()})
    found = pingouin.intraclass_corr(long, targets="target", raters="method", ratings="value", nan_policy="omit")

    assert icc_2_1(table) == pytest.approx(found.set_index("Type")["ICC"].filter(["ICC(A,1)", "ICC2"]).item())


@pytest.mark.parametrize("seed", SEEDS)
def test_pearson_r_is_that_of_scipy(seed: int) -> None:
    one, other = ratings(seed, 2).T

    assert pearson_r(one, other) == pytest.approx(stats.pearsonr(one, other).statistic)


@pytest.mark.extra("oracles")
def test_the_variance_of_the_limits_is_that_of_a_random_effects_model() -> None:
    """For trials of one size, restricted maximum likelihood is the analysis of variance."""
    model = import_module("statsmodels.regression.mixed_linear_model")
    random = np.random.default_rng(0)
    trial = np.repeat(np.arange(12), 10)
    differences = 1 + 2 * random.standard_normal(12)[trial] + random.standard_normal(120)
    fitted = model.MixedLM(differences, np.ones((120, 1)), groups=trial).fit(reml=True)
    reach = 1.96 * np.sqrt(fitted.scale + fitted.cov_re.item())
    middle = fitted.fe_params.item()

    assert limits_of_agreement(differences, np.zeros(120), trial) == pytest.approx(
        (middle - reach, middle + reach), rel=1e-4
    )


def test_the_variance_of_the_limits_has_scipys_ratio_between_to_within() -> None:
    """F of a one-way analysis, unequal trials: within · (1 + (F − 1) / n₀), n₀ the usual size of a trial."""
    random = np.random.default_rng(1)
    sizes = np.array([3, 8, 5, 12])
    groups = [2 * random.standard_normal() + random.standard_normal(size) for size in sizes]
    within = sum(group.var() * len(group) for group in groups) / (28 - 4)
    usual = (28 - (sizes**2).sum() / 28) / 3
    reach = 1.96 * np.sqrt(within * (1 + (stats.f_oneway(*groups).statistic - 1) / usual))
    differences = np.concatenate(groups)
    lower, upper = limits_of_agreement(differences, np.zeros(28), np.repeat(np.arange(4), sizes))

    assert (upper - lower) / 2 == pytest.approx(reach)


@pytest.mark.parametrize("trials", [2, 5, 30])
def test_the_interval_of_a_mean_is_that_of_scipys_t(trials: int) -> None:
    values = np.random.default_rng(trials).standard_normal((trials, 7))
    means = values.mean(axis=1)
    low, high = stats.t.interval(0.95, trials - 1, means.mean(), stats.sem(means))
    found = interval(lambda rows: float(values.ravel()[rows].mean()), np.repeat(np.arange(trials), 7))

    assert found == pytest.approx((means.mean(), low, high))


@pytest.mark.parametrize("seed", SEEDS)
def test_cmc_is_ferraris_equation_written_out(seed: int) -> None:
    """Sums over cycles g, methods p and points f, as printed."""
    random = np.random.default_rng(seed)
    cycles, methods, points = 4, 3, 21
    curves = np.sin(np.linspace(0, 6, points)) + random.standard_normal((cycles, 1, 1))
    y = curves + 0.3 * random.standard_normal((cycles, methods, points))
    above = below = 0.0
    for g in range(cycles):
        level = sum(y[g, p, f] for p in range(methods) for f in range(points)) / (methods * points)
        for f in range(points):
            curve = sum(y[g, p, f] for p in range(methods)) / methods
            for p in range(methods):
                above += (y[g, p, f] - curve) ** 2 / (cycles * points * (methods - 1))
                below += (y[g, p, f] - level) ** 2 / (cycles * (methods * points - 1))

    assert cmc(y) == pytest.approx(np.sqrt(1 - above / below))
