"""The engine's installation, run by the installer beside the plugin and followed line by line. No Qt.

NukeX's own Python is not used: the installer asks any Python of this computer, and finds 3.11 for the engine itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from film_recovery._process import detached, kill, tell
from film_recovery.jobs import ENGINE, clean
from film_recovery.panel.problem import Problem
from film_recovery.plugin import start

INSTALLER = "install.py"
_OLDEST = (3, 9)
_PATIENCE = 60  # seconds that a Python may take to say which it is
_GRACE = 10.0  # seconds to tidy up in, when it is cancelled
_KEPT = 40  # lines, for the details
_SAYS = ("install: ", "setup: ")
NO_PYTHON = Problem(
    "The engine could not be installed.",
    "No Python from 3.9 on was found on this computer to run the installer with.",
    "install Python 3.11 (python.org, the system’s packages, or pyenv), then press Install the engine again",
    kind="missing",
)


def hindrance(folder: Path) -> str:
    """Why nothing can be installed in the plugin's ``folder``, for a tooltip; empty when it can."""
    if not (folder / INSTALLER).is_file():
        return (
            f"{folder} has no installer: it is a site’s folder. Whoever looks after it runs  python install.py "
            "--prefix  there."
        )
    named = os.environ.get(ENGINE, "")
    if named and named != start.noted(str(folder)):
        return (
            f"{ENGINE} names {named}, and goes before an engine that is installed here. Correct or remove it, then "
            "start again."
        )
    return ""


class Installing:
    """One run of the installer in ``folder``, in a thread of its own. Nothing here waits.

    ``code``: how it ended, None while it is on.
    """

    def __init__(self, folder: Path) -> None:
        self.code: int | None = None
        self.cancelled = False
        self.problem: Problem | None = None
        self._lines: deque[str] = deque()
        self._last: deque[str] = deque(maxlen=_KEPT)
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = threading.Lock()  # between the wish to cancel and the process's start
        threading.Thread(target=self._run, args=(folder,), name="install", daemon=True).start()

    def take(self) -> list[str]:
        """The lines that came since the last time."""
        found = []
        while self._lines:
            found.append(self._lines.popleft())
        return found

    def cancel(self) -> None:
        """Ends it with all that it started; what is finished stays, and another run goes on from there."""
        with self._begun:
            self.cancelled = True
            process = self._process
        if process is not None and self.code is None:  # itself gone, pip may be at work yet
            threading.Thread(target=_end, args=(process,), name="end install", daemon=True).start()

    def _run(self, folder: Path) -> None:
        try:
            python = _python()
            if python is None:
                self.problem = NO_PYTHON
                self.code = 1
                return
            with self._begun:
                if self.cancelled:
                    self.code = 130
                    return
                self._process = process = subprocess.Popen(
                    [*python, "-X", "utf8", "-u", str(folder / INSTALLER), "--engine-only"],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    cwd=folder,
                    env=clean(os.environ),
                    **detached(),
                )
            assert process.stdout is not None
            with process.stdout:
                for line in process.stdout:
                    self._say(line.decode("utf-8", "replace").rstrip())
            code = process.wait()
            if code and not self.cancelled:
                self.problem = failed(code, list(self._last))
            self.code = code
        except OSError as error:
            self.problem = failed(1, [str(error)])
            self.code = 1

    def _say(self, line: str) -> None:
        if line:
            self._last.append(line)
            self._lines.append(line)


def failed(code: int, lines: Sequence[str]) -> Problem:
    """From how the installer ended (below 0: by that signal) and its last ``lines``."""
    said = next((line for line in reversed(lines) if line.startswith(_SAYS)), lines[-1] if lines else "")
    if code < 0:
        said = f"the installer was ended by signal {-code}"  # and had no time to say anything of it
    for start_ in _SAYS:
        said = said[len(start_) :] if said.startswith(start_) else said
    reason, remedy = said or f"the installer ended with code {code}", ""
    for mark in ("Remedy: ", "Get it with: "):
        if mark in said:
            reason, _, remedy = said.partition(mark)
            remedy = remedy if mark == "Remedy: " else f"get it with  {remedy}"
            break
    if "pip could not" in said:
        reason = "The packages could not be had: " + next(
            (line for line in reversed(lines) if line.startswith("ERROR: ")), said
        )
        remedy = (
            "check that this computer has a network (about 2 GB are fetched); without one, fill a folder with wheels "
            f"elsewhere and run  python {INSTALLER} --engine-only --wheels FOLDER"
        )
    remedy = remedy.strip().rstrip(".") or "copy the details and send them"
    return Problem(
        "The engine could not be installed.",
        reason.strip(),
        f"{remedy}; then press Install the engine again",
        "\n".join(lines),
        "missing",
    )


def _python() -> list[str] | None:
    """A Python of this computer that is new enough to run the installer."""
    own = sys.executable or ""
    named = [[own]] if Path(own).name.lower().startswith("python") else []
    named += [["python3.11"], ["python3"], ["python"], *([["py", "-3"]] if os.name == "nt" else [])]
    for command in named:
        question = f"import sys; sys.exit(sys.version_info < {_OLDEST})"
        try:
            done = subprocess.run(
                [*command, "-I", "-c", question],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE,
                env=clean(os.environ),
            )
        except (OSError, subprocess.SubprocessError):
            continue
        if done.returncode == 0:
            return command
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    tell(process.pid, "SIGINT", "CTRL_BREAK_EVENT")
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        pass
    kill(process.pid)
