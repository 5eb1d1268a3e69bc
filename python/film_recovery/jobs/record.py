"""A job on disk: ``runs/<id>/`` with ``job.json``, ``events.jsonl`` (standard output) and ``log.txt`` (standard error).

Who writes ``job.json``: whoever starts the job, before its process runs; then the process itself, alone; whoever
cancels it or settles its death, after the process is gone. So no two ever write at once.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from film_recovery import ledger
from film_recovery._files import explained, read_text, write_whole
from film_recovery._process import alive, host
from film_recovery.errors import FilmRecoveryError
from film_recovery.project import inside

EVENTS = "events.jsonl"
LOG = "log.txt"
_FILE = "job.json"
_ID = re.compile(r"\d{8}T\d{6}\.\d{6}-[0-9a-f]{4}")
_LARGEST = 1 << 20
_STARTING = 60.0  # seconds that a process may take to say that it runs

# What a job can be. Of another computer's job that has not said that it ended nothing is known.
STATES = ("starting", "running", "done", "failed", "cancelled", "dead", "unknown")
ENDED = ("done", "failed", "cancelled", "dead")


@dataclass(frozen=True)
class Job:
    """One long run. ``arguments``: of the command line. ``start``: the process's start time, to compare.

    ``began``, ``ended``: UTC, ISO 8601; ``ended`` is empty while it runs. ``state``: see STATES. ``code``: the exit
    code, None while it runs and for a job that was killed. ``problem``: why the state is ``unknown`` or ``dead``,
    or why its end is not in the ledger.
    """

    id: str
    folder: Path
    arguments: tuple[str, ...]
    by: str
    host: str
    began: str
    state: str
    pid: int = 0
    start: str = ""
    ended: str = ""
    code: int | None = None
    problem: str = ""

    @property
    def place(self) -> Path:
        """The job's own folder, ``runs/<id>``."""
        return self.folder / "runs" / self.id

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come from it."""
        return self.state in ENDED

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "folder": self.folder.as_posix(), "arguments": list(self.arguments)}


def new_id() -> str:
    """An id that no other job has, in the order of time."""
    return f"{_now().strftime('%Y%m%dT%H%M%S.%f')}-{secrets.token_hex(2)}"


def now() -> str:
    """UTC, ISO 8601."""
    return _now().isoformat(timespec="milliseconds")


def save(job: Job) -> None:
    """Writes ``job.json``, whole or not at all."""
    data = {key: value for key, value in job.as_dict().items() if key not in ("folder", "id")}
    write_whole(job.place / _FILE, json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def end(job: Job, state: str, code: int | None, by: str = "") -> Job:
    """Writes how ``job`` ended: into the ledger, then into its file, which followers look at.

    A ledger that cannot be written does not keep a job from ending; ``Job.problem`` says so.
    """
    problem = job.problem if state == "dead" else ""
    ended = replace(job, state=state, code=code, ended=now(), problem=problem)
    said = {
        "what": f"The job {job.id} ended: {state}.",
        "job": job.id,
        "arguments": job.arguments,
        "state": state,
        "code": code,
        "began": job.began,
    }
    try:
        ledger.append(job.folder, "job", said, by=by or job.by)
    except FilmRecoveryError as error:
        ended = replace(ended, problem=f"{problem}; {error}" if problem else str(error))
    save(ended)
    return ended


def get(folder: Path | str, id: str) -> Job:
    """The job as it is now. Raises FilmRecoveryError for an id that ``folder`` does not have."""
    root = Path(folder)
    if _ID.fullmatch(id) is None or not (runs(root) / id).is_dir():
        near = ", ".join(job.id for job in everyone(root)[-3:]) or "none yet"
        raise FilmRecoveryError(
            f"There is no job {id!r}.", remedy=f"the last jobs are: {near}", file=str(root / "runs")
        )
    return _judged(_read(root, id))


def everyone(folder: Path | str) -> tuple[Job, ...]:
    """All jobs of ``folder`` as they are now, the oldest first. One whose file is damaged is ``unknown``."""
    root = Path(folder)
    place = runs(root)
    if not place.is_dir():
        return ()
    with explained(place, "read"):
        ids = sorted(path.name for path in place.iterdir() if _ID.fullmatch(path.name))
    return tuple(_judged(_read(root, id)) for id in ids)


def runs(folder: Path) -> Path:
    """``runs/`` of a project, inside it."""
    return inside(folder, "runs")


def _read(folder: Path, id: str) -> Job:
    """What ``job.json`` says; a job of state ``unknown`` where it is damaged."""
    path = folder / "runs" / id / _FILE
    try:
        data = json.loads(read_text(path, _LARGEST))
        job = Job(**{**data, "id": id, "folder": folder, "arguments": tuple(data["arguments"])})
        for field, kinds in _KINDS.items():
            if not isinstance(getattr(job, field), kinds):
                raise TypeError(f"{field} is {getattr(job, field)!r}")
        if job.state not in STATES:
            raise ValueError(f"state is {job.state!r}")
        datetime.fromisoformat(job.began)
    except (FilmRecoveryError, ValueError, TypeError, KeyError) as error:
        problem = f"{_FILE} is damaged: {error}"
        return Job(id, folder, (), "", "", "", "unknown", problem=problem)
    return job


def _judged(job: Job) -> Job:
    """``job`` with the state that its process is in: the file of a killed job still says ``running``."""
    if job.state not in ("starting", "running"):
        return job
    if job.host != host():
        return replace(job, state="unknown", problem=f"it runs, or ran, on {job.host}")
    if job.state == "starting":
        age = (_now() - datetime.fromisoformat(job.began)).total_seconds()
        if age < _STARTING:
            return job
        return replace(job, state="dead", problem="its process never said that it runs")
    if alive(job.pid, job.start):
        return job
    # It may have ended between the reading of its file and the look at its process.
    again = _read(job.folder, job.id)
    if again.state == "running":
        return replace(
            job, state="dead", problem="its process ended without saying so: killed, or a power cut"
        )
    return again


def _now() -> datetime:
    return datetime.now(timezone.utc)


_KINDS: dict[str, type | tuple[type, ...]] = {
    field.name: str for field in fields(Job) if field.name not in ("folder", "arguments", "pid", "code")
}
_KINDS.update({"pid": int, "code": (int, type(None))})
