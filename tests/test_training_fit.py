"""What a network in training is given and asked for, how far off it is said to be, and the training itself."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from checkpoints import random_network
from posedetector.errors import InputError, OutputError
from posedetector.lifters import VideoPose3DSettings
from posedetector.lifters.inputs import apparent_size
from posedetector.lifters.videopose3d import VideoPose3D
from posedetector.models.videopose3d import TemporalModel
from posedetector.pose import Keypoints, Source
from posedetector.skeletons import H36M_17
from posedetector.training import fit, samples
from posedetector.training.bodies import BODY_14, LEG_AND_TRUNK, Floats, cross, rotate, to_h36m, unit
from posedetector.training.cameras import Filmed
from posedetector.training.fit import Plan, new_model, train, write_checkpoint
from posedetector.training.losses import loss
from posedetector.training.mocap import Take, with_face
from posedetector.training.samples import FRAMES, PLACES, WINDOW, Pool, as_h36m, make_pool, makers
from posedetector.training.validation import angle_bins, runner, validate
from recordings import Still, noise_pool, person, recorded, squatting, standing, walking

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
MIDDLE = WINDOW // 2
SIDES = ("left", "right")
LEG_ROWS = {side: H36M_17.indices(*(f"{side}_{joint}" for joint in ("hip", "knee", "ankle"))) for side in SIDES}


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# What is dealt


@pytest.fixture(scope="module")
def takes() -> list[Take]:
    return recorded(walking(), squatting(), standing(knee=5, elbow=10))


@pytest.fixture(scope="module", autouse=True)
def small_parts() -> Iterator[None]:
    """Pools are made of parts of 32 clips: enough to see what there is to see."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "_CHUNK", 32)
        yield


@pytest.fixture(scope="module")
def pool(takes: list[Take]) -> Pool:
    """64 clips in two parts, so that several processes can share them."""
    return make_pool(takes, 64, (7, 0))


def test_pools_are_the_same_whoever_makes_them(takes: list[Take], pool: Pool) -> None:
    with makers(takes, 2) as workers:
        other = make_pool(takes, 64, (7, 0), workers=workers)

    assert np.array_equal(pool.inputs, other.inputs)
    assert np.array_equal(pool.targets, other.targets)
    assert np.array_equal(pool.share, other.share)


def test_pools_of_other_seeds_and_their_own_parts_differ(takes: list[Take], pool: Pool) -> None:
    other = make_pool(takes, 32, (7, 1)).targets

    assert not any(np.array_equal(pool.targets[:32], one) for one in (other, pool.targets[32:]))


def test_a_pool_is_of_half_precision_and_finite(pool: Pool) -> None:
    assert (pool.inputs.shape, pool.inputs.dtype) == ((64, FRAMES, 54), np.float16)
    assert (pool.targets.shape, pool.targets.dtype) == ((64, PLACES, 17, 3), np.float16)
    assert np.isfinite(pool.inputs).all()
    assert np.isfinite(pool.targets).all()


def test_targets_have_the_middle_of_the_hips_at_0(pool: Pool) -> None:
    hips = pool.targets[:, :, H36M_17.indices("left_hip", "right_hip")].astype(float)

    assert not pool.targets[:, :, 0].any()
    assert np.abs(hips.mean(axis=2)).max() < 0.001


def test_targets_legs_and_trunk_are_of_one_length(pool: Pool) -> None:
    assert np.abs(apparent_size(pool.targets.astype(float), H36M_17) - LEG_AND_TRUNK).max() < 0.003


