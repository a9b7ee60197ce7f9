"""The RTMPose3D package's API: what goes in, what comes out, where it differs on purpose, and MMPose's numbers through it."""

import json
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from parity.published import DETECTOR, POSE, fixture
from posedetector import RTMPose3D, RTMPose3DConfig, RTMPose3DInference, clear_cache
from posedetector.errors import InputError, OutputError, WeightsError
from posedetector.estimators import RTMW3DSettings, rtmw3d
from posedetector.pose import Array, ByteArray, PersonPose, as_picture
from posedetector.skeletons import COCO_WHOLEBODY_133
from posedetector.weights import WEIGHTS

PICTURE = np.zeros((40, 60, 3), np.uint8)
NAMES = ("rtmdet-m", "rtmw3d-l", "rtmw3d-x")
KEYS = ("keypoints_3d", "keypoints_2d", "scores", "bboxes")
no_gpu = pytest.mark.skipif(
    torch.cuda.is_available() or torch.backends.mps.is_available(), reason="this machine has a GPU"
)


@dataclass
class Networks:
    """Stand for the estimator: find the people that a test says, and keep what they were given.

    Every point of a person is at `xyz`, at his box's left and top, and seen with `score`.
    """

    boxes: list[list[float]] = field(default_factory=lambda: [[10, 20, 30, 40]])
    sure: list[float] = field(default_factory=lambda: [0.9])
    xyz: tuple[float, float, float] = (1.0, 2.0, 3.0)
    score: float = 0.5
    made: list[RTMW3DSettings] = field(default_factory=list)
    seen: list[ByteArray] = field(default_factory=list)

    def __call__(self, settings: RTMW3DSettings) -> "Networks":
        self.made.append(settings)
        return self

    def detect(self, images: list[ByteArray]) -> list[tuple[Array, Array]]:
        self.seen += images
        return [(np.array(self.boxes, float).reshape(-1, 4), np.array(self.sure, float)) for _ in images]

    def poses(self, images: list[ByteArray], boxes: list[Array]) -> list[list[PersonPose]]:
        self.seen += images
        return [[self.person(box) for box in some] for some in boxes]

    def person(self, box: Array) -> PersonPose:
        return PersonPose(
            bbox=box,
            xy=np.tile(box[:2] if self.score else [np.nan, np.nan], (133, 1)),
            score=np.full(133, self.score),
            xyz=np.tile(np.array(self.xyz), (133, 1)),
        )


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without checkpoints/."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def fill(folder: Path, *names: str) -> None:
    """Put a file of seven bytes where a network would be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / WEIGHTS[name].file).write_bytes(b"PK\x03\x04...")


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch, cache_folder: Path) -> Networks:
    fake = Networks()
    monkeypatch.setattr(rtmw3d, "RTMW3D", fake)
    fill(cache_folder, *NAMES)
    return fake


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


# what comes out


@pytest.mark.parametrize("people", [0, 1, 2])
@pytest.mark.filterwarnings("ignore:nobody was found")
def test_arrays_have_the_packages_names_kinds_and_a_row_for_everybody(networks: Networks, people: int) -> None:
    networks.boxes, networks.sure = [[10, 20, 30, 40]] * people, [0.9] * people

    found = RTMPose3DInference()(PICTURE)

    assert {name: (array.shape, array.dtype) for name, array in found.items()} == {
        "keypoints_3d": ((people, 133, 3), np.float64),
        "keypoints_2d": ((people, 133, 2), np.float64),
        "scores": ((people, 133), np.float32),
        "bboxes": ((people, 4), np.float32),
    }


def test_x_goes_right_y_away_and_z_up(networks: Networks) -> None:
    networks.xyz = (0.25, 0.5, 2.0)  # right, down, away

    assert RTMPose3DInference()(PICTURE)["keypoints_3d"][0, 7].tolist() == [0.25, 2.0, -0.5]


@pytest.mark.usefixtures("networks")
def test_points_scores_and_boxes_are_the_networks() -> None:
    found = RTMPose3DInference()(PICTURE)

    assert found["keypoints_2d"][0, 132].tolist() == [10, 20]
    assert found["scores"][0, 132] == 0.5
    assert found["bboxes"].tolist() == [[10, 20, 30, 40]]


def test_everybody_keeps_his_row(networks: Networks) -> None:
    networks.boxes, networks.sure = [[10, 20, 30, 40], [1, 2, 50, 39], [5, 6, 7, 8]], [0.9, 0.4, 0.2]

    found = RTMPose3DInference()(PICTURE)

    assert found["bboxes"][:, :2].tolist() == found["keypoints_2d"][:, 0].tolist() == [[10, 20], [1, 2]]


def test_points_not_seen_stay_nan_with_score_0(networks: Networks) -> None:
    networks.xyz, networks.score = (np.nan, np.nan, np.nan), 0.0

    found = RTMPose3DInference()(PICTURE)

    assert np.isnan(found["keypoints_3d"]).all()
    assert (found["scores"] == 0).all()


def test_a_body_is_as_much_larger_as_the_person_is_taller_than_the_grown_one(networks: Networks) -> None:
    model = RTMPose3DInference()

    grown, child = model(PICTURE)["keypoints_3d"], model(PICTURE, height=0.85)["keypoints_3d"]

    assert child == pytest.approx(grown / 2)
    assert networks.xyz == (1.0, 2.0, 3.0)


@pytest.mark.usefixtures("networks")
def test_a_height_changes_no_pixel() -> None:
    found = RTMPose3DInference()(PICTURE, height=0.85)

    assert found["keypoints_2d"][0, 0].tolist() == [10, 20]


@pytest.mark.parametrize(("height", "said"), [(178.0, "did you mean 1.78"), (np.nan, "in metres"), (0.0, "in metres")])
@pytest.mark.usefixtures("networks")
def test_a_height_that_is_none_is_refused(height: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        RTMPose3DInference()(PICTURE, height=height)


@pytest.mark.parametrize("make", [RTMPose3DInference, partial(RTMPose3D, RTMPose3DConfig())])
def test_of_nobody_the_caller_is_warned(networks: Networks, make: Callable) -> None:
    networks.boxes, networks.sure = [[10, 20, 30, 40]], [0.2]

    with pytest.warns(UserWarning, match=r"nobody was found more surely than 0\.3 \(boxes less sure: 1\)") as told:
        make()(PICTURE)

    assert [Path(one.filename) for one in told] == [Path(__file__)]


def test_a_person_counts_if_found_more_surely_than_the_threshold(networks: Networks) -> None:
    networks.boxes, networks.sure = [[1, 0, 9, 9], [2, 0, 9, 9], [3, 0, 9, 9]], [0.8, 0.5, 0.3]
    model = RTMPose3DInference()

    lefts = [model(PICTURE, threshold)["bboxes"][:, 0].tolist() for threshold in (0.0, 0.3, 0.5)]

    assert lefts == [[1, 2, 3], [1, 2], [1]]
    assert networks.made[0].bbox_thr == 0  # or the estimator would have its own


@pytest.mark.parametrize("threshold", [np.nan, -0.1, 1.1, 30, "0.3"])
@pytest.mark.usefixtures("networks")
def test_a_threshold_that_is_none_is_refused(threshold: float) -> None:
    with pytest.raises(InputError, match=r"bbox_thr is a number in \[0, 1\]"):
        RTMPose3DInference()(PICTURE, bbox_thr=threshold)


@pytest.mark.parametrize(
    ("large_sure", "left"), [(0.9, 20), (0.5, 20), (0.31, 10)], ids=["larger and surer", "larger", "too unsure"]
)
def test_a_single_person_is_the_largest_and_surest(networks: Networks, large_sure: float, left: float) -> None:
    networks.boxes, networks.sure = [[10, 0, 20, 10], [20, 0, 40, 10], [50, 0, 51, 1]], [0.8, large_sure, 0.99]

    found = RTMPose3DInference()(PICTURE, single_person=True)

    assert found["bboxes"][:, 0].tolist() == found["keypoints_2d"][:, 0, 0].tolist() == [left]
    assert [len(found[name]) for name in KEYS] == [1] * 4


def test_who_is_less_sure_than_the_threshold_is_no_single_person(networks: Networks) -> None:
    networks.boxes, networks.sure = [[10, 0, 12, 2], [20, 0, 60, 40]], [0.9, 0.29]

    assert RTMPose3DInference()(PICTURE, single_person=True)["bboxes"][:, 0].tolist() == [10]


# pictures


def test_the_networks_are_given_red_first(networks: Networks) -> None:
    RTMPose3DInference()(np.full((4, 6, 3), (1, 2, 3), np.uint8))

    assert [picture[0, 0].tolist() for picture in networks.seen] == [[3, 2, 1]] * 2
    assert all(picture.flags.c_contiguous for picture in networks.seen)


@pytest.mark.parametrize(
    ("shape", "colour"), [((4, 6), [7, 7, 7]), ((4, 6, 1), [7, 7, 7]), ((4, 6, 3), [7, 8, 9]), ((4, 6, 4), [7, 8, 9])]
)
def test_grey_is_repeated_and_transparency_left_out(shape: tuple[int, ...], colour: list[int]) -> None:
    depth = shape[2] if len(shape) == 3 else 1
    image = np.broadcast_to(np.arange(7, 7 + depth, dtype=np.uint8), (4, 6, depth)).reshape(shape)

    picture = as_picture(image)

    assert (picture.shape, picture.dtype) == ((4, 6, 3), np.uint8)
    assert (picture == colour).all()


BAD = {
    "nothing": (None, "got NoneType"),
    "a list": ([[[0, 0, 0]]], "got list"),
    "a path": ("person.jpg", "got str"),
    "a float from 0 to 1": (np.full((4, 6, 3), 0.5), "got float64.*bring it to 0–255"),
    "single precision": (np.zeros((4, 6, 3), np.float32), "got float32"),
    "16 bits": (np.zeros((4, 6, 3), np.uint16), "got uint16"),
    "a mask": (np.zeros((4, 6), bool), "got bool"),
    "no rows": (np.zeros((0, 6, 3), np.uint8), r"without a pixel: \(0, 6, 3\)"),
    "no columns": (np.zeros((4, 0), np.uint8), r"without a pixel: \(4, 0\)"),
    "no numbers": (np.array([]), r"the shape \(0,\)"),
    "no shape": (np.array(None), r"the shape \(\) of object"),
    "colours first": (np.zeros((3, 40, 60), np.uint8), r"the shape \(3, 40, 60\)"),
    "two channels": (np.zeros((4, 6, 2), np.uint8), r"the shape \(4, 6, 2\)"),
    "a batch": (np.zeros((1, 4, 6, 3), np.uint8), r"the shape \(1, 4, 6, 3\)"),
}


@pytest.mark.parametrize(("image", "said"), BAD.values(), ids=BAD.keys())
@pytest.mark.usefixtures("networks")
def test_what_is_no_picture_is_refused_with_what_it_is(image: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        RTMPose3DInference()(image)


# how it is made


@pytest.mark.parametrize(("size", "made"), [("l", "l"), ("x", "x"), ("L", "l"), ("X", "x")])
def test_a_size_is_the_network_of_that_size(networks: Networks, cache_folder: Path, size: str, made: str) -> None:
    model = RTMPose3DInference(size)

    assert model.model_size == networks.made[0].model == made
    assert networks.made[0].checkpoint == cache_folder / WEIGHTS[f"rtmw3d-{made}"].file
    assert networks.made[0].detector_checkpoint == cache_folder / WEIGHTS["rtmdet-m"].file


@pytest.mark.parametrize("size", ["m", "", "large", None])
@pytest.mark.usefixtures("networks")
def test_another_size_is_refused(size: str) -> None:
    with pytest.raises(InputError, match=f"there is no model of size {size!r}; there are l, x"):
        RTMPose3DInference(size)


@pytest.mark.parametrize("name", ["detector_config", "pose_config"])
@pytest.mark.usefixtures("networks")
def test_a_configuration_is_not_read_and_the_caller_is_told(name: str) -> None:
    with pytest.warns(UserWarning, match=f"{name} is not read") as told:
        RTMPose3DInference(**{name: "rtmw3d.py"})

    assert [Path(one.filename) for one in told] == [Path(__file__)]


@no_gpu
@pytest.mark.parametrize("device", [None, "auto", "cpu"])
def test_without_a_gpu_it_runs_on_the_processor(networks: Networks, device: str | None) -> None:
    assert RTMPose3DInference(device=device).device == networks.made[0].device == "cpu"


@no_gpu
@pytest.mark.usefixtures("networks")
def test_a_gpu_that_was_named_and_is_not_there_is_refused_and_the_processor_named() -> None:
    with pytest.raises(InputError, match=r"has no cuda:0.*device='cpu'"):
        RTMPose3DInference(device="cuda:0")


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("asked", "device"), [(None, "cuda:0"), ("cuda", "cuda:0"), ("cuda:1", "cuda:1"), ("cpu", "cpu")]
)
def test_with_gpus_it_runs_on_the_first_or_the_one_that_was_named(
    networks: Networks, asked: str | None, device: str
) -> None:
    assert RTMPose3DInference(device=asked).device == networks.made[0].device == device


@pytest.mark.parametrize("kind", [str, Path])
def test_checkpoints_of_the_callers_own_are_taken(networks: Networks, tmp_path: Path, kind: type) -> None:
    RTMPose3DInference(detector_checkpoint=kind(tmp_path / "d.pth"), pose_checkpoint=kind(tmp_path / "p.pth"))

    assert networks.made[0].detector_checkpoint == tmp_path / "d.pth"
    assert networks.made[0].checkpoint == tmp_path / "p.pth"


def test_a_checkpoint_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"there is no file .*nowhere\.pth for rtmw3d-l"):
        RTMPose3DInference(pose_checkpoint=tmp_path / "nowhere.pth", detector_checkpoint=tmp_path / "nowhere.pth")


# where its files are


@dataclass
class Server:
    """A folder that is served on this machine, and what was asked of it."""

    folder: Path
    url: str
    asked: list[str] = field(default_factory=list)

    def put(self, path: str, content: bytes) -> str:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(content)
        return f"{self.url}/{path}"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    served = Server(tmp_path / "served", "")

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            served.asked.append(self.path)

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    listening = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(served.folder)))
    served.url = f"http://127.0.0.1:{listening.server_port}"
    threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield served
    listening.shutdown()
    listening.server_close()


def torch_file(folder: Path, value: float) -> bytes:
    path = folder / "made.pth"
    torch.save({"state_dict": {"a": torch.tensor(value)}}, path)
    return path.read_bytes()


def test_files_in_a_cache_folder_of_the_callers_own_are_taken(networks: Networks, tmp_path: Path) -> None:
    fill(tmp_path / "mine", *NAMES)

    RTMPose3DInference(cache_dir=str(tmp_path / "mine"))

    assert networks.made[0].checkpoint == tmp_path / "mine" / WEIGHTS["rtmw3d-l"].file
    assert networks.made[0].detector_checkpoint == tmp_path / "mine" / WEIGHTS["rtmdet-m"].file


def test_what_is_missing_is_downloaded_into_the_callers_cache_folder(
    networks: Networks, tmp_path: Path, cache_folder: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(cache_folder.iterdir())
    fill(tmp_path / "mine", "rtmdet-m")
    url = server.put("p.pth", torch_file(tmp_path, 1.0))
    monkeypatch.setitem(WEIGHTS, "rtmw3d-l", replace(WEIGHTS["rtmw3d-l"], url=url, sha256=""))
    told: list[tuple[int, int]] = []

    RTMPose3DInference(cache_dir=tmp_path / "mine", download_progress=lambda *had: told.append(had))

    assert networks.made[0].checkpoint == tmp_path / "mine" / WEIGHTS["rtmw3d-l"].file
    assert networks.made[0].checkpoint.read_bytes() == torch_file(tmp_path, 1.0)
    assert sorted(cache_folder.iterdir()) == before
    assert told[-1][0] == told[-1][1]


def test_an_address_is_downloaded_once(networks: Networks, tmp_path: Path, cache_folder: Path, server: Server) -> None:
    url = server.put("deep/p.pth", torch_file(tmp_path, 1.0)) + "?download=true"

    for _ in range(2):
        RTMPose3DInference(pose_checkpoint=url)

    assert networks.made[0].checkpoint == networks.made[1].checkpoint
    assert networks.made[0].checkpoint.parent == cache_folder
    assert networks.made[0].checkpoint.name.endswith("-p.pth")
    assert len(server.asked) == 1


def test_files_that_are_called_alike_at_two_addresses_stay_apart(
    networks: Networks, tmp_path: Path, server: Server
) -> None:
    for value in (1.0, 2.0):
        RTMPose3DInference(pose_checkpoint=server.put(f"{value}/p.pth", torch_file(tmp_path, value)))

    values = [torch.load(made.checkpoint, weights_only=True)["state_dict"]["a"].item() for made in networks.made]
    assert values == [1.0, 2.0]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1", "https://127.0.0.1/", "http://127.0.0.1/a/..", "http://h/a%0 .pth"]
)
@pytest.mark.usefixtures("networks")
def test_an_address_of_no_file_is_refused(url: str) -> None:
    with pytest.raises(InputError, match=r"a checkpoint's address is http\(s\)://…/file\.pth"):
        RTMPose3DInference(pose_checkpoint=url)


@pytest.mark.usefixtures("networks")
def test_an_address_that_has_no_such_file_is_named(server: Server) -> None:
    with pytest.raises(WeightsError, match=r"cannot be downloaded \(404 File not found\): get http://127.*/q\.pth"):
        RTMPose3DInference(pose_checkpoint=f"{server.url}/q.pth")


def test_clearing_the_cache_removes_these_networks_and_nothing_else(cache_folder: Path, tmp_path: Path) -> None:
    fill(cache_folder, *NAMES, "mediapipe-lite")
    fill(tmp_path / "mine", *NAMES)

    assert clear_cache() == 3 * 7
    assert [path.name for path in cache_folder.iterdir()] == [WEIGHTS["mediapipe-lite"].file]
    assert len(list((tmp_path / "mine").iterdir())) == 3


def test_clearing_an_empty_cache_is_no_error() -> None:
    assert clear_cache() == 0


# made by name, saved and read


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("rbarac/rtmpose3d", "l"),
        ("rtmpose3d-l", "l"),
        ("rtmpose3d-large", "l"),
        ("RTMPose3D-X", "x"),
        ("rbarac/rtmpose3d-xlarge", "x"),
    ],
)
def test_a_name_is_a_size(networks: Networks, name: str, size: str) -> None:
    model = RTMPose3D.from_pretrained(name)

    assert model.config.model_size == networks.made[0].model == size


@pytest.mark.parametrize("name", ["rtmpose3d-s", "nowhere", "bert-base-uncased"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"there is no model|there is no config\.json"):
        RTMPose3D.from_pretrained(name)


def test_a_folder_without_settings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no config\.json in "):
        RTMPose3D.from_pretrained(tmp_path)


def test_what_is_given_beside_a_name_counts(networks: Networks) -> None:
    model = RTMPose3D.from_pretrained("rtmpose3d-l", model_size="x", device="cpu", bbox_thr=0.7)

    assert (networks.made[0].model, model.device, model.config.bbox_thr) == ("x", "cpu", 0.7)


@pytest.mark.usefixtures("networks")
def test_a_setting_that_there_is_not_is_refused() -> None:
    with pytest.raises(InputError, match="there is no setting devcie; there are bbox_thr, cache_dir, "):
        RTMPose3D.from_pretrained("rtmpose3d-l", devcie="cpu")


@pytest.mark.parametrize("name", [None, 3, "", " "])
def test_what_is_neither_a_name_nor_a_folder_is_refused(name: object) -> None:
    with pytest.raises(InputError, match="a model is a name or a folder, got"):
        RTMPose3D.from_pretrained(name)


@pytest.mark.usefixtures("networks")
def test_what_is_saved_has_the_packages_keys(tmp_path: Path) -> None:
    RTMPose3D(RTMPose3DConfig(device="cpu")).save_pretrained(tmp_path / "new" / "folder")

    assert json.loads((tmp_path / "new" / "folder" / "config.json").read_text()) == {
        "model_type": "rtmpose3d",
        "model_size": "l",
        "num_keypoints": 133,
        "bbox_thr": 0.3,
        "device": "cpu",
        "cache_dir": None,
        "detector_config": None,
        "pose_config": None,
        "detector_checkpoint": None,
        "pose_checkpoint": None,
    }


@pytest.mark.usefixtures("networks")
def test_what_was_saved_is_read(tmp_path: Path) -> None:
    saved = RTMPose3D(RTMPose3DConfig("x", bbox_thr=0.5, device="cpu", pose_checkpoint=tmp_path / "p.pth"))
    saved.save_pretrained(tmp_path)

    read = RTMPose3D.from_pretrained(tmp_path)

    assert read.config == RTMPose3DConfig("x", bbox_thr=0.5, device="cpu", pose_checkpoint=str(tmp_path / "p.pth"))
    assert [path.name for path in tmp_path.glob("config*")] == ["config.json"]


@pytest.mark.usefixtures("networks")
@pytest.mark.parametrize("made", [RTMPose3DConfig, lambda: RTMPose3D(RTMPose3DConfig())], ids=["bare", "built"])
def test_of_a_device_that_nobody_chose_nothing_is_saved(
    tmp_path: Path, made: Callable[[], RTMPose3DConfig | RTMPose3D]
) -> None:
    made().save_pretrained(tmp_path)

    assert "device" not in json.loads((tmp_path / "config.json").read_text())


def settings(folder: Path, content: object) -> Path:
    (folder / "config.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def test_settings_of_another_version_are_tolerated_in_a_folder(tmp_path: Path) -> None:
    folder = settings(tmp_path, {"model_size": "x", "architectures": ["RTMPose3D"], "transformers_version": "5"})

    assert RTMPose3DConfig.from_pretrained(folder) == RTMPose3DConfig("x")


def test_what_is_given_beside_a_folder_counts(tmp_path: Path) -> None:
    folder = settings(tmp_path, {"model_size": "x", "device": "cuda:0"})

    assert RTMPose3DConfig.from_pretrained(folder, device="cpu") == RTMPose3DConfig("x", device="cpu")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read"),
        ([1], "settings by name, and holds a list"),
        ({"model_type": "bert"}, "a model of type 'bert'"),
        ({"model_size": "m"}, "no model of size 'm'"),
        ({"num_keypoints": 17}, "num_keypoints is 133, got 17"),
        ({"bbox_thr": None}, "bbox_thr is a number"),
        ({"device": 0}, "device is a text or nothing, got 0"),
        ({"pose_checkpoint": ["a"]}, "pose_checkpoint is a text or nothing"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        RTMPose3D.from_pretrained(settings(tmp_path, content))


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(OutputError, match=r"cannot write .*config\.json"):
        RTMPose3DConfig().save_pretrained(tmp_path / "file")


# called in the other style


def test_the_settings_threshold_counts_where_none_is_given(networks: Networks) -> None:
    networks.boxes, networks.sure = [[1, 0, 9, 9], [2, 0, 9, 9]], [0.8, 0.5]
    model = RTMPose3D(RTMPose3DConfig(bbox_thr=0.6))

    assert len(model(PICTURE)["bboxes"]) == 1
    assert len(model(PICTURE, 0.4)["bboxes"]) == 2


@pytest.mark.parametrize("way", [RTMPose3D.__call__, RTMPose3D.forward], ids=["called", "forward"])
def test_all_that_can_be_said_is_handed_on(networks: Networks, way: Callable) -> None:
    networks.boxes, networks.sure = [[10, 0, 20, 10], [20, 0, 40, 10]], [0.2, 0.2]

    found = way(RTMPose3D(RTMPose3DConfig()), PICTURE, bbox_thr=0.1, single_person=True, height=0.85)

    assert found["bboxes"].tolist() == [[20, 0, 40, 10]]
    assert found["keypoints_3d"][0, 0] == pytest.approx([0.5, 1.5, -1.0])


@pytest.mark.usefixtures("networks")
def test_tensors_hold_what_the_arrays_hold() -> None:
    model = RTMPose3D.from_pretrained("rtmpose3d-l")

    arrays, tensors = model(PICTURE), model(PICTURE, return_tensors="pt")

    assert tuple(tensors) == tuple(arrays) == KEYS
    for name, array in arrays.items():
        assert tensors[name].numpy().dtype == array.dtype
        assert tensors[name].numpy().tolist() == array.tolist()


def test_other_tensors_are_refused_before_anything_is_run(networks: Networks) -> None:
    with pytest.raises(InputError, match="return_tensors is 'np' or 'pt', got 'tf'"):
        RTMPose3D(RTMPose3DConfig())(PICTURE, return_tensors="tf")

    assert networks.seen == []


@pytest.mark.usefixtures("two_gpus")
def test_to_another_device_the_networks_go(networks: Networks) -> None:
    model = RTMPose3D(RTMPose3DConfig(device="cpu"))

    moved = model.to("cuda:1")

    assert moved is model
    assert [made.device for made in networks.made] == ["cpu", "cuda:1"]
    assert model.device == model.config.device == "cuda:1"


@pytest.mark.usefixtures("two_gpus")
def test_to_the_same_device_nothing_is_read_again(networks: Networks) -> None:
    RTMPose3D(RTMPose3DConfig(device="cuda")).to("cuda:0")

    assert len(networks.made) == 1


@pytest.mark.usefixtures("two_gpus")
def test_to_a_device_that_is_not_there_nothing_goes(networks: Networks) -> None:
    model = RTMPose3D(RTMPose3DConfig(device="cuda:1"))

    with pytest.raises(InputError, match="has no cuda:2"):
        model.to("cuda:2")

    assert model.device == model.config.device == "cuda:1"
    assert len(networks.made) == 1


@pytest.mark.usefixtures("two_gpus", "networks")
def test_a_move_leaves_the_settings_that_others_hold_alone() -> None:
    config = RTMPose3DConfig()

    RTMPose3D(config).to("cuda:1")

    assert config.device is None


@pytest.mark.usefixtures("networks")
def test_it_says_what_it_is() -> None:
    model = RTMPose3D(RTMPose3DConfig("x", device="cpu"))

    assert repr(model) == "RTMPose3D(model_size='x', num_keypoints=133, device='cpu')"


def test_its_import_loads_no_network_library() -> None:
    code = (
        "import sys; from posedetector import RTMPose3D, RTMPose3DInference, clear_cache; "
        "print([name for name in ('torch', 'cv2', 'mediapipe', 'pandas', 'scipy') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"


# with networks of the published sizes, filled with known numbers


@pytest.fixture(scope="module")
def checkpoints(published: Callable[[str], Path]) -> dict[str, Path]:
    return {"detector_checkpoint": published(DETECTOR), "pose_checkpoint": published(POSE["l"])}


@pytest.fixture(scope="module")
def model(checkpoints: dict[str, Path]) -> RTMPose3DInference:
    return RTMPose3DInference(device="cpu", **checkpoints)


def test_points_and_depths_of_a_box_are_mmposes(model: RTMPose3DInference, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = fixture(POSE["l"])
    box = expected["api_bbox_xyxy"]
    monkeypatch.setattr(model._networks, "detect", lambda _: [(box, np.array([0.9]))])

    found = model(expected["api_image_bgr"])

    same = np.abs(found["keypoints_2d"] - expected["api_transformed_keypoints"]).max(axis=-1) < 1e-3
    assert same.mean() > 0.98  # where two bins are as likely, rounding decides
    depth = expected["api_keypoints"][..., 2] - 5.14388  # metres from the middle of the hips, says the network
    away = found["keypoints_3d"][..., 1] - depth
    assert (np.abs(away - np.median(away)) < 1e-5).mean() > 0.98
    hips = COCO_WHOLEBODY_133.indices("left_hip", "right_hip")
    assert np.median(away) == pytest.approx(-depth[0, hips].mean(), abs=1e-2)  # a bin more or less
    assert found["keypoints_3d"][0, hips].mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-12)
    assert found["scores"].max() <= 1 < expected["api_scores"].max()
    assert found["bboxes"] == pytest.approx(box)


def test_a_picture_is_projected_without_perspective(model: RTMPose3DInference, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = fixture(POSE["l"])
    monkeypatch.setattr(model._networks, "detect", lambda _: [(expected["api_bbox_xyxy"], np.array([0.9]))])

    found = model(expected["api_image_bgr"])

    across, up = found["keypoints_3d"][0, :, [0, 2]]
    pixels = found["keypoints_2d"][0]
    metres_a_pixel = np.ptp(across) / np.ptp(pixels[:, 0])
    assert across - across[0] == pytest.approx((pixels[:, 0] - pixels[0, 0]) * metres_a_pixel)
    assert up - up[0] == pytest.approx(-(pixels[:, 1] - pixels[0, 1]) * metres_a_pixel)


def test_boxes_are_mmdetections(model: RTMPose3DInference, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = fixture(DETECTOR)
    monkeypatch.setattr(model._networks, "poses", lambda _, boxes: [[Networks().person(box) for box in boxes[0]]])
    threshold = float(np.sort(expected["api_scores"])[-21:-19].mean())  # between the twentieth and the next

    found = model(expected["api_image_bgr"], bbox_thr=threshold)

    assert len(found["bboxes"]) == 20
    for box in found["bboxes"]:
        assert np.abs(expected["api_bboxes"] - box).max(axis=1).min() < 0.05


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 2000), (2000, 1, 4)], ids=["a pixel", "a row", "a column"])
def test_the_smallest_pictures_can_be_looked_at(model: RTMPose3DInference, shape: tuple[int, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nobody may be found
        found = model(np.zeros(shape, np.uint8), single_person=True)

    assert found["bboxes"].shape in {(0, 4), (1, 4)}


def test_a_checkpoint_of_the_other_size_is_refused(checkpoints: dict[str, Path]) -> None:
    with pytest.raises(WeightsError, match="is RTMW3D-l, and RTMW3D-x was wanted"):
        RTMPose3DInference("x", device="cpu", **checkpoints)
