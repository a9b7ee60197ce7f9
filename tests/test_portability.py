"""Linux, macOS, Windows: no name that only Unix has, text files that are the same bytes everywhere, and what Windows refuses."""

import ast
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PureWindowsPath

import ezc3d
import pytest

import posedetector
from commands import Done
from posedetector.errors import OutputError
from posedetector.estimators.mediapipe import _SilentStderr
from posedetector.readers.c3d import hand_over
from posedetector.trial import Trial
from posedetector.video import source_name
from posedetector.writers import Folder
from posedetector.writers.c3d import write_c3d

ROOT = Path(posedetector.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# Python's documentation, "Availability: Unix" (os, signal, time, socket, pathlib) and chapter "Unix-specific services"
MODULES = {
    *("crypt", "curses", "fcntl", "grp", "nis", "posix", "pty", "pwd", "readline", "resource", "spwd", "syslog"),
    *("termios", "tty"),
}
UNIX: dict[str, set[str]] = {
    "os": {
        *(
            "chflags",
            "chown",
            "chroot",
            "confstr",
            "ctermid",
            "eventfd",
            "fchdir",
            "fchown",
            "fork",
            "forkpty",
            "fpathconf",
        ),
        *("fstatvfs", "getegid", "geteuid", "getgid", "getgroups", "getloadavg", "getpgid", "getpgrp", "getpriority"),
        *("getresuid", "getsid", "getuid", "getxattr", "killpg", "lchown", "listxattr", "lockf", "major", "makedev"),
        *("memfd_create", "minor", "mkfifo", "mknod", "mremap", "nice", "openpty", "pathconf", "pidfd_open", "pipe2"),
        *("posix_fadvise", "posix_fallocate", "posix_spawn", "posix_spawnp", "pread", "preadv", "pwrite", "pwritev"),
        *("readv", "removexattr", "sched_getaffinity", "sched_setaffinity", "sched_yield", "sendfile", "setegid"),
        *("seteuid", "setgid", "setpgid", "setpriority", "setsid", "setuid", "setxattr", "statvfs", "sync", "sysconf"),
        *("tcgetpgrp", "tcsetpgrp", "ttyname", "uname", "wait", "wait3", "wait4", "waitid", "writev"),
        *("O_ASYNC", "O_CLOEXEC", "O_DIRECT", "O_DIRECTORY", "O_DSYNC", "O_NDELAY", "O_NOATIME", "O_NOCTTY"),
        *("O_NOFOLLOW", "O_NONBLOCK", "O_PATH", "O_SYNC", "O_TMPFILE", "WNOHANG"),
        *("link", "rename", "symlink"),  # refused on Windows: over a file that exists, without rights
    },
    "signal": {
        *("SIGALRM", "SIGBUS", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGTSTP"),
        *("SIGUSR1", "SIGUSR2", "SIGWINCH", "alarm", "getitimer", "pause", "pthread_kill", "pthread_sigmask"),
        *("setitimer", "siginterrupt", "sigpending", "sigwait"),
    },
    "time": {"clock_gettime", "clock_settime", "pthread_getcpuclockid", "tzset"},
    "socket": {"AF_UNIX", "socketpair"},
    "asyncio": {"open_unix_connection", "start_unix_server"},
}
ARGUMENTS = {"preexec_fn", "start_new_session", "process_group", "pass_fds", "umask"}  # of subprocess
METHODS = {"hardlink_to", "is_mount", "lchmod", "owner", "symlink_to"}  # of Path
FOLDERS = ("/dev/", "/etc/", "/proc/", "/tmp", "/usr/", "/var/")
KNOWN = {
    "opening.py": {"/dev/fd/", "/dev/stdin", "/proc/self/fd/"}
}  # what a shell of Unix hands over; only compared with


def unix_only(code: str) -> Iterator[str]:
    """Every expression that does not work on Windows."""
    for node in ast.walk(ast.parse(code)):
        yield from (*unix_imports(node), *unix_names(node), *unix_calls(node))


def unix_imports(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from MODULES & {alias.name.partition(".")[0] for alias in names}
        case ast.ImportFrom(module=str(module), names=names):
            yield from {module} & MODULES
            yield from UNIX.get(module, set()) & {alias.name for alias in names}
        case ast.Call(func=ast.Name(id="import_module" | "__import__"), args=[ast.Constant(value=str(module))]):
            yield from {module} & MODULES


def unix_names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Attribute(value=ast.Name(id=module), attr=name) if name in UNIX.get(module, set()):
            yield f"{module}.{name}"
        case ast.Attribute(attr=name) if name in METHODS:
            yield name
        case ast.keyword(arg=str(name)) if name in ARGUMENTS:
            yield name
        case ast.Constant(value=str(text)) if text.startswith(FOLDERS):
            yield text


def unix_calls(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(attr="rename"), args=[_]):  # pandas' has keywords
            yield "rename, where replace would do over a file too"
        case ast.Name(id="NamedTemporaryFile") | ast.Attribute(attr="NamedTemporaryFile"):
            yield "NamedTemporaryFile, which Windows opens once"
        case ast.Call(func=ast.Name(id="get_context"), args=[ast.Constant(value="fork" | "forkserver")]):
            yield "processes that fork"
        case ast.Call(func=ast.Name(id="ProcessPoolExecutor"), args=args, keywords=named) if len(
            args
        ) < 2 and "mp_context" not in {one.arg for one in named}:
            yield "processes that start as the system likes"


@pytest.mark.parametrize(
    "code",
    [
        "import resource",
        "def peak():\n    import resource as r",
        "from fcntl import flock",
        "from os import fork",
        "import_module('pwd')",
        "os.statvfs(folder)",
        "os.open(path, os.O_NOFOLLOW)",
        "signal.signal(signal.SIGHUP, stop)",
        "subprocess.Popen(command, preexec_fn=limit)",
        "part.rename(path)",
        "os.rename(part, path)",
        "path.symlink_to(other)",
        "NamedTemporaryFile()",
        "get_context('fork')",
        "ProcessPoolExecutor(4)",
        "Path('/tmp/clip')",
        "open('/dev/null')",
    ],
)
def test_what_only_unix_has_is_recognised(code: str) -> None:
    assert list(unix_only(code))


@pytest.mark.parametrize(
    "code",
    [
        "part.replace(path)",
        "table.rename(columns=names)",
        "os.dup2(kept, 2)",
        "signal.raise_signal(signal.SIGTERM)",
        "ProcessPoolExecutor(4, get_context('spawn'))",
    ],
)
def test_what_every_system_has_is_left_alone(code: str) -> None:
    assert list(unix_only(code)) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_library_uses_nothing_that_only_unix_has(path: Path) -> None:
    assert set(unix_only(path.read_text(encoding="utf-8"))) - KNOWN.get(path.name, set()) == set()


def left_to_the_system(code: str) -> Iterator[str]:
    """Every text file whose encoding or, where it is written, line ends the system would choose."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Call(func=ast.Attribute(attr="read_text"), keywords=named):
                wanted = {"encoding"}
            case ast.Call(func=ast.Attribute(attr="write_text"), keywords=named):
                wanted = {"encoding", "newline"}
            case ast.Call(func=ast.Attribute(attr="open"), args=[ast.Constant(value=str(mode))], keywords=named):
                wanted = set() if "b" in mode else {"encoding"} if mode == "r" else {"encoding", "newline"}
            case (
                ast.Call(func=ast.Attribute(attr="open"), args=[], keywords=named)
                | ast.Call(func=ast.Name(id="open"), keywords=named)
            ):
                wanted = {"encoding"}
            case _:
                continue
        if not wanted <= {one.arg for one in named}:
            yield ast.unparse(node)


@pytest.mark.parametrize(
    "code",
    [
        "path.read_text()",
        "path.write_text(text)",
        "path.write_text(text, encoding='utf-8')",
        "path.open('w')",
        "path.open()",
    ],
)
def test_a_text_file_that_is_left_to_the_system_is_recognised(code: str) -> None:
    assert list(left_to_the_system(code))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_text_files_are_utf_8_with_the_same_line_ends_on_every_system(path: Path) -> None:
    assert list(left_to_the_system(path.read_text(encoding="utf-8"))) == []


# What Windows refuses


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("clips/walk 10:30.mp4", "walk 10_30"),
        ('clips/who? <me> "too" a|b*.mp4', "who_ _me_ _too_ a_b_"),
        ("https://example.org/a%3Ab.mp4", "a_b"),
        ("clips/end. .mp4", "end"),
        ("clips/CON.mp4", "_CON"),
        ("clips/nul.front.mp4", "_nul.front"),
        ("clips/com1.mp4", "_com1"),
        ("clips/console.mp4", "console"),
    ],
)
def test_results_have_names_that_windows_takes(source: str, name: str) -> None:
    found = source_name(source)

    assert found == name
    assert not PureWindowsPath(found).is_reserved()


def test_a_result_that_another_program_has_open_leaves_the_folder_as_it_was(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Folder(tmp_path) as folder:
        folder.write(trial, ["csv", "xlsx"], lambda _, items, __: iter(items))
    for path in tmp_path.iterdir():
        path.write_text("before")
    replace = Path.replace

    def refused(self: Path, target: Path) -> Path:
        if Path(target) == tmp_path / f"{trial.name}.xlsx":  # as Windows does where Excel shows it
            raise PermissionError(13, "The process cannot access the file because it is being used by another process")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refused)
    with (
        pytest.raises(OutputError, match=r"xlsx cannot be replaced, nothing was changed: .*; close it"),
        Folder(tmp_path) as folder,
    ):
        folder.write(trial, ["csv", "xlsx"], lambda _, items, __: iter(items))

    assert {path.read_text() for path in tmp_path.iterdir()} == {"before"}


def test_a_program_without_a_console_is_not_silenced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)  # as in pythonw.exe
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.close(descriptor)

    with _SilentStderr(descriptor):
        pass


def test_folders_on_different_drives_ask_where_the_page_goes(
    command: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: list[Path]) -> str:
        raise ValueError("Paths don't have the same drive")

    monkeypatch.setattr(os.path, "commonpath", refused)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()

    done = command("report", tmp_path / "a", tmp_path / "b")

    assert done.status == 2
    assert "on different drives: say with --output" in done.errors


def test_ezc3d_which_opens_no_other_paths_on_windows_is_given_ascii(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "Gänge" / "Gänge.c3d"
    path.parent.mkdir()
    asked: list[str] = []
    begin, write = ezc3d.c3d.__init__, ezc3d.c3d.write

    def opened(self: ezc3d.c3d, own: str = "") -> None:
        asked.extend([own] * bool(own))
        begin(self, own)

    monkeypatch.setattr(ezc3d.c3d, "__init__", opened)
    monkeypatch.setattr(ezc3d.c3d, "write", lambda self, own: (asked.append(own), write(self, own)))
    monkeypatch.setattr(sys, "argv", ["", str(path)])
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO()))

    write_c3d(trial, path)
    hand_over()

    assert path.exists()
    assert [own.isascii() for own in asked] == [True, True]


# The library leaves the process of whoever uses it alone

PROBE = """
import json, locale, logging, os, signal, sys, warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
# these change the environment and the warnings themselves when they are first imported
for name in ("cv2", "matplotlib.figure", "pandas", "scipy.sparse", "scipy.special", "threadpoolctl", "torch"):
    if find_spec(name.partition(".")[0]):
        import_module(name)
import matplotlib, numpy
torch = sys.modules.get("torch")
def state():
    return {
        "environment": dict(os.environ),
        "working folder": os.getcwd(),
        "files there": sorted(map(str, Path().rglob("*"))),
        "warnings": [str(one) for one in warnings.filters],
        "numpy": numpy.geterr(),
        "matplotlib": {key: str(value) for key, value in matplotlib.rcParams.items() if key != "backend"},
        "backend": str(matplotlib.rcParams._get("backend")),
        "threads": torch and torch.get_num_threads(),
        "signals": [str(signal.getsignal(one)) for one in (signal.SIGINT, signal.SIGTERM)],
        "locale": locale.setlocale(locale.LC_ALL),
        "logging": [logging.root.level, len(logging.root.handlers), logging.getLogger("py.warnings").handlers == []],
        "recursion": sys.getrecursionlimit(),
        "streams": [id(one) for one in (sys.stdout, sys.stderr, warnings.showwarning, sys.excepthook)],
        "path": list(sys.path),
    }
kept = {name: id(module) for name, module in sys.modules.items()}
before = state()
import posedetector, posedetector.cli
from posedetector import Settings, Subject
from posedetector.pipeline import analyze_to
clip, out, lifter = sys.argv[1:]
subject = Subject(height=1.75, mass=70)
analyze_to(Settings(video=clip, subject=subject, estimator="synthetic", lifter=lifter), Path(out), ["all"])
after = state()
changed = {key: [before[key], after[key]] for key in before if before[key] != after[key]}
changed |= {name: "swapped" for name, one in kept.items() if id(sys.modules.get(name)) != one}
strangers = {"torchvision", "xtcocotools", "mmcv._ext"} & set(sys.modules)
print(json.dumps([changed, sorted(strangers)]))
"""


@pytest.mark.parametrize("lifter", ["native", "videopose3d"])
def test_an_analysis_changes_nothing_in_the_process_that_asks_for_it(
    blank_clip: Path, tmp_path: Path, lifter: str
) -> None:
    work = tmp_path / "work"
    work.mkdir()

    done = subprocess.run(
        [sys.executable, "-c", PROBE, blank_clip, tmp_path / "out", lifter],
        cwd=work,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert done.stdout.splitlines()[-1:] == ["[{}, []]"], done.stderr[-2000:]
    assert (tmp_path / "out" / "report.html").exists()
