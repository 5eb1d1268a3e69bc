"""Joins the node graph with the models: registers Inference with comp, makes pairs from a CopyCat node, trains.

``comp`` evaluates graphs and knows nothing of networks; ``learning`` fits models and knows nothing of graphs.
Here the two meet. Rows: a Frame's lowest row comes first, a model's highest; the flip happens here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from film_recovery import nk
from film_recovery.comp import Evaluator, NodeCall, register
from film_recovery.errors import FilmRecoveryError, UsageError
from film_recovery.imaging.frame import RGB, Frame, Pixels
from film_recovery.imaging.luma import luma
from film_recovery.learning import export, tiling
from film_recovery.learning.curve import Curve
from film_recovery.learning.linear_filter import fit_linear_filter
from film_recovery.learning.pairs import Pair, PairSource
from film_recovery.learning.polynomial import fit_colour_polynomial
from film_recovery.nk.walk import upstream
from film_recovery.protection import protect_elements

COPYCAT_PAGE = "https://learn.foundry.com/nuke/content/reference_guide/air_nodes/copycat.html"
INFERENCE_PAGE = "https://learn.foundry.com/nuke/content/reference_guide/air_nodes/inference.html"
TILE = 1024  # pixels; larger frames are run in tiles, which give the same pixels in less memory
KEPT_BYTES = 2 << 30  # of pairs held in memory while fitting; the others are evaluated again when needed
HELD_OUT_EVERY = 4  # of the pairs, one in four scores a fit on the other three

Progress = Callable[[str, int, int], None]


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
    tile = TILE if size == "None" else int(size)
    tile_or_whole = tile if max(rgb.shape[:2]) > tile else None
    result = tiling.apply(
        model.module, np.ascontiguousarray(rgb), tile=tile_or_whole, radius=model.card.radius
    )
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


def loaded_model(file: Path) -> export.LoadedModel:
    """The model that belongs to ``file`` (.cat or .pt), loaded once while its sidecar does not change.

    Nuke makes the .cat from the .pt; a script may name it before that, and then the .pt of that name runs.
    """
    if not file.exists() and file.with_suffix(".pt").exists():
        file = file.with_suffix(".pt")
    sidecar = file.with_suffix(".json")
    return _load(file, sidecar.stat().st_mtime_ns if sidecar.exists() else 0)


@functools.lru_cache(maxsize=4)
def _load(file: Path, stamp: int) -> export.LoadedModel:
    return export.load_model(file)


def model_hashes(script: nk.Script, evaluator: Evaluator) -> str:
    """SHA-256 of every model that an Inference of the script names: what a render depends on beside it."""
    calls = [evaluator.call(node, 0) for node in script.all_nodes() if node.class_name == "Inference"]
    files = sorted({call.path("modelFile") for call in calls if call.text("modelFile")})
    return " ".join(loaded_model(file).card.sha256 for file in files)


class CopyCatPairs:
    """The pairs at a CopyCat node's inputs, as the trainer wants them (a PairSource).

    Frame n of both inputs is pair n. Raises FilmRecoveryError when Input and Ground Truth differ in frame range,
    format, bounding box or channels: the network would learn the difference.
    """

    def __init__(self, evaluator: Evaluator, node: nk.Node) -> None:
        if node.class_name != "CopyCat":
            raise UsageError(f"{node.path} is a {node.class_name}, not a CopyCat.", node=node.path)
        sides = [_connected(node, index, name) for index, name in enumerate(("Input", "GroundTruth"))]
        ranges = [evaluator.frame_range(side) for side in sides]
        if ranges[0] != ranges[1]:
            raise FilmRecoveryError(
                f"Input has frames {ranges[0][0]}-{ranges[0][1]}, GroundTruth {ranges[1][0]}-{ranges[1][1]}.",
                node=node.path,
                remedy="give both branches the same pairs in the same order",
            )
        self.evaluator, self.node, self.sides = evaluator, node, sides
        self.frames = range(ranges[0][0], ranges[0][1] + 1)

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def labels(self) -> list[str]:
        return [f"pair {number}" for number in self.frames]

    def __getitem__(self, index: int, /) -> Pair:
        number, label = self.frames[index], self.labels[index]
        given, truth = (self.evaluator.frame(side, number) for side in self.sides)
        for what, a, b in (
            ("format", str(given.format), str(truth.format)),
            ("bounding box", str(given.bbox), str(truth.bbox)),
            ("channels", ", ".join(sorted(given.channels)), ", ".join(sorted(truth.channels))),
        ):
            if a != b:
                raise FilmRecoveryError(
                    f"{label}: the {what} of Input is {a}, of GroundTruth {b}.",
                    node=self.node.path,
                    frame=number,
                    remedy="use FR_TrainPrep on both sides; CopyBBox from the Reference gives both one bounding box",
                )
        return Pair(_top_down(given), _top_down(truth), label)


def _connected(node: nk.Node, index: int, name: str) -> nk.Node:
    source = node.inputs[index] if index < len(node.inputs) else None
    if source is None:
        raise FilmRecoveryError(
            f"{name} of {node.path} is not connected.", node=node.path, remedy="connect it"
        )
    return source


def _top_down(frame: Frame) -> Pixels:
    return np.ascontiguousarray(frame.select(RGB)[::-1])


class _Kept:
    """The pairs of a source, evaluated once as far as they fit into memory; tells when it evaluates one."""

    def __init__(self, pairs: PairSource, tell: Progress) -> None:
        self.pairs, self.tell = pairs, tell
        self.kept: dict[int, Pair] = {}
        self.room = KEPT_BYTES

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int, /) -> Pair:
        if index in self.kept:
            return self.kept[index]
        pair = self.pairs[index]
        self.room -= pair.input.nbytes + pair.truth.nbytes
        if self.room > 0:
            self.kept[index] = pair
        self.tell("pairs", index + 1, len(self))
        return pair


class _Subset:
    """Some of the pairs of a source, by position."""

    def __init__(self, pairs: PairSource, positions: Sequence[int]) -> None:
        self.pairs, self.positions = pairs, positions

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int, /) -> Pair:
        return self.pairs[self.positions[index]]


@dataclass(frozen=True)
class Trained:
    """What a training left behind, and how good it is.

    PSNR in dB on encoded values of what the recipe changes (luma, or all of RGB): of the Input against the
    Ground Truth, of the model on its own pairs, and of a fit on three quarters of them on the other quarter
    (None with fewer than two pairs).
    """

    model: Path
    recipe: str
    method: str
    curve: str
    pairs: int
    psnr_input: float
    psnr_fit: float
    psnr_held_out: float | None


def train(
    evaluator: Evaluator,
    node: str = "CopyCat1",
    *,
    steps: int = 0,
    recipe: str | None = None,
    model: Path | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Fits the closed form on the pairs of a CopyCat node and writes it with its sidecar.

    The recipe and the luma method are those of the FR_GroundTruth upstream, unless ``recipe`` says otherwise.
    ``model``: the file to write; by default ``<node>_<recipe>.0.pt`` in the CopyCat's data directory.
    """
    if steps:
        raise UsageError(
            f"{steps} network steps were asked for; this version fits the closed form only.",
            remedy="use --steps 0",
        )
    tell = progress or (lambda what, done, total: None)
    copycat_node = evaluator.script.node(node)
    pairs = CopyCatPairs(evaluator, copycat_node)
    chosen, method = _recipe(evaluator, copycat_node, recipe)
    curve = _curve(evaluator, copycat_node)
    path = model or _model_path(evaluator, copycat_node, chosen)
    protect_elements(evaluator, path.parent, copycat_node, "dataDirectory")
    kept = _Kept(pairs, tell)
    fitted = _fit(chosen, kept, curve)
    held_out = [index for index in range(len(kept)) if index % HELD_OUT_EVERY == HELD_OUT_EVERY // 2]
    others = [index for index in range(len(kept)) if index not in held_out]
    score = None
    if held_out and others:
        score = _psnr(chosen, curve, _Subset(kept, held_out), _fit(chosen, _Subset(kept, others), curve))
    trained = Trained(
        path,
        chosen,
        method,
        curve,
        len(kept),
        _psnr(chosen, curve, kept, None),
        _psnr(chosen, curve, kept, fitted),
        score,
    )
    figures = {name: getattr(trained, name) for name in ("psnr_input", "psnr_fit", "psnr_held_out")}
    card = export.card_for(
        fitted,
        pairs=pairs.labels,
        figures={name: value for name, value in figures.items() if value is not None},
        luma_method=method,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    export.save_model(fitted, path, card)
    tell("model", 1, 1)
    return trained


def _fit(recipe: str, pairs: PairSource, curve: str) -> Any:
    if recipe == "spatial":
        return fit_linear_filter(pairs, curve=curve)
    return fit_colour_polynomial(pairs, curve=curve)


def _recipe(evaluator: Evaluator, node: nk.Node, wanted: str | None) -> tuple[str, str]:
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


def _curve(evaluator: Evaluator, node: nk.Node) -> str:
    """``srgb`` where the graph carries scene-linear values, ``none`` where every Read passes them as stored."""
    raw = {read.path: _as_stored(evaluator, read) for read in upstream(node) if read.class_name == "Read"}
    if len(set(raw.values())) > 1:
        stored = ", ".join(path for path, is_raw in raw.items() if is_raw)
        raise FilmRecoveryError(
            f"The sides of the pairs are in different domains: {stored} is read raw, the others are converted.",
            node=node.path,
            remedy="read both elements with the same input transform",
        )
    return "none" if raw and all(raw.values()) else "srgb"


def _as_stored(evaluator: Evaluator, read: nk.Node) -> bool:
    call = evaluator.call(read, 1)
    space = call.text("colorspace")
    return call.boolean("raw") or (space not in ("", "default") and call.config.is_data(space))


def _model_path(evaluator: Evaluator, node: nk.Node, recipe: str) -> Path:
    if node.get("dataDirectory") is None:
        raise UsageError(
            f"{node.path} has no data directory.",
            node=node.path,
            knob="dataDirectory",
            remedy="set it, or use --model",
        )
    return evaluator.call(node, 1).path("dataDirectory") / f"{node.name}_{recipe}.0.pt"


def _psnr(recipe: str, curve: str, pairs: PairSource, model: Any) -> float:
    """Mean-square error over all pairs as PSNR, encoded, on luma (spatial) or RGB (colour)."""
    encode = Curve(curve).encode_array
    error, count = 0.0, 0
    for index in range(len(pairs)):
        pair = pairs[index]
        result = (
            pair.input if model is None else tiling.apply(model, pair.input, tile=TILE, radius=model.radius)
        )
        a, b = (luma(side) if recipe == "spatial" else side for side in (result, pair.truth))
        error += float(np.sum((encode(a) - encode(b)) ** 2))
        count += a.size
    return float(10 * np.log10(count / max(error, 1e-30)))
