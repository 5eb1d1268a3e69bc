"""Flags of the pairs, on their way from curation to the proof: told when training begins, recorded, shown at the end.

Nothing is judged here. What was flagged is known and stays; whoever trains, validates or writes the note meets it
again. A training by hand on a project's script says it too (:func:`when_training`).
"""

from __future__ import annotations

from film_recovery.checks import Check, Outcome, judged
from film_recovery.project import Project
from film_recovery.stages.measure import measures
from film_recovery.stages.view import View

_TRAINING = "training.flags"


def flags_of(project: Project) -> dict[str, str]:
    """``pair 1001`` or ``hold-out 1004`` (Source frames) → its flags; those that carry none are left out."""
    sets = (("pair", project.pairs), ("hold-out", project.hold_out))
    return {
        f"{word} {pair.source}": "; ".join(pair.flags) for word, pairs in sets for pair in pairs if pair.flags
    }


def when_training(project: Project) -> Outcome | None:
    """What ``run`` says of the flags before it trains; None where no pair carries one, or the recipe does not ask."""
    view = View(project)
    if not flags_of(project) or _TRAINING not in {check.id for check in view.recipe.checks}:
        return None
    return carried(view, view.check(_TRAINING))


@measures(_TRAINING)
@measures("validation.flags")
def carried(view: View, check: Check) -> Outcome:
    """Which pairs carry which flags; value: the same, by pair."""
    found = flags_of(view.project)
    if not found:
        return judged(check, True, {}, "No pair and no hold-out carries a flag.")
    said = "; ".join(f"{pair}: {text.rstrip('.')}" for pair, text in found.items())
    frame = next(pair.source for pair in (*view.project.pairs, *view.project.hold_out) if pair.flags)
    reason = f"Flags stay with {len(found)} pair{'s' * (len(found) > 1)}. {said}."
    return judged(check, False, found, reason, {"frame": frame})
