"""Every source becomes the same stream: upright RGB pictures with the times at which they were taken."""

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from clips import (
    CORNER,
    RED,
    SIZE,
    Image,
    corner_image,
    noise_images,
    packet_ends,
    plain_image,
    set_rotation,
    write_clip,
)
from posedetector.errors import VideoError
from posedetector.pose import Frame
from posedetector.video import open_video, read_ahead, source_name


def test_a_rate_of_images_is_not_taken_for_a_video(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [plain_image()] * 2)

    with pytest.raises(VideoError, match=r"`fps` is for folders of images; .* pass `capture_fps`"):
        open_video(str(clip), rate=25)


def read(source: Path | str, **options: float) -> list[Frame]:
    return list(open_video(str(source), **options).frames())


def times(source: Path | str, **options: float) -> list[float]:
    return [frame.time for frame in read(source, **options)]


def write_image(path: Path, rgb: Image) -> Path:
    """Write an image as it is given: grey, RGB or RGBA."""
    order = {2: [], 3: [cv2.COLOR_RGB2BGR], 4: [cv2.COLOR_RGBA2BGRA]}[rgb.ndim if rgb.ndim == 2 else rgb.shape[2]]
    done, data = cv2.imencode(path.suffix, cv2.cvtColor(rgb, order[0]) if order else rgb)
    assert done
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.tobytes())
    return path


def red_corner(image: Image) -> str:
    """Return where in a picture with one red corner that corner is."""
    half = CORNER // 2
    corners = {
        "top left": image[half, half],
        "top right": image[half, -half],
        "bottom left": image[-half, half],
        "bottom right": image[-half, -half],
    }
    (found,) = [name for name, colour in corners.items() if np.abs(colour.astype(int) - RED).max() < 40]
    return found


# Times


def test_frames_of_a_constant_rate_are_that_far_apart(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [plain_image()] * 10, rate=25)

    assert times(clip) == pytest.approx([0.04 * index for index in range(10)], abs=1e-6)


def test_variable_frame_rate_is_kept(tmp_path: Path) -> None:
    pts = [0, 1, 2, 6, 7, 15, 16, 18]
    clip = write_clip(tmp_path / "clip.mp4", [plain_image()] * len(pts), pts=pts)

    assert times(clip) == pytest.approx([moment / 30 for moment in pts], abs=1e-6)


