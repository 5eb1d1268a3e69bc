"""``film-recovery credentials``: signs what people look at, or reads the credentials that are in it."""

from __future__ import annotations

from pathlib import Path

from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, UsageError
from film_recovery.imaging.sequence import Sequence
from film_recovery.project import FILE, load, paths
from film_recovery.project.lock import project_of
from film_recovery.protection import keep_apart, keep_apart_from
from film_recovery.provenance import credentials
from film_recovery.provenance.sealing import read_seal
from film_recovery.provenance.verifying import seals
from film_recovery.stages import signed
from film_recovery.stages.proxies import FOLDER


def sign(
    report: Report,
    files: list[Path],
    masters: Path,
    certificate: credentials.Certificate,
    out: Path | None = None,
) -> int:
    """Signed copies of ``files`` in ``out``, a review movie's with its sidecar; the files themselves are only read.

    ``out``: None: the folder of the project ``masters`` from which a delivery takes signed movies."""
    names = [file.name for file in files]
    if len(set(names)) < len(names):
        raise UsageError("Two files have one name.", remedy="sign them into different folders")
    sidecar = _sidecar(masters)
    if out is None:
        if not (masters / FILE).is_file():
            raise UsageError("Signing needs a folder.", remedy="give --out, or a project by --masters")
        out = sidecar.parent / FOLDER / signed.SIGNED
    _refuse_place(out, sidecar)
    for file in files:
        signed.refuse_of_others(file, sidecar)
    made = []
    for done, file in enumerate(files, 1):
        copy = credentials.sign(file, out / file.name, sidecar, certificate)
        signed.note(file, copy, sidecar)
        made.append(str(copy))
        report.progress("credentials", done, len(files))
    report.result({"signed": made, "provenance": str(sidecar)}, "credentials")
    return EXIT_DONE


def _refuse_place(out: Path, sidecar: Path) -> None:
    """Nothing is written where an element of the masters' project lies, or a scan that their provenance binds."""
    home = project_of(sidecar)
    if home is not None:
        project = load(home)
        for name in project.elements:
            sequence, what = Sequence.parse(project.file_of(name)), f"where the {name.capitalize()} lies"
            keep_apart(out, sequence.folder, what, file=str(out))
            keep_apart_from(map(sequence.path, sequence.frames()), out, what, file=str(out))
    scans = [sidecar.parent / one.path for files in read_seal(sidecar).pairs.values() for one in files]
    keep_apart_from(scans, out, "where a scan of a pair lies", file=str(out))


def check(report: Report, files: list[Path], masters: Path, roots: Path | None) -> int:
    """EXIT_CHECK_FAILED where a file has none, was changed, or names other masters."""
    sidecar = _sidecar(masters)
    wrong, told = 0, []
    for file in files:
        found = credentials.read(file, roots)
        problems = ["It has no credential."] if found is None else [*found.problems]
        if found is not None:
            problems += [text] if (text := credentials.disagreement(found, sidecar)) else []
            problems += ["its chain ends in no root that was given"] if roots and not found.trusted else []
            told.append(
                {"file": str(file), "signed_by": found.signed_by, "trusted": found.trusted, **found.origin}
            )
        wrong += bool(problems)
        for text in problems:
            report.check(
                "credential", "fail", reason=f"{file.name}: {text}", remedy="fetch it again, or sign it anew",
                value={"file": str(file)},
            )  # fmt: skip
    report.result({"intact": not wrong, "files": told if report.as_json else len(told)})
    return EXIT_CHECK_FAILED if wrong else EXIT_DONE


def _sidecar(masters: Path) -> Path:
    place = paths(load(masters)).render if (masters / FILE).is_file() else masters
    found = seals(place)
    if len(found) > 1:
        raise UsageError(
            f"{place} holds the provenance of {len(found)} sequences.",
            remedy=f"name one with --masters, such as {found[0]}",
        )
    return found[0]
