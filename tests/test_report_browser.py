"""The report page in a real browser: Chromium of the distribution, driven by Playwright, with the network off."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from conftest import chromium
from posedetector.account import serious
from posedetector.pose import Source
from posedetector.report.page import render
from posedetector.report.results import Results
from posedetector.trial import Trial
from report_pages import RATE, repeated, walked

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.extra("browser")

FRAMES = 240
# a GPU's work done by the CPU, and nothing that looks for the network
FLAGS = (
    *("--disable-gpu", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
WATCH = (
    "window.violations = []; addEventListener('securitypolicyviolation', (e) => violations.push(e.violatedDirective));"
)
NO_WEBGL = """
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind.startsWith("webgl") ? null : getContext.call(this, kind, ...more);
};
"""


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shelf() -> dict[str, Results]:
    return {}


@pytest.fixture
def walk(trial: Trial, shelf: dict[str, Results]) -> Results:
    """Four seconds of walking at 60 frames a second, made once."""
    if "walk" not in shelf:
        shelf["walk"] = walked(trial, FRAMES)
    return shelf["walk"]


@pytest.fixture(scope="module")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A video of as many frames as the walk, each of another grey."""
    path = tmp_path_factory.mktemp("video") / "overlay.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(int(RATE)))
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for grey in range(FRAMES):
            picture = av.VideoFrame.from_ndarray(np.full((90, 160, 3), grey, np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path.read_bytes()


@dataclass
class Opened:
    """A page in the browser, and all that went wrong on it or that it asked for."""

    page: "Page"
    results: Results
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def hear(self, kind: str, text: str) -> None:
        """Keep what the console said, but for how a browser without a GPU brings WebGL to the screen."""
        if "GPU stall due to ReadPixels" not in text:
            self.said.append(f"{kind}: {text}")

    def get(self, what: str) -> Any:
        """Return something that the page's script lets tests read."""
        return self.page.evaluate(f"report.{what}")

    def rest(self) -> None:
        """Wait until all views show what they were last sent to."""
        self.page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))"
        )
        self.until("!document.getElementById('film').seeking")

    def until(self, what: str) -> None:
        """Wait for something in the page; Playwright's own way is an `eval`, which the page forbids."""
        end = time.monotonic() + 20
        while not self.page.evaluate(what):
            assert time.monotonic() < end, f"waited for {what}"
            self.page.wait_for_timeout(15)

    @property
    def moments(self) -> tuple[float, float, float]:
        """Seconds that the curves' cursors show, that the skeleton shows (by its left knee), and that the video shows."""
        cursors = self.get("cursor")
        assert np.ptp(cursors) == pytest.approx(0, abs=1e-6)
        knee = next(place for name, *place in self.get("points") if name == "left_knee")
        away = np.linalg.norm(self.results.positions[:, self.results.points.index("left_knee")] - knee, axis=1)
        assert away.min() < 1e-3
        return cursors[0], float(self.results.time[away.argmin()]), self.get("video")

    def shows(self, frame: int) -> bool:
        """Tell whether curves, skeleton and video show this frame."""
        cursor, body, video = (moment * RATE for moment in self.moments)
        return abs(cursor - frame) < 0.5 and abs(body - frame) < 0.5 and 0 <= video - frame < 1


