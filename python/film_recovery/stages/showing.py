"""Stage 5 at work: the report of a project, from its files and its ledger.

Figures are of the held-out moments, against their Ground Truth, as displayed (encoded sRGB 0–1) over the live area.
What is shown as recovered is evaluated from the script, before the Write's colour space and rounding; the written
frames themselves are judged by the check ``validation.identity``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from film_recovery import delivery, ledger, nk, recipes
from film_recovery.analysis.colour_difference import difference_2000
from film_recovery.analysis.difference import psnr, ssim
from film_recovery.analysis.saturation import saturation_ratio
from film_recovery.comp import Evaluator
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.luma import luma
from film_recovery.project import Project, paths
from film_recovery.stages.checking import SIGN, check
from film_recovery.stages.held_out import HeldOut, moments

if TYPE_CHECKING:
    from film_recovery.stages.run import Listener

SOURCE, UNSHARP, DELIVERED = "Source", "Unsharp mask", "Recovered"
UNSHARP_SIGMA, UNSHARP_AMOUNT = 0.8, 0.5
MOST_STILLS = 20
# Figure → unit, domain, what is better, and the target where there is one.
MEASURES: Mapping[str, tuple[str, str, str, float | None]] = {
    "PSNR of luma": ("dB", "luma, encoded sRGB 0–1", "higher", None),
    "SSIM of luma": ("", "luma, encoded sRGB 0–1", "higher", None),
    "PSNR": ("dB", "RGB, encoded sRGB 0–1", "higher", None),
    "Colour difference": ("ΔE00", "mean over the live area", "lower", None),
    "Saturation": ("", "against the Ground Truth, where that is 60 of 255 or more", "target", 1.0),
}
OF_RECIPE = {
    "spatial": ("PSNR of luma", "SSIM of luma"),
    "colour": ("PSNR", "Colour difference", "Saturation"),
}

# What the training itself measured on the hold-out: figure of the ledger → name, unit, better, target.
OF_TRAINING = {
    "psnr": ("PSNR of what the recipe changes", "dB", "higher", None),
    "de00": ("Colour difference, every third pixel", "ΔE00", "lower", None),
    "sat_ratio_60": ("Saturation, every third pixel", "", "target", 1.0),
}
CONTENDERS = {"input": SOURCE, "closed_form": "Closed form", "network": DELIVERED}

Shown = dict[str, Pixels]


def write_report(project: Project, listener: Listener) -> Path:
    """Measures, gathers and writes ``report.html``; gives its path."""
    kind = "colour" if recipes.load(project.recipe).kind == "colour" else "spatial"
    evaluator = Evaluator(nk.load(paths(project).script))
    display = _display(evaluator)
    shown: list[tuple[HeldOut, Shown]] = []
    found = list(moments(project))
    for done, moment in enumerate(found, 1):
        shown.append((moment, _contenders(evaluator, moment, kind, display)))
        listener.progress("report", done, len(found))
    signed = ledger.read(project.folder).of_kind(SIGN)
    recipe = recipes.load(project.recipe)
    data = delivery.ReportData(
        film=project.film,
        reel=project.reel,
        shot=project.shot,
        recipe=project.recipe,
        title=project.title or project.film,
        reports=check(project),
        checks=recipe.checks,
        signatures=tuple(
            delivery.Signature(str(r.data.get("check")), r.by, r.time, str(r.data.get("note", "")))
            for r in signed
        ),
        figures=(*_figures(kind, shown), *_figures_of_training(project)),
        recovered_column=DELIVERED,
        held_out=tuple(moment.frame for moment, _ in shown),
        stills=tuple(_still(moment, pictures, display) for moment, pictures in shown[:MOST_STILLS]),
        curves=_curves(project),
        elements={name: asdict(element) for name, element in project.elements.items()},
        settings=asdict(project.training),
        hashes=_hashes(project),
        reasoning=project.reasoning,
    )
    return delivery.build_report(data, paths(project).report)


def _display(evaluator: Evaluator) -> Callable[[Pixels], Pixels]:
    """Graph values to encoded sRGB."""
    root = evaluator.root
    return lambda picture: root.config.convert(
        np.ascontiguousarray(picture), root.working_space, "color_picking"
    )


def _contenders(
    evaluator: Evaluator, moment: HeldOut, kind: str, display: Callable[[Pixels], Pixels]
) -> Shown:
    """Everything that is measured against the Ground Truth, as displayed; the truth itself under ``""``."""
    recovered = evaluator.frame("FR_Inference1", moment.frame)
    pictures = {
        "": display(moment.truth),
        SOURCE: display(moment.source),
        DELIVERED: display(recovered.rgb()[::-1]),
    }
    if kind == "spatial":
        pictures[UNSHARP] = _unsharp(pictures[SOURCE])
    return pictures


def _unsharp(picture: Pixels) -> Pixels:
    plane = luma(picture)
    change = np.float32(UNSHARP_AMOUNT) * (plane - cv2.GaussianBlur(plane, (0, 0), UNSHARP_SIGMA))
    sharpened: Pixels = (picture + change[..., None]).astype(np.float32)
    return sharpened


def _figures(kind: str, shown: list[tuple[HeldOut, Shown]]) -> tuple[delivery.FigureRow, ...]:
    columns = [SOURCE, *([UNSHARP] if kind == "spatial" else []), DELIVERED]
    rows = []
    for name in OF_RECIPE[kind]:
        unit, domain, better, target = MEASURES[name]
        values = {
            column: float(np.mean([_measured(name, pictures[column], pictures[""]) for _, pictures in shown]))
            for column in columns
        }
        rows.append(delivery.FigureRow(name, unit, domain, better, values, target))
    return tuple(rows)


def _figures_of_training(project: Project) -> tuple[delivery.FigureRow, ...]:
    """The closed form beside the network, as the training measured both."""
    found = _last_training(project).get("figures", {})
    rows = []
    for name, (title, unit, better, target) in OF_TRAINING.items():
        values = {
            column: float(found[f"{contender} {name}"])
            for contender, column in CONTENDERS.items()
            if f"{contender} {name}" in found
        }
        if "network" not in " ".join(found):  # no network was trained: the closed form is what was delivered
            values = {DELIVERED if column == "Closed form" else column: v for column, v in values.items()}
        if values:
            domain = "as the training saw it: encoded, whole hold-out"
            rows.append(delivery.FigureRow(title, unit, domain, better, values, target))
    return tuple(rows)


def _measured(name: str, picture: Pixels, truth: Pixels) -> float:
    if name == "PSNR of luma":
        return psnr(luma(picture), luma(truth))
    if name == "SSIM of luma":
        return ssim(luma(picture), luma(truth))
    if name == "PSNR":
        return psnr(picture, truth)
    if name == "Colour difference":
        return float(difference_2000(picture, truth).mean())
    return saturation_ratio(picture, truth, threshold=60).ratio


def _still(moment: HeldOut, pictures: Shown, display: Callable[[Pixels], Pixels]) -> delivery.Still:
    return delivery.Still(
        frame=moment.frame,
        source=_eight_bit(pictures[SOURCE]),
        recovered=_eight_bit(pictures[DELIVERED]),
        reference=_eight_bit(display(moment.reference)),
        caption=f"Held-out frame {moment.frame}",
    )


def _eight_bit(picture: Pixels) -> NDArray[np.uint8]:
    return (np.clip(picture, 0, 1) * 255).round().astype(np.uint8)


def _curves(project: Project) -> tuple[delivery.Curve, ...]:
    """Loss over the steps of the last training, and what it scored on the hold-out."""
    from film_recovery.engine.run_folder import read_log

    last = _last_training(project)
    if not last.get("run"):
        return ()
    lines = read_log(paths(project).training / str(last["run"]) / "log.jsonl")
    loss = tuple((float(line["step"]), float(line["loss"])) for line in lines if "loss" in line)
    curves = [delivery.Curve("Training loss", "", loss)] if loss else []
    looks = [line for line in lines if "held_out" in line]
    for name, title, unit, target in (
        ("psnr", "PSNR on held-out frames", "dB", None),
        ("sat_ratio_60", "Saturation on held-out frames", "", 1.0),
    ):
        points = tuple(
            (float(line["step"]), float(line["held_out"][name])) for line in looks if name in line["held_out"]
        )
        if points:
            curves.append(delivery.Curve(title, unit, points, target))
    return tuple(curves)


def _last_training(project: Project) -> Mapping[str, Any]:
    records = [r for r in ledger.read(project.folder).of_kind("stage") if r.data.get("stage") == 3]
    return records[-1].data if records else {}


def _hashes(project: Project) -> dict[str, Any]:
    from film_recovery.rendering.record import sha256

    places = paths(project)
    files = {"script": places.script, "model": places.model}
    return {name: sha256(file) for name, file in files.items() if file.exists()}
