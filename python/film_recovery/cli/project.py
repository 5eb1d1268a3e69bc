"""The commands that work on a project: new, status, check, sign, fix, run. One function a command.

Each gives its exit code, or raises; ``main`` turns errors into messages.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
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
from film_recovery.recipes import Answers, Choice, Step
from film_recovery.recipes.model import STAGES
from film_recovery.stages import chain, signing
from film_recovery.stages.fixes import FIXABLE


@dataclass(frozen=True)
class Elements:
    """Patterns of the elements of a new project. ``colour``: a third one, of a recovery of several steps."""

    source: str | None
    reference: str
    colour: str | None = None


class Listener:
    """A run's events as a report shows them."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def progress(self, what: str, done: int, total: int, **more: Any) -> None:
        self.report.progress(what, done, total, **more)

    def outcome(self, outcome: Outcome) -> None:
        show(self.report, outcome)


def show(report: Report, outcome: Outcome) -> None:
    """One check, as JSON or as a line. ``show``: where to look; ``repair``: whether ``fix`` has one for it."""
    report.check(
        outcome.check,
        outcome.outcome,
        reason=outcome.reason,
        value=outcome.value,
        tolerance=outcome.as_dict()["tolerance"],
        remedy="; ".join(outcome.remedy),
        show=dict(outcome.show),
        repair=outcome.outcome in ("warn", "fail") and outcome.check in FIXABLE,
    )


def new(
    report: Report,
    folder: Path,
    film: str | None,
    elements: Elements,
    recipe: str | None,
    answers: Answers,
    settings: Sequence[str],
) -> int:
    """Makes a project, with the steps of its recipe; or, in ``steps/<name>``, a step of the project above it.

    The recipe is named, or chosen from the answers. What the site sets for all projects lies under ``settings``; a
    step takes it from the project above. Nothing is made when anything is wrong.
    """
    folder = Path(os.path.abspath(folder))
    given_values = dict(setting(text) for text in settings)
    site = project.site_defaults()
    values = {**site, **given_values}
    above = chain.parent_of(folder)
    if above is not None:
        draft = _step_draft(*above, folder, film, elements, recipe)
        project.create(folder, project.drafted(draft, {**project.of_steps(site), **given_values}))
        return _made(report, folder, ())
    draft, choice = _draft(folder, film, elements, recipe, answers)
    given = project.drafted(draft, {key: value for key, value in values.items() if not _is_of_step(key)})
    steps = _step_drafts(given, folder, elements.colour, values, site)
    for step in recipes.load(given.recipe).steps:
        if step.gives and step.name in steps:
            masters = {step.gives: project.master(f"{project.STEPS}/{step.name}")}
            given = replace(given, elements={**given.elements, **masters})
    project.create(folder, given, steps)
    return _made(report, folder, tuple(steps), None if choice is None else _told(report, choice, answers))


def _made(
    report: Report, folder: Path, steps: tuple[str, ...], chosen: Mapping[str, Any] | None = None
) -> int:
    """Notes the new projects in their ledgers and says where they are. ``chosen``: why the recipe was, if it was."""
    why = dict(chosen or {})
    for place in (*(project.step_folder(folder, name) for name in steps), folder):
        made = project.load(place)
        said = {"recipe": made.recipe, "film": made.film, **(why if place == folder else {})}
        ledger.append(place, "created", said)
        ledger.write_notes(place)
    rows: dict[str, Any] = {"project": str(folder), "recipe": made.recipe}
    rows |= {**(why if report.as_json else {}), "next": "status"}
    for link in chain.links(made):
        lacking = f"not made yet, and a run needs it: film-recovery new {link.folder} --reference FRAMES"
        rows[link.name] = str(link.folder) if link.is_made else lacking
    report.result(rows, "new project")
    return EXIT_DONE


def _draft(
    folder: Path, film: str | None, elements: Elements, recipe: str | None, answers: Answers
) -> tuple[Draft, Choice | None]:
    """The project that is to be, and the choice of its recipe; None for a recipe that was named."""
    if film is None or elements.source is None:
        lacking = "--film" if film is None else "--source"
        raise UsageError(
            f"A new project needs {lacking}.", remedy=f"give {lacking}; only a step of a project has it"
        )
    choice = None if recipe else recipes.choose(answers)
    chosen = _recipe_of(choice) if choice else str(recipe)
    has_own = any("own" in (step.source, step.reference) for step in recipes.load(chosen).steps)
    if elements.colour is not None and not has_own:
        raise UsageError(
            f"The recipe {chosen} takes two elements, and --colour-element is a third.",
            remedy="leave it out, or choose --recipe combined",
        )
    found = {
        "source": _element(elements.source, folder),
        "reference": _element(elements.reference, folder),
    }
    return Draft(film=film, recipe=chosen, elements=found), choice


