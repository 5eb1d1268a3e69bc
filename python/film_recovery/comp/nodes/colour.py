"""Colour nodes: Grade, Clamp, ColorMatrix, Colorspace, OCIOColorSpace, OCIODisplay, Log2Lin.

All work inside the bounding box only: outside of it a Frame stays black, even where the operation would lift
black (Nuke marks such images as not black outside and continues their edge; unconfirmed in detail).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.comp.call import NodeCall
from film_recovery.comp.encodings import ENCODINGS, MENU, Encoding
from film_recovery.comp.pixelwise import changed, component, only, panels, rgb_changed
from film_recovery.comp.registry import register
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import RGB, Frame, Pixels

_GUIDE = "https://learn.foundry.com/nuke/content/reference_guide/color_nodes/"
_GRADE = ("blackpoint", "whitepoint", "black", "white", "multiply", "add", "gamma")
_CLAMP = ("minimum", "maximum", "MinClampTo", "MaxClampTo")
_LOG = ("black", "white", "gamma")


@register(
    "Grade",
    knobs={
        "channels": "rgb",
        "blackpoint": 0.0,
        "whitepoint": 1.0,
        "black": 0.0,
        "white": 1.0,
        "multiply": 1.0,
        "add": 0.0,
        "gamma": 1.0,
        "reverse": False,
        "black_clamp": True,
        "white_clamp": False,
    },
    ignored=panels(*_GRADE),
    source=_GUIDE + "grade.html",
    mask=1,
)
def grade(call: NodeCall) -> Frame:
    """A linear ramp, the clamps, then gamma, as Foundry's NDK example Grade.cpp does it.

    A = multiply (white − black) / (whitepoint − blackpoint), B = add + black − A blackpoint. Gamma leaves
    negative values alone and continues straight above one. ``reverse`` undoes gamma, then the ramp, then
    clamps.
    """
    frame = call.input(0)
    values = {knob: call.numbers(knob, 4) for knob in _GRADE}
    reverse = call.boolean("reverse")
    low = 0.0 if call.boolean("black_clamp") else None
    high = 1.0 if call.boolean("white_clamp") else None
    settings = {}
    for name in call.channels("channels", frame.channels):
        blackpoint, whitepoint, black, white, multiply, add, gamma = (
            values[k][component(name)] for k in _GRADE
        )
        span = whitepoint - blackpoint
        slope = ((white - black) / span if span else 10000.0) * multiply
        settings[name] = (slope, add + black - blackpoint * slope, gamma)

    def apply(pixels: Pixels, setting: tuple[float, float, float]) -> NDArray[Any]:
        slope, offset, gamma = setting
        if reverse:
            slope = 1 / slope if slope else 1.0
            return _clamped(_ramp(_ungamma(pixels, gamma), slope, -offset * slope), low, high)
        return _gamma(_clamped(_ramp(pixels, slope, offset), low, high), gamma)

    return changed(frame, settings, apply)


def _ramp(pixels: Pixels, slope: float, offset: float) -> Pixels:
    if slope == 1 and offset == 0:
        return pixels
    return pixels * np.float32(slope) + np.float32(offset)


def _clamped(pixels: Pixels, low: float | None, high: float | None) -> Pixels:
    if low is None and high is None:
        return pixels
    return np.clip(pixels, low, high)


def _gamma(pixels: Pixels, gamma: float) -> Pixels:
    if gamma == 1:
        return pixels
    if gamma <= 0:
        return np.where(pixels > 1, np.inf, np.maximum(pixels, 0)).astype(np.float32)
    return _power(pixels, 1 / gamma)


def _ungamma(pixels: Pixels, gamma: float) -> Pixels:
    if gamma == 1:
        return pixels
    if gamma <= 0:
        return (pixels > 0).astype(np.float32)
    return _power(pixels, gamma)


def _power(pixels: Pixels, exponent: float) -> Pixels:
    """A power from zero to one, straight on either side of it."""
    inner = np.power(np.clip(pixels, 0, 1), np.float32(exponent))
    above = 1 + (pixels - 1) * np.float32(exponent)
    return np.where(pixels <= 0, pixels, np.where(pixels < 1, inner, above))


@register(
    "Clamp",
    knobs={
        "channels": "all",
        "minimum": 0.0,
        "maximum": 1.0,
        "minimum_enable": True,
        "maximum_enable": True,
        "MinClampTo": 0.0,
        "MaxClampTo": 1.0,
        "MinClampTo_enable": False,
        "MaxClampTo_enable": False,
    },
    ignored=panels(*_CLAMP),
    source=_GUIDE + "clamp.html",
    mask=1,
)
def clamp(call: NodeCall) -> Frame:
    """Values below minimum become minimum (or MinClampTo, if enabled); above maximum likewise."""
    frame = call.input(0)
    values = {knob: call.numbers(knob, 4) for knob in _CLAMP}
    on = {knob: call.boolean(f"{knob}_enable") for knob in _CLAMP}
    settings = {}
    for name in call.channels("channels", frame.channels):
        low, high, low_to, high_to = (values[knob][component(name)] for knob in _CLAMP)
        settings[name] = (
            (low, low_to if on["MinClampTo"] else low) if on["minimum"] else None,
            (high, high_to if on["MaxClampTo"] else high) if on["maximum"] else None,
        )
    return changed(frame, settings, _limited)


_Limit = tuple[float, float] | None


def _limited(pixels: Pixels, limits: tuple[_Limit, _Limit]) -> Pixels:
    low, high = limits
    out = pixels.copy()
    if low:
        out[pixels < low[0]] = low[1]
    if high:
        out[pixels > high[0]] = high[1]
    return out


@register(
    "ColorMatrix",
    knobs={"channels": "rgb", "matrix": ((1, 0, 0), (0, 1, 0), (0, 0, 1)), "invert": False},
    source=_GUIDE + "colormatrix.html",
    mask=1,
)
def color_matrix(call: NodeCall) -> Frame:
    """Red, green, blue times the matrix (row by row), or its inverse. The inverse is computed in float64."""
    matrix: NDArray[Any] = np.asarray(call.matrix("matrix"), np.float64)
    if call.boolean("invert"):
        if abs(np.linalg.det(matrix)) < 1e-12:
            raise call.error("The matrix has no inverse.", knob="matrix", remedy="switch invert off")
        matrix = np.linalg.inv(matrix)
    return rgb_changed(call, call.input(0), lambda rgb: multiplied(rgb, matrix))


def multiplied(rgb: Pixels, matrix: Any) -> Pixels:
    """``rgb`` (H×W×3, float32) times a 3×3 matrix: float32, in float32 arithmetic."""
    if not rgb.size:
        return rgb.copy()
    made = cv2.transform(np.ascontiguousarray(rgb), np.asarray(matrix, np.float64))
    return np.asarray(made, np.float32)


@register(
    "Colorspace",
    knobs={
        "channels": "rgb",
        "colorspace_in": "RGB",
        "colorspace_out": "RGB",
        "illuminant_in": "D65",
        "illuminant_out": "D65",
        "primary_in": "sRGB",
        "primary_out": "sRGB",
    },
    ignored=("bradford_matrix",),  # adapts between illuminants, and there is one only
    source=_GUIDE + "colorspace.html",
    mask=1,
)
def colorspace(call: NodeCall) -> Frame:
    """From one encoding to another, through linear RGB with D65 and sRGB primaries; see ``encodings.py``.

    The token ``RGB`` is what the menu shows as Linear. Other illuminants, primaries and encodings are errors.
    """
    only(call, {"illuminant_in": "D65", "illuminant_out": "D65", "primary_in": "sRGB", "primary_out": "sRGB"})
    source, target = _encoding(call, "colorspace_in"), _encoding(call, "colorspace_out")
    if source is target:
        return call.input(0)
    return rgb_changed(call, call.input(0), lambda rgb: target.encode(source.decode(rgb)))


def _encoding(call: NodeCall, knob: str) -> Encoding:
    # A plain "2.2" is no entry, and must not be read as the entry number two.
    word = call.text(knob)
    token = word if "." in word and not word.startswith("{") else call.choice(knob, MENU)
    if token not in ENCODINGS:
        raise call.error(
            f"The encoding {token} is not implemented; there are {', '.join(ENCODINGS)}.",
            knob=knob,
            remedy="use OCIOColorSpace, or one of these",
        )
    return ENCODINGS[token]


@register(
    "OCIOColorSpace",
    knobs={"channels": "rgb", "in_colorspace": "scene_linear", "out_colorspace": "scene_linear"},
    ignored=("libraryVersionInfo",),
    source=_GUIDE + "ociocolorspace.html",
    mask=1,
)
def ocio_color_space(call: NodeCall) -> Frame:
    """From one colour space of the active OCIO config to another; names, aliases and roles are looked up
    there."""
    names = [_colour_space(call, knob) for knob in ("in_colorspace", "out_colorspace")]
    return rgb_changed(call, call.input(0), lambda rgb: call.config.convert(rgb, *names))


@register(
    "OCIODisplay",
    knobs={
        "colorspace": "scene_linear",
        "display": "default",
        "view": "",
        "invert": False,
        "gain": 1.0,
        "gamma": 1.0,
        "saturation": 1.0,
        "channel_selector": "RGB",
        "layer": "all",
    },
    ignored=("libraryVersionInfo", "allowGPUAcceleration"),
    source=_GUIDE + "ociodisplay.html",
    mask=1,
)
def ocio_display(call: NodeCall) -> Frame:
    """What a display shows: the colour space through a view of the active OCIO config; default is its own choice.

    The viewer's own gain, gamma, saturation and channel view are not implemented. That Nuke's default display and
    view are the config's defaults is unconfirmed.
    """
    only(call, {"gain": 1.0, "gamma": 1.0, "saturation": 1.0, "channel_selector": "RGB", "layer": "all"})
    space = _colour_space(call, "colorspace")
    display, view = ("" if call.text(knob) == "default" else call.text(knob) for knob in ("display", "view"))
    back = call.boolean("invert")

    def shown(rgb: Pixels) -> NDArray[Any]:
        try:
            return call.config.display(rgb, space, display, view, inverse=back)
        except FilmRecoveryError as error:
            raise call.error(error.message, knob="view", remedy=error.remedy) from error

    # It has no knob channels: red, green and blue, always.
    frame = call.input(0)
    return frame.with_channels(RGB, shown(frame.select(RGB, fill_missing=True)))


def _colour_space(call: NodeCall, knob: str) -> str:
    try:
        return call.config.resolve(call.text(knob))
    except FilmRecoveryError as error:
        raise call.error(error.message, knob=knob, remedy=error.remedy) from error


@register(
    "Log2Lin",
    knobs={
        "channels": "rgb",
        "operation": "log2lin",
        "black": 95.0,
        "white": 685.0,
        "gamma": 0.6,
        "ignore_black": False,
    },
    ignored=panels(*_LOG),
    source=_GUIDE + "log2lin.html",
    mask=1,
)
def log_to_linear(call: NodeCall) -> Frame:
    """Kodak's Cineon conversion (Conversion of 10-bit Log Film Data, 1995): 0.002 density a code value of
    1023.

    log2lin: (10^((1023 x − white) 0.002 / gamma) − offset) / (1 − offset), where black becomes 0 and white 1;
    with ``ignore_black`` the offset is 0. lin2log is its inverse. What Nuke gives for linear values at or
    below −offset / (1 − offset), which have no logarithm, is unconfirmed: here they are taken as 1e-10 above
    it.
    """
    frame = call.input(0)
    to_linear = call.choice("operation", ("log2lin", "lin2log")) == "log2lin"
    values = {knob: call.numbers(knob, 3) for knob in _LOG}
    if min(values["gamma"]) <= 0:
        raise call.error("The film gamma must be above zero.", knob="gamma", remedy="use 0.6, Kodak's value")
    settings = {}
    for name in call.channels("channels", frame.channels):
        black, white, gamma = (values[knob][component(name) % 3] for knob in _LOG)
        offset = 0.0 if call.boolean("ignore_black") else 10 ** ((black - white) * 0.002 / gamma)
        if offset == 1:
            raise call.error(
                "Black and white are equal.", knob="black", remedy="use 95 and 685, Kodak's values"
            )
        settings[name] = (white, gamma, offset)

    def convert(pixels: Pixels, setting: tuple[float, float, float]) -> NDArray[Any]:
        white, gamma, offset = setting
        values = pixels.astype(np.float64)
        if to_linear:
            return (10 ** ((values * 1023 - white) * (0.002 / gamma)) - offset) / (1 - offset)
        exposure = np.maximum(values * (1 - offset) + offset, 1e-10)
        return (white + np.log10(exposure) * (gamma / 0.002)) / 1023

    return changed(frame, settings, convert)
