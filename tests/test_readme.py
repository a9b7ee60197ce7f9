"""The README's Python: what analyses a clip is run, on the sample."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)
EXAMPLES = [code for code in BLOCKS if "analyze(" in code]


def test_the_readme_has_an_example_of_an_analysis() -> None:
    assert EXAMPLES


@pytest.mark.usefixtures("each_clip_once")
@pytest.mark.parametrize("code", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_readmes_examples_run(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`clip.mp4` is the sample; files are written beside it."""
    (tmp_path / "clip.mp4").symlink_to(ROOT / "data" / "samples" / "walk_side.mp4")
    monkeypatch.chdir(tmp_path)

    exec(compile(code, "README.md", "exec"), {})
