"""Splits script text into statements without losing a byte: each keeps what stands before it.

``"".join(statement.text)`` over :func:`statements` plus the tail is the text again, exactly. A statement
knows what kind of line it is and, for a node, that its body is a whole list of knobs and values; it does not
know what the script means (``graph`` resolves that).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from film_recovery.nk.scan import (
    NkSyntaxError,
    ScanError,
    Span,
    brace_end,
    command_start,
    command_words,
    list_words,
    place,
)

if TYPE_CHECKING:
    from film_recovery.nk.node import Node

NODE, CLONE, SET, PUSH, END_GROUP, OTHER = "node", "clone", "set", "push", "end_group", "other"

# Commands whose single braced word is not a node's body.
NOT_A_NODE = frozenset(
    "add_layer add_layer_alias add_view define_window_layout define_window_layout_xml knob_default "
    "catch eval expr python puts return source load if while for foreach proc namespace".split()
)
_HEAD = re.compile(r"([^\s;{}\[\]\"$\\#][^\s;{}\[\]\"$\\]*)[ \t]+(?=\{)")
_CLONE_HEAD = re.compile(r"clone[ \t]+([^\s;{}\[\]\"\\]+)(?:[ \t]+([^\s;{}\[\]\"$\\]+))?[ \t]+(?=\{)")
_LINE_END = re.compile(r"[ \t\r\v\f]*(?:\n|;|\Z)")
# One knob and its value in their usual shapes; anything else goes to the full scanner.
_SPACE, _PLAIN = r"[ \t\r\n\v\f]", r'[^ \t\r\n\v\f{}"\\][^ \t\r\n\v\f{}"\\]*'
_QUOTED = r'"[^"\\]*(?:\\[^\n][^"\\]*)*"'
_BRACED = r"\{[^{}\\]*(?:\{[^{}\\]*\}[^{}\\]*)*\}"
_KNOBS = re.compile(
    rf"(?:{_SPACE}*(?!(?:inputs){_SPACE}){_PLAIN}{_SPACE}+"
    rf"(?:{_PLAIN}|{_QUOTED}|{_BRACED})(?={_SPACE}|\Z)){{1,500}}"
)
_INPUTS = re.compile(rf"{_SPACE}*inputs{_SPACE}+([0-9+]+)(?={_SPACE}|\Z)")
_NOT_SPACE = re.compile(r"[^ \t\r\n\v\f]")


class Statement:
    """One command of a script. Its text is ``lead + code + trail``; ``line``, from 1, is that of ``code``.

    ``kind`` NODE: ``name`` is the class. CLONE: ``name`` is the variable or handle, ``class_name`` the class
    if given. SET: ``name`` is the variable, ``value`` what it is given. PUSH: ``name`` is the word pushed.
    ``inputs`` is the text of a body's ``inputs`` line, ``node`` the Node that the graph made of it.
    """

    __slots__ = ("class_name", "code", "inputs", "kind", "lead", "line", "name", "node", "trail", "value")

    def __init__(self, kind: str, name: str, lead: str, code: str, trail: str, line: int) -> None:
        self.kind = kind
        self.name = name
        self.lead = lead
        self.code = code
        self.trail = trail
        self.line = line
        self.class_name = ""
        self.value = ""
        self.inputs: str | None = None
        self.node: Node | None = None

    @property
    def text(self) -> str:
        return f"{self.lead}{self.code}{self.trail}"


def statements(text: str, file: str = "") -> tuple[list[Statement], str]:
    """All statements of ``text``, and the tail after the last. Raises :class:`NkSyntaxError`."""
    try:
        return _split(text)
    except ScanError as error:
        line, column = place(text, error.offset)
        raise NkSyntaxError(
            f"This is not a readable Nuke script: {error.message}.",
            line=line,
            column=column,
            file=file,
            remedy="Restore the file from a backup or an autosave, or correct that line in a text editor.",
        ) from None


def _split(text: str) -> tuple[list[Statement], str]:
    nul = text.find("\0")
    if nul >= 0:
        raise ScanError("it holds a NUL character", nul)
    found: list[Statement] = []
    size, at, line = len(text), 0, 1
    while True:
        start = command_start(text, at)
        if start >= size:
            return found, text[at:]
        line += text.count("\n", at, start)
        end, statement = _statement(text, start)
        trail = _LINE_END.match(text, end)
        after = trail.end() if trail else end
        statement.lead, statement.code, statement.trail = text[at:start], text[start:end], text[end:after]
        statement.line = line
        found.append(statement)
        line += text.count("\n", start, after)
        at = after


def _statement(text: str, start: int) -> tuple[int, Statement]:
    head = _HEAD.match(text, start)
    if head and head[1] not in NOT_A_NODE:
        end = brace_end(text, head.end())
        if _LINE_END.match(text, end):
            statement = Statement(NODE, head[1], "", "", "", 0)
            statement.inputs = read_inputs(text, head.end() + 1, end - 1)
            return end, statement
    clone = _CLONE_HEAD.match(text, start)
    if clone:
        end = brace_end(text, clone.end())
        statement = Statement(CLONE, clone[1].lstrip("$"), "", "", "", 0)
        statement.class_name = clone[2] or ""
        statement.inputs = read_inputs(text, clone.end() + 1, end - 1)
        return end, statement
    return _command(text, start)


def _command(text: str, start: int) -> tuple[int, Statement]:
    if text[start] in '{}"]':
        raise ScanError(f"a command cannot start with {text[start]!r}; a brace or quote is unbalanced", start)
    spans = command_words(text, start)
    words = [text[a:b] for a, b in spans]
    if words[0] == "end_group":
        return spans[-1][1], Statement(END_GROUP, "", "", "", "", 0)
    if words[0] == "push" and len(words) == 2:
        return spans[-1][1], Statement(PUSH, words[1], "", "", "", 0)
    if words[0] == "set" and len(words) == 3:
        statement = Statement(SET, words[1], "", "", "", 0)
        statement.value = words[2]
        return spans[-1][1], statement
    return spans[-1][1], Statement(OTHER, words[0], "", "", "", 0)


def read_inputs(text: str, start: int, end: int) -> str | None:
    """Checks that ``text[start:end]`` is a list of knobs and values; the value of its ``inputs``, if any."""
    inputs = None
    at = start
    while True:
        run = _KNOBS.match(text, at, end)
        if run:
            at = run.end()
        found = _INPUTS.match(text, at, end)
        if found:
            inputs = found[1]
            at = found.end()
        elif not run:
            break
    if not _NOT_SPACE.search(text, at, end):
        return inputs
    for name, value in knob_spans(text, start, end):
        if text[name[0] : name[1]] == "inputs":
            inputs = text[value[0] : value[1]]
    return inputs


def knob_spans(text: str, start: int, end: int) -> list[tuple[Span, Span]]:
    """Spans of each knob's name and value in a body. A name without a value raises :class:`ScanError`."""
    words = list_words(text, start, end)
    if len(words) % 2:
        raise ScanError("a knob has no value", words[-1][0])
    return list(zip(words[::2], words[1::2]))
