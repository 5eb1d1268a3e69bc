"""``notes/experiments.md``: the ledger told to a reader. Written from it whenever a run ends.

A table of the trainings comes first, then everything in its order, then what the operator wrote, which stays as it is
(``own_words``).

Records of any kind are told; signatures of one person that follow one another, together. These keys of ``data`` have a
place of their own: ``what`` (a sentence), ``reasoning`` (the operator's words), ``stage`` and ``name`` (the title),
``checks`` (outcomes as ``Outcome.as_dict`` gives them), ``key`` and what a signature is of (for programs: not told).
Mappings become tables, and what remains follows as a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from film_recovery._files import explained
from film_recovery.ledger.chain import Record, read, verify
from film_recovery.ledger.markdown import code as _code
from film_recovery.ledger.markdown import line as _text
from film_recovery.ledger.own_words import write_page
from film_recovery.ledger.trainings import Training, trainings

FILE = "notes/experiments.md"
_SEED = "## Your own notes\n\n"
_TOLD = ("what", "reasoning", "checks", "stage", "name", "key")
_SIGN = "sign"
_OF_SIGNATURE = ("check", "note", "of", "graph", "masters")  # said elsewhere, or for programs
_TITLES = {
    "train": "Training",
    "render": "Render",
    "check": "Checks",
    "sign": "Signed",
    "job": "Job",
    "torn": "Ledger repaired",
}


def write_notes(folder: Path | str) -> Path:
    """Writes ``notes/experiments.md`` from the ledger of ``folder`` and returns its path.

    What the operator wrote below (or above) what is ours is carried over; where ours was edited, the page as it was
    is kept beside it as ``experiments-edited-N.md``.
    """
    root = Path(folder)
    path = root / FILE
    with explained(path.parent, "made"):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_page(path, "\n".join(_page(read(root).records, verify(root))) + "\n", _SEED)
    return path


def _page(records: tuple[Record, ...], problems: tuple[str, ...]) -> Iterator[str]:
    yield "# Experiments"
    yield ""
    yield "What was done on this film, when, by whom and why. Written from `ledger.jsonl`, and written anew with every"
    yield "run; your own notes belong below the line at the end of it, and stay as they are."
    for problem in problems:
        yield ""
        yield f"**The ledger does not verify:** {_text(problem)}."
    yield from _trainings(trainings(records))
    day = ""
    for _, together in groupby(enumerate(records), key=_with_its_like):
        told = [record for _, record in together]
        date, _, clock = told[0].time.partition("T")
        if date != day:
            day = date
            yield ""
            yield f"## {_text(date)}"
        yield ""
        yield f"### {_text(clock[:5])} UTC · {_title(told[0])} · {_text(told[0].by)}"
        yield from _signed(told) if told[0].kind == _SIGN else _told(told[0])


def _trainings(found: tuple[Training, ...]) -> Iterator[str]:
    """A row each; reasons below the table, where there is room for them."""
    if not found:
        return
    yield ""
    yield "## Trainings"
    yield ""
    yield "| | when, by whom | pairs | with what | on the hold-out (Source) | what came of it | who decided |"
    yield "|---|---|---|---|---|---|---|"
    for number, one in enumerate(found, 1):
        when = f"{one.record.time[:16].replace('T', ' ')}, {one.record.by}"
        pairs = "–" if one.pairs is None else one.pairs
        who = ", ".join(one.decided) or "–"
        cells = (number, when, pairs, _with_what(one), _figures(one), one.outcome, who)
        yield "| " + " | ".join(_text(cell) for cell in cells) + " |"
    told = ""
    for number, one in enumerate(found, 1):
        if one.why and one.why != told:
            yield ""
            yield f"Why, from training {number} on:"
            yield ""
            yield from (f"> {_text(line)}".rstrip() for line in one.why.splitlines())
        told = one.why


def _with_what(one: Training) -> str:
    """``medium, patch 512, batch 3, 40000 steps, fresh; its closed form is better``."""
    known = one.settings
    words = [str(known["size"])] if known.get("size") else []
    words += [f"{name} {known[name]}" for name in ("patch", "batch") if name in known]
    if "steps" in known:
        words.append(f"{known['steps']} steps" if known["steps"] else "closed form alone")
    if known:
        words.append("fresh" if one.is_fresh else f"from {known['initial']}")
    said = ", ".join(words) or "–"
    return f"{said}; its closed form is better" if one.closed_form_better else said


def _figures(one: Training) -> str:
    """``psnr 34.51 (30.2), de00 2.1 (5.4)``: of the result, and of the Source beside it."""
    said = []
    for name, value in one.figures.items():
        beside = f" ({_value(one.before[name])})" if name in one.before else ""
        said.append(f"{name} {_value(float(value))}{beside}")
    return ", ".join(said) or "not measured"


def _with_its_like(numbered: tuple[int, Record]) -> tuple[object, ...]:
    """Equal for records that are told together: the signatures of one person on one day, without a break."""
    number, record = numbered
    return (_SIGN, record.by, record.time[:10]) if record.kind == _SIGN else (number,)


def _signed(records: list[Record]) -> Iterator[str]:
    yield ""
    for record in records:
        note = str(record.data.get("note", "")).strip()
        more = {key: value for key, value in record.data.items() if key not in _OF_SIGNATURE}
        said = [_text(note)] if note else []
        said += [f"{_text(key)} {_value(value)}" for key, value in _flat(more)]
        yield f"* `{_code(record.data.get('check'))}`{': ' + '; '.join(said) if said else ''}"


def _told(record: Record) -> Iterator[str]:
    data = record.data
    if "what" in data:
        yield ""
        yield _text(data["what"])
    if "reasoning" in data:
        yield ""
        yield from (f"> {_text(line)}".rstrip() for line in str(data["reasoning"]).splitlines())
    tables = {key: value for key, value in data.items() if isinstance(value, Mapping) and value}
    rest = {key: value for key, value in data.items() if key not in (*_TOLD, *tables) and _says(value)}
    if rest:
        yield ""
        yield from (f"* {_text(key.replace('_', ' '))}: {_value(value)}" for key, value in rest.items())
    for key, values in tables.items():
        yield from _table(key, values)
    yield from _checks(data.get("checks"))


def _table(title: str, values: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"| {_text(title.replace('_', ' '))} | |"
    yield "|---|---|"
    for key, value in _flat(values):
        yield f"| {_text(key.replace('_', ' '))} | {_value(value)} |"


def _checks(checks: Any) -> Iterator[str]:
    """The outcomes that are not ``pass``, each with its reason; the others counted."""
    if not isinstance(checks, list):
        return
    told = [check for check in checks if isinstance(check, Mapping)]
    passed = sum(check.get("outcome") == "pass" for check in told)
    yield ""
    yield f"Checks: {passed} of {len(checks)} passed."
    for check in told:
        if check.get("outcome") != "pass":
            yield (
                f"* **{_text(check.get('outcome'))}** `{_code(check.get('id'))}`: {_text(check.get('reason', ''))}"
            )


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        elif _says(value):
            yield f"{prefix}{key}", value


def _says(value: Any) -> bool:
    """Whether there is anything to tell: 0 and False say something, an empty text or list does not."""
    return value is not None and value != "" and value != [] and value != {}


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{_text(key)} {_value(item)}" for key, item in value.items())
    return _text(value)


def _title(record: Record) -> str:
    if record.kind == "stage":
        return _text(f"Stage {record.data.get('stage')}, {record.data.get('name')}")
    return _TITLES.get(record.kind) or _text(record.kind.replace("_", " ").capitalize())
