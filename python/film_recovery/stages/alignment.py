"""Stage 2: one Crop, in its place, nothing but geometry on the way to the aligned Reference, and how well it lies."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from film_recovery.checks import Check, Outcome, judged
from film_recovery.comp.place import Place
from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.clip import ENCODED
from film_recovery.imaging.frame import Frame, Pixels
from film_recovery.registration.normalise import live, plane
from film_recovery.registration.residual import CANNOT_TELL, FAIL, PASS, Tolerance, residual
from film_recovery.stages import walk
from film_recovery.stages.measure import measures
from film_recovery.stages.remembered import remembered
from film_recovery.stages.view import View


@measures("alignment.one_crop")
def one_crop(view: View, check: Check) -> Outcome:
    crops = [place.path for place in view.reference_crops]
    ok = len(crops) == check.tolerance["crops"]
    names = f": {', '.join(crops)}" if crops else ""
    plural = "Crop stands" if len(crops) == 1 else "Crops stand"
    reason = f"{len(crops)} {plural} on the Reference{names}."
    node = crops[-1] if crops else view.reference_pipe.path
    return judged(check, ok, len(crops), reason, {} if ok else {"node": node})


@measures("alignment.crop_linked")
def crop_linked(view: View, check: Check) -> Outcome:
    """Exactly one active Crop on the Source's way to CopyCat, whose box is the Reference Crop's own."""
    ev = view.evaluator
    master = _the_crop(view)
    on = walk.active(ev, master, view.numbers)
    crops = walk.of_class(walk.upstream(ev, view.side(0), view.numbers), "Crop")
    value = {
        "reference": master.path,
        "source": [place.path for place in crops],
        "linked": [walk.followed(ev, place, "box").path for place in crops],
    }
    if not on and not crops:
        return judged(check, True, value, f"{master.path} is off, and the Source is not cropped.")
    if len(crops) != 1:
        reason = f"{len(crops)} Crops stand on the Source, where the one linked to {master.path} belongs."
        return judged(check, False, value, reason, {"node": crops[-1].path if crops else view.side(0).path})
    linked = walk.followed(ev, crops[0], "box") is master
    how = "is linked to" if linked else "has a box of its own and is not linked to"
    return judged(
        check,
        linked,
        value,
        f"{crops[0].path} on the Source {how} {master.path}.",
        {"node": crops[0].path},
    )


@measures("alignment.crop_enabled")
def crop_enabled(view: View, check: Check) -> Outcome:
    master = _the_crop(view)
    on = walk.active(view.evaluator, master, view.numbers)
    return judged(check, on, on, f"{master.path} is {'on' if on else 'switched off'}.", {"node": master.path})


@measures("alignment.no_colour_correction")
def no_colour_correction(view: View, check: Check) -> Outcome:
    """From the Read to the aligned Reference."""
    nodes = walk.upstream(view.evaluator, view.reference_pipe, view.numbers)
    found = [place.path for place in walk.of_class(nodes, check.tolerance["classes"])]
    reason = (
        "Only geometry stands between the Read and the aligned Reference."
        if not found
        else f"{len(found)} nodes change the colour of the Reference: {', '.join(found)}."
    )
    return judged(check, not found, found, reason, {"node": found[0]} if found else {})


@measures("alignment.residual")
def measured_residual(view: View, check: Check) -> Outcome:
    """What is left between the Source and the aligned Reference, pair by pair, by measuring tile by tile."""
    wanted = check.tolerance
    tolerance = Tolerance(wanted["good"], wanted["bad"], wanted["measurable"], wanted["strays"])
    found = {number: _left(view, number, tolerance) for number in view.numbers}
    by_verdict = {
        verdict: [number for number, one in found.items() if one["verdict"] == verdict]
        for verdict in {one["verdict"] for one in found.values()}
    }
    value = {str(number): one["residual"] for number, one in found.items()}
    worst = max(
        found, key=lambda number: (_RANK.index(found[number]["verdict"]), found[number]["residual"] or 0)
    )
    show = {"node": view.reference_pipe.path, "frame": worst}
    one = found[worst]
    if one["verdict"] == PASS:
        off = max(each["residual"] or 0 for each in found.values())
        return judged(
            check, True, value, f"No corner of {len(found)} pairs is off by more than {off:.2f} px."
        )
    named = ", ".join(map(str, by_verdict[one["verdict"]]))
    reason = f"{one['verdict'].capitalize()} in pair {named}; pair {worst}: {one['reason']}"
    if one["verdict"] == FAIL:
        return judged(check, False, value, reason, show)
    return Outcome(check.id, "warn", value, check.tolerance, reason, check.remedy, show)


_RANK = (PASS, "warn", CANNOT_TELL, FAIL)


def _left(view: View, number: int, tolerance: Tolerance) -> dict[str, Any]:
    """Verdict, pixels and reason of one pair, where both have data."""
    evaluator = view.evaluator
    frames = evaluator.frame(view.source_pipe.path, number), evaluator.frame(view.reference_pipe.path, number)
    area = frames[0].format.box
    for frame in frames:
        area = area.intersect(frame.bbox)
    if area.empty:
        return {"verdict": CANNOT_TELL, "residual": None, "reason": "Source and Reference share no pixel."}
    source, reference = (_encoded(view, frame.cropped(area)) for frame in frames)

    def make() -> dict[str, Any]:
        try:
            one = residual(source, reference, _data(source) & _data(reference), tolerance)
        except FilmRecoveryError as error:  # smaller than a tile, or not finite: told, not passed
            return {"verdict": CANNOT_TELL, "residual": None, "reason": error.message}
        return {"verdict": one.verdict, "residual": one.residual, "reason": " ".join(one.reasons)}

    return remembered(view.project, "residual", (source, reference), asdict(tolerance), make)


def _encoded(view: View, frame: Frame) -> Pixels:
    """As the eye sees it, top row first."""
    root = view.evaluator.root
    rgb = np.ascontiguousarray(frame.rgb()[::-1])
    return root.config.convert(rgb, root.working_space, ENCODED)


def _data(picture: Pixels) -> Any:
    """Where a picture is not the black that a transform leaves around it."""
    return live(plane(picture))


def _the_crop(view: View) -> Place:
    crops = view.reference_crops
    if not crops:
        raise view.reference_pipe.error(
            "No Crop stands on the aligned Reference.", remedy="put one after the alignment"
        )
    return crops[0]
