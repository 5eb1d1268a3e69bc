"""Stage 2: one Crop, in its place, nothing but geometry on the way to the aligned Reference, and how well it lies."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from film_recovery.checks import Check, Outcome, judged
from film_recovery.comp import Evaluator
from film_recovery.comp.place import Place
from film_recovery.errors import FilmRecoveryError
from film_recovery.footage.clip import ENCODED
from film_recovery.imaging.frame import Frame, Pixels
from film_recovery.project.specification import keyed_areas
from film_recovery.registration.normalise import live, plane
from film_recovery.registration.parallax import parallax
from film_recovery.registration.residual import CANNOT_TELL, FAIL, PASS, Tolerance, residual
from film_recovery.stages import walk
from film_recovery.stages.held_out import pipes as held_out_pipes
from film_recovery.stages.measure import measures
from film_recovery.stages.remembered import remembered
from film_recovery.stages.view import View


@measures("alignment.one_crop")
def one_crop(view: View, check: Check) -> Outcome:
    crops = [place.path for place in view.reference_crops]
    ok = len(crops) == check.tolerance["crops"]
    names = f": {', '.join(crops)}" if crops else ""
    plural = "Crop stands" if len(crops) == 1 else "Crops stand"
    keys = _keyed(view, view.reference_crops[0]) if ok and crops else ""
    reason = f"{len(crops)} {plural} on the Reference{names}{keys}."
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
    other = [n for n in view.numbers if _box(view, crops[0], n) != _box(view, master, n)]
    if linked and other:  # to another knob of it, or at another frame
        how = f"has another box in pair {', '.join(map(str, other))} than"
    return judged(
        check,
        linked and not other,
        value,
        f"{crops[0].path} on the Source {how} {master.path}{_keyed(view, master)}.",
        {"node": crops[0].path},
    )


@measures("alignment.crop_enabled")
def crop_enabled(view: View, check: Check) -> Outcome:
    master = _the_crop(view)
    on = walk.active(view.evaluator, master, view.numbers)
    reason = f"{master.path} is {'on' if on else 'switched off'}{_keyed(view, master)}."
    boxes, keys = (
        {_box(view, master, number) for number in view.numbers},
        keyed_areas(view.project, view.project.pairs),
    )
    if on and len(boxes) == 1 and keys and set(keys) != boxes:
        less = sum(key not in boxes for key in keys)
        reason = (
            f"In {less} of {len(keys)} pairs overlays leave less of the live area, and the box of {master.path} is "
            "not keyed."
        )
        return judged(check, False, on, reason, {"node": master.path})
    return judged(check, on, on, reason, {"node": master.path})


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
    """What is left between the Source and the aligned Reference, moment by moment, by measuring tile by tile.

    The pairs as the script aligns them, and the hold-outs as they are aligned to be scored: one that lies wrong makes
    every figure of a model wrong. ``value``: pixels by pair (``1``) and by the frame of a hold-out (``hold-out 1012``).
    """
    tolerance = tolerance_of(check)
    found = {str(number): left(view, number, tolerance) for number in view.numbers}
    show = {str(number): {"node": view.reference_pipe.path, "frame": number} for number in view.numbers}
    for pair, number, evaluator, pipes in held_out_pipes(view.project):
        name = f"hold-out {pair.source}"
        found[name] = _left(view, evaluator, pipes, number, tolerance)
        show[name] = {"node": view.read_of(view.reference_pipe).path, "frame": pair.reference}
    value = {name: one["residual"] for name, one in found.items()}
    worst = max(found, key=lambda name: (_RANK.index(found[name]["verdict"]), found[name]["residual"] or 0))
    one = found[worst]
    pairs = len(view.numbers)
    if one["verdict"] == PASS:
        off, known = (
            max(each[figure] or 0 for each in found.values()) for figure in ("residual", "uncertainty")
        )
        count = f"{pairs} pairs and {len(found) - pairs} hold-outs"
        reason = f"No corner of {count} is off by more than {off:.2f} px, measured to ±{known:.2f} px."
        return judged(check, True, value, reason)
    named = [name for name, each in found.items() if each["verdict"] == one["verdict"]]
    numbers = ", ".join(name for name in named if name.isdigit())
    which = ", ".join([*([f"pair {numbers}"] if numbers else []), *(n for n in named if not n.isdigit())])
    place = f"pair {worst}" if worst.isdigit() else worst
    reason = f"{one['verdict'].capitalize()} in {which}; {place}: {one['reason']}"
    if one["verdict"] == FAIL:
        return judged(check, False, value, reason, show[worst])
    return Outcome(check.id, "warn", value, check.tolerance, reason, check.remedy, show[worst])


_RANK = (PASS, "warn", CANNOT_TELL, FAIL)


def tolerance_of(check: Check) -> Tolerance:
    """The figures of ``alignment.residual`` as the measurement takes them."""
    wanted = check.tolerance
    return Tolerance(wanted["good"], wanted["bad"], wanted["measurable"], wanted["strays"])


def left(view: View, number: int, tolerance: Tolerance) -> dict[str, Any]:
    """What is left of pair ``number`` of the stacks, where both have data; measured once, and remembered.

    ``verdict``; ``residual``, pixels of the worst corner, and its ``uncertainty``, one standard deviation; ``reason``;
    ``apart``: share of the measured tiles that lie apart from the rest by more than ``bad``, ``farthest``: by how
    much, pixels; None where it is not known.
    """
    return _left(view, view.evaluator, (view.source_pipe, view.reference_pipe), number, tolerance)


def _left(
    view: View, evaluator: Evaluator, pipes: tuple[Place, Place], number: int, tolerance: Tolerance
) -> dict[str, Any]:
    """:func:`left` of frame ``number`` of Source and aligned Reference, in the graph of ``evaluator``."""
    frames = [evaluator.frame(pipe.path, number) for pipe in pipes]
    area = frames[0].format.box
    for frame in frames:
        area = area.intersect(frame.bbox)
    if area.empty:
        return _untold("Source and Reference share no pixel.")
    source, reference = (_encoded(view, frame.cropped(area)) for frame in frames)

    def make() -> dict[str, Any]:
        try:
            one = residual(source, reference, _data(source) & _data(reference), tolerance)
        except FilmRecoveryError as error:  # smaller than a tile, or not finite: told, not passed
            return _untold(error.message)
        beside = parallax(one, tolerance.bad)
        return {
            "verdict": one.verdict,
            "residual": one.residual,
            "uncertainty": one.uncertainty,
            "reason": " ".join(one.reasons),
            "apart": beside and beside.share,
            "farthest": beside and beside.largest,
        }

    return remembered(view.project, "residual", (source, reference), asdict(tolerance), make)


def _untold(reason: str) -> dict[str, Any]:
    unknown = dict.fromkeys(("residual", "uncertainty", "apart", "farthest"))
    return {"verdict": CANNOT_TELL, "reason": reason, **unknown}


def _encoded(view: View, frame: Frame) -> Pixels:
    """As the eye sees it, top row first."""
    root = view.evaluator.root
    rgb = np.ascontiguousarray(frame.rgb()[::-1])
    return root.config.convert(rgb, root.working_space, ENCODED)


def _data(picture: Pixels) -> Any:
    """Where a picture is not the black that a transform leaves around it."""
    return live(plane(picture))


def _box(view: View, crop: Place, number: int) -> tuple[float, ...]:
    return view.call(crop, number).numbers("box", 4)


def _keyed(view: View, crop: Place) -> str:
    """Words for a box that is not the same in all pairs; empty where it is."""
    boxes = {_box(view, crop, number) for number in view.numbers}
    return f", keyed: {len(boxes)} boxes over {len(view.numbers)} pairs" if len(boxes) > 1 else ""


def _the_crop(view: View) -> Place:
    crops = view.reference_crops
    if not crops:
        raise view.reference_pipe.error(
            "No Crop stands on the aligned Reference.", remedy="put one after the alignment"
        )
    return crops[0]
