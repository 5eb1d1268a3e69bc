"""The text of a node's block, ``Class { knob value … }``: its entries, and edits to one of them."""

from __future__ import annotations

from dataclasses import dataclass

from film_recovery.nk.statements import knob_spans
from film_recovery.nk.words import decode, stored

_SPACE = " \t\r\v\f"


@dataclass(frozen=True)
class Entry:
    """One knob of a block: decoded ``name``, ``raw`` value word, and where they stand in the block's text.

    ``line`` counts from 0, the line that the block starts on.
    """

    name: str
    raw: str
    line: int
    start: int
    value_start: int
    end: int


def entries(code: str) -> list[Entry]:
    """All entries of the block ``code``, in order."""
    found = []
    line = at = 0
    for (start, stop), (value_start, end) in knob_spans(code, code.index("{") + 1, len(code) - 1):
        line += code.count("\n", at, start)
        at = start
        found.append(Entry(decode(code[start:stop]), code[value_start:end], line, start, value_start, end))
    return found


def with_value(code: str, name: str, word: str, newline: str, *, at_end: bool = False) -> str:
    """``code`` with the knob ``name`` set to ``word``: in its line, a new one before ``name``, or last."""
    present = entries(code)
    for entry in reversed(present):
        if entry.name == name:
            return code[: entry.value_start] + word + code[entry.end :]
    before = next((entry.start for entry in present if entry.name == "name"), None)
    if name == "inputs" and present:
        before = present[0].start
    if before is None or at_end:
        before = len(code) - 1
    return _inserted(code, before, f"{stored(name)} {word}", newline)


def with_line(code: str, line: str, newline: str) -> str:
    """``code`` with ``line`` as its last."""
    return _inserted(code, len(code) - 1, line, newline)


def without(code: str, name: str) -> str:
    """``code`` without any entry ``name``; its whole lines go where nothing else stands on them."""
    for entry in reversed(entries(code)):
        if entry.name == name:
            code = _cut(code, entry.start, entry.end)
    return code


def _inserted(code: str, at: int, line: str, newline: str) -> str:
    """``line`` put before offset ``at``: on a line of its own if ``at`` starts one, else within the line."""
    start = code.rfind("\n", 0, at) + 1
    indent = code[start:at]
    if start == 0 or indent.strip(_SPACE):
        before = "" if code[at - 1] in _SPACE + "{" else " "
        after = "" if code[at] == "}" else " "
        return f"{code[:at]}{before}{line}{after}{code[at:]}"
    if code[at] == "}" and at == len(code) - 1:
        own, closing = indent + " ", indent
        return f"{code[:start]}{own}{line}{newline}{closing}{code[at:]}"
    return f"{code[:start]}{indent}{line}{newline}{code[start:]}"


def _cut(code: str, start: int, end: int) -> str:
    line_start = code.rfind("\n", 0, start) + 1
    alone_before = line_start > 0 and not code[line_start:start].strip(_SPACE)
    line_end = code.find("\n", end)
    alone_after = line_end >= 0 and not code[end:line_end].strip(_SPACE)
    if alone_before and alone_after:
        return code[:line_start] + code[line_end + 1 :]
    while end < len(code) - 1 and code[end] in _SPACE:
        end += 1
    return code[:start] + code[end:]
