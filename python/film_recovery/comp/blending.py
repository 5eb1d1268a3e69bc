"""The formulas of Merge2: one function an operation, on float32 arrays of any shape.

``A`` and ``B`` are a channel of the upper and lower image, ``a`` and ``b`` their alphas. The formulas are
those of https://learn.foundry.com/nuke/content/comp_environment/merging/merge_operations.html and of the
node's own menu. *Unconfirmed*: colour-burn and colour-dodge, which Foundry describes in words only, follow
the W3C's Compositing and Blending Level 1 (§10.1.7 and §10.1.8); a quotient with the denominator zero counts
as 0 (in divide, geometric, conjoint-over and disjoint-over), so that black on black stays black.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Formula = Callable[[Array, Array, Array, Array], Array]


def _quotient(numerator: Array, denominator: Array) -> Array:
    """0 where the denominator is 0."""
    zero = denominator == 0
    return np.where(zero, np.float32(0), numerator / np.where(zero, np.float32(1), denominator))


def _conjoint(A: Array, B: Array, a: Array, b: Array) -> Array:
    return np.where(a > b, A, A + B * (1 - _quotient(a, b)))


def _disjoint(A: Array, B: Array, a: Array, b: Array) -> Array:
    return np.where(a + b < 1, A + B, A + B * _quotient(1 - a, b))


def _divide(A: Array, B: Array, a: Array, b: Array) -> Array:
    return np.where((A < 0) & (B < 0), np.float32(0), _quotient(A, B))


def _multiply(A: Array, B: Array, a: Array, b: Array) -> Array:
    return np.where((A < 0) & (B < 0), A, A * B)


def _screen(A: Array, B: Array, a: Array, b: Array) -> Array:
    inside = (A >= 0) & (A <= 1) & (B >= 0) & (B <= 1)
    return np.where(inside, A + B - A * B, np.maximum(A, B))


def _hard_light(A: Array, B: Array, a: Array, b: Array) -> Array:
    return np.where(A < 0.5, 2 * A * B, 1 - 2 * (1 - A) * (1 - B))


def _overlay(A: Array, B: Array, a: Array, b: Array) -> Array:
    return _hard_light(B, A, b, a)


def _soft_light(A: Array, B: Array, a: Array, b: Array) -> Array:
    product = A * B
    return np.where(product < 1, B * (2 * A + B * (1 - product)), 2 * product)


def _dodge(A: Array, B: Array, a: Array, b: Array) -> Array:
    bright = np.where(A >= 1, np.float32(1), np.minimum(1, _quotient(B, 1 - A)))
    return np.where(B <= 0, B, bright)


def _burn(A: Array, B: Array, a: Array, b: Array) -> Array:
    dark = np.where(A <= 0, np.float32(0), 1 - np.minimum(1, _quotient(1 - B, A)))
    return np.where(B >= 1, B, dark)


OPERATIONS: Mapping[str, Formula] = MappingProxyType(
    {  # in the order of Nuke's menu
        "atop": lambda A, B, a, b: A * b + B * (1 - a),
        "average": lambda A, B, a, b: (A + B) / 2,
        "color-burn": _burn,
        "color-dodge": _dodge,
        "conjoint-over": _conjoint,
        "copy": lambda A, B, a, b: A,
        "difference": lambda A, B, a, b: np.abs(A - B),
        "disjoint-over": _disjoint,
        "divide": _divide,
        "exclusion": lambda A, B, a, b: A + B - 2 * A * B,
        "from": lambda A, B, a, b: B - A,
        "geometric": lambda A, B, a, b: _quotient(2 * A * B, A + B),
        "hard-light": _hard_light,
        "hypot": lambda A, B, a, b: np.hypot(A, B),
        "in": lambda A, B, a, b: A * b,
        "mask": lambda A, B, a, b: B * a,
        "matte": lambda A, B, a, b: A * a + B * (1 - a),
        "max": lambda A, B, a, b: np.maximum(A, B),
        "min": lambda A, B, a, b: np.minimum(A, B),
        "minus": lambda A, B, a, b: A - B,
        "multiply": _multiply,
        "out": lambda A, B, a, b: A * (1 - b),
        "over": lambda A, B, a, b: A + B * (1 - a),
        "overlay": _overlay,
        "plus": lambda A, B, a, b: A + B,
        "screen": _screen,
        "soft-light": _soft_light,
        "stencil": lambda A, B, a, b: B * (1 - a),
        "under": lambda A, B, a, b: A * (1 - b) + B,
        "xor": lambda A, B, a, b: A * (1 - b) + B * (1 - a),
    }
)

# Formulas that do not read the alphas: they work on all channels at once.
WITHOUT_ALPHA = frozenset(
    """average color-burn color-dodge copy difference divide exclusion from geometric hard-light hypot max min
    minus multiply overlay plus screen soft-light""".split()
)
