"""Stage 5: whether a recovery is to be accepted, by the workflow's criteria, each measured on the written frames.

The figures are ``proof``'s, over the written frames of each shot, and the worst shot counts; those that need a Ground
Truth are of the held-out frames, which alone have one. Tolerances stand with the checks in the recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

from film_recovery.checks import Check, Outcome, judged
from film_recovery.delivery import FigureRow
from film_recovery.imaging.frame_ranges import format_frames
from film_recovery.stages import criteria
from film_recovery.stages.contenders import (
    BASELINES,
    DELIVERED,
    DELIVERED_CLOSED_FORM,
    MEASURES,
    held_out_each,
    held_out_figures,
)
from film_recovery.stages.measure import measures
from film_recovery.stages.proof import proof_of
from film_recovery.stages.view import View


def _criterion(view: View, check: Check) -> Outcome:
    return criteria.CRITERIA[check.id](proof_of(view), check, _show(view))


@measures("validation.sharper")
def sharper(view: View, check: Check) -> Outcome:
    return _criterion(view, check)


@measures("validation.no_flicker")
def no_flicker(view: View, check: Check) -> Outcome:
    return _criterion(view, check)


@measures("validation.no_halos")
def no_halos(view: View, check: Check) -> Outcome:
    return _criterion(view, check)


@measures("validation.grain")
def grain(view: View, check: Check) -> Outcome:
    return _criterion(view, check)


@measures("validation.hue")
def hue(view: View, check: Check) -> Outcome:
    return _criterion(view, check)


@measures("validation.saturation")
def saturation(view: View, check: Check) -> Outcome:
    return _criterion(view, check)


@measures("validation.consistent")
def consistent(view: View, check: Check) -> Outcome:
    return _criterion(view, check)


@measures("validation.baselines")
def better_than_baselines(view: View, check: Check) -> Outcome:
    """Each figure of the delivered frames against that of each baseline, on held-out frames."""
    rows = _rows(held_out_figures(view))
    beaten_by = {
        column: [row.name for row in rows if _beats(row, column, _delivered(row))]
        for column in BASELINES
        if any(column in row.values for row in rows)
    }
    better = {column: names for column, names in beaten_by.items() if names}
    if not better:
        named = ", ".join(column.lower() if column != "3D LUT" else column for column in beaten_by)
        reason = f"The recovery is at least as good in every figure as each of: {named}."
        return judged(check, True, {}, reason)
    said = "; ".join(
        f"{column} did better in {', '.join(_compared(row, column) for row in rows if row.name in names)}"
        for column, names in better.items()
    )
    return judged(check, False, better, f"{said}.")


def held_out_frames(view: View) -> str:
    """The held-out frames that are written, as ``4,9``. Raises NotYet before any frame is."""
    return format_frames(sorted(set(view.written) & {pair.source for pair in view.project.hold_out}))


def accepted_figures(view: View) -> dict[str, float]:
    """Figure → value of the delivered frames, on held-out ones. Raises NotYet as :func:`held_out_figures`."""
    found = {}
    for row in _rows(held_out_figures(view)):
        value = row.values.get(_delivered(row))
        if value is not None:
            found[row.name] = float(value)
    return found


def accepted_each(view: View) -> dict[int, dict[str, float]]:
    """As :func:`accepted_figures`, of each held-out frame."""
    found: dict[int, dict[str, float]] = {}
    for frame, figures in held_out_each(view).items():
        found[frame] = {
            name: values[column]
            for name, values in figures.items()
            for column in (DELIVERED, DELIVERED_CLOSED_FORM)
            if column in values and not isnan(values[column])
        }
    return found


def _rows(means: Mapping[str, Mapping[str, float | None]]) -> list[FigureRow]:
    rows = []
    for name, values in means.items():
        unit, domain, better, target = MEASURES[name]
        rows.append(FigureRow(name, unit, domain, better, values, target))
    return rows


def _delivered(row: FigureRow) -> str:
    return DELIVERED if DELIVERED in row.values else DELIVERED_CLOSED_FORM


def _beats(row: FigureRow, one: str, other: str) -> bool:
    """Whether ``one`` is better than ``other``, in the four digits that a report shows."""
    mine, its = row.distance(one), row.distance(other)
    if mine is None or its is None or mine >= its:
        return False
    return f"{row.values[one]:.4g}" != f"{row.values[other]:.4g}"


def _compared(row: FigureRow, column: str) -> str:
    mine, its = row.values[column], row.values[_delivered(row)]
    return f"{row.name} ({mine:.4g} against {its:.4g})"


def _show(view: View) -> criteria.Show:
    """Where a written frame is to be looked at."""
    return lambda frame: {
        "frame": frame,
        "file": str(view.output.sequence.path(frame)),
        "node": view.write.path,
    }
