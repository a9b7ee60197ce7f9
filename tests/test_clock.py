"""Whatever a file says about time is obeyed or named: time stamps, capture rates, the numbers and dates of images."""

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import ezc3d
import numpy as np
import pytest
from PIL import Image as Pillow

from clips import noise_images, plain_image, write_clip
from posedetector.errors import InputError, VideoError
from posedetector.overlay import OverlayOptions
from posedetector.pipeline import analyze_to
from posedetector.settings import Settings
from posedetector.subject import Subject
from posedetector.video import Selection, Video, open_video, streams

SMALL = (64, 48)
STEADY = list(range(12))


def stamped(path: Path, stamps: Sequence[int], rate: int = 30) -> Path:
    """Write pictures with these time stamps, in 1/rate seconds; they are decoded in this order, long before."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *SMALL, "yuv420p"
        stream.codec_context.gop_size = 1
        made = []
        for place, image in enumerate(noise_images(len(stamps), SMALL)):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = place, Fraction(1, rate)
            made += stream.encode(frame)
        for place, packet in enumerate([*made, *stream.encode()]):
            packet.time_base, packet.pts, packet.dts = Fraction(1, rate), stamps[place], place - 100
            container.mux(packet)
    return path


def joined(path: Path) -> Path:
    """Two recordings of twelve pictures, one behind the other in one file; each begins at the same time."""
    part = write_clip(path.with_name("part.ts"), noise_images(12, SMALL), codec="libx264", options={"bf": "0"})
    path.write_bytes(2 * part.read_bytes())
    return path


def places(source: Path, unit: int = 30, **options: float) -> tuple[list[float], list[str]]:
    """Return times in 1/unit seconds, and notes."""
    video = open_video(str(source), **options)
    return [unit * frame.time for frame in video.frames()], video.notes


# Time stamps


@pytest.mark.parametrize(
    ("stamps", "right", "said"),
    [
        ([-3, -2, -1, *range(9)], STEADY, None),
        ([7, 8, 9, *range(10, 19)], STEADY, None),
        ([0, 1, 2, 5, 9, 10, 12, 13, 17, 18, 19, 20], [0, 1, 2, 5, 9, 10, 12, 13, 17, 18, 19, 20], None),
        ([0, 1, 2, 2, 4, 5, 6, 6, 6, 9, 10, 11], STEADY, "3 frames have a repeated or late time stamp"),
        ([0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10], STEADY[:11], "1 frame has no time of its own and was left out"),
        ([0, 1, 3, 2, 4, 5, 6, 7, 8, 9, 10, 11], [0, 1, *range(3, 12)], "1 frame has no time of its own"),
        ([0] * 12, STEADY, "11 frames have no usable time stamp and took the next place at 30 frames per second"),
        ([*range(10), *range(20)], list(range(30)), "clock runs backwards by 0.33 s at 0.33 s"),
        ([*range(6), *range(90, 96)], [*range(6), *range(90, 96)], "no frames for 2.83 s from 0.17 s on"),
    ],
    ids=["negative", "late", "varying", "repeated", "one_too_many", "backwards", "standing", "anew", "pause"],
)
def test_time_stamps_give_times_within_half_a_frame_of_the_truth_or_are_named(
    tmp_path: Path, stamps: list[int], right: list[int], said: str | None
) -> None:
    found, notes = places(stamped(tmp_path / "clip.mkv", stamps))

    assert found == pytest.approx(right, abs=0.5)
    assert all(one < later for one, later in pairwise(found))
    assert [said in note for note in notes] == [True] if said else notes == []


def test_recordings_that_were_joined_go_on_and_lose_no_frame(tmp_path: Path) -> None:
    found, notes = places(joined(tmp_path / "clip.ts"))

    assert found == pytest.approx(range(24), abs=0.5)
    assert "recordings that were joined" in notes[0]


@pytest.mark.parametrize("name", ["raw.h264", "raw.mjpeg"])
def test_a_raw_stream_names_the_rate_that_is_assumed_for_it(tmp_path: Path, name: str) -> None:
    raw = {"raw.h264": ("libx264", "yuv420p"), "raw.mjpeg": ("mjpeg", "yuvj420p")}[name]
    clip = write_clip(tmp_path / name, noise_images(12, SMALL), codec=raw[0], pixels=raw[1])

    found, notes = places(clip, 25)
    told, silence = places(clip, 30, captured=30.0)

    assert found == pytest.approx(STEADY) == told
    assert ["25 frames per second" in note and "--capture-fps" in note for note in notes] == [True]
    assert silence == []


@pytest.mark.parametrize(
    ("stamps", "frames"), [([0, 1, 1, *range(2, 19)], 4), ([*range(9), *range(25)], 19)], ids=["repeated", "anew"]
)
def test_what_is_wrong_with_time_stamps_before_a_part_is_not_said_of_the_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stamps: list[int], frames: int
) -> None:
    monkeypatch.setattr(streams, "find_entry", lambda *_, **__: None)  # read from the beginning
    video = open_video(str(stamped(tmp_path / "clip.mkv", stamps)), selection=Selection(0.49))

    assert len(list(video.frames())) == frames
    assert video.notes == []


# The rate of the capture


def tagged(path: Path, rate: int, tags: dict[str, str] | None = None, pts: Sequence[int] | None = None) -> Path:
    """Write a second of pictures at a rate, in an MP4 with these tags."""
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as container:
        container.metadata.update(tags or {})
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *SMALL, "yuv420p"
        for place in range(rate) if pts is None else pts:
            frame = av.VideoFrame.from_ndarray(plain_image(90, SMALL), format="rgb24")
            frame.pts, frame.time_base = place, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def android(rate: float) -> Callable[[Path, int], Path]:
    return lambda path, stored: tagged(path, stored, {"com.android.capture.fps": f"{rate:f}"})


def box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + kind + data


def with_boxes(boxes: bytes) -> Callable[[Path, int], Path]:
    def write(path: Path, stored: int) -> Path:
        tagged(path, stored)
        path.write_bytes(path.read_bytes() + boxes)
        return path

    return write


SONY = with_boxes(box(b"meta", b'<VideoFrame videoCodec="AVC" captureFps="119.88p" formatFps="29.97p"/>'))
SETTINGS = struct.pack(">4sBBH", b"VFPS", ord("L"), 4, 2) + struct.pack(">2I", 240000, 1001)
LAPSE = struct.pack(">4sBBH", b"RATE", ord("c"), 1, 5) + b"2_1S\0\0\0\0"


def gopro(settings: bytes) -> Callable[[Path, int], Path]:
    nested = struct.pack(">4sBBH", b"DEVC", 0, 1, len(settings)) + settings
    return with_boxes(box(b"moov", box(b"udta", box(b"GPMF", nested))))


def opened(tmp_path: Path, write: Callable[[Path, int], Path], stored: int, captured: float | None = None) -> Video:
    return open_video(str(write(tmp_path / "clip.mp4", stored)), captured=captured)


@pytest.mark.parametrize(
    ("write", "stored", "captured", "who"),
    [
        (android(240), 30, 240, "com.android.capture.fps"),
        (android(60), 30, 60, "com.android.capture.fps"),
        (android(2), 30, 2, "com.android.capture.fps"),  # a time lapse
        (SONY, 30, 119.88, "Sony"),
        (gopro(SETTINGS), 30, 240000 / 1001, "GoPro"),
    ],
    ids=["android", "android_60", "lapse", "sony", "gopro"],
)
def test_a_capture_rate_that_the_file_declares_is_obeyed_and_said(
    tmp_path: Path, write: Callable[[Path, int], Path], stored: int, captured: float, who: str
) -> None:
    video = opened(tmp_path, write, stored)

    assert [frame.time for frame in video.frames()] == pytest.approx([place / captured for place in range(stored)])
    assert video.rate == pytest.approx(captured)
    assert [who in note and "--capture-fps" in note for note in video.notes] == [True]


@pytest.mark.parametrize("rate", [30, 240])
def test_a_capture_rate_that_is_the_stored_one_changes_nothing(tmp_path: Path, rate: int) -> None:
    video = opened(tmp_path, android(rate), rate)

    assert [frame.time for frame in video.frames()][:2] == pytest.approx([0, 1 / rate])
    assert video.notes == []


def test_a_camera_that_fell_behind_its_own_rate_in_the_dark_is_not_taken_for_slow_motion(tmp_path: Path) -> None:
    wavering = [0, 38, 70, 107, 141, 172, 210, 243, 275, 314, 346, 381]  # 1/1000 s; about 30 of 60 frames a second
    clip = tagged(tmp_path / "clip.mp4", 1000, {"com.android.capture.fps": "60"}, wavering)
    video = open_video(str(clip))

    assert [frame.time for frame in video.frames()] == pytest.approx([place / 1000 for place in wavering])


def test_a_tag_beside_a_rate_that_no_camera_stores_is_named_and_not_obeyed(tmp_path: Path) -> None:
    video = opened(tmp_path, android(120), 8)

    assert [frame.time for frame in video.frames()][:2] == pytest.approx([0, 1 / 8])
    assert ["clock of the video is likely slow" in note and "--capture-fps" in note for note in video.notes] == [True]


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (gopro(LAPSE), "GoPro's RATE = 2_1S"),
        (lambda path, rate: tagged(path, rate, {"com.apple.photos.captureMode": "Time-lapse"}), "captureMode"),
    ],
    ids=["gopro", "apple"],
)
def test_a_time_lapse_of_unknown_rate_is_named(tmp_path: Path, write: Callable[[Path, int], Path], said: str) -> None:
    video = opened(tmp_path, write, 30)

    assert [said in note and "--capture-fps" in note for note in video.notes] == [True]


def test_an_edit_list_that_slows_the_video_is_named(tmp_path: Path) -> None:
    clip = tagged(tmp_path / "clip.mp4", 30)
    data = bytearray(clip.read_bytes())
    entry = data.index(b"elst") + 12
    assert data[entry + 8 : entry + 12] == struct.pack(">HH", 1, 0)
    data[entry + 8 : entry + 12] = struct.pack(">HH", 0, 1 << 14)  # a quarter
    clip.write_bytes(data)
    video = open_video(str(clip))

    assert [frame.time for frame in video.frames()][:2] == pytest.approx([0, 1 / 30])
    assert ["edit list plays the video at 0.25 times its speed" in note for note in video.notes] == [True]


def test_the_option_overrides_the_file(tmp_path: Path) -> None:
    video = opened(tmp_path, android(240), 30, captured=30.0)

    assert [frame.time for frame in video.frames()][:2] == pytest.approx([0, 1 / 30])
    assert video.notes == []


def test_varying_times_are_stretched_by_one_factor(tmp_path: Path) -> None:
    stamps = [0, 1, 2, 4, 5, 6, 7, 10, 11, 12, 13, 14]
    found, _ = places(stamped(tmp_path / "clip.mkv", stamps), 240, captured=240.0)

    assert found == pytest.approx(stamps, abs=0.1)


def test_a_part_is_selected_by_the_players_clock_whatever_the_capture_rate(tmp_path: Path) -> None:
    clip = tagged(tmp_path / "clip.mp4", 30)
    part = Selection(0.5, 0.8)

    plain, slowed = (list(open_video(str(clip), selection=part, captured=rate).frames()) for rate in (None, 120.0))

    assert [frame.index for frame in plain] == [frame.index for frame in slowed] == list(range(15, 24))
    assert [frame.time for frame in slowed] == pytest.approx([place / 120 for place in range(15, 24)])


def test_tables_c3d_and_overlay_have_the_clock_of_the_capture(blank_clip: Path, tmp_path: Path) -> None:
    settings = Settings(
        video=str(blank_clip),
        subject=Subject(height=1.7),
        estimator="synthetic",
        refine=False,
        capture_fps=120.0,
        start=0.5,
        end=1.0,
    )
    trial = analyze_to(settings, tmp_path / "out", ["trc", "c3d"], overlay=OverlayOptions())

    record = trial.provenance.video
    assert trial.pose.time == pytest.approx([place / 120 for place in range(15, 30)])
    assert (record.start_s, record.end_s, record.capture_fps) == (0.5, 1.0, 120.0)
    assert (record.fps, record.slowdown) == pytest.approx((120, 4))
    assert [note.severity for note in trial.provenance.notes if "player's seconds" in note.text] == ["info"]
    (trc,), (c3d,) = ((tmp_path / "out").glob(f"*.{suffix}") for suffix in ("trc", "c3d"))
    assert float(trc.read_text().splitlines()[2].split()[0]) == pytest.approx(120)
    assert ezc3d.c3d(str(c3d))["parameters"]["POINT"]["RATE"]["value"][0] == pytest.approx(120)
    with av.open(str(tmp_path / "out" / "overlay.mp4")) as overlay:
        shown = [frame.time for frame in overlay.decode(video=0)]
    assert shown == pytest.approx([place / 120 for place in range(15)], abs=1e-4)


def test_a_camera_has_no_capture_rate() -> None:
    with pytest.raises(VideoError, match="`capture_fps` is the rate of a recording"):
        open_video("97", captured=30.0)


def test_two_rates_for_a_folder_are_refused() -> None:
    with pytest.raises(InputError, match="`fps` and `capture_fps`"):
        Settings(video="folder", subject=Subject(height=1.7), fps=30, capture_fps=60)


# Folders of images


def folder_of(folder: Path, names: Sequence[str]) -> Path:
    folder.mkdir()
    _, data = cv2.imencode(".png", plain_image(90, SMALL))
    for name in names:
        (folder / name).write_bytes(data.tobytes())
    return folder


@pytest.mark.parametrize(
    ("names", "right", "said"),
    [
        ([f"img_{number:04}.png" for number in range(0, 60, 2)], [n / 30 for n in range(0, 60, 2)], "steps of 2"),
        (["7.png", "8.png", "11.png"], [0, 1 / 30, 4 / 30], "2 of the 5 image numbers"),
        (["a_0000.png", "a_0033.png", "a_0067.png"], [0, 33 / 30, 67 / 30], "1000 if they are milliseconds"),
        (["left.png", "middle.png", "right.png"], [0, 1 / 30, 2 / 30], "do not number them"),
        (["cam2_009.png", "cam2_010.png"], [0, 1 / 30], "30 frames per second assumed"),
        (["PXL_20240131_120501950.png", "PXL_20240131_120502050.png"], [0, 0.1], "timed by their names"),
        (["burst_20240131_120501_001.png", "burst_20240131_120501_002.png"], [0, 1 / 30], "assumed"),
        (["1706702701123456789.png", "1706702701173456789.png"], [0, 0.05], "timed by their names"),
        (["frame_1_0.250s.png", "frame_2_0.500s.png"], [0, 0.25], "timed by their names"),
    ],
    ids=["every_second", "gap", "wide", "no_numbers", "consecutive", "dated", "burst", "unix", "seconds"],
)
def test_images_come_when_their_names_say(tmp_path: Path, names: list[str], right: list[float], said: str) -> None:
    found, notes = places(folder_of(tmp_path / "folder", names), 1)

    assert found == pytest.approx(right, abs=1e-6)
    assert sum(said in note for note in notes) == 1
    assert all("--fps" in note for note in notes if "number them" not in note)


def test_the_option_says_how_many_numbers_make_a_second(tmp_path: Path) -> None:
    found, notes = places(folder_of(tmp_path / "folder", ["t0000.png", "t0033.png", "t0067.png"]), 1, rate=1000.0)

    assert found == pytest.approx([0, 0.033, 0.067])
    assert ["numbers are times" in note for note in notes] == [True]


def dated(folder: Path, dates: Sequence[tuple[str, str | None]]) -> Path:
    """Write JPEGs with EXIF's date and time, and parts of a second where there are any."""
    folder.mkdir()
    for place, (date, fraction) in enumerate(dates):
        image = Pillow.fromarray(plain_image(90, SMALL))
        tags = image.getexif()
        own = tags.get_ifd(0x8769)
        own[36867] = date
        if fraction is not None:
            own[37521] = fraction
        image.save(folder / f"DSC_{place:04}.jpg", exif=tags)
    return folder


def test_exif_dates_with_parts_of_a_second_are_the_images_times(tmp_path: Path) -> None:
    dates = [("2024:01:31 12:05:01", "90"), ("2024:01:31 12:05:02", "00"), ("2024:01:31 12:05:02", "15")]

    found, notes = places(dated(tmp_path / "folder", dates), 1)

    assert found == pytest.approx([0, 0.1, 0.25], abs=1e-6)
    assert ["EXIF" in note for note in notes] == [True]


def test_exif_dates_in_whole_seconds_that_contradict_the_numbers_are_named(tmp_path: Path) -> None:
    dates = [(f"2024:01:31 12:05:{second:02}", None) for second in range(0, 20, 2)]

    found, notes = places(dated(tmp_path / "folder", dates))

    assert found == pytest.approx(range(10))
    assert sum("EXIF says that these images were taken within 18 s" in note for note in notes) == 1


def test_the_rate_of_a_folder_is_that_of_its_images(tmp_path: Path) -> None:
    video = open_video(str(folder_of(tmp_path / "folder", [f"{number:03}.png" for number in range(0, 20, 2)])))

    assert (video.rate, video.expected) == (15.0, 10)
    assert isinstance(next(iter(video.frames())).image, np.ndarray)
