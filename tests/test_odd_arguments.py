"""Whatever a person types ends well or in one line: no traceback, and status 2 where something is wrong with it.

Odd values for every option of every command, in this process; no network is run, and the clip is tiny. The gate tries every
ninth value an option, starting elsewhere for each; POSEDETECTOR_ALL_ODD=1 tries all (some 6,000 runs).
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

from clips import plain_image, write_clip
from commands import Done
from posedetector import cli
from posedetector.opening import check_words

# no existing folder outside the test's own: results would be written there
ODD = (
    *("", " ", "0", "-1", "1", "2", "0.5", "1e-300", "1e300", "1e999", "nan", "inf", "-inf", "1_0", "0x10", "٣", "½"),
    *("9" * 14, "9" * 5000, "-" + "9" * 30, "1,5", "178cm", "5'11\"", "abc", "=", "a=b", "=1", "left_thigh=", "a=" + "9" * 400),
    *("a" * 300, "a" * 5000, "~nobody-of-this-name/x", "~", ".", "..", "/etc/passwd/x", "/dev/null", "/proc/self/mem", "*"),
    *("http://[::1", "http://", "http://a:b/c", "http:///x", "https://%00/", "file:///x", "caf\udce9", "\ud800", "\U0001f9cd", "%s{}"),
)  # fmt: skip
# what would run a network, open a window or a browser, train, or go to the web
_LEFT_OUT = {
    "--show",
    "--open",
    "--help",
    "--run",
    "--online",
    "--use-videopose3d",
    "--augment-markers",
    "--onnx",
    "--numpy",
    "--debug",
}
_STEP = 1 if os.environ.get("POSEDETECTOR_ALL_ODD") else 9
_FILES = ("empty", "noise", "text", "half.json", "list.json", "null.json", "deep.json")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny clip, its results, and files that are damaged in every usual way."""
    folder = tmp_path_factory.mktemp("odd")
    write_clip(folder / "clip.mp4", [plain_image(size=(64, 48))] * 3)
    (folder / "empty").write_bytes(b"")
    (folder / "noise").write_bytes(bytes(range(256)) * 8)
    (folder / "text").write_text("left knee\n" * 5)
    (folder / "half.json").write_text('{"files": [')
    (folder / "list.json").write_text("[1, 2]")
    (folder / "null.json").write_text("null")
    (folder / "deep.json").write_text("[" * 30000)
    os.mkfifo(folder / "pipe")
    return folder


@pytest.fixture(scope="module")
def results(place: Path) -> Path:
    """Results of the clip, made once."""
    arguments = [
        "analyze",
        "--video",
        str(place / "clip.mp4"),
        "--height",
        "1.75",
        "--estimator",
        "synthetic",
        "--no-refine",
    ]
    with pytest.raises(SystemExit) as ended:
        cli.main(
            [*arguments, "--no-overlay", "--formats", "csv,trc", "--quiet", "--output-dir", str(place / "results")]
        )
    assert not ended.value.code
    return place / "results"


