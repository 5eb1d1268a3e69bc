"""What a model was trained under (``conditions``), held against what it is about to be used under.

It stands in the model's card, so that a script that was changed on both sides since, or a model that
came from elsewhere, is told by the exact difference. What a card does not say (an earlier version's, another program's)
cannot be told: that is said, and is no pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from film_recovery.checks import Check, Outcome, judged
from film_recovery.stages.closed_form import NETWORK, last_training
from film_recovery.stages.conditions import used_under
from film_recovery.stages.measure import measures
from film_recovery.stages.remembered import remembered
from film_recovery.stages.teaching import quick_key
from film_recovery.stages.view import View

_SAID = {
    "domain": "colour domain",
    "prefilter": "pre-filter",
    "crop": "crop",
    "format": "format",
    "size": "model size",
    "patch": "patch",
    "pairs": "pairs",
}


@measures("inference.as_trained")
def as_trained(view: View, check: Check) -> Outcome:
    """The model's card against the graph at inference, the project's settings, and the pairs as they are now."""
    card = view.card
    then: dict[str, Any] = {**dict(card.conditions), **_network(card.preset, card.patch, card.kind)}
    now = {**used_under(view), **_asked(view, card.kind)}
    different = {name: (then[name], now[name]) for name in now if name in then and then[name] != now[name]}
    changed = _changed_pairs(view)
    if changed:
        different["pairs"] = (changed, "")
    value = {name: {"model": model, "now": found} for name, (model, found) in different.items()}
    show = {"file": str(view.model_file), "node": view.inference.path}
    if different:
        return judged(check, False, value, _difference(different), show)
    unknown = [_SAID[name] for name in now if name not in then]
    if unknown:
        reason = f"{view.model_file.name} does not say its {', '.join(unknown)}, so nobody can tell."
        return replace(judged(check, False, value, reason, show), outcome="info")
    said = ", ".join(f"{_SAID[name]} {_words(name, found)}" for name, found in now.items())
    return judged(check, True, value, f"The model is used as it was trained: {said}.", show)


def _difference(different: Mapping[str, tuple[Any, Any]]) -> str:
    told = []
    for name, (model, found) in different.items():
        if name == "pairs":
            told.append(f"pairs that are not those of the model: {', '.join(model)}")
        else:
            told.append(f"{_SAID[name]}: trained with {_words(name, model)}, now {_words(name, found)}")
    return f"The model is not used as it was trained; {'; '.join(told)}."


def _words(name: str, value: Any) -> str:
    if name == "crop":
        return "the whole frame" if value is None else " ".join(f"{side:g}" for side in value)
    if name == "format":
        width, height, aspect = value
        return f"{width} × {height}" + (f", pixel aspect {aspect:g}" if aspect != 1 else "")
    if name == "prefilter":
        return ", ".join(value) or "none"
    return str(value)


def _network(preset: str, patch: int, kind: str) -> dict[str, Any]:
    return {"size": preset, "patch": patch} if kind == NETWORK else {}


def _asked(view: View, kind: str) -> dict[str, Any]:
    """What the project asks of a network; a closed form has neither size nor patch."""
    training = view.project.training
    return _network(training.size, training.patch, kind) if training.steps else {}


def _changed_pairs(view: View) -> list[str]:
    """The training's pairs whose pixels the model's card does not have; none where the card names no pair."""
    known = set(view.card.pair_hashes.values())
    last = last_training(view.project)
    key = quick_key(view.project)
    if not known or (last.get("quick") == key and last.get("sha256") == view.card.sha256):
        return []  # nothing that a pair depends on changed since that training
    found = remembered(view.project, "pair-hashes", (), key, lambda: _hashes(view))
    return [label for label, content in found.items() if content not in known]


def _hashes(view: View) -> dict[str, str]:
    from film_recovery.engine.pairs import CopyCatPairs
    from film_recovery.learning.trainer import pair_hashes

    return pair_hashes(CopyCatPairs(view.evaluator, view.copycat.node))
