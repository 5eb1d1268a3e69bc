"""Two images or sequences, measured against each other: what ``film-recovery compare`` reports.

Values are taken as encoded sRGB, 0–1, unless a colour space is named; then they are converted to the role
``color_picking`` first. Figures are means over frames, except the largest differences.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from film_recovery.analysis.colour_difference import difference_2000
from film_recovery.analysis.difference import psnr, ssim
from film_recovery.analysis.identity import identity
from film_recovery.analysis.saturation import saturation_ratio
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.colour import ColourConfig
from film_recovery.imaging.files import read_frame
from film_recovery.imaging.frame import Box, Frame, Pixels
from film_recovery.imaging.luma import luma
from film_recovery.imaging.sequence import Sequence as FileSequence

MEASURED_IN = "color_picking"

Progress = Callable[[str, int, int], None]


def compare_sequences(
    a: str, b: str, frames: Sequence[int] | None, spaces: tuple[str, str], box: Box | None, tell: Progress
) -> dict[str, Any]:
    """Figures of ``a`` (the result) against ``b`` (the truth).

    ``frames``: None means all frames that both have. ``spaces``: colour space of each side, or empty. ``box``:
    measure only there. Raises FilmRecoveryError for missing frames and for different formats.
    """
    sides = FileSequence.parse(a), FileSequence.parse(b)
    numbers = list(frames) if frames is not None else _common_frames(*sides)
    config = ColourConfig.load() if any(spaces) else None
    rows = []
    for done, number in enumerate(numbers, 1):
        rows.append(_one(_read(sides, number), spaces, config, box))
        tell("compare", done, len(numbers))
    figures: dict[str, Any] = {"frames": len(numbers)}
    for name in rows[0]:
        values = [value for value in (row[name] for row in rows) if value is not None]
        join = max if name.endswith("_max") else statistics.fmean
        figures[name] = join(values) if values else None
    figures["luma_identical"] = figures["luma_difference_max"] == 0
    figures["chroma_identical"] = figures["chroma_difference_max"] == 0
    return figures


def _common_frames(a: FileSequence, b: FileSequence) -> list[int]:
    if a.is_still and b.is_still:
        return [0]
    common = sorted(set(a.frames()) & set(b.frames()))
    if not common:
        raise FilmRecoveryError(
            f"{a.pattern} and {b.pattern} have no frame in common.", remedy="name the frames with --frames"
        )
    return common


def _read(sides: tuple[FileSequence, FileSequence], number: int) -> tuple[Frame, Frame]:
    paths: list[Path] = [side.path(number) for side in sides]
    first, second = (read_frame(path, frame=number) for path in paths)
    if not first.format.same_shape(second.format):
        raise FilmRecoveryError(
            f"The formats differ: {paths[0].name} is {first.format}, {paths[1].name} is {second.format}.",
            frame=number,
            remedy="compare images of one size and pixel aspect; Reformat one of them",
        )
    return first, second


def _one(
    pair: tuple[Frame, Frame], spaces: tuple[str, str], config: ColourConfig | None, box: Box | None
) -> dict[str, float | None]:
    area = box or pair[0].format.box
    a, b = (_encoded(frame.rgb(area), space, config) for frame, space in zip(pair, spaces, strict=True))
    difference = difference_2000(a, b)
    found = identity(a, b)
    return {
        "psnr": float(psnr(a, b)),
        "psnr_luma": float(psnr(luma(a), luma(b))),
        "ssim_luma": float(ssim(luma(a), luma(b))),
        "de00_mean": float(np.mean(difference)),
        "de00_p95": float(np.percentile(difference, 95)),
        "sat_ratio_60": saturation_ratio(a, b, threshold=60).ratio,
        "luma_difference_max": found.luma_max,
        "chroma_difference_max": found.chroma_max,
    }


def _encoded(rgb: Pixels, space: str, config: ColourConfig | None) -> Pixels:
    return config.convert(rgb, space, MEASURED_IN) if space and config else rgb
