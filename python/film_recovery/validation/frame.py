"""The measures of one recovered frame, beside its Source and, where there is one, its Ground Truth.

All pictures are **as displayed** (encoded sRGB, H×W×3 float32, top row first) over one area. What a frame has nothing
to measure by is left out of its figures: a sky has no edges. By name:

*Of Source and recovery alone* · ``detail`` (amplitude of fine detail, recovered over Source, each against its own low
frequencies) · ``resolution_source``, ``resolution`` (cycles per pixel up to which half of the other's is kept) ·
``edge_source``, ``edge`` (pixels from 10 to 90 % of strong edges) · ``halo_source``, ``halo`` (how far they go beyond
their sides, share of their height) · ``grain_source``, ``grain`` (deviation of encoded luma in quiet places) ·
``change`` (ΔE00, mean) · ``hue_change``, ``saturation_change`` (on the Source's saturated pixels, degrees and ratio) ·
``outside`` (share of values beyond 0–1) · ``light_source``, ``light`` (mean luma) · ``edges``, ``blocks`` (how many
the above are means of).

*Against the Ground Truth* · ``detail_kept`` (amplitude of detail over the truth's) · ``edge_truth``, ``halo_truth`` ·
``grain_power`` (grain's power over the truth's) · ``grain_shape`` (dB by which its spectrum departs from the truth's,
of equal power) · ``psnr_luma``, ``ssim_luma`` · ``de00`` · ``hue``, ``hue_p95``, ``hue_lost``, ``saturation`` (on the
truth's saturated pixels).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.arrays import check_colours
from film_recovery.analysis.colour_difference import difference_2000, lab
from film_recovery.analysis.difference import psnr, ssim
from film_recovery.analysis.figures import LARGEST_PSNR
from film_recovery.analysis.flicker import block_means
from film_recovery.analysis.hue import hue_shift
from film_recovery.analysis.saturation import saturation_ratio
from film_recovery.curation.edges import Edge, edges
from film_recovery.curation.spectra import BANDS, BLOCK, Spectrum, TooLittle, resolution, spectra
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma

# What can be measured with the Ground Truth only: a reader is told so.
NEED_TRUTH = (
    *("detail_kept", "edge_truth", "halo_truth", "grain_power", "grain_shape", "psnr_luma", "ssim_luma"),
    *("de00", "hue", "hue_p95", "hue_lost", "saturation"),
)
SATURATED = 60  # of 255
LEAST_SATURATED = 0.0005  # of the pixels: the hue of fewer is that of their noise
# Sharpness, grain and edges are measured on the middle of large pictures, colour on a grid of pixels of all of them.
_MIDDLE = 1536
_COLOURS = 1 << 19
_FINE = slice(3, BANDS * 3 // 4)  # bands from 3/32 cycles per pixel; beyond 0.38 quantisation has its say
BINS = 6  # of each channel of the Source's colour
_LEAST_SHARE = 0.002  # of the pixels, for a bin to say something


@dataclass(frozen=True)
class FrameMeasures:
    """``values``: by name. ``grids``: block means of luma, source and recovered. ``spectra``: grain's power by band,
    by side; ``power``: likewise that of everything. ``colours``: bin of the Source's colour → share of the pixels and
    the mean change of L*a*b*."""

    values: dict[str, float]
    grids: dict[str, list[list[float]]]
    spectra: dict[str, list[float]] = field(default_factory=dict)
    colours: dict[str, list[float]] = field(default_factory=dict)
    power: dict[str, list[float]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "values": self.values,
            "grids": self.grids,
            "spectra": self.spectra,
            "colours": self.colours,
            "power": self.power,
        }


def measured(source: Pixels, recovered: Pixels, truth: Pixels | None = None) -> FrameMeasures:
    """The figures of one frame. Raises FilmRecoveryError for different shapes and values that are not finite."""
    sides = (source, recovered) if truth is None else (source, recovered, truth)
    check_colours(*sides)
    planes = [np.ascontiguousarray(luma(side)).astype(np.float32) for side in sides]
    values: dict[str, float] = {
        "outside": float(np.mean((recovered < 0) | (recovered > 1))),
        "light_source": float(planes[0].mean(dtype=np.float64)),
        "light": float(planes[1].mean(dtype=np.float64)),
    }
    values.update(_fine(planes[0], planes[1]))
    middle = [_middle(plane) for plane in planes]
    found: dict[str, list[float]] = {}
    power: dict[str, list[float]] = {}
    try:
        first, second = spectra(middle[0], middle[1])
        values.update(_of_detail(first, second))
        values.update(grain_source=first.grain, grain=second.grain)
        values["blocks"] = _blocks(middle[0])
        found = {"source": first.noise.tolist(), "recovered": second.noise.tolist()}
        power = {"source": first.power.tolist(), "recovered": second.power.tolist()}
        if truth is not None:
            mine, its = spectra(middle[1], middle[2])
            values.update(_against(mine, its))
            found.update(recovered=mine.noise.tolist(), truth=its.noise.tolist())
            power.update(recovered=mine.power.tolist(), truth=its.power.tolist())
    except TooLittle:
        pass  # too small or too dark to tell detail from grain: the figures are left out
    few = [_few(np.clip(side, 0, 1)) for side in sides]
    values.update(_colour_change(few[0], few[1]))
    if truth is not None:
        values.update(_to_truth(few[1], few[2], planes[1], planes[2]))
        values.update(_edges_of_truth(middle[1], middle[2]))
    grids = {
        "source": np.round(block_means(planes[0]), 6).tolist(),
        "recovered": np.round(block_means(planes[1]), 6).tolist(),
    }
    plain = {name: round(float(value), 7) for name, value in values.items() if math.isfinite(value)}
    return FrameMeasures(plain, grids, found, _colours(few[0], few[1]), power)


# Sharpness and grain


def _fine(source: NDArray[np.float32], recovered: NDArray[np.float32]) -> dict[str, float]:
    """Edges, where both have enough of them."""
    both = edges(_middle(source), _middle(recovered))
    if both is None:
        return {}
    own, other = both
    return {
        "edge_source": own.width,
        "edge": other.width,
        "halo_source": own.halo,
        "halo": other.halo,
        "edges": own.count,
    }


def _edges_of_truth(recovered: NDArray[np.float32], truth: NDArray[np.float32]) -> dict[str, float]:
    both: tuple[Edge, Edge] | None = edges(recovered, truth)
    return {} if both is None else {"edge_truth": both[1].width, "halo_truth": both[1].halo}


def _of_detail(source: Spectrum, recovered: Spectrum) -> dict[str, float]:
    return {
        "detail": _gain(source, recovered),
        "resolution_source": resolution(source, recovered),
        "resolution": resolution(recovered, source),
    }


def _gain(before: Spectrum, after: Spectrum) -> float:
    """By how much the amplitude of fine detail grew, over the bands that grain hides in neither; by their power, so
    that one more band at the border of grain changes little."""
    mine, its = after.detail[_FINE], before.detail[_FINE]
    known = np.isfinite(mine) & np.isfinite(its)
    power = float((its[known] ** 2).sum())
    return math.sqrt(float((mine[known] ** 2).sum()) / power) if power > 0 else math.nan


def _against(recovered: Spectrum, truth: Spectrum) -> dict[str, float]:
    mine, its = (np.maximum(side.noise[3:], 1e-12) for side in (recovered, truth))
    apart = 10 * np.log10(mine / its)
    return {
        "detail_kept": _gain(truth, recovered),
        "grain_power": (recovered.grain / max(truth.grain, 1e-6)) ** 2,
        "grain_shape": float(np.sqrt(np.mean((apart - apart.mean()) ** 2))),
    }


def _blocks(plane: NDArray[np.float32]) -> int:
    """How many whole blocks lie side by side: so many independent places detail and grain are means of."""
    return (plane.shape[0] // BLOCK) * (plane.shape[1] // BLOCK)


def _middle(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = plane.shape
    top, left = max(0, (height - _MIDDLE) // 2), max(0, (width - _MIDDLE) // 2)
    return np.ascontiguousarray(plane[top : top + _MIDDLE, left : left + _MIDDLE])


# Colour


def _few(picture: Pixels) -> Pixels:
    """Pixels on a grid over the whole picture, so many that the means are those of all."""
    step = max(1, math.ceil(math.sqrt(picture.shape[0] * picture.shape[1] / _COLOURS)))
    return np.ascontiguousarray(picture[::step, ::step])


def _colour_change(source: Pixels, recovered: Pixels) -> dict[str, float]:
    turned, kept = hue_shift(recovered, source, SATURATED), saturation_ratio(recovered, source, SATURATED)
    enough = kept.share >= LEAST_SATURATED
    return {
        "change": float(difference_2000(recovered, source).mean()),
        "hue_change": turned.mean if enough else math.nan,
        "saturation_change": kept.ratio if enough else math.nan,
    }


def _to_truth(
    recovered: Pixels, truth: Pixels, plane: NDArray[np.float32], wanted: NDArray[np.float32]
) -> dict[str, float]:
    turned, kept = hue_shift(recovered, truth, SATURATED), saturation_ratio(recovered, truth, SATURATED)
    enough = kept.share >= LEAST_SATURATED
    return {
        "psnr_luma": min(psnr(plane, wanted), LARGEST_PSNR),
        "ssim_luma": ssim(plane, wanted) if min(plane.shape) >= 11 else math.nan,
        "de00": float(difference_2000(recovered, truth).mean()),
        "hue": turned.mean if enough else math.nan,
        "hue_p95": turned.p95 if enough else math.nan,
        "hue_lost": turned.grey if enough else math.nan,
        "saturation": kept.ratio if enough else math.nan,
    }


def _colours(source: Pixels, recovered: Pixels) -> dict[str, list[float]]:
    """By how much each colour of the Source changed; noise is taken off first, so that a colour stays in its bin."""
    smooth, made = (cv2.GaussianBlur(side, (0, 0), 2.0) for side in (source, recovered))
    bins = np.minimum((smooth * BINS).astype(np.intp), BINS - 1).reshape(-1, 3)
    flat = (bins[:, 0] * BINS + bins[:, 1]) * BINS + bins[:, 2]
    colours = lab(np.clip(made, 0, 1).reshape(-1, 3).astype(np.float64))
    colours -= lab(np.clip(smooth, 0, 1).reshape(-1, 3).astype(np.float64))
    counts = np.bincount(flat, minlength=BINS**3)
    sums = [np.bincount(flat, colours[:, axis], BINS**3) for axis in range(3)]
    kept = np.flatnonzero(counts >= _LEAST_SHARE * len(flat))
    return {
        str(place): [
            round(float(counts[place] / len(flat)), 4),
            *(round(float(total[place] / counts[place]), 3) for total in sums),
        ]
        for place in kept
    }
