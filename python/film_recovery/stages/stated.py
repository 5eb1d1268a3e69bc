"""A model over files that belong to no project: what the operator states of them, held against the model's card.

Files say their size and where their picture lies; what they hold and what was done to them only somebody can say. What
the card fixes and nobody states stops as a difference does, and who goes on in spite of either says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from film_recovery import nk
from film_recovery.checks import Check, Outcome, judged
from film_recovery.comp import Evaluator
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.footage.runs import spread
from film_recovery.imaging.colour import ColourConfig
from film_recovery.imaging.reading import read_header
from film_recovery.stages.parity import NONE, changed, words

if TYPE_CHECKING:
    from film_recovery.learning.export import ModelCard

_LOOKED_AT = 5  # files whose headers are held against the card
_FIXED = ("domain", "prefilter", "crop")  # of the card's conditions, what only somebody can say of files
AS_TRAINED = Check(
    "inference.as_trained",
    4,
    "Model used as it was trained",
    "",
    "shall",
    (
        "state what the files are by the options that are named, or bring them to what the model was trained on",
        'where the difference is meant: --accept-mismatch "WHY", which the sidecar of what is written keeps',
        "infer a project (--project), whose script and settings say it; or film-recovery apply, which asks nothing",
    ),
)


@dataclass(frozen=True)
class Stated:
    """What an operator says of files; empty where nothing is said.

    ``domain``: the colour space of their values, which the model gets as they are. ``prefilter``: what was done to them
    (``Median 3``), or ``none``. ``crop``: what is left of the frame (``left bottom right top``), or ``none``.
    ``pairs``: a Nuke script whose CopyCat has the pairs that the model is to be of."""

    film: str = ""
    reel: str = ""
    recipe: str = ""
    method: str = ""
    domain: str = ""
    prefilter: str = ""
    crop: str = ""
    pairs: Path | None = None

    def as_dict(self) -> dict[str, str]:
        """What was said, for the sidecar."""
        said = {name: str(value) for name, value in vars(self).items() if value}
        return said


def without_card(model: Path) -> Outcome:
    """Of a model that says nothing of its training: nobody can tell, and that stops."""
    reason = f"Cannot tell whether the model is used as it was trained: {model.name} has no card beside it."
    return judged(AS_TRAINED, False, {"unknown": "all"}, reason, {"file": str(model)})


def as_stated(card: ModelCard, model: Path, files: Sequence[Path], stated: Stated) -> Outcome:
    """The card against the files and what is ``stated`` of them.

    Value: ``different``, by name, both values; ``not_stated``, the options that would say it; ``unknown``, what the
    card does not say. Fails for either of the first two, warns for the last. Raises UsageError for words that are none,
    FilmRecoveryError for a script of pairs that cannot be read."""
    fixed = _fixed_by(card)
    now = {name: value for name, value in _said(stated).items() if value is not None}
    different = {
        name: {
            "model": words(name, then),
            "now": words(name, (now[name] or None) if name == "crop" else now[name]),
        }
        for name, then in fixed.items()
        if name in now and not _agree(name, then, now[name])
    }
    different |= _measured(card, files, now.get("crop"))
    missing = [name for name in fixed if name not in now]
    if card.pair_hashes and stated.pairs is None:
        missing.append("pairs")
    elif card.pair_hashes and stated.pairs is not None:
        for one in changed(card.pair_hashes, _pairs_of(stated.pairs)):
            different[one.where] = {"model": one.then, "now": one.now}
    unknown = [name for name in (*_FIXED, "format") if name not in card.conditions]
    unknown += ["film"] * (not card.film) + ["pairs"] * (not card.pair_hashes)
    value = {"different": different, "not_stated": missing, "unknown": unknown}
    show = {"file": str(model)}
    if different or missing:
        return judged(AS_TRAINED, False, value, _told(different, missing, fixed), show)
    if unknown:
        reason = f"As far as the card of {model.name} says, the model is used as it was trained; it does not say its "
        remedy = ("train again with this version, or compare by hand what the model was trained with",)
        return Outcome(AS_TRAINED.id, "warn", value, {}, f"{reason}{', '.join(unknown)}.", remedy, show)
    held = ", ".join(f"{name} {words(name, then)}" for name, then in fixed.items())
    return judged(
        AS_TRAINED, True, value, f"The model is used as it was trained, as it is stated: {held}.", show
    )


def _fixed_by(card: ModelCard) -> dict[str, Any]:
    fixed = {"film": card.film, "reel": card.reel, "recipe": card.recipe}
    if card.recipe != "paired":
        fixed["method"] = card.luma_method
    found: dict[str, Any] = {name: value for name, value in fixed.items() if value}
    return {**found, **{name: card.conditions[name] for name in _FIXED if name in card.conditions}}


def _said(stated: Stated) -> dict[str, Any]:
    """In the card's words; None for what is not said, and no crop for the whole frame."""
    said: dict[str, Any] = {
        name: getattr(stated, name) or None for name in ("film", "reel", "recipe", "method", "domain")
    }
    if stated.prefilter:
        said["prefilter"] = _filters(stated.prefilter)
    if stated.crop:
        said["crop"] = _sides(stated.crop)
    return said


