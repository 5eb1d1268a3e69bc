"""Stage 5 at work: the report of a project, from its files and its ledger.

Figures are of the held-out moments, against their Ground Truth, as displayed (encoded sRGB 0–1) over the live area.
What is shown as recovered is read back from the written frames. Beside it stand the Source, the closed form below the
network, and a baseline (``analysis.baselines``) that was fitted to the training pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from film_recovery import delivery
from film_recovery.analysis.baselines import Grade, UnsharpMask, fit_grade, fit_unsharp_mask
from film_recovery.analysis.colour_difference import difference_2000
from film_recovery.analysis.difference import psnr, ssim
from film_recovery.analysis.saturation import saturation_ratio
from film_recovery.comp import Evaluator
from film_recovery.engine.pairs import CopyCatPairs
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.imaging.luma import luma
from film_recovery.project import Project, paths
from film_recovery.stages import chain
from film_recovery.stages.checking import check
from film_recovery.stages.closed_form import (
    closed_form_file,
    is_closed_form,
    last_training,
    with_model,
)
from film_recovery.stages.flagged import flags_of
from film_recovery.stages.held_out import HeldOut, moments
from film_recovery.stages.masters import written
from film_recovery.stages.origin import hashes, made, masters, settings
from film_recovery.stages.signing import standing
from film_recovery.stages.view import View

if TYPE_CHECKING:
    from film_recovery.stages.run import Listener

SOURCE, CLOSED_FORM, DELIVERED = "Source", "Closed form", "Recovered"
DELIVERED_CLOSED_FORM = "Recovered (closed form)"
UNSHARP, GRADE = "Unsharp mask", "Grade by channel"
MOST_STILLS = 20
# Figure → unit, domain, what is better, and the target where there is one.
MEASURES: Mapping[str, tuple[str, str, str, float | None]] = {
    "PSNR of luma": ("dB", "luma, encoded sRGB 0–1, live area", "higher", None),
    "SSIM of luma": ("", "luma, encoded sRGB 0–1, live area", "higher", None),
    "PSNR": ("dB", "RGB, encoded sRGB 0–1, live area", "higher", None),
    "Colour difference": ("ΔE00", "CIEDE2000 of encoded sRGB, mean over the live area", "lower", None),
    "Saturation": (
        "",
        "HSV, encoded sRGB, live area, against the Ground Truth where that is 60 of 255 or more",
        "target",
        1.0,
    ),
}
OF_RECIPE = {
    "spatial": ("PSNR of luma", "SSIM of luma"),
    "colour": ("PSNR", "Colour difference", "Saturation"),
}

Display = Callable[[Pixels], Pixels]  # graph values to encoded sRGB
Recover = Callable[[HeldOut], Pixels]  # gives a moment over its area, as displayed, top row first


@dataclass(frozen=True)
class _Contender:
    """One column of the figures. ``made``: in plain words, what it is and where it comes from."""

    name: str
    made: str
    picture: Recover


@dataclass(frozen=True, eq=False)
class _Shown:
    """What was measured on one moment: figure → contender → value."""

    frame: int
    figures: Mapping[str, Mapping[str, float]]
    still: delivery.Still


def write_report(project: Project, listener: Listener) -> Path:
    """Measures, gathers and writes ``report.html``; gives its path.

    Raises FilmRecoveryError naming a written frame that is missing or damaged, and the closed form if it is gone.
    """
    view = View(project)
    display = _display(view.evaluator)
    contenders = _contenders(view, display)
    shown: list[_Shown] = []
    found = list(moments(project))
    for done, moment in enumerate(found, 1):
        shown.append(_shown(view, contenders, moment, display))
        listener.progress("report", done, len(found))
    frames = masters(view)
    data = delivery.ReportData(
        film=project.film,
        reel=project.reel,
        shot=project.shot,
        recipe=project.recipe,
        title=project.title or project.film,
        reports=check(project),
        checks=view.recipe.checks,
        signatures=tuple(
            delivery.Signature(str(r.data.get("check")), r.by, r.time, str(r.data.get("note", "")))
            for r in standing(project)
        ),
        figures=tuple(_row(name, contenders, shown) for name in OF_RECIPE[view.kind]),
        contenders={contender.name: contender.made for contender in contenders},
        recovered_column=contenders[-1].name,
        held_out=tuple(one.frame for one in shown),
        stills=tuple(one.still for one in shown[:MOST_STILLS]),
        stills_left_out=max(0, len(shown) - MOST_STILLS),
        curves=_curves(project),
        elements={name: asdict(element) for name, element in project.elements.items()},
        settings={**settings(project), "flags": flags_of(project) or "none"},
        hashes=hashes(view, frames),
        made=made(view, frames),
        steps=chain.reports(project),
        reasoning=project.reasoning,
    )
    return delivery.build_report(data, paths(project).report)


def _display(evaluator: Evaluator) -> Display:
    root = evaluator.root
    return lambda picture: root.config.convert(
        np.ascontiguousarray(picture), root.working_space, "color_picking"
    )


# Contenders


def _contenders(view: View, display: Display) -> tuple[_Contender, ...]:
    """Everything that is measured against the Ground Truth, the delivered one last."""
    source = _Contender(
        SOURCE, "the damaged element, as it reaches the network", lambda moment: display(moment.source)
    )
    return (source, _baseline(view, display), *_closed_form(view, display), _delivered(view, display))


def _baseline(view: View, display: Display) -> _Contender:
    """What could be had without learning, fitted to the training pairs."""
    pairs = CopyCatPairs(view.evaluator, view.copycat.node)
    taken = (pairs[index] for index in range(len(pairs)))
    shown = ((display(pair.input), display(pair.truth)) for pair in taken)
    fitted: UnsharpMask | Grade
    if view.kind == "spatial":
        fitted = fit_unsharp_mask(shown)
        name = UNSHARP
        made = (
            f"of the Source’s luma, radius {fitted.sigma:g} pixels, amount {fitted.amount:g}: the best of several on "
            "the training pairs"
        )
    else:
        fitted = fit_grade(shown)
        name = GRADE
        made = (
            "gain and offset of red, green and blue on encoded values, fitted to the training pairs; it does not keep "
            "the Source’s luma"
        )
    return _Contender(name, made, lambda moment: fitted.apply(display(moment.source)))


def _closed_form(view: View, display: Display) -> Iterator[_Contender]:
    """The model that the delivered network stands on, in the same script; none where there is no such network."""
    file = closed_form_file(view)
    if file is not None:
        evaluator = with_model(view, file)
        made = "the least-squares fit that the network stands on, evaluated from the script, not written"
        yield _Contender(CLOSED_FORM, made, lambda moment: _evaluated(view, evaluator, moment, display))


def _delivered(view: View, display: Display) -> _Contender:
    """The written frames. A moment that is not among the frames to render is evaluated from the script."""

    def picture(moment: HeldOut) -> Pixels:
        if moment.frame in view.wanted_frames:
            return display(written(view, moment.frame, moment.area)[::-1])
        return _evaluated(view, view.evaluator, moment, display)

    unwritten = _unwritten(view)
    from_disk = {pair.source for pair in view.project.hold_out} - set(unwritten)
    parts = ["the written frames, read back from disk"] if from_disk else []
    made = "; ".join([*parts, *([_not_rendered(unwritten)] if unwritten else [])])
    return _Contender(DELIVERED_CLOSED_FORM if is_closed_form(view) else DELIVERED, made, picture)


def _unwritten(view: View) -> list[int]:
    """The held-out frames that are not to be rendered."""
    return sorted({pair.source for pair in view.project.hold_out} - set(view.wanted_frames))


def _not_rendered(frames: list[int]) -> str:
    several = len(frames) > 1
    said = "were not rendered and are" if several else "was not rendered and is"
    return f"frame{'s' if several else ''} {format_frames(frames)} {said} evaluated from the script"


def _evaluated(view: View, evaluator: Evaluator, moment: HeldOut, display: Display) -> Pixels:
    """What ``evaluator`` would write, before the Write's colour space and rounding."""
    return display(evaluator.frame(view.write.path, moment.frame).rgb(moment.area)[::-1])


