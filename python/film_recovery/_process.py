"""Who a process is: number and start time together, for a number alone is given again. Standard library only.

The project lock and the jobs tell with it whether the process that wrote a file still runs.
"""

from __future__ import annotations

import getpass
import os
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any


def host() -> str:
    """This computer's name, as it is written into locks and jobs."""
    return socket.gethostname()


def person() -> str:
    """The login name of whoever runs this; ``unknown`` where the system knows none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # ImportError: Windows without a user name
        return "unknown"


def started(pid: int) -> str | None:
    """When process ``pid`` of this computer started, as text to compare; None if no such process runs.

    A process that has ended and waits for its parent counts as not running.
    """
    if pid <= 0:
        return None
    if os.name == "nt":
        return _started_windows(pid)
    if Path("/proc/self/stat").exists():
        return _started_linux(pid)
    return _started_ps(pid)


def alive(pid: int, start: str) -> bool:
    """Whether the process ``pid`` that started at ``start`` (empty: at any time) still runs on this computer."""
    now = started(pid)
    return now is not None and start in ("", now)


def detached() -> dict[str, Any]:
    """For ``Popen``: a group of processes of its own, which neither a terminal nor the caller's end takes along."""
    if os.name != "nt":
        return {"start_new_session": True}
    # A group of its own, for Ctrl-Break; a console of its own, not shown.
    names = ("CREATE_NEW_PROCESS_GROUP", "CREATE_NO_WINDOW")
    return {"creationflags": sum(getattr(subprocess, name) for name in names)}


def tell(pid: int, unix: str, windows: str) -> None:
    """A signal to every process of the group that ``pid`` leads. One that ended meanwhile needs none; on Windows one
    with a console of its own, as ``detached`` gives it, may not be reached, and is left to ``kill``."""
    if os.name == "nt":
        with suppress(OSError):
            os.kill(pid, getattr(signal, windows))
        return
    with suppress(ProcessLookupError):
        os.killpg(pid, getattr(signal, unix))


def kill(pid: int) -> None:
    """Ends what is left of the group that ``pid`` leads, at once."""
    if os.name != "nt":
        tell(pid, "SIGKILL", "")
    else:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], capture_output=True, check=False)


def _started_linux(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name of the program is in brackets and may hold anything: fields count from the last bracket.
    fields = stat.rpartition(")")[2].split()
    state, ticks = fields[0], fields[19]
    if state in "ZXx":
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot}/{ticks}"


def _started_ps(pid: int) -> str | None:
    """macOS and other Unixes: ``ps``, to the second."""
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", env={**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    )
    state, _, start = done.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else " ".join(start.split())


def _started_windows(pid: int) -> str | None:
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]
    kernel.OpenProcess.restype = wintypes.HANDLE
    query_limited_information, still_active = 0x1000, 259
    handle = kernel.OpenProcess(query_limited_information, False, pid)
    if not handle:
        return None
    try:
        code = wintypes.DWORD()
        kernel.GetExitCodeProcess(wintypes.HANDLE(handle), ctypes.byref(code))
        if code.value != still_active:
            return None
        times = [wintypes.FILETIME() for _ in range(4)]
        kernel.GetProcessTimes(wintypes.HANDLE(handle), *(ctypes.byref(time) for time in times))
        return str(times[0].dwHighDateTime << 32 | times[0].dwLowDateTime)
    finally:
        kernel.CloseHandle(wintypes.HANDLE(handle))
