"""What it costs to keep small pictures for `persons.png`, and what the detector's choice of people is.

    uv run python benchmarks/persons.py data/samples/walk_side.mp4 CLIP…

CPU time of this process, all threads: of reading and finding people, with and without keeping pictures, alternately, three times
each; and of drawing the sheet. Bytes of the pictures that are kept, and of the sheet.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from unittest.mock import patch

from posedetector import scene
from posedetector.contact_sheet import draw_contact_sheet
from posedetector.persons import describe
from posedetector.settings import Settings
from posedetector.snapshots import Snapshots
from posedetector.subject import Anybody
from posedetector.tracking import Tracks


class _Nothing(Snapshots):
    def see(self, row: int, frame: object) -> None:
        pass


def cpu(work: Callable[[], object]) -> float:
    """Return seconds of CPU."""
    start = time.process_time()
    work()
    return time.process_time() - start


def found(clip: str, keeper: type[Snapshots]) -> Tracks:
    """Return the people of a clip, pictures being kept so."""
    with patch.object(scene, "Snapshots", keeper):
        return scene.find_persons(Settings(video=clip, subject=Anybody()))


def main(clips: list[str]) -> None:
    """Print a row of a table for each clip."""
    print("| clip | frames | CPU, s | with pictures | ratio | pictures | kB kept | sheet, CPU s | sheet, kB |")
    print("|---|---|---|---|---|---|---|---|---|")
    lines = []
    for clip in clips:
        tracks = found(clip, Snapshots)
        without, with_pictures = [], []
        for _ in range(3):
            without.append(cpu(lambda: found(clip, _Nothing)))  # noqa: B023 -- called at once
            with_pictures.append(cpu(lambda: found(clip, Snapshots)))  # noqa: B023
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "persons.png")
            drawing = cpu(lambda: draw_contact_sheet(tracks, path, title="clip"))  # noqa: B023
            size = path.stat().st_size
        plain, kept = median(without), median(with_pictures)
        held = tracks.snapshots.size if tracks.snapshots else 0
        count = len(tracks.snapshots.rows) if tracks.snapshots else 0
        print(
            f"| {Path(clip).name} | {len(tracks.time)} | {plain:.2f} | {kept:.2f} | {kept / plain:.3f} | {count} | "
            f"{held / 1000:.0f} | {drawing:.2f} | {size / 1000:.0f} |",
            flush=True,
        )
        lines += [f"- {Path(clip).name}, person {one.number}: {one.line()}" for one in describe(tracks)]
    print("\n".join(lines))


if __name__ == "__main__":
    main(sys.argv[1:])
