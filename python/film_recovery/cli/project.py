"""The commands that work on a project: new, status, check, sign, fix, run. One function a command.

Each gives its exit code, or raises; ``main`` turns errors into messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from film_recovery import ledger, project, recipes, stages
from film_recovery._yaml import yaml
from film_recovery.checks import Outcome
from film_recovery.cli.report import Report
from film_recovery.errors import EXIT_CHECK_FAILED, EXIT_DONE, UsageError
from film_recovery.imaging.files import read_header
from film_recovery.imaging.sequence import Sequence as FileSequence
from film_recovery.project import Draft, Element
from film_recovery.recipes import Answers
from film_recovery.recipes.model import STAGES
from film_recovery.stages.checking import SIGN


class Listener:
    """A run's events as a report shows them."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def progress(self, what: str, done: int, total: int, **more: Any) -> None:
        self.report.progress(what, done, total, **more)

    def outcome(self, outcome: Outcome) -> None:
        show(self.report, outcome)


def show(report: Report, outcome: Outcome) -> None:
    """One check, as JSON or as a line."""
    report.check(
        outcome.check,
        outcome.outcome,
        reason=outcome.reason,
        value=outcome.value,
        tolerance=outcome.as_dict()["tolerance"],
        remedy="; ".join(outcome.remedy),
    )


def new(
    report: Report,
    folder: Path,
    film: str,
    elements: tuple[str, str],
    recipe: str | None,
    answers: Answers,
    settings: Sequence[str],
) -> int:
    """Makes a project of two elements; the recipe is named, or chosen from the answers."""
    chosen = recipe or _chosen(report, answers)
    recipes.load(chosen)
    draft = Draft(
        film=film,
        recipe=chosen,
        elements={
            name: _element(pattern) for name, pattern in zip(("source", "reference"), elements, strict=True)
        },
    )
    made = project.create(folder, draft)
    values = dict(_setting(text) for text in settings)
    if values:
        made = project.update(folder, values)
    ledger.append(folder, "created", {"recipe": chosen, "film": film})
    report.result({"project": str(made.folder), "recipe": chosen, "next": "status"}, "new project")
    return EXIT_DONE


def status(report: Report, folder: Path) -> int:
    """Every stage with its gravest outcome, and what stops the work."""
    loaded = project.load(folder)
    holder = project.lock.holder(folder)
    stops = ""
    rows: dict[str, Any] = {"film": loaded.film, "recipe": loaded.recipe}
    for one in stages.check(loaded):
        name = STAGES[one.stage]
        counts = {
            word: sum(o.outcome == word for o in one.outcomes) for word in ("fail", "warn", "info", "pass")
        }
        rows[f"{one.stage} {name}"] = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
        if one.stops and not stops:
            stops = next(o.check for o in one.outcomes if o.outcome == "fail")
    rows["held by"] = f"{holder.owner} on {holder.host}: {holder.what}" if holder else "nobody"
    rows["stops at"] = stops or "nothing"
    problems = ledger.verify(folder)
    rows["ledger"] = "; ".join(problems) or f"{len(ledger.read(folder).records)} records, the chain holds"
    report.result(rows, str(folder))
    return EXIT_CHECK_FAILED if problems else EXIT_DONE


def check(report: Report, folder: Path, stage: str | None) -> int:
    """The checks of all stages, or of one (a number or a word). Exit code 1 when one fails."""
    reports = stages.check(project.load(folder), _stage(stage))
    for one in reports:
        for outcome in one.outcomes:
            show(report, outcome)
    ledger.append(folder, "check", {"checks": [o.as_dict() for one in reports for o in one.outcomes]})
    return EXIT_CHECK_FAILED if any(one.stops for one in reports) else EXIT_DONE


def sign(report: Report, folder: Path, id: str, by: str, note: str) -> int:
    """Signs a manual check."""
    loaded = project.load(folder)
    found = recipes.load(loaded.recipe).check(id)
    if not found.manual:
        raise UsageError(f"{id} is measured, not signed.", remedy=f"film-recovery check --project {folder}")
    if not by.strip():
        raise UsageError("A signature needs a name.", remedy="give it with --by")
    with project.lock.held(folder, f"sign {id}"):
        record = ledger.append(folder, SIGN, {"check": id, "note": note}, by)
        ledger.write_notes(folder)
    report.result({"signed": id, "by": by, "time": record.time, "note": note}, found.title)
    return EXIT_DONE


def fix(report: Report, folder: Path, id: str, apply: bool) -> int:
    """Shows the repair of a check; with ``apply`` makes it and keeps a copy of what was."""
    loaded = project.load(folder)
    proposed = stages.propose(loaded, id)
    if not report.as_json:
        print(proposed.diff, end="")
    found: dict[str, Any] = {"check": id, "repair": proposed.description, "file": str(proposed.file)}
    if proposed.diff and apply:
        with project.lock.held(folder, f"fix {id}"):
            found["copy"] = str(proposed.apply())
            ledger.append(folder, "fix", found)
    report.result({**found, "diff": proposed.diff} if report.as_json else found, "repair")
    if proposed.diff and not apply:
        report.say("nothing is changed yet; run it again with --apply")
    return EXIT_DONE


def run(report: Report, folder: Path, by: str, take_over: bool) -> int:
    """The project through all stages."""
    from film_recovery.stages.run import run as take_through

    ran = take_through(folder, Listener(report), by=by, take_over=take_over)
    report.result(
        {"report": str(ran.report), "worked": ", ".join(ran.worked) or "nothing, all was done"}, "run"
    )
    return EXIT_DONE


def _chosen(report: Report, answers: Answers) -> str:
    choice = recipes.choose(answers)
    if choice.recipe is None:
        raise UsageError(
            f"{choice.why} {choice.out_of_scope}".strip(), remedy="see the recipes in the manual"
        )
    report.say(f"{choice.recipe}: {choice.why}")
    return choice.recipe


def _element(pattern: str) -> Element:
    """An element as its files describe it."""
    sequence = FileSequence.parse(Path(pattern).resolve() if not Path(pattern).is_absolute() else pattern)
    frames = sequence.frames()
    if not frames and not sequence.is_still:
        raise UsageError(f"No frame of {pattern} is on disk.", remedy="check the path and the number of #")
    first, last = (frames[0], frames[-1]) if frames else (1, 1)
    header = read_header(sequence.path(first))
    shape = header.format
    return Element(sequence.pattern, first, last, shape.width, shape.height, pixel_aspect=shape.pixel_aspect)


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(f"--set {text}: key=value is needed.", remedy="--set elements.source.holder=Archive")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UsageError(f"--set {text}: the value cannot be read.", remedy="quote it as YAML") from error


def _stage(word: str | None) -> int | None:
    if word is None:
        return None
    if word in STAGES:
        return STAGES.index(word)
    if word.isdigit() and int(word) < len(STAGES):
        return int(word)
    raise UsageError(f"There is no stage {word}.", remedy=f"0 to 5, or one of {', '.join(STAGES)}")
