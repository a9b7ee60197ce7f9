"""The body of one trial, drawn on one frame after the other.

Drawn from below: other people (thin, grey), feet on the floor, the subject's links and joints from far to near, the
detector's points, the angles. A joint is a disc where it was seen, a ring where it was interpolated or made by the marker
enhancer, and a ring on dashed links where it was mirrored. Opacity is visibility.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from posedetector.colours import SIDE_COLOURS, rgb
from posedetector.overlay.contacts import contacts_of
from posedetector.overlay.drawing import (
    Colour,
    Stamp,
    dashes,
    draw_disc,
    draw_lines,
    draw_ring,
    put_stamp,
    stamp,
)
from posedetector.overlay.figure import Layout, layout_of, sizes_for
from posedetector.overlay.labels import Box, Placing
from posedetector.overlay.options import OverlayOptions
from posedetector.overlay.projection import view_of
from posedetector.pose import Array, ByteArray, PersonPose, Source, is_in_picture
from posedetector.skeletons import SIDES, AnySide, Skeleton, parts_of
from posedetector.trial import Trial

COLOURS: dict[str, Colour] = {side: rgb(colour) for side, colour in SIDE_COLOURS.items()} | {"": (235, 235, 235)}
DETECTED: Colour = (240, 228, 66)  # Okabe & Ito's yellow
OTHERS: Colour = (185, 185, 185)
_LABEL_WITHOUT_SIDE: Colour = (70, 70, 70)
_FAINTEST = 0.35  # opacity of a point of visibility 0
_ROWS = 256  # frames projected at once
_WIDER = 1.7  # of a link, where the foot stands
# Of angles without a side: the point whose place the label has; others stand at their joint.
_PLACES = {"pelvis": "pelvis", "trunk": "spine", "neck": "neck"}
# Labels of these stand beside those points, not on what lies between them
_BESIDE = {"pelvis": "hip$", "trunk": "hip$|shoulder$"}
# What tells the angles of one joint apart
_WORDS = {
    "flexion": "flex",
    "dorsiflexion": "flex",
    "adduction": "add",
    "abduction": "abd",
    "rotation": "rot",
    "elevation": "elev",
    "deviation": "dev",
    "side_bend": "side",
    "tilt": "tilt",
    "obliquity": "obl",
}


class Artist:
    """Draws what was found of a trial's subject, and of the others, on the frames that it was found in."""

    def __init__(self, trial: Trial, options: OverlayOptions) -> None:
        self._trial = trial
        self._view = view_of(trial)
        self._layout = layout_of(trial.pose.skeleton)
        self._detected = layout_of(trial.keypoints.skeleton).kinds
        person = trial.provenance.person
        height = next((one.height_px for one in trial.provenance.persons if one.number == person), np.nan)
        self._sizes = sizes_for(self._view.size, height, options.thickness, options.radius)
        self._others = Others(trial)
        self._contacts = contacts_of(trial.kinematics.gait, trial.pose.time)
        self._angles = list(_labelled(trial, options.angles))
        self._beside = {
            joint: [row for row, name in enumerate(trial.pose.skeleton.points) if re.search(ends, name)]
            for joint, ends in _BESIDE.items()
        }
        self._placing = Placing(self._view.size)
        self._block = -1
        self._pixels, self._depth = np.empty((0, 0, 2)), np.empty((0, 0))

    def draw(self, row: int, image: ByteArray) -> None:
        """Draw a row of the trial on its frame (H, W, 3), in place."""
        places, depth = self._projected(row)
        self._others.draw(image, row, self._sizes.fine, min(self._sizes.edge, 1))
        self._draw_stance(image, row, places)
        self._draw_links(image, row, places, depth)
        self._draw_joints(image, row, places, depth)
        self._draw_events(image, row, places)
        self._draw_detected(image, row)
        self._draw_angles(image, row, places)

    def _projected(self, row: int) -> tuple[Array, Array]:
        """Return pixels (J, 2) and distances from the camera (J,)."""
        block, within = divmod(row, _ROWS)
        if block != self._block:
            rows = slice(block * _ROWS, (block + 1) * _ROWS)
            pose, away = self._trial.pose, self._trial.away
            root = pose.root[rows] if away is None else pose.root[rows] + away[rows]
            pixels, self._depth = self._view.project(pose.xyz[rows] + root[:, None])
            self._pixels = self._trial.camera.in_frame(rows, pixels, self._view.size)
            for one in reversed(self._trial.maps):
                self._pixels = one.to_picture(self._pixels, rows)
            self._block = block
        return self._pixels[within], self._depth[within]

    def _draw_links(self, image: ByteArray, row: int, places: Array, depth: Array) -> None:
        layout, sizes = self._layout, self._sizes
        source, score = self._trial.pose.source[row], self._trial.pose.score[row]
        for number in np.argsort(-depth[layout.links].sum(axis=1)):  # those with a missing end come last
            link = layout.links[number]
            ends = places[link]
            if not np.isfinite(ends).all():
                continue
            fine = "fine" in (layout.kinds[link[0]], layout.kinds[link[1]])
            if fine and not sizes.faces:
                continue
            standing = self._stands(layout.side_of(link), row) and self._in_foot(link)
            thickness = sizes.fine if fine else round(_WIDER * sizes.thickness) if standing else sizes.thickness
            lines = ends[None]
            if (source[link] == Source.MIRRORED).any():
                lines = dashes(ends[0], ends[1], 3 * sizes.thickness)
            draw_lines(
                image,
                lines,
                COLOURS[layout.side_of(link)],
                thickness=thickness,
                opacity=_opacity(score[link].min()),
                edge=min(sizes.edge, 1) if fine else sizes.edge,
            )

    def _draw_joints(self, image: ByteArray, row: int, places: Array, depth: Array) -> None:
        layout, sizes = self._layout, self._sizes
        source, score = self._trial.pose.source[row], self._trial.pose.score[row]
        for joint in np.argsort(-depth):
            kind = layout.kinds[joint]
            if kind is None or (kind == "fine" and not sizes.faces) or not np.isfinite(places[joint]).all():
                continue
            radius = sizes.radius * (1.0 if kind == "main" else 0.5)
            colour, opacity = COLOURS[layout.sides[joint]], _opacity(score[joint])
            edge = sizes.edge if kind == "main" else min(sizes.edge, 1)
            if is_in_picture(source[joint]) or kind == "marker":
                draw_disc(image, places[joint], radius, colour, opacity=opacity, edge=edge)
            else:
                draw_ring(image, places[joint], radius, colour, thickness=sizes.fine, opacity=opacity, edge=edge)

    def _draw_detected(self, image: ByteArray, row: int) -> None:
        keypoints = self._trial.keypoints
        sizes = self._sizes
        for point, kind in enumerate(self._detected):
            drawn = kind == "main" or (kind == "fine" and sizes.faces)
            if drawn and keypoints.source[row, point] == Source.MEASURED:
                radius = (0.4 if kind == "main" else 0.25) * sizes.radius
                draw_disc(image, keypoints.xy[row, point], max(0.7, radius), DETECTED, edge=min(sizes.edge, 1))

    def _stands(self, side: AnySide, row: int) -> bool:
        return side != "" and bool(self._contacts.stance[side][row])

    def _in_foot(self, link: Sequence[int] | Array) -> bool:
        return all(
            any(word in self._trial.pose.skeleton.points[row] for word in ("ankle", "heel", "toe", "foot_index"))
            for row in link
        )

    def _foot(self, side: str, places: Array) -> Array:
        """Return where heel and tip of a foot are (2, 2), or its ankle twice; NaN if neither is known."""
        skeleton = self._trial.pose.skeleton
        for ends in ((f"{side}_heel", f"{side}_foot_index"), (f"{side}_ankle", f"{side}_ankle")):
            if skeleton.has(*ends) and np.isfinite(foot := places[skeleton.indices(*ends)]).all():
                return np.asarray(foot)
        return np.full((2, 2), np.nan)

    def _draw_stance(self, image: ByteArray, row: int, places: Array) -> None:
        """Draw the floor below feet that stand: a line below the lower end of the foot, as long as that."""
        for side in SIDE_COLOURS:
            foot = self._foot(side, places)
            if not self._stands(side, row) or not np.isfinite(foot).all():
                continue
            sizes = self._sizes
            aside = 2.5 * sizes.radius
            left, right = foot[:, 0].min() - aside, foot[:, 0].max() + aside
            below = foot[:, 1].max() + sizes.radius + 2 * sizes.edge + 1.5 * sizes.thickness
            ends = np.array([[[left, below], [right, below]]])
            draw_lines(image, ends, COLOURS[side], thickness=sizes.thickness, edge=sizes.edge)

    def _draw_events(self, image: ByteArray, row: int, places: Array) -> None:
        """Draw a disc that grows where a foot has just touched the floor, and a ring where it has just left it."""
        for event, passed in self._contacts.events.get(row, ()):
            heel, toe = self._foot(event.side, places)
            touches = event.kind == "initial_contact"
            place = heel if touches else toe
            if not np.isfinite(place).all():
                continue
            radius = self._sizes.radius * (2.5 + 2 * passed)
            colour = COLOURS[event.side]
            if touches:
                draw_disc(image, place, radius, colour, opacity=0.55 - 0.3 * passed, edge=0)
            draw_ring(
                image,
                place,
                radius,
                colour,
                thickness=self._sizes.fine,
                opacity=1 - 0.5 * passed,
                edge=self._sizes.edge,
            )

    def _draw_angles(self, image: ByteArray, row: int, places: Array) -> None:
        shown = [
            (angle, f"{angle.word}{round(float(np.degrees(value)))}°".replace("-", "−"), place)
            for angle in self._angles
            if np.isfinite(value := self._trial.kinematics.angles.values[row, angle.column])
            and np.isfinite(place := places[list(angle.rows)].mean(axis=0)).all()
        ]
        if not shown:
            return
        samples = self._samples(places)
        middle = float(np.nanmean(places[[row for row, kind in enumerate(self._layout.kinds) if kind == "main"], 0]))
        taken: list[Box] = []
        for angle, text, place in shown:
            colour = COLOURS[angle.side] if angle.side else _LABEL_WITHOUT_SIDE
            mark: Stamp = stamp(text, self._sizes.text, colour)
            twins = [other for one, _, other in shown if one.name == angle.name and one is not angle]
            outwards = 1 if place[0] >= (twins[0][0] if twins else middle) else -1
            away = 1.6 * self._sizes.radius + self._sizes.thickness
            if beside := self._beside.get(angle.joint):
                away += float(np.nanmax(np.abs(places[beside, 0] - place[0]), initial=0.0))
            box = self._placing.place(angle.name + angle.side, place, mark.size, away, samples, taken, outwards)
            taken.append(box)
            put_stamp(image, mark, round(box.left), round(box.top))

    def _samples(self, places: Array) -> Array:
        """Return points (N, 2) on the links that labels should leave in view."""
        links = [link for link in self._layout.links if self._layout.kinds[link[1]] == "main"]
        ends = places[np.array(links, int).reshape(-1, 2)]
        ends = ends[np.isfinite(ends).all(axis=(1, 2))]
        shares = np.linspace(0, 1, 12)[:, None, None]
        return np.asarray((ends[:, 0] + shares * (ends[:, 1] - ends[:, 0])).reshape(-1, 2))


