"""Files from the web, that go on where they were cut off."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

ATTEMPTS = 3
TIMEOUT = 30.0  # seconds without a byte
_CHUNK = 1 << 20

Told = Callable[[int, int], None]  # bytes had, and bytes in all
FAILURES = (OSError, http.client.HTTPException)


def download(url: str, part: Path, size: int, progress: Told | None = None) -> None:
    """Bring a partial file up to the whole; a connection that is cut is taken up again.

    Goes on only where the server can say that it still offers the same file, and starts anew elsewhere.

    Parameters
    ----------
    part : what is there already, if anything; the server's name of its version (ETag, or date) is kept beside it.
    size : bytes expected, for the progress where the server does not tell.
    progress : told bytes had and bytes in all.

    Raises
    ------
    FAILURES
        If it cannot be had; what came is kept.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _go_on(url, part, size, progress)
        except urllib.error.URLError:
            raise
        except FAILURES:
            if attempt == ATTEMPTS:
                raise
        else:
            version_of(part).unlink(missing_ok=True)
            return


def version_of(part: Path) -> Path:
    """Return the file that remembers which version of it the server was giving."""
    return part.with_name(f"{part.name}.version")


def reason_of(error: BaseException) -> str:
    """Return why a download failed, in a few words."""
    if isinstance(error, urllib.error.HTTPError):
        return f"{error.code} {error.reason}"
    return str(getattr(error, "reason", "") or error) or type(error).__name__


def _go_on(url: str, part: Path, size: int, progress: Told | None) -> None:
    had, version = part.stat().st_size if part.exists() else 0, version_of(part)
    request = urllib.request.Request(url, headers={"User-Agent": "posedetector"})  # noqa: S310 -- from the table
    if had and version.exists():
        request.add_header("Range", f"bytes={had}-")
        request.add_header("If-Range", version.read_text(encoding="utf-8"))
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        if error.headers.get("Content-Range") == f"bytes */{had}":
            return  # nothing was left to get
        part.unlink()
        raise ConnectionError("the part that was kept is longer than the file") from error
    with answer:
        goes_on = (answer.headers.get("Content-Range") or "").startswith(f"bytes {had}-")
        had = had if answer.status == HTTPStatus.PARTIAL_CONTENT and goes_on else 0
        length = answer.headers.get("Content-Length") or ""
        total = had + int(length) if length.isdecimal() else None
        _remember(version, answer.headers)
        with part.open("ab" if had else "wb") as file:
            while block := answer.read1(_CHUNK):  # read() would throw away what it has when the connection is cut
                file.write(block)
                had += len(block)
                if progress is not None:
                    progress(had, max(had, total or size))
    if total is not None and had < total:
        raise ConnectionError(f"cut off after {had} of {total} bytes")


def _remember(version: Path, headers: http.client.HTTPMessage) -> None:
    tag, date = headers.get("ETag", ""), headers.get("Last-Modified", "")
    name = date if tag.startswith("W/") or not tag else tag  # a weak tag does not name bytes
    if name:
        version.write_text(name, encoding="utf-8", newline="\n")
    else:
        version.unlink(missing_ok=True)
