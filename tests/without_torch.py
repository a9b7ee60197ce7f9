"""Runs commands where PyTorch cannot be found, and prints what became of them as JSON; test_without_torch.py starts this.

python tests/without_torch.py '[["weights", "list"], …]'
"""

import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib.machinery import ModuleSpec, PathFinder
from io import StringIO
from types import ModuleType

SOUGHT: list[str] = []


class Hiding(PathFinder):
    """Finds what is installed, but for PyTorch."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in {"torch", "torchvision"}:
            SOUGHT.append(fullname)
            return None
        return super().find_spec(fullname, path, target)


def run(words: list[str]) -> dict[str, object]:
    SOUGHT.clear()
    out, errors = StringIO(), StringIO()
    status: object = 0
    with redirect_stdout(out), redirect_stderr(errors):
        try:
            if words[0] == "python":
                exec(words[1], {})
            else:
                from posedetector.cli import main

                main(words)
        except SystemExit as ended:
            status = ended.code or 0
        except Exception as error:  # noqa: BLE001 -- of Python's commands, whose name is told
            status = 2
            errors.write(f"{type(error).__name__}: {error}")
    return {"status": status, "out": out.getvalue(), "errors": errors.getvalue(), "sought": [*SOUGHT]}


if __name__ == "__main__":
    sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
    sys.stdout.write(json.dumps([run(words) for words in json.loads(sys.argv[1])]))
