"""A model trained on pairs that were chosen by what they show, against one on as many evenly spaced ones.

    nice -n 5 python benchmarks/learning/chosen_pairs.py --out results [--pairs 12] [--seeds 0 1 2]

The film is the demo's (its clip where that is installed, else its photographs under a moving camera), the damage the
strong fade of these benchmarks, or the demo's blur and grain. Evenly spaced pairs run from the first frame to the last,
as an operator with no other tool sets them; chosen ones are those of ``film-recovery curate``, from the Reference's
pictures alone. Both models are judged on the same held-out frames: every eighth, less those within one frame of a
pair of either. ``worst_psnr`` is that of the worst held-out frame. A run is about a minute of one core (``timed``).
Appends to ``chosen_pairs.jsonl``, leaves out what that file already has, and ends with the Markdown table.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from few_shot import CURVE, STEPS_A_MINUTE, fitted
from measuring import Model, append, figures, rows_of, table
from photographs import make_pair, shown
from timed import train_ours

from film_recovery.analysis.difference import psnr
from film_recovery.curation.choosing import choose
from film_recovery.curation.coverage import describe, vectors
from film_recovery.demo import footage
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma
from film_recovery.learning.curve import Curve
from film_recovery.learning.pairs import Pair
from film_recovery.learning.settings import for_recipe

COLUMNS = {
    "steps": ".0f",
    "cpu_minutes": ".1f",
    "psnr": ".2f",
    "worst_psnr": ".2f",
    "ssim": ".4f",
    "de00": ".3f",
    "sat60": ".3f",
    "learnt_psnr": ".2f",
}
METHODS = ("uniform", "chosen")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for chosen_pairs.jsonl")
    parser.add_argument("--film", default="auto", choices=["auto", "clip", "photographs"])
    parser.add_argument("--recipe", default="colour", choices=["colour", "spatial"])
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, default=1.0)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    file = asked.out / "chosen_pairs.jsonl"
    film = footage.load(asked.film)
    sets = {"uniform": uniform(len(film.pictures), asked.pairs), "chosen": chosen(film, asked.pairs)}
    used = {frame for one in sets.values() for frame in one}
    held = [n for n in range(2, len(film.pictures), 8) if min(abs(n - one) for one in used) > 1]
    print({**sets, "held out": held}, flush=True)

    def pairs_of(frames: list[int]) -> list[Pair]:
        return [make_pair(film.pictures[frame], asked.recipe, frame) for frame in frames]

    held_out = pairs_of(held)
    given = {"film": film.name, "recipe": asked.recipe, "pairs": asked.pairs}
    for seed in asked.seeds:
        for method in METHODS:
            row = {**given, "method": method, "seed": seed, "minutes": asked.minutes}
            if any(row.items() <= one.items() for one in rows_of(file)):
                continue
            learnt = pairs_of(sets[method])
            steps = round(asked.minutes * STEPS_A_MINUTE[asked.recipe])

            def note(step: int, spent: float, model: Model, row: dict = row, learnt: list = learnt) -> None:
                results = {id(pair.input): model(pair.input) for pair in held_out}
                found = figures(held_out, lambda picture: results[id(picture)], asked.recipe, CURVE, shown)
                worst = min(_psnr(results[id(pair.input)], pair, asked.recipe) for pair in held_out)
                trained = np.mean([_psnr(model(pair.input), pair, asked.recipe) for pair in learnt])
                more = {"steps": step, "cpu_minutes": round(spent, 2), "worst_psnr": round(worst, 5)}
                append(file, {**row, **more, **found, "learnt_psnr": round(float(trained), 5)})

            settings = for_recipe(asked.recipe, steps, seed=seed)
            train_ours(fitted(learnt, asked.recipe), learnt, settings, steps, note)
    print(table(rows_of(file), ("film", "recipe", "pairs", "method"), COLUMNS))


def _psnr(result: Pixels, pair: Pair, recipe: str) -> float:
    """As in ``figures``: dB on encoded values, of luma for the spatial recipe."""
    sides = [luma(one) if recipe == "spatial" else one for one in (result, pair.truth)]
    return psnr(*(Curve(CURVE).encode_array(one) for one in sides))


def uniform(frames: int, count: int) -> list[int]:
    """``count`` evenly spaced frames, the first and the last among them."""
    return [round(float(place)) for place in np.linspace(0, frames - 1, count)]


def chosen(film: footage.Footage, count: int) -> list[int]:
    """``count`` frames by coverage, as ``film-recovery curate`` chooses them."""
    found = []
    for first, last in film.shots:
        for frame in range(first, last + 1):
            beside = frame + 1 if frame < last else frame - 1
            found.append(describe(frame, film.pictures[frame], film.pictures[beside]))
    known = vectors(found)
    return [pair.source for pair in choose(known, film.shots, {n: n for n in known}, count).pairs]


if __name__ == "__main__":
    main()