def test_inputs_move_when_the_targets_move(takes: list[Take], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        samples, "detect", lambda seen, *_: samples.Detected(seen.screen(seen.camera), np.ones(seen.camera.shape[:-1]))
    )
    clips = make_pool(takes, 32, (7, 0))
    given = clips.inputs[..., :51].reshape(32, FRAMES, 17, 3)[..., :2].astype(float) * LEG_AND_TRUNK
    moving = np.diff(clips.targets[..., :2].astype(float), axis=1)
    frames = [MIDDLE + lag + np.arange(PLACES) for lag in (-2, -1, 0, 1, 2)]
    off = [np.square(np.diff(given[:, rows], axis=1) - moving).mean() for rows in frames]

    assert np.argmin(off) == 2
    assert np.sqrt(off[2]) < 0.3 * np.sqrt(np.square(moving).mean())  # what perspective makes of it


def test_windows_that_are_rarely_bent_so_are_drawn_more_often() -> None:
    angles = np.full((10, PLACES, 6), np.radians(5))
    angles[0, :32, 0] = np.radians(95)  # 5 % of all
    share = samples._shares(angles).reshape(10, PLACES)

    assert share.sum() == pytest.approx(1)
    assert share[0, 0] / share[5, 0] == pytest.approx((1 / 0.05**0.5 + 5) / (1 / 0.95**0.5 + 5))
    assert np.ptp(share[1:]) == pytest.approx(0)


@pytest.fixture(scope="module")
def numbered() -> Pool:
    """Inputs are the frame's number and the clip's, targets those of the window's middle."""
    frames, places = np.mgrid[:5, :FRAMES], np.mgrid[:5, MIDDLE : MIDDLE + PLACES]
    targets = np.zeros((5, PLACES, 17, 3))
    targets[:, :, 0, :2] = np.moveaxis(places, 0, -1)
    inputs = np.moveaxis(frames, 0, -1).astype(np.float16)
    return Pool(inputs, targets.astype(np.float16), np.full(5 * PLACES, 1 / (5 * PLACES)))


@pytest.mark.parametrize("step", [1, 5])
def test_the_last_windows_come_a_few_frames_after_the_first(numbered: Pool, step: int) -> None:
    inputs, targets = numbered.draw(300, 100, step, random())

    assert inputs.shape == (300, WINDOW, 2)
    assert np.array_equal(inputs[-100:], inputs[:100] + np.array([0, step]))
    assert np.array_equal(targets[-100:, 0, :2], targets[:100, 0, :2] + np.array([0, step]))


def test_the_pose_asked_for_is_that_of_the_windows_middle(numbered: Pool) -> None:
    inputs, targets = numbered.draw(300, 100, 3, random())

    assert np.array_equal(inputs[:, MIDDLE], targets[:, 0, :2])
    assert np.array_equal(np.diff(inputs[..., 1], axis=1), np.ones((300, WINDOW - 1)))


def test_windows_are_drawn_by_their_share(numbered: Pool) -> None:
    only = np.zeros(5 * PLACES)
    only[2 * PLACES + 7] = 1
    inputs, _ = replace(numbered, share=only).draw(20, 5, 4, random())

    assert (inputs[:-5, 0] == [2, 7]).all()


# That training and use agree


class Listener:
    """In place of the network: keeps what it is given."""

    look_back, look_ahead = MIDDLE, MIDDLE

    def run(self, inputs: np.ndarray) -> np.ndarray:
        self.given = inputs[:, MIDDLE:-MIDDLE]
        return np.zeros((2, self.given.shape[1], 17, 3))


@pytest.fixture
def lifter(tmp_path: Path) -> VideoPose3D:
    path = write_checkpoint(random_network(inputs="body", channels=4), tmp_path / "own.pt")
    made = VideoPose3D(VideoPose3DSettings(model=str(path), like="bundled", device="cpu"))
    made.network = Listener()
    return made


