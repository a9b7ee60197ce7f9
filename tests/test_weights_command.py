"""`posedetector weights`, as a person meets it: list, fetch, path, verify, clear."""

import hashlib
import io
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from commands import Done
from posedetector.models.videopose3d import TemporalModel
from posedetector.weights import ASSETS, WEIGHTS

NAME = "fair-cpn"  # its digest was never published
FILE = WEIGHTS[NAME].file


def checkpoint(bias: float) -> bytes:
    """Return the file of a network that gives the same place for every joint."""
    model = TemporalModel(channels=2)
    torch.nn.init.constant_(model.shrink.bias, bias)
    file = io.BytesIO()
    torch.save({"model_pos": model.state_dict()}, file)
    return file.getvalue()


CHECKPOINT, OTHER = checkpoint(1.0), checkpoint(2.0)
PACKAGED = ASSETS / "pose_landmarker_full.task"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without checkpoints/."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")
    return folder


@pytest.fixture
def run(command: Callable[..., Done]) -> Callable[..., Done]:
    return partial(command, "weights")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server on this machine that has fair-cpn's file."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CHECKPOINT)))
            self.end_headers()
            self.wfile.write(CHECKPOINT)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/{FILE}"
    monkeypatch.setitem(WEIGHTS, NAME, replace(WEIGHTS[NAME], url=url))
    yield
    server.shutdown()
    server.server_close()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of fair-cpn's file, where nobody answers."""
    url = f"http://127.0.0.1:9/{FILE}"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setitem(WEIGHTS, NAME, replace(WEIGHTS[NAME], url=url))
    return url


