"""New nodes as text, from knobs whose values are already words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from film_recovery.errors import FilmRecoveryError
from film_recovery.nk.words import checked, stored

_CLASS = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_INPUTS = re.compile(r"[0-9]{1,4}(?:\+[0-9]{1,4})?\Z")


def node_text(
    class_name: str, knobs: Mapping[str, str], inputs: int | str | None = None, indent: int = 0
) -> str:
    """A node's block, with its last newline. ``knobs`` maps names to words (``nk.quote``, ``nk.numbers`` …).

    ``inputs`` is how many nodes it takes off the stack (``2``, ``"2+1"``); None leaves the line out: 1.
    ``indent`` is how many groups it stands in. Raises :class:`FilmRecoveryError` for a value that is not one
    word.
    """
    if not _CLASS.match(class_name):
        raise FilmRecoveryError(f"{class_name!r} is not the name of a node class.", remedy="Use Nuke's name.")
    if inputs is not None and not _INPUTS.match(str(inputs)):
        raise FilmRecoveryError(f"inputs {inputs!r} is not a number of inputs.", remedy="Use 2 or '2+1'.")
    margin = " " * indent
    lines = [f"{margin}{class_name} {{"]
    if inputs is not None:
        lines.append(f"{margin} inputs {inputs}")
    lines += [f"{margin} {stored(name)} {checked(word)}" for name, word in knobs.items()]
    return "\n".join([*lines, f"{margin}}}", ""])
