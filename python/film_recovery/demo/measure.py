"""What the demo reports: recovered frames, read back from disk, against the truth.

Quality is measured on encoded sRGB 0–1 inside the live area, over the held-out frames only. Identity is
measured in the graph's own domain (scene-linear), on the written half EXRs, over every rendered frame.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from film_recovery.analysis.baselines import fit_unsharp_mask
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

OF_THE_SOURCE = ("psnr_in", "psnr_unsharp", "ssim_in", "de00_in")  # the same whatever was recovered

Recovered = Callable[[int], Pixels]


def figures(job: Job, recovered: Recovered) -> dict[str, float]:
    """The figures of the recipe, means over the held-out frames."""
    return (_spatial if job.recipe == "spatial" else _colour)(job, recovered)


def from_masters(job: Job, masters: str, config: ColourConfig, space: str = ENCODED) -> Recovered:
    """The live area of a rendered master, converted to ``space``."""

    def recovered(number: int) -> Pixels:
        frame = read_frame(Sequence.parse(masters).path(number))
        rgb = np.ascontiguousarray(frame.rgb(Box(*job.live_area))[::-1])
        return config.convert(rgb, MASTER, space)

    return recovered


def identity_of(job: Job, masters: str, config: ColourConfig) -> dict[str, float]:
    """The largest difference of the locked channels, over every rendered frame, in the graph's domain."""
    recovered = from_masters(job, masters, config, WORKING)
    locked = "chroma" if job.recipe == "spatial" else "luma"
    largest = 0.0
    for number in job.frames:
        source = config.convert(_encoded(job, "source", number), ENCODED, WORKING)
        found = identity(recovered(number), source)
        largest = max(largest, found.chroma_max if locked == "chroma" else found.luma_max)
    return {f"{locked}_identity_max": largest}


def _spatial(job: Job, recovered: Recovered) -> dict[str, float]:
    """Luma: PSNR and SSIM before and after, and the best unsharp mask."""
    rows = []
    # The baseline gets what the model gets: the training pairs.
    mask = fit_unsharp_mask((_encoded(job, "source", n), _encoded(job, "truth", n)) for n in job.pairs[::3])
    for number in job.held_out:
        picture = _encoded(job, "source", number)
        source, truth = luma(picture), luma(_encoded(job, "truth", number))
        result = luma(recovered(number))
        rows.append(
            (
                psnr(source, truth),
                psnr(result, truth),
                psnr(luma(mask.apply(picture)), truth),
                ssim(source, truth),
                ssim(result, truth),
            )
        )
    names = ("psnr_in", "psnr_out", "psnr_unsharp", "ssim_in", "ssim_out")
    return dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))


def _colour(job: Job, recovered: Recovered) -> dict[str, float]:
    """RGB: PSNR and ΔE00 before and after, saturation against the truth."""
    rows, pictures = [], []
    for number in job.held_out:
        source, truth = (_encoded(job, name, number) for name in ("source", "truth"))
        result = recovered(number)
        pictures.append((result, truth))
        rows.append(
            (
                psnr(source, truth),
                psnr(result, truth),
                float(difference_2000(source, truth).mean()),
                float(difference_2000(result, truth).mean()),
            )
        )
    names = ("psnr_in", "psnr_out", "de00_in", "de00_out")
    found = dict(zip(names, np.mean(rows, axis=0).tolist(), strict=True))
    results, truths = (np.concatenate(side) for side in zip(*pictures, strict=True))
    return {**found, "sat_ratio_60": saturation_ratio(results, truths, threshold=60).ratio}


def contact_sheet(job: Job, recovered: Recovered, path: Path) -> None:
    """One row a shot, to look at: Source, recovered, truth of a held-out frame."""
    rows = []
    for number in job.held_out[1::4]:
        columns = (_encoded(job, "source", number), recovered(number), _encoded(job, "truth", number))
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
