"""A part of a video is what reading all of it gives for those seconds: the same pictures, times and numbers."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from clips import Image, noise_images, packet_ends, plain_image, write_clip
from posedetector.errors import InputError, VideoError
from posedetector.pose import Frame
from posedetector.video import WHOLE, Selection, Video, open_video, seeking, streams

SMALL = (64, 48)
GOP = 12
VARYING = [0, 1, 2, 6, 7, 15, 16, 18, *range(25, 60, 3), *range(60, 130, 2), *range(130, 150)]
OPEN = {"x264-params": "open-gop=1:b-adapt=0:scenecut=0:bframes=3"}
REFRESHED = {"x264-params": "intra-refresh=1:bframes=0:scenecut=0:keyint=50"}
ONE = {"x264-params": "scenecut=0:keyint=250"}


def moving(count: int) -> list[Image]:
    """Pictures of which no two are alike, so that one that is decoded wrongly shows."""
    random = np.random.default_rng(1)
    pictures = [plain_image(60, SMALL) for _ in range(count)]
    for number, picture in enumerate(pictures):
        picture[8:40, number % 40 : number % 40 + 16] = random.integers(0, 255, 3)
    return pictures


def clip_of(path: Path, pts: Sequence[int] = range(75), codec: str = "libx264", **options: str) -> Path:
    images = moving(len(pts))
    return write_clip(path, images, pts=pts, codec=codec, between_keyframes=GOP, options=options)


def trimmed(path: Path) -> Path:
    """Show a clip from its fifth frame on, which is no keyframe: an edit list hides what comes before."""
    whole = clip_of(path.with_name("whole.mp4"))
    with av.open(str(whole)) as source, av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                hidden = round(5 / 30 / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts - hidden, packet.dts - hidden, stream
                target.mux(packet)
    return path


def jumping(path: Path) -> Path:
    """A clip whose clock jumps back in the middle, by 1.46 s to between the times of frames before."""
    halves = [
        write_clip(
            path.with_name(f"{start}.ts"), moving(75), pts=range(start, start + 225, 3), rate=90, codec="libx264"
        )
        for start in (0, 91)
    ]
    path.write_bytes(b"".join(half.read_bytes() for half in halves))
    return path


# name → a clip with several keyframes, and whether it can be entered at one of them
CLIPS: dict[str, tuple[Callable[[Path], Path], bool]] = {
    "b_frames.mp4": (clip_of, True),
    "b_frames.mkv": (clip_of, True),
    "b_frames.ts": (clip_of, True),
    "open_gop.mp4": (lambda path: clip_of(path, **OPEN), True),
    "open_gop.mkv": (lambda path: clip_of(path, **OPEN), True),
    "varying.mp4": (lambda path: clip_of(path, VARYING), True),
    "varying.mkv": (lambda path: clip_of(path, VARYING), True),
    "late.mp4": (lambda path: clip_of(path, range(60, 135)), True),
    "late.mkv": (lambda path: clip_of(path, range(60, 135)), True),
    "edit_list.mp4": (trimmed, True),
    "mpeg4.mp4": (lambda path: clip_of(path, codec="mpeg4"), True),
    "one_keyframe.mp4": (lambda path: clip_of(path, **ONE), False),
    "refreshed_bit_by_bit.mp4": (lambda path: clip_of(path, **REFRESHED), False),
    "without_times.h264": (clip_of, False),
    "index_of_packets.avi": (lambda path: clip_of(path, codec="mpeg4"), False),
    "hidden_frames.webm": (lambda path: clip_of(path, codec="libvpx"), False),
}


@pytest.fixture(params=CLIPS)
def clip(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return CLIPS[request.param][0](tmp_path / request.param)


def read(source: Path, start: float = 0.0, end: float | None = None, every: int = 1) -> tuple[list[Frame], Video]:
    opened = open_video(str(source), selection=Selection(start, end, every))
    return list(opened.frames()), opened


def entered(source: Path, start: float) -> int | None:
    """Return the number of the frame with which decoding starts; None if that is the first."""
    known: list[seeking.Stream] = []
    opened = open_video(str(source))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "_read_stream", lambda one, *_: known.append(one) or iter(()))
        list(opened.frames())
    entry = seeking.find_entry(known[0], start)
    return None if entry is None else entry.number


def numbers(frames: Sequence[Frame]) -> list[int]:
    return [frame.index for frame in frames]


# Reading from the middle


def test_a_part_is_what_reading_everything_gives_for_those_seconds(clip: Path) -> None:
    whole, _ = read(clip)
    last = whole[-1].time
    for start in (0.3 * last, whole[40].time, 0.79 * last, last):
        part, opened = read(clip, start)
        expected = [frame for frame in whole if frame.time >= start - 1e-6]

        assert [(frame.index, frame.time) for frame in part] == [(frame.index, frame.time) for frame in expected]
        assert all(np.array_equal(one.image, other.image) for one, other in zip(part, expected, strict=True))
        assert opened.notes == [] or clip.name == "without_times.h264"  # whose rate is assumed


@pytest.mark.parametrize("name", CLIPS)
def test_what_lies_before_a_part_is_not_decoded_where_a_keyframe_can_be_found(name: str, tmp_path: Path) -> None:
    make, enters = CLIPS[name]
    clip = make(tmp_path / name)
    seconds = read(clip)[0][-1].time

    assert bool(entered(clip, seconds)) is enters


def test_a_picture_is_numbered_without_an_index_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = clip_of(tmp_path / "clip.mp4")
    monkeypatch.setattr(seeking, "_number_by_index", lambda *_: None)

    assert numbers(read(clip, 2.0)[0]) == list(range(60, 75))


def test_where_the_clock_jumps_back_frames_are_numbered_from_the_beginning(tmp_path: Path) -> None:
    clip = jumping(tmp_path / "clip.ts")
    whole, part = read(clip)[0], read(clip, 3.0)[0]

    assert numbers(part) == [frame.index for frame in whole if frame.time >= 3.0 - 1e-6] == list(range(90, 150))


# Start and end


def test_parts_that_meet_share_no_frame_and_lose_none(tmp_path: Path) -> None:
    clip = clip_of(tmp_path / "clip.mp4")
    ends = [0.0, 0.7, 1.0, 1.8, None]

    parts = [numbers(read(clip, start or 0.0, end)[0]) for start, end in pairwise(ends)]

    assert [number for part in parts for number in part] == list(range(75))
    assert parts[1] == list(range(21, 30))  # the frame at 1.0 s is the first of the next


@pytest.mark.parametrize(
    ("selection", "kept"),
    [
        (Selection(every=2), range(0, 75, 2)),
        (Selection(every=7), range(0, 75, 7)),
        (Selection(0.7, 1.5, 3), range(21, 45, 3)),  # counted from the first selected frame on
        (Selection(2.4, every=100), [72]),
    ],
)
def test_every_nth_frame_is_kept_with_its_time_and_number(tmp_path: Path, selection: Selection, kept: range) -> None:
    opened = open_video(str(clip_of(tmp_path / "clip.mp4")), selection=selection)
    frames = list(opened.frames())

    assert numbers(frames) == list(kept)
    assert [frame.time for frame in frames] == pytest.approx([number / 30 for number in kept], abs=1e-6)
    assert (opened.expected, opened.rate) == (len(kept), 30 / selection.every)


def test_duration_counts_from_the_start(tmp_path: Path) -> None:
    opened = open_video(str(clip_of(tmp_path / "clip.mp4")), duration=0.5, selection=Selection(1.0))

    assert numbers(list(opened.frames())) == list(range(30, 45))
    assert opened.selection == Selection(1.0, 1.5)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_a_start_beyond_the_end_is_refused_before_the_work_and_says_how_long_the_video_is(
    tmp_path: Path, suffix: str
) -> None:
    clip = clip_of(tmp_path / f"clip{suffix}")

    with pytest.raises(VideoError, match=r"`start=7` lies beyond the end of .*clip.*, which is 2\.\d\d s long"):
        open_video(str(clip), selection=Selection(7.0))


@pytest.mark.parametrize("name", ["clip.mp4", "clip.avi"])
def test_a_start_behind_the_last_frame_is_refused(tmp_path: Path, name: str) -> None:
    clip = clip_of(tmp_path / name)

    with pytest.raises(
        VideoError, match=r"`start=2\.5` lies beyond the end .* last frame that decodes is at 2\.4\d s$"
    ):
        read(clip, 2.5)


def test_a_part_between_two_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"has no frame in 1\.01–1\.02 s"):
        read(clip_of(tmp_path / "clip.mp4"), 1.01, 1.02)


def test_an_end_beyond_the_last_frame_is_noted(tmp_path: Path) -> None:
    frames, opened = read(clip_of(tmp_path / "clip.mp4"), 1.0, 60.0)

    assert numbers(frames) == list(range(30, 75))
    assert opened.notes == ["the last frame is at 2.47 s, before 60 s: 1–2.47 s were analysed"]
    assert opened.expected == 45


@pytest.mark.parametrize("end", [1.0, 2.5])
def test_an_end_that_is_reached_needs_no_note(tmp_path: Path, end: float) -> None:
    assert read(clip_of(tmp_path / "clip.mp4"), 0.5, end)[1].notes == []


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ((-1.0,), "`start` .* not negative; got -1"),
        ((float("nan"),), "`start` .* a finite number, .* got nan"),
        ((0.0, float("inf")), "`end` .* must be finite, got inf"),
        ((float("nan"),), "`start` .* got nan"),
        ((10.0, 10.0), "`end` must be greater than `start`: got 10 s and 10 s"),
        ((10.0, 5.0), "`end` must be greater than `start`"),
        ((0.0, float("inf")), "`end` .* must be"),
        ((0.0, None, 0), "`every` counts from 1"),
    ],
)
def test_a_part_that_cannot_be_is_refused(values: tuple, says: str) -> None:
    with pytest.raises(InputError, match=says):
        Selection(*values)


@pytest.mark.parametrize(
    ("selection", "seconds", "rate", "count"),
    [
        (WHOLE, 10.0, 30.0, 300),
        (WHOLE, 10.0, 30000 / 1001, 300),
        (Selection(1.0, 2.0), 10.0, 30.0, 30),
        (Selection(1.01, 2.01), 10.0, 30.0, 30),
        (Selection(9.0, 20.0), 10.0, 30.0, 30),
        (Selection(0.0, 1.0, 4), 10.0, 30.0, 8),
        (Selection(0.0, 1.0), None, 30.0, 30),
        (Selection(1.0), None, 30.0, None),
        (Selection(0.0, 1.0), 10.0, 0.0, None),
    ],
)
def test_as_many_frames_are_expected_as_there_are_in_the_part(
    selection: Selection, seconds: float | None, rate: float, count: int | None
) -> None:
    assert selection.expected(seconds, rate) == count


# Damage


@pytest.fixture(params=["entered at a keyframe", "read from its beginning"])
def damaged(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """30 pictures that stand alone, of which number 10 is damaged."""
    if request.param == "read from its beginning":
        monkeypatch.setattr(streams, "find_entry", lambda *_, **__: None)
    clip = write_clip(tmp_path / "clip.mov", noise_images(30, SMALL), codec="png", pixels="rgb24")
    data, ends = bytearray(clip.read_bytes()), packet_ends(clip)
    data[ends[10] - 2000 : ends[10]] = bytes(2000)
    clip.write_bytes(data)
    return clip


@pytest.mark.parametrize(
    ("part", "told"), [((0.2, 0.5), True), ((0.4, 0.9), False), ((0.0, 0.3), False), ((0.1, 0.32), False)]
)
def test_damage_is_told_of_the_part_in_which_it_is(damaged: Path, part: tuple[float, float], told: bool) -> None:
    frames, opened = read(damaged, *part)

    assert [round(30 * frame.time) for frame in frames] == [
        number for number in range(30) if part[0] <= number / 30 + 1e-6 < part[1] and number != 10
    ]
    assert opened.notes == (["1 packets of the video are damaged; frames are missing there"] if told else [])


@pytest.fixture
def cut_off(tmp_path: Path) -> Path:
    """A recording of 2.5 s of which the last second and a half are missing."""
    clip = write_clip(
        tmp_path / "clip.mp4", noise_images(75, SMALL), codec="libx264", between_keyframes=GOP, faststart=True
    )
    clip.write_bytes(clip.read_bytes()[: int(0.4 * clip.stat().st_size)])
    return clip


def test_a_part_before_the_place_where_a_recording_was_cut_off_needs_no_note(cut_off: Path) -> None:
    frames, opened = read(cut_off, 0.3, 0.6)

    assert (len(frames), opened.notes) == (9, [])


def test_a_part_that_reaches_the_place_where_a_recording_was_cut_off_says_so(cut_off: Path) -> None:
    _, opened = read(cut_off, 0.3)

    assert ["the video is incomplete: " in note for note in opened.notes if "packets" not in note] == [True]


def test_a_start_behind_the_place_where_a_recording_was_cut_off_says_so(cut_off: Path) -> None:
    with pytest.raises(
        VideoError, match=r"its last frame that decodes is at [01]\.\d\d s, though it says .* 2\.50 s long"
    ):
        read(cut_off, 2.0)


@pytest.mark.parametrize("start", [0.0, 1.0])
def test_a_varying_rate_is_not_taken_for_missing_frames(tmp_path: Path, start: float) -> None:
    clip = clip_of(tmp_path / "clip.mkv", range(0, 300, 4))  # says 30 a second, has 7.5

    assert read(clip, start)[1].notes == []


# Images and cameras


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten images."""
    for number in range(10):
        cv2.imwrite(str(tmp_path / f"{number}.png"), plain_image(20 * number, SMALL))
    return tmp_path


