"""Stage 5 at work: the report of a project, from its files and its ledger.

Figures are of the held-out moments, against their Ground Truth, as displayed (encoded sRGB 0–1) over the live area.
What is shown as recovered is read back from the written frames. Beside it stand the Source, the closed form below the
network, and baselines (``analysis.baselines``) that were fitted to the training pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from film_recovery import delivery
from film_recovery.delivery import note
from film_recovery.imaging.frame import Pixels
from film_recovery.imaging.reading import read_header
from film_recovery.project import Project, paths
from film_recovery.provenance.origin import of_header
from film_recovery.recipes.classification import classification
from film_recovery.stages import chain
from film_recovery.stages.charts import NEED_TRUTH_WORDS, charts_of
from film_recovery.stages.checking import check
from film_recovery.stages.closed_form import last_training, trained_here
from film_recovery.stages.contenders import (
    MEASURES,
    SOURCE,
    Contender,
    Display,
    Figures,
    contenders,
    display_of,
    figures_of,
    mean_figures,
    not_to_render,
)
from film_recovery.stages.flagged import flags_of
from film_recovery.stages.held_out import HeldOut, moments
from film_recovery.stages.origin import hashes, made, masters, settings
from film_recovery.stages.outlier_rows import outliers_of, unjudged_of
from film_recovery.stages.outliers import stale
from film_recovery.stages.proof import proof_of
from film_recovery.stages.signing import standing
from film_recovery.stages.validating import scopes_of
from film_recovery.stages.view import NotYet, View
from film_recovery.validation.scopes import side_by_side

if TYPE_CHECKING:
    from film_recovery.stages.run import Listener

MOST_STILLS = 20
NOTE = "validation.note_written"


def outliers_shown(view: View) -> tuple[tuple[delivery.Outlier, ...] | None, int]:
    """Those of the frames as they are, and how many more; None where the last look was of an earlier render or by
    earlier statistics, or nobody looked."""
    return (None, 0) if stale(view) else outliers_of(view.project)


def write_report(project: Project, listener: Listener) -> Path:
    """Measures, gathers and writes ``report.html``; gives its path.

    Raises FilmRecoveryError naming a written frame that is missing or damaged, and the closed form if it is gone.
    """
    view = View(project)
    display = display_of(view.evaluator)
    held_against = contenders(view)
    shown: list[tuple[int, Figures]] = []
    album = delivery.Album()
    for moment in moments(project):  # one in memory at a time
        room = album if len(album) < MOST_STILLS else None
        shown.append((moment.frame, _shown(view, held_against, moment, display, room)))
        listener.progress("report", len(shown), len(project.hold_out))
    means = mean_figures([figures for _, figures in shown], view.kind)
    charts = _charts(view)
    outliers, more = outliers_shown(view)
    frames = masters(view)
    of = classification(project.recipe)
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
        figures=tuple(_row(name, values) for name, values in means.items()),
        contenders={contender.name: contender.made for contender in held_against},
        recovered_column=held_against[-1].name,
        held_out=tuple(frame for frame, _ in shown),
        stills=album,
        stills_left_out=max(0, len(shown) - MOST_STILLS),
        curves=_curves(project),
        charts=charts,
        without_truth=NEED_TRUTH_WORDS if charts else (),
        outliers=outliers,
        outliers_left_out=more,
        outliers_unjudged=unjudged_of(project) if outliers is not None else "",
        pairs=_pairs(project),
        provenance=_provenance(view),
        elements={name: asdict(element) for name, element in project.elements.items()},
        settings={**settings(project), "flags": flags_of(project) or "none"},
        hashes=hashes(view, frames),
        made=made(view, frames),
        own_training=trained_here(view),
        notes=note.said_by_operator(paths(project).validation / note.FILE),
        steps=chain.reports(project),
        reasoning=project.reasoning,
    )
    data = replace(data, made={**data.made, **note.class_of_recovery(of, data)})
    note.write_note(data, of, paths(project).validation / note.FILE)
    return delivery.build_report(_with_note(project, data), paths(project).report)


def _with_note(project: Project, data: delivery.ReportData) -> delivery.ReportData:
    """``data`` with the note judged as it lies there now, not as it was before the first was written."""
    known = {one.check: one for report in check(project, ids=[NOTE]) for one in report.outcomes}
    reports = tuple(
        replace(report, outcomes=tuple(known.get(one.check, one) for one in report.outcomes))
        for report in data.reports
    )
    return replace(data, reports=reports)


# Figures


def _shown(
    view: View,
    held_against: tuple[Contender, ...],
    moment: HeldOut,
    display: Display,
    album: delivery.Album | None,
) -> Figures:
    """What is measured on one moment; its still goes into ``album``, None for no more."""
    pictures = {contender.name: contender.picture(moment) for contender in held_against}
    if album is not None:
        album.add(_still(view, held_against, moment, display, pictures))
    return figures_of(view.kind, pictures, display(moment.truth))


def _still(
    view: View,
    held_against: tuple[Contender, ...],
    moment: HeldOut,
    display: Display,
    pictures: Mapping[str, Pixels],
) -> delivery.Still:
    caption = "Held out of training"
    if flags := flags_of(view.project).get(f"hold-out {moment.frame}"):
        caption = f"{caption}; {flags}"
    if moment.frame in not_to_render(view):
        caption = f"{caption}; it was not rendered: Recovered is evaluated from the script"
    return delivery.Still(
        frame=moment.frame,
        source=_eight_bit(pictures[SOURCE]),
        recovered=_eight_bit(pictures[held_against[-1].name]),
        reference=_eight_bit(display(moment.reference)),
        caption=caption,
        scopes=_scopes(pictures[SOURCE], pictures[held_against[-1].name], display(moment.truth)),
    )


def _row(name: str, means: Mapping[str, float | None]) -> delivery.FigureRow:
    unit, domain, better, target = MEASURES[name]
    return delivery.FigureRow(name, unit, domain, better, means, target)


def _scopes(*sides: Pixels) -> dict[str, NDArray[np.uint8]]:
    drawn = [scopes_of(side) for side in sides]
    return {
        f"{name.capitalize()}: Source, Recovered, Ground Truth": side_by_side([one[name] for one in drawn])
        for name in drawn[0]
    }


def _charts(view: View) -> tuple[delivery.Chart, ...]:
    try:
        tolerances = {one.id: view.check(one.id).tolerance for one in view.recipe.checks}
        return charts_of(view.kind, proof_of(view), tolerances)
    except NotYet:
        return ()  # no frame is written


def _pairs(project: Project) -> tuple[delivery.Pair, ...]:
    sets = (("pair", project.pairs), ("hold-out", project.hold_out))
    return tuple(
        delivery.Pair(word, pair.source, pair.reference, pair.shot, pair.reason, "; ".join(pair.flags))
        for word, pairs in sets
        for pair in pairs
    )


def _provenance(view: View) -> dict[str, str]:
    """What the first master's own header says of its origin; nothing before the first is written."""
    try:
        first = view.output.sequence.path(view.written[0])
    except NotYet:
        return {}
    return of_header(read_header(first).metadata).header()


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
