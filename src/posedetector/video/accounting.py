"""What the account says of the video that was read."""

from collections.abc import Iterator

import numpy as np

from posedetector.account import Entry, Note, VideoRecord, caution, info
from posedetector.filters import sampling_rate
from posedetector.opening import legible
from posedetector.pose import Array
from posedetector.video.nouns import Video

# Frames per second. On the sample clip, knees' greatest velocity falls by 20 % at 15, and no gait is found below 10.
_ENOUGH = 25


def entry_of(video: Video, source: str, time: Array, capture_fps: float | None = None) -> Entry:
    """Return what was read of a video: the frames' times (T,) in seconds; `capture_fps` is the rate that somebody gave."""
    rate = sampling_rate(time)
    record = VideoRecord(
        source=legible(source),
        width_px=video.size[0],
        height_px=video.size[1],
        frames=len(time),
        frames_expected=video.expected,
        fps=round(rate, 6) if np.isfinite(rate) else 0.0,
        duration_s=float(time[-1] - time[0]),
        start_s=video.selection.start,
        end_s=video.selection.end,
        every=video.selection.every,
        slowdown=video.slowdown,
        capture_fps=video.captured,
    )
    notes = (*map(caution, video.notes), *_notes_on_clock(video, capture_fps), *notes_on_rate(video))
    return Entry({"video": record}, notes=notes)


def _notes_on_clock(video: Video, rate: float | None) -> Iterator[Note]:
    slowdown = video.slowdown
    if rate is None or slowdown == 1:
        return
    times = f"1/{slowdown:.3g} of" if slowdown > 1 else f"{1 / slowdown:.3g} times"
    yield info(
        f"--capture-fps {rate:g}: the video is stored at {rate / slowdown:.4g} frames per second, so all times, speeds and rates are "
        f"those of the capture, {times} what a player shows; --start, --end and --duration are in the player's seconds"
    )


def notes_on_rate(video: Video) -> Iterator[Note]:
    """Yield what it means if --every leaves few frames per second."""
    every, rate = video.selection.every, video.rate
    if every == 1 or not 0 < rate < _ENOUGH:
        return
    sparser = int(rate * every / _ENOUGH)
    advice = f"--every {sparser} keeps {_ENOUGH} or more" if sparser > 1 else "leave --every out for these"
    yield caution(
        f"--every {every} leaves {rate:.3g} frames per second: peak angles and velocities of fast movements come out too low, "
        f"and gait events are uncertain by ±{500 / rate:.0f} ms or are not found; {advice}"
    )
