"""Knob values at a frame: numbers (constants, curves, expressions), choices, texts and channel sets.

All take the evaluator, a place and a knob's name, follow links (``settings.py``) and raise FilmRecoveryError
naming node, class and knob.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from film_recovery import nk
from film_recovery.comp import expressions, names, tcl
from film_recovery.comp.place import Place
from film_recovery.comp.settings import ENUMERATIONS, Setting, default, setting, user_knobs
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Format

if TYPE_CHECKING:
    from film_recovery.comp.evaluate import Evaluator

_LAYERS = {
    "rgb": ("rgba.red", "rgba.green", "rgba.blue"),
    "rgba": ("rgba.red", "rgba.green", "rgba.blue", "rgba.alpha"),
}
_SHORT = {name: f"rgba.{name}" for name in ("red", "green", "blue", "alpha")}


def number(evaluator: Evaluator, place: Place, knob: str, frame: float, index: int = 0) -> float:
    """Component ``index`` of a numeric knob; a single value stands for every component.

    Booleans count 0 and 1, the entries of an enumeration their index.
    """
    found = setting(evaluator.graph, place, knob)
    with evaluator.reading(found.place, found.name, index, frame):
        return _number(evaluator, found, frame, index)


def numbers(evaluator: Evaluator, place: Place, knob: str, frame: float, count: int) -> tuple[float, ...]:
    """``count`` components; one written value is repeated. Any other number of values is an error."""
    found = setting(evaluator.graph, place, knob)
    written = len(_components(evaluator, found))
    if written not in (1, count):
        raise _error(found, f"The knob holds {written} values where {count} are needed.")
    return tuple(number(evaluator, place, knob, frame, index) for index in range(count))


def text(evaluator: Evaluator, place: Place, knob: str) -> str:
    """A text knob, its Tcl subset replaced (``tcl.py``)."""
    found = setting(evaluator.graph, place, knob)
    if found.text is None:
        value = default(evaluator.graph, found)
        return "" if value is None else _word(value)
    with evaluator.reading(found.place, found.name, 0, None):
        return _substituted(evaluator, found, found.text)


def parts(evaluator: Evaluator, place: Place, knob: str) -> list[list[str]]:
    """A knob that is a list of lists of words (ModifyMetaData's ``metadata``): the words, each a text of its own.

    Tcl in a word is replaced after the list is taken apart, so what a word becomes is never read again: neither
    as a list, nor as Tcl.
    """
    found = setting(evaluator.graph, place, knob)
    word = _word(default(evaluator.graph, found)) if found.text is None else found.text
    try:
        lists = [[_text(field) for field in nk.fields(_text(line))] for line in nk.fields(word)]
    except FilmRecoveryError as error:
        raise _error(found, error.message, remedy=error.remedy) from None
    with evaluator.reading(found.place, found.name, 0, None):
        return [[_substituted(evaluator, found, part) for part in line] for line in lists]


def choice(evaluator: Evaluator, place: Place, knob: str, frame: float, allowed: tuple[str, ...]) -> str:
    """An enumeration's token. An expression or a number is the index of the entry."""
    found = setting(evaluator.graph, place, knob)
    word = _word(default(evaluator.graph, found)) if found.text is None else found.text
    if word in allowed:
        return word
    try:
        index = float(word) if not word.startswith("{") else number(evaluator, place, knob, frame)
    except ValueError:
        index = -1.0
    if not 0 <= index < len(allowed):
        raise _error(
            found,
            f"The knob says {word!r}; this engine knows {', '.join(map(repr, allowed))}.",
            remedy="choose one of those",
        )
    return allowed[int(index)]


def channels(evaluator: Evaluator, place: Place, knob: str, available: tuple[str, ...]) -> tuple[str, ...]:
    """The channels of ``available`` that a channel-set knob names, in the order of ``available``.

    ``all``, ``none``, ``rgb``, ``rgba``, ``alpha``, a layer (``depth``), full names, and lists of them where
    ``-name`` is a channel switched off. Channels that the image lacks are left out, as in Nuke.
    """
    word = text(evaluator, place, knob)
    wanted: set[str] = set()
    for token in word.replace("{", " ").replace("}", " ").split():
        if token.startswith("-") or token == "none":
            continue
        if token == "all":
            return available
        name = _SHORT.get(token, token)
        wanted.update(_LAYERS.get(token, ()))
        wanted.update(channel for channel in available if channel in (name, f"{token}.{_last(channel)}"))
    return tuple(channel for channel in available if channel in wanted)


def matrix(evaluator: Evaluator, place: Place, knob: str, frame: float) -> tuple[tuple[float, ...], ...]:
    """A 3 × 3 matrix knob, row by row."""
    found = setting(evaluator.graph, place, knob)
    if found.text is None:
        rows = default(evaluator.graph, found)
        return tuple(tuple(float(value) for value in row) for row in rows)
    try:
        fields = nk.fields(found.text)
        lists = [nk.components(field.text) for field in fields if isinstance(field, nk.Braced)]
    except FilmRecoveryError as error:
        raise _error(found, f"The knob is not a matrix: {error.message}") from error
    if len(lists) != 3 or len(fields) != 3 or any(len(row) != 3 for row in lists):
        raise _error(found, f"The knob is not a matrix of three rows with three values: {found.text[:80]!r}.")
    with evaluator.reading(found.place, found.name, 0, frame):
        return tuple(
            tuple(_component(evaluator, found, part, frame, index) for index, part in enumerate(row))
            for row in lists
        )


def parse_format(value: str) -> Format:
    """Nuke's ``width height x y r t aspect name``, or the same without ``x y r t``. Else ValueError."""
    words = value.split()
    count = 0
    while count < len(words) and _is_number(words[count]):
        count += 1
    figures = [float(word) for word in words[:count]]
    name = " ".join(words[count:])
    if count < 2 or count > 7 or min(figures[:2]) < 1:
        raise ValueError(f"not a format: {value!r}")
    width, height = int(figures[0]), int(figures[1])
    if count >= 6 and figures[2:6] != [0, 0, width, height]:
        raise ValueError(f"a format with an inner image area is not implemented: {value!r}")
    aspect = figures[6] if count == 7 else figures[2] if count == 3 else 1.0
    return Format(width, height, aspect or 1.0, name)


def _number(evaluator: Evaluator, found: Setting, frame: float, index: int) -> float:
    user = user_knobs(evaluator.graph, found.place).get(found.name)
    if user is not None and user.code in ENUMERATIONS and user.items:
        word = user.items[0] if found.text is None else found.text
        if word in user.items:
            return float(list(user.items).index(word))
    parts = _components(evaluator, found)
    if index >= len(parts) and len(parts) != 1:
        raise _error(found, f"The knob has {len(parts)} values; number {index + 1} is asked for.")
    return _component(evaluator, found, parts[index if len(parts) > 1 else 0], frame, index)


def _components(evaluator: Evaluator, found: Setting) -> tuple[Any, ...]:
    if found.text is None:
        value = default(evaluator.graph, found)
        if isinstance(value, (bool, int, float)):
            return (nk.Constant(float(value)),)
        if isinstance(value, (tuple, list)):
            return tuple(nk.Constant(float(part)) for part in value)
        if value is None or value == "":
            raise _error(found, "The knob is not set, and this engine knows no default.")
        word = str(value)
    else:
        word = found.text
    try:
        parts = _parsed(word)
    except FilmRecoveryError as error:
        raise _error(found, f"The knob is not numeric: {error.message}") from error
    if not parts:
        raise _error(found, "The knob is empty where a number is needed.")
    return parts


@lru_cache(maxsize=4096)
def _parsed(word: str) -> tuple[Any, ...]:
    """The components of ``word``; kept, since long curves are read at every frame."""
    return tuple(nk.components(word))


def _component(evaluator: Evaluator, found: Setting, part: Any, frame: float, index: int) -> float:
    if isinstance(part, nk.Constant):
        return float(part.value)
    if isinstance(part, nk.Curve):
        return float(part.at(frame))
    return evaluate_expression(evaluator, found, part.text, frame, index, part.curve)


def evaluate_expression(
    evaluator: Evaluator, found: Setting, source: str, frame: float, index: int, curve: Any = None
) -> float:
    """The number that expression ``source`` in knob ``found`` gives at ``frame``."""
    tree = evaluator.parsed(source, found)
    lookup = names.lookup_for(evaluator, found.place, frame, index, curve)
    try:
        value = tree.evaluate(lookup)
    except names.UnknownName as error:
        raise _error(
            found,
            f"The expression {source[:200]!r} uses {error.args[0]}, {error.args[1]}",
            remedy="use frame, knobs of this node, parent., this., input., root. or a node of the same group",
        ) from None
    assert isinstance(value, float)
    return value


def parse_expression(found: Setting, source: str) -> expressions.Tree:
    try:
        return expressions.parse(source)
    except expressions.ExpressionError as error:
        raise _error(found, error.message, remedy=error.remedy) from None


def _substituted(evaluator: Evaluator, found: Setting, word: str) -> str:
    def value(path: str) -> str:
        target, knob = names.find_knob(evaluator, found.place, path.split("."))
        return text(evaluator, target, knob)

    try:
        return tcl.substitute(word, value, lambda: str(evaluator.folder()))
    except names.UnknownName as error:
        raise _error(found, f"The text {word[:200]!r} uses {error.args[0]}, {error.args[1]}") from None
    except tcl.NotData as error:
        raise _error(
            found,
            f"The text asks Nuke to run {str(error)[:200]!r}; this engine runs nothing.",
            remedy="write the value out, or use [value knob] or [python {nuke.script_directory()}]",
        ) from None


def _error(found: Setting, message: str, remedy: str = "") -> FilmRecoveryError:
    return found.place.error(message, knob=found.name, remedy=remedy)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return nk.number(value) if isinstance(value, (int, float)) else str(value)


def _text(field: nk.Field) -> str:
    return nk.number(field.value) if isinstance(field, nk.Number) else field.text


def _last(channel: str) -> str:
    return channel.rpartition(".")[2]


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
