"""Filter nodes: Median and Blur. What they see beyond the picture's edge is in ``comp/windows.py``."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.comp.call import NodeCall
from film_recovery.comp.pixelwise import only
from film_recovery.comp.registry import register
from film_recovery.comp.windows import padded
from film_recovery.imaging.frame import Box, Frame, Pixels

_GUIDE = "https://learn.foundry.com/nuke/content/reference_guide/filter_nodes/"
_WIDEST_MEDIAN = 101
_BLOCK_VALUES = 1 << 23  # values that one median block may copy: 32 MB


@register(
    "Median",
    knobs={"channels": "rgb", "size": 3.0, "ignore_top_line": False},
    source=_GUIDE + "median.html",
    mask=1,
)
def median(call: NodeCall) -> Frame:
    """Every channel's own median over a window of ``size`` (width, height) pixels. The bbox stays.

    The page says "the filter area, in pixels"; how Nuke centres an even size is unconfirmed. Here a size
    reaches ``int(size / 2)`` pixels to each side: 3 is 3×3, 5 is 5×5, 10 and 11 are 11×11, below 2 nothing
    changes. The result is exact: always one of the input's own values.
    """
    only(call, {"ignore_top_line": False})
    frame = call.input(0)
    sizes = call.numbers("size", 2)
    if not all(0 <= size <= _WIDEST_MEDIAN for size in sizes):
        raise call.error(
            f"The size must be 0 to {_WIDEST_MEDIAN}, not {sizes}.", knob="size", remedy="use 3 to 21"
        )
    x, y = (int(size / 2) for size in sizes)
    names = call.channels("channels", frame.channels)
    if (x, y) == (0, 0) or not names or frame.bbox.empty:
        return frame
    window = padded(frame.with_pixels(frame.select(names), names), x, y)
    return frame.with_channels(names, _medians(window.pixels, x, y))


def _medians(pixels: Pixels, x: int, y: int) -> Pixels:
    """Medians over (2y+1)×(2x+1) windows of padded H×W×C pixels: (H−2y)×(W−2x)×C."""
    planes = [np.ascontiguousarray(pixels[:, :, index]) for index in range(pixels.shape[2])]
    if x == y and x in (1, 2):
        inner = (slice(y, -y), slice(x, -x))
        return np.stack([cv2.medianBlur(plane, 2 * x + 1)[inner] for plane in planes], axis=-1)
    height, width = pixels.shape[0] - 2 * y, pixels.shape[1] - 2 * x
    out = np.empty((height, width, len(planes)), np.float32)
    count = (2 * x + 1) * (2 * y + 1)
    rows = max(1, _BLOCK_VALUES // (width * count))
    jobs = [(index, start) for index in range(len(planes)) for start in range(0, height, rows)]

    def work(job: tuple[int, int]) -> None:
        index, start = job
        stop = min(start + rows, height)
        block = planes[index][start : stop + 2 * y]
        windows = np.lib.stride_tricks.sliding_window_view(block, (2 * y + 1, 2 * x + 1))
        flat = windows.reshape(stop - start, width, count)
        out[start:stop, :, index] = np.partition(flat, count // 2, axis=-1)[:, :, count // 2]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(work, jobs))
    return out


@register(
    "Blur",
    knobs={"channels": "all", "size": 0.0, "filter": "gaussian", "crop": True},
    ignored=("quality",),
    source=_GUIDE + "blur.html",
    mask=1,
)
def blur(call: NodeCall) -> Frame:
    """A separable blur of ``size`` (width, height) pixels.

    *box* is exactly ``size`` pixels wide for odd sizes, its ends fade in for others; the other shapes give
    about the same amount of blur (DDImage Blur, learn.foundry.com/nuke/developers/112/ndkreference/
    classDD_1_1Image_1_1Blur.html). The page gives no figures, so these are *unconfirmed*: gaussian has the
    standard deviation size / 2.4, triangle and quadratic are a box drawn twice and three times over with
    about the same deviation. ``quality`` is ignored: nothing is computed at a lower resolution. With ``crop``
    the bbox does not grow beyond the format, else it grows by the reach of the filter.
    """
    frame = call.input(0)
    sizes = call.numbers("size", 2)
    if not all(0 <= size <= 10_000 for size in sizes):
        raise call.error(
            f"The size must be 0 or more, not {sizes}.", knob="size", remedy="give a size from 0"
        )
    names = call.channels("channels", frame.channels)
    shape = _SHAPES[call.choice("filter", tuple(_SHAPES))]
    kernels = [shape(size) for size in sizes]
    reach_x, reach_y = (len(kernel) // 2 for kernel in kernels)
    if (reach_x, reach_y) == (0, 0) or not names or frame.bbox.empty:
        return frame
    box = _blurred_box(frame, reach_x, reach_y, call.boolean("crop"))
    source = padded(frame.with_pixels(frame.select(names), names), 2 * reach_x, 2 * reach_y)
    made = _convolved(source.pixels, *kernels)
    blurred = replace(source, pixels=made).cropped(box)
    if len(names) == len(frame.channels):
        return blurred
    return frame.cropped(box).with_channels(names, blurred.pixels)


def _blurred_box(frame: Frame, x: int, y: int, crop: bool) -> Box:
    box, edge = frame.bbox, frame.format.box
    grown = Box(box.x - x, box.y - y, box.r + x, box.t + y)
    return box.union(grown.intersect(edge)) if crop else grown


def _convolved(pixels: Pixels, horizontal: NDArray[np.float64], vertical: NDArray[np.float64]) -> Pixels:
    out = np.empty_like(pixels)
    for index in range(pixels.shape[2]):
        plane = np.ascontiguousarray(pixels[:, :, index])
        kernels = horizontal.astype(np.float32), vertical.astype(np.float32)
        out[:, :, index] = cv2.sepFilter2D(plane, cv2.CV_32F, *kernels, borderType=cv2.BORDER_REPLICATE)
    return out


def _box(width: float) -> NDArray[np.float64]:
    """Ones, and at both ends what is left of ``width``; sums to one."""
    if width <= 1:
        return np.ones(1)
    reach = math.ceil((width - 1) / 2)
    kernel = np.ones(2 * reach + 1)
    kernel[0] = kernel[-1] = (width - (2 * reach - 1)) / 2
    return kernel / width


def _repeated(times: int) -> Callable[[float], NDArray[np.float64]]:
    def kernel(size: float) -> NDArray[np.float64]:
        # times boxes of width w have the variance times · (w² − 1) / 12; two of the full size set the amount.
        width = math.sqrt((size * size - 1) * 2 / times + 1) if size > 1 else 1.0
        made = np.ones(1)
        for _ in range(times):
            made = np.convolve(made, _box(width))
        return made

    return kernel


def _gaussian(size: float) -> NDArray[np.float64]:
    deviation = size / 2.4
    if deviation < 0.1:
        return np.ones(1)  # a neighbour would weigh less than float32 can add
    reach = math.ceil(4 * deviation)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    return kernel / kernel.sum()


_SHAPES: dict[str, Callable[[float], NDArray[np.float64]]] = {
    "box": _box,
    "triangle": _repeated(2),
    "quadratic": _repeated(3),
    "gaussian": _gaussian,
}
