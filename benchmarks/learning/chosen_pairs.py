"""A model trained on pairs that were chosen by what they show, against models on as many evenly spaced ones.

    nice -n 5 python benchmarks/learning/chosen_pairs.py --out results [--pairs 12] [--seeds 0 1 2] [--film reel:14]

The film is the demo's (its clip where that is installed, else its photographs under a moving camera), or ``reel:SEED``:
four to seven shots of those photographs, of 15 to 59 frames, filmed as the seed says. The damage is the strong fade of
these benchmarks, or the demo's blur and grain. Chosen pairs are those of ``film-recovery curate``, from the Reference's
pictures alone. Even ones are as far from each other all over the film; where they begin is chance, and decides as much
as the choice does: ``ends`` run from the first frame to the last, as an operator with no other tool sets them,
``even 0.17`` begin a sixth of a spacing after the first frame, and so on. ``drawn`` are the chosen pairs again, as
``film-recovery run`` trains on them: each is drawn, and counted by the closed form, as often as frames stand near it.
The others are drawn equally often.

Every model is looked at on every fifth frame (``--every``). A method's own figures are of those at least two frames
from its pairs; what the choice gains over it is measured against the model of the same seed on the chosen pairs, as
``run`` trains on them (``drawn``), on the frames two from the pairs of both. ``worst`` is the PSNR of the worst such
frame. The gain over the mean of the even sets is told for each seed. A run is about a minute of one core
(``timed``). Appends to ``chosen_pairs.jsonl``, leaves out what that file already has, and ends with the Markdown table.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from few_shot import CURVE, STEPS_A_MINUTE, fitted
from measuring import Model, Row, append, rows_of
from photographs import make_pair, shown
from timed import train_ours

from film_recovery.analysis.colour_difference import difference_2000
from film_recovery.analysis.difference import psnr
from film_recovery.curation.choosing import Chosen, choose, drawn_often
from film_recovery.curation.coverage import describe, vectors
from film_recovery.demo import footage, reels
from film_recovery.errors import UsageError
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma
from film_recovery.learning.curve import Curve
from film_recovery.learning.pairs import Pair
from film_recovery.learning.settings import for_recipe

EVEN = {"even 0.17": 1 / 6, "even 0.50": 1 / 2, "even 0.83": 5 / 6}  # where they begin, in spacings
METHODS = ("chosen", "ends", *EVEN, "drawn")
APART = 2  # frames between a pair and what a model is judged on
Figures = Mapping[str, Sequence[float]]  # frame → PSNR dB, ΔE00


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for chosen_pairs.jsonl")
    parser.add_argument("--film", default="auto", help="auto, clip, photographs or reel:SEED")
    parser.add_argument("--recipe", default="colour", choices=["colour", "spatial"])
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--every", type=int, default=5, help="look at every so many frames")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    file = asked.out / "chosen_pairs.jsonl"
    film = load(asked.film)
    sets = {method: frames_of(method, film, asked.pairs) for method in asked.methods}
    often = drawn_often([pair.stands_for for pair in chosen(film, asked.pairs)])
    print(sets, often, flush=True)

    def pairs_of(frames: Sequence[int]) -> list[Pair]:
        return [make_pair(film.pictures[frame], asked.recipe, frame) for frame in frames]

    given = {"film": film.name, "recipe": asked.recipe, "pairs": asked.pairs, "minutes": asked.minutes}
    steps = round(asked.minutes * STEPS_A_MINUTE[asked.recipe])
    for seed in asked.seeds:
        for method, frames in sets.items():
            row = {**given, "method": method, "seed": seed}
            if any(row.items() <= one.items() for one in rows_of(file)):
                continue

            def note(
                step: int, spent: float, model: Model, row: Row = row, frames: list[int] = frames
            ) -> None:
                looked = range(0, len(film.pictures), asked.every)
                found = {str(n): _figures(model, pairs_of([n])[0], asked.recipe) for n in looked}
                more = {"steps": step, "cpu_minutes": round(spent, 2), "learnt": frames, "found": found}
                append(file, {**row, **more})

            learnt = pairs_of(frames)
            times = often if method == "drawn" else ()
            settings = for_recipe(asked.recipe, steps, seed=seed, often=times)
            train_ours(fitted(learnt, asked.recipe, times), learnt, settings, steps, note)
    print(summary(rows_of(file)))


def summary(rows: Sequence[Row]) -> str:
    """Markdown, a line a method: its own figures, and what ``drawn`` gains over it, seed by seed; and over the mean of
    the even sets."""
    lines = [
        "| film | recipe | pairs | minutes | method | PSNR · ΔE00 · worst | `drawn` gains, seed by seed |",
        "|---|---|---|---|---|---|---|",
    ]
    keys = ("film", "recipe", "pairs", "minutes", "method")
    for key in dict.fromkeys(tuple(row[name] for name in keys) for row in rows):
        members = [row for row in rows if tuple(row[name] for name in keys) == key]
        own = np.mean([_of(row["found"], row["learnt"]) for row in members], axis=0)
        gains = []
        for row in members:
            gain = _gain(rows, row)
            if gain is not None:
                gains.append(_said(gain, "+"))
        lines.append("| " + " | ".join([*map(str, key), _said(own), ", ".join(gains)]) + " |")
    for key in dict.fromkeys(tuple(row[name] for name in keys[:-1]) for row in rows):
        members = [row for row in rows if tuple(row[name] for name in keys[:-1]) == key]
        means = []
        for seed in dict.fromkeys(row["seed"] for row in members):
            of = [row for row in members if row["seed"] == seed and row["method"] in ("ends", *EVEN)]
            known = [gain for gain in (_gain(rows, row) for row in of) if gain is not None]
            if known:
                means.append(_said(np.mean(known, axis=0), "+"))
        lines.append(
            "| " + " | ".join([*map(str, key), "mean of the even ones", "", ", ".join(means)]) + " |"
        )
    return "\n".join(lines)


def _gain(rows: Sequence[Row], row: Row) -> np.ndarray | None:
    """What ``drawn`` of the same film and seed gains over the method of ``row``; None without it, and of itself."""
    same = ("film", "recipe", "pairs", "minutes", "seed")
    wanted = {**{name: row[name] for name in same}, "method": "drawn"}
    own = next((one for one in rows if wanted.items() <= one.items()), None)
    if own is None or own is row:
        return None
    learnt = [*row["learnt"], *own["learnt"]]
    return _of(own["found"], learnt) - _of(row["found"], learnt)


def _of(found: Figures, learnt: Sequence[int]) -> np.ndarray:
    """Mean PSNR, mean ΔE00 and worst PSNR of the frames that are ``APART`` from those ``learnt``."""
    far = [both for frame, both in found.items() if min(abs(int(frame) - one) for one in learnt) >= APART]
    values = np.array(far)
    return np.array([*values.mean(axis=0), values[:, 0].min()])


def _said(values: np.ndarray, sign: str = "") -> str:
    return f"{values[0]:{sign}.2f} · {values[1]:{sign}.2f} · {values[2]:{sign}.1f}"


def _figures(model: Model, pair: Pair, recipe: str) -> tuple[float, float]:
    """PSNR as in ``measuring`` (dB on encoded values, of luma for the spatial recipe) and mean ΔE00 as displayed."""
    result = model(pair.input)
    away = float(difference_2000(shown(result), shown(pair.truth)).mean())
    return round(_psnr(result, pair, recipe), 4), round(away, 4)


def _psnr(result: Pixels, pair: Pair, recipe: str) -> float:
    sides = [luma(one) if recipe == "spatial" else one for one in (result, pair.truth)]
    return psnr(*(Curve(CURVE).encode_array(one) for one in sides))


def load(name: str) -> footage.Footage:
    """The demo's film of that name, or with ``reel:SEED`` one of shots as long as the seed says."""
    if not name.startswith("reel:"):
        return footage.load(name)
    if not name[5:].isdigit():
        raise UsageError(f"There is no film {name}.", remedy="give a number after reel:, as reel:14")
    seed = int(name[5:])
    random = np.random.default_rng(seed)
    lengths = [int(random.integers(15, 60)) for _ in range(int(random.integers(4, 8)))]
    edges = np.cumsum([0, *lengths]).tolist()
    return footage.Footage(name, reels.film(lengths, seed), [(a, b - 1) for a, b in pairwise(edges)])


def frames_of(method: str, film: footage.Footage, count: int) -> list[int]:
    """``count`` frames as ``method`` has them."""
    frames = len(film.pictures)
    if method == "ends":
        return [round(float(place)) for place in np.linspace(0, frames - 1, count)]
    if method in EVEN:
        return [int((number + EVEN[method]) * frames / count) for number in range(count)]
    return [pair.source for pair in chosen(film, count)]


def chosen(film: footage.Footage, count: int) -> Sequence[Chosen]:
    """``count`` pairs by coverage, as ``film-recovery curate`` chooses them."""
    found = []
    for first, last in film.shots:
        for frame in range(first, last + 1):
            beside = frame + 1 if frame < last else frame - 1
            found.append(describe(frame, film.pictures[frame], film.pictures[beside]))
    known = vectors(found)
    return choose(known, film.shots, {n: n for n in known}, count).pairs


if __name__ == "__main__":
    main()
