"""What a file declares about the geometry of its images, applied: upright RGB images of square pixels, one size per clip.

A `Display` belongs to one clip. It applies the display matrix (all eight orientations), the pixels' aspect ratio, the clean
aperture, the field order of interlaced video and the transfer functions of HDR. Sizes are (width, height) in pixels, and
aspect ratios are width over height of one pixel. What a reader of the results should know is in `notes`.
"""

import math
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posedetector.errors import VideoError
from posedetector.pose import ByteArray
from posedetector.video.apertures import NO_CROP, Crop, declared_crop

if TYPE_CHECKING:
    import av.container
    import av.filter

Size = tuple[int, int]

SMALLEST_SIDE = 16  # pixels; a person needs three times as many
LONGEST_SHAPE = 16  # times as long as wide; panoramas reach 10, and the search for people takes a tile per square
_PLAUSIBLE = 4  # pixels of anamorphic formats are at most 2.7 times as wide as high
_SAME_SHAPE = 0.02  # relative difference of two aspect ratios; sizes are rounded to whole macroblocks
_TOP_FIRST, _BOTTOM_FIRST = (2, 5), (3, 4)  # AVFieldOrder: by which field is displayed first
_HDR = {16: "PQ", 18: "HLG"}  # transfer characteristics of ISO 23091-2
_UNSPECIFIED, _BT709, _BT2020 = 2, 1, 9  # transfer characteristics and primaries there
_EXIF = 31  # AVFrameSideDataType
LEAD_FRAMES = 2  # a field needs the frames beside its own


def check_shape(size: Size, name: str) -> None:
    """Raise VideoError for images of a shape in which nobody can be found."""
    width, height = size
    if min(size) < SMALLEST_SIDE or max(size) > LONGEST_SHAPE * min(size):
        raise VideoError(
            f"{name} is {width}×{height} pixels: images must be at least {SMALLEST_SIDE} pixels wide and high, and at most "
            f"{LONGEST_SHAPE} times as long as wide"
        )


def square_pixels(size: Size, aspect: Fraction) -> Size:
    """Return the size in square pixels, of which there are never fewer than were stored in either direction."""
    width, height = size
    if aspect >= 1:
        return round(width * aspect), height
    return width, round(height / aspect)


def flipped(image: ByteArray) -> ByteArray:
    """Return the image with left and right exchanged, contiguous."""
    import cv2  # eight times as fast as copying a view; turning, ten times

    return np.asarray(cv2.flip(image, 1), np.uint8)


def mirror_note(*, undone: bool) -> str:
    """Return what to say of images that are mirrored."""
    if undone:
        return "images were mirrored back before analysis (--mirrored)"
    return (
        "the file declares that its images are shown mirrored (as front cameras do), and they were analysed as shown: if the "
        "scene itself is mirrored, left and right are exchanged in all results; --mirrored corrects that"
    )


@dataclass(frozen=True)
class Declared:
    """What container and stream declare before anything is decoded.

    Attributes
    ----------
    aspect : of a pixel, by the container; None where it leaves that to the frames.
    default : of a pixel where frames do not say.
    field_order : FFmpeg's number; above 1 is interlaced.
    crop : pixels left out at left, top, right and bottom.
    """

    aspect: Fraction | None
    default: Fraction
    field_order: int
    crop: Crop = NO_CROP

    @classmethod
    def by(cls, container: "av.container.InputContainer", source: str) -> "Declared":
        """Return what a container, just opened from a file or URL, declares about its first video stream."""
        stream = container.streams.video[0]
        guess, codec = stream.sample_aspect_ratio, stream.codec_context.sample_aspect_ratio
        # as FFmpeg has it: what the container says wins over what the frames say
        aspect = guess if guess != codec else None
        crop = declared_crop(Path(source), (stream.codec_context.width, stream.codec_context.height))
        return cls(aspect, guess or Fraction(1), stream.codec_context.field_order, crop)


@dataclass(frozen=True)
class _Orientation:
    """One of eight: mirrored left to right first if at all, then turned clockwise by so many right angles."""

    mirrored: bool = False
    turns: int = 0
    exact: bool = True

    def size(self, size: Size) -> Size:
        return (size[1], size[0]) if self.turns % 2 else size

    def apply(self, image: ByteArray) -> ByteArray:
        if not self.mirrored and not self.turns:
            return image
        import cv2

        turned = (None, cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE)[self.turns]
        image = flipped(image) if self.mirrored else image
        return image if turned is None else np.asarray(cv2.rotate(image, turned), np.uint8)


_UPRIGHT = _Orientation()


def _without_exif(picture: Any) -> Any:
    graph = _graph(picture, ("sidedata", f"mode=delete:type={_EXIF}"))
    graph.push(picture)
    return graph.pull()