@pytest.fixture
def ends_well(command: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Run a command in a folder of its own, and check that it says one line where it fails."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Done:
        done = command(*arguments)
        given = [str(one)[:60] for one in arguments]
        assert done.status in (0, 2), (given, done.errors)
        assert "Traceback" not in done.errors, (given, done.errors)
        if done.status:
            assert len(done.errors.strip().splitlines()) == 1, (given, done.errors)
            assert len(done.errors) < 1500, (given, done.errors)
        return done

    return run


def odd_values(place: Path, option: str) -> list[object]:
    """Return the values to try for an option: a part of them, another one for another option."""
    values = [*ODD, *(place / name for name in (*_FILES, "pipe"))]
    return values[sum(option.encode()) % _STEP :: _STEP]


def options_of(name: str) -> Iterator[str]:
    """Yield the options of a command that take a value."""
    group = typer.main.get_command(cli.app)
    for parameter in group.commands[name].params:  # type: ignore[attr-defined]
        if parameter.param_type_name == "option" and not parameter.is_flag and not {*parameter.opts} & _LEFT_OUT:
            yield parameter.opts[0]


@pytest.mark.parametrize("option", list(options_of("analyze")))
def test_an_odd_value_of_analyze_ends_in_one_line(
    ends_well: Callable[..., Done], place: Path, tmp_path: Path, option: str
) -> None:
    usual = {
        "--video": place / "clip.mp4",
        "--height": 1.75,
        "--output-dir": tmp_path / "out",
        "--estimator": "synthetic",
    }
    usual = usual | {"--formats": "trc"}
    for value in odd_values(place, option):
        values = [part for name in usual if name != option for part in (name, usual[name])]
        ends_well("analyze", *values, "--no-refine", "--no-overlay", "--quiet", f"{option}={value}")


@pytest.mark.parametrize("option", ["PATH", *options_of("evaluate")])
def test_an_odd_value_of_evaluate_ends_in_one_line(
    ends_well: Callable[..., Done], place: Path, results: Path, option: str
) -> None:
    for value in odd_values(place, option):
        if option == "PATH":
            ends_well("evaluate", results, "--", str(value))
        else:
            ends_well("evaluate", results, results, f"{option}={value}")


@pytest.mark.parametrize("option", ["PATH", *options_of("train")])
def test_an_odd_value_of_train_ends_in_one_line(ends_well: Callable[..., Done], place: Path, option: str) -> None:
    for value in odd_values(place, option):
        if option == "PATH":
            if value not in (".", ".."):  # what lies there is named, a line a file
                ends_well("train", "--", str(value))
        elif option in ("--elevation", "--fov"):
            ends_well("train", place / "text", option, value, value)
        else:
            ends_well("train", place / "text", f"{option}={value}")


@pytest.mark.parametrize("option", ["DIR", *options_of("report")])
def test_an_odd_value_of_report_ends_in_one_line(
    ends_well: Callable[..., Done], place: Path, results: Path, tmp_path: Path, option: str
) -> None:
    shutil.copytree(results, tmp_path / "own")
    for value in odd_values(place, option):
        if option == "DIR":
            ends_well("report", "--", str(value))
        else:
            ends_well("report", tmp_path / "own", f"{option}={value}")


@pytest.mark.parametrize("option", list(options_of("export-opensim")))
def test_an_odd_value_of_export_opensim_ends_in_one_line(
    ends_well: Callable[..., Done], place: Path, results: Path, tmp_path: Path, option: str
) -> None:
    for value in odd_values(place, option):
        usual = [] if option == "--input" else ["--input", results]
        ends_well("export-opensim", *usual, "--output-dir", tmp_path / "model", f"{option}={value}")


@pytest.mark.parametrize("verb", ["fetch", "export", "path", "verify", "clear", "nonsense"])
def test_an_odd_name_of_weights_ends_in_one_line(ends_well: Callable[..., Done], verb: str) -> None:
    for value in ODD:
        if value:  # none is all of them
            ends_well("weights", verb, "--", value)


@pytest.mark.parametrize("file", ["provenance.json", "landmarks.csv", "joint_angles.csv", "summary.csv", "clip.trc"])
@pytest.mark.parametrize("command_name", ["report", "export-opensim", "evaluate"])
def test_a_damaged_results_folder_ends_in_one_line(
    ends_well: Callable[..., Done], place: Path, results: Path, tmp_path: Path, file: str, command_name: str
) -> None:
    own = tmp_path / "own"
    shutil.copytree(results, own)
    whole = (own / file).read_bytes()
    header, _, rest = whole.partition(b"\n")
    damaged = [
        *((place / name).read_bytes() for name in _FILES),
        whole[: len(whole) // 2],
        whole[: len(whole) // 2] + b"\xff\xfe" + whole[len(whole) // 2 :],
        header,
        header + b"\n" + b"x" * 50 + b"\n" + rest,
        re.sub(rb"[0-9]+", b"9" * 400, whole),
        re.sub(rb"[0-9]+\.[0-9]+", b"nan", whole),
        whole.replace(b",", b";").replace(b"\t", b" "),
        b"",
    ]
    extra = {"report": [own], "export-opensim": ["--input", own], "evaluate": [own, results]}[command_name]
    for content in damaged:
        (own / file).write_bytes(content)
        ends_well(command_name, *extra)
    (own / file).unlink()
    ends_well(command_name, *extra)
    (own / file).mkdir()
    ends_well(command_name, *extra)


def test_a_drive_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from threading import Event

    from posedetector import opening
    from posedetector.errors import InputError

    never = Event()
    monkeypatch.setattr(opening, "PATIENCE", 0.05)
    monkeypatch.setattr(Path, "stat", lambda _: never.wait(1))

    with pytest.raises(InputError, match="share does not answer"):
        check_words([str(tmp_path / "share")])
    never.set()


def test_what_nobody_foresaw_is_one_line_and_status_1(
    command: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr("posedetector.scene.open_selected", fail)
    arguments = ("analyze", "--video", tmp_path / "x.mp4", "--height", 1.7, "--start", 0, "--end", 1, "--start", 2)

    done = command(*arguments)
    told = command(*arguments, "--debug")

    assert done.status == told.status == 1
    assert done.errors.startswith(
        "posedetector: unexpected error: ZeroDivisionError: a fault of ours; this is a fault of"
    )
    assert len(done.errors.splitlines()) == 1
    assert "Traceback" in told.errors
