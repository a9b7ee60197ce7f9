"""Why a URL could not be read as a video: asked of the server itself, since FFmpeg does not say."""

import http.client
import urllib.error
import urllib.request
from http import HTTPStatus

_PATIENCE = 10.0  # seconds
_START = 512  # bytes; enough to tell a page


def why_not(url: str) -> str:
    """Return what is wrong with a URL that FFmpeg could not read, or nothing where it looks like a video that can be sought."""
    request = urllib.request.Request(  # noqa: S310 -- http(s) alone comes here
        url, headers={"User-Agent": "posedetector", "Range": f"bytes=0-{_START - 1}"}
    )
    try:
        # urlopen would keep the proxies of its first call; FFmpeg goes by those of now
        with urllib.request.build_opener().open(request, timeout=_PATIENCE) as answer:
            kind = answer.headers.get_content_type()
            ranges = answer.status == HTTPStatus.PARTIAL_CONTENT
            start = answer.read(_START).lstrip().lower()
    except urllib.error.HTTPError as error:
        error.close()
        return f"the server says {error.code} {error.reason}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            return f"the server does not answer: nothing came for {_PATIENCE:g} s"
        return f"the server cannot be reached: {reason}"
    if start.startswith((b"<!doctype html", b"<html")) or kind == "text/html":
        return "it is a web page, not a video (a login, or a page that shows the video?); download the video, and give the file"
    if not ranges:
        return (
            "the server sends files only from their beginning, and this video's index may be at its end; download it, and give the "
            "file"
        )
    return ""