def seen(aspect: float) -> tuple[Filmed, Keypoints]:
    """Somebody who walks obliquely past a camera: as training films him, and as an estimator would report him."""
    points = with_face(walking(4))
    turned = rotate(points, np.broadcast_to([0.0, 1, 0], points.shape), np.full(points.shape[:-1], 0.6))
    camera = (turned * [-1, -1, -1] + [1.2, 1.0, 9])[None]
    filmed = Filmed(camera, np.array([2.2]), np.array([aspect]))
    width = 1000
    return filmed, Keypoints(
        skeleton=BODY_14,
        time=np.arange(len(points)) / 50,
        xy=(filmed.screen(camera)[0] + [1, aspect]) * width / 2,
        score=np.ones(points.shape[:2]),
        source=np.full(points.shape[:2], Source.MEASURED, np.uint8),
        xyz=None,
        image_size=(width, round(width * aspect)),
    )


@pytest.mark.parametrize("aspect", [0.5, 1.0, 1.8])
def test_training_gives_a_network_what_the_lifter_gives_it(
    lifter: VideoPose3D, monkeypatch: pytest.MonkeyPatch, aspect: float
) -> None:
    filmed, keypoints = seen(aspect)
    monkeypatch.setattr("posedetector.training.noise.behind", lambda camera: np.zeros(camera.shape[:-1]))
    (trained_on,) = samples._channels(filmed, Still()).astype(float)
    lifter.lift(keypoints)

    assert lifter.network.given.shape == (2, 201, 54)
    assert lifter.network.given[0] == pytest.approx(trained_on, abs=0.001, rel=0.001)


def test_the_averaged_image_is_the_mirrored_person(lifter: VideoPose3D) -> None:
    lifter.lift(seen(0.5)[1])
    image, mirrored = lifter.network.given
    points, turned = (one[:, :51].reshape(-1, 17, 3) for one in (image, mirrored))
    other_side = [H36M_17.index(_twin(point)) for point in H36M_17.points]

    assert turned == pytest.approx(points[:, other_side] * [-1, 1, 1], abs=1e-6)
    assert mirrored[:, 51:] == pytest.approx(image[:, 51:] * [-1, 1, 1], abs=1e-6)


def _twin(point: str) -> str:
    side, _, rest = point.partition("_")
    return f"{SIDES[side == 'left']}_{rest}" if side in SIDES else point


def test_a_point_that_was_bridged_has_no_score_in_training_and_in_use(lifter: VideoPose3D) -> None:
    _, keypoints = seen(0.5)
    source = keypoints.source.copy()
    source[50:60, BODY_14.index("left_hip")] = Source.INTERPOLATED
    lifter.lift(replace(keypoints, score=np.full_like(keypoints.score, 0.8), source=source))
    used = lifter.network.given[0, :, 2:51:3]
    score = np.full((1, 201, 14), 0.8)
    score[0, 50:60, BODY_14.index("left_hip")] = 0
    (trained_on,) = as_h36m(samples.Detected(np.zeros((1, 201, 14, 2)), score))[..., 2]

    assert used == pytest.approx(trained_on)
    assert (used[55] == 0).sum() == 3  # the hip, and of what it is a part: pelvis and spine


# The network


@pytest.mark.parametrize("inputs", ["screen", "body"])
def test_one_windows_pose_is_that_of_the_whole_network(inputs: str) -> None:
    model = random_network(inputs=inputs, channels=16).eval()
    for norm in (model.expand_bn, *model.layers_bn):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    windows = torch.randn(3, WINDOW, model.expand_conv.in_channels)
    with torch.inference_mode():
        whole, middle = model(windows), model.centre(windows)

    assert whole.shape == (3, 1, 17, 3)
    assert torch.allclose(middle, whole[:, 0], atol=1e-5)


def test_every_weight_is_learned() -> None:
    model = new_model(8)
    poses = model.centre(torch.randn(16, WINDOW, 54))
    loss(poses, torch.randn(16, 17, 3), 8).total.backward()

    assert [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()] == []