def _step_drafts(
    parent: Draft, folder: Path, colour: str | None, values: Mapping[str, Any], site: Mapping[str, Any]
) -> dict[str, Draft]:
    """Every step that can be made of what is given, with its settings."""
    steps = recipes.load(parent.recipe).steps
    found = {}
    for step in steps:
        needs_own = "own" in (step.source, step.reference)
        if needs_own and colour is None:
            continue
        third = _element(colour, folder) if needs_own and colour else None
        draft = project.step_draft(parent, folder, step, third)
        own = f"{project.STEPS}.{step.name}."
        settings = project.of_steps(site)
        settings |= {key[len(own) :]: value for key, value in values.items() if key.startswith(own)}
        found[step.name] = project.drafted(draft, settings)
    for key in values:
        if _is_of_step(key) and key.split(".")[1] not in found:
            raise UsageError(
                f"--set {key}: no such step is made.",
                remedy=f"choose one of {', '.join(found)}" if found else "leave it out",
            )
    return found


def _is_of_step(key: str) -> bool:
    return key.startswith(f"{project.STEPS}.")


def _step_draft(
    parent: project.Project,
    step: Step,
    folder: Path,
    film: str | None,
    elements: Elements,
    recipe: str | None,
) -> Draft:
    """The step of ``parent`` that is made after it."""
    for option, value in (
        ("--film", film),
        ("--source", elements.source),
        ("--colour-element", elements.colour),
    ):
        if value is not None:
            raise UsageError(
                f"{folder} is the step {step.name} of {parent.folder}, from which {option} follows.",
                remedy=f"leave {option} out, or make a project in another folder",
            )
    own = _element(elements.reference, parent.folder)
    draft = project.step_draft(parent, parent.folder, step, own)
    kinds = [recipes.load(one).kind for one in (step.recipe, recipe or step.recipe)]
    if kinds[0] != kinds[1]:
        raise UsageError(
            f"The step {step.name} is a {kinds[0]} recovery, {recipe} is a {kinds[1]} one.",
            remedy=f"leave --recipe out for {step.recipe}",
        )
    return replace(draft, recipe=recipe or step.recipe)


def status(report: Report, folder: Path, checks: bool = False) -> int:
    """Every stage with its gravest outcome, and what stops the work; ``checks``: each of its checks too. Files that did
    not change since the last time are not read for their hash."""
    from film_recovery.stages.kept_hashes import kept_hashes

    loaded = project.load(folder)
    holder = project.lock.holder(folder)
    stops = ""
    rows: dict[str, Any] = {"film": loaded.film, "recipe": loaded.recipe}
    with kept_hashes(loaded):
        reports = stages.check(loaded)
    for one in reports:
        name = STAGES[one.stage]
        counts = {
            word: sum(o.outcome == word for o in one.outcomes) for word in ("fail", "warn", "info", "pass")
        }
        rows[f"{one.stage} {name}"] = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
        for outcome in one.outcomes if checks else ():
            show(report, outcome)
        if one.stops and not stops:
            stops = next(o.check for o in one.outcomes if o.outcome == "fail")
    for link in chain.links(loaded):
        rows[link.name] = chain.standing(link)
    rows["held by"] = f"{holder.owner} on {holder.host}: {holder.what}" if holder else "nobody"
    rows["stops at"] = stops or "nothing"
    problems = ledger.verify(folder)
    rows["ledger"] = "; ".join(problems) or f"{len(ledger.read(folder).records)} records, the chain holds"
    report.result(rows, str(folder))
    return EXIT_CHECK_FAILED if problems else EXIT_DONE


def check(report: Report, folder: Path, stage: str | None) -> int:
    """The checks of all stages, or of one (a number or a word). Exit code 1 when one fails.

    Recorded in the ledger, unless somebody else works on the project: then they are shown only, and that is said.
    """
    reports = stages.check(project.load(folder), _stage(stage))
    for one in reports:
        for outcome in one.outcomes:
            show(report, outcome)
    with project.lock.briefly(folder) as holder:
        if holder is None:
            ledger.append(folder, "check", {"checks": [o.as_dict() for one in reports for o in one.outcomes]})
            ledger.write_notes(folder)
    if holder is not None:
        by = f"{holder.owner} on {holder.host}: {holder.what}"
        report.result(
            {"recorded": "no", "held by": by, "next": "check again when the project is free"}, "check"
        )
    return EXIT_CHECK_FAILED if any(one.stops for one in reports) else EXIT_DONE


def sign(report: Report, folder: Path, id: str, by: str, note: str, take_over: bool = False) -> int:
    """Signs a manual check."""
    loaded = project.load(folder)
    record = signing.sign(loaded, id, by, note, take_over=take_over)
    title = recipes.load(loaded.recipe).check(id).title
    report.result({"signed": id, "by": by, "time": record.time, "note": note}, title)
    return EXIT_DONE


