"""`posedetector train`, as a person meets it: which recordings it reads and how, what it trains, what stops it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from commands import Done
from posedetector.cli import train
from posedetector.errors import InputError
from posedetector.lifters import VideoPose3DSettings
from posedetector.lifters.videopose3d import VideoPose3D
from posedetector.pose import Array
from posedetector.readers.names import NAMINGS
from posedetector.readers.recording import ReadOptions
from posedetector.training import fit
from posedetector.training.bodies import ARMS, LEGS, bent, dot, trunk_axes
from posedetector.training.mocap import Take, digest, read_takes, straightened, with_face
from recordings import POINTS, noise_pool, person, squatting, standing, walking, write_npz, write_trc

OPTIONS = ReadOptions(side="-")
MM = 0.001

# Recordings


def degrees(points: Array, limb: list[int]) -> Array:
    return np.degrees(bent(points, limb))


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[Take]]:
    """Write one clip, or several, and read them."""

    def read(
        clips: Array | list[tuple[str, Array]], /, *, hold_out: tuple[str, ...] = (), **members: object
    ) -> list[Take]:
        pairs = clips if isinstance(clips, list) else [("walk", clips)]
        path = write_npz(tmp_path / "mocap.npz", pairs, **members)
        return list(read_takes([path], OPTIONS, hold_out))

    return read


@pytest.mark.parametrize(
    ("axes", "signs"),
    [((0, 1, 2), (1, 1, 1)), ((2, 0, 1), (1, 1, 1)), ((1, 2, 0), (1, 1, 1)), ((0, 1, 2), (-1, -1, 1))],
    ids=["Y up", "Z up", "X up", "Y down"],
)
def test_whatever_is_up_in_a_recording_y_is_up_when_it_is_read(
    read: Callable, axes: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    (take,) = read(walking()[..., axes] * signs)

    assert take.points[:, :12] == pytest.approx(walking(), abs=MM / 2)


def test_nothing_is_mirrored_when_z_is_up_and_the_person_faces_anywhere(read: Callable) -> None:
    turned = Rotation.from_euler("yx", [35, 90], degrees=True).apply(walking().reshape(-1, 3)).reshape(-1, 12, 3)
    (take,) = read(turned)
    left, up, forward = trunk_axes(take.points)
    knee = take.points[:, LEGS[0][1]] - (take.points[:, LEGS[0][0]] + take.points[:, LEGS[0][2]]) / 2

    assert (up[:, 1] > 0.99).all()
    assert dot(knee, forward).mean() > 0.02
    assert (dot(take.points[:, 0] - take.points[:, 1], left) > 0.3).all()


@pytest.mark.parametrize("rate", [30.0, 50.0, 60.0, 120.0])
def test_every_recording_comes_out_at_50_hz(read: Callable, rate: float) -> None:
    (take,) = read(walking(4, rate), fps=rate)

    assert take.points[:, :12] == pytest.approx(walking(4, 50.0), abs=3 * MM)


def test_a_recordings_points_are_of_single_precision(read: Callable) -> None:
    (take,) = read(walking())

    assert (take.points.dtype, take.points.shape) == (np.float32, (401, 14, 3))


def test_a_hole_in_one_joint_splits_a_recording(read: Callable) -> None:
    holed = walking()
    holed[100:103, 4] = np.nan
    before, after = read(holed)

    assert (len(before.points), len(after.points)) == (100, 298)
    assert (before.name, after.name) == ("mocap/walk", "mocap/walk 1")
    assert after.points[:, :12] == pytest.approx(walking()[103:], abs=MM / 2)


def test_stretches_that_are_too_short_are_left_out(read: Callable) -> None:
    holed = walking()
    holed[30, 4] = np.nan  # 0.6 s before it
    (take,) = read(holed)

    assert len(take.points) == 370


def test_a_recording_that_never_has_all_joints_gives_nothing(read: Callable) -> None:
    holed = walking()
    holed[:, 4] = np.nan

    assert read(holed) == []


def test_joints_that_are_missing_are_named(read: Callable) -> None:
    with pytest.raises(InputError, match="no left_wrist, right_wrist; it has left_shoulder") as error:
        read(walking()[:, [0, 1, 2, 3, *range(6, 12)]], joints=[*POINTS[:4], *POINTS[6:]])

    assert "`point_map`" in str(error.value)


def test_further_joints_are_left_out(read: Callable) -> None:
    more = np.concatenate([np.zeros((401, 1, 3)), walking()], axis=1)
    (take,) = read(more, joints=["navel", *POINTS])

    assert take.points[:, :12] == pytest.approx(walking(), abs=MM / 2)


@pytest.mark.parametrize("naming", NAMINGS)
def test_each_naming_gives_all_twelve_joints(read: Callable, naming: str) -> None:
    (take,) = read(walking(), joints=[NAMINGS[naming][point][0] for point in POINTS])

    assert take.points[:, :12] == pytest.approx(walking(), abs=MM / 2)


def test_recordings_in_a_folder_are_all_read(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    write_trc(tmp_path / "one" / "b.trc", walking())
    write_npz(tmp_path / "a.npz", {"walk": walking(2), "squat": squatting(3)})
    (tmp_path / "readme.txt").write_text("nothing")

    assert [take.name for take in read_takes([tmp_path], OPTIONS)] == ["a/walk", "a/squat", "one/b"]


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no motion capture"):
        list(read_takes([tmp_path], OPTIONS))


def test_what_has_a_word_in_its_name_is_held_out(read: Callable) -> None:
    takes = read([("boxing fast", walking(2)), ("march", walking(2)), ("boxing", walking(2))], hold_out=("box",))

    assert [take.held_out for take in takes] == [True, False, True]


def test_the_same_tenth_is_held_out_always(read: Callable) -> None:
    takes = read([(f"clip {number}", walking(1)) for number in range(60)])

    # SHA-256 of "mocap/clip 50" begins with a byte that ten divides
    assert [take.name for take in takes if take.held_out] == ["mocap/clip 50", "mocap/clip 58"]


def test_the_stretches_of_one_clip_are_held_out_together(read: Callable) -> None:
    holed = walking()
    holed[100, 4] = np.nan

    takes = read([("clip 50", holed), ("clip 51", walking(2))])

    assert [take.held_out for take in takes] == [True, True, False]


def test_clips_of_one_file_are_told_as_such_whatever_they_are_called(tmp_path: Path) -> None:
    write_npz(tmp_path / "one.npz", {"walks/slow": walking(1), "walks/fast": walking(1), "runs/1": walking(1)})
    write_npz(tmp_path / "other.npz", {"walks/slow": walking(1)})

    takes = read_takes([tmp_path], OPTIONS)

    assert [take.file for take in takes] == ["one", "one", "one", "other"]


def test_of_a_few_recordings_one_is_held_out(read: Callable) -> None:
    takes = read([(f"clip {number}", walking(1)) for number in range(3)])

    assert sum(take.held_out for take in takes) == 1


def test_a_single_recording_is_trained_on(read: Callable) -> None:
    assert [take.held_out for take in read([("clip 50", walking(2))])] == [False]


def test_folders_are_in_the_names_by_which_subjects_are_held_out(tmp_path: Path) -> None:
    for subject in ("subject03", "subject04"):
        (tmp_path / subject).mkdir()
        write_trc(tmp_path / subject / "walk.trc", walking(2))

    held_out = {take.name: take.held_out for take in read_takes([tmp_path], OPTIONS, ["subject03"])}

    assert held_out == {"subject03/walk": True, "subject04/walk": False}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda points: points[100:150].fill(0),
        lambda points: points[100:150, 6:].fill(0),
        lambda points: points[100:150, 9].__imul__(1e6),
    ],
    ids=["zeros", "legs of zeros", "a knee far away"],
)
def test_frames_without_a_body_are_left_out_and_told(tmp_path: Path, spoil: Callable) -> None:
    points, lines = walking(), []
    spoil(points)
    takes = read_takes([write_npz(tmp_path / "mocap.npz", {"walk": points})], OPTIONS, told=lines.append)

    assert [len(take.points) for take in takes] == [100, 251]
    assert len(lines) == 1
    assert "50 of 401 frames are left out" in lines[0]


def test_a_recording_that_gives_nothing_is_told(tmp_path: Path) -> None:
    lines: list[str] = []
    write_trc(tmp_path / "step.trc", walking(0.5))

    assert read_takes([tmp_path / "step.trc"], OPTIONS, told=lines.append) == []
    assert lines == ["step: no 0.7 s in which all twelve joints are there"]


@pytest.mark.parametrize(
    "other",
    [
        lambda take: replace(take, name="other"),
        lambda take: replace(take, held_out=True),
        lambda take: replace(take, points=np.where(np.arange(len(take.points) * 42).reshape(-1, 14, 3) == 777, 0, 1)),
        lambda take: replace(take, points=take.points[:-1]),
    ],
    ids=["name", "held out", "one value", "a frame less"],
)
def test_the_digest_tells_recordings_apart(other: Callable) -> None:
    take = Take("walk", np.ones((50, 14, 3), np.int64))

    assert digest([take]) == digest([replace(take, points=take.points.copy())])
    assert digest([take]) != digest([other(take)])


@pytest.mark.parametrize("missing", ["lengths", "clips", "joints", "fps"])
def test_positions_without_what_it_takes_to_read_them_are_refused(read: Callable, missing: str) -> None:
    with pytest.raises(InputError, match=f"positions_mm without {missing}"):
        read(walking(), **{missing: None})


@pytest.mark.parametrize(
    ("member", "value"),
    [("lengths", [400]), ("lengths", [401, 0]), ("clips", ["one", "two"]), ("joints", list(POINTS[:11]))],
    ids=["too few frames", "an empty clip", "too many names", "too few joints"],
)
def test_positions_of_another_size_are_refused(read: Callable, member: str, value: list) -> None:
    with pytest.raises(InputError, match="positions_mm must be"):
        read(walking(), **{member: value})


@pytest.mark.parametrize("rate", [0.0, -50.0, np.nan])
def test_a_rate_that_is_not_positive_is_refused(read: Callable, rate: float) -> None:
    with pytest.raises(InputError, match="fps must be greater than 0"):
        read(walking(), fps=rate)


@pytest.mark.parametrize(
    "names",
    [
        ["a", "a", "b", "a"],
        ["a (2)", "a", "a"],
    ],
    ids=" ".join,
)
def test_clips_of_one_name_are_all_there(read: Callable, names: list[str]) -> None:
    clips = [standing(1, elbow=10 * number) for number in range(len(names))]
    takes = read(list(zip(names, clips, strict=True)))

    assert len({take.name for take in takes}) == len(names)
    assert [degrees(take.points, ARMS[0])[0] for take in takes] == pytest.approx(
        [10 * number for number in range(len(names))], abs=0.1
    )


def test_a_file_of_no_clips_is_refused(read: Callable) -> None:
    with pytest.raises(InputError):
        read(walking(), positions_mm=np.zeros((0, 12, 3)), lengths=np.zeros(0, int), clips=np.zeros(0, str))


@pytest.mark.parametrize(
    ("member", "value"),
    [("fps", "fifty"), ("fps", [50, 50]), ("joints", 12), ("lengths", ["many"])],
)
def test_members_of_another_kind_are_refused(read: Callable, member: str, value: object) -> None:
    with pytest.raises(InputError):
        read(walking(), **{member: value})


def test_knees_that_are_bent_in_all_who_stand_are_straightened() -> None:
    points = with_face(standing(2, knee=27))
    straight = straightened(points)

    assert degrees(straight, LEGS[0]) == pytest.approx(np.full(101, 4), abs=0.1)
    assert np.array_equal(straight[:, :8], points[:, :8])
    for start, end in ((6, 8), (8, 10), (7, 9), (9, 11)):
        segments = [np.linalg.norm(one[:, end] - one[:, start], axis=-1) for one in (points, straight)]
        assert segments[1] == pytest.approx(segments[0], abs=0.01 * MM)


def test_knees_that_are_straight_now_and_then_are_left_alone() -> None:
    points = with_face(walking())

    assert np.abs(straightened(points) - points).max() < MM / 2


def test_knees_are_straightened_each_by_what_it_is_bent_too_much() -> None:
    bends = 24 + 20 * np.sin(np.arange(400) / 10)
    points = straightened(with_face(person(knees=(bends + 20, bends + 5), frames=400)))
    left, right = (degrees(points, leg) for leg in LEGS)

    assert np.percentile(left, 10) == pytest.approx(4, abs=0.3)
    assert np.percentile(right, 10) == pytest.approx(4, abs=0.3)
    assert left == pytest.approx(right, abs=0.1)


# The command


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def mocap(folder: Path) -> Path:
    return write_npz(folder / "mocap.npz", {"march": walking(3), "squats": squatting(3)})


@pytest.fixture(autouse=True)
def pools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pools of noise: real ones take a minute to make."""
    monkeypatch.setattr(fit, "make_pool", lambda *_, **__: noise_pool())
    monkeypatch.setattr(fit, "held_out_pool", lambda *_: noise_pool(99, clips=1))


