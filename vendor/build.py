"""Bundle the report page's libraries from npm, at the versions that package-lock.json holds.

`python vendor/build.py` writes libraries.js, libraries.css and libraries.LICENSES.txt into the package's assets; `--check`
writes nothing and fails where one of them is not byte for byte what would be written. Needs Node.js with npm, and a
registry to install from (`npm ci` verifies each package's digest); nothing of Python's beyond its library.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ASSETS = HERE.parent / "src" / "posedetector" / "report" / "assets"
LIBRARIES = ("three", "uplot")
# what would end or distort a script inside a page, in a browser's eyes
UNFIT = ("</script", "<script", "<!--")


def main() -> int:
    """Write the bundle, or compare it; return the exit status."""
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        print("usage: build.py [--check]", file=sys.stderr)
        return 2
    if "resolved" in (HERE / "package-lock.json").read_text(encoding="utf-8"):
        print("package-lock.json names a registry's host: run npm in vendor/, whose .npmrc leaves them out")
        return 1
    bundle = built()
    if not check:
        ASSETS.mkdir(parents=True, exist_ok=True)
        for name, text in bundle.items():
            (ASSETS / name).write_bytes(text)
            print(f"{name}: {len(text):,} bytes")
        return 0
    stale = [name for name, text in bundle.items() if not _holds(ASSETS / name, text)]
    print(f"not what vendor/ makes: {', '.join(stale)}; run vendor/build.py" if stale else "the bundle is vendor/'s")
    return 1 if stale else 0


def _holds(path: Path, text: bytes) -> bool:
    return path.is_file() and path.read_bytes() == text


def built() -> dict[str, bytes]:
    """Return the bundle's files by name, made in a folder of its own."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is missing: install Node.js (Debian: nodejs and npm)")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name in ("package.json", "package-lock.json", ".npmrc", "libraries.mjs"):
            shutil.copy(HERE / name, work)
        subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=work, check=True)
        licences = "\n\n".join(_licence(work / "node_modules" / name) for name in LIBRARIES) + "\n"
        # a page travels without the file beside it, and the licences ask to be in every copy
        banner = f"/*!\n{licences}*/"
        esbuild = work / "node_modules" / ".bin" / "esbuild"
        options = [
            "--bundle",
            "--minify",
            "--format=iife",
            "--target=es2022",
            "--legal-comments=none",
            "--log-level=error",
        ]
        run = [esbuild, "libraries.mjs", *options, f"--banner:js={banner}"]
        script = subprocess.run(run, cwd=work, check=True, stdout=subprocess.PIPE).stdout
        style = (work / "node_modules" / "uplot" / "dist" / "uPlot.min.css").read_bytes()
    if unfit := [mark for mark in UNFIT if mark.encode() in script.lower()]:
        raise SystemExit(f"the bundle contains {', '.join(unfit)}: it cannot stand inside a page")
    return {"libraries.js": script, "libraries.css": style, "libraries.LICENSES.txt": licences.encode()}


def _licence(package: Path) -> str:
    about = json.loads((package / "package.json").read_text(encoding="utf-8"))
    text = (package / "LICENSE").read_text(encoding="utf-8").strip()
    return f"{about['name']} {about['version']}\n\n{text}"


if __name__ == "__main__":
    sys.exit(main())