def fix(report: Report, folder: Path, id: str, apply: bool, take_over: bool = False) -> int:
    """Shows the repair of a check; with ``apply`` makes it and keeps a copy of what was."""
    loaded = project.load(folder)
    proposed = stages.propose(loaded, id)
    if not report.as_json:
        print(proposed.diff, end="")
    found: dict[str, Any] = {"check": id, "repair": proposed.description, "file": str(proposed.file)}
    if proposed.diff and apply:
        what = f"fix {id}"
        with project.lock.held(folder, what, take_over) as mine:
            if mine.taken_over:
                report.say(f"taken over from {mine.taken_over}")
                ledger.append(folder, "taken over", {"what": what, "from": mine.taken_over})
            found["copy"] = str(proposed.apply())
            ledger.append(folder, "fix", found)
            ledger.write_notes(folder)
    report.result({**found, "diff": proposed.diff} if report.as_json else found, "repair")
    if proposed.diff and not apply:
        report.say("nothing is changed yet; run it again with --apply")
    return EXIT_DONE


def run(
    report: Report,
    folder: Path,
    by: str,
    take_over: bool,
    workers: int = 1,
    skip_short_range: str = "",
    accept_unmeasured: Sequence[str] = (),
) -> int:
    """The project through all stages; its full range when the short one is signed, or ``skip_short_range`` says why
    not. ``accept_unmeasured``: why it goes on where something that has to hold was not measured: ``WHY``, ``own=WHY``,
    ``steps.NAME=WHY``."""
    from film_recovery.stages.run import run as take_through
    from film_recovery.stages.unmeasured import reasons

    ran = take_through(
        folder,
        Listener(report),
        by=by,
        take_over=take_over,
        workers=workers,
        skip_short_range=skip_short_range,
        accept_unmeasured=reasons(accept_unmeasured),
    )
    report.result(
        {"report": str(ran.report), "worked": ", ".join(ran.worked) or "nothing, all was done"}, "run"
    )
    return EXIT_DONE


def _recipe_of(choice: Choice) -> str:
    if choice.recipe is None:
        raise UsageError(
            f"{choice.why} {choice.out_of_scope}".strip(), remedy="see the recipes in the manual"
        )
    return choice.recipe


def _told(report: Report, choice: Choice, answers: Answers) -> dict[str, Any]:
    """Says how the recipe was chosen, and what is wanted and not offered; gives it for the ledger."""
    report.say(f"{choice.recipe}: {choice.why}")
    if choice.out_of_scope:
        report.say(choice.out_of_scope)
    beside = {"out_of_scope": choice.out_of_scope} if choice.out_of_scope else {}
    return {"why": choice.why, **beside, "answers": asdict(answers)}


def _element(pattern: str, folder: Path) -> Element:
    """An element as its files describe it, for a project in ``folder``: named from there where it lies inside."""
    sequence = FileSequence.parse(Path(pattern).resolve() if not Path(pattern).is_absolute() else pattern)
    frames = sequence.frames()
    if not frames and not sequence.is_still:
        raise UsageError(f"No frame of {pattern} is on disk.", remedy="check the path and the number of #")
    first, last = (frames[0], frames[-1]) if frames else (1, 1)
    header = read_header(sequence.path(first))
    shape = header.format
    found = Element(
        _named_from(folder, sequence.pattern),
        first,
        last,
        shape.width,
        shape.height,
        pixel_aspect=shape.pixel_aspect,
    )
    return replace(found, frame_rate=header.frame_rate) if header.frame_rate else found


def _named_from(folder: Path, pattern: str) -> str:
    """``pattern`` relative to ``folder`` where it lies inside, so that the project can be moved; else as it is."""
    for inner, outer in ((os.path.normpath(pattern), folder), (os.path.realpath(pattern), folder.resolve())):
        if outer in Path(inner).parents:
            return Path(inner).relative_to(outer).as_posix()
    return pattern


def setting(text: str, option: str = "--set ") -> tuple[str, Any]:
    """``key=value``, the value as YAML has it; ``option``: what stands before it, for errors. Raises UsageError."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        remedy = f"{option}elements.source.holder=Archive"
        raise UsageError(f"{option}{text}: key=value is needed.", remedy=remedy)
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UsageError(f"{option}{text}: the value cannot be read.", remedy="quote it as YAML") from error


def _stage(word: str | None) -> int | None:
    if word is None:
        return None
    if word in STAGES:
        return STAGES.index(word)
    if word.isdigit() and int(word) < len(STAGES):
        return int(word)
    raise UsageError(f"There is no stage {word}.", remedy=f"0 to 5, or one of {', '.join(STAGES)}")
