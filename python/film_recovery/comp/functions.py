"""Operators and functions of knob expressions, on Python floats or numpy arrays alike.

numpy computes, so that nothing raises: 1/0 is inf, the root of -1 is NaN. Results without axes become Python
floats, which leave float32 arrays float32. ``expressions.py`` parses the text that asks for these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Value = float | NDArray[Any]


def plain(value: Any) -> Value:
    """numpy scalars become Python floats: those do not widen float32 arrays."""
    if isinstance(value, np.ndarray) and value.ndim:
        return value
    return float(value)


def dtype(*values: Value) -> Any:
    """The floating dtype of a result of ``values``: that of the arrays among them."""
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    kind = np.result_type(*arrays) if arrays else np.dtype(np.float64)
    return kind if np.issubdtype(kind, np.floating) else np.dtype(np.float32)


def truth(result: Any, *values: Value) -> Value:
    """A comparison's result as 1 and 0, in the dtype of the ``values`` compared."""
    if isinstance(result, np.ndarray) and result.ndim:
        return result.astype(dtype(*values))
    return float(bool(result))


def binary(operator: str, left: Value, right: Value) -> Value:
    """``left operator right`` for every operator but ``^``."""
    if operator in _ARITHMETIC:
        return plain(_ARITHMETIC[operator](left, right))
    if operator in ("&&", "||"):
        both = np.logical_and if operator == "&&" else np.logical_or
        return truth(both(np.not_equal(left, 0), np.not_equal(right, 0)), left, right)
    return truth(_COMPARISONS[operator](left, right), left, right)


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "%": np.fmod,
}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def _clamp(x: Any, low: Any = 0.0, high: Any = 1.0) -> Any:
    return np.minimum(np.maximum(x, low), high)


def _lerp(a: Any, b: Any, x: Any) -> Any:
    return np.add(a, np.multiply(plain(np.subtract(b, a)), x))


def _step(edge: Any, x: Any) -> Any:
    return truth(np.greater_equal(x, edge), edge, x)


def _smoothstep(a: Any, b: Any, x: Any) -> Any:
    t = plain(_clamp(np.true_divide(plain(np.subtract(x, a)), plain(np.subtract(b, a)))))
    return t * t * (3.0 - 2.0 * t)


def _fold(pairwise: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def fold(*values: Any) -> Any:
        result = values[0]
        for value in values[1:]:
            result = plain(pairwise(result, value))
        return result

    return fold


# name → (function, fewest arguments, most arguments)
FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "sin": (np.sin, 1, 1),
    "cos": (np.cos, 1, 1),
    "tan": (np.tan, 1, 1),
    "asin": (np.arcsin, 1, 1),
    "acos": (np.arccos, 1, 1),
    "atan": (np.arctan, 1, 1),
    "atan2": (np.arctan2, 2, 2),
    "abs": (np.abs, 1, 1),
    "fabs": (np.abs, 1, 1),
    "floor": (np.floor, 1, 1),
    "ceil": (np.ceil, 1, 1),
    "int": (np.trunc, 1, 1),
    "trunc": (np.trunc, 1, 1),
    "rint": (np.rint, 1, 1),
    "sqrt": (np.sqrt, 1, 1),
    "pow": (np.power, 2, 2),
    "pow2": (np.square, 1, 1),
    "exp": (np.exp, 1, 1),
    "log": (np.log, 1, 1),
    "log10": (np.log10, 1, 1),
    "degrees": (np.degrees, 1, 1),
    "radians": (np.radians, 1, 1),
    "hypot": (np.hypot, 2, 2),
    "fmod": (np.fmod, 2, 2),
    "min": (_fold(np.minimum), 1, 64),
    "max": (_fold(np.maximum), 1, 64),
    "clamp": (_clamp, 1, 3),
    "lerp": (_lerp, 3, 3),
    "mix": (_lerp, 3, 3),
    "step": (_step, 2, 2),
    "smoothstep": (_smoothstep, 3, 3),
}
