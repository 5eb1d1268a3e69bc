"""``validation_note.md``: what was done, what was measured, what holds and what does not, and who signed it, in words.

Made of the same data as the report, so that the two never differ. The operator's own part, quality and caveats as they
saw them, stands below and is never written over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from film_recovery import __version__
from film_recovery.checks import Outcome
from film_recovery.delivery.data import FigureRow, ReportData, Signature
from film_recovery.delivery.verdict import verdict
from film_recovery.delivery.words import count, number, plain, words
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.ledger.markdown import code, line
from film_recovery.ledger.own_words import own_words, write_page
from film_recovery.recipes.classification import Classification, recovery

FILE = "validation_note.md"
# The check that asks for this note: it is about the note and no part of it.
_OF_THE_NOTE = "validation.note_written"
_VALIDATION = "validation"
_SEED = """## Seen, and to beware of

<!-- Write below, in your own words: the quality of the elements and of what was recovered, and what to beware of. The
check "Validation note written" passes when you have. Nothing you write here is ever changed. -->

"""


def write_note(data: ReportData, of: Classification, path: Path) -> Path:
    """Writes the note on ``data``, of the class ``of``, into ``path``; the operator's own part stays as it is."""
    write_page(path, note(data, of), _SEED)
    return path


def said_by_operator(path: Path) -> str:
    """The operator's own part of the note; empty where there is none."""
    return own_words(path)


def class_of_recovery(of: Classification, data: ReportData) -> dict[str, str]:
    """The same for the report: what the recovery is called, and where that division stands."""
    cited = "; ".join(f"{one.text} ({one.where})" for one in of.sources)
    return {"class of recovery": f"{of.statement} {_recovery(data)}", "which division is from": cited}


def _recovery(data: ReportData) -> str:
    """Whether it is recovery, as far as the checks of ``data`` show it."""
    outcomes = [one for report in data.reports for one in report.outcomes]
    passed = {one.check for one in outcomes if one.outcome == "pass"}
    return recovery(passed, own_training=data.own_training)


def note(data: ReportData, of: Classification) -> str:
    """Our part, as Markdown; equal for equal data."""
    parts = (
        _head(data),
        _done(data, of),
        _elements(data),
        _pairs(data),
        _figures(data),
        _criteria(data),
        _signed(data),
        _stills(data),
        _sources(of),
    )
    return "\n".join(text for part in parts for text in (*part, "")) + "\n"


def _head(data: ReportData) -> Iterator[str]:
    found = verdict(data)
    yield f"# Validation note: {line(data.title or data.film)}"
    yield ""
    yield f"**{line(found.headline)}**"
    yield ""
    yield " ".join(line(sentence) for sentence in found.sentences)


def _done(data: ReportData, of: Classification) -> Iterator[str]:
    yield "## What was done"
    yield ""
    yield line(of.statement)
    yield line(_recovery(data))
    yield ""
    said = {
        "film": data.film,
        "reel": data.reel,
        "shot": data.shot,
        "recipe": data.recipe,
        **{plain(name): made for name, made in data.made.items() if name not in class_of_recovery(of, data)},
        "settings of the training": data.settings.get("training"),
        "rendered": data.settings.get("inference"),
        "Film Recovery": __version__,
    }
    yield from (f"* {line(name)}: {line(words(value))}" for name, value in said.items() if value)
    if data.reasoning:
        yield ""
        yield "Why, in the operator’s words:"
        yield ""
        yield from (f"> {line(text)}".rstrip() for text in data.reasoning.splitlines())


def _elements(data: ReportData) -> Iterator[str]:
    yield "## Elements"
    yield ""
    if not data.elements:
        yield "Nothing was recorded of them."
    wanted = ("title", "type", "gauge", "generation", "quality", "holder", "authorisation", "provenance")
    for name, element in data.elements.items():
        known = [f"{plain(key)} {words(element[key])}" for key in wanted if element.get(key)]
        said = "; ".join(known) or "nothing was recorded of it"
        yield f"* **{line(name)}**: {line(said)}."