def load(
    browser: "Browser",
    folder: Path,
    results: Results,
    film: bytes | None,
    *,
    script: str = "",
    waits: bool = True,
    **options: Any,
) -> Opened:
    """Write the page of some results into a folder, with its video if there is one, and open it from there."""
    path = folder / "report.html"
    path.write_text(render(results), encoding="utf-8")
    if film and results.overlay:
        (folder / results.overlay).write_bytes(film)
    context = browser.new_context(**{"viewport": {"width": 1400, "height": 1000}, "offline": True} | options)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.add_init_script(WATCH + script)
    one = Opened(page, results)
    page.on("console", lambda message: one.hear(message.type, message.text))
    page.on("pageerror", lambda error: one.said.append(f"uncaught: {error}"))
    page.on("dialog", lambda dialog: (one.said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: one.asked.append(request.url))
    page.goto(path.as_uri())
    if waits:
        page.wait_for_selector("html.ready")
        if film and results.overlay:
            one.until("document.getElementById('film').readyState >= 2")
        one.rest()
    return one


Open = Callable[..., Opened]


@pytest.fixture
def opened(browser: "Browser", tmp_path: Path) -> Iterator[Open]:
    """Open a page of its own: slow, since shaders are compiled for each."""
    pages = []

    def open_page(results: Results, **options: Any) -> Opened:
        pages.append(load(browser, tmp_path, results, None, **options))
        return pages[-1]

    yield open_page
    for one in pages:
        one.page.context.close()


@pytest.fixture(scope="module")
def shown() -> Iterator[list[Opened]]:
    pages: list[Opened] = []
    yield pages
    for one in pages:
        one.page.context.close()


@pytest.fixture
def one(
    browser: "Browser", filmed: Results, overlay: bytes, shown: list[Opened], tmp_path_factory: pytest.TempPathFactory
) -> Opened:
    """The walk's page with its video, as it looks when it was just opened; several tests share it."""
    if not shown:
        shown.append(load(browser, tmp_path_factory.mktemp("page"), filmed, overlay))
    page = shown[0].page
    page.locator("#speed").select_option("1")
    page.locator("#range").select_option("")
    if shown[0].get("loop"):
        page.locator("#loop").click()
    page.evaluate("document.activeElement.blur()")
    for key in ("Home", "0", "1"):
        page.keyboard.press(key)
    shown[0].rest()
    return shown[0]


@pytest.fixture
def filmed(walk: Results) -> Results:
    return replace(walk, overlay="overlay.mp4")


def test_the_page_opens_from_disk_with_the_network_off_and_asks_for_its_video_alone(one: Opened) -> None:
    assert [url.rpartition("/")[2] for url in one.asked if url.startswith("file:")] == ["report.html", "overlay.mp4"]
    assert [url for url in one.asked if not url.startswith("file:")] == []
    assert one.said == []
    assert one.page.evaluate("violations") == []


def test_a_script_that_is_not_the_page_s_own_does_not_run(walk: Results, opened: Open) -> None:
    one = opened(walk, script=NO_WEBGL)

    one.page.evaluate(
        "{ const script = document.createElement('script'); script.textContent = 'window.foreign = 1'; document.body.append(script) }"
    )

    assert one.page.evaluate("[window.foreign, violations]") == [None, ["script-src-elem"]]


def test_nothing_plays_by_itself(one: Opened) -> None:
    assert (one.get("playing"), one.get("frame"), one.page.evaluate("document.getElementById('film').paused")) == (
        False,
        0,
        True,
    )


def press(*keys: str) -> Callable[[Opened], None]:
    def act(one: Opened) -> None:
        for key in keys:
            one.page.keyboard.press(key)

    return act


def drag(one: Opened) -> None:
    """From a fifth to half of the width of the second curve."""
    box = one.page.locator(".u-over").nth(1).bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    one.page.mouse.move(box["x"] + 0.2 * box["width"], middle)
    one.page.mouse.down()
    one.page.mouse.move(box["x"] + 0.5 * box["width"], middle, steps=4)
    one.page.mouse.up()


def slide(one: Opened) -> None:
    one.page.get_by_label("Frame", exact=True).fill("100")


def click(one: Opened) -> None:
    one.page.get_by_label("Last frame").click()
    one.page.get_by_label("One frame back").click()


@pytest.mark.parametrize(
    ("act", "frame"),
    [
        (press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"), 2),
        (press("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowLeft"), 10),
        (press("End"), FRAMES - 1),
        (press("End", "Home"), 0),
        (drag, round(0.5 * (FRAMES - 1))),
        (slide, 100),
        (click, FRAMES - 2),
    ],
    ids=["arrows", "arrows with shift", "end", "home", "drag", "slider", "buttons"],
)
def test_one_cursor_moves_video_skeleton_and_curves(one: Opened, act: Callable[[Opened], None], frame: int) -> None:
    act(one)
    one.rest()

    assert abs(one.get("frame") - frame) <= (1 if act is drag else 0)
    assert one.shows(one.get("frame"))


def test_the_video_that_plays_moves_skeleton_and_curves(one: Opened) -> None:
    one.page.keyboard.press("Space")
    one.until("report.frame > 20 && report.source === 'video'")
    one.page.keyboard.press("Space")
    one.rest()

    assert not one.get("playing")
    assert one.shows(one.get("frame"))


def test_playing_ends_at_the_last_frame(one: Opened) -> None:
    one.page.get_by_label("Frame", exact=True).fill(str(FRAMES - 20))
    one.page.keyboard.press("Space")
    one.until("!report.playing")
    one.rest()

    assert one.get("frame") == FRAMES - 1
    assert one.shows(FRAMES - 1)


def test_speed_is_the_video_s(one: Opened) -> None:
    one.page.get_by_label("Speed").select_option("0.25")
    one.page.keyboard.press("Tab")
    one.page.get_by_label("Play", exact=True).click()
    one.until("report.frame > 2")

    assert one.page.evaluate("document.getElementById('film').playbackRate") == 0.25


def test_a_gait_cycle_is_repeated(one: Opened) -> None:
    option = one.page.locator("#range option").nth(1)
    start, end = map(float, re.findall(r"\d+\.\d+", option.text_content() or ""))

    one.page.locator("#range").select_option("0")
    one.page.get_by_label("Frame", exact=True).fill(str(round(end * RATE) - 10))
    one.page.keyboard.press("Space")
    one.until(f"report.time < {start + 0.2}")

    assert one.get("playing")
    assert one.get("time") >= start - 1 / RATE


@pytest.mark.parametrize("key", ["1", "2", "3", "4"])
def test_the_preset_views_look_along_the_laboratory_s_axes(one: Opened, key: str) -> None:
    one.page.keyboard.press(key)
    one.rest()

    view = one.get("camera")
    away = np.array(view["position"]) - view["target"]
    stand = np.array(one.results.account.calibration.camera_position_m)
    wanted = {"1": [1, 0, 0], "2": [0, 0, 1], "3": [0, 1, 0], "4": stand - view["target"]}[key]
    assert away @ wanted / np.linalg.norm(away) / np.linalg.norm(wanted) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("frame", [0, 77, FRAMES - 1])
def test_the_angles_that_the_page_shows_are_the_table_s(one: Opened, frame: int) -> None:
    one.page.get_by_label("Frame", exact=True).fill(str(frame))
    one.rest()

    shown = one.page.eval_on_selector_all(
        "output.value", "all => all.map((one) => [one.dataset.side, one.dataset.joint, one.textContent])"
    )
    assert len(shown) > 8
    for side, joint, text in shown:
        name = f"{side}_{joint}".removeprefix("_")
        value, half = map(float, text.replace("−", "-").replace("°", "").split(" ± "))
        # shown to a tenth, of values that the page holds to a hundredth
        assert value == pytest.approx(one.results.angles[name][frame], abs=0.0551)
        assert half == pytest.approx(1.645 * one.results.angles_sd[name][frame], abs=0.06)


def test_feet_are_marked_while_they_stand(one: Opened) -> None:
    events = one.results.tables["gait_events"]
    left = events[events["side"] == "left"]
    contact = left[left["event"] == "initial_contact"]["timestamp_s"].iloc[0]
    off = left[(left["event"] == "foot_off") & (left["timestamp_s"] > contact)]["timestamp_s"].iloc[0]

    marked = []
    for moment in ((contact + off) / 2, off + 0.1):
        one.page.get_by_label("Frame", exact=True).fill(str(round(moment * RATE)))
        one.rest()
        marked.append(one.get("contact")["left"])

    assert marked == [True, False]


def test_a_landmark_that_is_missing_is_not_drawn(walk: Results, opened: Open) -> None:
    positions, source = walk.positions.copy(), walk.source.copy()
    wrist = walk.points.index("left_wrist")
    positions[5, wrist], source[5, wrist] = np.nan, Source.NONE
    one = opened(replace(walk, positions=positions, source=source))

    drawn = []
    for frame in (4, 5):
        one.page.get_by_label("Frame", exact=True).fill(str(frame))
        one.rest()
        drawn.append({name for name, *_ in one.get("points")})

    assert drawn[0] - drawn[1] == {"left_wrist"}


def test_the_keyboard_alone_reaches_every_control(one: Opened) -> None:
    mark = "document.querySelectorAll('.viewer :is(button, input, select, summary)').forEach((one, index) => one.disabled || (one.dataset.nth = index))"
    one.page.evaluate(mark)
    wanted = set(one.page.eval_on_selector_all("[data-nth]", "all => all.map((one) => one.dataset.nth)"))

    reached = set()
    for _ in range(len(wanted) + 15):
        one.page.keyboard.press("Tab")
        reached.add(one.page.evaluate("document.activeElement.dataset.nth"))

    assert len(wanted) >= 20
    assert wanted <= reached


def test_space_on_a_button_is_the_button_s_and_in_a_list_the_list_s(one: Opened) -> None:
    one.page.get_by_label("One frame forward").focus()
    one.page.keyboard.press("Space")
    one.page.locator("#speed").focus()
    one.page.keyboard.press("ArrowUp")
    one.page.keyboard.press("End")
    one.rest()

    assert (one.get("frame"), one.get("playing")) == (1, False)


def test_the_keyboard_zooms_in_time_and_turns_the_view(one: Opened) -> None:
    before = one.get("camera")["position"]

    one.page.keyboard.press("+")
    one.page.get_by_label("Turn the view to the left").focus()
    one.page.keyboard.press("Enter")
    one.rest()

    start, end = one.get("zoom")
    assert end - start == pytest.approx((FRAMES - 1) / RATE / 2, rel=0.01)
    assert one.get("camera")["position"] != pytest.approx(before, abs=0.05)


def test_hostile_names_and_notes_are_text(walk: Results, opened: Open) -> None:
    name = "<img src=x onerror=alert(1)>"
    note = "</script><script>window.foreign = 1</script><b>bold</b>"
    account = walk.account.model_copy(update={"notes": [serious(note)]})

    one = opened(replace(walk, name=name, account=account), script=NO_WEBGL)

    assert one.page.locator("h1").text_content() == name
    assert one.page.title().startswith(name)
    assert note in (one.page.locator("#quality").text_content() or "")
    assert one.page.evaluate("[window.foreign, document.images.length]") == [None, 0]
    assert one.said == []


def test_without_its_video_the_page_says_so_and_works(filmed: Results, opened: Open) -> None:
    one = opened(filmed)
    one.page.wait_for_selector("#film-note:visible")

    one.page.keyboard.press("Space")
    one.until("report.frame > 5")

    assert "overlay.mp4 is not beside this page" in (one.page.locator("#film-note").text_content() or "")
    assert one.get("source") == "clock"


def test_without_webgl_the_page_says_so_and_works(walk: Results, opened: Open) -> None:
    one = opened(walk, script=NO_WEBGL)

    one.page.keyboard.press("ArrowRight")
    one.rest()

    assert "no WebGL" in (one.page.locator("#body-note").text_content() or "")
    assert one.get("cursor")[0] == pytest.approx(1 / RATE, abs=1e-4)
    assert one.said == []


def test_without_a_script_the_results_can_be_read(walk: Results, opened: Open) -> None:
    one = opened(walk, waits=False, java_script_enabled=False)

    assert '<noscript><p class="notice">JavaScript is off' in one.page.content()
    assert one.page.locator("#quality").is_visible()
    assert not one.page.locator("#viewer").is_visible()


def test_a_browser_that_cannot_unpack_the_data_is_told(walk: Results, opened: Open) -> None:
    one = opened(walk, waits=False, script="delete window.DecompressionStream;")

    one.page.wait_for_selector("#trouble:visible")

    assert "cannot unpack the page's data" in (one.page.locator("#trouble").text_content() or "")


def cut(results: Results, frames: int) -> Results:
    return replace(repeated(results, frames), tables={name: table.iloc[:0] for name, table in results.tables.items()})


def unseen(results: Results) -> Results:
    positions, source = np.full_like(results.positions, np.nan), np.full_like(results.source, Source.NONE)
    angles = {name: np.full_like(values, np.nan) for name, values in results.angles.items()}
    return replace(cut(results, FRAMES), positions=positions, source=source, angles=angles, angles_sd=angles)


@pytest.mark.parametrize(
    "poor",
    [lambda walk: cut(walk, 1), lambda walk: cut(walk, 2), unseen],
    ids=["one picture", "two frames", "nothing seen"],
)
def test_a_page_of_little_opens_without_a_complaint(
    walk: Results, opened: Open, poor: Callable[[Results], Results]
) -> None:
    one = opened(poor(walk))

    one.page.keyboard.press("End")
    one.page.keyboard.press("3")
    one.rest()

    assert one.get("frame") == one.get("frames") - 1
    assert one.said == []


def test_nothing_is_wider_than_a_phone_in_light_and_dark(filmed: Results, opened: Open) -> None:
    one = opened(filmed, viewport={"width": 390, "height": 844}, has_touch=True)

    grounds = []
    for scheme in ("light", "dark"):
        one.page.emulate_media(color_scheme=scheme)
        one.rest()
        assert one.page.evaluate("document.documentElement.scrollWidth") == 390
        grounds.append(one.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    assert grounds == ["rgb(246, 247, 249)", "rgb(15, 19, 23)"]


def test_the_page_prints_on_two_sheets_and_comes_back(one: Opened) -> None:
    before = one.page.locator(".u-over").first.bounding_box()

    document = one.page.pdf(prefer_css_page_size=True)
    one.rest()

    assert len(re.findall(rb"/Type /Page\b", document)) == 2
    assert one.page.locator(".u-over").first.bounding_box() == before
    assert one.said == []


def test_twenty_thousand_frames_play_without_a_freeze_and_keep_their_numbers(walk: Results, opened: Open) -> None:
    long = repeated(walk, 20_000)
    one = opened(long)
    gaps = "window.gap = 0; let last = performance.now(); const watch = (now) => { gap = Math.max(gap, now - last); last = now; requestAnimationFrame(watch) }; requestAnimationFrame(watch)"

    one.page.evaluate(f"() => {{ {gaps} }}")
    one.page.keyboard.press("Space")
    one.page.wait_for_timeout(1500)
    one.page.keyboard.press("Space")

    assert one.get("frame") > 50
    assert (
        one.page.evaluate("gap") < 1000
    )  # milliseconds; a machine that does other things at the same time may stutter
    assert max(one.get("drawn")) < 3000  # of 20,000
    one.page.get_by_label("Frame", exact=True).fill("12345")
    one.rest()
    shown = one.page.locator("output[data-joint=knee_flexion][data-side=left]").text_content() or ""
    assert float(shown.partition("°")[0].replace("−", "-")) == pytest.approx(
        long.angles["left_knee_flexion"][12345], abs=0.0551
    )
