"""Stage 3: whether the script still has the structure that the recipe gives it."""

from __future__ import annotations

from film_recovery import graph, nk
from film_recovery.checks import Check, Outcome, judged
from film_recovery.stages.building import script_text
from film_recovery.stages.measure import measures
from film_recovery.stages.view import NotYet, View

_NAMED = 4  # differences that the reason spells out


@measures("training.template")
def template(view: View, check: Check) -> Outcome:
    """The script's nodes and connections against those that the project gives now. Knobs and added nodes are free."""
    script = view.script
    if not view.project.pairs or not view.project.hold_out:
        raise NotYet("pairs or a hold-out are not chosen")
    found = graph.differences(script, nk.parse(script_text(view.project)))
    said = [one.reason for one in found]
    more = f" And {len(said) - _NAMED} more." if len(said) > _NAMED else ""
    reason = (
        " ".join(said[:_NAMED]) + more if said else "Nodes and connections are those of the recipe's graph."
    )
    node = next((one.node for one in found if one.node), "")
    return judged(check, not found, said, reason, {"node": node} if node else {})