def put(folder: Path, content: bytes = CHECKPOINT, file: str = FILE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(content)
    return folder / file


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def assert_refused(done: Done, *says: str) -> None:
    """Check that a command ended with 2 and one line on stderr, and that all of this is in it."""
    assert done.status == 2
    assert len(done.errors.splitlines()) == 1, done.errors
    assert done.errors.startswith("posedetector: ")
    assert [word for word in says if word not in done.errors] == []


# list


@pytest.mark.parametrize("row", WEIGHTS.values(), ids=lambda row: row.name)
def test_list_shows_every_network_with_its_licence(run: Callable[..., Done], row) -> None:
    assert re.search(rf"^{row.name} .* {row.licence} ", run("list").out, re.MULTILINE)


def place(done: Done, name: str) -> str:
    (line,) = (line for line in done.out.splitlines() if line.startswith(f"{name} "))
    return line.split()[-1]


def test_list_says_what_is_in_the_package(run: Callable[..., Done]) -> None:
    assert place(run("list"), "mediapipe-full") == "package"


def test_list_says_what_is_nowhere(run: Callable[..., Done]) -> None:
    assert place(run("list"), NAME) == "no"


def test_list_says_what_is_in_the_cache(run: Callable[..., Done], cache_folder: Path) -> None:
    put(cache_folder)

    assert place(run("list"), NAME) == "cache"


def test_list_says_what_is_in_checkpoints(
    run: Callable[..., Done], cache_folder: Path, checkpoints_folder: Path
) -> None:
    put(cache_folder)
    put(checkpoints_folder)

    assert place(run("list"), NAME) == "checkpoints/"


def test_list_says_where_downloads_go(run: Callable[..., Done], cache_folder: Path) -> None:
    assert str(cache_folder) in run("list").out


def test_the_installed_command_lists(cache_folder: Path) -> None:
    script = Path(sys.executable).with_name("posedetector")

    done = subprocess.run(
        [script, "weights", "list"],
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert all(name in done.stdout for name in WEIGHTS)
    assert not cache_folder.exists()


# fetch


@pytest.mark.usefixtures("served")
def test_fetch_prints_the_path_and_the_licence(run: Callable[..., Done], cache_folder: Path) -> None:
    done = run("fetch", NAME)

    assert done.status == 0
    assert done.out.splitlines() == [
        f"{NAME}: {cache_folder / FILE}",
        "licence: CC BY-NC 4.0; not for commercial use; trained on Human3.6M, whose own licence is for academic use",
    ]


@pytest.mark.usefixtures("served")
def test_fetch_downloads_into_the_cache(run: Callable[..., Done], cache_folder: Path) -> None:
    run("fetch", NAME)

    assert (cache_folder / FILE).read_bytes() == CHECKPOINT


@pytest.mark.usefixtures("served")
def test_fetch_tells_its_progress_on_stderr(run: Callable[..., Done]) -> None:
    assert re.fullmatch(r"(downloading the model: \d+ of \d+ MB\n)+", run("fetch", NAME).errors)


@pytest.mark.usefixtures("offline")
def test_fetch_of_what_is_here_downloads_nothing(run: Callable[..., Done], checkpoints_folder: Path) -> None:
    put(checkpoints_folder)

    done = run("fetch", NAME, "mediapipe-full")

    assert (done.status, done.errors) == (0, "")
    assert f"{NAME}: {checkpoints_folder / FILE}" in done.out
    assert f"mediapipe-full: {PACKAGED}" in done.out


def test_fetch_without_a_network_says_what_to_put_where(
    run: Callable[..., Done], offline: str, cache_folder: Path
) -> None:
    assert_refused(run("fetch", NAME), "cannot be downloaded", offline, FILE, str(cache_folder))


@pytest.mark.usefixtures("served")
def test_fetch_of_a_known_and_an_unknown_network_downloads_neither(
    run: Callable[..., Done], cache_folder: Path
) -> None:
    assert_refused(run("fetch", NAME, "huge"), "'huge'")
    assert not cache_folder.exists()


# path


def test_path_prints_where_the_file_is_and_nothing_else(run: Callable[..., Done], cache_folder: Path) -> None:
    file = put(cache_folder)

    assert run("path", NAME) == (0, f"{file}\n", "")


def test_path_of_what_is_nowhere_says_how_to_get_it(run: Callable[..., Done], offline: str, cache_folder: Path) -> None:
    done = run("path", NAME)

    assert_refused(done, "posedetector weights fetch fair-cpn", offline, FILE, str(cache_folder))
    assert done.out == ""


# verify


def test_verify_of_the_packaged_model_names_the_table_and_the_digest(run: Callable[..., Done]) -> None:
    digest = WEIGHTS["mediapipe-full"].sha256

    assert run("verify", "mediapipe-full") == (0, f"mediapipe-full: as in the table; SHA-256 {digest}\n", "")


def test_verify_of_an_unpublished_digest_says_that_it_is_that_of_the_first_use(
    run: Callable[..., Done], cache_folder: Path
) -> None:
    put(cache_folder)
    run("verify", NAME)

    done = run("verify", NAME)

    assert done.status == 0
    assert done.out.startswith(f"{NAME}: as at its first use; ")
    assert sha256(CHECKPOINT) in done.out


def test_verify_checks_all_that_is_here(run: Callable[..., Done], cache_folder: Path) -> None:
    put(cache_folder)

    named = {line.partition(":")[0] for line in run("verify").out.splitlines()}

    assert named == {"mediapipe-full", "bundled", "marker-enhancer-body", "marker-enhancer-arm", NAME}


def test_verify_of_a_changed_file_names_both_digests(run: Callable[..., Done], cache_folder: Path) -> None:
    put(cache_folder)
    run("verify", NAME)
    put(cache_folder, OTHER)

    assert_refused(run("verify", NAME), "first use", sha256(CHECKPOINT), sha256(OTHER))


def test_verify_of_another_file_than_the_tables_names_both_digests(
    run: Callable[..., Done], cache_folder: Path
) -> None:
    put(cache_folder, OTHER, WEIGHTS["mmpose-cpn"].file)

    assert_refused(run("verify", "mmpose-cpn"), "mmpose-cpn", "88f5abbb", sha256(OTHER))


def test_verify_goes_on_after_a_file_that_is_wrong(run: Callable[..., Done], cache_folder: Path) -> None:
    put(cache_folder, b"a text file", "pose_landmarker_lite.task")
    put(cache_folder)

    done = run("verify")

    assert_refused(done, "is not mediapipe-lite")
    assert f"{NAME}: as at its first use" in done.out


def test_verify_of_what_is_nowhere_says_how_to_get_it(run: Callable[..., Done]) -> None:
    assert_refused(run("verify", NAME), "fair-cpn is not on this machine", "weights fetch fair-cpn")


def test_verify_does_not_call_a_published_digest_unpublished(run: Callable[..., Done], cache_folder: Path) -> None:
    repacked = PACKAGED.read_bytes() + b"\0\0"  # what follows the archive is not read
    put(cache_folder, repacked, PACKAGED.name)

    assert "nobody published its digest" not in run("verify", "mediapipe-full").out


def test_verify_does_not_pin_a_file_that_does_not_work(run: Callable[..., Done], cache_folder: Path) -> None:
    put(cache_folder, CHECKPOINT[:-100] + bytes(100))
    assert_refused(run("verify", NAME), FILE)
    put(cache_folder)

    assert run("verify", NAME).status == 0


def test_verify_refuses_a_file_whose_record_is_empty(run: Callable[..., Done], cache_folder: Path) -> None:
    put(cache_folder)
    put(cache_folder, b"", f"{FILE}.sha256")

    assert_refused(run("verify", NAME), f"{FILE}.sha256 beside it says nothing")


# clear


@pytest.fixture
def filled(cache_folder: Path) -> Path:
    """A cache folder with two networks, the beginning of a third, and something else."""
    put(cache_folder, b"?" * 1_500_000)
    put(cache_folder, b"?", f"{FILE}.sha256")
    put(cache_folder, b"?", WEIGHTS["fair-cpn-causal"].file)
    put(cache_folder, b"?", "pose_landmarker_lite.task.part")
    put(cache_folder, b"mine", "notes.txt")
    return cache_folder


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_clear_of_one_network_leaves_the_others(run: Callable[..., Done], filled: Path) -> None:
    assert run("clear", NAME).status == 0
    assert names_in(filled) == {WEIGHTS["fair-cpn-causal"].file, "pose_landmarker_lite.task.part", "notes.txt"}


def test_clear_of_all_leaves_what_is_no_networks(run: Callable[..., Done], filled: Path) -> None:
    assert run("clear").status == 0
    assert names_in(filled) == {"notes.txt"}


def test_clear_says_how_much_became_free_and_where(run: Callable[..., Done], filled: Path) -> None:
    assert run("clear") == (0, f"1.5 MB freed in {filled}\n", "")


def test_clear_leaves_checkpoints_and_the_package_alone(run: Callable[..., Done], checkpoints_folder: Path) -> None:
    mine = put(checkpoints_folder)

    assert run("clear").status == 0
    assert mine.exists()
    assert PACKAGED.exists()


def test_clear_of_a_known_and_an_unknown_network_removes_neither(run: Callable[..., Done], filled: Path) -> None:
    before = names_in(filled)

    assert_refused(run("clear", NAME, "huge"), "'huge'")
    assert names_in(filled) == before


# What nobody can do


@pytest.mark.parametrize("verb", ["fetch", "path", "verify", "clear"])
def test_an_unknown_network_is_refused_with_those_that_there_are(run: Callable[..., Done], verb: str) -> None:
    assert_refused(run(verb, "huge"), "no weights 'huge'", *WEIGHTS)


def test_an_unknown_command_is_refused(run: Callable[..., Done]) -> None:
    assert_refused(run("steal"), "No such command 'steal'")


def test_no_command_shows_the_help(run: Callable[..., Done]) -> None:
    text = "".join(run()[1:])

    assert [
        name for name in ("list", "fetch", "export", "path", "verify", "clear") if f"\n  {name}  " not in text
    ] == []


def test_help_names_the_commands(run: Callable[..., Done]) -> None:
    done = run("--help")

    assert done.status == 0
    assert [
        name for name in ("list", "fetch", "export", "path", "verify", "clear") if f"\n  {name}  " not in done.out
    ] == []
