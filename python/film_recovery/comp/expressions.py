"""Arithmetic of knob expressions: parsed by hand, evaluated on floats or numpy arrays, never executed.

``parse(text)`` gives a :class:`Tree`; ``Tree.evaluate(lookup)`` computes it. The parser knows nothing of
nodes: every name (``frame``, ``parent.size``, ``r``, ``value parent.mode`` for ``[value parent.mode]``) goes
to ``lookup``. Knobs give it a lookup over nodes (``names.py``), the Expression node one over pixels.

Grammar, loosest first: ``?:``, ``||``, ``&&``, ``== !=``, ``< <= > >=``, ``+ -``, ``* / %``, unary ``- + !``,
``^``. Comparisons give 1 or 0. ``^`` binds to the right and tighter than a minus before it, ``%`` keeps the
sign of the dividend (C's fmod): unconfirmed against Nuke. Arithmetic is IEEE: 1/0 is inf, 0/0 is NaN.
Functions follow Foundry's list, https://learn.foundry.com/nuke/content/comp_environment/expressions/adding_math_functions_expressions.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from film_recovery.comp.functions import FUNCTIONS, Value, binary, dtype, plain, truth
from film_recovery.errors import FilmRecoveryError

Lookup = Callable[[str], Any]

MAX_DEPTH = 64
MAX_LENGTH = 10_000

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<value>\[\s*value\s+(?P<knob>[A-Za-z_][\w.]*)\s*\])
      | (?P<name>[A-Za-z_]\w*(?:\.\w+)*)
      | (?P<operator>\|\||&&|==|!=|<=|>=|[-+*/%^<>!?:(),])
    )""",
    re.VERBOSE,
)
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))
_CONSTANTS = {"pi": math.pi}


class ExpressionError(FilmRecoveryError):
    """Text that is not arithmetic this engine knows."""


