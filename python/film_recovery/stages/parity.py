"""What a model was trained under (``conditions``), held against what it is about to be used under.

It stands in the model's card, so that a script that was changed on both sides since, or a model that
came from elsewhere, is told by the exact difference. What a card does not say (an earlier version's, another program's)
cannot be told: that is said, and is no pass. Film, reel, recipe and luma method have checks of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from film_recovery.checks import Check, Outcome, judged
from film_recovery.errors import FilmRecoveryError
from film_recovery.stages.closed_form import CLOSED_FORMS, last_training
from film_recovery.stages.conditions import ANY_TILE, used_under
from film_recovery.stages.measure import measures
from film_recovery.stages.remembered import remembered
from film_recovery.stages.teaching import quick_key
from film_recovery.stages.view import View

_SAID = {
    "domain": "colour domain",
    "read": "reading of the Source",
    "prefilter": "pre-filter",
    "crop": "crop",
    "format": "format",
    "tile": "tile",
    "size": "model size",
    "patch": "patch",
    "pairs": "pairs",
}
_SHORT = 8  # digits of a hash that a reader is shown
_MOST = 5  # differences that one sentence names
NONE = "none"


@dataclass(frozen=True)
class Difference:
    """``then``: as the model was trained; ``now``: as it would be used; ``where``: node and knob, or key of
    project.yaml, that says so. In words."""

    name: str
    then: str
    now: str
    where: str

    def __str__(self) -> str:
        return f"{_SAID[self.name]}: trained with {self.then}, now {self.now} ({self.where})"


@measures("inference.as_trained")
def as_trained(view: View, check: Check) -> Outcome:
    """The model's card against the graph at inference, the project's settings, and the pairs as they are now.

    Value: by name, both values of what differs. A model without a card is one that nobody can tell anything of.
    """
    if not view.model_file.with_suffix(".json").is_file():
        return _untold(view, check, list(_SAID.values()), "has no card beside it")
    card = view.card
    then = {**dict(card.conditions), **_of_model(card.kind, card.preset, card.patch)}
    now = {**used_under(view), **_asked(view, card.kind)}
    found = [
        Difference(name, words(name, then[name]), words(name, now[name]), _where(view, name))
        for name in now
        if name in then and not _agree(name, _as_here(view, name, then[name]), now[name], card.radius)
    ]
    found += changed_pairs(view, card.pair_hashes)
    show = {"file": str(view.model_file), "node": view.inference.path}
    if found:
        value: dict[str, Any] = {one.name: {"model": one.then, "now": one.now} for one in found}
        if "pairs" in value:
            value["pairs"] = {
                one.where: {"model": one.then, "now": one.now} for one in found if one.name == "pairs"
            }
        more = f"; and {len(found) - _MOST} more" if len(found) > _MOST else ""
        reason = f"The model is not used as it was trained; {'; '.join(map(str, found[:_MOST]))}{more}."
        outcome = judged(check, False, value, reason, {**show, "node": _node(view, found[0].name)})
        return replace(outcome, remedy=(_put_back(found[0]), *outcome.remedy))
    unknown = [_SAID[name] for name in now if name not in then]
    if not card.pair_hashes:
        unknown.append(_SAID["pairs"])
    if unknown:
        return _untold(view, check, unknown, f"does not say its {', '.join(unknown)}")
    said = ", ".join(f"{_SAID[name]} {words(name, value)}" for name, value in now.items())
    reason = f"The model is used as it was trained: {said}, and the same {len(card.pair_hashes)} pairs."
    return judged(check, True, {name: words(name, value) for name, value in now.items()}, reason, show)


def _put_back(one: Difference) -> str:
    if one.name != "pairs":
        return f"{one.where}: put {one.then} back"
    return f"{one.where}: " + ("take the pair out" if one.then == NONE else "put its pictures back")


def _untold(view: View, check: Check, unknown: list[str], why: str) -> Outcome:
    """Neither a pass nor a failure: a warning that nobody can tell."""
    reason = f"Cannot tell whether the model is used as it was trained: {view.model_file.name} {why}."
    show = {"file": str(view.model_file), "node": view.inference.path}
    outcome = judged(check, False, {"unknown": unknown}, reason, show)
    remedy = "train again with this version, or compare by hand what the model was trained with"
    return replace(outcome, outcome="warn", remedy=(remedy,))


def _as_here(view: View, name: str, then: Any) -> Any:
    """A colour space of the model's card by its name in the config that is used now: configs rename spaces and keep
    the old name as an alias. One that this config does not know stays as the card has it."""
    if name not in ("domain", "read") or not view.evaluator.root.managed:
        return then
    try:
        return str(view.evaluator.root.config.resolve(str(then)))
    except FilmRecoveryError:
        return then


def _agree(name: str, then: Any, now: Any, radius: int) -> bool:
    """Whether two values are the same; of tiles: whether they make the frame.

    A model whose receptive field is known gives the whole frame's pixels in tiles that overlap by at least so much.
    The open engine always does; Nuke tiles as the script says.
    """
    if name != "tile":
        return bool(then == now)
    size, overlap = now
    if then == ANY_TILE:
        return size == "None" or overlap >= radius
    return bool(then == size)


def words(name: str, value: Any) -> str:
    """A value of a model's card for a reader; ``name``: of the condition."""
    if name == "crop":
        return "the whole frame" if value is None else " ".join(f"{side:g}" for side in value)
    if name == "format":
        width, height, aspect = value
        return f"{width} × {height}" + (f", pixel aspect {aspect:g}" if aspect != 1 else "")
    if name == "prefilter":
        return ", ".join(value) or "none"
    if name == "tile" and isinstance(value, str):
        return "tiles that overlap by its reach" if value == ANY_TILE else _tiled(value)
    if name == "tile":
        size, overlap = value
        return _tiled(size) + (f" that overlap by {overlap:g}" if size != "None" else "")
    return str(value)


