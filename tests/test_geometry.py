"""What a file declares about its pixels is applied: orientation, aspect, crop, depth, colour, fields, size.

Four coloured corners show by themselves how an image was turned, mirrored and scaled.
"""

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from clips import Image, plain_image, write_clip
from posedetector.errors import VideoError
from posedetector.pose import Frame
from posedetector.video import Selection, Video, open_video, streams
from posedetector.video.seeking import find_entry

SIZE = (96, 64)
COLOURS = {"R": (200, 40, 40), "G": (40, 180, 40), "B": (50, 60, 200), "W": (220, 220, 220)}
# EXIF's number of an orientation → what is seen in the corners (top left, top right, bottom left, bottom right) of an image that
# is stored as R G / B W, and the display matrix a, b, c, d with x' = ax + cy, y' = bx + dy
EIGHT = {
    1: ("RGBW", (1, 0, 0, 1)),
    2: ("GRWB", (-1, 0, 0, 1)),
    3: ("WBGR", (-1, 0, 0, -1)),
    4: ("BWRG", (1, 0, 0, -1)),
    5: ("RBGW", (0, 1, 1, 0)),
    6: ("BRWG", (0, 1, -1, 0)),
    7: ("WGBR", (0, -1, -1, 0)),
    8: ("GWRB", (0, -1, 1, 0)),
}
MIRRORED = {2, 4, 5, 7}


