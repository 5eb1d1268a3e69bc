"""Values as a reader sees them: four significant digits, no exponents of a machine, a dash for nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

SHOWN = 12  # items of a list before the rest is only counted
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def number(value: float) -> str:
    """``34.51``, ``0.0005``, ``3.2 × 10⁻⁵``, ``∞``; whole numbers as they are."""
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if isinstance(value, int):
        return str(value).replace("-", "−")
    mantissa, _, exponent = f"{value:.3e}".partition("e")
    power = int(exponent)
    if value == 0 or -4 <= power < 7:
        text = f"{value:.{max(0, 3 - power)}f}"
        if "." in text and (float(text) == value or power < -2):  # 0.05 is 0.05; 34.5012 stays 34.50
            text = text.rstrip("0").rstrip(".")
    else:
        text = f"{mantissa.rstrip('0').rstrip('.')} × 10{str(power).translate(_SUPERSCRIPT)}"
    return text.replace("-", "−")


def words(value: Any) -> str:
    """Any plain value as one line of text: numbers, flags, lists and mappings."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, Mapping):
        return "; ".join(f"{plain(key)}{_colon(item)} {words(item)}" for key, item in value.items()) or "–"
    if isinstance(value, (list, tuple)):
        rest = f" … and {len(value) - SHOWN} more" if len(value) > SHOWN else ""
        return (", ".join(words(item) for item in value[:SHOWN]) or "–") + rest
    return str(value)


def _colon(value: Any) -> str:
    """``max 0.001``, but ``node: Crop1``."""
    return "" if isinstance(value, (int, float)) and not isinstance(value, bool) else ":"


def plain(name: Any) -> str:
    """A key as words: ``weight_decay`` → ``weight decay``."""
    return str(name).replace("_", " ")


def printable(value: Any) -> Any:
    """Text without what HTML and UTF-8 cannot hold (controls, lone surrogates): each becomes �."""
    if isinstance(value, str) and _UNPRINTABLE.search(value):
        return _UNPRINTABLE.sub("\ufffd", value)
    return value


def count(number_: int, one: str, many: str = "") -> str:
    """``1 check``, ``3 checks``."""
    return f"{number_} {one if number_ == 1 else many or one + 's'}"


def listed(items: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