def test_a_network_carries_the_points_from_the_first() -> None:
    model = new_model(8).eval()
    windows = torch.zeros(1, WINDOW, 54)
    with torch.inference_mode():
        still = model.centre(windows)
        model.shrink.weight.zero_()
        model.shrink.bias.zero_()
        windows[0, MIDDLE, 3:5] = torch.tensor([0.5, -0.25])  # the right hip
        carried = model.centre(windows)

    assert still.isfinite().all()
    assert carried[0, 1].numpy() == pytest.approx(np.array([0.5, -0.25, 0]) * LEG_AND_TRUNK)
    assert not carried[0, [0, *range(2, 17)]].any()


@pytest.mark.parametrize(("causal", "frames"), [(True, WINDOW), (False, WINDOW - 2), (False, WINDOW + 1)])
def test_windows_of_another_length_and_causal_networks_are_refused(causal: bool, frames: int) -> None:
    model = TemporalModel(channels=4, causal=causal)

    with pytest.raises(InputError, match="windows of 243 frames are needed, and a network that is not causal"):
        model.centre(torch.zeros(2, frames, 34))


# What is asked for


def posed(**bends: Any) -> torch.Tensor:
    """(4, 17, 3) all alike."""
    body = to_h36m(with_face(person(frames=4, **bends))).astype(np.float32)
    return torch.from_numpy(body - body[:, :1])


def test_a_perfect_network_loses_nothing() -> None:
    found = loss(posed(knees=(30, 0)), posed(knees=(30, 0)), 2)

    assert found.total == 0
    assert set(found.parts.values()) == {0}


def test_a_shift_loses_its_length_and_nothing_else() -> None:
    found = loss(posed() + torch.tensor([0.03, 0, 0.04]), posed(), 2)

    assert found.parts == pytest.approx(
        {"position": 0.05, "velocity": 0, "length": 0, "direction": 0, "angle": 0}, abs=1e-5
    )


def test_velocities_are_compared_between_the_last_and_the_first() -> None:
    moved = posed(knees=(30, 30))
    moved[-1, :, 1] += 0.02

    assert loss(moved, posed(knees=(30, 30)), 1).parts["velocity"] == pytest.approx(0.02)
    assert loss(moved, posed(knees=(30, 30)), 2).parts["velocity"] == pytest.approx(0.01)


def test_a_short_shank_loses_what_it_lacks_and_no_angle() -> None:
    true = posed(knees=(40, 40))
    short = true.clone()
    _, knee, ankle = LEG_ROWS["left"]
    along = true[:, ankle] - true[:, knee]
    short[:, ankle] -= 0.03 * along / along.norm(dim=-1, keepdim=True)
    found = loss(short, true, 2).parts

    assert found["length"] == pytest.approx(0.03 / 12, rel=1e-3)  # of twelve bones
    assert (found["direction"], found["angle"]) == pytest.approx((0, 0), abs=1e-5)


@pytest.mark.parametrize("knee", [0, 40, 90])
def test_a_knee_that_is_20_degrees_more_bent_loses_these(knee: float) -> None:
    found = loss(posed(knees=(knee + 20, 10)), posed(knees=(knee, 10)), 2).parts

    assert found["angle"] == pytest.approx(np.radians(20) / 6, rel=0.01)  # of six angles
    assert found["direction"] == pytest.approx(2 * np.sin(np.radians(10)) / 12, rel=0.01)
    assert found["length"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(posed(), id="straight limbs, all right"),
        pytest.param(posed(knees=(180, 180), elbows=(180, 180)), id="folded limbs"),
        pytest.param(torch.zeros(4, 17, 3), id="no length"),
    ],
)
def test_gradients_are_finite(made: torch.Tensor) -> None:
    made = made.clone().requires_grad_()
    loss(made, posed(), 2).total.backward()

    assert made.grad.isfinite().all()


# How far off it is


def known(poses: Floats) -> Pool:
    """A pool of poses (N, 64, 17, 3), in which the input in a window's middle is the pose asked for."""
    inputs = np.zeros((len(poses), FRAMES, 51), np.float16)
    inputs[:, MIDDLE : MIDDLE + PLACES] = poses.reshape(len(poses), PLACES, 51)
    return Pool(inputs, poses.astype(np.float16), np.full(len(poses) * PLACES, 1 / (len(poses) * PLACES)))


