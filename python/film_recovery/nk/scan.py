"""Where one word of script text ends and the next begins, by Tcl's rules. The lowest floor of ``nk``.

A script is a run of Tcl *commands*; the braced body of a node is a Tcl *list* (knob value knob value …), not
a script: within it brackets and dollars mean nothing. The two grammars differ, so there are two scanners.
Both return spans (start, end) into the text and never copy, decode or run anything. No function recurses, so
depth of nesting costs memory only; each is one pass over the text.

Rules: the Tcl manual pages ``Tcl(n)`` (commands) and ``lindex(n)``/``SplitList(3)`` (lists).
"""

from __future__ import annotations

import re

from film_recovery.errors import FilmRecoveryError

SPACE = " \t\r\n\v\f"
_GAP = re.compile(r"(?:[ \t\r\n\v\f]|\\\n)*")
_WORD_GAP = re.compile(r"(?:[ \t\r\v\f]|\\\n)*")
_BRACES = re.compile(r"\\[\s\S]|[{}]")
_QUOTE_IN_LIST = re.compile(r'[^"\\]*(?:\\[\s\S][^"\\]*)*')
_BARE_IN_LIST = re.compile(r"[^ \t\r\n\v\f\\]*(?:\\[^\n][^ \t\r\n\v\f\\]*)*")
_COMMENT = re.compile(r"#[^\\\n]*(?:\\[\s\S][^\\\n]*)*")
_BARE_IN_COMMAND = re.compile(r"[^ \t\r\n\v\f;\\\[]+")
_QUOTE_IN_COMMAND = re.compile(r'[^"\\\[]+')
_IN_BRACKETS = re.compile(r"[^\[\]\\{\"]+")

Span = tuple[int, int]


class NkSyntaxError(FilmRecoveryError):
    """Script text that cannot be read. ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, *, line: int, column: int, file: str = "", remedy: str = "") -> None:
        self.line = line
        self.column = column
        super().__init__(message, remedy=remedy, file=file or None, line=line, column=column)


class ScanError(Exception):
    """A word that does not end, at an offset of the text; becomes an :class:`NkSyntaxError`."""

    def __init__(self, message: str, offset: int) -> None:
        self.message = message
        self.offset = offset
        super().__init__(message)


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of ``offset``, both counted from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def brace_end(text: str, start: int) -> int:
    """Offset just after the brace that closes the one at ``start``. A backslash hides the next character."""
    depth = 0
    for match in _BRACES.finditer(text, start):
        character = text[match.start()]
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return match.end()
    raise ScanError("an opening brace is never closed", start)


def list_words(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """The elements of the Tcl list in ``text[start:end]``, braces and quotes included in each span."""
    end = len(text) if end is None else end
    spans = []
    at = _after(_GAP, text, start, end)
    while at < end:
        stop = _list_word_end(text, at, end)
        spans.append((at, stop))
        at = _after(_GAP, text, stop, end)
        if at == stop and at < end:
            raise ScanError("text follows directly after a closing brace or quote", stop)
    return spans


def command_words(text: str, start: int) -> list[Span]:
    """The words of the Tcl command at ``start``, up to its newline or semicolon (not included)."""
    spans: list[Span] = []
    size = len(text)
    at = start
    while at < size and text[at] not in "\n;":
        stop = _command_word_end(text, at)
        spans.append((at, stop))
        at = _after(_WORD_GAP, text, stop, size)
        if at == stop and at < size and text[at] not in "\n;":
            raise ScanError("text follows directly after a closing brace or quote", stop)
    return spans


def command_start(text: str, start: int) -> int:
    """Offset of the first command at or after ``start``: past white space, semicolons and comments."""
    size = len(text)
    at = start
    if at == 0 and text.startswith("\ufeff"):
        at = 1
    while at < size:
        character = text[at]
        if character in " \t\r\n\v\f;":
            at += 1
        elif character == "#":
            at = _after(_COMMENT, text, at, size)
        elif text.startswith("\\\n", at):
            at += 2
        else:
            break
    return at


def _list_word_end(text: str, at: int, end: int) -> int:
    if text[at] == "{":
        stop = brace_end(text, at)
        if stop > end:
            raise ScanError("an opening brace is never closed", at)
        return stop
    if text[at] == '"':
        stop = _after(_QUOTE_IN_LIST, text, at + 1, end)
        if stop >= end or text[stop] != '"':
            raise ScanError("an opening quote is never closed", at)
        return stop + 1
    stop = _after(_BARE_IN_LIST, text, at, end)
    # A backslash that ends the list stands for itself; one before a newline separates words.
    return end if stop == end - 1 and text[stop] == "\\" else stop


def _command_word_end(text: str, at: int) -> int:
    if text[at] == "{":
        return brace_end(text, at)
    if text[at] == '"':
        return _until(text, at + 1, '"', _QUOTE_IN_COMMAND, at)
    return _until(text, at, "", _BARE_IN_COMMAND, at)


def _until(text: str, at: int, close: str, plain: re.Pattern[str], opened: int) -> int:
    """End of a quoted (``close`` is the quote) or bare word of a command, command substitutions included."""
    size = len(text)
    while at < size:
        character = text[at]
        if character == close:
            return at + 1
        if character == "[":
            at = _bracket_end(text, at)
        elif character == "\\":
            if not close and text.startswith("\n", at + 1):
                return at
            at = min(at + 2, size)
        else:
            stop = _after(plain, text, at, size)
            if stop == at:
                return at
            at = stop
    if close:
        raise ScanError("an opening quote is never closed", opened)
    return size


def _bracket_end(text: str, start: int) -> int:
    """Offset after the bracket that closes the one at ``start``. What is inside is skipped, never run."""
    depth = 0
    at = start
    size = len(text)
    while at < size:
        character = text[at]
        if character == "[":
            depth += 1
            at += 1
        elif character == "]":
            depth -= 1
            at += 1
            if depth == 0:
                return at
        elif character == "{":
            at = brace_end(text, at)
        elif character == "\\":
            at += 2
        elif character == '"':
            at += 1
        else:
            at = _after(_IN_BRACKETS, text, at, size)
    raise ScanError("an opening bracket is never closed", start)


def _after(pattern: re.Pattern[str], text: str, start: int, end: int) -> int:
    match = pattern.match(text, start, end)
    return match.end() if match else start
