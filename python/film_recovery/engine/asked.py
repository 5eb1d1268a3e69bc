"""What a script says about the training at one of its CopyCat nodes: recipe, curve, the model's file, the preview."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from film_recovery import nk
from film_recovery.comp import Evaluator
from film_recovery.engine.pairs import top_down
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.imaging.frame import Pixels
from film_recovery.nk.walk import upstream


def recipe_of(evaluator: Evaluator, node: nk.Node, wanted: str | None) -> tuple[str, str]:
    """Recipe and luma method of the Ground Truth that feeds ``node``."""
    for source in upstream(node):
        call = evaluator.call(source, 1)
        if call.is_set("fr_id") and call.text("fr_id") == "FR_GroundTruth":
            recipe = call.choice("recipe", ("spatial", "colour"))
            if wanted and wanted != recipe:
                raise UsageError(
                    f"--recipe {wanted} contradicts {source.path}, which builds a {recipe} Ground Truth.",
                    node=source.path,
                    knob="recipe",
                    remedy="leave --recipe out, or change the knob",
                )
            return recipe, call.choice("method", ("matrix", "Colorspace"))
    if wanted not in ("spatial", "colour"):
        raise UsageError(
            f"No FR_GroundTruth stands upstream of {node.path}, so its recipe is unknown.",
            node=node.path,
            remedy="name it: --recipe spatial or --recipe colour",
        )
    return wanted, "matrix"


def curve_of(evaluator: Evaluator, node: nk.Node) -> str:
    """``srgb`` where the graph carries scene-linear values, ``none`` where every Read passes them as stored."""
    raw = {read.path: _as_stored(evaluator, read) for read in _reads(upstream(node))}
    if len(set(raw.values())) > 1:
        stored = ", ".join(path for path, is_raw in raw.items() if is_raw)
        raise FilmRecoveryError(
            f"The sides of the pairs are in different domains: {stored} is read raw, the others are converted.",
            node=node.path,
            remedy="read both elements with the same input transform",
        )
    return "none" if raw and all(raw.values()) else "srgb"


def _reads(nodes: Iterable[nk.Node]) -> Iterator[nk.Node]:
    """The Reads among ``nodes``, those inside groups included."""
    for node in nodes:
        if node.class_name == "Read":
            yield node
        elif node.is_group:
            yield from _reads(node.nodes)


def _as_stored(evaluator: Evaluator, read: nk.Node) -> bool:
    call = evaluator.call(read, 1)
    space = call.text("colorspace")
    return call.boolean("raw") or (space not in ("", "default") and call.config.is_data(space))


def model_path(evaluator: Evaluator, node: nk.Node, recipe: str) -> Path:
    if node.get("dataDirectory") is None:
        raise UsageError(
            f"{node.path} has no data directory.",
            node=node.path,
            knob="dataDirectory",
            remedy="set it, or use --model",
        )
    return evaluator.call(node, 1).path("dataDirectory") / f"{node.name}_{recipe}.0.pt"


def preview_of(evaluator: Evaluator, node: nk.Node) -> Pixels | None:
    """The picture at the Preview input of ``node`` (H×W×3, top row first), or None if nothing is connected there."""
    source = node.inputs[2] if len(node.inputs) > 2 else None
    if source is None or not evaluator.call(node, 1).connected(2):
        return None
    return top_down(evaluator.frame(source, evaluator.frame_range(source)[0]))