def _graph(picture: Any, *filters: tuple[str, str]) -> "av.filter.Graph":
    """Return a graph of filters for pictures like this one."""
    import av.filter

    graph = av.filter.Graph()
    source = graph.add(
        "buffer",
        f"video_size={picture.width}x{picture.height}:pix_fmt={picture.format.name}:time_base={picture.time_base}:"
        f"pixel_aspect=1/1:colorspace={int(picture.colorspace)}:range={int(picture.color_range)}",
    )
    graph.link_nodes(source, *(graph.add(*one) for one in filters), graph.add("buffersink")).configure()
    return graph


def orientation_of(picture: Any) -> _Orientation:
    """Return how a decoded picture is to be displayed, to the nearest right angle."""
    try:
        data = picture.side_data.get("DISPLAYMATRIX")
    except ValueError:  # side data that PyAV does not know hides all others: that of JPEG with EXIF
        data = _without_exif(picture).side_data.get("DISPLAYMATRIX")
    if data is None:
        return _UPRIGHT
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(data))  # x' = ax + cy, y' = bx + dy: ISO 14496-12, 8.3.2
    mirrored = a * d - b * c < 0
    angle = math.degrees(math.atan2(-b, -a) if mirrored else math.atan2(b, a))
    turns = round(angle / 90)
    return _Orientation(mirrored, turns % 4, exact=abs(angle - 90 * turns) < 1)


