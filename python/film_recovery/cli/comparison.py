"""Two images or sequences, measured against each other: what ``film-recovery compare`` reports.

Values are taken as encoded sRGB, 0–1, unless a colour space is named; then they are converted to the role
``color_picking`` first. Figures are means over frames, except the largest differences. Frames without a figure
are left out of its mean: PSNR where both sides are equal, saturation where nothing is saturated.
"""

from __future__ import annotations

import math
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
    measure only there. ``frames_left_out`` counts those that only one side has. Raises FilmRecoveryError for
    missing frames, different formats, and a box that is not inside the images.
    """
    sides = FileSequence.parse(a), FileSequence.parse(b)
    numbers, left_out = (list(frames), 0) if frames is not None else _common_frames(*sides)
    config = ColourConfig.load() if any(spaces) else None
    rows = []
    for done, number in enumerate(numbers, 1):
        pair = _read(sides, number)
        rows.append(_figures(*_measured(sides, number, pair, spaces, config, box)))
        tell("compare", done, len(numbers))
    figures: dict[str, Any] = {"frames": len(numbers), "frames_left_out": left_out}
    for name in rows[0]:
        values = [row[name] for row in rows]
        figures[name] = max(values) if name.endswith("_max") else _mean(values)
    figures["luma_identical"] = figures["luma_difference_max"] == 0
    figures["chroma_identical"] = figures["chroma_difference_max"] == 0
    return figures


def _mean(values: list[float]) -> float:
    """Of the finite ones; without any, the first: infinite or NaN, as all are."""
    finite = [value for value in values if math.isfinite(value)]
    return statistics.fmean(finite) if finite else values[0]


def _common_frames(a: FileSequence, b: FileSequence) -> tuple[list[int], int]:
    """The frames that both have, and how many only one has. A still goes with every frame of the other side."""
    if a.is_still and b.is_still:
        return [0], 0
    if a.is_still or b.is_still:
        present = [set((b if a.is_still else a).frames())]
    else:
        present = [set(a.frames()), set(b.frames())]
    common = sorted(set.intersection(*present))
    if not common:
        raise FilmRecoveryError(
            f"{a.pattern} and {b.pattern} have no frame in common.", remedy="name the frames with --frames"
        )
    return common, len(set.union(*present)) - len(common)


def _read(sides: tuple[FileSequence, FileSequence], number: int) -> tuple[Frame, Frame]:
    paths: list[Path] = [side.path(number) for side in sides]
    first, second = (
        read_frame(path, frame=None if side.is_still else number)
        for path, side in zip(paths, sides, strict=True)
    )
    if not first.format.same_shape(second.format):
        raise FilmRecoveryError(
            f"The formats differ: {paths[0].name} is {first.format}, {paths[1].name} is {second.format}.",
            frame=number,
            remedy="compare images of one size and pixel aspect; Reformat one of them",
        )
    return first, second


def _measured(
    sides: tuple[FileSequence, FileSequence],
    number: int,
    pair: tuple[Frame, Frame],
    spaces: tuple[str, str],
    config: ColourConfig | None,
    box: Box | None,
) -> tuple[Pixels, Pixels]:
    """Both sides as encoded RGB of the measured area; errors name the file that they are about."""
    a, b = (
        _picture(frame, side.path(number), None if side.is_still else number, space, config, box)
        for frame, side, space in zip(pair, sides, spaces, strict=True)
    )
    return a, b


def _picture(
    frame: Frame, path: Path, number: int | None, space: str, config: ColourConfig | None, box: Box | None
) -> Pixels:
    area = box or frame.format.box
    if area.intersect(frame.format.box) != area:
        raise FilmRecoveryError(
            f"The box {area} is not inside the image, which is {frame.format}.",
            file=str(path),
            frame=number,
            remedy="--box left,bottom,right,top, counted from the bottom left corner",
        )
    try:
        rgb = frame.rgb(area)
    except FilmRecoveryError as error:
        error.where.update({"file": str(path)} if number is None else {"file": str(path), "frame": number})
        raise
    bad = int(np.count_nonzero(~np.isfinite(rgb)))
    if bad:
        raise FilmRecoveryError(
            f"{bad} values are not finite (NaN or infinite).",
            file=str(path),
            frame=number,
            remedy="repair the image, or leave the place out with --box",
        )
    return _encoded(rgb, space, config)


def _figures(a: Pixels, b: Pixels) -> dict[str, float]:
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
