"""What a knob's decoded text holds: fields of a list, and the components of a numeric knob.

``white {1 1.2 {parent.gain} {curve x1 0 x10 1}}`` has four components: two constants, an expression and a
curve. Expressions are returned as text; ``comp`` decides which it can evaluate. Nothing is run here.

*Inferred*: after an expression, keys are cached curve data (``{parent.size x1 10}``), if every word after the
first is a curve token; else the whole is the expression. Sources: see ``curves``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Union

from film_recovery.errors import FilmRecoveryError
from film_recovery.nk.curves import SMOOTH, Curve, curve_words, is_curve_text, read_curve
from film_recovery.nk.numbers import read_number
from film_recovery.nk.scan import ScanError, list_words
from film_recovery.nk.words import list_value, stored, word_list


@dataclass(frozen=True)
class Number:
    """A field that is a number."""

    value: float


@dataclass(frozen=True)
class Word:
    """A bare or quoted field, decoded."""

    text: str


@dataclass(frozen=True)
class Braced:
    """A field in braces; ``text`` is what is inside them."""

    text: str


@dataclass(frozen=True)
class Constant:
    """A component that is a plain number."""

    value: float


@dataclass(frozen=True)
class Expression:
    """A component that Nuke computes. ``curve`` holds keys saved with it, which it may read as ``curve``."""

    text: str
    curve: Curve | None = None


Field = Union[Number, Word, Braced]
Component = Union[Constant, Curve, Expression]


def fields(text: str) -> list[Field]:
    """The elements of a decoded value read as a list. Raises :class:`FilmRecoveryError` if it is not one."""
    found: list[Field] = []
    for raw in _elements(text):
        value = list_value(raw)
        real = read_number(raw)
        if raw[:1] == "{":
            found.append(Braced(value))
        else:
            found.append(Word(value) if real is None else Number(real))
    return found


def components(text: str) -> list[Component]:
    """The components of a numeric knob's decoded value. A broken curve raises :class:`FilmRecoveryError`."""
    elements = _elements(text)
    if elements[:1] == ["curve"]:  # `knob {curve x1 0}`: a single component in single braces
        return [_component(text)]
    return [_component(list_value(element)) for element in elements]


def curve(keys: Mapping[float, float], interpolation: str = SMOOTH) -> str:
    """``{{curve x1 0 x10 1}}``: the word of a knob with one animated component. 'S' smooth, 'L', 'K'."""
    return curves([keys], interpolation)


def curves(components: Sequence[Mapping[float, float]], interpolation: str = SMOOTH) -> str:
    """``{{curve …} {curve …}}``: one curve per component."""
    return "{" + " ".join("{" + curve_words(keys, interpolation) + "}" for keys in components) + "}"


def expression(*texts: str) -> str:
    """``{{parent.size}}``: the word of a knob that Nuke computes, one text per component. They are *live*:
    only for our own graphs, never for a value from outside."""
    return word_list(word_list([stored(text)]) for text in texts)


def _component(element: str) -> Component:
    real = read_number(element.strip())
    if real is not None:
        return Constant(real)
    words = [list_value(raw) for raw in _elements(element)]
    if words[:1] == ["curve"]:
        return read_curve(words[1:])
    if len(words) == 1:
        return Expression(words[0])
    if len(words) > 1 and is_curve_text(words[1:]):
        return Expression(words[0], read_curve(words[1:]))
    return Expression(element)


def _elements(text: str) -> list[str]:
    try:
        return [text[start:end] for start, end in list_words(text)]
    except ScanError as error:
        raise FilmRecoveryError(
            f"The value {text[:60]!r} is not a readable list: {error.message}.",
            remedy="Set the knob again in Nuke, or correct its braces and quotes.",
        ) from None