def _pairs(data: ReportData) -> Iterator[str]:
    yield "## Pairs"
    yield ""
    yield f"* trained on: {line(words(data.settings.get('pairs')))}"
    yield f"* held out, for the figures below: {line(words(data.settings.get('hold_out')))}"
    flags = data.settings.get("flags")
    yield f"* flags: {line(words(flags))}"


def _figures(data: ReportData) -> Iterator[str]:
    yield "## Figures"
    yield ""
    if not data.figures:
        yield "Nothing was measured."
        return
    frames = count(len(data.held_out), "held-out frame")
    yield f"Means over {frames} ({format_frames(data.held_out)}), against their Ground Truth."
    yield ""
    yield "| measure | " + " | ".join(line(column) for column in data.columns) + " | best |"
    yield "|---|" + "---|" * (len(data.columns) + 1)
    for row in data.figures:
        cells = [_cell(row, column) for column in data.columns]
        best = {"higher": "highest", "lower": "lowest"}.get(row.better) or f"at {number(row.target or 0.0)}"
        unit = f", {row.unit}" if row.unit else ""
        yield f"| {line(row.name + unit)} | " + " | ".join(cells) + f" | {best} |"
    yield ""
    yield from (f"* {line(row.name)}: {line(row.domain)}." for row in data.figures if row.domain)
    yield from (f"* {line(name)}: {line(made)}." for name, made in data.contenders.items())


def _cell(row: FigureRow, column: str) -> str:
    value = row.values.get(column)
    return "–" if value is None else number(value)


def _criteria(data: ReportData) -> Iterator[str]:
    """Every check of validation with its outcome; of the stages before it those that did not pass."""
    yield "## Criteria"
    yield ""
    found = [one for report in data.reports for one in report.outcomes if one.check != _OF_THE_NOTE]
    if not found:
        yield "No check was made."
        return
    passed = sum(one.outcome in ("pass", "info") and not one.pending for one in found)
    yield f"{passed} of {count(len(found), 'check')} passed. All of validation:"
    yield ""
    last = [one for one in found if one.check.partition(".")[0] == _VALIDATION]
    yield from (_told(data, one) for one in last) if last else ("* none was made",)
    doubtful = [
        one for one in found if one not in last and (one.pending or one.outcome not in ("pass", "info"))
    ]
    yield ""
    yield (
        "Of the stages before it, what did not pass:"
        if doubtful
        else "Of the stages before it everything passed."
    )
    if doubtful:
        yield ""
        yield from (_told(data, one) for one in doubtful)


def _told(data: ReportData, one: Outcome) -> str:
    words_of = {"pass": "passed", "info": "passed", "warn": "**doubtful**", "fail": "**failed**"}
    mark = "**not measured**" if one.pending else words_of[one.outcome]
    return f"* {mark}: {line(data.title_of(one.check))} (`{code(one.check)}`). {line(one.reason)}".rstrip()


def _signed(data: ReportData) -> Iterator[str]:
    yield "## Signed"
    yield ""
    if not data.signatures:
        yield "Nobody has signed anything."
    for one in _latest(data):
        said = f": {line(one.note)}" if one.note else ""
        when = line(one.time[:16].replace("T", " "))
        yield f"* {line(data.title_of(one.check))} (`{code(one.check)}`), {line(one.by)}, {when}{said}"


def _latest(data: ReportData) -> Iterable[Signature]:
    """The newest signature of each check, in the order of the checks' first ones."""
    return {one.check: one for one in data.signatures}.values()


def _stills(data: ReportData) -> Iterator[str]:
    yield "## Stills and hashes"
    yield ""
    shown = [
        f"{still.frame}: {still.caption}" if still.caption else str(still.frame) for still in data.stills
    ]
    yield "Stills, in the report beside this note:" if shown else "The report shows no still."
    if shown:
        yield ""
        yield from (f"* {line(text)}" for text in shown)
    if data.hashes:
        yield ""
        yield "SHA-256:"
        yield ""
        yield from (f"* {line(name)}: `{code(value)}`" for name, value in data.hashes.items())


def _sources(of: Classification) -> Iterator[str]:
    yield "## Sources of the classification"
    yield ""
    yield from (f"* {line(one.text)}. {line(one.where)}: {line(one.says)}." for one in of.sources)
