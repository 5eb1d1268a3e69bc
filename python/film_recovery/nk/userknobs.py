"""User knobs: what an ``addUserKnob {7 amount l Amount R 0 10}`` line declares.

The codes and letters are those found in scripts that Nuke saved; Foundry does not document the line. A word
that is not known is kept, so that nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from film_recovery.errors import FilmRecoveryError
from film_recovery.nk.scan import ScanError, list_words
from film_recovery.nk.words import list_value

LINK = 41
TAB = 20
_TAKES_ONE = frozenset("ltTMn")


@dataclass(frozen=True)
class UserKnob:
    """A knob that a group or gizmo adds. ``code`` is Nuke's type (41 link, 20 tab, 7 number …).

    ``target`` is the ``T`` word: for a link, the knob it shows (``Blur1.size``), for a button its script.
    ``items`` are the entries of a menu (``M``), ``range`` a slider's ends (``R``), ``nesting`` opens (1) or
    closes (-1) a group of knobs (``n``), ``flags`` are words with a sign (``+INVISIBLE``), ``others`` all
    other words.
    """

    code: int
    name: str
    label: str = ""
    tooltip: str = ""
    target: str = ""
    items: tuple[str, ...] = ()
    range: tuple[str, ...] = ()
    nesting: int = 0
    flags: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def is_link(self) -> bool:
        """Whether the knob only shows another one; its value is that one's."""
        return self.code == LINK


def read_user_knob(text: str) -> UserKnob:
    """The declaration whose decoded text is ``text``. Raises :class:`FilmRecoveryError` if it is not one."""
    try:
        words = [list_value(text[start:end]) for start, end in list_words(text)]
    except ScanError:
        words = []
    if not words or not words[0].isdecimal():
        raise FilmRecoveryError(
            f"addUserKnob {text[:60]!r} does not declare a knob.",
            remedy="It should start with a type number and a name, as in {7 amount l Amount}.",
        )
    found: dict[str, str] = {}
    bounds: tuple[str, ...] = ()
    flags, others = [], []
    at = 2
    while at < len(words):
        word = words[at]
        at += 1
        if word in _TAKES_ONE and at < len(words):
            found[word] = words[at]
            at += 1
        elif word == "R":
            bounds = tuple(words[at : at + 2])
            at += 2
        elif word[:1] in "+-" and word[1:].isupper():
            flags.append(word)
        else:
            others.append(word)
    return UserKnob(
        code=int(words[0]),
        name=words[1] if len(words) > 1 else "",
        label=found.get("l", ""),
        tooltip=found.get("t", ""),
        target=found.get("T", ""),
        items=_items(found.get("M", "")),
        range=bounds,
        nesting=_nesting(found.get("n", "0")),
        flags=tuple(flags),
        others=tuple(others),
    )


def _items(text: str) -> tuple[str, ...]:
    try:
        return tuple(list_value(text[start:end]) for start, end in list_words(text))
    except ScanError:
        raise FilmRecoveryError(
            f"The menu entries {text[:60]!r} are not a readable list.",
            remedy="Correct their braces and quotes.",
        ) from None


def _nesting(text: str) -> int:
    return int(text) if text.lstrip("-").isdecimal() else 0
