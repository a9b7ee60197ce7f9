"""Choices are declared once: their models check them, errors name their fields, and the command line is derived from them."""

import ast
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field, create_model

import posedetector
from commands import Done
from posedetector import (
    InputError,
    OutputError,
    PosedetectorError,
    ResourceError,
    RTMPose3DInference,
    Settings,
    Subject,
    VideoError,
    analyze_to,
)
from posedetector.cli.declared import Choice, choices, flags_of, with_flags
from posedetector.cli.parsing import in_flags
from posedetector.estimators import (
    ESTIMATORS,
    EstimatorContext,
    EstimatorSettings,
    KeypointEstimator,
    MediaPipeSettings,
    OpenMMLabSettings,
    RTMW3DSettings,
    make_estimator,
)
from posedetector.estimators.synthetic import Synthetic, SyntheticSettings, Walker
from posedetector.lifters import (
    LIFTERS,
    LifterContext,
    LifterSettings,
    NativeSettings,
    VideoPose3DSettings,
    make_lifter,
)
from posedetector.lifters.native import Native
from posedetector.options import COUNT, Options
from posedetector.overlay import OverlayOptions
from posedetector.pipeline import analyze
from posedetector.readers import read_motions
from posedetector.readers.recording import ReadOptions
from posedetector.report.results import read_results
from posedetector.video import Selection, open_video

SOURCE = Path(posedetector.__file__).parent
SOMEBODY = Subject(height=1.75)


def made(**given: Any) -> Settings:
    return Settings(**({"video": "clip.mp4", "subject": SOMEBODY} | given))


# --- estimators and lifters -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("rtmw3d", RTMW3DSettings()),
        ({"name": "mediapipe", "model": "lite"}, MediaPipeSettings(model="lite")),
        (OpenMMLabSettings(detect_every=2), OpenMMLabSettings(detect_every=2)),
    ],
)
def test_an_estimator_is_a_name_a_dict_or_settings(given: object, wanted: EstimatorSettings) -> None:
    assert made(estimator=given).estimator == wanted


def test_a_lifter_is_a_name_too() -> None:
    assert made(lifter="videopose3d").lifter == VideoPose3DSettings()


def test_settings_come_back_from_json() -> None:
    settings = made(estimator=RTMW3DSettings(model="x"), lifter=VideoPose3DSettings(flip=False))

    assert Settings.model_validate_json(settings.model_dump_json()) == settings


class ToySettings(EstimatorSettings):
    """A contributor's: one file with this, and one line in ESTIMATORS."""

    title: ClassVar[str] = "Toy"

    name: Literal["toy"] = "toy"
    walkers: Annotated[int, COUNT] = Field(1, description="How many people walk.")
    device: str = Field("auto", description="Where networks run: auto, cpu, cuda or mps.")

    def make(self, context: EstimatorContext) -> KeypointEstimator:
        return Synthetic((Walker(),) * self.walkers, max_persons=context.max_persons)


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ESTIMATORS, "toy", ToySettings)


@pytest.mark.usefixtures("toy")
def test_the_options_of_another_backend_are_in_the_help(command: Callable[..., Done]) -> None:
    lines = command("analyze", "--help").out.splitlines()

    assert lines[lines.index("Estimator: Toy:") + 1].split() == [
        "--walkers",
        "<int>",
        "How",
        "many",
        "people",
        "walk.",
        "[default:",
        "1]",
    ]
    assert (
        "Estimator: RTMW3D, OpenMMLab, Toy; lifter: VideoPose3D:" in lines
    )  # the device, in which all four say the same


@pytest.mark.usefixtures("toy")
def test_the_options_of_another_backend_reach_it(
    command: Callable[..., Done], blank_clip: Path, tmp_path: Path
) -> None:
    usual = ("analyze", "--video", blank_clip, "--duration", 0.2, "--height", 1.75, "--output-dir", tmp_path)

    done = command(*usual, "--estimator", "toy", "--walkers", 3, "--list-persons", "--quiet")
    refused = command(*usual, "--estimator", "synthetic", "--walkers", 3)

    assert [line.split()[0] for line in done.out.splitlines()[1:4]] == ["1", "2", "3"], done.errors
    assert refused.errors == "posedetector: --walkers goes with --estimator toy, not with synthetic\n"