def parse(text: str) -> Tree:
    """The tree of ``text``. Raises ExpressionError on anything but the grammar above."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"The expression is {len(text)} characters long; the limit is {MAX_LENGTH}.",
            remedy="split it over several knobs",
        )
    return Tree(text, _Parser(text).whole())


@dataclass(frozen=True)
class Tree:
    """A parsed expression. Immutable; evaluate it as often as you like."""

    text: str
    top: _Item

    def evaluate(self, lookup: Lookup) -> Value:
        """The value, a Python float or an array as broadcast from the names.

        ``lookup(name)`` gives a number or a numpy array and raises for names it does not know. float32 arrays
        stay float32. Branches of ``?:`` and right sides of ``&&`` ``||`` that a plain number already decides
        are not looked up.
        """
        with np.errstate(all="ignore"):
            return plain(self.top.evaluate(lookup))

    @property
    def names(self) -> frozenset[str]:
        """Every name that the expression mentions."""
        return frozenset(item.name for item in _walk(self.top) if isinstance(item, _Name))


class _Item:
    def evaluate(self, lookup: Lookup) -> Value:
        raise NotImplementedError

    def parts(self) -> tuple[_Item, ...]:
        return ()


@dataclass(frozen=True)
class _Number(_Item):
    value: float

    def evaluate(self, lookup: Lookup) -> Value:
        return self.value


@dataclass(frozen=True)
class _Name(_Item):
    name: str

    def evaluate(self, lookup: Lookup) -> Value:
        return plain(lookup(self.name))


@dataclass(frozen=True)
class _Unary(_Item):
    operator: str
    item: _Item

    def evaluate(self, lookup: Lookup) -> Value:
        value = self.item.evaluate(lookup)
        if self.operator == "!":
            return truth(np.equal(value, 0), value)
        return plain(np.negative(value)) if self.operator == "-" else value

    def parts(self) -> tuple[_Item, ...]:
        return (self.item,)


@dataclass(frozen=True)
class _Chain(_Item):
    """``a - b + c``: operators of one level, left to right (flat, so that a long sum is not a deep tree)."""

    first: _Item
    rest: tuple[tuple[str, _Item], ...]

    def evaluate(self, lookup: Lookup) -> Value:
        value = self.first.evaluate(lookup)
        for operator, item in self.rest:
            if operator in ("&&", "||") and isinstance(value, float):
                value = float(value != 0)
                if (operator == "&&") == (value == 0):
                    continue
            value = binary(operator, value, item.evaluate(lookup))
        return value

    def parts(self) -> tuple[_Item, ...]:
        return (self.first, *(item for _, item in self.rest))


@dataclass(frozen=True)
class _Power(_Item):
    base: _Item
    exponent: _Item

    def evaluate(self, lookup: Lookup) -> Value:
        return plain(np.power(self.base.evaluate(lookup), self.exponent.evaluate(lookup)))

    def parts(self) -> tuple[_Item, ...]:
        return (self.base, self.exponent)


@dataclass(frozen=True)
class _Choice(_Item):
    condition: _Item
    yes: _Item
    no: _Item

    def evaluate(self, lookup: Lookup) -> Value:
        condition = self.condition.evaluate(lookup)
        if isinstance(condition, float):
            return (self.yes if condition != 0 else self.no).evaluate(lookup)
        yes, no = self.yes.evaluate(lookup), self.no.evaluate(lookup)
        return np.where(condition != 0, yes, no).astype(dtype(condition, yes, no), copy=False)

    def parts(self) -> tuple[_Item, ...]:
        return (self.condition, self.yes, self.no)


@dataclass(frozen=True)
class _Call(_Item):
    name: str
    arguments: tuple[_Item, ...]

    def evaluate(self, lookup: Lookup) -> Value:
        values = [item.evaluate(lookup) for item in self.arguments]
        return plain(FUNCTIONS[self.name][0](*values))

    def parts(self) -> tuple[_Item, ...]:
        return self.arguments


def _walk(item: _Item) -> Iterator[_Item]:
    yield item
    for part in item.parts():
        yield from _walk(part)


class _Parser:
    """Recursive descent with a depth limit; each method reads one level of the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.index = 0
        self.depth = 0

    def whole(self) -> _Item:
        item = self.choice()
        if self.kind != "end":
            raise self.error(f"does not expect {self.token!r} here")
        return item

    @property
    def kind(self) -> str:
        return self.tokens[self.index][0]

    @property
    def token(self) -> str:
        return self.tokens[self.index][1]

    def take(self, *operators: str) -> str:
        """The next token if it is one of ``operators``, else an empty string."""
        if self.kind == "operator" and self.token in operators:
            self.index += 1
            return self.tokens[self.index - 1][1]
        return ""

    def need(self, operator: str) -> None:
        if not self.take(operator):
            raise self.error(f"needs {operator!r} before {self.token or 'its end'!r}")

    def error(self, what: str) -> ExpressionError:
        return _error(self.text, what, self.tokens[self.index][2])

    def choice(self) -> _Item:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"is nested deeper than {MAX_DEPTH} levels")
        item = self.level(0)
        if self.take("?"):
            yes = self.choice()
            self.need(":")
            item = _Choice(item, yes, self.choice())
        self.depth -= 1
        return item

    def level(self, level: int) -> _Item:
        if level == len(_LEVELS):
            return self.unary()
        first = self.level(level + 1)
        rest = []
        while operator := self.take(*_LEVELS[level]):
            rest.append((operator, self.level(level + 1)))
        return _Chain(first, tuple(rest)) if rest else first

    def unary(self) -> _Item:
        signs = []
        while sign := self.take("-", "+", "!"):
            signs.append(sign)
            if len(signs) > MAX_DEPTH:
                raise self.error(f"has more than {MAX_DEPTH} signs in a row")
        item = self.power()
        for sign in reversed(signs):
            item = _Unary(sign, item)
        return item

    def power(self) -> _Item:
        base = self.atom()
        if not self.take("^"):
            return base
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"is nested deeper than {MAX_DEPTH} levels")
        exponent = self.unary()
        self.depth -= 1
        return _Power(base, exponent)

    def atom(self) -> _Item:
        kind, token, _ = self.tokens[self.index]
        if self.take("("):
            item = self.choice()
            self.need(")")
            return item
        if kind in ("end", "operator"):
            raise self.error(f"does not expect {token or 'its end'!r} here")
        self.index += 1
        if kind == "number":
            return _Number(float(token))
        if kind == "value":
            return _Name(f"value {token}")
        if self.take("("):
            return self.call(token)
        return _Number(_CONSTANTS[token]) if token in _CONSTANTS else _Name(token)

    def call(self, name: str) -> _Item:
        if name not in FUNCTIONS:
            self.index -= 2
            raise self.error(f"calls {name}(), which this engine does not know")
        _, fewest, most = FUNCTIONS[name]
        arguments = [self.choice()]
        while self.take(","):
            arguments.append(self.choice())
        self.need(")")
        if not fewest <= len(arguments) <= most:
            raise self.error(f"gives {name}() {len(arguments)} arguments")
        return _Call(name, tuple(arguments))


def _tokens(text: str) -> list[tuple[str, str, int]]:
    """(kind, text, position) of every token, then ("end", "", length)."""
    tokens = []
    end = len(text.rstrip())
    position = 0
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise _error(text, f"holds {text[position:].lstrip()[:40]!r}, which is not arithmetic", position)
        kind = "value" if match["value"] else match.lastgroup or ""
        token = match["knob"] if match["value"] else match[kind]
        tokens.append((kind, token, match.end() - len(match[0].lstrip())))
        position = match.end()
    return [*tokens, ("end", "", end)]


def _error(text: str, what: str, position: int) -> ExpressionError:
    shown = text if len(text) <= 200 else f"{text[:200]}…"
    return ExpressionError(
        f"The expression {shown!r} {what} (character {position + 1}).",
        remedy="use numbers, + - * / % ^, comparisons, && || !, ?:, names of knobs and "
        f"{', '.join(sorted(FUNCTIONS))}; Python and Tcl are never run",
    )
