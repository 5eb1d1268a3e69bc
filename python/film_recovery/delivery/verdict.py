"""What a report amounts to, in plain words: what was recovered, by how much, whether identity held, where to look.

The outcome is computed, never given: the gravest of the checks and of what the figures say. Tolerances are the
checks' own; of a figure it is only asked who did better.
"""

from __future__ import annotations

from dataclasses import dataclass

from film_recovery.checks import OUTCOMES, Outcome
from film_recovery.delivery.data import FigureRow, ReportData
from film_recovery.delivery.words import count, listed, number, words

# Recipe family → what it recovers, and what it may not change.
RECOVERS = {
    "spatial": ("detail", "chroma", "colour (chroma)"),
    "colour": ("colour", "luma", "picture detail (luma)"),
    "combined": ("detail and colour", "identity", "picture outside what each step recovers"),
}
IDENTITY_CHECK = "validation.identity"
TOLD_FIGURES = 2


@dataclass(frozen=True)
class Concern:
    """Something to look at: in words, how grave, and where in the report (an element's id)."""

    outcome: str
    text: str
    anchor: str


@dataclass(frozen=True)
class Verdict:
    """``outcome``: pass, warn or fail. ``sentences``: what was recovered and by how much, then identity."""

    outcome: str
    headline: str
    sentences: tuple[str, ...]
    concerns: tuple[Concern, ...]


def verdict(data: ReportData) -> Verdict:
    """The verdict on ``data``: fail where a check fails or no figure improved, warn where anything is doubtful."""
    concerns = tuple(
        sorted(
            (*_of_checks(data), *_of_identity(data), *_of_figures(data)),
            key=lambda concern: -OUTCOMES.index(concern.outcome),
        )
    )
    outcome = concerns[0].outcome if concerns else "pass"
    return Verdict(outcome, _headline(concerns), (_gain(data), *_identity_sentence(data)), concerns)


def check_anchor(check: str) -> str:
    """The id of a check's place in the report."""
    return f"check-{check}"


def _headline(concerns: tuple[Concern, ...]) -> str:
    failing = sum(concern.outcome == "fail" for concern in concerns)
    if failing:
        return f"Not to be accepted as it is: {count(failing, 'point')} must be put right."
    if concerns:
        return f"Recovered, with {count(len(concerns), 'point')} to look at before it is accepted."
    return "Recovered, and everything that was checked holds."


# Checks


def _of_checks(data: ReportData) -> list[Concern]:
    outcomes = _outcomes(data)
    if not outcomes:
        return [Concern("warn", "No check was made.", "checks")]
    shall = {check.id for check in data.checks if check.severity == "shall"}
    concerns = []
    for found in outcomes:
        told = f"{data.title_of(found.check)}: {found.reason}"
        if found.pending and found.check in shall:
            concerns.append(Concern("warn", f"{told} (not measured)", check_anchor(found.check)))
        elif found.outcome in ("warn", "fail"):
            concerns.append(Concern(found.outcome, told, check_anchor(found.check)))
    return concerns


def _outcomes(data: ReportData) -> list[Outcome]:
    return [outcome for report in data.reports for outcome in report.outcomes]


# Identity


def _of_identity(data: ReportData) -> list[Concern]:
    family = _family(data)
    if family and _outcomes(data) and not _identity(data):
        return [Concern("warn", f"The identity of {family[1]} was not checked.", "checks")]
    return []


def _identity_sentence(data: ReportData) -> list[str]:
    family, found = _family(data), _identity(data)
    if not family:
        return []
    if not found:
        return [f"Whether the {family[2]} stayed the Source’s was not checked."]
    held = "is kept" if found.outcome in ("pass", "info") else "is not kept"
    tolerance = f", tolerance {words(found.tolerance)}" if words(found.tolerance) != "–" else ""
    return [f"The Source’s {family[2]} {held}: measured {words(found.value)}{tolerance}."]


def _identity(data: ReportData) -> Outcome | None:
    return next((found for found in _outcomes(data) if found.check == IDENTITY_CHECK), None)


def _family(data: ReportData) -> tuple[str, str, str] | None:
    return RECOVERS.get(data.recipe.partition("-")[0])


# Figures


def _of_figures(data: ReportData) -> list[Concern]:
    rows = _comparable(data)
    if not rows:
        return [Concern("warn", "No figure compares the recovered frames with the Source.", "figures")]
    worse = [row for row in rows if _beats(row, data.source_column, data.delivered)]
    if len(worse) == len(rows):
        text = f"No figure improved: {data.source_column} is better in {listed([row.name for row in worse])}."
        return [Concern("fail", text, "figures")]
    concerns = [
        Concern("warn", f"{row.name} is worse than the Source’s: {_two(row, data)}.", "figures")
        for row in worse
    ]
    for row in data.figures:
        rivals = [c for c in row.values if c not in (data.source_column, data.delivered)]
        better = [c for c in rivals if _beats(row, c, data.delivered)]
        if better:
            them = listed([f"{column} ({_measure(row, column)})" for column in better])
            text = f"{row.name}: {them} did better than {data.delivered} ({_measure(row, data.delivered)})."
            concerns.append(Concern("warn", text, "figures"))
    return concerns


def _gain(data: ReportData) -> str:
    family = _family(data)
    subject = f"The {family[0]}" if family else "The picture"
    where = [f"{word} {value}" for word, value in (("reel", data.reel), ("shot", data.shot)) if value]
    place = f"{subject} of {', '.join([f'“{data.film}”', *where])}"
    rows = _comparable(data)
    if not rows:
        return f"{place} was to be recovered; by how much was not measured."
    frames = f" on {count(len(data.held_out), 'frame')} that never entered training" if data.held_out else ""
    told = listed([f"{row.name} {_change(row, data)} {_two(row, data)}" for row in rows[:TOLD_FIGURES]])
    improved = any(_beats(row, data.delivered, data.source_column) for row in rows)
    return f"{place} was {'' if improved else 'not '}recovered{frames}: {told}."


def _comparable(data: ReportData) -> list[FigureRow]:
    return [
        row
        for row in data.figures
        if row.distance(data.source_column) is not None and row.distance(data.delivered) is not None
    ]


def _beats(row: FigureRow, one: str, other: str) -> bool:
    """Whether ``one`` is better than ``other``, in the four digits that are shown."""
    mine, its = row.distance(one), row.distance(other)
    if mine is None or its is None or mine >= its:
        return False
    return f"{row.values[one]:.4g}" != f"{row.values[other]:.4g}"


def _change(row: FigureRow, data: ReportData) -> str:
    if _beats(row, data.delivered, data.source_column):
        return "improved"
    return "became worse," if _beats(row, data.source_column, data.delivered) else "stayed,"


def _two(row: FigureRow, data: ReportData) -> str:
    before = row.values[data.source_column]
    assert before is not None
    return f"from {number(before)} to {_measure(row, data.delivered)}"


def _measure(row: FigureRow, column: str) -> str:
    value = row.values.get(column)
    return "–" if value is None else f"{number(value)} {row.unit}".strip()
