"""A warm process that forks a child for each command: the libraries are loaded once, not three seconds a command.

The child is a process of its own, with its own arguments, folder, environment and files for its output; none of the
product's modules is loaded before it begins. Started by ``conftest.py``; one JSON line in, one out.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import sys
import threading

# What commands load of others; torch's optimisers load the last by themselves.
LIBRARIES = "numpy cv2 OpenImageIO PyOpenColorIO typer rich.console yaml torch torch._dynamo".split()


def main() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    # A fork has one thread only: what others held would stay locked.
    assert threading.active_count() == 1
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            run(**asked)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def run(arguments: list[str], folder: str, environment: dict[str, str], out: str, error: str) -> None:
    """As ``python -m film_recovery.cli.main`` does it; never returns."""
    signal.alarm(120)
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, out, os.O_WRONLY | os.O_CREAT),
        (2, error, os.O_WRONLY | os.O_CREAT),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as the process lives
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[0] = folder
    sys.argv = ["film_recovery", *arguments]
    runpy.run_module("film_recovery.cli.main", run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    main()
