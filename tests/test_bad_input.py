"""What cannot be used gets one clear line on stderr and exit code 2, and leaves nothing half-written.

Through the whole command line; in this process, but for what only a process of its own can show: signals, and what
libraries chatter while they are loaded.
"""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clips import noise_images, plain_image, write_clip, write_sound
from commands import Done, files_of
from posedetector import cli

ROOT = Path(__file__).parents[1]
FILES = files_of("clip")
ONE_FORMAT = ("--formats", "trc", "--no-refine", "--no-overlay")  # where the claim is not about what is written


@pytest.fixture
def run(command: Callable[..., Done]) -> Callable[..., Done]:
    """Run `posedetector analyze …` with the made-up walker, unless another estimator is named."""

    def run(*arguments: object) -> Done:
        named = "--estimator" in arguments
        return command("analyze", *arguments, *(() if named else ("--estimator", "synthetic")))

    return run


def command_line(*arguments: object) -> list[str]:
    return [sys.executable, str(ROOT / "main.py"), *map(str, arguments)]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_refused(done: Done, says: str) -> None:
    """Check that a run ended with 2 and one line on stderr, and that this line says the right thing."""
    assert done.status == 2, done.errors
    assert len(done.errors.splitlines()) == 1, done.errors
    assert done.errors.startswith("posedetector: ")
    assert re.search(says, done.errors), done.errors
    assert done.out == ""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", [plain_image()] * 20)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "results" / "clip"


# The video


def test_a_missing_file_is_refused(run: Callable[..., Done], tmp_path: Path, out: Path) -> None:
    done = run("--video", tmp_path / "missing.mp4", "--height", 1.75, "--output-dir", out)

    assert_refused(done, r"there is no file .*missing\.mp4")
    assert not out.parent.exists()


def test_a_folder_without_images_is_refused(run: Callable[..., Done], tmp_path: Path, out: Path) -> None:
    (tmp_path / "empty").mkdir()

    done = run("--video", tmp_path / "empty", "--height", 1.75, "--output-dir", out)

    assert_refused(done, "empty holds no images")
    assert not out.parent.exists()


def test_a_text_file_called_mp4_is_refused(run: Callable[..., Done], tmp_path: Path, out: Path) -> None:
    (tmp_path / "text.mp4").write_text("left knee\n" * 100)

    done = run("--video", tmp_path / "text.mp4", "--height", 1.75, "--output-dir", out)

    assert_refused(done, r"text\.mp4 cannot be read as a video: it is not a video")
    assert not out.parent.exists()


