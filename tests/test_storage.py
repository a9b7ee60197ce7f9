"""A trial in one file: what comes back is what went in, and what is no such file is refused in one line."""

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from posedetector import storage
from posedetector.camera_motion import CameraMotion
from posedetector.errors import InputError, OutputError
from posedetector.kinematics.nouns import Grade, Treadmill
from posedetector.lenses import Lens
from posedetector.pose import Frame
from posedetector.snapshots import Snapshots
from posedetector.tables import TABLES
from posedetector.trial import Trial
from studied import GAIT, all_found, with_kinematics


def differences(one: Any, other: Any, where: str = "trial") -> list[str]:
    """Return in what two things are not the same, to the last bit; numpy's float is a float."""
    pairs: Mapping[str, tuple[Any, Any]] = {}
    same = type(one) is type(other)
    if isinstance(one, np.ndarray):
        same = same and (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    elif isinstance(one, float):
        same = isinstance(other, float) and repr(float(one)) == repr(float(other))
    elif same and (is_dataclass(one) or isinstance(one, BaseModel)):
        names = [part.name for part in fields(one)] if is_dataclass(one) else list(type(one).model_fields)
        pairs = {name: (getattr(one, name), getattr(other, name)) for name in names}
    elif same and isinstance(one, Mapping):
        same = list(one) == list(other)
        pairs = {name: (one[name], other[name]) for name in one} if same else {}
    elif same and isinstance(one, list | tuple):
        same = len(one) == len(other)
        pairs = {str(row): pair for row, pair in enumerate(zip(one, other, strict=False))}
    else:
        same = same and one == other
    inside = [found for name, pair in pairs.items() for found in differences(*pair, f"{where}.{name}")]
    return inside if same else [where, *inside]


@pytest.fixture
def full(fitted: Trial) -> Trial:
    """A trial with something in every part of it."""
    snapshots = Snapshots()
    snapshots.see(0, Frame(0, 0.0, np.random.default_rng(1).integers(0, 256, (36, 64, 3), np.uint8)))
    events = tuple(replace(event, frame=1) for event in GAIT.events)
    found = with_kinematics(
        all_found(fitted),
        gait=replace(GAIT, events=events, treadmill=Treadmill(1.2, float("nan"), 0, 1.1, 0.0, (-1.0, 0.0))),
        grades={"left_knee_flexion": Grade("weak", "seen badly", 0.1)},
    )
    turning = np.tile(np.eye(3), (3, 1, 1)) * np.float64(-0.0)
    return replace(
        found,
        tracks=replace(found.tracks, numbers=np.array([5, 6, 8]), snapshots=snapshots),
        maps=(Lens("left", "radial", (640, 360), (500.0, 501), (320.0, 180.0), (0.1, -0.2, 0.0, 0.0)),),
        camera=CameraMotion("turned", "", turning, (0.1, 0.2, 0.3), 550.0, 0.02),
        away=np.array([[np.nan, np.inf, 5e-324]] * 3),
    )


@pytest.fixture
def saved(full: Trial, tmp_path: Path) -> Path:
    path = tmp_path / "clip.trial"
    full.save(path)
    return path


def test_what_is_loaded_is_what_was_saved_to_the_last_bit(full: Trial, saved: Path) -> None:
    assert differences(full, Trial.load(saved)) == []


def test_a_difference_would_be_seen(full: Trial) -> None:
    camera = replace(full.camera, rotation=np.zeros((3, 3, 3)))

    assert differences(full, replace(full, camera=camera)) == ["trial.camera.rotation"]


def test_a_loaded_trial_has_the_same_tables_and_pictures(full: Trial, saved: Path) -> None:
    loaded = Trial.load(saved)

    for name in TABLES:
        assert loaded.table(name).equals(full.table(name))
    assert loaded.tracks.snapshots is not None
    assert loaded.tracks.snapshots.picture(0).shape == (36, 64, 3)


def test_a_trial_is_found_in_its_folder_of_results(full: Trial, tmp_path: Path) -> None:
    names = full.write(tmp_path / "results", ["csv", "trial"])
    loaded = Trial.load(tmp_path / "results")

    assert loaded.provenance.files == names
    assert differences(full.pose, loaded.pose) == []


@pytest.mark.parametrize(("files", "said"), [([], "holds no file"), (["a", "b"], r"2 files a\.trial, b\.trial")])
def test_a_folder_that_holds_no_single_trial_is_refused(files: list[str], said: str, saved: Path) -> None:
    folder = saved.parent / "folder"
    folder.mkdir()
    for name in files:
        (folder / f"{name}.trial").write_bytes(saved.read_bytes())

    with pytest.raises(InputError, match=said):
        Trial.load(folder)


def rewritten(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Write the archive again with another content."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    content = json.loads(members["content.json"])
    change(content)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (members | {"content.json": json.dumps(content).encode()}).items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: content.update(version=storage.VERSION + 1), "later posedetector"),
        (lambda content: content.update(version="one"), "damaged"),
        (lambda content: content.update(kind="Other"), "does not hold a Trial"),
        (lambda content: content.pop("fields"), "damaged"),
        (lambda content: content["fields"].pop("pose"), "damaged"),
        (lambda content: content["fields"].update(more=1), "damaged"),
        (lambda content: content["fields"].update(pose=None), "damaged"),
        (lambda content: content["fields"].update(name=7), "damaged"),
        (lambda content: content["fields"]["camera"].update(verdict="flew"), "damaged"),
        (lambda content: content["fields"]["pose"].update(root=["float64", 10**12, [3, 3]]), "damaged"),
        (lambda content: content["fields"]["pose"].update(root=["float64", -12, [3, 3]]), "damaged"),
        (lambda content: content["fields"]["pose"].update(root=["float64", 0, [10**9, 10**9]]), "damaged"),
        (lambda content: content["fields"]["pose"].update(root=["float64", 0, [3, 4]]), "damaged"),
        (lambda content: content["fields"]["provenance"].update(created=[1]), "damaged"),
        (lambda content: content["fields"].update(maps=[{"camera": "left"}]), "damaged"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(change: Callable[[dict[str, Any]], object], said: str, saved: Path):
    rewritten(saved, change)

    with pytest.raises(InputError, match=said) as caught:
        Trial.load(saved)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def pickled(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, content=np.array([object()], dtype=object))


def bomb(path: Path) -> None:
    """An archive whose directory says that a member is of 4 GB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("content.json", b"{}")
        archive.writestr("float64", b"\0" * 64)
        archive.getinfo("float64").file_size = 2**32 - 2


def deep(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.json", "[" * 10**6)


@pytest.mark.parametrize("damage", [pickled, bomb, deep])
def test_foreign_and_hostile_archives_are_refused(damage: Callable[[Path], None], tmp_path: Path) -> None:
    damage(tmp_path / "clip.trial")

    with pytest.raises(InputError, match=r"damaged, or was not written by Trial\.save"):
        Trial.load(tmp_path / "clip.trial")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(share: float, saved: Path) -> None:
    data = saved.read_bytes()
    saved.write_bytes(data[: int(share * len(data))])

    with pytest.raises(InputError, match="damaged"):
        Trial.load(saved)


def test_a_file_with_a_flipped_byte_is_refused_or_the_same(full: Trial, saved: Path) -> None:
    whole, rng = saved.read_bytes(), np.random.default_rng(1)
    refused = 0
    for _ in range(60):
        data = bytearray(whole)
        data[int(rng.integers(len(data)))] ^= int(rng.integers(1, 256))
        saved.write_bytes(data)
        try:
            assert differences(full, Trial.load(saved)) == []
        except InputError:
            refused += 1
    assert refused > 30


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        Trial.load(tmp_path / "nothing.trial")


def test_a_failed_save_leaves_the_file_as_it_was(full: Trial, saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", fails)
    with pytest.raises(OutputError, match="No space left on device"):
        full.save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.glob("*")] == ["clip.trial"]


def test_a_map_of_another_make_is_not_saved(full: Trial, tmp_path: Path) -> None:
    class Mine:
        pass

    with pytest.raises(InputError, match="a Mine cannot be saved"):
        replace(full, maps=(Mine(),)).save(tmp_path / "a.trial")  # type: ignore[arg-type]