@dataclass
class Display:
    """Turns the decoded pictures of a clip into upright RGB of square pixels, all of the first one's displayed size.

    Attributes
    ----------
    declared : by the container.
    size : of every image.
    interlaced : whether `fields` splits every frame in two.
    mirrored : whether images are mirrored back, because the user says that they are mirrored.
    notes : complete when the frames have been read.
    """

    declared: Declared
    size: Size
    interlaced: bool
    mirrored: bool
    notes: list[str] = field(default_factory=list)
    _cropped: Size = (0, 0)
    _changed: bool = False
    _woven: bool = False
    _reformatter: Any = None
    _square: tuple[Any, Size] = (None, (0, 0))  # the last picture's size and aspect, and its size in square pixels

    @classmethod
    def of(cls, declared: Declared, first: Any, *, mirrored: bool = False) -> "Display":
        """Return the display of a clip by what its container declares and its first picture."""
        interlaced = first.interlaced_frame or declared.field_order > 1
        display = cls(declared, (0, 0), interlaced, mirrored, _cropped=(first.width, first.height))
        display.size = display._displayed(first)
        display._note_on_pixels(first)
        return display

    @property
    def images_per_frame(self) -> int:
        """How many images come of a stored frame."""
        return 2 if self.interlaced else 1

    def fields(self, pictures: Iterable[Any]) -> Iterator[Any]:
        """Yield pictures without combing: of an interlaced clip, two for each frame, at their own times.

        Frames that turn up interlaced in a clip that did not begin so keep their number and lose their second field.
        """
        graph: av.filter.Graph | None = None
        shape: tuple[Any, ...] = ()
        for picture in pictures:
            if graph is None and not self.interlaced and not picture.interlaced_frame:
                yield picture
                continue
            if graph is None or shape != _shape(picture):
                shape = _shape(picture)
                yield from _finished(graph)
                graph = self._deinterlacer(picture)
            graph.push(picture)
            yield from _pulled(graph)
        yield from _finished(graph)

    def _deinterlacer(self, picture: Any) -> "av.filter.Graph":
        if not self.interlaced and not self._woven:
            self._woven = True
            self.notes.append("some frames are interlaced: they were deinterlaced, one image per frame")
        order = self.declared.field_order
        stated = {**dict.fromkeys(_TOP_FIRST, "tff"), **dict.fromkeys(_BOTTOM_FIRST, "bff")}.get(order, "auto")
        parity = "auto" if picture.interlaced_frame else stated
        mode = "mode=send_field:deint=all" if self.interlaced else "mode=send_frame:deint=interlaced"
        return _graph(picture, ("bwdif", f"{mode}:parity={parity}"))

    def upright(self, picture: Any, time: float) -> ByteArray:
        """Return the image (H, W, 3) of a picture, contiguous: MediaPipe reads a strided array as garbage without a word."""
        shown = self._displayed(picture)
        if shown == self.size:
            return self._converted(picture, self.size)
        fitted = _fit(shown, self.size)
        if not self._changed:
            self._changed = True
            self.notes.append(_note_on_change(self.size, shown, fitted, time))
        image = self._converted(picture, fitted)
        if fitted == self.size:
            return image
        canvas = np.zeros((self.size[1], self.size[0], 3), np.uint8)
        left, top = ((whole - part) // 2 for whole, part in zip(self.size, fitted, strict=True))
        canvas[top : top + fitted[1], left : left + fitted[0]] = image
        return canvas

    def _converted(self, picture: Any, size: Size) -> ByteArray:
        import av
        import cv2
        from av.video.reformatter import VideoReformatter

        self._reformatter = self._reformatter or VideoReformatter()
        hdr = picture.color_trc in _HDR
        if hdr and picture.color_primaries == _UNSPECIFIED:
            picture.color_primaries = _BT2020
        target = {"dst_color_trc": _BT709, "dst_color_primaries": _BT709} if hdr else {}
        try:
            image = self._reformatter.reformat(picture, format="rgb24", **target).to_ndarray()
        except (av.FFmpegError, ValueError) as error:
            raise VideoError(f"frames of the pixel format {picture.format.name} cannot be read: {error}") from error
        left, top, right, bottom = self._crop(picture)
        image = image[top : picture.height - bottom, left : picture.width - right]
        orientation = orientation_of(picture)
        stored = orientation.size(size)
        if stored != (image.shape[1], image.shape[0]):
            # many times as fast as FFmpeg's
            smaller = stored[0] < image.shape[1] or stored[1] < image.shape[0]
            image = cv2.resize(image, stored, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
        image = orientation.apply(np.ascontiguousarray(image))
        return flipped(image) if self.mirrored else image

    def _crop(self, picture: Any) -> Crop:
        """Return the declared crop, which is that of the first picture's size."""
        return self.declared.crop if (picture.width, picture.height) == self._cropped else NO_CROP

    def _displayed(self, picture: Any) -> Size:
        known = picture.width, picture.height, picture.opaque
        if self._square[0] != known:
            left, top, right, bottom = self._crop(picture)
            size = picture.width - left - right, picture.height - top - bottom
            self._square = known, square_pixels(size, self._aspect(picture))
        return orientation_of(picture).size(self._square[1])

    def _aspect(self, picture: Any) -> Fraction:
        aspect = self.declared.aspect or picture.opaque or self.declared.default
        return aspect if 1 / _PLAUSIBLE <= aspect <= _PLAUSIBLE else Fraction(1)

    def _note_on_pixels(self, first: Any) -> None:
        stated = self.declared.aspect or first.opaque or self.declared.default
        orientation = orientation_of(first)
        if self._aspect(first) != stated:
            self.notes.append(
                f"the file declares pixels {float(stated):.3g} times as wide as high, which no camera records: they were taken "
                "to be square"
            )
        elif stated != 1:
            self.notes.append(
                f"the file's pixels are not square (sample aspect ratio {stated.numerator}:{stated.denominator}): its frames of "
                f"{first.width}×{first.height} were scaled to {self.size[0]}×{self.size[1]} square pixels, to which "
                "keypoints_2d.csv and --focal-length refer"
            )
        if any(self.declared.crop):
            self.notes.append(
                f"the file declares a clean aperture: its frames of {first.width}×{first.height} were cropped to it, and pixels "
                "are counted from its corner"
            )
        if not orientation.exact:
            self.notes.append(
                "the file's display matrix turns images by other than a right angle; the nearest right angle was used"
            )
        if orientation.mirrored and not self.mirrored:
            self.notes.append(mirror_note(undone=False))
        if self.mirrored:
            self.notes.append(mirror_note(undone=True))
        if self.interlaced:
            self.notes.append(
                "the video is interlaced: each frame was separated into its two fields (deinterlaced with bwdif), so the frame "
                "rate is twice the file's, and frame numbers count fields"
            )


def _shape(picture: Any) -> tuple[Any, ...]:
    return picture.width, picture.height, picture.format.name, picture.colorspace, picture.color_range


def _pulled(graph: "av.filter.Graph") -> Iterator[Any]:
    import av

    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return


def _finished(graph: "av.filter.Graph | None") -> Iterator[Any]:
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph)


def _fit(size: Size, room: Size) -> Size:
    """Return the largest size of this shape that fits; all of the room where shapes differ by rounding only."""
    scale = min(room[0] / size[0], room[1] / size[1])
    if abs(math.log(size[0] * room[1] / (size[1] * room[0]))) < _SAME_SHAPE:
        return room
    return max(1, round(scale * size[0])), max(1, round(scale * size[1]))


def _note_on_change(size: Size, other: Size, fitted: Size, time: float) -> str:
    (width, height), (others_width, others_height) = size, other
    what = f"the image size changes from {width}×{height} to {others_width}×{others_height} at {time:.2f} s"
    if fitted == size:
        return f"{what}: all frames were scaled to {width}×{height}, assuming that the field of view stays the same"
    return (
        f"{what}, and with it the shape: those frames were fitted into {width}×{height} with black borders. Size and distance of "
        "the person are not comparable across that moment: analyse the parts separately (--start, --end)"
    )