def test_what_decodes_of_a_truncated_clip_is_used_and_the_share_is_told(
    run: Callable[..., Done], tmp_path: Path, out: Path
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", noise_images(30), faststart=True)
    clip.write_bytes(clip.read_bytes()[: int(0.6 * clip.stat().st_size)])

    done = run("--video", clip, "--height", 1.75, "--output-dir", out, "--formats", "csv", "--no-refine")

    assert done.status == 0, done.errors
    told = re.search(r"the video is incomplete: (\d+) of about 30 frames decode", " ".join(done.out.split()))
    assert told
    assert 10 <= int(told[1]) <= 20
    times = {line.split(",")[0] for line in (out / "keypoints_2d.csv").read_text().splitlines()[1:]}
    assert len(times) == int(told[1])


def test_a_file_without_a_video_stream_is_refused(run: Callable[..., Done], tmp_path: Path, out: Path) -> None:
    done = run("--video", write_sound(tmp_path / "sound.mp4"), "--height", 1.75, "--output-dir", out)

    assert_refused(done, r"sound\.mp4 holds no video stream")
    assert not out.parent.exists()


def test_a_clip_of_zero_frames_is_refused(run: Callable[..., Done], tmp_path: Path, out: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", noise_images(5), codec="libx264", faststart=True)
    data = clip.read_bytes()
    clip.write_bytes(data[: data.index(b"mdat") + 4])  # the index is there, the pictures are not

    done = run("--video", clip, "--height", 1.75, "--output-dir", out)

    assert_refused(done, r"no frame of .*clip\.mp4 can be decoded")
    assert not out.parent.exists()


def test_a_clip_with_nobody_in_it_is_refused(clip: Path, out: Path) -> None:
    ran = subprocess.run(
        command_line("--video", clip, "--height", 1.75, "--output-dir", out),
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
        timeout=100,
        check=False,
    )
    done = Done(ran.returncode, ran.stdout, ran.stderr)

    assert_refused(done, "nobody was found in the 20 frames")
    assert not out.parent.exists()


def test_a_camera_that_is_not_there_is_refused(run: Callable[..., Done], out: Path) -> None:
    done = run("--video", 97, "--height", 1.75, "--output-dir", out)

    assert_refused(done, "camera 97 cannot be opened")
    assert not out.parent.exists()


def test_no_video_is_refused(run: Callable[..., Done], out: Path) -> None:
    assert_refused(run("--height", 1.75, "--output-dir", out), "which video")


# What is said about it


@pytest.mark.parametrize(
    ("height", "says"),
    [
        ((), "how tall is the person"),
        (("--height", 0), "height is in metres and must lie in 0.5–2.5, got 0$"),
        (("--height", -1.7), "got -1.7$"),
        (("--height", 178), r"got 178; did you mean 178cm\?$"),
        (("--height", "tall"), "--height: 'tall' is not a length"),
    ],
)
def test_a_height_that_nobody_has_is_refused(
    run: Callable[..., Done], clip: Path, out: Path, height: tuple[object, ...], says: str
) -> None:
    done = run("--video", clip, *height, "--output-dir", out)

    assert_refused(done, says)
    assert not out.parent.exists()


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (("--estimator", "mediapipe", "--model", "huge"), "--model is lite, full or heavy, got 'huge'"),
        (("--formats", "csv,fbx"), "there is no format 'fbx'; there are csv, trc, mot, c3d"),
        (("--bone-length", "left_thigh"), "--bone-length takes a name and a length"),
        (("--person", 2, "--max-persons", 2, "--no-refine"), "there is no person 2"),
        (("--hieght", 1.75), "No such option: --hieght"),
        (("--num-instances", 0), "--max-persons must not be 0; below 0, everybody is followed"),
        (("--tracking-thr", 2), "--tracking-thr must lie in 0–1, got 2"),
        (("--online", "--refine"), "--online uses no later frame, and --refine does: leave one of them out"),
        (("--online", "--cutoff", 6), "and --cutoff 6 does"),
        (("--online", "--use-videopose3d"), "bundled does: --videopose3d-model fair-cpn-causal does not"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused(
    run: Callable[..., Done], clip: Path, out: Path, option: tuple[object, ...], says: str
) -> None:
    done = run("--video", clip, "--height", 1.75, *option, "--output-dir", out)

    assert_refused(done, says)
    assert not out.parent.exists()


def test_an_unknown_estimator_is_refused(run: Callable[..., Done], clip: Path, out: Path) -> None:
    done = run("--video", clip, "--height", 1.75, "--output-dir", out, "--estimator", "crystal")

    assert_refused(done, "there is no estimator 'crystal'; there are mediapipe, openmmlab, rtmw3d, synthetic")
    assert not out.parent.exists()


# Where the results go


def test_an_output_folder_below_a_file_is_refused(run: Callable[..., Done], tmp_path: Path, clip: Path) -> None:
    (tmp_path / "file").write_text("mine\n")  # root may write into any folder, but not into a file

    done = run("--video", clip, "--height", 1.75, "--output-dir", tmp_path / "file" / "results")

    assert_refused(done, "cannot write into .*results: Not a directory")
    assert contents(tmp_path).keys() == {"file", "clip.mp4"}


def test_an_output_folder_that_is_a_file_is_refused(run: Callable[..., Done], tmp_path: Path, clip: Path) -> None:
    (tmp_path / "file").write_text("mine\n")

    done = run("--video", clip, "--height", 1.75, "--output-dir", tmp_path / "file")

    assert_refused(done, "cannot write into .*file")
    assert (tmp_path / "file").read_text() == "mine\n"


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """Let no file become larger than this many bytes; Python is told of it by an error and not by a signal."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_earlier_results_survive_a_full_disk(run: Callable[..., Done], clip: Path, out: Path) -> None:
    # TRC first: the disk is full when a smaller file has been written already
    arguments = ("--video", clip, "--output-dir", out, "--formats", "trc,csv", "--no-refine")
    assert run(*arguments, "--height", 1.60).status == 0
    earlier = contents(out)
    limit = len(earlier["landmarks.csv"]) // 2
    assert len(earlier["clip.trc"]) < limit

    with full_disk(limit):
        done = run(*arguments, "--height", 1.75)

    assert_refused(done, "writing into .* failed, nothing there was changed: File too large")
    assert contents(out) == earlier


def test_a_full_disk_leaves_no_folder_where_there_was_none(run: Callable[..., Done], clip: Path, out: Path) -> None:
    with full_disk(1000):
        done = run("--video", clip, "--height", 1.75, "--output-dir", out, *ONE_FORMAT)

    assert_refused(done, "writing into .* failed")
    assert not out.parent.exists()


def interrupt(number: int, *arguments: object, out: Path) -> tuple[int, str]:
    """Start a run, send it a signal when it has begun to work, and return its exit code and stderr."""

    def listen() -> None:
        signal.signal(number, signal.SIG_DFL)  # whoever started the tests may have switched it off

    with subprocess.Popen(
        command_line(*arguments, "--output-dir", out, "--estimator", "synthetic"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=listen,  # noqa: PLW1509
    ) as process:
        end = time.monotonic() + 60
        while not any(out.glob(".partial-*")) and process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    return process.returncode, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_with_130_and_leaves_nothing(tmp_path: Path, out: Path, number: int) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [plain_image()] * 2500)

    code, errors = interrupt(number, "--video", clip, "--height", 1.75, out=out)

    assert (code, errors) == (130, "posedetector: interrupted; no results were written\n")
    assert not out.parent.exists()


def test_earlier_results_survive_an_interruption(
    run: Callable[..., Done], tmp_path: Path, clip: Path, out: Path
) -> None:
    assert run("--video", clip, "--height", 1.60, "--output-dir", out, *ONE_FORMAT).status == 0
    earlier = contents(out)
    write_clip(tmp_path / "clip.mp4", [plain_image()] * 2500)

    code, _ = interrupt(signal.SIGINT, "--video", clip, "--height", 1.75, out=out)

    assert code == 130
    assert contents(out) == earlier


# Unusual, but good


def test_unicode_and_spaces_in_paths_work(run: Callable[..., Done], tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "Zürich 歩く 1" / "größe & gång.mp4", [plain_image()] * 20)
    out = tmp_path / "Ergebnisse für Zoë"

    done = run("--video", clip, "--height", 1.75, "--output-dir", out, "--no-refine")

    assert (done.status, done.errors) == (0, "")
    assert {path.name for path in out.iterdir()} == files_of("größe & gång")


def test_a_folder_of_images_with_unicode_and_spaces_works(run: Callable[..., Done], tmp_path: Path) -> None:
    import cv2

    folder = tmp_path / "Bilder für 歩く"
    folder.mkdir()
    for number in range(3):
        (folder / f"bild {number}.png").write_bytes(cv2.imencode(".png", plain_image())[1].tobytes())

    done = run("--video", folder, "--height", 1.75, "--output-dir", tmp_path / "out", *ONE_FORMAT)

    assert (done.status, done.errors) == (0, "")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"Bilder für 歩く.trc", "provenance.json"}


def test_a_clip_of_one_frame_works(run: Callable[..., Done], tmp_path: Path, out: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [plain_image()])

    done = run("--video", clip, "--height", 1.75, "--output-dir", out)

    assert done.status == 0, done.errors
    assert {path.name for path in out.iterdir()} == FILES


def test_a_quiet_run_says_nothing(run: Callable[..., Done], clip: Path, out: Path) -> None:
    done = run("--video", clip, "--height", 1.75, "--output-dir", out, "--formats", "trc", "--quiet")

    assert (done.status, done.out, done.errors) == (0, "", "")


def test_results_that_a_new_run_does_not_write_are_removed_and_other_files_are_not(
    run: Callable[..., Done], clip: Path, out: Path
) -> None:
    arguments = ("--video", clip, "--height", 1.75, "--output-dir", out, "--no-refine", "--no-overlay")
    assert run(*arguments, "--formats", "csv,trc").status == 0
    (out / "my notes.txt").write_text("left knee\n")

    assert run(*arguments, "--formats", "trc").status == 0

    assert {path.name for path in out.iterdir()} == {"clip.trc", "provenance.json", "my notes.txt"}


def test_the_options_of_mmposes_demos_are_taken_by_their_names(run: Callable[..., Done], clip: Path, out: Path) -> None:
    names = (
        "--kpt-thr",
        0.3,
        "--num-instances",
        -1,
        "--use-oks-tracking",
        "--tracking-thr",
        0.2,
        "--thickness",
        1,
        "--radius",
        3,
    )
    arguments = ("--video", clip, "--height", 1.75, "--output-dir", out, "--formats", "trc", "--save-predictions")
    done = run(*arguments, "--online", *names)
    account = json.loads((out / "provenance.json").read_text(encoding="utf-8"))

    assert done.status == 0, done.errors
    assert {path.name for path in out.iterdir()} == {"clip.trc", "predictions.json", "overlay.mp4", "provenance.json"}
    assert account["cleaning"]["min_score"] == 0.3
    assert account["tracking"] == "object keypoint similarity (COCO), at least 0.2"
    assert account["online"]


def test_help_lists_the_options(run: Callable[..., Done]) -> None:
    done = run("--help")

    assert done.status == 0
    assert done.errors == ""
    options = ("--video", "--height", "--bone-length", "--model", "--formats", "--output-dir", "--cutoff", "--debug")
    assert [option for option in options if option not in done.out] == []


def test_debug_shows_where_it_went_wrong(run: Callable[..., Done], tmp_path: Path, out: Path) -> None:
    done = run("--video", tmp_path / "missing.mp4", "--height", 1.75, "--output-dir", out, "--debug")

    assert done.status != 0
    assert "Traceback" in done.errors
    assert "there is no file" in done.errors


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT is the commands' own, and none is under way any more when the test ends."""
    before = signal.signal(signal.SIGINT, cli._interrupt)
    cli._heard.clear()
    try:
        yield
    finally:
        cli._heard.set()
        signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_within_import_machinery_comes_when_that_is_done() -> None:
    importing = compile("signal.raise_signal(signal.SIGINT)", "<frozen importlib._bootstrap>", "exec")
    exec(importing, {"signal": signal})  # nothing is raised here

    with pytest.raises(KeyboardInterrupt):
        time.sleep(10)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_that_somebody_swallows_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_LOST", 0.05)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)  # a bare except would pass over it

    with pytest.raises(KeyboardInterrupt):
        time.sleep(10)
