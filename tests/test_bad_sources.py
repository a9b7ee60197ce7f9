"""Videos and files that cannot be opened, servers that do not serve: one line that says what is wrong, at once."""

import os
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from clips import noise_images, plain_image, write_clip
from commands import Done
from posedetector.errors import VideoError
from posedetector.video import open_video, seeking

SHARED = Path(__file__).parents[2] / "shared"
WALK = ("--height", 1.75, "--estimator", "synthetic", "--no-refine", "--no-overlay", "--formats", "trc")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("9" * 14, "there is no camera 99999999999999; cameras are numbered from 0"),
        ("9" * 5000, r"there is no camera 9+… \(5000 characters\)"),
        ("700", "there is no camera 700"),
        ("a" * 300 + ".mp4", r"aaa… \(304 characters\) cannot be opened: File name too long"),
        ("a\0b.mp4", r"a\\0b.mp4 cannot be a path: it holds a NUL character"),
        ("~nobody-of-this-name/a.mp4", "nobody of that name has a home folder here"),
        ("http://[::1", "is not a URL that can be opened: Invalid IPv6 URL"),
        ("http://host:port/a.mp4", "is not a URL that can be opened: Port could not be cast"),
        ("https:///a.mp4", "is not a URL that can be opened: it names no server"),
        (os.devnull, "is a pipe or a device, which cannot be read twice: write it to a file first"),
    ],
)
def test_a_source_that_cannot_be_opened_is_named(source: str, says: str) -> None:
    with pytest.raises(VideoError, match=says):
        open_video(source)


def test_a_pipe_into_which_nobody_writes_is_refused_at_once(command: Callable[..., Done], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clip.mp4")

    done = command("analyze", "--video", tmp_path / "clip.mp4", *WALK)

    assert done.status == 2
    assert "is a pipe or a device" in done.errors


def test_a_file_name_that_is_not_utf_8_is_written_out(command: Callable[..., Done], tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [plain_image()] * 3)
    clip = clip.rename(tmp_path / os.fsdecode(b"caf\xe9.mp4"))

    done = command("analyze", "--video", clip, *WALK, "--output-dir", tmp_path / os.fsdecode(b"out\xe9"))

    assert done.status == 0, done.errors
    assert {path.name for path in (tmp_path / os.fsdecode(b"out\xe9")).iterdir()} == {
        "caf\ufffd.trc",
        "provenance.json",
    }


def test_what_all_parts_fail_from_is_said_once(command: Callable[..., Done], tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [plain_image()] * 30)
    (tmp_path / "file").write_text("mine\n")
    parts = ("--start", 0, "--end", 0.2, "--start", 0.3, "--end", 0.5)

    done = command("analyze", "--video", clip, *WALK, *parts, "--output-dir", tmp_path / "file", "--quiet")

    assert done.status == 2
    assert len(done.errors.splitlines()) == 1
    assert "clip_0-0.2s, clip_0.3-0.5s: cannot write into" in done.errors


@pytest.mark.parametrize(
    ("name", "says"), [("hdr.npz", "cannot be read as npz"), ("frame.csv", "is no table of landmarks")]
)
def test_a_damaged_file_is_one_line(command: Callable[..., Done], name: str, says: str) -> None:
    path = SHARED / "cases" / "damaged" / name
    if not path.exists():
        pytest.skip(f"NOT TESTED: {path} is missing")

    done = command("evaluate", path, path)

    assert done.status == 2
    assert len(done.errors.splitlines()) == 1
    assert says in done.errors


class Server(BaseHTTPRequestHandler):
    """Sends a page, or a video from its beginning only, or begins and says no more."""

    video = b""
    over = threading.Event()

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        page = self.path == "/page.mp4"
        content = b"<!doctype html><title>Log in</title>" if page else self.video
        if self.path == "/silent.mp4":
            self.over.wait(10)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if page else "video/mp4")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(content)


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    Server.over.clear()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    Server.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_web_page_is_no_video(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = urllib.request.build_opener(urllib.request.ProxyHandler({"http": "http://127.0.0.1:9"}))
    monkeypatch.setattr(urllib.request, "_opener", earlier)  # a proxy of before counts no more

    with pytest.raises(VideoError, match="it is a web page, not a video"):
        open_video(f"{address}/page.mp4")


def test_a_server_that_says_nothing_is_named(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeking, "_URL_TIMEOUT", (0.3, 0.3))

    with pytest.raises(VideoError, match="the server does not answer in time; download it"):
        open_video(f"{address}/silent.mp4")


def test_a_server_that_cannot_send_the_index_at_the_end_is_named(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", noise_images(20, (320, 240)))
    data = clip.read_bytes()
    assert data.index(b"moov") > data.index(b"mdat")
    monkeypatch.setattr(Server, "video", data)

    with pytest.raises(VideoError, match=r"the server sends files only from their beginning, .* download it"):
        open_video(f"{address}/clip.mp4")


def test_the_same_video_with_its_index_first_is_read(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", noise_images(5), faststart=True)
    monkeypatch.setattr(Server, "video", clip.read_bytes())

    assert len(list(open_video(f"{address}/clip.mp4").frames())) == 5
