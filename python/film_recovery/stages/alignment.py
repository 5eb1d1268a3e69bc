"""Stage 2: one Crop, in its place, and nothing but geometry on the way to the aligned Reference."""

from __future__ import annotations

from film_recovery.checks import Check, Outcome, judged
from film_recovery.comp.place import Place
from film_recovery.stages import walk
from film_recovery.stages.measure import measures
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


def _the_crop(view: View) -> Place:
    crops = view.reference_crops
    if not crops:
        raise view.reference_pipe.error(
            "No Crop stands on the aligned Reference.", remedy="put one after the alignment"
        )
    return crops[0]
