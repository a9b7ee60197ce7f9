"""How large the report page is and how fast it moves: a walk of 20,000 frames, in the distribution's Chromium without a GPU.

`uv run --group browser python benchmarks/report.py` analyses the sample clip and repeats its frames to that length.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from posedetector.cli import main as posedetector
from posedetector.report.page import render
from posedetector.report.results import Results, read_results

CLIP = Path(__file__).parent.parent / "data" / "samples" / "walk_side.mp4"
FLAGS = ("--disable-gpu", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run")
SECONDS = 6
# milliseconds between the page's drawings while it plays, by its own animation frames
WATCH = """(seconds) => new Promise((done) => {
  const [gaps, first] = [[], report.draws];
  let last = performance.now();
  const end = last + 1000 * seconds;
  const watch = (now) => {
    gaps.push(now - last);
    last = now;
    if (now < end) requestAnimationFrame(watch);
    else done({ gaps, draws: report.draws - first });
  };
  requestAnimationFrame(watch);
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=60.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        analysed(folder)
        short = read_results(folder)
        for results in (short, repeated(short, options.frames, options.rate)):
            path = folder / "measured.html"
            start = time.perf_counter()
            path.write_text(render(results), encoding="utf-8")
            seconds = time.perf_counter() - start
            print(f"{len(results.time):,} frames: {path.stat().st_size / 1e6:.2f} MB, written in {seconds:.2f} s")
        measure(path)


def analysed(folder: Path) -> None:
    try:
        posedetector(["analyze", "--video", str(CLIP), "--height", "1.65", "--output-dir", str(folder)])
    except SystemExit as end:
        if end.code:
            raise


def repeated(results: Results, frames: int, rate: float) -> Results:
    """Return the results with their frames over and over, to and fro, with noise of their own as a long clip has it."""
    there = np.arange(len(results.time))
    rows = np.resize(np.concatenate([there, there[::-1]]), frames)
    noise = np.random.default_rng(0)
    return replace(
        results,
        time=np.arange(frames) / rate,
        frames=np.arange(frames),
        positions=results.positions[rows] + noise.normal(0, 0.002, (frames, *results.positions.shape[1:])),
        source=results.source[rows],
        angles={name: values[rows] + noise.normal(0, 0.5, frames) for name, values in results.angles.items()},
        angles_sd={name: values[rows] for name, values in results.angles_sd.items()},
    )


def measure(path: Path) -> None:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = chromium.new_context(viewport={"width": 1400, "height": 1000}, offline=True).new_page()
        page.goto(path.as_uri())
        page.wait_for_selector("html.ready")
        print(f"opens in {page.evaluate('performance.now()') / 1000:.1f} s")
        for what, keys in (("whole clip in view", ()), ("zoomed to an eighth", ("+", "+", "+"))):
            for key in keys:
                page.keyboard.press(key)
            page.keyboard.press("Home")
            page.wait_for_timeout(500)
            page.keyboard.press("Space")
            told = page.evaluate(WATCH, SECONDS)
            page.keyboard.press("Space")
            gaps = told["gaps"]
            print(
                f"{what}: {told['draws'] / SECONDS:.0f} drawings a second while playing; "
                f"{statistics.median(gaps):.0f} ms from one to the next (median), {max(gaps):.0f} ms at most"
            )
        chromium.close()


if __name__ == "__main__":
    main()