@pytest.fixture
def run(command: Callable[..., Done]) -> Callable[..., Done]:
    """Run `posedetector train …` on one thread."""
    return lambda *arguments: command("train", *arguments, "--threads", 1, "--device", "cpu")


def assert_refused(done: Done, *says: str) -> None:
    """Check that a command ended with 2 and one line on stderr, and that all of this is in it."""
    assert done.status == 2, done.out
    assert len(done.errors.splitlines()) == 1, done.errors
    assert done.errors.startswith("posedetector: ")
    assert [word for word in says if word not in done.errors] == [], done.errors
    assert done.out == ""


def steps_done(folder: Path) -> int:
    return torch.load(folder / "state.pt")["step"]


SMALL = ("--steps", 4, "--channels", 8)


def test_the_command_trains_and_says_what_to_do_with_the_network(
    run: Callable[..., Done], folder: Path, mocap: Path
) -> None:
    done = run(mocap, *SMALL, "--output-dir", "out")

    assert done.status == 0, done.errors
    assert "out/lifter.pt: --use-videopose3d --videopose3d-model out/lifter.pt --videopose3d-like bundled" in done.out
    assert "1 recordings, 0.1 minutes; held out: 1, 0.1 minutes" in done.errors
    assert "step 4 of 4" in done.errors
    VideoPose3D(VideoPose3DSettings(model="out/lifter.pt", like="bundled", device="cpu"))
    assert {path.name for path in (folder / "out").iterdir()} >= {"lifter.pt", "curve.csv", "curve.png", "plan.json"}


