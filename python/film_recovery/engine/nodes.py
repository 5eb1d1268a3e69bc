"""Inference and CopyCat as the evaluator runs them. torch is imported when the first model is loaded."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from film_recovery.comp import Evaluator, NodeCall, register
from film_recovery.comp.dependence import behind
from film_recovery.imaging.frame import RGB, Frame

if TYPE_CHECKING:
    from film_recovery.learning.export import LoadedModel

COPYCAT_PAGE = "https://learn.foundry.com/nuke/content/reference_guide/air_nodes/copycat.html"
INFERENCE_PAGE = "https://learn.foundry.com/nuke/content/reference_guide/air_nodes/inference.html"


@register(
    "Inference",
    knobs={"modelFile": "", "tileSize": "None"},
    ignored=("serialiseKnob", "halfPrecision", "isFirstTime", "channelsIn", "channelsOut", "tileOverlap"),
    source=INFERENCE_PAGE,
)
def inference(call: NodeCall) -> Frame:
    """Runs the TorchScript file that belongs to ``modelFile`` over red, green and blue of the bbox.

    The overlap of tiles is the model's own receptive field, so tile size never changes a pixel.
    """
    if not call.text("modelFile"):
        raise call.error("No model file is set.", "modelFile", "train first, then choose the .cat file")
    image = call.input(0)
    missing = [name for name in RGB if name not in image.channels]
    if missing:
        raise call.error(f"The image has no {', '.join(missing)}.", remedy="feed red, green and blue")
    if image.bbox.empty:
        return image
    model = loaded_model(call.path("modelFile"))
    rgb = image.select(RGB)[::-1]
    if not np.isfinite(rgb).all():
        raise call.error(
            "The image holds values that are not finite (NaN or infinite).", remedy="repair the plate"
        )
    size = call.choice("tileSize", ("None", "1024", "2048", "4096"))
    radius = model.card.radius
    from film_recovery.learning import memory, tiling

    try:
        limit = None if size == "None" else int(size)
        tile = memory.render_tile(model.module, rgb.shape[0], rgb.shape[1], radius, limit=limit)
        at_once = memory.tiles_at_once(model.module, tile, radius)
        result = tiling.apply(
            model.module, np.ascontiguousarray(rgb), tile=tile, radius=radius, at_once=at_once
        )
    except RuntimeError as error:  # torch's word for anything that goes wrong inside a model
        reason = str(error).strip().splitlines()[-1]
        raise call.error(
            f"The model cannot run on this image: {reason}.",
            "modelFile",
            "use a model exported by film-recovery",
        ) from error
    return image.with_channels(RGB, result[::-1])


@register(
    "CopyCat",
    ignored=(
        "dataDirectory epochs batchSizeType batchSize cropSize modelSize checkpointInterval imageInterval "
        "initialWeights checkpointFile useMultiResolution learningRate seed trainingMode isFirstTime "
        "previousModelSize liveUpdates logScale smoothness showOriginal showValidation maxCheckpoints "
        "useAutomaticMixedPrecision runTable totalSteps"
    ).split(),
    source=COPYCAT_PAGE,
)
def copycat(call: NodeCall) -> Frame:
    """Evaluating a graph never trains: the Input passes through."""
    return call.input(0)


def loaded_model(file: Path) -> LoadedModel:
    """The model that belongs to ``file`` (.cat or .pt), loaded once while its sidecar does not change.

    Nuke makes the .cat from the .pt; a script may name it before that, and then the .pt of that name runs.
    """
    if not file.exists() and file.with_suffix(".pt").exists():
        file = file.with_suffix(".pt")
    sidecar = file.with_suffix(".json")
    return _load(file, sidecar.stat().st_mtime_ns if sidecar.exists() else 0)


@functools.lru_cache(maxsize=4)
def _load(file: Path, stamp: int) -> LoadedModel:
    from film_recovery.learning.export import load_model

    return load_model(file)


def model_hashes(evaluator: Evaluator, node: str) -> str:
    """The cards, hashes included, of every model that ``node`` may come through: what a render depends on beside the
    script."""
    places = behind(evaluator, evaluator.graph.named(node)).places
    calls = [NodeCall(evaluator, place, 0.0) for place in places if place.node.class_name == "Inference"]
    files = sorted({call.path("modelFile") for call in calls if call.text("modelFile")})
    return " ".join(repr(loaded_model(file).card) for file in files)
