"""The process of a job: ``python -I -m film_recovery.jobs.child FOLDER ID PROGRAM``. Runs one command, writes its end.

The process itself writes how it ended, for whoever started it (NukeX) may be gone by then. A wish to stop
(SIGTERM; on Windows Ctrl-Break) reaches the command as KeyboardInterrupt, so that it gives its locks back and keeps
what is finished.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from types import FrameType

from film_recovery._process import host, started
from film_recovery.jobs.record import LOG, Job, end, get, save

_STOPPED = 130


def main(folder: str, id: str, program: str) -> int:
    """Runs the job ``id`` of ``folder`` in this process and gives its exit code."""
    wishes: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        wishes.append(number)
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    job = replace(
        get(folder, id), pid=os.getpid(), start=started(os.getpid()) or "", host=host(), state="running"
    )
    try:
        save(job)
        code = _run(job, program)
    except KeyboardInterrupt:
        code = _STOPPED
    # From here on the end is written, whatever else is wished.
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    sys.stdout.flush()
    # A training takes the signal itself, to finish its step, and says so with its exit code.
    stopped = code == _STOPPED or (wishes and code)
    end(job, "cancelled" if stopped else ("failed" if code else "done"), code)
    return code


def _run(job: Job, program: str) -> int:
    sys.argv = [program, *job.arguments]
    try:
        # As ``python -m`` would: the jobs stand below the command line and do not import it.
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    except SystemExit as leave:
        if leave.code is None or isinstance(leave.code, int):
            return leave.code or 0
        print(leave.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # The command line names bad input itself; what arrives here is a defect, and whoever follows must see it.
        traceback.print_exc()
        event = {
            "event": "error",
            "type": type(error).__name__,
            "message": f"The command stopped unexpectedly: {error}",
            "remedy": f"send {Path('runs', job.id, LOG).as_posix()} to whoever looks after Film Recovery",
        }
        print(json.dumps(event, ensure_ascii=False), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