def test_another_lifter_has_a_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    class ToyLifter(LifterSettings):
        summary: ClassVar[str] = "Lift by guessing."
        name: Literal["toy"] = "toy"

        def make(self, context: LifterContext) -> Native:
            del context
            return Native()

    monkeypatch.setitem(LIFTERS, "toy", ToyLifter)

    assert choices()["use_toy"].help == "Lift by guessing."


# --- what is wrong is an InputError that names the field --------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"fov": 200}, "fov", "`fov` is in degrees along the longer side and must lie in 0.01–170, got 200"),
        ({"fov": "wide"}, "fov", "`fov` must be a number, got 'wide'"),
        ({"cutoff": 0}, "cutoff", "`cutoff` is in Hz, and None where there is to be no low-pass; got 0"),
        ({"cutoff": float("nan")}, "cutoff", "`cutoff` is in Hz and must lie in 0.1–10000, got nan"),
        ({"max_gap": -1}, "max_gap", "`max_gap` is in seconds and must not be negative, got -1"),
        ({"min_score": 1.0}, "min_score", "`min_score` must lie in 0–1, got 1"),
        ({"every": 0}, "every", "`every` counts from 1, got 0"),
        ({"every": 1.5}, "every", "`every` must be a whole number, got 1.5"),
        ({"refine": "maybe"}, "refine", "`refine` must be True or False, got 'maybe'"),
        ({"max_persons": 0}, "max_persons", "`max_persons` must not be 0; below 0, everybody is followed"),
        ({"movement": "jump"}, "movement", "`movement` is auto, squat, sit-to-stand, gait or none, got 'jump'"),
        ({"video": None}, "video", "`video` must be text, got None"),
        ({"video": 1.5}, "video", "`video` must be text, got 1.5"),
        ({"calibration": 3}, "calibration", "`calibration` must be a path, got 3"),
        ({"subject": None}, "subject", "`subject` must be a Subject, or a dict, got None"),
        ({"subject": {"height": "tall"}}, "subject.height", "`subject.height` must be a number, got 'tall'"),
        ({"subject": {"height": 178}}, "subject.height", "must lie in 0.5–2.5, got 178; did you mean 1.78?"),
        ({"estimator": "mediapip"}, "estimator", "there is no estimator 'mediapip'; there are mediapipe, openmmlab, rtmw3d, synth"),
        ({"estimator": None}, "estimator", "there is no estimator None"),
        ({"estimator": {"name": "mediapipe", "model": "huge"}}, "estimator.model", "`model` is lite, full or heavy, got 'huge'"),
        ({"estimator": {"name": "mediapipe", "runtime": "onnx"}}, "estimator.runtime", "MediaPipeSettings has no field `runtime`"),
        ({"estimator": {"name": "rtmw3d", "device": "gpu"}}, "estimator.device", "`device` is auto, cpu, cuda (or cuda:1,"),
        ({"lifter": "videopose"}, "lifter", "there is no lifter 'videopose'; there are native, videopose3d"),
        ({"lifter": {"name": "videopose3d", "flip": 3}}, "lifter.flip", "`flip` must be True or False, got 3"),
        ({"focal_lenght": 1000}, "focal_lenght", "Settings has no field `focal_lenght`; did you mean `focal_length`?"),
        ({"start": -1}, "start", "`start` is in seconds from the first frame"),
        ({"start": 2, "end": 1}, "end", "`end` must be greater than `start`: got 1 s and 2 s"),
        ({"start": float("inf")}, "start", "a finite number"),
        ({"end": 2, "duration": 1}, "duration", "`end` and `duration` both say where reading ends"),
        ({"fov": 60, "focal_length": 900}, "fov", "`focal_length` and `fov` say the same thing; give one"),
        ({"calibration_camera": "a"}, "calibration_camera", "names a camera of a file"),
        ({"joined": (1,)}, "joined", "`person` joins different numbers"),
        ({"treadmill_speed": 1, "movement": "squat"}, "treadmill_speed", "goes with gait, not with `movement=squat`"),
        ({"online": True, "refine": True}, "refine", "`online` uses no later frame, and `refine` does"),
        ({"augment_markers": True}, "subject.mass", "give `subject.mass` in kilograms"),
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_cannot_be_used_name_the_field(given: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        made(**given)

    assert caught.value.field == field
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({}, "subject.height", "how tall is the person? give `height` in metres, or a `bone_lengths`"),
        ({"height": "tall"}, "subject.height", "`height` must be a number, got 'tall'"),
        ({"height": 1.75, "mass": 1e9}, "subject.mass", "`mass` is in kilograms and must lie in 2–400, got 1e+09"),
        ({"height": 1.75, "age": -1}, "subject.age", "`age` is in years and must lie in 0–120, got -1"),
        ({"height": 1.75, "sex": "m"}, "subject.sex", "`sex` is male or female, got 'm'"),
        ({"height": 1.75, "weight": 70}, "subject.weight", "has no field `weight`; it has height, bone_lengths, mass"),
        ({"bone_lengths": {"tail": 0.4}}, "subject.bone_lengths", "`bone_lengths` takes no 'tail'; there are left_thigh"),
        ({"bone_lengths": {"left_thigh": 43}}, "subject.bone_lengths", "takes metres in 0.05–0.8, got left_thigh=43"),
        ({"bone_lengths": {"left_thigh": "x"}}, "subject.bone_lengths.left_thigh", "must be a number, got 'x'"),
        ({"bone_lengths": 3}, "subject.bone_lengths", "`bone_lengths` must be a dict, got 3"),
    ],
    ids=str,
)  # fmt: skip
def test_a_subject_that_cannot_be_names_the_field(given: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        Subject(**given)

    assert caught.value.field == field


@pytest.mark.parametrize("video", [Path("clip.mp4"), "clip.mp4"])
def test_a_video_may_be_a_path(video: object) -> None:
    assert made(video=video).video == "clip.mp4"


def test_a_video_may_be_the_number_of_a_camera() -> None:
    assert made(video=0).video == "0"


@pytest.mark.parametrize(
    "call",
    [
        lambda: made().model_copy(update={"fov": 200}),
        lambda: SOMEBODY.model_copy(update={"height": 178}),
        lambda: RTMW3DSettings().model_copy(update={"model": "m"}),
        lambda: setattr(made(), "fov", 60),
        lambda: Settings(video="clip.mp4"),
        lambda: Settings.model_validate(None),
        lambda: Settings.model_validate({"video": "clip.mp4", "subject": 3}),
        lambda: Settings.model_validate_json("{"),
    ],
)
def test_no_way_leads_past_the_checks(call: Callable[[], object]) -> None:
    with pytest.raises(InputError):
        call()


def test_a_copy_of_settings_is_as_they_were_but_for_what_was_changed() -> None:
    settings = made(estimator="rtmw3d", fov=60)

    assert settings.model_copy(update={"fov": None, "cutoff": 3}) == made(estimator="rtmw3d", cutoff=3)


@pytest.mark.parametrize(
    ("call", "kind", "field"),
    [
        (lambda _: analyze(made(video="missing.mp4")), VideoError, None),
        (lambda there: analyze(made(video=there)), VideoError, None),
        (lambda _: analyze(made(video="a\0b")), VideoError, None),
        (lambda _: analyze(made(video=-1)), VideoError, None),
        (lambda _: analyze(None), InputError, "settings"),
        (lambda there: analyze(made(video=there / "text", calibration=there / "none.toml")), VideoError, None),
        (lambda there: analyze_to(made(), there, ["fbx"]), InputError, "formats"),
        (lambda there: analyze_to(made(), there, "fbx"), InputError, "formats"),
        (lambda there: analyze_to(made(), there, None), InputError, "formats"),
        (lambda there: analyze_to(made(), f"{there / 'text'}/out", ["csv"]), OutputError, None),
        (lambda _: make_estimator("crystal"), InputError, "estimator"),
        (lambda _: make_lifter({"name": "videopose3d", "model": "none"}), InputError, "lifter.model"),
        (lambda _: make_lifter({"name": "videopose3d", "like": "none"}), InputError, "lifter.like"),
        (lambda _: open_video(Path("missing.mp4")), VideoError, None),
        (lambda there: read_motions(there / "text", ReadOptions()), InputError, None),
        (lambda there: read_motions(there / "none.trc", ReadOptions()), InputError, None),
        (lambda there: read_motions(there, ReadOptions()), InputError, None),
        (read_results, InputError, None),
        (lambda _: OverlayOptions(thickness="fat"), InputError, "thickness"),
        (lambda _: OverlayOptions(angles=("tail",)), InputError, "angles"),
        (lambda _: RTMPose3DInference(model_size="q"), InputError, None),
        (lambda _: Selection(end=-1.0), InputError, "end"),
    ],
)
def test_a_bad_call_raises_an_error_of_the_tree(
    tmp_path: Path, call: Callable[[Path], object], kind: type[PosedetectorError], field: str | None
) -> None:
    (tmp_path / "text").write_text("left knee")

    with pytest.raises(PosedetectorError) as caught:
        call(tmp_path)

    assert (type(caught.value), getattr(caught.value, "field", None)) == (kind, field)


@pytest.mark.parametrize("kind", [PosedetectorError, ResourceError, InputError])
def test_errors_survive_pickling(kind: type[PosedetectorError]) -> None:
    again = pickle.loads(pickle.dumps(kind("too wide")))

    assert (type(again), str(again)) == (kind, "too wide")


def test_the_field_of_an_error_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(InputError("too wide", field="fov"))).field == "fov"


