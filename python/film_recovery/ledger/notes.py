"""``notes/experiments.md``: the ledger told to a reader. Written from it whenever a run ends.

Records of any kind are told. These keys of ``data`` have a place of their own; all others follow as a list:
``what`` (a sentence), ``reasoning`` (the operator's words), ``settings`` and ``figures`` (mappings: tables),
``checks`` (outcomes as ``Outcome.as_dict`` gives them), and for the kind ``sign`` ``check`` and ``note``.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from film_recovery._files import explained, write_whole
from film_recovery.ledger.chain import Record, read, verify

FILE = "notes/experiments.md"
_MARK = re.compile(r"<!-- from ledger\.jsonl; what follows has SHA-256 ([0-9a-f]{64}) -->\n")
_TOLD = ("what", "reasoning", "settings", "figures", "checks")
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
    for record in records:
        date, _, clock = record.time.partition("T")
        if date != day:
            day = date
            yield ""
            yield f"## {_text(date)}"
        yield ""
        yield f"### {_text(clock[:5])} UTC · {_title(record.kind)} · {_text(record.by)}"
        yield from _told(record)


def _told(record: Record) -> Iterator[str]:
    data = record.data
    if "what" in data:
        yield ""
        yield _text(data["what"])
    if "reasoning" in data:
        yield ""
        yield from (f"> {_text(line)}".rstrip() for line in str(data["reasoning"]).splitlines())
    for key in ("settings", "figures"):
        if isinstance(data.get(key), Mapping):
            yield from _table(key, data[key])
    yield from _checks(data.get("checks"))
    rest = {
        key: value
        for key, value in data.items()
        if key not in _TOLD or (key in ("settings", "figures") and not isinstance(value, Mapping))
    }
    if rest:
        yield ""
        yield from (f"* {_text(key.replace('_', ' '))}: {_value(value)}" for key, value in _flat(rest))


def _table(title: str, values: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"| {title} | |"
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
        else:
            yield f"{prefix}{key}", value


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{_text(key)} {_value(item)}" for key, item in value.items())
    return "–" if value is None else _text(value)


def _title(kind: str) -> str:
    return _TITLES.get(kind) or _text(kind.replace("_", " ").capitalize())


def _text(value: Any) -> str:
    """``value`` as one line of Markdown that is read as it is written: no tags, no links, no tables of its own."""
    line = " ".join(str(value).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", line)


def _code(value: Any) -> str:
    return re.sub(r"[^\w.-]", "_", str(value))