def test_times_follow_the_display_when_frames_are_stored_out_of_order(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", noise_images(12), codec="libx264")  # its default has B-frames

    assert times(clip) == pytest.approx([index / 30 for index in range(12)], abs=1e-6)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_time_starts_at_0_where_the_stream_does_not(tmp_path: Path, suffix: str) -> None:
    clip = write_clip(tmp_path / f"clip{suffix}", [plain_image()] * 10, pts=range(60, 70))

    # Matroska counts in milliseconds
    assert times(clip) == pytest.approx([index / 30 for index in range(10)], abs=1e-3)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_a_whole_clip_that_starts_late_is_not_called_incomplete(tmp_path: Path, suffix: str) -> None:
    video = open_video(str(write_clip(tmp_path / f"clip{suffix}", [plain_image()] * 30, pts=range(60, 90))))

    assert len(list(video.frames())) == 30
    assert video.notes == []


def test_frames_are_numbered_from_0(tmp_path: Path) -> None:
    frames = read(write_clip(tmp_path / "clip.mp4", [plain_image()] * 4))

    assert [frame.index for frame in frames] == [0, 1, 2, 3]


def test_size_rate_and_number_of_frames_are_known_beforehand(tmp_path: Path) -> None:
    video = open_video(str(write_clip(tmp_path / "clip.mp4", [plain_image()] * 20, rate=50)))

    assert (video.size, video.rate, video.expected, video.name) == (SIZE, 50.0, 20, "clip")


def test_duration_ends_the_reading_at_that_time(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [plain_image()] * 30)

    assert times(clip, duration=0.35) == pytest.approx([index / 30 for index in range(11)], abs=1e-6)


def test_duration_tells_how_many_frames_to_expect(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [plain_image()] * 30)

    assert open_video(str(clip), duration=0.35).expected == 11


def test_duration_beyond_the_end_reads_everything(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [plain_image()] * 30)

    assert len(read(clip, duration=60.0)) == 30


# Pictures


@pytest.mark.parametrize(
    ("degrees", "corner"), [(0, "top left"), (90, "top right"), (180, "bottom right"), (270, "bottom left")]
)
def test_rotation_is_applied_clockwise(tmp_path: Path, degrees: int, corner: str) -> None:
    clip = set_rotation(write_clip(tmp_path / "clip.mp4", [corner_image()] * 2), degrees)

    assert [red_corner(frame.image) for frame in read(clip)] == [corner, corner]


@pytest.mark.parametrize(("degrees", "size"), [(0, (320, 240)), (90, (240, 320)), (180, (320, 240)), (270, (240, 320))])
def test_size_is_that_of_the_turned_picture(tmp_path: Path, degrees: int, size: tuple[int, int]) -> None:
    video = open_video(str(set_rotation(write_clip(tmp_path / "clip.mp4", [corner_image()] * 2), degrees)))

    assert video.size == size
    assert [frame.size for frame in video.frames()] == [size, size]


@pytest.mark.parametrize("width", [320, 330])  # the decoder pads rows of 330 pixels
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_pictures_of_a_clip_are_contiguous_bytes(tmp_path: Path, degrees: int, width: int) -> None:
    clip = set_rotation(write_clip(tmp_path / "clip.mp4", [corner_image((width, 240))] * 2), degrees)

    assert all(frame.image.flags.c_contiguous and frame.image.dtype == np.uint8 for frame in read(clip))


def test_an_image_is_one_frame_at_time_0(tmp_path: Path) -> None:
    image = corner_image()

    (frame,) = read(write_image(tmp_path / "image.png", image))

    assert (frame.index, frame.time) == (0, 0.0)
    assert np.array_equal(frame.image, image)


def test_an_image_has_no_rate(tmp_path: Path) -> None:
    assert open_video(str(write_image(tmp_path / "image.png", corner_image()))).rate == 0


def test_pictures_of_an_image_are_contiguous_bytes(tmp_path: Path) -> None:
    (frame,) = read(write_image(tmp_path / "image.png", corner_image()))

    assert frame.image.flags.c_contiguous
    assert frame.image.dtype == np.uint8


def test_a_grey_image_becomes_three_equal_channels(tmp_path: Path) -> None:
    grey = np.arange(240 * 320, dtype=np.uint32).reshape(240, 320).astype(np.uint8)

    (frame,) = read(write_image(tmp_path / "grey.png", grey))

    assert np.array_equal(frame.image, np.stack([grey] * 3, axis=-1))


def test_a_transparent_image_keeps_its_colours(tmp_path: Path) -> None:
    rgba = np.dstack([corner_image(), np.full(SIZE[::-1], 200, np.uint8)])

    (frame,) = read(write_image(tmp_path / "rgba.png", rgba))

    assert np.array_equal(frame.image, corner_image())


def test_the_suffix_of_an_image_may_be_in_capitals(tmp_path: Path) -> None:
    written = write_image(tmp_path / "image.png", corner_image())

    assert len(read(written.rename(tmp_path / "IMAGE.PNG"))) == 1


# Folders of images


def test_images_of_a_folder_come_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        write_image(tmp_path / f"img{number}.png", plain_image(number))

    assert [int(frame.image[0, 0, 0]) for frame in read(tmp_path)] == [1, 2, 10]


def test_images_of_a_folder_come_at_the_rate_given(tmp_path: Path) -> None:
    for number in range(3):
        write_image(tmp_path / f"img{number}.png", plain_image(number))

    assert times(tmp_path, rate=10.0) == pytest.approx([0.0, 0.1, 0.2])


def test_a_rate_nobody_gave_is_noted_even_when_only_the_beginning_is_read(tmp_path: Path) -> None:
    for number in range(5):
        write_image(tmp_path / f"img{number}.png", plain_image(number))
    video = open_video(str(tmp_path), duration=0.05)

    assert len(list(video.frames())) == 2  # at 0 and 1/30 s
    assert ["30 frames per second assumed" in note for note in video.notes] == [True]


def test_other_files_in_a_folder_of_images_are_left_out(tmp_path: Path) -> None:
    write_image(tmp_path / "img1.png", plain_image())
    (tmp_path / "notes.txt").write_text("left knee\n")
    (tmp_path / "._img1.png").write_bytes(b"what macOS leaves on a stick")

    assert len(read(tmp_path)) == 1


def test_a_folder_of_mixed_sizes_names_the_odd_image(tmp_path: Path) -> None:
    write_image(tmp_path / "img1.png", plain_image(size=(320, 240)))
    write_image(tmp_path / "img2.png", plain_image(size=(240, 320)))

    with pytest.raises(VideoError, match=r"img2\.png is 240×320 but the first image is 320×240"):
        read(tmp_path)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("left knee\n")

    with pytest.raises(VideoError, match="holds no images"):
        open_video(str(tmp_path))


def test_an_image_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_text("not a picture\n")

    with pytest.raises(VideoError, match=r"image\.png is not an image"):
        open_video(str(tmp_path / "image.png"))


# Addresses and cameras


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        del args


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """Serve tmp_path and return its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path))) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a reader may hang up
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_clip_is_read_from_an_address(tmp_path: Path, site: str) -> None:
    write_clip(tmp_path / "clip.mp4", [plain_image()] * 10, faststart=True)

    assert times(f"{site}/clip.mp4") == pytest.approx([index / 30 for index in range(10)], abs=1e-6)


def test_an_address_without_a_clip_is_refused(site: str) -> None:
    with pytest.raises(VideoError, match=r"missing\.mp4 cannot be read"):
        open_video(f"{site}/missing.mp4")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("https://example.org/a%20walk.mp4?token=1", "a walk"),
        ("https://example.org/", "video"),
        ("clips/Gänge 1.mp4", "Gänge 1"),
        ("0", "camera0"),
    ],
)
def test_results_are_called_after_the_source(source: str, name: str) -> None:
    assert source_name(source) == name


def test_a_camera_that_is_not_there_is_refused() -> None:
    with pytest.raises(VideoError, match="camera 97 cannot be opened"):
        open_video("97")


# Damage


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
def test_a_clip_that_was_cut_off_gives_the_frames_that_are_there(tmp_path: Path, codec: str) -> None:
    clip = write_clip(tmp_path / "clip.mp4", noise_images(30), codec=codec, faststart=True)
    kept = int(0.6 * clip.stat().st_size)
    whole = sum(end <= kept for end in packet_ends(clip))
    assert 5 < whole < 25
    clip.write_bytes(clip.read_bytes()[:kept])

    # the packet that was cut may still give a picture
    assert len(read(clip)) in {whole, whole + 1}


def test_a_clip_that_was_cut_off_says_how_much_was_read(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", noise_images(30), faststart=True)
    clip.write_bytes(clip.read_bytes()[: int(0.6 * clip.stat().st_size)])
    video = open_video(str(clip))

    count = len(list(video.frames()))

    assert [f"incomplete: {count} of about 30 frames" in note for note in video.notes if "packet" not in note] == [True]


def test_a_damaged_packet_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mov", noise_images(30), codec="png", pixels="rgb24")
    data, ends = bytearray(clip.read_bytes()), packet_ends(clip)
    data[ends[10] - 5000 : ends[10]] = bytes(5000)  # each of these pictures stands alone
    clip.write_bytes(data)
    video = open_video(str(clip))

    frames = list(video.frames())

    assert [round(30 * frame.time) for frame in frames] == [index for index in range(30) if index != 10]
    assert any("1 packet" in note for note in video.notes)


def test_a_clip_without_its_index_is_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", noise_images(5))
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])

    with pytest.raises(VideoError, match="moov"):
        open_video(str(clip))


# Reading ahead


class Source:
    """Counts what is fetched and remembers when it was closed."""

    def __init__(self, count: int = 1000, fails_at: int | None = None) -> None:
        self.count, self.fails_at = count, fails_at
        self.fetched = 0
        self.closed = threading.Event()

    def items(self) -> Iterator[int]:
        try:
            for index in range(self.count):
                if index == self.fails_at:
                    raise VideoError("the tape is torn")
                self.fetched += 1
                yield index
        finally:
            self.closed.set()

    def settled(self) -> int:
        """Return how many were fetched once nothing more has been fetched for a while."""
        before = -1
        while before != self.fetched:
            before = self.fetched
            time.sleep(0.05)
        return before


@pytest.mark.parametrize("depth", [1, 4])
def test_reading_ahead_changes_nothing(depth: int) -> None:
    assert list(read_ahead(Source(count=50).items(), depth)) == list(range(50))


def test_reading_ahead_of_nothing_ends() -> None:
    assert list(read_ahead(iter(()), 4)) == []


def test_an_error_comes_out_after_what_came_before_it() -> None:
    items = read_ahead(Source(fails_at=7).items(), 4)

    assert [next(items) for _ in range(7)] == list(range(7))
    with pytest.raises(VideoError, match="torn"):
        next(items)


@pytest.mark.parametrize("depth", [1, 4])
def test_reading_ahead_stays_within_its_depth(depth: int) -> None:
    source = Source()
    with closing(read_ahead(source.items(), depth)) as items:
        for taken in range(1, 4):
            next(items)

            assert depth <= source.settled() - taken <= depth + 2


def test_reading_ahead_goes_on_while_the_reader_works() -> None:
    source = Source()
    with closing(read_ahead(source.items(), 4)) as items:
        next(items)

        assert source.settled() >= 5


def test_an_abandoned_reading_closes_its_source() -> None:
    source = Source()
    items = read_ahead(source.items(), 4)
    next(items)

    items.close()

    assert source.closed.is_set()


def test_an_abandoned_reading_leaves_no_thread() -> None:
    before = threading.active_count()
    items = read_ahead(Source().items(), 4)
    next(items)

    items.close()

    assert threading.active_count() == before