class Labelled:
    """An angle that is drawn: its column in the table, the points whose middle it stands at, and a word before it."""

    def __init__(self, name: str, side: str, column: int, rows: Sequence[int], word: str) -> None:
        self.name, self.side, self.column, self.rows, self.word = name, side, column, tuple(rows), word
        self.joint = name.partition("_")[0]


def _labelled(trial: Trial, names: Sequence[str]) -> Iterator[Labelled]:
    """Yield the angles of these names, without side, that have a joint in the skeleton and are not poor.

    A word says of which segment an angle without a side is, and which is which where several belong to one joint.
    """
    skeleton, columns = trial.pose.skeleton, list(trial.kinematics.angles.names)
    joints = [name.partition("_")[0] for name in names]
    for name, joint in zip(names, joints, strict=True):
        which = _WORDS.get(name.partition("_")[2], "") if joints.count(joint) > 1 else ""
        word = "".join(f"{part} " for part in (joint if joint in _PLACES else "", which) if part)
        for side in SIDES if joint not in _PLACES else ("",):
            full = f"{side}_{name}" if side else name
            rows = _rows_of(skeleton, f"{side}_{joint}" if side else _PLACES[joint])
            grade = trial.kinematics.grades.get(full)
            if full in columns and rows and (grade is None or grade.quality != "poor"):
                yield Labelled(name, side, columns.index(full), rows, word)


