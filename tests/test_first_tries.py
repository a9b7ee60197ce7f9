"""What a newcomer types at first either works or is answered by the way to say it; nothing that is typed is dropped without a word."""

import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from clips import plain_image, write_clip
from commands import Done
from posedetector.cli import NAMES, app, parsing
from posedetector.settings import Settings


@pytest.fixture
def asked(command: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run `analyze` beside clip.mp4 and "my clip.mp4", and return the settings that it would run with, or its error."""
    found: list[Settings] = []
    module = import_module("posedetector.cli.analyze")  # a function has the same name
    monkeypatch.setattr(module, "_analyze_parts", lambda parts, *_, **__: found.extend(parts.values()))
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "clip.mp4", [plain_image(size=(64, 48))] * 3)
    shutil.copy(tmp_path / "clip.mp4", tmp_path / "my clip.mp4")

    def run(*words: str) -> Settings | str:
        found.clear()
        done = command("analyze", *words)
        assert len(done.errors.splitlines()) == (done.status == 2)
        return found[0] if done.status == 0 else done.errors.removeprefix("posedetector: ").strip()

    return run


USUAL = ("clip.mp4", "--height", "1.65")


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (USUAL, "video", "clip.mp4"),
        (("--video", "clip.mp4", "--height", "1,65"), "video", "clip.mp4"),
        ((*USUAL, "--fov", "62,5"), "fov", 62.5),
        ((*USUAL, "--treadmill-speed=1,2"), "treadmill_speed", 1.2),
        ((*USUAL, "--start", "1.5"), "start", 1.5),
        ((*USUAL, "--movement", "Sit_to_stand"), "movement", "sit-to-stand"),
    ],
)
def test_it_works(asked: Callable[..., Any], words: tuple[str, ...], name: str, value: object) -> None:
    assert getattr(asked(*words), name) == value


@pytest.mark.parametrize(
    ("text", "sex"), [("f", "female"), ("F", "female"), ("Female", "female"), ("m", "male"), ("MALE", "male")]
)
def test_a_sex_is_a_word_or_its_letter(asked: Callable[..., Any], text: str, sex: str) -> None:
    assert asked(*USUAL, "--sex", text).subject.sex == sex


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--weight", "60"), "there is no option --weight; did you mean --mass?"),
        (("--stature=1.65",), "there is no option --stature; did you mean --height?"),
        (("--input", "clip.mp4"), "there is no option --input; did you mean --video?"),
        (("--output", "x"), "there is no option --output; did you mean --output-dir?"),
        (("-o", "x"), "there is no option -o; did you mean --output-dir?"),
        (("--gender", "f"), "there is no option --gender; did you mean --sex?"),
        (("--output_dir", "x"), "there is no option --output_dir; did you mean --output-dir?"),
        (("--frame-rate", "30"), "there is no option --frame-rate; did you mean --fps?"),
        ((*USUAL, "--sex", "w"), "--sex is male or female (m or f), got 'w'; it can be left out"),
        ((*USUAL, "--start", "1,5"), "--start 1,5: write 1.5, or give --start again for another number"),
        ((*USUAL, "--focal-length", "1,500"), "--focal-length 1,500: write 1500 or 1.500"),
        ((*USUAL, "--fov", "wide"), "--fov takes a number, such as 1.2; got 'wide'"),
        (("--video", "a", "--video", "b"), "--video is given twice: one video at a time, so run it once per video"),
        (("a.mp4", "b.mp4"), "a.mp4, b.mp4: one video at a time, so run it once per video; everything else is given by options"),
        (("--video", "a.mp4", "b.mp4"), "--video a.mp4, b.mp4: one video at a time, so run it once per video; everything else is given by options"),
        (("my", "clip.mp4"), 'a path with spaces wants quotes: "my clip.mp4"'),
        ((*USUAL, "--height", "1.7"), "--height is given twice: give it once"),
        ((*USUAL, *("--person", "1") * 3), "--person is given 3 times: give it once"),
        ((*USUAL, "--kpt-thr", "0.1", "--min-score", "0.2"), "--min-score is given twice: give it once"),
        ((*USUAL, "--overlay", "--no-overlay"), "--overlay and --no-overlay contradict each other: give one"),
        ((*USUAL, "--no-overlay", "--radius", "3"), "--thickness, --radius and --overlay-angles are the overlay's: leave out --no-overlay"),
        ((*USUAL, "--movement", "walk"), "--movement is auto, squat, sit-to-stand, gait or none, got 'walk'"),
        ((*USUAL, "--movement", "squat", "--treadmill-speed", "1.2"), "--treadmill-speed goes with gait, not with --movement squat"),
    ],
)  # fmt: skip
def test_it_says_what_to_type(asked: Callable[..., Any], words: tuple[str, ...], says: str) -> None:
    assert asked(*words) == says


def test_lists_may_be_repeated(asked: Callable[..., Any]) -> None:
    settings = asked(
        *USUAL, "--bone-length", "left_thigh=0.4", "--bone-length", "left_shank=0.41", "--quiet", "--quiet"
    )

    assert settings.subject.bone_lengths == {"left_thigh": 0.4, "left_shank": 0.41}


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("b.mp4", "a.MOV"), "holds 2 videos and no images: run it once per video, --video {}/a.MOV"),
        (("b.mp4",), "holds a video: --video {}/b.mp4"),
        (("b.txt",), "holds no images (.bmp"),
    ],
)
def test_a_folder_of_videos_says_so(
    command: Callable[..., Done], tmp_path: Path, names: tuple[str, ...], says: str
) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"")
    done = command("analyze", tmp_path, "--height", 1.7, "--output-dir", tmp_path / "out")

    assert done.status == 2
    assert f"the folder {tmp_path} {says.format(tmp_path)}" in done.errors


def test_every_name_of_others_leads_to_an_option_that_there_is() -> None:
    import typer

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    known = {name for param in commands["analyze"].params for name in (*param.opts, *param.secondary_opts)}

    assert set(parsing._OURS.values()) <= known
    assert not set(parsing._OURS) & known
    assert set(NAMES) == set(commands)


def test_the_version_is_told(command: Callable[..., Done]) -> None:
    assert command("--version").out.startswith("posedetector 0.")
