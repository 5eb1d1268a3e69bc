"""Animation curves: the text ``curve x1 0 x10 1``, read, evaluated and written.

Grammar and the meaning of the letters: NDK developer guide, "Curve serialisation format"
https://learn.foundry.com/nuke/developers/70/ndkdevguide/advanced/curveformat.html
What the interpolations do: ``nuke.AnimationKey``
https://learn.foundry.com/nuke/developers/160/pythondevguide/_autosummary/nuke.AnimationKey.html

*Inferred*, not stated there: an interpolation letter holds for the keys after it too; outside its keys a
curve is constant unless ``l`` says linear; at an end that is constant a smooth curve is level; the half of a
segment next to a key follows that key's letter.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from film_recovery.errors import FilmRecoveryError
from film_recovery.nk.numbers import NUMBER, number

CONSTANT, LINEAR, SMOOTH, CATMULL_ROM, CUBIC = "K", "L", "S", "R", "C"
INTERPOLATIONS = {
    "K": CONSTANT,
    "constant": CONSTANT,
    "L": LINEAR,
    "linear": LINEAR,
    "S": SMOOTH,
    "smooth": SMOOTH,
    "R": CATMULL_ROM,
    "C": CUBIC,
}
_TOKEN = re.compile(rf"(?P<letter>[KLSRCkliI])\Z|(?P<field>[xstuv]?)(?P<value>{NUMBER})\Z")
_MEANING = {"s": "left_slope", "t": "right_slope", "u": "left_handle", "v": "right_handle"}


@dataclass(frozen=True)
class Key:
    """A key of a curve. Slopes are per frame, None where the interpolation makes them; handles are in thirds
    of the segment (1 = the plain cubic)."""

    frame: float
    value: float
    interpolation: str = SMOOTH
    left_slope: float | None = None
    right_slope: float | None = None
    left_handle: float = 1.0
    right_handle: float = 1.0
    linear_extrapolation: bool = False


@dataclass(frozen=True)
class Curve:
    """Keys in order of frame. ``visible`` is what the ``i``/``I`` flag turns off; it changes no value."""

    keys: tuple[Key, ...]
    visible: bool = True

    def at(self, frame: float) -> float:
        """The value at ``frame`` (any real number); 0 for a curve without keys (``{curve}``, *inferred*)."""
        if not self.keys:
            return 0.0
        index = bisect_right([key.frame for key in self.keys], frame)
        if index == 0:
            return self._outside(0, frame)
        if index == len(self.keys):
            return self._outside(index - 1, frame)
        return self._between(index - 1, frame)

    def _outside(self, index: int, frame: float) -> float:
        key = self.keys[index]
        if not key.linear_extrapolation or key.frame == frame:
            return key.value
        slope = self._slope(index, before=index == 0)
        return key.value + slope * (frame - key.frame)

    def _between(self, index: int, frame: float) -> float:
        left, right = self.keys[index], self.keys[index + 1]
        if left.interpolation == CONSTANT or frame == left.frame:
            return left.value
        width = right.frame - left.frame
        leaving, arriving = self._slope(index, before=False), self._slope(index + 1, before=True)
        first, second = left.right_handle / 3.0, 1.0 - right.left_handle / 3.0
        t = _solve((frame - left.frame) / width, first, second)
        return _bezier(
            t,
            left.value,
            left.value + leaving * first * width,
            right.value - arriving * (1.0 - second) * width,
            right.value,
        )

    def _slope(self, index: int, *, before: bool) -> float:
        """The slope at a key, on the side ``before`` it or after it."""
        key = self.keys[index]
        own = key.left_slope if before else key.right_slope
        if own is None:
            own = key.left_slope if key.right_slope is None else key.right_slope
        if own is not None:
            return own
        last = len(self.keys) - 1
        chords = [self._chord(i) for i in (index - 1, index) if 0 <= i < last]
        if not chords:
            return 0.0
        if key.interpolation == CONSTANT:
            return 0.0
        if key.interpolation == LINEAR:
            return chords[0] if before else chords[-1]
        if index in (0, last):
            return chords[0] if key.linear_extrapolation else 0.0
        if key.interpolation == CUBIC:
            raise FilmRecoveryError(
                f"Cubic interpolation at frame {key.frame:g} is not supported.",
                remedy="Make the key smooth, linear or constant in Nuke's Curve Editor.",
            )
        previous, following = self.keys[index - 1], self.keys[index + 1]
        slope = (following.value - previous.value) / (following.frame - previous.frame)
        return slope if key.interpolation == CATMULL_ROM else _within_hull(slope, *chords)

    def _chord(self, index: int) -> float:
        left, right = self.keys[index], self.keys[index + 1]
        return (right.value - left.value) / (right.frame - left.frame)


def is_curve_text(tokens: Sequence[str]) -> bool:
    """Whether every token belongs to the grammar of keys."""
    return all(_TOKEN.match(token) for token in tokens)


def read_curve(tokens: Sequence[str]) -> Curve:
    """The keys that the words after ``curve`` describe. A token out of place is an error that names it."""
    keys: list[Key] = []
    visible = True
    interpolation = SMOOTH
    frame: float | None = None
    linear = False
    for token in tokens:
        found = _TOKEN.match(token)
        if not found:
            raise _bad(token, "is not a key, a value or a known letter")
        letter, field = found["letter"], found["field"]
        if letter in ("i", "I"):
            visible = False
        elif letter in ("k", "l"):
            linear = letter == "l"
        elif letter:
            interpolation = letter
        elif field == "x":
            frame = float(found["value"])
        elif field:
            keys[-1:] = [_with_tangent(keys, token, field, float(found["value"]))]
        else:
            at = _next_frame(keys) if frame is None else frame
            if keys and at <= keys[-1].frame:
                raise _bad(token, f"would be a key at frame {at:g}, not after the one at {keys[-1].frame:g}")
            keys.append(Key(at, float(found["value"]), interpolation, linear_extrapolation=linear))
            frame, linear = None, False
    if frame is not None:
        raise _bad(f"x{frame:g}", "has no value")
    return Curve(tuple(keys), visible)


def curve_words(keys: Mapping[float, float], interpolation: str = SMOOTH) -> str:
    """``curve x1 0 x10 1``: the text of one component. ``keys`` maps frames to values."""
    letter = INTERPOLATIONS.get(interpolation)
    if letter not in (CONSTANT, LINEAR, SMOOTH):
        raise FilmRecoveryError(
            f"Cannot write a curve with interpolation {interpolation!r}.", remedy="Use 'L', 'K' or 'S'."
        )
    if not keys:
        raise FilmRecoveryError("Cannot write a curve without keys.", remedy="Give at least one frame.")
    head = ["curve"] if letter == SMOOTH else ["curve", letter]
    return " ".join([*head, *(f"x{number(frame)} {number(keys[frame])}" for frame in sorted(keys))])


def _with_tangent(keys: list[Key], token: str, field: str, value: float) -> Key:
    if not keys:
        raise _bad(token, "stands before any key")
    if field in "uv" and not 0 <= value <= 3:
        raise _bad(token, "is a handle outside 0 to 3")
    parts = {**keys[-1].__dict__, _MEANING[field]: value}
    return Key(**parts)


def _next_frame(keys: list[Key]) -> float:
    """The frame of a key written without one: as far on as the two before it are apart; 0 at first, then 1.

    The page says that the second doubles the first, but scripts hold ``x-1 0 1 x6 0`` and ``0 1``: it is the
    next frame.
    """
    if len(keys) > 1:
        return 2 * keys[-1].frame - keys[-2].frame
    return keys[0].frame + 1 if keys else 0.0


def _within_hull(slope: float, before: float, after: float) -> float:
    """``slope`` reduced until the curve stays between its keys: level at a peak, else within three chords."""
    if before * after <= 0:
        return 0.0
    return math.copysign(min(abs(slope), 3 * abs(before), 3 * abs(after)), slope)


def _bezier(t: float, a: float, b: float, c: float, d: float) -> float:
    s = 1.0 - t
    return s * s * s * a + 3 * s * s * t * b + 3 * s * t * t * c + t * t * t * d


def _solve(x: float, first: float, second: float) -> float:
    """The parameter where a Bézier through (0, first, second, 1) reaches ``x``; by bisection."""
    if math.isclose(first, 1 / 3) and math.isclose(second, 2 / 3):
        return x
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _bezier(middle, 0.0, first, second, 1.0) < x:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _bad(token: str, problem: str) -> FilmRecoveryError:
    return FilmRecoveryError(
        f"The curve token {token!r} {problem}.", remedy="Set the animation again in Nuke's Curve Editor."
    )