# Figures


def _shown(view: View, contenders: tuple[_Contender, ...], moment: HeldOut, display: Display) -> _Shown:
    truth = display(moment.truth)
    pictures = {contender.name: contender.picture(moment) for contender in contenders}
    figures = {
        name: {column: _measured(name, picture, truth) for column, picture in pictures.items()}
        for name in OF_RECIPE[view.kind]
    }
    caption = "Held out of training"
    if flags := flags_of(view.project).get(f"hold-out {moment.frame}"):
        caption = f"{caption}; {flags}"
    if moment.frame in _unwritten(view):
        caption = f"{caption}; it was not rendered: Recovered is evaluated from the script"
    still = delivery.Still(
        frame=moment.frame,
        source=_eight_bit(pictures[SOURCE]),
        recovered=_eight_bit(pictures[contenders[-1].name]),
        reference=_eight_bit(display(moment.reference)),
        caption=caption,
    )
    return _Shown(moment.frame, figures, still)


def _row(name: str, contenders: tuple[_Contender, ...], shown: list[_Shown]) -> delivery.FigureRow:
    """The mean over all moments on which the figure can be measured (saturation: where there is any)."""
    unit, domain, better, target = MEASURES[name]
    values: dict[str, float | None] = {}
    for contender in contenders:
        found = [one.figures[name][contender.name] for one in shown]
        measured = [value for value in found if not np.isnan(value)]
        values[contender.name] = float(np.mean(measured)) if measured else None
    return delivery.FigureRow(name, unit, domain, better, values, target)


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


def _eight_bit(picture: Pixels) -> NDArray[np.uint8]:
    return (np.clip(picture, 0, 1) * 255).round().astype(np.uint8)


def _curves(project: Project) -> tuple[delivery.Curve, ...]:
    """Loss over the steps of the last training, and what it scored on the hold-out."""
    from film_recovery.engine.run_folder import read_log

    last = last_training(project)
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
