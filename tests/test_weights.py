"""Where a network's file is looked for, how it is recognised, how it is downloaded, and what happens when it cannot be."""

import hashlib
import io
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from posedetector import downloads, weights
from posedetector.downloads import ATTEMPTS
from posedetector.errors import InputError, WeightsError
from posedetector.weights import ASSETS, WEIGHTS, cache_folder, clear, fetch, load, locate, remember, row_of

NAME = "mediapipe-lite"
FILE = "pose_landmarker_lite.task"
UNPUBLISHED = "fair-cpn"  # a checkpoint whose digest nobody published
HEAD = "mmpose-cpn"  # a checkpoint of whose digest the first eight digits are known


def archive(*members: str, text: str = "made for a test") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for member in members:
            file.writestr(member, text)
    return buffer.getvalue()


NETWORK = archive("pose_detector.tflite", "pose_landmarks_detector.tflite")
CHECKPOINT = archive("archive/data.pkl")
OTHER_CHECKPOINT = archive("archive/data.pkl", text="trained for longer")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without checkpoints/."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@dataclass
class Shelf:
    """The file of a server on this machine, how the server fails, and the ranges that it was asked for.

    Attributes
    ----------
    surplus : bytes that Content-Length promises too many; None for no Content-Length.
    cuts : after how many bytes each of the next answers breaks off.
    stalls : how many of the next answers stop halfway, and never go on.
    during : called when half of an answer is sent.
    """

    body: bytes
    status: int = 200
    etag: str = '"1"'
    ranges: bool = True
    surplus: int | None = 0
    cuts: list[int] = field(default_factory=list)
    stalls: int = 0
    during: Callable[[], object] = lambda: None
    asked: list[str | None] = field(default_factory=list)
    url: str = ""

    def handler(self, over: threading.Event) -> type[BaseHTTPRequestHandler]:
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/moved/"):
                    return self.answer(302, {"Location": shelf.url})
                asked = self.headers["Range"]
                shelf.asked.append(asked)
                goes_on = asked and shelf.ranges and self.headers.get("If-Range", shelf.etag) == shelf.etag
                rest = shelf.body[int(asked.removeprefix("bytes=").removesuffix("-")) :] if goes_on else shelf.body
                if shelf.status != 200:
                    return self.answer(shelf.status, {})
                if not rest:
                    return self.answer(416, {"Content-Range": f"bytes */{len(shelf.body)}"})
                length = {} if shelf.surplus is None else {"Content-Length": str(len(rest) + shelf.surplus)}
                start = len(shelf.body) - len(rest)
                span = {"Content-Range": f"bytes {start}-{len(shelf.body) - 1}/{len(shelf.body)}"} if goes_on else {}
                self.answer(206 if goes_on else 200, length | span | ({"ETag": shelf.etag} if shelf.etag else {}))
                rest = rest[: shelf.cuts.pop(0)] if shelf.cuts else rest
                self.wfile.write(rest[: len(rest) // 2])
                shelf.during()
                if shelf.stalls:
                    shelf.stalls -= 1
                    return over.wait(10)
                return self.wfile.write(rest[len(rest) // 2 :])

            def answer(self, status: int, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Shelf]]:
    """Start a server that has one file, and point a row of the table at it."""
    servers: list[ThreadingHTTPServer] = []
    over = threading.Event()
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def start(body: bytes = NETWORK, name: str = NAME, *, digest: str = "", **how: object) -> Shelf:
        shelf = Shelf(body, **how)
        server = ThreadingHTTPServer(("127.0.0.1", 0), shelf.handler(over))
        server.handle_error = lambda *_: None  # a client that has hung up
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        shelf.url = f"http://127.0.0.1:{server.server_port}/{row_of(name).file}"
        point(monkeypatch, name, shelf.url, digest)
        return shelf

    yield start
    over.set()
    for server in servers:
        server.shutdown()
        server.server_close()


def point(monkeypatch: pytest.MonkeyPatch, name: str, url: str, digest: str = "") -> None:
    monkeypatch.setitem(WEIGHTS, name, replace(WEIGHTS[name], url=url, sha256=digest))


def refusal(name: str = NAME) -> str:
    with pytest.raises(WeightsError) as caught:
        load(name)
    return str(caught.value)


def put(folder: Path, content: bytes = NETWORK, file: str = FILE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(content)
    return folder / file


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# The table


@pytest.mark.parametrize("row", WEIGHTS.values(), ids=lambda row: row.name)
def test_every_row_ships_or_is_exported_or_names_an_encrypted_address_a_licence_and_what_works_without_it(row) -> None:
    if row.url:
        assert row.url.startswith("https://")
        assert row.url.endswith(row.file)
    elif row.onnx:
        assert row.file == f"{WEIGHTS[row.onnx].file}.onnx"  # exported from it
    else:
        assert (ASSETS / row.file).is_file()
        assert len(row.sha256) == 64
    assert row.sha256 == "" or len(bytes.fromhex(row.sha256)) in (4, 32)
    assert row.licence
    assert row.without


@pytest.mark.parametrize("name", ["bundled", "marker-enhancer-body", "marker-enhancer-arm"])
def test_what_ships_is_as_large_as_the_table_says_and_small_enough_to_ship(name: str) -> None:
    size = (ASSETS / WEIGHTS[name].file).stat().st_size

    assert size == WEIGHTS[name].size
    assert size <= 20_000_000


@pytest.mark.parametrize("name", ["marker-enhancer-body", "marker-enhancer-arm"])
def test_networks_that_only_onnxruntime_runs_ship_and_are_known(name: str) -> None:
    loaded = load(name)

    assert (loaded.path.parent, loaded.sha256, loaded.trust) == (ASSETS, WEIGHTS[name].sha256, "table")


def test_a_checkpoint_of_pytorchs_is_no_network_of_onnxruntimes(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"PK\x03\x04...")

    with pytest.raises(WeightsError, match="is not marker-enhancer-body: an ONNX file does not begin with"):
        load("marker-enhancer-body", path)


@pytest.mark.usefixtures("cache_folder")
def test_what_ships_and_is_gone_cannot_be_fetched(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(weights, "ASSETS", tmp_path)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(
        WeightsError, match=r"bundled ships with posedetector, and .*lifter_243\.npz is missing: install it"
    ):
        load("bundled")


def test_a_name_that_is_not_in_the_table_is_refused_with_those_that_are() -> None:
    with pytest.raises(InputError, match=r"no weights 'huge'; there are mediapipe-lite, .*, mmpose-cpn"):
        row_of("huge")


# Where files are looked for


def test_the_cache_is_where_posedetector_home_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSEDETECTOR_HOME", str(tmp_path / "mine"))

    assert cache_folder() == tmp_path / "mine"


@pytest.mark.parametrize(
    ("platform", "variable", "folder"),
    [
        ("linux", "", "~/.cache/posedetector"),
        ("linux", "XDG_CACHE_HOME", "/there/posedetector"),
        ("darwin", "", "~/Library/Caches/posedetector"),
        ("win32", "", "~/AppData/Local/posedetector"),
        ("win32", "LOCALAPPDATA", "/there/posedetector"),
    ],
)
def test_the_cache_is_the_platforms_own(
    monkeypatch: pytest.MonkeyPatch, platform: str, variable: str, folder: str
) -> None:
    for name in ("POSEDETECTOR_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, "/there")
    monkeypatch.setattr("posedetector.weights.sys", SimpleNamespace(platform=platform))

    assert cache_folder() == Path(folder).expanduser()


def test_the_file_that_was_given_comes_first(tmp_path: Path, checkpoints_folder: Path) -> None:
    put(checkpoints_folder)
    given = put(tmp_path / "given")

    assert locate(NAME, given) == given


def test_checkpoints_come_before_the_cache(checkpoints_folder: Path, cache_folder: Path) -> None:
    put(cache_folder)
    put(checkpoints_folder)

    assert locate(NAME) == checkpoints_folder / FILE


def test_where_one_stands_does_not_decide_which_file_is_found(elsewhere: Path, cache_folder: Path) -> None:
    put(cache_folder)
    put(elsewhere / "checkpoints")

    assert locate(NAME) == cache_folder / FILE


@pytest.mark.parametrize(
    ("package", "project", "found"),
    [
        ("src/posedetector", "pyproject.toml", "checkpoints"),
        ("src/posedetector", "README.md", None),
        ("lib/site-packages/posedetector", "pyproject.toml", None),
    ],
    ids=["a checkout", "no project", "installed"],
)
def test_checkpoints_are_those_of_the_checkout_that_holds_the_package(
    tmp_path: Path, package: str, project: str, found: str | None
) -> None:
    (tmp_path / project).touch()

    assert weights._checkpoints_of(tmp_path / package) == (found and tmp_path / found)


def test_an_installed_package_has_the_cache_and_itself(monkeypatch: pytest.MonkeyPatch, cache_folder: Path) -> None:
    monkeypatch.setattr(weights, "CHECKPOINTS", None)

    assert weights.search_folders() == (cache_folder, ASSETS)


def test_the_cache_comes_before_the_package(cache_folder: Path) -> None:
    cached = put(cache_folder, file="pose_landmarker_full.task")

    assert locate("mediapipe-full") == cached


def test_the_full_model_is_in_the_package() -> None:
    assert locate("mediapipe-full") == ASSETS / "pose_landmarker_full.task"


def test_what_is_nowhere_is_none() -> None:
    assert locate(NAME) is None


def test_a_given_file_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"there is no file .*missing\.task for mediapipe-lite"):
        load(NAME, tmp_path / "missing.task")


# How a file is recognised


def test_the_packaged_model_is_the_one_of_the_table() -> None:
    loaded = load("mediapipe-full")

    assert (loaded.trust, loaded.known) == ("table", True)
    assert loaded.sha256 == WEIGHTS["mediapipe-full"].sha256
    assert not (ASSETS / "pose_landmarker_full.task.sha256").exists()


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    given = put(tmp_path, b"a text file")

    with pytest.raises(WeightsError, match="is not mediapipe-lite"):
        load(NAME, given)


def test_an_archive_of_something_else_is_refused_and_what_it_lacks_named(tmp_path: Path) -> None:
    given = put(tmp_path, archive("pose_detector.tflite", "face.tflite"))

    with pytest.raises(WeightsError, match=r"it holds no pose_landmarks_detector\.tflite"):
        load(NAME, given)


def test_an_archive_of_a_version_that_nobody_reads_is_refused(tmp_path: Path) -> None:
    content = bytearray(NETWORK)
    content[content.index(b"PK\x01\x02") + 6] = 255

    with pytest.raises(WeightsError, match="is not mediapipe-lite"):
        load(NAME, put(tmp_path, bytes(content)))


def test_a_file_built_as_it_should_be_but_foreign_to_the_table_is_not_known(tmp_path: Path) -> None:
    loaded = load(NAME, put(tmp_path))

    assert not loaded.known
    assert loaded.sha256 == sha256(NETWORK)


@pytest.mark.parametrize("content", [b"", b"PK", b"a text file", b"<html>", b"\x89HDF\r\n", b"\x80\x04\x95"])
def test_a_file_that_begins_like_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    given = put(tmp_path, content, row_of(UNPUBLISHED).file)

    with pytest.raises(WeightsError, match="is not fair-cpn: a PyTorch checkpoint does not begin with"):
        load(UNPUBLISHED, given)
    assert not given.with_name(f"{given.name}.sha256").exists()


@pytest.mark.parametrize("content", [CHECKPOINT, b"\x80\x02\x8a\x0al\xfc"], ids=["zip", "pickle"])
def test_a_file_that_begins_like_a_checkpoint_may_be_one(tmp_path: Path, content: bytes) -> None:
    assert load(UNPUBLISHED, put(tmp_path, content, "mine.bin")).sha256 == sha256(content)


@pytest.fixture
def unpublished(cache_folder: Path) -> Path:
    """A file of the published name whose digest nobody knows."""
    return put(cache_folder, CHECKPOINT, row_of(UNPUBLISHED).file)


def test_the_first_file_of_unknown_digest_is_taken_at_its_first_use(unpublished: Path) -> None:
    loaded = load(UNPUBLISHED)

    assert (loaded.path, loaded.trust, loaded.known) == (unpublished, "first use", False)


def test_the_digest_of_the_first_use_is_written_beside_the_file(unpublished: Path) -> None:
    remember(load(UNPUBLISHED))

    assert (
        unpublished.with_name(f"{unpublished.name}.sha256").read_text() == f"{sha256(CHECKPOINT)}  {unpublished.name}\n"
    )


@pytest.mark.usefixtures("unpublished")
def test_an_unchanged_file_is_taken_again() -> None:
    first = load(UNPUBLISHED)
    remember(first)

    assert load(UNPUBLISHED) == replace(first, trust="as at first use")


def test_a_download_that_does_not_work_is_not_kept(serve: Callable[..., Shelf], cache_folder: Path) -> None:
    serve(CHECKPOINT, UNPUBLISHED)

    def check(path: Path) -> None:
        raise WeightsError(f"{path.name} does not work")

    with pytest.raises(WeightsError, match="does not work"):
        load(UNPUBLISHED, check=check)
    assert list(cache_folder.iterdir()) == []


def test_a_file_that_changed_since_its_first_use_is_refused_with_both_digests(unpublished: Path) -> None:
    remember(load(UNPUBLISHED))
    unpublished.write_bytes(OTHER_CHECKPOINT)

    said = refusal(UNPUBLISHED)

    assert all(word in said for word in ("first use", str(unpublished), sha256(CHECKPOINT), sha256(OTHER_CHECKPOINT)))


def test_a_file_of_another_name_is_the_users_own_and_nothing_is_written_beside_it(tmp_path: Path) -> None:
    given = put(tmp_path / "given", CHECKPOINT, "mine.bin")

    loaded = load(UNPUBLISHED, given)

    assert (loaded.trust, loaded.known) == ("own file", False)
    assert (loaded.licence, loaded.citation, loaded.terms) == ("licence not known", "", row_of(UNPUBLISHED).terms)
    assert names_in(given.parent) == {"mine.bin"}


def test_the_first_digits_of_a_digest_make_a_file_known(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cache_folder, CHECKPOINT, row_of(HEAD).file)
    point(monkeypatch, HEAD, "", sha256(CHECKPOINT)[:8])

    loaded = load(HEAD)

    assert (loaded.trust, loaded.sha256) == ("table", sha256(CHECKPOINT))


def test_a_file_of_the_published_name_and_another_digest_is_refused(cache_folder: Path) -> None:
    put(cache_folder, CHECKPOINT, row_of(HEAD).file)

    said = refusal(HEAD)

    assert f"should begin with 88f5abbb, and is {sha256(CHECKPOINT)}" in said


# Downloads that work


def test_a_download_lands_in_the_cache_whole_and_nothing_beside_it(
    serve: Callable[..., Shelf], cache_folder: Path
) -> None:
    serve()

    assert fetch(NAME) == cache_folder / FILE
    assert (cache_folder / FILE).read_bytes() == NETWORK
    assert names_in(cache_folder) == {FILE}


@pytest.mark.parametrize("digits", [64, 8])
def test_a_download_with_the_tables_digest_is_known(serve: Callable[..., Shelf], digits: int) -> None:
    serve(CHECKPOINT, HEAD, digest=sha256(CHECKPOINT)[:digits])

    assert load(HEAD).known


def test_a_second_load_downloads_nothing(serve: Callable[..., Shelf]) -> None:
    shelf = serve()
    first = load(NAME)

    assert load(NAME) == first
    assert len(shelf.asked) == 1


def test_a_download_that_has_moved_is_followed(serve: Callable[..., Shelf], monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = serve()
    point(monkeypatch, NAME, shelf.url.replace(FILE, f"moved/{FILE}"))

    assert fetch(NAME).read_bytes() == NETWORK


def test_a_server_that_does_not_say_how_long_the_file_is_serves(serve: Callable[..., Shelf]) -> None:
    serve(surplus=None)

    assert fetch(NAME).read_bytes() == NETWORK


def test_the_file_appears_when_it_is_complete(serve: Callable[..., Shelf], cache_folder: Path) -> None:
    shelf = serve()
    halfway: list[bool] = []
    shelf.during = lambda: halfway.append((cache_folder / FILE).exists())

    fetch(NAME)

    assert halfway == [False]


def test_progress_ends_with_all_the_bytes(serve: Callable[..., Shelf]) -> None:
    serve()
    told: list[tuple[int, int]] = []

    fetch(NAME, progress=lambda had, total: told.append((had, total)))

    assert told[-1] == (len(NETWORK), len(NETWORK))


def test_progress_without_a_length_is_towards_the_tables_size(serve: Callable[..., Shelf]) -> None:
    serve(surplus=None)
    told: list[tuple[int, int]] = []

    fetch(NAME, progress=lambda had, total: told.append((had, total)))

    assert told[-1] == (len(NETWORK), WEIGHTS[NAME].size)


def test_progress_counts_what_an_earlier_download_had(serve: Callable[..., Shelf]) -> None:
    serve(cuts=[40] * ATTEMPTS)
    refusal()
    told: list[tuple[int, int]] = []

    fetch(NAME, progress=lambda had, total: told.append((had, total)))

    assert told[0][0] > 40 * ATTEMPTS
    assert {total for _, total in told} == {len(NETWORK)}
    assert told[-1][0] == len(NETWORK)


def test_threads_that_fetch_at_once_download_once(serve: Callable[..., Shelf], cache_folder: Path) -> None:
    shelf = serve()
    shelf.during = lambda: threading.Event().wait(0.2)  # time enough for the other to come

    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(fetch, [NAME, NAME]))

    assert paths == [cache_folder / FILE] * 2
    assert paths[0].read_bytes() == NETWORK
    assert len(shelf.asked) == 1


def test_processes_that_fetch_at_once_download_once(serve: Callable[..., Shelf], cache_folder: Path) -> None:
    shelf = serve()
    shelf.during = lambda: threading.Event().wait(0.5)
    script = (
        "import dataclasses, sys; from posedetector.weights import WEIGHTS, fetch; name, url = sys.argv[1:];"
        "WEIGHTS[name] = dataclasses.replace(WEIGHTS[name], url=url); print(fetch(name))"
    )

    running = [
        subprocess.Popen([sys.executable, "-c", script, NAME, shelf.url], stdout=subprocess.PIPE, encoding="utf-8")
        for _ in range(2)
    ]
    said = [process.communicate(timeout=30)[0].strip() for process in running]

    assert said == [str(cache_folder / FILE)] * 2
    assert (cache_folder / FILE).read_bytes() == NETWORK
    assert len(shelf.asked) == 1


def test_a_lock_file_that_cannot_be_removed_hinders_nothing(
    serve: Callable[..., Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    unlink = Path.unlink

    def refused(self: Path, **how: bool) -> None:
        if self.suffix == ".lock":  # as Windows does while it is open
            raise PermissionError(13, "The process cannot access the file because it is being used by another process")
        unlink(self, **how)

    monkeypatch.setattr(Path, "unlink", refused)

    assert fetch(NAME).read_bytes() == NETWORK


# Downloads that are interrupted


def test_a_cut_connection_is_taken_up_again_where_it_was_cut(serve: Callable[..., Shelf]) -> None:
    shelf = serve(cuts=[50, 60])

    assert fetch(NAME).read_bytes() == NETWORK
    assert shelf.asked == [None, "bytes=50-", "bytes=110-"]


def test_what_came_before_the_last_cut_is_kept_and_told(serve: Callable[..., Shelf], cache_folder: Path) -> None:
    shelf = serve(cuts=[50] * ATTEMPTS)

    assert f"{50 * ATTEMPTS} bytes are kept" in refusal()
    assert (cache_folder / f"{FILE}.part").read_bytes() == NETWORK[: 50 * ATTEMPTS]
    assert not (cache_folder / FILE).exists()
    assert len(shelf.asked) == ATTEMPTS


def test_the_next_call_asks_only_for_the_rest(serve: Callable[..., Shelf], cache_folder: Path) -> None:
    shelf = serve(cuts=[50] * ATTEMPTS)
    refusal()

    assert fetch(NAME).read_bytes() == NETWORK
    assert shelf.asked[ATTEMPTS:] == [f"bytes={50 * ATTEMPTS}-"]
    assert names_in(cache_folder) == {FILE}


def test_ctrl_c_keeps_what_came(
    serve: Callable[..., Shelf], monkeypatch: pytest.MonkeyPatch, cache_folder: Path
) -> None:
    monkeypatch.setattr(downloads, "_CHUNK", 64)
    shelf = serve()

    def stop(had: int, _: int) -> None:
        if had >= 128:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(NAME, progress=stop)

    assert not (cache_folder / FILE).exists()
    assert fetch(NAME).read_bytes() == NETWORK
    assert shelf.asked == [None, "bytes=128-"]


def test_what_came_stays_when_the_server_goes(serve: Callable[..., Shelf], cache_folder: Path) -> None:
    shelf = serve(cuts=[50] * ATTEMPTS)
    refusal()
    shelf.status = 500

    assert f"{50 * ATTEMPTS} bytes are kept" in refusal()
    assert (cache_folder / f"{FILE}.part").read_bytes() == NETWORK[: 50 * ATTEMPTS]


def test_what_came_before_a_stall_is_kept(serve: Callable[..., Shelf], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "TIMEOUT", 0.1)
    shelf = serve(stalls=1)

    fetch(NAME)

    assert shelf.asked == [None, f"bytes={len(NETWORK) // 2}-"]


def test_a_connection_that_stalls_is_taken_up_again(
    serve: Callable[..., Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "TIMEOUT", 0.1)
    shelf = serve(stalls=2)

    assert fetch(NAME).read_bytes() == NETWORK
    assert len(shelf.asked) == 3


def test_a_download_that_has_moved_is_gone_on_with(
    serve: Callable[..., Shelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = serve(cuts=[50])
    point(monkeypatch, NAME, shelf.url.replace(FILE, f"moved/{FILE}"))

    assert fetch(NAME).read_bytes() == NETWORK
    assert shelf.asked == [None, "bytes=50-"]


def test_a_file_that_changed_on_the_server_is_downloaded_anew(serve: Callable[..., Shelf]) -> None:
    shelf = serve(CHECKPOINT, UNPUBLISHED, cuts=[20] * ATTEMPTS)
    refusal(UNPUBLISHED)
    shelf.body, shelf.etag = OTHER_CHECKPOINT, '"2"'

    assert fetch(UNPUBLISHED).read_bytes() == OTHER_CHECKPOINT


def test_a_file_that_changed_on_a_server_without_etags_is_downloaded_anew(serve: Callable[..., Shelf]) -> None:
    shelf = serve(CHECKPOINT, UNPUBLISHED, cuts=[20] * ATTEMPTS, etag="")
    refusal(UNPUBLISHED)
    shelf.body = OTHER_CHECKPOINT

    assert fetch(UNPUBLISHED).read_bytes() == OTHER_CHECKPOINT


def test_a_server_that_cannot_go_on_starts_anew(serve: Callable[..., Shelf]) -> None:
    shelf = serve(ranges=False, cuts=[50])

    assert fetch(NAME).read_bytes() == NETWORK
    assert shelf.asked == [None, "bytes=50-"]


def test_a_part_that_is_longer_than_the_file_is_downloaded_anew(
    serve: Callable[..., Shelf], cache_folder: Path
) -> None:
    put(cache_folder, b"?" * 10_000, f"{FILE}.part")
    put(cache_folder, b'"1"', f"{FILE}.part.version")
    shelf = serve()

    assert fetch(NAME).read_bytes() == NETWORK
    assert shelf.asked == ["bytes=10000-", None]


# Downloads that fail


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"status": 404}, "Not Found"),
        ({"status": 500}, "Internal Server Error"),
        ({"stalls": ATTEMPTS}, "timed out"),
        ({"surplus": 10, "ranges": False}, f"cut off after {len(NETWORK)} of {len(NETWORK) + 10} bytes"),
        ({"surplus": -10}, "what came is not mediapipe-lite"),
        ({"surplus": None, "cuts": [50]}, "what came is not mediapipe-lite"),
        ({"body": b"<html>please log in</html>"}, "what came is not mediapipe-lite"),
    ],
    ids=["404", "500", "stalls", "too short", "too long", "cut off unnoticed", "another file"],
)
def test_a_failed_download_says_why_what_to_put_where_and_what_works_without_it(
    serve: Callable[..., Shelf], monkeypatch: pytest.MonkeyPatch, cache_folder: Path, how: dict, reason: str
) -> None:
    monkeypatch.setattr(downloads, "TIMEOUT", 0.1)
    url = serve(**how).url

    said = refusal()

    assert all(word in said for word in (reason, url, FILE, str(cache_folder), WEIGHTS[NAME].without))
    assert not (cache_folder / FILE).exists()


def test_no_server_says_why_what_to_put_where_and_what_works_without_it(
    monkeypatch: pytest.MonkeyPatch, cache_folder: Path
) -> None:
    point(monkeypatch, NAME, "http://127.0.0.1:9/nothing.task")

    said = refusal()

    assert "Connection refused" in said
    assert all(word in said for word in ("127.0.0.1:9", FILE, str(cache_folder), WEIGHTS[NAME].without))


@pytest.mark.parametrize("how", [{"status": 404}, {"body": b"<html>"}], ids=["404", "another file"])
def test_a_failed_download_leaves_nothing_behind(serve: Callable[..., Shelf], cache_folder: Path, how: dict) -> None:
    serve(**how)
    refusal()

    assert names_in(cache_folder) == set()


def test_a_download_of_another_digest_is_refused_with_both_and_leaves_nothing(
    serve: Callable[..., Shelf], cache_folder: Path
) -> None:
    serve(CHECKPOINT, HEAD, digest="88f5abbb")

    assert f"should begin with 88f5abbb, and is {sha256(CHECKPOINT)}" in refusal(HEAD)
    assert names_in(cache_folder) == set()


def test_a_page_instead_of_a_checkpoint_is_refused_and_leaves_nothing(
    serve: Callable[..., Shelf], cache_folder: Path
) -> None:
    serve(b"<html>please log in</html>", UNPUBLISHED)

    assert "a PyTorch checkpoint does not begin with" in refusal(UNPUBLISHED)
    assert names_in(cache_folder) == set()


@pytest.mark.parametrize("below", ["", "folder"])
def test_a_cache_folder_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    file = put(tmp_path, b"mine", "a file")  # root may write into any folder, but not into a file
    monkeypatch.setenv("POSEDETECTOR_HOME", str(file / below))

    assert f"cannot be kept in {file / below}" in refusal()
    assert file.read_bytes() == b"mine"


# Getting rid of them


def test_clear_removes_what_belongs_to_the_network_and_nothing_else(cache_folder: Path) -> None:
    others = {"notes.txt", f"{FILE}.mine", f"old_{FILE}", row_of("mediapipe-heavy").file}
    for number, name in enumerate(("", ".sha256", ".part", ".part.version", ".lock")):
        put(cache_folder, b"?" * 10**number, FILE + name)
    for name in others:
        put(cache_folder, b"mine", name)

    assert clear(NAME) == 11_111
    assert names_in(cache_folder) == others


def test_clear_leaves_checkpoints_alone(checkpoints_folder: Path) -> None:
    mine = put(checkpoints_folder)

    assert clear(NAME) == 0
    assert mine.exists()


def test_clear_frees_nothing_where_the_cache_folder_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSEDETECTOR_HOME", str(put(tmp_path, b"mine", "a file")))

    assert clear(NAME) == 0
