"""``split`` and ``config import``: what is made ready before a training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from film_recovery._files import explained, write_whole
from film_recovery.cli.report import Report
from film_recovery.datasets import manifest as manifests
from film_recovery.datasets.folder import FolderPairs, PicturePairs
from film_recovery.datasets.preflight import judged_all
from film_recovery.datasets.splitting import MEASURES, Wishes, names_in
from film_recovery.datasets.splitting import split as divide
from film_recovery.datasets.survey import survey
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, FilmRecoveryError, UsageError

_FEW_FAILURES = 5


@dataclass(frozen=True)
class Asked:
    """The options of ``split``, as they were given."""

    out: Path | None = None
    check: bool = False
    val: Path | None = None
    failures: Path | None = None
    extend: Path | None = None
    seed: int = 0
    val_colour: int | None = None
    test: int | None = None


def split(report: Report, folder: Path, asked: Asked) -> int:
    """Judges the pairs in ``folder`` and divides them; with ``check`` only judges. A failed check writes nothing."""
    if asked.check == (asked.out is not None):
        raise UsageError(
            "Say where the manifest goes, or that nothing is to be written.", remedy="--out FILE, or --check"
        )
    own = FolderPairs(folder)
    if asked.out is not None:
        _free_place(asked.out, folder, asked.extend)
    pairs, val = _with_val(own, asked.val)
    failures = names_in(asked.failures) if asked.failures else frozenset()
    stay = manifests.read(asked.extend) if asked.extend else None
    found = survey(pairs, report.progress)
    checked = judged_all(found)
    for outcome in checked.outcomes:
        report.check(
            outcome.check,
            outcome.outcome,
            value=outcome.value,
            tolerance=dict(outcome.tolerance),
            reason=outcome.reason,
            remedy="; ".join(outcome.remedy),
        )
    if checked.stops or asked.out is None:
        report.result({"pairs": len(pairs), "worst": checked.worst, "manifest": None}, "preflight")
        return EXIT_CHECK_FAILED if checked.stops else EXIT_DONE
    if stay is not None and asked.extend is not None:
        manifests.verify(stay.of(manifests.TRAIN, *manifests.HELD_OUT), asked.extend, report.progress)
    wishes = Wishes(asked.seed, val, failures, asked.val_colour, asked.test, stay)
    manifest = divide(found, wishes)
    manifests.write(manifest, asked.out)
    if 0 < len(failures) < _FEW_FAILURES:
        report.say(f"{len(failures)} failures are followed; {_FEW_FAILURES} to 15 tell more")
    scenes = {entry.scene for entry in manifest.entries}
    picked = {
        name: sum(entry.reason.startswith(f"{name}:") for entry in manifest.entries) for name in MEASURES
    }
    report.result(
        {
            "manifest": str(asked.out),
            "pairs": len(manifest.entries),
            "worst": checked.worst,
            **manifest.counts,
            "failures": len(manifest.failures),
            "scenes": len(scenes),
            "picked_by": picked,
        },
        "split",
    )
    return EXIT_DONE


def _with_val(own: FolderPairs, val: Path | None) -> tuple[PicturePairs, frozenset[str]]:
    """All pairs, and the labels of the regression set: a list of names, or a folder of pairs of its own."""
    if val is None:
        return own, frozenset()
    if not val.is_dir():
        return own, names_in(val)
    other = FolderPairs(val)
    labels = [f"{val.name}/{label}" for label in other.labels]
    return PicturePairs([*own.files, *other.files], labels=[*own.labels, *labels]), frozenset(labels)


def _free_place(out: Path, folder: Path, extend: Path | None) -> None:
    """A manifest never goes where the pictures lie, and never silently replaces one: its sets would be lost."""
    if out.suffix != ".json":
        raise UsageError(
            "A manifest is a .json file.", remedy=f"--out {out.with_name(f'{out.name}.json')}", file=str(out)
        )
    place, home = out.resolve().parent, folder.resolve()
    if place == home or home in place.parents:
        raise FilmRecoveryError(
            f"The manifest would lie in {folder}, among the pairs. Elements are never written to.",
            file=str(out),
            remedy="choose a place outside of it, such as beside it",
        )
    if not place.is_dir():
        raise FilmRecoveryError("The folder does not exist.", file=str(out), remedy="create it")
    if out.exists() and (extend is None or extend.resolve() != out.resolve()):
        raise FilmRecoveryError(
            "There is a file already, and sets that exist never change.",
            file=str(out),
            remedy=f"choose another name, or add new pairs to it: --extend {out}",
        )


def config_import(report: Report, options: Path, out: Path) -> int:
    """Converts a BasicSR options file; the result names what has no counterpart."""
    from film_recovery.engine.basicsr import Foreign, import_basicsr

    if out.exists():
        raise FilmRecoveryError("There is a file already.", file=str(out), remedy="choose another name")
    with explained(options, "read"):
        content = options.read_bytes()
    text, foreign = _named(options, lambda: import_basicsr(content.decode("utf-8-sig", "replace"), out))
    write_whole(out, text)

    def plain(item: Foreign) -> dict[str, Any]:
        return {"name": item.name, "value": item.value, "why": item.why}

    for item in foreign:
        report.say(f"no counterpart: {item.name}: {item.value} ({item.why})")
    if report.as_json:
        report.result({"config": str(out), "without_counterpart": [plain(item) for item in foreign]})
    else:
        report.result({"config": str(out), "without_counterpart": len(foreign)}, "imported")
    return EXIT_DONE


def _named(file: Path, work: Callable[[], Any]) -> Any:
    """``work``, whose errors name ``file``."""
    try:
        return work()
    except FilmRecoveryError as error:
        raise FilmRecoveryError(error.message, remedy=error.remedy, file=str(file)) from error
