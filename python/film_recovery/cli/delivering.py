"""``film-recovery provenance``, ``deliver`` and ``verify``: what masters say, a project as a bag, and what changed."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from film_recovery import ledger
from film_recovery._files import write_whole
from film_recovery._process import person
from film_recovery.cli.pairs import held
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, FilmRecoveryError, UsageError
from film_recovery.project import FILE, load, paths
from film_recovery.provenance import bag, verifying
from film_recovery.provenance.node import NAME as NODE
from film_recovery.provenance.sealing import JSON
from film_recovery.provenance.source_types import source_types
from film_recovery.stages import chain, signed
from film_recovery.stages.delivering import Accepted, Delivered
from film_recovery.stages.delivering import deliver as packed
from film_recovery.stages.delivering_frames import deliver_frames as frames_packed
from film_recovery.stages.provenance import node_of


def show_terms(report: Report) -> int:
    """IPTC's terms with what they mean, for the operator's own choice."""
    known = source_types()
    if report.as_json:
        report.result({"terms": [vars(one) for one in known.values()]})
    else:
        shown = {one.term: f"{one.title}. {one.meaning} {one.uri}" for one in known.values()}
        report.result(shown, "IPTC Digital Source Type")
    return EXIT_DONE


def provenance(report: Report, folder: Path, by: str = "", take_over: bool = False) -> int:
    """What the masters will say, who has not said what, and ``nuke_base/provenance.nk`` for renders in NukeX."""
    with held(report, folder, "provenance", by, take_over):
        project = load(folder)
        origin, text = node_of(project)
        file = paths(project).script.with_name(f"{NODE.lower()}.nk")
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, text)
    header = origin.header()
    if report.as_json:
        report.result({"header": header, "unsaid": list(origin.unsaid), "node": str(file)})
    else:
        shown = {**header, "not said yet": list(origin.unsaid), "node for NukeX": str(file)}
        report.result({key: value for key, value in shown.items() if value}, "what the masters say")
    return EXIT_DONE


def deliver(
    report: Report,
    folder: Path,
    out: Path | None,
    *,
    accept_foreign: str = "",
    accept_failing: str = "",
    by: str = "",
    take_over: bool = False,
) -> int:
    """Makes the bag ``out`` of the project in ``folder`` and its steps; the ledger of each keeps its place and its
    manifest's SHA-256.

    ``accept_foreign``: why frames that another program rendered are delivered. ``accept_failing``: why it is delivered
    although checks fail.
    """
    out, accepted, despite = _named(out), _accepted(accept_foreign, by), _accepted(accept_failing, by)
    with ExitStack() as locks:
        locks.enter_context(held(report, folder, "deliver", by, take_over))
        project = load(folder)
        for link in chain.links(project):
            if link.is_made:
                what = f"deliver of {project.folder}"
                locks.enter_context(held(report, link.folder, what, by, take_over))
        made = packed(project, out, accepted, report.progress, despite=despite)
        _recorded(made, accepted, by)
    return _told(report, made)


def _recorded(made: Delivered, accepted: Accepted | None, by: str) -> None:
    """Notes the delivery in the ledger of the project, and of each step, whose masters it protects likewise. Raises
    FilmRecoveryError that says that the bag is there all the same."""
    manifest = verifying.content_hash(made.bag / bag.MANIFEST)
    whole, *steps = made.parts
    data = {"bag": str(made.bag), "files": bag.count(made.bag), "manifest": manifest}
    said = [(whole, data, made.foreign, made.failing)]
    said += [(one, {**data, "with": str(whole.folder)}, one.foreign, one.failing) for one in steps]
    try:
        for part, of_it, foreign, failing in said:
            masters = {"masters": part.masters} if part.masters else {}
            more = {"foreign": foreign, "accepted": accepted.why} if foreign and accepted else {}
            named = {"failing": list(failing)} if failing else {}
            movies = {"sidecars": dict(part.sidecars)} if part.sidecars else {}
            ledger.append(part.folder, "delivered", {**of_it, **masters, **more, **named, **movies}, by)
            ledger.write_notes(part.folder)
    except FilmRecoveryError as error:
        raise FilmRecoveryError(
            f"The bag {made.bag} is whole, with the manifest {manifest}, but its record could not be written: "
            f"{error.message}",
            remedy=f"{error.remedy}; then move that bag away and deliver again, so that the ledger knows it",
            **error.where,
        ) from error


def deliver_frames(
    report: Report,
    pattern: str,
    out: Path | None,
    source_type: str = "",
    *,
    accept_foreign: str = "",
    by: str = "",
) -> int:
    """Makes the bag ``out`` of the frames ``pattern``, which are of no project."""
    made = frames_packed(pattern, _named(out), source_type, _accepted(accept_foreign, by), report.progress)
    return _told(report, made)


def _named(out: Path | None) -> Path:
    if out is None:
        raise UsageError("A delivery needs a folder.", remedy="film-recovery deliver FOLDER")
    return out


def _accepted(why: str, by: str) -> Accepted | None:
    return Accepted(by or person(), why.strip()) if why.strip() else None


def _told(report: Report, made: Delivered) -> int:
    if made.failing:
        report.say(
            f"delivered in spite of checks that fail, which the ledger keeps: {', '.join(made.failing)}"
        )
    if made.foreign:
        report.say(f"{made.foreign} frames were not rendered by film-recovery, which the provenance says too")
    if made.unsaid:
        report.say(f"nobody said, and so no master says: {', '.join(made.unsaid)}")
    manifest = verifying.content_hash(made.bag / bag.MANIFEST)
    found = {"bag": str(made.bag), "files": bag.count(made.bag), "manifest_sha256": manifest}
    told = {"foreign": made.foreign, "unsaid": list(made.unsaid), "failing": list(made.failing)}
    report.result({**found, **told})
    return EXIT_DONE


def verify(report: Report, place: Path) -> int:
    """EXIT_CHECK_FAILED where anything changed that may not; each finding is told with its remedy."""
    wrong = 0
    looked_at = 0
    elsewhere: list[str] = []
    if bag.is_bag(place):
        for file in bag.findings(place, report.progress):
            wrong += 1
            reason = f"{file.name} is {file.state}."
            report.check("bag", "fail", reason=reason, remedy="fetch the delivery again")
    for sidecar in _sidecars(place):
        found = verifying.verify(sidecar, report.progress)
        looked_at += found.looked_at
        elsewhere += [one.file for one in found.elsewhere]
        movies, of_movies = signed.verify(sidecar)
        looked_at += movies
        for one in (*found.findings, *of_movies):
            wrong += not one.expected
            remedy = "put it back from the delivery, or render it again and deliver anew"
            if one.expected:
                remedy = "nothing, where the work goes on; film-recovery run writes the provenance of what it renders"
            value = {"file": one.file, "state": one.state}
            outcome = "warn" if one.expected else "fail"
            report.check(one.kind, outcome, reason=one.text, remedy=remedy, value=value)
    for name in elsewhere:
        report.say(f"not looked at, for it is not here: {name}")
    report.result({"intact": not wrong, "wrong": wrong, "looked_at": looked_at, "elsewhere": elsewhere})
    return EXIT_CHECK_FAILED if wrong else EXIT_DONE


def _sidecars(place: Path) -> list[Path]:
    """Of a project: those of its masters and of its steps' that have any."""
    if not (place / FILE).is_file():
        return verifying.seals(place)
    project = load(place)
    steps = [paths(load(link.folder)).render for link in chain.links(project) if link.is_made]
    later = [sidecar for render in steps for sidecar in sorted(render.rglob(f"*{JSON}"))]
    return [*verifying.seals(paths(project).render), *later]