# Commands that people type, whoever calls the library
_COMMANDS = ("uv sync", "uv run --extra", "--force-reinstall", "posedetector weights export")


def flags_in_errors(code: str) -> set[str]:
    """Return the texts within raised or returned errors that name a flag."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        called = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Raise) or called.endswith("Error"):
            texts = [part for part in ast.walk(node) if isinstance(part, ast.JoinedStr)]
            within = {id(part) for text in texts for part in text.values}
            texts += [part for part in ast.walk(node) if isinstance(part, ast.Constant) and id(part) not in within]
            found |= {text for text in map(ast.unparse, texts) if re.search(r"--[a-z]", text)}
    return {text for text in found if not any(command in text for command in _COMMANDS)}


@pytest.mark.parametrize(
    "code",
    ['raise InputError(f"--fov must be {x}")', 'return VideoError("give --fps")', 'raise no("x") from E("--fps")'],
)
def test_a_flag_in_an_error_is_recognised(code: str) -> None:
    assert flags_in_errors(code)


@pytest.mark.parametrize(
    "path", [path for path in SOURCE.rglob("*.py") if "cli" not in path.parts], ids=lambda path: path.stem
)
def test_errors_of_the_library_name_no_flags(path: Path) -> None:
    assert flags_in_errors(path.read_text(encoding="utf-8")) == set()


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "field", "says"),
    [
        ("`fov` must lie in …", "fov", "--fov must lie in …"),
        ("`lifter.model` …", None, "--videopose3d-model …"),
        ("`model` …", "lifter.model", "--videopose3d-model …"),
        ("`model` …", "estimator.model", "--model …"),
        ("`refine=False`", None, "--no-refine"),
        ("`flip=False`", None, "--no-flip"),
        ('`lifter="videopose3d"`', None, "--use-videopose3d"),
        ('`device="cpu"`', None, "--device cpu"),
        ("`subject.mass`", None, "--mass"),
        ("the extra `opensim`", None, "the extra `opensim`"),
    ],
)
def test_the_command_line_says_flags_for_fields(message: str, field: str | None, says: str) -> None:
    assert in_flags(message, flags_of(choices().values()), field) == says


def models() -> list[type[Options]]:
    return [Settings, Subject, *ESTIMATORS.values(), *LIFTERS.values()]


@pytest.mark.parametrize("choice", choices().values(), ids=lambda choice: choice.name)
def test_every_flag_has_a_help_and_a_heading(choice: Choice) -> None:
    assert choice.help
    assert choice.heading
    assert "`" not in choice.help.replace("`posedetector weights list`", "").replace("`onnx`", "").replace(
        "`opensim`", ""
    )


def test_every_field_has_a_flag_but_those_that_are_made_of_others() -> None:
    ours = {(model, name) for choice in choices().values() for model, name in choice.fields}
    fields = {(model, name) for model in models() for name in model.model_fields if name != "name"}

    assert fields - ours == {(Settings, "subject"), (Settings, "joined"), (Settings, "debug")}


@pytest.mark.parametrize("online", [True, 1, "yes"])
def test_whatever_stands_for_true_takes_what_looks_ahead_out(online: Any) -> None:
    settings = made(online=online)

    assert (settings.online, settings.refine, settings.cutoff) == (True, False, None)


def test_lengths_of_bones_that_were_changed_later_are_checked_again() -> None:
    subject = Subject(bone_lengths={"left_thigh": 0.4})
    subject.bone_lengths["left_thigh"] = 99.0

    with pytest.raises(InputError, match=r"takes metres in 0\.05–0\.8, got left_thigh=99"):
        Settings(video="clip.mp4", subject=subject)


def test_two_lifters_are_one_error(command: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    class OtherSettings(NativeSettings):
        summary: ClassVar[str] = "Another one."
        name: Literal["other"] = "other"  # type: ignore[assignment]

    monkeypatch.setitem(LIFTERS, "other", OtherSettings)
    done = command("analyze", "--video", "clip.mp4", "--height", 1.75, "--use-videopose3d", "--use-other")

    assert done.status == 2
    assert "are two lifters: give one" in done.errors


@pytest.mark.parametrize(
    ("name", "said"),
    [("fov", "--fov is an option of"), ("radius", "radius: the command has")],
)
def test_a_backends_option_that_is_called_like_another_is_refused_when_the_command_is_made(
    name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def command(*, radius: float = 1.0, **_: object) -> None:
        del radius

    fields = {"name": (Literal["taken"], "taken"), name: (float, Field(1.0, description="Something else."))}
    taken = create_model("TakenSettings", __base__=SyntheticSettings, **fields)  # type: ignore[call-overload]
    monkeypatch.setitem(ESTIMATORS, "taken", taken)

    with pytest.raises(ValueError, match=said):
        choices() if name == "fov" else with_flags(command)


def test_an_option_that_is_on_by_default_has_a_flag_that_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = create_model(  # type: ignore[call-overload]
        "FillingSettings",
        __base__=SyntheticSettings,
        name=(Literal["filling"], "filling"),
        fill=(bool, Field(default=True, description="Fill.")),
    )
    monkeypatch.setitem(ESTIMATORS, "filling", taken)

    assert choices()["fill"].names == ("--fill/--no-fill",)


def test_the_help_has_its_options_under_headings(command: Callable[..., Done]) -> None:
    headings = re.findall(r"^([A-Z].*):$", command("analyze", "--help").out, re.MULTILINE)

    assert headings == [
        *("Arguments", "Input", "Subject", "People", "Estimator", "Estimator: MediaPipe, RTMW3D, OpenMMLab"),
        *("Estimator: RTMW3D, OpenMMLab", "Estimator: RTMW3D, OpenMMLab; lifter: VideoPose3D", "Estimator: RTMW3D"),
        *(
            "Estimator: OpenMMLab",
            "Lifter",
            "Lifter: VideoPose3D",
            "Camera",
            "Processing",
            "Output",
            "Overlay",
            "Options",
        ),
    ]


def test_a_flag_of_the_lifter_and_the_estimator_reaches_whichever_runs_networks() -> None:
    from posedetector.cli.declared import settings_from

    both = settings_from({"estimator": "rtmw3d", "use_videopose3d": True, "device": "cuda", "height": "1.75"})
    lifter = settings_from({"use_videopose3d": True, "device": "cuda", "height": "1.75"})

    assert (both["estimator"].device, both["lifter"].device) == ("cuda", "cuda")
    assert lifter["estimator"] == MediaPipeSettings()
    assert lifter["lifter"].device == "cuda"


@pytest.mark.parametrize(
    ("typed", "field", "value"),
    [
        ({"refine": False}, "refine", False),
        ({"refine": None}, "refine", True),
        ({"mirrored": True}, "mirrored", True),
        ({"mirrored": False}, "mirrored", False),
        ({"max_persons": -1}, "max_persons", -1),
        ({"min_score": 0.0}, "min_score", 0.0),
        ({"movement": "Sit_to_Stand"}, "movement", "sit-to-stand"),
        ({"estimator": "rtmw3d", "batch_size": "4"}, "estimator", RTMW3DSettings(batch_size=4)),
        ({"estimator": "rtmw3d", "batch_size": "auto"}, "estimator", RTMW3DSettings()),
        ({"use_videopose3d": True, "no_flip": True}, "lifter", VideoPose3DSettings(flip=False)),
        ({"use_videopose3d": True, "no_flip": False}, "lifter", VideoPose3DSettings()),
    ],
    ids=str,
)
def test_what_is_typed_is_the_fields_value(typed: dict[str, Any], field: str, value: object) -> None:
    from posedetector.cli.declared import settings_from

    assert getattr(made(**settings_from({"height": "1.75"} | typed)), field) == value


def test_what_is_not_typed_is_the_settings_own_default() -> None:
    from posedetector.cli.declared import settings_from

    assert made(**settings_from({"height": "1.75"})) == made(lifter=NativeSettings())
