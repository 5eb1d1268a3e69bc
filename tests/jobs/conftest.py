"""What the jobs' tests share: an engine that needs nothing installed, and small programs to run in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from film_recovery import jobs

PACKAGE = Path(jobs.__file__).resolve().parents[2]

PROGRAM = """
import json, os, signal, subprocess, sys, time


def event(event, **data):
    print(json.dumps({"event": event, **data}, ensure_ascii=False), flush=True)


command, *arguments = sys.argv[1:]
if command == "count":
    for number in range(int(arguments[0])):
        event("progress", done=number + 1, what="Größe")
        time.sleep(0.01)
elif command == "environment":
    event("result", environment=dict(os.environ), path=sys.path, isolated=sys.flags.isolated, cwd=os.getcwd())
    event("result", stdin=sys.stdin.read(), session=os.getsid(0), pid=os.getpid())
elif command == "exit":
    sys.exit(int(arguments[0]))
elif command == "words":
    sys.exit("no such film")
elif command == "break":
    print("half a line", end="")
    raise ValueError("broken")
elif command == "wait":
    with __import__("film_recovery.project", fromlist=["lock"]).lock.held(".", "waits"):
        event("progress", done=0)
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            event("result", kept="all that was finished")
            sys.exit(130)
elif command == "stubborn":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    event("progress", child=child.pid)
    while True:
        time.sleep(1)
"""


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of its own that finds this checkout, PyYAML and the program ``tiny``, as an installed engine would."""
    import yaml

    folder = tmp_path_factory.mktemp("engine")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = next(folder.glob("[Ll]ib/**/site-packages"))
    places = (PACKAGE, Path(yaml.__file__).resolve().parents[1])
    (packages / "checkout.pth").write_text("".join(f"{place}\n" for place in places), encoding="utf-8")
    (packages / "tiny.py").write_text(PROGRAM, encoding="utf-8")
    return next(path for path in (folder / "bin/python", folder / "Scripts/python.exe") if path.exists())


@pytest.fixture
def engine(python: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The engine that jobs are started with."""
    monkeypatch.setenv(jobs.ENGINE, str(python))
    return python


@pytest.fixture
def start(engine: Path, tmp_path: Path) -> Iterator[Callable[..., jobs.Job]]:
    """Starts ``tiny`` with some arguments as a job; whatever still runs at the end is ended."""
    started: list[jobs.Job] = []

    def run(*arguments: str, **options: object) -> jobs.Job:
        words: Sequence[str] = arguments
        started.append(jobs.start(tmp_path, words, program="tiny", **options))  # type: ignore[arg-type]
        return started[-1]

    yield run
    for job in started:
        if jobs.get(tmp_path, job.id).state == "running":
            jobs.cancel(tmp_path, job.id, grace=0)


@pytest.fixture
def poisoned(tmp_path: Path) -> dict[str, str]:
    """What NukeX leaves in the environment of its children."""
    return {
        **os.environ,
        "PYTHONHOME": str(tmp_path / "nuke"),
        "PYTHONPATH": str(tmp_path / "nuke/python"),
        "PYTHONSTARTUP": str(tmp_path / "start.py"),
        "PYTHONIOENCODING": "ascii",
        "LD_LIBRARY_PATH": str(tmp_path / "nuke"),
        "LD_PRELOAD": "",
        "DYLD_LIBRARY_PATH": str(tmp_path / "nuke"),
        "DYLD_INSERT_LIBRARIES": str(tmp_path / "nuke"),
        "QT_PLUGIN_PATH": str(tmp_path / "nuke/qt"),
        "QT_QPA_PLATFORM": "nuke",
        "OCIO": str(tmp_path / "from-nuke.ocio"),
        "LC_ALL": "C",
    }