def _filters(text: str) -> list[str]:
    return [] if text.strip().lower() == NONE else sorted(part.strip() for part in text.split(","))


def _sides(text: str) -> tuple[float, ...]:
    """Left bottom right top; nothing for the whole frame."""
    if text.strip().lower() in (NONE, "whole"):
        return ()
    try:
        left, bottom, right, top = (float(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise UsageError(
            f"--crop {text}: four numbers are needed, or none.",
            remedy="left bottom right top, from the bottom left",
        ) from error
    return left, bottom, right, top


def _agree(name: str, then: Any, now: Any) -> bool:
    if name == "crop":
        return tuple(then or ()) == tuple(now)
    if name == "domain":
        return _space(then) == _space(now)
    if name == "prefilter":
        return [one.lower() for one in then] == [one.lower() for one in now]
    return bool(then == now)


def _space(name: str) -> str:
    """A colour space by its name in the active config, which knows others for it; one that it has not, as it is."""
    try:
        return str(ColourConfig.load().resolve(name))
    except FilmRecoveryError:
        return name


def _measured(card: ModelCard, files: Sequence[Path], crop: Any) -> dict[str, dict[str, str]]:
    """What the headers of some files say otherwise: their format, and a picture beyond the crop that is stated."""
    size = card.conditions.get("format")
    found: dict[str, dict[str, str]] = {}
    for file in spread(list(files), _LOOKED_AT):
        header = read_header(file)
        shape = [header.format.width, header.format.height, header.format.pixel_aspect]
        if size and shape != list(size) and "format" not in found:
            then, now = words("format", size), words("format", shape)
            found["format"] = {"model": then, "now": f"{now} ({file.name})"}
        box = header.bbox
        sides = (box.x, box.y, box.r, box.t)
        if crop and sides != tuple(crop) and "picture" not in found:
            stated = f"the crop {words('crop', crop)} that is stated"
            found["picture"] = {"model": stated, "now": f"{words('crop', sides)} ({file.name})"}
    return found


def _pairs_of(script: Path) -> dict[str, str]:
    from film_recovery.engine.pairs import CopyCatPairs
    from film_recovery.learning.trainer import pair_hashes

    parsed = nk.load(script)
    nodes = [node for node in parsed.all_nodes() if node.class_name == "CopyCat"]
    if len(nodes) != 1:
        raise UsageError(
            f"--pairs: the script has {len(nodes)} CopyCat nodes, where one is needed.",
            remedy="name the script that the model was trained by",
            file=str(script),
        )
    return pair_hashes(CopyCatPairs(Evaluator(parsed), nodes[0]))


def _told(different: dict[str, dict[str, str]], missing: list[str], fixed: dict[str, Any]) -> str:
    parts = []
    if different:
        named = "; ".join(
            f"{name}: trained with {one['model']}, now {one['now']}"
            if name != "picture"
            else f"picture: {one['model']}, the file holds {one['now']}"
            for name, one in list(different.items())[:_LOOKED_AT]
        )
        parts.append(f"The model is not used as it was trained; {named}.")
    if missing:
        named = ", ".join(
            f"--{name} ({words(name, fixed[name])})" if name in fixed else f"--{name}" for name in missing
        )
        parts.append(f"The card fixes what nobody states of the files: {named}.")
    return " ".join(parts)
