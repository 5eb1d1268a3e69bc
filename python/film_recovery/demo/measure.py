"""What the demo reports: recovered frames, read back from disk, against the truth.

Quality is measured on encoded sRGB 0–1 inside the live area, over the held-out frames only. Identity is
measured in the graph's own domain (scene-linear), on the written half EXRs, over every rendered frame.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery.analysis.colour_difference import difference_2000
from film_recovery.analysis.difference import psnr, ssim
from film_recovery.analysis.identity import identity
from film_recovery.analysis.saturation import saturation_ratio
from film_recovery.demo.elements import Job
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.colour import ColourConfig
from film_recovery.imaging.files import read_frame
from film_recovery.imaging.frame import Box, Pixels
from film_recovery.imaging.luma import luma
from film_recovery.imaging.sequence import Sequence

ENCODED, WORKING, MASTER = "color_picking", "scene_linear", "aces_interchange"
UNSHARP_SIGMAS = (0.8, 1.2, 2.0)
UNSHARP_AMOUNTS = (0.25, 0.5, 1.0)


def spatial_figures(job: Job, config: ColourConfig) -> dict[str, float]:
    """Luma of the held-out frames: PSNR and SSIM before and after, the best unsharp mask, chroma identity."""
    rows = []
    mask = _best_unsharp(job)
    for number in job.held_out:
        source, truth = (luma(_encoded(job, name, number)) for name in ("source", "truth"))
        recovered = luma(_recovered(job, number, config, ENCODED))
        rows.append(
            (
                psnr(source, truth),
                psnr(recovered, truth),
                psnr(_unsharp(source, *mask), truth),
                ssim(source, truth),
                ssim(recovered, truth),
            )
        )
    names = ("psnr_in", "psnr_out", "psnr_unsharp", "ssim_in", "ssim_out")
    figures = dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))
    return {**figures, "chroma_identity_max": _largest_identity(job, config, "chroma")}


def colour_figures(job: Job, config: ColourConfig) -> dict[str, float]:
    """RGB of the held-out frames: PSNR and ΔE00 before and after, saturation against the truth, luma identity."""
    rows = []
    for number in job.held_out:
        source, truth = (_encoded(job, name, number) for name in ("source", "truth"))
        recovered = _recovered(job, number, config, ENCODED)
        rows.append(
            (
                psnr(source, truth),
                psnr(recovered, truth),
                float(difference_2000(source, truth).mean()),
                float(difference_2000(recovered, truth).mean()),
            )
        )
    names = ("psnr_in", "psnr_out", "de00_in", "de00_out")
    figures = dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))
    pictures = [(_recovered(job, n, config, ENCODED), _encoded(job, "truth", n)) for n in job.held_out]
    figures["sat_ratio_60"] = saturation_ratio(
        np.concatenate([a for a, _ in pictures]), np.concatenate([b for _, b in pictures]), threshold=60
    ).ratio
    return {**figures, "luma_identity_max": _largest_identity(job, config, "luma")}


def contact_sheet(job: Job, config: ColourConfig, path: Path) -> None:
    """One row a shot, to look at: Source, recovered, truth of a held-out frame."""
    rows = []
    for number in job.held_out[1::4]:
        columns = (
            _encoded(job, "source", number),
            _recovered(job, number, config, ENCODED),
            _encoded(job, "truth", number),
        )
        rows.append(np.hstack(columns))
    sheet = (np.clip(np.vstack(rows), 0, 1) * 255).round().astype(np.uint8)
    if not cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR)):
        raise FilmRecoveryError(
            "The picture of the comparison could not be written.",
            file=str(path),
            remedy="check the free space on its disk",
        )


def _encoded(job: Job, element: str, number: int) -> Pixels:
    """Live area of an element as stored: encoded, H×W×3, top row first."""
    frame = read_frame(Sequence.parse(job.pattern(element)).path(number))
    return np.ascontiguousarray(frame.rgb(Box(*job.live_area))[::-1])


def _recovered(job: Job, number: int, config: ColourConfig, space: str) -> Pixels:
    """Live area of a rendered master, converted to ``space``."""
    frame = read_frame(Sequence.parse(job.output).path(number))
    rgb = np.ascontiguousarray(frame.rgb(Box(*job.live_area))[::-1])
    return config.convert(rgb, MASTER, space)


def _largest_identity(job: Job, config: ColourConfig, locked: str) -> float:
    largest = 0.0
    for number in job.frames:
        source = config.convert(_encoded(job, "source", number), ENCODED, WORKING)
        found = identity(_recovered(job, number, config, WORKING), source)
        largest = max(largest, found.chroma_max if locked == "chroma" else found.luma_max)
    return largest


def _best_unsharp(job: Job) -> tuple[float, float]:
    """Radius and amount that serve the training pairs best: the baseline gets what the model gets."""
    scores = {}
    for sigma in UNSHARP_SIGMAS:
        for amount in UNSHARP_AMOUNTS:
            values = [
                psnr(
                    _unsharp(luma(_encoded(job, "source", n)), sigma, amount), luma(_encoded(job, "truth", n))
                )
                for n in job.pairs[::3]
            ]
            scores[sigma, amount] = float(np.mean(values))
    return max(scores, key=lambda setting: scores[setting])


def _unsharp(plane: NDArray[np.float32], sigma: float, amount: float) -> NDArray[np.float32]:
    return plane + np.float32(amount) * (plane - cv2.GaussianBlur(plane, (0, 0), sigma))