def test_images_of_a_folder_are_selected_by_their_times(folder: Path) -> None:
    opened = open_video(str(folder), rate=10.0, selection=Selection(0.2, 0.8, 2))
    frames = list(opened.frames())

    assert [int(frame.image[0, 0, 0]) for frame in frames] == [40, 80, 120]
    assert numbers(frames) == [2, 4, 6]
    assert [frame.time for frame in frames] == pytest.approx([0.2, 0.4, 0.6])
    assert (opened.expected, opened.rate, opened.notes) == (3, 5.0, [])


def test_an_end_beyond_the_last_image_is_noted(folder: Path) -> None:
    opened = open_video(str(folder), rate=10.0, selection=Selection(0.5, 8.0))

    assert len(list(opened.frames())) == 5
    assert opened.notes == ["the last frame is at 0.90 s, before 8 s: 0.5–0.90 s were analysed"]


@pytest.mark.parametrize(
    ("name", "selection", "says"),
    [
        (
            "",
            Selection(3.0),
            r"`start=3` leaves nothing of .*, which is a folder of 10 images, the last one at 0\.90 s",
        ),
        ("", Selection(0.31, 0.39), r"no image in 0\.31–0\.39 s"),
        ("4.png", Selection(1.0), "`start=1` leaves nothing of 4, which is an image, at 0 s"),
    ],
)
def test_images_of_which_nothing_is_left_are_refused(folder: Path, name: str, selection: Selection, says: str) -> None:
    with pytest.raises(VideoError, match=says):
        open_video(str(folder / name), rate=10.0, selection=selection)


def test_an_image_within_the_part_is_read(folder: Path) -> None:
    assert len(read(folder / "4.png", 0.0, 5.0, 3)[0]) == 1


@pytest.mark.parametrize("selection", [Selection(1.0), Selection(0.0, 5.0)])
def test_a_part_of_a_camera_is_refused(selection: Selection) -> None:
    with pytest.raises(VideoError, match="for a camera use `duration`"):
        open_video("97", selection=selection)
