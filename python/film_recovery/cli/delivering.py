"""``film-recovery deliver`` and ``verify``: a project as a bag, and whether masters are still those that were made."""

from __future__ import annotations

from pathlib import Path

from film_recovery import ledger
from film_recovery.cli.pairs import held
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, UsageError
from film_recovery.project import FILE, load, paths
from film_recovery.provenance import bag, verifying
from film_recovery.provenance.source_types import source_types
from film_recovery.stages.provenance import deliver as packed


def show_terms(report: Report) -> int:
    """IPTC's terms with what they mean, for the operator's own choice."""
    known = source_types()
    for one in known.values():
        report.say(f"{one.term}: {one.title}. {one.meaning} {one.uri}")
    report.result(
        {"terms": [vars(one) for one in known.values()]} if report.as_json else {"terms": len(known)}
    )
    return EXIT_DONE


def deliver(report: Report, folder: Path, out: Path | None, by: str, take_over: bool) -> int:
    """Makes the bag ``out`` of the project in ``folder``; the ledger keeps its place and its manifest's SHA-256."""
    if out is None:
        raise UsageError("A delivery needs a folder.", remedy="film-recovery deliver FOLDER")
    with held(report, folder, "deliver", by, take_over):
        made = packed(load(folder), out, report.progress)
        manifest = verifying.content_hash(made / bag.MANIFEST)
        files = len((made / bag.MANIFEST).read_text("utf-8").splitlines())
        ledger.append(folder, "delivered", {"bag": str(made), "files": files, "manifest": manifest}, by)
        ledger.write_notes(folder)
    report.result({"bag": str(made), "files": files, "manifest_sha256": manifest})
    return EXIT_DONE


def verify(report: Report, folder: Path) -> int:
    """EXIT_CHECK_FAILED where anything changed; each finding is told with its remedy."""
    wrong = 0
    looked_at = 0
    elsewhere: list[str] = []
    if (folder / bag.DECLARATION).is_file():
        for file in bag.findings(folder, report.progress):
            wrong += 1
            reason = f"{file.name} is {file.state}."
            report.check("bag", "fail", reason=reason, remedy="fetch the delivery again")
    if (folder / FILE).is_file():
        folder = paths(load(folder)).render
    for sidecar in verifying.seals(folder):
        found = verifying.verify(sidecar, report.progress)
        looked_at += found.looked_at
        elsewhere += [one.file for one in found.elsewhere]
        for one in found.findings:
            wrong += 1
            remedy = "put it back from the delivery, or render it again and deliver anew"
            report.check(
                one.kind, "fail", reason=one.text, remedy=remedy, value={"file": one.file, "state": one.state}
            )
    for name in elsewhere:
        report.say(f"not looked at, for it is not here: {name}")
    report.result({"intact": not wrong, "wrong": wrong, "looked_at": looked_at, "elsewhere": elsewhere})
    return EXIT_CHECK_FAILED if wrong else EXIT_DONE