def test_errors_on_held_out_motion_are_told(run: Callable[..., Done], folder: Path, mocap: Path) -> None:
    done = run(mocap, *SMALL, "--hold-out", "squat", "--output-dir", "out")

    assert "1 recordings, 0.1 minutes; held out: 1, 0.1 minutes" in done.errors
    assert "held out " in done.errors.splitlines()[-1]
    assert (folder / "out" / "angles.csv").exists()


def test_what_is_said_to_be_in_the_folder_is_there(run: Callable[..., Done], folder: Path, mocap: Path) -> None:
    done = run(mocap, *SMALL, "--output-dir", "out")
    said = done.out.splitlines()[-1].removeprefix("beside it: ").split(", ")

    assert said == ["curve.csv", "curve.png", "angles.csv"]
    assert [name for name in said if not (folder / "out" / name).exists()] == []


def test_the_same_command_gives_the_same_network(run: Callable[..., Done], folder: Path, mocap: Path) -> None:
    weights = []
    for out in ("one", "other"):
        run(mocap, *SMALL, "--output-dir", out)
        weights.append(torch.load(folder / out / "lifter.pt")["model_pos"])

    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


def test_another_command_in_the_same_folder_is_refused(run: Callable[..., Done], mocap: Path) -> None:
    run(mocap, *SMALL, "--output-dir", "out")
    for other, says in (
        (("--seed", 1), "seed 0"),
        (("--hold-out", "squats"), "data "),
        (("--fov", 40, 50), "cameras "),
    ):
        done = run(mocap, *SMALL, *other, "--output-dir", "out")

        assert_refused(done._replace(errors=done.errors.splitlines()[-1]), "another plan", says, "take another folder")


