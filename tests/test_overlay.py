"""The overlay: read again and compared with what is known of the picture beneath and of the body upon it."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np
import pytest

from clips import CORNER, RED, Image, corner_image, plain_image, set_rotation, write_clip
from commands import Done
from posedetector import pipeline, scene
from posedetector.errors import InputError, OutputError, ResourceError, VideoError
from posedetector.estimators.synthetic import PinholeCamera
from posedetector.kinematics.nouns import Event, Gait, Grade
from posedetector.overlay import OverlayOptions, draw_overlay, parse_angles
from posedetector.overlay.artist import COLOURS, DETECTED, OTHERS, Artist
from posedetector.overlay.contacts import contacts_of
from posedetector.overlay.drawing import dashes
from posedetector.overlay.encoding import CLOCK, encode
from posedetector.overlay.figure import layout_of, sizes_for
from posedetector.overlay.labels import Placing
from posedetector.overlay.projection import View, view_of
from posedetector.overlay.window import Window
from posedetector.pipeline import analyze, analyze_to
from posedetector.pose import Array, Keypoints, MetricPose, PersonPose, Source, finite
from posedetector.settings import Settings
from posedetector.skeletons import BLAZEPOSE_33, COCO_WHOLEBODY_133, H36M_17, Skeleton
from posedetector.subject import Subject
from posedetector.tracking import Track, Tracks
from posedetector.trial import Trial
from posedetector.video import WHOLE, Selection, open_video
from studied import angles_at, with_kinematics

SIZE = (640, 360)
NONE = OverlayOptions(angles=())
BLUE, ORANGE = COLOURS["left"], COLOURS["right"]
KNEES = Skeleton("knees", ("left_knee", "right_knee"), (-1, -1))
LEG = Skeleton("leg", ("left_hip", "left_knee", "left_ankle"), (-1, 0, 1))
# The camera of the trial in conftest.py: at (4.5, 1.1, 0) m, level, looking along −X, 550 px. So a point at X = −1 m is 5.5 m
# away, where a metre is 100 px, and shows at (320 − 100 Z, 180 − 100 (Y − 1.1)).
FAR = -1.0


def at(x: float, y: float) -> list[float]:
    """Return the place in the laboratory, 5.5 m from the camera, that shows at this pixel."""
    return [FAR, 1.1 + (180 - y) / 100, (320 - x) / 100]


Posed = Callable[..., Trial]


@pytest.fixture
def posed(trial: Trial) -> Posed:
    """A trial whose points are at these pixels (J, 2) in every frame."""

    def make(
        skeleton: Skeleton,
        pixels: Any,
        *,
        times: Any = (0.0,),
        numbers: Any = None,
        source: Any = Source.MEASURED,
        score: float = 1.0,
        detected: Any = None,
        size: tuple[int, int] = SIZE,
        others: tuple[Array, ...] = (),
    ) -> Trial:
        time = np.asarray(times, float)
        shape = (len(time), len(skeleton))
        places = np.tile([at(*pixel) for pixel in pixels], (len(time), 1, 1))
        sources = np.broadcast_to(np.asarray(source, np.uint8), shape).copy()
        there = sources != Source.NONE
        places = np.where(there[..., None], places, np.nan)
        pose = MetricPose(skeleton, time, places, np.where(there, score, 0.0), sources, np.zeros((len(time), 3)))
        xy = (
            np.full((*shape, 2), np.nan)
            if detected is None
            else np.tile(np.asarray(detected, float), (len(time), 1, 1))
        )
        seen = np.where(np.isfinite(xy[..., 0]), Source.MEASURED, Source.NONE).astype(np.uint8)
        keypoints = Keypoints(skeleton, time, xy, (seen > 0).astype(float), seen, None, size)
        people = [
            Track([0], [PersonPose(np.array([0.0, 0.0, 1.0, 1.0]), one, finite(np.asarray(one)).astype(float))])
            for one in others
        ]
        tracks = Tracks(time, [Track(), *people], size, skeleton, None if numbers is None else np.asarray(numbers))
        return with_kinematics(
            replace(trial, pose=pose, keypoints=keypoints, tracks=tracks), angles=angles_at(time), gait=Gait("none", "")
        )

    return make


def drawn(trial: Trial, options: OverlayOptions = NONE, row: int = 0, shade: int = 0) -> Image:
    """Return a row of the trial, drawn on a plain image."""
    image = plain_image(shade, trial.keypoints.image_size)
    Artist(trial, options).draw(row, image)
    return image


def near(image: Image, colour: tuple[int, int, int], within: int = 40) -> Array:
    """Tell which pixels have about this colour: (H, W)."""
    return np.abs(image.astype(int) - colour).max(axis=-1) <= within


def middle_of(image: Image, colour: tuple[int, int, int], within: int = 40) -> Array:
    """Return the middle (x, y) of the pixels that have about this colour, in pixels from the upper left corner."""
    rows, columns = np.nonzero(near(image, colour, within))
    return np.array([columns.mean(), rows.mean()]) + 0.5


def decoded(path: Path) -> list[tuple[float, Image]]:
    with av.open(str(path)) as container:
        return [(float(frame.time), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def written(trial: Trial, clip: Path, selection: Selection = WHOLE, options: OverlayOptions = NONE) -> Path:
    path = clip.with_name("overlay.mp4")
    draw_overlay(trial, open_video(str(clip), selection=selection), path, options)
    return path


# Where things are drawn


def test_a_projected_body_is_where_its_camera_saw_it(walk: Callable[..., Any]) -> None:
    seen = walk(camera=PinholeCamera(pitch=0.2, roll=0.1), frames=10)
    camera = seen.camera
    x, _, z = seen.world[0, seen.keypoints.skeleton.indices("left_hip", "right_hip")].mean(axis=0)
    # from the walker's world into the laboratory, see `Walk.lab`
    position = np.array([camera.position[2] - z, camera.position[1], x - camera.position[0]])
    to_laboratory = np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]]) @ camera.rotation.T
    view = View(to_laboratory, position, camera.focal_length, camera.size)
    inside = np.isfinite(seen.keypoints.xy)

    assert inside.mean() > 0.9
    assert view.project(seen.lab)[0][inside] == pytest.approx(seen.keypoints.xy[inside], abs=1e-6)


def test_what_is_behind_the_camera_is_nowhere_in_the_picture(trial: Trial) -> None:
    pixels, depth = view_of(trial).project(np.array([[5.0, 1.0, 0.0], [np.nan] * 3]))

    assert np.isnan(pixels).all()
    assert np.isnan(depth).all()


def test_a_trials_body_is_drawn_where_it_was_seen(blank_clip: Path) -> None:
    settings = Settings(
        video=str(blank_clip),
        subject=Subject(height=1.75),
        estimator="synthetic",
        focal_length=550,
        cutoff=None,
        refine=False,
    )
    trial = analyze(settings)

    pixels, _ = view_of(trial).project(trial.pose.positions)

    assert np.abs(pixels - trial.keypoints.xy).max() < 2


def test_decoded_joints_are_within_two_pixels_of_where_they_project_to(posed: Posed, tmp_path: Path) -> None:
    places = [[200.25, 80.5], [431.5, 290.75]]
    trial = posed(KNEES, places, times=[0, 0.1, 0.2])
    clip = write_clip(tmp_path / "clip.mp4", [plain_image(120, SIZE)] * 3, rate=10)

    for _, image in decoded(written(trial, clip)):
        assert np.linalg.norm(middle_of(image, BLUE) - places[0]) < 2
        assert np.linalg.norm(middle_of(image, ORANGE) - places[1]) < 2


def test_shapes_are_drawn_to_a_fraction_of_a_pixel(posed: Posed) -> None:
    places = [[200.25, 80.5], [431.5, 290.75]]
    image = drawn(posed(KNEES, places), OverlayOptions(angles=(), radius=8))

    assert middle_of(image, BLUE, 100) == pytest.approx(places[0], abs=0.2)
    assert middle_of(image, ORANGE, 100) == pytest.approx(places[1], abs=0.2)


def test_detected_points_are_dots_where_they_were_detected_and_not_where_the_body_is(posed: Posed) -> None:
    image = drawn(posed(KNEES, [[200, 80], [400, 300]], detected=[[260, 95], [np.nan, np.nan]]))

    assert middle_of(image, DETECTED) == pytest.approx([260, 95], abs=0.5)


# When, how large, which way up


@pytest.mark.parametrize("pts", [range(12), [0, 1, 2, 5, 6, 7, 8, 14, 15, 16, 29, 30]], ids=["constant", "variable"])
def test_there_are_as_many_frames_as_in_the_clip_at_the_same_times(posed: Posed, tmp_path: Path, pts: Any) -> None:
    clip = write_clip(tmp_path / "clip.mkv", [plain_image()] * 12, pts=pts)
    times = [frame.time for frame in open_video(str(clip)).frames()]

    found = decoded(written(posed(KNEES, [[9, 9], [99, 99]], times=times, size=(320, 240)), clip))

    assert [time for time, _ in found] == pytest.approx(times, abs=1 / CLOCK)


def test_the_overlay_of_a_part_begins_at_zero_and_keeps_the_distances_in_time(posed: Posed, tmp_path: Path) -> None:
    images = [plain_image(10 * number) for number in range(20)]
    clip = write_clip(tmp_path / "clip.mp4", images)
    selection = Selection(0.2, 0.6, 3)
    frames = list(open_video(str(clip), selection=selection).frames())
    times, numbers = [one.time for one in frames], [one.index for one in frames]
    trial = posed(KNEES, [[9, 9], [99, 99]], times=times, numbers=numbers, size=(320, 240))

    found = decoded(written(trial, clip, selection))

    assert numbers == [6, 9, 12, 15]
    assert [time for time, _ in found] == pytest.approx([0, 0.1, 0.2, 0.3], abs=1 / CLOCK)
    assert [image[200, 300].mean() for _, image in found] == pytest.approx([60, 90, 120, 150], abs=4)


@pytest.mark.parametrize(("degrees", "corner"), [(90, (1, 0)), (180, (1, 1)), (270, (0, 1))])
def test_a_turned_clip_is_upright(posed: Posed, tmp_path: Path, degrees: int, corner: tuple[int, int]) -> None:
    clip = set_rotation(write_clip(tmp_path / "clip.mp4", [corner_image()] * 2), degrees)
    video = open_video(str(clip))
    trial = posed(KNEES, [[99, 99], [120, 120]], times=[0, 1 / 30], size=video.size)

    _, image = decoded(written(trial, clip))[0]

    far = np.array(video.size) - CORNER
    assert image.shape[:2] == video.size[::-1] == ((240, 320) if degrees == 180 else (320, 240))
    assert middle_of(image, RED, 60) == pytest.approx(CORNER / 2 + far * corner, abs=1)
    assert near(image, RED, 60).sum() == pytest.approx(CORNER**2, rel=0.1)


def test_odd_sizes_are_padded_by_one_pixel(tmp_path: Path) -> None:
    image = plain_image(0, (33, 31))
    image[:, 16:] = 255
    encode(tmp_path / "odd.mp4", [(0.0, image)], rate=30)

    ((_, found),) = decoded(tmp_path / "odd.mp4")
    assert found.shape == (32, 34, 3)
    assert found[:, :16].max() < 40  # nothing was stretched
    assert found[:, 16:].min() > 215


@pytest.mark.parametrize("rate", [12.0, 30.0, 240.0])
def test_a_browser_finds_a_keyframe_every_quarter_of_a_second(tmp_path: Path, rate: float) -> None:
    encode(tmp_path / "clip.mp4", ((number / rate, plain_image()) for number in range(int(rate) + 1)), rate=rate)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    keys = [float(packet.pts * packet.time_base) for packet in packets if packet.is_keyframe]

    assert keys[0] == 0
    assert max(np.diff([*keys, 1.0])) <= 0.25 + 1e-6
    assert all(packet.pts == packet.dts for packet in packets)  # nothing waits for a later frame


def test_a_browser_can_play_it_before_all_of_it_is_there(tmp_path: Path) -> None:
    encode(tmp_path / "clip.mp4", [(0.0, plain_image())], rate=30)
    data = (tmp_path / "clip.mp4").read_bytes()

    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("colour", [(0, 114, 178), (213, 94, 0), (255, 0, 0), (20, 200, 30), (250, 250, 250)])
def test_colours_come_back_as_they_were_and_say_by_which_standard(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    image = np.full((48, 64, 3), colour, np.uint8)
    encode(tmp_path / "clip.mp4", [(0.0, image)], rate=30)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        context = container.streams.video[0].codec_context
        tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)

    assert tags == (1, 1, 1, 1)  # BT.709, 16–235
    assert np.abs(decoded(tmp_path / "clip.mp4")[0][1].astype(int) - colour).max() <= 4


def test_colours_that_the_source_does_not_declare_are_stored_as_they_were(tmp_path: Path) -> None:
    """Players guess the matrix of such files by their size: alike for source and overlay only if both hold the same."""
    source = write_clip(tmp_path / "source.mp4", [np.full((720, 1280, 3), (193, 12, 31), np.uint8)])
    video = open_video(str(source))
    encode(
        tmp_path / "clip.mp4",
        ((frame.time, frame.image) for frame in video.frames()),
        rate=30,
        declared=video.colours_declared,
    )
    (before,), (after,) = stored(source), stored(tmp_path / "clip.mp4")

    assert (video.colours_declared, int(after.colorspace)) == (False, 2)
    for plane, other in zip(before.reformat(format="yuv420p").planes, after.planes, strict=True):
        assert abs(int(bytes(plane)[0]) - bytes(other)[0]) <= 2


def stored(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


# What is drawn


def test_seen_points_are_discs_and_interpolated_and_mirrored_ones_are_rings(posed: Posed) -> None:
    centres = [
        drawn(posed(KNEES, [[200.5, 80.5], [400, 300]], source=source), OverlayOptions(angles=(), radius=8))[80, 200]
        for source in (Source.MEASURED, Source.LIFTED, Source.INTERPOLATED, Source.AUGMENTED, Source.MIRRORED)
    ]

    assert [tuple(colour) for colour in centres] == [BLUE, BLUE, (0, 0, 0), (0, 0, 0), (0, 0, 0)]


def test_only_mirrored_links_are_dashed(posed: Posed) -> None:
    def breaks(source: Source) -> int:
        sources = [Source.MEASURED, Source.MEASURED, source]
        image = drawn(posed(LEG, [[100, 100], [300.5, 100.5], [300.5, 300.5]], source=sources))
        along = near(image[120:280, 300:301], BLUE, 60)[:, 0]
        return int((np.diff(along.astype(int)) == -1).sum())

    assert breaks(Source.MEASURED) == breaks(Source.INTERPOLATED) == 0
    assert breaks(Source.MIRRORED) > 3


def test_dashes_begin_and_end_with_the_line() -> None:
    cut = dashes(np.array([0.0, 0.0]), np.array([90.0, 0.0]), 10)

    assert cut[:, :, 0] == pytest.approx(np.array([[0, 10], [20, 30], [40, 50], [60, 70], [80, 90]]))
    assert dashes(np.zeros(2), np.array([3.0, 0.0]), 10)[:, :, 0] == pytest.approx(np.array([[0, 3]]))


def test_what_was_seen_less_surely_is_fainter(posed: Posed) -> None:
    sure, unsure = (drawn(posed(KNEES, [[200.5, 80.5], [400, 300]], score=score))[80, 200] for score in (1.0, 0.2))

    assert sure == pytest.approx(BLUE)
    assert unsure == pytest.approx(np.array(BLUE) * (0.35 + 0.65 * 0.2), abs=2)


def test_other_people_are_thin_and_grey(posed: Posed) -> None:
    other = np.array([[400.0, 60.0], [420.0, 160.0], [400.0, 260.0]])
    image = drawn(posed(LEG, [[100, 60], [120, 160], [100, 260]], others=(other,)))

    there = image[50:270, 350:470]
    assert near(there, OTHERS, 70).sum() > 150
    assert there.max(axis=-1).astype(int) == pytest.approx(there.min(axis=-1).astype(int))
    assert (there > 60).any(axis=-1).sum(axis=1).max() < (image[110] > 60).any(axis=-1)[50:200].sum() + 4


def test_the_subject_is_not_among_the_others(posed: Posed) -> None:
    pose = np.array([[400.0, 60.0], [420.0, 160.0], [400.0, 260.0]])
    trial = posed(LEG, [[100, 60], [120, 160], [100, 260]], others=(pose,))
    second = replace(trial, provenance=trial.provenance.model_copy(update={"person": 2}))

    assert near(drawn(trial), OTHERS, 70).any()
    assert not near(drawn(second), OTHERS, 70).any()


@pytest.mark.parametrize(
    ("skeleton", "clutter"),
    [(BLAZEPOSE_33, ("left_mouth", "left_eye_inner")), (COCO_WHOLEBODY_133, ("face_0", "face_67"))],
)
def test_of_a_face_there_are_nose_eyes_and_ears(skeleton: Skeleton, clutter: tuple[str, ...]) -> None:
    layout = layout_of(skeleton)
    linked = {tuple(sorted(skeleton.points[row] for row in link)) for link in layout.links}

    assert all(layout.kinds[skeleton.index(point)] is None for point in clutter)
    assert ("left_eye", "nose") in linked
    assert ("left_ear", "left_eye") in linked
    assert not any(point in clutter for link in linked for point in link)


@pytest.mark.parametrize("skeleton", [BLAZEPOSE_33, COCO_WHOLEBODY_133])
def test_feet_are_triangles_and_hands_are_fine(skeleton: Skeleton) -> None:
    layout = layout_of(skeleton)
    links = {frozenset(link) for link in layout.links.tolist()}

    for side in ("left", "right"):
        ankle, heel, toe = skeleton.indices(f"{side}_ankle", f"{side}_heel", f"{side}_foot_index")
        assert {frozenset(pair) for pair in ((ankle, heel), (ankle, toe), (heel, toe))} <= links
        assert layout.kinds[toe] == "main"
    assert {kind for kind, point in zip(layout.kinds, skeleton.points, strict=True) if "pinky" in point} == {"fine"}


def test_a_link_between_the_sides_has_neither_ones_colour() -> None:
    layout = layout_of(H36M_17)
    sides = {tuple(H36M_17.points[row] for row in link): layout.side_of(link) for link in layout.links}

    assert sides["pelvis", "left_hip"] == sides["pelvis", "spine"] == ""
    assert sides["left_hip", "left_knee"] == "left"


def test_sizes_follow_the_picture_and_the_person_unless_they_are_given() -> None:
    small, large = sizes_for((320, 180), 80, None, None), sizes_for((3840, 2160), 1800, None, None)
    far = sizes_for((3840, 2160), 200, None, None)
    given = sizes_for((3840, 2160), 1800, 5, 7)

    assert (small.thickness, large.thickness, far.thickness) == (1, 9, 2)
    assert large.text > 2 * small.text
    assert (given.thickness, given.radius, given.text) == (5, 7.0, large.text)


# Feet on the floor


def event(kind: Any, side: Any, time: float, frame: int = 0) -> Event:
    return Event(kind, side, time, frame, "", np.nan, 3)


WALKING = Gait(
    "good",
    "",
    (
        event("foot_off", "right", 0.3),
        event("initial_contact", "left", 0.4),
        event("foot_off", "left", 1.0),
        event("initial_contact", "left", 1.5),
    ),
)


def test_a_foot_stands_from_its_contact_to_its_foot_off_and_to_the_clips_ends() -> None:
    time = np.arange(0, 2, 0.1)
    stance = contacts_of(WALKING, time).stance

    assert time[stance["left"]] == pytest.approx([0.4, 0.5, 0.6, 0.7, 0.8, 0.9, *np.arange(1.5, 2, 0.1)])
    assert time[stance["right"]] == pytest.approx([0.0, 0.1, 0.2])


def test_an_event_is_marked_for_a_moment_and_in_at_least_one_frame() -> None:
    dense, sparse = (
        contacts_of(WALKING, np.arange(0, 2, 0.05)),
        contacts_of(Gait("good", "", (event("initial_contact", "left", 0.4, 1),)), np.array([0.0, 0.3, 0.6])),
    )

    assert [
        row for row, found in dense.events.items() if ("left", 0.4) in {(one.side, one.time) for one, _ in found}
    ] == [*(8, 9, 10)]
    assert list(sparse.events) == [1]


FOOT = Skeleton("foot", ("left_ankle", "left_heel", "left_foot_index"), (-1, 0, 0))


def test_a_standing_foot_has_a_line_below_it_and_an_event_a_ring(posed: Posed) -> None:
    trial = posed(FOOT, [[300, 150], [290, 180], [340, 180]], times=np.arange(0, 2, 0.1))
    walking = with_kinematics(trial, gait=WALKING)

    def lowest(row: int) -> int:
        return int(np.nonzero(near(drawn(walking, row=row), BLUE, 60))[0].max())

    def changed(row: int, other: int) -> list[int]:
        columns = np.nonzero((drawn(walking, row=row) != drawn(walking, row=other)).any(axis=(0, 2)))[0]
        return [int(columns.min()), int(columns.max())]

    assert lowest(7) > lowest(2) + 4  # standing, and not
    assert changed(4, 7) == pytest.approx([290, 290], abs=15)  # the heel has touched the floor
    assert changed(10, 13) == pytest.approx([340, 340], abs=15)  # the tip has left it


# Angles beside the joints


def bent(posed: Posed, degrees: float, **more: Any) -> Trial:
    trial = posed(LEG, [[300, 60], [300, 160], [300, 260]], **more)
    return with_kinematics(trial, angles=angles_at(trial.pose.time, left_knee_flexion=degrees, left_hip_flexion=12.0))


def test_an_angle_stands_beside_its_joint_and_off_the_limb(posed: Posed) -> None:
    without = drawn(bent(posed, 62))
    image = drawn(bent(posed, 62), OverlayOptions(angles=("knee_flexion",)))
    rows, columns = np.nonzero((image != without).any(axis=-1))

    assert columns.min() > 303
    assert 120 < rows.min() < rows.max() < 200


def test_an_angle_without_a_value_is_not_drawn(posed: Posed) -> None:
    trial = bent(posed, np.nan)

    assert np.array_equal(drawn(trial), drawn(trial, OverlayOptions(angles=("knee_flexion",))))


@pytest.mark.parametrize(("quality", "shown"), [("good", True), ("weak", True), ("poor", False)])
def test_a_poor_angle_is_not_drawn(posed: Posed, quality: Any, shown: bool) -> None:
    knees = dict.fromkeys(("left_knee_flexion", "right_knee_flexion"), Grade(quality, "seen badly"))
    trial = with_kinematics(bent(posed, 30.0), grades=knees)
    options = OverlayOptions(angles=("knee_flexion",))

    assert (drawn(trial, options) != drawn(trial)).any() == shown


def test_each_angle_that_was_chosen_is_drawn(posed: Posed) -> None:
    one, two = (drawn(bent(posed, 62), OverlayOptions(angles=parse_angles(names))) for names in ("knee", "knee,hip"))
    rows, _ = np.nonzero((one != two).any(axis=-1))

    assert 20 < rows.min() < rows.max() < 100


def test_labels_stay_in_the_picture_off_points_and_off_each_other() -> None:
    placing = Placing((100, 100))
    joint, limb = np.array([95.0, 50.0]), np.array([[95.0, y] for y in range(10, 90, 5)])

    first = placing.place("one", joint, (30, 10), 4, limb, [], 1)
    second = placing.place("two", joint, (30, 10), 4, limb, [first], 1)

    for box in (first, second):
        assert box.left >= 0
        assert box.top >= 0
        assert box.right <= 95 - 1
        assert box.bottom <= 100
    assert second.bottom <= first.top or second.top >= first.bottom or second.right <= first.left


def test_a_label_does_not_jump_when_another_place_is_a_little_better() -> None:
    placing = Placing((400, 400))
    joint = np.array([200.0, 200.0])
    free = placing.place("knee", joint, (40, 20), 5, np.zeros((0, 2)), [], 1)

    assert placing.place("knee", joint, (40, 20), 5, np.full((2, 2), [220.0, 200.0]), [], 1) == free
    assert placing.place("knee", joint, (40, 20), 5, np.full((9, 2), [220.0, 200.0]), [], 1) != free


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("knee", ("knee_flexion",)),
        ("Knee, hip-adduction", ("knee_flexion", "hip_adduction")),
        ("ankle,trunk,knee_flexion,knee", ("ankle_dorsiflexion", "trunk_flexion", "knee_flexion")),
        ("left_knee_flexion", ("knee_flexion",)),
        ("none", ()),
    ],
)
def test_angles_have_short_and_full_names(given: str, names: tuple[str, ...]) -> None:
    assert parse_angles(given) == names


@pytest.mark.parametrize("given", ["nee", "knee,none", "", ","])
def test_an_unknown_angle_is_refused_with_a_list_of_those_there_are(given: str) -> None:
    with pytest.raises(InputError, match=r"`angles`: .* knee, .* hip_adduction"):
        parse_angles(given)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"thickness": 0}, "`thickness` is in pixels and must lie in 1–100, got 0"),
        ({"radius": -3}, "`radius` is in pixels"),
        ({"show": True, "show_interval": -1.0}, "`show_interval` is in seconds and must not be negative"),
        ({"show": True, "show_interval": float("nan")}, "`show_interval` is in seconds"),
        ({"show_interval": 1.0}, "`show_interval` goes with `show`"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        OverlayOptions(**options)


# Reading again


@pytest.mark.parametrize(
    ("times", "numbers", "says"),
    [
        ([0, 0.1, 0.2], None, "has more than the 3 frames that were analysed"),
        ([0, 0.1, 0.2, 0.3, 0.4], None, "has 4 frames; 5 were analysed"),
        ([0, 0.1, 0.25, 0.3], None, r"has frame 2 at 0\.200 s where frame 2 at 0\.250 s was analysed"),
        ([0, 0.1, 0.2, 0.3], [0, 1, 2, 4], r"has frame 3 at 0\.300 s where frame 4 at 0\.300 s was analysed"),
    ],
)
def test_other_frames_than_those_that_were_analysed_are_an_error(
    posed: Posed, tmp_path: Path, times: Any, numbers: Any, says: str
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [plain_image()] * 4, rate=10)
    trial = posed(KNEES, [[9, 9], [99, 99]], times=times, numbers=numbers, size=(320, 240))

    with pytest.raises(VideoError, match=says):
        written(trial, clip)


def test_a_file_that_cannot_be_written_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        encode(tmp_path / "nowhere" / "clip.mp4", [(0.0, plain_image())], rate=30)


def test_what_the_encoder_refuses_is_named_and_no_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"the H\.264 encoder takes no frames of 17000×64 pixels"):
        encode(tmp_path / "clip.mp4", [(0.0, plain_image(0, (17000, 64)))], rate=30)


# With the other results


@pytest.fixture
def settings(blank_clip: Path) -> Settings:
    subject = Subject(height=1.75)
    return Settings(video=str(blank_clip), subject=subject, estimator="synthetic", refine=False, duration=0.2)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "_LOADED_BEHIND_THE_FIRST_FRAMES", ())


def test_the_overlay_is_written_with_the_other_files(settings: Settings, tmp_path: Path) -> None:
    told: dict[str, int] = {}

    def progress(stage: str, items: Any, _: int | None) -> Iterator:
        for item in items:
            told[stage] = told.get(stage, 0) + 1
            yield item

    trial = analyze_to(settings, tmp_path, ["trc"], overlay=OverlayOptions(), progress=progress)

    assert trial.provenance.files == ["blank.trc", "overlay.mp4", "provenance.json"]
    assert {path.name for path in tmp_path.iterdir()} == set(trial.provenance.files)
    assert len(decoded(tmp_path / "overlay.mp4")) == len(trial.pose.time) == 6
    assert told["drawing the overlay"] == 6

    again = analyze_to(settings, tmp_path, ["trc"])
    assert {path.name for path in tmp_path.iterdir()} == set(again.provenance.files) == {"blank.trc", "provenance.json"}


@pytest.mark.parametrize("error", [ResourceError("no encoder"), VideoError("other frames")])
def test_an_overlay_that_cannot_be_drawn_costs_no_other_result(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(_: Trial, __: object, path: Path, *___: object) -> None:
        path.write_bytes(b"half of it")
        raise error

    monkeypatch.setattr(pipeline, "draw_overlay", fail)
    trial = analyze_to(settings, tmp_path, ["trc"], overlay=OverlayOptions())

    assert {path.name for path in tmp_path.iterdir()} == {"blank.trc", "provenance.json"}
    assert trial.provenance.notes[-1].text == f"no overlay was drawn: {error}"


def test_a_full_disk_leaves_nothing_half_written(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pipeline, "draw_overlay", fail)
    with pytest.raises(OutputError, match="nothing there was changed: No space left"):
        analyze_to(settings, tmp_path / "out", ["trc"], overlay=OverlayOptions())

    assert list(tmp_path.iterdir()) == []


def test_a_camera_has_no_overlay_and_a_note_that_says_why(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = analyze(settings)
    monkeypatch.setattr(pipeline, "analyze", lambda *_, **__: recorded)

    trial = analyze_to(settings.model_copy(update={"video": "0"}), tmp_path, ["trc"], overlay=OverlayOptions())

    assert trial.provenance.notes[-1].text == "no overlay was drawn: a camera cannot be read a second time"
    assert not (tmp_path / "overlay.mp4").exists()


def test_a_picture_stays_a_picture(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(cv2.imencode(".png", plain_image(90, SIZE))[1].tobytes())
    picture = settings.model_copy(update={"video": str(tmp_path / "photo.png"), "duration": None})

    trial = analyze_to(picture, tmp_path / "out", ["trc"], overlay=OverlayOptions())

    assert "overlay.png" in trial.provenance.files
    image = cv2.imread(str(tmp_path / "out" / "overlay.png"))[..., ::-1]
    assert image.shape == (360, 640, 3)
    assert near(image, BLUE, 10).any()


def test_a_missing_encoder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import av.codec

    def unknown(name: str, _: str) -> None:
        raise av.codec.codec.UnknownCodecError(name)

    monkeypatch.setattr(av.codec, "Codec", unknown)
    with pytest.raises(ResourceError, match=r"without an H\.264 encoder"):
        encode(tmp_path / "clip.mp4", [], rate=30)


@pytest.fixture
def run(command: Callable[..., Done], blank_clip: Path, tmp_path: Path) -> Callable[..., Done]:
    given = ("--video", blank_clip, "--height", 1.75, "--estimator", "synthetic", "--no-refine", "--duration", 0.2)
    return lambda *more: command("analyze", *given, "--formats", "trc", "--output-dir", tmp_path / "out", *more)


def test_the_command_draws_an_overlay_unless_told_otherwise(run: Callable[..., Done], tmp_path: Path) -> None:
    assert run("--overlay-angles", "none", "--thickness", 4, "--radius", 6).status == 0
    assert (tmp_path / "out" / "overlay.mp4").exists()
    assert run("--no-overlay").status == 0
    assert not (tmp_path / "out" / "overlay.mp4").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--overlay-angles", "nee"), "there is no angle 'nee'"),
        (("--thickness", 0), "--thickness is in pixels"),
        (("--show", "--no-overlay"), "--show shows the overlay while it is drawn: leave out --no-overlay"),
    ],
)
def test_the_command_refuses_before_the_analysis(
    run: Callable[..., Done], tmp_path: Path, options: tuple, says: str
) -> None:
    done = run(*options)

    assert done.status == 2
    assert says in done.errors
    assert len(done.errors.splitlines()) == 1
    assert not (tmp_path / "out").exists()


class Screen:
    """A stand-in for tkinter with one window, which is closed by its user after so many pictures."""

    TclError = RuntimeError

    def __init__(self, pictures: int) -> None:
        self.shown: list[bytes] = []
        self.most = pictures
        self.close: Callable[[], None] = lambda: None

    def Tk(self) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(
            title=lambda _: None,
            protocol=self.protocol,
            winfo_screenwidth=lambda: 400,
            winfo_screenheight=lambda: 400,
            update=self.update,
            destroy=lambda: None,
        )

    def protocol(self, _: str, close: Callable[[], None]) -> None:
        self.close = close

    def update(self) -> None:
        if len(self.shown) == self.most:
            self.close()

    def Label(self, *_: object, **__: object) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(pack=lambda: None, configure=lambda **_: None)

    def PhotoImage(self, *, data: bytes, **_: object) -> str:  # noqa: N802
        self.shown.append(data)
        return "picture"


def test_without_a_display_one_line_says_so_and_all_is_written(
    run: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    screen = Screen(pictures=99)
    monkeypatch.setitem(sys.modules, "tkinter", screen)  # type: ignore[arg-type]

    done = run("--show", "--show-interval", 5)

    assert done.status == 0
    assert (
        done.errors
        == "posedetector: --show is left out: there is no display here; the overlay is written all the same\n"
    )
    assert (tmp_path / "out" / "overlay.mp4").exists()
    assert screen.shown == []


def test_a_window_shows_frames_that_fit_the_screen_until_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(pictures=2)
    monkeypatch.setitem(sys.modules, "tkinter", screen)  # type: ignore[arg-type]
    window = Window("clip", 0.0)

    for _ in range(4):
        window.show(plain_image(7, SIZE))
    window.close()

    assert len(screen.shown) == 2
    assert screen.shown[0].startswith(b"P6 340 191 255\n")


def test_all_frames_are_written_when_the_window_is_closed(
    posed: Posed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen(pictures=1)
    monkeypatch.setitem(sys.modules, "tkinter", screen)  # type: ignore[arg-type]
    clip = write_clip(tmp_path / "clip.mp4", [plain_image()] * 4, rate=10)
    trial = posed(KNEES, [[9, 9], [99, 99]], times=[0, 0.1, 0.2, 0.3], size=(320, 240))

    assert len(decoded(written(trial, clip, options=OverlayOptions(show=True)))) == 4
    assert len(screen.shown) == 1