def _rows_of(skeleton: Skeleton, point: str) -> list[int]:
    from posedetector.errors import InputError

    try:
        return parts_of(point, skeleton)
    except InputError:
        return []


class Others:
    """Everybody but the subject, as the detector saw them: thin grey lines."""

    def __init__(self, trial: Trial) -> None:
        layout: Layout = layout_of(trial.tracks.skeleton)
        kinds = layout.kinds
        self._links = [link for link in layout.links if kinds[link[0]] == kinds[link[1]] == "main"]
        self._head = [row for row, point in enumerate(trial.tracks.skeleton.points) if point in {"nose", "head"}]
        self._poses: dict[int, list[PersonPose]] = {}
        for number, track in enumerate(trial.tracks.tracks, start=1):
            if number != trial.provenance.person:
                for row, pose in zip(track.rows, track.poses, strict=True):
                    self._poses.setdefault(row, []).append(pose)

    def draw(self, image: ByteArray, row: int, thickness: int, edge: int) -> None:
        """Draw those who are in this row's frame."""
        for pose in self._poses.get(row, ()):
            ends = pose.xy[np.array(self._links, int).reshape(-1, 2)]
            ends = ends[np.isfinite(ends).all(axis=(1, 2))]
            if len(ends):
                draw_lines(image, ends, OTHERS, thickness=thickness, edge=edge)
            for head in self._head:
                if np.isfinite(pose.xy[head]).all():
                    draw_ring(image, pose.xy[head], 2.5 * thickness, OTHERS, thickness=thickness, edge=edge)


def _opacity(visibility: float) -> float:
    return _FAINTEST + (1 - _FAINTEST) * float(np.clip(visibility, 0, 1))
