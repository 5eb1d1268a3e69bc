"""``film-recovery proxies``: review movies of a project's masters, or of frames by pattern."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from film_recovery import ledger
from film_recovery.cli.pairs import held
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_DONE, UsageError
from film_recovery.project import load, paths
from film_recovery.stages import proxies
from film_recovery.stages.view import View


@dataclass(frozen=True)
class Asked:
    """Empty: as the project, or the frames, say it. ``frames``: a pattern, in place of a project."""

    frames: str = ""
    out: Path | None = None
    kinds: tuple[str, ...] = ()
    display: str = ""
    view: str = ""
    space: str = ""
    rate: float | None = None


def make(report: Report, folder: Path, asked: Asked, by: str, take_over: bool) -> int:
    """Writes the movies and their sidecars; of a project, the ledger keeps both."""
    viewing, kinds = proxies.Viewing(asked.display, asked.view), asked.kinds or tuple(proxies.movies.KINDS)
    if asked.frames:
        if asked.out is None:
            raise UsageError("Movies of frames by pattern need a folder.", remedy="name it with --out")
        footage = proxies.of_pattern(asked.frames, asked.space, asked.rate)
        made = proxies.make(footage, asked.out, viewing, kinds, report.progress, [footage.sequence])
        return _told(report, made, footage)
    if asked.space or asked.rate:
        raise UsageError(
            "--colourspace and --frame-rate are of frames by pattern; a project says both.",
            remedy="leave them out",
        )
    with held(report, folder, "proxies", by, take_over):
        view = View(load(folder))
        footage = proxies.of_project(view)
        scans = [view.sequence(element) for element in view.project.elements]
        out = asked.out or paths(view.project).render / proxies.FOLDER
        made = proxies.make(footage, out, viewing, kinds, report.progress, scans)
        data = {
            "what": f"Review movies of {made.frames} frames were made.",
            "files": [file.name for file in made.files],
            "display": made.viewing.display,
            "view": made.viewing.view,
            "sidecars": [proxies.content_hash(file) for file in made.sidecars],
        }
        ledger.append(folder, "proxies", data, by)
        ledger.write_notes(folder)
    return _told(report, made, footage)


def _told(report: Report, made: proxies.Made, footage: proxies.Footage) -> int:
    report.result(
        {
            "movies": [str(file) for file in made.files],
            "sidecars": [str(file) for file in made.sidecars],
            "frames": made.frames,
            "frame_range": proxies.format_frames(footage.frames),
            "display": made.viewing.display,
            "view": made.viewing.view,
            "model_sha256": made.model[1],
            **({"model_unsaid": made.unsaid} if made.unsaid else {}),
        },
        "review movies",
    )
    return EXIT_DONE
