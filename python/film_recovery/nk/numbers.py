"""Numbers in scripts: written here, so that a numeric knob never receives anything but finite numbers.

A numeric knob reads a word that is no number as an expression, and an expression may call Python. These
functions take numbers only, so they cannot carry code.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import SupportsFloat

from film_recovery.errors import FilmRecoveryError

NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_NUMBER = re.compile(NUMBER + r"\Z")
_HEX = re.compile(r"0[xX][0-9A-Fa-f]{1,16}\Z")


def number(value: SupportsFloat) -> str:
    """``value`` in as few digits as give the same double again; whole numbers without a point."""
    real = float(value)
    if not math.isfinite(real):
        raise FilmRecoveryError(f"A script cannot hold the number {real}.", remedy="Give a finite number.")
    return str(int(real)) if real == int(real) and abs(real) < 1e15 else repr(real)


def numbers(values: Iterable[SupportsFloat]) -> str:
    """``{1 2}``, or ``1`` where all components are equal, as Nuke saves them."""
    parts = [number(value) for value in values]
    if not parts:
        raise FilmRecoveryError("Cannot write an empty list of numbers.", remedy="Give at least one number.")
    return parts[0] if len(set(parts)) == 1 else "{" + " ".join(parts) + "}"


def boolean(value: bool) -> str:
    """``true`` or ``false``."""
    return "true" if value else "false"


def read_number(word: str) -> float | None:
    """The number that ``word`` spells (decimal, or hexadecimal as colours of nodes are), or None."""
    if _NUMBER.match(word):
        return float(word)
    return float(int(word, 16)) if _HEX.match(word) else None
