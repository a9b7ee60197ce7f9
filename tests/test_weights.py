"""Where a network's file is looked for, how it is recognised, and what happens when it cannot be had."""

import hashlib
import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from posedetector.errors import WeightsError
from posedetector.weights import ASSETS, WEIGHTS, cache_folder, fetch, load, locate

NAME = "mediapipe-lite"
FILE = "pose_landmarker_lite.task"


def archive(*members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for member in members:
            file.writestr(member, "made for a test")
    return buffer.getvalue()


NETWORK = archive("pose_detector.tflite", "pose_landmarks_detector.tflite")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without checkpoints/."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """A server on this machine that gives one answer; the table's row is pointed at it."""
    servers: list[ThreadingHTTPServer] = []

    def start(body: bytes, *, status: int = 200, length: int | None = None, sha256: str = "") -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/{FILE}"
        monkeypatch.setitem(WEIGHTS, NAME, replace(WEIGHTS[NAME], url=url, sha256=sha256))
        return url

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def put(folder: Path, content: bytes = NETWORK, file: str = FILE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(content)
    return folder / file


def test_the_cache_is_where_posedetector_home_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSEDETECTOR_HOME", str(tmp_path / "mine"))

    assert cache_folder() == tmp_path / "mine"


def test_the_file_that_was_given_comes_first(tmp_path: Path, elsewhere: Path) -> None:
    put(elsewhere / "checkpoints")
    given = put(tmp_path / "given")

    assert locate(NAME, given) == given


def test_checkpoints_come_before_the_cache(elsewhere: Path, cache_folder: Path) -> None:
    put(cache_folder)
    put(elsewhere / "checkpoints")

    assert locate(NAME).resolve() == (elsewhere / "checkpoints" / FILE).resolve()


def test_the_cache_comes_before_the_package(cache_folder: Path) -> None:
    cached = put(cache_folder, file="pose_landmarker_full.task")

    assert locate("mediapipe-full") == cached


def test_the_full_model_is_in_the_package() -> None:
    assert locate("mediapipe-full") == ASSETS / "pose_landmarker_full.task"


def test_the_packaged_model_is_the_one_of_the_table() -> None:
    loaded = load("mediapipe-full")

    assert loaded.known
    assert loaded.sha256 == WEIGHTS["mediapipe-full"].sha256


def test_what_is_nowhere_is_none() -> None:
    assert locate(NAME) is None


def test_a_given_file_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"there is no file .*missing\.task for mediapipe-lite"):
        load(NAME, tmp_path / "missing.task")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    given = put(tmp_path, b"a text file")

    with pytest.raises(WeightsError, match="is not mediapipe-lite"):
        load(NAME, given)


def test_an_archive_of_something_else_is_refused_and_what_it_lacks_named(tmp_path: Path) -> None:
    given = put(tmp_path, archive("pose_detector.tflite", "face.tflite"))

    with pytest.raises(WeightsError, match=r"it holds no pose_landmarks_detector\.tflite"):
        load(NAME, given)


def test_a_file_built_as_it_should_be_but_foreign_to_the_table_is_not_known(tmp_path: Path) -> None:
    loaded = load(NAME, put(tmp_path))

    assert not loaded.known
    assert loaded.sha256 == hashlib.sha256(NETWORK).hexdigest()


def test_a_download_lands_in_the_cache_whole(serve: Callable[..., str], cache_folder: Path) -> None:
    serve(NETWORK)

    assert fetch(NAME) == cache_folder / FILE
    assert (cache_folder / FILE).read_bytes() == NETWORK


def test_a_download_with_the_tables_digest_is_known(serve: Callable[..., str]) -> None:
    serve(NETWORK, sha256=hashlib.sha256(NETWORK).hexdigest())

    assert load(NAME).known


def test_a_second_load_downloads_nothing(serve: Callable[..., str]) -> None:
    serve(NETWORK)
    first = load(NAME)
    serve(b"", status=404)

    assert load(NAME).path == first.path


def test_progress_ends_with_all_the_bytes(serve: Callable[..., str]) -> None:
    serve(NETWORK)
    told: list[tuple[int, int]] = []
    fetch(NAME, progress=lambda had, total: told.append((had, total)))

    assert told[-1] == (len(NETWORK), len(NETWORK))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"body": b"", "status": 404}, "Not Found"),
        ({"body": NETWORK[:50], "length": len(NETWORK)}, f"cut off after 50 of {len(NETWORK)} bytes"),
        ({"body": b"<html>please log in</html>"}, "what came is not mediapipe-lite"),
    ],
    ids=["404", "cut off", "another file"],
)
def test_a_failed_download_says_why_and_what_to_put_where(
    serve: Callable[..., str], cache_folder: Path, answer: dict, reason: str
) -> None:
    url = serve(**answer)

    with pytest.raises(WeightsError) as caught:
        load(NAME)

    assert all(word in str(caught.value) for word in (reason, url, FILE, str(cache_folder)))


@pytest.mark.parametrize("answer", [{"body": b"", "status": 404}, {"body": b"<html>"}])
def test_a_failed_download_leaves_nothing_behind(serve: Callable[..., str], cache_folder: Path, answer: dict) -> None:
    serve(**answer)

    with pytest.raises(WeightsError):
        load(NAME)

    assert list(cache_folder.iterdir()) == []


def test_no_server_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WEIGHTS, NAME, replace(WEIGHTS[NAME], url="http://127.0.0.1:9/nothing.task"))

    with pytest.raises(WeightsError, match=r"cannot be downloaded .*http://127\.0\.0\.1:9/nothing\.task"):
        load(NAME)


@pytest.mark.parametrize("row", WEIGHTS.values(), ids=lambda row: row.name)
def test_every_row_names_an_encrypted_address_a_licence_and_what_works_without_it(row) -> None:
    assert row.url.startswith("https://")
    assert row.url.endswith(row.file)
    assert row.sha256 == "" or len(bytes.fromhex(row.sha256)) in (4, 32)
    assert row.licence
    assert row.without
