r"""One word of a script and the value it stands for, in both directions. The only place that quotes.

There are two levels, and a value that is to arrive unharmed has to pass both:

1. *Storage.* The file holds one Tcl list word; reading it takes off one level of braces or quotes and, unless
   braced, resolves backslashes. :func:`decode` reads it, :func:`stored` writes it.
2. *Evaluation.* A string or file knob then substitutes what it holds, as Tcl's ``subst`` does: ``[…]`` runs
   a command, ``$x`` reads a variable, a backslash makes the next character literal. That is why Nuke saves
   ``label "\[value size]"`` for a label that shows a live value. :func:`literal` reads what is only literal,
   :func:`escaped` writes it.

:func:`quote` does both, so that any string comes back out of the knob as itself and nothing in it can run.
:func:`stored` alone leaves Tcl alive: it is for texts of our own (``[value mix]``) and for knobs that Nuke
does not substitute (a button's Python).

Sources: Tcl manual pages ``Tcl(n)``, ``subst(n)``, ``SplitList(3)``; that brackets in string knobs are Tcl:
https://learn.foundry.com/nuke/content/comp_environment/expressions/converting_expressions.html
*Inferred*: that a knob treats ``$`` and backslashes as ``subst`` does. The escapes hold whether or not it
substitutes variables.

A file name for Windows is written with forward slashes, as Nuke itself writes it; that is the caller's to do.
Numbers never go through :func:`quote`: a numeric knob reads words as expressions (see ``numbers``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from film_recovery.errors import FilmRecoveryError
from film_recovery.nk.scan import ScanError, brace_end, list_words

_BARE = re.compile(r"[A-Za-z0-9_./%+:,@=-][A-Za-z0-9_./%+:,@=#-]*\Z")
_STORED_ESCAPES = {
    ord("\\"): "\\\\",
    ord('"'): '\\"',
    ord("["): "\\[",
    ord("]"): "\\]",
    ord("$"): "\\$",
    ord("{"): "\\{",
    ord("}"): "\\}",
    ord("\n"): "\\n",
    ord("\r"): "\\r",
}
_EVALUATED = re.compile(r"[\[\]$\\]")
_JOINED_LINE = re.compile(r"\\(\n[ \t]*|[\s\S])")
_BACKSLASH = re.compile(
    r"\\(?:([0-3][0-7]{0,2}|[4-7][0-7]?)|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})"
    r"|U(0{0,2}10[0-9A-Fa-f]{1,4}|0{0,3}[0-9A-Fa-f]{1,5})|(\n[ \t]*)|([\s\S]))"
)
_NAMED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LIVE = re.compile(r"\\[\s\S]|(\[|\$(?:[A-Za-z0-9_({]|::))")


def decode(word: str) -> str:
    r"""The value that a word of a body stands for: ``"a\nb"``, ``{a b}`` or ``plain``, decoded once."""
    if "\\" not in word:
        return word[1:-1] if word[:1] in ('"', "{") and len(word) > 1 else word
    if "\\\n" in word:
        word = _JOINED_LINE.sub(lambda found: " " if found[1][0] == "\n" else found[0], word)
    return list_value(word)


def list_value(word: str) -> str:
    """The value of one element of a Tcl list. Unlike a body's word, a braced element keeps its line joins."""
    if word[:1] == "{":
        return word[1:-1]
    return resolve_backslashes(word[1:-1] if word[:1] == '"' else word)


def resolve_backslashes(text: str) -> str:
    """``text`` with Tcl's backslash sequences replaced. A lone one at the end stands for itself."""
    return _BACKSLASH.sub(_resolved, text) if "\\" in text else text


def stored(value: str) -> str:
    """One word that any Tcl reads back as ``value``, exactly. What is live in ``value`` stays live in a knob.

    Raises :class:`FilmRecoveryError` for a NUL character, which no script can hold.
    """
    if "\0" in value:
        raise FilmRecoveryError(
            f"A script cannot hold the NUL character in {value[:40]!r}.", remedy="Remove it from the text."
        )
    if _BARE.match(value):
        return value
    return f'"{value.translate(_STORED_ESCAPES)}"'


def escaped(value: str) -> str:
    """``value`` with what a knob would evaluate made literal: ``subst`` of the result is ``value``."""
    return _EVALUATED.sub(r"\\\g<0>", value)


def quote(value: str) -> str:
    """One word for a string or file knob: decoded and evaluated it is ``value``, and nothing in it runs."""
    return stored(escaped(value))


def literal(text: str) -> str | None:
    """What a knob holding ``text`` (decoded) evaluates to, or None if it holds live Tcl. Runs nothing."""
    if any(found[1] for found in _LIVE.finditer(text)):
        return None
    return resolve_backslashes(text)


def word_list(words: Iterable[str]) -> str:
    """One braced word that is the list of ``words``, each already one word: ``{"a b" c}``."""
    return "{" + " ".join(checked(word) for word in words) + "}"


def checked(word: str) -> str:
    """``word`` itself, if it is exactly one word and balanced wherever it is put; else an error."""
    try:
        whole = list_words(word) == [(0, len(word))] and "\0" not in word
        balanced = brace_end("{" + word + "}", 0) == len(word) + 2
    except ScanError:
        whole = balanced = False
    if not (whole and balanced):
        raise FilmRecoveryError(
            f"{word[:60]!r} is not one word of a Nuke script.", remedy="Quote the value with nk.quote first."
        )
    return word


def _resolved(found: re.Match[str]) -> str:
    octal, short, four, long, joined, other = found.groups()
    if other is not None:
        return _NAMED.get(other, other)
    if joined is not None:
        return " "
    return chr(int(octal, 8)) if octal else chr(int(short or four or long, 16))
