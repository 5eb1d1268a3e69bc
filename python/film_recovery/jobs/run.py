"""Long runs: started so that they outlive whoever started them, followed, cancelled, settled when they died."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from film_recovery._files import explained
from film_recovery._process import alive, detached, host, kill, person, tell
from film_recovery.errors import FilmRecoveryError
from film_recovery.jobs.environment import clean, engine
from film_recovery.jobs.record import EVENTS, LOG, Job, end, everyone, get, new_id, now, runs, save

PROGRAM = "film_recovery.cli.main"
_POLL = 0.1  # seconds
_BLOCK = 1 << 16


def start(
    folder: Path | str,
    arguments: Sequence[str],
    *,
    by: str = "",
    ocio: str | None = None,
    environment: Mapping[str, str] | None = None,
    program: str = PROGRAM,
) -> Job:
    """Starts ``film-recovery *arguments --json`` for the project in ``folder`` and returns as soon as it runs.

    ``by``: who; empty: the login name. ``ocio``: the OCIO config of the host; None: as in the environment.
    ``environment``: instead of this process's. ``program``: another module to run, for tests. The process has its own
    session, so that closing NukeX or the terminal does not end it. Raises FilmRecoveryError with the log's last line
    when it does not come to run.
    """
    root = Path(os.path.abspath(folder))
    python = engine()
    all_arguments = (*arguments, *(() if "--json" in arguments else ("--json",)))
    job = Job(new_id(), root, all_arguments, by or person(), host(), now(), "starting")
    with explained(runs(root), "made"):
        job.place.mkdir(parents=True)
    save(job)
    command = [python, "-I", "-X", "utf8", "-m", "film_recovery.jobs.child", str(root), job.id, program]
    variables = clean(os.environ if environment is None else environment, ocio)
    events, log = job.place / EVENTS, job.place / LOG
    with explained(job.place, "started in"), open(events, "ab") as out, open(log, "ab") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            env=variables,
            cwd=root,
            **detached(),
        )
    # Whoever ends first: the thread takes the exit code, so that no dead process is left waiting to give it.
    threading.Thread(target=process.wait, name=f"job {job.id}", daemon=True).start()
    return _running(job, process)


def follow(
    folder: Path | str, id: str, *, poll: float = _POLL, wanted: Callable[[], bool] = lambda: True
) -> Iterator[dict[str, Any]]:
    """The job's events from the first on, as they come, and at last ``{"event": "end", "state", "code", "problem"}``.

    A line that is no JSON object comes as ``{"event": "output", "text": …}``. Of another computer's job what is there
    is given, and the end with the state ``unknown``. ``wanted``: asked at each poll; after a no, nothing more comes.
    """
    job = get(folder, id)
    path = job.place / EVENTS
    rest, offset = b"", 0
    while wanted():
        # The state first: what was written before the end is then read after it.
        is_over = job.has_ended or job.state == "unknown"
        content = _read_from(path, offset)
        offset += len(content)
        *lines, rest = (rest + content).split(b"\n")
        yield from (_event(line) for line in lines if line.strip())
        if is_over and not content:
            break
        if not content:
            time.sleep(poll)
        job = get(folder, id)
    else:
        return
    if rest.strip():
        yield _event(rest)
    yield {"event": "end", "state": job.state, "code": job.code, "problem": job.problem}


def cancel(folder: Path | str, id: str, *, grace: float = 10.0, by: str = "") -> Job:
    """Asks the job to stop, and ends it with all its processes when it has not after ``grace`` seconds.

    What was finished stays, and the command can be run again. Raises FilmRecoveryError for a job that has ended or runs
    on another computer.
    """
    job = get(folder, id)
    if job.state == "starting":
        job = _running(job, None)
    if job.state != "running":
        raise FilmRecoveryError(
            f"The job {id} cannot be cancelled: it is {job.state}.",
            remedy=f"cancel it on {job.host}"
            if job.state == "unknown" and job.host
            else "nothing needs to be done",
            file=str(job.place),
        )
    tell(job.pid, "SIGTERM", "CTRL_BREAK_EVENT")
    deadline = time.monotonic() + grace
    while alive(job.pid, job.start) and time.monotonic() < deadline:
        time.sleep(_POLL / 2)
    _kill(job)
    while alive(job.pid, job.start):
        time.sleep(_POLL / 2)
    now_is = get(folder, id)
    return now_is if now_is.state != "dead" else end(now_is, "cancelled", None, by or person())


def settle(folder: Path | str) -> tuple[Job, ...]:
    """Writes down, in their files and the ledger, that dead jobs are dead, and gives them; each is settled once."""
    dead = [job for job in everyone(folder) if job.state == "dead" and not job.ended]
    return tuple(end(job, "dead", None) for job in dead)


def _running(job: Job, process: subprocess.Popen[bytes] | None) -> Job:
    """``job`` once its process has said that it runs."""
    while job.state == "starting":
        if process is not None and process.poll() is not None:
            job = get(job.folder, job.id)
            if job.state != "starting":
                break
            lines = (job.place / LOG).read_text(encoding="utf-8", errors="replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "it says nothing")
            end(job, "failed", process.returncode)
            raise FilmRecoveryError(
                f"The engine did not start: {last.strip()}",
                remedy="run film-recovery doctor, or install Film Recovery in the Python that is named there",
                file=str(job.place / LOG),
            )
        time.sleep(_POLL / 5)
        job = get(job.folder, job.id)
    return job


def _kill(job: Job) -> None:
    """Ends what is left of the job: its process, and those that it started and that outlived it."""
    if os.name != "nt" or alive(job.pid, job.start):
        kill(job.pid)


def _read_from(path: Path, offset: int) -> bytes:
    if not path.exists():
        return b""
    with explained(path, "read"), open(path, "rb") as stream:
        stream.seek(offset)
        return stream.read(_BLOCK)


def _event(line: bytes) -> dict[str, Any]:
    text = line.decode("utf-8", "replace").rstrip("\r")
    try:
        event = json.loads(text)
    except ValueError:
        event = None
    return event if isinstance(event, dict) else {"event": "output", "text": text}
