"""``notes/experiments.md``: the ledger told to a reader. Written from it whenever a run ends.

Records of any kind are told; signatures of one person that follow one another, together. These keys of ``data``
have a place of their own: ``what`` (a sentence), ``reasoning`` (the operator's words), ``stage`` and ``name`` (the
title), ``checks`` (outcomes as ``Outcome.as_dict`` gives them), ``key`` and a signature's ``of`` (for programs: not
told). Mappings become tables, and what remains follows as a list.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from film_recovery._files import explained, write_whole
from film_recovery.ledger.chain import Record, read, verify

FILE = "notes/experiments.md"
_MARK = re.compile(r"<!-- from ledger\.jsonl; what follows has SHA-256 ([0-9a-f]{64}) -->\n")
_TOLD = ("what", "reasoning", "checks", "stage", "name", "key")
_SIGN = "sign"
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

    A file that was edited by hand is kept beside it as ``experiments-edited-N.md``.
    """
    root = Path(folder)
    path = root / FILE
    text = "\n".join(_page(read(root).records, verify(root))) + "\n"
    mark = f"<!-- from ledger.jsonl; what follows has SHA-256 {_digest(text)} -->\n"
    with explained(path.parent, "made"):
        path.parent.mkdir(parents=True, exist_ok=True)
    _keep_edited(path)
    write_whole(path, mark + text)
    return path


def _keep_edited(path: Path) -> None:
    if not path.exists():
        return
    with explained(path, "read"):
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    mark = _MARK.match(text)
    if mark and mark[1] == _digest(text[mark.end() :]):
        return
    number = 1
    while path.with_name(f"experiments-edited-{number}.md").exists():
        number += 1
    with explained(path, "kept"):
        os.replace(path, path.with_name(f"experiments-edited-{number}.md"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _page(records: tuple[Record, ...], problems: tuple[str, ...]) -> Iterator[str]:
    yield "# Experiments"
    yield ""
    yield "What was done on this film, when, by whom and why. Written from `ledger.jsonl`; write your own notes into"
    yield "another file of this folder."
    for problem in problems:
        yield ""
        yield f"**The ledger does not verify:** {_text(problem)}."
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


def _with_its_like(numbered: tuple[int, Record]) -> tuple[object, ...]:
    """Equal for records that are told together: the signatures of one person on one day, without a break."""
    number, record = numbered
    return (_SIGN, record.by, record.time[:10]) if record.kind == _SIGN else (number,)


def _signed(records: list[Record]) -> Iterator[str]:
    yield ""
    for record in records:
        note = str(record.data.get("note", "")).strip()
        more = {key: value for key, value in record.data.items() if key not in ("check", "note", "of")}
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


def _text(value: Any) -> str:
    """``value`` as one line of Markdown that is read as it is written: no tags, no links, no tables of its own."""
    line = " ".join(str(value).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", line)


def _code(value: Any) -> str:
    return re.sub(r"[^\w.-]", "_", str(value))