@pytest.fixture(scope="module")
def bending() -> Pool:
    """Two clips of somebody whose knees are bent by 2° to 160°, the elbows by 30° throughout."""
    knee = np.linspace(2, 160, PLACES)
    poses = [to_h36m(with_face(person(knees=sides, elbows=(30, 30)))) for sides in ((knee, knee / 2), (knee[::-1], 5))]
    return known(np.stack([one - one[:, :1] for one in poses]))


def told_the_answer(windows: Floats) -> Floats:
    return windows[:, MIDDLE].reshape(-1, 17, 3)


def test_a_perfect_network_is_found_to_be_perfect(bending: Pool) -> None:
    found = validate(told_the_answer, bending)

    assert (found.mpjpe, found.p_mpjpe) == pytest.approx((0, 0), abs=1e-9)
    assert {one.bias for one in found.angles} == {one.mae for one in found.angles} == {0}
    assert found.of("knee") == 0


def test_a_network_that_bends_every_knee_is_found_out(bending: Pool) -> None:
    def bend(windows: Floats) -> Floats:
        poses = told_the_answer(windows).astype(float)
        for hip, knee, ankle in LEG_ROWS.values():
            thigh, shank = poses[:, knee] - poses[:, hip], poses[:, ankle] - poses[:, knee]
            turned = rotate(shank, unit(cross(thigh, shank)), np.full(len(poses), np.radians(10)))
            poses[:, ankle] = poses[:, knee] + turned
        return poses

    found = validate(bend, bending)
    knees, others = ([one for one in found.angles if (one.joint == "knee") is which] for which in (True, False))

    assert [one.bias for one in knees] == pytest.approx([10] * 6, abs=0.1)
    assert [one.mae for one in knees] == pytest.approx([10] * 6, abs=0.1)
    assert [one.bias for one in others] == pytest.approx([0] * len(others), abs=0.01)
    assert found.of("knee") == pytest.approx(10, abs=0.1)


def test_every_pose_counts_once_for_each_side(bending: Pool) -> None:
    found = validate(told_the_answer, bending).angles

    for joint in ("knee", "hip", "elbow"):
        assert sum(one.samples for one in found if one.joint == joint) == 2 * 2 * PLACES / 8
    assert [(one.low, one.high) for one in found if one.joint == "elbow"] == [(25, 50)]


def test_errors_are_in_millimetres_and_from_the_hips(bending: Pool) -> None:
    def off(windows: Floats) -> Floats:
        poses = told_the_answer(windows).copy()
        poses[:, 1:, 0] += 0.017  # all but the pelvis
        return poses + 5

    assert validate(off, bending).mpjpe == pytest.approx(16, abs=0.1)


def test_angles_of_points_that_are_missing_are_left_out() -> None:
    true = posed(knees=(30, 60)).numpy()
    made = true.copy()
    made[0, LEG_ROWS["left"][2]] = np.nan
    found = list(angle_bins(made, true, H36M_17))

    assert [(one.joint, one.low, one.samples, one.bias) for one in found][:2] == [
        ("knee", 25, 3, 0),
        ("knee", 50, 4, 0),
    ]


def test_a_network_that_is_validated_goes_on_as_it_was() -> None:
    model = new_model(4).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    made = runner(model, CPU)(np.zeros((3, WINDOW, 54), np.float32))

    assert made.shape == (3, 17, 3)
    assert model.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


# The training


SMALL = Plan(steps=6, windows=12, pairs=4, clips=128, serves=2, channels=8)


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """Pools of noise, and what they were asked to be made of."""
    return fake_pools(monkeypatch)


