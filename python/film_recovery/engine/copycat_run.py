"""The run folder of Nuke's own CopyCat, its data directory, read so that it can be shown as one of ours.

What is read, and where it is known from:

* checkpoints ``NAME.STEP.cat`` (``.catnc`` of NukeX Non-Commercial): names as Nuke shows them;
* contact sheets, PNG: rows of three square crops, Input, Ground Truth, Output, as on sheets that were published. Next
  to the borders of a row's crops a few pixels bleed, so BLEED of them on every side count nowhere. What their names
  say of the step is *unconfirmed*, so none is read from them: they are in the order of their names;
* ``.summary`` and ``.ost``, which hold the loss and what a resume needs: their form is *unconfirmed*, so they are
  listed and not opened.

No ``.cat`` runs here, and the loss of a CopyCat is not known from its folder. Everything else there is listed too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from film_recovery.analysis.colour_difference import difference_2000
from film_recovery.analysis.difference import psnr
from film_recovery.analysis.saturation import saturation_ratio
from film_recovery.engine.run_folder import DIFFERENCE_GAIN, write_picture
from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.files import read_frame, read_header
from film_recovery.imaging.frame import RGB, Pixels

COLUMNS = 3
BLEED = 4  # pixels
SMALLEST_CROP = 32  # pixels, of CopyCat's Crop Size
_CHECKPOINT = re.compile(r"(?P<run>.+)\.(?P<step>\d+)\.(?P<kind>cat|catnc)")
_UNOPENED = (".summary", ".ost")


@dataclass(frozen=True)
class CopyCatCheckpoint:
    """``run``: the training's name. ``non_commercial``: written by NukeX Non-Commercial, which alone opens it."""

    path: Path
    run: str
    step: int
    non_commercial: bool


@dataclass(frozen=True)
class CopyCatRun:
    """What lies in a data directory: checkpoints by run and step, contact sheets by name, files that are not opened
    (``.summary``, ``.ost``), and the ``others``."""

    folder: Path
    checkpoints: tuple[CopyCatCheckpoint, ...]
    sheets: tuple[Path, ...]
    unopened: tuple[Path, ...]
    others: tuple[Path, ...]


@dataclass(frozen=True, eq=False)
class Crop:
    """A row of a contact sheet without its borders: H×W×3, top row first, as displayed (encoded 0–1)."""

    given: Pixels
    truth: Pixels
    output: Pixels


def read_run(folder: Path) -> CopyCatRun:
    """What CopyCat left in ``folder``. Raises FilmRecoveryError where there is neither a checkpoint nor a sheet."""
    if not folder.is_dir():
        raise FilmRecoveryError(
            "There is no such folder.", file=str(folder), remedy="name CopyCat's data directory"
        )
    checkpoints, sheets, unopened, others = [], [], [], []
    for path in sorted((path for path in folder.iterdir() if path.is_file()), key=_in_order):
        found = _CHECKPOINT.fullmatch(path.name)
        if found is not None:
            kind = found["kind"] == "catnc"
            checkpoints.append(CopyCatCheckpoint(path, found["run"], int(found["step"]), kind))
        elif path.suffix in _UNOPENED:
            unopened.append(path)
        elif path.suffix == ".png" and _crop_side(path):
            sheets.append(path)
        else:
            others.append(path)
    if not checkpoints and not sheets:
        raise FilmRecoveryError(
            "CopyCat left neither a checkpoint (.cat) nor a contact sheet (.png) here.",
            file=str(folder),
            remedy="name the data directory of the CopyCat node",
        )
    in_order = sorted(checkpoints, key=lambda checkpoint: (checkpoint.run, checkpoint.step))
    return CopyCatRun(folder, tuple(in_order), tuple(sheets), tuple(unopened), tuple(others))


def crops(sheet: Path) -> list[Crop]:
    """The rows of a contact sheet, from the top. Raises FilmRecoveryError for a picture that is none."""
    side = _crop_side(sheet)
    if not side:
        raise FilmRecoveryError(
            "The picture is no contact sheet of CopyCat: rows of three square crops of the same size.",
            file=str(sheet),
            remedy="name a PNG that CopyCat wrote into its data directory",
        )
    picture = read_frame(sheet).select(RGB)[::-1]
    inside = slice(BLEED, side - BLEED)
    rows = (picture[top : top + side] for top in range(0, picture.shape[0], side))
    return [
        Crop(
            *(
                np.ascontiguousarray(row[inside, left : left + side][:, inside])
                for left in range(0, picture.shape[1], side)
            )
        )
        for row in rows
    ]


def figures(found: Sequence[Crop]) -> dict[str, float]:
    """How near Output is to Ground Truth over all pixels of ``found``, as displayed: ``psnr`` of all of RGB (dB; of the
    Input too), ``de00`` (mean CIEDE2000), ``sat_ratio_60`` and ``_100``. What is not finite is left out.

    These are crops that CopyCat learns from, not held-out pairs.
    """
    given, truth, output = (
        np.concatenate([getattr(crop, name).reshape(-1, 3) for crop in found])
        for name in ("given", "truth", "output")
    )
    values = {
        "psnr_input": psnr(given, truth),
        "psnr": psnr(output, truth),
        "de00": float(difference_2000(output, truth).mean()),
        "sat_ratio_60": saturation_ratio(output, truth, threshold=60).ratio,
        "sat_ratio_100": saturation_ratio(output, truth, threshold=100).ratio,
    }
    return {name: float(value) for name, value in values.items() if np.isfinite(value)}


def write_sheet(found: Sequence[Crop], path: Path) -> None:
    """Writes the crops as a contact sheet of ours, with the column Difference."""
    rows = []
    for crop in found:
        left = np.clip(DIFFERENCE_GAIN * np.abs(crop.output - crop.truth), 0, 1).astype(np.float32)
        rows.append(np.hstack([crop.given, crop.truth, crop.output, left]))
    write_picture(np.vstack(rows), path)


def _crop_side(path: Path) -> int:
    """Side of the crops if ``path`` can be a contact sheet, else 0."""
    try:
        size = read_header(path).format
    except FilmRecoveryError:
        return 0
    side, rest = divmod(size.width, COLUMNS)
    fits = not rest and side >= SMALLEST_CROP and size.height % side == 0
    return side if fits else 0


def _in_order(path: Path) -> list[tuple[int, str]]:
    """So that 2 comes before 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]
