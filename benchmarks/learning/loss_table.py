"""Does each term of the loss earn its place? Every variant against plain L1 with the same seed.

    python benchmarks/learning/loss_table.py PHOTOGRAPHS --out results [--steps 1500] [--seeds 0 1 2]

PHOTOGRAPHS holds 01.png … 24.png, the Kodak lossless true colour suite (for measuring only; nothing of it is passed
on). The split below was written down before the first run: ten photographs teach, eight ordinary ones and a stress
set of six with large areas of saturated paint, dye or plumage measure. No picture is on both sides.

The Reference of the learnt pairs is what films have: chroma at half resolution in 8 bit, up to 1.5 pixels beside the
Source, every pair otherwise; the measured ones have an exact Reference. That is where recoveries lose their strong
colours, if the loss is to blame: a term that only helps with perfect pairs helps nobody.

A term *earns its default* when, against L1 with the same seed, it is better on the stress set for every seed in ΔE00
or in |1 - saturation ratio ≥ 100|, and in the mean not worse in the other of the two, nor in ΔE00 of the ordinary set
(spatial: PSNR on both sets for every seed, and SSIM not worse). Appends to ``loss_table.jsonl``, leaves out what that
file has, ends with the tables.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from few_shot import CURVE, fitted
from measuring import Model, Row, append, figures, rows_of, table
from photographs import SHOT_FRAMES, exact, make_pair, read, shown, worn
from timed import runner, train_ours

from film_recovery.learning.pairs import Pair
from film_recovery.learning.settings import Settings

LEARNT = ("01", "04", "07", "08", "09", "11", "13", "18", "20", "22")
MEASURED = {
    "ordinary": ("06", "10", "12", "16", "17", "19", "21", "24"),
    "stress": ("02", "03", "05", "14", "15", "23"),
}
FURTHEST = 1.5  # pixels that a learnt Reference may lie beside its Source
VARIANTS: dict[str, dict[str, float]] = {
    "L1": {"l1": 1.0},
    "Charbonnier": {"charbonnier": 1.0},
    "L1 + magnitude": {"l1": 1.0, "chroma_magnitude": 1.0},
    "L1 + angle": {"l1": 1.0, "chroma_angle": 0.3},
    "L1 + magnitude + angle": {"l1": 1.0, "chroma_magnitude": 1.0, "chroma_angle": 0.3},
    "L1 + SSIM": {"l1": 1.0, "ssim": 0.1},
    "L1 + MS-SSIM": {"l1": 1.0, "ms_ssim": 0.1},
    "L1 + Lab a, b": {"l1": 1.0, "lab_ab": 1.0},
}
SPATIAL = ("L1", "Charbonnier", "L1 + SSIM", "L1 + MS-SSIM")
COLUMNS = {
    "colour": {"psnr": ".2f", "ssim": ".4f", "de00": ".3f", "sat60": ".4f", "sat100": ".4f"},
    "spatial": {"psnr": ".3f", "ssim": ".4f"},
}
CLOSED, INPUT = "closed form", "input"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", type=Path, help="folder with 01.png … 24.png")
    parser.add_argument("--out", type=Path, required=True, help="folder for loss_table.jsonl")
    parser.add_argument("--recipe", default="colour", choices=list(COLUMNS))
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), help="all by default")
    parser.add_argument("--furthest", type=float, default=FURTHEST, help="0 for exact References everywhere")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    names = asked.variants or (SPATIAL if asked.recipe == "spatial" else list(VARIANTS))
    table_ = LossTable(
        asked.photographs, asked.recipe, asked.furthest, asked.steps, asked.out / "loss_table.jsonl"
    )
    table_.simple()
    for seed in asked.seeds:
        for name in names:
            table_.variant(name, seed)
    print(summary(rows_of(asked.out / "loss_table.jsonl"), asked.recipe))


class LossTable:
    """The pairs of one recipe, and where the figures of its variants go."""

    def __init__(self, folder: Path, recipe: str, furthest: float, steps: int, file: Path) -> None:
        self.recipe, self.furthest, self.steps, self.file = recipe, furthest, steps, file
        self.learnt = _pairs(folder, LEARNT, recipe, furthest)
        self.measured = {name: _pairs(folder, stems, recipe, 0) for name, stems in MEASURED.items()}

    def simple(self) -> None:
        base = fitted(self.learnt, self.recipe)
        for name, model in ((INPUT, lambda picture: picture), (CLOSED, runner(base, base.radius))):
            if not self._has(name, 0, 0):
                self._note(name, 0, 0, 0.0, model)

    def variant(self, name: str, seed: int) -> None:
        if self._has(name, seed, self.steps):
            return
        settings = Settings(self.steps, seed=seed, loss=VARIANTS[name])
        train_ours(
            fitted(self.learnt, self.recipe),
            self.learnt,
            settings,
            self.steps,
            lambda step, spent, model: self._note(name, seed, step, spent, model),
        )

    def _note(self, name: str, seed: int, step: int, spent: float, model: Model) -> None:
        for where, pairs in self.measured.items():
            found = figures(pairs, model, self.recipe, CURVE, shown)
            append(self.file, {**self._key(name, seed, step), "set": where, "cpu_minutes": spent, **found})

    def _has(self, name: str, seed: int, steps: int) -> bool:
        wanted = self._key(name, seed, steps)
        return any(wanted.items() <= row.items() for row in rows_of(self.file))

    def _key(self, name: str, seed: int, steps: int) -> Row:
        return {
            "recipe": self.recipe,
            "furthest": self.furthest,
            "loss": name,
            "seed": seed,
            "steps": steps,
        }


def _pairs(folder: Path, stems: Sequence[str], recipe: str, furthest: float) -> list[Pair]:
    """A pair of each photograph; with ``furthest``, its Reference as learnt pairs have it (spatial: only beside)."""
    pairs = []
    for stem, picture in zip(stems, read(folder, [f"{stem}.png" for stem in stems]), strict=True):
        number = int(stem)
        reference = worn(recipe, furthest, number) if furthest else exact
        pairs.append(make_pair(picture, recipe, SHOT_FRAMES * number, reference))
    return pairs


def summary(rows: Sequence[Row], recipe: str) -> str:
    """Figures of both sets, then every variant against L1 of the same seed."""
    chosen = [row for row in rows if row["recipe"] == recipe]
    by = ("set", "furthest", "steps", "loss")
    lines = [
        table(sorted(chosen, key=lambda row: row["set"]), by, COLUMNS[recipe]),
        "",
        "Against L1, by seed:",
        "",
    ]
    against = ("loss", "set", "furthest", "steps", "seed")
    known = {tuple(row[name] for name in against): row for row in chosen}
    apart = []
    for row in chosen:
        partner = known.get(("L1", row["set"], row["furthest"], row["steps"], row["seed"]))
        if partner is None or row is partner or row["loss"] in (INPUT, CLOSED):
            continue
        apart.append({**{name: row[name] for name in against}, **_apart(row, partner, recipe)})
    names = list(_apart_names(recipe))
    lines += ["| set | loss | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
    for where in MEASURED:
        for loss in VARIANTS:
            members = [row for row in apart if row["set"] == where and row["loss"] == loss]
            if members:
                cells = [_seeds([row[name] for row in members]) for name in names]
                lines.append("| " + " | ".join([where, loss, *cells]) + " |")
    return "\n".join(lines)


def _apart_names(recipe: str) -> tuple[str, ...]:
    return (
        ("Δ psnr", "Δ ssim")
        if recipe == "spatial"
        else ("Δ psnr", "Δ de00", "Δ |1 - sat60|", "Δ |1 - sat100|")
    )


def _apart(row: Row, partner: Row, recipe: str) -> Row:
    found = {"Δ psnr": row["psnr"] - partner["psnr"], "Δ ssim": row["ssim"] - partner["ssim"]}
    if recipe == "colour":
        found["Δ de00"] = row["de00"] - partner["de00"]
        for name in ("sat60", "sat100"):
            found[f"Δ |1 - {name}|"] = abs(1 - row[name]) - abs(1 - partner[name])
    return found


def _seeds(values: Sequence[float]) -> str:
    """The mean, and each seed's."""
    return f"{np.mean(values):+.4f} (" + ", ".join(f"{value:+.3f}" for value in values) + ")"


if __name__ == "__main__":
    main()
