"""Six frames to learn from, three to be judged by: closed form, our network and a U-Net, at 1, 3 and 10 minutes.

    python benchmarks/learning/few_shot.py --out results [--recipe colour] [--seeds 0 1 2] [--minutes 1 3 10]

Three photographs are three shots; of each, two views are training frames and the view half-way between is held out, so
this measures interpolation within a shot, as frames of a film are recovered, not what a model makes of another film.
Each budget of our network is a run of its own, because its learning rate falls to nothing over the steps that it was
given; the U-Net's rate is constant, as published, and so one run is looked at three times. Minutes are of one core
(``timed``). Appends to ``few_shot.jsonl``, leaves out what that file already has, and ends with the Markdown table.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from measuring import Model, Row, append, figures, rows_of, table
from photographs import OWN, read, shot_pairs, shown
from timed import runner, train_ours, train_unet

from film_recovery.learning.curve import Curve
from film_recovery.learning.linear_filter import fit_linear_filter
from film_recovery.learning.network import ClosedForm
from film_recovery.learning.pairs import Pair
from film_recovery.learning.polynomial import fit_colour_polynomial
from film_recovery.learning.settings import for_recipe

SHOTS = ("astronaut.png", "coffee.png", "rocket.jpg")
TUNING = ("chelsea.png",)  # the only photograph on which a setting of the U-Net was chosen
SIZE = (400, 300)
LEARNT, HELD_OUT = (0.0, 1.0), (0.5,)
CURVE = "srgb"
# Steps of the small network in a minute of one core of an AMD EPYC server, measured alone, rounded down.
STEPS_A_MINUTE = {"colour": 900, "spatial": 1100}
UNET_RATE = 1e-3
COLUMNS = {
    "steps": ".0f",
    "cpu_minutes": ".1f",
    "psnr": ".2f",
    "ssim": ".4f",
    "de00": ".2f",
    "sat60": ".3f",
    "sat100": ".3f",
    "locked_mean": ".4f",
    "learnt_psnr": ".2f",
}


@dataclass(frozen=True)
class Task:
    """The frames of one recipe, and where figures of it are kept."""

    recipe: str
    learnt: Sequence[Pair]
    held_out: Sequence[Pair]
    file: Path
    loss: dict[str, dict[str, float]]  # empty, or the setting of that name

    def note(
        self, method: str, model: Model, seed: int = 0, minutes: float = 0, steps: int = 0, spent: float = 0
    ) -> None:
        found = figures(self.held_out, model, self.recipe, CURVE, shown)
        learnt = figures(self.learnt, model, self.recipe, CURVE, shown)["psnr"]
        given = {"recipe": self.recipe, "method": method, "minutes": minutes, "seed": seed, "steps": steps}
        append(self.file, {**given, "cpu_minutes": round(spent, 2), **found, "learnt_psnr": learnt})

    def has(self, method: str, seed: int = 0, minutes: float = 0) -> bool:
        wanted = (self.recipe, method, minutes, seed)
        return any(
            (row["recipe"], row["method"], row["minutes"], row["seed"]) == wanted
            for row in rows_of(self.file)
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for few_shot.jsonl")
    parser.add_argument("--recipe", nargs="+", default=["colour", "spatial"])
    parser.add_argument("--method", nargs="+", default=["closed", "ours", "unet"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--minutes", nargs="+", type=float, default=[1, 3, 10])
    parser.add_argument("--photographs", type=Path, default=OWN, help="folder that holds the shots")
    parser.add_argument("--shots", nargs="+", default=list(SHOTS), help="names of the photographs")
    parser.add_argument("--fade", default="strong", choices=["strong", "mild"], help="of the colour recipe")
    parser.add_argument("--furthest", type=float, help="learn from videos up to so many pixels beside")
    parser.add_argument("--loss", help="terms and weights, as l1=1,ms_ssim=0.1; by default L1")
    parser.add_argument("--unet-rate", type=float, default=UNET_RATE)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    file = asked.out / "few_shot.jsonl"
    pictures = read(asked.photographs, asked.shots)
    for recipe in asked.recipe:
        learnt = shot_pairs(pictures, LEARNT, recipe, SIZE, asked.fade, asked.furthest)
        held_out = shot_pairs(pictures, HELD_OUT, recipe, SIZE, asked.fade)
        task = Task(recipe, learnt, held_out, file, _loss(asked.loss))
        if "closed" in asked.method:
            _simple(task)
        for seed in asked.seeds:
            if "ours" in asked.method:
                _ours(task, seed, asked.minutes)
            if "unet" in asked.method:
                _unet(task, seed, asked.minutes, asked.unet_rate)
    print(summary(rows_of(file)))


def summary(rows: Sequence[Row]) -> str:
    return table(rows, ("recipe", "method", "minutes"), COLUMNS)


def _loss(asked: str | None) -> dict[str, dict[str, float]]:
    if asked is None:
        return {}
    return {"loss": {name: float(weight) for name, weight in (term.split("=") for term in asked.split(","))}}


def fitted(pairs: Sequence[Pair], recipe: str, often: Sequence[int] = ()) -> ClosedForm:
    """The product's closed form of a recipe. ``often``: as much as each pair counts."""
    return (
        fit_linear_filter(pairs, curve=CURVE, often=often)
        if recipe == "spatial"
        else fit_colour_polynomial(pairs, curve=CURVE, often=often)
    )


def _simple(task: Task) -> None:
    if task.has("input"):
        return
    task.note("input", lambda picture: picture)
    began = time.process_time()
    base = fitted(task.learnt, task.recipe)
    task.note("closed form", runner(base, base.radius), spent=(time.process_time() - began) / 60)


def _ours(task: Task, seed: int, budgets: Sequence[float]) -> None:
    for minutes in budgets:
        if task.has("ours", seed, minutes):
            continue
        steps = round(minutes * STEPS_A_MINUTE[task.recipe])
        train_ours(
            fitted(task.learnt, task.recipe),
            task.learnt,
            for_recipe(task.recipe, steps, seed=seed, **task.loss),
            steps,
            lambda step, spent, model, minutes=minutes: task.note(  # type: ignore[misc]
                "ours", model, seed, minutes, step, spent
            ),
        )


def _unet(task: Task, seed: int, budgets: Sequence[float], rate: float) -> None:
    if all(task.has("unet", seed, minutes) for minutes in budgets):
        return

    def look(step: int, spent: float, model: Model) -> None:
        nearest = min(budgets, key=lambda minutes: abs(minutes - spent))
        task.note("unet", model, seed, nearest, step, spent)

    train_unet(task.learnt, Curve(CURVE), rate, seed, budgets, look)


if __name__ == "__main__":
    main()