def fake_pools(patch: pytest.MonkeyPatch) -> list[tuple]:
    asked: list[tuple] = []

    def make(*given: Any, **_: Any) -> Pool:
        asked.append(given)
        return noise_pool(given[2][1])

    patch.setattr(fit, "make_pool", make)
    patch.setattr(fit, "held_out_pool", lambda *_: noise_pool(99, clips=1))
    return asked


def run_training(takes: list[Take], plan: Plan, folder: Path, **options: Any) -> Path | None:
    return train(takes, plan, folder, **{"every": 2, "validate_every": 4, "device": CPU, "threads": 1} | options)


@pytest.fixture
def go(takes: list[Take], tmp_path: Path) -> Callable[..., Path | None]:
    def go(plan: Plan = SMALL, folder: str = "training", **options: Any) -> Path | None:
        return run_training(options.pop("takes", takes), plan, tmp_path / folder, **options)

    return go


@pytest.fixture(scope="module")
def finished(takes: list[Take], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        fake_pools(patch)
        run_training(takes, SMALL, folder)
    return folder


@pytest.fixture
def done(finished: Path, tmp_path: Path) -> Path:
    """The folder of a training that is done, to be damaged."""
    return shutil.copytree(finished, tmp_path / "training")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def same(one: object, other: object) -> bool:
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


@pytest.mark.usefixtures("pools")
@pytest.mark.parametrize("stop_at", [3, 4])  # amid a pool and a row of the curve, and at the end of both
def test_a_training_that_was_stopped_goes_on_bit_for_bit(
    go: Callable, finished: Path, tmp_path: Path, stop_at: int
) -> None:
    whole = finished / "lifter.pt"
    calls = iter(range(1, 10))

    assert go(folder="parts", stop=lambda: next(calls) == stop_at) is None
    assert torch.load(tmp_path / "parts" / "state.pt")["step"] == stop_at
    parts = go(folder="parts")
    for file in ("state.pt", "lifter.pt"):
        one, other = (_flat(torch.load(path.parent / file)) for path in (whole, parts))
        assert one.keys() == other.keys()
        assert [key for key in one if not same(one[key], other[key])] == []
    assert (whole.parent / "curve.csv").read_bytes() == (parts.parent / "curve.csv").read_bytes()


def _flat(state: Any, name: str = "") -> dict[str, Any]:
    if isinstance(state, list | tuple):
        state = dict(enumerate(state))
    if not isinstance(state, dict):
        return {} if state is None else {name: state}
    return {key: value for part in state for key, value in _flat(state[part], f"{name}/{part}").items()}


def test_each_pool_serves_its_steps(go: Callable, pools: list[tuple]) -> None:
    go()

    assert [(count, number) for _, count, (_, number) in pools] == [(128, 0), (128, 1), (128, 2)]


def test_what_is_held_out_is_never_trained_on(go: Callable, takes: list[Take], pools: list[tuple]) -> None:
    go(takes=[replace(takes[0], held_out=True), *takes[1:]])

    assert {take.name for given, *_ in pools for take in given} == {take.name for take in takes[1:]}


@pytest.mark.usefixtures("pools")
def test_errors_on_held_out_motion_are_in_the_curve_now_and_then(
    go: Callable, takes: list[Take], tmp_path: Path
) -> None:
    told: list[tuple] = []
    go(takes=[replace(takes[0], held_out=True), *takes[1:]], told=lambda *row: told.append(row))
    curve = rows(tmp_path / "training" / "curve.csv")

    assert [(row["step"], row["held_out_mpjpe_mm"] != "") for row in curve] == [("2", False), ("4", True), ("6", True)]
    assert [(step, of) for step, of, _ in told] == [(2, 6), (4, 6), (6, 6)]
    assert float(curve[2]["held_out_mpjpe_mm"]) == pytest.approx(told[2][2]["held_out_mpjpe_mm"], rel=1e-4)
    angles = rows(tmp_path / "training" / "angles.csv")
    assert {row["joint"] for row in angles} == {"knee", "hip", "elbow"}
    assert sum(int(row["samples"]) for row in angles) == 3 * 2 * PLACES / 8


def test_a_training_leaves_its_plan_its_curve_and_the_network(finished: Path) -> None:
    assert {file.name for file in finished.iterdir()} == {
        "plan.json", "state.pt", "curve.csv", "curve.png", "lifter.pt"
    }  # fmt: skip
    assert json.loads((finished / "plan.json").read_text())["windows"] == 12
    assert (finished / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert [row["step"] for row in rows(finished / "curve.csv")] == ["2", "4", "6"]


def test_a_training_that_is_done_gives_its_network_again(go: Callable, done: Path) -> None:
    before = (done / "lifter.pt").read_bytes()
    (done / "lifter.pt").unlink()

    assert go() == done / "lifter.pt"
    assert (done / "lifter.pt").read_bytes() == before


@pytest.mark.usefixtures("done")
@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"steps": 7}, "steps 6, and not 7"),
        ({"data": "abc"}, "data , and not abc"),
        ({"seed": 1, "channels": 4}, "channels 8, seed 0, and not 4, 1"),
    ],
)
def test_another_plan_in_the_same_folder_is_refused(go: Callable, other: dict, says: str) -> None:
    with pytest.raises(InputError, match=f"another plan: {says}; take another folder"):
        go(replace(SMALL, **other))