def _tiled(size: str) -> str:
    return "the whole frame" if size == "None" else f"tiles of {size}"


def _where(view: View, name: str) -> str:
    return {
        "domain": "Root.workingSpaceLUT",
        "read": f"{view.read_of(view.inference).path}.colorspace",
        "prefilter": f"{view.inference_block.path}.prefilter_size",
        "crop": f"{view.inference_block.path}.box",
        "format": f"{view.read_of(view.inference).path}.file",
        "tile": f"{view.inference.path}.tileSize",
        "size": "training.size in project.yaml",
        "patch": "training.patch in project.yaml",
    }[name]


def _node(view: View, name: str) -> str:
    if name in ("read", "format"):
        return view.read_of(view.inference).path
    if name in ("size", "patch", "pairs"):
        return view.copycat.path
    return view.inference_block.path if name in ("prefilter", "crop") else view.inference.path


_CLOSED = "closed form"


def _of_model(kind: str, preset: str, patch: int) -> dict[str, Any]:
    """What the card says of the network; nothing where it does not say it."""
    if kind in CLOSED_FORMS:
        return {"size": _CLOSED}
    return {"size": preset, **({"patch": patch} if patch else {})} if preset else {}


def _asked(view: View, kind: str) -> dict[str, Any]:
    """What the project asks of the model; a closed form has no patch."""
    training = view.project.training
    if not training.steps:
        return {"size": _CLOSED}
    return {"size": training.size, **({"patch": training.patch} if kind not in CLOSED_FORMS else {})}


def changed_pairs(view: View, known: Mapping[str, str], *, thorough: bool = False) -> list[Difference]:
    """The pairs whose pixels are not those of the model's card, ``known``; none where the card names no pair.

    ``thorough``: every pair is read, also where nothing seems to have changed since the training."""
    last = last_training(view.project)
    key = quick_key(view.project)
    if not known:
        return []
    if not thorough and last.get("quick") == key and last.get("sha256") == view.card.sha256:
        return []  # nothing that a pair depends on changed since that training
    found = (
        _hashes(view) if thorough else remembered(view.project, "pair-hashes", (), key, lambda: _hashes(view))
    )
    sources = dict(zip((f"pair {number}" for number in view.numbers), view.project.pairs, strict=False))

    def where(label: str) -> str:
        pair = sources.get(label)
        return f"{label}, Source frame {pair.source}" if pair else label

    return changed(known, found, where)


def changed(
    known: Mapping[str, str], found: Mapping[str, str], where: Callable[[str], str] = str
) -> list[Difference]:
    """The pairs whose hashes differ, label → SHA-256; ``where``: what a label is told as."""
    return [
        Difference(
            "pairs",
            known.get(label, "")[:_SHORT] or NONE,
            found.get(label, "")[:_SHORT] or NONE,
            where(label),
        )
        for label in sorted({*known, *found}, key=lambda label: (len(label), label))
        if known.get(label, "") != found.get(label, "")
    ]


def _hashes(view: View) -> dict[str, str]:
    from film_recovery.engine.pairs import CopyCatPairs
    from film_recovery.learning.trainer import pair_hashes

    return pair_hashes(CopyCatPairs(view.evaluator, view.copycat.node))