def test_a_damaged_state_is_refused_in_one_line(run: Callable[..., Done], folder: Path, mocap: Path) -> None:
    run(mocap, *SMALL, "--output-dir", "out")
    (folder / "out" / "state.pt").write_bytes(b"nothing")
    done = run(mocap, *SMALL, "--output-dir", "out")

    assert done.status == 2
    assert len(done.errors.splitlines()) == 2  # the recordings, and what is wrong
    assert "state.pt is damaged" in done.errors


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "which motion capture?"),
        (("mocap.npz", "--steps", 0), "--steps must be at least 1, got 0"),
        (("mocap.npz", "--channels", 0), "--channels must be at least 1, got 0"),
        (("mocap.npz", "--seed", -1), "--seed must not be negative, got -1"),
        (("mocap.npz", "--rate", -5), "--rate is in frames per second and must be greater than 0, got -5"),
        (
            ("mocap.npz", "--hold-out", "nobody"),
            "--hold-out 'nobody': no recording has it in its name; they are called",
        ),
        (("mocap.npz", "--hold-out", ""), "--hold-out '': no recording"),
        (("other.npz",), "there is no file or folder other.npz"),
        (("mocap.npz", "--fov", 80, 40), "the smaller first; got 80 40"),
        (("mocap.npz", "--elevation", 90, 5), "--elevation is a mean within ±80° and a spread of 0–45°; got 90 5"),
        (("mocap.npz", "--map", "map.json"), "map.json cannot be read"),
        (("mocap.npz", "--unit", "ell"), "'ell'"),
        (("mocap.npz", "--unit", "m"), "--unit says which it is"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
@pytest.mark.usefixtures("mocap")
def test_what_cannot_be_trained_is_refused_in_one_line(run: Callable[..., Done], arguments: tuple, says: str) -> None:
    usual = dict(zip(SMALL[::2], SMALL[1::2], strict=True))
    kept = [word for name, value in usual.items() if name not in arguments for word in (name, value)]
    assert_refused(run(*kept, *arguments), says)


def test_a_file_without_the_joints_is_refused(run: Callable[..., Done], folder: Path) -> None:
    write_trc(folder / "feet.trc", walking()[:, 10:], ["left_heel", "right_heel"])

    assert_refused(
        run("feet.trc", *SMALL), "feet.trc has no left_shoulder, ", "it has left_heel, right_heel: --map says"
    )


def test_names_are_mapped_as_asked(run: Callable[..., Done], folder: Path) -> None:
    write_trc(folder / "walk.trc", walking(2), [f"M{row}" for row in range(12)])
    (folder / "map.json").write_text(json.dumps({point: f"M{row}" for row, point in enumerate(POINTS)}))

    assert run("walk.trc", *SMALL, "--map", "map.json", "--output-dir", "out").status == 0


def test_recordings_that_are_all_too_short_are_refused(run: Callable[..., Done], folder: Path) -> None:
    write_npz(folder / "short.npz", {"step": walking(0.5)})
    done = run("short.npz", *SMALL, "--output-dir", "out")

    assert done.status == 2
    assert done.errors.splitlines()[-1].endswith("every recording is too short, or held out")


# Ctrl-C


def interrupting(number: signal.Signals) -> Callable[..., object]:
    """Make a pool while a signal comes."""

    def make(*_: object, **__: object) -> object:
        signal.raise_signal(number)
        return noise_pool()

    return make


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_training_after_a_step(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, folder: Path, mocap: Path, number: signal.Signals
) -> None:
    monkeypatch.setattr(fit, "make_pool", interrupting(number))
    done = run(mocap, *SMALL, "--output-dir", "out")

    assert (done.status, done.out, steps_done(folder / "out")) == (130, "", 1)
    assert "stopped; the same command goes on from what is in out" in done.errors
    assert not (folder / "out" / "lifter.pt").exists()


def test_who_stops_a_training_is_not_told_that_nothing_was_kept(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, mocap: Path
) -> None:
    monkeypatch.setattr(fit, "make_pool", interrupting(signal.SIGINT))

    assert "no results were written" not in run(mocap, *SMALL, "--output-dir", "out").errors


def test_the_same_command_goes_on_where_it_was_stopped(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, folder: Path, mocap: Path
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(fit, "make_pool", interrupting(signal.SIGINT))
        run(mocap, *SMALL, "--output-dir", "stopped")
    done = run(mocap, *SMALL, "--output-dir", "stopped")
    run(mocap, *SMALL, "--output-dir", "whole")
    stopped, whole = (torch.load(folder / out / "lifter.pt")["model_pos"] for out in ("stopped", "whole"))

    assert done.status == 0
    assert all(torch.equal(stopped[key], whole[key]) for key in whole)


def test_signals_do_as_before_when_the_training_is_over(run: Callable[..., Done], mocap: Path) -> None:
    run("nothing.npz")  # which leaves the command's own handler
    before = signal.getsignal(signal.SIGINT)
    run(mocap, *SMALL, "--output-dir", "out")

    assert signal.getsignal(signal.SIGINT) == before


def test_a_second_signal_interrupts_at_once(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, folder: Path, mocap: Path
) -> None:
    def make(*_: object, **__: object) -> None:
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        pytest.fail("it went on")

    monkeypatch.setattr(fit, "make_pool", make)

    assert run(mocap, *SMALL, "--output-dir", "out").status == 130
    assert not (folder / "out" / "state.pt").exists()


def test_ctrl_c_stops_a_real_process_and_keeps_what_was_learned(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, folder: Path, mocap: Path
) -> None:
    code = (
        "import sys, recordings\n"
        "from posedetector.cli import main\n"
        "from posedetector.training import fit\n"
        "def make(*_, **__):\n"
        "    print('ready', flush=True)\n"
        "    return recordings.noise_pool()\n"
        "fit.make_pool = make\n"
        "fit.held_out_pool = lambda *_: recordings.noise_pool(99, clips=1)\n"
        "main(sys.argv[1:])\n"
    )
    arguments = (str(mocap), "--steps", "9999", "--channels", "8", "--output-dir", "out")
    command = [sys.executable, "-c", code, "train", *arguments, "--threads", "1", "--device", "cpu"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
    steps = steps_done(folder / "out")

    assert process.returncode == 130, errors
    assert "stopped; the same command goes on from what is in out" in errors
    assert 1 <= steps < 9999
    monkeypatch.setattr(fit, "make_pool", interrupting(signal.SIGINT))
    run(*arguments)
    assert steps_done(folder / "out") == steps + 1


# How long it will take


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("rows", "minutes"),
    [
        ([(50, 60.0)], 9),
        ([(50, 60.0), (100, 120.0)], 8),
    ],
    ids=["first", "second"],
)
def test_the_time_left_is_that_of_the_steps_that_are_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], rows: list[tuple[int, float]], minutes: int
) -> None:
    clock = Clock()
    module = sys.modules["posedetector.cli.train"]
    monkeypatch.setattr(module, "time", clock)
    tell = module._teller()
    for step, seconds in rows:
        clock.now = 100 + seconds
        tell(step, 500, {"position": 0.1})

    assert f"about {minutes} min left" in capsys.readouterr().err.splitlines()[-1]


def test_the_commands_defaults_are_the_plans() -> None:
    defaults = {name: one.default for name, one in signature(train).parameters.items()}
    plan = fit.Plan()

    assert (defaults["steps"], defaults["channels"], defaults["seed"]) == (plan.steps, plan.channels, plan.seed)
    assert (defaults["elevation"], defaults["fov"]) == (plan.cameras.elevation, plan.cameras.fov)


def test_a_recording_of_one_frame_is_too_short(read: Callable) -> None:
    assert read(walking()[:1]) == []