def marks(size: tuple[int, int] = SIZE) -> Image:
    """Return four quarters of different colours, with a fifth one in the middle third."""
    width, height = size
    image = plain_image(0, size)
    for letter, (rows, columns) in zip(
        "RGBW",
        product((slice(0, height // 2), slice(height // 2, None)), (slice(0, width // 2), slice(width // 2, None))),
        strict=True,
    ):
        image[rows, columns] = COLOURS[letter]
    return image


def corners(image: Image, tolerance: int = 40) -> str:
    """Return the letters of the colours in the middle of an image's quarters."""
    height, width = image.shape[:2]
    letters = ""
    for row, column in product((height // 4, 3 * height // 4), (width // 4, 3 * width // 4)):
        apart = {letter: np.abs(image[row, column].astype(int) - colour).max() for letter, colour in COLOURS.items()}
        nearest = min(apart, key=lambda letter: apart[letter])
        letters += nearest if apart[nearest] <= tolerance else "?"
    return letters


def read(source: Path, selection: Selection | None = None, **options: Any) -> tuple[list[Frame], Video]:
    video = open_video(str(source), selection=selection or Selection(), **options)
    return list(video.frames()), video


def show(source: Path, *, tolerance: int = 40, **options: Any) -> tuple[str, tuple[int, int], list[str]]:
    """Return the corners and the size of a clip whose images are all alike, and its notes."""
    frames, video = read(source, **options)
    assert all(frame.size == video.size and frame.image.flags.c_contiguous for frame in frames)
    (seen,) = {corners(frame.image, tolerance) for frame in frames}
    return seen, video.size, video.notes


def show_size(source: Path) -> tuple[int, int]:
    return open_video(str(source)).size


def matrix(values: Sequence[int]) -> list[int]:
    a, b, c, d = (65536 * value for value in values)
    return [a, b, 0, c, d, 0, 0, 0, 1 << 30]


# Orientation


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("number", EIGHT)
def test_a_display_matrix_orients_the_image(tmp_path: Path, number: int, suffix: str) -> None:
    expected, values = EIGHT[number]
    clip = write_clip(
        tmp_path / f"clip{suffix}",
        [marks()] * 2,
        codec="libx264",
        configure=lambda it: it.set_display_matrix(matrix(values)),
    )

    seen, size, notes = show(clip)

    assert (seen, size) == (expected, SIZE if number < 5 else SIZE[::-1])
    assert ["shown mirrored" in note for note in notes] == [True] * (number in MIRRORED)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("number", EIGHT)
def test_exif_orients_an_image(tmp_path: Path, number: int, suffix: str) -> None:
    image = Pillow.fromarray(marks())
    exif = image.getexif()
    exif[0x0112] = number
    image.save(tmp_path / f"image{suffix}", exif=exif)

    seen, size, notes = show(tmp_path / f"image{suffix}")

    assert (seen, size) == (EIGHT[number][0], SIZE if number < 5 else SIZE[::-1])
    assert ["shown mirrored" in note for note in notes] == [True] * (number in MIRRORED)


@pytest.mark.parametrize("number", EIGHT)
def test_exif_within_a_video_orients_it(tmp_path: Path, number: int) -> None:
    image = Pillow.fromarray(marks())
    exif = image.getexif()
    exif[0x0112] = number
    image.save(tmp_path / "image.jpg", exif=exif)
    (tmp_path / "clip.mjpeg").write_bytes(3 * (tmp_path / "image.jpg").read_bytes())

    assert show(tmp_path / "clip.mjpeg")[0] == EIGHT[number][0]


def test_mirrored_says_that_left_is_right_and_is_put_right(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [marks()] * 2)
    Pillow.fromarray(marks()).save(tmp_path / "image.png")

    for source in (clip, tmp_path / "image.png"):
        seen, _, notes = show(source, mirrored=True)

        assert (seen, notes) == ("GRWB", ["images were mirrored back before analysis (--mirrored)"])


def test_mirrored_undoes_a_mirroring_display_matrix(tmp_path: Path) -> None:
    clip = write_clip(
        tmp_path / "clip.mp4", [marks()] * 2, configure=lambda it: it.set_display_matrix(matrix(EIGHT[2][1]))
    )

    assert show(clip, mirrored=True)[0] == "RGBW"


def test_a_matrix_between_right_angles_is_named(tmp_path: Path) -> None:
    turned = [46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30]  # by 45°
    clip = write_clip(tmp_path / "clip.mp4", [marks()] * 2, configure=lambda it: it.set_display_matrix(turned))

    assert ["other than a right angle" in note for note in show(clip)[2]] == [True]


# Aspect


def with_aspect(aspect: Fraction) -> Callable[[av.VideoStream], None]:
    def configure(stream: av.VideoStream) -> None:
        stream.codec_context.sample_aspect_ratio = aspect

    return configure


@pytest.mark.parametrize(
    ("aspect", "size"), [(Fraction(4, 3), (128, 64)), (Fraction(8, 9), (96, 72)), (Fraction(1), SIZE)]
)
@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        (".mp4", "libx264"),
        (".mov", "mpeg4"),
        (".mkv", "libx264"),
        (".avi", "mpeg4"),
        (".ts", "libx264"),
        (".mov", "qtrle"),
    ],
)
def test_pixels_become_square_and_none_is_lost(
    tmp_path: Path, suffix: str, codec: str, aspect: Fraction, size: tuple[int, int]
) -> None:
    pixels = "rgb24" if codec == "qtrle" else "yuv420p"
    clip = write_clip(
        tmp_path / f"clip{suffix}", [marks()] * 4, codec=codec, pixels=pixels, configure=with_aspect(aspect)
    )

    seen, shown, notes = show(clip)

    assert (seen, shown) == ("RGBW", size)
    assert ["keypoints_2d.csv" in note for note in notes] == ([] if aspect == 1 else [True])


def test_aspect_is_that_of_the_stored_pixels_which_are_turned_afterwards(tmp_path: Path) -> None:
    def configure(stream: av.VideoStream) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        stream.set_display_matrix(matrix(EIGHT[6][1]))

    clip = write_clip(tmp_path / "clip.mp4", [marks()] * 2, codec="libx264", configure=configure)

    assert show(clip)[:2] == ("BRWG", (64, 128))


def test_an_aspect_that_no_camera_has_is_named_and_ignored(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [marks()] * 2, codec="libx264", configure=with_aspect(Fraction(50)))

    _, size, notes = show(clip)

    assert (size, ["taken to be square" in note for note in notes]) == (SIZE, [True])


def test_unequal_resolutions_of_an_image_are_named(tmp_path: Path) -> None:
    Pillow.fromarray(marks()).save(tmp_path / "image.png", dpi=(100, 50))

    _, size, notes = show(tmp_path / "image.png")

    assert (size, ["100×50 dots per inch" in note for note in notes]) == (SIZE, [True])


# Crop

BORDER = (16, 8, 4, 12)  # left, top, right, bottom


def framed() -> Image:
    """Return the marks with a black border."""
    left, top, right, bottom = BORDER
    return np.pad(marks(), ((top, bottom), (left, right), (0, 0)))


def with_clean_aperture(path: Path, width: int, height: int, right: float, down: float) -> Path:
    """Add a `clap` box (ISO 14496-12, 12.1.4) of this size, its middle off the frame's by so much, to an MP4 of one track."""
    data = bytearray(path.read_bytes())
    box = struct.pack(">I4s4I", 40, b"clap", width, 1, height, 1) + struct.pack(
        ">iIiI", round(2 * right), 2, round(2 * down), 2
    )
    start, end, parents = 0, len(data), []
    for name, header in zip((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"), (8, 8, 8, 8, 8, 16), strict=True):
        while data[start + 4 : start + 8] != name:
            start += struct.unpack_from(">I", data, start)[0]
            assert start < end
        parents.append(start)
        end = start + struct.unpack_from(">I", data, start)[0]
        start += header
    parents.append(start)  # the sample entry
    for parent in parents:
        struct.pack_into(">I", data, parent, struct.unpack_from(">I", data, parent)[0] + len(box))
    data[end:end] = box
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_images_are_cropped_to_the_clean_aperture(tmp_path: Path, suffix: str) -> None:
    clip = write_clip(tmp_path / f"clip{suffix}", [framed()] * 2, codec="libx264")
    left, top, right, bottom = BORDER
    with_clean_aperture(clip, *SIZE, (left - right) / 2, (top - bottom) / 2)

    seen, size, notes = show(clip)

    assert (seen, size) == ("RGBW", SIZE)
    assert ["clean aperture" in note for note in notes] == [True]


def test_images_are_cropped_before_they_are_turned(tmp_path: Path) -> None:
    clip = write_clip(
        tmp_path / "clip.mp4",
        [framed()] * 2,
        codec="libx264",
        configure=lambda it: it.set_display_matrix(matrix(EIGHT[6][1])),
    )
    with_clean_aperture(clip, *SIZE, (16 - 4) / 2, (8 - 12) / 2)

    assert show(clip)[:2] == ("BRWG", SIZE[::-1])


@pytest.mark.parametrize("aperture", [(0, 64, 0, 0), (500, 64, 0, 0), (96, 64, 300, 0)])
def test_an_aperture_that_is_no_part_of_the_frame_crops_nothing(tmp_path: Path, aperture: tuple[int, ...]) -> None:
    clip = with_clean_aperture(write_clip(tmp_path / "clip.mp4", [framed()] * 2, codec="libx264"), *aperture)

    assert show_size(clip) == framed().shape[1::-1]


def with_elements(path: Path, elements: dict[bytes, int]) -> Path:
    """Put elements (RFC 9559) in the place of those on colours in a Matroska file, which must have them."""
    data = bytearray(path.read_bytes())
    place = data.index(b"\x55\xb0")
    room = 3 + (data[place + 2] & 0x7F)
    new = b"".join(name + b"\x81" + bytes([value]) for name, value in elements.items())
    void = room - len(new)
    assert void >= 2
    data[place : place + room] = new + bytes([0xEC, 0x80 | (void - 2)]) + bytes(void - 2)
    path.write_bytes(data)
    return path


def tagged_as_bt709(stream: av.VideoStream) -> None:
    context = stream.codec_context
    context.colorspace = context.color_range = context.color_primaries = context.color_trc = 1


@pytest.mark.parametrize(("suffix", "codec"), [(".mkv", "libx264"), (".webm", "libvpx-vp9")])
def test_images_are_cropped_as_matroska_says(tmp_path: Path, suffix: str, codec: str) -> None:
    clip = write_clip(tmp_path / f"clip{suffix}", [framed()] * 2, codec=codec, configure=tagged_as_bt709)
    names = (b"\x54\xcc", b"\x54\xbb", b"\x54\xdd", b"\x54\xaa")
    with_elements(clip, dict(zip(names, BORDER, strict=True)))

    seen, size, notes = show(clip)

    assert (seen, size) == ("RGBW", SIZE)
    assert ["clean aperture" in note for note in notes] == [True]


@pytest.mark.parametrize(("suffix", "codec"), [(".mkv", "libx264"), (".webm", "libvpx-vp9")])
def test_aspect_is_also_read_where_only_matroska_has_it(tmp_path: Path, suffix: str, codec: str) -> None:
    clip = write_clip(tmp_path / f"clip{suffix}", [marks()] * 2, codec=codec, configure=tagged_as_bt709)
    with_elements(clip, {b"\x54\xb0": 128, b"\x54\xba": 64, b"\x54\xb2": 0})  # and these are pixels

    assert show(clip)[:2] == ("RGBW", (128, 64))


# Size


def joined(tmp_path: Path, sizes: Sequence[tuple[int, int]], aspects: Sequence[Fraction]) -> Path:
    """Return a stream whose images change their size or aspect after 10 of 20."""
    parts = [
        write_clip(
            tmp_path / f"{number}.ts",
            [marks(size)] * 10,
            pts=range(10 * number, 10 * number + 10),
            codec="libx264",
            configure=with_aspect(aspect),
        )
        for number, (size, aspect) in enumerate(zip(sizes, aspects, strict=True))
    ]
    whole = tmp_path / "whole.ts"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    return whole


def about_sizes(notes: Sequence[str]) -> str:
    """Return the one note on changing sizes; where streams were joined, packets count as damaged too."""
    (found,) = [note for note in notes if "image size changes" in note]
    return found


def test_frames_of_another_size_and_the_same_shape_are_scaled_to_the_first_one(tmp_path: Path) -> None:
    clip = joined(tmp_path, [SIZE, (48, 32)], [Fraction(1)] * 2)

    seen, size, notes = show(clip)

    assert (seen, size) == ("RGBW", SIZE)
    assert "changes from 96×64 to 48×32 at 0.33 s: all frames were scaled" in about_sizes(notes)


def test_frames_of_another_shape_keep_square_pixels(tmp_path: Path) -> None:
    frames, video = read(joined(tmp_path, [SIZE, (64, 96)], [Fraction(1)] * 2))
    last = frames[-1].image

    assert {frame.size for frame in frames} == {SIZE}
    assert not last[:, :26].any()  # 64 × 96 becomes 43 × 64, in the middle
    assert not last[:, -26:].any()
    assert corners(np.ascontiguousarray(last[:, 28:68])) == "RGBW"
    assert "black borders" in about_sizes(video.notes)


def test_an_aspect_that_changes_midway_is_a_change_of_shape(tmp_path: Path) -> None:
    frames, video = read(joined(tmp_path, [SIZE] * 2, [Fraction(4, 3), Fraction(1)]))

    assert video.size == (128, 64)
    assert not frames[-1].image[:, :14].any()  # 96 × 64 in the middle of 128 × 64
    assert corners(np.ascontiguousarray(frames[-1].image[:, 18:110])) == "RGBW"
    assert "black borders" in about_sizes(video.notes)


@pytest.mark.parametrize("size", [(97, 63), (95, 65), (33, 17)])
@pytest.mark.parametrize("number", [1, 5])
def test_odd_sizes_are_kept(tmp_path: Path, size: tuple[int, int], number: int) -> None:
    expected, values = EIGHT[number]
    clip = write_clip(
        tmp_path / "clip.mp4",
        [marks(size)] * 2,
        codec="libx264",
        pixels="yuv444p",
        configure=lambda it: it.set_display_matrix(matrix(values)),
    )

    assert show(clip)[:2] == (expected, size if number == 1 else size[::-1])


@pytest.mark.parametrize("size", [(5000, 1), (2, 5000), (1, 4000), (5000, 100), (15, 15)])
def test_shapes_in_which_nobody_can_be_found_are_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    Pillow.fromarray(plain_image(size=size)).save(tmp_path / "image.png")

    with pytest.raises(VideoError, match=rf"image\.png is {size[0]}×{size[1]} pixels: images must be at least"):
        open_video(str(tmp_path / "image.png"))


def test_a_clip_of_such_a_shape_is_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", [plain_image(size=(600, 20))] * 2, codec="ffv1", pixels="yuv444p")

    with pytest.raises(VideoError, match="600×20"):
        open_video(str(clip))


# Depth and colour


@pytest.mark.parametrize(
    ("suffix", "codec", "pixels"),
    [
        (".mp4", "libx264", "yuv420p"),
        (".mp4", "libx264", "yuv422p10le"),
        (".mkv", "ffv1", "yuv444p12le"),
        (".mkv", "ffv1", "gbrp10le"),
        (".mkv", "ffv1", "yuva420p"),
        (".mov", "prores_ks", "yuva444p10le"),
        (".mov", "png", "rgba"),
        (".mov", "qtrle", "argb"),
        (".avi", "mjpeg", "yuvj420p"),
        (".avi", "rawvideo", "bgr24"),
        (".avi", "rawvideo", "nv12"),
        (".webm", "libvpx-vp9", "yuv420p"),
        (".ts", "mpeg2video", "yuv420p"),
        (".gif", "gif", "rgb8"),
    ],
)
def test_every_pixel_format_gives_the_same_colours(tmp_path: Path, suffix: str, codec: str, pixels: str) -> None:
    clip = write_clip(tmp_path / f"clip{suffix}", [marks()] * 6, codec=codec, pixels=pixels)

    assert show(clip, tolerance=60 if suffix == ".gif" else 30) == ("RGBW", SIZE, [])


@pytest.mark.parametrize(
    ("mode", "suffix"), [*product(["RGB", "RGBA", "P", "LA"], [".png", ".tif"]), ("CMYK", ".tif"), ("CMYK", ".jpg")]
)
def test_every_mode_of_an_image_gives_the_same_colours(tmp_path: Path, mode: str, suffix: str) -> None:
    Pillow.fromarray(marks()).convert(mode).save(tmp_path / f"image{suffix}")

    (frame,), _ = read(tmp_path / f"image{suffix}")

    assert corners(frame.image, 60) == "RGBW" if mode != "LA" else np.ptp(frame.image, axis=2).max() == 0


def test_of_16_bits_the_upper_8_are_taken(tmp_path: Path) -> None:
    Pillow.fromarray(np.full((32, 32), 200 * 256 + 17, np.uint16)).save(tmp_path / "image.png")

    (frame,), _ = read(tmp_path / "image.png")

    assert (frame.image == 200).all()


def tagged(space: int, full: bool) -> av.VideoFrame:
    """Return the marks in 10 bits, made and tagged as ISO 23091-2 has it."""
    names = {1: "ITU709", 5: "ITU601", 9: "BT2020"}
    source = av.VideoFrame.from_ndarray(marks(), format="rgb24")
    frame = source.reformat(format="yuv444p10le", dst_colorspace=names[space], dst_color_range=2 if full else 1)
    frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries = space, 2 if full else 1, 1, 1
    return frame


def in_pq(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    """SMPTE ST 2084, equation 5.2."""
    power = (nits / 10_000) ** (2610 / 16384)
    return np.asarray(((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32))


def in_hlg(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    """ITU-R BT.2100, table 5, for a display of 1000 nits: the scene's light, then its square root or logarithm."""
    luma = nits @ (0.2627, 0.678, 0.0593)
    scene = nits / 1000 * ((luma / 1000) ** (1 / 1.2 - 1))[..., None]
    return np.where(
        scene <= 1 / 12, np.sqrt(3 * scene), 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    )


def hdr(trc: int) -> av.VideoFrame:
    """Return the marks as HDR stores them: white is 203 nits (ITU-R BT.2408), primaries are BT.2020's (BT.2087, M2)."""
    nits = 203 * (marks() / 255) ** 2.4
    wide = nits @ np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.088, 0.8956]]).T
    values = {16: in_pq, 18: in_hlg}[trc](wide)
    source = av.VideoFrame.from_ndarray((65535 * values).round().astype(np.uint16), format="rgb48le")
    frame = source.reformat(format="yuv444p10le", dst_colorspace="BT2020", dst_color_range=1)
    frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries = 9, 1, trc, 9
    return frame


def tagging(frame: av.VideoFrame) -> Callable[[av.VideoStream], None]:
    def configure(stream: av.VideoStream) -> None:
        for name in ("colorspace", "color_range", "color_trc", "color_primaries"):
            setattr(stream.codec_context, name, getattr(frame, name))

    return configure


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("space", [1, 5, 9])
def test_colour_matrix_and_range_are_those_of_the_file(tmp_path: Path, space: int, full: bool) -> None:
    frame = tagged(space, full)
    clip = write_clip(tmp_path / "clip.mkv", [frame], codec="ffv1", pixels="yuv444p10le", configure=tagging(frame))

    (shown,), _ = read(clip)

    assert corners(shown.image, tolerance=4) == "RGBW"


@pytest.mark.parametrize("trc", [16, 18])
def test_hdr_is_brought_to_the_standard_range(tmp_path: Path, trc: int) -> None:
    frame = hdr(trc)
    clip = write_clip(tmp_path / "clip.mkv", [frame], codec="ffv1", pixels="yuv444p10le", configure=tagging(frame))

    (shown,), _ = read(clip)

    assert corners(shown.image, tolerance=20) == "RGBW"


# Interlacing

FIELDS = 24
STEP = 3  # pixels that the bar moves from field to field
BAR = 12


def moments(count: int = FIELDS) -> list[Image]:
    """Return images of a bar that moves to the right."""
    images = [plain_image(40, SIZE) for _ in range(count)]
    for number, image in enumerate(images):
        image[:, STEP * number : STEP * number + BAR] = 210
    return images


def woven(images: Sequence[Image], *, top_first: bool = True) -> list[av.VideoFrame]:
    """Return half as many frames, whose rows are of two moments, flagged accordingly."""
    graph = av.filter.Graph()
    source = graph.add_buffer(width=SIZE[0], height=SIZE[1], format="rgb24", time_base=Fraction(1, 25))
    flags = graph.add("setfield", "tff" if top_first else "bff")
    graph.link_nodes(source, flags, graph.add("buffersink")).configure()
    frames = []
    for first, second in zip(images[::2], images[1::2], strict=True):
        rows = first.copy()
        rows[int(top_first) :: 2] = second[int(top_first) :: 2]
        graph.push(av.VideoFrame.from_ndarray(rows, format="rgb24"))
        frames.append(graph.pull())
    return frames


def bars(frames: Sequence[Frame]) -> list[float]:
    """Return where the bar's left edge is; a combed image has none."""
    found = []
    for frame in frames:
        bright = frame.image[8:-8, :, 1] > 125
        assert (bright == bright[0]).all(), "combed"
        found.append(float(np.flatnonzero(bright[0])[0]))
    return found


X264 = {"crf": "1"}
INTERLACED: dict[str, tuple[str, str, dict[str, str], bool]] = {
    "tff.mp4": ("libx264", "yuv420p", {"x264-params": "interlaced=1", **X264}, True),
    "bff.mp4": ("libx264", "yuv420p", {"x264-params": "interlaced=1", **X264}, False),
    "tff.mkv": ("libx264", "yuv420p", {"x264-params": "interlaced=1:keyint=4:scenecut=0", **X264}, True),
    "keyframes.mp4": ("libx264", "yuv420p", {"x264-params": "interlaced=1:keyint=4:scenecut=0", **X264}, True),
    "tff.ts": ("libx264", "yuv420p", {"x264-params": "interlaced=1:keyint=4:scenecut=0", **X264}, True),
    "tff.mov": ("prores_ks", "yuv422p10le", {"flags": "+ildct"}, True),
    "mpeg2.mkv": ("mpeg2video", "yuv420p", {"flags": "+ildct+ilme", "qmin": "1", "qmax": "1"}, True),
}


def interlaced(path: Path, **options: Any) -> Path:
    codec, pixels, settings, top_first = INTERLACED[path.name]
    return write_clip(
        path, woven(moments(), top_first=top_first), rate=25, codec=codec, pixels=pixels, options=settings, **options
    )


@pytest.mark.parametrize("name", INTERLACED)
def test_each_field_of_an_interlaced_clip_is_an_image_at_its_own_time(tmp_path: Path, name: str) -> None:
    frames, video = read(interlaced(tmp_path / name))

    assert [frame.index for frame in frames] == list(range(FIELDS))
    assert [frame.time for frame in frames] == pytest.approx([number / 50 for number in range(FIELDS)], abs=1e-3)
    assert bars(frames) == pytest.approx([STEP * number for number in range(FIELDS)], abs=1)
    assert (video.rate, video.expected) == (50, FIELDS)
    assert ["frame numbers count fields" in note for note in video.notes] == [True]


@pytest.mark.parametrize("name", INTERLACED)
@pytest.mark.parametrize("selection", [Selection(0.2), Selection(0.26, 0.4, 2), Selection(0.32, None, 3)])
def test_a_part_of_an_interlaced_clip_is_what_reading_everything_gives(
    tmp_path: Path, name: str, selection: Selection
) -> None:
    clip = interlaced(tmp_path / name)
    whole, part = read(clip)[0], read(clip, selection)[0]
    expected = [one for one in whole if selection.begun(one.time) and not selection.over(one.time)][:: selection.every]

    assert [(frame.index, frame.time) for frame in part] == [(frame.index, frame.time) for frame in expected]
    assert all(np.array_equal(one.image, other.image) for one, other in zip(part, expected, strict=True))


def test_what_lies_before_a_part_of_an_interlaced_clip_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    monkeypatch.setattr(
        streams, "find_entry", lambda *given, **options: found.append(find_entry(*given, **options)) or found[-1]
    )
    read(interlaced(tmp_path / "keyframes.mp4"), Selection(0.4))

    assert found[0].number == 8


def test_fields_that_only_the_container_declares_are_separated(tmp_path: Path) -> None:
    def configure(stream: av.VideoStream) -> None:
        stream.codec_context.field_order = 2  # top first

    plain = [av.VideoFrame.from_ndarray(one.to_ndarray(), format="rgb24") for one in woven(moments())]
    clip = write_clip(tmp_path / "clip.mov", plain, rate=25, codec="qtrle", pixels="rgb24", configure=configure)
    with av.open(str(clip)) as container:
        assert not next(container.decode(video=0)).interlaced_frame

    frames, _ = read(clip)

    assert bars(frames) == [STEP * number for number in range(FIELDS)]


def test_frames_that_turn_up_interlaced_are_deinterlaced_and_keep_their_number(tmp_path: Path) -> None:
    interlaced_codec = {"x264-params": "interlaced=1", **X264}
    parts = [
        write_clip(tmp_path / "0.ts", moments()[:12], rate=25, codec="libx264", options=X264),
        write_clip(
            tmp_path / "1.ts", woven(moments()), pts=range(12, 24), rate=25, codec="libx264", options=interlaced_codec
        ),
    ]
    whole = tmp_path / "whole.ts"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))

    frames, video = read(whole)

    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert bars(frames)[-6:] == [2 * STEP * number for number in range(6, 12)]
    assert ["some frames are interlaced" in note for note in video.notes].count(True) == 1


def test_a_progressive_clip_is_not_deinterlaced(tmp_path: Path) -> None:
    frames, video = read(write_clip(tmp_path / "clip.mp4", moments(), rate=50, codec="libx264"))

    assert (len(frames), video.rate, video.notes) == (FIELDS, 50, [])


def test_an_interlaced_clip_is_oriented_and_scaled_after_its_fields_were_separated(tmp_path: Path) -> None:
    def configure(stream: av.VideoStream) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        stream.set_display_matrix(matrix(EIGHT[6][1]))

    frames, video = read(
        write_clip(
            tmp_path / "clip.mp4",
            [marks()] * 4,
            codec="libx264",
            options={"x264-params": "interlaced=1"},
            configure=configure,
        )
    )

    assert (video.size, len(frames), corners(frames[3].image)) == ((64, 128), 8, "BRWG")


# Pages and damage


def test_all_pages_of_a_tiff_stack_are_frames(tmp_path: Path) -> None:
    pages = [Pillow.fromarray(plain_image(value, SIZE)) for value in (10, 20, 30)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])

    frames, video = read(tmp_path / "stack.tif", rate=10.0, selection=Selection(0.1))

    assert [(frame.index, frame.time, int(frame.image[0, 0, 0])) for frame in frames] == [(1, 0.1, 20), (2, 0.2, 30)]
    assert (video.rate, video.notes) == (10.0, [])


@pytest.mark.parametrize("suffix", [".webp", ".png"])
def test_an_animation_is_read_at_its_own_times(tmp_path: Path, suffix: str) -> None:
    pages = [Pillow.fromarray(plain_image(value, SIZE)) for value in (10, 120, 230)]
    pages[0].save(tmp_path / f"clip{suffix}", save_all=True, append_images=pages[1:], duration=[40, 80, 40])

    frames, video = read(tmp_path / f"clip{suffix}")

    assert [frame.time for frame in frames] == pytest.approx([0, 0.04, 0.12])
    assert (video.rate, video.notes) == (25.0, [])


def test_a_stack_without_times_is_said_to_have_none(tmp_path: Path) -> None:
    pages = [Pillow.fromarray(plain_image(value, SIZE)) for value in (10, 20)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])

    assert ["30 frames per second assumed" in note for note in read(tmp_path / "stack.tif")[1].notes] == [True]


def test_pages_of_another_size_are_counted_and_left_out(tmp_path: Path) -> None:
    pages = [Pillow.fromarray(plain_image(10, size)) for size in (SIZE, (48, 32), SIZE)]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])

    frames, video = read(tmp_path / "stack.tif", rate=10.0)

    assert [frame.index for frame in frames] == [0, 2]
    assert video.notes == ["1 pages have another size than the first and were left out"]


def test_in_a_folder_only_the_first_page_of_a_file_is_read_and_that_is_said(tmp_path: Path) -> None:
    pages = [Pillow.fromarray(plain_image(value, SIZE)) for value in (10, 20)]
    for number in (1, 2):
        pages[0].save(tmp_path / f"{number}.tif", save_all=True, append_images=pages[1:])

    frames, video = read(tmp_path, rate=10.0)

    assert (len(frames), video.notes) == (2, ["1.tif holds 2 images: of each file only the first one was read"])


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_a_truncated_image_is_one_error_and_no_library_talks_beside_it(
    tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    Pillow.fromarray(noise).save(path := tmp_path / f"image{suffix}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(VideoError, match="damaged or incomplete"):
        open_video(str(path))
    assert capfd.readouterr() == ("", "")


def test_floating_point_images_are_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Pillow.fromarray(np.full((32, 32), 0.5, np.float32)).save(tmp_path / "image.tif")

    with pytest.raises(VideoError, match="32-bit floating-point"):
        open_video(str(tmp_path / "image.tif"))
    assert capfd.readouterr() == ("", "")
