"""Contact sheets that Nuke's CopyCat wrote, as pairs: our network beside CopyCat's own output, on the same crops.

    python benchmarks/learning/contact_sheets.py FOLDER --out results [--minutes 10] [--preset small] [--pattern …]

A sheet is a picture of rows of three square crops: Input, Ground Truth, CopyCat's output at that step. The Ground
Truth of colour recovery has the luma of the Input, so Input and Ground Truth are a pair, and CopyCat's crop is what
its training had made of that pair by then. Everything is *in sample*: CopyCat was trained on the frames that these
crops are of, our network is trained on these crops. ``--hold-out N`` leaves every N-th sheet out of the training and
measures both there too; crops of one film overlap, so even that is not another film. Values are the files' own,
encoded 0–1, without a curve. Appends to ``contact_sheets.jsonl``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from measuring import Model, append, figures, rows_of, table
from timed import runner, train_ours

from film_recovery.errors import FilmRecoveryError
from film_recovery.imaging.frame import Pixels
from film_recovery.learning.pairs import Pair, without_border
from film_recovery.learning.polynomial import fit_colour_polynomial
from film_recovery.learning.settings import Settings

BORDER = 4  # pixels on each side of a crop, into which its neighbours bleed
LOOKS = 5
STEPS_A_MINUTE = {"small": 900, "medium": 550, "large": 300}
COLUMNS = {
    "cpu_minutes": ".1f",
    "psnr": ".2f",
    "ssim": ".4f",
    "de00": ".2f",
    "sat60": ".3f",
    "sat100": ".3f",
    "locked_mean": ".5f",
    "locked_max": ".5f",
}


@dataclass(frozen=True)
class Crop:
    """One row of a sheet: a pair, and what CopyCat made of it."""

    pair: Pair
    copycat: Pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of contact sheets (PNG)")
    parser.add_argument("--out", type=Path, required=True, help="folder for contact_sheets.jsonl")
    parser.add_argument("--pattern", default="*.png", help="which sheets of the folder")
    parser.add_argument("--preset", default="small", choices=list(STEPS_A_MINUTE))
    parser.add_argument("--minutes", type=float, default=10, help="0 for the closed form alone")
    parser.add_argument("--steps", type=int, help="instead of minutes")
    parser.add_argument("--loss", default="l1=1", help="terms and weights, as l1=1,chroma_magnitude=1")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--patch", type=int, default=96)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hold-out", type=int, default=0, help="every so many sheets measure only")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    sheets = sorted(asked.folder.glob(asked.pattern))
    if not sheets:
        raise FilmRecoveryError(f"No sheet is called {asked.pattern}.", file=str(asked.folder))
    held = {sheet for place, sheet in enumerate(sheets) if asked.hold_out and place % asked.hold_out == 1}
    sets = {
        "learnt": [crop for sheet in sheets if sheet not in held for crop in crops(sheet)],
        "held out": [crop for sheet in sheets if sheet in held for crop in crops(sheet)],
    }
    steps = asked.steps or round(asked.minutes * STEPS_A_MINUTE[asked.preset])
    settings = Settings(
        max(1, steps),
        asked.preset,
        asked.patch,
        asked.batch,
        asked.seed,
        learning_rate=asked.learning_rate,
        loss={name: float(weight) for name, weight in (term.split("=") for term in asked.loss.split(","))},
    )
    Comparison(sets, asked.out / "contact_sheets.jsonl", settings).run(train=steps > 0)


def crops(sheet: Path) -> Iterator[Crop]:
    """The rows of a sheet, without the border of each crop. Encoded 0–1, top row first."""
    stored = cv2.imread(str(sheet), cv2.IMREAD_COLOR)
    if stored is None:
        raise FilmRecoveryError("A contact sheet cannot be read.", file=str(sheet))
    values = (cv2.cvtColor(stored, cv2.COLOR_BGR2RGB) / np.float32(255)).astype(np.float32)
    side = values.shape[1] // 3
    for top in range(0, values.shape[0] - side + 1, side):
        given, truth, output = (values[top : top + side, side * k : side * (k + 1)] for k in range(3))
        label = f"{sheet.stem}, row {top // side + 1}"
        pair = without_border(Pair(given, truth, label), BORDER)
        yield Crop(pair, without_border(Pair(output, truth, label), BORDER).input)


@dataclass(frozen=True)
class Comparison:
    """What is compared on which crops, and where the figures go."""

    sets: dict[str, list[Crop]]
    file: Path
    settings: Settings

    def run(self, *, train: bool) -> None:
        pairs = [crop.pair for crop in self.sets["learnt"]]
        self.note("input", lambda picture: picture)
        self.note("CopyCat", None)
        base = fit_colour_polynomial(pairs, curve="none")
        self.note("closed form", runner(base, base.radius))
        if train:
            name = (
                f"ours, {self.settings.preset}, patch {self.settings.patch}, {' + '.join(self.settings.loss)}"
            )
            every = max(1, self.settings.steps // LOOKS)
            train_ours(
                base,
                pairs,
                self.settings,
                every,
                lambda step, spent, model: self.note(name, model, step, spent),
            )
        print(table(rows_of(self.file), ("set", "method", "planned", "steps"), COLUMNS))

    def note(self, method: str, model: Model | None, step: int = 0, spent: float = 0) -> None:
        """Figures of a model (None: of what CopyCat made) on each set."""
        for name, members in self.sets.items():
            if not members:
                continue
            found = figures(
                [crop.pair for crop in members], model or _known(members), "colour", "none", _limited
            )
            given = {
                "set": name,
                "crops": len(members),
                "method": method,
                "planned": self.settings.steps if step else 0,
                "seed": self.settings.seed,
            }
            append(self.file, {**given, "steps": step, "cpu_minutes": round(spent, 2), **found})


def _known(members: Sequence[Crop]) -> Model:
    """CopyCat's output as a function of the Input that it was made of."""
    known = {id(crop.pair.input): crop.copycat for crop in members}
    return lambda picture: known[id(picture)]


def _limited(picture: Pixels) -> Pixels:
    return np.clip(picture, 0, 1)


if __name__ == "__main__":
    main()