def test_a_state_of_another_plan_is_not_gone_on_with(go: Callable, done: Path) -> None:
    (done / "plan.json").unlink()

    with pytest.raises(InputError, match=r"state\.pt is of a training of another plan than .*plan\.json"):
        go(replace(SMALL, seed=1))


def test_who_stops_while_clips_are_made_does_not_wait_for_them(takes: list[Take]) -> None:
    asked = iter([False, True])  # a third time would be an error

    with pytest.raises(samples.StoppedWhileMaking):
        make_pool(takes, 4 * 128, (7, 0), stop=lambda: next(asked))


def test_a_training_that_is_stopped_while_clips_are_made_is_kept(
    go: Callable, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (done / "state.pt").unlink()

    def stopped(*_: object, **__: object) -> None:
        raise samples.StoppedWhileMaking

    monkeypatch.setattr(fit, "make_pool", stopped)
    calls = iter([True])

    assert go(SMALL, stop=lambda: next(calls)) is None
    assert torch.load(done / "state.pt")["step"] == 0


def test_a_maker_that_is_ended_from_outside_is_told_in_a_line(
    go: Callable, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (done / "state.pt").unlink()

    def ended(*_: object, **__: object) -> None:
        raise BrokenProcessPool

    monkeypatch.setattr(fit, "make_pool", ended)

    with pytest.raises(OutputError, match="ended from outside, for want of memory perhaps; what was learned is kept"):
        go(SMALL)
    assert (done / "state.pt").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda _: b"",
        lambda content: content.replace(b"expand_conv", b"expand_corn"),
    ],
    ids=["cut off", "empty", "other names"],
)
def test_a_damaged_state_is_refused(go: Callable, done: Path, damage: Callable) -> None:
    state = done / "state.pt"
    state.write_bytes(damage(state.read_bytes()))

    with pytest.raises(InputError, match=r"state\.pt is damaged, and the training in .* cannot go on"):
        go()


@pytest.mark.parametrize("content", [b"", b"[1]", b"\xff"])
def test_a_damaged_plan_is_refused(go: Callable, done: Path, content: bytes) -> None:
    (done / "plan.json").write_bytes(content)

    with pytest.raises(InputError, match="plan"):
        go()


