"""What else is at work in a project's folder: who holds it, which run is on, what changed on disk. No Qt.

Looked at about once a second, off the main thread: a folder may lie on a slow network.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from film_recovery import jobs, ledger
from film_recovery.errors import FilmRecoveryError
from film_recovery.jobs import Job
from film_recovery.panel.known import ON, FolderState, Opened
from film_recovery.panel.problem import Problem, job_died
from film_recovery.project import FILE, Project, load, lock, paths
from film_recovery.recipes import load as load_recipe

_LAST_LINES = 12
_WORK = ("stage", "short range", "stopped", "finished")  # the kinds of the ledger's records that tell of it


def opened(folder: Path) -> Opened:
    """Reads the project. Raises FilmRecoveryError where there is none, or it is damaged."""
    project = load(folder)
    return Opened(project, load_recipe(project.recipe))


def look(project: Project, own: int = 0) -> FolderState:
    """As it is now. ``own``: the process of the panel's engine, which holds the project while it signs for us.

    Raises FilmRecoveryError when the folder cannot be read.
    """
    folder, files = project.folder, paths(project)
    everyone = jobs.everyone(folder)
    last = everyone[-1] if everyone else None
    stamp = tuple(_changed(file) for file in (folder / FILE, files.script))
    waits_for = _waits_for(folder, _changed(folder / ledger.FILE))
    return FolderState(_held_by(folder, last, own), last, stamp, files.report.is_file(), waits_for)


def death(folder: Path) -> Problem | None:
    """A run that died since somebody last looked, with its last lines; it is noted as dead, and so told once."""
    try:
        dead = jobs.settle(folder)
    except FilmRecoveryError:
        return None  # a folder that is read-only: the job's own state says it
    return job_died(dead[-1].state, dead[-1].problem, last_lines(dead[-1])) if dead else None


def last_lines(job: Job) -> list[str]:
    """The end of what a job printed beside its events."""
    try:
        text = (job.place / "log.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-_LAST_LINES:]


def _held_by(folder: Path, job: Job | None, own: int) -> str:
    holder = lock.holder(folder)
    if holder is None or holder.is_gone() or holder.is_this() or (own and holder.pid == own):
        return ""
    if job is not None and job.state in ON and holder.pid == job.pid and holder.host == job.host:
        return ""  # the run that is shown
    since = datetime.fromisoformat(holder.since).astimezone().strftime("%H:%M")
    return f"{holder.owner} on {holder.host} works on this project since {since}: {holder.what}."


@lru_cache(maxsize=2)
def _waits_for(folder: Path, changed: float) -> str:
    """The check that the ledger's last work names as what it waits for; read again when the ledger has ``changed``."""
    try:
        records = ledger.read(folder).records
    except FilmRecoveryError:
        return ""  # a damaged one is told by the checks
    last = next((one for one in reversed(records) if one.kind in _WORK), None)
    return "" if last is None else str(last.data.get("check", ""))


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
