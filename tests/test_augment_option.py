"""`--augment-markers` before the networks are asked, and what is done to their markers: no onnxruntime is needed here."""

from pathlib import Path

import numpy as np
import pytest

from figures import WITH_SPINES, figure, pose_of, turn
from posedetector.augmenting import networks
from posedetector.augmenting.layout import SPINES_DIP, TOE_DIP, level
from posedetector.cli import main
from posedetector.errors import InputError
from posedetector.kinematics.angles import joint_angles
from posedetector.pipeline import analyze
from posedetector.pose import Array
from posedetector.settings import Settings
from posedetector.subject import Subject


def named(xyz: Array) -> dict[str, Array]:
    return dict(zip(WITH_SPINES.points, np.moveaxis(xyz[None], 1, 0), strict=True))


def angle(places: dict[str, Array], name: str) -> float:
    xyz = np.stack([places[point] for point in WITH_SPINES.points], axis=1)
    angles = joint_angles(pose_of(xyz, WITH_SPINES))
    return float(np.degrees(angles.values[0, angles.names.index(name)]))


def dipped(posture: dict[str, float], degrees: float = 0.0) -> dict[str, Array]:
    """A figure whose markers lie as they do on people: spines dip forwards, toes downwards; it looks in any direction."""
    spines, straight = (
        named(figure(posture | {"pelvis_tilt": posture.get("pelvis_tilt", 0) + dip}, WITH_SPINES))
        for dip in (np.degrees(SPINES_DIP), 0)
    )
    feet = named(
        figure(
            posture | {f"{side}_ankle_dorsiflexion": -np.degrees(TOE_DIP) for side in ("left", "right")}, WITH_SPINES
        )
    )
    places = straight | {name: spines[name] for name in spines if "asis" in name or "psis" in name}
    for side in ("left", "right"):
        heel, toe = f"{side}_heel", f"{side}_foot_index"
        places[toe] = places[heel] + feet[toe] - feet[heel]
    return {name: place @ turn("Y", degrees).T for name, place in places.items()}


@pytest.mark.parametrize("degrees", [0, 130])
def test_iliac_markers_are_level_in_the_anatomical_position(degrees: float) -> None:
    raw = dipped({}, degrees)

    assert angle(raw, "pelvis_tilt") == pytest.approx(4.7, abs=0.05)
    assert angle(raw | level(raw), "pelvis_tilt") == pytest.approx(0, abs=0.05)
    assert angle(raw | level(raw), "left_hip_flexion") == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("degrees", [0, 130])
def test_feet_are_level_in_the_anatomical_position(side: str, degrees: float) -> None:
    raw = dipped({}, degrees)

    assert angle(raw, f"{side}_ankle_dorsiflexion") == pytest.approx(-6.3, abs=0.05)
    assert angle(raw | level(raw), f"{side}_ankle_dorsiflexion") == pytest.approx(0, abs=0.05)


def test_nothing_but_posterior_spines_and_toes_is_moved() -> None:
    assert set(level(dipped({}))) == {"left_psis", "right_psis", "left_foot_index", "right_foot_index"}


def test_without_a_mass_it_is_refused_before_the_work() -> None:
    with pytest.raises(
        InputError, match=r"`augment_markers` wants to know how heavy the person is: give `subject.mass`"
    ):
        Settings(video="clip.mp4", subject=Subject(height=1.75), augment_markers=True)


def test_the_command_line_hands_the_option_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["analyze", "--video", "clip.mp4", "--height", "1.75", "--augment-markers"])

    assert "--augment-markers wants to know how heavy the person is" in capsys.readouterr().err


def test_it_looks_ahead_and_is_refused_online() -> None:
    with pytest.raises(InputError, match="`online` uses no later frame, and `augment_markers` does"):
        Settings(video="clip.mp4", subject=Subject(height=1.75, mass=70), augment_markers=True, online=True)


def test_without_onnxruntime_it_is_refused_before_the_work(blank_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "find_spec", lambda _: None)
    settings = Settings(video=str(blank_clip), subject=Subject(height=1.75, mass=70), augment_markers=True)
    read = []
    monkeypatch.setattr("posedetector.scene.follow", lambda *_, **__: read.append(1))

    with pytest.raises(InputError, match="wants onnxruntime: `uv run --extra opensim"):
        analyze(settings)

    assert not read