def test_a_folder_that_cannot_be_is_refused(go: Callable, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for folder in ("file", "file/folder"):
        with pytest.raises(InputError, match="cannot hold a training"):
            go(folder=folder)


@pytest.mark.usefixtures("pools")
def test_a_state_that_cannot_be_written_is_told(go: Callable, tmp_path: Path) -> None:
    (tmp_path / "training" / "state.pt.part").mkdir(parents=True)

    with pytest.raises(OutputError, match=r"state\.pt"):
        go()


def test_nothing_to_train_on_is_refused(go: Callable, takes: list[Take]) -> None:
    with pytest.raises(InputError, match="nothing is left to train on"):
        go(takes=[replace(take, held_out=True) for take in takes])


@pytest.mark.usefixtures("pools")
def test_who_gave_nothing_to_train_on_may_try_again_with_something(go: Callable, takes: list[Take]) -> None:
    with pytest.raises(InputError):
        go(replace(SMALL, data="nothing"), takes=[])

    assert go(replace(SMALL, data="something"), takes=takes) is not None


def test_a_network_learns(go: Callable, monkeypatch: pytest.MonkeyPatch, pool: Pool, tmp_path: Path) -> None:
    monkeypatch.setattr(fit, "make_pool", lambda *_, **__: pool)
    go(Plan(steps=45, windows=64, pairs=16, clips=128, channels=32, learning_rate=0.02), every=5)
    curve = rows(tmp_path / "training" / "curve.csv")

    for name in ("loss", "position", "length"):
        assert float(curve[-1][name]) < 0.8 * float(curve[0][name])


def test_the_rate_is_warmed_up_and_ends_near_0() -> None:
    plan = Plan(steps=2000, learning_rate=1e-3)

    assert plan.rate(0) == pytest.approx(1e-3 / 200)
    assert plan.rate(99) == pytest.approx(0.5e-3, rel=0.01)
    assert plan.rate(1000) == pytest.approx(0.5e-3)
    assert plan.rate(1999) == pytest.approx(0, abs=1e-8)
    assert max(plan.rate(step) for step in range(2000)) == pytest.approx(1e-3, rel=0.03)


def test_a_trained_network_lifts(finished: Path) -> None:
    lifter = VideoPose3D(VideoPose3DSettings(model=str(finished / "lifter.pt"), like="bundled", device="cpu"))
    pose = lifter.lift(seen(0.5)[1])

    assert pose.skeleton == H36M_17
    assert np.isfinite(pose.xyz).all()


def test_weights_are_written_in_half_precision_and_statistics_in_single(tmp_path: Path) -> None:
    state = torch.load(write_checkpoint(new_model(4), tmp_path / "lifter.pt"))["model_pos"]
    kinds = {key: value.dtype for key, value in state.items() if value.is_floating_point()}

    assert {kinds[key] for key in kinds if state[key].ndim > 1} == {torch.float16}
    assert {kinds[key] for key in kinds if state[key].ndim == 1} == {torch.float32}


def test_a_network_of_512_channels_fits_into_7_megabytes(tmp_path: Path) -> None:
    assert 6_500_000 < write_checkpoint(new_model(512), tmp_path / "lifter.pt").stat().st_size < 7_500_000


def test_the_written_network_is_the_trained_one_but_for_rounding(tmp_path: Path) -> None:
    model = new_model(16).eval()
    path = write_checkpoint(model, tmp_path / "lifter.pt")
    lifter = VideoPose3D(VideoPose3DSettings(model=str(path), like="bundled", device="cpu", flip=False))
    windows = torch.rand(2, WINDOW, 54)
    with torch.inference_mode():
        made = torch.from_numpy(lifter.network.run(windows.numpy()))
        assert torch.allclose(made[:, 0], model.centre(windows), atol=0.003)


# What it leaves of the process that trains


def test_threads_are_as_many_as_before_a_training() -> None:
    before = torch.get_num_threads()

    with fit._on_threads(before + 1):
        within = torch.get_num_threads()

    assert (within, torch.get_num_threads()) == (before + 1, before)


def test_a_curve_is_drawn_without_choosing_a_backend_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matplotlib.use", lambda _: pytest.fail("the backend of the whole process"))

    fit.write_curve([{"step": 1, "position": 0.1}, {"step": 2, "position": 0.05}], tmp_path)

    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
